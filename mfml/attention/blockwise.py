r"""Attention in blocks: the numbers of `dot_product.attention`, with memory that grows with the length, not its square.

Softmax is accumulated over blocks of keys, each with the largest logit so far: $m' = \max(m, \max_j s_j)$,
$l' = l e^{m - m'} + \sum_j e^{s_j - m'}$, $a' = a e^{m - m'} + \sum_j e^{s_j - m'} v_j$, and the result is a / l. The
gradient computes the logits of each block once more instead of keeping them.

Shapes as in `dot_product`: q queries, k keys, h heads of queries, g heads of keys and values. Within this file the
axes are heads of keys (of all sequences), h / g, positions, features; the first one in parts.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.attention import dot_product
from mfml.entrance import public
from mfml.xla.rewrite import stored

CACHED = 2**18  # numbers of a table of logits that stays in the cache of a processor


@public
@partial(jax.jit, static_argnames=("causal", "block_size"))
def attention(
    queries: Float[Array, "*b h q d"],
    keys: Float[Array, "*b g k d"],
    values: Float[Array, "*b g k v"],
    *,
    mask: Bool[Array, "..."] | None = None,
    causal: bool = False,
    scale: ArrayLike | None = None,
    block_size: int = 512,
) -> Float[Array, "*b h q v"]:
    r"""Attention $o_i = \sum_j w_{ij} v_j$ as `dot_product.attention`, without the table of weights.

    The first derivative must be one in reverse mode: `jax.grad` and `jax.hessian` work, `jax.jacfwd` does not, nor, if
    causal, does `jax.grad` of `jax.grad`. Values must stay below the largest number / k, as there.

    Args:
        queries: q_i.
        keys: k_j.
        values: v_j.
        mask: True where a query may attend. A mask of padding, (b, 1, 1, k), stays small; one with axes q and k is
            itself a large table.
        causal: query i attends to the keys j <= i + k - q, as in `masks.causal`. Blocks of later keys are skipped.
        scale: of the logits; 1 / sqrt(d) by default.
        block_size: queries and keys that are treated at once; static.

    Raises:
        ValueError: unless shapes fit, the mask is boolean, block_size is positive, and, if causal, q <= k.

    Source: Milakov and Gimelshein (2018), algorithm 3; Rabe and Staats (2021); Dao et al. (2022).

    >>> x = jnp.arange(3.0)[None, :, None]
    >>> attention(jnp.zeros((1, 3, 1)), x, x, causal=True, block_size=2).tolist()
    [[[0.0], [0.5], [1.0]]]
    """
    require.positive("block_size", block_size)
    attend = partial(_attend, mask=mask, causal=causal, block_size=block_size)

    def reached(flags: Array) -> Array:
        """Attend to the flags as numbers, with equal weights."""
        # zeros that the compiler does not know to be zeros: it would work out the table itself, in seconds
        no_q, no_k = (0 * jnp.isnan(x[..., :1]).astype(dtype) for x in (queries, keys))
        return attend(no_q, no_k, flags.astype(dtype)) > 0

    dtype = jnp.promote_types(values.dtype, jnp.float32)
    by_blocks = reached if causal or mask is not None else None
    given = dot_product.Given.of(queries, keys, values, mask=mask, scale=scale, reached=by_blocks)
    return given.marked(attend(given.queries, given.keys, given.values))


def _attend(queries: Array, keys: Array, values: Array, *, mask: Array | None, causal: bool, block_size: int) -> Array:
    """Attention of finite vectors whose logits need no scale."""
    *batch, h, q, d = queries.shape
    (g, k), v = keys.shape[-3:-1], values.shape[-1]
    require.that(not causal or q <= k, f"causal needs no more queries than keys; found {q} queries and {k} keys")
    n, r = math.prod(batch) * g, h // g
    if n * q * k == 0:
        return jnp.zeros((*batch, h, q, v), queries.dtype)
    plan = Plan(q, k, min(block_size, q), min(block_size, k), causal)
    most = max(1, CACHED // (r * plan.rows * plan.columns))
    together = max(size for size in range(1, n + 1) if n % size == 0 and size <= most)
    if mask is not None:
        mask = mask.reshape((1,) * (queries.ndim - mask.ndim) + mask.shape)
        mask = mask.reshape(*mask.shape[:-3], *((g, r) if mask.shape[-3] > 1 else (1, 1)), *mask.shape[-2:])
        own = max(mask.shape[:-3]) > 1  # whether heads differ, or sequences
        mask = jnp.broadcast_to(mask, (*batch, g, *mask.shape[-3:])) if own else mask
        mask = mask.reshape(*((n // together, together) if own else (1, 1)), *mask.shape[-3:])
    parts = [
        x.reshape(n // together, together, *shape)
        for x, shape in ((queries, (r, q, d)), (keys, (k, d)), (values, (k, v)))
    ]
    return _blocked(plan, *parts, mask).reshape(*batch, h, q, v)


class Plan(NamedTuple):
    """How many queries and keys there are, in all and in a block; static."""

    q: int
    k: int
    rows: int  # queries in a block
    columns: int  # keys in a block
    causal: bool

    def end(self, i: Any, n: int) -> Any:
        """Return how many of the n blocks of keys the queries of block i need."""
        newest = (i + 1) * self.rows - 1 + self.k - self.q
        return jnp.minimum(newest // self.columns + 1, n) if self.causal else n

    def begin(self, j: Any) -> Any:
        """Return the first block of queries that needs the keys of block j."""
        return jnp.maximum((j * self.columns - self.k + self.q) // self.rows, 0) if self.causal else 0

    def allowed(self, i: Any, j: Any, mask: Any) -> Any:
        """Return which queries of block i may attend to which keys of block j; None: all to all."""
        row = i * self.rows + lax.broadcasted_iota(int, (1, 1, self.rows, 1), 2)
        column = j * self.columns + lax.broadcasted_iota(int, (1, 1, 1, self.columns), 3)
        found: Any = None
        if self.causal:
            found = column <= row + (self.k - self.q)
        elif self.k % self.columns:
            found = column < self.k
        if mask is None:
            return found
        for axis, number, size in ((2, i, self.rows), (3, j, self.columns)):
            if mask.shape[axis] > 1:
                mask = lax.dynamic_slice_in_dim(mask, number * size, size, axis=axis)
        return mask if found is None else mask & found


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _blocked(plan: Plan, q: Array, k: Array, v: Array, mask: Array | None) -> Array:
    """Attention of all heads: some of them at a time, so that their tables fit the cache of a processor."""
    return _forward(plan, q, k, v, mask)[0]


def _forward(plan: Plan, q: Array, k: Array, v: Array, mask: Array | None) -> tuple[Array, tuple]:
    """Return the result, and what the gradient needs."""
    out, top, inverse = _over_heads(partial(_attended, plan), mask, q, k, v)
    return out, (q, k, v, mask, out, top, inverse)


def _backward(plan: Plan, kept: tuple, slope: Array) -> tuple[Array, Array, Array, None]:
    """Gradients of queries, keys and values."""
    q, k, v, mask, out, top, inverse = kept
    slope = slope * inverse[..., None]
    along = jnp.sum(slope * out, axis=-1)
    return *_over_heads(partial(_slopes, plan), mask, q, k, v, top, slope, along), None


_blocked.defvjp(_forward, _backward)


def _over_heads(function: Callable[..., tuple], mask: Array | None, *parts: Array) -> tuple:
    """Map over the first axis. A mask of length 1 there is for all."""
    if mask is None or len(mask) == 1:
        shared = None if mask is None else mask[0]
        return lax.map(lambda own: function(shared, *own), parts)
    return lax.map(lambda own: function(*own), (mask, *parts))


def _attended(plan: Plan, mask: Array | None, q: Array, k: Array, v: Array) -> tuple[Array, Array, Array]:
    """Return the result of some heads, the largest logit of each row, and the inverse of the divisor."""
    whole = _whole(plan, mask)
    ks, vs = jnp.swapaxes(_cut(k, 1, plan.columns), -1, -2), _cut(v, 1, plan.columns)

    def one(numbered: tuple[Array, Array]) -> tuple[Array, Array, Array]:
        i, q = numbered

        def add(j: Array, state: tuple) -> tuple:
            top, total, mixed, seen = state
            allowed = plan.allowed(i, j, whole)
            s = _sums(q, ks[j])
            s = s if allowed is None else jnp.where(allowed, s, -jnp.inf)
            seen = seen if mask is None else seen | jnp.any(allowed, axis=-1)
            new = jnp.maximum(top, jnp.max(s, axis=-1))
            shift = jnp.where(seen, new, 0.0)
            p, fade = stored(jnp.exp(s - shift[..., None])), jnp.exp(top - shift)
            return new, total * fade + jnp.sum(p, axis=-1), mixed * fade[..., None] + _sums(p, vs[j]), seen

        zeros = jnp.zeros(q.shape[:-1], q.dtype)
        seen = jnp.full(zeros.shape, mask is None)  # whether there was something to attend to
        start = (zeros - jnp.inf, zeros, jnp.zeros((*zeros.shape, v.shape[-1]), q.dtype), seen)
        top, total, mixed, seen = lax.fori_loop(0, plan.end(i, len(ks)), add, start)
        inverse = 1 / jnp.where(seen, total, 1.0)
        return mixed * inverse[..., None], jnp.where(seen, top, 0.0), inverse

    qs = _cut(q, 2, plan.rows)
    out, top, inverse = (_joined(x, 2, plan.q) for x in lax.map(one, (jnp.arange(len(qs)), qs)))
    return out, top, inverse


def _slopes(plan: Plan, mask: Array | None, q: Array, k: Array, v: Array, *rest: Array) -> tuple[Array, Array, Array]:
    """Gradients of some heads. Each block of weights is computed again, without its divisor.

    All tables have a row per key: then no product needs the transpose of a table.
    """
    top, slope, along = rest
    whole = _whole(plan, mask)
    rows = [_flat(_cut(x, 2, plan.rows)) for x in (q, slope, top[..., None], along[..., None])]
    turned = [jnp.swapaxes(x, -1, -2) for x in rows]

    def one(of_q: Array, numbered: tuple[Array, Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        j, k, v = numbered

        def add(i: Array, state: tuple) -> tuple:
            of_q, of_k, of_v = state
            s = k @ turned[0][i]
            allowed = plan.allowed(i, j, whole)
            if allowed is not None:
                split = s.reshape(*s.shape[:-1], q.shape[1], plan.rows)  # with an axis of heads again
                s = jnp.where(jnp.moveaxis(allowed, 3, 1), split, -jnp.inf).reshape(s.shape)
            p = stored(jnp.exp(s - turned[2][i]))
            of_s = p * (v @ turned[1][i] - turned[3][i])
            new = of_q[i] + jnp.swapaxes(k, -1, -2) @ of_s
            of_q = lax.dynamic_update_index_in_dim(of_q, new, i, 0)
            return of_q, of_k + of_s @ rows[0][i], of_v + p @ rows[1][i]

        start = of_q, jnp.zeros_like(k), jnp.zeros_like(v)
        of_q, *others = lax.fori_loop(plan.begin(j), len(rows[0]), add, start)
        return of_q, tuple(others)

    ks, vs = _cut(k, 1, plan.columns), _cut(v, 1, plan.columns)
    of_q, (of_k, of_v) = lax.scan(one, jnp.zeros_like(turned[0]), (jnp.arange(len(ks)), ks, vs))
    of_q = jnp.swapaxes(of_q, -1, -2).reshape(len(of_q), *q.shape[:2], plan.rows, q.shape[3])
    return _joined(of_q, 2, plan.q), _joined(of_k, 1, plan.k), _joined(of_v, 1, plan.k)


def _sums(p: Float[Array, "c r n m"], b: Float[Array, "c m d"]) -> Float[Array, "c r n d"]:
    """Sums of the m vectors with the factors p."""
    return (_flat(p) @ b).reshape(*p.shape[:-1], b.shape[-1])


def _flat(x: Float[Array, "*b r n d"]) -> Float[Array, "*b rn d"]:
    """Put the rows of all heads of a group below each other."""
    return x.reshape(*x.shape[:-3], x.shape[-3] * x.shape[-2], x.shape[-1])


def _cut(x: Array, axis: int, size: int) -> Array:
    """Blocks of x, along a new first axis. The last one is filled up with zeros."""
    n = -(-x.shape[axis] // size)
    x = jnp.pad(x, [(0, n * size - x.shape[a] if a == axis else 0) for a in range(x.ndim)])
    return jnp.moveaxis(x.reshape(*x.shape[:axis], n, size, *x.shape[axis + 1 :]), axis, 0)


def _joined(blocks: Array, axis: int, length: int) -> Array:
    """Undo `_cut`, for an x of this length."""
    x = jnp.moveaxis(blocks, 0, axis)
    x = x.reshape(*x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2 :])
    return lax.slice_in_dim(x, 0, length, axis=axis)


def _whole(plan: Plan, mask: Array | None) -> Array | None:
    """Fill a mask up to whole blocks; axes of length 1 stay."""
    if mask is None:
        return None
    sizes = zip((plan.rows, plan.columns), mask.shape[2:], strict=True)
    return jnp.pad(mask, [(0, 0)] * 2 + [(0, -n % size if n > 1 else 0) for size, n in sizes])
