# %% [markdown]
# # Unit 1. Learning as optimization: models, losses, risk
#
# A testing machine pulls on a steel bar and records how the stress rises with the strain. **What is the stress at a
# strain that nobody has measured?**
#
# A table of measurements cannot answer this. A *model* can: it is a function, with values between the points and
# beyond them. This unit shows how to choose a model by optimization, and how that choice can mislead us.

# %%
import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np

from mfml.data import tensile
from mfml.plots import risk as plots
from mfml.risk import empirical, leakage, limits, losses, reinforcement, splits

rng = np.random.default_rng(1)  # for the small data sets that this lesson invents
data, card = tensile.load(key=jax.random.key(1))
strain, stress = np.asarray(data.strain[0]), np.asarray(data.stress[0])  # the first of three temperatures: 0 °C
print(f"{card.name} ({card.source}): {card.n_samples} points at {data.temperature.tolist()} °C")

# %% [markdown]
# ## Three boxes for one curve
#
# - **White box**: physics with constants from a handbook. The steel is elastic up to the yield stress, then plastic at
#   constant stress: $\sigma = \min(E\,\varepsilon,\ F)$ with $E = 206$ GPa, $F = 345$ MPa. Nothing is learned.
# - **Gray box**: the form comes from physics, the constants are learned. After yielding, the steel hardens by a power
#   law, $\sigma = F + k\,(\varepsilon - F/E)^n$; the four constants $E, F, k, n$ come from the data.
# - **Black box**: no physics at all. The stress is a weighted sum of ten bumps,
#   $\sigma = \sum_j w_j\, \phi_j(\varepsilon)$. Each bump is a feature of the strain, and the sum is the dot product
#   of weights and features.
#
# Optimization is slow when numbers differ greatly in size (Unit 3 explains why), so we measure strain in percent and
# stress in units of 100 MPa.

# %%
PERCENT, HUNDRED_MPA = 0.01, 100.0
x, y = strain / PERCENT, stress / HUNDRED_MPA


def white_box(x):
    return jnp.minimum(206e3 * PERCENT / HUNDRED_MPA * x, 3.45)


def gray_box(constants, x):
    plastic = x - constants["F"] / constants["E"]
    hardening = constants["k"] * jnp.where(plastic > 0, plastic, 1.0) ** constants["n"]
    return jnp.where(plastic > 0, constants["F"] + hardening, constants["E"] * x)


def black_box(weights, x):
    centers = jnp.linspace(0.0, 1.2, 10)
    return jnp.exp(-0.5 * ((x[:, None] - centers) / 0.15) ** 2) @ weights


# %% [markdown]
# ## Learning is optimization
#
# How bad is a model $f_\theta$? Choose a *loss* $\ell$, the cost of one prediction error, and average it over the
# data. The average is the **empirical risk**, and learning means making it small:
#
# $$R(\theta) = \frac{1}{n} \sum_{i=1}^{n} \ell\bigl(f_\theta(x_i),\, y_i\bigr), \qquad
# \hat\theta = \arg\min_\theta R(\theta) \tag{1.1}$$
#
# The simplest way to do so is to follow the negative gradient, $\theta \leftarrow \theta - \eta\,\nabla R(\theta)$.
# JAX computes the gradient of any model and any loss, so one function, `empirical.fit`, trains both the gray and the
# black box. They see only the strains below 1.2 %. The rest is held back to test what the models say about unseen
# strains.

# %%
seen = x < 1.2
task = {"loss": losses.squared_error, "max_iter": 2000, "tol": 1e-3, "weights": seen.astype(np.float32)}
handbook = {"E": 20.6, "F": 3.45, "k": 1.0, "n": 0.5}  # in these units; k and n are guesses
gray = empirical.fit(x, y, init=handbook, predict=gray_box, learning_rate=0.1, **task)
black = empirical.fit(x, y, init=np.zeros(10, np.float32), predict=black_box, learning_rate=1.0, **task)
for name, fitted in (("gray", gray), ("black", black)):
    print(f"{name:5s} risk {fitted.objective:.4f} after {fitted.n_iter} steps, converged: {fitted.converged}")

# %% tags=["fig-descent"]
_ = plots.descent({"gray box": gray.history, "black box": black.history}, unit="(100 MPa)²")

# %% [markdown]
# The risk falls with every step, quickly at first, then slowly. Back to our question: what do the boxes predict where
# they have seen no data?


# %% tags=["fig-boxes"]
@jax.jit  # compiles the three together instead of each small operation separately
def all_boxes(x):
    return white_box(x), gray_box(gray.params, x), black_box(black.params, x)


boxes = dict(zip(("white box", "gray box", "black box"), map(np.asarray, all_boxes(x)), strict=True))
in_order = np.argsort(strain)  # the measured strains are not sorted
_ = plots.models(
    strain[in_order],
    stress[in_order],
    {name: HUNDRED_MPA * values[in_order] for name, values in boxes.items()},
    learned_up_to=1.2 * PERCENT,
)

# %% [markdown]
# *What to see.* The white box misses the hardening, which it does not know, but it is never absurd. The gray box is
# right on both sides of the line: it knew the form and learned only four numbers. The black box fits well where there
# are data and drops to zero where there are none. Nothing told it that steel does not do that.
#
# > **Materials view.** The fewer data you have, the whiter the box should be. Most of the art lies in between.
#
# *Exercises 1.1, 1.2 and 1.9* in [the sheet](../exercises/unit01.py): the dot product, the norm, the empirical risk.

# %% [markdown]
# ## What an error costs
#
# The loss is a decision, not a law of nature. With the error $r = \hat y - y$:
#
# $$\text{squared: } r^2, \qquad \text{absolute: } |r|, \qquad
# \text{Huber: } \begin{cases} \frac12 r^2 & |r| \le \delta \\ \delta (|r| - \frac12 \delta) & \text{else}
# \end{cases}, \qquad \text{pinball: } \max(-q\,r,\ (1 - q)\,r) \tag{1.2}$$


# %% tags=["fig-losses"]
@jax.jit
def zoo(r):
    """Each loss at the errors r, then at the margins r."""
    truth, label = jnp.zeros_like(r), jnp.ones_like(r)
    of_error = (
        losses.squared_error(r, truth),
        losses.absolute_error(r, truth),
        losses.huber(r, truth, delta=1.0),
        losses.pinball(r, truth, quantile=0.9),
    )
    of_margin = (
        losses.zero_one(jnp.sign(r), label),
        losses.hinge(r, label),
        losses.logistic(r, label) / jnp.log(2.0),
    )
    return of_error, of_margin


r = np.linspace(-3.0, 3.0, 301, dtype=np.float32)
of_error, of_margin = zoo(r)
regression = dict(zip(("squared", "absolute", "Huber, δ = 1", "pinball, q = 0.9"), of_error, strict=True))
classification = dict(zip(("zero-one", "hinge", "logistic / ln 2"), of_margin, strict=True))
_ = plots.loss_zoo(r, regression, r, classification)

# %% [markdown]
# Each loss has its own idea of the best answer. Take the simplest model, a constant, and forty readings of the same
# yield stress. In four of them the grip slipped. Which constant has the smallest risk?

# %% tags=["fig-constants"]
good = rng.normal(345.0, 8.0, 36)
readings = np.concatenate([good, [120.0, 140.0, 160.0, 130.0]]).astype(np.float32)
candidates = np.linspace(270.0, 380.0, 441, dtype=np.float32)


@jax.jit
def risks_of_constants(candidates):
    def of_one(constant):
        prediction = jnp.full_like(readings, constant)
        cautious = losses.pinball(prediction, readings, quantile=0.9).mean()
        return losses.mse(prediction, readings), losses.mae(prediction, readings), cautious

    return jax.vmap(of_one)(candidates)


names = ("squared", "absolute", "pinball, q = 0.9")
risks = dict(zip(names, map(np.asarray, risks_of_constants(candidates)), strict=True))
best = {name: float(candidates[values.argmin()]) for name, values in risks.items()}
_ = plots.constants(good, candidates, risks, quantity="constant prediction of the yield stress (MPa)")

# %% [markdown]
# *What to see.* The squared error asks for the mean. The four slipped readings, which lie outside the figure, drag it
# below nearly all good readings. The absolute error asks for the median, which hardly moves. The pinball loss asks for
# the 90 % quantile, as the designer of the testing machine would. The last two risks have kinks, where the gradient
# jumps.
#
# *Exercises 1.3 and 1.4*: MSE and MAE.

# %% [markdown]
# ## Classes: why nobody trains with the error rate
#
# Is a piece of steel cold (0 °C) or hot (400 °C)? Guess from its stress after yielding: above a threshold we call it
# cold. Steels differ, so the guess is sometimes wrong. What we care about is the share of wrong answers, which is the
# mean of the *zero-one loss*. Move the threshold and watch the risk.

# %% tags=["fig-surrogates"]
sorted_stress = np.take_along_axis(np.asarray(data.stress), np.argsort(np.asarray(data.strain), axis=1), axis=1)
pieces = sorted_stress[:2, 50::25]  # twelve points per curve, beyond the elastic range
steel = 1 + 0.1 * rng.normal(size=pieces.shape)  # each point comes from a different steel
stress_of = (pieces * steel).astype(np.float32).ravel()
label = np.repeat([1, -1], pieces.shape[1])  # cold: +1, hot: -1
threshold = np.linspace(180.0, 480.0, 601, dtype=np.float32)


@jax.jit
def risks_of_thresholds(threshold):
    def of_one(threshold):
        score = (stress_of - threshold) / 30.0
        wrong = losses.zero_one(jnp.sign(score), label)
        return wrong.mean(), losses.hinge(score, label).mean(), losses.logistic(score, label).mean() / jnp.log(2.0)

    return jax.vmap(of_one)(threshold)


of_threshold = dict(zip(("zero-one", "hinge", "logistic / ln 2"), risks_of_thresholds(threshold), strict=True))
_ = plots.surrogates(threshold, of_threshold, quantity="threshold (MPa)")

# %% [markdown]
# *What to see.* The zero-one risk is a staircase: flat almost everywhere, so its gradient is zero and gives no
# direction. The *surrogates* lie above it and are convex, and here their minima lie where the zero-one risk is
# smallest. This is why classifiers are trained with one loss and judged by another.
#
# For $k$ classes the surrogate is the **cross-entropy**. The softmax turns scores (logits) $z$ into probabilities, and
# the loss is the negative logarithm of the probability of the true class:
#
# $$p_j = \frac{e^{z_j}}{\sum_l e^{z_l}}, \qquad \ell(z, y) = -\ln p_y = \ln \sum_l e^{z_l - m} - (z_y - m), \qquad
# m = \max_l z_l \tag{1.3}$$
#
# Mathematically $m$ cancels. On a computer it decides whether there is an answer at all:


# %%
@jax.jit
def both_ways(logits, truth):
    probability = jnp.exp(logits) / jnp.exp(logits).sum(axis=1, keepdims=True)
    return -jnp.log(probability)[jnp.arange(2), truth], losses.cross_entropy(logits, truth)


naive, stable = map(np.asarray, both_ways(np.array([[1000.0, 0.0], [0.0, 2.0]]), np.array([1, 1])))
print("as the formula is written:  ", naive)
print("with the maximum subtracted:", stable)

# %% [markdown]
# *Exercises 1.5 and 1.6*: zero-one loss, and a cross-entropy that survives any logits.

# %% [markdown]
# ## Splits: judge a model by what it has not seen
#
# On the 30 points to which both are fitted, a polynomial of degree 12 has a smaller risk than one of degree 6. That
# does not make it better. What counts is the risk on *new* data, and the only honest way to estimate it is to hold
# data back from training. When data are scarce, use every sample for testing once: this is **cross-validation**. How
# to split depends on how the data were collected. (Where one class is rare, `splits.stratified` gives each fold its
# share.)

# %% tags=["fig-folds"]
shuffled, specimens = rng.permutation(24), np.repeat(np.arange(7), [1, 2, 3, 3, 4, 5, 6])
kinds = {
    "k-fold, shuffled": [np.asarray(mask)[:, shuffled] for mask in splits.k_fold(24, n_splits=4)],
    "grouped: all samples of a specimen stay together (7 specimens)": splits.grouped(specimens, n_splits=4),
    "forward chaining: only the past predicts": splits.forward_chaining(24, n_splits=4),
}
_ = plots.folds(kinds)

# %% [markdown]
# Back to the polynomial: we have thirty noisy points of the steel at 400 °C and try degrees 0 to 12. A single call
# under `vmap` fits all degrees and all folds. Each fold is a mask over the samples, each degree a mask over the
# columns.

# %%
MAX_DEGREE, N_POINTS, NOISE = 12, 30, 25.0  # MPa
degrees = np.arange(MAX_DEGREE + 1)
strain_at = np.linspace(0.0, 0.02, N_POINTS, dtype=np.float32)
random_order = rng.permutation(N_POINTS)  # makes the folds random, too
noiseless = np.asarray(jax.jit(tensile.stress)(strain_at, 400.0))
measured = (noiseless + NOISE * rng.normal(size=N_POINTS)).astype(np.float32)
position = strain_at / 0.01 - 1.0  # the strain, scaled to [-1, 1]
columns = np.polynomial.chebyshev.chebvander(position, MAX_DEGREE).astype(np.float32)  # polynomials T_0 ... T_12


def least_squares(x, y, weights):
    weighted = weights[:, None] * x  # 1e-4 copes with columns of zeros
    return jax.scipy.linalg.solve(weighted.T @ x + 1e-4 * jnp.eye(x.shape[1]), weighted.T @ y, assume_a="pos")


def linear(coefficients, x):
    return x @ coefficients


@jax.jit
def validate(y):
    folds = splits.k_fold(N_POINTS, n_splits=10)

    def one_degree(degree):
        x = (columns * (degrees <= degree))[random_order]
        task = {"fit": least_squares, "predict": linear, "loss": losses.squared_error}
        return splits.cross_validate(x, y, folds, **task)

    return jax.vmap(one_degree)(degrees)


validated = jax.tree.map(np.asarray, validate(measured[random_order]))
best_degree = int(validated.mean.argmin())

# %% tags=["fig-complexity"]
_ = plots.complexity(
    degrees,
    validated.train_risk.mean(axis=1),
    validated.mean,
    validated.standard_error,
    chosen=best_degree,
    unit="MPa²",
)

# %% [markdown]
# *What to see.* On the samples learned from, a higher degree is always better. On the samples left out, the risk
# falls, flattens, and rises again. Where the curve is flat, take the simplest model. This is **Occam's razor**, here
# justified by the error bars. (Unit 7 makes it a rule.)
#
# Why does it rise? Repeat the experiment fifty times with fresh noise, and fit three polynomials: a stiff one, a good
# one and an overly flexible one:


# %% tags=["fig-refits"]
repeats = noiseless + NOISE * rng.normal(size=(50, N_POINTS))
chosen = (1, best_degree, MAX_DEGREE)
chebyshev = np.polynomial.chebyshev  # least squares as above, all fifty at once
fits = [chebyshev.chebval(position, chebyshev.chebfit(position, repeats.T, degree)) for degree in chosen]
_ = plots.refits(
    strain_at,
    noiseless,
    {f"degree {degree}": curves for degree, curves in zip(chosen, fits, strict=True)},
    x_label="true strain",
    y_label="true stress (MPa)",
)

# %% [markdown]
# *What to see.* The stiff polynomial is wrong in the same way every time: this is **bias**. The flexible one is right
# on average but wrong every single time: this is **variance**. The width of the bundle is *epistemic* uncertainty,
# which more data would reduce. The scatter of the points themselves is *aleatoric* uncertainty, which remains.
#
# A frequentist reads this figure the way it was made: the truth is fixed and the data are random. A Bayesian has one
# data set and asks which truths are compatible with it. Unit 8 covers both views.
#
# *Exercise 1.8*: the folds of cross-validation.

# %% [markdown]
# ## Leaks: how noise becomes 90 %
#
# Take sixty specimens, three thousand channels of pure noise, and labels that have nothing to do with them. On new
# specimens, no model can be right more than half of the time. A common recipe is to choose the fifty channels that
# correlate best with the label, and then to cross-validate a classifier on them.

# %%
spectra = rng.normal(size=(60, 3000)).astype(np.float32)
coin = np.where(np.arange(60) % 2 == 0, 1, -1)  # equally many of both in each fold
selection = leakage.feature_selection(spectra, coin, splits.k_fold(60, n_splits=5), n_features=50, alpha=100.0)
print(f"channels chosen on all specimens:  {float(selection.leaky):.0%} right")
print(f"channels chosen within each fold:  {float(selection.honest):.0%} right")

# %% [markdown]
# The selection had seen the labels of the test specimens. This is one of five kinds of **leakage**. For each kind,
# `mfml.risk.leakage` has an experiment that evaluates the same model with and without the leak. Here is another kind:
# a feature that was measured after the target and will be missing when the model is used.

# %%
hardness = rng.normal(size=40).astype(np.float32)
vague, second_indent = hardness + 2 * rng.normal(size=40), hardness + 0.2 * rng.normal(size=40)
before_and_after = np.column_stack([vague, second_indent]).astype(np.float32)
afterwards = leakage.target(before_and_after, hardness, splits.k_fold(40, n_splits=5), proxies=(1,))

# %% tags=["fig-leaks"]
experiments = {"feature selection\n(accuracy)": selection, "target\n($Q^2$)": afterwards}
leaky, honest = np.array([(float(one.leaky), float(one.honest)) for one in experiments.values()]).T
_ = plots.leaks(list(experiments), leaky, honest, chance=[0.5, 0.0])

# %% [markdown]
# *What to see.* The red bars would have been published. The cure is always the same: **whatever looks at data is part
# of the model**. Scaling, selection and everything else must be fitted again on each training set. A quantity that is
# unknown when the model is used cannot be a feature, and samples that belong together (`leakage.duplicates`) stay in
# one fold. Here $Q^2$ is one minus the ratio of the model's held-out squared error to that of the mean.
#
# *Where it fails.* Not every leak raises the score. Scaling with the mean of all samples (`leakage.preprocessing`) is
# often harmless and may even lower the score, so the score does not give it away. Do not rely on luck.
#
# *Exercise 1.7*: standardize without a leak.

# %% [markdown]
# ## Limits: no free lunch, and the curse of dimensionality
#
# Is there a best learner? Take eight points and *all* $2^8 = 256$ ways to label them with 0 and 1. For every labeling,
# train on four of the points and test on the other four:
#
# $$\frac{1}{2^m} \sum_{f} \operatorname{error}_{\text{unseen}}(f) = \frac{1}{2}
# \quad\text{for every learner} \tag{1.4}$$

# %% tags=["fig-lunches"]
points, train = np.arange(8, dtype=np.float32)[:, None], np.array([0, 3, 5, 7])


def nearest(x_train, y_train, x):
    return y_train[jnp.abs(x - x_train.T).argmin(axis=1)]


def minority(x_train, y_train, x):
    return jnp.full(len(x), (2 * y_train.sum() <= len(y_train)).astype(int))


lunches = {
    learner.__name__: jax.tree.map(np.asarray, limits.no_free_lunch(points, train, learner=learner))
    for learner in (nearest, minority)
}
_ = plots.lunches({name: lunch.unseen_error for name, lunch in lunches.items()})

# %% [markdown]
# *What to see.* One learner is sensible. The other is perverse: it always predicts the label that it has seen less
# often. Their histograms are exactly the same. Without assumptions there is no learning. What saves us is that nature
# does not draw labelings at random: the stress of steel varies smoothly with strain. Among the labelings with at most
# one jump, the nearest neighbor wins:

# %%
jumps = np.abs(np.diff(lunches["nearest"].targets, axis=1)).sum(axis=1)
on_smooth = {name: float(lunch.unseen_error[jumps <= 1].mean()) for name, lunch in lunches.items()}
print({name: round(value, 2) for name, value in on_smooth.items()})

# %% [markdown]
# But "near" means little in many dimensions. Draw points in a cube with more and more coordinates, and measure their
# distances (norms of differences) to one of them. Compute also how much of a ball's volume lies in its outer shell,
# $1 - (1 - \epsilon)^d$, and how wide a cube must be to hold 1 % of the data, $0.01^{1/d}$.


# %% tags=["fig-dimensions"]
@jax.jit
def high_dimension(cloud, d):
    distance = limits.concentration(cloud[1:], cloud[0])
    return distance, limits.shell_fraction(d, thickness=0.1), limits.neighborhood_edge(d, fraction=0.01)


d = np.arange(1.0, 1001.0, dtype=np.float32)
cloud = rng.uniform(size=(501, 1000)).astype(np.float32)
distance, skin, width = jax.tree.map(np.asarray, high_dimension(cloud, d))
_ = plots.dimensions(d, distance.nearest, distance.farthest, skin, width)

# %% [markdown]
# *What to see.* In a thousand dimensions the nearest of 500 points is almost as far away as the farthest, nearly all
# of the volume is in the shell, and a "local" neighborhood spans almost the whole cube. Images have thousands of
# dimensions. Learning from them works only because they fill few of these; Unit 2 shows how to count them.

# %% [markdown]
# ## Learning from rewards
#
# So far every sample came with its answer (*supervised* learning); Unit 5 learns without answers (*unsupervised*). The
# third kind, *reinforcement* learning, gets no answers, only rewards for what it tries.
#
# A reward may come many steps after the action that earned it. A robot carries a sample through a laboratory: every
# step costs a little, falling into the pit costs a lot. Should it always take the best path found so far, or sometimes
# try another? The *epsilon-greedy* rule explores with probability $\epsilon$. **Q-learning** keeps a value for each
# action in each place and corrects it after every move:
#
# $$Q(s, a) \leftarrow Q(s, a) + \eta\,\Bigl(r + \gamma \max_{a'} Q(s', a') - Q(s, a)\Bigr) \tag{1.5}$$

# %%
floor = np.array(
    [
        [0, 0, 0, 1, 0, 2],
        [0, 1, 0, 1, 0, 3],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
    ]
)
START, GOAL = 18, 5  # lower left corner, upper right
laboratory = reinforcement.gridworld(floor)
learned = reinforcement.fit(
    laboratory, key=jax.random.key(12), start_state=START, n_episodes=300, max_length=80, epsilon=0.2
)
solved = reinforcement.value_iteration(laboratory)
value = np.asarray(learned.q).max(axis=1)

# %% tags=["fig-episodes"]
_ = plots.episodes(learned.length, shortest=8)

# %% tags=["fig-policy"]
_ = plots.policy(floor, value, learned.policy)

# %% [markdown]
# *What to see.* The first episodes wander for dozens of steps. The last ones go straight to the goal, apart from
# exploration (those below the line fell into the pit). Along the learned path the values agree with *value iteration*,
# which knows how the laboratory works. In corners that the robot hardly ever visited they do not.

# %%
policy, transition = np.asarray(learned.policy), np.asarray(laboratory.transition)
way = [START]
while way[-1] != GOAL and len(way) < 20:
    way.append(int(transition[way[-1], policy[way[-1]]].argmax()))
gap = float(np.abs(value - np.asarray(solved.value))[way[:-1]].max())
print(f"the learned path has {len(way) - 1} steps; its values are correct to within {gap:.4f}")

# %% [markdown]
# ## What to take home
#
# 1. Model, loss and data are interchangeable parts; learning minimizes their empirical risk (1.1).
# 2. The loss is a decision: it asks for the mean, the median or a quantile. We often train a surrogate of what we
#    want.
# 3. Judge a model on data that played no part in making it. Whatever looks at data is part of the model.
# 4. Without assumptions nothing can be learned, and in high dimensions nothing is near. Physics is the best
#    assumption.
#
# **Now you**: [exercises/unit01.py](../exercises/unit01.py), then `nox -s grade -- 1`. To read on: Bishop
# (2006), chapter 1; Murphy (2012), sections 1.4 and 6.5; McClarren (2021), chapters 1 and 2; Neuer (2024),
# chapters 1 and 2.

# %% tags=["hide-input"]
# What this lesson claims, checked.
miss = {name: float(np.mean((values - y)[~seen] ** 2)) for name, values in boxes.items()}
assert gray.converged
assert miss["gray box"] < miss["white box"] < miss["black box"]
assert best["squared"] < best["absolute"] - 10
assert best["absolute"] < best["pinball, q = 0.9"]
assert np.isinf(naive[0])
assert np.allclose(stable, [1000.0, 0.1269], rtol=1e-3)
assert 2 <= best_degree < MAX_DEGREE
assert validated.mean[MAX_DEGREE] > 1.2 * validated.mean[best_degree]
assert np.all(np.diff(validated.train_risk.mean(axis=1)) < 0)
assert fits[2].std(axis=0).mean() > fits[0].std(axis=0).mean()
assert leaky[0] > 0.9
assert honest[0] < 0.65
assert np.all(leaky > honest + 0.1)
assert all(abs(lunch.mean_unseen_error - 0.5) < 1e-6 for lunch in lunches.values())
assert on_smooth["nearest"] < on_smooth["minority"]
assert distance.nearest[-1] > 0.8 * distance.farthest[-1]
assert len(way) - 1 == 8
assert gap < 0.05
