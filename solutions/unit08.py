"""Unit 8, probability, noise and likelihood: the reference answers and their specification."""

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln

from exercises.given import Array, Float, Int
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 8.1


@exercise(
    points=6,
    hints=(
        "Take the logarithm of the normal density, term by term, and change its sign. Which terms are there?",
        'The lesson\'s section "A loss is a noise model", equation 8.1: half the squared residual in units of the '
        "scale, the logarithm of the scale, and half the logarithm of 2 pi; then the mean over the samples.",
        "`z = (y - mean) / scale`, then `jnp.mean(0.5 * z**2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))`.",
    ),
    why="Least squares is this loss with a scale that is the same everywhere: now you know what it assumes.",
)
def gaussian_nll(y: Float[Array, " n"], mean: Float[Array, " n"], scale: float) -> Float[Array, ""]:
    """Negative log-likelihood of normal noise."""
    z = (y - mean) / scale
    return jnp.mean(0.5 * z**2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))


@gaussian_nll.inputs("three measurements, scale 2", points=1)
def _(key):
    return dict(y=jnp.array([1.0, 2.0, 4.0]), mean=jnp.array([0.0, 2.5, 3.0]), scale=2.0)


@gaussian_nll.inputs("random residuals", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(y=jax.random.normal(a, (9,)), mean=jax.random.normal(b, (9,)), scale=0.6)


@gaussian_nll.inputs("many measurements, some far from what is predicted", points=1, hidden=True)
def _(key):  # the product of their densities is 0, and so are single ones
    return dict(y=jax.random.normal(key, (200,)).at[:2].set(20.0), mean=jnp.zeros(200), scale=1.0)


@gaussian_nll.inputs("one measurement, exactly as predicted", points=1, hidden=True)
def _(key):
    return dict(y=jnp.array([2.0]), mean=jnp.array([2.0]), scale=0.1)


@gaussian_nll.mistake("You left out the logarithm of the scale: without it a huge scale would explain everything.")
def _(y, mean, scale):
    return jnp.mean(0.5 * ((y - mean) / scale) ** 2 + 0.5 * jnp.log(2 * jnp.pi))


@gaussian_nll.mistake("You summed over the samples: return their mean, so that it does not grow with the data.")
def _(y, mean, scale):
    return gaussian_nll(y, mean, scale) * len(y)


@gaussian_nll.mistake("You divided the squared residual by the scale: divide by its square, the variance.")
def _(y, mean, scale):
    return jnp.mean(0.5 * (y - mean) ** 2 / scale + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))


@gaussian_nll.mistake("You lost the factor 1/2 before the squared residual.")
def _(y, mean, scale):
    return jnp.mean(((y - mean) / scale) ** 2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))


@gaussian_nll.mistake("You returned the log-likelihood itself: a loss is its negative.")
def _(y, mean, scale):
    return -gaussian_nll(y, mean, scale)


@gaussian_nll.mistake("You left out the constant, half the logarithm of 2 pi: here we want all of the density.")
def _(y, mean, scale):
    return jnp.mean(0.5 * ((y - mean) / scale) ** 2 + jnp.log(scale))


@gaussian_nll.mistake("You counted log(scale^2) in full: it comes with a factor 1/2, which makes it log(scale).")
def _(y, mean, scale):
    return jnp.mean(0.5 * ((y - mean) / scale) ** 2 + 2 * jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))


@gaussian_nll.mistake("You counted log(2 pi) in full: it comes with a factor 1/2.")
def _(y, mean, scale):
    return gaussian_nll(y, mean, scale) + 0.5 * jnp.log(2 * jnp.pi)


@gaussian_nll.mistake("You took the scale for the variance: it is the standard deviation, so its square divides.")
def _(y, mean, scale):
    return gaussian_nll(y, mean, jnp.sqrt(scale))


@gaussian_nll.mistake("You did not divide the residual by the scale.")
def _(y, mean, scale):
    return jnp.mean(0.5 * (y - mean) ** 2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))


@gaussian_nll.mistake("You did not square: this takes the absolute residual, as Laplace's noise does.")
def _(y, mean, scale):
    return jnp.mean(0.5 * jnp.abs(y - mean) / scale + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))


@gaussian_nll.mistake("This is Laplace's noise: normal noise has half the squared residual.")
def _(y, mean, scale):
    return jnp.mean(jnp.abs(y - mean) / scale + jnp.log(scale) + jnp.log(2.0))


@gaussian_nll.mistake("You subtracted the logarithm of the scale: add it, so that a huge scale costs.")
def _(y, mean, scale):
    return gaussian_nll(y, mean, scale) - 2 * jnp.log(scale)


@gaussian_nll.mistake(
    "You multiplied the squared residual by the variance: divide by it, and mind that `a / 2 * b` multiplies by b."
)
def _(y, mean, scale):
    return jnp.mean(0.5 * ((y - mean) * scale) ** 2) + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi)


@gaussian_nll.mistake(
    "You halved the logarithm of the scale: 1/2 belongs before the logarithm of the variance, scale^2."
)
def _(y, mean, scale):
    return gaussian_nll(y, mean, scale) - 0.5 * jnp.log(scale)


@gaussian_nll.mistake("You returned one number for each sample: take the mean.")
def _(y, mean, scale):
    return 0.5 * ((y - mean) / scale) ** 2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi)


@gaussian_nll.mistake("You averaged densities before the logarithm: average the logarithms of the densities.")
def _(y, mean, scale):
    return -jnp.log(jnp.mean(jax.scipy.stats.norm.pdf(y, mean, scale)))


@gaussian_nll.mistake(
    "The product of many densities, or a single far one, underflows to 0, whose logarithm is infinite: add up the "
    "logarithms by the formula."
)
def _(y, mean, scale):
    return -jnp.log(jnp.prod(jax.scipy.stats.norm.pdf(y, mean, scale))) / len(y)


@gaussian_nll.mistake("You squared the scale once more: it is the standard deviation, so the variance is scale^2.")
def _(y, mean, scale):
    return gaussian_nll(y, mean, scale**2)


@gaussian_nll.mistake("You left out both the logarithm of the scale and the constant: here we want all of the density.")
def _(y, mean, scale):
    return jnp.mean(0.5 * ((y - mean) / scale) ** 2)


# ---------------------------------------------------------------- 8.2


@exercise(
    points=5,
    hints=(
        "Set the derivatives of 8.1 to zero: first in the mean, then in the variance.",
        'The lesson\'s section "Likelihood against squared error", equation 8.4, for one scale and no line: it is '
        "smallest at the mean of the data and the mean squared distance from it.",
        "`mean = jnp.mean(y)`, and `jnp.mean((y - mean) ** 2)`, which divides by n.",
    ),
    why="Maximum likelihood is a recipe for estimators, and not always for unbiased ones: this variance is too small.",
)
def gaussian_mle(y: Float[Array, " n"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Most likely mean and variance."""
    mean = jnp.mean(y)
    return mean, jnp.mean((y - mean) ** 2)


@gaussian_mle.inputs("four measurements", points=1)
def _(key):
    return dict(y=jnp.array([1.0, 2.0, 4.0, 9.0]))


@gaussian_mle.inputs("random measurements", points=1)
def _(key):
    return dict(y=1.5 * jax.random.normal(key, (7,)) - 2.0)


@gaussian_mle.inputs("a single measurement", points=1, hidden=True)
def _(key):
    return dict(y=jnp.array([3.5]))


@gaussian_mle.inputs("far from zero, so that the mean of squares loses its digits", points=1, hidden=True)
def _(key):
    return dict(y=jnp.array([3000.0, 3001.0, 3002.0, 3004.0]))


@gaussian_mle.mistake("You divided by n - 1: that variance is unbiased, but the most likely one divides by n.")
def _(y):
    return jnp.mean(y), jnp.var(y, ddof=1)


@gaussian_mle.mistake("Your second number is the standard deviation: return its square, the variance.")
def _(y):
    return jnp.mean(y), jnp.std(y)


@gaussian_mle.mistake("You took the median: it is most likely for Laplace's noise, for normal noise it is the mean.")
def _(y):
    return jnp.median(y), jnp.mean((y - jnp.median(y)) ** 2)


@gaussian_mle.mistake("Your second number is the mean of the squares: subtract the mean from y before you square.")
def _(y):
    return jnp.mean(y), jnp.mean(y**2)


@gaussian_mle.mistake(
    "You subtract two large numbers, mean of squares and square of mean, and lose the digits: square y - mean instead."
)
def _(y):
    return jnp.mean(y), jnp.mean(y**2) - jnp.mean(y) ** 2


@gaussian_mle.mistake("Your second number says how sure the mean is: leave out the last division by n.")
def _(y):
    return jnp.mean(y), jnp.var(y) / len(y)


@gaussian_mle.mistake("You averaged absolute distances from the mean: average their squares.")
def _(y):
    return jnp.mean(y), jnp.mean(jnp.abs(y - jnp.mean(y)))


@gaussian_mle.mistake("You summed the squares without dividing: the variance is their mean.")
def _(y):
    return jnp.mean(y), jnp.sum((y - jnp.mean(y)) ** 2)


@gaussian_mle.mistake("Your deviations cancel to 0: square each of them before you average.")
def _(y):
    return jnp.mean(y), jnp.mean(y - jnp.mean(y))


@gaussian_mle.mistake(
    "Your second number is the standard deviation with n - 1: return the variance, which divides by n."
)
def _(y):
    return jnp.mean(y), jnp.std(y, ddof=1)


# ---------------------------------------------------------------- 8.3


@exercise(
    points=5,
    hints=(
        "Average the surprise -log p, weighted with p itself. What happens where p is 0?",
        'The lesson\'s section "How far is one distribution from another?", equation 8.7, as a sum. x log x goes to 0 '
        "with x, so an impossible outcome adds nothing. But a computer says 0 times minus infinity, and that is not a "
        "number.",
        "`-jnp.sum(p * jnp.log(jnp.where(p > 0, p, 1.0)))`: 0 times log 1 is 0.",
    ),
    why="With `where` inside the logarithm the gradient stays finite, too: this trick saves many a loss function.",
)
def entropy(p: Float[Array, " k"]) -> Float[Array, ""]:
    """Entropy of a distribution."""
    return -jnp.sum(p * jnp.log(jnp.where(p > 0, p, 1.0)))


@entropy.inputs("three outcomes", points=1)
def _(key):
    return dict(p=jnp.array([0.5, 0.3, 0.2]))


@entropy.inputs("random distributions, by vmap", points=1, call="vmap", over="p")
def _(key):
    return dict(p=jax.nn.softmax(2 * jax.random.normal(key, (4, 5))))


@entropy.inputs("an impossible outcome", points=1, hidden=True)
def _(key):
    return dict(p=jnp.array([0.25, 0.0, 0.75]))


@entropy.inputs("certainty", points=1, hidden=True)
def _(key):
    return dict(p=jnp.array([0.0, 1.0, 0.0, 0.0]))


@entropy.mistake(
    "Your entropy is NaN where an outcome is impossible: 0 log 0 counts as 0, so leave it out with `where`."
)
def _(p):
    return -jnp.sum(p * jnp.log(p))


@entropy.mistake("Your entropy is in bits: take the natural logarithm, which gives nats.")
def _(p):
    return entropy(p) / jnp.log(2.0)


@entropy.mistake("Your entropy is negative: the logarithm of a probability is, so change the sign.")
def _(p):
    return -entropy(p)


@entropy.mistake("You averaged the surprises with equal weights: weight each with its own probability.")
def _(p):
    return -jnp.mean(jnp.log(jnp.where(p > 0, p, 1.0)))


@entropy.mistake("You added up the surprises as they are: weight each with its own probability.")
def _(p):
    return -jnp.sum(jnp.log(jnp.where(p > 0, p, 1.0)))


@entropy.mistake("This is Gini's impurity: the entropy has logarithms, not squares.")
def _(p):
    return 1 - jnp.sum(p**2)


@entropy.mistake("You divided by the number of outcomes: p already holds the weights, so sum and do not average.")
def _(p):
    return entropy(p) / len(p)


@entropy.mistake("You added a small number inside the logarithm, and it shows: treat p = 0 with `where` instead.")
def _(p):
    return -jnp.sum(p * jnp.log(p + 1e-2))


@entropy.mistake("You returned one number for each outcome: add them up.")
def _(p):
    return -p * jnp.log(jnp.where(p > 0, p, 1.0))


@entropy.mistake("You divided by the logarithm of the number of outcomes: the entropy in nats has no such divisor.")
def _(p):
    return entropy(p) / jnp.log(len(p))


# ---------------------------------------------------------------- 8.4


@exercise(
    points=6,
    hints=(
        "Coordinates are independent, so the divergences of the coordinates add up. Do one coordinate first.",
        'The lesson\'s section "How far is one distribution from another?", equation 8.7, defines it as an integral. '
        "For normal distributions this has three parts: the logarithm of scale_q / scale_p, the spread and shift of p "
        "in units of scale_q, and -1/2. Everything is measured by q: its scale divides.",
        "`jnp.sum(jnp.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 0.5)`.",
    ),
    why="This is the regularizer of variational autoencoders (Unit 11), with the standard normal for q.",
)
def gaussian_kl(
    mean_p: Float[Array, " d"], scale_p: Float[Array, " d"], mean_q: Float[Array, " d"], scale_q: Float[Array, " d"]
) -> Float[Array, ""]:
    """Divergence of two normal distributions."""
    ratio = (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2)
    return jnp.sum(jnp.log(scale_q / scale_p) + ratio - 0.5)


def _two(key, d=3):
    keys = jax.random.split(key, 4)
    return dict(
        mean_p=jax.random.normal(keys[0], (d,)),
        scale_p=jnp.exp(0.5 * jax.random.normal(keys[1], (d,))),
        mean_q=jax.random.normal(keys[2], (d,)),
        scale_q=jnp.exp(0.5 * jax.random.normal(keys[3], (d,))),
    )


@gaussian_kl.inputs("one coordinate", points=1)
def _(key):
    return dict(mean_p=jnp.array([0.0]), scale_p=jnp.array([1.0]), mean_q=jnp.array([1.0]), scale_q=jnp.array([2.0]))


@gaussian_kl.inputs("random, three coordinates", points=2)
def _(key):
    return _two(key)


@gaussian_kl.inputs("equal distributions", points=1, hidden=True)
def _(key):
    made = _two(key)
    return made | dict(mean_q=made["mean_p"], scale_q=made["scale_p"])


@gaussian_kl.inputs("a far and narrow q", points=1, hidden=True)
def _(key):
    return _two(key, d=2) | dict(scale_q=jnp.array([0.01, 0.02]))


@gaussian_kl.mistake("You measured from q to p: the divergence is not symmetric, and here p is the truth.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_q, scale_q, mean_p, scale_p)


@gaussian_kl.mistake("You left out the -1/2 of each coordinate: without it equal distributions differ.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, mean_q, scale_q) + 0.5 * len(mean_p)


@gaussian_kl.mistake("You subtracted 1/2 only once: every coordinate has its own.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, mean_q, scale_q) + 0.5 * (len(mean_p) - 1)


@gaussian_kl.mistake("You took the scales for variances: they are standard deviations, variances are their squares.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, jnp.sqrt(scale_p), mean_q, jnp.sqrt(scale_q))


@gaussian_kl.mistake("Your logarithm is upside down: it is log(scale_q / scale_p), so a wide q costs.")
def _(mean_p, scale_p, mean_q, scale_q):
    ratio = (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2)
    return jnp.sum(jnp.log(scale_p / scale_q) + ratio - 0.5)


@gaussian_kl.mistake("You averaged over the coordinates: the divergences of independent coordinates add up.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, mean_q, scale_q) / len(mean_p)


@gaussian_kl.mistake("You left out the shift of the means: the squared distance belongs to the spread seen from q.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_q, scale_p, mean_q, scale_q)


@gaussian_kl.mistake("You divided only the shift by 2 s_q^2: the parentheses hold s_p^2 as well.")
def _(mean_p, scale_p, mean_q, scale_q):
    return jnp.sum(jnp.log(scale_q / scale_p) + scale_p**2 + (mean_p - mean_q) ** 2 / (2 * scale_q**2) - 0.5)


@gaussian_kl.mistake("You left out the logarithm of scale_q / scale_p.")
def _(mean_p, scale_p, mean_q, scale_q):
    return jnp.sum((scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 0.5)


@gaussian_kl.mistake("You did not square the scales in the ratio: they are standard deviations.")
def _(mean_p, scale_p, mean_q, scale_q):
    return jnp.sum(jnp.log(scale_q / scale_p) + (scale_p + (mean_p - mean_q) ** 2) / (2 * scale_q) - 0.5)


@gaussian_kl.mistake("Your logarithm is that of the variances: take half of it, or the logarithm of the scales.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, mean_q, scale_q) + jnp.sum(jnp.log(scale_q / scale_p))


@gaussian_kl.mistake("You did not square the difference of the means.")
def _(mean_p, scale_p, mean_q, scale_q):
    return jnp.sum(jnp.log(scale_q / scale_p) + (scale_p**2 + mean_p - mean_q) / (2 * scale_q**2) - 0.5)


@gaussian_kl.mistake("You lost the 2 below the fraction: it is 2 s_q^2.")
def _(mean_p, scale_p, mean_q, scale_q):
    return jnp.sum(jnp.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / scale_q**2 - 0.5)


@gaussian_kl.mistake("You returned one number per coordinate: sum them up.")
def _(mean_p, scale_p, mean_q, scale_q):
    return jnp.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 0.5


@gaussian_kl.mistake("You exchanged the scales in the fraction: it is s_p^2 plus the shift above, 2 s_q^2 below.")
def _(mean_p, scale_p, mean_q, scale_q):
    ratio = (scale_q**2 + (mean_p - mean_q) ** 2) / (2 * scale_p**2)
    return jnp.sum(jnp.log(scale_q / scale_p) + ratio - 0.5)


@gaussian_kl.mistake("You divided by 2 s_p^2: everything is measured by q, so 2 s_q^2 is below.")
def _(mean_p, scale_p, mean_q, scale_q):
    ratio = (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_p**2)
    return jnp.sum(jnp.log(scale_q / scale_p) + ratio - 0.5)


@gaussian_kl.mistake("You multiplied by s_q^2: `a / 2 * b` multiplies by b, so write a / (2 * b).")
def _(mean_p, scale_p, mean_q, scale_q):
    ratio = (scale_p**2 + (mean_p - mean_q) ** 2) / 2 * scale_q**2
    return jnp.sum(jnp.log(scale_q / scale_p) + ratio - 0.5)


@gaussian_kl.mistake("You left s_p^2 out of the fraction: the spread of p counts besides the shift.")
def _(mean_p, scale_p, mean_q, scale_q):
    return jnp.sum(jnp.log(scale_q / scale_p) + (mean_p - mean_q) ** 2 / (2 * scale_q**2) - 0.5)


@gaussian_kl.mistake("You added 1/2: it is subtracted, so that equal distributions have the divergence 0.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, mean_q, scale_q) + len(mean_p)


@gaussian_kl.mistake("You subtracted 1 for each coordinate: it is 1/2.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, mean_q, scale_q) - 0.5 * len(mean_p)


@gaussian_kl.mistake("You halved the logarithm: 1/2 belongs before the logarithm of the variances, s_q^2 / s_p^2.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, mean_q, scale_q) - 0.5 * jnp.sum(jnp.log(scale_q / scale_p))


@gaussian_kl.mistake("You took the standard normal distribution for q: its mean and scale are given.")
def _(mean_p, scale_p, mean_q, scale_q):
    return gaussian_kl(mean_p, scale_p, jnp.zeros_like(mean_q), jnp.ones_like(scale_q))


# ---------------------------------------------------------------- 8.5


@exercise(
    points=7,
    hints=(
        "Only the residual's part depends on y; the rest is the constant that makes the density integrate to 1.",
        'The lesson\'s section "A loss is a noise model", equation 8.2, with the constant of the exercise for c. The '
        "logarithm of the gamma function is `gammaln`; log(1 + small) keeps its digits as `jnp.log1p`.",
        "`(df + 1) / 2 * jnp.log1p(z**2 / df)`, plus `jnp.log(scale)`, plus `0.5 * jnp.log(df * jnp.pi)`, plus "
        "`gammaln(df / 2) - gammaln((df + 1) / 2)`; the mean over the samples.",
    ),
    why="Its gradient falls again for a large residual, so a lone outlier has no leverage.",
    rtol=1e-4,
)
def student_t_nll(y: Float[Array, " n"], loc: Float[Array, " n"], scale: float, df: float) -> Float[Array, ""]:
    """Negative log-likelihood of Student's noise."""
    z = (y - loc) / scale
    constant = 0.5 * jnp.log(df * jnp.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return jnp.mean((df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + constant)


@student_t_nll.inputs("three measurements, 3 degrees of freedom", points=1)
def _(key):
    return dict(y=jnp.array([1.0, 2.0, 4.0]), loc=jnp.array([0.0, 2.5, 3.0]), scale=2.0, df=3.0)


@student_t_nll.inputs("random residuals and an outlier", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(y=jax.random.normal(a, (9,)).at[4].set(1e3), loc=jax.random.normal(b, (9,)), scale=0.6, df=4.5)


@student_t_nll.inputs("one degree of freedom, Cauchy's distribution", points=1, hidden=True)
def _(key):
    return dict(y=jax.random.cauchy(key, (6,)), loc=jnp.zeros(6), scale=1.5, df=1.0)


@student_t_nll.inputs("a perfect prediction", points=1, hidden=True)
def _(key):
    return dict(y=jnp.array([2.0]), loc=jnp.array([2.0]), scale=0.5, df=2.0)


@student_t_nll.inputs("100 degrees of freedom and a measurement far away", points=1, hidden=True)
def _(key):  # the gamma functions overflow, and the density of the last measurement underflows
    return dict(y=jax.random.normal(key, (5,)).at[-1].set(40.0), loc=jnp.zeros(5), scale=1.0, df=100.0)


@student_t_nll.mistake("You left out the logarithm of the scale.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) - jnp.log(scale)


@student_t_nll.mistake("Your exponent is df / 2: the density falls with the power (df + 1) / 2.")
def _(y, loc, scale, df):
    z = (y - loc) / scale
    return student_t_nll(y, loc, scale, df) - jnp.mean(0.5 * jnp.log1p(z**2 / df))


@student_t_nll.mistake("You did not divide z^2 by the degrees of freedom inside the logarithm.")
def _(y, loc, scale, df):
    z = (y - loc) / scale
    inside = jnp.log1p(z**2) - jnp.log1p(z**2 / df)
    return student_t_nll(y, loc, scale, df) + jnp.mean((df + 1) / 2 * inside)


@student_t_nll.mistake(
    "Your two gamma functions are swapped: the one of df / 2 is added, that of (df + 1) / 2 subtracted."
)
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) + 2 * (gammaln((df + 1) / 2) - gammaln(df / 2))


@student_t_nll.mistake("You left out the constant with the gamma functions: it depends on df, so it counts.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) + gammaln((df + 1) / 2) - gammaln(df / 2)


@student_t_nll.mistake("You left out 1/2 log(v pi): it is a part of the constant.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) - 0.5 * jnp.log(df * jnp.pi)


@student_t_nll.mistake("You counted log(v pi) in full: it comes with a factor 1/2.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) + 0.5 * jnp.log(df * jnp.pi)


@student_t_nll.mistake("You left out the factor (v + 1)/2 before the logarithm of the residuals.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) + (1 - df) / 2 * jnp.mean(jnp.log1p(((y - loc) / scale) ** 2 / df))


@student_t_nll.mistake("You left out the logarithm of 1 + z^2 / v: the loss has to grow slowly.")
def _(y, loc, scale, df):
    part = ((y - loc) / scale) ** 2 / df
    return student_t_nll(y, loc, scale, df) + (df + 1) / 2 * jnp.mean(part - jnp.log1p(part))


@student_t_nll.mistake("You returned the log-likelihood itself: a loss is its negative.")
def _(y, loc, scale, df):
    return -student_t_nll(y, loc, scale, df)


@student_t_nll.mistake("You summed over the samples: return their mean.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) * len(y)


@student_t_nll.mistake("You wrote the normal density: its square is not inside a logarithm, so an outlier rules.")
def _(y, loc, scale, df):
    return gaussian_nll(y, loc, scale)


@student_t_nll.mistake("You forgot to divide the residual by the scale.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, 1.0, df) + jnp.log(scale)


@student_t_nll.mistake("Gamma itself overflows for large v: take `gammaln` instead of the logarithm of Gamma.")
def _(y, loc, scale, df):
    gamma = jax.scipy.special.gamma
    z = (y - loc) / scale
    constant = 0.5 * jnp.log(df * jnp.pi) + jnp.log(gamma(df / 2)) - jnp.log(gamma((df + 1) / 2))
    return jnp.mean((df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + constant)


@student_t_nll.mistake(
    "The density of a measurement far away underflows to 0, whose logarithm is infinite: take the logarithm of "
    "the formula."
)
def _(y, loc, scale, df):
    z = (y - loc) / scale
    constant = jnp.exp(gammaln((df + 1) / 2) - gammaln(df / 2)) / jnp.sqrt(df * jnp.pi) / scale
    return -jnp.mean(jnp.log(constant * (1 + z**2 / df) ** (-(df + 1) / 2)))


@student_t_nll.mistake("You left v out of log(v pi).")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) - 0.5 * jnp.log(df)


@student_t_nll.mistake("You took the gamma functions of v and v + 1: they are those of v / 2 and (v + 1) / 2.")
def _(y, loc, scale, df):
    right = gammaln(df / 2) - gammaln((df + 1) / 2)
    return student_t_nll(y, loc, scale, df) - right + gammaln(df) - gammaln(df + 1)


@student_t_nll.mistake("You took Gamma itself: the constant has its logarithm, `gammaln`.")
def _(y, loc, scale, df):
    gamma = jax.scipy.special.gamma
    right = gammaln(df / 2) - gammaln((df + 1) / 2)
    return student_t_nll(y, loc, scale, df) - right + gamma(df / 2) - gamma((df + 1) / 2)


@student_t_nll.mistake("You returned one number for each sample: take the mean.")
def _(y, loc, scale, df):
    z = (y - loc) / scale
    constant = 0.5 * jnp.log(df * jnp.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return (df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + constant


@student_t_nll.mistake("You divided the squared residual by the scale: divide by its square.")
def _(y, loc, scale, df):
    return student_t_nll(y / jnp.sqrt(scale), loc / jnp.sqrt(scale), 1.0, df) + jnp.log(scale)


@student_t_nll.mistake("You lost the 1/2 in (v + 1)/2 before the logarithm of the residuals.")
def _(y, loc, scale, df):
    z = (y - loc) / scale
    return student_t_nll(y, loc, scale, df) + (df + 1) / 2 * jnp.mean(jnp.log1p(z**2 / df))


@student_t_nll.mistake("You subtracted the logarithm of the scale: add it, so that a huge scale costs.")
def _(y, loc, scale, df):
    return student_t_nll(y, loc, scale, df) - 2 * jnp.log(scale)


@student_t_nll.mistake(
    "You left out the constant, 1/2 log(v pi) and the gamma functions: it depends on v, so it counts."
)
def _(y, loc, scale, df):
    z = (y - loc) / scale
    return jnp.mean((df + 1) / 2 * jnp.log1p(z**2 / df)) + jnp.log(scale)


# ---------------------------------------------------------------- 8.6


@exercise(
    points=6,
    hints=(
        "Precision is one over variance. What is the precision of the mean of n measurements?",
        "The lesson's section \"More than a best value: the posterior\", equation 8.6: precisions add up, the prior's "
        "and n times that of a measurement; the posterior mean is the mean of prior mean and data, weighted with their "
        "precisions.",
        "`precision = 1 / prior_variance + len(y) / noise_variance`; the mean is "
        "`(prior_mean / prior_variance + jnp.sum(y) / noise_variance) / precision`, the variance `1 / precision`.",
    ),
    why="Every later posterior, of a line or of a Gaussian process (Unit 12), is this one with matrices.",
    rtol=2e-4,  # the gain form subtracts numbers that are nearly equal where the prior is vague
)
def gaussian_posterior(
    prior_mean: float, prior_variance: float, y: Float[Array, " n"], noise_variance: float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Posterior of a mean."""
    precision = 1 / prior_variance + len(y) / noise_variance
    mean = (prior_mean / prior_variance + jnp.sum(y) / noise_variance) / precision
    return mean, 1 / precision


@gaussian_posterior.inputs("three measurements", points=1)
def _(key):
    return dict(prior_mean=200.0, prior_variance=25.0, y=jnp.array([210.0, 214.0, 206.0]), noise_variance=16.0)


@gaussian_posterior.inputs("random measurements", points=2)
def _(key):
    return dict(prior_mean=-1.0, prior_variance=0.5, y=jax.random.normal(key, (8,)) + 2.0, noise_variance=3.0)


@gaussian_posterior.inputs("a vague prior", points=1, hidden=True)
def _(key):
    return dict(prior_mean=5.0, prior_variance=16.0, y=jax.random.normal(key, (4,)), noise_variance=1.0)


@gaussian_posterior.inputs("no data at all", points=1, hidden=True)
def _(key):
    return dict(prior_mean=3.0, prior_variance=2.0, y=jnp.zeros(0), noise_variance=1.0)


@gaussian_posterior.mistake("You counted all measurements as one: n of them have n times the precision of one.")
def _(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + 1 / noise_variance
    return (prior_mean / prior_variance + jnp.mean(y) / noise_variance) / precision, 1 / precision


@gaussian_posterior.mistake("Your second number is the precision: return one over it, the variance.")
def _(prior_mean, prior_variance, y, noise_variance):
    mean, variance = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)
    return mean, 1 / variance


@gaussian_posterior.mistake("Your second number is the standard deviation: return the variance.")
def _(prior_mean, prior_variance, y, noise_variance):
    mean, variance = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)
    return mean, jnp.sqrt(variance)


@gaussian_posterior.mistake(
    "Your second number is for the next measurement: leave out its noise, since only the mean is asked for."
)
def _(prior_mean, prior_variance, y, noise_variance):
    mean, variance = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)
    return mean, variance + noise_variance


@gaussian_posterior.mistake(
    "You weighted with variances: the surer of the two must count more, so weight with precisions."
)
def _(prior_mean, prior_variance, y, noise_variance):
    variance = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)[1]
    of_data = noise_variance / max(len(y), 1)
    data = jnp.sum(y) / max(len(y), 1)
    return (prior_mean * prior_variance + data * of_data) / (prior_variance + of_data), variance


@gaussian_posterior.mistake("You left the prior mean out: it counts with the prior's precision.")
def _(prior_mean, prior_variance, y, noise_variance):
    return gaussian_posterior(0.0, prior_variance, y, noise_variance)


@gaussian_posterior.mistake("You put the mean of the data where their sum belongs: each measurement counts.")
def _(prior_mean, prior_variance, y, noise_variance):
    variance = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)[1]
    return variance * (prior_mean / prior_variance + jnp.mean(y) / noise_variance), variance


@gaussian_posterior.mistake("You added the variances: precisions add up, so that data make the variance smaller.")
def _(prior_mean, prior_variance, y, noise_variance):
    mean = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)[0]
    return mean, prior_variance + noise_variance / len(y)


@gaussian_posterior.mistake("You squared the variances: they are squares already, so the precision is one over each.")
def _(prior_mean, prior_variance, y, noise_variance):
    return gaussian_posterior(prior_mean, prior_variance**2, y, noise_variance**2)


@gaussian_posterior.mistake("You took the mean of the data alone: the prior pulls it towards its own mean.")
def _(prior_mean, prior_variance, y, noise_variance):
    return jnp.mean(y), gaussian_posterior(prior_mean, prior_variance, y, noise_variance)[1]


@gaussian_posterior.mistake(
    "You forgot the factor v in the mean: multiply the sum by v, that is, divide it by the precision."
)
def _(prior_mean, prior_variance, y, noise_variance):
    mean, variance = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)
    return mean / variance, variance


@gaussian_posterior.mistake("You took 1 / v for v, in the mean as well: the formula gives 1 / v, so invert it.")
def _(prior_mean, prior_variance, y, noise_variance):
    mean, variance = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)
    return mean / variance**2, 1 / variance


@gaussian_posterior.mistake("You did not divide the prior mean by its variance: it counts with the prior's precision.")
def _(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    return (prior_mean + jnp.sum(y) / noise_variance) / precision, 1 / precision


@gaussian_posterior.mistake("You counted the prior as one more measurement: weight its mean with its own precision.")
def _(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    return (prior_mean + jnp.sum(y)) / (len(y) + 1), 1 / precision


@gaussian_posterior.mistake("You estimated the noise variance from the data: it is known and given.")
def _(prior_mean, prior_variance, y, noise_variance):
    return gaussian_posterior(prior_mean, prior_variance, y, jnp.var(y))


@gaussian_posterior.mistake(
    "Your variance is that after one measurement: n of them add n / noise_variance to the precision."
)
def _(prior_mean, prior_variance, y, noise_variance):
    mean = gaussian_posterior(prior_mean, prior_variance, y, noise_variance)[0]
    return mean, 1 / (1 / prior_variance + 1 / noise_variance)


@gaussian_posterior.mistake("Without data your mean is NaN, since the mean of no numbers is 0/0: take their sum.")
def _(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    return (prior_mean / prior_variance + len(y) * jnp.mean(y) / noise_variance) / precision, 1 / precision


# ---------------------------------------------------------------- 8.7


@exercise(
    points=6,
    hints=(
        "Write down -log likelihood - log prior, and multiply by twice the noise variance. What stands before |w|^2?",
        'The lesson\'s section "A regularizer is a prior, and so is noise on the inputs", equation 8.5: ridge '
        "regression with alpha = noise variance / prior variance.",
        "`jnp.linalg.solve(design.T @ design + alpha * jnp.eye(m), design.T @ y)` with m the number of columns.",
    ),
    why="A regularizer is a prior: now alpha is not a knob, but a ratio of two variances that you can argue about.",
    rtol=1e-3,
    atol=1e-5,
)
def map_weights(
    design: Float[Array, "n m"], y: Float[Array, " n"], noise_variance: float, prior_variance: float
) -> Float[Array, " m"]:
    """Most probable weights."""
    alpha = noise_variance / prior_variance
    return jnp.linalg.solve(design.T @ design + alpha * jnp.eye(design.shape[1]), design.T @ y)


def _line(key, n=10, m=3):
    a, b = jax.random.split(key)
    return dict(design=jax.random.normal(a, (n, m)), y=jax.random.normal(b, (n,)))


@map_weights.inputs("a line through three points", points=1)
def _(key):
    design = jnp.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    return dict(design=design, y=jnp.array([1.0, 2.0, 4.0]), noise_variance=0.5, prior_variance=2.0)


@map_weights.inputs("random design", points=2)
def _(key):
    return _line(key) | dict(noise_variance=3.0, prior_variance=0.4)


@map_weights.inputs("more weights than samples", points=1, hidden=True)
def _(key):
    return _line(key, n=3, m=5) | dict(noise_variance=0.3, prior_variance=1.5)


@map_weights.inputs("one sample and one weight", points=1, hidden=True)
def _(key):
    return dict(design=jnp.array([[2.0]]), y=jnp.array([3.0]), noise_variance=0.7, prior_variance=0.2)


@map_weights.mistake("Your penalty is upside down: much noise or a narrow prior must shrink the weights more.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, prior_variance, noise_variance)


@map_weights.mistake("You left out the prior: this is maximum likelihood, least squares.")
def _(design, y, noise_variance, prior_variance):
    return jnp.linalg.lstsq(design, y)[0]


@map_weights.mistake("Your penalty ignores the noise: alpha is noise variance over prior variance.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, 1.0, prior_variance)


@map_weights.mistake("Your penalty ignores the prior's width: alpha is noise variance over prior variance.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, noise_variance, 1.0)


@map_weights.mistake("You took standard deviations: alpha is the ratio of the variances, which are given.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, jnp.sqrt(noise_variance), jnp.sqrt(prior_variance))


@map_weights.mistake(
    "Your penalty is n times too strong: the prior is seen once, so neither multiply alpha by n nor divide both "
    "X^T X and X^T y by n."
)
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, noise_variance * len(y), prior_variance)


@map_weights.mistake("Your penalty is half of the right one: both squares have the same factor 1/2, and it cancels.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, noise_variance / 2, prior_variance)


@map_weights.mistake("Your penalty is twice the right one: both squares have the same factor 1/2, and it cancels.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, 2 * noise_variance, prior_variance)


@map_weights.mistake("You squared the variances: they are squares already, and alpha is their ratio.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, noise_variance**2, prior_variance**2)


@map_weights.mistake("You multiplied the two variances: alpha is noise variance over prior variance.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, noise_variance, 1 / prior_variance)


@map_weights.mistake("You added alpha to every entry of X^T X: it belongs on the diagonal only.")
def _(design, y, noise_variance, prior_variance):
    alpha = noise_variance / prior_variance
    return jnp.linalg.solve(design.T @ design + alpha, design.T @ y)


@map_weights.mistake("You divided X^T X by the noise variance, but not X^T y: the right-hand side is divided, too.")
def _(design, y, noise_variance, prior_variance):
    return noise_variance * map_weights(design, y, noise_variance, prior_variance)


@map_weights.mistake("You divided X^T y by the noise variance, but not X^T X: it is divided, too.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, 1.0, prior_variance) / noise_variance


@map_weights.mistake("You left the first weight without a prior: here every weight has one.")
def _(design, y, noise_variance, prior_variance):
    alpha = noise_variance / prior_variance
    kept = jnp.arange(design.shape[1]) > 0
    return jnp.linalg.pinv(design.T @ design + alpha * jnp.diag(kept)) @ (design.T @ y)


@map_weights.mistake("You returned the predictions X w: return the weights w.")
def _(design, y, noise_variance, prior_variance):
    return design @ map_weights(design, y, noise_variance, prior_variance)


@map_weights.mistake("You took 1 for alpha: it is noise variance over prior variance.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, 1.0, 1.0)


@map_weights.mistake("You subtracted alpha from the diagonal: add it.")
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, -noise_variance, prior_variance)


@map_weights.mistake("You returned X^T y, only the right-hand side: solve (X^T X + alpha I) w = X^T y.")
def _(design, y, noise_variance, prior_variance):
    return design.T @ y


@map_weights.mistake(
    "Your penalty is n times too weak: the squares are summed over the samples, so do not divide alpha by n."
)
def _(design, y, noise_variance, prior_variance):
    return map_weights(design, y, noise_variance / len(y), prior_variance)


# ---------------------------------------------------------------- 8.8


@exercise(
    points=7,
    hints=(
        "Give each sample the number of its bin first. Then everything is a sum over the samples of each bin.",
        'The lesson\'s section "Does the model know what it does not know?" asks the same of quantiles. '
        "`jnp.searchsorted(inner_edges, probability)` counts the inner edges below each probability; a table of which "
        "sample is in which bin makes sums into matrix products.",
        "`bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)`, "
        "`member = bins[:, None] == jnp.arange(n_bins)`, then divide `probability @ member` and `y @ member` by "
        "`member.sum(axis=0)`: 0 / 0 is the NaN of an empty bin.",
    ),
    why="A model whose 90 % means 70 % is dangerous however accurate it is, and accuracy never shows it.",
)
def calibration_bins(
    probability: Float[Array, " n"], y: Int[Array, " n"], n_bins: int
) -> tuple[Float[Array, " b"], Float[Array, " b"]]:
    """Calibration curve."""
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return probability @ member / number, y @ member / number


@calibration_bins.inputs("six samples, two bins", points=1)
def _(key):
    p = jnp.array([0.1, 0.3, 0.4, 0.6, 0.7, 0.9])
    return dict(probability=p, y=jnp.array([0, 1, 0, 1, 0, 1]), n_bins=2)


@calibration_bins.inputs("random forecasts, four bins", points=2)
def _(key):
    a, b = jax.random.split(key)
    p = jnp.concatenate([jnp.array([0.1, 0.3, 0.6, 0.9]), jax.random.uniform(a, (30,))])
    return dict(probability=p, y=jax.random.bernoulli(b, p).astype(int), n_bins=4)


@calibration_bins.inputs("an empty bin", points=1, hidden=True)
def _(key):
    return dict(probability=jnp.array([0.1, 0.2, 0.9]), y=jnp.array([0, 1, 1]), n_bins=4)


@calibration_bins.inputs("probabilities on the edges, 0 and 1 among them", points=2, hidden=True)
def _(key):
    p = jnp.array([0.0, 0.25, 0.3, 0.5, 0.6, 0.75, 0.8, 1.0])
    return dict(probability=p, y=jnp.array([0, 1, 0, 0, 1, 1, 0, 1]), n_bins=4)


def _binned(probability, y, bins, n_bins):
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return probability @ member / number, y @ member / number


@calibration_bins.mistake("A probability on an inner edge belongs to the bin below it. Yours goes to the one above.")
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability, side="right")
    return _binned(probability, y, bins, n_bins)


@calibration_bins.mistake(
    "You round down, so that 1 falls out of the last bin, and an inner edge goes up: an edge belongs to the bin below."
)
def _(probability, y, n_bins):
    return _binned(probability, y, jnp.floor(probability * n_bins).astype(int), n_bins)


@calibration_bins.mistake("The probability 0 falls out of your first bin: the first bin includes its lower edge.")
def _(probability, y, n_bins):
    return _binned(probability, y, jnp.ceil(probability * n_bins).astype(int) - 1, n_bins)


@calibration_bins.mistake("Your empty bins are 0: that looks like a forecast that was right, so return NaN there.")
def _(probability, y, n_bins):
    return tuple(jnp.nan_to_num(part) for part in calibration_bins(probability, y, n_bins))


@calibration_bins.mistake("You returned sums: divide both by the number of samples in the bin.")
def _(probability, y, n_bins):
    member = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)[:, None] == jnp.arange(n_bins)
    return probability @ member, y @ member


@calibration_bins.mistake("Your second output counts the samples with y = 1: return their share in the bin.")
def _(probability, y, n_bins):
    member = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)[:, None] == jnp.arange(n_bins)
    return probability @ member / member.sum(axis=0), y @ member


@calibration_bins.mistake("You made one bin less: n_bins bins have n_bins + 1 edges, 0 and 1 among them.")
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.linspace(0, 1, n_bins)[1:-1], probability)
    return _binned(probability, y, bins, n_bins - 1)


@calibration_bins.mistake("You divided by the number of all samples: divide by that of the samples in the bin.")
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    return probability @ member / len(y), y @ member / len(y)


@calibration_bins.mistake(
    "You returned the middles of the bins: return the mean of the probabilities that lie in each."
)
def _(probability, y, n_bins):
    observed = calibration_bins(probability, y, n_bins)[1]
    return jnp.where(jnp.isnan(observed), jnp.nan, (jnp.arange(n_bins) + 0.5) / n_bins), observed


@calibration_bins.mistake("Your two outputs are swapped: first what was predicted, then what was observed.")
def _(probability, y, n_bins):
    return calibration_bins(probability, y, n_bins)[::-1]


@calibration_bins.mistake("Your bins hold equal numbers of samples: here they have equal width.")
def _(probability, y, n_bins):
    inner = jnp.quantile(probability, jnp.arange(1, n_bins) / n_bins)
    return _binned(probability, y, jnp.searchsorted(inner, probability), n_bins)


@calibration_bins.mistake(
    "Your second output is divided by the number of all samples: divide by that of the samples in the bin."
)
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return probability @ member / number, y @ member / len(y)


@calibration_bins.mistake("You divided by the number of samples with y = 1: divide by that of the samples in the bin.")
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return probability @ member / number, y @ member / y.sum()


@calibration_bins.mistake(
    "Your second output is the share of all samples that lie in the bin: return the share of its samples with y = 1."
)
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return probability @ member / number, number / len(y)


@calibration_bins.mistake(
    "Your second output is the share of right answers at the threshold 1/2: return the share of samples with y = 1."
)
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return probability @ member / number, jnp.where((probability > 0.5) == y, 1.0, 0.0) @ member / number


@calibration_bins.mistake("A probability on an inner edge counts in two of your bins: it belongs to the lower one.")
def _(probability, y, n_bins):
    edges = jnp.arange(n_bins + 1) / n_bins
    p = probability[:, None]
    member = (edges[:-1] <= p) & (p <= edges[1:])
    return probability @ member / member.sum(axis=0), y @ member / member.sum(axis=0)


@calibration_bins.mistake(
    "Empty bins are NaN, not 0, and a probability on an inner edge belongs to the lower bin alone: yours counts in two."
)
def _(probability, y, n_bins):
    edges = jnp.arange(n_bins + 1) / n_bins
    p = probability[:, None]
    member = (edges[:-1] <= p) & (p <= edges[1:])
    number = jnp.maximum(member.sum(axis=0), 1)
    return probability @ member / number, y @ member / number


@calibration_bins.mistake(
    "Empty bins are NaN, not 0, and you round down: an edge belongs to the bin below, and 1 to the last one."
)
def _(probability, y, n_bins):
    return tuple(
        jnp.nan_to_num(part) for part in _binned(probability, y, jnp.floor(probability * n_bins).astype(int), n_bins)
    )


@calibration_bins.mistake(
    "Empty bins are NaN, not 0, and a probability on an inner edge belongs to the bin below it: yours goes to the "
    "one above."
)
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability, side="right")
    return tuple(jnp.nan_to_num(part) for part in _binned(probability, y, bins, n_bins))


@calibration_bins.mistake(
    "Empty bins are NaN, not 0, and the first bin includes its lower edge: the probability 0 falls out of yours."
)
def _(probability, y, n_bins):
    return tuple(
        jnp.nan_to_num(part) for part in _binned(probability, y, jnp.ceil(probability * n_bins).astype(int) - 1, n_bins)
    )


@calibration_bins.mistake(
    "You returned the gap between both: return the mean predicted probability and the observed share, as a tuple."
)
def _(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return jnp.abs(probability @ member - y @ member) / number
