"""Physics-informed networks reach exact solutions; their parts do what their formulas say; parameters are found."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from mfml import iteration
from mfml.iteration import Status
from mfml.numerics import sobol
from mfml.physics import (
    collocation,
    equilibrium,
    inverse,
    levenberg_marquardt,
    operators,
    phase_field,
    pinn,
    pinn_losses,
    pinn_networks,
    pinn_training,
    problems,
    transport,
    vibrations,
)

KEY = jax.random.key(0)


def test_heat_in_steel_within_a_ten_thousandth(x64):
    problem = transport.heat(diffusivity=1e-5, length=0.1, duration=100.0, amplitudes=[80.0, 20.0])
    model = pinn.fit(problem, key=KEY, hard=True, hidden=(10, 10), n_points=128, max_iter=60)
    x = problems.grid(problem, 21)
    assert pinn.error(model, x) < 1e-4
    assert pinn.score(model, x, problems.exact(problem, x)) > 1 - 1e-7
    assert model.status == Status.MAX_ITER and "60 were not enough" in iteration.explain(model)
    assert np.nanargmin(model.history) == model.n_iter  # no step of Levenberg and Marquardt makes it worse


def test_soft_conditions_and_vectors_are_met(x64):
    bar = equilibrium.bar(modulus=210e9, length=10.0, force=77e3, traction=1e6)
    model = pinn.fit(bar, key=KEY, hidden=(6,), n_points=16, max_iter=40)
    assert pinn.error(model, problems.grid(bar, 11)) < 1e-4
    plate = equilibrium.plane_strain(displacement=1e-5, length=0.05)
    model = pinn.fit(plate, key=KEY, hard=True, hidden=(12,), n_points=100, max_iter=25)
    x = problems.grid(plate, 9)
    assert pinn.predict(model, x).shape == (81, 2)
    assert pinn.error(model, x) < 0.02


def test_eight_points_are_enough_with_physics_and_not_without(x64):
    problem = vibrations.oscillator(damping=0.2)
    x = jnp.linspace(0.0, 4.0, 8)[:, None]
    y = problems.exact(problem, x)
    later = problems.grid(problem, 50)
    options = {"key": KEY, "x": x, "y": y, "hidden": (16,), "n_points": 50, "max_iter": 40}
    without, physical = (pinn.fit(problem, physics=physics, **options) for physics in (False, True))
    assert pinn.score(without, x, y) > 0.999  # it meets the data
    assert pinn.error(without, later) > 0.3
    assert pinn.error(physical, later) < 0.02
    assert without.points.shape == (0, 1) and len(without.weights) == 1


def test_a_periodic_network_has_equal_ends():
    network = pinn_networks.init(
        key=KEY, low=jnp.array([-1.0, 0.0]), high=jnp.array([1.0, 3.0]), periodic=(0,), n_fourier=3, hidden=(5,)
    )

    def u(x):
        return pinn_networks.apply(network, x[None])[0, 0]

    left, right = jnp.array([-1.0, 0.7]), jnp.array([1.0, 0.7])
    for order in range(3):
        ends = [operators.partial_derivative(u, x, axis=0, order=order) for x in (left, right)]
        np.testing.assert_allclose(*ends, rtol=1e-3, atol=1e-4)
    assert abs(u(left + jnp.array([0.0, 1.0])) - u(left)) > 1e-3  # time is not periodic


def test_allen_cahn_with_periods_waves_causal_weights_and_adaptive_points(x64):
    problem = phase_field.allen_cahn(mobility=0.05, duration=0.2)
    options = {"periodic": (0,), "n_fourier": 4, "spread": 3.0, "causal": 1.0, "adaptive": True}
    options["condition_weight"] = 10.0
    model = pinn.fit(problem, key=KEY, hidden=(12,), n_points=128, max_iter=39, **options)
    x = problems.grid(problem, 9)
    u = problems.to_working(problem, x)
    path = phase_field.reference(mobility=0.01, rate=1.0, n_grid=128, n_steps=50)  # in working units
    target = phase_field.evaluate(path, u)
    found = pinn.predict(model, x)
    assert np.linalg.norm(found - target) / np.linalg.norm(target) < 0.05


def test_levenberg_marquardt_is_that_of_scipy():
    def residual(p):
        return jnp.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]])

    found = levenberg_marquardt.minimize(residual, init=jnp.array([-1.2, 1.0]), tol=1e-5)
    theirs = scipy.optimize.least_squares(lambda p: [10 * (p[1] - p[0] ** 2), 1 - p[0]], [-1.2, 1.0], method="lm")
    np.testing.assert_allclose(found.params, theirs.x, atol=1e-3)
    assert found.converged and found.n_iter < 60


def test_units_of_parameters_do_not_matter():
    def residual(p):
        return jnp.stack([p[0] * 1e9 - 3, p[1] * 1e-9 + p[0] * 1e9 - 5])

    found = levenberg_marquardt.minimize(residual, init=jnp.array([1e-9, 1e9]), max_iter=30)
    np.testing.assert_allclose(found.params * jnp.array([1e9, 1e-9]), [3, 2], rtol=1e-4)


def test_the_linearized_residual_is_the_loss_and_its_gradient():
    def term(layers, share):
        return jnp.tanh(share @ layers)[None]

    rows, weights = jnp.linspace(0, 1, 12).reshape(6, 2), jnp.array([3.0])
    params = jnp.array([0.5, -1.0])
    found = pinn_training.linearized(params, (term,), (rows,), weights=weights)
    loss = jax.value_and_grad(lambda p: 3 * jnp.mean(jnp.tanh(rows @ p) ** 2))(params)
    np.testing.assert_allclose(jnp.sum(found.residual**2), loss[0], rtol=1e-5)
    np.testing.assert_allclose(2 * found.slopes.T @ found.residual, loss[1], rtol=1e-5)


def test_sobol_points_are_those_of_scipy_and_spread_evenly():
    found = collocation.draw(key=KEY, n_points=64, n_axes=5)
    for axis in range(5):
        cells = np.floor(np.asarray(found[:, axis]) * 64)
        assert sorted(cells) == list(range(64))
    theirs = scipy.stats.qmc.Sobol(5, scramble=False).random(64)
    ours = sobol.sequence(64, 5) / 2**sobol.BITS
    np.testing.assert_array_equal(ours, theirs)


def test_latin_points_have_one_in_each_slice():
    found = collocation.draw(key=KEY, n_points=16, n_axes=3, kind="latin")
    assert (np.sort(np.floor(np.asarray(found) * 16), axis=0) == np.arange(16)[:, None]).all()


def test_adaptive_points_follow_the_residual():
    x = jnp.linspace(0, 1, 1000)[:, None]
    residual = jnp.where(x[:, 0] > 0.9, 9.0, 0.0)
    found = collocation.adapted(x, residual, key=KEY, n_points=100, floor=1.0)
    # chances are 11 to 1 for a tenth of the candidates, drawn without replacement
    assert 40 < int((found > 0.9).sum()) < 60
    assert len(np.unique(found)) == 100
    assert (collocation.adapted(x, residual, key=KEY, n_points=50, floor=0.0) > 0.9).all()


def test_causal_weights_by_hand():
    square, bins = jnp.array([1.0, 3.0, 5.0, 7.0]), jnp.array([0, 0, 1, 3])
    found = pinn_losses.causal_weights(square, bins, n_bins=4, strength=0.1)
    np.testing.assert_allclose(found, np.exp([0, 0, -0.2, -0.7]), rtol=1e-5)


def test_balanced_terms_have_one_size():
    sizes = jnp.array([1.0, 5.0, 2e6])
    weights = pinn_losses.balance(sizes)
    np.testing.assert_allclose(weights * sizes, (weights * sizes)[0], rtol=1e-5)
    assert np.isclose(weights.mean(), 1)
    always_met = pinn_losses.balance(jnp.array([1e-30, 2.0, 1.0]))  # only rounding is left of it
    np.testing.assert_allclose(always_met, [1.2, 0.6, 1.2], rtol=1e-5)


def line(params, x):
    return params["slope"] * x + params["level"]


def test_intervals_of_a_line_cover_as_often_as_they_say():
    """The model is linear: estimate and deviation have a closed form."""
    x = jnp.linspace(-1.0, 2.0, 12)
    noise = 0.3 * jax.random.normal(KEY, (400, 12))
    init = {"slope": jnp.array(1.0), "level": jnp.array(1.0)}

    def once(noise):
        found = inverse.fit(line, x, 2 * x - 1 + noise, init=init, noise=0.3, max_iter=20)
        return found, inverse.interval(found, level=0.9)

    found, bounds = jax.jit(jax.vmap(once))(noise)
    design = np.stack([np.ones(12), np.asarray(x)], axis=1)
    covariance = 0.09 * np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(found.covariance[0], covariance, rtol=1e-3, atol=1e-5)
    inside = (bounds.low["slope"] <= 2) & (bounds.high["slope"] >= 2)
    assert abs(float(inside.mean()) - 0.9) < 4 * np.sqrt(0.09 / 400)


def test_integers_within_a_pytree_are_numbers_and_tiny_units_keep_their_deviation():
    x = jnp.arange(5.0)
    found = inverse.fit(lambda p, x: p["a"] * jnp.exp(-p["b"] * x), x, 3 * jnp.exp(-x / 2), init={"a": 1, "b": 2})
    np.testing.assert_allclose([found.params["a"], found.params["b"]], [3, 0.5], rtol=1e-4)
    noisy = 2 * x + jnp.array([1.0, -1, 1, -1, 1]) / 10
    one, tiny = (inverse.fit(lambda p, x: p * x, x, unit * noisy, init=unit) for unit in (1.0, 1e-21))
    np.testing.assert_allclose(tiny.scale / 1e-21, one.scale, rtol=1e-4)  # its square is no number
    offset = inverse.fit(lambda p, x: 1e6 + p * x, x, 1e6 + 2 * x, init=1.0)
    assert abs(offset.params - 2) < 2 * offset.scale  # what rounding of y hides
    with pytest.raises(ValueError, match="init must be positive"):
        inverse.fit(lambda p, x: p * x, x, noisy, init=0.0, positive=True)


def rod(diffusivity):
    return transport.heat(diffusivity=diffusivity, length=0.1, duration=100.0, amplitudes=[80.0, 20.0])


def test_a_diffusivity_is_recovered_with_its_uncertainty(x64):
    x = problems.grid(rod(1e-5), 8)
    y = problems.exact(rod(1e-5), x) + 0.8 * jax.random.normal(jax.random.key(1), (64,))
    exact = inverse.fit(lambda d, x: problems.exact(rod(d), x), x, y, init=jnp.array(2e-5), positive=True)
    options = {"hard": True, "max_iter": 60}
    found = inverse.fit_pinn(rod, x, y, key=KEY, init=jnp.array(2e-5), **options)
    for one in (exact, found):
        assert abs(one.params - 1e-5) < min(1.5e-7, 3 * one.scale)  # within 1.5 %, and within its own bounds
        assert 0.6 < one.noise < 1.0
    np.testing.assert_allclose(found.scale, exact.scale, rtol=0.1)  # the equation alone finds what the formula does


def test_parameters_that_data_do_not_determine_have_no_deviation():
    x = jnp.ones(5)
    found = inverse.fit(line, x, x, init={"slope": jnp.array(1.0), "level": jnp.array(2.0)}, noise=1.0)
    assert np.isnan(found.scale["slope"])
    alone = inverse.fit(lambda p, x: p * x, x[:1], x[:1], init=jnp.array(3.0))  # n = p, and the noise is not known
    assert np.isnan(alone.scale) and np.isclose(alone.params, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": jnp.zeros((2, 2))}, "x and y belong together"),
        ({"x": jnp.zeros((2, 1)), "y": jnp.zeros(2)}, "x must have 2 columns"),
        ({"physics": False}, "without physics, x and y are needed"),
        ({"solver": "newton"}, "solver must be one of"),
        ({"sampling": "grid"}, "sampling must be one of"),
        ({"max_iter": 0}, "max_iter must be a positive"),
        ({"periodic": (2,)}, "periodic must name axes"),
        ({"condition_weight": -1.0}, "condition_weight must not be negative"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"tol": -1.0}, "tol must not be negative"),
    ],
)
def test_what_does_not_fit_is_refused(options, message, unchecked):
    with pytest.raises(ValueError, match=message):
        pinn.fit(transport.heat(), key=KEY, **{"hidden": (2,), "n_points": 2, "max_iter": 1, **options})


def test_hard_needs_a_transform():
    with pytest.raises(ValueError, match="hard needs a problem with an output transform"):
        pinn.fit(equilibrium.bar(), key=KEY, hard=True)
