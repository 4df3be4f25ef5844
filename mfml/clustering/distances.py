"""Distances between all pairs by one matrix product. Shapes: n and m points, d features."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require


def squared_euclidean(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    r"""Squared distances $\|x_i - y_j\|^2 = \|x_i\|^2 - 2 x_i \cdot y_j + \|y_j\|^2$, in squared units of x.

    Both sets are shifted by the mean of y first, which keeps the digits where the data lie far from the
    origin. What remains is an error of about epsilon times the squared size of the cloud; no result is
    negative.

    Raises:
        ValueError: unless both have two axes and as many features.

    >>> squared_euclidean(jnp.array([[0.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])).tolist()
    [[0.0], [25.0]]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 2)
    require.same_length(features_of_x=x.T, features_of_y=y.T)
    shift = y.mean(axis=0)
    a, b = x - shift, y - shift
    squared = jnp.sum(a**2, axis=1)[:, None] - 2 * a @ b.T + jnp.sum(b**2, axis=1)
    return jnp.maximum(squared, 0)


def euclidean(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    r"""Distances $\|x_i - y_j\|$, in units of x; the slope at distance 0 counts as 0.

    Of equal points the computed distance may be as large as the root of epsilon times the size of the cloud,
    see `squared_euclidean`.

    Raises:
        ValueError: unless both have two axes and as many features.

    >>> euclidean(jnp.array([[0.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])).tolist()
    [[0.0], [5.0]]
    """
    squared = squared_euclidean(x, y)
    apart = squared != 0  # NaN stays NaN
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squared, 1)), 0)
