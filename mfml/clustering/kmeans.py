r"""k-means by Lloyd's iteration. Shapes: n samples, d features, k clusters.

Minimizes the inertia $J = \sum_i \min_j \|x_i - \mu_j\|^2$ by turns: each sample goes to its nearest centroid,
each centroid to the mean of its samples. Neither raises J, so J falls until nothing changes, at a local
minimum that depends on the start. All work is done on centered data, block by block (see `blocks`).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.clustering import blocks, distances, seeding
from mfml.clustering.blocks import Blocks

BLOCK = 1024  # samples a block: the tables of a pass stay in the cache


class State(NamedTuple):
    """Where Lloyd's iteration is."""

    centroids: Float[Array, "k d"]
    counts: Float[Array, " k"]  # samples that each centroid was the mean of; 0 before the first step
    inertia: Float[Array, ""]  # of the centroids BEFORE the last step; infinite before the first
    shift: Float[Array, ""]  # squared length of the last step, summed over centroids; infinite before the first


class KMeans(NamedTuple):
    """Fitted clusters, ordered by their centroids: by the first coordinate, then the second, and so on."""

    centroids: Float[Array, "k d"]
    labels: Int[Array, " n"]  # nearest centroid of each training sample, 0 to k - 1
    counts: Int[Array, " k"]  # samples of each cluster
    inertia: Float[Array, ""]  # sum of squared distances to the nearest centroid, squared units of x
    history: Float[Array, " steps"]  # inertia before each step, then NaN; max_iter entries
    n_iter: Int[Array, ""]  # steps taken
    converged: Bool[Array, ""]  # the last step was no longer than tol, or than rounding


def assign(x: Float[Array, "n d"], centroids: Float[Array, "k d"]) -> Int[Array, " n"]:
    r"""Index of the nearest centroid, $\arg\min_j \|x_i - \mu_j\|^2$; the lower index where two are as near.

    Raises:
        ValueError: unless both have two axes and as many features.

    Source: Bishop (2006), equation 9.2.

    >>> assign(jnp.array([[0.0], [9.0], [5.0]]), jnp.array([[0.0], [10.0]])).tolist()
    [0, 1, 0]
    """
    return jnp.argmin(distances.squared_euclidean(x, centroids), axis=1)


def update(x: Float[Array, "n d"], labels: Int[Array, " n"], centroids: Float[Array, "k d"]) -> Float[Array, "k d"]:
    r"""Mean of the samples of each cluster; a cluster without samples keeps its centroid.

    Raises:
        ValueError: where shapes do not fit.

    Source: Bishop (2006), equation 9.4.

    >>> update(jnp.array([[0.0], [2.0]]), jnp.array([0, 0]), jnp.array([[5.0], [7.0]])).tolist()
    [[1.0], [7.0]]
    """
    _check(x, centroids)
    require.same_length(x=x, labels=labels)
    member = jax.nn.one_hot(labels, len(centroids), dtype=x.dtype, axis=0)
    counts = member.sum(axis=1, keepdims=True)
    return jnp.where(counts > 0, member @ x / jnp.maximum(counts, 1), centroids)


def init(centroids: Float[Array, "k d"]) -> State:
    """Start from these centroids.

    >>> init(jnp.zeros((2, 1))).shift.item()
    inf
    """
    endless = jnp.full((), jnp.inf, centroids.dtype)
    return State(centroids, jnp.zeros_like(centroids[:, 0]), endless, endless)


def step(state: State, x: Float[Array, "n d"]) -> State:
    """One step of Lloyd's iteration: assign all samples, then move each centroid to the mean of its own.

    An empty cluster keeps its centroid; `fit` moves it, see `relocate`.

    Raises:
        ValueError: where shapes do not fit.

    Source: Lloyd (1982), IEEE Transactions on Information Theory 28; Bishop (2006), section 9.1.

    >>> first = step(init(jnp.array([[0.0], [9.0]])), jnp.array([[0.0], [2.0], [8.0]]))
    >>> first.centroids.tolist(), first.inertia.item()
    ([[1.0], [8.0]], 5.0)
    """
    _check(x, state.centroids)
    return _step(state, _split(x))


def relocate(centroids: Float[Array, "k d"], counts: Float[Array, " k"], x: Float[Array, "n d"]) -> Float[Array, "k d"]:
    """Move each centroid without samples to a sample far from all centroids.

    The first empty cluster gets the sample farthest from its nearest centroid, the second the next, and so
    on. Samples that lie on a centroid, but for rounding, are not taken: a cluster stays empty where there are
    fewer distinct samples than clusters.

    Raises:
        ValueError: where shapes do not fit.

    >>> relocate(jnp.array([[0.0], [7.0]]), jnp.array([3.0, 0.0]), jnp.array([[0.0], [1.0], [2.0]])).tolist()
    [[0.0], [2.0]]
    """
    _check(x, centroids)
    require.same_length(counts=counts, centroids=centroids)
    empty = counts == 0
    to_own = jnp.where(empty, jnp.inf, distances.squared_euclidean(x, centroids)).min(axis=1)
    far, which = lax.top_k(to_own, min(len(centroids), len(x)))
    place = jnp.clip(jnp.cumsum(empty) - 1, 0, len(far) - 1)
    rounding = 32 * jnp.finfo(x.dtype).eps * jnp.sum((x - x.mean(axis=0)) ** 2, axis=1).max()
    return jnp.where((empty & (far[place] > rounding))[:, None], x[which[place]], centroids)


@partial(jax.jit, static_argnames=("n_clusters", "n_init", "init", "max_iter"))
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_clusters: int,
    n_init: int = 1,
    init: str = "k-means++",
    max_iter: int = 300,
    tol: ArrayLike = 1e-4,
) -> KMeans:
    r"""Find k centroids with small inertia $J = \sum_i \min_j \|x_i - \mu_j\|^2$.

    Of `n_init` starts, which run side by side, the one with the smallest inertia is returned. A cluster that
    loses all its samples is moved to the sample farthest from its centroid (see `relocate`), so that no
    cluster of the result is empty unless there are fewer distinct samples than clusters.

    Args:
        x: samples.
        key: for the starts.
        n_clusters: k; static.
        n_init: number of starts; static.
        init: "k-means++" (see `seeding.plus_plus`) or "random" (k different samples); static.
        max_iter: largest number of steps of each start; static.
        tol: squared length of a step, summed over centroids, that counts as none; in units of the mean
            variance of the features. 0 goes on until nothing changes but by rounding.

    Raises:
        ValueError: unless x has two axes, 1 <= n_clusters <= n, n_init >= 1, max_iter >= 1 and the method
            is known.

    Source: Bishop (2006), section 9.1; Arthur and Vassilvitskii (2007), k-means++.

    >>> x = jnp.array([[0.0], [1.0], [9.0], [10.0]])
    >>> model = fit(x, key=jax.random.key(0), n_clusters=2)
    >>> model.centroids.tolist(), model.labels.tolist(), model.inertia.item()
    ([[0.5], [9.5]], [0, 0, 1, 1], 1.0)
    """
    require.rank("x", x, 2)
    require.positive("n_init", n_init)
    start = partial(seeding.choose, x, n_clusters=n_clusters, init=init)
    starts = jax.vmap(lambda key: start(key=key))(jax.random.split(key, n_init))
    return _best(x, starts, max_iter, tol)


@partial(jax.jit, static_argnames="max_iter")
def fit_from(
    x: Float[Array, "n d"], centroids: Float[Array, "k d"], *, max_iter: int = 300, tol: ArrayLike = 1e-4
) -> KMeans:
    """Find clusters from given centroids. Everything else is as for `fit`.

    Raises:
        ValueError: where shapes do not fit, or max_iter < 1.

    >>> x = jnp.array([[0.0], [1.0], [9.0], [10.0]])
    >>> [round(value, 2) for value in fit_from(x, jnp.array([[0.0], [1.0]])).history[:3].tolist()]
    [145.0, 17.56, 1.0]
    """
    _check(x, centroids)
    return _best(x, centroids[None], max_iter, tol)


def predict(model: KMeans, x: Float[Array, "m d"]) -> Int[Array, " m"]:
    """Cluster of each sample: that of the nearest centroid, see `assign`.

    >>> model = fit(jnp.array([[0.0], [1.0], [9.0]]), key=jax.random.key(0), n_clusters=2)
    >>> predict(model, jnp.array([[7.0]])).tolist()
    [1]
    """
    return assign(x, model.centroids)


def transform(model: KMeans, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Distance of each sample to each centroid, in units of x.

    >>> model = fit(jnp.array([[0.0], [1.0], [9.0]]), key=jax.random.key(0), n_clusters=2)
    >>> transform(model, jnp.array([[7.0]])).tolist()
    [[6.5, 2.0]]
    """
    return distances.euclidean(x, model.centroids)


def ordered(centroids: Float[Array, "k d"]) -> Int[Array, " k"]:
    """Order of centroids by the first coordinate, then the second, and so on.

    >>> ordered(jnp.array([[2.0, 0.0], [1.0, 5.0], [1.0, 4.0]])).tolist()
    [2, 1, 0]
    """
    return jnp.lexsort(centroids.T[::-1])


def _check(x: Array, centroids: Array) -> None:
    require.rank("x", x, 2)
    require.rank("centroids", centroids, 2)
    require.same_length(features_of_x=x.T, features_of_centroids=centroids.T)
    require.that(x.size > 0, f"x must have samples and features; found shape {x.shape}")
    require.that(len(centroids) > 0, f"there must be at least one centroid; found shape {centroids.shape}")


def _split(x: Array) -> Blocks:
    """Samples (d + 1, s) in blocks, with a last feature 1: a sum over samples ends with their count."""
    return blocks.split(jnp.concatenate([x, jnp.ones_like(x[:, :1])], axis=1), size=BLOCK)


def _distances(centroids: Array, with_one: Array) -> Array:
    r"""Squared distances (k, s) but for $\|x\|^2$, which has no part in the choice: one matrix product."""
    return jnp.concatenate([-2 * centroids, jnp.sum(centroids**2, axis=1, keepdims=True)], axis=1) @ with_one


def _nearest(table: Array) -> tuple[Array, Array]:
    """Smallest entry of each column and its first row, by plain minima: faster than argmin."""
    smallest = table.min(axis=0)
    rows = jnp.arange(len(table), dtype=table.dtype)[:, None]
    return smallest, jnp.where(table <= smallest, rows, len(table)).min(axis=0)


def _step(state: State, data: Blocks) -> State:
    centroids = state.centroids
    k, d = centroids.shape
    rows = jnp.arange(k, dtype=centroids.dtype)[:, None]

    def one_block(total: tuple[Array, Array], block: Blocks) -> tuple[tuple[Array, Array], None]:
        smallest, label = _nearest(_distances(centroids, block.x))
        member = (label == rows).astype(centroids.dtype)
        sums = lax.dot_general(member, block.x, (((1,), (1,)), ((), ())))
        squared = jnp.maximum(smallest + jnp.sum(block.x[:-1] ** 2, axis=0), 0) * block.valid
        return (total[0] + sums, total[1] + squared.sum()), None

    zero = jnp.zeros((k, d + 1), centroids.dtype), jnp.zeros((), centroids.dtype)
    (sums, inertia), _ = lax.scan(one_block, zero, data)
    counts = sums[:, -1]
    moved = jnp.where(counts[:, None] > 0, sums[:, :-1] / jnp.maximum(counts, 1)[:, None], centroids)
    return State(moved, counts, inertia, jnp.sum((moved - centroids) ** 2))


class _Run(NamedTuple):
    """One start on its way."""

    state: State
    n_iter: Array
    history: Array
    stuck: Array  # there are empty clusters, and no sample to give them


def _descend(centroids: Array, x: Array, data: Blocks, max_iter: int, tol: Array) -> _Run:
    """Iterate from one start. The inner loop ends early, which is rare, where a cluster loses its samples."""

    def goes_on(run: _Run) -> Array:
        state = run.state
        settled = jnp.isinf(state.shift) | jnp.all(state.counts > 0) | run.stuck
        return (run.n_iter < max_iter) & (state.shift > tol) & settled

    def advance(run: _Run) -> _Run:
        state = _step(run.state, data)
        return run._replace(state=state, n_iter=run.n_iter + 1, history=run.history.at[run.n_iter].set(state.inertia))

    def unfinished(run: _Run) -> Array:
        lacking = jnp.any(run.state.counts == 0) & ~run.stuck
        return (run.n_iter < max_iter) & (jnp.isinf(run.state.shift) | lacking)

    def repair(run: _Run) -> _Run:
        fresh = jnp.isinf(run.state.shift)
        moved = relocate(run.state.centroids, jnp.where(fresh, 1, run.state.counts), x)
        stuck = ~fresh & jnp.all(moved == run.state.centroids)
        state = jax.tree.map(lambda old, new: jnp.where(stuck, old, new), run.state, init(moved))
        return lax.while_loop(goes_on, advance, run._replace(state=state, stuck=stuck))

    history = jnp.full(max_iter, jnp.nan, x.dtype)
    start = _Run(init(centroids), jnp.zeros((), int), history, jnp.zeros((), bool))
    return lax.while_loop(unfinished, repair, start)


def _best(x: Array, starts: Array, max_iter: int, tol: ArrayLike) -> KMeans:
    """Iterate from all starts (r, k, d) side by side and keep the one with the smallest inertia."""
    require.positive("max_iter", max_iter)
    mean = x.mean(axis=0)
    centered = x - mean
    rounding = starts.shape[1] * jnp.finfo(x.dtype).eps ** 2 * jnp.sum(centered**2, axis=1).max()
    allowed = jnp.maximum(jnp.asarray(tol) * jnp.mean(centered**2), rounding)
    data = _split(centered)
    run = partial(_descend, x=centered, data=data, max_iter=max_iter, tol=allowed)
    runs = jax.vmap(run)(starts - mean)
    final = jax.vmap(lambda state: _step(state, data).inertia)(runs.state)
    best = jax.tree.map(lambda leaf: leaf[jnp.argmin(final)], runs)
    centroids = best.state.centroids
    centroids = centroids[ordered(centroids)]
    label = blocks.join(lax.map(lambda block: _nearest(_distances(centroids, block))[1], data.x), len(x))
    label = label.astype(int)
    counts = jnp.zeros(len(centroids), int).at[label].add(1)
    inertia = jnp.sum((centered - centroids[label]) ** 2)
    converged = best.state.shift <= allowed
    return KMeans(centroids + mean, label, counts, inertia, best.history, best.n_iter, converged)
