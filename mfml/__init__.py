"""The mathematics of a course on AI and machine learning, as pure JAX functions.

One package per weekly unit (`mfml.risk`, `mfml.decomposition`, ...), one file per concept, used as a
namespace: `from mfml.decomposition import pca`. Importing `mfml` itself loads neither JAX nor any unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

__version__ = "0.1.0"
__all__ = ["__version__", "check", "unit"]


def unit(number: int) -> ModuleType:
    """Import the package of a unit: `mfml.unit(2)` is `mfml.decomposition`.

    Raises ValueError for a number outside the syllabus, or for a unit that this version does not hold yet.
    """
    from mfml import syllabus

    return syllabus.load(number)


def check(exercise: str, function: Any, **options: Any) -> Any:
    """Grade one function in a notebook: `mfml.check("3.2", my_function)`. See `mfml.grading.show.notebook`."""
    from mfml.grading.show import notebook

    return notebook.check(exercise, function, **options)
