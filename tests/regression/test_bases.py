import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BSpline, CubicSpline
from sklearn.gaussian_process.kernels import RBF
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer

from mfml.regression import bases, ols

X = np.linspace(-0.95, 1.0, 14)
BREAKS = np.array([-1.0, -0.4, 0.1, 1.0])


def jnp32(a):
    return jnp.asarray(a, float)


@pytest.mark.parametrize("degree", [0, 1, 5])
def test_polynomials_equal_numpy_and_scikit_learn(degree):
    x = jnp32(X)
    np.testing.assert_allclose(
        bases.monomial(x, degree=degree), PolynomialFeatures(degree).fit_transform(X[:, None]), atol=1e-6
    )
    np.testing.assert_allclose(
        bases.chebyshev(x, degree=degree), np.polynomial.chebyshev.chebvander(X, degree), atol=1e-5
    )
    np.testing.assert_allclose(bases.legendre(x, degree=degree), np.polynomial.legendre.legvander(X, degree), atol=1e-5)


@pytest.mark.parametrize("basis", [bases.chebyshev, bases.legendre])
def test_an_interval_is_mapped_onto_minus_one_to_one(basis):
    x = jnp.array([300.0, 350.0, 500.0])
    found = basis(x, degree=4, low=300.0, high=500.0)
    np.testing.assert_allclose(found, basis(jnp.array([-1.0, -0.5, 1.0]), degree=4), atol=1e-5)
    np.testing.assert_allclose(found[-1], 1, rtol=1e-6)


def test_legendre_is_orthogonal_and_chebyshev_bounded():
    nodes, weights = np.polynomial.legendre.leggauss(12)
    table = bases.legendre(jnp32(nodes), degree=6)
    gram = (table.T * weights) @ table
    np.testing.assert_allclose(gram, np.diag(2 / (2 * np.arange(7) + 1)), atol=1e-5)
    fine = bases.chebyshev(jnp.linspace(-1.0, 1.0, 301), degree=40)
    assert jnp.abs(fine).max() <= 1 + 1e-5
    np.testing.assert_allclose(fine[-1], 1, rtol=1e-5)


def test_monomial_at_zero_has_the_right_value_and_gradient():
    assert bases.monomial(jnp.zeros(1), degree=3).tolist() == [[1.0, 0.0, 0.0, 0.0]]
    slopes = jax.jacobian(lambda x: bases.monomial(x[None], degree=3)[0])(jnp.array(0.0))
    assert slopes.tolist() == [0.0, 1.0, 0.0, 0.0]


def test_fourier_is_periodic_and_orthogonal():
    x = jnp.arange(16) / 16 * 2.5
    table = bases.fourier(x, n_harmonics=5, period=2.5)
    assert table.shape == (16, 11)
    np.testing.assert_allclose(table.T @ table, np.diag([16.0, *[8.0] * 10]), atol=1e-4)
    np.testing.assert_allclose(bases.fourier(x + 2.5, n_harmonics=5, period=2.5), table, atol=1e-4)
    np.testing.assert_allclose(table[:, 3], np.cos(4 * np.pi * np.asarray(x) / 2.5), atol=1e-5)
    np.testing.assert_allclose(table[:, 4], np.sin(4 * np.pi * np.asarray(x) / 2.5), atol=1e-5)
    assert (bases.fourier(x, n_harmonics=0) == 1).all()


def test_rbf_equals_the_kernel_of_scikit_learn():
    rng = np.random.default_rng(0)
    for shape in ((), (2,)):
        x, centers = rng.normal(size=(6, *shape)), rng.normal(size=(3, *shape))
        expected = RBF(0.7)(x.reshape(6, -1), centers.reshape(3, -1))
        np.testing.assert_allclose(
            bases.rbf(jnp32(x), jnp32(centers), length_scale=0.7), expected, rtol=1e-4, atol=1e-7
        )


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_bspline_equals_scipy_with_a_closed_right_end(degree):
    knots = np.pad(BREAKS, degree, mode="edge")
    assert bases.clamped_knots(jnp32(BREAKS), degree=degree).tolist() == jnp32(knots).tolist()
    x = np.concatenate([X, BREAKS])
    found = bases.bspline(jnp32(x), jnp32(knots), degree=degree)
    expected = BSpline.design_matrix(x, knots, degree).toarray()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), [("constant", "constant"), ("continue", "continue")])
def test_bspline_extrapolates_as_scikit_learn(ours, theirs):
    x = np.array([-1.8, -1.0, 0.3, 1.0, 1.4])
    peer = SplineTransformer(degree=3, knots=BREAKS[:, None], extrapolation=theirs).fit(X[:, None])
    # scikit-learn's knots go on beyond the ends with the outermost gaps
    step_low, step_high = BREAKS[1] - BREAKS[0], BREAKS[-1] - BREAKS[-2]
    knots = np.concatenate(
        [BREAKS[0] - step_low * np.arange(3, 0, -1), BREAKS, BREAKS[-1] + step_high * np.arange(1, 4)]
    )
    found = bases.bspline(jnp32(x), jnp32(knots), degree=3, extrapolation=ours)
    np.testing.assert_allclose(found, peer.transform(x[:, None]), atol=2e-5)


def test_bspline_beyond_the_ends():
    knots = bases.clamped_knots(jnp32(BREAKS))
    outside = jnp.array([-1.5, 2.0])
    assert (bases.bspline(outside, knots, extrapolation="zero") == 0).all()
    at_end = bases.bspline(jnp.array([-1.0, 1.0]), knots, extrapolation="zero")
    assert at_end[0].tolist() == [1, 0, 0, 0, 0, 0]
    assert at_end[1].tolist() == [0, 0, 0, 0, 0, 1]
    assert (bases.bspline(outside, knots) == at_end).all()
    np.testing.assert_allclose(bases.bspline(outside, knots, extrapolation="continue").sum(1), 1, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=4, max_size=4),
    where=st.floats(0, 1, width=32),
)
def test_bsplines_are_a_partition_of_unity_for_any_knots(gaps, where):
    inner = np.cumsum(gaps)
    knots = bases.clamped_knots(jnp32(np.concatenate([[0.0], inner, [inner[-1] + 1]])), degree=2)
    row = bases.bspline(jnp32([where * float(knots[-1])]), knots, degree=2)[0]
    assert (row >= 0).all()
    np.testing.assert_allclose(row.sum(), 1, rtol=1e-5)


def test_derivative_of_bspline_equals_scipy():
    knots = np.pad(BREAKS, 3, mode="edge")
    coefficients = np.array([1.0, -1.0, 2.0, 0.5, 0.0, 1.0])
    x = np.array([-1.0, -0.7, 0.1, 0.6, 1.0])
    slope = jax.jit(jax.vmap(jax.grad(lambda x: bases.bspline(x[None], jnp32(knots))[0] @ jnp32(coefficients))))
    np.testing.assert_allclose(slope(jnp32(x)), BSpline(knots, coefficients, 3).derivative()(x), atol=1e-4)


def test_natural_cubic_equals_scipy_inside_and_is_linear_outside():
    x = np.concatenate([X, BREAKS])
    peer = CubicSpline(BREAKS, np.eye(4), bc_type="natural")
    np.testing.assert_allclose(bases.natural_cubic(jnp32(x), jnp32(BREAKS)), peer(x), atol=1e-5)
    outside = np.array([-3.0, -2.0, 2.0, 5.0])
    left, right = peer(-1.0, 1), peer(1.0, 1)
    expected = [np.eye(4)[0] + (x + 1) * left if x < 0 else np.eye(4)[3] + (x - 1) * right for x in outside]
    np.testing.assert_allclose(bases.natural_cubic(jnp32(outside), jnp32(BREAKS)), expected, atol=1e-4)


def test_natural_cubic_of_two_knots_is_a_line_and_a_line_is_reproduced():
    assert bases.natural_cubic(jnp.array([0.25]), jnp.array([0.0, 1.0])).tolist() == [[0.75, 0.25]]
    knots = jnp32(BREAKS)
    x = jnp.array([-2.0, -0.9, 0.0, 0.5, 3.0])
    np.testing.assert_allclose(bases.natural_cubic(x, knots) @ (2 * knots + 1), 2 * x + 1, atol=1e-5)


def test_curvature_of_natural_cubic_vanishes_at_the_ends_and_is_continuous():
    @jax.jit
    def bend(x):
        return jax.jacfwd(jax.jacfwd(lambda x: bases.natural_cubic(x[None], jnp32(BREAKS))[0]))(x)

    np.testing.assert_allclose(bend(jnp.array(-1.0 + 1e-5)), 0, atol=1e-2)
    np.testing.assert_allclose(bend(jnp.array(-0.4 - 1e-5)), bend(jnp.array(-0.4 + 1e-5)), atol=1e-2)


def test_each_basis_fits_what_it_spans():
    x = jnp.linspace(0.0, 1.0, 40)
    cubic = 1 + x - 2 * x**2 + x**3
    knots = jnp.linspace(0.0, 1.0, 4)
    tables = {
        "monomial": bases.monomial(x, degree=3),
        "chebyshev": bases.chebyshev(x, degree=3, low=0.0, high=1.0),
        "legendre": bases.legendre(x, degree=3, low=0.0, high=1.0),
        "bspline": bases.bspline(x, bases.clamped_knots(knots)),
    }
    for name, table in tables.items():
        model = ols.fit(table, cubic, fit_intercept=False, solver="qr")
        np.testing.assert_allclose(ols.predict(model, table), cubic, atol=1e-5, err_msg=name)


def test_errors(unchecked):
    x = jnp.ones(3)
    for basis in (bases.monomial, bases.chebyshev, bases.legendre):
        with pytest.raises(ValueError, match="degree must not be negative; found -1"):
            basis(x, degree=-1)
        with pytest.raises(ValueError, match="x must have 1 axes"):
            basis(jnp.ones((2, 2)), degree=1)
    with pytest.raises(ValueError, match="n_harmonics must not be negative"):
        bases.fourier(x, n_harmonics=-1)
    with pytest.raises(ValueError, match="x must have 1 axes"):
        bases.fourier(jnp.ones((2, 2)), n_harmonics=1)
    with pytest.raises(ValueError, match="x and centers must be both numbers or both vectors"):
        bases.rbf(x, jnp.ones((2, 2)))
    with pytest.raises(ValueError, match="at least two breakpoints; found 1"):
        bases.clamped_knots(jnp.ones(1))
    with pytest.raises(ValueError, match="degree 3 needs at least 8 knots; found 7"):
        bases.bspline(x, jnp.arange(7.0))
    with pytest.raises(ValueError, match="extrapolation must be one of"):
        bases.bspline(x, jnp.arange(9.0), extrapolation="linear")
    with pytest.raises(ValueError, match="knots must have 1 axes"):
        bases.natural_cubic(x, jnp.ones((2, 2)))
    with pytest.raises(ValueError, match="at least two knots; found 1"):
        bases.natural_cubic(x, jnp.ones(1))


def test_waves_keep_their_digits_far_from_zero():
    x = jnp.arange(8.0) / 8
    np.testing.assert_allclose(bases.fourier(x + 4096, n_harmonics=3), bases.fourier(x, n_harmonics=3), atol=1e-5)


def test_a_missing_knot_shows():
    x, knots = jnp.linspace(0.0, 1.0, 5), bases.clamped_knots(jnp.linspace(0.0, 1.0, 4))
    for at in (0, 5):
        assert jnp.isnan(bases.bspline(x, knots.at[at].set(jnp.nan))).any()


@pytest.mark.parametrize("unit", [1e-20, 1e20])
@pytest.mark.parametrize(
    ("basis", "start"),
    [
        (lambda x, period: bases.fourier(x, n_harmonics=2, period=period), 2.0),
        (lambda x, high: bases.chebyshev(x, degree=3, low=0.0, high=high), 2.0),
        (lambda x, high: bases.legendre(x, degree=3, low=0.0, high=high), 2.0),
        (lambda x, size: bases.rbf(x, x[:1], length_scale=size), 2.0),
        (lambda x, knots: bases.bspline(x, knots, degree=2), np.array([0.0, 0.0, 0.0, 0.7, 2.0, 2.0, 2.0])),
    ],
    ids=["fourier", "chebyshev", "legendre", "rbf", "bspline"],
)
def test_derivatives_in_parameters_hold_in_any_unit(basis, start, unit):
    x, start = jnp32([0.3, 0.9, 1.4]), jnp32(start)
    slopes = jax.jacobian(basis, argnums=1)
    np.testing.assert_allclose(slopes(x * unit, start * unit) * unit, slopes(x, start), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("degree", [0, 2])
@pytest.mark.parametrize("extrapolation", bases.EXTRAPOLATIONS)
def test_splines_of_nan_are_nan(degree, extrapolation):
    knots = bases.clamped_knots(jnp32([0.0, 1.0, 2.0]), degree=degree)
    found = bases.bspline(jnp32([np.nan, 0.5]), knots, degree=degree, extrapolation=extrapolation)
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()
