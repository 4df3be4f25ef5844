"""Unit 6, loss landscapes and optimization: the reference answers and their specification."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int, banana, mountain
from mfml.grading.key.specification import exercise


def _symmetric(key, d):
    a = jax.random.normal(key, (d, d))
    return a + a.T


# ---------------------------------------------------------------- 6.1


@exercise(
    points=4,
    hints=(
        "Try one dimension first: what is the derivative of a x^2 / 2 - b x?",
        'The lesson\'s section "The bowl", equation (6.1): for a symmetric matrix, the two occurrences of x cancel the '
        "factor 1/2.",
        "`matrix @ point - slope`.",
    ),
    why="Near a minimum every smooth loss is such a quadratic, so optimizers meet this gradient in the end.",
)
def quadratic_gradient(
    point: Float[Array, " d"], matrix: Float[Array, "d d"], slope: Float[Array, " d"]
) -> Float[Array, " d"]:
    """Gradient of a quadratic."""
    return matrix @ point - slope


@quadratic_gradient.inputs("two dimensions", points=1)
def _(key):
    return dict(point=jnp.array([1.0, 2.0]), matrix=jnp.array([[2.0, 1.0], [1.0, 3.0]]), slope=jnp.array([1.0, -1.0]))


@quadratic_gradient.inputs("random, four dimensions", points=1)
def _(key):
    a, b, c = jax.random.split(key, 3)
    return dict(point=jax.random.normal(a, (4,)), matrix=_symmetric(b, 4), slope=jax.random.normal(c, (4,)))


@quadratic_gradient.inputs("one dimension", points=1, hidden=True)
def _(key):
    return dict(point=jnp.array([3.0]), matrix=jnp.array([[-2.0]]), slope=jnp.array([0.5]))


@quadratic_gradient.mistake(
    "Your quadratic part is too large by a factor of 2: the 1/2 cancels the 2 of the derivative."
)
def _(point, matrix, slope):
    return 2 * matrix @ point - slope


@quadratic_gradient.mistake(
    "Your quadratic part is half as large as it should be: x occurs twice in it, which cancels the 1/2."
)
def _(point, matrix, slope):
    return 0.5 * matrix @ point - slope


@quadratic_gradient.mistake("You added b: the linear part is - b^T x, so its gradient is - b.")
def _(point, matrix, slope):
    return matrix @ point + slope


@quadratic_gradient.mistake("You left out the linear part: - b^T x adds - b to the gradient.")
def _(point, matrix, slope):
    return matrix @ point


@quadratic_gradient.mistake("You returned the value of f: the gradient has one entry for each coordinate.")
def _(point, matrix, slope):
    return 0.5 * point @ matrix @ point - slope @ point


@quadratic_gradient.mistake("You multiplied entry by entry: the product of matrix and vector is `matrix @ point`.")
def _(point, matrix, slope):
    return matrix * point - slope


@quadratic_gradient.mistake("You returned b - A x, which is minus the gradient: subtract b from A x.")
def _(point, matrix, slope):
    return slope - matrix @ point


@quadratic_gradient.mistake(
    "You returned the minimum, where the gradient is 0: return the gradient at the point given."
)
def _(point, matrix, slope):
    return jnp.linalg.solve(matrix, slope)


@quadratic_gradient.mistake(
    "You used only the diagonal of A: every coordinate enters each entry of the gradient, `matrix @ point`."
)
def _(point, matrix, slope):
    return jnp.diag(matrix) * point - slope


@quadratic_gradient.mistake(
    "You added up the columns of A before you multiplied: entry i is the sum of A_ij x_j over j, `matrix @ point`."
)
def _(point, matrix, slope):
    return (matrix * point).sum(axis=0) - slope


@quadratic_gradient.mistake("You multiplied A with x - b: b is subtracted from A x, without the matrix.")
def _(point, matrix, slope):
    return matrix @ (point - slope)


@quadratic_gradient.mistake("You multiplied b by the point: the linear part - b^T x adds - b alone.")
def _(point, matrix, slope):
    return matrix @ point - slope * point


# ---------------------------------------------------------------- 6.2


@exercise(
    points=4,
    hints=(
        "Write f for two dimensions and differentiate twice: which entries of A multiply x_1 x_2?",
        'The lesson\'s section "The bowl", equation (6.1): the Hessian is A if A is symmetric. Otherwise, '
        "x^T A x = x^T A^T x says that only the symmetric part of A counts.",
        "`(matrix + matrix.T) / 2`.",
    ),
    why="Second derivatives do not depend on their order, so a Hessian is symmetric and has real eigenvalues.",
)
def quadratic_hessian(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """Hessian of a quadratic."""
    return (matrix + matrix.T) / 2


@quadratic_hessian.inputs("two dimensions", points=1)
def _(key):
    return dict(matrix=jnp.array([[2.0, 4.0], [0.0, 6.0]]))


@quadratic_hessian.inputs("random, not symmetric", points=1)
def _(key):
    return dict(matrix=jax.random.normal(key, (4, 4)))


@quadratic_hessian.inputs("one dimension", points=1, hidden=True)
def _(key):
    return dict(matrix=jnp.array([[-3.0]]))


@quadratic_hessian.mistake(
    "You returned A itself: this is right only if A is symmetric; average it with its transpose."
)
def _(matrix):
    return matrix


@quadratic_hessian.mistake(
    "Your Hessian is twice as large as it should be: f has a factor 1/2, so halve the sum of A and its transpose."
)
def _(matrix):
    return matrix + matrix.T


@quadratic_hessian.mistake("You took half of A: add the transpose before you halve.")
def _(matrix):
    return matrix / 2


@quadratic_hessian.mistake("You multiplied A by its transpose: the Hessian is linear in A, so add the two and halve.")
def _(matrix):
    return matrix @ matrix.T


@quadratic_hessian.mistake("You returned A transposed: this is right only if A is symmetric; average it with A.")
def _(matrix):
    return matrix.T


@quadratic_hessian.mistake("You subtracted the transpose: x^T A x does not see that part of A, so add the transpose.")
def _(matrix):
    return (matrix - matrix.T) / 2


@quadratic_hessian.mistake("You mirrored one triangle of A: both triangles count, so average A with its transpose.")
def _(matrix):
    return jnp.triu(matrix) + jnp.triu(matrix, 1).T


@quadratic_hessian.mistake(
    "You mirrored the lower triangle of A: both triangles count, so average A with its transpose."
)
def _(matrix):
    return jnp.tril(matrix) + jnp.tril(matrix, -1).T


@quadratic_hessian.mistake("You multiplied the transpose by A: the Hessian is linear in A, so add the two and halve.")
def _(matrix):
    return matrix.T @ matrix


@quadratic_hessian.mistake("You halved only the transpose: set parentheses around the sum.")
def _(matrix):
    return matrix + matrix.T / 2


@quadratic_hessian.mistake("You kept only the diagonal: entry (i, j) is the average of A_ij and A_ji.")
def _(matrix):
    return jnp.diag(jnp.diag(matrix))


# ---------------------------------------------------------------- 6.3


@exercise(
    points=6,
    hints=(
        "The Hessian is the derivative of the gradient. You want that derivative in one direction only.",
        "The lesson's section \"Curvature without the Hessian\", equation (6.5): the gradient's derivative along v. "
        "`jax.jvp` returns a value and the derivative along a tangent.",
        "`jax.jvp(jax.grad(function), (point,), (vector,))[1]`.",
    ),
    why="This one line shows the curvature of networks with a Hessian too large for any computer.",
)
def hessian_vector_product(
    function: Callable[[Array], Array], point: Float[Array, " d"], vector: Float[Array, " d"]
) -> Float[Array, " d"]:
    """Hessian times vector."""
    return jax.jvp(jax.grad(function), (point,), (vector,))[1]


@hessian_vector_product.inputs("a curved valley", points=2)
def _(key):
    return dict(function=banana, point=jnp.array([-0.5, 1.0]), vector=jnp.array([1.0, 2.0]))


@hessian_vector_product.inputs("random point and vector, five dimensions", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(function=mountain, point=jax.random.normal(a, (5,)), vector=jax.random.normal(b, (5,)))


@hessian_vector_product.inputs("a long vector", points=1, hidden=True)
def _(key):
    return dict(function=banana, point=jnp.array([0.3, 0.2, -0.7]), vector=jnp.array([20.0, -10.0, 30.0]))


@hessian_vector_product.mistake("You returned the gradient at the point: differentiate it once more, along the vector.")
def _(function, point, vector):
    return jax.grad(function)(point)


@hessian_vector_product.mistake(
    "You returned gradient times vector, the slope along v: take the derivative of the gradient."
)
def _(function, point, vector):
    return jax.grad(function)(point) @ vector


@hessian_vector_product.mistake("You returned v^T H v, one number: the exercise asks for the vector H v.")
def _(function, point, vector):
    return vector @ jax.jvp(jax.grad(function), (point,), (vector,))[1]


@hessian_vector_product.mistake(
    "You took the difference of gradients at x + v and x: v is not a small step, so use the derivative."
)
def _(function, point, vector):
    return jax.grad(function)(point + vector) - jax.grad(function)(point)


@hessian_vector_product.mistake("You took only the diagonal of the Hessian: the mixed second derivatives count, too.")
def _(function, point, vector):
    return jnp.diag(jax.hessian(function)(point)) * vector


@hessian_vector_product.mistake(
    "You returned the whole result of `jax.jvp`: the first part is the gradient, the second the product; take [1]."
)
def _(function, point, vector):
    return jax.jvp(jax.grad(function), (point,), (vector,))


@hessian_vector_product.mistake(
    "You multiplied gradient and vector entry by entry: differentiate the gradient along v."
)
def _(function, point, vector):
    return jax.grad(function)(point) * vector


@hessian_vector_product.mistake("You returned the whole Hessian: multiply it by the vector, which gives d numbers.")
def _(function, point, vector):
    return jax.hessian(function)(point)


@hessian_vector_product.mistake(
    "You swapped point and vector: the Hessian is that at `point`, and `vector` its factor."
)
def _(function, point, vector):
    return jax.jvp(jax.grad(function), (vector,), (point,))[1]


@hessian_vector_product.mistake("You took the Hessian at `vector`: it is that at `point`.")
def _(function, point, vector):
    return jax.hessian(function)(vector) @ vector


@hessian_vector_product.mistake("You took the gradient at x + v: differentiate the gradient along v instead.")
def _(function, point, vector):
    return jax.grad(function)(point + vector)


@hessian_vector_product.mistake("You scaled v to length 1: multiply the Hessian by v as it is.")
def _(function, point, vector):
    return jax.hessian(function)(point) @ (vector / jnp.linalg.norm(vector))


@hessian_vector_product.mistake(
    "You solved a system with the Hessian, which is Newton's step: multiply it by the vector."
)
def _(function, point, vector):
    return jnp.linalg.solve(jax.hessian(function)(point), vector)


@hessian_vector_product.mistake(
    "You added up each row of the Hessian before you multiplied: entry i is the sum of H_ij v_j over j."
)
def _(function, point, vector):
    return jax.hessian(function)(point).sum(axis=1) * vector


# ---------------------------------------------------------------- 6.4


@exercise(
    points=5,
    hints=(
        "How much steeper is the steepest direction than the flattest?",
        'The lesson\'s section "The bowl", equation (6.3), has positive eigenvalues. Those of a symmetric matrix come '
        "from `jnp.linalg.eigvalsh`; take magnitudes before you look for the largest and the smallest.",
        "With `sizes = jnp.abs(jnp.linalg.eigvalsh(hessian))` return `sizes.max() / sizes.min()`.",
    ),
    why="The number of steps that gradient descent needs grows with this ratio; momentum and Adam weaken this effect.",
    rtol=1e-3,
)
def condition_number(hessian: Float[Array, "d d"]) -> Float[Array, ""]:
    """Condition number."""
    sizes = jnp.abs(jnp.linalg.eigvalsh(hessian))
    return sizes.max() / sizes.min()


@condition_number.inputs("two dimensions, turned", points=1)
def _(key):
    return dict(hessian=jnp.array([[5.0, 3.0], [3.0, 5.0]]))


@condition_number.inputs("a long valley", points=1)
def _(key):
    q = jnp.linalg.qr(jax.random.normal(key, (4, 4)))[0]
    return dict(hessian=(q * jnp.array([0.5, 2.0, 3.0, 40.0])) @ q.T)


@condition_number.inputs("negative eigenvalues", points=1, hidden=True)
def _(key):
    return dict(hessian=jnp.array([[-2.0, 0.0, 0.0], [0.0, 3.0, 1.0], [0.0, 1.0, -6.0]]))


@condition_number.inputs("one dimension", points=1, hidden=True)
def _(key):
    return dict(hessian=jnp.array([[-3.0]]))


@condition_number.mistake("You inverted the ratio: divide the largest by the smallest, which gives at least 1.")
def _(hessian):
    sizes = jnp.abs(jnp.linalg.eigvalsh(hessian))
    return sizes.min() / sizes.max()


@condition_number.mistake("Your ratio goes wrong for negative eigenvalues: take their magnitudes first.")
def _(hessian):
    values = jnp.linalg.eigvalsh(hessian)
    return values[-1] / values[0]


@condition_number.mistake("You used entries of the diagonal: a matrix that is not diagonal has other eigenvalues.")
def _(hessian):
    sizes = jnp.abs(jnp.diag(hessian))
    return sizes.max() / sizes.min()


@condition_number.mistake("You used the entries of the matrix: the condition number is a ratio of eigenvalues.")
def _(hessian):
    return jnp.abs(hessian).max() / jnp.abs(hessian).min()


@condition_number.mistake("You took the root of the ratio, which sets the rate with momentum: return the ratio itself.")
def _(hessian):
    sizes = jnp.abs(jnp.linalg.eigvalsh(hessian))
    return jnp.sqrt(sizes.max() / sizes.min())


@condition_number.mistake("You returned the largest magnitude alone: divide it by the smallest.")
def _(hessian):
    return jnp.abs(jnp.linalg.eigvalsh(hessian)).max()


@condition_number.mistake(
    "You took the last eigenvalue for the largest and the first for the smallest: `eigvalsh` sorts by sign, so take "
    "magnitudes first, then their maximum and minimum."
)
def _(hessian):
    values = jnp.linalg.eigvalsh(hessian)
    return jnp.abs(values[-1] / values[0])


@condition_number.mistake("You subtracted the smallest magnitude from the largest: divide instead.")
def _(hessian):
    sizes = jnp.abs(jnp.linalg.eigvalsh(hessian))
    return sizes.max() - sizes.min()


@condition_number.mistake(
    "You took the largest eigenvalue with its sign: take magnitudes first, since the largest one may be negative."
)
def _(hessian):
    values = jnp.linalg.eigvalsh(hessian)
    return values.max() / jnp.abs(values).min()


@condition_number.mistake("You took the logarithm: return the ratio itself.")
def _(hessian):
    return jnp.log10(jnp.linalg.cond(hessian))


@condition_number.mistake(
    "You used the Frobenius norm: the ratio of eigenvalues comes from `jnp.linalg.cond` without a second argument."
)
def _(hessian):
    return jnp.linalg.norm(hessian) * jnp.linalg.norm(jnp.linalg.inv(hessian))


@condition_number.mistake(
    "You used the norm 1 or infinity, which adds up a column or row: the condition number here has eigenvalues."
)
def _(hessian):
    return jnp.linalg.cond(hessian, 1)


# ---------------------------------------------------------------- 6.5


@exercise(
    points=5,
    hints=(
        "Two lines. Which of the two is computed first?",
        'The lesson\'s section "Memory", equation (6.4): the velocity decays a little and adds the gradient; only then '
        "does the point move.",
        "`velocity = decay * velocity + gradient`, then return `point - learning_rate * velocity, velocity`.",
    ),
    why="In a long valley, momentum needs about the square root of the number of steps of gradient descent.",
)
def momentum_step(
    point: Float[Array, " d"],
    velocity: Float[Array, " d"],
    gradient: Float[Array, " d"],
    learning_rate: float,
    decay: float,
) -> tuple[Float[Array, " d"], Float[Array, " d"]]:
    """Step of momentum."""
    velocity = decay * velocity + gradient
    return point - learning_rate * velocity, velocity


@momentum_step.inputs("one dimension", points=1)
def _(key):
    return dict(
        point=jnp.array([1.0]),
        velocity=jnp.array([2.0]),
        gradient=jnp.array([0.5]),
        learning_rate=0.1,
        decay=0.9,
    )


@momentum_step.inputs("random, three dimensions", points=2)
def _(key):
    point, velocity, gradient = jax.random.normal(key, (3, 3))
    return dict(point=point, velocity=velocity, gradient=gradient, learning_rate=0.3, decay=0.6)


@momentum_step.inputs("a ball at rest", points=1, hidden=True)
def _(key):
    return dict(
        point=jnp.array([1.0, -1.0]),
        velocity=jnp.zeros(2),
        gradient=jnp.array([4.0, 3.0]),
        learning_rate=0.5,
        decay=0.8,
    )


@momentum_step.mistake("You moved with the old velocity: change the velocity first, then move with the new one.")
def _(point, velocity, gradient, learning_rate, decay):
    return point - learning_rate * velocity, decay * velocity + gradient


@momentum_step.mistake("You averaged: add the whole gradient to the velocity, without the factor 1 - decay.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + (1 - decay) * gradient
    return point - learning_rate * velocity, velocity


@momentum_step.mistake("You put the learning rate into the velocity: it belongs only to the update of the point.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + learning_rate * gradient
    return point - velocity, velocity


@momentum_step.mistake("You moved uphill: subtract the learning rate times the velocity.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + gradient
    return point + learning_rate * velocity, velocity


@momentum_step.mistake("Your point is Nesterov's, which looks ahead once more: move with the new velocity itself.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + gradient
    return point - learning_rate * (gradient + decay * velocity), velocity


@momentum_step.mistake("You returned the velocity first: the order is point, velocity.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + gradient
    return velocity, point - learning_rate * velocity


@momentum_step.mistake(
    "Your velocity points downhill and contains the learning rate: here it is decay * v + g, and the point subtracts "
    "the learning rate times it."
)
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity - learning_rate * gradient
    return point + velocity, velocity


@momentum_step.mistake("You multiplied the gradient by the decay: it is the old velocity that decays.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = velocity + decay * gradient
    return point - learning_rate * velocity, velocity


@momentum_step.mistake("Your velocity does not decay: multiply the old one by `decay` before you add the gradient.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = velocity + gradient
    return point - learning_rate * velocity, velocity


@momentum_step.mistake("Your point moved by the gradient alone: move it with the new velocity.")
def _(point, velocity, gradient, learning_rate, decay):
    return point - learning_rate * gradient, decay * velocity + gradient


@momentum_step.mistake("You left out the learning rate: the point subtracts the learning rate times the velocity.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + gradient
    return point - velocity, velocity


@momentum_step.mistake("Your velocity subtracts the gradient: here it adds it, and the point subtracts the velocity.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity - gradient
    return point + learning_rate * velocity, velocity


@momentum_step.mistake("You multiplied by the learning rate twice: it belongs to the update of the point alone.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + learning_rate * gradient
    return point - learning_rate * velocity, velocity


@momentum_step.mistake(
    "You subtract the gradient twice, in the velocity and with it from the point: the velocity adds it."
)
def _(point, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity - gradient
    return point - learning_rate * velocity, velocity


@momentum_step.mistake("You returned the old velocity: return the new one, which the next step needs.")
def _(point, velocity, gradient, learning_rate, decay):
    return point - learning_rate * (decay * velocity + gradient), velocity


@momentum_step.mistake("You returned the velocity times the learning rate: return the velocity itself.")
def _(point, velocity, gradient, learning_rate, decay):
    move = learning_rate * (decay * velocity + gradient)
    return point - move, move


@momentum_step.mistake(
    "You swapped `learning_rate` and `decay`: the velocity decays, and the point moves by the learning rate."
)
def _(point, velocity, gradient, learning_rate, decay):
    velocity = learning_rate * velocity + gradient
    return point - decay * velocity, velocity


@momentum_step.mistake("You multiplied the old velocity by 1 - decay: `decay` is the part that it keeps.")
def _(point, velocity, gradient, learning_rate, decay):
    velocity = (1 - decay) * velocity + gradient
    return point - learning_rate * velocity, velocity


# ---------------------------------------------------------------- 6.6


@exercise(
    points=7,
    hints=(
        "There are five formulas: write each on its own line, in the order of the docstring.",
        'The lesson\'s section "Memory": an average of g is divided by the root of an average of g^2. Both averages '
        "started at zero, which the docstring corrects: each is divided by 1 minus its decay to the power t. The "
        "corrected ones serve this step only.",
        "`mean_hat = mean / (1 - b1**step)`, `square_hat = square / (1 - b2**step)`, and "
        "subtract `learning_rate * mean_hat / (jnp.sqrt(square_hat) + eps)` from the point.",
    ),
    why="These lines train most networks in this course and elsewhere.",
)
def adam_step(
    point: Float[Array, " d"],
    mean: Float[Array, " d"],
    square: Float[Array, " d"],
    gradient: Float[Array, " d"],
    step: int,
    learning_rate: float,
    b1: float,
    b2: float,
    eps: float,
) -> tuple[Float[Array, " d"], Float[Array, " d"], Float[Array, " d"]]:
    """Step of Adam."""
    mean = b1 * mean + (1 - b1) * gradient
    square = b2 * square + (1 - b2) * gradient**2
    mean_hat, square_hat = mean / (1 - b1**step), square / (1 - b2**step)
    return point - learning_rate * mean_hat / (jnp.sqrt(square_hat) + eps), mean, square


ADAM = dict(learning_rate=0.1, b1=0.9, b2=0.99, eps=0.01)


@adam_step.inputs("the first step", points=2)
def _(key):
    return dict(
        point=jnp.array([1.0, 2.0]),
        mean=jnp.zeros(2),
        square=jnp.zeros(2),
        gradient=jnp.array([2.0, -0.5]),
        step=1,
        **ADAM,
    )


@adam_step.inputs("the fourth step, random", points=2)
def _(key):
    point, mean, gradient, square = jax.random.normal(key, (4, 3))
    return dict(point=point, mean=mean, square=square**2, gradient=gradient, step=4, **ADAM)


@adam_step.inputs("a gradient of zero", points=1, hidden=True)
def _(key):
    return dict(
        point=jnp.array([1.0]), mean=jnp.array([0.0]), square=jnp.array([0.0]), gradient=jnp.zeros(1), step=1, **ADAM
    )


@adam_step.inputs("after many steps, other rates", points=1, hidden=True)
def _(key):
    point, mean, gradient, square = jax.random.normal(key, (4, 2))
    settings = dict(learning_rate=0.5, b1=0.5, b2=0.95, eps=0.1)
    return dict(point=point, mean=mean, square=square**2, gradient=gradient, step=50, **settings)


def _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square = b1 * mean + (1 - b1) * gradient, b2 * square + (1 - b2) * gradient**2
    return mean, square, mean / (1 - b1**step), square / (1 - b2**step)


@adam_step.mistake(
    "You left out the correction: divide the averages by 1 - b1 ** t and 1 - b2 ** t before you use them."
)
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, _, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * mean / (jnp.sqrt(square) + eps), mean, square


@adam_step.mistake("You returned the corrected averages: the next step needs them uncorrected.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), m, s


@adam_step.mistake("Your eps is under the root: take the root first, then add eps.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / jnp.sqrt(s + eps), mean, square


@adam_step.mistake("You forgot the root: divide by the square root of the averaged squares.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / (s + eps), mean, square


@adam_step.mistake("You averaged the gradient's magnitude instead of its square: s needs (1 - b2) * g ** 2.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square = b1 * mean + (1 - b1) * gradient, b2 * square + (1 - b2) * jnp.abs(gradient)
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You added 1 to the step: the first step already has t = 1, so use it as given.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, _, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    m, s = mean / (1 - b1 ** (step + 1)), square / (1 - b2 ** (step + 1))
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You swapped b1 and b2: b1 belongs to the gradient, b2 to its square.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b2, b1, eps)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You moved uphill: subtract the step from the point.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point + learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You left out eps: add it to the root, or a gradient of zero gives 0/0.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / jnp.sqrt(s), mean, square


@adam_step.mistake("You corrected the average of the gradient alone: divide that of its square by 1 - b2 ** t as well.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / (jnp.sqrt(square) + eps), mean, square


@adam_step.mistake(
    "You multiplied b1 and b2 by the step: the correction has their powers, 1 - b1 ** t and 1 - b2 ** t."
)
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, _, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    m, s = mean / (1 - b1 * step), square / (1 - b2 * step)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("Your averages lack the factors 1 - b1 and 1 - b2 before the gradient and its square.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square = b1 * mean + gradient, b2 * square + gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You divided the gradient itself by the root: divide its corrected average.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, _, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * gradient / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You returned the averages in another order: it is point, average of g, average of g ** 2.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), square, mean


@adam_step.mistake(
    "You swapped the weights of old and new: b1 and b2 multiply the old averages, 1 minus these the new terms."
)
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square = (1 - b1) * mean + b1 * gradient, (1 - b2) * square + b2 * gradient**2
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You left out the learning rate: it multiplies the step of the point.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake(
    "You corrected the average of the squares alone: divide that of the gradient by 1 - b1 ** t as well."
)
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, _, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * mean / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("Your correction ignores the step: divide by 1 - b1 ** t and 1 - b2 ** t, with t = `step`.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, _, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * mean / (1 - b1) / (jnp.sqrt(square / (1 - b2)) + eps), mean, square


@adam_step.mistake(
    "You added eps before the correction: divide the squares by 1 - b2 ** t, take the root, then add eps."
)
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * jnp.sqrt(1 - b2**step) * m / (jnp.sqrt(square) + eps), mean, square


@adam_step.mistake("You moved with the old averages: update them with the gradient first.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    m, s = mean / (1 - b1**step), square / (1 - b2**step)
    mean, square, _, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


@adam_step.mistake("You added eps to the point: set parentheses around the root plus eps.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, m, s = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    return point - learning_rate * m / jnp.sqrt(s) + eps, mean, square


@adam_step.mistake("You multiplied by the correction: divide by 1 - b1 ** t and 1 - b2 ** t.")
def _(point, mean, square, gradient, step, learning_rate, b1, b2, eps):
    mean, square, _, _ = _adam(point, mean, square, gradient, step, learning_rate, b1, b2, eps)
    m, s = mean * (1 - b1**step), square * (1 - b2**step)
    return point - learning_rate * m / (jnp.sqrt(s) + eps), mean, square


# ---------------------------------------------------------------- 6.7


@exercise(
    points=9,
    hints=(
        "Count: how many eigenvalues are positive, how many negative?",
        "The lesson's section \"Saddles\": the signs of the Hessian's eigenvalues decide. Get them from "
        "`jnp.linalg.eigvalsh`, then make one test after another; `jnp.any` and `jnp.all` combine the answers of all "
        "eigenvalues.",
        "`jnp.where(any_up & any_down, 1, jnp.where(all_up, 0, jnp.where(all_down, 2, 3)))`.",
    ),
    why="In many dimensions nearly every stationary point is a saddle: a vanishing gradient alone says little.",
)
def classify(hessian: Float[Array, "d d"], tol: float) -> Int[Array, ""]:
    """Kind of a stationary point."""
    values = jnp.linalg.eigvalsh(hessian)
    up, down = values > tol, values < -tol
    return jnp.where(up.any() & down.any(), 1, jnp.where(up.all(), 0, jnp.where(down.all(), 2, 3)))


@classify.inputs("a saddle with two ways down", points=1)
def _(key):
    return dict(hessian=jnp.array([[0.5, 0.1, 0.0], [0.1, -0.4, 0.0], [0.0, 0.0, -0.45]]), tol=0.3)


@classify.inputs("a saddle that its diagonal hides", points=1)
def _(key):
    return dict(hessian=jnp.array([[1.0, 3.0], [3.0, 1.0]]), tol=0.001)


@classify.inputs("a minimum", points=1)
def _(key):
    return dict(hessian=jnp.array([[2.0, 1.0], [1.0, 2.0]]), tol=0.001)


@classify.inputs("a maximum whose determinant is positive", points=1, hidden=True)
def _(key):
    return dict(hessian=jnp.array([[-2.0, 1.0], [1.0, -3.0]]), tol=0.001)


@classify.inputs("a nearly flat direction in a valley", points=1, hidden=True)
def _(key):
    return dict(hessian=jnp.diag(jnp.array([-0.05, 0.3, 0.4])), tol=0.1)


@classify.inputs("an eigenvalue of exactly tol", points=1, hidden=True)
def _(key):
    return dict(hessian=jnp.diag(jnp.array([0.5, 2.0])), tol=0.5)


@classify.inputs("an eigenvalue of exactly -tol", points=1, hidden=True)
def _(key):
    return dict(hessian=jnp.diag(jnp.array([-4.0, -0.5])), tol=0.5)


@classify.inputs("a saddle with a flat direction", points=1, hidden=True)
def _(key):
    return dict(hessian=jnp.diag(jnp.array([2.0, 0.1, -1.0])), tol=0.2)


@classify.mistake("You looked at entries, of the diagonal or of the whole matrix: the signs of the eigenvalues decide.")
def _(hessian, tol):
    values = jnp.diag(hessian)
    up, down = values > tol, values < -tol
    return jnp.where(up.any() & down.any(), 1, jnp.where(up.all(), 0, jnp.where(down.all(), 2, 3)))


@classify.mistake("A positive determinant does not imply a minimum: two negative eigenvalues give one, too.")
def _(hessian, tol):
    determinant = jnp.linalg.det(hessian)
    return jnp.where(determinant > tol, 0, jnp.where(determinant < -tol, 1, 3))


@classify.mistake("You counted eigenvalues near 0 as positive: a flat direction in a valley leaves it undecided, 3.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    down = values < -tol
    return jnp.where(down.all(), 2, jnp.where(down.any(), 1, 0))


@classify.mistake("You swapped minimum and maximum: if all eigenvalues are positive, it is a minimum, 0.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    up, down = values > tol, values < -tol
    return jnp.where(up.any() & down.any(), 1, jnp.where(up.all(), 2, jnp.where(down.all(), 0, 3)))


@classify.mistake("You returned the number of negative eigenvalues: the exercise asks for the kind, 0, 1, 2 or 3.")
def _(hessian, tol):
    return jnp.sum(jnp.linalg.eigvalsh(hessian) < -tol)


@classify.mistake("You compared with 0: an eigenvalue counts as positive above tol, as negative below -tol.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    up, down = values > 0, values < 0
    return jnp.where(up.any() & down.any(), 1, jnp.where(up.all(), 0, jnp.where(down.all(), 2, 3)))


@classify.mistake("An eigenvalue of exactly tol or -tol counts as zero: compare with > tol and < -tol, without =.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    up, down = values >= tol, values <= -tol
    return jnp.where(up.any() & down.any(), 1, jnp.where(up.all(), 0, jnp.where(down.all(), 2, 3)))


@classify.mistake("You call a saddle with a flat direction undecided: one way up and one way down suffice, 1.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    up, down = values > tol, values < -tol
    return jnp.where(up.all(), 0, jnp.where(down.all(), 2, jnp.where((up | down).all(), 1, 3)))


@classify.mistake("You swapped the numbers of saddle and maximum: a saddle is 1, a maximum 2.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    up, down = values > tol, values < -tol
    return jnp.where(up.any() & down.any(), 2, jnp.where(up.all(), 0, jnp.where(down.all(), 1, 3)))


@classify.mistake(
    "You call everything else a saddle: without one positive and one negative eigenvalue it is undecided, 3."
)
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    return jnp.where((values > tol).all(), 0, jnp.where((values < -tol).all(), 2, 1))


@classify.mistake(
    "You let eigenvalues near 0 take the sign of the others: a flat direction leaves a minimum or maximum undecided, 3."
)
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    return jnp.where((values > -tol).all(), 0, jnp.where((values < tol).all(), 2, 1))


@classify.mistake(
    "You decided by determinant and trace, which holds in two dimensions only: look at the sign of each eigenvalue."
)
def _(hessian, tol):
    determinant, trace = jnp.linalg.det(hessian), jnp.trace(hessian)
    return jnp.where(determinant < -tol, 1, jnp.where(determinant > tol, jnp.where(trace > 0, 0, 2), 3))


@classify.mistake("You compared a product of eigenvalues with tol: compare each eigenvalue.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    low, high = values[0], values[-1]
    return jnp.where(low * high < -tol, 1, jnp.where(low > tol, 0, jnp.where(high < -tol, 2, 3)))


@classify.mistake("You scaled tol by the largest eigenvalue: compare with tol itself.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    tol = tol * jnp.abs(values).max()
    up, down = values > tol, values < -tol
    return jnp.where(up.any() & down.any(), 1, jnp.where(up.all(), 0, jnp.where(down.all(), 2, 3)))


@classify.mistake("You compared with tol in both directions: an eigenvalue is negative below -tol.")
def _(hessian, tol):
    values = jnp.linalg.eigvalsh(hessian)
    up, down = values > tol, values < tol
    return jnp.where(up.any() & down.any(), 1, jnp.where(up.all(), 0, jnp.where(down.all(), 2, 3)))


# ---------------------------------------------------------------- 6.8


@exercise(
    points=6,
    hints=(
        "Write one step first. How many points does a path of n steps have?",
        'The lesson\'s section "The bowl" has the step. A Python loop over `n_steps` that collects points works, even '
        "under jit; `jax.lax.scan` compiles faster. The start is the first row.",
        "Collect in a list `points = [start]`, append `points[-1] - learning_rate * jax.grad(function)(points[-1])`, "
        "and return `jnp.stack(points)`.",
    ),
    why="Look at trajectories, not only at final losses: zigzag, creeping and divergence each have their own cure.",
    rtol=1e-3,
)
def gd_trajectory(
    function: Callable[[Array], Array], start: Float[Array, " d"], learning_rate: float, n_steps: int
) -> Float[Array, "points d"]:
    """Trajectory of gradient descent."""
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] - learning_rate * jax.grad(function)(points[-1]))
    return jnp.stack(points)


@gd_trajectory.inputs("three steps in a curved valley", points=2)
def _(key):
    return dict(function=banana, start=jnp.array([-0.5, 0.5]), learning_rate=0.02, n_steps=3)


@gd_trajectory.inputs("ten steps over hills, random start", points=2)
def _(key):
    return dict(function=mountain, start=jax.random.normal(key, (3,)), learning_rate=0.1, n_steps=10)


@gd_trajectory.inputs("no step", points=1, hidden=True)
def _(key):
    return dict(function=banana, start=jnp.array([0.2, 0.3]), learning_rate=0.1, n_steps=0)


@gd_trajectory.mistake("Your path lacks its start: row 0 is the start, so there are n_steps + 1 rows.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] - learning_rate * jax.grad(function)(points[-1]))
    return jnp.stack(points[1:]) if n_steps else jnp.zeros((0, *start.shape))


@gd_trajectory.mistake("You returned the last point only: the exercise asks for all points on the way.")
def _(function, start, learning_rate, n_steps):
    for _ in range(n_steps):
        start = start - learning_rate * jax.grad(function)(start)
    return start


@gd_trajectory.mistake("You went uphill: gradient descent subtracts the gradient.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] + learning_rate * jax.grad(function)(points[-1]))
    return jnp.stack(points)


@gd_trajectory.mistake("You took the gradient at the start in every step: take it where you are.")
def _(function, start, learning_rate, n_steps):
    return start - learning_rate * jnp.arange(n_steps + 1.0)[:, None] * jax.grad(function)(start)


@gd_trajectory.mistake("You scaled the gradient to length 1: a step is the learning rate times the gradient itself.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        slope = jax.grad(function)(points[-1])
        points.append(points[-1] - learning_rate * slope / jnp.linalg.norm(slope))
    return jnp.stack(points)


@gd_trajectory.mistake("Your last point is missing: n_steps steps give n_steps + 1 points.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] - learning_rate * jax.grad(function)(points[-1]))
    return jnp.stack(points[:-1]) if n_steps else jnp.zeros((0, *start.shape))


@gd_trajectory.mistake("You took one step too many: n_steps steps give n_steps + 1 points, the start included.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps + 1):
        points.append(points[-1] - learning_rate * jax.grad(function)(points[-1]))
    return jnp.stack(points)


@gd_trajectory.mistake("You left out the learning rate: a step is the learning rate times the gradient.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] - jax.grad(function)(points[-1]))
    return jnp.stack(points)


@gd_trajectory.mistake("You returned the heights of the function: the exercise asks for the points.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] - learning_rate * jax.grad(function)(points[-1]))
    return jnp.stack([function(point) for point in points])


@gd_trajectory.mistake("You subtracted every step from the start: each step begins at the point before it.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(start - learning_rate * jax.grad(function)(points[-1]))
    return jnp.stack(points)


@gd_trajectory.mistake("Your steps are half as long as they should be: a step is the learning rate times the gradient.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        points.append(points[-1] - learning_rate / 2 * jax.grad(function)(points[-1]))
    return jnp.stack(points)


@gd_trajectory.mistake(
    "You changed one coordinate after the other: take one gradient for all of them, at the point before the step."
)
def _(function, start, learning_rate, n_steps):
    points = [start]
    for _ in range(n_steps):
        x = points[-1]
        for j in range(len(start)):
            x = x.at[j].add(-learning_rate * jax.grad(function)(x)[j])
        points.append(x)
    return jnp.stack(points)


@gd_trajectory.mistake("Your rate falls from step to step: it is the same in every step.")
def _(function, start, learning_rate, n_steps):
    points = [start]
    for t in range(n_steps):
        points.append(points[-1] - learning_rate / (t + 1) * jax.grad(function)(points[-1]))
    return jnp.stack(points)


@gd_trajectory.mistake("You added momentum: gradient descent moves by the gradient of this step alone.")
def _(function, start, learning_rate, n_steps):
    points, velocity = [start], jnp.zeros_like(start)
    for _ in range(n_steps):
        velocity = 0.9 * velocity + jax.grad(function)(points[-1])
        points.append(points[-1] - learning_rate * velocity)
    return jnp.stack(points)
