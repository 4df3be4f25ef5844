r"""What one question of a tree does to the Shapley values of many samples at once.

A leaf counts for a sample only if all of its questions are answered its way. Let a feature of the path be known with
probability t, independently of the others. The sample follows the path for this feature with o = 1 or 0; where the
feature is not known, the path is followed with share z. Then the leaf of value v counts $v \prod_j w_j(t)$ with
$w_j = t o_j + (1 - t) z_j$, and its Shapley values are

$$\phi_i = v \int_0^1 (o_i - z_i) \prod_{j \ne i} w_j(t) \, dt
= v \int_0^1 r_i(t) \prod_j w_j(t) \, dt, \qquad r_i = \frac{o_i - z_i}{w_i(t)}.$$

The product is a polynomial, which Gauss and Legendre's rule integrates exactly. A question changes o and z of its
feature, thus multiplies the product by a factor and adds to r. Both rules below say by what; they differ in z.

Shapes: m nodes, r samples, q points t of the integral, d features.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from mfml.entrance import public
from mfml.explain.tree_paths import Paths, Shares
from mfml.generalization.tree_arrays import Trees

Answers = tuple[Array, ...]  # what samples do at a node, each of shape (r,)


@public
def quadrature(n_factors: int) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    """Return points and weights on [0, 1] that integrate the product of one factor less exactly.

    Source: Golub and Welsch (1969), Mathematics of Computation 23, 221-230.

    >>> [part.tolist() for part in quadrature(2)]
    [[0.5], [1.0]]
    """
    at, weights = np.polynomial.legendre.leggauss(max((n_factors + 1) // 2, 1))
    return (at + 1) / 2, weights / 2


def _answers(tree: Trees, found: Paths, x: Array, node: Array) -> tuple[Array, Array]:
    """Whether samples (columns of x) follow the path to a node for its feature, and whether they go left there."""
    entry = lax.dynamic_index_in_dim(x, tree.feature[node], 0, keepdims=False)
    lacks = jnp.isnan(entry)
    within = ~(entry <= found.low[node]) & (entry <= found.high[node])
    follows = jnp.where(lacks, found.missing[node], within)
    return follows, jnp.where(lacks, tree.missing_left[node], entry <= tree.threshold[node])


class Known(NamedTuple):
    """The rule if z is the share of the training samples: tables of what a side multiplies by, and of what it adds.

    The first axis is the side that a sample takes (0: left), the second the side whose child it is about.
    """

    tree: Trees
    found: Paths
    x: Float[Array, "d r"]
    left: Float[Array, " m"]
    follows: Float[Array, "2 2 m q"]
    adds: Float[Array, "2 2 m q"]

    @classmethod
    def of(cls, tree: Trees, found: Paths, x: Array, shares: Shares, at: Array) -> "Known":
        r"""Make the tables. Shares are those of one tree; `at` are the points of the integral.

        With z before the question and z s after it, a sample that followed the path so far (o = 1) multiplies by
        $w(o, z s) / w(1, z)$ and adds $r(o, z s) - r(1, z)$. Others multiply by s and add nothing.
        """
        z, rest = shares.before[:, None], 1 - at
        earlier = at + rest * z
        follows, adds = [], []
        for takes in (0, 1):
            for side, share in enumerate((shares.left[:, None], 1 - shares.left[:, None])):
                weight = at * (takes == side) + rest * z * share
                own = (1 - z * share) / weight if takes == side else -1 / rest
                follows.append(weight / earlier)
                adds.append(own - (1 - z) / earlier)
        tables = [jnp.stack(each).reshape(2, 2, *earlier.shape) for each in (follows, adds)]
        return cls(tree, found, x, shares.left, *tables)

    def answers(self, node: Array) -> Answers:
        """Whether samples follow the path to a node for its feature, and whether they go left there."""
        return _answers(self.tree, self.found, self.x, node)

    def factor(self, node: Array, side: Array | int, told: Answers) -> Array:
        """By what the path to the child on a side multiplies, of shape (q, r)."""
        follows, goes_left = told
        share = jnp.where(side == 0, self.left[node], 1 - self.left[node])
        return jnp.where(follows, self._of(self.follows, node, side, goes_left), share)

    def ratio(self, node: Array, side: Array | int, told: Answers) -> Array:
        """What the path to the child on a side adds to r, of shape (q, r)."""
        follows, goes_left = told
        return jnp.where(follows, self._of(self.adds, node, side, goes_left), 0.0)

    def _of(self, table: Array, node: Array, side: Array | int, goes_left: Array) -> Array:
        return jnp.where(goes_left, table[0, side, node][:, None], table[1, side, node][:, None])


class Paired(NamedTuple):
    """The rule if z is 1 or 0, as another sample follows the path or not: sample i of x goes with sample i of other."""

    tree: Trees
    found: Paths
    x: Float[Array, "d r"]
    other: Float[Array, "d r"]
    at: Float[Array, " q"]

    def answers(self, node: Array) -> Answers:
        """The same of samples, then of those that they are paired with."""
        own, others = (_answers(self.tree, self.found, x, node) for x in (self.x, self.other))
        return (*own, *others)

    def factor(self, node: Array, side: Array | int, told: Answers) -> Array:
        """By what the path to the child on a side multiplies: w after the question, divided by w before."""
        o, z, o_child, z_child = self._followed(side, told)
        t = self.at[:, None]
        inverse = jnp.where(o, jnp.where(z, 1.0, 1 / t), 1 / (1 - t))
        return (jnp.where(o_child, t, 0.0) + jnp.where(z_child, 1 - t, 0.0)) * inverse

    def ratio(self, node: Array, side: Array | int, told: Answers) -> Array:
        """What the path to the child on a side adds to r."""
        o, z, o_child, z_child = self._followed(side, told)
        return self._r(o_child, z_child) - self._r(o, z)

    def _followed(self, side: Array | int, told: Answers) -> tuple[Array, Array, Array, Array]:
        o, o_left, z, z_left = told
        return o, z, o & (o_left == (side == 0)), z & (z_left == (side == 0))

    def _r(self, o: Array, z: Array) -> Array:
        t = self.at[:, None]
        return jnp.where(o == z, 0.0, jnp.where(o, 1 / t, -1 / (1 - t)))  # o = z = 0: the product is 0 anyway


Rule = Known | Paired
