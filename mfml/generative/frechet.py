r"""Fréchet distance of normal distributions: how far means and covariances are apart. Shapes: n, m samples, d features.

$$F^2 = \|\mu_1 - \mu_2\|^2 + \mathrm{tr}(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1^{1/2} \Sigma_2 \Sigma_1^{1/2})^{1/2})$$

It is the squared Wasserstein distance between two normal distributions. Between means and covariances of features of
images, it is known as FID. With factors $\Sigma_i = L_i L_i^\top$ the second part is the smallest $\|L_1 - L_2 R\|^2$
over all orthogonal R. This form needs no root of a product, does not cancel for equal covariances, and holds for those
of low rank.

Source: Dowson and Landau (1982); Heusel et al. (2017); the form with R: Bhatia, Jain and Lim (2019).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, singular, sums
from mfml.probability.gaussian import Gaussian


@public
@jax.jit
def squared_distance(p: Gaussian, q: Gaussian) -> Float[Array, ""]:
    """Squared Fréchet distance of two normal distributions, in squared units of x.

    Covariances need not have full rank; what is negative in them counts as 0. Where a covariance has no variance along
    a direction, the derivative in this direction would be infinite: it counts as if the other had none, either.

    Raises:
        ValueError: unless both have the same number of coordinates.

    Source: Dowson and Landau (1982), equation 16.

    >>> p = Gaussian(jnp.array([0.0]), jnp.array([[1.0]]))
    >>> round(squared_distance(p, Gaussian(jnp.array([1.0]), jnp.array([[4.0]]))).item(), 4)
    2.0
    """
    require.same_shape(**{"the mean of p": p.mean, "that of q": q.mean})
    require.square("the covariance of p", p.covariance)
    require.same_shape(**{"the covariance of p": p.covariance, "that of q": q.covariance})
    unit = scaling.unit(jnp.stack([p.covariance, q.covariance]))
    between = _of_covariances(p.covariance / unit, q.covariance / unit) * unit
    return jnp.sum((p.mean - q.mean) ** 2) + between


@public
@jax.jit
def of_samples(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, ""]:
    """Squared Fréchet distance from the means and covariances of samples; the divisors are n - 1 and m - 1.

    Few samples make it too large: compare only values from the same numbers of samples.

    Raises:
        ValueError: unless both have the same features and at least two samples.

    Source: Heusel et al. (2017).

    >>> round(of_samples(jnp.array([[-1.0], [1.0]]), jnp.array([[0.0], [4.0]])).item(), 4)  # 4 + 2 + 8 - 8
    6.0
    """
    means, covariances = [], []
    for name, sample in (("x", x), ("y", y)):
        require.rank(name, sample, 2)
        n = len(sample)
        require.that(n >= 2 and sample.size > 0, f"{name} must hold 2 samples and a feature; found {sample.shape}")
        _, mean, rest = sums.centered(sample)
        means.append((mean, rest))
        covariances.append(sums.covariance(sample)[1] * (n / (n - 1)))
    require.same_length(x=(x, 1), y=(y, 1))
    (first, of_first), (second, of_second) = means
    between = (first - second) + (of_first - of_second)  # far from the origin a mean itself has few digits
    p, q = (Gaussian(mean, each) for mean, each in zip((between, jnp.zeros_like(between)), covariances, strict=True))
    return squared_distance(p, q)


@jax.custom_jvp
def _of_covariances(first: Array, second: Array) -> Array:
    a, b = (_factor(one) for one in (first, second))
    u, _, vt = singular.svd(b.T @ a)
    return jnp.sum((a - b @ (u @ vt)) ** 2)


@_of_covariances.defjvp
def _(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    """The derivative in a covariance is I - T, where T is the matrix of the optimal transport to the other one."""
    a, b = (_factor(one) for one in primals)
    u, s, vt = singular.svd(b.T @ a)
    forth, back = (_inverse(factor) for factor in (a, b))
    to_second, to_first = forth.T @ (vt.T * s) @ vt @ forth, back.T @ (u * s) @ u.T @ back
    one = jnp.eye(len(a), dtype=a.dtype)
    change = jnp.sum((one - to_second) * tangents[0] + (one - to_first) * tangents[1])
    return jnp.sum((a - b @ (u @ vt)) ** 2), change


def _factor(covariance: Array) -> Array:
    """Factor with orthogonal columns; those that are nothing but rounding are 0."""
    sound = jnp.where(jnp.isfinite(covariance).all(), covariance, jnp.nan)
    values, vectors = jnp.linalg.eigh(sound, symmetrize_input=True)
    kept = ~(values <= scaling.rank_rtol(covariance.shape, values.dtype) * values[-1])  # NaN stays
    return vectors * jnp.where(kept, jnp.sqrt(jnp.where(kept, values, 1.0)), 0.0)


def _inverse(factor: Array) -> Array:
    """Pseudo-inverse of a factor with orthogonal columns."""
    squares = jnp.sum(factor**2, axis=0)
    return jnp.where(squares == 0, 0.0, factor / jnp.where(squares == 0, 1.0, squares)).T
