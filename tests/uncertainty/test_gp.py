"""Gaussian processes against closed forms, scikit-learn and their laws; data that are hard to compute with."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process import kernels as peers

from mfml.iteration import Status
from mfml.probability import bayesian_regression
from mfml.probability.gaussian import Gaussian
from mfml.uncertainty import gp, gp_evidence, jitter, kernels
from mfml.uncertainty.kernels import RBF, Constant, Linear, Matern

RNG = np.random.default_rng(0)
X, Y = np.array([-1.5, -0.5, 0, 0.7, 2])[:, None], np.array([0.3, -0.2, 0.5, 1, -0.4])
AT = np.array([-1, 0.3, 3])[:, None]
KNOWN = {"kernel": RBF(0.8, 1.5), "noise_variance": 0.01}
MEAN = [-0.19231272532, 0.874467915619, -0.276350249684]  # of 40 digits
VARIANCE = [0.0502910621109, 0.0148294933863, 1.15345387028]
EVIDENCE = -5.1730167672957


def single(*arrays):
    return [np.asarray(array, np.float32) for array in arrays]


def noisy(n, *, noise=0.1, d=1):
    x = RNG.uniform(-2, 2, (n, d))
    return x, np.sin(3 * x[:, 0]) + 0.3 * x[:, -1] + noise * RNG.normal(size=n)


def test_closed_form():
    x, y, at = single(X, Y, AT)
    model = gp.condition(x, y, **KNOWN)
    made = gp.predictive(model, at)
    np.testing.assert_allclose(made.mean, MEAN, rtol=3e-6)
    np.testing.assert_allclose(made.epistemic, VARIANCE, rtol=1e-4)  # 0.0148 is a difference from 1.5
    assert float(model.log_evidence) == pytest.approx(EVIDENCE, rel=1e-6)
    assert float(model.jitter) == 0


def test_closed_form_in_double_precision(x64):
    model = gp.condition(X, Y, **KNOWN)
    made, joint = gp.predictive(model, AT), gp.posterior(model, AT)
    np.testing.assert_allclose(made.mean, MEAN, rtol=1e-11)
    np.testing.assert_allclose(made.epistemic, VARIANCE, rtol=1e-11)
    np.testing.assert_allclose(made.variance, np.add(VARIANCE, 0.01), rtol=1e-11)
    np.testing.assert_allclose(made.epistemic_std, np.sqrt(VARIANCE), rtol=1e-11)
    np.testing.assert_allclose(joint.mean, MEAN, rtol=1e-11)
    np.testing.assert_allclose(np.diag(joint.covariance), VARIANCE, rtol=1e-11)
    assert float(gp.log_evidence(X, Y, **KNOWN)) == pytest.approx(EVIDENCE, rel=1e-13)


def test_equals_the_peer(x64):
    x, y = noisy(5, d=2)
    at, noise = RNG.normal(size=(3, 2)), RNG.uniform(0.1, 0.3, 5)  # known noise, one variance per sample
    theirs = GaussianProcessRegressor(1.5 * peers.Matern([0.7, 2.0], nu=1.5), alpha=noise, optimizer=None).fit(x, y)
    model = gp.condition(x, y, kernel=Matern([0.7, 2.0], 1.5, nu=1.5), noise_variance=noise)
    mean, covariance = theirs.predict(at, return_cov=True)
    joint = gp.posterior(model, at)
    np.testing.assert_allclose(joint.mean, mean, rtol=1e-10)
    np.testing.assert_allclose(joint.covariance, covariance, rtol=1e-9, atol=1e-12)
    assert float(model.log_evidence) == pytest.approx(theirs.log_marginal_likelihood_value_, rel=1e-12)
    with pytest.raises(ValueError, match="give noise_variance for new measurements"):
        gp.predictive(model, at)
    found = gp.predictive(model, at, noise_variance=[0.0, 1.0, 2.0])
    np.testing.assert_allclose(found.variance - found.epistemic, [0, 1, 2], atol=1e-12)


@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_the_evidence_is_at_least_that_of_the_peer(noise, x64):
    x, y = noisy(40, noise=noise)
    kernel = 1.0 * peers.RBF(1.0) + peers.WhiteKernel(0.1, (1e-8, 1e2))
    theirs = GaussianProcessRegressor(kernel, n_restarts_optimizer=2, random_state=0).fit(x, y)
    model = gp.fit(x, y, kernel=RBF(), mean=0.0)
    assert bool(model.converged)
    assert float(model.log_evidence) >= theirs.log_marginal_likelihood_value_ - 0.01
    assert float(model.history[model.n_iter]) == pytest.approx(-float(model.log_evidence), rel=1e-9)
    again = gp.log_evidence(x, y, kernel=model.kernel, noise_variance=model.noise_variance, mean=0.0)
    assert float(again) == pytest.approx(float(model.log_evidence), rel=1e-9)
    assert float(gp.score(model, x, y)) > 0.1


def test_slopes_of_the_evidence(x64):
    """The derivative of its own rule, against differences."""
    arguments = {"kernel": Matern(jnp.array([0.7]), 1.5), "noise_variance": jnp.full(5, 0.05), "mean": jnp.array(0.1)}
    flat, unravel = jax.flatten_util.ravel_pytree(arguments)
    evidence = jax.jit(lambda flat: gp.log_evidence(X, Y, **unravel(flat)))
    slope, step = jax.grad(evidence)(flat), 1e-6
    differences = [(evidence(flat + step * e) - evidence(flat - step * e)) / (2 * step) for e in np.eye(len(flat))]
    np.testing.assert_allclose(slope, differences, rtol=1e-6)
    curvature = jax.jvp(jax.grad(evidence), (flat,), (jnp.ones_like(flat),))[1]
    ahead, behind = (jax.grad(evidence)(flat + s) for s in (step, -step))
    np.testing.assert_allclose(curvature, (ahead - behind) / (2 * step), rtol=1e-5)


def test_slopes_of_a_factor(x64):
    a = np.cov(RNG.normal(size=(4, 9)))
    direction = np.cov(RNG.normal(size=(4, 9)))
    factor = jax.jit(lambda a: jitter.cholesky(a, noise_variance=0.1).lower)
    slope, step = jax.jvp(factor, (a,), (direction,))[1], 1e-6
    np.testing.assert_allclose(
        slope, (factor(a + step * direction) - factor(a - step * direction)) / (2 * step), atol=1e-8
    )


def test_lines_are_bayesian_regression(x64):
    x, y = noisy(8, d=2)
    prior = Gaussian(jnp.zeros(3), jnp.diag(jnp.array([0.5, 2.0, 3.0])))
    design = np.column_stack([x, np.ones(8)])
    weights = bayesian_regression.fit(design, y, prior=prior, noise_variance=0.2)
    kernel = Linear([0.5, 2.0]) + Constant(3.0)
    model = gp.condition(x, y, kernel=kernel, noise_variance=0.2)
    expected = bayesian_regression.predictive(weights, design[:4], noise_variance=0.2)
    found = gp.predictive(model, x[:4])
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-9)
    np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-9)
    evidence = bayesian_regression.log_evidence(design, y, prior=prior, noise_variance=0.2)
    assert float(model.log_evidence) == pytest.approx(float(evidence), rel=1e-10)


def test_leave_one_out(x64):
    left = gp.leave_one_out(X, Y, **KNOWN, mean=0.2, scale=2.0)
    total = 0.0
    for i in range(5):
        model = gp.condition(np.delete(X, i, 0), np.delete(Y, i), **KNOWN, mean=0.2, scale=2.0)
        made = gp.predictive(model, X[i : i + 1])
        assert float(left.mean[i]) == pytest.approx(made.mean.item(), rel=1e-9)
        assert float(left.variance[i]) == pytest.approx(made.variance.item(), rel=1e-9)
        total -= 0.5 * ((Y[i] - left.mean[i]) ** 2 / left.variance[i] + np.log(2 * np.pi * left.variance[i]))
    assert float(left.log_density) == pytest.approx(float(total), rel=1e-9)


def test_repeats_are_one_sample_of_less_noise(x64):
    many = gp.condition(np.repeat(X[2:3], 5, 0), Y, kernel=RBF(), noise_variance=0.3)
    one = gp.condition(X[2:3], [Y.mean()], kernel=RBF(), noise_variance=0.3 / 5)
    for found, expected in zip(gp.posterior(many, AT), gp.posterior(one, AT), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_singular_covariances_get_a_jitter_that_is_told():
    x, y = single(np.repeat(X, 2, 0), np.repeat(Y, 2))
    model = gp.condition(x, y, kernel=RBF(), noise_variance=0.0)
    assert 0 < float(model.jitter) < 1e-5
    taken_on = np.float32(1) + np.asarray(model.jitter) - np.float32(1)
    assert float(model.jitter) == float(taken_on)  # not what rounding makes something else of
    np.testing.assert_allclose(gp.predict(model, x), y, atol=1e-3)
    assert (gp.predictive(model, x).epistemic >= 0).all()
    with_noise = gp.condition(x, y, kernel=RBF(), noise_variance=model.jitter)  # it acts like a noise
    assert float(with_noise.log_evidence) == pytest.approx(float(model.log_evidence), rel=1e-3)
    together = jax.vmap(lambda noise: jitter.cholesky(jnp.ones((3, 3)), noise_variance=noise))(jnp.array([0.0, 1.0]))
    assert float(together.jitter[0]) > 0 == float(together.jitter[1])
    np.testing.assert_allclose(together.lower[1], jnp.linalg.cholesky(jnp.ones((3, 3)) + jnp.eye(3)), rtol=1e-6)


@pytest.mark.parametrize("matrix", [-np.eye(3), np.full((3, 3), np.nan)])
def test_what_is_no_covariance_has_no_factor(matrix):
    found = jitter.cholesky(matrix)
    assert np.isnan(found.lower).all() and np.isnan(found.jitter)


def test_single_precision_with_a_length_beyond_the_data():
    """The covariance has some ten eigenvalues above its rounding errors: means are as the docstring says."""
    x, y = noisy(400, noise=0.1)
    x, y, at = single(x, y, np.linspace(-2, 2, 50)[:, None])
    given = {"kernel": RBF(2.0, 4.0), "noise_variance": 0.01}
    found = gp.predict(gp.condition(x, y, **given), at)
    with jax.enable_x64(True):
        model = gp.condition(x.astype(float), y.astype(float), **given)
        expected = gp.predict(model, at.astype(float))
    np.testing.assert_allclose(found, expected, atol=2 * 20 * 400 * np.finfo(y.dtype).eps * y.std())


FIT_X, FIT_Y = single(*noisy(24, noise=0.2))
FITTED = gp.fit(FIT_X, FIT_Y, kernel=RBF())


@pytest.mark.parametrize(("unit", "offset"), [(1e-19, 0.0), (1e18, 0.0), (1.0, 4096.0), (1e-6, 0.0)])
def test_the_unit_of_y_does_not_matter(unit, offset):
    model = gp.fit(FIT_X, np.float32(unit) * FIT_Y + np.float32(offset), kernel=RBF())
    assert bool(model.converged) == bool(FITTED.converged)
    assert float(model.kernel.length) == pytest.approx(float(FITTED.kernel.length), rel=0.02)
    size = float(model.scale) ** 2 * float(model.kernel.variance) / unit**2
    assert size == pytest.approx(float(FITTED.kernel.variance), rel=0.05)
    found, expected = gp.predictive(model, FIT_X), gp.predictive(FITTED, FIT_X)
    np.testing.assert_allclose((found.mean - offset) / unit, expected.mean, atol=0.01)
    np.testing.assert_allclose(found.epistemic_std / unit, expected.epistemic_std, rtol=0.02)


@pytest.mark.parametrize(("unit", "offset"), [(1e-19, 0.0), (1e12, 0.0), (1.0, 4096.0)])
def test_the_unit_of_x_does_not_matter(unit, offset):
    model = gp.fit(np.float32(unit) * FIT_X + np.float32(offset), FIT_Y, kernel=RBF())
    assert float(model.kernel.length) / unit == pytest.approx(float(FITTED.kernel.length), rel=0.02)
    assert float(model.log_evidence) == pytest.approx(float(FITTED.log_evidence), abs=0.05)


def test_restarts_find_the_larger_evidence():
    model = gp.fit(FIT_X, FIT_Y, kernel=RBF(), n_restarts=3, key=jax.random.key(0))
    assert float(model.log_evidence) >= float(FITTED.log_evidence) - 1e-2


def test_a_start_at_the_given_kernel():
    given = RBF(1.0, 2.0)
    model = gp.fit(FIT_X, FIT_Y, kernel=given, init="kernel", max_iter=1)
    noise = 0.1 * 4.0 ** np.floor(np.log2(FIT_Y.std()))  # a tenth of the unit, a power of two near the deviation
    start = gp.log_evidence(FIT_X, FIT_Y, kernel=given, noise_variance=noise, mean=FIT_Y.mean())
    assert float(model.history[0]) == pytest.approx(-float(start), rel=1e-4)
    assert int(model.status) == Status.MAX_ITER


def test_known_noise_stays_and_more_is_learned():
    known = np.linspace(0.01, 0.1, 24, dtype=np.float32)
    fixed = gp.fit(FIT_X, FIT_Y, kernel=RBF(), noise_variance=known, learn_noise=False)
    np.testing.assert_allclose(fixed.noise_variance, known, rtol=1e-5)
    more = gp.fit(FIT_X, FIT_Y, kernel=RBF(), noise_variance=known)
    np.testing.assert_allclose(np.ptp(more.noise_variance - known), 0, atol=1e-6)
    assert float(more.log_evidence) >= float(fixed.log_evidence) - 1e-2


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([[3.0]], [2.0]),
        ([[1.0], [1.0], [1.0]], [2.0, 3.0, 4.0]),
        ([[1.0], [2.0], [3.0]], [5.0, 5.0, 5.0]),
        ([[1.0], [2.0], [3.0]], [0.0, 0.0, 0.0]),
    ],
)
def test_little_data(x, y):
    model = gp.fit(x, y, kernel=RBF(), max_iter=40)
    made = gp.predictive(model, x)
    np.testing.assert_allclose(made.mean, np.mean(y), atol=0.2)
    assert np.isfinite(made.epistemic_std).all() and np.isfinite(model.log_evidence)


def test_what_is_missing_shows():
    model = gp.fit(FIT_X, np.where(np.arange(24) == 3, np.nan, FIT_Y), kernel=RBF())
    assert int(model.status) == Status.NON_FINITE and not bool(model.converged)
    assert np.isnan(gp.predict(model, FIT_X)).all()


def test_draws_have_the_moments_of_the_posterior():
    x, y, at = single(X, Y, AT)
    model = gp.condition(x, y, **KNOWN, mean=1.0, scale=2.0)
    draws = np.asarray(gp.sample(model, at, key=jax.random.key(1), n_samples=20_000))
    joint = gp.posterior(model, at)
    size = np.sqrt(np.diag(joint.covariance))
    assert (np.abs(draws.mean(0) - joint.mean) < 5 * size / 20_000**0.5).all()
    np.testing.assert_allclose(
        np.cov(draws.T) / np.outer(size, size), joint.covariance / np.outer(size, size), atol=0.05
    )
    prior = np.asarray(gp.sample_prior(RBF(0.8, 1.5), at, key=jax.random.key(2), n_samples=20_000))
    np.testing.assert_allclose(np.cov(prior.T), kernels.matrix(RBF(0.8, 1.5), at, at), atol=0.08)


def test_blocks_change_nothing():
    x, y = single(X, Y)
    model = gp.condition(x, y, **KNOWN)
    at = np.linspace(-3, 3, 2500, dtype=np.float32)[:, None]
    made = gp.predictive(model, at)
    np.testing.assert_allclose(made.mean, gp.predict(model, at), atol=1e-6)
    few = gp.predictive(model, at[::500])
    np.testing.assert_allclose(made.mean[::500], few.mean, atol=1e-6)
    np.testing.assert_allclose(made.epistemic[::500], few.epistemic, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise_variance": -1.0}, r"noise_variance must not be negative; found -1\.0"),
        ({"noise_variance": [1.0, 2.0]}, r"noise_variance must be one number, or one per sample"),
        ({"scale": 0.0}, r"scale must be positive"),
        ({"kernel": RBF([1.0, 2.0])}, r"length of RBF must be one number, or one for each of the 1 columns of x"),
    ],
)
def test_refusals(options, message, unchecked):
    for function in (gp.condition, gp.log_evidence, gp.leave_one_out, gp.fit):
        with pytest.raises(ValueError, match=message):
            function(X, Y, **{**KNOWN, **options})


def test_refusals_of_fit(unchecked):
    with pytest.raises(ValueError, match="n_restarts needs a key"):
        gp.fit(X, Y, kernel=RBF(), n_restarts=2)
    with pytest.raises(ValueError, match="init must be one of 'data', 'kernel'; found 'random'"):
        gp.fit(X, Y, kernel=RBF(), init="random")
    with pytest.raises(ValueError, match="have the same length"):
        gp_evidence.log_density([0.0], np.eye(2), noise_variance=0.0)
