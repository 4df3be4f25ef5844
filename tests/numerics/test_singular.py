"""Singular values of every input."""

import jax.numpy as jnp
import numpy as np
import pytest

from mfml.numerics import singular


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_gives_nan_and_ends(bad):
    a = jnp.ones((4, 3)).at[0, 0].set(bad)
    assert all(jnp.isnan(part).all() for part in singular.svd(a))
    assert jnp.isnan(singular.values(a)).all()


def test_all_else_is_as_in_numpy():
    a = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(singular.values(jnp.asarray(a)), np.linalg.svd(a)[1], rtol=1e-5)
    assert singular.svd(jnp.asarray(a), full_matrices=True)[0].shape == (5, 5)
