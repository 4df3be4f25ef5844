r"""Constructive universal approximation: networks that are constructed, not learned, with error bounds.

One hidden layer suffices for any continuous function. In one variable, m neurons make `bumps` (threshold neurons,
error of order 1/m) or `hats` (rectifiers, order 1/m²). In many variables `ridges` are drawn at random, and the
error is of order 1/√m in any dimension. The networks are those of `mlp`: evaluate them with `mlp.apply` and
the activation named here. Shapes: d inputs, m neurons, j waves.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.networks.layers import Dense
from mfml.networks.mlp import Network
from mfml.numerics import scaling


@public
def bump(
    x: Float[Array, "..."], *, low: ArrayLike, high: ArrayLike, steepness: ArrayLike, height: ArrayLike = 1.0
) -> Float[Array, "..."]:
    r"""Smooth bump from two sigmoid neurons: $h\,[\sigma(s (x - a)) - \sigma(s (x - b))]$.

    It is about h between a = low and b = high, and about 0 outside. The edges have the width 1/s, where s is the
    steepness in 1 / units of x.

    Source: Cybenko (1989), Mathematics of Control, Signals and Systems 2.

    >>> [round(y, 3) for y in bump(jnp.array([0.0, 0.5, 1.0]), low=0.25, high=0.75, steepness=100.0).tolist()]
    [0.0, 1.0, 0.0]
    """
    rise, fall = jax.nn.sigmoid(steepness * (x - low)), jax.nn.sigmoid(steepness * (x - high))
    return jnp.asarray(height) * (rise - fall)


@public
def bumps(function: Callable[[Array], Array], low: ArrayLike, high: ArrayLike, *, width: int) -> Network:
    r"""Network of threshold neurons that is constant on `width` cells: bumps side by side.

    The value on a cell is that of the function at its middle. Neighboring bumps share an edge, so `width` cells
    need `width` - 1 neurons. Activation: `heaviside`. Largest error: see `bumps_bound`.

    Args:
        function: of one variable, applied to an array elementwise; static.
        low: left end of the interval.
        high: right end.
        width: number of cells; static.

    Raises:
        ValueError: if width < 1, or low is not below high.

    >>> network = bumps(jnp.square, 0.0, 4.0, width=2)
    >>> network[0].bias.tolist(), network[1].weight.tolist(), network[1].bias.tolist()
    ([-2.0], [[8.0]], [1.0])
    """
    _require_interval(low, high, width)
    inner, middles = _cells(low, high, width)
    return _staircase(inner, function(middles))


@partial(jax.jit, static_argnums=2)
def _cells(low: ArrayLike, high: ArrayLike, width: int) -> tuple[Array, Array]:
    """Edges between cells, and the middles of the cells."""
    edges = _nodes(low, high, width)
    return edges[1:-1], (edges[:-1] + edges[1:]) / 2


@jax.jit
def _staircase(inner: Array, values: Array) -> Network:
    return Dense(jnp.ones((1, len(inner)), inner.dtype), -inner), Dense(jnp.diff(values)[:, None], values[:1])


@public
def bumps_bound(lipschitz: ArrayLike, low: ArrayLike, high: ArrayLike, *, width: int) -> Float[Array, ""]:
    r"""Largest error of `bumps`: $L (b - a) / (2 m)$ where the function's slope is at most L in magnitude.

    Raises:
        ValueError: if width < 1, or low is not below high.

    >>> bumps_bound(8.0, 0.0, 4.0, width=2).item()
    8.0
    """
    _require_interval(low, high, width)
    return jnp.asarray(lipschitz) * jnp.subtract(high, low) / (2 * width)


@public
def hats(function: Callable[[Array], Array], low: ArrayLike, high: ArrayLike, *, width: int) -> Network:
    r"""Network of `width` rectifiers that interpolates a function linearly between `width` + 1 nodes.

    $f(x_0) + \sum_j (s_j - s_{j-1}) \max(x - x_j, 0)$ with the slopes $s_j$ of the pieces and $s_{-1} = 0$. A hat
    function is a sum of three of these neurons. Activation: `relu`. Largest error: see `hats_bound`.

    Args:
        function: of one variable, applied to an array elementwise; static.
        low: left end of the interval.
        high: right end.
        width: number of pieces, and of neurons; static.

    Raises:
        ValueError: if width < 1, or low is not below high.

    >>> network = hats(jnp.square, 1.0, 3.0, width=2)
    >>> network[0].bias.tolist(), network[1].weight.ravel().tolist()
    ([-1.0, -2.0], [3.0, 2.0])
    """
    _require_interval(low, high, width)
    nodes = _nodes(low, high, width)
    values = function(nodes)
    slopes = jnp.diff(values) / jnp.diff(nodes)
    bends = jnp.diff(slopes, prepend=0.0)
    return Dense(jnp.ones((1, width), nodes.dtype), -nodes[:-1]), Dense(bends[:, None], values[:1])


@public
def hats_bound(curvature: ArrayLike, low: ArrayLike, high: ArrayLike, *, width: int) -> Float[Array, ""]:
    r"""Largest error of `hats`: $M (b - a)^2 / (8 m^2)$ where $|f''| \le M$.

    Raises:
        ValueError: if width < 1, or low is not below high.

    Source: the error of linear interpolation; Yarotsky (2017), Neural Networks 94, for rectifiers.

    >>> hats_bound(2.0, 0.0, 2.0, width=2).item()
    0.25
    """
    _require_interval(low, high, width)
    piece = jnp.subtract(high, low) / width
    return jnp.asarray(curvature) * piece * piece / 8


@public
def waves(
    x: Float[Array, "n d"], amplitude: Float[Array, " j"], frequency: Float[Array, "j d"], phase: Float[Array, " j"]
) -> Float[Array, " n"]:
    r"""Sum of plane waves $f(x) = \sum_j a_j \cos(\omega_j \cdot x + \varphi_j)$, which `ridges` approximates.

    Raises:
        ValueError: if shapes do not fit.

    >>> waves(jnp.array([[0.0]]), jnp.array([2.0, 1.0]), jnp.array([[1.0], [3.0]]), jnp.zeros(2)).tolist()
    [3.0]
    """
    _require_waves(amplitude, frequency, phase)
    require.that(x.shape[1] == frequency.shape[1], f"x {x.shape} and frequency {frequency.shape} differ in d")
    return jnp.cos(x @ frequency.T + phase) @ amplitude


@public
@partial(jax.jit, static_argnames="width")
def ridges(
    amplitude: Float[Array, " j"],
    frequency: Float[Array, "j d"],
    phase: Float[Array, " j"],
    *,
    key: Key[Array, ""],
    width: int,
    radius: ArrayLike = 1.0,
) -> Network:
    r"""Random network of `width` threshold neurons whose mean is the function `waves` on the ball $|x| \le r$.

    A cosine is an integral of steps: $\cos t = \cos T + \int_{-T}^{T} -\sin(s)\,1[t > s]\,ds$ for $|t| \le T$. Drawing
    s and the wave at random makes each step a ridge $1[\omega_j \cdot x + \varphi_j > s]$, and their mean has a
    variance that falls like 1/m in every dimension: see `ridges_bound`. Activation: `heaviside`.

    Args:
        key: for the random draws.
        amplitude: of the waves.
        frequency: of the waves, in radians over units of x.
        phase: of the waves, in radians.
        width: number of neurons m; static.
        radius: r, of the ball.

    Raises:
        ValueError: if shapes do not fit or width < 1.

    Source: Barron (1993), IEEE Transactions on Information Theory 39, section VI.

    >>> network = ridges(jnp.ones(1), jnp.ones((1, 2)), jnp.zeros(1), key=jax.random.key(0), width=5)
    >>> network[0].weight.shape, network[1].weight.shape
    ((2, 5), (5, 1))
    """
    _require_waves(amplitude, frequency, phase)
    require.positive("width", width)
    reach = _reach(frequency, phase, radius)
    mass = jnp.abs(amplitude) * reach
    for_wave, for_step = jax.random.split(key)
    wave = jax.random.categorical(for_wave, jnp.log(mass), shape=(width,))
    s = jax.random.uniform(for_step, (width,), amplitude.dtype, -1.0, 1.0) * reach[wave]
    weight = -jnp.sign(amplitude[wave]) * jnp.sin(s) * 2 * jnp.sum(mass) / width
    offset = jnp.sum(amplitude * jnp.cos(reach))
    return Dense(frequency[wave].T, phase[wave] - s), Dense(weight[:, None], offset[None])


@public
@partial(jax.jit, static_argnames="width")
def ridges_bound(
    amplitude: Float[Array, " j"],
    frequency: Float[Array, "j d"],
    phase: Float[Array, " j"],
    *,
    width: int,
    radius: ArrayLike = 1.0,
) -> Float[Array, ""]:
    r"""Bound of the expected squared error of `ridges` at any point of the ball: $V^2 / m$.

    $V = 2 \sum_j |a_j|\, (r |\omega_j| + |\varphi_j|)$ measures the function. The dimension does not enter.

    Raises:
        ValueError: if shapes do not fit or width < 1.

    Source: Barron (1993), theorem 1.

    >>> ridges_bound(jnp.ones(1), jnp.array([[3.0, 4.0]]), jnp.zeros(1), width=4).item()
    25.0
    """
    _require_waves(amplitude, frequency, phase)
    require.positive("width", width)
    return (2 * jnp.sum(jnp.abs(amplitude) * _reach(frequency, phase, radius))) ** 2 / width


def _require_interval(low: ArrayLike, high: ArrayLike, width: int) -> None:
    require.positive("width", width)
    if not any(isinstance(end, jax.core.Tracer) for end in (low, high)):
        require.that(bool(np.all(np.less(low, high))), f"low must be below high; found {low} and {high}")


def _nodes(low: ArrayLike, high: ArrayLike, width: int) -> Array:
    return jnp.linspace(low, high, width + 1)


def _reach(frequency: Array, phase: Array, radius: ArrayLike) -> Array:
    """Largest magnitude of the argument of each cosine within the ball."""
    return jnp.asarray(radius) * jax.vmap(scaling.length)(frequency) + jnp.abs(phase)


def _require_waves(amplitude: Array, frequency: Array, phase: Array) -> None:
    require.rank("frequency", frequency, 2)
    require.same_length(amplitude=amplitude, frequency=frequency, phase=phase)
