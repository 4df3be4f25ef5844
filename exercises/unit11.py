"""Exercises of unit 11: generative models, VAE and diffusion.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 11

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Exercises 11.4 to 11.8 count times from 0: a diffusion of T steps has the times t = 0, 1, ..., T - 1, and entry t of
an array belongs to time t.

Stuck? `nox -s hint -- 11.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit11.py`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int


def reparameterize(
    mean: Float[Array, "n k"], log_variance: Float[Array, "n k"], noise: Float[Array, "n k"]
) -> Float[Array, "n k"]:
    """Exercise 11.1. Reparameterization.

    An encoder returns the mean and the logarithm (ln) of the variance of each latent. `noise` was drawn from N(0, 1).
    Turn it into a draw from the encoder's distribution:

        z = mean + standard deviation * noise

    It is right for log-variances from -100 to 100.

    Example: reparameterize(jnp.array([[1.0]]), jnp.array([[2.0]]), jnp.array([[3.0]])) is [[9.155]], 1 + 3 e.
    """
    raise NotImplementedError


def kl_to_prior(mean: Float[Array, "n k"], log_variance: Float[Array, "n k"]) -> Float[Array, ""]:
    """Exercise 11.2. Divergence from the prior.

    Sample i has k independent latents with these means m and log-variances l. The divergence of its distribution from
    the prior N(0, I) is

        KL_i = 1/2 sum_j (m_ij^2 + exp(l_ij) - l_ij - 1)

    Return the mean of KL_i over the n samples, in nats. It is finite even where exp(l_ij) is too small for a float.

    Example: kl_to_prior(jnp.array([[1.0, 2.0]]), jnp.zeros((1, 2))) is 2.5.
    """
    raise NotImplementedError


def elbo(
    x: Float[Array, "n d"],
    reconstruction: Float[Array, "n d"],
    mean: Float[Array, "n k"],
    log_variance: Float[Array, "n k"],
    scale: float,
    beta: float,
) -> Float[Array, ""]:
    """Exercise 11.3. Evidence lower bound.

    The decoder describes sample i by independent normal distributions, one for each of its d entries: their means are
    row i of `reconstruction`, which was decoded from one draw of the code, and `scale` (s) is their standard deviation.
    Return the mean over the samples of

        sum_j ln N(x_ij; reconstruction_ij, s^2)  -  beta * KL_i

    in nats, with all constants of the normal density N and KL_i as in 11.2. Training makes it large. There may be
    hundreds of entries: add up logarithms.

    Example: elbo(jnp.array([[1.0]]), jnp.array([[3.0]]), jnp.array([[1.0]]), jnp.array([[0.0]]), 2.0, 1.0) is about
    -2.612: -0.5 - ln 2 - 0.919 - 0.5.
    """
    raise NotImplementedError


def cosine_schedule(n_steps: int) -> tuple[Float[Array, " t"], Float[Array, " t"]]:
    """Exercise 11.4. Cosine schedule.

    For a diffusion of T = `n_steps` steps and the times t = 0, ..., T - 1, return beta and alpha_bar (in this order, a
    tuple), both of shape (T,):

        f(u)         = cos^2( (u + 0.008) / 1.008 * pi / 2 )
        beta[t]      = 1 - f((t + 1) / T) / f(t / T),  or 0.999 where that is larger
        alpha_bar[t] = (1 - beta[0]) (1 - beta[1]) ... (1 - beta[t])

    `n_steps` is a Python integer, even under `jax.jit`.

    Example: cosine_schedule(2) is about ([0.506, 0.999], [0.494, 0.000494]).
    """
    raise NotImplementedError


def add_noise(
    x: Float[Array, "n d"], t: Int[Array, " n"], noise: Float[Array, "n d"], alpha_bar: Float[Array, " T"]
) -> Float[Array, "n d"]:
    """Exercise 11.5. Adding noise.

    Bring sample i of the data from its clean state to time t_i, in one jump:

        noisy_i = sqrt(alpha_bar[t_i]) x_i + sqrt(1 - alpha_bar[t_i]) noise_i

    Example: add_noise(jnp.array([[5.0]]), jnp.array([1]), jnp.array([[10.0]]), jnp.array([0.64, 0.36])) is [[11.0]]:
    0.6 * 5 + 0.8 * 10.
    """
    raise NotImplementedError


def ddpm_loss(
    predict: Callable[[Array, Array], Array],
    x: Float[Array, "n d"],
    t: Int[Array, " n"],
    noise: Float[Array, "n d"],
    alpha_bar: Float[Array, " T"],
) -> Float[Array, ""]:
    """Exercise 11.6. Loss of a DDPM.

    `predict(noisy, t)` is a network: it returns its guess of the noise in `noisy`, an array of the same shape (n, d).
    Add `noise` to the data x at the times t (11.5), let the network guess it, and return the mean over all n d entries
    of

        (guess - noise)^2

    Example: with `noise_model` from exercises/given.py, x = jnp.array([[5.0]]), t = jnp.array([1]),
    noise = jnp.array([[10.0]]), alpha_bar = jnp.array([0.64, 0.36]) the guess is tanh(11.1), and the loss about 81.0.
    """
    raise NotImplementedError


def ddpm_step(
    noisy: Float[Array, "n d"],
    t: Int[Array, ""],
    guess: Float[Array, "n d"],
    noise: Float[Array, "n d"],
    alpha_bar: Float[Array, " T"],
) -> Float[Array, "n d"]:
    """Exercise 11.7. One step back.

    All samples in `noisy` are at time t, a single integer. `guess` is what the network says about their noise, and
    `noise` is fresh noise from N(0, 1). Let a = alpha_bar[t] and b = alpha_bar[t - 1]; at t = 0, the last step, b = 1.
    With alpha = a / b and beta = 1 - alpha return

        (noisy - beta / sqrt(1 - a) * guess) / sqrt(alpha)  +  sqrt(beta (1 - b) / (1 - a)) * noise

    So the last step adds no noise. t is an array of shape (), so use `jnp.where` instead of `if`.

    Example: with noisy = jnp.array([[5.0]]), guess = jnp.array([[5.0]]), noise = jnp.array([[1.0]]) and alpha_bar =
    jnp.array([0.64, 0.36]) it is [[2.5]] for t = jnp.array(0), and about [[3.517]] for t = jnp.array(1).
    """
    raise NotImplementedError


def guided_noise(
    predict: Callable[[Array, Array, Array], Array],
    noisy: Float[Array, "n d"],
    t: Int[Array, " n"],
    labels: Int[Array, " n"],
    n_classes: int,
    guidance: float,
) -> Float[Array, "n d"]:
    """Exercise 11.8. Guidance without a classifier.

    `predict(noisy, t, labels)` is a network that returns its guess of the noise. The classes are 0 to n_classes - 1;
    where a label is `n_classes`, the network does not know the class. Ask it twice, with the labels and with no label
    known, and mix both guesses, with w = `guidance`:

        (1 + w) * guess with labels  -  w * guess without

    So w = 0 is no guidance.

    Example: with `labeled_noise_model` from exercises/given.py, noisy = jnp.array([[0.5]]), t = jnp.array([0]),
    labels = jnp.array([0]), n_classes = 2, guidance = 1.0 it is 2 sin(0.5) - sin(2.5), about [[0.360]].
    """
    raise NotImplementedError
