"""Vectors of the chemical elements: what models and tables know about them, from the package ElementEmbeddings.

- "mat2vec": from the abstracts of 3.3 million articles; words in similar company have similar vectors (word2vec).
- "matscibert": from a BERT that was trained on articles of materials science.
- "magpie" and "oliynyk": tables of properties in their own units. Standardize the columns first.

The first two are foundation embeddings: no label of any task was used. Shapes: n elements, d features.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.data import packages
from mfml.data.card import Card, Quantity

PERIODS = (
    "H He",
    "Li Be B C N O F Ne",
    "Na Mg Al Si P S Cl Ar",
    "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
    "Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu "  # codespell:ignore
    "Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
    "Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
)
SYMBOLS = {number: symbol for number, symbol in enumerate(" ".join(PERIODS).split(), 1)}  # by atomic number
REFERENCES = {
    "mat2vec": "Tshitoyan et al., Nature 571 (2019) 95-98",
    "matscibert": "Gupta, Zaki, Krishnan and Mausam, npj Computational Materials 8 (2022) 102",
    "magpie": "Ward, Agrawal, Choudhary and Wolverton, npj Computational Materials 2 (2016) 16028",
    "oliynyk": "Oliynyk et al., Chemistry of Materials 28 (2016) 7324-7331",
}
NOTES = {
    "mat2vec": "118 elements, 200 features. Articles hardly mention the heaviest ones, so those vectors say little.",
    "matscibert": "97 elements, 768 features.",
    "magpie": "97 elements, 22 properties. Some values are wrong, such as the melting point of helium (1211 K).",
    "oliynyk": "85 elements, 44 properties; 14 values are missing (NaN).",
}
VECTORS = {
    **dict.fromkeys(("mat2vec", "matscibert"), Quantity("embedding", "1", "of each element, from texts")),
    **dict.fromkeys(("magpie", "oliynyk"), Quantity("features", "as named", "of each element, without names")),
}


class Embeddings(NamedTuple):
    """One row per element, by atomic number."""

    atomic_number: Int[Array, " n"]
    vectors: Float[Array, "n d"]


def is_installed() -> bool:
    """Tell whether `load` will find the vectors."""
    return packages.installed_version(packages.ELEMENT_EMBEDDINGS) == packages.ELEMENT_EMBEDDINGS.version


def load(*, key: Key[Array, ""] | None = None, source: str = "auto", kind: str = "mat2vec") -> tuple[Embeddings, Card]:
    """Return vectors of elements, and their card. `kind` is one of `REFERENCES`; `SYMBOLS` names the elements.

    `source`: "auto" and "real" are the same. No key is needed; the argument exists because all loaders have it.

    Raises:
        ValueError: another source or kind; the package is not installed (the message has the command), or damaged.
        FileNotFoundError: the package lacks a file.
    """
    del key
    require.one_of("source", source, ("auto", "real"))
    require.one_of("kind", kind, REFERENCES)
    data = _read(packages.path_of(packages.ELEMENT_EMBEDDINGS, f"{kind}.csv"))
    return data, Card(
        name="element_embeddings",
        quantities={
            "atomic_number": Quantity("atomic number", "1"),
            "vectors": VECTORS[kind],
        },
        source=packages.ELEMENT_EMBEDDINGS.source,
        license="MIT",
        reference=REFERENCES[kind],
        n_samples=len(data.atomic_number),
        notes=NOTES[kind],
    )


def _read(path: Path) -> Embeddings:
    """Read rows of a symbol and numbers; an empty entry is NaN."""
    with path.open(encoding="utf-8", newline="") as lines:
        _, *rows = csv.reader(lines)
    numbers_of = {symbol: number for number, symbol in SYMBOLS.items()}
    numbers = [numbers_of[row[0]] for row in rows]
    vectors = np.array([[float(entry or "nan") for entry in row[1:]] for row in rows])
    return Embeddings(jnp.asarray(numbers, int), jnp.asarray(vectors, float))
