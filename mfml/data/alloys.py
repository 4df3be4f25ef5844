r"""Copper alloys: composition and processing to yield strength and electrical conductivity.

Zinc, nickel, aluminum and tin stay in solution; chromium precipitates on aging. Yield strength adds up friction,
grain boundaries, solutes, precipitates and the dislocations of cold work (of which the last two add by their squares,
both being obstacles within the grain). Conductivity follows from the sum of all resistivities:

$$\sigma_y = \sigma_0 + \frac{k}{\sqrt{D}}
  + \Bigl(\sum_i (Z_i^{3/2} x_i)\Bigr)^{2/3} + \sqrt{\sigma_p^2 + \sigma_\rho^2}, \qquad
  Z_i = \frac{M G}{550} \epsilon_i^{4/3}, \qquad
  \epsilon_i = \sqrt{\eta_i^2 + (15 \delta_i)^2}$$
$$\sigma_p = \min\left(2.6 M G\, e^{3/2} \sqrt{\tfrac{2 f r}{b}},\;
  \frac{0.4 M G b}{\pi \sqrt{1 - \nu}\, L} \ln \frac{2 r}{b}\right), \quad
  L = r \Bigl(\sqrt{\tfrac{2\pi}{3f}} - \tfrac{\pi}{2}\Bigr), \qquad \sigma_\rho = \alpha M G b \sqrt\rho$$
$$\rho_\text{el} = \rho_\text{Cu} + \sum_i C_i x_i (1 - x_i)^{m_i} + A_\rho \rho, \qquad \kappa = 1/\rho_\text{el}$$

with atomic fractions x, grain size D, volume fraction f and radius r of the precipitates, dislocation density rho.
Nordheim's rule has m = 1. The resistivity of brass rises more slowly: with m = 2 and a fitted C for zinc, annealed
brass with 5 to 35 % zinc has the published conductivity within 5 %. The precipitates appear by Johnson-Mehl-Avrami
kinetics, coarsen by $r^3 = r_0^3 + K t$ (Lifshitz, Slyozov, Wagner), and leave chromium in solution up to its
solubility.
Shapes: n alloys, d = 8 features.

Sources: Labusch (1970), Physica Status Solidi 41, 659 (solutes); Gypen and Deruyttere (1977), Journal of Materials
Science 12, 1028 (several solutes); Smith and Hashemi (2006), Foundations of Materials Science and Engineering
(Hall-Petch constants of copper); Ardell (1985), Metallurgical Transactions A 16, 2131
(sheared precipitates); Gladman (1999), Materials Science and Technology 15, 30 (bypassed ones); Taylor
(1934), Proceedings of the Royal Society A 145, 362 (dislocations); Nordheim (1931), Annalen der Physik 401, 607,
and Linde (1932), Annalen der Physik 407, 219 (resistivity of solutes); Davis (2001), Copper and Copper Alloys
(conductivity of brasses); King (1966), Journal of Materials Science
1, 79 (size misfits). Constants are rounded; kinetic ones are chosen such that strength peaks after hours at 450 °C.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within

FEATURES = ("Zn", "Ni", "Al", "Sn", "Cr", "grain_size", "aging_time", "cold_work")
LOW = (0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.01, 0.0)  # at.% five times, µm, h, true strain
HIGH = (20.0, 15.0, 8.0, 4.0, 0.7, 100.0, 100.0, 1.0)
HELD_OUT = (12.0, 8.0)  # at.% Zn and Ni: alloys richer in both (nickel silvers) are the region left out
REGIONS = ("known", "held_out", "all")

M, G, B, NU = 3.06, 48.3e3, 0.256e-9, 0.34  # Taylor factor, shear modulus in MPa, Burgers vector in m, Poisson ratio
FRICTION, HALL_PETCH = 25.0, 0.12  # MPa, MPa sqrt(m)
SIZE = (0.0546, -0.0285, 0.0625, 0.224)  # delta: relative change of the lattice per atomic fraction, Zn to Sn
MODULUS = (0.35, 0.45, 0.30, 0.60)  # eta of the same
RESISTIVITY = (0.30, 1.20, 1.00, 2.90)  # µΩ cm at.%⁻¹ at small fractions, Zn to Sn
DILUTION = (2.0, 1.0, 1.0, 1.0)  # m of the same
RESISTIVITY_CR, RESISTIVITY_CU = 4.0, 1.68  # the same for Cr in solution; µΩ cm of copper at 20 °C
PER_DISLOCATION = 2e-17  # µΩ cm m²
SOLUBILITY_CR = 0.03  # at.% at the aging temperature, 450 °C
AVRAMI_TIME, AVRAMI_EXPONENT = 1.0, 0.8  # h
FIRST_RADIUS, COARSENING, COHERENCY = 1.0, 20.0, 0.011  # nm, nm³/h, misfit e
ALPHA, SATURATED = 0.25, 1.2e15  # of Taylor's law; dislocations per m² after much cold work


class Alloys(NamedTuple):
    """Alloys and what was measured on them."""

    x: Float[Array, "n 8"]  # columns as in `FEATURES`, in units of `LOW` and `HIGH`
    strength: Float[Array, " n"]  # yield strength in MPa
    conductivity: Float[Array, " n"]  # MS/m; pure copper has 59.5


class Precipitates(NamedTuple):
    """State of the chromium."""

    fraction: Float[Array, " n"]  # volume, taken as atomic fraction
    radius: Float[Array, " n"]  # nm
    dissolved: Float[Array, " n"]  # at.% in solution


@public
def precipitates(x: Float[Array, "n 8"]) -> Precipitates:
    """Return how much chromium has precipitated after aging at 450 °C, and how coarse it is.

    Raises:
        ValueError: as `strength`.

    >>> round(float(precipitates(jnp.array([[0.0, 0, 0, 0, 0.5, 50, 100, 0]])).dissolved[0]), 2)
    0.03
    """
    return _precipitates(_possible(x))


def _precipitates(x: Array) -> Precipitates:
    chromium, time = x[:, 4], x[:, 6]
    done = -jnp.expm1(-((time / AVRAMI_TIME) ** AVRAMI_EXPONENT))
    out = jnp.maximum(chromium - SOLUBILITY_CR, 0.0) * done
    return Precipitates(out / 100, (FIRST_RADIUS**3 + COARSENING * time) ** (1 / 3), chromium - out)


@public
def strength(x: Float[Array, "n 8"]) -> Float[Array, " n"]:
    """Return the yield strength in MPa, without noise.

    An alloy is possible if it holds no negative amounts and at least half copper, and grain size is positive, aging
    time and cold work not negative. Within `jit`, others have NaN. Far beyond `HIGH` the model is an extrapolation.

    Raises:
        ValueError: for x without 8 columns, and for an alloy that is not possible.

    >>> round(float(strength(jnp.array([[0.0, 0, 0, 0, 0, 25, 1, 0]]))[0]))  # soft pure copper
    58
    """
    return _strength(_possible(x))


@jax.jit
def _strength(x: Array) -> Array:
    solutes = x[:, :4] / 100
    misfit = jnp.sqrt(jnp.array(MODULUS, x.dtype) ** 2 + (15 * jnp.array(SIZE, x.dtype)) ** 2)
    strengthening = M * G / 550 * misfit ** (4 / 3)
    grains = HALL_PETCH / jnp.sqrt(x[:, 5] * 1e-6)
    dislocations = ALPHA * M * G * B * jnp.sqrt(_dislocations(x))
    inside = jnp.sqrt(_of_precipitates(x) ** 2 + dislocations**2)
    return FRICTION + grains + _power(solutes @ strengthening**1.5, 2 / 3) + inside


@public
def conductivity(x: Float[Array, "n 8"]) -> Float[Array, " n"]:
    """Return the electrical conductivity at 20 °C in MS/m, without noise.

    Raises:
        ValueError: as `strength`.

    >>> round(float(conductivity(jnp.array([[0.0, 0, 0, 0, 0, 25, 1, 0]]))[0]), 1)  # pure copper
    59.5
    """
    return _conductivity(_possible(x))


@jax.jit
def _conductivity(x: Array) -> Array:
    solutes = x[:, :4] * (1 - x[:, :4] / 100) ** jnp.array(DILUTION, x.dtype)
    chromium = _precipitates(x).dissolved * RESISTIVITY_CR
    resistivity = RESISTIVITY_CU + solutes @ jnp.array(RESISTIVITY, x.dtype) + chromium
    return 100 / (resistivity + PER_DISLOCATION * _dislocations(x))


@public
def noise(strength: Float[Array, " n"], *, relative: ArrayLike = 0.03, absolute: ArrayLike = 3.0) -> Float[Array, " n"]:
    r"""Standard deviation of a measured strength in MPa, $\sqrt{a^2 + (r \sigma_y)^2}$: strong alloys scatter more.

    Raises:
        ValueError: for a known number below 0; a traced one gives NaN.

    >>> noise(jnp.array([0.0])).tolist()
    [3.0]
    """
    relative, absolute = within("relative", relative, 0.0), within("absolute", absolute, 0.0)
    return jnp.sqrt(absolute**2 + (relative * within("strength", strength, 0.0)) ** 2)


@public
def simulate(*, key: Key[Array, ""], n_samples: int = 1000, region: str = "known", scatter: ArrayLike = 1.0) -> Alloys:
    """Draw alloys, process and measure them.

    Zinc and nickel are uniform over the region, which is `known`, `held_out` (rich in both, see `HELD_OUT`) or `all`;
    the other solutes are absent in half of the alloys and uniform otherwise; grain size and aging time are uniform
    on a logarithmic axis. `scatter`, from 0 to 5, multiplies the noise: that of the strength is `noise`, that of the
    conductivity 1 % of it. n_samples and region are static.

    Raises:
        ValueError: for n_samples < 1, an unknown region, or a scatter that is out of range; a traced one gives NaN.

    >>> simulate(key=jax.random.key(0), n_samples=5).x.shape
    (5, 8)
    """
    require.positive("n_samples", n_samples)
    require.one_of("region", region, REGIONS)
    return _simulate(within("scatter", scatter, 0.0, 5.0), key=key, n_samples=n_samples, region=region)


@partial(jax.jit, static_argnames=("n_samples", "region"))
def _simulate(scatter: ArrayLike, *, key: Array, n_samples: int, region: str) -> Alloys:
    for_draws, for_noise = jax.random.split(key)
    draws = jax.random.uniform(for_draws, (13 * n_samples,)).reshape(13, n_samples)
    low, high = jnp.array(LOW), jnp.array(HIGH)
    linear = low + (high - low) * draws[:8].T
    on_log = low * jnp.exp(draws[:8].T * jnp.log(high / jnp.where(low > 0, low, 1.0)))
    x = jnp.where(jnp.array([False] * 5 + [True, True, False]), on_log, linear)
    present = draws[8:11].T < 0.5
    x = x.at[:, 2:5].set(jnp.where(present, x[:, 2:5], 0.0))
    x = x.at[:, :2].set(_zinc_and_nickel(draws[:2], draws[11], region))
    strong, conducting = _strength(x), _conductivity(x)
    of_strength, of_conductivity = jax.random.normal(for_noise, (2 * n_samples,)).reshape(2, n_samples)
    return Alloys(
        x,
        strong + scatter * noise(strong) * of_strength,
        conducting * (1 + 0.01 * scatter * of_conductivity),
    )


@public
def load(
    *, key: Key[Array, ""] | None, source: str = "auto", n_samples: int = 1000, region: str = "known"
) -> tuple[Alloys, Card]:
    """Return simulated alloys and their card; there is no real source.

    Raises:
        ValueError: another source, no key, n_samples < 1, an unknown region.
    """
    require.one_of("source", source, ("auto", "simulated"))
    if key is None:
        raise ValueError(NO_KEY)
    process = (Quantity("grain size", "µm"), Quantity("aging time", "h", "at 450 °C"), Quantity("cold work", "1"))
    columns = dict(zip(FEATURES, (Quantity("content", "at.%"),) * 5 + process, strict=True))
    card = Card(
        name="alloys",
        quantities={
            "x": Quantity("features", "as named", columns=columns),
            "strength": Quantity("yield strength", "MPa"),
            "conductivity": Quantity("electrical conductivity", "MS/m", "at 20 °C"),
        },
        source=SIMULATED,
        license="MIT",
        reference=REFERENCE,
        n_samples=n_samples,
        notes=NOTES + f" Region: {region}.",
    )
    return simulate(key=key, n_samples=n_samples, region=region), card


REFERENCE = (
    "Solution strengthening of Labusch (1970) and Gypen and Deruyttere (1977), Hall-Petch, precipitates after Ardell "
    "(1985) and Gladman (1999), dislocations after Taylor (1934), resistivity after Nordheim (1931) and Linde (1932), "
    "that of brass after Davis (2001)"
)
NOTES = (
    "Noise on the strength grows with it (3 MPa and 3 %), on the conductivity it is 1 %. Mechanisms add up without "
    "interaction, no second phases but chromium, aging at 450 °C only; constants are rounded, and alloys with several "
    "solutes are extrapolations: good for trying methods, not for choosing an alloy. Alloys rich in zinc and nickel "
    "are drawn only on request."
)


def _of_precipitates(x: Array) -> Array:
    """Strength in MPa due to precipitates: sheared while small, bypassed when large."""
    state = _precipitates(x)
    absent = state.fraction == 0
    f, r = jnp.where(absent, 1e-3, state.fraction), state.radius * 1e-9
    sheared = 2.6 * M * G * COHERENCY**1.5 * jnp.sqrt(2 * f * r / B)
    gap = r * (jnp.sqrt(2 * jnp.pi / (3 * f)) - jnp.pi / 2)
    bypassed = 0.4 * M * G * B / (jnp.pi * jnp.sqrt(1 - NU) * gap) * jnp.log(2 * r / B)
    return jnp.where(absent, 0.0, jnp.minimum(sheared, bypassed))


def _dislocations(x: Array) -> Array:
    """Dislocations per m² after cold work, which saturate."""
    return SATURATED * -jnp.expm1(-3 * x[:, 7]) + 1e12


def _power(value: Array, exponent: float) -> Array:
    """A power whose gradient at zero is zero, not infinite."""
    return jnp.where(value == 0, 0.0, jnp.where(value == 0, 1.0, value) ** exponent)


def _zinc_and_nickel(draws: Array, choice: Array, region: str) -> Array:
    """Uniform over a rectangle, or over the rest of it: two rectangles, chosen by their areas."""
    (zinc, nickel), (top_zinc, top_nickel) = HELD_OUT, HIGH[:2]
    if region == "all":
        low, high = jnp.zeros(2), jnp.array([top_zinc, top_nickel])
    elif region == "held_out":
        low, high = jnp.array([zinc, nickel]), jnp.array([top_zinc, top_nickel])
    else:
        little_zinc = zinc * top_nickel
        first = choice < little_zinc / (little_zinc + (top_zinc - zinc) * nickel)
        low = jnp.where(first[:, None], 0.0, jnp.array([zinc, 0.0]))
        high = jnp.where(first[:, None], jnp.array([zinc, top_nickel]), jnp.array([top_zinc, nickel]))
    return low + (high - low) * draws.T


def _possible(x: Array) -> Array:
    """The alloys, those that are not possible as NaN where they are traced; ValueError where they are known."""
    fits = jnp.ndim(x) == 2 and jnp.shape(x)[1] == len(FEATURES)
    require.that(fits, f"x must have the {len(FEATURES)} columns {', '.join(FEATURES)}; found shape {jnp.shape(x)}")
    traced = isinstance(x, jax.core.Tracer)
    rows = x if traced else np.asarray(x, float)
    checked = [within(f"{name} in x", rows[:, i], 0.0, above=name == "grain_size") for i, name in enumerate(FEATURES)]
    checked.append(within("copper in x", 100 - rows[:, :5].sum(axis=1), 50.0))
    return jnp.where(jnp.isfinite(jnp.stack(checked)).all(axis=0)[:, None], x, jnp.nan) if traced else x
