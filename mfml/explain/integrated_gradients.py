r"""Integrated gradients: the output divided among the features along the straight way from a baseline.

Shapes: n samples, b baselines, d features, k outputs.

$$\phi_j = (x_j - z_j) \int_0^1 \frac{\partial f}{\partial x_j}\bigl(z + t (x - z)\bigr) \, dt$$

for a baseline z, and the mean over several. The values add up to f(x) - f(z) (completeness). At kinks of the model,
such as those of rectifiers, rules with fixed nodes miss this by percents. Here intervals are halved until it holds.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.explain import saliency
from mfml.explain.asking import Function, outputs
from mfml.numerics import sums
from mfml.numerics.domain import POSITIVE, checked

# The rule of Gauss and Kronrod: 15 nodes, whose every second one is a node of Gauss's rule.
HALF = (
    *(0.991455371120812639, 0.949107912342758525, 0.864864423359769073, 0.741531185599394440),
    *(0.586087235467691130, 0.405845151377397167, 0.207784955007898468),
)
FINE = (
    *(0.0229353220105292250, 0.0630920926299785533, 0.104790010322250184, 0.140653259715525919),
    *(0.169004726639267903, 0.190350578064785410, 0.204432940075298892),
)
COARSE = (0.0, 0.129484966168869693, 0.0, 0.279705391489276668, 0.0, 0.381830050505118945, 0.0)
NODES = (np.array([-a for a in HALF] + [0.0, *HALF[::-1]]) + 1) / 2
WEIGHTS = np.array([*FINE, 0.209482141084727828, *FINE[::-1]]) / 2
GAUSS = np.array([*COARSE, 0.417959183673469388, *COARSE[::-1]]) / 2

PATHS = 64  # followed at once
ROUNDS = 4  # each with a smaller tolerance for single intervals
TIGHTER = 16.0  # by this factor
PER_KINK = 1 / 16  # the share of the tolerance that a single interval may take, however short it is


class Integrated(NamedTuple):
    """The prediction is `base` plus the sum of `phi` over the features plus `gap`."""

    phi: Float[Array, "n d *k"]  # in units of the output
    base: Float[Array, "*k"]  # the mean output over the baselines
    gap: Float[Array, "n *k"]  # what the values lack to completeness
    n_intervals: Int[Array, " n"]  # that were tried, 15 gradients each, over all baselines
    converged: Bool[Array, " n"]  # whether completeness holds to `tol`, see `fit`


class _Way(NamedTuple):
    """The way from a baseline to a sample."""

    start: Array
    line: Array
    ends: Array  # outputs at both ends
    size: Array  # of the values of each output, see `fit`; 1 where nothing changes
    rounding: Array  # of the outputs, in units of the size


class _State(NamedTuple):
    place: Array  # where the next interval begins, in units of the shortest one
    level: Array  # how often it has been halved beyond what its place allows
    left: Array  # the output there
    phi: Array
    doubt: Array  # sum of estimated errors, relative to the size
    n: Array


@public
@checked(tol=POSITIVE)
@partial(jax.jit, static_argnames=("f", "max_intervals"))
def fit(
    f: Function,
    x: Float[Array, "n d"],
    background: Float[Array, "b d"],
    *,
    tol: ArrayLike = 1e-4,
    max_intervals: int = 4096,
) -> Integrated:
    r"""Return the integrals along the ways from all baselines, averaged over them.

    An interval is halved as long as two rules differ on it, or its values do not add up to the change of the output.
    For each way the size is the change of the output, or the sum over features of $|\phi_j|$ by the first rule if that
    is larger. `converged` says that for each way the gap is at most `tol` times the size, apart from the rounding of
    the outputs, and that the estimated errors of all intervals are of this order. A model with jumps, such as a tree,
    keeps a gap. Memory does not depend on the number of intervals. Results have forward derivatives only.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        x: samples to explain.
        background: one or several baselines; each counts alike. They decide what the values are compared with.
        tol: relative gap that is allowed.
        max_intervals: most intervals on one way; static.

    Raises:
        ValueError: unless x and the background have as many columns, and there is a baseline; for a tolerance that is
            not positive.

    Source: Sundararajan, Taly and Yan (2017); the rule: Kronrod (1965), as in Piessens et al. (1983), QUADPACK.

    >>> found = fit(lambda rows: rows[:, 0] * rows[:, 1] ** 2, jnp.array([[2.0, 3.0]]), jnp.zeros((1, 2)))
    >>> found.phi.round(4).tolist(), found.converged.tolist()
    ([[6.0, 12.0]], [True])
    """
    require.rank("x", x, 2)
    require.rank("background", background, 2)
    require.same_length(x=(x, 1), background=(background, 1))
    require.that(len(background) > 0, "background must have at least one sample")
    require.positive("max_intervals", max_intervals)
    baselines = min(len(background), PATHS)

    def of_sample(row: Array) -> tuple[Array, Array, Array]:
        def way(start: Array) -> tuple[Array, Array, Array]:
            return _way(f, start, row, jnp.asarray(tol, x.dtype), max_intervals)

        phi, n, sound = lax.map(way, background, batch_size=baselines)
        return sums.mean(phi), jnp.sum(n), jnp.all(sound)

    phi, n, sound = lax.map(of_sample, x, batch_size=max(PATHS // baselines, 1))
    base = sums.mean(outputs(f, background))
    gap = (outputs(f, x) - base) - jnp.sum(phi, axis=1)
    return Integrated(phi, base, gap, n, sound)


def _way(f: Function, start: Array, end: Array, tol: Array, max_intervals: int) -> tuple[Array, Array, Array]:
    """Values along one way, how many intervals were tried, and whether they are as good as `tol` asks."""
    way = _prepared(f, start, end)

    def good(phi: Array, doubt: Array) -> Array:
        lacks = jnp.abs((way.ends[1] - way.ends[0]) - jnp.sum(phi, axis=0)) / way.size
        return jnp.all(lacks <= tol + way.rounding) & (doubt <= 4 * tol)

    def again(state: tuple[Array, Array, Array, Array]) -> Array:
        number, phi, doubt, n = state
        more = (number < ROUNDS) & (n < max_intervals) & ~good(phi, doubt) & ~jnp.isnan(doubt)
        return (number == 0) | more

    def turn(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        number, phi, doubt, n = state
        done = _once(f, way, tol / 4 / TIGHTER**number, n, max_intervals)
        worse = done.doubt > doubt  # too many intervals; False for NaN
        return number + 1, jnp.where(worse, phi, done.phi), jnp.where(worse, doubt, done.doubt), done.n

    nothing = jnp.zeros((*way.line.shape, *way.size.shape), way.line.dtype)
    zero = jnp.array(0, jnp.int32)
    first = (zero, nothing, jnp.array(jnp.inf, way.line.dtype), zero + 1)
    _, phi, doubt, n = lax.while_loop(again, turn, first)
    return phi, n, good(phi, doubt)


def _prepared(f: Function, start: Array, end: Array) -> _Way:
    line = end - start
    ends = outputs(f, jnp.stack([start, end])).astype(line.dtype)
    phi, _ = _rule(f, start, line, jnp.zeros((), line.dtype), jnp.ones((), line.dtype))
    size = jnp.maximum(jnp.sum(jnp.abs(phi), axis=0), jnp.abs(ends[1] - ends[0]))
    size = jnp.where(size == 0, 1.0, size)
    rounding = 8 * jnp.finfo(line.dtype).eps * (jnp.max(jnp.abs(ends), axis=0) / size)
    return _Way(start, line, ends, size, rounding)


def _rule(f: Function, start: Array, line: Array, at: Array, width: Array) -> tuple[Array, Array]:
    """Values on one interval of the way, and how far those by the coarser rule are from them."""
    shares = at + width * jnp.asarray(NODES, line.dtype)
    slopes = saliency.gradient(f, start + shares[:, None] * line)
    slopes = slopes * line.reshape(-1, *[1] * (slopes.ndim - 2))
    both = jnp.asarray(np.stack([WEIGHTS, WEIGHTS - GAUSS]), line.dtype)
    fine, differ = width * jnp.tensordot(both, slopes, axes=1, precision=lax.Precision.HIGHEST)
    return fine, jnp.sum(jnp.abs(differ), axis=0)


def _bits(dtype: jnp.dtype) -> int:
    """Intervals are halved so often at most: nodes of shorter ones would be the same numbers."""
    return min(jnp.finfo(dtype).nmant - 4, 30)


def _once(f: Function, way: _Way, tol: Array, n: Array, max_intervals: int) -> _State:
    """Go from one end to the other; each interval is halved until it is good enough or there were too many."""
    dtype = way.line.dtype
    total, eps = 1 << _bits(dtype), jnp.finfo(dtype).eps

    def step(state: _State) -> _State:
        longest = jnp.where(state.place == 0, total, state.place & -state.place)
        length = longest >> state.level
        at, width = (part.astype(dtype) / total for part in (state.place, length))
        phi, differ = _rule(f, way.start, way.line, at, width)
        right = outputs(f, (way.start + (at + width) * way.line)[None])[0].astype(dtype)
        lacks = jnp.abs((right - state.left) - jnp.sum(phi, axis=0)) / way.size - way.rounding
        own = 16 * eps * (jnp.sum(jnp.abs(phi), axis=0) / way.size)  # what rounding does to both rules
        error = jnp.maximum(differ / way.size, lacks) - own
        wrong = jnp.any(error > tol * jnp.maximum(width, PER_KINK))
        doubt = state.doubt + jnp.max(differ / way.size)
        moved = _State(state.place + length, jnp.zeros_like(state.level), right, state.phi + phi, doubt, state.n)
        halved = state._replace(level=state.level + 1)
        halve = wrong & (length > 1) & (state.n < max_intervals)
        return jax.tree.map(partial(jnp.where, halve), halved, moved)._replace(n=state.n + 1)

    nothing = jnp.zeros((*way.line.shape, *way.size.shape), dtype)
    none = jnp.array(0, jnp.int32)
    first = _State(none, none, way.ends[0], nothing, jnp.zeros((), dtype), n)
    return lax.while_loop(lambda state: state.place < total, step, first)
