"""Convolutions that stay fast inside compiled loops.

XLA's compiler for CPUs brings convolutions into the layout of its fast kernel only outside of loops; inside
`scan` it falls back on one that takes up to a hundred times as long, mostly for the gradient of the weights.
`with_fast_convolutions` does that step beforehand: samples and then space first, channels last. Convolutions of
images by small kernels with steps of one it states anew, as the fast kernel itself keeps to one core: see
`_rows_as_channels` and `_products`.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core
from jax.extend.core.primitives import conv_general_dilated_p

LAYOUT = ("NHWC", "HWIO", "NHWC")
BLOCK = 2**20  # entries of an array in between, at most, so that the cache holds it
FEW = 16  # a matrix product with fewer columns does not pay
WIDE = 7  # rows or columns of the largest kernel that is stated anew


def with_fast_convolutions(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function of pytrees of arrays, with every convolution in the form that loops need on CPUs.

    On other devices the convolutions stay as they are. The values are the same up to rounding. Those inside the
    function's own loops, branches and rematerialised parts are not reached. It is applied to a function that has
    its derivatives taken already, as they bring convolutions of their own.

    Source: jax issue 12868.

    >>> import jax.numpy as jnp
    >>> with_fast_convolutions(lambda x: jnp.convolve(x, jnp.ones(2)))(jnp.arange(3.0)).tolist()
    [0.0, 1.0, 3.0, 2.0]
    """

    def rewritten(*arguments: Any) -> Any:
        closed, result = jax.make_jaxpr(function, return_shape=True)(*arguments)
        if not _has_convolution(closed.jaxpr):
            values = core.jaxpr_as_fun(closed)(*jax.tree.leaves(arguments))
        else:
            values = _evaluate(closed.jaxpr, closed.consts, jax.tree.leaves(arguments))
        return jax.tree.unflatten(jax.tree.structure(result), values)

    return rewritten


def _inner(equation: Any) -> Any:
    """The compiled function that an equation calls, None where it is another operation."""
    return equation.params["jaxpr"] if equation.primitive.name in ("jit", "pjit") else None


def _has_convolution(jaxpr: Any) -> bool:
    return any(
        equation.primitive is conv_general_dilated_p
        or (_inner(equation) is not None and _has_convolution(_inner(equation).jaxpr))
        for equation in jaxpr.eqns
    )


def _evaluate(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
    """Run the operations one after the other, convolutions in the other form."""
    known = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *arguments), strict=True))

    def value(variable: Any) -> Any:
        return variable.val if isinstance(variable, core.Literal) else known[variable]

    for equation in jaxpr.eqns:
        inputs, inner = [value(variable) for variable in equation.invars], _inner(equation)
        with equation.ctx.manager:
            if equation.primitive is conv_general_dilated_p:
                outputs: Sequence[Any] = [_convolve(inputs[0], inputs[1], equation.params)]
            elif inner is not None and _has_convolution(inner.jaxpr):
                outputs = _evaluate(inner.jaxpr, inner.consts, inputs)
            else:
                outputs = _apply(equation, inputs)
        known.update(zip(equation.outvars, outputs, strict=True))
    return [value(variable) for variable in jaxpr.outvars]


def _apply(equation: Any, inputs: list[Any]) -> Sequence[Any]:
    """Run one operation as it is."""
    bound = equation.primitive.get_bind_params(equation.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # a pair before jax 0.10
    outputs = equation.primitive.bind(*functions, *inputs, **params)
    return outputs if equation.primitive.multiple_results else [outputs]


def _convolve(lhs: jax.Array, rhs: jax.Array, params: dict[str, Any]) -> jax.Array:
    """Convolve in the form that is fast where the device is a CPU."""
    axes, last = params["dimension_numbers"], lhs.ndim - 1
    outgoing, incoming, *taps = axes.rhs_spec
    batch, feature, *space = axes.lhs_spec
    around, kernel = params["padding"], [rhs.shape[axis] for axis in taps]
    sizes = zip((lhs.shape[axis] for axis in space), around, kernel, strict=True)
    result = [size + before + after - taken + 1 for size, (before, after), taken in sizes]
    plain = _is_plain(lhs, rhs, params) and min(result) > 0

    def as_given(lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        return conv_general_dilated_p.bind(lhs, rhs, **params)

    def channels_last(lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        rhs = lax.transpose(rhs, (*taps, incoming, outgoing))
        if plain and max(kernel) <= WIDE:
            out = _correlate(lax.transpose(lhs, (batch, *space, feature)), rhs, around)
        elif plain and min(result) > 0 and max(result) <= WIDE:
            lhs = lax.transpose(lhs, (feature, *space, batch))
            out = _correlate_images(lhs, lax.transpose(rhs, (2, 0, 1, 3)), around)
        else:
            places = (0, last, *range(1, last))
            layout = lax.ConvDimensionNumbers(places, (last, last - 1, *range(last - 1)), places)
            lhs = lax.transpose(lhs, (batch, *space, feature))
            out = conv_general_dilated_p.bind(lhs, rhs, **{**params, "dimension_numbers": layout})
        first, channel, *spatial = axes.out_spec
        place = {axis: number for number, axis in enumerate((first, *spatial, channel))}
        return lax.transpose(out, tuple(place[axis] for axis in range(last + 1)))

    return lax.platform_dependent(lhs, rhs, cpu=channels_last, default=as_given)


def _is_plain(lhs: jax.Array, rhs: jax.Array, params: dict[str, Any]) -> bool:
    """Whether images are 2D and not empty, of one dtype, and strides, dilations and groups are all 1."""
    steps = {*params["window_strides"], *params["lhs_dilation"], *params["rhs_dilation"]}
    groups = {params["feature_group_count"], params["batch_group_count"]}
    one_dtype = lhs.dtype == rhs.dtype and params["preferred_element_type"] in (None, lhs.dtype)
    return lhs.ndim == 4 and steps | groups == {1} and one_dtype and lhs.size > 0 and rhs.size > 0


def _correlate(x: jax.Array, kernel: jax.Array, around: Any) -> jax.Array:
    """Correlate images (n, h, w, c) with a kernel (p, q, c, k)."""
    n, height, width, channels = x.shape
    p, q, _, k = kernel.shape
    if q * channels < FEW:
        return lax.conv_general_dilated(x, kernel, (1, 1), around, dimension_numbers=LAYOUT)
    (top, bottom), (left, right) = around
    shape = (n, height + top + bottom - p + 1, width + left + right - q + 1, k)

    def fill(start: jax.Array | int, size: int, out: jax.Array) -> jax.Array:
        block = _rows_as_channels(lax.dynamic_slice_in_dim(x, start, size), kernel, around)
        return lax.dynamic_update_slice_in_dim(out, block, start, 0)

    return _in_blocks(fill, jnp.zeros(shape, x.dtype), n, p * math.prod(shape[1:]))


def _rows_as_channels(x: jax.Array, kernel: jax.Array, around: Any) -> jax.Array:
    """Correlate images (n, h, w, c) with a kernel (p, q, c, k), on all cores.

    XLA's kernel divides only the columns of an image among the cores. So all rows of all images become one long row,
    and the rows of the kernel channels of the result, which are added up, each shifted by its number of rows.
    """
    n, channels = len(x), x.shape[3]
    p, q, _, k = kernel.shape
    x = lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *((*pad, 0) for pad in around), (0, 0, 0)))
    _, height, width, _ = x.shape
    line, taps = x.reshape(1, 1, -1, channels), kernel.transpose(1, 2, 0, 3).reshape(1, q, channels, p * k)
    if q == 1:
        shares = line[0, 0] @ taps[0, 0]
    else:
        shares = lax.conv_general_dilated(line, taps, (1, 1), ((0, 0), (0, q - 1)), dimension_numbers=LAYOUT)
    shares = shares.reshape(n, height, width, p, k)[:, :, : width - q + 1]
    return functools.reduce(operator.add, (shares[:, i : i + height - p + 1, :, i] for i in range(p)))


def _correlate_images(x: jax.Array, y: jax.Array, around: Any) -> jax.Array:
    """Correlate images (n, h, w, c) with images (n, r, s, k) of about the same size: (c, p, q, k)."""
    (n, height, width, channels), (_, rows, columns, k) = x.shape, y.shape
    (top, bottom), (left, right) = around
    p, q = height + top + bottom - rows + 1, width + left + right - columns + 1

    def add(start: jax.Array | int, size: int, total: jax.Array) -> jax.Array:
        parts = [lax.dynamic_slice_in_dim(z, start, size) for z in (x, y)]
        return total + _products(parts[0], parts[1], p, q, top, left)

    total = jnp.zeros((p, k, q, channels), x.dtype)
    entries = max(height * columns * q * channels, rows * columns * k)
    return _in_blocks(add, total, n, entries).transpose(3, 0, 2, 1)


def _products(x: jax.Array, y: jax.Array, p: int, q: int, top: int, left: int) -> jax.Array:
    """Products of images (n, h, w, c) with images (n, r, s, k), shifted by p rows and q columns: (p, k, q, c)."""
    height, (rows, columns, k), channels = x.shape[1], y.shape[1:], x.shape[3]
    across = [_shifted(x, 2, left - j, columns) for j in range(q)]
    if q * channels < FEW:
        every = [_shifted(z, 1, top - i, rows) for i in range(p) for z in across]
        product = y.reshape(-1, k).T @ jnp.concatenate(every, -1).reshape(-1, p * q * channels)
        return product.reshape(k, p, q, channels).swapaxes(0, 1)
    beside = jnp.concatenate(across, -1).reshape(-1, q * channels)
    products = [_shifted(y, 1, i - top, height).reshape(-1, k).T @ beside for i in range(p)]
    return jnp.stack(products).reshape(p, k, q, channels)


def _shifted(x: jax.Array, axis: int, by: int, size: int) -> jax.Array:
    """Move by that many entries along an axis that gets another size; what comes in is zero."""
    pads = [(0, 0, 0)] * x.ndim
    pads[axis] = (by, size - by - x.shape[axis], 0)
    return lax.pad(x, jnp.zeros((), x.dtype), pads)


def _in_blocks(step: Callable[..., jax.Array], start: jax.Array, n: int, entries: int) -> jax.Array:
    """Take step(first, number, result) over n images with `entries` each, in the fewest equal blocks below BLOCK.

    Beside the cache, the loop helps in that XLA computes what goes in once, not again for every use.
    """
    blocks = next(b for b in range(1, n + 1) if n % b == 0 and (b == n or n // b * entries <= BLOCK))
    size = n // blocks
    if blocks == 1:
        return step(0, n, start)
    return lax.fori_loop(0, blocks, lambda block, result: step(block * size, size, result), start)
