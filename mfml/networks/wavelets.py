r"""Fourier, Haar and Daubechies transforms: fixed orthonormal bases, while a network learns its own.

All transforms are orthogonal matrices applied to the last axis: they preserve $\sum_i x_i^2$, and their transpose is
the inverse. Signals are periodic. Wavelet coefficients are ordered as (coarse means, coarsest details, ..., finest
details). `order` is the number of vanishing moments p: order 1 is Haar, order p has a filter of length 2p.
"""

import math
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

MAX_ORDER = 10  # for higher orders, the roots of the filter's polynomial lose digits


@public
@jax.jit
def fourier(x: Float[Array, "*batch n"]) -> Float[Array, "*batch n"]:
    r"""Coefficients in the real orthonormal Fourier basis: mean, cos 1, sin 1, cos 2, sin 2, ...

    $\sqrt{2/n} \sum_j x_j \cos(2 \pi k j / n)$, the same with sin, and $\sum_j x_j / \sqrt n$ for the mean; for even
    n the last one is the alternating wave, $\sum_j (-1)^j x_j / \sqrt n$.

    Raises:
        ValueError: where there are no samples.

    Source: Neuer (2024), chapter 3; Cooley and Tukey (1965), Mathematics of Computation 19.

    >>> [round(abs(c), 3) for c in fourier(jnp.array([1.0, 1.0, 1.0, 1.0])).tolist()]
    [2.0, 0.0, 0.0, 0.0]
    """
    n = x.shape[-1]
    require.positive("the length of x", n)
    spectrum = jnp.fft.rfft(x, norm="ortho")
    pairs = math.sqrt(2) * jnp.stack([spectrum.real, -spectrum.imag], axis=-1)[..., 1 : (n + 1) // 2, :]
    parts = [spectrum.real[..., :1], pairs.reshape(*x.shape[:-1], -1)]
    return jnp.concatenate(parts + ([spectrum.real[..., -1:]] if n % 2 == 0 else []), axis=-1)


@public
@jax.jit
def inverse_fourier(coefficients: Float[Array, "*batch n"]) -> Float[Array, "*batch n"]:
    """Signal from its coefficients in the real Fourier basis; undoes `fourier`.

    Raises:
        ValueError: where there are no coefficients.

    >>> [round(x, 3) for x in inverse_fourier(fourier(jnp.array([3.0, 1.0, 2.0]))).tolist()]
    [3.0, 1.0, 2.0]
    """
    n = coefficients.shape[-1]
    require.positive("the length of coefficients", n)
    waves = coefficients[..., 1 : n - (n % 2 == 0)].reshape(*coefficients.shape[:-1], -1, 2) / math.sqrt(2)
    parts = [coefficients[..., :1] + 0j, waves[..., 0] - 1j * waves[..., 1]]
    parts += [coefficients[..., -1:] + 0j] if n % 2 == 0 else []
    return jnp.fft.irfft(jnp.concatenate(parts, axis=-1), n=n, norm="ortho")


@public
def daubechies(*, order: int) -> Float[Array, " taps"]:
    r"""Low-pass filter of the Daubechies wavelet: 2 `order` taps with sum $\sqrt 2$ and sum of squares 1.

    It is the one of minimal phase. Its high-pass partner is $g_j = (-1)^j h_{2p - 1 - j}$. It gives 0 for all
    polynomials of degree below p.

    Raises:
        ValueError: unless 1 <= order <= 10.

    Source: Daubechies (1988), Communications on Pure and Applied Mathematics 41.

    >>> [round(tap, 4) for tap in daubechies(order=1).tolist()]
    [0.7071, 0.7071]
    """
    return jnp.asarray(_filter(order), float)


@public
@partial(jax.jit, static_argnames=("order", "levels"))
def analyze(x: Float[Array, "*batch n"], *, order: int = 1, levels: int = 1) -> Float[Array, "*batch n"]:
    r"""Wavelet coefficients of periodic signals by Mallat's pyramid, in O(n).

    Each level splits the means x of the level before into coarser means $a_k = \sum_j h_j x_{2k+j}$ and details
    $d_k = \sum_j g_j x_{2k+j}$.

    Args:
        x: signals along the last axis.
        order: vanishing moments of the wavelet, 1 (Haar) to 10; static.
        levels: number of levels; 2 ** levels must divide n; static.

    Raises:
        ValueError: if n is not a multiple of 2 ** levels, or order or levels are out of range.

    Source: Mallat (1989), IEEE Transactions on Pattern Analysis and Machine Intelligence 11.

    >>> [round(c, 3) for c in analyze(jnp.array([1.0, 1.0, 3.0, 5.0]), order=1, levels=2).tolist()]
    [5.0, -3.0, 0.0, -1.414]
    """
    _require_levels("x", x.shape[-1:], levels)
    details = []
    for _ in range(levels):
        x, detail = _split(x, order)
        details.append(detail)
    return jnp.concatenate([x, *reversed(details)], axis=-1)


@public
@partial(jax.jit, static_argnames=("order", "levels"))
def synthesize(coefficients: Float[Array, "*batch n"], *, order: int = 1, levels: int = 1) -> Float[Array, "*batch n"]:
    """Signals from their wavelet coefficients; undoes `analyze` with the same order and levels.

    Raises:
        ValueError: as `analyze`.

    >>> [round(x, 3) for x in synthesize(jnp.array([5.0, -3.0, 0.0, 0.0]), order=1, levels=2).tolist()]
    [1.0, 1.0, 4.0, 4.0]
    """
    _require_levels("coefficients", coefficients.shape[-1:], levels)
    size = coefficients.shape[-1] >> levels
    x = coefficients[..., :size]
    for _ in range(levels):
        x = _join(x, coefficients[..., size : 2 * size], order)
        size *= 2
    return x


@public
@partial(jax.jit, static_argnames=("order", "levels"))
def analyze_image(x: Float[Array, "*batch h w"], *, order: int = 1, levels: int = 1) -> Float[Array, "*batch h w"]:
    """Wavelet coefficients of periodic images: each level splits the quarter with the means along both axes.

    Raises:
        ValueError: if height or width is no multiple of 2 ** levels, or order or levels are out of range.

    Source: Mallat (1989), section IV.

    >>> [round(abs(c), 3) for c in analyze_image(jnp.ones((2, 2))).ravel().tolist()]
    [2.0, 0.0, 0.0, 0.0]
    """
    _require_levels("x", x.shape[-2:], levels)
    h, w = x.shape[-2:]
    for level in range(levels):
        corner = x[..., : h >> level, : w >> level]
        corner = jnp.concatenate(_split(corner, order), axis=-1)
        corner = jnp.concatenate(_split(corner.swapaxes(-1, -2), order), axis=-1).swapaxes(-1, -2)
        x = x.at[..., : h >> level, : w >> level].set(corner)
    return x


@public
@partial(jax.jit, static_argnames=("order", "levels"))
def synthesize_image(
    coefficients: Float[Array, "*batch h w"], *, order: int = 1, levels: int = 1
) -> Float[Array, "*batch h w"]:
    """Images from their wavelet coefficients; undoes `analyze_image` with the same order and levels.

    Raises:
        ValueError: as `analyze_image`.

    >>> [round(x, 3) for x in synthesize_image(jnp.array([[2.0, 0.0], [0.0, 0.0]])).ravel().tolist()]
    [1.0, 1.0, 1.0, 1.0]
    """
    _require_levels("coefficients", coefficients.shape[-2:], levels)
    x, (h, w) = coefficients, coefficients.shape[-2:]
    for level in reversed(range(levels)):
        corner = x[..., : h >> level, : w >> level].swapaxes(-1, -2)
        corner = _join_halves(corner, order).swapaxes(-1, -2)
        corner = _join_halves(corner, order)
        x = x.at[..., : h >> level, : w >> level].set(corner)
    return x


@public
@partial(jax.jit, static_argnames="n_kept")
def keep_largest(coefficients: Float[Array, "..."], *, n_kept: int) -> Float[Array, "..."]:
    """Set all but the `n_kept` entries of largest magnitude to 0; among equals, the first ones are kept.

    In an orthonormal basis this is the best approximation with `n_kept` terms.

    Raises:
        ValueError: unless 0 <= n_kept <= number of entries.

    >>> keep_largest(jnp.array([[3.0, -4.0], [0.5, 3.0]]), n_kept=2).tolist()
    [[3.0, -4.0], [0.0, 0.0]]
    """
    require.between("n_kept", n_kept, 0, coefficients.size)
    flat = coefficients.ravel()
    _, kept = jax.lax.top_k(jnp.abs(flat), n_kept)
    return jnp.zeros_like(flat).at[kept].set(flat[kept]).reshape(coefficients.shape)


@cache
def _filter(order: int) -> np.ndarray:
    """Spectral factorization: of each pair of roots z, 1/z of the half-band polynomial take the one inside."""
    require.between("order", order, 1, MAX_ORDER)
    # |h|^2 = (1 + z)^{2p} P(y) up to a power of z, with y = (2 - z - 1/z) / 4 and P(y) = sum_k C(p-1+k, k) y^k
    y_roots = np.roots([math.comb(order - 1 + k, k) for k in reversed(range(order))])
    taps = np.array([1.0 + 0j])
    for y in y_roots:
        z = np.roots([1.0, 4 * y - 2, 1.0])
        taps = np.convolve(taps, [1.0, -z[np.argmin(np.abs(z))]])
    for _ in range(order):
        taps = np.convolve(taps, [1.0, 1.0])
    taps = taps.real
    return taps * math.sqrt(2) / taps.sum()


def _filters(order: int, dtype: np.dtype) -> tuple[Array, Array]:
    low = _filter(order)
    high = low[::-1] * (-1.0) ** np.arange(len(low))
    return jnp.asarray(low, dtype), jnp.asarray(high, dtype)


def _windows(n: int, taps: int) -> np.ndarray:
    """Places (2k + j) mod n that tap j of output k reads."""
    return (2 * np.arange(n // 2)[:, None] + np.arange(taps)) % n


def _split(x: Array, order: int) -> tuple[Array, Array]:
    low, high = _filters(order, x.dtype)
    read = x[..., _windows(x.shape[-1], len(low))]
    return read @ low, read @ high


def _join(mean: Array, detail: Array, order: int) -> Array:
    low, high = _filters(order, mean.dtype)
    n = 2 * mean.shape[-1]
    written = mean[..., None] * low + detail[..., None] * high
    return jnp.zeros((*mean.shape[:-1], n), mean.dtype).at[..., _windows(n, len(low))].add(written)


def _join_halves(x: Array, order: int) -> Array:
    half = x.shape[-1] // 2
    return _join(x[..., :half], x[..., half:], order)


def _require_levels(name: str, sizes: tuple[int, ...], levels: int) -> None:
    require.between("levels", levels, 0, 32)
    fits = all(size > 0 and size % 2**levels == 0 for size in sizes)
    require.that(fits, f"{name} must have lengths that 2 ** levels = {2**levels} divides; found {sizes}")
