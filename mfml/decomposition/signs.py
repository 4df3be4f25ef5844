"""One rule for the sign of a singular vector. Shapes: k vectors, d entries."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.scaling import largest


@public
@jax.jit
def of_rows(vectors: Float[Array, "k d"]) -> Float[Array, " k"]:
    r"""Return +1 or -1 for each row, such that sign times row has a positive largest entry.

    Eigenvectors and singular vectors are defined up to their sign. The rule: of the entries whose magnitude
    comes within a factor $1 - \sqrt{\epsilon}$ of the row's largest, the first is made positive, so that
    rounding cannot flip a row such as $(1, -1)/\sqrt 2$. A row of zeros gets +1, one with NaN gets NaN.

    Raises:
        ValueError: unless `vectors` has two axes, the second not empty.

    >>> of_rows(jnp.array([[0.6, -0.8], [0.7, 0.1]]))
    Array([-1.,  1.], dtype=float32)
    """
    require.rank("vectors", vectors, 2)
    require.that(vectors.shape[1] > 0, f"vectors must have entries; found shape {vectors.shape}")
    magnitude = jnp.abs(vectors)
    nearly = 1 - jnp.sqrt(jnp.finfo(vectors.dtype).eps)
    top = largest(magnitude, axis=1)
    first = jnp.argmax(magnitude >= nearly * top[:, None], axis=1)
    entry = jnp.take_along_axis(vectors, first[:, None], axis=1)[:, 0]
    sign = jnp.where(entry < 0, -1, 1).astype(vectors.dtype)
    return jnp.where(jnp.isnan(top), jnp.nan, sign)
