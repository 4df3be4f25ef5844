"""A sample of weight zero is absent."""

import jax
import jax.numpy as jnp

from mfml.numerics.absent import largest_of_batch, may_miss, present, rows_in_use


def test_rows_of_weight_zero_are_replaced_by_one_that_is_present():
    x = jnp.array([[jnp.nan, 1.0], [2.0, 3.0], [jnp.inf, 4.0]])
    assert present(jnp.array([0.0, 0.5, 0.0]), x).tolist() == [[2.0, 3.0]] * 3
    assert present(None, x) is x


def test_where_all_are_absent_there_are_no_numbers():
    assert jnp.isnan(present(jnp.zeros(2), jnp.array([5.0, 6.0]))).all()
    assert present(jnp.zeros(2), jnp.array([5, 6])).tolist() == [5, 5]  # labels have no NaN


def test_a_missing_weight_hides_nothing():
    kept = present(jnp.array([jnp.nan, 1.0]), jnp.array([5.0, 6.0]))
    assert kept.tolist() == [5.0, 6.0]


def test_the_derivative_passes_what_is_absent_by():
    def total(x, weights):
        return jnp.sum(weights * present(weights, x) ** 2)

    slope, of_weights = jax.grad(total, argnums=(0, 1))(jnp.array([jnp.nan, 3.0]), jnp.array([0.0, 2.0]))
    assert slope.tolist() == [0.0, 12.0]
    assert jnp.isfinite(of_weights).all()


def test_folds_share_one_table_without_the_rows_that_none_of_them_uses():
    x = jnp.array([[1.0], [2.0], [jnp.nan], [1e30]])
    folds = jnp.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    tables, sound = jax.vmap(rows_in_use, in_axes=(0, None), out_axes=(None, 0))(folds, x)  # of one table: not batched
    assert tables.tolist() == [[1.0], [2.0], [1.0], [1.0]]
    assert sound.all()
    assert jax.vmap(rows_in_use, in_axes=(0, None))(jnp.eye(4), x)[1].tolist() == [True, True, False, True]
    assert rows_in_use(None, x)[0] is x


def test_the_largest_of_a_batch_is_one_for_all_and_has_no_derivative():
    value = jnp.array([[1.0, 5.0], [3.0, 2.0]])
    assert jax.vmap(largest_of_batch)(value).tolist() == [[3.0, 5.0]] * 2
    assert jax.vmap(jax.vmap(largest_of_batch))(value).tolist() == [[5.0, 5.0]] * 2
    assert largest_of_batch(value[0]).tolist() == [1.0, 5.0]
    slope = jax.vmap(jax.grad(lambda v: v * largest_of_batch(v)))(jnp.array([2.0, 3.0]))
    assert slope.tolist() == [3.0, 3.0]


def test_a_value_that_is_traced_may_be_missing():
    assert not may_miss(jnp.ones((3, 2)))
    assert may_miss(jnp.array([[1.0, -jnp.inf], [jnp.nan, jnp.inf]]))
    assert may_miss(jnp.zeros((10_000, 2)).at[5000, 1].set(jnp.nan))  # a maximum of so many loses it
    assert not may_miss(jnp.zeros((0, 2)))
    assert jax.jit(lambda x: jnp.array(may_miss(x)))(jnp.ones((3, 2))).item()
    assert jax.jit(lambda: jnp.array(may_miss(jnp.ones((3, 2)))))().item()  # a constant of a compiled function
