r"""k-means by Lloyd's iteration. Shapes: n samples, d features, k clusters.

Minimizes the inertia $J = \sum_i \min_j \|x_i - \mu_j\|^2$ by two alternating steps: assign each sample to its nearest
centroid, then move each centroid to the mean of its samples. Neither step raises J. The iteration ends at a local
minimum, which depends on the start. Each pass goes through the data block by block (see `lloyd`).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, Num

from mfml import iteration, require
from mfml.clustering import lloyd, seeding
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import branches, distances, nearest, scaling, sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.labels import in_range
from mfml.xla import rewrite


class State(NamedTuple):
    """State of Lloyd's iteration. One pass over the data computes everything that depends on the centroids."""

    centroids: Float[Array, "k d"]
    means: Float[Array, "k d"]  # of the samples nearest to each centroid; the centroid itself if there are none
    counts: Float[Array, " k"]  # number of samples nearest to each centroid
    inertia: Float[Array, ""]  # sum of squared distances to the nearest centroid, squared units of x
    shift: Float[Array, ""]  # squared length of the last step, summed over centroids; infinite before the first


class KMeans(NamedTuple):
    """Fitted clusters, ordered by their centroids: by the first coordinate, then the second, and so on."""

    centroids: Float[Array, "k d"]
    labels: Int[Array, " n"]  # nearest centroid of each training sample, see `assign`
    counts: Num[Array, " k"]  # number of samples in each cluster, or the sum of their weights
    inertia: Float[Array, ""]  # (weighted) sum of squared distances to the nearest centroid, squared units of x
    history: Float[Array, " steps"]  # inertia at the start and after each step, then NaN; max_iter + 1 entries
    n_iter: Int[Array, ""]  # number of steps
    converged: Bool[Array, ""]  # the last step was within tol or within rounding
    status: Int[Array, ""]  # how it ended, see `mfml.iteration`


@public
def assign(x: Float[Array, "n d"], centroids: Float[Array, "k d"]) -> Int[Array, " n"]:
    r"""Index of the nearest centroid, $\arg\min_j \|x_i - \mu_j\|^2$; ties go to the lower index.

    It is -1 where no distance is known, since the sample holds a NaN.

    Raises:
        ValueError: unless both have two axes and the same number of features.

    Source: Bishop (2006), equation 9.2.

    >>> assign(jnp.array([[0.0], [9.0], [5.0]]), jnp.array([[0.0], [10.0]])).tolist()
    [0, 1, 0]
    """
    _check(x, centroids)
    return nearest.labels_of_rows(x, centroids)


@public
def update(x: Float[Array, "n d"], labels: Int[Array, " n"], centroids: Float[Array, "k d"]) -> Float[Array, "k d"]:
    r"""Mean of the samples of each cluster; a cluster without samples keeps its centroid.

    Raises:
        ValueError: if shapes do not match, and for a label that is not from 0 to k - 1 (NaN within compiled code).

    Source: Bishop (2006), equation 9.4.

    >>> update(jnp.array([[0.0], [2.0]]), jnp.array([0, 0]), jnp.array([[5.0], [7.0]])).tolist()
    [[1.0], [7.0]]
    """
    _check(x, centroids)
    require.same_length(x=x, labels=labels)
    return _updated(x, labels, centroids, in_range(labels, len(centroids)))


@public
def init(x: Float[Array, "n d"], centroids: Float[Array, "k d"]) -> State:
    """Start from these centroids.

    Raises:
        ValueError: if shapes do not match.

    >>> init(jnp.array([[0.0], [2.0], [8.0]]), jnp.array([[0.0], [9.0]])).means.tolist()
    [[1.0], [8.0]]
    """
    _check(x, centroids)
    return _in_units(x, centroids, jnp.full((), jnp.inf, centroids.dtype))


@public
def step(state: State, x: Float[Array, "n d"]) -> State:
    """Move each centroid to the mean of its samples, then assign all samples to their nearest centroid.

    An empty cluster keeps its centroid; `fit` moves it, see `relocate`.

    Raises:
        ValueError: if shapes do not match.

    Source: Lloyd (1982), IEEE Transactions on Information Theory 28; Bishop (2006), section 9.1.

    >>> x = jnp.array([[0.0], [2.0], [8.0]])
    >>> start = init(x, jnp.array([[0.0], [9.0]]))
    >>> round(start.inertia.item(), 4), round(step(start, x).inertia.item(), 4)
    (5.0, 2.0)
    """
    _check(x, state.centroids)
    return _in_units(x, state.means, jnp.sum((state.means - state.centroids) ** 2))


@public
@jax.jit
def relocate(centroids: Float[Array, "k d"], counts: Float[Array, " k"], x: Float[Array, "n d"]) -> Float[Array, "k d"]:
    """Move each centroid without samples to a sample far from all centroids.

    The first empty cluster gets the sample farthest from its nearest centroid, the second the next, and so on.
    Samples that coincide with a centroid, up to rounding, are not used. A cluster therefore stays empty if there are
    fewer distinct samples than clusters.

    Raises:
        ValueError: if shapes do not match.

    >>> relocate(jnp.array([[0.0], [7.0]]), jnp.array([3.0, 0.0]), jnp.array([[0.0], [1.0], [2.0]])).tolist()
    [[0.0], [2.0]]
    """
    _check(x, centroids)
    require.same_length(counts=counts, centroids=centroids)
    empty = counts == 0
    n, size = len(x), min(lloyd.BLOCK, len(x))

    def fill(i: Array, to_own: Array) -> Array:
        at = jnp.minimum(i * size, n - size)
        rows = lax.dynamic_slice_in_dim(x, at, size)  # block by block, so that nothing is computed before it is needed
        apart = jnp.where(empty, jnp.inf, distances.euclidean(rows, centroids)).min(axis=1)
        rounding = 32 * jnp.finfo(x.dtype).eps * jnp.abs(rows).max(axis=1)
        return lax.dynamic_update_slice_in_dim(to_own, jnp.where(apart <= rounding, 0, apart), at, 0)

    to_own = lax.fori_loop(0, -(-n // size), fill, jnp.zeros_like(x[:, 0]))
    far, which = lax.top_k(to_own, min(len(centroids), len(x)))
    place = jnp.clip(jnp.cumsum(empty) - 1, 0, len(far) - 1)
    moves = empty & ~(far[place] <= 0)  # NaN moves, too, and shows
    found = jnp.where(moves[:, None], x[which[place]], centroids)
    return jnp.where(jnp.isnan(counts)[:, None], jnp.nan, found)


@public
@checked(weights=NON_NEGATIVE)
def fit(
    x: Float[Array, "n d"],
    *,
    weights: Float[Array, " n"] | None = None,
    key: Key[Array, ""] | None = None,
    n_clusters: int | None = None,
    n_init: int = 1,
    init: str | Float[Array, "k d"] = "k-means++",
    max_iter: int = 300,
    tol: ArrayLike = 1e-4,
) -> KMeans:
    r"""Find k centroids with small inertia $J = \sum_i \min_j \|x_i - \mu_j\|^2$.

    The `n_init` starts run in parallel, and the result with the smallest inertia is returned. A cluster that loses all
    its samples is moved to a sample far from all centroids (see `relocate`). The result therefore has no empty cluster,
    unless there are fewer distinct samples than clusters. Squares have one unit for all samples: beside one that is
    1e19 times larger, in single precision, the others count as equal.

    Args:
        x: samples.
        weights: $w_i$ of the samples, not negative; all 1 by default. The inertia is then
            $\sum_i w_i \min_j \|x_i - \mu_j\|^2$; a sample of weight 0 is absent. If all are 0, the result is NaN.
        key: for the starts; not needed if `init` holds centroids.
        n_clusters: k; static; not needed if `init` holds centroids.
        n_init: number of starts; static.
        init: "k-means++" (see `seeding.plus_plus`) or "random" (k different samples), both static; or the centroids
            to start from.
        max_iter: largest number of steps of each start; static.
        tol: converged when the squared length of a step, summed over the centroids, is at most tol times the mean
            variance of the features. Where some clusters are some hundred times smaller than the distances between
            them, the step of each is also at most tol times its own variance. With 0, the iteration ends only at
            rounding level.

    Raises:
        ValueError: unless x has two axes, 1 <= n_clusters <= n, n_init >= 1, max_iter >= 1, `init` is known or has the
            features of x, and no weight is negative.

    Source: Bishop (2006), section 9.1; Arthur and Vassilvitskii (2007), k-means++.

    >>> x = jnp.array([[0.0], [1.0], [9.0], [10.0]])
    >>> model = fit(x, key=jax.random.key(0), n_clusters=2)
    >>> model.centroids.tolist(), model.labels.tolist(), model.inertia.item()
    ([[0.5], [9.5]], [0, 0, 1, 1], 1.0)
    >>> [round(value, 2) for value in fit(x, init=x[:2]).history[:3].tolist()]
    [145.0, 17.56, 1.0]
    """
    require.same_length(x=x, weights=weights)
    require.positive("max_iter", max_iter)
    starts = seeding.starts(x, key=key, n_clusters=n_clusters, n_init=n_init, init=init, weights=weights)
    method = partial(_fit, max_iter=max_iter)
    if isinstance(starts, jax.core.Tracer):  # compiled in any case, and as quick where care is not needed
        return method(x, starts, tol, weights, careful=True)[0]
    return branches.quick_or_careful(method, x, starts, tol, weights)


@public
def predict(model: KMeans, x: Float[Array, "m d"]) -> Int[Array, " m"]:
    """Cluster of each sample: that of the nearest centroid, see `assign`.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> model = fit(jnp.array([[0.0], [1.0], [9.0]]), key=jax.random.key(0), n_clusters=2)
    >>> predict(model, jnp.array([[7.0]])).tolist()
    [1]
    """
    require.columns("x", x, model.centroids.shape[1])
    return assign(x, model.centroids)


@public
@jax.jit
def transform(model: KMeans, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Distance of each sample to each centroid, in units of x.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> model = fit(jnp.array([[0.0], [1.0], [9.0]]), key=jax.random.key(0), n_clusters=2)
    >>> transform(model, jnp.array([[7.0]])).tolist()
    [[6.5, 2.0]]
    """
    require.columns("x", x, model.centroids.shape[1])
    return distances.euclidean(x, model.centroids)


@public
@jax.jit
def ordered(centroids: Float[Array, "k d"]) -> Int[Array, " k"]:
    """Order of centroids by the first coordinate, then the second, and so on.

    >>> ordered(jnp.array([[2.0, 0.0], [1.0, 5.0], [1.0, 4.0]])).tolist()
    [2, 1, 0]
    """

    def compare(sign: Array, column: Array) -> tuple[Array, None]:
        larger, smaller = column[:, None] > column, column[:, None] < column
        return jnp.where(sign == 0, larger.astype(int) - smaller, sign), None

    k = len(centroids)
    sign, _ = lax.scan(compare, jnp.zeros((k, k), int), centroids.T)  # far less to compile than `lexsort`
    each = jnp.arange(k)
    rank = jnp.sum((sign > 0) | ((sign == 0) & (each < each[:, None])), axis=1)
    return jnp.zeros_like(each).at[rank].set(each)


def _check(x: Array, centroids: Array) -> None:
    require.rank("x", x, 2)
    require.rank("centroids", centroids, 2)
    require.same_length(x=(x, 1), centroids=(centroids, 1))
    require.that(x.size > 0, f"x must have samples and features; found shape {x.shape}")
    require.that(len(centroids) > 0, f"there must be at least one centroid; found shape {centroids.shape}")


@jax.custom_jvp
@jax.jit
def _in_units(x: Array, centroids: Array, shift: Array) -> State:
    """One pass over data of any unit and origin."""
    unit = distances.unit(x, centroids)
    found = lloyd.one_pass(lloyd.prepared(x / unit), nearest.spread_nan(centroids) / unit)
    return State(centroids, found.means * unit, found.counts, found.inertia * unit * unit, shift)


@_in_units.defjvp
def _(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[State, State]:
    """The derivative at these labels: a loop of unknown length has none in reverse."""
    labels, _, unit = nearest.of_rows(*primals[:2])

    def at_labels(x: Array, centroids: Array, shift: Array) -> State:
        means, counts = _means(x, labels, centroids)
        inertia = jnp.sum(((x - centroids[labels]) / unit) ** 2) * unit * unit
        return State(centroids, means, counts, inertia, shift)

    return _in_units(*primals), jax.jvp(at_labels, primals, tangents)[1]


@jax.jit
def _updated(x: Array, labels: Array, centroids: Array, known: Array) -> Array:
    return jnp.where(known, _means(x, labels, centroids)[0], jnp.nan)


def _means(x: Array, labels: Array, centroids: Array) -> tuple[Array, Array]:
    """Mean and number of the samples of each cluster: a mean near them, then the mean of what is left."""
    k = len(centroids)
    counts = sums.by_label(jnp.ones_like(x[:, :1]), labels, n_labels=k)
    share = 1 / jnp.maximum(counts, 1)
    near = sums.by_label(x, labels, n_labels=k) * share
    means = near + sums.by_label(x - near[labels], labels, n_labels=k) * share
    return jnp.where(counts > 0, means, centroids), counts[:, 0]


class _Turn(NamedTuple):
    """State of `fit`: centroids, and what one pass finds for them."""

    centroids: Array
    found: lloyd.Pass
    settled: Array  # the last step was small
    stuck: Array  # some clusters are empty, and no sample can fill them


def _descend(
    centroids: Array, *, data: lloyd.Data, max_iter: int, tol: ArrayLike, careful: bool
) -> tuple[_Turn, iteration.Report]:
    """Iterate from one start; without care, not beyond a pass that is unclear or leaves a cluster empty."""

    def advance(last: _Turn, _: Array) -> _Turn:
        means, counts = last.found.means, last.found.counts
        full = jnp.all(counts > 0)
        goal = means
        if careful:
            goal = branches.if_needed(~full, lambda means: relocate(means, counts, data.x), means, means)
        found = lloyd.one_pass(data, goal, careful=careful)
        moved = jnp.sum((goal - last.centroids) ** 2, axis=1)
        short = jnp.sum(moved) <= jnp.maximum(tol * data.variance, jnp.sum(found.rounding))
        each = ~found.unclear | jnp.all(moved <= jnp.maximum(tol * found.within, found.rounding))
        return _Turn(goal, found, short & each, ~full & jnp.all(goal == means))

    # The pass at the start is a step like all others, so that one pass is compiled, not two.
    each, one, no = jnp.ones_like(centroids[:, 0]), jnp.ones((), centroids.dtype), jnp.zeros((), bool)
    nothing = lloyd.Pass(centroids, each, one * jnp.inf, each, each, no)
    before = _Turn(jnp.full_like(centroids, jnp.inf), nothing, no, no)
    turn, report = iteration.run(
        advance,
        before,
        max_iter=max_iter + 1,
        objective=lambda turn: turn.found.inertia,
        converged=lambda turn: turn.settled & (jnp.all(turn.found.counts > 0) | turn.stuck),
        failed=None if careful else {Status.STALLED: _needs_care},
    )
    return turn, report._replace(history=report.history[1:], n_iter=report.n_iter - 1)


def _needs_care(turn: _Turn) -> Array:
    """Whether differences must be taken, or clusters are empty."""
    return turn.found.unclear | jnp.any(turn.found.counts == 0)


@partial(jax.jit, static_argnames=("max_iter", "careful"))
def _fit(
    x: Array, starts: Array, tol: ArrayLike, weights: Array | None, *, max_iter: int, careful: bool
) -> tuple[KMeans, Array]:
    """Iterate from all starts (r, k, d) in parallel and keep the result with the smallest inertia.

    Also says whether care was needed where there was none.
    """
    there = present(weights, x)
    starts = starts if weights is None else jnp.where(jnp.any(weights > 0), starts, jnp.nan)
    unit = distances.unit(there)
    share = jnp.ones((), x.dtype) if weights is None else scaling.unit(weights)
    data = lloyd.prepared(rewrite.stored(there / unit), weights=None if weights is None else weights / share)
    tol = jnp.asarray(tol, x.dtype)
    descend = partial(_descend, data=data, max_iter=max_iter, tol=tol, careful=careful)
    turns, reports = jax.vmap(descend)(jax.vmap(nearest.spread_nan)(starts / unit))
    lost = jnp.array(False) if careful else jnp.any(jax.vmap(_needs_care)(turns))
    best = jnp.argmin(turns.found.inertia)
    centroids = turns.centroids[best]
    centroids = centroids[ordered(centroids)]
    labels = lloyd.labels(data, centroids, unclear=turns.found.unclear[best], careful=careful)
    squared = distances.to_own(data.x, centroids, labels)
    if data.weights is None or weights is None:
        counts = jnp.zeros(len(centroids), int).at[jnp.where(labels < 0, len(centroids), labels)].add(1)
    else:
        counts = sums.by_label(data.weights[:, None], labels, n_labels=len(centroids))[:, 0] * share
        squared = data.weights * squared
        labels = jnp.where(weights > 0, labels, nearest.labels_of_rows(x / unit, centroids))
    inertia = jnp.sum(squared) * unit * share * unit  # in this order 0 stays 0, and weights make up for tiny squares
    report = jax.tree.map(lambda leaf: leaf[best], reports)
    known = jnp.isfinite(inertia)  # not where it is beyond the range of the type, though the clusters are right
    report = report._replace(
        history=report.history * unit * share * unit,
        converged=report.converged & known,
        status=jnp.where(known, report.status, int(Status.NON_FINITE)),
    )
    found = KMeans(jnp.where(jnp.isnan(inertia), jnp.nan, centroids * unit), labels, counts, inertia, *report)
    return found, lost
