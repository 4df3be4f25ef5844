r"""Convolutional layers. Shapes: n images, h rows, w columns, c input channels, k output channels.

Channels come last: images are (n, h, w, c) and kernels (p, q, c, k), the layout that suits flax and XLA on
CPU. PyTorch has (n, c, h, w) and (k, c, p, q). What deep learning calls a convolution is a cross-correlation: the
kernel is not flipped; `convolution` flips it. For `padding` see `geometry`. `mode` says what the padding contains:
`zeros`, or the image again (`periodic`). With `periodic`, a layer of stride 1 and padding `same` is exactly
equivariant.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.networks import geometry
from mfml.networks.geometry import Padding

MODES = ("zeros", "periodic")
LAYOUT = ("NHWC", "HWIO", "NHWC")
Around = tuple[tuple[int, int], tuple[int, int]]  # above and below, left and right


@public
def cross_correlation(
    x: Float[Array, "n h w c"],
    kernel: Float[Array, "p q c k"],
    *,
    stride: int = 1,
    padding: Padding = "valid",
    dilation: int = 1,
    mode: str = "zeros",
) -> Float[Array, "n _ _ k"]:
    r"""Convolutional layer without bias, by XLA: $y_{nrsk} = \sum_{ijc} x_{n,\,tr + di,\,ts + dj,\,c} K_{ijck}$.

    t is the stride, d the dilation; r and s count from the first entry of the padding.

    Raises:
        ValueError: if the channels of x and kernel differ, the kernel is larger than the padded image, or an
            option is out of range.

    Source: LeCun et al. (1998), Proceedings of the IEEE 86; Dumoulin and Visin (2016), arXiv:1603.07285.

    >>> x = jnp.arange(9.0).reshape(1, 3, 3, 1)
    >>> cross_correlation(x, jnp.array([[1.0, 2.0]]).reshape(1, 2, 1, 1))[0, :, :, 0].tolist()
    [[2.0, 5.0], [11.0, 14.0], [20.0, 23.0]]
    """
    around, sizes = _prepare(x, kernel, stride, padding, dilation, mode)
    if mode == "periodic":
        x, around = _pad(x, around, mode), ((0, 0), (0, 0))
    if _misread(x, kernel, sizes, around, stride=stride, dilation=dilation):
        return _sum_of_taps(_pad(x, around, "zeros"), kernel, sizes, stride, dilation)
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), around, rhs_dilation=(dilation, dilation), dimension_numbers=LAYOUT
    )


@public
def by_hand(
    x: Float[Array, "n h w c"],
    kernel: Float[Array, "p q c k"],
    *,
    stride: int = 1,
    padding: Padding = "valid",
    dilation: int = 1,
    mode: str = "zeros",
) -> Float[Array, "n _ _ k"]:
    """Do what `cross_correlation` does as a sum over the taps: shifted image times channel matrix of the tap.

    Raises:
        ValueError: as `cross_correlation`.

    >>> x = jnp.arange(9.0).reshape(1, 3, 3, 1)
    >>> by_hand(x, jnp.array([[1.0, 2.0]]).reshape(1, 2, 1, 1))[0, :, :, 0].tolist()
    [[2.0, 5.0], [11.0, 14.0], [20.0, 23.0]]
    """
    around, sizes = _prepare(x, kernel, stride, padding, dilation, mode)
    return _sum_of_taps(_pad(x, around, mode), kernel, sizes, stride, dilation)


@public
def convolution(
    x: Float[Array, "n h w c"], kernel: Float[Array, "p q c k"], *, padding: Padding = "valid", mode: str = "zeros"
) -> Float[Array, "n _ _ k"]:
    """Convolution of mathematics and signal processing: cross-correlation with the kernel turned by 180 degrees.

    Raises:
        ValueError: as `cross_correlation`.

    >>> x = jnp.arange(3.0).reshape(1, 1, 3, 1)
    >>> convolution(x, jnp.array([[1.0, 2.0]]).reshape(1, 2, 1, 1)).ravel().tolist()
    [1.0, 4.0]
    """
    return cross_correlation(x, kernel[::-1, ::-1], padding=padding, mode=mode)


@public
def transposed(
    y: Float[Array, "n h w k"],
    kernel: Float[Array, "p q c k"],
    *,
    stride: int = 1,
    padding: Padding = "valid",
    dilation: int = 1,
    extra: int = 0,
) -> Float[Array, "n _ _ c"]:
    r"""Transposed convolution: the adjoint of `cross_correlation` with the same kernel and options.

    $\langle y, \mathrm{conv}(x) \rangle = \langle \mathrm{transposed}(y), x \rangle$: it is the gradient of the
    convolution with respect to its input, and it enlarges images where the convolution makes them smaller. Each entry
    of y adds the kernel, times this entry, to the output. The kernel is that of the convolution, so k channels come in
    and c go out. For the size of the output see `geometry.transposed_size`.

    Raises:
        ValueError: if the last axes of y and kernel differ, or an option is out of range.

    Source: Dumoulin and Visin (2016), chapter 4; Zeiler et al. (2010), CVPR.

    >>> transposed(jnp.array([[1.0, 2.0]]).reshape(1, 1, 2, 1), jnp.ones((1, 2, 1, 1)), stride=2).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    require.rank("y", y, 4)
    require.rank("kernel", kernel, 4)
    fits = y.shape[3] == kernel.shape[3]
    require.that(fits, f"y has {y.shape[3]} channels, but the kernel's last axis has {kernel.shape[3]}")
    around, sizes = [], []
    for size, taps in zip(y.shape[1:3], kernel.shape[:2], strict=True):
        options: dict[str, Any] = {"kernel": taps, "stride": stride, "padding": padding, "dilation": dilation}
        result = geometry.transposed_size(size, **options, extra=extra)
        before, _ = geometry.pads(result, **options)
        stretched = (size - 1) * stride + 1
        around.append((geometry.extent(taps, dilation=dilation) - 1 - before, result - stretched + before))
        sizes.append(result)
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    if _misread(y, turned, sizes, around, stretch=stride, dilation=dilation):
        wide = lax.pad(y, jnp.zeros((), y.dtype), [(0, 0, 0), *((*pad, stride - 1) for pad in around), (0, 0, 0)])
        return _sum_of_taps(wide, turned, sizes, 1, dilation)
    return lax.conv_general_dilated(
        y,
        turned,
        (1, 1),
        around,
        lhs_dilation=(stride, stride),
        rhs_dilation=(dilation, dilation),
        dimension_numbers=LAYOUT,
    )


@public
def pointwise(x: Float[Array, "n h w c"], weight: Float[Array, "c k"]) -> Float[Array, "n h w k"]:
    r"""Mix channels, each pixel by itself: $y_{nrsk} = \sum_c x_{nrsc} W_{ck}$, a 1x1 convolution.

    Raises:
        ValueError: if the channels of x and weight differ.

    Source: Lin, Chen and Yan (2014), ICLR, "Network in network".

    >>> pointwise(jnp.array([[[[1.0, 2.0]]]]), jnp.array([[1.0], [10.0]])).tolist()
    [[[[21.0]]]]
    """
    require.rank("x", x, 4)
    require.rank("weight", weight, 2)
    fits = x.shape[3] == weight.shape[0]
    require.that(fits, f"x has {x.shape[3]} channels, but weight has {weight.shape[0]} rows")
    return x @ weight


def _prepare(
    x: Array, kernel: Array, stride: int, padding: Padding, dilation: int, mode: str
) -> tuple[Around, tuple[int, int]]:
    """Entries to add around the image, and the size of the output."""
    require.rank("x", x, 4)
    require.rank("kernel", kernel, 4)
    require.one_of("mode", mode, MODES)
    fits = x.shape[3] == kernel.shape[2]
    message = f"x {x.shape} has {x.shape[3]} channels, but the kernel {kernel.shape} takes {kernel.shape[2]}"
    require.that(fits, message + "; images are (n, h, w, channels), kernels (p, q, channels in, channels out)")
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    rows, columns = (geometry.output_size(x.shape[a + 1], kernel=kernel.shape[a], **options) for a in (0, 1))
    above, beside = (geometry.pads(x.shape[a + 1], kernel=kernel.shape[a], **options) for a in (0, 1))
    return (above, beside), (rows, columns)


def _sum_of_taps(padded: Array, kernel: Array, sizes: Sequence[int], stride: int, dilation: int) -> Array:
    rows, columns = sizes
    total = jnp.zeros((len(padded), rows, columns, kernel.shape[3]), jnp.result_type(padded, kernel))
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            top, left = i * dilation, j * dilation
            read = padded[:, top : top + stride * (rows - 1) + 1 : stride, left:, :]
            read = read[:, :, : stride * (columns - 1) + 1 : stride, :]
            total = total + read @ kernel[i, j]
    return total


def _misread(
    x: Array,
    kernel: Array,
    sizes: Sequence[int],
    around: Sequence[tuple[int, int]],
    *,
    dilation: int,
    stride: int = 1,
    stretch: int = 1,
) -> bool:
    """Whether XLA would take an axis of the convolution, or of one of its gradients, for one of groups.

    XLA recognizes groups by numbers that other convolutions may have, too, and then ends the process
    (`SwapConvolutionOperandsIfBeneficial`). A gradient is a convolution in which image, kernel and result change roles.
    """

    def like_groups(kernel: int, stride: int, stretch: int, dilation: int, pad: tuple[int, int]) -> bool:
        return pad == (0, 0) and dilation == 1 and stretch == kernel and stride == kernel - 1

    for size, taps, result, (low, high) in zip(x.shape[1:3], kernel.shape[:2], sizes, around, strict=True):
        image, span, out = (size - 1) * stretch + 1, (taps - 1) * dilation + 1, (result - 1) * stride + 1
        before = span - 1 - low
        if (
            like_groups(taps, stride, stretch, dilation, (low, high))
            or like_groups(taps, stretch, stride, dilation, (before, image + span - 1 - out - before))
            or like_groups(result, dilation, stretch, stride, (low, out - image + before))
        ):
            return True
    return False


def _pad(x: Array, around: Sequence[tuple[int, int]], mode: str) -> Array:
    return jnp.pad(x, [(0, 0), *around, (0, 0)], mode="constant" if mode == "zeros" else "wrap")
