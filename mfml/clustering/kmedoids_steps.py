r"""Steps of k-medoids, and its start. Shapes: n samples, k clusters, m candidates.

The loss is $L = \sum_i w_i \min_j D_{i, m_j}$ with medoids m and weights w, all 1 by default. A sample of weight 0 is
absent: it is no medoid, and its row and its column of D may hold anything.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.absent import present_columns
from mfml.numerics.domain import NON_NEGATIVE, checked


class State(NamedTuple):
    """Medoids, and the dissimilarities of all samples to them."""

    medoids: Int[Array, " k"]  # indices of samples
    table: Float[Array, "k n"]  # dissimilarity of each sample to each medoid
    loss: Float[Array, ""]  # (weighted) sum of the smallest dissimilarities


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def init(
    dissimilarity: Float[Array, "n n"], medoids: Int[Array, " k"], *, weights: Float[Array, " n"] | None = None
) -> State:
    """Start from these medoids.

    Raises:
        ValueError: unless the table is square and there is one weight per sample, none of them negative.

    >>> init(jnp.array([[0.0, 2.0], [2.0, 0.0]]), jnp.array([0])).loss.item()
    2.0
    """
    _check(dissimilarity, len(medoids), weights)
    table = present_columns(weights, dissimilarity[medoids])
    return State(medoids, table, _loss(table, weights))


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="n_clusters")
def plus_plus(
    dissimilarity: Float[Array, "n n"],
    *,
    key: Key[Array, ""],
    n_clusters: int,
    weights: Float[Array, " n"] | None = None,
) -> Int[Array, " k"]:
    r"""Choose k medoids that lie far apart: draw the next with probability proportional to $w_i \min_j D_{i, m_j}$.

    This is k-means++ with D instead of its square, since the loss does not contain a square. n_clusters is static.

    Raises:
        ValueError: unless the table is square, 1 <= n_clusters <= n, and there is one weight per sample, none of them
            negative.

    >>> table = jnp.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    >>> 2 in plus_plus(table, key=jax.random.key(0), n_clusters=2)
    True
    """
    _check(dissimilarity, n_clusters, weights)
    dissimilarity = present_columns(weights, dissimilarity)
    n = len(dissimilarity)
    weightless = jnp.finfo(dissimilarity.dtype).tiny
    share = jnp.zeros(n, dissimilarity.dtype) if weights is None else jnp.log(weights / scaling.unit(weights))

    def choose_next(carry: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Array]:
        nearest, taken = carry
        weight = jnp.where(jnp.isinf(nearest), 1, jnp.maximum(nearest, weightless))  # infinite: none chosen so far
        # samples at distance 0 from a medoid come last but may be drawn, since the k medoids must be different samples
        chosen = jax.random.categorical(key, jnp.where(taken, -jnp.inf, jnp.log(weight) + share))
        return (jnp.minimum(nearest, dissimilarity[chosen]), taken.at[chosen].set(True)), chosen

    start = jnp.full(n, jnp.inf, dissimilarity.dtype), jnp.zeros(n, bool)
    return lax.scan(choose_next, start, jax.random.split(key, n_clusters))[1]


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def swap_changes(
    state: State, rows: Float[Array, "m n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, "m k"]:
    r"""Change of the loss when a candidate replaces a medoid: one row per candidate, one column per medoid.

    Let $d_i$ and $e_i$ be the dissimilarities of sample i to its nearest and second nearest medoid. A candidate at
    $r_i$ in place of medoid j changes the term of sample i by $\min(r_i, e_i) - d_i$ if j is its nearest medoid, and by
    $\min(r_i, d_i) - d_i$ otherwise. Two sums and a matrix product compute all changes.

    `rows` holds the candidates' rows of the table. With a single medoid, the change is $\sum_i r_i - d_i$.

    Raises:
        ValueError: if shapes do not match, or a weight is negative.

    Source: Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> swap_changes(init(table, jnp.array([0])), table).tolist()
    [[0.0], [-1.0], [3.0]]
    """
    require.rank("rows", rows, 2)
    require.columns("rows", rows, state.table.shape[1])
    require.same_length(rows=(rows, 1), weights=weights)
    share = jnp.ones_like(state.table[0]) if weights is None else weights
    table, rows = present_columns(weights, state.table), present_columns(weights, rows)
    first = table.min(axis=0)
    if len(state.medoids) == 1:
        return jnp.sum((rows - first) * share, axis=1, keepdims=True)
    own = jax.nn.one_hot(table.argmin(axis=0), len(state.medoids), dtype=rows.dtype)
    second = jnp.where(own.T > 0, jnp.inf, table).min(axis=0)
    gain = jnp.minimum(rows - first, 0) * share
    correction = (jnp.minimum(rows, second) - first) * share - gain
    return gain.sum(axis=1)[:, None] + correction @ own


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def swap(
    state: State,
    dissimilarity: Float[Array, "n n"],
    candidates: Int[Array, " m"],
    *,
    weights: Float[Array, " n"] | None = None,
) -> State:
    """Make the best swap of a medoid for one of the candidates if it lowers the loss; otherwise change nothing.

    With all samples as candidates, this is one step of PAM. The loss is NaN if a dissimilarity is.

    Raises:
        ValueError: if shapes do not match, or a weight is negative.

    Source: Kaufman and Rousseeuw (1987), partitioning around medoids; see `swap_changes`.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> swap(init(table, jnp.array([0])), table, jnp.arange(3)).medoids.tolist()
    [1]
    """
    _check(dissimilarity, len(state.medoids), weights)
    return swap_rows(state, dissimilarity[candidates], candidates, weights=weights)


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def swap_rows(
    state: State,
    rows: Float[Array, "m n"],
    candidates: Int[Array, " m"],
    *,
    weights: Float[Array, " n"] | None = None,
) -> State:
    """Do what `swap` does, from the rows of the candidates.

    Raises:
        ValueError: if shapes do not match, or a weight is negative.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> swap_rows(init(table, jnp.array([0])), table[1:], jnp.array([1, 2])).medoids.tolist()
    [1]
    """
    require.same_length(rows=rows, candidates=candidates)
    rows = present_columns(weights, rows)
    change = swap_changes(state, rows, weights=weights)
    if weights is not None:
        change = jnp.where(weights[candidates, None] > 0, change, jnp.inf)
    best = jnp.argmin(change)
    candidate, medoid = jnp.divmod(best, change.shape[1])
    before = present_columns(weights, state.table)
    table = before.at[medoid].set(rows[candidate])
    medoids = state.medoids.at[medoid].set(candidates[candidate])
    swapped = State(medoids, table, _loss(table, weights))
    # sample by sample: the loss itself may be large, and its rounding with it
    changes = table.min(axis=0) - before.min(axis=0)
    worth = _total(changes, weights) < -_rounding(rows) * _total(jnp.abs(changes), weights)
    found = jax.tree.map(lambda new, old: jnp.where(worth, new, old), swapped, state._replace(table=before))
    return found._replace(loss=jnp.where(jnp.isnan(change).any(), jnp.nan, found.loss))


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def alternate(state: State, dissimilarity: Float[Array, "n n"], *, weights: Float[Array, " n"] | None = None) -> State:
    """Assign samples to their nearest medoid, then make each cluster's most central sample its medoid.

    This is cheaper than swaps but more easily trapped in a poor local minimum. The most central sample has the smallest
    (weighted) sum of dissimilarities to its cluster. Ties go to the old medoid, then to the first sample.

    Raises:
        ValueError: if shapes do not match, or a weight is negative.

    Source: Park and Jun (2009), Expert Systems with Applications 36.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> alternate(init(table, jnp.array([0])), table).medoids.tolist()
    [1]
    """
    _check(dissimilarity, len(state.medoids), weights)
    require.columns("dissimilarity", dissimilarity, state.table.shape[1])
    dissimilarity = present_columns(weights, present_columns(weights, dissimilarity).T).T
    table, k = present_columns(weights, state.table), len(state.medoids)
    # a medoid belongs to its own cluster even if another lies at distance 0
    labels = jnp.argmin(table, axis=0).at[state.medoids].set(jnp.arange(k))
    # differences from the old medoid, since the sums themselves may be large
    apart = dissimilarity - jnp.take_along_axis(dissimilarity[state.medoids], labels[None], axis=0).T
    share = jnp.ones_like(apart[0]) if weights is None else weights
    member = jax.nn.one_hot(labels, k, dtype=apart.dtype, axis=0)
    changes = jnp.where((member > 0) & (share > 0), (member * share) @ apart, jnp.inf)
    central = jnp.argmin(changes, axis=1)
    terms = member * share * apart[:, central].T
    worth = jnp.sum(terms, axis=1) < -_rounding(apart) * jnp.sum(jnp.abs(terms), axis=1)
    return init(dissimilarity, jnp.where(worth, central, state.medoids), weights=weights)


def _check(dissimilarity: Array, n_clusters: int, weights: Array | None) -> None:
    require.square("dissimilarity", dissimilarity)
    require.same_length(dissimilarity=dissimilarity, weights=weights)
    require.between("n_clusters", n_clusters, 1, len(dissimilarity))


def _rounding(table: Array) -> float:
    """Relative change of a sum that rounding alone can cause."""
    return 8 * float(jnp.finfo(table.dtype).eps)


def _loss(table: Array, weights: Array | None) -> Array:
    """Sum of the smallest dissimilarities; NaN where one of the table is."""
    return _total(-scaling.largest(-table, axis=0), weights)


def _total(terms: Array, weights: Array | None) -> Array:
    return jnp.sum(terms if weights is None else terms * weights)
