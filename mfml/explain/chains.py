"""Causal chains: the order of the variables of a model, and the ways from a cause to an effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mfml import require


def paths(model: Sequence[Any], cause: str, outcome: str) -> list[tuple[str, ...]]:
    """All causal chains from a cause to an outcome, such as heat treatment, grain size, strength.

    The number of chains may double with each variable, so it is for models that one can draw.

    Args:
        model: variables with `name` and `parents`, causes before effects, see `causal`.
        cause: where the chains begin.
        outcome: where they end.

    Raises:
        ValueError: for an unknown variable, one that comes before its parent, or two of one name.

    Source: Pearl (2009), Causality, section 1.2.

    >>> from mfml.explain.causal import Variable
    >>> model = (Variable("a", (), lambda: 0.0), Variable("b", ("a",), abs), Variable("c", ("a", "b"), max))
    >>> paths(model, "a", "c")
    [('a', 'c'), ('a', 'b', 'c')]
    """
    check(model, (cause, outcome))
    parents = {one.name: one.parents for one in model}

    def to(name: str) -> list[tuple[str, ...]]:
        if name == cause:
            return [(name,)]
        return [(*path, name) for parent in parents[name] for path in to(parent)]

    return to(outcome)


def check(model: Sequence[Any], names: Iterable[str]) -> None:
    """Refuse a model whose variables are not in causal order, and names that it does not have.

    Raises:
        ValueError: for an empty model, an unknown variable, one that comes before its parent, or two of one name.
    """
    require.that(len(model) > 0, "the model has no variable")
    seen: set[str] = set()
    for one in model:
        require.that(one.name not in seen, f"there are two variables of the name {one.name!r}")
        late = [parent for parent in one.parents if parent not in seen]
        require.that(not late, f"causes come before effects: {one.name!r} comes before {', '.join(map(repr, late))}")
        seen.add(one.name)
    for name in names:
        require.one_of("variable", name, sorted(seen))
