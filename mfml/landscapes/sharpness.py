r"""Flat and sharp minima: how much the objective rises nearby, and steps that prefer flat minima.

The numbers depend on the scale of the parameters: rescaling a network's layers without changing its function
changes them (Dinh et al. 2017). Compare only minima of one parametrization.
Shapes: d dimensions, p parameters.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.landscapes import slices
from mfml.landscapes.curvature import Objective
from mfml.landscapes.optimizers import Optimizer, apply_updates
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, checked


@public
@checked(flat_width=POSITIVE, sharp_width=POSITIVE)
@jax.jit
def two_valleys(
    point: Float[Array, " d"], *, flat_width: ArrayLike = 1.2, sharp_width: ArrayLike = 0.25
) -> Float[Array, ""]:
    r"""A flat and a sharp minimum of the same depth, near $x_1 = -2$ and $x_1 = 2$ (other coordinates 0).

    $f(x) = 1 - \sum_k \exp(-\|x - c_k\|^2 / 2 w_k^2)$ with $c = (\mp 2, 0, \ldots)$; at the bottom of a valley the
    Hessian is about $I / w^2$.

    Raises:
        ValueError: unless the point is a non-empty vector and the widths are positive.

    Source: the picture of Hochreiter and Schmidhuber (1997), Neural Computation 9, 1.

    >>> [round(two_valleys(jnp.array([x])).item(), 3) for x in (-2.0, 0.0, 2.0)]
    [0.0, 0.751, -0.004]
    """
    require.rank("point", point, 1)
    require.that(len(point) > 0, "point needs at least one coordinate; found none")
    valley = jnp.zeros_like(point).at[0].set(2.0)
    flat = jnp.exp(-jnp.sum((point + valley) ** 2) / (2 * flat_width**2))
    sharp = jnp.exp(-jnp.sum((point - valley) ** 2) / (2 * sharp_width**2))
    return 1 - flat - sharp


@public
def two_factors(point: Float[Array, "2"]) -> Float[Array, ""]:
    r"""A curved valley of minima, flattest in its middle: $f(x, y) = \frac12 (x y - 1)^2$.

    A network of two linear layers with one unit that learns the factor 1. On the whole curve $x y = 1$ the value is 0;
    the Hessian there has the eigenvalues 0 and $x^2 + y^2$, which is smallest, 2, at (1, 1) and (-1, -1).

    Raises:
        ValueError: unless the point has two coordinates.

    Source: the example of Saxe, McClelland and Ganguli (2014), ICLR, in its smallest form.

    >>> two_factors(jnp.array([2.0, 0.5])).item(), two_factors(jnp.array([1.0, 3.0])).item()
    (0.0, 2.0)
    """
    require.that(jnp.shape(point) == (2,), f"point must have shape (2,); found {jnp.shape(point)}")
    return 0.5 * (point[0] * point[1] - 1) ** 2


@public
@partial(jax.jit, static_argnames=("objective", "n_samples"))
def average_rise(
    objective: Objective,
    params: PyTree,
    *,
    key: Key[Array, ""],
    sigma: ArrayLike,
    n_samples: int = 100,
    data: tuple[Any, ...] = (),
) -> Float[Array, ""]:
    r"""Mean rise under noise, $E\,f(\theta + \sigma \epsilon) - f(\theta)$ with $\epsilon \sim N(0, I)$.

    For small $\sigma$ it is $\frac{\sigma^2}{2} \mathrm{tr} H$. Draws come in pairs $\pm\epsilon$, which
    cancel the slope; `n_samples` is the number of pairs.

    Raises:
        ValueError: unless n_samples >= 1.

    Source: Foret et al. (2021), ICLR; Hochreiter and Schmidhuber (1997), Neural Computation 9, 1.

    >>> bowl = lambda x: 0.5 * x @ x
    >>> rise = average_rise(bowl, jnp.zeros(50), key=jax.random.key(0), sigma=0.1, n_samples=500)
    >>> round(rise.item(), 1)  # 0.1**2 / 2 * 50 = 0.25
    0.2
    """
    require.that(n_samples >= 1, f"n_samples must be at least 1; found {n_samples}")

    def rise(key: Array) -> Array:
        noise = slices.random_direction(params, key=key)
        ends = [objective(_along(params, noise, by), *data) for by in (sigma, -jnp.asarray(sigma))]
        return 0.5 * (ends[0] + ends[1])

    return lax.map(rise, jax.random.split(key, n_samples)).mean() - objective(params, *data)


@public
@partial(jax.jit, static_argnames=("objective", "max_iter"))
def worst_rise(
    objective: Objective,
    params: PyTree,
    *,
    key: Key[Array, ""],
    rho: ArrayLike,
    max_iter: int = 30,
    data: tuple[Any, ...] = (),
) -> Float[Array, ""]:
    r"""Largest rise on a small sphere, $\max_{\|\epsilon\| = \rho} f(\theta + \epsilon) - f(\theta)$, from below.

    From a random direction, `max_iter` times $\epsilon \leftarrow \rho\, g / \|g\|$, $g = \nabla f(\theta + \epsilon)$.
    Where f is quadratic this is the power method: at a minimum it tends to $\frac{\rho^2}{2} \lambda_{\max}$. The
    largest value of all visited points is returned; it may be only a local maximum.

    Raises:
        ValueError: unless max_iter >= 0.

    Source: Keskar et al. (2017), ICLR; Foret et al. (2021), ICLR.

    >>> bowl = lambda x: x[0] ** 2 + 10 * x[1] ** 2
    >>> round(worst_rise(bowl, jnp.zeros(2), key=jax.random.key(0), rho=0.1).item(), 4)
    0.1
    """
    require.that(max_iter >= 0, f"max_iter must not be negative; found {max_iter}")

    def at(direction: PyTree) -> tuple[Array, PyTree]:
        return jax.value_and_grad(objective)(_along(params, _unit(direction), rho), *data)

    def climb(_: Array, carry: tuple[Array, PyTree]) -> tuple[Array, PyTree]:
        best, direction = carry
        value, gradient = at(direction)
        return jnp.maximum(best, value), gradient

    first = slices.random_direction(params, key=key)
    start = objective(_along(params, _unit(first), rho), *data)
    best, direction = lax.fori_loop(0, max_iter, climb, (start, first))
    return jnp.maximum(best, at(direction)[0]) - objective(params, *data)


@public
def sam_gradient(objective: Objective, params: PyTree, *, rho: ArrayLike, data: tuple[Any, ...] = ()) -> PyTree:
    r"""Gradient uphill of this point: $\nabla f(\theta + \rho\, g / \|g\|_2)$ with $g = \nabla f(\theta)$.

    To first order that is the gradient of the worst value within the radius $\rho$. Where g is zero, there is no
    detour.

    Source: Foret et al. (2021), ICLR, equation 3.

    >>> [round(g, 4) for g in sam_gradient(lambda x: x @ x, jnp.array([3.0, 4.0]), rho=1.0).tolist()]
    [7.2, 9.6]
    """
    gradient = jax.grad(objective)
    return gradient(_along(params, _unit(gradient(params, *data)), rho), *data)


@public
def sam_step(
    objective: Objective,
    params: PyTree,
    *,
    learning_rate: ArrayLike,
    rho: ArrayLike,
    data: tuple[Any, ...] = (),
) -> PyTree:
    r"""One step of sharpness-aware minimization: $\theta - \eta\, \nabla f(\theta + \rho\, g / \|g\|)$.

    Source: Foret et al. (2021), ICLR, algorithm 1.

    >>> moved = sam_step(lambda x: x @ x, jnp.array([3.0, 4.0]), learning_rate=0.1, rho=1.0)
    >>> [round(x, 4) for x in moved.tolist()]
    [2.28, 3.04]
    """
    slope = sam_gradient(objective, params, rho=rho, data=data)
    return _along(params, slope, -jnp.asarray(learning_rate))


@public
def sam(objective: Objective, base: Any, *, rho: ArrayLike = 0.05, data: tuple[Any, ...] = ()) -> Optimizer:
    r"""Make any optimizer sharpness-aware: it gets the gradient at $\theta + \rho\, g / \|g\|$ instead of g.

    `update` needs the parameters, and costs a second gradient.

    Source: Foret et al. (2021), ICLR, algorithm 1.

    >>> from mfml.landscapes import optimizers
    >>> bowl, start = lambda x: x @ x, jnp.array([3.0, 4.0])
    >>> wary = sam(bowl, optimizers.gradient_descent(0.1), rho=1.0)
    >>> updates, _ = wary.update(jax.grad(bowl)(start), wary.init(start), start)
    >>> [round(x, 4) for x in apply_updates(start, updates).tolist()]
    [2.28, 3.04]
    """

    def update(gradients: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, Any]:
        require.that(params is not None, "sam needs the parameters: update(gradients, state, params)")
        uphill = jax.grad(objective)(_along(params, _unit(gradients), rho), *data)
        return base.update(uphill, state, params)

    return Optimizer(base.init, update)


@jax.jit
def _along(params: PyTree, direction: PyTree, by: ArrayLike) -> PyTree:
    return apply_updates(params, jax.tree.map(lambda d: jnp.asarray(by, d.dtype) * d, direction))


@jax.jit
def _unit(tree: PyTree) -> PyTree:
    leaves = jax.tree.leaves(tree)
    unit = scaling.power_of_two(jnp.stack([jnp.max(jnp.abs(leaf), initial=0.0) for leaf in leaves]).max())
    tree = jax.tree.map(lambda leaf: leaf / unit.astype(leaf.dtype), tree)
    square = jnp.asarray(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree)))
    there = square > 0
    factor = jnp.where(there, lax.rsqrt(jnp.where(there, square, 1.0)), 0.0)
    return jax.tree.map(lambda leaf: leaf * factor.astype(leaf.dtype), tree)
