"""Convolutions that stay fast inside compiled loops.

XLA's compiler for CPUs brings convolutions into the layout of its fast kernel only outside of loops; inside
`scan` it falls back on one that takes up to a hundred times as long, mostly for the gradient of the weights.
`with_fast_convolutions` does that step beforehand: samples and then space first, channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import lax
from jax.extend import core
from jax.extend.core.primitives import conv_general_dilated_p


def with_fast_convolutions(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function of pytrees of arrays, with every convolution in the layout that loops need on CPUs.

    On other devices the convolutions stay as they are. The values are the same. Those inside the function's own
    loops, branches and rematerialised parts are not reached. It is applied to a function that has its
    derivatives taken already, as they bring convolutions of their own.

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
    """Run the operations one after the other, convolutions in the other layout."""
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
    """Convolve in the layout of the fast kernel where the device is a CPU."""
    axes = params["dimension_numbers"]
    last = lhs.ndim - 1
    space = tuple(range(1, last))

    def as_given(lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        return conv_general_dilated_p.bind(lhs, rhs, **params)

    def channels_last(lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        layout = lax.ConvDimensionNumbers((0, last, *space), (last, last - 1, *range(last - 1)), (0, last, *space))
        batch, feature, *spatial = axes.lhs_spec
        lhs = lax.transpose(lhs, (batch, *spatial, feature))
        outgoing, incoming, *spatial = axes.rhs_spec
        rhs = lax.transpose(rhs, (*spatial, incoming, outgoing))
        out = conv_general_dilated_p.bind(lhs, rhs, **{**params, "dimension_numbers": layout})
        batch, feature, *spatial = axes.out_spec
        place = {axis: number for number, axis in enumerate((batch, *spatial, feature))}
        return lax.transpose(out, tuple(place[axis] for axis in range(last + 1)))

    return lax.platform_dependent(lhs, rhs, cpu=channels_last, default=as_given)
