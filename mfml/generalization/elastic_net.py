r"""The problem that lasso and elastic net solve. Shapes: n samples, d features, a penalties.

$$J(\beta) = \frac{1}{2n} \lVert y - \beta_0 - X\beta \rVert^2 + \alpha \rho \lVert \beta \rVert_1
  + \tfrac12 \alpha (1 - \rho) \lVert \beta \rVert^2$$

as in scikit-learn. $\rho$ is the `l1_ratio` (1 is the lasso). $\alpha\rho$ has units of x times y, and
$\alpha(1 - \rho)$ has squared units of x. With weights, squares are weighted and n is the sum of the weights. The
intercept is not penalized, since the data are centered. $q = X^\top (y - X\beta) / n$ is the correlation of each
feature with the residual. A zero coefficient is optimal as long as $|q_j| \le \alpha \rho$.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, between, checked

MANY = 200  # columns, from which blocks of them save half of the products


class Task(NamedTuple):
    """The centered data in the form that the solvers need."""

    gram: Float[Array, "d d"]  # X^T X / n, or X^T W X / n with weights
    target: Float[Array, " d"]  # X^T y / n
    energy: Float[Array, ""]  # |y|^2 / n
    x_mean: Float[Array, " d"]
    y_mean: Float[Array, ""]


@public
def soft_threshold(v: Float[Array, "*shape"], threshold: ArrayLike) -> Float[Array, "*shape"]:
    r"""Return $\mathrm{sign}(v) \max(|v| - t, 0)$, the proximal map of $t \lVert \cdot \rVert_1$.

    >>> soft_threshold(jnp.array([-3.0, 0.5, 2.0]), 1.0).tolist()
    [-2.0, 0.0, 1.0]
    """
    return jnp.sign(v) * jnp.maximum(jnp.abs(v) - threshold, 0.0)


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def problem(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Task:
    """Center the data and compute the products that the solvers need. `fit_intercept` is static.

    Raises:
        ValueError: if shapes do not fit, x is empty, or a weight is negative.

    >>> problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0])).target.tolist()
    [2.0]
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must not be empty; found shape {x.shape}")
    require.samples(x, y, weights)
    x, y = present(weights, x), present(weights, y)
    if x.shape[1] < MANY:
        found = sums.moments(x, y, weights=weights, centered=fit_intercept)
        mean, products = found.mean + found.rest, found.products / found.total
        return Task(products[:-1, :-1], products[:-1, -1], products[-1, -1], mean[:-1], mean[-1])
    both = (
        sums.centered(part, weights=weights)[:2] if fit_intercept else (part, jnp.zeros_like(part[0]))
        for part in (x, y)
    )
    (a, x_mean), (b, y_mean) = both
    if weights is not None:
        root = jnp.sqrt(weights / jnp.sum(weights) * len(x))
        a, b = a * root[:, None], b * root
    n = len(x)
    return Task(_gram(a) / n, a.T @ b / n, b @ b / n, x_mean, y_mean)


@public
@checked(eps=between(0, 1, above=True), l1_ratio=between(0, 1, above=True))
def grid(task: Task, *, n_alphas: int = 100, eps: float = 1e-3, l1_ratio: ArrayLike = 1.0) -> Float[Array, " a"]:
    r"""Return decreasing penalties, evenly spaced on a logarithmic axis.

    The first is the smallest that keeps all coefficients zero: $\max_j |q_j| / \rho$ at zero. The last is `eps` times
    the first. `n_alphas` is static.

    Raises:
        ValueError: unless n_alphas >= 2, and eps and l1_ratio lie above 0 and not above 1.

    >>> grid(problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0])), n_alphas=2, eps=0.25).round(4).tolist()
    [2.0, 0.5]
    """
    require.that(n_alphas >= 2, f"n_alphas must be at least 2; found {n_alphas}")
    first = scaling.largest(jnp.abs(task.target)) / l1_ratio
    return first * eps ** jnp.linspace(0.0, 1.0, n_alphas, dtype=first.dtype)


@public
@checked(alpha=NON_NEGATIVE, l1_ratio=between(0, 1))
def kkt_residual(
    coef: Float[Array, " d"], task: Task, *, alpha: ArrayLike, l1_ratio: ArrayLike = 1.0
) -> Float[Array, " d"]:
    r"""Return by how much each coefficient violates the conditions of a minimum; all are 0 exactly at a minimum.

    $s_j = q_j - \alpha(1-\rho)\beta_j$ is the negative gradient of the smooth part. The violation is
    $|s_j - \alpha\rho\, \mathrm{sign}\,\beta_j|$ where $\beta_j \ne 0$ and $\max(|s_j| - \alpha\rho, 0)$ where
    $\beta_j = 0$, in units of x times y.

    >>> task = problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]))
    >>> kkt_residual(jnp.array([1.5]), task, alpha=0.5).tolist()
    [0.0]
    """
    smooth = task.target - task.gram @ coef - alpha * (1 - l1_ratio) * coef
    bound = alpha * l1_ratio
    return jnp.where(coef != 0, jnp.abs(smooth - bound * jnp.sign(coef)), jnp.maximum(jnp.abs(smooth) - bound, 0.0))


@public
@jax.jit
def duality_gap(
    coef: Float[Array, " d"],
    correlation: Float[Array, " d"],
    task: Task,
    *,
    alpha: ArrayLike,
    l1_ratio: ArrayLike = 1.0,
) -> Float[Array, ""]:
    r"""Return J minus the dual objective at the scaled residual: an upper bound on J minus its minimum.

    `correlation` is q at `coef`. The scaling moves the residual into the domain of the dual.

    Source: Kim et al. (2007), IEEE Journal of Selected Topics in Signal Processing 1, 606, for the lasso; the elastic
    net is a lasso with rows $\sqrt{n \alpha (1-\rho)} I$ added to X.

    >>> task = problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]))
    >>> duality_gap(jnp.zeros(1), task.target, task, alpha=2.0).item()
    0.0
    """
    w, q = coef, correlation
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    explained = w @ (task.target + q)  # 2 w.X'y/n - w.Gw
    squares = jnp.maximum(task.energy - explained, 0.0) + l2 * (w @ w)  # |residual|^2 / n with the added rows
    with_y = task.energy - w @ task.target
    largest = jnp.max(jnp.abs(q - l2 * w))
    scale = jnp.minimum(l1 / jnp.where(largest > 0, largest, 1.0), 1.0)
    gap = 0.5 * squares * (1 + scale**2) + l1 * jnp.sum(jnp.abs(w)) - scale * with_y
    return jnp.maximum(gap, 0.0)


def _gram(a: Array) -> Array:
    """A^T A for many columns: each product of two blocks of them is computed once and used again transposed."""
    blocks = jnp.array_split(a, min(5, 1 + a.shape[1] // MANY), axis=1)
    products = [[left.T @ right for right in blocks[: row + 1]] for row, left in enumerate(blocks)]
    size = range(len(blocks))
    return jnp.block([[products[i][j] if j <= i else products[j][i].T for j in size] for i in size])
