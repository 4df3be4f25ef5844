"""Exercises of unit 5: clustering and autoencoders.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 5

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 5.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit05.py`.
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int


def assign(x: Float[Array, "n d"], centroids: Float[Array, "k d"]) -> Int[Array, " n"]:
    """Exercise 5.1. Assign samples to centroids.

    Return for each sample the index, 0 to k - 1, of the centroid with the smallest Euclidean distance:

        l_i = argmin_j  sum_f (x[i, f] - centroids[j, f])^2

    If two centroids are equally near, the lower index wins. Subtract before you square, as here: far from the origin
    |x|^2 - 2 x c + |c|^2 loses all its digits.

    Example: assign(jnp.array([[0.0], [9.0], [5.0]]), jnp.array([[0.0], [10.0]])) is [0, 1, 0].
    """
    raise NotImplementedError


def update_centroids(
    x: Float[Array, "n d"], labels: Int[Array, " n"], centroids: Float[Array, "k d"]
) -> Float[Array, "k d"]:
    """Exercise 5.2. Move the centroids.

    Return for each cluster j the mean of the samples with label j, shape (k, d). A cluster without samples keeps
    its old centroid.

    Example: update_centroids(jnp.array([[0.0], [2.0]]), jnp.array([0, 0]), jnp.array([[5.0], [7.0]])) is
    [[1.0], [7.0]].
    """
    raise NotImplementedError


def seeding_weights(x: Float[Array, "n d"], centroids: Float[Array, "m d"]) -> Float[Array, " n"]:
    """Exercise 5.3. Weights of k-means++.

    k-means++ draws its starting centroids one after the other. Given the m centroids so far, return the
    probability that each sample is drawn next:

        p_i = D_i^2 / sum_j D_j^2,    D_i: distance of sample i to the nearest centroid so far

    Subtract before you square, as in 5.1. At least one D_i is not 0, but all may be as small as 1e-4: add nothing to
    the sum.

    Example: seeding_weights(jnp.array([[0.0], [1.0], [3.0]]), jnp.array([[0.0]])) is [0.0, 0.1, 0.9].
    """
    raise NotImplementedError


def responsibilities(log_densities: Float[Array, "n k"], weights: Float[Array, " k"]) -> Float[Array, "n k"]:
    """Exercise 5.4. Responsibilities of the components.

    A mixture has k components with the weights pi_k, which add up to 1. `log_densities[i, k]` is the natural
    logarithm of the density N(x_i; mu_k, Sigma_k). Return the probability of each component given the sample:

        gamma[i, k] = pi_k N(x_i; mu_k, Sigma_k) / sum_j pi_j N(x_i; mu_j, Sigma_j)

    Each row adds up to 1, even if all densities are too small for a float, such as exp(-400), or too large. A weight
    may be 0.

    Example: responsibilities(jnp.log(jnp.array([[0.1, 0.3]])), jnp.array([0.5, 0.5])) is [[0.25, 0.75]].
    """
    raise NotImplementedError


def m_step(
    x: Float[Array, "n d"], gamma: Float[Array, "n k"]
) -> tuple[Float[Array, " k"], Float[Array, "k d"], Float[Array, "k d d"]]:
    """Exercise 5.5. M-step of a Gaussian mixture.

    Return the weights (k,), the means (k, d) and the covariances (k, d, d) for the responsibilities gamma:

        N_k     = sum_i gamma[i, k]
        pi_k    = N_k / n
        mu_k    = 1/N_k sum_i gamma[i, k] x_i
        Sigma_k = 1/N_k sum_i gamma[i, k] (x_i - mu_k) (x_i - mu_k)^T

    No N_k is 0. Nothing is added to the covariances, which may be as small as 1e-6. Subtract before you multiply, as
    here: far from the origin the mean of x x^T minus mu mu^T loses all its digits.

    Example: m_step(jnp.array([[0.0], [2.0]]), jnp.array([[1.0], [1.0]])) is ([1.0], [[1.0]], [[[1.0]]]).
    """
    raise NotImplementedError


def log_likelihood(log_densities: Float[Array, "n k"], weights: Float[Array, " k"]) -> Float[Array, ""]:
    """Exercise 5.6. Log-likelihood of a mixture.

    With the log-densities and weights of 5.4, return the MEAN over the n samples of

        log sum_k pi_k N(x_i; mu_k, Sigma_k)

    in natural logarithms. It is finite even if all densities are too small for a float, or too large. A weight may
    be 0.

    Example: log_likelihood(jnp.log(jnp.array([[0.1, 0.3]])), jnp.array([0.5, 0.5])) is log 0.2, about -1.609.
    """
    raise NotImplementedError


def linear_autoencoder_loss(
    x: Float[Array, "n d"], encoder: Float[Array, "d k"], decoder: Float[Array, "k d"]
) -> Float[Array, ""]:
    """Exercise 5.7. Loss of a linear autoencoder.

    Let m be the mean of the samples, one number per feature. The code of a sample is z = (x - m) @ encoder, and
    the rebuilt sample is m + z @ decoder. Return the mean of the squared error over all samples and all features:

        1/(n d) sum_i sum_f (rebuilt[i, f] - x[i, f])^2

    The grader also takes its gradient in the encoder and the decoder, with `jax.grad`.

    Example: linear_autoencoder_loss(jnp.array([[0.0, 0.0], [2.0, 4.0]]), jnp.array([[1.0], [0.0]]),
    jnp.array([[1.0, 0.0]])) is 2.0: the first feature is kept, and the second is replaced by its mean.
    """
    raise NotImplementedError


def anomaly_score(x: Float[Array, "n rows columns"], rebuilt: Float[Array, "n rows columns"]) -> Float[Array, " n"]:
    """Exercise 5.8. Anomaly score of images.

    `rebuilt` holds an autoencoder's reconstructions of the n images x. Return one score per image, the mean of the
    squared error over its pixels:

        s_i = 1/(rows columns) sum_r sum_c (x[i, r, c] - rebuilt[i, r, c])^2

    Example: anomaly_score(jnp.ones((2, 4, 4)), jnp.zeros((2, 4, 4))) is [1.0, 1.0].
    """
    raise NotImplementedError
