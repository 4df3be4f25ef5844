r"""Ridge regression. Shapes: n and m samples, d features, a penalties.

The model is $y = \beta_0 + x \beta$. The intercept is not penalized. The penalty has squared units of x, so features
in different units are penalized differently: standardize them first.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.risk import metrics


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


@public
@partial(jax.jit, static_argnames="fit_intercept")
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
    $X^\top (X X^\top + \alpha I)^{-1} y$ gives the same. If alpha is 0, the centered X needs full rank. Otherwise
    the result is NaN or dominated by rounding errors.

    Args:
        x: features.
        y: targets.
        alpha: penalty, non-negative.
        weights: non-negative, one per sample; all 1 if left out.
        fit_intercept: whether there is a $\beta_0$; static.

    Raises:
        ValueError: if shapes do not fit or x is empty.

    Source: Hoerl and Kennard (1970), Technometrics 12, 55-67; Bishop (2006), equation 3.28.

    >>> model = fit(jnp.array([[-1.0], [1.0]]), jnp.array([-1.0, 1.0]), alpha=2.0)
    >>> round(float(model.coef[0]), 4)
    0.5
    """
    x_mean, y_mean, a, b = _centered(x, y, weights, fit_intercept)
    n, d = a.shape
    wide = n < d
    system = a @ a.T if wide else a.T @ a
    system = system + jnp.asarray(alpha, a.dtype) * jnp.eye(min(n, d), dtype=a.dtype)
    factor = cho_factor(system)
    coef = a.T @ cho_solve(factor, b) if wide else cho_solve(factor, a.T @ b)
    return Ridge(coef, y_mean - x_mean @ coef)


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
@partial(jax.jit, static_argnames="fit_intercept")
def path(
    x: Float[Array, "n d"], y: Float[Array, " n"], alphas: Float[Array, " a"], *, fit_intercept: bool = True
) -> Path:
    r"""Fit all penalties from one singular value decomposition $X = U S V^\top$ of the centered features.

    $$\beta(\alpha) = V \,\mathrm{diag}\Bigl(\frac{s_j}{s_j^2 + \alpha}\Bigr)\, U^\top y, \qquad
      \mathrm{df}(\alpha) = \sum_j \frac{s_j^2}{s_j^2 + \alpha} + 1, \qquad
      \mathrm{GCV}(\alpha) = \frac{n \lVert y - \hat y \rVert^2}{(n - \mathrm{df})^2}$$

    Without an intercept, the 1 is left out. GCV estimates the mean squared error of a new sample. It is infinite
    where df reaches n. The decomposition comes from the eigenvectors of the smaller of $X^\top X$ and $X X^\top$.
    Directions with $s_j^2$ below rounding, eps max(n, d) times the largest, are left out.

    Raises:
        ValueError: if shapes do not fit or x is empty.

    Source: Hastie, Tibshirani and Friedman (2009), section 3.4.1; Golub, Heath and Wahba (1979).

    >>> found = path(jnp.array([[-1.0], [1.0]]), jnp.array([-1.0, 1.0]), jnp.array([0.0, 2.0]))
    >>> found.coef[:, 0].round(4).tolist(), found.degrees_of_freedom.round(4).tolist()
    ([1.0, 0.5], [2.0, 1.5])
    """
    require.rank("alphas", alphas, 1)
    x_mean, y_mean, a, b = _centered(x, y, None, fit_intercept)
    n, d = a.shape
    square, vectors = jnp.linalg.eigh(a @ a.T if n < d else a.T @ a)
    cutoff = jnp.finfo(a.dtype).eps * max(n, d) * square[-1]
    used = square > cutoff
    square = jnp.where(used, square, 0.0)
    root = jnp.sqrt(square)
    # V^T X^T y; with fewer samples than features it is computed from U, as S U^T y
    rotated = root * (vectors.T @ b) if n < d else vectors.T @ (a.T @ b)
    below = square + alphas[:, None]
    shrunk = jnp.where(used, rotated / jnp.where(used, below, 1.0), 0.0)  # (a, directions)
    coef = shrunk / jnp.where(used, root, 1.0) @ vectors.T @ a if n < d else shrunk @ vectors.T
    df = jnp.sum(jnp.where(used, square / jnp.where(used, below, 1.0), 0.0), axis=1) + fit_intercept
    residual = jnp.sum((b - coef @ a.T) ** 2, axis=1)
    left = n - df
    gcv = jnp.where(left > 1e-3, n * residual / jnp.where(left > 1e-3, left, 1.0) ** 2, jnp.inf)
    return Path(alphas, coef, y_mean - coef @ x_mean, df, gcv)


@public
def best(path: Path) -> Int[Array, ""]:
    """Return the index of the penalty with the smallest GCV; ties go to the largest penalty.

    >>> x, y = jnp.array([[-1.0], [0.0], [1.0]]), jnp.array([-1.0, 0.1, 1.0])
    >>> best(globals()["path"](x, y, jnp.array([1.0, 0.01]))).item()
    1
    """
    least = path.gcv == jnp.min(path.gcv)
    return jnp.argmax(jnp.where(least, path.alphas, -jnp.inf))


def _centered(x: Array, y: Array, weights: Array | None, fit_intercept: bool) -> tuple[Array, Array, Array, Array]:
    """Means, and the centered features and targets times the root of the weights."""
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must not be empty; found shape {x.shape}")
    require.samples(x, y, weights)
    w = jnp.ones(len(x), x.dtype) if weights is None else weights
    if fit_intercept:
        x_mean, y_mean = w @ x / jnp.sum(w), w @ y / jnp.sum(w)
    else:
        x_mean, y_mean = jnp.zeros(x.shape[1], x.dtype), jnp.zeros((), y.dtype)
    if weights is None:
        return x_mean, y_mean, x - x_mean, y - y_mean
    root = jnp.sqrt(w)
    return x_mean, y_mean, (x - x_mean) * root[:, None], (y - y_mean) * root
