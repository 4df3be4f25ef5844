"""Unit 12, uncertainty in predictions: the reference answers and their specification.

The first check of each exercise is visible and counts one point of twenty, as does the one under `jax.jit`: who knows
its answer by heart has a tenth. Inputs of all others are hidden, and depend on the seed.
"""

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from exercises.given import Array, Bool, Float, Int
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 12.1


@exercise(
    points=20,
    hints=(
        "How far is each row of x from each row of z? Which shape has the array of all their differences?",
        'The lesson\'s section "Kernels: what is similar". `x[:, None] - z` has the shape (n, m, d): square it, and '
        "sum over the last axis.",
        "squares = jnp.sum((x[:, None] - z) ** 2, axis=-1); return variance * jnp.exp(-squares / (2 * length**2)).",
    ),
    why="The kernel is all that a Gaussian process knows before it sees data: what is near is alike.",
)
def rbf_kernel(x: Float[Array, "n d"], z: Float[Array, "m d"], length: float, variance: float) -> Float[Array, "n m"]:
    """RBF kernel."""
    squares = jnp.sum((x[:, None] - z) ** 2, axis=-1)
    return variance * jnp.exp(-squares / (2 * length**2))


@rbf_kernel.inputs("three alloys and two, three features", points=1)
def _(key):
    return dict(
        x=jnp.array([[0.5, 1.0, 0.2], [2.0, -1.5, 0.7], [-1.0, 0.7, 1.1]]),
        z=jnp.array([[1.0, 0.2, -0.4], [-0.5, 2.0, 0.3]]),
        length=1.7,
        variance=2.5,
    )


@rbf_kernel.inputs("random alloys, five features", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(x=jax.random.normal(a, (5, 5)), z=jax.random.normal(b, (4, 5)), length=1.6, variance=0.6)


@rbf_kernel.inputs("temperatures around 1200 K that differ by 0.1 K", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    x, z = 1200 + 0.3 * jax.random.normal(a, (5, 1)), 1200 + 0.3 * jax.random.normal(b, (3, 1))
    return dict(x=x, z=z, length=0.25, variance=900.0)


@rbf_kernel.inputs("one particle, in meters", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    x, z = 3e-9 * jax.random.normal(a, (1, 2)), 3e-9 * jax.random.normal(b, (4, 2))
    return dict(x=x, z=z, length=4e-9, variance=4e-4)


def _squares(x, z):
    return jnp.sum((x[:, None] - z) ** 2, axis=-1)


@rbf_kernel.mistake("You did not square the length: divide by 2 length^2, so that the exponent has no unit.")
def _(x, z, length, variance):
    return variance * jnp.exp(-_squares(x, z) / (2 * length))


@rbf_kernel.mistake("You left out the 2 in the exponent: divide by 2 length^2.")
def _(x, z, length, variance):
    return variance * jnp.exp(-_squares(x, z) / length**2)


@rbf_kernel.mistake("You squared the 2 along with the length: divide by 2 length^2, not by (2 length)^2.")
def _(x, z, length, variance):
    return variance * jnp.exp(-_squares(x, z) / (2 * length) ** 2)


@rbf_kernel.mistake("You multiplied by length^2: put parentheses around 2 * length**2, so that you divide by it.")
def _(x, z, length, variance):
    return variance * jnp.exp(-_squares(x, z) / 2 * length**2)


@rbf_kernel.mistake("You took the root of the squared distance: the exponent has the square itself.")
def _(x, z, length, variance):
    return variance * jnp.exp(-jnp.sqrt(_squares(x, z)) / (2 * length**2))


@rbf_kernel.mistake("You wrote the exponential kernel, of distance / length: halve the square of this ratio.")
def _(x, z, length, variance):
    return variance * jnp.exp(-jnp.sqrt(_squares(x, z)) / length)


@rbf_kernel.mistake("The minus in the exponent is missing: points far apart are less alike.")
def _(x, z, length, variance):
    return variance * jnp.exp(_squares(x, z) / (2 * length**2))


@rbf_kernel.mistake("You squared the variance: it is the square of a standard deviation already.")
def _(x, z, length, variance):
    return variance**2 * jnp.exp(-_squares(x, z) / (2 * length**2))


@rbf_kernel.mistake("You left out the variance: multiply the exponential by it.")
def _(x, z, length, variance):
    return jnp.exp(-_squares(x, z) / (2 * length**2))


@rbf_kernel.mistake("Your matrix is the transpose: row i belongs to x_i, column j to z_j.")
def _(x, z, length, variance):
    return variance * jnp.exp(-_squares(z, x) / (2 * length**2))


@rbf_kernel.mistake("You averaged over the features: sum the squares of the differences.")
def _(x, z, length, variance):
    return variance * jnp.exp(-jnp.mean((x[:, None] - z) ** 2, axis=-1) / (2 * length**2))


@rbf_kernel.mistake("You summed the differences before you squared: square each one, then sum.")
def _(x, z, length, variance):
    return variance * jnp.exp(-(jnp.sum(x[:, None] - z, axis=-1) ** 2) / (2 * length**2))


@rbf_kernel.mistake("You used x alone: take the differences between the rows of x and those of z.")
def _(x, z, length, variance):
    return variance * jnp.exp(-_squares(x, x) / (2 * length**2))


@rbf_kernel.mistake(
    "Far from zero your squares lose their digits: take the differences first, not |x|^2 + |z|^2 - 2 x . z."
)
def _(x, z, length, variance):
    squares = jnp.sum(x**2, axis=1)[:, None] + jnp.sum(z**2, axis=1) - 2 * x @ z.T
    return variance * jnp.exp(-squares / (2 * length**2))


# ---------------------------------------------------------------- 12.2


@exercise(
    points=20,
    hints=(
        "What is c^T A^-1 c if A = L L^T, and you know the vector L^-1 c?",
        'The lesson\'s section "The posterior of a Gaussian process". With w = L^-1 C and u = L^-1 y, both by '
        "`solve_triangular(L, ..., lower=True)`, the mean is w^T u, and the sum of the squares in each column of w is "
        "what the data take from the prior variance.",
        "factor = jnp.linalg.cholesky(kernel + noise_variance * jnp.eye(len(y))); w = solve_triangular(factor, cross, "
        "lower=True); u = solve_triangular(factor, y, lower=True); return w.T @ u, prior_variance - jnp.sum(w**2, "
        "axis=0).",
    ),
    why="Near the data the variance shrinks, far from them it is that of the prior: the model knows what it knows.",
)
def gp_posterior(
    kernel: Float[Array, "n n"],
    cross: Float[Array, "n m"],
    prior_variance: Float[Array, " m"],
    y: Float[Array, " n"],
    noise_variance: float,
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Posterior of a Gaussian process."""
    factor = jnp.linalg.cholesky(kernel + noise_variance * jnp.eye(len(y)))
    white = solve_triangular(factor, cross, lower=True)
    mean = white.T @ solve_triangular(factor, y, lower=True)
    return mean, prior_variance - jnp.sum(white**2, axis=0)


def _process(x, new, length, variance):
    """Return all covariances of a process with an RBF kernel, as 12.2 wants them."""
    return dict(
        kernel=rbf_kernel(x, x, length, variance),
        cross=rbf_kernel(x, new, length, variance),
        prior_variance=jnp.full(len(new), variance),
    )


@gp_posterior.inputs("five measurements, four new points", points=1)
def _(key):
    x, new = jnp.array([[-1.5], [-0.5], [0.0], [0.7], [2.0]]), jnp.array([[-1.0], [0.3], [3.0], [1.2]])
    return dict(**_process(x, new, 0.8, 1.5), y=jnp.array([0.3, -0.2, 0.5, 1.0, -0.4]), noise_variance=0.01)


@gp_posterior.inputs("random alloys, with a trend in the prior variance", points=6, hidden=True)
def _(key):
    a, b, c, d = jax.random.split(key, 4)
    x, new = jax.random.normal(a, (6, 2)), jax.random.normal(b, (4, 2))
    scale, new_scale = 1 + 0.4 * x[:, 0] ** 2, 1 + 0.4 * new[:, 0] ** 2
    made = _process(x, new, 1.2, 2.0)
    return dict(
        kernel=scale[:, None] * made["kernel"] * scale,
        cross=scale[:, None] * made["cross"] * new_scale,
        prior_variance=made["prior_variance"] * new_scale**2,
        y=1 + 2 * jax.random.normal(c, (6,)),
        noise_variance=0.3 + 0.2 * jax.random.uniform(d).item(),
    )


@gp_posterior.inputs("measurements repeated at the same points, in MPa", points=6, hidden=True)
def _(key):
    a, b, c = jax.random.split(key, 3)
    x, new = jnp.repeat(jax.random.normal(a, (3, 1)), 3, axis=0), jax.random.normal(b, (2, 1))
    return dict(**_process(x, new, 0.9, 3600.0), y=80 + 60 * jax.random.normal(c, (9,)), noise_variance=225.0)


@gp_posterior.inputs("one measurement, in GPa", points=6, hidden=True)
def _(key):
    a, b, c = jax.random.split(key, 3)
    x, new = jax.random.normal(a, (1, 2)), jax.random.normal(b, (3, 2))
    return dict(**_process(x, new, 2.5, 0.04), y=0.3 + 0.1 * jax.random.normal(c, (1,)), noise_variance=0.009)


def _posterior(matrix, cross, prior_variance, y):
    """Return the posterior for this matrix in place of K + s^2 I."""
    solved = jnp.linalg.solve(matrix, cross)
    return solved.T @ y, prior_variance - jnp.sum(cross * solved, axis=0)


def _noisy(kernel, noise_variance):
    return kernel + noise_variance * jnp.eye(len(kernel))


@gp_posterior.mistake("You left out the noise: add noise_variance to the diagonal of K.")
def _(kernel, cross, prior_variance, y, noise_variance):
    return _posterior(kernel, cross, prior_variance, y)


@gp_posterior.mistake("You added the noise to every entry of K: add it to the diagonal, times `jnp.eye(n)`.")
def _(kernel, cross, prior_variance, y, noise_variance):
    return _posterior(kernel + noise_variance, cross, prior_variance, y)


@gp_posterior.mistake("You squared the noise variance: s^2 is `noise_variance` itself.")
def _(kernel, cross, prior_variance, y, noise_variance):
    return gp_posterior(kernel, cross, prior_variance, y, noise_variance**2)


@gp_posterior.mistake("You added the standard deviation of the noise: add noise_variance to the diagonal.")
def _(kernel, cross, prior_variance, y, noise_variance):
    return gp_posterior(kernel, cross, prior_variance, y, jnp.sqrt(noise_variance))


@gp_posterior.mistake("Your variance is that of another measurement: leave the noise out, since f itself has none.")
def _(kernel, cross, prior_variance, y, noise_variance):
    mean, variance = gp_posterior(kernel, cross, prior_variance, y, noise_variance)
    return mean, variance + noise_variance


@gp_posterior.mistake("You returned the standard deviation of f: return its variance.")
def _(kernel, cross, prior_variance, y, noise_variance):
    mean, variance = gp_posterior(kernel, cross, prior_variance, y, noise_variance)
    return mean, jnp.sqrt(variance)


@gp_posterior.mistake("You added what the data tell to the prior variance: they make it smaller, so subtract.")
def _(kernel, cross, prior_variance, y, noise_variance):
    mean, variance = gp_posterior(kernel, cross, prior_variance, y, noise_variance)
    return mean, 2 * prior_variance - variance


@gp_posterior.mistake("You subtracted from 1: subtract from the prior variance, which need not be 1.")
def _(kernel, cross, prior_variance, y, noise_variance):
    mean, variance = gp_posterior(kernel, cross, prior_variance, y, noise_variance)
    return mean, 1 - prior_variance + variance


@gp_posterior.mistake("You returned a matrix: of C^T (K + s^2 I)^-1 C only the diagonal is needed.")
def _(kernel, cross, prior_variance, y, noise_variance):
    solved = jnp.linalg.solve(_noisy(kernel, noise_variance), cross)
    return solved.T @ y, prior_variance - cross.T @ solved


@gp_posterior.mistake("You exchanged the results: the mean comes first.")
def _(kernel, cross, prior_variance, y, noise_variance):
    return gp_posterior(kernel, cross, prior_variance, y, noise_variance)[::-1]


@gp_posterior.mistake("You solved with L once for the mean: A^-1 y needs L and L^T, so solve with L on both sides.")
def _(kernel, cross, prior_variance, y, noise_variance):
    factor = jnp.linalg.cholesky(_noisy(kernel, noise_variance))
    mean = cross.T @ solve_triangular(factor, y, lower=True)
    return mean, gp_posterior(kernel, cross, prior_variance, y, noise_variance)[1]


@gp_posterior.mistake("You summed L^-1 C in each column: sum its squares.")
def _(kernel, cross, prior_variance, y, noise_variance):
    white = solve_triangular(jnp.linalg.cholesky(_noisy(kernel, noise_variance)), cross, lower=True)
    return gp_posterior(kernel, cross, prior_variance, y, noise_variance)[0], prior_variance - jnp.sum(white, axis=0)


@gp_posterior.mistake("You squared (K + s^2 I)^-1 C: multiply it by C, or square L^-1 C, and sum in each column.")
def _(kernel, cross, prior_variance, y, noise_variance):
    solved = jnp.linalg.solve(_noisy(kernel, noise_variance), cross)
    return solved.T @ y, prior_variance - jnp.sum(solved**2, axis=0)


@gp_posterior.mistake("You used the matrix in place of its Cholesky factor: take `jnp.linalg.cholesky` of it first.")
def _(kernel, cross, prior_variance, y, noise_variance):
    matrix = _noisy(kernel, noise_variance)
    white = solve_triangular(matrix, cross, lower=True)
    return white.T @ solve_triangular(matrix, y, lower=True), prior_variance - jnp.sum(white**2, axis=0)


@gp_posterior.mistake("You took L for an upper triangle, and only its diagonal was used: pass `lower=True`.")
def _(kernel, cross, prior_variance, y, noise_variance):
    factor = jnp.linalg.cholesky(_noisy(kernel, noise_variance))
    white = solve_triangular(factor, cross)
    return white.T @ solve_triangular(factor, y), prior_variance - jnp.sum(white**2, axis=0)


@gp_posterior.mistake("You took L^T for a lower triangle: it is an upper one, so solve with it by `lower=False`.")
def _(kernel, cross, prior_variance, y, noise_variance):
    factor = jnp.linalg.cholesky(_noisy(kernel, noise_variance))
    coef = solve_triangular(factor.T, solve_triangular(factor, y, lower=True), lower=True)
    return cross.T @ coef, gp_posterior(kernel, cross, prior_variance, y, noise_variance)[1]


@gp_posterior.mistake("You added 1e-6 to the diagonal in place of the noise: add noise_variance, which does more.")
def _(kernel, cross, prior_variance, y, noise_variance):
    return gp_posterior(kernel, cross, prior_variance, y, 1e-6)


# ---------------------------------------------------------------- 12.3


@exercise(
    points=20,
    hints=(
        "The determinant of a product of matrices is the product of their determinants. What is it for A = L L^T?",
        'The lesson\'s section "The evidence chooses the kernel". ln det A is twice the sum of the logarithms on the '
        "diagonal of L, so half of it is that sum; and y^T A^-1 y is the sum of the squares of L^-1 y.",
        "factor = jnp.linalg.cholesky(kernel + noise_variance * jnp.eye(n)); u = solve_triangular(factor, y, "
        "lower=True); return -jnp.sum(u**2) / 2 - jnp.sum(jnp.log(jnp.diag(factor))) - n * jnp.log(2 * jnp.pi) / 2, "
        "with n = len(y).",
    ),
    why="It weighs fit against complexity, so that length, variance and noise can be chosen from the data alone.",
)
def log_evidence(kernel: Float[Array, "n n"], y: Float[Array, " n"], noise_variance: float) -> Float[Array, ""]:
    """Log marginal likelihood."""
    factor = jnp.linalg.cholesky(kernel + noise_variance * jnp.eye(len(y)))
    white = solve_triangular(factor, y, lower=True)
    return -jnp.sum(white**2) / 2 - jnp.sum(jnp.log(jnp.diag(factor))) - len(y) * jnp.log(2 * jnp.pi) / 2


@log_evidence.inputs("five measurements", points=1)
def _(key):
    x = jnp.array([[-1.5], [-0.5], [0.0], [0.7], [2.0]])
    return dict(kernel=rbf_kernel(x, x, 0.5, 1.5), y=jnp.array([0.3, -0.2, 0.5, 1.0, -0.4]), noise_variance=0.2)


@log_evidence.inputs("random alloys, hardness in GPa", points=4, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    x = jax.random.normal(a, (7, 2))
    return dict(kernel=rbf_kernel(x, x, 1.1, 2.2), y=1 + 2 * jax.random.normal(b, (7,)), noise_variance=0.4)


def _many(key, variance):
    a, b = jax.random.split(key)
    x = 0.5 * jnp.arange(60.0)[:, None] + jax.random.uniform(a, (60, 1), maxval=0.1)
    y = variance**0.5 * (0.5 + jax.random.normal(b, (60,)))
    return dict(kernel=rbf_kernel(x, x, 0.4, variance), y=y, noise_variance=0.25 * variance)


@log_evidence.inputs("60 strains, whose determinant is too small for a float", points=4, hidden=True)
def _(key):
    return _many(key, 1e-7)


@log_evidence.inputs("60 stresses, whose determinant is too large for a float", points=5, hidden=True)
def _(key):
    return _many(key, 4e8)


@log_evidence.inputs("measurements repeated at the same points, one of them alone", points=5, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    x = jnp.repeat(jax.random.normal(a, (3, 1)), jnp.array([4, 3, 1]), axis=0, total_repeat_length=8)
    return dict(kernel=rbf_kernel(x, x, 0.9, 36.0), y=5 + 6 * jax.random.normal(b, (8,)), noise_variance=2.25)


def _parts(kernel, y, noise_variance):
    """Return the three terms, each with its sign, and the matrix A."""
    matrix = _noisy(kernel, noise_variance)
    fit = -y @ jnp.linalg.solve(matrix, y) / 2
    return fit, -jnp.linalg.slogdet(matrix)[1] / 2, -len(y) * jnp.log(2 * jnp.pi) / 2, matrix


@log_evidence.mistake("Your sign is wrong: return the logarithm of the density, not the loss, its negative.")
def _(kernel, y, noise_variance):
    return -log_evidence(kernel, y, noise_variance)


@log_evidence.mistake("You left out the 1/2 before ln det A.")
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel, y, noise_variance)
    return fit + 2 * volume + constant


@log_evidence.mistake(
    "You halved the sum of ln L_ii: det A is the square of their product, so 1/2 ln det A is that sum itself."
)
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel, y, noise_variance)
    return fit + volume / 2 + constant


@log_evidence.mistake("You left out the constant: subtract n/2 ln(2 pi).")
def _(kernel, y, noise_variance):
    fit, volume, _, _ = _parts(kernel, y, noise_variance)
    return fit + volume


@log_evidence.mistake("You subtracted 1/2 ln(2 pi) once: subtract it for each of the n measurements.")
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel, y, noise_variance)
    return fit + volume + constant / len(y)


@log_evidence.mistake("You subtracted n ln(2 pi): subtract half of it.")
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel, y, noise_variance)
    return fit + volume + 2 * constant


@log_evidence.mistake("You left out the 1/2 before y^T A^-1 y.")
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel, y, noise_variance)
    return 2 * fit + volume + constant


@log_evidence.mistake("You added 1/2 ln det A: subtract it, since a density that is spread out is lower.")
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel, y, noise_variance)
    return fit - volume + constant


@log_evidence.mistake("You left out the noise: A is K + noise_variance I.")
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel, y, 0.0)
    return fit + volume + constant


@log_evidence.mistake("You squared the noise variance: s^2 is `noise_variance` itself.")
def _(kernel, y, noise_variance):
    return log_evidence(kernel, y, noise_variance**2)


@log_evidence.mistake("You added the noise to every entry of K: add it to the diagonal, times `jnp.eye(n)`.")
def _(kernel, y, noise_variance):
    fit, volume, constant, _ = _parts(kernel + noise_variance, y, 0.0)
    return fit + volume + constant


@log_evidence.mistake("You divided by n: return the logarithm of the density of all measurements together.")
def _(kernel, y, noise_variance):
    return log_evidence(kernel, y, noise_variance) / len(y)


@log_evidence.mistake(
    "You took the logarithms on the diagonal of A: take those on the diagonal of its Cholesky factor."
)
def _(kernel, y, noise_variance):
    fit, _, constant, matrix = _parts(kernel, y, noise_variance)
    return fit - jnp.sum(jnp.log(jnp.diag(matrix))) / 2 + constant


@log_evidence.mistake("You solved with L once: y^T A^-1 y is the sum of the squares of L^-1 y.")
def _(kernel, y, noise_variance):
    _, volume, constant, matrix = _parts(kernel, y, noise_variance)
    return -y @ solve_triangular(jnp.linalg.cholesky(matrix), y, lower=True) / 2 + volume + constant


@log_evidence.mistake("You took L for an upper triangle, and only its diagonal was used: pass `lower=True`.")
def _(kernel, y, noise_variance):
    _, volume, constant, matrix = _parts(kernel, y, noise_variance)
    return -jnp.sum(solve_triangular(jnp.linalg.cholesky(matrix), y) ** 2) / 2 + volume + constant


@log_evidence.mistake(
    "For many measurements det A is 0 or infinite for a float, and so is its logarithm: sum the logarithms of the "
    "diagonal of its Cholesky factor."
)
def _(kernel, y, noise_variance):
    fit, _, constant, matrix = _parts(kernel, y, noise_variance)
    return fit - jnp.log(jnp.linalg.det(matrix)) / 2 + constant


# ---------------------------------------------------------------- 12.4


@exercise(
    points=20,
    hints=(
        "What does one term add where its lambda is much larger than alpha, and what where it is much smaller?",
        'The lesson\'s section "How many parameters do the data determine?". `jnp.linalg.eigvalsh` returns all '
        "eigenvalues of a symmetric matrix, and alpha is the precision of the prior, 1 / variance.",
        "eigenvalues = jnp.linalg.eigvalsh(design.T @ design / noise_variance); return jnp.sum(eigenvalues / "
        "(eigenvalues + 1 / prior_variance)).",
    ),
    why="A model may have a million weights and few parameters: what the data do not determine, the prior does.",
)
def effective_parameters(design: Float[Array, "n m"], noise_variance: float, prior_variance: float) -> Float[Array, ""]:
    """Effective number of parameters."""
    eigenvalues = jnp.linalg.eigvalsh(design.T @ design / noise_variance)
    return jnp.sum(eigenvalues / (eigenvalues + 1 / prior_variance))


@effective_parameters.inputs("a line through four points", points=1)
def _(key):
    design = jnp.array([[1.0, 0.5], [1.0, -1.0], [1.0, 2.0], [1.0, 0.3]])
    return dict(design=design, noise_variance=3.0, prior_variance=0.4)


@effective_parameters.inputs("random design", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    design = jax.random.normal(a, (9, 4)) * jnp.array([0.2, 0.5, 1.0, 2.0]) + 0.4
    return dict(design=design, noise_variance=1.5 + jax.random.uniform(b).item(), prior_variance=0.3)


@effective_parameters.inputs("more weights than samples", points=6, hidden=True)
def _(key):
    return dict(design=0.7 * jax.random.normal(key, (3, 6)), noise_variance=0.6, prior_variance=0.5)


@effective_parameters.inputs("noise of 40 MPa, weights of 300 MPa, two equal columns", points=6, hidden=True)
def _(key):
    design = 0.2 * jax.random.normal(key, (8, 3))
    return dict(design=design[:, jnp.array([0, 1, 2, 1])], noise_variance=1600.0, prior_variance=9e4)


def _eigenvalues(design):
    return jnp.linalg.eigvalsh(design.T @ design)


def _gamma(eigenvalues, alpha):
    return jnp.sum(eigenvalues / (eigenvalues + alpha))


@effective_parameters.mistake("You left out the noise: divide X^T X by noise_variance.")
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design), 1 / prior_variance)


@effective_parameters.mistake("You multiplied by the noise variance: divide by it, since noisy data determine less.")
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design) * noise_variance, 1 / prior_variance)


@effective_parameters.mistake("You divided by the standard deviation of the noise: divide X^T X by noise_variance.")
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design) / jnp.sqrt(noise_variance), 1 / prior_variance)


@effective_parameters.mistake("Your alpha is the prior variance: it is 1 / prior_variance, the prior's precision.")
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design) / noise_variance, prior_variance)


@effective_parameters.mistake("Your alpha is one over the prior's standard deviation: it is 1 / prior_variance.")
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design) / noise_variance, 1 / jnp.sqrt(prior_variance))


@effective_parameters.mistake(
    "You exchanged the variances: X^T X is divided by that of the noise, alpha is the prior's."
)
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design) / prior_variance, 1 / noise_variance)


@effective_parameters.mistake(
    "You divided by the noise variance twice: lambda is over noise_variance, and alpha is 1 / prior_variance."
)
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design) / noise_variance, noise_variance / prior_variance)


@effective_parameters.mistake("You took the singular values of X: their squares are the eigenvalues of X^T X.")
def _(design, noise_variance, prior_variance):
    return _gamma(jnp.sqrt(jnp.maximum(_eigenvalues(design), 0)) / noise_variance, 1 / prior_variance)


@effective_parameters.mistake("You counted what the prior determines: the numerator is lambda, not alpha.")
def _(design, noise_variance, prior_variance):
    return design.shape[1] - effective_parameters(design, noise_variance, prior_variance)


@effective_parameters.mistake(
    "You took the diagonal of X^T X: its eigenvalues are others, unless X has orthogonal columns."
)
def _(design, noise_variance, prior_variance):
    return _gamma(jnp.sum(design**2, axis=0) / noise_variance, 1 / prior_variance)


@effective_parameters.mistake("You divided X^T X by the number of samples: it grows with each of them.")
def _(design, noise_variance, prior_variance):
    return _gamma(_eigenvalues(design) / len(design) / noise_variance, 1 / prior_variance)


@effective_parameters.mistake("You subtracted the mean of each column: X^T X is of the design matrix as it is.")
def _(design, noise_variance, prior_variance):
    return effective_parameters(design - jnp.mean(design, axis=0), noise_variance, prior_variance)


@effective_parameters.mistake("You divided the sum of all lambda by their sum plus alpha: divide each, then sum.")
def _(design, noise_variance, prior_variance):
    total = jnp.sum(_eigenvalues(design)) / noise_variance
    return total / (total + 1 / prior_variance)


@effective_parameters.mistake(
    "You divided lambda by alpha: divide it by lambda + alpha, so that no weight counts twice."
)
def _(design, noise_variance, prior_variance):
    return jnp.sum(_eigenvalues(design)) / noise_variance * prior_variance


@effective_parameters.mistake("You summed 1 / (lambda + alpha): the numerator is lambda.")
def _(design, noise_variance, prior_variance):
    return jnp.sum(1 / (_eigenvalues(design) / noise_variance + 1 / prior_variance))


@effective_parameters.mistake("You returned one number for each eigenvalue: sum them.")
def _(design, noise_variance, prior_variance):
    eigenvalues = _eigenvalues(design) / noise_variance
    return eigenvalues / (eigenvalues + 1 / prior_variance)


# ---------------------------------------------------------------- 12.5


@exercise(
    points=20,
    hints=(
        "The hidden units are the same in every pass. What differs is which of them add to the prediction.",
        'The lesson\'s section "MC dropout". With the relu units in an array H of the shape (n, h), all predictions '
        "are one product of the masks, each row multiplied by `output` / (1 - rate), and H^T, of the shape (t, n).",
        "hidden = jnp.maximum(x @ weights, 0); f = (masks * output / (1 - rate)) @ hidden.T; return f.mean(axis=0), "
        "f.var(axis=0) + noise_variance.",
    ),
    why="A network that was trained with dropout tells its uncertainty for the price of a few more passes.",
)
def dropout_moments(
    x: Float[Array, "n d"],
    weights: Float[Array, "d h"],
    output: Float[Array, " h"],
    masks: Float[Array, "t h"],
    rate: float,
    noise_variance: float,
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Moments of MC dropout."""
    hidden = jnp.maximum(x @ weights, 0.0)
    predictions = (masks * output / (1 - rate)) @ hidden.T
    return jnp.mean(predictions, axis=0), jnp.var(predictions, axis=0) + noise_variance


@dropout_moments.inputs("two alloys, three hidden units, four passes", points=1)
def _(key):
    return dict(
        x=jnp.array([[1.0, -0.5], [0.4, 2.0]]),
        weights=jnp.array([[1.5, -1.0, 0.5], [0.2, 1.0, 0.8]]),
        output=jnp.array([2.0, -2.5, 1.5]),
        masks=jnp.array([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]]),
        rate=0.2,
        noise_variance=0.3,
    )


def _network(key, n, t, h, rate):
    a, b, c, d = jax.random.split(key, 4)
    return dict(
        x=jax.random.normal(a, (n, 3)),
        weights=jax.random.normal(b, (3, h)),
        output=(-1.0) ** jnp.arange(h) * jax.random.uniform(c, (h,), minval=0.5, maxval=2.0),
        masks=jax.random.bernoulli(d, 1 - rate, (t, h)).at[0].set(True).astype(float),
        rate=rate,
    )


@dropout_moments.inputs("random network, six passes", points=6, hidden=True)
def _(key):
    return dict(_network(key, 5, 6, 8, 0.3), noise_variance=0.7)


@dropout_moments.inputs("hardness of 2000 MPa with a spread of 5 MPa", points=6, hidden=True)
def _(key):  # numbers of few digits, and the first unit is large and never dropped
    a, b, c, d = jax.random.split(key, 4)
    return dict(
        x=1 + jax.random.randint(a, (4, 3), 0, 3) / 8,
        weights=(jax.random.randint(b, (3, 6), 1, 5) / 4).at[:, 0].set(300.0),
        output=(jax.random.randint(c, (6,), 1, 4) / 2).at[0].set(1.0),
        masks=jax.random.bernoulli(d, 0.5, (7, 6)).at[0].set(True).at[1].set(False).at[:, 0].set(True).astype(float),
        rate=0.5,
        noise_variance=0.3,
    )


@dropout_moments.inputs("one pass", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(_network(a, 4, 1, 5, 0.4), noise_variance=2 + jax.random.uniform(b).item())


def _passes(x, weights, output, masks, rate, units=jax.nn.relu):
    """Return all predictions of the network, one row for each pass."""
    return (masks * output / (1 - rate)) @ units(x @ weights).T


@dropout_moments.mistake("You left the noise out of the variance: a new measurement has it, so add noise_variance.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output, masks, rate, 0.0)


@dropout_moments.mistake("You divided by the number of passes - 1: take the mean over the passes.")
def _(x, weights, output, masks, rate, noise_variance):
    f = _passes(x, weights, output, masks, rate)
    return jnp.mean(f, axis=0), jnp.var(f, axis=0, ddof=1) + noise_variance


@dropout_moments.mistake("You returned the standard deviation: return the variance.")
def _(x, weights, output, masks, rate, noise_variance):
    mean, variance = dropout_moments(x, weights, output, masks, rate, noise_variance)
    return mean, jnp.sqrt(variance)


@dropout_moments.mistake("You added the standard deviation of the noise: add its variance.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output, masks, rate, jnp.sqrt(noise_variance))


@dropout_moments.mistake("You divided the variance by the number of passes: that is the variance of their mean.")
def _(x, weights, output, masks, rate, noise_variance):
    f = _passes(x, weights, output, masks, rate)
    return jnp.mean(f, axis=0), jnp.var(f, axis=0) / len(f) + noise_variance


@dropout_moments.mistake("You took the mean of the squares: subtract the mean over the passes before you square.")
def _(x, weights, output, masks, rate, noise_variance):
    f = _passes(x, weights, output, masks, rate)
    return jnp.mean(f, axis=0), jnp.mean(f**2, axis=0) + noise_variance


@dropout_moments.mistake("You did not divide by 1 - rate: without it, dropout makes predictions smaller.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output, masks, 0.0, noise_variance)


@dropout_moments.mistake("You divided by the rate: divide by 1 - rate, the share of units that stay.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output, masks, 1 - rate, noise_variance)


@dropout_moments.mistake("You multiplied by 1 - rate: divide by it.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output * (1 - rate) ** 2, masks, rate, noise_variance)


@dropout_moments.mistake("You dropped the units with mask 1: a mask of 1 keeps the unit, so multiply by it.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output, 1 - masks, rate, noise_variance)


@dropout_moments.mistake("Your mean is that of the network without dropout: take the mean over the passes.")
def _(x, weights, output, masks, rate, noise_variance):
    variance = dropout_moments(x, weights, output, masks, rate, noise_variance)[1]
    return jnp.maximum(x @ weights, 0) @ output, variance


@dropout_moments.mistake(
    "Your variance is the noise alone, as if no pass differed from another: predict once for each pass, with its mask."
)
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output, jnp.mean(masks, axis=0, keepdims=True), rate, noise_variance)


@dropout_moments.mistake("You left out the relu: the hidden units are max(x . w, 0).")
def _(x, weights, output, masks, rate, noise_variance):
    f = _passes(x, weights, output, masks, rate, lambda u: u)
    return jnp.mean(f, axis=0), jnp.var(f, axis=0) + noise_variance


@dropout_moments.mistake("You left out the output weights: multiply each hidden unit by its entry of `output`.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, jnp.ones_like(output), masks, rate, noise_variance)


@dropout_moments.mistake("You exchanged the results: the mean comes first.")
def _(x, weights, output, masks, rate, noise_variance):
    return dropout_moments(x, weights, output, masks, rate, noise_variance)[::-1]


@dropout_moments.mistake("You took the moments over the samples: take them over the passes, for each sample.")
def _(x, weights, output, masks, rate, noise_variance):
    f = _passes(x, weights, output, masks, rate)
    return jnp.mean(f, axis=1), jnp.var(f, axis=1) + noise_variance


@dropout_moments.mistake(
    "Your variance loses its digits where predictions are large: subtract the mean before you square."
)
def _(x, weights, output, masks, rate, noise_variance):
    f = _passes(x, weights, output, masks, rate)
    mean = jnp.mean(f, axis=0)
    return mean, jnp.mean(f**2, axis=0) - mean**2 + noise_variance


# ---------------------------------------------------------------- 12.6


@exercise(
    points=20,
    hints=(
        "Which part would stay if all networks agreed, and which if there were no noise?",
        'The lesson\'s section "Aleatoric and epistemic". The networks are the first axis. Turn the log-variances into '
        "variances before you average them; the other part is the variance of the means, with k as the divisor.",
        "`jnp.mean(jnp.exp(log_variance), axis=0), jnp.var(mean, axis=0)`.",
    ),
    why="More data shrink the epistemic part alone: it says where another experiment helps.",
)
def split_variance(
    mean: Float[Array, "k n"], log_variance: Float[Array, "k n"]
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Aleatoric and epistemic variance."""
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.var(mean, axis=0)


@split_variance.inputs("three networks, two samples", points=1)
def _(key):
    return dict(
        mean=jnp.array([[1.0, -2.0], [3.5, 0.5], [2.0, 1.0]]),
        log_variance=jnp.array([[0.3, -1.0], [1.2, 0.8], [-0.5, 2.0]]),
    )


@split_variance.inputs("random predictions of five networks", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(mean=0.5 + 2 * jax.random.normal(a, (5, 4)), log_variance=jax.random.normal(b, (5, 4)) - 0.7)


@split_variance.inputs("melting points around 1800 K that differ by 0.3 K", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    mean = 1800 + jax.random.randint(a, (6, 3), -20, 21) / 32  # numbers of few digits
    return dict(mean=mean, log_variance=2 * jax.random.normal(b, (6, 3)) - 2)


@split_variance.inputs("one network", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(mean=3 * jax.random.normal(a, (1, 5)), log_variance=1.5 * jax.random.normal(b, (1, 5)) - 1)


@split_variance.mistake("You exchanged the results: the aleatoric part comes first.")
def _(mean, log_variance):
    return split_variance(mean, log_variance)[::-1]


@split_variance.mistake("You averaged the log-variances as they are: take exp of each, then average.")
def _(mean, log_variance):
    return jnp.mean(log_variance, axis=0), jnp.var(mean, axis=0)


@split_variance.mistake("You averaged before you took exp: take exp of each log-variance, then average.")
def _(mean, log_variance):
    return jnp.exp(jnp.mean(log_variance, axis=0)), jnp.var(mean, axis=0)


@split_variance.mistake("You took exp(2 log_variance): exp(log_variance) is the variance already.")
def _(mean, log_variance):
    return split_variance(mean, 2 * log_variance)[0], jnp.var(mean, axis=0)


@split_variance.mistake("You averaged standard deviations: average the variances, exp(log_variance).")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance / 2), axis=0), jnp.var(mean, axis=0)


@split_variance.mistake("You divided by k - 1: take the mean over the networks.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.var(mean, axis=0, ddof=1)


@split_variance.mistake("You returned the standard deviation of the means: return their variance.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.std(mean, axis=0)


@split_variance.mistake("You took the mean of the squares: subtract the mean over the networks before you square.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.mean(mean**2, axis=0)


@split_variance.mistake("You summed the squared deviations over the networks: take their mean.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.var(mean, axis=0) * len(mean)


@split_variance.mistake("You divided the variance of the means by k: it says how much the networks disagree already.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.var(mean, axis=0) / len(mean)


@split_variance.mistake("You returned the total first: the aleatoric part is the mean of the variances alone.")
def _(mean, log_variance):
    aleatoric, epistemic = split_variance(mean, log_variance)
    return aleatoric + epistemic, epistemic


@split_variance.mistake("You returned the total second: the epistemic part is the variance of the means alone.")
def _(mean, log_variance):
    aleatoric, epistemic = split_variance(mean, log_variance)
    return aleatoric, aleatoric + epistemic


@split_variance.mistake("You took the variance of the variances: the epistemic part is the variance of the means.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.var(jnp.exp(log_variance), axis=0)


@split_variance.mistake("You averaged over the samples: average over the networks, the first axis.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=1), jnp.var(mean, axis=1)


@split_variance.mistake("You averaged over networks and samples: return one number for each sample.")
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance)), jnp.var(mean)


@split_variance.mistake(
    "Your epistemic part loses its digits where the means are large: subtract their mean before you square."
)
def _(mean, log_variance):
    return jnp.mean(jnp.exp(log_variance), axis=0), jnp.mean(mean**2, axis=0) - jnp.mean(mean, axis=0) ** 2


# ---------------------------------------------------------------- 12.7


@exercise(
    points=20,
    hints=(
        "Which two numbers do you need of each bin, and by what do you weight their difference?",
        'The lesson\'s section "Calibration: does 90 % mean 90 %?". `jnp.searchsorted(edges, confidence, side="left")` '
        "with the inner edges gives the bins. In n_b times the difference n_b cancels: what is left is a difference of "
        "sums, which is 0 for an empty bin.",
        "confidence = probability.max(axis=1); right = probability.argmax(axis=1) == y; bins = "
        "jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, confidence); gaps = jax.ops.segment_sum(right - confidence, "
        "bins, n_bins); return jnp.sum(jnp.abs(gaps)) / len(y).",
    ),
    why="A network that is often right may still be far too sure; whoever decides by its confidence has to know.",
)
def calibration_error(probability: Float[Array, "n c"], y: Int[Array, " n"], n_bins: int) -> Float[Array, ""]:
    """Expected calibration error."""
    confidence = jnp.max(probability, axis=1)
    right = jnp.argmax(probability, axis=1) == y
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, confidence)
    gaps = jax.ops.segment_sum(right - confidence, bins, n_bins)
    return jnp.sum(jnp.abs(gaps)) / len(y)


@calibration_error.inputs("seven alloys, three phases, five bins", points=1)
def _(key):
    return dict(
        probability=jnp.array(
            [
                [0.7, 0.2, 0.1],
                [0.12, 0.78, 0.1],
                [0.45, 0.3, 0.25],
                [0.28, 0.2, 0.52],
                [0.05, 0.05, 0.9],
                [0.03, 0.95, 0.02],
                [0.25, 0.13, 0.62],
            ]
        ),
        y=jnp.array([0, 0, 1, 2, 2, 1, 2]),
        n_bins=5,
    )


def _forecasts(key, confidence, right):
    """Return forecasts of three classes with these confidences, all above 0.42, of which these are right."""
    a, b = jax.random.split(key)
    rest = (1 - confidence) * jax.random.uniform(a, confidence.shape, minval=0.3, maxval=0.5)
    rows = jnp.stack([confidence, rest, 1 - confidence - rest], axis=1)
    shift = jax.random.randint(b, confidence.shape, 0, 3)
    columns = (jnp.arange(3) - shift[:, None]) % 3
    return dict(probability=jnp.take_along_axis(rows, columns, axis=1), y=(shift + jnp.where(right, 0, 1)) % 3)


@calibration_error.inputs("random forecasts, six phases, four bins", points=6, hidden=True)
def _(key):  # too sure and not sure enough alternately, so that no two neighboring bins are alike
    a, b = jax.random.split(key)
    width = jnp.exp(jnp.linspace(-3.0, 1.8, 60))[:, None]
    probability = jax.nn.softmax(width * jax.random.normal(a, (60, 6)), axis=1)
    share = jnp.array([0.9, 0.1, 0.95, 0.3])[jnp.ceil(4 * jnp.max(probability, axis=1)).astype(int) - 1]
    wrong = jax.random.uniform(b, (60,)) >= share
    return dict(probability=probability, y=(jnp.argmax(probability, axis=1) + wrong) % 6, n_bins=4)


@calibration_error.inputs("confidences of 1 and on the edges of the bins", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    fixed = jnp.array([1.0, 1.0, 1.0, 0.75, 0.75, 0.5, 0.5])
    others = jax.random.uniform(a, (3,), minval=jnp.array([0.55, 0.82, 0.82]), maxval=jnp.array([0.59, 0.95, 0.95]))
    confidence = jnp.concatenate([fixed, others])
    right = jnp.array([1, 0, 0, 0, 0, 1, 1, 1, 0, 0]) == 1
    return dict(_forecasts(b, confidence, right), n_bins=4)


@calibration_error.inputs("six samples in 50 bins, most of them empty", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    confidence = jnp.array([0.5, 0.6, 0.7, 0.8, 0.9]) + jax.random.uniform(a, (5,), minval=-0.04, maxval=0.04)
    right = jnp.array([True, False, True, False, True, False])
    return dict(_forecasts(b, confidence[jnp.array([0, 1, 2, 3, 4, 4])], right), n_bins=50)


def _bins(probability, n_bins):
    return jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, jnp.max(probability, axis=1))


def _right(probability, y):
    return jnp.argmax(probability, axis=1) == y


def _by_bin(confidence, right, bins, n_bins):
    """Return the gap between share and confidence in each bin, 0 where it is empty, and the number of samples."""
    number = jax.ops.segment_sum(jnp.ones_like(confidence), bins, n_bins)
    return jax.ops.segment_sum(right - confidence, bins, n_bins) / jnp.maximum(number, 1), number


def _gaps(probability, y, n_bins):
    return _by_bin(jnp.max(probability, axis=1), _right(probability, y), _bins(probability, n_bins), n_bins)


def _error(confidence, right, bins, n_bins):
    gaps, number = _by_bin(confidence, right, bins, n_bins)
    return jnp.sum(number * jnp.abs(gaps)) / len(right)


@calibration_error.mistake("You squared the differences: take their absolute values.")
def _(probability, y, n_bins):
    gaps, number = _gaps(probability, y, n_bins)
    return jnp.sum(number * gaps**2) / len(y)


@calibration_error.mistake("You took the largest difference: sum all of them, weighted by n_b / n.")
def _(probability, y, n_bins):
    return jnp.max(jnp.abs(_gaps(probability, y, n_bins)[0]))


@calibration_error.mistake("You gave all bins the same weight: weight each by n_b / n.")
def _(probability, y, n_bins):
    return jnp.mean(jnp.abs(_gaps(probability, y, n_bins)[0]))


@calibration_error.mistake("You gave all bins with samples the same weight: weight each by n_b / n.")
def _(probability, y, n_bins):
    gaps, number = _gaps(probability, y, n_bins)
    return jnp.sum(jnp.abs(gaps)) / jnp.sum(number > 0)


@calibration_error.mistake("You summed the differences without weights: weight each by n_b / n.")
def _(probability, y, n_bins):
    return jnp.sum(jnp.abs(_gaps(probability, y, n_bins)[0]))


@calibration_error.mistake("You did not divide by n: the weight of a bin is n_b / n, its share of the samples.")
def _(probability, y, n_bins):
    return calibration_error(probability, y, n_bins) * len(y)


@calibration_error.mistake("You left out the absolute value: bins with too much and too little confidence cancel.")
def _(probability, y, n_bins):
    gaps, number = _gaps(probability, y, n_bins)
    return jnp.sum(number * gaps) / len(y)


@calibration_error.mistake("You took the absolute value of confidence minus share at the end: take it in each bin.")
def _(probability, y, n_bins):
    return jnp.abs(jnp.mean(_right(probability, y) - jnp.max(probability, axis=1)))


@calibration_error.mistake("You took the difference of each sample: average within each bin first.")
def _(probability, y, n_bins):
    return jnp.mean(jnp.abs(_right(probability, y) - jnp.max(probability, axis=1)))


@calibration_error.mistake("You took the probability of the true class: the confidence is the largest of a row.")
def _(probability, y, n_bins):
    confidence = jnp.take_along_axis(probability, y[:, None], axis=1)[:, 0]
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, confidence)
    return _error(confidence, _right(probability, y), bins, n_bins)


@calibration_error.mistake("You took the middle of a bin for its confidence: average the confidences in it.")
def _(probability, y, n_bins):
    bins = _bins(probability, n_bins)
    return _error((bins + 0.5) / n_bins, _right(probability, y), bins, n_bins)


@calibration_error.mistake("Your bins are too few by one: n_bins bins have n_bins + 1 edges, 0 and 1 among them.")
def _(probability, y, n_bins):
    return calibration_error(probability, y, n_bins - 1)


@calibration_error.mistake("Your bins start at the smallest confidence: they divide [0, 1] into equal parts.")
def _(probability, y, n_bins):
    confidence = jnp.max(probability, axis=1)
    low, high = jnp.min(confidence), jnp.max(confidence)
    bins = jnp.searchsorted(low + (high - low) * jnp.arange(1, n_bins) / n_bins, confidence)
    return _error(confidence, _right(probability, y), bins, n_bins)


@calibration_error.mistake(
    "You left out the last bin: where 0 is one of the edges, bins are numbered from 1, so subtract 1."
)
def _(probability, y, n_bins):
    gaps, number = _gaps(probability, y, n_bins)
    return jnp.sum((number * jnp.abs(gaps))[:-1]) / len(y)


@calibration_error.mistake("You left out samples with a confidence of 1: they belong to the last bin.")
def _(probability, y, n_bins):
    confidence = jnp.max(probability, axis=1)
    bins = jnp.floor(confidence * n_bins).astype(int)
    return _error(confidence, _right(probability, y), bins, n_bins)


@calibration_error.mistake("A confidence on an edge is in your upper bin: it belongs to the lower one.")
def _(probability, y, n_bins):
    confidence = jnp.max(probability, axis=1)
    bins = jnp.minimum(jnp.floor(confidence * n_bins).astype(int), n_bins - 1)
    return _error(confidence, _right(probability, y), bins, n_bins)


@calibration_error.mistake("You put a confidence on an edge into both bins: it belongs to the lower one alone.")
def _(probability, y, n_bins):
    confidence = jnp.max(probability, axis=1)
    gap, places = _right(probability, y) - confidence, confidence * n_bins
    lower = jnp.arange(n_bins)[:, None]
    inside = (lower <= places) & (places <= lower + 1)
    return jnp.sum(jnp.abs(jnp.sum(jnp.where(inside, gap, 0), axis=1))) / len(y)


@calibration_error.mistake("You left out samples whose confidence is on an edge: they belong to the lower bin.")
def _(probability, y, n_bins):
    confidence = jnp.max(probability, axis=1)
    gap, places = _right(probability, y) - confidence, confidence * n_bins
    lower = jnp.arange(n_bins)[:, None]
    inside = (lower < places) & (places < lower + 1)
    return jnp.sum(jnp.abs(jnp.sum(jnp.where(inside, gap, 0), axis=1))) / len(y)


@calibration_error.mistake(
    "An empty bin made your result NaN: let it add 0, by `jnp.where` or by at least 1 as divisor."
)
def _(probability, y, n_bins):
    gaps, number = _gaps(probability, y, n_bins)
    return jnp.sum(number * jnp.abs(gaps * number / number)) / len(y)


# ---------------------------------------------------------------- 12.8


@exercise(
    points=20,
    hints=(
        "Which number can a candidate that was measured already have, so that it is never the largest?",
        'The lesson\'s section "Active learning". The standard deviation is the root of the variance. `jnp.where` '
        "gives what was measured minus infinity for the choice, not for the bounds that you return.",
        "bound = mean + kappa * jnp.sqrt(variance); return bound, jnp.argmax(jnp.where(measured, -jnp.inf, bound)).",
    ),
    why="Expected gain and doubt in one number: large kappa explores, small kappa takes the best that is known.",
)
def choose_next(
    mean: Float[Array, " n"], variance: Float[Array, " n"], measured: Bool[Array, " n"], kappa: float
) -> tuple[Float[Array, " n"], Int[Array, ""]]:
    """Choice of the next experiment."""
    bound = mean + kappa * jnp.sqrt(variance)
    return bound, jnp.argmax(jnp.where(measured, -jnp.inf, bound))


# Roles: two measured with the largest mean and the largest bound; of the others one has the largest mean, one the
# largest variance, one the largest bound, one the smallest, one the smallest lower bound. So no wrong choice is right.
_MEAN = [7.0, 5.0, 3.0, -3.0, 2.0, 1.0, 6.0, 4.5, -4.0]
_VARIANCE = [0.3, 4.0, 20.0, 0.2, 0.5, 21.0, 0.6, 7.0, 4.0]
_MEASURED = [True, False, True, False, True, False, False, False, False]


@choose_next.inputs("nine alloys, three of them measured", points=1)
def _(key):
    return dict(mean=jnp.array(_MEAN), variance=jnp.array(_VARIANCE), measured=jnp.array(_MEASURED), kappa=1.5)


def _candidates(key, kappa, offset, scale):
    """Return the roles in random order, a little changed, on another scale, with the same order of bounds."""
    a, b, c = jax.random.split(key, 3)
    order = jax.random.permutation(a, 9)
    mean = jnp.array(_MEAN) + jax.random.uniform(b, (9,), minval=-0.08, maxval=0.08)
    variance = jnp.array(_VARIANCE) * jax.random.uniform(c, (9,), minval=0.98, maxval=1.02)
    return dict(
        mean=(offset + scale * mean)[order],
        variance=(variance * (1.5 * scale / kappa) ** 2)[order],
        measured=jnp.array(_MEASURED)[order],
        kappa=kappa,
    )


@choose_next.inputs("candidates in random order, hardness in GPa", points=6, hidden=True)
def _(key):
    return _candidates(key, 2.5, 8.0, 0.7)


@choose_next.inputs("all bounds negative, stresses in Pa", points=6, hidden=True)
def _(key):
    made = _candidates(key, 0.6, -9e9, 4e8)
    best = jnp.argmax(made["mean"] + 0.6 * jnp.sqrt(made["variance"]))
    return dict(made, measured=made["measured"].at[best].set(False))


@choose_next.inputs("the same alloy twice, and worse than all others, which were measured", points=6, hidden=True)
def _(key):
    made = _candidates(key, 2.0, 0.0, 1e6)
    order = jnp.argsort(-(made["mean"] + 2 * jnp.sqrt(made["variance"])))[jnp.array([0, 3, 5, 8, 2, 4, 8, 1, 6, 7])]
    return dict(mean=made["mean"][order], variance=made["variance"][order], measured=order != order[3], kappa=2.0)


def _unmeasured(bound, measured):
    return jnp.argmax(jnp.where(measured, -jnp.inf, bound))


def _bound(mean, variance, kappa):
    return mean + kappa * jnp.sqrt(variance)


@choose_next.mistake("You added kappa times the variance: take its root, the standard deviation.")
def _(mean, variance, measured, kappa):
    bound = mean + kappa * variance
    return bound, _unmeasured(bound, measured)


@choose_next.mistake("You left out kappa: multiply the standard deviation by it.")
def _(mean, variance, measured, kappa):
    return choose_next(mean, variance, measured, 1.0)


@choose_next.mistake("You took the lower bound: add kappa times the standard deviation.")
def _(mean, variance, measured, kappa):
    return choose_next(mean, variance, measured, -kappa)


@choose_next.mistake("You chose among all candidates: leave out those that were measured.")
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    return bound, jnp.argmax(bound)


@choose_next.mistake("You chose among the measured candidates: `measured` is True for those to leave out.")
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    return bound, _unmeasured(bound, ~measured)


@choose_next.mistake("You chose the smallest bound: choose the largest.")
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    return bound, jnp.argmin(jnp.where(measured, jnp.inf, bound))


@choose_next.mistake("You chose by the mean alone: choose the largest bound.")
def _(mean, variance, measured, kappa):
    return _bound(mean, variance, kappa), _unmeasured(mean, measured)


@choose_next.mistake("Your index counts only what was not measured: count all candidates.")
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    best = _unmeasured(bound, measured)
    return bound, best - jnp.sum(jnp.where(jnp.arange(len(mean)) < best, measured, False))


@choose_next.mistake("You returned the largest bound: return the index of its candidate.")
def _(mean, variance, measured, kappa):
    bound, best = choose_next(mean, variance, measured, kappa)
    return bound, bound[best]


@choose_next.mistake("You returned the order of the candidates: return the first of it alone.")
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    return bound, jnp.argsort(-jnp.where(measured, -jnp.inf, bound))


@choose_next.mistake("You exchanged the results: the bounds come first.")
def _(mean, variance, measured, kappa):
    return choose_next(mean, variance, measured, kappa)[::-1]


@choose_next.mistake(
    "You changed the bounds of measured candidates: return them as they are, and mask them only to choose."
)
def _(mean, variance, measured, kappa):
    bound = jnp.where(measured, -jnp.inf, _bound(mean, variance, kappa))
    return bound, jnp.argmax(bound)


@choose_next.mistake(
    "You set measured candidates to a number such as 0 for the choice, the largest where all are lower: take -inf."
)
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    return bound, jnp.argmax(jnp.where(measured, 0, bound))


@choose_next.mistake("Of several candidates with the largest bound you took the last: take the first.")
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    return bound, len(mean) - 1 - _unmeasured(bound[::-1], measured[::-1])


@choose_next.mistake("You left measured candidates out of the bounds: return those of all candidates.")
def _(mean, variance, measured, kappa):
    bound = _bound(mean, variance, kappa)
    return bound[~measured], _unmeasured(bound, measured)
