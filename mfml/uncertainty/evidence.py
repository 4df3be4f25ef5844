r"""Bayesian linear regression whose prior and noise come from the data. Shapes: n and m samples, d features.

Model $y = b + x w + \varepsilon$ with noise $\varepsilon \sim \mathcal N(0, \beta^{-1})$, prior
$w \sim \mathcal N(0, \alpha^{-1})$ and a flat prior of b. The evidence $p(y | \alpha, \beta)$ is the density of the
data, averaged over the prior. Its largest value chooses $\alpha$ and $\beta$, without a test set: a prior that is too
narrow cannot reach the data, and one that is too wide wastes its probability on other data.

Results hold standard deviations $\alpha^{-1/2}$ and $\beta^{-1/2}$, which stay in range whatever the units are.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import scaling
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.risk import metrics
from mfml.uncertainty import evidence_steps as steps
from mfml.uncertainty.evidence_fixed import effective_parameters, log_evidence
from mfml.uncertainty.evidence_steps import KINDS, Problem, State
from mfml.uncertainty.prediction import Members, Prediction

__all__ = [
    "KINDS",
    "Evidence",
    "effective_parameters",
    "fit",
    "log_evidence",
    "predict",
    "predictions",
    "predictive",
    "score",
]


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
    value: the noise is 0, the status UNBOUNDED, and the coefficients are those of least squares. Where weights add up
    to 1 or less there is nothing left to measure noise with, and all is NaN; without an intercept one sample is enough.

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
    problem = steps.prepared(x, y, kind=kind, weights=weights, fit_intercept=fit_intercept)
    state, report = iteration.run(
        lambda state, _: steps.step(state, problem),
        steps.init(problem),
        max_iter=max_iter,
        objective=lambda state: state.evidence,
        converged=lambda state: state.gap <= tol,
        failed={Status.UNBOUNDED: lambda state: state.exact},
    )
    return _model(state, problem, report, fit_intercept)


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


def _model(state: State, problem: Problem, report: iteration.Report, fit_intercept: bool) -> Evidence:
    none, missing = state.exact, 0 * state.evidence  # NaN with it
    noise = jnp.where(none, 0.0, state.noise) + missing
    left, s, right = steps.decomposed(state.prior, problem, full=True)
    some = jnp.arange(len(s)) < problem.rank
    below = jnp.hypot(jnp.where(some, s, 0.0), jnp.where(some & (s > 0), noise, 1.0))
    along = left.T @ problem.b
    below = jnp.where(below > 0, below, 1.0)
    mean = jnp.where(some, s / below * (along / below), 0.0) @ right[: len(s)]
    spread = jnp.where(some & (s > 0), noise / below, 1.0)
    spread = jnp.concatenate([spread, jnp.ones(len(right) - len(s), s.dtype)])
    prior = state.prior * (problem.y_unit / problem.x_unit) + missing
    coef = mean * prior
    noise_std = noise * problem.y_unit
    value = jnp.where(none, jnp.inf, state.evidence)
    # N minus the rest would lose its digits where there are many samples
    known = jnp.sum(jnp.where(some, s**2 / (s**2 + state.noise**2), 0.0)) + missing
    level_std = noise_std / jnp.sqrt(problem.total) if fit_intercept else jnp.zeros_like(noise_std)
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
