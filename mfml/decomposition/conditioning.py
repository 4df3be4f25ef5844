"""How strongly errors in the data are amplified in the solution. Shapes: A is m x n; X has n samples of d features."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import singular, sums
from mfml.numerics.scaling import rank_rtol, unit


class LeastSquaresCondition(NamedTuple):
    """Largest relative change of the least-squares weights per relative change of the data."""

    of_target: Float[Array, ""]  # for a change of y
    of_matrix: Float[Array, ""]  # for a change of A


@public
@jax.jit
def condition_number(a: Float[Array, "m n"]) -> Float[Array, ""]:
    r"""Ratio of the largest to the smallest singular value: $\kappa_2(A) = \sigma_1 / \sigma_{\min(m, n)}$.

    It is 1 for orthogonal columns of equal length, and infinite for a matrix without full rank (where rounding usually
    leaves a large finite number instead). About $\log_{10} \kappa$ decimal digits are lost in solving. For a symmetric
    matrix, definite or not, it is $\max_i |\lambda_i| / \min_i |\lambda_i|$. The number of gradient steps that
    minimize a quadratic function grows like $\kappa$ of its Hessian, and with momentum like $\sqrt\kappa$.

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Golub and Van Loan (2013), section 2.6.2.

    >>> float(condition_number(jnp.diag(jnp.array([2.0, -8.0]))))
    4.0
    """
    require.rank("a", a, 2)
    require.that(min(a.shape) > 0, f"a must not be empty; found shape {a.shape}")
    s = singular.values(a)
    return jnp.where(s[-1] == 0, jnp.inf, s[0] / jnp.where(s[-1] == 0, 1.0, s[-1]))


@public
def perturbation_bound(
    a: Float[Array, "n n"],
    *,
    matrix_error: ArrayLike = 0.0,
    rhs_error: ArrayLike = 0.0,
) -> Float[Array, ""]:
    r"""Bound the relative error of x in $A x = b$ from the relative errors of A and b.

    $\frac{\|\delta x\|}{\|x\|} \le \frac{\kappa}{1 - \kappa\,\varepsilon_A} (\varepsilon_A + \varepsilon_b)$
    with $\varepsilon_A = \|\delta A\|_2 / \|A\|_2$ and $\varepsilon_b = \|\delta b\| / \|b\|$. The bound is infinite if
    $\kappa \varepsilon_A \ge 1$, because the perturbed matrix may then be singular.

    Raises:
        ValueError: unless `a` is a square matrix with entries.

    Source: Golub and Van Loan (2013), theorem 2.6.2; Higham (2002), theorem 7.2.

    >>> round(float(perturbation_bound(jnp.diag(jnp.array([4.0, 2.0])), rhs_error=0.01)), 4)
    0.02
    """
    require.square("a", a)
    kappa = condition_number(a)
    matrix_error, rhs_error = jnp.asarray(matrix_error, kappa.dtype), jnp.asarray(rhs_error, kappa.dtype)
    total = matrix_error + rhs_error
    # An infinite condition number times an error of exactly zero must give zero, not NaN.
    margin = 1 - jnp.where(matrix_error > 0, kappa, 0.0) * matrix_error
    bound = jnp.where(total > 0, kappa, 0.0) / jnp.where(margin > 0, margin, 1.0) * total
    return jnp.where(margin > 0, bound, jnp.inf)


@public
@jax.jit
def solution_error(
    a: Float[Array, "n n"],
    b: Float[Array, " n"],
    delta_a: Float[Array, "n n"],
    delta_b: Float[Array, " n"],
) -> Float[Array, ""]:
    r"""Compute the relative error that `perturbation_bound` bounds: $\|x' - x\|_2 / \|x\|_2$.

    $A x = b$ and $(A + \delta A) x' = b + \delta b$. The result is NaN or infinite if A is singular or b is zero.

    Raises:
        ValueError: unless `a` is square, `delta_a` has the same shape, and `b` and `delta_b` have one entry per row.

    >>> a = jnp.diag(jnp.array([4.0, 2.0]))
    >>> error = solution_error(a, jnp.array([4.0, 0.0]), jnp.zeros((2, 2)), jnp.array([0.0, 0.04]))
    >>> round(float(error), 4)
    0.02
    """
    require.square("a", a)
    require.same_shape(a=a, delta_a=delta_a)
    require.same_shape(b=b, delta_b=delta_b)
    require.same_length(a=a, b=b)
    x = jnp.linalg.solve(a, b)
    moved = jnp.linalg.solve(a + delta_a, b + delta_b)
    size = unit(x)
    return jnp.linalg.norm((moved - x) / size) / jnp.linalg.norm(x / size)


@public
@jax.jit
def least_squares_condition(a: Float[Array, "m n"], y: Float[Array, " m"]) -> LeastSquaresCondition:
    r"""Condition numbers of the least-squares weights $w = A^+ y$ for changes of y and of A.

    With the angle $\theta$ between y and the column space, $\cos\theta = \|A w\| / \|y\|$, and
    $\eta = \|A\|_2 \|w\| / \|A w\|$:

    $\kappa_y = \frac{\kappa}{\eta \cos\theta}, \qquad \kappa_A = \kappa + \frac{\kappa^2 \tan\theta}{\eta}$.

    For a poor fit (large $\theta$), the square of $\kappa$ matters. A needs full column rank. Without it, or if y is
    orthogonal to all columns, the numbers are infinite or NaN.

    Raises:
        ValueError: unless m >= n >= 1 and `y` has one entry for each row of `a`.

    Source: Trefethen and Bau (1997), theorem 18.1.

    >>> condition = least_squares_condition(jnp.eye(3)[:, :2], jnp.array([3.0, 0.0, 4.0]))
    >>> round(float(condition.of_target), 3), round(float(condition.of_matrix), 3)
    (1.667, 2.333)
    """
    require.rank("a", a, 2)
    require.rank("y", y, 1)
    require.same_length(a=a, y=y)
    tall = a.shape[0] >= a.shape[1] >= 1
    require.that(tall, f"a must have at least as many rows as columns; found shape {a.shape}")
    u, s, vt = singular.svd(a)
    y = y / unit(y)  # the numbers do not depend on the units of y and A
    along = sums.cross(u, y)
    fit, length = jnp.linalg.norm(along), jnp.linalg.norm(vt.T @ (along / (s / s[0])))
    kappa, eta = s[0] / s[-1], length / fit
    tangent = jnp.linalg.norm(y - u @ along) / fit
    return LeastSquaresCondition(kappa * jnp.linalg.norm(y) / (eta * fit), kappa + kappa**2 * tangent / eta)


@public
@jax.jit
def variance_inflation(x: Float[Array, "n d"]) -> Float[Array, " d"]:
    r"""Variance inflation factor of each feature: $\mathrm{VIF}_j = 1 / (1 - R_j^2)$.

    $R_j^2$ belongs to the regression of feature j on all others, with intercept. The factor compares the variance of
    the weight of feature j with the variance for uncorrelated features. It equals entry jj of the inverse correlation
    matrix. It is 1 if the feature is uncorrelated with the others, infinite if it is a linear combination of them, and
    NaN if it is constant. Values above 10 are a common warning sign.

    Raises:
        ValueError: unless n >= 2 and d >= 1.

    Source: Marquardt (1970).

    >>> x = jnp.array([[1.0, 1.0], [2.0, -1.0], [3.0, 1.0], [4.0, -1.0]])
    >>> print(variance_inflation(x).round(2))
    [1.25 1.25]
    """
    require.rank("x", x, 2)
    require.that(x.shape[0] >= 2 and x.shape[1] >= 1, f"x must have 2 samples and a feature; found {x.shape}")
    centered = sums.unit_columns(sums.centered(x)[0])[0]
    varies = jnp.any(centered != 0, axis=0)
    if x.shape[0] <= x.shape[1]:
        # With so few samples, each feature is a linear combination of the others and a constant.
        return jnp.where(varies, jnp.inf, jnp.nan).astype(x.dtype)
    _, s, vt = singular.svd(centered)
    rounding = rank_rtol(x.shape, s.dtype)
    lost = s <= rounding * s[0]
    # A direction without variance makes the factors of all features in it infinite.
    inflated = jnp.where(lost[:, None], jnp.where(jnp.abs(vt) > jnp.sqrt(rounding), jnp.inf, 0.0), 0.0)
    finite = jnp.where(lost[:, None], 0.0, (vt / jnp.where(lost, 1.0, s)[:, None]) ** 2)
    return jnp.where(varies, (inflated + finite).sum(axis=0), jnp.nan)
