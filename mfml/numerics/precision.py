"""Half precision stores numbers well, but cannot add up thousands of them, and special functions do not know it.

What is computed is brought to single precision first, and the result back.
"""

from typing import TypeVar

import jax
import jax.numpy as jnp

T = TypeVar("T")


def single(tree: T) -> T:
    """Bring arrays of half precision to single; those of single and double precision stay as they are.

    >>> single((jnp.ones(2, jnp.float16), jnp.ones(2, jnp.bfloat16)))[1].dtype
    dtype('float32')
    """
    return jax.tree.map(lambda a: a.astype(jnp.promote_types(a.dtype, jnp.float32)), tree)
