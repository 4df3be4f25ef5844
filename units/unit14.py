# %% [markdown]
# # Unit 14. Explanation: what may we do with a prediction?
#
# A company makes spring contacts from copper alloys. A spring needs a yield strength of at least 400 MPa, or it stays
# bent. The current must not heat it, so its resistivity may be 16 µΩ cm at most. Tin is expensive. The laboratory has
# measured 1200 alloys.
# **Which alloy should we cast next, why this one, and where must we not believe the model?**
#
# This is the project of the whole course. An explanation answers a question, and the question decides which tool is
# needed. We ask at six levels:
#
# | level | question | tools |
# |---|---|---|
# | E1 data | What was measured, and what was not? | vocabulary, data card |
# | E2 process | What causes what? | causal models, back-door adjustment |
# | E3 feature | What matters in general? | Sobol indices, permutation importance, local effects |
# | E4 model | What has the model learned? | Shapley values of many alloys |
# | E5 prediction | Why this value, and what would change it? | waterfall, LIME, gradients, counterfactuals |
# | E6 decision | May we act? | conformal intervals, scores of the unknown, errors of groups |

# %%
import jax
import jax.numpy as jnp
import numpy as np

from mfml.clustering import anomaly
from mfml.data import alloys
from mfml.data.card import Quantity
from mfml.explain import (
    adjustment,
    attribution,
    causal,
    chains,
    counterfactual,
    effects,
    fairness,
    importance,
    integrated_gradients,
    lime,
    mahalanobis,
    notears,
    semantics,
    sensitivity,
    shapley,
    shift,
    tree_shap,
)
from mfml.explain.causal import Variable
from mfml.generalization import boosting
from mfml.plots import explain as plots
from mfml.plots import trust
from mfml.plots import uncertainty as bands
from mfml.uncertainty import conformal, ensemble

keys = jax.random.split(jax.random.key(14), 12)
NAMES = [name.replace("_", " ") for name in alloys.FEATURES]
ZN, NI, AL, SN, CR, GRAIN, AGING, WORK = range(8)
LEAST, MOST = 400.0, 16.0  # MPa, µΩ cm
TRAIN, CALIBRATE, TEST = slice(0, 700), slice(700, 950), slice(950, 1200)


def resistivity(conductivity):
    """µΩ cm from MS/m."""
    return 100 / conductivity


# %% [markdown]
# ## E1. Data: what was measured, and what was not?
#
# A number without a meaning and a unit explains nothing. The data come with a **card**, and cards are written in a
# controlled vocabulary. Each term has one meaning, its units, and a wider term above it. A card that names an unknown
# term, or gives a strength in MS/m, cannot be made.

# %%
measured, card = alloys.load(key=keys[0], n_samples=1200)
x, strength, rho = measured.x, measured.strength, resistivity(measured.conductivity)
print(semantics.describe(card))
refusals = []
for term, unit in (("yeild strength", "MPa"), ("yield strength", "MS/m")):
    try:
        Quantity(term, unit)
    except ValueError as error:
        refusals.append(str(error))
        print("refused:", error)
rich = (x[:, ZN] > alloys.HELD_OUT[0]) & (x[:, NI] > alloys.HELD_OUT[1])
print(f"alloys with more than 12 at.% Zn and 8 at.% Ni: {int(rich.sum())} of {len(x)}")

# %% [markdown]
# The card says what was measured. The last line says what was not: there is no alloy that is rich in zinc **and** in
# nickel. Such alloys exist, and springs are made of them: nickel silvers. We come back to them at level E6.
#
# ## E2. Process: what causes what?
#
# A plant rolls its sheets. Alloys with tin are hard to roll, so they get little cold work. Tin makes an alloy strong,
# and so does cold work. Does rolling help, and by how much? In a **structural causal model** each variable follows from
# its causes and from noise of its own. An **intervention** sets a variable and leaves the other laws as they are.


# %%
def law(tin, work):
    """Yield strength in MPa of an alloy with 5 % zinc."""
    rows = jnp.zeros((len(tin), 8)).at[:, ZN].set(5.0).at[:, GRAIN].set(30.0).at[:, AGING].set(1.0)
    return alloys.strength(rows.at[:, SN].set(tin).at[:, WORK].set(work))


def coin(key, shape):
    return jax.random.bernoulli(key, 0.5, shape).astype(float)


def rolled(tin, lot):
    """Heavy or light rolling: an alloy without tin is rolled heavily in 85 % of the lots, one with tin in 15 %."""
    return jnp.where(lot < jnp.where(tin > 0, 0.15, 0.85), 0.8, 0.2)


plant = (
    Variable("tin", (), lambda: 0.0, 4.0, coin),  # at.%: none or 4
    Variable("lot", (), lambda: 0.0, 1.0, jax.random.uniform),
    Variable("work", ("tin", "lot"), rolled, 0.0),
    Variable("strength", ("tin", "work"), law, 13.0),
)
lots = causal.simulate(plant, key=keys[2], n_samples=2000)
found = adjustment.back_door(
    lots["strength"],
    (lots["work"] > 0.5).astype(int),
    (lots["tin"] > 0).astype(int),
    n_strata=2,
)
true_effect = causal.effect(plant, "work", "strength", key=keys[2], values=(0.2, 0.8), n_samples=2000)
print("ways from tin to strength:", "; ".join(" → ".join(path) for path in chains.paths(plant, "tin", "strength")))
print(f"heavy against light rolling: {found.crude:.0f} MPa by comparing means,")
print(f"{found.effect:.0f} MPa within alloys of equal tin, {true_effect:.0f} MPa by intervention")

linear = adjustment.linear(lots["strength"], lots["work"], lots["tin"][:, None])
print(f"an unobserved confounder must explain {adjustment.robustness(linear):.0%} of what is left of both")

# %% [markdown]
# *What to see.* By the difference of means, heavy rolling weakens a sheet. But heavily rolled sheets hold little tin.
# Tin opens a **back door** from rolling to strength. Comparing alloys with equal tin closes it, and gives what an
# intervention would give. This works because tin was recorded. The **robustness value** says how strong a cause that
# was not recorded would have to be to explain the effect away.
#
# Can an algorithm find the arrows itself? NOTEARS searches the linear graph without cycles that fits best. We try it
# on a chain with known arrows: heat makes precipitates, and precipitates make strength. Then we try it on the same
# samples with other units, each variable divided by its standard deviation.

# %%
chain = (
    Variable("heat", (), lambda: 0.0, 1.0),
    Variable("precipitates", ("heat",), lambda heat: 1.5 * heat, 1.0),
    Variable("strength", ("precipitates",), lambda fraction: 1.5 * fraction, 1.0),
)
samples = jnp.stack(list(causal.simulate(chain, key=keys[3], n_samples=2000).values()), axis=1)
graphs = {
    "as simulated": notears.fit(samples).weights,
    "standardized": notears.fit(samples / samples.std(axis=0)).weights,
}
arrows = {
    name: [f"{chain[i].name} → {chain[j].name}" for i, j in np.argwhere(np.asarray(w))] for name, w in graphs.items()
}
for name, drawn in arrows.items():
    print(f"{name}: {', '.join(drawn)}")

# %% [markdown]
# *What to see.* As simulated, the variance grows along the chain, and the algorithm follows the variance. In other
# units it turns both arrows around, from the same samples. A cause cannot depend on the unit, so such a graph is an
# idea for an experiment, and no result.
#
# *Exercise 14.8* ([exercises/unit14.py](../exercises/unit14.py)).
#
# ## E3. Feature: what matters in general?
#
# The **Sobol indices** of the true law share the variance of the strength among the features, when all of them vary
# over their ranges independently. The first index is the share of a feature alone. The total index includes what it
# does together with others. A laboratory does not know the law. It has a model, and the model has a **permutation
# importance**: how much the error grows when one feature is shuffled.

# %%
options = {"max_depth": 2, "max_iter": 600}
of_strength = boosting.fit(x[TRAIN], strength[TRAIN], **options)
of_rho = boosting.fit(x[TRAIN], rho[TRAIN], **options)


def predict_strength(rows):
    return boosting.predict(of_strength, rows)


def predict_rho(rows):
    return boosting.predict(of_rho, rows)


indices = sensitivity.fit(
    alloys.strength, jnp.asarray(alloys.LOW), jnp.asarray(alloys.HIGH), key=keys[4], n_samples=1024
)
shuffled = importance.permutation(predict_strength, x[TEST], strength[TEST], key=keys[5])
growth = shuffled.mean / shuffled.mean.sum()
for name, first, total, share in zip(NAMES, indices.first, indices.total, growth, strict=True):
    print(f"{name:<11} first index {first:5.2f}, total {total:5.2f}; share of the permutation importance {share:.2f}")

# %% tags=["fig-features"]
trust.shares(
    NAMES,
    {
        "Sobol, first": jnp.stack([indices.first, *indices.first_interval], axis=1),
        "Sobol, total": jnp.stack([indices.total, *indices.total_interval], axis=1),
        "permutation of the model": growth,
    },
    x_label="share",
)

# %% [markdown]
# *What to see.* Cold work and tin matter most, for the law and for the model alike. Total indices are hardly larger
# than first ones: the mechanisms almost add up. The shares are not the same, since the measured alloys are distributed
# differently: half of them hold no tin at all.
#
# How does the resistivity depend on zinc? **Partial dependence** sets all alloys to the same zinc content and averages.
# So it asks the model about alloys rich in zinc and nickel, which nobody has measured. **Accumulated local effects**
# change each alloy a little only, and add up the changes.

# %%
at = jnp.linspace(0.0, 20.0, 41)
rows = x[TRAIN][:200]
single = effects.ice(predict_rho, rows, at, feature=ZN, centered=True)
partial = effects.partial_dependence(predict_rho, rows, at, feature=ZN)
local = effects.ale(predict_rho, x[TRAIN], feature=ZN, n_bins=10)
pure = jnp.zeros((41, 8)).at[:, ZN].set(at).at[:, GRAIN].set(30.0).at[:, AGING].set(1.0)
known_law = resistivity(alloys.conductivity(pure))

# %% tags=["fig-zinc"]
trust.profiles(
    {
        "partial dependence": (at, partial - partial[0]),
        "accumulated local effects": (local.edges, local.effect - local.effect[0]),
        "true law": (at, known_law - known_law[0]),
    },
    x_label="zinc (at.%)",
    y_label="change of resistivity (µΩ cm)",
    single=(at, single[:40]),
)

# %% [markdown]
# *What to see.* Both curves of the model agree, and both are too flat: trees are constant beyond the last samples, and
# pull extreme values toward the mean. Single alloys differ in their curves, although in the law the contribution of
# zinc is the same for all: this is the error of the model, and not an interaction.
#
# *Exercises 14.1 and 14.5.*

# %% [markdown]
# ## E4. Model: what has it learned?
#
# Our two models are boosted trees, one for strength and one for resistivity. 700 alloys trained them, 250 more are kept
# for intervals, and 250 test them. **Shapley values** share the difference between a prediction and the mean prediction
# among the features. They are the only shares that add up, treat equal features alike, and give nothing to a feature
# that the model does not use. For trees they can be computed exactly.
#
# Here we can do what nobody can do in a laboratory: the data are simulated, so the true law is known, and its Shapley
# values are, too. They need all 256 sets of eight features.

# %%
error = float(jnp.sqrt(jnp.mean((boosting.predict(of_strength, x[TEST]) - strength[TEST]) ** 2)))
noise = float(jnp.sqrt(jnp.mean(alloys.noise(alloys.strength(x[TEST])) ** 2)))
print(f"strength: error of {error:.1f} MPa on test alloys, of which the noise of the measurement is {noise:.1f} MPa")

background = x[TRAIN][:100]
learned = tree_shap.interventional(of_strength, x[TEST], background)
true = shapley.exact(alloys.strength, x[TEST], background)
gap = np.abs(learned.base + learned.phi.sum(axis=1) - boosting.predict(of_strength, x[TEST])).max()
agreement = [np.corrcoef(learned.phi[:, j], true.phi[:, j])[0, 1] for j in range(len(NAMES))]
print(f"values and base add up to the prediction within {gap:.4f} MPa")
print("correlation with the true values:", ", ".join(f"{n} {r:.2f}" for n, r in zip(NAMES, agreement, strict=True)))

# %% tags=["fig-beeswarm"]
plots.beeswarm(learned.phi, x[TEST], NAMES, x_label="Shapley value (MPa)")

# %% tags=["fig-learned"]
trust.shares(
    NAMES,
    {"learned": attribution.importance(learned.phi), "true law": attribution.importance(true.phi)},
    x_label="mean size of the Shapley value (MPa)",
)

# %% [markdown]
# *What to see.* Cold work and tin matter most, and much of both makes an alloy strong. Small grains do, too. The model
# has learned the sizes of all effects nearly as they are. Where an effect is small, such as that of nickel, single
# values are less certain: their correlation with the true ones is lowest.
#
# *Exercise 14.2.*
#
# ## E6. Decision: may we act?
#
# ### Which intervals?
#
# **Conformal intervals** (unit 12) promise coverage for alloys of the same kind. Nickel silvers are of another kind:
# rich in zinc and in nickel, and none was measured.

# %%
nickel_silver = alloys.simulate(key=keys[1], n_samples=300, region="held_out")
new_rho = resistivity(nickel_silver.conductivity)


def errors(model, rows, truth):
    return conformal.absolute_scores(boosting.predict(model, rows), truth)


half = {
    "strength": conformal.quantile(errors(of_strength, x[CALIBRATE], strength[CALIBRATE]), level=0.95),
    "resistivity": conformal.quantile(errors(of_rho, x[CALIBRATE], rho[CALIBRATE]), level=0.95),
}
coverage = {
    "strength": {
        "measured kinds": float(jnp.mean(errors(of_strength, x[TEST], strength[TEST]) <= half["strength"])),
        "nickel silvers": float(
            jnp.mean(errors(of_strength, nickel_silver.x, nickel_silver.strength) <= half["strength"])
        ),
    },
    "resistivity": {
        "measured kinds": float(jnp.mean(errors(of_rho, x[TEST], rho[TEST]) <= half["resistivity"])),
        "nickel silvers": float(jnp.mean(errors(of_rho, nickel_silver.x, new_rho) <= half["resistivity"])),
    },
}
too_low = float(jnp.mean(new_rho - boosting.predict(of_rho, nickel_silver.x)))
print(f"half widths: {half['strength']:.0f} MPa, {half['resistivity']:.2f} µΩ cm")
print(f"nickel silvers: resistivity predicted too low by {too_low:.2f} µΩ cm on average")

# %% tags=["fig-coverage"]
bands.coverages(coverage, level=0.95)

# %% [markdown]
# *What to see.* The intervals of the strength hold for nickel silvers as well, and nobody could know that. Those of the
# resistivity do not: the promise is for alloys of the measured kinds. Trees cannot extrapolate, so where zinc and
# nickel are both high, the predicted resistivity is too low. A model that errs on this side makes bad contacts.
#
# ### Is an alloy of the measured kinds?
#
# Three scores grow with the strangeness of an alloy: the **Mahalanobis distance** from the mean, the distance to the
# fifth **nearest** measured alloy, and the disagreement of an **ensemble** of networks. The **AUROC** judges a score:
# it is the probability that a nickel silver has a higher score than a measured alloy, 0.5 for a score that says
# nothing.

# %%
center, spread = x[TRAIN].mean(axis=0), x[TRAIN].std(axis=0)


def scaled(rows, columns=slice(None)):
    """Features in standard deviations of the measured alloys."""
    return ((rows - center) / spread)[:, columns]


cloud = mahalanobis.fit(x[TRAIN])
together = ensemble.fit(x[TRAIN], rho[TRAIN], key=keys[6], kind="mean", n_members=5)


def scores_of(rows):
    return {
        "Mahalanobis": mahalanobis.distance(cloud, rows),
        "neighbors": shift.neighbor_distance(scaled(rows), scaled(x[TRAIN])),
        "ensemble": ensemble.predictive(together, rows).epistemic_std,
        "neighbors in Zn and Ni": shift.neighbor_distance(
            scaled(rows, jnp.array([ZN, NI])), scaled(x[TRAIN], jnp.array([ZN, NI]))
        ),
    }


old_scores, new_scores = scores_of(x[TEST]), scores_of(nickel_silver.x)
is_new = jnp.arange(len(x[TEST]) + len(nickel_silver.x)) >= len(x[TEST])
auroc = {name: float(anomaly.auc(jnp.concatenate([old_scores[name], new_scores[name]]), is_new)) for name in old_scores}
limits = {name: float(conformal.quantile(scores_of(x[CALIBRATE])[name], level=0.95)) for name in old_scores}
print("AUROC:", ", ".join(f"{name} {value:.2f}" for name, value in auroc.items()))

# %% tags=["fig-unknown"]
trust.unknown(
    {f"{name}: {auroc[name]:.2f}": (old_scores[name], new_scores[name]) for name in auroc},
    names=("measured kinds", "nickel silvers"),
    limits={f"{name}: {auroc[name]:.2f}": limits[name] for name in auroc},
)

# %% [markdown]
# *What to see.* No score of all features separates well. A nickel silver is ordinary in six of eight features, and
# these hide the other two. The distance in zinc and nickel alone finds nearly all. But to choose these two, one must
# know where the gap is: that was level E1.
#
# *Exercise 14.7.*
#
# ### For whom is the model wrong?
#
# A mean error hides groups. We compare the error of both models for families of alloys.

# %%
everything = jnp.concatenate([x[TEST], nickel_silver.x])
FAMILIES = ("nearly pure", "brass", "bronze", "copper-nickel", "nickel silver")


def family(rows):
    """Family of each alloy by what it is rich in, as a share of the range; nickel silvers are rich in both."""
    rich_in = rows[:, jnp.array([ZN, SN, NI])] / jnp.array([alloys.HIGH[j] for j in (ZN, SN, NI)])
    found = jnp.where(rich_in.max(axis=1) < 0.3, 0, jnp.argmax(rich_in, axis=1) + 1)
    return jnp.where((rows[:, ZN] > alloys.HELD_OUT[0]) & (rows[:, NI] > alloys.HELD_OUT[1]), 4, found)


groups = fairness.errors(
    predict_rho(everything), jnp.concatenate([rho[TEST], new_rho]), family(everything), n_groups=len(FAMILIES)
)
for name, count, bias, rmse in zip(FAMILIES, groups.number, groups.bias, groups.rmse, strict=True):
    print(f"{name:<14} {int(count):>4} alloys, mean error {bias:+6.2f} µΩ cm, rmse {rmse:5.2f} µΩ cm")

# %% [markdown]
# *What to see.* For the measured families the mean errors are small. For nickel silvers nearly all of the error is
# bias. A family of few alloys has uncertain numbers, and one without any would have NaN, and not 0.
#
# ### Which candidate?
#
# Now we decide. 4000 candidates come from the whole range, nickel silvers included. A candidate is **safe** if both
# intervals, at 95 %, lie on the right side. It is **known** if its distance in zinc and nickel is below the limit.
# Among the safe and known ones with less than 1 at.% tin we take the one whose worse margin is largest, in half widths.

# %%
candidates = alloys.simulate(key=keys[7], n_samples=4000, region="all").x
strong, resisting = predict_strength(candidates), predict_rho(candidates)
is_known = scores_of(candidates)["neighbors in Zn and Ni"] <= limits["neighbors in Zn and Ni"]
margins = jnp.minimum((strong - LEAST) / half["strength"], (MOST - resisting) / half["resistivity"])
good = (strong >= LEAST) & (resisting <= MOST)
safe = margins >= 1
wrong = (alloys.strength(candidates) < LEAST) | (resistivity(alloys.conductivity(candidates)) > MOST)
rates = {
    "by prediction alone, known": good & is_known,
    "by prediction alone, unknown": good & ~is_known,
    "with intervals, known": safe & is_known,
}
failing = {name: float(wrong[chosen].mean()) for name, chosen in rates.items()}
for name, chosen in rates.items():
    print(f"{name:<29} {int(chosen.sum()):>4} candidates, of which {failing[name]:6.1%} would fail")
best = int(jnp.argmax(jnp.where(safe & is_known & (candidates[:, SN] < 1.0), margins, -jnp.inf)))
alloy = candidates[best : best + 1]

shown = jnp.arange(len(candidates)) < 1500
decision = (
    strong,
    resisting,
    {
        "other candidates": shown & ~good,
        "as needed by prediction, known": shown & good & is_known,
        "as needed by prediction, unknown": shown & good & ~is_known,
    },
)
corner = {
    "limits": (LEAST, MOST),
    "margins": (float(half["strength"]), float(half["resistivity"])),
    "x_label": "predicted yield strength (MPa)",
    "y_label": "predicted resistivity (µΩ cm)",
    "chosen": {"our choice": (float(strong[best]), float(resisting[best]))},
}

# %% tags=["fig-decision"]
trust.decision(*decision, **corner)

# %% [markdown]
# *What to see.* Candidates in the corner are as needed by prediction. Of the known ones among them one in twenty or so
# would fail, of the unknown ones many more. In the shaded part both intervals are on the right side. None of the known
# candidates there fails.
#
# ## E5. Prediction: why this alloy, and what would change it?
#
# The decision rests on one prediction, so we explain that one. The **waterfall** leads from the mean of the measured
# alloys to the prediction for our choice.

# %%
of_choice = tree_shap.interventional(of_strength, alloy, background)
steps = of_choice.phi[0], float(of_choice.base), NAMES
UNITS = ["at.%"] * 5 + ["µm", "h", ""]
values = [f"{float(v):.3g} {u}".strip() for v, u in zip(alloy[0], UNITS, strict=True)]

# %% tags=["fig-waterfall"]
plots.waterfall(*steps, values=values, x_label="yield strength (MPa)")

# %% [markdown]
# *What to see.* Cold work and small grains make our choice strong. It lacks the strength that tin would give, and zinc
# and chromium make up for that.
#
# *Exercise 14.2.*
#
# Trees have no useful derivative. For questions about small changes we train networks, and look at one prediction in
# three ways. **LIME** fits a straight line to the predictions around the alloy. **Integrated gradients** add up the
# derivative on the way from a baseline, here the mean alloy; like Shapley values they add up to the prediction. A
# **counterfactual** asks for the smallest change that would give another prediction. We ask it for an alloy that is
# predicted too weak, and forbid a change of its tin.

# %%
networks = ensemble.fit(x[TRAIN], strength[TRAIN], key=keys[8], kind="mean", n_members=5)


def network(rows):
    return ensemble.predict(networks, rows)


near = lime.fit(network, alloy, 0.2 * spread, key=keys[9], n_samples=1000)
way = integrated_gradients.fit(network, alloy, center[None])
of_network = shapley.exact(network, alloy, center[None])
of_trees = tree_shap.interventional(of_strength, alloy, center[None])
steepest = np.argsort(-np.abs(near.coef[0]))[:3]
print("LIME: one fifth of a standard deviation more of", end=" ")
print(", ".join(f"{NAMES[j]} gives {near.coef[0, j]:+.1f} MPa" for j in steepest), f"(R2 {near.score[0]:.2f})")
print(f"integrated gradients: sum {float(way.base + way.phi.sum()):.2f} MPa, prediction {network(alloy)[0]:.2f} MPa")

untinned = is_known & (candidates[:, SN] < 1.0)
weak = candidates[int(jnp.argmin(jnp.where(untinned, jnp.abs(strong - 300), jnp.inf)))][None]
change = counterfactual.search(
    network,
    weak,
    LEAST + half["strength"],
    scale=spread.at[SN].set(0.0),
    low=jnp.asarray(alloys.LOW),
    high=jnp.asarray(alloys.HIGH),
)
told = [
    f"{name} {before:.3g} to {after:.3g}"
    for name, before, after, width in zip(NAMES, weak[0], change.x[0], spread, strict=True)
    if abs(after - before) > 0.2 * width
]
reached, truly = float(network(change.x)[0]), float(alloys.strength(change.x)[0])
print(f"from {network(weak)[0]:.0f} MPa to {reached:.0f} MPa, {truly:.0f} MPa in truth, by", ", ".join(told))

# %% tags=["fig-prediction"]
trust.shares(
    NAMES,
    {
        "Shapley, trees": of_trees.phi[0],
        "Shapley, network": of_network.phi[0],
        "integrated gradients, network": way.phi[0],
    },
    x_label="contribution, from the mean alloy (MPa)",
)

# %% [markdown]
# *What to see.* For the network both methods nearly agree. Trees and network predict about the same strength, and the
# network gives more of it to chromium and less to cold work. So two good models explain one alloy in two ways, and what
# both agree on is worth more. The counterfactual is no recipe yet. The network says what it would predict, and it says
# nothing about cost.
#
# *Exercises 14.3, 14.4 and 14.6.*
#
# ## The page
#
# What does the company get? One page, with the choice, its reasons, and its limits.

# %% tags=["fig-page"]
recipe = [f"{name} {value}" for name, value in zip(NAMES, values, strict=True) if not value.startswith("0 ")]
reasons = np.argsort(-np.asarray(of_choice.phi[0]))[:3]
lines = [
    "Cast next: copper with " + ", ".join(recipe[:3]) + ",",
    "   " + ", ".join(recipe[3:]),
    f"Yield strength: {strong[best]:.0f} ± {half['strength']:.0f} MPa (at least {LEAST:.0f} needed)",
    f"Resistivity: {resisting[best]:.1f} ± {half['resistivity']:.1f} µΩ cm (at most {MOST:.0f} allowed)",
    "   95 % intervals, for alloys of the measured kinds: this is one",
    "Strong by " + ", ".join(f"{NAMES[j]} ({of_choice.phi[0, j]:+.0f} MPa)" for j in reasons),
    "   says the model; that rolling is a cause, an intervention showed",
    "Do not trust the models above 12 at.% Zn and 8 at.% Ni:",
    f"   resistivity is {-groups.bias[4]:.1f} µΩ cm too low there on average, and only",
    f"   {coverage['resistivity']['nickel silvers']:.0%} of the 95 % intervals hold. Measure some first.",
]
print("\n".join(lines))
_, grid = trust.page("Spring contacts: which copper alloy next?", lines)
trust.decision(*decision, **corner, ax=grid[0, 0])
plots.waterfall(*steps, values=values, x_label="yield strength (MPa)", ax=grid[0, 1])
plots.dependence(
    x[TEST][:, WORK],
    learned.phi[:, WORK],
    x_label="cold work (true strain)",
    y_label="its contribution (MPa)",
    color=x[TEST][:, SN],
    color_label="tin (at.%)",
    ax=grid[1, 0],
)

# %% [markdown]
# *What to see.* The three panels carry the three sentences of the page. The choice lies deep within the shaded corner,
# where both intervals fulfill the need. Its strength has reasons that a materials engineer can check. More rolling adds
# less and less strength. The laboratory casts the alloy, and measures it:

# %%
truth = float(alloys.strength(alloy)[0]), float(resistivity(alloys.conductivity(alloy))[0])
print(f"in truth {truth[0]:.0f} MPa and {truth[1]:.1f} µΩ cm")

# %% [markdown]
# ## The course on one page
#
# Every unit had a part in this decision. Losses and risks say what an error costs (1). The singular value decomposition
# and the covariance are behind the Mahalanobis distance (2). Least squares are behind LIME and the adjustment (3), and
# gradient descent trains the networks (4, 6). Neighbors judge what is known (5, 9). Boosted trees predict, and held-out
# data judge them (7). Likelihoods name the noise (8). Attention and generative models propose what to try next (10,
# 11). Intervals say how sure we are (12). The laws of physics made the data, and can be built into models (13). This
# unit asked whether we may act.

# %%
assert len(refusals) == 2
assert int(rich.sum()) == 0
assert found.crude < 0 < 80 < found.effect
assert abs(found.effect - true_effect) < 5
assert adjustment.robustness(linear) > 0.5
assert arrows["as simulated"] == ["heat → precipitates", "precipitates → strength"]
assert sorted(arrows["standardized"]) == ["precipitates → heat", "strength → precipitates"]
for top in (indices.first, indices.total, growth):
    assert np.argsort(-top)[:2].tolist() == [WORK, SN]
assert np.all(indices.total - indices.first < 0.05)
assert abs(partial[-1] - partial[0] - (local.effect[-1] - local.effect[0])) < 0.2
assert partial[-1] - partial[0] < 0.9 * (known_law[-1] - known_law[0])
assert gap < 0.01
assert min(agreement) == agreement[NI] > 0.8
sizes = attribution.importance(learned.phi), attribution.importance(true.phi)
assert np.argsort(-sizes[0])[:2].tolist() == np.argsort(-sizes[1])[:2].tolist() == [WORK, SN]
assert np.all(np.abs(sizes[0] - sizes[1]) < 4)
assert np.corrcoef(x[TEST][:, WORK], learned.phi[:, WORK])[0, 1] > 0.8
assert np.corrcoef(x[TEST][:, GRAIN], learned.phi[:, GRAIN])[0, 1] < -0.7
assert coverage["strength"]["measured kinds"] > 0.9 < coverage["strength"]["nickel silvers"]
assert coverage["resistivity"]["measured kinds"] > 0.9 > 0.85 > coverage["resistivity"]["nickel silvers"]
assert too_low > 0.3
assert auroc.pop("neighbors in Zn and Ni") > 0.95 > 0.8 > max(auroc.values())
assert np.all(np.abs(groups.bias[:4]) < 0.2)
assert groups.bias[4] < -0.5 * groups.rmse[4]
assert failing["with intervals, known"] < 0.01 < failing["by prediction alone, known"]
assert failing["by prediction alone, known"] < 0.6 * failing["by prediction alone, unknown"]
assert margins[best] > 2
assert set(np.argsort(-of_choice.phi[0])[:2].tolist()) == {WORK, GRAIN}
assert of_choice.phi[0, SN] < -20
assert abs(float(way.base + way.phi.sum()) - float(network(alloy)[0])) < 0.1
assert np.abs(way.phi - of_network.phi).max() < 15
assert abs(float(network(alloy)[0]) - float(strong[best])) < 25
assert np.abs(of_trees.phi - of_network.phi).max() > 10
assert change.converged[0]
assert change.x[0, SN] == weak[0, SN]
assert truth[0] >= LEAST
assert truth[1] <= MOST
