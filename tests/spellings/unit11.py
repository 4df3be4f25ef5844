"""Known mistakes of sheet 11, as students write them: with NumPy, and with loops or other algebra."""


def _latent(whole, entry):
    """11.1 with NumPy (m, l and e are arrays), and entry by entry (they are numbers)."""
    return [
        f"""
def reparameterize(mean, log_variance, noise):
    m, l, e = np.asarray(mean), np.asarray(log_variance), np.asarray(noise)
    return {whole}
""",
        f"""
def reparameterize(mean, log_variance, noise):
    z = jnp.zeros(mean.shape)
    for i in range(mean.shape[0]):
        for j in range(mean.shape[1]):
            m, l, e = mean[i, j], log_variance[i, j], noise[i, j]
            z = z.at[i, j].set({entry})
    return z
""",
    ]


def _divergence(whole, sample, end="total / len(mean)"):
    """11.2 with NumPy (m and l are arrays), and sample by sample (they are rows)."""
    return [
        f"""
def kl_to_prior(mean, log_variance):
    m, l = np.asarray(mean), np.asarray(log_variance)
    return {whole}
""",
        f"""
def kl_to_prior(mean, log_variance):
    total = 0.0
    for m, l in zip(mean, log_variance):
        total = total + {sample}
    return {end}
""",
    ]


def _bound(whole, sample, end="total / len(x)"):
    """11.3 with NumPy (kl is the divergence), and sample by sample (e are its residuals, kl its divergence)."""
    return [
        f"""
def elbo(x, reconstruction, mean, log_variance, scale, beta):
    x, r, m, l, s = (np.asarray(one) for one in (x, reconstruction, mean, log_variance, scale))
    kl = 0.5 * np.mean(np.sum(m**2 + np.exp(l) - l - 1, axis=1))
    return {whole}
""",
        f"""
def elbo(x, reconstruction, mean, log_variance, scale, beta):
    total, s = 0.0, scale
    for i in range(len(x)):
        e = x[i] - reconstruction[i]
        kl = kl_to_prior(mean[i : i + 1], log_variance[i : i + 1])
        total = total + {sample}
    return {end}
""",
    ]


def _fit(*terms):
    """The mean over the samples of a sum over the entries."""
    return f"np.mean(np.sum({' '.join(terms)}, axis=1))"


def _schedule(numpy, step):
    """11.4 with NumPy, and step by step in Python's numbers: right except for what is given here."""
    places = "np.arange(n_steps + 1) / n_steps"
    whole = {
        "f": f"np.cos(({places} + 0.008) / 1.008 * np.pi / 2) ** 2",
        "beta": "np.minimum(1 - f[1:] / f[:-1], 0.999)",
        "out": "beta, np.cumprod(1 - beta)",
        **numpy,
    }
    each = {
        "f": "math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2",
        "b": "min(1 - f((t + 1) / n_steps) / f(t / n_steps), 0.999)",
        "left": "left * (1 - b)",
        "out": "jnp.array(beta), jnp.array(alpha_bar)",
        **step,
    }
    return [
        f"""
def cosine_schedule(n_steps):
    f = {whole["f"]}
    beta = {whole["beta"]}
    return {whole["out"]}
""",
        f"""
def cosine_schedule(n_steps):
    def f(u):
        return {each["f"]}

    beta, alpha_bar, left = [], [], 1.0
    for t in range(n_steps):
        b = {each["b"]}
        left = {each["left"]}
        beta.append(b)
        alpha_bar.append(left)
    return {each["out"]}
""",
    ]


def _noised(whole, row):
    """11.5 with NumPy (a is a column), and row by row (a is a number)."""
    return [
        f"""
def add_noise(x, t, noise, alpha_bar):
    x, t, e, bar = np.asarray(x), np.asarray(t), np.asarray(noise), np.asarray(alpha_bar)
    a = bar[t][:, None]
    return {whole}
""",
        f"""
def add_noise(x, t, noise, alpha_bar):
    rows = []
    for i in range(len(x)):
        a = alpha_bar[t[i]]
        rows.append({row})
    return jnp.stack(rows)
""",
    ]


def _loss(end, row, divisor="noise.size", see="noisy", when="t"):
    """11.6 with NumPy (g is the guess), and row by row: right except for the arguments."""
    return [
        f"""
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, t, e, a = np.asarray(x), np.asarray(t), np.asarray(noise), np.asarray(alpha_bar)[t][:, None]
    noisy = np.sqrt(a) * x + np.sqrt(1 - a) * e
    g = np.asarray(predict({see}, {when}))
    return {end}
""",
        f"""
def ddpm_loss(predict, x, t, noise, alpha_bar):
    total = 0.0
    a, e = alpha_bar[t][:, None], noise
    noisy = jnp.sqrt(a) * x + jnp.sqrt(1 - a) * e
    g = predict({see.replace("np.", "jnp.")}, {when})
    for i in range(len(x)):
        total = total + {row}
    return total / {divisor}
""",
    ]


def _step(whole, other, b="bar[t - 1] if t > 0 else 1.0", a="bar[t]"):
    """11.7 with NumPy, and from the estimate `clean` of the data: right except for the arguments."""
    return [
        f"""
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a = {a}
    b = {b}
    alpha = a / b
    beta = 1 - alpha
    return {whole}
""",
        f"""
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = noisy, guess, noise, alpha_bar
    a = {a}
    b = {b}
    clean = (x - jnp.sqrt(1 - a) * g) / jnp.sqrt(a)
    mean = (jnp.sqrt(b) * (1 - a / b) * clean + jnp.sqrt(a / b) * (1 - b) * x) / (1 - a)
    spread = jnp.sqrt((1 - a / b) * (1 - b) / (1 - a))
    return {other}
""",
    ]


def _guided(whole, row, none="n_classes"):
    """11.8 with NumPy (c and u are the guesses), and row by row."""
    return [
        f"""
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    w, none = guidance, np.full(len(labels), {none})
    c, u = np.asarray(predict(noisy, t, labels)), np.asarray(predict(noisy, t, none))
    return {whole}
""",
        f"""
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    w, rows = guidance, []
    for i in range(len(noisy)):
        c = predict(noisy[i : i + 1], t[i : i + 1], labels[i : i + 1])[0]
        u = predict(noisy[i : i + 1], t[i : i + 1], jnp.array([{none}]))[0]
        rows.append({row})
    return jnp.array(rows)
""",
    ]


_SQUARES, _SCALE, _CONSTANT = "-0.5 * ((x - r) / s) ** 2", "- np.log(s)", "- 0.5 * np.log(2 * np.pi)"
_MEAN = "(x - beta / np.sqrt(1 - a) * g) / np.sqrt(alpha)"
_BACK = f"{_MEAN} + np.sqrt(beta * (1 - b) / (1 - a)) * e"
_KL = "0.5 * np.mean(np.sum({}, axis=1))"

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "reparameterize": {
        "You multiplied by exp(log_variance), the variance": _latent(
            "m + np.exp(l) * e", "m + jnp.exp(0.5 * l) ** 2 * e"
        ),
        "You multiplied by the log-variance itself": _latent("m + l * e", "m + e * l"),
        "You multiplied by half the log-variance": _latent("m + 0.5 * l * e", "m + e * l / 2"),
        "Your variance became infinite": _latent("m + np.sqrt(np.exp(l)) * e", "m + jnp.exp(l) ** 0.5 * e"),
        "You took the root of the log-variance": _latent("m + np.sqrt(l) * e", "m + l**0.5 * e"),
        "You returned the mean": _latent("m", "m + jnp.exp(l / 2) * 0"),
        "You left out the mean": _latent("np.exp(l / 2) * e", "e * jnp.exp(l / 2)"),
        "You subtracted the noise": _latent("m - np.exp(l / 2) * e", "m - e * jnp.exp(0.5 * l)"),
        "You divided by the standard": _latent("m + e / np.exp(l / 2)", "m + jnp.exp(-0.5 * l) * e"),
        "You halved the variance": _latent("m + np.exp(l) / 2 * e", "m + 0.5 * jnp.exp(l) * e"),
        "You squared the variance": _latent("m + np.exp(l) ** 2 * e", "m + jnp.exp(2 * l) * e"),
        "You left out the noise": _latent("m + np.exp(l / 2)", "m + jnp.exp(0.5 * l)"),
        "You scaled the mean, too": _latent("np.exp(l / 2) * (m + e)", "m * jnp.exp(l / 2) + e * jnp.exp(l / 2)"),
        "You left out the standard deviation": _latent("m + e", "e + m"),
        "You took the softplus": _latent("m + np.log(1 + np.exp(l)) * e", "m + jax.nn.softplus(l) * e"),
        "You exchanged mean and log-variance": _latent("l + np.exp(m / 2) * e", "l + e * jnp.exp(0.5 * m)"),
        "You multiplied the mean and added the noise": _latent("np.exp(l / 2) * m + e", "e + m * jnp.exp(l / 2)"),
        "You divided by the variance": _latent("m + e / np.exp(l)", "m + jnp.exp(-l) * e"),
        "You added the standard deviation": _latent("m + np.exp(l / 2) + e", "m + e + jnp.exp(0.5 * l)"),
        "You took a power of 2": _latent("m + np.exp2(l / 2) * e", "m + 2.0 ** (0.5 * l) * e"),
        "You took a power of 10": [*_latent("m + 10 ** (l / 2) * e", "m + 10.0 ** (0.5 * l) * e")],
        "You took the root of the size": [*_latent("m + np.sqrt(np.abs(l)) * e", "m + abs(l) ** 0.5 * e")],
        "You clipped the log-variance to -20": [
            *_latent(
                "m + np.exp(np.clip(l, -20, 20) / 2) * e", "m + jnp.exp(0.5 * jnp.minimum(jnp.maximum(l, -20), 20)) * e"
            )
        ],
        "You clipped the log-variance to -30": [
            *_latent(
                "m + np.exp(np.clip(l, -30, 20) / 2) * e", "m + jnp.exp(0.5 * jnp.minimum(jnp.maximum(l, -30), 20)) * e"
            )
        ],
        "You clipped the log-variance to -10": [
            *_latent(
                "m + np.exp(np.clip(l, -10, 10) / 2) * e", "m + jnp.exp(0.5 * jnp.minimum(jnp.maximum(l, -10), 10)) * e"
            )
        ],
    },
    "kl_to_prior": {
        "You averaged over the latents, too": _divergence(
            "0.5 * np.mean(m**2 + np.exp(l) - l - 1)", "-jnp.mean(1 + l - m**2 - jnp.exp(l)) / 2"
        ),
        "You summed over the samples, too": _divergence(
            "-0.5 * np.sum(1 + l - m**2 - np.exp(l))",
            "sum(0.5 * (m[j] ** 2 + jnp.exp(l[j]) - l[j] - 1) for j in range(len(m)))",
            end="total",
        ),
        "You summed over the samples and averaged": _divergence(
            "0.5 * np.mean(np.sum(m**2 + np.exp(l) - l - 1, axis=0))",
            "jnp.mean(m**2 + jnp.exp(l) - l - 1) / 2",
            end="total",
        ),
        "Your sign is wrong": _divergence(
            _KL.format("1 + l - m**2 - np.exp(l)"), "0.5 * jnp.sum(1 + l - jnp.exp(l) - m * m)"
        ),
        "You left out the factor 1/2": _divergence(
            "np.mean(np.sum(m**2 + np.exp(l) - l - 1, axis=1))", "jnp.sum(jnp.exp(l) + m * m - 1 - l)"
        ),
        "You left out the 1": _divergence(
            _KL.format("m**2 + np.exp(l) - l"), "0.5 * (jnp.sum(jnp.exp(l)) + m @ m - jnp.sum(l))"
        ),
        "You subtracted 1 once": _divergence(
            "0.5 * np.mean(np.sum(m**2 + np.exp(l) - l, axis=1) - 1)",
            "0.5 * (jnp.sum(jnp.exp(l)) + m @ m - jnp.sum(l) - 1)",
        ),
        "You took the log-variance for the logarithm": _divergence(
            _KL.format("m**2 + np.exp(l) ** 2 - 2 * l - 1"), "jnp.sum((m**2 + jnp.exp(2 * l) - 1) / 2 - l)"
        ),
        "You added the standard deviation": _divergence(
            _KL.format("m**2 + np.exp(l / 2) - l - 1"), "0.5 * jnp.sum(m**2 + jnp.sqrt(jnp.exp(l)) - l - 1)"
        ),
        "You subtracted log_variance / 2": _divergence(
            _KL.format("m**2 + np.exp(l) - 0.5 * l - 1"), "jnp.sum((m**2 + jnp.exp(l) - 1) / 2 - l / 4)"
        ),
        "You took the divergence the other way round": _divergence(
            _KL.format("(m**2 + 1) / np.exp(l) + l - 1"), "jnp.sum(l / 2 + (1 + m**2) / (2 * jnp.exp(l)) - 0.5)"
        ),
        "You did not square the means": _divergence(
            _KL.format("m + np.exp(l) - l - 1"), "0.5 * (jnp.sum(m) + jnp.sum(jnp.exp(l) - l - 1))"
        ),
        "You left out the means": _divergence(_KL.format("np.exp(l) - l - 1"), "jnp.sum(jnp.expm1(l) - l) / 2"),
        "You added up the means": _divergence(
            "0.5 * np.mean(np.sum(m, axis=1) ** 2 + np.sum(np.exp(l) - l - 1, axis=1))",
            "0.5 * (sum(m) ** 2 + jnp.sum(jnp.exp(l) - l - 1))",
        ),
        "You added the log-variance": _divergence(
            _KL.format("m**2 + np.exp(l) + l - 1"), "0.5 * (jnp.sum(jnp.exp(l) + l - 1) + m @ m)"
        ),
        "You subtracted the variance": _divergence(
            _KL.format("m**2 - np.exp(l) - l - 1"), "0.5 * (m @ m - jnp.sum(jnp.exp(l) + l + 1))"
        ),
        "You left out the variance": _divergence(_KL.format("m**2 - l - 1"), "0.5 * (m @ m - jnp.sum(l) - len(m))"),
        "You left out the log-variance": _divergence(
            _KL.format("m**2 + np.exp(l) - 1"), "0.5 * (m @ m + jnp.sum(jnp.expm1(l)))"
        ),
        "You took log_variance for the variance": _divergence(
            _KL.format("m**2 + l - np.log(l) - 1"), "0.5 * (m @ m + jnp.sum(l - 1) - jnp.sum(jnp.log(l)))"
        ),
        "You took the logarithm of a variance that became 0": _divergence(
            _KL.format("m**2 + np.exp(l) - np.log(np.exp(l)) - 1"),
            "0.5 * (m @ m + jnp.sum(jnp.exp(l) - 1) - jnp.log(jnp.prod(jnp.exp(l))))",
        ),
        "You returned one number for each sample": [
            """
def kl_to_prior(mean, log_variance):
    m, l = np.asarray(mean), np.asarray(log_variance)
    return -0.5 * np.sum(1 + l - m**2 - np.exp(l), axis=-1)
""",
            """
def kl_to_prior(mean, log_variance):
    return [jnp.sum(m**2 + jnp.exp(l) - l - 1) / 2 for m, l in zip(mean, log_variance)]
""",
        ],
        "You returned one number for each latent": [
            """
def kl_to_prior(mean, log_variance):
    m, l = np.asarray(mean), np.asarray(log_variance)
    return -0.5 * np.mean(1 + l - m**2 - np.exp(l), axis=0)
""",
            """
def kl_to_prior(mean, log_variance):
    return [jnp.mean(m**2 + jnp.exp(l) - l - 1) / 2 for m, l in zip(mean.T, log_variance.T)]
""",
        ],
        "You halved only the squares": _divergence(
            "np.mean(np.sum(0.5 * m**2 + np.exp(l) - l - 1, axis=1))", "m @ m / 2 + jnp.sum(jnp.exp(l) - l - 1)"
        ),
        "You subtracted 1 at the end": _divergence(
            _KL.format("m**2 + np.exp(l) - l") + " - 1", "0.5 * jnp.sum(m**2 + jnp.exp(l) - l) - 1"
        ),
        "You took the logarithm of a variance that is at least 1e-8": [
            *_divergence(
                _KL.format("m**2 + np.exp(l) - np.log(np.maximum(np.exp(l), 1e-8)) - 1"),
                "0.5 * jnp.sum(m**2 + jnp.exp(l) - jnp.log(jnp.exp(l) + 1e-8) - 1)",
            )
        ],
        "You took the logarithm of a variance that is at least 1e-12": [
            *_divergence(
                _KL.format("m**2 + np.exp(l) - np.log(np.maximum(np.exp(l), 1e-12)) - 1"),
                "0.5 * jnp.sum(m**2 + jnp.exp(l) - jnp.log(jnp.exp(l) + 1e-12) - 1)",
            )
        ],
        "You took the logarithm of a variance that is at least the smallest float": [
            *_divergence(
                _KL.format("m**2 + np.exp(l) - np.log(np.maximum(np.exp(l), np.finfo(np.float32).tiny)) - 1"),
                "0.5 * jnp.sum(m**2 + jnp.exp(l) - jnp.log(jnp.exp(l) + np.finfo(np.float32).tiny) - 1)",
            )
        ],
        "You clipped the log-variance at -10": [
            *_divergence(
                _KL.format("m**2 + np.exp(np.maximum(l, -10)) - np.maximum(l, -10) - 1"),
                "0.5 * jnp.sum(m**2 + jnp.exp(jnp.clip(l, -10)) - jnp.clip(l, -10) - 1)",
            )
        ],
        "You clipped the log-variance at -20": [
            *_divergence(
                _KL.format("m**2 + np.exp(np.maximum(l, -20)) - np.maximum(l, -20) - 1"),
                "0.5 * jnp.sum(m**2 + jnp.exp(jnp.clip(l, -20)) - jnp.clip(l, -20) - 1)",
            )
        ],
        "You clipped the log-variance at -30": [
            *_divergence(
                _KL.format("m**2 + np.exp(np.maximum(l, -30)) - np.maximum(l, -30) - 1"),
                "0.5 * jnp.sum(m**2 + jnp.exp(jnp.clip(l, -30)) - jnp.clip(l, -30) - 1)",
            )
        ],
    },
    "elbo": {
        "You returned a loss": _bound(
            f"beta * kl - {_fit(_SQUARES, _SCALE, _CONSTANT)}",
            "beta * kl - jnp.sum(jax.scipy.stats.norm.logpdf(e, 0, s))",
        ),
        "You added the divergence": _bound(
            f"{_fit(_SQUARES, _SCALE, _CONSTANT)} + beta * kl", "jax.scipy.stats.norm.logpdf(e, 0, s).sum() + beta * kl"
        ),
        "You averaged over the entries of a sample": _bound(
            f"np.mean({_SQUARES} {_SCALE} {_CONSTANT}) - beta * kl",
            "jax.scipy.stats.norm.logpdf(e, 0, s).mean() - beta * kl",
        ),
        "You left out ln(scale) and half of ln(2 pi)": _bound(
            f"{_fit(_SQUARES)} - beta * kl", "-(e @ e) / (2 * s**2) - beta * kl"
        ),
        "You left out half of ln(2 pi)": _bound(
            f"{_fit(_SQUARES, _SCALE)} - beta * kl", "-(e @ e) / (2 * s**2) - len(e) * jnp.log(s) - beta * kl"
        ),
        "You left out ln(scale), which": _bound(
            f"{_fit(_SQUARES, _CONSTANT)} - beta * kl",
            "jnp.sum(jax.scipy.stats.norm.logpdf(e / s)) - beta * kl",
        ),
        "You counted ln(2 pi) in full": _bound(
            f"{_fit(_SQUARES, _SCALE, '- np.log(2 * np.pi)')} - beta * kl",
            "-(e @ e) / (2 * s**2) - len(e) * jnp.log(2 * jnp.pi * s) - beta * kl",
        ),
        "You added ln(scale):": _bound(
            f"{_fit(_SQUARES, '+ np.log(s)', _CONSTANT)} - beta * kl",
            "jnp.sum(jax.scipy.stats.norm.logpdf(e / s) + jnp.log(s)) - beta * kl",
        ),
        "You took ln(scale^2) in full": _bound(
            f"{_fit(_SQUARES, '- np.log(s**2)', _CONSTANT)} - beta * kl",
            "-(e @ e) / (2 * s**2) - len(e) * (2 * jnp.log(s) + jnp.log(2 * jnp.pi) / 2) - beta * kl",
        ),
        "You took the scale for the variance": _bound(
            f"{_fit('-0.5 * (x - r) ** 2 / s - 0.5 * np.log(2 * np.pi * s)')} - beta * kl",
            "jax.scipy.stats.norm.logpdf(e, 0, s**0.5).sum() - beta * kl",
        ),
        "You divided the squared residual by the scale": _bound(
            f"{_fit('-0.5 * (x - r) ** 2 / s', _SCALE, _CONSTANT)} - beta * kl",
            "-(e @ e) / (2 * s) - len(e) * (jnp.log(s) + jnp.log(2 * jnp.pi) / 2) - beta * kl",
        ),
        "You multiplied by the variance": _bound(
            f"{_fit('-((x - r) ** 2) / 2 * s**2', _SCALE, _CONSTANT)} - beta * kl",
            "-(e @ e) / 2 * s**2 - len(e) * (jnp.log(s) + jnp.log(2 * jnp.pi) / 2) - beta * kl",
        ),
        "You did not divide the residual": _bound(
            f"{_fit('-0.5 * (x - r) ** 2', _SCALE, _CONSTANT)} - beta * kl",
            "jnp.sum(jax.scipy.stats.norm.logpdf(e) - jnp.log(s)) - beta * kl",
        ),
        "You lost the factor 1/2": _bound(
            f"{_fit('-(((x - r) / s) ** 2)', _SCALE, _CONSTANT)} - beta * kl",
            "-(e @ e) / s**2 - len(e) * (jnp.log(s) + jnp.log(2 * jnp.pi) / 2) - beta * kl",
        ),
        "You took the squared error": _bound(f"{_fit('-((x - r) ** 2)')} - beta * kl", "-(e @ e) - beta * kl"),
        "You took the mean squared error": _bound(
            "-np.mean((x - r) ** 2) - beta * kl", "-(e @ e) / len(e) - beta * kl"
        ),
        "You added the constants once": _bound(
            f"{_fit(_SQUARES)} {_SCALE} {_CONSTANT} - beta * kl",
            "-0.5 * (jnp.sum((e / s) ** 2) + jnp.log(2 * jnp.pi * s**2)) - beta * kl",
        ),
        "You multiplied the fit by beta": _bound(
            f"beta * {_fit(_SQUARES, _SCALE, _CONSTANT)} - kl",
            "beta * jax.scipy.stats.norm.logpdf(e, 0, s).sum() - kl",
        ),
        "You multiplied both terms by beta": _bound(
            f"beta * ({_fit(_SQUARES, _SCALE, _CONSTANT)} - kl)",
            "beta * jax.scipy.stats.norm.logpdf(e, 0, s).sum() - beta * kl",
        ),
        "You left out beta": _bound(
            f"{_fit(_SQUARES, _SCALE, _CONSTANT)} - kl", "jax.scipy.stats.norm.logpdf(e, 0, s).sum() - kl"
        ),
        "You left out the divergence": _bound(
            _fit(_SQUARES, _SCALE, _CONSTANT), "jax.scipy.stats.norm.logpdf(e, 0, s).sum()"
        ),
        "You summed over the samples": _bound(
            f"len(x) * ({_fit(_SQUARES, _SCALE, _CONSTANT)} - beta * kl)",
            "jax.scipy.stats.norm.logpdf(e, 0, s).sum() - beta * kl",
            end="total",
        ),
        "You summed the fit over the samples:": _bound(
            f"np.sum({_SQUARES} {_SCALE} {_CONSTANT}) - beta * kl",
            "jax.scipy.stats.norm.logpdf(e, 0, s).sum()",
            end="total - beta * kl_to_prior(mean, log_variance)",
        ),
        "You averaged the divergence over the latents": _bound(
            f"{_fit(_SQUARES, _SCALE, _CONSTANT)} - beta * kl / m.shape[1]",
            "jax.scipy.stats.norm.logpdf(e, 0, s).sum() - beta * kl / len(mean[i])",
        ),
        "You averaged over entries and latents": _bound(
            f"np.mean({_SQUARES} {_SCALE} {_CONSTANT}) - beta * 0.5 * np.mean(m**2 + np.exp(l) - l - 1)",
            "jnp.mean(jax.scipy.stats.norm.logpdf(e, 0, s)) - beta * kl / len(mean[i])",
        ),
        "You returned one number for each sample": [
            """
def elbo(x, reconstruction, mean, log_variance, scale, beta):
    x, r, m, l, s = (np.asarray(one) for one in (x, reconstruction, mean, log_variance, scale))
    fit = np.sum(-0.5 * ((x - r) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi), axis=1)
    return fit - beta * 0.5 * np.sum(m**2 + np.exp(l) - l - 1, axis=1)
""",
            """
def elbo(x, reconstruction, mean, log_variance, scale, beta):
    bounds = []
    for i in range(len(x)):
        fit = jnp.sum(jax.scipy.stats.norm.logpdf(x[i], reconstruction[i], scale))
        bounds.append(fit - beta * kl_to_prior(mean[i : i + 1], log_variance[i : i + 1]))
    return jnp.array(bounds)
""",
        ],
        "The density of an entry far off": _bound(
            f"np.mean(np.log(np.prod(np.exp({_SQUARES}) / (s * np.sqrt(2 * np.pi)), axis=1))) - beta * kl",
            "jnp.log(jnp.prod(jax.scipy.stats.norm.pdf(e, 0, s))) - beta * kl",
        ),
        "You took half the squared error": _bound(
            f"{_fit('-0.5 * (x - r) ** 2')} - beta * kl", "-(e @ e) / 2 - beta * kl"
        ),
        "Your first term is the squared error over the variance": _bound(
            f"{_fit('-(((x - r) / s) ** 2)')} - beta * kl", "-(e @ e) / s**2 - beta * kl"
        ),
        "You did not use the scale": _bound(
            f"{_fit('-0.5 * (x - r) ** 2', _CONSTANT)} - beta * kl",
            "jax.scipy.stats.norm.logpdf(e).sum() - beta * kl",
        ),
        "You squared the scale once more": _bound(
            f"{_fit('-0.5 * ((x - r) / s**2) ** 2 - 2 * np.log(s)', _CONSTANT)} - beta * kl",
            "jax.scipy.stats.norm.logpdf(e, 0, s**2).sum() - beta * kl",
        ),
        "You halved ln(scale)": _bound(
            f"{_fit(_SQUARES, '- 0.5 * np.log(2 * np.pi * s)')} - beta * kl",
            "-(e @ e) / (2 * s**2) - len(e) / 2 * jnp.log(2 * jnp.pi * s) - beta * kl",
        ),
        "You added ln(scale) and half of ln(2 pi)": _bound(
            f"{_fit(_SQUARES, '+ np.log(s) + 0.5 * np.log(2 * np.pi)')} - beta * kl",
            "-((e @ e) / (2 * s**2) - len(e) / 2 * jnp.log(2 * jnp.pi * s**2)) - beta * kl",
        ),
        "You summed the fit over the samples and averaged": _bound(
            f"np.mean(np.sum({_SQUARES} {_SCALE} {_CONSTANT}, axis=0)) - beta * kl",
            "jax.scipy.stats.norm.logpdf(e, 0, s).mean()",
            end="total - beta * kl_to_prior(mean, log_variance)",
        ),
        "You summed the divergence over the samples": _bound(
            f"{_fit(_SQUARES, _SCALE, _CONSTANT)} - beta * kl * len(x)",
            "jax.scipy.stats.norm.logpdf(e, 0, s).sum() - beta * kl * len(x)",
        ),
        "You added 1e-12": [
            *_bound(
                f"np.mean(np.sum(np.log(np.exp({_SQUARES}) / np.sqrt(2 * np.pi) / s + 1e-12), axis=1)) - beta * kl",
                "jnp.sum(jnp.log(jax.scipy.stats.norm.pdf(e, 0.0, s) + 1e-12)) - beta * kl",
            )
        ],
        "You added 1e-8": [
            *_bound(
                f"np.mean(np.sum(np.log(np.exp({_SQUARES}) / np.sqrt(2 * np.pi) / s + 1e-8), axis=1)) - beta * kl",
                "jnp.sum(jnp.log(jax.scipy.stats.norm.pdf(e, 0.0, s) + 1e-8)) - beta * kl",
            )
        ],
        "You took logarithms to base 10": [
            *_bound(
                _fit(_SQUARES, "- np.log10(s)", "- 0.5 * np.log10(2 * np.pi)") + " - beta * kl",
                "jnp.sum(-0.5 * (e / s) ** 2 - jnp.log10(s * jnp.sqrt(2 * jnp.pi))) - beta * kl",
            )
        ],
    },
    "cosine_schedule": {
        "Your last beta is 1": _schedule(
            {"beta": "1 - f[1:] / f[:-1]"}, {"b": "1 - f((t + 1) / n_steps) / f(t / n_steps)"}
        ),
        "You limited beta to 0.9999": _schedule(
            {"beta": "np.clip(1 - f[1:] / f[:-1], 0.0001, 0.9999)"},
            {"b": "min(1 - f((t + 1) / n_steps) / f(t / n_steps), 0.9999)"},
        ),
        "Your alpha_bar ignores the limit": _schedule(
            {"out": "beta, f[1:] / f[0]"}, {"left": "f((t + 1) / n_steps) / f(0)"}
        ),
        "Your alpha_bar has T + 1 entries": _schedule(
            {"out": "beta, np.append(1.0, np.cumprod(1 - beta))"},
            {"out": "jnp.array(beta), jnp.array([1.0] + alpha_bar)"},
        ),
        "Your alpha_bar is one step late": _schedule(
            {"out": "beta, f[:-1] / f[0]"}, {"out": "jnp.array(beta), jnp.array(([1.0] + alpha_bar)[:-1])"}
        ),
        "Both of your arrays lack an entry": [
            """
def cosine_schedule(n_steps):
    u = np.linspace(0, 1, n_steps)
    f = np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.clip(1 - f[1:] / f[:-1], 0, 0.999)
    return beta, np.cumprod(1 - beta)
""",
            """
def cosine_schedule(n_steps):
    f = [math.cos((t / (n_steps - 1) + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(n_steps)]
    beta = jnp.array([min(1 - later / now, 0.999) for now, later in zip(f, f[1:])])
    return beta, jnp.cumprod(1 - beta)
""",
        ],
        "You left out the 0.008": _schedule(
            {"f": "np.cos(np.arange(n_steps + 1) / n_steps * np.pi / 2) ** 2"}, {"f": "math.cos(u * math.pi / 2) ** 2"}
        ),
        "You did not divide by 1.008": _schedule(
            {"f": "np.cos((np.arange(n_steps + 1) / n_steps + 0.008) * np.pi / 2) ** 2"},
            {"f": "math.cos((u + 0.008) * math.pi / 2) ** 2"},
        ),
        "You did not square the cosine": _schedule(
            {"f": "np.cos((np.arange(n_steps + 1) / n_steps + 0.008) / 1.008 * np.pi / 2)"},
            {"f": "math.cos((u + 0.008) / 1.008 * math.pi / 2)"},
        ),
        "Your angle is too large": _schedule(
            {"f": "np.cos((np.arange(n_steps + 1) / n_steps + 0.008) / 1.008 * np.pi) ** 2"},
            {"f": "math.cos((u + 0.008) / 1.008 * math.pi) ** 2"},
        ),
        "You added up the beta": _schedule({"out": "beta, 1 - np.cumsum(beta)"}, {"left": "left - b"}),
        "You multiplied the beta": _schedule({"out": "beta, np.cumprod(beta)"}, {"left": "left * b"}),
        "Your second array is what remains in ONE step": _schedule({"out": "beta, 1 - beta"}, {"left": "1 - b"}),
        "Your beta is 1 - alpha_bar": _schedule(
            {"beta": "np.minimum(1 - f[1:] / f[0], 0.999)"}, {"b": "min(1 - f((t + 1) / n_steps) / f(0), 0.999)"}
        ),
        "Your first beta is 1 - f(1 / T)": _schedule(
            {"beta": "np.minimum(1 - f[1:] / np.append(1.0, f[1:-1]), 0.999)"},
            {"b": "min(1 - f((t + 1) / n_steps) / (f(t / n_steps) if t else 1.0), 0.999)"},
        ),
        "Your ratio is upside down": [
            """
def cosine_schedule(n_steps):
    u = jnp.linspace(0, 1, n_steps + 1)
    f = jnp.cos((u + 0.008) / (1 + 0.008) * jnp.pi / 2) ** 2
    beta = jnp.clip(1 - f[:-1] / f[1:], max=0.999)
    return beta, jnp.cumprod(1 - beta)
""",
            """
def cosine_schedule(n_steps):
    f = jnp.cos(jnp.pi / 2 * (jnp.arange(n_steps + 1) / n_steps + 0.008) / 1.008) ** 2
    beta = jnp.array([jnp.minimum(1 - f[t] / f[t + 1], 0.999) for t in range(n_steps)])
    return beta, jnp.cumprod(1 - beta)
""",
        ],
        "Your ratio is inverted": _schedule(
            {"beta": "np.minimum(1 - f[:-1] / f[1:], 0.999)"},
            {"b": "min(1 - f(t / n_steps) / f((t + 1) / n_steps), 0.999)"},
        ),
        "Your first array is 1 - beta": _schedule(
            {"out": "1 - beta, np.cumprod(1 - beta)"}, {"out": "1 - jnp.array(beta), jnp.array(alpha_bar)"}
        ),
        "You left out the 1 minus": _schedule(
            {"beta": "np.minimum(f[1:] / f[:-1], 0.999)"}, {"b": "min(f((t + 1) / n_steps) / f(t / n_steps), 0.999)"}
        ),
        "All your beta are 0.999": _schedule(
            {"beta": "np.maximum(1 - f[1:] / f[:-1], 0.999)"},
            {"b": "max(1 - f((t + 1) / n_steps) / f(t / n_steps), 0.999)"},
        ),
        "This is the linear schedule": _schedule(
            {"beta": "np.linspace(1e-4, 0.02, n_steps)"}, {"b": "1e-4 + (0.02 - 1e-4) * t / max(n_steps - 1, 1)"}
        ),
        "Your last step is missing": [
            """
def cosine_schedule(n_steps):
    f = np.cos((np.arange(n_steps) / n_steps + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.clip(1 - f[1:] / f[:-1], 0, 0.999)
    return beta, np.cumprod(1 - beta)
""",
            """
def cosine_schedule(n_steps):
    f = [math.cos((t / n_steps + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(n_steps)]
    beta = jnp.array([min(1 - later / now, 0.999) for now, later in zip(f, f[1:])])
    return beta, jnp.cumprod(1 - beta)
""",
        ],
        "You added 0.008 / 1.008 to u": _schedule(
            {"f": "np.cos((np.arange(n_steps + 1) / n_steps + 0.008 / 1.008) * np.pi / 2) ** 2"},
            {"f": "math.cos((u + 0.008 / 1.008) * math.pi / 2) ** 2"},
        ),
        "You added 0.008 to the step": _schedule(
            {"f": "np.cos((np.arange(n_steps + 1) + 0.008) / (n_steps + 0.008) * np.pi / 2) ** 2"},
            {"f": "math.cos((u * n_steps + 0.008) / (n_steps + 0.008) * math.pi / 2) ** 2"},
        ),
        "Your beta are differences of f": _schedule(
            {"beta": "np.minimum(-np.diff(f), 0.999)"}, {"b": "min(f(t / n_steps) - f((t + 1) / n_steps), 0.999)"}
        ),
        "You divided by f(u - 1)": [
            """
def cosine_schedule(n_steps):
    u = np.arange(1, n_steps + 1) / n_steps
    f = lambda u: np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.minimum(1 - f(u) / f(u - 1), 0.999)
    return beta, np.cumprod(1 - beta)
""",
            """
def cosine_schedule(n_steps):
    u = jnp.linspace(0, 1, n_steps + 1)[1:]
    f, before = jnp.cos((u + 0.008) / 1.008 * jnp.pi / 2) ** 2, jnp.cos((u - 0.992) / 1.008 * jnp.pi / 2) ** 2
    beta = jnp.array([jnp.clip(1 - a / b, max=0.999) for a, b in zip(f, before)])
    return beta, jnp.cumprod(1 - beta)
""",
        ],
        "Your alpha_bar is f alone": _schedule({"out": "beta, f[1:]"}, {"left": "f((t + 1) / n_steps)"}),
        "Your alpha_bar is f / f(0) at all": _schedule(
            {"out": "beta, f / f[0]"},
            {"out": "jnp.array(beta), jnp.array([f(t / n_steps) / f(0) for t in range(n_steps + 1)])"},
        ),
        "Your arrays have T + 1 entries": _schedule(
            {"beta": "np.append(0.0, np.minimum(1 - f[1:] / f[:-1], 0.999))"},
            {"out": "jnp.array([0.0] + beta), jnp.array([1.0] + alpha_bar)"},
        ),
        "Your first beta is 0, and the last step is missing": [
            """
def cosine_schedule(n_steps):
    f = np.cos((np.arange(n_steps) / n_steps + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.minimum(1 - f / np.append(f[0], f[:-1]), 0.999)
    return beta, np.cumprod(1 - beta)
""",
            """
def cosine_schedule(n_steps):
    alpha_bar = jnp.cos((jnp.arange(n_steps) / n_steps + 0.008) / 1.008 * jnp.pi / 2) ** 2
    alpha_bar = alpha_bar / alpha_bar[0]
    return 1 - alpha_bar / jnp.append(1.0, alpha_bar[:-1]), alpha_bar
""",
        ],
        "Your first beta is 0, and your steps are too long": [
            """
def cosine_schedule(n_steps):
    f = np.cos((np.linspace(0, 1, n_steps) + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.minimum(1 - f / np.append(f[0], f[:-1]), 0.999)
    return beta, np.cumprod(1 - beta)
""",
            """
def cosine_schedule(n_steps):
    f = jnp.cos((jnp.linspace(0, 1, n_steps) + 0.008) / 1.008 * jnp.pi / 2) ** 2
    beta = jnp.array([0.0] + [jnp.minimum(1 - f[t] / f[t - 1], 0.999) for t in range(1, n_steps)])
    return beta, jnp.cumprod(1 - beta)
""",
        ],
        "You divided t by T - 1": [
            *_schedule(
                {
                    "f": "np.cos((np.arange(n_steps + 1) / max(n_steps - 1, 1) + 0.008) / 1.008 * np.pi / 2) ** 2",
                    "beta": "np.clip(1 - f[1:] / f[:-1], 0, 0.999)",
                },
                {"b": "min(max(1 - f((t + 1) / max(n_steps - 1, 1)) / f(t / max(n_steps - 1, 1)), 0.0), 0.999)"},
            )
        ],
        "Your beta are one step ahead": [
            *_schedule(
                {
                    "f": "np.cos((np.arange(1, n_steps + 2) / n_steps + 0.008) / 1.008 * np.pi / 2) ** 2",
                    "beta": "np.clip(1 - f[1:] / f[:-1], 0, 0.999)",
                },
                {"b": "min(max(1 - f((t + 2) / n_steps) / f((t + 1) / n_steps), 0.0), 0.999)"},
            )
        ],
        "Your beta run backwards": [
            *_schedule(
                {"beta": "np.minimum(1 - f[1:] / f[:-1], 0.999)[::-1]"},
                {"b": "min(1 - f((n_steps - t) / n_steps) / f((n_steps - t - 1) / n_steps), 0.999)"},
            )
        ],
    },
    "add_noise": {
        "You left out both roots": _noised("a * x + (1 - a) * e", "a * x[i] + (1 - a) * noise[i]"),
        "You left out the root of 1 - alpha_bar": _noised(
            "np.sqrt(a) * x + (1 - a) * e", "a**0.5 * x[i] + (1 - a) * noise[i]"
        ),
        "You left out the root of alpha_bar": _noised(
            "a * x + np.sqrt(1 - a) * e", "a * x[i] + (1 - a) ** 0.5 * noise[i]"
        ),
        "You exchanged the two weights": _noised(
            "np.sqrt(1 - a) * x + np.sqrt(a) * e", "(1 - a) ** 0.5 * x[i] + a**0.5 * noise[i]"
        ),
        "Your weights add up to 1": _noised(
            "np.sqrt(a) * x + (1 - np.sqrt(a)) * e", "noise[i] + jnp.sqrt(a) * (x[i] - noise[i])"
        ),
        "You took alpha_bar[t - 1]": [
            """
def add_noise(x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t) - 1][:, None]
    return np.sqrt(a) * x + np.sqrt(1 - a) * e
""",
            """
def add_noise(x, t, noise, alpha_bar):
    a = jnp.array([alpha_bar[one - 1] for one in t])[:, None]
    return a**0.5 * x + (1 - a) ** 0.5 * noise
""",
        ],
        "You took alpha_bar[t + 1]": [
            """
def add_noise(x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t) + 1][:, None]
    return np.sqrt(a) * x + np.sqrt(1 - a) * e
""",
            """
def add_noise(x, t, noise, alpha_bar):
    a = jnp.array([alpha_bar[one + 1] for one in t])[:, None]
    return a**0.5 * x + (1 - a) ** 0.5 * noise
""",
        ],
        "You multiplied up alpha_bar once more": [
            """
def add_noise(x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.cumprod(alpha_bar)[np.asarray(t)][:, None]
    return np.sqrt(a) * x + np.sqrt(1 - a) * e
""",
            """
def add_noise(x, t, noise, alpha_bar):
    a = jnp.array([jnp.prod(alpha_bar[: one + 1]) for one in t])[:, None]
    return a**0.5 * x + (1 - a) ** 0.5 * noise
""",
        ],
        "You took one step alone": [
            """
def add_noise(x, t, noise, alpha_bar):
    alpha = np.asarray(alpha_bar) / np.append(np.float32(1), alpha_bar[:-1])
    a = alpha[np.asarray(t)][:, None]
    return np.sqrt(a) * np.asarray(x) + np.sqrt(1 - a) * np.asarray(noise)
""",
            """
def add_noise(x, t, noise, alpha_bar):
    a = jnp.array([alpha_bar[one] / alpha_bar[one - 1] if one else alpha_bar[0] for one in t])[:, None]
    return a**0.5 * x + (1 - a) ** 0.5 * noise
""",
        ],
        "You did not shrink the data": _noised("x + np.sqrt(1 - a) * e", "x[i] + (1 - a) ** 0.5 * noise[i]"),
        "You did not scale the noise": _noised("np.sqrt(a) * x + e", "a**0.5 * x[i] + noise[i]"),
        "You left out the noise": _noised("np.sqrt(a) * x", "a**0.5 * x[i]"),
        "You subtracted the noise": _noised(
            "np.sqrt(a) * x - np.sqrt(1 - a) * e", "a**0.5 * x[i] - (1 - a) ** 0.5 * noise[i]"
        ),
        "You gave each COLUMN a time": _noised(
            "np.sqrt(a.T) * x + np.sqrt(1 - a.T) * e",
            "jnp.array([alpha_bar[t[j]] ** 0.5 * x[i, j] + (1 - alpha_bar[t[j]]) ** 0.5 * noise[i, j] "
            "for j in range(x.shape[1])])",
        ),
        "You gave all samples the time of the first": _noised(
            "np.sqrt(a[0]) * x + np.sqrt(1 - a[0]) * e",
            "alpha_bar[t[0]] ** 0.5 * x[i] + (1 - alpha_bar[t[0]]) ** 0.5 * noise[i]",
        ),
        "You gave all samples the last time": _noised(
            "np.sqrt(bar[-1]) * x + np.sqrt(1 - bar[-1]) * e",
            "alpha_bar[-1] ** 0.5 * x[i] + (1 - alpha_bar[-1]) ** 0.5 * noise[i]",
        ),
        "You took the i-th entry": _noised(
            "np.sqrt(bar[: len(x), None]) * x + np.sqrt(1 - bar[: len(x), None]) * e",
            "alpha_bar[i] ** 0.5 * x[i] + (1 - alpha_bar[i]) ** 0.5 * noise[i]",
        ),
        "You took the root of a negative number": _noised(
            "np.sqrt(a) * x + np.sqrt(a - 1) * e", "jnp.sqrt(a) * x[i] + (a - 1) ** 0.5 * noise[i]"
        ),
        "You took the root of the whole sum": _noised(
            "np.sqrt(a * x + (1 - a) * e)", "(a * (x[i] - noise[i]) + noise[i]) ** 0.5"
        ),
        "You divided by the root of alpha_bar": _noised(
            "x + np.sqrt((1 - a) / a) * e", "x[i] + (1 - a) ** 0.5 * noise[i] / a**0.5"
        ),
        "You added the noise as it is": _noised("x + e", "noise[i] + x[i]"),
        "You took alpha_bar for beta": [
            """
def add_noise(x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.cumprod(1 - np.asarray(alpha_bar))[np.asarray(t)][:, None]
    return np.sqrt(a) * x + np.sqrt(1 - a) * e
""",
            """
def add_noise(x, t, noise, alpha_bar):
    a = jnp.array([jnp.prod(1 - alpha_bar[: one + 1]) for one in t])[:, None]
    return a**0.5 * x + (1 - a) ** 0.5 * noise
""",
        ],
        "You added the same noise step by step": [
            """
def add_noise(x, t, noise, alpha_bar):
    x, e, alpha = np.array(x), np.asarray(noise), np.asarray(alpha_bar)
    alpha = alpha / np.append(np.float32(1), alpha[:-1])
    for i in range(len(x)):
        for s in range(t[i] + 1):
            x[i] = np.sqrt(alpha[s]) * x[i] + np.sqrt(1 - alpha[s]) * e[i]
    return x
""",
            """
def add_noise(x, t, noise, alpha_bar):
    before = 1.0
    for s in range(len(alpha_bar)):
        alpha = alpha_bar[s] / before
        before = alpha_bar[s]
        x = jnp.where(t[:, None] >= s, alpha**0.5 * x + (1 - alpha) ** 0.5 * noise, x)
    return x
""",
        ],
        "You squared alpha_bar before": [
            *_noised("np.sqrt(a) * x + np.sqrt(1 - a**2) * e", "a**0.5 * x[i] + jnp.sqrt((1 - a) * (1 + a)) * noise[i]")
        ],
        "You multiplied the noise by the root of alpha_bar": [
            *_noised("np.sqrt(a) * (x + e)", "a**0.5 * x[i] + a**0.5 * noise[i]")
        ],
    },
    "ddpm_loss": {
        "You compared the guess with the data": _loss("np.mean((g - x) ** 2)", "jnp.sum((x[i] - g[i]) ** 2)"),
        "You compared the guess with the noisy samples": _loss(
            "np.mean((g - noisy) ** 2)", "jnp.sum((noisy[i] - g[i]) ** 2)"
        ),
        "You compared the guess with noisy - x": _loss(
            "np.mean((noisy - x - g) ** 2)", "jnp.sum((x[i] + g[i] - noisy[i]) ** 2)"
        ),
        "You compared the guess with the scaled noise": _loss(
            "np.mean((g - np.sqrt(1 - a) * e) ** 2)", "jnp.sum((noisy[i] - jnp.sqrt(a[i]) * x[i] - g[i]) ** 2)"
        ),
        "You showed the clean data": _loss("np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", see="x"),
        "You showed x + noise": _loss("np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", see="x + e"),
        "You mixed without roots": _loss(
            "np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", see="a * x + (1 - a) * e"
        ),
        "You exchanged the weights": _loss(
            "np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", see="np.sqrt(1 - a) * x + np.sqrt(a) * e"
        ),
        "You told the network another time": _loss(
            "np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", when="t + 1"
        ),
        "You took alpha_bar[t - 1]": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t) - 1][:, None]
    return np.mean((np.asarray(predict(np.sqrt(a) * x + np.sqrt(1 - a) * e, t)) - e) ** 2)
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    a = jnp.array([alpha_bar[one - 1] for one in t])[:, None]
    return jnp.mean(jnp.square(noise - predict(a**0.5 * x + (1 - a) ** 0.5 * noise, t)))
""",
        ],
        "You told the network alpha_bar[t]": _loss(
            "np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", when="a[:, 0]"
        ),
        "You told the network t / T": _loss(
            "np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", when="t / len(alpha_bar)"
        ),
        "You summed the squares": _loss("np.sum((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", divisor="1"),
        "You summed over the entries of a sample": _loss(
            "np.mean(np.sum((g - e) ** 2, axis=1))", "jnp.sum((e[i] - g[i]) ** 2)", divisor="len(x)"
        ),
        "You summed over the samples": _loss(
            "np.sum((g - e) ** 2) / x.shape[1]", "jnp.mean((e[i] - g[i]) ** 2)", divisor="1"
        ),
        "You returned one number for each sample": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t)][:, None]
    return np.mean((np.asarray(predict(np.sqrt(a) * x + np.sqrt(1 - a) * e, t)) - e) ** 2, axis=-1)
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    guess = predict(add_noise(x, t, noise, alpha_bar), t)
    return [jnp.mean((guess[i] - noise[i]) ** 2) for i in range(len(x))]
""",
        ],
        "You returned one number for each entry": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t)][:, None]
    return np.square(np.asarray(predict(np.sqrt(a) * x + np.sqrt(1 - a) * e, t)) - e)
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    guess = predict(add_noise(x, t, noise, alpha_bar), t)
    return jnp.stack([(guess[i] - noise[i]) ** 2 for i in range(len(x))])
""",
        ],
        "You averaged the errors before you squared": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t)][:, None]
    return np.mean(np.asarray(predict(np.sqrt(a) * x + np.sqrt(1 - a) * e, t)) - e) ** 2
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    guess = predict(add_noise(x, t, noise, alpha_bar), t)
    return (jnp.mean(guess) - jnp.mean(noise)) ** 2
""",
        ],
        "You did not square the errors": _loss("np.mean(g - e)", "jnp.sum(g[i] - e[i])"),
        "You took the magnitudes": _loss("np.mean(np.abs(g - e))", "jnp.sum(jnp.abs(e[i] - g[i]))"),
        "You took the root of the mean": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t)][:, None]
    return np.sqrt(np.mean((np.asarray(predict(np.sqrt(a) * x + np.sqrt(1 - a) * e, t)) - e) ** 2))
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    guess = predict(add_noise(x, t, noise, alpha_bar), t)
    return jnp.linalg.norm(guess - noise) / noise.size**0.5
""",
        ],
        "You compared estimates of the data": _loss(
            "np.mean((x - (noisy - np.sqrt(1 - a) * g) / np.sqrt(a)) ** 2)",
            "jnp.sum((e[i] - g[i]) ** 2) * (1 - a[i, 0]) / a[i, 0]",
        ),
        "You added the noise to the guess": _loss("np.mean((g + e) ** 2)", "jnp.sum((e[i] + g[i]) ** 2)"),
        "You mixed without the root of 1 - alpha_bar": _loss(
            "np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", see="np.sqrt(a) * x + (1 - a) * e"
        ),
        "You did not shrink the data": _loss(
            "np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", see="x + np.sqrt(1 - a) * e"
        ),
        "You multiplied up alpha_bar once more": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.cumprod(alpha_bar)[np.asarray(t)][:, None]
    return np.mean((np.asarray(predict(np.sqrt(a) * x + np.sqrt(1 - a) * e, t)) - e) ** 2)
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    a = jnp.array([jnp.prod(alpha_bar[: one + 1]) for one in t])[:, None]
    return jnp.mean(jnp.square(noise - predict(a**0.5 * x + (1 - a) ** 0.5 * noise, t)))
""",
        ],
        "You took alpha_bar[t + 1]": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t) + 1][:, None]
    return np.mean((np.asarray(predict(np.sqrt(a) * x + np.sqrt(1 - a) * e, t)) - e) ** 2)
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    a = jnp.array([alpha_bar[one + 1] for one in t])[:, None]
    return jnp.mean(jnp.square(noise - predict(a**0.5 * x + (1 - a) ** 0.5 * noise, t)))
""",
        ],
        "You told the network t - 1": _loss("np.mean((g - e) ** 2)", "jnp.sum((e[i] - g[i]) ** 2)", when="t - 1"),
        "You compared the guess with v": _loss(
            "np.mean((g - np.sqrt(a) * e + np.sqrt(1 - a) * x) ** 2)",
            "jnp.sum((jnp.sqrt(a[i]) * e[i] - jnp.sqrt(1 - a[i]) * x[i] - g[i]) ** 2)",
        ),
        "You averaged the lengths": _loss(
            "np.mean(np.linalg.norm(g - e, axis=1))", "jnp.sqrt(jnp.sum((e[i] - g[i]) ** 2))", divisor="len(x)"
        ),
        "You always ask `noise_model`": [
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    x, e, a = np.asarray(x), np.asarray(noise), np.asarray(alpha_bar)[np.asarray(t)][:, None]
    guess = np.tanh(np.sqrt(a) * x + np.sqrt(1 - a) * e + 0.1 * np.asarray(t)[:, None])
    return np.mean((guess - e) ** 2)
""",
            """
def ddpm_loss(predict, x, t, noise, alpha_bar):
    return jnp.mean((noise_model(add_noise(x, t, noise, alpha_bar), t) - noise) ** 2)
""",
        ],
        "You showed the noise alone": [*_loss("np.mean((g - e) ** 2)", "jnp.sum((g[i] - e[i]) ** 2)", see="noise")],
    },
    "ddpm_step": {
        "At t = 0 your b is not 1": _step(_BACK, "mean + spread * e", b="bar[t - 1]"),
        "At t = 0 the b in your mean": [
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a, b = bar[t], bar[t - 1]
    mean = (x - (1 - a / b) / np.sqrt(1 - a) * g) / np.sqrt(a / b)
    if t == 0:
        return mean
    return mean + np.sqrt((1 - a / b) * (1 - b) / (1 - a)) * e
""",
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], alpha_bar[t - 1]
    mean = (b / a) ** 0.5 * noisy - ((b / a) ** 0.5 - (a / b) ** 0.5) / (1 - a) ** 0.5 * guess
    variance = jnp.where(t == 0, 0, (1 - a / b) * (1 - b) / (1 - a))
    return mean + jnp.sqrt(variance) * noise
""",
        ],
        "At t = 0 your step changes nothing": [
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a, b = bar[t], bar[max(t - 1, 0)]
    return (x - (1 - a / b) / np.sqrt(1 - a) * g) / np.sqrt(a / b) + np.sqrt((1 - a / b) * (1 - b) / (1 - a)) * e
""",
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    if t == 0:
        return noisy
    a, b = alpha_bar[t], alpha_bar[t - 1]
    mean = (noisy - (1 - a / b) / (1 - a) ** 0.5 * guess) * (b / a) ** 0.5
    return mean + ((1 - a / b) * (1 - b) / (1 - a)) ** 0.5 * noise
""",
        ],
        "Your noise has the variance beta": _step(
            f"{_MEAN} + np.sqrt(beta) * e", "mean + jnp.where(t > 0, (1 - a / b) ** 0.5, 0) * e"
        ),
        "You multiplied the noise by a variance": _step(
            f"{_MEAN} + beta * (1 - b) / (1 - a) * e", "mean + spread**2 * e"
        ),
        "You added no noise:": _step(_MEAN, "mean"),
        "You added no noise at t = 1": _step(
            f"{_MEAN} + (np.sqrt(beta * (1 - b) / (1 - a)) * e if t > 1 else 0)",
            "mean + spread * jnp.where(t > 1, e, jnp.zeros_like(e))",
        ),
        "You did not scale the noise": _step(f"{_MEAN} + (e if t > 0 else 0)", "mean + e"),
        "You took the guess for the fresh noise": _step(
            f"{_MEAN} + np.sqrt(beta * (1 - b) / (1 - a)) * g", "mean + spread * g"
        ),
        "You exchanged guess and fresh noise": [
            """
def ddpm_step(noisy, t, noise, guess, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a, b = bar[t], bar[t - 1] if t > 0 else 1.0
    return (x - (1 - a / b) / np.sqrt(1 - a) * g) / np.sqrt(a / b) + np.sqrt((1 - a / b) * (1 - b) / (1 - a)) * e
""",
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], jnp.append(1.0, alpha_bar)[t]
    mean = (noisy - (1 - a / b) / (1 - a) ** 0.5 * noise) * (b / a) ** 0.5
    return mean + ((1 - a / b) * (1 - b) / (1 - a)) ** 0.5 * guess
""",
        ],
        "The variance of your noise has a and b exchanged": _step(
            f"{_MEAN} + (np.sqrt(beta * (1 - a) / (1 - b)) * e if t > 0 else 0)",
            "mean + ((1 - a / b) * (1 - a) / (1 - b)) ** 0.5 * e",
        ),
        "The variance of your noise is not divided": _step(
            f"{_MEAN} + np.sqrt(beta * (1 - b)) * e", "mean + ((1 - a / b) * (1 - b)) ** 0.5 * e"
        ),
        "You divided the noise by sqrt(alpha), too": _step(
            "(x - beta / np.sqrt(1 - a) * g + np.sqrt(beta * (1 - b) / (1 - a)) * e) / np.sqrt(alpha)",
            "mean + spread * e / (a / b) ** 0.5",
        ),
        "You divided the guess by 1 - a": _step(
            "(x - beta / (1 - a) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(b / a) ** 0.5 * (x - (1 - a / b) / (1 - a) * g) + spread * e",
        ),
        "You did not divide the guess": _step(
            "(x - beta * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(b / a) ** 0.5 * (x - g) + (a / b) ** 0.5 * g + spread * e",
        ),
        "You took the root of beta before the guess": _step(
            "(x - np.sqrt(beta / (1 - a)) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(b / a) ** 0.5 * x - ((b / a - 1) / (1 - a)) ** 0.5 * g + spread * e",
        ),
        "You added the guess": _step(
            "(x + beta / np.sqrt(1 - a) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "2 * (b / a) ** 0.5 * x - mean + spread * e",
        ),
        "You left out the guess": _step(
            "x / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e", "(b / a) ** 0.5 * x + spread * e"
        ),
        "You did not divide by sqrt(alpha)": _step(
            "x - beta / np.sqrt(1 - a) * g + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(a / b) ** 0.5 * mean + spread * e",
        ),
        "You multiplied by sqrt(alpha)": _step(
            "(x - beta / np.sqrt(1 - a) * g) * np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "a / b * mean + spread * e",
        ),
        "You divided by alpha": _step(
            "(x - beta / np.sqrt(1 - a) * g) / alpha + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "mean / (a / b) ** 0.5 + spread * e",
        ),
        "You divided by sqrt(alpha_bar[t])": _step(
            "(x - beta / np.sqrt(1 - a) * g) / np.sqrt(a) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "mean / b**0.5 + spread * e",
        ),
        "You took alpha_bar[t] for alpha": [
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a, b = bar[t], bar[t - 1] if t > 0 else 1.0
    alpha, beta = a, 1 - a
    return (x - beta / np.sqrt(1 - a) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e
""",
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    alpha = alpha_bar[t]
    b = jnp.where(t > 0, alpha_bar[t - 1], 1.0)
    return (noisy - (1 - alpha) ** 0.5 * guess) / alpha**0.5 + (1 - b) ** 0.5 * noise
""",
        ],
        "You went back to the clean data": _step("(x - np.sqrt(1 - a) * g) / np.sqrt(a)", "clean"),
        "This is a step of DDIM": _step(
            "np.sqrt(b) * (x - np.sqrt(1 - a) * g) / np.sqrt(a) + np.sqrt(1 - b) * g",
            "b**0.5 * clean + (1 - b) ** 0.5 * g",
        ),
        "You estimated the clean data and put all noise back": _step(
            "np.sqrt(b) * (x - np.sqrt(1 - a) * g) / np.sqrt(a) + np.sqrt(1 - b) * e",
            "b**0.5 * clean + (1 - b) ** 0.5 * e",
        ),
        "Your times are off by one": _step(_BACK, "mean + spread * e", a="bar[t + 1]", b="bar[t]"),
        "Your noise has the variance 1 - b": _step(f"{_MEAN} + np.sqrt(1 - b) * e", "mean + (1 - b) ** 0.5 * e"),
        "You multiplied the noise by beta": _step(f"{_MEAN} + beta * e", "mean + jnp.where(t > 0, 1 - a / b, 0) * e"),
        "You exchanged a and alpha before the guess": _step(
            "(x - (1 - a) / np.sqrt(1 - alpha) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(b / a) ** 0.5 * (x - (1 - a) / (1 - a / b) ** 0.5 * g) + spread * e",
        ),
        "You divided the guess by sqrt(1 - b)": _step(
            "(x - beta / np.sqrt(1 - b) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(b / a) ** 0.5 * (x - (1 - a / b) / (1 - b) ** 0.5 * g) + spread * e",
        ),
        "You divided only noisy by sqrt(alpha)": _step(
            "x / np.sqrt(alpha) - beta / np.sqrt(1 - a) * g + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(b / a) ** 0.5 * x - (1 - a / b) / (1 - a) ** 0.5 * g + spread * e",
        ),
        "You subtracted sqrt(beta) times the guess": _step(
            "(x - np.sqrt(beta) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "(b / a) ** 0.5 * (x - (1 - a / b) ** 0.5 * g) + spread * e",
        ),
        "You undid one step alone": _step(
            "(x - np.sqrt(beta) * g) / np.sqrt(alpha) + np.sqrt(beta) * e",
            "(b / a) ** 0.5 * (x - (1 - a / b) ** 0.5 * g) + jnp.where(t > 0, 1 - a / b, 0) ** 0.5 * e",
        ),
        "You multiplied up alpha_bar once more": _step(
            _BACK, "mean + spread * e", a="np.cumprod(bar)[t]", b="np.cumprod(bar)[t - 1] if t > 0 else 1.0"
        ),
        "You took alpha_bar[t - 1] and alpha_bar[t - 2]": _step(
            _BACK, "mean + spread * e", a="bar[t - 1]", b="bar[t - 2] if t > 1 else 1.0"
        ),
        "Your alpha is more than 1": [
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a, b = bar[t], bar[t - 1] if t > 0 else 1.0
    alpha = b / a
    beta = 1 - alpha
    return (x - beta / np.sqrt(1 - a) * g) / np.sqrt(alpha) + np.sqrt(beta * (1 - b) / (1 - a)) * e
""",
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    a = alpha_bar[t]
    alpha = jnp.append(1.0, alpha_bar)[t] / a
    mean = (noisy - (1 - alpha) / (1 - a) ** 0.5 * guess) * alpha**-0.5
    return mean + ((1 - alpha) * (1 - alpha * a) / (1 - a)) ** 0.5 * noise
""",
        ],
        "Your beta is b - a": [
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a, b = bar[t], bar[t - 1] if t > 0 else 1.0
    return (x - (b - a) / np.sqrt(1 - a) * g) / np.sqrt(a / b) + np.sqrt((b - a) * (1 - b) / (1 - a)) * e
""",
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], jnp.append(1.0, alpha_bar)[t]
    beta = b - a
    mean = (noisy - beta / (1 - a) ** 0.5 * guess) * (b / a) ** 0.5
    return mean + jnp.where(t > 0, beta * (1 - b) / (1 - a), 0) ** 0.5 * noise
""",
        ],
        "You clipped the estimate": [
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    x, g, e, bar = np.asarray(noisy), np.asarray(guess), np.asarray(noise), np.asarray(alpha_bar)
    a, b = bar[t], bar[t - 1] if t > 0 else 1.0
    clean = np.clip((x - np.sqrt(1 - a) * g) / np.sqrt(a), -1, 1)
    mean = (np.sqrt(b) * (1 - a / b) * clean + np.sqrt(a / b) * (1 - b) * x) / (1 - a)
    return mean + np.sqrt((1 - a / b) * (1 - b) / (1 - a)) * e
""",
            """
def ddpm_step(noisy, t, guess, noise, alpha_bar):
    a, b = alpha_bar[t], jnp.append(1.0, alpha_bar)[t]
    clean = jnp.maximum(-1, jnp.minimum(1, noisy / a**0.5 - (1 / a - 1) ** 0.5 * guess))
    mean = b**0.5 * (1 - a / b) / (1 - a) * clean + (a / b) ** 0.5 * (1 - b) / (1 - a) * noisy
    return mean + ((1 - a / b) * (1 - b) / (1 - a)) ** 0.5 * noise
""",
        ],
        "You put the whole guess back": _step(
            "np.sqrt(b / a) * (x - np.sqrt(1 - a) * g) + np.sqrt(1 - b) * g + np.sqrt(beta * (1 - b) / (1 - a)) * e",
            "b**0.5 * clean + (1 - b) ** 0.5 * g + spread * e",
        ),
        "You subtracted the fresh noise": [
            *_step(_BACK.replace("+ np.sqrt(beta", "- np.sqrt(beta"), "mean - spread * e")
        ],
        "You subtracted sqrt(1 - a) times the guess": [
            *_step(
                _BACK.replace("beta / np.sqrt(1 - a) * g", "np.sqrt(1 - a) * g"),
                "(x - jnp.sqrt(1 - a) * g) / jnp.sqrt(a / b) + spread * e",
            )
        ],
        "You added noise at t = 0": [
            *_step(
                f"{_MEAN} + np.sqrt(beta * (1 - b) / (1 - a) if t > 0 else beta) * e",
                "mean + (spread if t > 0 else jnp.sqrt(1 - a)) * e",
            )
        ],
        "At t = 1 your b is 1": [*_step(_BACK, "mean + spread * e", b="bar[t - 1] if t > 1 else 1.0")],
    },
    "guided_noise": {
        "Your w = 1 is no guidance": _guided("u + w * (c - u)", "w * c + (1 - w) * u"),
        "You exchanged the guesses": _guided("(1 + w) * u - w * c", "u + w * (u - c)"),
        "You went towards": _guided("c - w * (c - u)", "(1 - w) * c + w * u"),
        "You added both guesses": _guided("(1 + w) * c + w * u", "c + w * (c + u)"),
        "Your result is the guess with labels alone": [
            *_guided("c", "u + (c - u)"),
            """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    c, u = predict(noisy, t, labels), predict(noisy, t, labels)
    return (1 + guidance) * c - guidance * u
""",
        ],
        "You returned the guess without labels": _guided("u", "c - (c - u)"),
        "You returned w times the difference": _guided("w * (c - u)", "w * c - w * u"),
        "You multiplied the whole difference": _guided("(1 + w) * (c - u)", "(1 + w) * c - (1 + w) * u"),
        "You subtracted the guess without labels once": _guided("(1 + w) * c - u", "c - u + w * c"),
        "You left the 1 out": _guided("c - w * u", "c + w * (c - u) - w * c"),
        "You divided by 1 + 2 w": _guided("((1 + w) * c - w * u) / (1 + w + w)", "(c + w * (c - u)) / (1 + 2 * w)"),
        "You averaged both guesses": _guided("(c + u) / 2", "0.5 * c + 0.5 * u"),
        "You took class 0 for no label": _guided("(1 + w) * c - w * u", "c + w * (c - u)", none="0"),
        "You took the last class": _guided("(1 + w) * c - w * u", "c + w * (c - u)", none="n_classes - 1"),
        "You took -1 for no label": _guided("(1 + w) * c - w * u", "c + w * (c - u)", none="-1"),
        "You took n_classes + 1": _guided("(1 + w) * c - w * u", "c + w * (c - u)", none="n_classes + 1"),
        "You averaged the guesses of all classes": [
            """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    c = np.asarray(predict(noisy, t, labels))
    u = np.mean([predict(noisy, t, np.full(len(labels), one)) for one in range(n_classes)], axis=0)
    return (1 + guidance) * c - guidance * u
""",
            """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    known, total = predict(noisy, t, labels), 0.0
    for one in range(n_classes):
        total = total + predict(noisy, t, one * jnp.ones_like(labels))
    return known + guidance * (known - total / n_classes)
""",
        ],
        "You took the noisy samples": _guided("(1 + w) * c - w * np.asarray(noisy)", "c + w * (c - noisy[i])"),
        "You counted w twice": _guided("c + 2 * w * (c - u)", "(1 + w) * c - w * u + w * (c - u)"),
        "You returned the difference": _guided("c - u", "-(u - c)"),
        "You added w times the guess without labels": _guided("c + w * u", "w * u + c"),
        "Your second weight is 1 - w": _guided("(1 + w) * c - (1 - w) * u", "c - u + w * (c + u)"),
        "You left out the guess without labels": _guided("(1 + w) * c", "c + w * c"),
        "You multiplied the guess with labels by w": _guided("w * c - u", "-u + c * w"),
        "You subtracted the mixture from the samples": _guided(
            "np.asarray(noisy) - (1 + w) * c + w * u", "noisy[i] - c - w * (c - u)"
        ),
        "You mixed the labels": [
            """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    mixed = (1 + guidance) * np.asarray(labels) - guidance * n_classes
    return predict(noisy, t, mixed)
""",
            """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    rows = []
    for i in range(len(noisy)):
        label = labels[i] + guidance * (labels[i] - n_classes)
        rows.append(predict(noisy[i : i + 1], t[i : i + 1], label[None])[0])
    return jnp.stack(rows)
""",
        ],
        "You always ask `labeled_noise_model`": [
            """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    x, t, l = np.asarray(noisy), np.asarray(t), np.asarray(labels)
    c, u = np.sin(x + (0.1 * t + l)[:, None]), np.sin(x + (0.1 * t + n_classes)[:, None])
    return (1 + guidance) * c - guidance * u
""",
            """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    c = labeled_noise_model(noisy, t, labels)
    return c + guidance * (c - labeled_noise_model(noisy, t, jnp.full_like(labels, n_classes)))
""",
        ],
        "You added n_classes": [
            *(
                [
                    """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    c, u = np.asarray(predict(noisy, t, labels)), np.asarray(predict(noisy, t, labels + n_classes))
    return c + guidance * (c - u)
""",
                    """
def guided_noise(predict, noisy, t, labels, n_classes, guidance):
    c, u = predict(noisy, t, labels), predict(noisy, t, n_classes + labels)
    return (1 + guidance) * c - guidance * u
""",
                ]
            )
        ],
        "You halved w": [*_guided("c + w / 2 * (c - u)", "(1 + 0.5 * w) * c - 0.5 * w * u")],
    },
}
