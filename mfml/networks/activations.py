r"""Activations, the nonlinearity of a neuron, and their derivatives. All are elementwise and take any shape.

At a kink the derivative is the one from the left: 0 for the rectifier, the small slope for the leaky one, and alpha
for the exponential linear unit. The functions are written so that `jax.grad` gives the same number there. Every
function is finite wherever its value fits into the dtype, and NaN stays NaN.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.precision import single


class Activation(NamedTuple):
    """A nonlinearity and its derivative."""

    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    rising: bool = True  # f(a) <= f(b) wherever a < b, so the largest argument has the largest value


@public
def identity(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """No nonlinearity: $z$, the usual output of a regression.

    >>> identity(jnp.array([-1.0, 2.0])).tolist()
    [-1.0, 2.0]
    """
    return z


@public
def heaviside(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """Step function: 1 where $z > 0$, otherwise 0. Its derivative is 0 everywhere, so nothing can be learned.

    Source: McCulloch and Pitts (1943), Bulletin of Mathematical Biophysics 5; Bishop (2006), section 4.1.7.

    >>> heaviside(jnp.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 1.0]
    """
    return jnp.heaviside(z, jnp.zeros_like(z))


@public
def sigmoid(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Logistic function $\sigma(z) = 1 / (1 + e^{-z})$, between 0 and 1. It saturates without overflow.

    Source: Bishop (2006), equation 4.59.

    >>> sigmoid(jnp.array([-200.0, 0.0, 200.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return jax.nn.sigmoid(z)


@public
def tanh(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Hyperbolic tangent $(e^z - e^{-z}) / (e^z + e^{-z}) = 2 \sigma(2z) - 1$, between -1 and 1.

    Source: Bishop (2006), equation 5.59.

    >>> round(tanh(jnp.array(0.5)).item(), 4)
    0.4621
    """
    return jnp.tanh(z)


@public
def relu(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Rectifier $\max(z, 0)$; derivative 0 at the kink $z = 0$.

    Source: Nair and Hinton (2010), ICML.

    >>> relu(jnp.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]
    """
    return jnp.where(z <= 0, 0.0, z)  # `jnp.maximum` would lose NaN, see `numerics.scaling.at_least`


@public
def leaky_relu(z: Float[Array, "..."], *, slope: ArrayLike = 0.01) -> Float[Array, "..."]:
    r"""Rectifier that leaks: $z$ where $z > 0$, else $\text{slope} \cdot z$; derivative `slope` at $z = 0$.

    Source: Maas, Hannun and Ng (2013), ICML workshop.

    >>> leaky_relu(jnp.array([-1.0, 2.0]), slope=0.5).tolist()
    [-0.5, 2.0]
    """
    return jnp.where(z > 0, z, slope * z)


@public
def elu(z: Float[Array, "..."], *, alpha: ArrayLike = 1.0) -> Float[Array, "..."]:
    r"""Exponential linear unit: $z$ where $z > 0$, else $\alpha (e^z - 1)$; derivative $\alpha$ at $z = 0$.

    Source: Clevert, Unterthiner and Hochreiter (2016), ICLR.

    >>> round(elu(jnp.array(-1.0)).item(), 4)
    -0.6321
    """
    return jnp.where(z > 0, z, alpha * jnp.expm1(jnp.where(z > 0, 0.0, z)))


@public
def softplus(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Smooth rectifier $\log(1 + e^z)$, positive; its derivative is the sigmoid.

    Source: Dugas et al. (2001), NeurIPS.

    >>> round(softplus(jnp.array(0.0)).item(), 4)
    0.6931
    """
    return jax.nn.softplus(z)


@public
def silu(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Sigmoid linear unit, also called swish: $z \sigma(z)$.

    Source: Elfwing, Uchibe and Doya (2018), Neural Networks 107.

    >>> round(silu(jnp.array(1.0)).item(), 4)
    0.7311
    """
    return jax.nn.silu(z)


@public
def gelu(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Gaussian error linear unit $z \Phi(z)$, with the normal distribution function $\Phi$, not approximated by tanh.

    Source: Hendrycks and Gimpel (2016), arXiv:1606.08415.

    >>> round(gelu(jnp.array(1.0)).item(), 4)
    0.8413
    """
    return _in_single(lambda z: 0.5 * z * lax.erfc(z * -math.sqrt(0.5)), z)


@public
def gelu_tanh(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""`gelu` approximated by a hyperbolic tangent, $z \sigma(2u)$ with $u = \sqrt{2/\pi} (z + 0.044715 z^3)$.

    It differs from the exact one by up to 5e-4; GPT-2 was trained with it.

    Source: Hendrycks and Gimpel (2016), section 2.

    >>> round(gelu_tanh(jnp.array(1.0)).item(), 4)
    0.8412
    """
    return z * jax.nn.sigmoid(_cubic(z))


@public
def quick_gelu(z: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""`gelu` approximated by a sigmoid, $z \sigma(1.702 z)$. It differs by up to 0.02; CLIP was trained with it.

    Source: Hendrycks and Gimpel (2016), section 2.

    >>> round(quick_gelu(jnp.array(1.0)).item(), 4)
    0.8458
    """
    return z * jax.nn.sigmoid(1.702 * z)


@public
def apply(z: Float[Array, "..."], *, activation: str = "relu") -> Float[Array, "..."]:
    """Evaluate an activation by its name, one of `ACTIVATIONS`. The name is static.

    Raises:
        ValueError: for a name that is not known.

    >>> apply(jnp.array([-1.0, 2.0]), activation="relu").tolist()
    [0.0, 2.0]
    """
    require.one_of("activation", activation, ACTIVATIONS)
    return ACTIVATIONS[activation].function(z)


@public
@partial(jax.jit, static_argnames="activation")
def derivative(z: Float[Array, "..."], *, activation: str = "relu") -> Float[Array, "..."]:
    """Evaluate the derivative of an activation at z in closed form; at a kink it is the one from the left.

    Raises:
        ValueError: for a name that is not known.

    Source: Bishop (2006), equation 4.88 for the sigmoid; the others by the chain rule.

    >>> derivative(jnp.array([-1.0, 0.0, 2.0]), activation="relu").tolist()
    [0.0, 0.0, 1.0]
    >>> derivative(jnp.array([0.0, 300.0]), activation="sigmoid").tolist()
    [0.25, 0.0]
    """
    require.one_of("activation", activation, ACTIVATIONS)
    return jnp.where(jnp.isnan(z), z, ACTIVATIONS[activation].derivative(z))


def _in_single(function: Callable[[Array], Array], z: Array) -> Array:
    """Evaluate in single precision what is given in half: special functions know no less."""
    return function(single(z)).astype(z.dtype)


def _one_where_positive(z: Array) -> Array:
    return (z > 0).astype(z.dtype)


def _sigmoid_slope(z: Array) -> Array:
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z)  # the second factor is 1 - sigmoid(z) without cancellation


def _silu_slope(z: Array) -> Array:
    return jax.nn.sigmoid(z) + z * _sigmoid_slope(z)


def _gelu_slope(z: Array) -> Array:
    return _in_single(lambda z: jax.scipy.special.ndtr(z) + z * jax.scipy.stats.norm.pdf(z), z)


def _cubic(z: Array) -> Array:
    """Argument 2u of the sigmoid in `gelu_tanh`; beyond 100, where that is 0 or 1, its cube could overflow."""
    z = jnp.where(jnp.abs(z) < 100, z, 100 * jnp.sign(z))
    return (8 / jnp.pi) ** 0.5 * (z + 0.044715 * z**3)


def _gelu_tanh_slope(z: Array) -> Array:
    near = jnp.where(jnp.abs(z) < 100, z, 0.0)
    slope = _sigmoid_slope(_cubic(z)) * (8 / jnp.pi) ** 0.5 * (1 + 3 * 0.044715 * near**2)
    return jax.nn.sigmoid(_cubic(z)) + near * slope


def _quick_gelu_slope(z: Array) -> Array:
    return jax.nn.sigmoid(1.702 * z) + 1.702 * z * _sigmoid_slope(1.702 * z)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, jnp.ones_like),
    "heaviside": Activation(heaviside, jnp.zeros_like),
    "sigmoid": Activation(sigmoid, _sigmoid_slope),
    "tanh": Activation(tanh, lambda z: 1 - jnp.tanh(z) ** 2),
    "relu": Activation(relu, _one_where_positive),
    "leaky_relu": Activation(leaky_relu, lambda z: jnp.where(z > 0, 1.0, jnp.full_like(z, 0.01))),
    "elu": Activation(elu, lambda z: jnp.exp(jnp.minimum(z, 0.0))),
    "softplus": Activation(softplus, jax.nn.sigmoid),
    "silu": Activation(silu, _silu_slope, rising=False),
    "gelu": Activation(gelu, _gelu_slope, rising=False),
    "gelu_tanh": Activation(gelu_tanh, _gelu_tanh_slope, rising=False),
    "quick_gelu": Activation(quick_gelu, _quick_gelu_slope, rising=False),
}
