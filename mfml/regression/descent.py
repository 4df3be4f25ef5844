r"""Gradient descent: on all samples, on mini-batches, and stochastic. How fast it is, `rates` tells.

`fit` takes steps on few samples at a time, one sample making it stochastic; `path` takes them on all samples
and keeps every point; `mfml.risk.empirical.fit` takes them on all samples until the gradient vanishes. A
predictor is a function `predict(params, x)`, a loss a function `loss(prediction, target)` with one number
a sample; both are static.

A batch of one sample makes `fit` stochastic, one of all samples batch gradient descent. With a constant rate
(power_t = 0) the parameters keep jumping around the minimum unless the model fits all samples; with
1/2 < power_t <= 1, the schedule that scikit-learn calls `invscaling`, they come to rest.
Shapes: n samples, d columns of the design; give it a column of ones for an intercept.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key, PyTree, Shaped

from mfml import require
from mfml.risk import empirical
from mfml.risk.empirical import Loss, Minimum, Predictor


class State(NamedTuple):
    """Where the descent is."""

    params: PyTree
    n_steps: Int[Array, ""]  # taken so far


class Path(NamedTuple):
    """Every point on the way, the start first."""

    params: PyTree  # a leading axis of n_steps + 1
    objective: Float[Array, " points"]  # empirical risk at each point, in units of the loss


def linear(weights: Float[Array, " d"], x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Predict $x w$, with one weight for each column of the design.

    >>> linear(jnp.array([1.0, 2.0]), jnp.array([[1.0, 3.0]])).tolist()
    [7.0]
    """
    return x @ weights


def mse_gradient(weights: Float[Array, " d"], x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, " d"]:
    r"""Gradient of the mean squared error of a linear model: $\frac2n X^\top (X w - y)$.

    Of $J(w) = \frac1n \|X w - y\|^2$, divisor n and no factor 1/2.

    Raises:
        ValueError: if x and y differ in length.

    Source: Bishop (2006), section 3.1.3; Murphy (2012), section 8.3.2.

    >>> mse_gradient(jnp.array([1.0]), jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])).tolist()
    [3.0]
    """
    require.same_length(x=x, y=y)
    return 2 / len(y) * (x.T @ (x @ weights - y))


def init(params: PyTree) -> State:
    """Start from these parameters, before the first step.

    >>> init(jnp.zeros(2)).n_steps.item()
    0
    """
    return State(jax.tree.map(jnp.asarray, params), jnp.zeros((), int))


def step(
    state: State,
    x: Shaped[Array, "b *features"],
    y: Shaped[Array, "b *targets"],
    *,
    predict: Predictor,
    loss: Loss,
    learning_rate: ArrayLike,
    power_t: ArrayLike = 0.0,
    weights: Float[Array, " b"] | None = None,
) -> State:
    r"""Take one step on a batch: $\theta \leftarrow \theta - \eta t^{-a} \nabla R_b(\theta)$.

    $R_b$ is the mean loss over the batch, t = 1, 2, ... counts the steps and a is `power_t`. A sample of
    weight 0 takes no part.

    Raises:
        ValueError: as `mfml.risk.empirical.risk`.

    Source: Robbins and Monro (1951), Annals of Mathematical Statistics 22, 400; Bishop (2006), section 5.2.4.

    >>> from mfml.risk import losses
    >>> start, x, y = init(jnp.array([1.0])), jnp.array([[2.0]]), jnp.array([1.0])
    >>> step(start, x, y, predict=linear, loss=losses.squared_error, learning_rate=0.125).params.tolist()
    [0.5]
    """
    n_steps = state.n_steps + 1
    risk = partial(empirical.risk, x=x, y=y, predict=predict, loss=loss, weights=weights)
    gradient = jax.grad(risk)(state.params)

    def move(parameter: Array, slope: Array) -> Array:
        rate = jnp.asarray(learning_rate * jnp.power(n_steps.astype(float), -jnp.asarray(power_t)))
        return parameter - rate.astype(parameter.dtype) * slope

    return State(jax.tree.map(move, state.params, gradient), n_steps)


@partial(jax.jit, static_argnames=("predict", "loss", "batch_size", "max_iter"))
def fit(
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    *,
    key: Key[Array, ""],
    init: PyTree,
    predict: Predictor,
    loss: Loss,
    learning_rate: ArrayLike,
    power_t: ArrayLike = 0.0,
    batch_size: int = 1,
    max_iter: int = 100,
    tol: ArrayLike = 1e-5,
) -> Minimum:
    r"""Minimize the empirical risk by steps on random batches, `max_iter` times through the data.

    Every epoch takes each sample once, in a new random order; its last batch may be smaller. The rate of step t
    is `learning_rate` / t**power_t (see above). Stops where the gradient over all samples has a norm <= `tol` after
    an epoch, or the risk is no longer a number. `n_iter` counts epochs; `history` is the risk over all samples at
    the start and after each epoch, NaN after the last.

    Raises:
        ValueError: as `mfml.risk.empirical.risk`, and unless 1 <= batch_size <= n and max_iter >= 1.

    Source: Bottou, Curtis and Nocedal (2018), SIAM Review 60, 223, sections 3 and 4.

    >>> from mfml.risk import losses
    >>> x, w = jnp.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), jnp.array([1.0, 2.0])
    >>> task = dict(predict=linear, loss=losses.squared_error, learning_rate=0.1, max_iter=500)
    >>> fitted = fit(x, x @ w, key=jax.random.key(0), init=jnp.zeros(2), **task)
    >>> [round(w, 3) for w in fitted.params.tolist()], fitted.converged.item()
    ([1.0, 2.0], True)
    """
    require.same_length(x=x, y=y)
    require.between("batch_size", batch_size, 1, len(x))
    require.positive("max_iter", max_iter)
    risk_at = partial(empirical.init, x=x, y=y, predict=predict, loss=loss)
    one_step = partial(step, predict=predict, loss=loss, learning_rate=learning_rate, power_t=power_t)

    def unfinished(carry: tuple[State, Array, Array, Array]) -> Array:
        _, norm, _, n_iter = carry
        return (n_iter < max_iter) & (norm > tol)

    def descend(carry: tuple[State, Array, Array, Array]) -> tuple[State, Array, Array, Array]:
        state, _, history, n_iter = carry
        state = _epoch(one_step, state, jax.random.fold_in(key, n_iter), x, y, batch_size)
        now = risk_at(state.params)
        return state, empirical.gradient_norm(now.gradient), history.at[n_iter + 1].set(now.objective), n_iter + 1

    start = risk_at(jax.tree.map(jnp.asarray, init))
    history = jnp.full(max_iter + 1, jnp.nan, start.objective.dtype).at[0].set(start.objective)
    carry = (init(start.params), empirical.gradient_norm(start.gradient), history, jnp.zeros((), int))
    state, norm, history, n_iter = lax.while_loop(unfinished, descend, carry)
    return Minimum(state.params, history[n_iter], norm, history, n_iter, norm <= tol)


@partial(jax.jit, static_argnames=("predict", "loss", "n_steps"))
def path(
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    *,
    init: PyTree,
    predict: Predictor,
    loss: Loss,
    learning_rate: ArrayLike,
    n_steps: int,
) -> Path:
    r"""Take `n_steps` steps with all samples and keep every point.

    $\theta_{t+1} = \theta_t - \eta \nabla R(\theta_t)$. It never stops early and may be differentiated, also
    in the learning rate.

    Raises:
        ValueError: as `mfml.risk.empirical.risk`, and for n_steps < 0.

    Source: Murphy (2012), section 8.3.2.

    >>> from mfml.risk import losses
    >>> x, y, task = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0]), dict(predict=linear, n_steps=2)
    >>> way = path(x, y, init=jnp.array([1.0]), loss=losses.squared_error, learning_rate=0.1, **task)
    >>> [round(w, 4) for w in way.params[:, 0].tolist()]
    [1.0, 0.7, 0.55]
    """
    require.that(n_steps >= 0, f"n_steps must not be negative; found {n_steps}")
    start = empirical.init(jax.tree.map(jnp.asarray, init), x, y, predict=predict, loss=loss)

    def advance(state: empirical.State, _: None) -> tuple[empirical.State, empirical.State]:
        state = empirical.step(state, x, y, predict=predict, loss=loss, learning_rate=learning_rate)
        return state, state

    _, rest = lax.scan(advance, start, length=n_steps)
    points, objective = jax.tree.map(
        lambda first, others: jnp.concatenate([first[None], others]),
        (start.params, start.objective),
        (rest.params, rest.objective),
    )
    return Path(points, objective)


def _epoch(one_step: Callable[..., State], state: State, key: Array, x: Array, y: Array, batch_size: int) -> State:
    """Take a step on every batch, in a random order of the samples."""

    def advance(state: State, batch: tuple[Array, Array]) -> tuple[State, None]:
        index, weights = batch
        return one_step(state, x[index], y[index], weights=weights), None

    dtype = jnp.result_type(float, *jax.tree.leaves(state.params))
    return lax.scan(advance, state, _batches(key, len(x), batch_size, dtype))[0]


def _batches(key: Array, n: int, size: int, dtype: jnp.dtype) -> tuple[Array, Array]:
    """Deal a random order into batches; places left over in the last one have weight 0."""
    count = -(-n // size)
    order = jnp.pad(jax.random.permutation(key, n), (0, count * size - n))
    weights = (jnp.arange(count * size) < n).astype(dtype)
    return order.reshape(count, size), weights.reshape(count, size)
