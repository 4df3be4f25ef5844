"""Unit 5, clustering and autoencoders: the reference answers and their specification."""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int
from mfml.grading.key.specification import exercise


def _squared_distances(x, centroids):
    return jnp.sum((x[:, None] - centroids) ** 2, axis=-1)


# ---------------------------------------------------------------- 5.1


@exercise(
    points=6,
    hints=(
        "Make a table of distances first, with a row per sample and a column per centroid.",
        'The lesson\'s section "k-means: every indent to the nearest center", equation (5.2), on the left. '
        "`x[:, None] - centroids` has shape (n, k, d): square it and sum over the last axis, then find the index of "
        "the smallest entry in each row.",
        "`jnp.argmin(jnp.sum((x[:, None] - centroids) ** 2, axis=-1), axis=1)`.",
    ),
    why="This one line is half of k-means, all of vector quantization, and the nearest-neighbor rule.",
)
def assign(x: Float[Array, "n d"], centroids: Float[Array, "k d"]) -> Int[Array, " n"]:
    """Assign samples to centroids."""
    return jnp.argmin(_squared_distances(x, centroids), axis=1)


@assign.inputs("four samples, three centroids", points=1)
def _(key):
    x = jnp.array([[0.0, 0.0], [4.0, 1.0], [0.5, 3.0], [9.0, 9.0]])
    return dict(x=x, centroids=jnp.array([[0.0, 4.0], [1.0, 0.0], [5.0, 2.0]]))


@assign.inputs("random samples", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(x=3 * jax.random.normal(a, (40, 3)), centroids=3 * jax.random.normal(b, (5, 3)) + 1)


@assign.inputs("two centroids equally near, and one on top of another", points=1, hidden=True)
def _(key):
    x = jnp.array([[1.0, 0.0], [3.0, 0.0], [1.0, 7.0], [-2.0, 2.0]])
    return dict(x=x, centroids=jnp.array([[0.0, 0.0], [2.0, 0.0], [2.0, 0.0]]))


def _far(*numbers):
    """Exact numbers whose squares differ by less than a float of single precision can say."""
    return jnp.array(numbers)[:, None] + 2.0**20


def _expanded_distances(x, centroids):
    return jnp.sum(x**2, axis=1)[:, None] - 2 * x @ centroids.T + jnp.sum(centroids**2, axis=1)


@assign.inputs("samples far from the origin", points=1, hidden=True)
def _(key):
    return dict(x=_far(1.0, 5.0, 8.0), centroids=_far(8.0, 0.0, 4.0))


@assign.mistake("You took the farthest centroid: ask for the smallest distance, `argmin`, not the largest.")
def _(x, centroids):
    return jnp.argmax(_squared_distances(x, centroids), axis=1)


@assign.mistake("You found the nearest sample of each centroid: take the minimum over the centroids, `axis=1`.")
def _(x, centroids):
    return jnp.argmin(_squared_distances(x, centroids), axis=0)


@assign.mistake("You returned the smallest distance itself: the answer is the centroid's index, so use `argmin`.")
def _(x, centroids):
    return jnp.min(_squared_distances(x, centroids), axis=1)


@assign.mistake("Your differences cancel in the sum: square each of them before you sum over the features.")
def _(x, centroids):
    return jnp.argmin(jnp.sum(x[:, None] - centroids, axis=-1), axis=1)


@assign.mistake("You took the largest scalar product, which favors long centroids: compare distances instead.")
def _(x, centroids):
    return jnp.argmax(x @ centroids.T, axis=1)


@assign.mistake("You summed absolute differences: the distance of k-means is Euclidean, so square the differences.")
def _(x, centroids):
    return jnp.argmin(jnp.sum(jnp.abs(x[:, None] - centroids), axis=-1), axis=1)


@assign.mistake("Your indices start at 1: number the centroids from 0, as arrays do.")
def _(x, centroids):
    return jnp.argmin(_squared_distances(x, centroids), axis=1) + 1


@assign.mistake("If two centroids are equally near, you take the later one: the lower index wins, so compare with <.")
def _(x, centroids):
    return len(centroids) - 1 - jnp.argmin(_squared_distances(x, centroids)[:, ::-1], axis=1)


@assign.mistake(
    "Far from the origin your distances lose all their digits, since the large terms of |x|^2 - 2 x c + |c|^2 cancel: "
    "subtract before you square."
)
def _(x, centroids):
    return jnp.argmin(_expanded_distances(x, centroids), axis=1)


@assign.mistake("You searched the whole table at once: take the minimum of each row, `axis=1`.")
def _(x, centroids):
    return jnp.argmin(_squared_distances(x, centroids))


@assign.mistake("You returned a table of 0 and 1: the answer is the index of the nearest centroid.")
def _(x, centroids):
    return jax.nn.one_hot(jnp.argmin(_squared_distances(x, centroids), axis=1), len(centroids))


@assign.mistake("All your indices are 0: compare the k distances of each sample, and return the index of the smallest.")
def _(x, centroids):
    return jnp.zeros(len(x), dtype=int)


@assign.mistake("You returned the table of distances: return the index of the smallest entry of each row.")
def _(x, centroids):
    return _squared_distances(x, centroids)


@assign.mistake("You returned the nearest centroids themselves: return their indices.")
def _(x, centroids):
    return centroids[jnp.argmin(_squared_distances(x, centroids), axis=1)]


@assign.mistake("You summed over the centroids: sum over the features, the last axis of `x[:, None] - centroids`.")
def _(x, centroids):
    return jnp.argmin(jnp.sum((x[:, None] - centroids) ** 2, axis=1), axis=1)


@assign.mistake(
    "You compared the largest difference of any feature: the Euclidean distance sums the squares over all features."
)
def _(x, centroids):
    return jnp.argmin(jnp.max(jnp.abs(x[:, None] - centroids), axis=-1), axis=1)


# ---------------------------------------------------------------- 5.2


@exercise(
    points=6,
    hints=(
        "For each cluster you need two things: the sum of its samples, and how many there are.",
        'The lesson\'s section "k-means: every indent to the nearest center", equation (5.2), on the right. A table of '
        "0 and 1, samples times clusters (`jax.nn.one_hot`), turns both into sums along the samples; `jnp.where` "
        "keeps the empty clusters.",
        "With `member = jax.nn.one_hot(labels, len(centroids))`, the sums are `member.T @ x` and the counts "
        "`member.sum(axis=0)[:, None]`; return `jnp.where(counts > 0, sums / counts, centroids)`.",
    ),
    why="Neither assigning nor averaging can raise the inertia: this is why k-means always converges.",
)
def update_centroids(
    x: Float[Array, "n d"], labels: Int[Array, " n"], centroids: Float[Array, "k d"]
) -> Float[Array, "k d"]:
    """Move the centroids."""
    member = jax.nn.one_hot(labels, len(centroids), dtype=x.dtype)
    counts = member.sum(axis=0)[:, None]
    return jnp.where(counts > 0, member.T @ x / counts, centroids)


@update_centroids.inputs("five samples, two clusters", points=1)
def _(key):
    x = jnp.array([[0.0, 1.0], [2.0, 1.0], [10.0, 0.0], [1.0, 4.0], [12.0, 6.0]])
    return dict(x=x, labels=jnp.array([0, 0, 1, 0, 1]), centroids=jnp.array([[0.0, 0.0], [9.0, 9.0]]))


@update_centroids.inputs("random samples", points=2)
def _(key):
    a, b, c = jax.random.split(key, 3)
    labels = jnp.concatenate([jnp.arange(4), jnp.arange(4), jax.random.randint(b, (12,), 0, 4)])
    return dict(x=jax.random.normal(a, (20, 3)) + 2, labels=labels, centroids=jax.random.normal(c, (4, 3)))


@update_centroids.inputs("a cluster without samples", points=1, hidden=True)
def _(key):
    x = jnp.array([[1.0], [3.0], [8.0], [10.0]])
    return dict(x=x, labels=jnp.array([0, 0, 2, 2]), centroids=jnp.array([[1.0], [-5.0], [6.0]]))


@update_centroids.inputs("one sample, the last clusters empty", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([[2.0, -3.0]]), labels=jnp.array([0]), centroids=jnp.arange(6.0).reshape(3, 2))


def _sums(x, labels, centroids):
    member = jax.nn.one_hot(labels, len(centroids), dtype=x.dtype)
    return member.T @ x, member.sum(axis=0)[:, None]


@update_centroids.mistake("You returned the sums: divide each by the number of samples in its cluster.")
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return jnp.where(counts > 0, sums, centroids)


@update_centroids.mistake("You divided every sum by the number of all samples: each cluster has its own count.")
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return jnp.where(counts > 0, sums / len(x), centroids)


@update_centroids.mistake(
    "A cluster without samples became NaN, since 0/0 is NaN: keep its old centroid with `jnp.where`."
)
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return sums / counts


@update_centroids.mistake("A cluster without samples jumped to the origin: keep its old centroid with `jnp.where`.")
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return sums / jnp.maximum(counts, 1)


@update_centroids.mistake(
    "You counted the old centroid as if it were a sample: the new one is the mean of the samples alone."
)
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return (sums + centroids) / (counts + 1)


@update_centroids.mistake("You divided by the count minus 1: that is for variances; a mean is divided by the count.")
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return jnp.where(counts > 1, sums / jnp.maximum(counts - 1, 1), centroids)


@update_centroids.mistake("You divided by the count plus 1: divide by the count, and keep empty clusters as they are.")
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return sums / (counts + 1)


@update_centroids.mistake("You took the median of each cluster: k-means takes the mean.")
def _(x, labels, centroids):
    members = jnp.where((labels == jnp.arange(len(centroids))[:, None])[..., None], x, jnp.nan)
    medians = jnp.nanmedian(members, axis=1)
    return jnp.where(jnp.isnan(medians), centroids, medians)


@update_centroids.mistake("You started the sums at the old centroids: add up the samples alone, from 0.")
def _(x, labels, centroids):
    sums, counts = _sums(x, labels, centroids)
    return (centroids + sums) / jnp.maximum(counts, 1)


@update_centroids.mistake("You kept the last sample of each cluster: take the mean of all its samples.")
def _(x, labels, centroids):
    return jnp.stack([x[jnp.max(jnp.where(labels == j, jnp.arange(len(x)), -1))] for j in range(len(centroids))])


@update_centroids.mistake("You assigned the samples yourself: take the labels that you were given.")
def _(x, labels, centroids):
    return update_centroids(x, assign(x, centroids), centroids)


@update_centroids.mistake("You returned a row for each sample: return one for each cluster.")
def _(x, labels, centroids):
    return update_centroids(x, labels, centroids)[labels]


# ---------------------------------------------------------------- 5.3


@exercise(
    points=6,
    hints=(
        "How far is each sample from its nearest centroid?",
        'The lesson\'s section "The start matters": the probability is proportional to the SQUARED distance to the '
        "nearest of the centroids so far. Probabilities add up to 1.",
        "Take the minimum over `axis=1` of the table of squared distances, and divide it by its sum.",
    ),
    why="A good start is worth more than many iterations: it bounds the mean inertia before the first one.",
)
def seeding_weights(x: Float[Array, "n d"], centroids: Float[Array, "m d"]) -> Float[Array, " n"]:
    """Weights of k-means++."""
    nearest = jnp.min(_squared_distances(x, centroids), axis=1)
    return nearest / nearest.sum()


@seeding_weights.inputs("four samples, two centroids", points=1)
def _(key):
    return dict(x=jnp.array([[0.0], [1.0], [3.0], [7.0]]), centroids=jnp.array([[0.0], [4.0]]))


@seeding_weights.inputs("random samples", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(x=jax.random.normal(a, (12, 3)), centroids=2 * jax.random.normal(b, (4, 3)))


@seeding_weights.inputs("one centroid so far", points=1, hidden=True)
def _(key):
    x = jax.random.normal(key, (6, 2))
    return dict(x=x, centroids=x[2:3])


@seeding_weights.inputs("all samples but one on centroids, distances of 1e-4", points=1, hidden=True)
def _(key):  # a number added to the sum shows
    x = 1e-4 * jnp.array([[0.0, 0.0], [5.0, 5.0], [5.0, 4.0], [0.0, 0.0]])
    return dict(x=x, centroids=x[:2])


@seeding_weights.inputs("samples far from the origin", points=1, hidden=True)
def _(key):
    return dict(x=_far(1.0, 5.0, 8.0), centroids=_far(8.0, 0.0))


@seeding_weights.mistake("Your weights grow with the distance: k-means++ takes its square.")
def _(x, centroids):
    nearest = jnp.sqrt(jnp.min(_squared_distances(x, centroids), axis=1))
    return nearest / nearest.sum()


@seeding_weights.mistake("You returned squared distances: divide them by their sum to get probabilities.")
def _(x, centroids):
    return jnp.min(_squared_distances(x, centroids), axis=1)


@seeding_weights.mistake("You added the distances to all centroids: only the nearest one counts, so take the minimum.")
def _(x, centroids):
    total = jnp.sum(_squared_distances(x, centroids), axis=1)
    return total / total.sum()


@seeding_weights.mistake("You took the farthest centroid: what counts is the distance to the nearest one.")
def _(x, centroids):
    farthest = jnp.max(_squared_distances(x, centroids), axis=1)
    return farthest / farthest.sum()


@seeding_weights.mistake("You looked at the last centroid alone: take the minimum over all centroids so far.")
def _(x, centroids):
    last = _squared_distances(x, centroids)[:, -1]
    return last / last.sum()


@seeding_weights.mistake("You divided by the largest entry: probabilities add up to 1, so divide by the sum.")
def _(x, centroids):
    nearest = jnp.min(_squared_distances(x, centroids), axis=1)
    return nearest / nearest.max()


@seeding_weights.mistake("You squared after dividing: square the distances first, then divide by the sum of squares.")
def _(x, centroids):
    nearest = jnp.sqrt(jnp.min(_squared_distances(x, centroids), axis=1))
    return (nearest / nearest.sum()) ** 2


@seeding_weights.mistake("You measured from the mean of the centroids: take the distance to the nearest of them.")
def _(x, centroids):
    squares = jnp.sum((x - centroids.mean(axis=0)) ** 2, axis=1)
    return squares / squares.sum()


@seeding_weights.mistake(
    "Far from the origin your distances lose all their digits, since the large terms of |x|^2 - 2 x c + |c|^2 cancel: "
    "subtract before you square."
)
def _(x, centroids):
    nearest = jnp.min(_expanded_distances(x, centroids), axis=1)
    return nearest / nearest.sum()


@seeding_weights.mistake("Your distance sums absolute differences: take the Euclidean one, with squares.")
def _(x, centroids):
    total = jnp.min(jnp.sum(jnp.abs(x[:, None] - centroids), axis=-1), axis=1)
    return total / total.sum()


@seeding_weights.mistake("Your weights grow with the fourth power of the distance: it is squared once.")
def _(x, centroids):
    nearest = jnp.min(_squared_distances(x, centroids), axis=1) ** 2
    return nearest / nearest.sum()


@seeding_weights.mistake("You divided by the number of samples: probabilities add up to 1, so divide by the sum.")
def _(x, centroids):
    return jnp.min(_squared_distances(x, centroids), axis=1) / len(x)


@seeding_weights.mistake("You looked at the first centroid alone: take the minimum over all centroids so far.")
def _(x, centroids):
    first = _squared_distances(x, centroids)[:, 0]
    return first / first.sum()


@seeding_weights.mistake("You returned distances: square them, and divide by the sum of the squares.")
def _(x, centroids):
    return jnp.sqrt(jnp.min(_squared_distances(x, centroids), axis=1))


@seeding_weights.mistake(
    "You found the nearest sample of each centroid: take the minimum over the centroids, `axis=1`."
)
def _(x, centroids):
    nearest = jnp.min(_squared_distances(x, centroids), axis=0)
    return nearest / nearest.sum()


# ---------------------------------------------------------------- 5.4


@exercise(
    points=6,
    hints=(
        "This is Bayes' rule: prior times likelihood, divided by the sum over the components. Keep the logarithms "
        "as long as you can.",
        'The lesson\'s section "Mixtures: how sure are we?", equation (5.4). With logarithms: add `jnp.log(weights)` '
        "to the log-densities, and normalize each row. `jax.nn.softmax` does it without underflow.",
        "`jax.nn.softmax(log_densities + jnp.log(weights), axis=1)`.",
    ),
    why="Probabilities instead of verdicts show which samples are uncertain.",
    atol=2e-4,  # logarithms near -900 are rounded by up to 6e-5, and differences of them are exponents
)
def responsibilities(log_densities: Float[Array, "n k"], weights: Float[Array, " k"]) -> Float[Array, "n k"]:
    """Responsibilities of the components."""
    return jax.nn.softmax(log_densities + jnp.log(weights), axis=1)


@responsibilities.inputs("three samples, two components", points=1)
def _(key):
    return dict(
        log_densities=jnp.log(jnp.array([[0.4, 0.1], [0.2, 0.2], [0.05, 0.3]])), weights=jnp.array([0.75, 0.25])
    )


@responsibilities.inputs("random densities", points=2)
def _(key):
    a, b = jax.random.split(key)
    weights = jax.nn.softmax(jax.random.normal(b, (4,)))
    return dict(log_densities=2 * jax.random.normal(a, (7, 4)) - 3, weights=weights)


@responsibilities.inputs("samples far from all components", points=1, hidden=True)
def _(key):
    return dict(
        log_densities=jnp.array([[-500.0, -501.0], [-900.0, -300.0], [-700.0, -699.0]]), weights=jnp.array([0.5, 0.5])
    )


@responsibilities.inputs("a component of weight 0, and very dense samples", points=1, hidden=True)
def _(key):
    return dict(log_densities=jnp.array([[120.0, 119.0, 190.0], [0.0, 1.0, 2.0]]), weights=jnp.array([0.6, 0.4, 0.0]))


@responsibilities.mistake("You left out the mixing weights: multiply each density by its component's weight.")
def _(log_densities, weights):
    return jax.nn.softmax(log_densities, axis=1)


@responsibilities.mistake("You added the weights to logarithms of densities: add the LOGARITHM of the weights.")
def _(log_densities, weights):
    return jax.nn.softmax(log_densities + weights, axis=1)


@responsibilities.mistake(
    "Far from all components every density underflows to 0, and 0/0 is NaN: subtract the largest logarithm of each "
    "row before you exponentiate, or use `jax.nn.softmax`."
)
def _(log_densities, weights):
    joint = jnp.exp(log_densities) * weights
    return joint / joint.sum(axis=1, keepdims=True)


@responsibilities.mistake("Your columns add up to 1: the components share each SAMPLE, so normalize along `axis=1`.")
def _(log_densities, weights):
    return jax.nn.softmax(log_densities + jnp.log(weights), axis=0)


@responsibilities.mistake("You returned density times weight: divide each row by its sum.")
def _(log_densities, weights):
    return jnp.exp(log_densities) * weights


@responsibilities.mistake(
    "You returned logarithms: the exercise asks for the responsibilities themselves, so exponentiate."
)
def _(log_densities, weights):
    return jax.nn.log_softmax(log_densities + jnp.log(weights), axis=1)


@responsibilities.mistake(
    "You subtracted the largest logarithm of ALL samples, so a sample with much smaller densities still underflows: "
    "subtract the largest of each row."
)
def _(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    joint = jnp.exp(joint - joint.max())
    return joint / joint.sum(axis=1, keepdims=True)


@responsibilities.mistake(
    "Far from all components your responsibilities are 0, since a small number in the denominator or `where` only "
    "hides 0/0: use `jax.nn.softmax` of the logarithms."
)
def _(log_densities, weights):
    joint = jnp.exp(log_densities) * weights
    return joint / (joint.sum(axis=1, keepdims=True) + 1e-12)


@responsibilities.mistake(
    "You weighted after normalizing, so rows no longer add up to 1: weight first, then normalize."
)
def _(log_densities, weights):
    return jax.nn.softmax(log_densities, axis=1) * weights


@responsibilities.mistake("You gave each sample to one component: return the probabilities, not the largest alone.")
def _(log_densities, weights):
    best = jnp.argmax(log_densities + jnp.log(weights), axis=1)
    return jax.nn.one_hot(best, len(weights))


@responsibilities.mistake(
    "All your entries together add up to 1: the components share each SAMPLE, so divide every row by its own sum."
)
def _(log_densities, weights):
    return jax.nn.softmax(log_densities + jnp.log(weights), axis=(0, 1))


@responsibilities.mistake(
    "You took the logarithms for densities: exponentiate them before you multiply by the weights."
)
def _(log_densities, weights):
    joint = log_densities * weights
    return joint / joint.sum(axis=1, keepdims=True)


@responsibilities.mistake(
    "Replacing NaN by 0 only hides 0/0 far from all components, and infinity over infinity: use `jax.nn.softmax` "
    "of the logarithms."
)
def _(log_densities, weights):
    joint = jnp.exp(log_densities) * weights
    return jnp.nan_to_num(joint / joint.sum(axis=1, keepdims=True))


@responsibilities.mistake(
    "A component of weight 0 gets a share, since you added a small number to the weights: log 0 = -inf is right here."
)
def _(log_densities, weights):
    return jax.nn.softmax(log_densities + jnp.log(weights + 1e-8), axis=1)


@responsibilities.mistake(
    "You subtracted the largest logarithm of each column, which does not cancel in a row: subtract that of each "
    "row, `axis=1`."
)
def _(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    joint = jnp.exp(joint - joint.max(axis=0))
    return joint / joint.sum(axis=1, keepdims=True)


@responsibilities.mistake("You returned log-density plus log-weight: exponentiate, and divide each row by its sum.")
def _(log_densities, weights):
    return log_densities + jnp.log(weights)


@responsibilities.mistake(
    "You weighted only the sum in the denominator: the numerator has the weight of its component, too."
)
def _(log_densities, weights):
    return jnp.exp(log_densities) / jnp.sum(jnp.exp(log_densities) * weights, axis=1, keepdims=True)


# ---------------------------------------------------------------- 5.5


@exercise(
    points=9,
    hints=(
        "Everything is a weighted mean: sample i counts gamma_ik times. What do these counts add up to?",
        'The lesson\'s section "Mixtures: how sure are we?", equation (5.5): N_k is the sum of a column. The '
        "covariance of component k is measured from ITS new mean, and divided by N_k.",
        "With `counts = gamma.sum(axis=0)`, `means = gamma.T @ x / counts[:, None]` and "
        "`centered = x[:, None] - means`, the covariances are "
        "`jnp.einsum('nk,nki,nkj->kij', gamma, centered, centered)` divided by the counts.",
    ),
    why="A weighted maximum-likelihood fit: the same formulas train hidden Markov models and mixtures of experts.",
)
def m_step(
    x: Float[Array, "n d"], gamma: Float[Array, "n k"]
) -> tuple[Float[Array, " k"], Float[Array, "k d"], Float[Array, "k d d"]]:
    """M-step of a Gaussian mixture."""
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    centered = x[:, None] - means
    covariances = jnp.einsum("nk,nki,nkj->kij", gamma, centered, centered) / counts[:, None, None]
    return counts / len(x), means, covariances


@m_step.inputs("four samples on a line, two components", points=2)
def _(key):
    gamma = jnp.array([[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]])
    return dict(x=jnp.array([[0.0], [1.0], [5.0], [6.0]]), gamma=gamma)


@m_step.inputs("random samples", points=2)
def _(key):
    a, b = jax.random.split(key)
    gamma = jax.nn.softmax(2 * jax.random.normal(b, (15, 3)), axis=1)
    return dict(x=jax.random.normal(a, (15, 2)) + jnp.array([1.0, -2.0]), gamma=gamma)


@m_step.inputs("a single component", points=1, hidden=True)
def _(key):
    return dict(x=jax.random.normal(key, (6, 3)) + 1, gamma=jnp.ones((6, 1)))


@m_step.inputs("responsibilities of 0 and 1", points=1, hidden=True)
def _(key):
    gamma = jax.nn.one_hot(jnp.array([0, 0, 1, 0, 1, 1, 1]), 2)
    return dict(x=jax.random.normal(key, (7, 2)), gamma=gamma)


@m_step.inputs("features of 1e-3, where anything added to the covariances shows", points=1, hidden=True)
def _(key):
    gamma = jax.nn.one_hot(jnp.array([0, 0, 1, 0, 1, 1, 1]), 2)
    return dict(x=1e-3 * jax.random.normal(key, (7, 2)), gamma=gamma)


@m_step.inputs("samples far from the origin", points=1, hidden=True)
def _(key):
    x = jnp.array([[1.0, -1.0], [-1.0, 1.0], [5.0, 2.0], [3.0, 4.0]]) + 2.0**20
    return dict(x=x, gamma=jax.nn.one_hot(jnp.array([0, 0, 1, 1]), 2))


def _moments(x, gamma):
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    centered = x[:, None] - means
    return counts, means, jnp.einsum("nk,nki,nkj->kij", gamma, centered, centered)


@m_step.mistake("Your weights are counts: divide by the number of samples to make them add up to 1.")
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return counts, means, scatter / counts[:, None, None]


@m_step.mistake("You divided by the number of all samples: each component has its own count N_k, a column sum.")
def _(x, gamma):
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / len(x)
    centered = x[:, None] - means
    return counts / len(x), means, jnp.einsum("nk,nki,nkj->kij", gamma, centered, centered) / len(x)


@m_step.mistake("Your covariances are sums: divide each by its component's count N_k.")
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return counts / len(x), means, scatter


@m_step.mistake("You divided the covariances by N_k - 1: maximum likelihood divides by N_k.")
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return counts / len(x), means, scatter / (counts - 1)[:, None, None]


@m_step.mistake("You measured the covariances from the mean of all samples: use each component's own new mean.")
def _(x, gamma):
    counts, means, _ = _moments(x, gamma)
    centered = x - x.mean(axis=0)
    scatter = jnp.einsum("nk,ni,nj->kij", gamma, centered, centered)
    return counts / len(x), means, scatter / counts[:, None, None]


@m_step.mistake("You did not subtract the means before squaring: the covariance is that of x minus the mean.")
def _(x, gamma):
    counts, means, _ = _moments(x, gamma)
    return counts / len(x), means, jnp.einsum("nk,ni,nj->kij", gamma, x, x) / counts[:, None, None]


@m_step.mistake("You squared the responsibilities in the covariance: weight each sample by gamma_ik only once.")
def _(x, gamma):
    counts, means, _ = _moments(x, gamma)
    weighted = gamma[:, :, None] * (x[:, None] - means)
    return counts / len(x), means, jnp.einsum("nki,nkj->kij", weighted, weighted) / counts[:, None, None]


@m_step.mistake(
    "Far from the origin your covariances lose all their digits, since the large terms of E[x x^T] - mu mu^T cancel: "
    "subtract the mean before you square."
)
def _(x, gamma):
    counts, means, _ = _moments(x, gamma)
    squares = jnp.einsum("nk,ni,nj->kij", gamma, x, x) / counts[:, None, None]
    return counts / len(x), means, squares - means[:, :, None] * means[:, None]


@m_step.mistake("Your covariances are variances, one per feature: multiply every pair of features, shape (k, d, d).")
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return counts / len(x), means, jnp.diagonal(scatter, axis1=1, axis2=2) / counts[:, None]


@m_step.mistake("Your covariances are 0 off the diagonal: multiply every pair of features.")
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return counts / len(x), means, scatter / counts[:, None, None] * jnp.eye(x.shape[1])


@m_step.mistake("You returned the means first: the order is weights, means, covariances.")
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return means, scatter / counts[:, None, None], counts / len(x)


@m_step.mistake("Your means do not depend on gamma: weight sample i by gamma_ik in the mean of component k.")
def _(x, gamma):
    counts = gamma.sum(axis=0)
    means = jnp.tile(x.mean(axis=0), (len(counts), 1))
    centered = x[:, None] - means
    return counts / len(x), means, jnp.einsum("nk,nki,nkj->kij", gamma, centered, centered) / counts[:, None, None]


@m_step.mistake(
    "You divided the covariances by the number of all samples: each component has its own count N_k, a column sum."
)
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return counts / len(x), means, scatter / len(x)


@m_step.mistake(
    "You divided the means by the number of all samples: each component has its own count N_k, a column sum."
)
def _(x, gamma):
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / len(x)
    centered = x[:, None] - means
    scatter = jnp.einsum("nk,nki,nkj->kij", gamma, centered, centered)
    return counts / len(x), means, scatter / counts[:, None, None]


@m_step.mistake("Your means are sums: divide each by its component's count N_k.")
def _(x, gamma):
    counts = gamma.sum(axis=0)
    means = gamma.T @ x
    centered = x[:, None] - means
    scatter = jnp.einsum("nk,nki,nkj->kij", gamma, centered, centered)
    return counts / len(x), means, scatter / counts[:, None, None]


@m_step.mistake("You left gamma out of the covariances: sample i counts gamma_ik times for component k.")
def _(x, gamma):
    counts, means, _ = _moments(x, gamma)
    centered = x[:, None] - means
    return counts / len(x), means, jnp.einsum("nki,nkj->kij", centered, centered) / counts[:, None, None]


@m_step.mistake(
    "You left gamma out of the covariances and divided by the number of all samples: weight each sample by "
    "gamma_ik, and divide by N_k."
)
def _(x, gamma):
    counts, means, _ = _moments(x, gamma)
    centered = x[:, None] - means
    return counts / len(x), means, jnp.einsum("nki,nkj->kij", centered, centered) / len(x)


@m_step.mistake(
    "You added 1e-6 to the diagonal of the covariances: here nothing is added, since the features may be as small "
    "as that."
)
def _(x, gamma):
    counts, means, scatter = _moments(x, gamma)
    return counts / len(x), means, scatter / counts[:, None, None] + 1e-6 * jnp.eye(x.shape[1])


@m_step.mistake("You gave each sample to one component: weight it by gamma_ik in every component.")
def _(x, gamma):
    hard = jax.nn.one_hot(jnp.argmax(gamma, axis=1), gamma.shape[1])
    counts, means, scatter = _moments(x, hard)
    return counts / len(x), means, scatter / counts[:, None, None]


# ---------------------------------------------------------------- 5.6


@exercise(
    points=7,
    hints=(
        "The density of a sample is a SUM over components; the logarithm comes after the sum.",
        'The lesson\'s section "Mixtures: how sure are we?", equation (5.3). With logarithms: add that of the weights, '
        "sum over components with `jax.scipy.special.logsumexp`, then take the mean over samples.",
        "`jnp.mean(jax.scipy.special.logsumexp(log_densities + jnp.log(weights), axis=1))`.",
    ),
    why="This number never decreases from one step of EM to the next. If yours does, there is a mistake in your code.",
)
def log_likelihood(log_densities: Float[Array, "n k"], weights: Float[Array, " k"]) -> Float[Array, ""]:
    """Log-likelihood of a mixture."""
    return jnp.mean(jax.scipy.special.logsumexp(log_densities + jnp.log(weights), axis=1))


@log_likelihood.inputs("two samples, two components", points=1)
def _(key):
    return dict(log_densities=jnp.log(jnp.array([[0.4, 0.1], [0.2, 0.3]])), weights=jnp.array([0.75, 0.25]))


@log_likelihood.inputs("random densities", points=2)
def _(key):
    a, b = jax.random.split(key)
    weights = jax.nn.softmax(jax.random.normal(b, (3,)))
    return dict(log_densities=jax.random.normal(a, (9, 3)) - 2, weights=weights)


@log_likelihood.inputs("a sample far from all components", points=1, hidden=True)
def _(key):
    return dict(log_densities=jnp.array([[-500.0, -498.0], [-1.0, -3.0]]), weights=jnp.array([0.5, 0.5]))


@log_likelihood.inputs("one sample, a component of weight 0", points=1, hidden=True)
def _(key):
    return dict(log_densities=jnp.array([[-1.0, 30.0, -2.0]]), weights=jnp.array([0.7, 0.0, 0.3]))


@log_likelihood.inputs("very dense samples", points=1, hidden=True)
def _(key):
    return dict(log_densities=jnp.array([[120.0, 119.0], [0.0, 1.0]]), weights=jnp.array([0.5, 0.5]))


def _log_joint(log_densities, weights):
    return log_densities + jnp.log(weights)


@log_likelihood.mistake("You summed over the samples: take the mean, which does not grow with n.")
def _(log_densities, weights):
    return jnp.sum(jax.scipy.special.logsumexp(_log_joint(log_densities, weights), axis=1))


@log_likelihood.mistake("You left out the mixing weights: multiply the density of each component by its weight.")
def _(log_densities, weights):
    return jnp.mean(jax.scipy.special.logsumexp(log_densities, axis=1))


@log_likelihood.mistake(
    "Far from all components every density underflows to 0, whose logarithm is minus infinity, and large ones "
    "overflow: use `logsumexp`."
)
def _(log_densities, weights):
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(log_densities) * weights, axis=1)))


@log_likelihood.mistake(
    "You averaged the logarithms over the components: first add up weight times density, then take the logarithm."
)
def _(log_densities, weights):
    return jnp.mean(jnp.sum(weights * log_densities, axis=1))


@log_likelihood.mistake("Your sign is reversed: this is the loss, minus the log-likelihood.")
def _(log_densities, weights):
    return -jnp.mean(jax.scipy.special.logsumexp(_log_joint(log_densities, weights), axis=1))


@log_likelihood.mistake(
    "You took the logarithm after averaging over the samples: their densities multiply, so average the logarithms."
)
def _(log_densities, weights):
    return jnp.log(jnp.mean(jnp.sum(jnp.exp(log_densities) * weights, axis=1)))


@log_likelihood.mistake("You kept only the best component of each sample: `max` is not `logsumexp`; add them all up.")
def _(log_densities, weights):
    return jnp.mean(jnp.max(_log_joint(log_densities, weights), axis=1))


@log_likelihood.mistake("You added the weights to logarithms of densities: add the LOGARITHM of the weights.")
def _(log_densities, weights):
    return jnp.mean(jax.scipy.special.logsumexp(log_densities + weights, axis=1))


@log_likelihood.mistake(
    "You subtracted the largest logarithm but did not add it back: log sum exp(l) = m + log sum exp(l - m)."
)
def _(log_densities, weights):
    joint = _log_joint(log_densities, weights)
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(joint - joint.max(axis=1, keepdims=True)), axis=1)))


@log_likelihood.mistake(
    "You summed over the samples and averaged over the components: sum over the components, `axis=1`, then average."
)
def _(log_densities, weights):
    return jnp.mean(jax.scipy.special.logsumexp(_log_joint(log_densities, weights), axis=0))


@log_likelihood.mistake("You returned one number for each sample: take their mean.")
def _(log_densities, weights):
    return jax.scipy.special.logsumexp(_log_joint(log_densities, weights), axis=1)


@log_likelihood.mistake(
    "You returned the mean density: take the logarithm of each sample's density before you average."
)
def _(log_densities, weights):
    return jnp.mean(jnp.sum(jnp.exp(log_densities) * weights, axis=1))


@log_likelihood.mistake(
    "You subtracted the largest log-density but did not add it back: log sum exp(l) = m + log sum exp(l - m)."
)
def _(log_densities, weights):
    below = log_densities - log_densities.max(axis=1, keepdims=True)
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(below) * weights, axis=1)))


@log_likelihood.mistake("You subtracted the largest logarithm twice: after the sum it is added back.")
def _(log_densities, weights):
    joint = _log_joint(log_densities, weights)
    return jnp.mean(jax.scipy.special.logsumexp(joint, axis=1) - 2 * joint.max(axis=1))


@log_likelihood.mistake(
    "You subtracted the largest logarithm of ALL samples, so a sample far below it underflows: subtract the "
    "largest of each row."
)
def _(log_densities, weights):
    joint = _log_joint(log_densities, weights)
    return joint.max() + jnp.mean(jnp.log(jnp.sum(jnp.exp(joint - joint.max()), axis=1)))


@log_likelihood.mistake(
    "You added the logarithms over the components, which multiplies the densities: add weight times density, then "
    "take the logarithm."
)
def _(log_densities, weights):
    return jnp.mean(jnp.sum(_log_joint(log_densities, weights), axis=1))


@log_likelihood.mistake("You divided by the number of components: take the mean over the samples.")
def _(log_densities, weights):
    return jnp.sum(jax.scipy.special.logsumexp(_log_joint(log_densities, weights), axis=1)) / len(weights)


# ---------------------------------------------------------------- 5.7


@exercise(
    points=7,
    hints=(
        "Three steps: subtract the mean and encode; decode and add the mean; compare with the input.",
        'The lesson\'s section "Autoencoders: learn what is usual", equation (5.6), with f and g linear. Rows are '
        "samples, so both matrices are on the right: `(x - mean) @ encoder` is the code.",
        "With `rebuilt = mean + (x - mean) @ encoder @ decoder` the loss is `jnp.mean((rebuilt - x) ** 2)`.",
    ),
    why="Its minimum is the subspace of PCA: gradient descent finds what eigenvectors give directly.",
)
def linear_autoencoder_loss(
    x: Float[Array, "n d"], encoder: Float[Array, "d k"], decoder: Float[Array, "k d"]
) -> Float[Array, ""]:
    """Loss of a linear autoencoder."""
    mean = x.mean(axis=0)
    rebuilt = mean + (x - mean) @ encoder @ decoder
    return jnp.mean((rebuilt - x) ** 2)


def _autoencoder(key, n=9, d=4, k=2):
    a, b, c = jax.random.split(key, 3)
    return dict(
        x=jax.random.normal(a, (n, d)) + jnp.arange(1.0, d + 1),
        encoder=jax.random.normal(b, (d, k)),
        decoder=jax.random.normal(c, (k, d)),
    )


@linear_autoencoder_loss.inputs("three samples, one coordinate", points=1)
def _(key):
    x = jnp.array([[1.0, 2.0], [3.0, 3.0], [2.0, 7.0]])
    return dict(x=x, encoder=jnp.array([[0.0], [1.0]]), decoder=jnp.array([[0.5, 1.0]]))


@linear_autoencoder_loss.inputs("random matrices", points=2)
def _(key):
    return _autoencoder(key)


@linear_autoencoder_loss.inputs("its gradient", points=1, call="grad", over=("encoder", "decoder"))
def _(key):
    return _autoencoder(key, n=5, d=3, k=2)


@linear_autoencoder_loss.inputs("as many coordinates as features, nothing lost", points=1, hidden=True)
def _(key):
    x = jnp.array([[1.0, 5.0], [3.0, -2.0], [2.0, 6.0]])
    return dict(x=x, encoder=jnp.eye(2)[::-1], decoder=jnp.eye(2)[::-1])


@linear_autoencoder_loss.inputs("a single sample", points=1, hidden=True)
def _(key):
    x = jnp.array([[1.0, 2.0, -4.0]])
    return dict(x=x, encoder=jnp.array([[1.0], [0.5], [2.0]]), decoder=jnp.array([[2.0, -1.0, 0.5]]))


@linear_autoencoder_loss.mistake("You summed all squared errors: the loss is their mean, over samples AND features.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.sum((mean + (x - mean) @ encoder @ decoder - x) ** 2)


@linear_autoencoder_loss.mistake(
    "You summed over the features and averaged over the samples alone: take the mean over both."
)
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.mean(jnp.sum((mean + (x - mean) @ encoder @ decoder - x) ** 2, axis=1))


@linear_autoencoder_loss.mistake("You did not subtract the mean: encode x minus the mean of the samples.")
def _(x, encoder, decoder):
    return jnp.mean((x @ encoder @ decoder - x) ** 2)


@linear_autoencoder_loss.mistake("You forgot to add the mean after decoding: your reconstruction is still centered.")
def _(x, encoder, decoder):
    return jnp.mean(((x - x.mean(axis=0)) @ encoder @ decoder - x) ** 2)


@linear_autoencoder_loss.mistake("You took the square root: the loss is the mean squared error itself.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.sqrt(jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2))


@linear_autoencoder_loss.mistake("Your loss is half as large as it should be: it has no factor 1/2.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2) / 2


@linear_autoencoder_loss.mistake(
    "You decoded with the encoder's transpose: the decoder is a separate matrix with its own weights."
)
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.mean((mean + (x - mean) @ encoder @ encoder.T - x) ** 2)


@linear_autoencoder_loss.mistake(
    "You subtracted one number, the mean of all entries: every feature has its own mean, `x.mean(axis=0)`."
)
def _(x, encoder, decoder):
    mean = x.mean()
    return jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2)


@linear_autoencoder_loss.mistake("You averaged absolute errors: square the errors instead.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.mean(jnp.abs(mean + (x - mean) @ encoder @ decoder - x))


@linear_autoencoder_loss.mistake("You summed over the samples: the loss is a mean over samples AND features.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.sum(jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2, axis=1))


@linear_autoencoder_loss.mistake(
    "You subtracted from each sample its own mean, `axis=1`: every feature has its mean over the samples, `axis=0`."
)
def _(x, encoder, decoder):
    mean = x.mean(axis=1, keepdims=True)
    return jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2)


@linear_autoencoder_loss.mistake("You added the mean after decoding, but did not subtract it before encoding.")
def _(x, encoder, decoder):
    return jnp.mean((x.mean(axis=0) + x @ encoder @ decoder - x) ** 2)


@linear_autoencoder_loss.mistake("Your loss is twice as large as it should be: it has no factor 2.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return 2 * jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2)


@linear_autoencoder_loss.mistake(
    "You squared after averaging, when errors had already canceled: square each error first."
)
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.mean(mean + (x - mean) @ encoder @ decoder - x) ** 2


@linear_autoencoder_loss.mistake("You returned one number for each sample: take the mean over the samples as well.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2, axis=1)


@linear_autoencoder_loss.mistake("You returned one number for each feature: take the mean over the features as well.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.mean((mean + (x - mean) @ encoder @ decoder - x) ** 2, axis=0)


@linear_autoencoder_loss.mistake(
    "You took the norm of all errors, the root of the sum of their squares: the loss is the mean of the squares."
)
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return jnp.linalg.norm(mean + (x - mean) @ encoder @ decoder - x)


@linear_autoencoder_loss.mistake("You returned the rebuilt samples: return the mean of their squared error.")
def _(x, encoder, decoder):
    mean = x.mean(axis=0)
    return mean + (x - mean) @ encoder @ decoder


# ---------------------------------------------------------------- 5.8


@exercise(
    points=5,
    hints=(
        "You need one number per image: over which axes do you average, and which one do you keep?",
        'The lesson\'s section "What it cannot rebuild is unusual", equation (5.7): the mean of the squared error over '
        "the pixels. These are the last two axes; the first one counts the images.",
        "`jnp.mean((x - rebuilt) ** 2, axis=(1, 2))`.",
    ),
    why="A model cannot rebuild what it has never seen, so the error finds defects that nobody has labeled.",
)
def anomaly_score(x: Float[Array, "n rows columns"], rebuilt: Float[Array, "n rows columns"]) -> Float[Array, " n"]:
    """Anomaly score of images."""
    return jnp.mean((x - rebuilt) ** 2, axis=(1, 2))


@anomaly_score.inputs("two images of two by two", points=1)
def _(key):
    x = jnp.array([[[0.0, 1.0], [1.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]]])
    return dict(x=x, rebuilt=jnp.array([[[0.0, 0.5], [1.0, 0.0]], [[0.5, 0.0], [1.0, 1.0]]]))


@anomaly_score.inputs("random images", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(x=jax.random.normal(a, (5, 4, 3)), rebuilt=jax.random.normal(b, (5, 4, 3)))


@anomaly_score.inputs("a perfect copy, and errors that cancel", points=1, hidden=True)
def _(key):
    x = jax.random.uniform(key, (2, 3, 4))
    sign = jnp.where(jnp.arange(12).reshape(3, 4) % 2 == 0, 0.5, -0.5)
    return dict(x=x, rebuilt=x + jnp.array([0.0, 1.0])[:, None, None] * sign)


@anomaly_score.mistake("You summed over the pixels: take the mean, which does not grow with the size of the image.")
def _(x, rebuilt):
    return jnp.sum((x - rebuilt) ** 2, axis=(1, 2))


@anomaly_score.mistake("You took the square root: the score is the mean squared error itself.")
def _(x, rebuilt):
    return jnp.sqrt(jnp.mean((x - rebuilt) ** 2, axis=(1, 2)))


@anomaly_score.mistake("You averaged over everything: each image needs its own score, so keep the first axis.")
def _(x, rebuilt):
    return jnp.mean((x - rebuilt) ** 2)


@anomaly_score.mistake("You averaged over the images: keep the first axis, average over the last two.")
def _(x, rebuilt):
    return jnp.mean((x - rebuilt) ** 2, axis=0)


@anomaly_score.mistake("You averaged over the columns alone: an image has rows, too, so average over axes 1 and 2.")
def _(x, rebuilt):
    return jnp.mean((x - rebuilt) ** 2, axis=-1)


@anomaly_score.mistake("You averaged over the rows alone: an image has columns, too, so average over axes 1 and 2.")
def _(x, rebuilt):
    return jnp.mean((x - rebuilt) ** 2, axis=1)


@anomaly_score.mistake(
    "You squared after averaging, when errors had already canceled: square each pixel's error first."
)
def _(x, rebuilt):
    return jnp.mean(x - rebuilt, axis=(1, 2)) ** 2


@anomaly_score.mistake("You averaged absolute errors: square the errors instead.")
def _(x, rebuilt):
    return jnp.mean(jnp.abs(x - rebuilt), axis=(1, 2))


@anomaly_score.mistake("You returned the squared error of every pixel: take the mean over each image.")
def _(x, rebuilt):
    return (x - rebuilt) ** 2


@anomaly_score.mistake("You took the largest squared error of each image: take the mean over its pixels.")
def _(x, rebuilt):
    return jnp.max((x - rebuilt) ** 2, axis=(1, 2))


@anomaly_score.mistake("You squared before subtracting: subtract the images first, then square each pixel's error.")
def _(x, rebuilt):
    return jnp.mean(x**2 - rebuilt**2, axis=(1, 2))


@anomaly_score.mistake(
    "You took the norm of each image's error, the root of the sum of its squares: the score is the mean of the squares."
)
def _(x, rebuilt):
    return jnp.sqrt(jnp.sum((x - rebuilt) ** 2, axis=(1, 2)))


@anomaly_score.mistake("You averaged the errors as they are, so that they cancel: square each pixel's error first.")
def _(x, rebuilt):
    return jnp.mean(x - rebuilt, axis=(1, 2))


@anomaly_score.mistake("You divided by the number of images: divide by the number of pixels of one image.")
def _(x, rebuilt):
    return jnp.sum((x - rebuilt) ** 2, axis=(1, 2)) / len(x)


@anomaly_score.mistake(
    "You subtracted each image's mean error, as a variance does: average the squares of the errors themselves."
)
def _(x, rebuilt):
    return jnp.var(x - rebuilt, axis=(1, 2))


@anomaly_score.mistake("Your mean runs over the images and the rows: keep the first axis, average over the last two.")
def _(x, rebuilt):
    return jnp.mean((x - rebuilt) ** 2, axis=(0, 1))
