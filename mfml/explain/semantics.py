"""What an explanation is about: six levels, and the terms that data are described in.

Every data card of `mfml.data` is written in the vocabulary of `mfml.data.vocabulary`; a card with an unknown term or
with a wrong unit cannot be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from mfml.data import vocabulary
from mfml.data.card import Card, Quantity


class Level(NamedTuple):
    """One of the six levels at which a decision is explained, from the data to the decision."""

    name: str
    question: str
    tools: tuple[str, ...]  # modules of `mfml` that answer it


LEVELS: Mapping[str, Level] = MappingProxyType(
    {
        "E1": Level("data", "What was measured, and what was not?", ("explain.semantics", "data.vocabulary")),
        "E2": Level("process", "What causes what?", ("explain.causal", "explain.adjustment", "explain.notears")),
        "E3": Level("feature", "What matters in general?", ("explain.sensitivity", "explain.importance")),
        "E4": Level("model", "What has the model learned?", ("explain.tree_shap", "explain.kernel_shap")),
        "E5": Level(
            "prediction",
            "Why this value, and what would change it?",
            ("explain.lime", "explain.integrated_gradients", "explain.saliency", "explain.counterfactual"),
        ),
        "E6": Level("decision", "May we act?", ("uncertainty.conformal", "explain.shift", "explain.fairness")),
    }
)


def describe(card: Card) -> str:
    """Give a card as text: each array with its term, its unit, and the wider terms of the taxonomy.

    >>> quantities = {"stress": Quantity("stress", "MPa", "true")}
    >>> print(describe(Card("steel", quantities, "simulated", "MIT", "none", 9, "")))
    steel: 9 samples, simulated, license MIT
    stress       MPa     stress: true (stress < mechanical property < property)
    """
    lines = [f"{card.name}: {card.n_samples} samples, {card.source}, license {card.license}"]
    for name, quantity in card.quantities.items():
        lines.append(_line(name, quantity))
        lines.extend(_line(f"  {column}", one) for column, one in (quantity.columns or {}).items())
    return "\n".join(lines)


def _line(name: str, quantity: Quantity) -> str:
    path = " < ".join((quantity.term, *vocabulary.ancestors(quantity.term)))
    return f"{name:<12} {quantity.unit:<7} {quantity.meaning} ({path})"
