"""Distances between samples and data: closed forms, brute force, and groups that lie far apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.special import logsumexp
from scipy.stats import norm

from mfml.generative import evaluation, fidelity, frechet
from mfml.probability.gaussian import Gaussian

SHIFTED = 0.177267635  # MMD^2 of N(0, 1) and N(1, 1) with length 1
QUANTILES = jnp.asarray(norm.ppf((np.arange(3000) + 0.5) / 3000), jnp.float32)[:, None]


def mmd2_by_hand(x, y, length_scale, biased):
    def mean(a, b, same):
        kernel = np.exp(-((a[:, None] - b) ** 2).sum(axis=-1) / (2 * length_scale**2))
        if same and not biased:
            np.fill_diagonal(kernel, 0)
            return kernel.sum() / len(a) / (len(a) - 1)
        return kernel.mean()

    x, y = (np.asarray(part, np.float64) for part in (x, y))
    return mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("shape", [(7, 5, 3), (300, 270, 2)])
def test_mmd_is_the_sum_over_pairs(key, shape, biased):
    n, m, d = shape
    x, y = jax.random.normal(key, (n, d)), 0.3 + jax.random.normal(jax.random.fold_in(key, 1), (m, d))
    found = evaluation.mmd2(x, y, length_scale=0.7, biased=biased)
    np.testing.assert_allclose(found, mmd2_by_hand(x, y, 0.7, biased), atol=2e-6)


def test_mmd_of_two_normal_distributions_has_its_closed_form():
    found = evaluation.mmd2(QUANTILES, QUANTILES + 1, biased=True)
    np.testing.assert_allclose(found, SHIFTED, atol=2e-5)  # 3000 quantiles instead of the distribution
    np.testing.assert_allclose(
        evaluation.mmd2(5 * QUANTILES, 5 * QUANTILES + 5, length_scale=5.0, biased=True), found, rtol=1e-5
    )
    wide = evaluation.mmd2(QUANTILES, QUANTILES + 1, length_scale=3.0, biased=True)
    np.testing.assert_allclose(wide, 2 * 3 / 11**0.5 * (1 - np.exp(-1 / 22)), rtol=1e-3)


def test_mmd_without_bias_is_zero_on_average_for_equal_distributions(key):
    draws = jax.random.normal(key, (400, 2, 10, 1))
    each = jax.vmap(lambda pair: evaluation.mmd2(*pair))(draws)
    assert abs(each.mean()) < 4 * each.std() / 20 and (each < 0).any()
    biased = jax.vmap(lambda pair: evaluation.mmd2(*pair, biased=True))(draws)
    assert biased.min() >= -1e-6 and biased.mean() > 0.05


@pytest.mark.parametrize("distance", [1e3, 2.0**24])
def test_groups_far_apart_are_judged_from_their_differences(distance):
    """Products would lose the distances within the groups."""
    near = jnp.concatenate([QUANTILES[::10] * 4, QUANTILES[::10] * 4 + 4])
    near = jnp.round(near / 2) * 2  # float32 knows even numbers at 2^24
    moved = jnp.concatenate([near[:300], near[300:] + distance])
    shifted = moved + 2
    expected = mmd2_by_hand(moved, shifted, 4.0, True)
    np.testing.assert_allclose(evaluation.mmd2(moved, shifted, length_scale=4.0, biased=True), expected, rtol=1e-3)
    density = evaluation.kernel_log_prob(moved, shifted, bandwidth=4.0)
    exponents = -((np.asarray(moved, float) - np.asarray(shifted, float).T) ** 2) / 32
    by_hand = logsumexp(exponents, axis=1) - np.log(600 * 4 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(density, by_hand, rtol=1e-4)
    balls = fidelity.measure(shifted, moved, n_neighbors=3)
    same = fidelity.measure(near + 2, jnp.concatenate([near[:300], near[300:]]), n_neighbors=3)
    assert all(0.5 < float(share) <= 1 for share in (*balls, *same))


def test_the_estimated_density_adds_up_to_1_and_nears_the_true_one(key):
    samples = jax.random.normal(key, (4000, 1))
    points = jnp.linspace(-6.0, 6.0, 600)[:, None]
    found = np.exp(evaluation.kernel_log_prob(points, samples, bandwidth=0.2))
    np.testing.assert_allclose(found.sum() * 12 / 599, 1, rtol=1e-3)
    np.testing.assert_allclose(found, norm.pdf(np.asarray(points[:, 0])), atol=0.03)
    far = evaluation.kernel_log_prob(jnp.array([[1e3]]), samples, bandwidth=0.2)
    assert np.isfinite(far).all() and far[0] < -1e6


def test_held_out_has_a_mean_and_its_error():
    values = jnp.array([-1.0, -2.0, -4.0])
    found = evaluation.held_out(values)
    np.testing.assert_allclose(found, [np.mean(values), np.std(values, ddof=1) / 3**0.5], rtol=1e-6)
    assert np.isnan(evaluation.held_out(values[:1]).standard_error)


def gaussian(rng, d, rank):
    a = rng.normal(size=(d, rank))
    return Gaussian(rng.normal(size=d), a @ a.T)


def frechet_by_hand(p, q):
    root = sqrtm(p.covariance)
    cross = sqrtm(root @ q.covariance @ root).real
    return np.sum((p.mean - q.mean) ** 2) + np.trace(p.covariance + q.covariance - 2 * cross)


def single(p):
    return Gaussian(*(jnp.asarray(part, jnp.float32) for part in p))


def test_frechet_of_one_coordinate():
    """N(0, 1) and N(1, 4): 1 for the means, (2 - 1)^2 for the spreads."""
    p = Gaussian(jnp.zeros(1), jnp.eye(1))
    found = frechet.squared_distance(p, Gaussian(jnp.ones(1), 4 * jnp.eye(1)))
    np.testing.assert_allclose(found, 2, rtol=1e-6)


@pytest.mark.parametrize("d", [2, 6, 15])
def test_frechet_is_the_formula_with_roots(d):
    rng = np.random.default_rng(d)
    p, q = gaussian(rng, d, d), gaussian(rng, d, d)
    found = frechet.squared_distance(single(p), single(q))
    np.testing.assert_allclose(found, frechet_by_hand(p, q), rtol=1e-5)
    np.testing.assert_allclose(found, frechet.squared_distance(single(q), single(p)), rtol=1e-5)


def test_frechet_of_covariances_that_commute_is_the_distance_of_spreads():
    spreads = np.array([[3.0, 1.0, 0.0, 0.0], [1.0, 2.0, 0.5, 0.0]])  # rank 2 and 3 of 4
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    p, q = (single(Gaussian(np.zeros(4), turn * row**2 @ turn.T)) for row in spreads)
    np.testing.assert_allclose(frechet.squared_distance(p, q), np.sum((spreads[0] - spreads[1]) ** 2), rtol=1e-4)


def test_frechet_of_equal_distributions_is_zero_and_never_negative(key):
    x = jax.random.normal(key, (30, 40))  # fewer samples than features
    assert 0 <= frechet.of_samples(x, x) < 1e-9
    assert 0 <= frechet.of_samples(x, x[::-1]) < 1e-4
    slope = jax.grad(frechet.of_samples)(x, x)
    assert np.isfinite(slope).all()


def test_frechet_of_few_samples_has_finite_gradients_that_descend(key):
    x = jax.random.normal(key, (10, 20))
    y = 2 + 3 * jax.random.normal(jax.random.fold_in(key, 1), (12, 20))
    value, slope = jax.value_and_grad(frechet.of_samples)(x, y)
    assert np.isfinite(slope).all()
    assert frechet.of_samples(x - 0.1 * slope, y) < value


def test_the_gradient_of_frechet_is_that_of_differences(x64):
    rng = np.random.default_rng(3)
    p, q = (Gaussian(*map(jnp.asarray, gaussian(rng, 4, 4))) for _ in range(2))
    for place in range(2):
        direction = rng.normal(size=(4, 4))
        direction = direction + direction.T

        def along(t, place=place, direction=direction):
            pair = [p, q]
            pair[place] = pair[place]._replace(covariance=pair[place].covariance + t * direction)
            return frechet.squared_distance(*pair)

        numeric = (along(1e-5) - along(-1e-5)) / 2e-5
        np.testing.assert_allclose(jax.grad(along)(0.0), numeric, rtol=1e-6)


@pytest.mark.parametrize(("shift", "unit"), [(0.0, 1e-9), (0.0, 1e9), (1e6, 1.0)])
def test_frechet_of_samples_in_any_unit_and_far_away(key, shift, unit):
    x = jnp.round(4 * jax.random.normal(key, (50, 3)))
    y = jnp.round(8 * jax.random.normal(jax.random.fold_in(key, 1), (40, 3))) + 3
    expected = frechet_by_hand(*(Gaussian(np.mean(z, axis=0), np.cov(np.asarray(z, float).T)) for z in (x, y)))
    found = frechet.of_samples(x * unit + shift, y * unit + shift) / unit**2
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def fidelity_by_hand(generated, target, k):
    def table(a, b):
        return np.sqrt(((np.asarray(a, float)[:, None] - np.asarray(b, float)) ** 2).sum(axis=-1))

    def radii(x):
        return np.sort(table(x, x), axis=1)[:, k]

    across = table(generated, target)
    precision = (across <= radii(target)).any(axis=1).mean()
    recall = (radii(generated) >= across.T).any(axis=1).mean()
    return precision, recall, (across.min(axis=0) <= radii(target)).mean()


@pytest.mark.parametrize("k", [1, 5])
def test_fidelity_is_what_brute_force_finds(key, k):
    generated, target = 0.6 * jax.random.normal(key, (300, 2)), jax.random.normal(jax.random.fold_in(key, 1), (270, 2))
    found = fidelity.measure(generated, target, n_neighbors=k)
    np.testing.assert_allclose(found, fidelity_by_hand(generated, target, k), atol=1e-6)


@pytest.mark.parametrize("d", [1, 5])
def test_coverage_of_one_distribution_is_what_is_expected_in_any_dimension(key, d):
    draws = jax.random.normal(key, (40, 90, d)) ** 3  # heavy tails
    each = [fidelity.measure(draw[:30], draw[30:], n_neighbors=3).coverage for draw in draws]
    expected = fidelity.expected_coverage(n_generated=30, n_target=60, n_neighbors=3)
    np.testing.assert_allclose(np.mean(each), expected, atol=4 * np.std(each) / 40**0.5)


def test_bad_samples_are_refused(unchecked):
    x = jnp.zeros((4, 2))
    with pytest.raises(ValueError, match="y must hold at least 2 samples; found shape"):
        evaluation.mmd2(x, x[:1])
    with pytest.raises(ValueError, match="length_scale must be positive; found 0"):
        evaluation.mmd2(x, x, length_scale=0.0)
    with pytest.raises(ValueError, match="x and y must have the same length"):
        evaluation.mmd2(x, x[:, :1])
    with pytest.raises(ValueError, match="samples must hold at least one sample"):
        evaluation.kernel_log_prob(x, x[:0], bandwidth=1.0)
    with pytest.raises(ValueError, match="x must hold 2 samples and a feature"):
        frechet.of_samples(x[:1], x)
    with pytest.raises(ValueError, match="must have the same shape"):
        frechet.squared_distance(Gaussian(x[0], jnp.eye(2)), Gaussian(x[0, :1], jnp.eye(1)))
    with pytest.raises(ValueError, match="target must hold more samples than n_neighbors = 5"):
        fidelity.measure(jnp.zeros((9, 2)), x)
    with pytest.raises(ValueError, match="n_neighbors must be"):
        fidelity.expected_coverage(n_generated=3, n_target=3, n_neighbors=3)


def test_a_nan_is_not_masked():
    x = jax.random.normal(jax.random.key(0), (20, 2))
    bad = x.at[3, 0].set(jnp.nan)
    assert np.isnan(evaluation.mmd2(bad, x)) and np.isnan(evaluation.mmd2(x, bad, biased=True))
    assert np.isnan(frechet.of_samples(bad, x))
    assert np.isnan(fidelity.measure(bad, x)).all() and np.isnan(fidelity.measure(x, bad)).all()
    assert np.isnan(evaluation.kernel_log_prob(x, bad, bandwidth=1.0)).all()
    assert np.isnan(fidelity.diagnose(bad, x).diversity)
