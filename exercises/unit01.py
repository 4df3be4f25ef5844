"""Exercises of unit 1: learning as optimization.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 1

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 1.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit01.py`.
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int


def dot(a: Float[Array, " n"], b: Float[Array, " n"]) -> Float[Array, ""]:
    """Exercise 1.1. Dot product.

    Multiply the two vectors entry by entry and add up the products:

        a . b = sum_i a_i b_i,    a single number

    Example: dot(jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])) is 11.0.
    """
    raise NotImplementedError


def norm(v: Float[Array, " n"]) -> Float[Array, ""]:
    """Exercise 1.2. Euclidean norm.

    The length of a vector:

        |v| = sqrt(sum_i v_i^2)

    Example: norm(jnp.array([3.0, -4.0])) is 5.0.
    """
    raise NotImplementedError


def mse(prediction: Float[Array, " n"], target: Float[Array, " n"]) -> Float[Array, ""]:
    """Exercise 1.3. Mean squared error.

        mse = 1/n sum_i (prediction_i - target_i)^2

    The divisor is n, and there is no further factor 1/2. It is also called under `jax.vmap`, with many predictions.
    Predictions and targets may be large numbers that nearly agree.

    Example: mse(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])) is 4.5.
    """
    raise NotImplementedError


def mae(prediction: Float[Array, " n"], target: Float[Array, " n"]) -> Float[Array, ""]:
    """Exercise 1.4. Mean absolute error.

        mae = 1/n sum_i |prediction_i - target_i|

    Example: mae(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])) is 1.5.
    """
    raise NotImplementedError


def zero_one(prediction: Int[Array, " n"], label: Int[Array, " n"]) -> Float[Array, ""]:
    """Exercise 1.5. Zero-one loss.

    The share of samples whose predicted class is not the true one, a number between 0 and 1:

        error rate = 1/n sum_i [prediction_i != label_i]

    where the bracket is 1 if the classes differ and 0 if they agree. Classes are names that happen to be
    numbers: mistaking class 0 for class 5 is no worse than mistaking it for class 1.

    Example: zero_one(jnp.array([0, 2, 1, 1]), jnp.array([0, 2, 2, 1])) is 0.25.
    """
    raise NotImplementedError


def cross_entropy(logits: Float[Array, "n k"], labels: Int[Array, " n"]) -> Float[Array, ""]:
    """Exercise 1.6. Cross-entropy of a softmax.

    Row i of the logits holds one score for each of k classes; `labels[i]` is the true class, from 0 to k - 1.
    Return the mean negative logarithm of the probability that the softmax gives to the true class:

        p_ij = exp(logits_ij) / sum_l exp(logits_il)
        result = - 1/n sum_i ln p_{i, labels_i}

    with the natural logarithm. The result and its gradient, which `jax.grad` takes, must be right for logits of any
    size, such as 1000 or -1e30, although exp(1000) overflows to infinity and exp(-1e30) is 0. `jnp.exp`, `jnp.log`,
    sums and maxima are enough; `jax.nn.log_softmax` would do most of it for you, so use it to check yourself.

    Example: cross_entropy(jnp.array([[0.0, 0.0], [1000.0, 0.0]]), jnp.array([1, 0])) is ln(2) / 2 = 0.3466.
    """
    raise NotImplementedError


def standardize(
    train: Float[Array, "n d"], test: Float[Array, "m d"]
) -> tuple[Float[Array, "n d"], Float[Array, "m d"]]:
    """Exercise 1.7. Standardize without a leak.

    Shift and scale each feature (column) to give the training set mean 0 and standard deviation 1. Apply the
    same shift and scale to the test set, which does not exist yet when the model is made:

        z = (x - mean) / deviation,    deviation = sqrt(1/n sum_i (train_i - mean)^2)

    where mean and deviation are those of the training set's columns, with divisor n. A feature that is constant
    in training (deviation 0) is only shifted. The numbers may be small, or lie far from 0. Return the pair
    (standardized train, standardized test).

    Example: standardize(jnp.array([[1.0], [3.0]]), jnp.array([[5.0]])) is ([[-1.0], [1.0]], [[3.0]]).
    """
    raise NotImplementedError


def k_fold(permutation: Int[Array, " n"], n_splits: int) -> Int[Array, " n"]:
    """Exercise 1.8. Folds for cross-validation.

    `permutation` holds the sample numbers 0 to n - 1 in random order. Cut it into `n_splits` blocks of
    consecutive entries; the first n % n_splits blocks are one entry longer than the others. Block 0 is the test
    set of fold 0, block 1 that of fold 1, and so on. Return an integer array of shape (n,): entry i is the fold
    in which sample i is tested.

    Example: k_fold(jnp.array([3, 0, 4, 1, 2]), 2) has the blocks [3, 0, 4] and [1, 2]. Samples 0, 3 and 4 are
    tested in fold 0, samples 1 and 2 in fold 1: the result is [0, 1, 1, 0, 0].
    """
    raise NotImplementedError


def empirical_risk(
    predict, loss, weights: Float[Array, " d"], x: Float[Array, "n d"], y: Float[Array, " n"]
) -> Float[Array, ""]:
    """Exercise 1.9. Empirical risk of any model under any loss.

    `predict(weights, x)` returns one prediction per sample, `loss(prediction, target)` one number per sample.
    Return the mean loss over the n samples:

        R(weights) = 1/n sum_i loss(predict(weights, x)_i, y_i)

    Learning means making this number small. Call the two functions that you are given, whatever they are: the
    grader passes several. It also takes the gradient in the weights with `jax.grad`, and calls the function for many
    weights at once with `jax.vmap`.

    Example: with `linear_model` and `squared_error` from exercises/given.py, weights = jnp.array([2.0]),
    x = jnp.array([[1.0], [2.0]]), y = jnp.array([2.0, 1.0]) the predictions are [2, 4], the losses are [0, 9],
    and the result is 4.5.
    """
    raise NotImplementedError
