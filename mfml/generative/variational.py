r"""Parts of the evidence lower bound (ELBO). Shapes: n samples, k latent coordinates, s draws for each sample.

A latent variable z with the prior N(0, I) generates x by $p(x | z)$. For any density $q(z | x)$

$$\log p(x) \ge \mathrm{ELBO}(x) = \mathbb E_q[\log p(x | z)] - D(q(z | x) \| p(z)),$$

and the gap is the divergence of q from the posterior. All logarithms are natural.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import exponents


@public
@jax.jit
def reparameterize(
    mean: Float[Array, "n k"], log_variance: Float[Array, "n k"], noise: Float[Array, "*s n k"]
) -> Float[Array, "*s n k"]:
    r"""Draws $z = \mu + \sigma \epsilon$ made of standard normal noise $\epsilon$; the log-variance is $\log \sigma^2$.

    So derivatives pass through the draw into mean and variance.

    Raises:
        ValueError: unless mean and log-variance have one shape, in which the shape of the noise ends.

    Source: Kingma and Welling (2014), section 2.4.

    >>> reparameterize(jnp.array([[1.0]]), jnp.log(jnp.array([[4.0]])), jnp.array([[-1.0]])).tolist()
    [[-1.0]]
    """
    _require_same(mean, log_variance)
    require.that(
        noise.shape[-2:] == mean.shape, f"noise must have a shape that ends in {mean.shape}; found {noise.shape}"
    )
    return mean + jnp.exp(0.5 * log_variance) * noise


@public
@jax.jit
def kl_to_prior(mean: Float[Array, "n k"], log_variance: Float[Array, "n k"]) -> Float[Array, " n"]:
    r"""Divergence of a normal density from N(0, I): $\tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)$.

    It is a sum over coordinates, one number per sample, in nats.

    Raises:
        ValueError: unless mean and log-variance have one shape with two axes.

    Source: Kingma and Welling (2014), appendix B.

    >>> kl_to_prior(jnp.array([[1.0, 0.0]]), jnp.zeros((1, 2))).tolist()
    [0.5]
    """
    _require_same(mean, log_variance)
    return 0.5 * jnp.sum(mean**2 + exponents.beyond_line(log_variance), axis=1)


@public
@jax.jit
def log_weights(
    log_likelihood: Float[Array, "s n"],
    mean: Float[Array, "n k"],
    log_variance: Float[Array, "n k"],
    noise: Float[Array, "s n k"],
) -> Float[Array, "s n"]:
    r"""Logarithms of $p(x, z) / q(z | x)$ at draws z from q, a normal density with this mean and log-variance.

    The draws are those that `reparameterize` makes of the noise; z itself may be rounded to the mean. The mean of the
    logarithms is another estimate of the ELBO. They all equal $\log p(x)$ where q is the posterior.

    Raises:
        ValueError: unless shapes fit.

    Source: Burda, Grosse and Salakhutdinov (2016), equation 7.

    >>> one, zero = jnp.ones((1, 1)), jnp.zeros((1, 1))
    >>> log_weights(jnp.array([[-3.0]]), zero, zero, one[None]).tolist()
    [[-3.0]]
    """
    _require_same(mean, log_variance)
    require.that(
        noise.ndim == 3 and noise.shape[1:] == mean.shape and log_likelihood.shape == noise.shape[:2],
        f"noise must have the shape (s, n, k) with (n, k) = {mean.shape}, and log_likelihood (s, n); "
        f"found {noise.shape} and {log_likelihood.shape}",
    )
    z = reparameterize(mean, log_variance, noise)
    return log_likelihood + 0.5 * jnp.sum(noise**2 + log_variance - z**2, axis=-1)


@public
@jax.jit
def importance_bound(log_weights: Float[Array, "s n"]) -> Float[Array, " n"]:
    r"""Lower bound of $\log p(x)$ from s draws: $\log \frac1s \sum_i e^{w_i}$ for the logarithms w of `log_weights`.

    With one draw it is the ELBO on average. More draws raise its average toward $\log p(x)$. It is never below the mean
    of the same w.

    Raises:
        ValueError: unless there are two axes and a draw.

    Source: Burda, Grosse and Salakhutdinov (2016), theorem 1.

    >>> round(importance_bound(jnp.log(jnp.array([[1.0], [3.0]]))).item(), 4)  # log 2
    0.6931
    """
    require.rank("log_weights", log_weights, 2)
    s = len(log_weights)
    require.that(s > 0, f"log_weights must hold at least one draw; found shape {log_weights.shape}")
    return exponents.log_sum(log_weights, axis=0) - math.log(s)


def _require_same(mean: Array, log_variance: Array) -> None:
    require.rank("mean", mean, 2)
    require.same_shape(mean=mean, log_variance=log_variance)
