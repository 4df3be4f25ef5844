"""The list of data sets: what the command line shows, and a way to load one by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One data set."""

    name: str  # also the loader's module below `mfml.data`
    summary: str  # one line
    sources: tuple[str, ...]  # those that its loader takes besides "auto"

    @property
    def load(self) -> Callable[..., Any]:
        """The loader, imported on first use: `CATALOG["tensile"].load(key=key)` gives `(data, card)`."""
        return import_module(f"mfml.data.{self.name}").load


CATALOG: Mapping[str, Entry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Entry(
                "tensile",
                "stress over strain of a structural steel at three temperatures",
                ("simulated", "real"),
            ),
            Entry(
                "spectra",
                "powder diffraction patterns of mixed phases, with the phases and their shares",
                ("simulated",),
            ),
            Entry("digits", "handwritten digits, 8x8 gray images with labels", ("simulated", "real")),
            Entry("ising", "lattices of spins below and above the critical temperature", ("simulated", "real")),
            Entry(
                "cahn_hilliard",
                "microstructures of two phases as they separate, with their free energy",
                ("simulated", "real"),
            ),
            Entry(
                "nanoindentation",
                "hardness and modulus of indents on copper-chromium composites",
                ("simulated", "real"),
            ),
            Entry("elements", "properties of chemical elements, metals and others", ("table", "real")),
            Entry("formulas", "formulas of ionic compounds whose charges cancel, as tokens", ("simulated",)),
            Entry("alloys", "yield strength and conductivity of copper alloys", ("simulated",)),
            Entry("mnist", "handwritten digits, 28x28 gray images with labels", ("simulated", "real")),
            Entry("fashion_mnist", "pieces of clothing, 28x28 gray images with labels", ("real",)),
        )
    }
)
