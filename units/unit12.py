# %% [markdown]
# # Unit 12. Uncertainty: how wrong may a prediction be?
#
# A tool steel is hardened and then tempered. Its hardness falls with the temperature of tempering, rises again when
# carbides precipitate, and falls once more. The laboratory has measured forty pieces. Its small furnace works from 100
# to 325 °C. The large one works from 475 to 700 °C, where scale makes the surface rough. So there is a gap in the data,
# and the noise changes.
# **Where may we trust a curve through these points, by how much, and which piece should we measure next?**

# %%
import time

import jax
import jax.numpy as jnp
import numpy as np

from mfml.data import alloys
from mfml.plots import probability as curves
from mfml.plots import uncertainty as plots
from mfml.probability import calibration, likelihood
from mfml.probability import mixture_density as mdn
from mfml.uncertainty import (
    acquisition,
    active,
    compare,
    conformal,
    conformal_shift,
    decompose,
    dropout,
    ensemble,
    evidence,
    gp,
    kernels,
    laplace,
    recalibration,
    temperature,
)

rng = np.random.default_rng(12)
key = jax.random.key(12)
INSIDE, OUTSIDE = ((100.0, 325.0), (475.0, 700.0)), ((325.0, 475.0), (700.0, 800.0))  # °C
TEMPERATURE, HARDNESS = "tempering temperature (°C)", "hardness (HV)"


def true_hardness(at):
    """HV; made up, with the second maximum that tool steels have."""
    return 600 + 80 * np.sin((at - 400) / 75)


def true_noise(at):
    """Standard deviation in HV: 3, and 20 where there is scale."""
    return np.where(at > 400, 20.0, 3.0).astype(np.float32)


def measure(spans, n):
    """Temper and measure n pieces, half of them in each span of temperatures."""
    at = np.sort(np.concatenate([rng.uniform(*span, n // 2) for span in spans]))
    return at[:, None].astype(np.float32), (true_hardness(at) + true_noise(at) * rng.normal(size=n)).astype(np.float32)


x, y = measure(INSIDE, 40)
grid = np.linspace(50, 850, 161, dtype=np.float32)
print(f"{len(y)} pieces from {y.min():.0f} to {y.max():.0f} HV")

# %% [markdown]
# ## A number is not enough
#
# We fit a network to all points: ten times, and only the random start differs. Such a **deep ensemble** costs ten
# times as much as one network, but `vmap` trains all of them at once.

# %%
options = {"key": key, "n_members": 10, "beta": 0.5, "hidden": (16, 16), "n_steps": 800}
together = ensemble.fit(x, y, **options)
members = ensemble.predictions(together, grid[:, None])
spread = {at: float(np.ptp(members.means[:, np.argmin(abs(grid - at))])) for at in (200, 400, 550, 850)}
print("from the lowest to the highest network:", ", ".join(f"{far:.2g} HV at {at} °C" for at, far in spread.items()))

# %% tags=["fig-members"]
plots.members(grid, members.means, (x[:, 0], y), x_label=TEMPERATURE, y_label=HARDNESS, curve_label="networks")

# %% [markdown]
# *What to see.* Each network alone draws its curve as firmly at 850 °C as at 200 °C. The ten together show that the
# number at 850 °C is a guess, and that some doubt is left in the gap.
#
# A prediction can be wrong for two reasons. The next piece scatters even if we know the curve: this is **aleatoric**
# uncertainty, the noise of Unit 8, and more data do not help. And we do not know the curve: this is **epistemic**
# uncertainty, and more data do help. What we want is the **predictive distribution** of a new measurement. It averages
# over all curves f, and the better a curve agrees with the data, the more it counts:
#
# $$p(y_* \mid \text{data}) = \int p(y_* \mid f)\, p(f \mid \text{data})\, df, \qquad
# \mathrm{Var}[y_*] = \underbrace{\mathrm E[\sigma^2]}_{\text{aleatoric}}
# + \underbrace{\mathrm{Var}[f_*]}_{\text{epistemic}}$$
#
# ## Kernels: what is similar
#
# For one family of models this integral has a closed form. A **Gaussian process** says that the values of f at any
# temperatures are jointly normal. All that it needs is a mean, and the covariance of any two values, the **kernel**.
# The usual one says that neighbors are similar, and the length $\ell$ says how far a neighbor may be:
#
# $$k(x, z) = v \exp\Big(-\frac{\|x - z\|^2}{2 \ell^2}\Big) \tag{12.1}$$
#
# It is called RBF (radial basis function), and v is the variance of f. Other kernels make other assumptions. We look at
# functions drawn from each prior, before any data.

# %%
line = np.linspace(0, 6, 121, dtype=np.float32)[:, None]
SHOWN = {
    "RBF, ℓ = 1": kernels.RBF(length=1.0),
    "RBF, ℓ = 0.3": kernels.RBF(length=0.3),
    "Matérn, ν = 1/2": kernels.Matern(length=1.0, nu=0.5),
    "Matérn, ν = 5/2": kernels.Matern(length=1.0, nu=2.5),
    "periodic": kernels.Periodic(length=1.0, period=2.0),
    "linear": kernels.Linear(variance=0.1),
    "linear + periodic": kernels.Linear(variance=0.1) + kernels.Periodic(length=1.0, period=2.0),
    "RBF × periodic": kernels.RBF(length=2.0) * kernels.Periodic(length=1.0, period=2.0),
}


@jax.jit
def prior_draws(key):
    keys = jax.random.split(key, len(SHOWN))
    return [gp.sample_prior(kernel, line, key=k, n_samples=3) for kernel, k in zip(SHOWN.values(), keys, strict=True)]


functions = dict(zip(SHOWN, map(np.asarray, prior_draws(key)), strict=True))

# %% tags=["fig-kernels"]
plots.draws(line[:, 0], functions, x_label="x", y_label="f(x)")

# %% [markdown]
# *What to see.* After about two lengths an RBF function has forgotten its value: the correlation is $e^{-2} = 0.14$. It
# is smooth, and those of Matérn with ν = 1/2 have kinks everywhere. Sums and products of kernels are kernels: a trend
# plus an oscillation, or an oscillation that slowly changes its shape.
#
# *Exercise 12.1* ([exercises/unit12.py](../exercises/unit12.py)).
#
# ## The posterior of a Gaussian process
#
# Now the data. With the kernel matrix K of the measured points, the noise variance $s^2$, and $c$, the covariances of a
# new point with the measured ones, the posterior of f there is normal with
#
# $$\mu_* = c^\top (K + s^2 I)^{-1} y, \qquad \sigma_*^2 = v - c^\top (K + s^2 I)^{-1} c \tag{12.2}$$
#
# for a prior with mean 0. (We subtract a mean from y first, and add it to $\mu_*$ at the end.) If the noise differs
# from point to point, $s^2 I$ becomes a diagonal matrix. Our laboratory knows its noise from repeated indentations.
#
# There is no training and no random start, only the Cholesky factor L with $L L^\top = K + s^2 I$. Two triangular
# systems give $a = L^{-1} y$ and $b = L^{-1} c$, and then $\mu_* = b^\top a$ and $\sigma_*^2 = v - b^\top b$. We set
# mean 600 HV, standard deviation $\sqrt v$ = 80 HV and length 120 °C by hand, for now.

# %%
by_hand = {"kernel": kernels.RBF(length=120.0, variance=80.0**2), "mean": 600.0}  # °C, HV²; HV
few = np.array([3, 12, 30])
noise_at = true_noise(x[:, 0]) ** 2


@jax.jit
def states(key):
    """Mean, standard deviation and draws: before data, with three points, with all."""
    at = grid[:, None]
    known = {"3 points": (x[few], y[few], noise_at[few]), "40 points": (x, y, noise_at)}
    found = {
        "prior": (0 * grid + 600.0, 0 * grid + 80.0, 600 + gp.sample_prior(by_hand["kernel"], at, key=key, n_samples=5))
    }
    for name, (rows, values, noise) in known.items():
        model = gp.condition(rows, values, noise_variance=noise, **by_hand)
        made = gp.predictive(model, at, noise_variance=0.0)
        found[name] = made.mean, made.epistemic_std, gp.sample(model, at, key=key, n_samples=5)
    return found


seen = jax.tree.map(np.asarray, states(key))
seen = {name: seen[name] for name in ("prior", "3 points", "40 points")}

# %% tags=["fig-posterior"]
plots.processes(
    grid,
    seen,
    {"3 points": (x[few, 0], y[few]), "40 points": (x[:, 0], y)},
    x_label=TEMPERATURE,
    y_label=HARDNESS,
    y_limits=(350, 850),
)

# %% [markdown]
# *What to see.* Data remove the functions that do not pass near them. Near a measurement the band is narrow. Far from
# all of them it is that of the prior again: the process knows what it does not know. That is the point of this unit.
#
# *Exercise 12.2.*
#
# ## The evidence chooses the kernel
#
# What chooses length, variance and kernel? With a short length the curve passes close to every point, so the error on
# the data cannot decide. The **marginal likelihood** or **evidence** can. It is the density of the data, averaged over
# all functions of the prior, and that average is again a normal density. With $A = K + s^2 I$
#
# $$\ln p(y) = \underbrace{-\tfrac12\, y^\top A^{-1} y}_{\text{fit}}
# \;\underbrace{-\, \tfrac12 \ln \det A - \tfrac n2 \ln 2\pi}_{\text{complexity}} \tag{12.3}$$
#
# and $\ln \det A = 2 \sum_i \ln L_{ii}$. A kernel with a short length can produce nearly everything, so it must spread
# its probability over all of that. One with a long length can produce too little. This is **Occam's razor**, and it
# needs no setting. We keep mean and variance, and change the length.

# %%
lengths = np.geomspace(15, 600, 60).astype(np.float32)


@jax.jit
def evidence_of(lengths):
    """Log evidence of each kernel and its part of the fit, over the length."""

    def at(length):
        kinds = [kernels.RBF(length, 6400.0), *(kernels.Matern(length, 6400.0, nu=nu) for nu in (2.5, 0.5))]
        models = [gp.condition(x, y, kernel=kind, noise_variance=noise_at, mean=600.0) for kind in kinds]
        return [model.log_evidence for model in models], -0.5 * (y - 600) @ models[0].coef

    return jax.vmap(at)(lengths)


of_kernel, fit = jax.tree.map(np.asarray, evidence_of(lengths))
of_kernel = dict(zip(("RBF", "Matérn, ν = 5/2", "Matérn, ν = 1/2"), of_kernel, strict=True))
tuned = gp.fit(x, y, kernel=kernels.RBF(), noise_variance=noise_at, learn_noise=False)
best_length = lengths[np.argmax(of_kernel["RBF"])]
print(f"largest on the grid: ℓ = {best_length:.0f} °C; `gp.fit`: ℓ = {float(tuned.kernel.length):.0f} °C,", end=" ")
print(f"standard deviation {float(tuned.kernel.variance) ** 0.5:.0f} HV, {int(tuned.n_iter)} steps")

# %% tags=["fig-evidence"]
parts = {"evidence": of_kernel["RBF"], "fit": fit, "complexity": of_kernel["RBF"] - fit}
ticks = [15, 30, 60, 120, 240, 480]
largest = {"largest evidence": ([best_length], [of_kernel["RBF"].max()])}
ax = curves.curves(
    lengths,
    parts,
    points=largest,
    x_label="length ℓ (°C)",
    y_label="log evidence and its parts (nats)",
    log_x=True,
    x_ticks=ticks,
)
ax.set_ylim(-330, 0)

# %% tags=["fig-evidence-kernels"]
ax = curves.curves(
    lengths, of_kernel, x_label="length ℓ (°C)", y_label="log evidence (nats)", log_x=True, x_ticks=ticks
)
ax.set_ylim(-230, -145)

# %% [markdown]
# *What to see.* For short lengths all functions can follow the data, and the price is complexity. For long ones the
# price falls, but the fit breaks down. Between them lies the best length. In the second figure each nat is a factor of
# e in the probability of the data. The smooth RBF wins, since our curve is smooth, and Matérn with ν = 1/2, whose
# functions have kinks, is far below. To take hyperparameters from the same data like this is called
# **empirical Bayes**. The derivative of the evidence is known, too, so `gp.fit` needs no grid. It finds the variance as
# well, and one length per feature.
#
# *Where it fails.* With few data several lengths explain them about equally well, and the single best one hides that.
# The kernel remains an assumption: one length for all temperatures misses a jump, and evidence can only choose among
# the kernels that we try. And the Cholesky factorization takes about $n^3/3$ operations and memory for $n^2$ numbers: a
# thousand points are easy, and a hundred thousand need 40 GB in single precision. `sparse_gp` lets some inducing points
# stand for all others. `conjugate_gradients` finds the mean without storing a matrix.
#
# *Exercise 12.3.*
#
# ## How many parameters do the data determine?
#
# The same razor works for linear models. Thirty points come from a cubic polynomial plus noise: which degree? The error
# on the data does not rise with the degree, so it cannot tell. The evidence averages over a normal prior of the
# coefficients, and it can.
#
# How many of the m coefficients do the data determine, and how many only the prior? With the eigenvalues $\lambda_i$ of
# $X^\top X / s^2$ and a prior $N(0, 1/\alpha)$ of each coefficient, the **effective number of parameters** is
#
# $$\gamma = \sum_{i=1}^m \frac{\lambda_i}{\lambda_i + \alpha}, \qquad
# \alpha = \frac1{\text{prior variance}} \tag{12.4}$$
#
# A direction in which the data say much more than the prior ($\lambda_i \gg \alpha$) counts as 1, the opposite as 0.

# %%
DEGREES = np.arange(1, 11)
z = np.linspace(-1, 1, 30)
target = (1 + 0.5 * z - z**2 + 1.5 * z**3 + 0.1 * rng.normal(size=30)).astype(np.float32)
basis = np.polynomial.legendre.legvander(z, 10)[:, 1:].astype(np.float32)
designs = np.stack([np.where(degree >= DEGREES, basis, 0) for degree in DEGREES]).astype(np.float32)
ratios = np.geomspace(1e-3, 1e5, 50).astype(np.float32)  # noise variance over prior variance


@jax.jit
def polynomials(designs, ratios):
    """Fits of all degrees, their errors on the data, and gamma of the largest over the width of the prior."""
    models = jax.vmap(lambda design: evidence.fit(design, target))(designs)
    made = jax.vmap(evidence.predict)(models, designs)
    known = jax.vmap(lambda ratio: evidence.effective_parameters(basis, alpha=ratio))(ratios)
    return models, jnp.sqrt(jnp.mean((made - target) ** 2, axis=1)), known


models, errors, known = jax.tree.map(np.asarray, polynomials(designs, ratios))
chosen = int(DEGREES[np.argmax(models.log_evidence)])
chosen_ratio = float((models.noise_std[-1] / models.prior_std[-1]) ** 2)
print(f"evidence chooses degree {chosen}; noise {models.noise_std[chosen - 1]:.3f} (truth 0.1)")
print(f"degree 10: γ = {models.n_effective[-1]:.2f} of 10; degree 3: γ = {models.n_effective[2]:.2f} of 3")

# %% tags=["fig-degree"]
plots.two_panels(
    (DEGREES, {"log evidence": models.log_evidence}, "degree", "log evidence (nats)"),
    (DEGREES, {"error": errors}, "degree", "RMSE on the data"),
    mark=chosen,
)

# %% tags=["fig-effective"]
curves.curves(
    ratios,
    {"degree 10": known},
    points={"chosen by the evidence": (np.array([chosen_ratio]), models.n_effective[-1:])},
    x_label="noise variance / prior variance",
    y_label="effective parameters γ",
    log_x=True,
)

# %% [markdown]
# *What to see.* The error on the data falls up to degree 3, and further degrees change little: it never warns of too
# many. The evidence is largest at degree 3 (dashed) and falls with every further coefficient. The narrower the prior,
# the fewer coefficients the data determine: $\gamma$ falls from 10 to 0. Where the evidence is largest,
# $\alpha = \gamma / \|w\|^2$ and $s^2 = \|r\|^2 / (n - \gamma)$ with the residuals r. `evidence.fit` repeats these two
# steps until nothing changes. (With an intercept, as here, n - 1 takes the place of n.)
#
# *Exercise 12.4.*
#
# ## MC dropout
#
# A network is not a Gaussian process, but there are cheap ways to many curves. **Dropout** (Unit 7) switches random
# units off while a network learns. Leave it switched on while the network predicts: every mask $m_t$ makes another
# network, and T passes give moments. For one hidden layer with weights $w_j$, outputs $a_j$, and the share p that is
# switched off
#
# $$f_{t} = \sum_j a_j\, \mathrm{relu}(x^\top w_j)\, \frac{m_{tj}}{1 - p}, \qquad
# \mu = \frac1T \sum_t f_t, \qquad \sigma^2 = \frac1T \sum_t (f_t - \mu)^2 + s^2 \tag{12.5}$$
#
# How much do the passes differ? We train with four rates.

# %%
of_dropout = {"key": key, "kind": "normal", "beta": 0.5, "hidden": (32, 32), "n_steps": 1500}
RATES = (0.02, 0.05, 0.1, 0.2)
held_x, held_y = measure(INSIDE, 400)
tuning_pieces = measure(INSIDE, 400)
by_rate = {rate: dropout.fit(x, y, rate=rate, **of_dropout) for rate in RATES}
doubt = {rate: float(dropout.predictive(net, held_x, key=key).epistemic_std.mean()) for rate, net in by_rate.items()}
print("mean epistemic deviation:", ", ".join(f"{value:.1f} HV at p = {rate}" for rate, value in doubt.items()))


def surprise(net):
    """Mean negative log-likelihood of 400 other pieces, nats."""
    found = dropout.predictive(net, tuning_pieces[0], key=key)
    return float(likelihood.gaussian_nll(tuning_pieces[1], found.mean, found.std).mean())


surprises = {rate: surprise(net) for rate, net in by_rate.items()}
RATE = min(surprises, key=surprises.get)
print(f"held-out surprise: {', '.join(f'{value:.2f}' for value in surprises.values())} nats; best p = {RATE}")

# %% [markdown]
# That depends on the rate, a number that we chose. So we take the one of the four with which 400 other pieces surprise
# us least. (The Gaussian process asks the evidence, and needs no other pieces.)
#
# *Exercise 12.5.*
#
# Another way needs one network only. Its last layer is a linear model of the last hidden units. So its posterior has
# the closed form of the polynomials above: the **last-layer Laplace** method. All four methods learn from the same
# forty points. But the process knows the noise, and dropout has seen other pieces for its rate.

# %%
FITS = {
    "Gaussian process": lambda: gp.fit(x, y, kernel=kernels.RBF(), noise_variance=noise_at, learn_noise=False),
    "ensemble of 10": lambda: ensemble.fit(x, y, **options),
    "MC dropout": lambda: dropout.fit(x, y, rate=RATE, **of_dropout),
    "last-layer Laplace": lambda: laplace.fit(x, y, key=key, hidden=(16, 16), n_steps=800),
}
PREDICT = {
    "Gaussian process": lambda model, at: gp.predictive(model, at, noise_variance=true_noise(at[:, 0]) ** 2),
    "ensemble of 10": ensemble.predictive,
    "MC dropout": lambda model, at: dropout.predictive(model, at, key=key),
    "last-layer Laplace": laplace.predictive,
}
fitted = {name: fit() for name, fit in FITS.items()}


def predicted(at):
    """What each method says at some temperatures, as NumPy arrays."""
    return {name: predict(fitted[name], at) for name, predict in PREDICT.items()}


everywhere = predicted(grid[:, None])
counted = float(fitted["last-layer Laplace"].n_effective)
print(f"the data determine {counted:.1f} of the 16 weights of the last layer")

# %% tags=["fig-methods"]
plots.bands(
    grid,
    {name: (made.mean, made.epistemic_std, made.std) for name, made in everywhere.items()},
    data=(x[:, 0], y),
    truth=true_hardness(grid),
    x_label=TEMPERATURE,
    y_label=HARDNESS,
    y_limits=(320, 820),
)

# %% [markdown]
# *What to see.* Within the data all four curves are good. Beyond 750 °C the steel hardens again, and no data say so:
# all curves are too low there. The Gaussian process widens its band until the truth is inside. The ensemble goes on
# like a straight line and is too sure, since all its members do the same. Dropout and Laplace lie between them. Laplace
# has the same noise at all temperatures: too large on the left and too small on the right.
#
# ## Aleatoric and epistemic
#
# An ensemble of K networks, each of which predicts a mean $\mu_k$ and a variance $\sigma_k^2$, is a mixture. The law of
# total variance splits its variance:
#
# $$\text{aleatoric} = \frac1K \sum_k \sigma_k^2, \qquad
# \text{epistemic} = \frac1K \sum_k (\mu_k - \mu)^2, \quad \mu = \frac1K \sum_k \mu_k \tag{12.6}$$
#
# Does the epistemic part really shrink with more data? We try it with the Gaussian process, and use only the first n of
# 160 measurements.

# %%
order = rng.permutation(160)
pool_x, pool_y = (part[order] for part in measure(INSIDE, 160))
SIZES = np.array([10, 40, 160])


@jax.jit
def with_few(n):
    """Mean epistemic variance within the data; what is not used has a noise that says nothing."""
    noise = jnp.where(jnp.arange(160) < n, true_noise(pool_x[:, 0]) ** 2, 1e12)
    model = gp.condition(pool_x, pool_y, kernel=tuned.kernel, noise_variance=noise, mean=600.0)
    return gp.predictive(model, held_x, noise_variance=0.0).epistemic.mean()


shrinking = np.sqrt(jax.vmap(with_few)(SIZES))
print("epistemic:", ", ".join(f"{value:.1f} HV from {n} points" for n, value in zip(SIZES, shrinking, strict=True)))

# %% tags=["fig-parts"]
plots.parts_of_doubt(
    grid,
    {name: (made.aleatoric_std, made.epistemic_std) for name, made in everywhere.items()},
    noise=true_noise(grid),
    spans=((50, 100), *OUTSIDE[:1], (700, 850)),
    x_label=TEMPERATURE,
    unit="HV",
    top=65,
)

# %% [markdown]
# *What to see.* In white regions there are data. There ensemble and dropout find without being told that the noise is
# small on the left and large on the right. The Gaussian process was told, and Laplace knows one noise only. The
# epistemic part is largest at 850 °C, far from all data. In the gap it has a clear peak for ensemble and Laplace, and
# hardly any for dropout. The process is less sure on the right than on the left, since the noise is larger there.
#
# *Exercise 12.6.*
#
# For classes, variances become entropies. The entropy of the mean probabilities is the mean entropy of the networks,
# plus what they disagree about, the **mutual information**:
#
# $$\underbrace{H\Big[\frac1K \sum_k p_k\Big]}_{\text{total}} = \underbrace{\frac1K \sum_k H[p_k]}_{\text{aleatoric}}
# + \underbrace{I}_{\text{epistemic}}$$
#
# Five networks predict the phase of a steel from its contents of chromium and nickel: martensite if both are low,
# austenite with much nickel, ferrite with much chromium. Compositions are measured with an error of 1.5 wt.%, so near
# the borders nobody can be sure.


# %%
melts = np.random.default_rng(3)


def steels(n):
    """Measured chromium and nickel (wt.%), and the phase that the true ones give: a coarse Schaeffler diagram."""
    read = melts.uniform(0, (30, 25), (n, 2))
    chromium, nickel = (read + 1.5 * melts.normal(size=(n, 2))).T
    austenite = np.where(nickel > 0.9 * (chromium - 8), 1, 2)
    return read.astype(np.float32), np.where(nickel + 1.1 * chromium < 20, 0, austenite).astype(np.int32)


own_x, own_phase = steels(120)
judges = ensemble.fit(own_x, own_phase, key=key, kind="classes", n_members=5, hidden=(16, 16), n_steps=800)
axis = np.linspace(0, 50, 51, dtype=np.float32)
far_and_near = np.stack(np.meshgrid(axis, axis), axis=-1)
split = decompose.entropies(ensemble.probabilities(judges, far_and_near.reshape(-1, 2)))
split = {name: np.asarray(getattr(split, name)).reshape(51, 51) for name in ("aleatoric", "epistemic")}
near = (far_and_near[..., 0] <= 30) & (far_and_near[..., 1] <= 25)
for name, entropy in split.items():
    print(f"{name}: {entropy[near].mean():.3f} nats within the data, {entropy[~near].mean():.3f} outside")

# %% tags=["fig-entropies"]
plots.maps(axis, axis, split, own_x, x_label="chromium (wt.%)", y_label="nickel (wt.%)", value_label="entropy (nats)")

# %% [markdown]
# *What to see.* White points are the 120 steels. Among them the uncertainty is mostly aleatoric, and lies along the
# borders between two phases. Beyond them the networks continue their borders in different directions, and the epistemic
# part grows there. But elsewhere out there all five agree on a phase that nobody has seen: agreement is no proof.
#
# ## More than one answer: mixture density networks
#
# A customer asks the opposite question: at which temperature do we temper to reach 600 HV? Between 100 and 500 °C there
# are two answers. No band around one mean can say that, however wide it is. A **mixture density network** predicts
# weights, means and standard deviations of several normal distributions:
#
# $$p(y \mid x) = \sum_k \pi_k(x)\, \mathcal N\big(y;\, \mu_k(x),\, \sigma_k(x)^2\big)$$

# %%
tempered = rng.uniform(100, 500, 300).astype(np.float32)
reached = (true_hardness(tempered) + 5 * rng.normal(size=300)).astype(np.float32)
network = mdn.fit(reached[:, None], tempered, key=key, n_components=2, hidden=(32,))
asked = np.linspace(535, 660, 26, dtype=np.float32)
answers = mdn.conditional(network, asked[:, None])
on_average = mdn.predict(network, asked[:, None])
drawn, _ = mdn.sample(network, reached[:, None], key=key)
likeliest = np.asarray(answers.means)[np.arange(len(asked)), np.argmax(answers.log_weights, axis=1)]
missed = {
    "mean": float(np.abs(true_hardness(np.asarray(on_average)) - asked).mean()),
    "likeliest component": float(np.abs(true_hardness(likeliest) - asked).mean()),
}
at_600 = np.argmin(abs(asked - 600))
found = [f"{t:.0f} °C" for t in sorted(np.asarray(answers.means)[at_600].tolist())]
print(f"for 600 HV: {', '.join(found)}; the mean is {float(on_average[at_600]):.0f} °C")
print("hardness missed:", ", ".join(f"{miss:.0f} HV with the {name}" for name, miss in missed.items()))

# %% tags=["fig-mixture"]
plots.inverse(
    reached,
    tempered,
    (reached, drawn),
    {"mean": (asked, on_average)},
    drawn_label="drawn from the network",
    x_label="wanted hardness (HV)",
    y_label=TEMPERATURE,
)

# %% [markdown]
# *What to see.* Draws from the network have the two branches of the data. The mean is what least squares would find. It
# lies between the branches, and tempering there gives another hardness than we asked for.
#
# ## Calibration: does 90 % mean 90 %?
#
# A promise can be tested. For a classifier: of all predictions with a confidence near 80 %, are 80 % right? Divide the
# confidences (from 0 to 1) into bins b of equal width, with $n_b$ of the n samples in each. The **expected calibration
# error** is
#
# $$\mathrm{ECE} = \sum_b \frac{n_b}{n} \, \big| \text{share right}_b - \text{mean confidence}_b \big| \tag{12.7}$$
#
# The networks for the phases above were trained for a long time on 120 steels. We take the first: it is too sure of
# itself. **Temperature scaling** divides the logarithms of its probabilities by one number, chosen on 1000 other
# steels. We test on 2000 more.

# %%
(tuning_x, tuning_phase), (test_x, test_phase) = steels(1000), steels(2000)
of_tuning, of_test = (np.asarray(ensemble.probabilities(judges, rows)) for rows in (tuning_x, test_x))
logits, test_logits = (np.log(np.maximum(made[0], 1e-30)) for made in (of_tuning, of_test))  # of the first network
warmth = float(temperature.fit(logits, tuning_phase).temperature)
SORTERS = {"one network": of_test[0], "after scaling": np.asarray(jax.nn.softmax(test_logits / warmth))}


@jax.jit
def calibration_of(probability, phase):
    confidence, right = probability.max(axis=1), probability.argmax(axis=1) == phase
    return calibration.expected_error(confidence, right), calibration.curve(confidence, right), right.mean()


judged = {name: calibration_of(made, test_phase) for name, made in SORTERS.items()}
of_classes = {name: (curve.predicted, curve.observed) for name, (_, curve, _) in judged.items()}
print(f"temperature {warmth:.1f}; ", end="")
print("; ".join(f"{name}: ECE {error:.3f}, {right:.1%} right" for name, (error, _, right) in judged.items()))

# %% [markdown]
# For a regression: of all measured values, do 30 % lie below the predicted 30 % quantile? If only 20 % of the
# calibration pieces do, then this quantile is promised as the 20 % quantile from now on (`recalibration`). We calibrate
# on 400 pieces and test on 400 others. Another laboratory measured 400 pieces outside of our data: in the gap, and from
# 700 to 800 °C.

# %%
test_pieces = held_x, held_y
levels = np.linspace(0.05, 0.95, 19).astype(np.float32)


@jax.jit
def recalibrated(model, tuning, test, new):
    """Shares of values below each promised quantile; coverage of 90 % before and after, in and out."""
    made = [ensemble.predictive(model, at) for at, _ in (tuning, test, new)]
    pits = [calibration.gaussian_pit(v, m.mean, m.std) for (_, v), m in zip((tuning, test, new), made, strict=True)]
    mapped = recalibration.fit(pits[0])
    below = [(pits[1][:, None] <= at).mean(axis=0) for at in (levels, recalibration.inverse_transform(mapped, levels))]

    def within(pit):
        return jnp.stack([jnp.mean((p >= 0.05) & (p <= 0.95)) for p in (pit, recalibration.transform(mapped, pit))])

    return below, within(pits[1]), within(pits[2])


beyond = measure(OUTSIDE, 400)
below, inside_rates, outside_rates = jax.tree.map(
    np.asarray, recalibrated(together, tuning_pieces, test_pieces, beyond)
)
of_values = dict(zip(("ensemble of 10", "recalibrated"), ((levels, share) for share in below), strict=True))
print(f"ensemble, in 90 % intervals: {inside_rates[0]:.1%}, recalibrated {inside_rates[1]:.1%};", end=" ")
print(f"outside of the data {outside_rates[0]:.1%} and {outside_rates[1]:.1%}")

# %% tags=["fig-reliability"]
plots.reliability(
    {"phases": of_classes, "hardness": of_values},
    labels={
        "phases": ("mean confidence", "share of right predictions"),
        "hardness": ("promised share below the quantile", "share of measured values below"),
    },
)

# %% [markdown]
# *What to see.* Both promise too much at first. The network is mostly right less often than it is confident. Too many
# hardness values lie beyond the outer quantiles of the ensemble. Afterwards both curves are close to the diagonal,
# except for the leftmost bin of the phases: few steels are in it. As many phases are right as before, since the
# likeliest one stays the likeliest. The printed shares warn us: within the data the recalibrated 90 % intervals hold
# about 90 %, and outside of them far less.
#
# *Exercise 12.7.*
#
# ## A promise for any model: conformal prediction
#
# **Split conformal prediction** assumes no shape of the distribution. Take n pieces that the model has not seen, and
# their errors $|y_i - \hat y_i|$. The k-th smallest of them with $k = \lceil 0.9\, (n + 1) \rceil$ is the half width of
# all intervals. If old and new pieces are **exchangeable**, a new one lies inside with a probability of at least 90 %,
# for any model, however bad. But the promise breaks if the new pieces are of another kind. If only their temperatures
# are distributed differently, weights can restore it: the ratio of the new density to the old one. For new pieces from
# the large furnace alone, old ones from there have equal weights, and those from the small furnace have weight 0.

# %%
REPEATS, n_tuning = 200, 400
residual_x, residual_y = (np.concatenate(pair) for pair in zip(tuning_pieces, test_pieces, strict=True))


@jax.jit
def conformal_rates(model, key):
    """Coverage for new pieces of the same kind, for others, and with weights; means over many random splits."""
    made, out = ensemble.predictive(model, residual_x), ensemble.predictive(model, beyond[0])
    hot = jnp.asarray(residual_x[:, 0] > 400, residual_y.dtype)

    def once(key):
        order = jax.random.permutation(key, len(residual_y))
        old, new = order[:n_tuning], order[n_tuning:]
        errors = conformal.absolute_scores(made.mean, jnp.asarray(residual_y))
        width = conformal.quantile(errors[old])
        weighted = conformal_shift.quantiles(errors[old], hot[old], jnp.ones(1))[0]
        of_new, far = errors[new], conformal.absolute_scores(out.mean, beyond[1])

        def among_hot(half):
            return jnp.sum(hot[new] * (of_new <= half)) / jnp.sum(hot[new])

        return jnp.mean(of_new <= width), among_hot(width), among_hot(weighted), jnp.mean(far <= width)

    return jax.tree.map(jnp.mean, jax.vmap(once)(jax.random.split(key, REPEATS)))


kept, broken, restored, far_off = map(float, conformal_rates(together, key))
promised = float(np.ceil(0.9 * (n_tuning + 1)) / (n_tuning + 1))
print(f"promised {promised:.4f}; pieces of the same kind {kept:.4f}, outside of the data {far_off:.3f}")
print(f"large furnace alone {broken:.3f}, with weights {restored:.3f}")

# %% tags=["fig-conformal"]
plots.coverages(
    {
        "the same kind": {"conformal": kept},
        "large furnace alone": {"conformal": broken, "with weights": restored},
        "outside of the data": {"conformal": far_off},
    },
    level=0.9,
)

# %% [markdown]
# *What to see.* For exchangeable pieces the coverage is what was promised. In the large furnace the noise is larger,
# and the common width is too small there; weights make it right. Outside of the data there are no calibration pieces
# that weights could choose, and nothing helps but a measurement.
#
# ## Which method?
#
# We turn each prediction into a normal distribution with the same mean and standard deviation. So one table judges all
# four methods, within the data and outside of them. **NLL** is the negative log-likelihood in nats. **CRPS** is a
# distance between the predicted distribution and the measured value, in HV. Both are **proper**: on average no other
# prediction scores better than the true distribution. Further columns are the root mean squared error in HV, the share
# of values inside 90 % intervals, and the mean width of these in HV, the **sharpness**. A good method has narrow
# intervals that still hold 90 %.


# %%
def seconds(name):
    """Shortest time of three fits with their predictions, without compilation."""
    spans = []
    for _ in range(3):
        start = time.perf_counter()
        jax.block_until_ready(PREDICT[name](FITS[name](), held_x))
        spans.append(time.perf_counter() - start)
    return min(spans)


within_data, outside_data = predicted(held_x), predicted(beyond[0])
costs = np.array([seconds(name) for name in FITS], np.float32)
table = compare.table(
    held_y,
    *(np.stack([getattr(made, part) for made in within_data.values()]) for part in ("mean", "std")),
    beyond[1],
    *(np.stack([getattr(made, part) for made in outside_data.values()]) for part in ("mean", "std")),
    seconds=costs,
)
print(compare.describe(table, tuple(FITS)))
of_rates = {}  # coverage of dropout outside of the data, with the rates that were not chosen, too
for rate, net in by_rate.items():
    guess = dropout.predictive(net, beyond[0], key=key)
    of_rates[rate] = float((np.abs(beyond[1] - guess.mean) < 1.645 * guess.std).mean())
print("dropout outside of the data:", ", ".join(f"{rate:.0%} with p = {p}" for p, rate in of_rates.items()))

# %% [markdown]
# *What to see.* Within the data all means are equally good (RMSE), but the ensemble is too sure of its noise: forty
# points teach it too little about it. Outside of the data the Gaussian process covers what it promises, and pays with
# the widest intervals. The three networks are too sure. The rate of dropout was the best of four within the data. With
# the largest one the intervals would be wide enough outside, but we had no data to tell us so. This ranking holds for
# *this* problem: one feature, a smooth curve, few points, and only the process was told the noise.
#
# | if you have ... | take | because |
# |---|---|---|
# | up to some thousand points, few features | Gaussian process | closed form, knows its limits, tuned by evidence |
# | a large network, time to train several | deep ensemble | no new code; learns noise that changes |
# | one network, already trained with dropout | MC dropout | costs only more passes; the rate has to be tuned |
# | one network, already trained | last-layer Laplace | adds one linear model; takes hidden layers as known |
# | several answers to one question | mixture density network | one mean lies between the answers |
# | any of these, and data to spare | recalibration, conformal | honest coverage as long as new data are like the old |
#
# ## Active learning
#
# Measurements are expensive, so the model itself should say which comes next. To find the largest value, balance what
# is expected against what is not known. The **upper confidence bound** adds $\kappa$ epistemic standard deviations to
# the mean. We measure the candidate with the largest sum among those not measured yet:
#
# $$\mathrm{UCB}_i = \mu_i + \kappa\, \sigma_i \tag{12.8}$$
#
# **Expected improvement** is the mean of $\max(f - f_\text{best}, 0)$. To learn the whole curve, take the largest
# **variance** instead. Suppose that a new furnace reaches every temperature from 150 to 700 °C, and that only four
# pieces have been measured.

# %%
first = np.array([6, 18, 27, 39])
start = gp.condition(x[first], y[first], kernel=tuned.kernel, noise_variance=noise_at[first], mean=600.0)
candidates = np.linspace(150, 700, 111, dtype=np.float32)
belief = gp.predictive(start, candidates[:, None], noise_variance=0.0)
promise = {
    "variance": acquisition.variance(belief.mean, belief.epistemic_std),
    "UCB, κ = 2": acquisition.upper_confidence_bound(belief.mean, belief.epistemic_std, kappa=2.0),
    "expected improvement": acquisition.expected_improvement(belief.mean, belief.epistemic_std, best=y[first].max()),
}
print("next:", ", ".join(f"{candidates[int(np.argmax(worth))]:.0f} °C ({name})" for name, worth in promise.items()))

# %% tags=["fig-next"]
plots.next_experiment(
    candidates,
    (belief.mean, belief.epistemic_std),
    (x[first, 0], y[first]),
    promise,
    x_label=TEMPERATURE,
    y_label=HARDNESS,
)

# %% [markdown]
# *What to see.* The variance is largest in the middle of the widest gap. The other two prefer temperatures further to
# the right, where a large hardness is more likely.
#
# Now a real search, as in a **materials acceleration platform**: a robot makes one of 150 copper alloys (their eight
# features are solutes, grain size, aging, cold work) and measures its strength, and the process chooses the next. We
# look for the strongest one. A campaign starts with five random alloys. Random search needs about half of all
# experiments on average. We repeat everything with 20 keys.

# %%
made = alloys.simulate(key=jax.random.key(7), n_samples=150, scatter=0.0)
composition = made.x.at[:, 5:7].set(jnp.log(made.x[:, 5:7]))  # grain size and aging time on a logarithmic axis
search_keys = jax.random.split(key, 20)


def searches(kind, n_steps):
    """Best strength so far in 20 campaigns, and how many experiments each needed for the strongest alloy."""

    @jax.jit
    @jax.vmap
    def search(key):
        done = active.campaign(
            composition, made.strength, key=key, n_initial=5, n_steps=n_steps, kind=kind, n_updates=3, kappa=2.0
        )
        return done.best, active.experiments_needed(done.best, made.strength, share=0.0)

    return jax.tree.map(np.asarray, search(search_keys))


best, needed = {}, {}
for name, kind, n_steps in (("UCB", "ucb", 25), ("expected improvement", "ei", 25), ("random", "random", 145)):
    best[name], needed[name] = searches(kind, n_steps)
    print(f"{name}: {needed[name].mean():.1f} experiments on average, {needed[name].max()} at most")
slowest = int(max(needed["UCB"].max(), needed["expected improvement"].max()))
lucky = float((needed["random"] <= slowest).mean())
print(f"after {slowest} experiments, all guided campaigns and {lucky:.0%} of the random ones have found it")
goal = float(made.strength.max())

# %% tags=["fig-campaigns"]
plots.campaigns(
    best,
    first=5,
    goal=goal,
    goal_label="strongest alloy",
    y_label="best strength so far (MPa)",
)

# %% [markdown]
# *What to see.* Lines are medians, and bands hold the middle 80 % of the campaigns. All begin with the same five
# alloys. The process leads every campaign to the strongest alloy before many random ones have found it. On average it
# needs less than a quarter of their experiments. (Guided lines end after 30 experiments.)
#
# *Where it fails.* The kernel and the features must be able to describe the property, and the best alloy must be among
# the candidates. If the uncertainty is wrong, the search explores what is known, or never looks in the right place:
# calibration comes first.
#
# *Exercise 12.8.*
#
# ## What to take home
#
# 1. A prediction without uncertainty is half an answer. Noise stays, and ignorance shrinks with data.
# 2. A Gaussian process is a normal distribution over functions. The kernel says what is similar, and the evidence
#    chooses it.
# 3. Ensembles, dropout and Laplace give networks doubt, each in its own way, and often too little far from the data.
# 4. Test a promise: recalibrate on data that the model has not seen. No recalibration reaches beyond them.
# 5. Large uncertainty shows where the next measurement teaches most.
#
# **Now you**: [the exercises](../exercises/unit12.py), then `nox -s grade -- 12`. To read on: Rasmussen and Williams
# (2006); MacKay (1992); Gal and Ghahramani (2016); Lakshminarayanan, Pritzel and Blundell (2017); Angelopoulos and
# Bates (2023), on conformal prediction.

# %% tags=["hide-input"]
# What this lesson claims, checked.
rank = {name: i for i, name in enumerate(FITS)}
process, ten, thinned, layer = everywhere.values()
far, hot = grid > 800, (grid > 500) & (grid < 700)
assert spread[850] > spread[400] > 3 * spread[550] > spread[200]
assert of_kernel["RBF"].max() > of_kernel["Matérn, ν = 5/2"].max() > of_kernel["Matérn, ν = 1/2"].max() + 10
assert of_kernel["RBF"][[0, -1]].max() < of_kernel["RBF"].max() - 20
assert abs(np.log(float(tuned.kernel.length) / best_length)) < 0.1
assert np.all(np.diff(fit) < 0.1)
assert np.all(np.diff(parts["complexity"]) > 0)
assert seen["3 points"][1].max() > 70 > 10 > seen["40 points"][1][abs(grid - 200) < 50].max()
assert chosen == 3
assert np.all(np.diff(errors) < 1e-4)
assert errors[0] > 4 * errors[2] > 4 * errors[-1] > 3.5 * errors[2]
assert np.all(np.diff(models.log_evidence[2:]) < 0)
assert models.n_effective[-1] < 10
assert np.all(np.diff(known) < 0)
assert known[0] > 9.9
assert known[-1] < 0.1
assert np.all(np.diff(list(doubt.values())) > 0)
assert counted < 8
assert 4 < layer.aleatoric_std.mean() < 19
assert np.all(np.abs(process.mean - true_hardness(grid))[far] < 2 * process.std[far])
assert np.all(np.abs(ten.mean - true_hardness(grid))[far] > 2 * ten.std[far])
for made in everywhere.values():
    assert np.all(made.mean[grid > 760] < true_hardness(grid[grid > 760]))
    assert made.epistemic_std[-1] == made.epistemic_std[grid >= 100].max()
in_gap, left = (grid > 325) & (grid < 475), (grid > 100) & (grid < 325)
peaks = {name: made.epistemic_std[in_gap].max() / made.epistemic_std[hot].mean() for name, made in everywhere.items()}
assert min(peaks["ensemble of 10"], peaks["last-layer Laplace"]) > 1.8
assert peaks["MC dropout"] < 1.4
assert process.epistemic_std[hot].min() > process.epistemic_std[left].max()
for doubtful in (ten, thinned):
    assert doubtful.aleatoric_std[hot].mean() > 2 * doubtful.aleatoric_std[grid < 300].mean()
assert np.all(np.diff(shrinking) < 0)
assert split["aleatoric"][near].mean() > 2 * split["epistemic"][near].mean()
assert split["epistemic"][~near].mean() > 3 * split["epistemic"][near].mean()
assert missed["mean"] > 10 * missed["likeliest component"]
assert np.sum(np.diff(np.sign(true_hardness(np.linspace(100, 500, 400)) - 600)) != 0) == 2
assert judged["after scaling"][0] < judged["one network"][0]
assert judged["after scaling"][2] == judged["one network"][2]
told, came, number = (np.asarray(part) for part in judged["one network"][1])
assert np.mean((came < told)[number > 20]) > 0.7
told, came, number = (np.asarray(part) for part in judged["after scaling"][1])
assert np.all(abs(came - told)[number > 20] < 0.07)
assert number[number > 0][0] < 20
assert np.all(abs(below[1] - levels) < 0.07)
assert below[0][0] > 0.15
assert below[0][-1] < 0.9
assert inside_rates[0] < 0.8
assert abs(inside_rates[1] - 0.9) < 0.05
assert outside_rates.max() < 0.85
assert abs(kept - promised) < 0.01
assert broken < 0.85
assert abs(restored - 0.9) < 0.02
assert far_off < 0.8
assert np.ptp(table.rmse[0]) < 2
assert table.coverage[0, rank["ensemble of 10"]] < 0.8
assert np.argmax(table.coverage[1]) == np.argmax(table.sharpness[1]) == rank["Gaussian process"]
assert table.coverage[1, rank["Gaussian process"]] > 0.9
assert table.coverage[1, rank["ensemble of 10"]] < table.coverage[1, rank["last-layer Laplace"]] < 0.8
assert table.coverage[1, rank["ensemble of 10"]] < table.coverage[1, rank["MC dropout"]] < 0.8
assert of_rates[max(RATES)] > 0.85 > of_rates[RATE]
assert max(RATES) > RATE
assert max(needed["UCB"].mean(), needed["expected improvement"].mean()) <= needed["random"].mean() / 4
assert best["UCB"].shape[1] == best["expected improvement"].shape[1] == 30
assert all(np.array_equal(best["UCB"][:, :5], made[:, :5]) for made in best.values())
assert slowest <= 30
assert lucky < 0.3
