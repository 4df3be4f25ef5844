r"""Training of physics-informed networks: residuals of several terms, at points that may move, by one of three solvers.

Residuals at all points make one vector, and the loss is its squared length. Networks of some thousand parameters are
best trained by Levenberg and Marquardt, whose steps see the curvature: tens of steps do what first-order methods need
tens of thousands for. `plan` says what happens; see `pinn.fit` for a description of its entries.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key, PyTree

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Report, Status
from mfml.physics import collocation, levenberg_marquardt, pinn_losses

SOLVERS = ("lm", "lbfgs", "adam")
BALANCES = ("none", "gradient", "ntk")
N_BINS = 16  # intervals of time for causal weights
CANDIDATES = 20  # for each adaptive point, so that a thin layer holds enough of them

Term = Callable[[PyTree, PyTree], Float[Array, " m"]]  # residuals of parameters at one row


class Plan(NamedTuple):
    """What happens in training; static."""

    solver: str = "lm"
    max_iter: int = 100
    n_adam: int = 0
    tol: float = 1e-9
    adaptive: bool = False
    balance: str = "none"
    refresh: int = 10
    causal: bool = False


class Descent(NamedTuple):
    """State of Adam and L-BFGS."""

    params: Float[Array, " p"]
    opt_state: Any
    loss: Float[Array, ""]
    slope: Float[Array, ""]  # length of the gradient before the last step


class Training(NamedTuple):
    """All that changes: the solver's state, rows of each term, and weights of the terms."""

    inner: Any  # `Descent` or `levenberg_marquardt.State`
    rows: tuple[PyTree, ...]
    weights: Float[Array, " b"]


class Trained(NamedTuple):
    """What training returns."""

    params: PyTree
    rows: tuple[PyTree, ...]
    weights: Float[Array, " b"]
    history: Float[Array, " steps"]
    n_iter: Array
    converged: Array
    status: Array


class Linearized(NamedTuple):
    """Residuals of all terms, one after the other, and their derivatives."""

    residual: Float[Array, " n"]
    slopes: Float[Array, "n p"]


class _Task(NamedTuple):
    """What is trained, with everything that stays."""

    terms: tuple[Term, ...]
    unravel: Callable[[Array], PyTree]
    plan: Plan
    key: Any
    learning_rate: ArrayLike
    strength: ArrayLike


@public
def train(
    params: PyTree,
    terms: tuple[Term, ...],
    rows: tuple[PyTree, ...],
    *,
    key: Key[Array, ""],
    weights: Float[Array, " b"],
    plan: Plan,
    learning_rate: ArrayLike = 1e-3,
    strength: ArrayLike = 1.0,
) -> Trained:
    r"""Minimize $\sum_b w_b \, \mathrm{mean}_i |r_b(\theta, \mathrm{row}_i)|^2$ over a pytree of parameters.

    Args:
        params: at the start.
        terms: functions of the parameters and one row; each returns one axis of residuals; static.
        rows: for each term a pytree of arrays with rows along their first axis. Adaptive points and causal weights
            concern the first term, whose rows are then points of the unit cube.
        key: for adaptive points.
        weights: of the terms, at the start.
        plan: static.
        learning_rate: of Adam.
        strength: of causal weights.

    Raises:
        ValueError: for a plan with unknown names or numbers below 1, or unless each term has rows and a weight.

    >>> line = lambda w, row: (w[0] * row + w[1] - 3 * row)[None]
    >>> plan = Plan(max_iter=20, tol=1e-4)
    >>> x = jnp.arange(4.0)
    >>> found = train(jnp.zeros(2), (line,), (x,), key=jax.random.key(0), weights=jnp.ones(1), plan=plan)
    >>> abs(found.params).round(2).tolist()
    [3.0, 0.0]
    """
    _check(plan, terms, rows, weights)
    flat, unravel = ravel_pytree(params)
    task = _Task(terms, unravel, plan, key, learning_rate, strength)
    report = None
    training = Training(_descent(task, flat, _adam(task)), rows, weights)
    training = _evaluated(task, training)
    n_adam = plan.max_iter if plan.solver == "adam" else plan.n_adam
    if n_adam:
        descend = _refreshing(task, partial(_descend, task, _adam(task)))
        training, report = iteration.run_steps(descend, training, n_steps=n_adam, objective=_loss)
    if plan.solver != "adam":
        training, last = _finish(task, training, n_adam)
        report = last if report is None else _joined(report, last)
    assert report is not None  # max_iter is positive
    return Trained(unravel(training.inner.params), training.rows, training.weights, *report)


def _check(plan: Plan, terms: tuple[Term, ...], rows: tuple[PyTree, ...], weights: Array) -> None:
    require.one_of("solver", plan.solver, SOLVERS)
    require.one_of("balance", plan.balance, BALANCES)
    require.sizes(max_iter=plan.max_iter, refresh=plan.refresh)
    require.that(plan.n_adam >= 0, f"n_adam must not be negative; found {plan.n_adam}")
    require.that(plan.tol >= 0, f"tol must not be negative; found {plan.tol}")
    fits = len(terms) == len(rows) == len(weights) > 0
    require.that(fits, f"each term needs rows and a weight; found {len(terms)}, {len(rows)} and {len(weights)}")


def _finish(task: _Task, training: Training, offset: int) -> tuple[Training, Report]:
    """Run Levenberg-Marquardt or L-BFGS until the gradient vanishes, or rounding decides."""
    plan, flat, loss = task.plan, training.inner.params, _loss(training)
    if plan.solver == "lm":
        training = training._replace(inner=levenberg_marquardt.init(flat, loss=loss))
        improve = partial(_damped, task)
        converged = lambda now: now.inner.cosine <= plan.tol  # noqa: E731
        stalled = lambda now: now.inner.damping >= levenberg_marquardt.HIGHEST  # noqa: E731
    else:
        solver = optax.lbfgs(memory_size=30)
        training = training._replace(inner=_descent(task, flat, solver)._replace(loss=loss))
        improve = partial(_descend, task, solver)
        converged = lambda now: now.inner.slope <= plan.tol * jnp.sqrt(loss)  # noqa: E731
        stalled = lambda now: jnp.zeros((), bool)  # noqa: E731
    return iteration.run(
        _refreshing(task, improve, offset),
        training,
        max_iter=plan.max_iter,
        objective=_loss,
        converged=converged,
        failed={Status.STALLED: stalled},
    )


def _joined(first: Report, last: Report) -> Report:
    history = jnp.concatenate([first.history, last.history[1:]])
    return last._replace(history=history, n_iter=first.n_iter + last.n_iter)


def _loss(training: Training) -> Array:
    return training.inner.loss


# Residuals, and the weights of their squares


def _residuals(task: _Task, flat: Array, rows: tuple[PyTree, ...]) -> list[Array]:
    params = task.unravel(flat)
    return [jax.vmap(partial(term, params))(part) for term, part in zip(task.terms, rows, strict=True)]


def _factors(task: _Task, found: list[Array], rows: tuple[PyTree, ...], weights: Array) -> list[Array]:
    """Roots of the weights of all squares, (n, 1) for each term; no derivative passes through them."""
    factors = [jnp.sqrt(w / r.size) * jnp.ones((len(r), 1), r.dtype) for w, r in zip(weights, found, strict=True)]
    if task.plan.causal:
        bins = collocation.time_bins(rows[0], n_bins=N_BINS)
        square = jnp.mean(found[0] ** 2, axis=1)
        causal = pinn_losses.causal_weights(square, bins, n_bins=N_BINS, strength=task.strength)
        factors[0] = factors[0] * jnp.sqrt(causal)[:, None]
    return [jax.lax.stop_gradient(factor) for factor in factors]


def _vector(found: list[Array], factors: list[Array]) -> Array:
    return jnp.concatenate([(r * f).ravel() for r, f in zip(found, factors, strict=True)])


def _objective(task: _Task, training: Training, flat: Array) -> Array:
    found = _residuals(task, flat, training.rows)
    return jnp.sum(_vector(found, _factors(task, found, training.rows, training.weights)) ** 2)


def _slopes(task: _Task, flat: Array, rows: tuple[PyTree, ...]) -> list[Array]:
    """Derivatives of the residuals in the parameters, (n, m, p) for each term, row by row."""

    def at(term: Term, row: PyTree) -> Array:
        return jax.jacrev(lambda moved: term(task.unravel(moved), row))(flat)

    return [jax.vmap(partial(at, term))(part) for term, part in zip(task.terms, rows, strict=True)]


@public
def linearized(
    params: PyTree, terms: tuple[Term, ...], rows: tuple[PyTree, ...], *, weights: Float[Array, " b"]
) -> Linearized:
    """Residuals whose squares add up to the loss, and their derivatives in the parameters.

    Raises:
        ValueError: unless each term has rows and a weight.

    >>> line = lambda w, row: (w * row)[None]
    >>> found = linearized(jnp.array(2.0), (line,), (jnp.array([3.0]),), weights=jnp.ones(1))
    >>> found.residual.tolist(), found.slopes.tolist()
    ([6.0], [[3.0]])
    """
    plan = Plan()
    _check(plan, terms, rows, weights)
    flat, unravel = ravel_pytree(params)
    task = _Task(terms, unravel, plan, None, 0.0, 0.0)
    found = _residuals(task, flat, rows)
    factors = _factors(task, found, rows, weights)
    return Linearized(_vector(found, factors), _matrix(_slopes(task, flat, rows), factors))


def _matrix(slopes: list[Array], factors: list[Array]) -> Array:
    return jnp.concatenate([(s * f[:, :, None]).reshape(-1, s.shape[-1]) for s, f in zip(slopes, factors, strict=True)])


# Steps of the solvers


def _adam(task: _Task) -> Any:
    return optax.adam(task.learning_rate)


def _descent(task: _Task, flat: Array, optimizer: Any) -> Descent:
    nan = jnp.full((), jnp.inf, flat.dtype)
    return Descent(flat, optimizer.init(flat), nan, nan)


def _evaluated(task: _Task, training: Training) -> Training:
    loss = _objective(task, training, training.inner.params)
    return training._replace(inner=training.inner._replace(loss=loss))


def _descend(task: _Task, optimizer: Any, training: Training) -> Training:
    inner = training.inner
    objective = partial(_objective, task, training)
    value, gradient = jax.value_and_grad(objective)(inner.params)
    updates, opt_state = optax.with_extra_args_support(optimizer).update(
        gradient, inner.opt_state, inner.params, value=value, grad=gradient, value_fn=objective
    )
    params = optax.apply_updates(inner.params, updates)
    slope = jnp.sqrt(jnp.sum(gradient**2))
    return training._replace(inner=Descent(params, opt_state, objective(params), slope))


def _damped(task: _Task, training: Training) -> Training:
    """One step of Levenberg and Marquardt, in which causal weights stay."""
    state, rows = training.inner, training.rows
    found = _residuals(task, state.params, rows)
    factors = _factors(task, found, rows, training.weights)
    vector = _vector(found, factors)

    def linearize(flat: Array) -> tuple[Array, Array]:
        return vector, _matrix(_slopes(task, flat, rows), factors)

    def evaluate(flat: Array) -> Array:
        return jnp.sum(_vector(_residuals(task, flat, rows), factors) ** 2)

    state = state._replace(loss=jnp.sum(vector**2))
    moved = levenberg_marquardt.step(state, linearize, evaluate)
    return training._replace(inner=moved)


# New points and weights, now and then


def _refreshing(task: _Task, improve: Callable[[Training], Training], offset: int = 0) -> Any:
    """Return a step that draws points and balances weights before every `refresh`-th improvement."""
    plan = task.plan
    changes = plan.adaptive or plan.balance != "none"

    def step(training: Training, i: Array) -> Training:
        if changes:
            now = i + offset
            due = (now % plan.refresh == 0) & ((now > 0) | (plan.balance != "none"))
            training = jax.lax.cond(due, partial(_refreshed, task), lambda same, _: same, training, now)
        return improve(training)

    return step


def _refreshed(task: _Task, training: Training, i: Array) -> Training:
    flat, rows, weights = training.inner.params, training.rows, training.weights
    if task.plan.adaptive:
        rows = (_moved(task, flat, rows[0], jax.random.fold_in(task.key, i)), *rows[1:])
    if task.plan.balance != "none":
        slopes = _slopes(task, flat, rows)
        if task.plan.balance == "ntk":
            sizes = jnp.stack([jnp.mean(jnp.sum(s**2, axis=-1)) for s in slopes])
        else:
            found = _residuals(task, flat, rows)
            means = [jnp.einsum("nm,nmp->p", r, s) / r.size for r, s in zip(found, slopes, strict=True)]
            sizes = jnp.stack([jnp.sqrt(jnp.sum(mean**2)) for mean in means])
        fresh = pinn_losses.balance(sizes)
        weights = jnp.where(i == 0, fresh, pinn_losses.smoothed(weights, fresh))
    return _evaluated(task, training._replace(rows=rows, weights=weights))


def _moved(task: _Task, flat: Array, points: Array, key: Array) -> Array:
    """Adaptive points of the first term."""
    for_candidates, for_choice = jax.random.split(key)
    n, d = points.shape
    candidates = jax.random.uniform(for_candidates, (CANDIDATES * n, d), points.dtype)
    found = jax.vmap(partial(task.terms[0], task.unravel(flat)))(candidates)
    size = jnp.sqrt(jnp.mean(found**2, axis=1))
    return collocation.adapted(candidates, size, key=for_choice, n_points=n)
