"""The card that comes with every data set: what the numbers mean, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SIMULATED = "simulated"
NO_KEY = "simulated data needs a key: pass jax.random.key(number)"


class Quantity(NamedTuple):
    """What one array holds."""

    meaning: str
    unit: str  # "1" if it is a plain number


class Card(NamedTuple):
    """What a data set is. `quantities` has one entry for each array, under the array's name."""

    name: str
    quantities: Mapping[str, Quantity]
    source: str  # "simulated", or the package and version that the files came from
    license: str
    reference: str  # the physics of a simulator, the publication of real data
    n_samples: int
    notes: str  # noise, conversions, what to be careful about
