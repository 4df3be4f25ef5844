import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfml.probability import calibration, likelihood

Y = np.array([-30.0, -1.0, 0.0, 0.4, 2.5, 1000.0])


@pytest.mark.parametrize(
    ("found", "peer"),
    [
        (lambda y: likelihood.gaussian_nll(y, 0.4, 1.7), stats.norm(0.4, 1.7)),
        (lambda y: likelihood.laplace_nll(y, 0.4, 1.7), stats.laplace(0.4, 1.7)),
        (lambda y: likelihood.student_t_nll(y, 0.4, 1.7, 1.0), stats.t(1.0, 0.4, 1.7)),
        (lambda y: likelihood.student_t_nll(y, 0.4, 1.7, 4.5), stats.t(4.5, 0.4, 1.7)),
        (lambda y: likelihood.student_t_nll(y, 0.4, 1.7, 21.0), stats.t(21.0, 0.4, 1.7)),
    ],
    ids=["gaussian", "laplace", "cauchy", "t4.5", "t21"],
)
def test_densities_equal_scipy(found, peer, x64):
    np.testing.assert_allclose(found(jnp.asarray(Y)), -peer.logpdf(Y), rtol=1e-10)


@pytest.mark.parametrize("df", [19.9, 20.1, 500.0, 1e6])
def test_large_degrees_of_freedom_keep_their_digits_in_single_precision(df):
    y = np.array([0.0, 1.0, 3.0])
    found = likelihood.student_t_nll(jnp.asarray(y, jnp.float32), 0.0, 1.0, df)
    np.testing.assert_allclose(found, -stats.t(df).logpdf(y), rtol=2e-6)


def test_counts_and_labels_equal_scipy():
    y = np.array([0, 1, 5, 40])
    found = likelihood.poisson_nll(jnp.asarray(y), jnp.log(3.2))
    np.testing.assert_allclose(found, -stats.poisson(3.2).logpmf(y), rtol=1e-5)
    labels, logits = np.array([0, 1, 1]), np.array([0.3, -1.2, 2.0])
    expected = -stats.bernoulli(1 / (1 + np.exp(-logits))).logpmf(labels)
    np.testing.assert_allclose(likelihood.bernoulli_nll(jnp.asarray(labels), jnp.asarray(logits)), expected, rtol=1e-5)


def test_extreme_logits_cost_their_size_and_keep_small_losses():
    found = likelihood.bernoulli_nll(jnp.array([0, 1, 1]), jnp.array([1e4, -1e4, 30.0]))
    np.testing.assert_allclose(found, [1e4, 1e4, np.exp(-30.0)], rtol=1e-5)
    slope = jax.grad(lambda s: likelihood.bernoulli_nll(jnp.array([1]), s).sum())(jnp.array([-1e4]))
    np.testing.assert_allclose(slope, [-1.0])


def test_the_pull_of_a_residual_grows_saturates_or_fades():
    """The derivative in y: linear for normal noise, constant for Laplace's, falling for Student's."""
    y = jnp.array([1.0, 10.0, 100.0])

    def pull(nll):
        return np.asarray(jax.grad(lambda y: nll(y).sum())(y))

    np.testing.assert_allclose(pull(lambda y: likelihood.gaussian_nll(y, 0.0, 1.0)), y)
    np.testing.assert_allclose(pull(lambda y: likelihood.laplace_nll(y, 0.0, 2.0)), 0.5)
    heavy = pull(lambda y: likelihood.student_t_nll(y, 0.0, 1.0, 3.0))
    np.testing.assert_allclose(heavy, 4 * y / (3 + y**2), rtol=1e-5)
    assert (np.diff(heavy) < 0).all()


def test_constant_scale_makes_it_the_squared_error_up_to_a_constant(key):
    y, first, second = jax.random.normal(key, (3, 20))
    difference = jnp.sum(likelihood.gaussian_nll(y, first, 2.0) - likelihood.gaussian_nll(y, second, 2.0))
    np.testing.assert_allclose(difference, jnp.sum((y - first) ** 2 - (y - second) ** 2) / 8, rtol=1e-4)


def test_parameters_must_broadcast(unchecked):
    with pytest.raises(ValueError, match="mean must broadcast to the shape of y"):
        likelihood.gaussian_nll(jnp.zeros(3), jnp.zeros((3, 1)), 1.0)
    with pytest.raises(ValueError, match="df must broadcast"):
        likelihood.student_t_nll(jnp.zeros(3), 0.0, 1.0, jnp.ones(2))


@pytest.mark.parametrize("unit", [1e-20, 1.0, 1e20])
@pytest.mark.parametrize(
    ("nll", "slope"),
    [
        (likelihood.gaussian_nll, 1 - 9),
        (likelihood.laplace_nll, 1 - 3),
        (lambda y, m, s: likelihood.student_t_nll(y, m, s, 3.0), 1 - 4 * 9 / (3 + 9)),
        (lambda y, m, s: calibration.gaussian_pit(y, m, s), -3 * stats.norm.pdf(3)),
    ],
    ids=["gaussian", "laplace", "student", "pit"],
)
def test_derivatives_in_the_scale_hold_in_any_unit(nll, slope, unit):
    found = jax.grad(lambda scale: nll(jnp.array([3 * unit]), 0.0, scale)[0])(jnp.array(unit)) * unit
    np.testing.assert_allclose(found, slope, rtol=1e-5)


def test_student_noise_far_out_grows_like_a_logarithm():
    y = jnp.array([0.0, 1e6, 1e8, 1e20, 1e38])
    np.testing.assert_allclose(
        likelihood.student_t_nll(y, 0.0, 1.0, 3.0), -stats.t(3).logpdf(np.asarray(y, float)), rtol=1e-6
    )
    slopes = jax.grad(lambda *a: likelihood.student_t_nll(y[3:4], *a)[0], argnums=(0, 1, 2))(0.0, 1.0, 3.0)
    by_df = (stats.t(3 - 1e-4).logpdf(1e20) - stats.t(3 + 1e-4).logpdf(1e20)) / 2e-4
    np.testing.assert_allclose(slopes, [-4e-20, 1 - 4, by_df], rtol=1e-5)
