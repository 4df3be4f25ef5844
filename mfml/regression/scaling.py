r"""The scaled design matrix on which the solvers of this unit work. Shapes: n samples, d features.

A feature far from zero, or in large units, spoils single precision: the temperatures 1200 K and 1201 K are
almost the same column as the intercept's. Shifting and scaling the columns changes no prediction of a linear
model with an intercept, and makes the equations as well conditioned as the correlations of the features
allow.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require


class Scaled(NamedTuple):
    """A design matrix with shifted and scaled columns, and what undoes it."""

    matrix: Float[Array, "n p"]  # (x - shift) / scale; before it a column of ones if there is an intercept
    shift: Float[Array, " d"]  # units of x; zero without an intercept
    scale: Float[Array, " d"]  # units of x; positive


@partial(jax.jit, static_argnames="fit_intercept")
def design(x: Float[Array, "n d"], *, fit_intercept: bool = True) -> Scaled:
    r"""Shift and scale the columns of x, and put the intercept's column of ones before them.

    $A = [1, (x - c) / s]$ with the column's mean c and root mean square s of what is left; s = 1 for a
    constant column. Without an intercept $A = x / s$. The shift is no parameter of the model: the ones stay
    in A, so rounding in c costs nothing.

    Raises:
        ValueError: if x has not two axes, or has no sample or no feature.

    Source: Golub and Van Loan (2013), Matrix Computations, section 5.3.7 (column scaling).

    >>> scaled = design(jnp.array([[1200.0], [1202.0]]))
    >>> scaled.matrix.tolist(), scaled.shift.tolist(), scaled.scale.tolist()
    ([[1.0, -1.0], [1.0, 1.0]], [1201.0], [1.0])
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x needs at least one sample and one feature; found shape {x.shape}")
    shift = jnp.mean(x, axis=0) if fit_intercept else jnp.zeros_like(x[0])
    moved = x - shift
    largest = jnp.max(jnp.abs(moved), axis=0)
    largest = jnp.where(largest > 0, largest, 1.0)  # the squares of large or tiny entries leave the float range
    scale = largest * jnp.sqrt(jnp.mean((moved / largest) ** 2, axis=0))
    scale = jnp.where(scale > 0, scale, 1.0)
    matrix = moved / scale
    if fit_intercept:
        matrix = jnp.concatenate([jnp.ones_like(x[:, :1]), matrix], axis=1)
    return Scaled(matrix, shift, scale)


def original(
    theta: Float[Array, " p"], scaled: Scaled, *, fit_intercept: bool = True
) -> tuple[Float[Array, " d"], Float[Array, ""]]:
    r"""Turn the coefficients of the scaled design into those of x: (coefficients, intercept).

    $\beta_j = \theta_j / s_j$ and $\beta_0 = \theta_0 - \sum_j c_j \theta_j / s_j$, so that
    $A \theta = \beta_0 + x \beta$.

    >>> scaled = design(jnp.array([[1200.0], [1202.0]]))
    >>> coef, intercept = original(jnp.array([5.0, 2.0]), scaled)
    >>> coef.tolist(), float(intercept)
    ([2.0], -2397.0)
    """
    if not fit_intercept:
        return theta / scaled.scale, jnp.zeros_like(theta[0])
    coef = theta[1:] / scaled.scale
    return coef, theta[0] - jnp.sum(scaled.shift * coef)
