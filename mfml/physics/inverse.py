r"""Inverse problems: parameters from noisy measurements, with their uncertainty.

`fit` needs a forward model, a function that predicts the measurements from the parameters: a formula, or a solver.
`fit_pinn` needs the equation alone: a network and the parameters are found together, the network meeting both.

With normal noise of one size, parameters at the optimum have about the covariance $\sigma^2 (J^\top J)^{-1}$, where J
holds the derivatives of the predictions. It is exact for a linear model, and an approximation (Laplace's) otherwise.
The noise is estimated from what remains, $\sigma^2 = \|r\|^2 / (n - p)$, unless it is known.

Source: Bishop (2006), section 4.4; Seber and Wild (1989), chapter 2.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.scipy.stats
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from mfml import require
from mfml.arrays import as_float
from mfml.entrance import public
from mfml.networks import mlp
from mfml.numerics.domain import POSITIVE, checked, inside, within
from mfml.physics import levenberg_marquardt, pinn_networks, pinn_terms, pinn_training
from mfml.physics.pinn_networks import Network
from mfml.physics.problems import Problem


class Estimate(NamedTuple):
    """Parameters, their uncertainty, and how they were found."""

    params: PyTree
    scale: PyTree  # standard deviation of each
    covariance: Float[Array, "p p"]  # in the order of `jax.flatten_util.ravel_pytree`
    noise: Float[Array, ""]  # standard deviation of a measurement, in units of y
    history: Float[Array, " steps"]  # sum of squares in units of y; of `fit_pinn` the loss, in working units
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]
    status: Int[Array, ""]


class Interval(NamedTuple):
    """Bounds of each parameter."""

    low: PyTree
    high: PyTree


@public
@checked(noise=POSITIVE)
def fit(
    forward: Callable[[PyTree, Array], Float[Array, " n"]],
    x: Float[Array, "n ..."],
    y: Float[Array, " n"],
    *,
    init: PyTree,
    noise: ArrayLike | None = None,
    positive: bool = False,
    max_iter: int = 50,
    tol: float = 1e-6,
) -> Estimate:
    r"""Estimate the parameters of a forward model by least squares.

    Args:
        forward: `forward(params, x)` predicts y. Define it once, outside of loops.
        x: where, or under which conditions, y was measured.
        y: measurements with independent normal noise of one size.
        init: parameters at the start: a pytree of floats near the right size.
        noise: standard deviation of the noise, where it is known; in units of y.
        positive: search for the logarithms of positive parameters, which need no bound; static.
        max_iter: limit of steps; static.
        tol: see `levenberg_marquardt.minimize`; static.

    The covariance is NaN where the data do not determine all parameters, or n = p and the noise is not known.

    Raises:
        ValueError: unless x and y have one length, forward returns one number for each, and noise is positive; for
        parameters that are not where they have to be (NaN where traced).

    Source: Seber and Wild (1989), chapter 2.

    >>> t = jnp.arange(5.0)
    >>> cooling = lambda rate, t: jnp.exp(-rate * t)
    >>> found = fit(cooling, t, cooling(0.5, t) + 0.01 * jnp.array([1, -1, 1, -1, 1]), init=jnp.array(1.0))
    >>> print(f"{found.params:.1f} {found.scale:.3f}")
    0.5 0.009
    """
    require.samples(x, y)
    start, unravel = ravel_pytree(_started(init, positive))
    start = start.astype(jnp.promote_types(start.dtype, y.dtype))
    size = _unit(y)

    def residual(moved: Array) -> Array:
        prediction = forward(unravel(_moved(start, moved, positive)), x)
        require.same_shape(prediction=prediction, y=y)
        return (prediction - y) / size

    found = levenberg_marquardt.minimize(residual, init=_unmoved(start, positive), max_iter=max_iter, tol=tol)
    free = len(y) - len(start)
    left = jnp.sqrt(jnp.sum(found.residual**2) / free) * size if free > 0 else jnp.full((), jnp.nan, y.dtype)
    left = jnp.maximum(left, jnp.finfo(y.dtype).eps * jnp.max(jnp.abs(y)))  # what rounding of y can hide
    sigma = left if noise is None else jnp.asarray(noise, y.dtype)
    covariance = _inverse(found.normal)
    return _estimate(unravel, start, found.params, covariance, sigma, sigma / size, found[3:], size, positive)


@public
@checked(noise=POSITIVE, data_weight=POSITIVE)
def fit_pinn(
    build: Callable[[PyTree], Problem],
    x: Float[Array, "n d"],
    y: Float[Array, "n *k"],
    *,
    key: Key[Array, ""],
    init: PyTree,
    noise: ArrayLike | None = None,
    positive: bool = True,
    hard: bool = False,
    hidden: tuple[int, ...] = (12, 12),
    periodic: tuple[int, ...] = (),
    n_points: int = 128,
    n_conditions: int = 32,
    max_iter: int = 60,
    tol: float = 1e-9,
    data_weight: ArrayLike = 0.1,
) -> Estimate:
    r"""Estimate parameters of a differential equation from measurements of its solution, by one network.

    The network's weights and the parameters are found together by Levenberg-Marquardt, as in `pinn.fit`. The covariance
    is the block of the parameters in the inverse of the joint normal matrix, in which the equation holds as strictly as
    in the training: it counts what the network could change to make up for another parameter. Take double precision.

    Args:
        build: makes the problem for parameters, such as `lambda d: transport.heat(diffusivity=d)`; static.
        x: where the solution was measured, in the caller's units.
        y: what was measured.
        key: for the network and the points.
        init: parameters at the start: a pytree of floats, near the right order of magnitude.
        noise: standard deviation of the noise, where it is known; in units of y.
        positive: search for the logarithms of positive parameters; static.
        hard: meet the conditions exactly; static.
        hidden: static.
        periodic: static.
        n_points: collocation points; static.
        n_conditions: points on each face; static.
        max_iter: limit of steps; static.
        tol: see `pinn.fit`; static.
        data_weight: weight of the data; the equation has 1, and counts as the better known the smaller this is.

    Raises:
        ValueError: as `pinn.fit`; unless noise and data_weight are positive, and parameters are where they have to be
        (NaN where traced).

    Source: Raissi, Perdikaris and Karniadakis (2019), section 4.

    >>> from mfml.physics import problems, transport
    >>> rod = lambda diffusivity: transport.heat(diffusivity=diffusivity)
    >>> x = jnp.array([[0.2, 0.5], [0.5, 0.5], [0.5, 1.0]])
    >>> options = {"hard": True, "hidden": (4,), "n_points": 16, "max_iter": 20}
    >>> y = problems.exact(rod(0.1), x)
    >>> found = fit_pinn(rod, x, y, key=jax.random.key(0), init=jnp.array(0.2), noise=0.01, **options)
    >>> abs(found.params - 0.1).item() < 0.02
    True
    """
    start = _started(init, positive)
    pinn_terms.check_data(build(start), x, y)
    require.sizes(n_points=n_points, n_conditions=n_conditions)
    shape = _Shape(build, positive, hard, hidden, periodic, n_points, n_conditions, max_iter, tol)
    return _fit_pinn(x, y, key, start, noise, data_weight, shape=shape)


class _Shape(NamedTuple):
    """Options that shape the compiled program."""

    build: Callable[[PyTree], Problem]
    positive: bool
    hard: bool
    hidden: tuple[int, ...]
    periodic: tuple[int, ...]
    n_points: int
    n_conditions: int
    max_iter: int
    tol: float


@partial(jax.jit, static_argnames="shape")
def _fit_pinn(x: Any, y: Any, key: Any, init: Any, noise: Any, data_weight: Any, *, shape: _Shape) -> Estimate:
    start, unravel = ravel_pytree(init)

    def build(moved: Array) -> Problem:
        problem = shape.build(unravel(_moved(start, moved, shape.positive)))
        require.that(not shape.hard or problem.hard is not None, "hard needs a problem with an output transform")
        return problem if shape.hard else problem._replace(hard=None)

    unmoved = _unmoved(start, shape.positive)
    problem = build(unmoved)
    for_network, for_points, for_training = jax.random.split(key, 3)
    network = pinn_networks.init(
        key=for_network,
        low=problem.low,
        high=problem.high,
        n_outputs=problem.size.size,
        hidden=shape.hidden,
        periodic=shape.periodic,
    )

    def assemble(params: tuple[mlp.Network, Array]) -> tuple[Network, Problem]:
        return network._replace(layers=params[0]), build(params[1])

    asked = pinn_terms.asked(
        assemble, problem, key=for_points, x=x, y=y, n_points=shape.n_points, n_conditions=shape.n_conditions
    )
    weights = jnp.ones(len(asked.terms), problem.low.dtype).at[-1].set(data_weight)
    trained = pinn_training.train(
        (network.layers, unmoved.astype(problem.low.dtype)),
        asked.terms,
        asked.rows,
        key=for_training,
        weights=weights,
        plan=pinn_training.Plan(max_iter=shape.max_iter, tol=shape.tol),
    )
    linear = pinn_training.linearized(trained.params, asked.terms, trained.rows, weights=weights)
    n, q = y.size, len(start)
    size, last = problem.size, linear.residual[-n:]
    # the data's rows hold their weight over n: what remains of them, in units of y, is the noise
    unit = jnp.sqrt(n / weights[-1])
    left = jnp.sqrt(jnp.sum((last * unit) ** 2) / (n - q)) if n > q else jnp.full((), jnp.nan, last.dtype)
    one = jnp.max(size)
    sigma = left * one if noise is None else jnp.asarray(noise, last.dtype)
    covariance = _inverse(_block(linear.slopes, q))
    report = (trained.history, trained.n_iter, trained.converged, trained.status)
    share, moved = sigma / (one * unit), trained.params[1]
    return _estimate(unravel, start, moved, covariance, sigma, share, report, jnp.ones_like(one), shape.positive)


def _block(slopes: Array, q: int) -> Array:
    """Normal matrix of the last q columns after the others have made up for what they can."""
    others, own = slopes[:, :-q], slopes[:, -q:]
    normal = others.T @ others
    ridge = len(normal) * jnp.finfo(normal.dtype).eps * jnp.max(jnp.diagonal(normal))
    factor = jax.scipy.linalg.cho_factor(normal + ridge * jnp.eye(len(normal), dtype=normal.dtype), lower=True)
    rest = own - others @ jax.scipy.linalg.cho_solve(factor, others.T @ own)
    return rest.T @ rest


@public
def interval(estimate: Estimate, *, level: ArrayLike = 0.95) -> Interval:
    """Bounds between which each parameter lies with this probability, from normal quantiles.

    They are too narrow for few data, since the noise is estimated, too.

    Raises:
        ValueError: unless the level lies between 0 and 1 (NaN where traced).

    >>> t = jnp.arange(5.0)
    >>> found = fit(lambda slope, t: slope * t, t, 2 * t, init=jnp.array(1.0), noise=0.1)
    >>> bounds = interval(found)
    >>> print(f"{bounds.low:.3f} {bounds.high:.3f}")
    1.964 2.036
    """
    level = within("level", level, 0.0, 1.0)
    width = jax.scipy.stats.norm.ppf((1 + jnp.asarray(level)) / 2)
    low, high = (jax.tree.map(lambda p, s, w=sign * width: p + (w * s).astype(p.dtype), estimate.params, estimate.scale)
                 for sign in (-1, 1))  # fmt: skip
    return Interval(low, high)


def _started(init: PyTree, positive: bool) -> PyTree:
    """Parameters as floating numbers; NaN where traced ones have to be positive and are not."""
    start = jax.tree.map(partial(as_float, "init"), init)
    return jax.tree.map(lambda leaf: inside("init", leaf, POSITIVE), start) if positive else start


def _unit(y: Array) -> Array:
    """Size of the measurements; 1 where all are 0."""
    size = jnp.max(jnp.abs(jax.lax.stop_gradient(y)))
    return jnp.where(size == 0, 1.0, size)


def _moved(start: Array, moved: Array, positive: bool) -> Array:
    """Parameters from what is searched for: multiples of the start, or logarithms of these."""
    return start * jnp.exp(moved) if positive else jnp.where(start == 0, 1.0, start) * moved


def _unmoved(start: Array, positive: bool) -> Array:
    return jnp.zeros_like(start) if positive else jnp.where(start == 0, 0.0, 1.0).astype(start.dtype)


def _inverse(normal: Array) -> Array:
    """Inverse of a normal matrix in any units; NaN where it is singular to rounding."""
    lengths = jnp.sqrt(jnp.diagonal(normal))
    scaled = normal / lengths / lengths[:, None]
    values, vectors = jnp.linalg.eigh(scaled)
    least = len(normal) * jnp.finfo(normal.dtype).eps
    found = (vectors / values) @ vectors.T / lengths / lengths[:, None]
    return jnp.where(values[0] > least, found, jnp.nan)


def _estimate(
    unravel: Any,
    start: Array,
    moved: Array,
    covariance: Array,
    noise: Array,
    share: Array,
    report: tuple,
    size: Array,
    positive: bool,
) -> Estimate:
    """Bring what was searched for to the caller's units; `share` is the noise in those of the residuals."""
    params = _moved(start, moved, positive)
    slopes = params if positive else jnp.where(start == 0, 1.0, start)
    one = share * slopes
    scale = jnp.sqrt(jnp.diagonal(covariance)) * jnp.abs(one)  # variances of tiny parameters may underflow, these not
    covariance = covariance * one * one[:, None]
    history = report[0] * size * size
    return Estimate(unravel(params), unravel(scale), covariance, noise, history, *report[1:])
