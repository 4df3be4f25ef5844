r"""Linear probes: what a linear classifier can read from features. Shapes: n samples, d features, c classes.

The encoder stays as it is. A multinomial logistic regression is trained on its features:

$$P(y = j \,|\, x) = \mathrm{softmax}(x W + b)_j$$

Its accuracy on new samples says how well the representation separates the classes.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.regression import scaling
from mfml.risk import metrics


class State(NamedTuple):
    """State of the optimizer."""

    params: Float[Array, "p c"]  # of the scaled design
    ahead: Float[Array, "p c"]  # where the next step starts: params with momentum
    momentum: Float[Array, ""]  # Nesterov's t
    objective: Float[Array, ""]  # at params, in nats per sample
    change: Float[Array, ""]  # largest change of a logit in the last step; infinite if there was none
    stuck: Bool[Array, ""]  # a step without momentum did not improve the objective: rounding dominates


class Probe(NamedTuple):
    """A fitted probe."""

    coef: Float[Array, "d c"]  # nats per unit of x; each row adds up to 0
    intercept: Float[Array, " c"]  # nats; adds up to 0
    history: Float[Array, " steps"]  # objective at the start and after each step, in nats per sample, then NaN
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the last step changed no logit by more than tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, NON_FINITE or STALLED, see `mfml.iteration`


@public
def fit(
    x: Float[Array, "n d"],
    y: Int[Array, " n"],
    *,
    n_classes: int | None = None,
    C: ArrayLike = 1.0,
    max_iter: int = 1000,
    tol: ArrayLike = 1e-3,
) -> Probe:
    r"""Minimize $\frac1n \bigl(\sum_i -\ln P(y_i | x_i) + \|W\|^2 / (2 C)\bigr)$, in nats per sample.

    As in scikit-learn, a small C is a strong penalty. The intercept is not penalized. The Hessian is at most
    $\frac12 A^\top A$ for each class, so one Cholesky factor serves all steps. Each step minimizes an upper bound of
    the objective. Nesterov's momentum accelerates the descent and restarts when the objective rises. The features are
    scaled first, so their units matter only through the penalty.

    Args:
        x: features.
        y: classes from 0 to n_classes - 1.
        n_classes: c, static. By default one more than the largest label; required within `jit`.
        C: inverse strength of the penalty, positive.
        max_iter: largest number of steps, static.
        tol: converged when no logit changes by more than this, in nats.

    Raises:
        ValueError: if shapes do not match, n_classes < 2 or max_iter < 1; as `require.n_classes`.

    Source: Bishop (2006), section 4.3.4; the bound: Böhning (1992), Annals of the Institute of Statistical
    Mathematics 44, 197; the name: Alain and Bengio (2017), arXiv:1610.01644.

    >>> x, y = jnp.array([[0.0], [1.0], [5.0], [6.0], [9.0], [10.0]]), jnp.array([0, 0, 1, 1, 2, 2])
    >>> predict(fit(x, y, C=10.0), x).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 1)
    require.same_length(x=x, y=y)
    n_classes = require.n_classes(y, n_classes)
    require.that(n_classes >= 2, f"n_classes must be at least 2; found {n_classes}")
    return _fit(x, y, n_classes, C, max_iter, tol)


@partial(jax.jit, static_argnames=("n_classes", "max_iter"))
def _fit(x: Array, y: Array, n_classes: int, C: ArrayLike, max_iter: int, tol: ArrayLike) -> Probe:
    scaled = scaling.design(x, fit_intercept=True)
    a, n = scaled.matrix, len(x)
    ridge = jnp.concatenate([jnp.zeros(1, x.dtype), 1 / (jnp.asarray(C, x.dtype) * n * scaled.scale**2)])
    target = jax.nn.one_hot(y, n_classes, dtype=x.dtype)
    bound = a.T @ a / (2 * n) + jnp.diag(ridge)
    size = jnp.sqrt(jnp.diagonal(bound))
    size = jnp.where(size > 0, size, 1)
    floor = 8 * jnp.finfo(x.dtype).eps * jnp.eye(len(bound), dtype=x.dtype)
    factor = jnp.linalg.cholesky(bound / size / size[:, None] + floor)

    def objective(params: Array) -> Array:
        return jnp.mean(_losses(a @ params, target)) + jnp.sum(ridge[:, None] * params**2) / 2

    def advance(state: State, _: Array) -> State:
        slope = a.T @ (jax.nn.softmax(a @ state.ahead) - target) / n + ridge[:, None] * state.ahead
        downhill = cho_solve((factor, True), slope / size[:, None]) / size[:, None]
        return _accelerated(state, state.ahead - downhill, objective, jnp.max(jnp.abs(a @ downhill)))

    params = jnp.zeros((a.shape[1], n_classes), x.dtype)
    one, infinite = jnp.ones((), x.dtype), jnp.full((), jnp.inf, x.dtype)
    state, report = iteration.run(
        advance,
        State(params, params, one, objective(params), infinite, jnp.zeros((), bool)),
        max_iter=max_iter,
        objective=lambda state: state.objective,
        converged=lambda state: state.change <= tol,
        failed={Status.STALLED: lambda state: state.stuck},
    )
    coef, intercept = jax.vmap(partial(scaling.original, scaled=scaled, fit_intercept=True), in_axes=1)(state.params)
    return Probe(coef.T, intercept, *report)


def _accelerated(state: State, params: Array, objective: Callable[[Array], Array], change: Array) -> State:
    """Nesterov's extrapolation. If the objective rose, stay and continue without momentum."""
    value = objective(params)
    rose = value > state.objective * (1 + 8 * jnp.finfo(value.dtype).eps)
    following = (1 + jnp.sqrt(1 + 4 * state.momentum**2)) / 2
    ahead = params + (state.momentum - 1) / following * (params - state.params)
    stuck = rose & (state.momentum == 1)  # such a step minimizes a bound, so only rounding makes it rise
    return State(
        jnp.where(rose, state.params, params),
        jnp.where(rose, state.params, ahead),
        jnp.where(rose, 1, following),
        jnp.where(rose, state.objective, value),
        jnp.where(rose & ~stuck, jnp.inf, change),
        stuck,
    )


def _losses(logits: Float[Array, "n c"], target: Float[Array, "n c"]) -> Float[Array, " n"]:
    return jax.nn.logsumexp(logits, axis=1) - jnp.sum(logits * target, axis=1)


@public
def decision_function(model: Probe, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Logits $x W + b$, in nats; those of each sample add up to 0.

    Raises:
        ValueError: unless x has two axes and as many columns as in the fit.

    >>> model = fit(jnp.array([[-1.0], [1.0]]), jnp.array([0, 1]))
    >>> abs(decision_function(model, jnp.array([[0.0]]))).round(3).tolist()
    [[0.0, 0.0]]
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.coef))
    return x @ model.coef + model.intercept


@public
def predict_proba(model: Probe, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Probability of each class.

    Raises:
        ValueError: as `decision_function`.

    >>> model = fit(jnp.array([[-1.0], [1.0]]), jnp.array([0, 1]))
    >>> predict_proba(model, jnp.array([[0.0]])).round(3).tolist()
    [[0.5, 0.5]]
    """
    return jax.nn.softmax(decision_function(model, x))


@public
def predict(model: Probe, x: Float[Array, "m d"]) -> Int[Array, " m"]:
    """The most probable class; ties go to the first.

    Raises:
        ValueError: as `decision_function`.

    >>> model = fit(jnp.array([[-1.0], [1.0]]), jnp.array([0, 1]))
    >>> predict(model, jnp.array([[2.0], [-2.0]])).tolist()
    [1, 0]
    """
    return decision_function(model, x).argmax(axis=1)


@public
def score(model: Probe, x: Float[Array, "m d"], y: Int[Array, " m"]) -> Float[Array, ""]:
    """Accuracy of `predict`, see `mfml.risk.metrics.accuracy`.

    Raises:
        ValueError: as `decision_function`; unless there is one class per row of x.

    >>> model = fit(jnp.array([[-1.0], [1.0]]), jnp.array([0, 1]))
    >>> score(model, jnp.array([[2.0], [-2.0]]), jnp.array([1, 1])).item()
    0.5
    """
    require.samples(x, y)
    return metrics.accuracy(predict(model, x), y)
