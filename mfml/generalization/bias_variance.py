r"""Bias and variance: the sources of a learner's error, measured on many data sets.

Shapes: r data sets, n samples each, m test points. For squared error at a point x, with truth f, noise of variance
$\sigma^2$ and $\bar f(x)$ the mean of the predictions over data sets,

$$\mathbb{E}\,(y - \hat f(x))^2 = \underbrace{(\bar f(x) - f(x))^2}_{\text{bias}^2} +
  \underbrace{\mathbb{E}\,(\hat f(x) - \bar f(x))^2}_{\text{variance}} + \underbrace{\sigma^2}_{\text{noise}}$$
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.decomposition.projection import minimum_norm
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, checked

Learner = Callable[..., Float[Array, " m"]]  # learner(x, y, x_test) -> predictions


class Decomposition(NamedTuple):
    """The parts of the squared error at each test point, in squared units of y."""

    bias_squared: Float[Array, " m"]
    variance: Float[Array, " m"]  # divisor r
    noise: Float[Array, " m"]
    error: Float[Array, " m"]  # bias^2 + variance + noise


class DoubleDescent(NamedTuple):
    """Mean squared errors of minimum-norm least squares with a growing number of features."""

    n_features: tuple[int, ...]
    train: Float[Array, " sizes"]
    test: Float[Array, " sizes"]
    norm: Float[Array, " sizes"]  # of the weights


@public
@checked(noise_variance=NON_NEGATIVE)
def decompose(
    predictions: Float[Array, "r m"], target: Float[Array, " m"], *, noise_variance: ArrayLike = 0.0
) -> Decomposition:
    r"""Split the error of r predictors into bias, variance and noise.

    `target` is the truth f without noise. The variance has the divisor r, so bias^2 + variance is exactly the mean of
    $(\hat f - f)^2$. A mean over r data sets only estimates the expectation, which makes bias^2 too large by about
    variance / r.

    Raises:
        ValueError: if shapes do not fit, or for a negative variance of the noise.

    Source: Bishop (2006), section 3.2; Murphy (2012), section 6.4.4.

    >>> parts = decompose(jnp.array([[1.0], [3.0]]), jnp.array([0.0]), noise_variance=0.5)
    >>> parts.bias_squared.item(), parts.variance.item(), parts.error.item()
    (4.0, 1.0, 5.5)
    """
    require.rank("predictions", predictions, 2)
    require.rank("target", target, 1)
    require.same_length(predictions=(predictions, 1), target=target)
    mean = jnp.mean(predictions, axis=0)
    bias_squared = (mean - target) ** 2
    variance = jnp.mean((predictions - mean) ** 2, axis=0)
    noise = jnp.full_like(variance, noise_variance)
    return Decomposition(bias_squared, variance, noise, bias_squared + variance + noise)


@public
@partial(jax.jit, static_argnames=("learner", "sample", "n_sets"))
def experiment(
    x_test: Float[Array, "m *features"],
    *,
    key: Key[Array, ""],
    learner: Learner,
    sample: Callable[[Any], tuple[Array, Array]],
    n_sets: int = 100,
) -> Float[Array, "r m"]:
    """Draw `n_sets` data sets, learn from each, and predict at the test points, all in one vmapped call.

    `sample(key)` returns one data set (x, y), and `learner(x, y, x_test)` returns predictions. Both functions and
    `n_sets` are static: define the functions once.

    Raises:
        ValueError: for n_sets < 1.

    >>> draw = lambda key: (jnp.zeros((4, 1)), jax.random.normal(key, (4,)))
    >>> mean = lambda x, y, x_test: jnp.full(len(x_test), y.mean())
    >>> experiment(jnp.zeros((2, 1)), key=jax.random.key(0), learner=mean, sample=draw, n_sets=3).shape
    (3, 2)
    """
    require.positive("n_sets", n_sets)

    def one(key: Array) -> Array:
        x, y = sample(key)
        return learner(x, y, x_test)

    return jax.vmap(one)(jax.random.split(key, n_sets))


@public
@partial(jax.jit, static_argnames="n_features")
def double_descent(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    x_test: Float[Array, "m d"],
    y_test: Float[Array, " m"],
    *,
    n_features: tuple[int, ...],
) -> DoubleDescent:
    """Fit the first p of d features by minimum-norm least squares, for each p in `n_features`.

    The test error rises towards p = n, where the model becomes able to fit every sample, and falls again for larger
    p. All sizes are fitted in one vmapped call. `n_features` is static.

    Raises:
        ValueError: if shapes do not fit, if `n_features` is empty, or unless 1 <= p <= d.

    Source: Belkin et al. (2019), PNAS 116, 15849; Hastie et al. (2022), Annals of Statistics 50, 949.

    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> double_descent(x, jnp.array([1.0, 1.0]), x, jnp.array([1.0, 1.0]), n_features=(1, 2)).test.tolist()
    [0.5, 0.0]
    """
    require.same_length(x=x, y=y)
    require.same_length(x_test=x_test, y_test=y_test)
    require.columns("x_test", x_test, x.shape[1])
    d = x.shape[1]
    require.that(len(n_features) > 0, "n_features must not be empty")
    require.between("n_features", min(n_features), 1, d)
    require.between("n_features", max(n_features), 1, d)
    used = jnp.arange(d) < jnp.array(n_features)[:, None]
    weights = jax.vmap(lambda one: minimum_norm(x * one, y))(used.astype(x.dtype))
    train, test = (jnp.mean((weights @ a.T - b) ** 2, axis=1) for a, b in ((x, y), (x_test, y_test)))
    return DoubleDescent(n_features, train, test, jnp.sqrt(jnp.sum(weights**2, axis=1)))
