"""Neural models of dynamics: they learn a damped oscillator, and keep units apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.iteration import Status
from mfml.physics import adaptive, integrators, neural_integrator, neural_ode

H, N_TIMES = 0.25, 25
TIMES = H * jnp.arange(N_TIMES)


def spring(t, y, args):
    """A damped oscillator, as the relaxation of a strained bar with inertia."""
    return jnp.stack([y[1], -1.5 * y[0] - 0.3 * y[1]])


@pytest.fixture(scope="module")
def paths():
    starts = jax.random.normal(jax.random.key(3), (8, 2))

    def one(start):
        solution = adaptive.solve(spring, start, t1=TIMES[-1], atol=1e-6, max_iter=60)
        return adaptive.evaluate(solution, TIMES)

    return jax.jit(jax.vmap(one))(starts)


@pytest.fixture(scope="module")
def model(paths):
    return neural_ode.fit(paths[:5], times=TIMES, key=jax.random.key(0), hidden=(24, 24), n_steps=600)


def test_a_neural_ode_learns_the_oscillator(model, paths):
    assert model.status == Status.FINISHED and not model.converged and model.n_iter == 600
    assert model.history[-1] < 1e-3 * model.history[0]
    assert neural_ode.score(model, paths[:5], times=TIMES) > 0.99
    assert neural_ode.score(model, paths[5:], times=TIMES) > 0.95
    inner = paths[5:, 6]  # the field itself, where there are data
    exact = jax.vmap(lambda y: spring(0.0, y, None))(inner)
    assert np.abs(neural_ode.field(model, inner) - exact).max() < 0.25 * np.abs(exact).max()


def test_its_predictions_are_steps_of_its_field(model, paths):
    found = neural_ode.predict(model, paths[:1, 0], times=TIMES[:4])

    def field(t, y, args):
        return neural_ode.field(model, y[None])[0]

    expected = integrators.solve(field, paths[0, 0], t1=TIMES[3], n_steps=3).values
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    back = neural_ode.predict(model, found[:, -1], times=TIMES[3::-1])
    np.testing.assert_allclose(back[0, -1], paths[0, 0], atol=2e-3)


def test_units_of_a_neural_ode_do_not_matter():
    x = jnp.exp(-TIMES[:6])[None, :, None] * jnp.array([1.0, 2.0])[:, None, None]
    options = {"key": jax.random.key(0), "hidden": (4,), "n_steps": 20}
    plain = neural_ode.fit(x, times=TIMES[:6], **options)
    other = neural_ode.fit(2.0**-60 * x, times=2.0**40 * TIMES[:6], **options)
    np.testing.assert_allclose(other.history, plain.history, rtol=1e-4)
    constant = neural_ode.fit(jnp.ones((2, 6, 1)), times=TIMES[:6], **options)
    assert constant.status == Status.FINISHED and np.isfinite(constant.history).all()
    with_nan = neural_ode.fit(x.at[0, 0].set(jnp.nan), times=TIMES[:6], **options)
    assert with_nan.status == Status.NON_FINITE


def coarse(y):
    return integrators.step(y, spring, h=H, solver="euler")


def test_a_learned_step_beats_the_coarse_one(paths):
    """On starts that were held out, over the whole path."""
    seen, held_out = paths[:5], paths[5:]
    plain = jax.vmap(lambda y: integrators.solve(spring, y, t1=TIMES[-1], n_steps=N_TIMES - 1, solver="euler").values)(
        held_out[:, 0]
    )
    error = jnp.mean((plain - held_out) ** 2)
    for step, share, least in ((None, 0.2, 0.9), (coarse, 0.02, 0.99)):
        model = neural_integrator.fit(seen, h=H, key=jax.random.key(0), coarse=step, n_steps=600, hidden=(24,))
        found = neural_integrator.predict(model, held_out[:, 0], n_steps=N_TIMES - 1, coarse=step)
        assert jnp.mean((found - held_out) ** 2) < share * error
        assert neural_integrator.score(model, held_out, coarse=step) > least
        one = neural_integrator.step(held_out[:, 0], model, coarse=step)
        np.testing.assert_allclose(one, found[:, 1], rtol=1e-5)


def test_errors_name_what_is_wrong(paths, unchecked):
    options = {"key": jax.random.key(0), "n_steps": 2}
    with pytest.raises(ValueError, match="x and times must have the same length"):
        neural_ode.fit(paths, times=TIMES[:3], **options)
    with pytest.raises(ValueError, match="at least two points"):
        neural_ode.fit(paths[:, :1], times=TIMES[:1], **options)
    with pytest.raises(ValueError, match="window must be a positive whole number"):
        neural_ode.fit(paths, times=TIMES, window=0, **options)
    with pytest.raises(ValueError, match="h must be positive"):
        neural_integrator.fit(paths, h=-1.0, **options)
    with pytest.raises(ValueError, match=r"coarse\(x\) must return the shape \(2,\)"):
        neural_integrator.fit(paths, h=H, coarse=lambda y: y[:1], **options)
