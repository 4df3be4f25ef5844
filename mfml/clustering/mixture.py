r"""Gaussian mixtures as distributions. Shapes: n samples, d features, k components.

$p(x) = \sum_k \pi_k \mathcal N(x; \mu_k, \Sigma_k)$. All functions accept a `Mixture`, which may be written by
hand, or the `GMM` that `gmm.fit` returns. For the kinds of covariances and their shapes see `covariances`. Logarithms
are natural, so likelihoods are in nats.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.clustering import blocks, covariances
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked

BLOCK = 1024  # samples per block: the whitened samples of all components stay in the cache


class Mixture(NamedTuple):
    """The parameters of a mixture."""

    weights: Float[Array, " k"]  # non-negative; they add up to 1
    means: Float[Array, "k d"]
    covariances: Float[Array, "c a b"]  # squared units of x; the shape determines the kind, see `covariances`


class GMM(NamedTuple):
    """A mixture fitted to data; components ordered by their means, first coordinate first."""

    weights: Float[Array, " k"]  # non-negative; they add up to 1
    means: Float[Array, "k d"]
    covariances: Float[Array, "c a b"]  # squared units of x; the shape determines the kind, see `covariances`
    log_likelihood: Float[Array, ""]  # mean per training sample, in nats
    history: Float[Array, " steps"]  # log-likelihood at the start and after each step, then NaN; max_iter + 1 entries
    n_iter: Int[Array, ""]  # number of steps
    converged: Bool[Array, ""]  # the last step changed the log-likelihood by less than tol
    status: Int[Array, ""]  # how it ended, see `mfml.iteration`


Model = Mixture | GMM


@public
@jax.jit
def component_log_prob(model: Model, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    r"""Logarithm of $\pi_k \mathcal N(x_i; \mu_k, \Sigma_k)$, in nats for densities per volume of x.

    NaN if a covariance is not positive definite.

    Raises:
        ValueError: unless x has as many columns as the means.

    Source: Bishop (2006), equation 2.43.

    >>> standard = Mixture(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(component_log_prob(standard, jnp.zeros((1, 1))).item(), 4)
    -0.9189
    """
    require.rank("x", x, 2)
    require.rank("model.covariances", model.covariances, 3)
    require.columns("x", x, model.means.shape[1])
    made = covariances.whitener(model.covariances, model.means)

    def of_block(x: Array) -> Array:
        return covariances.log_density(made, covariances.whiten(made, model.means, x))

    # in one piece, XLA takes seconds for a hundred thousand samples
    data = blocks.split(x, size=BLOCK).x if len(x) > BLOCK else x.T[None]
    log_density = lax.map(of_block, data).swapaxes(1, 2).reshape(-1, len(model.means))[: len(x)]
    return jnp.log(model.weights) + log_density


@public
@jax.jit
def log_prob(model: Model, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Log-density of each sample, $\log \sum_k \pi_k \mathcal N(x_i; \mu_k, \Sigma_k)$, in nats.

    Raises:
        ValueError: unless x has as many columns as the means.

    >>> standard = Mixture(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(log_prob(standard, jnp.zeros((1, 1))).item(), 4)
    -0.9189
    """
    return logsumexp(component_log_prob(model, x), axis=1)


@public
@jax.jit
def responsibilities(model: Model, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    r"""Probability of each component given the sample, $\gamma_{ik} = p(k | x_i)$; rows add up to 1.

    Raises:
        ValueError: unless x has as many columns as the means.

    Source: Bishop (2006), equation 9.23.

    >>> pair = Mixture(jnp.array([0.5, 0.5]), jnp.array([[-1.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> responsibilities(pair, jnp.array([[0.0]])).tolist()
    [[0.5, 0.5]]
    """
    return jax.nn.softmax(component_log_prob(model, x), axis=1)


@public
@jax.jit
def predict(model: Model, x: Float[Array, "n d"]) -> Int[Array, " n"]:
    """Most probable component of each sample; ties go to the first. It is -1 where none is known: there is a NaN.

    >>> pair = Mixture(jnp.array([0.5, 0.5]), jnp.array([[-1.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> predict(pair, jnp.array([[0.3], [-4.0]])).tolist()
    [1, 0]
    """
    found = component_log_prob(model, x)
    return jnp.where(jnp.isnan(found).any(axis=1), -1, jnp.argmax(found, axis=1))


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def score(model: Model, x: Float[Array, "n d"], *, weights: Float[Array, " n"] | None = None) -> Float[Array, ""]:
    """Mean log-likelihood per sample, in nats; larger is better. With weights, the weighted mean.

    Raises:
        ValueError: unless x has as many columns as the means, and a weight for each sample; for negative weights.

    >>> standard = Mixture(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(score(standard, jnp.array([[1.0], [-1.0]])).item(), 4)
    -1.4189
    """
    require.same_length(x=x, weights=weights)
    value = log_prob(model, present(weights, x))
    if weights is None:
        return value.mean()
    share = weights / scaling.unit(weights)
    return jnp.sum(share * value) / jnp.sum(share)


@public
def n_parameters(model: Model) -> int:
    """Count the free parameters: k - 1 weights, means and covariances.

    >>> n_parameters(Mixture(jnp.ones(3) / 3, jnp.zeros((3, 2)), jnp.ones((3, 2, 2))))
    17
    """
    return len(model.weights) - 1 + model.means.size + covariances.n_parameters(model.covariances)


@public
@jax.jit
def bic(model: Model, x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""Bayesian information criterion $-2 \sum_i \log p(x_i) + p \log n$ with p parameters; smaller is better.

    Source: Schwarz (1978); Bishop (2006), section 4.4.1 (there with the opposite sign and half as large).

    >>> standard = Mixture(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(bic(standard, jnp.array([[1.0], [-1.0]])).item(), 3)
    7.062
    """
    return -2 * len(x) * score(model, x) + n_parameters(model) * jnp.log(len(x))


@public
@jax.jit
def aic(model: Model, x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""Akaike's information criterion $-2 \sum_i \log p(x_i) + 2 p$ with p parameters; smaller is better.

    Source: Akaike (1974); Bishop (2006), section 1.3 (there with the opposite sign and half as large).

    >>> standard = Mixture(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(aic(standard, jnp.array([[1.0], [-1.0]])).item(), 3)
    9.676
    """
    return -2 * len(x) * score(model, x) + 2 * n_parameters(model)


@public
@partial(jax.jit, static_argnames="n_samples")
def sample(model: Model, *, key: Key[Array, ""], n_samples: int) -> tuple[Float[Array, "n d"], Int[Array, " n"]]:
    """Draw samples, and return them with the component of each. n_samples is static.

    >>> standard = Mixture(jnp.ones(1), jnp.zeros((1, 2)), jnp.ones((1, 1, 1)))
    >>> sample(standard, key=jax.random.key(0), n_samples=3)[0].shape
    (3, 2)
    """
    require.positive("n_samples", n_samples)
    k, d = model.means.shape
    for_component, for_noise = jax.random.split(key)
    component = jax.random.categorical(for_component, jnp.log(model.weights), shape=(n_samples,))
    noise = jax.random.normal(for_noise, (n_samples, d), model.means.dtype)
    factor = jnp.linalg.cholesky(covariances.dense(model.covariances, n_components=k, n_features=d))
    return model.means[component] + jnp.einsum("nij,nj->ni", factor[component], noise), component
