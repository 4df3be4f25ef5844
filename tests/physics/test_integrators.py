"""Integrators against closed forms, NumPy loops and scipy, and the laws that they keep."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mfml import iteration
from mfml.iteration import Status
from mfml.physics import adaptive, adjoint, control, integrators, symplectic, tableaus

PAIRS = tuple(tableaus.PAIRS)


def oscillator(t, y, args):
    return jnp.stack([y[1], -y[0]])


def decay(t, y, args):
    return -y


def driven(t, y, args):
    """An oscillator of stiffness `args`, driven by a force that depends on time."""
    return jnp.stack([y[1], -args * y[0] + 0.3 * jnp.sin(2 * t)])


def rotated(t, y0=(1.0, 0.0)):
    t = np.asarray(t)
    return np.stack([y0[0] * np.cos(t) + y0[1] * np.sin(t), y0[1] * np.cos(t) - y0[0] * np.sin(t)], axis=-1)


# Tableaus


@pytest.mark.parametrize("name", [*tableaus.FIXED, *PAIRS])
def test_a_tableau_fulfils_the_conditions_of_its_order(name):
    tableau = {**tableaus.FIXED, **tableaus.PAIRS}[name]
    c, b, order = np.array(tableau.c), np.array(tableau.b), tableau.order
    a = np.array([[*row, *[0.0] * (len(c) - len(row))] for row in tableau.a])
    np.testing.assert_allclose(a.sum(axis=1), c, atol=1e-14)
    for power in range(order):
        assert abs(b @ c**power - 1 / (power + 1)) < 1e-14
    if order > 2:  # trees that branch
        assert abs(b @ a @ c - 1 / 6) < 1e-14 and abs(b @ (c * (a @ c)) - 1 / 8) < 1e-14
        assert abs(b @ a @ c**2 - 1 / 12) < 1e-14 and abs(b @ a @ a @ c - 1 / 24) < 1e-14
    if tableau.error:
        lower = b - np.array(tableau.error)
        assert max(abs(lower @ c**power - 1 / (power + 1)) for power in range(4)) < 1e-12
        assert tableau.a[-1] == tableau.b[:-1] and tableau.b[-1] == 0  # the last stage is the next first
        dense = np.array(tableau.dense)
        np.testing.assert_allclose(dense.sum(axis=1), b, atol=1e-13)  # theta = 1
        theta = 0.3
        weights = dense @ theta ** np.arange(1, 5)
        assert max(abs(weights @ c**p - theta ** (p + 1) / (p + 1)) for p in range(4)) < 1e-10


# Fixed steps


def test_steps_equal_a_loop_in_numpy():
    """Euler, Heun and RK4 by hand, for a field that depends on time."""

    def f(t, y):
        return np.array([y[1], -1.5 * y[0] + 0.3 * np.sin(2 * t)])

    h, n = 0.1, 7
    for solver in tableaus.FIXED:
        y, t = np.array([1.0, -0.5]), 0.2
        for _ in range(n):
            k1 = f(t, y)
            if solver == "euler":
                y = y + h * k1
            elif solver == "heun":
                y = y + h / 2 * (k1 + f(t + h, y + h * k1))
            else:
                k2 = f(t + h / 2, y + h / 2 * k1)
                k3 = f(t + h / 2, y + h / 2 * k2)
                y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(t + h, y + h * k3))
            t += h
        path = integrators.solve(
            driven, jnp.array([1.0, -0.5]), t0=0.2, t1=0.2 + n * h, n_steps=n, args=1.5, solver=solver
        )
        np.testing.assert_allclose(path.values[-1], y, rtol=2e-6)
        np.testing.assert_allclose(path.times, 0.2 + h * np.arange(n + 1), rtol=1e-6)


@pytest.mark.parametrize("solver", tableaus.FIXED)
def test_the_error_falls_with_the_order(solver, x64):
    order = tableaus.FIXED[solver].order
    errors = []
    for n in (32, 64):
        path = integrators.solve(oscillator, jnp.array([1.0, 0.0]), t1=2.0, n_steps=n, solver=solver)
        errors.append(np.abs(path.values[-1] - rotated(2.0)).max())
    assert abs(np.log2(errors[0] / errors[1]) - order) < 0.15


def test_errors_name_what_is_wrong(unchecked):
    y = jnp.ones(2)
    with pytest.raises(ValueError, match=r"solver must be one of 'euler'"):
        integrators.solve(decay, y, t1=1.0, n_steps=2, solver="rk5")
    with pytest.raises(ValueError, match=r"shape \(2,\) of y"):
        integrators.solve(lambda t, y, args: y[0], y, t1=1.0, n_steps=2)
    with pytest.raises(ValueError, match="rtol must not be negative"):
        adaptive.solve(decay, y, t1=1.0, rtol=-1e-3)
    with pytest.raises(ValueError, match="atol must broadcast"):
        adaptive.solve(decay, y, t1=1.0, atol=jnp.ones(3))
    with pytest.raises(ValueError, match="max_step must be positive"):
        adaptive.solve(decay, y, t1=1.0, max_step=0.0)
    with pytest.raises(ValueError, match="one number"):
        adaptive.solve(decay, y, t1=1.0, event=lambda t, y, args: y)
    with pytest.raises(ValueError, match="kind must be one of"):
        adjoint.solve(decay, y, t1=1.0, kind="backward")


# Adaptive steps


@pytest.mark.parametrize(
    ("solver", "expected"),
    [("dopri5", (9.08e-5, 2.74e-6, 7.97e-8, 2.37e-9)), ("tsit5", (2.96e-5, 5.70e-7, 1.53e-8, 4.19e-10))],
)
def test_errors_of_equal_steps_on_the_oscillator(solver, expected, x64):
    """Tolerances without effect, and a largest step: the errors of the bare method, of order 5."""
    found = []
    for n in (20, 40, 80, 160):
        h = 10 / n
        solution = adaptive.solve(
            oscillator, jnp.array([1.0, 0.0]), t1=10.0, rtol=1e3, atol=1e3, first_step=h, max_step=h, solver=solver,
            max_iter=200,
        )  # fmt: skip
        assert solution.n_accepted == n and solution.n_rejected == 0
        found.append(np.abs(solution.value - rotated(10.0)).max())
    np.testing.assert_allclose(found, expected, rtol=5e-3)


LOTKA = (lambda t, y, args: jnp.stack([y[0] * (1.5 - y[1]), y[1] * (y[0] - 3.0)]), [10.0, 5.0], 10.0)
LORENZ = (
    lambda t, y, args: jnp.stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]),
    [1.0, 1.0, 1.0],
    2.0,
)


def robertson(t, y, args):
    """The three reactions of Robertson with rates that are moderately stiff."""
    one, two, three = 0.04 * y[0], 1e2 * y[1] * y[2], 3e3 * y[1] ** 2
    return jnp.stack([two - one, one - two - three, three])


@pytest.mark.parametrize("problem", [LOTKA, LORENZ, (robertson, [1.0, 0.0, 0.0], 10.0)], ids=["lotka", "lorenz", "rob"])
def test_as_accurate_as_scipy_with_as_many_steps(problem, x64):
    f, init, end = problem
    compiled = jax.jit(f)

    def theirs(t, y):
        return np.asarray(compiled(t, y, None))

    exact = solve_ivp(theirs, (0, end), init, rtol=1e-12, atol=1e-13, method="DOP853").y[:, -1]
    peer = solve_ivp(theirs, (0, end), init, rtol=1e-6, atol=1e-8)
    limit = 2 * np.abs(peer.y[:, -1] - exact).max() + 2e-8  # far below the tolerance both are as good
    for solver in PAIRS:
        solution = adaptive.solve(f, jnp.array(init), t1=end, rtol=1e-6, atol=1e-8, solver=solver)
        assert solution.converged and np.abs(solution.value - exact).max() < limit
        assert solution.n_iter <= 1.15 * (peer.nfev - 2) / 6 + 5
        np.testing.assert_array_equal(adjoint.solve(f, jnp.array(init), t1=end, rtol=1e-6, atol=1e-8).converged, True)


@pytest.mark.parametrize("solver", PAIRS)
def test_dense_output_is_as_good_as_the_steps(solver, x64):
    solution = adaptive.solve(oscillator, jnp.array([1.0, 0.0]), t1=6.0, rtol=1e-7, atol=1e-7, solver=solver)
    t = np.linspace(0, 6, 57)
    assert np.abs(adaptive.evaluate(solution, t) - rotated(t)).max() < 2e-6
    n = int(solution.n_accepted)
    at_steps = adaptive.evaluate(solution, solution.times[: n + 1])
    np.testing.assert_allclose(at_steps, solution.values[: n + 1], atol=1e-12)
    outside = adaptive.evaluate(solution, jnp.array([[-0.1, 6.1], [3.0, np.nan]]))
    assert np.isnan(outside).all(axis=-1).tolist() == [[True, True], [False, True]]
    assert np.isnan(solution.values[n + 1 :]).all() and np.isnan(solution.times[n + 1 :]).all()


def test_time_may_run_backward_and_may_stand_still(x64):
    init = jnp.array([0.3, -0.7])
    there = adaptive.solve(driven, init, t0=0.5, t1=3.0, args=1.2, rtol=1e-9)
    back = adaptive.solve(driven, there.value, t0=3.0, t1=0.5, args=1.2, rtol=1e-9)
    np.testing.assert_allclose(back.value, init, atol=1e-7)
    assert (np.diff(back.times[: int(back.n_accepted) + 1]) < 0).all()
    t = jnp.linspace(0.5, 3.0, 9)
    np.testing.assert_allclose(adaptive.evaluate(back, t), adaptive.evaluate(there, t), atol=1e-6)
    still = adaptive.solve(driven, init, t0=0.5, t1=0.5, args=1.2)
    assert still.converged and still.n_accepted == 0 and still.n_iter == 0
    np.testing.assert_array_equal(still.value, init)
    np.testing.assert_array_equal(adaptive.evaluate(still, jnp.array([0.5]))[0], init)
    slope = jax.jacfwd(lambda t1: adaptive.solve(driven, init, t0=0.5, t1=t1, args=1.2).value)(0.5)
    np.testing.assert_allclose(slope, driven(0.5, init, 1.2), rtol=1e-12)


def test_a_trial_that_meets_nan_is_rejected():
    """y' = 1 / sqrt(y) going down ends at y = 0; steps beyond are NaN."""
    solution = adaptive.solve(lambda t, y, args: -1 / jnp.sqrt(y), jnp.array(1.0), t1=0.6, first_step=0.9)
    assert solution.converged and solution.n_rejected >= 1
    np.testing.assert_allclose(solution.value, (1 - 1.5 * 0.6) ** (2 / 3), rtol=1e-4)
    beyond = adaptive.solve(lambda t, y, args: -1 / jnp.sqrt(y), jnp.array(1.0), t1=1.0)
    assert not beyond.converged and np.isnan(beyond.value) and np.isnan(beyond.end)
    n = int(beyond.n_accepted)
    assert beyond.status in (Status.NON_FINITE, Status.STALLED) and abs(beyond.times[n] - 2 / 3) < 1e-3


def test_nan_at_the_start_gives_nan():
    for solution in (
        adaptive.solve(decay, jnp.array([1.0, np.nan]), t1=1.0),
        adaptive.solve(lambda t, y, args: y / 0, jnp.array([1.0, 2.0]), t1=1.0),
    ):
        assert solution.status == Status.NON_FINITE and not solution.converged and solution.n_iter == 0
        assert np.isnan(solution.value).all()
    assert np.isnan(adjoint.solve(decay, jnp.array(np.nan), t1=1.0).value)


@pytest.mark.parametrize("f", [decay, lambda t, y, args: 3 * t**2 + 0 * y, lambda t, y, args: 0 * y])
def test_the_first_step_survives_a_slope_of_zero(f):
    init = jnp.array([0.0, 2.0])
    solution = adaptive.solve(f, init, t1=1.0, atol=1e-6)
    exact = {0: init * np.exp(-1), 1: init + 1, 2: init}[[-2.0, 3.0, 0.0].index(float(f(1.0, init, None)[1]))]
    assert solution.converged
    np.testing.assert_allclose(solution.value, exact, rtol=2e-5)


def test_gradient_where_the_error_estimate_is_zero():
    """At rest each step is ten times the one before; the values are exact, the gradient is that of these steps."""

    def end(y, **options):
        return adaptive.solve(decay, y, t1=1.0, **options).value

    found = jax.grad(end)(0.0)
    assert abs(found - 0.36787944) < 3e-4
    assert abs(jax.grad(partial(end, max_step=0.1))(0.0) - 0.36787944) < 2e-7


def test_a_stiff_problem_ends_and_says_so():
    def pol(t, y, args):
        return jnp.stack([y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0]])

    solution = adaptive.solve(pol, jnp.array([2.0, 0.0]), t1=2000.0, atol=1e-6, max_iter=300)
    assert solution.status == Status.MAX_ITER and not solution.converged and solution.n_iter == 300
    n = int(solution.n_accepted)
    assert np.isfinite(solution.values[: n + 1]).all() and np.isnan(solution.value).all()
    assert "max_iter" in iteration.explain(solution)


def test_tolerances_below_rounding_are_named():
    small = adaptive.solve(decay, jnp.array([1.0, 2.0]), t1=1.0, rtol=1e-9)
    assert small.status == Status.STALLED and small.n_iter == 0 and "double precision" in iteration.explain(small)
    assert not adjoint.solve(decay, jnp.array([1.0, 2.0]), t1=1.0, rtol=1e-9).converged


def test_an_entry_that_starts_at_zero_costs_steps(x64):
    """The last of a chain grows with t^7: without `atol` its tolerance is 0 at first."""
    f, init = (lambda t, y, args: jnp.roll(y, 1).at[0].set(0.0)), jnp.eye(8)[0]
    exact = 1 / np.cumprod([1.0, *range(1, 8)])
    relative = adaptive.solve(f, init, t1=1.0, max_iter=2000)
    absolute = adaptive.solve(f, init, t1=1.0, max_iter=500, atol=1e-7)
    np.testing.assert_allclose(relative.value, exact, rtol=1e-3)
    np.testing.assert_allclose(absolute.value, exact, atol=2e-6)
    assert relative.converged and relative.n_iter > 5 * absolute.n_iter


def test_a_jump_of_the_field():
    """Where y is exactly 0 no step over the jump is small enough for a relative tolerance, and the status says so."""

    def jump(t, y, args):
        return jnp.where(t < 1, 0.0, 1.0) + 0 * y

    relative, absolute = (adaptive.solve(jump, jnp.array(0.0), t1=3.0, atol=atol) for atol in (0.0, 1e-5))
    assert relative.status == Status.STALLED and np.isnan(relative.value)
    n = int(relative.n_accepted)
    assert abs(relative.times[n] - 1) < 1e-4 and relative.values[n] == 0
    assert absolute.converged and abs(absolute.value - 2) < 2e-3


@pytest.mark.parametrize("power", [-60, 60])
def test_units_do_not_matter(power):
    """Powers of two, so that nothing is rounded: time and y in other units give the same steps."""
    unit = 2.0**power
    f, y = (lambda t, y, args: -args * y), jnp.array([1.0, 2.0])
    plain = adaptive.solve(f, y, t1=2.0, args=jnp.array(3.0))
    other = adaptive.solve(f, unit * y, t1=2.0 * unit, args=jnp.array(3.0) / unit)
    inverse = adaptive.solve(f, y, t1=2.0 / unit, args=jnp.array(3.0) * unit)
    assert plain.n_iter == other.n_iter == inverse.n_iter
    np.testing.assert_allclose(other.value / unit, plain.value, rtol=1e-5)
    np.testing.assert_allclose(inverse.value, plain.value, rtol=1e-5)
    np.testing.assert_allclose(plain.value, np.exp(-6) * np.array([1, 2]), rtol=1e-3)


def test_integers_are_numbers():
    found = adaptive.solve(decay, [1, 2], t0=0, t1=1, atol=0)
    np.testing.assert_allclose(found.value, np.exp(-1) * np.array([1, 2]), rtol=1e-4)
    assert integrators.solve(decay, 1, t1=1, n_steps=4).values.dtype == jnp.float32
    half = adaptive.solve(decay, jnp.ones(2, jnp.float16), t1=1.0, rtol=1e-3)
    assert half.value.dtype == jnp.float16 and abs(half.value[0] - np.exp(-1)) < 1e-3


# Events


def test_an_event_ends_the_fall(x64):
    """A body thrown up comes back after 2 v / g. At the start its height is 0, which is no event."""

    def height(t, y, args):
        return y[0]

    def landing(g, v):
        init = jnp.stack([0 * v, v])
        return adaptive.solve(
            lambda t, y, args: jnp.stack([y[1], -args]), init, t1=9.0, args=g, event=height, max_iter=50
        )

    solution = landing(9.81, jnp.array(5.0))
    assert solution.converged and solution.event and abs(solution.end - 10 / 9.81) < 1e-13
    np.testing.assert_allclose(solution.value, [0.0, -5.0], atol=1e-12)
    t = jnp.array([0.3, 1.0, 1.1])
    np.testing.assert_allclose(adaptive.evaluate(solution, t)[:2, 0], 5 * t[:2] - 9.81 / 2 * t[:2] ** 2, atol=1e-12)
    assert np.isnan(adaptive.evaluate(solution, t)[2]).all()
    by_g, by_v = jax.grad(lambda g, v: landing(g, v).end, argnums=(0, 1))(9.81, jnp.array(5.0))
    np.testing.assert_allclose([by_g, by_v], [-10 / 9.81**2, 2 / 9.81], rtol=1e-10)
    never = adaptive.solve(decay, jnp.array([1.0]), t1=1.0, event=lambda t, y, args: y[0])
    assert never.converged and not never.event and never.end == 1.0


# Derivatives


@pytest.mark.parametrize("kind", ["path", *adjoint.KINDS])
def test_gradients_equal_differences(kind, x64):
    def end(init, args, t0, t1):
        options = {"t0": t0, "t1": t1, "args": args, "rtol": 1e-10, "atol": 1e-10, "max_iter": 300}
        if kind == "path":
            return adaptive.solve(driven, init, **options).value[0]
        return adjoint.solve(driven, init, kind=kind, **options).value[0]

    place = jnp.array([1.0, -0.2]), jnp.array(1.3), jnp.array(0.1), jnp.array(2.5)
    compiled = jax.jit(end)
    found = jax.jit(jax.grad(end, argnums=(0, 1, 2, 3)))(*place)
    h = 1e-5
    for number, gradient in enumerate(found):
        for entry in np.ndindex(gradient.shape):
            up, down = (
                compiled(*[p.at[entry].add(sign * h) if i == number else p for i, p in enumerate(place)])
                for sign in (1, -1)
            )
            np.testing.assert_allclose(gradient[entry], (up - down) / (2 * h), rtol=1e-6, atol=1e-8)


def test_derivatives_in_every_mode(x64):
    """Of what a function closes over, forward, second, and under vmap; integers in args have none."""
    init = jnp.array([1.0, 0.0])

    def end(w):
        solution = adaptive.solve(lambda t, y, _: jnp.stack([y[1], -w * y[0]]), init, t1=1.0, rtol=1e-9, max_iter=64)
        return solution.value[0]

    def exact(w):
        return jnp.cos(jnp.sqrt(w))

    w = jnp.array([1.0, 2.0])
    np.testing.assert_allclose(jax.vmap(jax.grad(end))(w), jax.vmap(jax.grad(exact))(w), rtol=1e-7)
    np.testing.assert_allclose(jax.hessian(end)(1.5), jax.hessian(exact)(1.5), rtol=1e-6)

    def counted(t, y, args):
        return -args["rate"] * args["count"] * y

    for kind in adjoint.KINDS:

        def value(rate, kind=kind):
            args = {"rate": rate, "count": jnp.array(2)}
            return adjoint.solve(counted, jnp.array(1.0), t1=1.0, args=args, kind=kind, max_iter=64).value

        np.testing.assert_allclose(jax.grad(value)(0.5), -2 * np.exp(-1), rtol=1e-4)


def test_derivatives_of_dense_output(x64):
    def along(w):
        solution = adaptive.solve(
            lambda t, y, w: jnp.stack([y[1], -w * y[0]]), jnp.array([1.0, 0.0]), t1=2.0, args=w, rtol=1e-9, max_iter=100
        )
        return adaptive.evaluate(solution, jnp.array([0.5, 1.5]))[:, 0]

    exact = jax.jacfwd(lambda w: jnp.cos(jnp.sqrt(w) * jnp.array([0.5, 1.5])))(2.0)
    np.testing.assert_allclose(jax.jacrev(along)(2.0), exact, rtol=1e-6)


def memory_of_gradient(kind, max_iter):
    def loss(w):
        return adjoint.solve(lambda t, y, w: w * y, jnp.ones(4096), t1=1.0, args=w, kind=kind, max_iter=max_iter).value[
            0
        ]

    return jax.jit(jax.grad(loss)).lower(jnp.array(-1.0)).compile().memory_analysis().temp_size_in_bytes


def test_memory_of_gradients():
    """Of the adjoint it does not depend on the number of steps; of the steps it grows with the root of it."""
    assert memory_of_gradient("continuous", 40_000) == memory_of_gradient("continuous", 400)
    few, many = memory_of_gradient("discrete", 400), memory_of_gradient("discrete", 40_000)
    assert many < 20 * few


def test_the_adjoint_refuses_a_way_back_that_is_unstable():
    gradient = jax.grad(lambda y: adjoint.solve(LOST, y, t1=30.0, atol=1e-3, kind="continuous").value.sum())
    assert np.isnan(gradient(jnp.array([1.0, 2.0]))).all()
    steps = jax.grad(lambda y: adjoint.solve(LOST, y, t1=30.0, atol=1e-3).value.sum())(jnp.array([1.0, 2.0]))
    np.testing.assert_allclose(steps, 0.0, atol=1e-3)


def LOST(t, y, args):  # noqa: N802
    return -(y - jnp.sin(t))


# Symplectic steps


def energy(orbit):
    return 0.5 * orbit.velocity**2 - jnp.cos(orbit.position)


def pendulum(q, args):
    return -jnp.sin(q)


START = symplectic.Motion(jnp.array(1.2), jnp.array(0.3))


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("leapfrog", 2), ("yoshida", 4)])
def test_order_and_energy_of_symplectic_steps(solver, order, x64):
    start = symplectic.Motion(jnp.array(1.0), jnp.array(0.0))
    errors = []
    for n in (50, 100):
        orbit = symplectic.solve(lambda q, args: -q, start, h=4 / n, n_steps=n, solver=solver)
        errors.append(abs(orbit.position[-1] - np.cos(4.0)))
    assert abs(np.log2(errors[0] / errors[1]) - order) < 0.25
    orbit = symplectic.solve(pendulum, START, h=0.25, n_steps=4000, solver=solver)
    drift = np.abs(energy(orbit) - energy(orbit)[0])
    assert drift[2000:].max() < 1.05 * drift[:2000].max()


def test_runge_kutta_drifts(x64):
    path = integrators.solve(
        lambda t, y, args: jnp.stack([y[1], -jnp.sin(y[0])]), jnp.stack(START), t1=1000.0, n_steps=4000
    )
    drift = np.abs(energy(symplectic.Orbit(path.times, *path.values.T)) - energy(START))
    assert drift[-500:].mean() > 1.8 * drift[1750:2250].mean() > 3 * drift[:500].mean()


@pytest.mark.parametrize("solver", ["leapfrog", "yoshida"])
def test_symplectic_steps_lead_back(solver, x64):
    orbit = symplectic.solve(pendulum, START, h=0.1, n_steps=500, solver=solver)
    turned = symplectic.Motion(orbit.position[-1], -orbit.velocity[-1])
    back = symplectic.solve(pendulum, turned, h=0.1, n_steps=500, solver=solver)
    np.testing.assert_allclose(back.position[-1], START.position, atol=1e-12)
    np.testing.assert_allclose(-back.velocity[-1], START.velocity, atol=1e-12)


def test_symplectic_steps_keep_volume(x64):
    """The derivative of a step has determinant 1."""
    for solver in symplectic.SHARES:

        def flat(z, solver=solver):
            return jnp.stack(symplectic.step(symplectic.Motion(*z), pendulum, h=0.7, solver=solver))

        assert abs(jnp.linalg.det(jax.jacfwd(flat)(jnp.array([0.4, -1.1]))) - 1) < 1e-13


# Control


def test_growth_of_steps():
    one = jnp.array(1.0)
    assert control.growth(one, one) == pytest.approx(0.9)
    assert control.growth(jnp.array(1e9), one) == pytest.approx(0.2)
    assert control.growth(jnp.array(jnp.inf), one) == pytest.approx(0.2)
    assert control.growth(jnp.array(1e-9), one) == 10.0
    assert control.growth(jnp.array(1e-9), one, rejected=True) == 1.0
    assert control.growth(jnp.array(32.0), one) == pytest.approx(0.45)
