import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import norms


def layer(x, eps, scale=1.0, bias=0.0):
    x = np.asarray(x, float)
    return scale * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + bias


def rms(x, eps, scale=1.0):
    x = np.asarray(x, float)
    return scale * x / np.sqrt((x**2).mean(-1, keepdims=True) + eps)


@pytest.fixture
def x(key):
    return 1 + jax.random.normal(key, (2, 5, 48))


def test_equal_the_formula(x, key):
    scale, bias = jax.random.normal(key, (2, 48))
    for eps in (0.0, 1e-12, 1e-5, 0.5):
        np.testing.assert_allclose(norms.layer_norm(x, eps=eps), layer(x, eps), atol=1e-5)
        found = norms.layer_norm(x, scale=scale, bias=bias, eps=eps)
        np.testing.assert_allclose(found, layer(x, eps, scale, bias), atol=1e-5)
        np.testing.assert_allclose(norms.rms_norm(x, scale=scale, eps=eps), rms(x, eps, scale), atol=1e-5)


def test_gradients_are_those_of_double_precision(x):
    def slopes(x):
        return [
            jax.grad(lambda x, norm=norm: jnp.sum(jnp.sin(norm(x, eps=1e-3) + jnp.arange(48))))(x)
            for norm in (norms.layer_norm, norms.rms_norm)
        ]

    single = slopes(x)
    with jax.enable_x64(True):
        double = [np.asarray(slope) for slope in slopes(np.asarray(x, float))]
    for a, b in zip(single, double, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


def test_gradient_of_the_layer_norm_is_the_difference_quotient(x, x64):
    x, way = np.asarray(x[0, :1], float), np.random.default_rng(0).normal(size=(1, 48))
    slope = jax.grad(lambda x: jnp.sum(norms.layer_norm(x, eps=0.1) * jnp.arange(48.0)))(x)
    quotient = np.sum((layer(x + 1e-6 * way, 0.1) - layer(x - 1e-6 * way, 0.1)) * np.arange(48)) / 2e-6
    assert np.sum(slope * way) == pytest.approx(quotient, rel=1e-6)


@pytest.mark.parametrize("mean", [1e3, 1e6, -1e6])
def test_a_large_mean_costs_no_digits(x, mean):
    """A variance as E[x2] - E[x]2 would be off by more than itself. What x + mean rounds is in the oracle, too."""
    moved = x + mean
    np.testing.assert_allclose(norms.layer_norm(moved), layer(moved, 1e-5), atol=2e-5)


def test_one_far_entry_leaves_the_others_their_digits(x):
    moved = x.at[..., 0].set(1e6)
    np.testing.assert_allclose(norms.layer_norm(moved)[..., 1:], layer(moved, 1e-5)[..., 1:], rtol=2e-4)


@pytest.mark.parametrize("unit", [1e-18, 1e18, 1e30, 1e-30])
def test_the_unit_of_x_does_not_matter(x, unit):
    """Squares of 1e30 and 1e-30 are out of range."""
    for norm in (norms.layer_norm, norms.rms_norm):
        needed = norm(x, eps=0.0)
        np.testing.assert_allclose(norm(unit * x, eps=0.0), needed, atol=1e-5)
        eps = 1e-5 if unit > 1 else 0.0
        slope = jax.grad(lambda x, norm=norm, eps=eps: jnp.sum(norm(x, eps=eps) ** 3))(unit * x)
        usual = jax.grad(lambda x, norm=norm: jnp.sum(norm(x, eps=0.0) ** 3))(x)
        np.testing.assert_allclose(unit * slope, usual, atol=1e-4)


@pytest.mark.parametrize("d", [2, 3, 48, 64])
@pytest.mark.parametrize("unit", [1e37, 1e38])
def test_sums_near_the_largest_number_do_not_overflow(key, d, unit):
    """A sum of 64 numbers of 1e37 does, and so does the difference of 3e38 and -3e38."""
    for way in (jax.random.normal(key, (3, d)), jnp.ones((1, d)).at[0, 0].set(2), jnp.ones((1, d)).at[0, 0].set(-2)):
        x = 3 * way / jnp.max(jnp.abs(way)) * unit
        np.testing.assert_allclose(norms.layer_norm(x, eps=0.0), layer(x, 0.0), atol=1e-5)
        assert jnp.isfinite(jax.grad(lambda x: jnp.sum(norms.layer_norm(x) ** 3))(x)).all()


def test_small_vectors_stay_small_next_to_eps(x):
    for unit in (1e-18, 1e-30):
        np.testing.assert_allclose(norms.rms_norm(unit * x, eps=1e-5), unit * x / 1e-5**0.5, rtol=1e-5)
        found = norms.layer_norm(unit * x, eps=1e-5)
        np.testing.assert_allclose(found, layer(unit * x, 1e-5), rtol=1e-3, atol=1e-6 * unit)


def test_equal_entries():
    x = jnp.full((1, 6), 1e6)
    assert not norms.layer_norm(x).any()
    assert np.isfinite(jax.grad(lambda x: norms.layer_norm(x)[0, 0])(x)).all()
    assert np.isnan(norms.layer_norm(x, eps=0.0)).all()  # 0 / 0
    np.testing.assert_allclose(norms.rms_norm(x), 1, rtol=1e-6)
    assert not norms.layer_norm(jnp.ones((3, 1))).any()


def test_nan_stays_in_its_own_vector(x):
    for norm in (norms.layer_norm, norms.rms_norm):
        found = np.asarray(norm(x.at[0, 1, 3].set(jnp.nan)))
        assert np.isnan(found[0, 1]).all()
        assert np.isfinite(found[1]).all()


def test_precision_is_kept(x):
    assert norms.layer_norm(x.astype(jnp.bfloat16)).dtype == jnp.bfloat16
    with jax.enable_x64(True):
        assert norms.rms_norm(jnp.asarray(x, jnp.float32), eps=1e-6).dtype == jnp.float32


def test_messages(x, unchecked):
    with pytest.raises(ValueError, match=r"scale must have one entry per feature of x \(2, 5, 48\); found \(3,\)"):
        norms.layer_norm(x, scale=jnp.ones(3))
    with pytest.raises(ValueError, match="eps must not be negative"):
        norms.rms_norm(x, eps=-1.0)
    with pytest.raises(ValueError, match="x must have at least one feature"):
        norms.rms_norm(jnp.ones((2, 0)))
