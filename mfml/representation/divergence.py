r"""The objective of t-SNE and its gradient. Shapes: n samples, d features, k coordinates of the embedding.

P describes the neighborhoods of the samples (`affinities`). Those of the embedding y are described by

$$q_{ij} = \frac{(1 + \|y_i - y_j\|^2)^{-1}}{Z}, \qquad Z = \sum_{k \ne l} (1 + \|y_k - y_l\|^2)^{-1}$$

The objective is $\mathrm{KL}(P \| Q) = \sum_{i \ne j} p_{ij} \ln (p_{ij} / q_{ij})$, in nats. It is the cross-entropy
$-\sum p_{ij} \ln q_{ij}$ minus the entropy of P, which is constant. P is either a table of all pairs or `Sparse`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances
from mfml.representation import affinities, neighbors, repulsion
from mfml.representation.affinities import Links
from mfml.representation.repulsion import Kernel
from mfml.xla import rewrite


class Sparse(NamedTuple):
    """P restricted to neighbors; 0 for all other pairs."""

    out: Links  # half of each p_ij, seen from i
    back: Links  # the other half, seen from j
    entropy: Float[Array, ""]  # -sum p ln p, in nats


@public
@jax.jit
def probabilities(x: Float[Array, "n d"], *, perplexity: ArrayLike = 30.0) -> Float[Array, "n n"]:
    """P of all pairs: `affinities.joint` of `affinities.conditional`; the diagonal is 0.

    Raises:
        ValueError: unless x has two axes and at least two samples.

    >>> p = probabilities(jnp.array([[0.0], [1.0], [5.0]]), perplexity=1.5)
    >>> round(float(p.sum()), 4), bool(p[0, 1] > p[0, 2])
    (1.0, True)
    """
    require.rank("x", x, 2)
    require.that(len(x) >= 2, f"x must have at least two samples; found {len(x)}")
    x = x / distances.unit(x)
    others = jnp.where(jnp.eye(len(x), dtype=bool), jnp.inf, distances.squared(x, x))
    return affinities.joint(affinities.conditional(others, perplexity=perplexity).p)


@public
@jax.jit
def kl_divergence(p: Float[Array, "n n"], y: Float[Array, "n k"]) -> Float[Array, ""]:
    r"""$\mathrm{KL}(P \| Q) = \sum_{i \ne j} p_{ij} \ln (p_{ij} / q_{ij})$ in nats; $0 \ln 0 = 0$.

    Raises:
        ValueError: unless p is square, with one row per row of y.

    Source: van der Maaten and Hinton (2008), JMLR 9, section 3.

    >>> p = jnp.array([[0.0, 0.5], [0.5, 0.0]])
    >>> abs(round(float(kl_divergence(p, jnp.array([[0.0, 0.0], [3.0, 0.0]]))), 4))
    0.0
    """
    _check(p, y)
    squared = distances.squared(y, y)
    z = jnp.sum(jnp.where(jnp.eye(len(y), dtype=bool), 0, 1 / (1 + squared)))
    held = p > 0
    log_p = jnp.log(jnp.where(held, p, 1))
    return jnp.sum(jnp.where(held, p * (log_p + jnp.log1p(squared)), 0)) + jnp.log(z) * jnp.sum(p)


@public
@jax.jit
def gradient(p: Float[Array, "n n"], y: Float[Array, "n k"], *, exaggeration: ArrayLike = 1.0) -> Float[Array, "n k"]:
    r"""$4 \sum_j (a\, p_{ij} - q_{ij}) (1 + \|y_i - y_j\|^2)^{-1} (y_i - y_j)$ with exaggeration a.

    With exaggeration 1, this is the gradient of `kl_divergence`. Coordinates enter by products, so that digits are
    relative to the largest coordinate: samples much closer than that have none left.

    Raises:
        ValueError: unless p is square, with one row per row of y.

    Source: van der Maaten and Hinton (2008), JMLR 9, equation 5.

    >>> p = jnp.array([[0.0, 0.5], [0.5, 0.0]])
    >>> gradient(p, jnp.array([[0.0], [1.0]]), exaggeration=2.0).tolist()
    [[-1.0], [1.0]]
    """
    _check(p, y)
    return _force(p, _near(y), y, exaggeration)


@public
@jax.jit
def cross_entropy_and_gradient(
    p: Float[Array, "n n"], y: Float[Array, "n k"], *, exaggeration: ArrayLike = 1.0
) -> tuple[Float[Array, ""], Float[Array, "n k"]]:
    r"""$-\sum_{i \ne j} p_{ij} \ln q_{ij}$ in nats, and the `gradient`, from one table of distances.

    The entries of P must add up to 1. Exaggeration affects only the gradient.

    Raises:
        ValueError: unless p is square, with one row per row of y.

    >>> p = jnp.array([[0.0, 0.5], [0.5, 0.0]])
    >>> value, slope = cross_entropy_and_gradient(p, jnp.array([[0.0], [1.0]]), exaggeration=2.0)
    >>> round(value.item(), 4), slope.tolist()
    (0.6931, [[-1.0], [1.0]])
    """
    _check(p, y)
    near = rewrite.stored(_near(y))
    # on the diagonal both are 0; the smallest number keeps the logarithm finite there, at no cost
    logarithms = jnp.log(near + jnp.finfo(near.dtype).tiny)
    return jnp.log(near.sum()) - jnp.sum(p * logarithms), _force(p, near, y, exaggeration)


@public
@jax.jit
def sparse_probabilities(found: neighbors.Neighbors, *, perplexity: ArrayLike = 30.0) -> Sparse:
    """P restricted to neighbors.

    >>> x = jnp.array([[0.0], [1.0], [5.0]])
    >>> made = sparse_probabilities(neighbors.exact(x, n_neighbors=2), perplexity=1.5)
    >>> bool(abs(made.out.weights.sum() + made.back.weights.sum() - 1) < 1e-5)
    True
    """
    out, back = affinities.sparse_joint(found, perplexity=perplexity)
    other = affinities.reverse(found.indices, out.weights)
    p = out.weights + other
    counted = jnp.where(other > 0, 1, 2)  # a link without its reverse counts for both orders of the pair
    terms = jnp.where(p > 0, p * jnp.log(jnp.where(p > 0, p, 1)), 0)
    return Sparse(out, back, -jnp.sum(counted * terms))


@public
def sparse_kl_divergence(sparse: Sparse, made: tuple[Kernel, ...], y: Float[Array, "n 2"]) -> Float[Array, ""]:
    """`kl_divergence` of a sparse P, with Z from the grid; `made` is `repulsion.kernels(y)`.

    >>> x = jax.random.normal(jax.random.key(0), (20, 3))
    >>> sparse = sparse_probabilities(neighbors.exact(x, n_neighbors=19), perplexity=5.0)
    >>> needed = kl_divergence(probabilities(x, perplexity=5.0), x[:, :2])
    >>> bool(abs(sparse_kl_divergence(sparse, repulsion.kernels(x[:, :2]), x[:, :2]) - needed) < 1e-3)
    True
    """
    return sparse_cross_entropy_and_gradient(sparse, made, y)[0] - sparse.entropy


@public
def sparse_gradient(
    sparse: Sparse, made: tuple[Kernel, ...], y: Float[Array, "n 2"], *, exaggeration: ArrayLike = 1.0
) -> Float[Array, "n 2"]:
    """`gradient` of a sparse P, with the repulsion from the grid; `made` is `repulsion.kernels(y)`.

    >>> x = jax.random.normal(jax.random.key(0), (20, 3))
    >>> sparse = sparse_probabilities(neighbors.exact(x, n_neighbors=19), perplexity=5.0)
    >>> needed = gradient(probabilities(x, perplexity=5.0), x[:, :2])
    >>> found = sparse_gradient(sparse, repulsion.kernels(x[:, :2]), x[:, :2])
    >>> bool(jnp.linalg.norm(found - needed) < 1e-2 * jnp.linalg.norm(needed))
    True
    """
    return sparse_cross_entropy_and_gradient(sparse, made, y, exaggeration=exaggeration)[1]


@public
@jax.jit
def sparse_cross_entropy_and_gradient(
    sparse: Sparse, made: tuple[Kernel, ...], y: Float[Array, "n 2"], *, exaggeration: ArrayLike = 1.0
) -> tuple[Float[Array, ""], Float[Array, "n 2"]]:
    """`cross_entropy_and_gradient` of a sparse P, both from the same repulsion; `made` is `repulsion.kernels(y)`.

    >>> x = jax.random.normal(jax.random.key(0), (20, 3))
    >>> sparse = sparse_probabilities(neighbors.exact(x, n_neighbors=19), perplexity=5.0)
    >>> needed = cross_entropy_and_gradient(probabilities(x, perplexity=5.0), x[:, :2])[0]
    >>> found = sparse_cross_entropy_and_gradient(sparse, repulsion.kernels(x[:, :2]), x[:, :2])[0]
    >>> bool(abs(found - needed) < 1e-3)
    True
    """
    push = repulsion.interpolated(y, made)
    difference = rewrite.stored(_differences(sparse.out, y))
    logarithms = jnp.log(1 + difference.real**2 + difference.imag**2)  # faster than log1p
    value = 2 * jnp.vdot(sparse.out.weights, logarithms) + jnp.log(push.normalizer)
    pull = _attraction(sparse.out, difference, len(y)) + _attraction(sparse.back, _differences(sparse.back, y), len(y))
    return value, 4 * (exaggeration * pull - push.force / push.normalizer)


def _near(y: Float[Array, "n k"]) -> Float[Array, "n n"]:
    """Q without its normalization 1 / Z."""
    return jnp.where(jnp.eye(len(y), dtype=bool), 0, 1 / (1 + distances.squared(y, y)))


def _force(p: Array, near: Array, y: Array, exaggeration: ArrayLike) -> Float[Array, "n k"]:
    pull = (exaggeration * p - near / near.sum()) * near
    return 4 * (pull.sum(axis=1, keepdims=True) * y - pull @ y)


def _differences(links: Links, y: Float[Array, "n 2"]) -> Complex[Array, "r w"]:
    """Differences along links, as complex numbers: one lookup instead of two."""
    z = lax.complex(y[:, 0], y[:, 1])
    return z[links.heads][:, None] - z[links.tails]


def _attraction(links: Links, difference: Complex[Array, "r w"], n: int) -> Float[Array, "n 2"]:
    force = links.weights / (1 + difference.real**2 + difference.imag**2) * difference
    row = force.sum(axis=1)
    total = jnp.zeros(n, row.dtype).at[links.heads].add(row, indices_are_sorted=True)
    return jnp.stack([total.real, total.imag], axis=1)


def _check(p: Array, y: Array) -> None:
    require.square("p", p)
    require.rank("y", y, 2)
    require.same_length(p=p, y=y)
