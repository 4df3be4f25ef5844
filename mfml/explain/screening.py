r"""Screening: which inputs matter at all, from few runs of a model. Shapes: d features, k outputs.

Inputs lie in a box from `low` to `high`. One at a time, each feature moves over its range while the others stay where
they are; interactions stay unseen. Morris's elementary effects do the same at many random places.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.explain.asking import ROWS, Function, outputs
from mfml.numerics import sums


class OneAtATime(NamedTuple):
    """Outputs where a single feature moves."""

    at: Float[Array, "d m"]  # values of the feature, in its unit
    output: Float[Array, "d m *k"]
    swing: Float[Array, "d *k"]  # largest minus smallest output, in units of the output


@public
@partial(jax.jit, static_argnames=("f", "n_points"))
def one_at_a_time(
    f: Function, x: Float[Array, " d"], low: Float[Array, " d"], high: Float[Array, " d"], *, n_points: int = 11
) -> OneAtATime:
    """Move each feature from low to high in equal steps, and keep the others as in x.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        x: where the others stay.
        low: one end of the range of each feature.
        high: the other end.
        n_points: steps and one, at least 2; static.

    Raises:
        ValueError: unless x, low and high have one length, and there are two points.

    Source: Saltelli et al. (2008), Global Sensitivity Analysis.

    >>> one_at_a_time(lambda r: r[:, 0] * r[:, 1], jnp.array([1.0, 2.0]), jnp.zeros(2), jnp.ones(2)).swing.tolist()
    [2.0, 1.0]
    """
    _box(low, high, x=x)
    require.that(n_points > 1, f"n_points must be at least 2; found {n_points}")
    d = len(x)
    at = _inside(low, high, jnp.linspace(0.0, 1.0, n_points, dtype=x.dtype)[:, None]).T

    def of_feature(i: Array) -> Array:
        rows = jnp.where(jnp.arange(d) == i, at[i][:, None], x)
        return outputs(f, rows)

    found = lax.map(of_feature, jnp.arange(d))
    return OneAtATime(at, found, jnp.max(found, axis=1) - jnp.min(found, axis=1))


class Morris(NamedTuple):
    """Elementary effects: what the output changes by over the range of a feature, in units of the output."""

    mu: Float[Array, "d *k"]  # mean effect; effects of both signs cancel
    mu_star: Float[Array, "d *k"]  # mean size of the effects: how much the feature matters
    sigma: Float[Array, "d *k"]  # their spread, divisor r - 1: interactions and curvature; NaN for one trajectory
    mu_star_error: Float[Array, "d *k"]  # standard error of mu_star; NaN for one trajectory


@public
@partial(jax.jit, static_argnames=("f", "n_trajectories", "n_levels"))
def morris(
    f: Function,
    low: Float[Array, " d"],
    high: Float[Array, " d"],
    *,
    key: Key[Array, ""],
    n_trajectories: int = 10,
    n_levels: int = 4,
) -> Morris:
    r"""Return statistics of elementary effects, each from one step of one feature on random trajectories.

    Features lie on a grid of p levels, scaled to [0, 1]. A trajectory begins at a random point of it and moves each
    feature once, in a random order, up or down by $\Delta = p / (2 (p - 1))$. The effect of a step is the change of the
    output divided by that of the feature. The model is asked about r (d + 1) rows.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        low: one end of the range of each feature.
        high: the other end.
        key: draws trajectories.
        n_trajectories: number r of trajectories; static.
        n_levels: even number p of levels; static.

    Raises:
        ValueError: unless low and high have one length, there is a trajectory, and the number of levels is even.

    Source: Morris (1991), Technometrics 33, 161-174; Campolongo, Cariboni and Saltelli (2007) (the mean size).

    >>> found = morris(lambda rows: rows[:, 0] - 2 * rows[:, 1], jnp.zeros(2), jnp.ones(2), key=jax.random.key(0))
    >>> found.mu.round(4).tolist(), found.mu_star.round(4).tolist()
    ([1.0, -2.0], [1.0, 2.0])
    """
    _box(low, high)
    require.positive("n_trajectories", n_trajectories)
    require.that(n_levels > 0 and n_levels % 2 == 0, f"n_levels must be an even number; found {n_levels}")
    found = lax.map(
        partial(_effects, f, low, high, n_levels),
        jax.random.split(key, n_trajectories),
        batch_size=min(n_trajectories, max(ROWS // (len(low) + 1), 1)),
    )
    size = jnp.abs(found)
    if n_trajectories == 1:
        unknown = jnp.full_like(found[0], jnp.nan)
        return Morris(found[0], size[0], unknown, unknown)
    error = sums.std(size, ddof=1) / n_trajectories**0.5
    return Morris(sums.mean(found), sums.mean(size), sums.std(found, ddof=1), error)


def _effects(f: Function, low: Array, high: Array, n_levels: int, key: Array) -> Array:
    """Elementary effects along one trajectory."""
    d, half = len(low), n_levels // 2
    for_level, for_side, for_order = jax.random.split(key, 3)
    level = jax.random.randint(for_level, (d,), 0, half, jnp.int32)
    up = jax.random.randint(for_side, (d,), 0, 2, jnp.int32) == 1
    place = jnp.argsort(jax.random.permutation(for_order, d))  # when a feature moves
    moved = place < jnp.arange(d + 1)[:, None]
    levels = level + half * (moved == up)
    found = outputs(f, _inside(low, high, levels.astype(low.dtype) / (n_levels - 1)))
    change = jnp.diff(found, axis=0)[place]
    step = jnp.where(up, 1.0, -1.0).astype(low.dtype) * (half / (n_levels - 1))
    return change / step.reshape(d, *[1] * (change.ndim - 1))


def _inside(low: Array, high: Array, share: Array) -> Array:
    """Rows of the box at shares of its sides; both ends are met exactly."""
    return jnp.where(share < 0.5, low + share * (high - low), high - (1 - share) * (high - low))


def _box(low: Array, high: Array, **more: Array) -> None:
    for name, value in {**more, "low": low, "high": high}.items():
        require.rank(name, value, 1)
    require.same_length(**more, low=low, high=high)
    require.that(len(low) > 0, "low must have at least one feature")
