"""Kernels: inner products in a feature space, computed without its coordinates. Shapes: m, n samples, d features."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

KERNELS = ("linear", "poly", "rbf", "sigmoid", "cosine")


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
def gram(kernel: Kernel, x: Float[Array, "m d"], y: Float[Array, "n d"]) -> Float[Array, "m n"]:
    r"""Matrix of all kernel values: $K_{ij} = k(x_i, y_j)$.

    Squared distances are computed as $\|x\|^2 + \|y\|^2 - 2 x^\top y$ about the mean of y, and negative ones become
    zero. The cosine kernel of a sample of length zero is NaN.

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
        # Distances do not depend on the origin; about the mean the expansion loses fewer digits.
        origin = y.mean(axis=0)
        x, y = x - origin, y - origin
        half = -0.5 * jnp.sum(x**2, axis=1)[:, None] - 0.5 * jnp.sum(y**2, axis=1) + x @ y.T
        return jnp.exp(2 * kernel.gamma.astype(x.dtype) * jnp.minimum(half, 0.0))
    if isinstance(kernel, Cosine):
        x = x / jnp.linalg.norm(x, axis=1, keepdims=True)
        y = y / jnp.linalg.norm(y, axis=1, keepdims=True)
    product = x @ y.T
    if isinstance(kernel, Polynomial):
        return (kernel.gamma * product + kernel.coef0) ** kernel.degree
    if isinstance(kernel, Sigmoid):
        return jnp.tanh(kernel.gamma * product + kernel.coef0)
    return product
