"""Unit 3, regression as loss minimization: the reference answers and their specification."""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 3.1


@exercise(
    points=4,
    hints=(
        "One row per point, one column per power. How many powers are there from 0 to the degree?",
        'The lesson\'s section "From a line to a curve: basis functions" puts basis functions, such as powers of '
        "x, into a design matrix. Column j holds x to the power j, and j starts at 0. Broadcasting a column of "
        "points against a row of exponents gives the whole table at once.",
        "Raise `x[:, None]` to the power `jnp.arange(degree + 1)`.",
    ),
    why="Every model that is linear in its coefficients is one design matrix away from least squares.",
)
def design_matrix(x: Float[Array, " n"], degree: int) -> Float[Array, "n m"]:
    """Design matrix of powers."""
    return x[:, None] ** jnp.arange(degree + 1)


@design_matrix.inputs("four points, degree 3", points=1)
def _(key):
    return dict(x=jnp.array([0.5, 1.0, 2.0, 3.0]), degree=3)


@design_matrix.inputs("random points, degree 5", points=1)
def _(key):
    return dict(x=jax.random.uniform(key, (7,), minval=-1.5, maxval=1.5), degree=5)


@design_matrix.inputs("zero and negative points, degree 0 and one point", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([0.0, -1.0, -2.0]), degree=0)


@design_matrix.mistake(
    "Your columns start at x to the power 1: the constant column of ones, x to the power 0, is missing."
)
def _(x, degree):
    return x[:, None] ** jnp.arange(1, degree + 1)


@design_matrix.mistake(
    "Your last column is missing: the powers run up to x ** degree, and a range stops before its end."
)
def _(x, degree):
    return x[:, None] ** jnp.arange(degree)


@design_matrix.mistake(
    "Your powers decrease from left to right: start with the column of ones, end with the highest power."
)
def _(x, degree):
    return x[:, None] ** jnp.arange(degree, -1, -1)


@design_matrix.mistake("Your matrix is transposed: points belong to rows and powers to columns.")
def _(x, degree):
    return x ** jnp.arange(degree + 1)[:, None]


@design_matrix.mistake("You multiplied x by the exponent: raise it to that power with ** instead of *.")
def _(x, degree):
    return x[:, None] * jnp.arange(degree + 1)


@design_matrix.mistake("You have one column too many: the powers 0 to degree make degree + 1 columns.")
def _(x, degree):
    return x[:, None] ** jnp.arange(degree + 2)


@design_matrix.mistake(
    "You have as many columns as points, and their powers decrease: `jnp.vander` needs `N=degree + 1` and "
    "`increasing=True`."
)
def _(x, degree):
    return x[:, None] ** jnp.arange(len(x) - 1, -1, -1)


@design_matrix.mistake("You raised the exponent to the power x: x is the base, x ** j.")
def _(x, degree):
    return jnp.arange(degree + 1) ** x[:, None]


@design_matrix.mistake(
    "You took the logarithm of x, which is NaN for negative points and minus infinity at 0: raise x to the power "
    "with `**`."
)
def _(x, degree):
    return jnp.exp(jnp.arange(degree + 1) * jnp.log(x)[:, None])


# ---------------------------------------------------------------- 3.2


@exercise(
    points=7,
    hints=(
        "At the minimum the residual is perpendicular to every column of the design matrix. Write this as an equation.",
        'The lesson\'s section "A straight line: how stiff is the steel?" has the normal equations '
        "X^T X w = X^T y, a square linear system. Solve it; an inverse is not needed and less accurate.",
        "Give `design.T @ design` and `design.T @ y` to `jnp.linalg.solve`, or take the first output of "
        "`jnp.linalg.lstsq(design, y)`.",
    ),
    why="The closed form is the yardstick: whatever an iterative method finds is measured against it.",
    rtol=1e-3,
    atol=1e-4,
)
def ols(design: Float[Array, "n m"], y: Float[Array, " n"]) -> Float[Array, " m"]:
    """Ordinary least squares."""
    return jnp.linalg.lstsq(design, y)[0]


@ols.inputs("three points, two columns", points=1)
def _(key):
    return dict(design=jnp.array([[1.0, 0.0], [1.0, 1.0], [2.0, 1.0]]), y=jnp.array([1.0, 2.0, 4.0]))


@ols.inputs("random design", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(design=jax.random.normal(a, (12, 3)), y=jax.random.normal(b, (12,)))


@ols.inputs("columns of different size", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(design=jax.random.normal(a, (15, 2)) * jnp.array([1.0, 20.0]), y=jax.random.normal(b, (15,)))


@ols.inputs("as many points as parameters", points=1, hidden=True)
def _(key):
    return dict(design=jnp.array([[2.0, 1.0], [-1.0, 3.0]]), y=jnp.array([3.0, 5.0]))  # not symmetric


@ols.inputs("strains of 1e-5, where anything added to X^T X shows", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(design=1e-5 * jax.random.normal(a, (10, 2)), y=jax.random.normal(b, (10,)))


@ols.mistake("You returned X^T y, only the right side of the normal equations: solve X^T X w = X^T y for w.")
def _(design, y):
    return design.T @ y


@ols.mistake("You returned the predictions X w: the exercise asks for the weights w.")
def _(design, y):
    return design @ jnp.linalg.lstsq(design, y)[0]


@ols.mistake("You returned everything that `lstsq` gives: the weights are the first of its four outputs.")
def _(design, y):
    return jnp.linalg.lstsq(design, y)


@ols.mistake("You added 1 to the diagonal of X^T X: that is ridge regression, and least squares has no penalty.")
def _(design, y):
    return jnp.linalg.solve(design.T @ design + jnp.eye(design.shape[1]), design.T @ y)


@ols.mistake("You multiplied X^T y by X^T X: solve the system X^T X w = X^T y instead.")
def _(design, y):
    return design.T @ design @ (design.T @ y)


@ols.mistake("You fitted each column separately: columns share what they explain, so solve for all weights at once.")
def _(design, y):
    return design.T @ y / jnp.sum(design**2, axis=0)


@ols.mistake("You added a column of ones: the design is complete as it is, and there is no additional intercept.")
def _(design, y):
    return jnp.linalg.lstsq(jnp.concatenate([jnp.ones((len(y), 1)), design], axis=1), y)[0]


@ols.mistake("You divided the weights by n: it cancels, since both sides of the normal equations are sums.")
def _(design, y):
    return jnp.linalg.lstsq(design, y)[0] / len(y)


@ols.mistake(
    "You fitted an intercept, too, or subtracted the means, which is the same: the design is complete as it is."
)
def _(design, y):
    return jnp.linalg.lstsq(design - design.mean(axis=0), y - y.mean())[0]


@ols.mistake("You returned the residuals y - X w: the exercise asks for the weights w.")
def _(design, y):
    return y - design @ jnp.linalg.lstsq(design, y)[0]


@ols.mistake("You returned the sum of squared residuals, the minimum itself: the exercise asks for the weights w.")
def _(design, y):
    return jnp.sum((y - design @ jnp.linalg.lstsq(design, y)[0]) ** 2)


# ---------------------------------------------------------------- 3.3


@exercise(
    points=6,
    hints=(
        "Write the loss as a mean of squared residuals and differentiate the square with the chain rule.",
        'The lesson\'s section "The same line by gradient descent" has the gradient: the residual X w - y, pulled '
        "back to the weights by X^T, times 2/n. Make sure that n is the right length.",
        "`2 / n * design.T @ residual`, with `n = len(y)` and the residual prediction minus target.",
    ),
    why=("Every optimizer of this course needs a gradient like this; for deep networks only the model changes."),
)
def mse_gradient(weights: Float[Array, " m"], design: Float[Array, "n m"], y: Float[Array, " n"]) -> Float[Array, " m"]:
    """Gradient of the mean squared error."""
    residual = design @ weights - y
    return 2 / len(y) * design.T @ residual


def _data(key, n=7, m=3):
    keys = jax.random.split(key, 3)
    return dict(
        weights=jax.random.normal(keys[0], (m,)),
        design=jax.random.normal(keys[1], (n, m)),
        y=jax.random.normal(keys[2], (n,)),
    )


@mse_gradient.inputs("four points, three weights", points=1)
def _(key):
    design = jnp.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 2.0, 4.0], [1.0, 3.0, 9.0]])
    return dict(weights=jnp.array([0.0, 1.0, 0.0]), design=design, y=jnp.array([1.0, 2.0, 4.0, 3.0]))


@mse_gradient.inputs("random data", points=2)
def _(key):
    return _data(key, m=4)


@mse_gradient.inputs("one point", points=1, hidden=True)
def _(key):
    return _data(key, n=1)


@mse_gradient.inputs("a perfect fit", points=1, hidden=True)
def _(key):
    data = _data(key)
    return data | dict(y=data["design"] @ data["weights"])


@mse_gradient.mistake("Your gradient is half of the right one: the derivative of the square brings down a factor 2.")
def _(weights, design, y):
    return design.T @ (design @ weights - y) / len(y)


@mse_gradient.mistake("You summed over the points: the loss is their mean, so divide by the number of points n.")
def _(weights, design, y):
    return 2 * design.T @ (design @ weights - y)


@mse_gradient.mistake("Your gradient has the wrong sign and points downhill: the residual is prediction minus target.")
def _(weights, design, y):
    return 2 / len(y) * design.T @ (y - design @ weights)


@mse_gradient.mistake("You divided by the number of weights: the mean runs over the points, so divide by len(y).")
def _(weights, design, y):
    return 2 / len(weights) * design.T @ (design @ weights - y)


@mse_gradient.mistake(
    "Your sum lacks the factor 2 and the division by n: the gradient of the mean is 2/n X^T (X w - y)."
)
def _(weights, design, y):
    return design.T @ (design @ weights - y)


@mse_gradient.mistake(
    "You averaged over the weights as well and got a single number: sum each column separately, one entry per weight."
)
def _(weights, design, y):
    return 2 * jnp.mean((design @ weights - y)[:, None] * design)


@mse_gradient.mistake("You returned the loss itself: differentiate it with respect to the weights.")
def _(weights, design, y):
    return jnp.mean((design @ weights - y) ** 2)


@mse_gradient.mistake("Your gradient has the wrong sign and lacks the factor 2: it is 2/n X^T (X w - y).")
def _(weights, design, y):
    return design.T @ (y - design @ weights) / len(y)


@mse_gradient.mistake(
    "You summed over the points with the wrong sign: the residual is prediction minus target, and the sum of its "
    "products is divided by n."
)
def _(weights, design, y):
    return 2 * design.T @ (y - design @ weights)


@mse_gradient.mistake("You returned one row per point: add up the rows, so that one entry per weight is left.")
def _(weights, design, y):
    return 2 / len(y) * (design @ weights - y)[:, None] * design


@mse_gradient.mistake("You squared the residual, as in the loss: in the gradient it stands without the square.")
def _(weights, design, y):
    return 2 / len(y) * design.T @ (design @ weights - y) ** 2


@mse_gradient.mistake(
    "You differentiated with respect to the design: `argnums` counts the arguments from 0, and the weights come first."
)
def _(weights, design, y):
    return 2 / len(y) * (design @ weights - y)[:, None] * weights


@mse_gradient.mistake(
    "You differentiated with respect to y: `argnums` counts the arguments from 0, and the weights come first."
)
def _(weights, design, y):
    return 2 / len(y) * (y - design @ weights)


@mse_gradient.mistake("You left out X^T: multiply each point's residual by its row of the design, and add up.")
def _(weights, design, y):
    return 2 / len(y) * (design @ weights - y)


@mse_gradient.mistake("You returned the residuals: the gradient is 2/n X^T times the residuals, one entry per weight.")
def _(weights, design, y):
    return design @ weights - y


@mse_gradient.mistake("You returned the loss as well: `jax.value_and_grad` gives both, `jax.grad` the gradient alone.")
def _(weights, design, y):
    return jnp.mean((design @ weights - y) ** 2), 2 / len(y) * design.T @ (design @ weights - y)


@mse_gradient.mistake("You took the root of the mean squared error before you differentiated: the loss has no root.")
def _(weights, design, y):
    residual = design @ weights - y
    return design.T @ residual / len(y) / jnp.sqrt(jnp.mean(residual**2))


@mse_gradient.mistake(
    "You averaged residuals and columns separately: multiply each residual by its row first, then average."
)
def _(weights, design, y):
    return 2 * jnp.mean(design @ weights - y) * jnp.mean(design, axis=0)


# ---------------------------------------------------------------- 3.4


@exercise(
    points=5,
    hints=(
        "The gradient points uphill. Which way do you want to go, and how far?",
        'The lesson\'s section "The same line by gradient descent": the new weights are the old ones minus '
        "learning rate times gradient. You may call your own `mse_gradient`.",
        "`weights - learning_rate * mse_gradient(weights, design, y)`.",
    ),
    why=("One step is all there is to gradient descent: the rest is repetition and the choice of the step size."),
)
def gd_step(
    weights: Float[Array, " m"], design: Float[Array, "n m"], y: Float[Array, " n"], learning_rate: float
) -> Float[Array, " m"]:
    """One step of gradient descent."""
    return weights - learning_rate * mse_gradient(weights, design, y)


@gd_step.inputs("random data", points=2)
def _(key):
    return _data(key) | dict(learning_rate=0.3)


@gd_step.inputs("a step of size zero", points=1, hidden=True)
def _(key):
    return _data(key, n=5) | dict(learning_rate=0.0)


@gd_step.inputs("already at the minimum", points=1, hidden=True)
def _(key):
    data = _data(key)
    return data | dict(y=data["design"] @ data["weights"], learning_rate=0.3)


@gd_step.mistake("You walked uphill: subtract the gradient from the weights instead of adding it.")
def _(weights, design, y, learning_rate):
    return weights + learning_rate * mse_gradient(weights, design, y)


@gd_step.mistake("You returned only the step: the answer is the new weights, the old ones minus the step.")
def _(weights, design, y, learning_rate):
    return learning_rate * mse_gradient(weights, design, y)


@gd_step.mistake("You returned only the step, with its minus sign: add it to the old weights.")
def _(weights, design, y, learning_rate):
    return -learning_rate * mse_gradient(weights, design, y)


@gd_step.mistake("Your step ignores the learning rate: multiply the gradient by it before you subtract.")
def _(weights, design, y, learning_rate):
    return weights - mse_gradient(weights, design, y)


@gd_step.mistake("Your step is half as long as it should be: the gradient of the mean squared error has a factor 2.")
def _(weights, design, y, learning_rate):
    return weights - learning_rate * mse_gradient(weights, design, y) / 2


@gd_step.mistake("Your step is n times too long: the gradient belongs to the mean over the points, not to their sum.")
def _(weights, design, y, learning_rate):
    return weights - learning_rate * mse_gradient(weights, design, y) * len(y)


@gd_step.mistake("You scaled the gradient to length 1: gradient descent takes shorter steps where the slope is gentle.")
def _(weights, design, y, learning_rate):
    gradient = mse_gradient(weights, design, y)
    return weights - learning_rate * gradient / jnp.linalg.norm(gradient)


@gd_step.mistake("Your step has n/2 times its length: the gradient of the mean is 2/n X^T (X w - y), with 2 and 1/n.")
def _(weights, design, y, learning_rate):
    return weights - learning_rate * mse_gradient(weights, design, y) * len(y) / 2


@gd_step.mistake("You multiplied the weights by the learning rate, too: only the gradient is multiplied by it.")
def _(weights, design, y, learning_rate):
    return learning_rate * (weights - mse_gradient(weights, design, y))


@gd_step.mistake("You divided the gradient by the learning rate: multiply it, as a small rate means a small step.")
def _(weights, design, y, learning_rate):
    return weights - mse_gradient(weights, design, y) / learning_rate


@gd_step.mistake(
    "Your step goes uphill, and half as far: subtract the gradient, which has the factor 2 of the mean squared error."
)
def _(weights, design, y, learning_rate):
    return weights + learning_rate * mse_gradient(weights, design, y) / 2


@gd_step.mistake(
    "Your step goes uphill, n times too far: subtract the gradient, which belongs to the mean over the points."
)
def _(weights, design, y, learning_rate):
    return weights + learning_rate * mse_gradient(weights, design, y) * len(y)


@gd_step.mistake(
    "You returned the gradient: the answer is the new weights, the old ones minus learning rate times gradient."
)
def _(weights, design, y, learning_rate):
    return mse_gradient(weights, design, y)


@gd_step.mistake("You subtracted the loss: a step goes along the gradient, which has one entry per weight.")
def _(weights, design, y, learning_rate):
    return weights - learning_rate * jnp.mean((design @ weights - y) ** 2)


@gd_step.mistake(
    "Your step has the number of weights in place of the number of points: the gradient is 2/n X^T (X w - y)."
)
def _(weights, design, y, learning_rate):
    return weights - learning_rate * mse_gradient(weights, design, y) * len(y) / len(weights)


@gd_step.mistake(
    "Your step is twice as long as it should be: the gradient has one factor 2, and the step has none of its own."
)
def _(weights, design, y, learning_rate):
    return weights - 2 * learning_rate * mse_gradient(weights, design, y)


@gd_step.mistake("You took two steps: take a single one.")
def _(weights, design, y, learning_rate):
    once = weights - learning_rate * mse_gradient(weights, design, y)
    return once - learning_rate * mse_gradient(once, design, y)


# ---------------------------------------------------------------- 3.5


@exercise(
    points=8,
    hints=(
        "Repeat your step, and keep the weights after each. What belongs in the first row, before any step?",
        'The lesson\'s section "The same line by gradient descent" walks downhill: a loop carries the weights. A '
        "Python loop works; "
        "`jax.lax.scan` with `length=n_steps` compiles the step only once.",
        "Collect `path = [weights]`, append `gd_step(path[-1], design, y, learning_rate)` n_steps times, and stack.",
    ),
    why=("The whole path, not only its end, shows whether a learning rate creeps, converges, oscillates or explodes."),
    rtol=1e-3,
    atol=1e-5,
)
def gradient_descent(
    weights: Float[Array, " m"],
    design: Float[Array, "n m"],
    y: Float[Array, " n"],
    learning_rate: float,
    n_steps: int,
) -> Float[Array, "steps m"]:
    """Path of gradient descent."""

    def step(now, _):
        new = gd_step(now, design, y, learning_rate)
        return new, new

    _, path = jax.lax.scan(step, weights, length=n_steps)
    return jnp.concatenate([weights[None], path])


@gradient_descent.inputs("three steps", points=2)
def _(key):
    return _data(key) | dict(learning_rate=0.1, n_steps=3)


@gradient_descent.inputs("forty steps", points=2)
def _(key):
    return _data(key, n=20) | dict(learning_rate=0.05, n_steps=40)


@gradient_descent.inputs("no step at all", points=1, hidden=True)
def _(key):
    return _data(key) | dict(learning_rate=0.1, n_steps=0)


@gradient_descent.inputs("a learning rate that is too large", points=1, hidden=True)
def _(key):
    return _data(key, n=20) | dict(learning_rate=2.0, n_steps=6)


@gradient_descent.inputs(
    "many learning rates at once, by vmap", points=1, hidden=True, call="vmap", over="learning_rate"
)
def _(key):
    return _data(key) | dict(learning_rate=jnp.array([0.01, 0.1, 0.2]), n_steps=4)


@gradient_descent.mistake("Your path lacks the start: its first row is the weights that you were given.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate, n_steps)[1:]


@gradient_descent.mistake("Your path stops one step early: n_steps steps and the start make n_steps + 1 rows.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate, max(n_steps - 1, 0))


@gradient_descent.mistake("You returned only the last weights: return the weights after every step, one row each.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate, n_steps)[-1]


@gradient_descent.mistake(
    "All your steps leave from the start: take each step from the weights after the previous one."
)
def _(weights, design, y, learning_rate, n_steps):
    return jnp.stack([weights] + [gd_step(weights, design, y, learning_rate)] * n_steps)


@gradient_descent.mistake("You computed the gradient once, at the start: take it at the weights of every step.")
def _(weights, design, y, learning_rate, n_steps):
    gradient = mse_gradient(weights, design, y)
    return jnp.stack([weights - learning_rate * k * gradient for k in range(n_steps + 1)])


@gradient_descent.mistake("Your path climbs: subtract the gradient in every step.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, -learning_rate, n_steps)


@gradient_descent.mistake(
    "Your steps are half as long as they should be: the gradient of the mean squared error has a factor 2."
)
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate / 2, n_steps)


@gradient_descent.mistake("Your path is one step too long: n_steps steps and the start make n_steps + 1 rows.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate, n_steps + 1)


@gradient_descent.mistake("Your path is transposed: each row holds the weights after one step.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate, n_steps).T


@gradient_descent.mistake(
    "Your steps are n times too long: the gradient belongs to the mean over the points, not to their sum."
)
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate * len(y), n_steps)


@gradient_descent.mistake("You start at zero: start at the weights that you were given.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(jnp.zeros_like(weights), design, y, learning_rate, n_steps)


@gradient_descent.mistake(
    "Your path begins after the first step: row 0 holds the given weights, and n_steps steps follow."
)
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate, n_steps + 1)[1:]


@gradient_descent.mistake(
    "Your path holds the start twice and lacks the last step: keep the weights after each step, not before."
)
def _(weights, design, y, learning_rate, n_steps):
    path = gradient_descent(weights, design, y, learning_rate, n_steps)
    return jnp.concatenate([path[:1], path[:n_steps]])


@gradient_descent.mistake("Your steps ignore the learning rate: multiply the gradient by it.")
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, 1.0, n_steps)


@gradient_descent.mistake(
    "Your steps have n/2 times their length: the gradient of the mean is 2/n X^T (X w - y), with 2 and 1/n."
)
def _(weights, design, y, learning_rate, n_steps):
    return gradient_descent(weights, design, y, learning_rate * len(y) / 2, n_steps)


@gradient_descent.mistake("You joined the weights to one long row: put each into a row of its own with `jnp.stack`.")
def _(weights, design, y, learning_rate, n_steps):
    return jnp.ravel(gradient_descent(weights, design, y, learning_rate, n_steps))


@gradient_descent.mistake(
    "You returned both outputs of `jax.lax.scan`: the path is the second one, with the start put before it."
)
def _(weights, design, y, learning_rate, n_steps):
    path = gradient_descent(weights, design, y, learning_rate, n_steps)
    return path[-1], path[1:]


# ---------------------------------------------------------------- 3.6


@exercise(
    points=7,
    hints=(
        "Differentiate your gradient once more. What matrix do you get, and which of its directions is the steepest?",
        'The lesson\'s section "The same line by gradient descent": along an eigenvector of the Hessian with '
        "eigenvalue h the error is multiplied by 1 - learning_rate * h in every step. This stays between -1 and 1 up "
        "to learning_rate = 2 / h.",
        "The Hessian is `2 / n * design.T @ design`; `jnp.linalg.eigvalsh` returns its eigenvalues in ascending order.",
    ),
    why=(
        "The largest curvature limits the step and the smallest one the speed, so bad conditioning means slow progress."
    ),
)
def largest_stable_step(design: Float[Array, "n m"]) -> Float[Array, ""]:
    """Largest stable learning rate."""
    hessian = 2 / len(design) * design.T @ design
    return 2 / jnp.linalg.eigvalsh(hessian)[-1]


@largest_stable_step.inputs("two columns", points=2)
def _(key):
    return dict(design=jnp.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]))


@largest_stable_step.inputs("random design", points=1)
def _(key):
    return dict(design=jax.random.normal(key, (9, 4)))


@largest_stable_step.inputs("one column", points=1, hidden=True)
def _(key):
    return dict(design=jnp.array([[2.0], [-1.0], [3.0], [0.5]]))


@largest_stable_step.inputs("more columns than points", points=1, hidden=True)
def _(key):
    return dict(design=jax.random.normal(key, (3, 5)))


@largest_stable_step.inputs("two curvatures that are nearly equal, the larger one along (1, -1)", points=1, hidden=True)
def _(key):
    return dict(design=jnp.array([[1.0, -0.02], [-0.02, 1.0]]))


@largest_stable_step.mistake("Your step is half of the largest stable one: the limit is 2 / L, not 1 / L.")
def _(design):
    return largest_stable_step(design) / 2


@largest_stable_step.mistake(
    "Your step is twice as long as it should be: the Hessian of the mean squared error is 2/n X^T X, with the 2."
)
def _(design):
    return 2 * largest_stable_step(design)


@largest_stable_step.mistake(
    "Your step is n times too short: the limit is 2 / L, and the Hessian is 2/n X^T X, with the 2 and the 1/n."
)
def _(design):
    return largest_stable_step(design) / len(design)


@largest_stable_step.mistake(
    "You used X^T X alone: the Hessian of the mean squared error is 2/n X^T X, so divide by n and keep the 2."
)
def _(design):
    return 2 * largest_stable_step(design) / len(design)


@largest_stable_step.mistake("You took the smallest curvature: the steepest direction becomes unstable first.")
def _(design):
    return 2 / jnp.linalg.eigvalsh(2 / len(design) * design.T @ design)[0]


@largest_stable_step.mistake("You used the largest singular value of X: the eigenvalue of X^T X is its square.")
def _(design):
    return len(design) / jnp.linalg.norm(design, ord=2)


@largest_stable_step.mistake(
    "You took the trace of the Hessian, the sum of all curvatures: only the largest one limits the step."
)
def _(design):
    return len(design) / jnp.sum(design**2)


@largest_stable_step.mistake("You returned the largest curvature L: the limit of the learning rate is 2 / L.")
def _(design):
    return jnp.linalg.eigvalsh(2 / len(design) * design.T @ design)[-1]


@largest_stable_step.mistake(
    "You took the largest entry of the Hessian: its largest eigenvalue is at least that large."
)
def _(design):
    return 2 / jnp.max(jnp.abs(2 / len(design) * design.T @ design))


@largest_stable_step.mistake("You divided by n - 1: the Hessian of the mean squared error is 2/n X^T X.")
def _(design):
    return largest_stable_step(design) * (len(design) - 1) / len(design)


@largest_stable_step.mistake(
    "You took the largest singular value of X for L: L is the largest eigenvalue of the Hessian 2/n X^T X."
)
def _(design):
    return 2 / jnp.linalg.norm(design, ord=2)


@largest_stable_step.mistake(
    "You took the Frobenius norm of the Hessian, the default of `jnp.linalg.norm`: its largest eigenvalue is the "
    "norm with `ord=2`."
)
def _(design):
    return 2 / jnp.linalg.norm(2 / len(design) * design.T @ design)


@largest_stable_step.mistake("You returned one number per curvature: only the largest curvature limits the step.")
def _(design):
    return 2 / jnp.linalg.eigvalsh(2 / len(design) * design.T @ design)


@largest_stable_step.mistake("You divided by the number of columns: the mean runs over the points, n = len(design).")
def _(design):
    return largest_stable_step(design) * design.shape[1] / len(design)


@largest_stable_step.mistake(
    "You subtracted the means of the columns, as a covariance does: the Hessian is 2/n X^T X with X as it is."
)
def _(design):
    return largest_stable_step(design - design.mean(axis=0))


@largest_stable_step.mistake(
    "You divided by the sum of the largest and the smallest curvature, which gives the fastest step: the limit is "
    "2 / L."
)
def _(design):
    values = jnp.linalg.eigvalsh(2 / len(design) * design.T @ design)
    return 2 / (values[0] + values[-1])


# ---------------------------------------------------------------- 3.7


def _ratio(above, below):
    return jnp.where(below > 0, above / below, 0.0)


def _raise_degree(x, knots, basis, degree, ratio=_ratio):
    for q in range(1, degree + 1):
        left, right = knots[: -q - 1], knots[q + 1 :]
        rising = ratio(x[:, None] - left, knots[q:-1] - left)
        falling = ratio(right - x[:, None], right - knots[1:-q])
        basis = rising * basis[:, :-1] + falling * basis[:, 1:]
    return basis


@exercise(
    points=9,
    hints=(
        "Begin with degree 0: a table of zeros and ones that says in which interval each point lies. Where "
        "is the last point?",
        'The lesson\'s section "From a line to a curve: basis functions" draws B-splines: pieces that join '
        "smoothly at knots. In the docstring's recursion each degree blends two neighbors of the degree below, the "
        "left one while it rises and the right one while it falls, so every pass has one column fewer. Guard each "
        "0/0 with `jnp.where`.",
        "With q from 1 to degree: `basis = rising * basis[:, :-1] + falling * basis[:, 1:]`, where rising is "
        "`(x[:, None] - knots[:-q-1]) / (knots[q:-1] - knots[:-q-1])` and falling is "
        "`(knots[q+1:] - x[:, None]) / (knots[q+1:] - knots[1:-q])`.",
    ),
    why="Splines bend where the data bend, and a change in one place leaves the rest of the curve alone.",
)
def bspline_basis(x: Float[Array, " n"], knots: Float[Array, " k"], degree: int) -> Float[Array, "n m"]:
    """B-spline basis."""
    points = x[:, None]
    inside = (knots[:-1] <= points) & (points < knots[1:])
    last = (points == knots[1:]) & (points == knots[-1])  # empty intervals as well: their ratios are 0
    return _raise_degree(x, knots, (inside | last).astype(x.dtype), degree)


def _clamped(inner, degree):
    return jnp.concatenate([jnp.zeros(degree + 1), jnp.array(inner), jnp.ones(degree + 1)])


@bspline_basis.inputs("degree 1, three intervals", points=1)
def _(key):
    return dict(x=jnp.array([0.1, 0.3, 0.6, 0.9]), knots=_clamped([0.25, 0.5], 1), degree=1)


@bspline_basis.inputs("cubic, random points", points=2)
def _(key):
    return dict(x=jax.random.uniform(key, (8,)), knots=_clamped([0.2, 0.45, 0.7], 3), degree=3)


@bspline_basis.inputs("the two ends and a knot", points=2)
def _(key):
    return dict(x=jnp.array([0.0, 0.5, 1.0]), knots=_clamped([0.25, 0.5], 2), degree=2)


@bspline_basis.inputs("degree 0", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([0.0, 0.3, 0.5, 0.9, 1.0]), knots=_clamped([0.25, 0.5], 0), degree=0)


@bspline_basis.inputs("a double knot", points=2, hidden=True)
def _(key):
    return dict(x=jnp.array([0.2, 0.5, 0.6, 1.0]), knots=_clamped([0.5, 0.5, 0.75], 3), degree=3)


@bspline_basis.mistake(
    "Your functions all vanish at the right end: close the last interval there to include its end point."
)
def _(x, knots, degree):
    points = x[:, None]
    inside = (knots[:-1] <= points) & (points < knots[1:])
    return _raise_degree(x, knots, inside.astype(x.dtype), degree)


@bspline_basis.mistake(
    "Your intervals are closed on both sides, so a point on a knot counts twice: leave the right end open."
)
def _(x, knots, degree):
    points = x[:, None]
    inside = (knots[:-1] <= points) & (points <= knots[1:]) & (knots[:-1] < knots[1:])
    return _raise_degree(x, knots, inside.astype(x.dtype), degree)


@bspline_basis.mistake("Repeated knots give 0/0 = NaN in your recursion: such a term counts as zero.")
def _(x, knots, degree):
    return _raise_degree(x, knots, bspline_basis(x, knots, 0), degree, ratio=jnp.divide)


@bspline_basis.mistake("Your recursion is one degree short: q runs from 1 up to and including the degree.")
def _(x, knots, degree):
    return bspline_basis(x, knots, max(degree - 1, 0))


@bspline_basis.mistake("Your right-hand term rises like the left one: it should fall, (t[j+q+1] - x) over its width.")
def _(x, knots, degree):
    basis = bspline_basis(x, knots, 0)
    for q in range(1, degree + 1):
        left = _ratio(x[:, None] - knots[: -q - 1], knots[q:-1] - knots[: -q - 1])
        right = _ratio(x[:, None] - knots[1:-q], knots[q + 1 :] - knots[1:-q])
        basis = left * basis[:, :-1] + right * basis[:, 1:]
    return basis


@bspline_basis.mistake("Your widths always span one interval: a function of degree q divides by t[j+q] - t[j].")
def _(x, knots, degree):
    basis = bspline_basis(x, knots, 0)
    for q in range(1, degree + 1):
        left = _ratio(x[:, None] - knots[: -q - 1], knots[1:-q] - knots[: -q - 1])
        right = _ratio(knots[q + 1 :] - x[:, None], knots[q + 1 :] - knots[q:-1])
        basis = left * basis[:, :-1] + right * basis[:, 1:]
    return basis


@bspline_basis.mistake("Your matrix is transposed: points belong to rows and basis functions to columns.")
def _(x, knots, degree):
    return bspline_basis(x, knots, degree).T


@bspline_basis.mistake(
    "Your functions all vanish at the left end: an interval contains its left knot, t[j] <= x < t[j+1]."
)
def _(x, knots, degree):
    points = x[:, None]
    inside = (knots[:-1] < points) & (points <= knots[1:])
    return _raise_degree(x, knots, inside.astype(x.dtype), degree)


@bspline_basis.mistake(
    "Your falling term is missing or always 0: each degree adds (t[j+q+1] - x) / (t[j+q+1] - t[j+1]) B[j+1, q-1]."
)
def _(x, knots, degree):
    basis = bspline_basis(x, knots, 0)
    for q in range(1, degree + 1):
        basis = _ratio(x[:, None] - knots[: -q - 1], knots[q:-1] - knots[: -q - 1]) * basis[:, :-1]
    return basis


@bspline_basis.mistake("You exchanged the neighbors: B[j, q-1] rises and B[j+1, q-1] falls.")
def _(x, knots, degree):
    basis = bspline_basis(x, knots, 0) * (knots[:-1] < knots[1:])
    for q in range(1, degree + 1):
        rising = _ratio(x[:, None] - knots[: -q - 1], knots[q:-1] - knots[: -q - 1])
        falling = _ratio(knots[q + 1 :] - x[:, None], knots[q + 1 :] - knots[1:-q])
        basis = rising * basis[:, 1:] + falling * basis[:, :-1]
    return basis


@bspline_basis.mistake(
    "At the last knot all your intervals hold 1: only the last interval that is not empty is closed there."
)
def _(x, knots, degree):
    points = x[:, None]
    inside = (knots[:-1] <= points) & (points < knots[1:])
    return _raise_degree(x, knots, (inside | (points == knots[-1])).astype(x.dtype), degree)


@bspline_basis.mistake("Your recursion is one degree too long: q runs from 1 up to and including the degree.")
def _(x, knots, degree):
    return bspline_basis(x, knots, degree + 1)


@bspline_basis.mistake(
    "Your falling term is 1 minus the rising one: it belongs to the next function, with knots of its own."
)
def _(x, knots, degree):
    basis = bspline_basis(x, knots, 0)
    for q in range(1, degree + 1):
        left = knots[: -q - 1]
        rising = _ratio(x[:, None] - left, knots[q:-1] - left)
        basis = rising * basis[:, :-1] + (1 - rising) * basis[:, 1:]
    return basis


@bspline_basis.mistake("Your falling term has the wrong sign: it is (t[j+q+1] - x) over its width, which is positive.")
def _(x, knots, degree):
    basis = bspline_basis(x, knots, 0)
    for q in range(1, degree + 1):
        left, right = knots[: -q - 1], knots[q + 1 :]
        rising = _ratio(x[:, None] - left, knots[q:-1] - left)
        falling = _ratio(x[:, None] - right, right - knots[1:-q])
        basis = rising * basis[:, :-1] + falling * basis[:, 1:]
    return basis


@bspline_basis.mistake("You divided the falling term by the width of the rising one: its own is t[j+q+1] - t[j+1].")
def _(x, knots, degree):
    basis = bspline_basis(x, knots, 0)
    for q in range(1, degree + 1):
        left, right = knots[: -q - 1], knots[q + 1 :]
        width = knots[q:-1] - left
        rising, falling = _ratio(x[:, None] - left, width), _ratio(right - x[:, None], width)
        basis = rising * basis[:, :-1] + falling * basis[:, 1:]
    return basis


# ---------------------------------------------------------------- 3.8


def _interpolate(function, nodes, grid):
    same = jnp.eye(len(nodes), dtype=bool)
    above = grid[:, None, None] - nodes  # of point i, for function j, factor k
    below = nodes[:, None] - nodes
    cardinal = jnp.prod(jnp.where(same, 1.0, above / below), axis=2)
    return cardinal @ function(nodes)


def _runge(x):
    return 1 / (1 + 25 * x**2)


@exercise(
    points=7,
    hints=(
        "Three parts: Runge's function, the polynomial through its values at the nodes, and the largest gap.",
        "The lesson's section \"Runge: more points, worse curve\" has the formula: Lagrange's function j is 1 at node "
        "j and 0 at all others. Multiply (x - x_k) / (x_j - x_k) over all k except j, where the factor is 1.",
        "Put the factors into an array over grid, j and k, replace those with j equal to k by 1 with "
        "`jnp.where` and `jnp.eye`, and use `jnp.prod` over the last axis. Then `jnp.max(jnp.abs(...))`.",
    ),
    why="More data and a higher degree can make a fit worse: what matters is where the points lie.",
    rtol=2e-3,
    atol=1e-5,
)
def runge_error(nodes: Float[Array, " m"], grid: Float[Array, " n"]) -> Float[Array, ""]:
    """Error of interpolating Runge's function."""
    return jnp.max(jnp.abs(_runge(grid) - _interpolate(_runge, nodes, grid)))


def _grid():
    return (jnp.arange(200) + 0.5) / 100 - 1


def _chebyshev(n):
    return jnp.cos((2 * jnp.arange(n) + 1) * jnp.pi / (2 * n))


@runge_error.inputs("eleven equispaced nodes", points=2)
def _(key):
    return dict(nodes=jnp.linspace(-1.0, 1.0, 11), grid=_grid())


@runge_error.inputs("four nodes, neither sorted nor symmetric", points=1)
def _(key):
    return dict(nodes=jnp.array([0.75, -1.0, -0.25, 0.5]), grid=jnp.array([-0.875, -0.5, 0.0, 0.25, 1.0]))


@runge_error.inputs("the grid meets the nodes", points=1, hidden=True)
def _(key):
    return dict(nodes=jnp.array([-1.0, -0.5, 0.0, 0.5, 1.0]), grid=jnp.arange(-8, 9) / 8)


@runge_error.inputs("one node", points=1, hidden=True)
def _(key):
    return dict(nodes=jnp.array([0.25]), grid=_grid())


@runge_error.inputs("25 Chebyshev nodes, where a system of equations is too inaccurate", points=1, hidden=True)
def _(key):
    return dict(nodes=_chebyshev(25), grid=_grid())


@runge_error.mistake(
    "You took the largest f - p with its sign: take the absolute value first, as overshoots count, too."
)
def _(nodes, grid):
    return jnp.max(_runge(grid) - _interpolate(_runge, nodes, grid))


@runge_error.mistake("You took the largest p - f with its sign: take the absolute value first, of every difference.")
def _(nodes, grid):
    return jnp.max(_interpolate(_runge, nodes, grid) - _runge(grid))


@runge_error.mistake(
    "You averaged the error: the question is how bad the worst point of the grid is, so take the maximum."
)
def _(nodes, grid):
    return jnp.mean(jnp.abs(_runge(grid) - _interpolate(_runge, nodes, grid)))


@runge_error.mistake(
    "You took the root mean square error: the question is how bad the worst point is, so take the maximum."
)
def _(nodes, grid):
    return jnp.sqrt(jnp.mean((_runge(grid) - _interpolate(_runge, nodes, grid)) ** 2))


@runge_error.mistake("Your function is 1 / (1 + x^2): Runge's has the factor 25 before x^2.")
def _(nodes, grid):
    def wide(x):
        return 1 / (1 + x**2)

    return jnp.max(jnp.abs(wide(grid) - _interpolate(wide, nodes, grid)))


@runge_error.mistake(
    "Your error is zero, and no polynomial through these nodes is that good: take f - p on the grid, not at the nodes, "
    "and give p the heights f(x_j) of Runge's function, 1 / (1 + 25 x^2)."
)
def _(nodes, grid):
    return jnp.max(jnp.abs(_runge(nodes) - _interpolate(_runge, nodes, nodes)))


@runge_error.mistake(
    "You drew straight lines between the nodes: use the one polynomial that passes through all of them."
)
def _(nodes, grid):
    order = jnp.argsort(nodes)
    return jnp.max(jnp.abs(_runge(grid) - jnp.interp(grid, nodes[order], _runge(nodes)[order])))


@runge_error.mistake("You returned the error at every point of the grid: return the largest one, a single number.")
def _(nodes, grid):
    return jnp.abs(_runge(grid) - _interpolate(_runge, nodes, grid))


@runge_error.mistake(
    "Your formula divides by x - x_j, which gives NaN where the grid meets a node: multiply Lagrange's factors."
)
def _(nodes, grid):
    below = nodes[:, None] - nodes + jnp.eye(len(nodes))
    share = 1 / jnp.prod(below, axis=1) / (grid[:, None] - nodes)
    return jnp.max(jnp.abs(_runge(grid) - share @ _runge(nodes) / jnp.sum(share, axis=1)))


@runge_error.mistake("You returned the largest value of the polynomial: subtract it from f, and take the largest gap.")
def _(nodes, grid):
    return jnp.max(jnp.abs(_interpolate(_runge, nodes, grid)))


@runge_error.mistake("You added up the errors: the question is how bad the worst point is, so take the maximum.")
def _(nodes, grid):
    return jnp.sum(jnp.abs(_runge(grid) - _interpolate(_runge, nodes, grid)))


@runge_error.mistake("Your error is NaN: if your product includes k = j, that factor divides by 0, so leave it out.")
def _(nodes, grid):
    above, below = grid[:, None, None] - nodes, nodes[:, None] - nodes
    return jnp.max(jnp.abs(_runge(grid) - jnp.prod(above / below, axis=2) @ _runge(nodes)))


@runge_error.mistake(
    "Your error is the largest value of f, as if p were 0: if you set the factor with k = j to 0, set it to 1."
)
def _(nodes, grid):
    return jnp.max(_runge(grid))


@runge_error.mistake("You added the factors: multiply them over k, and then add up f(x_j) times the products.")
def _(nodes, grid):
    above, below = grid[:, None, None] - nodes, nodes[:, None] - nodes
    same = jnp.eye(len(nodes), dtype=bool)
    share = jnp.sum(jnp.where(same, 0.0, above / below), axis=2)
    return jnp.max(jnp.abs(_runge(grid) - share @ _runge(nodes)))


@runge_error.mistake("Your denominators have the wrong sign: they are x_j - x_k, with the numerator x - x_k.")
def _(nodes, grid):
    sign = (-1.0) ** (len(nodes) - 1)
    return jnp.max(jnp.abs(_runge(grid) - sign * _interpolate(_runge, nodes, grid)))


@runge_error.mistake("You squared the 25 as well: Runge's function is 1 / (1 + 25 x^2), and only x is squared.")
def _(nodes, grid):
    def narrow(x):
        return 1 / (1 + (25 * x) ** 2)

    return jnp.max(jnp.abs(narrow(grid) - _interpolate(narrow, nodes, grid)))


@runge_error.mistake("You divided the errors by f: the question is the absolute error, not the relative one.")
def _(nodes, grid):
    relative = (_runge(grid) - _interpolate(_runge, nodes, grid)) / _runge(grid)
    return jnp.max(jnp.abs(relative))
