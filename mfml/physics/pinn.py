r"""Physics-informed neural networks: one function trains a network on any problem of `problems`.

The network u is asked to fulfill the equation at collocation points, the conditions on the faces of the box, and to
meet data where there are some. Everything is computed in the problem's working units; points, data and predictions are
in the caller's. Shapes: n samples, d coordinates, k entries of the solution (none for a scalar).

In double precision Levenberg-Marquardt reaches relative errors below 1e-4; single precision ends near 1e-3. The
precision is that of the problem: make it within `jax.enable_x64(True)`, and fit there, too. Steps of Levenberg and
Marquardt meet the equation at every point where there are about as many points as parameters, whatever happens in
between: take twice as many at least. Burgers' equation with a shock of width 0.003 and three hidden layers of 20 (921
parameters), hard conditions, 1000 steps of Adam and 200 of Levenberg-Marquardt ends with an error of 3e-4 to 6e-4 for
2048 points, adapted every 50 steps, and of 1e-2 for 1024. `benchmarks/unit13_pinn.py` has these settings.

Source: Lagaris, Likas and Fotiadis (1998); Raissi, Perdikaris and Karniadakis (2019).
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.networks import mlp
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.physics import collocation, pinn_networks, pinn_terms, pinn_training, problems
from mfml.physics.pinn_networks import Network
from mfml.physics.problems import Problem
from mfml.risk import metrics


class PINN(NamedTuple):
    """A trained network, its problem, and how training went."""

    layers: mlp.Network  # these four as in `pinn_networks.Network`
    center: Float[Array, " d"]
    linear: Float[Array, "q d"]
    frequencies: Float[Array, "m d"]
    problem: Problem  # without `hard` where it was not asked for
    points: Float[Array, "n d"]  # where the equation was asked for at last, in the caller's units
    weights: Float[Array, " terms"]  # of the equation, initial and boundary conditions, and data, as there are
    history: Float[Array, " steps"]  # loss, in working units; it may rise where points or weights change
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]
    status: Int[Array, ""]


class _Shape(NamedTuple):
    """Options that shape the compiled program."""

    hidden: tuple[int, ...]
    periodic: tuple[int, ...]
    n_fourier: int
    hard: bool
    physics: bool
    n_points: int
    n_conditions: int
    sampling: str
    plan: pinn_training.Plan


@public
@checked(
    spread=NON_NEGATIVE,
    learning_rate=POSITIVE,
    condition_weight=NON_NEGATIVE,
    data_weight=NON_NEGATIVE,
    causal=NON_NEGATIVE,
)
def fit(
    problem: Problem,
    *,
    key: Key[Array, ""],
    x: Float[Array, "n d"] | None = None,
    y: Float[Array, "n *k"] | None = None,
    hidden: tuple[int, ...] = (20, 20),
    periodic: tuple[int, ...] = (),
    n_fourier: int = 0,
    spread: ArrayLike = 1.0,
    hard: bool = False,
    physics: bool = True,
    n_points: int = 512,
    n_conditions: int = 64,
    sampling: str = "sobol",
    solver: str = "lm",
    max_iter: int = 100,
    tol: float = 1e-9,
    n_adam: int = 0,
    learning_rate: ArrayLike = 1e-3,
    condition_weight: ArrayLike = 1.0,
    data_weight: ArrayLike = 1.0,
    adaptive: bool = False,
    balance: str = "none",
    refresh: int = 10,
    causal: ArrayLike | None = None,
) -> PINN:
    r"""Train a network on a problem.

    Args:
        problem: see `problems.define`; its precision is that of the training.
        key: for the network and the points.
        x: points at which the solution was measured, if it was.
        y: what was measured there.
        hidden: sizes of the hidden layers; static.
        periodic: axes along which the solution is periodic; static.
        n_fourier: number of random waves among the inputs; static.
        spread: of their frequencies, see `pinn_networks.init`.
        hard: meet the conditions exactly, by the problem's output transform; static.
        physics: without it the network learns from the data alone, and no condition is asked for; static.
        n_points: collocation points; static.
        n_conditions: points on each face that has a condition; static.
        sampling: how points are drawn, one of `collocation.KINDS`; static.
        solver: "lm" (Levenberg-Marquardt), "lbfgs" or "adam"; static.
        max_iter: limit of its steps; static. Adam does all of them.
        tol: bound of the gradient, as a cosine for "lm", otherwise in units of the root of the loss; static.
        n_adam: steps of Adam before "lm" or "lbfgs"; static.
        learning_rate: of Adam.
        condition_weight: weight of each initial and boundary condition; the equation has 1.
        data_weight: weight of the data.
        adaptive: draw collocation points again where the residual is large, every `refresh` steps; static.
        balance: weights that give all terms one size, renewed every `refresh` steps: by the norms of their gradients
            ("gradient") or by the tangent kernel ("ntk"), see `pinn_losses.balance`. They replace those above; static.
        refresh: static.
        causal: strength of causal weights, by which later times wait for earlier ones; None for none.

    Raises:
        ValueError: for x without y; without physics and data; for "hard" where the problem has no transform; for
        unknown names, numbers below 1, or shapes that do not fit; for a negative weight, strength, spread or tol, or a
        learning rate that is not positive (NaN where traced).

    Source: Raissi, Perdikaris and Karniadakis (2019); hard conditions: Lagaris, Likas and Fotiadis (1998).

    >>> from mfml.physics import vibrations
    >>> problem = vibrations.oscillator(duration=2.0)
    >>> model = fit(problem, key=jax.random.key(0), hidden=(8,), n_points=16, hard=True, max_iter=30)
    >>> error(model, problems.grid(problem, 9)).item() < 0.01
    True
    """
    pinn_terms.check_data(problem, x, y)
    require.that(physics or x is not None, "without physics, x and y are needed; found none")
    require.that(not hard or problem.hard is not None, "hard needs a problem with an output transform; found none")
    require.one_of("sampling", sampling, collocation.KINDS)
    require.sizes(n_points=n_points, n_conditions=n_conditions)
    plan = pinn_training.Plan(solver, max_iter, n_adam, tol, adaptive and physics, balance, refresh, causal is not None)
    shape = _Shape(hidden, periodic, n_fourier, hard, physics, n_points, n_conditions, sampling, plan)
    numbers = (spread, learning_rate, condition_weight, data_weight, 0.0 if causal is None else causal)
    return _fit(problem, key, x, y, numbers, shape=shape)


@partial(jax.jit, static_argnames="shape")
def _fit(problem: Problem, key: Array, x: Any, y: Any, numbers: tuple, *, shape: _Shape) -> PINN:
    spread, learning_rate, condition_weight, data_weight, strength = numbers
    for_network, for_points, for_training = jax.random.split(key, 3)
    problem = problem if shape.hard else problem._replace(hard=None)
    network = pinn_networks.init(
        key=for_network,
        low=problem.low,
        high=problem.high,
        n_outputs=problem.size.size,
        hidden=shape.hidden,
        periodic=shape.periodic,
        n_fourier=shape.n_fourier,
        spread=jnp.asarray(spread, problem.low.dtype),
    )

    def assemble(layers: mlp.Network) -> tuple[Network, Problem]:
        return network._replace(layers=layers), problem

    terms, rows, kinds = pinn_terms.asked(
        assemble,
        problem,
        key=for_points,
        x=x,
        y=y,
        physics=shape.physics,
        n_points=shape.n_points,
        n_conditions=shape.n_conditions,
        sampling=shape.sampling,
    )
    by_kind = {"equation": 1.0, "condition": condition_weight, "data": data_weight}
    trained = pinn_training.train(
        network.layers,
        terms,
        rows,
        key=for_training,
        weights=jnp.stack([jnp.asarray(by_kind[kind], problem.low.dtype) for kind in kinds]),
        plan=shape.plan,
        learning_rate=learning_rate,
        strength=strength,
    )
    none = jnp.zeros((0, len(problem.low)), problem.low.dtype)
    report = (trained.history, trained.n_iter, trained.converged, trained.status)
    share = trained.rows[0] if shape.physics else none
    points = (problem.low + (problem.high - problem.low) * share) * problem.units
    fixed = network.center, network.linear, network.frequencies
    return PINN(trained.params, *fixed, problem, points, trained.weights, *report)


@public
@jax.jit
def predict(model: PINN, x: Float[Array, "n d"]) -> Float[Array, "n *k"]:
    """Solution at points, in the caller's units.

    Raises:
        ValueError: unless x has a column for each coordinate.

    >>> from mfml.physics import vibrations
    >>> model = fit(vibrations.oscillator(), key=jax.random.key(0), hidden=(2,), n_points=2, hard=True, max_iter=1)
    >>> predict(model, jnp.zeros((1, 1))).tolist()  # hard: the initial displacement
    [1.0]
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.center))
    u = pinn_terms.solution(_network(model), model.problem)
    return jax.vmap(u)(problems.to_working(model.problem, x)) * model.problem.size


def _network(model: PINN) -> Network:
    return Network(model.layers, model.center, model.linear, model.frequencies)


@public
@jax.jit
def residuals(model: PINN, x: Float[Array, "n d"]) -> Float[Array, "n *m"]:
    """Residual of the differential equation at points, in the problem's working units.

    Raises:
        ValueError: unless x has a column for each coordinate.

    >>> from mfml.physics import vibrations
    >>> model = fit(vibrations.oscillator(), key=jax.random.key(0), hidden=(2,), n_points=2, max_iter=1)
    >>> residuals(model, jnp.zeros((3, 1))).shape
    (3,)
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.center))
    u = pinn_terms.solution(_network(model), model.problem)
    return problems.residuals(model.problem, u, problems.to_working(model.problem, x))


@public
@jax.jit
def score(model: PINN, x: Float[Array, "n d"], y: Float[Array, "n *k"]) -> Float[Array, ""]:
    """R2 of the predictions, over all entries.

    Raises:
        ValueError: unless x and y fit the problem.

    >>> from mfml.physics import vibrations
    >>> model = fit(vibrations.oscillator(), key=jax.random.key(0), hidden=(2,), n_points=2, max_iter=1)
    >>> x = jnp.zeros((2, 1))
    >>> score(model, x, predict(model, x) + jnp.array([0.0, 1.0])).item()
    -1.0
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.center))
    pinn_terms.check_data(model.problem, x, y)
    found = predict(model, x)
    return metrics.r2((found / model.problem.size).ravel(), (y / model.problem.size).ravel())


@public
@jax.jit
def error(model: PINN, x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""Relative error in L2 at points, $\|u - u^*\| / \|u^*\|$, against the problem's exact solution.

    Raises:
        ValueError: where no solution is known; unless x has a column for each coordinate.

    >>> from mfml.physics import vibrations
    >>> model = fit(vibrations.oscillator(), key=jax.random.key(0), hidden=(2,), n_points=2, hard=True, max_iter=1)
    >>> error(model, jnp.zeros((1, 1))).item()
    0.0
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.center))
    target = problems.exact(model.problem, x) / model.problem.size
    return jnp.linalg.norm(predict(model, x) / model.problem.size - target) / jnp.linalg.norm(target)
