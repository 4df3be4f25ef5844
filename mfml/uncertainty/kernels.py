r"""Covariance functions of Gaussian processes. Shapes: m, n samples, d features.

A kernel $k(x, x')$ says how much two values of a function vary together. Every kernel is a pytree, and its leaves are
its hyperparameters, all positive: `length` (units of x; one number, or one per feature), `variance` (squared units of
y), and so on. `a + b` and `a * b` are kernels, too. Noise is no kernel: `gp` takes it as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.arrays import as_float
from mfml.entrance import public
from mfml.numerics import distances, scaling
from mfml.numerics.domain import POSITIVE, inside

ORDERS = (0.5, 1.5, 2.5)
Positive = Any  # a positive number or an array of them; within transformations of JAX a leaf may be anything


class Kernel:
    """What all kernels can do. `==` compares identity: arrays have no single truth."""

    def __add__(self, other: Kernel) -> Sum:
        return Sum(self, other) if isinstance(other, Kernel) else NotImplemented

    def __mul__(self, other: Kernel) -> Product:
        return Product(self, other) if isinstance(other, Kernel) else NotImplemented

    def _between(self, x: Array, z: Array) -> Array:
        """Values for all pairs."""
        raise NotImplementedError

    def _at(self, x: Array) -> Array:
        """Values for each sample and itself; for most kernels the variance."""
        raise NotImplementedError


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Constant(Kernel):
    r"""$k = v$: all values move together, by a normal number of variance v."""

    variance: Positive = 1.0

    def _between(self, x: Array, z: Array) -> Array:
        return jnp.broadcast_to(self.variance, (len(x), len(z))) + _nothing(x)[:, None] + _nothing(z)

    def _at(self, x: Array) -> Array:
        return self.variance + _nothing(x)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Linear(Kernel):
    r"""$k = \sum_j v_j x_j x'_j$: lines through the origin, with slopes of variance $v_j$, units of y^2 / x^2."""

    variance: Positive = 1.0

    def _between(self, x: Array, z: Array) -> Array:
        root = jnp.sqrt(self.variance)  # on both sides, so that no square leaves the range of the type
        return distances.product(x * root, (z * root).T)

    def _at(self, x: Array) -> Array:
        return jnp.sum((x * jnp.sqrt(self.variance)) ** 2, axis=1)


class _Stationary(Kernel):
    """A function of differences."""

    variance: Positive

    def _at(self, x: Array) -> Array:
        return self.variance + _nothing(x)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class RBF(_Stationary):
    r"""$k = v \exp(-\tfrac12 s)$ with the squared distance $s = \sum_j (x_j - x'_j)^2 / \ell_j^2$: smooth functions."""

    length: Positive = 1.0
    variance: Positive = 1.0

    def _between(self, x: Array, z: Array) -> Array:
        return self.variance * jnp.exp(-0.5 * _squared(x, z, self.length))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Matern(_Stationary):
    r"""Functions with as many derivatives as are below nu, which is static: 0.5, 1.5 or 2.5; $r = \sqrt s$ as in `RBF`.

    $k / v$ is $e^{-r}$, or $(1 + a) e^{-a}$ with $a = \sqrt 3 r$, or $(1 + a + a^2/3) e^{-a}$ with $a = \sqrt 5 r$.
    """

    length: Positive = 1.0
    variance: Positive = 1.0
    nu: float = field(default=2.5, metadata={"static": True})

    def __post_init__(self) -> None:
        require.one_of("nu", self.nu, ORDERS)

    def _between(self, x: Array, z: Array) -> Array:
        return self.variance * _matern(round(self.nu - 0.5), 2 * self.nu * _squared(x, z, self.length))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class RationalQuadratic(_Stationary):
    r"""$k = v (1 + s / (2 \alpha))^{-\alpha}$: a mixture of RBF kernels of many lengths; RBF for a large alpha."""

    length: Positive = 1.0
    variance: Positive = 1.0
    alpha: Positive = 1.0

    def _between(self, x: Array, z: Array) -> Array:
        share = _squared(x, z, self.length) / (2 * self.alpha)
        return self.variance * jnp.exp(-self.alpha * jnp.log1p(share))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Periodic(_Stationary):
    r"""$k = v \exp(-2 \sum_j \sin^2(\pi (x_j - x'_j) / p_j) / \ell_j^2)$: functions that repeat after the period p.

    The length has no unit here: it says how much a function varies within a period.
    """

    length: Positive = 1.0
    period: Positive = 1.0
    variance: Positive = 1.0

    def _between(self, x: Array, z: Array) -> Array:
        def term(a: Array, b: Array, length: Array, period: Array) -> Array:
            # remainders are exact, so the sine keeps its digits after many periods
            per_unit = _per_unit(period)
            turns = (lax.rem(a, period)[:, None] - lax.rem(b, period)) * per_unit / (period * per_unit)
            return (jnp.sin(jnp.pi * (turns - lax.stop_gradient(jnp.round(turns)))) / length) ** 2

        return self.variance * jnp.exp(-2 * _sum_over_features(term, x, z, self.length, self.period))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Sum(Kernel):
    """The covariance of the sum of two independent functions."""

    left: Kernel
    right: Kernel

    def _between(self, x: Array, z: Array) -> Array:
        return self.left._between(x, z) + self.right._between(x, z)

    def _at(self, x: Array) -> Array:
        return self.left._at(x) + self.right._at(x)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Product(Kernel):
    """The covariance of the product of two independent functions, and a kernel whose parts both have to agree."""

    left: Kernel
    right: Kernel

    def _between(self, x: Array, z: Array) -> Array:
        return self.left._between(x, z) * self.right._between(x, z)

    def _at(self, x: Array) -> Array:
        return self.left._at(x) * self.right._at(x)


@public
def ready(kernel: Kernel, x: Float[Array, "n d"]) -> Kernel:
    """Return a kernel whose hyperparameters are arrays of the precision of x, after looking at them.

    What takes a kernel calls this before it compiles anything. Within compiled code a hyperparameter that is not
    positive becomes NaN.

    Raises:
        ValueError: unless it is a kernel with positive hyperparameters, each one number or one per column of x.

    >>> ready(RBF(length=[1, 2]), jnp.ones((3, 2))).length.tolist()
    [1.0, 2.0]
    """
    require.rank("x", x, 2)
    require.that(
        isinstance(kernel, Kernel), f"kernel must be a kernel such as RBF(length=1.0); found {type(kernel).__name__}"
    )
    if isinstance(kernel, (Sum, Product)):
        return type(kernel)(ready(kernel.left, x), ready(kernel.right, x))
    return type(kernel)(**{name: _read(kernel, name, value, x) for name, value in vars(kernel).items()})


@public
def matrix(kernel: Kernel, x: Float[Array, "m d"], z: Float[Array, "n d"]) -> Float[Array, "m n"]:
    r"""Covariances of all pairs: $K_{ij} = k(x_i, z_j)$, squared units of y.

    Differences are taken before they are squared or divided by a length, so neither the origin, nor the unit, nor
    groups far apart cost digits. Where both samples are equal the gradient is finite; it is 0 for Matern with nu = 1/2,
    which has a kink there.

    Raises:
        ValueError: unless x and z have as many columns as the kernel has lengths, and hyperparameters are positive.

    Source: Rasmussen and Williams (2006), section 4.2.

    >>> matrix(RBF(length=2.0), jnp.array([[0.0], [2.0]]), jnp.array([[0.0]])).round(4).tolist()
    [[1.0], [0.60...]]
    >>> matrix(Linear() + Constant(), jnp.array([[2.0]]), jnp.array([[3.0]])).tolist()
    [[7.0]]
    """
    require.rank("z", z, 2)
    require.same_length(x=(x, 1), z=(z, 1))
    return _matrix(ready(kernel, x), x, z)


@public
def diagonal(kernel: Kernel, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Variance of each value before data are seen: $k(x_i, x_i)$, squared units of y, without the matrix.

    Raises:
        ValueError: as `matrix`.

    >>> diagonal(RBF(variance=4.0), jnp.array([[0.0], [2.0]])).tolist()
    [4.0, 4.0]
    """
    return _diagonal(ready(kernel, x), x)


@jax.jit
def _matrix(kernel: Kernel, x: Array, z: Array) -> Array:
    return kernel._between(x, z)


@jax.jit
def _diagonal(kernel: Kernel, x: Array) -> Array:
    return kernel._at(x)


def _read(kernel: Kernel, name: str, value: Any, x: Array) -> Any:
    if name == "nu":
        return value
    where = f"{name} of {type(kernel).__name__}"
    value = inside(where, as_float(where, value), POSITIVE).astype(x.dtype)
    one = isinstance(kernel, (Constant, _Stationary)) and name in ("variance", "alpha")
    fits = value.shape == () or (not one and value.shape == (x.shape[1],))
    needed = "one number" if one else f"one number, or one for each of the {x.shape[1]} columns of x"
    require.that(fits, f"{where} must be {needed}; found shape {value.shape}")
    return value


def _nothing(x: Array) -> Array:
    """Return 0 for each sample, or NaN where one of its features is: what is unknown has no covariance."""
    return jnp.sum(jnp.where(jnp.isnan(x), jnp.nan, jnp.zeros_like(x)), axis=1)


def _squared(x: Array, z: Array, length: Array) -> Array:
    """Squared distances in units of the lengths."""

    def term(a: Array, b: Array, own: Array) -> Array:
        per_unit = _per_unit(own)  # derivatives divide by squares of lengths, and that of 1e-19 is 0
        return ((a[:, None] - b) * per_unit / (own * per_unit)) ** 2

    return _sum_over_features(term, x, z, length)


def _per_unit(scale: Array) -> Array:
    return lax.stop_gradient(1 / scaling.power_of_two(scale))


def _sum_over_features(term: Callable[..., Array], x: Array, z: Array, *scales: Array) -> Array:
    """Add up a function of each feature and its scales. Derivatives compute the terms once more, and keep no tables."""
    term = jax.checkpoint(term, policy=jax.checkpoint_policies.nothing_saveable)
    each = [jnp.broadcast_to(scale, x.shape[1]) for scale in scales]
    zero = jnp.zeros((len(x), len(z)), x.dtype)
    return lax.scan(lambda total, own: (total + term(*own), None), zero, (x.T, z.T, *each))[0]


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _matern(order: int, s: Array) -> Array:
    r"""$e^{-a}$, $(1 + a) e^{-a}$ or $(1 + a + a^2/3) e^{-a}$ for order 0, 1, 2 with $a = \sqrt s$."""
    a = distances.root(s)
    return (1.0, 1 + a, 1 + a + s / 3)[order] * jnp.exp(-a)


@_matern.defjvp
def _(order: int, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """Each is the derivative of the next, up to a factor: no root in it that could be divided by at 0."""
    (s,), (ds,) = primals, tangents
    if order > 0:
        slope = -_matern(order - 1, s) / (2, 6)[order - 1]
    else:
        a = distances.root(s)
        slope = jnp.where(a == 0, 0.0, -jnp.exp(-a) / (2 * jnp.where(a == 0, 1.0, a)))
    return _matern(order, s), slope * ds
