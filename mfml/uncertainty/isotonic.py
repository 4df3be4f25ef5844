r"""Isotonic regression: the non-decreasing step function nearest to data. Shapes: n samples.

It recalibrates probabilities whose order is right but whose values are not, without a formula for the distortion. It
needs some hundreds of samples; with fewer take `temperature`. In regression it fits any monotone relation.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import absent, scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, checked


class Isotonic(NamedTuple):
    """Points of a monotone function, in the order of x. Samples of equal x are one point; the last one is repeated."""

    x: Float[Array, " n"]
    value: Float[Array, " n"]  # units of y


_Block = tuple[Array, Array, Array, Array]  # value, weight and first group of a block, and the blocks before it


class _Stack(NamedTuple):
    """Blocks of samples, the last of which may still be merged; beyond `size` there is nothing."""

    value: Array
    weight: Array
    first: Array  # the group that each block begins with
    size: Array


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="increasing")
def fit(
    x: Float[Array, " n"],
    y: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    increasing: bool = True,
) -> Isotonic:
    r"""Minimize $\sum_i w_i (y_i - f(x_i))^2$ over all non-decreasing functions f.

    Neighbors that are out of order are pooled into their mean until none are: after the sort that takes a number of
    steps proportional to n. Samples of equal x have one value. For probabilities x is what was predicted and y is 0
    or 1.

    Args:
        x: in any order.
        y: real numbers.
        weights: 1 if not given; a sample of weight zero is absent.
        increasing: False for the non-increasing function; static.

    Raises:
        ValueError: unless all have one axis, the same length and a sample, and no weight is negative (NaN where it is
            traced).

    Source: Barlow et al. (1972), section 1.2 (pool adjacent violators); Zadrozny and Elkan (2002) (probabilities).

    >>> fit(jnp.array([1.0, 2.0, 3.0]), jnp.array([0.0, 4.0, 2.0])).value.tolist()
    [0.0, 3.0, 3.0]
    """
    require.rank("x", x, 1)
    require.samples(x, y, weights)
    broken = _missing(x, weights) | _missing(y, weights)
    w = jnp.ones_like(y) if weights is None else weights / scaling.unit(weights)  # so that sums stay in range
    x, y = absent.present(weights, x), absent.present(weights, y)
    x = jnp.where(w == 0, jnp.max(x), x)  # what has no weight comes last, at a point that is there
    in_order = jnp.argsort(x, stable=True)
    x, y, w = x[in_order], y[in_order], w[in_order]
    center = sums.mean(y, weights=w)
    moved = (y - center) if increasing else (center - y)
    group = jnp.cumsum(jnp.append(False, x[1:] != x[:-1]))
    first, weight, value = _grouped(moved, w, group)
    block = _blocks(lax.stop_gradient(value), lax.stop_gradient(weight))
    mean = _grouped(moved, w, block[group])[2][block]  # again from the samples: means of means would gather rounding
    # there are no more points than groups: what follows repeats the last one
    mean = mean[jnp.minimum(jnp.arange(len(x)), group[-1])]
    value = center + (mean if increasing else -mean)
    return Isotonic(x[first], jnp.where(broken, jnp.nan, value))


@public
@jax.jit
def transform(model: Isotonic, values: Float[Array, " m"]) -> Float[Array, " m"]:
    """The function at other x, in units of y: straight lines between the points, constant beyond the first and last.

    Raises:
        ValueError: unless values have one axis.

    Source: Barlow et al. (1972), section 1.2; lines between points as in scikit-learn's IsotonicRegression.

    >>> transform(fit(jnp.array([1.0, 2.0]), jnp.array([0.0, 4.0])), jnp.array([0.0, 1.5, 3.0])).tolist()
    [0.0, 2.0, 4.0]
    """
    require.rank("values", values, 1)
    last = len(model.x) - 1
    right = jnp.minimum(jnp.searchsorted(model.x, values, side="right"), last)
    left = jnp.maximum(right - 1, 0)
    width = model.x[right] - model.x[left]
    share = jnp.where(width > 0, (values - model.x[left]) / jnp.where(width > 0, width, 1.0), 1.0)
    low, high = model.value[left], model.value[right]
    found = low + jnp.clip(share, 0.0, 1.0) * (high - low)
    return jnp.where(jnp.isnan(values) | jnp.isnan(model.x[-1]), jnp.nan, found)


def _missing(values: Array, weights: Array | None) -> Array:
    return jnp.any(jnp.isnan(values) if weights is None else jnp.isnan(weights) | (jnp.isnan(values) & (weights != 0)))


def _grouped(y: Array, w: Array, group: Array) -> tuple[Array, Array, Array]:
    """First sample, weight and mean of each group. The rest of the n entries have weight zero, and the last sample."""
    n = len(y)
    weight = jax.ops.segment_sum(w, group, n, indices_are_sorted=True)
    first = jnp.minimum(jnp.searchsorted(group, jnp.arange(n)), n - 1)
    near = y[first]
    total = jax.ops.segment_sum(w * (y - near[group]), group, n, indices_are_sorted=True)
    return first, weight, near + total / jnp.where(weight == 0, 1.0, weight)


def _blocks(value: Array, weight: Array) -> Array:
    """Pool adjacent violators: the block, 0, 1, ..., of each group.

    Each group is merged with the blocks before it as long as they are out of order, then put on the stack. Merging
    reads the stack only, and each step writes one entry, so nothing is copied, under `vmap` either.
    """
    n = len(value)

    def push(stack: _Stack, group: tuple[Array, Array, Array]) -> tuple[_Stack, None]:
        def violated(block: _Block) -> Array:
            v, w, _, size = block
            return (size > 0) & ((stack.value[jnp.maximum(size - 1, 0)] >= v) | (w == 0))

        def merged(block: _Block) -> _Block:
            v, w, _, size = block
            before = size - 1
            vb, total = stack.value[before], stack.weight[before] + w
            mean = vb + (v - vb) * w / jnp.where(total == 0, 1.0, total)
            return mean, total, stack.first[before], before

        v, w, first, size = lax.while_loop(violated, merged, (*group, stack.size))

        def put(array: Array, entry: Array) -> Array:
            return lax.dynamic_update_index_in_dim(array, entry, size, 0)

        return _Stack(put(stack.value, v), put(stack.weight, w), put(stack.first, first), size + 1), None

    empty = _Stack(jnp.zeros_like(value), jnp.zeros_like(weight), jnp.full(n, n), jnp.zeros((), int))
    done, _ = lax.scan(push, empty, (value, weight, jnp.arange(n)))
    firsts = jnp.where(jnp.arange(n) < done.size, done.first, n)
    return jnp.searchsorted(firsts, jnp.arange(n), side="right") - 1
