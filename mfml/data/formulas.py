"""Formulas of ionic compounds, made of one or two metals and one nonmetal whose charges cancel.

A compound is neutral: each metal gives electrons, and the nonmetal takes them. The simulator chooses metals, their
oxidation states, how many atoms there are of each, and a nonmetal. The number of its atoms follows. All numbers are
divided by their greatest common divisor. Elements stand in the order of rising electronegativity, as chemists write
them. Many of these compounds exist, and many do not: charges say nothing about stability.

A formula is a sequence of tokens, as a language model reads it: `Al 2 O 3`. Token 0 fills up and ends a formula.
Shapes: n formulas.
"""

import itertools
import re
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from mfml import require
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public

METALS = {  # usual oxidation states, by rising electronegativity
    "Cs": (1,), "K": (1,), "Rb": (1,), "Ba": (2,), "Na": (1,), "Sr": (2,), "Li": (1,), "Ca": (2,), "La": (3,),
    "Y": (3,), "Hf": (4,), "Mg": (2,), "Zr": (4,), "Sc": (3,), "Ta": (5,), "Ti": (4, 3), "Mn": (2, 3, 4), "Be": (2,),
    "Nb": (5,), "Al": (3,), "V": (5, 3, 4), "Zn": (2,), "Cr": (3,), "Cd": (2,), "In": (3,), "Ga": (3,), "Fe": (3, 2),
    "Pb": (2,), "Co": (2, 3), "Cu": (2, 1), "Si": (4,), "Ni": (2,), "Ag": (1,), "Sn": (4, 2), "Ge": (4,), "Mo": (6, 4),
    "W": (6,),
}  # fmt: skip
NONMETALS = {"Te": 2, "Se": 2, "S": 2, "I": 1, "Br": 1, "N": 3, "Cl": 1, "O": 2, "F": 1}  # electrons that they take
COUNTS = (1, 2, 3)  # atoms of a metal, before the numbers are made whole and as small as possible
ELEMENTS = (*METALS, *NONMETALS)
NUMBERS = tuple(str(number) for number in range(2, 37))  # 1 is not written
VOCABULARY = ("", *ELEMENTS, *NUMBERS)  # what each token stands for; 0 is the end
LENGTH = 7  # three elements, three numbers, and the end


class Formulas(NamedTuple):
    """Formulas as tokens."""

    tokens: Int[Array, "n 7"]  # places in `VOCABULARY`, then 0


@public
def simulate(*, key: Key[Array, ""], n_samples: int = 4000) -> Formulas:
    """Draw formulas; two out of three have two metals. n_samples is static.

    Raises:
        ValueError: for n_samples < 1.

    >>> [text(row) for row in simulate(key=jax.random.key(0), n_samples=3).tokens]
    ['FeW3I20', 'CuBr', 'Rb3N']
    """
    require.positive("n_samples", n_samples)
    return Formulas(_simulate(key=key, n_samples=n_samples))


@partial(jax.jit, static_argnames="n_samples")
def _simulate(*, key: Array, n_samples: int) -> Array:
    most = max(map(len, METALS.values()))
    states = jnp.array([[s[i % len(s)] for i in range(most)] for s in METALS.values()])
    taken = jnp.array(list(NONMETALS.values()))
    first, step, anion, single, *rest = jax.random.split(key, 6)
    shape = (n_samples,)
    a = jax.random.randint(first, shape, 0, len(METALS))
    b = (a + jax.random.randint(step, shape, 1, len(METALS))) % len(METALS)
    metals = jnp.sort(jnp.stack([a, b], axis=1), axis=1)  # by electronegativity
    used = jnp.stack([jnp.ones(shape, bool), jax.random.uniform(single, shape) < 2 / 3], axis=1)
    atoms = jax.random.choice(rest[0], jnp.array(COUNTS), (n_samples, 2)) * used
    charge = states[metals, jax.random.randint(rest[1], (n_samples, 2), 0, 12) % most]
    nonmetal = jax.random.randint(anion, shape, 0, len(NONMETALS))
    total, each = jnp.sum(atoms * charge, axis=1), taken[nonmetal]
    numbers = jnp.concatenate([atoms * each[:, None], total[:, None]], axis=1)
    divisor = jnp.gcd(jnp.gcd(numbers[:, 0], numbers[:, 1]), numbers[:, 2])
    return _tokens(jnp.concatenate([metals, len(METALS) + nonmetal[:, None]], axis=1), numbers // divisor[:, None])


def _tokens(elements: Array, numbers: Array) -> Array:
    """Tokens of each formula, from its elements and their numbers; a number 0 leaves the element out."""
    symbol = jnp.where(numbers > 0, 1 + elements, 0)
    number = jnp.where(numbers > 1, len(ELEMENTS) + numbers - 1, 0)
    mixed = jnp.stack([symbol, number], axis=2).reshape(len(numbers), -1)
    order = jnp.argsort(mixed == 0, axis=1, stable=True)  # what is not written moves to the end
    return jnp.pad(jnp.take_along_axis(mixed, order, axis=1), ((0, 0), (0, LENGTH - mixed.shape[1])))


@public
def text(tokens: Int[Array, " k"]) -> str:
    """Write a formula as chemists do. It ends at the first token 0.

    Raises:
        ValueError: unless tokens is one row of places in `VOCABULARY`.

    >>> text([VOCABULARY.index("Al"), VOCABULARY.index("2"), VOCABULARY.index("O"), VOCABULARY.index("3"), 0])
    'Al2O3'
    """
    require.rank("tokens", tokens, 1)
    numbers = np.asarray(tokens)
    wrong = numbers[(numbers < 0) | (numbers >= len(VOCABULARY))]
    require.that(wrong.size == 0, f"tokens must be between 0 and {len(VOCABULARY) - 1}; found {wrong[:1]}")
    words = [VOCABULARY[token] for token in numbers]
    return "".join(itertools.takewhile(bool, words))


@public
def is_neutral(formula: str) -> bool:
    """Whether some choice of usual oxidation states, one for each metal, makes a formula neutral.

    False as well for text that is no formula of known metals followed by one nonmetal, each element once and with a
    number above 0, if any, in the digits 0 to 9.

    >>> [is_neutral(formula) for formula in ("Al2O3", "LiFeO2", "NaCl2", "NaNaO", "steel")]
    [True, True, False, False, False]
    """
    parts = re.findall(r"([A-Z][a-z]?)([1-9][0-9]*|)", formula)
    symbols = [symbol for symbol, _ in parts]
    whole = "".join(symbol + number for symbol, number in parts) == formula
    if not whole or len(parts) < 2 or len(set(symbols)) < len(symbols) or symbols[-1] not in NONMETALS:
        return False
    if any(symbol not in METALS for symbol in symbols[:-1]):
        return False
    *atoms, taking = (int(number or 1) for _, number in parts)
    choices = itertools.product(*(METALS[symbol] for symbol in symbols[:-1]))
    return any(
        sum(n * q for n, q in zip(atoms, charges, strict=True)) == taking * NONMETALS[symbols[-1]]
        for charges in choices
    )


@public
def load(*, key: Key[Array, ""] | None = None, source: str = "auto", n_samples: int = 4000) -> tuple[Formulas, Card]:
    """Return formulas and their card. There are no real ones: `source` "auto" and "simulated" are the same.

    Raises:
        ValueError: without a key, or for another source.
    """
    require.one_of("source", source, ("auto", SIMULATED))
    if key is None:
        raise ValueError(NO_KEY)
    data = simulate(key=key, n_samples=n_samples)
    return data, Card(
        name="formulas",
        quantities={"tokens": Quantity("formula", "1", "places of its tokens in `VOCABULARY`, then 0")},
        source=SIMULATED,
        license="MIT",
        reference="usual oxidation states as in Greenwood and Earnshaw, Chemistry of the Elements (1997)",
        n_samples=len(data.tokens),
        notes="Neutral by construction; whether such a compound is stable is another question.",
    )
