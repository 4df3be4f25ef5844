r"""A landscape over many parameters, along a line or in a plane.

Directions and points are pytrees like the parameters; a coordinate is a multiple of a direction.
Shapes: s, u, v coordinates; t points of a path.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.landscapes.curvature import Objective
from mfml.numerics import scaling, singular


class PathPlane(NamedTuple):
    """The plane that contains most of a path, and the path in it."""

    center: PyTree  # last point of the path
    first: PyTree  # unit direction along which the path varies most
    second: PyTree  # unit direction, orthogonal to the first
    coordinates: Float[Array, "t 2"]  # of each point; the last is (0, 0)
    share: Float[Array, "2"]  # of the sum of squared distances from the center, along each direction


@public
def random_direction(params: PyTree, *, key: Key[Array, ""]) -> PyTree:
    """Draw a direction like the parameters: independent standard Gaussian entries.

    Source: Goodfellow, Vinyals and Saxe (2015), ICLR.

    >>> random_direction({"w": jnp.zeros((2, 3))}, key=jax.random.key(0))["w"].shape
    (2, 3)
    """
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))

    def drawn(key: Array, leaf: Array) -> Array:  # in one row: quicker to compile
        return jax.random.normal(key, (jnp.size(leaf),), jnp.result_type(leaf)).reshape(jnp.shape(leaf))

    return jax.tree.unflatten(structure, list(map(drawn, keys, leaves)))


@public
@jax.jit
def filter_normalized(direction: PyTree, params: PyTree) -> PyTree:
    r"""Give each filter of a direction the norm of the parameters' filter: $d \leftarrow d\, \|\theta\| / \|d\|$.

    A filter is all that leads to one output: an array at one index of its last axis, since weights have the shape
    (inputs, outputs) or (height, width, channels, outputs). Vectors and scalars, such as biases, are set to zero. The
    slice then does not change when the filters of a network of rectifiers are rescaled without changing its function.

    Raises:
        ValueError: if direction and parameters differ in structure or shapes.

    Source: Li et al. (2018), Advances in Neural Information Processing 31, section 4.

    >>> filter_normalized(jnp.array([[3.0, 1.0], [4.0, 0.0]]), jnp.array([[0.0, 2.0], [10.0, 0.0]])).tolist()
    [[6.0, 2.0], [8.0, 0.0]]
    """
    _same(direction, params)

    def scaled(d: Array, theta: Array) -> Array:
        if jnp.ndim(d) < 2:
            return jnp.zeros_like(d)
        axes = tuple(range(d.ndim - 1))
        units = [scaling.power_of_two(jnp.max(jnp.abs(a), axis=axes)) for a in (d, theta)]
        d = d / units[0]
        length, wanted = jnp.sum(d**2, axis=axes), jnp.sum((theta / units[1]) ** 2, axis=axes)
        there = length > 0
        return d * jnp.where(there, jnp.sqrt(wanted / jnp.where(there, length, 1.0)), 0.0) * units[1]

    return jax.tree.map(scaled, direction, params)


@public
@partial(jax.jit, static_argnames=("objective", "batch_size"))
def line(
    objective: Objective,
    center: PyTree,
    direction: PyTree,
    steps: Float[Array, " s"],
    *,
    data: tuple[Any, ...] = (),
    batch_size: int = 64,
) -> Float[Array, " s"]:
    r"""Values $f(\theta + s\,d)$ along a line. With d the difference of two minima, it interpolates between them.

    `batch_size` points are evaluated together.

    Raises:
        ValueError: if center and direction differ in structure or shapes; unless batch_size >= 1.

    Source: Goodfellow, Vinyals and Saxe (2015), ICLR.

    >>> line(lambda x: x @ x, jnp.array([1.0, 0.0]), jnp.array([0.0, 2.0]), jnp.array([0.0, 1.0])).tolist()
    [1.0, 5.0]
    """
    _same(direction, center)
    require.that(batch_size >= 1, f"batch_size must be at least 1; found {batch_size}")
    return lax.map(lambda s: objective(_moved(center, (direction, s)), *data), steps, batch_size=batch_size)


@public
@partial(jax.jit, static_argnames=("objective", "batch_size"))
def plane(
    objective: Objective,
    center: PyTree,
    first: PyTree,
    second: PyTree,
    along_first: Float[Array, " u"],
    along_second: Float[Array, " v"],
    *,
    data: tuple[Any, ...] = (),
    batch_size: int = 64,
) -> Float[Array, "u v"]:
    r"""Values $f(\theta + a\,d_1 + b\,d_2)$ over a plane; entry [i, j] is at `along_first[i]`, `along_second[j]`.

    Raises:
        ValueError: as `line`.

    Source: Li et al. (2018), Advances in Neural Information Processing 31, section 3.

    >>> x, y = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
    >>> plane(lambda p: p @ p, jnp.zeros(2), x, y, jnp.array([0.0, 1.0]), jnp.array([2.0])).tolist()
    [[4.0], [5.0]]
    """
    _same(first, center)
    _same(second, center)
    require.that(batch_size >= 1, f"batch_size must be at least 1; found {batch_size}")
    a, b = (grid.ravel() for grid in jnp.meshgrid(along_first, along_second, indexing="ij"))

    def value(pair: tuple[Array, Array]) -> Array:
        return objective(_moved(center, (first, pair[0]), (second, pair[1])), *data)

    return lax.map(value, (a, b), batch_size=batch_size).reshape(len(along_first), len(along_second))


@public
@jax.jit
def path_plane(path: PyTree) -> PathPlane:
    r"""Find the plane through a path's last point that contains most of it: PCA of the path about its end.

    The directions are the two leading right singular vectors of the matrix of rows $\theta_i - \theta_T$. They
    are not centered at the mean, so that the minimum stays in the plane. Each has its largest entry in magnitude
    positive. They are orthonormal even if the path is a straight line.

    Raises:
        ValueError: unless the path has at least 3 points and 2 parameters.

    Source: Li et al. (2018), Advances in Neural Information Processing 31, section 7.

    >>> seen = path_plane(jnp.array([[3.0, 4.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> seen.share.sum().round(4).item(), seen.coordinates[-1].tolist()
    (1.0, [0.0, 0.0])
    """
    last = jax.tree.map(lambda leaf: leaf[-1], path)
    center, rebuild = ravel_pytree(last)
    rows = jax.vmap(lambda point: ravel_pytree(point)[0])(path) - center
    require.that(min(rows.shape) >= 2 and len(rows) >= 3, f"a plane needs 3 points, 2 parameters; found {rows.shape}")
    _, values, directions = singular.svd(rows)
    directions = directions[:2]
    peak = jnp.take_along_axis(directions, jnp.abs(directions).argmax(axis=1, keepdims=True), axis=1)
    directions = jnp.where(peak < 0, -directions, directions)
    squares = (values / scaling.unit(values)) ** 2
    total = jnp.sum(squares)
    share = squares[:2] / jnp.where(total == 0, 1.0, total)
    return PathPlane(last, rebuild(directions[0]), rebuild(directions[1]), rows @ directions.T, share)


def _moved(start: PyTree, *moves: tuple[PyTree, Array]) -> PyTree:
    for direction, by in moves:
        start = jax.tree.map(lambda theta, d, by=by: theta + by.astype(theta.dtype) * d, start, direction)
    return start


def _same(direction: PyTree, params: PyTree) -> None:
    found, needed = (jax.tree.map(jnp.shape, tree) for tree in (direction, params))
    require.that(found == needed, f"a direction must have the shapes of the parameters, {needed}; found {found}")
