r"""Fuzzy graphs: links to neighbors with strengths from 0 to 1. Shapes: n samples, k neighbors.

Each sample i has links to its neighbors with memberships $\exp(-\max(0, d_{ij} - \rho_i) / \sigma_i)$, and two
opposite links combine into one of weight $w_{ij}$, the probability that at least one of them exists.
"""

from functools import partial
from math import log2
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.representation import affinities
from mfml.representation.affinities import Links
from mfml.representation.neighbors import Neighbors

NEAREST = 1e-3  # sigma is at least this fraction of the mean distance


class Memberships(NamedTuple):
    """Strengths of the links of each sample to its neighbors."""

    weights: Float[Array, "n k"]  # 0 to 1; 1 for the nearest
    rho: Float[Array, " n"]  # smallest positive distance
    sigma: Float[Array, " n"]  # width, in units of the distances


class Graph(NamedTuple):
    """The fuzzy union of all links."""

    out: Links  # half of each w_ij, seen from i
    back: Links  # the other half, seen from j
    degree: Float[Array, " n"]  # sum_j w_ij


@public
@partial(jax.jit, static_argnames="max_iter")
def memberships(distances: Float[Array, "n k"], *, max_iter: int = 64) -> Memberships:
    r"""$w_j = \exp(-\max(0, d_j - \rho) / \sigma)$ with $\sum_j w_j = \log_2 (k + 1)$, row by row.

    $\rho$ is the smallest positive distance of the row. $\sigma$ is found by bisection and is at least 1e-3 of the mean
    distance of the row, or of the table if the row is 0. The sum has k + 1 because UMAP's `n_neighbors` counts the
    sample itself. No gradient flows through the search.

    Raises:
        ValueError: unless `distances` has two nonempty axes, and max_iter >= 1.

    Source: McInnes, Healy and Melville (2018), arXiv:1802.03426, algorithms 2 and 3.

    >>> found = memberships(jnp.array([[1.0, 2.0, 3.0]]))
    >>> round(found.weights.sum().item(), 3), found.rho.item()
    (2.0, 1.0)
    """
    require.rank("distances", distances, 2)
    require.that(distances.size > 0, f"distances must not be empty; found shape {distances.shape}")
    require.positive("max_iter", max_iter)
    table = lax.stop_gradient(distances)
    rho = jnp.min(jnp.where(table > 0, table, jnp.inf), axis=1)
    rho = jnp.where(jnp.isfinite(rho), rho, 0)
    beyond = jnp.maximum(table - rho[:, None], 0)
    mean = table.mean(axis=1)
    mean = jnp.where(rho > 0, mean, table.mean())
    wanted = log2(table.shape[1] + 1)

    def halve(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
        sigma, low, high = carry
        wide = jnp.exp(-beyond / sigma[:, None]).sum(axis=1) > wanted
        low, high = jnp.where(wide, low, sigma), jnp.where(wide, sigma, high)
        return (jnp.where(jnp.isinf(high), 2 * sigma, (low + high) / 2), low, high), None

    scale = jnp.where(mean > 0, mean, 1)
    start = (scale, jnp.zeros_like(scale), jnp.full_like(scale, jnp.inf))
    (sigma, _, _), _ = lax.scan(halve, start, length=max_iter)
    sigma = jnp.maximum(jnp.where(jnp.isfinite(sigma), sigma, scale), NEAREST * scale)
    return Memberships(jnp.exp(-beyond / sigma[:, None]), rho, sigma)


@public
def union(forth: ArrayLike, back: ArrayLike) -> Array:
    """Fuzzy union of two opposite links: u + v - u v, the probability that at least one of them exists.

    >>> union(0.5, 0.5)
    Array(0.75, dtype=float32, weak_type=True)
    """
    return jnp.add(forth, back) - jnp.multiply(forth, back)


@public
@jax.jit
def graph(found: Neighbors) -> Graph:
    """Combine the links of all samples into a symmetric graph.

    >>> near = Neighbors(jnp.array([[1], [0], [1]]), jnp.array([[1.0], [1.0], [2.0]]))
    >>> graph(near).degree.tolist()
    [1.0, 2.0, 1.0]
    """
    forth = memberships(found.distances).weights
    # two opposite links share the product that their union subtracts
    halves = forth - forth * affinities.reverse(found.indices, forth) / 2
    out, back = affinities.links(found.indices, halves)
    incoming = jnp.zeros(len(halves), halves.dtype).at[back.heads].add(back.weights.sum(axis=1))
    return Graph(out, back, out.weights.sum(axis=1) + incoming)
