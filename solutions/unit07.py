"""Unit 7, generalization, regularization, tree ensembles: the reference answers and their specification."""

import jax
import jax.numpy as jnp

from exercises.given import Array, Bool, Float, Int
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 7.1


@exercise(
    points=4,
    hints=(
        "Which entries become zero, and by how much do the others move?",
        'The lesson\'s section "Penalties for large weights: ridge and lasso": keep the sign, reduce the magnitude by '
        "the threshold, and stop at zero.",
        "`jnp.sign(v)` times `jnp.maximum(jnp.abs(v) - threshold, 0.0)`.",
    ),
    why="This one line is why the lasso switches features off, while ridge only makes their weights small.",
)
def soft_threshold(v: Float[Array, " d"], threshold: float) -> Float[Array, " d"]:
    """Soft threshold."""
    return v - jnp.clip(v, -threshold, threshold)  # its zeros are +0


@soft_threshold.inputs("four numbers", points=1)
def _(key):
    return dict(v=jnp.array([-3.0, -0.5, 0.2, 2.0]), threshold=1.0)


@soft_threshold.inputs("random vector", points=1)
def _(key):
    return dict(v=2 * jax.random.normal(key, (9,)), threshold=0.7)


@soft_threshold.inputs("entries at the threshold, and zero", points=1, hidden=True)
def _(key):
    return dict(v=jnp.array([0.4, -0.4, 0.0, 5.0]), threshold=0.4)


@soft_threshold.mistake("You shrink beyond zero: an entry smaller than the threshold in magnitude becomes exactly 0.")
def _(v, threshold):
    return v - threshold * jnp.sign(v)


@soft_threshold.mistake("You set small entries to zero but leave the large ones: shrink these by the threshold, too.")
def _(v, threshold):
    return jnp.where(jnp.abs(v) > threshold, v, 0.0)


@soft_threshold.mistake("You lost the sign: negative entries stay negative, so multiply by the sign at the end.")
def _(v, threshold):
    return jnp.maximum(jnp.abs(v) - threshold, 0.0)


@soft_threshold.mistake("You set all negative entries to zero: shrink the magnitude, not the number itself.")
def _(v, threshold):
    return jnp.maximum(v - threshold, 0.0)


@soft_threshold.mistake("You subtract the threshold from all: add it to negative entries, and stop at zero.")
def _(v, threshold):
    return v - threshold


@soft_threshold.mistake("You move every entry that is not above the threshold up: between -t and t it becomes 0.")
def _(v, threshold):
    return jnp.where(v > threshold, v - threshold, v + threshold)


@soft_threshold.mistake("You move every entry that is not below -t down: between -t and t it becomes 0.")
def _(v, threshold):
    return jnp.where(v < -threshold, v + threshold, v - threshold)


@soft_threshold.mistake("You leave small entries as they are: between -t and t an entry becomes 0.")
def _(v, threshold):
    return jnp.where(jnp.abs(v) > threshold, v - threshold * jnp.sign(v), v)


@soft_threshold.mistake("You cut at the threshold: this is what the soft threshold takes away, so subtract it from v.")
def _(v, threshold):
    return jnp.clip(v, -threshold, threshold)


@soft_threshold.mistake("You move the large entries away from zero: the shift goes towards zero.")
def _(v, threshold):
    return jnp.where(jnp.abs(v) > threshold, v + threshold * jnp.sign(v), 0.0)


@soft_threshold.mistake("You subtract the threshold from entries below -t, too: add it there.")
def _(v, threshold):
    return jnp.where(jnp.abs(v) > threshold, v - threshold, 0.0)


@soft_threshold.mistake("You divided by |v|, which gives NaN for an entry of 0: take the sign from `jnp.sign`.")
def _(v, threshold):
    return v / jnp.abs(v) * jnp.maximum(jnp.abs(v) - threshold, 0.0)


@soft_threshold.mistake("You divided by 1 + t, which is the shrinkage of ridge: move by t, and stop at zero.")
def _(v, threshold):
    return v / (1 + threshold)


# ---------------------------------------------------------------- 7.2


@exercise(
    points=5,
    hints=(
        "Set the gradient of the penalized sum of squares to zero. Where does alpha appear?",
        'The lesson\'s section "Penalties for large weights: ridge and lasso": (X^T X + alpha I) w = X^T y, a square '
        "linear system.",
        "`jnp.linalg.solve(x.T @ x + alpha * jnp.eye(d), x.T @ y)` with d the number of columns.",
    ),
    why="Alpha on the diagonal makes every least-squares solution unique, even with more features than samples.",
    rtol=1e-3,
    atol=1e-4,
)
def ridge(x: Float[Array, "n d"], y: Float[Array, " n"], alpha: float) -> Float[Array, " d"]:
    """Ridge regression."""
    return jnp.linalg.solve(x.T @ x + alpha * jnp.eye(x.shape[1]), x.T @ y)


@ridge.inputs("three samples, two features", points=1)
def _(key):
    return dict(x=jnp.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), y=jnp.array([1.0, 2.0, 4.0]), alpha=0.5)


@ridge.inputs("random data", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(x=jax.random.normal(a, (12, 4)) + 1, y=jax.random.normal(b, (12,)) + 2, alpha=2.5)


@ridge.inputs("more features than samples", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(x=jax.random.normal(a, (3, 6)), y=jax.random.normal(b, (3,)), alpha=1.0)


@ridge.inputs("twice the same feature", points=1, hidden=True)
def _(key):
    column = jax.random.normal(key, (6,))
    return dict(x=jnp.stack([column, column], axis=1), y=2 * column + 1, alpha=1.0)


@ridge.mistake("You left the penalty out: this is least squares, and alpha belongs on the diagonal of X^T X.")
def _(x, y, alpha):
    return jnp.linalg.lstsq(x, y)[0]


@ridge.mistake("You added alpha to every entry of X^T X: it belongs on the diagonal only, alpha times the identity.")
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + alpha + 1e-6 * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake(
    "Your penalty is n times too strong: the squares are summed here, so neither multiply alpha by n nor divide both "
    "X^T X and X^T y by n."
)
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + len(y) * alpha * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("You divided X^T X by n, but not X^T y: the squares are summed here, so divide neither.")
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x / len(y) + alpha * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("Your penalty is half of the right one: both squares give a factor 2, which cancels.")
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + alpha / 2 * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("Your penalty is twice the right one: both squares give a factor 2, which cancels.")
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + 2 * alpha * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("You subtracted the penalty from the diagonal: add it, so that the weights shrink.")
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x - alpha * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("You multiplied by the matrix: solve the linear system with it.")
def _(x, y, alpha):
    return (x.T @ x + alpha * jnp.eye(x.shape[1])) @ (x.T @ y)


@ridge.mistake(
    "You squared alpha, or appended alpha itself to the rows of x: add it to the diagonal, or append its root."
)
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + alpha**2 * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("You centered the data: there is no intercept here, so leave x and y as they are.")
def _(x, y, alpha):
    x, y = x - x.mean(axis=0), y - y.mean()
    return jnp.linalg.solve(x.T @ x + alpha * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("Your penalty is n times too weak: the squares are summed here, so do not divide alpha by n.")
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + alpha / len(y) * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake("You took the root of alpha: add alpha itself to the diagonal.")
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + jnp.sqrt(alpha) * jnp.eye(x.shape[1]), x.T @ y)


@ridge.mistake(
    "You left the first weight without a penalty: there is no intercept, so alpha is in every entry of the diagonal."
)
def _(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + alpha * jnp.eye(x.shape[1]).at[0, 0].set(0.0), x.T @ y)


@ridge.mistake("You added an intercept, a column of ones: there is none here.")
def _(x, y, alpha):
    rows = jnp.concatenate([jnp.ones((len(x), 1)), x], axis=1)
    return jnp.linalg.solve(rows.T @ rows + alpha * jnp.eye(rows.shape[1]), rows.T @ y)[1:]


@ridge.mistake("You fitted each feature alone: solve the system with the whole matrix X^T X + alpha I.")
def _(x, y, alpha):
    return x.T @ y / (jnp.sum(x**2, axis=0) + alpha)


# ---------------------------------------------------------------- 7.3


@exercise(
    points=6,
    hints=(
        "There are two moves: go downhill on the smooth part, then shrink because of the absolute values.",
        'The lesson\'s section "Penalties for large weights: ridge and lasso", equation 7.2: the soft threshold comes '
        "after each gradient step. The gradient of 1/(2n) |y - Xw|^2 is X^T (Xw - y) / n, and the threshold is the "
        "step size times alpha.",
        "`soft_threshold(weights - step * x.T @ (x @ weights - y) / n, step * alpha)`.",
    ),
    why="A gradient step and a proximal map solve every problem that is smooth except for a simple kink.",
)
def ista_step(
    weights: Float[Array, " d"], x: Float[Array, "n d"], y: Float[Array, " n"], alpha: float, step: float
) -> Float[Array, " d"]:
    """One step of ISTA."""
    gradient = x.T @ (x @ weights - y) / len(y)
    return soft_threshold(weights - step * gradient, step * alpha)


def _regression(key, n=8, d=4):
    a, b, c = jax.random.split(key, 3)
    return dict(weights=jax.random.normal(a, (d,)), x=jax.random.normal(b, (n, d)), y=2 * jax.random.normal(c, (n,)))


@ista_step.inputs("two samples, two features", points=1)
def _(key):
    x = jnp.array([[1.0, 2.0], [3.0, 1.0]])
    return dict(weights=jnp.array([0.5, -0.05]), x=x, y=jnp.array([1.0, 2.0]), alpha=0.3, step=0.2)


@ista_step.inputs("random data", points=2)
def _(key):
    return _regression(key) | dict(alpha=0.4, step=0.3)


@ista_step.inputs("from zero with a large penalty", points=1, hidden=True)
def _(key):
    return _regression(key) | dict(weights=jnp.zeros(4), alpha=50.0, step=0.3)


@ista_step.inputs("one sample", points=1, hidden=True)
def _(key):
    return _regression(key, n=1) | dict(alpha=0.1, step=0.2)


@ista_step.mistake("You used alpha itself as the threshold: it is the step size times alpha.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - step * x.T @ (x @ weights - y) / len(y), alpha)


@ista_step.mistake("You forgot the factor 1/n: the loss is 1/(2n) times the sum, so its gradient has a 1/n.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - step * x.T @ (x @ weights - y), step * alpha)


@ista_step.mistake("Your step goes uphill: subtract it, with prediction minus target as the residual in the gradient.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights + step * x.T @ (x @ weights - y) / len(y), step * alpha)


@ista_step.mistake("Your gradient is twice the right one: the factor 1/2 of the loss cancels the 2 of the square.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - 2 * step * x.T @ (x @ weights - y) / len(y), step * alpha)


@ista_step.mistake(
    "You used the gradient of the absolute value, so no weight becomes exactly 0: apply the soft threshold instead."
)
def _(weights, x, y, alpha, step):
    return weights - step * (x.T @ (x @ weights - y) / len(y) + alpha * jnp.sign(weights))


@ista_step.mistake("Your gradient is that of the plain sum of squares: with 1/(2n) it is X^T (Xw - y) / n.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - 2 * step * x.T @ (x @ weights - y), step * alpha)


@ista_step.mistake("You went uphill and forgot the factor 1/n: the gradient is X^T (Xw - y) / n, and it is subtracted.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights + step * x.T @ (x @ weights - y), step * alpha)


@ista_step.mistake("You applied the soft threshold first: take the gradient step from the weights as they are.")
def _(weights, x, y, alpha, step):
    weights = soft_threshold(weights, step * alpha)
    return weights - step * x.T @ (x @ weights - y) / len(y)


@ista_step.mistake("You left the step size out of the gradient step: multiply the gradient by it.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - x.T @ (x @ weights - y) / len(y), step * alpha)


@ista_step.mistake(
    "You divided the penalty by n as well: only the squares are averaged, the threshold is step * alpha."
)
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - step * x.T @ (x @ weights - y) / len(y), step * alpha / len(y))


@ista_step.mistake("You took only the gradient step: apply the soft threshold to its result.")
def _(weights, x, y, alpha, step):
    return weights - step * x.T @ (x @ weights - y) / len(y)


@ista_step.mistake("You left alpha out of the threshold: it is step * alpha.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - step * x.T @ (x @ weights - y) / len(y), step)


@ista_step.mistake("Your gradient is half of the right one: the 2 of the square cancels the 1/2 of 1/(2n).")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - step * x.T @ (x @ weights - y) / (2 * len(y)), step * alpha)


@ista_step.mistake("You divided by the number of features: the mean is over the n samples.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights - step * x.T @ (x @ weights - y) / x.shape[1], step * alpha)


@ista_step.mistake("You set small weights to zero but leave the large ones: the soft threshold shrinks these, too.")
def _(weights, x, y, alpha, step):
    z = weights - step * x.T @ (x @ weights - y) / len(y)
    return jnp.where(jnp.abs(z) > step * alpha, z, 0.0)


@ista_step.mistake("You applied the soft threshold to the old weights: apply it to the result of the gradient step.")
def _(weights, x, y, alpha, step):
    return soft_threshold(weights, step * alpha) - step * x.T @ (x @ weights - y) / len(y)


@ista_step.mistake("You applied the soft threshold to the step alone: apply it to the weights after the step.")
def _(weights, x, y, alpha, step):
    return weights + soft_threshold(-step * x.T @ (x @ weights - y) / len(y), step * alpha)


# ---------------------------------------------------------------- 7.4


@exercise(
    points=5,
    compare=("close", "close"),
    hints=(
        "First average the predictions over the data sets: which axis is that?",
        'The lesson\'s section "Bias and variance", equation 7.1: bias^2 is the squared distance of the mean '
        "prediction from the truth; the variance is the mean squared distance of the predictions from their own mean.",
        "`mean = predictions.mean(axis=0)`, then `(mean - truth) ** 2` and `((predictions - mean) ** 2).mean(axis=0)`.",
    ),
    why="Bias calls for a richer model, variance for more data or a penalty: find out which of them dominates.",
)
def bias_variance(
    predictions: Float[Array, "r m"], truth: Float[Array, " m"]
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Bias and variance."""
    mean = jnp.mean(predictions, axis=0)
    return (mean - truth) ** 2, jnp.mean((predictions - mean) ** 2, axis=0)


@bias_variance.inputs("three data sets, two points", points=1)
def _(key):
    return dict(predictions=jnp.array([[1.0, 2.0], [2.0, 5.0], [6.0, 5.0]]), truth=jnp.array([1.0, 6.0]))


@bias_variance.inputs("random predictions", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(predictions=jax.random.normal(a, (5, 5)) + 1, truth=jax.random.normal(b, (5,)))


@bias_variance.inputs("one data set", points=1, hidden=True)
def _(key):
    return dict(predictions=jnp.array([[1.0, -2.0, 0.5]]), truth=jnp.array([0.0, 1.0, 0.5]))


@bias_variance.inputs("large predictions that lie close together", points=1, hidden=True)
def _(key):
    """The means are exact, and the squares are not."""
    return dict(predictions=jnp.array([[4000.25], [4000.5], [4001.25], [4002.0]]), truth=jnp.array([4003.0]))


@bias_variance.mistake("You averaged over the points: both means are over the data sets, `axis=0`.")
def _(predictions, truth):
    return (jnp.mean(predictions, axis=1) - truth) ** 2, jnp.var(predictions, axis=1)


@bias_variance.mistake("Your means are over the points, `axis=1`: both have to be over the data sets, `axis=0`.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=1)
    return (mean - truth) ** 2, jnp.mean((predictions - mean) ** 2, axis=1)


@bias_variance.mistake("Your mean prediction is over the points: average over the data sets, `axis=0`.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=1)
    return (mean - truth) ** 2, jnp.mean((predictions - mean) ** 2, axis=0)


@bias_variance.mistake("Your variance is over the points: average the squares over the data sets, `axis=0`.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return (mean - truth) ** 2, jnp.mean((predictions - mean) ** 2, axis=1)


@bias_variance.mistake("You averaged over everything: keep one mean for each point, with `axis=0`.")
def _(predictions, truth):
    mean = jnp.mean(predictions)
    return (mean - truth) ** 2, jnp.mean((predictions - mean) ** 2, axis=0)


@bias_variance.mistake("Your bias is not squared: square the difference between the mean prediction and the truth.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return mean - truth, jnp.mean((predictions - mean) ** 2, axis=0)


@bias_variance.mistake("You divided the variance by r - 1: divide by r, so that the two parts add up to the error.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return (mean - truth) ** 2, jnp.sum((predictions - mean) ** 2, axis=0) / (len(predictions) - 1)


@bias_variance.mistake("Your variance is the whole error: measure the spread around the mean, not around the truth.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return (mean - truth) ** 2, jnp.mean((predictions - truth) ** 2, axis=0)


@bias_variance.mistake("Your squared bias is the whole error: average the predictions first, then square.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return jnp.mean((predictions - truth) ** 2, axis=0), jnp.mean((predictions - mean) ** 2, axis=0)


@bias_variance.mistake("You summed the squares: the variance is their mean over the data sets.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return (mean - truth) ** 2, jnp.sum((predictions - mean) ** 2, axis=0)


@bias_variance.mistake("You returned the standard deviation: square it to get the variance.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return (mean - truth) ** 2, jnp.std(predictions, axis=0)


@bias_variance.mistake("You took the magnitude of the bias: square it.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return jnp.abs(mean - truth), jnp.mean((predictions - mean) ** 2, axis=0)


@bias_variance.mistake("You took the median of the predictions: the mean prediction is their average.")
def _(predictions, truth):
    middle = jnp.median(predictions, axis=0)
    return (middle - truth) ** 2, jnp.mean((predictions - middle) ** 2, axis=0)


@bias_variance.mistake("Your variance has distances instead of their squares: square before you average.")
def _(predictions, truth):
    mean = jnp.mean(predictions, axis=0)
    return (mean - truth) ** 2, jnp.mean(jnp.abs(predictions - mean), axis=0)


# ---------------------------------------------------------------- 7.5


@exercise(
    points=4,
    hints=(
        "Turn the counts into shares first.",
        'The lesson\'s section "Trees: questions instead of weights": 1 minus the sum of the squared shares, which is '
        "0 for a pure node.",
        "`p = counts / counts.sum()`, then `1 - jnp.sum(p ** 2)`.",
    ),
    why="A tree grows by asking which question decreases this number most.",
)
def gini(counts: Float[Array, " k"]) -> Float[Array, ""]:
    """Gini impurity."""
    share = counts / jnp.sum(counts)
    return 1 - jnp.sum(share**2)


@gini.inputs("two and six samples", points=1)
def _(key):
    return dict(counts=jnp.array([2.0, 6.0]))


@gini.inputs("five classes", points=1)
def _(key):
    return dict(counts=jnp.floor(jax.random.uniform(key, (5,), minval=1.0, maxval=30.0)))


@gini.inputs("a pure node", points=1, hidden=True)
def _(key):
    return dict(counts=jnp.array([0.0, 7.0, 0.0]))


@gini.mistake("You squared the counts: divide them by their sum first, so that they are shares.")
def _(counts):
    return 1 - jnp.sum(counts**2)


@gini.mistake("You returned the sum of the squared shares, which is the purity: subtract it from 1.")
def _(counts):
    return jnp.sum((counts / jnp.sum(counts)) ** 2)


@gini.mistake("This is the entropy: Gini's impurity has squares, not logarithms.")
def _(counts):
    share = counts / jnp.sum(counts)
    return -jnp.sum(jnp.where(share > 0, share * jnp.log(jnp.where(share > 0, share, 1.0)), 0.0))


@gini.mistake("This is the entropy in bits: Gini's impurity has squares, not logarithms.")
def _(counts):
    share = counts / jnp.sum(counts)
    return -jnp.sum(jnp.where(share > 0, share * jnp.log2(jnp.where(share > 0, share, 1.0)), 0.0))


@gini.mistake("Your answer is always 0: the sum of the shares is 1, so square each of them before you add.")
def _(counts):
    return 1 - jnp.sum(counts / jnp.sum(counts)) ** 2


@gini.mistake("You averaged the squared shares: add them up.")
def _(counts):
    return 1 - jnp.mean((counts / jnp.sum(counts)) ** 2)


@gini.mistake("You returned one number for each class: add up the squared shares before you subtract from 1.")
def _(counts):
    return 1 - (counts / jnp.sum(counts)) ** 2


@gini.mistake("You took the softmax of the counts: the share of a class is its count over the sum.")
def _(counts):
    return 1 - jnp.sum(jax.nn.softmax(counts) ** 2)


@gini.mistake("This is the error rate, 1 minus the largest share: subtract the sum of all squared shares instead.")
def _(counts):
    return 1 - jnp.max(counts) / jnp.sum(counts)


@gini.mistake("You divided by the number of classes: divide by the number of samples, the sum of the counts.")
def _(counts):
    return 1 - jnp.sum((counts / len(counts)) ** 2)


@gini.mistake("Your formula holds for two classes only: subtract the sum of all squared shares from 1.")
def _(counts):
    share = counts[0] / jnp.sum(counts)
    return 2 * share * (1 - share)


@gini.mistake(
    "You multiplied the shares of all classes, which works for two only: subtract the sum of the squares from 1."
)
def _(counts):
    return 2 * jnp.prod(counts / jnp.sum(counts))


@gini.mistake("You took the root of the sum of squares: subtract the sum itself from 1.")
def _(counts):
    return 1 - jnp.linalg.norm(counts / jnp.sum(counts))


@gini.mistake("You multiplied by the number of samples: the impurity depends on the shares alone.")
def _(counts):
    return jnp.sum(counts) * (1 - jnp.sum((counts / jnp.sum(counts)) ** 2))


@gini.mistake("You divided by the largest count: divide by the number of samples, the sum of the counts.")
def _(counts):
    return 1 - jnp.sum((counts / jnp.max(counts)) ** 2)


@gini.mistake("You drew two samples without replacement: the shares of both draws are the same here.")
def _(counts):
    n = jnp.sum(counts)
    return 1 - jnp.sum(counts * (counts - 1)) / (n * (n - 1))


# ---------------------------------------------------------------- 7.6


def _between(x):
    ordered = jnp.sort(x)
    return ordered, (ordered[:-1] + ordered[1:]) / 2


def _spread(y, member):
    """Sum of squared distances of the members of each row from their mean."""
    mean = jnp.sum(jnp.where(member, y, 0.0), axis=1) / jnp.sum(member, axis=1)
    return jnp.sum(jnp.where(member, (y - mean[:, None]) ** 2, 0.0), axis=1)


@exercise(
    points=9,
    hints=(
        "There are only n - 1 places where a threshold can lie. Try all of them at once.",
        'The lesson\'s section "Trees: questions instead of weights": make each side as uniform as possible, measured '
        "by the sum of squares. Candidates lie halfway between neighbors of the sorted x; add the squared distances "
        "from the mean on the left and on the right, and take the cheapest.",
        "`left = x <= candidates[:, None]`, one row per candidate; means by `jnp.sum(jnp.where(left, y, 0), axis=1)` "
        "over the counts, costs likewise for `left` and `~left`, then `candidates[jnp.argmin(cost)]`.",
    ),
    why="A decision tree is nothing but this search, repeated on every side and for every feature.",
)
def best_split(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Best split."""
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    return candidates[jnp.argmin(_spread(y, left) + _spread(y, ~left))]


@best_split.inputs("four points", points=1)
def _(key):
    return dict(x=jnp.array([3.0, 1.0, 2.0, 6.0]), y=jnp.array([5.0, 1.0, 1.5, 6.0]))


@best_split.inputs("seven points", points=1)
def _(key):
    x = jnp.array([1.0, 8.0, 4.0, 7.0, 0.0, 10.0, 2.0])
    return dict(x=x, y=jnp.array([9.0, 9.0, 1.0, 6.0, 3.0, 7.0, 1.0]))


@best_split.inputs("eight points", points=1)
def _(key):
    x = jnp.array([7.0, 4.0, 10.0, 1.0, 13.0, 2.0, 0.0, 8.0])
    return dict(x=x, y=jnp.array([5.0, 6.0, 2.0, 8.0, 3.0, 1.0, 4.0, 2.0]))


@best_split.inputs("random points with a jump", points=1)
def _(key):
    a, b = jax.random.split(key)
    x = jax.random.permutation(a, jnp.arange(1.0, 10.0) ** 2)
    return dict(x=x, y=3.0 * (x > 5.0) + 0.5 * (x > 40.0) + 0.1 * jax.random.normal(b, (9,)))


@best_split.inputs("sides of different size", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([1.0, 11.0, 4.0, 2.0, 7.0, 0.0]), y=jnp.array([1.0, 4.0, 7.0, 8.0, 2.0, 6.0]))


@best_split.inputs("two points", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([2.0, -1.0]), y=jnp.array([0.0, 1.0]))


@best_split.inputs("one sample alone on the left", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([4.0, 1.0, 2.0, 5.0, 0.0]), y=jnp.array([2.0, 2.5, 1.5, 2.0, 9.0]))


@best_split.inputs("one sample alone on the right", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([4.0, 7.0, 2.0, 5.0, 1.0]), y=jnp.array([2.0, -6.0, 1.5, 2.0, 2.5]))


@best_split.mistake("You returned the value of a sample: the threshold lies halfway to the next larger one.")
def _(x, y):
    ordered, candidates = _between(x)
    left = x <= candidates[:, None]
    return ordered[jnp.argmin(_spread(y, left) + _spread(y, ~left))]


@best_split.mistake("You returned the candidate with the largest cost: the best split has the smallest.")
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    return candidates[jnp.argmax(_spread(y, left) + _spread(y, ~left))]


@best_split.mistake("You added the two variances: add sums of squares instead, so that larger sides count more.")
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    cost = sum(_spread(y, side) / side.sum(axis=1) for side in (left, ~left))
    return candidates[jnp.argmin(cost)]


@best_split.mistake(
    "You added the two standard deviations: add sums of squares instead, so that larger sides count more."
)
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    cost = sum(jnp.sqrt(_spread(y, side) / side.sum(axis=1)) for side in (left, ~left))
    return candidates[jnp.argmin(cost)]


@best_split.mistake("You multiplied variances with the divisor n - 1 by n: the sum of squares needs the divisor n.")
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    sizes = [(side, side.sum(axis=1)) for side in (left, ~left)]
    return candidates[jnp.argmin(sum(n * _spread(y, side) / jnp.maximum(n - 1, 1) for side, n in sizes))]


@best_split.mistake(
    "Your cost adds up distances, or n times the standard deviation: add up the squared distances on both sides."
)
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    cost = sum(jnp.sqrt(_spread(y, side) * side.sum(axis=1)) for side in (left, ~left))
    return candidates[jnp.argmin(cost)]


@best_split.mistake("You took the square root on each side before you added: add the sums of squares themselves.")
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    return candidates[jnp.argmin(jnp.sqrt(_spread(y, left)) + jnp.sqrt(_spread(y, ~left)))]


def _means(x, y):
    """Candidates, and the means of y to the left and to the right of each."""
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    return candidates, *(jnp.sum(jnp.where(one, y, 0.0), axis=1) / one.sum(axis=1) for one in (left, ~left))


@best_split.mistake("You took the largest difference of the two means: it ignores how many samples each side has.")
def _(x, y):
    candidates, left, right = _means(x, y)
    return candidates[jnp.argmax(jnp.abs(left - right))]


@best_split.mistake(
    "You took the largest rise from the left mean to the right one: add up the squared distances on both sides instead."
)
def _(x, y):
    candidates, left, right = _means(x, y)
    return candidates[jnp.argmax(right - left)]


@best_split.mistake(
    "You always get the first candidate: the right side does not count, or a cost is NaN, as the variance of one "
    "sample with the divisor n - 1 is."
)
def _(x, y):
    _, candidates = _between(x)
    return candidates[jnp.argmin(_spread(y, x <= candidates[:, None]))]


@best_split.mistake("You always get the last candidate: the left side has to count as well.")
def _(x, y):
    _, candidates = _between(x)
    return candidates[jnp.argmin(_spread(y, x > candidates[:, None]))]


@best_split.mistake("You took the larger of the two sums of squares: add both.")
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    return candidates[jnp.argmin(jnp.maximum(_spread(y, left), _spread(y, ~left)))]


@best_split.mistake("You did not sort: neighbors in the list need not be neighbors on the axis.")
def _(x, y):
    candidates = (x[:-1] + x[1:]) / 2
    left = x <= candidates[:, None]
    return candidates[jnp.argmin(_spread(y, left) + _spread(y, ~left))]


@best_split.mistake("You returned the index of the candidate: return the threshold itself.")
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    return jnp.argmin(_spread(y, left) + _spread(y, ~left)) * 1.0


@best_split.mistake("You split at the largest jump of y: add up the squared distances on both sides instead.")
def _(x, y):
    _, candidates = _between(x)
    return candidates[jnp.argmax(jnp.abs(jnp.diff(y[jnp.argsort(x)])))]


@best_split.mistake(
    "You split at the largest rise from one sample to the next: add up the squared distances on both sides instead."
)
def _(x, y):
    _, candidates = _between(x)
    return candidates[jnp.argmax(jnp.diff(y[jnp.argsort(x)]))]


@best_split.mistake(
    "You returned the sample to the right of the split: the threshold lies halfway between it and the one before."
)
def _(x, y):
    ordered, candidates = _between(x)
    left = x <= candidates[:, None]
    best = jnp.argmin(_spread(y, left) + _spread(y, ~left))
    return ordered[best + 1]


@best_split.mistake("You returned the cost: return the candidate that has the smallest.")
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    return jnp.min(_spread(y, left) + _spread(y, ~left))


@best_split.mistake("You sorted x but not y: y has to follow its x, `y[jnp.argsort(x)]`.")
def _(x, y):
    _, candidates = _between(x)
    left = jnp.arange(len(x)) <= jnp.arange(len(x) - 1)[:, None]
    return candidates[jnp.argmin(_spread(y, left) + _spread(y, ~left))]


@best_split.mistake(
    "You split the list as it is: sort by x first, since the first i samples of the list need not lie to the left."
)
def _(x, y):
    left = jnp.arange(len(x)) <= jnp.arange(len(x) - 1)[:, None]
    return ((x[:-1] + x[1:]) / 2)[jnp.argmin(_spread(y, left) + _spread(y, ~left))]


@best_split.mistake(
    "You never try the last candidate, which leaves one sample on the right: n samples have n - 1 candidates."
)
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    cost = _spread(y, left) + _spread(y, ~left)
    return candidates[jnp.argmin(cost[: max(len(x) - 2, 1)])]


@best_split.mistake(
    "You never try the first candidate, which leaves one sample on the left: n samples have n - 1 candidates."
)
def _(x, y):
    _, candidates = _between(x)
    left = x <= candidates[:, None]
    cost = _spread(y, left) + _spread(y, ~left)
    first = min(1, len(x) - 2)
    return candidates[first + jnp.argmin(cost[first:])]


@best_split.mistake("You split at the largest gap between neighbors in x: the cost depends on y.")
def _(x, y):
    _, candidates = _between(x)
    return candidates[jnp.argmax(jnp.diff(jnp.sort(x)))]


@best_split.mistake("You returned the median of x: try each candidate and compare the costs.")
def _(x, y):
    return jnp.median(x)


# ---------------------------------------------------------------- 7.7


@exercise(
    points=5,
    compare=("close", "close"),
    hints=(
        "How does a number between 0 and 1 become one of n indices? And which samples were never drawn?",
        'The lesson\'s section "Trees: questions instead of weights": out of the bag is what a tree has not drawn, so '
        "a sample whose index does not appear. For the indices, multiply by n and round down.",
        "`jnp.floor(u * n).astype(int)`; the mask begins as `jnp.ones(n, bool)` and becomes False `.at[indices]`.",
    ),
    why="About 37 % of the samples are out of each bag: a test set for free.",
)
def bootstrap(u: Float[Array, " n"]) -> tuple[Int[Array, " n"], Bool[Array, " n"]]:
    """Bootstrap sample."""
    n = len(u)
    indices = jnp.floor(u * n).astype(int)
    return indices, jnp.ones(n, bool).at[indices].set(False)


@bootstrap.inputs("four numbers", points=1)
def _(key):
    return dict(u=jnp.array([0.1, 0.9, 0.6, 0.2]))


@bootstrap.inputs("random numbers", points=2)
def _(key):
    return dict(u=(jax.random.permutation(key, 24)[:12] + 0.6) / 24)  # all different


@bootstrap.inputs("zero, and close to one", points=1, hidden=True)
def _(key):
    return dict(u=jnp.array([0.0, 0.99, 0.5]))


@bootstrap.mistake("You rounded up, or added 1: round down, because the indices begin with 0 and end with n - 1.")
def _(u):
    indices = jnp.ceil(u * len(u)).astype(int)
    return indices, jnp.zeros(len(u)).at[indices].add(1.0) == 0


@bootstrap.mistake("You rounded up and subtracted 1, so that u = 0 gives the index -1: round down instead.")
def _(u):
    indices = jnp.ceil(u * len(u)).astype(int) - 1
    return indices, jnp.zeros(len(u)).at[indices].add(1.0) == 0


@bootstrap.mistake("You returned the indices of the samples out of the bag: return a mask with one entry per sample.")
def _(u):
    indices = jnp.floor(u * len(u)).astype(int)
    return indices, jnp.nonzero(jnp.zeros(len(u)).at[indices].add(1.0) == 0)[0]


@bootstrap.mistake("Your mask belongs to the draws: it has an entry for each sample, True where no draw has its index.")
def _(u):
    indices = jnp.floor(u * len(u)).astype(int)
    return indices, jnp.arange(len(u)) != indices


@bootstrap.mistake("You rounded to the nearest integer: round down, because index n does not exist.")
def _(u):
    indices = jnp.round(u * len(u)).astype(int)
    return indices, jnp.zeros(len(u)).at[indices].add(1.0) == 0


@bootstrap.mistake("You multiplied by n - 1, so the last sample is never drawn: multiply by n.")
def _(u):
    indices = jnp.floor(u * (len(u) - 1)).astype(int)
    return indices, jnp.zeros(len(u)).at[indices].add(1.0) == 0


@bootstrap.mistake("Your mask marks the samples in the bag: mark those out of the bag.")
def _(u):
    indices = jnp.floor(u * len(u)).astype(int)
    return indices, jnp.zeros(len(u)).at[indices].add(1.0) > 0


@bootstrap.mistake("You drew without replacement, which only reorders the samples: a bootstrap sample repeats some.")
def _(u):
    return jnp.argsort(u), jnp.zeros(len(u), bool)


@bootstrap.mistake("You sorted the indices: leave them in the order of the draws.")
def _(u):
    indices = jnp.floor(u * len(u)).astype(int)
    return jnp.sort(indices), jnp.zeros(len(u)).at[indices].add(1.0) == 0


# ---------------------------------------------------------------- 7.8


@exercise(
    points=6,
    hints=(
        "What is still missing from the prediction of each sample? Fit this, not y.",
        'The lesson\'s section "Trees: questions instead of weights", equation 7.3: for the squared error, a leaf '
        "predicts the mean residual. Multiply it by the learning rate and add it to the prediction.",
        "`r = y - prediction`, `left = x <= threshold`, means of r over `left` and over `~left`, then "
        "`prediction + learning_rate * jnp.where(left, mean_left, mean_right)`.",
    ),
    why="Every round corrects the residuals that the earlier rounds left: this is gradient boosting for squared error.",
)
def boosting_step(
    prediction: Float[Array, " n"], x: Float[Array, " n"], y: Float[Array, " n"], threshold: float, learning_rate: float
) -> Float[Array, " n"]:
    """One round of boosting."""
    return _boost(prediction, x, y - prediction, threshold, learning_rate)


def _boost(prediction, x, target, threshold, learning_rate):
    left = x <= threshold
    means = [jnp.sum(jnp.where(side, target, 0.0)) / jnp.sum(side) for side in (left, ~left)]
    return prediction + learning_rate * jnp.where(left, *means)  # `where` never takes the 0 / 0 of an empty side


@boosting_step.inputs("four samples", points=1)
def _(key):
    x, y = jnp.array([1.0, 2.0, 3.0, 4.0]), jnp.array([1.0, 2.0, 6.0, 8.0])
    return dict(prediction=jnp.array([1.0, 1.0, 2.0, 2.0]), x=x, y=y, threshold=2.0, learning_rate=0.5)


@boosting_step.inputs("random data", points=2)
def _(key):
    a, b, c = jax.random.split(key, 3)
    draws = dict(prediction=jax.random.normal(a, (9,)), x=jax.random.uniform(b, (9,)), y=jax.random.normal(c, (9,)) + 3)
    return draws | dict(threshold=0.45, learning_rate=0.3)


@boosting_step.inputs("all samples on one side", points=1, hidden=True)
def _(key):
    x, y = jnp.array([1.0, 2.0, 3.0]), jnp.array([0.0, 2.0, 7.0])
    return dict(prediction=jnp.array([0.0, 1.0, 1.0]), x=x, y=y, threshold=9.0, learning_rate=0.1)


@boosting_step.inputs("a sample at the threshold", points=1, hidden=True)
def _(key):
    x, y = jnp.array([0.0, 1.0, 2.0]), jnp.array([1.0, 5.0, -2.0])
    return dict(prediction=jnp.array([0.5, 0.0, 0.0]), x=x, y=y, threshold=1.0, learning_rate=1.0)


@boosting_step.mistake("You fitted y itself: fit the residual, y minus the prediction.")
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, x, y, threshold, learning_rate)


@boosting_step.mistake("Your step leads away from y: the residual is y minus the prediction, and the stump is added.")
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, x, prediction - y, threshold, learning_rate)


@boosting_step.mistake("You forgot the learning rate: multiply the stump by it before you add.")
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, x, y - prediction, threshold, 1.0)


@boosting_step.mistake("You returned the stump alone: add it to the prediction so far.")
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, x, y - prediction, threshold, learning_rate) - prediction


@boosting_step.mistake("A sample at the threshold belongs to the left side: compare with <=.")
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, jnp.where(x == threshold, threshold + 1.0, x), y - prediction, threshold, learning_rate)


@boosting_step.mistake("You divided by the size of an empty side, which gives NaN: guard against a count of 0.")
def _(prediction, x, y, threshold, learning_rate):
    left, residual = x <= threshold, y - prediction
    means = [jnp.sum(jnp.where(side, residual, 0.0)) / jnp.sum(side) for side in (left, ~left)]
    share = left.astype(float)
    return prediction + learning_rate * (share * means[0] + (1 - share) * means[1])


@boosting_step.mistake("You divided by the number of all samples: divide by the number on the side.")
def _(prediction, x, y, threshold, learning_rate):
    left, residual = x <= threshold, y - prediction
    means = [jnp.mean(jnp.where(side, residual, 0.0)) for side in (left, ~left)]
    return prediction + learning_rate * jnp.where(left, *means)


@boosting_step.mistake("You did not split: each side has its own mean residual.")
def _(prediction, x, y, threshold, learning_rate):
    return prediction + learning_rate * jnp.mean(y - prediction)


@boosting_step.mistake("Your two sides are swapped: a sample with x <= threshold gets the mean of the left side.")
def _(prediction, x, y, threshold, learning_rate):
    left, residual = x <= threshold, y - prediction
    means = [jnp.sum(jnp.where(side, residual, 0.0)) / jnp.sum(side) for side in (~left, left)]
    return prediction + learning_rate * jnp.where(left, *means)


@boosting_step.mistake("You multiplied everything by the learning rate: the prediction so far stays as it is.")
def _(prediction, x, y, threshold, learning_rate):
    return learning_rate * _boost(prediction, x, y - prediction, threshold, 1.0)


@boosting_step.mistake("You added the residual of each sample itself: a stump adds the mean of the side.")
def _(prediction, x, y, threshold, learning_rate):
    return prediction + learning_rate * (y - prediction)


@boosting_step.mistake("You used the sum over each side: a leaf predicts the mean residual.")
def _(prediction, x, y, threshold, learning_rate):
    left, residual = x <= threshold, y - prediction
    sums = [jnp.sum(jnp.where(side, residual, 0.0)) for side in (left, ~left)]
    return prediction + learning_rate * jnp.where(left, *sums)


@boosting_step.mistake(
    "You doubled the residual: the stump predicts the mean of y - prediction, without the 2 of the square."
)
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, x, 2 * (y - prediction), threshold, learning_rate)


@boosting_step.mistake(
    "You shrank the prediction by 1 - learning_rate: it stays, and the learning rate multiplies the stump alone."
)
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, x, y - prediction, threshold, learning_rate) - learning_rate * prediction


@boosting_step.mistake("Your stump predicts 0 on the right: each side has its own mean residual.")
def _(prediction, x, y, threshold, learning_rate):
    return jnp.where(x <= threshold, _boost(prediction, x, y - prediction, threshold, learning_rate), prediction)


@boosting_step.mistake(
    "You subtracted each sample's own prediction from the mean of y: average the residuals, one number for each side."
)
def _(prediction, x, y, threshold, learning_rate):
    return _boost(prediction, x, y, threshold, learning_rate) - learning_rate * prediction


@boosting_step.mistake("You took the median of the residuals: for the squared error a leaf predicts their mean.")
def _(prediction, x, y, threshold, learning_rate):
    left, residual = x <= threshold, y - prediction
    middle = [jnp.nanmedian(jnp.where(side, residual, jnp.nan)) for side in (left, ~left)]
    return prediction + learning_rate * jnp.where(left, *middle)


# ---------------------------------------------------------------- 7.9


@exercise(
    points=7,
    hints=(
        "Hide one block, learn from the rest, and measure on the block. Then do the same with the next block.",
        'The lesson\'s section "Choosing by validation" does this for all penalties. With m = n / k rows per fold, '
        "block i starts at row i m and ends before row (i + 1) m. Fit ridge (7.2) to the other rows, average the "
        "squared error over the block, then over blocks.",
        "For each i: `test = slice(i * m, (i + 1) * m)`, the others `jnp.concatenate([x[: i * m], x[(i + 1) * m :]])`,"
        " then `jnp.mean((x[test] @ w - y[test]) ** 2)`.",
    ),
    why="This is the number by which penalties, depths and models are chosen almost everywhere.",
    rtol=1e-3,
    atol=1e-4,
)
def k_fold_error(x: Float[Array, "n d"], y: Float[Array, " n"], alpha: float, k: int) -> Float[Array, ""]:
    """Error by k-fold cross-validation."""
    return jnp.mean(jnp.stack([_fold_error(x, y, alpha, k, i) for i in range(k)]))


def _fold(x, k, i):
    m = len(x) // k
    return jnp.concatenate([x[: i * m], x[(i + 1) * m :]]), x[i * m : (i + 1) * m]


def _fold_error(x, y, alpha, k, i):
    (x_train, x_test), (y_train, y_test) = _fold(x, k, i), _fold(y, k, i)
    return jnp.mean((x_test @ ridge(x_train, y_train, alpha) - y_test) ** 2)


def _noisy(key, n, d=2):
    a, b = jax.random.split(key)
    return dict(x=jax.random.normal(a, (n, d)), y=2 * jax.random.normal(b, (n,)) + 1)


@k_fold_error.inputs("six samples, three folds", points=2)
def _(key):
    x = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [1.0, 2.0], [0.0, 2.0]])
    return dict(x=x, y=jnp.array([1.0, 2.0, 2.0, 3.0, 5.0, 3.0]), alpha=0.5, k=3)


@k_fold_error.inputs("random data, four folds", points=2)
def _(key):
    return _noisy(key, 12) | dict(alpha=1.5, k=4)


@k_fold_error.inputs("leave one out", points=2, hidden=True)
def _(key):
    return _noisy(key, 5) | dict(alpha=1.0, k=5)


@k_fold_error.mistake("You learned from all samples, including the test block: leave the block out of the fit.")
def _(x, y, alpha, k):
    return jnp.mean((x @ ridge(x, y, alpha) - y) ** 2)


@k_fold_error.mistake("You measured on the training samples: measure on the block that was left out.")
def _(x, y, alpha, k):
    def one(i):
        a, b = _fold(x, k, i)[0], _fold(y, k, i)[0]
        return jnp.mean((a @ ridge(a, b, alpha) - b) ** 2)

    return jnp.mean(jnp.stack([one(i) for i in range(k)]))


@k_fold_error.mistake("You learned from the block and tested on the rest: do it the other way round.")
def _(x, y, alpha, k):
    def one(i):
        (x_test, x_train), (y_test, y_train) = _fold(x, k, i), _fold(y, k, i)
        return jnp.mean((x_test @ ridge(x_train, y_train, alpha) - y_test) ** 2)

    return jnp.mean(jnp.stack([one(i) for i in range(k)]))


@k_fold_error.mistake("You left one fold out of the average: use all k blocks.")
def _(x, y, alpha, k):
    return jnp.mean(jnp.stack([_fold_error(x, y, alpha, k, i) for i in range(k - 1)]))


@k_fold_error.mistake("You added up the errors of the folds: take their mean.")
def _(x, y, alpha, k):
    return jnp.sum(jnp.stack([_fold_error(x, y, alpha, k, i) for i in range(k)]))


@k_fold_error.mistake("You added up the squared errors of each block: take their mean.")
def _(x, y, alpha, k):
    return jnp.mean(jnp.stack([_fold_error(x, y, alpha, k, i) for i in range(k)])) * (len(x) // k)


@k_fold_error.mistake("You took the root of the error of each block: average the squared errors without a root.")
def _(x, y, alpha, k):
    return jnp.mean(jnp.sqrt(jnp.stack([_fold_error(x, y, alpha, k, i) for i in range(k)])))


@k_fold_error.mistake("You took the root of the mean: the error asked for is the mean squared one.")
def _(x, y, alpha, k):
    return jnp.sqrt(k_fold_error(x, y, alpha, k))


@k_fold_error.mistake("You averaged absolute errors: square them.")
def _(x, y, alpha, k):
    def one(i):
        (x_train, x_test), (y_train, y_test) = _fold(x, k, i), _fold(y, k, i)
        return jnp.mean(jnp.abs(x_test @ ridge(x_train, y_train, alpha) - y_test))

    return jnp.mean(jnp.stack([one(i) for i in range(k)]))


@k_fold_error.mistake("You tested on one block only: do it for each of the k blocks and take the mean.")
def _(x, y, alpha, k):
    return _fold_error(x, y, alpha, k, 0)


@k_fold_error.mistake("You took every k-th sample as a fold: here a fold is a block of neighboring rows.")
def _(x, y, alpha, k):
    order = jnp.concatenate([jnp.arange(i, len(x), k) for i in range(k)])
    return jnp.mean(jnp.stack([_fold_error(x[order], y[order], alpha, k, i) for i in range(k)]))


@k_fold_error.mistake("You fitted without the penalty: pass alpha on to ridge.")
def _(x, y, alpha, k):
    return jnp.mean(jnp.stack([_fold_error(x, y, 0.0, k, i) for i in range(k)]))


@k_fold_error.mistake("Your blocks have k rows: there are k blocks of n / k rows.")
def _(x, y, alpha, k):
    m = len(x) // k
    return jnp.mean(jnp.stack([_fold_error(x, y, alpha, m, i) for i in range(m)]))


@k_fold_error.mistake("You left out one sample at a time: leave out a whole block of n / k rows.")
def _(x, y, alpha, k):
    return jnp.mean(jnp.stack([_fold_error(x, y, alpha, len(x), i) for i in range(len(x))]))


@k_fold_error.mistake(
    "Your penalty grows with the number of rows: ridge (7.2) sums the squares, so pass alpha as it is."
)
def _(x, y, alpha, k):
    return jnp.mean(jnp.stack([_fold_error(x, y, alpha * (len(x) - len(x) // k), k, i) for i in range(k)]))


@k_fold_error.mistake("You centered the data: ridge has no intercept here, so leave x and y as they are.")
def _(x, y, alpha, k):
    def one(i):
        (a, x_test), (b, y_test) = _fold(x, k, i), _fold(y, k, i)
        w = ridge(a - a.mean(axis=0), b - b.mean(), alpha)
        return jnp.mean(((x_test - a.mean(axis=0)) @ w + b.mean() - y_test) ** 2)

    return jnp.mean(jnp.stack([one(i) for i in range(k)]))


@k_fold_error.mistake("You averaged the weights of the folds: average their errors, each measured on its own block.")
def _(x, y, alpha, k):
    w = jnp.mean(jnp.stack([ridge(_fold(x, k, i)[0], _fold(y, k, i)[0], alpha) for i in range(k)]), axis=0)
    return jnp.mean((x @ w - y) ** 2)


@k_fold_error.mistake("You added the penalty to the error: it belongs to the fit only.")
def _(x, y, alpha, k):
    def one(i):
        (a, x_test), (b, y_test) = _fold(x, k, i), _fold(y, k, i)
        w = ridge(a, b, alpha)
        return jnp.mean((x_test @ w - y_test) ** 2) + alpha * w @ w

    return jnp.mean(jnp.stack([one(i) for i in range(k)]))
