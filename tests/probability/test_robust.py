import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.miscmodels.tmodel import TLinearModel

from mfml.probability import robust
from mfml.regression import ols

N = 80
TRUE = np.array([2.0, -1.0])


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(N, 2))
    y = x @ TRUE + 0.5 + 0.2 * rng.standard_t(3, size=N)
    y[:4] += 20
    return jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32)


def test_maximum_is_that_of_a_general_optimizer(data):
    x, y = (np.asarray(part, float) for part in data)

    def loss(theta):
        return -stats.t(3.0, x @ theta[:2] + theta[2], np.exp(theta[3])).logpdf(y).mean()

    peer = optimize.minimize(loss, [0.0, 0.0, 0.0, 0.0], method="BFGS", options={"gtol": 1e-8})
    fitted = robust.fit(*data, df=3.0)
    assert fitted.converged
    np.testing.assert_allclose(fitted.model.coef, peer.x[:2], atol=2e-3)
    np.testing.assert_allclose(fitted.model.intercept, peer.x[2], atol=2e-3)
    np.testing.assert_allclose(fitted.model.scale, np.exp(peer.x[3]), rtol=2e-3)
    np.testing.assert_allclose(fitted.log_likelihood, -peer.fun, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")  # its optimizer tries parameters outside of their range
def test_with_estimated_df_it_equals_statsmodels(data):
    x, y = data
    design = np.column_stack([np.asarray(x, float), np.ones(N)])
    peer = TLinearModel(np.asarray(y, float), design).fit(
        start_params=np.array([2.0, -1.0, 0.5, 3.0, 0.3]), disp=False, method="nm", maxiter=5000, xtol=1e-8, ftol=1e-10
    )
    fitted = robust.fit(x, y, df=3.0, estimate_df=True, max_iter=500)
    assert fitted.converged
    found = [*np.asarray(fitted.model.coef), float(fitted.model.intercept)]
    np.testing.assert_allclose(found, peer.params[:3], atol=5e-3)
    np.testing.assert_allclose(fitted.model.scale, abs(peer.params[-1]), rtol=0.02)
    np.testing.assert_allclose(fitted.model.df, peer.params[3], rtol=0.03)
    np.testing.assert_allclose(fitted.log_likelihood, peer.llf / N, rtol=1e-5)


@pytest.mark.parametrize("estimate_df", [False, True])
def test_no_step_lowers_the_likelihood(data, estimate_df):
    history = np.asarray(robust.fit(*data, df=1.5, estimate_df=estimate_df).history)
    history = history[np.isfinite(history)]
    assert len(history) > 5
    assert (np.diff(history) > -1e-6).all()
    assert history[-1] > history[0] + 0.5


def test_outliers_break_least_squares_but_not_this(data):
    x, y = data
    clean = robust.fit(x[4:], y[4:], df=3.0).model
    dirty = robust.fit(x, y, df=3.0)
    assert np.abs(dirty.model.coef - clean.coef).max() < 0.05
    assert np.abs(ols.fit(x, y).intercept - clean.intercept) > 0.5
    assert (dirty.weights[:4] < 0.01).all()


def test_for_large_df_it_is_least_squares(data):
    x, y = data[0][4:], data[1][4:]
    fitted = robust.fit(x, y, df=1e6).model
    line = ols.fit(x, y)
    np.testing.assert_allclose(fitted.coef, line.coef, atol=1e-3)
    np.testing.assert_allclose(fitted.scale, np.std(y - ols.predict(line, x)), rtol=1e-3)


def test_normal_noise_gives_large_df_and_heavy_tails_small_ones():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(3000, 1)), jnp.float32)
    normal = jnp.asarray(rng.normal(size=3000), jnp.float32)
    heavy = jnp.asarray(rng.standard_t(2.0, size=3000), jnp.float32)
    assert robust.fit(x, normal, estimate_df=True).model.df > 15
    np.testing.assert_allclose(robust.fit(x, heavy, estimate_df=True).model.df, 2.0, rtol=0.2)


def test_step_is_what_fit_repeats(data):
    model = robust.init(*data, df=3.0)
    for _ in range(4):
        model = robust.step(model, *data)
    np.testing.assert_allclose(robust.fit(*data, df=3.0, max_iter=4).model.coef, model.coef, rtol=1e-4)


def test_the_units_do_not_matter(data):
    x, y = data
    first, second = robust.fit(x, y).model, robust.fit(1e3 * x, 1e6 * y).model
    np.testing.assert_allclose(second.coef, 1e3 * first.coef, rtol=1e-3)
    np.testing.assert_allclose(second.scale, 1e6 * first.scale, rtol=1e-3)


def test_works_under_vmap(data):
    x, y = data
    both = jax.vmap(lambda df: robust.fit(x, y, df=df).model.scale)(jnp.array([2.0, 5.0]))
    np.testing.assert_allclose(both[1], robust.fit(x, y, df=5.0).model.scale, rtol=1e-3)


def test_errors(unchecked):
    with pytest.raises(ValueError, match="cannot determine 3 parameters"):
        robust.fit(jnp.ones((2, 2)), jnp.ones(2))
    with pytest.raises(ValueError, match="max_iter must be positive"):
        robust.fit(jnp.ones((4, 1)), jnp.ones(4), max_iter=0)
    with pytest.raises(ValueError, match="same length"):
        robust.trust(robust.init(jnp.arange(4.0)[:, None], jnp.arange(4.0) ** 2), jnp.ones((3, 1)), jnp.ones(4))
