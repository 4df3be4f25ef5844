"""Kernels: inner products in a feature space, computed without its coordinates. Shapes: m, n samples, d features."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances
from mfml.numerics.scaling import directions

KERNELS = ("linear", "poly", "rbf", "sigmoid", "cosine")
ERROR = 1e-4  # of the exponent, up to which a product gives the distances


class Linear(NamedTuple):
    r"""$k(x, y) = x^\top y$."""


class Polynomial(NamedTuple):
    r"""$k(x, y) = (\gamma x^\top y + c_0)^p$."""

    gamma: Float[Array, ""]
    coef0: Float[Array, ""]
    degree: Float[Array, ""]


class RBF(NamedTuple):
    r"""$k(x, y) = \exp(-\gamma \|x - y\|_2^2)$."""

    gamma: Float[Array, ""]


class Sigmoid(NamedTuple):
    r"""$k(x, y) = \tanh(\gamma x^\top y + c_0)$; positive semi-definite only for some parameters."""

    gamma: Float[Array, ""]
    coef0: Float[Array, ""]


class Cosine(NamedTuple):
    r"""$k(x, y) = x^\top y / (\|x\|_2 \|y\|_2)$."""


Kernel = Linear | Polynomial | RBF | Sigmoid | Cosine


@public
def make_kernel(
    kernel: str,
    d: int,
    *,
    gamma: ArrayLike | None = None,
    degree: ArrayLike = 3.0,
    coef0: ArrayLike = 1.0,
) -> Kernel:
    r"""Make the kernel with this name for d features; `gamma` is $1/d$ by default.

    Raises:
        ValueError: unless the name is known and d >= 1.

    >>> float(make_kernel("rbf", 4).gamma)
    0.25
    """
    require.one_of("kernel", kernel, KERNELS)
    require.that(d >= 1, f"d must be at least 1; found {d}")
    width = jnp.asarray(1 / d if gamma is None else gamma, float)
    offset = jnp.asarray(coef0, float)
    kinds: dict[str, Kernel] = {
        "linear": Linear(),
        "poly": Polynomial(width, offset, jnp.asarray(degree, float)),
        "rbf": RBF(width),
        "sigmoid": Sigmoid(width, offset),
        "cosine": Cosine(),
    }
    return kinds[kernel]


@public
@jax.jit
def gram(kernel: Kernel, x: Float[Array, "m d"], y: Float[Array, "n d"]) -> Float[Array, "m n"]:
    r"""Matrix of all kernel values: $K_{ij} = k(x_i, y_j)$.

    The entries of "rbf" are exact to 1e-4 of themselves, however far groups lie apart. The cosine kernel of a sample
    of length zero is NaN.

    Raises:
        ValueError: unless `x` and `y` have the same number of columns.

    Source: Bishop (2006), section 6.2.

    >>> print(gram(Linear(), jnp.array([[1.0, 2.0]]), jnp.array([[3.0, 4.0]])))
    [[11.]]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 2)
    require.same_length(x=(x, 1), y=(y, 1))
    if isinstance(kernel, RBF):
        return _rbf(kernel.gamma.astype(x.dtype), x, y)
    if isinstance(kernel, Cosine):
        x, y = directions(x), directions(y)
    product = x @ y.T
    if isinstance(kernel, Polynomial):
        return (kernel.gamma * product + kernel.coef0) ** kernel.degree
    if isinstance(kernel, Sigmoid):
        return jnp.tanh(kernel.gamma * product + kernel.coef0)
    return product


def _rbf(gamma: Array, x: Array, y: Array) -> Array:
    """By a product where its error does not matter, otherwise by differences."""
    unit = distances.unit(x, y)
    x, y, gamma = x / unit, y / unit, gamma * unit * unit
    origin = lax.stop_gradient(y.mean(axis=0))
    a, b = distances.raised(x - origin), distances.raised(y - origin)
    error = distances.rounding(x.shape[1], x.dtype) * (a[:, -1].max() + b[:, -1].max())

    def quickly(x: Array, y: Array) -> Array:
        return jnp.maximum(distances.product(a[:, :-1], distances.lifted(y - origin).T) + a[:, -1:], 0)

    squared = lax.cond(gamma * error < ERROR, quickly, distances.squared, x, y)
    return jnp.exp(-gamma * squared)
