import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import pairwise

from mfml.decomposition import kernels

PARAMETERS = {"gamma": 0.3, "degree": 2.0, "coef0": 0.5}
USED = {
    "linear": (),
    "poly": ("gamma", "degree", "coef0"),
    "rbf": ("gamma",),
    "sigmoid": ("gamma", "coef0"),
    "cosine": (),
}
PEER_NAME = {"poly": "polynomial"}


@pytest.fixture
def x(key):
    return jax.random.normal(key, (25, 3)) * jnp.array([2.0, 1.0, 0.5])


@pytest.mark.parametrize("name", kernels.KERNELS)
def test_kernels_are_those_of_scikit_learn(x, name):
    kernel = kernels.make_kernel(name, 3, **PARAMETERS)
    peer = getattr(pairwise, f"{PEER_NAME.get(name, name)}_kernel" if name != "cosine" else "cosine_similarity")
    expected = peer(np.asarray(x), np.asarray(x[:4]) + 1, **{p: PARAMETERS[p] for p in USED[name]})
    np.testing.assert_allclose(kernels.gram(kernel, x, x[:4] + 1), expected, rtol=1e-4, atol=1e-5)


def test_rbf_far_from_the_origin_keeps_its_digits(x):
    kernel = kernels.make_kernel("rbf", 3)
    near, far = kernels.gram(kernel, x, x), kernels.gram(kernel, x + 1e3, x + 1e3)
    np.testing.assert_allclose(far, near, atol=1e-3)
    assert far.max() <= 1


def test_wrong_arguments_are_named(unchecked, x):
    with pytest.raises(ValueError, match="kernel must be one of"):
        kernels.make_kernel("matern", 3)
    with pytest.raises(ValueError, match="d must be at least 1"):
        kernels.make_kernel("rbf", 0)
    with pytest.raises(ValueError, match=r"same length along axis 1 of x, axis 1 of y; found x \(25, 3\), y \(25, 2\)"):
        kernels.gram(kernels.Linear(), x, x[:, :2])


@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e20, 1e38])
def test_cosine_of_samples_in_any_unit(size):
    x = jnp.array([[1.0, 0.0], [1.0, 1.0]]) * size
    np.testing.assert_allclose(kernels.gram(kernels.Cosine(), x, x), [[1, 0.5**0.5], [0.5**0.5, 1]], rtol=1e-6)
