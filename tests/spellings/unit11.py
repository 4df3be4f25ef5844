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
}
