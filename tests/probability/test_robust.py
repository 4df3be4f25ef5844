import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.metrics import r2_score
from statsmodels.miscmodels.tmodel import TLinearModel

from mfml import iteration
from mfml.iteration import Status
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
    np.testing.assert_allclose(fitted.coef, peer.x[:2], atol=2e-3)
    np.testing.assert_allclose(fitted.intercept, peer.x[2], atol=2e-3)
    np.testing.assert_allclose(fitted.scale, np.exp(peer.x[3]), rtol=2e-3)
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
    found = [*np.asarray(fitted.coef), float(fitted.intercept)]
    np.testing.assert_allclose(found, peer.params[:3], atol=5e-3)
    np.testing.assert_allclose(fitted.scale, abs(peer.params[-1]), rtol=0.02)
    np.testing.assert_allclose(fitted.df, peer.params[3], rtol=0.03)
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
    clean = robust.fit(x[4:], y[4:], df=3.0)
    dirty = robust.fit(x, y, df=3.0)
    assert np.abs(dirty.coef - clean.coef).max() < 0.05
    assert np.abs(ols.fit(x, y).intercept - clean.intercept) > 0.5
    assert (dirty.weights[:4] < 0.01).all()


def test_for_large_df_it_is_least_squares(data):
    x, y = data[0][4:], data[1][4:]
    fitted = robust.fit(x, y, df=1e6)
    line = ols.fit(x, y)
    np.testing.assert_allclose(fitted.coef, line.coef, atol=1e-3)
    np.testing.assert_allclose(fitted.scale, np.std(y - ols.predict(line, x)), rtol=1e-3)


def test_normal_noise_gives_large_df_and_heavy_tails_small_ones():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(3000, 1)), jnp.float32)
    normal = jnp.asarray(rng.normal(size=3000), jnp.float32)
    heavy = jnp.asarray(rng.standard_t(2.0, size=3000), jnp.float32)
    assert robust.fit(x, normal, estimate_df=True).df > 15
    np.testing.assert_allclose(robust.fit(x, heavy, estimate_df=True).df, 2.0, rtol=0.2)


def test_step_is_what_fit_repeats(data):
    state = robust.init(*data, df=3.0)
    for _ in range(4):
        state = robust.step(state, *data)
    np.testing.assert_allclose(robust.fit(*data, df=3.0, max_iter=4).coef, state.coef, rtol=1e-4)


def test_the_units_do_not_matter(data):
    x, y = data
    first, second = robust.fit(x, y), robust.fit(1e3 * x, 1e6 * y)
    np.testing.assert_allclose(second.coef, 1e3 * first.coef, rtol=1e-3)
    np.testing.assert_allclose(second.scale, 1e6 * first.scale, rtol=1e-3)


def test_works_under_vmap(data):
    x, y = data
    both = jax.vmap(lambda df: robust.fit(x, y, df=df).scale)(jnp.array([2.0, 5.0]))
    np.testing.assert_allclose(both[1], robust.fit(x, y, df=5.0).scale, rtol=1e-3)


def test_score_is_r2_and_the_log_likelihood_that_of_the_fit(data):
    fitted = robust.fit(*data, df=3.0)
    np.testing.assert_allclose(
        robust.score(fitted, *data), r2_score(data[1], robust.predict(fitted, data[0])), rtol=1e-5
    )
    np.testing.assert_allclose(robust.log_likelihood(fitted, *data), fitted.log_likelihood, rtol=1e-6)
    np.testing.assert_allclose(robust.trust(fitted, *data), fitted.weights, rtol=1e-4)
    assert robust.score(fitted, *data) < ols.score(ols.fit(*data), *data)  # least squares has the largest R2


def test_it_says_how_it_ended(data):
    x, y = data
    assert iteration.explain(robust.fit(x, y, max_iter=2)).startswith("ran out of steps: 2")
    assert robust.fit(x, y.at[5].set(jnp.nan)).status == Status.NON_FINITE
    stalled = robust.fit(x, y, tol=0.0)
    assert stalled.status == Status.STALLED
    assert stalled.n_iter < 100
    np.testing.assert_allclose(stalled.coef, robust.fit(x, y).coef, atol=1e-3)


@pytest.mark.parametrize(("df", "n_off", "status"), [(4.0, 1, 4), (4.0, 3, 0), (1.0, 3, 4), (4.0, 0, 4)])
def test_a_line_through_too_many_samples_has_no_largest_likelihood(df, n_off, status):
    """Too many is more than df / (df + 1) of them."""
    x = jnp.arange(10.0)[:, None]
    y = (2 * x[:, 0] + 1).at[:n_off].add(jnp.array([49.0, -33.0, -75.0])[:n_off])
    fitted = robust.fit(x, y, df=df)
    assert fitted.status == status
    assert np.isfinite(fitted.weights).all()
    if status == Status.UNBOUNDED:
        np.testing.assert_allclose(fitted.coef, 2.0, atol=1e-3)
        assert fitted.scale < 1e-5


def test_errors(unchecked):
    with pytest.raises(ValueError, match="cannot determine 3 parameters"):
        robust.fit(jnp.ones((2, 2)), jnp.ones(2))
    with pytest.raises(ValueError, match="max_iter must be positive"):
        robust.fit(jnp.ones((4, 1)), jnp.ones(4), max_iter=0)
    line = robust.init(jnp.arange(4.0)[:, None], jnp.arange(4.0) ** 2)
    for function in (robust.trust, robust.score, robust.log_likelihood, robust.step):
        with pytest.raises(ValueError, match=r"x \(3, 1\), y \(4,\)"):
            function(line, jnp.ones((3, 1)), jnp.ones(4))
        with pytest.raises(ValueError, match="x must have 1 columns"):
            function(line, jnp.ones((4, 2)), jnp.ones(4))


def test_the_size_of_a_far_outlier_does_not_hide_the_noise_of_the_others():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1)).astype(np.float32)
    y = (1 + 2 * x[:, 0] + 0.1 * rng.standard_t(3, size=200)).astype(np.float32)
    without = robust.fit(x[1:], y[1:], df=3.0)
    y[0] = 1e6
    found = robust.fit(x, y, df=3.0)
    assert found.converged
    np.testing.assert_allclose(found.coef, without.coef, atol=0.01)
    with jax.enable_x64(True):
        exact = robust.fit(x.astype(float), y.astype(float), df=3.0)
    np.testing.assert_allclose(found.intercept, exact.intercept, atol=1e-5)
    np.testing.assert_allclose(found.scale, exact.scale, rtol=1e-4)


@pytest.mark.parametrize("df", [0.0, -1.0])
def test_degrees_of_freedom_are_positive(df):
    with pytest.raises(ValueError, match="df must be positive"):
        robust.fit(np.arange(4.0)[:, None], np.arange(4.0), df=df)
