"""Evidence against brute-force integrals, scikit-learn, and the laws of a maximum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.linear_model import ARDRegression, BayesianRidge

from mfml.generalization import ridge
from mfml.iteration import Status
from mfml.probability import bayesian_regression
from mfml.probability.gaussian import Gaussian
from mfml.uncertainty import bayesian_logistic, evidence

N, D = 30, 4


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def alloys(n=N, d=D, seed=0):
    """Two of four features matter; the noise has the standard deviation 0.3."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) + 2
    return x, x[:, 0] - 2 * x[:, 1] + 5 + 0.3 * rng.normal(size=n)


def centered():
    x, y = alloys()
    return x - x.mean(axis=0), y - y.mean()


FLAT = {"alpha_1": 0, "alpha_2": 0, "lambda_1": 0, "lambda_2": 0, "compute_score": True}


@pytest.fixture(scope="module")
def model():
    with jax.enable_x64(True):
        return evidence.fit(*alloys())


def test_as_scikit_learn_where_no_mean_is_estimated():
    x, y = centered()
    model = evidence.fit(x, y, fit_intercept=False, tol=1e-10)
    theirs = BayesianRidge(**FLAT, fit_intercept=False, tol=1e-14, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(model.coef, theirs.coef_, rtol=1e-8)
    np.testing.assert_allclose([model.alpha, model.beta], [theirs.lambda_, theirs.alpha_], rtol=1e-7)
    np.testing.assert_allclose(model.log_evidence, theirs.scores_[-1], rtol=1e-9)
    np.testing.assert_allclose(model.covariance, theirs.sigma_, rtol=1e-7, atol=1e-12)


def test_the_posterior_is_that_of_known_precisions(model):
    x, y = centered()
    prior = Gaussian(jnp.zeros(D), jnp.eye(D) / model.alpha)
    known = bayesian_regression.fit(x, y, prior=prior, noise_variance=model.noise_variance)
    np.testing.assert_allclose(model.coef, known.mean, rtol=1e-9)
    np.testing.assert_allclose(model.covariance, known.covariance, atol=1e-12)
    design = bayesian_regression.predictive(known, x, noise_variance=model.noise_variance)
    of_level = model.noise_variance / N
    np.testing.assert_allclose(evidence.predictive(model, alloys()[0]).variance, design.variance + of_level, rtol=1e-9)
    np.testing.assert_allclose(evidence.predict(model, alloys()[0]), design.mean + alloys()[1].mean(), rtol=1e-9)


@pytest.mark.parametrize("prior", [0.7, np.array([0.7, 2.0, 0.1, 1.0])], ids=["one", "each"])
def test_log_evidence_is_the_density_of_the_data(prior):
    """A flat prior of the intercept is the limit of a wide one, divided by its density at 0."""
    x, y = alloys()
    noise, wide = 0.4, 1e3
    root = x * prior
    covariance = root @ root.T + noise**2 * np.eye(N)
    expected = multivariate_normal(np.zeros(N), covariance + wide**2).logpdf(y) + np.log(wide * np.sqrt(2 * np.pi))
    found = evidence.log_evidence(x, y, prior_std=prior, noise_std=noise)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    bare = evidence.log_evidence(x, y, prior_std=prior, noise_std=noise, fit_intercept=False)
    np.testing.assert_allclose(bare, multivariate_normal(np.zeros(N), covariance).logpdf(y), rtol=1e-9)


@pytest.mark.parametrize("kind", evidence.KINDS)
def test_the_evidence_never_falls_and_is_stationary_at_the_end(kind):
    x, y = alloys()
    model = evidence.fit(x, y, kind=kind)
    assert model.converged
    assert np.diff(model.history[: model.n_iter + 1]).min() > -1e-10
    where = {"prior_std": model.prior_std, "noise_std": model.noise_std}
    value, slope = jax.value_and_grad(lambda at: evidence.log_evidence(x, y, **at))(where)
    np.testing.assert_allclose(value, model.log_evidence, rtol=1e-9)
    for name, part in slope.items():
        assert (np.abs(part * where[name]) < 1e-3).all(), name  # in nats for each factor of e


def test_relevance_finds_the_features_that_matter():
    x, y = alloys()
    model = evidence.fit(x, y, kind="ard")
    theirs = ARDRegression(**FLAT, fit_intercept=True, tol=1e-8, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(model.coef, theirs.coef_, atol=0.02)  # they take N = n, and prune by a threshold
    assert (np.abs(model.coef[2:]) < 0.1).all()
    assert (model.prior_std[:2] > 5 * model.prior_std[2:].max()).all()
    other = evidence.fit(x * np.array([1e-3, 1.0, 1e6, 1.0]), y, kind="ard")
    np.testing.assert_allclose(other.coef * np.array([1e-3, 1.0, 1e6, 1.0]), model.coef, atol=1e-6)


def test_effective_parameters_are_degrees_of_freedom(model):
    x, y = alloys()
    alpha, weights = 3.0, np.arange(1.0, N + 1)
    moved = x - x.mean(axis=0)
    trace = np.trace(moved @ np.linalg.solve(moved.T @ moved + alpha * np.eye(D), moved.T))
    np.testing.assert_allclose(evidence.effective_parameters(x, alpha=alpha), trace, rtol=1e-9)
    path = ridge.path(x, y, jnp.array([alpha]), weights=weights)
    found = evidence.effective_parameters(x, alpha=alpha, weights=weights)
    np.testing.assert_allclose(found + 1, path.degrees_of_freedom[0], rtol=1e-9)
    penalty = (model.noise_std / model.prior_std) ** 2
    np.testing.assert_allclose(evidence.effective_parameters(x, alpha=penalty), model.n_effective, rtol=1e-9)
    np.testing.assert_allclose(ridge.fit(x, y, alpha=penalty).coef, model.coef, rtol=1e-9)


def test_evidence_picks_the_degree_of_a_polynomial():
    rng = np.random.default_rng(1)
    t = np.linspace(-1, 1, N)
    y = 1 - 2 * t + 3 * t**3 + 0.2 * rng.normal(size=N)
    powers = t[:, None] ** np.arange(1, 8)

    def of_degree(degree):
        return evidence.fit(powers * (np.arange(7) < degree), y).log_evidence  # constant columns are absent

    found = [float(of_degree(degree)) for degree in range(1, 8)]
    assert 1 + int(np.argmax(found)) == 3


def test_a_constant_column_changes_nothing(model):
    x, y = alloys()
    more = evidence.fit(np.c_[x[:, :3], np.full(N, 7.0)], y)
    less = evidence.fit(x[:, :3], y)
    assert more.coef[3] == 0
    np.testing.assert_allclose(more.coef[:3], less.coef, rtol=1e-9)
    np.testing.assert_allclose(more.log_evidence, less.log_evidence, rtol=1e-9)


@pytest.mark.parametrize("kind", evidence.KINDS)
def test_units_and_origins(kind):
    """Float32 throughout: energies near 1e-19 J, lengths near 1e-9 m, and targets around 1e6."""
    x, y = (part.astype(np.float32) for part in alloys())
    model = evidence.fit(x, y, kind=kind)
    for y_unit, x_unit in ((2.0**-63, 2.0**-30), (2.0**40, 1.0)):
        other = evidence.fit(x * np.float32(x_unit), y * np.float32(y_unit), kind=kind)
        ratio = y_unit / x_unit
        np.testing.assert_allclose(other.coef / ratio, model.coef, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(other.noise_std / y_unit, model.noise_std, rtol=1e-3)
        np.testing.assert_allclose(other.factor / ratio, model.factor, atol=1e-3)
        shift = (N - 1) * np.log(y_unit)
        np.testing.assert_allclose(other.log_evidence + shift, model.log_evidence, atol=0.01)
    whole = np.round(y * 16) / 16
    moved = evidence.fit(x, whole + np.float32(1e6), kind=kind)
    np.testing.assert_allclose(evidence.predict(moved, x) - 1e6, evidence.predict(model, x), atol=0.1)
    np.testing.assert_allclose(moved.noise_std, evidence.fit(x, whole, kind=kind).noise_std, rtol=1e-3)


def test_more_features_than_samples():
    x, y = alloys(10, 25)
    model = evidence.fit(x, y)
    assert model.converged
    assert model.n_effective < 9
    prior = Gaussian(jnp.zeros(25), jnp.eye(25) / model.alpha)
    known = bayesian_regression.fit(x - x.mean(0), y - y.mean(), prior=prior, noise_variance=model.noise_variance)
    np.testing.assert_allclose(model.coef, known.mean, atol=1e-9)
    np.testing.assert_allclose(model.covariance, known.covariance, atol=1e-9)
    value = evidence.log_evidence(x, y, prior_std=model.prior_std, noise_std=model.noise_std)
    np.testing.assert_allclose(value, model.log_evidence, rtol=1e-9)


@pytest.mark.parametrize("kind", evidence.KINDS)
def test_without_noise_and_without_a_signal(kind):
    x, _ = alloys()
    exact = evidence.fit(x, x @ np.array([1.0, -1.0, 0.5, 2.0]) + 3, kind=kind)
    assert exact.status == Status.UNBOUNDED
    assert exact.noise_std == 0
    assert exact.log_evidence == np.inf
    np.testing.assert_allclose(exact.coef, [1.0, -1.0, 0.5, 2.0], rtol=1e-9)
    assert evidence.predictive(exact, x).std.max() == 0
    constant = evidence.fit(x, np.full(N, 3.0), kind=kind)
    assert (constant.coef == 0).all()
    assert evidence.predict(constant, x).tolist() == [3.0] * N
    moved = x - x.mean(axis=0)
    away = np.random.default_rng(2).normal(size=N)
    away -= moved @ np.linalg.lstsq(moved, away, rcond=None)[0]  # no feature helps
    nothing = evidence.fit(x, away, kind=kind)
    assert nothing.converged
    assert nothing.n_effective < 1e-3
    assert np.abs(nothing.coef).max() < 1e-3
    single = evidence.fit(x[:1], np.ones(1), kind=kind, max_iter=2)
    assert np.isnan(single.noise_std)


def test_draws_have_the_moments_of_the_prediction(model):
    x = alloys()[0][:3] * 2
    drawn = evidence.predictions(model, x, key=jax.random.key(0), n_samples=20_000)
    expected = evidence.predictive(model, x)
    np.testing.assert_allclose(drawn.means.mean(axis=0), expected.mean, atol=0.02)
    np.testing.assert_allclose(drawn.means.std(axis=0), expected.epistemic_std, rtol=0.03)
    np.testing.assert_allclose(drawn.stds, np.broadcast_to(expected.aleatoric_std, (20_000, 3)))


# Classes


def flowers():
    rng = np.random.default_rng(3)
    y = np.arange(N) % 3
    return rng.normal(size=(N, 2)) + np.array([[0, 0], [2, 0], [0, 2]])[y], y


def negative_log_posterior(params, x, y, model):
    z = jnp.concatenate([(x - model.center) / model.scale, jnp.ones((len(x), 1))], axis=1)
    likelihood = jnp.take_along_axis(jax.nn.log_softmax(z @ params), y[:, None], axis=1).sum()
    return 0.5 * jnp.sum((params / model.prior_std) ** 2) - likelihood


@pytest.fixture(scope="module")
def classes():
    with jax.enable_x64(True):
        return bayesian_logistic.fit(*flowers(), tol=1e-8)


def test_laplace_has_the_peak_and_the_curvature_of_the_posterior(classes):
    x, y = flowers()
    args = jnp.asarray(x), jnp.asarray(y), classes
    slope = jax.grad(negative_log_posterior)(classes.params, *args)
    np.testing.assert_allclose(slope, 0, atol=1e-6)
    hessian = jax.hessian(negative_log_posterior)(classes.params, *args).reshape(9, 9)
    np.testing.assert_allclose(classes.factor @ classes.factor.T @ hessian, np.eye(9), atol=1e-6)
    known = 9 - np.trace(np.linalg.inv(hessian)) / classes.prior_std**2
    np.testing.assert_allclose(classes.n_effective, known, rtol=1e-6)
    np.testing.assert_allclose(np.sum(classes.params**2) / classes.prior_std**2, known, rtol=1e-6)
    value = -negative_log_posterior(classes.params, *args) - 9 * np.log(classes.prior_std)
    np.testing.assert_allclose(classes.log_evidence, value - 0.5 * np.linalg.slogdet(hessian)[1], rtol=1e-9)
    assert bayesian_logistic.score(classes, x, y) > 0.7


def test_probit_is_near_the_mean_over_draws(classes):
    x = np.array([[0.0, 0.0], [1.0, 1.0], [-9.0, 30.0]])
    drawn = bayesian_logistic.probabilities(classes, x, key=jax.random.key(0), n_samples=20_000).mean(axis=0)
    found = bayesian_logistic.predict_proba(classes, x)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found, drawn, atol=0.04)
    design = np.c_[(x - classes.center) / classes.scale, np.ones(3)]
    assert found[2].max() < jax.nn.softmax(design @ classes.params)[2].max()  # less sure than the best weights alone


def test_probit_for_two_classes_is_that_of_bishop():
    x, y = flowers()
    model = bayesian_logistic.fit(x, y % 2)
    design = np.c_[(x - model.center) / model.scale, np.ones(N)]
    contrast = np.kron(design, np.array([-1.0, 1.0]))  # of the entries of W, row after row
    mean, variance = contrast @ np.ravel(model.params), np.sum((contrast @ model.factor) ** 2, axis=1)
    expected = jax.nn.sigmoid(mean / np.sqrt(1 + np.pi * variance / 8))
    np.testing.assert_allclose(bayesian_logistic.predict_proba(model, x)[:, 1], expected, rtol=1e-9)


def test_a_wrong_label_is_not_silent():
    with pytest.raises(ValueError, match="labels must be below n_classes = 2"):
        bayesian_logistic.fit(*flowers(), n_classes=2)
    x, y = flowers()
    fitted = jax.jit(lambda y: bayesian_logistic.fit(x, y, n_classes=2, max_iter=2))(y)
    assert np.isnan(fitted.params).all()
    assert fitted.status == Status.NON_FINITE


def test_effective_parameters_keep_their_digits_where_weights_are_large():
    with jax.enable_x64(False):
        x, y = (jnp.asarray(part, jnp.float32) for part in alloys())
        for kind in evidence.KINDS:
            found = evidence.fit(x, y, kind=kind, weights=jnp.full(N, 1e10))  # N - (N - gamma) would be 0
            np.testing.assert_allclose(found.n_effective, D, rtol=1e-4)
        labels = jnp.tile(jnp.array([0, 0, 1]), 20_000)
        logistic = bayesian_logistic.fit(
            jnp.linspace(-1.0, 1.0, 60_000)[:, None] + labels[:, None], labels, n_classes=2
        )
        assert 1.9 < logistic.n_effective <= 2


def test_missing_numbers_leave_no_hyperparameters():
    x, y = alloys()
    for broken in (evidence.fit(x, np.r_[np.nan, y[1:]]), evidence.fit(np.r_[[[np.inf] * D], x[1:]], y)):
        assert broken.status == Status.NON_FINITE
        for part in (broken.prior_std, broken.noise_std, broken.n_effective, broken.log_evidence):
            assert jnp.isnan(part).all()


def test_no_new_samples(model):
    assert evidence.predictive(model, np.zeros((0, D))).std.shape == (0,)
