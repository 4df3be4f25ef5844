"""Convolutions that stay fast inside compiled loops.

Outside of loops, XLA's compiler for CPUs changes the layout of a convolution to the one that its fast kernel needs.
Inside `scan` it does not, and falls back on a kernel that is up to a hundred times slower, mostly for the gradient of
the weights. `with_fast_convolutions` changes the layout beforehand: samples first, then space, channels last. It
replaces convolutions of images with small kernels and steps of one by those of `convolution`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend import core
from jax.extend.core.primitives import conv_general_dilated_p
from jaxtyping import Array

from mfml.xla import convolution

T = TypeVar("T")
WIDE = 7  # rows or columns of the largest kernel that `convolution` takes over


def with_fast_convolutions(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function of pytrees of arrays, with every convolution in the form that loops need on CPUs.

    On other devices the convolutions stay as they are. The values are the same up to rounding. Convolutions inside
    the function's own loops, branches and rematerialized parts are not changed. Derivatives bring convolutions of
    their own, so take them first and apply this function to the result.

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


def stored(x: T) -> T:
    """Return the same array or pytree of arrays, and make XLA's compiler for CPUs keep it in memory.

    Otherwise the compiler computes the array again within every operation that uses it, often in a slow order. An
    example is the gradient of max pooling, which both the bias and the weights of the layer before need. The compiler
    drops a plain optimization barrier too early, but keeps one inside a call that it may not inline. Other devices
    fuse as usual.

    >>> stored(jax.numpy.arange(3.0)).tolist()
    [0.0, 1.0, 2.0]
    """

    def called(x: T) -> T:
        with set_xla_metadata(inlineable="false"):
            return jax.jit(lax.optimization_barrier)(x)

    return lax.platform_dependent(x, cpu=called, default=lambda x: x)


def _inner(equation: Any) -> Any:
    """The compiled function that an equation calls; None for any other operation."""
    return equation.params["jaxpr"] if equation.primitive.name in ("jit", "pjit") else None


def _has_convolution(jaxpr: Any) -> bool:
    return any(
        equation.primitive is conv_general_dilated_p
        or (_inner(equation) is not None and _has_convolution(_inner(equation).jaxpr))
        for equation in jaxpr.eqns
    )


def _evaluate(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
    """Run the operations in order, convolutions in the fast form."""
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
    """Run one operation unchanged."""
    bound = equation.primitive.get_bind_params(equation.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # a pair before jax 0.10
    outputs = equation.primitive.bind(*functions, *inputs, **params)
    return outputs if equation.primitive.multiple_results else [outputs]


def _convolve(lhs: Array, rhs: Array, params: dict[str, Any]) -> Array:
    """Convolve in the form that is fast on CPUs."""
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
    """Whether the images are 2D, non-empty and of one dtype, and strides, dilations and groups are all 1."""
    steps = {*params["window_strides"], *params["lhs_dilation"], *params["rhs_dilation"]}
    groups = {params["feature_group_count"], params["batch_group_count"]}
    one_dtype = lhs.dtype == rhs.dtype and params["preferred_element_type"] in (None, lhs.dtype)
    return lhs.ndim == 4 and steps | groups == {1} and one_dtype and lhs.size > 0 and rhs.size > 0
