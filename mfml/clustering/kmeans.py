r"""k-means by Lloyd's iteration. Shapes: n samples, d features, k clusters.

Minimizes the inertia $J = \sum_i \min_j \|x_i - \mu_j\|^2$ by two alternating steps: assign each sample to its nearest
centroid, then move each centroid to the mean of its samples. Neither step raises J. The iteration ends at a local
minimum, which depends on the start. Each pass goes through the data block by block (see `blocks`). `fit` centers them,
and brings them to a unit in which their squares can be held.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, Num

from mfml import iteration, require
from mfml.clustering import blocks, distances, seeding
from mfml.clustering.blocks import Blocks
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import distances as numerics
from mfml.numerics import nearest, scaling, sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.xla import rewrite

BLOCK = 1024  # samples per block: the tables of a pass stay in the cache

_Sums = tuple[Array, Array, Array]  # over samples: (x, 1) by cluster, squared distances; and the smallest of these


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
    labels: Int[Array, " n"]  # nearest centroid of each training sample, 0 to k - 1
    counts: Num[Array, " k"]  # number of samples in each cluster, or the sum of their weights
    inertia: Float[Array, ""]  # (weighted) sum of squared distances to the nearest centroid, squared units of x
    history: Float[Array, " steps"]  # inertia at the start and after each step, then NaN; max_iter + 1 entries
    n_iter: Int[Array, ""]  # number of steps
    converged: Bool[Array, ""]  # the last step was within tol or within rounding
    status: Int[Array, ""]  # how it ended, see `mfml.iteration`


@public
def assign(x: Float[Array, "n d"], centroids: Float[Array, "k d"]) -> Int[Array, " n"]:
    r"""Index of the nearest centroid, $\arg\min_j \|x_i - \mu_j\|^2$; ties go to the lower index.

    Raises:
        ValueError: unless both have two axes and the same number of features.

    Source: Bishop (2006), equation 9.2.

    >>> assign(jnp.array([[0.0], [9.0], [5.0]]), jnp.array([[0.0], [10.0]])).tolist()
    [0, 1, 0]
    """
    _check(x, centroids)
    return nearest.of_rows(x, centroids)[0]


@public
def update(x: Float[Array, "n d"], labels: Int[Array, " n"], centroids: Float[Array, "k d"]) -> Float[Array, "k d"]:
    r"""Mean of the samples of each cluster; a cluster without samples keeps its centroid.

    Raises:
        ValueError: if shapes do not match.

    Source: Bishop (2006), equation 9.4.

    >>> update(jnp.array([[0.0], [2.0]]), jnp.array([0, 0]), jnp.array([[5.0], [7.0]])).tolist()
    [[1.0], [7.0]]
    """
    _check(x, centroids)
    require.same_length(x=x, labels=labels)
    member = jax.nn.one_hot(labels, len(centroids), dtype=x.dtype, axis=0)
    counts = member.sum(axis=1, keepdims=True)
    return jnp.where(counts > 0, member @ x / jnp.maximum(counts, 1), centroids)


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
    >>> start.inertia.item(), step(start, x).inertia.item()
    (5.0, 2.0)
    """
    _check(x, state.centroids)
    return _in_units(x, state.means, jnp.sum((state.means - state.centroids) ** 2))


@public
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
    to_own = jnp.where(empty, jnp.inf, distances.euclidean(x, centroids)).min(axis=1)
    far, which = lax.top_k(to_own, min(len(centroids), len(x)))
    place = jnp.clip(jnp.cumsum(empty) - 1, 0, len(far) - 1)
    rounding = 32 * jnp.finfo(x.dtype).eps * jnp.abs(x).max()
    moves = empty & ~(far[place] <= rounding)  # NaN moves, too, and shows
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
    unless there are fewer distinct samples than clusters.

    Args:
        x: samples.
        weights: $w_i$ of the samples, not negative; all 1 by default. The inertia is then
            $\sum_i w_i \min_j \|x_i - \mu_j\|^2$; a sample of weight 0 is absent.
        key: for the starts; not needed if `init` holds centroids.
        n_clusters: k; static; not needed if `init` holds centroids.
        n_init: number of starts; static.
        init: "k-means++" (see `seeding.plus_plus`) or "random" (k different samples), both static; or the centroids
            to start from.
        max_iter: largest number of steps of each start; static.
        tol: converged when the squared length of a step, summed over the centroids, is at most tol times the mean
            variance of the features. With 0, the iteration ends only at rounding level.

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
    starts = seeding.starts(x, key=key, n_clusters=n_clusters, n_init=n_init, init=init, weights=weights)
    return _fit(x, starts, tol, weights, max_iter=max_iter)


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
def ordered(centroids: Float[Array, "k d"]) -> Int[Array, " k"]:
    """Order of centroids by the first coordinate, then the second, and so on.

    >>> ordered(jnp.array([[2.0, 0.0], [1.0, 5.0], [1.0, 4.0]])).tolist()
    [2, 1, 0]
    """
    return jnp.lexsort(centroids.T[::-1])


def _check(x: Array, centroids: Array) -> None:
    require.rank("x", x, 2)
    require.rank("centroids", centroids, 2)
    require.same_length(x=(x, 1), centroids=(centroids, 1))
    require.that(x.size > 0, f"x must have samples and features; found shape {x.shape}")
    require.that(len(centroids) > 0, f"there must be at least one centroid; found shape {centroids.shape}")


def _split(x: Array, weights: Array | None = None) -> Blocks:
    """Samples (d + 2, s) in blocks, see `distances.raised`. A sum over samples includes their count."""
    data = blocks.split(numerics.raised(x), size=BLOCK)
    return data if weights is None else data._replace(valid=blocks.split(weights[:, None], size=BLOCK).x[:, 0])


def _at(centroids: Array, data: Blocks, longest: Array, shift: Array, *, exactly: bool) -> tuple[State, Array]:
    """One pass over the data: everything that depends on the centroids, and whether to do it exactly."""
    k, d = centroids.shape
    rows = jnp.arange(k, dtype=centroids.dtype)[:, None]
    made = nearest.centers(centroids)

    def add(total: _Sums, block: Blocks) -> tuple[_Sums, None]:
        found = nearest.directly(centroids, block.x[:-2]) if exactly else nearest.preselected(made, block.x)
        label, squared = found
        member = (label == rows) * block.valid  # a sample's weight, 1 by default
        sums = lax.dot_general(member, block.x[:-1], (((1,), (1,)), ((), ())))
        least = jnp.min(jnp.where(block.valid > 0, squared, jnp.inf))
        return (total[0] + sums, total[1] + jnp.sum(squared * block.valid), jnp.minimum(total[2], least)), None

    zero = jnp.zeros((), centroids.dtype)
    (sums, inertia, least), _ = lax.scan(add, (jnp.zeros((k, d + 1), zero.dtype), zero, zero + jnp.inf), data)
    counts = sums[:, -1]
    filled = counts[:, None] > 0
    means = jnp.where(filled, sums[:, :-1] / jnp.where(filled, counts[:, None], 1), centroids)
    unclear = nearest.is_unclear(made, least=least, mean=inertia / data.valid.sum(), longest=longest)
    return State(centroids, means, counts, inertia, shift), unclear


@jax.custom_jvp
@jax.jit
def _in_units(x: Array, centroids: Array, shift: Array) -> State:
    """One pass over data of any unit and origin."""
    unit, origin, (state, unclear) = _quickly(x, centroids, shift)

    def exactly(given: tuple[Array, Array]) -> State:
        x, centroids = (part / unit for part in given)
        data = _split(x)
        state, _ = _at(centroids, data, data.x[:, -1].max(), shift, exactly=True)
        return state._replace(means=state.means - origin)

    return _leave(nearest.if_needed(unclear, exactly, (x, centroids), state), centroids, unit, origin)


def _quickly(x: Array, centroids: Array, shift: Array) -> tuple[Array, Array, tuple[State, Array]]:
    unit = numerics.unit(x, centroids)
    origin = jnp.mean(centroids / unit, axis=0)
    data = _split(x / unit - origin)
    return unit, origin, _at(centroids / unit - origin, data, data.x[:, -1].max(), shift, exactly=False)


def _leave(state: State, centroids: Array, unit: Array, origin: Array) -> State:
    return State(centroids, (state.means + origin) * unit, state.counts, state.inertia * unit * unit, state.shift)


@_in_units.defjvp
def _(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[State, State]:
    """The derivative of the quick form: a loop of unknown length has none in reverse."""

    def quick(x: Array, centroids: Array, shift: Array) -> State:
        unit, origin, (state, _) = _quickly(x, centroids, shift)
        return _leave(state, centroids, unit, origin)

    return _in_units(*primals), jax.jvp(quick, primals, tangents)[1]


def _descend(
    centroids: Array, *, x: Array, data: Blocks, max_iter: int, tol: Array, exactly: bool
) -> tuple[State, Array, iteration.Report]:
    """Iterate from one start, in the frame of the data; whether any choice was unclear, and the report."""
    longest = data.x[:, -1].max()

    def advance(carry: tuple[State, Array, Array], _: Array) -> tuple[State, Array, Array]:
        state, _, unclear = carry
        full = jnp.all(state.counts > 0)
        goal = nearest.if_needed(~full, lambda means: relocate(means, state.counts, x), state.means, state.means)
        stuck = ~full & jnp.all(goal == state.means)  # some clusters are empty, and no sample can fill them
        new, now = _at(goal, data, longest, jnp.sum((goal - state.centroids) ** 2), exactly=exactly)
        return new, stuck, unclear | now

    def converged(carry: tuple[State, Array, Array]) -> Array:
        state, stuck, _ = carry
        return (state.shift <= tol) & (jnp.all(state.counts > 0) | stuck)

    first, unclear = _at(centroids, data, longest, jnp.full((), jnp.inf, x.dtype), exactly=exactly)
    (state, _, unclear), report = iteration.run(
        advance,
        (first, jnp.zeros((), bool), unclear),
        max_iter=max_iter,
        objective=lambda carry: carry[0].inertia,
        converged=converged,
    )
    return state, unclear, report


@partial(jax.jit, static_argnames="max_iter")
def _fit(x: Array, starts: Array, tol: ArrayLike, weights: Array | None, *, max_iter: int) -> KMeans:
    """Iterate from all starts (r, k, d) in parallel and keep the result with the smallest inertia."""
    given, x = x, present(weights, x)
    frame = numerics.frame(x)
    centered, starts = rewrite.stored(numerics.enter(frame, x)), numerics.enter(frame, starts)
    unit = jnp.ones((), x.dtype) if weights is None else scaling.unit(weights)
    shares = None if weights is None else weights / unit
    rounding = starts.shape[1] * jnp.finfo(x.dtype).eps ** 2 * jnp.sum(centered**2, axis=1).max()
    spread = centered - sums.mean(centered, weights=shares)
    variance = jnp.mean(spread**2) if shares is None else jnp.mean(sums.mean(spread**2, weights=shares))
    allowed = jnp.maximum(jnp.asarray(tol) * variance, rounding)
    data = _split(centered, shares)

    def descend(starts: Array, *, exactly: bool) -> tuple[State, Array, iteration.Report]:
        one = partial(_descend, x=centered, data=data, max_iter=max_iter, tol=allowed, exactly=exactly)
        return jax.vmap(one)(starts)

    quick = descend(starts, exactly=False)
    needed = jnp.any(quick[1])
    states, _, reports = lax.cond(needed, lambda: descend(starts, exactly=True), lambda: quick)
    best = jnp.argmin(states.inertia)
    centroids = states.centroids[best]
    centroids = centroids[ordered(centroids)]
    made = nearest.centers(centroids)
    label = lax.cond(
        needed,
        lambda: lax.map(lambda block: nearest.directly(centroids, block[:-2])[0], data.x),
        lambda: lax.map(lambda block: nearest.preselected(made, block)[0], data.x),
    )
    label = blocks.join(label, len(x)).astype(int)
    squared = jnp.sum((centered - centroids[label]) ** 2, axis=1)
    if shares is None or weights is None:
        counts = jnp.zeros(len(centroids), int).at[label].add(1)
    else:
        counts = jnp.zeros(len(centroids), x.dtype).at[label].add(weights)
        squared = shares * squared
        label = jnp.where(weights > 0, label, nearest.of_rows(numerics.enter(frame, given), centroids)[0])
    inertia = jnp.sum(squared) * unit * frame.unit * frame.unit
    report = jax.tree.map(lambda leaf: leaf[best], reports)
    known = jnp.isfinite(inertia)  # not where it is beyond the range of the type, though the clusters are right
    report = report._replace(
        history=report.history * unit * frame.unit * frame.unit,
        converged=report.converged & known,
        status=jnp.where(known, report.status, int(Status.NON_FINITE)),
    )
    centroids = jnp.where(jnp.isnan(inertia), jnp.nan, numerics.leave(frame, centroids))
    return KMeans(centroids, label, counts, inertia, *report)
