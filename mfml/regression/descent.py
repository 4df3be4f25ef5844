r"""Gradient descent: on all samples, on mini-batches, and stochastic. `rates` says how fast it is.

`fit` takes steps on a few samples at a time. `path` takes steps on all samples and keeps every point.
`mfml.risk.empirical.fit` takes steps on all samples until the gradient vanishes. A predictor is a function
`predict(params, x)`; a loss is a function `loss(prediction, target)` that returns one number per sample. Both are
static.

With one sample per batch, `fit` is stochastic; with all samples it is batch gradient descent. With a constant rate
(power_t = 0) the parameters keep jumping around the minimum unless the model fits all samples. With
1/2 < power_t <= 1, the schedule that scikit-learn calls `invscaling`, they come to rest.
Shapes: n samples, d columns of the design; add a column of ones for an intercept.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, PyTree, Shaped

from mfml import iteration, require
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.absent import present, rows_in_use
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.risk import empirical
from mfml.risk.empirical import Loss, Minimum, Predictor


class State(NamedTuple):
    """One point of the descent."""

    params: PyTree
    n_steps: Int[Array, ""]  # done so far


class Path(NamedTuple):
    """Every point of a descent, the start first."""

    params: PyTree  # a leading axis of n_steps + 1
    history: Float[Array, " steps"]  # empirical risk at each point, in units of the loss
    n_iter: Int[Array, ""]  # steps done
    converged: Bool[Array, ""]  # always False: a path never stops early
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
def linear(weights: Float[Array, " d"], x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Predict $x w$, with one weight for each column of the design.

    >>> linear(jnp.array([1.0, 2.0]), jnp.array([[1.0, 3.0]])).tolist()
    [7.0]
    """
    return x @ weights


@public
def mse_gradient(weights: Float[Array, " d"], x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, " d"]:
    r"""Gradient of the mean squared error of a linear model: $\frac2n X^\top (X w - y)$.

    Of $J(w) = \frac1n \|X w - y\|^2$, divisor n and no factor 1/2.

    Raises:
        ValueError: if x and y differ in length.

    Source: Bishop (2006), section 3.1.3; Murphy (2012), section 8.3.2.

    >>> mse_gradient(jnp.array([1.0]), jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])).tolist()
    [3.0]
    """
    require.samples(x, y)
    return sums.cross(x, 2 / len(y) * (x @ weights - y))  # divided first: a sum of many could overflow


@public
def init(params: PyTree) -> State:
    """Return the state before the first step.

    >>> init(jnp.zeros(2)).n_steps.item()
    0
    """
    return State(jax.tree.map(jnp.asarray, params), jnp.zeros((), int))


@public
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
    weight 0 has no effect.

    Raises:
        ValueError: as `mfml.risk.empirical.risk`.

    Source: Robbins and Monro (1951), Annals of Mathematical Statistics 22, 400; Bishop (2006), section 5.2.4.

    >>> from mfml.risk import losses
    >>> start, x, y = init(jnp.array([1.0])), jnp.array([[2.0]]), jnp.array([1.0])
    >>> step(start, x, y, predict=linear, loss=losses.squared_error, learning_rate=0.125).params.tolist()
    [0.5]
    """
    risk = partial(empirical.risk, x=x, y=y, predict=predict, loss=loss, weights=weights)
    return _moved(state, jax.grad(risk)(state.params), learning_rate, power_t)


@jax.jit
def _moved(state: State, gradient: PyTree, learning_rate: ArrayLike, power_t: ArrayLike) -> State:
    n_steps = state.n_steps + 1

    def move(parameter: Array, slope: Array) -> Array:
        rate = jnp.asarray(learning_rate * jnp.power(n_steps.astype(float), -jnp.asarray(power_t)))
        return parameter - rate.astype(parameter.dtype) * slope

    return State(jax.tree.map(move, state.params, gradient), n_steps)


@public
@checked(weights=NON_NEGATIVE)
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
    weights: Float[Array, " n"] | None = None,
) -> Minimum:
    r"""Minimize the empirical risk by steps on random batches, in at most `max_iter` epochs.

    Every epoch uses each sample once, in a new random order; its last batch may be smaller. The rate of step t is
    `learning_rate` / t**power_t (see above). It stops when the norm of the gradient over all samples is, after an
    epoch, at most `tol` times that at the start, or when the risk becomes NaN or infinite. `n_iter` counts epochs;
    `history` is the risk over all samples at the start and after each epoch. The mean over a batch is weighted, too; a
    batch in which all weights are 0 moves nothing. For a derivative through the descent use `step` in a `lax.scan`.

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
    require.same_length(x=x, y=y, weights=weights)
    require.between("batch_size", batch_size, 1, len(x))
    (x, sound), y = rows_in_use(weights, x), present(weights, y)
    init = jax.tree.map(lambda leaf: jnp.where(sound, leaf, jnp.nan), init) if weights is not None else init
    risk_at = partial(empirical.init, x=x, y=y, predict=predict, loss=loss, weights=weights)
    one_step = partial(step, predict=predict, loss=loss, learning_rate=learning_rate, power_t=power_t)

    def epoch(carry: tuple[State, empirical.State], number: Array) -> tuple[State, empirical.State]:
        state = _epoch(one_step, carry[0], jax.random.fold_in(key, number), x, y, weights, batch_size)
        return state, risk_at(state.params)

    start = risk_at(jax.tree.map(jnp.asarray, init))
    enough = tol * empirical.gradient_norm(start.gradient)

    def settled(carry: tuple[State, empirical.State]) -> Array:
        norm = empirical.gradient_norm(carry[1].gradient)
        return jnp.isfinite(norm) & (norm <= enough)

    (_, end), report = iteration.run(
        epoch,
        (State(start.params, jnp.zeros((), int)), start),
        max_iter=max_iter,
        objective=lambda carry: carry[1].objective,
        converged=settled,
    )
    return Minimum(end.params, end.objective, empirical.gradient_norm(end.gradient), *report)


@public
@checked(weights=NON_NEGATIVE)
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
    weights: Float[Array, " n"] | None = None,
) -> Path:
    r"""Take `n_steps` steps on all samples and keep every point.

    $\theta_{t+1} = \theta_t - \eta \nabla R(\theta_t)$. It never stops early. It may be differentiated, also in the
    learning rate.

    Raises:
        ValueError: as `mfml.risk.empirical.risk`, and for n_steps < 0.

    Source: Murphy (2012), section 8.3.2.

    >>> from mfml.risk import losses
    >>> x, y, task = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0]), dict(predict=linear, n_steps=2)
    >>> way = path(x, y, init=jnp.array([1.0]), loss=losses.squared_error, learning_rate=0.1, **task)
    >>> [round(w, 4) for w in way.params[:, 0].tolist()]
    [1.0, 0.7, 0.55]
    """
    one_step = partial(empirical.step, x=x, y=y, predict=predict, loss=loss, weights=weights)
    params, report = iteration.run_path(
        lambda state, _: one_step(state, learning_rate=learning_rate),
        empirical.init(jax.tree.map(jnp.asarray, init), x, y, predict=predict, loss=loss, weights=weights),
        n_steps=n_steps,
        objective=lambda state: state.objective,
        keep=lambda state: state.params,
    )
    return Path(params, *report)


def _epoch(
    one_step: Callable[..., State],
    state: State,
    key: Array,
    x: Array,
    y: Array,
    weights: Array | None,
    batch_size: int,
) -> State:
    """Take a step on every batch, in a random order of the samples."""

    def advance(state: State, batch: tuple[Array, Array]) -> tuple[State, None]:
        index, used = batch
        if weights is None:
            return one_step(state, x[index], y[index], weights=used), None
        some = used * weights[index]
        moved = one_step(state, x[index], y[index], weights=jnp.where(some.sum() == 0, used, some))
        params = jax.tree.map(partial(jnp.where, some.sum() == 0), state.params, moved.params)
        return State(params, moved.n_steps), None

    dtype = jnp.result_type(float, *jax.tree.leaves(state.params))
    return lax.scan(advance, state, _batches(key, len(x), batch_size, dtype))[0]


def _batches(key: Array, n: int, size: int, dtype: jnp.dtype) -> tuple[Array, Array]:
    """Deal a random order into batches; places left over in the last one have weight 0."""
    count = -(-n // size)
    order = jnp.pad(jax.random.permutation(key, n), (0, count * size - n))
    weights = (jnp.arange(count * size) < n).astype(dtype)
    return order.reshape(count, size), weights.reshape(count, size)
