# %% [markdown]
# # Unit 7. Generalization, regularization, tree ensembles
#
# A foundry has cast and tested several hundred copper alloys. For each it knows the composition, grain size, aging and
# cold work, and the yield strength. **How strong will the next alloy be?** Fitting the measurements is easy: a table
# does it without error. The question is how well a model predicts alloys that nobody has cast yet. Penalties,
# validation, and many trees instead of one make these predictions better.

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mfml.data import alloys
from mfml.decomposition import projection
from mfml.generalization import bias_variance, boosting, elastic_net, forest, lasso, ridge, tree_arrays, validation
from mfml.networks import mlp
from mfml.plots import generalization as plots
from mfml.risk import losses, splits
from mfml.training import loop

key = jax.random.key(7)
for_age, for_sets, for_network, for_alloys, for_unknown, for_forest, for_folds = jax.random.split(key, 7)

# %% [markdown]
# ## Fitting is not predicting
#
# We begin with one alloy, copper with 0.6 at.% chromium. During aging, chromium precipitates and strengthens the alloy
# until the particles become too coarse. Twelve specimens were aged for times between 36 seconds and 100 hours. We fit
# polynomials of three degrees to them by least squares (Unit 3).

# %%
N, NOISE = 12, 8.0  # specimens; standard deviation of a measurement in MPa


def age_hardening(t):
    """Strength in MPa as a function of t, the logarithm of the time scaled to -1 ... 1."""
    x = np.zeros((np.size(t), 8), np.float32)
    x[:, 4], x[:, 5], x[:, 6] = 0.6, 40.0, 100.0 ** np.ravel(t)
    return np.asarray(alloys.strength(x))


times, grid = np.linspace(-1.0, 1.0, N), np.linspace(-1.0, 1.0, 101)
clean, truth = np.split(age_hardening(np.concatenate([times, grid])), [N])
measured = clean + NOISE * np.asarray(jax.random.normal(for_age, (N,)))
legendre = partial(np.polynomial.legendre.legvander, deg=N - 1)  # one column per degree
degrees = {"degree 1": 1, "degree 4": 4, "degree 11": 11}
curves = {
    name: legendre(grid)[:, : p + 1] @ np.linalg.lstsq(legendre(times)[:, : p + 1], measured, rcond=None)[0]
    for name, p in degrees.items()
}

# %% tags=["fig-overfitting"]
figure = plots.overfitting(
    2 * times, measured, 2 * grid, truth, curves, x_label="lg of aging time in h", y_label="yield strength (MPa)"
)

# %% [markdown]
# *What to see.* The line is too stiff to follow the peak: it **underfits**, and more data would not help. Degree 11
# passes through all twelve points and is worst between them: it **overfits**, because it has learned the noise.
#
# ## Bias and variance
#
# Suppose we repeat the experiment many times with new noise and look at one point. There are three sources of error.
# The mean prediction $\bar f$ differs from the truth, single predictions scatter around this mean, and the measurement
# itself is noisy:
#
# $$\mathbb{E}\,(y - \hat f)^2 = \underbrace{(\bar f - f)^2}_{\text{bias}^2} +
# \underbrace{\mathbb{E}\,(\hat f - \bar f)^2}_{\text{variance}} + \underbrace{\sigma^2}_{\text{noise}} \tag{7.1}$$

# %%
P = np.arange(1, N)  # degrees
inside = np.abs(grid) < 0.95
used = (np.arange(N) <= P[:, None]).astype(np.float32)
table, new_table = (legendre(t).astype(np.float32) for t in (times, grid[inside]))


def draw(key):
    return table, clean + NOISE * jax.random.normal(key, (N,))


def all_degrees(x, y, x_new):
    weights = jax.vmap(lambda kept: projection.minimum_norm(x * kept, y))(used)
    return (weights @ x_new.T).ravel()


SETS = 400
predictions = bias_variance.experiment(new_table, key=for_sets, learner=all_degrees, sample=draw, n_sets=SETS)
predictions = np.asarray(predictions).reshape(SETS, len(P), -1)
parts = bias_variance.decompose(predictions.reshape(SETS, -1), np.tile(truth[inside], len(P)), noise_variance=NOISE**2)
bias2, variance, noise, total = (np.asarray(part).reshape(len(P), -1).mean(axis=1) for part in parts)
new = truth[inside] + NOISE * np.random.default_rng(7).normal(size=predictions.shape)
error = np.mean((new - predictions) ** 2, axis=(0, 2))

# %% tags=["fig-bias-variance"]
plots.parts_of_error(P, bias2, variance, noise, error, x_label="degree", y_label="squared error (MPa²)")

# %% [markdown]
# *What to see.* The three parts add up to the error measured on new samples (diamonds). As the degree grows, the bias
# falls and the variance rises, so the best model lies in between. Its degree depends on the noise and on the number of
# samples.
#
# *Exercise 7.4* ([exercises/unit07.py](../exercises/unit07.py)): bias and variance.

# %% [markdown]
# ### A network overfits in time
#
# A network with 64 hidden neurons has 193 weights for our twelve points. How complex its curve becomes depends on how
# long it learns. We hold out half of the points.

# %%
scale = 60.0  # MPa, so that the targets are of order one
fit_on, hold_out = np.arange(0, N, 2), np.arange(1, N, 2)
points = (np.float32(3 * times[:, None]), np.float32((measured - measured.mean()) / scale))
halves = [jax.tree.map(lambda leaf, part=part: leaf[part], points) for part in (fit_on, hold_out)]


def misfit(params, batch, key):
    x, y = batch
    return jnp.mean((mlp.apply(params, x, activation="tanh")[:, 0] - y) ** 2)


start = mlp.init(key=for_network, sizes=(1, 64, 1), scheme="lecun")
options = loop.Options(misfit, optax.adam(0.003), n_steps=1500, chunk=15)
learned = loop.fit(halves[0], key=key, options=options, init=start, validation=halves[1])
steps = np.arange(15, 1501, 15)
on_train, on_validation = (
    np.asarray(part) * scale**2 for part in (learned.history[14::15], learned.validation_history)
)

# %% tags=["fig-network"]
best_step = steps[np.argmin(on_validation)]
ax = plots.train_and_validation(
    steps,
    {"validation": (on_train, on_validation)},
    marks={"validation": best_step},
    x_label="step of Adam",
    y_label="squared error (MPa²)",
)
ax.set_ylim(bottom=1.0)

# %% [markdown]
# *What to see.* The training error keeps falling, but the validation error has a minimum. Stopping there is called
# **early stopping** and acts like a penalty that costs nothing. **Dropout** (`dropout.apply`) is another one: each step
# switches off a random half of the neurons, so that none can rely on another. For a linear model this is, on average,
# a ridge penalty.

# %% [markdown]
# ### More parameters than samples
#
# Beyond the point where a model fits every sample, the error may fall again. Of all weights that fit, minimum-norm
# least squares takes the smallest ones. We fit up to 300 random features to forty samples:

# %%
rng = np.random.default_rng(3)
SIZES = (5, 10, 20, 30, 35, 40, 45, 50, 60, 80, 120, 200, 300)
inputs = rng.normal(size=(340, 10))
features = np.tanh(inputs @ rng.normal(size=(10, 300)) / np.sqrt(10)).astype(np.float32)
target = np.float32(np.sin(inputs[:, 0]) + 0.5 * inputs[:, 1] + 0.2 * rng.normal(size=340))
descent = bias_variance.double_descent(features[:40], target[:40], features[40:], target[40:], n_features=SIZES)

# %% tags=["fig-double-descent"]
plots.double_descent(SIZES, descent.train, descent.test, n_samples=40, y_label="mean squared error")

# %% [markdown]
# *What to see.* This is **double descent**: the test error peaks where there are as many features as samples, and it
# falls again beyond. A small ridge penalty removes the peak.

# %% [markdown]
# ## Penalties for large weights: ridge and lasso
#
# Now we use all alloys, with five solutes, grain size, aging time and cold work. Strength is not linear in these, so
# we give the model their squares and products as well: 44 features for 150 alloys. To control such a model, we penalize
# large weights:
#
# $$\text{ridge: } \lVert y - Xw \rVert^2 + \alpha \lVert w \rVert_2^2, \qquad
# \text{lasso: } \tfrac{1}{2n}\lVert y - Xw \rVert^2 + \alpha \lVert w \rVert_1 \tag{7.2}$$
#
# Ridge has a closed form, $w = (X^\top X + \alpha I)^{-1} X^\top y$. The lasso has none, due to its kink at zero. Its
# solvers apply the **soft threshold** $S(v, t) = \mathrm{sign}(v) \max(|v| - t, 0)$ after each gradient step (ISTA), or
# to one coordinate after the other. This sets weights to exactly zero.

# %%
data, card = alloys.load(key=for_alloys, n_samples=1150)
x_all, strength, _ = map(np.asarray, data)
print(f"{card.name} ({card.source}): {card.n_samples} alloys, {strength.min():.0f} to {strength.max():.0f} MPa")
TRAIN, FEW = 800, 150


def readable(x):
    """Replace grain size D by 1/√D and aging time by its logarithm."""
    return np.concatenate([x[:, :5], x[:, 5:6] ** -0.5, np.log10(x[:, 6:7]), x[:, 7:]], axis=1)


def quadratic(x):
    z = (readable(x) - center) / spread
    pairs = [z[:, i] * z[:, j] for i in range(8) for j in range(i, 8)]
    return np.float32(np.concatenate([z, np.stack(pairs, axis=1)], axis=1))


center, spread = readable(x_all[:FEW]).mean(axis=0), readable(x_all[:FEW]).std(axis=0)
short = ["Zn", "Ni", "Al", "Sn", "Cr", "1/√D", "lg t", "work"]
names = short + [f"{a}·{b}" if a != b else f"{a}²" for i, a in enumerate(short) for b in short[i:]]
design = quadratic(x_all)
few, y_few = design[:FEW], strength[:FEW]

alphas = np.geomspace(40.0, 0.004, 40).astype(np.float32)
of_ridge = ridge.path(few, y_few, alphas * FEW)  # ridge sums the squares, the lasso averages them
of_lasso = lasso.path(few, y_few, alphas)
by_gcv = int(ridge.best(of_ridge))
print(f"ridge: α/n = {alphas[by_gcv]:.2g} by GCV, {of_ridge.degrees_of_freedom[by_gcv]:.0f} degrees of freedom")

# %% tags=["fig-paths"]
figure = plots.coefficient_paths(
    alphas,
    {"ridge (α per sample)": of_ridge.coef, "lasso": of_lasso.coef},
    names,
    chosen={"ridge (α per sample)": alphas[by_gcv]},
    y_label="weight (MPa)",
)

# %% [markdown]
# *What to see.* The penalty falls from left to right. With ridge, all weights grow together. With the lasso, they enter
# one by one, first cold work, then tin, so we get a ranking for free. If features are correlated, their order is a
# matter of chance: do not mistake it for physics.
#
# How large should the penalty be? **Generalized cross-validation** estimates the error on new samples from one fit. It
# counts the *effective degrees of freedom* $\sum_j s_j^2/(s_j^2 + \alpha)$ as the number of parameters (dotted line).
#
# *Exercises 7.1 to 7.3*: the soft threshold, ridge, one step of ISTA.

# %% [markdown]
# ### Choosing by validation
#
# Cross-validation (Unit 1) works for every model. One call fits all penalties and folds. Like any measurement, the
# smallest error is uncertain. The **one-standard-error rule** therefore takes the strongest penalty whose error is
# within one standard error of the smallest.


# %%
def ridge_fit(x, y, setting, weights):
    return ridge.fit(x, y, alpha=setting, weights=weights)


ten = splits.k_fold(FEW, n_splits=10, key=for_folds)
settings = alphas[::3] * FEW
search = validation.grid_search(
    few, y_few, ten, settings, fit=ridge_fit, predict=ridge.predict, loss=losses.squared_error
)
careful = int(validation.one_standard_error(search, -jnp.asarray(settings)))
print(f"best α/n {settings[int(search.best)] / FEW:.2g}, by the rule {settings[careful] / FEW:.2g}")


def rms(predicted, rows):
    return float(np.sqrt(np.mean((np.asarray(predicted) - strength[rows]) ** 2)))


test = slice(TRAIN, None)
linear_of_few = np.asarray(of_ridge.coef) @ design[test].T + np.asarray(of_ridge.intercept)[:, None]
by_alpha = [rms(row, test) for row in linear_of_few]

# %% tags=["fig-validation"]
ax = plots.train_and_validation(
    settings / FEW,
    {"10-fold": (np.sqrt(search.train_risk), np.sqrt(search.risk))},
    marks={"10-fold": settings[careful] / FEW},
    x_label="penalty α per sample",
    y_label="error (MPa)",
)
ax.plot(alphas, by_alpha, color="black", label="350 new alloys")
ax.set_xscale("log")
ax.legend()

# %% [markdown]
# *What to see.* The cross-validated error follows the error on 350 new alloys; the training error does not. To report
# the error of the chosen model, repeat the choice inside each fold (`validation.nested`).
#
# *Exercise 7.9*: the k-fold error.

# %% [markdown]
# ## Trees: questions instead of weights
#
# A **tree** asks one question at each node, such as "cold work at most 0.2?". It chooses the question that makes each
# side as uniform as possible: the sum of squares (for classes: Gini's impurity $1 - \sum_k p_k^2$) decreases most. A
# tree needs no scaling, accepts missing values, and finds interactions by itself (`tree.fit`). But a single tree has a
# large variance. There are two remedies:
#
# - A **forest** averages many deep trees, each grown on a bootstrap sample and on random features. The samples that a
#   tree has not drawn, about 37 %, are its test set, so the *out-of-bag* error costs nothing.
# - **Boosting** grows many shallow trees one after the other. Each is fitted to what is still missing, and added with a
#   small learning rate:
#
# $$F \leftarrow F + \eta f, \qquad f(\text{leaf}) = -\frac{\sum g_i}{\sum h_i + \lambda} \tag{7.3}$$
#
# Here $g_i$ and $h_i$ are the first and second derivatives of the loss. For the squared error and $\lambda = 0$, a leaf
# predicts the mean residual.

# %%
x_train, y_train, x_test = x_all[:TRAIN], strength[:TRAIN], x_all[test]
unknown = alloys.simulate(key=for_unknown, n_samples=350, region="held_out")
x_both = np.concatenate([x_test, np.asarray(unknown.x)])  # the known region and one never seen, in one call

grown = forest.fit(x_train, y_train, key=for_forest, n_estimators=60, max_depth=4, max_features=6)
boosted = boosting.fit(
    x_train[:600],
    y_train[:600],
    validation=(x_train[600:], y_train[600:]),
    max_iter=150,
    learning_rate=0.2,
    max_depth=3,
    n_iter_no_change=20,
)
of_all = ridge.fit(design[:TRAIN], y_train, alpha=settings[careful])
said = {
    "one tree": tree_arrays.outputs(jax.tree.map(lambda leaf: leaf[:1], grown.trees), x_both)[0, :, 0],
    "forest": forest.predict(grown, x_both),
    "boosting": boosting.predict(boosted, x_both),
    "ridge, squares and products": ridge.predict(of_all, quadratic(x_both)),
}
said = {name: np.asarray(values) for name, values in said.items()}
error_of = {name: rms(values[:350], test) for name, values in said.items()}
out_of_bag = rms(grown.oob_prediction[:, 0], slice(0, TRAIN))
only_noise = float(np.sqrt(np.mean(np.asarray(alloys.noise(alloys.strength(x_test))) ** 2)))
print(f"forest: {out_of_bag:.1f} MPa out of bag; boosting: {boosted.n_rounds} rounds")

# %% tags=["fig-errors"]
plots.errors(error_of, x_label="root mean square error on new alloys (MPa)", noise=only_noise)

# %% tags=["fig-rounds"]
rounds = np.arange(151)
losses_of_boosting = [np.sqrt(2 * np.asarray(part)) for part in (boosted.history, boosted.validation_history)]
plots.train_and_validation(
    rounds,
    {"validation": tuple(losses_of_boosting)},
    marks={"validation": int(boosted.n_rounds)},
    x_label="rounds of boosting",
    y_label="error (MPa)",
)

# %% [markdown]
# *What to see.* Averaging sixty trees removes much of the error of a single tree, and boosting removes more. Its
# validation error levels off near the noise. Ridge is nearly as good here, but only because we knew which axes to use:
# $D^{-1/2}$ and $\lg t$. The out-of-bag error of the forest is close to its error on new alloys and needs no test set.
#
# *Exercises 7.5 to 7.8*: Gini, the best split, bootstrap, one round of boosting.

# %% [markdown]
# ### What matters, and where not to trust the model

# %% tags=["fig-importance"]
share_of = jax.jit(tree_arrays.importance)  # compiled as a whole
shares = {"forest": share_of(grown.trees), "boosting": share_of(boosted.trees)}
labels = ["Zn", "Ni", "Al", "Sn", "Cr", "grain size", "aging time", "cold work"]
plots.importances(labels, shares)

# %% tags=["fig-held-out"]
plots.predicted_against_measured(
    {
        "boosting, same region": (strength[test], said["boosting"][:350]),
        "boosting, rich in Zn and Ni": (np.asarray(unknown.strength), said["boosting"][350:]),
    },
    unit="MPa",
)
outside = {
    name: float(np.sqrt(np.mean((values[350:] - np.asarray(unknown.strength)) ** 2))) for name, values in said.items()
}
off = {name: float(np.mean(values[350:] - np.asarray(unknown.strength))) for name, values in said.items()}
for name in said:
    print(f"{name:28s} {error_of[name]:4.1f} MPa in the region, {outside[name]:4.1f} outside, off by {off[name]:+5.1f}")

# %% [markdown]
# *What to see.* Alloys rich in both zinc and nickel were never cast. There the trees predict too low values on average,
# because no prediction of a tree exceeds its largest leaf. No validation on the available data reveals this. In Unit 12
# a model states how sure it is, and Unit 14 shows where not to trust it.
#
# > **Materials view.** A test set drawn from the same castings measures interpolation. Is the next alloy an
# > interpolation, too?
#
# ## Checks

# %%
assert np.all(np.abs(total / error - 1) < 0.1)  # equation (7.1)
assert P[np.argmin(error)] not in (1, 11)
assert on_validation[-1] > 1.2 * on_validation.min()
assert SIZES[int(np.argmax(descent.test))] in (35, 40, 45)
task = jax.jit(elastic_net.problem)(few, y_few)
kkt = jax.jit(partial(elastic_net.kkt_residual, alpha=alphas[-1]))(of_lasso.coef[-1], task)
assert float(kkt.max()) < 1.0
assert np.count_nonzero(of_lasso.coef[20]) < 44
assert error_of["boosting"] < error_of["forest"] < error_of["one tree"]
assert abs(out_of_bag / error_of["forest"] - 1) < 0.2
assert off["forest"] < off["boosting"] < -2
