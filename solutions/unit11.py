"""Unit 11, generative models, VAE and diffusion: the reference answers and their specification."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from exercises.given import Array, Float, Int, labeled_noise_model, linear_noise_model, noise_model
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 11.1


@exercise(
    points=5,
    hints=(
        "What is the standard deviation of a distribution whose variance has the logarithm 2?",
        'The lesson\'s section "The reparameterization trick", equation 11.1. The root of exp(l) is exp(l / 2): half '
        "the logarithm, and no root is needed.",
        "`mean + jnp.exp(log_variance / 2) * noise`.",
    ),
    why="The chance is in the noise alone, so gradients flow through the mean and the log-variance to the encoder.",
)
def reparameterize(
    mean: Float[Array, "n k"], log_variance: Float[Array, "n k"], noise: Float[Array, "n k"]
) -> Float[Array, "n k"]:
    """Reparameterization."""
    return mean + jnp.exp(log_variance / 2) * noise


@reparameterize.inputs("two samples, two latents", points=1)
def _(key):
    return dict(
        mean=jnp.array([[1.0, -2.0], [0.5, 3.0]]),
        log_variance=jnp.array([[0.0, 1.0], [-2.0, 0.5]]),
        noise=jnp.array([[1.0, -1.0], [2.0, 0.5]]),
    )


@reparameterize.inputs("random latents", points=1)
def _(key):
    a, b, c = jax.random.split(key, 3)
    return dict(
        mean=jax.random.normal(a, (6, 3)), log_variance=jax.random.normal(b, (6, 3)), noise=jax.random.normal(c, (6, 3))
    )


@reparameterize.inputs("log-variances up to 100", points=1, hidden=True)
def _(key):
    log_variance = jnp.array([[100.0, 96.0, 90.0], [99.0, -100.0, 0.0]])
    return dict(mean=jnp.ones((2, 3)), log_variance=log_variance, noise=jax.random.normal(key, (2, 3)))


@reparameterize.inputs("log-variances below -80", points=1, hidden=True)
def _(key):
    log_variance = jnp.array([[-86.0, -84.0, -82.0], [-85.0, -81.0, -83.0]])
    return dict(mean=jnp.zeros((2, 3)), log_variance=log_variance, noise=jax.random.normal(key, (2, 3)))


@reparameterize.mistake("You multiplied by exp(log_variance), the variance: exp(log_variance / 2) is its root.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(log_variance) * noise


@reparameterize.mistake("You multiplied by the log-variance itself: the standard deviation is exp(log_variance / 2).")
def _(mean, log_variance, noise):
    return mean + log_variance * noise


@reparameterize.mistake("You multiplied by half the log-variance: take exp of it.")
def _(mean, log_variance, noise):
    return mean + log_variance / 2 * noise


@reparameterize.mistake("Your variance became infinite before you took its root: take exp(log_variance / 2) at once.")
def _(mean, log_variance, noise):
    return mean + jnp.sqrt(jnp.exp(log_variance)) * noise


@reparameterize.mistake("You took the root of the log-variance, which may be negative: take exp(log_variance / 2).")
def _(mean, log_variance, noise):
    return mean + jnp.sqrt(log_variance) * noise


@reparameterize.mistake("You returned the mean: add the standard deviation times the noise.")
def _(mean, log_variance, noise):
    return mean


@reparameterize.mistake("You left out the mean: add it to the scaled noise.")
def _(mean, log_variance, noise):
    return jnp.exp(log_variance / 2) * noise


@reparameterize.mistake("You subtracted the noise: add it.")
def _(mean, log_variance, noise):
    return mean - jnp.exp(log_variance / 2) * noise


@reparameterize.mistake("You divided by the standard deviation: a larger variance spreads the noise, so multiply.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(-log_variance / 2) * noise


@reparameterize.mistake("You halved the variance: halve the log-variance, before you take exp.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(log_variance) / 2 * noise


@reparameterize.mistake("You squared the variance: its root halves the exponent.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(2 * log_variance) * noise


@reparameterize.mistake("You left out the noise: multiply the standard deviation by it.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(log_variance / 2)


@reparameterize.mistake("You scaled the mean, too: multiply only the noise by the standard deviation.")
def _(mean, log_variance, noise):
    return (mean + noise) * jnp.exp(log_variance / 2)


@reparameterize.mistake("You left out the standard deviation: multiply the noise by exp(log_variance / 2).")
def _(mean, log_variance, noise):
    return mean + noise


@reparameterize.mistake("You took the softplus for the exponential: here the encoder returns a logarithm.")
def _(mean, log_variance, noise):
    return mean + jax.nn.softplus(log_variance) * noise


@reparameterize.mistake("You exchanged mean and log-variance: the mean comes first.")
def _(mean, log_variance, noise):
    return log_variance + jnp.exp(mean / 2) * noise


@reparameterize.mistake("You multiplied the mean and added the noise: it is the other way round.")
def _(mean, log_variance, noise):
    return noise + jnp.exp(log_variance / 2) * mean


@reparameterize.mistake("You divided by the variance: multiply the noise by its root, exp(log_variance / 2).")
def _(mean, log_variance, noise):
    return mean + jnp.exp(-log_variance) * noise


@reparameterize.mistake("You added the standard deviation: multiply the noise by it.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(log_variance / 2) + noise


@reparameterize.mistake("You took a power of 2: the logarithm is the natural one, so take exp.")
def _(mean, log_variance, noise):
    return mean + 2 ** (log_variance / 2) * noise


@reparameterize.mistake("You took a power of 10: the logarithm is the natural one, so take exp.")
def _(mean, log_variance, noise):
    return mean + 10.0 ** (log_variance / 2) * noise


@reparameterize.mistake(
    "You took the root of the size of the log-variance: the standard deviation is exp(log_variance / 2)."
)
def _(mean, log_variance, noise):
    return mean + jnp.sqrt(jnp.abs(log_variance)) * noise


@reparameterize.mistake("You clipped the log-variance to -20 and 20: exp(log_variance / 2) is finite without that.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(jnp.clip(log_variance, -20, 20) / 2) * noise


@reparameterize.mistake("You clipped the log-variance to -30 and 20: exp(log_variance / 2) is finite without that.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(jnp.clip(log_variance, -30, 20) / 2) * noise


@reparameterize.mistake("You clipped the log-variance to -10 and 10: exp(log_variance / 2) is finite without that.")
def _(mean, log_variance, noise):
    return mean + jnp.exp(jnp.clip(log_variance, -10, 10) / 2) * noise


# ---------------------------------------------------------------- 11.2


@exercise(
    points=6,
    hints=(
        "Each latent has a divergence of its own. What do you do with those of one sample, and what with the samples?",
        'The lesson\'s section "The evidence lower bound", equation 11.2: the latents of a sample are independent, so '
        "their divergences add up; then take the mean over the samples.",
        "`0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance - 1, axis=1))`.",
    ),
    why="It keeps the codes near N(0, I), so that a draw from N(0, I) can be decoded into a new sample.",
)
def kl_to_prior(mean: Float[Array, "n k"], log_variance: Float[Array, "n k"]) -> Float[Array, ""]:
    """Divergence from the prior."""
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance - 1, axis=1))


@kl_to_prior.inputs("two samples, three latents", points=1)
def _(key):
    return dict(
        mean=jnp.array([[1.0, -0.5, 2.0], [0.5, 3.0, 0.0]]),
        log_variance=jnp.array([[0.5, 1.0, -1.0], [-2.0, 0.5, 0.2]]),
    )


@kl_to_prior.inputs("random latents", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(mean=jax.random.normal(a, (7, 4)) + 0.3, log_variance=jax.random.normal(b, (7, 4)) - 0.5)


@kl_to_prior.inputs("variances that are too small for a float", points=1, hidden=True)
def _(key):
    log_variance = jnp.array([[-200.0, 0.3], [0.4, -150.0], [-1.0, 0.5]])
    return dict(mean=jax.random.normal(key, (3, 2)), log_variance=log_variance)


@kl_to_prior.inputs("one sample", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(mean=jax.random.normal(a, (1, 5)), log_variance=jax.random.normal(b, (1, 5)))


def _divergences(mean, log_variance):
    return 0.5 * (mean**2 + jnp.exp(log_variance) - log_variance - 1)


@kl_to_prior.mistake("You averaged over the latents, too: sum over the latents of a sample, then average the samples.")
def _(mean, log_variance):
    return jnp.mean(_divergences(mean, log_variance))


@kl_to_prior.mistake("You summed over the samples, too: return their mean.")
def _(mean, log_variance):
    return jnp.sum(_divergences(mean, log_variance))


@kl_to_prior.mistake("You summed over the samples and averaged over the latents: it is the other way round, `axis=1`.")
def _(mean, log_variance):
    return jnp.mean(jnp.sum(_divergences(mean, log_variance), axis=0))


@kl_to_prior.mistake("Your sign is wrong: a divergence is never negative.")
def _(mean, log_variance):
    return -kl_to_prior(mean, log_variance)


@kl_to_prior.mistake("You left out the factor 1/2.")
def _(mean, log_variance):
    return 2 * kl_to_prior(mean, log_variance)


@kl_to_prior.mistake("You left out the 1: subtract it for each latent, and a latent like the prior costs nothing.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance, axis=1))


@kl_to_prior.mistake("You subtracted 1 once for each sample: it stands in the sum, once for each latent.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance, axis=1) - 1)


@kl_to_prior.mistake(
    "You took the log-variance for the logarithm of the standard deviation: exp(log_variance) is the variance already."
)
def _(mean, log_variance):
    return kl_to_prior(mean, 2 * log_variance)


@kl_to_prior.mistake("You added the standard deviation: add the variance, exp(log_variance).")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance / 2) - log_variance - 1, axis=1))


@kl_to_prior.mistake("You subtracted log_variance / 2: there is one factor 1/2, and it is before the whole sum.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance / 2 - 1, axis=1))


@kl_to_prior.mistake(
    "You took the divergence the other way round, of the prior from the code: no term is divided by the variance."
)
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum((1 + mean**2) * jnp.exp(-log_variance) + log_variance - 1, axis=1))


@kl_to_prior.mistake("You did not square the means.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean + jnp.exp(log_variance) - log_variance - 1, axis=1))


@kl_to_prior.mistake("You left out the means: add their squares.")
def _(mean, log_variance):
    return kl_to_prior(jnp.zeros_like(mean), log_variance)


@kl_to_prior.mistake("You added up the means before you squared: square each mean.")
def _(mean, log_variance):
    rest = jnp.sum(jnp.exp(log_variance) - log_variance - 1, axis=1)
    return 0.5 * jnp.mean(jnp.sum(mean, axis=1) ** 2 + rest)


@kl_to_prior.mistake("You added the log-variance: subtract it, so that small variances cost.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) + log_variance - 1, axis=1))


@kl_to_prior.mistake("You subtracted the variance: add it, and subtract its logarithm.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 - jnp.exp(log_variance) - log_variance - 1, axis=1))


@kl_to_prior.mistake("You left out the variance: add exp(log_variance).")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 - log_variance - 1, axis=1))


@kl_to_prior.mistake("You left out the log-variance: subtract it, so that small variances cost.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) - 1, axis=1))


@kl_to_prior.mistake("You took log_variance for the variance: it is its logarithm already.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + log_variance - jnp.log(log_variance) - 1, axis=1))


@kl_to_prior.mistake(
    "You took the logarithm of a variance that became 0: subtract log_variance itself, which is finite."
)
def _(mean, log_variance):
    variance = jnp.exp(log_variance)
    return 0.5 * jnp.mean(jnp.sum(mean**2 + variance - jnp.log(variance) - 1, axis=1))


@kl_to_prior.mistake("You returned one number for each sample: take the mean.")
def _(mean, log_variance):
    return jnp.sum(_divergences(mean, log_variance), axis=1)


@kl_to_prior.mistake("You returned one number for each latent: sum over the latents, and average over the samples.")
def _(mean, log_variance):
    return jnp.mean(_divergences(mean, log_variance), axis=0)


@kl_to_prior.mistake("You halved only the squares of the means: the factor 1/2 is before the whole sum.")
def _(mean, log_variance):
    return jnp.mean(jnp.sum(mean**2 / 2 + jnp.exp(log_variance) - log_variance - 1, axis=1))


@kl_to_prior.mistake("You subtracted 1 at the end: subtract it for each latent, within the sum.")
def _(mean, log_variance):
    return 0.5 * jnp.mean(jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance, axis=1)) - 1


@kl_to_prior.mistake(
    "You took the logarithm of a variance that is at least 1e-8: subtract log_variance itself, which is right for all."
)
def _(mean, log_variance):
    return 0.5 * jnp.mean(
        jnp.sum(mean**2 + jnp.exp(log_variance) - jnp.log(jnp.maximum(jnp.exp(log_variance), 1e-8)) - 1, axis=1)
    )


@kl_to_prior.mistake(
    "You took the logarithm of a variance that is at least 1e-12: subtract log_variance itself, which is right for all."
)
def _(mean, log_variance):
    return 0.5 * jnp.mean(
        jnp.sum(mean**2 + jnp.exp(log_variance) - jnp.log(jnp.maximum(jnp.exp(log_variance), 1e-12)) - 1, axis=1)
    )


@kl_to_prior.mistake(
    "You took the logarithm of a variance that is at least the smallest float: subtract log_variance itself, which is"
    " right for all."
)
def _(mean, log_variance):
    return 0.5 * jnp.mean(
        jnp.sum(
            mean**2
            + jnp.exp(log_variance)
            - jnp.log(jnp.maximum(jnp.exp(log_variance), jnp.finfo(jnp.float32).tiny))
            - 1,
            axis=1,
        )
    )


@kl_to_prior.mistake("You clipped the log-variance at -10: leave it as it is, and exp of it may become 0.")
def _(mean, log_variance):
    return kl_to_prior(mean, jnp.maximum(log_variance, -10))


@kl_to_prior.mistake("You clipped the log-variance at -20: leave it as it is, and exp of it may become 0.")
def _(mean, log_variance):
    return kl_to_prior(mean, jnp.maximum(log_variance, -20))


@kl_to_prior.mistake("You clipped the log-variance at -30: leave it as it is, and exp of it may become 0.")
def _(mean, log_variance):
    return kl_to_prior(mean, jnp.maximum(log_variance, -30))


# ---------------------------------------------------------------- 11.3


@exercise(
    points=6,
    hints=(
        "Two terms: how well does the decoder explain the data, and how far is the code from the prior?",
        'The lesson\'s section "The evidence lower bound", equation 11.3. The logarithm of the normal density has '
        "three parts: half the squared residual in units of the scale, ln(scale) and half of ln(2 pi), all negative. "
        "Sum them over the entries of a sample, and average over the samples.",
        "z = (x - reconstruction) / scale; fit = -jnp.sum(0.5 * z**2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi), "
        "axis=1); return jnp.mean(fit) - beta * kl_to_prior(mean, log_variance).",
    ),
    why="With beta = 1 its mean over draws of the code never exceeds ln p(x): training makes the data likely.",
)
def elbo(
    x: Float[Array, "n d"],
    reconstruction: Float[Array, "n d"],
    mean: Float[Array, "n k"],
    log_variance: Float[Array, "n k"],
    scale: float,
    beta: float,
) -> Float[Array, ""]:
    """Evidence lower bound."""
    z = (x - reconstruction) / scale
    fit = -jnp.sum(0.5 * z**2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi), axis=1)
    return jnp.mean(fit) - beta * kl_to_prior(mean, log_variance)


@elbo.inputs("two samples, three entries, two latents", points=1)
def _(key):
    return dict(
        x=jnp.array([[1.0, 2.0, 0.0], [0.5, -1.0, 1.0]]),
        reconstruction=jnp.array([[0.5, 2.0, 1.0], [1.0, -1.5, 0.2]]),
        mean=jnp.array([[1.0, -0.5], [0.5, 2.0]]),
        log_variance=jnp.array([[0.5, -1.0], [-2.0, 0.2]]),
        scale=0.5,
        beta=2.0,
    )


def _encoded(key, n, d, k):
    a, b, c, e = jax.random.split(key, 4)
    return dict(
        x=jax.random.normal(a, (n, d)),
        reconstruction=jax.random.normal(b, (n, d)),
        mean=jax.random.normal(c, (n, k)),
        log_variance=jax.random.normal(e, (n, k)) - 0.5,
    )


@elbo.inputs("random data", points=2)
def _(key):
    return dict(_encoded(key, 6, 5, 3), scale=0.7, beta=0.3)


@elbo.inputs("an image of 400 pixels, two of them far off", points=1, hidden=True)
def _(key):  # the product of the densities is 0, and so are single ones
    data = _encoded(key, 1, 400, 2)
    return dict(data, x=data["x"].at[0, :2].set(30.0), scale=1.5, beta=1.0)


@elbo.inputs("a perfect reconstruction and a small scale: a positive bound", points=1, hidden=True)
def _(key):
    data = _encoded(key, 3, 4, 2)
    return dict(data, reconstruction=data["x"], scale=0.01, beta=0.5)


def _fit(x, reconstruction, scale):
    """The logarithm of the density of each entry."""
    return jax.scipy.stats.norm.logpdf(x, reconstruction, scale)


def _bound(x, reconstruction, mean, log_variance, scale, beta, constant=0.0):
    """The right bound, and a constant for each entry."""
    return elbo(x, reconstruction, mean, log_variance, scale, beta) + constant * x.shape[1]


@elbo.mistake("You returned a loss: the bound itself is its negative, and training makes it large.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return -elbo(x, reconstruction, mean, log_variance, scale, beta)


@elbo.mistake("You added the divergence: subtract it, since it is a cost.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, scale, -beta)


@elbo.mistake("You averaged over the entries of a sample: sum them, since their densities multiply.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return jnp.mean(_fit(x, reconstruction, scale)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You left out ln(scale) and half of ln(2 pi): here we want all of the density.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))


@elbo.mistake("You left out half of ln(2 pi), which every entry has: here we want all of the density.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, 0.5 * jnp.log(2 * jnp.pi))


@elbo.mistake("You left out ln(scale), which every entry has: without it a huge scale would explain everything.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, jnp.log(scale))


@elbo.mistake("You counted ln(2 pi) in full: it comes with a factor 1/2.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, -0.5 * jnp.log(2 * jnp.pi))


@elbo.mistake("You added ln(scale): in the logarithm of the density its sign is negative.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, 2 * jnp.log(scale))


@elbo.mistake("You took ln(scale^2) in full: with its factor 1/2 it is ln(scale).")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, -jnp.log(scale))


@elbo.mistake("You took the scale for the variance: it is the standard deviation, so its square divides.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, jnp.sqrt(scale), beta)


@elbo.mistake("You divided the squared residual by the scale: divide by its square, the variance.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    fit = -0.5 * (x - reconstruction) ** 2 / scale - jnp.log(scale) - 0.5 * jnp.log(2 * jnp.pi)
    return jnp.mean(jnp.sum(fit, axis=1)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You multiplied by the variance: divide by it, and mind that `a / 2 * b` multiplies by b.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    fit = -0.5 * (x - reconstruction) ** 2 * scale**2 - jnp.log(scale) - 0.5 * jnp.log(2 * jnp.pi)
    return jnp.mean(jnp.sum(fit, axis=1)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You did not divide the residual by the scale.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    fit = -0.5 * (x - reconstruction) ** 2 - jnp.log(scale) - 0.5 * jnp.log(2 * jnp.pi)
    return jnp.mean(jnp.sum(fit, axis=1)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You lost the factor 1/2 before the squared residual.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    fit = -(((x - reconstruction) / scale) ** 2) - jnp.log(scale) - 0.5 * jnp.log(2 * jnp.pi)
    return jnp.mean(jnp.sum(fit, axis=1)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake(
    "You took the squared error for the first term: take the logarithm of the normal density, with its scale."
)
def _(x, reconstruction, mean, log_variance, scale, beta):
    return -jnp.mean(jnp.sum((x - reconstruction) ** 2, axis=1)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake(
    "You took the mean squared error for the first term: sum the logarithms of the normal density over the entries."
)
def _(x, reconstruction, mean, log_variance, scale, beta):
    return -jnp.mean((x - reconstruction) ** 2) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You added the constants once for each sample: every one of its d entries has them.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    residual = jnp.mean(jnp.sum(((x - reconstruction) / scale) ** 2, axis=1))
    constants = jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi)
    return -0.5 * residual - constants - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You multiplied the fit by beta: it is the weight of the divergence.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return beta * elbo(x, reconstruction, mean, log_variance, scale, 1 / beta)


@elbo.mistake("You multiplied both terms by beta: it is the weight of the divergence alone.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return beta * elbo(x, reconstruction, mean, log_variance, scale, 1.0)


@elbo.mistake("You left out beta: multiply the divergence by it.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, scale, 1.0)


@elbo.mistake("You left out the divergence: subtract beta times the KL of 11.2.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, scale, 0.0)


@elbo.mistake("You summed over the samples: return their mean.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, scale, beta) * len(x)


@elbo.mistake("You summed the fit over the samples: average it, like the divergence.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return jnp.sum(_fit(x, reconstruction, scale)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You averaged the divergence over the latents: sum over the latents of a sample, as in 11.2.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, scale, beta / mean.shape[1])


@elbo.mistake("You averaged over entries and latents: sum both, and average over the samples alone.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return jnp.mean(_fit(x, reconstruction, scale)) - beta * jnp.mean(_divergences(mean, log_variance))


@elbo.mistake("You returned one number for each sample: take the mean.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    divergence = jnp.sum(_divergences(mean, log_variance), axis=1)
    return jnp.sum(_fit(x, reconstruction, scale), axis=1) - beta * divergence


@elbo.mistake(
    "The density of an entry far off, and the product of many, is 0 for a float, and its logarithm infinite: add up "
    "the logarithms by the formula."
)
def _(x, reconstruction, mean, log_variance, scale, beta):
    density = jnp.prod(jnp.exp(_fit(x, reconstruction, scale)), axis=1)
    return jnp.mean(jnp.log(density)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You took half the squared error for the first term: the scale is missing, and so are the constants.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return -0.5 * jnp.mean(jnp.sum((x - reconstruction) ** 2, axis=1)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("Your first term is the squared error over the variance: it is half of it, less the constants.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    z = (x - reconstruction) / scale
    return -jnp.mean(jnp.sum(z**2, axis=1)) - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You did not use the scale: the decoder's normal densities have this standard deviation.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, 1.0, beta)


@elbo.mistake("You squared the scale once more: it is the standard deviation, so the variance is scale^2.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, scale**2, beta)


@elbo.mistake("You halved ln(scale): 1/2 belongs before the logarithm of the variance, scale^2.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, 0.5 * jnp.log(scale))


@elbo.mistake("You added ln(scale) and half of ln(2 pi): the minus before the square belongs to them, too.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return _bound(x, reconstruction, mean, log_variance, scale, beta, 2 * jnp.log(scale) + jnp.log(2 * jnp.pi))


@elbo.mistake("You summed the fit over the samples and averaged over the entries: it is the other way round, `axis=1`.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    fit = jnp.mean(jnp.sum(_fit(x, reconstruction, scale), axis=0))
    return fit - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You summed the divergence over the samples: average it, like the fit.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    return elbo(x, reconstruction, mean, log_variance, scale, beta * len(x))


@elbo.mistake(
    "You added 1e-12 to densities before their logarithm: take the logarithm by its formula, which has no exp."
)
def _(x, reconstruction, mean, log_variance, scale, beta):
    density = jnp.exp(_fit(x, reconstruction, scale))
    fit = jnp.mean(jnp.sum(jnp.log(density + 1e-12), axis=1))
    return fit - beta * kl_to_prior(mean, log_variance)


@elbo.mistake(
    "You added 1e-8 to densities before their logarithm: take the logarithm by its formula, which has no exp."
)
def _(x, reconstruction, mean, log_variance, scale, beta):
    density = jnp.exp(_fit(x, reconstruction, scale))
    fit = jnp.mean(jnp.sum(jnp.log(density + 1e-8), axis=1))
    return fit - beta * kl_to_prior(mean, log_variance)


@elbo.mistake("You took logarithms to base 10: take `jnp.log`, the natural one.")
def _(x, reconstruction, mean, log_variance, scale, beta):
    fit = -0.5 * ((x - reconstruction) / scale) ** 2 - jnp.log10(scale) - 0.5 * jnp.log10(2 * jnp.pi)
    return jnp.mean(jnp.sum(fit, axis=1)) - beta * kl_to_prior(mean, log_variance)


# ---------------------------------------------------------------- 11.4


@exercise(
    points=6,
    hints=(
        "T steps have T + 1 ends: at how many places do you need f?",
        'The lesson\'s section "Adding noise step by step", equation 11.4. Compute f at T + 1 places, 0, 1/T, ..., 1. '
        "The ratio of neighbors gives beta, which is limited, and then alpha_bar is the running product of 1 - beta.",
        "f = jnp.cos((jnp.arange(n_steps + 1) / n_steps + 0.008) / 1.008 * jnp.pi / 2) ** 2; beta = jnp.minimum(1 - "
        "f[1:] / f[:-1], 0.999); return beta, jnp.cumprod(1 - beta).",
    ),
    why="The cosine spends its steps where an image turns into noise; a linear schedule is nearly done halfway.",
)
def cosine_schedule(n_steps: int) -> tuple[Float[Array, " t"], Float[Array, " t"]]:
    """Cosine schedule."""
    f = jnp.cos((jnp.arange(n_steps + 1) / n_steps + 0.008) / 1.008 * jnp.pi / 2) ** 2
    beta = jnp.minimum(1 - f[1:] / f[:-1], 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.inputs("seven steps", points=2)
def _(key):
    return dict(n_steps=7)


@cosine_schedule.inputs("27 steps", points=2)
def _(key):
    return dict(n_steps=27)


@cosine_schedule.inputs("one step", points=1, hidden=True)
def _(key):
    return dict(n_steps=1)


def _left(u, offset=0.008):
    """The share of the signal at the fraction u of the way."""
    return jnp.cos((u + offset) / (1 + offset) * jnp.pi / 2) ** 2


def _schedule_of(f):
    beta = jnp.minimum(1 - f[1:] / f[:-1], 0.999)
    return beta, jnp.cumprod(1 - beta)


def _places(n_steps):
    return jnp.arange(n_steps + 1) / n_steps


@cosine_schedule.mistake("Your last beta is 1, which leaves nothing of the signal: limit beta to 0.999.")
def _(n_steps):
    f = _left(_places(n_steps))
    beta = 1 - f[1:] / f[:-1]
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("You limited beta to 0.9999: the limit is 0.999.")
def _(n_steps):
    f = _left(_places(n_steps))
    beta = jnp.minimum(1 - f[1:] / f[:-1], 0.9999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("Your alpha_bar ignores the limit: take the running product of 1 - beta, after it.")
def _(n_steps):
    f = _left(_places(n_steps))
    return jnp.minimum(1 - f[1:] / f[:-1], 0.999), f[1:] / f[0]


@cosine_schedule.mistake("Your alpha_bar has T + 1 entries: leave out the 1 in front, which belongs to the clean data.")
def _(n_steps):
    beta, alpha_bar = cosine_schedule(n_steps)
    return beta, jnp.concatenate([jnp.ones(1), alpha_bar])


@cosine_schedule.mistake("Your alpha_bar is one step late: its first entry is 1 - beta[0], not 1.")
def _(n_steps):
    beta, alpha_bar = cosine_schedule(n_steps)
    return beta, jnp.concatenate([jnp.ones(1), alpha_bar[:-1]])


@cosine_schedule.mistake("Both of your arrays lack an entry: T steps need f at T + 1 places, 0, 1/T, ..., 1.")
def _(n_steps):
    return _schedule_of(_left(jnp.linspace(0, 1, n_steps)))


@cosine_schedule.mistake("Your last step is missing: the places of f run from 0 up to 1, both included.")
def _(n_steps):
    return _schedule_of(_left(jnp.arange(n_steps) / n_steps))


@cosine_schedule.mistake("You left out the 0.008: add it to u, and divide by 1.008.")
def _(n_steps):
    return _schedule_of(_left(_places(n_steps), 0.0))


@cosine_schedule.mistake("You did not divide by 1.008: the angle must end at pi / 2.")
def _(n_steps):
    return _schedule_of(jnp.cos((_places(n_steps) + 0.008) * jnp.pi / 2) ** 2)


@cosine_schedule.mistake("You did not square the cosine.")
def _(n_steps):
    return _schedule_of(jnp.sqrt(_left(_places(n_steps))))


@cosine_schedule.mistake("Your angle is too large by a factor of 2: it is multiplied by pi / 2, not by pi.")
def _(n_steps):
    return _schedule_of(jnp.cos((_places(n_steps) + 0.008) / 1.008 * jnp.pi) ** 2)


@cosine_schedule.mistake("You added up the beta: alpha_bar is a running product of 1 - beta.")
def _(n_steps):
    beta, _ = cosine_schedule(n_steps)
    return beta, 1 - jnp.cumsum(beta)


@cosine_schedule.mistake("You multiplied the beta: alpha_bar is the running product of 1 - beta.")
def _(n_steps):
    beta, _ = cosine_schedule(n_steps)
    return beta, jnp.cumprod(beta)


@cosine_schedule.mistake("Your second array is what remains in ONE step: take the running product of 1 - beta.")
def _(n_steps):
    beta, _ = cosine_schedule(n_steps)
    return beta, 1 - beta


@cosine_schedule.mistake("Your beta is 1 - alpha_bar: divide f by its value one step earlier, not by f(0).")
def _(n_steps):
    f = _left(_places(n_steps))
    beta = jnp.minimum(1 - f[1:] / f[0], 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("Your first beta is 1 - f(1 / T): it is 1 - f(1 / T) / f(0), and f(0) is not quite 1.")
def _(n_steps):
    return _schedule_of(_left(_places(n_steps)).at[0].set(1.0))


@cosine_schedule.mistake("Your ratio is upside down: f falls, so divide the later value by the earlier one.")
def _(n_steps):
    f = _left(_places(n_steps))
    beta = jnp.minimum(1 - f[:-1] / f[1:], 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("Your ratio is inverted: f falls, so divide the later value by the earlier one.")
def _(n_steps):  # as above in double precision, where f(1) is another kind of almost 0
    f = np.cos((np.arange(n_steps + 1) / n_steps + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.minimum(1 - f[:-1] / f[1:], 0.999)
    return jnp.asarray(beta), jnp.asarray(np.cumprod(1 - beta))


@cosine_schedule.mistake("Your first array is 1 - beta: return beta itself.")
def _(n_steps):
    beta, alpha_bar = cosine_schedule(n_steps)
    return 1 - beta, alpha_bar


@cosine_schedule.mistake("You left out the 1 minus: beta is 1 minus the ratio.")
def _(n_steps):
    f = _left(_places(n_steps))
    beta = jnp.minimum(f[1:] / f[:-1], 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("All your beta are 0.999 or more: it is an upper limit, so take `jnp.minimum`.")
def _(n_steps):
    f = _left(_places(n_steps))
    beta = jnp.maximum(1 - f[1:] / f[:-1], 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("This is the linear schedule: compute beta from the ratios of f.")
def _(n_steps):
    beta = jnp.linspace(1e-4, 0.02, n_steps)
    return beta, jnp.cumprod(1 - beta)


def _with_places(u):
    """With f at other places of the cosine."""
    return _schedule_of(jnp.cos(u * jnp.pi / 2) ** 2)


@cosine_schedule.mistake("You added 0.008 / 1.008 to u: first add 0.008, then divide by 1.008.")
def _(n_steps):
    return _with_places(_places(n_steps) + 0.008 / 1.008)


@cosine_schedule.mistake("You added 0.008 to the step: add it to u = t / T.")
def _(n_steps):
    return _with_places((jnp.arange(n_steps + 1) + 0.008) / (n_steps + 0.008))


@cosine_schedule.mistake("Your beta are differences of f: divide by the earlier value.")
def _(n_steps):
    f = _left(_places(n_steps))
    beta = jnp.minimum(f[:-1] - f[1:], 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("You divided by f(u - 1): one step earlier is u - 1 / T.")
def _(n_steps):
    u = _places(n_steps)[1:]
    beta = jnp.minimum(1 - _left(u) / _left(u - 1), 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("Your alpha_bar is f alone: it is the running product of 1 - beta, after the limit.")
def _(n_steps):
    f = _left(_places(n_steps))
    return jnp.minimum(1 - f[1:] / f[:-1], 0.999), f[1:]


@cosine_schedule.mistake(
    "Your alpha_bar is f / f(0) at all T + 1 places: it has T entries, the running product of 1 - beta."
)
def _(n_steps):
    f = _left(_places(n_steps))
    return jnp.minimum(1 - f[1:] / f[:-1], 0.999), f / f[0]


@cosine_schedule.mistake("Your arrays have T + 1 entries: leave out the 0 in front of beta; the first step is beta[0].")
def _(n_steps):
    beta = jnp.concatenate([jnp.zeros(1), cosine_schedule(n_steps)[0]])
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("Your first beta is 0, and the last step is missing: beta[0] leads from f(0) to f(1 / T).")
def _(n_steps):
    f = _left(jnp.arange(n_steps) / n_steps)
    return _schedule_of(jnp.concatenate([f[:1], f]))


@cosine_schedule.mistake("Your first beta is 0, and your steps are too long: take f at T + 1 places, 0, 1/T, ..., 1.")
def _(n_steps):
    f = _left(jnp.linspace(0, 1, n_steps))
    return _schedule_of(jnp.concatenate([f[:1], f]))


@cosine_schedule.mistake("You divided t by T - 1: T steps need f at t / T, so that the last place is 1.")
def _(n_steps):
    f = _left(jnp.arange(n_steps + 1) / max(n_steps - 1, 1))
    beta = jnp.clip(1 - f[1:] / f[:-1], 0, 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake(
    "Your beta are one step ahead: beta[t] is 1 - f((t + 1) / T) / f(t / T), and beta[0] begins at f(0)."
)
def _(n_steps):
    f = _left((jnp.arange(n_steps + 1) + 1) / n_steps)
    beta = jnp.clip(1 - f[1:] / f[:-1], 0, 0.999)
    return beta, jnp.cumprod(1 - beta)


@cosine_schedule.mistake("Your beta run backwards: beta[0] belongs to the first step, which adds the least noise.")
def _(n_steps):
    beta = cosine_schedule(n_steps)[0][::-1]
    return beta, jnp.cumprod(1 - beta)


# ---------------------------------------------------------------- 11.5


@exercise(
    points=5,
    hints=(
        "Each sample has its own time, so its own share of signal and noise. What shape must these shares have?",
        'The lesson\'s section "Adding noise step by step", equation 11.5. alpha_bar[t] has one entry for each sample; '
        "`[:, None]` makes it a column. alpha_bar and 1 - alpha_bar are variances, so their roots are the weights.",
        "left = alpha_bar[t][:, None]; return jnp.sqrt(left) * x + jnp.sqrt(1 - left) * noise.",
    ),
    why="Many small steps of noise are one normal distribution: training can jump to any time at once.",
)
def add_noise(
    x: Float[Array, "n d"], t: Int[Array, " n"], noise: Float[Array, "n d"], alpha_bar: Float[Array, " T"]
) -> Float[Array, "n d"]:
    """Adding noise."""
    left = alpha_bar[t][:, None]
    return jnp.sqrt(left) * x + jnp.sqrt(1 - left) * noise


@add_noise.inputs("three samples, four times", points=1)
def _(key):
    return dict(
        x=jnp.array([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]]),
        t=jnp.array([0, 3, 1]),
        noise=jnp.array([[0.5, 1.0], [-1.0, 2.0], [1.5, -0.5]]),
        alpha_bar=jnp.array([0.9, 0.6, 0.3, 0.05]),
    )


def _diffusion(key, n, d, n_times):
    """Data, noise, times and shares of the signal."""
    a, b, c, e = jax.random.split(key, 4)
    return dict(
        x=jax.random.normal(a, (n, d)) + 0.5,
        t=jax.random.randint(b, (n,), 0, n_times),
        noise=jax.random.normal(c, (n, d)),
        alpha_bar=jnp.cumprod(jax.random.uniform(e, (n_times,), minval=0.5, maxval=0.95)),
    )


@add_noise.inputs("as many samples as entries", points=2)
def _(key):
    return dict(_diffusion(key, 5, 5, 6), t=jnp.array([4, 0, 2, 3, 1]))


@add_noise.inputs("one sample at the last of many times", points=1, hidden=True)
def _(key):
    data = _diffusion(key, 1, 3, 1)
    return dict(data, t=jnp.array([39]), alpha_bar=cosine_schedule(40)[1])


def _mixed(x, noise, signal, spread):
    return signal[:, None] * x + spread[:, None] * noise


@add_noise.mistake("You left out both roots: alpha_bar and 1 - alpha_bar are variances.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, alpha_bar[t], 1 - alpha_bar[t])


@add_noise.mistake("You left out the root of 1 - alpha_bar: it is the variance of the noise.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.sqrt(alpha_bar[t]), 1 - alpha_bar[t])


@add_noise.mistake("You left out the root of alpha_bar: it is a variance.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, alpha_bar[t], jnp.sqrt(1 - alpha_bar[t]))


@add_noise.mistake("You exchanged the two weights: alpha_bar is what is left of the signal.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.sqrt(1 - alpha_bar[t]), jnp.sqrt(alpha_bar[t]))


@add_noise.mistake("Your weights add up to 1: their SQUARES do, so subtract alpha_bar from 1 before you take the root.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.sqrt(alpha_bar[t]), 1 - jnp.sqrt(alpha_bar[t]))


@add_noise.mistake("You took alpha_bar[t - 1]: times start at 0, so entry t belongs to time t.")
def _(x, t, noise, alpha_bar):
    return add_noise(x, t - 1, noise, alpha_bar)


@add_noise.mistake("You took alpha_bar[t + 1]: entry t belongs to time t.")
def _(x, t, noise, alpha_bar):
    return add_noise(x, jnp.minimum(t + 1, len(alpha_bar) - 1), noise, alpha_bar)


@add_noise.mistake("You multiplied up alpha_bar once more: it is the running product already.")
def _(x, t, noise, alpha_bar):
    return add_noise(x, t, noise, jnp.cumprod(alpha_bar))


@add_noise.mistake("You took one step alone, alpha_bar[t] / alpha_bar[t - 1]: alpha_bar[t] leads from clean to t.")
def _(x, t, noise, alpha_bar):
    return add_noise(x, t, noise, alpha_bar / jnp.concatenate([jnp.ones(1), alpha_bar[:-1]]))


@add_noise.mistake("You did not shrink the data: multiply x by the root of alpha_bar.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.ones(len(t)), jnp.sqrt(1 - alpha_bar[t]))


@add_noise.mistake("You did not scale the noise: multiply it by the root of 1 - alpha_bar.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.sqrt(alpha_bar[t]), jnp.ones(len(t)))


@add_noise.mistake("You left out the noise: add it, times the root of 1 - alpha_bar.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.sqrt(alpha_bar[t]), jnp.zeros(len(t)))


@add_noise.mistake("You subtracted the noise: add it.")
def _(x, t, noise, alpha_bar):
    return add_noise(x, t, -noise, alpha_bar)


@add_noise.mistake("You gave each COLUMN a time: each row has its own, so write `alpha_bar[t][:, None]`.")
def _(x, t, noise, alpha_bar):
    return jnp.sqrt(alpha_bar[t]) * x + jnp.sqrt(1 - alpha_bar[t]) * noise


@add_noise.mistake("You gave all samples the time of the first: sample i has the time t[i].")
def _(x, t, noise, alpha_bar):
    return add_noise(x, jnp.full_like(t, t[0]), noise, alpha_bar)


@add_noise.mistake("You gave all samples the last time: sample i has the time t[i].")
def _(x, t, noise, alpha_bar):
    return add_noise(x, jnp.full_like(t, len(alpha_bar) - 1), noise, alpha_bar)


@add_noise.mistake("You took the i-th entry of alpha_bar for sample i: it belongs to a time, so take alpha_bar[t].")
def _(x, t, noise, alpha_bar):
    return add_noise(x, jnp.arange(len(x)), noise, alpha_bar)


@add_noise.mistake("You took the root of a negative number: it is 1 - alpha_bar, not alpha_bar - 1.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.sqrt(alpha_bar[t]), jnp.sqrt(alpha_bar[t] - 1))


@add_noise.mistake("You took the root of the whole sum: take the roots of the two weights.")
def _(x, t, noise, alpha_bar):
    return jnp.sqrt(_mixed(x, noise, alpha_bar[t], 1 - alpha_bar[t]))


@add_noise.mistake("You divided by the root of alpha_bar, so that the data keep their size: here the data shrink.")
def _(x, t, noise, alpha_bar):
    return _mixed(x, noise, jnp.ones(len(t)), jnp.sqrt(1 / alpha_bar[t] - 1))


@add_noise.mistake("You added the noise as it is: weigh data and noise by the roots of alpha_bar and 1 - alpha_bar.")
def _(x, t, noise, alpha_bar):
    return x + noise


@add_noise.mistake("You took alpha_bar for beta: it is the running product of 1 - beta already.")
def _(x, t, noise, alpha_bar):
    return add_noise(x, t, noise, jnp.cumprod(1 - alpha_bar))


@add_noise.mistake("You added the same noise step by step: each step would need noise of its own; jump to t at once.")
def _(x, t, noise, alpha_bar):
    for step, one in enumerate(alpha_bar / jnp.concatenate([jnp.ones(1), alpha_bar[:-1]])):
        x = jnp.where((step <= t)[:, None], jnp.sqrt(one) * x + jnp.sqrt(1 - one) * noise, x)
    return x


@add_noise.mistake(
    "You squared alpha_bar before the noise: its variance is 1 - alpha_bar, which is a variance already."
)
def _(x, t, noise, alpha_bar):
    left = alpha_bar[t]
    return _mixed(x, noise, jnp.sqrt(left), jnp.sqrt(1 - left**2))


@add_noise.mistake("You multiplied the noise by the root of alpha_bar, too: its weight is the root of 1 - alpha_bar.")
def _(x, t, noise, alpha_bar):
    left = jnp.sqrt(alpha_bar[t])
    return _mixed(x, noise, left, left)


# ---------------------------------------------------------------- 11.6


@exercise(
    points=6,
    hints=(
        "What does the network see, and what is it to guess?",
        'The lesson\'s section "Learning to predict the noise", equation 11.6: it sees the noisy samples and their '
        "times, and it guesses the noise that was added, with its full size. Exercise 11.5 adds it.",
        "guess = predict(add_noise(x, t, noise, alpha_bar), t); return jnp.mean((guess - noise) ** 2).",
    ),
    why="This is all the training of a diffusion model: a regression, with as much data as you draw noise.",
)
def ddpm_loss(
    predict: Callable[[Array, Array], Array],
    x: Float[Array, "n d"],
    t: Int[Array, " n"],
    noise: Float[Array, "n d"],
    alpha_bar: Float[Array, " T"],
) -> Float[Array, ""]:
    """Loss of a DDPM."""
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t) - noise) ** 2)


@ddpm_loss.inputs("two samples, three times", points=1)
def _(key):
    return dict(
        predict=noise_model,
        x=jnp.array([[1.0, -2.0, 0.5], [0.5, 3.0, -1.0]]),
        t=jnp.array([2, 0]),
        noise=jnp.array([[0.5, 1.0, -1.0], [-1.0, 2.0, 0.3]]),
        alpha_bar=jnp.array([0.8, 0.5, 0.1]),
    )


@ddpm_loss.inputs("random data", points=3)
def _(key):
    return dict(_diffusion(key, 6, 4, 8), predict=noise_model, t=jnp.array([6, 0, 3, 1, 5, 2]))


@ddpm_loss.inputs("one sample at the first time, another network", points=1, hidden=True)
def _(key):
    return dict(_diffusion(key, 1, 3, 4), predict=linear_noise_model, t=jnp.array([0]))


def _errors(predict, x, t, noise, alpha_bar):
    return predict(add_noise(x, t, noise, alpha_bar), t) - noise


@ddpm_loss.mistake("You compared the guess with the data: the network guesses the noise.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t) - x) ** 2)


@ddpm_loss.mistake("You compared the guess with the noisy samples: the network guesses the noise alone.")
def _(predict, x, t, noise, alpha_bar):
    noisy = add_noise(x, t, noise, alpha_bar)
    return jnp.mean((predict(noisy, t) - noisy) ** 2)


@ddpm_loss.mistake("You compared the guess with noisy - x: it is the noise itself that the network guesses.")
def _(predict, x, t, noise, alpha_bar):
    noisy = add_noise(x, t, noise, alpha_bar)
    return jnp.mean((predict(noisy, t) - (noisy - x)) ** 2)


@ddpm_loss.mistake("You compared the guess with the scaled noise: the network guesses the noise as it was drawn.")
def _(predict, x, t, noise, alpha_bar):
    scaled = jnp.sqrt(1 - alpha_bar[t])[:, None] * noise
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t) - scaled) ** 2)


@ddpm_loss.mistake("You showed the clean data to the network: show it the noisy samples.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(x, t) - noise) ** 2)


@ddpm_loss.mistake("You showed x + noise to the network: each sample is mixed by alpha_bar at its time, as in 11.5.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(x + noise, t) - noise) ** 2)


@ddpm_loss.mistake("You mixed without roots: alpha_bar and 1 - alpha_bar are variances, see 11.5.")
def _(predict, x, t, noise, alpha_bar):
    left = alpha_bar[t][:, None]
    return jnp.mean((predict(left * x + (1 - left) * noise, t) - noise) ** 2)


@ddpm_loss.mistake("You exchanged the weights of data and noise: the root of alpha_bar is that of the data.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(noise, t, x, alpha_bar), t) - noise) ** 2)


@ddpm_loss.mistake("You told the network another time, t + 1: tell it t.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t + 1) - noise) ** 2)


@ddpm_loss.mistake("You took alpha_bar[t - 1]: times start at 0, so entry t belongs to time t.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t - 1, noise, alpha_bar), t) - noise) ** 2)


@ddpm_loss.mistake("You told the network alpha_bar[t]: it is called with the times t themselves.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), alpha_bar[t]) - noise) ** 2)


@ddpm_loss.mistake("You told the network t / T: it is called with the times t themselves.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t / len(alpha_bar)) - noise) ** 2)


@ddpm_loss.mistake("You summed the squares: return their mean over all entries.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.sum(_errors(predict, x, t, noise, alpha_bar) ** 2)


@ddpm_loss.mistake("You summed over the entries of a sample: average over all n d entries.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean(jnp.sum(_errors(predict, x, t, noise, alpha_bar) ** 2, axis=1))


@ddpm_loss.mistake("You summed over the samples: average over all n d entries.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.sum(jnp.mean(_errors(predict, x, t, noise, alpha_bar) ** 2, axis=1))


@ddpm_loss.mistake("You returned one number for each sample: average over the samples, too.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean(_errors(predict, x, t, noise, alpha_bar) ** 2, axis=1)


@ddpm_loss.mistake("You returned one number for each entry: take the mean.")
def _(predict, x, t, noise, alpha_bar):
    return _errors(predict, x, t, noise, alpha_bar) ** 2


@ddpm_loss.mistake("You averaged the errors before you squared: they cancel, so square each of them.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean(_errors(predict, x, t, noise, alpha_bar)) ** 2


@ddpm_loss.mistake("You did not square the errors: positive and negative ones cancel.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean(_errors(predict, x, t, noise, alpha_bar))


@ddpm_loss.mistake("You took the magnitudes of the errors: square them.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean(jnp.abs(_errors(predict, x, t, noise, alpha_bar)))


@ddpm_loss.mistake("You took the root of the mean: leave it out.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.sqrt(jnp.mean(_errors(predict, x, t, noise, alpha_bar) ** 2))


@ddpm_loss.mistake("You compared estimates of the data: the error of the noise counts the same at every time.")
def _(predict, x, t, noise, alpha_bar):
    weight = jnp.sqrt(1 / alpha_bar[t] - 1)[:, None]
    return jnp.mean((weight * _errors(predict, x, t, noise, alpha_bar)) ** 2)


@ddpm_loss.mistake("You added the noise to the guess: subtract it.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t) + noise) ** 2)


@ddpm_loss.mistake("You mixed without the root of 1 - alpha_bar, see 11.5.")
def _(predict, x, t, noise, alpha_bar):
    left = alpha_bar[t][:, None]
    return jnp.mean((predict(jnp.sqrt(left) * x + (1 - left) * noise, t) - noise) ** 2)


@ddpm_loss.mistake("You did not shrink the data: multiply x by the root of alpha_bar, see 11.5.")
def _(predict, x, t, noise, alpha_bar):
    left = alpha_bar[t][:, None]
    return jnp.mean((predict(x + jnp.sqrt(1 - left) * noise, t) - noise) ** 2)


@ddpm_loss.mistake("You multiplied up alpha_bar once more: it is the running product already.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t, noise, jnp.cumprod(alpha_bar)), t) - noise) ** 2)


@ddpm_loss.mistake("You took alpha_bar[t + 1]: entry t belongs to time t.")
def _(predict, x, t, noise, alpha_bar):
    later = jnp.minimum(t + 1, len(alpha_bar) - 1)
    return jnp.mean((predict(add_noise(x, later, noise, alpha_bar), t) - noise) ** 2)


@ddpm_loss.mistake("You told the network t - 1: tell it t.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t - 1) - noise) ** 2)


@ddpm_loss.mistake("You compared the guess with v, a mixture of noise and data: this network guesses the noise.")
def _(predict, x, t, noise, alpha_bar):
    left = alpha_bar[t][:, None]
    v = jnp.sqrt(left) * noise - jnp.sqrt(1 - left) * x
    return jnp.mean((predict(add_noise(x, t, noise, alpha_bar), t) - v) ** 2)


@ddpm_loss.mistake("You averaged the lengths of the errors: average the squares of all entries.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean(jnp.sqrt(jnp.sum(_errors(predict, x, t, noise, alpha_bar) ** 2, axis=1)))


@ddpm_loss.mistake("You always ask `noise_model`: ask the network `predict` that you are given.")
def _(predict, x, t, noise, alpha_bar):
    return ddpm_loss(noise_model, x, t, noise, alpha_bar)


@ddpm_loss.mistake("You showed the noise alone to the network: show it the noisy samples, data and noise mixed.")
def _(predict, x, t, noise, alpha_bar):
    return jnp.mean((predict(noise, t) - noise) ** 2)


# ---------------------------------------------------------------- 11.7


@exercise(
    points=7,
    hints=(
        "First the mean: take out a part of the guessed noise, and undo the shrinking. What is b at the last step?",
        'The lesson\'s section "Walking back", equation 11.7. alpha_bar[t - 1] at t = 0 is alpha_bar[-1], the LAST '
        "entry: `jnp.where` takes 1 instead. With b = 1 the noise has the weight 0.",
        "a = alpha_bar[t]; b = jnp.where(t > 0, alpha_bar[t - 1], 1.0); beta = 1 - a / b; return (noisy - beta / "
        "jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b) + jnp.sqrt(beta * (1 - b) / (1 - a)) * noise.",
    ),
    why="Repeat it from pure noise down to t = 0, and a network that only knows noise has drawn a sample.",
)
def ddpm_step(
    noisy: Float[Array, "n d"],
    t: Int[Array, ""],
    guess: Float[Array, "n d"],
    noise: Float[Array, "n d"],
    alpha_bar: Float[Array, " T"],
) -> Float[Array, "n d"]:
    """One step back."""
    a, b = alpha_bar[t], jnp.where(t > 0, alpha_bar[t - 1], 1.0)
    beta = 1 - a / b
    mean = (noisy - beta / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.sqrt(beta * (1 - b) / (1 - a)) * noise


@ddpm_step.inputs("two samples in the middle", points=1)
def _(key):
    return dict(
        noisy=jnp.array([[1.0, -2.0], [0.5, 3.0]]),
        t=jnp.array(2),
        guess=jnp.array([[0.5, -1.0], [1.0, 2.0]]),
        noise=jnp.array([[1.0, 0.5], [-1.0, 2.0]]),
        alpha_bar=jnp.array([0.9, 0.6, 0.3, 0.05]),
    )


def _walk(key, t, n_times=7):
    data = _diffusion(key, 4, 3, n_times)
    guess = jax.random.normal(jax.random.fold_in(key, 1), (4, 3))
    return dict(noisy=data["x"], t=jnp.array(t), guess=guess, noise=data["noise"], alpha_bar=data["alpha_bar"])


@ddpm_step.inputs("random samples at the last step but one", points=2)
def _(key):
    return _walk(key, 1)


@ddpm_step.inputs("the last step, t = 0", points=2, hidden=True)
def _(key):  # hardly any noise is left, so that nothing may be added to 1 - a
    data = _walk(key, 0)
    return dict(data, alpha_bar=data["alpha_bar"].at[0].set(1 - 2.0**-12))


@ddpm_step.inputs("the first step, from pure noise", points=1, hidden=True)
def _(key):
    return dict(_walk(key, 29), alpha_bar=cosine_schedule(30)[1])


def _neighbors(t, alpha_bar):
    a, b = alpha_bar[t], jnp.where(t > 0, alpha_bar[t - 1], 1.0)
    return a, b, 1 - a / b


def _denoised(noisy, t, guess, alpha_bar):
    """The mean of the step back."""
    return ddpm_step(noisy, t, guess, jnp.zeros_like(noisy), alpha_bar)


def _spread(t, alpha_bar):
    a, b, beta = _neighbors(t, alpha_bar)
    return jnp.sqrt(beta * (1 - b) / (1 - a))


def _unclean(noisy, t, guess, alpha_bar):
    """What the guess says about the clean data."""
    return (noisy - jnp.sqrt(1 - alpha_bar[t]) * guess) / jnp.sqrt(alpha_bar[t])


@ddpm_step.mistake("At t = 0 your b is not 1: alpha_bar[-1] is the LAST entry, and before the first noise b is 1.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], alpha_bar[t - 1]
    mean = (noisy - (1 - a / b) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.sqrt((1 - a / b) * (1 - b) / (1 - a)) * noise


@ddpm_step.mistake("At t = 0 the b in your mean is not 1: alpha_bar[-1] is the LAST entry, so take 1 there.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], alpha_bar[t - 1]
    mean = (noisy - (1 - a / b) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.where(t > 0, jnp.sqrt(jnp.maximum(0, (1 - a / b) * (1 - b) / (1 - a))) * noise, 0)


@ddpm_step.mistake("At t = 0 your step changes nothing: there b is 1, not alpha_bar[0].")
def _(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], alpha_bar[jnp.maximum(t - 1, 0)]
    mean = (noisy - (1 - a / b) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.sqrt((1 - a / b) * (1 - b) / (1 - a)) * noise


@ddpm_step.mistake("Your noise has the variance beta: multiply it by (1 - b) / (1 - a), which is 0 in the last step.")
def _(noisy, t, guess, noise, alpha_bar):
    return _denoised(noisy, t, guess, alpha_bar) + jnp.sqrt(_neighbors(t, alpha_bar)[2]) * noise


@ddpm_step.mistake("You multiplied the noise by a variance: take its root.")
def _(noisy, t, guess, noise, alpha_bar):
    return _denoised(noisy, t, guess, alpha_bar) + _spread(t, alpha_bar) ** 2 * noise


@ddpm_step.mistake("You added no noise: only the last step has none.")
def _(noisy, t, guess, noise, alpha_bar):
    return _denoised(noisy, t, guess, alpha_bar)


@ddpm_step.mistake("You added no noise at t = 1: times start at 0, so only the step at t = 0 has none.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, guess, jnp.where(t > 1, noise, 0), alpha_bar)


@ddpm_step.mistake("You did not scale the noise: multiply it by sqrt(beta (1 - b) / (1 - a)).")
def _(noisy, t, guess, noise, alpha_bar):
    return _denoised(noisy, t, guess, alpha_bar) + jnp.where(t > 0, noise, 0)


@ddpm_step.mistake("You took the guess for the fresh noise: the last term has `noise`.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, guess, guess, alpha_bar)


@ddpm_step.mistake("You exchanged guess and fresh noise: subtract the guess, and add the noise.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, noise, guess, alpha_bar)


@ddpm_step.mistake("The variance of your noise has a and b exchanged: it is beta (1 - b) / (1 - a).")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, beta = _neighbors(t, alpha_bar)
    return _denoised(noisy, t, guess, alpha_bar) + jnp.sqrt(beta * (1 - a) / (1 - b)) * noise


@ddpm_step.mistake("The variance of your noise is not divided by 1 - a.")
def _(noisy, t, guess, noise, alpha_bar):
    _, b, beta = _neighbors(t, alpha_bar)
    return _denoised(noisy, t, guess, alpha_bar) + jnp.sqrt(beta * (1 - b)) * noise


@ddpm_step.mistake("You divided the noise by sqrt(alpha), too: set the parentheses around noisy and guess alone.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    return ddpm_step(noisy, t, guess, noise / jnp.sqrt(a / b), alpha_bar)


@ddpm_step.mistake("You divided the guess by 1 - a: divide by its root.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, guess / jnp.sqrt(1 - alpha_bar[t]), noise, alpha_bar)


@ddpm_step.mistake("You did not divide the guess by sqrt(1 - a).")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, guess * jnp.sqrt(1 - alpha_bar[t]), noise, alpha_bar)


@ddpm_step.mistake("You took the root of beta before the guess: its weight is beta / sqrt(1 - a).")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, guess / jnp.sqrt(_neighbors(t, alpha_bar)[2]), noise, alpha_bar)


@ddpm_step.mistake("You added the guess: subtract it.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, -guess, noise, alpha_bar)


@ddpm_step.mistake("You left out the guess: subtract beta / sqrt(1 - a) times it.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, jnp.zeros_like(guess), noise, alpha_bar)


@ddpm_step.mistake("You did not divide by sqrt(alpha): noise shrank the signal, and the step back undoes it.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    return jnp.sqrt(a / b) * _denoised(noisy, t, guess, alpha_bar) + _spread(t, alpha_bar) * noise


@ddpm_step.mistake("You multiplied by sqrt(alpha): divide by it, since the step back undoes the shrinking.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    return a / b * _denoised(noisy, t, guess, alpha_bar) + _spread(t, alpha_bar) * noise


@ddpm_step.mistake("You divided by alpha: divide by its root.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    return _denoised(noisy, t, guess, alpha_bar) / jnp.sqrt(a / b) + _spread(t, alpha_bar) * noise


@ddpm_step.mistake("You divided by sqrt(alpha_bar[t]), which undoes all steps: alpha = a / b belongs to this one.")
def _(noisy, t, guess, noise, alpha_bar):
    return _denoised(noisy, t, guess, alpha_bar) / jnp.sqrt(_neighbors(t, alpha_bar)[1]) + _spread(t, alpha_bar) * noise


@ddpm_step.mistake("You took alpha_bar[t] for alpha: alpha is a / b, the share of this step alone.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    mean = (noisy - jnp.sqrt(1 - a) * guess) / jnp.sqrt(a)
    return mean + jnp.sqrt(1 - b) * noise


@ddpm_step.mistake("You went back to the clean data at once: one step removes only a part of the noise.")
def _(noisy, t, guess, noise, alpha_bar):
    return _unclean(noisy, t, guess, alpha_bar)


@ddpm_step.mistake("This is a step of DDIM: it adds the guess again, where DDPM adds fresh noise.")
def _(noisy, t, guess, noise, alpha_bar):
    b = _neighbors(t, alpha_bar)[1]
    return jnp.sqrt(b) * _unclean(noisy, t, guess, alpha_bar) + jnp.sqrt(1 - b) * guess


@ddpm_step.mistake("You estimated the clean data and put all noise back: a step keeps a part of the noise it has.")
def _(noisy, t, guess, noise, alpha_bar):
    b = _neighbors(t, alpha_bar)[1]
    return jnp.sqrt(b) * _unclean(noisy, t, guess, alpha_bar) + jnp.sqrt(1 - b) * noise


@ddpm_step.mistake("Your times are off by one: a is alpha_bar[t], and b is alpha_bar[t - 1].")
def _(noisy, t, guess, noise, alpha_bar):
    padded = jnp.concatenate([alpha_bar[:1], alpha_bar[1:], alpha_bar[-1:]])
    a, b = padded[t + 1], padded[t]
    mean = (noisy - (1 - a / b) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.sqrt((1 - a / b) * (1 - b) / (1 - a)) * noise


@ddpm_step.mistake("Your noise has the variance 1 - b: it is beta (1 - b) / (1 - a).")
def _(noisy, t, guess, noise, alpha_bar):
    return _denoised(noisy, t, guess, alpha_bar) + jnp.sqrt(1 - _neighbors(t, alpha_bar)[1]) * noise


@ddpm_step.mistake("You multiplied the noise by beta: multiply it by sqrt(beta (1 - b) / (1 - a)).")
def _(noisy, t, guess, noise, alpha_bar):
    return _denoised(noisy, t, guess, alpha_bar) + jnp.where(t > 0, _neighbors(t, alpha_bar)[2], 0) * noise


@ddpm_step.mistake("You exchanged a and alpha before the guess: its weight is beta / sqrt(1 - a), beta = 1 - a / b.")
def _(noisy, t, guess, noise, alpha_bar):
    a, _, beta = _neighbors(t, alpha_bar)
    return ddpm_step(noisy, t, guess * ((1 - a) / beta) ** 1.5, noise, alpha_bar)


@ddpm_step.mistake("You divided the guess by sqrt(1 - b): divide it by sqrt(1 - a), the noise at time t.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    return ddpm_step(noisy, t, guess * jnp.sqrt((1 - a) / (1 - b)), noise, alpha_bar)


@ddpm_step.mistake("You divided only noisy by sqrt(alpha): set parentheses, so that the guess is divided, too.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    return ddpm_step(noisy, t, guess * jnp.sqrt(a / b), noise, alpha_bar)


@ddpm_step.mistake("You subtracted sqrt(beta) times the guess: its weight is beta / sqrt(1 - a).")
def _(noisy, t, guess, noise, alpha_bar):
    a, _, beta = _neighbors(t, alpha_bar)
    return ddpm_step(noisy, t, guess * jnp.sqrt((1 - a) / beta), noise, alpha_bar)


@ddpm_step.mistake(
    "You undid one step alone: the guess is all noise since the start, and its weight beta / sqrt(1 - a)."
)
def _(noisy, t, guess, noise, alpha_bar):
    beta = _neighbors(t, alpha_bar)[2]
    mean = (noisy - jnp.sqrt(beta) * guess) / jnp.sqrt(1 - beta)
    return mean + jnp.where(t > 0, jnp.sqrt(beta), 0) * noise


@ddpm_step.mistake("You multiplied up alpha_bar once more: it is the running product already, and alpha is a / b.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, guess, noise, jnp.cumprod(alpha_bar))


@ddpm_step.mistake("You took alpha_bar[t - 1] and alpha_bar[t - 2]: times start at 0, so a is alpha_bar[t].")
def _(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t - 1], jnp.where(t > 1, alpha_bar[t - 2], 1.0)
    mean = (noisy - (1 - a / b) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.sqrt((1 - a / b) * (1 - b) / (1 - a)) * noise


@ddpm_step.mistake("Your alpha is more than 1: it is a / b, and b = alpha_bar[t - 1] is larger than a.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    mean = (noisy - (1 - b / a) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(b / a)
    return mean + jnp.sqrt((1 - b / a) * (1 - b) / (1 - a)) * noise


@ddpm_step.mistake("Your beta is b - a: it is 1 - a / b.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, _ = _neighbors(t, alpha_bar)
    mean = (noisy - (b - a) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.sqrt((b - a) * (1 - b) / (1 - a)) * noise


@ddpm_step.mistake("You clipped the estimate of the clean data to [-1, 1]: the formula leaves it as it is.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b, beta = _neighbors(t, alpha_bar)
    clean = jnp.clip(_unclean(noisy, t, guess, alpha_bar), -1, 1)
    mean = (jnp.sqrt(b) * beta * clean + jnp.sqrt(a / b) * (1 - b) * noisy) / (1 - a)
    return mean + _spread(t, alpha_bar) * noise


@ddpm_step.mistake("You put the whole guess back and added fresh noise: together they are more than 1 - b.")
def _(noisy, t, guess, noise, alpha_bar):
    b = _neighbors(t, alpha_bar)[1]
    back = jnp.sqrt(b) * _unclean(noisy, t, guess, alpha_bar) + jnp.sqrt(1 - b) * guess
    return back + _spread(t, alpha_bar) * noise


@ddpm_step.mistake("You subtracted the fresh noise: add it.")
def _(noisy, t, guess, noise, alpha_bar):
    return ddpm_step(noisy, t, guess, -noise, alpha_bar)


@ddpm_step.mistake("You subtracted sqrt(1 - a) times the guess, all of its noise: its weight is beta / sqrt(1 - a).")
def _(noisy, t, guess, noise, alpha_bar):
    a, _, beta = _neighbors(t, alpha_bar)
    return ddpm_step(noisy, t, guess * (1 - a) / beta, noise, alpha_bar)


@ddpm_step.mistake("You added noise at t = 0: there 1 - b is 0, and so is the weight of the noise.")
def _(noisy, t, guess, noise, alpha_bar):
    spread = jnp.where(t > 0, _spread(t, alpha_bar), jnp.sqrt(_neighbors(t, alpha_bar)[2]))
    return _denoised(noisy, t, guess, alpha_bar) + spread * noise


@ddpm_step.mistake("At t = 1 your b is 1: only at t = 0 it is, so compare t > 0.")
def _(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], jnp.where(t > 1, alpha_bar[t - 1], 1.0)
    mean = (noisy - (1 - a / b) / jnp.sqrt(1 - a) * guess) / jnp.sqrt(a / b)
    return mean + jnp.sqrt((1 - a / b) * (1 - b) / (1 - a)) * noise


# ---------------------------------------------------------------- 11.8


@exercise(
    points=6,
    hints=(
        "Where does the difference between both guesses point, and what does it mean to go farther that way?",
        'The lesson\'s section "Guidance", equation 11.8. `jnp.full_like(labels, n_classes)` says that no label is '
        "known. Start at the guess with labels, and go w times the difference beyond it.",
        "known = predict(noisy, t, labels); unknown = predict(noisy, t, jnp.full_like(labels, n_classes)); return (1 + "
        "guidance) * known - guidance * unknown.",
    ),
    why="Samples become clearer and more alike: one number trades diversity for fidelity.",
)
def guided_noise(
    predict: Callable[[Array, Array, Array], Array],
    noisy: Float[Array, "n d"],
    t: Int[Array, " n"],
    labels: Int[Array, " n"],
    n_classes: int,
    guidance: float,
) -> Float[Array, "n d"]:
    """Guidance without a classifier."""
    known = predict(noisy, t, labels)
    unknown = predict(noisy, t, jnp.full_like(labels, n_classes))
    return (1 + guidance) * known - guidance * unknown


@guided_noise.inputs("three samples, two classes", points=1)
def _(key):
    return dict(
        predict=labeled_noise_model,
        noisy=jnp.array([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]]),
        t=jnp.array([0, 3, 1]),
        labels=jnp.array([1, 0, 1]),
        n_classes=2,
        guidance=1.5,
    )


def _labeled(key, n, n_classes):
    a, b, c = jax.random.split(key, 3)
    return dict(
        predict=labeled_noise_model,
        noisy=jax.random.normal(a, (n, 3)),
        t=jax.random.randint(b, (n,), 0, 9),
        labels=jax.random.randint(c, (n,), 0, n_classes),
        n_classes=n_classes,
    )


@guided_noise.inputs("random samples, four classes", points=2)
def _(key):  # of the last class there is no sample
    return dict(_labeled(key, 6, 4), labels=jnp.array([2, 0, 1, 2, 0, 1]), guidance=3.0)


@guided_noise.inputs("no guidance", points=1, hidden=True)
def _(key):
    return dict(_labeled(key, 4, 3), guidance=0.0)


@guided_noise.inputs("one sample, one class, another network", points=1, hidden=True)
def _(key):
    return dict(_labeled(key, 1, 1), predict=linear_noise_model, guidance=0.5)


def _both(predict, noisy, t, labels, n_classes):
    return predict(noisy, t, labels), predict(noisy, t, jnp.full_like(labels, n_classes))


@guided_noise.mistake("Your w = 1 is no guidance: it is w = 0, so the weights are 1 + w and -w, not w and 1 - w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return guidance * known + (1 - guidance) * unknown


@guided_noise.mistake("You exchanged the guesses: the one with labels has the weight 1 + w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (1 + guidance) * unknown - guidance * known


@guided_noise.mistake("You went towards the guess without labels: go away from it.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (1 - guidance) * known + guidance * unknown


@guided_noise.mistake("You added both guesses: subtract w times the one without labels.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (1 + guidance) * known + guidance * unknown


@guided_noise.mistake(
    "Your result is the guess with labels alone: ask a second time with `n_classes` in place of every label, and "
    "subtract w times that guess."
)
def _(predict, noisy, t, labels, n_classes, guidance):
    return predict(noisy, t, labels)


@guided_noise.mistake("You returned the guess without labels: mix it with the one that knows them.")
def _(predict, noisy, t, labels, n_classes, guidance):
    return _both(predict, noisy, t, labels, n_classes)[1]


@guided_noise.mistake("You returned w times the difference alone: add the guess with labels.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return guidance * (known - unknown)


@guided_noise.mistake("You multiplied the whole difference by 1 + w: the guess without labels has the weight w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (1 + guidance) * (known - unknown)


@guided_noise.mistake("You subtracted the guess without labels once: multiply it by w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (1 + guidance) * known - unknown


@guided_noise.mistake("You left the 1 out: the guess with labels has the weight 1 + w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return known - guidance * unknown


@guided_noise.mistake("You divided by 1 + 2 w: the two weights, 1 + w and -w, add up to 1 already.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return ((1 + guidance) * known - guidance * unknown) / (1 + 2 * guidance)


@guided_noise.mistake("You averaged both guesses: go beyond the one with labels, away from the other.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (known + unknown) / 2


@guided_noise.mistake("You took class 0 for no label: the label `n_classes` says that the class is not known.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = predict(noisy, t, labels), predict(noisy, t, jnp.zeros_like(labels))
    return (1 + guidance) * known - guidance * unknown


@guided_noise.mistake("You took the last class for no label: classes start at 0, so no label is `n_classes`.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = predict(noisy, t, labels), predict(noisy, t, jnp.full_like(labels, n_classes - 1))
    return (1 + guidance) * known - guidance * unknown


@guided_noise.mistake("You took -1 for no label: for this network it is `n_classes`.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = predict(noisy, t, labels), predict(noisy, t, jnp.full_like(labels, -1))
    return (1 + guidance) * known - guidance * unknown


@guided_noise.mistake("You took n_classes + 1 for no label: the first number that is no class is `n_classes`.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = predict(noisy, t, labels), predict(noisy, t, jnp.full_like(labels, n_classes + 1))
    return (1 + guidance) * known - guidance * unknown


@guided_noise.mistake("You averaged the guesses of all classes: ask the network once, with the label `n_classes`.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known = predict(noisy, t, labels)
    unknown = sum(predict(noisy, t, jnp.full_like(labels, c)) for c in range(n_classes)) / n_classes
    return (1 + guidance) * known - guidance * unknown


@guided_noise.mistake("You took the noisy samples for the guess without labels: ask the network a second time.")
def _(predict, noisy, t, labels, n_classes, guidance):
    return (1 + guidance) * predict(noisy, t, labels) - guidance * noisy


@guided_noise.mistake("You counted w twice: the guess with labels has the weight 1 + w, not 1 + 2 w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (1 + 2 * guidance) * known - 2 * guidance * unknown


@guided_noise.mistake("You returned the difference of the guesses: start at the one with labels, and add w times it.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return known - unknown


@guided_noise.mistake("You added w times the guess without labels: subtract it, and weigh the other by 1 + w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return known + guidance * unknown


@guided_noise.mistake("Your second weight is 1 - w: it is w, and the weights 1 + w and -w add up to 1.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return (1 + guidance) * known - (1 - guidance) * unknown


@guided_noise.mistake("You left out the guess without labels: subtract w times it.")
def _(predict, noisy, t, labels, n_classes, guidance):
    return (1 + guidance) * predict(noisy, t, labels)


@guided_noise.mistake("You multiplied the guess with labels by w, and subtracted the other as it is: 1 + w, and w.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return guidance * known - unknown


@guided_noise.mistake("You subtracted the mixture from the samples: return the mixture of the guesses.")
def _(predict, noisy, t, labels, n_classes, guidance):
    return noisy - guided_noise(predict, noisy, t, labels, n_classes, guidance)


@guided_noise.mistake("You mixed the labels: mix the two guesses of the network.")
def _(predict, noisy, t, labels, n_classes, guidance):
    return predict(noisy, t, (1 + guidance) * labels - guidance * n_classes)


@guided_noise.mistake("You always ask `labeled_noise_model`: ask the network `predict` that you are given.")
def _(predict, noisy, t, labels, n_classes, guidance):
    return guided_noise(labeled_noise_model, noisy, t, labels, n_classes, guidance)


@guided_noise.mistake("You added n_classes to the labels: where no label is known, each of them IS `n_classes`.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = predict(noisy, t, labels), predict(noisy, t, labels + n_classes)
    return (1 + guidance) * known - guidance * unknown


@guided_noise.mistake("You halved w: the difference of the guesses counts w times.")
def _(predict, noisy, t, labels, n_classes, guidance):
    known, unknown = _both(predict, noisy, t, labels, n_classes)
    return known + guidance / 2 * (known - unknown)
