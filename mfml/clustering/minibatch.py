"""k-means on small batches, for data too large for many passes. Shapes: n samples, d features, k clusters."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.clustering import kmeans, seeding
from mfml.entrance import public
from mfml.numerics import distances, nearest, scaling
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked


class State(NamedTuple):
    """State of the iteration."""

    centroids: Float[Array, "k d"]
    counts: Float[Array, " k"]  # number of samples of each centroid so far, rounded from 2^24 on


class MiniBatchKMeans(NamedTuple):
    """Fitted clusters, ordered as in `kmeans`."""

    centroids: Float[Array, "k d"]
    labels: Int[Array, " n"]  # nearest centroid of each training sample
    inertia: Float[Array, ""]  # (weighted) sum of squared distances to the nearest centroid, squared units of x
    history: Float[Array, " steps"]  # mean squared distance of each batch before its step; last: of all samples
    n_iter: Int[Array, ""]  # number of steps
    converged: Bool[Array, ""]  # always False: there is no test of convergence
    status: Int[Array, ""]  # how it ended, see `mfml.iteration`


@public
def init(centroids: Float[Array, "k d"]) -> State:
    """Start from these centroids; the first samples of a cluster will replace its centroid.

    >>> init(jnp.zeros((2, 1))).counts.tolist()
    [0.0, 0.0]
    """
    return State(centroids, jnp.zeros_like(centroids[:, 0]))


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def step(state: State, batch: Float[Array, "s d"], *, weights: Float[Array, " s"] | None = None) -> State:
    r"""Move each centroid to the mean of all its samples so far, including those of this batch.

    $\mu_j \leftarrow \mu_j + (\sum_{i \in j} x_i - m_j \mu_j) / (N_j + m_j)$ with $m_j$ samples of this batch and $N_j$
    before it. Each centroid thus has its own learning rate, which decays like 1/N. A centroid without samples in the
    batch does not move. With weights, each sample counts as often as its weight says.

    Raises:
        ValueError: if shapes do not match; for negative weights.

    Source: Sculley (2010), Web-scale k-means clustering, algorithm 1.

    >>> first = step(init(jnp.array([[0.0], [9.0]])), jnp.array([[1.0], [3.0]]))
    >>> step(first, jnp.array([[5.0]])).centroids.tolist()
    [[3.0], [9.0]]
    """
    require.same_length(batch=batch, weights=weights)
    moved = _step(state, present(weights, batch), weights)[0]
    if weights is None:
        return moved
    return jax.tree.map(partial(jnp.where, jnp.all(weights == 0)), state, moved)  # no samples move nothing


@public
@checked(weights=NON_NEGATIVE)
def fit(
    x: Float[Array, "n d"],
    *,
    weights: Float[Array, " n"] | None = None,
    key: Key[Array, ""],
    n_clusters: int | None = None,
    init: str | Float[Array, "k d"] = "k-means++",
    batch_size: int = 1024,
    n_steps: int | None = None,
    init_size: int | None = None,
) -> MiniBatchKMeans:
    """Find k centroids from batches drawn at random, with replacement.

    The inertia is typically within a few percent of that of `kmeans.fit`.

    Args:
        x: samples.
        weights: of the samples, not negative; all 1 by default. Samples are drawn in proportion to them.
        key: for the batches and the start.
        n_clusters: k; static; not needed if `init` holds centroids.
        init: "k-means++" or "random", see `seeding.choose`, both static; or the centroids to start from.
        batch_size: samples per batch; static.
        n_steps: number of batches; static; by default, each sample is drawn ten times on average.
        init_size: number of random samples from which the start is chosen; static; by default three batches, but at
            least 3 k samples.

    Raises:
        ValueError: unless x has two axes, 1 <= n_clusters <= min(init_size, n), the sizes are positive, `init` is
            known or has the features of x, and no weight is negative.

    Source: Sculley (2010), Web-scale k-means clustering.

    >>> x = jnp.array([[0.0], [0.0], [8.0], [8.0]])
    >>> fit(x, key=jax.random.key(0), n_clusters=2, batch_size=4).centroids.tolist()
    [[0.0], [8.0]]
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must have samples and features; found shape {x.shape}")
    require.positive("batch_size", batch_size)
    require.same_length(x=x, weights=weights)
    n = len(x)
    n_steps = 10 * -(-n // batch_size) if n_steps is None else n_steps
    require.positive("n_steps", n_steps)
    for_sample, for_start, for_batches = jax.random.split(key, 3)
    size = max(3 * batch_size, 3 * (n_clusters or 1)) if init_size is None else init_size
    size = min(n, size) if weights is None else size  # without weights no sample is drawn twice
    sample = _sample(x, for_sample, weights, size=size) if isinstance(init, str) else x
    start = seeding.starts(sample, key=for_start, n_clusters=n_clusters, init=init)[0]
    return _fit(x, start, for_batches, weights, batch_size=min(batch_size, n), n_steps=n_steps)


@partial(jax.jit, static_argnames="size")
def _sample(x: Array, key: Array, weights: Array | None, *, size: int) -> Array:
    if weights is None:
        return x[jax.random.permutation(key, len(x))[:size]]
    return x[_drawn(key, jnp.cumsum(weights / scaling.unit(weights)), size)]


def _drawn(key: Array, cumulated: Array, size: int) -> Array:
    """Indices in proportion to weights, with replacement; a sample of weight 0 changes no other draw."""
    uniform = jax.random.uniform(key, (size,), cumulated.dtype) * cumulated[-1]
    # the product may round up to the total, which stands for the last positive weight
    last = jnp.searchsorted(cumulated, cumulated[-1], side="left")
    return jnp.minimum(jnp.searchsorted(cumulated, uniform, side="right"), last)


@partial(jax.jit, static_argnames=("batch_size", "n_steps"))
def _fit(
    x: Array, start: Array, key: Array, weights: Array | None, *, batch_size: int, n_steps: int
) -> MiniBatchKMeans:
    n, size = len(x), jnp.ones((), x.dtype) if weights is None else scaling.unit(weights)
    shares = jnp.ones((n,), x.dtype) if weights is None else weights / size
    cumulated = jnp.cumsum(shares)
    there = present(weights, x)  # an absent sample may set a scale in which the others are alike
    start = jnp.where(jnp.any(shares > 0), start, jnp.nan)
    unit = distances.unit(there)
    x, there, start = x / unit, there / unit, start / unit

    def advance(state: State, key: Array) -> tuple[State, Array]:
        if weights is None:
            return _step(state, x[jax.random.randint(key, (batch_size,), 0, n)], unit=1.0)
        return _step(state, x[_drawn(key, cumulated, batch_size)], unit=1.0)

    state, of_batches = lax.scan(advance, init(start), jax.random.split(key, n_steps))
    centroids = state.centroids[kmeans.ordered(state.centroids)]
    labels = kmeans.assign(there, centroids)
    total = jnp.sum(shares * distances.to_own(there, centroids, labels))
    history = jnp.append(of_batches, total / shares.sum()) * unit * unit
    if weights is not None:
        labels = jnp.where(weights > 0, labels, kmeans.assign(x, centroids))
    inertia = total * unit * size * unit  # in this order weights make up for tiny squares
    return MiniBatchKMeans(centroids * unit, labels, inertia, *iteration.finished(history))


def _step(
    state: State, batch: Array, weights: Array | None = None, *, unit: float | None = None
) -> tuple[State, Array]:
    """The next state, and the mean squared distance of the batch before the step."""
    label, squared, size = nearest.of_rows(batch, state.centroids, unit=unit)
    member = jax.nn.one_hot(label, len(state.centroids), dtype=batch.dtype, axis=0)
    member = member if weights is None else weights * member
    new = member.sum(axis=1)
    counts = state.counts + new
    pull = member @ (batch - state.centroids[label])
    moved = state.centroids + pull / jnp.where(counts > 0, counts, 1)[:, None]
    return State(moved, counts), squared.mean() * size * size
