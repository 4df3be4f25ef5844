r"""The arithmetic of convolutional layers: sizes, receptive fields, parameters. All numbers are Python integers.

Sizes are for one axis at a time. `padding` is a number of entries on each side, or `valid` (none), `same` (as many as
give $\lceil n / s \rceil$ outputs; an odd one goes to the end) or `full` (every overlap counts).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

Padding = int | str


class Window(NamedTuple):
    """A layer that slides a window: a convolution or a pooling."""

    kernel: int  # entries of the window
    stride: int = 1  # entries between neighboring windows
    dilation: int = 1  # entries between neighboring taps
    padding: int = 0  # entries added on each side


class Field(NamedTuple):
    """What a unit of a layer sees of the input, along one axis."""

    size: int  # entries of the input
    jump: int  # entries of the input between neighboring units
    start: float  # center of the first unit's field; the first entry of the input is at 0


@public
def extent(kernel: int, *, dilation: int = 1) -> int:
    r"""Entries that a dilated kernel spans: $d (k - 1) + 1$.

    Raises:
        ValueError: if kernel or dilation < 1.

    >>> extent(3, dilation=2)
    5
    """
    require.positive("kernel", kernel)
    require.positive("dilation", dilation)
    return dilation * (kernel - 1) + 1


@public
def pads(size: int, *, kernel: int, stride: int = 1, padding: Padding = "valid", dilation: int = 1) -> tuple[int, int]:
    """Entries to add before and after an axis of this size.

    Raises:
        ValueError: for a negative or unknown padding, or sizes below 1.

    >>> pads(5, kernel=4, padding="same")
    (1, 2)
    """
    span = extent(kernel, dilation=dilation)
    require.positive("stride", stride)
    if isinstance(padding, str):
        require.one_of("padding", padding, ("valid", "same", "full"))
        if padding == "same":
            total = max((-(-size // stride) - 1) * stride + span - size, 0)
            return total // 2, total - total // 2
        return (0, 0) if padding == "valid" else (span - 1, span - 1)
    require.that(padding >= 0, f"padding must not be negative; found {padding}")
    return padding, padding


@public
def output_size(size: int, *, kernel: int, stride: int = 1, padding: Padding = "valid", dilation: int = 1) -> int:
    r"""Entries of the output of a convolution or pooling: $\lfloor (n + p - d (k - 1) - 1) / s \rfloor + 1$.

    p counts the padding of both sides together.

    Raises:
        ValueError: if the kernel is larger than the padded input, or an option is out of range.

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, relation 6.

    >>> output_size(28, kernel=5), output_size(28, kernel=3, stride=2, padding=1)
    (24, 14)
    """
    span = extent(kernel, dilation=dilation)
    padded = size + sum(pads(size, kernel=kernel, stride=stride, padding=padding, dilation=dilation))
    require.that(padded >= span, f"the kernel spans {span} entries, but with its padding the input has only {padded}")
    return (padded - span) // stride + 1


@public
def transposed_size(
    size: int, *, kernel: int, stride: int = 1, padding: Padding = "valid", dilation: int = 1, extra: int = 0
) -> int:
    r"""Entries of the output of a transposed convolution: $(n - 1) s + d (k - 1) + 1 - 2 p + e$.

    It is an input size for which a convolution has n outputs. There are several, and `extra`, 0 to stride - 1, chooses
    among them. With padding `same` it is $n s$.

    Raises:
        ValueError: if an option is out of range, or nothing is left.

    Source: Dumoulin and Visin (2016), relation 14.

    >>> transposed_size(7, kernel=2, stride=2), transposed_size(7, kernel=3, stride=2, padding=1, extra=1)
    (14, 14)
    """
    require.positive("stride", stride)
    require.between("extra", extra, 0, stride - 1)
    span = extent(kernel, dilation=dilation)
    if padding == "same":
        require.that(extra == 0, f"padding 'same' fixes the size: extra must be 0; found {extra}")
        return size * stride
    both = sum(pads(size, kernel=kernel, stride=stride, padding=padding, dilation=dilation))
    result = (size - 1) * stride + span - both + extra
    require.positive("the output's size", result)
    return result


@public
def receptive_fields(layers: Sequence[Window]) -> tuple[Field, ...]:
    r"""Receptive field of a unit after each layer.

    Size $r_l = r_{l-1} + d_l (k_l - 1) j_{l-1}$ and jump $j_l = s_l j_{l-1}$; both start at 1. The field may reach
    into the padding.

    Raises:
        ValueError: if a layer's numbers are out of range.

    Source: Araujo, Norris and Sim (2019), Distill, "Computing receptive fields of convolutional networks".

    >>> receptive_fields([Window(3), Window(2, stride=2), Window(3)])[-1]
    Field(size=8, jump=2, start=3.5)
    """
    field = Field(1, 1, 0.0)
    fields = []
    for kernel, stride, dilation, padding in layers:
        reach = extent(kernel, dilation=dilation) - 1
        require.positive("stride", stride)
        require.that(padding >= 0, f"padding must not be negative; found {padding}")
        start = field.start + (reach / 2 - padding) * field.jump
        field = Field(field.size + reach * field.jump, field.jump * stride, start)
        fields.append(field)
    return tuple(fields)


@public
def influence(
    function: Callable[[Array], Array], x: Float[Array, "h w c"], *, row: int, column: int
) -> Float[Array, "h w"]:
    r"""Effective receptive field: how strongly each pixel influences one unit of the output.

    $\sum_c |\partial \sum_k f(x)_{row, column, k} / \partial x_{ijc}|$ for a function from (1, h, w, c) to
    (1, h', w', k). It is 0 outside the receptive field and usually largest in the middle.

    Raises:
        ValueError: unless x has 3 axes and the unit is inside the output.

    Source: Luo et al. (2016), NeurIPS.

    >>> influence(lambda x: x[:, ::2, ::2], jnp.ones((2, 2, 1)), row=0, column=0).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    require.rank("x", x, 3)

    def unit(x: Array) -> Array:
        y = function(x[None])
        inside = 0 <= row < y.shape[1] and 0 <= column < y.shape[2]
        require.that(inside, f"there is no unit ({row}, {column}) in an output of shape {y.shape}")
        return jnp.sum(y[0, row, column])

    return jnp.sum(jnp.abs(jax.grad(unit)(x)), axis=-1)


@public
def dense_parameters(sizes: Sequence[int], *, bias: bool = True) -> int:
    r"""Parameters of a dense network: $\sum_l (d_l + 1)\, d_{l+1}$, without the 1 if there is no bias.

    Raises:
        ValueError: for fewer than two sizes.

    >>> dense_parameters((784, 100, 10))
    79510
    """
    require.that(len(sizes) >= 2, f"sizes must name at least inputs and outputs; found {tuple(sizes)}")
    return sum((sizes[i] + bias) * sizes[i + 1] for i in range(len(sizes) - 1))


@public
def convolution_parameters(kernel: tuple[int, int], *, inputs: int, outputs: int, bias: bool = True) -> int:
    r"""Parameters of a convolution: $(k_h k_w c_{in} + 1)\, c_{out}$ for any size of the image.

    Raises:
        ValueError: if a number is below 1.

    >>> convolution_parameters((3, 3), inputs=1, outputs=8)
    80
    """
    for name, value in (("kernel", min(kernel)), ("inputs", inputs), ("outputs", outputs)):
        require.positive(name, value)
    return (kernel[0] * kernel[1] * inputs + bias) * outputs
