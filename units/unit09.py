# %% [markdown]
# # Unit 9. Representation: maps and features that nobody labeled
#
# A furnace camera has taken 800 images of an alloy that separates into two phases. Each image is a point in a
# space of 1024 dimensions, one per pixel, and nobody can look into it. **Can we draw a map of the data, and can we
# trust it?** Moreover, labels are expensive. **Can a network learn what matters in such images before anybody has
# labeled any?**

# %%
from functools import partial
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np

from mfml.data import cahn_hilliard, digits, element_embeddings, elements
from mfml.decomposition import pca
from mfml.plots import clustering as curves
from mfml.plots import datasets
from mfml.plots import representation as plots
from mfml.representation import augment, contrastive, divergence, probe, quality, tsne, umap

key = jax.random.key(9)
for_digits, for_fields, for_maps, for_views, for_training, for_noise = jax.random.split(key, 6)
N, METHODS = 800, ("PCA", "t-SNE", "UMAP")

# %% [markdown]
# ## A shadow and two maps
#
# We begin with data that we understand: handwritten digits of 64 pixels each. PCA (Unit 2) is their best linear
# projection, a shadow. Two other methods do not project at all: they *place* points to keep neighbors together.
#
# **t-SNE** first turns distances into probabilities. Sample $i$ is the center of a Gaussian. Its width is set by the
# effective number of neighbors, the **perplexity**:
#
# $$p_{j|i} \propto e^{-\beta_i d_{ij}^2}, \qquad \mathrm{Perp} = e^{H_i}, \quad H_i = -\sum_j p_{j|i} \ln p_{j|i}
# \tag{9.1}$$
#
# $$p_{ij} = \frac{p_{j|i} + p_{i|j}}{2 n} \tag{9.2}$$
#
# In the map, the probabilities of points $y_i$ have a heavy tail. The points move until both tables agree:
#
# $$q_{ij} = \frac{(1 + \lVert y_i - y_j \rVert^2)^{-1}}{\sum_{k \ne l} (1 + \lVert y_k - y_l \rVert^2)^{-1}}
# \tag{9.3}$$
#
# $$\mathrm{KL}(P \| Q) = \sum_{i \ne j} p_{ij} \ln \frac{p_{ij}}{q_{ij}} \tag{9.4}$$
#
# $$\frac{\partial\, \mathrm{KL}}{\partial y_i} = 4 \sum_j (p_{ij} - q_{ij})
# \frac{y_i - y_j}{1 + \lVert y_i - y_j \rVert^2} \tag{9.5}$$
#
# **UMAP** links each sample to its nearest neighbors. The membership is 1 for the nearest one and decays beyond it. In
# the map of this graph, links attract, and a few random samples repel.
#
# $$w_{j|i} = e^{-\max(0,\, d_{ij} - \rho_i) / \sigma_i}, \qquad w_{ij} = w_{j|i} + w_{i|j} - w_{j|i} w_{i|j}
# \tag{9.6}$$


# %%
@jax.jit
def draw(x, key):
    """The shadow and the two maps."""
    model = pca.fit(x, n_components=2)
    t = tsne.fit(x, key=key, perplexity=30.0, max_iter=750)
    u = umap.fit(x, key=key, n_neighbors=15)
    return pca.transform(model, x), t.embedding, u.embedding


@partial(jax.jit, static_argnames="k")
def judge(x, y, k=10):
    """Trustworthiness, continuity and recall of a map."""
    measures = quality.trustworthiness, quality.continuity, quality.neighbor_recall
    return [measure(x, y, n_neighbors=k) for measure in measures]


def report(x, maps):
    """Print and return the three measures of each map."""
    found = {name: [float(value) for value in judge(x, y)] for name, y in maps.items()}
    for name, (trust, continuity, recall) in found.items():
        print(f"{name:6s} trustworthiness {trust:.3f}, continuity {continuity:.3f}, recall {recall:.2f}")
    return found


written, card = digits.load(key=for_digits)
numerals = np.asarray(written.images[:N]).reshape(N, -1)
numeral_maps = dict(zip(METHODS, draw(numerals, for_maps), strict=True))
print(f"{card.name} ({card.source}): {N} of {card.n_samples} images")
numeral_scores = report(numerals, numeral_maps)

# %% tags=["fig-digits"]
plots.maps(numeral_maps, written.labels[:N], names=[str(digit) for digit in range(10)], color_label="digit")

# %% [markdown]
# *What to see.* In the shadow the digits overlap. Both maps separate them without knowing what a digit is.
#
# ### May we believe it?
#
# **Trustworthiness** penalizes neighbors in the map that are not neighbors in the data. Let $r(i, j)$ be the rank of
# $j$ among the neighbors of $i$ in the data, and $N_k(i)$ the $k$ nearest neighbors of $i$ in the map:
#
# $$T = 1 - \frac{2}{n k (2 n - 3 k - 1)} \sum_i \sum_{j \in N_k(i)} \max(0,\, r(i, j) - k) \tag{9.9}$$
#
# **Continuity** is the same with data and map exchanged: it penalizes separated neighbors. **Recall** is the fraction
# of neighbors that are kept. PCA creates many false neighbors, since it projects distant samples onto each other.
#
# *Exercises 9.1 to 9.5 and 9.8* (`exercises/unit09.py`): P and its perplexity, Q, gradient, memberships,
# trustworthiness.

# %% [markdown]
# ## Microstructures
#
# Now we turn to the furnace. A mixture of two metals separates, first finely, then more and more coarsely; the
# simulator solves the Cahn-Hilliard equation. We take four images of each specimen, each at twice the time of the one
# before.

# %%
SIZE, TIMES = 32, (0, 1, 3, 7)
SPECIMENS = N // len(TIMES)
composition = jnp.full(SPECIMENS, 0.5)
run = cahn_hilliard.simulate(composition, key=for_fields, size=SIZE, n_times=8, steps=60)
fields = np.asarray(run.fields)[:, TIMES].reshape(N, SIZE, SIZE) - 0.5  # ordered by specimen
stage = np.tile(np.arange(len(TIMES)), SPECIMENS)
stages = [f"t = {float(run.time[time]):.0f}" for time in TIMES]

# %% tags=["fig-stages"]
datasets.images(fields[:12], columns=4, size=1.1, limits=(-0.5, 0.5), titles=stages * 3)

# %% [markdown]
# An image and its copy shifted by a few pixels are far apart as points: pixels describe a texture poorly.
# Its **power spectrum** does not depend on where things are, only on how coarse they are. We keep one number per
# wavelength:

# %%
power = np.abs(np.fft.fft2(fields)) ** 2
frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE))) * SIZE
rings = [(frequency > low) & (frequency <= low + 1) for low in range(12)]
spectrum = np.log(np.stack([power[:, ring].mean(axis=1) for ring in rings], axis=1) + 1e-3)
spectrum = ((spectrum - spectrum.mean(axis=0)) / spectrum.std(axis=0)).astype(np.float32)
padded = np.pad(spectrum, ((0, 0), (0, numerals.shape[1] - len(rings))))  # zeros do not change distances
texture_maps = dict(zip(METHODS, draw(padded, for_maps), strict=True))
texture_scores = report(padded, texture_maps)

# %% tags=["fig-textures"]
plots.maps(texture_maps, stage, names=stages, color_label="time")

# %% [markdown]
# *What to see.* Coarsening is a continuous path, and PCA draws it as one. t-SNE bends it, UMAP cuts it into islands,
# although the specimens crossed every gap without a jump. PCA keeps distances, and the other two do not: in their maps,
# the size of a cloud and its distance from others mean next to nothing.
#
# ## How perplexity misleads
#
# What does a map of *nothing* look like? We take two hundred points of pure noise in 20 dimensions and, as a second
# data set, two groups, one ten times as wide as the other. Here is the full optimizer, for three perplexities at once:

# %%
M, PERPLEXITIES = 200, (2.0, 15.0, 60.0)
drawn = np.asarray(jax.random.normal(for_noise, (2 * M * 20,))).reshape(2, M, 20)
width = np.where(np.arange(M) < M // 2, 1.0, 10.0)[:, None]
groups = drawn[1] * width + np.where(np.arange(M) < M // 2, 0.0, 50.0)[:, None]


@jax.jit
@partial(jax.vmap, in_axes=(0, None))
@partial(jax.vmap, in_axes=(None, 0))
def descend(x, perplexity):
    """t-SNE, step by step."""
    p = divergence.probabilities(x, perplexity=perplexity)

    def advance(state, i):
        early = i < 150
        slope = divergence.gradient(p, state.embedding, exaggeration=jnp.where(early, 12.0, 1.0))
        return tsne.step(state, slope, learning_rate=50.0, momentum=jnp.where(early, 0.5, 0.8)), None

    return jax.lax.scan(advance, tsne.init(x, key=for_maps), jnp.arange(600))[0].embedding


noise_maps, group_maps = descend(np.stack([drawn[0], groups]), jnp.array(PERPLEXITIES))

# %% tags=["fig-noise"]
plots.maps(
    {f"noise, perplexity {perplexity:.0f}": y for perplexity, y in zip(PERPLEXITIES, noise_maps, strict=True)},
    drawn[0, :, 0],
    color_label="first coordinate",
)

# %% tags=["fig-groups"]
plots.maps(
    {f"groups, perplexity {perplexity:.0f}": y for perplexity, y in zip(PERPLEXITIES, group_maps, strict=True)},
    np.arange(M) // (M // 2),
    names=["width 1", "width 10"],
    color_label="group",
)

# %%
nearest = {"low": noise_maps[0], "high": noise_maps[2]}


def clumpiness(y):
    """Mean distance to the nearest other point, relative to an even spread; small values mean clumps."""
    apart = np.linalg.norm(y[:, None] - y, axis=-1)
    radius = np.sqrt(np.mean(np.sum((y - y.mean(axis=0)) ** 2, axis=1)))
    return float(np.sort(apart, axis=1)[:, 1].mean() / radius * np.sqrt(len(y)))


clumps = {name: clumpiness(np.asarray(y)) for name, y in nearest.items()}
spread = [np.asarray(group_maps[2])[half].std() for half in (slice(M // 2), slice(M // 2, M))]
print(f"distance to the nearest point: {clumps['low']:.2f} at low, {clumps['high']:.2f} at high perplexity")
print(f"ratio of the groups' widths: {spread[1] / spread[0]:.1f} in the map, 10 in the data")

# %% [markdown]
# *What to see.* At a low perplexity, pure noise forms clumps that are not in the data. The two groups appear about
# equally large although one is ten times as wide, since every sample has equally many neighbors. **Never read sizes,
# distances or densities from such a map. Look at several perplexities, and test every cluster on the data themselves.**
#
# > **Materials view.** A cluster in a t-SNE of diffraction patterns is a hypothesis about phases. To test it, refine a
# > pattern from the middle of the cluster.
#
# ## Features that nobody labeled
#
# For the power spectrum, we had to know that position does not matter and coarseness does. **Contrastive learning**
# needs only the first half and finds the second. We take two *views* of each image: shifted, turned, relit, with new
# noise. None of these changes alters the material.

# %%
train, test = fields[: 3 * N // 4], fields[3 * N // 4 :]  # by specimen
train_stage, test_stage = np.split(stage, [len(train)])
strength = {"gain": 0.3, "offset": 0.1, "noise": 0.1}
both = [np.asarray(augment.microstructure(2 * train, key=one, **strength)) for one in jax.random.split(for_views)]

# %% tags=["fig-views"]
shown = np.concatenate([2 * train[:6], both[0][:6], both[1][:6]])
titles = [f"image, {time}" for time in (*stages, *stages[:2])] + ["one view"] * 6 + ["another view"] * 6
datasets.images(shown, columns=6, size=1.0, limits=(-1.5, 1.5), titles=titles)

# %% [markdown]
# Below each image are two of its views. An encoder turns the views into vectors $q_i$ and $k_i$ of length 1. It must
# find the partner of each view among all others:
#
# $$\mathcal L = -\frac1n \sum_i \ln \frac{e^{q_i \cdot k_i / \tau}}{\sum_j e^{q_i \cdot k_j / \tau}} \tag{9.7}$$
#
# SimCLR uses each view of a batch as a query (NT-Xent). No stages or other labels are used.

# %%
start = contrastive.init(key=for_training, channels=(16, 32, 64), n_components=32)
options = {"temperature": 0.2, "batch_size": 128, "n_steps": 150, "learning_rate": 3e-3}
began = perf_counter()
learned = jax.block_until_ready(contrastive.fit(2 * train, key=for_training, init=start, **strength, **options))
seconds = perf_counter() - began
print(f"NT-Xent {float(learned.history[0]):.2f} at first, {float(learned.history[-10:].mean()):.2f} at the end")
print(f"{options['n_steps']} steps in {seconds:.0f} s, compilation included")

# %% tags=["fig-training"]
curves.histories({"SimCLR": learned.history}, y_label="NT-Xent (nats)")

# %% [markdown]
# *Exercise 9.6*: InfoNCE.
#
# ## The probe: what can be read along straight lines?
#
# The encoder is now frozen. From a few labeled images, a **linear probe** learns to read the stage from the features:
#
# $$P(y = c\,|\,x) = \mathrm{softmax}(f(x) W + b)_c, \qquad
# \nabla_W = \frac1n f^\top (P - Y) \tag{9.8}$$
#
# Here $Y$ holds the labels as one-hot rows. We compare three representations: the pixels, the encoder before training,
# and the encoder after training. For each, we draw the labeled images ten times.

# %%
COUNTS, DRAWS = (2, 5, 20), 10
features = jax.jit(contrastive.encode)
spaces = {
    "pixels": [part.reshape(len(part), -1) for part in (train, test)],
    "untrained encoder": [features(start, 2 * part) for part in (train, test)],
    "SimCLR": [features(learned, 2 * part) for part in (train, test)],
}


@jax.jit
def probed(seen, labels, C, new, truth):
    """Accuracy of one probe per draw."""

    def one(x, y):
        # a thousandth of a nat is no image in a hundred
        return probe.score(probe.fit(x, y, n_classes=len(TIMES), C=C, tol=1e-3), new, truth)

    return jax.lax.map(lambda draw: one(*draw), (seen, labels))


rng = np.random.default_rng(9)
members = [np.flatnonzero(train_stage == one) for one in range(len(TIMES))]
found = {name: [] for name in spaces}
for count in COUNTS:
    rows = np.stack([np.concatenate([rng.choice(own, count, replace=False) for own in members]) for _ in range(DRAWS)])
    copies = COUNTS[-1] // count  # repeated rows with a smaller C give the same fit, and always the same shape
    rows = np.repeat(rows, copies, axis=1)
    for name, (seen, new) in spaces.items():
        scores = probed(np.asarray(seen)[rows], train_stage[rows], 1 / copies, np.asarray(new), test_stage)
        found[name].append(np.asarray(scores))
accuracy = {name: np.array(values) for name, values in found.items()}
for name, values in accuracy.items():
    print(f"{name:18s}", ", ".join(f"{mean:.2f}" for mean in values.mean(axis=1)), f"for {COUNTS} labels of each class")

# %% tags=["fig-probe"]
plots.accuracies(COUNTS, accuracy, chance=1 / len(TIMES))

# %% [markdown]
# *What to see.* On pixels, a probe hardly does better than guessing, however many labels it gets. A microstructure and
# its negative are equally likely, so no weighted sum of pixels can tell coarse from fine. On SimCLR's features, a
# handful of labels is enough. Look at the untrained encoder as well: its architecture alone, convolutions and a mean
# over all positions, already does part of the work. An honest comparison includes this baseline.
#
# *Where it fails.* The views decide what is kept. If they included zooming, the encoder would learn to ignore exactly
# what we ask for: how coarse the structure is.
#
# *Exercise 9.7*: a step of the probe.
#
# ## Embeddings that others have learned
#
# Training on your own data is one way. Another one is to take **foundation embeddings**: vectors that a model has
# learned from far more data than you will ever have. The vectors of *mat2vec* come from the abstracts of 3.3 million
# articles. An element's vector was fitted so that it predicts the words around the element's name. Nobody told the
# model what an element is.
#
# We show the map of the 98 lightest elements, and for a few of them those with the largest cosine. A probe reads
# whether an element is a metal. We have labels for 38 elements only, so each element is predicted by a probe of the 37
# others. The package that holds the vectors may be absent; then the map shows four measured properties instead.

# %%
table = elements.load(source="table")[0]
measured = np.stack([table.radius, table.electron_affinity, table.ionization_energy, table.electronegativity], axis=1)
measured = (measured - measured.mean(axis=0)) / measured.std(axis=0)
labeled = np.asarray(table.atomic_number) - 1
periods = [len(period.split()) for period in element_embeddings.PERIODS]
blocks = "".join("ss" + max(n - 18, 0) * "f" + (n >= 18) * 10 * "d" + (n > 2) * 6 * "p" for n in periods)
known = {"four properties": measured, "random vectors": rng.normal(size=(len(labeled), 200))}
if element_embeddings.is_installed():
    vectors = np.asarray(element_embeddings.load(kind="mat2vec")[0].vectors)[:98]
    known["mat2vec"] = vectors[labeled]
    shown, mapped, title = np.arange(98), vectors, "mat2vec"
else:
    shown, mapped = labeled, measured
    title = "four measured properties\n(ElementEmbeddings is not installed)"
    print("Without ElementEmbeddings there is no mat2vec. To install it: mfml data install element_embeddings")
names = np.array([element_embeddings.SYMBOLS[place + 1] for place in shown])
directions = mapped / np.linalg.norm(mapped, axis=1, keepdims=True)
placed = tsne.fit(directions, key=for_maps, perplexity=10.0, max_iter=500).embedding
cosines = directions @ directions.T - 2 * np.eye(len(shown))
closest = {name: names[np.argsort(-row)[:3]].tolist() for name, row in zip(names, cosines, strict=True)}
for name in ("Li", "Al", "Si", "Cl", "Fe", "Ti", "La", "U"):
    if name in closest:
        print(f"{name:2s} is near {', '.join(closest[name])}")

# %% tags=["fig-elements"]
plots.words(
    placed,
    names,
    ["spdf".index(blocks[place]) for place in shown],
    names=[f"{block} block" for block in "spdf" if block in {blocks[place] for place in shown}],
    title=title,
)

# %%
leave_one_out = 1 - np.eye(len(labeled), dtype=np.float32)


@jax.jit
def foretold(x, y):
    """The label of each element by a probe of all others."""
    fits = partial(probe.fit, x, y, n_classes=2)
    return jax.lax.map(lambda weights: probe.predict(fits(weights=weights), x), leave_one_out).diagonal()


right = {}
for name, x in known.items():
    padded = np.pad(x, ((0, 0), (0, 200 - x.shape[1]))).astype(np.float32)  # one shape, one compilation
    predicted = np.asarray(foretold(padded, table.metallic))
    right[name] = float(np.mean(predicted == table.metallic))
    wrong = [element_embeddings.SYMBOLS[place + 1] for place in labeled[predicted != table.metallic]]
    print(f"{name:15s} {right[name]:.2f} right; wrong: {' '.join(wrong)}")

# %% [markdown]
# *What to see.* With mat2vec, the neighbors are those of the periodic table, and the blocks appear in the map, although
# the model has read words only. Some elements stand apart: K, V, Tc, Pa, At. Their symbols have a second meaning: the
# kelvin, the volt, a critical temperature, the pascal, a word. An embedding knows the company of words and nothing
# else.
#
# The probe confirms both. On text alone it is far better than on random vectors, for which guessing is all that is
# left. It fails for such symbols, and for silicon, germanium and their like, which articles mention together with
# metals. Four well-chosen measurements are still better: **where physics gives you features, compare with them first.**
#
# ## What to take home
#
# 1. t-SNE and UMAP keep neighbors, not distances, sizes or densities. Measure trustworthiness and continuity.
# 2. Try several perplexities, and remember that noise forms clumps at a low one.
# 3. Contrastive learning needs no labels, but it needs to know what does not matter. Choose the views like a physicist.
# 4. A linear probe shows what has been learned. Compare it with an untrained encoder and with raw data.
# 5. Foundation embeddings bring knowledge from data that you do not have, and its blind spots.
#
# **Now you**: [the exercises](../exercises/unit09.py), then `nox -s grade -- 9`. To read on: van der Maaten and Hinton
# (2008); McInnes, Healy and Melville (2018); Chen et al. (2020); Kobak and Berens (2019), on t-SNE in practice;
# Tshitoyan et al. (2019), on mat2vec.

# %% tags=["hide-input"]
# What this lesson claims, checked.
for scores in (numeral_scores, texture_scores):
    assert scores["t-SNE"][0] > scores["PCA"][0]
    assert scores["UMAP"][0] > 0.9
assert numeral_scores["t-SNE"][2] > 2 * numeral_scores["PCA"][2]
assert clumps["low"] < 0.8 * clumps["high"]
assert spread[1] / spread[0] < 5
assert learned.history[-10:].mean() < learned.history[:10].mean() - 0.5
assert accuracy["SimCLR"][0].mean() > accuracy["pixels"][0].mean() + 0.2
assert accuracy["SimCLR"][1].mean() > accuracy["pixels"][-1].mean()
assert right["four properties"] > 0.85
assert right.get("mat2vec", 1.0) > right["random vectors"] + 0.15
assert closest.get("Ti", ["Zr"])[0] == "Zr"  # where mat2vec is installed
