"""Principal component analysis. Shapes: n samples, d features, k components."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.decomposition import spectral, svd
from mfml.entrance import public
from mfml.numerics import branches, scaling, sums
from mfml.numerics.domain import between, checked

SOLVERS = ("auto", "svd", "covariance", "randomized")
# The solver "auto" forms the d x d covariance for up to this many features.
WIDEST_COVARIANCE = 1000


class PCA(NamedTuple):
    """Fitted model."""

    mean: Float[Array, " d"]
    components: Float[Array, "k d"]  # orthonormal rows by decreasing variance; largest entry of each positive
    variance: Float[Array, " k"]  # along each component; divisor n - 1, in squared units of x
    variance_ratio: Float[Array, " k"]  # share of the total variance of x, 0 to 1; NaN for equal samples


@public
def fit(
    x: Float[Array, "n d"],
    *,
    n_components: int,
    solver: str = "auto",
    key: Key[Array, ""] | None = None,
    iterated_power: int = 4,
) -> PCA:
    r"""Find the k directions along which the data vary most.

    They maximize $\mathrm{tr}(W S W^\top)$ over orthonormal rows W, where S is the covariance with divisor n - 1.
    W holds the leading eigenvectors of S. These are also the leading right singular vectors of the centered data
    $X_c = U \Sigma V^\top$, and the variances are $\lambda_i = \sigma_i^2 / (n - 1)$. Solvers:

    - "svd" decomposes $X_c$ and is the most accurate;
    - "covariance" decomposes S. It is fastest for n much larger than d, but variances below 2 sqrt(d) epsilon times
      the largest are lost in rounding, and are given as 0: take "svd" if such components count;
    - "randomized" needs a `key` and suits few components of large data; for `iterated_power` see `svd.randomized`;
    - "auto" takes "covariance" for d <= 1000 and n >= 10 d, otherwise "svd".

    Components beyond the rank of $X_c$ have zero variance and an arbitrary direction.

    Raises:
        ValueError: unless n >= 2, 1 <= n_components <= min(n, d), the solver is known, and "randomized" has
            a key.

    Source: Bishop (2006), section 12.1; Murphy (2012), section 12.2.

    >>> x = jnp.array([[1.0, 1.0], [-1.0, -1.0], [2.0, 2.0], [-2.0, -2.0]])
    >>> model = fit(x, n_components=1)
    >>> [round(entry, 3) for entry in model.components[0].tolist()], round(model.variance.item(), 3)
    ([0.707, 0.707], 6.667)
    """
    require.rank("x", x, 2)
    n, d = x.shape
    require.that(n >= 2 and d >= 1, f"x must have at least 2 samples and a feature; found shape {x.shape}")
    require.between("n_components", n_components, 1, min(n, d))
    require.one_of("solver", solver, SOLVERS)
    require.that(solver != "randomized" or key is not None, 'solver "randomized" needs a key; found none')
    if solver == "auto":
        solver = "covariance" if d <= WIDEST_COVARIANCE and n >= 10 * d else "svd"

    if solver == "covariance":
        return branches.quick_or_careful(partial(_by_covariance, n_components=n_components), x)
    return _by_svd(x, key, n_components=n_components, iterated_power=iterated_power if solver == "randomized" else None)


@partial(jax.jit, static_argnames=("n_components", "careful"))
def _by_covariance(x: Float[Array, "n d"], *, n_components: int, careful: bool) -> tuple[PCA, Array]:
    """The model, and whether squares have left the range of the type."""
    found = sums.moments(x, scaled=careful)
    unit = jnp.max(found.units)
    share = found.units / unit
    s = found.products * share * share[:, None]
    size = scaling.power_of_two(jnp.max(jnp.diagonal(s)))  # so that the squares in derivatives stay in range, too
    s = s * (1 / size) / (len(x) - 1)
    spectrum = spectral.decompose(s)
    components, values = spectrum.vectors[:, :n_components].T, spectrum.values[:n_components]
    variance = jnp.where(values <= _lost(s) * values[0], 0.0, values)
    mean = found.mean + found.rest
    return PCA(mean, components, variance * size * unit * unit, variance / jnp.trace(s)), ~found.in_range


@partial(jax.jit, static_argnames=("n_components", "iterated_power"))
def _by_svd(
    x: Float[Array, "n d"], key: Key[Array, ""] | None, *, n_components: int, iterated_power: int | None
) -> PCA:
    """From singular values: all of them, or, with a power, the leading ones by random directions."""
    n, d = x.shape
    mean = sums.mean(x)
    unit = scaling.unit(x - mean)
    centered = (x - mean) / unit
    if iterated_power is not None:
        parts = svd.randomized(centered, key=key, n_components=n_components, iterated_power=iterated_power)
    else:
        # The triangular factor has the same singular values and right vectors, and fewer rows.
        reduced = jnp.linalg.qr(centered, mode="r") if n > d else centered
        parts = svd.truncated(reduced, n_components=n_components)
    variance = parts.s**2 / (n - 1)
    total = jnp.sum(centered**2) / (n - 1)
    return PCA(mean, parts.vt, variance * unit * unit, variance / total)


def _lost(s: Float[Array, "d d"]) -> float:
    """Share of the largest eigenvalue of a covariance below which an eigenvalue is nothing but rounding."""
    return 2 * len(s) ** 0.5 * float(jnp.finfo(s.dtype).eps)


@public
@partial(jax.jit, static_argnames="whiten")
def transform(model: PCA, x: Float[Array, "n d"], *, whiten: bool = False) -> Float[Array, "n k"]:
    r"""Coordinates along the components (scores): $z = W (x - \bar x)$.

    They have units of x. With `whiten` they are divided by $\sqrt{\lambda_i}$, so that training data get unit variance.
    A component whose spread is at most 4 d epsilon times the largest is nothing but rounding: its coordinate is 0.

    Raises:
        ValueError: unless `x` has the features that the model was fitted on.

    >>> model = PCA(jnp.ones(2), jnp.array([[0.0, 1.0]]), jnp.array([4.0]), jnp.array([1.0]))
    >>> print(transform(model, jnp.array([[2.0, 4.0]]), whiten=True))
    [[1.5]]
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.mean))
    z = (x - model.mean) @ model.components.T
    if not whiten:
        return z
    spread = _spread(model)
    return jnp.where(spread == 0, 0.0, z / jnp.where(spread == 0, 1.0, spread))


def _spread(model: PCA) -> Float[Array, " k"]:
    """Standard deviations along the components; 0 where there is nothing but rounding."""
    rounding = scaling.rank_rtol(model.mean.shape, model.variance.dtype)
    none = model.variance <= rounding**2 * model.variance[0]  # False for NaN, which stays
    return jnp.where(none, 0.0, jnp.sqrt(jnp.where(none, 1.0, model.variance)))


@public
def inverse_transform(model: PCA, z: Float[Array, "n k"], *, whiten: bool = False) -> Float[Array, "n d"]:
    r"""Map coordinates back to feature space: $\hat x = \bar x + W^\top z$. `whiten` as in `transform`.

    Raises:
        ValueError: unless `z` has one column for each component.

    >>> model = PCA(jnp.ones(2), jnp.array([[0.0, 1.0]]), jnp.array([4.0]), jnp.array([1.0]))
    >>> print(inverse_transform(model, jnp.array([[3.0]])))
    [[1. 4.]]
    """
    require.rank("z", z, 2)
    require.columns("z", z, len(model.components))
    return model.mean + (z * _spread(model) if whiten else z) @ model.components


@public
def reconstruct(model: PCA, x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    r"""Nearest point in the plane of the components: $\hat x = \bar x + W^\top W (x - \bar x)$.

    Raises:
        ValueError: unless `x` has the features that the model was fitted on.

    >>> model = PCA(jnp.zeros(2), jnp.array([[1.0, 0.0]]), jnp.array([4.0]), jnp.array([1.0]))
    >>> print(reconstruct(model, jnp.array([[3.0, 5.0]])))
    [[3. 0.]]
    """
    return inverse_transform(model, transform(model, x))


@public
def reconstruction_error(model: PCA, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Squared distance of each sample to the plane of the components: $\|x - \hat x\|_2^2$.

    It is a sum over features, in squared units of x. Over the training data it adds up to n - 1 times the variance
    that was left out.

    Raises:
        ValueError: unless `x` has the features that the model was fitted on.

    Source: Bishop (2006), section 12.1.2.

    >>> model = PCA(jnp.zeros(2), jnp.array([[1.0, 0.0]]), jnp.array([4.0]), jnp.array([1.0]))
    >>> print(reconstruction_error(model, jnp.array([[3.0, 5.0]])))
    [25.]
    """
    return jnp.sum((x - reconstruct(model, x)) ** 2, axis=1)


@public
@checked(variance_ratio=between())
@partial(jax.jit, static_argnames=("share",))
def components_for(variance_ratio: Float[Array, " k"], share: float) -> Int[Array, ""]:
    r"""Smallest number of components whose ratios add up to `share`: $\min\{m : \sum_{i \le m} r_i \ge p\}$.

    It is k + 1, more than there are, if even all k ratios fall short.

    Raises:
        ValueError: unless `variance_ratio` has one axis with finite entries and 0 < share <= 1 (k + 1 where a traced
            entry is NaN).

    >>> int(components_for(jnp.array([0.7, 0.2, 0.1]), 0.85))
    2
    """
    require.rank("variance_ratio", variance_ratio, 1)
    require.that(variance_ratio.size > 0, "variance_ratio must not be empty")
    require.that(0 < share <= 1, f"share must be above 0 and at most 1; found {share}")
    rounding = variance_ratio.size * jnp.finfo(variance_ratio.dtype).eps
    return 1 + jnp.sum(~(jnp.cumsum(variance_ratio) >= share - rounding))


@public
@checked(variance=between())
@jax.jit
def elbow(variance: Float[Array, " k"]) -> Int[Array, ""]:
    r"""Number of components before the elbow of a scree plot.

    The elbow is the point furthest below the straight line from the first to the last variance. The number is at
    least 1, also for a plot without an elbow (a straight line).

    Raises:
        ValueError: unless `variance` has one axis with finite entries (0 where a traced one is NaN).

    Source: Cattell (1966); the construction of
    Satopää et al. (2011).

    >>> int(elbow(jnp.array([10.0, 8.0, 1.0, 0.9, 0.8])))
    2
    """
    require.rank("variance", variance, 1)
    require.that(variance.size > 0, "variance must not be empty")
    chord = jnp.linspace(variance[0], variance[-1], variance.size)
    below = chord - variance
    rounding = 4 * jnp.finfo(variance.dtype).eps * jnp.abs(variance).max()
    found = jnp.where(below.max() > rounding, jnp.maximum(jnp.argmax(below), 1), 1)
    return jnp.where(jnp.isnan(rounding), 0, found)
