"""Sparse processes against the closed form in NumPy and scikit-learn's exact process, and the exact mean without K."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process import kernels as theirs

from mfml.iteration import Status
from mfml.uncertainty import collapsed, conjugate_gradients, inducing, products, sparse_gp
from mfml.uncertainty.kernels import RBF

N, LENGTH, VARIANCE, NOISE = 300, 0.7, 1.5, 0.01
KERNEL = RBF(LENGTH, VARIANCE)
RNG = np.random.default_rng(0)


@pytest.fixture
def data():
    x = RNG.uniform(-1, 1, (N, 2)).astype(np.float32)
    y = np.sin(4 * x[:, 0]) + x[:, 1] ** 2 + np.sqrt(NOISE) * RNG.normal(size=N)
    return x, (y - y.mean()).astype(np.float32)


def covariance(x, z):
    squares = ((np.asarray(x, float)[:, None] - np.asarray(z, float)) ** 2).sum(axis=-1)
    return VARIANCE * np.exp(-0.5 * squares / LENGTH**2)


def log_normal(y, matrix):
    y = np.asarray(y, float)
    return -0.5 * (y @ np.linalg.solve(matrix, y) + np.linalg.slogdet(2 * np.pi * matrix)[1])


def nystrom(x, z, jitter):
    cross = covariance(z, x)
    return cross.T @ np.linalg.solve(covariance(z, z) + (float(jitter) + 1e-11) * np.eye(len(z)), cross)


def titsias(x, y, z, jitter):
    low_rank = nystrom(x, z, jitter)
    lack = np.trace(covariance(x, x)) - np.trace(low_rank)
    return log_normal(y, low_rank + NOISE * np.eye(len(x))) - 0.5 * lack / NOISE


@pytest.mark.parametrize("m", [5, 20])
def test_the_bound_is_that_of_the_closed_form_and_below_the_evidence(data, m):
    x, y = data
    z = inducing.choose(x, kernel=KERNEL, n_inducing=m)
    found = collapsed.collapse(x, y, kernel=KERNEL, noise_variance=NOISE, inducing=z)
    np.testing.assert_allclose(found.bound, titsias(x, y, z, found.jitter), rtol=1e-4, atol=0.05)
    smooth = collapsed.bound(x, y, kernel=KERNEL, noise_variance=NOISE, inducing=z)
    exact = log_normal(y, covariance(x, x) + NOISE * np.eye(N))
    assert smooth <= found.bound + 0.1
    assert found.bound <= exact


def test_with_the_samples_as_inducing_inputs_the_bound_is_the_evidence(x64):
    x, y = RNG.uniform(-1, 1, (20, 2)), RNG.normal(size=20)
    found = collapsed.collapse(x, y, kernel=KERNEL, noise_variance=NOISE, inducing=x)
    np.testing.assert_allclose(found.bound, log_normal(y, covariance(x, x) + NOISE * np.eye(20)), rtol=1e-7)


def test_derivatives_of_the_bound_are_differences_of_the_closed_form(data, x64):
    """The slope in one inducing input, and the second derivative along it; in blocks, since n > 256."""
    x, y = (np.asarray(part, float) for part in data)
    z = x[:8] + 0.05

    def along(t, f):
        return f(jnp.asarray(z).at[2, 1].add(t))

    def bound(t):
        return along(t, lambda z: collapsed.bound(x, y, kernel=KERNEL, noise_variance=NOISE, inducing=z))

    step = 1e-3
    low, mid, high = (along(t, lambda z: titsias(x, y, np.asarray(z), 0.0)) for t in (-step, 0.0, step))
    np.testing.assert_allclose(jax.grad(bound)(0.0), (high - low) / (2 * step), rtol=1e-3)
    np.testing.assert_allclose(jax.grad(jax.grad(bound))(0.0), (high - 2 * mid + low) / step**2, rtol=1e-2)


def test_predictions_are_those_of_the_closed_form_and_near_the_exact_ones(data):
    x, y = data
    new = RNG.uniform(-1, 1, (10, 2)).astype(np.float32)
    model = sparse_gp.fit(x, 50 + y, kernel=KERNEL, noise_variance=NOISE, n_inducing=40, max_iter=0)
    made = sparse_gp.predictive(model, new)
    kernel = theirs.ConstantKernel(VARIANCE, "fixed") * theirs.RBF(LENGTH, "fixed")
    exact = GaussianProcessRegressor(kernel, alpha=NOISE).fit(x.astype(float), y.astype(float) - y.mean())
    mean, std = exact.predict(new.astype(float), return_std=True)
    np.testing.assert_allclose(made.mean, 50 + y.mean() + mean, atol=0.05)
    np.testing.assert_allclose(made.epistemic_std, std, atol=0.05)
    np.testing.assert_allclose(made.variance, made.epistemic + NOISE, rtol=1e-5)
    z = np.asarray(model.inducing, float)
    a = covariance(z, x)
    inner = np.linalg.inv(NOISE * (covariance(z, z) + 1e-11 * np.eye(40)) + a @ a.T)
    np.testing.assert_allclose(made.mean - 50, covariance(new, z) @ inner @ a @ (y - y.mean()), atol=5e-3)


def test_hyperparameters_that_made_the_data_are_found(data):
    x, y = data
    model = sparse_gp.fit(
        x, y, kernel=RBF(jnp.array([0.3, 0.3]), 1.0), noise_variance=0.3, n_inducing=30, max_iter=40, tol=3e-3
    )
    assert model.status in (Status.CONVERGED, Status.STALLED)
    assert 0.5 * NOISE < model.noise_variance < 2 * NOISE
    assert sparse_gp.score(model, x, y) > 0.97
    steps = np.asarray(model.history)[: int(model.n_iter) + 1]
    assert steps[-1] < steps[0] - 0.5
    few = sparse_gp.fit(
        x, y, kernel=KERNEL, noise_variance=0.3, n_inducing=30, n_rows=100, key=jax.random.key(0), max_iter=15
    )
    assert sparse_gp.score(few, x, y) > 0.97


def test_units_and_offsets_do_not_matter(data):
    x, y = data
    one = sparse_gp.fit(x, y, kernel=KERNEL, noise_variance=NOISE, n_inducing=20, max_iter=0)
    small = sparse_gp.fit(x, 1e-19 * y, kernel=KERNEL, noise_variance=NOISE, n_inducing=20, max_iter=0, scale=1e-19)
    np.testing.assert_allclose(1e19 * sparse_gp.predict(small, x), sparse_gp.predict(one, x), atol=2e-3)
    np.testing.assert_allclose(small.bound - one.bound, 19 * N * np.log(10), rtol=1e-3)
    made = sparse_gp.predictive(small, x)
    np.testing.assert_allclose(
        1e19 * made.epistemic_std, sparse_gp.predictive(one, x).epistemic_std, rtol=1e-3, atol=1e-5
    )


def test_equal_inducing_inputs_and_missing_values_are_seen(data):
    x, y = data
    same = np.repeat(x[:1], N, axis=0)
    model = sparse_gp.fit(same, y, kernel=KERNEL, noise_variance=NOISE, n_inducing=20, max_iter=0)
    np.testing.assert_allclose(sparse_gp.predict(model, same[:1]), y.mean(), atol=1e-3)
    assert 0 < model.jitter < 1e-3
    y[3] = np.nan
    broken = sparse_gp.fit(x, y, kernel=KERNEL, noise_variance=NOISE, n_inducing=20, max_iter=0)
    assert broken.status == Status.NON_FINITE
    assert not conjugate_gradients.fit(x, y, kernel=KERNEL, noise_variance=NOISE).converged


def test_pivots_leave_what_the_closed_form_leaves(data):
    x, _ = data
    found = inducing.pivoted_cholesky(x, kernel=KERNEL, n_inducing=20)
    for m in (1, 20):
        rest = np.trace(covariance(x, x) - nystrom(x, x[found.order[:m]], 0.0))
        np.testing.assert_allclose(found.error[m - 1], rest, rtol=1e-2, atol=1e-3)
    assert len(set(found.order.tolist())) == 20
    assert (np.diff(found.error) <= 0).all()
    twins = inducing.pivoted_cholesky(np.repeat(x[:3], 4, axis=0), kernel=KERNEL, n_inducing=12)
    assert len(set(twins.order.tolist())) == 12
    assert (twins.factor[:, 3:] == 0).all()


def test_conjugate_gradients_find_the_exact_mean(data, monkeypatch):
    x, y = data
    monkeypatch.setattr(products, "ENTRIES", 100 * N)  # in several blocks
    model = conjugate_gradients.fit(x, y + 7, kernel=KERNEL, noise_variance=NOISE, n_inducing=30, tol=1e-4)
    assert model.converged
    coef = np.linalg.solve(covariance(x, x) + NOISE * np.eye(N), np.asarray(y, float) - y.mean())
    np.testing.assert_allclose(conjugate_gradients.predict(model, x), covariance(x, x) @ coef + y.mean() + 7, atol=2e-3)
    residual = y - y.mean() - covariance(x, x) @ np.asarray(model.coef, float) - NOISE * np.asarray(model.coef)
    np.testing.assert_allclose(model.residual, np.linalg.norm(residual) / np.linalg.norm(y - y.mean()), rtol=0.2)


def test_a_residual_that_rounding_forbids_is_not_said_to_be_reached(data):
    x, y = data
    model = conjugate_gradients.fit(x, y, kernel=KERNEL, noise_variance=1e-4, n_inducing=30, tol=1e-7)
    assert model.status == Status.STALLED
    assert model.residual > 1e-7
    short = conjugate_gradients.fit(x, y, kernel=KERNEL, noise_variance=NOISE, n_inducing=5, max_iter=2)
    assert (short.status, bool(short.residual > 1e-3)) == (Status.MAX_ITER, True)


def test_a_better_preconditioner_needs_fewer_steps(data):
    x, y = data
    options = {"kernel": KERNEL, "noise_variance": NOISE}
    steps = [int(conjugate_gradients.fit(x, y, n_inducing=m, **options).n_iter) for m in (1, 30)]
    assert steps[1] < steps[0] / 2


def test_few_candidates_choose_about_as_well_as_all():
    x = jnp.asarray(RNG.uniform(-1, 1, (400, 2)), jnp.float32)
    variances = [
        np.trace(covariance(x, x) - nystrom(x, inducing.choose(x, kernel=KERNEL, n_inducing=12, **given), 1e-6))
        for given in ({}, {"n_candidates": 240}, {"n_candidates": 12})
    ]
    assert variances[1] < 1.3 * variances[0] < variances[2]
    with pytest.raises(ValueError, match="n_candidates"):
        inducing.choose(x, kernel=KERNEL, n_inducing=12, n_candidates=11)
