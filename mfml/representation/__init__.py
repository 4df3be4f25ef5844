"""Unit 9: representation.

- `neighbors`: exact nearest neighbors by matrix products.
- `nn_descent`: approximate nearest neighbors by random trees and neighbors of neighbors.
- `affinities`: perplexity and the probabilities of t-SNE; sparse graphs.
- `repulsion`: repulsive forces between all pairs of points, computed on a grid.
- `divergence`: the objective of t-SNE and its gradient.
- `tsne`: t-SNE, with all pairs or at a cost linear in the number of samples.
- `fuzzy`: memberships of neighbors and the fuzzy graph.
- `umap`: UMAP: fuzzy graph, spectral start, layout with negative samples.
- `augment`: views of microstructure images.
- `contrastive`: InfoNCE, NT-Xent and SimCLR.
- `probe`: linear probes: multinomial logistic regression on any features.
- `quality`: trustworthiness, continuity, recall, compactness, separation, interpolation.

`contrastive` trains with `optax`, so it is loaded on first use.
"""

from importlib import import_module
from types import ModuleType

from mfml.representation import (
    affinities,
    augment,
    divergence,
    fuzzy,
    neighbors,
    nn_descent,
    probe,
    quality,
    repulsion,
    tsne,
    umap,
)

__all__ = [
    "affinities",
    "augment",
    "contrastive",
    "divergence",
    "fuzzy",
    "neighbors",
    "nn_descent",
    "probe",
    "quality",
    "repulsion",
    "tsne",
    "umap",
]


def __getattr__(name: str) -> ModuleType:
    """Load `contrastive` on first use."""
    if name == "contrastive":
        return import_module("mfml.representation.contrastive")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
