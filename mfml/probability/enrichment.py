r"""Data enrichment by noise: training on shifted copies is a penalty on slopes. Shapes: n samples, d features.

For the squared error and noise $\varepsilon \sim \mathcal N(0, s^2 I)$ on the inputs,

$$\mathrm E\left[(f(x + \varepsilon) - y)^2\right]
  = (f - y)^2 + s^2 \left( \|\nabla f\|^2 + (f - y)\, \nabla^2 f \right) + O(s^4).$$

Near a good fit $f - y$ averages to zero, and Tikhonov's penalty $s^2 \|\nabla f\|^2$ is left. For a linear model it
is exact: $s^2 \|w\|^2$, which is ridge regression with $\alpha = n s^2$.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public

Function = Callable[[Array], Array]  # of one sample, shape (d,); returns a number


class Enriched(NamedTuple):
    """Copies of the data, one whole data set after another; m = n times the number of copies."""

    x: Float[Array, "m d"]
    y: Float[Array, " m"]


class SecondOrder(NamedTuple):
    """Parts of the risk under noise, to second order in its size; means over samples, squared units of y."""

    risk: Float[Array, ""]  # mean squared error without noise
    slope: Float[Array, ""]  # Tikhonov's penalty, s^2 |grad f|^2
    curvature: Float[Array, ""]  # s^2 (f - y) laplacian f


@public
def inject(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    scale: ArrayLike | Float[Array, " d"],
    n_copies: int,
) -> Enriched:
    """Repeat the data `n_copies` times (static). Each copy has its own noise of this standard deviation on x.

    The noise is in units of x, so standardize the features or give a scale for each.

    Raises:
        ValueError: unless shapes fit and n_copies >= 1.

    Source: Bishop (1995), Neural Computation 7; McClarren (2021) calls such copies data augmentation.

    >>> made = inject(jnp.ones((2, 3)), jnp.array([1.0, 2.0]), key=jax.random.key(0), scale=0.0, n_copies=2)
    >>> made.x.shape, made.y.tolist()
    ((4, 3), [1.0, 2.0, 1.0, 2.0])
    """
    _check(x, y)
    require.positive("n_copies", n_copies)
    n, d = x.shape
    noise = jax.random.normal(key, (n_copies * n * d,), x.dtype).reshape(n_copies * n, d)
    return Enriched(jnp.tile(x, (n_copies, 1)) + scale * noise, jnp.tile(y, n_copies))


@public
def noisy_risk(
    function: Function,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    scale: ArrayLike | Float[Array, " d"],
    n_draws: int,
) -> Float[Array, ""]:
    r"""Mean squared error with noise on the inputs, by Monte Carlo over `n_draws` (static) pairs $\pm \varepsilon$.

    Pairs of opposite noise cancel all odd orders.

    Raises:
        ValueError: unless shapes fit, function returns a number, and n_draws >= 1.

    Source: Bishop (1995), Neural Computation 7, equation 6.

    >>> risk = noisy_risk(jnp.sum, jnp.ones((1, 1)), jnp.zeros(1), key=jax.random.key(0), scale=0.0, n_draws=1)
    >>> risk.item()
    1.0
    """
    _check(x, y)
    require.positive("n_draws", n_draws)
    noise = scale * jax.random.normal(key, (n_draws * x.size,), x.dtype).reshape(n_draws, *x.shape)
    predict = jax.vmap(_scalar(function))

    def pair(noise: Array) -> Array:
        return (jnp.mean((predict(x + noise) - y) ** 2) + jnp.mean((predict(x - noise) - y) ** 2)) / 2

    return jnp.mean(jax.lax.map(pair, noise))


@public
def second_order(
    function: Function, x: Float[Array, "n d"], y: Float[Array, " n"], *, scale: ArrayLike | Float[Array, " d"]
) -> SecondOrder:
    """Three parts of the risk under noise. Their sum is right up to terms of fourth order in the scale.

    Raises:
        ValueError: unless shapes fit and function returns a number.

    Source: Bishop (1995), Neural Computation 7, equations 10 to 13 (there with a factor 1/2).

    >>> parts = second_order(lambda x: 3 * x[0], jnp.ones((1, 1)), jnp.ones(1), scale=0.1)
    >>> [round(float(part), 4) for part in parts]
    [4.0, 0.09, 0.0]
    """
    _check(x, y)
    value = _scalar(function)
    return _parts(jax.vmap(value)(x), y, jax.vmap(jax.grad(value))(x), jax.vmap(jax.hessian(value))(x), scale)


@jax.jit
def _parts(found: Array, y: Array, slopes: Array, hessians: Array, scale: ArrayLike) -> SecondOrder:
    residual, laplacian = found - y, jnp.trace(hessians, axis1=1, axis2=2)
    variance = jnp.asarray(scale) ** 2
    return SecondOrder(
        jnp.mean(residual**2),
        variance * jnp.mean(jnp.sum(slopes**2, axis=1)),
        variance * jnp.mean(residual * laplacian),
    )


@public
def tikhonov_risk(
    function: Function, x: Float[Array, "n d"], y: Float[Array, " n"], *, scale: ArrayLike | Float[Array, " d"]
) -> Float[Array, ""]:
    r"""Mean squared error with the penalty that noise stands for: $\frac1n \sum_i (f - y)^2 + s^2 \|\nabla f\|^2$.

    There are no draws, and so no noise in the result. To second order it has the same minimum as noisy training.

    Raises:
        ValueError: unless shapes fit and function returns a number.

    Source: Bishop (1995), Neural Computation 7, equation 19; Bishop (2006), section 5.5.5.

    >>> round(tikhonov_risk(lambda x: 3 * x[0], jnp.ones((1, 1)), jnp.ones(1), scale=0.1).item(), 4)
    4.09
    """
    _check(x, y)
    value = _scalar(function)
    return _penalized(jax.vmap(value)(x), y, jax.vmap(jax.grad(value))(x), scale)


@jax.jit
def _penalized(found: Array, y: Array, slopes: Array, scale: ArrayLike) -> Array:
    penalty = jnp.asarray(scale) ** 2 * jnp.sum(slopes**2, axis=1)
    return jnp.mean((found - y) ** 2 + penalty)


def _scalar(function: Function) -> Function:
    def value(sample: Array) -> Array:
        found = jnp.asarray(function(sample))
        require.that(found.shape == (), f"function must return a number; found shape {found.shape}")
        return found

    return value


def _check(x: Array, y: Array) -> None:
    require.rank("x", x, 2)
    require.rank("y", y, 1)
    require.same_length(x=x, y=y)
    require.that(x.size > 0, f"x needs at least one sample and one feature; found shape {x.shape}")
