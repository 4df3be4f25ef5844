r"""Ridge regression. Shapes: n and m samples, d features, a penalties.

The model is $y = \beta_0 + x \beta$. The intercept is not penalized. The penalty has squared units of x, so features
in different units are penalized differently: standardize them first.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve, solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import branches, scaling, singular, sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.risk import metrics

ENOUGH = 1e-4  # relative error by products of columns, from which on QR takes their place


class Ridge(NamedTuple):
    """A fitted model."""

    coef: Float[Array, " d"]  # units of y over units of x
    intercept: Float[Array, ""]  # units of y; 0 without an intercept


class Path(NamedTuple):
    """Models for many penalties, from one decomposition."""

    alphas: Float[Array, " a"]
    coef: Float[Array, "a d"]
    intercept: Float[Array, " a"]
    degrees_of_freedom: Float[Array, " a"]  # sum of s^2 / (s^2 + alpha), plus 1 with an intercept
    gcv: Float[Array, " a"]  # generalized cross-validation, in squared units of y
    relative_gcv: Float[Array, " a"]  # the same in a unit near the size of y, where no square leaves the float range


@public
@checked(weights=NON_NEGATIVE, alpha=NON_NEGATIVE)
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    alpha: ArrayLike = 1.0,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Ridge:
    r"""Minimize $\sum_i w_i (y_i - \beta_0 - x_i \beta)^2 + \alpha \lVert \beta \rVert^2$ in closed form.

    $\beta = (X^\top W X + \alpha I)^{-1} X^\top W y$ with centered X and y. If n < d, the smaller system
    $X^\top (X X^\top + \alpha I)^{-1} y$ gives the same. Where products of columns would cost too many digits, as with
    groups of samples far from each other, QR of the columns takes their place. If alpha is 0, the centered X needs
    full rank; the result is NaN where rounding cannot tell it from a matrix of lower rank.

    Args:
        x: features.
        y: targets.
        alpha: penalty, non-negative, one for all features: scale the features to penalize them differently.
        weights: non-negative, one per sample; all 1 if left out.
        fit_intercept: whether there is a $\beta_0$; static.

    Raises:
        ValueError: if shapes do not fit, x is empty, or alpha or a weight is negative.

    Source: Hoerl and Kennard (1970), Technometrics 12, 55-67; Bishop (2006), equation 3.28.

    >>> model = fit(jnp.array([[-1.0], [1.0]]), jnp.array([-1.0, 1.0]), alpha=2.0)
    >>> round(float(model.coef[0]), 4)
    0.5
    """
    return branches.quick_or_careful(partial(_fit, fit_intercept=fit_intercept), x, y, alpha, weights)


@public
def predict(model: Ridge, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Predict $\beta_0 + x \beta$, in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> predict(Ridge(jnp.array([2.0]), jnp.array(1.0)), jnp.array([[3.0]])).tolist()
    [7.0]
    """
    require.rank("x", x, 2)
    require.that(model.coef.ndim == 1, f"model must be one model, not a path; found coef {model.coef.shape}")
    require.columns("x", x, len(model.coef))
    return x @ model.coef + model.intercept


@public
@jax.jit
def score(
    model: Ridge, x: Float[Array, "n d"], y: Float[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    """Return $R^2$ of the predictions, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: if shapes do not fit.

    >>> score(Ridge(jnp.array([2.0]), jnp.array(1.0)), jnp.array([[0.0], [1.0]]), jnp.array([1.0, 3.0])).item()
    1.0
    """
    require.samples(x, y, weights)
    return metrics.r2(predict(model, x), y, weights=weights)


@public
@checked(weights=NON_NEGATIVE, alphas=NON_NEGATIVE)
def path(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    alphas: Float[Array, " a"],
    *,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Path:
    r"""Fit all penalties from one singular value decomposition $X = U S V^\top$ of the centered features.

    $$\beta(\alpha) = V \,\mathrm{diag}\Bigl(\frac{s_j}{s_j^2 + \alpha}\Bigr)\, U^\top y, \qquad
      \mathrm{df}(\alpha) = \sum_j \frac{s_j^2}{s_j^2 + \alpha} + 1, \qquad
      \mathrm{GCV}(\alpha) = \frac{n \lVert y - \hat y \rVert^2}{(n - \mathrm{df})^2}$$

    Without an intercept, the 1 is left out. GCV estimates the mean squared error of a new sample. It is infinite
    where df reaches n. The decomposition comes from the eigenvectors of the smaller of $X^\top X$ and $X X^\top$ where
    that is as good. With weights, squares are weighted and n is the sum of the weights. Where columns or groups of
    samples are far apart, each penalty has its own QR decomposition, as in `fit`. Where `fit` gives NaN, directions
    with $s_j$ below 4 eps min(n, d) times the largest are left out instead.

    Raises:
        ValueError: if shapes do not fit, x is empty, or a penalty or a weight is negative.

    Source: Hastie, Tibshirani and Friedman (2009), section 3.4.1; Golub, Heath and Wahba (1979).

    >>> found = path(jnp.array([[-1.0], [1.0]]), jnp.array([-1.0, 1.0]), jnp.array([0.0, 2.0]))
    >>> found.coef[:, 0].round(4).tolist(), found.degrees_of_freedom.round(4).tolist()
    ([1.0, 0.5], [2.0, 1.5])
    """
    require.rank("alphas", alphas, 1)
    return branches.quick_or_careful(partial(_path, fit_intercept=fit_intercept), x, y, alphas, weights)


@public
def best(path: Path) -> Int[Array, ""]:
    """Return the index of the penalty with the smallest GCV; ties go to the largest penalty.

    >>> x, y = jnp.array([[-1.0], [0.0], [1.0]]), jnp.array([-1.0, 0.1, 1.0])
    >>> best(globals()["path"](x, y, jnp.array([1.0, 0.01]))).item()
    1
    """
    least = path.relative_gcv == jnp.min(path.relative_gcv)
    return jnp.argmax(jnp.where(least, path.alphas, -jnp.inf))


def _checked(x: Array, y: Array, weights: Array | None) -> tuple[Array, Array]:
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must not be empty; found shape {x.shape}")
    require.samples(x, y, weights)
    return present(weights, x), present(weights, y)


def _centered(x: Array, y: Array, weights: Array | None, fit_intercept: bool) -> tuple[Array, Array, Array, Array]:
    """Means, and the centered features and targets times the root of the weights."""
    x, y = _checked(x, y, weights)
    if fit_intercept:
        (a, x_mean, _), (b, y_mean, _) = sums.centered(x, weights=weights), sums.centered(y, weights=weights)
    else:
        a, x_mean, b, y_mean = x, jnp.zeros(x.shape[1], x.dtype), y, jnp.zeros((), y.dtype)
    if weights is None:
        return x_mean, y_mean, a, b
    root = jnp.sqrt(weights)
    return x_mean, y_mean, a * root[:, None], b * root


@partial(jax.jit, static_argnames=("fit_intercept", "careful"))
def _path(
    x: Array, y: Array, alphas: Array, weights: Array | None, *, fit_intercept: bool, careful: bool
) -> tuple[Path, Array]:
    """The path, and whether it has lost digits."""
    x_mean, y_mean, a, b = _centered(x, y, weights, fit_intercept)
    n = len(a) if weights is None else jnp.sum(weights)
    unit = scaling.unit(a)
    inverse = 1 / unit  # a product, since XLA divides by the square of a repeated divisor, which may underflow
    a, penalty = a * inverse, alphas * inverse * inverse
    solve = _without_products if careful else _by_products
    coef, df, lost = solve(a, b, penalty)
    df = df + fit_intercept
    size = scaling.unit(b)
    residual = jnp.sum(((b - coef @ a.T) / size) ** 2, axis=1)
    left = n - df
    some = left > 1e-3  # samples: a number without a unit
    relative = jnp.where(some, n * residual / jnp.where(some, left, 1.0) ** 2, jnp.inf)
    coef = coef / unit
    return Path(alphas, coef, y_mean - coef @ x_mean, df, relative * size * size, relative), lost


def _by_products(a: Array, b: Array, penalty: Array) -> tuple[Array, Array, Array]:
    """Coefficients and degrees of freedom for all penalties, and whether they have lost digits."""
    wide = a.shape[0] < a.shape[1]
    square, vectors = jnp.linalg.eigh(sums.gram(a.T if wide else a))
    square = jnp.maximum(square, 0.0)
    least = square[0] + jnp.min(penalty, initial=jnp.inf)
    lost = ~(least > jnp.finfo(a.dtype).eps ** 0.5 * square[-1])
    rotated, directions = (vectors.T @ b, vectors.T @ a) if wide else (vectors.T @ sums.cross(a, b), vectors.T)
    return *_shrunk(square, jnp.ones_like(square, bool), rotated, directions, penalty), lost


def _without_products(a: Array, b: Array, penalty: Array) -> tuple[Array, Array, Array]:
    """The same, at a QR decomposition per penalty; from the singular values where this is singular."""
    if a.shape[0] < a.shape[1]:
        directions, r = jnp.linalg.qr(a.T)
        coef, df, lost = _decomposed(r.T, b, penalty, one_unit=True)
        return coef @ directions.T, df, lost
    return _decomposed(a, b, penalty, one_unit=False)


def _decomposed(a: Array, b: Array, penalty: Array, *, one_unit: bool) -> tuple[Array, Array, Array]:
    left, root, right = singular.svd(a)
    used = root > scaling.rank_rtol(a.shape, a.dtype) * root[0]
    of_spectrum = _shrunk(root**2, used, root * sums.cross(left, b), right, penalty)
    of_qr = lax.map(partial(_by_qr, *jnp.linalg.qr(a), b, one_unit=one_unit), penalty)
    sound = jnp.isfinite(of_qr[1])
    coef, df = jnp.where(sound[:, None], of_qr[0], of_spectrum[0]), jnp.where(sound, of_qr[1], of_spectrum[1])
    return coef, df, jnp.zeros((), bool)


def _shrunk(square: Array, used: Array, rotated: Array, directions: Array, penalty: Array) -> tuple[Array, Array]:
    r"""From squared singular values, which of them are in use, $S U^\top y$, and the rows of $V^\top$."""
    below = jnp.where(used, square + penalty[:, None], 1.0)
    return jnp.where(used, rotated / below, 0.0) @ directions, jnp.sum(jnp.where(used, square / below, 0.0), axis=1)


def _by_qr(q: Array, r: Array, b: Array, penalty: Array, *, one_unit: bool) -> tuple[Array, Array]:
    """Coefficients and degrees of freedom for one penalty from a = qr."""
    top, of_both, _ = _qr(r, penalty, one_unit=one_unit)
    return solve_triangular(of_both, top.T @ sums.cross(q, b)), jnp.sum(top**2) + 0 * of_both[0, 0]  # NaN with it


@partial(jax.jit, static_argnames=("fit_intercept", "careful"))
def _fit(
    x: Array, y: Array, alpha: ArrayLike, weights: Array | None, *, fit_intercept: bool, careful: bool
) -> tuple[Ridge, Array]:
    """The model, and whether it has lost digits."""
    alpha = jnp.asarray(alpha, x.dtype)
    if len(x) >= x.shape[1] and not careful:
        return _by_moments(x, y, alpha, weights, fit_intercept)
    x_mean, y_mean, a, b = _centered(x, y, weights, fit_intercept)
    solve = _tall_by_qr if len(x) >= x.shape[1] else _wide_by_qr if careful else _wide
    coef, lost = solve(a, b, alpha)
    return Ridge(coef, y_mean - x_mean @ coef), lost


def _by_moments(x: Array, y: Array, alpha: Array, weights: Array | None, fit_intercept: bool) -> tuple[Ridge, Array]:
    """Solve for one coefficient per feature. Features are brought to one scale, but the penalty stays as it is."""
    x, y = _checked(x, y, weights)
    found = sums.moments(x, y, weights=weights, centered=fit_intercept)
    gram, target = found.products[:-1, :-1], found.products[:-1, -1]
    inverse = 1 / scaling.power_of_two(jnp.sqrt(jnp.maximum(jnp.diagonal(gram), alpha)))
    factor, lost = _factor(gram * inverse * inverse[:, None] + jnp.diag(alpha * inverse * inverse))
    coef = cho_solve((factor, True), target * inverse) * inverse
    own = jnp.append(-coef, 1.0)
    return Ridge(coef, found.mean @ own + found.rest @ own), lost | ~found.in_range


def _wide(a: Array, b: Array, alpha: Array) -> tuple[Array, Array]:
    """Solve for one number per sample, from which the coefficients follow."""
    unit = scaling.power_of_two(jnp.maximum(jnp.max(jnp.abs(a)), jnp.sqrt(alpha)))
    inverse = 1 / unit
    a, penalty = a * inverse, alpha * inverse * inverse
    factor, lost = _factor(sums.gram(a.T) + penalty * jnp.eye(len(a), dtype=a.dtype))
    return cho_solve((factor, True), b) @ a * inverse, lost


def _factor(system: Array) -> tuple[Array, Array]:
    """Cholesky's factor, and whether the products that the system was made of have lost digits."""
    factor = jnp.linalg.cholesky(system)
    inverse = solve_triangular(factor, jnp.eye(len(factor), dtype=factor.dtype), lower=True)
    inflation = jnp.sum(inverse**2, axis=0) * jnp.diagonal(system)  # of the variance of each unknown
    return factor, ~jnp.all(inflation * jnp.finfo(system.dtype).eps < ENOUGH)


def _tall_by_qr(a: Array, b: Array, alpha: Array) -> tuple[Array, Array]:
    """Solve without products of columns, which square the condition. The derivative is that of the normal equations."""
    units = scaling.column_units(a)
    size = units * jnp.sqrt(sums.over_rows((a / units) ** 2))
    inverse = 1 / scaling.power_of_two(jnp.maximum(size, jnp.sqrt(alpha)))
    a, penalty = a * inverse, alpha * inverse * inverse
    q, r, solve = _qr(*lax.stop_gradient((a, penalty)))
    coef = solve_triangular(r, sums.cross(q, lax.stop_gradient(b)))
    step = solve(sums.cross(a, b - a @ coef) - penalty * coef)
    return (coef + step - lax.stop_gradient(step)) * inverse, jnp.zeros((), bool)


def _wide_by_qr(a: Array, b: Array, alpha: Array) -> tuple[Array, Array]:
    inverse = 1 / scaling.power_of_two(jnp.maximum(jnp.max(jnp.abs(a)), jnp.sqrt(alpha)))
    a, penalty = a * inverse, alpha * inverse * inverse
    q, r, solve = _qr(*lax.stop_gradient((a.T, penalty)))
    coef = q @ solve_triangular(r, lax.stop_gradient(b), trans="T")
    of_samples = lax.stop_gradient(solve(b))
    step = (of_samples + solve(b - a @ (of_samples @ a) - penalty * of_samples)) @ a
    return (coef + step - lax.stop_gradient(step)) * inverse, jnp.zeros((), bool)


def _qr(a: Array, penalty: Array, *, one_unit: bool = False) -> tuple[Array, Array, Callable[[Array], Array]]:
    r"""QR of the columns above the roots of the penalties: Q's rows of a, R, and a solver for $R^\top R$.

    R is NaN where rounding cannot tell it from a singular one: of each column, and of the longest if they share a unit.
    """
    roots = jnp.sqrt(penalty) * jnp.eye(a.shape[1], dtype=a.dtype)
    q, r = jnp.linalg.qr(jnp.concatenate([a, roots]))
    lengths = jnp.linalg.norm(r, axis=0)
    limit = scaling.rank_rtol(a.shape, a.dtype) * lengths
    if one_unit:  # a column may be nothing but rounding of the others
        limit = jnp.maximum(limit, 4 * jnp.finfo(a.dtype).eps * jnp.max(lengths))
    r = jnp.where(jnp.all(jnp.abs(jnp.diagonal(r)) > limit), r, jnp.nan)
    return q[: len(a)], r, lambda right: solve_triangular(r, solve_triangular(r, right, trans="T"))
