"""Known mistakes of sheet 12, as students write them: with NumPy, and with loops or other algebra."""


def _kernel(whole, entry):
    """12.1 with NumPy (d are all differences, s their squares), and entry by entry (d is one row, s a number)."""
    return [
        f"""
def rbf_kernel(x, z, length, variance):
    x, z, l, v = np.asarray(x), np.asarray(z), length, variance
    d = x[:, None, :] - z[None, :, :]
    s = np.sum(d**2, axis=2)
    return {whole}
""",
        f"""
def rbf_kernel(x, z, length, variance):
    l, v, rows = length, variance, []
    for i in range(len(x)):
        row = []
        for j in range(len(z)):
            d = x[i] - z[j]
            s = d @ d
            row.append({entry})
        rows.append(jnp.stack(row))
    return jnp.stack(rows)
""",
    ]


def _alike(entry):
    """12.1 written alike in both ways; np in the whole, jnp entry by entry."""
    return _kernel(entry, entry.replace("np.", "jnp."))


_NOISE = "k + noise_variance * np.eye(len(y))"


def _gp(mean="c.T @ b @ y", variance="v - np.sum(c * (b @ c), axis=0)", point=("w @ y", "v - w @ c"), matrix=_NOISE):
    """12.2 with the inverse b of the matrix a, and for each new point: c is its column, w the solution of a w = c."""
    return [
        f"""
def gp_posterior(kernel, cross, prior_variance, y, noise_variance):
    k, c, v, y = (np.asarray(one) for one in (kernel, cross, prior_variance, y))
    a = {matrix}
    b = np.linalg.inv(a)
    mean = {mean}
    variance = {variance}
    return mean, variance
""",
        f"""
def gp_posterior(kernel, cross, prior_variance, y, noise_variance):
    k, means, variances = kernel, [], []
    a = {matrix.replace("np.", "jnp.")}
    for j in range(cross.shape[1]):
        c, v = cross[:, j], prior_variance[j]
        w = jnp.linalg.solve(a, c)
        means.append({point[0]})
        variances.append({point[1]})
    return jnp.stack(means), jnp.stack(variances)
""",
    ]


def _spread(variance, point):
    """12.2 with a right mean."""
    return _gp(variance=variance, point=("w @ y", point))


def _triangular(first, second):
    """12.2 by two other ways to write a triangular factor."""
    head = "def gp_posterior(kernel, cross, prior_variance, y, noise_variance):\n    "
    head += "a = kernel + noise_variance * jnp.eye(len(y))\n    "
    return [head + first, head + second]


def _evidence(whole, other, matrix=_NOISE):
    """12.3 by NumPy (a is the matrix, q = y^T a^-1 y, logdet), and by the Cholesky factor f with u = f^-1 y."""
    return [
        f"""
def log_evidence(kernel, y, noise_variance):
    k, y = np.asarray(kernel), np.asarray(y)
    a, n = {matrix}, len(y)
    q, logdet = y @ np.linalg.solve(a, y), np.linalg.slogdet(a)[1]
    return {whole}
""",
        f"""
def log_evidence(kernel, y, noise_variance):
    k, n, total = kernel, len(y), 0.0
    a = {matrix.replace("np.", "jnp.")}
    f = jnp.linalg.cholesky(a)
    u = jax.scipy.linalg.solve_triangular(f, y, lower=True)
    for i in range(n):
        total = total + jnp.log(f[i, i])
    return {other}
""",
    ]


_Q, _U, _C = "-0.5 * q", "-0.5 * (u @ u)", " - 0.5 * n * np.log(2 * np.pi)"
_FULL = (f"{_Q} - 0.5 * logdet{_C}", f"{_U} - total{_C}")


def _effective(whole, term, end="total", svd="design"):
    """12.4 by NumPy (e are the eigenvalues of X^T X, s the noise, p the prior), and term by term (e is one)."""
    return [
        f"""
def effective_parameters(design, noise_variance, prior_variance):
    x, s, p = np.asarray({svd.replace("jnp.", "np.")}), noise_variance, prior_variance
    n, m = x.shape
    e = np.maximum(np.linalg.eigvalsh(x.T @ x), 0)
    return {whole}
""",
        f"""
def effective_parameters(design, noise_variance, prior_variance):
    s, p, total = noise_variance, prior_variance, 0.0
    n, m = design.shape
    values = jnp.linalg.svd({svd}, compute_uv=False)
    for e in [one**2 for one in values] + [0.0] * (m - len(values)):
        total = total + {term}
    return {end}
""",
    ]


def _moments(
    mean="np.mean(f, axis=0)", variance="np.var(f, axis=0) + s", factor="1 / (1 - rate)", units="np.maximum(x @ w, 0)"
):
    """12.5 with NumPy (f are all predictions), and pass by pass."""
    return [
        f"""
def dropout_moments(x, weights, output, masks, rate, noise_variance):
    x, w, v, masks, s = np.asarray(x), np.asarray(weights), np.asarray(output), np.asarray(masks), noise_variance
    u = {units}
    f = np.stack([(u * mask * v).sum(axis=1) * {factor} for mask in masks])
    return {mean}, {variance}
""",
        f"""
def dropout_moments(x, weights, output, masks, rate, noise_variance):
    w, v, s, passes = weights, output, noise_variance, []
    u = {units.replace("np.", "jnp.")}
    for mask in masks:
        passes.append(jnp.einsum("nh,h,h->n", u, mask, v) * {factor})
    f = jnp.array(passes)
    return {mean.replace("np.", "jnp.")}, {variance.replace("np.", "jnp.")}
""",
    ]


def _split(
    aleatoric="np.mean(np.exp(l), axis=0)",
    epistemic="np.var(m, axis=0)",
    a="sum(math.exp(one) for one in l) / k",
    e="sum((one - c) ** 2 for one in m) / k",
):
    """12.6 with NumPy (m and l are arrays), and sample by sample (m and l are lists, c is the mean of m)."""
    return [
        f"""
def split_variance(mean, log_variance):
    m, l = np.asarray(mean), np.asarray(log_variance)
    k = len(m)
    return {aleatoric}, {epistemic}
""",
        f"""
def split_variance(mean, log_variance):
    first, second, k = [], [], len(mean)
    for i in range(mean.shape[1]):
        m, l = np.asarray(mean)[:, i].tolist(), np.asarray(log_variance)[:, i].tolist()
        c = sum(m) / k
        first.append({a})
        second.append({e})
    return np.array(first), np.array(second)
""",
    ]


def _parts(result, second=None):
    """12.6 where both parts, a and e, are right, but not what is returned."""
    return [
        f"""
def split_variance(mean, log_variance):
    a, e = np.exp(log_variance).mean(axis=0), np.var(mean, axis=0)
    return {result}
""",
        f"""
def split_variance(mean, log_variance):
    a = sum(jnp.exp(one) for one in log_variance) / len(mean)
    e = sum((one - mean.mean(0)) ** 2 for one in mean) / len(mean)
    return {(second or result).replace("np.", "jnp.")}
""",
    ]


def _ece(
    whole="np.sum(number * np.abs(gap)) / n",
    each="total + counts[b] * abs(hits[b] / counts[b] - sums[b] / counts[b]) / n",
    confidence="p.max(axis=1)",
    place="np.ceil(c * n_bins) - 1",
    bins="n_bins",
    end="total",
):
    """12.7 with NumPy (gap and number of each bin, 0 where it is empty), and sample by sample, then bin by bin."""
    head = f"""
def calibration_error(probability, y, n_bins):
    p, y, n = np.asarray(probability), np.asarray(y), len(y)
    c = {confidence}
    r = p.argmax(axis=1) == y
    place = {place}
"""
    return [
        head
        + f"""
    number = np.array([np.sum(place == b) for b in range({bins})])
    each = [place == b for b in range({bins})]
    gap = np.array([np.mean(r[b]) - np.mean(c[b]) if b.any() else 0 for b in each])
    return {whole}
""",
        head
        + f"""
    hits, sums, counts = [0.0] * ({bins}), [0.0] * ({bins}), [0] * ({bins})
    for i in range(len(c)):
        b = int(place[i])
        if 0 <= b < {bins}:
            hits[b] += float(r[i])
            sums[b] += float(c[i])
            counts[b] += 1
    total = 0.0
    used = [b for b in range({bins}) if counts[b]]
    for b in used:
        total = {each}
    return {end}
""",
    ]


def _edges(low, high):
    """12.7 with a mask for each bin, and with the edges of `jnp.linspace`, bin by bin."""
    head = """
def calibration_error(probability, y, n_bins):
    c = jnp.max(probability, axis=1)
    r = jnp.argmax(probability, axis=1) == y
    total = 0.0
"""
    return [
        head
        + f"""
    for b in range(n_bins):
        inside = np.array((b / n_bins {low} c) & (c {high} (b + 1) / n_bins))
        if inside.any():
            total += inside.mean() * abs(np.mean(np.array(r)[inside]) - np.mean(np.array(c)[inside]))
    return total
""",
        head
        + f"""
    edges = jnp.linspace(0, 1, n_bins + 1)
    for start, end in zip(edges[:-1], edges[1:]):
        inside = jnp.where((start {low} c) & (c {high} end), 1.0, 0.0)
        number = jnp.maximum(inside.sum(), 1)
        total += inside.sum() / len(y) * jnp.abs((inside * r).sum() / number - (inside * c).sum() / number)
    return total
""",
    ]


def _direct(*bodies):
    """12.7 in one line each."""
    head = "def calibration_error(probability, y, n_bins):\n    "
    head += "p, y, n = np.asarray(probability), np.asarray(y), len(y)\n    "
    return [f"{head}return {body}" for body in bodies]


def _next(bound):
    """12.8 with NumPy, and candidate by candidate."""
    return [
        f"""
def choose_next(mean, variance, measured, kappa):
    m, v, done = np.asarray(mean), np.asarray(variance), np.asarray(measured)
    u = {bound}
    return u, int(np.argmax(np.where(done, -np.inf, u)))
""",
        f"""
def choose_next(mean, variance, measured, kappa):
    m, v, done = mean, variance, measured
    u = {bound.replace("np.", "jnp.")}
    best = None
    for i in range(len(u)):
        if not done[i] and (best is None or u[i] > most):
            best, most = i, u[i]
    return u, best
""",
    ]


def _choice(*lines):
    """12.8 with right bounds u, and another index."""
    head = """
def choose_next(mean, variance, measured, kappa):
    m, v, done = np.asarray(mean), np.asarray(variance), np.asarray(measured)
    u = m + kappa * np.sqrt(v)
    """
    return [head + line.replace("\n", "\n    ") for line in lines]


_BEST = "int(np.argmax(np.where(done, -np.inf, u)))"

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "rbf_kernel": {
        "You did not square the length": _alike("v * np.exp(-0.5 * s / l)"),
        "You left out the 2 in the exponent": _alike("v * np.exp(-s / (l * l))"),
        "You squared the 2 along": _alike("v * np.exp(-s / (2 * l) ** 2)"),
        "You multiplied by length^2": _alike("v * np.exp(-0.5 * s * l**2)"),
        "You took the root of the squared": _alike("v * np.exp(-0.5 * np.sqrt(s) / l**2)"),
        "You wrote the exponential kernel": _alike("v * np.exp(-np.sqrt(s) / l)"),
        "The minus in the exponent": _alike("v * np.exp(0.5 * s / l**2)"),
        "You squared the variance": _alike("v * v * np.exp(-0.5 * s / l**2)"),
        "You left out the variance": _alike("np.exp(-0.5 * s / l**2)"),
        "Your matrix is the transpose": [
            _kernel("(v * np.exp(-0.5 * s / l**2)).T", "")[0],
            _kernel("", "v * jnp.exp(-0.5 * s / l**2)")[1].replace("jnp.stack(rows)", "jnp.stack(rows, axis=1)"),
        ],
        "You averaged over the features": _kernel(
            "v * np.exp(-0.5 * (d**2).mean(axis=2) / l**2)", "v * jnp.exp(-0.5 * s / len(d) / l**2)"
        ),
        "You summed the differences before": _kernel(
            "v * np.exp(-0.5 * d.sum(axis=2) ** 2 / l**2)", "v * jnp.exp(-0.5 * (sum(x[i]) - sum(z[j])) ** 2 / l**2)"
        ),
        "You used x alone": [
            """
def rbf_kernel(x, z, length, variance):
    d = x[:, None] - x[None, :]
    return variance * np.exp(-0.5 * np.sum(d**2, axis=2) / length**2)
""",
            """
def rbf_kernel(x, z, length, variance):
    return jnp.array([[variance * jnp.exp(-0.5 * sum((a - b) ** 2) / length**2) for a in x] for b in x])
""",
        ],
        "Far from zero your squares": _kernel(
            "v * np.exp(-0.5 * ((x**2).sum(1)[:, None] + (z**2).sum(1)[None] - 2 * x @ z.T) / l**2)",
            "v * jnp.exp(-0.5 * (x[i] @ x[i] + z[j] @ z[j] - 2 * x[i] @ z[j]) / l**2)",
        ),
    },
    "gp_posterior": {
        "You left out the noise: add": _gp(matrix="k"),
        "You added the noise to every": _gp(matrix="k + noise_variance"),
        "You squared the noise variance": _gp(matrix="k + noise_variance**2 * np.eye(len(y))"),
        "You added the standard deviation": _gp(matrix="k + noise_variance**0.5 * np.eye(len(y))"),
        "Your variance is that of another": _spread(
            "v + noise_variance - np.diag(c.T @ b @ c)", "v - w @ c + noise_variance"
        ),
        "You returned the standard deviation of f": _spread("np.sqrt(v - np.diag(c.T @ b @ c))", "jnp.sqrt(v - w @ c)"),
        "You added what the data tell": _spread("v + np.diag(c.T @ b @ c)", "v + w @ c"),
        "You subtracted from 1": _spread("1 - np.diag(c.T @ b @ c)", "1 - w @ c"),
        "You returned a matrix": [
            _gp(variance="v - c.T @ b @ c")[0],
            """
def gp_posterior(kernel, cross, prior_variance, y, noise_variance):
    a = kernel + noise_variance * jnp.eye(len(y))
    w = jnp.linalg.inv(a) @ cross
    return y @ w, prior_variance[None, :] - cross.T @ w
""",
        ],
        "You exchanged the results": [
            one.replace("return mean, variance", "return variance, mean").replace(
                "return jnp.stack(means), jnp.stack(variances)", "return jnp.stack(variances), jnp.stack(means)"
            )
            for one in _gp()
        ],
        "You solved with L once": _gp(
            mean="c.T @ np.linalg.solve(np.linalg.cholesky(a), y)",
            point=("c @ (jnp.linalg.inv(jnp.linalg.cholesky(a)) @ y)", "v - w @ c"),
        ),
        "You summed L^-1 C": _spread(
            "v - np.linalg.solve(np.linalg.cholesky(a), c).sum(axis=0)",
            "v - sum(jnp.linalg.inv(jnp.linalg.cholesky(a)) @ c)",
        ),
        "You squared (K + s^2 I)^-1 C": _spread("v - ((b @ c) ** 2).sum(axis=0)", "v - w @ w"),
        "You used the matrix in place": _triangular(
            "w = jax.scipy.linalg.solve_triangular(a, cross, lower=True)\n    "
            "u = jax.scipy.linalg.solve_triangular(a, y, lower=True)\n    "
            "return u @ w, prior_variance - (w * w).sum(0)",
            "w, u = np.linalg.solve(np.tril(a), cross), np.linalg.solve(np.tril(a), y)\n    "
            "return w.T @ u, prior_variance - np.diag(w.T @ w)",
        ),
        "You took L for an upper": _triangular(
            "f = jnp.linalg.cholesky(a)\n    "
            "w, u = (jax.scipy.linalg.solve_triangular(f, b, lower=False) for b in (cross, y))\n    "
            "return u @ w, prior_variance - (w * w).sum(0)",
            "f = np.diag(np.linalg.cholesky(a))\n    "
            "return (cross / f[:, None]).T @ (y / f), prior_variance - ((cross / f[:, None]) ** 2).sum(0)",
        ),
        "You took L^T for": _gp(
            mean="c.T @ (np.linalg.solve(np.linalg.cholesky(a), y) / np.diag(np.linalg.cholesky(a)))",
            point=(
                "c @ jax.scipy.linalg.solve_triangular(jnp.linalg.cholesky(a).T, "
                "jnp.linalg.solve(jnp.linalg.cholesky(a), y), lower=True)",
                "v - w @ c",
            ),
        ),
        "You added 1e-6 to": _gp(matrix="k + 1e-6 * np.eye(len(y))"),
    },
    "log_evidence": {
        "Your sign is wrong": _evidence(f"-({_FULL[0]})", "0.5 * (u @ u) + total + n / 2 * jnp.log(2 * jnp.pi)"),
        "You left out the 1/2 before ln det": _evidence(f"{_Q} - logdet{_C}", f"{_U} - 2 * total{_C}"),
        "You halved the sum": _evidence(
            f"{_Q} - 0.5 * np.log(np.diag(np.linalg.cholesky(a))).sum(){_C}", f"{_U} - 0.5 * total{_C}"
        ),
        "You left out the constant": _evidence(f"{_Q} - 0.5 * logdet", f"{_U} - total"),
        "You subtracted 1/2 ln(2 pi) once": _evidence(
            f"{_Q} - 0.5 * logdet - 0.5 * np.log(2 * np.pi)", f"{_U} - total - math.log(math.sqrt(2 * math.pi))"
        ),
        "You subtracted n ln(2 pi)": _evidence(
            f"{_Q} - 0.5 * logdet - n * np.log(2 * np.pi)", f"{_U} - total - n * math.log(2 * math.pi)"
        ),
        "You left out the 1/2 before y^T": _evidence(f"-q - 0.5 * logdet{_C}", f"-(u @ u) - total{_C}"),
        "You added 1/2 ln det A": _evidence(f"{_Q} + 0.5 * logdet{_C}", f"{_U} + total{_C}"),
        "You left out the noise": _evidence(*_FULL, matrix="1.0 * k"),
        "You squared the noise": _evidence(*_FULL, matrix="k + noise_variance**2 * np.eye(len(y))"),
        "You added the noise to every": _evidence(*_FULL, matrix="k + noise_variance"),
        "You divided by n": _evidence(f"({_FULL[0]}) / n", f"({_FULL[1]}) / n"),
        "You took the logarithms on the diagonal of A": _evidence(
            f"{_Q} - 0.5 * np.sum(np.log(np.diag(a))){_C}", f"{_U} - 0.5 * sum(jnp.log(a[i, i]) for i in range(n)){_C}"
        ),
        "You solved with L once": _evidence(
            f"-0.5 * y @ np.linalg.solve(np.linalg.cholesky(a), y) - 0.5 * logdet{_C}", f"-0.5 * (y @ u) - total{_C}"
        ),
        "You took L for an upper": _evidence(
            f"-0.5 * np.sum((y / np.diag(np.linalg.cholesky(a))) ** 2) - 0.5 * logdet{_C}",
            f"-0.5 * jnp.sum(jax.scipy.linalg.solve_triangular(f, y, lower=False) ** 2) - total{_C}",
        ),
        "For many measurements det A": _evidence(
            f"{_Q} - 0.5 * np.log(np.linalg.det(a)){_C}", f"{_U} - jnp.log(jnp.prod(jnp.diag(f))){_C}"
        ),
    },
    "effective_parameters": {
        "You left out the noise": _effective("np.sum(e / (e + 1 / p))", "e * p / (e * p + 1)"),
        "You multiplied by the noise": _effective("np.sum(e * s / (e * s + 1 / p))", "e * s * p / (e * s * p + 1)"),
        "You divided by the standard": _effective(
            "np.sum(e / np.sqrt(s) / (e / np.sqrt(s) + 1 / p))", "e * p / (e * p + s**0.5)"
        ),
        "Your alpha is the prior": _effective("np.sum(e / s / (e / s + p))", "e / (e + s * p)"),
        "Your alpha is one over": _effective("np.sum(e / s / (e / s + p**-0.5))", "e * p**0.5 / (e * p**0.5 + s)"),
        "You exchanged the variances": _effective("np.sum(e / p / (e / p + 1 / s))", "e * s / (e * s + p)"),
        "You divided by the noise variance twice": _effective(
            "np.sum(e / s / (e / s + s / p))", "e / s**2 / (e / s**2 + 1 / p)"
        ),
        "You took the singular values": _effective(
            "np.sum(np.sqrt(e) / s / (np.sqrt(e) / s + 1 / p))", "e**0.5 * p / (e**0.5 * p + s)"
        ),
        "You counted what the prior": _effective("np.sum(1 / p / (e / s + 1 / p))", "s / (e * p + s)"),
        "You took the diagonal": [
            _effective("np.sum(np.diag(x.T @ x) / (np.diag(x.T @ x) + s / p))", "")[0],
            """
def effective_parameters(design, noise_variance, prior_variance):
    total = 0.0
    for j in range(design.shape[1]):
        e = design[:, j] @ design[:, j] / noise_variance
        total = total + e / (e + 1 / prior_variance)
    return total
""",
        ],
        "You divided X^T X by the number": _effective("np.sum(e / n / (e / n + s / p))", "e * p / (e * p + n * s)"),
        "You subtracted the mean of each": _effective(
            "np.sum(e / (e + s / p))", "e * p / (e * p + s)", svd="design - design.mean(axis=0)"
        ),
        "You divided the sum of all lambda": [
            _effective("np.sum(e) / (np.sum(e) + s / p)", "")[0],
            _effective("", "e / s", end="total / (total + 1 / p)")[1],
        ],
        "You divided lambda by alpha": _effective("np.sum(e / s * p)", "e * p / s"),
        "You summed 1 / (lambda": _effective("np.sum(1 / (e / s + 1 / p))", "s * p / (e * p + s)"),
        "You returned one number for each": [
            _effective("e / s / (e / s + 1 / p)", "")[0],
            """
def effective_parameters(design, noise_variance, prior_variance):
    values = jnp.linalg.eigh(design.T @ design)[0] * prior_variance
    return jnp.array([one / (one + noise_variance) for one in values])
""",
        ],
    },
    "dropout_moments": {
        "You left the noise out": _moments(variance="f.var(axis=0)"),
        "You divided by the number of passes - 1": _moments(
            variance="((f - np.mean(f, axis=0)) ** 2).sum(axis=0) / (len(f) - 1) + s"
        ),
        "You returned the standard deviation": _moments(variance="np.sqrt(np.var(f, axis=0) + s)"),
        "You added the standard deviation of the noise": _moments(variance="np.var(f, axis=0) + np.sqrt(s)"),
        "You divided the variance by": _moments(variance="np.var(f, axis=0) / len(f) + s"),
        "You took the mean of the squares": _moments(variance="np.mean(f * f, axis=0) + s"),
        "You did not divide by 1 - rate": _moments(factor="1"),
        "You divided by the rate": _moments(factor="1 / rate"),
        "You multiplied by 1 - rate": _moments(factor="(1 - rate)"),
        "You dropped the units": [one.replace("for mask in masks", "for mask in 1 - masks") for one in _moments()],
        "Your mean is that of the network": _moments(mean="u @ v"),
        "Your variance is the noise alone": [
            one.replace("for mask in masks", "for mask in [sum(masks) / len(masks)]") for one in _moments()
        ],
        "You left out the relu": _moments(units="x @ w"),
        "You left out the output": [
            one.replace("u * mask * v", "u * mask").replace('"nh,h,h->n", u, mask, v', '"nh,h->n", u, mask')
            for one in _moments()
        ],
        "You exchanged the results": [
            one.replace("return np.mean(f, axis=0), np.var(f, axis=0) + s", "return f.var(0) + s, f.mean(0)").replace(
                "return jnp.mean(f, axis=0), jnp.var(f, axis=0) + s", "return f.var(0) + s, f.mean(0)"
            )
            for one in _moments()
        ],
        "You took the moments over the samples": _moments(mean="f.mean(axis=1)", variance="np.var(f, axis=1) + s"),
        "Your variance loses its digits": [
            _moments(variance="np.mean(f * f, axis=0) - f.mean(axis=0) ** 2 + s")[0],
            _moments(variance="(f**2).sum(axis=0) / len(f) - (f.sum(axis=0) / len(f)) ** 2 + s")[0],
        ],
    },
    "split_variance": {
        "You exchanged the results": _parts("e, a"),
        "You averaged the log-variances": _split("np.mean(l, axis=0)", a="sum(l) / k"),
        "You averaged before you took exp": _split("np.exp(l.mean(axis=0))", a="math.exp(sum(l) / k)"),
        "You took exp(2 log_variance)": _split(
            "np.mean(np.exp(l) ** 2, axis=0)", a="sum(math.exp(2 * one) for one in l) / k"
        ),
        "You averaged standard deviations": _split(
            "np.mean(np.sqrt(np.exp(l)), axis=0)", a="sum(math.exp(one / 2) for one in l) / k"
        ),
        "You divided by k - 1": _split(
            epistemic="((m - m.mean(axis=0)) ** 2).sum(axis=0) / (k - 1)",
            e="sum((one - c) ** 2 for one in m) / (k - 1) if k > 1 else math.nan",
        ),
        "You returned the standard deviation of": _parts("a, np.sqrt(e)"),
        "You took the mean of the squares": _split(epistemic="(m**2).mean(axis=0)", e="sum(one**2 for one in m) / k"),
        "You summed the squared deviations": _parts("a, len(mean) * e"),
        "You divided the variance of the means": _parts("a, e / len(mean)"),
        "You returned the total first": _parts("a + e, e"),
        "You returned the total second": _parts("a, a + e"),
        "You took the variance of the variances": _parts(
            "a, np.var(np.exp(log_variance), axis=0)",
            "a, sum((np.exp(one) - a) ** 2 for one in log_variance) / len(mean)",
        ),
        "You averaged over the samples": [
            "def split_variance(mean, log_variance): return np.exp(log_variance).mean(axis=1), np.var(mean, axis=1)",
            "def split_variance(mean, log_variance): "
            "return [jnp.exp(one).mean() for one in log_variance], [jnp.var(one) for one in mean]",
        ],
        "You averaged over networks and": [
            "def split_variance(mean, log_variance): return np.exp(log_variance).mean(), np.var(mean)",
            "def split_variance(mean, log_variance): "
            "return jnp.sum(jnp.exp(log_variance)) / mean.size, jnp.sum((mean - mean.mean()) ** 2) / mean.size",
        ],
        "Your epistemic part loses": _split(
            epistemic="(m**2).mean(axis=0) - m.mean(axis=0) ** 2",
            e="float(np.mean(np.float32(m) ** 2) - np.mean(np.float32(m)) ** 2)",
        ),
    },
    "calibration_error": {
        "You squared the differences": _ece(
            "np.sum(number * gap**2) / n", "total + counts[b] * ((hits[b] - sums[b]) / counts[b]) ** 2 / n"
        ),
        "You took the largest difference": _ece(
            "np.max(np.abs(gap))", "max(total, abs(hits[b] - sums[b]) / counts[b])"
        ),
        "You gave all bins the same": _ece(
            "np.mean(np.abs(gap))", "total + abs(hits[b] - sums[b]) / counts[b]", end="total / n_bins"
        ),
        "You gave all bins with samples": _ece(
            "np.mean(np.abs(gap[number > 0]))", "total + abs(hits[b] - sums[b]) / counts[b]", end="total / len(used)"
        ),
        "You summed the differences": _ece("np.sum(np.abs(gap))", "total + abs(hits[b] - sums[b]) / counts[b]"),
        "You did not divide by n": _ece("np.sum(number * np.abs(gap))", "total + abs(hits[b] - sums[b])"),
        "You left out the absolute": _ece("np.sum(number * gap) / n", "total + hits[b] / n - sums[b] / n"),
        "You took the absolute value of confidence": [
            *_ece("abs(np.sum(number * gap) / n)", "total + hits[b] - sums[b]", end="abs(total) / n")
        ],
        "You took the difference of each": _direct(
            "np.mean(np.abs((p.argmax(axis=1) == y) - p.max(axis=1)))",
            "sum(abs(float(np.argmax(p[i]) == y[i]) - max(p[i])) for i in range(n)) / n",
        ),
        "You took the probability of the true": _ece(confidence="p[np.arange(n), y]"),
        "You took the middle": _ece(
            "sum(abs(np.sum(r[place == b]) - np.sum(place == b) * (b + 0.5) / n_bins) for b in range(n_bins)) / n",
            "total + abs(hits[b] - counts[b] * (2 * b + 1) / (2 * n_bins)) / n",
        ),
        "Your bins are too few": _ece(place="np.searchsorted(np.linspace(0, 1, n_bins)[1:-1], c)", bins="n_bins - 1"),
        "Your bins start at the smallest": _ece(
            place="np.searchsorted(np.linspace(c.min(), c.max(), n_bins + 1)[1:-1], c)"
        ),
        "You left out the last bin": _ece(place="np.searchsorted(np.linspace(0, 1, n_bins + 1), c)"),
        "You left out samples with": _ece(place="(c * n_bins).astype(int)"),
        "A confidence on an edge": _ece(place="np.minimum((c * n_bins).astype(int), n_bins - 1)"),
        "You put a confidence on an edge into both": _edges("<=", "<="),
        "You left out samples whose confidence is on an edge": _edges("<", "<"),
        "An empty bin": [
            _ece()[0].replace(" if b.any() else 0", ""),
            """
def calibration_error(probability, y, n_bins):
    c, r = probability.max(axis=1), probability.argmax(axis=1) == y
    place = jnp.ceil(c * n_bins) - 1
    total = 0.0
    for b in range(n_bins):
        inside = place == b
        count = jnp.sum(inside)
        total += count / len(y) * jnp.abs(jnp.sum(r * inside) / count - jnp.sum(c * inside) / count)
    return total
""",
        ],
    },
    "choose_next": {
        "You added kappa times the variance": _next("m + kappa * v"),
        "You left out kappa": _next("m + np.sqrt(v)"),
        "You took the lower bound": _next("m - kappa * np.sqrt(v)"),
        "You chose among all": _choice("return u, int(np.argmax(u))", "return u, u.tolist().index(max(u.tolist()))"),
        "You chose among the measured": _choice(
            "return u, int(np.argmax(np.where(done, u, -np.inf)))",
            "return u, max([i for i in range(len(u)) if done[i]], key=lambda i: u[i])",
        ),
        "You chose the smallest bound": _choice(
            "return u, int(np.argmin(np.where(done, np.inf, u)))",
            "return u, min([i for i in range(len(u)) if not done[i]], key=lambda i: u[i])",
        ),
        "You chose by the mean": _choice(
            "return u, int(np.argmax(np.where(done, -np.inf, m)))",
            "return u, max([i for i in range(len(u)) if not done[i]], key=lambda i: m[i])",
        ),
        "Your index counts": _choice(
            "return u, int(np.argmax(u[~done]))",
            "left = [u[i] for i in range(len(u)) if not done[i]]\nreturn u, left.index(max(left))",
        ),
        "You returned the largest bound": _choice(
            "return u, np.max(u[~done])", "return u, max(u[i] for i in range(len(u)) if not done[i])"
        ),
        "You returned the order": _choice(
            "return u, np.argsort(-np.where(done, -np.inf, u), kind='stable')",
            "return u, np.array(sorted(range(len(u)), key=lambda i: math.inf if done[i] else -u[i]))",
        ),
        "You exchanged": _choice(
            f"return {_BEST}, u", "return max([i for i in range(len(u)) if not done[i]], key=lambda i: u[i]), u"
        ),
        "You changed the bounds": _choice(
            "u[done] = -np.inf\nreturn u, int(np.argmax(u))",
            "u = np.array([-math.inf if d else float(b) for d, b in zip(done, u)])\nreturn u, int(u.argmax())",
        ),
        "You set measured candidates to a number": _choice(
            "return u, int(np.argmax(u * ~done))",
            "return u, int(np.where(done, 0, u).argmax())",
            "score = [-1 if done[i] else u[i] for i in range(len(u))]\nreturn u, score.index(max(score))",
        ),
        "Of several candidates": _choice(
            "return u, int(np.argsort(np.where(done, -np.inf, u), kind='stable')[-1])",
            "best = None\nfor i in range(len(u)):\n"
            "    if not done[i] and (best is None or u[i] >= u[best]):\n        best = i\nreturn u, best",
        ),
        "You left measured candidates": _choice(
            f"return u[~done], {_BEST}", f"return np.array([u[i] for i in range(len(u)) if not done[i]]), {_BEST}"
        ),
    },
}
