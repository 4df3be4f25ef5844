"""A sample of weight zero is absent."""

import jax
import jax.numpy as jnp

from mfml.numerics.absent import present


def test_rows_of_weight_zero_are_replaced_by_one_that_is_present():
    x = jnp.array([[jnp.nan, 1.0], [2.0, 3.0], [jnp.inf, 4.0]])
    assert present(jnp.array([0.0, 0.5, 0.0]), x).tolist() == [[2.0, 3.0]] * 3
    assert present(None, x) is x


def test_a_missing_weight_hides_nothing():
    kept = present(jnp.array([jnp.nan, 1.0]), jnp.array([5.0, 6.0]))
    assert kept.tolist() == [5.0, 6.0]


def test_the_derivative_passes_what_is_absent_by():
    def total(x, weights):
        return jnp.sum(weights * present(weights, x) ** 2)

    slope, of_weights = jax.grad(total, argnums=(0, 1))(jnp.array([jnp.nan, 3.0]), jnp.array([0.0, 2.0]))
    assert slope.tolist() == [0.0, 12.0]
    assert jnp.isfinite(of_weights).all()
