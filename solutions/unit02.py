"""Unit 2, linear algebra for learning: the reference answers and their specification."""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float
from mfml.grading.key.specification import exercise


def correlated(key, n, scales, offset=0.0):
    """Gaussian samples with these standard deviations along random orthogonal axes, shifted by the offset."""
    of_z, of_q = jax.random.split(key)
    d = len(scales)
    axes = jnp.linalg.qr(jax.random.normal(of_q, (d, d)))[0]
    return jax.random.normal(of_z, (n, d)) * jnp.array(scales) @ axes.T + offset


# ---------------------------------------------------------------- 2.1


@exercise(
    points=5,
    hints=(
        "Samples are rows, features are columns. Over which of the two does the mean of a feature run?",
        'The lesson\'s section "Covariance: the shape of a cloud" subtracts the mean from every sample in its '
        "formula. Average each column over all rows (axis 0); broadcasting subtracts that row of means.",
        "Subtract `x.mean(axis=0)` from `x`.",
    ),
    why="Without it the first principal direction may just point from the origin to the cloud of data.",
)
def center(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Center the features."""
    return x - x.mean(axis=0)


@center.inputs("three samples of two features", points=1)
def _(key):
    return dict(x=jnp.array([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]]))


@center.inputs("random samples", points=1)
def _(key):
    return dict(x=correlated(key, 7, [3.0, 2.0, 1.0], offset=jnp.array([5.0, -3.0, 1.0])))


@center.inputs("a single sample", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([[4.0, -2.0, 0.5]]))


@center.inputs("as many samples as features", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([[1.0, 2.0], [5.0, -4.0]]))


@center.mistake("You subtracted one mean of all entries: each feature has its own, so average over axis 0 alone.")
def _(x):
    return x - x.mean()


@center.mistake("You averaged over the features of each sample: the mean of a feature runs over the samples, axis 0.")
def _(x):
    return x - x.mean(axis=1, keepdims=True)


@center.mistake("You divided by the standard deviation as well: centering only shifts the data, so keep their scale.")
def _(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


@center.mistake("Your sign is reversed: subtract the mean from the samples, not the samples from the mean.")
def _(x):
    return x.mean(axis=0) - x


@center.mistake("You returned the means themselves: subtract them from x.")
def _(x):
    return jnp.broadcast_to(x.mean(axis=0), x.shape)


@center.mistake("You subtracted the sum of each feature: divide it by the number of samples to get the mean.")
def _(x):
    return x - x.sum(axis=0)


@center.mistake("You subtracted the median of each feature: centering takes the mean.")
def _(x):
    return x - jnp.median(x, axis=0)


@center.mistake(
    "You averaged over axis 1 and subtracted a row of n numbers, which fits only if n = d: the mean of a feature runs "
    "over the samples, axis 0."
)
def _(x):
    return x - x.mean(axis=1)


@center.mistake("You divided the sum of each feature by n - 1: the mean has the divisor n, the number of samples.")
def _(x):
    return x - x.sum(axis=0) / (len(x) - 1)


@center.mistake(
    "You divided the sum of each feature by the number of features: divide it by the number of samples, len(x)."
)
def _(x):
    return x - x.sum(axis=0) / x.shape[1]


@center.mistake("You subtracted the smallest value of each feature: centering takes the mean.")
def _(x):
    return x - x.min(axis=0)


@center.mistake("You added the mean: subtract it.")
def _(x):
    return x + x.mean(axis=0)


# ---------------------------------------------------------------- 2.2


@exercise(
    points=6,
    hints=(
        "Write the sum over samples as one matrix product. Which factor must be transposed to give d x d?",
        'The lesson\'s section "Covariance: the shape of a cloud" has the sum over samples. Center first, then '
        "X_c^T X_c adds up the products of every pair of features over all samples; divide by n - 1.",
        "With `c = center(x)` return `c.T @ c / (len(x) - 1)`.",
    ),
    why="Everything that PCA and whitening know about the data is in this matrix.",
)
def covariance(x: Float[Array, "n d"]) -> Float[Array, "d d"]:
    """Covariance matrix."""
    c = center(x)
    return c.T @ c / (len(x) - 1)


@covariance.inputs("three samples of two features", points=1)
def _(key):
    return dict(x=jnp.array([[1.0, 2.0], [2.0, 0.0], [6.0, 4.0]]))


@covariance.inputs("random samples", points=2)
def _(key):
    return dict(x=correlated(key, 9, [3.0, 2.0, 1.0]))


@covariance.inputs("far from the origin, where products lose digits unless centered first", points=1, hidden=True)
def _(key):
    return dict(x=correlated(key, 12, [1.0, 0.5], offset=100.0))


@covariance.inputs("a constant feature", points=1, hidden=True)
def _(key):
    return dict(x=correlated(key, 6, [2.0, 1.0, 1.0]).at[:, 1].set(3.0))


@covariance.mistake("You divided by n: for the unbiased covariance divide by n - 1.")
def _(x):
    c = center(x)
    return c.T @ c / len(x)


@covariance.mistake("You forgot to center: subtract each feature's mean before you multiply.")
def _(x):
    return x.T @ x / (len(x) - 1)


@covariance.mistake("You multiplied samples with samples: X_c X_c^T is n x n; transpose the first factor instead.")
def _(x):
    c = center(x)
    return c @ c.T / (len(x) - 1)


@covariance.mistake("You did not divide: a covariance is an average, so divide the sums by n - 1.")
def _(x):
    c = center(x)
    return c.T @ c


@covariance.mistake("You returned correlations: leave out the division by the standard deviations.")
def _(x):
    return jnp.corrcoef(x, rowvar=False)


@covariance.mistake("You divided by the number of features: the sum runs over the n samples, so divide by n - 1.")
def _(x):
    c = center(x)
    return c.T @ c / (x.shape[1] - 1)


@covariance.mistake("You kept only the variances: fill the other entries with the covariances of pairs of features.")
def _(x):
    return jnp.diag(x.var(axis=0, ddof=1))


@covariance.mistake(
    "You took samples for features, as `cov` does unless you say rowvar=False: the covariance of d features is d x d."
)
def _(x):
    return jnp.cov(x)


@covariance.mistake("You centered each sample: subtract the mean of each feature, which runs over axis 0.")
def _(x):
    c = x - x.mean(axis=1, keepdims=True)
    return c.T @ c / (len(x) - 1)


@covariance.mistake("You divided by n and then subtracted 1: put the divisor into parentheses, (n - 1).")
def _(x):
    c = center(x)
    return c.T @ c / len(x) - 1


@covariance.mistake("You returned a row of variances: the covariances of all pairs of features form a d x d matrix.")
def _(x):
    return x.var(axis=0, ddof=1)


@covariance.mistake("You subtracted one mean of all entries: subtract from each feature its own mean, as in 2.1.")
def _(x):
    c = x - x.mean()
    return c.T @ c / (len(x) - 1)


# ---------------------------------------------------------------- 2.3


@exercise(
    points=6,
    hints=(
        "At the nearest point, the residual y minus the point is perpendicular to every column.",
        'The lesson\'s section "Projection: when the substances are known": A^T (y - A w) = 0, so the weights '
        "solve A^T A w = A^T y, and the point is A w. The columns need not be orthogonal.",
        "Solve with `w = jnp.linalg.solve(a.T @ a, a.T @ y)` and return `a @ w`.",
    ),
    why="Least squares is this projection: a model predicts the point of its column space nearest to the data.",
)
def project(a: Float[Array, "m n"], y: Float[Array, " m"]) -> Float[Array, " m"]:
    """Projection onto the column space."""
    return a @ jnp.linalg.solve(a.T @ a, a.T @ y)


@project.inputs("onto a line in the plane", points=1)
def _(key):
    return dict(a=jnp.array([[3.0], [1.0]]), y=jnp.array([2.0, 4.0]))


@project.inputs("onto a random plane", points=2)
def _(key):
    of_a, of_y = jax.random.split(key)
    return dict(a=jax.random.normal(of_a, (5, 2)) + jnp.array([1.0, 0.5]), y=jax.random.normal(of_y, (5,)))


@project.inputs("a point that lies in the column space", points=1, hidden=True)
def _(key):
    a = jax.random.normal(key, (6, 3))
    return dict(a=a, y=a @ jnp.array([1.0, -2.0, 0.5]))


@project.inputs("a point perpendicular to all columns", points=1, hidden=True)
def _(key):
    return dict(a=jnp.array([[1.0, 1.0], [2.0, -1.0], [0.0, 0.0]]), y=jnp.array([0.0, 0.0, 3.0]))


@project.mistake("You returned the residual y minus its projection: return the projection itself.")
def _(a, y):
    return y - a @ jnp.linalg.solve(a.T @ a, a.T @ y)


@project.mistake("You returned the weights: multiply them by A to get the point in the column space.")
def _(a, y):
    return jnp.linalg.solve(a.T @ a, a.T @ y)


@project.mistake("You computed A A^T y, which projects only if the columns are orthonormal: put (A^T A)^-1 in between.")
def _(a, y):
    return a @ (a.T @ y)


@project.mistake(
    "You projected onto each column separately and added up, which counts twice what columns share: solve for all "
    "weights together."
)
def _(a, y):
    return a @ ((a.T @ y) / (a**2).sum(axis=0))


@project.mistake("You returned the projection matrix: apply it to y.")
def _(a, y):
    return a @ jnp.linalg.solve(a.T @ a, a.T)


@project.mistake("You returned the point minus y, the residual with the other sign: return the point A w itself.")
def _(a, y):
    return a @ jnp.linalg.solve(a.T @ a, a.T @ y) - y


@project.mistake("You divided by the length of each column: without unit length, divide by its square, a . a.")
def _(a, y):
    return a @ ((a.T @ y) / jnp.sqrt((a**2).sum(axis=0)))


@project.mistake(
    "You returned y itself, as all columns of a full U or Q do: keep only as many columns as A has "
    "(`full_matrices=False`)."
)
def _(a, y):
    return y


@project.mistake("You multiplied by A^T A instead of its inverse: solve with it, jnp.linalg.solve(a.T @ a, a.T @ y).")
def _(a, y):
    return a @ (a.T @ a) @ (a.T @ y)


@project.mistake(
    "You took the inverse of each entry of A^T A: the inverse of a matrix is `jnp.linalg.inv`, or solve with it."
)
def _(a, y):
    return a @ ((1 / (a.T @ a)) @ (a.T @ y))


@project.mistake("You left the singular values in: with U from the reduced SVD, the projection is U U^T y.")
def _(a, y):
    u, s, _ = jnp.linalg.svd(a, full_matrices=False)
    return (u * s) @ (u.T @ y)


# ---------------------------------------------------------------- 2.4


@exercise(
    points=7,
    hints=(
        "Which vectors does the covariance matrix stretch without turning them? In which order do you get them?",
        'The lesson\'s section "PCA: the directions that matter" keeps the longest axes of the ellipse, which are '
        "eigenvectors of the covariance. `jnp.linalg.eigh` gives eigenvalues in ascending order and eigenvectors as "
        "columns.",
        "With `_, v = jnp.linalg.eigh(covariance(x))` reverse the order of the columns, keep the first "
        "n_components of them, and transpose.",
    ),
    why="A few directions often hold nearly all of the variance, so a few numbers describe each sample.",
    compare="up to sign",
    rtol=1e-3,
    atol=1e-4,
)
def principal_directions(x: Float[Array, "n d"], n_components: int) -> Float[Array, "k d"]:
    """Principal directions."""
    return jnp.linalg.eigh(covariance(x))[1][:, ::-1][:, :n_components].T


@principal_directions.inputs("four samples along a diagonal", points=1)
def _(key):
    return dict(x=jnp.array([[2.0, 2.5], [-2.0, -1.5], [1.0, 0.0], [-1.0, -1.0]]), n_components=1)


@principal_directions.inputs("random samples, two of four directions", points=2)
def _(key):
    return dict(x=correlated(key, 40, [8.0, 4.0, 2.0, 0.5]), n_components=2)


@principal_directions.inputs("far from the origin", points=1, hidden=True)
def _(key):
    return dict(x=correlated(key, 40, [6.0, 2.0, 0.5], offset=jnp.array([10.0, -20.0, 15.0])), n_components=3)


@principal_directions.inputs("fewer samples than features", points=2, hidden=True)
def _(key):
    scores = jnp.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    axes = jnp.linalg.qr(jax.random.normal(key, (6, 2)))[0]
    return dict(x=scores @ axes.T + 1.0, n_components=2)


@principal_directions.mistake("You took the smallest eigenvalues: `eigh` sorts in ascending order, so take the last.")
def _(x, n_components):
    return jnp.linalg.eigh(covariance(x))[1][:, :n_components].T


@principal_directions.mistake("Your directions are columns: return one direction per row, shape (n_components, d).")
def _(x, n_components):
    return jnp.linalg.eigh(covariance(x))[1][:, ::-1][:, :n_components]


@principal_directions.mistake("You read eigenvectors from rows: `eigh` returns them as columns, so transpose first.")
def _(x, n_components):
    return jnp.linalg.eigh(covariance(x))[1][::-1][:n_components]


@principal_directions.mistake("You did not center: the directions of variance belong to x minus its mean.")
def _(x, n_components):
    return jnp.linalg.svd(x, full_matrices=False)[2][:n_components]


@principal_directions.mistake("You returned the scores of the samples: the directions are vectors in feature space.")
def _(x, n_components):
    c = center(x)
    return c @ jnp.linalg.eigh(covariance(x))[1][:, ::-1][:, :n_components]


@principal_directions.mistake(
    "Your directions do not have unit length: leave out the factor with the standard deviations."
)
def _(x, n_components):
    values, vectors = jnp.linalg.eigh(covariance(x))
    scale = jnp.sqrt(jnp.maximum(values, 0.0))
    return (vectors * scale)[:, ::-1][:, :n_components].T


@principal_directions.mistake(
    "Your directions are right, but the strongest comes last: sort them by decreasing variance."
)
def _(x, n_components):
    return jnp.linalg.eigh(covariance(x))[1][:, -n_components:].T


@principal_directions.mistake(
    "Your directions are columns, and the strongest comes last: reverse the order, then transpose."
)
def _(x, n_components):
    return jnp.linalg.eigh(covariance(x))[1][:, -n_components:]


@principal_directions.mistake(
    "You used columns of the third output of `svd`: it is V already transposed, so its rows are the directions."
)
def _(x, n_components):
    return jnp.linalg.svd(center(x), full_matrices=False)[2][:, :n_components].T


@principal_directions.mistake(
    "Your vectors have one entry per sample, as the first output of `svd`: directions have one entry per feature."
)
def _(x, n_components):
    return jnp.linalg.svd(center(x), full_matrices=False)[0][:, :n_components].T


@principal_directions.mistake("You used correlations, as if each feature were standardized: take the covariance.")
def _(x, n_components):
    return jnp.linalg.eigh(jnp.corrcoef(x, rowvar=False))[1][:, ::-1][:, :n_components].T


@principal_directions.mistake(
    "You returned the eigenvectors in the order of `eig`, which does not sort: sort them by decreasing eigenvalue."
)
def _(x, n_components):
    return jnp.linalg.eig(covariance(x))[1].real.T[:n_components]


@principal_directions.mistake("You returned all directions: keep the `n_components` with the largest variance.")
def _(x, n_components):
    return jnp.linalg.eigh(covariance(x))[1][:, ::-1].T


@principal_directions.mistake(
    "You multiplied the directions by the singular values of the data: return them with unit length."
)
def _(x, n_components):
    _, s, vt = jnp.linalg.svd(center(x), full_matrices=False)
    return (s[:, None] * vt)[:n_components]


# ---------------------------------------------------------------- 2.5


@exercise(
    points=6,
    hints=(
        "How much variance lies along a principal direction? And how much is there in total?",
        'The lesson\'s section "PCA: the directions that matter" plots these shares, the scree plot. The '
        "eigenvalues of the covariance are the variances along the principal directions, and their sum is the total.",
        "With `values = jnp.linalg.eigvalsh(covariance(x))[::-1]` divide `values` by their sum.",
    ),
    why="The scree plot of these shares says how many components are worth keeping.",
    atol=2e-5,
)
def explained_variance_ratio(x: Float[Array, "n d"]) -> Float[Array, " d"]:
    """Explained variance ratio."""
    values = jnp.linalg.eigvalsh(covariance(x))[::-1]
    return values / values.sum()


@explained_variance_ratio.inputs("four samples on two axes", points=1)
def _(key):
    return dict(x=jnp.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0], [0.0, -3.0]]))


@explained_variance_ratio.inputs("random samples", points=2)
def _(key):
    return dict(x=correlated(key, 20, [4.0, 2.0, 1.0, 0.5], offset=2.0))


@explained_variance_ratio.inputs("all samples on one line", points=1, hidden=True)
def _(key):
    t = jnp.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    return dict(x=t[:, None] * jnp.array([1.0, 2.0, -1.0]) + 1.0)


@explained_variance_ratio.inputs("a single feature", points=1, hidden=True)
def _(key):
    return dict(x=jax.random.normal(key, (5, 1)) + 3.0)


@explained_variance_ratio.mistake(
    "You used standard deviations (singular values) as variances: square them before you divide by their sum."
)
def _(x):
    s = jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(covariance(x))[::-1], 0.0))
    return s / s.sum()


@explained_variance_ratio.mistake("Your shares are in ascending order, as from `eigvalsh`: put the largest first.")
def _(x):
    values = jnp.linalg.eigvalsh(covariance(x))
    return values / values.sum()


@explained_variance_ratio.mistake("You returned the variances themselves: divide them by their sum.")
def _(x):
    return jnp.linalg.eigvalsh(covariance(x))[::-1]


@explained_variance_ratio.mistake("You added the shares up: return the share of each component, not the running total.")
def _(x):
    values = jnp.linalg.eigvalsh(covariance(x))[::-1]
    return jnp.cumsum(values / values.sum())


@explained_variance_ratio.mistake("You did not center: the mean of the data is not variance, so subtract it first.")
def _(x):
    values = jnp.linalg.eigvalsh(x.T @ x)[::-1]
    return values / values.sum()


@explained_variance_ratio.mistake("You divided by the largest variance: divide by the total variance, the sum of all.")
def _(x):
    values = jnp.linalg.eigvalsh(covariance(x))[::-1]
    return values / values[0]


@explained_variance_ratio.mistake(
    "You took the variances of the features: those along the principal directions are the eigenvalues."
)
def _(x):
    variances = jnp.sort(x.var(axis=0))[::-1]
    return variances / variances.sum()


@explained_variance_ratio.mistake(
    "You took the variances of the features in their own order: those along the principal directions are the "
    "eigenvalues of the covariance, the largest first."
)
def _(x):
    variances = x.var(axis=0)
    return variances / variances.sum()


@explained_variance_ratio.mistake("You returned percent: leave out the factor 100, so that the shares add up to 1.")
def _(x):
    values = jnp.linalg.eigvalsh(covariance(x))[::-1]
    return 100 * values / values.sum()


@explained_variance_ratio.mistake(
    "You used correlations, as if each feature were standardized: take the eigenvalues of the covariance."
)
def _(x):
    values = jnp.linalg.eigvalsh(jnp.atleast_2d(jnp.corrcoef(x, rowvar=False)))[::-1]
    return values / values.sum()


@explained_variance_ratio.mistake(
    "You squared the eigenvalues: they are variances already; only singular values of the centered data are squared."
)
def _(x):
    values = jnp.linalg.eigvalsh(covariance(x))[::-1] ** 2
    return values / values.sum()


# ---------------------------------------------------------------- 2.6


@exercise(
    points=6,
    hints=(
        "The singular value decomposition writes A as a sum of matrices of rank one. Which of them matter most?",
        'The lesson\'s section "SVD: the best approximation of a matrix" cuts the sum off after k terms: keep the k '
        "largest singular values with their vectors. `jnp.linalg.svd(a, full_matrices=False)` returns U, the "
        "values in descending order, and V already transposed.",
        "With `u, s, vt = jnp.linalg.svd(a, full_matrices=False)` return `(u[:, :k] * s[:k]) @ vt[:k]`.",
    ),
    why="By Eckart and Young no matrix of that rank is nearer, so this is the best compression at that rank.",
)
def low_rank(a: Float[Array, "m n"], k: int) -> Float[Array, "m n"]:
    """Low-rank approximation."""
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vt[:k]


@low_rank.inputs("a 3 x 3 matrix, rank 1", points=1)
def _(key):
    return dict(a=jnp.array([[4.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, -1.0]]), k=1)


@low_rank.inputs("a random tall matrix, rank 2", points=2)
def _(key):
    return dict(a=correlated(key, 8, [5.0, 3.0, 1.0, 0.3], offset=1.0), k=2)


@low_rank.inputs("a wide matrix, rank 1", points=1, hidden=True)
def _(key):
    return dict(a=correlated(key, 6, [5.0, 2.0, 0.5]).T, k=1)


@low_rank.inputs("full rank: nothing is lost", points=1, hidden=True)
def _(key):
    return dict(a=jax.random.normal(key, (4, 3)), k=3)


@low_rank.mistake("You kept the smallest singular values: they come in descending order, so keep the first k.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:, -k:] * s[-k:]) @ vt[-k:]


@low_rank.mistake("You left out the singular values: multiply each pair of vectors by its own.")
def _(a, k):
    u, _, vt = jnp.linalg.svd(a, full_matrices=False)
    return u[:, :k] @ vt[:k]


@low_rank.mistake("You used columns of the third output: it is V already transposed, so its rows are the vectors.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vt[:, :k].T


@low_rank.mistake("You started at the second part: Python counts from 0, so keep indices 0 to k - 1.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:, 1:k] * s[1:k]) @ vt[1:k]


@low_rank.mistake("You returned what is lost, A minus its approximation: return the approximation.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return a - (u[:, :k] * s[:k]) @ vt[:k]


@low_rank.mistake("You centered the columns: approximate the matrix as it is, with its means.")
def _(a, k):
    mean = a.mean(axis=0)
    u, s, vt = jnp.linalg.svd(a - mean, full_matrices=False)
    return mean + (u[:, :k] * s[:k]) @ vt[:k]


@low_rank.mistake("You squared the singular values: A itself has them to the first power, A^T A has the squares.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:, :k] * s[:k] ** 2) @ vt[:k]


@low_rank.mistake("You kept one part too many: a slice stops before its end, so [:k] already holds k parts.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:, : k + 1] * s[: k + 1]) @ vt[: k + 1]


@low_rank.mistake("You kept all parts, which gives A back: keep only the k with the largest singular values.")
def _(a, k):
    return a


@low_rank.mistake("You kept the k-th part alone: add up the k largest parts.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return s[k - 1] * jnp.outer(u[:, k - 1], vt[k - 1])


@low_rank.mistake("You kept one part too few: a slice stops before its end, so [:k] holds the parts 0 to k - 1.")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:, : k - 1] * s[: k - 1]) @ vt[: k - 1]


@low_rank.mistake(
    "You centered the columns and did not add their means back: approximate the matrix as it is, without centering."
)
def _(a, k):
    u, s, vt = jnp.linalg.svd(a - a.mean(axis=0), full_matrices=False)
    return (u[:, :k] * s[:k]) @ vt[:k]


@low_rank.mistake("You used rows of the first output of `svd`: the vectors u_i are the columns of U, u[:, :k].")
def _(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return (u[:k].T * s[:k]) @ vt[:k]


# ---------------------------------------------------------------- 2.7


@exercise(
    points=7,
    hints=(
        "Both rules multiply entry by entry by a quotient of two matrices of the same shape. Check those shapes.",
        'The lesson\'s section "NMF: parts that can be read" has both rules: W is multiplied by X H^T over W H H^T; '
        "then H, with the W just found, by W^T X over W^T W H. Matrix products inside, entry-wise products and "
        "quotients outside.",
        "First `w = w * (x @ h.T) / (w @ h @ h.T)`, then `h = h * (w.T @ x) / (w.T @ w @ h)`.",
    ),
    why="Non-negative parts can be read as spectra of substances, which principal components cannot.",
)
def nmf_update(
    x: Float[Array, "n d"], w: Float[Array, "n k"], h: Float[Array, "k d"]
) -> tuple[Float[Array, "n k"], Float[Array, "k d"]]:
    """One NMF update."""
    w = w * (x @ h.T) / (w @ h @ h.T)
    return w, h * (w.T @ x) / (w.T @ w @ h)


def factors(key, n, d, k):
    """Positive data and factors."""
    of_x, of_w, of_h = jax.random.split(key, 3)
    sizes = ((of_x, (n, d)), (of_w, (n, k)), (of_h, (k, d)))
    return [jax.random.uniform(of, shape, minval=0.2, maxval=2.0) for of, shape in sizes]


@nmf_update.inputs("a single part", points=1)
def _(key):
    return dict(x=jnp.array([[1.0, 2.0], [3.0, 4.0]]), w=jnp.array([[1.0], [1.0]]), h=jnp.array([[1.0, 2.0]]))


@nmf_update.inputs("random factors", points=2)
def _(key):
    x, w, h = factors(key, 6, 5, 2)
    return dict(x=x, w=w, h=h)


@nmf_update.inputs("zeros in the factors", points=1, hidden=True)
def _(key):
    x, w, h = factors(key, 4, 5, 2)
    return dict(x=x, w=w.at[1, 0].set(0.0), h=h.at[0, 3].set(0.0))


@nmf_update.inputs("very small numbers, as traces of a substance have", points=1, hidden=True)
def _(key):
    x, w, h = factors(key, 5, 4, 2)
    return dict(x=1e-5 * x, w=1e-5 * w, h=1e-5 * h)


@nmf_update.inputs("an exact factorization does not move", points=1, hidden=True)
def _(key):
    _, w, h = factors(key, 5, 4, 2)
    return dict(x=w @ h, w=w, h=h)


@nmf_update.mistake("You updated H with the old W: use the W that you have just computed.")
def _(x, w, h):
    return w * (x @ h.T) / (w @ h @ h.T), h * (w.T @ x) / (w.T @ w @ h)


@nmf_update.mistake("You updated H before W: start with W, and use the new W for H.")
def _(x, w, h):
    h = h * (w.T @ x) / (w.T @ w @ h)
    return w * (x @ h.T) / (w @ h @ h.T), h


@nmf_update.mistake("You updated W alone: update H as well, with the new W.")
def _(x, w, h):
    return w * (x @ h.T) / (w @ h @ h.T), h


@nmf_update.mistake("Your quotients are upside down: the data X belong in the numerator.")
def _(x, w, h):
    w = w * (w @ h @ h.T) / (x @ h.T)
    return w, h * (w.T @ w @ h) / (w.T @ x)


@nmf_update.mistake("You replaced the factors by the quotients: multiply the old factors by them.")
def _(x, w, h):
    w = (x @ h.T) / (w @ h @ h.T)
    return w, (w.T @ x) / (w.T @ w @ h)


@nmf_update.mistake(
    "You divided X by W H entry by entry and averaged, which is the rule for the Kullback-Leibler divergence: for the "
    "squared error divide X H^T by W H H^T."
)
def _(x, w, h):
    w = w * ((x / (w @ h)) @ h.T) / h.sum(axis=1)
    return w, h * (w.T @ (x / (w @ h))) / w.sum(axis=0)[:, None]


@nmf_update.mistake("You returned H first: return the pair (W, H).")
def _(x, w, h):
    w = w * (x @ h.T) / (w @ h @ h.T)
    return h * (w.T @ x) / (w.T @ w @ h), w


@nmf_update.mistake("You updated H alone: update W first, and H with the new W.")
def _(x, w, h):
    return w, h * (w.T @ x) / (w.T @ w @ h)


@nmf_update.mistake("You took the root of the quotients: multiply by the quotients as they are.")
def _(x, w, h):
    w = w * jnp.sqrt((x @ h.T) / (w @ h @ h.T))
    return w, h * jnp.sqrt((w.T @ x) / (w.T @ w @ h))


@nmf_update.mistake(
    "You add a small number to the denominators, which swamps them where all numbers are small: none is 0 here, "
    "so leave it out."
)
def _(x, w, h):
    w = w * (x @ h.T) / (w @ h @ h.T + 1e-9)
    return w, h * (w.T @ x) / (w.T @ w @ h + 1e-9)


@nmf_update.mistake("Your denominator of H still has the old W: use the new W in the numerator and in the denominator.")
def _(x, w, h):
    new = w * (x @ h.T) / (w @ h @ h.T)
    return new, h * (new.T @ x) / (w.T @ w @ h)


@nmf_update.mistake("You made more than one update of each factor: return the pair after the first.")
def _(x, w, h):
    for _ in range(2):
        w = w * (x @ h.T) / (w @ h @ h.T)
        h = h * (w.T @ x) / (w.T @ w @ h)
    return w, h


@nmf_update.mistake("Your numerator of H still has the old W: use the new W in the numerator and in the denominator.")
def _(x, w, h):
    new = w * (x @ h.T) / (w @ h @ h.T)
    return new, h * (w.T @ x) / (new.T @ new @ h)


# ---------------------------------------------------------------- 2.8


@exercise(
    points=8,
    hints=(
        "What is the variance along each eigenvector of the covariance? Rescale the data there to make it 1.",
        'The lesson\'s section "Whitening" shows three kinds; this is ZCA. With S = Q diag(l) Q^T, the symmetric '
        "root of the inverse is Q diag(1 / sqrt(l)) Q^T. Center the data and multiply each sample by it.",
        "With `values, q = jnp.linalg.eigh(covariance(x))` return `center(x) @ (q / jnp.sqrt(values)) @ q.T`.",
    ),
    why="After whitening no feature dominates because of its unit, and distances count standard deviations.",
    rtol=1e-3,
)
def whiten(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Whitening."""
    values, q = jnp.linalg.eigh(covariance(x))
    return center(x) @ (q / jnp.sqrt(values)) @ q.T


@whiten.inputs("five samples of two features", points=2)
def _(key):
    return dict(x=jnp.array([[2.0, 1.0], [0.0, 3.0], [4.0, 4.0], [6.0, 9.0], [8.0, 8.0]]))


@whiten.inputs("random samples", points=2)
def _(key):
    return dict(x=correlated(key, 20, [4.0, 2.0, 1.0], offset=5.0))


@whiten.inputs("features of very different size", points=1, hidden=True)
def _(key):
    return dict(x=correlated(key, 15, [2.0, 1.0]) * jnp.array([10.0, 0.5]))


@whiten.inputs("very small numbers, where a small number added to the eigenvalues is not small", points=1, hidden=True)
def _(key):
    return dict(x=1e-5 * correlated(key, 15, [2.0, 1.0]))


@whiten.inputs("equal variances, where the eigenvectors are not unique", points=1, hidden=True)
def _(key):
    corners = jnp.array([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [-1.0, -1.0, 0.0]])
    return dict(x=2.0 * jnp.concatenate([corners, jnp.array([[0.0, 0.0, 2.0**0.5], [0.0, 0.0, -(2.0**0.5)]])]) + 1.0)


@whiten.mistake("You divided each feature by its standard deviation: that leaves them correlated; use S^(-1/2).")
def _(x):
    return center(x) / x.std(axis=0, ddof=1)


@whiten.mistake("You stayed in the coordinates of the eigenvectors: rotate back with Q^T for symmetric whitening.")
def _(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return center(x) @ (q / jnp.sqrt(values))


@whiten.mistake("You divided by the variances: divide by their square roots, the standard deviations.")
def _(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return center(x) @ (q / values) @ q.T


@whiten.mistake("Your covariance has the divisor n: use n - 1, the divisor of 2.2, instead.")
def _(x):
    values, q = jnp.linalg.eigh(covariance(x) * (len(x) - 1) / len(x))
    return center(x) @ (q / jnp.sqrt(values)) @ q.T


@whiten.mistake("You did not center: subtract the mean before you multiply.")
def _(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return x @ (q / jnp.sqrt(values)) @ q.T


@whiten.mistake("You multiplied by the root of the covariance: that stretches even more, so use its inverse.")
def _(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return center(x) @ (q * jnp.sqrt(values)) @ q.T


@whiten.mistake("You whitened with the triangular Cholesky factor: use the symmetric root Q diag(1/sqrt(l)) Q^T.")
def _(x):
    lower = jnp.linalg.cholesky(covariance(x))
    return jax.scipy.linalg.solve_triangular(lower, center(x).T, lower=True).T


@whiten.mistake("You returned the matrix S^(-1/2) itself: multiply the centered samples by it.")
def _(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return (q / jnp.sqrt(values)) @ q.T


@whiten.mistake("You divided each feature by its variance, which leaves them correlated: use S^(-1/2).")
def _(x):
    return center(x) / x.var(axis=0, ddof=1)


@whiten.mistake(
    "You swapped Q and Q^T: the columns of Q from `eigh` are the eigenvectors, so the root is (q / "
    "jnp.sqrt(values)) @ q.T."
)
def _(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return center(x) @ (q.T / jnp.sqrt(values)) @ q


@whiten.mistake("Your z is U V^T, with the covariance 1 / (n - 1): multiply it by sqrt(n - 1).")
def _(x):
    u, _, vt = jnp.linalg.svd(center(x), full_matrices=False)
    return u @ vt


@whiten.mistake(
    "You rotated the data into their principal directions but did not rescale them: use all three factors of S^(-1/2)."
)
def _(x):
    return center(x) @ jnp.linalg.eigh(covariance(x))[1]


@whiten.mistake("You added the mean back at the end: whitened data are centered, so leave it out.")
def _(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return center(x) @ (q / jnp.sqrt(values)) @ q.T + x.mean(axis=0)


@whiten.mistake(
    "You returned U sqrt(n - 1), which whitens in the coordinates of the principal directions: multiply by V^T "
    "from the right."
)
def _(x):
    u, _, _ = jnp.linalg.svd(center(x), full_matrices=False)
    return u * jnp.sqrt(len(x) - 1)


@whiten.mistake("You used the mean square of the raw data for S: center before you compute the covariance.")
def _(x):
    values, q = jnp.linalg.eigh(x.T @ x / (len(x) - 1))
    return center(x) @ (q / jnp.sqrt(values)) @ q.T
