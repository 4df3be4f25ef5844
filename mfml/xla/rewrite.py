"""Convolutions that stay fast inside compiled loops.

XLA's compiler for CPUs brings convolutions into the layout of its fast kernel only outside of loops; inside
`scan` it falls back on one that takes up to a hundred times as long, mostly for the gradient of the weights.
`with_fast_convolutions` does that step beforehand: samples and then space first, channels last. Convolutions of
images by small kernels with steps of one it states anew: see `convolution`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend import core
from jax.extend.core.primitives import conv_general_dilated_p
from jaxtyping import Array

from mfml.xla import convolution

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


def stored(x: Array) -> Array:
    """Return the same array, which XLA's compiler for CPUs must then keep in memory.

    It would otherwise compute the array anew within every operation that takes it, often in an order that is slow:
    the gradient of max pooling, say, both for the bias and for the weights of the layer before. An optimization
    barrier by itself is dropped too early there; one inside a call that is not dissolved is not. Other devices
    fuse as they see fit.

    >>> stored(jax.numpy.arange(3.0)).tolist()
    [0.0, 1.0, 2.0]
    """

    def called(x: Array) -> Array:
        with set_xla_metadata(inlineable="false"):
            return jax.jit(lax.optimization_barrier)(x)

    return lax.platform_dependent(x, cpu=called, default=lambda x: x)


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
    to_store = {variable for equation in convolutions for variable in (*equation.invars, *equation.outvars)}

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
            known[variable] = stored(output) if variable in to_store else output
    return [value(variable) for variable in jaxpr.outvars]


def _apply(equation: Any, inputs: list[Any]) -> Sequence[Any]:
    """Run one operation as it is."""
    bound = equation.primitive.get_bind_params(equation.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # a pair before jax 0.10
    outputs = equation.primitive.bind(*functions, *inputs, **params)
    return outputs if equation.primitive.multiple_results else [outputs]


def _convolve(lhs: Array, rhs: Array, params: dict[str, Any]) -> Array:
    """Convolve in the form that is fast where the device is a CPU."""
    axes, last = params["dimension_numbers"], lhs.ndim - 1
    outgoing, incoming, *taps = axes.rhs_spec
    batch, feature, *space = axes.lhs_spec
    around, kernel = params["padding"], [rhs.shape[axis] for axis in taps]
    sizes = zip((lhs.shape[axis] for axis in space), around, kernel, strict=True)
    result = [size + before + after - taken + 1 for size, (before, after), taken in sizes]
    plain = _is_plain(lhs, rhs, params) and min(result) > 0

    def as_given(lhs: Array, rhs: Array) -> Array:
        return conv_general_dilated_p.bind(lhs, rhs, **params)

    def channels_last(lhs: Array, rhs: Array) -> Array:
        rhs = lax.transpose(rhs, (*taps, incoming, outgoing))
        if plain and max(kernel) <= WIDE:
            out = convolution.correlate(lax.transpose(lhs, (batch, *space, feature)), rhs, around)
        elif plain and min(result) > 0 and max(result) <= WIDE:
            lhs = lax.transpose(lhs, (feature, *space, batch))
            out = convolution.correlate_images(lhs, lax.transpose(rhs, (2, 0, 1, 3)), around)
        else:
            places = (0, last, *range(1, last))
            layout = lax.ConvDimensionNumbers(places, (last, last - 1, *range(last - 1)), places)
            lhs = lax.transpose(lhs, (batch, *space, feature))
            out = conv_general_dilated_p.bind(lhs, rhs, **{**params, "dimension_numbers": layout})
        first, channel, *spatial = axes.out_spec
        place = {axis: number for number, axis in enumerate((first, *spatial, channel))}
        return lax.transpose(out, tuple(place[axis] for axis in range(last + 1)))

    return lax.platform_dependent(lhs, rhs, cpu=channels_last, default=as_given)


def _is_plain(lhs: Array, rhs: Array, params: dict[str, Any]) -> bool:
    """Whether images are 2D and not empty, of one dtype, and strides, dilations and groups are all 1."""
    steps = {*params["window_strides"], *params["lhs_dilation"], *params["rhs_dilation"]}
    groups = {params["feature_group_count"], params["batch_group_count"]}
    one_dtype = lhs.dtype == rhs.dtype and params["preferred_element_type"] in (None, lhs.dtype)
    return lhs.ndim == 4 and steps | groups == {1} and one_dtype and lhs.size > 0 and rhs.size > 0
