import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from statsmodels.stats.outliers_influence import variance_inflation_factor

from mfml.decomposition import conditioning, projection


def with_condition(key, kappa):
    """A 4 x 4 matrix of the given condition number."""
    of_u, of_v = jax.random.split(key)
    u, v = (jnp.linalg.qr(jax.random.normal(k, (4, 4)))[0] for k in (of_u, of_v))
    return (u * jnp.geomspace(1.0, 1 / kappa, 4)) @ v.T


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (2, 5)])
def test_condition_number_is_that_of_numpy(key, shape):
    a = jax.random.normal(key, shape)
    np.testing.assert_allclose(conditioning.condition_number(a), np.linalg.cond(a), rtol=1e-4)


def test_condition_number_of_an_indefinite_matrix(key):
    a = jax.random.normal(key, (4, 4))
    values = np.abs(np.linalg.eigvalsh(a + a.T))
    np.testing.assert_allclose(conditioning.condition_number(a + a.T), values.max() / values.min(), rtol=1e-3)
    assert float(conditioning.condition_number(jnp.array([[-3.0]]))) == 1


def test_condition_number_at_its_limits():
    assert np.isnan(conditioning.condition_number(jnp.full((2, 2), jnp.nan)))
    assert float(conditioning.condition_number(3 * jnp.eye(3))) == pytest.approx(1)
    assert float(conditioning.condition_number(jnp.zeros((2, 2)))) == np.inf
    assert float(conditioning.condition_number(jnp.diag(jnp.array([1.0, 0.0])))) == np.inf
    scaled = conditioning.condition_number(1e-20 * jnp.diag(jnp.array([4.0, 2.0])))
    assert float(scaled) == pytest.approx(2)


@pytest.mark.parametrize("kappa", [2.0, 30.0])
def test_bound_holds_for_many_perturbations(x64, key, kappa):
    a = with_condition(key, kappa)
    of_b, of_a, of_delta = jax.random.split(key, 3)
    b = jax.random.normal(of_b, (4,))
    delta_a = 1e-3 * jax.random.normal(of_a, (100, 4, 4))
    delta_b = 1e-3 * jax.random.normal(of_delta, (100, 4))
    observed = jax.vmap(conditioning.solution_error, in_axes=(None, None, 0, 0))(a, b, delta_a, delta_b)
    relative_a = jnp.linalg.norm(delta_a, ord=2, axis=(1, 2)) / jnp.linalg.norm(a, ord=2)
    relative_b = jnp.linalg.norm(delta_b, axis=1) / jnp.linalg.norm(b)
    bounds = [
        conditioning.perturbation_bound(a, matrix_error=e, rhs_error=f)
        for e, f in zip(relative_a, relative_b, strict=True)
    ]
    assert (observed <= jnp.array(bounds)).all()


def test_bound_is_reached_by_the_worst_case():
    """b along the strongest direction, its error along the weakest."""
    a = jnp.diag(jnp.array([8.0, 2.0]))
    error = conditioning.solution_error(a, jnp.array([1.0, 0.0]), jnp.zeros((2, 2)), jnp.array([0.0, 0.01]))
    np.testing.assert_allclose(error, conditioning.perturbation_bound(a, rhs_error=0.01), rtol=1e-5)


def test_bound_is_infinite_where_a_singular_matrix_is_within_reach():
    a = jnp.diag(jnp.array([4.0, 2.0]))
    assert float(conditioning.perturbation_bound(a, matrix_error=0.5)) == np.inf
    assert np.isfinite(conditioning.perturbation_bound(a, matrix_error=0.49))


def test_bound_for_a_singular_matrix_and_for_no_error():
    singular = jnp.zeros((2, 2))
    assert float(conditioning.perturbation_bound(singular)) == 0
    assert float(conditioning.perturbation_bound(singular, rhs_error=1e-3)) == np.inf
    assert float(conditioning.perturbation_bound(singular, matrix_error=1e-3)) == np.inf


def test_least_squares_condition_bounds_and_is_nearly_reached(x64, key):
    of_a, of_y, of_delta = jax.random.split(key, 3)
    a, y = jax.random.normal(of_a, (6, 3)), jax.random.normal(of_y, (6,))
    weights = projection.least_squares(a, y).weights
    condition = conditioning.least_squares_condition(a, y)
    tiny = 1e-7

    def growth(delta_a, delta_y):
        moved = projection.least_squares(a + delta_a, y + delta_y).weights
        return jnp.linalg.norm(moved - weights) / jnp.linalg.norm(weights)

    delta_y = jax.random.normal(of_delta, (300, 6))
    delta_y = tiny * jnp.linalg.norm(y) * delta_y / jnp.linalg.norm(delta_y, axis=1, keepdims=True)
    by_target = jax.vmap(growth, in_axes=(None, 0))(jnp.zeros_like(a), delta_y).max() / tiny
    assert 0.6 * condition.of_target < by_target <= condition.of_target * (1 + 1e-5)

    delta_a = jax.random.normal(of_delta, (300, 6, 3))
    norms = jnp.linalg.norm(delta_a, ord=2, axis=(1, 2))[:, None, None]
    delta_a = tiny * jnp.linalg.norm(a, ord=2) * delta_a / norms
    by_matrix = jax.vmap(growth, in_axes=(0, None))(delta_a, jnp.zeros_like(y)).max() / tiny
    assert 0.1 * condition.of_matrix < by_matrix <= condition.of_matrix * (1 + 1e-5)


def test_square_system_has_the_plain_condition_number(key):
    a = with_condition(key, 10.0)
    condition = conditioning.least_squares_condition(a, a @ jnp.ones(4))
    np.testing.assert_allclose(condition.of_matrix, 10.0, rtol=1e-3)


def test_variance_inflation_is_that_of_statsmodels_and_of_regressions(x64, key):
    x = jax.random.normal(key, (30, 3)) @ jnp.array([[1.0, 0.9, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 5.0]]) + 7
    ours = conditioning.variance_inflation(x)
    with_intercept = np.column_stack([np.ones(30), x])
    np.testing.assert_allclose(ours, [variance_inflation_factor(with_intercept, j) for j in (1, 2, 3)], rtol=1e-8)
    for j in range(3):
        rest = np.delete(np.asarray(x), j, axis=1)
        r2 = LinearRegression().fit(rest, x[:, j]).score(rest, x[:, j])
        np.testing.assert_allclose(ours[j], 1 / (1 - r2), rtol=1e-8)


def test_variance_inflation_does_not_depend_on_units(key):
    x = jax.random.normal(key, (20, 3))
    scaled = x * jnp.array([1e3, 1.0, 1e-3]) + jnp.array([0.0, 5.0, 0.0])
    np.testing.assert_allclose(conditioning.variance_inflation(scaled), conditioning.variance_inflation(x), rtol=1e-3)


def test_variance_inflation_at_its_limits(key):
    x = jax.random.normal(key, (20, 2))
    exact = jnp.column_stack([x, jax.random.normal(key, (20,)), x[:, 0]])
    found = conditioning.variance_inflation(exact)
    assert np.isinf(found[0]) and np.isinf(found[3])
    assert np.isfinite(found[1:3]).all()
    # A composition: the fractions add up to 1, so each follows from the others.
    fractions = jax.nn.softmax(jax.random.normal(key, (20, 3)), axis=1)
    assert np.isinf(conditioning.variance_inflation(fractions)).all()
    assert np.isinf(conditioning.variance_inflation(x[:2])).all()
    constant = conditioning.variance_inflation(x[:2].at[:, 1].set(1.0))
    assert np.isinf(constant[0]) and np.isnan(constant[1])


def test_orthogonal_features_do_not_inflate():
    x = jnp.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    np.testing.assert_allclose(conditioning.variance_inflation(x), 1, rtol=1e-6)


def test_wrong_shapes_are_named(unchecked):
    with pytest.raises(ValueError, match="a must have 2 axes"):
        conditioning.condition_number(jnp.ones(3))
    with pytest.raises(ValueError, match="a must not be empty"):
        conditioning.condition_number(jnp.ones((0, 2)))
    with pytest.raises(ValueError, match="square"):
        conditioning.perturbation_bound(jnp.ones((3, 2)))
    with pytest.raises(ValueError, match="same shape"):
        conditioning.solution_error(jnp.eye(2), jnp.ones(2), jnp.ones((2, 3)), jnp.ones(2))
    with pytest.raises(ValueError, match="same length"):
        conditioning.solution_error(jnp.eye(2), jnp.ones(3), jnp.eye(2), jnp.ones(3))
    with pytest.raises(ValueError, match="as many rows as columns"):
        conditioning.least_squares_condition(jnp.ones((2, 3)), jnp.ones(2))
    with pytest.raises(ValueError, match="2 samples"):
        conditioning.variance_inflation(jnp.ones((1, 3)))


def test_inflation_far_from_the_origin(key):
    x = jnp.round(jax.random.normal(key, (200, 2)) * 2) / 8
    x = jnp.column_stack([x, x.sum(axis=1) + jnp.round(jax.random.normal(key, (200,)) * 2) / 8])
    np.testing.assert_allclose(
        conditioning.variance_inflation(x + 2.0**20), conditioning.variance_inflation(x), rtol=1e-3
    )
