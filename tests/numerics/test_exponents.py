"""Sums of exponentials of any size, also where compiled code rounds exponents in two ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from mfml.numerics import exponents


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("size", [1.0, 1e4, 1e30])
def test_it_is_the_logarithm_of_the_sum(key, axis, size):
    a = size * jax.random.normal(key, (5, 7))
    np.testing.assert_allclose(exponents.log_sum(a, axis=axis), logsumexp(np.asarray(a, float), axis=axis), rtol=1e-6)


def test_infinities_and_nan_mean_what_they_mean():
    rows = [[jnp.inf, 0.0], [-jnp.inf, 0.0], [-jnp.inf, -jnp.inf], [jnp.nan, 0.0], [jnp.nan, jnp.inf]]
    np.testing.assert_array_equal(exponents.log_sum(jnp.array(rows)), [np.inf, 0.0, -np.inf, np.nan, np.nan])


def test_exponents_computed_on_the_way_are_rounded_in_two_ways_and_still_add_up():
    x = jnp.array([[2.0**24, 0.3], [1.0, 0.2]])

    @jax.jit
    def far(factor):
        squares = jnp.sum((x[:, None] - jnp.array([[0.1, 0.2], [1.0, 1.0]])) ** 2, axis=-1)
        return exponents.log_sum(-factor * squares)

    squares = np.sum((np.asarray(x, float)[:, None] - [[0.1, 0.2], [1.0, 1.0]]) ** 2, axis=-1)
    np.testing.assert_allclose(far(0.3906), logsumexp(-0.3906 * squares, axis=1), rtol=1e-6)


def test_its_gradient_is_the_softmax(key):
    a = 3 * jax.random.normal(key, (6,))
    np.testing.assert_allclose(jax.grad(exponents.log_sum)(a), jax.nn.softmax(a), rtol=1e-5)
    np.testing.assert_allclose(jax.grad(exponents.log_sum)(jnp.array([-1e30, 0.0])), [0, 1])
