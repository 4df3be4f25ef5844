"""Acquisition functions against high precision, quadrature and SciPy, and campaigns against random search."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from mfml.data import alloys
from mfml.uncertainty import acquisition, active, gp, surrogate

# z, log h(z) and h'(z) / h(z) for h = phi + z Phi, with 60 digits
PRECISE = np.array([
    (-1e6, -500000000028.54995965, 1000000.000002),
    (-1e3, -500014.73445209115845, 1000.001999994000042),
    (-300, -45012.326536814554207, 300.0066664444617265),
    (-40, -808.29856835661996024, 40.049906657648518193),
    (-13, -90.566234662022042883, 13.151222117527371083),
    (-3, -7.8696860596030285171, 3.5323375176251605167),
    (-2, -4.7687835239171141569, 2.6794168839555859839),
    (-1, -2.4851210257126413368, 1.9042712333296918229),
    (0.5, -0.35982768374506381859, 0.99092271800410996015),
    (10, 2.302585092994045684, 0.1),
])  # fmt: skip


def log_and_slope(z):
    def of_one(mean):
        return acquisition.log_expected_improvement(mean, jnp.ones_like(mean), best=0.0)

    return jax.vmap(jax.value_and_grad(of_one))(z)


@pytest.mark.parametrize(("double", "tolerance"), [(False, 2e-6), (True, 1e-12)])
def test_log_expected_improvement_and_its_slope_have_all_digits(double, tolerance):
    with jax.enable_x64(double):
        value, slope = log_and_slope(jnp.asarray(PRECISE[:, 0], float))
    np.testing.assert_allclose(value, PRECISE[:, 1], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(slope, PRECISE[:, 2], rtol=tolerance)


def test_improvements_are_those_of_quadrature_and_of_scipy():
    mean, std, best, xi = np.array([0.0, 1.0, -2.0, 0.3]), np.array([1.0, 0.5, 2.0, 0.1]), 0.5, 0.25
    found = acquisition.expected_improvement(mean, std, best=best, xi=xi)
    limit = best + xi

    def area(m, s):
        return scipy.integrate.quad(lambda f: (f - limit) * scipy.stats.norm.pdf(f, m, s), limit, m + 40 * s)[0]

    np.testing.assert_allclose(found, [area(m, s) for m, s in zip(mean, std, strict=True)], rtol=1e-5, atol=1e-9)
    chance = acquisition.probability_of_improvement(mean, std, best=best, xi=xi)
    np.testing.assert_allclose(chance, scipy.stats.norm.sf(limit, mean, std), rtol=1e-5)
    known = acquisition.expected_improvement(jnp.array(0.0), jnp.array(1.0), best=0.5)
    np.testing.assert_allclose(known, 0.197796557, rtol=1e-6)


def test_without_uncertainty_an_improvement_is_certain_or_impossible():
    mean, std = jnp.array([1.0, 0.0, -1.0]), jnp.zeros(3)
    assert acquisition.expected_improvement(mean, std, best=0.0).tolist() == [1, 0, 0]
    assert acquisition.probability_of_improvement(mean, std, best=0.0).tolist() == [1, 0, 0]
    assert acquisition.log_expected_improvement(mean, std, best=0.0).tolist() == [0, -np.inf, -np.inf]


def test_a_campaign_whose_best_candidates_are_unknown_needs_an_unknown_number_of_experiments():
    y = jnp.array([0.0, 2.0, 1.0])
    assert int(active.experiments_needed(jnp.array([1.0, 1.0, 2.0]), y, share=0.0)) == 3
    assert int(active.experiments_needed(jnp.array([1.0, 1.0]), y, share=0.0)) == 3
    assert int(active.experiments_needed(jnp.array([1.0, 2.0]), y.at[0].set(jnp.nan), share=0.0)) == -1


@pytest.mark.parametrize("function", ["expected_improvement", "log_expected_improvement", "probability_of_improvement"])
def test_gradients_are_finite_in_any_unit(function):
    """At a gap of zero, at no uncertainty, and in units of 1e-19, where squares are 0."""

    def of_one(gap, std):
        return getattr(acquisition, function)(gap, std, best=0.0)

    gap = jnp.array([0.0, 1.0, -1.0, 1e-19, -1e-19, -1.0, 0.0, 1e19])
    std = jnp.array([0.0, 0.0, 0.0, 2e-19, 2e-20, 1e-30, 1e-19, 1e18])
    for slope in jax.vmap(jax.grad(of_one, argnums=(0, 1)))(gap, std):
        assert np.isfinite(slope).all()


def test_expected_improvement_does_not_underflow_where_the_logarithm_says_that_it_is_a_number():
    mean, std = -jnp.arange(0.0, 12.0), jnp.ones(12)
    value = acquisition.expected_improvement(mean, std, best=0.0)
    assert (np.diff(value) < 0).all()
    np.testing.assert_allclose(
        np.log(value), acquisition.log_expected_improvement(mean, std, best=0.0), rtol=1e-5, atol=1e-6
    )


def test_in_double_precision_the_logarithm_is_a_number_however_small_the_uncertainty():
    with jax.enable_x64(True):
        found = acquisition.log_expected_improvement(np.array([-1.0]), np.array([1e-38]), best=0.0)
    np.testing.assert_allclose(found, -5e75, rtol=1e-12)  # -z^2 / 2


def test_thompson_draws_a_candidate_as_often_as_it_is_the_best():
    """Of two independent normal numbers the first is larger with probability Phi(difference / sqrt 2)."""
    draws = jax.random.normal(jax.random.key(0), (4000, 2)) + jnp.array([1.0, 0.0])
    share = (acquisition.thompson(draws) == 0).mean()
    assert abs(share - scipy.stats.norm.cdf(1 / np.sqrt(2))) < 0.03
    assert acquisition.thompson(jnp.array([[0.0, jnp.nan]])).tolist() == [-1]


KEYS = jax.random.split(jax.random.key(1), 20)


def alloy_pool(n):
    """Alloys and their strength; grain size and aging time on a logarithmic axis."""
    data = alloys.simulate(key=jax.random.key(7), n_samples=n, scatter=0.0)
    return data.x.at[:, 5:7].set(jnp.log(data.x[:, 5:7])), data.strength


def test_the_strongest_alloy_is_found_in_a_quarter_of_the_experiments_that_random_search_needs():
    """The best of 150 alloys; random search needs 75.5 on average, as the closed form and its own campaigns say."""
    x, y = alloy_pool(150)

    def needed(key, **options):
        run = active.campaign(x, y, key=key, n_initial=5, **options)
        return run, active.experiments_needed(run.best, y, share=0.0)

    run, model = jax.jit(jax.vmap(partial(needed, n_steps=25, n_updates=3)))(KEYS)
    _, chance = jax.jit(jax.vmap(partial(needed, n_steps=145, kind="random")))(KEYS)
    assert abs(chance.mean() - 151 / 2) < 3 * 150 / np.sqrt(12 * len(KEYS))
    assert (model <= 30).mean() >= 0.95  # the others count as 31
    assert model.mean() <= 151 / 2 / 4
    for order in run.order:
        assert len(set(order.tolist())) == 30
    np.testing.assert_array_equal(run.best, np.maximum.accumulate(y[run.order], axis=1))
    np.testing.assert_array_equal(run.regret, y.max() - run.best)


@pytest.mark.parametrize("kind", ["ucb", "variance", "thompson"])
def test_every_kind_measures_each_candidate_once(kind):
    x = jnp.linspace(0.0, 1.0, 9)[:, None]
    run = active.campaign(x, jnp.sin(9 * x[:, 0]), key=KEYS[0], n_initial=2, n_steps=7, kind=kind, n_updates=1)
    assert sorted(run.order.tolist()) == list(range(9))
    assert run.regret[-1] == 0


def test_variance_measures_where_nothing_is_known():
    x = jnp.array([[0.0], [0.1], [0.2], [5.0]])
    chosen = active.suggest(x[:2], jnp.zeros(2), x, kind="variance", n_steps=0).chosen
    assert chosen.tolist() == [3]


def test_a_suggestion_is_new_and_is_refused_where_nothing_is_left():
    x, y = jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0.0, 1.0, 4.0])
    made = active.suggest(x, y, jnp.concatenate([x, x + 0.5]), n_suggestions=3, n_steps=0)
    assert sorted(made.chosen.tolist()) == [3, 4, 5]
    np.testing.assert_allclose(made.mean[:3], y, atol=0.2)
    with pytest.raises(ValueError, match="at most the number of different candidates not measured yet"):
        active.suggest(x, y, x, n_steps=0)
    twice = jnp.concatenate([x + 0.5, x + 0.5])
    made = active.suggest(x, y, twice, n_suggestions=3, n_steps=0)
    assert sorted(twice[made.chosen, 0].tolist()) == [0.5, 1.5, 2.5]  # equal candidates are one experiment
    with pytest.raises(ValueError, match="at most the number of different candidates"):
        active.suggest(x, y, twice, n_suggestions=4, n_steps=0)
    with pytest.raises(ValueError, match='kind "thompson" needs a key'):
        active.suggest(x, y, x + 0.5, kind="thompson")
    with pytest.raises(ValueError, match="at most the 3 candidates; found 4"):
        active.campaign(x, y, key=KEYS[0], n_initial=2, n_steps=2)


def test_places_without_a_measurement_say_nothing():
    x, y = np.random.default_rng(0).normal(size=(6, 2)), np.arange(6.0)
    hyper = surrogate.init(x[:4])
    found = surrogate.condition(hyper, x, y, np.arange(6) < 4)
    exact = gp.condition(
        x[:4], y[:4], kernel=hyper.kernel, noise_variance=hyper.noise_variance, mean=1.5, scale=np.sqrt(1.25)
    )
    np.testing.assert_allclose(gp.predict(found, x), gp.predict(exact, x), rtol=1e-4, atol=1e-4)
