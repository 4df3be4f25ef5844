"""Known mistakes of sheet 5, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "assign": {
        "You took the farthest centroid": [
            """
def assign(x, centroids):
    distances = np.linalg.norm(np.asarray(x)[:, None] - np.asarray(centroids), axis=2)
    return np.argmax(distances, axis=1)
""",
            """
def assign(x, centroids):
    return jnp.stack([jnp.argmax(jnp.sum((row - centroids) ** 2, axis=1)) for row in x])
""",
        ],
        "You found the nearest sample of each centroid": [
            """
def assign(x, centroids):
    distances = np.linalg.norm(np.asarray(x)[:, None] - np.asarray(centroids), axis=2)
    return distances.argmin(axis=0)
""",
            """
def assign(x, centroids):
    return jnp.stack([jnp.argmin(jnp.sum((x - one) ** 2, axis=1)) for one in centroids])
""",
        ],
        "You returned the smallest distance itself": [
            """
def assign(x, centroids):
    return ((np.asarray(x)[:, None] - np.asarray(centroids)) ** 2).sum(-1).min(axis=1)
""",
            """
def assign(x, centroids):
    return jnp.stack([min(jnp.sum((row - one) ** 2) for one in centroids) for row in x])
""",
        ],
        "Your differences cancel in the sum": [
            """
def assign(x, centroids):
    return np.argmin(np.sum(np.asarray(x)[:, None] - np.asarray(centroids), axis=2), axis=1)
""",
            """
def assign(x, centroids):
    return jnp.argmin(x.sum(axis=1)[:, None] - centroids.sum(axis=1), axis=1)
""",
        ],
        "You took the largest scalar product": [
            """
def assign(x, centroids):
    return np.argmax(np.dot(x, np.transpose(centroids)), axis=1)
""",
            """
def assign(x, centroids):
    return jnp.argmax(jnp.einsum("ni,ki->nk", x, centroids), axis=1)
""",
        ],
        "You summed absolute differences": [
            """
def assign(x, centroids):
    return np.abs(np.asarray(x)[:, None] - np.asarray(centroids)).sum(axis=2).argmin(axis=1)
""",
            """
def assign(x, centroids):
    return jnp.stack([jnp.argmin(sum(jnp.abs(row - centroids).T)) for row in x])
""",
        ],
        "Your indices start at 1": [
            """
def assign(x, centroids):
    distances = np.linalg.norm(np.asarray(x)[:, None] - np.asarray(centroids), axis=2)
    return 1 + distances.argmin(axis=1)
""",
            """
def assign(x, centroids):
    nearest = [jnp.argmin(jnp.sum((row - centroids) ** 2, axis=1)) for row in x]
    return jnp.array([i + 1 for i in nearest])
""",
        ],
        "If two centroids are equally near": [
            """
def assign(x, centroids):
    x, centroids = np.asarray(x), np.asarray(centroids)
    labels = np.zeros(len(x), int)
    for i in range(len(x)):
        best = np.inf
        for j in range(len(centroids)):
            distance = np.sum((x[i] - centroids[j]) ** 2)
            if distance <= best:
                best, labels[i] = distance, j
    return labels
""",
            """
def assign(x, centroids):
    best = jnp.sum((x - centroids[0]) ** 2, axis=1)
    labels = jnp.zeros(len(x), int)
    for j in range(1, len(centroids)):
        distance = jnp.sum((x - centroids[j]) ** 2, axis=1)
        labels = jnp.where(distance <= best, j, labels)
        best = jnp.minimum(best, distance)
    return labels
""",
        ],
        "Far from the origin your distances": [
            """
def assign(x, centroids):
    x, centroids = np.asarray(x), np.asarray(centroids)
    distances = (x**2).sum(1)[:, None] + (centroids**2).sum(1) - 2 * np.dot(x, centroids.T)
    return np.argmin(distances, axis=1)
""",
            """
def assign(x, centroids):
    return jnp.argmax(x @ centroids.T - jnp.sum(centroids**2, axis=1) / 2, axis=1)
""",
        ],
        "You searched the whole table at once": [
            """
def assign(x, centroids):
    return np.argmin(((np.asarray(x)[:, None] - np.asarray(centroids)) ** 2).sum(-1))
""",
            """
def assign(x, centroids):
    distances = jnp.linalg.norm(x[:, None] - centroids, axis=2)
    return distances.argmin()
""",
        ],
        "You returned a table of 0 and 1": [
            """
def assign(x, centroids):
    distances = ((np.asarray(x)[:, None] - np.asarray(centroids)) ** 2).sum(-1)
    return np.eye(len(centroids))[distances.argmin(axis=1)]
""",
            """
def assign(x, centroids):
    distances = jnp.linalg.norm(x[:, None] - centroids, axis=2)
    return (jnp.argmin(distances, axis=1)[:, None] == jnp.arange(len(centroids))).astype(int)
""",
        ],
    },
    "update_centroids": {
        "You returned the sums": [
            """
def update_centroids(x, labels, centroids):
    x, labels, new = np.asarray(x), np.asarray(labels), np.array(centroids)
    for j in range(len(new)):
        if (labels == j).any():
            new[j] = x[labels == j].sum(axis=0)
    return new
""",
            """
def update_centroids(x, labels, centroids):
    sums = jax.ops.segment_sum(x, labels, len(centroids))
    found = jnp.array([jnp.any(labels == j) for j in range(len(centroids))])
    return jnp.where(found[:, None], sums, centroids)
""",
        ],
        "You divided every sum by the number of all samples": [
            """
def update_centroids(x, labels, centroids):
    x, labels, new = np.asarray(x), np.asarray(labels), np.array(centroids)
    for j in range(len(new)):
        if (labels == j).any():
            new[j] = x[labels == j].sum(axis=0) / len(labels)
    return new
""",
            """
def update_centroids(x, labels, centroids):
    member = labels[:, None] == jnp.arange(len(centroids))
    means = jnp.mean(member[:, :, None] * x[:, None], axis=0)
    return jnp.where(member.any(axis=0)[:, None], means, centroids)
""",
        ],
        "A cluster without samples became NaN": [
            """
def update_centroids(x, labels, centroids):
    x, labels = np.asarray(x), np.asarray(labels)
    member = (labels[:, None] == np.arange(len(centroids))).astype(np.float32)
    return member.T @ x / member.sum(axis=0)[:, None]
""",
            """
def update_centroids(x, labels, centroids):
    return jnp.stack(
        [jnp.sum(jnp.where(labels[:, None] == j, x, 0), axis=0) / jnp.sum(labels == j) for j in range(len(centroids))]
    )
""",
        ],
        "A cluster without samples jumped to the origin": [
            """
def update_centroids(x, labels, centroids):
    x, labels, new = np.asarray(x), np.asarray(labels), np.zeros(centroids.shape)
    for j in range(len(new)):
        if (labels == j).any():
            new[j] = x[labels == j].mean(axis=0)
    return new
""",
            """
def update_centroids(x, labels, centroids):
    member = jax.nn.one_hot(labels, len(centroids))
    return member.T @ x / (member.sum(axis=0)[:, None] + 1e-9)
""",
        ],
        "You counted the old centroid": [
            """
def update_centroids(x, labels, centroids):
    x, labels, new = np.asarray(x), np.asarray(labels), np.array(centroids)
    for j in range(len(new)):
        new[j] = np.vstack([x[labels == j], new[j : j + 1]]).mean(axis=0)
    return new
""",
            """
def update_centroids(x, labels, centroids):
    sums, counts = centroids, jnp.ones(len(centroids))
    for row, label in zip(x, labels):
        sums, counts = sums.at[label].add(row), counts.at[label].add(1)
    return sums / counts[:, None]
""",
        ],
        "You divided by the count minus 1": [
            """
def update_centroids(x, labels, centroids):
    x, labels, new = np.asarray(x), np.asarray(labels), np.array(centroids)
    for j in range(len(new)):
        count = (labels == j).sum()
        if count > 1:
            new[j] = x[labels == j].sum(axis=0) / (count - 1)
    return new
""",
            """
def update_centroids(x, labels, centroids):
    sums = jax.ops.segment_sum(x, labels, len(centroids))
    counts = jnp.bincount(labels, length=len(centroids))[:, None]
    return jnp.where(counts > 0, sums / jnp.maximum(counts - 1, 1e-9), centroids)
""",
        ],
        "You divided by the count plus 1": [
            """
def update_centroids(x, labels, centroids):
    x, labels, new = np.asarray(x), np.asarray(labels), np.array(centroids)
    for j in range(len(new)):
        new[j] = x[labels == j].sum(axis=0) / (1 + (labels == j).sum())
    return new
""",
            """
def update_centroids(x, labels, centroids):
    sums, counts = jnp.zeros_like(centroids), jnp.ones(len(centroids))
    for row, label in zip(x, labels):
        sums, counts = sums.at[label].add(row), counts.at[label].add(1)
    return sums / counts[:, None]
""",
        ],
        "You took the median of each cluster": [
            """
def update_centroids(x, labels, centroids):
    x, labels, new = np.asarray(x), np.asarray(labels), np.array(centroids)
    for j in range(len(new)):
        if (labels == j).any():
            new[j] = np.median(x[labels == j], axis=0)
    return new
""",
            """
def update_centroids(x, labels, centroids):
    rows = [jnp.median(x[labels == j], axis=0) if (labels == j).any() else c for j, c in enumerate(centroids)]
    return jnp.stack(rows)
""",
        ],
    },
    "seeding_weights": {
        "Your weights grow with the distance": [
            """
def seeding_weights(x, centroids):
    distances = np.linalg.norm(np.asarray(x)[:, None] - np.asarray(centroids), axis=2).min(axis=1)
    return distances / distances.sum()
""",
            """
def seeding_weights(x, centroids):
    nearest = jnp.stack([min(jnp.linalg.norm(row - one) for one in centroids) for row in x])
    return nearest / sum(nearest)
""",
        ],
        "You returned squared distances": [
            """
def seeding_weights(x, centroids):
    return np.linalg.norm(np.asarray(x)[:, None] - np.asarray(centroids), axis=2).min(axis=1) ** 2
""",
            """
def seeding_weights(x, centroids):
    return jnp.stack([min(jnp.sum((row - one) ** 2) for one in centroids) for row in x])
""",
        ],
        "You added the distances to all centroids": [
            """
def seeding_weights(x, centroids):
    squares = ((np.asarray(x)[:, None] - np.asarray(centroids)) ** 2).sum(axis=(1, 2))
    return squares / squares.sum()
""",
            """
def seeding_weights(x, centroids):
    total = sum(jnp.sum((x - one) ** 2, axis=1) for one in centroids)
    return total / jnp.sum(total)
""",
        ],
        "You took the farthest centroid": [
            """
def seeding_weights(x, centroids):
    squares = ((np.asarray(x)[:, None] - np.asarray(centroids)) ** 2).sum(-1).max(axis=1)
    return squares / squares.sum()
""",
            """
def seeding_weights(x, centroids):
    far = jnp.stack([max(jnp.sum((row - one) ** 2) for one in centroids) for row in x])
    return far / sum(far)
""",
        ],
        "You looked at the last centroid alone": [
            """
def seeding_weights(x, centroids):
    squares = ((np.asarray(x) - np.asarray(centroids)[-1]) ** 2).sum(axis=1)
    return squares / squares.sum()
""",
            """
def seeding_weights(x, centroids):
    for one in centroids:
        squares = jnp.sum((x - one) ** 2, axis=1)
    return squares / sum(squares)
""",
        ],
        "You divided by the largest entry": [
            """
def seeding_weights(x, centroids):
    squares = ((np.asarray(x)[:, None] - np.asarray(centroids)) ** 2).sum(-1).min(axis=1)
    return squares / squares.max()
""",
            """
def seeding_weights(x, centroids):
    nearest = jnp.stack([min(jnp.sum((row - one) ** 2) for one in centroids) for row in x])
    return nearest / max(nearest)
""",
        ],
        "You squared after dividing": [
            """
def seeding_weights(x, centroids):
    distances = np.linalg.norm(np.asarray(x)[:, None] - np.asarray(centroids), axis=2).min(axis=1)
    return np.square(distances / np.sum(distances))
""",
            """
def seeding_weights(x, centroids):
    nearest = jnp.stack([min(jnp.linalg.norm(row - one) for one in centroids) for row in x])
    share = nearest / sum(nearest)
    return share * share
""",
        ],
        "You measured from the mean of the centroids": [
            """
def seeding_weights(x, centroids):
    squares = np.linalg.norm(np.asarray(x) - np.mean(centroids, axis=0), axis=1) ** 2
    return squares / squares.sum()
""",
            """
def seeding_weights(x, centroids):
    center = sum(centroids) / len(centroids)
    squares = jnp.stack([jnp.sum((row - center) ** 2) for row in x])
    return squares / sum(squares)
""",
        ],
        "Far from the origin your distances": [
            """
def seeding_weights(x, centroids):
    x, centroids = np.asarray(x), np.asarray(centroids)
    squares = ((x**2).sum(1)[:, None] + (centroids**2).sum(1) - 2 * np.dot(x, centroids.T)).min(axis=1)
    return squares / squares.sum()
""",
            """
def seeding_weights(x, centroids):
    squares = jnp.stack([jnp.sum(x * x, axis=1) - 2 * x @ one + one @ one for one in centroids]).min(axis=0)
    return squares / sum(squares)
""",
        ],
    },
    "responsibilities": {
        "You left out the mixing weights": [
            """
def responsibilities(log_densities, weights):
    p = np.exp(log_densities)
    return p / p.sum(axis=1, keepdims=True)
""",
            """
def responsibilities(log_densities, weights):
    return jnp.stack([jnp.exp(row - jax.scipy.special.logsumexp(row)) for row in log_densities])
""",
        ],
        "You added the weights to logarithms": [
            """
def responsibilities(log_densities, weights):
    joint = np.asarray(log_densities) + np.asarray(weights)
    p = np.exp(joint - joint.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)
""",
            """
def responsibilities(log_densities, weights):
    joint = log_densities + weights
    return jnp.exp(joint - jax.scipy.special.logsumexp(joint, axis=1, keepdims=True))
""",
        ],
        "Far from all components every density underflows": [
            """
def responsibilities(log_densities, weights):
    p = np.exp(log_densities) * np.asarray(weights)
    return p / p.sum(axis=1)[:, None]
""",
            """
def responsibilities(log_densities, weights):
    rows = [jnp.exp(row) * weights for row in log_densities]
    return jnp.stack([row / sum(row) for row in rows])
""",
        ],
        "Your columns add up to 1": [
            """
def responsibilities(log_densities, weights):
    p = np.exp(log_densities) * np.asarray(weights)
    return p / p.sum(axis=0)
""",
            """
def responsibilities(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    return jnp.exp(joint - jax.scipy.special.logsumexp(joint, axis=0))
""",
        ],
        "You returned density times weight": [
            """
def responsibilities(log_densities, weights):
    return np.asarray(weights) * np.exp(log_densities)
""",
            """
def responsibilities(log_densities, weights):
    return jnp.stack([jnp.exp(row + jnp.log(weights)) for row in log_densities])
""",
        ],
        "You returned logarithms": [
            """
def responsibilities(log_densities, weights):
    joint = np.asarray(log_densities) + np.log(weights)
    highest = joint.max(axis=1, keepdims=True)
    return joint - highest - np.log(np.exp(joint - highest).sum(axis=1, keepdims=True))
""",
            """
def responsibilities(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    return joint - jax.scipy.special.logsumexp(joint, axis=1, keepdims=True)
""",
        ],
        "You subtracted the largest logarithm of ALL": [
            """
def responsibilities(log_densities, weights):
    joint = np.asarray(log_densities) + np.log(weights)
    p = np.exp(joint - np.max(joint))
    return p / p.sum(axis=1, keepdims=True)
""",
            """
def responsibilities(log_densities, weights):
    p = jnp.exp(log_densities - jnp.max(log_densities)) * weights
    return jnp.stack([row / jnp.sum(row) for row in p])
""",
        ],
        "Far from all components your responsibilities are 0": [
            """
def responsibilities(log_densities, weights):
    p = np.exp(log_densities) * np.asarray(weights)
    return p / (p.sum(axis=1, keepdims=True) + 1e-10)
""",
            """
def responsibilities(log_densities, weights):
    p = jnp.exp(log_densities) * weights
    return p / jnp.maximum(p.sum(axis=1)[:, None], 1e-20)
""",
        ],
        "You weighted after normalizing": [
            """
def responsibilities(log_densities, weights):
    p = np.exp(log_densities)
    return p / p.sum(axis=1, keepdims=True) * np.asarray(weights)
""",
            """
def responsibilities(log_densities, weights):
    return weights * jnp.stack([jax.nn.softmax(row) for row in log_densities])
""",
        ],
        "You gave each sample to one component": [
            """
def responsibilities(log_densities, weights):
    best = np.argmax(np.exp(log_densities - np.max(log_densities, axis=1, keepdims=True)) * weights, axis=1)
    return np.eye(len(weights))[best]
""",
            """
def responsibilities(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    return jnp.where(joint == joint.max(axis=1, keepdims=True), 1.0, 0.0)
""",
        ],
        "All your entries together": [
            """
def responsibilities(log_densities, weights):
    p = np.exp(log_densities) * np.asarray(weights)
    return p / p.sum()
""",
            """
def responsibilities(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    return jnp.exp(joint - jax.scipy.special.logsumexp(joint))
""",
        ],
    },
    "m_step": {
        "Your weights are counts": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    covariances = [(gamma[:, k, None] * (x - m)).T @ (x - m) / counts[k] for k, m in enumerate(means)]
    return counts, means, np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    covariances = jnp.stack([jnp.cov(x.T, aweights=g, ddof=0).reshape(x.shape[1], -1) for g in gamma.T])
    return sum(gamma), means, covariances
""",
        ],
        "You divided by the number of all samples": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    means = gamma.T @ x / len(x)
    covariances = [(gamma[:, k, None] * (x - m)).T @ (x - m) / len(x) for k, m in enumerate(means)]
    return gamma.mean(axis=0), means, np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.mean(gamma[:, :, None] * x[:, None], axis=0)
    c = x[:, None] - means
    covariances = jnp.mean(gamma[:, :, None, None] * c[:, :, :, None] * c[:, :, None], axis=0)
    return jnp.mean(gamma, axis=0), means, covariances
""",
        ],
        "Your covariances are sums": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    covariances = [(gamma[:, k, None] * (x - m)).T @ (x - m) for k, m in enumerate(means)]
    return counts / len(x), means, np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    covariances = [sum(g * jnp.outer(row - m, row - m) for g, row in zip(gs, x)) for gs, m in zip(gamma.T, means)]
    return jnp.mean(gamma, axis=0), means, jnp.stack(covariances)
""",
        ],
        "You divided the covariances by N_k - 1": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    covariances = [(gamma[:, k, None] * (x - m)).T @ (x - m) / (counts[k] - 1) for k, m in enumerate(means)]
    return counts / len(x), means, np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    covariances = [((x - m).T * g) @ (x - m) / (jnp.sum(g) - 1) for g, m in zip(gamma.T, means)]
    return jnp.mean(gamma, axis=0), means, jnp.stack(covariances)
""",
        ],
        "You measured the covariances from the mean of all": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    c = x - x.mean(axis=0)
    covariances = [(gamma[:, k, None] * c).T @ c / counts[k] for k in range(len(counts))]
    return counts / len(x), gamma.T @ x / counts[:, None], np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    outer = jax.vmap(lambda row: jnp.outer(row, row))(x - jnp.mean(x, axis=0))
    return jnp.mean(gamma, axis=0), means, jnp.stack([jnp.average(outer, axis=0, weights=g) for g in gamma.T])
""",
        ],
        "You did not subtract the means": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    covariances = [(gamma[:, k, None] * x).T @ x / counts[k] for k in range(len(counts))]
    return counts / len(x), gamma.T @ x / counts[:, None], np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    outer = x[:, :, None] * x[:, None]
    return jnp.mean(gamma, axis=0), means, jnp.stack([jnp.average(outer, axis=0, weights=g) for g in gamma.T])
""",
        ],
        "You squared the responsibilities": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    weighted = [gamma[:, k, None] * (x - m) for k, m in enumerate(means)]
    return counts / len(x), means, np.array([w.T @ w / n for w, n in zip(weighted, counts)])
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    covariances = [((x - m).T * g**2) @ (x - m) / jnp.sum(g) for g, m in zip(gamma.T, means)]
    return jnp.mean(gamma, axis=0), means, jnp.stack(covariances)
""",
        ],
        "Far from the origin your covariances": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    covariances = [(gamma[:, k, None] * x).T @ x / counts[k] - np.outer(m, m) for k, m in enumerate(means)]
    return counts / len(x), means, np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    outer = x[:, :, None] * x[:, None]
    squares = jnp.stack([jnp.average(outer, axis=0, weights=g) for g in gamma.T])
    return jnp.mean(gamma, axis=0), means, squares - jnp.einsum("ki,kj->kij", means, means)
""",
        ],
        "Your covariances are variances": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    variances = [gamma[:, k] @ (x - m) ** 2 / counts[k] for k, m in enumerate(means)]
    return counts / len(x), means, np.array(variances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    variances = jnp.sum(gamma[:, :, None] * (x[:, None] - means) ** 2, axis=0) / jnp.sum(gamma, axis=0)[:, None]
    return jnp.mean(gamma, axis=0), means, variances
""",
        ],
        "Your covariances are 0 off the diagonal": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    covariances = [np.diag(gamma[:, k] @ (x - m) ** 2 / counts[k]) for k, m in enumerate(means)]
    return counts / len(x), means, np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    variances = jnp.sum(gamma[:, :, None] * (x[:, None] - means) ** 2, axis=0) / jnp.sum(gamma, axis=0)[:, None]
    return jnp.mean(gamma, axis=0), means, jax.vmap(jnp.diag)(variances)
""",
        ],
        "You returned the means first": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = gamma.T @ x / counts[:, None]
    covariances = [(gamma[:, k, None] * (x - m)).T @ (x - m) / counts[k] for k, m in enumerate(means)]
    return means, np.array(covariances), counts / len(x)
""",
            """
def m_step(x, gamma):
    means = jnp.stack([jnp.average(x, axis=0, weights=g) for g in gamma.T])
    covariances = [((x - m).T * g) @ (x - m) / jnp.sum(g) for g, m in zip(gamma.T, means)]
    return means, jnp.stack(covariances), jnp.mean(gamma, axis=0)
""",
        ],
        "Your means do not depend on gamma": [
            """
def m_step(x, gamma):
    x, gamma = np.asarray(x), np.asarray(gamma)
    counts = gamma.sum(axis=0)
    means = np.array([x.mean(axis=0) for _ in counts])
    covariances = [(gamma[:, k, None] * (x - m)).T @ (x - m) / counts[k] for k, m in enumerate(means)]
    return counts / len(x), means, np.array(covariances)
""",
            """
def m_step(x, gamma):
    means = jnp.ones((gamma.shape[1], 1)) * jnp.mean(x, axis=0)
    covariances = [((x - m).T * g) @ (x - m) / jnp.sum(g) for g, m in zip(gamma.T, means)]
    return jnp.mean(gamma, axis=0), means, jnp.stack(covariances)
""",
        ],
    },
    "log_likelihood": {
        "You summed over the samples: take the mean": [
            """
def log_likelihood(log_densities, weights):
    return np.log(np.exp(log_densities) @ np.asarray(weights)).sum()
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jax.scipy.special.logsumexp(row, b=weights) for row in log_densities)
""",
        ],
        "You left out the mixing weights": [
            """
def log_likelihood(log_densities, weights):
    return np.log(np.exp(log_densities).sum(axis=1)).mean()
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jax.scipy.special.logsumexp(row) for row in log_densities) / len(log_densities)
""",
        ],
        "Far from all components every density underflows": [
            """
def log_likelihood(log_densities, weights):
    return np.mean(np.log(np.exp(log_densities) @ np.asarray(weights)))
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jnp.log(jnp.exp(row) @ weights) for row in log_densities) / len(log_densities)
""",
        ],
        "You averaged the logarithms over the components": [
            """
def log_likelihood(log_densities, weights):
    return np.mean(np.dot(log_densities, weights))
""",
            """
def log_likelihood(log_densities, weights):
    return sum(row @ weights for row in log_densities) / len(log_densities)
""",
        ],
        "Your sign is reversed": [
            """
def log_likelihood(log_densities, weights):
    return -np.mean(np.log(np.exp(log_densities) @ np.asarray(weights)))
""",
            """
def log_likelihood(log_densities, weights):
    return -sum(jax.scipy.special.logsumexp(row, b=weights) for row in log_densities) / len(log_densities)
""",
        ],
        "You took the logarithm after averaging": [
            """
def log_likelihood(log_densities, weights):
    return np.log((np.exp(log_densities) @ np.asarray(weights)).mean())
""",
            """
def log_likelihood(log_densities, weights):
    return jnp.log(sum(jnp.exp(row) @ weights for row in log_densities) / len(log_densities))
""",
        ],
        "You kept only the best component": [
            """
def log_likelihood(log_densities, weights):
    return (np.asarray(log_densities) + np.log(weights)).max(axis=1).mean()
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jnp.max(row + jnp.log(weights)) for row in log_densities) / len(log_densities)
""",
        ],
        "You added the weights to logarithms": [
            """
def log_likelihood(log_densities, weights):
    return np.logaddexp.reduce(np.asarray(log_densities) + np.asarray(weights), axis=1).mean()
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jax.scipy.special.logsumexp(row + weights) for row in log_densities) / len(log_densities)
""",
        ],
        "You subtracted the largest logarithm but": [
            """
def log_likelihood(log_densities, weights):
    joint = np.asarray(log_densities) + np.log(weights)
    return np.log(np.exp(joint - joint.max(axis=1)[:, None]).sum(axis=1)).mean()
""",
            """
def log_likelihood(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    return jnp.mean(jax.scipy.special.logsumexp(joint, axis=1) - jnp.max(joint, axis=1))
""",
        ],
        "You summed over the samples and averaged": [
            """
def log_likelihood(log_densities, weights):
    return np.log((np.exp(log_densities) * np.asarray(weights)).sum(axis=0)).mean()
""",
            """
def log_likelihood(log_densities, weights):
    columns = (log_densities + jnp.log(weights)).T
    return sum(jax.scipy.special.logsumexp(column) for column in columns) / len(columns)
""",
        ],
        "You returned one number for each sample": [
            """
def log_likelihood(log_densities, weights):
    return np.log((np.exp(log_densities) * np.asarray(weights)).sum(axis=1))
""",
            """
def log_likelihood(log_densities, weights):
    return jnp.stack([jax.scipy.special.logsumexp(row, b=weights) for row in log_densities])
""",
        ],
        "You returned the mean density": [
            """
def log_likelihood(log_densities, weights):
    return np.mean(np.exp(log_densities) @ np.asarray(weights))
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jnp.exp(row) @ weights for row in log_densities) / len(log_densities)
""",
        ],
    },
    "linear_autoencoder_loss": {
        "You summed all squared errors": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    return ((m + (x - m) @ encoder @ decoder - x) ** 2).sum()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - sum(x) / len(x)
    return jnp.vdot(centered - centered @ encoder @ decoder, centered - centered @ encoder @ decoder)
""",
        ],
        "You summed over the features and averaged": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    return ((m + (x - m) @ encoder @ decoder - x) ** 2).sum() / len(x)
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - sum(x) / len(x)
    return jnp.mean(jnp.linalg.norm(centered - centered @ encoder @ decoder, axis=1) ** 2)
""",
        ],
        "You did not subtract the mean": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    return ((x @ encoder @ decoder - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    return sum(jnp.mean((row - row @ encoder @ decoder) ** 2) for row in x) / len(x)
""",
        ],
        "You forgot to add the mean after decoding": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    z = (x - x.mean(axis=0)) @ encoder
    return ((z @ decoder - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = sum(x) / len(x)
    return sum(jnp.mean((row - (row - m) @ encoder @ decoder) ** 2) for row in x) / len(x)
""",
        ],
        "You took the square root": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    return ((m + (x - m) @ encoder @ decoder - x) ** 2).mean() ** 0.5
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - sum(x) / len(x)
    return jnp.linalg.norm(centered - centered @ encoder @ decoder) / math.sqrt(x.size)
""",
        ],
        "Your loss is half as large": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    return 0.5 * ((m + (x - m) @ encoder @ decoder - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - sum(x) / len(x)
    return jnp.sum((centered - centered @ encoder @ decoder) ** 2) / (2 * x.size)
""",
        ],
        "You decoded with the encoder's transpose": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder = np.asarray(x), np.asarray(encoder)
    m = x.mean(axis=0)
    return ((m + (x - m) @ encoder @ encoder.T - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - sum(x) / len(x)
    return jnp.mean((centered - jnp.einsum("nk,ik->ni", centered @ encoder, encoder)) ** 2)
""",
        ],
        "You subtracted one number": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = np.mean(x)
    return ((m + (x - m) @ encoder @ decoder - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - jnp.sum(x) / x.size
    return jnp.mean((centered - centered @ encoder @ decoder) ** 2)
""",
        ],
        "You averaged absolute errors": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    return np.abs(m + (x - m) @ encoder @ decoder - x).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - sum(x) / len(x)
    return jnp.linalg.norm((centered - centered @ encoder @ decoder).ravel(), 1) / x.size
""",
        ],
        "You summed over the samples: the loss": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    return ((m + (x - m) @ encoder @ decoder - x) ** 2).sum() / x.shape[1]
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = sum(x) / len(x)
    return sum(jnp.mean((row - m - (row - m) @ encoder @ decoder) ** 2) for row in x)
""",
        ],
        "You subtracted from each sample its own mean": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=1)[:, None]
    return ((m + (x - m) @ encoder @ decoder - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    rows = [row - jnp.mean(row) for row in x]
    return sum(jnp.mean((row - row @ encoder @ decoder) ** 2) for row in rows) / len(x)
""",
        ],
        "You added the mean after decoding": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    return ((x @ encoder @ decoder + x.mean(axis=0) - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = sum(x) / len(x)
    return sum(jnp.mean((row - m - row @ encoder @ decoder) ** 2) for row in x) / len(x)
""",
        ],
        "Your loss is twice as large": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, encoder, decoder = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    return 2 * ((m + (x - m) @ encoder @ decoder - x) ** 2).mean()
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    centered = x - sum(x) / len(x)
    error = centered - centered @ encoder @ decoder
    return jnp.mean(error**2 + error**2)
""",
        ],
    },
    "anomaly_score": {
        "You summed over the pixels": [
            """
def anomaly_score(x, rebuilt):
    return ((np.asarray(x) - np.asarray(rebuilt)) ** 2).sum(axis=(1, 2))
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.linalg.norm(a - b) ** 2 for a, b in zip(x, rebuilt)])
""",
        ],
        "You took the square root": [
            """
def anomaly_score(x, rebuilt):
    return ((np.asarray(x) - np.asarray(rebuilt)) ** 2).mean(axis=(1, 2)) ** 0.5
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.linalg.norm(a - b) / math.sqrt(a.size) for a, b in zip(x, rebuilt)])
""",
        ],
        "You averaged over everything": [
            """
def anomaly_score(x, rebuilt):
    return ((np.asarray(x) - np.asarray(rebuilt)) ** 2).mean()
""",
            """
def anomaly_score(x, rebuilt):
    return sum(jnp.sum((a - b) ** 2) for a, b in zip(x, rebuilt)) / x.size
""",
        ],
        "You averaged over the images": [
            """
def anomaly_score(x, rebuilt):
    return ((np.asarray(x) - np.asarray(rebuilt)) ** 2).mean(axis=0)
""",
            """
def anomaly_score(x, rebuilt):
    return sum((a - b) ** 2 for a, b in zip(x, rebuilt)) / len(x)
""",
        ],
        "You averaged over the columns alone": [
            """
def anomaly_score(x, rebuilt):
    return ((np.asarray(x) - np.asarray(rebuilt)) ** 2).mean(axis=2)
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.sum((x - rebuilt) ** 2, axis=-1) / x.shape[-1]
""",
        ],
        "You averaged over the rows alone": [
            """
def anomaly_score(x, rebuilt):
    return ((np.asarray(x) - np.asarray(rebuilt)) ** 2).mean(axis=1)
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([sum((a - b) ** 2) / len(a) for a, b in zip(x, rebuilt)])
""",
        ],
        "You squared after averaging": [
            """
def anomaly_score(x, rebuilt):
    return np.mean(np.asarray(x) - np.asarray(rebuilt), axis=(1, 2)) ** 2
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([(jnp.mean(a) - jnp.mean(b)) ** 2 for a, b in zip(x, rebuilt)])
""",
        ],
        "You averaged absolute errors": [
            """
def anomaly_score(x, rebuilt):
    return np.abs(np.asarray(x) - np.asarray(rebuilt)).mean(axis=(1, 2))
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.linalg.norm((a - b).ravel(), 1) / a.size for a, b in zip(x, rebuilt)])
""",
        ],
        "You returned the squared error of every pixel": [
            """
def anomaly_score(x, rebuilt):
    return np.square(np.asarray(x) - np.asarray(rebuilt))
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([(a - b) * (a - b) for a, b in zip(x, rebuilt)])
""",
        ],
        "You took the largest squared error": [
            """
def anomaly_score(x, rebuilt):
    return ((np.asarray(x) - np.asarray(rebuilt)) ** 2).reshape(len(x), -1).max(axis=1)
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.max(jnp.abs(a - b)) ** 2 for a, b in zip(x, rebuilt)])
""",
        ],
        "You squared before subtracting": [
            """
def anomaly_score(x, rebuilt):
    return np.mean(np.square(x) - np.square(rebuilt), axis=(1, 2))
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.mean((a - b) * (a + b)) for a, b in zip(x, rebuilt)])
""",
        ],
    },
}
