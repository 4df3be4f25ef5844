r"""Functions to minimize whose stationary points are known. Each takes one point; `jax.vmap` takes many.

`MINIMA` lists all global minima in two dimensions with a value of 0 at each (for a = 1 of Rosenbrock's valley).
Coordinates and values have no unit. Shapes: d dimensions.
"""

from math import pi

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public

MINIMA = {
    "rosenbrock": ((1.0, 1.0),),
    "himmelblau": (
        (3.0, 2.0),
        (-2.8051180869527450, 3.1313125182505730),
        (-3.7793102533777470, -3.2831859912861694),
        (3.5844283403304918, -1.8481265269644034),
    ),
    "beale": ((3.0, 0.5),),
    "rastrigin": ((0.0, 0.0),),
}


@public
def conditioned(*, key: Key[Array, ""], n_dims: int, condition_number: ArrayLike) -> Float[Array, "d d"]:
    r"""Draw a symmetric matrix with eigenvalues from 1 to $\kappa$, equally spaced on a logarithmic scale.

    $A = Q\,\mathrm{diag}(\kappa^{0}, \kappa^{1/(d-1)}, \ldots, \kappa)\,Q^\top$ with a random orthogonal Q. It is
    the Hessian of a `quadratic` with exactly this condition number. Its dtype is that of `condition_number`.

    Raises:
        ValueError: unless n_dims >= 2.

    Source: Nocedal and Wright (2006), Numerical Optimization, section 3.3.

    >>> matrix = conditioned(key=jax.random.key(0), n_dims=3, condition_number=100.0)
    >>> [round(value, 2) for value in jnp.linalg.eigvalsh(matrix).tolist()]
    [1.0, 10.0, 100.0]
    """
    require.that(n_dims >= 2, f"n_dims must be at least 2; found {n_dims}")
    largest = jnp.asarray(condition_number, jnp.result_type(condition_number, 1.0))
    rotation, _ = jnp.linalg.qr(jax.random.normal(key, (n_dims, n_dims), largest.dtype))
    values = largest ** (jnp.arange(n_dims) / (n_dims - 1)).astype(largest.dtype)
    return (rotation * values) @ rotation.T


@public
def quadratic(
    point: Float[Array, " d"], matrix: Float[Array, "d d"], *, slope: Float[Array, " d"] | None = None
) -> Float[Array, ""]:
    r"""$f(x) = \frac12 x^\top A x + b^\top x$, with the factor 1/2; b is `slope`, 0 unless given.

    Its gradient is $\frac12 (A + A^\top) x + b$, its Hessian $\frac12 (A + A^\top)$: A itself where A is symmetric.

    Raises:
        ValueError: if the matrix is not square or does not fit the point.

    Source: Nocedal and Wright (2006), Numerical Optimization, section 2.1.

    >>> quadratic(jnp.array([1.0, 2.0]), jnp.diag(jnp.array([4.0, 1.0]))).item()
    4.0
    """
    require.rank("point", point, 1)
    require.square("matrix", matrix)
    require.that(len(matrix) == len(point), f"matrix has size {len(matrix)}, but the point {len(point)} coordinates")
    bent = 0.5 * point @ (matrix @ point)
    return bent if slope is None else bent + slope @ point


@public
def rosenbrock(point: Float[Array, " d"], *, a: ArrayLike = 1.0, b: ArrayLike = 100.0) -> Float[Array, ""]:
    r"""Curved valley: $\sum_{i<d} b\,(x_{i+1} - x_i^2)^2 + (a - x_i)^2$.

    In two dimensions the only stationary point is the minimum $(a, a^2)$ of value 0; for a = 1 the point
    (1, ..., 1) is a global minimum in any dimension. There its Hessian has condition number 2508 (d = 2).

    Raises:
        ValueError: unless the point has at least two coordinates.

    Source: Rosenbrock (1960), The Computer Journal 3, 175.

    >>> rosenbrock(jnp.array([0.0, 1.0])).item()
    101.0
    """
    require.rank("point", point, 1)
    require.that(len(point) >= 2, f"point needs at least 2 coordinates; found {len(point)}")
    x, following = point[:-1], point[1:]
    return jnp.sum(b * (following - x**2) ** 2 + (a - x) ** 2)


@public
def himmelblau(point: Float[Array, "2"]) -> Float[Array, ""]:
    r"""Four minima of equal depth: $(x^2 + y - 11)^2 + (x + y^2 - 7)^2$.

    There are also four saddles, and one maximum near (-0.271, -0.923) of value 181.6.

    Raises:
        ValueError: unless the point has two coordinates.

    Source: Himmelblau (1972), Applied Nonlinear Programming, chapter 2.

    >>> himmelblau(jnp.array([3.0, 2.0])).item(), himmelblau(jnp.array([0.0, 0.0])).item()
    (0.0, 170.0)
    """
    x, y = _plane(point)
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@public
def beale(point: Float[Array, "2"]) -> Float[Array, ""]:
    r"""Flat plains with sharp corners: $\sum_{i=1}^{3} (c_i - x + x y^i)^2$, $c = (1.5,\ 2.25,\ 2.625)$.

    Its minimum is (3, 0.5); there is a saddle of value 14.2 at (0, 1).

    Raises:
        ValueError: unless the point has two coordinates.

    Source: Beale (1958), On an iterative method for finding a local minimum, Princeton.

    >>> beale(jnp.array([3.0, 0.5])).item(), beale(jnp.array([0.0, 1.0])).item()
    (0.0, 14.203125)
    """
    x, y = _plane(point)
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


@public
def monkey_saddle(point: Float[Array, "2"]) -> Float[Array, ""]:
    r"""$x^3 - 3 x y^2$: three ways down from the origin, where gradient and Hessian both vanish. No minimum.

    Raises:
        ValueError: unless the point has two coordinates.

    Source: Hilbert and Cohn-Vossen (1952), Geometry and the Imagination, section 29.

    >>> monkey_saddle(jnp.array([-1.0, 0.0])).item(), monkey_saddle(jnp.array([1.0, 0.0])).item()
    (-1.0, 1.0)
    """
    x, y = _plane(point)
    return x**3 - 3 * x * y**2


@public
def rastrigin(point: Float[Array, " d"], *, height: ArrayLike = 10.0) -> Float[Array, ""]:
    r"""Egg box on a bowl: $h d + \sum_i x_i^2 - h \cos 2 \pi x_i$, where h is `height`.

    Its global minimum is the origin, of value 0; there is a local minimum near every point with integer coordinates.

    Raises:
        ValueError: unless the point is a non-empty vector.

    Source: Törn and Žilinskas (1989), Global Optimization, after Rastrigin (1974).

    >>> rastrigin(jnp.array([0.0, 0.0])).item(), round(rastrigin(jnp.array([0.5, 0.0])).item(), 2)
    (0.0, 20.25)
    """
    require.rank("point", point, 1)
    require.that(len(point) > 0, "point needs at least one coordinate; found none")
    return jnp.sum(point**2 + height * (1 - jnp.cos(2 * pi * point)))


def _plane(point: Array) -> tuple[Array, Array]:
    require.that(jnp.shape(point) == (2,), f"point must have shape (2,); found {jnp.shape(point)}")
    return point[0], point[1]
