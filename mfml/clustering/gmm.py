r"""Gaussian mixtures fitted by expectation maximization. Shapes: n samples, d features, k components.

EM alternates two steps. The E-step computes the responsibilities: the probability of each component given the sample.
The M-step fits each component to the samples weighted by its responsibilities. The likelihood rises towards a local
maximum, which depends on the start. All functions of a given mixture, from `predict` to `bic`, come from `mixture`.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import iteration, require
from mfml.clustering import blocks, covariances, kmeans, seeding
from mfml.clustering.blocks import Blocks
from mfml.clustering.mixture import (
    BLOCK,
    GMM,
    Mixture,
    Model,
    aic,
    bic,
    component_log_prob,
    log_prob,
    n_parameters,
    predict,
    responsibilities,
    sample,
    score,
)
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import scaling, sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked

__all__ = [
    "GMM",
    "Mixture",
    "aic",
    "bic",
    "component_log_prob",
    "fit",
    "log_prob",
    "m_step",
    "n_parameters",
    "predict",
    "responsibilities",
    "sample",
    "score",
    "step",
]

INITS = ("kmeans", *seeding.INITS)
_Totals = tuple[sums.Total, ...]
FLOOR = 1e-6  # of the variance of each feature, added to the variances of the components


class _Frame(NamedTuple):
    """The samples in units of their own, in which no square of a difference underflows or overflows."""

    x: Array  # (n, d), where they are: about another origin they would lose digits
    mean: Array  # (d,)
    variance: Array  # (d,); of a constant feature, the largest of all
    scale: Array  # (d,), powers of two; all the same for spherical covariances
    weights: Array  # (n,), with a mean of about 1


@partial(jax.jit, static_argnames="shape")
def _enter(x: Array, weights: Array | None, shape: tuple[int, ...]) -> _Frame:
    """The frame of the samples; the shape is that of the covariances."""
    x = present(weights, x)
    share = jnp.ones_like(x[:, 0])
    if weights is not None:
        share = weights / scaling.unit(weights)
        share = share / share.mean()
    mean = sums.mean(x, weights=None if weights is None else share)
    apart = x - mean
    scale = jnp.full_like(mean, scaling.unit(apart)) if shape[2] < x.shape[1] else scaling.column_units(apart)
    variance = sums.over_rows(share[:, None] * (apart / scale) ** 2) / share.sum()
    constant = variance == 0
    widest = jnp.where(constant, 0, scale).max()
    widest = jnp.where(widest > 0, widest, scaling.unit(x))
    largest = jnp.max(variance * (scale / widest) ** 2)
    variance = jnp.where(constant, jnp.where(largest > 0, largest, 1.0), variance)
    scale = lax.stop_gradient(jnp.where(constant, widest, scale))
    return _Frame(x / scale, mean / scale, variance, scale, share)


def _moved(frame: _Frame, mixture: Mixture) -> Mixture:
    """The mixture in the frame."""
    covariance = covariances.rescaled(mixture.covariances, 1 / frame.scale)
    return Mixture(mixture.weights, mixture.means / frame.scale, covariance)


def _leave(frame: _Frame, mixture: Mixture) -> Mixture:
    covariance = covariances.rescaled(mixture.covariances, frame.scale)
    return Mixture(mixture.weights, mixture.means * frame.scale, covariance)


def _log_volume(frame: _Frame) -> Array:
    return jnp.sum(jnp.log(frame.scale))


def _blocks(frame: _Frame) -> Blocks:
    """Samples of the frame in blocks, with their weights."""
    data = blocks.split(frame.x, size=BLOCK)
    return data._replace(valid=blocks.split(frame.weights[:, None], size=BLOCK).x[:, 0])


def _floor(frame: _Frame, reg_covar: ArrayLike | None) -> Array:
    """What is added to the variances of the features, in squared units of the frame."""
    if reg_covar is not None:
        inverse = 1 / frame.scale  # the compiler would turn two divisions into one by a square, which may be 0
        return jnp.asarray(reg_covar, frame.x.dtype) * inverse * inverse
    return FLOOR * frame.variance


@public
@checked(weights=NON_NEGATIVE, reg_covar=NON_NEGATIVE)
def m_step(
    x: Float[Array, "n d"],
    gamma: Float[Array, "n k"],
    *,
    weights: Float[Array, " n"] | None = None,
    covariance_type: str = "full",
    reg_covar: ArrayLike | None = None,
) -> Mixture:
    r"""Fit each component to the samples weighted by its responsibilities.

    $N_k = \sum_i \gamma_{ik}$, $\pi_k = N_k / n$, $\mu_k = \sum_i \gamma_{ik} x_i / N_k$ and
    $\Sigma_k = \sum_i \gamma_{ik} (x_i - \mu_k)(x_i - \mu_k)^\top / N_k$ plus reg_covar on the diagonal, see `fit`. The
    divisor is $N_k$, not $N_k - 1$. A tied covariance is their mean, weighted by $\pi_k$; diag keeps the diagonal,
    spherical its mean. A component without any responsibility gets the mean of all samples and the covariance
    reg_covar. With weights $w_i$ of samples, $w_i \gamma_{ik}$ stands for $\gamma_{ik}$, and their sum for n.

    Raises:
        ValueError: if shapes do not match, for an unknown type, and for negative weights or reg_covar.

    Source: Bishop (2006), equations 9.24 to 9.26.

    >>> made = m_step(jnp.array([[0.0], [2.0], [7.0]]), jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    >>> made.means.tolist(), round(made.covariances[0].item(), 3)
    ([[1.0], [7.0]], 1.0)
    """
    require.rank("gamma", gamma, 2)
    require.same_length(x=x, gamma=gamma, weights=weights)
    require.rank("x", x, 2)
    k, d = gamma.shape[1], x.shape[1]
    unit = covariances.unit(covariance_type, n_components=k, n_features=d, dtype=x.dtype)
    frame = _enter(x, weights, unit.shape)
    return _leave(frame, _m_step(frame, present(weights, gamma), unit, _floor(frame, reg_covar)))


@public
@checked(weights=NON_NEGATIVE, reg_covar=NON_NEGATIVE)
@jax.jit
def step(
    state: Mixture,
    x: Float[Array, "n d"],
    *,
    weights: Float[Array, " n"] | None = None,
    reg_covar: ArrayLike | None = None,
) -> tuple[Mixture, Float[Array, ""]]:
    """One E-step and one M-step in one pass: the new mixture, and the log-likelihood (nats) of the OLD one.

    The result equals `m_step` on `responsibilities`, but is computed block by block and without cancellation.

    Raises:
        ValueError: unless x has as many columns as the means; for negative weights or reg_covar.

    Source: Bishop (2006), section 9.2.2.

    >>> pair = Mixture(jnp.array([0.5, 0.5]), jnp.array([[0.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> new, before = step(pair, jnp.array([[-3.0], [4.0]]))
    >>> before.round(3).item() < score(new, jnp.array([[-3.0], [4.0]])).item()
    True
    """
    require.columns("x", x, state.means.shape[1])
    frame = _enter(x, weights, state.covariances.shape)
    state = _moved(frame, state)
    made = covariances.whitener(state.covariances, state.means)
    new, value = _step(frame, state, made, _blocks(frame), _floor(frame, reg_covar))
    return _leave(frame, new), value - _log_volume(frame)


@public
@checked(weights=NON_NEGATIVE, reg_covar=NON_NEGATIVE)
def fit(
    x: Float[Array, "n d"],
    *,
    weights: Float[Array, " n"] | None = None,
    key: Key[Array, ""] | None = None,
    n_components: int | None = None,
    covariance_type: str = "full",
    n_init: int = 1,
    init: str | Model = "kmeans",
    max_iter: int = 100,
    tol: ArrayLike = 1e-3,
    reg_covar: ArrayLike | None = None,
) -> GMM:
    r"""Maximize the mean log-likelihood $\frac1n \sum_i \log \sum_k \pi_k \mathcal N(x_i; \mu_k, \Sigma_k)$.

    The `n_init` starts run in parallel, and the most likely mixture is returned. The likelihood has no upper bound: a
    component that shrinks onto a sample becomes infinitely likely. To prevent this, each step adds `reg_covar` to the
    diagonal of the covariances. This may slightly lower the likelihood if a component is about as thin. If a covariance
    nevertheless becomes singular, EM stops at the mixture before, with the status UNBOUNDED. If a covariance of the
    start is singular, the log-likelihood is NaN. Where covariances do not fit into the type of x (in single precision,
    for samples that spread over 1e-19 or 1e19), the status is NON_FINITE.

    Args:
        x: samples.
        weights: of the samples, not negative; all 1 by default. They weight the mean of the log-likelihoods; a sample
            of weight 0 is absent.
        key: for the starts; not needed if `init` is a mixture.
        n_components: k; static; not needed if `init` is a mixture.
        covariance_type: "full", "tied", "diag" or "spherical"; static. A mixture given as `init` has its own.
        n_init: number of starts; static.
        init: "kmeans", "k-means++" or "random" (static), or a `Mixture` or `GMM` to start from. "kmeans" takes the
            clusters of k-means. The other two choose samples as centers and assign each sample to the nearest one.
        max_iter: largest number of steps; static.
        tol: converged when a step changes the mean log-likelihood, in nats, by less than this.
        reg_covar: in squared units of x; by default 1e-6 of the variance of each feature (of the largest variance, for
            a constant one).

    Raises:
        ValueError: unless x has two axes, 1 <= n_components <= n, n_init >= 1, max_iter >= 1, the names are known,
            weights and reg_covar are not negative, and a mixture given as `init` has the features of x.

    Source: Bishop (2006), section 9.2.2; Murphy (2012), section 11.4.2.

    >>> x = jnp.array([[0.0], [1.0], [9.0], [10.0]])
    >>> fit(x, key=jax.random.key(0), n_components=2).means.round(2).tolist()
    [[0.5], [9.5]]
    >>> pair = Mixture(jnp.array([0.5, 0.5]), jnp.array([[0.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> fit(x, init=pair).means.round(2).tolist()
    [[0.5], [9.5]]
    """
    require.rank("x", x, 2)
    require.same_length(x=x, weights=weights)
    require.positive("n_init", n_init)
    require.positive("max_iter", max_iter)
    if not isinstance(init, str):
        start = _given(x, init, n_components, n_init)
        frame = _enter(x, weights, start.covariances.shape[1:])
        starts = jax.vmap(partial(_moved, frame))(start)
    else:
        require.one_of("init", init, INITS)
        if key is None or n_components is None:
            raise ValueError(f"init={init!r} needs key and n_components")
        require.between("n_components", n_components, 1, len(x))
        d = x.shape[1]
        unit = covariances.unit(covariance_type, n_components=n_components, n_features=d, dtype=x.dtype)
        frame = _enter(x, weights, unit.shape)
        keys = jax.random.split(key, n_init)
        labels = jnp.stack([_labels(frame, key, weights, n_components=n_components, init=init) for key in keys])
        starts = _drawn(frame, labels, unit, reg_covar, n_components=n_components)
    return _fit(frame, starts, tol, reg_covar, max_iter=max_iter)


def _given(x: Array, init: Model, n_components: int | None, n_init: int) -> Mixture:
    """The given mixture as a single start."""
    require.same_length(x=(x, 1), means=(init.means, 1))
    require.rank("covariances", init.covariances, 3)
    k = len(init.means)
    require.that(n_components in (None, k), f"init has {k} components, but n_components is {n_components}")
    require.that(n_init == 1, f"n_init must be 1 if init is a mixture; found {n_init}")
    return Mixture(*(jnp.asarray(leaf, x.dtype)[None] for leaf in init[:3]))


def _labels(frame: _Frame, key: Array, weights: Array | None, *, n_components: int, init: str) -> Array:
    """Clusters of the samples by a rule."""
    x = frame.x * frame.scale
    if init == "kmeans":
        return kmeans.fit(x, key=key, n_clusters=n_components, weights=weights).labels
    return kmeans.assign(x, seeding.choose(x, key=key, n_clusters=n_components, init=init, weights=weights))


@partial(jax.jit, static_argnames="n_components")
def _drawn(frame: _Frame, labels: Array, unit: Array, reg_covar: ArrayLike | None, *, n_components: int) -> Mixture:
    """Mixtures fitted to clusters (r, n), in the frame."""
    floor = _floor(frame, reg_covar)
    gamma = jax.nn.one_hot(labels, n_components, dtype=frame.x.dtype)
    return jax.vmap(lambda gamma: _m_step(frame, gamma, unit, floor))(gamma)


class _Turn(NamedTuple):
    """State of EM. One pass computes both the log-likelihood of a mixture and the next mixture."""

    mixture: Mixture
    log_likelihood: Array
    change: Array  # of the log-likelihood in the last step; infinite before the first
    following: Mixture
    made: covariances.Whitener  # of `following`


@jax.jit
def _m_step(frame: _Frame, gamma: Array, unit: Array, floor: Array) -> Mixture:
    """Moments about means near the right ones; `covariances.updated` takes what is left to them."""
    gamma = gamma * frame.weights[:, None]
    counts = sums.over_rows(gamma)
    filled = counts >= _tiny(gamma)
    near = jnp.where(filled[:, None], sums.cross(frame.x, gamma) / jnp.where(filled, counts, 1)[:, None], frame.mean)

    def one_block(total: _Totals, block: tuple[Array, Array]) -> tuple[_Totals, None]:
        y, r = block[0] - near[:, :, None], block[1]
        moments = jnp.sum(r[:, None] * y, axis=2), covariances.second_moment(unit.shape, r, y)
        return tuple(map(sums.plus, total, moments)), None

    data = blocks.split(frame.x, size=BLOCK).x, blocks.split(gamma, size=BLOCK).x
    nothing: _Totals = (sums.nothing(near), sums.nothing(unit))
    (first, second), _ = lax.scan(one_block, nothing, data)
    made = covariances.whitener(unit, near)
    shift, covariance = covariances.updated(made, counts, first.value, second.value, floor)
    return Mixture(counts / frame.weights.sum(), near + shift, covariance)


def _step(
    frame: _Frame, mixture: Mixture, made: covariances.Whitener, data: Blocks, reg_covar: ArrayLike
) -> tuple[Mixture, Array]:
    shape = mixture.covariances.shape
    weighted = made._replace(log_det=made.log_det + jnp.log(mixture.weights))  # its density then contains the weight

    def one_block(total: _Totals, block: Blocks) -> tuple[_Totals, None]:
        y = covariances.whiten(made, mixture.means, block.x)
        log_joint = covariances.log_density(weighted, y)
        largest = log_joint.max(axis=0)
        joint = jnp.exp(log_joint - largest)
        norm = joint.sum(axis=0)
        r = joint * (block.valid / norm)
        moments = r.sum(axis=1), jnp.sum(r[:, None] * y, axis=2), covariances.second_moment(shape, r, y)
        value = jnp.sum(block.valid * (largest + jnp.log(norm)))
        return tuple(map(sums.plus, total, (*moments, value))), None

    zero = tuple(map(sums.nothing, (*mixture, mixture.weights[0])))
    counts, first, second, value = (total.value for total in lax.scan(one_block, zero, data)[0])
    shift, covariance = covariances.updated(made, counts, first, second, reg_covar)
    n = data.valid.sum()
    means = jnp.where((counts >= _tiny(first))[:, None], mixture.means + shift, frame.mean)
    return Mixture(counts / n, means, covariance), value / n


def _run(frame: _Frame, start: Mixture, data: Blocks, max_iter: int, tol: ArrayLike, reg_covar: ArrayLike) -> GMM:
    """EM from one start."""

    def turn(mixture: Mixture, made: covariances.Whitener, before: Array) -> _Turn:
        following, value = _step(frame, mixture, made, data, reg_covar)
        made = covariances.whitener(following.covariances, following.means)
        return _Turn(mixture, value, jnp.abs(value - before), following, made)

    # The pass at the start is a step like all others, so that one pass is compiled, not two.
    made = covariances.whitener(start.covariances, start.means)
    endless = jnp.full((), jnp.inf, start.means.dtype)
    found, report = iteration.run(
        lambda last, _: turn(last.following, last.made, last.log_likelihood),
        _Turn(start, -endless, endless, start, made),
        max_iter=max_iter + 1,
        objective=lambda last: last.log_likelihood,
        converged=lambda last: last.change < tol,
        failed={Status.UNBOUNDED: lambda last: jnp.isnan(last.made.log_det).any() & (last.log_likelihood > -endless)},
    )
    singular = jnp.isnan(made.log_det).any() & jnp.isfinite(start.covariances).all()
    status = jnp.where(singular, int(Status.UNBOUNDED), report.status)
    report = report._replace(history=report.history[1:], n_iter=report.n_iter - 1, status=status)
    values = (*found.mixture, found.log_likelihood, *report)
    return GMM(*values)


def _tiny(like: Array) -> float:
    """Below this number of samples a component has none."""
    return float(jnp.finfo(like.dtype).tiny)


@partial(jax.jit, static_argnames="max_iter")
def _fit(frame: _Frame, starts: Mixture, tol: ArrayLike, reg_covar: ArrayLike | None, *, max_iter: int) -> GMM:
    """EM from all starts in parallel, in the frame of the data; the most likely result, with components in order."""
    data, floor = _blocks(frame), _floor(frame, reg_covar)
    runs = jax.vmap(lambda start: _run(frame, start, data, max_iter, tol, floor))(starts)
    failed = jnp.isnan(runs.log_likelihood) | (runs.status == Status.UNBOUNDED)
    best_of = jnp.argmax(jnp.where(failed, -jnp.inf, runs.log_likelihood))
    best = jax.tree.map(lambda leaf: leaf[best_of], runs)
    order = kmeans.ordered(best.means)
    covariance = best.covariances[order] if len(best.covariances) > 1 else best.covariances
    found = _leave(frame, Mixture(best.weights[order], best.means[order], covariance))
    held = jnp.isfinite(covariances.whitener(found.covariances, found.means).log_det).all()
    held = held | jnp.isnan(best.log_likelihood)
    return best._replace(
        weights=found.weights,
        means=found.means,
        covariances=found.covariances,
        log_likelihood=best.log_likelihood - _log_volume(frame),
        history=best.history - _log_volume(frame),
        converged=best.converged & held,
        status=jnp.where(held, best.status, int(Status.NON_FINITE)),
    )
