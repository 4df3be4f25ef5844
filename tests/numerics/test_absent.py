import jax.numpy as jnp
import numpy as np

from mfml.numerics.absent import present


def test_absent_rows_hold_what_a_present_one_does():
    x, y, w = jnp.array([[jnp.nan], [3.0], [4.0]]), jnp.array([7, 8, 9]), jnp.array([0.0, 0.5, 0.0])
    one, two = present(w, x, y)
    assert one.tolist() == [[3], [3], [3]] and two.tolist() == [8, 8, 8]
    assert present(None, x)[0] is x


def test_weights_that_are_nan_hide_nothing():
    (found,) = present(jnp.array([jnp.nan, 1.0]), jnp.array([1.0, 2.0]))
    np.testing.assert_array_equal(found, [1, 2])
