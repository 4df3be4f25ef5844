r"""X-ray powder diffraction patterns of mixtures of cubic phases, with the pure patterns and their shares.

Bragg's law gives the angle of the reflection (h, k, l) of a lattice with constant $a$,
$2\theta = 2\arcsin\left(\lambda \sqrt{h^2 + k^2 + l^2} / 2a\right)$; its intensity is

$$I = m\,|F|^2\, \frac{1 + \cos^2 2\theta}{\sin^2\theta\cos\theta}\, e^{-2 B s^2}, \qquad
  s = \sin\theta/\lambda,$$

with the multiplicity $m$, the structure factor $F$ of the lattice (which removes whole families of lines),
the Lorentz-polarization factor, and one Gaussian for both the decrease of atomic scattering and
thermal motion (an approximation: one $B$ for all phases). Small crystallites of size $L$ widen each line to
$0.9\lambda / (L \cos\theta)$ (Scherrer); its shape is half Gaussian, half Lorentzian (pseudo-Voigt).

Source: Cullity and Stock (2001), Elements of X-Ray Diffraction, chapters 3, 4 and 5.
Shapes: n samples, k phases, c channels.
"""

from functools import partial
from itertools import permutations
from math import asin, cos, degrees, exp, log, pi, radians, sin, sqrt
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within

WAVELENGTH = 1.5406  # Å, copper K-alpha 1
ANGLES = (25.0, 95.0)  # 2 theta in degrees
CRYSTALLITE = 200.0  # Å
MOST_COUNTS = 1e8  # photons of a channel are counted in 32 bits
FALL = 4.0  # B in Å²
PHASES = {  # lattice and lattice constant in Å at room temperature
    "Al": ("fcc", 4.0495),
    "Cu": ("fcc", 3.6149),
    "Fe": ("bcc", 2.8665),
    "Ni": ("fcc", 3.5240),
    "Si": ("diamond", 5.4310),
    "W": ("bcc", 3.1652),
}


class Spectra(NamedTuple):
    """Mixed patterns; without noise `intensity` equals `abundances @ components`."""

    intensity: Float[Array, "n c"]  # non-negative; 1 is the strongest line of a pure phase
    components: Float[Array, "k c"]  # pattern of each pure phase, largest entry 1
    abundances: Float[Array, "n k"]  # shares of the phases in the intensity, each row sums to 1
    angle: Float[Array, " c"]  # 2 theta in degrees


class Line(NamedTuple):
    """One reflection."""

    angle: float  # 2 theta in degrees
    area: float  # integrated intensity, arbitrary scale
    width: float  # full width at half maximum, degrees


@public
def lines(phase: str) -> list[Line]:
    """Return the reflections of a phase, by increasing angle, up to the end of the detector.

    Raises ValueError for a phase that is not in `PHASES`.

    >>> [round(line.angle, 1) for line in lines("Fe")]
    [44.7, 65.0, 82.3]
    """
    require.one_of("phase", phase, PHASES)
    lattice, constant = PHASES[phase]
    found = []
    for indices in _families(8):
        sine = WAVELENGTH * sqrt(sum(index**2 for index in indices)) / (2 * constant)
        strength = _structure(lattice, indices)
        if strength == 0 or sine >= sin(radians(ANGLES[1] / 2)):
            continue
        theta = asin(sine)
        lorentz = (1 + cos(2 * theta) ** 2) / (sine**2 * cos(theta))
        signs = 2 ** sum(index > 0 for index in indices)
        multiplicity = len(set(permutations(indices))) * signs
        fall = exp(-2 * FALL * (sine / WAVELENGTH) ** 2)
        found.append(
            Line(
                angle=degrees(2 * theta),
                area=multiplicity * strength * lorentz * fall,
                width=degrees(0.9 * WAVELENGTH / (CRYSTALLITE * cos(theta))),
            )
        )
    return sorted(found)


def _families(limit: int) -> list[tuple[int, int, int]]:
    """All Miller indices limit > h >= k >= l >= 0, except the origin."""
    return [(h, k, last) for h in range(1, limit) for k in range(h + 1) for last in range(k + 1)]


def _structure(lattice: str, indices: tuple[int, int, int]) -> int:
    """|F|^2 over the square of the atomic scattering factor."""
    unmixed = len({index % 2 for index in indices}) == 1
    if lattice == "bcc":
        return 4 if sum(indices) % 2 == 0 else 0
    if lattice == "fcc":
        return 16 if unmixed else 0
    if not unmixed or sum(indices) % 4 == 2:  # diamond: fcc with a basis of two atoms
        return 0
    return 64 if sum(indices) % 4 == 0 else 32


@public
def pattern(phase: str, angle: Float[Array, " c"]) -> Float[Array, " c"]:
    """Return the pattern of a pure phase at these values of 2 theta (degrees), scaled to a largest entry 1.

    Raises ValueError for a phase that is not in `PHASES`, and for known angles outside of 0 to 95, up to which the
    lines are known. Traced ones give NaN.

    >>> angle = jnp.linspace(40.0, 50.0, 101)
    >>> round(float(angle[jnp.argmax(pattern("Fe", angle))]), 1)
    44.7
    """
    return _pattern(phase, within("angle", angle, 0.0, ANGLES[1]))


def _pattern(phase: str, angle: Array) -> Array:
    positions, areas, widths = (jnp.array(values, angle.dtype)[:, None] for values in zip(*lines(phase), strict=True))
    offset = (angle - positions) / (widths / 2)
    gaussian = sqrt(log(2) / pi) * jnp.exp(-log(2) * offset**2)
    lorentzian = 1 / (pi * (1 + offset**2))
    total = jnp.sum(areas / widths * (gaussian + lorentzian), axis=0)
    return total / jnp.nanmax(total)


@public
def simulate(
    *,
    key: Key[Array, ""],
    phases: tuple[str, ...] = ("Al", "Cu", "Fe"),
    n_samples: int = 200,
    n_channels: int = 400,
    counts: ArrayLike | None = 1000.0,
    concentration: float = 1.0,
) -> Spectra:
    """Measure mixtures whose shares are drawn from a symmetric Dirichlet distribution.

    `concentration` is that of the distribution: 1 draws all mixtures with equal probability, and smaller values
    give purer samples. `counts` is the number of photons that the strongest line of a pure phase yields in one
    channel. The noise has a Poisson distribution, so no intensity is negative; None leaves the noise out. phases
    (keys of `PHASES`), n_samples, n_channels and concentration are static.

    Raises:
        ValueError: an unknown or repeated phase, no phase, n_samples < 1, n_channels < 2, concentration <= 0, counts
            that are known and not positive. Where they are traced, the intensity is NaN.

    >>> data = simulate(key=jax.random.key(0), n_samples=5, counts=None)
    >>> bool(jnp.allclose(data.intensity, data.abundances @ data.components, atol=1e-5))
    True
    """
    require.that(len(phases) > 0, "phases must name at least one phase; found none")
    require.that(len(set(phases)) == len(phases), f"phases must differ from each other; found {phases}")
    require.that(n_samples >= 1, f"n_samples must be at least 1; found {n_samples}")
    require.that(n_channels >= 2, f"n_channels must be at least 2; found {n_channels}")
    require.positive("concentration", concentration)
    if counts is not None:
        counts = within("counts", counts, 0.0, MOST_COUNTS, above=True)
    return _simulate(
        counts, key=key, phases=phases, n_samples=n_samples, n_channels=n_channels, concentration=concentration
    )


@partial(jax.jit, static_argnames=("phases", "n_samples", "n_channels", "concentration"))
def _simulate(
    counts: ArrayLike | None,
    *,
    key: Array,
    phases: tuple[str, ...],
    n_samples: int,
    n_channels: int,
    concentration: float,
) -> Spectra:
    for_shares, for_noise = jax.random.split(key)
    angle = jnp.linspace(*ANGLES, n_channels)
    components = jnp.stack([_pattern(phase, angle) for phase in phases])
    if concentration == 1:  # the same distribution, from draws that compile much faster
        amounts = jax.random.exponential(for_shares, (n_samples * len(phases),), angle.dtype)
        amounts = amounts.reshape(n_samples, len(phases))
        abundances = amounts / amounts.sum(axis=1, keepdims=True)
    else:
        alpha = jnp.full(len(phases), concentration, angle.dtype)
        abundances = jax.random.dirichlet(for_shares, alpha, (n_samples,), angle.dtype)
    intensity = jnp.matmul(abundances, components, precision="highest")
    if counts is not None:
        counts = jnp.asarray(counts, angle.dtype)
        rate = jnp.where(jnp.isnan(counts), 0.0, counts) * intensity.ravel()
        photons = jax.random.poisson(for_noise, rate)  # in one row: quicker to compile
        intensity = photons.reshape(intensity.shape) / counts
    return Spectra(intensity, components, abundances, angle)


@public
def load(*, key: Key[Array, ""] | None, source: str = "auto") -> tuple[Spectra, Card]:
    """Return 200 patterns of mixtures of aluminum, copper and iron, and their card.

    There are no real spectra: `source` "auto" and "simulated" both take `simulate` with its defaults.

    Raises ValueError for another source, and without a key.
    """
    require.that(source != "real", "there is no real data for spectra: use source='simulated' or 'auto'")
    require.one_of("source", source, ("auto", SIMULATED))
    if key is None:
        raise ValueError(NO_KEY)
    data = simulate(key=key)
    return data, Card(
        name="spectra",
        quantities={
            "intensity": Quantity("intensity", "1", "of each mixture, 1 for the strongest line of a pure phase"),
            "components": Quantity("intensity", "1", "pattern of each pure phase: Al, Cu, Fe"),
            "abundances": Quantity("phase abundance", "1"),
            "angle": Quantity("diffraction angle", "degree"),
        },
        source=SIMULATED,
        license="MIT",
        reference="Cullity and Stock, Elements of X-Ray Diffraction, 3rd edition, Prentice Hall (2001)",
        n_samples=len(data.intensity),
        notes=(
            "Copper K-alpha 1 radiation, crystallites of 20 nm, Poisson noise with 1000 counts in the "
            "strongest channel of a pure phase. No background, texture, absorption or K-alpha 2. Lines of "
            "Al and Fe overlap near 45 and 65 degrees."
        ),
    )
