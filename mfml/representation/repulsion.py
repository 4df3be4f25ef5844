r"""Repulsion between all points of the plane at a cost linear in their number. Shapes: n points.

In t-SNE every point repels every other: $\sum_j (y_i - y_j) / (1 + \|y_i - y_j\|^2)^2$. These sums are a
convolution: spread the points onto a grid, convolve with the kernel by FFT, and interpolate the result at the points.
Spreading and interpolation use cubic B-splines. The transform of the kernel is divided by their smoothing. The list of
grids is fixed, so each kernel is transformed only once. Every call chooses the smallest grid that holds all points.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public

# Nodes per side and per unit of length; the width of the kernel is one unit.
GRIDS = ((48, 24), (48, 8), (48, 4), (72, 3), (108, 3), (160, 3), (240, 3), (360, 3), (540, 3), (800, 3))
LARGEST, FINEST = GRIDS[-1]
MARGIN = 3  # nodes beyond the outermost points, so that splines do not extend over the edge


class Repulsion(NamedTuple):
    """Sums over all pairs."""

    force: Float[Array, "n k"]  # sum_j (y_i - y_j) / (1 + r_ij^2)^2
    normalizer: Float[Array, ""]  # Z: sum of 1 / (1 + r_ij^2) over i != j


class Kernel(NamedTuple):
    """Transforms of the kernels on a grid of twice the size; rows are frequencies of v, by symmetry only h."""

    potential: Float[Array, "h w"]  # of 1 / (1 + u^2 + v^2)
    force: Float[Array, "2 h w"]  # of (u, v) / (1 + u^2 + v^2)^2, without the factor i


@public
@jax.jit
def exact(y: Float[Array, "n k"]) -> Repulsion:
    """Sum over all pairs directly, in any dimension, at a cost of $n^2$.

    Raises:
        ValueError: unless y has two axes.

    >>> force, z = exact(jnp.array([[0.0, 0.0], [1.0, 0.0]]))
    >>> force.tolist(), z.item()
    ([[-0.25, 0.0], [0.25, 0.0]], 1.0)
    """
    require.rank("y", y, 2)
    difference = y[:, None] - y
    near = 1 / (1 + jnp.sum(difference**2, axis=-1))
    return Repulsion(jnp.sum(near[..., None] ** 2 * difference, axis=1), jnp.sum(near) - len(y))


@public
@partial(jax.jit, static_argnames="side")
def kernel(spacing: ArrayLike, *, side: int) -> Kernel:
    """Transform the kernels, sampled at the offsets between nodes of a grid; `side` (static) nodes per side.

    Raises:
        ValueError: unless side >= 1.

    >>> kernel(0.4, side=4).potential.shape
    (5, 8)
    """
    require.positive("side", side)
    dtype = jnp.result_type(float, spacing)
    offset = jnp.asarray(spacing, dtype) * jnp.asarray(np.fft.fftfreq(2 * side, 1 / (2 * side)), dtype)
    v, u = offset[:, None], offset
    near = 1 / (1 + u**2 + v**2)
    # an offset of half the period is its own negative
    odd = jnp.where(jnp.arange(2 * side) == side, 0, offset)
    smooth = np.sinc(np.fft.fftfreq(2 * side)) ** 8  # by spreading and by interpolation, in u
    sharpen = jnp.asarray(1 / (smooth[: side + 1, None] * smooth), dtype)
    made = jnp.stack([near, near**2 * odd, near**2 * odd[:, None]])
    potential, of_u, of_v = jnp.fft.fft2(made)[:, : side + 1] * sharpen
    return Kernel(potential.real, jnp.stack([of_u.imag, of_v.imag]))


@public
def kernels(like: Float[Array, "n 2"]) -> tuple[Kernel, ...]:
    """Transform the kernels of all `GRIDS` for `interpolated`, in the precision of `like`.

    >>> len(kernels(jnp.zeros((1, 2)))) == len(GRIDS)
    True
    """
    # the barrier keeps the compiler from evaluating them itself, which takes long
    unit = lax.optimization_barrier(jnp.ones((), like.dtype))
    return tuple(kernel(unit / density, side=side) for side, density in GRIDS)


@public
@jax.jit
def interpolated(y: Float[Array, "n 2"], made: tuple[Kernel, ...]) -> Repulsion:
    r"""Sum over all pairs on a grid, with a relative error of about 1e-3 in the force and 1e-4 in Z.

    The cost is $16 n$ additions, plus transforms of a grid that covers a square around the points. If this square is
    wider than about 260 units, the largest grid is stretched and the error grows.

    Raises:
        ValueError: unless y has shape (n, 2).

    Source: Linderman et al. (2019), Nature Methods 16, 243 (interpolation on a grid); Hockney and Eastwood
    (1988), Computer Simulation Using Particles, chapter 5 (splines, and their division).

    >>> y = 9 * jax.random.normal(jax.random.key(0), (50, 2))
    >>> found, needed = interpolated(y, kernels(y)), exact(y)
    >>> bool(abs(found.normalizer / needed.normalizer - 1) < 1e-3)
    True
    """
    require.that(y.ndim == 2 and y.shape[1] == 2, f"y must have shape (n, 2); found {y.shape}")
    low = y.min(axis=0)
    span = jnp.max(y.max(axis=0) - low)
    room = jnp.array([(side - 2 * MARGIN - 1) / density for side, density in GRIDS], y.dtype)
    fitting = jnp.minimum(jnp.searchsorted(room, span), len(GRIDS) - 1)
    density = jnp.array([density for _, density in GRIDS], y.dtype)[fitting]
    density = density * jnp.minimum(1, room[-1] / jnp.maximum(span, room[-1]))
    nodes, weights = _splines((y - low) * density + MARGIN)
    branches = [partial(_by_grid, side=side, use=use) for (side, _), use in zip(GRIDS, made, strict=True)]
    branches[-1] = partial(_stretched, use=made[-1])
    force, z = lax.switch(fitting, branches, nodes, weights, density)
    return Repulsion(force, z - len(y))


def _splines(at: Float[Array, "n 2"]) -> tuple[Int[Array, "n 2 4"], Float[Array, "n 16"]]:
    """The rows and columns of nodes around each point, and the spline weights of the 16 nodes."""
    below = jnp.floor(at)
    t = at - below
    inner = [4 - 6 * s**2 + 3 * s**3 for s in (t, 1 - t)]
    weight = jnp.stack([(1 - t) ** 3, *inner, t**3], axis=-1) / 6
    nodes = below.astype(int)[..., None] + jnp.arange(-1, 3)
    return nodes, (weight[:, 0, :, None] * weight[:, 1, None, :]).reshape(-1, 16)


def _stretched(
    nodes: Int[Array, "n 2 4"], weights: Float[Array, "n 16"], density: Float[Array, ""], *, use: Kernel
) -> tuple[Float[Array, "n 2"], Float[Array, ""]]:
    """Use the largest grid. If it is stretched, its kernel is transformed for the new spacing."""
    use = lax.cond(density < FINEST, lambda: kernel(1 / density, side=LARGEST), lambda: use)
    return _by_grid(nodes, weights, density, side=LARGEST, use=use)


def _by_grid(
    nodes: Int[Array, "n 2 4"], weights: Float[Array, "n 16"], density: Float[Array, ""], *, side: int, use: Kernel
) -> tuple[Float[Array, "n 2"], Float[Array, ""]]:
    """Spread the points onto a grid, convolve, and interpolate the forces; also sum the potential over all points."""
    places = (nodes[:, 0, :, None] * side + nodes[:, 1, None, :]).reshape(-1, 16)
    grid = jnp.zeros(side**2, weights.dtype).at[places.reshape(-1)].add(weights.reshape(-1)).reshape(side, side)
    transform = jnp.fft.fft(jnp.fft.rfft(grid, 2 * side).T, 2 * side)
    twice = jnp.where(jnp.arange(side + 1) % side == 0, 1, 2).astype(grid.dtype)[:, None]
    power = transform.real**2 + transform.imag**2
    z = jnp.sum(power * use.potential * twice) / (4 * side**2)
    turned = lax.complex(-use.force * transform.imag, use.force * transform.real)
    back = jnp.fft.ifft(turned)[..., :side].swapaxes(-1, -2)
    fields = jnp.fft.irfft(back, 2 * side)[..., :side]
    return jnp.sum(fields.reshape(2, -1)[:, places] * weights, axis=-1).T, z
