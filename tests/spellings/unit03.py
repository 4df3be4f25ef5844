"""Known mistakes of sheet 3, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "design_matrix": {
        "Your columns start at x to the power 1": [
            "def design_matrix(x, degree): return np.stack([np.asarray(x) ** j for j in range(1, degree + 1)], axis=1)",
            """
def design_matrix(x, degree):
    columns = []
    for j in range(degree):
        columns.append(x ** (j + 1))
    return jnp.array(columns).reshape(degree, len(x)).T
""",
        ],
        "Your last column is missing": [
            "def design_matrix(x, degree): return np.vander(np.asarray(x), degree, increasing=True)",
            "def design_matrix(x, degree): return jnp.stack([x**j for j in range(degree)], axis=1)",
        ],
        "Your powers decrease": [
            "def design_matrix(x, degree): return np.vander(np.asarray(x), degree + 1)",
            "def design_matrix(x, degree): return jnp.stack([x ** (degree - j) for j in range(degree + 1)], axis=1)",
        ],
        "Your matrix is transposed": [
            "def design_matrix(x, degree): return np.vander(np.asarray(x), degree + 1, increasing=True).T",
            "def design_matrix(x, degree): return jnp.stack([x**j for j in range(degree + 1)])",
        ],
        "You multiplied x by the exponent": [
            "def design_matrix(x, degree): return np.outer(x, np.arange(degree + 1))",
            "def design_matrix(x, degree): return [[one * j for j in range(degree + 1)] for one in x]",
        ],
        "You have one column too many": [
            """
def design_matrix(x, degree):
    return np.vander(np.asarray(x), degree + 2, increasing=True)
""",
            """
def design_matrix(x, degree):
    return jnp.stack([x**j for j in range(degree + 2)], axis=1)
""",
        ],
        "You have as many columns as points": [
            """
def design_matrix(x, degree):
    return np.vander(np.asarray(x))
""",
            """
def design_matrix(x, degree):
    return jnp.stack([x**j for j in reversed(range(len(x)))], axis=1)
""",
        ],
        "You raised the exponent": [
            """
def design_matrix(x, degree):
    return np.power(np.arange(degree + 1.0), np.asarray(x)[:, None])
""",
            """
def design_matrix(x, degree):
    return jnp.stack([float(j) ** x for j in range(degree + 1)], axis=1)
""",
        ],
        "You took the logarithm of x": [
            """
def design_matrix(x, degree):
    return np.exp(np.log(np.asarray(x))[:, None] * np.arange(degree + 1))
""",
            """
def design_matrix(x, degree):
    return jnp.stack([jnp.exp(j * jnp.log(x)) for j in range(degree + 1)], axis=1)
""",
        ],
    },
    "ols": {
        "You returned X^T y": [
            "def ols(design, y): return np.dot(np.asarray(design).T, y)",
            "def ols(design, y): return jnp.stack([jnp.sum(column * y) for column in design.T])",
        ],
        "You returned the predictions": [
            """
def ols(design, y):
    x, y = np.asarray(design), np.asarray(y)
    return x @ np.linalg.lstsq(x, y, rcond=None)[0]
""",
            "def ols(design, y): return design @ jnp.linalg.solve(design.T @ design, design.T @ y)",
        ],
        "You returned everything that `lstsq` gives": [
            "def ols(design, y): return tuple(jnp.linalg.lstsq(design, y))",
            """
def ols(design, y):
    solution, residuals, rank, s = jnp.linalg.lstsq(design, y)
    return [solution, residuals, rank, s]
""",
        ],
        "You added 1 to the diagonal": [
            """
def ols(design, y):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.inv(x.T @ x + np.identity(x.shape[1])) @ x.T @ y
""",
            """
def ols(design, y):
    m = design.shape[1]
    taller = jnp.concatenate([design, jnp.eye(m)])
    return jnp.linalg.lstsq(taller, jnp.concatenate([y, jnp.zeros(m)]))[0]
""",
        ],
        "You multiplied X^T y by X^T X": [
            """
def ols(design, y):
    return np.asarray(design).T @ np.asarray(design) @ np.asarray(design).T @ np.asarray(y)
""",
            """
def ols(design, y):
    gram, right = design.T @ design, design.T @ y
    return jnp.stack([sum(row[j] * right[j] for j in range(len(right))) for row in gram])
""",
        ],
        "You fitted each column separately": [
            """
def ols(design, y):
    x, y = np.asarray(design), np.asarray(y)
    return y @ x / np.einsum("ij,ij->j", x, x)
""",
            "def ols(design, y): return [jnp.dot(column, y) / jnp.dot(column, column) for column in design.T]",
        ],
        "You added a column of ones": [
            """
def ols(design, y):
    x = np.column_stack([np.ones(len(y)), np.asarray(design)])
    return np.linalg.pinv(x) @ np.asarray(y)
""",
            """
def ols(design, y):
    x = jnp.insert(design, 0, 1.0, axis=1)
    q, r = jnp.linalg.qr(x)
    return jnp.linalg.solve(r, q.T @ y)
""",
        ],
        "You divided the weights by n": [
            """
def ols(design, y):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x, x.T @ y / len(y))
""",
            "def ols(design, y): return jnp.linalg.inv(design.T @ design) @ design.T @ y / design.shape[0]",
        ],
        "You fitted an intercept": [
            """
def ols(design, y):
    ones = np.ones((len(y), 1))
    return np.linalg.lstsq(np.concatenate([ones, np.asarray(design)], axis=1), np.asarray(y), rcond=None)[0][1:]
""",
            """
def ols(design, y):
    centered = design - jnp.mean(design, axis=0)
    return jnp.linalg.solve(centered.T @ centered, centered.T @ (y - jnp.mean(y)))
""",
        ],
        "You returned the residuals": [
            """
def ols(design, y):
    x, y = np.asarray(design), np.asarray(y)
    return y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
""",
            """
def ols(design, y):
    w = jnp.linalg.solve(design.T @ design, design.T @ y)
    return jnp.stack([a - row @ w for row, a in zip(design, y)])
""",
        ],
        "You returned the sum of squared residuals": [
            """
def ols(design, y):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.lstsq(x, y, rcond=None)[1]
""",
            """
def ols(design, y):
    w = jnp.linalg.solve(design.T @ design, design.T @ y)
    return sum((a - row @ w) ** 2 for row, a in zip(design, y))
""",
        ],
    },
    "mse_gradient": {
        "Your gradient is half": [
            """
def mse_gradient(weights, design, y):
    x = np.asarray(design)
    return np.dot(x.T, np.dot(x, weights) - np.asarray(y)) / len(x)
""",
            "def mse_gradient(w, design, y): return jax.grad(lambda v: jnp.mean((design @ v - y) ** 2) / 2)(w)",
        ],
        "You summed over the points: the loss": [
            """
def mse_gradient(weights, design, y):
    x = np.asarray(design)
    return 2 * np.dot(np.dot(x, weights) - np.asarray(y), x)
""",
            "def mse_gradient(w, design, y): return jax.grad(lambda v: jnp.sum((design @ v - y) ** 2))(w)",
        ],
        "Your gradient has the wrong sign and points": [
            """
def mse_gradient(weights, design, y):
    x, y = np.asarray(design), np.asarray(y)
    return 2 * np.dot(x.T, y - x @ np.asarray(weights)) / len(y)
""",
            """
def mse_gradient(weights, design, y):
    total = 0.0
    for row, target in zip(design, y):
        total += 2 * (target - jnp.dot(row, weights)) * row
    return total / len(y)
""",
        ],
        "You divided by the number of weights": [
            """
def mse_gradient(weights, design, y):
    x, y = np.asarray(design), np.asarray(y)
    return 2 * np.dot(x.T, x @ np.asarray(weights) - y) / x.shape[1]
""",
            """
def mse_gradient(weights, design, y):
    total = 0.0
    for row, target in zip(design, y):
        total += 2 * (jnp.dot(row, weights) - target) * row
    return total / weights.size
""",
        ],
        "Your sum lacks the factor 2": [
            """
def mse_gradient(weights, design, y):
    x = np.asarray(design)
    return np.dot(x.T, np.dot(x, weights) - np.asarray(y))
""",
            """
def mse_gradient(weights, design, y):
    total = 0.0
    for row, target in zip(design, y):
        total += (jnp.dot(row, weights) - target) * row
    return total
""",
        ],
        "You averaged over the weights as well": [
            """
def mse_gradient(weights, design, y):
    x, y = np.asarray(design), np.asarray(y)
    return np.mean(2 * (x @ np.asarray(weights) - y)[:, np.newaxis] * x)
""",
            """
def mse_gradient(weights, design, y):
    return (2 / len(y) * design.T @ (design @ weights - y)).mean()
""",
        ],
        "You returned the loss itself": [
            "def mse_gradient(weights, design, y): return np.mean(np.square(np.dot(design, weights) - np.asarray(y)))",
            """
def mse_gradient(weights, design, y):
    return sum((jnp.dot(row, weights) - target) ** 2 for row, target in zip(design, y)) / len(y)
""",
        ],
        "Your gradient has the wrong sign and lacks": [
            """
def mse_gradient(weights, design, y):
    x, y = np.asarray(design), np.asarray(y)
    return -np.dot(x.T, x @ np.asarray(weights) - y) / len(y)
""",
            """
def mse_gradient(weights, design, y):
    total = 0.0
    for row, target in zip(design, y):
        total += (target - jnp.dot(row, weights)) * row
    return total / len(y)
""",
        ],
        "You summed over the points with the wrong": [
            """
def mse_gradient(weights, design, y):
    x, y = np.asarray(design), np.asarray(y)
    return -2 * np.dot(x.T, x @ np.asarray(weights) - y)
""",
            """
def mse_gradient(weights, design, y):
    total = 0.0
    for row, target in zip(design, y):
        total += 2 * (target - jnp.dot(row, weights)) * row
    return total
""",
        ],
        "You returned one row per point": [
            """
def mse_gradient(weights, design, y):
    x, y = np.asarray(design), np.asarray(y)
    return np.diag(2 * (x @ np.asarray(weights) - y) / len(y)) @ x
""",
            """
def mse_gradient(weights, design, y):
    return [2 * (jnp.dot(row, weights) - target) * row / len(y) for row, target in zip(design, y)]
""",
        ],
        "You squared the residual": [
            """
def mse_gradient(weights, design, y):
    x, y = np.asarray(design), np.asarray(y)
    return 2 * np.dot(x.T, np.square(x @ np.asarray(weights) - y)) / len(y)
""",
            """
def mse_gradient(weights, design, y):
    total = 0.0
    for row, target in zip(design, y):
        total += 2 * (jnp.dot(row, weights) - target) ** 2 * row
    return total / len(y)
""",
        ],
        "You differentiated with respect to the design": [
            """
def mse_gradient(weights, design, y):
    return jax.grad(lambda w, x, t: jnp.mean((x @ w - t) ** 2), argnums=1)(weights, design, y)
""",
            """
def mse_gradient(weights, design, y):
    x, w = np.asarray(design), np.asarray(weights)
    return 2 / len(x) * np.outer(x @ w - np.asarray(y), w)
""",
        ],
        "You differentiated with respect to y": [
            """
def mse_gradient(weights, design, y):
    return jax.grad(lambda w, x, t: jnp.mean((x @ w - t) ** 2), argnums=2)(weights, design, y)
""",
            """
def mse_gradient(weights, design, y):
    return -2 * (np.asarray(design) @ np.asarray(weights) - np.asarray(y)) / len(y)
""",
        ],
        "You left out X^T: multiply": [
            """
def mse_gradient(weights, design, y):
    return 2 / len(y) * (np.asarray(design) @ np.asarray(weights) - np.asarray(y))
""",
            """
def mse_gradient(weights, design, y):
    return jnp.stack([2 * (row @ weights - t) / len(y) for row, t in zip(design, y)])
""",
        ],
        "You returned the residuals": [
            """
def mse_gradient(weights, design, y):
    return np.asarray(design) @ np.asarray(weights) - np.asarray(y)
""",
            """
def mse_gradient(weights, design, y):
    return jnp.stack([row @ weights - t for row, t in zip(design, y)])
""",
        ],
        "You returned the loss as well": [
            """
def mse_gradient(weights, design, y):
    return jax.value_and_grad(lambda w: jnp.mean((design @ w - y) ** 2))(weights)
""",
            """
def mse_gradient(weights, design, y):
    r = np.asarray(design) @ np.asarray(weights) - np.asarray(y)
    return np.mean(r**2), 2 * np.asarray(design).T @ r / len(r)
""",
        ],
        "You took the root": [
            """
def mse_gradient(weights, design, y):
    return jax.grad(lambda w: jnp.sqrt(jnp.mean((design @ w - y) ** 2)))(weights)
""",
            """
def mse_gradient(weights, design, y):
    x = np.asarray(design)
    r = x @ np.asarray(weights) - np.asarray(y)
    return x.T @ r / np.sqrt(len(r) * np.sum(r**2))
""",
        ],
        "You averaged residuals and columns": [
            """
def mse_gradient(weights, design, y):
    x = np.asarray(design)
    return 2 * np.mean(x @ np.asarray(weights) - np.asarray(y)) * x.mean(axis=0)
""",
            """
def mse_gradient(weights, design, y):
    mean = sum(row @ weights - t for row, t in zip(design, y)) / len(y)
    return 2 * mean * sum(row for row in design) / len(y)
""",
        ],
    },
    "gd_step": {
        "You walked uphill": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w + learning_rate * 2 / len(x) * x.T @ (x @ w - np.asarray(y))
""",
            """
def gd_step(w, design, y, learning_rate):
    return w - learning_rate * 2 / len(y) * design.T @ (y - design @ w)
""",
        ],
        "You returned only the step: the": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return 2 * learning_rate * np.mean((x @ w - np.asarray(y))[:, None] * x, axis=0)
""",
            """
def gd_step(w, design, y, learning_rate):
    return learning_rate * jax.grad(lambda v: jnp.mean((design @ v - y) ** 2))(w)
""",
        ],
        "You returned only the step, with": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return 2 * learning_rate * np.mean((np.asarray(y) - x @ w)[:, None] * x, axis=0)
""",
            """
def gd_step(w, design, y, learning_rate):
    return -learning_rate * jax.grad(lambda v: jnp.mean((design @ v - y) ** 2))(w)
""",
        ],
        "Your step ignores the learning rate": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - 2 / len(x) * x.T @ (x @ w - np.asarray(y))
""",
            """
def gd_step(w, design, y, learning_rate):
    return w - jax.grad(lambda v: jnp.mean((design @ v - y) ** 2))(w)
""",
        ],
        "Your step is half as long": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - learning_rate * x.T @ (x @ w - np.asarray(y)) / len(x)
""",
            """
def gd_step(w, design, y, learning_rate):
    for_all = sum((jnp.dot(row, w) - target) * row for row, target in zip(design, y))
    return w - learning_rate / len(y) * for_all
""",
        ],
        "Your step is n times too long": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - 2 * learning_rate * x.T @ (x @ w - np.asarray(y))
""",
            """
def gd_step(w, design, y, learning_rate):
    return w - learning_rate * jax.grad(lambda v: jnp.sum((design @ v - y) ** 2))(w)
""",
        ],
        "Your step has n/2 times its length": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - learning_rate * x.T @ (x @ w - np.asarray(y))
""",
            """
def gd_step(w, design, y, learning_rate):
    return w - learning_rate * sum((jnp.dot(row, w) - target) * row for row, target in zip(design, y))
""",
        ],
        "You multiplied the weights by": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return learning_rate * (w - 2 / len(x) * x.T @ (x @ w - np.asarray(y)))
""",
            """
def gd_step(w, design, y, learning_rate):
    gradient = jax.grad(lambda v: jnp.mean((design @ v - y) ** 2))(w)
    return jnp.stack([learning_rate * (w[j] - gradient[j]) for j in range(len(w))])
""",
        ],
        "You scaled the gradient to length 1": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    gradient = 2 / len(x) * x.T @ (x @ w - np.asarray(y))
    return w - learning_rate * gradient / np.linalg.norm(gradient)
""",
            """
def gd_step(w, design, y, learning_rate):
    gradient = sum((jnp.dot(row, w) - target) * row for row, target in zip(design, y))
    return w - learning_rate * gradient / jnp.sqrt(sum(gradient**2))
""",
        ],
        "You divided the gradient by": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - 2 / len(x) * x.T @ (x @ w - np.asarray(y)) / learning_rate
""",
            """
def gd_step(w, design, y, learning_rate):
    gradient = jax.grad(lambda v: jnp.mean((design @ v - y) ** 2))(w)
    return w - gradient / learning_rate
""",
        ],
        "Your step goes uphill, and half": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - learning_rate * x.T @ (np.asarray(y) - x @ w) / len(x)
""",
            """
def gd_step(weights, design, y, learning_rate):
    return weights + learning_rate * sum(row * (row @ weights - t) for row, t in zip(design, y)) / len(y)
""",
        ],
        "Your step goes uphill, n times": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w + 2 * learning_rate * x.T @ (x @ w - np.asarray(y))
""",
            """
def gd_step(weights, design, y, learning_rate):
    return weights - 2 * learning_rate * sum(row * (t - row @ weights) for row, t in zip(design, y))
""",
        ],
        "You returned the gradient": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return 2 / len(x) * x.T @ (x @ w - np.asarray(y))
""",
            """
def gd_step(weights, design, y, learning_rate):
    return jax.grad(lambda w: jnp.mean((design @ w - y) ** 2))(weights)
""",
        ],
        "You subtracted the loss": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - learning_rate * np.mean((x @ w - np.asarray(y)) ** 2)
""",
            """
def gd_step(weights, design, y, learning_rate):
    return weights - learning_rate * sum((row @ weights - t) ** 2 for row, t in zip(design, y)) / len(y)
""",
        ],
        "Your step has the number of weights": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - 2 * learning_rate * x.T @ (x @ w - np.asarray(y)) / len(w)
""",
            """
def gd_step(weights, design, y, learning_rate):
    return weights - learning_rate * 2 * sum(row * (row @ weights - t) for row, t in zip(design, y)) / len(weights)
""",
        ],
        "Your step is twice as long": [
            """
def gd_step(weights, design, y, learning_rate):
    x, w = np.asarray(design), np.asarray(weights)
    return w - 4 * learning_rate * x.T @ (x @ w - np.asarray(y)) / len(x)
""",
            """
def gd_step(weights, design, y, learning_rate):
    return weights - learning_rate * 2 * jax.grad(lambda w: jnp.mean((design @ w - y) ** 2))(weights)
""",
        ],
        "You took two steps": [
            """
def gd_step(weights, design, y, learning_rate):
    w = weights
    for _ in range(2):
        w = w - learning_rate * mse_gradient(w, design, y)
    return w
""",
            """
def gd_step(weights, design, y, learning_rate):
    x, w, t = np.asarray(design), np.asarray(weights), np.asarray(y)
    new = w - 2 * learning_rate / len(x) * x.T @ (x @ w - t)
    return new - 2 * learning_rate / len(x) * x.T @ (x @ new - t)
""",
        ],
    },
    "gradient_descent": {
        "Your path lacks the start": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, w, path = np.asarray(design), np.asarray(weights), []
    for _ in range(n_steps):
        w = w - learning_rate * 2 / len(x) * x.T @ (x @ w - np.asarray(y))
        path.append(w)
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = []
    for _ in range(n_steps):
        weights = gd_step(weights, design, y, learning_rate)
        path.append(weights)
    return jnp.stack(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    def step(w, _):
        w = gd_step(w, design, y, learning_rate)
        return w, w
    return jax.lax.scan(step, weights, length=n_steps)[1]
""",
        ],
        "Your path stops one step early": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, path = np.asarray(design), [np.asarray(weights)]
    for _ in range(1, n_steps):
        path.append(path[-1] - learning_rate * 2 / len(x) * x.T @ (x @ path[-1] - np.asarray(y)))
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    def step(w, _):
        return gd_step(w, design, y, learning_rate), w
    return jax.lax.scan(step, weights, length=n_steps)[1]
""",
        ],
        "You returned only the last weights": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, w = np.asarray(design), np.asarray(weights)
    for _ in range(n_steps):
        w = w - learning_rate * 2 / len(x) * x.T @ (x @ w - np.asarray(y))
    return w
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    return jax.lax.fori_loop(0, n_steps, lambda _, w: gd_step(w, design, y, learning_rate), weights)
""",
        ],
        "All your steps leave from the start": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [np.asarray(weights)]
    for _ in range(n_steps):
        path.append(np.asarray(gd_step(weights, design, y, learning_rate)))
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = jnp.zeros((n_steps + 1, len(weights))).at[0].set(weights)
    for t in range(n_steps):
        path = path.at[t + 1].set(gd_step(weights, design, y, learning_rate))
    return path
""",
        ],
        "You computed the gradient once": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, path = np.asarray(design), [np.asarray(weights)]
    gradient = 2 / len(x) * x.T @ (x @ path[0] - np.asarray(y))
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate * gradient)
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    step = learning_rate * mse_gradient(weights, design, y)
    return weights - jnp.arange(n_steps + 1)[:, None] * step
""",
        ],
        "Your path climbs": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, path = np.asarray(design), [np.asarray(weights)]
    for _ in range(n_steps):
        path.append(path[-1] + learning_rate * 2 / len(x) * x.T @ (x @ path[-1] - np.asarray(y)))
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        path.append(path[-1] + learning_rate * mse_gradient(path[-1], design, y))
    return jnp.stack(path)
""",
        ],
        "Your steps are half as long": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, path = np.asarray(design), [np.asarray(weights)]
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate / len(x) * x.T @ (x @ path[-1] - np.asarray(y)))
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate * jnp.mean((design @ path[-1] - y)[:, None] * design, axis=0))
    return jnp.stack(path)
""",
        ],
        "Your path is one step too long": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, path = np.asarray(design), [np.asarray(weights)]
    for _ in range(n_steps + 1):
        path.append(path[-1] - learning_rate * 2 / len(x) * x.T @ (x @ path[-1] - np.asarray(y)))
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    while len(path) <= n_steps + 1:
        path.append(gd_step(path[-1], design, y, learning_rate))
    return path
""",
        ],
        "Your path is transposed": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, path = np.asarray(design), [np.asarray(weights)]
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate * 2 / len(x) * x.T @ (x @ path[-1] - np.asarray(y)))
    return np.column_stack(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        path.append(gd_step(path[-1], design, y, learning_rate))
    return jnp.stack(path, axis=1)
""",
        ],
        "Your steps are n times too long": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, path = np.asarray(design), [np.asarray(weights)]
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate * 2 * x.T @ (x @ path[-1] - np.asarray(y)))
    return np.array(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate * jax.grad(lambda w: jnp.sum((design @ w - y) ** 2))(path[-1]))
    return jnp.stack(path)
""",
        ],
        "You start at zero": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, t, w = np.asarray(design), np.asarray(y), np.zeros(len(weights))
    path = [w]
    for _ in range(n_steps):
        w = w - learning_rate * 2 / len(t) * x.T @ (x @ w - t)
        path.append(w)
    return np.stack(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [0 * weights]
    for _ in range(n_steps):
        path.append(gd_step(path[-1], design, y, learning_rate))
    return jnp.stack(path)
""",
        ],
        "Your path begins after": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, t, w = np.asarray(design), np.asarray(y), np.asarray(weights)
    path = [w]
    for _ in range(n_steps + 1):
        w = w - learning_rate * 2 / len(t) * x.T @ (x @ w - t)
        path.append(w)
    return np.stack(path[1:])
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = []
    for _ in range(n_steps + 1):
        weights = gd_step(weights, design, y, learning_rate)
        path.append(weights)
    return jnp.stack(path)
""",
        ],
        "Your path holds the start twice": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, t, w = np.asarray(design), np.asarray(y), np.asarray(weights)
    path = [w]
    for _ in range(n_steps):
        path.append(w)
        w = w - learning_rate * 2 / len(t) * x.T @ (x @ w - t)
    return np.stack(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        path.append(weights)
        weights = gd_step(weights, design, y, learning_rate)
    return jnp.stack(path)
""",
        ],
        "Your steps ignore the learning rate": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, t, w = np.asarray(design), np.asarray(y), np.asarray(weights)
    path = [w]
    for _ in range(n_steps):
        w = w - 2 / len(t) * x.T @ (x @ w - t)
        path.append(w)
    return np.stack(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        path.append(path[-1] - mse_gradient(path[-1], design, y))
    return jnp.stack(path)
""",
        ],
        "Your steps have n/2 times": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, t, w = np.asarray(design), np.asarray(y), np.asarray(weights)
    path = [w]
    for _ in range(n_steps):
        w = w - learning_rate * x.T @ (x @ w - t)
        path.append(w)
    return np.stack(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        residual = design @ path[-1] - y
        path.append(path[-1] - learning_rate * design.T @ residual)
    return jnp.stack(path)
""",
        ],
        "You joined the weights": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    x, t, w = np.asarray(design), np.asarray(y), np.asarray(weights)
    path = [w]
    for _ in range(n_steps):
        w = w - learning_rate * 2 / len(t) * x.T @ (x @ w - t)
        path.append(w)
    return np.concatenate(path)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    path = [weights]
    for _ in range(n_steps):
        path.append(gd_step(path[-1], design, y, learning_rate))
    return jnp.concatenate(path)
""",
        ],
        "You returned both outputs": [
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    def step(now, _):
        new = gd_step(now, design, y, learning_rate)
        return new, new

    return jax.lax.scan(step, weights, length=n_steps)
""",
            """
def gradient_descent(weights, design, y, learning_rate, n_steps):
    def step(now, _):
        new = now - learning_rate * mse_gradient(now, design, y)
        return new, new

    return jax.lax.scan(step, weights, None, n_steps)
""",
        ],
    },
    "largest_stable_step": {
        "Your step is half of the largest": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 1 / np.linalg.eigvalsh(2 / len(x) * x.T @ x).max()
""",
            "def largest_stable_step(design): return len(design) / (2 * jnp.linalg.norm(design, 2) ** 2)",
        ],
        "Your step is twice as long": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.linalg.eigvalsh(x.T @ x / len(x)).max()
""",
            "def largest_stable_step(design): return 2 * len(design) / jnp.linalg.norm(design, 2) ** 2",
        ],
        "Your step is n times too short": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.linalg.eigvalsh(2 * x.T @ x).max()
""",
            "def largest_stable_step(design): return 1 / max(jnp.linalg.eigvalsh(design.T @ design))",
        ],
        "You used X^T X alone": [
            "def largest_stable_step(design): return 2 / np.linalg.norm(np.asarray(design), 2) ** 2",
            "def largest_stable_step(design): return 2 / max(jnp.linalg.eigvalsh(design.T @ design))",
        ],
        "You took the smallest curvature": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.linalg.eigvalsh(2 / len(x) * x.T @ x).min()
""",
            """
def largest_stable_step(design):
    s = jnp.linalg.svd(design, compute_uv=False)
    return len(design) / s[-1] ** 2
""",
        ],
        "You used the largest singular value": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / (2 / len(x) * np.linalg.svd(x, compute_uv=False)[0])
""",
            """
def largest_stable_step(design):
    return len(design) / jnp.sqrt(jnp.linalg.eigvalsh(design.T @ design)[-1])
""",
        ],
        "You took the trace of the Hessian": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.trace(2 / len(x) * x.T @ x)
""",
            "def largest_stable_step(design): return 2 / sum(jnp.linalg.eigvalsh(2 / len(design) * design.T @ design))",
        ],
        "You returned the largest curvature L": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return np.max(np.linalg.eigvalsh(2 / len(x) * x.T @ x))
""",
            "def largest_stable_step(design): return 2 / len(design) * jnp.linalg.norm(design, 2) ** 2",
        ],
        "You divided by n - 1": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.linalg.eigvalsh(2 / (len(x) - 1) * x.T @ x).max()
""",
            "def largest_stable_step(design): return (len(design) - 1) / jnp.linalg.norm(design, 2) ** 2",
        ],
        "You took the largest entry of the Hessian": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.max(np.abs(2 / len(x) * x.T @ x))
""",
            "def largest_stable_step(design): return len(design) / max(sum(column**2) for column in design.T)",
        ],
        "You took the largest singular value of X for L": [
            """
def largest_stable_step(design):
    return 2 / np.linalg.svd(np.asarray(design), compute_uv=False)[0]
""",
            """
def largest_stable_step(design):
    return 2 / jnp.sqrt(jnp.max(jnp.linalg.eigvalsh(design.T @ design)))
""",
        ],
        "You took the Frobenius norm": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.linalg.norm(2 / len(x) * x.T @ x)
""",
            """
def largest_stable_step(design):
    return 2 / jnp.sqrt(jnp.sum(jnp.linalg.eigvalsh(2 / len(design) * design.T @ design) ** 2))
""",
        ],
        "You returned one number per curvature": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.linalg.eigvalsh(2 / len(x) * x.T @ x)
""",
            """
def largest_stable_step(design):
    values, _ = jnp.linalg.eigh(2 * design.T @ design)
    return 2 * len(design) / values
""",
        ],
        "You divided by the number of columns": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    return 2 / np.linalg.eigvalsh(2 / x.shape[1] * x.T @ x)[-1]
""",
            """
def largest_stable_step(design):
    return design.shape[1] / jnp.linalg.norm(design, ord=2) ** 2
""",
        ],
        "You subtracted the means": [
            """
def largest_stable_step(design):
    return 2 / np.linalg.eigvalsh(2 * np.atleast_2d(np.cov(np.asarray(design).T, bias=True)))[-1]
""",
            """
def largest_stable_step(design):
    centered = design - jnp.mean(design, axis=0)
    return len(design) / jnp.linalg.eigvalsh(centered.T @ centered)[-1]
""",
        ],
        "You divided by the sum of the largest": [
            """
def largest_stable_step(design):
    x = np.asarray(design)
    values = np.linalg.eigvalsh(2 / len(x) * x.T @ x)
    return 2 / (values.min() + values.max())
""",
            """
def largest_stable_step(design):
    values, _ = jnp.linalg.eigh(design.T @ design / len(design))
    return 1 / (values[0] + values[-1])
""",
        ],
    },
    "bspline_basis": {
        "Your functions all vanish at the right end": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    for q in range(1, degree + 1):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + q] > t[j]:
                one = one + (x - t[j]) / (t[j + q] - t[j]) * b[j]
            if t[j + q + 1] > t[j + 1]:
                one = one + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1]) * b[j + 1]
            new.append(one)
        b = new
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            return jnp.where((t[j] <= x) & (x < t[j + 1]), 1.0, 0.0)
        left, right = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
        rising = jnp.where(left > 0, (x - t[j]) / jnp.where(left > 0, left, 1), 0)
        falling = jnp.where(right > 0, (t[j + q + 1] - x) / jnp.where(right > 0, right, 1), 0)
        return rising * b(j, q - 1) + falling * b(j + 1, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "Your intervals are closed on both sides": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x <= t[j + 1]) & (t[j] < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    for q in range(1, degree + 1):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + q] > t[j]:
                one = one + (x - t[j]) / (t[j + q] - t[j]) * b[j]
            if t[j + q + 1] > t[j + 1]:
                one = one + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1]) * b[j + 1]
            new.append(one)
        b = new
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            return jnp.where((t[j] <= x) & (x <= t[j + 1]) & (t[j] != t[j + 1]), 1.0, 0.0)
        left, right = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
        rising = jnp.where(left > 0, (x - t[j]) / jnp.where(left > 0, left, 1), 0)
        falling = jnp.where(right > 0, (t[j + q + 1] - x) / jnp.where(right > 0, right, 1), 0)
        return rising * b(j, q - 1) + falling * b(j + 1, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "Repeated knots give 0/0": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    b[last] = np.where(x == t[-1], 1.0, b[last])
    for q in range(1, degree + 1):
        b = [
            (x - t[j]) / (t[j + q] - t[j]) * b[j] + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1]) * b[j + 1]
            for j in range(len(t) - q - 1)
        ]
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            end = (x == t[-1]) & (t[j + 1] == t[-1]) & (t[j] < t[-1])
            return jnp.where((t[j] <= x) & (x < t[j + 1]) | end, 1.0, 0.0)
        rising = (x - t[j]) / (t[j + q] - t[j])
        falling = (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1])
        return rising * b(j, q - 1) + falling * b(j + 1, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "Your recursion is one degree short": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    b[last] = np.where(x == t[-1], 1.0, b[last])
    for q in range(1, degree):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + q] > t[j]:
                one = one + (x - t[j]) / (t[j + q] - t[j]) * b[j]
            if t[j + q + 1] > t[j + 1]:
                one = one + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1]) * b[j + 1]
            new.append(one)
        b = new
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q <= 1:
            end = (x == t[-1]) & (t[j + 1] == t[-1]) & (t[j] < t[-1])
            return jnp.where((t[j] <= x) & (x < t[j + 1]) | end, 1.0, 0.0)
        q = q - 1
        left, right = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
        rising = jnp.where(left > 0, (x - t[j]) / jnp.where(left > 0, left, 1), 0)
        falling = jnp.where(right > 0, (t[j + q + 1] - x) / jnp.where(right > 0, right, 1), 0)
        return rising * b(j, q) + falling * b(j + 1, q)
    return jnp.stack([b(j, degree) for j in range(k - max(degree, 1))], axis=1)
""",
        ],
        "Your right-hand term rises": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    b[last] = np.where(x == t[-1], 1.0, b[last])
    for q in range(1, degree + 1):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + q] > t[j]:
                one = one + (x - t[j]) / (t[j + q] - t[j]) * b[j]
            if t[j + q + 1] > t[j + 1]:
                one = one + (x - t[j + 1]) / (t[j + q + 1] - t[j + 1]) * b[j + 1]
            new.append(one)
        b = new
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def rise(j, q):
        width = t[j + q] - t[j]
        return jnp.where(width > 0, (x - t[j]) / jnp.where(width > 0, width, 1), 0)
    def b(j, q):
        if q == 0:
            end = (x == t[-1]) & (t[j + 1] == t[-1]) & (t[j] < t[-1])
            return jnp.where((t[j] <= x) & (x < t[j + 1]) | end, 1.0, 0.0)
        return rise(j, q) * b(j, q - 1) + rise(j + 1, q) * b(j + 1, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "Your widths always span one interval": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    b[last] = np.where(x == t[-1], 1.0, b[last])
    for q in range(1, degree + 1):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + 1] > t[j]:
                one = one + (x - t[j]) / (t[j + 1] - t[j]) * b[j]
            if t[j + q + 1] > t[j + q]:
                one = one + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + q]) * b[j + 1]
            new.append(one)
        b = new
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            end = (x == t[-1]) & (t[j + 1] == t[-1]) & (t[j] < t[-1])
            return jnp.where((t[j] <= x) & (x < t[j + 1]) | end, 1.0, 0.0)
        left, right = t[j + 1] - t[j], t[j + q + 1] - t[j + q]
        rising = jnp.where(left > 0, (x - t[j]) / jnp.where(left > 0, left, 1), 0)
        falling = jnp.where(right > 0, (t[j + q + 1] - x) / jnp.where(right > 0, right, 1), 0)
        return rising * b(j, q - 1) + falling * b(j + 1, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "Your matrix is transposed": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    b[last] = np.where(x == t[-1], 1.0, b[last])
    for q in range(1, degree + 1):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + q] > t[j]:
                one = one + (x - t[j]) / (t[j + q] - t[j]) * b[j]
            if t[j + q + 1] > t[j + 1]:
                one = one + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1]) * b[j + 1]
            new.append(one)
        b = new
    return np.array(b)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            end = (x == t[-1]) & (t[j + 1] == t[-1]) & (t[j] < t[-1])
            return jnp.where((t[j] <= x) & (x < t[j + 1]) | end, 1.0, 0.0)
        left, right = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
        rising = jnp.where(left > 0, (x - t[j]) / jnp.where(left > 0, left, 1), 0)
        falling = jnp.where(right > 0, (t[j + q + 1] - x) / jnp.where(right > 0, right, 1), 0)
        return rising * b(j, q - 1) + falling * b(j + 1, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)])
""",
        ],
        "Your functions all vanish at the left end": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] < x) & (x <= t[j + 1])).astype(float) for j in range(len(t) - 1)]
    for q in range(1, degree + 1):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + q] > t[j]:
                one = one + (x - t[j]) / (t[j + q] - t[j]) * b[j]
            if t[j + q + 1] > t[j + 1]:
                one = one + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1]) * b[j + 1]
            new.append(one)
        b = new
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            return jnp.where((t[j] < x) & (x <= t[j + 1]), 1.0, 0.0)
        left, right = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
        rising = jnp.where(left > 0, (x - t[j]) / jnp.where(left > 0, left, 1), 0)
        falling = jnp.where(right > 0, (t[j + q + 1] - x) / jnp.where(right > 0, right, 1), 0)
        return rising * b(j, q - 1) + falling * b(j + 1, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "Your falling term is missing": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    b[last] = np.where(x == t[-1], 1.0, b[last])
    for q in range(1, degree + 1):
        for j in range(len(t) - q - 1):
            b[j] = (x - t[j]) / (t[j + q] - t[j]) * b[j] if t[j + q] > t[j] else np.zeros(len(x))
    return np.stack(b[: len(t) - degree - 1], axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            end = (x == t[-1]) & (t[j + 1] == t[-1]) & (t[j] < t[-1])
            return jnp.where((t[j] <= x) & (x < t[j + 1]) | end, 1.0, 0.0)
        width = t[j + q] - t[j]
        return jnp.where(width > 0, (x - t[j]) / jnp.where(width > 0, width, 1), 0) * b(j, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "You exchanged the neighbors": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    b = [((t[j] <= x) & (x < t[j + 1])).astype(float) for j in range(len(t) - 1)]
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    b[last] = np.where(x == t[-1], 1.0, b[last])
    for q in range(1, degree + 1):
        new = []
        for j in range(len(t) - q - 1):
            one = np.zeros(len(x))
            if t[j + q] > t[j]:
                one = one + (x - t[j]) / (t[j + q] - t[j]) * b[j + 1]
            if t[j + q + 1] > t[j + 1]:
                one = one + (t[j + q + 1] - x) / (t[j + q + 1] - t[j + 1]) * b[j]
            new.append(one)
        b = new
    return np.stack(b, axis=1)
""",
            """
def bspline_basis(x, knots, degree):
    t, k = knots, len(knots)
    def b(j, q):
        if q == 0:
            end = (x == t[-1]) & (t[j + 1] == t[-1]) & (t[j] < t[-1])
            return jnp.where((t[j] <= x) & (x < t[j + 1]) | end, 1.0, 0.0)
        left, right = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
        rising = jnp.where(left > 0, (x - t[j]) / jnp.where(left > 0, left, 1), 0)
        falling = jnp.where(right > 0, (t[j + q + 1] - x) / jnp.where(right > 0, right, 1), 0)
        return rising * b(j + 1, q - 1) + falling * b(j, q - 1)
    return jnp.stack([b(j, degree) for j in range(k - degree - 1)], axis=1)
""",
        ],
        "At the last knot all": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    B = np.zeros((len(x), len(t) - 1))
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    for j in range(len(t) - 1):
        B[:, j] = (t[j] <= x) & (x < t[j + 1]) | (x == t[-1])
    for q in range(1, degree + 1):
        new = np.zeros((len(x), B.shape[1] - 1))
        for j in range(B.shape[1] - 1):
            a, b = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
            rise = (x - t[j]) / a if a else 0 * x
            fall = (t[j + q + 1] - x) / b if b else 0 * x
            new[:, j] = rise * B[:, j] + fall * B[:, j + 1]
        B = new
    return B
""",
            """
def bspline_basis(x, knots, degree):
    last = x[:, None] == knots[-1]
    inside = (knots[:-1] <= x[:, None]) & (x[:, None] < knots[1:])
    B = (inside | last).astype(float)
    for q in range(1, degree + 1):
        a, b = knots[q:-1] - knots[: -q - 1], knots[q + 1 :] - knots[1:-q]
        rise = jnp.where(a > 0, (x[:, None] - knots[: -q - 1]) / a, 0.0)
        fall = jnp.where(b > 0, (knots[q + 1 :] - x[:, None]) / b, 0.0)
        B = rise * B[:, :-1] + fall * B[:, 1:]
    return B
""",
        ],
        "Your recursion is one degree too long": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    B = np.zeros((len(x), len(t) - 1))
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    for j in range(len(t) - 1):
        B[:, j] = (t[j] <= x) & (x < t[j + 1]) | (j == last) & (x == t[-1])
    for q in range(1, degree + 2):
        new = np.zeros((len(x), B.shape[1] - 1))
        for j in range(B.shape[1] - 1):
            a, b = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
            rise = (x - t[j]) / a if a else 0 * x
            fall = (t[j + q + 1] - x) / b if b else 0 * x
            new[:, j] = rise * B[:, j] + fall * B[:, j + 1]
        B = new
    return B
""",
            """
def bspline_basis(x, knots, degree):
    last = (x[:, None] == knots[-1]) & (knots[1:] == knots[-1]) & (knots[:-1] < knots[-1])
    inside = (knots[:-1] <= x[:, None]) & (x[:, None] < knots[1:])
    B = (inside | last).astype(float)
    for q in range(1, degree + 2):
        a, b = knots[q:-1] - knots[: -q - 1], knots[q + 1 :] - knots[1:-q]
        rise = jnp.where(a > 0, (x[:, None] - knots[: -q - 1]) / a, 0.0)
        fall = jnp.where(b > 0, (knots[q + 1 :] - x[:, None]) / b, 0.0)
        B = rise * B[:, :-1] + fall * B[:, 1:]
    return B
""",
        ],
        "Your falling term is 1 minus": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    B = np.zeros((len(x), len(t) - 1))
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    for j in range(len(t) - 1):
        B[:, j] = (t[j] <= x) & (x < t[j + 1]) | (j == last) & (x == t[-1])
    for q in range(1, degree + 1):
        new = np.zeros((len(x), B.shape[1] - 1))
        for j in range(B.shape[1] - 1):
            a, b = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
            rise = (x - t[j]) / a if a else 0 * x
            fall = 1 - rise
            new[:, j] = rise * B[:, j] + fall * B[:, j + 1]
        B = new
    return B
""",
            """
def bspline_basis(x, knots, degree):
    last = (x[:, None] == knots[-1]) & (knots[1:] == knots[-1]) & (knots[:-1] < knots[-1])
    inside = (knots[:-1] <= x[:, None]) & (x[:, None] < knots[1:])
    B = (inside | last).astype(float)
    for q in range(1, degree + 1):
        a, b = knots[q:-1] - knots[: -q - 1], knots[q + 1 :] - knots[1:-q]
        rise = jnp.where(a > 0, (x[:, None] - knots[: -q - 1]) / a, 0.0)
        fall = 1 - rise
        B = rise * B[:, :-1] + fall * B[:, 1:]
    return B
""",
        ],
        "Your falling term has the wrong sign": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    B = np.zeros((len(x), len(t) - 1))
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    for j in range(len(t) - 1):
        B[:, j] = (t[j] <= x) & (x < t[j + 1]) | (j == last) & (x == t[-1])
    for q in range(1, degree + 1):
        new = np.zeros((len(x), B.shape[1] - 1))
        for j in range(B.shape[1] - 1):
            a, b = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
            rise = (x - t[j]) / a if a else 0 * x
            fall = (x - t[j + q + 1]) / b if b else 0 * x
            new[:, j] = rise * B[:, j] + fall * B[:, j + 1]
        B = new
    return B
""",
            """
def bspline_basis(x, knots, degree):
    last = (x[:, None] == knots[-1]) & (knots[1:] == knots[-1]) & (knots[:-1] < knots[-1])
    inside = (knots[:-1] <= x[:, None]) & (x[:, None] < knots[1:])
    B = (inside | last).astype(float)
    for q in range(1, degree + 1):
        a, b = knots[q:-1] - knots[: -q - 1], knots[q + 1 :] - knots[1:-q]
        rise = jnp.where(a > 0, (x[:, None] - knots[: -q - 1]) / a, 0.0)
        fall = jnp.where(b > 0, (x[:, None] - knots[q + 1 :]) / b, 0.0)
        B = rise * B[:, :-1] + fall * B[:, 1:]
    return B
""",
        ],
        "You divided the falling term": [
            """
def bspline_basis(x, knots, degree):
    x, t = np.asarray(x), np.asarray(knots)
    B = np.zeros((len(x), len(t) - 1))
    last = max(j for j in range(len(t) - 1) if t[j] < t[j + 1])
    for j in range(len(t) - 1):
        B[:, j] = (t[j] <= x) & (x < t[j + 1]) | (j == last) & (x == t[-1])
    for q in range(1, degree + 1):
        new = np.zeros((len(x), B.shape[1] - 1))
        for j in range(B.shape[1] - 1):
            a, b = t[j + q] - t[j], t[j + q + 1] - t[j + 1]
            rise = (x - t[j]) / a if a else 0 * x
            fall = (t[j + q + 1] - x) / a if a else 0 * x
            new[:, j] = rise * B[:, j] + fall * B[:, j + 1]
        B = new
    return B
""",
            """
def bspline_basis(x, knots, degree):
    last = (x[:, None] == knots[-1]) & (knots[1:] == knots[-1]) & (knots[:-1] < knots[-1])
    inside = (knots[:-1] <= x[:, None]) & (x[:, None] < knots[1:])
    B = (inside | last).astype(float)
    for q in range(1, degree + 1):
        a, b = knots[q:-1] - knots[: -q - 1], knots[q + 1 :] - knots[1:-q]
        rise = jnp.where(a > 0, (x[:, None] - knots[: -q - 1]) / a, 0.0)
        fall = jnp.where(a > 0, (knots[q + 1 :] - x[:, None]) / a, 0.0)
        B = rise * B[:, :-1] + fall * B[:, 1:]
    return B
""",
        ],
    },
    "runge_error": {},
}


NUMPY = """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    def f(x):
        return 1 / (1 + 25 * x**2)
    p = np.zeros(len(grid))
    for j in range(len(nodes)):
        lagrange = np.ones(len(grid))
        for k in range(len(nodes)):
            if k != j:
                lagrange = lagrange * (grid - nodes[k]) / (nodes[j] - nodes[k])
        p = p + f(nodes[j]) * lagrange
    return np.max(np.abs(f(grid) - p))
"""
LOOPS = """
def runge_error(nodes, grid):
    def f(x):
        return 1 / (1 + 25 * x**2)
    def p(x):
        total = 0.0
        for j in range(len(nodes)):
            factors = [(x - nodes[k]) / (nodes[j] - nodes[k]) for k in range(len(nodes)) if k != j]
            total += f(nodes[j]) * jnp.prod(jnp.array(factors))
        return total
    found = jax.vmap(p)(grid)
    return jnp.max(jnp.abs(f(grid) - found))
"""


def both(old_in_numpy: str, in_numpy: str, old_in_loops: str, in_loops: str) -> list[str]:
    """The two ways of writing 3.8, each with something changed."""
    assert old_in_numpy in NUMPY
    assert old_in_loops in LOOPS
    return [NUMPY.replace(old_in_numpy, in_numpy), LOOPS.replace(old_in_loops, in_loops)]


IN_NUMPY, IN_LOOPS = "np.max(np.abs(f(grid) - p))", "jnp.max(jnp.abs(f(grid) - found))"
SPELLINGS["runge_error"] = {
    "You took the largest f - p": both(IN_NUMPY, "np.max(f(grid) - p)", IN_LOOPS, "abs(max(f(grid) - found))"),
    "You took the largest p - f": both(IN_NUMPY, "np.max(p - f(grid))", IN_LOOPS, "-jnp.min(f(grid) - found)"),
    "You averaged the error": both(
        IN_NUMPY, "np.mean(np.abs(f(grid) - p))", IN_LOOPS, "sum(abs(found - f(grid))) / len(grid)"
    ),
    "You took the root mean square": both(
        IN_NUMPY,
        "np.sqrt(np.mean((p - f(grid)) ** 2))",
        IN_LOOPS,
        "jnp.linalg.norm(f(grid) - found) / len(grid) ** 0.5",
    ),
    "Your function is 1 / (1 + x^2)": both("25 * x**2", "x**2", "25 * x**2", "x * x"),
    "Your error is zero": [
        NUMPY.replace("p = p + f(nodes[j])", "p = p + f(grid)"),
        LOOPS.replace("total += f(nodes[j])", "total += f(x)"),
        NUMPY.replace("    def f(x)", "    grid = nodes\n    def f(x)"),
        LOOPS.replace("(grid)", "(nodes)"),
        NUMPY.replace("1 / (1 + 25 * x**2)", "1 + 25 * x**2"),
        "def runge_error(nodes, grid): return 0.0",
    ],
    "You drew straight lines": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.sort(np.asarray(nodes)), np.asarray(grid)
    f = lambda x: 1 / (1 + 25 * x**2)
    return np.max(np.abs(np.interp(grid, nodes, f(nodes)) - f(grid)))
""",
        """
def runge_error(nodes, grid):
    t = jnp.sort(nodes)
    f = lambda x: 1 / (1 + 25 * x**2)
    if len(t) == 1:
        return jnp.max(jnp.abs(f(grid) - f(t[0])))
    i = jnp.clip(jnp.searchsorted(t, grid, side="right") - 1, 0, len(t) - 2)
    share = jnp.clip((grid - t[i]) / (t[i + 1] - t[i]), 0.0, 1.0)
    return jnp.max(jnp.abs(f(grid) - (1 - share) * f(t[i]) - share * f(t[i + 1])))
""",
    ],
    "You returned the error at every point": both(
        IN_NUMPY, "np.abs(f(grid) - p)", IN_LOOPS, "[abs(one) for one in f(grid) - found]"
    ),
    "Your formula divides by x - x_j": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    f = lambda x: 1 / (1 + 25 * x**2)
    w = np.array([1 / np.prod([nodes[j] - t for t in nodes if t != nodes[j]]) for j in range(len(nodes))])
    above = sum(w[j] / (grid - nodes[j]) * f(nodes[j]) for j in range(len(nodes)))
    below = sum(w[j] / (grid - nodes[j]) for j in range(len(nodes)))
    return np.max(np.abs(f(grid) - above / below))
""",
        """
def runge_error(nodes, grid):
    f = lambda x: 1 / (1 + 25 * x**2)
    whole = jnp.prod(grid[:, None] - nodes, axis=1)
    p = 0.0
    for j in range(len(nodes)):
        below = 1.0
        for k in range(len(nodes)):
            if k != j:
                below = below * (nodes[j] - nodes[k])
        p = p + f(nodes[j]) * whole / (grid - nodes[j]) / below
    return jnp.max(jnp.abs(f(grid) - p))
""",
    ],
    "You returned the largest value": both(IN_NUMPY, "np.max(np.abs(p))", IN_LOOPS, "max(abs(found))"),
    "You added up the errors": both(IN_NUMPY, "np.sum(np.abs(p - f(grid)))", IN_LOOPS, "sum(abs(f(grid) - found))"),
    "Your error is NaN": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    f = lambda x: 1 / (1 + 25 * x**2)
    p = np.zeros(len(grid))
    for j, a in enumerate(nodes):
        product = f(a)
        for k, b in enumerate(nodes):
            product = product * (grid - b) / (a - b)
        p = p + product
    return np.max(np.abs(f(grid) - p))
""",
        """
def runge_error(nodes, grid):
    f = lambda x: 1 / (1 + 25 * x**2)
    factors = (grid[:, None, None] - nodes) / (nodes[:, None] - nodes)
    factors = factors
    p = jnp.prod(factors, axis=2) @ f(nodes)
    return jnp.max(jnp.abs(f(grid) - p))
""",
    ],
    "Your error is the largest value of f": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    f = lambda x: 1 / (1 + 25 * x**2)
    p = np.zeros(len(grid))
    for j, a in enumerate(nodes):
        product = f(a)
        for k, b in enumerate(nodes):
            product = product * ((grid - b) / (a - b) if k != j else 0)
        p = p + product
    return np.max(np.abs(f(grid) - p))
""",
        """
def runge_error(nodes, grid):
    f = lambda x: 1 / (1 + 25 * x**2)
    factors = (grid[:, None, None] - nodes) / (nodes[:, None] - nodes)
    factors = jnp.where(jnp.eye(len(nodes), dtype=bool), 0.0, factors)
    p = jnp.prod(factors, axis=2) @ f(nodes)
    return jnp.max(jnp.abs(f(grid) - p))
""",
    ],
    "You added the factors": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    f = lambda x: 1 / (1 + 25 * x**2)
    p = np.zeros(len(grid))
    for j, a in enumerate(nodes):
        product = 0.0
        for k, b in enumerate(nodes):
            if k != j:
                product = product + (grid - b) / (a - b)
        p = p + f(a) * product
    return np.max(np.abs(f(grid) - p))
""",
        """
def runge_error(nodes, grid):
    f = lambda x: 1 / (1 + 25 * x**2)
    factors = (grid[:, None, None] - nodes) / (nodes[:, None] - nodes)
    factors = jnp.where(jnp.eye(len(nodes), dtype=bool), 0.0, factors)
    p = jnp.sum(factors, axis=2) @ f(nodes)
    return jnp.max(jnp.abs(f(grid) - p))
""",
    ],
    "Your denominators have the wrong sign": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    f = lambda x: 1 / (1 + 25 * x**2)
    p = np.zeros(len(grid))
    for j, a in enumerate(nodes):
        product = f(a)
        for k, b in enumerate(nodes):
            if k != j:
                product = product * (grid - b) / (b - a)
        p = p + product
    return np.max(np.abs(f(grid) - p))
""",
        """
def runge_error(nodes, grid):
    f = lambda x: 1 / (1 + 25 * x**2)
    factors = (grid[:, None, None] - nodes) / (nodes - nodes[:, None])
    factors = jnp.where(jnp.eye(len(nodes), dtype=bool), 1.0, factors)
    p = jnp.prod(factors, axis=2) @ f(nodes)
    return jnp.max(jnp.abs(f(grid) - p))
""",
    ],
    "You squared the 25": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    f = lambda x: 1 / (1 + (25 * x) ** 2)
    p = np.zeros(len(grid))
    for j, a in enumerate(nodes):
        product = f(a)
        for k, b in enumerate(nodes):
            if k != j:
                product = product * (grid - b) / (a - b)
        p = p + product
    return np.max(np.abs(f(grid) - p))
""",
        """
def runge_error(nodes, grid):
    f = lambda x: 1 / (1 + (25 * x) ** 2)
    factors = (grid[:, None, None] - nodes) / (nodes[:, None] - nodes)
    factors = jnp.where(jnp.eye(len(nodes), dtype=bool), 1.0, factors)
    p = jnp.prod(factors, axis=2) @ f(nodes)
    return jnp.max(jnp.abs(f(grid) - p))
""",
    ],
    "You divided the errors by f": [
        """
def runge_error(nodes, grid):
    nodes, grid = np.asarray(nodes), np.asarray(grid)
    f = lambda x: 1 / (1 + 25 * x**2)
    p = np.zeros(len(grid))
    for j, a in enumerate(nodes):
        product = f(a)
        for k, b in enumerate(nodes):
            if k != j:
                product = product * (grid - b) / (a - b)
        p = p + product
    return np.max(np.abs(f(grid) - p) / f(grid))
""",
        """
def runge_error(nodes, grid):
    f = lambda x: 1 / (1 + 25 * x**2)
    factors = (grid[:, None, None] - nodes) / (nodes[:, None] - nodes)
    factors = jnp.where(jnp.eye(len(nodes), dtype=bool), 1.0, factors)
    p = jnp.prod(factors, axis=2) @ f(nodes)
    return jnp.max(jnp.abs(1 - p / f(grid)))
""",
    ],
}
