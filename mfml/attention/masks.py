"""Masks: which queries may attend to which keys. True means that they may.

Masks are combined by `&`. All broadcast to the axes of the weights: batch, heads, q queries, k keys.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Int

from mfml import require
from mfml.entrance import public

WIDEST = 2**30  # keys in a window; no table has so many, and 32 bits hold it


@public
@partial(jax.jit, static_argnames=("n_queries", "n_keys", "window"))
def causal(
    n_queries: int, n_keys: int, *, offset: ArrayLike | None = None, window: int | None = None
) -> Bool[Array, "q k"]:
    r"""Each query attends to itself and to what came before: query i to the keys $j \le i + o$.

    With a window of w keys, it attends to the last w of them only: $i + o - w < j \le i + o$.

    Args:
        n_queries: q; static.
        n_keys: k; static.
        offset: o, the number of keys before that of the first query. By default k - q: the queries are the last ones,
            as in decoding with a cache. It may be traced.
        window: w; None for no limit; static.

    Raises:
        ValueError: if there are more queries than keys and no offset, a size is negative, or the window is below 1.

    Source: Vaswani et al. (2017), section 3.2.3; window: Child et al. (2019).

    >>> causal(2, 3).astype(int).tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    require.that(
        offset is not None or n_queries <= n_keys,
        f"more queries than keys need an offset; found n_queries = {n_queries}, n_keys = {n_keys}",
    )
    for name, size in (("n_queries", n_queries), ("n_keys", n_keys)):
        require.that(size >= 0, f"{name} must not be negative; found {size}")
    newest = jnp.arange(n_queries)[:, None] + (n_keys - n_queries if offset is None else offset)
    place = jnp.arange(n_keys)
    if window is None:
        return place <= newest
    require.positive("window", window)
    return (place <= newest) & (place > newest - min(window, WIDEST))


@public
@partial(jax.jit, static_argnames="n")
def padding(lengths: Int[Array, "*b"], n: int) -> Bool[Array, "*b 1 1 n"]:
    """Keys that are there: the first `lengths` of n positions. The others only fill up the shape.

    The axes of length 1 stand for all heads and queries. n is static.

    Raises:
        ValueError: if n is negative.

    >>> padding(jnp.array([1, 3]), 3)[:, 0, 0].astype(int).tolist()
    [[1, 0, 0], [1, 1, 1]]
    """
    require.that(n >= 0, f"n must not be negative; found {n}")
    return jnp.arange(n) < lengths[..., None, None, None]


@public
@jax.jit
def at_beginning(mask: Bool[Array, "*b n"]) -> Bool[Array, "*b"]:
    """Whether what counts in a row comes first, and what fills it up is at the end.

    Raises:
        ValueError: unless the mask is boolean and has an axis.

    >>> at_beginning(jnp.array([[True, False], [False, True]])).tolist()
    [True, False]
    """
    mask = require.boolean("mask", mask, where="a token counts")
    require.that(mask.ndim > 0, f"mask must have an axis of tokens; found shape {mask.shape}")
    return ~jnp.any(mask[..., 1:] & ~mask[..., :-1], axis=-1)
