r"""Curvature of an objective: Hessian, Gauss-Newton matrix, and their products with vectors.

An objective is a function `objective(params, *data)` that returns one number; parameters are any
pytree of float arrays, data a tuple. A matrix has its rows and columns in the order of
`jax.flatten_util.ravel_pytree`. Shapes: p parameters in all.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PyTree, Shaped

from mfml import require
from mfml.entrance import public

Objective = Callable[..., Array]

MINIMUM, SADDLE, MAXIMUM, DEGENERATE, UNDEFINED = 0, 1, 2, 3, 4
KINDS = ("minimum", "saddle", "maximum", "degenerate", "undefined")


class StationaryPoint(NamedTuple):
    """What the second derivatives say about a point where the first vanish."""

    kind: Int[Array, ""]  # place in `KINDS`
    morse_index: Int[Array, ""]  # number of negative eigenvalues, which are independent directions of descent
    n_flat: Int[Array, ""]  # number of eigenvalues that are zero within the tolerance
    eigenvalues: Float[Array, " p"]  # increasing


@public
def hessian(objective: Objective, params: PyTree, *, data: tuple[Any, ...] = ()) -> Float[Array, "p p"]:
    r"""Matrix of second derivatives, $H_{ij} = \partial^2 f / \partial\theta_i \partial\theta_j$.

    It takes p products with vectors and memory for $p^2$ numbers, so use it for up to some thousand parameters.

    Source: Bishop (2006), section 5.4.

    >>> hessian(lambda x: x[0] ** 2 * x[1], jnp.array([1.0, 2.0])).tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """
    flat, rebuild = ravel_pytree(params)
    return jax.hessian(lambda theta: objective(rebuild(theta), *data))(flat)


@public
def hvp(objective: Objective, params: PyTree, vector: PyTree, *, data: tuple[Any, ...] = ()) -> PyTree:
    r"""Hessian times vector, $H v = \frac{d}{d\epsilon} \nabla f(\theta + \epsilon v)|_0$, at the cost of 2 gradients.

    It is the forward-mode derivative of the gradient along v; H is never formed. Result and vector have the
    structure of the parameters.

    Raises:
        ValueError: if parameters and vector differ in structure or shapes.

    Source: Pearlmutter (1994), Neural Computation 6, 147; Bishop (2006), section 5.4.6.

    >>> hvp(lambda x: x[0] ** 2 * x[1], jnp.array([1.0, 2.0]), jnp.array([1.0, 0.0])).tolist()
    [4.0, 2.0]
    """
    _like(params, vector)
    return jax.jvp(lambda theta: jax.grad(objective)(theta, *data), (params,), (vector,))[1]


@public
def gauss_newton_product(
    predict: Callable[[PyTree, Array], Array],
    loss: Callable[[Array, Array], Array],
    params: PyTree,
    vector: PyTree,
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
) -> PyTree:
    r"""Gauss-Newton matrix times vector, $J^\top H_L J v$.

    J is the Jacobian of `predict(params, x)` in the parameters, $H_L$ the Hessian of the objective
    `loss(prediction, y)`, one number, in the predictions.

    Raises:
        ValueError: if parameters and vector differ in structure or shapes, x and y in length.

    Source: Schraudolph (2002), Neural Computation 14, 1723.

    >>> half_square = lambda prediction, y: 0.5 * jnp.sum((prediction - y) ** 2)
    >>> x, y, w = jnp.array([[1.0, 2.0]]), jnp.array([0.0]), jnp.array([1.0, 1.0])
    >>> gauss_newton_product(lambda w, x: x @ w, half_square, w, jnp.array([1.0, 0.0]), x, y).tolist()
    [1.0, 2.0]
    """
    _like(params, vector)
    require.same_length(x=x, y=y)
    prediction, moved = jax.jvp(lambda theta: predict(theta, x), (params,), (vector,))
    pulled = hvp(loss, prediction, moved, data=(y,))
    return jax.vjp(lambda theta: predict(theta, x), params)[1](pulled)[0]


@public
def gauss_newton(
    predict: Callable[[PyTree, Array], Array],
    loss: Callable[[Array, Array], Array],
    params: PyTree,
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
) -> Float[Array, "p p"]:
    r"""Gauss-Newton matrix $J^\top H_L J$: the Hessian without the curvature of the model.

    Positive semidefinite wherever the loss is convex in the predictions, and equal to the Hessian where the model
    is linear in its parameters or fits the data perfectly.

    Raises:
        ValueError: if x and y differ in length.

    Source: Bishop (2006), section 5.4.2; Martens (2020), JMLR 21, 146.

    >>> half_square = lambda prediction, y: 0.5 * jnp.sum((prediction - y) ** 2)
    >>> x, y, w = jnp.array([[1.0, 2.0]]), jnp.array([0.0]), jnp.array([1.0, 1.0])
    >>> gauss_newton(lambda w, x: x @ w, half_square, w, x, y).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    flat, rebuild = ravel_pytree(params)

    def column(vector: Array) -> Array:
        return ravel_pytree(gauss_newton_product(predict, loss, params, rebuild(vector), x, y))[0]

    return jax.vmap(column)(jnp.eye(len(flat), dtype=flat.dtype))


@public
def classify(matrix: Float[Array, "p p"], *, tol: float | None = None) -> StationaryPoint:
    r"""Classify a stationary point by its Hessian.

    An eigenvalue counts as zero when $|\lambda| \le \text{tol} \cdot \max_i |\lambda_i|$; tol is p times the machine
    epsilon times 10 unless given. Eigenvalues of both signs make a saddle, even if others are zero. Otherwise a zero
    eigenvalue makes the point degenerate: second derivatives do not decide. All positive: minimum. All negative:
    maximum. A matrix with NaN or infinity makes the point undefined: its eigenvalues are NaN and none is counted.

    Raises:
        ValueError: if the matrix is not square or empty, or tol is negative.

    Source: Murphy (2012), section 8.3; Dauphin et al. (2014), Advances in Neural Information Processing 27.

    >>> point = classify(jnp.diag(jnp.array([2.0, -1.0, 3.0])))
    >>> KINDS[point.kind], point.morse_index.item()
    ('saddle', 1)
    """
    require.square("matrix", matrix)
    require.that(matrix.size > 0, f"matrix must not be empty; found shape {matrix.shape}")
    require.that(tol is None or tol >= 0, f"tol must not be negative; found {tol}")
    return _classify(matrix, 10 * len(matrix) * float(jnp.finfo(matrix.dtype).eps) if tol is None else tol)


@jax.jit
def _classify(matrix: Array, share: ArrayLike) -> StationaryPoint:
    values = jnp.linalg.eigvalsh(matrix)
    zero = share * jnp.abs(values).max()
    negative, positive = jnp.sum(values < -zero), jnp.sum(values > zero)
    flat = jnp.sum(jnp.abs(values) <= zero)
    decided = jnp.where(negative == 0, MINIMUM, MAXIMUM)
    kind = jnp.where((negative > 0) & (positive > 0), SADDLE, jnp.where(flat > 0, DEGENERATE, decided))
    return StationaryPoint(jnp.where(jnp.isfinite(zero), kind, UNDEFINED), negative, flat, values)


def _like(params: PyTree, vector: PyTree) -> None:
    found, needed = (jax.tree.map(jnp.shape, tree) for tree in (vector, params))
    require.that(found == needed, f"vector must have the shapes of the parameters, {needed}; found {found}")
