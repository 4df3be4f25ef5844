"""Problems: exact solutions fulfill their equations and conditions, agree with other sources, and know units."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

from mfml.physics import equilibrium, phase_field, problems, transport, vibrations

PROBLEMS = {
    "below critical damping": lambda: vibrations.oscillator(damping=0.4, mass=2.0, velocity=0.5),
    "critical damping": lambda: vibrations.oscillator(damping=2.0, velocity=1.0),
    "above critical damping": lambda: vibrations.oscillator(damping=5.0, mass=3.0, velocity=1.0),
    "wave": lambda: vibrations.wave(speed=5000.0, length=0.3, duration=1e-4, amplitudes=[1e-3, 5e-4]),
    "heat": lambda: transport.heat(diffusivity=1e-5, length=0.1, duration=100.0, amplitudes=[80.0, 0.0, 20.0]),
    "Burgers": lambda: transport.burgers(viscosity=0.3, length=2.0, speed=3.0),
    "Poisson": lambda: equilibrium.poisson(conductivity=50.0, length=0.2, width=0.1, source=1e6 * jnp.ones((2, 3))),
    "bar": lambda: equilibrium.bar(modulus=210e9, length=10.0, force=77e3, traction=1e6),
    "plane strain": lambda: equilibrium.plane_strain(modulus=70e9, ratio=0.33, length=0.05, displacement=1e-5),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_exact_solution_fulfils_equation_and_conditions(name):
    with jax.enable_x64(True):
        problem = PROBLEMS[name]()
        share = jax.random.uniform(jax.random.key(0), (20, len(problem.low)))
        inside = problems.Equation(problem.low, problem.high, problem.residual)

        def exact(x):
            return problem.exact(x, problem.params)

        for equation in (inside, *problem.initial, *problem.boundary):
            points = equation.low + (equation.high - equation.low) * share
            found = jax.vmap(lambda x, e=equation: e.residual(exact, x, problem.params))(points)
            np.testing.assert_allclose(found, 0, atol=1e-7)
        size = jnp.max(jnp.abs(jax.vmap(exact)(problem.low + (problem.high - problem.low) * share)))
        assert 1e-3 < size < 2  # working units are near 1


HARD = sorted(set(PROBLEMS) - {"bar"})


@pytest.mark.parametrize("name", HARD)
def test_hard_conditions_hold_for_any_network(name):
    problem = PROBLEMS[name]()
    share = jax.random.uniform(jax.random.key(0), (5, len(problem.low)))

    def u(x):
        z = jnp.full(problem.size.shape, 3.0) * jnp.cos(jnp.sum(x))
        return problem.hard(z, x, problem.params)

    for equation in (*problem.initial, *problem.boundary):
        points = equation.low + (equation.high - equation.low) * share
        found = jax.vmap(lambda x, e=equation: e.residual(u, x, problem.params))(points)
        np.testing.assert_allclose(found, 0, atol=2e-5)


def test_the_oscillator_is_that_of_an_integrator():
    m, c, k = 0.02, 0.3, 50.0
    problem = vibrations.oscillator(mass=m, damping=c, stiffness=k, displacement=1e-3, velocity=0.2, duration=0.5)
    t = np.linspace(0, 0.5, 20)
    path = scipy.integrate.solve_ivp(
        lambda t, y: [y[1], -(c * y[1] + k * y[0]) / m], (0, 0.5), [1e-3, 0.2], t_eval=t, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(problems.exact(problem, t[:, None]), path.y[0], atol=1e-7)


def test_the_oscillator_keeps_its_digits_with_strong_and_with_critical_damping():
    t = np.array([1.0, 50.0, 2000.0])
    for ratio in (0.9999, 1.0, 1.0001, 1000.0):  # in single precision
        problem = vibrations.oscillator(damping=2 * ratio, displacement=1.0, velocity=0.3)
        root = np.sqrt(complex(np.float32(ratio)) ** 2 - 1) or 1e-9
        slow, fast = -1 / (ratio + root), -(ratio + root)
        share = (0.3 - fast) / (slow - fast)
        expected = (share * np.exp(slow * t) + (1 - share) * np.exp(fast * t)).real
        np.testing.assert_allclose(problems.exact(problem, t[:, None]), expected, rtol=2e-5, atol=1e-7)


def test_derivatives_in_the_damping_are_those_on_both_sides_of_the_critical_one(x64):
    problem = vibrations.oscillator(velocity=0.3)

    def u(ratio):
        return problem.exact(jnp.array([2.0]), {**problem.params, "ratio": ratio})

    expected = (u(1 + 1e-5) - u(1 - 1e-5)) / 2e-5
    np.testing.assert_allclose(jax.grad(u)(1.0), expected, rtol=1e-6)


def test_burgers_with_a_sharp_shock_is_an_integral_or_unknown(x64):
    nu, t, x = 3e-4, 0.8, np.linspace(-1, 1, 21)
    eta = np.linspace(-1.5, 1.5, 20001)
    logs = -(eta**2) / (4 * nu * t) - np.cos(np.pi * (x[:, None] - eta)) / (2 * np.pi * nu)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    expected = -np.sum(weights * np.sin(np.pi * (x[:, None] - eta)), axis=1) / weights.sum(axis=1)
    problem = transport.burgers(viscosity=nu)
    np.testing.assert_allclose(problems.exact(problem, np.stack([x, 0 * x + t], 1)), expected, atol=1e-10)
    assert np.isnan(problems.exact(transport.burgers(viscosity=1e-6), [[0.5, 0.5]])).all()
    assert np.isnan(problems.exact(problem, [[0.5, -0.5]])).all()  # before the start


def test_burgers_begins_with_the_slope_of_its_equation(x64):
    problem = transport.burgers()
    u = jax.tree_util.Partial(problem.exact, params=problem.params)
    assert abs(problem.residual(lambda x: u(x), jnp.array([0.3, 0.0]), problem.params)) < 1e-9


def test_burgers_has_the_published_values():
    with jax.enable_x64(True):
        x = jnp.array([[0.5, 0.25], [0.5, 0.5], [0.5, 1.0], [0.05, 1.0], [0.3, 0.0]])
        expected = [-0.80319842084, -0.59276953440, -0.37618139575, -0.70002708088, -np.sin(0.3 * np.pi)]
        np.testing.assert_allclose(problems.exact(transport.burgers(), x), expected, atol=1e-10)


def test_burgers_in_single_precision_survives_its_weights():
    """They reach exp(50 / nu)."""
    found = problems.exact(transport.burgers(), problems.grid(transport.burgers(), 11))
    assert np.isfinite(found).all() and np.abs(found).max() <= 1.0


def test_allen_cahn_is_that_of_a_finer_grid_and_of_finite_differences():
    with jax.enable_x64(True):
        options = {"mobility": 0.01, "rate": 5.0}
        coarse = phase_field.reference(n_grid=128, n_steps=50, **options)
        x = jnp.stack(jnp.meshgrid(jnp.linspace(-1, 1, 9), jnp.array([0.31, 0.77, 1.0])), axis=-1).reshape(-1, 2)
        fine = phase_field.reference(n_grid=256, n_steps=200, **options)
        found = phase_field.evaluate(coarse, x)
        np.testing.assert_allclose(found, phase_field.evaluate(fine, x), atol=2e-4)

        grid = np.linspace(-1, 1, 400, endpoint=False)
        h = grid[1] - grid[0]

        def rate(t, u):
            return 0.01 * (np.roll(u, 1) - 2 * u + np.roll(u, -1)) / h**2 + 5 * (u - u**3)

        path = scipy.integrate.solve_ivp(rate, (0, 1), grid**2 * np.cos(np.pi * grid), method="LSODA", rtol=1e-7)
        last = phase_field.evaluate(fine, jnp.stack([jnp.asarray(grid), jnp.ones(400)], axis=1))
        np.testing.assert_allclose(last, path.y[:, -1], atol=2e-3)


def test_the_reference_is_of_fourth_order():
    with jax.enable_x64(True):
        x = jnp.stack([jnp.linspace(-1, 1, 9), jnp.ones(9)], axis=1)
        ends = [
            phase_field.evaluate(phase_field.reference(mobility=0.05, rate=5.0, n_grid=32, n_steps=n), x)
            for n in (20, 40, 320)
        ]
        errors = [float(jnp.abs(end - ends[2]).max()) for end in ends[:2]]
        assert 10 < errors[0] / errors[1] < 25


def test_interfaces_thinner_than_the_grid_are_unknown(x64):
    x = jnp.array([[0.2, 0.7], [0.5, 1.0]])
    assert np.isfinite(problems.exact(phase_field.allen_cahn(), x)).all()
    assert np.isnan(problems.exact(phase_field.allen_cahn(rate=50.0), x)).all()


def test_times_outside_of_the_reference_are_unknown():
    path = phase_field.reference(n_grid=16, n_steps=4)
    found = phase_field.evaluate(path, jnp.array([[0.0, -0.1], [0.0, 1.1], [0.0, 0.5]]))
    assert np.isnan(found).tolist() == [True, True, False]


def test_poisson_by_finite_differences():
    n = 33
    problem = equilibrium.poisson(source=jnp.array([[1.0, 0.0], [0.0, -2.0]]))
    u = np.asarray(problems.exact(problem, problems.grid(problem, n)), float).reshape(n, n)
    bent = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
    share = np.linspace(0, 1, n)[1:-1]
    one, two = np.sin(np.pi * share), np.sin(2 * np.pi * share)
    np.testing.assert_allclose(-bent * (n - 1) ** 2, np.outer(one, one) - 2 * np.outer(two, two), atol=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: transport.heat(diffusivity=-1.0), "diffusivity must be positive"),
        (lambda: equilibrium.plane_strain(ratio=0.5), "ratio must be finite"),
        (lambda: vibrations.wave(amplitudes=[[1.0]]), "amplitudes must have 1 axes"),
        (lambda: problems.exact(transport.heat(), jnp.zeros((3, 1))), "x must have 2 columns"),
        (lambda: problems.exact(problems.define(sum, low=[0.0], high=[1.0]), jnp.zeros((3, 1))), "no exact solution"),
        (lambda: problems.define(sum, low=[1.0], high=[0.0]), "high - low must be positive"),
        (lambda: problems.grid(transport.heat(), 1), "n_points must be at least 2"),
    ],
)
def test_what_does_not_fit_is_refused(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()
