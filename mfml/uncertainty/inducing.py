r"""Inducing inputs: the few samples that stand for all others. Shapes: n samples, d features, m inducing inputs.

A partial Cholesky factorization approximates a kernel matrix by one of rank m. It asks for m columns only, so that time
grows as n m^2 and memory as n m.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.clustering import seeding
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.uncertainty import kernels
from mfml.uncertainty.kernels import Kernel

INITS = ("greedy", "k-means++")
EXHAUSTED = 8  # units of rounding of the largest variance: what is left below is rounding
TAKEN = -1.0  # stands for the variance of a sample that is a pivot


class Pivots(NamedTuple):
    r"""A factor L with $K \approx L L^\\top$, and the samples that it was made from."""

    order: Int[Array, " m"]  # indices of these samples, the most uncertain first; all differ
    factor: Float[Array, "n m"]  # a column of zeros where nothing but rounding was left
    error: Float[Array, " m"]  # trace of $K - L L^\top$ after each column; non-increasing


@public
def pivoted_cholesky(x: Float[Array, "n d"], *, kernel: Kernel, n_inducing: int) -> Pivots:
    r"""Partial Cholesky factorization of $K_{ij} = k(x_i, x_j)$ with greedy pivots.

    Each step takes the sample whose variance, given those already taken, is largest. The error falls exponentially
    where the eigenvalues of K do. n_inducing is static.

    Raises:
        ValueError: unless x has two axes and 1 <= n_inducing <= n.

    Source: Harbrecht, Peters and Schneider (2012).

    >>> x = jnp.array([[0.0], [0.1], [3.0]])
    >>> pivoted_cholesky(x, kernel=kernels.RBF(), n_inducing=2).order.tolist()
    [0, 2]
    """
    require.rank("x", x, 2)
    require.between("n_inducing", n_inducing, 1, len(x))
    return _pivoted(x, kernels.ready(kernel, x), n_inducing)


@partial(jax.jit, static_argnames="n_inducing")
def _pivoted(x: Array, kernel: Kernel, n_inducing: int) -> Pivots:
    variances = kernels.diagonal(kernel, x)
    unit = scaling.unit(variances)
    limit = EXHAUSTED * jnp.finfo(x.dtype).eps * scaling.largest(variances / unit)
    half = jnp.sqrt(unit)

    def take(i: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        left, factor, order, error = state
        pivot = jnp.argmax(left)
        size = left[pivot]
        useful = ~(size <= limit)  # NaN goes on
        column = kernels.matrix(kernel, x, x[pivot][None])[:, 0] * (1 / unit) - factor @ factor[pivot]
        column = jnp.where(useful, column * (1 / jnp.sqrt(jnp.where(useful, size, 1.0))), 0.0)
        left = jnp.where(left == TAKEN, left, scaling.at_least(0.0, left - column**2)).at[pivot].set(TAKEN)
        total = jnp.sum(jnp.where(left == TAKEN, 0.0, left))
        return left, factor.at[:, i].set(column), order.at[i].set(pivot), error.at[i].set(total)

    start = variances / unit, jnp.zeros((len(x), n_inducing), x.dtype), jnp.zeros(n_inducing, int)
    _, factor, order, error = lax.fori_loop(0, n_inducing, take, (*start, jnp.zeros(n_inducing, x.dtype)))
    return Pivots(order, factor * half, error * unit)


@public
def choose(
    x: Float[Array, "n d"],
    *,
    kernel: Kernel,
    n_inducing: int,
    key: Key[Array, ""] | None = None,
    init: str = "greedy",
    n_candidates: int | None = None,
) -> Float[Array, "m d"]:
    """Choose inducing inputs among the samples.

    "greedy" takes the pivots of `pivoted_cholesky`, which lower the variance that the bound lacks the most.
    "k-means++" draws samples far apart, in units of the standard deviation of each feature; it needs a key and no
    kernel, and takes less time. With `n_candidates` only as many samples are looked at, spread evenly over the rows:
    20 for each inducing input choose about as well as all, and rare groups may then get none.

    Raises:
        ValueError: as `pivoted_cholesky`; unless the rule is known, and n_inducing <= n_candidates <= n; for
            "k-means++" without a key.

    Source: Burt, Rasmussen and van der Wilk (2020), section 4.2 (greedy); Arthur and Vassilvitskii (2007).

    >>> choose(jnp.array([[0.0], [0.1], [3.0]]), kernel=kernels.RBF(), n_inducing=2).tolist()
    [[0.0], [3.0]]
    """
    require.one_of("init", init, INITS)
    require.rank("x", x, 2)
    require.between("n_inducing", n_inducing, 1, len(x))
    if n_candidates is not None:
        require.between("n_candidates", n_candidates, n_inducing, len(x))
        x = x[np.arange(n_candidates) * len(x) // n_candidates]
    if init == "greedy":
        return x[pivoted_cholesky(x, kernel=kernel, n_inducing=n_inducing).order]
    if key is None:
        raise ValueError('init "k-means++" needs a key; found none')
    moved, mean, rest = sums.centered(x)
    std = sums.std(x)
    scale = jnp.where(std == 0, 1.0, std)
    return seeding.plus_plus(moved / scale, key=key, n_clusters=n_inducing) * scale + rest + mean
