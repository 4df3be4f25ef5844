r"""Linear probes: what can be read from features along straight lines. Shapes: n samples, d features, c classes.

The encoder stays as it is; a multinomial logistic regression is trained on its features alone:

$$P(y = j \,|\, x) = \mathrm{softmax}(x W + b)_j$$

Its accuracy on new samples says how well the representation has sorted out what the labels ask for.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.regression import scaling


class State(NamedTuple):
    """Where the optimizer is."""

    theta: Float[Array, "p c"]  # parameters of the scaled design
    ahead: Float[Array, "p c"]  # where the next step starts: theta with momentum
    momentum: Float[Array, ""]  # Nesterov's t
    objective: Float[Array, ""]  # at theta, in nats a sample
    change: Float[Array, ""]  # largest change of a logit in the last step; infinite before the first


class Probe(NamedTuple):
    """A fitted probe."""

    coef: Float[Array, "d c"]  # nats over units of x; each row adds up to 0
    intercept: Float[Array, " c"]  # nats; adds up to 0
    history: Float[Array, " steps"]  # objective before the first step and after each, then NaN
    n_iter: Int[Array, ""]  # steps
    converged: Bool[Array, ""]  # the last step changed no logit by more than tol


@partial(jax.jit, static_argnames=("n_classes", "max_iter"))
def fit(
    x: Float[Array, "n d"],
    y: Int[Array, " n"],
    *,
    n_classes: int,
    C: ArrayLike = 1.0,
    max_iter: int = 1000,
    tol: ArrayLike = 1e-3,
) -> Probe:
    r"""Minimize $\frac1n \bigl(\sum_i -\ln P(y_i | x_i) + \|W\|^2 / (2 C)\bigr)$, in nats a sample.

    C is scikit-learn's: small C, strong penalty. The intercept carries none. No step needs a new matrix: the
    Hessian is never more than $\frac12 A^\top A$ for each class, so one Cholesky factor serves all steps, each of
    which lowers a bound on the objective; Nesterov's momentum, restarted where the objective rises, speeds it up.
    With features on the scale of 1, as all here are brought to first, the result does not depend on their units
    beyond what C makes of them.

    Args:
        x: features.
        y: classes from 0 to n_classes - 1.
        n_classes: c, static.
        C: inverse strength of the penalty, positive.
        max_iter: largest number of steps, static.
        tol: largest change of a logit, in nats, that counts as none.

    Raises:
        ValueError: where shapes do not fit, n_classes < 2 or max_iter < 1.

    Source: Bishop (2006), section 4.3.4; the bound: Böhning (1992), Annals of the Institute of Statistical
    Mathematics 44, 197; the name: Alain and Bengio (2017), arXiv:1610.01644.

    >>> x, y = jnp.array([[0.0], [1.0], [5.0], [6.0], [9.0], [10.0]]), jnp.array([0, 0, 1, 1, 2, 2])
    >>> predict(fit(x, y, n_classes=3, C=10.0), x).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 1)
    require.same_length(x=x, y=y)
    require.that(n_classes >= 2, f"n_classes must be at least 2; found {n_classes}")
    require.positive("max_iter", max_iter)
    scaled = scaling.design(x, fit_intercept=True)
    a, n = scaled.matrix, len(x)
    ridge = jnp.concatenate([jnp.zeros(1, x.dtype), 1 / (jnp.asarray(C, x.dtype) * n * scaled.scale**2)])
    target = jax.nn.one_hot(y, n_classes, dtype=x.dtype)
    bound = a.T @ a / (2 * n) + jnp.diag(ridge)
    size = jnp.sqrt(jnp.diagonal(bound))
    size = jnp.where(size > 0, size, 1)
    floor = 8 * jnp.finfo(x.dtype).eps * jnp.eye(len(bound), dtype=x.dtype)
    factor = jnp.linalg.cholesky(bound / size / size[:, None] + floor)

    def objective(theta: Array) -> Array:
        return jnp.mean(_losses(a @ theta, target)) + jnp.sum(ridge[:, None] * theta**2) / 2

    def unfinished(carry: tuple[State, Array, Array]) -> Array:
        return (carry[0].change > tol) & (carry[2] < max_iter)

    def advance(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
        state, history, n_iter = carry
        slope = a.T @ (jax.nn.softmax(a @ state.ahead) - target) / n + ridge[:, None] * state.ahead
        downhill = cho_solve((factor, True), slope / size[:, None]) / size[:, None]
        state = _accelerated(state, state.ahead - downhill, objective, jnp.max(jnp.abs(a @ downhill)))
        return state, history.at[n_iter + 1].set(state.objective), n_iter + 1

    theta = jnp.zeros((a.shape[1], n_classes), x.dtype)
    one, infinite = jnp.ones((), x.dtype), jnp.full((), jnp.inf, x.dtype)
    start = State(theta, theta, one, objective(theta), infinite)
    history = jnp.full(max_iter + 1, jnp.nan, x.dtype).at[0].set(start.objective)
    state, history, n_iter = lax.while_loop(unfinished, advance, (start, history, jnp.zeros((), int)))
    coef, intercept = jax.vmap(partial(scaling.original, scaled=scaled, fit_intercept=True), in_axes=1)(state.theta)
    return Probe(coef.T, intercept, history, n_iter, state.change <= tol)


def _accelerated(state: State, theta: Array, objective: Callable[[Array], Array], change: Array) -> State:
    """Nesterov's extrapolation; where the objective rose, stay and go on without momentum."""
    value = objective(theta)
    rose = value > state.objective * (1 + 8 * jnp.finfo(value.dtype).eps)
    following = (1 + jnp.sqrt(1 + 4 * state.momentum**2)) / 2
    ahead = theta + (state.momentum - 1) / following * (theta - state.theta)
    # without momentum a step cannot rise but for rounding, and then there is nothing left to gain
    stuck = rose & (state.momentum == 1)
    change = jnp.where(stuck, 0, jnp.where(rose, jnp.inf, change))
    return State(
        jnp.where(rose, state.theta, theta),
        jnp.where(rose, state.theta, ahead),
        jnp.where(rose, 1, following),
        jnp.where(rose, state.objective, value),
        change,
    )


def _losses(logits: Float[Array, "n c"], target: Float[Array, "n c"]) -> Float[Array, " n"]:
    return jax.nn.logsumexp(logits, axis=1) - jnp.sum(logits * target, axis=1)


def decision_function(model: Probe, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Logits $x W + b$, in nats; those of a sample add up to 0.

    >>> decision_function(Probe(jnp.array([[1.0, -1.0]]), jnp.zeros(2), None, None, None), jnp.array([[2.0]])).tolist()
    [[2.0, -2.0]]
    """
    require.rank("x", x, 2)
    return x @ model.coef + model.intercept


def predict_proba(model: Probe, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Probability of each class.

    >>> predict_proba(Probe(jnp.zeros((1, 2)), jnp.zeros(2), None, None, None), jnp.array([[2.0]])).tolist()
    [[0.5, 0.5]]
    """
    return jax.nn.softmax(decision_function(model, x))


def predict(model: Probe, x: Float[Array, "m d"]) -> Int[Array, " m"]:
    """The most probable class; of equally probable ones the first.

    >>> predict(Probe(jnp.array([[-1.0, 1.0]]), jnp.zeros(2), None, None, None), jnp.array([[2.0], [-2.0]])).tolist()
    [1, 0]
    """
    return decision_function(model, x).argmax(axis=1)


def score(model: Probe, x: Float[Array, "m d"], y: Int[Array, " m"]) -> Float[Array, ""]:
    """Accuracy: share of samples whose most probable class is the right one.

    Raises:
        ValueError: unless x has two axes, with a class for each row.

    >>> probe = Probe(jnp.array([[-1.0, 1.0]]), jnp.zeros(2), None, None, None)
    >>> score(probe, jnp.array([[2.0], [-2.0]]), jnp.array([1, 1])).item()
    0.5
    """
    require.same_length(x=x, y=y)
    return jnp.mean(predict(model, x) == y, dtype=x.dtype)
