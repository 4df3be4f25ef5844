"""Unit 5: clustering and autoencoders.

- `kmeans`: Lloyd's iteration, with many starts in parallel.
- `lloyd`: one pass of k-means over the data.
- `seeding`: starting centroids for k-means, such as k-means++.
- `minibatch`: k-means on small batches.
- `kmedoids`: clusters around samples, from dissimilarities alone.
- `gmm`: Gaussian mixtures by expectation maximization.
- `mixture`: Gaussian mixtures as distributions: densities, responsibilities, samples, BIC and AIC.
- `covariances`: full, tied, diagonal and spherical covariances of mixtures.
- `autoencoder`: linear, dense and convolutional autoencoders, plain and denoising.
- `anomaly`: unusual samples by reconstruction error and by distance in latent space.
- `scores`: inertia, silhouette, adjusted Rand index, normalized mutual information.
- `distances`: distances between all pairs by one matrix product.
- `blocks`: samples in blocks that fit the cache.

`autoencoder` trains with `optax`, so it is loaded on first use.
"""

from importlib import import_module
from types import ModuleType

from mfml.clustering import (
    anomaly,
    blocks,
    covariances,
    distances,
    gmm,
    kmeans,
    kmedoids,
    lloyd,
    minibatch,
    mixture,
    scores,
    seeding,
)

__all__ = [
    "anomaly",
    "autoencoder",
    "blocks",
    "covariances",
    "distances",
    "gmm",
    "kmeans",
    "kmedoids",
    "lloyd",
    "minibatch",
    "mixture",
    "scores",
    "seeding",
]


def __getattr__(name: str) -> ModuleType:
    """Load `autoencoder` on first use."""
    if name == "autoencoder":
        return import_module("mfml.clustering.autoencoder")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
