r"""Signals in frequencies: spectra, features and derivatives by FFT. Shapes: signals of n equidistant samples.

The FFT knows periodic signals only: sample n would be sample 0 again. A signal that is not periodic has a jump there,
which a window fades out before its spectrum is taken. Signals stand along the last axis; more axes hold more signals.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, checked
from mfml.numerics.precision import single

WINDOWS = ("none", "hann", "hamming", "blackman")  # of these, `none` alone keeps Parseval's sum exactly


class Spectrum(NamedTuple):
    """What a signal is made of; one entry per frequency, from 0 to half the sampling rate."""

    frequencies: Float[Array, " m"]  # cycles per unit of the spacing
    amplitude: Float[Array, "*batch m"]  # units of y; a wave A cos(2 pi f t) has A at f. At 0: the mean, with its sign
    power: Float[Array, "*batch m"]  # squared units of y; without a window its sum is the mean of y^2


@public
@checked(spacing=POSITIVE)
@partial(jax.jit, static_argnames="window")
def spectrum(y: Float[Array, "*batch n"], *, spacing: ArrayLike = 1.0, window: str = "none") -> Spectrum:
    r"""Amplitude and power at each frequency $f_k = k / (n \Delta)$, k = 0, ..., n // 2.

    With $Y_k = \sum_t w_t (y_t - \bar y) e^{-2 \pi i k t / n}$ the amplitude is $c_k |Y_k| / \sum_t w_t$ and the power
    $c_k |Y_k|^2 / (n \sum_t w_t^2)$. Here $c_k$ is 2, since $-f_k$ has the other half, and 1 at half the sampling rate.
    The mean is taken out before the window, which would spread it to other frequencies, and stands at frequency 0.
    Parseval: without a window the power adds up to the mean square of y.

    Args:
        y: real signals.
        spacing: Delta, between samples; its unit is that of time or length.
        window: one of `WINDOWS`, in their periodic form; static.

    Raises:
        ValueError: for an empty signal, an unknown window, or a spacing that is not positive (NaN where it is traced).

    Source: Harris (1978), Proceedings of the IEEE 66, 51.

    >>> found = spectrum(3 * jnp.cos(2 * jnp.pi * jnp.arange(8) / 4), spacing=0.5)
    >>> found.frequencies.tolist(), found.amplitude.round().astype(int).tolist()
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0, 0, 3, 0, 0])
    """
    _check(y)
    require.one_of("window", window, WINDOWS)
    y = single(y)
    n, frequency = y.shape[-1], np.fft.rfftfreq(y.shape[-1])
    around, mean = _centered(y)
    unit = _unit(around)
    weights = _window(window, n)
    total, squares = float(weights.sum()), float(np.sum(weights**2))
    size = jnp.abs(jnp.fft.rfft(around / unit * jnp.asarray(weights, y.dtype)) + _where_zero(frequency, y))
    sides = jnp.asarray(np.where((frequency > 0) & (frequency < 0.5), 2.0, 1.0), y.dtype)
    amplitude = unit * (sides / total * size)
    root = jnp.sqrt(sides / (n * squares)) * size
    at_zero = jnp.asarray(frequency == 0)
    return Spectrum(
        jnp.asarray(frequency, y.dtype) / jnp.asarray(spacing, y.dtype),
        jnp.where(at_zero, mean, amplitude),
        jnp.where(at_zero, mean, unit * root) ** 2,
    )


@public
@partial(jax.jit, static_argnames="n_modes")
def features(y: Float[Array, "*batch n"], *, n_modes: int) -> Float[Array, "*batch p"]:
    r"""First Fourier coefficients of signals as features: mean, then $a_1, b_1, a_2, b_2, \dots$; p = 1 + 2 `n_modes`.

    $y_t \approx \bar y + \sum_k a_k \cos(2 \pi k t / n) + b_k \sin(2 \pi k t / n)$, the nearest such sum in the sense
    of least squares. Units of y. A model of a whole curve needs a few of them instead of n samples.

    Raises:
        ValueError: unless 1 <= n_modes < n / 2 (static), since at half the sampling rate there is no sine.

    Source: Strang (2007), Computational Science and Engineering, section 4.1.

    >>> t = 2 * jnp.pi * jnp.arange(8) / 8
    >>> (features(1 + 2 * jnp.sin(t), n_modes=1).round(3) + 0.0).tolist()
    [1.0, 0.0, 2.0]
    """
    _check(y)
    require.that(1 <= n_modes < y.shape[-1] / 2, f"n_modes must be from 1 to below n / 2; found {n_modes}")
    y = single(y)
    around, mean = _centered(y)
    unit = _unit(around)
    modes = unit * (2 / y.shape[-1] * jnp.fft.rfft(around / unit)[..., 1 : n_modes + 1])
    pairs = jnp.stack([modes.real, -modes.imag], axis=-1)
    return jnp.concatenate([mean, pairs.reshape(*y.shape[:-1], 2 * n_modes)], axis=-1)


@public
@checked(length=POSITIVE)
@partial(jax.jit, static_argnames="order")
def derivative(y: Float[Array, "*batch n"], *, length: ArrayLike, order: int = 1) -> Float[Array, "*batch n"]:
    r"""Derivative of a periodic signal: mode k times $(2 \pi i k / L)^m$, m the order. Units of y over $L^m$.

    It is exact for every signal without frequencies above half the sampling rate. For an even n and an odd order the
    mode at half the sampling rate is set to 0: its derivative is a sine that is 0 at all samples. Noise grows with
    $k^m$, and rounding is noise: in single precision, take low orders. A jump, such as the ends of a signal that is not
    periodic, spoils all samples; for these, see `differences`.

    Args:
        y: samples at 0, L/n, ..., L - L/n. A sample at L would repeat the first.
        length: L, one whole period: n times the spacing, not n - 1 times.
        order: m, not negative; static.

    Raises:
        ValueError: for an empty signal, a negative order, or a length that is not positive (NaN where it is traced).

    Source: Trefethen (2000), Spectral Methods in MATLAB, chapter 3.

    >>> t = jnp.arange(8) / 8  # of a period
    >>> (derivative(jnp.sin(2 * jnp.pi * t), length=2 * jnp.pi).round(3) + 0.0)[:3].tolist()
    [1.0, 0.7..., 0.0]
    """
    _check(y)
    require.that(order >= 0, f"order must not be negative; found {order}")
    y = single(y)
    if order == 0:
        return y
    n = y.shape[-1]
    around, _ = _centered(y)
    unit = _unit(around)
    k = 2 * np.pi * n * np.fft.rfftfreq(n)
    if n % 2 == 0 and order % 2:
        k[-1] = 0.0
    modes = (1, 1j, -1, -1j)[order % 4] * jnp.fft.rfft(around / unit) * jnp.asarray(k**order, y.dtype)
    found = unit * jnp.fft.irfft(modes, n)
    for _ in range(order):  # the power of a length far from 1 would leave the range of the type
        found = scaling.ratio(found, jnp.asarray(length, y.dtype))
    return found


def _centered(y: Array) -> tuple[Array, Array]:
    """Signals around their mean, and the mean: differences from a sample first, so that an origin far away is exact."""
    from_first = y - y[..., :1]
    shift = jnp.mean(from_first, axis=-1, keepdims=True)
    return from_first - shift, y[..., :1] + shift


def _unit(y: Array) -> Array:
    return scaling.power_of_two(jnp.max(jnp.abs(y), axis=-1, keepdims=True))


def _where_zero(frequency: np.ndarray, y: Array) -> Array:
    """A number at frequency 0, where the mean is gone and a size has no derivative; its value is not used."""
    return jnp.asarray(frequency == 0, y.dtype)


def _window(name: str, n: int) -> np.ndarray:
    phase = 2 * np.pi * np.arange(n) / n
    if name == "hann":
        return 0.5 - 0.5 * np.cos(phase) if n > 1 else np.ones(1)
    if name == "hamming":
        return 0.54 - 0.46 * np.cos(phase)
    if name == "blackman":
        return 0.42 - 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase) if n > 1 else np.ones(1)
    return np.ones(n)


def _check(y: Array) -> None:
    require.that(jnp.ndim(y) > 0 and jnp.size(y) > 0, f"y must have samples; found shape {jnp.shape(y)}")
