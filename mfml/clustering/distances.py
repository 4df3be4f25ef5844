"""Distances between all pairs by one matrix product. Shapes: n and m points, d features."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public


@public
def squared_euclidean(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    r"""Squared distances $\|x_i - y_j\|^2$ between all pairs, in squared units of x.

    Both sets are first shifted by the mean of y, which preserves precision for data far from the origin. The remaining
    error is about epsilon times the squared size of the cloud. No result is negative.

    Raises:
        ValueError: unless both have two axes and the same number of features.

    >>> squared_euclidean(jnp.array([[0.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])).tolist()
    [[0.0], [25.0]]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 2)
    require.same_length(x=(x, 1), y=(y, 1))
    shift = y.mean(axis=0)
    a, b = x - shift, y - shift
    return from_products(a @ b.T, jnp.sum(a**2, axis=1), jnp.sum(b**2, axis=1))


@public
def from_products(
    products: Float[Array, "n m"], x_squared: Float[Array, " n"], y_squared: Float[Array, " m"]
) -> Float[Array, "n m"]:
    r"""Squared distances $\|x_i\|^2 - 2 x_i \cdot y_j + \|y_j\|^2$ from scalar products and squared lengths.

    Use it if the squared lengths are already known. Center the points first, since the three terms cancel far from
    the origin. No result is negative.

    >>> from_products(jnp.array([[6.0]]), jnp.array([4.0]), jnp.array([9.0])).tolist()
    [[1.0]]
    """
    return jnp.maximum(x_squared[:, None] - 2 * products + y_squared, 0)


@public
def euclidean(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    r"""Distances $\|x_i - y_j\|$ between all pairs, in units of x; the gradient at distance 0 is set to 0.

    The computed distance between equal points may be as large as the square root of epsilon times the size of the
    cloud, see `squared_euclidean`.

    Raises:
        ValueError: unless both have two axes and the same number of features.

    >>> euclidean(jnp.array([[0.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])).tolist()
    [[0.0], [5.0]]
    """
    squared = squared_euclidean(x, y)
    apart = squared != 0  # NaN stays NaN
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squared, 1)), 0)
