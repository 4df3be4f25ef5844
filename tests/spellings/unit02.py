"""Known mistakes of sheet 2, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "center": {
        "You subtracted one mean of all entries": [
            "def center(x): return np.asarray(x) - np.mean(x)",
            "def center(x): return x - sum(sum(x)) / x.size",
        ],
        "You averaged over the features": [
            "def center(x): return (np.asarray(x).T - np.mean(x, axis=1)).T",
            "def center(x): return [row - sum(row) / len(row) for row in x]",
        ],
        "You divided by the standard deviation": [
            "def center(x): return (np.asarray(x) - np.mean(x, axis=0)) / np.std(x, axis=0)",
            """
def center(x):
    c = x - sum(x) / len(x)
    return c / jnp.sqrt(sum(c**2) / len(x))
""",
        ],
        "Your sign is reversed": [
            "def center(x): return np.mean(x, axis=0) - np.asarray(x)",
            "def center(x): return [sum(x) / len(x) - row for row in x]",
        ],
        "You returned the means themselves": [
            "def center(x): return np.tile(np.mean(x, axis=0), (len(x), 1))",
            "def center(x): return [sum(x) / len(x) for _ in x]",
        ],
        "You averaged over axis 1": [
            "def center(x): return np.asarray(x) - np.mean(x, axis=1)",
            "def center(x): return x - jnp.stack([sum(row) / len(row) for row in x])",
        ],
        "You subtracted the sum of each feature": [
            "def center(x): return np.asarray(x) - np.sum(x, axis=0, keepdims=True)",
            "def center(x): return jnp.stack([row - sum(x) for row in x])",
        ],
        "You subtracted the median": [
            "def center(x): return np.asarray(x) - np.median(x, axis=0)",
            "def center(x): return x - jnp.quantile(x, 0.5, axis=0)",
        ],
        "You divided the sum of each feature by n": [
            "def center(x): return np.asarray(x) - np.sum(x, axis=0) / (len(x) - 1)",
            """
def center(x):
    columns = [x[:, j] - sum(x[:, j]) / (len(x) - 1) for j in range(x.shape[1])]
    return jnp.stack(columns, axis=1)
""",
        ],
        "You divided the sum of each feature by the": [
            "def center(x): return np.asarray(x) - np.sum(x, axis=0) / np.shape(x)[1]",
            """
def center(x):
    d = len(x[0])
    return jnp.stack([x[:, j] - sum(x[:, j]) / d for j in range(d)], axis=1)
""",
        ],
        "You subtracted the smallest value": [
            "def center(x): return np.asarray(x) - np.min(x, axis=0)",
            "def center(x): return jnp.stack([x[:, j] - min(x[:, j]) for j in range(x.shape[1])], axis=1)",
        ],
        "You added the mean: subtract": [
            "def center(x): return np.asarray(x) + np.mean(x, axis=0)",
            "def center(x): return jnp.stack([row + sum(x) / len(x) for row in x])",
        ],
    },
    "covariance": {
        "You divided by n: for the unbiased": [
            "def covariance(x): return np.cov(np.asarray(x), rowvar=False, bias=True)",
            "def covariance(x): return sum(jnp.outer(row, row) for row in center(x)) / len(x)",
        ],
        "You forgot to center": [
            "def covariance(x): return np.asarray(x).T @ np.asarray(x) / (len(x) - 1)",
            "def covariance(x): return sum(jnp.outer(row, row) for row in x) / (len(x) - 1)",
        ],
        "You multiplied samples with samples": [
            """
def covariance(x):
    c = np.asarray(x) - np.mean(x, axis=0)
    return np.dot(c, c.T) / (len(c) - 1)
""",
            """
def covariance(x):
    c = x - x.mean(axis=0)
    return jnp.stack([jnp.stack([jnp.sum(a * b) for b in c]) for a in c]) / (len(x) - 1)
""",
        ],
        "You did not divide": [
            """
def covariance(x):
    c = np.asarray(x) - np.mean(x, axis=0)
    return np.dot(c.T, c)
""",
            "def covariance(x): return sum(jnp.outer(row, row) for row in center(x))",
        ],
        "You returned correlations": [
            "def covariance(x): return np.corrcoef(np.asarray(x).T)",
            """
def covariance(x):
    z = center(x) / x.std(axis=0)
    return z.T @ z / len(x)
""",
        ],
        "You divided by the number of features": [
            """
def covariance(x):
    c = np.asarray(x) - np.mean(x, axis=0)
    return np.dot(c.T, c) / (c.shape[1] - 1)
""",
            "def covariance(x): return sum(jnp.outer(row, row) for row in center(x)) / (len(x[0]) - 1)",
        ],
        "You kept only the variances": [
            "def covariance(x): return np.diag(np.var(np.asarray(x), axis=0, ddof=1))",
            "def covariance(x): return jnp.eye(x.shape[1]) * sum(center(x) ** 2) / (len(x) - 1)",
        ],
        "You took samples for features": [
            "def covariance(x): return np.cov(np.asarray(x))",
            """
def covariance(x):
    c = x - x.mean(axis=1, keepdims=True)
    return c @ c.T / (x.shape[1] - 1)
""",
        ],
        "You centered each sample": [
            """
def covariance(x):
    x = np.asarray(x)
    c = (x.T - x.mean(axis=1)).T
    return np.dot(c.T, c) / (len(x) - 1)
""",
            "def covariance(x): return sum(jnp.outer(row - row.mean(), row - row.mean()) for row in x) / (len(x) - 1)",
        ],
        "You divided by n and": [
            """
def covariance(x):
    c = np.asarray(x) - np.mean(x, axis=0)
    return c.T @ c / len(c) - 1
""",
            """
def covariance(x):
    n, d = x.shape
    c = x - sum(x) / n
    return jnp.array([[sum(c[:, j] * c[:, l]) / n - 1 for l in range(d)] for j in range(d)])
""",
        ],
        "You returned a row of": [
            "def covariance(x): return np.var(x, axis=0, ddof=1)",
            """
def covariance(x):
    c = x - x.mean(axis=0)
    return jnp.stack([sum(c[:, j] ** 2) / (len(x) - 1) for j in range(x.shape[1])])
""",
        ],
        "You subtracted one mean of": [
            """
def covariance(x):
    c = np.asarray(x) - np.mean(x)
    return c.T @ c / (len(c) - 1)
""",
            """
def covariance(x):
    mean = sum(sum(row) for row in x) / x.size
    return sum(jnp.outer(row - mean, row - mean) for row in x) / (len(x) - 1)
""",
        ],
    },
    "project": {
        "You returned the residual y minus": [
            """
def project(a, y):
    a, y = np.asarray(a), np.asarray(y)
    return y - a @ np.linalg.lstsq(a, y, rcond=None)[0]
""",
            "def project(a, y): return y - a @ jnp.linalg.pinv(a) @ y",
        ],
        "You returned the weights": [
            "def project(a, y): return np.linalg.lstsq(np.asarray(a), np.asarray(y), rcond=None)[0]",
            "def project(a, y): return jnp.linalg.inv(a.T @ a) @ a.T @ y",
        ],
        "You computed A A^T y": [
            "def project(a, y): return np.dot(a, np.dot(np.asarray(a).T, y))",
            "def project(a, y): return sum(column * jnp.sum(column * y) for column in a.T)",
        ],
        "You projected onto each column separately": [
            """
def project(a, y):
    a, y = np.asarray(a), np.asarray(y)
    q = a / np.linalg.norm(a, axis=0)
    return q @ (q.T @ y)
""",
            """
def project(a, y):
    total = 0.0
    for column in a.T:
        total += column * jnp.dot(column, y) / jnp.dot(column, column)
    return total
""",
        ],
        "You returned the projection matrix": [
            "def project(a, y): return np.asarray(a) @ np.linalg.pinv(np.asarray(a))",
            "def project(a, y): return a @ jnp.linalg.inv(a.T @ a) @ a.T",
        ],
        "You returned the point minus y": [
            """
def project(a, y):
    a, y = np.asarray(a), np.asarray(y)
    return a @ np.linalg.lstsq(a, y, rcond=None)[0] - y
""",
            """
def project(a, y):
    q, _ = jnp.linalg.qr(a)
    return q @ (q.T @ y) - y
""",
        ],
        "You divided by the length of each column": [
            """
def project(a, y):
    a, y = np.asarray(a), np.asarray(y)
    return a @ (y @ a / np.linalg.norm(a, axis=0))
""",
            "def project(a, y): return sum(column * (column @ y) / jnp.linalg.norm(column) for column in a.T)",
        ],
        "You returned y itself, as": [
            """
def project(a, y):
    u = np.linalg.svd(np.asarray(a))[0]
    return u @ (u.T @ np.asarray(y))
""",
            """
def project(a, y):
    q, _ = jnp.linalg.qr(a, mode="complete")
    return sum(q[:, j] * (q[:, j] @ y) for j in range(q.shape[1]))
""",
        ],
        "You multiplied by A^T A": [
            """
def project(a, y):
    a = np.asarray(a)
    return a @ (a.T @ a) @ (a.T @ np.asarray(y))
""",
            """
def project(a, y):
    d = a.shape[1]
    gram = jnp.array([[sum(a[:, i] * a[:, j]) for j in range(d)] for i in range(d)])
    return a @ (gram @ jnp.stack([sum(a[:, j] * y) for j in range(d)]))
""",
        ],
        "You took the inverse of": [
            """
def project(a, y):
    a = np.asarray(a)
    return a @ np.power(a.T @ a, -1.0) @ a.T @ np.asarray(y)
""",
            """
def project(a, y):
    d = a.shape[1]
    gram = jnp.array([[1 / sum(a[:, i] * a[:, j]) for j in range(d)] for i in range(d)])
    return a @ (gram @ jnp.stack([sum(a[:, j] * y) for j in range(d)]))
""",
        ],
        "You left the singular values": [
            """
def project(a, y):
    u, s, _ = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u @ np.diag(s) @ u.T @ np.asarray(y)
""",
            """
def project(a, y):
    u, s, _ = jnp.linalg.svd(a, full_matrices=False)
    return sum(s[j] * u[:, j] * (u[:, j] @ y) for j in range(len(s)))
""",
        ],
    },
    "principal_directions": {
        "You took the smallest eigenvalues": [
            """
def principal_directions(x, n_components):
    values, vectors = np.linalg.eigh(np.cov(np.asarray(x), rowvar=False))
    return vectors[:, np.argsort(values)[:n_components]].T
""",
            """
def principal_directions(x, n_components):
    _, v = jnp.linalg.eigh(covariance(x))
    return jnp.stack([v[:, i] for i in range(n_components)])
""",
        ],
        "Your directions are columns: return": [
            """
def principal_directions(x, n_components):
    values, vectors = np.linalg.eigh(np.cov(np.asarray(x), rowvar=False))
    return vectors[:, np.argsort(-values)[:n_components]]
""",
            """
def principal_directions(x, n_components):
    return jnp.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2].T[:, :n_components]
""",
        ],
        "You read eigenvectors from rows": [
            """
def principal_directions(x, n_components):
    values, vectors = np.linalg.eigh(covariance(x))
    return vectors[np.argsort(-values)][:n_components]
""",
            """
def principal_directions(x, n_components):
    _, v = jnp.linalg.eigh(covariance(x))
    return jnp.stack([v[-1 - i] for i in range(n_components)])
""",
        ],
        "You did not center": [
            """
def principal_directions(x, n_components):
    x = np.asarray(x)
    return np.linalg.eigh(x.T @ x)[1][:, ::-1].T[:n_components]
""",
            """
def principal_directions(x, n_components):
    _, v = jnp.linalg.eigh(sum(jnp.outer(row, row) for row in x) / (len(x) - 1))
    return jnp.flip(v, axis=1)[:, :n_components].T
""",
        ],
        "You returned the scores": [
            """
def principal_directions(x, n_components):
    c = np.asarray(x) - np.mean(x, axis=0)
    return c @ np.linalg.svd(c, full_matrices=False)[2][:n_components].T
""",
            """
def principal_directions(x, n_components):
    u, s, _ = jnp.linalg.svd(center(x), full_matrices=False)
    return u[:, :n_components] * s[:n_components]
""",
        ],
        "Your directions do not have unit length": [
            """
def principal_directions(x, n_components):
    values, vectors = np.linalg.eigh(np.cov(np.asarray(x), rowvar=False))
    return (vectors * np.sqrt(np.maximum(values, 0))).T[::-1][:n_components]
""",
            """
def principal_directions(x, n_components):
    _, s, vt = jnp.linalg.svd(center(x), full_matrices=False)
    return jnp.stack([s[i] / jnp.sqrt(len(x) - 1) * vt[i] for i in range(n_components)])
""",
        ],
        "Your directions are right, but": [
            """
def principal_directions(x, n_components):
    return np.linalg.eigh(np.cov(np.asarray(x), rowvar=False))[1].T[-n_components:]
""",
            """
def principal_directions(x, n_components):
    _, v = jnp.linalg.eigh(covariance(x))
    d = x.shape[1]
    return jnp.stack([v[:, i] for i in range(d - n_components, d)])
""",
        ],
        "Your directions are columns, and": [
            """
def principal_directions(x, n_components):
    return np.linalg.eigh(np.cov(np.asarray(x), rowvar=False))[1][:, -n_components:]
""",
            """
def principal_directions(x, n_components):
    _, v = jnp.linalg.eigh(covariance(x))
    return jnp.take(v, jnp.arange(x.shape[1] - n_components, x.shape[1]), axis=1)
""",
        ],
        "You used columns of the third output": [
            """
def principal_directions(x, n_components):
    c = np.asarray(x) - np.mean(x, axis=0)
    u, s, v = np.linalg.svd(c, full_matrices=False)
    return v.T[:n_components]
""",
            """
def principal_directions(x, n_components):
    v = jnp.linalg.svd(center(x), full_matrices=False)[2]
    return jnp.stack([v[:, i] for i in range(n_components)])
""",
        ],
        "Your vectors have one entry per sample": [
            """
def principal_directions(x, n_components):
    c = np.asarray(x) - np.mean(x, axis=0)
    return np.linalg.svd(c, full_matrices=False)[0].T[:n_components]
""",
            """
def principal_directions(x, n_components):
    c = center(x)
    return jnp.linalg.eigh(c @ c.T)[1][:, ::-1][:, :n_components].T
""",
        ],
        "You used correlations": [
            """
def principal_directions(x, n_components):
    return np.linalg.eigh(np.corrcoef(np.asarray(x).T))[1].T[::-1][:n_components]
""",
            """
def principal_directions(x, n_components):
    z = center(x) / x.std(axis=0)
    return jnp.linalg.svd(z, full_matrices=False)[2][:n_components]
""",
        ],
        "You returned the eigenvectors in": [
            """
def principal_directions(x, n_components):
    return np.linalg.eig(np.cov(x, rowvar=False))[1].T[:n_components]
""",
            """
def principal_directions(x, n_components):
    v = jnp.real(jnp.linalg.eig(covariance(x))[1])
    return jnp.stack([v[:, j] for j in range(n_components)])
""",
        ],
        "You returned all directions: keep": [
            """
def principal_directions(x, n_components):
    return np.linalg.eigh(np.cov(x, rowvar=False))[1][:, ::-1].T
""",
            """
def principal_directions(x, n_components):
    v = jnp.linalg.eigh(covariance(x))[1]
    return jnp.stack([v[:, j] for j in range(v.shape[1] - 1, -1, -1)])
""",
        ],
        "You multiplied the directions by": [
            """
def principal_directions(x, n_components):
    c = np.asarray(x) - np.mean(x, axis=0)
    _, s, vt = np.linalg.svd(c, full_matrices=False)
    return (np.diag(s) @ vt)[:n_components]
""",
            """
def principal_directions(x, n_components):
    _, s, vt = jnp.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return jnp.stack([s[i] * vt[i] for i in range(n_components)])
""",
        ],
    },
    "explained_variance_ratio": {
        "You used standard deviations": [
            """
def explained_variance_ratio(x):
    s = np.linalg.svd(np.asarray(x) - np.mean(x, axis=0), compute_uv=False)
    return s / s.sum()
""",
            """
def explained_variance_ratio(x):
    values = jnp.clip(jnp.linalg.eigvalsh(covariance(x)), 0.0)[::-1]
    return values**0.5 / sum(values**0.5)
""",
        ],
        "Your shares are in ascending order": [
            """
def explained_variance_ratio(x):
    values = np.linalg.eigvalsh(np.atleast_2d(np.cov(np.asarray(x), rowvar=False)))
    return values / values.sum()
""",
            """
def explained_variance_ratio(x):
    s = covariance(x)
    return jnp.linalg.eigh(s)[0] / jnp.trace(s)
""",
        ],
        "You returned the variances themselves": [
            "def explained_variance_ratio(x): return np.linalg.eigvalsh(covariance(x))[::-1]",
            """
def explained_variance_ratio(x):
    return jnp.linalg.svd(center(x), compute_uv=False) ** 2 / (len(x) - 1)
""",
        ],
        "You added the shares up": [
            """
def explained_variance_ratio(x):
    values = np.sort(np.linalg.eigvalsh(covariance(x)))[::-1]
    return np.cumsum(values) / np.sum(values)
""",
            """
def explained_variance_ratio(x):
    values = jnp.linalg.eigvalsh(covariance(x))[::-1]
    total, found = 0.0, []
    for value in values:
        total += value / values.sum()
        found.append(total)
    return found
""",
        ],
        "You did not center": [
            """
def explained_variance_ratio(x):
    s = np.linalg.svd(np.asarray(x), compute_uv=False) ** 2
    return s / s.sum()
""",
            """
def explained_variance_ratio(x):
    values = jnp.linalg.eigvalsh(sum(jnp.outer(row, row) for row in x) / (len(x) - 1))[::-1]
    return values / sum(values)
""",
        ],
        "You divided by the largest variance": [
            """
def explained_variance_ratio(x):
    values = np.linalg.eigvalsh(covariance(x))[::-1]
    return values / np.max(values)
""",
            """
def explained_variance_ratio(x):
    s = jnp.linalg.svd(center(x), compute_uv=False)
    return (s / s[0]) ** 2
""",
        ],
        "You took the variances of the features: those": [
            """
def explained_variance_ratio(x):
    v = np.var(x, axis=0)
    return -np.sort(-v) / np.sum(v)
""",
            """
def explained_variance_ratio(x):
    v = jnp.diag(covariance(x))
    return jnp.array(sorted(v, reverse=True)) / sum(v)
""",
        ],
        "You took the variances of the features in": [
            "def explained_variance_ratio(x): return np.var(x, axis=0) / np.sum(np.var(x, axis=0))",
            """
def explained_variance_ratio(x):
    s = covariance(x)
    return jnp.diag(s) / jnp.trace(s)
""",
        ],
        "You returned percent": [
            """
def explained_variance_ratio(x):
    values = np.linalg.eigvalsh(covariance(x))[::-1]
    return values / values.sum() * 100
""",
            """
def explained_variance_ratio(x):
    s2 = jnp.linalg.svd(center(x), compute_uv=False) ** 2
    return 100 * s2 / sum(s2)
""",
        ],
        "You used correlations, as if": [
            """
def explained_variance_ratio(x):
    x = np.asarray(x)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    values = np.linalg.eigvalsh(z.T @ z)[::-1]
    return values / values.sum()
""",
            """
def explained_variance_ratio(x):
    s = jnp.linalg.svd((x - x.mean(axis=0)) / x.std(axis=0), compute_uv=False)
    total = sum(v**2 for v in s)
    return jnp.stack([v**2 / total for v in s])
""",
        ],
        "You squared the eigenvalues: they": [
            """
def explained_variance_ratio(x):
    s = np.linalg.svd(np.cov(x, rowvar=False).reshape(np.shape(x)[1], -1), compute_uv=False)
    return s**2 / np.sum(s**2)
""",
            """
def explained_variance_ratio(x):
    values = jnp.linalg.eigvalsh(covariance(x))[::-1]
    total = sum(v**2 for v in values)
    return jnp.stack([v**2 / total for v in values])
""",
        ],
    },
    "low_rank": {
        "You kept the smallest singular values": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u[:, -k:] @ np.diag(s[-k:]) @ vt[-k:]
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    n = len(s)
    return sum(s[i] * jnp.outer(u[:, i], vt[i]) for i in range(n - k, n))
""",
        ],
        "You left out the singular values": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a))
    return np.dot(u[:, :k], vt[:k, :])
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return sum(jnp.outer(u[:, i], vt[i]) for i in range(k))
""",
        ],
        "You used columns of the third output": [
            """
def low_rank(a, k):
    u, s, v = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u[:, :k] @ np.diag(s[:k]) @ v[:, :k].T
""",
            """
def low_rank(a, k):
    u, s, v = jnp.linalg.svd(a, full_matrices=False)
    return sum(s[i] * jnp.outer(u[:, i], v[:, i]) for i in range(k))
""",
        ],
        "You started at the second part": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u[:, 1:k] @ np.diag(s[1:k]) @ vt[1:k]
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    total = jnp.zeros_like(a)
    for i in range(1, k):
        total += s[i] * jnp.outer(u[:, i], vt[i])
    return total
""",
        ],
        "You returned what is lost": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u[:, k:] @ np.diag(s[k:]) @ vt[k:]
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    for i in range(k):
        a = a - s[i] * jnp.outer(u[:, i], vt[i])
    return a
""",
        ],
        "You centered the columns: approximate": [
            """
def low_rank(a, k):
    mean = np.mean(a, axis=0)
    u, s, vt = np.linalg.svd(np.asarray(a) - mean, full_matrices=False)
    return u[:, :k] @ np.diag(s[:k]) @ vt[:k] + mean
""",
            """
def low_rank(a, k):
    c = center(a)
    _, _, vt = jnp.linalg.svd(c, full_matrices=False)
    return a.mean(axis=0) + c @ vt[:k].T @ vt[:k]
""",
        ],
        "You squared the singular values": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u[:, :k] @ np.diag(np.square(s[:k])) @ vt[:k]
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return sum(s[i] * s[i] * jnp.outer(u[:, i], vt[i]) for i in range(k))
""",
        ],
        "You kept one part too many": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    s[k + 1 :] = 0
    return u @ np.diag(s) @ vt
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    parts = [s[i] * jnp.outer(u[:, i], vt[i]) for i in range(len(s))]
    return sum(parts[: k + 1])
""",
        ],
        "You kept all parts, which": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u @ np.diag(s) @ vt
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return sum(s[i] * jnp.outer(u[:, i], vt[i]) for i in range(len(s)))
""",
        ],
        "You kept the k-th part": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return s[k - 1] * np.outer(u[:, k - 1], vt[k - 1])
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    for i in range(k):
        total = s[i] * u[:, i : i + 1] @ vt[i : i + 1]
    return total
""",
        ],
        "You kept one part too few": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u[:, : k - 1] @ np.diag(s[: k - 1]) @ vt[: k - 1]
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    total = jnp.zeros(a.shape)
    for i in range(k - 1):
        total = total + s[i] * jnp.outer(u[:, i], vt[i])
    return total
""",
        ],
        "You centered the columns and": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a) - np.mean(a, axis=0), full_matrices=False)
    return u[:, :k] @ np.diag(s[:k]) @ vt[:k]
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(center(a), full_matrices=False)
    return sum(s[i] * jnp.outer(u[:, i], vt[i]) for i in range(k))
""",
        ],
        "You used rows of the": [
            """
def low_rank(a, k):
    u, s, vt = np.linalg.svd(np.asarray(a), full_matrices=False)
    return u[:k].T @ np.diag(s[:k]) @ vt[:k]
""",
            """
def low_rank(a, k):
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    return sum(s[i] * jnp.outer(u[i], vt[i]) for i in range(k))
""",
        ],
    },
    "nmf_update": {
        "You updated H with the old W": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    return w * (x @ h.T / (w @ h @ h.T)), h * (w.T @ x / (w.T @ w @ h))
""",
            """
def nmf_update(x, w, h):
    fitted = w @ h
    new_w = jnp.multiply(w, jnp.divide(jnp.matmul(x, h.T), jnp.matmul(fitted, h.T)))
    new_h = jnp.multiply(h, jnp.divide(jnp.matmul(w.T, x), jnp.matmul(w.T, fitted)))
    return new_w, new_h
""",
        ],
        "You updated H before W": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    h = h * (w.T @ x) / (w.T @ (w @ h))
    w = w * (x @ h.T) / (w @ (h @ h.T))
    return w, h
""",
            """
def nmf_update(x, w, h):
    new_h = jnp.multiply(h, jnp.divide(w.T @ x, w.T @ w @ h))
    new_w = jnp.multiply(w, jnp.divide(x @ new_h.T, w @ new_h @ new_h.T))
    return new_w, new_h
""",
        ],
        "You updated W alone": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    w = w * (x @ h.T) / (w @ (h @ h.T))
    return w, h
""",
            "def nmf_update(x, w, h): return jnp.multiply(w, jnp.divide(x @ h.T, (w @ h) @ h.T)), h",
        ],
        "Your quotients are upside down": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    w = w / (x @ h.T) * (w @ (h @ h.T))
    h = h / (w.T @ x) * (w.T @ (w @ h))
    return w, h
""",
            """
def nmf_update(x, w, h):
    w = jnp.multiply(w, jnp.divide(w @ h @ h.T, x @ h.T))
    h = jnp.multiply(h, jnp.divide(w.T @ w @ h, w.T @ x))
    return w, h
""",
        ],
        "You replaced the factors by the quotients": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    w = (x @ h.T) / (w @ (h @ h.T))
    h = (w.T @ x) / (w.T @ (w @ h))
    return w, h
""",
            """
def nmf_update(x, w, h):
    w = jnp.divide(jnp.matmul(x, h.T), jnp.matmul(jnp.matmul(w, h), h.T))
    h = jnp.divide(jnp.matmul(w.T, x), jnp.matmul(w.T, jnp.matmul(w, h)))
    return w, h
""",
        ],
        "You divided X by W H entry by entry": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    w = w * ((x / (w @ h)) @ h.T) / (np.ones_like(x) @ h.T)
    h = h * (w.T @ (x / (w @ h))) / (w.T @ np.ones_like(x))
    return w, h
""",
            """
def nmf_update(x, w, h):
    w = w * jnp.einsum("ij,kj->ik", x / (w @ h), h) / h.sum(axis=1)[None, :]
    h = h * jnp.einsum("ik,ij->kj", w, x / (w @ h)) / w.sum(axis=0)[:, None]
    return w, h
""",
        ],
        "You returned H first": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    w = w * (x @ h.T) / (w @ (h @ h.T))
    h = h * (w.T @ x) / (w.T @ (w @ h))
    return h, w
""",
            """
def nmf_update(x, w, h):
    w = jnp.multiply(w, jnp.divide(x @ h.T, w @ h @ h.T))
    return jnp.multiply(h, jnp.divide(w.T @ x, w.T @ w @ h)), w
""",
        ],
        "You updated H alone": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    return w, h * (w.T @ x) / (w.T @ (w @ h))
""",
            "def nmf_update(x, w, h): return w, jnp.multiply(h, jnp.divide(w.T @ x, w.T @ w @ h))",
        ],
        "You took the root of the quotients": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    w = w * np.sqrt((x @ h.T) / (w @ (h @ h.T)))
    h = h * np.sqrt((w.T @ x) / (w.T @ (w @ h)))
    return w, h
""",
            """
def nmf_update(x, w, h):
    w = w * (x @ h.T) ** 0.5 / (w @ h @ h.T) ** 0.5
    return w, h * (w.T @ x) ** 0.5 / (w.T @ w @ h) ** 0.5
""",
        ],
        "You add a small number": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    w = w * (x @ h.T / (w @ h @ h.T + 1e-9))
    return w, h * (w.T @ x / (w.T @ w @ h + 1e-9))
""",
            """
def nmf_update(x, w, h):
    small = 1e-9
    below = jnp.einsum("ik,kl->il", w, jnp.einsum("kj,lj->kl", h, h))
    w = w * jnp.einsum("ij,kj->ik", x, h) / (below + small)
    below = jnp.einsum("kl,lj->kj", jnp.einsum("ik,il->kl", w, w), h)
    return w, h * jnp.einsum("ik,ij->kj", w, x) / (below + small)
""",
        ],
        "Your denominator of H still": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    below = w.T @ w @ h
    w = w * (x @ h.T) / (w @ h @ h.T)
    return w, h * (w.T @ x) / below
""",
            """
def nmf_update(x, w, h):
    new = w * jnp.einsum("ij,kj->ik", x, h) / jnp.einsum("il,lj,kj->ik", w, h, h)
    return new, h * jnp.einsum("ik,ij->kj", new, x) / jnp.einsum("ik,il,lj->kj", w, w, h)
""",
        ],
        "You made more than one": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    for _ in range(2):
        w = w * (x @ h.T) / (w @ h @ h.T)
        h = h * (w.T @ x) / (w.T @ w @ h)
    return w, h
""",
            """
def nmf_update(x, w, h):
    w = w * (x @ h.T) / (w @ h @ h.T)
    h = h * (w.T @ x) / (w.T @ w @ h)
    new = w * jnp.einsum("ij,kj->ik", x, h) / jnp.einsum("il,lj,kj->ik", w, h, h)
    return new, h * jnp.einsum("ik,ij->kj", new, x) / jnp.einsum("ik,il,lj->kj", new, new, h)
""",
        ],
        "Your numerator of H still": [
            """
def nmf_update(x, w, h):
    x, w, h = np.asarray(x), np.asarray(w), np.asarray(h)
    above = w.T @ x
    w = w * (x @ h.T) / (w @ h @ h.T)
    return w, h * above / (w.T @ w @ h)
""",
            """
def nmf_update(x, w, h):
    new = w * jnp.einsum("ij,kj->ik", x, h) / jnp.einsum("il,lj,kj->ik", w, h, h)
    return new, h * jnp.einsum("ik,ij->kj", w, x) / jnp.einsum("ik,il,lj->kj", new, new, h)
""",
        ],
    },
    "whiten": {
        "You divided each feature by its standard": [
            "def whiten(x): return (np.asarray(x) - np.mean(x, axis=0)) / np.std(x, axis=0, ddof=1)",
            """
def whiten(x):
    c = center(x)
    return c / jnp.sqrt(sum(c**2) / (len(x) - 1))
""",
        ],
        "You stayed in the coordinates": [
            """
def whiten(x):
    values, q = np.linalg.eigh(covariance(x))
    return (np.asarray(x) - np.mean(x, axis=0)) @ q @ np.diag(values**-0.5)
""",
            """
def whiten(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return center(x) @ q / jnp.sqrt(values)
""",
        ],
        "You divided by the variances": [
            """
def whiten(x):
    values, q = np.linalg.eigh(covariance(x))
    return (np.asarray(x) - np.mean(x, axis=0)) @ q @ np.diag(1 / values) @ q.T
""",
            "def whiten(x): return center(x) @ jnp.linalg.inv(covariance(x))",
        ],
        "Your covariance has the divisor n": [
            """
def whiten(x):
    c = np.asarray(x) - np.mean(x, axis=0)
    values, q = np.linalg.eigh(c.T @ c / len(c))
    return c @ q @ np.diag(values**-0.5) @ q.T
""",
            """
def whiten(x):
    u, _, vt = jnp.linalg.svd(center(x), full_matrices=False)
    return jnp.sqrt(len(x)) * u @ vt
""",
        ],
        "You did not center": [
            """
def whiten(x):
    values, q = np.linalg.eigh(np.cov(np.asarray(x), rowvar=False))
    return np.asarray(x) @ q @ np.diag(values**-0.5) @ q.T
""",
            """
def whiten(x):
    values, q = jnp.linalg.eigh(covariance(x))
    root = sum(jnp.outer(v, v) / jnp.sqrt(value) for value, v in zip(values, q.T))
    return jnp.stack([root @ row for row in x])
""",
        ],
        "You multiplied by the root": [
            """
def whiten(x):
    values, q = np.linalg.eigh(covariance(x))
    return (np.asarray(x) - np.mean(x, axis=0)) @ q @ np.diag(values**0.5) @ q.T
""",
            """
def whiten(x):
    values, q = jnp.linalg.eigh(covariance(x))
    root = sum(jnp.outer(v, v) * jnp.sqrt(value) for value, v in zip(values, q.T))
    return jnp.stack([root @ row for row in center(x)])
""",
        ],
        "You whitened with the triangular Cholesky": [
            """
def whiten(x):
    c = np.asarray(x) - np.mean(x, axis=0)
    return np.linalg.solve(np.linalg.cholesky(np.cov(c, rowvar=False)), c.T).T
""",
            "def whiten(x): return center(x) @ jnp.linalg.inv(jnp.linalg.cholesky(covariance(x))).T",
        ],
        "You returned the matrix S^(-1/2)": [
            """
def whiten(x):
    values, q = np.linalg.eigh(covariance(x))
    return q @ np.diag(values**-0.5) @ q.T
""",
            """
def whiten(x):
    values, q = jnp.linalg.eigh(covariance(x))
    return sum(jnp.outer(v, v) / jnp.sqrt(value) for value, v in zip(values, q.T))
""",
        ],
        "You divided each feature by its variance": [
            "def whiten(x): return (np.asarray(x) - np.mean(x, axis=0)) / np.var(x, axis=0, ddof=1)",
            """
def whiten(x):
    c = center(x)
    return c / (sum(c**2) / (len(x) - 1))
""",
        ],
        "You swapped Q and Q^T": [
            """
def whiten(x):
    c = np.asarray(x) - np.mean(x, axis=0)
    values, q = np.linalg.eigh(np.cov(x, rowvar=False))
    return c @ q.T @ np.diag(values**-0.5) @ q
""",
            """
def whiten(x):
    c = x - x.mean(axis=0)
    values, q = jnp.linalg.eigh(c.T @ c / (len(x) - 1))
    root = sum(jnp.outer(q[j], q[j]) / jnp.sqrt(values[j]) for j in range(len(values)))
    return jnp.stack([root @ row for row in c])
""",
        ],
        "Your z is U V^T": [
            """
def whiten(x):
    u, _, vt = np.linalg.svd(np.asarray(x) - np.mean(x, axis=0), full_matrices=False)
    return u @ vt
""",
            """
def whiten(x):
    c = x - x.mean(axis=0)
    values, q = jnp.linalg.eigh(c.T @ c)
    root = sum(jnp.outer(q[:, j], q[:, j]) / jnp.sqrt(values[j]) for j in range(len(values)))
    return jnp.stack([root @ row for row in c])
""",
        ],
        "You rotated the data into": [
            "def whiten(x): return (np.asarray(x) - np.mean(x, axis=0)) @ np.linalg.eigh(np.cov(x, rowvar=False))[1]",
            """
def whiten(x):
    q = jnp.linalg.eigh(covariance(x))[1]
    return jnp.stack([q.T @ (row - x.mean(axis=0)) for row in x])
""",
        ],
        "You added the mean back": [
            """
def whiten(x):
    mean = np.mean(x, axis=0)
    values, q = np.linalg.eigh(np.cov(x, rowvar=False))
    return (np.asarray(x) - mean) @ q @ np.diag(values**-0.5) @ q.T + mean
""",
            """
def whiten(x):
    mean = x.mean(axis=0)
    values, q = jnp.linalg.eigh(covariance(x))
    root = q @ jnp.diag(1 / jnp.sqrt(values)) @ q.T
    return jnp.stack([root @ (row - mean) + mean for row in x])
""",
        ],
        "You returned U sqrt(n -": [
            """
def whiten(x):
    u, _, _ = np.linalg.svd(np.asarray(x) - np.mean(x, axis=0), full_matrices=False)
    return np.sqrt(len(u) - 1) * u
""",
            """
def whiten(x):
    c = x - x.mean(axis=0)
    _, s, vt = jnp.linalg.svd(c, full_matrices=False)
    return jnp.stack([c @ vt[j] / s[j] for j in range(len(s))], axis=1) * (len(x) - 1) ** 0.5
""",
        ],
        "You used the mean square": [
            """
def whiten(x):
    x = np.asarray(x)
    values, q = np.linalg.eigh(x.T @ x / (len(x) - 1))
    return (x - x.mean(axis=0)) @ q @ np.diag(values**-0.5) @ q.T
""",
            """
def whiten(x):
    values, q = jnp.linalg.eigh(sum(jnp.outer(row, row) for row in x) / (len(x) - 1))
    root = q @ jnp.diag(1 / jnp.sqrt(values)) @ q.T
    return jnp.stack([root @ row for row in center(x)])
""",
        ],
    },
}
