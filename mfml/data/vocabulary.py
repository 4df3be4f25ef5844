"""The controlled vocabulary that data cards are written in: terms, their taxonomy, and the units of each.

Each term has one meaning, one wider term, and one dimension with the units that it may be given in. So "stress" in two
data sets is the same, and "yeild strength" or a strength in MS/m is refused, with the nearest known term.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import NamedTuple
from unicodedata import normalize

UNITS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "none": ("1",),
        "share": ("1", "%", "at.%", "wt.%"),
        "pressure": ("Pa", "kPa", "MPa", "GPa"),
        "length": ("m", "mm", "µm", "nm", "Å"),
        "time": ("s", "min", "h"),
        "temperature": ("K", "°C", "J/k_B"),
        "energy": ("J", "eV"),
        "molar energy": ("J/mol", "kJ/mol"),
        "conductivity": ("S/m", "MS/m"),
        "angle": ("degree", "rad"),
        "mixed": ("as named",),
    }
)


class Term(NamedTuple):
    """One term of the vocabulary."""

    name: str
    broader: str  # the wider term; empty at the top of the taxonomy
    dimension: str  # one of `UNITS`; empty for a term that only groups others
    meaning: str


def _terms(broader: str, *rows: tuple[str, str, str]) -> tuple[Term, ...]:
    return tuple(Term(name, broader, dimension, meaning) for name, dimension, meaning in rows)


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        term.name: term
        for term in (
            *_terms(
                "",
                ("material", "", "what a sample is"),
                ("processing", "", "what was done to a sample"),
                ("property", "", "how a sample responds"),
                ("observation", "", "what an instrument or a computation recorded"),
                ("label", "none", "a class or a group, as a number"),
            ),
            *_terms(
                "material",
                ("composition", "", "which elements or phases a sample holds, and how much of each"),
                ("element", "", "a chemical element and its constants"),
                ("microstructure", "", "how phases, grains and defects are arranged"),
            ),
            *_terms(
                "composition",
                ("content", "share", "amount of one element or phase"),
                ("phase abundance", "share", "share of one phase in the signal of a mixture"),
                ("formula", "none", "elements of a compound and their counts, as tokens"),
            ),
            *_terms(
                "element",
                ("atomic number", "none", "number of protons"),
                ("atomic radius", "length", "half the distance of closest approach of two atoms"),
                ("electron affinity", "molar energy", "energy that an atom gives off when it takes an electron"),
                ("ionization energy", "molar energy", "energy that takes one electron off an atom"),
                ("electronegativity", "none", "pull of an atom on shared electrons, on Pauling's scale"),
                ("group", "none", "column of the periodic table"),
                ("metallic", "none", "1 for metals, 0 otherwise"),
            ),
            *_terms(
                "microstructure",
                ("grain size", "length", "mean diameter of the grains"),
                ("phase field", "none", "order parameter or composition at each place"),
                ("spin", "none", "direction of a magnetic moment, -1 or 1"),
            ),
            *_terms(
                "processing",
                ("temperature", "temperature", "temperature of a sample or a system"),
                ("aging time", "time", "time at the temperature of aging"),
                ("cold work", "none", "true strain of rolling or drawing below recrystallization"),
                ("strain", "none", "relative change of length, engineering or true"),
            ),
            *_terms(
                "property",
                ("mechanical property", "", "response to a load"),
                ("electrical property", "", "response to an electric field"),
                ("energy", "energy", "energy of a system, or of one of its parts"),
                ("reduced energy", "none", "energy in units of the model that it was computed with"),
                ("magnetization", "none", "mean of the spins"),
            ),
            *_terms(
                "mechanical property",
                ("stress", "pressure", "force on an area"),
                ("strength", "pressure", "stress that a material bears"),
                ("stiffness", "pressure", "stress for a strain, without lasting change"),
                ("hardness", "pressure", "mean pressure below an indenter"),
            ),
            *_terms(
                "strength",
                ("yield strength", "pressure", "stress where lasting deformation begins"),
                ("tensile strength", "pressure", "largest engineering stress of a tensile test"),
            ),
            *_terms("stiffness", ("Young's modulus", "pressure", "stiffness in tension")),
            *_terms(
                "electrical property", ("electrical conductivity", "conductivity", "current density in a unit field")
            ),
            *_terms(
                "observation",
                ("image", "none", "gray values on a grid of pixels"),
                ("intensity", "none", "counts of a detector, relative to a reference"),
                ("diffraction angle", "angle", "angle 2 theta between the beams before and after the sample"),
                ("features", "mixed", "a table whose columns have terms of their own, or no names"),
                ("embedding", "none", "a vector that a model or a text gave to an object"),
                ("file", "none", "path of a file"),
            ),
            *_terms(
                "label",
                ("class", "none", "the kind of a sample"),
                ("simulation", "none", "which run of a simulator or which specimen a sample comes from"),
            ),
        )
    }
)


def find(name: str) -> Term:
    """Return a term of the vocabulary.

    Raises:
        ValueError: for an unknown term; the message has the nearest known one.

    >>> find("yield strength").broader
    'strength'
    """
    if not isinstance(name, str):
        raise ValueError(f"a term is a text; found {name!r}")
    if name in TERMS:
        return TERMS[name]
    near = get_close_matches(name.lower(), [known.lower() for known in TERMS], n=1, cutoff=0.5)
    spelled = {known.lower(): known for known in TERMS}
    hint = f"did you mean {spelled[near[0]]!r}?" if near else f"the widest terms are {', '.join(narrower(''))}"
    raise ValueError(f"{name!r} is no term of the vocabulary; {hint}")


def ancestors(name: str) -> tuple[str, ...]:
    """Return the wider terms of a term, from the next one to the top.

    Raises:
        ValueError: for an unknown term.

    >>> ancestors("yield strength")
    ('strength', 'mechanical property', 'property')
    """
    wider = find(name).broader
    return (wider, *ancestors(wider)) if wider else ()


def narrower(name: str) -> tuple[str, ...]:
    """Return the terms directly below a term; those at the top for an empty name.

    Raises:
        ValueError: for an unknown term.

    >>> narrower("strength")
    ('yield strength', 'tensile strength')
    """
    if name:
        find(name)
    return tuple(term.name for term in TERMS.values() if term.broader == name)


def check(name: str, unit: str) -> None:
    """Refuse a term that is not in the vocabulary, and a unit that is not one of its dimension.

    Raises:
        ValueError: with the nearest known term, or with the units that the term may have.

    >>> check("yield strength", "MPa")
    """
    term = find(name)
    if not term.dimension:
        raise ValueError(f"{name!r} only groups other terms: use one of {', '.join(narrower(name))}")
    if normalize("NFKC", str(unit)) not in [normalize("NFKC", one) for one in UNITS[term.dimension]]:  # two signs for µ
        raise ValueError(f"{name!r} is given in one of {', '.join(UNITS[term.dimension])}; found {unit!r}")
