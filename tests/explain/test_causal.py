"""Interventions, adjustment and learned graphs: the sign turns, the unit decides, and formulas that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import statsmodels.api

from mfml.explain import adjustment, causal, chains, notears
from mfml.explain.causal import Variable

MODEL = (
    Variable("size", (), lambda: 1.0, 0.5),
    Variable("heat", ("size",), lambda size: -2 * size, 0.3),
    Variable("strength", ("size", "heat"), lambda size, heat: 3 * size + heat**2, 0.1),
)


def test_kidney_stones_turn_the_sign():
    counts = [81, 6, 192, 71, 234, 36, 55, 25]  # healed or not: small and large stones, open surgery and the new way
    healed, large, opened = [1, 0] * 4, [0, 0, 1, 1] * 2, [1] * 4 + [0] * 4
    found = adjustment.back_door(healed, opened, large, n_strata=2, weights=counts)
    assert found.crude == pytest.approx(-0.0457143, abs=1e-6)
    assert found.effect == pytest.approx(0.0536712, abs=1e-6)
    rows = [np.repeat(np.asarray(column), counts) for column in (healed, opened, large)]
    np.testing.assert_allclose(adjustment.back_door(*rows, n_strata=2).effect, found.effect, atol=1e-6)


def test_a_stratum_with_one_treatment_only_makes_the_effect_unknown():
    found = adjustment.back_door([1.0, 2.0, 5.0], [0, 1, 1], [0, 0, 1], n_strata=3)
    assert np.isnan(found.effect)
    np.testing.assert_array_equal(found.of_strata, [1.0, np.nan, np.nan])
    np.testing.assert_allclose(found.share, [2 / 3, 1 / 3, 0.0])
    assert (
        adjustment.back_door([1.0, 2.0], [0, 1], [0, 0], n_strata=2).effect == 1
    )  # a stratum of nobody does not matter


@pytest.mark.parametrize(("strata", "weights"), [([9, 9, 9], [1.0, 1.0, 1.0]), ([0, 0, 0], [0.0, 0.0, 0.0])])
def test_nobody_has_no_effect_that_is_known(strata, weights):
    assert np.isnan(adjustment.back_door([1.0, 2.0, 5.0], [0, 1, 1], strata, n_strata=1, weights=weights).effect)


def test_whoever_belongs_to_no_stratum_may_hold_anything():
    found = adjustment.back_door([np.nan, 2.0, 3.0, 5.0], [1, 0, 1, 1], [9, 0, 0, 0], n_strata=1)
    assert found.effect == pytest.approx(2.0)


def test_huge_weights_are_only_ratios():
    found = adjustment.back_door([1.0, 2.0, 5.0], [0, 1, 1], [0, 0, 0], n_strata=1, weights=[1e38, 1e38, 2e38])
    assert found.effect == pytest.approx(3.0)


def test_a_treatment_that_confounders_determine_has_no_effect_that_is_known():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(60, 2)).astype(np.float32), rng.normal(size=60)
    assert np.isnan(adjustment.linear(y, 3 * z[:, 0] + 0.7 * z[:, 1], z).effect)
    t = z[:, 0] + rng.normal(size=60)
    twice = adjustment.linear(y, t, z[:, [0, 0, 1]]).effect  # a confounder that is there twice changes nothing
    np.testing.assert_allclose(twice, adjustment.linear(y, t, z).effect, rtol=1e-3)
    slope = np.polyfit(t, y, 1)[0]
    np.testing.assert_allclose(adjustment.linear(y, t, np.zeros((60, 0))).effect, slope, rtol=1e-3)


def test_adjustment_gives_the_effect_of_an_intervention_and_crude_means_do_not():
    model = (
        Variable("z", (), lambda: 0.0, 1.0, lambda key, shape: jax.random.randint(key, shape, 0, 3).astype(float)),
        Variable("u", (), lambda: 0.0, 1.0, jax.random.uniform),
        Variable("t", ("z", "u"), lambda z, u: (u < 0.2 + 0.3 * z).astype(float), 0.0),
        Variable("y", ("z", "t"), lambda z, t: t * (1 + z) - 4 * z, 0.1),
    )
    seen = causal.simulate(model, key=jax.random.key(1), n_samples=4000)
    found = adjustment.back_door(seen["y"], seen["t"].astype(int), seen["z"].astype(int), n_strata=3)
    expected = causal.effect(model, "t", "y", key=jax.random.key(1), n_samples=4000)
    assert float(expected) == pytest.approx(2.0, abs=0.05)  # 1 + the mean of z
    assert float(found.effect) == pytest.approx(float(expected), abs=0.03)
    assert found.crude < 0


def test_the_linear_effect_equals_statsmodels_and_its_bias_is_exact():
    rng = np.random.default_rng(0)
    z, hidden = rng.normal(size=(100, 2)), rng.normal(size=100)
    t = z @ [1.0, 0.5] + hidden + rng.normal(size=100)
    y = 2 * t + z @ [1.0, -1.0] + hidden + rng.normal(size=100)
    found = adjustment.linear(y, t, z)
    short = statsmodels.api.OLS(y, statsmodels.api.add_constant(np.c_[t, z])).fit()
    np.testing.assert_allclose(found, [short.params[1], short.bse[1], short.df_resid], rtol=1e-4)
    # Cinelli and Hazlett's formula is an identity, once the shares that the hidden cause explains are known
    long = statsmodels.api.OLS(y, statsmodels.api.add_constant(np.c_[t, z, hidden])).fit()
    of_outcome = 1 - long.ssr / short.ssr
    without = statsmodels.api.OLS(t, statsmodels.api.add_constant(z)).fit()
    with_hidden = statsmodels.api.OLS(t, statsmodels.api.add_constant(np.c_[z, hidden])).fit()
    of_treatment = 1 - with_hidden.ssr / without.ssr
    bias = adjustment.bias(found, r2_treatment=of_treatment, r2_outcome=of_outcome)
    assert float(bias) == pytest.approx(abs(short.params[1] - long.params[1]), rel=1e-3)


def test_a_confounder_of_the_robustness_value_takes_the_effect_away():
    found = adjustment.Linear(jnp.array(-3.0), jnp.array(0.5), jnp.array(40.0))
    for share in (0.5, 1.0):
        strength = adjustment.robustness(found, share=share)
        moved = adjustment.bias(found, r2_treatment=strength, r2_outcome=strength)
        assert float(moved) == pytest.approx(3.0 * share, rel=1e-5)


def test_e_values_are_those_of_the_paper():
    assert float(adjustment.e_value(3.9)) == pytest.approx(7.26, abs=0.005)  # VanderWeele and Ding, smoking example
    assert float(adjustment.e_value(1.0)) == 1
    assert float(adjustment.e_value(1e30)) == pytest.approx(2e30)
    assert float(adjustment.e_value(1 / 3.9)) == pytest.approx(7.26, abs=0.005)


def test_interventions_cut_the_arrows_into_a_variable_and_keep_the_noise():
    seen = causal.simulate(MODEL, key=jax.random.key(0), n_samples=500)
    done = causal.simulate(MODEL, key=jax.random.key(0), n_samples=500, do={"heat": 1.0})
    np.testing.assert_array_equal(done["size"], seen["size"])
    np.testing.assert_array_equal(done["heat"], 1)
    assert np.corrcoef(seen["size"], seen["heat"])[0, 1] < -0.9
    np.testing.assert_allclose(
        done["strength"] - seen["strength"], 1 - np.asarray(seen["heat"]) ** 2, rtol=1e-4, atol=1e-4
    )


def test_what_would_have_been_keeps_the_noise_of_each_sample():
    seen = causal.simulate(MODEL, key=jax.random.key(0), n_samples=50)
    same = causal.counterfactual(MODEL, seen, do={})
    np.testing.assert_allclose(same["strength"], seen["strength"], rtol=1e-5, atol=1e-5)
    changed = causal.counterfactual(MODEL, seen, do={"heat": 1.0})
    done = causal.simulate(MODEL, key=jax.random.key(0), n_samples=50, do={"heat": 1.0})
    np.testing.assert_allclose(changed["strength"], done["strength"], rtol=1e-4, atol=1e-4)


def test_models_that_are_none_are_refused():
    assert chains.paths(MODEL, "size", "strength") == [("size", "strength"), ("size", "heat", "strength")]
    with pytest.raises(ValueError, match="causes come before effects: 'heat' comes before 'size'"):
        causal.simulate(MODEL[1:], key=jax.random.key(0), n_samples=2)
    with pytest.raises(ValueError, match=r"variable must be one of .*'heat'.*; found 'hate'"):
        causal.simulate(MODEL, key=jax.random.key(0), n_samples=2, do={"hate": 1.0})
    with pytest.raises(ValueError, match="two variables of the name 'size'"):
        chains.check((*MODEL, MODEL[0]), ())
    with pytest.raises(ValueError, match="observed lacks heat, strength"):
        causal.counterfactual(MODEL, {"size": jnp.ones(2)}, do={})


def test_acyclicity_counts_closed_paths():
    w = np.random.default_rng(0).uniform(-1, 1, (4, 4))
    expected = np.trace(np.asarray(jax.scipy.linalg.expm(jnp.asarray(w**2)))) - 4
    np.testing.assert_allclose(notears.acyclicity(w), expected, rtol=1e-4)
    assert notears.acyclicity(np.triu(w, 1)) == 0
    tiny = np.zeros((3, 3))
    tiny[0, 1] = tiny[1, 0] = 1e-3
    np.testing.assert_allclose(notears.acyclicity(tiny), 1e-12, rtol=1e-5)  # not lost beside the trace of 3


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_a_graph_does_not_depend_on_a_common_unit(unit):
    cause, noise = np.random.default_rng(0).normal(size=(2, 200))
    x = np.stack([cause, 2 * cause + noise], axis=1)
    found = notears.fit(np.float32(unit) * x.astype(np.float32), l1=0.1 * unit**2)
    assert found.converged
    np.testing.assert_allclose(found.weights, notears.fit(x).weights, rtol=1e-3)


def test_notears_is_right_on_raw_data_and_wrong_once_standardized():
    wrong = {"raw": [], "standardized": []}
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        order = rng.permutation(10)
        w = np.triu(rng.uniform(size=(10, 10)) < 0.3, 1) * rng.uniform(0.5, 2, (10, 10)) * rng.choice([-1, 1], (10, 10))
        w = w[np.ix_(order, order)]
        x = rng.normal(size=(1000, 10)) @ np.linalg.inv(np.eye(10) - w)
        for name, data in (("raw", x), ("standardized", (x - x.mean(axis=0)) / x.std(axis=0))):
            found = notears.fit(data)
            assert found.acyclicity < 1e-5
            wrong[name].append(int(np.sum((np.asarray(found.weights) != 0) != (w != 0))))
    assert np.mean(wrong["raw"]) < 3
    assert min(wrong["standardized"]) > 5
