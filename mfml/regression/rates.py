r"""How fast gradient descent converges on least squares: predicted from the design and observed on a path.

The objective is the mean squared error $J(w) = \frac1n \|X w - y\|^2$ with divisor n and without a factor 1/2.
Along an eigenvector of its Hessian with eigenvalue h, a step with learning rate $\eta$ multiplies the error by
$1 - \eta h$. Shapes: n samples, d columns of the design.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.scaling import unit


@public
@jax.jit
def curvatures(x: Float[Array, "n d"]) -> Float[Array, " d"]:
    r"""Eigenvalues of the Hessian $\frac2n X^\top X$ of the mean squared error, in increasing order; none is negative.

    Raises:
        ValueError: unless x has two axes, at least one sample and at least one feature.

    Source: Murphy (2012), section 8.3.2; the loss is that of `descent.mse_gradient`.

    >>> curvatures(jnp.array([[1.0], [2.0]])).round(4).tolist()
    [5.0]
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x needs at least one sample and one feature; found shape {x.shape}")
    size = unit(x)
    return jnp.maximum(jnp.linalg.eigvalsh(2 / len(x) * sums.gram(x / size)), 0.0) * size * size


@public
@jax.jit
def largest_stable_step(x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""Learning rate $2 / L$ with the largest curvature L. Below it gradient descent converges from any start.

    At 2 / L the error along the steepest direction changes its sign forever; above 2 / L it grows. It is infinite for
    x = 0.

    Raises:
        ValueError: as `curvatures`.

    Source: Nesterov (2004), Introductory Lectures on Convex Optimization, section 1.2.3.

    >>> round(largest_stable_step(jnp.array([[1.0], [2.0]])).item(), 4)
    0.4
    """
    return 2 / curvatures(x)[-1]


@public
@jax.jit
def fastest_step(x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""Learning rate $2 / (L + \mu)$. It gives the smallest `predicted_rate`, $(L - \mu) / (L + \mu)$.

    L is the largest curvature, and $\mu$ is the smallest one that is not zero within rounding.

    Raises:
        ValueError: as `curvatures`.

    Source: Nesterov (2004), Introductory Lectures on Convex Optimization, section 2.1.5.

    >>> round(fastest_step(jnp.array([[1.0, 0.0], [0.0, 2.0]])).item(), 4)
    0.4
    """
    values, curved = _curved(x)
    return 2 / (values[-1] + jnp.min(jnp.where(curved, values, values[-1])))


@public
@jax.jit
def predicted_rate(x: Float[Array, "n d"], learning_rate: ArrayLike) -> Float[Array, ""]:
    r"""Factor by which a late step multiplies the error: $\max_i |1 - \eta h_i|$.

    $h_i$ are the curvatures, and $\eta$ is the learning rate. The error is the distance $\|w_t - w^*\|$ to the
    minimum. The difference between the risk and its minimum shrinks by the square of this factor. Directions without
    curvature (below d eps L) are left out: w* is then the minimum nearest to the start. A descent with a rate of 1 or
    more does not converge.

    Raises:
        ValueError: as `curvatures`.

    Source: Nesterov (2004), Introductory Lectures on Convex Optimization, section 1.2.3.

    >>> round(predicted_rate(jnp.array([[1.0, 0.0], [0.0, 2.0]]), 0.4).item(), 4)
    0.6
    """
    values, curved = _curved(x)
    return jnp.max(jnp.where(curved, jnp.abs(1 - learning_rate * values), 0.0))


@public
@jax.jit
def observed_rate(distances: Float[Array, " t"]) -> Float[Array, ""]:
    r"""Factor per step over the second half of a path: $(e_{T} / e_{m})^{1 / (T - m)}$ with m = T // 2.

    $e_t$ is the distance to the minimum after t steps. The first half is left out, since fast directions still count
    there. Choose a path that ends before rounding errors dominate. NaN where $e_m = 0$.

    Raises:
        ValueError: for fewer than two distances.

    Source: Nocedal and Wright (2006), Numerical Optimization, section A.2 (rates of convergence).

    >>> round(observed_rate(jnp.array([8.0, 4.0, 2.0, 1.0])).item(), 4)
    0.5
    """
    require.rank("distances", distances, 1)
    require.that(len(distances) >= 2, f"a rate needs two distances; found {len(distances)}")
    last = len(distances) - 1
    return (distances[last] / distances[last // 2]) ** (1 / (last - last // 2))


def _curved(x: Array) -> tuple[Array, Array]:
    """Return the curvatures, and which of them are not zero within rounding."""
    values = curvatures(x)
    return values, ~(values <= len(values) * jnp.finfo(x.dtype).eps * values[-1])  # NaN counts
