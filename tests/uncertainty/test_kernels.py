"""Kernels against scikit-learn, against their definitions in double precision, and where they are hard to compute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.gaussian_process import kernels as peers

from mfml.uncertainty import kernels
from mfml.uncertainty.kernels import RBF, Constant, Linear, Matern, Periodic, RationalQuadratic

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(5, 2)), RNG.normal(size=(4, 2))
LENGTH = np.array([0.7, 2.0])

PAIRS = {
    "rbf": (RBF(LENGTH, 1.5), 1.5 * peers.RBF(LENGTH)),
    "matern 1/2": (Matern(LENGTH, 1.5, nu=0.5), 1.5 * peers.Matern(LENGTH, nu=0.5)),
    "matern 3/2": (Matern(0.8, 1.5, nu=1.5), 1.5 * peers.Matern(0.8, nu=1.5)),
    "matern 5/2": (Matern(LENGTH), peers.Matern(LENGTH, nu=2.5)),
    "rational quadratic": (RationalQuadratic(0.8, 2.0, 0.6), 2.0 * peers.RationalQuadratic(0.8, alpha=0.6)),
    "linear": (Linear() + Constant(0.25), peers.DotProduct(sigma_0=0.5)),
    "product": (RBF(0.5) * Linear(2.0) + Matern(), peers.RBF(0.5) * 2.0 * peers.DotProduct(0.0) + peers.Matern(nu=2.5)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_equals_the_peer(name, x64):
    ours, theirs = PAIRS[name]
    np.testing.assert_allclose(kernels.matrix(ours, X, Z), theirs(X, Z), rtol=1e-13)
    np.testing.assert_allclose(kernels.diagonal(ours, X), theirs.diag(X), rtol=1e-13)
    np.testing.assert_allclose(np.diag(kernels.matrix(ours, X, X)), theirs.diag(X), rtol=1e-13)


def test_periodic(x64):
    ours = kernels.matrix(Periodic(0.7, 1.3, 2.0), X[:, :1], Z[:, :1])
    np.testing.assert_allclose(ours, 2 * peers.ExpSineSquared(0.7, 1.3)(X[:, :1], Z[:, :1]), rtol=1e-13)
    both = kernels.matrix(Periodic(LENGTH, [1.3, 2.1]), X, Z)  # a product over features: positive definite for all d
    parts = [kernels.matrix(Periodic(LENGTH[j], (1.3, 2.1)[j]), X[:, j : j + 1], Z[:, j : j + 1]) for j in (0, 1)]
    np.testing.assert_allclose(both, parts[0] * parts[1], rtol=1e-13)
    later = kernels.matrix(Periodic(0.7, 2.0), 2e6 + jnp.arange(4.0, dtype=jnp.float32)[:, None] / 4, jnp.zeros((1, 1)))
    now = kernels.matrix(Periodic(0.7, 2.0), jnp.arange(4.0)[:, None] / 4, jnp.zeros((1, 1)))
    np.testing.assert_allclose(later, now, rtol=1e-6)


FAR = np.array([[0.0, 0.0], [0.25, 0.0], [1e6, 0.0], [1e6 + 0.25, 1.0]])


@pytest.mark.parametrize(
    "kernel", [RBF(LENGTH), Matern(LENGTH, nu=0.5), RationalQuadratic(LENGTH), Periodic(LENGTH, 1.3)]
)
def test_far_groups_keep_their_distances_in_single_precision(kernel):
    single = kernels.matrix(kernel, FAR.astype(np.float32), FAR.astype(np.float32))
    with jax.enable_x64(True):
        period = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32).astype(float), kernel)
        np.testing.assert_allclose(single, kernels.matrix(period, FAR, FAR), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("unit", [1e-18, 1e18])
def test_any_unit(unit):
    x = X.astype(np.float32)
    for kind in (RBF, Matern, RationalQuadratic):
        np.testing.assert_allclose(
            kernels.matrix(kind(unit * LENGTH), unit * x, unit * x), kernels.matrix(kind(LENGTH), x, x), rtol=1e-5
        )


@pytest.mark.parametrize("nu", kernels.ORDERS)
def test_slopes_of_matern(nu, x64):
    """Against differences of the definition; where distances are 0 nothing is infinite."""

    def total(length, x):
        return jnp.sum(jnp.arange(20.0).reshape(5, 4) * kernels.matrix(Matern(length, nu=nu), x, Z))

    step = 1e-6
    in_length, in_x = jax.grad(total, argnums=(0, 1))(jnp.asarray(LENGTH), jnp.asarray(X))
    for j, moved in enumerate(step * np.eye(2)):
        difference = (total(LENGTH + moved, X) - total(LENGTH - moved, X)) / (2 * step)
        np.testing.assert_allclose(in_length[j], difference, rtol=1e-6)
        np.testing.assert_allclose(
            in_x[:, j].sum(), (total(LENGTH, X + moved) - total(LENGTH, X - moved)) / (2 * step), rtol=1e-6
        )
    slope = jax.jacobian(lambda x: kernels.matrix(Matern(nu=nu), x, X))(jnp.asarray(X))
    assert np.isfinite(slope).all()
    assert np.abs(slope[np.arange(5), np.arange(5), np.arange(5)]).max() == 0  # of k(x, x')


def test_curvature_at_distance_zero(x64):
    """The covariance of slopes, which exists from nu = 3/2 on: 3 / length^2 and 5 / (3 length^2)."""

    def slopes(kernel):
        def value(a, b):
            return kernels.matrix(kernel, jnp.reshape(a, (1, 1)), jnp.reshape(b, (1, 1)))[0, 0]

        return jax.jacfwd(jax.grad(value), argnums=1)(1.0, 1.0)

    assert slopes(RBF(2.0)) == pytest.approx(1 / 4)
    assert slopes(Matern(2.0, nu=2.5)) == pytest.approx(5 / 12)
    assert slopes(Matern(2.0, nu=1.5)) == pytest.approx(3 / 4)


def test_a_large_alpha_is_an_rbf():
    many = kernels.matrix(RationalQuadratic(LENGTH, alpha=1e7), X, Z)
    np.testing.assert_allclose(many, kernels.matrix(RBF(LENGTH), X, Z), rtol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (RBF(length=0.0), r"length of RBF must be positive; found 0\.0"),
        (RBF() + RBF(variance=-1.0), r"variance of RBF must be positive; found -1\.0"),
        (Matern(length=[1.0, 2.0, 3.0]), r"length of Matern must be one number, or one for each of the 2 columns of x"),
        (RBF(variance=[1.0, 2.0]), r"variance of RBF must be one number; found shape \(2,\)"),
        (RBF(length="long"), r"length of RBF must be an array of numbers; found 'long'"),
        (RBF, r"kernel must be a kernel such as RBF\(length=1\.0\); found type"),
    ],
)
def test_what_is_no_kernel_is_refused_by_name(kernel, message, unchecked):
    with pytest.raises(ValueError, match=message):
        kernels.matrix(kernel, X, Z)


def test_other_refusals(unchecked):
    with pytest.raises(ValueError, match=r"nu must be one of 0\.5, 1\.5, 2\.5; found 1"):
        Matern(nu=1)
    with pytest.raises(TypeError, match="unsupported operand"):
        RBF() + 1.0
    with pytest.raises(ValueError, match=r"x and z must have the same length along axis 1"):
        kernels.matrix(RBF(), X, Z[:, :1])


def test_a_traced_hyperparameter_that_is_not_positive_gives_nan():
    found = jax.jit(lambda length: kernels.matrix(RBF(length), X, Z))(-1.0)
    assert np.isnan(found).all()
