r"""The scaled design matrix on which the solvers of this unit work. Shapes: n samples, d features.

A feature far from zero spoils single precision: the temperatures 1200 K and 1201 K are almost the same column as
the ones of the intercept. Shifting and scaling the columns changes no prediction of a linear model with an
intercept. It makes the equations as well conditioned as the correlations of the features allow.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.absent import present
from mfml.numerics.scaling import column_units


class Scaled(NamedTuple):
    """A design matrix with shifted and scaled columns, and the numbers that undo it."""

    matrix: Float[Array, "n p"]  # (x - shift) / scale, after a column of ones if there is an intercept
    shift: Float[Array, " d"]  # units of x; zero without an intercept
    scale: Float[Array, " d"]  # units of x; positive


@public
@partial(jax.jit, static_argnames="fit_intercept")
def design(
    x: Float[Array, "n d"],
    *,
    fit_intercept: bool = True,
    least: ArrayLike = 0.0,
) -> Scaled:
    r"""Shift and scale the columns of x, and put a column of ones before them for the intercept.

    $A = [1, (x - c) / s]$ with the mean c of a column and the root mean square s of x - c; s = 1 for a constant
    column. Without an intercept $A = x / s$. The shift need not be exact: the ones stay in A, so the model can
    correct the rounding of c. No s is smaller than `least`, in units of x.

    Raises:
        ValueError: unless x has two axes, at least one sample and at least one feature.

    Source: Golub and Van Loan (2013), Matrix Computations, section 5.3.7 (column scaling).

    >>> scaled = design(jnp.array([[1200.0], [1202.0]]))
    >>> scaled.matrix.tolist(), scaled.shift.tolist(), scaled.scale.tolist()
    ([[1.0, -1.0], [1.0, 1.0]], [1201.0], [1.0])
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x needs at least one sample and one feature; found shape {x.shape}")
    shift = sums.mean(x) if fit_intercept else jnp.zeros_like(x[0])
    moved = x - shift
    unit = column_units(moved)
    square = sums.over_rows((moved / unit) ** 2) / len(x)
    scale = jnp.where(square > 0, unit * jnp.sqrt(jnp.where(square > 0, square, 1.0)), 1.0)
    scale = jnp.maximum(scale, jnp.asarray(least, scale.dtype))
    matrix = moved / scale
    if fit_intercept:
        matrix = jnp.concatenate([jnp.ones_like(x[:, :1]), matrix], axis=1)
    return Scaled(matrix, shift, scale)


@public
@jax.jit
def gram(a: Float[Array, "n p"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, "p p"]:
    r"""Inner products of the columns, $A^\top W A$ with $W = \mathrm{diag}(w)$. Without weights all are 1.

    A row of weight 0 is absent, whatever it holds. Blocks of rows are added up, so the digits stay for any number of
    them, see `mfml.numerics.sums`.

    Raises:
        ValueError: unless a has two axes and there is one weight per row.

    Source: Golub and Van Loan (2013), Matrix Computations, section 1.5.4 (blocking).

    >>> gram(jnp.array([[1.0, 2.0], [3.0, 4.0]]), weights=jnp.array([1.0, 0.5])).tolist()
    [[5.5, 8.0], [8.0, 12.0]]
    """
    require.rank("a", a, 2)
    require.same_length(a=a, weights=weights)
    return sums.gram(present(weights, a), weights=weights)


@public
def original(
    theta: Float[Array, " p"], scaled: Scaled, *, fit_intercept: bool = True
) -> tuple[Float[Array, " d"], Float[Array, ""]]:
    r"""Turn the coefficients of the scaled design into those of x. Returns (coefficients, intercept).

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
