"""Unit 5 against scikit-learn and the compiled k-medoids package."""

import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.clustering import distances, gmm, kmeans, kmedoids


def overlapping(n: int, d: int, groups: int, seed: int) -> np.ndarray:
    """Clouds that overlap, so that iterations go on."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(groups, d))[rng.integers(0, groups, n)] + rng.normal(size=(n, d))).astype(np.float32)


def inertia(x: np.ndarray, centroids: np.ndarray) -> float:
    a, c = x.astype(np.float64), np.asarray(centroids, np.float64)
    return float(np.sum(np.min((a**2).sum(1)[:, None] - 2 * a @ c.T + (c**2).sum(1), axis=1)))


def k_means(n_init: int, n: int = 100_000, d: int = 20, k: int = 20) -> Pair:
    from sklearn.cluster import KMeans

    x = overlapping(n, d, 30, 0)
    ours, key = jnp.asarray(x), jax.random.key(0)
    theirs = KMeans(k, n_init=n_init, max_iter=50, tol=0.0, random_state=0)

    def peer():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return theirs.fit(x)

    return Pair(
        ours=lambda: kmeans.fit(ours, key=key, n_clusters=k, n_init=n_init, max_iter=50, tol=0.0),
        theirs=peer,
        loss_of_ours=lambda model: inertia(x, model.centroids),
        loss_of_theirs=lambda model: inertia(x, model.cluster_centers_),
        slack=0.01,
    )


def mixture(n: int = 50_000, d: int = 10, k: int = 8) -> Pair:
    from sklearn.mixture import GaussianMixture

    x = overlapping(n, d, k, 1)
    start = x[np.random.default_rng(2).permutation(n)[:k]]
    ours, nothing = jnp.asarray(x), 0.0
    unit = np.broadcast_to(np.eye(d, dtype=np.float32), (k, d, d))
    weights = np.full(k, 1 / k, np.float32)
    begin = gmm.Mixture(jnp.asarray(weights), jnp.asarray(start), jnp.asarray(unit))
    theirs = GaussianMixture(
        k, max_iter=50, tol=nothing, weights_init=weights, means_init=start, precisions_init=unit, random_state=0
    )

    def peer():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return theirs.fit(x)

    return Pair(
        ours=lambda: gmm.fit(ours, init=begin, max_iter=50, tol=nothing),
        theirs=peer,
        loss_of_ours=lambda model: -float(gmm.score(model, ours)),
        loss_of_theirs=lambda model: -float(model.score(x)),
        slack=1e-4,
    )


def medoids(n: int = 2000, k: int = 10) -> Pair:
    from kmedoids import fasterpam

    x = jnp.asarray(overlapping(n, 20, k, 3))
    table = distances.euclidean(x, x) * (1 - jnp.eye(n))
    plain, key = np.asarray(table), jax.random.key(0)

    def loss(chosen):
        return float(plain[np.asarray(chosen)].astype(np.float64).min(axis=0).sum())

    return Pair(
        ours=lambda: kmedoids.fit(table, key=key, n_clusters=k),
        theirs=lambda: fasterpam(plain, k, random_state=0, init="random"),
        loss_of_ours=lambda model: loss(model.medoids),
        loss_of_theirs=lambda model: loss(model.medoids),
        slack=0.01,
    )


ROWS = [
    Row(
        "5.kmeans 100000x20, k=20, 50 iterations",
        "KMeans(n_init=1, max_iter=50, tol=0)",
        partial(k_means, 1),
        note="loss: inertia; each side draws its own start by k-means++",
    ),
    Row(
        "5.kmeans 100000x20, k=20, 10 restarts",
        "KMeans(n_init=10, max_iter=50, tol=0)",
        partial(k_means, 10),
        note="loss: inertia; ours runs the ten starts side by side",
    ),
    Row(
        "5.gmm full 50000x10, k=8, 50 iterations",
        "GaussianMixture(max_iter=50, tol=0)",
        mixture,
        note="loss: minus the mean log-likelihood; both sides from the same start",
    ),
    Row(
        "5.kmedoids 2000, k=10",
        "kmedoids.fasterpam(init='random')",
        medoids,
        note="loss: sum of distances; the peer is compiled Rust",
    ),
]
