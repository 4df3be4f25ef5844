"""Exercises of unit 3: regression as loss minimization.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 3

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 3.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit03.py`.
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float


def design_matrix(x: Float[Array, " n"], degree: int) -> Float[Array, "n m"]:
    """Exercise 3.1. Design matrix of powers.

    Row i belongs to point x_i, column j to the power j = 0, 1, ..., degree:

        Phi[i, j] = x_i ** j,    shape (n, degree + 1)

    The first column holds ones, even where x is 0.

    Example: design_matrix(jnp.array([2.0, 3.0]), 2) is [[1, 2, 4], [1, 3, 9]].
    """
    raise NotImplementedError


def ols(design: Float[Array, "n m"], y: Float[Array, " n"]) -> Float[Array, " m"]:
    """Exercise 3.2. Ordinary least squares.

    Return the weights w that minimize the sum of squared residuals

        sum_i (y_i - sum_j design[i, j] w_j)^2

    They solve the normal equations X^T X w = X^T y, where X is the design matrix. You may use `jnp.linalg`. The
    columns of the design are linearly independent, and n >= m; their entries may be small, such as 1e-5. There is no
    additional intercept, and nothing is added to X^T X.

    Example: ols(jnp.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), jnp.array([1.0, 2.0, 4.0])) is about
    [0.8333, 1.5].
    """
    raise NotImplementedError


def mse_gradient(weights: Float[Array, " m"], design: Float[Array, "n m"], y: Float[Array, " n"]) -> Float[Array, " m"]:
    """Exercise 3.3. Gradient of the mean squared error.

    The loss is the mean over the n points, without a factor 1/2:

        J(w) = 1/n sum_i (sum_j design[i, j] w_j - y_i)^2

    Return its gradient with respect to the weights, one entry per weight. It has a short formula, and `jax.grad` of
    the loss gives the same numbers: whichever you write, check it with the other.

    Example: mse_gradient(jnp.array([1.0]), jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])) is [3.0]:
    the residuals are 1 and 1, and 2/2 * (1 * 1 + 2 * 1) = 3.
    """
    raise NotImplementedError


def gd_step(
    weights: Float[Array, " m"], design: Float[Array, "n m"], y: Float[Array, " n"], learning_rate: float
) -> Float[Array, " m"]:
    """Exercise 3.4. One step of gradient descent.

    Return the weights after one step down the gradient of the mean squared error J of 3.3:

        w_new = w - learning_rate * gradient of J at w

    Example: gd_step(jnp.array([1.0]), jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0]), 0.1) is [0.7].
    """
    raise NotImplementedError


def gradient_descent(
    weights: Float[Array, " m"],
    design: Float[Array, "n m"],
    y: Float[Array, " n"],
    learning_rate: float,
    n_steps: int,
) -> Float[Array, "steps m"]:
    """Exercise 3.5. Path of gradient descent.

    Take `n_steps` steps of 3.4, each from where the previous one ended. Return the path, shape (n_steps + 1, m):
    row 0 holds the given weights, row t the weights after t steps. With n_steps = 0 the path is row 0 alone.
    `n_steps` is a Python integer, even under `jax.jit`. The function must also work for many learning rates at once,
    under `jax.vmap`.

    Example: gradient_descent(jnp.array([1.0]), jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0]), 0.1, 2) is
    [[1.0], [0.7], [0.55]].
    """
    raise NotImplementedError


def largest_stable_step(design: Float[Array, "n m"]) -> Float[Array, ""]:
    """Exercise 3.6. Largest stable learning rate.

    Gradient descent on the mean squared error J of 3.3 converges for every learning rate below

        2 / L,    where L is the largest eigenvalue of the Hessian matrix of J

    and may diverge above it. Return 2 / L, one number. L is positive here. The next eigenvalue may be nearly as large,
    where a few power iterations are not enough.

    Example: largest_stable_step(jnp.array([[1.0], [2.0]])) is 0.4: the Hessian is [[5.0]].
    """
    raise NotImplementedError


def bspline_basis(x: Float[Array, " n"], knots: Float[Array, " k"], degree: int) -> Float[Array, "n m"]:
    """Exercise 3.7. B-spline basis.

    Return the matrix of all B-splines of this degree at all points: shape (n, m) with m = k - degree - 1.
    The knots t are sorted, the first and the last of them occur degree + 1 times, and every x lies between these
    two. Use the recursion of Cox and de Boor over q = 1, ..., degree:

        B[j, 0](x) = 1 if t[j] <= x < t[j+1], else 0
        B[j, q](x) = (x - t[j]) / (t[j+q] - t[j]) * B[j, q-1](x)
                   + (t[j+q+1] - x) / (t[j+q+1] - t[j+1]) * B[j+1, q-1](x)

    Two rules complete it. A fraction with denominator 0 counts as 0. The last interval that is not empty is
    closed at its right end: where x equals the last knot, B[j, 0] of this interval is 1.

    Check yourself: in each row the entries are non-negative and add up to 1.

    Example: bspline_basis(jnp.array([0.25, 1.0]), jnp.array([0.0, 0.0, 0.5, 1.0, 1.0]), 1) is
    [[0.5, 0.5, 0], [0, 0, 1]].
    """
    raise NotImplementedError


def runge_error(nodes: Float[Array, " m"], grid: Float[Array, " n"]) -> Float[Array, ""]:
    """Exercise 3.8. Error of interpolating Runge's function.

    Runge's function is f(x) = 1 / (1 + 25 x^2). Let p be the polynomial of degree m - 1 with p(x_j) = f(x_j)
    at all m nodes. Return the largest absolute error on the grid, one number:

        max over the grid of |f(x) - p(x)|

    Evaluate p by Lagrange's formula. Unlike a system of equations for the coefficients of powers, it is accurate in
    single precision even with 25 nodes:

        p(x) = sum_j f(x_j) * prod over k != j of (x - x_k) / (x_j - x_k)

    Points of the grid may coincide with nodes. The nodes are distinct and come in any order.

    Example: runge_error(jnp.array([-1.0, 0.0, 1.0]), jnp.array([0.5])) is about 0.6218: p(0.5) is 0.7596 and
    f(0.5) is 0.1379.
    """
    raise NotImplementedError
