r"""What a decoder's output says about a sample: the noise of $p(x | z)$. Shapes: n samples of any shape.

- `Gaussian`: the output is the mean, in units of the data; all features share one standard deviation, which is learned.
- `Bernoulli`: the output is the logit of a pixel being 1. Gray values from 0 to 1 count as probabilities; then the
  likelihood is a loss, but no density.
- `Poisson`: softplus of the output is the rate of a count, in units of the mean count. So spectra cannot go negative.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, SHARE, inside
from mfml.probability import likelihood

KINDS = ("gaussian", "bernoulli", "poisson")
MANY = 1e9  # counts that 32-bit integers hold; beyond, they are normally distributed to 1e-4
FAR = -40.0  # below, softplus(t) is exp(t) to rounding, and would end at 0


class Gaussian(NamedTuple):
    """Normal noise around the output."""

    log_scale: Float[Array, ""]  # logarithm of the standard deviation, in units of the data


class Bernoulli(NamedTuple):
    """Black and white pixels."""


class Poisson(NamedTuple):
    """Counts."""


Noise = Gaussian | Bernoulli | Poisson


@public
def init(x: Float[Array, "n *shape"], *, kind: str) -> tuple[Noise, Float[Array, "*shape"], Float[Array, ""]]:
    """Noise of this kind at the start, and the shift and the scale of the units in which a model works.

    For normal noise these are the mean of each feature, and the root mean square of the deviations from it over all
    features. For counts the shift is 0 and the scale is the mean of all. Pixels have no unit.

    Raises:
        ValueError: for an unknown kind, without a sample, and for values that cannot have this noise: known ones
            outside of 0 to 1, or negative counts.

    >>> [part.tolist() for part in init(jnp.array([[1.0], [3.0]]), kind="poisson")[1:]]
    [[0.0], 2.0]
    """
    require.one_of("kind", kind, KINDS)
    require.that(x.size > 0, f"x must hold at least one sample and one feature; found shape {x.shape}")
    kinds: dict[str, Noise] = {"bernoulli": Bernoulli(), "poisson": Poisson()}
    noise = kinds.get(kind, Gaussian(jnp.zeros((), x.dtype)))
    return noise, *_units(possible(x, noise), noise)


@public
def possible(x: Float[Array, "n *shape"], noise: Noise) -> Float[Array, "n *shape"]:
    """Return the samples, with NaN for traced values that cannot have this noise.

    Raises:
        ValueError: for known ones: pixels outside of 0 to 1, negative counts.

    >>> possible(jnp.array([[0.5]]), Bernoulli()).tolist()
    [[0.5]]
    """
    if isinstance(noise, Gaussian):
        return x
    return inside("x", x, SHARE if isinstance(noise, Bernoulli) else NON_NEGATIVE)


@public
@jax.jit
def log_prob(
    x: Float[Array, "n *shape"],
    output: Float[Array, "n *shape"],
    noise: Noise,
    shift: Float[Array, "*shape"],
    scale: Float[Array, ""],
) -> Float[Array, " n"]:
    """Log-likelihood of each sample given the output, a sum over its features, in nats.

    For normal noise it is a density per volume of x. Shift and scale as in `init`.

    Raises:
        ValueError: unless x and the output have one shape.

    Source: Kingma and Welling (2014), appendix C.

    >>> zero, one = jnp.zeros((1, 2)), jnp.array(1.0)
    >>> round(log_prob(zero, zero, Gaussian(jnp.array(0.0)), jnp.zeros(2), one).item(), 4)  # -log 2 pi
    -1.8379
    """
    require.same_shape(x=x, output=output)
    if isinstance(noise, Gaussian):
        root = jnp.exp(-0.5 * noise.log_scale)  # the inverse of the scale itself may leave the range of the numbers
        z = ((x - shift) / scale - output) * root * root
        nll = 0.5 * z * z + noise.log_scale + jnp.log(scale) + 0.5 * math.log(2 * math.pi)
    elif isinstance(noise, Bernoulli):
        nll = likelihood.bernoulli_nll(x, output)
    else:
        nll = likelihood.poisson_nll(x, _log_softplus(output) + jnp.log(scale))
    return -jnp.sum(nll, axis=tuple(range(1, x.ndim)))


@public
@jax.jit
def mean(
    output: Float[Array, "n *shape"], noise: Noise, shift: Float[Array, "*shape"], scale: Float[Array, ""]
) -> Float[Array, "n *shape"]:
    """Expectation of x given the output: any number, a probability, or a rate that is not negative.

    >>> mean(jnp.array([[-100.0, 0.0]]), Bernoulli(), jnp.zeros(2), jnp.array(1.0)).round(4).tolist()
    [[0.0, 0.5]]
    """
    if isinstance(noise, Gaussian):
        return shift + scale * output
    return jax.nn.sigmoid(output) if isinstance(noise, Bernoulli) else scale * jax.nn.softplus(output)


@public
@jax.jit
def sample(
    output: Float[Array, "n *shape"],
    noise: Noise,
    shift: Float[Array, "*shape"],
    scale: Float[Array, ""],
    *,
    key: Key[Array, ""],
) -> Float[Array, "n *shape"]:
    """Draw x given the output, noise included: any number, 0 or 1, or a count.

    >>> sample(jnp.array([[-100.0, 100.0]]), Bernoulli(), jnp.zeros(2), jnp.array(1.0), key=jax.random.key(0)).tolist()
    [[0.0, 1.0]]
    """
    expected = mean(output, noise, shift, scale)
    if isinstance(noise, Gaussian):
        width = scale * jnp.exp(noise.log_scale)
        return expected + width * jax.random.normal(key, output.shape, output.dtype)
    if isinstance(noise, Bernoulli):
        return jnp.where(jnp.isnan(expected), jnp.nan, jax.random.bernoulli(key, expected).astype(output.dtype))
    few = expected < MANY
    counted = jax.random.poisson(key, jnp.where(few, expected, 0.0)).astype(output.dtype)
    many = expected + jnp.sqrt(expected) * jax.random.normal(key, output.shape, output.dtype)
    return jnp.where(few, counted, jnp.round(many))


@jax.jit
def _units(x: Array, noise: Noise) -> tuple[Array, Array]:
    shift, one = jnp.zeros_like(x[0]), jnp.ones((), x.dtype)
    if isinstance(noise, Bernoulli):
        return shift, one
    if isinstance(noise, Gaussian):
        centered, shift, _ = sums.centered(x)
        scale = scaling.length(centered) / x.size**0.5
    else:
        scale = jnp.mean(x)
    return shift, jnp.where(scale == 0, one, scale)


def _log_softplus(t: Array) -> Array:
    near = jnp.log(jax.nn.softplus(jnp.where(t < FAR, FAR, t)))
    return jnp.where(t < FAR, t, near)
