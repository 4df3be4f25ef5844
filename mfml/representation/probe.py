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
from jax import lax
from jax.scipy.linalg import cho_solve
from jax.scipy.sparse.linalg import cg
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.regression import scaling
from mfml.risk import metrics

HALVINGS = 10  # of a step that does not lower the objective enough
INNER, ACCURACY = 200, 1e-2  # largest number and relative residual of the conjugate gradients in a step


class State(NamedTuple):
    """Where Newton's method is."""

    params: Float[Array, "p c"]  # of the scaled design
    objective: Float[Array, ""]  # there, in nats per sample
    decrement: Float[Array, ""]  # by how much the last step's parabola falls, nats; infinite before the first step
    stuck: Bool[Array, ""]  # no part of the last step lowered the objective: rounding dominates


class Probe(NamedTuple):
    """A fitted probe."""

    coef: Float[Array, "d c"]  # nats per unit of x; each row adds up to 0
    intercept: Float[Array, " c"]  # nats; adds up to 0
    history: Float[Array, " steps"]  # objective at the start and after each step, in nats per sample, then NaN
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the last step could lower the objective by at most tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, NON_FINITE or STALLED, see `mfml.iteration`


@public
@checked(weights=NON_NEGATIVE, C=POSITIVE, tol=NON_NEGATIVE)
def fit(
    x: Float[Array, "n d"],
    y: Int[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    n_classes: int | None = None,
    C: ArrayLike = 1.0,
    max_iter: int = 100,
    tol: ArrayLike = 1e-7,
) -> Probe:
    r"""Minimize $\frac1n \bigl(\sum_i -w_i \ln P(y_i | x_i) + \frac{s}{2 C} \|W\|^2\bigr)$, $n = \sum_i w_i$.

    C is that of scikit-learn, so s is 1, but 2 for two classes, where scikit-learn penalizes the difference of both
    columns of W. A small C is a strong penalty; the intercept is not penalized. Newton's method takes its steps from
    conjugate gradients, which need no Hessian. They are preconditioned by $\frac12 A^\top W A$, which is at least the
    Hessian of each class. The features are scaled first, so their units matter only through the penalty.

    Args:
        x: features.
        y: classes from 0 to n_classes - 1.
        weights: non-negative, one per sample; all 1 if left out.
        n_classes: c, static. By default one more than the largest label; required within `jit`.
        C: inverse strength of the penalty, positive, in inverse squared units of x.
        max_iter: largest number of steps, static.
        tol: converged when a step could lower the objective by at most this (half of the squared Newton decrement),
            in nats per sample. The mean divergence from the probabilities of the optimum is about as small.

    Raises:
        ValueError: if shapes do not match, n_classes < 2, max_iter < 1, C is not positive, or a weight is negative; as
            `require.n_classes`.

    Source: Bishop (2006), section 4.3.4; Nocedal and Wright (2006), section 7.1 (Newton's method with conjugate
    gradients); the bound: Böhning (1992), Annals of the Institute of Statistical Mathematics 44, 197; the name: Alain
    and Bengio (2017), arXiv:1610.01644.

    >>> x, y = jnp.array([[0.0], [1.0], [5.0], [6.0], [9.0], [10.0]]), jnp.array([0, 0, 1, 1, 2, 2])
    >>> predict(fit(x, y, C=10.0), x).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    n_classes = require.n_classes(y, n_classes)
    require.that(n_classes >= 2, f"n_classes must be at least 2; found {n_classes}")
    return _fit(x, y, weights, n_classes, C, max_iter, tol)


@partial(jax.jit, static_argnames=("n_classes", "max_iter"))
def _fit(
    x: Array, y: Array, weights: Array | None, n_classes: int, C: ArrayLike, max_iter: int, tol: ArrayLike
) -> Probe:
    x, y = present(weights, x), present(weights, y)
    w = jnp.ones(len(x), x.dtype) if weights is None else weights
    total, shares = jnp.sum(w), 2 if n_classes == 2 else 1
    # where a feature varies less, the penalty decides: scaled by its own spread it would have an infinite penalty
    least = shares**0.5 / (jnp.sqrt(jnp.asarray(C, x.dtype)) * jnp.sqrt(total))
    scaled = scaling.design(x, fit_intercept=True, least=jnp.where(jnp.isfinite(least), least, 0.0))
    ridge = jnp.append(jnp.zeros(1, x.dtype), (least / scaled.scale) ** 2)[:, None]
    problem = _Problem(scaled.matrix, _targets(y, n_classes, x.dtype), w / total, ridge)
    params = jnp.zeros((scaled.matrix.shape[1], n_classes), x.dtype)
    first = State(params, _objective(params, problem), jnp.full((), jnp.inf, x.dtype), jnp.zeros((), bool))
    precondition = _preconditioner(problem)
    state, report = iteration.run(
        lambda state, _: _step(state, problem, precondition),
        first,
        max_iter=max_iter,
        objective=lambda state: state.objective,
        converged=lambda state: state.decrement <= tol,
        failed={Status.STALLED: lambda state: state.stuck},
    )
    centered = state.params - jnp.mean(state.params, axis=1, keepdims=True)
    coef, intercept = jax.vmap(partial(scaling.original, scaled=scaled, fit_intercept=True), in_axes=1)(centered)
    return Probe(coef.T, intercept, *report)


class _Problem(NamedTuple):
    a: Array  # (n, p), the scaled design
    target: Array  # (n, c), 1 for the class of the sample
    weights: Array  # (n,), they add up to 1
    ridge: Array  # (p, 1)


def _targets(y: Array, n_classes: int, dtype: DTypeLike) -> Array:
    """One column per class. A label that is no class, known only within compiled code, gives NaN."""
    known = (y >= 0) & (y < n_classes)
    return jnp.where(known[:, None], jax.nn.one_hot(y, n_classes, dtype=dtype), jnp.nan)


def _objective(params: Array, problem: _Problem) -> Array:
    logits = problem.a @ params
    losses = jax.nn.logsumexp(logits, axis=1) - jnp.sum(logits * problem.target, axis=1)
    return problem.weights @ losses + jnp.sum(problem.ridge * params**2) / 2


def _preconditioner(problem: _Problem) -> Callable[[Array], Array]:
    """Solve with the bound of the Hessian, for all classes at once."""
    bound = sums.gram(problem.a, weights=problem.weights) / 2 + jnp.diag(problem.ridge[:, 0])
    size = jnp.sqrt(jnp.diagonal(bound))
    size = jnp.where(size > 0, size, 1)[:, None]
    floor = 8 * jnp.finfo(bound.dtype).eps * jnp.eye(len(bound), dtype=bound.dtype)
    factor = jnp.linalg.cholesky(bound / size / size.T + floor)
    return lambda slope: cho_solve((factor, True), slope / size) / size


def _step(state: State, problem: _Problem, precondition: Callable[[Array], Array]) -> State:
    """A Newton step, halved until the objective falls enough (Armijo)."""
    p = jax.nn.softmax(problem.a @ state.params)
    share = problem.weights[:, None]

    def hessian(v: Array) -> Array:
        moved = p * (problem.a @ v)
        return problem.a.T @ (share * (moved - p * jnp.sum(moved, axis=1, keepdims=True))) + problem.ridge * v

    slope = problem.a.T @ (share * (p - problem.target)) + problem.ridge * state.params
    direction, _ = cg(hessian, slope, tol=ACCURACY, maxiter=INNER, M=precondition)
    fall = jnp.sum(slope * direction)
    fractions = 0.5 ** jnp.arange(HALVINGS, dtype=slope.dtype)
    values = lax.map(lambda t: _objective(state.params - t * direction, problem), fractions)
    fine = values <= state.objective - 1e-4 * fractions * fall
    best = jnp.argmax(fine)
    new = jnp.where(fine.any(), state.params - fractions[best] * direction, state.params)
    reached = jnp.where(fine.any(), values[best], state.objective)
    return State(new, reached, jnp.where(jnp.isfinite(fall), jnp.abs(fall) / 2, jnp.inf), ~fine.any())


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
@jax.jit
def score(model: Probe, x: Float[Array, "m d"], y: Int[Array, " m"]) -> Float[Array, ""]:
    """Accuracy of `predict`, see `mfml.risk.metrics.accuracy`; NaN if a logit is.

    Raises:
        ValueError: as `decision_function`; unless there is one class per row of x.

    >>> model = fit(jnp.array([[-1.0], [1.0]]), jnp.array([0, 1]))
    >>> score(model, jnp.array([[2.0], [-2.0]]), jnp.array([1, 1])).item()
    0.5
    """
    require.samples(x, y)
    logits = decision_function(model, x)
    right = metrics.accuracy(logits.argmax(axis=1), y).astype(logits.dtype)
    return jnp.where(jnp.isnan(logits).any(), jnp.nan, right)
