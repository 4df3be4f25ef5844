r"""The least committed distribution with given moments. Shapes: k points, m moments.

Of all distributions on the points with $\sum_j p_j f_m(x_j) = c_m$, the one of largest entropy is of the form
$p_j \propto b_j \exp(\sum_m \lambda_m f_m(x_j))$. On a fine grid: nothing fixed, uniform; the mean of a positive
quantity, exponential; mean and variance, normal.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require

HALVINGS = 16  # of a Newton step that does not lower the dual function


class MaximumEntropy(NamedTuple):
    """A distribution on the points."""

    probability: Float[Array, " k"]  # adds up to 1; divide by the base weights for a density
    multipliers: Float[Array, " m"]  # lambda, in inverse units of the features
    entropy: Float[Array, ""]  # -sum p log(p / b), nats
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # False: not yet, or no distribution on these points has such moments


@partial(jax.jit, static_argnames="max_iter")
def fit(
    features: Float[Array, "k m"],
    moments: Float[Array, " m"],
    *,
    base: Float[Array, " k"] | None = None,
    max_iter: int = 100,
    tol: ArrayLike = 1e-5,
) -> MaximumEntropy:
    r"""Maximize $-\sum_j p_j \log(p_j / b_j)$ over p with $\sum_j p_j f_{jm} = c_m$ and $\sum_j p_j = 1$.

    Newton's method on the dual, $\min_\lambda \log \sum_j b_j \exp(\lambda \cdot (f_j - c))$, which is convex;
    its gradient is what the moments still lack. Multipliers are unique where features and a constant are
    linearly independent.

    Args:
        features: what is averaged, one row a point.
        moments: the averages, in the units of the features.
        base: positive weight of each point, such as the width of its cell; all 1 if left out.
        max_iter: largest number of steps; static.
        tol: largest error of a moment, in root mean squares of the feature around it.

    Raises:
        ValueError: unless shapes fit and max_iter >= 1.

    Source: Jaynes (1957), Physical Review 106; Boyd and Vandenberghe (2004), Convex Optimization, section 5.2.5.

    >>> die = fit(jnp.arange(1.0, 7.0)[:, None], jnp.array([4.5]))
    >>> print(die.probability.round(2))
    [0.05 0.08 0.11 0.17 0.24 0.35]
    """
    require.rank("features", features, 2)
    require.rank("moments", moments, 1)
    require.same_length(columns_of_features=features.T, moments=moments)
    require.positive("max_iter", max_iter)
    log_base = jnp.zeros_like(features[:, 0]) if base is None else jnp.log(base)
    require.same_length(features=features, base=log_base)
    centered = features - moments
    scale = jnp.sqrt(jax.nn.softmax(log_base) @ centered**2)
    scale = jnp.where(scale > 0, scale, 1.0)
    z = centered / scale

    def dual(multipliers: Array) -> Array:
        return logsumexp(log_base + z @ multipliers)

    def goes_on(carry: tuple[Array, Array, Array]) -> Array:
        _, error, n_iter = carry
        return (n_iter < max_iter) & (error >= tol)

    def advance(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        multipliers, _, n_iter = carry
        multipliers = _newton(dual, log_base, z, multipliers)
        lack = jax.nn.softmax(log_base + z @ multipliers) @ z
        return multipliers, jnp.max(jnp.abs(lack), initial=0.0), n_iter + 1

    start = (jnp.zeros_like(scale), jnp.full((), jnp.inf, z.dtype), jnp.zeros((), int))
    multipliers, error, n_iter = lax.while_loop(goes_on, advance, start)
    log_p = jax.nn.log_softmax(log_base + z @ multipliers)
    p = jnp.exp(log_p)
    entropy = -jnp.sum(jnp.where(p > 0, p * jnp.where(p > 0, log_p - log_base, 0.0), 0.0))
    return MaximumEntropy(p, multipliers / scale, entropy, n_iter, error < tol)


def _newton(dual: Callable[[Array], Array], log_base: Array, z: Array, multipliers: Array) -> Array:
    """A Newton step, halved until the dual function does not rise."""
    p = jax.nn.softmax(log_base + z @ multipliers)
    mean = p @ z
    centered = z - mean
    hessian = (centered * p[:, None]).T @ centered
    eps = jnp.finfo(z.dtype).eps
    small = eps * jnp.trace(hessian) + jnp.finfo(z.dtype).tiny
    direction = -jnp.linalg.solve(hessian + small * jnp.eye(len(mean), dtype=z.dtype), mean)
    before = dual(multipliers)
    fractions = 0.5 ** jnp.arange(HALVINGS, dtype=z.dtype)
    tried = multipliers + fractions[:, None] * direction
    fine = jax.vmap(dual)(tried) <= before + 8 * eps * (1 + jnp.abs(before))
    return jnp.where(fine.any(), tried[jnp.argmax(fine)], multipliers)
