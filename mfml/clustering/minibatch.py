"""k-means from small batches, for data too large to pass over often. Shapes: n samples, d features, k clusters."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.clustering import kmeans, seeding


class State(NamedTuple):
    """Where the iteration is."""

    centroids: Float[Array, "k d"]
    counts: Float[Array, " k"]  # samples that each centroid has seen


class MiniBatchKMeans(NamedTuple):
    """Fitted clusters, ordered as in `kmeans`."""

    centroids: Float[Array, "k d"]
    labels: Int[Array, " n"]  # nearest centroid of each training sample
    inertia: Float[Array, ""]  # sum of squared distances to the nearest centroid, squared units of x
    history: Float[Array, " steps"]  # mean squared distance within each batch, before its step


def init(centroids: Float[Array, "k d"]) -> State:
    """Start from these centroids; the first sample of a cluster will replace its centroid.

    >>> init(jnp.zeros((2, 1))).counts.tolist()
    [0.0, 0.0]
    """
    return State(centroids, jnp.zeros_like(centroids[:, 0]))


def step(state: State, batch: Float[Array, "s d"]) -> State:
    r"""Move each centroid to the mean of all samples it was given so far, this batch included.

    $\mu_j \leftarrow \mu_j + (\sum_{i \in j} x_i - m_j \mu_j) / (N_j + m_j)$ with $m_j$ samples of this batch
    and $N_j$ before it: a learning rate that falls like 1/N for each centroid of its own. A centroid without
    samples in the batch stays.

    Raises:
        ValueError: where shapes do not fit.

    Source: Sculley (2010), Web-scale k-means clustering, algorithm 1.

    >>> first = step(init(jnp.array([[0.0], [9.0]])), jnp.array([[1.0], [3.0]]))
    >>> step(first, jnp.array([[5.0]])).centroids.tolist()
    [[3.0], [9.0]]
    """
    labels = kmeans.assign(batch, state.centroids)
    member = jax.nn.one_hot(labels, len(state.centroids), dtype=batch.dtype, axis=0)
    new = member.sum(axis=1)
    counts = state.counts + new
    pull = member @ batch - new[:, None] * state.centroids
    return State(state.centroids + pull / jnp.maximum(counts, 1)[:, None], counts)


@partial(jax.jit, static_argnames=("n_clusters", "batch_size", "max_iter", "init_size"))
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_clusters: int,
    batch_size: int = 1024,
    max_iter: int = 10,
    init_size: int | None = None,
) -> MiniBatchKMeans:
    """Find k centroids from batches drawn at random, with replacement.

    `max_iter` counts passes: as many samples are drawn as it takes to see each of them max_iter times on
    average. The start is k-means++ on `init_size` random samples (3 batches, and at least 3 k, if left out).
    No test of convergence; the inertia comes within a few per cent of that of `kmeans.fit`. All options are
    static.

    Raises:
        ValueError: unless x has two axes, 1 <= n_clusters <= init_size and n, and sizes are positive.

    Source: Sculley (2010), Web-scale k-means clustering.

    >>> x = jnp.array([[0.0], [0.0], [8.0], [8.0]])
    >>> fit(x, key=jax.random.key(0), n_clusters=2, batch_size=4).centroids.tolist()
    [[0.0], [8.0]]
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must have samples and features; found shape {x.shape}")
    require.between("n_clusters", n_clusters, 1, len(x))
    require.positive("batch_size", batch_size)
    require.positive("max_iter", max_iter)
    n = len(x)
    size = min(n, max(3 * batch_size, 3 * n_clusters) if init_size is None else init_size)
    for_sample, for_start, for_batches = jax.random.split(key, 3)
    sample = x[jax.random.permutation(for_sample, n)[:size]]
    start = init(seeding.plus_plus(sample, key=for_start, n_clusters=n_clusters))

    def advance(state: State, key: Array) -> tuple[State, Array]:
        batch = x[jax.random.randint(key, (min(batch_size, n),), 0, n)]
        distance = jnp.sum((batch - state.centroids[kmeans.assign(batch, state.centroids)]) ** 2, axis=1)
        return step(state, batch), distance.mean()

    n_steps = max_iter * -(-n // batch_size)
    state, history = lax.scan(advance, start, jax.random.split(for_batches, n_steps))
    centroids = state.centroids[kmeans.ordered(state.centroids)]
    labels = kmeans.assign(x, centroids)
    return MiniBatchKMeans(centroids, labels, jnp.sum((x - centroids[labels]) ** 2), history)
