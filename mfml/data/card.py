"""The card that comes with every data set: what the numbers mean, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mfml.data import vocabulary

SIMULATED = "simulated"
NO_KEY = "simulated data needs a key: pass jax.random.key(number)"


@dataclass(frozen=True)
class Quantity:
    """What one array holds, or one column of it.

    Raises:
        ValueError: unless the term is in `vocabulary`, and may be given in the unit; for columns that are none.

    >>> Quantity("yield strength", "MPa").meaning
    'yield strength'
    """

    term: str
    unit: str  # "1" if it is a plain number
    detail: str = ""  # what the term leaves open
    columns: Mapping[str, Quantity] | None = None  # of a table, each under its name

    def __post_init__(self) -> None:
        vocabulary.check(self.term, self.unit)
        for name, column in (self.columns or {}).items():
            if not isinstance(column, Quantity):
                raise ValueError(f"column {name!r} must be a Quantity; found {column!r}")

    @property
    def meaning(self) -> str:
        """The term with its detail."""
        return f"{self.term}: {self.detail}" if self.detail else self.term


class Card(NamedTuple):
    """What a data set is. `quantities` has one entry for each array, under the array's name."""

    name: str
    quantities: Mapping[str, Quantity]
    source: str  # "simulated", or the package and version that the files came from
    license: str
    reference: str  # the physics of a simulator, the publication of real data
    n_samples: int
    notes: str  # noise, conversions, what to be careful about
