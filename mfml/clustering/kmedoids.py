r"""k-medoids: clusters around samples, from dissimilarities alone. Shapes: n samples, k clusters, m candidates.

Minimizes $L = \sum_i \min_j D_{i, m_j}$ over k of the samples, the medoids m. D may be any symmetric table of
dissimilarities: no mean is ever taken, so an outlier pulls less than in k-means, and spectra, graphs or words
can be clustered as well as points.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require

METHODS = ("pam", "alternate")
BLOCK = 128  # candidates that are looked at together


class State(NamedTuple):
    """Medoids, and how far the samples are from them."""

    medoids: Int[Array, " k"]  # indices of samples
    table: Float[Array, "k n"]  # dissimilarity of each sample to each medoid
    loss: Float[Array, ""]  # sum of the smallest dissimilarities


class KMedoids(NamedTuple):
    """Fitted clusters, ordered by the index of their medoid."""

    medoids: Int[Array, " k"]  # indices of samples, rising
    labels: Int[Array, " n"]  # cluster of each sample, 0 to k - 1
    loss: Float[Array, ""]  # sum of dissimilarities to the nearest medoid, in units of D
    history: Float[Array, " steps"]  # loss at the start and after each change, then NaN; max_iter + 1
    n_iter: Int[Array, ""]  # changes made: swaps for "pam", rounds for "alternate"
    converged: Bool[Array, ""]  # no change lowers the loss


def init(dissimilarity: Float[Array, "n n"], medoids: Int[Array, " k"]) -> State:
    """Start from these medoids.

    >>> init(jnp.array([[0.0, 2.0], [2.0, 0.0]]), jnp.array([0])).loss.item()
    2.0
    """
    _check(dissimilarity, len(medoids))
    table = dissimilarity[medoids]
    return State(medoids, table, table.min(axis=0).sum())


def plus_plus(dissimilarity: Float[Array, "n n"], *, key: Key[Array, ""], n_clusters: int) -> Int[Array, " k"]:
    r"""Choose k medoids that lie far apart: the next with probability $\min_j D_{i, m_j} / \sum$.

    As k-means++, but with D in place of its square, since the loss has no square. n_clusters is static.

    Raises:
        ValueError: unless the table is square and 1 <= n_clusters <= n.

    >>> table = jnp.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    >>> 2 in plus_plus(table, key=jax.random.key(0), n_clusters=2)
    True
    """
    _check(dissimilarity, n_clusters)
    n = len(dissimilarity)
    weightless = jnp.finfo(dissimilarity.dtype).tiny

    def choose_next(carry: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Array]:
        nearest, taken = carry
        weight = jnp.where(jnp.isinf(nearest), 1, jnp.maximum(nearest, weightless))  # infinite: none chosen yet
        # samples on top of a medoid come last, not never: k medoids are different samples
        chosen = jax.random.categorical(key, jnp.where(taken, -jnp.inf, jnp.log(weight)))
        return (jnp.minimum(nearest, dissimilarity[chosen]), taken.at[chosen].set(True)), chosen

    start = jnp.full(n, jnp.inf, dissimilarity.dtype), jnp.zeros(n, bool)
    return lax.scan(choose_next, start, jax.random.split(key, n_clusters))[1]


def swap_changes(state: State, rows: Float[Array, "m n"]) -> Float[Array, "m k"]:
    r"""Change of the loss when a candidate takes a medoid's place: one row a candidate, one column a medoid.

    With $d_i$ and $e_i$ the dissimilarities of sample i to its nearest and second nearest medoid, a candidate
    at $r_i$ in place of medoid j changes sample i's part by $\min(r_i, d_i) - d_i$, or, where j is its
    nearest, by $\min(r_i, e_i) - d_i$. All of it is two sums and a matrix product.

    `rows` are the candidates' rows of the table. With a single medoid it is $\sum_i r_i - d_i$.

    Raises:
        ValueError: where shapes do not fit.

    Source: Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> swap_changes(init(table, jnp.array([0])), table).tolist()
    [[0.0], [-1.0], [3.0]]
    """
    require.rank("rows", rows, 2)
    require.same_length(samples_of_rows=rows.T, samples_of_table=state.table.T)
    first = state.table.min(axis=0)
    if len(state.medoids) == 1:
        return jnp.sum(rows - first, axis=1, keepdims=True)
    own = jax.nn.one_hot(state.table.argmin(axis=0), len(state.medoids), dtype=rows.dtype)
    second = jnp.where(own.T > 0, jnp.inf, state.table).min(axis=0)
    gain = jnp.minimum(rows - first, 0)
    correction = jnp.minimum(rows, second) - first - gain
    return gain.sum(axis=1)[:, None] + correction @ own


def swap(state: State, dissimilarity: Float[Array, "n n"], candidates: Int[Array, " m"]) -> State:
    """Make the best swap of a medoid for one of the candidates, if it lowers the loss; else change nothing.

    Over all samples as candidates it is one step of PAM.

    Raises:
        ValueError: where shapes do not fit.

    Source: Kaufman and Rousseeuw (1987), partitioning around medoids; see `swap_changes`.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> swap(init(table, jnp.array([0])), table, jnp.arange(3)).medoids.tolist()
    [1]
    """
    return _swap(state, dissimilarity[candidates], candidates)


def alternate(state: State, dissimilarity: Float[Array, "n n"]) -> State:
    """Assign samples to their nearest medoid, then make each cluster's most central sample its medoid.

    Cheaper than swaps, and stuck more easily. The most central sample has the smallest sum of dissimilarities
    to its cluster, the first of several.

    Raises:
        ValueError: where shapes do not fit.

    Source: Park and Jun (2009), Expert Systems with Applications 36.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> alternate(init(table, jnp.array([0])), table).medoids.tolist()
    [1]
    """
    require.same_length(samples_of_table=state.table.T, dissimilarity=dissimilarity)
    own = jax.nn.one_hot(_labels(state), len(state.medoids), dtype=dissimilarity.dtype, axis=0)
    cost = jnp.where(own > 0, own @ dissimilarity, jnp.inf)
    central = jnp.argmin(cost, axis=1)
    # the old medoid stays where the new one is no better, and where rounding is all that is new
    members = jnp.take_along_axis(cost, state.medoids[:, None], axis=1)[:, 0]
    better = cost.min(axis=1) < members * (1 - _rounding(dissimilarity))
    medoids = jnp.where(better, central, state.medoids)
    return init(dissimilarity, medoids)


@partial(jax.jit, static_argnames=("n_clusters", "solver", "max_iter"))
def fit(
    dissimilarity: Float[Array, "n n"],
    *,
    key: Key[Array, ""],
    n_clusters: int,
    solver: str = "pam",
    max_iter: int = 300,
) -> KMedoids:
    r"""Find k medoids with small loss $L = \sum_i \min_j D_{i, m_j}$, from a start by `plus_plus`.

    "pam" goes through the samples in blocks and makes the best swap of each block at once, until a whole round
    finds none: then no single swap lowers the loss. "alternate" runs Voronoi iterations (`alternate`). The
    table must be symmetric with a zero diagonal: only its rows are read.

    Args:
        dissimilarity: table D, any non-negative measure; see `distances` for Euclidean ones.
        key: for the start.
        n_clusters: k; static.
        solver: "pam" or "alternate"; static.
        max_iter: largest number of changes, see `KMedoids.n_iter`; static.

    Raises:
        ValueError: unless the table is square, 1 <= n_clusters <= n, max_iter >= 1 and the method is known.

    Source: Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.

    >>> x = jnp.array([0.0, 1.0, 2.0, 7.0, 8.0, 90.0])
    >>> fit(jnp.abs(x[:, None] - x), key=jax.random.key(0), n_clusters=3).labels.tolist()
    [0, 0, 0, 1, 1, 2]
    """
    _check(dissimilarity, n_clusters)
    require.one_of("method", solver, METHODS)
    require.positive("max_iter", max_iter)
    n = len(dissimilarity)
    size = min(BLOCK, n) if solver == "pam" else n
    a_round = -(-n // size)
    start = init(dissimilarity, plus_plus(dissimilarity, key=key, n_clusters=n_clusters))
    history = jnp.full(max_iter + 1, jnp.nan, dissimilarity.dtype).at[0].set(start.loss)
    zero = jnp.zeros((), int)

    def unfinished(carry: tuple[State, Array, Array, Array, Array]) -> Array:
        _, _, n_iter, _, since = carry
        return (n_iter < max_iter) & (since < a_round)

    def advance(carry: tuple[State, Array, Array, Array, Array]) -> tuple[State, Array, Array, Array, Array]:
        state, history, n_iter, at, since = carry
        if solver == "pam":
            first = jnp.minimum(at, n - size)
            rows = lax.dynamic_slice_in_dim(dissimilarity, first, size)
            new = _swap(state, rows, first + jnp.arange(size))
        else:
            new = alternate(state, dissimilarity)
        changed = jnp.any(new.medoids != state.medoids)
        n_iter = n_iter + changed
        history = history.at[n_iter].set(new.loss)
        at = jnp.where(at + size >= n, 0, at + size)
        return new, history, n_iter, at, jnp.where(changed, 0, since + 1)

    state, history, n_iter, _, since = lax.while_loop(unfinished, advance, (start, history, zero, zero, zero))
    final = init(dissimilarity, jnp.sort(state.medoids))
    return KMedoids(final.medoids, _labels(final), final.loss, history, n_iter, since >= a_round)


def predict(to_medoids: Float[Array, "m k"]) -> Int[Array, " m"]:
    """Cluster of each new sample from its dissimilarities to the k medoids; the first of equals.

    >>> predict(jnp.array([[3.0, 1.0], [2.0, 2.0]])).tolist()
    [1, 0]
    """
    require.rank("to_medoids", to_medoids, 2)
    return jnp.argmin(to_medoids, axis=1)


def _check(dissimilarity: Array, n_clusters: int) -> None:
    require.square("dissimilarity", dissimilarity)
    require.between("n_clusters", n_clusters, 1, len(dissimilarity))


def _rounding(table: Array) -> float:
    """Relative change of a sum over n entries that rounding alone can make."""
    return 8 * float(jnp.finfo(table.dtype).eps)


def _labels(state: State) -> Array:
    """Nearest medoid; a medoid belongs to itself even where another lies at distance 0."""
    k = len(state.medoids)
    return jnp.argmin(state.table, axis=0).at[state.medoids].set(jnp.arange(k))


def _swap(state: State, rows: Array, candidates: Array) -> State:
    change = swap_changes(state, rows)
    best = jnp.argmin(change)
    candidate, medoid = jnp.divmod(best, change.shape[1])
    table = state.table.at[medoid].set(rows[candidate])
    swapped = State(state.medoids.at[medoid].set(candidates[candidate]), table, table.min(axis=0).sum())
    worth = swapped.loss < state.loss * (1 - _rounding(rows))
    return jax.tree.map(lambda new, old: jnp.where(worth, new, old), swapped, state)
