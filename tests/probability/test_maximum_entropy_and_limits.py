"""Least committed distributions, and how means become normal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfml.iteration import Status
from mfml.probability import central_limit, maximum_entropy

GRID = jnp.linspace(-8.0, 8.0, 401)


def test_given_mean_and_variance_it_is_normal():
    made = maximum_entropy.fit(GRID[:, None] ** jnp.array([1, 2]), jnp.array([0.5, 1.25]))
    assert made.converged
    width = 16 / 400
    np.testing.assert_allclose(made.probability / width, stats.norm.pdf(np.asarray(GRID), 0.5, 1.0), atol=2e-4)
    np.testing.assert_allclose(made.multipliers, [0.5, -0.5], atol=1e-3)
    np.testing.assert_allclose(made.entropy + np.log(width), stats.norm.entropy(), atol=1e-3)


def test_given_the_mean_of_a_positive_quantity_it_is_exponential():
    x = jnp.linspace(0.0, 40.0, 401)
    made = maximum_entropy.fit(x[:, None], jnp.array([2.0]), base=jnp.full(401, 0.1))
    assert made.converged
    np.testing.assert_allclose(made.multipliers, [-0.5], atol=0.02)
    np.testing.assert_allclose(jnp.sum(x * made.probability), 2.0, rtol=1e-4)


def test_moments_are_met_and_no_other_distribution_with_them_has_more_entropy():
    faces = np.arange(1.0, 7.0)
    made = maximum_entropy.fit(jnp.asarray(faces, jnp.float32)[:, None], jnp.array([4.5]))
    p = np.asarray(made.probability, float)
    np.testing.assert_allclose([p.sum(), p @ faces], [1.0, 4.5], rtol=1e-5)
    direction = np.linalg.svd(np.stack([np.ones(6), faces]))[2][2:]  # keeps sum and mean
    for one in direction:
        for step in (1e-2, -1e-2):
            other = p + step * one
            assert -np.sum(other * np.log(other)) < made.entropy


@pytest.mark.parametrize("mean", [0.9, 6.01, 6.5, 100.0])
def test_moments_that_nothing_has_do_not_converge(mean):
    made = maximum_entropy.fit(jnp.arange(1.0, 7.0)[:, None], jnp.array([mean]), max_iter=20)
    assert not made.converged
    assert made.status == Status.UNBOUNDED


@pytest.mark.parametrize("where", ["features", "moments", "base"])
@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_what_is_not_finite_has_no_entropy(where, bad):
    arguments = {"features": jnp.arange(1.0, 4.0)[:, None], "moments": jnp.array([2.0]), "base": jnp.ones(3)}
    arguments[where] = arguments[where].at[0].set(bad)
    made = maximum_entropy.fit(arguments["features"], arguments["moments"], base=arguments["base"])
    assert jnp.isnan(made.entropy)
    assert jnp.isnan(made.probability).all()
    assert (int(made.status), bool(made.converged)) == (Status.NON_FINITE, False)


@pytest.mark.parametrize("mean", [1.0, 1.01, 3.5, 5.99, 6.0])
def test_moments_at_the_edge_of_what_is_possible_converge(mean):
    faces = jnp.arange(1.0, 7.0)
    made = maximum_entropy.fit(faces[:, None], jnp.array([mean]))
    assert made.converged
    np.testing.assert_allclose(faces @ made.probability, mean, atol=1e-4)


def test_the_dual_function_falls_to_the_largest_entropy():
    made = maximum_entropy.fit(GRID[:, None] ** jnp.array([1, 2]), jnp.array([0.5, 1.25]), base=jnp.full(401, 0.04))
    history = np.asarray(made.history[: made.n_iter + 1])
    assert (np.diff(history) < 0).all()
    np.testing.assert_allclose(history[-1], made.entropy, atol=5e-4)  # apart by the multipliers times what lacks
    np.testing.assert_allclose(history[0], np.log(401 * 0.04), rtol=1e-5)


def test_step_is_what_fit_repeats():
    features, moments = jnp.arange(1.0, 7.0)[:, None], jnp.array([4.5])
    task = maximum_entropy.problem(features, moments)
    state = maximum_entropy.step(maximum_entropy.step(maximum_entropy.init(task), task), task)
    made = maximum_entropy.fit(features, moments, max_iter=2)
    np.testing.assert_allclose(made.probability, state.probability, rtol=1e-5)
    assert made.status == Status.MAX_ITER


def test_where_rounding_decides_it_stops_and_says_so():
    made = maximum_entropy.fit(jnp.arange(1.0, 7.0)[:, None], jnp.array([4.5]), tol=0.0)
    assert made.status == Status.STALLED
    assert made.n_iter < 20
    assert maximum_entropy.fit(jnp.arange(1.0, 7.0)[:, None], jnp.array([jnp.nan])).status == Status.NON_FINITE


@pytest.mark.parametrize("unit", [1e-30, 1e-21, 1e20, 1e30])
def test_the_unit_of_the_features_changes_nothing_but_the_multipliers(unit):
    faces = jnp.arange(1.0, 7.0)[:, None]
    plain, found = (maximum_entropy.fit(faces * s, jnp.array([4.5 * s])) for s in (1.0, unit))
    assert found.converged
    np.testing.assert_allclose(found.probability, plain.probability, atol=1e-5)
    np.testing.assert_allclose(found.multipliers * unit, plain.multipliers, rtol=1e-4)


def test_without_moments_it_is_the_base():
    made = maximum_entropy.fit(jnp.zeros((4, 1)), jnp.zeros(1), base=jnp.array([1.0, 1.0, 2.0, 4.0]))
    np.testing.assert_allclose(made.probability, [0.125, 0.125, 0.25, 0.5], rtol=1e-5)


def test_errors_of_maximum_entropy(unchecked):
    with pytest.raises(ValueError, match=r"features \(4, 2\), moments \(1,\)"):
        maximum_entropy.fit(jnp.zeros((4, 2)), jnp.zeros(1))
    with pytest.raises(ValueError, match=r"features \(4, 1\), base \(3,\)"):
        maximum_entropy.fit(jnp.zeros((4, 1)), jnp.zeros(1), base=jnp.ones(3))
    with pytest.raises(ValueError, match="max_iter must be positive"):
        maximum_entropy.fit(jnp.zeros((4, 1)), jnp.zeros(1), max_iter=0)


@pytest.mark.parametrize("distribution", ["uniform", "exponential", "coin"])
def test_means_are_standardized_and_within_the_bound(key, distribution):
    n, samples = 16, 8000
    z = central_limit.standardized_means(key=key, distribution=distribution, n_terms=n, n_samples=samples)
    assert abs(float(z.mean())) < 5 / samples**0.5
    assert abs(float(z.var()) - 1) < 5 * (2 / samples) ** 0.5
    bound = central_limit.berry_esseen_bound(distribution=distribution, n_terms=n)
    assert central_limit.normal_distance(z) < bound + 1.95 / samples**0.5


def test_the_gap_shrinks_with_the_number_of_terms_but_not_for_cauchy(key):
    def gap(distribution, n_terms):
        z = central_limit.standardized_means(key=key, distribution=distribution, n_terms=n_terms, n_samples=8000)
        return float(central_limit.normal_distance(z))

    assert gap("exponential", 1) > 0.14 > 0.05 > gap("exponential", 16)
    assert gap("cauchy", 16) > gap("cauchy", 1) > 0.1


def test_third_moments_of_the_table():
    uniform, exponential = central_limit.DISTRIBUTIONS["uniform"], central_limit.DISTRIBUTIONS["exponential"]
    moment = stats.uniform.expect(lambda x: abs(x - 0.5) ** 3) / stats.uniform.std() ** 3
    np.testing.assert_allclose(uniform.skew, moment, rtol=1e-6)
    np.testing.assert_allclose(exponential.skew, stats.expon.expect(lambda x: abs(x - 1) ** 3), rtol=1e-5)


def test_distance_equals_scipy(key):
    z = jax.random.normal(key, (50,)) * 1.3
    np.testing.assert_allclose(
        central_limit.normal_distance(z), stats.kstest(np.asarray(z), "norm").statistic, atol=1e-6
    )


def test_errors_of_the_limit(key):
    with pytest.raises(ValueError, match="'uniform', 'exponential'"):
        central_limit.standardized_means(key=key, distribution="dice", n_terms=1, n_samples=1)
    with pytest.raises(ValueError, match="n_terms must be positive"):
        central_limit.berry_esseen_bound(distribution="coin", n_terms=0)
    with pytest.raises(ValueError, match="number of draws"):
        central_limit.normal_distance(jnp.zeros(0))
