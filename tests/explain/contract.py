"""Examples of every public function of unit 14: those of all files `examples_*.py` beside this one."""

from importlib import import_module
from pathlib import Path

PARTS = sorted(path.stem for path in Path(__file__).parent.glob("examples_*.py"))
EXAMPLES = [example for part in PARTS for example in import_module(f"tests.explain.{part}").EXAMPLES]
