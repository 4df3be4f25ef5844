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
        "All your indices are 0": [
            """
def assign(x, centroids):
    return np.zeros(len(x), dtype=int)
""",
            """
def assign(x, centroids):
    return jnp.stack([jnp.argmin(jnp.zeros(len(centroids))) for row in x])
""",
        ],
        "You returned the table": [
            """
def assign(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d2 = ((x[:, None] - c) ** 2).sum(axis=2)
    return d2
""",
            """
def assign(x, centroids):
    return jnp.stack([jnp.sum((x - c) ** 2, axis=1) for c in centroids], axis=1)
""",
        ],
        "You returned the nearest centroids": [
            """
def assign(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d2 = ((x[:, None] - c) ** 2).sum(axis=2)
    return c[d2.argmin(axis=1)]
""",
            """
def assign(x, centroids):
    return jnp.stack([centroids[jnp.argmin(jnp.sum((row - centroids) ** 2, axis=1))] for row in x])
""",
        ],
        "You summed over the centroids": [
            """
def assign(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    return np.argmin(np.sum((x[:, None] - c) ** 2, axis=1), axis=1)
""",
            """
def assign(x, centroids):
    return jnp.stack([jnp.argmin(sum((row - c) ** 2 for c in centroids)) for row in x])
""",
        ],
        "You compared the largest difference": [
            """
def assign(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    return np.abs(x[:, None] - c).max(axis=2).argmin(axis=1)
""",
            """
def assign(x, centroids):
    return jnp.stack([jnp.argmin(jnp.stack([jnp.linalg.norm(row - c, ord=jnp.inf) for c in centroids])) for row in x])
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
        "You started the sums": [
            """
def update_centroids(x, labels, centroids):
    x, labels, old = np.asarray(x), np.asarray(labels), np.asarray(centroids)
    new = old.copy()
    np.add.at(new, labels, x)
    return new / np.maximum(np.bincount(labels, minlength=len(old)), 1)[:, None]
""",
            """
def update_centroids(x, labels, centroids):
    counts = jnp.bincount(labels, length=len(centroids))
    return centroids.at[labels].add(x) / jnp.maximum(counts, 1)[:, None]
""",
        ],
        "You kept the last sample": [
            """
def update_centroids(x, labels, centroids):
    x, labels, old = np.asarray(x), np.asarray(labels), np.asarray(centroids)
    new = old.copy()
    for i in range(len(x)):
        new[labels[i]] = x[i]
    return new
""",
            """
def update_centroids(x, labels, centroids):
    return centroids.at[labels].set(x)
""",
        ],
        "You assigned the samples": [
            """
def update_centroids(x, labels, centroids):
    x, labels, old = np.asarray(x), np.asarray(labels), np.asarray(centroids)
    labels = ((x[:, None] - old) ** 2).sum(axis=2).argmin(axis=1)
    means = [x[labels == j].mean(axis=0) if (labels == j).any() else old[j] for j in range(len(old))]
    return np.stack(means)
""",
            """
def update_centroids(x, labels, centroids):
    near = jnp.argmin(jnp.sum((x[:, None] - centroids) ** 2, axis=2), axis=1)
    member = jax.nn.one_hot(near, len(centroids))
    counts = member.sum(axis=0)[:, None]
    return jnp.where(counts > 0, member.T @ x / counts, centroids)
""",
        ],
        "You returned a row for each sample": [
            """
def update_centroids(x, labels, centroids):
    x, labels, old = np.asarray(x), np.asarray(labels), np.asarray(centroids)
    return np.stack([x[labels == j].mean(axis=0) for j in labels])
""",
            """
def update_centroids(x, labels, centroids):
    return jnp.stack([(labels == j) @ x / jnp.sum(labels == j) for j in labels])
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
        "Your distance sums absolute": [
            """
def seeding_weights(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d = np.abs(x[:, None] - c).sum(axis=2).min(axis=1)
    return d / d.sum()
""",
            """
def seeding_weights(x, centroids):
    d = jnp.stack([jnp.min(jnp.sum(jnp.abs(row - centroids), axis=1)) for row in x])
    return d / jnp.sum(d)
""",
        ],
        "Your weights grow with the fourth": [
            """
def seeding_weights(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d2 = ((x[:, None] - c) ** 2).sum(axis=2)
    p = d2.min(axis=1) ** 2
    return p / p.sum()
""",
            """
def seeding_weights(x, centroids):
    p = jnp.stack([jnp.min(jnp.sum((row - centroids) ** 2, axis=1)) ** 2 for row in x])
    return p / jnp.sum(p)
""",
        ],
        "You divided by the number of samples": [
            """
def seeding_weights(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d2 = ((x[:, None] - c) ** 2).sum(axis=2)
    return d2.min(axis=1) / len(x)
""",
            """
def seeding_weights(x, centroids):
    return jnp.stack([jnp.min(jnp.sum((row - centroids) ** 2, axis=1)) for row in x]) / len(x)
""",
        ],
        "You looked at the first": [
            """
def seeding_weights(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d2 = ((x[:, None] - c) ** 2).sum(axis=2)
    return d2[:, 0] / d2[:, 0].sum()
""",
            """
def seeding_weights(x, centroids):
    p = jnp.sum((x - centroids[0]) ** 2, axis=1)
    return p / jnp.sum(p)
""",
        ],
        "You returned distances: square": [
            """
def seeding_weights(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d2 = ((x[:, None] - c) ** 2).sum(axis=2)
    return np.sqrt(d2.min(axis=1))
""",
            """
def seeding_weights(x, centroids):
    return jnp.stack([jnp.min(jnp.linalg.norm(row - centroids, axis=1)) for row in x])
""",
        ],
        "You found the nearest sample": [
            """
def seeding_weights(x, centroids):
    x, c = np.asarray(x), np.asarray(centroids)
    d2 = ((x[:, None] - c) ** 2).sum(axis=2)
    p = d2.min(axis=0)
    return p / p.sum()
""",
            """
def seeding_weights(x, centroids):
    p = jnp.stack([jnp.min(jnp.sum((x - c) ** 2, axis=1)) for c in centroids])
    return p / jnp.sum(p)
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
        "You took the logarithms for densities": [
            """
def responsibilities(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    joint = logs * w
    return joint / joint.sum(axis=1)[:, None]
""",
            """
def responsibilities(log_densities, weights):
    return jnp.stack([row * weights / jnp.dot(row, weights) for row in log_densities])
""",
        ],
        "Replacing NaN by 0": [
            """
def responsibilities(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    joint = np.exp(logs) * w
    return np.nan_to_num(joint / joint.sum(axis=1, keepdims=True))
""",
            """
def responsibilities(log_densities, weights):
    rows = []
    for row in log_densities:
        joint = jnp.exp(row) * weights
        share = joint / jnp.sum(joint)
        rows.append(jnp.where(jnp.isnan(share), 0.0, share))
    return jnp.stack(rows)
""",
        ],
        "A component of weight 0 gets a share": [
            """
def responsibilities(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    joint = logs + np.log(w + 1e-12)
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)
""",
            """
def responsibilities(log_densities, weights):
    return jnp.stack([jax.nn.softmax(row + jnp.log(jnp.maximum(weights, 1e-10))) for row in log_densities])
""",
        ],
        "You subtracted the largest logarithm of each column": [
            """
def responsibilities(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    joint = logs + np.log(w)
    joint = np.exp(joint - joint.max(axis=0))
    return joint / joint.sum(axis=1, keepdims=True)
""",
            """
def responsibilities(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    largest = jnp.stack([jnp.max(joint[:, j]) for j in range(len(weights))])
    return jax.nn.softmax(joint - largest, axis=1)
""",
        ],
        "You returned log-density plus": [
            """
def responsibilities(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    return logs + np.log(w)
""",
            """
def responsibilities(log_densities, weights):
    return jnp.stack([row + jnp.log(weights) for row in log_densities])
""",
        ],
        "You weighted only the sum": [
            """
def responsibilities(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    return np.exp(logs) / (np.exp(logs) @ w)[:, None]
""",
            """
def responsibilities(log_densities, weights):
    return jnp.stack([jnp.exp(row) / jnp.dot(jnp.exp(row), weights) for row in log_densities])
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
        "You divided the covariances by the number of all": [
            """
def m_step(x, gamma):
    x, g = np.asarray(x), np.asarray(gamma)
    n, k = g.shape
    N = g.sum(axis=0)
    mu = g.T @ x / N[:, None]
    cov = np.stack([(g[:, j, None] * (x - mu[j])).T @ (x - mu[j]) / n for j in range(k)])
    return N / n, mu, cov
""",
            """
def m_step(x, gamma):
    N = jnp.sum(gamma, axis=0)
    means, covs = [], []
    for j in range(gamma.shape[1]):
        g = gamma[:, j]
        mean = g @ x / N[j]
        cov = sum(a * jnp.outer(b - mean, b - mean) for a, b in zip(g, x)) / len(x)
        means.append(mean)
        covs.append(cov)
    return N / len(x), jnp.stack(means), jnp.stack(covs)
""",
        ],
        "You divided the means by the number of all": [
            """
def m_step(x, gamma):
    x, g = np.asarray(x), np.asarray(gamma)
    n, k = g.shape
    N = g.sum(axis=0)
    mu = g.T @ x / n
    cov = np.stack([(g[:, j, None] * (x - mu[j])).T @ (x - mu[j]) / N[j] for j in range(k)])
    return N / n, mu, cov
""",
            """
def m_step(x, gamma):
    N = jnp.sum(gamma, axis=0)
    means, covs = [], []
    for j in range(gamma.shape[1]):
        g = gamma[:, j]
        mean = g @ x / len(x)
        cov = sum(a * jnp.outer(b - mean, b - mean) for a, b in zip(g, x)) / N[j]
        means.append(mean)
        covs.append(cov)
    return N / len(x), jnp.stack(means), jnp.stack(covs)
""",
        ],
        "Your means are sums": [
            """
def m_step(x, gamma):
    x, g = np.asarray(x), np.asarray(gamma)
    n, k = g.shape
    N = g.sum(axis=0)
    mu = g.T @ x
    cov = np.stack([(g[:, j, None] * (x - mu[j])).T @ (x - mu[j]) / N[j] for j in range(k)])
    return N / n, mu, cov
""",
            """
def m_step(x, gamma):
    N = jnp.sum(gamma, axis=0)
    means, covs = [], []
    for j in range(gamma.shape[1]):
        g = gamma[:, j]
        mean = g @ x
        cov = sum(a * jnp.outer(b - mean, b - mean) for a, b in zip(g, x)) / N[j]
        means.append(mean)
        covs.append(cov)
    return N / len(x), jnp.stack(means), jnp.stack(covs)
""",
        ],
        "You left gamma out of the covariances:": [
            """
def m_step(x, gamma):
    x, g = np.asarray(x), np.asarray(gamma)
    n, k = g.shape
    N = g.sum(axis=0)
    mu = g.T @ x / N[:, None]
    cov = np.stack([(x - mu[j]).T @ (x - mu[j]) / N[j] for j in range(k)])
    return N / n, mu, cov
""",
            """
def m_step(x, gamma):
    N = jnp.sum(gamma, axis=0)
    means, covs = [], []
    for j in range(gamma.shape[1]):
        g = gamma[:, j]
        mean = g @ x / N[j]
        cov = sum(jnp.outer(b - mean, b - mean) for a, b in zip(g, x)) / N[j]
        means.append(mean)
        covs.append(cov)
    return N / len(x), jnp.stack(means), jnp.stack(covs)
""",
        ],
        "You left gamma out of the covariances and": [
            """
def m_step(x, gamma):
    x, g = np.asarray(x), np.asarray(gamma)
    n, k = g.shape
    N = g.sum(axis=0)
    mu = g.T @ x / N[:, None]
    cov = np.stack([(x - mu[j]).T @ (x - mu[j]) / n for j in range(k)])
    return N / n, mu, cov
""",
            """
def m_step(x, gamma):
    N = jnp.sum(gamma, axis=0)
    means, covs = [], []
    for j in range(gamma.shape[1]):
        g = gamma[:, j]
        mean = g @ x / N[j]
        cov = sum(jnp.outer(b - mean, b - mean) for b in x) / len(x)
        means.append(mean)
        covs.append(cov)
    return N / len(x), jnp.stack(means), jnp.stack(covs)
""",
        ],
        "You added 1e-6": [
            """
def m_step(x, gamma):
    x, g = np.asarray(x), np.asarray(gamma)
    n, k = g.shape
    N = g.sum(axis=0)
    mu = g.T @ x / N[:, None]
    cov = np.stack([(g[:, j, None] * (x - mu[j])).T @ (x - mu[j]) / N[j] for j in range(k)])
    return N / n, mu, cov + 1e-6 * np.eye(x.shape[1])
""",
            """
def m_step(x, gamma):
    N = jnp.sum(gamma, axis=0)
    means, covs = [], []
    for j in range(gamma.shape[1]):
        g = gamma[:, j]
        mean = g @ x / N[j]
        cov = sum(a * jnp.outer(b - mean, b - mean) for a, b in zip(g, x)) / N[j]
        means.append(mean)
        covs.append(cov + 1e-6 * jnp.eye(len(cov)))
    return N / len(x), jnp.stack(means), jnp.stack(covs)
""",
        ],
        "You gave each sample": [
            """
def m_step(x, gamma):
    gamma = np.eye(gamma.shape[1])[np.argmax(np.asarray(gamma), axis=1)]
    x, g = np.asarray(x), np.asarray(gamma)
    n, k = g.shape
    N = g.sum(axis=0)
    mu = g.T @ x / N[:, None]
    cov = np.stack([(g[:, j, None] * (x - mu[j])).T @ (x - mu[j]) / N[j] for j in range(k)])
    return N / n, mu, cov
""",
            """
def m_step(x, gamma):
    gamma = jax.nn.one_hot(jnp.argmax(gamma, axis=1), gamma.shape[1])
    N = jnp.sum(gamma, axis=0)
    means, covs = [], []
    for j in range(gamma.shape[1]):
        g = gamma[:, j]
        mean = g @ x / N[j]
        cov = sum(a * jnp.outer(b - mean, b - mean) for a, b in zip(g, x)) / N[j]
        means.append(mean)
        covs.append(cov)
    return N / len(x), jnp.stack(means), jnp.stack(covs)
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
        "You subtracted the largest log-density but": [
            """
def log_likelihood(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    return np.mean(np.log(np.exp(logs - logs.max(axis=1, keepdims=True)) @ w))
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jnp.log(jnp.dot(weights, jnp.exp(row - jnp.max(row)))) for row in log_densities) / len(log_densities)
""",
        ],
        "You subtracted the largest logarithm twice": [
            """
def log_likelihood(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    joint = logs + np.log(w)
    m = joint.max(axis=1)
    return np.mean(np.log(np.exp(joint - m[:, None]).sum(axis=1)) - m)
""",
            """
def log_likelihood(log_densities, weights):
    total = 0.0
    for row in log_densities + jnp.log(weights):
        m = jnp.max(row)
        total = total - m + jnp.log(jnp.sum(jnp.exp(row - m)))
    return total / len(log_densities)
""",
        ],
        "You subtracted the largest logarithm of ALL": [
            """
def log_likelihood(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    joint = logs + np.log(w)
    m = joint.max()
    return np.mean(m + np.log(np.exp(joint - m).sum(axis=1)))
""",
            """
def log_likelihood(log_densities, weights):
    joint = log_densities + jnp.log(weights)
    m = jnp.max(joint)
    return sum(m + jnp.log(jnp.sum(jnp.exp(row - m))) for row in joint) / len(joint)
""",
        ],
        "You added the logarithms over": [
            """
def log_likelihood(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    return np.mean(np.sum(logs + np.log(w), axis=1))
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jnp.sum(row + jnp.log(weights)) for row in log_densities) / len(log_densities)
""",
        ],
        "You divided by the number of components": [
            """
def log_likelihood(log_densities, weights):
    logs, w = np.asarray(log_densities), np.asarray(weights)
    return np.sum(np.log(np.exp(logs) @ w)) / len(w)
""",
            """
def log_likelihood(log_densities, weights):
    return sum(jax.scipy.special.logsumexp(row + jnp.log(weights)) for row in log_densities) / len(weights)
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
        "You squared after averaging": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, E, D = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    error = m + (x - m) @ E @ D - x
    return np.mean(error) ** 2
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = jnp.mean(x, axis=0)
    rebuilt = jnp.stack([m + (row - m) @ encoder @ decoder for row in x])
    return (jnp.sum(rebuilt - x) / x.size) ** 2
""",
        ],
        "You returned one number for each sample": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, E, D = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    error = m + (x - m) @ E @ D - x
    return np.mean(error**2, axis=1)
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = jnp.mean(x, axis=0)
    rebuilt = jnp.stack([m + (row - m) @ encoder @ decoder for row in x])
    return jnp.stack([jnp.mean((a - b) ** 2) for a, b in zip(rebuilt, x)])
""",
        ],
        "You returned one number for each feature": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, E, D = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    error = m + (x - m) @ E @ D - x
    return np.mean(error**2, axis=0)
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = jnp.mean(x, axis=0)
    rebuilt = jnp.stack([m + (row - m) @ encoder @ decoder for row in x])
    return sum((a - b) ** 2 for a, b in zip(rebuilt, x)) / len(x)
""",
        ],
        "You took the norm of all errors": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, E, D = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    error = m + (x - m) @ E @ D - x
    return np.linalg.norm(error)
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = jnp.mean(x, axis=0)
    rebuilt = jnp.stack([m + (row - m) @ encoder @ decoder for row in x])
    return jnp.sqrt(jnp.sum((rebuilt - x) ** 2))
""",
        ],
        "You returned the rebuilt": [
            """
def linear_autoencoder_loss(x, encoder, decoder):
    x, E, D = np.asarray(x), np.asarray(encoder), np.asarray(decoder)
    m = x.mean(axis=0)
    error = m + (x - m) @ E @ D - x
    return error + x
""",
            """
def linear_autoencoder_loss(x, encoder, decoder):
    m = jnp.mean(x, axis=0)
    rebuilt = jnp.stack([m + (row - m) @ encoder @ decoder for row in x])
    return rebuilt
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
        "You took the norm of each": [
            """
def anomaly_score(x, rebuilt):
    e = np.asarray(x) - np.asarray(rebuilt)
    return np.linalg.norm(e, axis=(1, 2))
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.linalg.norm(a - b) for a, b in zip(x, rebuilt)])
""",
        ],
        "You averaged the errors as they are": [
            """
def anomaly_score(x, rebuilt):
    e = np.asarray(x) - np.asarray(rebuilt)
    return e.mean(axis=(1, 2))
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.mean(a) - jnp.mean(b) for a, b in zip(x, rebuilt)])
""",
        ],
        "You divided by the number of images": [
            """
def anomaly_score(x, rebuilt):
    e = np.asarray(x) - np.asarray(rebuilt)
    return (e**2).sum(axis=(1, 2)) / len(e)
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.sum((a - b) ** 2) for a, b in zip(x, rebuilt)]) / x.shape[0]
""",
        ],
        "You subtracted each image's mean error": [
            """
def anomaly_score(x, rebuilt):
    e = np.asarray(x) - np.asarray(rebuilt)
    return e.var(axis=(1, 2))
""",
            """
def anomaly_score(x, rebuilt):
    return jnp.stack([jnp.mean((a - b) ** 2) - jnp.mean(a - b) ** 2 for a, b in zip(x, rebuilt)])
""",
        ],
        "Your mean runs over the images and the rows": [
            """
def anomaly_score(x, rebuilt):
    e = np.asarray(x) - np.asarray(rebuilt)
    return (e**2).mean(axis=(0, 1))
""",
            """
def anomaly_score(x, rebuilt):
    return sum(jnp.mean((a - b) ** 2, axis=0) for a, b in zip(x, rebuilt)) / len(x)
""",
        ],
    },
}
