r"""Collocation points: where an equation is asked to hold. Points lie in the unit cube, (n, d).

Uniform draws leave gaps; Latin hypercubes spread each coordinate evenly, Sobol' sequences all of them together.
Adaptive points go where the residual is large.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics import sobol
from mfml.numerics.domain import NON_NEGATIVE, checked

KINDS = ("sobol", "latin", "uniform")


@public
@partial(jax.jit, static_argnames=("n_points", "n_axes", "kind", "dtype"))
def draw(
    *, key: Key[Array, ""], n_points: int, n_axes: int, kind: str = "sobol", dtype: type = float
) -> Float[Array, "n d"]:
    """Draw points in the unit cube; numbers and kind are static.

    "latin" has one point in each of n slices of every axis. "sobol" is Sobol's sequence with a random digital shift, at
    its best for powers of 2, and for up to 40 axes. "uniform" draws points independently.

    Raises:
        ValueError: unless numbers are positive and the kind is known; for Sobol's sequence beyond 40 axes.

    Source: McKay, Beckman and Conover (1979); Sobol (1967), with directions of Joe and Kuo (2008).

    >>> points = draw(key=jax.random.key(0), n_points=4, n_axes=2)
    >>> jnp.sort(jnp.floor(4 * points), axis=0).tolist()
    [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    """
    require.positive("n_points", n_points)
    require.positive("n_axes", n_axes)
    require.one_of("kind", kind, KINDS)
    if kind == "uniform":
        return jax.random.uniform(key, (n_points, n_axes), dtype)
    if kind == "latin":
        order, inside = jax.random.split(key)
        slices = jnp.broadcast_to(jnp.arange(n_points)[:, None], (n_points, n_axes))
        slices = jax.random.permutation(order, slices, axis=0, independent=True)
        return (slices + jax.random.uniform(inside, slices.shape, dtype)) / n_points
    digits = sobol.sequence(n_points, n_axes) ^ jax.random.randint(key, (n_axes,), 0, 1 << sobol.BITS)
    return sobol.in_cube(digits, dtype)


@public
@checked(power=NON_NEGATIVE, floor=NON_NEGATIVE)
@partial(jax.jit, static_argnames="n_points")
def adapted(
    x: Float[Array, "n d"],
    residual: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    n_points: int,
    power: ArrayLike = 1.0,
    floor: ArrayLike = 1.0,
) -> Float[Array, "m d"]:
    r"""Draw some of many candidates, more of them where the residual is large (RAD).

    A candidate has a chance in proportion to $|r|^k / \overline{|r|^k} + c$, with the power k and the floor c, and is
    drawn at most once. The number is static. Add them to points that are kept, and the method is RAR-D.

    Raises:
        ValueError: unless there is a residual for each candidate, and 1 <= n_points <= n; for a negative power or
        floor.

    Source: Wu et al. (2023).

    >>> x = jnp.arange(4.0)[:, None]
    >>> adapted(x, jnp.array([0.0, 0, 5, 0]), key=jax.random.key(0), n_points=1, floor=0.0).tolist()
    [[2.0]]
    """
    require.rank("x", x, 2)
    require.same_length(x=x, residual=residual)
    require.between("n_points", n_points, 1, len(x))
    size = jnp.max(jnp.abs(residual))
    share = jnp.abs(residual) / jnp.where(size == 0, 1.0, size)
    share = share**power
    chance = share / jnp.where(size == 0, 1.0, jnp.mean(share)) + floor
    drawn = jnp.log(chance) + jax.random.gumbel(key, residual.shape, residual.dtype)
    return jnp.where(jnp.isnan(size), jnp.nan, x[jax.lax.top_k(drawn, n_points)[1]])


@public
@partial(jax.jit, static_argnames="n_bins")
def time_bins(x: Float[Array, "n d"], *, n_bins: int) -> Int[Array, " n"]:
    """Interval of time, 0 to n_bins - 1 (static), of points in the unit cube whose last coordinate is time.

    Raises:
        ValueError: unless n_bins >= 1.

    >>> time_bins(jnp.array([[0.9, 0.0], [0.1, 0.6]]), n_bins=4).tolist()
    [0, 2]
    """
    require.rank("x", x, 2)
    require.positive("n_bins", n_bins)
    return jnp.clip(jnp.floor(x[:, -1] * n_bins), 0, n_bins - 1).astype(int)
