# %% [markdown]
# # Unit 11. Generative models: new samples out of noise
#
# An autoencoder (Unit 5) compresses images and restores them. But where do *new* ones come from: another handwriting,
# another microstructure, an alloy that nobody has made? **We want a function that turns random numbers into samples
# which could be data.** Four families do this in different ways, and each pays a different price.

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mfml.clustering import autoencoder
from mfml.data import alloys, cahn_hilliard, digits, fashion_mnist, idx, spectra
from mfml.generative import (
    design,
    diffusion,
    edm,
    evaluation,
    flow,
    flow_matching,
    gan,
    guidance,
    noise_models,
    noising,
    schedules,
    two_moons,
    two_point,
    vae,
    vae_networks,
)
from mfml.plots import clustering as curves
from mfml.plots import generative as plots
from mfml.representation import neighbors, probe
from mfml.training import averaging, loop

key = jax.random.key(11)
for_data, for_codes, for_weights, for_training, for_samples, for_moons, for_test = jax.random.split(key, 7)
SIZE = 8


def pictures():
    """Clothing if Fashion-MNIST has been downloaded, otherwise digits; 8x8 pixels, so that we need not wait."""
    if idx.find("train", [idx.cache_folder("fashion_mnist")]):  # `load` would download it
        data, card = fashion_mnist.load()
        large = jnp.pad(data.images[:4000], ((0, 0), (2, 2), (2, 2)))  # 32x32 pixels, means of 4x4 blocks
        return large.reshape(-1, SIZE, 4, SIZE, 4).mean(axis=(2, 4)), data.labels[:4000], card
    data, card = digits.load(key=for_data)
    return data.images, data.labels, card


images, labels, card = pictures()
SHOWN = f"{card.name}, {card.source}"
print(f"{SHOWN}: {len(images)} images")

# %% [markdown]
# ## From autoencoder to VAE
#
# Can we simply decode random codes of an autoencoder? We try it: eight code numbers per image, and new codes with the
# mean and the spread of those of the data. Next to it stands a **variational autoencoder** (VAE). Its encoder returns
# not a point, but a small cloud of codes, and training pulls all clouds together into one standard normal distribution.

# %%
N_CODES, SHOW = 8, 10
flat, held_out = images[:-800].reshape(-1, SIZE**2), images[-800:].reshape(-1, SIZE**2)
start = autoencoder.init_dense(key=for_codes, n_features=SIZE**2, n_components=N_CODES, hidden=(128,))
plain = autoencoder.fit(flat, key=for_training, init=start, n_steps=800, batch_size=128)
codes = autoencoder.encode(plain, flat)
draws = jax.random.normal(for_samples, (200, N_CODES))
random_codes = codes.mean(axis=0) + codes.std(axis=0) * draws
from_plain = autoencoder.decode(plain, random_codes)

cloudy = vae.init_dense(flat, key=for_codes, n_components=N_CODES, hidden=(128,), kind="bernoulli")
fitted = vae.fit(flat, key=for_training, init=cloudy, n_steps=800, batch_size=128)
from_vae = vae_networks.decode(fitted, draws)
nearest = {
    name: float(neighbors.search(made, held_out, n_neighbors=1).distances.mean())
    for name, made in {"data": flat[:200], "autoencoder": from_plain, "VAE": from_vae}.items()
}
print("mean distance to the nearest unseen image:", ", ".join(f"{name} {far:.2f}" for name, far in nearest.items()))

# %% tags=["fig-codes"]
plots.strips(
    {
        SHOWN: images[:SHOW],
        "autoencoder": from_plain[:SHOW].reshape(-1, SIZE, SIZE),
        "VAE": from_vae[:SHOW].reshape(-1, SIZE, SIZE),
    },
    limits=(0.0, 1.0),
)

# %% [markdown]
# *What to see.* The codes of an autoencoder leave gaps, and some of what is decoded from them is far from any image of
# the data. The VAE has no gaps: its images are nearly as close to unseen ones as data are. But they are blurred: each
# shows the mean over everything that its code may stand for.
#
# ## The reparameterization trick
#
# The encoder returns a mean $\mu(x)$ and the logarithm of a variance, $\ell(x)$. A random draw has no derivative. So
# the randomness is drawn first, and the code is a smooth function of it:
#
# $$z = \mu + e^{\ell / 2} \, \epsilon, \qquad \epsilon \sim N(0, I), \quad \ell = \ln \sigma^2 \tag{11.1}$$
#
# *Exercise 11.1* (`exercises/unit11.py`).
#
# ## The evidence lower bound
#
# How likely is an image under such a model? The integral over all codes, $p(x) = \int p(x \mid z)\, p(z)\, dz$, is out
# of reach. A **lower bound** of its logarithm is not: how well the codes explain the image, minus how far their cloud q
# is from the prior.
#
# $$\ln p(x) \ge \mathrm E_{z \sim q(z \mid x)} \ln p(x \mid z) - \mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big)$$
#
# Both parts can be computed. For normal distributions the second one is
#
# $$\mathrm{KL}\big(N(\mu, \mathrm{diag}\, \sigma^2) \,\|\, N(0, I)\big)
# = \frac12 \sum_j \big(\mu_j^2 + e^{\ell_j} - \ell_j - 1\big) \tag{11.2}$$
#
# $$\mathrm{ELBO} = \frac1n \sum_i \Big[ \ln N(x_i;\, \hat x_i, s^2 I) - \beta\, \mathrm{KL}_i \Big] \tag{11.3}$$
#
# Here $\hat x_i$ is decoded from one drawn code, and s is the standard deviation of the decoder's noise. On average
# over the draws it is the bound if $\beta = 1$; any other $\beta$ weights the two parts otherwise.
#
# Our images have gray values between 0 and 1. So the decoder returns probabilities of ink instead of a Gaussian's mean.
# The nats below are then a loss, and no density.

# %% tags=["fig-elbo"]
curves.histories({"VAE": fitted.history}, y_label="- ELBO (nats per image)")

# %% [markdown]
# *What to see.* The loss falls quickly at first, and then by little.
#
# *Exercises 11.2 and 11.3.*
#
# ## Adding noise step by step
#
# **Diffusion** goes another way. It destroys an image in $T$ small steps until only noise is left, and learns to undo
# one step. Times are $t = 0, \dots, T - 1$. A step replaces the share $\beta_t$ of the variance by noise:
#
# $$x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \epsilon_t$$
#
# The share of the signal's variance that is left after time $t$ is $\bar\alpha_t$; before the first step it is
# $\bar\alpha_{-1} = 1$. How fast it falls is the **schedule**. A good one follows a squared cosine:
#
# $$f(u) = \cos^2\Big(\frac{u + 0.008}{1.008} \cdot \frac{\pi}{2}\Big), \qquad
# \beta_t = \min\Big(1 - \frac{f((t + 1)/T)}{f(t/T)},\; 0.999\Big), \qquad
# \bar\alpha_t = \prod_{k \le t} (1 - \beta_k) \tag{11.4}$$
#
# All steps up to t can be made in one jump, since a sum of Gaussian noises is Gaussian noise:
#
# $$x_t = \sqrt{\bar\alpha_t}\; x + \sqrt{1 - \bar\alpha_t}\; \epsilon \tag{11.5}$$

# %%
T = 200
cosine = schedules.cosine(n_steps=T)
linear = schedules.linear(n_steps=T, low=1e-4 * 1000 / T, high=0.02 * 1000 / T)  # Ho et al. (2020) had 1000 steps
x = (2 * images - 1)[..., None]  # from -1 to 1
times = jnp.array([0, 25, 50, 100, 150, 175, 199])
one = jnp.repeat(x[:1], len(times), axis=0)
noisy = noising.add(cosine, one, times, jax.random.normal(for_samples, one.shape))

# %% tags=["fig-schedules"]
plots.schedules(jnp.arange(T), {"cosine": cosine.signal, "linear": linear.signal})

# %% tags=["fig-noising"]
plots.strips({"cosine": noisy[..., 0]}, titles=[f"t = {int(t)}" for t in times], limits=(-1.5, 1.5), size=1.1)

# %% [markdown]
# *What to see.* The linear schedule of the first paper loses the signal early, and spends a third of its time on images
# that are nearly pure noise. With the cosine, signal and noise are equal in the middle of the time; with the linear
# schedule they are so at t = 50 already.
#
# *Exercises 11.4 and 11.5.*
#
# ## Learning to predict the noise
#
# The network gets a noisy image and its time, and guesses the noise in it. That is all; the loss is a mean square:
#
# $$\mathcal L = \mathrm{mean} \; \big(\hat\epsilon(x_t, t) - \epsilon\big)^2 \tag{11.6}$$
#
# Ours is a small U-Net (Unit 4; `generative/noise_models.py` has its few lines): it goes down to 2x2 pixels to see the
# whole image, and back up, with shortcuts that keep the details. It is told the label c of the image as well. One label
# in seven, chosen at random, is replaced by "unknown"; guidance needs this later.


# %%
UNKNOWN, STEPS = 10, 1000
network = noise_models.UNet(channels=(16, 32, 32), span=T - 1.0, n_classes=UNKNOWN)


def noise_loss(params, batch, key):
    """Equation 11.6 for a batch, at random times, with some labels unknown."""
    x, labels = batch
    for_time, for_noise, for_label = jax.random.split(key, 3)
    t = jax.random.randint(for_time, labels.shape, 0, T)
    labels = guidance.dropped(labels, key=for_label, rate=1 / 7, unknown=UNKNOWN)
    noise = jax.random.normal(for_noise, x.shape)
    return diffusion.loss(lambda x, t: network.apply(params, x, t, labels), cosine, x, t, noise)


options = loop.Options(noise_loss, optax.adam(optax.cosine_decay_schedule(2e-3, STEPS)), STEPS, batch_size=64)
run = loop.fit((x, labels), key=for_training, options=options, init=noise_models.init(network, x, key=for_weights))
print(f"loss {float(run.history[:50].mean()):.2f} at first, {float(run.history[-200:].mean()):.3f} at the end")

# %% tags=["fig-loss"]
curves.histories({"U-Net": run.history}, y_label="mean square error of the noise")

# %% [markdown]
# *What to see.* The loss cannot reach 0: where an image has little noise, nobody can tell the noise from the image.
#
# *Exercise 11.6.*
#
# ## Walking back
#
# We begin with pure noise and walk back to $t = 0$, and one step further, to the clean image. Each step takes away a
# little of the guessed noise, and adds a little new noise, since the way back is a random one as well. At the last step
# nothing is added. One precaution is needed at the beginning: there is hardly any signal in $x_t$, so a small error of
# the noise is a large error of the image that it implies,
# $\hat x = (x_t - \sqrt{1 - \bar\alpha_t}\, \hat\epsilon) / \sqrt{\bar\alpha_t}$. We cut this image off near the range
# of the data.
#
# $$x_{t-1} = \frac{1}{\sqrt{\alpha_t}} \Big( x_t - \frac{\beta_t}{\sqrt{1 - \bar\alpha_t}}\, \hat\epsilon \Big)
# + \sigma_t z, \qquad \alpha_t = \frac{\bar\alpha_t}{\bar\alpha_{t-1}}, \quad \beta_t = 1 - \alpha_t, \quad
# \sigma_t^2 = \beta_t \, \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \tag{11.7}$$


# %%
LIMIT = 1.2


@jax.jit
def walk_back(params, labels, key):
    """Images with these labels on the way back; place t holds what the step from t has left."""
    for_start, for_steps = jax.random.split(key)
    shape = (len(labels), SIZE, SIZE, 1)

    def back(x, at):
        t, key = at
        every = jnp.full(len(labels), t)
        clean = noising.parts(cosine, x, every, network.apply(params, x, every, labels)).clean
        guess = noising.parts(cosine, x, every, jnp.clip(clean, -LIMIT, LIMIT), kind="clean").noise
        x = diffusion.step_back(cosine, x, t, guess, jax.random.normal(key, shape))
        return x, x

    steps = jnp.arange(T - 1, -1, -1), jax.random.split(for_steps, T)
    return jax.lax.scan(back, jax.random.normal(for_start, shape), steps)[1][::-1]


wanted = jnp.tile(jnp.arange(10), 30)
walked = walk_back(run.params, wanted, for_samples)
stops = (190, 150, 100, 50, 25, 0)

# %% tags=["fig-walk"]
rows = {f"after t = {t}": np.asarray(walked)[t, :10, ..., 0] for t in stops}
plots.strips(rows, titles=[str(c) for c in range(10)], limits=(-1.2, 1.2))

# %% [markdown]
# *What to see.* First the rough shape appears, then the details. Each column was asked for one class. Not every column
# hits it; guidance will help.
#
# *Exercise 11.7.*
#
# ## Fewer steps with DDIM
#
# Two hundred steps are slow. **DDIM** walks back without new noise (Song, Meng and Ermon, 2021). Then the way is a
# smooth curve, and much larger steps will do, from t to any earlier time $t'$:
#
# $$x_{t'} = \sqrt{\bar\alpha_{t'}}\; \hat x + \sqrt{1 - \bar\alpha_{t'}}\; \hat\epsilon$$
#
# To judge the images, we train a small classifier on the data, and ask it what share it recognizes as the wanted class.


# %%
@jax.jit
def features(x):
    """Pixels, and how much they differ from their neighbors; enough for a linear probe."""
    edges = [jnp.abs(jnp.diff(x, axis=axis, prepend=-1.0)) for axis in (1, 2)]
    return jnp.concatenate([part.reshape(len(part), -1) for part in (x, *edges)], axis=1)


judge = probe.fit(features(x[:1000]), labels[:1000], n_classes=10, C=0.1)
trusted = float(probe.score(judge, features(x[1000:]), labels[1000:]))
print(f"the classifier is right for {trusted:.3f} of the images that it was not trained on")


@partial(jax.jit, static_argnames=("n_times", "eta"))
def generate(params, key, strength, n_times, eta):
    """Images of all classes with guidance; clean guesses are cut off near the range of the data."""

    def predict(x, t):
        return guidance.guess(partial(network.apply, params), x, t, wanted, strength=strength, unknown=UNKNOWN)

    shape = (len(wanted), SIZE, SIZE, 1)
    return diffusion.sample(predict, cosine, key=key, shape=shape, n_times=n_times, eta=eta, limit=LIMIT)


def recognized(made):
    """Share of images that the classifier takes for the wanted class."""
    return float((probe.predict(judge, features(made)) == wanted).mean())


COUNTS = (5, 25)
short = {n: generate(run.params, for_samples, 0.0, n, 0.0) for n in COUNTS}
share = {n: recognized(made) for n, made in short.items()}
print("recognized after", ", ".join(f"{n} steps of DDIM: {s:.2f}" for n, s in share.items()), end="; ")
print(f"after {T} steps of DDPM: {recognized(walked[0]):.2f}")

# %% tags=["fig-ddim"]
plots.strips({f"{n} steps": made[:10, ..., 0] for n, made in short.items()}, limits=(-1.2, 1.2))

# %% [markdown]
# *What to see.* Five steps give nearly the same digits as 25, a little blurred. The classifier does not mind the blur.
#
# ## Guidance
#
# The network knows the noise with a label, and without one. Their difference points to what is typical of the class,
# and **guidance** exaggerates it:
#
# $$\hat\epsilon = (1 + w)\, \hat\epsilon(x_t, t, c) - w\, \hat\epsilon(x_t, t, \varnothing) \tag{11.8}$$
#
# With w = 0 there is no guidance. Some authors call 1 + w the strength.

# %%
STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0)
swept = [generate(run.params, for_samples, w, COUNTS[-1], 0.0) for w in STRENGTHS]


def spread(made, classes):
    """Mean distance from the mean of the own class."""
    flat = np.asarray(made).reshape(len(made), -1)
    own = [flat[np.asarray(classes) == c] for c in range(10)]
    return float(np.mean([np.sqrt(((part - part.mean(axis=0)) ** 2).sum(axis=1)).mean() for part in own]))


fidelity = [recognized(made) for made in swept]
diversity = [spread(made, wanted) / spread(x, labels) for made in swept]
for w, right, wide in zip(STRENGTHS, fidelity, diversity, strict=True):
    print(f"w = {w}: recognized {right:.2f}, spread {wide:.2f} of the data's")

# %% tags=["fig-guidance"]
plots.trade_off(STRENGTHS, fidelity, diversity, fidelity_label="share recognized", diversity_label="spread (data: 1)")

# %% tags=["fig-guided"]
plots.strips(
    {f"w = {w:g}": made[3::10][:10, ..., 0] for w, made in zip(STRENGTHS, swept, strict=True) if w in (0.0, 1.0, 4.0)},
    limits=(-1.2, 1.2),
)

# %% [markdown]
# *What to see.* With more guidance, more images look like their class, and all look more alike. Fidelity is paid for
# with diversity. A search for new materials needs diversity, so begin with a small w.
#
# *Exercise 11.8.*
#
# ## Four families on one density
#
# Images are hard to judge. So we take points on two interlocking half circles, with noise: a density that we know
# exactly. A VAE, a GAN, a normalizing flow and diffusion learn from the same 4000 points. None of them is tuned, and
# their numbers of steps differ.
#
# A **GAN** trains two networks against each other: a generator makes samples from noise, and a discriminator learns to
# tell them from data. A **flow** is an invertible network; its density follows from the change of variables:
#
# $$\ln p(x) = \ln N\big(g(x);\, 0, I\big) + \ln \lvert \det g'(x) \rvert \tag{11.9}$$
#
# Diffusion comes in two newer forms, which you will meet everywhere. **Flow matching** joins noise and data by straight
# lines, $x_s = (1 - s)\, \epsilon + s\, x$, and learns the mean velocity along them. **EDM** counts in standard
# deviations $\sigma$ of the noise, $x_\sigma = x + \sigma\, \epsilon$, and learns the mean of the clean samples. Both
# walk along a differential equation, by Heun's method:
#
# $$\frac{dx_s}{ds} = \mathrm E[x - \epsilon \mid x_s], \qquad \qquad
# \frac{dx_\sigma}{d\sigma} = \frac{x_\sigma - \mathrm E[x \mid x_\sigma]}{\sigma} \tag{11.10}$$


# %%
moons = two_moons.sample(key=for_moons, n_samples=4000)
test = two_moons.sample(key=for_test, n_samples=500)
center, width = moons.mean(axis=0), moons.std(axis=0)
model_vae = vae.fit(
    moons,
    key=for_training,
    init=vae.init_dense(moons, key=for_weights, n_components=2, hidden=(64, 64)),
    n_steps=1200,
    batch_size=256,
)
model_gan = gan.fit(moons, key=for_training, init=gan.init(moons, key=for_weights), n_steps=1200, batch_size=256)
model_flow = flow.fit(
    moons, key=for_training, init=flow.init(moons, key=for_weights, n_layers=4), n_steps=500, batch_size=256
)
velocity = noise_models.MLP(hidden=(64, 64, 64))


def velocity_loss(params, batch, key):
    """Flow matching for a batch, at random times."""
    for_time, for_noise = jax.random.split(key)
    s, noise = jax.random.uniform(for_time, (len(batch),)), jax.random.normal(for_noise, batch.shape)
    return flow_matching.loss(lambda x, s: velocity.apply(params, x, s), batch, s, noise)


options = loop.Options(velocity_loss, optax.adam(optax.cosine_decay_schedule(5e-3, 2000)), 2000, batch_size=256)
scaled = (moons - center) / width
untrained = noise_models.init(velocity, scaled, key=for_weights)
matched = loop.fit(scaled, key=for_training, options=options, init=untrained)


def along(x, s):
    """The learned velocity."""
    return velocity.apply(matched.params, x, s)


def edm_loss(params, batch, key):
    """EDM for a batch, at random noise levels; the same network as for the velocity."""
    for_level, for_noise = jax.random.split(key)
    sigma = edm.draw_sigma(key=for_level, n_samples=len(batch))
    noise = jax.random.normal(for_noise, batch.shape)
    return edm.loss(lambda x, level: velocity.apply(params, x, level), batch, sigma, noise, data_scale=1.0)


options = loop.Options(edm_loss, averaging.averaged(optax.adam(3e-3), decay=0.99), 1000, batch_size=256)
denoised = averaging.average(loop.fit(scaled, key=for_training, options=options, init=untrained))


@jax.jit
def denoise(x, sigma):
    """The clean sample that the averaged network guesses."""
    return edm.denoise(lambda x, level: velocity.apply(denoised, x, level), x, sigma, data_scale=1.0)


drawn = {
    "data": moons[:1000],
    "VAE": vae.sample(model_vae, key=for_samples, n_samples=1000),
    "GAN": gan.sample(model_gan, key=for_samples, n_samples=1000),
    "flow": flow.sample(model_flow, key=for_samples, n_samples=1000),
    "flow matching": center
    + width * flow_matching.sample(along, jax.random.normal(for_samples, (1000, 2)), n_steps=20),
    "EDM": center + width * edm.sample(denoise, jax.random.normal(for_samples, (1000, 2)), sigmas=edm.levels(18)),
}

# %% [markdown]
# EDM was trained at a constant rate, and its parameters are averages over the last hundred steps or so
# (`training.averaging`): the usual way for diffusion models, since their loss is noisy.
#
# > **Long runs.** `loop.train` in place of `loop.fit` shows a bar and hands over the state after each chunk. With
# > `on_chunk=lambda state: checkpoint.save("run.npz", state)` nothing is lost when the machine stops. A run that is
# > given this state continues bit for bit.
#
# ## Likelihoods side by side
#
# How likely are 500 new points under each model? The flow says so exactly. Flow matching follows its equation back to
# the noise and adds up how volumes change; EDM could do the same. A VAE only knows bounds: the ELBO, and a better one
# from many codes. The GAN cannot say. But any sampler allows an **estimate**: place a small Gaussian on each of many
# samples, and take the mean of all as the density. The estimate is a little too low, as that from samples of the data
# shows. On average over many points, no model can beat the density itself.

# %%
best = float(two_moons.log_prob(test).mean())
bounds = [float(f(model_vae, test, key=for_samples, n_samples=200).mean()) for f in (vae.elbo, vae.importance_bound)]
exact = float(flow.log_prob(model_flow, test).mean())
by_path = flow_matching.log_prob(along, (test - center) / width, n_steps=20) - jnp.log(width).sum()
found = {
    "VAE: ELBO to tighter bound": tuple(bounds),
    "flow": (exact,) * 2,
    "flow matching": (float(by_path.mean()),) * 2,
}
for name in ("GAN", "EDM", "data"):
    estimate = float(evaluation.kernel_log_prob(test, drawn[name], bandwidth=0.1).mean())
    found[f"{name}, estimated"] = (estimate, estimate)
for name, (low, high) in found.items():
    print(
        f"{name:24s} {low:.3f}" + (f" to {high:.3f}" if high != low else "") + f" nats; the density itself {best:.3f}"
    )

# %% tags=["fig-families"]
plots.clouds(
    drawn,
    below={
        "data": f"{best:.2f} nats",
        "VAE": f"at least {bounds[1]:.2f} nats",
        "GAN": f"about {found['GAN, estimated'][0]:.1f} nats",
        "flow": f"{exact:.2f} nats",
        "flow matching": f"{float(by_path.mean()):.2f} nats",
        "EDM": f"about {found['EDM, estimated'][0]:.1f} nats",
    },
    limits=((-1.6, 2.6), (-1.2, 1.7)),
)

# %% tags=["fig-likelihoods"]
plots.likelihoods(found, best=best, best_label="the density itself")

# %% [markdown]
# *What to see.* The VAE blurs the moons, and the GAN draws bridges between them and spreads its points unevenly. The
# others come close to the density itself. Flow matching and EDM still leave a few points between the moons; longer
# training removes most of them.
#
# | family | samples in | likelihood | strength | weakness |
# | --- | --- | --- | --- | --- |
# | VAE | one pass | a lower bound | fast, with a code for each sample | blurred |
# | GAN | one pass | only an estimate | fast and sharp | hard to train; may forget a part of the data |
# | normalizing flow | one pass | exact | exact density | the network must be invertible |
# | diffusion, flow matching, EDM | many passes | by an integral | the best images today | slow |
#
# ## Microstructures and alloys by design
#
# Can we turn a property around, and ask for the alloys that have it? A flow learns the recipes of copper alloys **given
# their strength**. A recipe is the amounts of five solutes, with at least half copper, and grain size, aging time and
# cold work. Recipes are not free numbers: amounts are not negative, and they add up to 100 %. So the flow works
# on coordinates in which any point is a possible recipe. Since we know the physical model of these data, we can check
# what was designed:

# %%
GOALS = (200.0, 300.0, 400.0, 500.0)
TARGETS = np.repeat(GOALS, 50)
known_alloys = alloys.simulate(key=for_data, n_samples=3000)
designer = design.fit(known_alloys.x, known_alloys.strength, key=for_training, n_layers=3, hidden=(48,), n_steps=500)
keys = jax.random.split(for_samples, len(GOALS))
proposals = [design.propose(designer, goal, key=one, n_samples=50) for goal, one in zip(GOALS, keys, strict=True)]
proposed = np.concatenate(proposals)
reached = np.asarray(alloys.strength(proposed))
by_chance = np.asarray(alloys.strength(known_alloys.x[: len(TARGETS)]))
errors = {"designed": np.abs(reached - TARGETS), "any alloy of the data": np.abs(by_chance - TARGETS)}
for name, error in errors.items():
    print(f"{name}: within 10 % of the target: {(error < 0.1 * TARGETS).mean():.2f}")
conductivity = np.asarray(alloys.conductivity(proposals[1]))
print(f"designed for 300 MPa: conductivities from {conductivity.min():.0f} to {conductivity.max():.0f} MS/m")

# %% tags=["fig-design"]
plots.on_target(TARGETS, {"designed": reached, "any alloy of the data": by_chance}, quantity="yield strength (MPa)")

# %% [markdown]
# *What to see.* Most designed alloys are near the line. There are many different ones for each target, as their
# conductivities show. Every proposal is a valid recipe by construction. Only the laboratory can tell whether it can be
# made.
#
# Next, **microstructures**: two phases that have separated, as in Unit 4. A VAE learns from 400 images. Whether new
# ones are right is a matter of statistics: how often are two points at a distance r both in the black phase? For
# independent pixels that is the square of its share, at all distances but 0.

# %%
grown = cahn_hilliard.simulate(jnp.full(600, 0.5), key=for_data, size=16, n_times=1, steps=100).fields[:, 0]
phases = (grown > 0.5).astype(float)
taught, others = phases[:400].reshape(400, -1), phases[400:]
start = vae.init_dense(taught, key=for_weights, n_components=32, hidden=(64,), kind="bernoulli")
painter = vae.fit(taught, key=for_training, init=start, batch_size=100, n_steps=400)
painted = vae.decode(painter, jax.random.normal(for_samples, (200, 32))).reshape(-1, 16, 16)
structures = {
    "simulated": others,
    "generated": (painted > 0.5).astype(float),
    "noise": jax.random.bernoulli(for_samples, 0.5, others.shape).astype(float),
}
pairs = {name: two_point.radial(two_point.correlation(seen)) for name, seen in structures.items()}
far_off = {name: float(two_point.difference(seen, others)) for name, seen in structures.items()}
print(
    "difference from the simulated ones:", ", ".join(f"{name} {far_off[name]:.3f}" for name in ("generated", "noise"))
)

# %% tags=["fig-structures"]
plots.strips({name: seen[:SHOW] for name, seen in structures.items()}, limits=(0.0, 1.0))

# %% tags=["fig-two-point"]
plots.two_point(
    pairs["simulated"].distance, {name: found.value.mean(axis=0) for name, found in pairs.items()}, unit="pixels"
)

# %% [markdown]
# Last, **spectra**: counts of a diffractometer, which cannot be negative. The samples are mixed powders of aluminum,
# copper and iron. A decoder with Gaussian noise knows nothing of counts. One with Poisson noise does, by construction:

# %%
measured = spectra.simulate(key=for_data, n_samples=400, n_channels=100, counts=300.0)
photons = {"measured": jnp.round(300 * measured.intensity)}
for name, kind in (("Gaussian noise", "gaussian"), ("Poisson noise", "poisson")):
    start = vae.init_dense(photons["measured"], key=for_weights, n_components=2, hidden=(64,), kind=kind)
    counter = vae.fit(
        photons["measured"], key=for_training, init=start, learning_rate=0.03, batch_size=100, n_steps=1000
    )
    photons[name] = vae.sample(counter, key=for_samples, n_samples=200)
    print(f"{name}: ELBO {-float(counter.history[-100:].mean()):.0f} nats per spectrum")
negative = {name: float((counts < 0).mean()) for name, counts in photons.items()}
print("negative counts:", ", ".join(f"{name} {share:.2f}" for name, share in negative.items()))

# %% tags=["fig-spectra"]
plots.spectra(measured.angle, {name: counts[:3] for name, counts in photons.items()})

# %% [markdown]
# *What to see.* Generated microstructures have nearly the correlations of the simulated ones; some wrong single pixels
# make them a little lower at first. Noise falls to the square of the share within a pixel. The Gaussian decoder has one
# noise level for all channels, so that much of what it puts between the lines is negative (orange). The Poisson decoder
# draws counts. Its noise is small where counts are small, and its ELBO is far better.
#
# ## What to take home
#
# 1. A generative model turns noise into samples. The families differ in what they pay: speed, sharpness, or a
#    likelihood.
# 2. A VAE maximizes a bound. The trick is to draw the noise first.
# 3. Diffusion learns one thing, the noise in a noisy sample, and applies it many times.
# 4. Guidance trades diversity for fidelity.
#
# **Now you**: [the exercises](../exercises/unit11.py), then `nox -s grade -- 11`. To read on: Kingma and Welling
# (2014); Ho, Jain and Abbeel (2020); Ho and Salimans (2022), on guidance; Lipman et al. (2023).

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert run.history[-200:].mean() < 0.5 * run.history[:50].mean()
assert nearest["data"] < nearest["VAE"] + 0.1 < nearest["autoencoder"]
assert trusted > 0.98
assert share[COUNTS[-1]] > 0.7
assert fidelity[-1] >= fidelity[0]
assert diversity[-1] < 0.9 * diversity[0]
assert bounds[0] < bounds[1] < best + 0.05
assert found["GAN, estimated"][0] < found["EDM, estimated"][0] < found["data, estimated"][0] < best
assert best - 0.4 < exact < best + 0.05
assert best - 0.4 < by_path.mean() < best + 0.05
assert far_off["generated"] < 0.1 < 0.2 < far_off["noise"]
assert negative["Poisson noise"] == negative["measured"] == 0 < 0.25 < negative["Gaussian noise"]
assert two_moons.log_prob(drawn["EDM"]).mean() > two_moons.log_prob(drawn["VAE"]).mean()
assert (errors["designed"] < 0.1 * TARGETS).mean() > 2 * (errors["any alloy of the data"] < 0.1 * TARGETS).mean()
