r"""Covariances of Gaussian mixtures. Shapes: n samples, d features, k components, s samples in a block.

Four kinds, distinguished by their shape; the last two hold variances only:

| kind      | shape     | parameters  | each component is                       |
|-----------|-----------|-------------|-----------------------------------------|
| full      | (k, d, d) | k d(d+1)/2  | an ellipsoid of its own                 |
| tied      | (1, d, d) | d(d+1)/2    | the same ellipsoid                      |
| diag      | (k, 1, d) | k d         | an ellipsoid with axes along features   |
| spherical | (k, 1, 1) | k           | a ball                                  |

A step of EM works with whitened samples $y = L^{-1}(x - \mu)$, where $\Sigma = L L^\top$. Sums of y and of $y y^\top$
do not suffer from cancellation, even for thin components far from the origin. With a single feature, all kinds except
"tied" coincide, including their shape.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.scaling import cholesky

KINDS = ("full", "tied", "diag", "spherical")


class Whitener(NamedTuple):
    """Factors of covariances, and their inverses."""

    factor: Float[Array, "c a b"]  # L, lower triangular; standard deviations for diag and spherical
    inverse: Float[Array, "c a b"]  # of L; reciprocal standard deviations for diag and spherical
    log_det: Float[Array, " k"]  # of the inverse factor: -1/2 log det of the covariance


@public
def n_parameters(covariance: Float[Array, "c a b"]) -> int:
    """Count the free parameters.

    >>> n_parameters(jnp.ones((3, 2, 2))), n_parameters(jnp.ones((3, 1, 2)))
    (9, 6)
    """
    count, rows, columns = covariance.shape
    return count * (rows * (rows + 1) // 2 if rows == columns else columns)


@public
def dense(covariance: Float[Array, "c a b"], *, n_components: int, n_features: int) -> Float[Array, "k d d"]:
    """One full matrix per component, for any kind. Both counts are static.

    >>> dense(jnp.array([[[4.0]], [[9.0]]]), n_components=2, n_features=2).tolist()
    [[[4.0, 0.0], [0.0, 4.0]], [[9.0, 0.0], [0.0, 9.0]]]
    """
    shape = (n_components, n_features, n_features)
    if covariance.shape[1] == n_features:
        return jnp.broadcast_to(covariance, shape)
    return jnp.eye(n_features, dtype=covariance.dtype) * jnp.broadcast_to(covariance, shape)


@public
@jax.jit
def whitener(covariance: Float[Array, "c a b"], means: Float[Array, "k d"]) -> Whitener:
    """Factorize the covariances; NaN where one is not positive definite.

    >>> whitener(jnp.array([[[4.0]]]), jnp.zeros((1, 2))).log_det.round(1).item() < -1.3
    True
    """
    k, d = means.shape
    if covariance.shape[1] == d:
        factor = cholesky(covariance)
        identity = jnp.broadcast_to(jnp.eye(d, dtype=factor.dtype), factor.shape)
        inverse = solve_triangular(factor, identity, lower=True)
        diagonal = jnp.diagonal(inverse, axis1=1, axis2=2)
    else:
        factor = jnp.sqrt(jnp.where(covariance > 0, covariance, jnp.nan))
        inverse = 1 / factor
        diagonal = inverse[:, 0]
    return Whitener(factor, inverse, jnp.sum(jnp.log(jnp.broadcast_to(diagonal, (k, d))), axis=1))


@public
def whiten(made: Whitener, means: Float[Array, "k d"], x: Float[Array, "d s"]) -> Float[Array, "k d s"]:
    r"""Samples whitened for every component, $y = L^{-1} (x - \mu)$; features first.

    >>> made = whitener(jnp.array([[[4.0]]]), jnp.array([[1.0]]))
    >>> whiten(made, jnp.array([[1.0]]), jnp.array([[5.0]])).tolist()
    [[[2.0]]]
    """
    moved = x - means[:, :, None]  # before the product, which would lose the digits of thin components far away
    if made.inverse.shape[1] != len(x):
        return moved * made.inverse.swapaxes(1, 2)
    return jnp.broadcast_to(made.inverse, (len(means), len(x), len(x))) @ moved


@public
def log_density(made: Whitener, y: Float[Array, "k d s"]) -> Float[Array, "k s"]:
    r"""Logarithm of $\mathcal N(x; \mu_k, \Sigma_k)$ in nats, from whitened samples y.

    Source: Bishop (2006), equation 2.43.

    >>> made = whitener(jnp.ones((1, 1, 1)), jnp.zeros((1, 1)))
    >>> round(log_density(made, jnp.zeros((1, 1, 1))).item(), 4)
    -0.9189
    """
    constant = made.log_det - y.shape[1] / 2 * jnp.log(2 * jnp.pi)
    return constant[:, None] - jnp.sum(y**2, axis=1) / 2


@public
def second_moment(shape: tuple[int, ...], r: Float[Array, "k s"], y: Float[Array, "k d s"]) -> Float[Array, "c a b"]:
    r"""Sum of $r\, y y^\top$ over samples, in the given shape: matrices, their diagonals, or means of these.

    >>> second_moment((1, 1, 1), jnp.ones((1, 2)), jnp.array([[[1.0, 2.0]]])).tolist()
    [[[5.0]]]
    """
    weighted = r[:, None] * y
    if shape[1] != y.shape[1]:
        diagonal = jnp.sum(weighted * y, axis=2)
        return (diagonal if shape[2] > 1 else diagonal.mean(axis=1, keepdims=True))[:, None]
    if shape[0] == 1:
        return lax.dot_general(weighted, y, (((0, 2), (0, 2)), ((), ())))[None]
    return lax.dot_general(weighted, y, (((2,), (2,)), ((0,), (0,))))


@public
@jax.jit
def updated(
    made: Whitener,
    counts: Float[Array, " k"],
    first: Float[Array, "k d"],
    second: Float[Array, "c a b"],
    reg_covar: ArrayLike,
) -> tuple[Float[Array, "k d"], Float[Array, "c a b"]]:
    r"""Shift of the means and new covariances, from the weighted sums of y (`first`) and of y y^T (`second`).

    With $a_k = \frac{1}{N_k} \sum r y$ the mean moves by $L a$, and the covariance becomes
    $L (\frac{1}{N_k} \sum r y y^\top - a a^\top) L^\top$ plus reg_covar, a number or one per feature, on the diagonal.

    >>> made = whitener(jnp.array([[[4.0]]]), jnp.zeros((1, 1)))
    >>> shift, new = updated(made, jnp.array([2.0]), jnp.array([[2.0]]), jnp.array([[[10.0]]]), 0.0)
    >>> shift.tolist(), new.tolist()
    ([[2.0]], [[[16.0]]])
    """
    number = jnp.maximum(counts, jnp.finfo(counts.dtype).tiny)[:, None]
    a = first / number
    if made.factor.shape[1] != a.shape[1]:
        spread = made.factor[:, 0]  # (k, d) or (k, 1)
        square = a**2 if spread.shape[1] > 1 else jnp.mean(a**2, axis=1, keepdims=True)
        variance = spread**2 * (second[:, 0] / number - square)
        return spread * a, variance[:, None] + (reg_covar if spread.shape[1] > 1 else jnp.mean(jnp.asarray(reg_covar)))
    outer = a[:, :, None] * a[:, None]
    if len(made.factor) == 1:
        share = counts / counts.sum()
        inner = second / counts.sum() - jnp.tensordot(share, outer, 1)
    else:
        inner = second / number[..., None] - outer
    covariance = made.factor @ inner @ made.factor.swapaxes(1, 2)
    covariance = (covariance + covariance.swapaxes(1, 2)) / 2
    identity = jnp.eye(a.shape[1], dtype=a.dtype)
    return jnp.einsum("kij,kj->ki", jnp.broadcast_to(made.factor, outer.shape), a), covariance + reg_covar * identity


@public
def rescaled(covariance: Float[Array, "c a b"], scale: Float[Array, " d"]) -> Float[Array, "c a b"]:
    """Covariances after each feature is multiplied by its number; for spherical ones all numbers must be equal.

    >>> rescaled(jnp.array([[[1.0, 2.0], [2.0, 9.0]]]), jnp.array([1.0, 10.0])).tolist()
    [[[1.0, 20.0], [20.0, 900.0]]]
    """
    if covariance.shape[1] == len(scale):
        return covariance * scale[:, None] * scale
    scale = scale[: covariance.shape[2]]
    return covariance * scale * scale


@public
def unit(kind: str, *, n_components: int, n_features: int, dtype: DTypeLike) -> Float[Array, "c a b"]:
    """Identity covariances of the given kind. All arguments are static.

    Raises:
        ValueError: for an unknown kind.

    >>> unit("diag", n_components=3, n_features=2, dtype=jnp.float32).shape
    (3, 1, 2)
    """
    require.one_of("covariance_type", kind, KINDS)
    if kind in ("full", "tied"):
        count = n_components if kind == "full" else 1
        return jnp.asarray(np.broadcast_to(np.eye(n_features), (count, n_features, n_features)), dtype)
    return jnp.asarray(np.ones((n_components, 1, n_features if kind == "diag" else 1)), dtype)
