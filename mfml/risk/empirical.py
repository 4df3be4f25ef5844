"""Empirical risk minimization: learning is the minimization of the mean loss over the data.

A predictor is a function `predict(params, x)`; its parameters are any pytree of float arrays. A loss is a
function `loss(prediction, target)` that returns one number per sample, as those of `mfml.risk.losses` do. Both
are static under jit. Define them once: every new `lambda` or `partial` is compiled again.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree, Shaped

from mfml import iteration, require
from mfml.arrays import as_float
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics.absent import present, rows_in_use
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.scaling import length, root, unit

Predictor = Callable[[Any, Array], Array]
Loss = Callable[[Array, Array], Array]


class State(NamedTuple):
    """One point on the way down."""

    params: PyTree
    objective: Float[Array, ""]  # empirical risk at the parameters, in units of the loss
    gradient: PyTree  # of the risk at the parameters; the shape of the parameters


class Minimum(NamedTuple):
    """Where gradient descent stopped, and how it got there."""

    params: PyTree
    objective: Float[Array, ""]  # empirical risk at the parameters, in units of the loss
    gradient_norm: Float[Array, ""]  # Euclidean norm over all parameters
    history: Float[Array, " steps"]  # risk at the start and after each step, then NaN; max_iter + 1 entries
    n_iter: Int[Array, ""]  # steps done
    converged: Bool[Array, ""]  # whether gradient_norm is at most tol times that at the start
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, STALLED or NON_FINITE, see `mfml.iteration`


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def weighted_mean(values: Float[Array, "n *rest"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, ""]:
    r"""Mean over samples: $\sum_i w_i v_i / \sum_i w_i$. Each sample is first averaged over its other axes.

    Without weights all samples count equally. A sample of weight 0 is ignored, even if its value is NaN.
    Weights that sum to 0 give NaN.

    Raises:
        ValueError: if there are no samples, or the weights are not one per sample or negative (NaN where traced).

    Source: Bishop (2006), section 3.1.1, exercise 3.3.

    >>> weighted_mean(jnp.array([1.0, 2.0, 9.0]), weights=jnp.array([1.0, 1.0, 0.0])).item()
    1.5
    """
    require.that(
        jnp.ndim(values) > 0 and jnp.size(values) > 0,
        f"a mean needs one value per sample and at least one sample; found shape {jnp.shape(values)}",
    )
    per_sample = jnp.mean(values.reshape(len(values), -1), axis=1)
    if weights is None:
        first = _finite(per_sample[0])
        return first + jnp.sum((per_sample - first) / len(per_sample))  # a sum of large squares could overflow
    require.rank("weights", weights, 1)
    require.same_length(values=values, weights=weights)
    weights = weights / unit(weights)  # so that products of small units do not vanish
    first = _finite(per_sample[jnp.argmax(weights > 0)])
    return first + jnp.sum(weights * jnp.where(weights == 0, 0.0, per_sample - first)) / jnp.sum(weights)


def _finite(value: Array) -> Array:
    """A number that a mean is taken relative to, so that equal numbers have exactly their own mean."""
    value = lax.stop_gradient(value)
    return jnp.where(jnp.isfinite(value), value, 0.0)


@public
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
        ValueError: if x and y differ in length, or the loss does not return one number per sample.

    Source: Vapnik (1991); Murphy (2012),
    section 6.5.

    >>> from mfml.risk import losses
    >>> line = lambda slope, x: slope * x
    >>> x = jnp.array([1.0, 2.0])
    >>> risk(jnp.array(3.0), x, jnp.array([3.0, 4.0]), predict=line, loss=losses.squared_error).item()
    2.0
    """
    require.same_length(x=x, y=y, weights=weights)
    (x, sound), y = rows_in_use(weights, x), present(weights, y)
    values = loss(predict(params, x), y)
    require.that(
        jnp.shape(values)[:1] == jnp.shape(y)[:1],
        f"loss must return one number per sample ({jnp.shape(y)[0]} samples); found shape {jnp.shape(values)}",
    )
    return weighted_mean(jnp.where(sound, values, jnp.nan), weights=weights)


@public
def init(
    params: PyTree,
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    *,
    predict: Predictor,
    loss: Loss,
    weights: Float[Array, " n"] | None = None,
) -> State:
    r"""The state at these parameters: the risk and its gradient $\nabla R(\theta)$. Errors as for `risk`.

    Source: Bishop (2006), section 5.2.4.

    >>> from mfml.risk import losses
    >>> line = lambda slope, x: slope * x
    >>> data = jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])
    >>> init(jnp.array(3.0), *data, predict=line, loss=losses.squared_error).gradient.item()
    4.0
    """
    objective = partial(risk, x=x, y=y, predict=predict, loss=loss, weights=weights)
    return State(params, *jax.value_and_grad(objective)(params))


@public
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


@public
@jax.jit
def gradient_norm(gradient: PyTree) -> Float[Array, ""]:
    r"""Euclidean norm over all entries of a pytree: $\sqrt{\sum_j g_j^2}$. Its derivative at zero is 0.

    Source: Golub and Van Loan (2013), section 2.2.

    >>> gradient_norm({"slope": jnp.array([3.0]), "intercept": jnp.array(-4.0)}).item()
    5.0
    """
    leaves = [as_float("gradient", leaf) for leaf in jax.tree.leaves(gradient)] or [jnp.zeros(())]
    square = jnp.asarray(sum(jnp.sum(leaf**2) for leaf in leaves))
    return root(square, lambda: length(jnp.stack([length(leaf) for leaf in leaves]).astype(square.dtype)))


@public
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

    It stops when $\lVert \nabla R \rVert$ is at most `tol` times that at the start, whatever the units (CONVERGED),
    after `max_iter` steps (MAX_ITER), when the risk becomes NaN or infinite because the learning rate is too large
    (NON_FINITE), or when rounding cancels the whole step (STALLED), as it does from a start at the minimum itself. A
    loss that is flat almost everywhere, such as zero-one, "converges" where it starts.
    `predict`, `loss` and `max_iter` are static. For a derivative through the descent use `step` in a
    `lax.scan`: here the number of steps depends on the values.

    Raises:
        ValueError: as `risk`, and if max_iter < 1.

    Source: Bishop (2006), section 5.2.4; Murphy (2012), section 8.3.2.

    >>> from mfml.risk import losses
    >>> line = lambda slope, x: slope * x
    >>> x = jnp.array([1.0, 2.0])
    >>> fitted = fit(x, 3 * x, init=jnp.array(0.0), predict=line, loss=losses.squared_error, learning_rate=0.1)
    >>> round(fitted.params.item(), 3), fitted.converged.item()
    (3.0, True)
    """
    init = jax.tree.map(jnp.asarray, init)
    objective = partial(risk, x=x, y=y, predict=predict, loss=loss, weights=weights)
    start = State(init, *jax.value_and_grad(objective)(init))

    def descend(carry: tuple[State, Array], _: Array) -> tuple[State, Array]:
        old, _ = carry
        new = step(old, x, y, predict=predict, loss=loss, learning_rate=learning_rate, weights=weights)
        moved = [jnp.any(a != b) for a, b in zip(*map(jax.tree.leaves, (new.params, old.params)), strict=True)]
        return new, jnp.any(jnp.array(moved))

    enough = tol * gradient_norm(start.gradient)

    def settled(carry: tuple[State, Array]) -> Array:
        norm = gradient_norm(carry[0].gradient)
        return jnp.isfinite(norm) & (norm <= enough)

    (state, _), report = iteration.run(
        descend,
        (start, jnp.array(True)),
        max_iter=max_iter,
        objective=lambda carry: carry[0].objective,
        converged=settled,
        failed={Status.STALLED: lambda carry: ~carry[1]},
    )
    return Minimum(state.params, state.objective, gradient_norm(state.gradient), *report)
