r"""Polynomial interpolation in one variable, and where it fails. Shapes: m nodes, n points.

Exactly one polynomial of degree m - 1 passes through m nodes. With equispaced nodes it may oscillate wildly near the
ends (Runge's phenomenon). Chebyshev nodes cluster there, and their polynomials converge for every smooth function.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.scaling import largest

KINDS = (1, 2)


@public
def runge_function(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Runge's function $1 / (1 + 25 x^2)$: smooth on the real line, with poles at $\pm i / 5$.

    Source: Runge (1901), Zeitschrift für Mathematik und Physik 46, 224.

    >>> runge_function(jnp.array([0.0, 0.2])).tolist()
    [1.0, 0.5]
    """
    return 1 / (1 + 25 * x**2)


@public
@partial(jax.jit, static_argnames="n_nodes")
def equispaced_nodes(n_nodes: int, *, low: ArrayLike = -1.0, high: ArrayLike = 1.0) -> Float[Array, " m"]:
    """Nodes at equal distances from `low` to `high`, in increasing order; a single node is in the middle.

    Raises:
        ValueError: if n_nodes < 1.

    >>> equispaced_nodes(3).tolist()
    [-1.0, 0.0, 1.0]
    """
    require.positive("n_nodes", n_nodes)
    if n_nodes == 1:
        return _between(jnp.zeros(1, _dtype(low, high)), low, high)
    return _between(jnp.linspace(-1.0, 1.0, n_nodes, dtype=_dtype(low, high)), low, high)


@public
@partial(jax.jit, static_argnames=("n_nodes", "kind"))
def chebyshev_nodes(n_nodes: int, *, low: ArrayLike = -1.0, high: ArrayLike = 1.0, kind: int = 1) -> Float[Array, " m"]:
    r"""Nodes that cluster toward both ends of [low, high], in increasing order.

    Kind 1 has the roots of $T_m$, $\cos \frac{(2j + 1) \pi}{2m}$; no node is at an end. Kind 2 has the extrema of
    $T_{m-1}$, $\cos \frac{j \pi}{m - 1}$; both ends are nodes (for m = 1 the middle is the only node).

    Raises:
        ValueError: if n_nodes < 1 or the kind is not 1 or 2.

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, chapter 2.

    >>> chebyshev_nodes(3, kind=2).round(4).tolist()
    [-1.0, 0.0, 1.0]
    """
    require.positive("n_nodes", n_nodes)
    require.one_of("kind", kind, KINDS)
    centered = 2 * jnp.arange(n_nodes, dtype=_dtype(low, high)) - (n_nodes - 1)  # exactly symmetric
    return _between(jnp.sin(centered * jnp.pi / (2 * (n_nodes if kind == 1 else max(n_nodes - 1, 1)))), low, high)


@public
@jax.jit
def barycentric_weights(nodes: Float[Array, " m"]) -> Float[Array, " m"]:
    r"""Weights $w_j \propto 1 / \prod_{k \ne j} (x_j - x_k)$, scaled so that the largest magnitude is 1.

    The nodes may come in any order, but must differ: where two are equal, some weights are NaN. Sums of logarithms
    replace the products, which would leave the float range for many nodes.

    Raises:
        ValueError: unless nodes have one axis and are not empty.

    Source: Berrut and Trefethen (2004), SIAM Review 46, 501, equation 3.2.

    >>> barycentric_weights(jnp.array([0.0, 1.0, 2.0])).round(4).tolist()
    [0.5, -1.0, 0.5]
    """
    sign, logarithm = _log_weights(nodes)
    return sign * jnp.exp(logarithm - jnp.max(logarithm))


@public
@jax.jit
def lagrange_basis(x: Float[Array, " n"], nodes: Float[Array, " m"]) -> Float[Array, "n m"]:
    r"""Lagrange polynomials as a design matrix: $\ell_j$ is 1 at node j and 0 at the others.

    Where node i is the nearest to x, $\ell_i(x) = \prod_{k \ne i} \frac{x - x_k}{x_i - x_k}$ and
    $\ell_j(x) = \ell_i(x) \frac{w_j}{w_i} \frac{x - x_i}{x - x_j}$ for the others. This is the first
    barycentric formula without any division by zero. So values at nodes are exact, and derivatives with respect
    to x are correct everywhere, also at nodes. Rounding errors stay small for any nodes.

    Raises:
        ValueError: unless x and nodes have one axis, and there is at least one node.

    Source: Berrut and Trefethen (2004), SIAM Review 46, 501, equation 3.3; its stability: Higham (2004), IMA
    Journal of Numerical Analysis 24, 547.

    >>> lagrange_basis(jnp.array([0.0, 0.5]), jnp.array([0.0, 1.0])).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    require.rank("x", x, 1)
    sign, logarithm = _log_weights(nodes)
    difference = x[:, None] - nodes
    nearest = jnp.argmin(jnp.abs(difference), axis=1)
    itself = jnp.arange(len(nodes)) == nearest[:, None]
    weight = sign * sign[nearest][:, None] * jnp.exp(logarithm - logarithm[nearest][:, None])
    small = jnp.take_along_axis(difference, nearest[:, None], axis=1)
    ratio = jnp.where(itself, 1.0, weight * small / jnp.where(itself, 1.0, difference))
    gaps = nodes[nearest][:, None] - nodes
    peak = jnp.prod(jnp.where(itself, 1.0, difference / jnp.where(itself, 1.0, gaps)), axis=1, keepdims=True)
    return peak * ratio


@public
@jax.jit
def interpolate(x: Float[Array, " n"], nodes: Float[Array, " m"], values: Float[Array, " m"]) -> Float[Array, " n"]:
    r"""Evaluate the polynomial of degree m - 1 through all (node, value) at x: $p(x) = \sum_j \ell_j(x) f_j$.

    It is exact at the nodes and can be differentiated in all arguments. Beyond the nodes it is the same polynomial.

    Raises:
        ValueError: as `lagrange_basis`, and unless nodes and values have the same length.

    Source: Berrut and Trefethen (2004), SIAM Review 46, 501.

    >>> interpolate(jnp.array([3.0]), jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 1.0, 4.0])).round(4).tolist()
    [9.0]
    """
    require.same_shape(nodes=nodes, values=values)
    return jnp.sum(lagrange_basis(x, nodes) * values, axis=1)


@public
@partial(jax.jit, static_argnames="function")
def interpolation_error(
    function: Callable[[Array], Array], nodes: Float[Array, " m"], x: Float[Array, " n"]
) -> Float[Array, ""]:
    r"""Largest error of the interpolation of a function at the nodes: $\max_i |f(x_i) - p(x_i)|$, in units of f.

    Raises:
        ValueError: as `interpolate`.

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, chapter 13.

    >>> grid = jnp.linspace(-1.0, 1.0, 401)
    >>> round(interpolation_error(runge_function, equispaced_nodes(11), grid).item(), 2)
    1.92
    >>> round(interpolation_error(runge_function, chebyshev_nodes(11), grid).item(), 2)
    0.11
    """
    return largest(jnp.abs(function(x) - interpolate(x, nodes, function(nodes))))


@public
@jax.jit
def lebesgue_function(x: Float[Array, " n"], nodes: Float[Array, " m"]) -> Float[Array, " n"]:
    r"""Error at x that errors of 1 in the values can cause: $\lambda(x) = \sum_j |\ell_j(x)|$.

    Its maximum over the interval is the Lebesgue constant $\Lambda$. The error of interpolation is at most
    $1 + \Lambda$ times that of the best polynomial of the same degree. $\Lambda$ grows like $2^m / (e\, m \log m)$ for
    equispaced nodes and like $\frac{2}{\pi} \log m$ for Chebyshev nodes.

    Raises:
        ValueError: as `lagrange_basis`.

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, chapter 15.

    >>> [round(v, 3) for v in lebesgue_function(jnp.array([0.0, 0.5]), jnp.array([-1.0, 0.0, 1.0])).tolist()]
    [1.0, 1.25]
    """
    return jnp.sum(jnp.abs(lagrange_basis(x, nodes)), axis=1)


def _dtype(low: ArrayLike, high: ArrayLike) -> jnp.dtype:
    return jnp.result_type(1.0 * low, 1.0 * high)


def _between(t: Array, low: ArrayLike, high: ArrayLike) -> Array:
    """Map [-1, 1] onto [low, high], both ends exactly."""
    return (1 - t) * low / 2 + (1 + t) * high / 2


def _log_weights(nodes: Array) -> tuple[Array, Array]:
    """Sign and logarithm of the magnitude of the barycentric weights."""
    require.rank("nodes", nodes, 1)
    require.that(len(nodes) >= 1, "there must be at least one node")
    same = jnp.eye(len(nodes), dtype=bool)
    difference = jnp.where(same, 1.0, nodes[:, None] - nodes)
    return jnp.prod(jnp.sign(difference), axis=1), -jnp.sum(jnp.log(jnp.abs(difference)), axis=1)
