r"""Approximate nearest neighbors at a cost of about $n \log n$. Shapes: n samples, d features, k neighbors.

The search starts with random trees. Each tree repeatedly halves the samples along random directions until the leaves
are small enough to compare all pairs in them. The descent then improves the result. A neighbor of a neighbor is likely
a neighbor too, so each sample tries such candidates until hardly anything changes.
"""

from collections.abc import Callable
from functools import partial
from math import log2
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.numerics import distances as numerics
from mfml.numerics.distances import columns, to_columns
from mfml.representation import neighbors
from mfml.representation.neighbors import Neighbors

SOLVERS = ("auto", "exact", "descent")
MANY = 100_000  # samples beyond which "auto" searches by descent
LEAF = 128  # samples per leaf, at least
PASSED_ON = 6  # neighbors of each kind that a sample asks, and candidates that each of them names
ROWS = 512  # samples whose candidates are compared at a time


class Descent(NamedTuple):
    """Approximate neighbors, sorted by distance, and the report of the search."""

    indices: Int[Array, "n k"]
    distances: Float[Array, "n k"]  # Euclidean, in units of x
    history: Float[Array, " steps"]  # mean distance to the neighbors, in units of x
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the last step changed at most a fraction tol of all neighbors
    status: Int[Array, ""]  # CONVERGED, MAX_ITER or NON_FINITE, see `mfml.iteration`


class _State(NamedTuple):
    found: Neighbors
    changed: Float[Array, ""]  # fraction of all n k neighbors that the last step changed; infinite before the first


@public
@partial(jax.jit, static_argnames=("n_neighbors", "n_trees", "max_iter", "tol"))
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_neighbors: int,
    n_trees: int = 4,
    max_iter: int = 10,
    tol: float = 0.01,
) -> Descent:
    """Find most of the k nearest other samples of each sample; `quality.recall` measures the fraction.

    The search starts from `init` and repeats `step`. If n is so small that a tree has a single leaf, the start is
    exact. All options are static.

    Raises:
        ValueError: unless x has two axes, 1 <= n_neighbors <= n - 1, n_trees >= 1 and max_iter >= 1.

    Source: Dong, Charikar and Li (2011), WWW, "Efficient k-nearest neighbor graph construction for generic
    similarity measures"; trees: Dasgupta and Freund (2008), STOC.

    >>> x = jax.random.normal(jax.random.key(0), (300, 2))
    >>> found = fit(x, key=jax.random.key(1), n_neighbors=3)
    >>> bool((found.indices == neighbors.exact(x, n_neighbors=3).indices).mean() > 0.9)
    True
    """
    require.positive("max_iter", max_iter)
    for_init, for_steps = jax.random.split(key)

    def advance(state: _State, i: Array) -> _State:
        better = step(state.found, x, key=jax.random.fold_in(for_steps, i))
        stays = (better.indices[:, :, None] == state.found.indices[:, None]).any(axis=-1)
        return _State(better, 1 - stays.mean(dtype=x.dtype))

    first = init(x, key=for_init, n_neighbors=n_neighbors, n_trees=n_trees)
    state, report = iteration.run(
        advance,
        _State(first, jnp.full((), jnp.inf, x.dtype)),
        max_iter=max_iter,
        objective=lambda state: state.found.distances.mean(),
        converged=lambda state: state.changed <= tol,
    )
    return Descent(state.found.indices, state.found.distances, *report)


@public
def nearest(x: Float[Array, "n d"], *, key: Key[Array, ""], n_neighbors: int, solver: str = "auto") -> Neighbors:
    """Find the k nearest other samples of each sample, by `neighbors.exact` or by `fit`.

    Args:
        x: samples.
        key: for `fit`.
        n_neighbors: k, static.
        solver: "exact", "descent" or "auto" ("exact" up to 100000 samples, where it is no slower); static.

    Raises:
        ValueError: unless x has two axes, 1 <= n_neighbors <= n - 1 and the solver is known.

    >>> nearest(jnp.array([[0.0], [1.0], [3.0]]), key=jax.random.key(0), n_neighbors=1).indices.tolist()
    [[1], [0], [1]]
    """
    require.one_of("solver", solver, SOLVERS)
    if solver == "descent" or (solver == "auto" and len(x) > MANY):
        found = fit(x, key=key, n_neighbors=n_neighbors)
        return Neighbors(found.indices, found.distances)
    return neighbors.exact(x, n_neighbors=n_neighbors)


@public
@partial(jax.jit, static_argnames=("n_neighbors", "n_trees"))
def init(x: Float[Array, "n d"], *, key: Key[Array, ""], n_neighbors: int, n_trees: int = 4) -> Neighbors:
    """For each sample, find the nearest ones among those that share a leaf with it in some random tree.

    Raises:
        ValueError: as `fit`.

    >>> init(jnp.array([[0.0], [1.0], [3.0]]), key=jax.random.key(0), n_neighbors=1).indices.tolist()
    [[1], [0], [1]]
    """
    require.rank("x", x, 2)
    require.between("n_neighbors", n_neighbors, 1, len(x) - 1)
    require.positive("n_trees", n_trees)
    n_levels = max(0, int(log2(len(x) / max(LEAF, 3 * n_neighbors))))
    unit = numerics.unit(x)
    x = x / unit
    shape = len(x), n_neighbors
    nobody = Neighbors(jnp.full(shape, len(x)), jnp.full(shape, jnp.inf, x.dtype))

    def add(found: Neighbors, key: Array) -> tuple[Neighbors, None]:
        new = _within(x, leaves(x, key=key, n_levels=n_levels), nobody)
        return _by_rows(lambda at: _better(*at), (found, new)), None

    found = lax.scan(add, nobody, jax.random.split(key, n_trees if n_levels else 1))[0]
    return found._replace(distances=found.distances * unit)


@public
@partial(jax.jit, static_argnames="n_levels")
def leaves(x: Float[Array, "n d"], *, key: Key[Array, ""], n_levels: int) -> Int[Array, "l s"]:
    """Return the samples of each leaf of one random tree; n marks an empty place.

    There are $2^{levels}$ leaves of equal size. Each node is split at the median along the line through two of its
    samples. n_levels is static.

    Raises:
        ValueError: unless 0 <= n_levels and there are as many samples as leaves.

    >>> made = leaves(jnp.array([[0.0], [9.0], [1.0], [8.0]]), key=jax.random.key(3), n_levels=1)
    >>> sorted(sorted(leaf) for leaf in made.tolist())
    [[0, 2], [1, 3]]
    """
    n, count = len(x), 2**n_levels
    require.that(n_levels >= 0, f"n_levels must not be negative; found {n_levels}")
    require.that(n >= count, f"{count} leaves need as many samples; found {n}")
    size = -(-n // count)
    total = size * count

    def cut(level: Array, placed: Array) -> Array:
        width = total >> level  # samples in a node
        ends = jax.random.uniform(jax.random.fold_in(key, level), (2, count), x.dtype)
        inside = jnp.minimum((ends * width).astype(int), width - 1)
        a, b = placed[jnp.minimum(jnp.arange(count) * width, total - width) + inside] % n
        node = jnp.arange(total) // width
        along = jnp.sum((x[placed % n] - x[a][node]) * (x[a] - x[b])[node], axis=1)
        return lax.sort((node, along, placed), num_keys=2)[2]

    placed = lax.fori_loop(0, n_levels, cut, jnp.arange(total))
    return jnp.where(placed < n, placed, n).reshape(count, size)


@public
@jax.jit
def step(state: Neighbors, x: Float[Array, "n d"], *, key: Key[Array, ""]) -> Neighbors:
    """Take one step: each sample tries some samples that list it as a neighbor, and neighbors of its neighbors.

    >>> x = jnp.array([[0.0], [1.0], [3.0], [4.0]])
    >>> poor = Neighbors(jnp.array([[2], [0], [3], [2]]), jnp.array([[3.0], [1.0], [1.0], [1.0]]))
    >>> step(poor, x, key=jax.random.key(0)).indices[0].tolist()
    [1]
    """
    n, k = state.indices.shape
    for_columns, for_slots, for_order, for_names = jax.random.split(key, 4)
    asked = min(k, PASSED_ON)
    columns = jax.random.randint(for_columns, (n, asked), 0, k)
    onward = jnp.take_along_axis(state.indices, columns, axis=1)
    # each slot takes one of the samples that have i as a neighbor: the last one, counted from a random start
    first = jax.random.randint(for_order, (), 0, n)
    slots = jax.random.randint(for_slots, (n, k), 0, asked)
    last = jnp.full((n, asked), -1).at[state.indices, slots].max(((jnp.arange(n) - first) % n)[:, None])
    back = jnp.where(last >= 0, (last + first) % n, onward)
    hubs = jnp.concatenate([onward, back], axis=1)
    names = jax.random.randint(for_names, (n, 2 * asked, asked), 0, k)
    named = state.indices.reshape(-1)[hubs[:, :, None] * k + names].reshape(n, -1)
    candidates = jnp.concatenate([back, named], axis=1)
    unit = numerics.unit(x)
    x = x / unit

    def block(at: tuple[Neighbors, Array, Array, Array]) -> Neighbors:
        state, own, numbers, tried = at
        again = (tried[:, :, None] == tried[:, None]) & jnp.tri(tried.shape[1], k=-1, dtype=bool)
        distances = numerics.root(numerics.to_lists(x, own, tried)) * unit
        useless = again.any(axis=-1) | (tried == numbers[:, None]) | (tried == n)
        return _better(state, Neighbors(tried, jnp.where(useless, jnp.inf, distances)))

    return _by_rows(block, (state, x, jnp.arange(n), candidates))


def _by_rows(function: Callable[[Any], Neighbors], arrays: Any) -> Neighbors:
    """Apply a function of rows block by block; the last block is filled with row 0."""
    n = len(jax.tree.leaves(arrays)[0])
    rows = min(ROWS, n)
    blocks = jnp.arange(-(-n // rows) * rows).reshape(-1, rows)
    numbers = jnp.where(blocks < n, blocks, 0)
    found = lax.map(lambda own: function(jax.tree.map(lambda a: a[own], arrays)), numbers)
    return Neighbors(*(part.reshape(-1, part.shape[-1])[:n] for part in found))


def _within(x: Array, leaf: Int[Array, "l s"], nobody: Neighbors) -> Neighbors:
    """The nearest samples of each sample within its leaf; empty places have distance inf."""
    n, size, k = len(x), leaf.shape[1], nobody.indices.shape[1]

    def one(ids: Array) -> tuple[Array, Neighbors]:
        points = x[ids % n]
        table = to_columns(points, columns(points))
        table = jnp.where((ids == n) | jnp.eye(size, dtype=bool), jnp.inf, table)
        places = neighbors.smallest(table, k)
        distances = numerics.root(jnp.take_along_axis(table, places, axis=1))
        missing = jnp.isinf(jnp.take_along_axis(table, places, axis=1))
        return ids, Neighbors(ids[places], jnp.where(missing, jnp.inf, distances))

    ids, found = lax.map(one, leaf)
    where = ids.reshape(-1)
    return jax.tree.map(lambda start, part: start.at[where].set(part.reshape(-1, k), mode="drop"), nobody, found)


def _better(found: Neighbors, new: Neighbors) -> Neighbors:
    """The nearest of both without duplicates. Within `new` no sample may occur twice at a finite distance."""
    known = (new.indices[:, :, None] == found.indices[:, None]).any(axis=-1)
    indices = jnp.concatenate([found.indices, new.indices], axis=1)
    distances = jnp.concatenate([found.distances, jnp.where(known, jnp.inf, new.distances)], axis=1)
    best = lax.top_k(-distances, found.indices.shape[1])[1]
    return Neighbors(*(jnp.take_along_axis(part, best, axis=1) for part in (indices, distances)))
