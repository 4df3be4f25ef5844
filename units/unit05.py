# %% [markdown]
# # Unit 5. Clustering and autoencoders
#
# A fine diamond tip has been pressed 938 times into alloys of copper and chromium. Each indent gives a hardness and
# a Young's modulus, and nobody has written down what lay under the tip. **Which phases are there, and which indent
# hit which?** And then, with images in place of numbers: **which microstructure looks wrong**, though nobody has
# ever told us what wrong looks like? Both are questions without labels: *unsupervised* learning.

# %%
import jax
import jax.numpy as jnp
import numpy as np

from mfml.clustering import anomaly, autoencoder, distances, gmm, kmeans, kmedoids, scores, seeding
from mfml.data import cahn_hilliard, nanoindentation
from mfml.plots import clustering as plots
from mfml.plots import datasets

key = jax.random.key(5)
data, card = nanoindentation.load(key)
raw = jnp.stack([data.hardness, data.modulus], axis=1)
scale = raw.std(axis=0)
x = (raw - raw.mean(axis=0)) / scale  # hardness and modulus count alike
UNITS = {"x_label": "hardness (GPa)", "y_label": "Young's modulus (GPa)"}
print(f"{card.name} ({card.source}): {len(x)} indents")


def in_units(points):
    """Take standardized points back to GPa."""
    return points * scale + raw.mean(axis=0)


# %% [markdown]
# ## k-means: every indent to the nearest centre
#
# Choose $k$ centres $\mu_j$ such that the squared distances to the nearest centre, the **inertia**, are small:
#
# $$J = \sum_i \min_j \lVert x_i - \mu_j \rVert^2 \tag{5.1}$$
#
# Nobody can minimize this exactly, but two steps by turns never raise it:
#
# $$l_i = \arg\min_j \lVert x_i - \mu_j \rVert^2, \qquad
# \mu_j = \frac{1}{n_j} \sum_{i:\, l_i = j} x_i \tag{5.2}$$

# %%
K = 3
phases = kmeans.fit(x, key, n_clusters=K, n_init=10)
print(f"{phases.n_iter} steps, inertia {phases.inertia:.1f}, indents per cluster {phases.counts.tolist()}")

# %% tags=["fig-kmeans"]
plots.clusters(raw, phases.labels, in_units(phases.centroids), **UNITS, names=["copper", "both metals", "chromium"])

# %% [markdown]
# *What to see.* Soft and compliant below, hard and stiff above: copper and chromium. Between them lie indents whose
# plastic zone reached both metals. Hardness and modulus were **standardized** first: in GPa the modulus, a hundred
# times larger, would decide alone.
#
# *Exercises 5.1 and 5.2* (`exercises/unit05.py`): the assignment, the update.

# %% [markdown]
# ### The start matters
#
# Each start ends in the minimum next to it, and there are many. **k-means++** draws the centres one after the other,
# each sample with a probability proportional to its squared distance to the nearest centre so far. A hundred
# starts with six centres, all in one compiled call:

# %%
MOST = 6
keys = jax.random.split(key, 50)
run = jax.vmap(lambda start: kmeans.fit_from(x, start, max_iter=40).inertia)
starts = {
    "random": jax.vmap(lambda one: x[jax.random.randint(one, (MOST,), 0, len(x))])(keys),
    "k-means++": jax.vmap(lambda one: seeding.plus_plus(x, one, n_clusters=MOST))(keys),
}
inertia_of = run(jnp.concatenate(list(starts.values())))
ends = dict(zip(starts, jnp.split(inertia_of, 2), strict=True))
for name, inertia in ends.items():
    print(f"{name:10s} inertia: best {inertia.min():.1f}, mean {inertia.mean():.1f}, worst {inertia.max():.1f}")

# %% [markdown]
# *Exercise 5.3*: the weights of k-means++.
#
# ### How many clusters?
#
# The inertia falls with every further centre, so it cannot answer. The **silhouette** can: it compares the mean
# distance to the own cluster with that to the next one.

# %%
counts = jnp.arange(2, MOST + 1)


def sweep(k):
    """k centres; the others are parked far away and stay there, so that one compiled call serves all k."""
    start = jnp.where(jnp.arange(MOST)[:, None] < k, starts["k-means++"][0], 1e3)
    state, _ = jax.lax.scan(lambda state, _: (kmeans.step(state, x), None), kmeans.init(start), None, length=30)
    labels = kmeans.assign(x, state.centroids)
    return labels, state.inertia, scores.silhouette(x, labels, n_clusters=MOST)


labels, inertias, silhouettes = jax.jit(jax.vmap(sweep))(counts)

# %% tags=["fig-elbow"]
plots.elbow(counts, inertias, silhouettes)

# %% [markdown]
# *What to see.* There is no sharp elbow, and the silhouette likes two: two metals. The third group is real as well,
# but it is a bridge, not a cloud of its own. No criterion replaces a look at the specimen.
#
# *Where it fails.* k-means knows only balls of equal size. And a mean is pulled by outliers; **k-medoids** takes a
# sample as each centre, and needs nothing but a table of distances:

# %%
table = distances.euclidean(x, x)
central = kmedoids.fit(table, key, n_clusters=K)
spoiled = x.at[0].set(60.0)  # a slip in one row of the table
of_means = kmeans.fit(spoiled, key, n_clusters=K, n_init=10)
of_medoids = kmedoids.fit(distances.euclidean(spoiled, spoiled), key, n_clusters=K)
agreement = float(scores.adjusted_rand(phases.labels, central.labels, n_clusters=K))
print(f"agreement of k-means and k-medoids: {agreement:.2f}")
alone = int((of_medoids.labels == of_medoids.labels[0]).sum())
print(f"with a slip, k-means spends a cluster on it: {of_means.counts.tolist()}")
print(f"k-medoids leaves it among {alone} others")

# %% [markdown]
# ## Mixtures: how sure are we?
#
# An indent on the border belongs to neither metal. A **Gaussian mixture** says so. Each phase is a bell with a weight,
# a mean and a covariance, and the density of an indent is their sum:
#
# $$p(x) = \sum_k \pi_k\, \mathcal N(x;\, \mu_k, \Sigma_k), \qquad
# \mathcal L = \frac1n \sum_i \log p(x_i) \tag{5.3}$$
#
# **Expectation maximization** is k-means with probabilities. First the *responsibilities*, by Bayes' rule,
#
# $$\gamma_{ik} = \frac{\pi_k\, \mathcal N(x_i;\, \mu_k, \Sigma_k)}{\sum_j \pi_j\, \mathcal N(x_i;\, \mu_j, \Sigma_j)}
# \tag{5.4}$$
#
# then each bell is fitted anew to all samples, weighted by them, with $N_k = \sum_i \gamma_{ik}$:
#
# $$\pi_k = \frac{N_k}{n}, \quad \mu_k = \frac{1}{N_k} \sum_i \gamma_{ik}\, x_i, \quad
# \Sigma_k = \frac{1}{N_k} \sum_i \gamma_{ik} (x_i - \mu_k)(x_i - \mu_k)^\top \tag{5.5}$$

# %%
bells = gmm.fit(x, key, n_components=K, tol=1e-5, max_iter=300)
gamma = gmm.responsibilities(bells.mixture, x)
doubt = 1 - gamma.max(axis=1)
print(f"{bells.n_iter} steps, log-likelihood {bells.log_likelihood:.3f} nats, weights {bells.mixture.weights.round(2)}")

# %% tags=["fig-mixture"]
ellipses = bells.mixture.covariances * scale[:, None] * scale
plots.mixture(raw, doubt, in_units(bells.mixture.means), ellipses, **UNITS)

# %% [markdown]
# *What to see.* A tight bell for copper, a long one for what lies between, a wide one for chromium: the mixture finds
# clouds of different size and shape. Bright points are those that nobody should be sure about.
#
# The likelihood **never falls**: a step that lowers it is a mistake in the code. It has no upper bound, though: a bell
# that shrinks onto one sample gets infinitely likely. The little `reg_covar` on the diagonal forbids it.
#
# ### How many bells, and of what shape?
#
# More parameters fit better; the **BIC** charges $\log n$ for each of them: $-2 \sum_i \log p(x_i) + p \log n$.

# %%
numbers = np.arange(1, MOST + 1)
gammas = jax.nn.one_hot(jnp.concatenate([jnp.zeros((1, len(x)), int), labels]), MOST)
n_parameters = {"full": 6 * numbers - 1, "spherical": 4 * numbers - 1}  # in two dimensions
bic = {}
for kind, charge in n_parameters.items():

    def likelihood(gamma, kind=kind):
        start = gmm.m_step(x, gamma, covariance_type=kind)  # a bell without samples has weight 0, and keeps it
        return gmm.fit_from(x, start, tol=1e-4).log_likelihood

    bic[kind] = -2 * len(x) * jax.vmap(likelihood)(gammas) + charge * np.log(len(x))

# %% tags=["fig-bic"]
plots.criteria(numbers, bic, x_label="number of components", y_label="BIC (small is good)")

# %% [markdown]
# *What to see.* Ellipses need fewer bells than balls. The BIC asks for a further bell, though there are two metals: the
# bridge between them is no bell, and takes several. A good density is not yet a list of phases.
#
# *Exercises 5.4 to 5.6*: responsibilities, the M-step, the log-likelihood.
#
# ## Autoencoders: learn what is usual
#
# Now images. A mixture of two metals separates into a maze of two phases; the simulator solves the Cahn-Hilliard
# equation for it. Most specimens come from one furnace. Some others had the wrong composition, so that droplets formed,
# and a few contain a pore. We train on the usual ones alone.

# %%
SIZE = 32


def microstructures(key, count, composition):
    made = cahn_hilliard.simulate(key, jnp.full(count, composition), size=SIZE, n_times=1, steps=200)
    return made.fields[:, 0]


for_usual, for_odd, for_init, for_fit = jax.random.split(key, 4)
usual = microstructures(for_usual, 600, 0.5)
train, calibration, test = usual[:400], usual[400:500], usual[500:]
rows, columns = jnp.mgrid[:SIZE, :SIZE]
pore = (rows - 12) ** 2 + (columns - 18) ** 2 < 36
odd = {
    "droplets": microstructures(for_odd, 100, 0.35),
    "pore": jnp.where(pore, -0.5, microstructures(jax.random.fold_in(for_odd, 1), 100, 0.5)),
}

# %% tags=["fig-microstructures"]
shown = jnp.concatenate([test[:5], odd["droplets"][:5], odd["pore"][:5]])
datasets.images(shown, columns=5, limits=(-0.5, 1.0), size=1.1)

# %% [markdown]
# Rows: usual, with droplets, with a pore.
#
# An **autoencoder** squeezes each image through a code $z$ of few numbers and rebuilds it:
#
# $$z = f(x), \qquad \hat x = g(z), \qquad
# J = \frac{1}{n d} \sum_{i, j} (\hat x_{ij} - x_{ij})^2 \tag{5.6}$$
#
# With $f$ and $g$ linear the best plane is that of PCA (Unit 2). With convolutions, it can use that the same borders
# occur everywhere in the image.

# %%
CODE = 24
mean = train.mean()
flat = (train - mean).reshape(len(train), -1)
straight = autoencoder.init_dense(for_init, n_features=SIZE**2, n_components=CODE)
linear = autoencoder.fit(flat, for_fit, straight, learning_rate=1e-2, batch_size=100, n_steps=400)
curved = autoencoder.init_convolutional(for_init, shape=(SIZE, SIZE, 1), n_components=CODE, channels=(8, 16))
images = (train - mean)[..., None]
deep = autoencoder.fit(images, for_fit, curved, learning_rate=5e-3, batch_size=50, n_steps=300)

# %%
singular = np.linalg.svd(np.asarray(flat, np.float64), compute_uv=False)
of_pca = float(np.sum(singular[CODE:] ** 2) / flat.size)
of_linear = float(autoencoder.loss(linear.model, flat))
of_deep = float(autoencoder.loss(deep.model, images))
print(f"mean squared error: PCA {of_pca:.4f}, linear autoencoder {of_linear:.4f}, convolutional {of_deep:.4f}")

# %% tags=["fig-training"]
plots.histories({"linear": linear.history, "convolutional": deep.history}, y_label="mean squared error of a batch")

# %% [markdown]
# *Exercise 5.7*: the loss of a linear autoencoder.
#
# ## What it cannot rebuild is unusual
#
# The score of an image is its own mean squared error:
#
# $$s_i = \frac1d \sum_j (x_{ij} - \hat x_{ij})^2 \tag{5.7}$$
#
# The limit is set on usual images that the model has *not* seen: above it lie 5 % of them, the false alarms.


# %%
def score(images):
    centred = (images - mean)[..., None]
    return anomaly.reconstruction_error(centred, autoencoder.reconstruct(deep.model, centred))


limit = anomaly.threshold(score(calibration), contamination=0.05)
found = {"usual": score(test)} | {name: score(group) for name, group in odd.items()}
caught = {name: float(anomaly.flag(values, limit).mean()) for name, values in found.items()}
area = {}
for name in odd:
    both = jnp.concatenate([found["usual"], found[name]])
    area[name] = float(anomaly.auc(both, jnp.arange(len(both)) >= len(test)))
    print(f"{name:9s} flagged {caught[name]:.0%}, area under the curve {area[name]:.2f}")
print(f"false alarms {caught['usual']:.0%}")

# %% tags=["fig-scores"]
plots.score_histogram(found, float(limit))

# %% [markdown]
# *What to see.* A pore is nothing that the model can build from what it knows, and every one is found; most droplets
# are found too. *Where it fails:* an error only sees what is hard to rebuild. Something simple and wrong, such as an
# image without any phases, may be rebuilt well. So one looks at the code as well: how far does it lie from the codes
# of usual images, measured in their own covariance (the Mahalanobis distance)?


# %%
def code(images):
    return autoencoder.encode(deep.model, (images - mean)[..., None])


latent = anomaly.fit_latent(code(calibration), regularization=1e-4)
far = {name: anomaly.latent_distance(latent, code(group)) for name, group in ({"usual": test} | odd).items()}
area_latent = {}
for name in odd:
    both = jnp.concatenate([far["usual"], far[name]])
    area_latent[name] = float(anomaly.auc(both, jnp.arange(len(both)) >= len(test)))
    print(f"{name:9s} by latent distance: area under the curve {area_latent[name]:.2f}")

# %% [markdown]
# *What to see.* Here it is the worse judge: the encoder keeps what it was trained to keep, and drops what it does not
# know. The codes of droplets even lie closer to the middle than usual ones do. A score is a hypothesis about what
# "unusual" means: test it on examples before you trust it.
#
# > **Materials view.** A microscope that runs overnight cannot ask you about every image. It can keep those that its
# > autoencoder cannot rebuild, and those whose code lies far from all others, and show you these in the morning.
#
# *Exercise 5.8*: the anomaly score.
#
# ## What to take home
#
# 1. k-means: assign, average, repeat. Standardize first, start many times.
# 2. A mixture gives probabilities and shapes. Compute with logarithms, and watch the likelihood rise.
# 3. An autoencoder is PCA with curves. What it cannot rebuild, it has not seen.
# 4. No algorithm knows how many clusters there are. You decide, with criteria as advisers.
#
# **Now you**: [the exercises](../exercises/unit05.py), then `nox -s grade -- 5`. To read on: Bishop (2006), chapter 9
# and section 12.4.2; Murphy (2012), chapters 11 and 25; McClarren (2021), chapters 4 and 8; Neuer (2024).

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert phases.converged
assert (np.diff(phases.centroids[:, 0]) > 0).all()
assert ends["k-means++"].mean() < ends["random"].mean()
assert (np.diff(inertias) < 0).all()
assert agreement > 0.7
assert min(of_means.counts.tolist()) == 1
assert of_medoids.converged
assert bells.converged
assert jnp.nanmin(jnp.diff(bells.history)) > -1e-4
assert jnp.allclose(gamma.sum(axis=1), 1, atol=1e-5)
assert bic["full"].min() < bic["spherical"].min()
assert of_pca <= of_linear < 1.5 * of_pca
assert caught["usual"] < 0.2
assert area["pore"] > 0.95
assert area["droplets"] > 0.8
assert area["droplets"] > area_latent["droplets"]
