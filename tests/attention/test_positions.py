import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import positions


def turned(x, places, base=1e4):
    """Pairs of neighbors as complex numbers."""
    x, d = np.asarray(x, float), x.shape[-1]
    z = (x[..., ::2] + 1j * x[..., 1::2]) * np.exp(1j * np.outer(places, base ** (-np.arange(0, d, 2) / d)))
    return np.stack([z.real, z.imag], -1).reshape(x.shape)


@pytest.fixture
def x(key):
    return jax.random.normal(key, (2, 3, 7, 8))


def test_sinusoidal_equals_the_formula():
    found = positions.sinusoidal(jnp.arange(50), width=6)
    for p in (0, 1, 49):
        for i in range(3):
            angle = p / 10_000 ** (2 * i / 6)
            np.testing.assert_allclose(found[p, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)], atol=1e-5)
    np.testing.assert_allclose(
        positions.sinusoidal(jnp.array([[0.5]]), width=2, base=7.0)[0, 0], [np.sin(0.5), np.cos(0.5)], atol=1e-6
    )


def test_a_later_sinusoid_is_a_rotation_of_an_earlier_one():
    places = jnp.arange(20)
    later = positions.sinusoidal(places + 5, width=8)
    found = positions.rotate(positions.sinusoidal(places, width=8), jnp.full(20, -5))
    np.testing.assert_allclose(found, later, atol=5e-6)


def test_rotation_equals_complex_numbers(x):
    places = np.arange(7) + 3
    for base in (1e4, 100.0):
        np.testing.assert_allclose(positions.rotate(x, places, base=base), turned(x, places, base), atol=2e-6)


def test_layouts_agree_under_the_permutation(x):
    order = positions.to_halves(8)
    assert order.tolist() == [0, 2, 4, 6, 1, 3, 5, 7]
    halves = positions.rotate(x[..., order], jnp.arange(7), layout="half")
    np.testing.assert_allclose(halves, positions.rotate(x, jnp.arange(7))[..., order], atol=1e-6)
    back = halves[..., jnp.argsort(order)]
    np.testing.assert_allclose(back, positions.rotate(x, jnp.arange(7)), atol=1e-6)


@pytest.mark.parametrize("layout", positions.LAYOUTS)
def test_products_depend_on_the_distance_only(x, key, layout):
    y = jax.random.normal(key, x.shape)

    def products(shift):
        a, b = (positions.rotate(z, jnp.arange(7) + shift, layout=layout) for z in (x, y))
        return a @ jnp.swapaxes(b, -1, -2)

    np.testing.assert_allclose(products(1000), products(0), atol=2e-3)
    np.testing.assert_allclose(products(-3.5), products(0), atol=2e-5)


@pytest.mark.parametrize("layout", positions.LAYOUTS)
def test_lengths_stay_and_position_zero_is_the_identity(x, layout):
    found = positions.rotate(x, jnp.arange(7), layout=layout)
    np.testing.assert_allclose(jnp.linalg.norm(found, axis=-1), jnp.linalg.norm(x, axis=-1), rtol=1e-5)
    np.testing.assert_array_equal(found[..., 0, :], x[..., 0, :])
    assert not np.allclose(found[..., 1, :], x[..., 1, :])


def test_each_sequence_may_have_positions_of_its_own(x):
    places = jnp.arange(14).reshape(2, 1, 7)
    found = positions.rotate(x, places)
    for number in range(2):
        np.testing.assert_allclose(found[number], turned(x[number], places[number, 0]), atol=2e-6)


def test_precision_of_angles(x):
    """bfloat16 knows no whole number above 256; angles are computed in single precision."""
    found = positions.rotate(x[..., :1, :].astype(jnp.bfloat16), jnp.array([1001]))
    assert found.dtype == jnp.bfloat16
    np.testing.assert_allclose(found.astype(float), turned(x[..., :1, :], [1001]), atol=0.06)
    with jax.enable_x64(True):
        double = positions.rotate(np.asarray(x, float), np.arange(7) + 1e6)
        np.testing.assert_allclose(double, turned(x, np.arange(7) + 1e6), atol=1e-8)


def test_drawn_tables(key):
    table = positions.init(key=key, n_positions=300, width=40, std=0.5)
    assert table.shape == (300, 40)
    assert abs(float(table.mean())) < 0.02 and float(table.std()) == pytest.approx(0.5, rel=0.03)
    assert not positions.init(key=key, n_positions=3, width=4, std=0.0).any()


def test_messages(x, unchecked):
    with pytest.raises(ValueError, match="width must be even and positive; found 3"):
        positions.sinusoidal(jnp.arange(2), width=3)
    with pytest.raises(ValueError, match="layout must be one of 'interleaved', 'half'; found 'whole'"):
        positions.rotate(x, jnp.arange(7), layout="whole")
    with pytest.raises(ValueError, match=r"x must have .* an even number of features; found shape \(2, 3, 7, 7\)"):
        positions.rotate(x[..., :7], jnp.arange(7))
    with pytest.raises(ValueError, match="x and positions must have the same length"):
        positions.rotate(x, jnp.arange(6))
    with pytest.raises(ValueError, match="d must be even; found 5"):
        positions.to_halves(5)
    with pytest.raises(ValueError, match="base must be positive"):
        positions.rotate(x, jnp.arange(7), base=0.0)
