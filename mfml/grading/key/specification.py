"""The specification of an exercise: the reference answer, and beside it everything that grading needs.

    @exercise(points=4, hints=("a nudge", "the idea, and its place in the lesson", "nearly the code"),
              why="One line on why it matters.")
    def soft_threshold(w, threshold):
        return jnp.sign(w) * jnp.maximum(jnp.abs(w) - threshold, 0.0)

    @soft_threshold.inputs("random vectors", points=2)
    def _(key):
        return dict(w=jax.random.normal(key, (6,)), threshold=0.4)

    @soft_threshold.inputs("entries at the threshold", points=1, hidden=True)
    def _(key):
        return dict(w=jnp.array([0.4, -0.4, 0.0]), threshold=0.4)

    @soft_threshold.mistake("You shrink, but never stop at zero: a smaller entry becomes exactly 0.")
    def _(w, threshold):
        return w - threshold * jnp.sign(w)

The exercises of a unit are the `Exercise` objects of `solutions/unitNN.py` in the order of their definition;
the first is NN.1. An `Exercise` is callable, so that a later reference answer can use an earlier one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from mfml.grading.key.form import CALLS
from mfml.grading.verdict import compare as comparisons


@dataclass(frozen=True)
class Group:
    """One named group of inputs.

    `make(key)` returns the arguments by parameter name: arrays, numbers, strings, nested dicts, tuples and
    lists, typed PRNG keys, and functions of `exercises/given.py`. `call` says how the function is called on
    them: `plain`; `jit` (Python ints, bools, strings and functions are static); `vmap` over the leading axis
    of the arguments named in `over`; `grad`, the gradient of a scalar output in the arguments in `over`.
    """

    name: str
    make: Callable[[Any], dict[str, Any]]
    points: int
    hidden: bool = False
    call: str = "plain"
    over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer, and the sentence that helps the student who gave it."""

    sentence: str
    answer: Callable[..., Any]


@dataclass
class Exercise:
    """A reference answer with its points, inputs, comparison, hints and known mistakes."""

    answer: Callable[..., Any]
    points: int
    hints: tuple[str, ...]
    why: str
    compare: str | tuple[str, ...] = "close"
    jit: bool = True
    rtol: float | None = None
    atol: float | None = None
    seconds: float = 10.0
    groups: list[Group] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the reference answer's name and docstring."""
        self.__name__ = self.answer.__name__
        self.__doc__ = self.answer.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate the reference answer."""
        return self.answer(*args, **kwargs)

    @property
    def title(self) -> str:
        """The first sentence of the reference answer's docstring, without the full stop."""
        lines = (inspect.getdoc(self.answer) or self.__name__).splitlines()
        return lines[0].rstrip(".")

    def inputs(
        self,
        name: str,
        *,
        points: int = 1,
        hidden: bool = False,
        call: str = "plain",
        over: str | tuple[str, ...] = (),
    ) -> Callable[[Callable[[Any], dict[str, Any]]], Callable[[Any], dict[str, Any]]]:
        """Add a group of inputs, made by the decorated function from a PRNG key. See `Group`."""
        names = (over,) if isinstance(over, str) else tuple(over)
        if call not in CALLS:
            raise ValueError(f"call must be one of {CALLS}; found {call!r}")
        if (call in ("vmap", "grad")) != bool(names):
            raise ValueError(f"{self.__name__}, {name!r}: call={call!r} and over={names} do not go together")

        def add(make: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
            self.groups.append(Group(name, make, points, hidden, call, names))
            return make

        return add

    def mistake(self, sentence: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Add a known mistake: the decorated function is the wrong answer, `sentence` what helps."""

        def add(answer: Callable[..., Any]) -> Callable[..., Any]:
            self.mistakes.append(Mistake(sentence, answer))
            return answer

        return add

    def checks(self) -> list[Group]:
        """All checks of this exercise: its groups, and for `jit=True` the first group again under `jax.jit`."""
        if not self.jit:
            return list(self.groups)
        return [*self.groups, Group("under jax.jit", self.groups[0].make, 1, call="jit")]

    def problems(self) -> list[str]:
        """Say what is missing or does not add up. The list is empty for a sound specification."""
        found = []
        if not self.groups or self.groups[0].hidden or self.groups[0].call != "plain":
            found.append("the first group of inputs must be there, visible and called plainly")
        elif sum(check.points for check in self.checks()) != self.points:
            parts = " + ".join(f"{check.points} ({check.name})" for check in self.checks())
            found.append(f"points={self.points}, but its checks have {parts}")
        if len({group.name for group in self.groups}) < len(self.groups):
            found.append("two groups of inputs have the same name")
        if len(self.mistakes) < 2:
            found.append("needs at least two known mistakes")
        if len(self.hints) != 3:
            found.append(f"needs three hints; found {len(self.hints)}")
        names = (self.compare,) if isinstance(self.compare, str) else self.compare
        found += [f"unknown comparison {name!r}" for name in names if not comparisons.exists(name)]
        return [f"{self.__name__}: {text}" for text in found]


def exercise(
    *,
    points: int,
    hints: tuple[str, str, str],
    why: str,
    compare: str | tuple[str, ...] = "close",
    jit: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    seconds: float = 10.0,
) -> Callable[[Callable[..., Any]], Exercise]:
    """Make the decorated reference answer an `Exercise`.

    Args:
        points: points of the whole exercise: those of its groups, and 1 for the call under `jax.jit`.
        hints: three: a nudge; the idea, with its place in the lesson; nearly the code.
        why: one line on why the exercise matters, shown once it is solved.
        compare: how outputs are compared: a name from `mfml.grading.verdict.compare.COMPARISONS` (`close`,
            `up to sign`, `same subspace`, `any order`, ...), or a tuple of names for a tuple of outputs.
        jit: whether the function must give the same output under `jax.jit`; this is worth 1 point.
        rtol: relative tolerance; the default comes from dtype and conditioning, see `mfml.grading.key.seal`.
        atol: absolute tolerance; the same default.
        seconds: time limit of one call.
    """

    def make(answer: Callable[..., Any]) -> Exercise:
        return Exercise(answer, points, hints, why, compare, jit, rtol, atol, seconds)

    return make


def exercises_of(module: ModuleType) -> list[Exercise]:
    """Return the exercises of a solutions module, in order. Raises ValueError if a specification is unsound."""
    found = [value for value in vars(module).values() if isinstance(value, Exercise)]
    problems = [text for one in found for text in one.problems()]
    if problems or not found:
        raise ValueError(f"{module.__name__}: " + ("; ".join(problems) or "no exercises found"))
    return found
