"""Exercises of unit 7: generalization, regularization, tree ensembles.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 7

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 7.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit07.py`.
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Bool, Float, Int


def soft_threshold(v: Float[Array, " d"], threshold: float) -> Float[Array, " d"]:
    """Exercise 7.1. Soft threshold.

    Move every entry towards zero by the threshold t, but not beyond zero:

        v_j - t  where v_j > t,    v_j + t  where v_j < -t,    0  otherwise

    The threshold is not negative.

    Example: soft_threshold(jnp.array([-3.0, 0.5, 2.0]), 1.0) is [-2, 0, 1].
    """
    raise NotImplementedError


def ridge(x: Float[Array, "n d"], y: Float[Array, " n"], alpha: float) -> Float[Array, " d"]:
    """Exercise 7.2. Ridge regression.

    Return the weights w that minimize

        sum_i (y_i - x_i . w)^2 + alpha * sum_j w_j^2

    They solve (X^T X + alpha I) w = X^T y. There is no intercept, and alpha is positive. There may be more features
    than samples.

    Example: ridge(jnp.array([[1.0], [2.0]]), jnp.array([1.0, 4.0]), 1.0) is [1.5]: 9 / (5 + 1).
    """
    raise NotImplementedError


def ista_step(
    weights: Float[Array, " d"], x: Float[Array, "n d"], y: Float[Array, " n"], alpha: float, step: float
) -> Float[Array, " d"]:
    """Exercise 7.3. One step of ISTA.

    The lasso minimizes

        J(w) = 1/(2n) * sum_i (y_i - x_i . w)^2 + alpha * sum_j |w_j|

    Return the weights after one step of ISTA: take a gradient step of the given size on the first term, then apply
    the soft threshold (7.1) with step * alpha. You may call your own soft_threshold.

    Example: ista_step(jnp.array([0.0]), jnp.array([[1.0], [2.0]]), jnp.array([1.0, 4.0]), 0.5, 0.2) is [0.8]: the
    gradient is -(1 + 8) / 2 = -4.5, the step leads to 0.9, and the threshold is 0.1.
    """
    raise NotImplementedError


def bias_variance(
    predictions: Float[Array, "r m"], truth: Float[Array, " m"]
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Exercise 7.4. Bias and variance.

    A model was fitted to each of r data sets. Each row of `predictions` holds the predictions of one of these models at
    m points, and `truth` is the noise-free answer there. Return two arrays with one entry per point, the squared bias
    and the variance:

        bias2 = (mean prediction - truth)^2
        variance = mean over the data sets of (prediction - mean prediction)^2

    Both means have the divisor r, so that bias2 + variance is the mean of (prediction - truth)^2. Predictions may be
    large and lie close together, such as 4000.25 and 4000.5: the variance keeps its digits.

    Example: bias_variance(jnp.array([[1.0], [3.0]]), jnp.array([0.0])) is ([4.0], [1.0]).
    """
    raise NotImplementedError


def gini(counts: Float[Array, " k"]) -> Float[Array, ""]:
    """Exercise 7.5. Gini impurity.

    Return the impurity of a node that holds `counts[k]` samples of class k:

        1 - sum_k p_k^2,    where p_k is the share of class k

    At least one count is positive.

    Example: gini(jnp.array([1.0, 3.0])) is 0.375: 1 - 1/16 - 9/16.
    """
    raise NotImplementedError


def best_split(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Exercise 7.6. Best split.

    The data are one feature x, unsorted and with all values different, and a target y. Candidates for the threshold c
    lie halfway between neighboring values of x. Return the candidate with the smallest cost, as one number. The cost is

        sum over x_i <= c of (y_i - mean of y on this side)^2 + the same over x_i > c

    There are at least two samples, and there are no ties.

    Example: best_split(jnp.array([2.0, 1.0, 4.0]), jnp.array([1.0, 1.0, 7.0])) is 3.0.
    """
    raise NotImplementedError


def bootstrap(u: Float[Array, " n"]) -> tuple[Int[Array, " n"], Bool[Array, " n"]]:
    """Exercise 7.7. Bootstrap sample.

    Draw n of n samples with replacement. The random numbers are given: u_i lies in [0, 1), and the i-th draw is the
    sample with the index floor(n * u_i). Return

    - the drawn indices as integers, in the order of u;
    - the mask of the out-of-bag samples: True where a sample was never drawn.

    Example: bootstrap(jnp.array([0.1, 0.9, 0.6, 0.2])) is ([0, 3, 2, 0], [False, True, False, False]).
    """
    raise NotImplementedError


def boosting_step(
    prediction: Float[Array, " n"], x: Float[Array, " n"], y: Float[Array, " n"], threshold: float, learning_rate: float
) -> Float[Array, " n"]:
    """Exercise 7.8. One round of boosting.

    Do one round of boosting for the squared error, with a stump: a tree with a single split at `threshold`. Samples
    with x_i <= threshold are on the left. On each side the stump predicts the mean of the residuals
    y_i - prediction_i. Return the new prediction of each sample:

        prediction + learning_rate * stump

    If all samples lie on one side, the empty side has no influence, and the result is finite.

    Example: boosting_step(jnp.zeros(3), jnp.array([1.0, 2.0, 3.0]), jnp.array([2.0, 4.0, 9.0]), 2.0, 0.5) is
    [1.5, 1.5, 4.5]: the means are 3 and 9.
    """
    raise NotImplementedError


def k_fold_error(x: Float[Array, "n d"], y: Float[Array, " n"], alpha: float, k: int) -> Float[Array, ""]:
    """Exercise 7.9. Error by k-fold cross-validation.

    Split the samples into k consecutive blocks of the same size; n is a multiple of k. For each block, fit ridge (7.2,
    you may call your own) with `alpha` to all other rows, and compute the mean squared error on the block. Return the
    mean of these k errors. `k` is a Python integer, also under `jax.jit`.

    Example: k_fold_error(jnp.array([[1.0], [1.0]]), jnp.array([1.0, 3.0]), 1.0, 2) is 3.25: without the
    first row w is 3 / 2, with the error (1.5 - 1)^2; without the second it is 1 / 2, with the error (0.5 - 3)^2.
    """
    raise NotImplementedError
