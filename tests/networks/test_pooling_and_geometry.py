import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.networks import convolution, geometry, pooling, segmentation, symmetry
from mfml.networks.geometry import Field, Window


def windows(x, window, stride, pad):
    """All windows of an image with NaN where there is nothing, as (rows, columns, entries, channels)."""
    x = np.pad(np.asarray(x), ((pad, pad), (pad, pad), (0, 0)), constant_values=np.nan)
    rows, columns = ((size - window) // stride + 1 for size in x.shape[:2])
    return np.stack(
        [
            [
                x[r * stride : r * stride + window, s * stride : s * stride + window].reshape(-1, x.shape[2])
                for s in range(columns)
            ]
            for r in range(rows)
        ]
    )


@pytest.mark.parametrize(("window", "stride", "pad"), [(2, None, 0), (3, 2, 1), (3, 1, 0), (1, 2, 0)])
def test_pooling_equals_its_definition(key, window, stride, pad):
    x = jax.random.normal(key, (2, 7, 6, 3)) - 5  # negative: zeros from the padding would show
    options = {"window": window, "stride": stride, "padding": pad}
    cut = np.stack([windows(image, window, stride or window, pad) for image in x])
    np.testing.assert_allclose(pooling.max_pool(x, **options), np.nanmax(cut, axis=3))
    np.testing.assert_allclose(pooling.average_pool(x, **options), np.nanmean(cut, axis=3), rtol=1e-5)
    counted = np.nan_to_num(cut).mean(axis=3)
    np.testing.assert_allclose(pooling.average_pool(x, **options, count_padding=True), counted, rtol=1e-5)


def test_same_padding_keeps_the_size(key):
    x = jax.random.normal(key, (1, 5, 5, 1)) - 9
    assert pooling.max_pool(x, window=2, stride=1, padding="same").shape == x.shape
    assert pooling.average_pool(jnp.ones_like(x), window=4, stride=1, padding="same").min() == 1


def test_largest_of_equals_gets_the_gradient():
    gradient = jax.grad(lambda x: pooling.max_pool(x).sum())(jnp.zeros((1, 2, 2, 1)))
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[1, 0], [0, 0]])


def test_windows_that_do_not_overlap_give_what_sliding_ones_give(key):
    """Two ways of computing the same: with many ties, so that the gradient's choice among equals shows."""
    x = jnp.round(2 * jax.random.normal(key, (2, 7, 9, 2)))

    def slide(x, window):
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, window, window, 1), (1, window, window, 1), "valid")

    for window in (2, 3):
        found, back = jax.vjp(lambda x, w=window: pooling.max_pool(x, window=w), x)
        needed, needed_back = jax.vjp(lambda x, w=window: slide(x, w), x)
        np.testing.assert_array_equal(found, needed)
        np.testing.assert_array_equal(back(needed)[0], needed_back(needed)[0])


def test_second_derivative_is_at_the_largest_only():
    x = jnp.array([1.0, 4.0, 2.0, 3.0]).reshape(1, 2, 2, 1)
    hessian = jax.jit(jax.hessian(lambda x: jnp.sum(pooling.max_pool(x) ** 3)))(x)
    np.testing.assert_allclose(hessian.reshape(4, 4), 24 * np.diag([0, 1, 0, 0]))


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_nan_is_passed_on(place):
    x = jnp.zeros(4).at[place].set(jnp.nan).reshape(1, 2, 2, 1)
    assert jnp.isnan(pooling.max_pool(x)).all()


def test_global_average_is_invariant_and_max_pool_nearly(key):
    x = jax.random.normal(key, (2, 8, 8, 3))
    np.testing.assert_allclose(pooling.global_average(x), np.mean(x, axis=(1, 2)), atol=1e-6)

    def shift(x):
        return symmetry.translate(x, rows=3, columns=-2)

    assert symmetry.invariance_error(pooling.global_average, x, transform=shift) < 1e-5
    assert symmetry.invariance_error(pooling.max_pool, x, transform=shift) > 0.1


def test_pooling_that_does_not_fit(unchecked):
    x = jnp.ones((1, 3, 3, 1))
    with pytest.raises(ValueError, match="window must be positive"):
        pooling.max_pool(x, window=0)
    with pytest.raises(ValueError, match="padding must be below 2; found 2"):
        pooling.average_pool(x, window=2, padding=2)
    with pytest.raises(ValueError, match="kernel spans 4 entries"):
        pooling.max_pool(x, window=4)
    with pytest.raises(ValueError, match="x must have 4 axes"):
        pooling.global_average(x[0])
    with pytest.raises(ValueError, match="number of pixels"):
        pooling.global_average(x[:, :0])


def test_output_size_counts_the_windows():
    for n, k, s, p, d in itertools.product(range(1, 8), (1, 2, 3), (1, 2, 3), (0, 1, 2), (1, 2)):
        starts = [i for i in range(0, n + 2 * p, s) if i + d * (k - 1) < n + 2 * p]
        if starts:
            assert geometry.output_size(n, kernel=k, stride=s, padding=p, dilation=d) == len(starts)
        else:
            with pytest.raises(ValueError, match="kernel spans"):
                geometry.output_size(n, kernel=k, stride=s, padding=p, dilation=d)


def test_same_and_full_sizes():
    for n, k, s in itertools.product(range(1, 8), (1, 2, 3, 4), (1, 2, 3)):
        assert geometry.output_size(n, kernel=k, stride=s, padding="same") == -(-n // s)
        assert geometry.output_size(n, kernel=k, padding="full") == n + k - 1


def test_transposed_size_inverts_output_size():
    for n, k, s, p in itertools.product(range(3, 9), (2, 3), (1, 2, 3), (0, 1)):
        small = geometry.output_size(n, kernel=k, stride=s, padding=p)
        sizes = [geometry.transposed_size(small, kernel=k, stride=s, padding=p, extra=e) for e in range(s)]
        assert n in sizes


def stack(layers):
    def function(x):
        for kernel, stride, dilation, padding in layers:
            ones = jnp.ones((kernel, kernel, 1, 1))
            x = convolution.cross_correlation(x, ones, stride=stride, dilation=dilation, padding=padding)
        return x

    return function


@pytest.mark.parametrize(
    "layers",
    [
        [Window(3), Window(3), Window(3)],
        [Window(3), Window(2, stride=2), Window(3)],
        [Window(5, padding=2), Window(2, 2), Window(3, dilation=2, padding=2)],
        [Window(1, stride=3), Window(4)],
    ],
    ids=str,
)
def test_receptive_field_is_where_the_gradient_is_not_zero(layers):
    field = geometry.receptive_fields(layers)[-1]
    unit = 3
    image = geometry.influence(stack(layers), jnp.ones((40, 40, 1)), row=unit, column=unit)
    seen = np.flatnonzero(image.sum(axis=1))
    center = field.start + unit * field.jump
    reach = (field.size - 1) / 2
    assert (seen[0], seen[-1]) == (max(center - reach, 0), center + reach)


def test_receptive_field_of_no_layers_and_known_networks():
    assert geometry.receptive_fields([]) == ()
    two = geometry.receptive_fields([Window(3), Window(3)])[-1]
    assert two == Field(5, 1, 2.0)
    lenet = geometry.receptive_fields([Window(5), Window(2, 2), Window(5), Window(2, 2)])
    assert [field.size for field in lenet] == [5, 6, 14, 16]


def test_effective_field_is_largest_in_the_middle():
    image = geometry.influence(stack([Window(3)] * 4), jnp.ones((15, 15, 1)), row=3, column=3)
    assert np.unravel_index(np.argmax(image), image.shape) == (7, 7)
    assert image.sum() == 9**4


def test_parameters_are_counted(key):
    assert geometry.dense_parameters((1024, 10, 2)) == 1025 * 10 + 11 * 2
    assert geometry.dense_parameters((4, 3), bias=False) == 12
    assert geometry.convolution_parameters((3, 5), inputs=2, outputs=4, bias=False) == 120
    dense = geometry.dense_parameters((32 * 32, 32 * 32 * 8))
    assert dense / geometry.convolution_parameters((3, 3), inputs=1, outputs=8) > 1e5


def test_numbers_out_of_range(unchecked):
    with pytest.raises(ValueError, match="dilation must be positive"):
        geometry.extent(3, dilation=0)
    with pytest.raises(ValueError, match="padding must not be negative"):
        geometry.output_size(5, kernel=3, padding=-1)
    with pytest.raises(ValueError, match="extra must be between 0 and 0"):
        geometry.transposed_size(5, kernel=3, extra=1)
    with pytest.raises(ValueError, match="extra must be 0"):
        geometry.transposed_size(5, kernel=3, stride=2, padding="same", extra=1)
    with pytest.raises(ValueError, match="output's size must be positive"):
        geometry.transposed_size(1, kernel=1, padding=3)
    with pytest.raises(ValueError, match=r"no unit \(9, 0\)"):
        geometry.influence(lambda x: x, jnp.ones((3, 3, 1)), row=9, column=0)
    with pytest.raises(ValueError, match="at least inputs and outputs"):
        geometry.dense_parameters((3,))
    with pytest.raises(ValueError, match="inputs must be positive"):
        geometry.convolution_parameters((3, 3), inputs=0, outputs=1)


def test_transforms_form_groups(key):
    x = jax.random.normal(key, (2, 4, 5, 1))
    np.testing.assert_array_equal(symmetry.rotate(symmetry.rotate(x), quarter_turns=3), x)
    np.testing.assert_array_equal(symmetry.translate(symmetry.translate(x, rows=2), rows=2), x)
    np.testing.assert_array_equal(symmetry.rotate(x)[0, :, :, 0], np.rot90(x[0, :, :, 0]))


def test_errors_of_symmetry_in_closed_form():
    x = jnp.array([1.0, 0.0, 0.0, 0.0]).reshape(1, 1, 4, 1)

    def shift(x):
        return symmetry.translate(x, columns=1)

    assert symmetry.equivariance_error(lambda x: x, x, before=shift, after=lambda y: y) == pytest.approx(np.sqrt(2))
    assert np.isnan(symmetry.invariance_error(lambda x: 0 * x, x, transform=shift))


def test_symmetry_needs_equal_shapes(unchecked):
    x = jnp.ones((1, 2, 4, 1))
    with pytest.raises(ValueError, match="must have the same shape"):
        symmetry.invariance_error(lambda x: x, x, transform=symmetry.rotate)


def test_dice_equals_f1_score(key):
    from sklearn.metrics import f1_score

    a, b = jax.random.randint(key, (2, 3, 5, 5), 0, 3)
    needed = f1_score(np.ravel(b), np.ravel(a), average=None)
    np.testing.assert_allclose(segmentation.dice(a, b, n_classes=3), needed, rtol=1e-5)


def test_dice_of_absent_classes_and_of_equal_images():
    a = jnp.zeros((1, 2, 2), int)
    np.testing.assert_array_equal(segmentation.dice(a, a, n_classes=3), np.ones(3))
    np.testing.assert_array_equal(segmentation.dice(a, a + 1, n_classes=2), np.zeros(2))


def test_dice_loss_is_one_minus_dice_for_sure_predictions(key):
    a, b = jax.random.randint(key, (2, 2, 4, 4), 0, 2)
    logits = 50 * jax.nn.one_hot(a, 2)
    needed = 1 - segmentation.dice(a, b).mean()
    assert segmentation.dice_loss(logits, b) == pytest.approx(float(needed), abs=1e-5)


def test_segmentation_that_does_not_fit(unchecked):
    with pytest.raises(ValueError, match="prediction and target must have the same shape"):
        segmentation.dice(jnp.zeros((1, 2, 2), int), jnp.zeros((1, 2, 3), int))
    with pytest.raises(ValueError, match=r"target must have the shape .* \(1, 2, 2\); found \(1, 2, 3\)"):
        segmentation.dice_loss(jnp.zeros((1, 2, 2, 2)), jnp.zeros((1, 2, 3), int))
    with pytest.raises(ValueError, match="logits must have 4 axes"):
        segmentation.dice_loss(jnp.zeros((2, 2, 2)), jnp.zeros((2, 2), int))


def test_labels_outside_the_classes_make_dice_nan():
    labels, logits = jnp.array([[[0, 1, 2]]]), jnp.zeros((1, 1, 3, 2))
    assert np.isnan(segmentation.dice(labels, labels, n_classes=2)).all()
    assert np.isnan(segmentation.dice(labels, labels - 1, n_classes=3)).all()
    assert np.isnan(segmentation.dice_loss(logits, labels))
    assert np.isfinite(segmentation.dice_loss(logits, jnp.minimum(labels, 1)))


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_errors_of_symmetry_do_not_depend_on_the_unit(scale):
    x = jnp.array([1.0, 0.0, 0.0, 0.0]).reshape(1, 1, 4, 1) * scale
    error = symmetry.invariance_error(lambda x: x, x, transform=lambda x: symmetry.translate(x, columns=1))
    assert error == pytest.approx(np.sqrt(2))
