r"""Symmetries of functions of images. Shapes: n images, h rows, w columns, c channels.

f is equivariant under T where $f(T x) = T' f(x)$: a shifted input shifts the output. It is invariant where
$f(T x) = f(x)$. Convolutions are equivariant under shifts, and pooling over all pixels turns this into invariance.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling


@public
def translate(x: Float[Array, "n h w c"], *, rows: int = 0, columns: int = 0) -> Float[Array, "n h w c"]:
    """Shift images down and to the right; pixels that leave on one side enter on the other.

    Raises:
        ValueError: if x has not 4 axes.

    >>> translate(jnp.arange(3.0).reshape(1, 1, 3, 1), columns=1).ravel().tolist()
    [2.0, 0.0, 1.0]
    """
    require.rank("x", x, 4)
    return jnp.roll(x, (rows, columns), axis=(1, 2))


@public
def rotate(x: Float[Array, "n h w c"], *, quarter_turns: int = 1) -> Float[Array, "n _ _ c"]:
    """Rotate images by multiples of 90 degrees, counterclockwise as an image is shown.

    Raises:
        ValueError: if x has not 4 axes.

    >>> rotate(jnp.arange(4.0).reshape(1, 2, 2, 1))[0, :, :, 0].tolist()
    [[1.0, 3.0], [0.0, 2.0]]
    """
    require.rank("x", x, 4)
    return jnp.rot90(x, quarter_turns, axes=(1, 2))


@public
def equivariance_error(
    function: Callable[[Array], Array],
    x: Float[Array, "n h w c"],
    *,
    before: Callable[[Array], Array],
    after: Callable[[Array], Array],
) -> Float[Array, ""]:
    r"""How far a function is from being equivariant: $\lVert f(T x) - T' f(x) \rVert / \lVert f(x) \rVert$.

    It is 0 for an equivariant function, about $\sqrt 2$ for unrelated outputs, and NaN if f(x) is 0 everywhere.

    Args:
        function: f; static.
        x: images.
        before: T, on the input; static.
        after: T', on the output; static.

    Raises:
        ValueError: if f(T x) and T' f(x) differ in shape.

    Source: Cohen and Welling (2016), ICML, equation 1.

    >>> x, shift = jnp.arange(4.0).reshape(1, 1, 4, 1), lambda x: translate(x, columns=1)
    >>> equivariance_error(jnp.square, x, before=shift, after=shift).item()
    0.0
    """
    y = function(x)
    moved, expected = function(before(x)), after(y)
    require.same_shape(function_of_moved=moved, moved_function=expected)
    return _relative(moved, expected, y)


@jax.jit
def _relative(moved: Array, expected: Array, y: Array) -> Array:
    return scaling.length(moved - expected) / scaling.length(y)


@public
def invariance_error(
    function: Callable[[Array], Array], x: Float[Array, "n h w c"], *, transform: Callable[[Array], Array]
) -> Float[Array, ""]:
    r"""How far a function is from being invariant: $\lVert f(T x) - f(x) \rVert / \lVert f(x) \rVert$.

    It is NaN if f(x) is 0 everywhere.

    Raises:
        ValueError: if f(T x) and f(x) differ in shape.

    >>> x = jnp.arange(4.0).reshape(1, 1, 4, 1)
    >>> invariance_error(jnp.sum, x, transform=lambda x: translate(x, columns=1)).item()
    0.0
    """
    return equivariance_error(function, x, before=transform, after=lambda y: y)
