r"""Linear regression with Student-t noise, by expectation maximization. Shapes: n samples, d features.

A t-distributed residual is a normal one whose variance $\sigma^2 / u_i$ is itself random,
$u_i \sim \mathrm{Gamma}(\nu/2, \nu/2)$. EM alternates two steps. The first estimates the $u_i$: how much to trust
each sample. The second fits a line with these weights. A sample far from the line loses its weight, so it hardly moves
the line.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import gammas, scaling
from mfml.numerics.domain import POSITIVE, checked
from mfml.probability import likelihood
from mfml.regression import ols
from mfml.regression.scaling import Scaled, design
from mfml.risk import metrics

LEAST_DF, LARGEST_DF = 0.2, 1000.0  # the degrees of freedom are estimated between them
BISECTIONS = 40
PATIENCE = 10  # steps without a record before rounding is blamed


class Line(NamedTuple):
    """A line, and the noise around it."""

    coef: Float[Array, " d"]  # units of y over units of x
    intercept: Float[Array, ""]  # units of y; 0 without an intercept
    scale: Float[Array, ""]  # of the noise, units of y; not its standard deviation
    df: Float[Array, ""]  # degrees of freedom


class Robust(NamedTuple):
    """A fitted line, and how EM found it."""

    coef: Float[Array, " d"]  # these four as in `Line`
    intercept: Float[Array, ""]
    scale: Float[Array, ""]
    df: Float[Array, ""]
    weights: Float[Array, " n"]  # trust in each sample: (df + 1) / df on the line, near 0 far from it
    log_likelihood: Float[Array, ""]  # mean over samples, nats
    history: Float[Array, " steps"]  # log-likelihood at the start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the last step changed the line and the noise by less than tol
    status: Int[Array, ""]  # a `mfml.iteration.Status`


Model = Line | Robust


class _State(NamedTuple):
    line: Line
    residual: Array  # (n,)
    log_likelihood: Array
    change: Array  # by the last step, as `tol` measures it
    records: Array  # largest log-likelihood and largest negative change so far
    idle: Array  # steps since the last record


@public
@checked(df=POSITIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def init(x: Float[Array, "n d"], y: Float[Array, " n"], *, df: ArrayLike = 4.0, fit_intercept: bool = True) -> Line:
    """Start from least squares, with the root mean square of its residuals as scale.

    Raises:
        ValueError: unless shapes fit and there are as many samples as parameters; for df <= 0 (NaN where traced).

    >>> init(jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0.0, 1.0, 2.0])).coef.round(4).tolist()
    [1.0]
    """
    line = ols.fit(x, y, fit_intercept=fit_intercept)
    residual = y - ols.predict(line, x)
    scale = _root_mean_square(residual)
    return Line(line.coef, line.intercept, scale, jnp.asarray(df, x.dtype))


@public
def predict(model: Model, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Predict $\beta_0 + x \beta$, the center of the noise, in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> line = Line(jnp.array([2.0]), jnp.array(1.0), jnp.array(1.0), jnp.array(4.0))
    >>> predict(line, jnp.array([[3.0]])).tolist()
    [7.0]
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.coef))
    return x @ model.coef + model.intercept


@public
@jax.jit
def score(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Coefficient of determination $R^2$ of the predictions, see `mfml.risk.metrics.r2`.

    Outliers count in full, so least squares scores higher on the data of its fit. `log_likelihood` forgives them.

    Raises:
        ValueError: if shapes do not fit.

    >>> line = Line(jnp.array([1.0]), jnp.array(0.0), jnp.array(1.0), jnp.array(4.0))
    >>> round(score(line, jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0.0, 1.0, 3.0])).item(), 4)
    0.7857
    """
    require.samples(x, y)
    return metrics.r2(predict(model, x), y)


@public
@jax.jit
def log_likelihood(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Log-likelihood of the targets, mean over samples, in nats. It is what `fit` maximizes.

    Raises:
        ValueError: if shapes do not fit.

    >>> cauchy = Line(jnp.zeros(1), jnp.array(0.0), jnp.array(1.0), jnp.array(1.0))
    >>> round(log_likelihood(cauchy, jnp.zeros((1, 1)), jnp.zeros(1)).item(), 4)
    -1.1447
    """
    return _log_likelihood(_residual(model, x, y), model.scale, model.df)


@public
@jax.jit
def trust(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, " n"]:
    r"""E step: expected precision of each sample, $w_i = (\nu + 1) / (\nu + r_i^2 / \sigma^2)$.

    Raises:
        ValueError: if shapes do not fit.

    Source: Lange, Little and Taylor (1989), Journal of the American Statistical Association 84.

    >>> flat = Line(jnp.zeros(1), jnp.array(0.0), jnp.array(1.0), jnp.array(3.0))
    >>> trust(flat, jnp.zeros((2, 1)), jnp.array([1.0, 5.0])).round(4).tolist()
    [1.0, 0.142...]
    """
    return _trust(_residual(model, x, y), model.scale, model.df)


@public
@partial(jax.jit, static_argnames=("fit_intercept", "estimate_df"))
def step(
    state: Line,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    fit_intercept: bool = True,
    estimate_df: bool = False,
) -> Line:
    r"""One step of EM: weights, then the line by weighted least squares, then $\sigma^2 = \frac1n \sum_i w_i r_i^2$.

    With `estimate_df` (static) the degrees of freedom follow: those between 0.2 and 1000 that maximize the
    likelihood itself (ECME). They stay as they are where, by rounding, a change would lower the likelihood.

    Raises:
        ValueError: as `init`; unless x has as many columns as in the state.

    Source: Lange, Little and Taylor (1989); Liu and Rubin (1995), Statistica Sinica 5 (ECME).

    >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0.0, 1.1, 2.0, 9.0])
    >>> start = init(x, y)
    >>> (log_likelihood(step(start, x, y), x, y) > log_likelihood(start, x, y)).item()
    True
    """
    scaled = design(x, fit_intercept=fit_intercept)
    return _step(state, _residual(state, x, y), scaled, x, y, fit_intercept, estimate_df)[0]


@public
@checked(df=POSITIVE)
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
) -> Robust:
    r"""Maximize the likelihood of $y_i = \beta_0 + x_i \beta + \sigma t_i$, $t_i$ from Student's distribution.

    EM starts from least squares. No step lowers the likelihood, but for small df there may be several maxima. Where
    more than the share $\nu / (\nu + 1)$ of the samples lies exactly on a line, the likelihood has no upper bound:
    the scale shrinks until it is lost in rounding, and the status is UNBOUNDED.

    Args:
        x: features.
        y: targets.
        df: degrees of freedom, from 1 to 5 for data with outliers; with `estimate_df` their value at the start.
        fit_intercept: whether there is a $\beta_0$; static.
        estimate_df: whether the degrees of freedom are estimated too, which needs some hundred samples; static.
        max_iter: largest number of steps; static.
        tol: converged when a step changes no prediction by as much as this, in units of the scale. The logarithms
            of the scale and of the degrees of freedom must together change by less, too.

    Raises:
        ValueError: unless shapes fit, there are as many samples as parameters, and max_iter >= 1; for df <= 0 (NaN
            where traced).

    Source: Lange, Little and Taylor (1989), Journal of the American Statistical Association 84; Murphy (2012),
    section 11.4.5.

    >>> x, y = jnp.arange(6.0)[:, None], jnp.array([0.1, 0.9, 2.1, 2.9, 4.1, 50.0])
    >>> fit(x, y, df=1.0).coef.round(1).tolist()
    [1.0]
    """
    first = init(x, y, df=df, fit_intercept=fit_intercept)
    residual, scaled = _residual(first, x, y), design(x, fit_intercept=fit_intercept)
    eps, largest = jnp.finfo(y.dtype).eps, jnp.max(jnp.abs(y))

    def advance(old: _State, _: Array) -> _State:
        line, residual = _step(old.line, old.residual, scaled, x, y, fit_intercept, estimate_df)
        # of predictions, since the residual of a far outlier is rounded by more than tol
        moved = jnp.max(jnp.abs(predict(line, x) - predict(old.line, x))) / line.scale
        noise = jnp.abs(jnp.log(line.scale / old.line.scale)) + jnp.abs(jnp.log(line.df / old.line.df))
        value, change = _log_likelihood(residual, line.scale, line.df), jnp.maximum(moved, noise)
        reached = jnp.stack([value, -change])
        idle = jnp.where((reached > old.records).any(), 0, old.idle + 1)
        return _State(line, residual, value, change, jnp.maximum(reached, old.records), idle)

    def unbounded(state: _State) -> Array:
        scale = state.line.scale

        def lost() -> Array:  # in the rounding of the samples that count: not in that of a far one
            trusted = jnp.sqrt(_trust(state.residual, scale, state.line.df))
            return scale <= eps * jnp.max(trusted * jnp.abs(y))

        return lax.cond(scale <= eps * largest, lost, lambda: jnp.array(False))

    value, endless = _log_likelihood(residual, first.scale, first.df), jnp.full((), jnp.inf, x.dtype)
    state, report = iteration.run(
        advance,
        _State(first, residual, value, endless, jnp.stack([value, -endless]), jnp.zeros((), int)),
        max_iter=max_iter,
        objective=lambda state: state.log_likelihood,
        converged=lambda state: (state.change < tol) & ~unbounded(state),
        failed={Status.UNBOUNDED: unbounded, Status.STALLED: lambda state: state.idle >= PATIENCE},
    )
    line: Line = state.line
    weights = _trust(state.residual, line.scale, line.df)
    return Robust(*line, weights, state.log_likelihood, *report)


def _residual(model: Model, x: Array, y: Array) -> Array:
    _check(x, y)
    return y - predict(model, x)


def _check(x: Array, y: Array) -> None:
    require.rank("y", y, 1)
    require.same_length(x=x, y=y)


def _root_mean_square(residual: Array) -> Array:
    return scaling.length(residual) / len(residual) ** 0.5


def _standardized(residual: Array, scale: Array) -> Array:
    return residual / jnp.where(scale == 0, 1.0, scale)  # a scale of 0 means that all residuals are 0


def _log_likelihood(residual: Array, scale: Array, df: Array) -> Array:
    nll = likelihood.student_t_nll(_standardized(residual, scale), 0.0, 1.0, df)
    return -jnp.mean(nll) - jnp.log(scale)


def _trust(residual: Array, scale: Array, df: Array) -> Array:
    return (df + 1) / (df + _standardized(residual, scale) ** 2)


def _step(
    line: Line, residual: Array, scaled: Scaled, x: Array, y: Array, fit_intercept: bool, estimate_df: bool
) -> tuple[Line, Array]:
    """The next line, and the residuals from it; `residual` are those from the last one."""
    w = _trust(residual, line.scale, line.df)
    fitted = ols.solve(scaled, y, weights=w, fit_intercept=fit_intercept)
    residual = y - ols.predict(fitted, x)
    scale = _root_mean_square(jnp.sqrt(w) * residual)
    df = line.df
    if estimate_df:
        likely = _likely_df(_standardized(residual, scale) ** 2)
        better = _log_likelihood(residual, scale, likely) > _log_likelihood(residual, scale, df)
        df = jnp.where(better, likely, df)
    return Line(fitted.coef, fitted.intercept, scale, df), residual


def _likely_df(z2: Array) -> Array:
    """The degrees of freedom at which the likelihood of these squared residuals is largest."""

    def slope(log_df: Array) -> Array:
        nu = jnp.exp(log_df)
        w = (nu + 1) / (nu + z2)
        constants = gammas.digamma_rest((nu + 1) / 2) - gammas.digamma_rest(nu / 2)
        return constants + 1 + jnp.mean(jnp.log(w) - w)

    def halve(_: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) / 2
        rises = slope(middle) > 0
        return jnp.where(rises, middle, low), jnp.where(rises, high, middle)

    bounds = tuple(jnp.log(jnp.asarray(value, z2.dtype)) for value in (LEAST_DF, LARGEST_DF))
    low, high = lax.fori_loop(0, BISECTIONS, halve, bounds)
    return jnp.exp((low + high) / 2)
