"""Half precision stores numbers well, but cannot add up thousands of them, and special functions do not know it.

What is computed is brought to single precision first, and the result back.
"""

from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

T = TypeVar("T")


def single(tree: T) -> T:
    """Bring arrays of half precision to single; those of single and double precision stay as they are.

    >>> single((jnp.ones(2, jnp.float16), jnp.ones(2, jnp.bfloat16)))[1].dtype
    dtype('float32')
    """
    return jax.tree.map(lambda a: a.astype(jnp.promote_types(a.dtype, jnp.float32)), tree)


def common(*values: Any) -> list[Array]:
    """Turn numbers into floating arrays of the widest precision among those that are arrays.

    Python's numbers alone get JAX's default; whole numbers widen nothing.

    >>> [value.dtype.name for value in common(1, jnp.float32(2))]
    ['float32', 'float32']
    """
    kinds = [value.dtype for value in values if jnp.issubdtype(getattr(value, "dtype", int), jnp.floating)]
    dtype = jnp.result_type(*kinds) if kinds else jnp.result_type(float)
    return [jnp.asarray(value, dtype) for value in values]
