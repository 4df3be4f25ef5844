"""Where hyperparameters of a kernel may lie, from the data: they have units, and no number is good for all data."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.uncertainty.kernels import Kernel, Linear, Periodic, Product, Sum, ready

WIDE, WIDER = 1e3, 1e6  # ratio of a bound and the typical value: of lengths and periods, and of variances


@public
def of_kernel(kernel: Kernel, x: Float[Array, "n d"]) -> Kernel:
    r"""Return a kernel whose hyperparameters have a first axis: lowest, typical and highest value.

    The variance of y is taken as 1. A typical length is the spread of x times $\sqrt d / 2$, the spread being the
    standard deviation of a column. The parts of a sum get different lengths, since equal parts would stay equal. In a
    product only the first part has the unit of y.

    Raises:
        ValueError: as `kernels.ready`.

    >>> of_kernel(Linear(), [[0.0], [2.0]]).variance[1:].tolist()
    [1.0, 1000000.0]
    """
    return _of_kernel(ready(kernel, x), x)


@public
def times(kernel: Kernel, factor: ArrayLike) -> Kernel:
    """Return the kernel times a positive number: the same kernel in another unit of y.

    >>> times(Linear(2.0) + Periodic(), 3.0).left.variance
    6.0
    """
    if isinstance(kernel, Sum):
        return Sum(times(kernel.left, factor), times(kernel.right, factor))
    if isinstance(kernel, Product):
        return Product(times(kernel.left, factor), kernel.right)
    return type(kernel)(**{**vars(kernel), "variance": vars(kernel)["variance"] * factor})


@jax.jit
def _of_kernel(kernel: Kernel, x: Array) -> Kernel:
    return _ranges(kernel, _spread(x), 1.0)


def _spread(x: Array) -> Array:
    """The standard deviation of each column; a constant column has that of all, or its own size."""
    spread = sums.std(x)
    typical = jnp.max(spread)
    typical = jnp.where(typical > 0, typical, scaling.power_of_two(jnp.max(jnp.abs(x))))
    return jax.lax.stop_gradient(jnp.where(spread == 0, typical, spread))


def _ranges(kernel: Kernel, spread: Array, stretch: float) -> Kernel:
    if isinstance(kernel, (Sum, Product)):
        apart = 2.0 if isinstance(kernel, Sum) else 1.0
        parts = _ranges(kernel.left, spread, stretch * apart), _ranges(kernel.right, spread, stretch / apart)
        return type(kernel)(*parts)
    made = {name: _range(kernel, name, value, spread, stretch) for name, value in vars(kernel).items()}
    return type(kernel)(**made)


def _range(kernel: Kernel, name: str, value: Any, spread: Array, stretch: float) -> Any:
    if name == "nu":
        return value
    size = scaling.length(spread)  # of all columns together
    each = spread * len(spread) ** 0.5 if jnp.ndim(value) else size
    ratio = WIDE if name in ("length", "period") else WIDER
    if ratio == WIDE and not (isinstance(kernel, Periodic) and name == "length"):
        typical = 0.5 * stretch * each
    elif isinstance(kernel, Linear):
        typical = (1 / each) ** 2
    else:
        typical = jnp.ones_like(each)
    return jnp.stack([typical / ratio, typical, typical * ratio])
