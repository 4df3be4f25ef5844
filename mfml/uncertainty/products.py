"""Products of a kernel matrix with vectors, without the matrix. Shapes: n and m samples, d features."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.uncertainty import kernels
from mfml.uncertainty.kernels import Kernel

ENTRIES = 2**18  # of the matrix that are in memory at once: the cache of a processor holds them


@public
def kernel_times(
    x: Float[Array, "n d"], z: Float[Array, "m d"], vector: Float[Array, " m"], *, kernel: Kernel
) -> Float[Array, " n"]:
    r"""Product $\sum_j k(x_i, z_j)\, v_j$, in blocks of rows: memory grows with n and m, time with n m.

    Raises:
        ValueError: where shapes do not fit.

    >>> kernel_times(jnp.zeros((3, 1)), jnp.zeros((2, 1)), jnp.array([1.0, 2.0]), kernel=kernels.RBF()).tolist()
    [3.0, 3.0, 3.0]
    """
    require.rank("x", x, 2)
    require.rank("z", z, 2)
    require.same_length(x=(x, 1), z=(z, 1))
    require.same_length(z=z, vector=vector)
    return _times(kernels.ready(kernel, x), x, z, vector)


@jax.jit
def _times(kernel: Kernel, x: Array, z: Array, vector: Array) -> Array:
    rows = max(1, ENTRIES // max(1, len(z)))
    if len(x) <= rows:
        return _product(kernel, x, z, vector)
    count = -(-len(x) // rows)
    blocks = jnp.pad(x, ((0, count * rows - len(x)), (0, 0)), mode="edge").reshape(count, rows, -1)
    product = jax.checkpoint(_product)  # reverse mode computes the rows again, and keeps no table of them
    return lax.map(lambda part: product(kernel, part, z, vector), blocks).reshape(-1)[: len(x)]


def _product(kernel: Kernel, x: Array, z: Array, vector: Array) -> Array:
    return jnp.matmul(kernels.matrix(kernel, x, z), vector, precision=lax.Precision.HIGHEST)
