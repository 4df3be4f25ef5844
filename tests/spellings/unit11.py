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
    """11.4 with NumPy, and step by step in Python's numbers: right but for what is given here."""
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


_SQUARES, _SCALE, _CONSTANT = "-0.5 * ((x - r) / s) ** 2", "- np.log(s)", "- 0.5 * np.log(2 * np.pi)"
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
        "You took log_variance for the variance": _latent(
            "m + np.sqrt(np.abs(l)) * e", "m + jnp.sqrt(jnp.where(l < 0, -l, l)) * e"
        ),
        "You returned the mean": _latent("m", "m + jnp.exp(l / 2) * 0"),
        "You left out the mean": _latent("np.exp(l / 2) * e", "e * jnp.exp(l / 2)"),
        "You subtracted the noise": _latent("m - np.exp(l / 2) * e", "m - e * jnp.exp(0.5 * l)"),
        "You divided by the standard deviation": _latent("m + e / np.exp(l / 2)", "m + jnp.exp(-0.5 * l) * e"),
        "You halved the variance": _latent("m + np.exp(l) / 2 * e", "m + 0.5 * jnp.exp(l) * e"),
        "You squared the variance": _latent("m + np.exp(l) ** 2 * e", "m + jnp.exp(2 * l) * e"),
        "You left out the noise": _latent("m + np.exp(l / 2)", "m + jnp.exp(0.5 * l)"),
        "You scaled the mean, too": _latent("np.exp(l / 2) * (m + e)", "m * jnp.exp(l / 2) + e * jnp.exp(l / 2)"),
        "You left out the standard deviation": _latent("m + e", "e + m"),
        "You took the softplus": _latent("m + np.log(1 + np.exp(l)) * e", "m + jax.nn.softplus(l) * e"),
        "You exchanged mean and log-variance": _latent("l + np.exp(m / 2) * e", "l + e * jnp.exp(0.5 * m)"),
        "You multiplied the mean and added the noise": _latent("np.exp(l / 2) * m + e", "e + m * jnp.exp(l / 2)"),
        "You took a power of 10": _latent("m + 10 ** (l / 2) * e", "m + jnp.power(10.0, 0.5 * l) * e"),
        "You took the exponential of the sum": _latent("m + np.exp(l / 2 + e)", "m + jnp.exp(l / 2) * jnp.exp(e)"),
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
        "You added the 1": _divergence(
            _KL.format("m**2 + np.exp(l) - l + 1"), "0.5 * (jnp.sum(jnp.exp(l)) + m @ m - jnp.sum(l) + len(m))"
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
        "You subtracted the squares": _divergence(
            _KL.format("np.exp(l) - m**2 - l - 1"), "0.5 * (jnp.sum(jnp.exp(l) - l - 1) - m @ m)"
        ),
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
        "You added ln(scale)": _bound(
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
        "You divided the divergence by beta": _bound(
            f"{_fit(_SQUARES, _SCALE, _CONSTANT)} - kl / beta", "jax.scipy.stats.norm.logpdf(e, 0, s).sum() - kl / beta"
        ),
        "You left out the divergence": _bound(
            _fit(_SQUARES, _SCALE, _CONSTANT), "jax.scipy.stats.norm.logpdf(e, 0, s).sum()"
        ),
        "You summed over the samples": _bound(
            f"len(x) * ({_fit(_SQUARES, _SCALE, _CONSTANT)} - beta * kl)",
            "jax.scipy.stats.norm.logpdf(e, 0, s).sum() - beta * kl",
            end="total",
        ),
        "You summed the fit over the samples": _bound(
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
        "You added up densities": _bound(
            f"{_fit(f'np.exp({_SQUARES}) / (s * np.sqrt(2 * np.pi))')} - beta * kl",
            "jax.scipy.stats.norm.pdf(e, 0, s).sum() - beta * kl",
        ),
        "The density of an entry far off": _bound(
            f"np.mean(np.log(np.prod(np.exp({_SQUARES}) / (s * np.sqrt(2 * np.pi)), axis=1))) - beta * kl",
            "jnp.log(jnp.prod(jax.scipy.stats.norm.pdf(e, 0, s))) - beta * kl",
        ),
    },
    "cosine_schedule": {
        "Your last beta is 1": _schedule(
            {"beta": "1 - f[1:] / f[:-1]"}, {"b": "1 - f((t + 1) / n_steps) / f(t / n_steps)"}
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
        "You took the sine": _schedule(
            {"f": "np.sin((np.arange(n_steps + 1) / n_steps + 0.008) / 1.008 * np.pi / 2) ** 2"},
            {"f": "math.sin((u + 0.008) / 1.008 * math.pi / 2) ** 2"},
        ),
        "You added up the beta": _schedule({"out": "beta, 1 - np.cumsum(beta)"}, {"left": "left - b"}),
        "You added up 1 - beta": _schedule(
            {"out": "beta, np.cumsum(1 - beta)"}, {"left": "sum(1 - one for one in beta) + 1 - b"}
        ),
        "You multiplied the beta": _schedule({"out": "beta, np.cumprod(beta)"}, {"left": "left * b"}),
        "Your second array is what remains in ONE step": _schedule({"out": "beta, 1 - beta"}, {"left": "1 - b"}),
        "Your second array is the noise's share": _schedule(
            {"out": "beta, 1 - np.cumprod(1 - beta)"}, {"out": "jnp.array(beta), 1 - jnp.array(alpha_bar)"}
        ),
        "Your second array is the root": _schedule(
            {"out": "beta, np.sqrt(np.cumprod(1 - beta))"}, {"left": "left * math.sqrt(1 - b)"}
        ),
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
        "Your two arrays are exchanged": _schedule(
            {"out": "np.cumprod(1 - beta), beta"}, {"out": "jnp.array(alpha_bar), jnp.array(beta)"}
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
        "You have one step too many": [
            """
def cosine_schedule(n_steps):
    u = np.linspace(0, 1, n_steps + 2)
    f = np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.clip(1 - f[1:] / f[:-1], 0, 0.999)
    return beta, np.cumprod(1 - beta)
""",
            """
def cosine_schedule(n_steps):
    f = [math.cos((t / (n_steps + 1) + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(n_steps + 2)]
    beta = jnp.array([min(1 - later / now, 0.999) for now, later in zip(f, f[1:])])
    return beta, jnp.cumprod(1 - beta)
""",
        ],
    },
}
