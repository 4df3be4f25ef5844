r"""Sums of many terms in the precision of the data. Shapes: n samples, p columns.

A sum that adds one term after the other loses digits in proportion to n: in single precision the products $A^\top A$
of XLA on a CPU are off by 1 % after 10 million rows. Its reductions (`jnp.sum`) add in blocks and are accurate, but
matrix products, scatters and loops are not. The functions here are accurate to a few units of rounding for any n.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.numerics import scaling

BLOCK = 2048  # this many rows with some tens of columns fit into the cache of a processor


def over_rows(a: Float[Array, "n *rest"]) -> Float[Array, "*rest"]:
    """Sum over the first axis.

    >>> over_rows(jnp.ones((5, 2))).tolist()
    [5.0, 5.0]
    """
    folded, rest = scaling.folded(a)
    return folded.sum(axis=0).reshape(-1, *a.shape[1:]).sum(axis=0) + rest.sum(axis=0)


@jax.jit
def mean(a: Float[Array, "n *rest"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, "*rest"]:
    r"""Weighted mean over the first axis, $\sum_i w_i a_i / \sum_i w_i$, to rounding of the mean itself.

    Terms are taken relative to a number among or near them, so that equal numbers have exactly their own mean.

    >>> mean(jnp.array([[1.0], [4.0]]), weights=jnp.array([2.0, 1.0])).tolist()
    [2.0]
    """
    if weights is None:
        return a[0] + over_rows(a - a[0]) / len(a)
    share = (weights / jnp.sum(weights)).reshape(-1, *[1] * (a.ndim - 1))
    first = over_rows(share * a)  # not the first row: it may be one without weight, and far away
    return first + over_rows(share * (a - first))


@jax.jit
def centered(
    a: Float[Array, "n *rest"], *, weights: Float[Array, " n"] | None = None
) -> tuple[Float[Array, "*rest"], Float[Array, "n *rest"]]:
    r"""Weighted mean, and the numbers minus it, to rounding of these differences.

    The mean itself is rounded, at 1e7 to a whole number in single precision: its rest is subtracted, too.

    >>> [part.tolist() for part in centered(jnp.array([16777214.0, 16777215.0]))]
    [16777214.0, [-0.5, 0.5]]
    """
    near = jnp.mean(a, axis=0) if weights is None else mean(a, weights=weights)
    differences = a - near
    rest = jnp.mean(differences, axis=0) if weights is None else mean(differences, weights=weights)
    return near + rest, differences - rest


@jax.jit
def cross(a: Float[Array, "n p"], y: Float[Array, " n"]) -> Float[Array, " p"]:
    r"""Products of the columns with a vector, $A^\top y$.

    >>> cross(jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([1.0, -1.0])).tolist()
    [-2.0, -2.0]
    """
    return _by_blocks(lambda rows, part: part @ rows, a, y)


@jax.jit
def gram(a: Float[Array, "n p"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, "p p"]:
    r"""Inner products of the columns, $A^\top W A$ with $W = \mathrm{diag}(w)$. Without weights all are 1.

    On a CPU a tall A takes no longer than in a single product.

    Raises:
        ValueError: unless a has two axes and there is one weight per row.

    Source: Golub and Van Loan (2013), Matrix Computations, section 1.5.4 (blocking); Higham (2002), section 4.3
    (compensated summation).

    >>> gram(jnp.array([[1.0, 2.0], [3.0, 4.0]]), weights=jnp.array([1.0, 0.5])).tolist()
    [[5.5, 8.0], [8.0, 12.0]]
    """
    require.rank("a", a, 2)
    require.same_length(a=a, weights=weights)

    if weights is None:
        return _by_blocks(lambda rows: rows.T @ rows, a)
    return _by_blocks(lambda rows, weight: (rows * weight[:, None]).T @ rows, a, weights)


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


@jax.jit
def scatter(a: Float[Array, "n p"], center: Float[Array, " p"]) -> tuple[Float[Array, "p p"], Float[Array, ""]]:
    r"""Sum of outer products $(a_i - c)(a_i - c)^\top / u^2$, and the unit u: 1, unless squares leave the range then.

    >>> found, unit = scatter(jnp.array([[1e-30], [3e-30]]), jnp.array([2e-30]))
    >>> 0.5 <= found.item() <= 8, unit.item() > 0
    (True, True)
    """

    def around(inverse: Array) -> Array:
        def product(rows: Array) -> Array:
            centered = (rows - center) * inverse
            return centered.T @ centered

        return _by_blocks(product, a)

    def scaled() -> tuple[Array, Array]:
        unit = scaling.unit(a - center)
        return around(1 / unit), unit

    one, limits = jnp.ones((), a.dtype), jnp.finfo(a.dtype)
    plain = around(one)
    size = jnp.trace(plain)
    in_range = (size > limits.tiny / limits.eps**2) & (size < limits.max * limits.eps)
    return lax.cond(in_range, lambda: (plain, one), scaled)


def _by_blocks(product: Callable[..., Array], *arrays: Array) -> Array:
    """Add up a product over blocks of rows, and carry along what each addition loses."""
    n_blocks = len(arrays[0]) // BLOCK

    def add(i: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        total, lost = carry
        part = product(*(lax.dynamic_slice_in_dim(whole, i * BLOCK, BLOCK) for whole in arrays)) - lost
        new = total + part
        return new, (new - total) - part

    rest = product(*(whole[n_blocks * BLOCK :] for whole in arrays))
    if n_blocks == 0:
        return rest
    return lax.fori_loop(0, n_blocks, add, (rest, jnp.zeros_like(rest)))[0]
