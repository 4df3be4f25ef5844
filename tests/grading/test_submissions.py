"""Submissions of every kind: for each a complete result, the others graded, one clear sentence."""

import re
import time
from pathlib import Path

import jax.numpy as jnp
import pytest

from mfml.grading.run import loader
from mfml.grading.run.processes import Worker
from mfml.grading.show import notebook

pytestmark = pytest.mark.xdist_group("grading")

COMPLETE = {"double", "total_loss", "draw"}


def judged(result):
    """The exercise `double`, after a look at the rest: complete, and the others graded."""
    assert {exercise.name for exercise in result.exercises} == COMPLETE
    assert result.max_score == 11
    one, *others = result.exercises
    assert [other.state for other in others] == ["right", "right"]
    assert result.score == 8 + one.points
    return one


KINDS = {
    "list": "[2 * one for one in x]",
    "tuple": "tuple(2 * one for one in x)",
    "float64": "2 * plain(x)",
    "float32": "2 * plain(x).astype(np.float32)",
    "NumPy scalars": "[2 * one for one in plain(x)]",
    "Python numbers": "[2 * one for one in plain(x).tolist()]",
}


@pytest.mark.parametrize("answer", KINDS.values(), ids=KINDS)
def test_right_numbers_of_every_kind(graded, with_double, course, answer):
    """As `jax.jit` needs an array of JAX, `plain` turns one into NumPy's only where it has values."""
    plain = (
        "import numpy as np\nimport jax\n"
        "calls = []\n"
        "def plain(x):\n"
        "    if isinstance(x, jax.core.Tracer):\n"
        "        calls.append(1)\n"
        "        if len(calls) == 1: raise ValueError('one by one')\n"
        "        return Same(x)\n"
        "    return np.asarray(x, np.float64)\n"
        "class Same:\n"
        "    def __init__(self, x): self.x = x\n"
        "    def astype(self, kind): return self\n"
        "    def tolist(self): return self.x\n"
        "    def __iter__(self): return iter(self.x)\n"
        "    def __rmul__(self, n): return n * self.x\n"
    )
    assert judged(graded(with_double(f"    return {answer}", plain))).state == "right"
    space = {}
    exec(f"{plain}\ndef double(x):\n    return {answer}", space)
    assert notebook.check("1.1", space["double"], course=course).result.state == "right"


def test_reference_answers(graded, right):
    result = graded(right)
    assert judged(result).state == "right"
    assert result.passed
    assert result.exercises[0].why == "Doubling matters."


# Body of `double`, lines before it, its state, a pattern of its sentence.
BODIES = {
    "exception": ("    return x / None", "", "error", r"unsupported operand.*unit01.py, line \d+: `return x / None`"),
    "sys.exit": ("    import sys\n    sys.exit(0)", "", "error", r"sys\.exit.*line \d+"),
    "os._exit": ("    import os\n    os._exit(0)", "", "crashed", "ended the whole Python process"),
    "infinite loop": ("    while True:\n        pass", "", "timeout", r"longer than 4 s on 'three numbers'"),
    "wrong shape": ("    return 2 * x[:, None]", "", "wrong", "one more axis: is `keepdims`"),
    "other shape": ("    return 2 * x[:2]", "", "wrong", r"found shape \(2,\), needed is \(3,\)"),
    "wrong dtype": ("    return (2 * x).astype(int)", "", "wrong", "found integers.*needed are floats"),
    "short list": ("    return [2 * x[0]]", "", "wrong", r"found a list of 1; needed is an array of shape \(3,\)"),
    "forgotten argument": ("    return (lambda a, b: a)(x)", "", "error", "other arguments than it has.*line"),
    "not square": ("    return jnp.linalg.solve(jnp.ones((3, 2)), x)", "", "error", "need a square matrix.*line"),
    "sum for mean": ("    return 2 * len(x) * x", "", "wrong", r"n = len\(x\): a sum instead of a mean"),
    "minus": ("    return -2 * x", "", "wrong", "-1 times the right one: is a sign"),
    "nothing": ("    2 * x", "", "wrong", r"found None; needed is an array of shape \(3,\)"),
    "NaN": ("    return x * jnp.nan", "", "wrong", r"found NaN at \[0\]"),
    "in place": ("    x[0] = 2\n    return x", "", "error", r"x\.at\[i\]\.set.*line \d+: `x\[0\] = 2`"),
    "value under jit": ("    return 2 * x if x[0] > 0 else 2 * x", "", "error", "jnp.where or lax.cond.*line"),
    "numpy under jit": ("    return np.asarray(x) * 2", "import numpy as np\n", "error", "use jnp instead of np"),
    "too large": ("    return jnp.ones((5000, 5000))", "", "wrong", "output is too large"),
    "state": ("    n[0] += 1\n    return 2 * x + (n[0] > 1)", "n = [0]\n", "wrong", "second call"),
    "unknown wrong": ("    return 2.01 * x", "", "wrong", r"largest error 3.5e-02 at \[2\].*allowed \d"),
    "missing import": ("    return torchx.add(x, x)", "import torchx\n", "error", "No module named 'torchx'.*line"),
    "library": (
        "    return losses.mse(x, x)",
        "from mfml.risk import losses\n",
        "error",
        "write the function yourself",
    ),
    "solutions": ("    return s.double(x)", "import solutions.unit01 as s\n", "error", "write the function yourself"),
    "by importlib": ("    import importlib\n    importlib.import_module('mfml')", "", "error", "write the function"),
    "syntax": ("    return (2 * x", "", "error", r"never closed.*line \d+: `return \(2 \* x`"),
    "indentation": ("  y = 1\n    return 2 * x", "", "error", r"Python cannot read this: unexpected indent.*line \d+"),
    "recursion": ("    return double(x)", "", "error", "calls itself without end"),
    "custom exception": ("    raise E()", "class E(Exception):\n    __str__ = None\n\n\n", "error", "E"),
    "strange object": ("    return object()", "", "wrong", "found a value of type object"),
    "generator": ("    yield 2 * x", "", "wrong", "found a value of type generator"),
    "PRNG key": ("    return jax.random.key(0)", "", "wrong", "found a PRNG key; needed is an array"),
    "PRNG keys": ("    return jax.random.split(jax.random.key(0), 3)", "", "wrong", "found 3 PRNG keys; needed is"),
    "given function": ("    return squared_error", "", "wrong", "found the function squared_error; needed is an array"),
    "huge integer": ("    return 10**5000", "", "wrong", "the output is too large: an integer of 16610 bits"),
    "many names": ("    return dict.fromkeys(map(str, range(9999)), 1.0)", "", "wrong", r"with the keys \['0'.*\.\.\."),
    "ragged list": ("    return [[x[0], [x[0]]], x[0], x[0]]", "", "wrong", "found a list of 3; needed is an array of"),
    "long list": (
        "    np.asarray(x)\n    return [0.0] * 60_000",
        "import numpy as np\n",
        "wrong",
        "50000 entries in lists",
    ),
    "many arrays": ("    return [x] * 2500", "", "wrong", "too large: more than 2000 arrays"),
    "false array": (
        "    return False_()",
        "import numpy as np\nclass False_:\n    __class__ = np.ndarray\n"
        "    def __array__(self, *a, **k): raise RuntimeError('no')\n",
        "error",
        "RuntimeError: no .*line",
    ),
    "not implemented in JAX": (
        "    return jnp.take(x, jnp.arange(3), mode='raise')",
        "",
        "error",
        "NotImplementedError: The 'raise' mode.*line",
    ),
    "unfinished helper": (
        "    return 2 * half(x)",
        "def half(x):\n    raise NotImplementedError\n\n\n",
        "error",
        r"calls `half`, which still raises NotImplementedError: complete that first \(unit01.py, line \d+",
    ),
    "bfloat16": ("    return (2 * x).astype(jnp.bfloat16)", "", "wrong", "bfloat16"),
}


@pytest.mark.parametrize("name", BODIES)
def test_bad_answer(name, graded, with_double):
    body, before, state, sentence = BODIES[name]
    one = judged(graded(with_double(body, before)))
    assert one.state == state
    assert re.search(sentence, one.message, re.DOTALL), one.message
    assert len(one.message) < 400
    assert one.points < one.max_points


def test_right_but_not_under_jit_keeps_its_other_points(graded, with_double):
    one = judged(graded(with_double("    return 2 * x if x[0] > 0 else 2 * x")))
    assert [check.state for check in one.checks] == ["right", "right", "error"]
    assert one.points == 2


def test_memory_without_end(graded, with_double, monkeypatch):
    used = Worker.memory
    monkeypatch.setattr(Worker, "memory", lambda self: 1300.0 if used(self) > 400 else 0.0)
    one = judged(graded(with_double("    a = []\n    while True:\n        a.append(b'x' * 1_000_000)")))
    assert one.state == "memory"
    assert "used more than 1.0 GB on 'three numbers'" in one.message  # the limit


def test_fifty_megabytes_printed(graded, with_double):
    result = graded(with_double("    print('x' * 25_000_000)\n    return 2 * x"))
    assert judged(result).state == "right"
    assert any(re.search(r"printed \d+\.\d MB", line) for line in result.advice)


def test_processes_left_behind_are_ended(graded, with_double, tmp_path):
    mark = tmp_path / "pid"
    body = (
        "    import os, time\n    if os.fork() == 0:\n"
        f"        open({str(mark)!r}, 'w').write(str(os.getpid()))\n        time.sleep(100)\n"
        f"    while not os.path.exists({str(mark)!r}):\n        pass\n    return 2 * x"
    )
    assert judged(graded(with_double(body))).state == "right"
    for _ in range(100):
        if not Path(f"/proc/{mark.read_text()}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{mark.read_text()}").exists()


def test_missing_function(graded, right):
    source = right.replace("def double(", "def doubled(")
    one = judged(graded(source))
    assert one.state == "error"
    assert "no function `double`" in one.message


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("import torchx", "No module named 'torchx'"),
        ("import sys; sys.exit()", "sys.exit"),
        ("1 / 0", "ZeroDivisionError"),
        ("import os\nos._exit(0)", "ended Python"),
        ("import os\nos.kill(os.getpid(), 9)", "ended Python"),
    ],
)
def test_bad_line_at_the_top_costs_only_itself(graded, right, line, advice):
    result = graded(f"{line}\n{right}")
    assert judged(result).state == "right"
    assert advice in result.advice[0]
    assert "line" in result.advice[0]


def test_endless_loop_at_the_top(graded, right, monkeypatch):
    monkeypatch.setattr("mfml.grading.run.transcript.LOADING_SECONDS", 2.0)
    result = graded(f"while True:\n    pass\n{right}")
    assert judged(result).state == "right"
    assert "took longer than 2 s, the limit for what is outside of functions" in result.advice[0]


def test_argument_changed(graded, right):
    source = right.replace(
        "    losses = loss(", '    weights["b"] = weights["b"] * 1\n    weights["c"] = 1.0\n    losses = loss('
    )
    one = graded(source).exercises[1]
    assert one.state == "wrong"
    assert "changes its arguments" in one.message


@pytest.mark.parametrize(("body", "sentence"), [("x**2", "You squared"), ("x / 2", "You halved")])
def test_known_mistake(graded, with_double, body, sentence):
    one = judged(graded(with_double(f"    return {body}")))
    assert one.state == "wrong"
    assert one.mistake == one.message
    assert one.message.startswith(sentence)


def test_example_is_ready_to_paste(graded, with_double):
    import jax.numpy as jnp

    one = judged(graded(with_double("    return 2.01 * x")))
    call, expected = one.example.split("\n# should give ")
    assert call == "double(jnp.array([1.0, -2.0, 3.5]))"
    assert jnp.allclose(eval(call, {"jnp": jnp, "double": lambda x: 2 * x}), eval(expected, {"jnp": jnp}))


def test_hidden_inputs_stay_hidden(graded, with_double):
    """An answer that knows the visible input by heart learns nothing of the hidden one."""
    one = judged(graded(with_double("    return jnp.array([2.0, -4.0, 7.0]) if x.shape == (3,) else x * 3")))
    hidden = one.checks[1]
    assert hidden.state == "wrong"
    assert hidden.message == "wrong on hidden inputs: a random vector"
    assert hidden.example == ""


@pytest.mark.parametrize(
    "answer",
    ["def double(x):\n    return 2 * x", "double = lambda x: 2 * x", "from jax.numpy import *\ndouble = positive"],
)
def test_the_last_definition_counts(graded, right, answer):
    stub = "def double(x):\n    raise NotImplementedError\n"
    rest = right[right.index("def total_loss(") :]
    imports = right[: right.index("def double(")]
    assert judged(graded(f"{imports}{stub}{answer}\n\n\n{rest}")).state != "not attempted"
    assert judged(graded(f"{imports}{answer}\n\n\n{stub}{rest}")).state == "not attempted"


@pytest.mark.parametrize(
    ("answer", "sentence"), [("def double(x):\n    return (2 * x", "never closed"), ("double = jnp.dubble", "dubble")]
)
def test_an_answer_that_fails_below_its_stub_is_an_attempt(graded, right, answer, sentence):
    stub = "def double(x):\n    raise NotImplementedError\n"
    start, end = right.index("def double("), right.index("def total_loss(")
    one = judged(graded(f"{right[:start]}{stub}{answer}\n\n\n{right[end:]}"))
    assert one.state == "error"
    assert sentence in one.message


@pytest.mark.parametrize("mark", ["\x0c", "\u2028", "\x1d", "\x85"])
def test_lines_are_those_of_python(graded, with_double, mark):
    """Characters at which `str.splitlines` cuts, and Python does not."""
    before = f"# a{mark}b{mark}c\n"
    one = judged(graded(with_double("    return x / None", before)))
    assert "`return x / None`" in one.message
    one = judged(graded(with_double(f"    s = '''a{mark}b'''\n    return 2 * x", f"{before}def other(\n")))
    assert one.state == "right"


def test_windows_line_ends(graded, with_double):
    one = judged(graded(with_double("    return x / None").replace("\n", "\r\n")))
    assert "`return x / None`" in one.message


def test_not_attempted_even_when_the_stub_is_run(graded, with_double):
    one = judged(graded(with_double("    y = x\n    raise NotImplementedError('later')")))
    assert one.state == "not attempted"


def test_a_stub_in_one_line_is_not_attempted(graded, right):
    """In a loop it is no stub by its form, and only its call says so."""
    one = judged(
        graded(right.replace("def double", "if True:\n  def double(x): raise NotImplementedError('later')\ndef old"))
    )
    assert one.state == "not attempted"


@pytest.mark.parametrize("source", ["", "\x00\x01", "def", "x = (", "﻿# only a comment\n"])
def test_file_without_a_function(graded, source):
    result = graded(source)
    assert [exercise.state for exercise in result.exercises] == ["error"] * 3
    assert result.score == 0


def test_graded_twice_gives_the_same(graded, with_double):
    source = with_double("    return 2.01 * x")
    assert graded(source).to_json() == graded(source).to_json()


def test_forged_events_do_not_break_the_judge(graded, with_double):
    """A submission that writes frames of its own to every descriptor gets a complete result and no points."""
    body = (
        "    import os\n"
        "    from struct import pack\n"
        '    junk = b\'{"dict":[["event","done"],["exercise","double"],["check","three numbers"]]}\'\n'
        "    frame = pack('<Q', len(junk)) + junk\n"
        "    for fd in range(3, 60):\n"
        "        try:\n"
        "            os.write(fd, pack('<I', len(frame)) + frame)\n"
        "        except OSError:\n"
        "            pass\n"
        "    return 3 * x"
    )
    result = graded(with_double(body))
    assert {exercise.name for exercise in result.exercises} == COMPLETE
    assert result.exercises[0].points == 0


def test_without_jit_in_the_sheet_jit_is_still_checked(graded, with_double):
    before = "import numpy as np\njax.config.update('jax_disable_jit', True)\n"
    one = judged(graded(with_double("    return 2 * np.asarray(x)", before)))
    assert [check.state for check in one.checks] == ["right", "right", "error"]


@pytest.mark.parametrize("setting", ["('jax_platform_name', 'gpu')", "('jax_platforms', 'cuda')"])
def test_a_sheet_that_asks_for_a_gpu(graded, right, setting):
    assert judged(graded(f"{right}\njax.config.update{setting}\n")).state == "right"


def test_an_answer_above_its_stub_is_named(graded, right):
    result = graded(f"{right}\ndef double(x):\n    raise NotImplementedError\n")
    assert judged(result).state == "not attempted"
    assert any(re.search(r"stub of `double` .* replaces your function in line \d+", line) for line in result.advice)


ODD_BLOCKS = (
    '"""A sheet.\n\nComplete the functions below.\n"""\n'
    "try:\n    import numpy as np\nexcept ImportError:\n    np = None\nelse:\n    pass\n"
)


def test_a_syntax_error_costs_no_other_block(graded, with_double):
    """Lines that are not indented may belong to a string or to the `try` above."""
    body = '    """Twice:\n2 x.\n"""\n    s = """a\nb"""\n    return 2 * x'
    result = graded(f"{ODD_BLOCKS}{with_double(body)}\n%matplotlib inline\n")
    assert judged(result).state == "right"
    assert [line for line in result.advice if "matplotlib" not in line] == []


def test_a_docstring_that_is_not_closed_costs_its_function_alone(graded, right):
    result = graded(right.replace('a vector."""', "a vector."))
    one = judged(result)
    assert "unterminated triple-quoted string" in one.message


def test_many_lines_that_end_python_are_no_fault_of_the_functions(graded, right):
    result = graded(right + "\nimport os\n" + "os._exit(0)\n" * 4)
    assert {exercise.state for exercise in result.exercises} == {"error"}
    assert "4 lines outside of functions end Python" in result.exercises[0].message
    assert sum("this statement ended Python" in line for line in result.advice) == 4


def test_an_import_in_a_branch_has_the_time_of_an_import():
    source = (
        "import a\nx = 1\ntry:\n    import b\nexcept ImportError:\n    b = None\n"
        "def f():\n    import c\nif x:\n    with x:\n        from d import e\n"
    )
    assert loader.import_lines(source) == {1, 3, 9}


# Right as formulas, but infinite at x = 3.5 when they are called by hand.
UNSTABLE = ["jnp.log(jnp.exp(2 * x * 50)) / 50", "jnp.sign(x) * jnp.log(jnp.exp(jnp.abs(x) * 50) ** 0.04)"]


@pytest.mark.parametrize("answer", UNSTABLE)
def test_an_answer_is_graded_as_it_behaves_by_hand(graded, with_double, course, answer):
    """The compiler would make these stable: a student then gets full marks for a function that gives infinity."""
    assert judged(graded(with_double(f"    return {answer}"))).state == "wrong"
    space = {"jnp": jnp}
    exec(f"def double(x):\n    return {answer}", space)
    assert not jnp.isfinite(space["double"](jnp.array([1.0, -2.0, 3.5]))).all()
    assert notebook.check("1.1", space["double"], course=course).result.state == "wrong"
