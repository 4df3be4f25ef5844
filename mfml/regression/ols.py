r"""Least squares in closed form. Shapes: n samples, d features, p parameters (d + 1 with an intercept).

The model is $y = \beta_0 + x \beta + \varepsilon$. The noise of sample i has the variance $\sigma^2 / w_i$. In
ordinary least squares all weights $w_i$ are 1. A weight of 0 leaves a sample out.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.decomposition import projection
from mfml.entrance import public
from mfml.numerics import singular, sums
from mfml.numerics.absent import present, rows_in_use
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.scaling import at_most, length, rank_rtol
from mfml.regression import scaling
from mfml.risk import metrics

SOLVERS = ("cholesky", "qr", "svd")


class OLS(NamedTuple):
    """A fitted linear model."""

    coef: Float[Array, " d"]  # units of y over units of x
    intercept: Float[Array, ""]  # units of y; 0 without an intercept
    full_rank: Bool[Array, ""]  # False where the data do not determine the coefficients, see `fit`


class StandardErrors(NamedTuple):
    """Standard deviations of the estimates under the noise model."""

    coef: Float[Array, " d"]
    intercept: Float[Array, ""]  # 0 without an intercept
    noise_variance: Float[Array, ""]  # of a sample of weight 1, divisor n - p; NaN if n = p


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("fit_intercept", "solver"))
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
    solver: str = "cholesky",
) -> OLS:
    r"""Minimize $\sum_i w_i (y_i - \beta_0 - x_i \beta)^2$ over $\beta_0$ and $\beta$.

    There are three solvers. All work on shifted columns (`scaling.design`):

    - `cholesky` solves the normal equations $A^\top W A \theta = A^\top W y$ and refines the solution once. It is
      the fastest, but it squares the condition number of A.
    - `qr` solves $R \theta = Q^\top \sqrt W y$ with $\sqrt W A = Q R$. It does not square the condition number.
    - `svd` gives the solution of smallest norm $\|\beta\|$ (in the units of x; the intercept does not count). It
      also works where the data do not determine the coefficients, see `projection.least_squares`.

    Where the columns are linearly dependent within rounding, `full_rank` is False, and the coefficients of
    `cholesky` and `qr` are NaN. This happens if the earlier columns explain a column almost completely. The rest is
    then below 2 p eps times its length (`qr`), or the squared rest below 4 p eps times its squared length (`cholesky`).
    For several targets use `vmap` over y. The gradient of `svd` is infinite if singular values repeat.

    Args:
        x: features.
        y: targets.
        weights: inverse variances, one per sample, non-negative; all 1 if left out. A sample of weight 0 is absent,
            whatever it holds.
        fit_intercept: whether there is a $\beta_0$; static.
        solver: one of `SOLVERS`; static.

    Raises:
        ValueError: if shapes do not fit, for an unknown solver, where n < p and the solver is not `svd`, or for
            negative weights (NaN where they are traced).

    Source: Bishop (2006), section 3.1.1; Golub and Van Loan (2013), Matrix Computations, section 5.3;
    the refinement: Björck (1996), Numerical Methods for Least Squares Problems, section 2.9.

    >>> model = fit(jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 3.0, 5.0]))
    >>> round(float(model.coef[0]), 4), round(float(model.intercept), 4)
    (2.0, 1.0)
    """
    _check(x, y, weights)
    require.one_of("solver", solver, SOLVERS)
    x, sound = rows_in_use(weights, x)
    y = present(weights, y)
    n, p = x.shape[0], x.shape[1] + fit_intercept
    if solver == "svd":
        return _minimum_norm(x, jnp.where(sound, y, jnp.nan), weights, fit_intercept)
    require.that(n >= p, f"{n} samples cannot determine {p} parameters: use solver='svd' for those of smallest norm")
    scaled = scaling.design(x, fit_intercept=fit_intercept)
    method = _normal_equations if solver == "cholesky" else _orthogonal
    center = _center(y, weights, fit_intercept)
    return _solved(scaled, *method(scaled.matrix, y - center, weights), center, sound, fit_intercept)


@public
@partial(jax.jit, static_argnames="fit_intercept")
def solve(
    scaled: scaling.Scaled, y: Float[Array, " n"], *, weights: Float[Array, " n"], fit_intercept: bool = True
) -> OLS:
    """Do what `fit` does by "cholesky", for a design that is used again with other weights, all of them positive.

    >>> scaled = scaling.design(jnp.array([[0.0], [1.0], [2.0]]))
    >>> solve(scaled, jnp.array([1.0, 3.0, 5.0]), weights=jnp.ones(3)).coef.round(4).tolist()
    [2.0]
    """
    center = _center(y, weights, fit_intercept)
    found = _normal_equations(scaled.matrix, y - center, weights)
    return _solved(scaled, *found, center, jnp.array(True), fit_intercept)


@public
def predict(model: OLS, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Predict $\beta_0 + x \beta$, in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> predict(OLS(jnp.array([2.0]), jnp.array(1.0), jnp.array(True)), jnp.array([[3.0]])).tolist()
    [7.0]
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.coef))
    return x @ model.coef + model.intercept


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def score(
    model: OLS, x: Float[Array, "n d"], y: Float[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    r"""Coefficient of determination $R^2$ of the predictions, see `mfml.risk.metrics.r2`.

    The reference is the weighted mean of y, with or without an intercept, as in scikit-learn. Without an intercept,
    statsmodels uses 0 instead. Far from the origin the intercept, a large number, is rounded by up to epsilon times
    itself, and the predictions and the score with it: shift such features first.

    Raises:
        ValueError: if shapes do not fit.

    >>> model = OLS(jnp.array([1.0]), jnp.array(0.0), jnp.array(True))
    >>> round(float(score(model, jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0.0, 1.0, 3.0]))), 4)
    0.7857
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    require.columns("x", x, len(model.coef))
    x, y = present(weights, x), present(weights, y)
    (x, x_mean, x_rest), (y, y_mean, y_rest) = (sums.centered(part, weights=weights) for part in (x, y))
    offset = (predict(model, x_mean[None])[0] - y_mean) + (x_rest @ model.coef - y_rest)
    return metrics.r2(x @ model.coef + offset, y, weights=weights)


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def leverage(
    x: Float[Array, "n d"], *, weights: Float[Array, " n"] | None = None, fit_intercept: bool = True
) -> Float[Array, " n"]:
    r"""Weight of each sample in its own prediction: $h_i = \partial \hat y_i / \partial y_i$.

    It is the diagonal of the projector $\sqrt W A (A^\top W A)^+ A^\top \sqrt W$ onto the columns of the design.
    Each leverage lies in [0, 1], and they add up to the rank. The residual $r_i$ has the variance
    $(1 - h_i) \sigma^2 / w_i$. A fit without sample i would leave the residual $r_i / (1 - h_i)$ there. A sample of
    weight 0 has the leverage 0.

    Raises:
        ValueError: if shapes do not fit.

    Source: Hoaglin and Welsch (1978), The American Statistician 32, 17-22.

    >>> [round(h, 3) for h in leverage(jnp.array([[0.0], [1.0], [2.0]])).tolist()]
    [0.833, 0.333, 0.833]
    """
    require.rank("x", x, 2)
    x, sound = rows_in_use(weights, x)
    scaled = scaling.design(x, fit_intercept=fit_intercept)
    matrix = jnp.where(sound, _weighted(scaled.matrix, weights), jnp.nan)
    u, s, _ = singular.svd(matrix)
    lost = s <= rank_rtol(matrix.shape, matrix.dtype) * s[0]  # False for NaN, which stays
    return at_most(1.0, jnp.sum(jnp.where(lost, 0.0, u) ** 2, axis=1))


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def standard_errors(
    model: OLS,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> StandardErrors:
    r"""Standard errors of the coefficients of a fit. x, y and weights are the data of that fit.

    $\mathrm{Cov}(\theta) = \hat\sigma^2 (A^\top W A)^{-1}$ with $\hat\sigma^2 = \sum_i w_i r_i^2 / (n - p)$,
    where n counts the samples of positive weight. The errors are valid if the model is correct and the noise is
    independent with variance $\sigma^2 / w_i$. They are NaN where the columns of the design are dependent.

    Raises:
        ValueError: if shapes do not fit or n < p.

    Source: Murphy (2012), section 7.3; Greene (2012), Econometric Analysis, sections 4.4 and 9.4.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0.0, 1.0, 1.0, 2.0])
    >>> errors = standard_errors(fit(x, y), x, y)
    >>> round(float(errors.coef[0]), 4), round(float(errors.noise_variance), 4)
    (0.1414, 0.1)
    """
    _check(x, y, weights)
    require.columns("x", x, len(model.coef))
    n, p = x.shape[0], x.shape[1] + fit_intercept
    require.that(n >= p, f"{n} samples cannot determine {p} parameters")
    (x, sound), y = rows_in_use(weights, x), present(weights, y)
    y = jnp.where(sound, y, jnp.nan)
    scaled = scaling.design(x, fit_intercept=fit_intercept)
    _, r = jnp.linalg.qr(_weighted(scaled.matrix, weights))
    inverse = solve_triangular(r, jnp.eye(p, dtype=r.dtype))  # rows of the square root of the covariance
    inverse = jnp.where(_has_full_rank(r), inverse, jnp.nan)
    freedom = (n if weights is None else jnp.sum(weights > 0)) - p
    size = length(_weighted(_residuals(model, x, y, weights, fit_intercept), weights))
    noise = jnp.where(freedom > 0, size / jnp.sqrt(jnp.maximum(freedom, 1).astype(size.dtype)), jnp.nan)
    rows = inverse[1:] if fit_intercept else inverse
    constant = inverse[0] - (scaled.shift / scaled.scale) @ rows if fit_intercept else jnp.zeros_like(inverse[0])
    return StandardErrors(noise * jnp.linalg.norm(rows, axis=1) / scaled.scale, noise * length(constant), noise**2)


def _residuals(model: OLS, x: Array, y: Array, weights: Array | None, fit_intercept: bool) -> Array:
    """Residuals of the data of a fit: their mean is 0, so that the intercept, often a large number, is not needed."""
    if not fit_intercept:
        return y - x @ model.coef
    return sums.centered(y, weights=weights)[0] - sums.centered(x, weights=weights)[0] @ model.coef


def _check(x: Array, y: Array, weights: Array | None) -> None:
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x needs at least one sample and one feature; found shape {x.shape}")
    require.samples(x, y, weights)


def _center(y: Array, weights: Array | None, fit_intercept: bool) -> Array:
    """A number near the targets, which the intercept takes up: their differences would lose digits beside it."""
    if not fit_intercept:
        return jnp.zeros_like(y[0])
    return lax.stop_gradient(sums.mean(present(weights, y), weights=weights))  # a far one of little weight rounds none


def _solved(
    scaled: scaling.Scaled, theta: Array, full_rank: Array, center: Array, sound: Array, fit_intercept: bool
) -> OLS:
    """The model in units of the data; NaN where they do not determine it."""
    full_rank = full_rank & sound
    coef, intercept = scaling.original(theta, scaled, fit_intercept=fit_intercept)
    intercept = intercept + center
    return OLS(jnp.where(full_rank, coef, jnp.nan), jnp.where(full_rank, intercept, jnp.nan), full_rank)


def _weighted(a: Array, weights: Array | None) -> Array:
    """Multiply each row by the square root of its weight."""
    return a if weights is None else a * jnp.sqrt(weights).reshape(-1, *[1] * (a.ndim - 1))


def _normal_equations(a: Array, y: Array, weights: Array | None) -> tuple[Array, Array]:
    """Cholesky on the Gram matrix scaled to a unit diagonal, and one step of refinement on the data."""
    w = jnp.ones_like(y) if weights is None else weights
    gram = sums.gram(a, weights=weights)  # without y, which under vmap has another shift in each fold
    scale = jnp.sqrt(jnp.diagonal(gram))
    scale = jnp.where(scale > 0, scale, 1.0)
    factor = jnp.linalg.cholesky(gram / scale / scale[:, None], symmetrize_input=False)
    full_rank = jnp.all(jnp.diagonal(factor) ** 2 > 4 * a.shape[1] * jnp.finfo(a.dtype).eps)

    def solve(right: Array) -> Array:
        return cho_solve((factor, True), right / scale) / scale

    theta = solve(sums.cross(a, w * y))
    return theta + solve(sums.cross(a, w * (y - a @ theta))), full_rank


def _orthogonal(a: Array, y: Array, weights: Array | None) -> tuple[Array, Array]:
    """Householder QR of the weighted design."""
    a, y = _weighted(a, weights), _weighted(y, weights)
    q, r = jnp.linalg.qr(a)
    return solve_triangular(r, sums.cross(q, y)), _has_full_rank(r)


def _has_full_rank(r: Array) -> Array:
    """Whether no column of a triangular factor is explained by those before it, except for rounding."""
    smallest = 2 * len(r) * jnp.finfo(r.dtype).eps * jnp.linalg.norm(r, axis=0)
    return jnp.all(jnp.abs(jnp.diagonal(r)) > smallest)


def _minimum_norm(x: Array, y: Array, weights: Array | None, fit_intercept: bool) -> OLS:
    """Singular value decomposition of the centered features: the intercept does not count in the norm."""
    if not fit_intercept:
        found = projection.least_squares(_weighted(x, weights), _weighted(y, weights))
        return OLS(found.weights, jnp.zeros_like(y[0]), found.rank == x.shape[1])
    (x, x_mean, x_rest), (y, y_mean, y_rest) = (sums.centered(part, weights=weights) for part in (x, y))
    found = projection.least_squares(_weighted(x, weights), _weighted(y, weights))
    intercept = y_mean - jnp.sum(x_mean * found.weights) + (y_rest - jnp.sum(x_rest * found.weights))
    return OLS(found.weights, intercept, found.rank == x.shape[1])
