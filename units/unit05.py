# %% [markdown]
# # Unit 5. Clustering and autoencoders
#
# A fine diamond tip has been pressed 938 times into alloys of copper and chromium. Each indent gives a hardness and
# a Young's modulus, but nobody has written down what lay under the tip. **Which phases are there, and which indent
# hit which?** Then, with images instead of numbers: **which microstructure looks wrong** if nobody has told us what
# wrong looks like? Both questions come without labels. This is *unsupervised* learning.

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from mfml.clustering import anomaly, autoencoder, distances, gmm, kmeans, kmedoids, scores, seeding
from mfml.data import cahn_hilliard, nanoindentation
from mfml.plots import clustering as plots
from mfml.plots import datasets

key = jax.random.key(5)
data, card = nanoindentation.load(key=key)
raw = np.stack([data.hardness, data.modulus], axis=1)
scale = raw.std(axis=0)
x = jnp.asarray((raw - raw.mean(axis=0)) / scale)  # hardness and modulus get equal weight
UNITS = {"x_label": "hardness (GPa)", "y_label": "Young's modulus (GPa)"}
print(f"{card.name} ({card.source}): {len(x)} indents")


def in_units(points):
    """Convert standardized points back to GPa."""
    return np.asarray(points) * scale + raw.mean(axis=0)


# %% [markdown]
# ## k-means: every indent to the nearest center
#
# Choose $k$ centers $\mu_j$ such that the sum of squared distances to the nearest center, the **inertia**, is small:
#
# $$J = \sum_i \min_j \lVert x_i - \mu_j \rVert^2 \tag{5.1}$$
#
# For many points, exact minimization is out of reach. But two alternating steps never raise $J$:
#
# $$l_i = \arg\min_j \lVert x_i - \mu_j \rVert^2, \qquad
# \mu_j = \frac{1}{n_j} \sum_{i:\, l_i = j} x_i \tag{5.2}$$

# %%
K = 3
phases = kmeans.fit(x, key=key, n_clusters=K, n_init=10)
print(f"{phases.n_iter} steps, inertia {phases.inertia:.1f}, indents per cluster {phases.counts.tolist()}")

# %% tags=["fig-kmeans"]
plots.clusters(raw, phases.labels, in_units(phases.centroids), **UNITS, names=["copper", "both metals", "chromium"])

# %% [markdown]
# *What to see.* Copper is soft and compliant, chromium hard and stiff. Between them lie indents with a plastic zone
# that reached both metals. We **standardized** hardness and modulus first: in GPa the modulus is a hundred times larger
# and would dominate every distance.
#
# *Exercises 5.1 and 5.2* (`exercises/unit05.py`): the assignment, the update.

# %% [markdown]
# ### The start matters
#
# Each start leads to a nearby local minimum, and there are many. **k-means++** draws one center after another. The
# probability of each sample is proportional to its squared distance to the nearest center so far. Here are fifty starts
# of each kind with sixteen centers, all one hundred in one compiled call:

# %%
MANY = 16
keys = jax.random.split(key, 50)
run = jax.vmap(lambda start: kmeans.fit(x, init=start, max_iter=40).inertia)
starts = {
    "random": np.asarray(x)[np.random.default_rng(5).integers(0, len(x), (50, MANY))],
    "k-means++": np.asarray(jax.vmap(lambda one: seeding.plus_plus(x, key=one, n_clusters=MANY))(keys)),
}
inertia_of = np.asarray(run(np.concatenate(list(starts.values()))))
ends = dict(zip(starts, np.split(inertia_of, 2), strict=True))
for name, inertia in ends.items():
    print(f"{name:10s} inertia: best {inertia.min():.1f}, mean {inertia.mean():.1f}, worst {inertia.max():.1f}")

# %% [markdown]
# *What to see.* The best results of both are equally good. On average, k-means++ is clearly better. Even its worst
# result beats the mean of the random starts, so it needs fewer restarts. With three centers, any start works; try it.
#
# *Exercise 5.3*: the weights of k-means++.
#
# ### How many clusters?
#
# The inertia falls with every additional center, so it cannot answer this question. The **silhouette** can: it compares
# the mean distance of a sample to its own cluster with that to the nearest other cluster.

# %%
MOST = 6
counts = np.arange(2, MOST + 1)


def sweep(k):
    """Use k centers. The others stay far away, so one compiled call serves all k."""
    start = jnp.where(jnp.arange(MOST)[:, None] < k, starts["k-means++"][0, :MOST], 1e3)
    state, _ = jax.lax.scan(lambda state, _: (kmeans.step(state, x), None), kmeans.init(x, start), None, length=30)
    labels = kmeans.assign(x, state.centroids)
    return labels, state.inertia, scores.silhouette(x, labels, n_clusters=MOST)


labels, inertias, silhouettes = jax.jit(jax.vmap(sweep))(counts)

# %% tags=["fig-elbow"]
plots.elbow(counts, inertias, silhouettes)

# %% [markdown]
# *What to see.* There is no sharp elbow, and the silhouette prefers two clusters: two metals. The third group is real
# as well, but it is a bridge between the others, not a separate cloud. No criterion replaces a look at the specimen.
#
# *Where it fails.* k-means works best for balls of equal size, and outliers pull its means. **k-medoids** uses samples
# as centers and needs only a table of distances:

# %%
spoiled = x.at[0].set(60.0)  # a typing error in one row of the table
of_means = kmeans.fit(spoiled, key=key, n_clusters=K, n_init=10)


@jax.jit
def by_medoids(x):
    return kmedoids.fit(distances.euclidean(x, x), key=key, n_clusters=K)


central, of_medoids = by_medoids(x), by_medoids(spoiled)
agreement = float(jax.jit(partial(scores.adjusted_rand, n_clusters=K))(phases.labels, central.labels))
print(f"agreement of k-means and k-medoids: {agreement:.2f}")
alone = int(np.sum(np.equal(of_medoids.labels, of_medoids.labels[0]))) - 1
print(f"with a typing error, k-means spends a cluster on it: {of_means.counts.tolist()}")
print(f"k-medoids puts it into a cluster with {alone} others")

# %% [markdown]
# ## Mixtures: how sure are we?
#
# An indent on the border belongs to neither metal. A **Gaussian mixture** can express this. Each phase is a bell curve
# with a weight, a mean and a covariance. The density of an indent is the sum over the phases:
#
# $$p(x) = \sum_k \pi_k\, \mathcal N(x;\, \mu_k, \Sigma_k), \qquad
# \mathcal L = \frac1n \sum_i \log p(x_i) \tag{5.3}$$
#
# **Expectation maximization** is k-means with probabilities. The E-step computes the *responsibilities* by Bayes' rule:
#
# $$\gamma_{ik} = \frac{\pi_k\, \mathcal N(x_i;\, \mu_k, \Sigma_k)}{\sum_j \pi_j\, \mathcal N(x_i;\, \mu_j, \Sigma_j)}
# \tag{5.4}$$
#
# The M-step fits each bell to all samples, weighted by its responsibilities, with $N_k = \sum_i \gamma_{ik}$:
#
# $$\pi_k = \frac{N_k}{n}, \quad \mu_k = \frac{1}{N_k} \sum_i \gamma_{ik}\, x_i, \quad
# \Sigma_k = \frac{1}{N_k} \sum_i \gamma_{ik} (x_i - \mu_k)(x_i - \mu_k)^\top \tag{5.5}$$


# %%
@jax.jit
def mixture_of(gamma):
    """Start from the result of k-means; the M-step turns it into a mixture."""
    fitted = gmm.fit(x, init=gmm.m_step(x, gamma), tol=1e-5, max_iter=300)
    return fitted, gmm.responsibilities(fitted, x)


bells, gamma = mixture_of(np.eye(K, dtype=x.dtype)[phases.labels])
doubt = 1 - np.max(gamma, axis=1)
weights = ", ".join(f"{weight:.2f}" for weight in bells.weights.tolist())
print(f"{bells.n_iter} steps, log-likelihood {bells.log_likelihood:.3f} nats, weights {weights}")

# %% tags=["fig-mixture"]
ellipses = np.asarray(bells.covariances) * scale[:, None] * scale
plots.mixture(raw, doubt, in_units(bells.means), ellipses, **UNITS)

# %% [markdown]
# *What to see.* Copper gets a narrow bell, chromium a wide one, and the group between them a long one: the mixture
# finds clouds of different size and shape. The bright points are the uncertain ones.
#
# The likelihood **never decreases**. If a step lowers it, there is a mistake in the code. But it has no upper bound: a
# bell that shrinks onto one sample becomes infinitely likely. The small `reg_covar` on the diagonal prevents this.
#
# ### How many bells, and of what shape?
#
# More parameters always fit better. The **BIC** charges $\log n$ for each of them: $-2 \sum_i \log p(x_i) + p \log n$.

# %%
numbers = np.arange(1, MOST + 1)
gammas = np.eye(MOST, dtype=x.dtype)[np.concatenate([np.zeros((1, len(x)), int), labels])]
n_parameters = {"full": 6 * numbers - 1, "spherical": 4 * numbers - 1}  # in two dimensions
bic = {}
for kind, charge in n_parameters.items():

    def likelihood(gamma, kind=kind):
        start = gmm.m_step(x, gamma, covariance_type=kind)  # a bell without samples keeps weight 0
        return gmm.fit(x, init=start, tol=1e-4).log_likelihood

    bic[kind] = -2 * len(x) * np.asarray(jax.jit(jax.vmap(likelihood))(gammas)) + charge * np.log(len(x))

# %% tags=["fig-bic"]
plots.criteria(numbers, bic, x_label="number of components", y_label="BIC (smaller is better)")

# %% [markdown]
# *What to see.* The data need fewer ellipses than balls. The BIC asks for more bells than there are metals, since the
# bridge between the two is not a bell and takes several. A good density is not yet a list of phases.
#
# *Exercises 5.4 to 5.6*: responsibilities, the M-step, the log-likelihood.
#
# ## Autoencoders: learn what is usual
#
# Now we turn to images. A mixture of two metals separates into a maze of two phases; the simulator solves the
# Cahn-Hilliard equation. Most specimens come from one furnace. Some had the wrong composition and formed droplets, and
# others contain a pore. We train only on the usual ones.

# %%
SIZE = 32


for_fields, for_init, for_fit = jax.random.split(key, 3)
composition = jnp.asarray(np.repeat([0.5, 0.35], [700, 100]), float)
made = np.array(cahn_hilliard.simulate(composition, key=for_fields, size=SIZE, n_times=1, steps=200).fields[:, 0])
rows, columns = np.mgrid[:SIZE, :SIZE]
made[600:700, (rows - 12) ** 2 + (columns - 18) ** 2 < 36] = -0.5  # darker than any metal
train, calibration, test, with_pore, droplets = np.split(made, [400, 500, 600, 700])

# %% tags=["fig-microstructures"]
shown = np.concatenate([test[:5], droplets[:5], with_pore[:5]])
datasets.images(shown, columns=5, cmap="gray", limits=(-0.5, 1.0), size=1.1)

# %% [markdown]
# Rows: usual, with droplets, with a pore (black).
#
# An **autoencoder** compresses each image to a short code $z$ and reconstructs the image from it:
#
# $$z = f(x), \qquad \hat x = g(z), \qquad
# J = \frac{1}{n d} \sum_{i, j} (\hat x_{ij} - x_{ij})^2 \tag{5.6}$$
#
# If $f$ and $g$ are linear, the best subspace is that of PCA (Unit 2). Convolutions exploit the fact that similar
# boundaries occur everywhere in the image.

# %%
CODE = 24
mean = train.mean()
flat = (train - mean).reshape(len(train), -1)
straight = autoencoder.init_dense(key=for_init, n_features=SIZE**2, n_components=CODE)
linear = autoencoder.fit(flat, key=for_fit, init=straight, learning_rate=1e-2, batch_size=100, n_steps=400)
curved = autoencoder.init_convolutional(key=for_init, shape=(SIZE, SIZE, 1), n_components=CODE, channels=(8, 16))
images = (train - mean)[..., None]
deep = autoencoder.fit(images, key=for_fit, init=curved, learning_rate=5e-3, batch_size=50, n_steps=200)

# %%
left = np.linalg.eigvalsh(flat @ flat.T)[:-CODE]  # squared singular values: what PCA leaves out
of_pca = float(left.sum() / flat.size)
of_linear = float(jax.jit(autoencoder.loss)(linear, flat))
print(f"mean squared error: PCA {of_pca:.4f}, linear autoencoder {of_linear:.4f}")

# %% tags=["fig-training"]
plots.histories({"linear": linear.history, "convolutional": deep.history}, y_label="mean squared error of a batch")

# %% [markdown]
# *Exercise 5.7*: the loss of a linear autoencoder.
#
# ## What it cannot rebuild is unusual
#
# The score of an image is its mean squared reconstruction error:
#
# $$s_i = \frac1d \sum_j (x_{ij} - \hat x_{ij})^2 \tag{5.7}$$
#
# We set the limit with usual images that the model has *not* seen: 5 % of them exceed it. These are the false alarms.


# %%
@jax.jit
def judge(images):
    """Code, score and reconstruction of each image."""
    centered = images[..., None] - mean
    z = autoencoder.encode(deep, centered)
    rebuilt = autoencoder.decode(deep, z)
    return z, anomaly.reconstruction_error(rebuilt, centered), rebuilt[..., 0] + mean


@jax.jit
def area_under_curve(usual, unusual):
    both = jnp.concatenate([usual, unusual])
    return anomaly.auc(both, jnp.arange(len(both)) >= len(usual))


seen = {"calibration": calibration, "usual": test, "droplets": droplets, "pore": with_pore}
judged = {name: judge(group) for name, group in seen.items()}
found = {name: np.asarray(score) for name, (_, score, _) in judged.items()}
limit = float(anomaly.threshold(jnp.asarray(found.pop("calibration")), contamination=0.05))
caught = {name: float(np.mean(score > limit)) for name, score in found.items()}
area = {name: float(area_under_curve(found["usual"], found[name])) for name in ("droplets", "pore")}
for name in area:
    print(f"{name:9s} flagged {caught[name]:.0%}, area under the curve {area[name]:.2f}")
print(f"false alarms {caught['usual']:.0%}")

# %% tags=["fig-rebuilt"]
groups = ("usual", "droplets", "pore")
before = np.concatenate([seen[name][:2] for name in groups])
after = np.concatenate([np.asarray(judged[name][2])[:2] for name in groups])
datasets.images(np.concatenate([before, after]), columns=6, cmap="gray", limits=(-0.5, 1.0), size=1.0)

# %% [markdown]
# The upper row shows the images, the lower row their reconstructions: two usual ones, two with droplets, two with a
# pore. The coarse maze is preserved, small droplets blur, and the pore is painted over.

# %% tags=["fig-scores"]
plots.score_histogram(found, limit)

# %% [markdown]
# *What to see.* The model has not learned to draw a pore. Every pore is found, and so are most droplets.
# *Where it fails:* the error detects only what is hard to reconstruct. Something simple and wrong, such as an image
# without any phases, may be reconstructed well. We therefore look at the code as well: how far is it from the codes of
# usual images, measured by their covariance (the Mahalanobis distance)?


# %%
@jax.jit
def distance(usual, codes):
    return anomaly.latent_distance(anomaly.fit_latent(usual, regularization=1e-4), codes)


far = {name: distance(judged["calibration"][0], codes) for name, (codes, _, _) in judged.items()}
area_latent = {name: float(area_under_curve(far["usual"], far[name])) for name in area}
for name in area:
    print(f"{name:9s} by latent distance: area under the curve {area_latent[name]:.2f}")

# %% [markdown]
# *What to see.* Here this distance is the worse score: the encoder keeps what it was trained to keep and discards the
# rest. The codes of droplets are even closer to the center than usual ones. A score is a hypothesis about what
# "unusual" means. Test it on examples before you trust it.
#
# > **Materials view.** A microscope that runs overnight cannot ask you about every image. It can keep images with a
# > large reconstruction error or with a code far from all others, and show you these in the morning.
#
# *Exercise 5.8*: the anomaly score.
#
# ## What to take home
#
# 1. k-means: assign, average, repeat. Standardize first, and start many times.
# 2. A mixture gives probabilities and shapes. Compute with logarithms, and check that the likelihood rises.
# 3. An autoencoder is PCA with curves. It cannot reconstruct what it has not seen.
# 4. No algorithm knows how many clusters there are. You decide; the criteria only advise.
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
assert np.nanmin(np.diff(bells.history)) > -1e-4
assert np.allclose(np.sum(gamma, axis=1), 1, atol=1e-5)
assert bic["full"].min() < bic["spherical"].min()
assert of_pca <= of_linear < 1.5 * of_pca
assert caught["usual"] < 0.2
assert area["pore"] > 0.95
assert area["droplets"] > 0.8
assert area["droplets"] > area_latent["droplets"]
