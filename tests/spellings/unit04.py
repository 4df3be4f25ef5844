"""Known mistakes of sheet 4, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "neuron": {
        "Your neuron has no bias": [
            """
def neuron(weights, bias, x):
    return 1 / (1 + np.exp(-np.dot(x, weights)))
""",
            """
def neuron(weights, bias, x):
    z = jnp.array([sum(row[j] * weights[j] for j in range(len(weights))) for row in x])
    return 1 / (1 + jnp.exp(-z))
""",
        ],
        "You added the bias after the sigmoid": [
            """
def neuron(weights, bias, x):
    return 1 / (1 + np.exp(-(np.asarray(x) @ np.asarray(weights)))) + bias
""",
            """
def neuron(weights, bias, x):
    z = jnp.sum(x * weights, axis=1)
    return bias + jax.nn.sigmoid(z)
""",
        ],
        "You returned the weighted sum": [
            """
def neuron(weights, bias, x):
    return np.dot(x, weights) + bias
""",
            """
def neuron(weights, bias, x):
    return jnp.stack([bias + jnp.vdot(weights, row) for row in x])
""",
        ],
        "You returned the sigmoid of minus the sum": [
            """
def neuron(weights, bias, x):
    return 1 / (1 + np.exp(np.asarray(x) @ np.asarray(weights) + bias))
""",
            """
def neuron(weights, bias, x):
    return 1 - jax.nn.sigmoid(jnp.einsum("ij,j->i", x, weights) + bias)
""",
        ],
        "You used tanh": [
            """
def neuron(weights, bias, x):
    return np.tanh(np.dot(x, weights) + bias)
""",
            """
def neuron(weights, bias, x):
    return 2 * jax.nn.sigmoid(2 * (x @ weights + bias)) - 1
""",
        ],
        "You subtracted the bias": [
            """
def neuron(weights, bias, x):
    z = np.dot(x, weights) - bias
    return 1 / (1 + np.exp(-z))
""",
            """
def neuron(weights, bias, x):
    return jnp.array([1 / (1 + jnp.exp(bias - sum(weights * row))) for row in x])
""",
        ],
        "You used a rectifier": [
            """
def neuron(weights, bias, x):
    return np.maximum(np.dot(x, weights) + bias, 0)
""",
            """
def neuron(weights, bias, x):
    z = x @ weights + bias
    return jnp.where(z > 0, z, 0.0)
""",
        ],
        "You multiplied inputs and weights but did not sum": [
            """
def neuron(weights, bias, x):
    return 1 / (1 + np.exp(-(np.asarray(x) * np.asarray(weights) + bias)))
""",
            """
def neuron(weights, bias, x):
    z = jnp.multiply(weights[None, :], x) + bias
    return jnp.exp(-jnp.log1p(jnp.exp(-z)))
""",
        ],
        "For large sums your exponential overflows": [
            """
def neuron(weights, bias, x):
    e = np.exp(np.asarray(x) @ np.asarray(weights) + np.float32(bias))
    return e / (e + 1)
""",
            """
def neuron(weights, bias, x):
    z = x @ weights + bias
    return jnp.exp(z) / (1 + jnp.exp(z))
""",
        ],
        "You used softmax": [
            """
def neuron(weights, bias, x):
    e = np.exp(np.dot(x, weights) + bias)
    return e / e.sum()
""",
            """
def neuron(weights, bias, x):
    z = jnp.stack([row @ weights for row in x]) + bias
    return jnp.exp(z - jax.scipy.special.logsumexp(z))
""",
        ],
        "You used a threshold": [
            """
def neuron(weights, bias, x):
    return (np.dot(x, weights) + bias > 0).astype(float)
""",
            """
def neuron(weights, bias, x):
    return jnp.heaviside(jnp.einsum("ij,j->i", x, weights) + bias, 0.0)
""",
        ],
        "Your denominator lacks its parentheses": [
            "def neuron(weights, bias, x): return 1 / 1 + np.exp(-(np.dot(x, weights) + bias))",
            """
def neuron(weights, bias, x):
    return jnp.stack([1 / 1 + jnp.exp(-sum(row * weights) - bias) for row in x])
""",
        ],
        "You added the bias to": [
            """
def neuron(weights, bias, x):
    return 1 / (1 + np.exp(-np.sum(np.asarray(x) * np.asarray(weights) + bias, axis=1)))
""",
            """
def neuron(weights, bias, x):
    out = []
    for row in x:
        z = 0.0
        for j in range(len(weights)):
            z += row[j] * weights[j] + bias
        out.append(jax.nn.sigmoid(z))
    return jnp.stack(out)
""",
        ],
        "You applied the sigmoid to": [
            """
def neuron(weights, bias, x):
    return (1 / (1 + np.exp(-(np.asarray(x) * np.asarray(weights) + bias)))).sum(axis=1)
""",
            """
def neuron(weights, bias, x):
    return jnp.stack([sum(jax.nn.sigmoid(v * w + bias) for v, w in zip(row, weights)) for row in x])
""",
        ],
        "You averaged the products: a": [
            """
def neuron(weights, bias, x):
    return 1 / (1 + np.exp(-np.mean(np.asarray(x) * np.asarray(weights), axis=1) - bias))
""",
            """
def neuron(weights, bias, x):
    return jnp.stack([jax.nn.sigmoid(sum(row * weights) / len(weights) + bias) for row in x])
""",
        ],
        "You multiplied the weighted sum": [
            "def neuron(weights, bias, x): return 1 / (1 + np.exp(-np.dot(x, weights) * bias))",
            """
def neuron(weights, bias, x):
    return jnp.stack([jax.nn.sigmoid(bias * sum(row * weights)) for row in x])
""",
        ],
    },
    "activation_derivatives": {
        "You returned the activations themselves": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    return 1 / (1 + np.exp(-z)), np.tanh(z), np.maximum(z, 0)
""",
            """
def activation_derivatives(z):
    relu = jnp.array([v if v > 0 else 0.0 for v in z.tolist()])
    return jax.nn.sigmoid(z), jnp.tanh(z), relu
""",
        ],
        "Your sigmoid's derivative is z (1 - z)": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    return z - z**2, 1 - np.tanh(z) ** 2, (z > 0).astype(float)
""",
            """
def activation_derivatives(z):
    return z * (1 - z), 1 / jnp.cosh(z) ** 2, jnp.heaviside(z, 0.0)
""",
        ],
        "Your tanh's derivative is 1 - z^2": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s), 1 - z**2, np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    s = jax.nn.sigmoid(z)
    return s - s**2, (1 - z) * (1 + z), jnp.heaviside(z, 0.0)
""",
        ],
        "The square is missing in your tanh's derivative": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s), 1 - np.tanh(z), 1.0 * (z > 0)
""",
            """
def activation_derivatives(z):
    s = jax.nn.sigmoid(z)
    return s * (1 - s), jnp.array([1 - jnp.tanh(v) for v in z]), jnp.heaviside(z, 0.0)
""",
        ],
        "At the kink z = 0 your rectifier's derivative is 1:": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s), 1 - np.tanh(z) ** 2, np.heaviside(z, 1.0)
""",
            """
def activation_derivatives(z):
    s = jax.nn.sigmoid(z)
    return s * (1 - s), 1 - jnp.tanh(z) ** 2, jnp.array([0.0 if v < 0 else 1.0 for v in z.tolist()])
""",
        ],
        "At the kink z = 0 your rectifier's derivative is 1/2": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s), 1 - np.tanh(z) ** 2, (1 + np.sign(z)) / 2
""",
            """
def activation_derivatives(z):
    slope = jax.vmap(jax.grad(lambda v: jnp.maximum(v, 0.0)))
    return jax.vmap(jax.grad(jax.nn.sigmoid))(z), jax.vmap(jax.grad(jnp.tanh))(z), slope(z)
""",
        ],
        "Your exponential overflows for very negative z": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    return np.exp(-z) / (1 + np.exp(-z)) ** 2, 1 - np.tanh(z) ** 2, np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    e = jnp.exp(-z)
    return e / (1 + 2 * e + e * e), 1 / jnp.cosh(z) ** 2, jnp.heaviside(z, 0.0)
""",
        ],
        "Your exponential overflows for large z": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    return np.exp(z) / (1 + np.exp(z)) ** 2, 1 - np.tanh(z) ** 2, np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    s = jnp.exp(z) / (1 + jnp.exp(z))
    return s * (1 - s), 1 - jnp.tanh(z) ** 2, jnp.heaviside(z, 0.0)
""",
        ],
        "Far out your tanh is a quotient": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    t = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
    return s * (1 - s), 1 - t**2, np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    s = jax.nn.sigmoid(z)
    t = jnp.sinh(z) / jnp.cosh(z)
    return s * (1 - s), 1 - t * t, jnp.heaviside(z, 0.0)
""",
        ],
        "Your sigmoid's derivative is 1 - s": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    return 1 - 1 / (1 + np.exp(-z)), 1 - np.tanh(z) ** 2, np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    return 1 / (1 + jnp.exp(z)), 1 - jnp.tanh(z) ** 2, jnp.heaviside(z, 0.0)
""",
        ],
        "Your rectifier's derivative is the sign": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s), 1 - np.tanh(z) ** 2, np.sign(z)
""",
            """
def activation_derivatives(z):
    s = jax.nn.sigmoid(z)
    return s * (1 - s), 1 - jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, jnp.where(z < 0, -1.0, 0.0))
""",
        ],
        "Your third output is the rectifier itself": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s), 1 - np.tanh(z) ** 2, np.maximum(0, z)
""",
            """
def activation_derivatives(z):
    s = jax.nn.sigmoid(z)
    return s * (1 - s), 1 - jnp.tanh(z) ** 2, z * (z > 0)
""",
        ],
        "You returned the derivative of tanh first": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return 1 - np.tanh(z) ** 2, s * (1 - s), np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    s = jax.nn.sigmoid(z)
    return 1 / jnp.cosh(z) ** 2, s * (1 - s), jnp.heaviside(z, 0.0)
""",
        ],
        "The sign in your tanh": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s), 1 + np.tanh(z) ** 2, (z > 0) * 1.0
""",
            """
def activation_derivatives(z):
    s, t = jax.nn.sigmoid(z), jnp.tanh(z)
    return s - s * s, t * t + 1, jnp.heaviside(z, 0.0)
""",
        ],
        "You put z where the": [
            """
def activation_derivatives(z):
    z = np.asarray(z)
    return z * (1 - z), 1 - z * z, (z > 0) * 1.0
""",
            """
def activation_derivatives(z):
    rows = [(v - v**2, (1 - v) * (1 + v), jnp.where(v > 0, 1.0, 0.0)) for v in z]
    return tuple(jnp.stack(column) for column in zip(*rows))
""",
        ],
        "Your derivative of tanh is": [
            """
def activation_derivatives(z):
    z = np.asarray(z, np.float64)
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), t - t**2, np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    rows = []
    for v in z:
        s, t = jax.nn.sigmoid(v), jnp.tanh(v)
        rows.append((s * (1 - s), t * (1 - t), jnp.where(v > 0, 1.0, 0.0)))
    return tuple(jnp.stack(column) for column in zip(*rows))
""",
        ],
        "Your derivative of the sigmoid": [
            """
def activation_derivatives(z):
    z = np.asarray(z, np.float64)
    s = 1 / (1 + np.exp(-z))
    return (1 - s) * (1 + s), 1 - np.tanh(z) ** 2, np.where(z > 0, 1.0, 0.0)
""",
            """
def activation_derivatives(z):
    rows = []
    for v in z:
        s, t = jax.nn.sigmoid(v), jnp.tanh(v)
        rows.append((1 - s * s, 1 - t * t, jnp.where(v > 0, 1.0, 0.0)))
    return tuple(jnp.stack(column) for column in zip(*rows))
""",
        ],
    },
    "dense_forward": {
        "You used the weight transposed": [
            """
def dense_forward(x, weight, bias):
    return np.maximum(np.dot(x, np.transpose(weight)) + bias, 0)
""",
            """
def dense_forward(x, weight, bias):
    return jnp.maximum(jnp.einsum("ni,ki->nk", x, weight) + bias, 0)
""",
        ],
        "The bias is missing": [
            """
def dense_forward(x, weight, bias):
    return np.maximum(np.dot(x, weight), 0)
""",
            """
def dense_forward(x, weight, bias):
    return jnp.stack([jnp.stack([jnp.maximum(row @ column, 0) for column in weight.T]) for row in x])
""",
        ],
        "You forgot the rectifier": [
            """
def dense_forward(x, weight, bias):
    return np.dot(x, weight) + bias
""",
            """
def dense_forward(x, weight, bias):
    return (weight.T @ x.T + bias[:, None]).T
""",
        ],
        "You added the bias after the rectifier": [
            """
def dense_forward(x, weight, bias):
    return np.maximum(0, np.asarray(x) @ np.asarray(weight)) + np.asarray(bias)
""",
            """
def dense_forward(x, weight, bias):
    z = x @ weight
    return jnp.where(z > 0, z, 0) + bias
""",
        ],
        "You subtracted the bias": [
            """
def dense_forward(x, weight, bias):
    return np.maximum(0, np.dot(x, weight) - np.asarray(bias))
""",
            """
def dense_forward(x, weight, bias):
    z = -bias + x @ weight
    return z * (z > 0)
""",
        ],
        "You used the sigmoid": [
            """
def dense_forward(x, weight, bias):
    return 1 / (1 + np.exp(-(np.dot(x, weight) + bias)))
""",
            """
def dense_forward(x, weight, bias):
    return jnp.stack([neuron(column, b, x) for column, b in zip(weight.T, bias)], axis=1)
""",
        ],
        "You used tanh": [
            """
def dense_forward(x, weight, bias):
    return np.tanh(np.dot(x, weight) + bias)
""",
            """
def dense_forward(x, weight, bias):
    z = x @ weight + bias
    return (jnp.exp(z) - jnp.exp(-z)) / (jnp.exp(z) + jnp.exp(-z))
""",
        ],
        "You kept the negative sums": [
            """
def dense_forward(x, weight, bias):
    return np.minimum(0, np.dot(x, weight) + bias)
""",
            """
def dense_forward(x, weight, bias):
    z = x @ weight + bias
    return jnp.where(z < 0, z, 0)
""",
        ],
        "You took the magnitude of the sums": [
            """
def dense_forward(x, weight, bias):
    return np.abs(np.dot(x, weight) + bias)
""",
            """
def dense_forward(x, weight, bias):
    z = x @ weight + bias
    return jnp.where(z > 0, z, -z)
""",
        ],
        "You returned the rectifier's slope": [
            """
def dense_forward(x, weight, bias):
    return (np.asarray(x) @ np.asarray(weight) + np.asarray(bias) > 0).astype(float)
""",
            """
def dense_forward(x, weight, bias):
    return jnp.stack([jnp.where(row @ weight + bias > 0, 1.0, 0.0) for row in x])
""",
        ],
        "You used a leaky rectifier": [
            """
def dense_forward(x, weight, bias):
    z = np.asarray(x) @ np.asarray(weight) + np.asarray(bias)
    return np.where(z > 0, z, 0.01 * z)
""",
            """
def dense_forward(x, weight, bias):
    return jnp.stack([jnp.maximum(row @ weight + bias, 0.01 * (row @ weight + bias)) for row in x])
""",
        ],
        "You used softplus, a smooth": [
            """
def dense_forward(x, weight, bias):
    return np.log1p(np.exp(np.asarray(x) @ np.asarray(weight) + np.asarray(bias)))
""",
            """
def dense_forward(x, weight, bias):
    return jnp.stack([jnp.log(1 + jnp.exp(row @ weight + bias)) for row in x])
""",
        ],
        "You rectified the inputs: the": [
            "def dense_forward(x, weight, bias): return np.maximum(x, 0) @ np.asarray(weight) + np.asarray(bias)",
            """
def dense_forward(x, weight, bias):
    return jnp.stack([sum(jnp.maximum(row[l], 0) * weight[l] for l in range(len(row))) + bias for row in x])
""",
        ],
    },
    "two_layer_gradient": {
        "You summed instead of averaging": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y)
    hidden = error @ w2.T * (1 - a**2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    loss = lambda p: jnp.sum((jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2)
    return jax.grad(loss)((w1, b1, w2, b2))
""",
        ],
        "You divided by the number of samples only": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / x.shape[0]
    hidden = error @ w2.T * (1 - a**2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    loss = lambda *p: jnp.mean(jnp.sum((jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2, axis=1))
    return jax.grad(loss, argnums=(0, 1, 2, 3))(w1, b1, w2, b2)
""",
        ],
        "The factor 2 is missing": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T * (1 - a**2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    loss = lambda *p: jnp.mean((jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2) / 2
    return jax.grad(loss, argnums=(0, 1, 2, 3))(w1, b1, w2, b2)
""",
        ],
        "All your signs are reversed": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (y - (a @ w2 + b2)) / y.size
    hidden = error @ w2.T * (1 - a**2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    loss = lambda *p: -jnp.mean((jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2)
    return jax.grad(loss, argnums=(0, 1, 2, 3))(w1, b1, w2, b2)
""",
        ],
        "On the way back you forgot the activation": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    a = jnp.tanh(x @ w1 + b1)
    error = jax.grad(lambda out: jnp.mean((out - y) ** 2))(a @ w2 + b2)
    hidden = jnp.einsum("nk,hk->nh", error, w2)
    return jnp.einsum("ni,nh->ih", x, hidden), sum(hidden), jnp.einsum("nh,nk->hk", a, error), sum(error)
""",
        ],
        "Your slope of tanh is 1 - z^2": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    z = x @ w1 + b1
    a = np.tanh(z)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T * (1 - z**2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    z = jnp.einsum("ni,ih->nh", x, w1) + b1
    error = 2 * jnp.subtract(jnp.tanh(z) @ w2 + b2, y) / (y.shape[0] * y.shape[1])
    hidden = (w2 @ error.T).T * (1 - z) * (1 + z)
    return x.T @ hidden, sum(hidden), jnp.tanh(z).T @ error, sum(error)
""",
        ],
        "Going back through the second layer you used w2": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2 * (1 - a**2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    a = jnp.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = (1 - a**2) * jnp.matmul(error, w2)
    return x.T @ hidden, sum(hidden), a.T @ error, sum(error)
""",
        ],
        "Your bias gradients are means": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T * (1 - a**2)
    return x.T @ hidden, hidden.mean(0), a.T @ error, error.mean(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    loss = lambda *p: jnp.mean((jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2)
    g1, c1, g2, c2 = jax.grad(loss, argnums=(0, 1, 2, 3))(w1, b1, w2, b2)
    return g1, c1 / len(x), g2, c2 / len(x)
""",
        ],
        "Your bias gradients still have a row": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T * (1 - a**2)
    return x.T @ hidden, hidden, a.T @ error, error
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    a = jnp.tanh(x @ w1 + b1)
    delta2 = (a @ w2 + b2 - y) * (2 / jnp.size(y))
    delta1 = (delta2 @ w2.T) / jnp.cosh(x @ w1 + b1) ** 2
    return jnp.dot(x.T, delta1), delta1, jnp.dot(a.T, delta2), delta2
""",
        ],
        "Your slope of tanh is 1 - tanh(a)^2": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T * (1 - np.tanh(a) ** 2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    a = jnp.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T / jnp.cosh(a) ** 2
    return x.T @ hidden, sum(hidden), a.T @ error, sum(error)
""",
        ],
        "Your slope is a (1 - a)": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T * a * (1 - a)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    a = jnp.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = (a - a**2) * jnp.inner(error, w2)
    return x.T @ hidden, sum(hidden), a.T @ error, sum(error)
""",
        ],
        "You returned the second layer's gradients first": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 + b2 - y) / y.size
    hidden = error @ w2.T * (1 - a**2)
    return a.T @ error, error.sum(0), x.T @ hidden, hidden.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    loss = lambda *p: jnp.mean((jnp.tanh(x @ p[2] + p[3]) @ p[0] + p[1] - y) ** 2)
    return jax.grad(loss, argnums=(0, 1, 2, 3))(w2, b2, w1, b1)
""",
        ],
        "Your prediction lacks the bias b2": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = (np.asarray(one) for one in (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    error = 2 * (a @ w2 - y) / y.size
    hidden = error @ w2.T * (1 - a**2)
    return x.T @ hidden, hidden.sum(0), a.T @ error, error.sum(0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    a = jnp.tanh(x @ w1 + b1)
    error = 2 * (jnp.einsum("nh,hk->nk", a, w2) - y) / y.size
    hidden = jnp.inner(error, w2) * (1 - a * a)
    return x.T @ hidden, sum(hidden), a.T @ error, sum(error)
""",
        ],
        "Your hidden layer lacks the": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = map(np.asarray, (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1)
    d2 = 2 * (a @ w2 + b2 - y) / y.size
    d1 = d2 @ w2.T * (1 - a**2)
    return x.T @ d1, d1.sum(axis=0), a.T @ d2, d2.sum(axis=0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    g1, c1, g2, c2 = 0, 0, 0, 0
    for i in range(len(x)):
        a = jnp.tanh(x[i] @ w1)
        d2 = 2 * (a @ w2 + b2 - y[i]) / y.size
        d1 = w2 @ d2 * (1 - a**2)
        g1, c1 = g1 + jnp.outer(x[i], d1), c1 + d1
        g2, c2 = g2 + jnp.outer(a, d2), c2 + d2
    return g1, c1, g2, c2
""",
        ],
        "Your gradient of w2 takes": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = map(np.asarray, (w1, b1, w2, b2, x, y))
    z = x @ w1 + b1
    d2 = 2 * (np.tanh(z) @ w2 + b2 - y) / y.size
    d1 = d2 @ w2.T / np.cosh(z) ** 2
    return x.T @ d1, d1.sum(axis=0), z.T @ d2, d2.sum(axis=0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    g1, c1, g2, c2 = 0, 0, 0, 0
    for i in range(len(x)):
        z = x[i] @ w1 + b1
        d2 = 2 * (jnp.tanh(z) @ w2 + b2 - y[i]) / y.size
        d1 = w2 @ d2 * (1 - jnp.tanh(z) ** 2)
        g1, c1 = g1 + jnp.outer(x[i], d1), c1 + d1
        g2, c2 = g2 + jnp.outer(z, d2), c2 + d2
    return g1, c1, g2, c2
""",
        ],
        "Your network has no activation": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = map(np.asarray, (w1, b1, w2, b2, x, y))
    a = x @ w1 + b1
    d2 = 2 * (a @ w2 + b2 - y) / y.size
    d1 = d2 @ w2.T
    return x.T @ d1, d1.sum(axis=0), a.T @ d2, d2.sum(axis=0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    g1, c1, g2, c2 = 0, 0, 0, 0
    for i in range(len(x)):
        a = x[i] @ w1 + b1
        d2 = 2 * (a @ w2 + b2 - y[i]) / y.size
        g1, c1 = g1 + jnp.outer(x[i], w2 @ d2), c1 + w2 @ d2
        g2, c2 = g2 + jnp.outer(a, d2), c2 + d2
    return g1, c1, g2, c2
""",
        ],
        "Your output layer has a": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = map(np.asarray, (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    p = np.tanh(a @ w2 + b2)
    d2 = 2 * (p - y) / y.size * (1 - p**2)
    d1 = d2 @ w2.T * (1 - a**2)
    return x.T @ d1, d1.sum(axis=0), a.T @ d2, d2.sum(axis=0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    def loss(p):
        return jnp.mean((jnp.tanh(jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3]) - y) ** 2)
    return tuple(jax.grad(loss)([w1, b1, w2, b2]))
""",
        ],
        "Your hidden layer has rectifiers": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = map(np.asarray, (w1, b1, w2, b2, x, y))
    a = np.maximum(x @ w1 + b1, 0)
    d2 = 2 * (a @ w2 + b2 - y) / y.size
    d1 = d2 @ w2.T * (a > 0)
    return x.T @ d1, d1.sum(axis=0), a.T @ d2, d2.sum(axis=0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    g1, c1, g2, c2 = 0, 0, 0, 0
    for i in range(len(x)):
        a = jax.nn.relu(x[i] @ w1 + b1)
        d2 = 2 * (a @ w2 + b2 - y[i]) / y.size
        d1 = jnp.where(a > 0, w2 @ d2, 0)
        g1, c1 = g1 + jnp.outer(x[i], d1), c1 + d1
        g2, c2 = g2 + jnp.outer(a, d2), c2 + d2
    return g1, c1, g2, c2
""",
        ],
        "You returned both weights first": [
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    w1, b1, w2, b2, x, y = map(np.asarray, (w1, b1, w2, b2, x, y))
    a = np.tanh(x @ w1 + b1)
    d2 = 2 * (a @ w2 + b2 - y) / y.size
    d1 = d2 @ w2.T * (1 - a**2)
    return x.T @ d1, a.T @ d2, d1.sum(axis=0), d2.sum(axis=0)
""",
            """
def two_layer_gradient(w1, b1, w2, b2, x, y):
    def loss(w1, w2, b1, b2):
        return jnp.mean((jnp.tanh(x @ w1 + b1) @ w2 + b2 - y) ** 2)
    return jax.grad(loss, argnums=(0, 1, 2, 3))(w1, w2, b1, b2)
""",
        ],
    },
    "cross_correlation": {
        "You flipped the kernel": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kernel = np.flip(kernel, (0, 1))
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((rows, columns, kernel.shape[3]), np.float32)
    for r in range(rows):
        for s in range(columns):
            window = padded[r * stride : r * stride + p, s * stride : s * stride + q]
            out[r, s] = np.tensordot(window, kernel, 3)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel[::-1, ::-1], (stride, stride), [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )[0]
""",
        ],
        "Your channels are in the wrong order": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((rows, columns, kernel.shape[2]), np.float32)
    for i in range(p):
        for j in range(q):
            part = padded[i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            out += part @ kernel[i, j].T
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWOI", "NHWC")
    )[0]
""",
        ],
        "You padded the top and the left only": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, 0), (padding, 0), (0, 0)))
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((rows, columns, kernel.shape[3]), np.float32)
    for r in range(rows):
        for s in range(columns):
            window = padded[r * stride : r * stride + p, s * stride : s * stride + q]
            out[r, s] = np.tensordot(window, kernel, 3)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), [(padding, 0)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]
""",
        ],
        "You did not pad": [
            """
def cross_correlation(x, kernel, stride, padding):
    x, kernel = np.asarray(x), np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (x.shape[0] - p) // stride + 1, (x.shape[1] - q) // stride + 1
    return np.array(
        [
            [
                np.tensordot(x[r * stride : r * stride + p, s * stride : s * stride + q], kernel, 3)
                for s in range(columns)
            ]
            for r in range(rows)
        ]
    )
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]
""",
        ],
        "Your output is one row and one column short": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride, (padded.shape[1] - q) // stride
    out = np.zeros((rows, columns, kernel.shape[3]), np.float32)
    for r in range(rows):
        for s in range(columns):
            window = padded[r * stride : r * stride + p, s * stride : s * stride + q]
            out[r, s] = np.tensordot(window, kernel, 3)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    padded = jnp.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride, (padded.shape[1] - q) // stride
    out = jnp.zeros((rows, columns, kernel.shape[3]))
    for i in range(p):
        for j in range(q):
            part = padded[i : i + stride * rows : stride, j : j + stride * columns : stride]
            out = out + jnp.einsum("rsc,ck->rsk", part[:rows, :columns], kernel[i, j])
    return out
""",
        ],
        "You forgot the stride": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = padded.shape[0] - p + 1, padded.shape[1] - q + 1
    return np.array(
        [[np.tensordot(padded[r : r + p, s : s + q], kernel, 3) for s in range(columns)] for r in range(rows)]
    )
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (1, 1), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]
""",
        ],
        "You took the mean over the input channels": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((rows, columns, kernel.shape[3]), np.float32)
    for r in range(rows):
        for s in range(columns):
            window = padded[r * stride : r * stride + p, s * stride : s * stride + q, :, None]
            out[r, s] = (window * kernel).sum(axis=(0, 1)).mean(axis=0)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None] / x.shape[-1],
        kernel,
        (stride, stride),
        [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )[0]
""",
        ],
        "You swapped the kernel's rows and columns": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kernel = np.asarray(kernel)
    p, q = kernel.shape[1], kernel.shape[0]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((rows, columns, kernel.shape[3]), np.float32)
    for i in range(p):
        for j in range(q):
            for r in range(rows):
                for s in range(columns):
                    out[r, s] += padded[r * stride + i, s * stride + j] @ kernel[j, i]
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "WHIO", "NHWC")
    )[0]
""",
        ],
        "You padded with copies of the border": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)), "edge")
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((rows, columns, kernel.shape[3]), np.float32)
    for r in range(rows):
        for s in range(columns):
            window = padded[r * stride : r * stride + p, s * stride : s * stride + q]
            out[r, s] = np.tensordot(window, kernel, 3)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    rows = jnp.clip(jnp.arange(-padding, x.shape[0] + padding), 0, x.shape[0] - 1)
    columns = jnp.clip(jnp.arange(-padding, x.shape[1] + padding), 0, x.shape[1] - 1)
    return jax.lax.conv_general_dilated(
        x[rows][:, columns][None], kernel, (stride, stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]
""",
        ],
        "You padded twice as much as asked": [
            """
def cross_correlation(x, kernel, stride, padding):
    height, width, channels = x.shape
    padded = np.zeros((height + 4 * padding, width + 4 * padding, channels), np.float32)
    padded[2 * padding : 2 * padding + height, 2 * padding : 2 * padding + width] = x
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((rows, columns, kernel.shape[3]), np.float32)
    for r in range(rows):
        for s in range(columns):
            window = padded[r * stride : r * stride + p, s * stride : s * stride + q]
            out[r, s] = np.tensordot(window, kernel, 3)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), [(2 * padding, 2 * padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]
""",
        ],
        "Your output has its channels first": [
            """
def cross_correlation(x, kernel, stride, padding):
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kernel = np.asarray(kernel)
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    out = np.zeros((kernel.shape[3], rows, columns), np.float32)
    for r in range(rows):
        for s in range(columns):
            window = padded[r * stride : r * stride + p, s * stride : s * stride + q]
            out[:, r, s] = np.tensordot(window, kernel, 3)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NCHW")
    )[0]
""",
        ],
        "Your windows are one pixel": [
            """
def cross_correlation(x, kernel, stride, padding):
    x, kernel = np.asarray(x), np.asarray(kernel)
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    p, q, _, k = kernel.shape
    out = np.zeros(((x.shape[0] - p) // stride + 1, (x.shape[1] - q) // stride + 1, k))
    for r in range(out.shape[0]):
        for s in range(out.shape[1]):
            out[r, s] = np.tensordot(x[r : r + p, s : s + q], kernel, 3)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    x = jnp.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    p, q = kernel.shape[:2]
    rows, columns = (x.shape[0] - p) // stride + 1, (x.shape[1] - q) // stride + 1
    return sum(x[i : i + rows, j : j + columns] @ kernel[i, j] for i in range(p) for j in range(q))
""",
        ],
        "You used the first input": [
            """
def cross_correlation(x, kernel, stride, padding):
    x, kernel = np.asarray(x)[:, :, 0], np.asarray(kernel)[:, :, 0]
    x = np.pad(x, padding)
    p, q, k = kernel.shape
    out = np.zeros(((x.shape[0] - p) // stride + 1, (x.shape[1] - q) // stride + 1, k))
    for r in range(out.shape[0]):
        for s in range(out.shape[1]):
            window = x[stride * r : stride * r + p, stride * s : stride * s + q]
            out[r, s] = np.tensordot(window, kernel, 2)
    return out
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None, :, :, :1], kernel[:, :, :1], (stride, stride), [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )[0]
""",
        ],
        'You padded to the size of "SAME"': [
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]
""",
            """
def cross_correlation(x, kernel, stride, padding):
    x, kernel = np.asarray(x), np.asarray(kernel)
    (h, w), (p, q) = x.shape[:2], kernel.shape[:2]
    rows, columns = -(-h // stride), -(-w // stride)
    down, right = max((rows - 1) * stride + p - h, 0), max((columns - 1) * stride + q - w, 0)
    x = np.pad(x, ((down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0)))
    out = np.zeros((rows, columns, kernel.shape[3]))
    for r in range(rows):
        for s in range(columns):
            out[r, s] = np.tensordot(x[stride * r : stride * r + p, stride * s : stride * s + q], kernel, 3)
    return out
""",
        ],
        "You turned the kernel upside": [
            """
def cross_correlation(x, kernel, stride, padding):
    x, kernel = np.asarray(x), np.asarray(kernel)[::-1]
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))[::stride, ::stride]
    return np.einsum("rscij,ijck->rsk", views, kernel)
""",
            """
def cross_correlation(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x[None], jnp.flip(kernel, axis=0), (stride, stride), [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )[0]
""",
        ],
        "You applied a rectifier to": [
            """
def cross_correlation(x, kernel, stride, padding):
    x, kernel = np.asarray(x), np.asarray(kernel)
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))[::stride, ::stride]
    return np.maximum(np.einsum("rscij,ijck->rsk", views, kernel), 0)
""",
            """
def cross_correlation(x, kernel, stride, padding):
    out = jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return jnp.where(out[0] > 0, out[0], 0.0)
""",
        ],
        "You padded with the opposite": [
            """
def cross_correlation(x, kernel, stride, padding):
    x, kernel = np.asarray(x), np.asarray(kernel)
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)), mode="wrap")
    views = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))[::stride, ::stride]
    return np.einsum("rscij,ijck->rsk", views, kernel)
""",
            """
def cross_correlation(x, kernel, stride, padding):
    (h, w, _), (p, q) = x.shape, kernel.shape[:2]
    rows, columns = (h + 2 * padding - p) // stride + 1, (w + 2 * padding - q) // stride + 1
    r, s = stride * jnp.arange(rows) - padding, stride * jnp.arange(columns) - padding
    return sum(x[(r + i) % h][:, (s + j) % w] @ kernel[i, j] for i in range(p) for j in range(q))
""",
        ],
    },
    "max_pool": {
        "You averaged over the windows": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows, columns = (x.shape[0] - window) // stride + 1, (x.shape[1] - window) // stride + 1
    out = np.zeros((rows, columns, x.shape[2]), np.float32)
    for r in range(rows):
        for s in range(columns):
            out[r, s] = x[r * stride : r * stride + window, s * stride : s * stride + window].mean(axis=(0, 1))
    return out
""",
            """
def max_pool(x, window, stride):
    total = jax.lax.reduce_window(x, 0.0, jax.lax.add, (window, window, 1), (stride, stride, 1), "VALID")
    return total / window**2
""",
        ],
        "Your windows do not overlap": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows, columns = x.shape[0] // window, x.shape[1] // window
    cut = x[: rows * window, : columns * window]
    return cut.reshape(rows, window, columns, window, -1).max(axis=(1, 3))
""",
            """
def max_pool(x, window, stride):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (window, window, 1), (window, window, 1), "VALID")
""",
        ],
        "You forgot the stride": [
            """
def max_pool(x, window, stride):
    view = np.lib.stride_tricks.sliding_window_view(np.asarray(x), (window, window), axis=(0, 1))
    return view.max(axis=(-1, -2))
""",
            """
def max_pool(x, window, stride):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (window, window, 1), (1, 1, 1), "VALID")
""",
        ],
        "You took the maximum over the channels": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows, columns = (x.shape[0] - window) // stride + 1, (x.shape[1] - window) // stride + 1
    out = np.zeros((rows, columns, 1), np.float32)
    for r in range(rows):
        for s in range(columns):
            out[r, s] = x[r * stride : r * stride + window, s * stride : s * stride + window].max()
    return out
""",
            """
def max_pool(x, window, stride):
    brightest = x.max(axis=2, keepdims=True)
    return jax.lax.reduce_window(brightest, -jnp.inf, jax.lax.max, (window, window, 1), (stride, stride, 1), "VALID")
""",
        ],
        "You padded with zeros": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows, columns = -(-(x.shape[0] - window) // stride) + 1, -(-(x.shape[1] - window) // stride) + 1
    bottom, right = (rows - 1) * stride + window - x.shape[0], (columns - 1) * stride + window - x.shape[1]
    x = np.pad(x, ((0, bottom), (0, right), (0, 0)))
    return np.array(
        [
            [
                x[r * stride : r * stride + window, s * stride : s * stride + window].max(axis=(0, 1))
                for s in range(columns)
            ]
            for r in range(rows)
        ]
    )
""",
            """
def max_pool(x, window, stride):
    rows, columns = (math.ceil((size - window) / stride) + 1 for size in x.shape[:2])
    bottom, right = (rows - 1) * stride + window - x.shape[0], (columns - 1) * stride + window - x.shape[1]
    x = jnp.pad(x, ((0, bottom), (0, right), (0, 0)))
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (window, window, 1), (stride, stride, 1), "VALID")
""",
        ],
        "You took the largest magnitude": [
            """
def max_pool(x, window, stride):
    x = np.abs(x)
    rows, columns = (x.shape[0] - window) // stride + 1, (x.shape[1] - window) // stride + 1
    out = np.zeros((rows, columns, x.shape[2]), np.float32)
    for r in range(rows):
        for s in range(columns):
            out[r, s] = x[r * stride : r * stride + window, s * stride : s * stride + window].max(axis=(0, 1))
    return out
""",
            """
def max_pool(x, window, stride):
    size = jnp.sqrt(x**2)
    return jax.lax.reduce_window(size, -jnp.inf, jax.lax.max, (window, window, 1), (stride, stride, 1), "VALID")
""",
        ],
        "You took the smallest value": [
            """
def max_pool(x, window, stride):
    view = np.lib.stride_tricks.sliding_window_view(np.asarray(x), (window, window), axis=(0, 1))
    return view[::stride, ::stride].min(axis=(-1, -2))
""",
            """
def max_pool(x, window, stride):
    return jax.lax.reduce_window(x, jnp.inf, jax.lax.min, (window, window, 1), (stride, stride, 1), "VALID")
""",
        ],
        "You summed over the windows": [
            """
def max_pool(x, window, stride):
    view = np.lib.stride_tricks.sliding_window_view(np.asarray(x), (window, window), axis=(0, 1))
    return view[::stride, ::stride].sum(axis=(-1, -2))
""",
            """
def max_pool(x, window, stride):
    return jax.lax.reduce_window(x, 0.0, jax.lax.add, (window, window, 1), (stride, stride, 1), "VALID")
""",
        ],
        "Your maximum starts from 0": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows, columns = (x.shape[0] - window) // stride + 1, (x.shape[1] - window) // stride + 1
    out = np.zeros((rows, columns, x.shape[2]), np.float32)
    for i in range(window):
        for j in range(window):
            for r in range(rows):
                for s in range(columns):
                    out[r, s] = np.maximum(out[r, s], x[r * stride + i, s * stride + j])
    return out
""",
            """
def max_pool(x, window, stride):
    return jax.lax.reduce_window(x, 0.0, jax.lax.max, (window, window, 1), (stride, stride, 1), "VALID")
""",
        ],
        "Your output is one row and one column short": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows, columns = (x.shape[0] - window) // stride, (x.shape[1] - window) // stride
    out = np.zeros((rows, columns, x.shape[2]), np.float32)
    for r in range(rows):
        for s in range(columns):
            out[r, s] = x[r * stride : r * stride + window, s * stride : s * stride + window].max(axis=(0, 1))
    return out
""",
            """
def max_pool(x, window, stride):
    rows, columns = (x.shape[0] - window) // stride, (x.shape[1] - window) // stride
    places = [(i, j) for i in range(window) for j in range(window)]
    parts = [x[i::stride, j::stride][:rows, :columns] for i, j in places]
    return jnp.max(jnp.stack(parts), axis=0)
""",
        ],
        "You swapped `window` and `stride`": [
            """
def max_pool(x, window, stride):
    views = np.lib.stride_tricks.sliding_window_view(np.asarray(x), (stride, stride), axis=(0, 1))
    return views[::window, ::window].max(axis=(-2, -1))
""",
            """
def max_pool(x, window, stride):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (stride, stride, 1), (window, window, 1), "VALID")
""",
        ],
        "Your last windows reach beyond": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows, columns = range(0, x.shape[0], stride), range(0, x.shape[1], stride)
    return np.stack([np.stack([x[r : r + window, s : s + window].max(axis=(0, 1)) for s in columns]) for r in rows])
""",
            """
def max_pool(x, window, stride):
    rows = []
    for r in range(0, x.shape[0], stride):
        rows.append([])
        for s in range(0, x.shape[1], stride):
            rows[-1].append(jnp.max(x[r : r + window, s : s + window], axis=(0, 1)))
    return jnp.array(rows)
""",
        ],
        'You padded as "SAME" does': [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    sizes = [-(-size // stride) for size in x.shape[:2]]
    more = [max((n - 1) * stride + window - size, 0) for n, size in zip(sizes, x.shape)]
    around = [(one // 2, one - one // 2) for one in more]
    x = np.pad(x, (*around, (0, 0)), constant_values=-np.inf)
    views = np.lib.stride_tricks.sliding_window_view(x, (window, window), axis=(0, 1))
    return views[::stride, ::stride].max(axis=(-2, -1))
""",
            """
def max_pool(x, window, stride):
    sizes, steps = (1, window, window, 1), (1, stride, stride, 1)
    pooled = jax.lax.reduce_window(x[None], -jnp.inf, jax.lax.max, sizes, steps, "SAME")
    return pooled[0]
""",
        ],
        "Your output has no axis": [
            """
def max_pool(x, window, stride):
    views = np.lib.stride_tricks.sliding_window_view(np.asarray(x), (window, window), axis=(0, 1))
    return views[::stride, ::stride].max(axis=(2, 3, 4))
""",
            """
def max_pool(x, window, stride):
    rows = range((x.shape[0] - window) // stride + 1)
    columns = range((x.shape[1] - window) // stride + 1)
    def largest(r, s):
        return jnp.max(x[stride * r : stride * r + window, stride * s : stride * s + window])
    return jnp.array([[largest(r, s) for s in columns] for r in rows])
""",
        ],
        "You pooled along the rows": [
            """
def max_pool(x, window, stride):
    views = np.lib.stride_tricks.sliding_window_view(np.asarray(x), window, axis=0)
    return views[::stride, ::stride].max(axis=-1)
""",
            """
def max_pool(x, window, stride):
    rows = range((x.shape[0] - window) // stride + 1)
    return jnp.stack([jnp.max(x[stride * r : stride * r + window, ::stride], axis=0) for r in rows])
""",
        ],
        "You took the upper left": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    return x[: x.shape[0] - window + 1 : stride, : x.shape[1] - window + 1 : stride]
""",
            """
def max_pool(x, window, stride):
    rows = range((x.shape[0] - window) // stride + 1)
    columns = range((x.shape[1] - window) // stride + 1)
    return jnp.stack([jnp.stack([x[stride * r, stride * s] for s in columns]) for r in rows])
""",
        ],
        "Your windows are one row": [
            """
def max_pool(x, window, stride):
    x = np.asarray(x)
    rows = range((x.shape[0] - window) // stride + 1)
    columns = range((x.shape[1] - window) // stride + 1)
    def largest(r, s):
        return x[stride * r : stride * r + window - 1, stride * s : stride * s + window - 1].max(axis=(0, 1))
    return np.stack([np.stack([largest(r, s) for s in columns]) for r in rows])
""",
            """
def max_pool(x, window, stride):
    rows, columns = (x.shape[0] - window) // stride, (x.shape[1] - window) // stride
    shifted = [
        x[i : i + stride * rows + 1 : stride, j : j + stride * columns + 1 : stride]
        for i in range(window - 1)
        for j in range(window - 1)
    ]
    return jnp.max(jnp.stack(shifted), axis=0)
""",
        ],
    },
    "output_size": {
        "You are one short": [
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return (size + 2 * padding - span) // stride
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.floor((size + 2 * padding - (dilation * (kernel - 1) + 1)) / stride))
""",
        ],
        "You counted the padding once": [
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return (size + padding - span) // stride + 1
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return 1 + int(np.floor((padding + size - 1 - dilation * (kernel - 1)) / stride))
""",
        ],
        "You rounded up": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.ceil((size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1))
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    return (room + stride - 1) // stride + 1
""",
        ],
        "You forgot the dilation": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.floor((size - kernel + 2 * padding) / stride)) + 1
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return sum(1 for start in range(0, size + 2 * padding, stride) if start + kernel <= size + 2 * padding)
""",
        ],
        "Your dilated kernel spans dilation * kernel": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.floor((size + 2 * padding - dilation * kernel) / stride + 1))
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * kernel
    return len(range(0, size + 2 * padding - span + 1, stride))
""",
        ],
        "You returned a float": [
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return 1 + (size + 2 * padding - span) / stride
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return np.divide(size + 2 * padding - dilation * (kernel - 1) - 1, stride) + 1
""",
        ],
        "You are one too many": [
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1)
    return 1 + (size + 2 * padding - span) // stride
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.floor((size - dilation * (kernel - 1) + 2 * padding) / stride) + 1)
""",
        ],
        "You added the 1 before dividing": [
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return (size + 2 * padding - span + 1) // stride
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.floor((size + 2 * padding - dilation * (kernel - 1)) / stride))
""",
        ],
        "You rounded to the nearest": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride)) + 1
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return 1 + round((size + 2 * padding - span) / stride)
""",
        ],
        "You left out the padding": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.floor((size - dilation * (kernel - 1) - 1) / stride)) + 1
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return len([start for start in range(0, size, stride) if start + span <= size])
""",
        ],
        "You forgot the stride: divide": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.arange(size + 2 * padding - dilation * (kernel - 1)).size)
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    count = 0
    while count + dilation * (kernel - 1) < size + 2 * padding:
        count += 1
    return count
""",
        ],
        "You divided the last term": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return size + 2 * padding - dilation * (kernel - 1) - int(np.floor(1 / stride)) + 1
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    last = 1 // stride
    return (size + 2 * padding - dilation * (kernel - 1) - last) + 1
""",
        ],
        "You took the dilation for": [
            """
def output_size(size, kernel, stride, padding, dilation):
    span = kernel + dilation * (kernel - 1)
    return int(np.floor((size + 2 * padding - span) / stride)) + 1
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return len(range(0, size + 2 * padding - (dilation + 1) * (kernel - 1), stride))
""",
        ],
        "You rounded size / stride": [
            "def output_size(size, kernel, stride, padding, dilation): return int(np.ceil(size / stride))",
            "def output_size(size, kernel, stride, padding, dilation): return len(range(0, size, stride))",
        ],
        "You subtracted the padding: it": [
            """
def output_size(size, kernel, stride, padding, dilation):
    return int(np.floor((size - 2 * padding - dilation * (kernel - 1) - 1) / stride)) + 1
""",
            """
def output_size(size, kernel, stride, padding, dilation):
    return len(range(0, size - 2 * padding - dilation * (kernel - 1), stride))
""",
        ],
    },
    "receptive_field": {
        "You counted a layer's own stride": [
            """
def receptive_field(kernels, strides, dilations):
    return 1 + np.sum(np.asarray(dilations) * (np.asarray(kernels) - 1) * np.cumprod(strides))
""",
            """
def receptive_field(kernels, strides, dilations):
    size, jump = 1, 1
    for k, s, d in zip(kernels, strides, dilations):
        jump = jump * s
        size = size + d * (k - 1) * jump
    return size
""",
        ],
        "You forgot the strides": [
            """
def receptive_field(kernels, strides, dilations):
    return 1 + np.dot(np.asarray(dilations), np.asarray(kernels) - 1)
""",
            """
def receptive_field(kernels, strides, dilations):
    size = 1
    for k, d in zip(kernels, dilations):
        size = size + d * (k - 1)
    return size
""",
        ],
        "You are one pixel short": [
            """
def receptive_field(kernels, strides, dilations):
    before = np.concatenate([[1], np.cumprod(strides)[:-1]])
    return np.sum(np.asarray(dilations) * (np.asarray(kernels) - 1) * before)
""",
            """
def receptive_field(kernels, strides, dilations):
    size, jump = 0, 1
    for k, s, d in zip(kernels, strides, dilations):
        size = size + d * (k - 1) * jump
        jump = jump * s
    return size
""",
        ],
        "You added whole kernels": [
            """
def receptive_field(kernels, strides, dilations):
    before = np.concatenate([[1], np.cumprod(strides)[:-1]])
    return 1 + np.sum(np.asarray(dilations) * np.asarray(kernels) * before)
""",
            """
def receptive_field(kernels, strides, dilations):
    size, jump = 1, 1
    for k, s, d in zip(kernels, strides, dilations):
        size = size + d * k * jump
        jump = jump * s
    return size
""",
        ],
        "You forgot the dilation": [
            """
def receptive_field(kernels, strides, dilations):
    before = np.concatenate([[1], np.cumprod(strides)[:-1]])
    return 1 + np.sum((np.asarray(kernels) - 1) * before)
""",
            """
def receptive_field(kernels, strides, dilations):
    size, jump = 1, 1
    for k, s in zip(kernels, strides):
        size = size + (k - 1) * jump
        jump = jump * s
    return size
""",
        ],
        "You used only the stride of the layer just before": [
            """
def receptive_field(kernels, strides, dilations):
    before = np.append(1, np.asarray(strides)[:-1])
    return 1 + np.sum(np.asarray(dilations) * (np.asarray(kernels) - 1) * before)
""",
            """
def receptive_field(kernels, strides, dilations):
    size = 1 + dilations[0] * (kernels[0] - 1)
    for i in range(1, len(kernels)):
        size = size + dilations[i] * (kernels[i] - 1) * strides[i - 1]
    return size
""",
        ],
        "You multiplied each step by the strides of the layers after": [
            """
def receptive_field(kernels, strides, dilations):
    after = np.append(np.cumprod(np.asarray(strides)[::-1])[::-1][1:], 1)
    return 1 + np.sum(np.asarray(dilations) * (np.asarray(kernels) - 1) * after)
""",
            """
def receptive_field(kernels, strides, dilations):
    size = 1
    for k, s, d in zip(kernels, strides, dilations):
        size = (size - 1) * s + d * (k - 1) + 1
    return size
""",
        ],
        "You multiplied every step by all strides": [
            """
def receptive_field(kernels, strides, dilations):
    return 1 + np.prod(strides) * np.sum(np.asarray(dilations) * (np.asarray(kernels) - 1))
""",
            """
def receptive_field(kernels, strides, dilations):
    size, jump = 1, 1
    for s in strides:
        jump = jump * s
    for k, d in zip(kernels, dilations):
        size = size + d * (k - 1) * jump
    return size
""",
        ],
        "Your dilated kernel adds dilation * kernel - 1": [
            """
def receptive_field(kernels, strides, dilations):
    before = np.concatenate([[1], np.cumprod(strides)[:-1]])
    return 1 + np.sum((np.asarray(dilations) * np.asarray(kernels) - 1) * before)
""",
            """
def receptive_field(kernels, strides, dilations):
    size, jump = 1, 1
    for k, s, d in zip(kernels, strides, dilations):
        size = size + (d * k - 1) * jump
        jump = jump * s
    return size
""",
        ],
        "You added the strides of": [
            """
def receptive_field(kernels, strides, dilations):
    before = np.concatenate([[1], np.cumsum(strides)[:-1]])
    return 1 + np.sum(np.asarray(dilations) * (np.asarray(kernels) - 1) * before)
""",
            """
def receptive_field(kernels, strides, dilations):
    field = 1 + dilations[0] * (kernels[0] - 1)
    for l in range(1, len(kernels)):
        field = field + dilations[l] * (kernels[l] - 1) * sum(strides[:l])
    return field
""",
        ],
        "You multiplied the dilations of": [
            """
def receptive_field(kernels, strides, dilations):
    step = np.asarray(strides) * np.asarray(dilations)
    before = np.concatenate([[1], np.cumprod(step)[:-1]])
    return 1 + np.sum(np.asarray(dilations) * (np.asarray(kernels) - 1) * before)
""",
            """
def receptive_field(kernels, strides, dilations):
    field, step = 1, 1
    for k, s, d in zip(kernels, strides, dilations):
        field += (k - 1) * d * step
        step *= s * d
    return field
""",
        ],
        "You left out the last": [
            """
def receptive_field(kernels, strides, dilations):
    k, s, d = np.asarray(kernels)[:-1], np.asarray(strides)[:-1], np.asarray(dilations)[:-1]
    return 1 + np.sum(d * (k - 1) * (np.cumprod(s) // s))
""",
            """
def receptive_field(kernels, strides, dilations):
    field, step = 1, 1
    for l in range(len(kernels) - 1):
        field += (kernels[l] - 1) * dilations[l] * step
        step *= strides[l]
    return field
""",
        ],
    },
}
