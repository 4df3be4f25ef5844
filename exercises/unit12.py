"""Exercises of unit 12: uncertainty in predictions.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 12

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Most points are for hidden inputs: others than those that you see, some of them at the edge of what a docstring allows.

Stuck? `nox -s hint -- 12.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit12.py`.
"""

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from exercises.given import Array, Bool, Float, Int


def rbf_kernel(x: Float[Array, "n d"], z: Float[Array, "m d"], length: float, variance: float) -> Float[Array, "n m"]:
    """Exercise 12.1. RBF kernel.

    x and z hold one sample in each row. Return the matrix of the covariances of row i of x and row j of z:

        K_ij = variance * exp( -|x_i - z_j|^2 / (2 length^2) )

    It keeps its digits even where all samples are far from zero and close to each other, such as temperatures around
    1200 K that differ by 0.1 K.

    Example: rbf_kernel(jnp.array([[1.0]]), jnp.array([[1.0], [5.0]]), 2.0, 3.0) is about [[3.0, 0.406]]: 3 and 3 e^-2.
    """
    raise NotImplementedError


def gp_posterior(
    kernel: Float[Array, "n n"],
    cross: Float[Array, "n m"],
    prior_variance: Float[Array, " m"],
    y: Float[Array, " n"],
    noise_variance: float,
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Exercise 12.2. Posterior of a Gaussian process.

    A quantity f with the prior mean 0 was measured at n points, with independent noise of variance s^2 =
    `noise_variance`; y holds what was measured. You want to know f at m new points. Given are the covariances of f
    under the prior: K = `kernel` among the measured points, C = `cross` between measured (rows) and new points
    (columns), and the variance v_j = `prior_variance` at each new point. Return mean and variance of f (not of another
    measurement) at each new point, a tuple:

        mean_j     = c_j^T (K + s^2 I)^-1 y,         c_j = column j of C
        variance_j = v_j - c_j^T (K + s^2 I)^-1 c_j

    Use the Cholesky factor L of K + s^2 I, with L L^T = K + s^2 I, in place of the inverse: `jnp.linalg.cholesky`, and
    `solve_triangular(L, b, lower=True)` for L^-1 b, imported above. K alone may be singular.

    Example: with kernel = [[3.0]], cross = [[2.0]], prior_variance = [3.0], y = [4.0] and noise_variance = 1.0, all
    arrays, it is ([2.0], [2.0]): 2 * 4 / 4 and 3 - 2 * 2 / 4.
    """
    raise NotImplementedError


def log_evidence(kernel: Float[Array, "n n"], y: Float[Array, " n"], noise_variance: float) -> Float[Array, ""]:
    """Exercise 12.3. Log marginal likelihood.

    For the Gaussian process and the measurements of 12.2 return the logarithm of the density of all n measurements
    together, also called log evidence, in nats. With A = K + s^2 I it is

        -1/2 y^T A^-1 y  -  1/2 ln det A  -  n/2 ln(2 pi)

    There may be so many measurements that det A itself is 0 or infinite for a float. The determinant of a triangular
    matrix is the product of its diagonal, so take the logarithm of det A from the Cholesky factor of A.

    Example: log_evidence(jnp.array([[3.0]]), jnp.array([4.0]), 1.0) is about -3.612: -2 - 0.693 - 0.919.
    """
    raise NotImplementedError


def effective_parameters(design: Float[Array, "n m"], noise_variance: float, prior_variance: float) -> Float[Array, ""]:
    """Exercise 12.4. Effective number of parameters.

    The model is y = X w + noise, as in 8.7: X is the design matrix, with one row for each of the n samples; the noise
    has this variance, and each of the m weights has the prior N(0, prior_variance). How many of the weights do the data
    determine? Return

        gamma = sum_i lambda_i / (lambda_i + alpha),    alpha = 1 / prior_variance

    with the m eigenvalues lambda_i of X^T X / noise_variance. There may be more weights than samples.

    Example: effective_parameters(jnp.array([[2.0, 0.0], [0.0, 1.0]]), 2.0, 0.5) is 0.7: 2/4 + 0.5/2.5.
    """
    raise NotImplementedError


def dropout_moments(
    x: Float[Array, "n d"],
    weights: Float[Array, "d h"],
    output: Float[Array, " h"],
    masks: Float[Array, "t h"],
    rate: float,
    noise_variance: float,
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Exercise 12.5. Moments of MC dropout.

    A network with one layer of h hidden units predicts one number for each sample. Dropout stays switched on: pass t
    has the mask m_t of zeros and ones (row t of `masks`), drawn so that a unit is dropped, mask 0, with probability
    `rate`. Pass t predicts for sample i

        f_ti = sum_j output_j * relu(x_i . w_j) * m_tj / (1 - rate),     relu(u) = max(u, 0)

    with column w_j of `weights`. Return the mean of f_ti over the passes, and the variance of a new measurement, a
    tuple of two arrays: the mean of (f_ti - mean_i)^2 over the passes, plus `noise_variance`. Both keep their digits
    where f_ti is much larger than its spread.

    Example: with x = [[1.0]], weights = [[3.0, 2.0]], output = [1.0, 2.0], masks = [[1.0, 0.0], [1.0, 1.0]], all
    arrays, rate = 0.5 and noise_variance = 1.0 both passes predict 6 and 14, so it is ([10.0], [17.0]).
    """
    raise NotImplementedError


def split_variance(
    mean: Float[Array, "k n"], log_variance: Float[Array, "k n"]
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Exercise 12.6. Aleatoric and epistemic variance.

    Each of the k networks of an ensemble predicts for each of n samples a normal distribution: its mean, and the
    logarithm (ln) of its variance. The variance of their mixture has two parts, by the law of total variance:

        aleatoric_i = mean over the networks of the variances that they predict
        epistemic_i = mean over the networks of (mean_ki - m_i)^2,    m_i = mean over the networks of mean_ki

    Return aleatoric and epistemic (in this order, a tuple), both of shape (n,). Both keep their digits where the means
    are much larger than their differences. With one network the epistemic part is 0: it cannot be seen.

    Example: split_variance(jnp.array([[1.0], [5.0]]), jnp.log(jnp.array([[2.0], [8.0]]))) is ([5.0], [4.0]).
    """
    raise NotImplementedError


def calibration_error(probability: Float[Array, "n c"], y: Int[Array, " n"], n_bins: int) -> Float[Array, ""]:
    """Exercise 12.7. Expected calibration error.

    Row i holds the predicted probabilities of c classes for sample i, and y_i is its true class, from 0 to c - 1. Its
    confidence is the largest of these probabilities, and the prediction is the class that has it. Divide [0, 1] into
    `n_bins` bins of equal width, and put each sample into the bin of its confidence. A confidence on the edge between
    two bins belongs to the lower one, so 1 belongs to the last. With n_b samples in bin b return

        sum_b  n_b / n * | share of right predictions in b  -  mean confidence in b |

    Empty bins add nothing. `n_bins` is a Python integer, even under `jax.jit`, so make no arrays whose size depends on
    values.

    Example: calibration_error(jnp.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2]]), jnp.array([1, 1, 0]), 4) is about 0.3:
    1/3 * |0 - 0.6| + 2/3 * |1 - 0.85|.
    """
    raise NotImplementedError


def choose_next(
    mean: Float[Array, " n"], variance: Float[Array, " n"], measured: Bool[Array, " n"], kappa: float
) -> tuple[Float[Array, " n"], Int[Array, ""]]:
    """Exercise 12.8. Choice of the next experiment.

    You look for the alloy with the largest value of a property. For each of n candidates a model predicts mean and
    variance; `measured` says which were measured already. Return two things, a tuple: the upper confidence bound of
    every candidate, measured or not,

        bound_i = mean_i + kappa * standard deviation_i

    and the index of the candidate to measure next: the one with the largest bound among those that were not measured
    yet, of several the first. One at least was not measured. The property may be negative for all candidates.

    Example: choose_next(jnp.array([5.0, 4.0, 1.0]), jnp.array([1.0, 4.0, 9.0]), jnp.array([False, True, False]), 1.0)
    is ([6.0, 6.0, 4.0], 0).
    """
    raise NotImplementedError
