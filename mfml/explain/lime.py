r"""LIME: a linear model that imitates any model near one sample.

Shapes: n samples, d features, k outputs, m random neighbors.

Neighbors $x + s z$ are drawn around the sample, z from N(0, I), and count the more the nearer they are. Coefficients
belong to z: they say what one scale s of a feature does, in units of the output. No feature is cut into bins.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_factor, cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.explain.asking import Function, outputs
from mfml.numerics import scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.risk import metrics


class Lime(NamedTuple):
    """A linear model for the neighborhood of each sample."""

    coef: Float[Array, "n d *k"]  # units of the output: the effect of one scale of the feature
    intercept: Float[Array, "n *k"]  # what the linear model says of the sample itself
    score: Float[Array, "n *k"]  # weighted R2 over the neighbors: how linear the model is there


@public
@checked(width=POSITIVE)
@jax.jit
def weights(z: Float[Array, "m d"], *, width: ArrayLike) -> Float[Array, " m"]:
    r"""Weight of each neighbor, $\sqrt{\exp(-\lVert z \rVert^2 / \text{width}^2)}$, from 0 to 1.

    Raises:
        ValueError: unless z has two axes, and for a width that is not positive.

    Source: Ribeiro, Singh and Guestrin (2016), as in their package.

    >>> weights(jnp.array([[0.0, 0.0], [1.0, 1.0]]), width=1.0).tolist()
    [1.0, 0.3678...]
    """
    require.rank("z", z, 2)
    return jnp.exp(-0.5 * jnp.sum((z / width) ** 2, axis=1))


@public
@checked(scale=NON_NEGATIVE, width=POSITIVE, alpha=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("f", "n_samples"))
def fit(
    f: Function,
    x: Float[Array, "n d"],
    scale: Float[Array, " d"],
    *,
    key: Key[Array, ""],
    n_samples: int = 5000,
    width: ArrayLike | None = None,
    alpha: ArrayLike = 1.0,
) -> Lime:
    r"""Minimize $\sum_i w_i (f(x + s z_i) - b_0 - z_i b)^2 + \alpha \lVert b \rVert^2$ around each sample x.

    The same z serve all samples. On a linear model the coefficients are those of the model times the scales, up to the
    penalty. Results depend on the width: a wide kernel describes another neighborhood than a narrow one.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        x: samples to explain.
        scale: how far neighbors lie apart in each feature, in units of x, such as the standard deviation of the data.
        key: draws the neighbors.
        n_samples: number of neighbors, more than there are features; static.
        width: of the kernel, in scales; $0.75 \sqrt d$ if left out.
        alpha: penalty, against a sum of weights that grows with `n_samples`. Its unit is that of a weight.

    Raises:
        ValueError: unless there is a scale for each column of x and there are more neighbors than features; for
            a negative scale or penalty, and a width that is not positive.

    Source: Ribeiro, Singh and Guestrin (2016).

    >>> x, scale = jnp.ones((1, 2)), jnp.array([2.0, 1.0])
    >>> found = fit(lambda rows: 3 * rows[:, 0], x, scale, key=jax.random.key(0), alpha=0.0)
    >>> (found.coef.round(4) + 0.0).tolist(), found.score.round(4).tolist()
    ([[6.0, 0.0]], [1.0])
    """
    require.rank("x", x, 2)
    require.same_length(x=(x, 1), scale=scale)
    d = x.shape[1]
    require.that(n_samples > d, f"n_samples must be above the {d} features; found {n_samples}")
    z = jax.random.normal(key, (n_samples, d), x.dtype)
    w = weights(z, width=jnp.asarray(0.75 * max(d, 1) ** 0.5 if width is None else width, x.dtype))
    moved, center, rest = sums.centered(z, weights=w)
    penalty = jnp.asarray(alpha, x.dtype) * jnp.eye(d, dtype=x.dtype)
    factor = cho_factor(sums.gram(moved, weights=w) + penalty)

    def one(row: Array) -> Lime:
        y = outputs(f, row + scale * z)
        k = y.shape[1:]
        y = y.reshape(n_samples, -1)
        unit = scaling.column_units(y)
        away, mean, left = sums.centered(y / unit, weights=w)
        coef = cho_solve(factor, sums.cross(moved, w[:, None] * away).T)  # (d, k)
        score = jax.vmap(partial(metrics.r2, weights=w), in_axes=1)(_product(moved, coef), away)
        intercept = mean + (left - _product(center + rest, coef))
        return Lime((coef * unit).reshape(d, *k), (intercept * unit).reshape(k), score.reshape(k))

    return lax.map(one, x)


def _product(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)
