"""Simulators of the data sets against the same methods in NumPy."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.data import ising

TEMPERATURE, SWEEPS = 2.0, 100


def numpy_sweeps(seed: int, n: int, size: int) -> np.ndarray:
    """Checkerboard Metropolis on n lattices from all spins up, as fast as NumPy allows: int8, no extra copies."""
    rng = np.random.default_rng(seed)
    spins = np.ones((n, size, size), np.int8)
    rows, columns = np.indices((size, size))
    chance = np.exp(-2 * np.arange(-4, 5) / TEMPERATURE).astype(np.float32)
    for _ in range(SWEEPS):
        for color in (0, 1):
            around = np.roll(spins, 1, 1) + np.roll(spins, -1, 1) + np.roll(spins, 1, 2) + np.roll(spins, -1, 2)
            drawn = rng.random(spins.shape, dtype=np.float32)
            flip = ((rows + columns) % 2 == color) & (drawn < chance[spins * around + 4])
            np.negative(spins, out=spins, where=flip)
    return spins


def numpy_halves(seed: int, n: int, size: int) -> np.ndarray:
    """The same, each color stored by itself, so that no spin is computed needlessly."""
    rng = np.random.default_rng(seed)
    colors = [np.ones((n, size, size // 2), np.int8) for _ in range(2)]
    chance = np.exp(-2 * np.arange(-4, 5) / TEMPERATURE).astype(np.float32)
    for _ in range(SWEEPS):
        for mine, others, shift in ((*colors, 1), (*colors[::-1], -1)):
            around = others + np.roll(others, 1, 1) + np.roll(others, -1, 1)
            around[:, 0::2] += np.roll(others[:, 0::2], shift, 2)
            around[:, 1::2] += np.roll(others[:, 1::2], -shift, 2)
            flip = rng.random(mine.shape, dtype=np.float32) < chance[mine * around + 4]
            np.negative(mine, out=mine, where=flip)
    even, odd = np.stack(colors, -1), np.stack(colors[::-1], -1)
    return np.where((np.arange(size) % 2 == 0)[:, None, None], even, odd).reshape(n, size, size)


def sweeps(peer, n: int, size: int) -> Pair:
    exact = float(ising.onsager_energy(TEMPERATURE))
    temperature, key = jnp.full(n, TEMPERATURE), jax.random.key(0)

    def misfit(spins):
        spins = np.asarray(spins, np.float64)
        bonds = spins * (np.roll(spins, 1, 1) + np.roll(spins, 1, 2))
        return abs(-float(bonds.mean()) - exact)

    return Pair(
        ours=lambda: ising.simulate(temperature, key=key, size=size, n_sweeps=SWEEPS),
        theirs=lambda: peer(0, n, size),
        loss_of_ours=lambda data: misfit(data.spins),
        loss_of_theirs=misfit,
        floor=0.02,  # within the noise of so many spins and the rest of the way to equilibrium
    )


NOTE = f"{SWEEPS} sweeps; loss: distance of the energy per spin from Onsager's"
ROWS = [
    Row("data.ising 64 lattices of 64x64", "NumPy checkerboard", partial(sweeps, numpy_sweeps, 64, 64), note=NOTE),
    Row(
        "data.ising 64 lattices of 64x64, against halves",
        "NumPy, each color by itself",
        partial(sweeps, numpy_halves, 64, 64),
        note=NOTE,
    ),
    Row("data.ising 1 lattice of 512x512", "NumPy checkerboard", partial(sweeps, numpy_sweeps, 1, 512), note=NOTE),
]
