"""Exercises of unit 8: probability, noise and likelihood.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 8

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 8.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit08.py`.
"""

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln

from exercises.given import Array, Float, Int


def gaussian_nll(y: Float[Array, " n"], mean: Float[Array, " n"], scale: float) -> Float[Array, ""]:
    """Exercise 8.1. Negative log-likelihood of normal noise.

    Sample i was measured as y_i and predicted as m_i; the noise has the standard deviation s = `scale`, the
    same for all. Return the mean over the samples, one number in nats:

        1/n sum_i [ (y_i - m_i)^2 / (2 s^2) + log s + 1/2 log(2 pi) ]

    Example: gaussian_nll(jnp.array([1.0, 3.0]), jnp.array([1.0, 1.0]), 2.0) is about 1.8621.
    """
    raise NotImplementedError


def gaussian_mle(y: Float[Array, " n"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Exercise 8.2. Most likely mean and variance.

    Return the mean and the variance (in this order, a tuple) of the normal distribution under which the samples
    y are most likely. The variance is the one that makes 8.1 smallest, not the unbiased one. Make sure that it
    keeps its digits even where all y are large and close to each other. For one sample it is 0.

    Example: gaussian_mle(jnp.array([1.0, 3.0])) is (2.0, 1.0).
    """
    raise NotImplementedError


def entropy(p: Float[Array, " k"]) -> Float[Array, ""]:
    """Exercise 8.3. Entropy of a distribution.

    The k probabilities add up to 1; some may be 0. Return, in nats,

        H = - sum_j p_j log p_j,    where 0 log 0 counts as 0

    The grader also calls it for many distributions at once, under `jax.vmap`.

    Example: entropy(jnp.array([0.5, 0.5, 0.0])) is about 0.6931, log 2.
    """
    raise NotImplementedError


def gaussian_kl(
    mean_p: Float[Array, " d"], scale_p: Float[Array, " d"], mean_q: Float[Array, " d"], scale_q: Float[Array, " d"]
) -> Float[Array, ""]:
    """Exercise 8.4. Divergence of two normal distributions.

    p and q are normal distributions in d dimensions with independent coordinates; the scales are standard
    deviations. Return the Kullback-Leibler divergence D(p || q), one number in nats. For one coordinate it is

        log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2

    and the divergences of the coordinates add up.

    Example: with mean_p = [0.0], scale_p = [1.0], mean_q = [1.0], scale_q = [2.0] it is about 0.4431.
    """
    raise NotImplementedError


def student_t_nll(y: Float[Array, " n"], loc: Float[Array, " n"], scale: float, df: float) -> Float[Array, ""]:
    """Exercise 8.5. Negative log-likelihood of Student's noise.

    This is 8.1, but the noise follows Student's distribution with v = `df` degrees of freedom. With
    z_i = (y_i - loc_i) / s return the mean over the samples, in nats, of

        (v + 1)/2 log(1 + z_i^2 / v) + log s + 1/2 log(v pi) + log Gamma(v/2) - log Gamma((v + 1)/2)

    `gammaln(x)` is log Gamma(x), imported above. v may be as large as 100, where Gamma itself overflows, and z_i as
    large as 1000, where the density is 0 for a float: stay with logarithms.

    Example: student_t_nll(jnp.array([0.0]), jnp.array([0.0]), 1.0, 1.0) is about 1.1447, log pi.
    """
    raise NotImplementedError


def gaussian_posterior(
    prior_mean: float, prior_variance: float, y: Float[Array, " n"], noise_variance: float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Exercise 8.6. Posterior of a mean.

    An unknown quantity has a normal prior with this mean and variance. It was measured n times, each with
    independent normal noise of known variance. The posterior is normal again: return its mean and its variance
    (a tuple). Precisions, that is 1 / variance, add up:

        1 / v = 1 / prior_variance + n / noise_variance
        m     = v * (prior_mean / prior_variance + sum_i y_i / noise_variance)

    With no measurement (n = 0) the posterior is the prior.

    Example: gaussian_posterior(0.0, 1.0, jnp.array([2.0, 4.0, 3.0]), 1.0) is (2.25, 0.25).
    """
    raise NotImplementedError


def map_weights(
    design: Float[Array, "n m"], y: Float[Array, " n"], noise_variance: float, prior_variance: float
) -> Float[Array, " m"]:
    """Exercise 8.7. Most probable weights.

    The model is y = X w + noise, X the design matrix; the noise is normal with variance `noise_variance`, and
    each weight has a normal prior with mean 0 and variance `prior_variance`. Return the weights that maximize
    the posterior, that is, minimize

        |y - X w|^2 / (2 noise_variance) + |w|^2 / (2 prior_variance)

    There may be more weights than samples.

    Example: map_weights(jnp.array([[1.0], [2.0]]), jnp.array([2.0, 4.0]), 1.0, 0.2) is [1.0].
    """
    raise NotImplementedError


def calibration_bins(
    probability: Float[Array, " n"], y: Int[Array, " n"], n_bins: int
) -> tuple[Float[Array, " b"], Float[Array, " b"]]:
    """Exercise 8.8. Calibration curve.

    A model predicted that sample i belongs to the class with this probability. y_i is 1 where it does and 0
    where it does not. Divide [0, 1] into `n_bins` bins of equal width. A probability on the edge between two bins
    belongs to the lower one; 0 belongs to the first. Return two arrays with an entry for each bin (a tuple): the mean
    of the predicted probabilities in the bin, and the share of its samples with y = 1. Where a bin is empty, both
    are NaN. `n_bins` is a Python integer, even under `jax.jit`, so make no arrays whose size depends on values.

    Example: calibration_bins(jnp.array([0.125, 0.375, 0.75]), jnp.array([0, 1, 1]), 2) is
    ([0.25, 0.75], [0.5, 1.0]).
    """
    raise NotImplementedError
