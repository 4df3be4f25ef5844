r"""Sums of many terms in the precision of the data. Shapes: n samples, p columns.

A sum that adds one term after the other loses digits in proportion to n: in single precision the products $A^\top A$
of XLA on a CPU are off by 1 % after 10 million rows. Its reductions (`jnp.sum`) add in blocks and are accurate, but
matrix products, scatters and loops are not. The functions here are accurate to a few units of rounding for any n.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.numerics import scaling
from mfml.numerics.absent import present

BLOCK = 2048  # this many rows with some tens of columns fit into the cache of a processor


def over_rows(a: Float[Array, "n *rest"]) -> Float[Array, "*rest"]:
    """Sum over the first axis.

    >>> over_rows(jnp.ones((5, 2))).tolist()
    [5.0, 5.0]
    """
    if 0 in a.shape[1:]:
        return a.sum(axis=0)
    folded, rest = scaling.folded(a)
    return folded.sum(axis=0).reshape(-1, *a.shape[1:]).sum(axis=0) + rest.sum(axis=0)


def unit_columns(a: Float[Array, "n p"]) -> tuple[Float[Array, "n p"], Float[Array, " p"]]:
    """Columns of unit length, and the lengths that they had, in units of a; 1 for a column of zeros.

    The lengths count as constants for derivatives.

    >>> unit_columns(jnp.array([[3.0, 0.0], [4.0, 0.0]]))[1].tolist()
    [5.0, 1.0]
    """
    unit = scaling.column_units(a)
    square = over_rows((lax.stop_gradient(a) / unit) ** 2)
    length = jnp.sqrt(jnp.where(square == 0, 1.0, square))
    return a / unit * (1 / length), jnp.where(square == 0, 1.0, unit * length)


@jax.jit
def mean(a: Float[Array, "n *rest"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, "*rest"]:
    r"""Weighted mean over the first axis, $\sum_i w_i a_i / \sum_i w_i$, to rounding of the mean itself.

    Terms are taken relative to a number among or near them, so that equal numbers have exactly their own mean.

    >>> mean(jnp.array([[1.0], [4.0]]), weights=jnp.array([2.0, 1.0])).tolist()
    [2.0]
    """
    if weights is None:
        return a[0] + over_rows(a - a[0]) / len(a)
    weights = weights / scaling.unit(weights)  # whose sum may leave the range
    share = (weights / jnp.sum(weights)).reshape(-1, *[1] * (a.ndim - 1))
    first = over_rows(share * a)  # not the first row: it may be one without weight, and far away
    return first + over_rows(share * (a - first))


@jax.jit
def centered(
    a: Float[Array, "n *rest"], *, weights: Float[Array, " n"] | None = None
) -> tuple[Float[Array, "n *rest"], Float[Array, "*rest"], Float[Array, "*rest"]]:
    r"""Differences from the weighted mean, the mean, and what rounding took from it.

    Far from the origin the mean itself is rounded by up to half a spacing of the numbers. The differences are those
    from the sum of both parts; a column of equal numbers becomes 0.

    Source: Chan, Golub and LeVeque (1983), The American Statistician 37 (two passes).

    >>> [part.tolist() for part in centered(jnp.array([16777216.0, 16777218.0, 16777220.0, 16777220.0]))]
    [[-2.5, -0.5, 1.5, 1.5], 16777218.0, 0.5]
    """
    first = mean(a, weights=weights)
    moved = a - first
    rest = mean(moved, weights=weights)
    return moved - rest, first, rest


@partial(jax.jit, static_argnames="ddof")
def std(a: Float[Array, "n *rest"], *, ddof: int = 0) -> Float[Array, "*rest"]:
    """Standard deviation over the first axis with the divisor n - ddof, in units of a; each column has its own.

    Neither the unit nor the mean of a column matters. The derivative at equal numbers is 0.

    >>> (
    ...     (1e20 * std(jnp.array([1e-20, 3e-20]))).round(4).item(),
    ...     std(16777216.0 + jnp.array([0.0, 2.0, 4.0]), ddof=1).item(),
    ... )
    (1.0, 2.0)
    """
    moved = centered(a)[0]
    unit = scaling.power_of_two(jnp.max(jnp.abs(lax.stop_gradient(moved)), axis=0, initial=0.0))
    square = over_rows((moved / unit) ** 2) / (len(a) - ddof)
    return jnp.where(square == 0, 0.0, unit * jnp.sqrt(jnp.where(square == 0, 1.0, square)))


@jax.jit
def cross(a: Float[Array, "n p"], y: Float[Array, "n *k"]) -> Float[Array, "*k p"]:
    r"""Products of the columns with a vector, $A^\top y$, or with several vectors, $Y^\top A$.

    >>> cross(jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([1.0, -1.0])).tolist()
    [-2.0, -2.0]
    """
    return _by_blocks(lambda rows, part: part.T @ rows, a, y)


@jax.jit
def gram(*parts: Float[Array, "n *p"], weights: Float[Array, " n"] | None = None) -> Float[Array, "p p"]:
    r"""Inner products of the columns of $A = [A_1, \ldots]$: $A^\top W A$ with $W = \mathrm{diag}(w)$.

    Without weights all are 1. On a CPU a tall A takes no longer than in a single product.

    Raises:
        ValueError: unless the first part has two axes and there is one weight per row.

    Source: Golub and Van Loan (2013), Matrix Computations, section 1.5.4 (blocking); Higham (2002), section 4.3
    (compensated summation).

    >>> gram(jnp.array([[1.0, 2.0], [3.0, 4.0]]), weights=jnp.array([1.0, 0.5])).tolist()
    [[5.5, 8.0], [8.0, 12.0]]
    """
    require.rank("a", parts[0], 2)
    require.same_length(a=parts[0], weights=weights)
    tables = [part.reshape(len(part), math.prod(part.shape[1:])) for part in parts]

    def product(*rows: Array) -> Array:
        a = jnp.concatenate(rows[: len(tables)], axis=1)
        return (a if weights is None else a * rows[-1][:, None]).T @ a

    return _by_blocks(product, *tables, *([] if weights is None else [weights]))


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
    found = moments(present(weights, a), weights=weights, scaled=True)
    return found.mean + found.rest, found.products / found.total * found.units * found.units[:, None]


class Moments(NamedTuple):
    """Second moments of columns about their means."""

    products: Float[Array, "p p"]  # sum of w (a_i - m)(a_i - m)^T, divided by both units
    units: Float[Array, " p"]
    total: Float[Array, ""]  # sum of the weights
    mean: Float[Array, " p"]  # rounded; the exact mean is the sum of both parts
    rest: Float[Array, " p"]
    in_range: Bool[Array, ""]  # whether no square has left the range of the type


def moments(
    *parts: Float[Array, "n *p"],
    weights: Float[Array, " n"] | None = None,
    centered: bool = True,
    scaled: bool = False,
) -> Moments:
    """Second moments of all columns of several arrays with as many rows, in two passes over the data.

    With `centered=False` they are those about zero. Without `scaled` all units are 1, and squares may leave the range
    of the type; with it, each column has a unit near its size, which takes a third pass.

    Raises:
        ValueError: unless there is one weight per row.

    Source: Chan, Golub and LeVeque (1983), The American Statistician 37 (the correction of a rounded mean).

    >>> found = moments(jnp.array([[1.0], [3.0]]), jnp.array([2.0, 6.0]))
    >>> found.products.tolist(), found.mean.tolist()
    ([[2.0, 4.0], [4.0, 8.0]], [2.0, 4.0])
    """
    require.same_length(a=parts[0], weights=weights)
    tables = [part.reshape(len(part), -1) for part in parts]
    # as constants: the rest corrects them, and so it does for derivatives
    near = [lax.stop_gradient(_near(table, weights) if centered else jnp.zeros_like(table[0])) for table in tables]
    center = jnp.concatenate(near)
    units = jnp.ones_like(center)
    if scaled:
        units = jnp.concatenate([scaling.column_units(table - part) for table, part in zip(tables, near, strict=True)])

    def product(*rows: Array) -> Array:
        moved = jnp.concatenate([table - part for table, part in zip(rows, near, strict=False)], axis=1)
        moved = moved * (1 / units) if scaled else moved
        moved = jnp.concatenate([moved, jnp.ones_like(moved[:, :1])], axis=1)
        return (moved if weights is None else moved * rows[-1][:, None]).T @ moved

    found = _by_blocks(product, *tables, *([] if weights is None else [weights]))
    total, sums = found[-1, -1], found[-1, :-1]
    products, rest = found[:-1, :-1], jnp.zeros_like(sums)
    if centered:
        rest = sums / total
        products = products - sums[:, None] * rest
    in_range = jnp.array(True) if scaled else _in_range(jnp.diagonal(products), tables)
    return Moments(products, units, total, center, rest * units, in_range)


def _in_range(square: Array, tables: list[Array]) -> Array:
    """Whether no sum of squares is infinite, or small though its column is not constant."""
    limits = jnp.finfo(square.dtype)
    small = square < limits.tiny / limits.eps**2

    def varies() -> Array:
        return jnp.concatenate([jnp.any(table != table[0], axis=0) for table in tables])

    lost = lax.cond(jnp.any(small), lambda: jnp.any(small & varies()), lambda: jnp.array(False))
    return ~lost & jnp.all(square < limits.max * limits.eps)


def _near(a: Array, weights: Array | None) -> Array:
    """A number near the mean of each column; that of a column of equal numbers."""
    if weights is None:
        return a[0] + over_rows(a - a[0]) / len(a)
    heavy = a[jnp.argmax(weights)]  # any other row may be far from those that count
    return heavy + weights @ (a - heavy) / jnp.sum(weights)


@partial(jax.jit, static_argnames="n_labels")
def by_label(a: Float[Array, "n p"], labels: Int[Array, " n"], *, n_labels: int) -> Float[Array, "k p"]:
    """Sum of the rows of each label, 0 to n_labels - 1 (static); a row with another label is in no sum.

    >>> by_label(jnp.array([[1.0], [4.0], [2.0]]), jnp.array([0, 1, 0]), n_labels=2).tolist()
    [[3.0], [4.0]]
    """

    def product(rows: Array, label: Array) -> Array:
        member = jax.nn.one_hot(label, n_labels, dtype=a.dtype, axis=0)
        return jnp.matmul(member, rows, precision=lax.Precision.HIGHEST)

    return _by_blocks(product, a, labels)


class Total(NamedTuple):
    """A running sum, and what its additions have lost."""

    value: Array
    lost: Array


def nothing(like: Array) -> Total:
    """Return the running sum to begin with, for parts of this shape.

    >>> plus(nothing(jnp.ones(2)), jnp.array([1.0, 2.0])).value.tolist()
    [1.0, 2.0]
    """
    return Total(jnp.zeros_like(like), jnp.zeros_like(like))


def plus(total: Total, part: Array) -> Total:
    """Add to a running sum, as accurately as if it had twice its digits.

    Source: Higham (2002), section 4.3 (compensated summation).

    >>> many = Total(jnp.array(2.0**24), jnp.array(0.0))
    >>> plus(plus(many, jnp.array(1.0)), jnp.array(1.0)).value.item() - 2**24
    2.0
    """
    part = part - total.lost
    new = total.value + part
    return Total(new, (new - total.value) - part)


def _by_blocks(product: Callable[..., Array], *arrays: Array) -> Array:
    """Add up a product over blocks of rows, and carry along what each addition loses."""
    n_blocks = len(arrays[0]) // BLOCK

    def add(i: Array, total: Total) -> Total:
        return plus(total, product(*(lax.dynamic_slice_in_dim(whole, i * BLOCK, BLOCK) for whole in arrays)))

    rest = product(*(whole[n_blocks * BLOCK :] for whole in arrays))
    if n_blocks == 0:
        return rest
    return lax.fori_loop(0, n_blocks, add, Total(rest, jnp.zeros_like(rest))).value
