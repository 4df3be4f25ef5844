"""Unit 1, learning as optimization: the reference answers and their specification."""

import jax
import jax.numpy as jnp

from exercises.given import (
    Array,
    Float,
    Int,
    exponential_model,
    linear_model,
    lopsided_error,
    squared_error,
)
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 1.1


@exercise(
    points=3,
    hints=(
        "Two steps: first a product for each pair of entries, then one number from all of them.",
        'The lesson\'s section "Three boxes for one curve" writes a stress as a dot product of weights and '
        "features. `a * b` multiplies entry by entry; then add up the products.",
        "Give `a * b` to `jnp.sum`, or write `a @ b`.",
    ),
    why="Every linear model, every neuron and every attention score is a dot product.",
)
def dot(a: Float[Array, " n"], b: Float[Array, " n"]) -> Float[Array, ""]:
    """Dot product."""
    return jnp.sum(a * b)


@dot.inputs("two short vectors", points=1)
def _(key):
    return dict(a=jnp.array([2.0, 3.0, 1.0]), b=jnp.array([5.0, 4.0, -6.0]))


@dot.inputs("random vectors", points=1, hidden=True)
def _(key):
    a, b = jax.random.normal(key, (2, 9))
    return dict(a=a, b=b)


@dot.mistake("You multiplied the entries but did not add them up: the dot product is a single number.")
def _(a, b):
    return a * b


@dot.mistake("You took the mean of the products: the dot product is their sum, not divided by n.")
def _(a, b):
    return jnp.mean(a * b)


@dot.mistake("You added up each vector first: multiply entry by entry, and only then add up.")
def _(a, b):
    return jnp.sum(a) * jnp.sum(b)


@dot.mistake("You added the entries instead of multiplying them: write * instead of +.")
def _(a, b):
    return jnp.sum(a + b)


@dot.mistake("You built the outer product, a whole matrix: the dot product is only the sum of its diagonal.")
def _(a, b):
    return jnp.outer(a, b)


@dot.mistake("You divided by the lengths, which gives the cosine of the angle: the dot product is the plain sum.")
def _(a, b):
    return jnp.sum(a * b) / jnp.sqrt(jnp.sum(a**2) * jnp.sum(b**2))


@dot.mistake("Your sum leaves out the last pair of entries: a range stops before its end, so let it end at len(a).")
def _(a, b):
    return jnp.sum((a * b)[:-1])


@dot.mistake("You returned the first product alone, as a return inside the loop does: return after the loop.")
def _(a, b):
    return (a * b)[0]


@dot.mistake("You returned the last product alone: a loop that adds up needs `+=`, not `=`.")
def _(a, b):
    return (a * b)[-1]


@dot.mistake("Your sum leaves out the first pair of entries: Python counts from 0, so let the range start there.")
def _(a, b):
    return jnp.sum((a * b)[1:])


# ---------------------------------------------------------------- 1.2


@exercise(
    points=4,
    hints=(
        "Pythagoras in n dimensions. What is the length of (3, 4)?",
        'The lesson\'s section "Limits: no free lunch, and the curse of dimensionality" measures distances as '
        "norms of differences. Square the entries, add them up, take the square root. You may use your own `dot`.",
        "Give `jnp.sum(v**2)` to `jnp.sqrt`.",
    ),
    why="Distances, step sizes and penalties on weights are all norms.",
)
def norm(v: Float[Array, " n"]) -> Float[Array, ""]:
    """Euclidean norm."""
    return jnp.sqrt(jnp.sum(v**2))


@norm.inputs("a vector with a negative entry", points=1)
def _(key):
    return dict(v=jnp.array([2.0, -6.0, 3.0]))


@norm.inputs("a random vector", points=1, hidden=True)
def _(key):
    return dict(v=jax.random.normal(key, (8,)))


@norm.inputs("the zero vector", points=1, hidden=True)
def _(key):
    return dict(v=jnp.zeros(3))


@norm.mistake("You returned the squared length: take the square root of the sum.")
def _(v):
    return jnp.sum(v**2)


@norm.mistake("You added up absolute values, which is the L1 norm: square the entries, then take the root.")
def _(v):
    return jnp.sum(jnp.abs(v))


@norm.mistake("You took the root of the mean square: the norm has the sum of squares under the root.")
def _(v):
    return jnp.sqrt(jnp.mean(v**2))


@norm.mistake("You squared the sum of the entries: square each entry first, then add up.")
def _(v):
    return jnp.sqrt(jnp.sum(v) ** 2)


@norm.mistake("You took the root of each entry's square but did not add them up: the norm is a single number.")
def _(v):
    return jnp.sqrt(v**2)


@norm.mistake("You took the largest magnitude, which is the maximum norm: add up the squares, then take the root.")
def _(v):
    return jnp.max(jnp.abs(v))


@norm.mistake("You took the root of the plain sum: square each entry before you add up.")
def _(v):
    return jnp.sqrt(jnp.sum(v))


@norm.mistake(
    "You divided the length by the number of entries: the norm grows with each of them, so leave the divisor out."
)
def _(v):
    return jnp.sqrt(jnp.sum(v**2)) / len(v)


@norm.mistake("You returned v divided by its length, a vector of length 1: return the length itself.")
def _(v):
    return v / jnp.sqrt(jnp.sum(v**2))


# ---------------------------------------------------------------- 1.3


@exercise(
    points=5,
    hints=(
        "Three steps from the inside out: difference, square, mean.",
        'The lesson\'s section "What an error costs" draws the squared error. The mean divides by the number '
        "of samples; `jnp.mean` does this for you.",
        "Give `(prediction - target) ** 2` to `jnp.mean`.",
    ),
    why="The mean squared error is what least squares minimizes, and its best constant is the mean.",
)
def mse(prediction: Float[Array, " n"], target: Float[Array, " n"]) -> Float[Array, ""]:
    """Mean squared error."""
    return jnp.mean((prediction - target) ** 2)


@mse.inputs("three samples", points=1)
def _(key):
    return dict(prediction=jnp.array([1.0, 2.0, 3.0]), target=jnp.array([1.5, 5.0, 1.0]))


@mse.inputs("random samples", points=1)
def _(key):
    prediction, target = jax.random.normal(key, (2, 10))
    return dict(prediction=prediction, target=target)


@mse.inputs("one sample of large numbers, whose squares lose digits unless subtracted first", points=1, hidden=True)
def _(key):
    return dict(prediction=jnp.array([3001.5]), target=jnp.array([3000.75]))


@mse.inputs("several models at once", points=1, hidden=True, call="vmap", over="prediction")
def _(key):
    prediction = jax.random.normal(key, (4, 6))
    return dict(prediction=prediction, target=jnp.arange(6.0))


@mse.mistake("You did not square: positive and negative errors cancel in a mean of plain differences.")
def _(prediction, target):
    return jnp.mean(prediction - target)


@mse.mistake("You averaged target minus prediction without a square: square each difference, or errors cancel.")
def _(prediction, target):
    return jnp.mean(target - prediction)


@mse.mistake("You took absolute values where the squared error needs squares: that is the MAE of 1.4.")
def _(prediction, target):
    return jnp.mean(jnp.abs(prediction - target))


@mse.mistake("You squared the mean difference: square each difference first, and average afterwards.")
def _(prediction, target):
    return jnp.mean(prediction - target) ** 2


@mse.mistake("You have the sum of the squares: divide by the number of samples.")
def _(prediction, target):
    return jnp.sum((prediction - target) ** 2)


@mse.mistake("You have an extra factor 1/2: return the plain mean of the squares.")
def _(prediction, target):
    return jnp.mean((prediction - target) ** 2) / 2


@mse.mistake("You took the square root at the end: that is the RMSE; leave the root out.")
def _(prediction, target):
    return jnp.sqrt(jnp.mean((prediction - target) ** 2))


@mse.mistake("You divided by n - 1, as for a sample variance: the mean error has the divisor n.")
def _(prediction, target):
    return jnp.sum((prediction - target) ** 2) / (len(target) - 1)


@mse.mistake("You have half the sum of the squares, as some books define it: return the plain mean of the squares.")
def _(prediction, target):
    return jnp.sum((prediction - target) ** 2) / 2


@mse.mistake("You squared the target alone, since ** binds first: put the difference into parentheses.")
def _(prediction, target):
    return jnp.mean(prediction - target**2)


@mse.mistake("You took the difference of the squares: square the difference instead.")
def _(prediction, target):
    return jnp.mean(prediction**2 - target**2)


@mse.mistake("You returned one squared error per sample: take their mean to get a single number.")
def _(prediction, target):
    return (prediction - target) ** 2


@mse.mistake(
    "You took the variance of the errors, which forgives an error that all samples share: average the squares "
    "themselves."
)
def _(prediction, target):
    return jnp.var(prediction - target)


# ---------------------------------------------------------------- 1.4


@exercise(
    points=4,
    hints=(
        "The same as 1.3, with a different cost for each error.",
        'The lesson\'s section "What an error costs" shows both costs: here an error costs its size, so '
        "an outlier is not squared. `jnp.abs` gives the size.",
        "Give `jnp.abs(prediction - target)` to `jnp.mean`.",
    ),
    why="Its best constant is the median: one broken sensor does not move it.",
)
def mae(prediction: Float[Array, " n"], target: Float[Array, " n"]) -> Float[Array, ""]:
    """Mean absolute error."""
    return jnp.mean(jnp.abs(prediction - target))


@mae.inputs("four samples", points=1)
def _(key):
    return dict(prediction=jnp.array([1.0, -2.0, 3.0, 4.0]), target=jnp.array([1.5, 5.0, -1.0, 3.75]))


@mae.inputs("random samples", points=1, hidden=True)
def _(key):
    prediction, target = jax.random.normal(key, (2, 11))
    return dict(prediction=prediction, target=target)


@mae.inputs("an outlier", points=1, hidden=True)
def _(key):
    return dict(prediction=jnp.zeros(5), target=jnp.array([0.1, -0.2, 0.3, 0.1, -1000.0]))


@mae.mistake("You left out the absolute value: positive and negative errors cancel.")
def _(prediction, target):
    return jnp.mean(prediction - target)


@mae.mistake("You averaged target minus prediction without the absolute value, so errors cancel.")
def _(prediction, target):
    return jnp.mean(target - prediction)


@mae.mistake("You took the absolute value of the mean: take it of each difference, then average.")
def _(prediction, target):
    return jnp.abs(jnp.mean(prediction - target))


@mae.mistake("You have the sum of the absolute errors: divide by the number of samples.")
def _(prediction, target):
    return jnp.sum(jnp.abs(prediction - target))


@mae.mistake("You took the root of the mean square, the RMSE: average the absolute values instead.")
def _(prediction, target):
    return jnp.sqrt(jnp.mean((prediction - target) ** 2))


@mae.mistake("You took the median of the absolute errors: the M in MAE is the mean.")
def _(prediction, target):
    return jnp.median(jnp.abs(prediction - target))


@mae.mistake("You squared the errors, which gives the MSE of 1.3: take absolute values instead.")
def _(prediction, target):
    return jnp.mean((prediction - target) ** 2)


@mae.mistake("You returned one absolute error per sample: take their mean to get a single number.")
def _(prediction, target):
    return jnp.abs(prediction - target)


@mae.mistake("You took the absolute value of predictions and targets before the difference: take it of the difference.")
def _(prediction, target):
    return jnp.mean(jnp.abs(prediction) - jnp.abs(target))


@mae.mistake("You took the largest absolute error: take the mean of all of them.")
def _(prediction, target):
    return jnp.max(jnp.abs(prediction - target))


@mae.mistake("You have half the mean absolute error: there is no factor 1/2 here.")
def _(prediction, target):
    return jnp.mean(jnp.abs(prediction - target)) / 2


@mae.mistake("You divided by n - 1, as for a sample variance: the mean error has the divisor n.")
def _(prediction, target):
    return jnp.sum(jnp.abs(prediction - target)) / (len(target) - 1)


# ---------------------------------------------------------------- 1.5


@exercise(
    points=4,
    hints=(
        "Ask of each sample whether the two classes differ. What is the mean of the answers?",
        'The lesson\'s section "Classes: why nobody trains with the error rate" counts the share of wrong '
        "answers. `prediction != label` gives True or False for each sample, and `jnp.mean` counts True as 1.",
        "Give `prediction != label` to `jnp.mean`.",
    ),
    why="It is what you care about in the end, but its gradient is zero, so training needs a surrogate.",
)
def zero_one(prediction: Int[Array, " n"], label: Int[Array, " n"]) -> Float[Array, ""]:
    """Zero-one loss."""
    return jnp.mean(prediction != label)


@zero_one.inputs("three classes", points=1)
def _(key):
    return dict(
        prediction=jnp.array([2, 2, 0, 1, 1, 2, 1, 0, 0, 1, 0, 0]),
        label=jnp.array([2, 2, 0, 2, 1, 1, 1, 2, 2, 2, 2, 2]),
    )


@zero_one.inputs("classes far apart", points=1, hidden=True)
def _(key):
    return dict(prediction=jnp.array([0, 9, 3, 3]), label=jnp.array([9, 9, 0, 3]))


@zero_one.inputs("every sample right", points=1, hidden=True)
def _(key):
    return dict(prediction=jnp.arange(6), label=jnp.arange(6))


@zero_one.mistake("You returned the accuracy, the share of right answers: the loss counts the wrong ones.")
def _(prediction, label):
    return jnp.mean(prediction == label)


@zero_one.mistake("You counted the wrong answers: divide by the number of samples to get their share.")
def _(prediction, label):
    return jnp.sum(prediction != label)


@zero_one.mistake("You measured how far apart the classes are: any wrong class costs 1, near or far.")
def _(prediction, label):
    return jnp.mean(jnp.abs(prediction - label))


@zero_one.mistake("You returned one answer per sample: take their mean to get a single number.")
def _(prediction, label):
    return prediction != label


@zero_one.mistake("You squared the difference of the classes: compare them with != instead.")
def _(prediction, label):
    return jnp.mean((prediction - label) ** 2)


@zero_one.mistake("You counted the right answers: count the wrong ones, and divide by the number of samples.")
def _(prediction, label):
    return jnp.sum(prediction == label)


@zero_one.mistake("You averaged the differences of the classes, which are only names: compare them with != instead.")
def _(prediction, label):
    return jnp.mean(prediction - label)


@zero_one.mistake("You asked whether any answer is wrong at all: return the share of wrong answers.")
def _(prediction, label):
    return jnp.any(prediction != label)


@zero_one.mistake("You returned percent: leave out the factor 100, so that the share lies between 0 and 1.")
def _(prediction, label):
    return 100 * jnp.mean(prediction != label)


@zero_one.mistake("You compared sorted classes, as a comparison of their counts does: compare entry i with entry i.")
def _(prediction, label):
    return jnp.mean(jnp.sort(prediction) != jnp.sort(label))


@zero_one.mistake(
    "You compared only whether the classes are 0: with more than two classes compare the numbers themselves, with !=."
)
def _(prediction, label):
    return jnp.mean((prediction > 0) != (label > 0))


# ---------------------------------------------------------------- 1.6


def log_softmax(logits):
    below = logits - jnp.max(logits, axis=1, keepdims=True)
    return below - jnp.log(jnp.sum(jnp.exp(below), axis=1, keepdims=True))


def of_labels(values, labels):
    return values[jnp.arange(len(labels)), labels]


@exercise(
    points=8,
    hints=(
        "Write the logarithm of the quotient as a difference: ln p = logit - ln(sum of exponentials). What "
        "happens to p when you subtract the same number from all logits of a row?",
        "The lesson's section \"Classes: why nobody trains with the error rate\" subtracts each row's largest "
        "logit first. Then no exponential is above 1, at least one is 1, and the logarithm of their sum is between "
        "0 and ln k.",
        "With `z = logits - logits.max(axis=1, keepdims=True)`, the log-probabilities are "
        "`z - jnp.log(jnp.exp(z).sum(axis=1, keepdims=True))`; pick column `labels[i]` of row i with "
        "`[jnp.arange(len(labels)), labels]` and return minus the mean.",
    ),
    why="Every classifier from logistic regression to a language model is trained with these few lines.",
)
def cross_entropy(logits: Float[Array, "n k"], labels: Int[Array, " n"]) -> Float[Array, ""]:
    """Cross-entropy of a softmax."""
    return -jnp.mean(of_labels(log_softmax(logits), labels))


@cross_entropy.inputs("three samples, three classes", points=1)
def _(key):
    logits = jnp.array([[2.0, 0.5, -1.0], [0.0, 1.0, 0.5], [-0.5, 0.0, 3.0]])
    return dict(logits=logits, labels=jnp.array([0, 2, 1]))


@cross_entropy.inputs("random logits", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(logits=2 * jax.random.normal(a, (8, 4)), labels=jax.random.randint(b, (8,), 0, 4))


@cross_entropy.inputs("large logits", points=1)
def _(key):
    return dict(logits=jnp.array([[1000.0, 995.0], [-502.0, -500.0]]), labels=jnp.array([0, 0]))


@cross_entropy.inputs("gradient at large logits", points=1, call="grad", over="logits")
def _(key):
    return dict(logits=jnp.array([[300.0, 0.0, 299.0], [-400.0, 300.0, 0.0]]), labels=jnp.array([1, 0]))


@cross_entropy.inputs("a true class of probability 0", points=1, hidden=True)
def _(key):
    return dict(logits=jnp.array([[1000.0, 0.0], [-500.0, 500.0]]), labels=jnp.array([0, 0]))


@cross_entropy.inputs("logits of 1e30", points=1, hidden=True)
def _(key):
    return dict(logits=1e30 * jnp.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]), labels=jnp.array([0, 2]))


@cross_entropy.inputs("equal logits, all very negative", points=1, hidden=True)
def _(key):
    return dict(logits=jnp.full((2, 5), -200.0), labels=jnp.array([4, 0]))


@cross_entropy.mistake(
    "Your formula is right, but exp overflows for large logits: subtract each row's largest logit first."
)
def _(logits, labels):
    exponential = jnp.exp(logits)
    return -jnp.mean(jnp.log(of_labels(exponential / exponential.sum(axis=1, keepdims=True), labels)))


@cross_entropy.mistake(
    "Your difference of logarithms is right, but exp overflows in its sum: subtract each row's largest logit first."
)
def _(logits, labels):
    return -jnp.mean(of_labels(logits - jnp.log(jnp.sum(jnp.exp(logits), axis=1, keepdims=True)), labels))


@cross_entropy.mistake(
    "You subtract the largest logit, but then take the log of a probability that has become 0: "
    "write the logarithm of the quotient as a difference."
)
def _(logits, labels):
    exponential = jnp.exp(logits - jnp.max(logits, axis=1, keepdims=True))
    return -jnp.mean(jnp.log(of_labels(exponential / exponential.sum(axis=1, keepdims=True), labels)))


@cross_entropy.mistake(
    "You add a small number inside the logarithm, which caps the loss of a confident wrong answer and removes "
    "its gradient: take the difference of logarithms instead."
)
def _(logits, labels):
    exponential = jnp.exp(logits - jnp.max(logits, axis=1, keepdims=True))
    probability = exponential / exponential.sum(axis=1, keepdims=True)
    return -jnp.mean(jnp.log(of_labels(probability, labels) + 1e-9))


@cross_entropy.mistake(
    "You subtract one maximum for the whole array, so all exponentials of a row far below it become 0: take "
    "the maximum of each row (axis=1, keepdims=True)."
)
def _(logits, labels):
    below = logits - jnp.max(logits)
    return -jnp.mean(of_labels(below - jnp.log(jnp.sum(jnp.exp(below), axis=1, keepdims=True)), labels))


@cross_entropy.mistake(
    "You subtract one maximum for the whole array, which leaves 0/0 in a row far below it: take the maximum of each "
    "row (axis=1, keepdims=True), and the logarithm of the quotient as a difference."
)
def _(logits, labels):
    exponential = jnp.exp(logits - jnp.max(logits))
    return -jnp.mean(jnp.log(of_labels(exponential / exponential.sum(axis=1, keepdims=True), labels)))


@cross_entropy.mistake(
    "You subtract the smallest logit of each row, so that exp still overflows: subtract the largest one."
)
def _(logits, labels):
    below = logits - jnp.min(logits, axis=1, keepdims=True)
    return -jnp.mean(of_labels(below - jnp.log(jnp.sum(jnp.exp(below), axis=1, keepdims=True)), labels))


@cross_entropy.mistake("Your sign is wrong: a logarithm of a probability is negative, and the loss is minus that.")
def _(logits, labels):
    return jnp.mean(of_labels(log_softmax(logits), labels))


@cross_entropy.mistake("You added up the losses of the samples: take their mean.")
def _(logits, labels):
    return -jnp.sum(of_labels(log_softmax(logits), labels))


@cross_entropy.mistake("You took the logarithm to base 2: use the natural logarithm, `jnp.log`.")
def _(logits, labels):
    return -jnp.mean(of_labels(log_softmax(logits), labels)) / jnp.log(2.0)


@cross_entropy.mistake("Your softmax runs over the samples: classes are columns, so sum over axis=1.")
def _(logits, labels):
    return -jnp.mean(of_labels(log_softmax(logits.T).T, labels))


@cross_entropy.mistake("You took the most probable class: take the probability of the true class, labels[i].")
def _(logits, labels):
    return -jnp.mean(jnp.max(log_softmax(logits), axis=1))


@cross_entropy.mistake("You left out the logarithm: the loss is minus the mean of ln p, not of p.")
def _(logits, labels):
    return -jnp.mean(jnp.exp(of_labels(log_softmax(logits), labels)))


@cross_entropy.mistake("You left out the normalization: divide by the sum of the exponentials in each row.")
def _(logits, labels):
    return -jnp.mean(of_labels(logits, labels))


@cross_entropy.mistake("You took the mean of the probabilities before the logarithm: take the mean of the logarithms.")
def _(logits, labels):
    return -jnp.log(jnp.mean(jnp.exp(of_labels(log_softmax(logits), labels))))


@cross_entropy.mistake(
    "Your index [:, labels] takes all labels from every row: take one entry per row, [jnp.arange(n), labels]."
)
def _(logits, labels):
    return -jnp.mean(log_softmax(logits)[:, labels])


@cross_entropy.mistake("You averaged over all classes: only the true class of each sample counts.")
def _(logits, labels):
    return -jnp.mean(log_softmax(logits))


@cross_entropy.mistake(
    "You divided by the number of classes as well, as a mean over a one-hot array does: divide by n alone."
)
def _(logits, labels):
    return -jnp.mean(of_labels(log_softmax(logits), labels)) / logits.shape[1]


@cross_entropy.mistake("You returned one loss per sample: take their mean to get a single number.")
def _(logits, labels):
    return -of_labels(log_softmax(logits), labels)


@cross_entropy.mistake(
    "Your values are right, but their gradient is 0: `jax.lax.stop_gradient` may hold the maximum that you "
    "subtract, but not the logits."
)
def _(logits, labels):
    return -jnp.mean(of_labels(log_softmax(jax.lax.stop_gradient(logits)), labels))


@cross_entropy.mistake(
    "You subtract the row's largest logit inside the sum of exponentials alone: subtract it from the true class's "
    "logit as well."
)
def _(logits, labels):
    below = logits - jnp.max(logits, axis=1, keepdims=True)
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(below), axis=1)) - of_labels(logits, labels))


@cross_entropy.mistake("You counted the classes from 1: `labels[i]` is from 0 to k - 1 and is the column itself.")
def _(logits, labels):
    return -jnp.mean(of_labels(log_softmax(logits), labels - 1))


@cross_entropy.mistake(
    "You computed the entropy of the softmax itself, sum of p ln p: only the true class of each sample counts."
)
def _(logits, labels):
    below = log_softmax(logits)
    return -jnp.mean(jnp.sum(jnp.exp(below) * below, axis=1))


# ---------------------------------------------------------------- 1.7


@exercise(
    points=7,
    hints=(
        "On the day you make the model, the test set does not exist. Which numbers can you know?",
        'The lesson\'s section "Leaks: how noise becomes 90 %": whatever looks at data is fitted on the training '
        "set alone, then applied to both. Means and deviations belong to columns, `axis=0`; `jnp.where` replaces a "
        "deviation of 0 by 1.",
        "With `mean = train.mean(axis=0)`, `deviation = train.std(axis=0)` and "
        "`scale = jnp.where(deviation > 0, deviation, 1.0)` return the pair "
        "`(train - mean) / scale, (test - mean) / scale`.",
    ),
    why="A statistic of the test set inside the model is the most common leak in published work.",
)
def standardize(
    train: Float[Array, "n d"], test: Float[Array, "m d"]
) -> tuple[Float[Array, "n d"], Float[Array, "m d"]]:
    """Standardize without a leak."""
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    scale = jnp.where(deviation > 0, deviation, 1.0)
    return (train - mean) / scale, (test - mean) / scale


@standardize.inputs("two features", points=2)
def _(key):
    train = jnp.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
    return dict(train=train, test=jnp.array([[4.0, 90.0], [0.0, -20.0]]))


@standardize.inputs("random features, one test sample", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(train=3 + 2 * jax.random.normal(a, (7, 4)), test=jax.random.normal(b, (1, 4)))


@standardize.inputs("a feature that is constant in training", points=2, hidden=True)
def _(key):
    train = jnp.array([[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]])
    return dict(train=train, test=jnp.array([[2.0, 3.0], [4.0, 2.0]]))


@standardize.inputs(
    "small numbers, and large ones whose squares lose digits unless centered first", points=1, hidden=True
)
def _(key):
    train = jnp.array([[0.001, 101300.0], [0.003, 101400.0], [0.005, 101340.0]])
    return dict(train=train, test=jnp.array([[0.0, 101200.0], [0.006, 101380.0]]))


def scaled(train, test, mean, deviation):
    scale = jnp.where(deviation > 0, deviation, 1.0)
    return (train - mean) / scale, (test - mean) / scale


@standardize.mistake(
    "Your code leaks, since its mean and deviation come from training and test set together: take those of the "
    "training set alone."
)
def _(train, test):
    both = jnp.concatenate([train, test])
    return scaled(train, test, both.mean(axis=0), both.std(axis=0))


@standardize.mistake(
    "You standardize the test set with its own mean and deviation: use the training set's numbers for both."
)
def _(train, test):
    (left, _), (_, right) = (scaled(train, test, one.mean(axis=0), one.std(axis=0)) for one in (train, test))
    return left, right


@standardize.mistake("You use one mean and deviation for all features: take those of each column, axis=0.")
def _(train, test):
    return scaled(train, test, train.mean(), train.std())


@standardize.mistake("You standardized samples instead of features: take mean and deviation along axis=0, not 1.")
def _(train, test):
    left, right = (
        scaled(one, one, one.mean(axis=1, keepdims=True), one.std(axis=1, keepdims=True))[0] for one in (train, test)
    )
    return left, right


@standardize.mistake("You divide by the variance: take its square root, the standard deviation.")
def _(train, test):
    return scaled(train, test, train.mean(axis=0), train.var(axis=0))


@standardize.mistake("Your deviation has the divisor n - 1: this exercise uses n, the default of `jnp.std`.")
def _(train, test):
    return scaled(train, test, train.mean(axis=0), train.std(axis=0, ddof=1))


@standardize.mistake(
    "You divide by 0 where a feature is constant in training: replace a deviation of 0 by 1 with `jnp.where`."
)
def _(train, test):
    return (train - train.mean(axis=0)) / train.std(axis=0), (test - train.mean(axis=0)) / train.std(axis=0)


@standardize.mistake("You shift the features but do not scale them: divide by the training set's deviation.")
def _(train, test):
    return train - train.mean(axis=0), test - train.mean(axis=0)


@standardize.mistake("You left the test set as it was: it needs the same shift and scale as the training set.")
def _(train, test):
    return scaled(train, test, train.mean(axis=0), train.std(axis=0))[0], test


@standardize.mistake("You divide by the deviation, but the mean of the training set is still in there: subtract it.")
def _(train, test):
    return scaled(train, test, 0.0, train.std(axis=0))


@standardize.mistake("You scaled to the range from 0 to 1: subtract the mean and divide by the standard deviation.")
def _(train, test):
    low, high = train.min(axis=0), train.max(axis=0)
    return scaled(train, test, low, high - low)


@standardize.mistake(
    "You set a feature that is constant in training to 0: it is only shifted, and in the test set it may differ."
)
def _(train, test):
    constant = train.std(axis=0) == 0
    return tuple(jnp.where(constant, 0.0, one) for one in scaled(train, test, train.mean(axis=0), train.std(axis=0)))


@standardize.mistake(
    "You add a small number to the deviation, so that a feature that is constant in training explodes: replace a "
    "deviation of 0 by 1 instead."
)
def _(train, test):
    return scaled(train, test, train.mean(axis=0), train.std(axis=0) + 1e-8)


@standardize.mistake("You shift the test set by its own mean: subtract the mean of the training set from both.")
def _(train, test):
    left, _ = scaled(train, test, train.mean(axis=0), train.std(axis=0))
    _, right = scaled(train, test, test.mean(axis=0), train.std(axis=0))
    return left, right


@standardize.mistake(
    "You left a feature that is constant in training as it was: it is not scaled, but the mean is subtracted."
)
def _(train, test):
    constant = train.std(axis=0) == 0
    left, right = scaled(train, test, train.mean(axis=0), train.std(axis=0))
    return jnp.where(constant, train, left), jnp.where(constant, test, right)


@standardize.mistake("You standardized the training set but left out the test set: return both, as a pair.")
def _(train, test):
    return scaled(train, test, train.mean(axis=0), train.std(axis=0))[0]


@standardize.mistake(
    "You divide the test set by the deviation but do not shift it: subtract the training set's mean from it as well."
)
def _(train, test):
    left, _ = scaled(train, test, train.mean(axis=0), train.std(axis=0))
    _, right = scaled(train, test, 0.0, train.std(axis=0))
    return left, right


# ---------------------------------------------------------------- 1.8


@exercise(
    points=6,
    hints=(
        "Work in two steps: to which fold does each place in the permutation belong, and which sample is at "
        "that place?",
        'The lesson\'s section "Splits: judge a model by what it has not seen" draws the folds. '
        "`jnp.array_split(permutation, n_splits)` cuts it into blocks of the right sizes; each block lists samples.",
        "Start with `fold = jnp.zeros(len(permutation), int)` and for each number and block of "
        "`enumerate(jnp.array_split(permutation, n_splits))` set `fold = fold.at[block].set(number)`.",
    ),
    why="Each sample is tested exactly once, by a model that has never seen it.",
)
def k_fold(permutation: Int[Array, " n"], n_splits: int) -> Int[Array, " n"]:
    """Folds for cross-validation."""
    fold = jnp.zeros(len(permutation), int)
    for number, block in enumerate(jnp.array_split(permutation, n_splits)):
        fold = fold.at[block].set(number)
    return fold


@k_fold.inputs("six samples, three folds", points=1)
def _(key):
    return dict(permutation=jnp.array([2, 5, 0, 4, 3, 1]), n_splits=3)


@k_fold.inputs("ten samples, four folds", points=2)
def _(key):
    return dict(permutation=jnp.array([7, 0, 3, 1, 9, 2, 5, 8, 4, 6]), n_splits=4)


@k_fold.inputs("every sample its own fold", points=1, hidden=True)
def _(key):
    return dict(permutation=jnp.array([1, 2, 3, 4, 0]), n_splits=5)


@k_fold.inputs("a random permutation", points=1, hidden=True)
def _(key):
    return dict(permutation=jax.random.permutation(key, 23), n_splits=5)


def blocks(n, n_splits):
    sizes = [n // n_splits + (fold < n % n_splits) for fold in range(n_splits)]
    return jnp.array([fold for fold, size in enumerate(sizes) for _ in range(size)])


@k_fold.mistake(
    "You return the fold of each place in the permutation: the sample at place j is permutation[j], so the "
    "fold belongs at that index (`.at[permutation].set(...)`)."
)
def _(permutation, n_splits):
    return blocks(len(permutation), n_splits)


@k_fold.mistake(
    "You read the folds in the order of the permutation (`fold[permutation]`), which is the inverse of the "
    "answer: write them to those places with `.at[permutation].set(...)`."
)
def _(permutation, n_splits):
    return blocks(len(permutation), n_splits)[permutation]


@k_fold.mistake("You put all leftover samples into the last fold: give one each to the first n % n_splits folds.")
def _(permutation, n_splits):
    n = len(permutation)
    fold = jnp.minimum(jnp.arange(n) // (n // n_splits), n_splits - 1)
    return jnp.zeros(n, int).at[permutation].set(fold)


@k_fold.mistake("Your longer folds are the last ones: the first n % n_splits folds get one sample more.")
def _(permutation, n_splits):
    n = len(permutation)
    return jnp.zeros(n, int).at[permutation].set(n_splits - 1 - blocks(n, n_splits)[::-1])


@k_fold.mistake(
    "You dealt the samples in turn, like cards, which gives valid folds: here each fold is a block of "
    "consecutive entries."
)
def _(permutation, n_splits):
    n = len(permutation)
    return jnp.zeros(n, int).at[permutation].set(jnp.arange(n) % n_splits)


@k_fold.mistake("Your folds count from 1: the first fold has the number 0.")
def _(permutation, n_splits):
    n = len(permutation)
    return jnp.zeros(n, int).at[permutation].set(blocks(n, n_splits) + 1)


@k_fold.mistake(
    "You return the test sets themselves, as a list of blocks: return one integer for each sample, its fold."
)
def _(permutation, n_splits):
    return list(jnp.array_split(permutation, n_splits))


@k_fold.mistake("You return a mask for each fold, a whole matrix: return one integer for each sample, its fold.")
def _(permutation, n_splits):
    return k_fold(permutation, n_splits) == jnp.arange(n_splits)[:, None]


@k_fold.mistake(
    "Your blocks have the right sizes, but in another order: the first n % n_splits blocks are the longer ones, "
    "which j * n_splits // n does not give."
)
def _(permutation, n_splits):
    n = len(permutation)
    return jnp.zeros(n, int).at[permutation].set(jnp.arange(n) * n_splits // n)


@k_fold.mistake(
    "All your blocks but the last have n / n_splits entries, rounded up, so that the last is too short: only the "
    "first n % n_splits blocks are one entry longer."
)
def _(permutation, n_splits):
    n = len(permutation)
    return jnp.zeros(n, int).at[permutation].set(jnp.arange(n) // -(-n // n_splits))


@k_fold.mistake(
    "All your blocks have n // n_splits entries, and the samples left over stay in fold 0: the first n % n_splits "
    "blocks take one more each."
)
def _(permutation, n_splits):
    n = len(permutation)
    place = jnp.arange(n) // (n // n_splits)
    return jnp.zeros(n, int).at[permutation].set(jnp.where(place < n_splits, place, 0))


@k_fold.mistake(
    "Your blocks all have n // n_splits entries, so that the samples left over get folds that do not exist: the "
    "first n % n_splits blocks take one more each."
)
def _(permutation, n_splits):
    n = len(permutation)
    return jnp.zeros(n, int).at[permutation].set(jnp.arange(n) // (n // n_splits))


@k_fold.mistake("You counted the folds backwards: block 0 is the test set of fold 0.")
def _(permutation, n_splits):
    n = len(permutation)
    return jnp.zeros(n, int).at[permutation].set(n_splits - 1 - blocks(n, n_splits))


@k_fold.mistake(
    "You took the remainder of the sample's own number, without the permutation's order: what counts is its place "
    "in the permutation."
)
def _(permutation, n_splits):
    return permutation % n_splits


# ---------------------------------------------------------------- 1.9


@exercise(
    points=7,
    hints=(
        "You are given all the parts. In which order do they act, and what is left at the end?",
        'The lesson\'s section "Learning is optimization" has the formula: predictions first, then the loss of '
        "each sample, then the mean. Mind the order of the loss's arguments.",
        "Give `loss(predict(weights, x), y)` to `jnp.mean`.",
    ),
    why="Models, losses and data are interchangeable parts; all of supervised learning minimizes this number.",
)
def empirical_risk(
    predict, loss, weights: Float[Array, " d"], x: Float[Array, "n d"], y: Float[Array, " n"]
) -> Float[Array, ""]:
    """Empirical risk of any model under any loss."""
    return jnp.mean(loss(predict(weights, x), y))


def data(key, n=6, d=2):
    a, b, c = jax.random.split(key, 3)
    normal = jax.random.normal
    return dict(weights=0.5 * normal(a, (d,)), x=normal(b, (n, d)), y=normal(c, (n,)))


@empirical_risk.inputs("linear model, squared error", points=1)
def _(key):
    return dict(predict=linear_model, loss=squared_error, **data(key))


@empirical_risk.inputs("linear model, lopsided error", points=1)
def _(key):
    return dict(predict=linear_model, loss=lopsided_error, **data(key, n=7, d=3))


@empirical_risk.inputs("exponential model, squared error", points=1)
def _(key):
    return dict(predict=exponential_model, loss=squared_error, **data(key))


@empirical_risk.inputs("exponential model, lopsided error", points=1, hidden=True)
def _(key):
    return dict(predict=exponential_model, loss=lopsided_error, **data(key, n=9, d=3))


@empirical_risk.inputs("gradient in the weights", points=1, hidden=True, call="grad", over="weights")
def _(key):
    return dict(predict=exponential_model, loss=squared_error, **data(key))


@empirical_risk.inputs("several weights at once", points=1, hidden=True, call="vmap", over="weights")
def _(key):
    one = data(key)
    return dict(predict=linear_model, loss=lopsided_error, **(one | {"weights": one["x"][:3]}))


@empirical_risk.mistake("You have the sum of the losses: the risk is their mean.")
def _(predict, loss, weights, x, y):
    return jnp.sum(loss(predict(weights, x), y))


@empirical_risk.mistake("You returned one loss per sample: take their mean to get a single number.")
def _(predict, loss, weights, x, y):
    return loss(predict(weights, x), y)


@empirical_risk.mistake(
    "You gave the loss its arguments in the wrong order: the prediction comes first, the target second."
)
def _(predict, loss, weights, x, y):
    return jnp.mean(loss(y, predict(weights, x)))


@empirical_risk.mistake("You always use the squared error: call the function `loss` that you are given.")
def _(predict, loss, weights, x, y):
    return jnp.mean((predict(weights, x) - y) ** 2)


@empirical_risk.mistake("You always use the linear model x @ weights: call the function `predict` that you are given.")
def _(predict, loss, weights, x, y):
    return jnp.mean(loss(x @ weights, y))


@empirical_risk.mistake(
    "You averaged predictions and targets before the loss: take the loss of each sample, then the mean."
)
def _(predict, loss, weights, x, y):
    return loss(jnp.mean(predict(weights, x)), jnp.mean(y))


@empirical_risk.mistake("You took the root of the mean loss: the risk is the mean itself.")
def _(predict, loss, weights, x, y):
    return jnp.sqrt(jnp.mean(loss(predict(weights, x), y)))


@empirical_risk.mistake("You returned the mean prediction: compare the predictions with y by `loss`, then average.")
def _(predict, loss, weights, x, y):
    return jnp.mean(predict(weights, x))


@empirical_risk.mistake(
    "You always use the linear model and the squared error: call the functions `predict` and `loss` that you are given."
)
def _(predict, loss, weights, x, y):
    return jnp.mean((x @ weights - y) ** 2)


@empirical_risk.mistake("You divided by the number of weights: the mean runs over the n samples, so divide by len(y).")
def _(predict, loss, weights, x, y):
    return jnp.sum(loss(predict(weights, x), y)) / len(weights)
