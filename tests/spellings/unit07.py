"""Known mistakes of sheet 7, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "soft_threshold": {
        "You shrink beyond zero": [
            """
def soft_threshold(v, threshold):
    v = np.asarray(v)
    return np.sign(v) * (np.abs(v) - threshold)
""",
            """
def soft_threshold(v, threshold):
    return jnp.array([a - threshold if a > 0 else a + threshold if a < 0 else a for a in v])
""",
        ],
        "You set small entries to zero but leave": [
            """
def soft_threshold(v, threshold):
    out = np.array(v)
    out[np.abs(out) <= threshold] = 0
    return out
""",
            """
def soft_threshold(v, threshold):
    return v * (jnp.abs(v) > threshold)
""",
        ],
        "You lost the sign": [
            """
def soft_threshold(v, threshold):
    return np.clip(np.abs(v) - threshold, 0, None)
""",
            """
def soft_threshold(v, threshold):
    return jnp.stack([jnp.where(abs(a) > threshold, abs(a) - threshold, 0.0) for a in v])
""",
        ],
        "You set all negative entries to zero": [
            """
def soft_threshold(v, threshold):
    return np.maximum(0, np.asarray(v) - threshold)
""",
            """
def soft_threshold(v, threshold):
    return jax.nn.relu(v - threshold)
""",
        ],
        "You subtract the threshold from all": [
            """
def soft_threshold(v, threshold):
    return np.asarray(v) - threshold
""",
            """
def soft_threshold(v, threshold):
    return [float(a) - threshold for a in v]
""",
        ],
        "You move every entry that is not above": [
            """
def soft_threshold(v, threshold):
    return np.array([a - threshold if a > threshold else a + threshold for a in np.asarray(v)])
""",
            """
def soft_threshold(v, threshold):
    return v + threshold * (1 - 2 * (v > threshold))
""",
        ],
        "You move every entry that is not below": [
            """
def soft_threshold(v, threshold):
    return np.array([a + threshold if a < -threshold else a - threshold for a in np.asarray(v)])
""",
            """
def soft_threshold(v, threshold):
    return jnp.where(v >= -threshold, v - threshold, v + threshold)
""",
        ],
        "You leave small entries as they are": [
            """
def soft_threshold(v, threshold):
    out = np.array(v)
    out[out > threshold] -= threshold
    out[np.asarray(v) < -threshold] += threshold
    return out
""",
            """
def soft_threshold(v, threshold):
    out = []
    for a in v:
        if a > threshold:
            a = a - threshold
        elif a < -threshold:
            a = a + threshold
        out.append(a)
    return jnp.stack(out)
""",
        ],
        "You cut at the threshold": [
            """
def soft_threshold(v, threshold):
    return np.sign(v) * np.minimum(np.abs(v), threshold)
""",
            """
def soft_threshold(v, threshold):
    return jnp.where(v > threshold, threshold, jnp.where(v < -threshold, -threshold, v))
""",
        ],
        "You move the large entries away": [
            """
def soft_threshold(v, threshold):
    return np.array([a + threshold if a > threshold else a - threshold if a < -threshold else 0.0 for a in v])
""",
            """
def soft_threshold(v, threshold):
    return jnp.where(v > threshold, v + threshold, jnp.where(v < -threshold, v - threshold, 0))
""",
        ],
        "You subtract the threshold from entries below -t, too": [
            """
def soft_threshold(v, threshold):
    v = np.asarray(v)
    return np.where(np.abs(v) > threshold, v - threshold, 0)
""",
            """
def soft_threshold(v, threshold):
    return jnp.stack([jnp.where(abs(a) <= threshold, 0.0, a - threshold) for a in v])
""",
        ],
        "You divided by |v|, which gives NaN for an entry of 0": [
            """
def soft_threshold(v, threshold):
    v = np.asarray(v)
    return v * np.maximum(np.abs(v) - threshold, 0) / np.abs(v)
""",
            """
def soft_threshold(v, threshold):
    return jnp.stack([a / abs(a) * jax.nn.relu(abs(a) - threshold) for a in v])
""",
        ],
        "You divided by 1 + t, which is the shrinkage of ridge": [
            """
def soft_threshold(v, threshold):
    return np.asarray(v) / (1 + threshold)
""",
            """
def soft_threshold(v, threshold):
    return jnp.array([a / (threshold + 1) for a in v])
""",
        ],
    },
    "ridge": {
        "You left the penalty out": [
            """
def ridge(x, y, alpha):
    return np.linalg.pinv(np.asarray(x)) @ np.asarray(y)
""",
            """
def ridge(x, y, alpha):
    return jnp.linalg.solve(x.T @ x, x.T @ y)
""",
        ],
        "You added alpha to every entry": [
            """
def ridge(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + alpha, x.T @ y)
""",
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.inv(x.T.dot(x) + alpha).dot(x.T.dot(y))
""",
        ],
        "Your penalty is n times too strong": [
            """
def ridge(x, y, alpha):
    n, d = x.shape
    return jnp.linalg.solve(x.T @ x / n + alpha * jnp.eye(d), x.T @ y / n)
""",
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    n, d = x.shape
    return np.linalg.inv(x.T @ x + n * alpha * np.identity(d)) @ x.T @ y
""",
        ],
        "You divided X^T X by n, but not": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    a = x.T @ x / x.shape[0]
    a[np.diag_indices(len(a))] += alpha
    return np.linalg.solve(a, x.T @ y)
""",
            """
def ridge(x, y, alpha):
    gram = jnp.mean(x[:, :, None] * x[:, None, :], axis=0)
    return jnp.linalg.inv(gram + alpha * jnp.eye(len(gram))) @ (y @ x)
""",
        ],
        "Your penalty is half of the right one": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.solve(2 * x.T @ x + alpha * np.eye(x.shape[1]), 2 * x.T @ y)
""",
            """
def ridge(x, y, alpha):
    return jnp.linalg.inv(x.T @ x + 0.5 * alpha * jnp.eye(x.shape[1])) @ x.T @ y
""",
        ],
        "Your penalty is twice the right one": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.solve(x.T @ x + 2 * alpha * np.eye(x.shape[1]), x.T @ y)
""",
            """
def ridge(x, y, alpha):
    d = x.shape[1]
    return jnp.linalg.inv(x.T @ x / 2 + alpha * jnp.eye(d)) @ (x.T @ y) / 2
""",
        ],
        "You subtracted the penalty": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.solve(x.T @ x - np.diag(np.full(x.shape[1], alpha)), x.T @ y)
""",
            """
def ridge(x, y, alpha):
    return jnp.linalg.inv(alpha * jnp.eye(x.shape[1]) - x.T @ x) @ (-x.T @ y)
""",
        ],
        "You multiplied by the matrix": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.dot(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ y)
""",
            """
def ridge(x, y, alpha):
    right = x.T @ y
    return x.T @ (x @ right) + alpha * right
""",
        ],
        "You squared alpha, or appended": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.solve(x.T @ x + alpha**2 * np.eye(x.shape[1]), x.T @ y)
""",
            """
def ridge(x, y, alpha):
    d = x.shape[1]
    rows = jnp.concatenate([x, alpha * jnp.eye(d)])
    return jnp.linalg.lstsq(rows, jnp.concatenate([y, jnp.zeros(d)]))[0]
""",
        ],
        "You centered the data": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    x, y = x - np.mean(x, axis=0), y - np.mean(y)
    return np.linalg.inv(x.T @ x + alpha * np.eye(x.shape[1])) @ x.T @ y
""",
            """
def ridge(x, y, alpha):
    z = x - x.mean(0)
    return jnp.linalg.solve(z.T @ z + alpha * jnp.eye(x.shape[1]), z.T @ y)
""",
        ],
        "Your penalty is n times too weak": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.inv(x.T @ x + alpha / len(x) * np.eye(x.shape[1])) @ x.T @ y
""",
            """
def ridge(x, y, alpha):
    n, d = x.shape
    return jnp.linalg.solve(n * x.T @ x + alpha * jnp.eye(d), n * x.T @ y)
""",
        ],
        "You took the root of alpha": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.solve(x.T @ x + np.sqrt(alpha) * np.eye(x.shape[1]), x.T @ y)
""",
            """
def ridge(x, y, alpha):
    d = x.shape[1]
    rows = jnp.concatenate([x, alpha**0.25 * jnp.eye(d)])
    return jnp.linalg.lstsq(rows, jnp.concatenate([y, jnp.zeros(d)]))[0]
""",
        ],
        "You left the first weight without a penalty": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    penalty = alpha * np.eye(x.shape[1])
    penalty[0, 0] = 0
    return np.linalg.solve(x.T @ x + penalty, x.T @ y)
""",
            """
def ridge(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + jnp.diag(jnp.array([0.0] + [alpha] * (x.shape[1] - 1))), x.T @ y)
""",
        ],
        "You added an intercept, a column of ones": [
            """
def ridge(x, y, alpha):
    a = np.column_stack([np.ones(len(x)), np.asarray(x)])
    return np.linalg.solve(a.T @ a + alpha * np.eye(a.shape[1]), a.T @ np.asarray(y))[1:]
""",
            """
def ridge(x, y, alpha):
    a = jnp.hstack([x, jnp.ones((x.shape[0], 1))])
    return jnp.linalg.solve(a.T @ a + alpha * jnp.eye(x.shape[1] + 1), a.T @ y)[:-1]
""",
        ],
        "You fitted each feature alone": [
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return (x.T @ y) / ((x**2).sum(0) + alpha)
""",
            """
def ridge(x, y, alpha):
    return jnp.stack([c @ y / (c @ c + alpha) for c in x.T])
""",
        ],
    },
    "ista_step": {
        "You used alpha itself as the threshold": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = w - step * x.T @ (x @ w - y) / len(y)
    return np.sign(w) * np.maximum(np.abs(w) - alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = jax.grad(lambda w: 0.5 * jnp.mean((y - x @ w) ** 2))(weights)
    return soft_threshold(weights - step * slope, alpha)
""",
        ],
        "You forgot the factor 1/n": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = w - step * x.T @ (x @ w - y)
    return np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = jax.grad(lambda w: 0.5 * jnp.sum((y - x @ w) ** 2))(weights)
    return soft_threshold(weights - step * slope, step * alpha)
""",
        ],
        "Your step goes uphill": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = w - step * x.T @ (y - x @ w) / len(y)
    return np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = jax.grad(lambda w: 0.5 * jnp.mean((y - x @ w) ** 2))(weights)
    return soft_threshold(weights + step * slope, step * alpha)
""",
        ],
        "Your gradient is twice the right one": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = w - step * 2 / len(y) * x.T @ (x @ w - y)
    return np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = jax.grad(lambda w: jnp.mean((y - x @ w) ** 2))(weights)
    return soft_threshold(weights - step * slope, step * alpha)
""",
        ],
        "You used the gradient of the absolute value": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    return w - step * x.T @ (x @ w - y) / len(y) - step * alpha * np.sign(w)
""",
            """
def ista_step(weights, x, y, alpha, step):
    def loss(w):
        return jnp.sum((y - x @ w) ** 2) / (2 * len(y)) + alpha * jnp.sum(jnp.abs(w))

    return weights - step * jax.grad(loss)(weights)
""",
        ],
        "Your gradient is that of the plain sum": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = w + 2 * step * x.T @ (y - x @ w)
    return np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = jax.grad(lambda w: jnp.sum((y - x @ w) ** 2))(weights)
    return soft_threshold(weights - step * slope, step * alpha)
""",
        ],
        "You went uphill and forgot the factor 1/n": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = w - step * x.T @ (y - x @ w)
    return np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = sum((x[i] @ weights - y[i]) * x[i] for i in range(len(y)))
    return soft_threshold(weights + step * slope, alpha * step)
""",
        ],
        "You applied the soft threshold first": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
    return w - step * x.T @ (x @ w - y) / len(y)
""",
            """
def ista_step(weights, x, y, alpha, step):
    small = soft_threshold(weights, alpha * step)
    return small - step * jax.grad(lambda w: jnp.mean((y - x @ w) ** 2) / 2)(small)
""",
        ],
        "You left the step size out of the gradient": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    w = w - x.T @ (x @ w - y) / len(y)
    return np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = jax.grad(lambda w: 0.5 * jnp.mean((y - x @ w) ** 2))(weights)
    return soft_threshold(weights - slope, step * alpha)
""",
        ],
        "You divided the penalty by n as well": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    rate = step / len(y)
    w = w - rate * x.T @ (x @ w - y)
    return np.sign(w) * np.maximum(np.abs(w) - rate * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    slope = jax.grad(lambda w: 0.5 * jnp.mean((y - x @ w) ** 2))(weights)
    return soft_threshold(weights - step * slope, step * alpha / x.shape[0])
""",
        ],
        "You took only the gradient step": [
            """
def ista_step(weights, x, y, alpha, step):
    w, x, y = np.asarray(weights), np.asarray(x), np.asarray(y)
    return w + step / len(y) * (y - x @ w) @ x
""",
            """
def ista_step(weights, x, y, alpha, step):
    return weights - step * jax.grad(lambda w: 0.5 * jnp.mean((y - x @ w) ** 2))(weights)
""",
        ],
        "You left alpha out of the threshold": [
            """
def ista_step(weights, x, y, alpha, step):
    x, w = np.asarray(x), np.asarray(weights)
    z = w - step * x.T @ (x @ w - np.asarray(y)) / len(y)
    return np.sign(z) * np.maximum(np.abs(z) - step, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    z = weights - step * sum((a @ weights - b) * a for a, b in zip(x, y)) / len(y)
    return z - jnp.clip(z, -step, step)
""",
        ],
        "Your gradient is half of the right one": [
            """
def ista_step(weights, x, y, alpha, step):
    x, w = np.asarray(x), np.asarray(weights)
    z = w - step * x.T @ (x @ w - np.asarray(y)) / (2 * len(y))
    return np.sign(z) * np.maximum(np.abs(z) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    z = weights - step * sum((a @ weights - b) * a for a, b in zip(x, y)) / 2 / len(y)
    return z - jnp.clip(z, -step * alpha, step * alpha)
""",
        ],
        "You divided by the number of features": [
            """
def ista_step(weights, x, y, alpha, step):
    x, w = np.asarray(x), np.asarray(weights)
    z = w - step * x.T @ (x @ w - np.asarray(y)) / len(w)
    return np.sign(z) * np.maximum(np.abs(z) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    z = weights - step * sum((a @ weights - b) * a for a, b in zip(x, y)) / len(weights)
    return z - jnp.clip(z, -step * alpha, step * alpha)
""",
        ],
        "You set small weights to zero but leave the large ones": [
            """
def ista_step(weights, x, y, alpha, step):
    x, w = np.asarray(x), np.asarray(weights)
    z = w - step * x.T @ (x @ w - np.asarray(y)) / len(y)
    z[np.abs(z) <= step * alpha] = 0
    return z
""",
            """
def ista_step(weights, x, y, alpha, step):
    z = weights - step * sum((a @ weights - b) * a for a, b in zip(x, y)) / len(y)
    return z * (jnp.abs(z) > step * alpha)
""",
        ],
        "You applied the soft threshold to the old weights": [
            """
def ista_step(weights, x, y, alpha, step):
    x, w = np.asarray(x), np.asarray(weights)
    small = np.sign(w) * np.maximum(np.abs(w) - step * alpha, 0)
    return small - step * x.T @ (x @ w - np.asarray(y)) / len(y)
""",
            """
def ista_step(weights, x, y, alpha, step):
    g = sum((a @ weights - b) * a for a, b in zip(x, y)) / len(y)
    return weights - jnp.clip(weights, -step * alpha, step * alpha) - step * g
""",
        ],
        "You applied the soft threshold to the step alone": [
            """
def ista_step(weights, x, y, alpha, step):
    x, w = np.asarray(x), np.asarray(weights)
    z = step * x.T @ (np.asarray(y) - x @ w) / len(y)
    return w + np.sign(z) * np.maximum(np.abs(z) - step * alpha, 0)
""",
            """
def ista_step(weights, x, y, alpha, step):
    z = -step * sum((a @ weights - b) * a for a, b in zip(x, y)) / len(y)
    return weights + z - jnp.clip(z, -step * alpha, step * alpha)
""",
        ],
    },
    "bias_variance": {
        "You averaged over the points": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    return (f.mean(axis=1) - truth) ** 2, f.var(axis=1)
""",
            """
def bias_variance(predictions, truth):
    mean = predictions.mean(-1)
    return jnp.square(truth - mean), ((predictions - mean[:, None]) ** 2).mean(-1)
""",
        ],
        "Your means are over the points": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    mean = np.mean(f, axis=1)
    return (mean - truth) ** 2, np.mean((f - mean) ** 2, axis=1)
""",
            """
def bias_variance(predictions, truth):
    m = predictions.shape[1]
    mean = jnp.sum(predictions, axis=1) / m
    return (truth - mean) ** 2, jnp.sum((predictions - mean) ** 2, axis=1) / m
""",
        ],
        "Your mean prediction is over the points": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    mean = np.mean(f, axis=1)
    return (mean - truth) ** 2, np.mean((f - mean) ** 2, axis=0)
""",
            """
def bias_variance(predictions, truth):
    mean = jnp.array([row.mean() for row in predictions])
    return (truth - mean) ** 2, jnp.mean(jnp.square(predictions - mean), axis=0)
""",
        ],
        "Your variance is over the points": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    mean = np.mean(f, axis=0)
    return (mean - truth) ** 2, np.mean((f - mean) ** 2, axis=1)
""",
            """
def bias_variance(predictions, truth):
    mean = predictions.mean(0)
    return (mean - truth) ** 2, jnp.array([jnp.mean((row - mean) ** 2) for row in predictions])
""",
        ],
        "You averaged over everything": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    return (f.mean() - truth) ** 2, np.mean((f - f.mean()) ** 2, axis=0)
""",
            """
def bias_variance(predictions, truth):
    mean = jnp.sum(predictions) / predictions.size
    return (truth - mean) ** 2, jnp.sum((predictions - mean) ** 2, axis=0) / len(predictions)
""",
        ],
        "Your bias is not squared": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    return np.mean(f, axis=0) - truth, np.var(f, axis=0)
""",
            """
def bias_variance(predictions, truth):
    return (predictions - truth).mean(0), predictions.var(0)
""",
        ],
        "You divided the variance by r - 1": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    return (f.mean(axis=0) - truth) ** 2, f.var(axis=0, ddof=1)
""",
            """
def bias_variance(predictions, truth):
    r = len(predictions)
    mean = sum(predictions) / r
    return (mean - truth) ** 2, sum((row - mean) ** 2 for row in predictions) / (r - 1)
""",
        ],
        "Your variance is the whole error": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    return (f.mean(axis=0) - truth) ** 2, ((f - truth) ** 2).mean(axis=0)
""",
            """
def bias_variance(predictions, truth):
    bias2 = (predictions.mean(0) - truth) ** 2
    return bias2, bias2 + predictions.var(0)
""",
        ],
        "Your squared bias is the whole error": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    return np.mean(np.square(f - truth), axis=0), np.var(f, axis=0)
""",
            """
def bias_variance(predictions, truth):
    bias2 = sum((row - truth) ** 2 for row in predictions) / len(predictions)
    return bias2, jnp.var(predictions, axis=0)
""",
        ],
        "You summed the squares": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    mean = f.mean(axis=0)
    return (mean - truth) ** 2, np.sum((f - mean) ** 2, axis=0)
""",
            """
def bias_variance(predictions, truth):
    mean = predictions.mean(0)
    return (mean - truth) ** 2, sum((row - mean) ** 2 for row in predictions)
""",
        ],
        "You returned the standard deviation": [
            """
def bias_variance(predictions, truth):
    f, truth = np.asarray(predictions), np.asarray(truth)
    return (f.mean(axis=0) - truth) ** 2, f.std(axis=0)
""",
            """
def bias_variance(predictions, truth):
    mean = predictions.mean(0)
    return (mean - truth) ** 2, jnp.sqrt(jnp.mean((predictions - mean) ** 2, 0))
""",
        ],
        "You took the magnitude of the bias": [
            """
def bias_variance(predictions, truth):
    p = np.asarray(predictions)
    return np.abs(p.mean(axis=0) - truth), p.var(axis=0)
""",
            """
def bias_variance(predictions, truth):
    return jnp.stack([abs(jnp.mean(c) - t) for c, t in zip(predictions.T, truth)]), jnp.var(predictions, axis=0)
""",
        ],
        "You took the median of the predictions": [
            """
def bias_variance(predictions, truth):
    p = np.asarray(predictions)
    m = np.median(p, axis=0)
    return (m - truth) ** 2, ((p - m) ** 2).mean(axis=0)
""",
            """
def bias_variance(predictions, truth):
    m = jnp.stack([jnp.median(c) for c in predictions.T])
    return (truth - m) ** 2, jnp.stack([jnp.mean((c - a) ** 2) for c, a in zip(predictions.T, m)])
""",
        ],
        "Your variance has distances instead of their squares": [
            """
def bias_variance(predictions, truth):
    p = np.asarray(predictions)
    m = p.mean(axis=0)
    return (m - truth) ** 2, np.abs(p - m).mean(axis=0)
""",
            """
def bias_variance(predictions, truth):
    m = jnp.mean(predictions, axis=0)
    return (m - truth) ** 2, sum(jnp.abs(row - m) for row in predictions) / len(predictions)
""",
        ],
    },
    "gini": {
        "You squared the counts": [
            """
def gini(counts):
    return 1 - np.sum(np.asarray(counts) ** 2)
""",
            """
def gini(counts):
    return 1 - counts @ counts
""",
        ],
        "You returned the sum of the squared shares": [
            """
def gini(counts):
    p = np.asarray(counts) / np.sum(counts)
    return np.sum(p**2)
""",
            """
def gini(counts):
    total = sum(counts)
    return sum((c / total) ** 2 for c in counts)
""",
        ],
        "This is the entropy:": [
            """
def gini(counts):
    p = np.asarray(counts) / np.sum(counts)
    return -np.sum(p * np.log(p))
""",
            """
def gini(counts):
    p = counts / counts.sum()
    return jax.scipy.special.entr(p).sum()
""",
        ],
        "This is the entropy in bits": [
            """
def gini(counts):
    p = np.asarray(counts) / np.sum(counts)
    return -sum(q * np.log2(q) for q in p if q > 0)
""",
            """
def gini(counts):
    p = counts / counts.sum()
    return -jnp.sum(p * jnp.log2(p))
""",
        ],
        "Your answer is always 0": [
            """
def gini(counts):
    p = np.asarray(counts) / np.sum(counts)
    return 1 - np.sum(p) ** 2
""",
            """
def gini(counts):
    p = counts / counts.sum()
    return 1 - jnp.square(p.sum())
""",
        ],
        "You averaged the squared shares": [
            """
def gini(counts):
    p = np.asarray(counts) / np.sum(counts)
    return 1 - np.mean(p**2)
""",
            """
def gini(counts):
    p = counts / counts.sum()
    return 1 - p @ p / len(p)
""",
        ],
        "You returned one number for each class": [
            """
def gini(counts):
    p = np.asarray(counts) / np.sum(counts)
    return 1 - p**2
""",
            """
def gini(counts):
    return jnp.array([1 - (c / counts.sum()) ** 2 for c in counts])
""",
        ],
        "You took the softmax": [
            """
def gini(counts):
    e = np.exp(np.asarray(counts))
    p = e / e.sum()
    return 1 - np.sum(p**2)
""",
            """
def gini(counts):
    p = jax.nn.softmax(counts)
    return 1 - p @ p
""",
        ],
        "This is the error rate": [
            """
def gini(counts):
    p = np.asarray(counts) / np.sum(counts)
    return 1 - np.max(p)
""",
            """
def gini(counts):
    return 1 - max(counts) / sum(counts)
""",
        ],
        "You divided by the number of classes": [
            """
def gini(counts):
    p = np.asarray(counts) / np.size(counts)
    return 1 - np.sum(p**2)
""",
            """
def gini(counts):
    k = counts.shape[0]
    return 1 - sum((c / k) ** 2 for c in counts)
""",
        ],
        "Your formula holds for two classes only": [
            """
def gini(counts):
    p = np.asarray(counts)[0] / np.sum(counts)
    return 1 - p**2 - (1 - p) ** 2
""",
            """
def gini(counts):
    p = counts[0] / sum(counts)
    return 2 * p * (1 - p)
""",
        ],
        "You multiplied the shares of all classes, which works for two only": [
            """
def gini(counts):
    return 2 * np.prod(np.asarray(counts) / np.sum(counts))
""",
            """
def gini(counts):
    product = 2.0
    for c in counts:
        product = product * c / sum(counts)
    return product
""",
        ],
        "You took the root of the sum of squares": [
            """
def gini(counts):
    return 1 - np.linalg.norm(counts) / np.sum(counts)
""",
            """
def gini(counts):
    return 1 - jnp.sqrt(sum((c / sum(counts)) ** 2 for c in counts))
""",
        ],
        "You multiplied by the number of samples": [
            """
def gini(counts):
    c = np.asarray(counts)
    return c.sum() - (c**2).sum() / c.sum()
""",
            """
def gini(counts):
    return sum(c * (1 - c / sum(counts)) for c in counts)
""",
        ],
        "You divided by the largest count": [
            """
def gini(counts):
    c = np.asarray(counts)
    return 1 - np.sum((c / c.max()) ** 2)
""",
            """
def gini(counts):
    return 1 - sum((c / max(counts)) ** 2 for c in counts)
""",
        ],
        "You drew two samples without replacement": [
            """
def gini(counts):
    c = np.asarray(counts)
    return 1 - np.sum(c * (c - 1)) / (c.sum() * (c.sum() - 1))
""",
            """
def gini(counts):
    n = sum(counts)
    return 1 - sum(c / n * (c - 1) / (n - 1) for c in counts)
""",
        ],
    },
    "best_split": {
        "You returned the value of a sample": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    best, cost = None, np.inf
    for c in np.sort(x)[:-1]:
        left, right = y[x <= c], y[x > c]
        new = np.sum((left - left.mean()) ** 2) + np.sum((right - right.mean()) ** 2)
        if new < cost:
            best, cost = c, new
    return best
""",
            """
def best_split(x, y):
    ordered = jnp.sort(x)[:-1]
    costs = []
    for c in ordered:
        left, right = y[x <= c], y[x > c]
        costs.append(len(left) * left.var() + len(right) * right.var())
    return ordered[jnp.argmin(jnp.array(costs))]
""",
        ],
        "You returned the candidate with the largest": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    cost = [sum(len(part) * part.var() for part in (y[x <= t], y[x > t])) for t in c]
    return c[np.argmax(cost)]
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    best, cost = None, -1.0
    for a, b in zip(s[:-1], s[1:]):
        c = (a + b) / 2
        left, right = y[x <= c], y[x > c]
        new = jnp.sum((left - left.mean()) ** 2) + jnp.sum((right - right.mean()) ** 2)
        if new > cost:
            best, cost = c, new
    return best
""",
        ],
        "You added the two variances": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([np.var(y[x <= t]) + np.var(y[x > t]) for t in c])]
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    left = x <= c[:, None]
    z = jnp.broadcast_to(y, left.shape)
    return c[jnp.argmin(jnp.var(z, axis=1, where=left) + jnp.var(z, axis=1, where=~left))]
""",
        ],
        "You added the two standard deviations": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([np.std(y[x <= t]) + np.std(y[x > t]) for t in c])]
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    left = x <= c[:, None]
    z = jnp.broadcast_to(y, left.shape)
    return c[jnp.argmin(jnp.std(z, axis=1, where=left) + jnp.std(z, axis=1, where=~left))]
""",
        ],
        "You multiplied variances with the divisor": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)

    def cost(part):
        return len(part) * np.var(part, ddof=1) if len(part) > 1 else 0.0

    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([cost(y[x <= t]) + cost(y[x > t]) for t in c])]
""",
            """
def best_split(x, y):
    y, x = y[jnp.argsort(x)], jnp.sort(x)
    costs = []
    for i in range(1, len(x)):
        cost = 0.0
        for part in (y[:i], y[i:]):
            n = len(part)
            cost += n / max(n - 1, 1) * jnp.sum((part - part.mean()) ** 2)
        costs.append(cost)
    i = int(jnp.argmin(jnp.array(costs)))
    return (x[i] + x[i + 1]) / 2
""",
        ],
        "Your cost adds up distances": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)

    def cost(part):
        return np.sum(np.abs(part - np.mean(part)))

    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([cost(y[x <= t]) + cost(y[x > t]) for t in c])]
""",
            """
def best_split(x, y):
    def cost(part):
        return jnp.sum(jnp.abs(part - jnp.median(part)))

    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[jnp.argmin(jnp.array([cost(y[x <= t]) + cost(y[x > t]) for t in c]))]
""",
            """
def best_split(x, y):
    def cost(part):
        return len(part) * jnp.std(part)

    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[jnp.argmin(jnp.array([cost(y[x <= t]) + cost(y[x > t]) for t in c]))]
""",
        ],
        "You took the square root on each side": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)

    def cost(part):
        return np.linalg.norm(part - np.mean(part))

    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([cost(y[x <= t]) + cost(y[x > t]) for t in c])]
""",
            """
def best_split(x, y):
    def cost(part):
        return jnp.sqrt(jnp.sum((part - part.mean()) ** 2))

    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[jnp.argmin(jnp.array([cost(y[x <= t]) + cost(y[x > t]) for t in c]))]
""",
        ],
        "You took the largest difference of the two means": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmax([abs(y[x <= t].mean() - y[x > t].mean()) for t in c])]
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    left = (x <= c[:, None]).astype(float)
    gap = left @ y / left.sum(1) - (1 - left) @ y / (1 - left).sum(1)
    return c[jnp.argmax(gap**2)]
""",
        ],
        "You took the largest rise from the left mean": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmax([y[x > t].mean() - y[x <= t].mean() for t in c])]
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    left = (x <= c[:, None]).astype(float)
    gap = left @ y / left.sum(1) - (1 - left) @ y / (1 - left).sum(1)
    return c[jnp.argmin(gap)]
""",
        ],
        "You always get the first candidate": [
            """
def best_split(x, y):
    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    parts = [(y[x <= t], y[x > t]) for t in c]
    cost = [len(a) * jnp.var(a, ddof=1) + len(b) * jnp.var(b, ddof=1) for a, b in parts]
    return c[jnp.argmin(jnp.array(cost))]
""",
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([np.sum((y[x <= t] - y[x <= t].mean()) ** 2) for t in c])]
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[jnp.argmin(jnp.array([(x <= t).sum() * y[x <= t].var() for t in c]))]
""",
        ],
        "You always get the last candidate": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([np.sum((y[x > t] - y[x > t].mean()) ** 2) for t in c])]
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[jnp.argmin(jnp.array([(x > t).sum() * y[x > t].var() for t in c]))]
""",
        ],
        "You took the larger of the two sums": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[np.argmin([max(part.size * part.var() for part in (y[x <= t], y[x > t])) for t in c])]
""",
            """
def best_split(x, y):
    def cost(part):
        return jnp.sum((part - part.mean()) ** 2)

    s = jnp.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return c[jnp.argmin(jnp.array([jnp.maximum(cost(y[x <= t]), cost(y[x > t])) for t in c]))]
""",
        ],
        "You did not sort": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    c = 0.5 * (x[1:] + x[:-1])
    cost = [sum(part.size * part.var() for part in (y[x <= t], y[x > t])) for t in c]
    return c[np.argmin(cost)]
""",
            """
def best_split(x, y):
    best, cost = None, jnp.inf
    for i in range(len(x) - 1):
        c = (x[i] + x[i + 1]) / 2
        left, right = y[x <= c], y[x > c]
        new = jnp.sum((left - left.mean()) ** 2) + jnp.sum((right - right.mean()) ** 2)
        if new < cost:
            best, cost = c, new
    return best
""",
        ],
        "You returned the index of the candidate": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    s = np.sort(x)
    c = (s[1:] + s[:-1]) / 2
    return np.argmin([sum(part.size * part.var() for part in (y[x <= t], y[x > t])) for t in c])
""",
            """
def best_split(x, y):
    s = jnp.sort(x)
    left = x <= (s[1:, None] + s[:-1, None]) / 2
    z = jnp.broadcast_to(y, left.shape)
    cost = sum(side.sum(1) * jnp.var(z, axis=1, where=side) for side in (left, ~left))
    return jnp.argmin(cost)
""",
        ],
        "You split at the largest jump of y": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    order = np.argsort(x)
    x, y = x[order], y[order]
    i = np.argmax(np.abs(y[1:] - y[:-1]))
    return (x[i] + x[i + 1]) / 2
""",
            """
def best_split(x, y):
    pairs = sorted((float(a), float(b)) for a, b in zip(x, y))
    jumps = [(abs(b[1] - a[1]), (a[0] + b[0]) / 2) for a, b in zip(pairs, pairs[1:])]
    return max(jumps)[1]
""",
        ],
        "You split at the largest rise from one sample": [
            """
def best_split(x, y):
    x, y = np.asarray(x), np.asarray(y)
    order = np.argsort(x)
    x, y = x[order], y[order]
    i = np.argmax(y[1:] - y[:-1])
    return (x[i] + x[i + 1]) / 2
""",
            """
def best_split(x, y):
    order = jnp.argsort(x)
    s, z = x[order], y[order]
    return ((s[1:] + s[:-1]) / 2)[jnp.argmin(z[:-1] - z[1:])]
""",
        ],
        "You returned the sample to the right of the split": [
            """
def best_split(x, y):
    order = np.argsort(np.asarray(x))
    xs, ys, n = np.asarray(x)[order], np.asarray(y)[order], len(x)
    cost = [sum(((s - s.mean()) ** 2).sum() for s in (ys[:i], ys[i:])) for i in range(1, n)]
    i = int(np.argmin(cost))
    return xs[i + 1]
""",
            """
def best_split(x, y):
    order = jnp.argsort(x)
    x, y = x[order], y[order]
    cost = jnp.array([i * jnp.var(y[:i]) + (len(x) - i) * jnp.var(y[i:]) for i in range(1, len(x))])
    i = jnp.argmin(cost)
    return x[i + 1]
""",
        ],
        "You returned the cost": [
            """
def best_split(x, y):
    order = np.argsort(np.asarray(x))
    xs, ys, n = np.asarray(x)[order], np.asarray(y)[order], len(x)
    cost = [sum(((s - s.mean()) ** 2).sum() for s in (ys[:i], ys[i:])) for i in range(1, n)]
    i = int(np.argmin(cost))
    return min(cost)
""",
            """
def best_split(x, y):
    order = jnp.argsort(x)
    x, y = x[order], y[order]
    cost = jnp.array([i * jnp.var(y[:i]) + (len(x) - i) * jnp.var(y[i:]) for i in range(1, len(x))])
    i = jnp.argmin(cost)
    return min(cost)
""",
        ],
        "You sorted x but not y": [
            """
def best_split(x, y):
    order = np.argsort(np.asarray(x))
    xs, ys, n = np.asarray(x)[order], np.asarray(y), len(x)
    cost = [sum(((s - s.mean()) ** 2).sum() for s in (ys[:i], ys[i:])) for i in range(1, n)]
    i = int(np.argmin(cost))
    return (xs[i] + xs[i + 1]) / 2
""",
            """
def best_split(x, y):
    order = jnp.argsort(x)
    x = x[order]
    cost = jnp.array([i * jnp.var(y[:i]) + (len(x) - i) * jnp.var(y[i:]) for i in range(1, len(x))])
    i = jnp.argmin(cost)
    return (x[i] + x[i + 1]) / 2
""",
        ],
        "You split the list as it is": [
            """
def best_split(x, y):
    order = np.arange(len(x))
    xs, ys, n = np.asarray(x)[order], np.asarray(y)[order], len(x)
    cost = [sum(((s - s.mean()) ** 2).sum() for s in (ys[:i], ys[i:])) for i in range(1, n)]
    i = int(np.argmin(cost))
    return (xs[i] + xs[i + 1]) / 2
""",
            """
def best_split(x, y):
    cost = jnp.array([i * jnp.var(y[:i]) + (len(x) - i) * jnp.var(y[i:]) for i in range(1, len(x))])
    i = jnp.argmin(cost)
    return (x[i] + x[i + 1]) / 2
""",
        ],
        "You never try the last candidate, which leaves one sample on the right": [
            """
def best_split(x, y):
    order = np.argsort(np.asarray(x))
    xs, ys, n = np.asarray(x)[order], np.asarray(y)[order], len(x)
    cost = [sum(((s - s.mean()) ** 2).sum() for s in (ys[:i], ys[i:])) for i in range(1, max(n - 1, 2))]
    i = int(np.argmin(cost))
    return (xs[i] + xs[i + 1]) / 2
""",
            """
def best_split(x, y):
    order = jnp.argsort(x)
    x, y = x[order], y[order]
    cost = jnp.array([i * jnp.var(y[:i]) + (len(x) - i) * jnp.var(y[i:]) for i in range(1, max(len(x) - 1, 2))])
    i = jnp.argmin(cost)
    return (x[i] + x[i + 1]) / 2
""",
        ],
        "You never try the first candidate, which leaves one sample on the left": [
            """
def best_split(x, y):
    order = np.argsort(np.asarray(x))
    xs, ys, n = np.asarray(x)[order], np.asarray(y)[order], len(x)
    cost = [sum(((s - s.mean()) ** 2).sum() for s in (ys[:i], ys[i:])) for i in range(1, n)]
    i = int(np.argmin(cost))
    i = int(np.argmin(cost[1:])) + 1 if n > 2 else 0
    return (xs[i] + xs[i + 1]) / 2
""",
            """
def best_split(x, y):
    order = jnp.argsort(x)
    x, y = x[order], y[order]
    cost = jnp.array([i * jnp.var(y[:i]) + (len(x) - i) * jnp.var(y[i:]) for i in range(1, len(x))])
    i = jnp.argmin(cost)
    i = jnp.argmin(cost.at[0].set(jnp.inf))
    return (x[i] + x[i + 1]) / 2
""",
        ],
        "You split at the largest gap between neighbors in x": [
            """
def best_split(x, y):
    xs = np.sort(np.asarray(x))
    i = np.argmax(xs[1:] - xs[:-1])
    return xs[i : i + 2].mean()
""",
            """
def best_split(x, y):
    xs = jnp.sort(x)
    i = jnp.argmax(jnp.array([b - a for a, b in zip(xs, xs[1:])]))
    return (xs[i] + xs[i + 1]) / 2
""",
        ],
        "You returned the median of x": [
            """
def best_split(x, y):
    return np.median(x)
""",
            """
def best_split(x, y):
    x = jnp.sort(x)
    return (x[(len(x) - 1) // 2] + x[len(x) // 2]) / 2
""",
        ],
    },
    "bootstrap": {
        "You rounded up, or added 1": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.ceil(np.asarray(u) * n).astype(int)
    return indices, ~np.isin(np.arange(n), indices)
""",
            """
def bootstrap(u):
    n = len(u)
    indices = jnp.ceil(n * u).astype(int)
    return indices, jnp.array([not bool((indices == i).any()) for i in range(n)])
""",
        ],
        "You rounded up and subtracted 1": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.ceil(np.asarray(u) * n).astype(int) - 1
    mask = np.ones(n, bool)
    mask[indices] = False
    return indices, mask
""",
            """
def bootstrap(u):
    n = len(u)
    indices = jnp.ceil(n * u - 1).astype(int)
    return indices, jnp.ones(n, bool).at[indices].set(False)
""",
        ],
        "You returned the indices of the samples": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.floor(np.asarray(u) * n).astype(int)
    return indices, np.setdiff1d(np.arange(n), indices)
""",
            """
def bootstrap(u):
    n = len(u)
    indices = jnp.floor(n * u).astype(int)
    drawn = set(indices.tolist())
    return indices, jnp.array([i for i in range(n) if i not in drawn])
""",
        ],
        "Your mask belongs to the draws": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.floor(np.asarray(u) * n).astype(int)
    return indices, np.array([i != indices[i] for i in range(n)])
""",
            """
def bootstrap(u):
    indices = jnp.floor(len(u) * u).astype(int)
    return indices, indices != jnp.arange(u.shape[0])
""",
        ],
        "You rounded to the nearest integer": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.rint(np.asarray(u) * n).astype(int)
    return indices, ~np.isin(np.arange(n), indices)
""",
            """
def bootstrap(u):
    n = len(u)
    indices = jnp.floor(n * u + 0.5).astype(int)
    return indices, jnp.bincount(indices, length=n) == 0
""",
        ],
        "You multiplied by n - 1": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.floor(np.asarray(u) * (n - 1)).astype(int)
    return indices, ~np.isin(np.arange(n), indices)
""",
            """
def bootstrap(u):
    n = len(u)
    indices = [int(v * (n - 1)) for v in u]
    return jnp.array(indices), jnp.array([i not in indices for i in range(n)])
""",
        ],
        "Your mask marks the samples in the bag": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.floor(np.asarray(u) * n).astype(int)
    return indices, np.isin(np.arange(n), indices)
""",
            """
def bootstrap(u):
    n = len(u)
    indices = jnp.floor(n * u).astype(int)
    return indices, (indices[:, None] == jnp.arange(n)).any(axis=0)
""",
        ],
        "You drew without replacement": [
            """
def bootstrap(u):
    indices = np.argsort(np.asarray(u))
    return indices, np.zeros(len(indices), bool)
""",
            """
def bootstrap(u):
    indices = jnp.argsort(u)
    return indices, ~jnp.isin(jnp.arange(len(u)), indices)
""",
        ],
        "You sorted the indices": [
            """
def bootstrap(u):
    n = len(u)
    indices = np.sort(np.floor(np.asarray(u) * n).astype(int))
    return indices, ~np.isin(np.arange(n), indices)
""",
            """
def bootstrap(u):
    n = len(u)
    indices = sorted(int(n * v) for v in u)
    return jnp.array(indices), jnp.array([i not in indices for i in range(n)])
""",
        ],
    },
    "boosting_step": {
        "You fitted y itself": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    left = x <= threshold
    for side in (left, ~left):
        if side.any():
            prediction[side] += learning_rate * y[side].mean()
    return prediction
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left = x <= threshold
    a, b = jnp.mean(y, where=left), jnp.mean(y, where=~left)
    return prediction + learning_rate * jnp.where(left, a, b)
""",
        ],
        "Your step leads away from y": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    residual = prediction - y
    out = prediction.copy()
    for side in (x <= threshold, x > threshold):
        if side.any():
            out[side] += learning_rate * residual[side].mean()
    return out
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    a, b = jnp.mean(r, where=left), jnp.mean(r, where=~left)
    return prediction - learning_rate * jnp.where(left, a, b)
""",
        ],
        "You forgot the learning rate": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    residual = y - prediction
    for side in (x <= threshold, x > threshold):
        if side.any():
            prediction[side] += residual[side].mean()
    return prediction
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    return prediction + jnp.where(left, jnp.mean(r, where=left), jnp.mean(r, where=~left))
""",
        ],
        "You returned the stump alone": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    out, residual = np.zeros_like(prediction), y - prediction
    for side in (x <= threshold, x > threshold):
        if side.any():
            out[side] = learning_rate * residual[side].mean()
    return out
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    return learning_rate * jnp.where(left, jnp.mean(r, where=left), jnp.mean(r, where=~left))
""",
        ],
        "A sample at the threshold belongs": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    residual = y - prediction
    for side in (x < threshold, x >= threshold):
        if side.any():
            prediction[side] += learning_rate * residual[side].mean()
    return prediction
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x < threshold, y - prediction
    return prediction + learning_rate * jnp.where(left, jnp.mean(r, where=left), jnp.mean(r, where=~left))
""",
        ],
        "You divided by the size of an empty side": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    left, r = (x <= threshold).astype(np.float32), y - prediction
    with np.errstate(all="ignore"):
        stump = left * (left @ r) / left.sum() + (1 - left) * ((1 - left) @ r) / (1 - left).sum()
    return prediction + learning_rate * stump
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    r, left = y - prediction, jnp.where(x <= threshold, 1.0, 0.0)
    right = 1 - left
    return prediction + learning_rate * (left * (left @ r) / left.sum() + right * (right @ r) / right.sum())
""",
        ],
        "You divided by the number of all samples": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    left, r = x <= threshold, y - prediction
    return prediction + learning_rate * np.where(left, np.mean(r * left), np.mean(r * ~left))
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    a, b = jnp.sum(r * left) / len(x), jnp.sum(r * ~left) / len(x)
    return prediction + learning_rate * jnp.where(left, a, b)
""",
        ],
        "You did not split": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    return prediction + learning_rate * np.mean(y - prediction)
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    return prediction + learning_rate * jnp.where(left, jnp.mean(r), jnp.mean(r))
""",
        ],
        "Your two sides are swapped": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    left, r = x <= threshold, y - prediction
    return prediction + learning_rate * np.where(left, r[~left].mean(), r[left].mean())
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    return prediction + learning_rate * jnp.where(~left, jnp.mean(r, where=left), jnp.mean(r, where=~left))
""",
        ],
        "You multiplied everything by the learning": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    residual = y - prediction
    for side in (x <= threshold, x > threshold):
        if side.any():
            prediction[side] += residual[side].mean()
    return learning_rate * prediction
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    return learning_rate * (prediction + jnp.where(left, jnp.mean(r, where=left), jnp.mean(r, where=~left)))
""",
        ],
        "You added the residual of each sample": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    return (1 - learning_rate) * prediction + learning_rate * y
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    r = y - prediction
    return prediction + learning_rate * jnp.where(x <= threshold, r, r)
""",
        ],
        "You used the sum over each side": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    prediction, x, y = np.array(prediction), np.asarray(x), np.asarray(y)
    residual = y - prediction
    for side in (x <= threshold, x > threshold):
        prediction[side] += learning_rate * residual[side].sum()
    return prediction
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left, r = x <= threshold, y - prediction
    return prediction + learning_rate * jnp.where(left, r @ left, r @ ~left)
""",
        ],
        "You doubled the residual": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    x, r = np.asarray(x), 2 * (np.asarray(y) - np.asarray(prediction))
    out = np.array(prediction)
    for side in (x <= threshold, x > threshold):
        if side.any():
            out[side] += learning_rate * r[side].mean()
    return out
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    r, left = 2 * (y - prediction), x <= threshold
    return prediction + learning_rate * jnp.where(left, jnp.mean(r, where=left), jnp.mean(r, where=~left))
""",
        ],
        "You shrank the prediction by 1 - learning_rate": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    x, r = np.asarray(x), np.asarray(y) - np.asarray(prediction)
    out = (1 - learning_rate) * np.asarray(prediction)
    for side in (x <= threshold, x > threshold):
        if side.any():
            out[side] += learning_rate * r[side].mean()
    return out
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    r, left = y - prediction, x <= threshold
    stump = jnp.where(left, jnp.mean(r, where=left), jnp.mean(r, where=~left))
    return learning_rate * stump + (1 - learning_rate) * prediction
""",
        ],
        "Your stump predicts 0 on the right": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    x, r = np.asarray(x), np.asarray(y) - np.asarray(prediction)
    out, left = np.array(prediction), x <= threshold
    if left.any():
        out[left] += learning_rate * r[left].mean()
    return out
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left = x <= threshold
    mean = jnp.sum(left * (y - prediction)) / jnp.maximum(left.sum(), 1)
    return prediction + learning_rate * mean * left
""",
        ],
        "You subtracted each sample's own prediction": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    x, y, p = np.asarray(x), np.asarray(y), np.asarray(prediction)
    out = np.array(p)
    for side in (x <= threshold, x > threshold):
        if side.any():
            out[side] += learning_rate * (y[side].mean() - p[side])
    return out
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    left = x <= threshold
    mean = jnp.where(left, jnp.mean(y, where=left), jnp.mean(y, where=~left))
    return prediction + learning_rate * (mean - prediction)
""",
        ],
        "You took the median of the residuals": [
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    x, r = np.asarray(x), np.asarray(y) - np.asarray(prediction)
    out = np.array(prediction)
    for side in (x <= threshold, x > threshold):
        if side.any():
            out[side] += learning_rate * np.median(r[side])
    return out
""",
            """
def boosting_step(prediction, x, y, threshold, learning_rate):
    r, left = y - prediction, x <= threshold
    a, b = (jnp.nanquantile(jnp.where(s, r, jnp.nan), 0.5) for s in (left, ~left))
    return prediction + learning_rate * jnp.where(left, a, b)
""",
        ],
    },
    "k_fold_error": {
        "You learned from all samples": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    w = np.linalg.solve(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ y)
    m = len(x) // k
    return np.mean([np.mean((x[i : i + m] @ w - y[i : i + m]) ** 2) for i in range(0, len(x), m)])
""",
            """
def k_fold_error(x, y, alpha, k):
    total = 0.0
    for part_x, part_y in zip(jnp.split(x, k), jnp.split(y, k)):
        w = ridge(x, y, alpha)
        total += jnp.mean((part_y - part_x @ w) ** 2)
    return total / k
""",
        ],
        "You measured on the training samples": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k):
        keep = np.ones(len(x), bool)
        keep[i * m : (i + 1) * m] = False
        a, b = x[keep], y[keep]
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.mean((a @ w - b) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        total += jnp.mean((a @ ridge(a, b, alpha) - b) ** 2)
    return total / k
""",
        ],
        "You learned from the block": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k):
        block = np.zeros(len(x), bool)
        block[i * m : (i + 1) * m] = True
        a, b = x[block], y[block]
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.mean((x[~block] @ w - y[~block]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k):
        w = ridge(xs[i], ys[i], alpha)
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        total += jnp.mean((a @ w - b) ** 2)
    return total / k
""",
        ],
        "You left one fold out of the average": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k - 1):
        block = np.arange(i * m, (i + 1) * m)
        a, b = np.delete(x, block, axis=0), np.delete(y, block)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.mean((x[block] @ w - y[block]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k - 1):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        total += jnp.mean((xs[i] @ ridge(a, b, alpha) - ys[i]) ** 2)
    return total / (k - 1)
""",
        ],
        "You added up the errors of the folds": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, total = len(x) // k, 0.0
    for i in range(k):
        block = np.arange(i * m, (i + 1) * m)
        a, b = np.delete(x, block, axis=0), np.delete(y, block)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        total += np.mean((x[block] @ w - y[block]) ** 2)
    return total
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        total = total + jnp.mean((xs[i] @ ridge(a, b, alpha) - ys[i]) ** 2)
    return total
""",
        ],
        "You added up the squared errors of each block": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k):
        block = np.arange(i * m, (i + 1) * m)
        a, b = np.delete(x, block, axis=0), np.delete(y, block)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.sum((x[block] @ w - y[block]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        r = xs[i] @ ridge(a, b, alpha) - ys[i]
        total += r @ r
    return total / k
""",
        ],
        "You took the root of the error of each block": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k):
        block = np.arange(i * m, (i + 1) * m)
        a, b = np.delete(x, block, axis=0), np.delete(y, block)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.sqrt(np.mean((x[block] @ w - y[block]) ** 2)))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        total += jnp.std(xs[i] @ ridge(a, b, alpha) - ys[i], mean=0.0)
    return total / k
""",
        ],
        "You took the root of the mean": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k):
        block = np.arange(i * m, (i + 1) * m)
        a, b = np.delete(x, block, axis=0), np.delete(y, block)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.mean((x[block] @ w - y[block]) ** 2))
    return np.sqrt(np.mean(errors))
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, rest = jnp.split(x, k), jnp.split(y, k), []
    for i in range(k):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        rest.append(xs[i] @ ridge(a, b, alpha) - ys[i])
    return jnp.linalg.norm(jnp.concatenate(rest)) / len(x) ** 0.5
""",
        ],
        "You averaged absolute errors": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k):
        block = np.arange(i * m, (i + 1) * m)
        a, b = np.delete(x, block, axis=0), np.delete(y, block)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.mean(np.abs(x[block] @ w - y[block])))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        total += jnp.abs(ys[i] - xs[i] @ ridge(a, b, alpha)).sum()
    return total / len(x)
""",
        ],
        "You tested on one block only": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m = len(x) // k
    a, b = x[m:], y[m:]
    w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
    return np.mean((x[:m] @ w - y[:m]) ** 2)
""",
            """
def k_fold_error(x, y, alpha, k):
    m = len(x) // k
    errors = []
    for i in range(k):
        a, b = jnp.delete(x, slice(i * m, (i + 1) * m), axis=0), jnp.delete(y, slice(i * m, (i + 1) * m))
        r = x[i * m : (i + 1) * m] @ ridge(a, b, alpha) - y[i * m : (i + 1) * m]
        errors.append(jnp.mean(r**2))
        return jnp.mean(jnp.array(errors))
""",
        ],
        "You took every k-th sample as a fold": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    fold, errors = np.arange(len(x)) % k, []
    for i in range(k):
        a, b = x[fold != i], y[fold != i]
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ b)
        errors.append(np.mean((x[fold == i] @ w - y[fold == i]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    total = 0.0
    for i in range(k):
        rest = jnp.array([j for j in range(len(x)) if j % k != i])
        w = ridge(x[rest], y[rest], alpha)
        total += jnp.mean((x[i::k] @ w - y[i::k]) ** 2)
    return total / k
""",
        ],
        "You fitted without the penalty": [
            """
def k_fold_error(x, y, alpha, k):
    x, y = np.asarray(x), np.asarray(y)
    m, errors = len(x) // k, []
    for i in range(k):
        block = np.arange(i * m, (i + 1) * m)
        w = np.linalg.lstsq(np.delete(x, block, axis=0), np.delete(y, block), rcond=None)[0]
        errors.append(np.mean((x[block] @ w - y[block]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    xs, ys, total = jnp.split(x, k), jnp.split(y, k), 0.0
    for i in range(k):
        a, b = jnp.concatenate(xs[:i] + xs[i + 1 :]), jnp.concatenate(ys[:i] + ys[i + 1 :])
        total += jnp.mean((xs[i] @ jnp.linalg.solve(a.T @ a, a.T @ b) - ys[i]) ** 2)
    return total / k
""",
        ],
        "Your blocks have k rows": [
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    x, y = np.asarray(x), np.asarray(y)
    errors = []
    for s in range(0, n, k):
        keep = np.r_[0:s, s + k : n]
        a, b = x[keep], y[keep]
        w = np.linalg.solve(a.T @ a + alpha * np.eye(d), a.T @ b)
        errors.append(np.mean((x[s : s + k] @ w - y[s : s + k]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    out = 0.0
    for i in range(m):
        t = jnp.arange(n) // k != i
        w = jnp.linalg.solve((x * t[:, None]).T @ x + alpha * jnp.eye(d), x.T @ (t * y))
        out = out + jnp.mean((x @ w - y) ** 2, where=~t) / m
    return out
""",
        ],
        "You left out one sample at a time": [
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    x, y = np.asarray(x), np.asarray(y)
    errors = []
    for s in range(n):
        a, b = np.delete(x, s, axis=0), np.delete(y, s)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(d), a.T @ b)
        errors.append((x[s] @ w - y[s]) ** 2)
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    hat = x @ jnp.linalg.solve(x.T @ x + alpha * jnp.eye(d), x.T)
    return jnp.mean(((y - hat @ y) / (1 - jnp.diag(hat))) ** 2)
""",
        ],
        "Your penalty grows with the number of rows": [
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    x, y = np.asarray(x), np.asarray(y)
    errors = []
    for s in range(0, n, m):
        keep = np.r_[0:s, s + m : n]
        a, b = x[keep], y[keep]
        w = np.linalg.solve(a.T @ a + len(a) * alpha * np.eye(d), a.T @ b)
        errors.append(np.mean((x[s : s + m] @ w - y[s : s + m]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    out = 0.0
    for i in range(k):
        t = jnp.arange(n) // m != i
        w = jnp.linalg.solve((x * t[:, None]).T @ x / (n - m) + alpha * jnp.eye(d), x.T @ (t * y) / (n - m))
        out = out + jnp.mean((x @ w - y) ** 2, where=~t) / k
    return out
""",
        ],
        "You centered the data": [
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    x, y = np.asarray(x), np.asarray(y)
    errors = []
    for s in range(0, n, m):
        keep = np.r_[0:s, s + m : n]
        a, b = x[keep], y[keep]
        c = a - a.mean(axis=0)
        w = np.linalg.solve(c.T @ c + alpha * np.eye(d), c.T @ b)
        guess = (x[s : s + m] - a.mean(axis=0)) @ w + b.mean()
        errors.append(np.mean((guess - y[s : s + m]) ** 2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    ones = jnp.concatenate([jnp.ones((n, 1)), x], axis=1)
    penalty = alpha * jnp.diag(jnp.array([0.0] + [1.0] * d))
    out = 0.0
    for i in range(k):
        t = jnp.arange(n) // m != i
        w = jnp.linalg.solve((ones * t[:, None]).T @ ones + penalty, ones.T @ (t * y))
        out = out + jnp.mean((ones @ w - y) ** 2, where=~t) / k
    return out
""",
        ],
        "You averaged the weights of the folds": [
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    x, y = np.asarray(x), np.asarray(y)
    found = []
    for s in range(0, n, m):
        keep = np.r_[0:s, s + m : n]
        a, b = x[keep], y[keep]
        found.append(np.linalg.solve(a.T @ a + alpha * np.eye(d), a.T @ b))
    return np.mean((x @ np.mean(found, axis=0) - y) ** 2)
""",
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    total = 0.0
    for i in range(k):
        t = jnp.arange(n) // m != i
        total = total + jnp.linalg.solve((x * t[:, None]).T @ x + alpha * jnp.eye(d), x.T @ (t * y))
    return jnp.mean((y - x @ total / k) ** 2)
""",
        ],
        "You added the penalty to the error": [
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    x, y = np.asarray(x), np.asarray(y)
    errors = []
    for s in range(0, n, m):
        keep = np.r_[0:s, s + m : n]
        a, b = x[keep], y[keep]
        w = np.linalg.solve(a.T @ a + alpha * np.eye(d), a.T @ b)
        errors.append(np.mean((x[s : s + m] @ w - y[s : s + m]) ** 2) + alpha * np.sum(w**2))
    return np.mean(errors)
""",
            """
def k_fold_error(x, y, alpha, k):
    n, d = len(x), x.shape[1]
    m = n // k
    out = 0.0
    for i in range(k):
        t = jnp.arange(n) // m != i
        w = jnp.linalg.solve((x * t[:, None]).T @ x + alpha * jnp.eye(d), x.T @ (t * y))
        out = out + (jnp.mean((x @ w - y) ** 2, where=~t) + alpha * sum(v**2 for v in w)) / k
    return out
""",
        ],
    },
}
