# %% [markdown]
# # Unit 8. Probability: noise and likelihood
#
# We pull a bar of steel at 400 °C to measure its stiffness, the slope of stress over strain (Unit 3). The clip that
# measures the strain slipped four times, and nobody noticed. **Which line do we believe, and how much?** Least squares
# has an answer, but no reason. The reason is a model of the noise. Once it is written down, other noise leads to
# another loss, prior knowledge has a place, and the answer has an error bar.

# %%
import jax
import jax.numpy as jnp
import numpy as np

from mfml.data import tensile
from mfml.plots import probability as plots
from mfml.probability import (
    bayes,
    bayesian_regression,
    calibration,
    diagnostics,
    enrichment,
    hierarchical,
    information,
    intervals,
    likelihood,
    mle,
    robust,
    sampling,
)
from mfml.probability.gaussian import Gaussian

rng = np.random.default_rng(8)
key = jax.random.key(8)
N = 40
test = tensile.simulate(np.array([400.0], np.float32), key=key, n_points=N, max_strain=0.001)
strain, stress = 1000 * np.asarray(test.strain[0]), np.asarray(test.stress[0])  # per mille, MPa
true_modulus = float(tensile.youngs_modulus(400.0)) / 1000  # GPa, which is MPa over per mille
slipped = np.array([29, 33, 36, 38])
measured = stress.copy()
measured[slipped] -= np.array([70, 90, 60, 80], np.float32)
print(f"{N} points up to {stress.max():.0f} MPa, {len(slipped)} of them spoiled; true modulus {true_modulus:.1f} GPa")

# %% [markdown]
# ## A loss is a noise model
#
# If we say how a measurement y scatters around the prediction m, the loss follows. It is the surprise $-\log p(y)$,
# the **negative log-likelihood**. For normal, Laplace and Student-t noise of scale s, with $z = (y - m)/s$:
#
# $$\begin{aligned}
# \text{normal:}\quad & \tfrac12 z^2 + \log s + \tfrac12 \log 2\pi \\
# \text{Laplace:}\quad & |z| + \log s + \log 2
# \end{aligned} \tag{8.1}$$
#
# $$\text{Student-t:}\quad \tfrac{\nu + 1}{2} \log\left(1 + \tfrac{z^2}{\nu}\right) + \log s + c(\nu) \tag{8.2}$$
#
# The first is the squared error, the second the absolute error, and the third hardly grows: three opinions about tails.

# %%
MODELS = {
    "normal": lambda z: likelihood.gaussian_nll(z, 0.0, 1.0),
    "Laplace": lambda z: likelihood.laplace_nll(z, 0.0, 1.0),
    "Student-t, ν = 3": lambda z: likelihood.student_t_nll(z, 0.0, 1.0, 3.0),
}


@jax.jit
def losses_and_pulls(z):
    return [(nll(z), jax.grad(lambda z, nll=nll: nll(z).sum())(z)) for nll in MODELS.values()]


z = np.linspace(-6, 6, 241, dtype=np.float32)
both = dict(zip(MODELS, losses_and_pulls(z), strict=True))
pulls = {name: np.asarray(pull) for name, (_, pull) in both.items()}

# %% tags=["fig-noise"]
plots.noise_models(z, {name: loss for name, (loss, _) in both.items()}, pulls)

# %% [markdown]
# *What to see.* The slope of the loss is the force with which a point pulls the line. It grows without limit under
# normal noise, and is constant under Laplace's. Under Student's it *fades*: the model takes a point far off for an
# accident.
#
# *Exercises 8.1 and 8.5* ([exercises/unit08.py](../exercises/unit08.py)): two of these losses.

# %% [markdown]
# ## An outlier breaks the Gaussian, not Student-t
#
# Student-t noise is normal noise whose variance changes from point to point. So **expectation maximization** (Unit 5)
# can fit it: guess how much to trust each point, fit a line with these weights, repeat.
#
# $$w_i = \frac{\nu + 1}{\nu + z_i^2}, \qquad
# \beta \leftarrow \arg\min_\beta \sum_i w_i (y_i - x_i \beta)^2, \qquad
# s^2 \leftarrow \frac1n \sum_i w_i r_i^2 \tag{8.3}$$

# %%
x = strain[:, None]
shifts = np.linspace(0, 150, 16, dtype=np.float32)  # of a single point, at the end
moved = np.tile(stress, (len(shifts), 1))
moved[:, -1] -= shifts

targets = np.concatenate([measured[None], moved])  # all at once
student = jax.tree.map(np.asarray, jax.jit(jax.vmap(lambda y: robust.fit(x, y, df=3.0)))(targets))
slope, intercept = np.polyfit(strain, targets.T, 1)
slopes = {"least squares": slope, "Student-t, ν = 3": student.coef[:, 0]}
lines = {
    "least squares": intercept[0] + strain * slope[0],
    "Student-t, ν = 3": student.intercept[0] + strain * student.coef[0],
}
history = student.history[0][: student.n_iter[0] + 1]
print({name: f"{slope[0]:.1f} GPa" for name, slope in slopes.items()}, f"after {student.n_iter[0]} steps of EM")

# %% tags=["fig-outliers"]
plots.weighted_line(strain, measured, student.weights[0], lines, x_label="strain (‰)", y_label="stress (MPa)")

# %% tags=["fig-breakdown"]
plots.curves(
    shifts,
    {name: slope[1:] for name, slope in slopes.items()},
    dashed={"truth": np.full_like(shifts, true_modulus)},
    x_label="error of the last point (MPa)",
    y_label="modulus (GPa)",
)

# %% [markdown]
# *What to see.* Four of forty points cost least squares a good part of the modulus. Student-t gives them hardly any
# weight, though nobody told it which they are. In the second figure one point moves further and further away. Least
# squares always follows it. Student-t follows at first, then lets go.
#
# *Where it fails.* If there are many accidents and they agree with each other, they become the majority that the model
# trusts. And an outlier may be the discovery: look at the weights before you believe the line.

# %% [markdown]
# ## Likelihood against squared error
#
# Now two instruments alternate, and we add more and more noise to the second. Least squares treats all points alike.
# The likelihood has a scale for each instrument. It finds both from the data, and they decide what each point counts:
#
# $$\min_{\beta, s_1, s_2} \sum_i \left[ \frac{(y_i - x_i \beta)^2}{2 s_{k(i)}^2} + \log s_{k(i)} \right] \tag{8.4}$$

# %%
instrument = np.arange(N) % 2
sizes = np.array([2, 5, 10, 20, 40, 80], np.float32)  # MPa, of the noise of the second; the first has 2
REPEATS = 100
noise = rng.normal(size=(len(sizes), REPEATS, N)) * np.where(instrument, sizes[:, None, None], 2.0)
experiments = (strain * true_modulus + noise).astype(np.float32)
design = np.stack([np.ones_like(strain), strain], axis=1)


def two_scales(params, y):
    """Return the surprise at each sample. The scales are given by their logarithms, which may be any number."""
    return likelihood.gaussian_nll(y, design @ params["line"], jnp.exp(params["log_scale"][instrument]))


@jax.jit
def most_likely(targets):
    start = {"line": jnp.array([0.0, 150.0]), "log_scale": jnp.array([3.0, 3.0])}
    return jax.vmap(lambda y: mle.fit(y, nll=two_scales, init=start, max_iter=40))(targets)


found = jax.tree.map(np.asarray, most_likely(experiments.reshape(-1, N)))
by_likelihood = found.params["line"][:, 1].reshape(len(sizes), REPEATS)
by_squares = np.polyfit(strain, experiments.reshape(-1, N).T, 1)[0].reshape(len(sizes), REPEATS)
errors = {
    "squared error": np.sqrt(np.mean((by_squares - true_modulus) ** 2, axis=1)),
    "likelihood": np.sqrt(np.mean((by_likelihood - true_modulus) ** 2, axis=1)),
}
precision = [design.T @ (design / np.where(instrument, size, 2.0)[:, None] ** 2) for size in sizes]
bound = np.array([np.sqrt(np.linalg.inv(one)[1, 1]) for one in precision])
print(f"scales found, last level: {np.exp(found.params['log_scale'][-REPEATS:]).mean(axis=0).round(1)} MPa")

# %% tags=["fig-injection"]
plots.curves(
    sizes,
    errors,
    dashed={"Cramér-Rao bound": bound},
    x_label="noise of the second instrument (MPa)",
    x_ticks=sizes,
    y_label="error of the modulus (GPa)",
    log_x=True,
    log_y=True,
)

# %% [markdown]
# *What to see.* With equal noise both do equally well. With unequal noise the squared error suffers from the bad
# instrument, while the likelihood learns to ignore it. The dashed line is the **Cramér-Rao bound** from the Fisher
# information. No unbiased estimate can do better, and maximum likelihood reaches it. (Its line dips below in places,
# since a hundred repetitions scatter.)
#
# *Exercise 8.2*: the most likely mean and variance.

# %% [markdown]
# ## A regularizer is a prior, and so is noise on the inputs
#
# Two strain gauges on the two sides of the bar show almost the same values. Least squares cannot tell their
# contributions apart and gives them large opposite weights. Three remedies look different:
#
# $$\text{ridge: } \|y - Xw\|^2 + \alpha \|w\|^2, \qquad
# \text{MAP: prior } w \sim \mathcal N(0, \tau^2), \qquad
# \text{enrichment: copies with } x + \varepsilon \tag{8.5}$$
#
# They are the same, with $\alpha = s^2 / \tau^2$ for noise of variance $s^2$ on y, and $\alpha = n \sigma^2$ for noise
# of variance $\sigma^2$ on n inputs. The last is exact for linear models. For others it holds to second order, with
# Tikhonov's penalty on slopes.

# %%
gauges = (strain[:, None] - strain.mean() + 0.02 * rng.normal(size=(N, 2))).astype(np.float32)
load = (gauges @ np.array([1.0, 1.0]) + 0.05 * rng.normal(size=N)).astype(np.float32)
alphas = np.geomspace(1e-4, 3, 30).astype(np.float32)
few = alphas[::6]
ridge = np.array([np.linalg.solve(gauges.T @ gauges + a * np.eye(2), gauges.T @ load) for a in alphas])


def posterior_mean(alpha):
    return bayesian_regression.fit(
        gauges, load, prior=bayesian_regression.ridge_prior(alpha, 0.0025, n_columns=2), noise_variance=0.0025
    ).mean


def noisy_copies(alpha, key):
    return enrichment.inject(gauges, load, key=key, scale=jnp.sqrt(alpha / N), n_copies=400)


@jax.jit
def two_ways(few, keys):
    return jax.vmap(posterior_mean)(few), jax.vmap(noisy_copies)(few, keys)


by_prior, copies = jax.tree.map(np.asarray, two_ways(few, jax.random.split(key, len(few))))
by_noise = np.array([np.linalg.lstsq(one, y, rcond=None)[0] for one, y in zip(*copies, strict=True)])

# %% tags=["fig-map"]
plots.curves(
    alphas,
    {"ridge, first gauge": ridge[:, 0], "ridge, second gauge": ridge[:, 1]},
    points={"MAP": (np.tile(few, 2), by_prior.T.ravel()), "noisy copies": (np.tile(few, 2), by_noise.T.ravel())},
    x_label="penalty α",
    y_label="weight of the gauge",
    log_x=True,
)

# %% [markdown]
# *What to see.* All marks lie on the curves of ridge regression. A regularizer is not a trick. It says how large
# weights may be, in units that we can argue about.
#
# *Exercise 8.7*: the most probable weights.

# %% [markdown]
# ## More than a best value: the posterior
#
# A handbook gives the modulus as 160 ± 10 GPa. Each of our tests has an error of 8 GPa. **Bayes' rule** combines what
# both know. For normal distributions the *precisions* (one over variance) add up:
#
# $$\frac1{v} = \frac1{v_0} + \frac{n}{s^2}, \qquad
# m = v \left( \frac{m_0}{v_0} + \frac{\sum_i y_i}{s^2} \right) \tag{8.6}$$

# %%
tests = (true_modulus + 8 * np.random.default_rng(5).normal(size=16)).astype(np.float32)
handbook = Gaussian(jnp.array([160.0]), jnp.array([[100.0]]))
update = jax.jit(lambda y: bayes.update_mean(handbook, y[:, None], jnp.array([[64.0]])))
beliefs = {"handbook": handbook} | {f"tests: {n}": update(tests[:n]) for n in (1, 4, 16)}
moduli = np.linspace(130, 200, 281)


def bell(mean, scale):
    return np.exp(-0.5 * ((moduli - mean) / scale) ** 2) / (scale * np.sqrt(2 * np.pi))


shown = {name: bell(float(one.mean[0]), float(one.covariance[0, 0]) ** 0.5) for name, one in beliefs.items()}

# %% tags=["fig-posterior"]
plots.densities(
    moduli,
    shown,
    x_label="modulus (GPa)",
    y_label="density (1/GPa)",
    filled="handbook",
    marks=[true_modulus],
    marks_label="truth",
)

# %% [markdown]
# *What to see.* One test moves the belief a little, and sixteen decide. The handbook is not forgotten but outvoted.
#
# *Exercise 8.6*: this posterior.

# %% [markdown]
# ### Does a 95 % interval keep its promise?
#
# This can be tested. Simulate the experiment a few thousand times, and count how often the interval contains the truth.
# With five samples, mean ± 1.96 standard errors contains it too rarely. Student's factor is right.


# %%
def five_tests(key):
    return jax.random.normal(key, (5,))


def two_recipes(y, key):
    width = 1.96 * jnp.std(y, ddof=1) / 5**0.5
    student = intervals.of_mean(y)
    low, high = jnp.stack([y.mean() - width, student.low]), jnp.stack([y.mean() + width, student.high])
    return intervals.Interval(low, high)


coverage = intervals.coverage(two_recipes, five_tests, 0.0, key=key, n_repeats=4000)
naive, students = np.asarray(coverage.rate)
print(f"1.96 standard errors: {naive:.3f}; Student's: {students:.3f}; both ± {coverage.standard_error[1]:.3f}")

# %% [markdown]
# ## How far is one distribution from another?
#
# **Entropy** is the average surprise. Believing q where p is true costs more, and the difference is the
# **Kullback-Leibler divergence**:
#
# $$H(p) = -\int p \log p, \qquad D(p \,\|\, q) = \int p \log \frac pq \ge 0 \tag{8.7}$$
#
# It is not symmetric. If a model cannot be right everywhere, the order of p and q decides what it does. Take the
# hardness of an alloy of two phases, and describe it by one normal distribution.

# %%
hardness = np.linspace(0, 12, 601)
h = hardness[1] - hardness[0]


def normal(mean, scale):
    return np.exp(-0.5 * ((hardness - mean) / scale) ** 2) / (scale * np.sqrt(2 * np.pi))


alloy = 0.6 * normal(3.0, 0.6) + 0.4 * normal(8.0, 0.8)
mean = np.sum(hardness * alloy) * h
spread = np.sqrt(np.sum((hardness - mean) ** 2 * alloy) * h)
candidates = [(m, s) for m in np.linspace(1, 10, 46) for s in np.linspace(0.3, 4, 38)]
backward = [np.sum(q * (np.log(q + 1e-300) - np.log(alloy + 1e-300))) * h for q in (normal(*one) for one in candidates)]
seeking = candidates[int(np.argmin(backward))]
p, q = (Gaussian(jnp.array([m]), jnp.array([[s**2]])) for m, s in ((3.0, 0.6), (8.0, 0.8)))
formula = [float(jax.jit(information.gaussian_kl)(*pair)) for pair in ((p, q), (q, p))]
first, second = normal(3.0, 0.6), normal(8.0, 0.8)
integral = [np.sum(a * (np.log(a + 1e-300) - np.log(b + 1e-300))) * h for a, b in ((first, second), (second, first))]
print(f"between the phases: {formula[0]:.2f} and {formula[1]:.2f} nats; integrals {np.round(integral, 2)}")

# %% tags=["fig-divergence"]
plots.densities(
    hardness,
    {
        "two phases p": alloy,
        "smallest D(p‖q): likelihood": normal(mean, spread),
        "smallest D(q‖p): variational": normal(*seeking),
    },
    x_label="hardness (GPa)",
    y_label="density (1/GPa)",
    filled="two phases p",
)

# %% [markdown]
# *What to see.* Maximum likelihood makes $D(p \| q)$ small. Then nothing that happens may surprise q, so it covers both
# phases and has its peak where there is nothing. With $D(q \| p)$ it picks one phase and ignores the other.
#
# *Exercises 8.3 and 8.4*: entropy, and the divergence of two normal distributions.

# %% [markdown]
# ## When no formula is left: Hamiltonian Monte Carlo
#
# Eight laboratories measured the same effect, each with its own known error. Are there eight true values, or one? A
# hierarchical model leaves this open: true effects scatter by $\tau$, and the data determine $\tau$. Its posterior has
# no closed form, so we **draw** from it. Give a point a random push, let it roll on the landscape $-\log p$ with a
# leapfrog integrator, and let the energy error $\Delta H$ decide whether to accept:
#
# $$H(x, v) = -\log p(x) + \tfrac12 \|v\|^2, \qquad P(\text{accept}) = \min(1, e^{-\Delta H}) \tag{8.8}$$

# %%
laboratories = hierarchical.eight_schools()  # numbers from a famous data set; think of them as GPa


def log_posterior(position):
    return hierarchical.log_prob(position, laboratories)


@jax.jit
def four_chains(starts, keys):
    def run(start, key):
        return sampling.hmc(
            log_posterior, start, key=key, n_samples=1000, n_warmup=400, n_leapfrog=10, target_accept=0.9
        )

    chains = jax.vmap(run)(starts, keys)
    tau = jnp.exp(chains.samples[:, :, 1])
    theta = jax.vmap(jax.vmap(hierarchical.effects))(chains.samples)
    quality = diagnostics.r_hat(tau), diagnostics.effective_sample_size(tau)
    return chains, tau, theta, quality, hierarchical.exact_moments(laboratories)


starts = rng.normal(size=(4, 10)).astype(np.float32)
chains, tau, theta, (r_hat, worth), exact = jax.tree.map(np.asarray, four_chains(starts, jax.random.split(key, 4)))
acceptance = chains.acceptance.mean()
size = np.median(np.abs(chains.energy_error))
print(f"acceptance {acceptance:.2f}, median size of the energy error {size:.2f} nats")
print(f"τ: R-hat {r_hat:.3f}, {tau.size} draws are worth {worth:.0f}; mean {tau.mean():.2f}, exact {exact.mean[1]:.2f}")

# %% tags=["fig-laboratories"]
plots.shrinkage(
    "ABCDEFGH",
    laboratories.effect,
    laboratories.error,
    theta.mean(axis=(0, 1)),
    theta.std(axis=(0, 1)),
    overall=float(chains.samples[:, :, 0].mean()),
    exact=exact.mean[2:],
    y_label="effect (GPa)",
)

# %% [markdown]
# *What to see.* Alone, the laboratories seem to disagree. Together, most of the disagreement turns out to be noise.
# Each is pulled towards the mean of all, and the less certain ones are pulled more. The crosses come from a sum over a
# grid of $\tau$, which still works here.
#
# *Where it fails.* Written in the effects themselves, the posterior is a funnel that is too narrow for any step size.
# So we drew in $z = (\theta - \mu)/\tau$ instead (`hierarchical.log_prob`, *non-centered*). Before you trust a mean,
# always look at the effective sample size and at R-hat, which should be below 1.01.

# %% [markdown]
# ## Does the model know what it does not know?
#
# If the predicted distributions are right, the quantile that comes true is uniform: 10 % of all values lie below the
# predicted 10 % quantile, and so on. Data are all that this **probability integral transform** (PIT) needs.

# %%
many = 4000
accidents = rng.random(many) < 0.1
truth_scale = np.where(accidents, 30.0, 3.0)
residuals = (truth_scale * rng.normal(size=many)).astype(np.float32)
spreads = {"normal, all data": residuals.std(), "too sure": 2.0, "a mixture, as it is": None}


def mixture_cdf(r):
    return sum(w * calibration.gaussian_pit(r, 0.0, s) for w, s in ((0.9, 3.0), (0.1, 30.0)))


@jax.jit
def pit_of_all(r):
    pits = jnp.stack([calibration.gaussian_pit(r, 0.0, s) if s else mixture_cdf(r) for s in spreads.values()])
    return jax.vmap(lambda pit: (calibration.pit_histogram(pit), calibration.pit_distance(pit)))(pits)


histograms, distances = jax.tree.map(np.asarray, pit_of_all(residuals))
gaps = dict(zip(spreads, distances.tolist(), strict=True))
print({name: f"{gap:.3f}" for name, gap in gaps.items()}, f"chance: {1.36 / many**0.5:.3f}")

# %% tags=["fig-pit"]
plots.pit_histograms(histograms.edges[0], dict(zip(spreads, histograms.density, strict=True)), n_samples=many)

# %% [markdown]
# *What to see.* A hill in the middle means not sure enough: the accidents widen the normal distribution, so it is too
# wide for most samples. A valley means too sure. A histogram that is flat within the gray range of chance means
# calibrated. The calibration curve asks the same question about classes.
#
# *Exercise 8.8*: the bins of a calibration curve.

# %% [markdown]
# ## What to keep
#
# 1. A loss is a noise model. The squared error assumes normal noise, the same everywhere. If you know better, say so.
# 2. Heavy tails forgive accidents. With a scale per instrument, the likelihood finds the good one by itself.
# 3. Ridge regression, a normal prior, and noise on the inputs are the same.
# 4. A posterior, an interval and a calibrated forecast claim how uncertain they are. The claim can be tested.
#
# **Now you**: [exercises/unit08.py](../exercises/unit08.py), then `nox -s grade -- 8`. To read on: Bishop (2006),
# chapters 1, 2 and section 11.5; Murphy (2012), chapters 5, 6 and section 11.4.5; Gelman et al. (2013), chapter 5.

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert np.all(np.diff(history) > -1e-5)
assert slopes["least squares"][0] < 0.85 * true_modulus
assert abs(slopes["Student-t, ν = 3"][0] / true_modulus - 1) < 0.05
assert student.weights[0][slipped].max() < 0.1
assert slopes["least squares"][1] - slopes["least squares"][-1] > 10
assert abs(slopes["Student-t, ν = 3"][-1] - slopes["Student-t, ν = 3"][1]) < 2
assert pulls["normal"][-1] > 5 > 1.2 > pulls["Student-t, ν = 3"].max()
assert found.converged.all()
assert abs(errors["likelihood"][0] / errors["squared error"][0] - 1) < 0.2
assert errors["squared error"][-1] > 10 * errors["likelihood"][-1]
assert errors["likelihood"][-1] < 1.4 * bound[-1]
assert np.abs(by_prior - ridge[::6]).max() < 2e-3
assert np.abs(by_noise - ridge[::6]).max() < 0.1
assert np.ptp(ridge[0]) > 3 * np.ptp(ridge[-1])
assert beliefs["tests: 16"].covariance[0, 0] < beliefs["tests: 1"].covariance[0, 0] < 100
assert abs(beliefs["tests: 16"].mean[0] - true_modulus) < 6
assert naive < 0.9
assert abs(students - 0.95) < 0.015
assert np.allclose(formula, integral, rtol=1e-3)
assert 4 < mean < 6
assert abs(seeking[0] - 3) < 0.3
assert abs(acceptance - 0.9) < 0.08
assert r_hat < 1.02
assert worth > 300
assert np.all(np.abs(theta.mean(axis=(0, 1)) - exact.mean[2:]) < 1)
assert gaps["a mixture, as it is"] < 0.03 < min(gaps["normal, all data"], gaps["too sure"])
