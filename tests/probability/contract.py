"""One example of every public function of unit 8."""

import jax
import jax.numpy as jnp

from mfml.probability import (
    bayes,
    bayesian_regression,
    calibration,
    central_limit,
    diagnostics,
    enrichment,
    fisher,
    gaussian,
    hierarchical,
    information,
    intervals,
    likelihood,
    maximum_entropy,
    mixture_density,
    mle,
    robust,
    sampling,
    warmup,
)
from mfml.probability.gaussian import Gaussian
from tests.contract import Example


def normal(key, d=3):
    for_mean, for_root = jax.random.split(key)
    root = jax.random.normal(for_root, (d, d))
    return Gaussian(jax.random.normal(for_mean, (d,)), root @ root.T + jnp.eye(d))


def points(key, n=6, d=3):
    return jax.random.normal(jax.random.fold_in(key, 1), (n, d))


def probabilities(key, shape=(2, 4)):
    return jax.nn.softmax(jax.random.normal(key, shape))


def pair(key):
    first, second = jax.random.split(key)
    return {"p": probabilities(first), "q": probabilities(second)}


def normals(key):
    first, second = jax.random.split(key)
    return {"p": normal(first), "q": normal(second)}


def regression(key, n=12, d=2):
    for_x, for_noise = jax.random.split(key)
    x = jax.random.normal(for_x, (n, d))
    return {"x": x, "y": x.sum(axis=1) + 0.3 * jax.random.normal(for_noise, (n,))}


def noise(key):
    return {"y": jax.random.normal(key, (7,)) + 0.1}


def labels(key, n=8):
    return jax.random.bernoulli(key, 0.5, (n,)).astype(int)


def log_rate_nll(log_rate, y):
    return likelihood.poisson_nll(y, log_rate)


def normal_nll(params, y):
    return likelihood.gaussian_nll(y, params["mean"], jnp.exp(params["log_scale"]))


def wide_prior(params):
    return -0.5 * params["mean"] ** 2


READ_AGAIN = "the caller's function is read at every call"
PARAMS = {"mean": jnp.array(0.3), "log_scale": jnp.array(0.1)}


def at(key):
    return {"params": PARAMS, "data": noise(key)["y"]}


def averages(key):
    return {
        "features": jnp.linspace(-1.0, 1.0, 9)[:, None] ** jnp.array([1, 2]),
        "moments": jnp.array([0.2, 0.3]) + 0.02 * jax.random.normal(key, (2,)),
    }


def design(key):
    data = regression(key)
    return {"design": data["x"], "y": data["y"], "prior": normal(key, 2), "noise_variance": jnp.array(0.5)}


def posterior(key):
    return bayesian_regression.fit(**design(key))


def line(key):
    return {"model": robust.fit(**regression(key), max_iter=3), **regression(key)}


def height(x):
    return -0.5 * jnp.sum(x**2) - 0.1 * jnp.sum(x**4)


def off(key):
    """Return data with one outlier, which determines the degrees of freedom well."""
    data = regression(key)
    data["y"] = data["y"].at[0].add(9.0)
    return {"state": robust.init(**data), **data}


def start(key):
    return {"state": sampling.init(jax.random.normal(key, (3,)), log_prob=height), "key": key}


def warming(key):
    made = warmup.start(jnp.array(0.5), jnp.zeros(3))
    return {"old": made._replace(seen=jnp.array(4.0), squares=jnp.arange(1.0, 4.0), time=jnp.array(4.0))}


def chain(key):
    return {"init": jnp.zeros(2), "key": key}


def walks(key):
    return {"chains": jnp.cumsum(jax.random.normal(key, (2, 20)), axis=1)}


def groups(key):
    return {"position": 0.1 * jax.random.normal(key, (10,)), "estimates": hierarchical.eight_schools()}


def network_and_data(key):
    data = regression(key)
    return {"model": mixture_density.init(key=key, n_components=2, hidden=(4,), **data), **data}


def network_and_x(key):
    return {"model": network_and_data(key)["model"], "x": points(key, d=2)}


def wave(x):
    return jnp.sin(x[0]) + x[1] ** 2


def forecasts(key):
    return {"y": labels(key), "probability": jax.random.uniform(key, (8,))}


def normal_simulation(key):
    return jax.random.normal(key, (5,))


def mean_interval(x, key):
    return intervals.of_mean(x)


def beta(key):
    return bayes.Beta(jnp.array(2.0), jnp.array(1.5))


def gamma(key):
    return bayes.Gamma(jnp.array(2.0), jnp.array(1.5))


def nig(key):
    return bayes.NormalInverseGamma(jnp.array(0.2), jnp.array(1.5), jnp.array(2.0), jnp.array(0.7))


def values(key):
    return {"y": jax.random.normal(key, (5,)), "loc": jnp.array(0.2), "scale": jnp.array(1.3)}


def as_gaussian(key):
    made = values(key)
    return {"y": made["y"], "mean": made["loc"], "scale": made["scale"]}


def heavy(key):
    return values(key) | {"df": jnp.array(3.0)}


EXAMPLES = [
    Example(gaussian.fit, lambda key: {"x": points(key)}, gradient=("x",)),
    Example(
        gaussian.whitened,
        lambda key: {"model": normal(key), "x": points(key)},
        gradient=("model", "x"),
        units=({"model.mean": 1, "model.covariance": 2, "x": 1},),
    ),
    Example(
        gaussian.mahalanobis,
        lambda key: {"model": normal(key), "x": points(key)},
        gradient=("model", "x"),
        units=({"model.mean": 1, "model.covariance": 2, "x": 1},),
    ),
    Example(gaussian.log_prob, lambda key: {"model": normal(key), "x": points(key)}, gradient=("model", "x")),
    Example(
        gaussian.sample,
        lambda key: {"model": normal(key), "key": key},
        {"n_samples": 4},
        gradient=("model",),
        x64=False,  # draws differ by dtype
    ),
    Example(gaussian.marginal, lambda key: {"model": normal(key)}, {"keep": (2, 0)}, gradient=("model",)),
    Example(
        gaussian.conditional,
        lambda key: {"model": normal(key), "values": jnp.array([0.3])},
        {"given": (1,)},
        gradient=("model", "values"),
        units=({"model.mean": 1, "model.covariance": 2, "values": 1},),
    ),
    Example(
        gaussian.affine,
        lambda key: {"model": normal(key), "matrix": points(key, n=2), "shift": jnp.ones(2)},
        gradient=("model", "matrix", "shift"),
        units=({"model.mean": 1, "model.covariance": 2, "shift": 1}, {"matrix": 1, "shift": 1}),
    ),
    Example(maximum_entropy.problem, averages, gradient=("features", "moments")),
    Example(maximum_entropy.init, lambda key: {"problem": maximum_entropy.problem(**averages(key))}),
    Example(
        maximum_entropy.step,
        lambda key: {
            "state": maximum_entropy.init(maximum_entropy.problem(**averages(key))),
            "problem": maximum_entropy.problem(**averages(key)),
        },
    ),
    Example(maximum_entropy.fit, averages, units=({"features": 1, "moments": 1},)),
    Example(
        central_limit.standardized_means,
        lambda key: {"key": key},
        {"distribution": "exponential", "n_terms": 3, "n_samples": 5},
        x64=False,  # draws differ by dtype
    ),
    Example(central_limit.normal_distance, lambda key: {"z": noise(key)["y"]}, gradient=("z",)),
    Example(
        central_limit.berry_esseen_bound,
        lambda key: {},
        {"distribution": "uniform", "n_terms": 5},
        batched=(),  # has no traced argument
    ),
    Example(information.entropy, lambda key: {"p": probabilities(key)}, gradient=("p",)),
    Example(information.cross_entropy, pair, gradient=("p", "q")),
    Example(information.kl, pair, gradient=("p", "q")),
    Example(information.jensen_shannon, pair, gradient=("p", "q")),
    Example(
        information.mutual_information,
        lambda key: {"joint": probabilities(key, (6,)).reshape(2, 3)},
        gradient=("joint",),
    ),
    Example(information.gaussian_entropy, lambda key: {"p": normal(key)}, gradient=("p",)),
    Example(information.gaussian_cross_entropy, normals, gradient=("p", "q")),
    Example(
        information.gaussian_kl,
        normals,
        gradient=("p", "q"),
        units=({"p.mean": 1, "p.covariance": 2, "q.mean": 1, "q.covariance": 2},),
    ),
    Example(
        information.gaussian_mutual_information, lambda key: {"p": normal(key)}, {"first": (0, 2)}, gradient=("p",)
    ),
    Example(likelihood.gaussian_nll, as_gaussian, gradient=("y", "mean", "scale")),
    Example(likelihood.laplace_nll, values, gradient=("y", "loc", "scale")),
    Example(likelihood.student_t_nll, heavy, gradient=("y", "loc", "scale", "df")),
    Example(
        likelihood.bernoulli_nll,
        lambda key: {"y": labels(key), "logits": jax.random.normal(key, (8,))},
        gradient=("logits",),
    ),
    Example(
        likelihood.poisson_nll,
        lambda key: {"y": labels(key), "log_rate": jax.random.normal(key, (8,))},
        gradient=("log_rate",),
    ),
    Example(mle.fit_gaussian, noise, gradient=("y",)),
    Example(mle.fit_laplace, noise, gradient=("y",)),
    Example(mle.fit_bernoulli, lambda key: {"y": labels(key)}),
    Example(mle.fit_poisson, lambda key: {"y": labels(key)}),
    Example(mle.init, at, {"nll": normal_nll, "log_prior": wide_prior}),
    Example(
        mle.step,
        lambda key: {"state": mle.init(nll=normal_nll, **at(key)), "data": at(key)["data"]},
        {"nll": normal_nll},
    ),
    Example(
        mle.fit,
        lambda key: {"init": PARAMS, "data": noise(key)["y"]},
        {"nll": normal_nll, "log_prior": wide_prior, "max_iter": 20},
        tolerance=1e-3,
    ),
    Example(fisher.scores, at, {"nll": normal_nll}, gradient=("data",)),
    Example(fisher.observed, at, {"nll": normal_nll}, gradient=("data",)),
    Example(fisher.empirical, at, {"nll": normal_nll}, gradient=("data",)),
    Example(
        fisher.expected,
        lambda key: {"params": 0.1 * jax.random.normal(key), "outcomes": jnp.arange(12)},
        {"nll": log_rate_nll},
        batched=("params",),
    ),
    Example(fisher.standard_errors, lambda key: {"information": normal(key).covariance}, gradient=("information",)),
    Example(bayes.update_beta, lambda key: {"prior": beta(key), "y": labels(key)}, gradient=("prior",)),
    Example(bayes.predict_beta, lambda key: {"posterior": beta(key)}, gradient=("posterior",)),
    Example(bayes.log_evidence_beta, lambda key: {"prior": beta(key), "y": labels(key)}, gradient=("prior",)),
    Example(bayes.update_gamma, lambda key: {"prior": gamma(key), "y": labels(key)}, gradient=("prior",)),
    Example(bayes.predict_gamma, lambda key: {"posterior": gamma(key), "y": labels(key)}, gradient=("posterior",)),
    Example(
        bayes.update_mean,
        lambda key: {"prior": normal(key), "y": points(key), "noise": normal(jax.random.fold_in(key, 3)).covariance},
        gradient=("prior", "y", "noise"),
        units=({"prior.mean": 1, "prior.covariance": 2, "y": 1, "noise": 2},),
    ),
    Example(
        bayes.predict_mean,
        lambda key: {"posterior": normal(key), "noise": jnp.eye(3)},
        gradient=("posterior", "noise"),
        units=({"posterior.mean": 1, "posterior.covariance": 2, "noise": 2},),
    ),
    Example(
        bayes.update_normal,
        lambda key: {"prior": nig(key), **noise(key)},
        gradient=("prior", "y"),
        units=({"prior.loc": 1, "prior.scale": 2, "y": 1},),
    ),
    Example(
        bayes.predict_normal,
        lambda key: {"posterior": nig(key)},
        gradient=("posterior",),
        units=({"posterior.loc": 1, "posterior.scale": 2},),
    ),
    Example(
        bayesian_regression.ridge_prior,
        lambda key: {"alpha": jnp.array(2.0), "noise_variance": jnp.array(0.5)},
        {"n_columns": 2},
        gradient=("alpha", "noise_variance"),
    ),
    Example(
        bayesian_regression.fit,
        design,
        gradient=("design", "y", "prior", "noise_variance"),
        units=(
            {"y": 1, "prior.mean": 1, "prior.covariance": 2, "noise_variance": 2},
            {"design": 1, "prior.mean": -1, "prior.covariance": -2},
        ),
    ),
    Example(
        bayesian_regression.predict,
        lambda key: {"model": posterior(key), "design": points(key, d=2)},
        gradient=("model", "design"),
    ),
    Example(
        bayesian_regression.predictive,
        lambda key: {"model": posterior(key), "design": points(key, d=2), "noise_variance": jnp.array(0.5)},
        gradient=("model", "design", "noise_variance"),
        units=(
            {"model.mean": 1, "model.covariance": 2, "noise_variance": 2},
            {"design": 1, "model.mean": -1, "model.covariance": -2},
        ),
        exempt={"unit": "a covariance in squared units of 1e18 leaves the range of single precision"},
    ),
    Example(
        bayesian_regression.score,
        lambda key: {"model": posterior(key), "design": design(key)["design"], "y": design(key)["y"]},
        gradient=("model", "design", "y"),
    ),
    Example(bayesian_regression.log_evidence, design, gradient=("design", "y", "prior", "noise_variance")),
    Example(robust.init, regression, gradient=("x", "y")),
    Example(robust.predict, lambda key: {"model": line(key)["model"], "x": points(key, d=2)}, gradient=("x",)),
    Example(robust.score, line, gradient=("x", "y")),
    Example(robust.log_likelihood, line, gradient=("x", "y")),
    Example(
        robust.trust,
        line,
        gradient=("x", "y"),
        units=({"model.coef": 1, "model.intercept": 1, "model.scale": 1, "y": 1}, {"model.coef": -1, "x": 1}),
    ),
    Example(
        robust.step,
        off,
        {"estimate_df": True},
        tolerance=1e-3,
        units=({"state.coef": 1, "state.intercept": 1, "state.scale": 1, "y": 1}, {"state.coef": -1, "x": 1}),
    ),
    # too few steps to converge, since rounding decides in which step it would
    Example(
        robust.fit,
        regression,
        {"max_iter": 8},
        tolerance=1e-3,
        units=({"x": 1},),  # another unit of y adds its logarithm to the likelihood
        origins=(("x",), ("y",)),
    ),
    Example(
        intervals.contains,
        lambda key: {"interval": intervals.Interval(jnp.array(0.0), jnp.array(1.0)), "value": jax.random.normal(key)},
    ),
    Example(intervals.credible, lambda key: {"draws": points(key)}, {"level": 0.8}, gradient=("draws",)),
    Example(intervals.highest_density, lambda key: {"draws": noise(key)["y"]}, {"level": 0.8}, gradient=("draws",)),
    Example(intervals.student_t_width, lambda key: {"df": 2 + jax.random.uniform(key)}, {"level": 0.9}),
    Example(intervals.of_mean, lambda key: {"x": noise(key)["y"]}, gradient=("x",)),
    Example(
        intervals.of_share,
        lambda key: {"successes": jnp.array(3.0), "n": 8 + jax.random.uniform(key)},
        gradient=("successes", "n"),
    ),
    Example(
        intervals.bootstrap,
        lambda key: {"x": noise(key)["y"], "key": key},
        {"statistic": jnp.mean, "n_resamples": 8, "kind": "bca"},
        units=({"x": 1},),
        x64=False,  # draws differ by dtype
    ),
    Example(
        intervals.coverage,
        lambda key: {"target": jnp.array(0.0), "key": key},
        {"interval": mean_interval, "simulate": normal_simulation, "n_repeats": 4},
        x64=False,  # draws differ by dtype
    ),
    Example(
        sampling.init,
        lambda key: {"position": jax.random.normal(key, (3,))},
        {"log_prob": height},
        gradient=("position",),
    ),
    Example(
        sampling.metropolis_step,
        lambda key: start(key) | {"step_size": jnp.array(0.5), "scale": jnp.ones(3)},
        {"log_prob": height},
        x64=False,  # draws differ by dtype
    ),
    Example(
        sampling.hmc_step,
        lambda key: start(key) | {"step_size": jnp.array(0.1), "scale": jnp.ones(3)},
        {"log_prob": height, "n_leapfrog": 3},
        exempt={"warm": READ_AGAIN},
        x64=False,  # draws differ by dtype
    ),
    Example(
        sampling.metropolis,
        chain,
        {"log_prob": height, "n_samples": 5, "n_warmup": 5},
        x64=False,  # draws differ by dtype
        tolerance=1e-3,
    ),
    Example(
        sampling.hmc,
        chain,
        {"log_prob": height, "n_samples": 5, "n_warmup": 5, "n_leapfrog": 2},
        x64=False,  # draws differ by dtype
        tolerance=1e-3,
    ),
    Example(
        warmup.start,
        lambda key: {"step_size": jnp.array(0.5), "position": jax.random.normal(key, (3,))},
        exempt={"missing": "only the number of coordinates is read from the position"},
    ),
    Example(warmup.learn_step, lambda key: warming(key) | {"error": 0.3 * jax.random.normal(key)}),
    Example(
        warmup.learn_scale,
        lambda key: warming(key) | {"position": jax.random.normal(key, (3,)), "number": jnp.array(30)},
        {"n_warmup": 100},
        batched=("old", "position"),
    ),
    Example(diagnostics.autocorrelation, walks, gradient=("chains",)),
    Example(diagnostics.r_hat, walks, gradient=("chains",)),
    Example(diagnostics.effective_sample_size, walks),
    Example(diagnostics.mean_error, walks),
    Example(hierarchical.eight_schools, lambda key: {}, batched=(), x64=False),  # a constant
    Example(hierarchical.log_prob, groups, gradient=("position",)),
    Example(hierarchical.centered_log_prob, groups, gradient=("position",)),
    Example(hierarchical.effects, lambda key: {"position": groups(key)["position"]}, gradient=("position",)),
    Example(
        hierarchical.exact_moments, lambda key: {"estimates": hierarchical.eight_schools()}, {"n_grid": 50}, batched=()
    ),
    Example(
        mixture_density.init,
        lambda key: {"key": key, **regression(key)},
        {"n_components": 2, "hidden": (4,)},
        x64=False,  # draws differ by dtype
    ),
    Example(mixture_density.conditional, network_and_x, gradient=("model", "x")),
    Example(mixture_density.predict, network_and_x, gradient=("model", "x")),
    Example(mixture_density.variance, network_and_x, gradient=("model", "x")),
    Example(mixture_density.log_prob, network_and_data, gradient=("model", "x", "y")),
    Example(mixture_density.score, network_and_data, gradient=("model", "x", "y")),
    Example(mixture_density.cdf, network_and_data, gradient=("model", "x", "y")),
    Example(mixture_density.sample, lambda key: network_and_x(key) | {"key": key}, x64=False),  # draws differ by dtype
    Example(
        mixture_density.fit,
        lambda key: {"key": key, **regression(key)},
        {"n_components": 2, "hidden": (4,), "n_steps": 3},
        x64=False,  # draws differ by dtype
    ),
    Example(
        enrichment.inject,
        lambda key: {"key": key, **regression(key), "scale": jnp.array(0.1)},
        {"n_copies": 2},
        gradient=("x", "y", "scale"),
        x64=False,  # draws differ by dtype
    ),
    Example(
        enrichment.noisy_risk,
        lambda key: {"key": key, **regression(key), "scale": jnp.array(0.1)},
        {"function": wave, "n_draws": 2},
        gradient=("x", "y", "scale"),
        exempt={"warm": READ_AGAIN},
        x64=False,  # draws differ by dtype
    ),
    Example(
        enrichment.second_order,
        lambda key: regression(key) | {"scale": jnp.array(0.1)},
        {"function": wave},
        gradient=("x", "y", "scale"),
    ),
    Example(
        enrichment.tikhonov_risk,
        lambda key: regression(key) | {"scale": jnp.array(0.1)},
        {"function": wave},
        gradient=("x", "y", "scale"),
    ),
    Example(calibration.curve, forecasts, {"n_bins": 3}),
    Example(calibration.expected_error, forecasts, {"n_bins": 3, "strategy": "quantile"}),
    Example(calibration.brier, forecasts, gradient=("probability",)),
    Example(
        calibration.gaussian_pit,
        lambda key: {**noise(key), "mean": jnp.array(0.1), "scale": jnp.array(2.0)},
        gradient=("y", "mean", "scale"),
        units=({"y": 1, "mean": 1, "scale": 1},),
        origins=(("y", "mean"),),
    ),
    Example(calibration.pit_histogram, lambda key: {"pit": jax.random.uniform(key, (9,))}, {"n_bins": 4}),
    Example(calibration.pit_distance, lambda key: {"pit": jax.random.uniform(key, (9,))}, gradient=("pit",)),
    Example(
        calibration.interval_coverage,
        lambda key: {"pit": jax.random.uniform(key, (9,)), "levels": jnp.array([0.5, 0.9])},
    ),
]
