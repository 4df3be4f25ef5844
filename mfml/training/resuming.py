"""Whether a saved state fits the run that is to go on from it."""

from __future__ import annotations

from typing import Any

import jax
from jaxtyping import PyTree

from mfml import require
from mfml.entrance import public

OWNERS = {"params": "init", "opt_state": "options.optimizer", "best": "init"}  # what decides a field's structure


@public
def check(state: Any, *, needed: Any) -> None:
    """Require that a state has the structure, shapes and dtypes of another, `needed`.

    Raises:
        ValueError: it is of another type, or was made with other parameters or by another optimizer, or only one of
            them was made for validation data. The message names the field.
    """
    kind = type(needed).__name__
    found = f"{type(state).__name__}{', whose field `state` is one' if hasattr(state, 'state') else ''}"
    require.that(type(state) is type(needed), f"state must be a {kind}; found {found}")
    require.that(
        (state.best is None) == (needed.best is None),
        "state and validation must fit: give validation data just where the state was made with validated=True",
    )
    shapes = jax.eval_shape(lambda: state)
    for field, owner in OWNERS.items():
        _same(f"state.{field}", getattr(shapes, field), getattr(needed, field), owner)


def _same(name: str, found: PyTree, needed: PyTree, owner: str) -> None:
    """Require that two trees of shapes are the same; ValueError that shows where they first differ."""
    trees: list[Any] = [jax.tree.structure(tree) for tree in (found, needed)]
    require.that(trees[0] == trees[1], f"{name} does not fit {owner}: found {trees[0]}; needed {trees[1]}")
    for (path, one), other in zip(jax.tree.leaves_with_path(found), jax.tree.leaves(needed), strict=True):
        where = name + jax.tree_util.keystr(path)
        pair = [f"{leaf.dtype}{list(leaf.shape)}" for leaf in (one, other)]
        require.that(pair[0] == pair[1], f"{where} does not fit {owner}: found {pair[0]}; needed {pair[1]}")
