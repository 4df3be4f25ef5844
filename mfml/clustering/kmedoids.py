r"""k-medoids: clusters around samples, from dissimilarities alone. Shapes: n samples, k clusters, m candidates.

Minimizes $L = \sum_i \min_j D_{i, m_j}$ over the choice of k samples, the medoids m. D may be any symmetric table of
dissimilarities. Since no mean is taken, outliers have less influence than in k-means, and the samples can be spectra,
graphs or words as well as points.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public

SOLVERS = ("pam", "alternate")
BLOCK = 128  # candidates evaluated together


class State(NamedTuple):
    """Medoids, and the dissimilarities of all samples to them."""

    medoids: Int[Array, " k"]  # indices of samples
    table: Float[Array, "k n"]  # dissimilarity of each sample to each medoid
    loss: Float[Array, ""]  # sum of the smallest dissimilarities


class KMedoids(NamedTuple):
    """Fitted clusters, ordered by the index of their medoid."""

    medoids: Int[Array, " k"]  # indices of samples, increasing
    labels: Int[Array, " n"]  # cluster of each sample, 0 to k - 1
    loss: Float[Array, ""]  # sum of dissimilarities to the nearest medoid, in units of D
    history: Float[Array, " steps"]  # loss at the start and after each step, then NaN; max_iter + 1 entries
    n_iter: Int[Array, ""]  # swaps for "pam", rounds for "alternate"; after convergence, the last one changed nothing
    converged: Bool[Array, ""]  # no change lowers the loss
    status: Int[Array, ""]  # how it ended, see `mfml.iteration`


@public
def init(dissimilarity: Float[Array, "n n"], medoids: Int[Array, " k"]) -> State:
    """Start from these medoids.

    >>> init(jnp.array([[0.0, 2.0], [2.0, 0.0]]), jnp.array([0])).loss.item()
    2.0
    """
    _check(dissimilarity, len(medoids))
    table = dissimilarity[medoids]
    return State(medoids, table, table.min(axis=0).sum())


@public
@partial(jax.jit, static_argnames="n_clusters")
def plus_plus(dissimilarity: Float[Array, "n n"], *, key: Key[Array, ""], n_clusters: int) -> Int[Array, " k"]:
    r"""Choose k medoids that lie far apart: draw the next with probability proportional to $\min_j D_{i, m_j}$.

    This is k-means++ with D instead of its square, since the loss does not contain a square. n_clusters is static.

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
        weight = jnp.where(jnp.isinf(nearest), 1, jnp.maximum(nearest, weightless))  # infinite: none chosen so far
        # samples at distance 0 from a medoid come last but may be drawn, since the k medoids must be different samples
        chosen = jax.random.categorical(key, jnp.where(taken, -jnp.inf, jnp.log(weight)))
        return (jnp.minimum(nearest, dissimilarity[chosen]), taken.at[chosen].set(True)), chosen

    start = jnp.full(n, jnp.inf, dissimilarity.dtype), jnp.zeros(n, bool)
    return lax.scan(choose_next, start, jax.random.split(key, n_clusters))[1]


@public
def swap_changes(state: State, rows: Float[Array, "m n"]) -> Float[Array, "m k"]:
    r"""Change of the loss when a candidate replaces a medoid: one row per candidate, one column per medoid.

    Let $d_i$ and $e_i$ be the dissimilarities of sample i to its nearest and second nearest medoid. A candidate at
    $r_i$ in place of medoid j changes the term of sample i by $\min(r_i, e_i) - d_i$ if j is its nearest medoid, and by
    $\min(r_i, d_i) - d_i$ otherwise. Two sums and a matrix product compute all changes.

    `rows` holds the candidates' rows of the table. With a single medoid, the change is $\sum_i r_i - d_i$.

    Raises:
        ValueError: if shapes do not match.

    Source: Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> swap_changes(init(table, jnp.array([0])), table).tolist()
    [[0.0], [-1.0], [3.0]]
    """
    require.rank("rows", rows, 2)
    require.columns("rows", rows, state.table.shape[1])
    first = state.table.min(axis=0)
    if len(state.medoids) == 1:
        return jnp.sum(rows - first, axis=1, keepdims=True)
    own = jax.nn.one_hot(state.table.argmin(axis=0), len(state.medoids), dtype=rows.dtype)
    second = jnp.where(own.T > 0, jnp.inf, state.table).min(axis=0)
    gain = jnp.minimum(rows - first, 0)
    correction = jnp.minimum(rows, second) - first - gain
    return gain.sum(axis=1)[:, None] + correction @ own


@public
def swap(state: State, dissimilarity: Float[Array, "n n"], candidates: Int[Array, " m"]) -> State:
    """Make the best swap of a medoid for one of the candidates if it lowers the loss; otherwise change nothing.

    With all samples as candidates, this is one step of PAM. The loss is NaN if a dissimilarity is.

    Raises:
        ValueError: if shapes do not match.

    Source: Kaufman and Rousseeuw (1987), partitioning around medoids; see `swap_changes`.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> swap(init(table, jnp.array([0])), table, jnp.arange(3)).medoids.tolist()
    [1]
    """
    return _swap(state, dissimilarity[candidates], candidates)


@public
def alternate(state: State, dissimilarity: Float[Array, "n n"]) -> State:
    """Assign samples to their nearest medoid, then make each cluster's most central sample its medoid.

    This is cheaper than swaps but more easily trapped in a poor local minimum. The most central sample has the smallest
    sum of dissimilarities to its cluster. Ties go to the old medoid, then to the first sample.

    Raises:
        ValueError: if shapes do not match.

    Source: Park and Jun (2009), Expert Systems with Applications 36.

    >>> table = jnp.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> alternate(init(table, jnp.array([0])), table).medoids.tolist()
    [1]
    """
    _check(dissimilarity, len(state.medoids))
    require.columns("dissimilarity", dissimilarity, state.table.shape[1])
    own = jax.nn.one_hot(_labels(state), len(state.medoids), dtype=dissimilarity.dtype, axis=0)
    cost = jnp.where(own > 0, own @ dissimilarity, jnp.inf)
    central = jnp.argmin(cost, axis=1)
    # keep the old medoid unless the new one is better by more than rounding
    members = jnp.take_along_axis(cost, state.medoids[:, None], axis=1)[:, 0]
    better = cost.min(axis=1) < members * (1 - _rounding(dissimilarity))
    medoids = jnp.where(better, central, state.medoids)
    return init(dissimilarity, medoids)


@public
def fit(
    dissimilarity: Float[Array, "n n"],
    *,
    key: Key[Array, ""] | None = None,
    n_clusters: int | None = None,
    init: str | Int[Array, " k"] = "k-medoids++",
    solver: str = "pam",
    max_iter: int = 300,
) -> KMedoids:
    r"""Find k medoids with small loss $L = \sum_i \min_j D_{i, m_j}$.

    "pam" goes through the samples block by block and makes the best swap of each block immediately, until a full round
    finds none. Then no single swap lowers the loss. "alternate" runs Voronoi iterations, see `alternate`. If any
    dissimilarity is NaN or infinite, the loss is NaN, and nothing has converged.

    Args:
        dissimilarity: table D of any non-negative measure, symmetric with a zero diagonal. Only its rows are read. For
            Euclidean distances see `distances`.
        key: for the start; not needed if `init` holds medoids.
        n_clusters: k; static; not needed if `init` holds medoids.
        init: "k-medoids++" (static), see `plus_plus`; or the indices of k different samples to start from.
        solver: "pam" or "alternate"; static.
        max_iter: largest number of steps, see `KMedoids.n_iter`; static.

    Raises:
        ValueError: unless the table is square, 1 <= n_clusters <= n, max_iter >= 1, the solver is known, and `init` is
            known or holds n_clusters medoids.

    Source: Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.

    >>> x = jnp.array([0.0, 1.0, 2.0, 7.0, 8.0, 90.0])
    >>> fit(jnp.abs(x[:, None] - x), key=jax.random.key(0), n_clusters=3).labels.tolist()
    [0, 0, 0, 1, 1, 2]
    """
    require.one_of("solver", solver, SOLVERS)
    require.positive("max_iter", max_iter)
    require.square("dissimilarity", dissimilarity)
    n = len(dissimilarity)
    if not isinstance(init, str):
        medoids = jnp.asarray(init, int)
    else:
        require.one_of("init", init, ("k-medoids++",))
        if key is None or n_clusters is None:
            raise ValueError(f"init={init!r} needs key and n_clusters")
        medoids = plus_plus(dissimilarity, key=key, n_clusters=n_clusters)
    require.rank("init", medoids, 1)
    k = len(medoids)
    require.that(n_clusters in (None, k), f"init must have n_clusters = {n_clusters} medoids; found {k}")
    require.that(1 <= k <= n, f"there must be from 1 to {n} medoids; found {k}")
    _check_indices(medoids, n)
    return _fit(dissimilarity, medoids, solver=solver, max_iter=max_iter, size=min(BLOCK, n))


def _check_indices(medoids: Array, n: int) -> None:
    """Refuse indices of no sample, where their values are known: JAX would clamp them in silence."""
    if not isinstance(medoids, jax.core.Tracer):
        known = np.asarray(medoids)
        wrong = known[(known < 0) | (known >= n)]
        require.that(len(wrong) == 0, f"init must hold indices from 0 to {n - 1}; found {wrong}")
        require.that(len(np.unique(known)) == len(known), f"init must hold different indices; found {known}")


@public
def predict(model: KMedoids, dissimilarity: Float[Array, "m n"]) -> Int[Array, " m"]:
    """Cluster of each new sample: that of the nearest medoid; ties go to the first; -1 where one of these is NaN.

    The table has one row per new sample and one column per training sample, as in scikit-learn for
    `metric="precomputed"`. Only the columns of the medoids are read.

    Raises:
        ValueError: unless the table has two axes and one column per training sample.

    >>> x, new = jnp.array([0.0, 1.0, 2.0, 8.0, 9.0]), jnp.array([6.0, 3.0])
    >>> model = fit(jnp.abs(x[:, None] - x), key=jax.random.key(0), n_clusters=2)
    >>> predict(model, jnp.abs(new[:, None] - x)).tolist()
    [1, 0]
    """
    require.rank("dissimilarity", dissimilarity, 2)
    require.columns("dissimilarity", dissimilarity, len(model.labels))
    table = dissimilarity[:, model.medoids]
    return jnp.where(jnp.isnan(table).any(axis=1), -1, jnp.argmin(table, axis=1))


class _Run(NamedTuple):
    """State of a fit."""

    state: State
    at: Array  # first candidate of the next block
    changed: Array  # whether the last step changed the medoids


@partial(jax.jit, static_argnames=("solver", "max_iter", "size"))
def _fit(dissimilarity: Array, medoids: Array, *, solver: str, max_iter: int, size: int) -> KMedoids:
    n = len(dissimilarity)
    a_round = -(-n // size)

    def unchanged(search: tuple[_Run, Array]) -> Array:
        return ~search[0].changed & (search[1] < a_round)

    def look(search: tuple[_Run, Array]) -> tuple[_Run, Array]:
        (state, at, _), looked = search
        first = jnp.minimum(at, n - size)
        rows = lax.dynamic_slice_in_dim(dissimilarity, first, size)
        new = _swap(state, rows, first + jnp.arange(size))
        return _Run(new, jnp.where(at + size >= n, 0, at + size), _differ(new, state)), looked + 1

    def advance(run: _Run, _: Array) -> _Run:
        if solver == "alternate":
            new = alternate(run.state, dissimilarity)
            return _Run(new, run.at, _differ(new, run.state))
        search = run._replace(changed=jnp.zeros((), bool)), jnp.zeros((), int)
        return lax.while_loop(unchanged, look, search)[0]

    start = _Run(init(dissimilarity, medoids), jnp.zeros((), int), jnp.ones((), bool))
    sound = jnp.isfinite(dissimilarity).all()
    run, report = iteration.run(
        advance,
        start,
        max_iter=max_iter,
        objective=lambda run: jnp.where(sound, run.state.loss, jnp.nan),
        converged=lambda run: ~run.changed,
    )
    final = init(dissimilarity, jnp.sort(run.state.medoids))
    return KMedoids(final.medoids, _labels(final), jnp.where(sound, final.loss, jnp.nan), *report)


def _differ(new: State, old: State) -> Array:
    return jnp.any(new.medoids != old.medoids)


def _check(dissimilarity: Array, n_clusters: int) -> None:
    require.square("dissimilarity", dissimilarity)
    require.between("n_clusters", n_clusters, 1, len(dissimilarity))


def _rounding(table: Array) -> float:
    """Relative change of a sum that rounding alone can cause."""
    return 8 * float(jnp.finfo(table.dtype).eps)


def _labels(state: State) -> Array:
    """Nearest medoid; a medoid belongs to its own cluster even if another lies at distance 0."""
    k = len(state.medoids)
    return jnp.argmin(state.table, axis=0).at[state.medoids].set(jnp.arange(k))


def _swap(state: State, rows: Array, candidates: Array) -> State:
    change = swap_changes(state, rows)
    best = jnp.argmin(change)
    candidate, medoid = jnp.divmod(best, change.shape[1])
    table = state.table.at[medoid].set(rows[candidate])
    swapped = State(state.medoids.at[medoid].set(candidates[candidate]), table, table.min(axis=0).sum())
    # sample by sample: the loss itself may be large, and its rounding with it
    changes = table.min(axis=0) - state.table.min(axis=0)
    worth = jnp.sum(changes) < -_rounding(rows) * jnp.sum(jnp.abs(changes))
    found = jax.tree.map(lambda new, old: jnp.where(worth, new, old), swapped, state)
    return found._replace(loss=jnp.where(jnp.isnan(change).any(), jnp.nan, found.loss))
