r"""Data enriched by slopes: a regression on values and derivatives together. Shapes: n samples, d features.

Where a simulation gives gradients (forces along with energies, fluxes along with temperatures), each sample holds
d + 1 numbers about the curve instead of one. The loss compares both, as the norm of a Sobolev space does:

$$J = \frac1n \sum_i \left( (f(x_i) - y_i)^2
  + \sum_j \ell_j^2 \left( \frac{\partial f}{\partial x_j}(x_i) - s_{ij} \right)^2 \right).$$

$\ell_j$ is a length in units of feature j: an error of a slope counts as the error of a value at this distance.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

Function = Callable[[Array], Array]  # of one sample, shape (d,); returns a number
Basis = Callable[[Array], Array]  # of one sample, shape (d,); returns p numbers


class Enriched(NamedTuple):
    """A linear regression for values and slopes; m = n (1 + d). All rows have the unit of y."""

    design: Float[Array, "m p"]  # n rows for values, then n for the slopes along each feature, times its length
    y: Float[Array, " m"]


@public
def enrich(
    basis: Basis,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    slopes: Float[Array, "n d"],
    *,
    scale: ArrayLike | Float[Array, " d"],
) -> Enriched:
    r"""Rows $\phi(x_i)$ for values and $\ell_j\, \partial_j \phi(x_i)$ for slopes, and what a linear model is to give.

    Least squares without an intercept (`regression.ols`) then minimizes n J for $f(x) = w \cdot \phi(x)$. Let
    `basis` return a 1, too.

    Args:
        basis: phi, differentiable.
        x: features.
        y: values.
        slopes: derivative of y along each feature, units of y over those of the feature.
        scale: lengths $\ell$, one for all features or one each.

    Raises:
        ValueError: unless shapes fit, and `basis` returns one axis.

    Source: Czarnecki et al. (2017), Advances in Neural Information Processing Systems 30.

    >>> line = lambda x: jnp.array([1.0, x[0]])
    >>> made = enrich(line, jnp.array([[2.0]]), jnp.array([5.0]), jnp.array([[3.0]]), scale=10.0)
    >>> made.design.tolist(), made.y.tolist()
    ([[1.0, 2.0], [0.0, 10.0]], [5.0, 30.0])
    """
    _check(x, y, slopes)

    def row(sample: Array) -> Array:
        found = jnp.asarray(basis(sample))
        require.that(found.ndim == 1, f"basis must return numbers along one axis; found shape {found.shape}")
        return found

    return _rows(jax.vmap(row)(x), jax.vmap(jax.jacfwd(row))(x), y, slopes, scale)


@jax.jit
def _rows(values: Array, derivatives: Array, y: Array, slopes: Array, scale: ArrayLike) -> Enriched:
    lengths = jnp.broadcast_to(jnp.asarray(scale, y.dtype), slopes.shape[1:])
    along = jnp.moveaxis(derivatives * lengths, 2, 0).reshape(-1, values.shape[1])
    return Enriched(jnp.concatenate([values, along]), jnp.concatenate([y, (lengths * slopes).T.reshape(-1)]))


@public
def risk(
    function: Function,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    slopes: Float[Array, "n d"],
    *,
    scale: ArrayLike | Float[Array, " d"],
) -> Float[Array, ""]:
    """J for any differentiable function, such as a network; squared units of y. Arguments as in `enrich`.

    Raises:
        ValueError: unless shapes fit, and `function` returns a number.

    Source: Czarnecki et al. (2017), equation 1.

    >>> risk(lambda x: 2 * x[0], jnp.array([[1.0]]), jnp.array([2.0]), jnp.array([[5.0]]), scale=0.5).item()
    2.25
    """
    _check(x, y, slopes)

    def value(sample: Array) -> Array:
        found = jnp.asarray(function(sample))
        require.that(found.shape == (), f"function must return a number; found shape {found.shape}")
        return found

    found, derivatives = jax.vmap(jax.value_and_grad(value))(x)
    return _mean_squares(found - y, derivatives - slopes, scale)


@jax.jit
def _mean_squares(off: Array, slope_off: Array, scale: ArrayLike) -> Array:
    lengths = jnp.asarray(scale, off.dtype)
    return jnp.mean(off**2 + jnp.sum((lengths * slope_off) ** 2, axis=1))


def _check(x: Array, y: Array, slopes: Array) -> None:
    require.rank("x", x, 2)
    require.samples(x, y)
    require.same_shape(slopes=slopes, x=x)
