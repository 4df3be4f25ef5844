r"""EDM: diffusion described by the standard deviation of the noise, and a network that is easy to train at all of them.

A noisy sample is $x + \sigma \epsilon$. The denoiser D returns its guess of the clean sample. It wraps the network F
such that F's inputs and targets have a standard deviation of 1 at every noise level:

$$D(x; \sigma) = c_\text{skip}\, x + c_\text{out}\, F(c_\text{in}\, x,\; c_\text{noise}), \qquad
c_\text{skip} = \frac{s^2}{\sigma^2 + s^2}, \quad c_\text{out} = \frac{\sigma s}{\sqrt{\sigma^2 + s^2}}, \quad
c_\text{in} = \frac{1}{\sqrt{\sigma^2 + s^2}}, \quad c_\text{noise} = \frac{\ln \sigma}{4}$$

with the standard deviation s of the data. Samples follow $dx / d\sigma = (x - D(x; \sigma)) / \sigma$ from large
noise to none. Shapes: n samples of any shape.

Source: Karras et al. (2022), Elucidating the design space of diffusion-based generative models.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, Domain, checked, inside
from mfml.xla.rewrite import with_fast_convolutions

NEGATIVE = Domain(lambda value: value >= 0, "must be negative: noise levels fall")
Network = Callable[[Float[Array, "n *shape"], Float[Array, " n"]], Float[Array, "n *shape"]]


@public
@checked(data_scale=POSITIVE, sigma=NON_NEGATIVE)
def denoise(
    network: Network, x: Float[Array, "n *shape"], sigma: Float[Array, " n"], *, data_scale: ArrayLike = 0.5
) -> Float[Array, "n *shape"]:
    r"""Return the clean sample that the network guesses in each noisy one, $D(x; \sigma)$.

    `network(scaled, level)` gets samples of standard deviation 1, and ln(sigma) / 4. Without noise, D is x.

    Raises:
        ValueError: unless there is a sigma for each sample, none is negative, and data_scale is positive (NaN where
            traced).

    Source: Karras et al. (2022), equation 7 and table 1.

    >>> denoise(lambda x, level: 0 * x, jnp.array([[2.0]]), jnp.array([0.5])).round(3).tolist()
    [[1.0]]
    """
    require.rank("sigma", sigma, 1)
    require.same_length(x=x, sigma=sigma)
    scale = jnp.asarray(data_scale, x.dtype)
    sigma = sigma.astype(x.dtype)
    noise = sigma.reshape(-1, *[1] * (x.ndim - 1))
    total = jnp.hypot(noise, scale)
    level = jnp.log(jnp.where(sigma > 0, sigma, 1.0)) / 4  # without noise the network does not count
    raw = network(x / total, level)
    require.same_shape(x=x, guess=raw)
    return (scale / total) ** 2 * x + noise * (scale / total) * raw


@public
@checked(data_scale=POSITIVE, sigma=POSITIVE)
def loss(
    network: Network,
    x: Float[Array, "n *shape"],
    sigma: Float[Array, " n"],
    noise: Float[Array, "n *shape"],
    *,
    data_scale: ArrayLike = 0.5,
) -> Float[Array, ""]:
    r"""Weighted mean square of the denoiser's error, $\mathrm{mean}\; c_\text{out}^{-2} (D(x + \sigma\epsilon) - x)^2$.

    The weight makes the loss of an untrained network about 1 at every noise level. Noise levels are positive; draw them
    by `draw_sigma`.

    Raises:
        ValueError: as `denoise`; unless x and noise have one shape, there is a sample, and the sigmas are positive (NaN
            where traced).

    Source: Karras et al. (2022), equation 8.

    >>> x = jnp.array([[0.5], [-0.5]])
    >>> loss(lambda x, level: 0 * x, x, jnp.array([1.0, 1.0]), jnp.zeros((2, 1))).round(3).item()
    0.8...
    """
    require.same_shape(x=x, noise=noise)
    require.rank("sigma", sigma, 1)
    require.same_length(x=x, sigma=sigma)
    require.that(x.size > 0, f"x must hold at least one sample; found shape {x.shape}")
    sigma = sigma.astype(x.dtype)
    levels = sigma.reshape(-1, *[1] * (x.ndim - 1))
    scale = jnp.asarray(data_scale, x.dtype)
    total = jnp.hypot(levels, scale)
    guess = network((x + levels * noise) / total, jnp.log(sigma) / 4)
    require.same_shape(x=x, guess=guess)
    # (D - x) / c_out with c_skip written out: the difference itself would lose its digits where there is little noise
    return jnp.mean((guess + noise * (scale / total) - x / scale * (levels / total)) ** 2)


@public
@checked(spread=NON_NEGATIVE)
def draw_sigma(
    *, key: Key[Array, ""], n_samples: int, center: ArrayLike = -1.2, spread: ArrayLike = 1.2
) -> Float[Array, " n"]:
    """Draw noise levels for training: ln(sigma) is normal with this mean and standard deviation. n_samples is static.

    Raises:
        ValueError: for n_samples < 1, or a negative spread (NaN where traced).

    >>> draw_sigma(key=jax.random.key(0), n_samples=2, spread=0.0).round(3).tolist()
    [0.301..., 0.301...]
    """
    require.positive("n_samples", n_samples)
    return jnp.exp(center + spread * jax.random.normal(key, (n_samples,)))


@public
def levels(n_steps: int, *, low: float = 0.002, high: float = 80.0, rho: float = 7.0) -> Float[Array, " steps"]:
    r"""Noise levels of a walk from `high` to 0, n_steps + 1 of them.

    $$\sigma_i = \Big( \sigma_\max^{1/\rho} + \frac{i}{N - 1} (\sigma_\min^{1/\rho} - \sigma_\max^{1/\rho}) \Big)^\rho,
    \quad i < N, \qquad \sigma_N = 0$$

    All arguments are static. A single step goes from `high` to 0. Levels are computed in double precision, and rounded
    once.

    Raises:
        ValueError: unless n_steps >= 1, 0 < low < high, and rho is positive, all of them finite; or if the levels are
            too close to each other to be told apart.

    Source: Karras et al. (2022), equation 5.

    >>> levels(3, low=1.0, high=4.0, rho=0.5).round(3).tolist()
    [4.0, 2.91..., 1.0, 0.0]
    """
    require.positive("n_steps", n_steps)
    require.that(0 < low < high < np.inf, f"0 < low < high is needed; found low = {low}, high = {high}")
    require.that(0 < rho < np.inf, f"rho must be positive and finite; found {rho}")
    share = np.linspace(0.0, 1.0, n_steps)
    last = np.log(low / high)
    # relative to high: its power alone may leave the range of the numbers
    found = high * (1 + share * np.expm1(last / rho)) ** rho
    found[0] = high
    if n_steps > 1:
        found[-1] = low
    rounded = np.append(found, 0.0).astype(jax.dtypes.canonicalize_dtype(float))
    apart = bool(np.all(np.diff(rounded) < 0))
    require.that(apart, f"n_steps = {n_steps} levels with rho = {rho} coincide: take fewer, or a rho near 7")
    return jnp.asarray(rounded)


@public
def sample(
    denoiser: Callable[[Float[Array, "n *shape"], Float[Array, " n"]], Float[Array, "n *shape"]],
    noise: Float[Array, "n *shape"],
    *,
    sigmas: Float[Array, " steps"],
) -> Float[Array, "n *shape"]:
    r"""Follow the probability flow from noise to data by Heun's method, in one compiled loop.

    `denoiser(x, sigma)` is `denoise` with a trained network. `noise` is from N(0, 1), and is multiplied by the first of
    the `sigmas`, which fall; see `levels`. The last step, to noise 0, is one of Euler. The same noise gives the same
    samples.

    Raises:
        ValueError: unless there are at least two sigmas, which are known to fall to 0 or above (NaN where traced), and
            the denoiser's guess has the shape of the noise.

    Source: Karras et al. (2022), algorithm 1.

    >>> point = lambda x, sigma: 0 * x  # the data are zero
    >>> abs(sample(point, jnp.ones((1, 2)), sigmas=levels(5))).tolist()
    [[0.0, 0.0]]
    """
    require.rank("sigmas", sigmas, 1)
    require.that(len(sigmas) > 1, f"sigmas must have at least two entries; found {len(sigmas)}")
    require.that(noise.ndim > 0, f"noise must have at least one axis; found shape {noise.shape}")
    sigmas = sigmas.astype(noise.dtype)
    falls = inside("the differences of sigmas", jnp.diff(sigmas, append=-1.0), NEGATIVE)
    sigmas = jnp.where(jnp.isnan(falls), jnp.nan, sigmas)

    def slope(x: Array, sigma: Array) -> Array:
        guess = with_fast_convolutions(denoiser)(x, jnp.full(len(x), sigma))
        require.same_shape(noise=x, guess=guess)
        return ((x - guess) / sigma).astype(x.dtype)

    def advance(x: Array, ends: tuple[Array, Array]) -> tuple[Array, None]:
        sigma, after = ends
        first = slope(x, sigma)
        euler = x + (after - sigma) * first
        second = slope(euler, jnp.where(after > 0, after, sigma))
        return jnp.where(after > 0, x + (after - sigma) * (first + second) / 2, euler), None

    return lax.scan(advance, sigmas[0] * noise, (sigmas[:-1], sigmas[1:]))[0]
