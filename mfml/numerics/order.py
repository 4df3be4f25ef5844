r"""Order statistics with exact ranks: $\lceil (n + 1)\, q \rceil$ of a level q that floats cannot hold.

In floating point $10 \cdot 0.9$ may be above 9, and its ceiling 10. So levels are read as the fractions that they mean.
"""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from mfml import require

FINEST = 1_000_000  # levels are read as fractions up to this denominator: single precision holds no more digits


def fraction(level: float) -> Fraction:
    """Read a level strictly between 0 and 1 as the simple fraction that its digits mean.

    >>> fraction(0.9), fraction(float(np.float32(0.95)))
    (Fraction(9, 10), Fraction(19, 20))

    Raises:
        ValueError: unless 0 < level < 1.
    """
    require.that(0 < level < 1, f"level must lie between 0 and 1; found {level}")
    return Fraction(float(level)).limit_denominator(FINEST)


def rank(n: int, level: float) -> int:
    r"""Return $\lceil (n + 1)\, \mathrm{level} \rceil$, from 1 to n + 1.

    >>> rank(9, 0.9), rank(19, 0.95), rank(8, 0.9)
    (9, 19, 9)
    """
    share = fraction(level)
    return max(1, -(-(n + 1) * share.numerator // share.denominator))  # a level below `FINEST` is read as 0


def ranks(n: int, level: float) -> Int[Array, " n_plus_1"]:
    """Ranks for 0, 1, ..., n samples, for numbers of samples that are known only when the program runs.

    >>> ranks(3, 0.5).tolist()
    [1, 1, 2, 2]
    """
    share = fraction(level)
    found = -(-np.arange(1, n + 2, dtype=np.int64) * share.numerator // share.denominator)
    return jnp.asarray(np.maximum(1, found).astype(np.int32))


def smallest(values: Float[Array, "n *rest"], k: int) -> Float[Array, "*rest"]:
    """The k-th smallest along the first axis: infinity for k > n, minus infinity for k < 1, NaN where a value is.

    >>> smallest(jnp.array([3.0, 1.0]), 2).item(), smallest(jnp.array([3.0, 1.0]), 3).item()
    (3.0, inf)
    """
    missing = jnp.isnan(values).any(axis=0)
    if 1 <= k <= len(values):
        found = jnp.sort(values, axis=0)[k - 1]
    else:
        found = jnp.full(values.shape[1:], jnp.inf if k > 0 else -jnp.inf, values.dtype)
    return jnp.where(missing, jnp.nan, found)
