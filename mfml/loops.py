"""Convolutions that stay fast inside compiled loops.

XLA's compiler for CPUs brings convolutions into the layout of its fast kernel only outside of loops; inside
`scan` it falls back on one that takes up to a hundred times as long, mostly for the gradient of the weights.
`with_fast_convolutions` does that step beforehand: samples and then space first, channels last. Convolutions of
images by small kernels with steps of one it states anew, as the fast kernel itself keeps to one core: see
`_rows_as_channels` and `_products`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend import core
from jax.extend.core.primitives import conv_general_dilated_p

LAYOUT = ("NHWC", "HWIO", "NHWC")
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
    convolutions = [equation for equation in jaxpr.eqns if equation.primitive is conv_general_dilated_p]
    ends = {variable for equation in convolutions for variable in (*equation.invars, *equation.outvars)}

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
        for variable, output in zip(equation.outvars, outputs, strict=True):
            known[variable] = _stored(output) if variable in ends else output
    return [value(variable) for variable in jaxpr.outvars]


def _apply(equation: Any, inputs: list[Any]) -> Sequence[Any]:
    """Run one operation as it is."""
    bound = equation.primitive.get_bind_params(equation.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # a pair before jax 0.10
    outputs = equation.primitive.bind(*functions, *inputs, **params)
    return outputs if equation.primitive.multiple_results else [outputs]


def _stored(x: jax.Array) -> jax.Array:
    """The same array, which XLA's compiler for CPUs must keep in memory.

    It would otherwise compute an array again within each operation that takes it, even the gradient of max pooling,
    and there in an order that is slow. An optimization barrier is dropped too early there; a call is not.
    """

    def called(x: jax.Array) -> jax.Array:
        with set_xla_metadata(inlineable="false"):
            return jax.jit(lax.optimization_barrier)(x)

    return lax.platform_dependent(x, cpu=called, default=lambda x: x)


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
    x, (p, q, channels, k) = _padded(x, around), kernel.shape
    n, rows, columns = len(x), x.shape[1] - p + 1, x.shape[2] - q + 1
    if q * channels >= FEW:
        return _rows_as_channels(x, kernel)
    group = _group(columns)
    shifted = [_shifted(kernel, 1, place, q + group - 1) for place in range(group)]
    return (_windows(x, p, q, group) @ jnp.stack(shifted, 3).reshape(-1, group * k)).reshape(n, rows, columns, k)


def _rows_as_channels(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlate images (n, h, w, c) with a kernel (p, q, c, k), on all cores.

    XLA's kernel divides only the columns of an image among the cores. So all rows of all images become one long row,
    and the rows of the kernel channels of the result, which are added up, each shifted by its number of rows.
    """
    (n, height, width, channels), (p, q, _, k) = x.shape, kernel.shape
    line, taps = x.reshape(1, 1, -1, channels), kernel.transpose(1, 2, 0, 3).reshape(1, q, channels, p * k)
    if q == 1:
        shares = line[0, 0] @ taps[0, 0]
    else:
        shares = lax.conv_general_dilated(line, taps, (1, 1), ((0, 0), (0, q - 1)), dimension_numbers=LAYOUT)
    shares = shares.reshape(n, height, width, p, k)[:, :, : width - q + 1]
    return functools.reduce(operator.add, (shares[:, i : i + height - p + 1, :, i] for i in range(p)))


def _correlate_images(x: jax.Array, y: jax.Array, around: Any) -> jax.Array:
    """Correlate images (n, h, w, c) with images (n, r, s, k) of about the same size: (c, p, q, k)."""
    (_, height, width, channels), (_, rows, columns, k) = x.shape, y.shape
    (top, bottom), (left, right) = around
    p, q = height + top + bottom - rows + 1, width + left + right - columns + 1
    if q * channels >= FEW:
        across = [_shifted(x, 2, left - j, columns) for j in range(q)]
        beside = jnp.concatenate(across, -1).reshape(-1, q * channels)
        products = [_shifted(y, 1, i - top, height).reshape(-1, k).T @ beside for i in range(p)]
        return jnp.stack(products).reshape(p, k, q, channels).transpose(3, 0, 2, 1)
    group = _group(columns)
    product = _windows(_padded(x, around), p, q, group).T @ y.reshape(-1, group * k)
    product = product.reshape(p, q + group - 1, channels, group, k)
    return sum(product[:, place : place + q, :, place] for place in range(group)).transpose(2, 0, 1, 3)


def _group(columns: int) -> int:
    """How many columns of the result one row of a matrix product holds: with one channel each they would be too few."""
    return next(group for group in (4, 2, 1) if columns % group == 0)


def _windows(x: jax.Array, p: int, q: int, group: int) -> jax.Array:
    """What p rows and q columns see from `group` places side by side, in images (n, h, w, c): a row for each group."""
    rows, columns = x.shape[1] - p + 1, x.shape[2] - q + 1
    across = [x[:, :, start : start + columns - group + 1 : group] for start in range(q + group - 1)]
    wide = jnp.concatenate(across, -1)
    return jnp.concatenate([wide[:, i : i + rows] for i in range(p)], -1).reshape(-1, p * wide.shape[-1])


def _padded(x: jax.Array, around: Any) -> jax.Array:
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *((*pad, 0) for pad in around), (0, 0, 0)))


def _shifted(x: jax.Array, axis: int, by: int, size: int) -> jax.Array:
    """Move by that many entries along an axis that gets another size; what comes in is zero."""
    pads = [(0, 0, 0)] * x.ndim
    pads[axis] = (by, size - by - x.shape[axis], 0)
    return lax.pad(x, jnp.zeros((), x.dtype), pads)
