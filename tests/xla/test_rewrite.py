"""Convolutions in another layout: same values, and the layout that is fast."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from mfml.xla.rewrite import stored, with_fast_convolutions

LAYOUTS = [("NCHW", "OIHW", "NCHW"), ("NHWC", "HWIO", "NHWC"), ("CNHW", "IHWO", "HWCN")]


def arrays(key, layout):
    """Images (2, 9, 8) with 4 channels and a 3x2 kernel to 6 channels, in a layout."""
    sizes = [{"N": 2, "C": 4, "H": 9, "W": 8}, {"O": 6, "I": 4, "H": 3, "W": 2}]
    shapes = [tuple(size[letter] for letter in letters) for size, letters in zip(sizes, layout, strict=False)]
    return [jax.random.normal(k, shape) for k, shape in zip(jax.random.split(key), shapes, strict=True)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "options",
    [
        {"window_strides": (1, 1), "padding": "SAME"},
        {"window_strides": (2, 1), "padding": [(0, 1), (2, 0)], "rhs_dilation": (1, 2)},
        {"window_strides": (1, 1), "padding": [(1, 1), (0, 1)], "lhs_dilation": (2, 2)},
    ],
)
def test_values_and_gradients_are_the_same(key, layout, options):
    x, w = arrays(key, layout)
    conv = jax.jit(lambda x, w: lax.conv_general_dilated(x, w, dimension_numbers=layout, **options))

    def gradient(x, w):
        def total(x, w):
            return jnp.sum(jnp.sin(conv(x, w)))

        return jax.value_and_grad(total, (0, 1))(x, w)

    both = jax.jit(lambda x, w: (with_fast_convolutions(gradient)(x, w), gradient(x, w)))
    for found, expected in zip(*map(jax.tree.leaves, both(x, w)), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("n", "size", "channels", "kernel", "padding"),
    [
        (6, (9, 7), (16, 5), (3, 3), "SAME"),
        (4, (6, 8), (1, 3), (2, 5), [(0, 2), (3, 1)]),
        (3, (2, 2), (7, 2), (5, 5), "SAME"),
        (2, (5, 4), (20, 3), (1, 1), "VALID"),
        (3, (5, 8), (1, 4), (3, 3), "SAME"),
        (2, (4, 6), (2, 2), (3, 3), "SAME"),
        (2, (6, 5), (7, 6), (3, 3), [(4, 0), (0, 3)]),
        (2, (6, 7), (16, 2), (2, 3), [(-1, 2), (2, -2)]),
        (2, (3, 4), (20, 8), (1, 1), [(1, 0), (2, 1)]),
        (1, (4, 9), (1, 20), (3, 1), [(0, 5), (-1, 0)]),
    ],
)
def test_restated_convolutions_in_double_precision(key, x64, n, size, channels, kernel, padding):
    keys = jax.random.split(key)
    x, w = jax.random.normal(keys[0], (n, *size, channels[0])), jax.random.normal(keys[1], (*kernel, *channels))

    def total(x, w):
        out = lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return jnp.sum(jnp.sin(out))

    gradient = jax.value_and_grad(total, (0, 1))
    both = jax.jit(lambda x, w: (with_fast_convolutions(gradient)(x, w), gradient(x, w)))
    for found, expected in zip(*map(jax.tree.leaves, both(x, w)), strict=True):
        assert found.dtype == jnp.float64
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_restated_convolutions_batched_and_differentiated_again(key):
    x, w = jax.random.normal(key, (4, 5, 5, 6)), jax.random.normal(key, (3, 3, 6, 2))

    def gradient(w):
        def total(w):
            out = lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            return jnp.mean(jnp.tanh(out) ** 2)

        return jax.grad(total)(w)

    def both(gradient):
        along = jax.jvp(gradient, (w,), (jnp.cos(w),))
        back = jax.grad(lambda w: jnp.sum(gradient(w) ** 2))(w)
        return along, back, jax.vmap(gradient)(jnp.stack([w, 2 * w]))

    found, expected = jax.jit(lambda: (both(with_fast_convolutions(gradient)), both(gradient)))()
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_groups_batches_and_other_ranks(key):
    x, w = jax.random.normal(key, (2, 4, 9)), jax.random.normal(key, (6, 2, 3))

    def grouped(x, w):
        layout = ("NCH", "OIH", "NCH")
        return lax.conv_general_dilated(x, w, (1,), "SAME", dimension_numbers=layout, feature_group_count=2)

    expected = jax.jit(grouped)(x, w)
    together = jax.jit(jax.vmap(with_fast_convolutions(grouped), (None, 0)))(x, jnp.stack([w, 2 * w]))
    np.testing.assert_allclose(together, jnp.stack([expected, 2 * expected]), atol=1e-4)


def test_other_operations_are_as_they_were(key):
    @jax.custom_jvp
    def bent(x):
        return jnp.abs(x)

    bent.defjvp(lambda x, t: (jnp.abs(x[0]), 3.0 * t[0]))

    def everything(x, key):
        total, _ = lax.scan(lambda c, row: (c + jnp.tanh(row), row), jnp.zeros(3), x)
        kept = jax.checkpoint(jnp.cos)(total)
        drawn = jax.random.normal(key, (3,)) + jax.nn.relu(bent(kept))
        smoothed = jnp.convolve(drawn, jnp.ones(2))
        return {
            "a": lax.cond(total[0] > 0, jnp.sin, jnp.cos, smoothed),
            "constant": 3,
            "key": jax.random.fold_in(key, 1),
        }

    x = jax.random.normal(key, (5, 3))
    for function in (everything, jax.grad(lambda x: everything(x, key)["a"].sum())):
        arguments = (x, key) if function is everything else (x,)
        found, expected = jax.jit(with_fast_convolutions(function))(*arguments), jax.jit(function)(*arguments)
        assert jax.tree.structure(found) == jax.tree.structure(expected)
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            plain = jax.random.key_data if jnp.issubdtype(jnp.asarray(a).dtype, jax.dtypes.prng_key) else np.asarray
            np.testing.assert_allclose(plain(a), plain(b), atol=1e-6)


def test_stored_is_the_identity(key):
    x = jax.random.normal(key, (3, 4))

    def bent(x):
        return jnp.sum(stored(jnp.sin(x)) ** 2)

    np.testing.assert_array_equal(jax.jit(stored)(x), x)
    np.testing.assert_allclose(jax.hessian(bent)(x[0]), jnp.diag(2 * jnp.cos(2 * x[0])), atol=1e-6)
    np.testing.assert_array_equal(jax.vmap(stored)(x), x)
    assert stored(jnp.arange(3)).dtype == jnp.int32


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other devices fuse as they see fit")
def test_what_is_stored_is_computed_once():
    def both(x):
        wave = stored(jnp.sin(x) + 1)
        return wave.reshape(-1, 10) * 2, wave.sum(0)

    compiled = jax.jit(both).lower(jnp.zeros((100, 20))).compile().as_text()
    assert compiled.count(" call(") == 1
    assert compiled.count(" sine(") == 1


def test_derivatives_of_the_rewritten(key):
    def smooth(x):
        return jnp.sum(jnp.convolve(x, x[:2]) ** 2)

    x = jax.random.normal(key, (5,))
    found = jax.jit(jax.hessian(with_fast_convolutions(smooth)))(x)
    np.testing.assert_allclose(found, jax.jit(jax.hessian(smooth))(x), atol=1e-4)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other devices need no rewriting")
def test_a_step_in_a_loop_is_much_faster(key):
    x, w = jax.random.normal(key, (16, 32, 32, 8)), jax.random.normal(key, (3, 3, 8, 8))

    def step(w):
        def loss(w):
            layout = ("NHWC", "HWIO", "NHWC")
            return jnp.mean(lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=layout) ** 2)

        return w - 1e-3 * jax.grad(loss)(w)

    def seconds(update):
        run = jax.jit(lambda w: lax.scan(lambda w, _: (update(w), None), w, None, length=2)[0])
        run(w).block_until_ready()
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            run(w).block_until_ready()
            times.append(time.perf_counter() - begin)
        return min(times)

    assert seconds(with_fast_convolutions(step)) < 0.5 * seconds(step)
