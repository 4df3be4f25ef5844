"""Kernel principal component analysis. Shapes: n training samples, m others, d features, k components."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Key

from mfml import require
from mfml.decomposition import krylov, spectral
from mfml.decomposition.kernels import Cosine, Kernel, Linear, gram, make_kernel
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.scaling import directions, power_of_two

SOLVERS = ("auto", "dense", "krylov")
# With a key, the solver "auto" takes "krylov" for more samples than this.
LARGEST_DENSE = 500


class KernelPCA(NamedTuple):
    """Fitted model."""

    kernel: Kernel
    x: Float[Array, "n d"]  # training samples
    values: Float[Array, " k"]  # eigenvalues of the centered kernel matrix, non-increasing; n - 1 times a variance
    vectors: Float[Array, "n k"]  # unit eigenvectors, with signs as in `signs.of_rows`
    row_means: Float[Array, " n"]  # means of the rows of the kernel matrix before centering
    grand_mean: Float[Array, ""]  # mean of all its entries
    converged: Bool[Array, ""]  # whether the solver has found the eigenpairs; for "dense" whether they are finite


@public
@checked(gamma=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("n_components", "kernel", "solver", "max_iter", "tol"))
def fit(
    x: Float[Array, "n d"],
    *,
    n_components: int,
    kernel: str = "rbf",
    gamma: ArrayLike | None = None,
    degree: ArrayLike = 3.0,
    coef0: ArrayLike = 1.0,
    solver: str = "auto",
    key: Key[Array, ""] | None = None,
    max_iter: int = 100,
    tol: float | None = None,
) -> KernelPCA:
    r"""PCA of $\phi(x)$, where $k(x, y) = \phi(x)^\top \phi(y)$, without computing $\phi$.

    The kernel matrix is centered in feature space, $\tilde K = K - 1_n K - K 1_n + 1_n K 1_n$ with
    all entries of $1_n$ equal to $1/n$; the model holds the k leading eigenpairs. Kernels: "linear" (this is PCA),
    "poly" $(\gamma x^\top y + c_0)^p$, "rbf" $e^{-\gamma \|x - y\|^2}$, "sigmoid", "cosine"; gamma is $1/d$ by default.
    "linear" and "cosine" are centered before the products, so that they keep their digits far from the origin. "poly"
    and "sigmoid" are not functions of differences: bring x near to the origin, or the centering cancels most digits.
    Except for "linear" and "cosine", an eigenvalue of at most n epsilon times the largest diagonal entry of K is
    rounding: 0.
    Solver "dense" decomposes all of $\tilde K$. "krylov" needs a `key`, finds only the leading pairs, and is much
    faster for large n (`max_iter`, `tol` and derivatives as in `krylov.top`). "auto" takes "krylov" if
    there is a key and n > 500, otherwise "dense".

    Raises:
        ValueError: unless 1 <= n_components <= n, kernel and solver are known, "krylov" has a key, and gamma is not
            negative (NaN where it is traced).

    Source: Schölkopf, Smola and Müller (1998); Bishop (2006), section 12.3.

    >>> x = jnp.array([[1.0], [-1.0], [2.0], [-2.0]])
    >>> print(fit(x, n_components=1, kernel="linear").values.round(3))
    [10.]
    """
    require.rank("x", x, 2)
    require.that(min(x.shape) > 0, f"x must not be empty; found shape {x.shape}")
    require.between("n_components", n_components, 1, x.shape[0])
    require.one_of("solver", solver, SOLVERS)
    require.that(solver != "krylov" or key is not None, 'solver "krylov" needs a key; found none')
    if solver == "auto":
        solver = "krylov" if key is not None and x.shape[0] > LARGEST_DENSE else "dense"
    chosen = make_kernel(kernel, x.shape[1], gamma=gamma, degree=degree, coef0=coef0)
    chosen = jax.tree.map(lambda leaf: leaf.astype(x.dtype), chosen)
    k = gram(chosen, x, x)
    largest = jnp.max(jnp.abs(jnp.diagonal(k)))  # no entry of a positive semi-definite matrix is larger
    row_means = k.mean(axis=1)
    grand_mean = row_means.mean()
    direct = _of_features(chosen, x, x)
    centered = k - row_means[:, None] - row_means + grand_mean if direct is None else direct
    if solver == "dense":
        spectrum = spectral.decompose(centered)
        values, vectors = spectrum.values[:n_components], spectrum.vectors[:, :n_components]
        converged = jnp.isfinite(values).all()
    else:
        options = {"n_components": n_components, "max_iter": max_iter, "tol": tol}
        pairs = krylov.top(centered, key=key, unit=power_of_two(largest), **options)
        values, vectors, converged = pairs.values, pairs.vectors, pairs.converged
    if direct is None:  # the centering leaves rounding of k itself
        rounding = x.shape[0] * jnp.finfo(k.dtype).eps * largest
        values = jnp.where(jnp.abs(values) <= rounding, 0.0, values)
    return KernelPCA(chosen, x, values, vectors, row_means, grand_mean, converged)


@public
@jax.jit
def transform(model: KernelPCA, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    r"""Coordinates along the components in feature space: $z = \lambda^{-1/2} V^\top \tilde k(x)$.

    $\tilde k(x)$ holds the kernel values of x with the training samples, centered like the training kernel
    matrix. A component without variance ($\lambda$ at most n epsilon times the largest) has coordinate 0.

    Raises:
        ValueError: unless `x` has the features that the model was fitted on.

    Source: Schölkopf, Smola and Müller (1998), equation 4.1.

    >>> x = jnp.array([[1.0], [-1.0], [2.0], [-2.0]])
    >>> z = transform(fit(x, n_components=1, kernel="linear"), jnp.array([[3.0]]))
    >>> round(abs(z.item()), 3)
    3.0
    """
    require.columns("x", x, model.x.shape[1])
    centered = _of_features(model.kernel, x, model.x)
    if centered is None:
        k = gram(model.kernel, x, model.x)
        centered = k - k.mean(axis=1, keepdims=True) - model.row_means + model.grand_mean
    return centered @ (model.vectors * _inverse_root(model.values, model.x.shape[0]))


@public
def embedding(model: KernelPCA) -> Float[Array, "n k"]:
    r"""Coordinates of the training samples: $z = \sqrt{\lambda}\, v$. This equals their `transform`.

    A component without variance has coordinate 0, as there.

    >>> x = jnp.array([[1.0], [-1.0], [2.0], [-2.0]])
    >>> print(jnp.abs(embedding(fit(x, n_components=1, kernel="linear"))[:, 0]).round(3))
    [1. 1. 2. 2.]
    """
    none = _without_variance(model.values, model.x.shape[0])
    return model.vectors * jnp.where(none, 0.0, jnp.sqrt(jnp.where(none, 1.0, model.values)))


def _of_features(kernel: Kernel, x: Float[Array, "m d"], train: Float[Array, "n d"]) -> Float[Array, "m n"] | None:
    """Centered kernel matrix from centered features, where they are known: it keeps its digits far from the origin."""
    if not isinstance(kernel, (Linear, Cosine)):
        return None
    if isinstance(kernel, Cosine):
        x, train = directions(x), directions(train)
    centered, mean, rest = sums.centered(train)
    return (x - mean - rest) @ centered.T


def _inverse_root(values: Float[Array, " k"], n: int) -> Float[Array, " k"]:
    none = _without_variance(values, n)
    return jnp.where(none, 0.0, 1 / jnp.sqrt(jnp.where(none, 1.0, values)))


def _without_variance(values: Float[Array, " k"], n: int) -> Bool[Array, " k"]:
    return values <= n * jnp.finfo(values.dtype).eps * jnp.abs(values).max()
