"""Empirical risk minimization: learning is the minimization of the mean loss over the data.

A predictor is a function `predict(params, x)`; its parameters are any pytree of float arrays. A loss is a
function `loss(prediction, target)` that returns one number a sample, as those of `mfml.risk.losses` do. Both
are static under jit: define them once, since a new `lambda` or `partial` for each call compiles anew.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree, Shaped

from mfml import require

Predictor = Callable[[Any, Array], Array]
Loss = Callable[[Array, Array], Array]


class State(NamedTuple):
    """One point on the way down."""

    params: PyTree
    objective: Float[Array, ""]  # empirical risk at the parameters, in units of the loss
    gradient: PyTree  # of the risk at the parameters; the shape of the parameters


class Minimum(NamedTuple):
    """Where gradient descent stopped, and how it came there."""

    params: PyTree
    objective: Float[Array, ""]  # empirical risk at the parameters, in units of the loss
    gradient_norm: Float[Array, ""]  # Euclidean norm over all parameters
    history: Float[Array, " steps"]  # risk at start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]  # steps taken
    converged: Bool[Array, ""]  # gradient_norm <= tol; False after max_iter steps or divergence


def weighted_mean(values: Float[Array, "n *rest"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, ""]:
    r"""Mean over samples: $\sum_i w_i v_i / \sum_i w_i$; each sample is averaged over its further axes first.

    Without weights all samples count alike. A sample of weight 0 is left out altogether, even where its value
    is NaN; weights that sum to 0 give NaN.

    Raises:
        ValueError: where there are no samples, or not one weight a sample.

    Source: Bishop (2006), section 3.1.1, exercise 3.3.

    >>> weighted_mean(jnp.array([1.0, 2.0, 9.0]), jnp.array([1.0, 1.0, 0.0])).item()
    1.5
    """
    require.that(
        jnp.ndim(values) > 0 and jnp.size(values) > 0,
        f"a mean needs one value a sample and at least one sample; found shape {jnp.shape(values)}",
    )
    per_sample = values.reshape(len(values), -1).mean(axis=1)
    if weights is None:
        return per_sample.mean()
    require.same_shape(values_by_sample=per_sample, weights=weights)
    return jnp.sum(jnp.where(weights == 0, 0.0, weights * per_sample)) / jnp.sum(weights)


def risk(
    params: PyTree,
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    *,
    predict: Predictor,
    loss: Loss,
    weights: Float[Array, " n"] | None = None,
) -> Float[Array, ""]:
    r"""Empirical risk: $R(\theta) = \frac1n \sum_i \ell(f_\theta(x_i), y_i)$, the mean loss of a predictor.

    Divisor n, or the sum of the weights. In units of the loss.

    Raises:
        ValueError: where x and y differ in length, or the loss does not return one number a sample.

    Source: V. Vapnik, Advances in Neural Information Processing Systems 4 (1991) 831; Murphy (2012),
    section 6.5.

    >>> from mfml.risk import losses
    >>> line = lambda slope, x: slope * x
    >>> x = jnp.array([1.0, 2.0])
    >>> risk(jnp.array(3.0), x, jnp.array([3.0, 4.0]), predict=line, loss=losses.squared_error).item()
    2.0
    """
    require.same_length(x=x, y=y)
    values = loss(predict(params, x), y)
    require.that(
        jnp.shape(values)[:1] == jnp.shape(y)[:1],
        f"loss must return one number a sample ({jnp.shape(y)[0]} samples); found shape {jnp.shape(values)}",
    )
    return weighted_mean(values, weights=weights)


def init(
    params: PyTree,
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    *,
    predict: Predictor,
    loss: Loss,
    weights: Float[Array, " n"] | None = None,
) -> State:
    r"""Start at these parameters: risk and gradient $\nabla R(\theta)$ there. Errors as for `risk`.

    Source: Bishop (2006), section 5.2.4.

    >>> from mfml.risk import losses
    >>> line = lambda slope, x: slope * x
    >>> data = jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])
    >>> init(jnp.array(3.0), *data, predict=line, loss=losses.squared_error).gradient.item()
    4.0
    """
    objective = partial(risk, x=x, y=y, predict=predict, loss=loss, weights=weights)
    return State(params, *jax.value_and_grad(objective)(params))


def step(
    state: State,
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    *,
    predict: Predictor,
    loss: Loss,
    learning_rate: ArrayLike,
    weights: Float[Array, " n"] | None = None,
) -> State:
    r"""One step of gradient descent: $\theta \leftarrow \theta - \eta \nabla R(\theta)$.

    Errors as for `risk`.

    Source: Bishop (2006), section 5.2.4, equation 5.41.

    >>> from mfml.risk import losses
    >>> task = dict(predict=lambda slope, x: slope * x, loss=losses.squared_error)
    >>> data = jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])
    >>> step(init(jnp.array(3.0), *data, **task), *data, **task, learning_rate=0.125).params.item()
    2.5
    """
    moved = jax.tree.map(lambda p, g: p - learning_rate * g, state.params, state.gradient)
    moved = jax.tree.map(lambda new, old: new.astype(jnp.result_type(old)), moved, state.params)
    return init(moved, x, y, predict=predict, loss=loss, weights=weights)


@partial(jax.jit, static_argnames=("predict", "loss", "max_iter"))
def fit(
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    *,
    init: PyTree,
    predict: Predictor,
    loss: Loss,
    learning_rate: ArrayLike,
    max_iter: int = 1000,
    tol: ArrayLike = 1e-5,
    weights: Float[Array, " n"] | None = None,
) -> Minimum:
    r"""Minimize the empirical risk by gradient descent from the given parameters.

    Stops when $\lVert \nabla R \rVert \le$ `tol`, after `max_iter` steps, or when the risk is no longer a
    number (a step size too large), which `converged` tells apart. A loss that is flat almost everywhere, such
    as zero-one, "converges" where it starts. `predict`, `loss`, `max_iter` are static. Under `jax.grad` use
    `step` in a `lax.scan`: the number of steps here depends on the values.

    Raises:
        ValueError: as `risk`, and for `max_iter` < 1.

    Source: Bishop (2006), section 5.2.4; Murphy (2012), section 8.3.2.

    >>> from mfml.risk import losses
    >>> line = lambda slope, x: slope * x
    >>> x = jnp.array([1.0, 2.0])
    >>> fitted = fit(x, 3 * x, init=jnp.array(0.0), predict=line, loss=losses.squared_error, learning_rate=0.1)
    >>> round(fitted.params.item(), 3), fitted.converged.item()
    (3.0, True)
    """
    require.positive("max_iter", max_iter)
    begin = partial(init, predict=predict, loss=loss, weights=weights)
    onward = partial(step, predict=predict, loss=loss, weights=weights, learning_rate=learning_rate)
    start = begin(jax.tree.map(jnp.asarray, init), x, y)
    history = jnp.full(max_iter + 1, jnp.nan, start.objective.dtype).at[0].set(start.objective)

    def unfinished(carry: tuple[State, Array, Array]) -> Array:
        state, _, n_iter = carry
        return (n_iter < max_iter) & (_norm(state.gradient) > tol)

    def descend(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
        state, history, n_iter = carry
        state = onward(state, x, y)
        return state, history.at[n_iter + 1].set(state.objective), n_iter + 1

    state, history, n_iter = lax.while_loop(unfinished, descend, (start, history, jnp.zeros((), int)))
    norm = _norm(state.gradient)
    return Minimum(state.params, state.objective, norm, history, n_iter, norm <= tol)


def _norm(tree: PyTree) -> Array:
    return jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree)))
