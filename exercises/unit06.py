"""Exercises of unit 6: loss landscapes and optimization.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 6

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 6.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit06.py`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int


def quadratic_gradient(
    point: Float[Array, " d"], matrix: Float[Array, "d d"], slope: Float[Array, " d"]
) -> Float[Array, " d"]:
    """Exercise 6.1. Gradient of a quadratic.

    The matrix A is symmetric here, and the function is

        f(x) = 1/2 x^T A x - b^T x

    with b = `slope`. Return its gradient at the point x.

    Example: quadratic_gradient(jnp.array([1.0, 2.0]), jnp.array([[2.0, 1.0], [1.0, 3.0]]), jnp.array([1.0, 1.0]))
    is [3.0, 6.0].
    """
    raise NotImplementedError


def quadratic_hessian(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """Exercise 6.2. Hessian of a quadratic.

    Return the matrix of second derivatives of

        f(x) = 1/2 x^T A x

    for any square matrix A, which need not be symmetric. (The Hessian always is.)

    Example: quadratic_hessian(jnp.array([[2.0, 4.0], [0.0, 6.0]])) is [[2.0, 2.0], [2.0, 6.0]].
    """
    raise NotImplementedError


def hessian_vector_product(
    function: Callable[[Array], Array], point: Float[Array, " d"], vector: Float[Array, " d"]
) -> Float[Array, " d"]:
    """Exercise 6.3. Hessian times vector.

    Return H v, where H is the Hessian of `function` at `point` and v the vector. `function(point)` is one
    number, computed by jnp operations. H itself is not needed: for a million parameters it would have a trillion
    entries. Differentiate the gradient along v (`jax.jvp`), or differentiate the number gradient . v. Any way counts
    that is exact; a difference of two gradients is not.

    Example: for the function x[0] ** 2 * x[1] at [1.0, 2.0] and the vector [1.0, 0.0] it is [4.0, 2.0].
    """
    raise NotImplementedError


def condition_number(hessian: Float[Array, "d d"]) -> Float[Array, ""]:
    """Exercise 6.4. Condition number.

    The Hessian is symmetric; its eigenvalues may be negative. Return

        largest |eigenvalue| / smallest |eigenvalue|,

    one number. (You may use `jnp.linalg`, including `jnp.linalg.cond`. No eigenvalue is 0.)

    Example: condition_number(jnp.array([[2.0, 0.0], [0.0, -8.0]])) is 4.0.
    """
    raise NotImplementedError


def momentum_step(
    point: Float[Array, " d"],
    velocity: Float[Array, " d"],
    gradient: Float[Array, " d"],
    learning_rate: float,
    decay: float,
) -> tuple[Float[Array, " d"], Float[Array, " d"]]:
    """Exercise 6.5. Step of momentum.

    The heavy ball first changes its velocity, then moves with the new one:

        v_new = decay * v + g
        x_new = x - learning_rate * v_new

    Return the pair (x_new, v_new). The velocity contains no learning rate and no factor (1 - decay).

    Example: momentum_step(jnp.array([1.0]), jnp.array([2.0]), jnp.array([0.5]), 0.1, 0.9) is ([0.77], [2.3]).
    """
    raise NotImplementedError


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
    """Exercise 6.6. Step of Adam.

    With the gradient g, its averages m (`mean`) and s (`square`), and the number t of this step (`step`, which
    is 1 for the first):

        m_new = b1 * m + (1 - b1) * g             s_new = b2 * s + (1 - b2) * g ** 2
        m_hat = m_new / (1 - b1 ** t)             s_hat = s_new / (1 - b2 ** t)
        x_new = x - learning_rate * m_hat / (sqrt(s_hat) + eps)

    Return (x_new, m_new, s_new): the averages without their correction, as the next step needs them.

    Example: adam_step(jnp.array([1.0]), jnp.zeros(1), jnp.zeros(1), jnp.array([2.0]), 1, 0.1, 0.9, 0.999, 1e-8) is
    ([0.9], [0.2], [0.004]).
    """
    raise NotImplementedError


def classify(hessian: Float[Array, "d d"], tol: float) -> Int[Array, ""]:
    """Exercise 6.7. Kind of a stationary point.

    Classify a point of zero gradient by its symmetric Hessian, and return one integer. An eigenvalue counts as positive
    above tol, as negative below -tol, and as zero in between.

        0  minimum: all eigenvalues are positive
        1  saddle: at least one is positive and at least one is negative, whatever the others are
        2  maximum: all are negative
        3  undecided: anything else (some are zero, and the others have one sign)

    It must work under `jax.jit`: `jnp.where` instead of `if`.

    Example: classify(jnp.array([[2.0, 0.0], [0.0, -1.0]]), 0.001) is 1.
    """
    raise NotImplementedError


def gd_trajectory(
    function: Callable[[Array], Array], start: Float[Array, " d"], learning_rate: float, n_steps: int
) -> Float[Array, "points d"]:
    """Exercise 6.8. Trajectory of gradient descent.

    Take `n_steps` steps of gradient descent on `function` (one number for a point; use `jax.grad`). Return all
    points on the way, shape (n_steps + 1, d): row 0 is the start, row t the point after t steps. With
    n_steps = 0 it is the start alone. `n_steps` is a Python integer, also under `jax.jit`.

    Example: for the function x[0] ** 2 from [1.0] with learning rate 0.25 and 2 steps: [[1.0], [0.5], [0.25]].
    """
    raise NotImplementedError
