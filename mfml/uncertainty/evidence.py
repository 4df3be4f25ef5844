r"""Bayesian linear regression whose prior and noise come from the data. Shapes: n and m samples, d features.

Model $y = b + x w + \varepsilon$ with noise $\varepsilon \sim \mathcal N(0, \beta^{-1})$, prior
$w \sim \mathcal N(0, \alpha^{-1})$ and a flat prior of b. The evidence $p(y | \alpha, \beta)$ is the density of the
data, averaged over the prior. Its largest value chooses $\alpha$ and $\beta$, without a test set: a prior that is too
narrow cannot reach the data, and one that is too wide wastes its probability on other data.

Results hold standard deviations $\alpha^{-1/2}$ and $\beta^{-1/2}$, which stay in range whatever the units are.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.generalization import ridge
from mfml.iteration import Status
from mfml.numerics import scaling, singular, sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.risk import metrics
from mfml.uncertainty.prediction import Members, Prediction

KINDS = ("ridge", "ard")
EXACT = 16  # units of rounding of y, below which noise cannot be told from none


class Evidence(NamedTuple):
    """A fitted model. Predictions are `level + (x - center) @ coef`, which loses no digits far from the origin."""

    coef: Float[Array, " d"]  # posterior mean of w, units of y over units of x
    intercept: Float[Array, ""]  # units of y; 0 without an intercept
    center: Float[Array, " d"]  # mean of x, zeros without an intercept
    level: Float[Array, ""]  # prediction there
    factor: Float[Array, "d d"]  # F, where the posterior covariance of w is F F^T
    level_std: Float[Array, ""]  # posterior standard deviation of the level, independent of w
    prior_std: Float[Array, "*q"]  # of w: one number (ridge), or one for each feature (ard); 0: coefficients are 0
    noise_std: Float[Array, ""]  # units of y; 0 where y is fitted exactly
    n_effective: Float[Array, ""]  # coefficients that the data determine rather than the prior, from 0 to d
    log_evidence: Float[Array, ""]  # nats; infinite where y is fitted exactly
    history: Float[Array, " steps"]  # log evidence at the start and after each step, then NaN
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the evidence is stationary within tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, NON_FINITE, or UNBOUNDED where y is fitted exactly

    @property
    def alpha(self) -> Float[Array, "*q"]:
        """Precision of the prior, in squared units of x over squared units of y."""
        return 1 / self.prior_std / self.prior_std

    @property
    def beta(self) -> Float[Array, ""]:
        """Precision of the noise, one over squared units of y."""
        return 1 / self.noise_std / self.noise_std

    @property
    def noise_variance(self) -> Float[Array, ""]:
        """Variance of the noise, squared units of y."""
        return self.noise_std**2

    @property
    def covariance(self) -> Float[Array, "d d"]:
        """Posterior covariance of the coefficients."""
        return self.factor @ jnp.swapaxes(self.factor, -1, -2)


@public
@checked(weights=NON_NEGATIVE, tol=POSITIVE)
@partial(jax.jit, static_argnames=("kind", "fit_intercept", "max_iter"))
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kind: str = "ridge",
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
    max_iter: int = 1000,
    tol: ArrayLike = 1e-5,
) -> Evidence:
    r"""Maximize the evidence by MacKay's steps.

    With the posterior mean m, the eigenvalues $\lambda_i$ of $\beta X^\top X$ (centered X), and N = n - 1 (without an
    intercept N = n) a step is

    $$\gamma = \sum_i \frac{\lambda_i}{\lambda_i + \alpha}, \qquad \alpha = \frac{\gamma}{m^\top m}, \qquad
      \beta = \frac{N - \gamma}{\lVert y - b - X m \rVert^2}$$

    For `ard` (automatic relevance determination) each feature has its own $\alpha_j = \gamma_j / m_j^2$, which becomes
    infinite for features that do not help. Where such a step would lower the evidence, one of half its length in the
    logarithms is taken. That one never does, since it maximizes a lower bound. So the evidence never falls.

    `ridge` has one prior for all features, so bring them to one scale first. Singular values below rounding of the
    largest count as 0. `ard` does not depend on the features' units, but it may end in a local maximum. Where no
    feature helps, `prior_std` and the coefficients tend to 0. Where y is fitted exactly, the evidence has no largest
    value: the noise is 0, the status UNBOUNDED, and the coefficients are those of least squares.

    scikit-learn's BayesianRidge is the same with N = n in all cases. Then an intercept makes the evidence unbounded
    wherever n <= d.

    Args:
        x: features.
        y: targets.
        kind: one of `KINDS`; static.
        weights: how often each sample counts, non-negative; once if left out.
        fit_intercept: whether there is a b; static.
        max_iter: largest number of steps; static.
        tol: converged when $|\gamma - \alpha m^\top m| \le$ tol $(1 + \gamma)$, and the like for $\beta$ and N. These
            are twice the derivatives of the evidence in the logarithms of $\alpha$ and $\beta$.

    Raises:
        ValueError: if shapes do not fit, x is empty, a weight is negative, or an option is unknown or out of range.

    Source: Bishop (2006), section 3.5; MacKay (1992), Neural Computation 4; the bound: Wipf and Nagarajan (2008).

    >>> x = jnp.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = fit(x, jnp.array([0.1, 0.9, 2.1, 2.9]))
    >>> round(model.coef[0].item(), 2), round(model.n_effective.item(), 2)
    (0.96, 1.0)
    """
    require.one_of("kind", kind, KINDS)
    problem = _prepared(x, y, weights, fit_intercept, kind == "ard")
    start = _start(problem)
    state, report = iteration.run(
        lambda state, _: _step(state, problem),
        start,
        max_iter=max_iter,
        objective=lambda state: state.evidence,
        converged=lambda state: state.gap <= tol,
        failed={Status.UNBOUNDED: lambda state: _exact(state, problem) & (problem.n > problem.rank)},
    )
    return _model(state, problem, report)


@public
def predict(model: Evidence, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Posterior mean of the curve at each sample, in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Bishop (2006), equation 3.58.

    >>> x = jnp.array([[0.0], [1.0], [2.0]])
    >>> predict(fit(x, jnp.array([1.0, 3.0, 5.0])), x[:1]).round(3).tolist()
    [1.0]
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.coef))
    return model.level + (x - model.center) @ model.coef


@public
@jax.jit
def predictive(model: Evidence, x: Float[Array, "m d"]) -> Prediction:
    r"""Distribution of a measurement at each sample, given $\alpha$ and $\beta$.

    The aleatoric variance is $1 / \beta$, the epistemic one $(x - \bar x)^\top S (x - \bar x) + 1 / (n \beta)$, which
    grows with the distance from the data. How uncertain $\alpha$ and $\beta$ are is left out.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Bishop (2006), equation 3.59.

    >>> x = jnp.array([[0.0], [1.0], [2.0], [3.0]])
    >>> made = predictive(fit(x, jnp.array([0.1, 0.9, 2.1, 2.9])), jnp.array([[1.5], [9.0]]))
    >>> (made.epistemic_std[1] > 3 * made.epistemic_std[0]).item()
    True
    """
    mean = predict(model, x)
    spread = (x - model.center) @ model.factor
    columns = jnp.concatenate([spread.T, jnp.broadcast_to(model.level_std, (1, len(x)))])
    unit = scaling.column_units(columns)
    square = jnp.sum((columns / unit) ** 2, axis=0)
    epistemic = jnp.where(square == 0, 0.0, unit * jnp.sqrt(jnp.where(square == 0, 1.0, square)))
    return Prediction(mean, jnp.broadcast_to(model.noise_std, mean.shape), epistemic)


@public
@partial(jax.jit, static_argnames="n_samples")
def predictions(model: Evidence, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 100) -> Members:
    """Curves drawn from the posterior, in units of y. The same coefficients serve all samples of a draw.

    Raises:
        ValueError: unless x has as many columns as in the fit, and n_samples >= 1.

    Source: Bishop (2006), section 3.3.1.

    >>> x = jnp.array([[0.0], [1.0], [2.0], [3.0]])
    >>> predictions(fit(x, jnp.array([0.1, 0.9, 2.1, 2.9])), x, key=jax.random.key(0), n_samples=7).means.shape
    (7, 4)
    """
    require.positive("n_samples", n_samples)
    mean, dtype = predict(model, x), model.coef.dtype
    drawn = jax.random.normal(key, (n_samples, len(model.coef) + 1), dtype)
    moved = (drawn[:, 1:] @ model.factor.T) @ (x - model.center).T + drawn[:, :1] * model.level_std
    return Members(mean + moved, jnp.broadcast_to(model.noise_std, moved.shape))


@public
@jax.jit
def score(
    model: Evidence, x: Float[Array, "n d"], y: Float[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    """Coefficient of determination of the predicted means, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: if shapes do not fit.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 3.0, 5.0])
    >>> round(score(fit(x, y), x, y).item(), 4)
    1.0
    """
    require.samples(x, y, weights)
    return metrics.r2(predict(model, x), y, weights=weights)


@public
@checked(weights=NON_NEGATIVE, alpha=NON_NEGATIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def effective_parameters(
    x: Float[Array, "n d"],
    *,
    alpha: ArrayLike,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Float[Array, ""]:
    r"""Coefficients that the data determine: $\gamma = \sum_j s_j^2 / (s_j^2 + \alpha)$, from 0 to the rank of x.

    $s_j$ are the singular values of the centered x, and $\alpha$ is the penalty of ridge regression, $\alpha / \beta$
    in terms of the two precisions. The degrees of freedom of `generalization.ridge` also count the intercept.

    Raises:
        ValueError: if shapes do not fit, x is empty, or alpha or a weight is negative.

    Source: Bishop (2006), equation 3.91; MacKay (1992), Neural Computation 4.

    >>> round(effective_parameters(jnp.array([[-1.0, 0.0], [1.0, 0.0]]), alpha=2.0).item(), 4)
    0.5
    """
    require.rank("x", x, 2)
    a = _centered(x, weights, fit_intercept)[0]
    penalty = jnp.asarray(alpha, a.dtype)[None]
    known = ridge.path(a, jnp.zeros_like(a[:, 0]), penalty, fit_intercept=False).degrees_of_freedom[0]
    return known + 0 * scaling.length(a)  # NaN with it


@public
@checked(weights=NON_NEGATIVE, prior_std=NON_NEGATIVE, noise_std=POSITIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def log_evidence(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    prior_std: Float[Array, "*q"],
    noise_std: ArrayLike,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Float[Array, ""]:
    r"""Log-density of the data, averaged over the prior, in nats.

    $$\log \int p(y | w, b, \beta)\, p(w | \alpha)\, dw\, db =
      -\tfrac12 \Bigl[N \log \frac{2 \pi}{\beta} + \log |I + \tfrac{\beta}{\alpha} X^\top X| +
      \beta \lVert y - b - X m \rVert^2 + \alpha m^\top m + \log n \Bigr]$$

    with N = n - 1 and a prior of b that is 1 everywhere. Without an intercept N = n, and $\log n$ is left out. It may
    be differentiated: its gradient is 0 at the result of `fit`.

    Args:
        x: features.
        y: targets.
        prior_std: $\alpha^{-1/2}$, one number, or one for each feature.
        noise_std: $\beta^{-1/2}$, in units of y.
        weights: how often each sample counts, non-negative; once if left out.
        fit_intercept: whether there is a b; static.

    Raises:
        ValueError: if shapes do not fit, x is empty, noise_std is not positive, or prior_std or a weight is negative.

    Source: Bishop (2006), equation 3.86.

    >>> x = jnp.array([[1.0], [-1.0]])
    >>> round(log_evidence(x, jnp.zeros(2), prior_std=0.0, noise_std=1.0).item(), 4)  # -log(4 pi) / 2
    -1.2655
    """
    require.samples(x, y, weights)
    require.broadcasts("prior_std", prior_std, x.shape[1:])
    a, _, total = _centered(x, weights, fit_intercept)
    b = _centered(y, weights, fit_intercept)[0]
    n = total - fit_intercept
    noise = jnp.asarray(noise_std, a.dtype)
    z, r = a * scaling.ratio(prior_std, noise), b * (1 / noise)
    q, factor = jnp.linalg.qr(jnp.concatenate([z, jnp.eye(z.shape[1], dtype=z.dtype)]))
    shift = solve_triangular(factor, sums.cross(q[: len(z)], r))
    misfit = sums.over_rows((r - z @ shift) ** 2) + jnp.sum(shift**2)
    log_det = 2 * jnp.sum(jnp.log(jnp.abs(jnp.diagonal(factor))))
    return _log_density(n, noise, log_det, misfit, total, fit_intercept)


def _log_density(n: Array, noise: Array, log_det: Array, misfit: Array, total: Array, fit_intercept: bool) -> Array:
    constant = jnp.log(total) if fit_intercept else 0.0
    return -0.5 * (n * math.log(2 * math.pi) + 2 * n * jnp.log(noise) + log_det + misfit + constant)


class _Problem(NamedTuple):
    """The data in units near their size, reduced to as many rows as there are singular values."""

    a: Array  # (q, d) right singular vectors times singular values
    b: Array  # (q,) y along the left ones
    rest: Array  # squared length of y that no coefficients reach
    n: Array  # N, degrees of freedom of y
    rank: Array
    constant: Array  # part of the log evidence that depends on neither prior nor noise
    x_unit: Array  # () or (d,)
    y_unit: Array
    center: Array
    level: Array
    total: Array
    each: bool  # whether each feature has its own prior
    fit_intercept: bool


class _State(NamedTuple):
    prior: Array  # () or (d,), in units of the problem
    noise: Array
    evidence: Array
    gap: Array  # how far the evidence is from stationary
    prior_ratio: Array  # what MacKay's step multiplies the squares with
    noise_ratio: Array


def _centered(a: Array, weights: Array | None, fit_intercept: bool) -> tuple[Array, Array, Array]:
    """Rows times the roots of their weights, from the mean; the mean, and the sum of the weights."""
    require.that(a.size > 0, f"{'x' if a.ndim == 2 else 'y'} must not be empty; found shape {a.shape}")
    require.same_length(x=a, weights=weights)
    a = present(weights, a)
    total = jnp.asarray(len(a), a.dtype) if weights is None else jnp.sum(weights)
    mean = jnp.zeros_like(a[0])
    if fit_intercept:
        a, mean, rest = sums.centered(a, weights=weights)
        mean = mean + rest
    return (a if weights is None else (a.T * jnp.sqrt(weights)).T), mean, total


def _prepared(x: Array, y: Array, weights: Array | None, fit_intercept: bool, each: bool) -> _Problem:
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    (a, center, total), (b, level, _) = (_centered(part, weights, fit_intercept) for part in (x, y))
    n = total - fit_intercept
    n = jnp.where(n > 0, n, jnp.nan)  # a single sample says nothing about noise
    x_unit = sums.unit_columns(a)[1] if each else scaling.unit(a)
    size = scaling.length(b)
    y_unit = jnp.where(size > 0, size / jnp.sqrt(n), 1.0) + 0 * size
    b = b / y_unit
    a, rest = a / x_unit, jnp.zeros_like(y_unit)
    if len(a) > a.shape[1]:  # as many rows as columns hold all that counts, and the length of what is left
        r = jnp.linalg.qr(jnp.concatenate([a, b[:, None]], axis=1), mode="r")
        a, b, rest = r[:-1, :-1], r[:-1, -1], r[-1, -1] ** 2
    left, s, right = singular.svd(a)
    used = s > scaling.rank_rtol(a.shape, a.dtype) * s[0]
    along = left.T @ b
    rest = rest + jnp.sum(jnp.where(used, 0.0, along**2))
    s, along = jnp.where(used, s, 0 * s), jnp.where(used, along, 0.0)
    constant = -n * jnp.log(y_unit)
    rank = jnp.sum(used)
    return _Problem(
        s[:, None] * right, along, rest, n, rank, constant, x_unit, y_unit, center, level, total, each, fit_intercept
    )


def _start(problem: _Problem) -> _State:
    """Curve and noise as large as y itself."""
    square = jnp.sum(problem.a**2)
    prior = jnp.sqrt(problem.n / jnp.where(square > 0, square, 1.0))
    prior = jnp.full(problem.a.shape[1], prior) if problem.each else prior
    return _evaluated(prior, 1 + 0 * problem.n, problem)


def _evaluated(prior: Array, noise: Array, problem: _Problem) -> _State:
    left, s, right = _decomposed(prior, problem)
    along = left.T @ problem.b
    share = s**2 / (s**2 + noise**2)
    mean = s * along / (s**2 + noise**2)  # of the coefficients over their prior deviations
    misfit = problem.rest + jnp.sum((along * (1 - share)) ** 2)
    log_det = jnp.sum(jnp.log1p((s / noise) ** 2))
    total = misfit / noise**2 + jnp.sum(mean**2)
    value = _log_density(problem.n, noise, log_det, total, problem.total, problem.fit_intercept) + problem.constant
    known, squares = jnp.sum(share), jnp.sum(mean**2)
    if problem.each:
        known, squares = share @ right**2, (mean @ right) ** 2
    free = _free(s, noise, problem)
    gap = jnp.maximum(jnp.max(jnp.abs(known - squares) / (1 + known)), jnp.abs(free - misfit / noise**2) / problem.n)
    prior_ratio = jnp.where(known > 0, squares / jnp.where(known > 0, known, 1.0), 0.0)
    noise_ratio = jnp.where(free > 0, misfit / noise**2 / jnp.where(free > 0, free, 1.0), 1.0)
    return _State(prior, noise, value, gap, prior_ratio, noise_ratio)


def _free(s: Array, noise: Array, problem: _Problem) -> Array:
    r"""$N - \gamma$, as a sum of positive terms."""
    counts = jnp.arange(len(s)) < problem.rank
    return problem.n - problem.rank + jnp.sum(jnp.where(counts, noise**2 / (s**2 + noise**2), 0.0))


def _decomposed(prior: Array, problem: _Problem, *, full: bool = False) -> tuple[Array, Array, Array]:
    """Singular vectors and values of the data, in units of the prior."""
    if problem.each or full:
        return singular.svd(problem.a * prior, full_matrices=full)
    s = jnp.sqrt(jnp.sum(problem.a**2, axis=1))
    return jnp.eye(len(s), dtype=s.dtype), s * prior, problem.a  # the right ones are not needed


def _step(state: _State, problem: _Problem) -> _State:
    """MacKay's step, or half of it where it would lower the evidence."""
    whole = _moved(state, problem, 0.5)
    return lax.cond(whole.evidence >= state.evidence, lambda: whole, lambda: _moved(state, problem, 0.25))


def _moved(state: _State, problem: _Problem, power: float) -> _State:
    noise = state.noise * state.noise_ratio**power
    floor = EXACT * jnp.finfo(noise.dtype).eps
    return _evaluated(state.prior * state.prior_ratio**power, scaling.at_least(floor, noise), problem)


def _exact(state: _State, problem: _Problem) -> Array:
    return state.noise <= EXACT * jnp.finfo(state.noise.dtype).eps


def _model(state: _State, problem: _Problem, report: iteration.Report) -> Evidence:
    none = _exact(state, problem) & (problem.n > problem.rank)
    noise = jnp.where(none, 0.0, state.noise)
    left, s, right = _decomposed(state.prior, problem, full=True)
    some = jnp.arange(len(s)) < problem.rank
    below = jnp.hypot(jnp.where(some, s, 0.0), jnp.where(some & (s > 0), noise, 1.0))
    along = left.T @ problem.b
    below = jnp.where(below > 0, below, 1.0)
    mean = jnp.where(some, s / below * (along / below), 0.0) @ right[: len(s)]
    spread = jnp.where(some & (s > 0), noise / below, 1.0)
    spread = jnp.concatenate([spread, jnp.ones(len(right) - len(s), s.dtype)])
    prior = state.prior * (problem.y_unit / problem.x_unit)
    coef = mean * prior
    noise_std = noise * problem.y_unit
    value = jnp.where(none, jnp.inf, state.evidence)
    known = problem.n - _free(s, state.noise, problem)
    level_std = noise_std / jnp.sqrt(problem.total) if problem.fit_intercept else jnp.zeros_like(noise_std)
    return Evidence(
        coef,
        problem.level - problem.center @ coef,
        problem.center,
        problem.level,
        jnp.broadcast_to(prior, coef.shape)[:, None] * right.T * spread,
        level_std,
        prior,
        noise_std,
        known,
        value,
        *report,
    )
