r"""Neighborhoods as probabilities: the P of t-SNE. Shapes: n samples, d features, k neighbors.

Each sample i is the center of a Gaussian. Its width is set by the effective number of neighbors, the perplexity:

$$p_{j|i} \propto \exp(-\beta_i d_{ij}^2), \quad \mathrm{Perp}_i = e^{-\sum_j p_{j|i} \ln p_{j|i}}$$
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances
from mfml.representation.neighbors import Neighbors

WIDTH = 16  # entries per row of incoming links


class Conditional(NamedTuple):
    """Probabilities of neighbors, one row per sample."""

    p: Float[Array, "n k"]  # p(j|i); each row adds up to 1
    beta: Float[Array, " n"]  # 1/(2 sigma^2), in inverse squared units of the distances
    converged: Bool[Array, ""]  # each row has the requested perplexity to a relative 1e-3


class Links(NamedTuple):
    """A weighted graph as rows of links; a node may have several rows."""

    heads: Int[Array, " r"]  # node of each row
    tails: Int[Array, "r w"]  # nodes that it is linked to
    weights: Float[Array, "r w"]  # 0 for empty entries


@public
@partial(jax.jit, static_argnames="max_iter")
def conditional(squared: Float[Array, "n k"], *, perplexity: ArrayLike = 30.0, max_iter: int = 100) -> Conditional:
    r"""Solve $H_i(\beta_i) = \ln \mathrm{Perp}$ for each row by bisection, with the entropy in nats; all rows at once.

    Infinite entries get probability 0: use them on the diagonal of a full table. The bracket for $\ln \beta$ doubles
    outwards until it contains the solution. The perplexity of a row is at most its number of finite entries and at
    least the number of ties for its nearest entry. For a perplexity out of this range, `converged` is False. No
    gradient flows through the search.

    Raises:
        ValueError: unless `squared` has two nonempty axes, and max_iter >= 1.

    Source: van der Maaten and Hinton (2008), JMLR 9, section 2.

    >>> found = conditional(jnp.array([[1.0, 1.0, 4.0]]), perplexity=2.5)
    >>> p = found.p[0]
    >>> round(float(jnp.exp(-jnp.sum(p * jnp.log(p)))), 2)
    2.5
    """
    require.rank("squared", squared, 2)
    require.that(squared.size > 0, f"squared must not be empty; found shape {squared.shape}")
    require.positive("max_iter", max_iter)
    table = lax.stop_gradient(squared)
    known = ~jnp.isnan(table).any(axis=1, keepdims=True)  # a minimum would lose NaN
    above = table - jnp.where(known, table.min(axis=1, keepdims=True), jnp.nan)  # a common offset cancels in p
    finite = jnp.isfinite(above)
    scale = jnp.sum(jnp.where(finite, above, 0), axis=1) / jnp.maximum(finite.sum(axis=1), 1)
    scale = jnp.where(scale > 0, scale, 1)
    above = jnp.where(finite, above / scale[:, None], jnp.inf)
    wanted = jnp.log(jnp.asarray(perplexity, table.dtype))

    def halve(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
        log_beta, low, high = carry
        flat = _entropy(above, jnp.exp(log_beta)) > wanted  # too wide
        low, high = jnp.where(flat, log_beta, low), jnp.where(flat, high, log_beta)
        outwards = log_beta + jnp.where(flat, 1, -1) * (1 + jnp.abs(log_beta))
        inside = jnp.isfinite(low) & jnp.isfinite(high)
        return (jnp.clip(jnp.where(inside, (low + high) / 2, outwards), -60, 60), low, high), None

    start = jnp.zeros_like(scale)
    (log_beta, _, _), _ = lax.scan(halve, (start, start - jnp.inf, start + jnp.inf), length=max_iter)
    beta = jnp.exp(log_beta)
    p = jnp.exp(-above * beta[:, None])
    met = jnp.abs(_entropy(above, beta) - wanted) < 1e-3
    return Conditional(p / p.sum(axis=1, keepdims=True), beta / scale, met.all())


def _entropy(above: Float[Array, "n k"], beta: Float[Array, " n"]) -> Float[Array, " n"]:
    """Entropy in nats of exp(-beta above), normalized: log Z + beta mean(above)."""
    exponent = above * beta[:, None]
    p = jnp.exp(-exponent)
    z = p.sum(axis=1)
    return jnp.log(z) + jnp.sum(jnp.where(p > 0, p * exponent, 0), axis=1) / z


@public
def joint(conditional: Float[Array, "n n"]) -> Float[Array, "n n"]:
    r"""Symmetric probabilities of pairs $p_{ij} = (p_{j|i} + p_{i|j}) / 2n$; they add up to 1.

    Raises:
        ValueError: unless `conditional` is a square matrix.

    Source: van der Maaten and Hinton (2008), JMLR 9, section 3.1.

    >>> joint(jnp.array([[0.0, 1.0], [1.0, 0.0]])).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    require.square("conditional", conditional)
    return (conditional + conditional.T) / (2 * len(conditional))


@public
@jax.jit
def links(indices: Int[Array, "n k"], weights: Float[Array, "n k"]) -> tuple[Links, Links]:
    """A symmetric sparse graph from directed weights: links out of each node, and the same links seen from their ends.

    The weight between nodes i and j is w(i, j) + w(j, i): one entry of the first part and one of the second. Sums over
    the links of a node then run along rows, instead of scattering each link to its end.

    Raises:
        ValueError: unless both have two axes and the same shape.

    >>> out, back = links(jnp.array([[1], [0], [0]]), jnp.array([[1.0], [2.0], [3.0]]))
    >>> float(out.weights.sum()), back.heads[:2].tolist(), back.tails[0, :2].tolist(), back.weights[0, :2].tolist()
    (6.0, [0, 1], [1, 2], [2.0, 3.0])
    """
    require.rank("indices", indices, 2)
    require.same_shape(indices=indices, weights=weights)
    n, k = indices.shape
    ends = indices.reshape(-1)
    ends, order = lax.sort((ends, jnp.arange(n * k)), num_keys=1)
    first = jnp.searchsorted(ends, jnp.arange(n + 1), method="scan_unrolled")
    needed = -(-jnp.diff(first) // WIDTH)  # rows per node
    row_of = jnp.concatenate([jnp.zeros(1, int), jnp.cumsum(needed)])
    n_rows = -(-n * k // WIDTH) + n
    rank = jnp.arange(n * k) - first[ends]
    place = (row_of[ends] + rank // WIDTH) * WIDTH + rank % WIDTH
    tails = jnp.zeros(n_rows * WIDTH, int).at[place].set(order // k).reshape(n_rows, WIDTH)
    incoming = jnp.zeros(n_rows * WIDTH, weights.dtype).at[place].set(weights.reshape(-1)[order])
    heads = jnp.clip(jnp.searchsorted(row_of, jnp.arange(n_rows), side="right", method="scan_unrolled") - 1, 0, n - 1)
    return Links(jnp.arange(n), indices, weights), Links(heads, tails, incoming.reshape(n_rows, WIDTH))


@public
@jax.jit
def reverse(indices: Int[Array, "n k"], weights: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """Weight of each link's reverse: w(j, i) for the link from i to j, 0 if j has no link to i.

    Raises:
        ValueError: unless both have two axes and the same shape.

    >>> reverse(jnp.array([[1], [0], [0]]), jnp.array([[1.0], [2.0], [3.0]])).tolist()
    [[2.0], [1.0], [0.0]]
    """
    require.rank("indices", indices, 2)
    require.same_shape(indices=indices, weights=weights)

    def row(at: tuple[Array, Array]) -> Array:
        own, number = at
        return jnp.sum(jnp.where(indices[own] == number, weights[own], 0), axis=1)

    return lax.map(row, (indices, jnp.arange(len(indices))), batch_size=min(256, len(indices)))


@public
@jax.jit
def sparse_joint(found: Neighbors, *, perplexity: ArrayLike) -> tuple[Links, Links]:
    r"""The P of t-SNE, with 0 between non-neighbors: each part of `links` holds half of $p_{j|i} / n$.

    Raises:
        ValueError: as `conditional`.

    >>> near = Neighbors(jnp.array([[1, 2], [0, 2], [1, 0]]), jnp.array([[1.0, 3.0], [1.0, 2.0], [2.0, 3.0]]))
    >>> out, back = sparse_joint(near, perplexity=1.5)
    >>> round(float(out.weights.sum() + back.weights.sum()), 4)
    1.0
    """
    made = conditional((found.distances / distances.unit(found.distances)) ** 2, perplexity=perplexity)
    return links(found.indices, made.p / (2 * len(made.p)))
