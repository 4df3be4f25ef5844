import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.landscapes import mean_field
from mfml.landscapes.mean_field import Particles


@pytest.fixture
def data(key):
    """Samples on the circle; the teacher has two units."""
    angle = jnp.arange(20) / 20 * 2 * jnp.pi
    x = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    return x, jnp.maximum(x[:, 0], 0) - jnp.maximum(0.6 * x[:, 0] + 0.8 * x[:, 1], 0)


@pytest.mark.parametrize("scaling", mean_field.SCALINGS)
def test_predict_is_a_sum_over_particles(key, data, scaling):
    cloud = mean_field.init(key=key, n_particles=6, n_features=2)
    factor = {"mean": 1 / 6, "sqrt": 6**-0.5}[scaling]
    expected = sum(
        a * np.maximum(np.asarray(data[0]) @ np.asarray(w), 0) for a, w in zip(cloud.output, cloud.hidden, strict=True)
    )
    np.testing.assert_allclose(
        mean_field.predict(cloud, data[0], scaling=scaling), factor * expected, rtol=1e-4, atol=1e-6
    )


def test_particles_start_balanced_on_the_sphere(key):
    cloud = mean_field.init(key=key, n_particles=10, n_features=3)
    assert cloud.output.sum() == 0
    np.testing.assert_allclose(jnp.linalg.norm(cloud.hidden, axis=1), 1.0, rtol=1e-5)


def test_step_is_gradient_descent_times_the_number_of_particles(key, data):
    cloud = mean_field.init(key=key, n_particles=6, n_features=2)
    for scaling, pace in (("mean", 6), ("sqrt", 1)):
        slope = jax.grad(mean_field.risk)(cloud, *data, scaling=scaling)
        moved = mean_field.step(cloud, *data, learning_rate=0.1, scaling=scaling)
        for new, old, g in zip(moved, cloud, slope, strict=True):
            np.testing.assert_allclose(new, old - 0.1 * pace * g, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("scaling", "same"), [("mean", True), ("sqrt", False)])
def test_doubling_every_particle_changes_nothing_with_the_mean(key, data, scaling, same):
    """The law of the mean field: only the distribution of the particles counts, not their number."""
    cloud = mean_field.init(key=key, n_particles=6, n_features=2)
    double = jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf]), cloud)
    ways = [mean_field.fit(*data, init=c, learning_rate=0.2, n_steps=30, scaling=scaling) for c in (cloud, double)]
    gap = np.abs(ways[0].path.hidden[-1] - ways[1].path.hidden[-1][:6]).max()
    assert (gap < 1e-4) == same


def test_order_of_particles_does_not_count(key, data):
    cloud = mean_field.init(key=key, n_particles=6, n_features=2)
    turned = jax.tree.map(lambda leaf: leaf[::-1], cloud)
    ways = [mean_field.fit(*data, init=c, learning_rate=0.2, n_steps=10) for c in (cloud, turned)]
    np.testing.assert_allclose(ways[0].path.hidden[-1], ways[1].path.hidden[-1][::-1], atol=1e-5)
    np.testing.assert_allclose(ways[0].history, ways[1].history, rtol=1e-4)


def test_the_flow_keeps_output_and_input_weights_in_balance(key, data):
    """a^2 - |w|^2 of each particle is constant under gradient flow; small steps keep it nearly."""
    cloud = mean_field.init(key=key, n_particles=8, n_features=2)
    end = mean_field.fit(*data, init=cloud, learning_rate=0.02, n_steps=500).path
    balance = end.output**2 - jnp.sum(end.hidden**2, axis=-1)
    np.testing.assert_allclose(balance[-1], balance[0], atol=0.05)
    assert np.abs(end.output[-1] ** 2 - end.output[0] ** 2).max() > 0.5


def test_many_particles_find_the_teacher(key, data):
    cloud = mean_field.init(key=key, n_particles=100, n_features=2)
    way = mean_field.fit(*data, init=cloud, learning_rate=0.3, n_steps=1500)
    assert way.history[-1] < 1e-3 * way.history[0]
    assert np.all(np.diff(way.history) < 1e-5)


def test_with_the_root_particles_move_less_the_more_there_are_with_the_mean_they_do_not(key, data):
    def moved(n_particles, scaling):
        cloud = mean_field.init(key=key, n_particles=n_particles, n_features=2)
        return mean_field.displacement(
            mean_field.fit(*data, init=cloud, learning_rate=0.2, n_steps=200, scaling=scaling).path
        )

    lazy = moved(32, "sqrt") / moved(512, "sqrt")
    rich = moved(32, "mean") / moved(512, "mean")
    np.testing.assert_allclose(lazy, (512 / 32) ** 0.5, rtol=0.5)
    np.testing.assert_allclose(rich, 1.0, rtol=0.4)


def test_displacement_is_relative():
    way = Particles(jnp.array([[3.0], [3.0]]), jnp.array([[[4.0]], [[9.0]]]))
    np.testing.assert_allclose(mean_field.displacement(way), 1.0)


def test_the_path_begins_at_the_start_and_no_step_is_the_start(key, data):
    cloud = mean_field.init(key=key, n_particles=4, n_features=2)
    way = mean_field.fit(*data, init=cloud, learning_rate=0.2, n_steps=0)
    assert way.path.hidden.shape == (1, 4, 2)
    np.testing.assert_allclose(way.path.hidden[0], cloud.hidden)
    np.testing.assert_allclose(way.history[0], mean_field.risk(cloud, *data), rtol=1e-6)


def test_wrong_arguments(key, data, unchecked):
    cloud = mean_field.init(key=key, n_particles=4, n_features=2)
    with pytest.raises(ValueError, match="scaling must be one of 'mean', 'sqrt'; found 'sum'"):
        mean_field.predict(cloud, data[0], scaling="sum")
    with pytest.raises(ValueError, match="same length"):
        mean_field.risk(cloud, data[0], data[1][:3])
    with pytest.raises(ValueError, match="n_steps"):
        mean_field.fit(*data, init=cloud, learning_rate=0.1, n_steps=-1)
    with pytest.raises(ValueError, match="n_particles"):
        mean_field.init(key=key, n_particles=0, n_features=2)
    with pytest.raises(ValueError, match="n_features"):
        mean_field.init(key=key, n_particles=2, n_features=0)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_displacement_does_not_depend_on_the_unit(scale):
    path = mean_field.Particles(jnp.array([[1.0], [2.0]]) * scale, jnp.array([[[1.0]], [[1.0]]]) * scale)
    assert mean_field.displacement(path).item() == pytest.approx(np.sqrt(0.5))
