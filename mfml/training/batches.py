"""Minibatches of a pytree of arrays that have their samples along the first axis."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int, Key, PyTree

from mfml import require
from mfml.entrance import public


@public
def length(name: str, data: PyTree) -> int:
    """Return the number of samples.

    Raises ValueError without an array, without a sample, and where arrays differ in their number of samples.

    >>> length("data", {"x": jnp.zeros((5, 2)), "y": jnp.zeros(5)})
    5
    """
    shapes = {jax.tree_util.keystr(path) or name: jnp.shape(leaf) for path, leaf in jax.tree.leaves_with_path(data)}
    require.that(len(shapes) > 0, f"{name} must hold at least one array; found {data!r}")
    found = ", ".join(f"{path} {shape}" for path, shape in shapes.items())
    lengths = {shape[0] if shape else -1 for shape in shapes.values()}
    require.that(
        len(lengths) == 1 and -1 not in lengths,
        f"{name} must have the same number of samples along the first axis of each array; found {found}",
    )
    require.that(0 not in lengths, f"{name} must hold at least one sample; found {found}")
    return lengths.pop()


@public
def rows(
    epoch: Int[Array, ""], offset: Int[Array, ""], *, key: Key[Array, ""], n: int, batch_size: int, n_batches: int
) -> Int[Array, "n_batches batch_size"]:
    """Return which samples the next batches hold: one random permutation after another.

    The permutation of an epoch follows from the key and its number; `offset` < n samples of the first are used.

    Raises ValueError unless n, batch_size and n_batches are positive.

    >>> batches = rows(jnp.array(0), jnp.array(0), key=jax.random.key(0), n=6, batch_size=4, n_batches=3)
    >>> sorted(batches.ravel().tolist())
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    """
    for name, size in (("n", n), ("batch_size", batch_size), ("n_batches", n_batches)):
        require.positive(name, size)
    needed = n_batches * batch_size
    epochs = epoch + jnp.arange(-(-needed // n) + 1)
    order = jax.vmap(lambda number: jax.random.permutation(jax.random.fold_in(key, number), n))(epochs)
    return lax.dynamic_slice(order.reshape(-1), (offset,), (needed,)).reshape(n_batches, batch_size)


@public
def placements(data: PyTree, batch_size: int) -> tuple[Any, ...]:
    """Return, for each array, how a batch of it is to lie on several devices; None where the array is on one."""
    return tuple(_placement(leaf, batch_size) for leaf in jax.tree.leaves(data))


def _placement(leaf: Any, batch_size: int) -> Any:
    placed = jax.typeof(leaf).sharding if isinstance(leaf, jax.core.Tracer) else getattr(leaf, "sharding", None)
    if not isinstance(placed, jax.sharding.NamedSharding) or not placed.spec or placed.spec[0] is None:
        return None
    axes = placed.spec[0] if isinstance(placed.spec[0], tuple) else (placed.spec[0],)
    even = batch_size % int(np.prod([placed.mesh.shape[axis] for axis in axes])) == 0
    return placed if even else jax.sharding.NamedSharding(placed.mesh, jax.P())


@public
def take(data: PyTree, chosen: Int[Array, " b"], placement: tuple[Any, ...]) -> PyTree:
    """Return these samples, spread over the devices as `placements` says."""

    def one(leaf: Array, placed: Any) -> Array:
        if placed is None:
            return leaf[chosen]
        if jax.sharding.AxisType.Explicit in placed.mesh.axis_types:
            return leaf.at[chosen].get(out_sharding=placed)
        return lax.with_sharding_constraint(leaf[chosen], placed)

    leaves, structure = jax.tree.flatten(data)
    return jax.tree.unflatten(structure, map(one, leaves, placement))
