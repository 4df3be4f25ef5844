"""Unit 8 against scipy, statsmodels, scikit-learn and blackjax."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.probability import calibration, diagnostics, hierarchical, intervals, likelihood, mle, robust, sampling

DF = 4.0
N_CHAINS, N_WARMUP, N_DRAWS, N_LEAPFROG = 4, 500, 1000, 12


def student_regression() -> Pair:
    from scipy import optimize, special

    rng = np.random.default_rng(0)
    x = rng.normal(size=(50_000, 10)).astype(np.float32)
    y = (x @ rng.normal(size=10) + 0.5 + 0.3 * rng.standard_t(3, size=len(x))).astype(np.float32)
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)
    design = np.column_stack([x, np.ones(len(x), np.float32)]).astype(np.float64)
    target = y.astype(np.float64)
    constant = special.gammaln(DF / 2) - special.gammaln((DF + 1) / 2) + 0.5 * np.log(DF * np.pi)

    def loss_and_gradient(theta):
        scale = np.exp(theta[-1])
        z = (target - design @ theta[:-1]) / scale
        loss = np.mean((DF + 1) / 2 * np.log1p(z**2 / DF)) + theta[-1] + constant
        pull = (DF + 1) * z / (DF + z**2)
        return loss, np.append(-design.T @ pull / scale, len(z) - pull @ z) / len(z)

    def peer():
        start = np.append(np.linalg.lstsq(design, target, rcond=None)[0], 0.0)
        start[-1] = np.log(np.std(target - design @ start[:-1]))
        return optimize.minimize(loss_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-5}).x

    def loss_of_ours(fitted):
        return loss_and_gradient(np.array([*fitted.coef, fitted.intercept, jnp.log(fitted.scale)], np.float64))[0]

    return Pair(
        ours=lambda: robust.fit(ours_x, ours_y, df=DF),
        theirs=peer,
        loss_of_ours=loss_of_ours,
        loss_of_theirs=lambda theta: loss_and_gradient(theta)[0],
        slack=1e-6,
    )


def bootstrap_of_the_mean() -> Pair:
    from scipy import stats

    x = np.random.default_rng(1).exponential(size=1000).astype(np.float32)
    ours_x, key = jnp.asarray(x), jax.random.key(0)
    truth = np.std(x) / len(x) ** 0.5  # the standard error of a mean is known
    options = {"n_resamples": 5000, "method": "percentile", "vectorized": True}
    return Pair(
        ours=lambda: intervals.bootstrap(ours_x, statistic=jnp.mean, key=key, n_resamples=5000),
        theirs=lambda: stats.bootstrap((x,), np.mean, rng=np.random.default_rng(0), **options),
        loss_of_ours=lambda found: abs(float(found.standard_error) / truth - 1),
        loss_of_theirs=lambda found: abs(float(found.standard_error) / truth - 1),
        floor=0.04,
    )


def count_nll(weights, data):
    x, y = data
    return likelihood.poisson_nll(y, x @ weights)


def poisson_regression() -> Pair:
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    x = (0.2 * rng.normal(size=(50_000, 20))).astype(np.float32)
    y = rng.poisson(np.exp(x @ rng.normal(size=20))).astype(np.float32)
    data, start = (jnp.asarray(x), jnp.asarray(y)), jnp.zeros(20)

    def deviance(weights):
        eta = x.astype(np.float64) @ np.asarray(weights, np.float64)
        return float(np.mean(np.exp(eta) - y * eta)) + 10.0  # positive

    return Pair(
        ours=lambda: mle.fit(data, nll=count_nll, init=start),
        theirs=lambda: sm.GLM(y, x, family=sm.families.Poisson()).fit(),
        loss_of_ours=lambda fitted: deviance(fitted.params),
        loss_of_theirs=lambda fitted: deviance(fitted.params),
        slack=1e-6,
    )


def calibration_curves() -> Pair:
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(3)
    p = rng.uniform(size=1_000_000).astype(np.float32)
    y = (rng.uniform(size=len(p)) < p).astype(np.int32)
    ours_p, ours_y = jnp.asarray(p), jnp.asarray(y)
    curve = jax.jit(lambda p, y: calibration.curve(p, y, n_bins=10))
    return Pair(
        ours=lambda: curve(ours_p, ours_y),
        theirs=lambda: calibration_curve(y, p, n_bins=10),
        loss_of_ours=lambda made: float(jnp.abs(made.observed - made.predicted).max()),
        loss_of_theirs=lambda made: float(np.abs(made[0] - made[1]).max()),
        floor=0.01,
    )


def schools(position):
    return hierarchical.log_prob(position, hierarchical.eight_schools())


def eight_schools() -> Pair:
    import blackjax

    keys = jax.random.split(jax.random.key(0), N_CHAINS)
    starts = jax.random.normal(jax.random.key(1), (N_CHAINS, 10))
    truth = hierarchical.exact_moments(hierarchical.eight_schools())

    @jax.jit
    def ours(starts, keys):
        def one(start, key):
            options = {"n_samples": N_DRAWS, "n_warmup": N_WARMUP, "n_leapfrog": N_LEAPFROG, "target_accept": 0.9}
            return sampling.hmc(schools, start, key=key, **options).samples

        return jax.vmap(one)(starts, keys)

    @jax.jit
    def theirs(starts, keys):
        def one(start, key):
            for_warmup, for_draws = jax.random.split(key)
            warmup = blackjax.window_adaptation(
                blackjax.hmc, schools, num_integration_steps=N_LEAPFROG, target_acceptance_rate=0.9
            )
            (state, found), _ = warmup.run(for_warmup, start, num_steps=N_WARMUP)
            kernel = blackjax.hmc(schools, **found).step

            def move(state, key):
                state, _ = kernel(key, state)
                return state, state.position

            return jax.lax.scan(move, state, jax.random.split(for_draws, N_DRAWS))[1]

        return jax.vmap(one)(starts, keys)

    def error(samples):
        """Of the mean of mu, in its Monte-Carlo standard errors' usual size."""
        mu = samples[:, :, 0]
        worth = float(diagnostics.effective_sample_size(mu))
        off = abs(float(mu.mean() - truth.mean[0])) / float(truth.deviation[0])
        return max(off, 1 / worth**0.5)

    return Pair(
        ours=lambda: ours(starts, keys),
        theirs=lambda: theirs(starts, keys),
        loss_of_ours=error,
        loss_of_theirs=error,
        slack=0.5,
        floor=0.05,
    )


ROWS = [
    Row(
        "8.student-t regression 50000x10",
        "scipy.optimize.minimize(method='BFGS')",
        student_regression,
        note="loss: mean negative log-likelihood in nats; the peer has the exact gradient, in float64",
    ),
    Row(
        "8.bootstrap 1000, 5000 resamples",
        "scipy.stats.bootstrap(method='percentile')",
        bootstrap_of_the_mean,
        note="loss: relative error of the standard error; up to 0.04 is the draws' own scatter",
    ),
    Row(
        "8.poisson regression 50000x20",
        "statsmodels GLM(family=Poisson())",
        poisson_regression,
        note="loss: half the deviance, shifted; Newton's method on both sides",
    ),
    Row(
        "8.calibration curve 1000000",
        "sklearn.calibration.calibration_curve",
        calibration_curves,
        note="loss: largest gap of observed and predicted",
    ),
    Row(
        "8.hmc eight schools, 4 chains of 1000",
        "blackjax.hmc with window_adaptation",
        eight_schools,
        note="loss: error of the mean of mu in posterior deviations, or 1 / sqrt(effective sample size)",
    ),
]
