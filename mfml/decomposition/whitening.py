r"""Whitening: a linear map after which the features are uncorrelated, with unit variance.

Shapes: n samples, d features. All matrices W with $W^\top W = S^{-1}$ whiten the data; they differ by a rotation.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.decomposition import spectral
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.scaling import cholesky

KINDS = ("pca", "zca", "cholesky")


class Whitening(NamedTuple):
    """Fitted model: z = matrix @ (x - mean)."""

    mean: Float[Array, " d"]
    matrix: Float[Array, "d d"]  # W, in inverse units of x
    inverse: Float[Array, "d d"]  # its inverse, in units of x


@public
@partial(jax.jit, static_argnames=("kind", "epsilon", "ddof"))
def fit(x: Float[Array, "n d"], *, kind: str = "pca", epsilon: float = 0.0, ddof: int = 1) -> Whitening:
    r"""Find W such that $z = W (x - \bar x)$ has the identity as its covariance.

    With $S + \epsilon I = Q \Lambda Q^\top = L L^\top$:

    - "pca": $W = \Lambda^{-1/2} Q^\top$ rotates onto the principal axes, then scales each;
    - "zca": $W = Q \Lambda^{-1/2} Q^\top$ is symmetric and, of all whitenings, changes the data least;
    - "cholesky": $W = L^{-1}$ is triangular and removes from each feature what the earlier ones explain.

    S has the divisor n - ddof. `epsilon`, in squared units of x, limits the amplification of
    directions with little variance; the covariance of z is then only close to the identity. Without it, W has
    infinite or NaN entries where S is singular (n <= d, or dependent features), unless rounding hides it.

    Raises:
        ValueError: unless `x` has a feature and more than `ddof` samples, and `kind` is known.

    Source: Kessy, Lewin and Strimmer (2018).

    >>> x = jnp.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> print(fit(x, kind="zca", ddof=0).matrix.round(3) + 0.0)
    [[1.414 0.   ]
     [0.    0.707]]
    """
    require.one_of("kind", kind, KINDS)
    require.that(epsilon >= 0, f"epsilon must not be negative; found {epsilon}")
    s = spectral.covariance(x, ddof=ddof) + epsilon * jnp.eye(x.shape[1], dtype=x.dtype)
    mean = sums.mean(x)
    if kind == "cholesky":
        lower = cholesky(s)
        matrix = jax.scipy.linalg.solve_triangular(lower, jnp.eye(len(s), dtype=s.dtype), lower=True)
        return Whitening(mean, matrix, lower)
    values, vectors = spectral.decompose(s)
    scale = jnp.sqrt(values)
    matrix, inverse = vectors.T / scale[:, None], vectors * scale
    if kind == "zca":
        return Whitening(mean, vectors @ matrix, inverse @ vectors.T)
    return Whitening(mean, matrix, inverse)


@public
def transform(model: Whitening, x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    r"""Whiten samples with a fitted model: $z = W (x - \bar x)$, dimensionless.

    Raises:
        ValueError: unless `x` has the features that the model was fitted on.

    >>> model = Whitening(jnp.array([1.0]), jnp.array([[2.0]]), jnp.array([[0.5]]))
    >>> print(transform(model, jnp.array([[2.0], [1.0]])))
    [[2.]
     [0.]]
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.mean))
    return (x - model.mean) @ model.matrix.T


@public
def inverse_transform(model: Whitening, z: Float[Array, "n d"]) -> Float[Array, "n d"]:
    r"""Map whitened samples back: $x = \bar x + W^{-1} z$. White noise becomes noise with covariance S.

    Raises:
        ValueError: unless `z` has the features that the model was fitted on.

    >>> model = Whitening(jnp.array([1.0]), jnp.array([[2.0]]), jnp.array([[0.5]]))
    >>> print(inverse_transform(model, jnp.array([[2.0]])))
    [[2.]]
    """
    require.rank("z", z, 2)
    require.columns("z", z, len(model.mean))
    return model.mean + z @ model.inverse.T
