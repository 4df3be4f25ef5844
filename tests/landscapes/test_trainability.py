import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.landscapes import trainability


def bowl(parts):
    return 0.5 * (parts[0] ** 2 + 4 * parts[1] ** 2)


ONES = (jnp.ones(()), jnp.ones(()))


@pytest.fixture
def task(key):
    keys = jax.random.split(key, 3)
    network = trainability.init(key=keys[0], n_features=3, n_hidden=4)
    return network, (jax.random.normal(keys[1], (5, 3)), jax.random.normal(keys[2], (5,)))


def test_a_bowl_converges_below_2_over_its_curvature_in_each_direction():
    first, second = jnp.array([1.98, 2.02]), jnp.array([0.495, 0.505])
    found = trainability.convergence_map(bowl, ONES, first, second, n_steps=200)
    assert found.converged.tolist() == [[True, False], [False, False]]
    assert np.all((found.measure > 0) == found.converged)


def test_the_map_repeats_training_written_out(task):
    network, (x, y) = task
    rates = [(0.5, 0.1), (3.0, 200.0), (1000.0, 30.0)]
    for first, second in rates:
        weights, losses = network, []
        for _ in range(30):
            value, slope = jax.value_and_grad(trainability.loss)(weights, x, y)
            losses.append(float(value))
            weights = trainability.Network(
                weights.hidden - first * slope.hidden, weights.output - second * slope.output
            )
        ratio = np.array(losses) / losses[0]
        ratio = np.where(ratio < 1e6, ratio, 1e6)
        converged = ratio[-20:].mean() < 1
        expected = ratio.sum() if converged else -np.sum(1 / ratio)
        found = trainability.convergence_map(
            trainability.loss, network, jnp.array([first]), jnp.array([second]), n_steps=30, data=(x, y)
        )
        assert found.converged[0, 0] == converged
        np.testing.assert_allclose(found.measure[0, 0], expected, rtol=2e-2)


def test_rates_stand_in_their_own_axis(task):
    network, data = task
    found = trainability.convergence_map(
        trainability.loss, network, jnp.array([0.1, 1e4]), jnp.array([0.1, 0.2, 0.3]), n_steps=40, data=data
    )
    assert found.measure.shape == (2, 3)
    assert np.all(found.converged[0])
    one = trainability.outcome(trainability.loss, network, (0.1, 0.3), n_steps=40, data=data)
    np.testing.assert_allclose(one.measure, found.measure[0, 2], rtol=1e-4)


def test_what_becomes_infinite_did_not_converge_and_has_a_finite_measure():
    found = trainability.convergence_map(bowl, ONES, jnp.array([1e3, 1e20, 1e38]), jnp.array([0.1]), n_steps=60)
    assert not np.any(found.converged)
    assert np.all(np.isfinite(found.measure))


def test_parts_may_be_trees(task):
    network, data = task

    def objective(parts, x, y):
        return trainability.loss(trainability.Network(parts[0]["w"], parts[1][0]), x, y)

    rates = jnp.array([0.1, 1.0])
    found = trainability.convergence_map(
        objective, ({"w": network.hidden}, (network.output,)), rates, rates, n_steps=20, data=data
    )
    plain = trainability.convergence_map(trainability.loss, network, rates, rates, n_steps=20, data=data)
    np.testing.assert_allclose(found.measure, plain.measure, rtol=1e-5)


def test_predict_equals_the_formula(task):
    network, (x, _) = task
    hidden = np.tanh(np.asarray(x) @ np.asarray(network.hidden) / np.sqrt(3))
    np.testing.assert_allclose(trainability.predict(network, x), hidden @ network.output / 2, rtol=1e-5)


def test_boundary_marks_both_directions_and_nothing_in_a_uniform_map():
    disc = jnp.array([[False, False, False], [False, True, False], [False, False, False]])
    assert trainability.boundary(disc).tolist() == [
        [False, True, False],
        [True, True, False],
        [False, False, False],
    ]
    assert not np.any(trainability.boundary(jnp.ones((3, 4), bool)))


def carpet(level):
    """Cantor dust in blocks of 4: 3 of 4 quarters, dimension log 3 / log 2 (Sierpinski's triangle)."""
    picture = np.ones((1, 1), bool)
    for _ in range(level):
        picture = np.block([[picture, picture], [picture, np.zeros_like(picture)]])
    return jnp.array(picture)


@pytest.mark.parametrize(
    ("picture", "dimension"),
    [
        (jnp.eye(64, dtype=bool), 1.0),
        (jnp.zeros((64, 64), bool).at[5].set(True), 1.0),
        (jnp.ones((64, 64), bool), 2.0),
        (jnp.zeros((64, 64), bool).at[3, 4].set(True), 0.0),
        (carpet(6), np.log(3) / np.log(2)),
    ],
    ids=["diagonal", "row", "square", "point", "Sierpinski"],
)
def test_box_dimension_of_known_sets(picture, dimension):
    np.testing.assert_allclose(trainability.box_dimension(picture), dimension, atol=1e-5)


def test_box_dimension_of_nothing_is_nan():
    assert np.isnan(trainability.box_dimension(jnp.zeros((8, 8), bool)))


def test_the_boundary_of_a_bowl_is_smooth_and_that_of_a_network_is_rougher(key):
    rates = jnp.linspace(0.05, 3.0, 64)
    plain = trainability.convergence_map(bowl, ONES, rates, rates / 4, n_steps=60).converged
    smooth = trainability.box_dimension(trainability.boundary(plain))
    keys = jax.random.split(key, 3)
    network = trainability.init(key=keys[0], n_features=4, n_hidden=4)
    data = (jax.random.normal(keys[1], (8, 4)), jax.random.normal(keys[2], (8,)))
    rates = jnp.logspace(-0.5, 3.0, 64)
    rough = trainability.convergence_map(trainability.loss, network, rates, rates, n_steps=60, data=data).converged
    assert abs(smooth - 1) < 0.1
    assert trainability.box_dimension(trainability.boundary(rough)) > smooth + 0.05


def test_wrong_arguments(key, unchecked):
    with pytest.raises(ValueError, match="two parts; found 3"):
        trainability.outcome(bowl, (1.0, 1.0, 1.0), (0.1, 0.1))
    with pytest.raises(ValueError, match="pair; found 1"):
        trainability.outcome(bowl, ONES, (0.1,))
    with pytest.raises(ValueError, match="n_steps"):
        trainability.outcome(bowl, ONES, (0.1, 0.1), n_steps=0)
    with pytest.raises(ValueError, match="sizes"):
        trainability.init(key=key, n_features=0, n_hidden=1)
    with pytest.raises(ValueError, match="same length"):
        trainability.loss(trainability.init(key=key, n_features=2, n_hidden=1), jnp.ones((3, 2)), jnp.ones(2))
    with pytest.raises(ValueError, match="power of 2"):
        trainability.box_dimension(jnp.ones((12, 12), bool))
    with pytest.raises(ValueError, match="square"):
        trainability.box_dimension(jnp.ones((8, 16), bool))
    with pytest.raises(ValueError, match="converged must have 2 axes"):
        trainability.boundary(jnp.ones(3, bool))


def test_what_cannot_be_told_is_nan():
    def bowl(parts):
        return parts[0] ** 2 + parts[1] ** 2

    one = jnp.ones(())
    for start, rate in (((one, one), jnp.nan), ((0 * one, 0 * one), 0.1), ((jnp.inf * one, one), 0.1)):
        found = trainability.outcome(bowl, start, (0.1, rate))
        assert not found.converged
        assert np.isnan(found.measure)
