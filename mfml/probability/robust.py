r"""Linear regression with Student-t noise, by expectation maximization. Shapes: n samples, d features.

A t-distributed residual is a normal one whose variance $\sigma^2 / u_i$ is itself random,
$u_i \sim \mathrm{Gamma}(\nu/2, \nu/2)$. EM by turns estimates the $u_i$, that is how much each sample is to be
trusted, and fits a line with these weights. A sample far off loses its weight, and the line stays.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import digamma
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.probability import likelihood
from mfml.regression import ols

LEAST_DF, LARGEST_DF = 0.2, 1000.0  # between them degrees of freedom are sought
BISECTIONS = 40


class Model(NamedTuple):
    """A line, and the noise around it."""

    coef: Float[Array, " d"]  # units of y over units of x
    intercept: Float[Array, ""]  # units of y; 0 without an intercept
    scale: Float[Array, ""]  # of the noise, units of y; not its standard deviation
    df: Float[Array, ""]  # degrees of freedom


class Fitted(NamedTuple):
    """The result of EM."""

    model: Model
    weights: Float[Array, " n"]  # trust in each sample: near (df + 1) / df in the middle, near 0 far off
    log_likelihood: Float[Array, ""]  # mean over samples, nats
    history: Float[Array, " steps"]  # log-likelihood at the start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]


def init(x: Float[Array, "n d"], y: Float[Array, " n"], *, df: ArrayLike = 4.0, fit_intercept: bool = True) -> Model:
    """Start from least squares, with the root mean square of its residuals as scale.

    Raises:
        ValueError: unless shapes fit and there are as many samples as parameters.

    >>> init(jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0.0, 1.0, 2.0])).coef.round(4).tolist()
    [1.0]
    """
    line = ols.fit(x, y, fit_intercept=fit_intercept)
    residual = y - ols.predict(line, x)
    scale = jnp.sqrt(jnp.mean(residual**2))
    return Model(line.coef, line.intercept, scale, jnp.asarray(df, x.dtype))


def predict(model: Model, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Predict $\beta_0 + x \beta$, the center of the noise, in units of y.

    >>> predict(Model(jnp.array([2.0]), jnp.array(1.0), jnp.array(1.0), jnp.array(4.0)), jnp.array([[3.0]])).tolist()
    [7.0]
    """
    return x @ model.coef + model.intercept


def score(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Log-likelihood, mean over samples, in nats.

    Raises:
        ValueError: unless x and y have the same number of samples.

    >>> cauchy = Model(jnp.zeros(1), jnp.array(0.0), jnp.array(1.0), jnp.array(1.0))
    >>> round(score(cauchy, jnp.zeros((1, 1)), jnp.zeros(1)).item(), 4)
    -1.1447
    """
    require.same_length(x=x, y=y)
    return -jnp.mean(likelihood.student_t_nll(y, predict(model, x), model.scale, model.df))


def trust(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, " n"]:
    r"""E step: expected precision of each sample, $w_i = (\nu + 1) / (\nu + r_i^2 / \sigma^2)$.

    Raises:
        ValueError: unless x and y have the same number of samples.

    Source: Lange, Little and Taylor (1989), Journal of the American Statistical Association 84.

    >>> flat = Model(jnp.zeros(1), jnp.array(0.0), jnp.array(1.0), jnp.array(3.0))
    >>> trust(flat, jnp.zeros((2, 1)), jnp.array([1.0, 5.0])).round(4).tolist()
    [1.0, 0.142...]
    """
    require.same_length(x=x, y=y)
    return (model.df + 1) / (model.df + ((y - predict(model, x)) / model.scale) ** 2)


def step(
    model: Model,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    fit_intercept: bool = True,
    estimate_df: bool = False,
) -> Model:
    r"""One step of EM: weights, then the line by weighted least squares, then $\sigma^2 = \frac1n \sum_i w_i r_i^2$.

    With `estimate_df` (static) the degrees of freedom follow, by maximizing the likelihood itself over them
    between 0.2 and 1000 (ECME); they stay where this would lower it.

    Raises:
        ValueError: as `init`.

    Source: Lange, Little and Taylor (1989); Liu and Rubin (1995), Statistica Sinica 5 (ECME).

    >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0.0, 1.1, 2.0, 9.0])
    >>> start = init(x, y)
    >>> (score(step(start, x, y), x, y) > score(start, x, y)).item()
    True
    """
    w = trust(model, x, y)
    line = ols.fit(x, y, weights=w, fit_intercept=fit_intercept)
    squares = (y - ols.predict(line, x)) ** 2
    model = Model(line.coef, line.intercept, jnp.sqrt(jnp.mean(w * squares)), model.df)
    if not estimate_df:
        return model
    other = model._replace(df=_likely_df(squares / model.scale**2))
    better = score(other, x, y) > score(model, x, y)
    return model._replace(df=jnp.where(better, other.df, model.df))


@partial(jax.jit, static_argnames=("fit_intercept", "estimate_df", "max_iter"))
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    df: ArrayLike = 4.0,
    fit_intercept: bool = True,
    estimate_df: bool = False,
    max_iter: int = 200,
    tol: ArrayLike = 1e-4,
) -> Fitted:
    r"""Maximize the likelihood of $y_i = \beta_0 + x_i \beta + \sigma t_i$, $t_i$ from Student's distribution.

    EM from least squares; no step lowers the likelihood, but for small df it may have several maxima. Where the
    line passes through half of the samples exactly, the scale shrinks to 0 and the likelihood has no bound.

    Args:
        x: features.
        y: targets.
        df: degrees of freedom: 1 to 5 for data with outliers; where `estimate_df`, the start.
        fit_intercept: whether there is a $\beta_0$; static.
        estimate_df: whether the degrees of freedom are estimated as well; needs some hundred samples; static.
        max_iter: largest number of steps; static.
        tol: largest change of a prediction, in units of the scale, and of the logarithm of the scale (and of
            the degrees of freedom), that counts as none.

    Raises:
        ValueError: unless shapes fit, there are as many samples as parameters, and max_iter >= 1.

    Source: Lange, Little and Taylor (1989), Journal of the American Statistical Association 84; Murphy (2012),
    section 11.4.5.

    >>> x, y = jnp.arange(6.0)[:, None], jnp.array([0.1, 0.9, 2.1, 2.9, 4.1, 50.0])
    >>> fit(x, y, df=1.0).model.coef.round(1).tolist()
    [1.0]
    """
    require.positive("max_iter", max_iter)
    model = init(x, y, df=df, fit_intercept=fit_intercept)
    history = jnp.full(max_iter + 1, jnp.nan, x.dtype).at[0].set(score(model, x, y))

    def goes_on(carry: tuple[Model, Array, Array, Array]) -> Array:
        _, change, n_iter, _ = carry
        return (n_iter < max_iter) & (change >= tol)

    def advance(carry: tuple[Model, Array, Array, Array]) -> tuple[Model, Array, Array, Array]:
        old, _, n_iter, history = carry
        new = step(old, x, y, fit_intercept=fit_intercept, estimate_df=estimate_df)
        moved = jnp.max(jnp.abs(predict(new, x) - predict(old, x))) / new.scale
        scales = jnp.abs(jnp.log(new.scale / old.scale)) + jnp.abs(jnp.log(new.df / old.df))
        history = history.at[n_iter + 1].set(score(new, x, y))
        return new, jnp.maximum(moved, scales), n_iter + 1, history

    start = (model, jnp.full((), jnp.inf, x.dtype), jnp.zeros((), int), history)
    model, change, n_iter, history = lax.while_loop(goes_on, advance, start)
    return Fitted(model, trust(model, x, y), history[n_iter], history, n_iter, change < tol)


def _likely_df(z2: Array) -> Array:
    """The degrees of freedom at which the likelihood of these squared residuals stops rising."""

    def slope(log_df: Array) -> Array:
        nu = jnp.exp(log_df)
        w = (nu + 1) / (nu + z2)
        constants = digamma((nu + 1) / 2) - jnp.log((nu + 1) / 2) - digamma(nu / 2) + jnp.log(nu / 2)
        return constants + 1 + jnp.mean(jnp.log(w) - w)

    def halve(_: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) / 2
        rises = slope(middle) > 0
        return jnp.where(rises, middle, low), jnp.where(rises, high, middle)

    bounds = tuple(jnp.log(jnp.asarray(value, z2.dtype)) for value in (LEAST_DF, LARGEST_DF))
    low, high = lax.fori_loop(0, BISECTIONS, halve, bounds)
    return jnp.exp((low + high) / 2)
