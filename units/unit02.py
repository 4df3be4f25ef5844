# %% [markdown]
# # Unit 2. Linear algebra for learning: covariance, PCA, SVD, NMF
#
# Two hundred powders lie on a table. Each is a mixture of a few metals. X-ray diffraction has given a pattern for each
# powder: 400 intensities over the diffraction angle. **How many substances are there, what do their patterns look
# like, and how much of each does every powder contain?**
#
# Nobody tells us the substances. All we have is a matrix with one row per powder and one column per angle. This unit
# shows what such a matrix can tell us.

# %%
import jax
import jax.numpy as jnp
import numpy as np

from mfml.data import digits, spectra
from mfml.decomposition import (
    conditioning,
    kernel_pca,
    nmf,
    norms,
    pca,
    projection,
    spectral,
    subspaces,
    svd,
    whitening,
)
from mfml.plots import datasets
from mfml.plots import decomposition as plots

data, card = spectra.load(key=jax.random.key(2))
x, angle = data.intensity, np.asarray(data.angle)
print(f"{card.name} ({card.source}): {x.shape[0]} patterns of {x.shape[1]} intensities")

# %% tags=["fig-spectra"]
datasets.spectra(angle, np.asarray(x)[:4], offset=0.8, title="four of the powders")

# %% [markdown]
# ## How much is in a matrix: rank and subspaces
#
# The pattern of a mixture is the weighted sum of the patterns of its $k$ substances. With the amounts in $W$ and the
# pure patterns in $H$, all 200 measurements are one product:
#
# $$X = W H + \text{noise}, \qquad W \ge 0 \ (200 \times k), \quad H \ge 0 \ (k \times 400) \tag{2.1}$$
#
# Every row of $WH$ lies in the **row space** of $H$, which has only $k$ dimensions. The **rank** counts them.

# %%
clean = data.abundances @ data.components  # what a detector without noise would see
ranks = [int(subspaces.numerical_rank(one, rtol=1e-5)) for one in (clean, x)]
print("rank without noise:", ranks[0], " with noise:", ranks[1])
s = np.linalg.svd(x, compute_uv=False)
print("largest singular values with noise:", np.round(s[:6], 2))

# %% [markdown]
# *What to see.* Without noise the rank is 3: there are three substances. With noise it is 200, the largest possible
# value, because noise points in all directions. But the noise is *weak* in each direction: after the third, the
# singular values drop to a floor. The rank of measured data depends on the tolerance.
#
# ### What data cannot say: the null space
#
# Suppose the hardness of a powder were $b_0 + b_1 w_\mathrm{Al} + b_2 w_\mathrm{Cu} + b_3 w_\mathrm{Fe}$. Can 200
# measurements of hardness tell us the four numbers?

# %%
design = np.column_stack([np.ones(len(x)), data.abundances])


@jax.jit
def invisible(design):
    """Return what data cannot say: which weights, which change of them, and how much their variance inflates."""
    inflation = conditioning.variance_inflation(design[:, 1:])
    return subspaces.identifiability(design), subspaces.null_space(design, rank=3), inflation


found, null, inflation = jax.tree.map(np.asarray, invisible(design))
print("rank", found.rank, "of 4; identifiable:", found.identifiable)
print("invisible change of the weights:", np.round(null.T, 2))
print("variance inflation:", inflation)

# %% [markdown]
# *What to see.* The shares add up to one, so adding 1 to $b_0$ and subtracting 1 from each of the others changes no
# prediction. This direction spans the **null space** of the design. It involves all four weights, so none of them is
# **identifiable**. No amount of data helps, but dropping one column does. The *variance inflation factors* agree: they
# are infinite.
#
# > **Materials view.** Compositions always add up to one. Never interpret the weights of all elements *and* an
# > intercept.

# %% [markdown]
# ## Projection: when the substances are known
#
# If someone tells us $H$, the amounts in a measured pattern $y$ follow from least squares. Least squares is a
# **projection**: it finds the point nearest to $y$ in the column space of $A = H^\top$.
#
# $$\hat w = \arg\min_w \lVert A w - y \rVert_2 = A^+ y, \qquad
# \hat y = A \hat w = P y, \qquad A^\top (y - \hat y) = 0 \tag{2.2}$$
#
# $A^+$ is the **pseudo-inverse**, and $P = A A^+$ is the projection. The residual $y - \hat y$ is perpendicular to
# every column.

# %%
pure = np.asarray(data.components).T  # 400 x 3
measured, shares = np.asarray(x)[0], np.asarray(data.abundances)[0]
fit = jax.tree.map(np.asarray, projection.least_squares(pure, measured))
verdict = projection.solvability(pure, measured)
print("shares found", np.round(fit.weights, 3), " true", np.round(shares, 3))
print(f"exactly solvable: {verdict.solvable}; distance to the column space {verdict.distance:.2f}")

# %% tags=["fig-projection"]
plots.projection(angle, measured, fit.fitted)

# %% [markdown]
# *What to see.* The 400 equations in 3 unknowns have no exact solution, but there is a nearest point. The residual is
# only noise: it contains no line that would call for a fourth substance.
#
# *Exercise 2.3* ([exercises/unit02.py](../exercises/unit02.py)): projection.

# %% [markdown]
# ## Conditioning: when the answer shakes
#
# Beam time is expensive. Is it enough to scan a narrow window? Aluminum and iron both have a line near 45°, and in a
# window around it their patterns are nearly parallel vectors. The **condition number** measures the consequence:
#
# $$\kappa(A) = \frac{\sigma_1}{\sigma_k}, \qquad
# \frac{\lVert \delta w \rVert}{\lVert w \rVert} \le \frac{\kappa}{\eta \cos\theta}\,
# \frac{\lVert \delta y \rVert}{\lVert y \rVert} \tag{2.3}$$
#
# where $\theta$ is the angle between $y$ and the column space, and $\eta \ge 1$.

# %%
WINDOWS = [(25, 95), (43, 46), (44, 46), (44.2, 45.5), (44.5, 45.2)]


def shaken(window):
    """Return the condition number of a window, the mean error of the shares and its mean bound."""
    seen = ((angle >= window[0]) & (angle <= window[1]))[:, None]  # other angles have weight zero
    a, y, true = pure * seen, (x * seen.T).T, (clean * seen.T).T
    shares = projection.pseudo_inverse(a) @ y
    error = jnp.linalg.norm(shares - data.abundances.T, axis=0) / jnp.linalg.norm(data.abundances, axis=1)
    growth = jax.vmap(lambda one: conditioning.least_squares_condition(a, one).of_target)(true.T)
    noise = jnp.linalg.norm(y - true, axis=0) / jnp.linalg.norm(true, axis=0)
    return conditioning.condition_number(a), error.mean(), (growth * noise).mean()


kappa, error, bound = (np.asarray(one) for one in jax.jit(jax.vmap(shaken))(np.array(WINDOWS)))

# %% tags=["fig-conditioning"]
plots.conditioning(kappa, error, bound, labels=[f"{low:g}° to {high:g}°" for low, high in WINDOWS])

# %% [markdown]
# *What to see.* The detector and the noise are always the same. Yet in the narrowest window the shares are worthless,
# although every intensity is measured as well as before. The bound (2.3) describes the worst case: noise that points
# exactly in the weakest direction. Random noise does less harm but follows the same slope.

# %% [markdown]
# ## Covariance: the shape of a cloud
#
# Now forget the pure patterns. Look at only two intensities, those at the strongest lines of aluminum and copper. The
# **covariance matrix** describes how they vary together, and its eigenvectors are the axes of an ellipse:
#
# $$S = \frac{1}{n-1} \sum_i (x_i - \bar x)(x_i - \bar x)^\top = Q \Lambda Q^\top, \qquad
# \Delta(x)^2 = (x - \bar x)^\top S^{-1} (x - \bar x) \tag{2.4}$$
#
# The semi-axes are $\sqrt{\lambda_i}\, q_i$. The **Mahalanobis distance** $\Delta$ counts standard deviations along
# them; it is the same for all points of an ellipse.

# %%
al, cu = np.argmax(pure, axis=0)[:2]
pair = np.asarray(x)[:, [al, cu]]


@jax.jit
def described(pair):
    """Return the covariance, axes and outline of its ellipse, each point's distance, and whether it is valid."""
    mean, cov = pair.mean(axis=0), spectral.covariance(pair)
    distance = spectral.mahalanobis(pair, mean, cov)
    return cov, spectral.ellipse_axes(cov), spectral.ellipse_outline(mean, cov), distance, spectral.is_psd(cov)


cov, axes, outline, distance, allowed = described(pair)
mean, outline = pair.mean(axis=0), np.asarray(outline)
print("covariance", np.round(cov, 3).tolist(), " positive semi-definite:", allowed)

# %% tags=["fig-ellipse"]
plots.ellipses(
    pair,
    {"Δ = 1": outline, "Δ = 2": mean + 2 * (outline - mean)},
    mean,
    np.asarray(axes.lengths)[:, None] * np.asarray(axes.directions),
    x_label=f"intensity at {angle[al]:.1f}° (Al)",
    y_label=f"intensity at {angle[cu]:.1f}° (Cu)",
)

# %% [markdown]
# *What to see.* More aluminum means less copper, so the long axis slopes down. *Where it fails*: a covariance
# describes nothing but an ellipse. It does not show that the cloud is a triangle with the pure substances at its
# corners. Remember the triangle: it will return.
#
# *Exercises 2.1 and 2.2*: center, covariance.
#
# ### Whitening
#
# Distances between raw features depend on their units. **Whitening** maps the ellipse to a circle,
# $z = M (x - \bar x)$ with $M^\top M = S^{-1}$. Any rotation of such an $M$ qualifies, too; three choices are common.

# %%
KINDS = ("PCA", "ZCA", "Cholesky")


@jax.jit
def white(pair):
    return [whitening.transform(whitening.fit(pair, kind=name.lower()), pair) for name in KINDS]


whitened = {"raw": pair - mean, **dict(zip(KINDS, white(pair), strict=True))}

# %% tags=["fig-whitening"]
units = {name: "intensity" if name == "raw" else "std. dev." for name in whitened}
plots.clouds(whitened, units=units, color=np.asarray(data.abundances)[:, 0], color_label="share of Al")

# %% [markdown]
# *What to see.* All three clouds have the same shape and differ by a rotation. *PCA* whitening aligns the principal
# axes with the coordinates, *ZCA* stays as close to the raw features as possible, and *Cholesky* leaves the first
# feature unchanged apart from its scale. Each cloud has the identity as its covariance.
#
# *Exercise 2.8*: whitening.

# %% [markdown]
# ## PCA: the directions that matter
#
# With 400 angles instead of two, nobody can draw the ellipse, but most of its axes are short. **Principal component
# analysis** keeps the $k$ longest:
#
# $$\max_{W W^\top = I} \operatorname{tr}(W S W^\top), \qquad z = W (x - \bar x), \qquad
# \hat x = \bar x + W^\top z \tag{2.5}$$
#
# How many should we keep? Plot the shares of the variance, the **scree plot**, and look for the elbow.

# %%
model = pca.fit(x, n_components=10)
elbow = int(pca.elbow(model.variance))
needed = int(pca.components_for(model.variance_ratio, 0.98))
print(f"elbow after {elbow} components; {needed} hold 98 % of the variance")

# %% tags=["fig-scree"]
plots.scree(model.variance_ratio, elbow)

# %% [markdown]
# *What to see.* **Two** components stand out, though there are three substances. Nothing is wrong. PCA first subtracts
# the mean. The shares add up to one, so around their mean the mixtures fill only a plane: the triangle again. The
# other components are the noise floor.
#
# *Exercises 2.4 and 2.5*: principal directions, explained variance ratio.

# %% [markdown]
# ## SVD: the best approximation of a matrix
#
# Any matrix is a sum of matrices of rank one. Truncating this sum gives the best approximation of rank $k$ (**Eckart
# and Young**):
#
# $$A = \sum_i \sigma_i u_i v_i^\top, \qquad
# \min_{\operatorname{rank} B \le k} \lVert A - B \rVert_F
# = \Bigl\lVert A - \sum_{i \le k} \sigma_i u_i v_i^\top \Bigr\rVert_F = \sqrt{\sum_{i > k} \sigma_i^2} \tag{2.6}$$
#
# A set of images is also a matrix, with one row per image and one column per pixel. PCA is the SVD of the centered
# data. What do the principal components of handwritten digits look like?

# %%
pixels = np.asarray(digits.simulate(key=jax.random.key(0), n_samples=600).images).reshape(600, 64)
eigen = pca.fit(pixels, n_components=64, solver="svd")


@jax.jit
@jax.vmap
def cut(k):
    """Reconstruct the first eight digits from k components: the other rows become zero."""
    kept = eigen.components * (jnp.arange(64) < k)[:, None]
    return pca.reconstruct(eigen._replace(components=kept), pixels[:8])


# %% tags=["fig-eigenimages"]
directions = np.asarray(eigen.components)[:10].reshape(10, 8, 8)
datasets.images(directions, titles=[f"{i + 1}" for i in range(10)], cmap="PuOr_r", limits=(-0.4, 0.4))

# %% tags=["fig-reconstruction"]
rows = np.concatenate([pixels[None, :8], cut(np.array([2, 8, 24]))])
datasets.images(rows.reshape(-1, 8, 8), columns=8, limits=(0.0, 1.0))

# %% [markdown]
# *What to see.* The first figure shows the ten directions in which the digits vary most, with negative pixels in one
# color and positive ones in the other. The second figure shows, from top to bottom, eight digits and their
# reconstructions from 2, 8 and 24 numbers per image.
#
# For a large matrix the full decomposition is wasteful. The **randomized** SVD multiplies $A$ by a few random vectors.
# The products already span nearly the right subspace, and power iterations improve it.

# %%
centered = pixels - np.asarray(eigen.mean)
size = np.linalg.norm(centered)
all_values = np.sqrt(599 * np.asarray(eigen.variance))  # PCA is the SVD of the centered data: variance = σ² / (n - 1)
kept = np.arange(1, 31, 3)
errors = jax.jit(lambda s: [svd.eckart_young_error(s, n_components=int(k)) for k in kept])(all_values)
optimum = np.array(errors) / size
basis, _ = np.linalg.qr(centered @ np.random.default_rng(1).normal(size=(64, 32)))  # a few random vectors
found_values = {
    0: np.linalg.svd(basis.T @ centered, compute_uv=False)[:30],
    2: svd.randomized(centered, key=jax.random.key(1), n_components=30, n_oversamples=2, iterated_power=2).s,
}
randomized = {}
for q, values in found_values.items():
    captured = np.cumsum(np.square(values)) / size**2  # share of the squared norm in the first k parts
    randomized[q] = np.sqrt(1 - captured[kept - 1])

# %% tags=["fig-eckart-young"]
plots.low_rank_error(
    {
        "best possible (Eckart-Young)": (kept, optimum),
        "randomized, no power iteration": (kept, randomized[0]),
        "randomized, 2 power iterations": (kept, randomized[2]),
    },
    y_label="relative error of the images",
)

# %% [markdown]
# *Exercise 2.6*: low-rank approximation.

# %% [markdown]
# ## NMF: parts that can be read
#
# PCA found the plane of the mixtures, but do its components *look like* substances? An intensity cannot be negative,
# and neither can a share. **Non-negative matrix factorization** requires exactly this:
#
# $$\min_{W \ge 0,\, H \ge 0} \tfrac12 \lVert X - W H \rVert_F^2, \qquad
# W \leftarrow W \odot \frac{X H^\top}{W H H^\top}, \quad
# H \leftarrow H \odot \frac{W^\top X}{W^\top W H} \tag{2.7}$$
#
# The **multiplicative updates** keep all entries non-negative and never increase the misfit. **Coordinate descent**
# does the same, only faster. The scree plot showed two components around the mean, so we look for three parts.

# %%
runs = {
    name: nmf.fit(x, n_components=3, solver=solver, max_iter=1000, tol=1e-5)
    for name, solver in (("coordinate descent", "cd"), ("multiplicative updates", "mu"))
}
runs = jax.tree.map(np.asarray, runs)
w, h = runs["coordinate descent"][:2]
truth = np.asarray(data.components)
directions = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (truth, h)]
likeness = directions[0] @ directions[1].T  # cosine between each true and each found pattern
order = likeness.argmax(axis=1)  # parts come in any order and scale: match them to the pure patterns
parts = h[order] / h[order].max(axis=1, keepdims=True)
amounts = w[:, order] * h[order].max(axis=1)
print("cosine with Al, Cu, Fe:", np.round(likeness.max(axis=1), 3))

# %% tags=["fig-parts"]
metals = ["Al", "Cu", "Fe"]
mean_first = np.vstack([model.mean, np.asarray(model.components)[:2]])
plots.parts(
    angle,
    {"truth": truth, "NMF": parts, "PCA": mean_first},
    names={"truth": metals, "NMF": metals, "PCA": ["mean", "component 1", "component 2"]},
)

# %% [markdown]
# *What to see.* Each part resembles the pattern of one metal, although nobody told the method what metals look like.
# The principal components are *differences* of metals and have negative intensities. They are correct as directions of
# variance but useless as spectra.
#
# And how much of each metal does every powder contain?

# %%
share_error = np.abs(amounts - np.asarray(data.abundances)).mean(axis=0)
print("mean error of the shares of Al, Cu, Fe:", np.round(share_error, 3))
early = {name: run.history[:151] for name, run in runs.items()}

# %% tags=["fig-descent"]
plots.histories(early)

# %% [markdown]
# *Where it fails.* The data determine the factors well when they contain nearly pure powders, the corners of the
# triangle. Without these, one part may borrow from another. Look at aluminum: its line near 45° is too weak. Iron also
# has a line there, and its part explains some of aluminum's intensity, so the shares of *iron* are too large. There
# are also local minima, so the starting point matters (`nmf_start.init`).
#
# *Exercise 2.7*: one NMF update.

# %% [markdown]
# ## Diamonds and circles
#
# With too few data, least squares has infinitely many solutions. A common cure is to keep the weights small in one of
# two norms, $\lVert w \rVert_1 = \sum_j |w_j|$ or $\lVert w \rVert_2$. Their balls have different shapes:

# %%
turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
around = 1.7 * np.column_stack([np.cos(turn), np.sin(turn)])
names = {"L1: a diamond": (1.0, norms.project_l1_ball), "L2: a circle": (2.0, norms.project_l2_ball)}
drawn = jax.jit(lambda x: [(norms.ball_outline(p), jax.vmap(project)(x)) for p, project in names.values()])(around)
outlines, nearest = (dict(zip(names, np.asarray(one), strict=True)) for one in zip(*drawn, strict=True))
on_axis = {name: int((np.abs(points) < 1e-6).any(axis=1).sum()) for name, points in nearest.items()}
print("projections with a weight of exactly zero:", on_axis)

# %% tags=["fig-balls"]
plots.balls(outlines, around, nearest)

# %% [markdown]
# *What to see.* Projected onto the diamond, many points land on a corner (in red), where a weight is **exactly zero**:
# the L1 norm selects features. The circle only shrinks. Unit 7 builds ridge regression and the lasso on this.

# %% [markdown]
# ## A hint of kernels
#
# PCA finds planes, but no direction separates two concentric rings. PCA can, however, be written in terms of inner
# products $x_i^\top x_j$ alone. Each of them can then be replaced by a **kernel**, which is an inner product after a
# map $\phi$ into many more dimensions. The map itself is never computed:
#
# $$k(x, y) = \phi(x)^\top \phi(y) = e^{-\gamma \lVert x - y \rVert^2} \tag{2.8}$$

# %%
turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
radius = np.random.default_rng(2).normal(1.0, 0.08, (2, 60)) * np.array([[1.0], [3.0]])
rings = np.concatenate([r[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]) for r in radius])
label = np.repeat([0, 1], 60)
curved = jax.jit(lambda x: kernel_pca.embedding(kernel_pca.fit(x, n_components=2, gamma=0.4)))(rings)

# %% tags=["fig-kernel"]
plots.embeddings({"data": (rings, label), "kernel PCA": (curved, label)})

# %% [markdown]
# *What to see.* PCA could only rotate the rings. The first coordinate of kernel PCA alone separates them. *Where it
# fails*: the result depends on the choice of $\gamma$, and the components are not vectors that we could plot in the
# space of the data. Gaussian processes (Unit 12) take this idea further.

# %% [markdown]
# ## What to keep
#
# 1. The rank counts independent directions; the null space holds what data can never tell us.
# 2. Least squares projects onto the column space. The condition number says how much noise can grow on the way.
# 3. The covariance is an ellipse. PCA keeps its longest axes; whitening makes it a circle.
# 4. The SVD gives the best approximation of low rank; the scree plot suggests the rank.
# 5. Non-negative parts can be read as substances; principal components cannot.
#
# **Now you**: [exercises/unit02.py](../exercises/unit02.py), then `nox -s grade -- 2`. To read on: Bishop (2006),
# sections 2.3 and 12.1 to 12.3; Murphy (2012), sections 12.2 and 14.4; McClarren (2021), chapter 4; Neuer (2024),
# chapter 4; Lee and Seung, Nature 401 (1999).

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert ranks == [3, 200]
assert s[2] > 5 * s[3]
assert not found.identifiable.any()
assert np.isinf(inflation).all()
assert np.abs(fit.weights - shares).max() < 0.05
assert not verdict.solvable
assert np.abs(pure.T @ fit.residual).max() < 1e-3
assert np.all(np.asarray(error) <= np.asarray(bound))
assert float(error[-1]) > 20 * float(error[0])
assert np.allclose(np.mean(np.square(distance)), 2 * 199 / 200, rtol=1e-3)
assert all(np.allclose(np.cov(whitened[name].T), np.eye(2), atol=1e-3) for name in KINDS)
assert (elbow, needed) == (2, 2)
assert np.all(mean_first[1:].min(axis=1) < -0.05)
assert all(np.diff(optimum) <= 0)
assert all(randomized[0] > randomized[2])
assert all(randomized[2] > optimum * (1 - 1e-4))
assert all(randomized[2] < optimum * 1.05)
assert runs["coordinate descent"].converged
assert runs["coordinate descent"].history[50] < runs["multiplicative updates"].history[50]
assert sorted(order) == [0, 1, 2]
assert likeness.max(axis=1).min() > 0.95
assert share_error.max() < 0.1
assert parts[0][np.abs(angle - 44.7).argmin()] < 0.7 * truth[0][np.abs(angle - 44.7).argmin()]
assert on_axis["L1: a diamond"] > 2 * on_axis["L2: a circle"]
inner, outer = np.sort(np.asarray(curved)[:, 0].reshape(2, 60), axis=1)
assert inner[0] > outer[-1] or outer[0] > inner[-1]
