"""Known mistakes of sheet 8, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "gaussian_nll": {
        "You left out the logarithm of the scale": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(z**2 / 2) + np.log(2 * np.pi) / 2
""",
            """
def gaussian_nll(y, mean, scale):
    return sum((a - m) ** 2 / (2 * scale**2) + 0.5 * jnp.log(2 * jnp.pi) for a, m in zip(y, mean)) / len(y)
""",
        ],
        "You summed over the samples": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.sum(z**2 / 2 + np.log(scale) + np.log(2 * np.pi) / 2)
""",
            """
def gaussian_nll(y, mean, scale):
    return -jax.scipy.stats.norm.logpdf(y, mean, scale).sum()
""",
        ],
        "You divided the squared residual by the scale": [
            """
def gaussian_nll(y, mean, scale):
    r = np.asarray(y) - np.asarray(mean)
    return np.mean(r**2 / (2 * scale) + np.log(scale) + 0.5 * np.log(2 * np.pi))
""",
            """
def gaussian_nll(y, mean, scale):
    return 0.5 * jnp.mean((mean - y) ** 2) / scale + jnp.log(scale * jnp.sqrt(2 * jnp.pi))
""",
        ],
        "You lost the factor 1/2 before the squared": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(z**2) + np.log(scale) + 0.5 * np.log(2 * np.pi)
""",
            """
def gaussian_nll(y, mean, scale):
    return jnp.mean((y - mean) ** 2) / scale**2 + jnp.log(scale * jnp.sqrt(2 * jnp.pi))
""",
        ],
        "You returned the log-likelihood itself": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(-0.5 * z**2 - np.log(scale) - 0.5 * np.log(2 * np.pi))
""",
            """
def gaussian_nll(y, mean, scale):
    return jax.scipy.stats.norm.logpdf(y, mean, scale).mean()
""",
        ],
        "You left out the constant": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(0.5 * z**2 + np.log(scale))
""",
            """
def gaussian_nll(y, mean, scale):
    return jnp.sum((y - mean) ** 2) / (2 * len(y) * scale**2) + jnp.log(scale**2) / 2
""",
        ],
        "You counted log(scale^2) in full": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(0.5 * z**2 + np.log(scale**2) + 0.5 * np.log(2 * np.pi))
""",
            """
def gaussian_nll(y, mean, scale):
    return jnp.mean((y - mean) ** 2) / (2 * scale**2) + jnp.log(scale**2 * jnp.sqrt(2 * jnp.pi))
""",
        ],
        "You counted log(2 pi) in full": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(0.5 * z**2 + np.log(scale) + np.log(2 * np.pi))
""",
            """
def gaussian_nll(y, mean, scale):
    return jnp.mean((y - mean) ** 2) / (2 * scale**2) + jnp.log(scale * 2 * jnp.pi)
""",
        ],
        "You took the scale for the variance": [
            """
def gaussian_nll(y, mean, scale):
    r = np.asarray(y) - np.asarray(mean)
    return np.mean(r**2 / (2 * scale) + 0.5 * np.log(2 * np.pi * scale))
""",
            """
def gaussian_nll(y, mean, scale):
    density = jnp.exp(-((y - mean) ** 2) / (2 * scale)) / jnp.sqrt(2 * jnp.pi * scale)
    return -jnp.mean(jnp.log(density))
""",
        ],
        "You did not divide the residual": [
            """
def gaussian_nll(y, mean, scale):
    r = np.asarray(y) - np.asarray(mean)
    return np.mean(r**2) / 2 + np.log(scale) + 0.5 * np.log(2 * np.pi)
""",
            """
def gaussian_nll(y, mean, scale):
    return jnp.log(scale) - jax.scipy.stats.norm.logpdf(y, mean).mean()
""",
        ],
        "You did not square": [
            """
def gaussian_nll(y, mean, scale):
    z = np.abs(np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(z / 2 + np.log(scale) + 0.5 * np.log(2 * np.pi))
""",
            """
def gaussian_nll(y, mean, scale):
    return jnp.mean(jnp.abs((mean - y) / (2 * scale))) + jnp.log(scale * jnp.sqrt(2 * jnp.pi))
""",
        ],
        "This is Laplace's noise": [
            """
def gaussian_nll(y, mean, scale):
    return np.mean(np.abs(np.asarray(y) - np.asarray(mean)) / scale + np.log(2 * scale))
""",
            """
def gaussian_nll(y, mean, scale):
    return -jax.scipy.stats.laplace.logpdf(y, mean, scale).mean()
""",
        ],
        "You subtracted the logarithm": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(0.5 * z**2 - np.log(scale) + 0.5 * np.log(2 * np.pi))
""",
            """
def gaussian_nll(y, mean, scale):
    total = 0.0
    for a, m in zip(y, mean):
        total += (a - m) ** 2 / (2 * scale**2) - jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi)
    return total / len(y)
""",
        ],
        "You multiplied the squared residual": [
            """
def gaussian_nll(y, mean, scale):
    r = np.asarray(y) - np.asarray(mean)
    return np.mean(r**2 / 2 * scale**2) + np.log(scale) + 0.5 * np.log(2 * np.pi)
""",
            """
def gaussian_nll(y, mean, scale):
    total = 0.0
    for a, m in zip(y, mean):
        total += ((a - m) * scale) ** 2 / 2 + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi)
    return total / len(y)
""",
        ],
        "You halved the logarithm": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(0.5 * z**2) + 0.5 * np.log(2 * np.pi * scale)
""",
            """
def gaussian_nll(y, mean, scale):
    total = 0.0
    for a, m in zip(y, mean):
        total += (a - m) ** 2 / (2 * scale**2) + (jnp.log(scale) + jnp.log(2 * jnp.pi)) / 2
    return total / len(y)
""",
        ],
        "You returned one number for each": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return 0.5 * z**2 + np.log(scale) + 0.5 * np.log(2 * np.pi)
""",
            """
def gaussian_nll(y, mean, scale):
    parts = []
    for a, m in zip(y, mean):
        parts.append((a - m) ** 2 / (2 * scale**2) + jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))
    return jnp.stack(parts)
""",
        ],
        "You averaged densities": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return -np.log(np.mean(np.exp(-(z**2) / 2) / (scale * np.sqrt(2 * np.pi))))
""",
            """
def gaussian_nll(y, mean, scale):
    density = sum(jnp.exp(-0.5 * ((a - m) / scale) ** 2) for a, m in zip(y, mean)) / len(y)
    return -jnp.log(density / (scale * jnp.sqrt(2 * jnp.pi)))
""",
        ],
        "The product of many densities": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return -np.log(np.prod(np.exp(-(z**2) / 2) / (scale * np.sqrt(2 * np.pi)))) / len(z)
""",
            """
def gaussian_nll(y, mean, scale):
    density = jnp.exp(-0.5 * ((y - mean) / scale) ** 2) / (scale * jnp.sqrt(2 * jnp.pi))
    return -jnp.mean(jnp.log(density))
""",
        ],
        "You squared the scale once more": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale**2
    return np.mean(z**2 / 2) + np.log(scale**2) + 0.5 * np.log(2 * np.pi)
""",
            """
def gaussian_nll(y, mean, scale):
    return -jax.scipy.stats.norm.logpdf(y, mean, scale**2).mean()
""",
        ],
        "You left out both": [
            """
def gaussian_nll(y, mean, scale):
    z = (np.asarray(y) - np.asarray(mean)) / scale
    return np.mean(z**2) / 2
""",
            """
def gaussian_nll(y, mean, scale):
    return sum((a - m) ** 2 for a, m in zip(y, mean)) / (2 * scale**2 * len(y))
""",
        ],
    },
    "gaussian_mle": {
        "You divided by n - 1": [
            """
def gaussian_mle(y):
    return np.mean(y), np.var(y, ddof=1)
""",
            """
def gaussian_mle(y):
    mean = sum(y) / len(y)
    return mean, sum((a - mean) ** 2 for a in y) / (len(y) - 1)
""",
        ],
        "Your second number is the standard deviation:": [
            """
def gaussian_mle(y):
    return np.mean(y), np.std(y)
""",
            """
def gaussian_mle(y):
    mean = y.mean()
    return mean, jnp.sqrt(jnp.mean((y - mean) ** 2))
""",
        ],
        "You took the median": [
            """
def gaussian_mle(y):
    middle = np.median(y)
    return middle, np.mean((np.asarray(y) - middle) ** 2)
""",
            """
def gaussian_mle(y):
    middle = jnp.quantile(y, 0.5)
    return middle, jnp.square(y - middle).mean()
""",
        ],
        "Your second number is the mean of the squares": [
            """
def gaussian_mle(y):
    return np.mean(y), np.mean(np.asarray(y) ** 2)
""",
            """
def gaussian_mle(y):
    return y.sum() / len(y), y @ y / len(y)
""",
        ],
        "You subtract two large numbers": [
            """
def gaussian_mle(y):
    y = np.asarray(y)
    return np.mean(y), np.mean(y**2) - np.mean(y) ** 2
""",
            """
def gaussian_mle(y):
    mean = jnp.mean(y)
    return mean, jnp.mean(jnp.square(y)) - mean * mean
""",
        ],
        "Your second number says how sure": [
            """
def gaussian_mle(y):
    return np.mean(y), np.var(y) / np.size(y)
""",
            """
def gaussian_mle(y):
    mean = y.mean()
    return mean, jnp.sum((y - mean) ** 2) / len(y) ** 2
""",
        ],
        "You averaged absolute distances": [
            """
def gaussian_mle(y):
    mean = np.mean(y)
    return mean, np.mean(np.abs(np.asarray(y) - mean))
""",
            """
def gaussian_mle(y):
    mean = sum(y) / len(y)
    return mean, sum(abs(a - mean) for a in y) / len(y)
""",
        ],
        "You summed the squares without dividing": [
            """
def gaussian_mle(y):
    return np.mean(y), np.sum((np.asarray(y) - np.mean(y)) ** 2)
""",
            """
def gaussian_mle(y):
    r = y - y.mean()
    return y.mean(), r @ r
""",
        ],
        "Your deviations cancel": [
            """
def gaussian_mle(y):
    y = np.asarray(y)
    return np.mean(y), np.mean(y - np.mean(y)) ** 2
""",
            """
def gaussian_mle(y):
    mean = sum(y) / len(y)
    return mean, sum(a - mean for a in y) / len(y)
""",
        ],
        "Your second number is the standard deviation with": [
            """
def gaussian_mle(y):
    y = np.asarray(y)
    return y.mean(), y.std(ddof=1)
""",
            """
def gaussian_mle(y):
    mean = sum(y) / len(y)
    return mean, jnp.sqrt(sum((a - mean) ** 2 for a in y) / (len(y) - 1))
""",
        ],
    },
    "entropy": {
        "Your entropy is NaN": [
            """
def entropy(p):
    with np.errstate(all="ignore"):
        return -np.sum(np.asarray(p) * np.log(np.asarray(p)))
""",
            """
def entropy(p):
    return jnp.sum(p * jnp.log(1 / p))
""",
        ],
        "Your entropy is in bits": [
            """
def entropy(p):
    p = np.asarray(p)
    p = p[p > 0]
    return -np.sum(p * np.log2(p))
""",
            """
def entropy(p):
    return -jnp.sum(jnp.where(p > 0, p * jnp.log2(p), 0.0))
""",
        ],
        "Your entropy is negative": [
            """
def entropy(p):
    p = np.asarray(p)
    return np.sum(p[p > 0] * np.log(p[p > 0]))
""",
            """
def entropy(p):
    return jax.scipy.special.xlogy(p, p).sum()
""",
        ],
        "You averaged the surprises with equal": [
            """
def entropy(p):
    p = np.asarray(p)
    return -np.mean(np.log(p))
""",
            """
def entropy(p):
    return sum(-jnp.log(one) for one in p) / len(p)
""",
        ],
        "You added up the surprises": [
            """
def entropy(p):
    p = np.asarray(p)
    return -np.sum(np.log(p))
""",
            """
def entropy(p):
    return -jnp.log(jnp.prod(jnp.where(p > 0, p, 1)))
""",
        ],
        "This is Gini's impurity": [
            """
def entropy(p):
    return 1 - np.sum(np.asarray(p) ** 2)
""",
            """
def entropy(p):
    return p @ (1 - p)
""",
        ],
        "You divided by the number of outcomes": [
            """
def entropy(p):
    p = np.asarray(p)
    return -np.mean(p * np.log(p))
""",
            """
def entropy(p):
    return jnp.mean(jax.scipy.special.entr(p))
""",
        ],
        "You added a small number inside": [
            """
def entropy(p):
    p = np.asarray(p)
    return -np.sum(p * np.log(p + 0.01))
""",
            """
def entropy(p):
    return sum(-q * jnp.log(0.01 + q) for q in p)
""",
        ],
        "You returned one number for each": [
            """
def entropy(p):
    p = np.asarray(p)
    return -p * np.log(np.where(p > 0, p, 1.0))
""",
            """
def entropy(p):
    return -jax.scipy.special.xlogy(p, p)
""",
        ],
        "You divided by the logarithm": [
            """
def entropy(p):
    p = np.asarray(p)
    return -np.sum(p * np.log(np.where(p > 0, p, 1.0))) / np.log(len(p))
""",
            """
def entropy(p):
    return -jnp.sum(jax.scipy.special.xlogy(p, p)) / math.log(len(p))
""",
        ],
    },
    "gaussian_kl": {
        "You measured from q to p": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(s / t) + (t**2 + (a - b) ** 2) / (2 * s**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    z = (mean_p - mean_q) / scale_p
    ratio = scale_q / scale_p
    return 0.5 * jnp.sum(ratio**2 + z**2 - 1 - 2 * jnp.log(ratio))
""",
        ],
        "You left out the -1/2": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(t / s) + (s**2 + (a - b) ** 2) / (2 * t**2))
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return 0.5 * jnp.sum(ratio**2 + ((mean_p - mean_q) / scale_q) ** 2) - jnp.log(ratio).sum()
""",
        ],
        "You subtracted 1/2 only once": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(t / s) + (s**2 + (a - b) ** 2) / (2 * t**2)) - 0.5
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return 0.5 * (jnp.sum(ratio**2 + ((mean_p - mean_q) / scale_q) ** 2) - 1) - jnp.log(ratio).sum()
""",
        ],
        "You took the scales for variances": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return 0.5 * np.sum(np.log(t / s) + (s + (a - b) ** 2) / t - 1)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    total = 0.0
    for a, s, b, t in zip(mean_p, scale_p, mean_q, scale_q):
        total += jnp.log(jnp.sqrt(t / s)) + (s + (a - b) ** 2) / (2 * t) - 0.5
    return total
""",
        ],
        "Your logarithm is upside down": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(s / t) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return 0.5 * jnp.sum(ratio**2 + ((mean_p - mean_q) / scale_q) ** 2 - 1) + jnp.log(ratio).sum()
""",
        ],
        "You averaged over the coordinates": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.mean(np.log(t / s) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return jnp.mean(ratio**2 / 2 + ((mean_p - mean_q) / scale_q) ** 2 / 2 - 0.5 - jnp.log(ratio))
""",
        ],
        "You left out the shift of the means": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    s, t = np.asarray(scale_p), np.asarray(scale_q)
    return np.sum(np.log(t / s) + s**2 / (2 * t**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return 0.5 * jnp.sum(ratio**2 - 1 - jnp.log(ratio**2))
""",
        ],
        "You divided only the shift": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(t / s) + s**2 + (a - b) ** 2 / (2 * t**2) - 1 / 2)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    total = 0.0
    for a, s, b, t in zip(mean_p, scale_p, mean_q, scale_q):
        total += jnp.log(t) - jnp.log(s) + s**2 + (a - b) ** 2 / (2 * t**2) - 0.5
    return total
""",
        ],
        "You left out the logarithm": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum((s**2 + (a - b) ** 2) / (2 * t**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    return 0.5 * jnp.sum((scale_p / scale_q) ** 2 + ((mean_p - mean_q) / scale_q) ** 2 - 1)
""",
        ],
        "You did not square the scales": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(t / s) + (s + (a - b) ** 2) / (2 * t) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return jnp.sum(0.5 * (ratio + (mean_p - mean_q) ** 2 / scale_q - 1) - jnp.log(ratio))
""",
        ],
        "Your logarithm is that of the variances": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(t**2 / s**2) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = (scale_p / scale_q) ** 2
    return jnp.sum(0.5 * (ratio + ((mean_p - mean_q) / scale_q) ** 2 - 1) - jnp.log(ratio))
""",
        ],
        "You did not square the difference": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(t / s) + (s**2 + (a - b)) / (2 * t**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return jnp.sum(0.5 * (ratio**2 + (mean_p - mean_q) / scale_q**2 - 1) - jnp.log(ratio))
""",
        ],
        "You lost the 2 below the fraction": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(t / s) + (s**2 + (a - b) ** 2) / t**2 - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return jnp.sum(ratio**2 + ((mean_p - mean_q) / scale_q) ** 2 - 0.5 - jnp.log(ratio))
""",
        ],
        "You returned one number per coordinate": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    a, s, b, t = map(np.asarray, (mean_p, scale_p, mean_q, scale_q))
    return np.log(t / s) + (s**2 + (a - b) ** 2) / (2 * t**2) - 0.5
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    ratio = scale_p / scale_q
    return 0.5 * (ratio**2 + ((mean_p - mean_q) / scale_q) ** 2 - 1) - jnp.log(ratio)
""",
        ],
        "You exchanged the scales": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(b / a) + (b**2 + (p - q) ** 2) / (2 * a**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = []
    for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q):
        parts.append(jnp.log(b) - jnp.log(a) + 0.5 * (b**2 + (p - q) ** 2) / a**2 - 0.5)
    return sum(parts)
""",
        ],
        "You divided by 2 s_p^2": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(b / a) + (a**2 + (p - q) ** 2) / (2 * a**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = [jnp.log(b) - jnp.log(a) + 0.5 * ((p - q) / a) ** 2 for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q)]
    return sum(parts)
""",
        ],
        "You multiplied by s_q^2": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(b / a) + (a**2 + (p - q) ** 2) / 2 * b**2 - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = []
    for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q):
        parts.append(jnp.log(b / a) + 0.5 * (a**2 + (p - q) ** 2) * b**2 - 0.5)
    return sum(parts)
""",
        ],
        "You left s_p^2 out": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(b / a) + (p - q) ** 2 / (2 * b**2) - 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = [jnp.log(b / a) + 0.5 * ((p - q) / b) ** 2 - 0.5 for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q)]
    return sum(parts)
""",
        ],
        "You added 1/2": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(b / a) + (a**2 + (p - q) ** 2) / (2 * b**2) + 0.5)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = []
    for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q):
        parts.append(jnp.log(b / a) + (a**2 + (p - q) ** 2) / (2 * b**2) + 0.5)
    return sum(parts)
""",
        ],
        "You subtracted 1 for each": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return np.sum(np.log(b / a) + (a**2 + (p - q) ** 2) / (2 * b**2) - 1)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = []
    for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q):
        parts.append(jnp.log(b / a) + (a**2 + (p - q) ** 2) / (2 * b**2) - 1)
    return sum(parts)
""",
        ],
        "You halved the logarithm": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return 0.5 * np.sum(np.log(b / a) + (a**2 + (p - q) ** 2) / b**2 - 1)
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = []
    for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q):
        parts.append(0.5 * (jnp.log(b) - jnp.log(a) + (a**2 + (p - q) ** 2) / b**2 - 1))
    return sum(parts)
""",
        ],
        "You took the standard normal": [
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    p, a, q, b = (np.asarray(one) for one in (mean_p, scale_p, mean_q, scale_q))
    return 0.5 * np.sum(a**2 + p**2 - 1 - 2 * np.log(a))
""",
            """
def gaussian_kl(mean_p, scale_p, mean_q, scale_q):
    parts = [(a**2 + p**2 - 1) / 2 - jnp.log(a) for p, a, q, b in zip(mean_p, scale_p, mean_q, scale_q)]
    return sum(parts)
""",
        ],
    },
    "student_t_nll": {
        "You left out the logarithm of the scale": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean((df + 1) / 2 * np.log(1 + z**2 / df)) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    return -jax.scipy.stats.t.logpdf((y - loc) / scale, df).mean()
""",
        ],
        "Your exponent is df / 2": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean(df / 2 * np.log(1 + z**2 / df)) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, m in zip(y, loc):
        total += df * jnp.log1p(((a - m) / scale) ** 2 / df) / 2
    constant = jnp.log(scale * jnp.sqrt(df * jnp.pi)) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return total / len(y) + constant
""",
        ],
        "You did not divide z^2": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean((df + 1) / 2 * np.log(1 + z**2)) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    half = (df + 1) / 2
    constant = jnp.log(scale * jnp.sqrt(df * jnp.pi)) + gammaln(df / 2) - gammaln(half)
    return half * jnp.log1p(jnp.square((loc - y) / scale)).mean() + constant
""",
        ],
        "Your two gamma functions are swapped": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln((df + 1) / 2) - gammaln(df / 2)
    return np.mean((df + 1) / 2 * np.log(1 + z**2 / df)) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    half = (df + 1) / 2
    gammas = jnp.log(jax.scipy.special.gamma(half) / jax.scipy.special.gamma(df / 2))
    rest = half * jnp.log1p(jnp.square((loc - y) / scale) / df).mean()
    return rest + jnp.log(scale * jnp.sqrt(df * jnp.pi)) + gammas
""",
        ],
        "You left out the constant with the gamma": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    return np.mean((df + 1) / 2 * np.log(1 + z**2 / df)) + np.log(scale) + 0.5 * np.log(df * np.pi)
""",
            """
def student_t_nll(y, loc, scale, df):
    rest = (df + 1) / 2 * jnp.log1p(jnp.square((loc - y) / scale) / df).mean()
    return rest + jnp.log(scale * jnp.sqrt(df * jnp.pi))
""",
        ],
        "You left out 1/2 log(v pi)": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean((df + 1) / 2 * np.log(1 + z**2 / df)) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    half = (df + 1) / 2
    rest = half * jnp.log1p(jnp.square((loc - y) / scale) / df).mean()
    return rest + jnp.log(scale) - (gammaln(half) - gammaln(df / 2))
""",
        ],
        "You counted log(v pi) in full": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean((df + 1) / 2 * np.log(1 + z**2 / df)) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    half = (df + 1) / 2
    rest = half * jnp.log1p(jnp.square((loc - y) / scale) / df).mean()
    return rest + jnp.log(scale * df * jnp.pi) - (gammaln(half) - gammaln(df / 2))
""",
        ],
        "You left out the factor (v + 1)/2": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean(np.log(1 + z**2 / df)) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    rest = jnp.log1p(jnp.square((loc - y) / scale) / df).sum() / len(y)
    return rest + jnp.log(scale * jnp.sqrt(df * jnp.pi)) - (gammaln((df + 1) / 2) - gammaln(df / 2))
""",
        ],
        "You left out the logarithm of 1": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean((df + 1) / 2 * z**2 / df) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    rest = (df + 1) / (2 * df) * jnp.mean((y - loc) ** 2) / scale**2
    return rest + jnp.log(scale * jnp.sqrt(df * jnp.pi)) - (gammaln((df + 1) / 2) - gammaln(df / 2))
""",
        ],
        "You returned the log-likelihood itself": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return -(np.mean((df + 1) / 2 * np.log(1 + z**2 / df)) + np.log(scale) + c)
""",
            """
def student_t_nll(y, loc, scale, df):
    return jax.scipy.stats.t.logpdf(y, df, loc, scale).mean()
""",
        ],
        "You summed over the samples": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.sum((df + 1) / 2 * np.log(1 + z**2 / df) + np.log(scale) + c)
""",
            """
def student_t_nll(y, loc, scale, df):
    return -jax.scipy.stats.t.logpdf(y, df, loc, scale).sum()
""",
        ],
        "You wrote the normal density": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    return np.mean(0.5 * z**2 + np.log(scale) + 0.5 * np.log(2 * np.pi))
""",
            """
def student_t_nll(y, loc, scale, df):
    return -jax.scipy.stats.norm.logpdf(y, loc, scale).mean()
""",
        ],
        "You forgot to divide the residual": [
            """
def student_t_nll(y, loc, scale, df):
    z = np.asarray(y) - np.asarray(loc)
    c = 0.5 * np.log(df * np.pi) + gammaln(df / 2) - gammaln((df + 1) / 2)
    return np.mean((df + 1) / 2 * np.log(1 + z**2 / df)) + np.log(scale) + c
""",
            """
def student_t_nll(y, loc, scale, df):
    return jnp.log(scale) - jax.scipy.stats.t.logpdf(y, df, loc).mean()
""",
        ],
        "Gamma itself overflows": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    first = (df + 1) / 2 * np.log(1 + z**2 / df)
    second = np.log(scale) + 0.5 * np.log(df * np.pi)
    third = float(jnp.log(jax.scipy.special.gamma(df / 2) / jax.scipy.special.gamma((df + 1) / 2)))
    return np.mean(first + second + third)
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        z = (a - b) / scale
        total += (df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + jnp.log(df * jnp.pi) / 2
    total = total / len(y)
    return total + jnp.log(jax.scipy.special.gamma(df / 2)) - jnp.log(jax.scipy.special.gamma((df + 1) / 2))
""",
        ],
        "The density of a measurement": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    constant = np.exp(np.float32(gammaln((df + 1) / 2) - gammaln(df / 2))) / np.sqrt(df * np.pi) / scale
    return -np.mean(np.log(constant * (1 + z**2 / df).astype(np.float32) ** np.float32(-(df + 1) / 2)))
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        power = (1 + ((a - b) / scale) ** 2 / df) ** (-(df + 1) / 2)
        total -= jnp.log(power * jnp.exp(gammaln((df + 1) / 2) - gammaln(df / 2)))
    return total / len(y) + jnp.log(scale) + jnp.log(df * jnp.pi) / 2
""",
        ],
        "You left v out of": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    first = (df + 1) / 2 * np.log(1 + z**2 / df)
    second = np.log(scale) + 0.5 * np.log(np.pi)
    third = float(gammaln(df / 2) - gammaln((df + 1) / 2))
    return np.mean(first + second + third)
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        z = (a - b) / scale
        total += (df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + jnp.log(jnp.pi) / 2
    total = total / len(y)
    return total + gammaln(df / 2) - gammaln((df + 1) / 2)
""",
        ],
        "You took the gamma functions of v": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    first = (df + 1) / 2 * np.log(1 + z**2 / df)
    second = np.log(scale) + 0.5 * np.log(df * np.pi)
    third = float(gammaln(df) - gammaln(df + 1))
    return np.mean(first + second + third)
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        z = (a - b) / scale
        total += (df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + jnp.log(df * jnp.pi) / 2
    total = total / len(y)
    return total + gammaln(df) - gammaln(df + 1)
""",
        ],
        "You took Gamma itself": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    first = (df + 1) / 2 * np.log(1 + z**2 / df)
    second = np.log(scale) + 0.5 * np.log(df * np.pi)
    third = float(jax.scipy.special.gamma(df / 2) - jax.scipy.special.gamma((df + 1) / 2))
    return np.mean(first + second + third)
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        z = (a - b) / scale
        total += (df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + jnp.log(df * jnp.pi) / 2
    total = total / len(y)
    return total + jnp.exp(gammaln(df / 2)) - jnp.exp(gammaln((df + 1) / 2))
""",
        ],
        "You returned one number for each": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    first = (df + 1) / 2 * np.log(1 + z**2 / df)
    second = np.log(scale) + 0.5 * np.log(df * np.pi)
    third = float(gammaln(df / 2) - gammaln((df + 1) / 2))
    return first + second + third
""",
            """
def student_t_nll(y, loc, scale, df):
    return -jax.scipy.stats.t.logpdf(y, df, loc, scale)
""",
        ],
        "You divided the squared residual": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / np.sqrt(scale)
    first = (df + 1) / 2 * np.log(1 + z**2 / df)
    second = np.log(scale) + 0.5 * np.log(df * np.pi)
    third = float(gammaln(df / 2) - gammaln((df + 1) / 2))
    return np.mean(first + second + third)
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        z = (a - b) / jnp.sqrt(scale)
        total += (df + 1) / 2 * jnp.log1p(z**2 / df) + jnp.log(scale) + jnp.log(df * jnp.pi) / 2
    total = total / len(y)
    return total + gammaln(df / 2) - gammaln((df + 1) / 2)
""",
        ],
        "You lost the 1/2": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    first = (df + 1) * np.log(1 + z**2 / df)
    second = np.log(scale) + 0.5 * np.log(df * np.pi)
    third = float(gammaln(df / 2) - gammaln((df + 1) / 2))
    return np.mean(first + second + third)
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        z = (a - b) / scale
        total += (df + 1) * jnp.log1p(z**2 / df) + jnp.log(scale) + jnp.log(df * jnp.pi) / 2
    total = total / len(y)
    return total + gammaln(df / 2) - gammaln((df + 1) / 2)
""",
        ],
        "You subtracted the logarithm of the scale": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    first = (df + 1) / 2 * np.log(1 + z**2 / df)
    second = -np.log(scale) + 0.5 * np.log(df * np.pi)
    third = float(gammaln(df / 2) - gammaln((df + 1) / 2))
    return np.mean(first + second + third)
""",
            """
def student_t_nll(y, loc, scale, df):
    total = 0.0
    for a, b in zip(y, loc):
        z = (a - b) / scale
        total += (df + 1) / 2 * jnp.log1p(z**2 / df) - jnp.log(scale) + jnp.log(df * jnp.pi) / 2
    total = total / len(y)
    return total + gammaln(df / 2) - gammaln((df + 1) / 2)
""",
        ],
        "You left out the constant, 1/2": [
            """
def student_t_nll(y, loc, scale, df):
    z = (np.asarray(y) - np.asarray(loc)) / scale
    return np.mean((df + 1) / 2 * np.log(1 + z**2 / df) + np.log(scale))
""",
            """
def student_t_nll(y, loc, scale, df):
    return sum((df + 1) / 2 * jnp.log1p(((a - b) / scale) ** 2 / df) for a, b in zip(y, loc)) / len(y) + jnp.log(scale)
""",
        ],
    },
    "gaussian_posterior": {
        "You counted all measurements as one": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    a, b = 1 / prior_variance, 1 / noise_variance
    return (a * prior_mean + b * np.mean(np.asarray(y))) / (a + b), 1 / (a + b)
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    gain = prior_variance / (prior_variance + noise_variance)
    return prior_mean + gain * (y.mean() - prior_mean), (1 - gain) * prior_variance
""",
        ],
        "Your second number is the precision": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    return (prior_mean / prior_variance + np.sum(np.asarray(y)) / noise_variance) / precision, precision
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision, weighted = 1 / prior_variance, prior_mean / prior_variance
    for one in y:
        precision, weighted = precision + 1 / noise_variance, weighted + one / noise_variance
    return weighted / precision, precision
""",
        ],
        "Your second number is the standard deviation:": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v = 1 / (1 / prior_variance + len(y) / noise_variance)
    return v * (prior_mean / prior_variance + np.sum(np.asarray(y)) / noise_variance), np.sqrt(v)
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    mean, v = prior_mean, prior_variance
    for one in y:
        gain = v / (v + noise_variance)
        mean, v = mean + gain * (one - mean), (1 - gain) * v
    return mean, v**0.5
""",
        ],
        "Your second number is for the next": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v = 1 / (1 / prior_variance + len(y) / noise_variance)
    return v * (prior_mean / prior_variance + np.sum(np.asarray(y)) / noise_variance), v + noise_variance
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    mean, v = prior_mean, prior_variance
    for one in y:
        gain = v / (v + noise_variance)
        mean, v = mean + gain * (one - mean), (1 - gain) * v
    return mean, noise_variance + v
""",
        ],
        "You weighted with variances": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    n = max(len(y), 1)
    v = 1 / (1 / prior_variance + len(y) / noise_variance)
    a, b = prior_variance, noise_variance / n
    return (a * prior_mean + b * np.sum(np.asarray(y)) / n) / (a + b), v
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    of_data = noise_variance / len(y)
    share = prior_variance / (prior_variance + of_data)
    return share * prior_mean + (1 - share) * y.mean(), prior_variance * of_data / (prior_variance + of_data)
""",
        ],
        "You left the prior mean out": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v = 1 / (1 / prior_variance + len(y) / noise_variance)
    return v * np.sum(np.asarray(y)) / noise_variance, v
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    n = len(y)
    return y.sum() / (n + noise_variance / prior_variance), 1 / (1 / prior_variance + n / noise_variance)
""",
        ],
        "You put the mean of the data where": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v = 1 / (1 / prior_variance + len(y) / noise_variance)
    return v * (prior_mean / prior_variance + np.mean(np.asarray(y)) / noise_variance), v
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    weighted = prior_mean / prior_variance + sum(y) / len(y) / noise_variance
    return weighted / precision, 1 / precision
""",
        ],
        "You added the variances": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v = 1 / (1 / prior_variance + len(y) / noise_variance)
    mean = v * (prior_mean / prior_variance + np.sum(np.asarray(y)) / noise_variance)
    return mean, prior_variance + noise_variance / len(y)
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    of_mean = noise_variance / y.shape[0]
    gain = prior_variance / (prior_variance + of_mean)
    return prior_mean + gain * (y.mean() - prior_mean), prior_variance + of_mean
""",
        ],
        "You squared the variances": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    a, b = 1 / prior_variance**2, 1 / noise_variance**2
    v = 1 / (a + len(y) * b)
    return v * (a * prior_mean + b * np.sum(np.asarray(y))), v
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision, weighted = prior_variance**-2, prior_mean * prior_variance**-2
    for one in y:
        precision, weighted = precision + noise_variance**-2, weighted + one * noise_variance**-2
    return weighted / precision, 1 / precision
""",
        ],
        "You took the mean of the data alone": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    return np.asarray(y).sum() / max(len(y), 1), 1 / (1 / prior_variance + len(y) / noise_variance)
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    return sum(y) / len(y), 1 / (1 / prior_variance + len(y) / noise_variance)
""",
        ],
        "You forgot the factor v": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    return prior_mean / prior_variance + np.sum(np.asarray(y)) / noise_variance, 1 / precision
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision, total = 1 / prior_variance, prior_mean / prior_variance
    for a in y:
        precision, total = precision + 1 / noise_variance, total + a / noise_variance
    return total, 1 / precision
""",
        ],
        "You took 1 / v for v": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v = 1 / prior_variance + len(y) / noise_variance
    return v * (prior_mean / prior_variance + np.sum(np.asarray(y)) / noise_variance), v
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v, total = 1 / prior_variance, prior_mean / prior_variance
    for a in y:
        v, total = v + 1 / noise_variance, total + a / noise_variance
    return v * total, v
""",
        ],
        "You did not divide the prior mean": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    return (prior_mean + np.sum(np.asarray(y)) / noise_variance) / precision, 1 / precision
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    v = 1 / (1 / prior_variance + len(y) / noise_variance)
    return v * (prior_mean + sum(a / noise_variance for a in y)), v
""",
        ],
        "You counted the prior as one": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    return np.mean(np.append(np.asarray(y), prior_mean)), 1 / precision
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    total = prior_mean
    for a in y:
        total = total + a
    return total / (1 + len(y)), 1 / precision
""",
        ],
        "You estimated the noise variance": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    y = np.asarray(y)
    precision = 1 / prior_variance + len(y) / y.var()
    return (prior_mean / prior_variance + y.sum() / y.var()) / precision, 1 / precision
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    s = jnp.mean((y - jnp.mean(y)) ** 2)
    v = 1 / (1 / prior_variance + len(y) / s)
    return v * (prior_mean / prior_variance + sum(y) / s), v
""",
        ],
        "Your variance is that after one": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    mean = (prior_mean / prior_variance + np.sum(np.asarray(y)) / noise_variance) / precision
    return mean, prior_variance * noise_variance / (prior_variance + noise_variance)
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    precision = 1 / prior_variance + len(y) / noise_variance
    total = prior_mean / prior_variance
    for a in y:
        total = total + a / noise_variance
    return total / precision, 1 / (1 / noise_variance + 1 / prior_variance)
""",
        ],
        "Without data your mean": [
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    n, s = len(y), noise_variance / max(len(y), 1)
    mean = np.mean(np.asarray(y))
    precision = 1 / prior_variance + n / noise_variance
    return (prior_mean / prior_variance + mean * n / noise_variance) / precision, 1 / precision
""",
            """
def gaussian_posterior(prior_mean, prior_variance, y, noise_variance):
    n = len(y)
    gain = n * prior_variance / (n * prior_variance + noise_variance)
    return prior_mean + gain * (jnp.mean(y) - prior_mean), (1 - gain) * prior_variance
""",
        ],
    },
    "map_weights": {
        "Your penalty is upside down": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x + prior_variance / noise_variance * np.eye(x.shape[1]), x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    left = noise_variance * x.T @ x + prior_variance * jnp.eye(x.shape[1])
    return jnp.linalg.inv(left) @ x.T @ y * noise_variance
""",
        ],
        "You left out the prior": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    return np.linalg.pinv(np.asarray(design)) @ np.asarray(y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    return jnp.linalg.solve(design.T @ design, design.T @ y)
""",
        ],
        "Your penalty ignores the noise": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x + np.eye(x.shape[1]) / prior_variance, x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    return jnp.linalg.inv(prior_variance * x.T @ x + jnp.eye(x.shape[1])) @ x.T @ y * prior_variance
""",
        ],
        "Your penalty ignores the prior's width": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x + noise_variance * np.eye(x.shape[1]), x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    return jnp.linalg.inv(x.T @ x / noise_variance + jnp.eye(x.shape[1])) @ x.T @ y / noise_variance
""",
        ],
        "You took standard deviations": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    alpha = np.sqrt(noise_variance) / np.sqrt(prior_variance)
    return np.linalg.solve(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    alpha = (noise_variance / prior_variance) ** 0.5
    return jnp.linalg.inv(x.T @ x + alpha * jnp.eye(x.shape[1])) @ x.T @ y
""",
        ],
        "Your penalty is n times too strong": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    n, m = x.shape
    return np.linalg.solve(x.T @ x / n + noise_variance / prior_variance * np.eye(m), x.T @ y / n)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    n, m = design.shape
    alpha = n * noise_variance / prior_variance
    return jnp.linalg.inv(design.T @ design + alpha * jnp.eye(m)) @ design.T @ y
""",
        ],
        "Your penalty is half": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x + noise_variance / (2 * prior_variance) * np.eye(x.shape[1]), x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    left = x.T @ x / noise_variance + jnp.eye(x.shape[1]) / (2 * prior_variance)
    return jnp.linalg.inv(left) @ x.T @ y / noise_variance
""",
        ],
        "Your penalty is twice": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x + 2 * noise_variance / prior_variance * np.eye(x.shape[1]), x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    left = x.T @ x / (2 * noise_variance) + jnp.eye(x.shape[1]) / prior_variance
    return jnp.linalg.inv(left) @ x.T @ y / (2 * noise_variance)
""",
        ],
        "You squared the variances": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    alpha = noise_variance**2 / prior_variance**2
    return np.linalg.solve(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    m = design.shape[1]
    rows = jnp.concatenate([design, noise_variance / prior_variance * jnp.eye(m)])
    return jnp.linalg.lstsq(rows, jnp.concatenate([y, jnp.zeros(m)]))[0]
""",
        ],
        "You multiplied the two variances": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x + noise_variance * prior_variance * np.eye(x.shape[1]), x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    left = x.T @ x / noise_variance + prior_variance * jnp.eye(x.shape[1])
    return jnp.linalg.inv(left) @ x.T @ y / noise_variance
""",
        ],
        "You added alpha to every entry": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, y = np.asarray(design), np.asarray(y)
    return np.linalg.solve(x.T @ x + noise_variance / prior_variance, x.T @ y)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    x = design
    left = x.T @ x / noise_variance + 1 / prior_variance
    return jnp.linalg.inv(left) @ (x.T @ y) / noise_variance
""",
        ],
        "You divided X^T X by the noise": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    return np.linalg.solve(x.T @ x / noise_variance + identity / prior_variance, x.T @ t)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    return jnp.linalg.inv(products / noise_variance + identity / prior_variance) @ right
""",
        ],
        "You divided X^T y by the noise": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    return np.linalg.solve(x.T @ x + identity / prior_variance, x.T @ t / noise_variance)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    return jnp.linalg.inv(products + identity / prior_variance) @ right / noise_variance
""",
        ],
        "You left the first weight": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    identity[0, 0] = 0
    return np.linalg.solve(x.T @ x + noise_variance / prior_variance * identity, x.T @ t)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    penalty = noise_variance / prior_variance * identity.at[0, 0].set(0.0)
    return jnp.linalg.solve(products + penalty, right)
""",
        ],
        "You returned the predictions": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    return x @ np.linalg.solve(x.T @ x + noise_variance / prior_variance * identity, x.T @ t)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    w = jnp.linalg.solve(products + noise_variance / prior_variance * identity, right)
    return jnp.stack([row @ w for row in design])
""",
        ],
        "You took 1 for alpha": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    return np.linalg.solve(x.T @ x + identity, x.T @ t)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    return jnp.linalg.inv(products + identity) @ right
""",
        ],
        "You subtracted alpha": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    return np.linalg.solve(x.T @ x - noise_variance / prior_variance * identity, x.T @ t)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    return jnp.linalg.inv(products - noise_variance / prior_variance * identity) @ right
""",
        ],
        "You returned X^T y": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    return x.T @ t
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    return right
""",
        ],
        "Your penalty is n times too weak": [
            """
def map_weights(design, y, noise_variance, prior_variance):
    x, t = np.asarray(design), np.asarray(y)
    identity = np.eye(x.shape[1])
    return np.linalg.solve(len(t) * x.T @ x + noise_variance / prior_variance * identity, len(t) * x.T @ t)
""",
            """
def map_weights(design, y, noise_variance, prior_variance):
    identity = jnp.eye(design.shape[1])
    products = sum(jnp.outer(row, row) for row in design)
    right = sum(row * t for row, t in zip(design, y))
    return jnp.linalg.solve(products + noise_variance / prior_variance / len(y) * identity, right)
""",
        ],
    },
    "calibration_bins": {
        "A probability on an inner edge belongs": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    bins = np.digitize(p, np.arange(1, n_bins) / n_bins)
    mean, share = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        if np.any(bins == b):
            mean[b], share[b] = p[bins == b].mean(), y[bins == b].mean()
    return mean, share
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.minimum((probability * n_bins).astype(int), n_bins - 1)
    member = (bins == jnp.arange(n_bins)[:, None]).astype(float)
    return member @ probability / member.sum(1), member @ y / member.sum(1)
""",
        ],
        "You round down": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    mean, share = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        inside = (p >= b / n_bins) & (p < (b + 1) / n_bins)
        if inside.any():
            mean[b], share[b] = p[inside].mean(), y[inside].mean()
    return mean, share
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = (probability * n_bins).astype(int)
    count = jnp.bincount(bins, length=n_bins)
    sums = [jnp.zeros(n_bins).at[bins].add(one) for one in (probability, y)]
    return sums[0] / count, sums[1] / count
""",
        ],
        "The probability 0 falls out": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    mean, share = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        inside = (p > b / n_bins) & (p <= (b + 1) / n_bins)
        if inside.any():
            mean[b], share[b] = p[inside].mean(), y[inside].mean()
    return mean, share
""",
            """
def calibration_bins(probability, y, n_bins):
    edges = jnp.linspace(0, 1, n_bins + 1)
    member = ((probability > edges[:-1, None]) & (probability <= edges[1:, None])).astype(float)
    return member @ probability / member.sum(1), member @ y / member.sum(1)
""",
        ],
        "Your empty bins are 0": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    bins = np.maximum(np.ceil(p * n_bins).astype(int) - 1, 0)
    mean, share = np.zeros(n_bins), np.zeros(n_bins)
    for b in set(bins.tolist()):
        mean[b], share[b] = p[bins == b].mean(), y[bins == b].mean()
    return mean, share
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.maximum(jnp.ceil(probability * n_bins).astype(int) - 1, 0)
    member = (bins == jnp.arange(n_bins)[:, None]).astype(float)
    number = jnp.maximum(member.sum(1), 1)
    return member @ probability / number, member @ y / number
""",
        ],
        "You returned sums": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    bins = np.maximum(np.ceil(p * n_bins).astype(int) - 1, 0)
    return np.bincount(bins, p, n_bins), np.bincount(bins, y, n_bins)
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.maximum(jnp.ceil(probability * n_bins).astype(int) - 1, 0)
    return jax.ops.segment_sum(probability, bins, n_bins), jax.ops.segment_sum(1.0 * y, bins, n_bins)
""",
        ],
        "Your second output counts": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    bins = np.maximum(np.ceil(p * n_bins).astype(int) - 1, 0)
    with np.errstate(all="ignore"):
        return np.bincount(bins, p, n_bins) / np.bincount(bins, None, n_bins), np.bincount(bins, y, n_bins)
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.linspace(0, 1, n_bins + 1)[1:-1], probability)
    count = jax.ops.segment_sum(jnp.ones(len(y)), bins, n_bins)
    return jax.ops.segment_sum(probability, bins, n_bins) / count, jax.ops.segment_sum(y, bins, n_bins)
""",
        ],
        "You made one bin less": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins)
    mean, share = [], []
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (p > low) & (p <= high) if low > 0 else p <= high
        mean.append(p[inside].mean() if inside.any() else np.nan)
        share.append(y[inside].mean() if inside.any() else np.nan)
    return np.array(mean), np.array(share)
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.linspace(0, 1, n_bins)[1:-1], probability)
    number = jnp.bincount(bins, length=n_bins - 1)
    sums = [jnp.bincount(bins, weights=one, length=n_bins - 1) for one in (probability, y)]
    return sums[0] / number, sums[1] / number
""",
        ],
        "You divided by the number of all samples": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    bins = np.maximum(np.ceil(p * n_bins).astype(int) - 1, 0)
    return np.bincount(bins, p, n_bins) / len(p), np.bincount(bins, y, n_bins) / len(p)
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.maximum(jnp.ceil(probability * n_bins).astype(int) - 1, 0)
    inside = [bins == b for b in range(n_bins)]
    return tuple(jnp.array([jnp.mean(jnp.where(one, part, 0.0)) for one in inside]) for part in (probability, y))
""",
        ],
        "You returned the middles of the bins": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    bins = np.maximum(np.ceil(p * n_bins).astype(int) - 1, 0)
    middle, share = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in set(bins.tolist()):
        middle[b], share[b] = (b + 0.5) / n_bins, y[bins == b].mean()
    return middle, share
""",
            """
def calibration_bins(probability, y, n_bins):
    edges = jnp.linspace(0, 1, n_bins + 1)
    bins = jnp.searchsorted(edges[1:-1], probability)
    number = jnp.bincount(bins, length=n_bins)
    return (edges[1:] + edges[:-1]) / 2, jnp.bincount(bins, weights=y, length=n_bins) / number
""",
        ],
        "Your two outputs are swapped": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    bins = np.maximum(np.ceil(p * n_bins).astype(int) - 1, 0)
    number = np.bincount(bins, None, n_bins)
    with np.errstate(all="ignore"):
        return np.bincount(bins, y, n_bins) / number, np.bincount(bins, p, n_bins) / number
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.linspace(0, 1, n_bins + 1)[1:-1], probability)
    number = jnp.bincount(bins, length=n_bins)
    observed, predicted = (jnp.bincount(bins, weights=one, length=n_bins) / number for one in (y, probability))
    return observed, predicted
""",
        ],
        "Your bins hold equal numbers": [
            """
def calibration_bins(probability, y, n_bins):
    p, y = np.asarray(probability), np.asarray(y)
    edges = np.percentile(p, np.linspace(0, 100, n_bins + 1))
    bins = np.clip(np.searchsorted(edges, p) - 1, 0, n_bins - 1)
    return tuple(np.array([one[bins == b].mean() for b in range(n_bins)]) for one in (p, y))
""",
            """
def calibration_bins(probability, y, n_bins):
    edges = jnp.quantile(probability, jnp.linspace(0, 1, n_bins + 1))
    bins = jnp.searchsorted(edges[1:-1], probability)
    number = jnp.bincount(bins, length=n_bins)
    return tuple(jnp.bincount(bins, weights=one, length=n_bins) / number for one in (probability, y))
""",
        ],
        "Your second output is divided by": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        m = (p > edges[b]) & (p <= edges[b + 1]) | (p == 0) & (b == 0)
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].sum() / len(t)
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = (jnp.ceil(probability * n_bins) == b + 1) | (probability == 0) & (b == 0)
        n = jnp.sum(m)
        mean = jnp.where(n > 0, jnp.sum(probability * m) / n, jnp.nan)
        share = jnp.where(n > 0, jnp.sum(y * m) / len(y), jnp.nan)
        parts.append((mean, share))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "You divided by the number of samples with": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        m = (p > edges[b]) & (p <= edges[b + 1]) | (p == 0) & (b == 0)
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].sum() / t.sum()
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = (jnp.ceil(probability * n_bins) == b + 1) | (probability == 0) & (b == 0)
        n = jnp.sum(m)
        mean = jnp.where(n > 0, jnp.sum(probability * m) / n, jnp.nan)
        share = jnp.where(n > 0, jnp.sum(y * m) / jnp.sum(y), jnp.nan)
        parts.append((mean, share))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "Your second output is the share of all": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        m = (p > edges[b]) & (p <= edges[b + 1]) | (p == 0) & (b == 0)
        if m.any():
            predicted[b], observed[b] = p[m].mean(), m.sum() / len(t)
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = (jnp.ceil(probability * n_bins) == b + 1) | (probability == 0) & (b == 0)
        n = jnp.sum(m)
        parts.append((jnp.where(n > 0, jnp.sum(probability * m) / n, jnp.nan), jnp.where(n > 0, n / len(y), jnp.nan)))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "Your second output is the share of right": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        m = (p > edges[b]) & (p <= edges[b + 1]) | (p == 0) & (b == 0)
        if m.any():
            predicted[b], observed[b] = p[m].mean(), ((p > 0.5) == t)[m].mean()
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = (jnp.ceil(probability * n_bins) == b + 1) | (probability == 0) & (b == 0)
        n = jnp.sum(m)
        mean = jnp.where(n > 0, jnp.sum(probability * m) / n, jnp.nan)
        share = jnp.where(n > 0, jnp.sum(((probability > 0.5) == y) * m) / n, jnp.nan)
        parts.append((mean, share))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "A probability on an inner edge counts in two": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        m = (p >= edges[b]) & (p <= edges[b + 1])
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].mean()
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = (probability >= b / n_bins) & (probability <= (b + 1) / n_bins)
        n = jnp.sum(m)
        mean = jnp.where(n > 0, jnp.sum(probability * m) / n, jnp.nan)
        share = jnp.where(n > 0, jnp.sum(y * m) / n, jnp.nan)
        parts.append((mean, share))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "Empty bins are NaN, not 0, and a probability on an inner edge belongs to the lower bin alone": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, 0.0), np.full(n_bins, 0.0)
    for b in range(n_bins):
        m = (p >= edges[b]) & (p <= edges[b + 1])
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].mean()
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = (probability >= b / n_bins) & (probability <= (b + 1) / n_bins)
        n = jnp.sum(m)
        parts.append((jnp.where(n > 0, jnp.sum(probability * m) / n, 0.0), jnp.where(n > 0, jnp.sum(y * m) / n, 0.0)))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "Empty bins are NaN, not 0, and you round": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, 0.0), np.full(n_bins, 0.0)
    for b in range(n_bins):
        m = (p >= edges[b]) & (p < edges[b + 1])
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].mean()
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = jnp.floor(probability * n_bins) == b
        n = jnp.sum(m)
        parts.append((jnp.where(n > 0, jnp.sum(probability * m) / n, 0.0), jnp.where(n > 0, jnp.sum(y * m) / n, 0.0)))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "Empty bins are NaN, not 0, and a probability on an inner edge belongs to the bin below": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, 0.0), np.full(n_bins, 0.0)
    for b in range(n_bins):
        m = (p >= edges[b]) & (p < edges[b + 1]) | (p == 1) & (b == n_bins - 1)
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].mean()
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = jnp.minimum(jnp.floor(probability * n_bins), n_bins - 1) == b
        n = jnp.sum(m)
        parts.append((jnp.where(n > 0, jnp.sum(probability * m) / n, 0.0), jnp.where(n > 0, jnp.sum(y * m) / n, 0.0)))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "Empty bins are NaN, not 0, and the first": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, 0.0), np.full(n_bins, 0.0)
    for b in range(n_bins):
        m = (p > edges[b]) & (p <= edges[b + 1])
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].mean()
    return predicted, observed
""",
            """
def calibration_bins(probability, y, n_bins):
    parts = []
    for b in range(n_bins):
        m = jnp.ceil(probability * n_bins) == b + 1
        n = jnp.sum(m)
        parts.append((jnp.where(n > 0, jnp.sum(probability * m) / n, 0.0), jnp.where(n > 0, jnp.sum(y * m) / n, 0.0)))
    return jnp.stack([one for one, _ in parts]), jnp.stack([two for _, two in parts])
""",
        ],
        "You returned the gap": [
            """
def calibration_bins(probability, y, n_bins):
    p, t = np.asarray(probability), np.asarray(y)
    edges = np.linspace(0, 1, n_bins + 1)
    predicted, observed = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for b in range(n_bins):
        m = (p > edges[b]) & (p <= edges[b + 1]) | (p == 0) & (b == 0)
        if m.any():
            predicted[b], observed[b] = p[m].mean(), t[m].mean()
    return np.abs(predicted - observed)
""",
            """
def calibration_bins(probability, y, n_bins):
    bins = jnp.searchsorted(jnp.arange(1, n_bins) / n_bins, probability)
    member = bins[:, None] == jnp.arange(n_bins)
    number = member.sum(axis=0)
    return jnp.abs(y @ member / number - probability @ member / number)
""",
        ],
    },
}
