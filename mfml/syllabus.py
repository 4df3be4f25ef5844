"""The 14 units of the course: the one source for the command line, the tests and the site.

The order is also the dependency graph: a unit's package may import the packages of earlier units only.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple


class Unit(NamedTuple):
    """One week of the course."""

    number: int
    title: str
    package: str  # below `mfml`
    topics: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The name of this unit's files in every room: `unit07`."""
        return f"unit{self.number:02d}"


UNITS: tuple[Unit, ...] = (
    Unit(
        1,
        "Learning as optimization: models, losses, risk",
        "risk",
        ("losses", "empirical risk", "splits and cross-validation", "leakage", "limits of learning"),
    ),
    Unit(
        2,
        "Linear algebra for learning: covariance, PCA, SVD, NMF",
        "decomposition",
        ("subspaces", "projection", "conditioning", "PCA", "SVD", "NMF", "whitening"),
    ),
    Unit(
        3,
        "Regression as loss minimization",
        "regression",
        ("ordinary least squares", "gradient descent", "basis functions", "Runge's phenomenon"),
    ),
    Unit(
        4,
        "Neural networks: from neurons to CNNs",
        "networks",
        ("neurons", "backpropagation", "universal approximation", "convolution", "CNN architectures"),
    ),
    Unit(
        5,
        "Clustering and autoencoders",
        "clustering",
        ("k-means", "k-medoids", "Gaussian mixtures and EM", "autoencoders", "anomaly detection"),
    ),
    Unit(
        6,
        "Loss landscapes and optimization",
        "landscapes",
        ("Hessians", "conditioning", "saddle points", "momentum and Adam"),
    ),
    Unit(
        7,
        "Generalization, regularization, tree ensembles",
        "generalization",
        ("bias and variance", "ridge", "lasso", "dropout", "forests", "gradient boosting"),
    ),
    Unit(
        8,
        "Probability: noise and likelihood",
        "probability",
        ("Gaussians", "entropy and KL", "maximum likelihood", "MAP", "robustness", "calibration"),
    ),
    Unit(
        9,
        "Latent spaces and representation learning",
        "representation",
        ("t-SNE", "UMAP", "contrastive learning", "linear probes"),
    ),
    Unit(
        10,
        "Attention and transformers",
        "attention",
        ("self-attention", "multi-head attention", "positions", "ViT", "foundation models"),
    ),
    Unit(
        11,
        "Generative models: VAE and diffusion",
        "generative",
        ("VAE", "diffusion", "guidance", "GANs", "normalizing flows"),
    ),
    Unit(
        12,
        "Uncertainty in predictions",
        "uncertainty",
        ("Gaussian processes", "evidence", "MC dropout", "ensembles", "active learning"),
    ),
    Unit(
        13,
        "Physics-informed and constrained learning",
        "physics",
        ("PINNs", "data enrichment", "neural integrators", "constraints"),
    ),
    Unit(
        14,
        "Explainability, limits, scientific trust",
        "explain",
        ("Shapley values", "LIME", "integrated gradients", "sensitivity", "causality", "fairness"),
    ),
)


def find(number: int) -> Unit:
    """Return the unit with this number, or raise ValueError."""
    if not isinstance(number, int) or not 1 <= number <= len(UNITS):
        raise ValueError(f"there is no unit {number!r}: the course has units 1 to {len(UNITS)}")
    return UNITS[number - 1]


def load(number: int) -> ModuleType:
    """Import a unit's package; raise ValueError if this version does not hold it yet."""
    unit = find(number)
    name = f"mfml.{unit.package}"
    if find_spec(name) is None:
        raise ValueError(f"unit {number} ({name}) is not part of this version yet")
    return import_module(name)
