r"""Conservation laws as a layer: predictions that fulfill linear equations. Shapes: n samples, k outputs, p laws.

Mass, charge and volume are conserved: $A y = b$. A penalty on $A y - b$ keeps it about; a projection of the output of
any model keeps it to rounding, in training and afterwards, and it never makes a prediction worse: where the truth
fulfills the equations, Pythagoras says that the projection is at least as near to it.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, singular
from mfml.numerics.domain import POSITIVE, checked


@public
@checked(scale=POSITIVE)
@jax.jit
def conserve(
    y: Float[Array, "n k"],
    matrix: Float[Array, "p k"],
    total: Float[Array, " p"] | Float[Array, "n p"],
    *,
    scale: Float[Array, " k"] | None = None,
) -> Float[Array, "n k"]:
    r"""Nearest outputs with $A y = b$: $y - S^2 A^\top (A S^2 A^\top)^+ (A y - b)$, S = diag(`scale`).

    Distances are $\sum_j (\Delta_j / s_j)^2$: an output with a large scale takes more of the correction. Give the
    standard errors of the outputs, or leave it out to correct all alike. Laws may repeat each other; where they
    contradict each other, the result fulfills them in the sense of least squares. It has reverse-mode derivatives in y
    and the totals. Parts of a composition can become negative; then see `decomposition.norms.project_simplex`.

    Args:
        y: predictions of a model.
        matrix: A, a row per law; ones for a composition.
        total: b, one for all samples or one each, in units of the law.
        scale: positive, in units of y.

    Raises:
        ValueError: unless shapes fit, or for a scale that is not positive (NaN where it is traced).

    Source: Boyd and Vandenberghe (2004), section 8.1.1 (projection on an affine set).

    >>> (10 * conserve(jnp.array([[0.5, 0.3, 0.5]]), jnp.ones((1, 3)), jnp.ones(1))).round(1).tolist()
    [[4.0, 2.0, 4.0]]
    """
    require.rank("y", y, 2)
    require.rank("matrix", matrix, 2)
    require.rank("total", total, 1, 2)
    require.same_length(matrix=(matrix, 1), y=(y, 1))
    require.same_length(total=(total, total.ndim - 1), matrix=matrix)
    require.that(y.shape[1] > 0, f"y must have at least one column; found shape {y.shape}")
    units = scaling.power_of_two(jnp.max(jnp.abs(matrix), axis=1, initial=0.0))
    rows, totals = matrix / units[:, None], total / units
    s = jnp.ones_like(y, shape=y.shape[1:]) if scale is None else scale / scaling.unit(scale)
    sizes = scaling.power_of_two(jnp.max(jnp.abs(rows * s), axis=1, initial=0.0))
    rows, totals = rows / sizes[:, None], totals / sizes  # a law counts as much where it moves small outputs alone
    left, values, right = singular.svd(rows * s)
    kept = values > scaling.rank_rtol(rows.shape, y.dtype) * jnp.max(values, initial=0.0)
    inverse = jnp.where(kept, 1 / jnp.where(kept, values, 1.0), jnp.where(jnp.isnan(values), jnp.nan, 0.0))
    for _ in range(2):  # the second time for what rounding left
        y = y - ((((y @ rows.T - totals) @ left) * inverse) @ right) * s
    return y
