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
}
