r"""Sums of many terms in the precision of the data. Shapes: n samples, p columns.

A sum that adds one term after the other loses digits in proportion to n: in single precision the products $A^\top A$
of XLA on a CPU are off by 1 % after 10 million rows. Its reductions (`jnp.sum`) add in blocks and are accurate, but
matrix products, scatters and loops are not. The functions here are accurate to a few units of rounding for any n.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.numerics import scaling
from mfml.numerics.scaling import LANES

BLOCK = 2048  # this many rows with some tens of columns fit into the cache of a processor
SCATTER = 1 << 16  # terms that one scatter adds up one after the other


def over_rows(a: Float[Array, "n *rest"]) -> Float[Array, "*rest"]:
    """Sum over the first axis.

    >>> over_rows(jnp.ones((5, 2))).tolist()
    [5.0, 5.0]
    """
    whole = len(a) // LANES * LANES
    if whole == 0:
        return a.sum(axis=0)
    # many narrow rows in one: a sum over long rows is an order of magnitude faster
    folded = a[:whole].reshape(whole // LANES, -1).sum(axis=0)
    return folded.reshape(LANES, *a.shape[1:]).sum(axis=0) + a[whole:].sum(axis=0)


@jax.jit
def mean(a: Float[Array, "n *rest"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, "*rest"]:
    r"""Weighted mean over the first axis, $\sum_i w_i a_i / \sum_i w_i$, to rounding of the mean itself.

    A second pass adds the mean of what the first one left, so that equal numbers have exactly their own mean.

    >>> mean(jnp.array([[1.0], [4.0]]), weights=jnp.array([2.0, 1.0])).tolist()
    [2.0]
    """
    if weights is None:
        first = over_rows(a / len(a))
        return first + over_rows(a - first) / len(a)
    share = (weights / jnp.sum(weights)).reshape(-1, *[1] * (a.ndim - 1))
    first = over_rows(share * a)
    return first + over_rows(share * (a - first))


def cross(a: Float[Array, "n p"], y: Float[Array, " n"]) -> Float[Array, " p"]:
    r"""Products of the columns with a vector, $A^\top y$.

    >>> cross(jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([1.0, -1.0])).tolist()
    [-2.0, -2.0]
    """
    return over_rows(a * y[:, None])


@jax.jit
def gram(a: Float[Array, "n p"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, "p p"]:
    r"""Inner products of the columns, $A^\top W A$ with $W = \mathrm{diag}(w)$. Without weights all are 1.

    It adds up blocks of rows, and carries along what each addition loses. On a CPU a tall A takes no longer than in a
    single product.

    Raises:
        ValueError: unless a has two axes and there is one weight per row.

    Source: Golub and Van Loan (2013), Matrix Computations, section 1.5.4 (blocking); Higham (2002), section 4.3
    (compensated summation).

    >>> gram(jnp.array([[1.0, 2.0], [3.0, 4.0]]), weights=jnp.array([1.0, 0.5])).tolist()
    [[5.5, 8.0], [8.0, 12.0]]
    """
    require.rank("a", a, 2)
    require.same_length(a=a, weights=weights)

    def product(start: Array | int, size: int) -> Array:
        rows = lax.dynamic_slice_in_dim(a, start, size)
        if weights is None:
            return rows.T @ rows
        return (rows * lax.dynamic_slice_in_dim(weights, start, size)[:, None]).T @ rows

    def add(i: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        total, lost = carry
        part = product(i * BLOCK, BLOCK) - lost
        new = total + part
        return new, (new - total) - part

    n_blocks = len(a) // BLOCK
    rest = product(n_blocks * BLOCK, len(a) - n_blocks * BLOCK)
    if n_blocks == 0:
        return rest
    return lax.fori_loop(0, n_blocks, add, (rest, jnp.zeros_like(rest)))[0]


@jax.jit
def covariance(
    a: Float[Array, "n p"], *, weights: Float[Array, " n"] | None = None
) -> tuple[Float[Array, " p"], Float[Array, "p p"]]:
    r"""Weighted mean m, and the second moments around it, $\sum_i w_i (a_i - m)(a_i - m)^\top / \sum_i w_i$.

    The divisor is n, or the sum of the weights. Squares are taken after scaling.

    Raises:
        ValueError: unless a has two axes and there is one weight per row.

    Source: Chan, Golub and LeVeque (1983), The American Statistician 37 (two passes).

    >>> [part.tolist() for part in covariance(jnp.array([[1.0, 2.0], [3.0, 6.0]]))]
    [[2.0, 4.0], [[1.0, 2.0], [2.0, 4.0]]]
    """
    center = mean(a, weights=weights)
    centered = a - center
    scale = scaling.column_units(centered)
    total = len(a) if weights is None else jnp.sum(weights)
    return center, gram(centered / scale, weights=weights) / total * scale * scale[:, None]
