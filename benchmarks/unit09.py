"""Unit 9 against scikit-learn, openTSNE and umap-learn; rows whose peer is not installed are left out."""

import time
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.representation import divergence, neighbors, quality, repulsion, tsne, umap

SIZES = (5000, 10_000, 20_000, 40_000)


def groups(n: int, d: int = 50, seed: int = 0) -> np.ndarray:
    """Overlapping groups, each longer in some directions than in others: like images after PCA."""
    rng = np.random.default_rng(seed)
    centers, fall = rng.normal(size=(20, d)), np.linspace(1.5, 0.3, d)
    shapes = rng.uniform(0.5, 1.5, (20, d))
    member = rng.integers(0, 20, n)
    return ((1.5 * centers[member] + shapes[member] * rng.normal(size=(n, d))) * fall).astype(np.float32)


def quietly(call: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def kl_divergence_to(x: np.ndarray) -> Callable[[Any], float]:
    """KL of an embedding to the same sparse P, with exact neighbors, for both sides."""
    points = jnp.asarray(x)

    @cache  # asked for when all is measured
    def target():
        near = neighbors.exact(points, n_neighbors=90)
        return divergence.sparse_probabilities(near, perplexity=30.0), repulsion.kernels(points[:, :2])

    return lambda y: float(divergence.sparse_kl_divergence(*target(), jnp.asarray(np.asarray(y, np.float32))))


def sklearn_embedding(x: np.ndarray, max_iter: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    return TSNE(init="pca", max_iter=max_iter, random_state=0, n_jobs=2).fit_transform(x)


def open_embedding(x: np.ndarray, max_iter: int) -> np.ndarray:
    import openTSNE

    model = openTSNE.TSNE(
        n_iter=max_iter - 250, negative_gradient_method="fft", neighbors="auto", n_jobs=2, random_state=0
    )
    return np.asarray(quietly(lambda: model.fit(x)))


def umap_embedding(x: np.ndarray, n_epochs: int) -> np.ndarray:
    import umap as peer

    return quietly(lambda: peer.UMAP(n_epochs=n_epochs, random_state=0).fit_transform(x))


def map_by_tsne(peer: Callable[..., np.ndarray], package: str, n: int, max_iter: int) -> Pair:
    __import__(package)
    x = groups(n)
    ours, key, loss = jnp.asarray(x), jax.random.key(0), kl_divergence_to(x)
    return Pair(
        ours=lambda: tsne.fit(ours, key=key, max_iter=max_iter),
        theirs=lambda: peer(x, max_iter),
        loss_of_ours=lambda found: loss(found.embedding),
        loss_of_theirs=loss,
        slack=0.02,
    )


def map_by_umap(n: int, n_epochs: int) -> Pair:
    __import__("umap")
    x = groups(n)
    some = np.random.default_rng(1).permutation(n)[:5000]
    ours, key = jnp.asarray(x), jax.random.key(0)

    def distrust(y):
        return 1 - float(quality.trustworthiness(ours[some], jnp.asarray(np.asarray(y)[some]), n_neighbors=15))

    return Pair(
        ours=lambda: umap.fit(ours, key=key, max_iter=n_epochs),
        theirs=lambda: umap_embedding(x, n_epochs),
        loss_of_ours=lambda found: distrust(found.embedding),
        loss_of_theirs=distrust,
        slack=0.05,
    )


def nearest(n: int = 70_000, k: int = 90) -> Pair:
    from sklearn.neighbors import NearestNeighbors

    x = groups(n)
    ours = jnp.asarray(x)
    return Pair(
        ours=lambda: neighbors.exact(ours, n_neighbors=k),
        theirs=lambda: NearestNeighbors(n_neighbors=k, n_jobs=2).fit(x).kneighbors(),
        loss_of_ours=lambda found: float(np.mean(found.distances, dtype=np.float64)),
        loss_of_theirs=lambda found: float(np.mean(found[0])),
        slack=1e-5,
    )


def growth(ours: Callable[..., Any], theirs: Callable[[np.ndarray], Any], package: str) -> Pair:
    """Time at four sizes; the loss is the exponent fitted to it. Compiled while building the row."""
    __import__(package)
    data = {n: groups(n) for n in SIZES}
    points = {n: jnp.asarray(x) for n, x in data.items()}
    for x in points.values():
        jax.block_until_ready(ours(x, jax.random.key(1)))

    def seconds(call: Callable[[int], Any]) -> list[float]:
        taken = []
        for n in SIZES:
            start = time.perf_counter()
            jax.block_until_ready(call(n))
            taken.append(time.perf_counter() - start)
        return taken

    def exponent(taken: list[float]) -> float:
        return float(np.polyfit(np.log(SIZES), np.log(taken), 1)[0])

    return Pair(
        ours=lambda: seconds(lambda n: ours(points[n], jax.random.key(0))),
        theirs=lambda: seconds(lambda n: theirs(data[n])),
        loss_of_ours=exponent,
        loss_of_theirs=exponent,
        floor=1.5,
    )


KL = "loss: KL to one P from exact neighbors"
TRUST = "loss: 1 - trustworthiness (15 neighbors, 5000 samples)"
GROWTH = f"all of {', '.join(map(str, SIZES))}; loss: fitted exponent of time over n, as good up to 1.5"
ROWS = [
    Row(
        "9.neighbors 70000x50, k=90",
        "NearestNeighbors(n_jobs=2)",
        nearest,
        note="exact; loss: mean distance",
        min_pairs=2,
    ),
    Row(
        "9.tsne 5000x50, 1000 steps",
        "TSNE(init='pca', n_jobs=2)",
        partial(map_by_tsne, sklearn_embedding, "sklearn", 5000, 1000),
        note=KL,
        min_pairs=2,
    ),
    Row(
        "9.tsne 5000x50, 750 steps",
        "openTSNE.TSNE(fft, n_jobs=2)",
        partial(map_by_tsne, open_embedding, "openTSNE", 5000, 750),
        note=KL,
        min_pairs=2,
    ),
    Row(
        "9.tsne 70000x50, 750 steps",
        "openTSNE.TSNE(fft, n_jobs=2)",
        partial(map_by_tsne, open_embedding, "openTSNE", 70_000, 750),
        note=KL,
        min_pairs=1,
    ),
    Row(
        "9.umap 5000x50, 500 epochs",
        "umap.UMAP(random_state=0)",
        partial(map_by_umap, 5000, 500),
        note=TRUST,
        min_pairs=2,
    ),
    Row(
        "9.umap 70000x50, 200 epochs",
        "umap.UMAP(random_state=0)",
        partial(map_by_umap, 70_000, 200),
        note=TRUST,
        min_pairs=1,
    ),
    Row(
        "9.growth tsne",
        "openTSNE.TSNE(fft, n_jobs=2)",
        partial(
            growth,
            lambda x, key: tsne.fit(x, key=key, max_iter=300, neighbor_solver="descent").embedding,
            lambda x: open_embedding(x, 300),
            "openTSNE",
        ),
        note=f"300 steps, {GROWTH}",
        min_pairs=1,
    ),
    Row(
        "9.growth umap",
        "umap.UMAP(random_state=0)",
        partial(
            growth,
            lambda x, key: umap.fit(x, key=key, max_iter=200, neighbor_solver="descent").embedding,
            lambda x: umap_embedding(x, 200),
            "umap",
        ),
        note=f"200 epochs, {GROWTH}",
        min_pairs=1,
    ),
]
