import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from mfml.networks import convolution, geometry, symmetry


def draw(key, x=(2, 7, 6, 3), kernel=(3, 2, 3, 4)):
    return jax.random.normal(key, x), jax.random.normal(jax.random.fold_in(key, 1), kernel)


def brute_force(x, kernel, stride=1, pad=0, dilation=1):
    """The definition, entry by entry."""
    x, kernel = np.pad(np.asarray(x, float), ((0, 0), (pad, pad), (pad, pad), (0, 0))), np.asarray(kernel, float)
    p, q, _, k = kernel.shape
    rows = (x.shape[1] - dilation * (p - 1) - 1) // stride + 1
    columns = (x.shape[2] - dilation * (q - 1) - 1) // stride + 1
    y = np.zeros((len(x), rows, columns, k))
    for n, r, s, i, j in np.ndindex(len(x), rows, columns, p, q):
        y[n, r, s] += x[n, r * stride + i * dilation, s * stride + j * dilation] @ kernel[i, j]
    return y


OPTIONS = [
    {},
    {"stride": 2},
    {"padding": 2},
    {"dilation": 2},
    {"stride": 3, "padding": 1, "dilation": 2},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("layer", [convolution.cross_correlation, convolution.by_hand])
def test_equals_the_definition(key, layer, options):
    x, kernel = draw(key)
    needed = brute_force(x, kernel, options.get("stride", 1), options.get("padding", 0), options.get("dilation", 1))
    np.testing.assert_allclose(layer(x, kernel, **options), needed, atol=1e-4)


@pytest.mark.parametrize("mode", convolution.MODES)
@pytest.mark.parametrize("padding", ["valid", "same", "full", 1])
def test_by_hand_equals_xla(key, padding, mode):
    x, kernel = draw(key)
    for stride in (1, 2):
        options = {"padding": padding, "mode": mode, "stride": stride}
        np.testing.assert_allclose(
            convolution.by_hand(x, kernel, **options),
            convolution.cross_correlation(x, kernel, **options),
            atol=1e-4,
        )


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
def test_equals_scipy(key, mode):
    x, kernel = draw(key, (1, 7, 6, 1), (3, 3, 1, 1))
    plain, flat = np.asarray(x)[0, :, :, 0], np.asarray(kernel)[:, :, 0, 0]
    found = convolution.cross_correlation(x, kernel, padding=mode)[0, :, :, 0]
    np.testing.assert_allclose(found, signal.correlate2d(plain, flat, mode), atol=1e-5)
    found = convolution.convolution(x, kernel, padding=mode)[0, :, :, 0]
    np.testing.assert_allclose(found, signal.convolve2d(plain, flat, mode), atol=1e-5)


def test_periodic_convolution_is_a_product_of_spectra(key):
    x, kernel = draw(key, (1, 8, 8, 1), (3, 3, 1, 1))
    found = convolution.convolution(x, kernel, padding="same", mode="periodic")[0, :, :, 0]
    padded = np.zeros((8, 8))
    padded[:3, :3] = np.asarray(kernel)[:, :, 0, 0]
    padded = np.roll(padded, (-1, -1), (0, 1))  # its middle is the origin
    needed = np.fft.ifft2(np.fft.fft2(np.asarray(x)[0, :, :, 0]) * np.fft.fft2(padded)).real
    np.testing.assert_allclose(found, needed, atol=1e-5)


def test_kernel_as_large_as_the_image_is_a_dense_layer(key):
    x, kernel = draw(key, (2, 4, 5, 3), (4, 5, 3, 2))
    found = convolution.cross_correlation(x, kernel)
    np.testing.assert_allclose(found[:, 0, 0], x.reshape(2, -1) @ kernel.reshape(-1, 2), atol=1e-4)


@settings(deadline=None, max_examples=20)
@given(st.integers(-3, 3), st.integers(-3, 3))
def test_periodic_layers_are_equivariant(rows, columns):
    x, kernel = draw(jax.random.key(0), (1, 6, 6, 2), (3, 3, 2, 2))

    def layer(x):
        return convolution.cross_correlation(x, kernel, padding="same", mode="periodic")

    def shift(x):
        return symmetry.translate(x, rows=rows, columns=columns)

    assert symmetry.equivariance_error(layer, x, before=shift, after=shift) < 1e-6


def test_padding_with_zeros_and_strides_break_equivariance(key):
    x, kernel = draw(key, (1, 8, 8, 2), (3, 3, 2, 2))

    def shift(x):
        return symmetry.translate(x, rows=1)

    def zeros(x):
        return convolution.cross_correlation(x, kernel, padding="same")

    def strided(x):
        return convolution.cross_correlation(x, kernel, padding="same", mode="periodic", stride=2)

    assert symmetry.equivariance_error(zeros, x, before=shift, after=shift) > 0.1
    assert symmetry.equivariance_error(strided, x, before=lambda x: shift(shift(x)), after=shift) < 1e-6
    assert symmetry.equivariance_error(strided, x, before=shift, after=shift) > 0.1


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, (7, 6)),
        ({"stride": 2}, (7, 6)),
        ({"stride": 2, "padding": 1}, (7, 6)),
        ({"stride": 3, "padding": 1, "dilation": 2}, (8, 7)),
        ({"padding": "full"}, (5, 6)),
        ({"stride": 2, "padding": "same"}, (8, 6)),
    ],
    ids=str,
)
def test_transposed_is_the_adjoint(key, options, size):
    x, kernel = draw(key, (2, *size, 3))
    y, back = jax.vjp(lambda x: convolution.cross_correlation(x, kernel, **options), x)
    z = jax.random.normal(key, y.shape)
    (needed,) = back(z)
    found = convolution.transposed(z, kernel, **options)
    rows, columns = found.shape[1:3]
    np.testing.assert_allclose(found, needed[:, :rows, :columns], atol=1e-4)
    if "padding" not in options:  # else the last window may reach into what the smallest size takes for padding
        assert not needed[:, rows:].any()
        assert not needed[:, :, columns:].any()


@pytest.mark.parametrize(
    ("size", "taps", "padding"),
    [((3, 3), (2, 4), 1), ((3, 3), (4, 2), 1), ((3, 2), (4, 8), 3)],
    ids=["convolution", "columns", "gradient of the kernel"],
)
def test_shapes_that_xla_takes_for_groups_are_convolved(key, size, taps, padding):
    """XLA ended the process here, and so it did in the gradient of the convolution."""
    y, kernel = draw(key, (1, *size, 2), (*taps, 3, 2))
    options = {"stride": 2, "padding": padding}
    x = jax.random.normal(key, jax.eval_shape(lambda: convolution.transposed(y, kernel, **options)).shape)

    def form(layer):
        def value(x, kernel, y):
            if layer is convolution.transposed:
                return jnp.sum(layer(y, kernel, **options) * x)
            return jnp.sum(layer(x, kernel, **options) * y)

        return jax.grad(value, argnums=(0, 1, 2))(x, kernel, y)

    expected = form(convolution.by_hand)
    for layer in (convolution.transposed, convolution.cross_correlation):
        for found, needed in zip(form(layer), expected, strict=True):
            np.testing.assert_allclose(found, needed, atol=1e-4)


def test_extra_restores_the_size(key):
    x, kernel = draw(key, (1, 8, 8, 3), (3, 3, 3, 4))
    y, back = jax.vjp(lambda x: convolution.cross_correlation(x, kernel, stride=2, padding=1), x)
    found = convolution.transposed(y, kernel, stride=2, padding=1, extra=1)
    np.testing.assert_allclose(found, back(y)[0], atol=1e-4)


def test_transposed_stamps_the_kernel(key):
    kernel = jax.random.normal(key, (2, 2, 1, 1))
    y = jnp.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    found = convolution.transposed(y, kernel, stride=2)[0, :, :, 0]
    np.testing.assert_allclose(found, np.kron([[1, 2], [3, 4]], np.asarray(kernel)[:, :, 0, 0]), atol=1e-6)


def test_pointwise_is_a_1x1_convolution(key):
    x, kernel = draw(key, kernel=(1, 1, 3, 4))
    np.testing.assert_allclose(
        convolution.pointwise(x, kernel[0, 0]), convolution.cross_correlation(x, kernel), atol=1e-5
    )


@pytest.mark.parametrize("layer", [convolution.cross_correlation, convolution.by_hand])
def test_what_does_not_fit(key, layer, unchecked):
    x, kernel = draw(key)
    with pytest.raises(ValueError, match=r"has 7 channels, but the kernel .* takes 3; images are \(n, h"):
        layer(x.transpose(0, 3, 2, 1), kernel)
    with pytest.raises(ValueError, match="kernel spans 8 entries, but with its padding the input has only 7"):
        layer(x, jnp.ones((8, 1, 3, 1)))
    with pytest.raises(ValueError, match="mode must be one of 'zeros', 'periodic'"):
        layer(x, kernel, mode="reflect")
    with pytest.raises(ValueError, match="padding must be one of"):
        layer(x, kernel, padding="some")
    with pytest.raises(ValueError, match="stride must be positive"):
        layer(x, kernel, stride=0)
    with pytest.raises(ValueError, match="x must have 4 axes"):
        layer(x[0], kernel)


def test_what_does_not_fit_backwards(key, unchecked):
    x, kernel = draw(key)
    with pytest.raises(ValueError, match="y has 3 channels, but the kernel's last axis has 4"):
        convolution.transposed(x, kernel)
    with pytest.raises(ValueError, match="extra must be between 0 and 1"):
        convolution.transposed(jnp.ones((1, 2, 2, 4)), kernel, stride=2, extra=2)
    with pytest.raises(ValueError, match="x has 3 channels, but weight has 2 rows"):
        convolution.pointwise(x, jnp.ones((2, 3)))


def test_sizes_are_those_of_geometry(key):
    x, kernel = draw(key, (1, 9, 9, 1), (3, 3, 1, 1))
    for options in ({"stride": 2, "padding": 1}, {"padding": "same", "stride": 3}, {"dilation": 3}):
        y = convolution.cross_correlation(x, kernel, **options)
        assert y.shape[1] == geometry.output_size(9, kernel=3, **options)
        size = geometry.transposed_size(y.shape[1], kernel=3, **options)
        assert convolution.transposed(y, kernel, **options).shape[1] == size
