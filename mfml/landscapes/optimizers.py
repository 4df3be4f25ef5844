r"""First- and second-order optimizers, each a pair of functions `init` and `update`.

The interface is optax's: `state = init(params)`; `updates, state = update(gradients, state, params)`;
`params = apply_updates(params, updates)`; `trajectories.run` repeats this. Parameters are any pytree of float arrays.
Arguments, their order, defaults and the places of epsilon are optax's, so either library can replace the other. A
learning rate may be a number or a traced array: `jax.vmap` over learning rates works. A schedule raises ValueError.
Epsilons are absolute, as the papers define them: where gradients are not much larger, scale the objective.
Notation: g the gradient, $\eta$ the learning rate, t = 1, 2, ... the step; squares, roots, quotients are elementwise.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Int, PyTree

from mfml import require
from mfml.entrance import public
from mfml.landscapes import curvature
from mfml.landscapes.curvature import Objective


class Optimizer(NamedTuple):
    """An optimizer: a pair of functions."""

    init: Callable[[PyTree], Any]  # of the parameters; returns the state
    update: Callable[..., tuple[PyTree, Any]]  # of gradients, state, parameters; returns updates and state


class Stateless(NamedTuple):
    """State of an optimizer without memory."""


class Trace(NamedTuple):
    """State of momentum."""

    velocity: PyTree  # like the parameters


class Squares(NamedTuple):
    """State of AdaGrad and RMSProp."""

    squares: PyTree  # sum or moving average of squared gradients, like the parameters


class Moments(NamedTuple):
    """State of Adam and AdamW."""

    n_steps: Int[Array, ""]  # done so far
    mean: PyTree  # moving average of gradients, like the parameters
    squares: PyTree  # moving average of squared gradients


@public
def gradient_descent(learning_rate: ArrayLike) -> Optimizer:
    r"""Update by $-\eta g$. On a quadratic with largest curvature L it converges for $\eta < 2 / L$.

    Source: Bishop (2006), section 5.2.4.

    >>> optimizer = gradient_descent(0.5)
    >>> optimizer.update(jnp.array([2.0]), optimizer.init(jnp.array([1.0])))[0].tolist()
    [-1.0]
    """

    def update(gradients: PyTree, state: Stateless, params: PyTree = None) -> tuple[PyTree, Stateless]:
        return _down(gradients, learning_rate), state

    return Optimizer(lambda params: Stateless(), update)


@public
def momentum(learning_rate: ArrayLike, decay: ArrayLike = 0.9) -> Optimizer:
    r"""Heavy ball: $v \leftarrow \mu v + g$, update by $-\eta v$; $\mu$ is `decay`.

    The velocity contains neither the learning rate nor a factor $1 - \mu$.

    Source: Polyak (1964), USSR Computational Mathematics 4, 1; Murphy (2012), section 8.3.2.

    >>> optimizer = momentum(0.5, 0.9)
    >>> state = optimizer.init(jnp.array([1.0]))
    >>> _, state = optimizer.update(jnp.array([2.0]), state)
    >>> round(optimizer.update(jnp.array([2.0]), state)[0].item(), 4)
    -1.9
    """
    return _with_velocity(learning_rate, decay, look_ahead=False)


@public
def nesterov(learning_rate: ArrayLike, decay: ArrayLike = 0.9) -> Optimizer:
    r"""Momentum that looks ahead: $v \leftarrow \mu v + g$, update by $-\eta (g + \mu v)$ with the new v.

    The parameters are the look-ahead point, at which the gradient is taken.

    Source: Nesterov (1983), Soviet Mathematics Doklady 27, 372; Sutskever et al. (2013), ICML.

    >>> optimizer = nesterov(0.5, 0.9)
    >>> round(optimizer.update(jnp.array([2.0]), optimizer.init(jnp.array([1.0])))[0].item(), 4)
    -1.9
    """
    return _with_velocity(learning_rate, decay, look_ahead=True)


@public
def adagrad(
    learning_rate: ArrayLike, *, initial_accumulator_value: ArrayLike = 0.1, eps: ArrayLike = 1e-7
) -> Optimizer:
    r"""Shorter steps where gradients were large: $s \leftarrow s + g^2$, update by $-\eta\, g / \sqrt{s + \epsilon}$.

    s starts at `initial_accumulator_value`; where it is 0 the update is 0.

    Source: Duchi, Hazan and Singer (2011), JMLR 12, 2121.

    >>> optimizer = adagrad(0.5, initial_accumulator_value=0.0)
    >>> round(optimizer.update(jnp.array([2.0]), optimizer.init(jnp.array([1.0])))[0].item(), 4)
    -0.5
    """

    def init(params: PyTree) -> Squares:
        return Squares(jax.tree.map(lambda leaf: jnp.full_like(leaf, initial_accumulator_value), params))

    def scaled(g: Array, s: Array) -> Array:
        known = s > 0
        return jnp.where(known, g * lax.rsqrt(jnp.where(known, s + _as(eps, s), 1.0)), 0.0)

    def update(gradients: PyTree, state: Squares, params: PyTree = None) -> tuple[PyTree, Squares]:
        squares = jax.tree.map(lambda g, s: s + g**2, gradients, state.squares)
        return _down(jax.tree.map(scaled, gradients, squares), learning_rate), Squares(squares)

    return Optimizer(init, update)


@public
def rmsprop(learning_rate: ArrayLike, decay: ArrayLike = 0.9, *, eps: ArrayLike = 1e-8) -> Optimizer:
    r"""AdaGrad that forgets: $s \leftarrow \rho s + (1 - \rho) g^2$, update by $-\eta\, g / \sqrt{s + \epsilon}$.

    $\rho$ is `decay`; s starts at 0 without a correction, so the first steps are $1 / \sqrt{1 - \rho}$ times too
    large; $\epsilon$ is inside the root.

    Source: Tieleman and Hinton (2012), lecture 6.5 of Neural Networks for Machine Learning.

    >>> optimizer = rmsprop(0.5, decay=0.75)
    >>> round(optimizer.update(jnp.array([2.0]), optimizer.init(jnp.array([1.0])))[0].item(), 4)
    -1.0
    """

    def update(gradients: PyTree, state: Squares, params: PyTree = None) -> tuple[PyTree, Squares]:
        squares = _average(jax.tree.map(jnp.square, gradients), state.squares, decay)
        scaled = jax.tree.map(lambda g, s: g * lax.rsqrt(s + _as(eps, s)), gradients, squares)
        return _down(scaled, learning_rate), Squares(squares)

    return Optimizer(lambda params: Squares(_zeros(params)), update)


@public
def adam(learning_rate: ArrayLike, b1: ArrayLike = 0.9, b2: ArrayLike = 0.999, *, eps: ArrayLike = 1e-8) -> Optimizer:
    r"""Momentum and RMSProp, both with a correction for their start at zero.

    $m \leftarrow \beta_1 m + (1 - \beta_1) g$, $s \leftarrow \beta_2 s + (1 - \beta_2) g^2$,
    $\hat m = m / (1 - \beta_1^t)$, $\hat s = s / (1 - \beta_2^t)$; update by
    $-\eta\, \hat m / (\sqrt{\hat s} + \epsilon)$: here $\epsilon$ is outside of the root. The first step has length
    $\eta$ in every coordinate.

    Source: Kingma and Ba (2015), ICLR, algorithm 1.

    >>> optimizer = adam(0.5)
    >>> round(optimizer.update(jnp.array([2.0]), optimizer.init(jnp.array([1.0])))[0].item(), 4)
    -0.5
    """
    return adamw(learning_rate, b1, b2, eps=eps, weight_decay=0.0)


@public
def adamw(
    learning_rate: ArrayLike,
    b1: ArrayLike = 0.9,
    b2: ArrayLike = 0.999,
    *,
    eps: ArrayLike = 1e-8,
    weight_decay: ArrayLike = 1e-4,
) -> Optimizer:
    r"""Adam with decoupled weight decay: update by $-\eta\,(\hat m / (\sqrt{\hat s} + \epsilon) + \lambda \theta)$.

    The decay $\lambda$ acts on the parameters directly. The gradient of a penalty would be divided by
    $\sqrt{\hat s}$. `update` needs the parameters.

    Source: Loshchilov and Hutter (2019), ICLR, algorithm 2.

    >>> optimizer, params = adamw(0.5, weight_decay=0.1), jnp.array([1.0])
    >>> round(optimizer.update(jnp.array([2.0]), optimizer.init(params), params)[0].item(), 4)
    -0.55
    """
    decays = not (isinstance(weight_decay, int | float) and weight_decay == 0)

    def update(gradients: PyTree, state: Moments, params: PyTree = None) -> tuple[PyTree, Moments]:
        require.that(not decays or params is not None, "adamw needs the parameters: update(gradients, state, ...)")
        count = state.n_steps + 1
        mean = _average(gradients, state.mean, b1)
        squares = _average(jax.tree.map(jnp.square, gradients), state.squares, b2)

        def ahead(m: Array, s: Array) -> Array:
            return m / _as(1 - b1**count, m) / (_root(s / _as(1 - b2**count, s)) + _as(eps, s))

        step = jax.tree.map(ahead, mean, squares)
        if decays:
            step = jax.tree.map(lambda u, theta: u + _as(weight_decay, theta) * theta, step, params)
        return _down(step, learning_rate), Moments(count, mean, squares)

    return Optimizer(lambda params: Moments(jnp.zeros((), jnp.int32), _zeros(params), _zeros(params)), update)


@public
def newton(
    objective: Objective,
    *,
    learning_rate: ArrayLike = 1.0,
    damping: ArrayLike = 0.0,
    saddle_free: bool = False,
    data: tuple[Any, ...] = (),
) -> Optimizer:
    r"""Newton's method: update by $-\eta (H + \lambda I)^{-1} g$, H the objective's Hessian, $\lambda$ the damping.

    It goes to the nearest stationary point, which may be a saddle. `saddle_free` replaces H by $|H|$, which has the
    same eigenvectors and the magnitudes of the eigenvalues, and so leaves saddles. A singular matrix gives
    non-finite updates. `update` needs the parameters. H is formed, so use it for some hundred parameters.

    Source: Bishop (2006), section 5.4; Dauphin et al. (2014), Advances in Neural Information Processing 27.

    >>> bowl, start = lambda x: x[0] ** 2 + 5 * x[1] ** 2, jnp.array([3.0, 1.0])
    >>> optimizer = newton(bowl)
    >>> optimizer.update(jax.grad(bowl)(start), optimizer.init(start), start)[0].tolist()
    [-3.0, -1.0]
    """

    def update(gradients: PyTree, state: Stateless, params: PyTree = None) -> tuple[PyTree, Stateless]:
        require.that(params is not None, "newton needs the parameters: update(gradients, state, params)")
        gradient, rebuild = ravel_pytree(gradients)
        matrix = curvature.hessian(objective, params, data=data)
        if saddle_free:
            values, vectors = jnp.linalg.eigh(matrix)
            step = vectors @ ((vectors.T @ gradient) / (jnp.abs(values) + _as(damping, values)))
        else:
            step = jnp.linalg.solve(matrix + _as(damping, matrix) * jnp.eye(len(matrix), dtype=matrix.dtype), gradient)
        return _down(rebuild(step), learning_rate), state

    return Optimizer(lambda params: Stateless(), update)


@public
def apply_updates(params: PyTree, updates: PyTree) -> PyTree:
    """Add the updates to the parameters, which keep their dtypes.

    >>> apply_updates({"w": jnp.array([1.0])}, {"w": jnp.array([-0.5])})["w"].tolist()
    [0.5]
    """
    return jax.tree.map(lambda theta, u: theta + u.astype(theta.dtype), params, updates)


def _with_velocity(learning_rate: ArrayLike, decay: ArrayLike, *, look_ahead: bool) -> Optimizer:
    def update(gradients: PyTree, state: Trace, params: PyTree = None) -> tuple[PyTree, Trace]:
        velocity = jax.tree.map(lambda g, v: g + _as(decay, v) * v, gradients, state.velocity)
        ahead = jax.tree.map(lambda g, v: g + _as(decay, v) * v, gradients, velocity) if look_ahead else velocity
        return _down(ahead, learning_rate), Trace(velocity)

    return Optimizer(lambda params: Trace(_zeros(params)), update)


def _as(number: ArrayLike, like: Array) -> Array:
    return jnp.asarray(number, like.dtype)


def _down(tree: PyTree, learning_rate: ArrayLike) -> PyTree:
    return jax.tree.map(lambda leaf: -_as(learning_rate, leaf) * leaf, tree)


def _zeros(tree: PyTree) -> PyTree:
    return jax.tree.map(jnp.zeros_like, tree)


def _average(new: PyTree, old: PyTree, decay: ArrayLike) -> PyTree:
    return jax.tree.map(lambda n, o: _as(1 - decay, n) * n + _as(decay, o) * o, new, old)


def _root(squares: Array) -> Array:
    """Square root whose derivative at zero is zero."""
    known = squares > 0
    return jnp.where(known, jnp.sqrt(jnp.where(known, squares, 1.0)), 0.0)
