"""Distances between all pairs. Shapes: n and m points, d features."""

import warnings

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances as numerics


@public
def squared_euclidean(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    r"""Squared distances $\|x_i - y_j\|^2$ between all pairs, in squared units of x.

    Each is exact to rounding of itself, since it is computed from differences. Squares of numbers below 1e-19 or above
    1e19 do not fit into single precision; `euclidean` has no such limit.

    Raises:
        ValueError: unless both have two axes and the same number of features.

    >>> squared_euclidean(jnp.array([[0.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])).tolist()
    [[0.0], [25.0]]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 2)
    require.same_length(x=(x, 1), y=(y, 1))
    return numerics.squared(x, y)


@public
def from_products(
    products: Float[Array, "n m"], x_squared: Float[Array, " n"], y_squared: Float[Array, " m"]
) -> Float[Array, "n m"]:
    r"""Squared distances $\|x_i\|^2 - 2 x_i \cdot y_j + \|y_j\|^2$ from scalar products and squared lengths.

    Deprecated: the error is about epsilon times the squared lengths, so use `squared_euclidean`. It will be gone in
    version 0.3.0. No result is negative.

    >>> from_products(jnp.array([[6.0]]), jnp.array([4.0]), jnp.array([9.0])).tolist()
    [[1.0]]
    """
    warnings.warn(
        "distances.from_products loses digits and will be gone in 0.3.0: use distances.squared_euclidean",
        DeprecationWarning,
        stacklevel=3,
    )
    return jnp.maximum(x_squared[:, None] - 2 * products + y_squared, 0)


@public
@jax.jit
def euclidean(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    r"""Distances $\|x_i - y_j\|$ between all pairs, in units of x; the gradient at distance 0 is set to 0.

    Each is exact to rounding of itself, in any unit. A distance below 1e-19 of the largest entry may become 0.

    Raises:
        ValueError: unless both have two axes and the same number of features.

    >>> euclidean(jnp.array([[0.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])).tolist()
    [[0.0], [5.0]]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 2)
    require.same_length(x=(x, 1), y=(y, 1))
    return numerics.euclidean(x, y)
