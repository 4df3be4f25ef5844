r"""One pass of Lloyd's iteration over the data. Shapes: n samples, d features, k clusters, b blocks of s samples.

A matrix product about an origin amid the samples finds the nearest centroids and the sums of clusters. Both lose digits
where clusters are much smaller than the distances between them. A bound says where this matters. Only then the pass is
done again from differences between the samples as they are and the centroids, which round nothing but themselves.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from mfml.clustering import blocks
from mfml.clustering.blocks import Blocks
from mfml.entrance import public
from mfml.numerics import branches, distances, nearest, sums
from mfml.numerics.absent import present
from mfml.xla import rewrite

BLOCK = 1024  # samples per block: the tables of a pass stay in the cache


class Data(NamedTuple):
    """Samples whose squares neither overflow nor underflow, as they are and prepared for products."""

    x: Float[Array, "n d"]
    weights: Float[Array, " n"] | None
    origin: Float[Array, " d"]  # their mean
    about: Blocks  # (x, 1, |x|^2) about the origin, features first; weights in the place of `valid`
    longest: Float[Array, ""]  # largest squared length about the origin
    variance: Float[Array, ""]  # mean over the features


class Pass(NamedTuple):
    """What depends on the centroids."""

    means: Float[Array, "k d"]  # of the samples nearest to each centroid; the centroid itself if there are none
    counts: Float[Array, " k"]  # number of samples nearest to each centroid, or the sum of their weights
    inertia: Float[Array, ""]  # sum of squared distances to the nearest centroid
    within: Float[Array, " k"]  # variance of each cluster, mean over the features; 0 where it is not needed
    rounding: Float[Array, " k"]  # squared error of the means by rounding
    unclear: Bool[Array, ""]  # whether differences were needed


@public
@jax.jit
def prepared(x: Float[Array, "n d"], *, weights: Float[Array, " n"] | None = None) -> Data:
    """Prepare samples for many passes.

    Raises:
        ValueError: unless x has two nonempty axes.

    >>> prepared(jnp.array([[0.0], [2.0]])).about.x.tolist()
    [[[-1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]]
    """
    x = present(weights, x)
    origin = lax.stop_gradient(sums.mean(x, weights=weights))
    about = blocks.split(distances.raised(rewrite.stored(x - origin)), size=BLOCK)
    if weights is not None:
        about = about._replace(valid=blocks.split(weights[:, None], size=BLOCK).x[:, 0])
    lengths = about.x[:, -1]
    variance = jnp.sum(lengths * about.valid) / jnp.sum(about.valid) / x.shape[1]
    return Data(x, weights, origin, about, jnp.max(lengths), variance)


@public
@partial(jax.jit, static_argnames="careful")
def one_pass(data: Data, centroids: Float[Array, "k d"], *, careful: bool = True) -> Pass:
    """Assign all samples to their nearest centroid, and add up the samples of each.

    Without care, differences are not used: where the result is unclear, it may be wrong. The option is static.

    >>> found = one_pass(prepared(jnp.array([[0.0], [2.0], [8.0]])), jnp.array([[0.0], [9.0]]))
    >>> found.means.tolist(), found.counts.tolist(), round(found.inertia.item(), 4)
    ([[1.0], [8.0]], [2.0, 1.0], 5.0)
    """
    quick = _by_products(data, centroids)
    if not careful:
        return quick
    return branches.if_needed(quick.unclear, partial(_by_differences, data), centroids, quick)


@public
@partial(jax.jit, static_argnames="careful")
def labels(
    data: Data, centroids: Float[Array, "k d"], *, unclear: Bool[Array, ""], careful: bool = True
) -> Int[Array, " n"]:
    """Number of the nearest centroid of each sample; `unclear` and `careful` are those of `one_pass` for them.

    >>> labels(prepared(jnp.array([[0.0], [9.0]])), jnp.array([[1.0], [8.0]]), unclear=jnp.array(False)).tolist()
    [0, 1]
    """
    n, size = len(data.x), min(BLOCK, len(data.x))
    made = nearest.centers(centroids - data.origin)

    def by_differences(centroids: Array) -> Array:
        def fill(i: Array, label: Array) -> Array:
            at = jnp.minimum(i * size, n - size)
            found = nearest.directly(centroids, lax.dynamic_slice_in_dim(data.x, at, size).T)[0]
            return lax.dynamic_update_slice_in_dim(label, found, at, 0)

        return lax.fori_loop(0, -(-n // size), fill, jnp.zeros_like(data.x[:, 0]))

    quick = blocks.join(lax.map(lambda block: nearest.preselected(made, block)[0], data.about.x), n)
    found = branches.if_needed(unclear, by_differences, centroids, quick) if careful else quick
    return nearest.known(found, len(centroids))


def _by_products(data: Data, centroids: Array) -> Pass:
    k, d = centroids.shape
    rows = jnp.arange(k, dtype=centroids.dtype)[:, None]
    made = nearest.centers(centroids - data.origin)

    def add(total: tuple[sums.Total, sums.Total, Array], block: Blocks) -> tuple[tuple, None]:
        label, squared = nearest.preselected(made, block.x)
        member = (label == rows).astype(centroids.dtype)  # what fills the last block is zero, and adds nothing
        if data.weights is not None:
            member = member * block.valid
        part = lax.dot_general(member, block.x, (((1,), (1,)), ((), ())))
        least = jnp.min(jnp.where(block.valid > 0, squared, jnp.inf))
        inertia = sums.plus(total[1], jnp.sum(squared * block.valid))
        return (sums.plus(total[0], part), inertia, jnp.minimum(total[2], least)), None

    zero = jnp.zeros((), centroids.dtype)
    start = sums.nothing(jnp.zeros((k, d + 2), zero.dtype)), sums.nothing(zero), zero + jnp.inf
    (found, inertia, least), _ = lax.scan(add, start, data.about)
    counts = found.value[:, d]
    mean = found.value / jnp.where(counts > 0, counts, 1)[:, None]
    about, spread = mean[:, :d], mean[:, d + 1] - jnp.sum(mean[:, :d] ** 2, axis=1)
    means = jnp.where(counts[:, None] > 0, about + data.origin, centroids)
    bound = distances.rounding(d, zero.dtype) * (data.longest + made.largest)
    several = counts > (1 if data.weights is None else 0)
    lost = jnp.any(several & (spread < 4 * bound))  # then means about a far origin have few digits
    all_in_all = inertia.value / data.about.valid.sum()
    unclear = lost | nearest.is_unclear(made, least=least, mean=all_in_all, longest=data.longest)
    rounding = _squared_rounding(centroids) * (jnp.sum(centroids**2, axis=1) + data.longest)
    return Pass(means, counts, inertia.value, jnp.zeros_like(rounding), rounding, unclear)


def _by_differences(data: Data, centroids: Array) -> Pass:
    (n, d), k = data.x.shape, len(centroids)
    size = min(BLOCK, n)
    rows = jnp.arange(k, dtype=centroids.dtype)[:, None]

    def add(total: sums.Total, i: Array) -> tuple[sums.Total, None]:
        at = jnp.minimum(i * size, n - size)  # the last block begins earlier, and leaves out what was added before
        x = lax.dynamic_slice_in_dim(data.x, at, size).T
        weight = (at + jnp.arange(size) >= i * size).astype(x.dtype)
        if data.weights is not None:
            weight = weight * lax.dynamic_slice_in_dim(data.weights, at, size)
        label, squared = nearest.directly(centroids, x)
        member = (label == rows).astype(x.dtype)
        apart = x - distances.product(centroids.T, member)
        terms = jnp.concatenate([apart, jnp.ones_like(squared)[None], squared[None]])
        return sums.plus(total, distances.product(member * weight, terms.T)), None

    none = sums.nothing(jnp.zeros((k, d + 2), centroids.dtype))
    found, _ = lax.scan(add, none, jnp.arange(-(-n // size)))
    counts, squared = found.value[:, d], found.value[:, d + 1]
    mean = found.value / jnp.where(counts > 0, counts, 1)[:, None]
    rounding = _squared_rounding(centroids) * (jnp.sum(centroids**2, axis=1) + mean[:, -1])
    return Pass(centroids + mean[:, :d], counts, squared.sum(), mean[:, -1] / d, rounding, jnp.ones((), bool))


def _squared_rounding(like: Array) -> float:
    return float(jnp.finfo(like.dtype).eps) ** 2
