"""Gaussian mixtures against scikit-learn, scipy, and the law of EM."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from mfml.clustering import covariances, distances, gmm
from mfml.iteration import Status, explain

KINDS = covariances.KINDS


@pytest.fixture
def x(key):
    a, c = jax.random.split(key)
    centers = jnp.array([[0.0, 0.0], [5.0, 1.0], [-2.0, 6.0]])
    turn = jnp.eye(2) + 0.5 * jax.random.normal(c, (3, 2, 2))
    noise = jax.random.normal(a, (3, 50, 2)) @ turn
    return (centers[:, None] + noise).reshape(-1, 2)


def gamma_of(key, n, k):
    return jax.nn.softmax(2 * jax.random.normal(key, (n, k)), axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_densities_equal_scipy(x, key, kind):
    mixture = gmm.m_step(x, gamma_of(key, 150, 3), covariance_type=kind)
    full = covariances.dense(mixture.covariances, n_components=3, n_features=2)
    parts = [multivariate_normal(np.asarray(m), np.asarray(s)).pdf(x) for m, s in zip(mixture.means, full, strict=True)]
    joint = np.asarray(mixture.weights) * np.stack(parts, axis=1)
    np.testing.assert_allclose(gmm.log_prob(mixture, x), np.log(joint.sum(axis=1)), rtol=1e-4)
    gamma = gmm.responsibilities(mixture, x)
    np.testing.assert_allclose(gamma, joint / joint.sum(axis=1, keepdims=True), atol=1e-4)
    np.testing.assert_array_equal(gmm.predict(mixture, x), joint.argmax(axis=1))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("kind", KINDS)
def test_fit_from_a_mixture_equals_sklearn(x, kind):
    x = jnp.asarray(np.asarray(x), float)
    gamma = jax.nn.one_hot(jnp.arange(150) // 50, 3)
    start = gmm.m_step(x, gamma, covariance_type=kind)
    full = np.asarray(covariances.dense(start.covariances, n_components=3, n_features=2))
    precision = np.linalg.inv(full)
    shaped = {
        "full": precision,
        "tied": precision[0],
        "diag": precision.diagonal(axis1=1, axis2=2),
        "spherical": precision[:, 0, 0],
    }[kind]
    peer = GaussianMixture(
        3,
        covariance_type=kind,
        tol=1e-7,
        max_iter=500,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=shaped,
    ).fit(x)
    found = gmm.fit(x, init=start, tol=1e-7, max_iter=500)
    order = np.lexsort(peer.means_.T[::-1])
    assert found.converged and peer.converged_
    np.testing.assert_allclose(found.means, peer.means_[order], atol=1e-3)
    np.testing.assert_allclose(found.weights, peer.weights_[order], atol=1e-4)
    mine = np.asarray(covariances.dense(found.covariances, n_components=3, n_features=2))
    theirs = {
        "full": lambda c: c[order],
        "tied": lambda c: np.broadcast_to(c, (3, 2, 2)),
        "diag": lambda c: np.stack([np.diag(v) for v in c[order]]),
        "spherical": lambda c: np.stack([np.eye(2) * v for v in c[order]]),
    }[kind](peer.covariances_)
    np.testing.assert_allclose(mine, theirs, atol=1e-3)
    np.testing.assert_allclose(found.log_likelihood, peer.score(x), rtol=1e-6)
    np.testing.assert_allclose(gmm.bic(found, x), peer.bic(x), rtol=1e-6)
    np.testing.assert_allclose(gmm.aic(found, x), peer.aic(x), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("features", [1, 2])
def test_step_is_m_step_on_responsibilities(x, key, kind, features):
    x = x[:, :features]
    mixture = gmm.m_step(x, gamma_of(key, 150, 3), covariance_type=kind)
    expected = gmm.m_step(x, gmm.responsibilities(mixture, x), covariance_type=kind)
    found, before = gmm.step(mixture, x)
    np.testing.assert_allclose(before, gmm.score(mixture, x), rtol=1e-5)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("kind", KINDS)
def test_log_likelihood_never_falls_over_100_data_sets(key, kind):
    def history(key):
        normal = jax.random.normal(key, (246,))
        centers, noise = 2 * normal[:6].reshape(3, 1, 2), normal[6:].reshape(3, 40, 2)
        x = (centers + noise).reshape(-1, 2)
        gamma = jax.nn.softmax(-distances.squared_euclidean(x, x[:3]) / 8, axis=1)  # a poor start
        start = gmm.m_step(x, gamma, covariance_type=kind)
        return gmm.fit(x, init=start, max_iter=25, tol=-1.0, reg_covar=0.0).history

    histories = np.asarray(jax.vmap(history)(jax.random.split(key, 100)))
    assert histories.shape == (100, 26) and np.isfinite(histories).all()
    assert np.diff(histories, axis=1).min() > -1e-10
    assert np.median(histories[:, -1] - histories[:, 0]) > 0.01


def test_far_from_the_origin_and_thin(key):
    """In single precision, cancellation would destroy a variance of 1e-4 at 1000."""
    a = jax.random.normal(key, (200, 2)) * jnp.array([0.01, 1.0]) + jnp.array([30.0, 0.0])
    b = jax.random.normal(jax.random.fold_in(key, 1), (200, 2)) - jnp.array([30.0, 0.0])
    x = jnp.concatenate([a, b])
    found = gmm.fit(x, key=key, n_components=2, reg_covar=0.0)
    np.testing.assert_allclose(found.covariances[1], np.cov(np.asarray(a, np.float64).T, ddof=0), rtol=0.02, atol=1e-4)


def test_fit_recovers_the_mixture_it_samples_from(key):
    truth = gmm.Mixture(
        jnp.array([0.3, 0.7]),
        jnp.array([[-3.0, 0.0], [2.0, 1.0]]),
        jnp.array([[[1.0, 0.6], [0.6, 1.0]], [[0.5, 0.0], [0.0, 2.0]]]),
    )
    x, component = gmm.sample(truth, key=key, n_samples=4000)
    found = gmm.fit(x, key=key, n_components=2, tol=1e-5)
    for a, b in zip(found[:3], truth, strict=True):
        np.testing.assert_allclose(a, b, atol=0.12)
    assert np.mean(gmm.predict(found, x) == component) > 0.97
    more = gmm.fit(x, key=key, n_components=4, tol=1e-5, max_iter=300)
    assert gmm.bic(found, x) < gmm.bic(more, x)
    assert gmm.score(more, x) > gmm.score(found, x)
    assert gmm.sample(found, key=key, n_samples=5)[0].shape == (5, 2)


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_other_starts_and_the_best_of_them(x, key, init):
    one = gmm.fit(x, key=key, n_components=3, init=init, n_init=6, covariance_type="tied")
    assert one.log_likelihood >= gmm.fit(x, key=key, n_components=3, covariance_type="tied").log_likelihood - 0.01
    assert (np.diff(one.means[:, 0]) >= 0).all()
    np.testing.assert_allclose(one.log_likelihood, gmm.score(one, x), rtol=1e-5)


def test_a_singular_covariance_is_not_hidden(key):
    line = jnp.outer(jnp.arange(10.0), jnp.array([1.0, 2.0]))
    found = gmm.fit(line, key=key, n_components=1, reg_covar=0.0)
    assert not found.converged
    assert jnp.isnan(found.log_likelihood)
    assert found.status == Status.UNBOUNDED and "Add a penalty" in explain(found)
    assert gmm.fit(line, key=key, n_components=1, reg_covar=1e-3).converged


def test_a_component_that_collapses_stops_before_it_is_singular(key):
    """Two equal samples far from all others: a component shrinks onto them."""
    x = jnp.concatenate([jax.random.normal(key, (40, 2)), jnp.full((2, 2), 9.0)])
    wide = jnp.array([[[1.0, 0.0], [0.0, 1.0]], [[9.0, 0.0], [0.0, 9.0]]])
    start = gmm.Mixture(jnp.array([0.5, 0.5]), jnp.array([[0.0, 0.0], [9.0, 9.0]]), wide)
    found = gmm.fit(x, init=start, reg_covar=0.0, tol=0.0)
    assert found.status == Status.UNBOUNDED and not found.converged
    assert jnp.isfinite(gmm.log_prob(found, x)).all()
    seen = np.asarray(found.history[: found.n_iter + 1])
    assert np.isfinite(seen).all() and np.isnan(found.history[found.n_iter + 1 :]).all()
    np.testing.assert_allclose(seen[-1], gmm.score(found, x), rtol=1e-4)
    assert gmm.fit(x, init=start, reg_covar=1e-3).converged


def test_a_collapsed_start_is_not_the_best(key):
    x = jnp.concatenate([jax.random.normal(key, (40, 2)), jnp.full((2, 2), 9.0)])
    runs = [gmm.fit(x, key=k, n_components=2, init="random", reg_covar=0.0) for k in jax.random.split(key, 8)]
    assert {int(run.status) for run in runs} == {Status.CONVERGED, Status.UNBOUNDED}
    assert gmm.fit(x, key=key, n_components=2, n_init=8, init="random", reg_covar=0.0).converged


def test_endings_are_told_apart(x, key):
    short = gmm.fit(x, key=key, n_components=3, max_iter=2, tol=0.0)
    assert short.status == Status.MAX_ITER and short.n_iter == 2 and not short.converged
    assert explain(short).startswith("ran out of steps: 2 were not enough")
    broken = gmm.fit(x.at[3, 1].set(jnp.nan), key=key, n_components=2)
    assert broken.status == Status.NON_FINITE and "NaN or infinite" in explain(broken)
    small = gmm.fit(1e-21 * x, key=key, n_components=2)
    assert small.status == Status.NON_FINITE and "rescale the data" in explain(small)
    given = gmm.fit(x.at[3, 1].set(jnp.nan), init=gmm.m_step(x, gamma_of(key, 150, 3)))
    huge = gmm.fit(1e25 * x, key=key, n_components=2)
    assert given.status == huge.status == Status.NON_FINITE and "rescale the data" in explain(huge)


def test_history_is_the_log_likelihood_of_each_mixture(x, key):
    state = gmm.m_step(x, gamma_of(key, 150, 3))
    found = gmm.fit(x, init=state, max_iter=4, tol=0.0)
    for value in found.history:
        np.testing.assert_allclose(value, gmm.score(state, x), rtol=1e-5)
        state, _ = gmm.step(state, x)
    assert found.history.shape == (5,) and found.log_likelihood == found.history[4]


def test_a_fit_goes_on_from_a_fit(x, key):
    first = gmm.fit(x, key=key, n_components=3, max_iter=3, tol=0.0)
    second = gmm.fit(x, init=first, max_iter=3, tol=0.0)
    np.testing.assert_allclose(second.history[0], first.log_likelihood, rtol=1e-6)
    whole = gmm.fit(x, key=key, n_components=3, max_iter=6, tol=0.0)
    np.testing.assert_allclose(second.means, whole.means, rtol=1e-3, atol=1e-3)


def test_samples_far_from_all_components_have_finite_scores(x, key):
    mixture = gmm.m_step(x, gamma_of(key, 150, 3))
    far = jnp.array([[1e3, -1e3]])
    np.testing.assert_allclose(gmm.responsibilities(mixture, far).sum(), 1, rtol=1e-5)
    assert jnp.isfinite(gmm.log_prob(mixture, far)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [2.0**-60, 2.0**60])
def test_m_step_and_step_in_any_unit(x, key, kind, scale):
    gamma = gamma_of(key, 150, 3)
    near, far = gmm.m_step(x, gamma, covariance_type=kind), gmm.m_step(x * scale, gamma, covariance_type=kind)
    np.testing.assert_allclose(far.means, near.means * scale, rtol=1e-4)
    np.testing.assert_allclose(np.asarray(far.covariances, float) / scale**2, near.covariances, rtol=1e-3, atol=1e-4)
    (near, before), (far, before_far) = gmm.step(near, x), gmm.step(far, x * scale)
    np.testing.assert_allclose(far.means, near.means * scale, rtol=1e-3, atol=1e-3 * scale)
    np.testing.assert_allclose(before_far, before - 2 * np.log(scale), rtol=1e-4)


def test_nothing_is_added_to_tiny_variances_where_nothing_is_asked_for(x, key):
    scale = 2.0**-70  # whose square is 0
    near, far = (gmm.fit(data, key=key, n_components=3, reg_covar=0.0) for data in (x, x * scale))
    np.testing.assert_allclose(far.means, near.means * scale, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_densities_of_many_samples_are_those_of_each(x, key, kind):
    mixture = gmm.m_step(x, gamma_of(key, 150, 3), covariance_type=kind)
    many = 9 * jax.random.normal(key, (2 * gmm.BLOCK + 7, 2))
    parts = [gmm.component_log_prob(mixture, part) for part in jnp.array_split(many, 3)]
    np.testing.assert_allclose(gmm.component_log_prob(mixture, many), jnp.concatenate(parts), rtol=1e-5)
    assert gmm.log_prob(mixture, many[:0]).shape == (0,)


def test_features_of_very_different_units(x, key):
    scale = jnp.array([2.0**-60, 2.0**60])
    near, far = gmm.fit(x, key=key, n_components=1), gmm.fit(x * scale, key=key, n_components=1)
    assert far.converged
    np.testing.assert_allclose(far.means, near.means * scale, rtol=1e-4)
    np.testing.assert_allclose(far.covariances[0, 0, 1], near.covariances[0, 0, 1], rtol=1e-3)


@pytest.mark.parametrize("spoiled", [np.nan, np.inf, 1e20])
def test_every_fit_ends(x, key, spoiled):
    found = gmm.fit(x.at[0, 0].set(spoiled), key=key, n_components=3, max_iter=20)
    assert found.status == Status.NON_FINITE or spoiled == 1e20
    assert found.converged == (found.status == Status.CONVERGED)


def test_densities_far_from_the_origin(x, key):
    """Between thin components 4096 apart, and 4096 from the origin, a difference of products would lose all digits."""
    x = jnp.round(x * 64) / 64
    mixture = gmm.m_step(x, gamma_of(key, 150, 3))
    moved = mixture._replace(means=jnp.round(mixture.means * 64) / 64 + 4096)
    here = gmm.log_prob(mixture._replace(means=moved.means - 4096), x)
    np.testing.assert_allclose(gmm.log_prob(moved, x + 4096), here, rtol=1e-5)
    thin = gmm.Mixture(jnp.ones(2) / 2, jnp.array([[0.0], [4096.0]]), jnp.full((2, 1, 1), 1e-6))
    peak = np.log(0.5e3 / np.sqrt(2 * np.pi))
    np.testing.assert_allclose(gmm.log_prob(thin, jnp.array([[4096.0]]))[0], peak, rtol=1e-5)


def test_double_precision_from_numpy_is_read(x, key):
    gamma = gamma_of(key, 150, 3)
    expected = gmm.m_step(x, gamma)
    found = gmm.m_step(np.asarray(x, np.float64), np.asarray(gamma, np.float64))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_a_component_without_samples_gets_the_mean_of_all_from_either_step(x):
    far = gmm.Mixture(jnp.ones(2) / 2, jnp.array([[0.0, 0.0], [1e4, 1e4]]), jnp.broadcast_to(jnp.eye(2), (2, 2, 2)))
    expected = gmm.m_step(x, gmm.responsibilities(far, x))
    for a, b in zip(gmm.step(far, x)[0], expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(expected.means[1], x.mean(axis=0), rtol=1e-4)


def test_a_constant_feature_keeps_a_positive_variance(x, key):
    found = gmm.fit(jnp.concatenate([x, jnp.full((150, 1), 0.1)], axis=1), key=key, n_components=2)
    assert found.converged
    np.testing.assert_allclose(found.covariances[:, 2, 2], 1e-6 * x.var(axis=0).max(), rtol=1e-3)
    alike = gmm.fit(1e-3 * jnp.ones((9, 2)), key=key, n_components=1)
    assert jnp.all(jnp.diagonal(alike.covariances[0]) < 1e-11) and alike.converged


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, key: gmm.fit(x, key=key, n_components=151), "n_components must be between 1 and 150"),
        (lambda x, key: gmm.fit(x, key=key, n_components=2, covariance_type="round"), "covariance_type must be one of"),
        (lambda x, key: gmm.fit(x, key=key, n_components=2, init="pca"), "init must be one of"),
        (lambda x, key: gmm.fit(x, key=key, n_components=2, max_iter=0), "max_iter must be positive"),
        (lambda x, key: gmm.m_step(x, jnp.ones((3, 2))), "same length"),
        (lambda x, key: gmm.score(gmm.m_step(x, jnp.ones((150, 1))), x[:, :1]), "x must have 2 columns"),
        (lambda x, key: gmm.step(gmm.m_step(x, jnp.ones((150, 1))), x[:, :1]), "x must have 2 columns"),
        (lambda x, key: gmm.fit(x[:, :1], init=gmm.m_step(x, jnp.ones((150, 1)))), "x and means must have the same"),
        (lambda x, key: gmm.fit(x, init=gmm.m_step(x, jnp.ones((150, 1))), n_components=2), "init has 1 components"),
        (lambda x, key: gmm.fit(x, init=gmm.m_step(x, jnp.ones((150, 1))), n_init=2), "n_init must be 1"),
        (lambda x, key: gmm.fit(x, key=key), "needs key and n_components"),
        (lambda x, key: gmm.log_prob(gmm.Mixture(jnp.ones(1), x[:1], jnp.ones((1, 2))), x), "covariances must have 3"),
    ],
)
def test_errors(x, key, call, message):
    with pytest.raises(ValueError, match=message):
        call(x, key)
