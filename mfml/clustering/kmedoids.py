r"""k-medoids: clusters around samples, from dissimilarities alone. Shapes: n samples, k clusters, m candidates.

Minimizes $L = \sum_i \min_j D_{i, m_j}$ over the choice of k samples, the medoids m. D may be any symmetric table of
dissimilarities. Since no mean is taken, outliers have less influence than in k-means, and the samples can be spectra,
graphs or words as well as points. With weights of samples, the terms of the sum are weighted. The steps, `init`,
`plus_plus`, `swap` and `alternate`, come from `kmedoids_steps`.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.clustering.kmedoids_steps import State, alternate, init, plus_plus, swap, swap_changes, swap_rows
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.absent import present_columns
from mfml.numerics.domain import NON_NEGATIVE, checked

__all__ = [
    "SOLVERS",
    "KMedoids",
    "State",
    "alternate",
    "fit",
    "init",
    "plus_plus",
    "predict",
    "swap",
    "swap_changes",
    "swap_rows",
]

SOLVERS = ("pam", "alternate")
BLOCK = 128  # candidates evaluated together


class KMedoids(NamedTuple):
    """Fitted clusters, ordered by the index of their medoid."""

    medoids: Int[Array, " k"]  # indices of samples, increasing
    labels: Int[Array, " n"]  # cluster of each sample, 0 to k - 1; -1 where a dissimilarity to a medoid is NaN
    loss: Float[Array, ""]  # (weighted) sum of dissimilarities to the nearest medoid, in units of D
    history: Float[Array, " steps"]  # loss at the start and after each step, then NaN; max_iter + 1 entries
    n_iter: Int[Array, ""]  # swaps for "pam", rounds for "alternate"; after convergence, the last one changed nothing
    converged: Bool[Array, ""]  # no change lowers the loss
    status: Int[Array, ""]  # how it ended, see `mfml.iteration`


@public
@checked(weights=NON_NEGATIVE)
def fit(
    dissimilarity: Float[Array, "n n"],
    *,
    weights: Float[Array, " n"] | None = None,
    key: Key[Array, ""] | None = None,
    n_clusters: int | None = None,
    init: str | Int[Array, " k"] = "k-medoids++",
    solver: str = "pam",
    max_iter: int = 300,
) -> KMedoids:
    r"""Find k medoids with small loss $L = \sum_i w_i \min_j D_{i, m_j}$.

    "pam" goes through the samples block by block and makes the best swap of each block immediately, until a full round
    finds none. Then no single swap lowers the loss. "alternate" runs Voronoi iterations, see `alternate`. If any
    dissimilarity is NaN or infinite, the loss is NaN, and nothing has converged.

    Args:
        dissimilarity: table D of any non-negative measure, symmetric with a zero diagonal. Only its rows are read. For
            Euclidean distances see `distances`.
        weights: of the samples, not negative; all 1 by default. A sample of weight 0 is absent.
        key: for the start; not needed if `init` holds medoids.
        n_clusters: k; static; not needed if `init` holds medoids.
        init: "k-medoids++" (static), see `plus_plus`; or the indices of k different samples to start from.
        solver: "pam" or "alternate"; static.
        max_iter: largest number of steps, see `KMedoids.n_iter`; static.

    Raises:
        ValueError: unless the table is square, 1 <= n_clusters <= n, max_iter >= 1, the solver is known, `init` is
            known or holds n_clusters medoids, and no weight is negative.

    Source: Schubert and Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.

    >>> x = jnp.array([0.0, 1.0, 2.0, 7.0, 8.0, 90.0])
    >>> fit(jnp.abs(x[:, None] - x), key=jax.random.key(0), n_clusters=3).labels.tolist()
    [0, 0, 0, 1, 1, 2]
    """
    require.one_of("solver", solver, SOLVERS)
    require.positive("max_iter", max_iter)
    require.square("dissimilarity", dissimilarity)
    require.same_length(dissimilarity=dissimilarity, weights=weights)
    n = len(dissimilarity)
    if not isinstance(init, str):
        medoids = jnp.asarray(init, int)
    else:
        require.one_of("init", init, ("k-medoids++",))
        if key is None or n_clusters is None:
            raise ValueError(f"init={init!r} needs key and n_clusters")
        medoids = plus_plus(dissimilarity, key=key, n_clusters=n_clusters, weights=weights)
    require.rank("init", medoids, 1)
    k = len(medoids)
    require.that(n_clusters in (None, k), f"init must have n_clusters = {n_clusters} medoids; found {k}")
    require.that(1 <= k <= n, f"there must be from 1 to {n} medoids; found {k}")
    _check_indices(medoids, n, weights)
    return _fit(dissimilarity, medoids, weights, solver=solver, max_iter=max_iter, size=min(BLOCK, n))


def _check_indices(medoids: Array, n: int, weights: Array | None) -> None:
    """Refuse indices of no sample, where their values are known: JAX would clamp them in silence."""
    if weights is not None and not isinstance(weights, jax.core.Tracer):
        count = int(np.sum(np.asarray(weights) > 0))
        require.that(len(medoids) <= count, f"there must be at most {count} medoids, one per weight above 0")
    if not isinstance(medoids, jax.core.Tracer):
        known = np.asarray(medoids)
        wrong = known[(known < 0) | (known >= n)]
        require.that(len(wrong) == 0, f"init must hold indices from 0 to {n - 1}; found {wrong}")
        require.that(len(np.unique(known)) == len(known), f"init must hold different indices; found {known}")
        if weights is not None and not isinstance(weights, jax.core.Tracer):
            absent = known[np.asarray(weights)[known] == 0]
            require.that(len(absent) == 0, f"init must hold samples of positive weight; found {absent}")


@public
@jax.jit
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
    return _nearest(dissimilarity[:, model.medoids].T)


class _Run(NamedTuple):
    """State of a fit."""

    state: State
    at: Array  # first candidate of the next block
    changed: Array  # whether the last step changed the medoids


@partial(jax.jit, static_argnames=("solver", "max_iter", "size"))
def _fit(given: Array, medoids: Array, weights: Array | None, *, solver: str, max_iter: int, size: int) -> KMedoids:
    dissimilarity = present_columns(weights, present_columns(weights, given).T).T
    n, unit = len(dissimilarity), 1.0 if weights is None else scaling.unit(weights)
    weights = None if weights is None else weights / unit
    a_round = -(-n // size)

    def unchanged(search: tuple[_Run, Array]) -> Array:
        return ~search[0].changed & (search[1] < a_round)

    def look(search: tuple[_Run, Array]) -> tuple[_Run, Array]:
        (state, at, _), looked = search
        first = jnp.minimum(at, n - size)
        rows = lax.dynamic_slice_in_dim(dissimilarity, first, size)
        new = swap_rows(state, rows, first + jnp.arange(size), weights=weights)
        return _Run(new, jnp.where(at + size >= n, 0, at + size), _differ(new, state)), looked + 1

    def advance(run: _Run, _: Array) -> _Run:
        if solver == "alternate":
            new = alternate(run.state, dissimilarity, weights=weights)
            return _Run(new, run.at, _differ(new, run.state))
        search = run._replace(changed=jnp.zeros((), bool)), jnp.zeros((), int)
        return lax.while_loop(unchanged, look, search)[0]

    start = _Run(init(dissimilarity, medoids, weights=weights), jnp.zeros((), int), jnp.ones((), bool))
    sound = jnp.isfinite(dissimilarity).all()
    run, report = iteration.run(
        advance,
        start,
        max_iter=max_iter,
        objective=lambda run: jnp.where(sound, run.state.loss * unit, jnp.nan),
        converged=lambda run: ~run.changed,
    )
    final = init(dissimilarity, jnp.sort(run.state.medoids), weights=weights)
    labels = _nearest(given[final.medoids]).at[final.medoids].set(jnp.arange(len(medoids)))
    return KMedoids(final.medoids, labels, jnp.where(sound, final.loss * unit, jnp.nan), *report)


def _differ(new: State, old: State) -> Array:
    return jnp.any(new.medoids != old.medoids)


def _nearest(table: Array) -> Array:
    """Nearest medoid from the rows of the medoids; -1 where one of the dissimilarities is NaN."""
    return jnp.where(jnp.isnan(table).any(axis=0), -1, jnp.argmin(table, axis=0))
