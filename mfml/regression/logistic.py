r"""Logistic regression of two classes by Newton's method. Shapes: n samples, d features, p parameters.

The model is $P(y = 1 | x) = \sigma(\beta_0 + x \beta)$ with $\sigma(z) = 1 / (1 + e^{-z})$; z, the logit, is
in nats. Newton's method solves a weighted least-squares problem in each step, so it is also called
iteratively reweighted least squares (IRLS). `problem`, `init` and `step` are its parts; `fit` runs all of it.

Without a penalty, there is no optimum if a plane separates the classes without error, or with some samples on the plane
(quasi-complete separation): the coefficients would grow without end. As soon as a step finds such a plane, `fit` stops
with the status UNBOUNDED, and the coefficients are those of the plane. If features depend on each other, it stops after
`max_iter` steps or with NaN. With a penalty there is one optimum, and `separated` is not a failure. But if all samples
are of one class, the intercept, which has no penalty, grows without end: UNBOUNDED again.
Source: Albert and Anderson (1984), Biometrika 71, 1.

The fitted model may be differentiated in x, positive weights and C; a weight of 0 means an absent row. The derivative
is that of the optimum, through the last Newton step only. A step after one of size `tol` in the logits is of size about
`tol` squared: the default gives the optimum to single precision.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Real

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Report, Status
from mfml.numerics import sums
from mfml.numerics.absent import largest_of_batch, present, rows_in_use
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, Domain, checked
from mfml.regression import scaling
from mfml.regression.scaling import Scaled
from mfml.risk import metrics

Labels = Real[Array, " n"] | Bool[Array, " n"]
ROUNDING = 32  # units of rounding up to which a change of a logit counts as none
BINARY = Domain(lambda y: (y != 0) & (y != 1) & (y == y), "must be labels 0 or 1")


class Problem(NamedTuple):
    """The data in the form that Newton's method needs."""

    scaled: Scaled  # the design, shifted and scaled
    label: Float[Array, " n"]  # 1 for class 1, 0 for class 0
    weights: Float[Array, " n"]  # of the samples; they add up to 1
    penalty: Float[Array, " p"]  # curvature of the penalty in each parameter of the scaled design


class State(NamedTuple):
    """One point of Newton's method."""

    theta: Float[Array, " p"]  # parameters of the scaled design
    logits: Float[Array, " n"]  # at theta
    objective: Float[Array, ""]  # at theta, in nats per sample
    change: Float[Array, ""]  # of the logits in the last step, see `step`; infinite before the first


class Logistic(NamedTuple):
    """A fitted model."""

    coef: Float[Array, " d"]  # in nats over units of x
    intercept: Float[Array, ""]  # nats; 0 without an intercept
    separated: Bool[Array, ""]  # whether the plane separates the classes without error
    history: Float[Array, " steps"]  # objective at the start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]  # Newton steps
    converged: Bool[Array, ""]  # whether the last step changed the logits by at most tol
    status: Int[Array, ""]  # see `mfml.iteration`


@public
@checked(y=BINARY, C=POSITIVE, weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def problem(
    x: Float[Array, "n d"],
    y: Labels,
    *,
    C: ArrayLike = 1.0,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Problem:
    """Scale the design and turn labels, sample weights and C into what `step` needs. Arguments as for `fit`.

    The row of a sample of weight 0 is that of another one.

    >>> made = problem(jnp.array([[0.0], [2.0]]), jnp.array([0, 1]), C=0.5)
    >>> made.label.tolist(), made.weights.tolist(), made.penalty.tolist()
    ([0.0, 1.0], [0.5, 0.5], [0.0, 1.0])
    """
    require.rank("y", y, 1)
    require.same_length(x=x, y=y)
    w = jnp.ones(len(y), x.dtype) if weights is None else weights
    require.same_shape(weights=w, y=y)
    total = jnp.sum(w)
    # where a feature varies less, the penalty decides: scaled by its own spread it would have an infinite penalty
    least = 1 / (jnp.sqrt(jnp.asarray(C, x.dtype)) * jnp.sqrt(total))
    x, sound = rows_in_use(weights, x)
    bound = largest_of_batch(jnp.where(jnp.isfinite(least), least, 0.0))
    scaled = scaling.design(x, fit_intercept=fit_intercept, least=bound)
    penalty = (least / scaled.scale) ** 2
    label = jnp.where((y == y) & sound, (y > 0).astype(x.dtype), jnp.nan)
    free = jnp.zeros(int(fit_intercept), x.dtype)  # the intercept has no penalty
    return Problem(scaled, present(weights, label), w / total, jnp.concatenate([free, penalty]))


@public
@jax.jit
def init(problem: Problem) -> State:
    """Start at zero, where every probability is 1/2 and the loss log 2.

    >>> start = init(problem(jnp.array([[0.0], [2.0]]), jnp.array([0, 1])))
    >>> round(start.objective.item(), 4)
    0.6931
    """
    matrix = problem.scaled.matrix
    theta, logits = jnp.zeros_like(matrix[0]), jnp.zeros_like(matrix[:, 0])
    return State(theta, logits, _objective(problem, theta, logits), jnp.full((), jnp.inf, matrix.dtype))


@public
@jax.jit
def step(state: State, problem: Problem) -> State:
    r"""Take one Newton step $\theta - (A^\top D A + \Lambda)^{-1} (A^\top W (p - y) + \Lambda \theta)$.

    $D = W \mathrm{diag}(p (1 - p))$. A full step that does not lower the objective is halved until it does.
    The reported change is the largest change of a logit, in units of the largest logit or of 1 nat, whichever is
    larger.

    Source: Bishop (2006), section 4.3.3; the halving: Nocedal and Wright (2006), Numerical Optimization,
    section 3.1.

    >>> task = problem(jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0, 1, 1]), C=1.0)
    >>> first = step(init(task), task)
    >>> round(first.change.item(), 3), round(first.objective.item(), 3)
    (1.0, 0.521)
    """
    direction = _direction(problem, state.theta, state.logits)
    shift = problem.scaled.matrix @ direction
    # rounding must not look like an increase
    bound = state.objective * (1 + 8 * jnp.finfo(shift.dtype).eps)

    def objective(size: Array) -> Array:
        return _objective(problem, state.theta + size * direction, state.logits + size * shift)

    def too_long(carry: tuple[Array, Array]) -> Array:
        size, value = carry
        return ~(value <= bound) & (size > 1e-3)

    def halve(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        size = carry[0] / 2
        return size, objective(size)

    full = jnp.ones((), shift.dtype)
    size, value = lax.while_loop(too_long, halve, (full, objective(full)))
    logits = state.logits + size * shift
    return State(state.theta + size * direction, logits, value, _change(problem, size * shift, logits))


@public
@checked(y=BINARY, C=POSITIVE, weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("fit_intercept", "max_iter"))
def fit(
    x: Float[Array, "n d"],
    y: Labels,
    *,
    C: ArrayLike = 1.0,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
    max_iter: int = 50,
    tol: ArrayLike = 1e-3,
) -> Logistic:
    r"""Minimize $(\sum_i w_i \ell_i + \|\beta\|^2 / (2 C)) / \sum_i w_i$, in nats per sample.

    $\ell_i = \log(1 + e^{-s_i z_i})$ with $s_i = \pm 1$ for class 1 and 0. C is scikit-learn's: a small C is a strong
    penalty, C = inf none. The intercept has no penalty. A sample of weight 0 is absent. The fit has converged when the
    logits change by at most `tol`, as `step` measures it. See above for separated classes and derivatives.

    Raises:
        ValueError: if shapes do not fit, or max_iter < 1; for labels other than 0 and 1, negative weights and C <= 0
            (where they are traced, the result is NaN).

    Source: Bishop (2006), section 4.3.3; Murphy (2012), section 8.3.4.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0, 1, 0, 1])
    >>> model = fit(x, y, C=jnp.inf)
    >>> round(model.coef[0].item(), 3), model.converged.item()
    (0.908, True)
    """
    require.positive("max_iter", max_iter)
    task = problem(x, y, C=C, weights=weights, fit_intercept=fit_intercept)
    fixed = lax.stop_gradient(task)
    state, report = _before_last(fixed, max_iter, tol)
    state = lax.stop_gradient(state)
    direction = _direction(task, state.theta, task.scaled.matrix @ state.theta)  # full, and differentiable
    theta, shift = state.theta + direction, fixed.scaled.matrix @ lax.stop_gradient(direction)
    logits = state.logits + shift
    objective = _objective(fixed, lax.stop_gradient(theta), logits)
    n_iter = report.n_iter + 1
    status = jnp.where(n_iter < max_iter, int(Status.STALLED), int(Status.MAX_ITER))
    status = jnp.where(_change(fixed, shift, logits) <= tol, int(Status.CONVERGED), status)
    status = jnp.where(_unbounded(fixed, shift, logits), int(Status.UNBOUNDED), status)
    status = jnp.where(jnp.isfinite(objective), status, int(Status.NON_FINITE))
    coef, intercept = scaling.original(theta, task.scaled, fit_intercept=fit_intercept)
    history, converged = report.history.at[n_iter].set(objective), status == Status.CONVERGED
    return Logistic(coef, intercept, _separated(fixed, logits), history, n_iter, converged, status)


def _before_last(problem: Problem, max_iter: int, tol: ArrayLike) -> tuple[State, Report]:
    """All Newton steps but the last, which `fit` takes so that it can be differentiated."""
    start = init(problem)
    if max_iter == 1:
        history = jnp.full(2, jnp.nan, start.objective.dtype).at[0].set(start.objective)
        return start, iteration.finished(history)._replace(n_iter=jnp.zeros((), int))
    possible = jnp.all(problem.penalty == 0) | _of_one_class(problem)

    def unbounded(pair: tuple[State, State]) -> Array:
        before, now = pair
        shift = now.logits - before.logits
        return lax.cond(possible, _unbounded, lambda *_: jnp.array(False), problem, shift, now.logits)

    (_, state), report = iteration.run(
        lambda pair, _: (pair[1], step(pair[1], problem)),
        (start, start),
        max_iter=max_iter - 1,
        objective=lambda pair: pair[1].objective,
        # changes that shrink slowly belong to coefficients that grow without end
        converged=lambda pair: (pair[1].change <= 10 * tol) & (pair[1].change <= pair[0].change / 2),
        failed={Status.UNBOUNDED: unbounded},
    )
    return state, report._replace(history=jnp.append(report.history, jnp.nan))


@public
def decision_function(model: Logistic, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Logit $\beta_0 + x \beta$, in nats: positive on the side of class 1.

    >>> model = fit(jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0, 1, 0, 1]), C=jnp.inf)
    >>> round(decision_function(model, jnp.array([[2.5]]))[0].item(), 3)
    0.908
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.coef))
    return x @ model.coef + model.intercept


@public
def predict_proba(model: Logistic, x: Float[Array, "m d"]) -> Float[Array, "m 2"]:
    r"""Probabilities of class 0 and class 1: $\sigma(-z)$ and $\sigma(z)$ with the logit $z = \beta_0 + x \beta$.

    Raises:
        ValueError: if x has another number of features than in the fit.

    >>> model = fit(jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0, 1, 0, 1]), C=jnp.inf)
    >>> [round(p, 3) for p in predict_proba(model, jnp.array([[2.5]]))[0].tolist()]
    [0.287, 0.713]
    """
    logit = decision_function(model, x)
    return jax.nn.sigmoid(jnp.stack([-logit, logit], axis=1))


@public
def predict(model: Logistic, x: Float[Array, "m d"]) -> Int[Array, " m"]:
    """The more probable class, 0 or 1; class 0 on the plane itself.

    >>> model = fit(jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0, 1, 0, 1]), C=jnp.inf)
    >>> predict(model, jnp.array([[0.0], [3.0]])).tolist()
    [0, 1]
    """
    return (decision_function(model, x) > 0).astype(int)


@public
@checked(y=BINARY, weights=NON_NEGATIVE)
@jax.jit
def score(
    model: Logistic, x: Float[Array, "m d"], y: Labels, *, weights: Float[Array, " m"] | None = None
) -> Float[Array, ""]:
    """Accuracy: the share of samples whose class is predicted correctly. Labels as in `fit`.

    Raises:
        ValueError: if shapes do not fit.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([0, 1, 0, 1])
    >>> score(fit(x, y, C=jnp.inf), x, y).item()
    0.5
    """
    require.samples(x, y, weights)
    logit = decision_function(model, x)
    guess = jnp.where(jnp.isnan(logit), jnp.nan, (logit > 0).astype(logit.dtype))
    return metrics.accuracy(guess, y.astype(guess.dtype), weights=weights)


def _objective(problem: Problem, theta: Array, logits: Array) -> Array:
    loss = jax.nn.softplus(jnp.where(problem.label > 0, -logits, logits))
    return jnp.sum(problem.weights * loss) + jnp.sum(problem.penalty * theta**2) / 2


def _direction(problem: Problem, theta: Array, logits: Array) -> Array:
    """Newton's direction, by Cholesky on the Hessian scaled to a unit diagonal."""
    a = problem.scaled.matrix
    p = jax.nn.sigmoid(logits)
    slope = (problem.weights * (p - problem.label)) @ a + problem.penalty * theta
    curvature = problem.weights * p * jax.nn.sigmoid(-logits)
    hessian = sums.gram(a, weights=curvature) + jnp.diag(problem.penalty)
    scale = jnp.sqrt(jnp.diagonal(hessian))
    scale = jnp.where(scale > 0, scale, 1.0)
    factor = jnp.linalg.cholesky(hessian / scale / scale[:, None], symmetrize_input=False)
    return -cho_solve((factor, True), slope / scale) / scale


def _change(problem: Problem, shift: Array, logits: Array) -> Array:
    """Largest change of a logit over the largest logit, or over 1; only samples that count."""
    shift, logits = (jnp.where(problem.weights > 0, jnp.abs(a), 0.0) for a in (shift, logits))
    return jnp.max(shift) / jnp.maximum(jnp.max(logits), 1.0)


def _separated(problem: Problem, logits: Array) -> Array:
    """Whether every sample that counts is on its side of the plane."""
    right = jnp.where(problem.label > 0, logits > 0, logits < 0)
    return jnp.all(right | (problem.weights == 0))


def _unbounded(problem: Problem, shift: Array, logits: Array) -> Array:
    """Whether no optimum exists: the last step could go on forever without harm to any sample."""
    free = jnp.all(problem.penalty == 0)
    counts = problem.weights != 0
    # such a step adds about 1 nat to some logits and takes nothing from the others, except for rounding
    gain = jnp.where(counts, jnp.where(problem.label > 0, shift, -shift), 0.0)
    harmless = jnp.min(gain) >= -ROUNDING * jnp.finfo(gain.dtype).eps * jnp.max(gain)
    recedes = harmless & (jnp.max(gain) > 0.5)
    return (free & (recedes | _separated(problem, logits))) | (_of_one_class(problem) & (problem.penalty[0] == 0))


def _of_one_class(problem: Problem) -> Array:
    """Whether all samples that count are of one class."""
    absent = problem.weights == 0
    return jnp.all((problem.label > 0) | absent) | jnp.all((problem.label <= 0) | absent)
