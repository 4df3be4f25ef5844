"""Known mistakes of sheet 1, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "dot": {
        "You multiplied the entries but did not": [
            "def dot(a, b): return np.multiply(a, b)",
            "def dot(a, b): return [a[i] * b[i] for i in range(len(a))]",
        ],
        "You took the mean of the products": [
            "def dot(a, b): return np.dot(a, b) / len(a)",
            "def dot(a, b): return sum(a[i] * b[i] for i in range(len(a))) / len(a)",
        ],
        "You added up each vector first": [
            "def dot(a, b): return np.sum(a) * np.sum(b)",
            "def dot(a, b): return sum(x * y for x in a for y in b)",
        ],
        "You added the entries instead of": [
            "def dot(a, b): return np.sum(a) + np.sum(b)",
            "def dot(a, b): return sum(a[i] + b[i] for i in range(len(a)))",
        ],
        "You built the outer product": [
            "def dot(a, b): return np.outer(a, b)",
            "def dot(a, b): return a[:, None] * b[None, :]",
        ],
        "You divided by the lengths": [
            "def dot(a, b): return np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))",
            "def dot(a, b): return jnp.dot(a / jnp.linalg.norm(a), b / jnp.linalg.norm(b))",
        ],
        "Your sum leaves out the last pair": [
            "def dot(a, b): return np.sum(np.asarray(a)[:-1] * np.asarray(b)[:-1])",
            """
def dot(a, b):
    total = 0.0
    for i in range(len(a) - 1):
        total += a[i] * b[i]
    return total
""",
        ],
        "You returned the first product": [
            "def dot(a, b): return np.asarray(a)[0] * np.asarray(b)[0]",
            """
def dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
        return total
""",
        ],
        "You returned the last product": [
            "def dot(a, b): return np.multiply(a, b)[-1]",
            """
def dot(a, b):
    for i in range(len(a)):
        total = a[i] * b[i]
    return total
""",
        ],
        "Your sum leaves out the first": [
            "def dot(a, b): return np.dot(a[1:], b[1:])",
            """
def dot(a, b):
    total = 0.0
    for i in range(1, len(a)):
        total += a[i] * b[i]
    return total
""",
        ],
    },
    "norm": {
        "You returned the squared length": [
            "def norm(v): return np.dot(v, v)",
            "def norm(v): return sum(x**2 for x in v)",
        ],
        "You added up absolute values": [
            "def norm(v): return np.abs(v).sum()",
            "def norm(v): return sum(jnp.sqrt(x**2) for x in v)",
        ],
        "You took the root of the mean square": [
            "def norm(v): return np.sqrt(np.mean(np.square(v)))",
            "def norm(v): return jnp.linalg.norm(v) / jnp.sqrt(len(v))",
        ],
        "You squared the sum of the entries": [
            "def norm(v): return np.sqrt(np.square(np.sum(v)))",
            "def norm(v): return abs(sum(v))",
        ],
        "You took the root of each entry's square": [
            "def norm(v): return np.abs(v)",
            "def norm(v): return [(x**2) ** 0.5 for x in v]",
        ],
        "You took the largest magnitude": [
            "def norm(v): return np.linalg.norm(v, np.inf)",
            "def norm(v): return max(abs(x) for x in v)",
        ],
        "You took the root of the plain sum": [
            "def norm(v): return np.sqrt(np.sum(v))",
            "def norm(v): return sum(v) ** 0.5",
        ],
        "You divided the length by the number": [
            "def norm(v): return np.linalg.norm(v) / len(v)",
            "def norm(v): return sum(x**2 for x in v) ** 0.5 / len(v)",
        ],
        "You returned v divided by": [
            "def norm(v): return np.asarray(v) / np.linalg.norm(v)",
            "def norm(v): return [x / sum(y**2 for y in v) ** 0.5 for x in v]",
        ],
    },
    "mse": {
        "You did not square": [
            "def mse(prediction, target): return np.mean(np.subtract(prediction, target))",
            "def mse(prediction, target): return sum(p - t for p, t in zip(prediction, target)) / len(target)",
        ],
        "You averaged target minus prediction": [
            "def mse(prediction, target): return np.mean(np.asarray(target) - np.asarray(prediction))",
            "def mse(prediction, target): return jnp.mean(target) - jnp.mean(prediction)",
        ],
        "You took absolute values where": [
            "def mse(prediction, target): return np.mean(np.abs(np.asarray(prediction) - np.asarray(target)))",
            "def mse(prediction, target): return sum(abs(p - t) for p, t in zip(prediction, target)) / len(target)",
        ],
        "You squared the mean difference": [
            "def mse(prediction, target): return np.square(np.mean(np.asarray(prediction) - np.asarray(target)))",
            "def mse(prediction, target): return (prediction.mean() - target.mean()) ** 2",
        ],
        "You have the sum of the squares": [
            "def mse(prediction, target): return np.sum(np.square(np.asarray(prediction) - np.asarray(target)))",
            """
def mse(prediction, target):
    total = 0.0
    for p, t in zip(prediction, target):
        total = total + (p - t) ** 2
    return total
""",
        ],
        "You have an extra factor 1/2": [
            "def mse(prediction, target): return 0.5 * np.mean((np.asarray(prediction) - np.asarray(target)) ** 2)",
            "def mse(prediction, target): return sum((prediction - target) ** 2) / (2 * len(target))",
        ],
        "You took the square root at the end": [
            "def mse(prediction, target): return np.sqrt(np.mean((np.asarray(prediction) - np.asarray(target)) ** 2))",
            "def mse(prediction, target): return jnp.linalg.norm(prediction - target) / len(target) ** 0.5",
        ],
        "You divided by n - 1": [
            """
def mse(prediction, target):
    e = np.asarray(prediction) - np.asarray(target)
    return e @ e / (len(e) - 1)
""",
            """
def mse(prediction, target):
    return sum((p - t) ** 2 for p, t in zip(prediction, target)) / (len(target) - 1)
""",
        ],
        "You have half the sum": [
            "def mse(prediction, target): return 0.5 * np.sum((np.asarray(prediction) - np.asarray(target)) ** 2)",
            "def mse(prediction, target): return sum(0.5 * (p - t) ** 2 for p, t in zip(prediction, target))",
        ],
        "You squared the target alone": [
            "def mse(prediction, target): return np.mean(np.asarray(prediction) - np.asarray(target) ** 2)",
            "def mse(prediction, target): return sum(p - t**2 for p, t in zip(prediction, target)) / len(target)",
        ],
        "You took the difference of the squares": [
            "def mse(prediction, target): return np.mean(np.square(prediction)) - np.mean(np.square(target))",
            "def mse(prediction, target): return sum(p**2 - t**2 for p, t in zip(prediction, target)) / len(target)",
        ],
        "You returned one squared error": [
            "def mse(prediction, target): return np.square(np.asarray(prediction) - np.asarray(target))",
            "def mse(prediction, target): return [(p - t) ** 2 for p, t in zip(prediction, target)]",
        ],
        "You took the variance of the errors": [
            "def mse(prediction, target): return np.var(np.asarray(prediction) - np.asarray(target))",
            """
def mse(prediction, target):
    shared = sum(prediction - target) / len(target)
    return sum((p - t - shared) ** 2 for p, t in zip(prediction, target)) / len(target)
""",
        ],
    },
    "mae": {
        "You left out the absolute value": [
            "def mae(prediction, target): return np.mean(np.asarray(prediction) - np.asarray(target))",
            "def mae(prediction, target): return sum(p - t for p, t in zip(prediction, target)) / len(target)",
        ],
        "You averaged target minus prediction": [
            "def mae(prediction, target): return np.mean(np.asarray(target) - np.asarray(prediction))",
            "def mae(prediction, target): return sum(t - p for p, t in zip(prediction, target)) / len(target)",
        ],
        "You took the absolute value of the mean": [
            "def mae(prediction, target): return np.abs(np.mean(np.asarray(prediction) - np.asarray(target)))",
            "def mae(prediction, target): return abs(sum(target - prediction) / len(target))",
        ],
        "You have the sum of the absolute errors": [
            "def mae(prediction, target): return np.abs(np.asarray(prediction) - np.asarray(target)).sum()",
            "def mae(prediction, target): return sum(abs(p - t) for p, t in zip(prediction, target))",
        ],
        "You took the root of the mean square": [
            "def mae(prediction, target): return np.sqrt(np.mean((np.asarray(prediction) - np.asarray(target)) ** 2))",
            "def mae(prediction, target): return mse(prediction, target) ** 0.5",
        ],
        "You took the median": [
            "def mae(prediction, target): return np.median(np.abs(np.asarray(prediction) - np.asarray(target)))",
            "def mae(prediction, target): return jnp.quantile(abs(target - prediction), 0.5)",
        ],
        "You squared the errors": [
            "def mae(prediction, target): return np.mean((np.asarray(prediction) - np.asarray(target)) ** 2)",
            "def mae(prediction, target): return mse(prediction, target)",
        ],
        "You returned one absolute error": [
            "def mae(prediction, target): return np.abs(np.asarray(prediction) - np.asarray(target))",
            "def mae(prediction, target): return [abs(p - t) for p, t in zip(prediction, target)]",
        ],
        "You took the absolute value of predictions": [
            "def mae(prediction, target): return np.mean(np.abs(prediction) - np.abs(target))",
            """
def mae(prediction, target):
    return sum(abs(p) - abs(t) for p, t in zip(prediction, target)) / len(target)
""",
        ],
        "You took the largest absolute error": [
            "def mae(prediction, target): return np.abs(np.asarray(prediction) - np.asarray(target)).max()",
            "def mae(prediction, target): return max(abs(p - t) for p, t in zip(prediction, target))",
        ],
        "You have half the mean": [
            "def mae(prediction, target): return 0.5 * np.mean(np.abs(np.asarray(prediction) - np.asarray(target)))",
            """
def mae(prediction, target):
    return sum(abs(p - t) for p, t in zip(prediction, target)) / (2 * len(target))
""",
        ],
        "You divided by n -": [
            """
def mae(prediction, target):
    return np.abs(np.asarray(prediction) - np.asarray(target)).sum() / (len(target) - 1)
""",
            """
def mae(prediction, target):
    return sum(abs(p - t) for p, t in zip(prediction, target)) / (len(target) - 1)
""",
        ],
    },
    "zero_one": {
        "You returned the accuracy": [
            "def zero_one(prediction, label): return np.mean(np.asarray(prediction) == np.asarray(label))",
            "def zero_one(prediction, label): return sum(p == t for p, t in zip(prediction, label)) / len(label)",
        ],
        "You counted the wrong answers": [
            "def zero_one(prediction, label): return np.count_nonzero(np.asarray(prediction) != np.asarray(label))",
            """
def zero_one(prediction, label):
    wrong = 0
    for i in range(len(label)):
        if prediction[i] != label[i]:
            wrong += 1
    return wrong
""",
        ],
        "You measured how far apart": [
            "def zero_one(prediction, label): return np.mean(np.abs(np.asarray(prediction) - np.asarray(label)))",
            "def zero_one(prediction, label): return sum(abs(p - t) for p, t in zip(prediction, label)) / len(label)",
        ],
        "You returned one answer per sample": [
            "def zero_one(prediction, label): return np.not_equal(prediction, label)",
            "def zero_one(prediction, label): return [int(p != t) for p, t in zip(prediction, label)]",
        ],
        "You squared the difference of the classes": [
            "def zero_one(prediction, label): return np.mean(np.square(np.asarray(prediction) - np.asarray(label)))",
            "def zero_one(prediction, label): return sum((p - t) ** 2 for p, t in zip(prediction, label)) / len(label)",
        ],
        "You counted the right answers": [
            "def zero_one(prediction, label): return np.sum(np.asarray(prediction) == np.asarray(label))",
            "def zero_one(prediction, label): return sum(1 for p, t in zip(prediction, label) if p == t)",
        ],
        "You averaged the differences of the classes": [
            "def zero_one(prediction, label): return np.mean(np.asarray(prediction) - np.asarray(label))",
            "def zero_one(prediction, label): return sum(p - t for p, t in zip(prediction, label)) / len(label)",
        ],
        "You asked whether any answer is wrong": [
            "def zero_one(prediction, label): return not np.array_equal(prediction, label)",
            "def zero_one(prediction, label): return 1.0 if any(p != t for p, t in zip(prediction, label)) else 0.0",
        ],
        "You returned percent: leave out": [
            "def zero_one(prediction, label): return 100 * np.mean(np.asarray(prediction) != np.asarray(label))",
            """
def zero_one(prediction, label):
    return 100 * sum(p != t for p, t in zip(prediction, label)) / len(label)
""",
        ],
        "You compared sorted classes, as": [
            "def zero_one(prediction, label): return np.mean(np.sort(prediction) != np.sort(label))",
            """
def zero_one(prediction, label):
    return sum(p != t for p, t in zip(sorted(prediction), sorted(label))) / len(label)
""",
        ],
        "You compared only whether the": [
            """
def zero_one(prediction, label):
    return np.mean(np.asarray(prediction).astype(bool) != np.asarray(label).astype(bool))
""",
            """
def zero_one(prediction, label):
    return sum((p == 0) != (t == 0) for p, t in zip(prediction, label)) / len(label)
""",
        ],
    },
    "cross_entropy": {
        "Your formula is right, but exp overflows": [
            """
def cross_entropy(logits, labels):
    e = np.exp(np.asarray(logits))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), np.asarray(labels)]).mean()
""",
            """
def cross_entropy(logits, labels):
    total = 0.0
    for z, label in zip(logits, labels):
        total -= jnp.log(jnp.exp(z[label]) / jnp.sum(jnp.exp(z)))
    return total / len(labels)
""",
        ],
        "Your difference of logarithms is right": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), np.asarray(labels)])
""",
            """
def cross_entropy(logits, labels):
    total = 0.0
    for z, label in zip(logits, labels):
        total += jnp.log(jnp.sum(jnp.exp(z))) - z[label]
    return total / len(labels)
""",
        ],
        "You subtract the largest logit, but": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(z)), np.asarray(labels)]).mean()
""",
            """
def cross_entropy(logits, labels):
    p = jax.nn.softmax(logits, axis=1)
    return -jnp.mean(jnp.log(jnp.take_along_axis(p, labels[:, None], axis=1)))
""",
        ],
        "You add a small number inside": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(z)), np.asarray(labels)] + 1e-9).mean()
""",
            """
def cross_entropy(logits, labels):
    p = jax.nn.softmax(logits, axis=1)[jnp.arange(len(labels)), labels]
    return -jnp.log(jnp.clip(p, 1e-12, 1.0)).mean()
""",
            """
def cross_entropy(logits, labels):
    p = jax.nn.softmax(logits, axis=1)
    return -jnp.sum(jax.nn.one_hot(labels, p.shape[1]) * jnp.log(p + 1e-10)) / len(labels)
""",
        ],
        "You subtract one maximum for the whole array, so": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits) - np.max(logits)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), np.asarray(labels)])
""",
            """
def cross_entropy(logits, labels):
    top = logits.max()
    total = 0.0
    for z, label in zip(logits, labels):
        total += jnp.log(jnp.sum(jnp.exp(z - top))) + top - z[label]
    return total / len(labels)
""",
        ],
        "You subtract one maximum for the whole array, which": [
            """
def cross_entropy(logits, labels):
    e = np.exp(np.asarray(logits) - np.max(logits))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), np.asarray(labels)]).mean()
""",
            """
def cross_entropy(logits, labels):
    total = 0.0
    for z, label in zip(jnp.exp(logits - logits.max()), labels):
        total -= jnp.log(z[label] / jnp.sum(z))
    return total / len(labels)
""",
        ],
        "You subtract the smallest logit": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.min(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), np.asarray(labels)])
""",
            """
def cross_entropy(logits, labels):
    total = 0.0
    for z, label in zip(logits, labels):
        z = z - min(z)
        total += jnp.log(sum(jnp.exp(z))) - z[label]
    return total / len(labels)
""",
        ],
        "Your sign is wrong": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return p[np.arange(len(z)), np.asarray(labels)].mean()
""",
            """
def cross_entropy(logits, labels):
    return jax.nn.log_softmax(logits)[jnp.arange(len(labels)), labels].mean()
""",
        ],
        "You added up the losses": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    return np.sum(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), np.asarray(labels)])
""",
            """
def cross_entropy(logits, labels):
    loss = 0.0
    for z, label in zip(logits, labels):
        loss -= jax.nn.log_softmax(z)[label]
    return loss
""",
        ],
        "You took the logarithm to base 2": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    logs = z * np.log2(np.e) - np.log2(np.exp(z).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(z)), np.asarray(labels)].mean()
""",
            """
def cross_entropy(logits, labels):
    logs = jax.nn.log_softmax(logits) * jnp.log2(jnp.e)
    return -sum(logs[i, labels[i]] for i in range(len(labels))) / len(labels)
""",
        ],
        "Your softmax runs over the samples": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=0)
    logs = z - np.log(np.exp(z).sum(axis=0))
    return -logs[np.arange(len(z)), np.asarray(labels)].mean()
""",
            """
def cross_entropy(logits, labels):
    logs = jax.nn.log_softmax(logits, axis=0)
    return -sum(logs[i, labels[i]] for i in range(len(labels))) / len(labels)
""",
        ],
        "You took the most probable class": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)))
""",
            "def cross_entropy(logits, labels): return -jax.nn.log_softmax(logits).max(axis=1).mean()",
        ],
        "You left out the logarithm": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -p[np.arange(len(z)), np.asarray(labels)].mean()
""",
            """
def cross_entropy(logits, labels):
    p = jax.nn.softmax(logits)
    return -sum(p[i, labels[i]] for i in range(len(labels))) / len(labels)
""",
        ],
        "You left out the normalization": [
            "def cross_entropy(logits, labels): return -np.mean(np.asarray(logits)[np.arange(len(labels)), labels])",
            """
def cross_entropy(logits, labels):
    return -sum(z[label] for z, label in zip(logits, labels)) / len(labels)
""",
        ],
        "You took the mean of the probabilities": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(z)), np.asarray(labels)].mean())
""",
            """
def cross_entropy(logits, labels):
    p = jax.nn.softmax(logits)
    return -jnp.log(sum(p[i, labels[i]] for i in range(len(labels))) / len(labels))
""",
        ],
        "Your index [:, labels]": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -logs[:, np.asarray(labels)].mean()
""",
            "def cross_entropy(logits, labels): return -jax.nn.log_softmax(logits)[:, labels].sum() / len(labels) ** 2",
        ],
        "You averaged over all classes": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    return -np.mean(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))
""",
            "def cross_entropy(logits, labels): return -jax.nn.log_softmax(logits).mean(axis=1).mean()",
        ],
        "You divided by the number of classes": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(np.eye(z.shape[1])[np.asarray(labels)] * logs)
""",
            """
def cross_entropy(logits, labels):
    return -jnp.mean(jax.nn.one_hot(labels, logits.shape[1]) * jax.nn.log_softmax(logits))
""",
        ],
        "You returned one loss per sample": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), np.asarray(labels)]
""",
            "def cross_entropy(logits, labels): return [-jax.nn.log_softmax(z)[k] for z, k in zip(logits, labels)]",
        ],
        "Your values are right, but their gradient": [
            """
def cross_entropy(logits, labels):
    logits = jax.lax.stop_gradient(logits)
    z = logits - jnp.max(logits, axis=1, keepdims=True)
    chosen = z[jnp.arange(len(labels)), labels]
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(z), axis=1)) - chosen)
""",
            """
def cross_entropy(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels):
        total = total - jax.nn.log_softmax(row)[label]
    return jax.lax.stop_gradient(total / len(labels))
""",
        ],
        "You subtract the row's largest": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    total = np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)
    return np.mean(np.log(total) - z[np.arange(len(z)), np.asarray(labels)])
""",
            """
def cross_entropy(logits, labels):
    loss = 0.0
    for z, label in zip(logits, labels):
        loss += jnp.log(jnp.sum(jnp.exp(z - jnp.max(z)))) - z[label]
    return loss / len(labels)
""",
        ],
        "You counted the classes from": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits)
    z = z - z.max(axis=1, keepdims=True)
    p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -p[np.arange(len(z)), np.asarray(labels) - 1].mean()
""",
            """
def cross_entropy(logits, labels):
    loss = 0.0
    for z, label in zip(logits, labels):
        loss -= jax.nn.log_softmax(z)[label - 1]
    return loss / len(labels)
""",
        ],
        "You computed the entropy of": [
            """
def cross_entropy(logits, labels):
    z = np.asarray(logits, np.float64)
    z = z - z.max(axis=1, keepdims=True)
    p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(np.sum(np.exp(p) * p, axis=1))
""",
            """
def cross_entropy(logits, labels):
    loss = 0.0
    for z in logits:
        loss -= jnp.sum(jax.nn.softmax(z) * jax.nn.log_softmax(z))
    return loss / len(labels)
""",
        ],
    },
    "standardize": {
        "Your code leaks": [
            """
def standardize(train, test):
    both = np.vstack([train, test])
    mean, std = both.mean(axis=0), both.std(axis=0)
    std = np.where(std == 0, 1, std)
    return (train - mean) / std, (test - mean) / std
""",
            """
def standardize(train, test):
    n = len(train)
    both = jnp.concatenate([train, test])
    z = (both - both.mean(0)) / jnp.where(both.std(0) > 0, both.std(0), 1)
    return z[:n], z[n:]
""",
        ],
        "You standardize the test set with its own": [
            """
def standardize(train, test):
    def scale(x):
        x = np.asarray(x)
        std = x.std(axis=0)
        return (x - x.mean(axis=0)) / np.where(std == 0, 1, std)
    return scale(train), scale(test)
""",
            """
def standardize(train, test):
    done = []
    for x in (train, test):
        mean = sum(x) / len(x)
        std = jnp.sqrt(sum((x - mean) ** 2) / len(x))
        done.append((x - mean) / jnp.where(std == 0, 1, std))
    return done[0], done[1]
""",
        ],
        "You use one mean and deviation for all": [
            """
def standardize(train, test):
    mean, std = np.mean(train), np.std(train)
    return (np.asarray(train) - mean) / std, (np.asarray(test) - mean) / std
""",
            """
def standardize(train, test):
    mean = train.sum() / train.size
    std = jnp.sqrt(((train - mean) ** 2).sum() / train.size)
    return (train - mean) / std, (test - mean) / std
""",
        ],
        "You standardized samples instead": [
            """
def standardize(train, test):
    def scale(x):
        x = np.asarray(x)
        std = x.std(axis=1, keepdims=True)
        return (x - x.mean(axis=1, keepdims=True)) / np.where(std == 0, 1, std)
    return scale(train), scale(test)
""",
            """
def standardize(train, test):
    def rows(x):
        return jnp.stack([(row - row.mean()) / jnp.where(row.std() > 0, row.std(), 1.0) for row in x])
    return rows(train), rows(test)
""",
        ],
        "You divide by the variance": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    mean, var = train.mean(axis=0), train.var(axis=0)
    var = np.where(var == 0, 1, var)
    return (train - mean) / var, (test - mean) / var
""",
            """
def standardize(train, test):
    n = len(train)
    mean = train.sum(axis=0) / n
    spread = ((train - mean) ** 2).sum(axis=0) / n
    spread = jnp.where(spread > 0, spread, 1.0)
    return (train - mean) / spread, (test - mean) / spread
""",
        ],
        "Your deviation has the divisor n - 1": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    mean, std = train.mean(axis=0), train.std(axis=0, ddof=1)
    std[std == 0] = 1
    return (train - mean) / std, (test - mean) / std
""",
            """
def standardize(train, test):
    mean = train.mean(axis=0)
    std = jnp.sqrt(((train - mean) ** 2).sum(axis=0) / (len(train) - 1))
    std = jnp.where(std == 0, 1.0, std)
    return (train - mean) / std, (test - mean) / std
""",
        ],
        "You divide by 0 where": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    return (train - train.mean(0)) / train.std(0), (test - train.mean(0)) / train.std(0)
""",
            """
def standardize(train, test):
    mean = sum(train) / len(train)
    std = jnp.sqrt(sum((train - mean) ** 2) / len(train))
    return (train - mean) / std, (test - mean) / std
""",
        ],
        "You shift the features but do not scale": [
            """
def standardize(train, test):
    return np.asarray(train) - np.mean(train, 0), np.asarray(test) - np.mean(train, 0)
""",
            """
def standardize(train, test):
    mean = sum(train) / len(train)
    return [row - mean for row in train], [row - mean for row in test]
""",
        ],
        "You left the test set as it was": [
            """
def standardize(train, test):
    train = np.asarray(train)
    std = train.std(axis=0)
    return (train - train.mean(axis=0)) / np.where(std == 0, 1, std), test
""",
            """
def standardize(train, test):
    mean = sum(train) / len(train)
    std = jnp.sqrt(sum((train - mean) ** 2) / len(train))
    return (train - mean) / jnp.where(std == 0, 1.0, std), test
""",
        ],
        "You divide by the deviation, but the mean": [
            """
def standardize(train, test):
    std = np.std(train, axis=0)
    std = np.where(std == 0, 1, std)
    return np.asarray(train) / std, np.asarray(test) / std
""",
            """
def standardize(train, test):
    std = jnp.sqrt(jnp.mean((train - train.mean(axis=0)) ** 2, axis=0))
    std = jnp.where(std == 0, 1.0, std)
    return jnp.stack([row / std for row in train]), jnp.stack([row / std for row in test])
""",
        ],
        "You scaled to the range": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    low, width = train.min(axis=0), np.ptp(train, axis=0)
    width = np.where(width == 0, 1, width)
    return (train - low) / width, (test - low) / width
""",
            """
def standardize(train, test):
    low, high = jnp.min(train, axis=0), jnp.max(train, axis=0)
    def scale(x):
        return (x - low) / jnp.where(high > low, high - low, 1.0)
    return scale(train), scale(test)
""",
        ],
        "You set a feature that is constant": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    mean, std = train.mean(axis=0), train.std(axis=0)
    safe = np.where(std == 0, np.inf, std)
    return (train - mean) / safe, (test - mean) / safe
""",
            """
def standardize(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    def scale(x):
        return jnp.where(std > 0, (x - mean) / std, 0.0)
    return scale(train), scale(test)
""",
        ],
        "You add a small number to the deviation": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    mean, std = train.mean(axis=0), train.std(axis=0) + 1e-8
    return (train - mean) / std, (test - mean) / std
""",
            """
def standardize(train, test):
    mean = sum(train) / len(train)
    std = jnp.sqrt(sum((train - mean) ** 2) / len(train))
    return (train - mean) / (std + 1e-8), (test - mean) / (std + 1e-8)
""",
        ],
        "You shift the test set by its own": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    s = np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    return (train - train.mean(axis=0)) / s, (test - test.mean(axis=0)) / s
""",
            """
def standardize(train, test):
    left, right = [], []
    for j in range(train.shape[1]):
        s = train[:, j].std()
        s = jnp.where(s > 0, s, 1.0)
        left.append((train[:, j] - train[:, j].mean()) / s)
        right.append((test[:, j] - test[:, j].mean()) / s)
    return jnp.stack(left, axis=1), jnp.stack(right, axis=1)
""",
        ],
        "You left a feature that is constant": [
            """
def standardize(train, test):
    train, test = np.array(train), np.array(test)
    mean, s = train.mean(axis=0), train.std(axis=0)
    ok = s > 0
    train[:, ok] = (train[:, ok] - mean[ok]) / s[ok]
    test[:, ok] = (test[:, ok] - mean[ok]) / s[ok]
    return train, test
""",
            """
def standardize(train, test):
    for j in range(train.shape[1]):
        mean, s = train[:, j].mean(), train[:, j].std()
        if s > 0:
            train = train.at[:, j].set((train[:, j] - mean) / s)
            test = test.at[:, j].set((test[:, j] - mean) / s)
    return train, test
""",
        ],
        "You standardized the training set": [
            """
def standardize(train, test):
    train = np.asarray(train)
    s = np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    return (train - train.mean(axis=0)) / s
""",
            """
def standardize(train, test):
    columns = []
    for j in range(train.shape[1]):
        s = train[:, j].std()
        columns.append((train[:, j] - train[:, j].mean()) / jnp.where(s > 0, s, 1.0))
    return jnp.stack(columns, axis=1)
""",
        ],
        "You divide the test set": [
            """
def standardize(train, test):
    train, test = np.asarray(train), np.asarray(test)
    s = np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    return (train - train.mean(axis=0)) / s, test / s
""",
            """
def standardize(train, test):
    left, right = [], []
    for j in range(train.shape[1]):
        s = train[:, j].std()
        s = jnp.where(s > 0, s, 1.0)
        left.append((train[:, j] - train[:, j].mean()) / s)
        right.append(test[:, j] / s)
    return jnp.stack(left, axis=1), jnp.stack(right, axis=1)
""",
        ],
    },
    "k_fold": {
        "You return the fold of each place": [
            """
def k_fold(permutation, n_splits):
    blocks = np.array_split(np.arange(len(permutation)), n_splits)
    return np.concatenate([np.full(len(block), i) for i, block in enumerate(blocks)])
""",
            """
def k_fold(permutation, n_splits):
    n = len(permutation)
    folds = []
    for i in range(n_splits):
        folds += [i] * (n // n_splits + (1 if i < n % n_splits else 0))
    return jnp.array(folds)
""",
        ],
        "You read the folds in the order": [
            """
def k_fold(permutation, n_splits):
    blocks = np.array_split(np.arange(len(permutation)), n_splits)
    fold = np.concatenate([np.full(len(block), i) for i, block in enumerate(blocks)])
    return fold[np.asarray(permutation)]
""",
            """
def k_fold(permutation, n_splits):
    n = len(permutation)
    sizes = [n // n_splits + (i < n % n_splits) for i in range(n_splits)]
    return jnp.repeat(jnp.arange(n_splits), jnp.array(sizes), total_repeat_length=n)[permutation]
""",
        ],
        "You put all leftover samples": [
            """
def k_fold(permutation, n_splits):
    size = len(permutation) // n_splits
    fold = np.full(len(permutation), n_splits - 1)
    for i in range(n_splits - 1):
        fold[np.asarray(permutation)[i * size : (i + 1) * size]] = i
    return fold
""",
            """
def k_fold(permutation, n_splits):
    size = len(permutation) // n_splits
    fold = jnp.zeros(len(permutation), int)
    for j in range(len(permutation)):
        fold = fold.at[permutation[j]].set(min(j // size, n_splits - 1))
    return fold
""",
        ],
        "Your longer folds are the last": [
            """
def k_fold(permutation, n_splits):
    n, start = len(permutation), 0
    fold = np.zeros(n, int)
    for i in range(n_splits):
        end = start + n // n_splits + (i >= n_splits - n % n_splits)
        fold[np.asarray(permutation)[start:end]] = i
        start = end
    return fold
""",
            """
def k_fold(permutation, n_splits):
    n = len(permutation)
    fold = jnp.zeros(n, int)
    for i in range(n_splits):
        size, rest = n // n_splits, n % n_splits
        start = i * size + max(0, i - (n_splits - rest))
        stop = (i + 1) * size + max(0, i + 1 - (n_splits - rest))
        fold = fold.at[permutation[start:stop]].set(i)
    return fold
""",
        ],
        "You dealt the samples in turn": [
            """
def k_fold(permutation, n_splits):
    fold = np.empty(len(permutation), int)
    fold[np.asarray(permutation)] = np.arange(len(permutation)) % n_splits
    return fold
""",
            """
def k_fold(permutation, n_splits):
    fold = jnp.zeros(len(permutation), int)
    for i in range(n_splits):
        fold = fold.at[permutation[i::n_splits]].set(i)
    return fold
""",
        ],
        "Your folds count from 1": [
            """
def k_fold(permutation, n_splits):
    fold = np.zeros(len(permutation), int)
    for i, block in enumerate(np.array_split(np.asarray(permutation), n_splits), start=1):
        fold[block] = i
    return fold
""",
            """
def k_fold(permutation, n_splits):
    fold = jnp.zeros(len(permutation), int)
    for i in range(1, n_splits + 1):
        fold = fold.at[jnp.array_split(permutation, n_splits)[i - 1]].set(i)
    return fold
""",
        ],
        "You return the test sets themselves": [
            "def k_fold(permutation, n_splits): return np.array_split(np.asarray(permutation), n_splits)",
            """
def k_fold(permutation, n_splits):
    n, start, blocks = len(permutation), 0, []
    for i in range(n_splits):
        stop = start + n // n_splits + (i < n % n_splits)
        blocks.append(permutation[start:stop])
        start = stop
    return blocks
""",
        ],
        "You return a mask for each fold": [
            """
def k_fold(permutation, n_splits):
    masks = np.zeros((n_splits, len(permutation)), bool)
    for i, block in enumerate(np.array_split(np.asarray(permutation), n_splits)):
        masks[i, block] = True
    return masks
""",
            """
def k_fold(permutation, n_splits):
    everyone = jnp.arange(len(permutation))
    return jnp.stack([jnp.isin(everyone, block) for block in jnp.array_split(permutation, n_splits)])
""",
        ],
        "Your blocks have the right sizes, but": [
            """
def k_fold(permutation, n_splits):
    n = len(permutation)
    fold = np.zeros(n, int)
    fold[np.asarray(permutation)] = np.floor(np.arange(n) / n * n_splits + 1e-9)
    return fold
""",
            "def k_fold(permutation, n_splits): return jnp.argsort(permutation) * n_splits // len(permutation)",
        ],
        "All your blocks but the last": [
            """
def k_fold(permutation, n_splits):
    size = int(np.ceil(len(permutation) / n_splits))
    fold = np.zeros(len(permutation), int)
    for i in range(n_splits):
        fold[np.asarray(permutation)[i * size : (i + 1) * size]] = i
    return fold
""",
            """
def k_fold(permutation, n_splits):
    size = (len(permutation) + n_splits - 1) // n_splits
    return jnp.argsort(permutation) // size
""",
        ],
        "All your blocks have n // n_splits": [
            """
def k_fold(permutation, n_splits):
    size = len(permutation) // n_splits
    fold = np.zeros(len(permutation), int)
    for i in range(n_splits):
        fold[np.asarray(permutation)[i * size : (i + 1) * size]] = i
    return fold
""",
            """
def k_fold(permutation, n_splits):
    size = len(permutation) // n_splits
    fold = jnp.zeros(len(permutation), int)
    for j in range(size * n_splits):
        fold = fold.at[permutation[j]].set(j // size)
    return fold
""",
        ],
        "Your blocks all have n // n_splits": [
            """
def k_fold(permutation, n_splits):
    n = len(permutation)
    return np.argsort(np.asarray(permutation)) // (n // n_splits)
""",
            """
def k_fold(permutation, n_splits):
    size = len(permutation) // n_splits
    fold = jnp.zeros(len(permutation), int)
    for j in range(len(permutation)):
        fold = fold.at[permutation[j]].set(j // size)
    return fold
""",
        ],
        "You counted the folds backwards": [
            """
def k_fold(permutation, n_splits):
    fold = np.zeros(len(permutation), int)
    for i, block in enumerate(np.array_split(np.asarray(permutation), n_splits)):
        fold[block] = n_splits - 1 - i
    return fold
""",
            """
def k_fold(permutation, n_splits):
    fold = jnp.zeros(len(permutation), int)
    for i in range(1, n_splits + 1):
        fold = fold.at[jnp.array_split(permutation, n_splits)[-i]].set(i - 1)
    return fold
""",
        ],
        "You took the remainder of the sample's": [
            "def k_fold(permutation, n_splits): return np.mod(permutation, n_splits)",
            "def k_fold(permutation, n_splits): return [int(i) % n_splits for i in permutation]",
        ],
    },
    "empirical_risk": {
        "You have the sum of the losses": [
            "def empirical_risk(predict, loss, weights, x, y): return np.sum(loss(predict(weights, x), y))",
            "def empirical_risk(predict, loss, weights, x, y): return sum(loss(predict(weights, x), y))",
        ],
        "You returned one loss per sample": [
            "def empirical_risk(predict, loss, weights, x, y): return np.asarray(loss(predict(weights, x), y))",
            """
def empirical_risk(predict, loss, weights, x, y):
    return jnp.stack([loss(predict(weights, x[i : i + 1]), y[i : i + 1])[0] for i in range(len(y))])
""",
        ],
        "You gave the loss its arguments in the wrong order": [
            "def empirical_risk(predict, loss, weights, x, y): return np.mean(loss(y, predict(weights, x)))",
            "def empirical_risk(predict, loss, weights, x, y): return sum(loss(y, predict(weights, x))) / len(y)",
        ],
        "You always use the squared error": [
            "def empirical_risk(predict, loss, weights, x, y): return np.mean(np.square(predict(weights, x) - y))",
            "def empirical_risk(predict, loss, weights, x, y): return mse(predict(weights, x), y)",
        ],
        "You always use the linear model x": [
            "def empirical_risk(predict, loss, weights, x, y): return np.mean(loss(np.dot(x, weights), y))",
            "def empirical_risk(predict, loss, weights, x, y): return jnp.mean(loss(jnp.sum(x * weights, axis=1), y))",
        ],
        "You averaged predictions and targets": [
            "def empirical_risk(predict, loss, weights, x, y): return loss(np.mean(predict(weights, x)), np.mean(y))",
            """
def empirical_risk(predict, loss, weights, x, y):
    n = len(y)
    return loss(sum(predict(weights, x)) / n, sum(y) / n)
""",
        ],
        "You took the root of the mean loss": [
            "def empirical_risk(predict, loss, weights, x, y): return np.sqrt(np.mean(loss(predict(weights, x), y)))",
            """
def empirical_risk(predict, loss, weights, x, y):
    return (sum(loss(predict(weights, x), y)) / len(y)) ** 0.5
""",
        ],
        "You returned the mean prediction": [
            "def empirical_risk(predict, loss, weights, x, y): return np.mean(predict(weights, x))",
            "def empirical_risk(predict, loss, weights, x, y): return sum(predict(weights, x)) / len(y)",
        ],
        "You always use the linear model and": [
            """
def empirical_risk(predict, loss, weights, x, y):
    return np.mean(np.square(np.dot(x, weights) - np.asarray(y)))
""",
            """
def empirical_risk(predict, loss, weights, x, y):
    return sum((jnp.sum(x[i] * weights) - y[i]) ** 2 for i in range(len(y))) / len(y)
""",
        ],
        "You divided by the number": [
            """
def empirical_risk(predict, loss, weights, x, y):
    return np.sum(loss(predict(weights, x), y)) / np.size(weights)
""",
            "def empirical_risk(predict, loss, weights, x, y): return sum(loss(predict(weights, x), y)) / x.shape[1]",
        ],
    },
}
