# %% [markdown]
# # Unit 3. Regression as loss minimization
#
# We return to the steel of Unit 1, now at 400 °C. The testing machine has recorded 350 pairs of strain and stress.
# **How stiff is the steel, and which curve lies behind the noise?** The first question asks for a straight line, the
# second for a curve of unknown shape. Both have the same answer: write the model as a sum of known functions with
# unknown weights, and choose the weights that make the squared error smallest.

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from mfml import iteration
from mfml.data import tensile
from mfml.plots import regression as plots
from mfml.regression import bases, descent, logistic, ols, rates, runge
from mfml.risk import losses

key = jax.random.key(8)
data, card = tensile.load(key=key)
all_strain, all_stress, temperature = map(np.asarray, data)  # one row for each of three temperatures
strain, stress = 1000 * all_strain[1], all_stress[1]  # at 400 °C; strain in per mille, stress in MPa
print(f"{card.name} ({card.source}), {temperature[1]:.0f} °C: {len(strain)} points")

# %% [markdown]
# ## A straight line: how stiff is the steel?
#
# Below the yield stress, stress is proportional to strain, and the slope is Young's modulus $E$. We take the 20
# smallest strains and fit $\sigma = \beta_0 + E\,\varepsilon$ by **least squares**:
#
# $$\hat\beta = \arg\min_\beta \frac1n \lVert X\beta - y \rVert^2, \qquad
# X^\top X\,\hat\beta = X^\top y \tag{3.1}$$
#
# The equations on the right are the *normal equations*. They say that at the minimum the residual is perpendicular to
# every column of the design matrix $X$ (Unit 2 called this a projection). The same matrix $X^\top X$ tells us how far
# to trust the answer: with noise of variance $s^2$, the covariance of the weights is $s^2 (X^\top X)^{-1}$.


# %%
@jax.jit  # compiling all at once is quicker than one by one
def straight_line(x, y):
    line = ols.fit(x, y)
    return line, ols.standard_errors(line, x, y), ols.predict(line, x), ols.leverage(x)


elastic = np.argsort(strain)[:20]
x, y = strain[elastic, None], stress[elastic]
line, errors, fitted, weight_of_own = jax.tree.map(np.asarray, straight_line(x, y))
print(f"E = {line.coef[0]:.0f} ± {errors.coef[0]:.0f} GPa")

# %% tags=["fig-line"]
plots.line(x[:, 0], y, fitted, weight_of_own)

# %% [markdown]
# *What to see.* Megapascals of stress over per mille of strain give gigapascals, so the slope is the modulus. The
# color shows the **leverage** $h_i = \partial \hat y_i / \partial y_i$: how strongly a point pulls the line toward
# itself. The points at the two ends pull most, and the leverages add up to the number of parameters, here 2.
#
# *Where it fails.* The standard errors account for noise in the stress only. Noise in the strain flattens the line, no
# matter how many points there are. A single point beyond yielding bends the line down, because the far end has a large
# leverage.
#
# *Exercise 3.2* ([exercises/unit03.py](../exercises/unit03.py)): ordinary least squares.

# %% [markdown]
# ## The same line by gradient descent
#
# A neural network has no normal equations. What we can still do is walk downhill, in steps scaled by the **learning
# rate** $\eta$:
#
# $$J(w) = \frac1n \lVert X w - y \rVert^2, \qquad \nabla J(w) = \frac2n X^\top (X w - y), \qquad
# w \leftarrow w - \eta\, \nabla J(w) \tag{3.2}$$
#
# How large may $\eta$ be? $J$ is quadratic, with the Hessian $H = \frac2n X^\top X$. Along an eigenvector with
# curvature $h$, each step multiplies the error by $1 - \eta h$. The steepest direction, with the largest curvature
# $L$, limits the learning rate. The slowest direction sets the speed:
#
# $$\eta < \frac{2}{L}, \qquad \text{rate} = \max_i \lvert 1 - \eta h_i \rvert \tag{3.3}$$

# %%
y = y / 100  # in 100 MPa, to have weights of about 1
design = np.concatenate([np.ones_like(x), x], axis=1)
limit = float(rates.largest_stable_step(design))
minimum = np.array([line.intercept, line.coef[0]]) / 100
task = {"predict": descent.linear, "loss": losses.squared_error}
choices = {
    "0.1 of the limit": 0.1 * limit,
    "fastest": float(rates.fastest_step(design)),
    "1.01 of the limit": 1.01 * limit,
}
start = (minimum + np.array([0.7, -0.9])).astype(np.float32)
walk = partial(descent.path, y=y, n_steps=60, **task)
walks = {name: np.asarray(walk(design, init=start, learning_rate=rate).params)[:41] for name, rate in choices.items()}
distances = {name: np.linalg.norm(points - minimum, axis=1) for name, points in walks.items()}
predicted = {name: float(rates.predicted_rate(design, rate)) for name, rate in choices.items()}
observed = {name: float(rates.observed_rate(points)) for name, points in distances.items()}
for name in choices:
    print(f"{name:18s} rate predicted {predicted[name]:.3f}, observed {observed[name]:.3f}")

# %% tags=["fig-landscape"]
intercepts, slopes = np.linspace(-0.9, 0.9, 61) + minimum[0], np.linspace(-1.2, 1.2, 61) + minimum[1]
mesh = np.stack(np.meshgrid(intercepts, slopes), axis=-1)
risk = np.mean((mesh @ design.T - y) ** 2, axis=-1)
plots.landscape(
    intercepts,
    slopes,
    risk,
    walks,
    x_label="intercept (100 MPa)",
    y_label="slope (100 GPa)",
    risk_label="risk, (100 MPa)²",
)

# %% tags=["fig-rates"]
plots.convergence(distances, predicted)

# %% [markdown]
# *What to see.* The valley is long and narrow. With a small rate the path creeps along its floor. Near the limit it
# jumps from wall to wall, and above the limit the jumps grow. The dashed lines show the rates of equation (3.3),
# computed before the first step.
#
# *Exercises 3.3 to 3.6*: the gradient, one step, the path, the largest stable learning rate.

# %% [markdown]
# ### Units decide how fast you learn
#
# The best possible rate is $(\kappa - 1)/(\kappa + 1)$, where $\kappa = L / \mu$ is the condition number and $\mu$ the
# smallest curvature. And $\kappa$ depends on the unit of the strain.

# %%
designs = {
    "strain as a number": design * np.array([1.0, 0.001]),
    "strain in per mille": design,
    "centered and scaled": np.concatenate([np.ones_like(x), (x - x.mean()) / x.std()], axis=1),
}
steps_needed = {}
for name, one in designs.items():
    h = np.linalg.svd(one.astype(np.float64), compute_uv=False)[::-1] ** 2 * 2 / len(one)
    best = (h[1] - h[0]) / (h[1] + h[0])
    steps_needed[name] = np.ceil(np.log(1e-3) / np.log(best)) if best > 1e-6 else 1
    print(f"{name:20s} κ = {h[1] / h[0]:9.3g}, steps for three digits: {steps_needed[name]:.0f}")

# %% [markdown]
# > **Materials view.** Strain, stress and temperature have values of very different size. Always center and scale them
# > before you run gradient descent; then one learning rate suits all directions.

# %% [markdown]
# ## A few samples at a time
#
# The mean gradient over a few samples is noisy but cheap. **Stochastic** gradient descent (`descent.fit`) takes one
# sample per step; *mini-batches* (`batch_size=5`) are a compromise. With a constant rate the risk falls fast and then
# hovers, since single samples disagree. If the rate decreases like $\eta\, t^{-a}$ with $\frac12 < a \le 1$, the
# method converges.

# %%
standard = designs["centered and scaled"]
origin = np.zeros(2, np.float32)
single = partial(descent.fit, standard, y, key=key, init=origin, batch_size=1, max_iter=60, tol=0.0, **task)
risks = {
    "all 20 samples": walk(standard, init=origin, learning_rate=0.1).history,
    "single samples": single(learning_rate=0.1, power_t=0.0).history,
    "single, falling rate": single(learning_rate=0.3, power_t=0.7).history,
}
lowest = np.mean((fitted / 100 - y) ** 2)
histories = {name: np.maximum(np.asarray(values) - lowest, 1e-8) for name, values in risks.items()}

# %% tags=["fig-batches"]
plots.epochs(histories, y_label="risk above its minimum, (100 MPa)²")

# %% [markdown]
# *What to see.* For the same number of passes over the data, many cheap steps reduce the risk sooner. In the end
# precision counts, and there the full gradient or a falling rate wins. The figure ends at $10^{-8}$, close to the
# limit of single precision.

# %% [markdown]
# ## From a line to a curve: basis functions
#
# A model can be a curve and still be *linear in its weights*: $f(x) = \sum_j c_j \phi_j(x)$. Put $\phi_j(x_i)$ into a
# **design matrix**, and everything above remains true. Only the family of curves changes, and we choose it:
#
# - powers $x^j$, and the polynomials of **Chebyshev** and **Legendre**: the same curves in better coordinates;
# - **Fourier** waves, for periodic curves; **radial** bumps, for any number of dimensions;
# - **B-splines** and **natural cubic splines**: cubic pieces that join smoothly at knots.

# %%
low, high = strain.min(), strain.max()
M = 9  # functions in each basis
unit = (strain - low) / (high - low)
even = np.linspace(0.0, 1.0, M - 2, dtype=np.float32)  # knots: evenly spaced, or dense where the steel yields
bend = np.array([0.0, 0.05, 0.08, 0.11, 0.2, 0.5, 1.0], np.float32)
knots = np.stack([np.pad(points, 3, mode="edge") for points in (even, bend)])  # as bases.clamped_knots does


@jax.jit
def all_tables(x):
    ones = jnp.ones_like(x)[:, None]
    on_knots = jax.vmap(lambda knots: bases.bspline(x, knots))(knots)  # both sets of knots at once
    return (
        bases.monomial(x, degree=M - 1),
        bases.chebyshev(x, degree=M - 1, low=0.0, high=1.0),
        bases.legendre(x, degree=M - 1, low=0.0, high=1.0),
        bases.fourier(x, n_harmonics=M // 2),
        jnp.concatenate([ones, bases.rbf(x, jnp.linspace(0.0, 1.0, M - 1), length_scale=0.12)], axis=1),
        bases.natural_cubic(x, jnp.linspace(0.0, 1.0, M)),
        *on_knots,
    )


NAMES = ("monomials", "Chebyshev", "Legendre", "Fourier", "radial bumps", "natural cubic", "B-splines")
tables = dict(zip([*NAMES, "B-splines, own knots"], map(np.asarray, all_tables(unit)), strict=True))

# %% tags=["fig-bases"]
plots.basis_functions(strain, tables)

# %% [markdown]
# Each basis has nine functions and is fitted by the same line of code. We judge each on points that its fit has not
# seen: leave one point out, fit the others, and predict it (cross-validation with one sample per fold, Unit 1). Least
# squares does not need 350 fits for this. Each point pulls the curve toward itself by its leverage, so without the
# point its residual would be $r_i / (1 - h_i)$. The figure gives the root mean square of these residuals in MPa.


# %%
@jax.jit
def fit_and_leverage(table):
    model = ols.fit(table, stress, fit_intercept=False, solver="qr")
    return ols.predict(model, table), ols.leverage(table, fit_intercept=False)


curves, error = {}, {}
for name, table in tables.items():
    curves[name], h = map(np.asarray, fit_and_leverage(table))
    error[name] = float(np.sqrt(np.mean(((stress - curves[name]) / (1 - h)) ** 2)))

# %% tags=["fig-fits"]
plots.fits(strain, stress, curves, notes=[f"{value:.1f} MPa" for value in error.values()])

# %% [markdown]
# *What to see.* The three polynomial bases span the same space, so they give the same curve. None of them can follow
# the yield point. A global function cannot bend in one place only: it overshoots on both sides. Fourier waves assume
# that the curve repeats, so they fail at both ends. Bumps and splines bend locally, but when they are evenly spaced,
# most of them are wasted on the plateau. Nine B-splines with knots *where the steel yields* nearly reach the noise of
# 3 MPa.
#
# > **Materials view.** Placing knots is a way to use what you know, such as roughly where the steel yields.
#
# *Exercises 3.1 and 3.7*: the design matrix, the B-spline basis.

# %% [markdown]
# ### The same space, not the same digits
#
# In exact arithmetic, another basis of the same space changes nothing. In single precision it does: powers of $x$
# become nearly parallel, and the larger the condition number of the design, the more digits are lost. The normal
# equations square this number.

# %%
n_functions = np.arange(2, M + 1)
numbers = {
    name: [np.linalg.cond(np.asarray(table, np.float64)[:, :m]) for m in n_functions]
    for name, table in tables.items()
    if name in ("monomials", "Chebyshev", "Legendre")
}
eps = float(np.finfo(np.float32).eps)
limits = {"normal equations end here": eps**-0.5, "QR ends here": 1 / eps}

# %% tags=["fig-conditions"]
plots.condition_numbers(n_functions, numbers, limits=limits)

# %% [markdown]
# *What to see.* Powers lose about three digits every four degrees. Nine of them are too many for the normal equations:
# with `solver="cholesky"`, `ols.fit` reports this (`full_rank` is False, the weights are NaN) instead of making
# numbers up. The fits above used QR. Chebyshev and Legendre columns stay nearly perpendicular.

# %% [markdown]
# ## Runge: more points, worse curve
#
# A polynomial of degree $m - 1$ passes through $m$ points *exactly*. Is that not the best possible fit? Carl Runge
# tried it on a harmless function:
#
# $$f(x) = \frac{1}{1 + 25 x^2}, \qquad
# p(x) = \sum_j \ell_j(x)\, f(x_j), \qquad \ell_j(x) = \prod_{k \ne j} \frac{x - x_k}{x_j - x_k} \tag{3.4}$$

# %%
grid = np.linspace(-1.0, 1.0, 401, dtype=np.float32)
truth = runge.runge_function(grid)


@partial(jax.jit, static_argnames="m")
def nodes_and_basis(m):
    """Return equispaced and Chebyshev nodes, and the Lagrange functions of both on the grid."""
    nodes = jnp.stack([runge.equispaced_nodes(m), runge.chebyshev_nodes(m)])
    return nodes, jax.vmap(lambda own: runge.lagrange_basis(grid, own))(nodes)


FAMILIES, COUNTS, SHOWN = ("equispaced nodes", "Chebyshev nodes"), (5, 15, 25, 41), 15
polynomials, growth, worst = {}, {}, {name: [] for name in FAMILIES}
for m in COUNTS:
    for name, nodes, basis in zip(FAMILIES, *map(np.asarray, nodes_and_basis(m)), strict=True):
        values = runge.runge_function(nodes)
        curve = basis @ values  # equation (3.4)
        worst[name].append(float(np.abs(curve - truth).max()))
        if m == SHOWN:
            polynomials[name] = (nodes, values, curve)
            growth[name] = float(np.abs(basis).sum(axis=1).max())

# %% tags=["fig-runge"]
plots.interpolants(grid, truth, polynomials)

# %%
print("errors in the values grow at most by a factor of", {name: round(value, 1) for name, value in growth.items()})

# %% tags=["fig-errors"]
plots.interpolation_errors(COUNTS, worst)

# %% [markdown]
# *What to see.* With equispaced nodes, more points make it worse: the error grows without bound. Polynomials of the
# same degree through **Chebyshev nodes**, which crowd at the ends, converge as fast as a geometric series. The same is
# true of noise: the *Lebesgue constant*, printed above, says how much an error in the values may grow.
#
# *Where it bites.* You can rarely choose where to measure, and measurements are usually equispaced. Then fit fewer
# weights than points, or use splines.
#
# *Exercise 3.8*: the error of interpolating Runge's function.

# %% [markdown]
# ## When the answer is yes or no: logistic regression
#
# Given one pair of strain and stress, which of two bars was the hotter one? We minimize a loss again, but a different
# one. The model gives a probability, and the loss is the cross-entropy of Unit 1.
#
# $$P(y = 1 \mid x) = \sigma(\beta_0 + x\beta), \qquad
# J = \frac1n \sum_i \log\bigl(1 + e^{-s_i (\beta_0 + x_i \beta)}\bigr), \quad s_i = \pm 1 \tag{3.5}$$
#
# There is no closed form. **Newton's method** solves a weighted least-squares problem in each step and needs only
# about ten steps here.

# %%
order = np.argsort(all_strain[1:], axis=1)  # of the bars at 400 °C and at 600 °C
N = 18  # points of each bar


def pairs_at(index):
    """Return strain and stress of both bars at these places of their order, one row per point."""
    columns = (1000 * all_strain[1:], all_stress[1:])
    return np.stack([np.take_along_axis(one, index, axis=1).ravel() for one in columns], axis=1)


elastic_pairs, plastic_pairs = pairs_at(order[:, :N]), pairs_at(order[:, -N:])
hot = np.repeat([0, 1], N)
classifier = logistic.fit(elastic_pairs, hot, C=np.inf)
probability = jax.jit(logistic.predict_proba)
right = float(logistic.score(classifier, elastic_pairs, hot))
print(f"{classifier.n_iter} Newton steps, {right:.0%} right, converged: {classifier.converged}")

# %% tags=["fig-logistic"]
strains, stresses = np.linspace(-0.03, 1.03 * np.max(elastic_pairs[:, 0]), 60), np.linspace(-10, 190, 60)
mesh = np.stack(np.meshgrid(strains, stresses), axis=-1).astype(np.float32).reshape(-1, 2)
plots.probability(
    elastic_pairs,
    hot,
    strains,
    stresses,
    np.asarray(probability(classifier, mesh))[:, 1].reshape(60, 60),
    names=("400 °C", "600 °C"),
)

# %%
without_doubt = logistic.fit(plastic_pairs, hot, C=np.inf)
with_penalty = logistic.fit(plastic_pairs, hot, C=1.0)
print("plastic points:", iteration.explain(without_doubt))
print("with a penalty:", iteration.explain(with_penalty))

# %% [markdown]
# *What to see.* The hot bar is softer, and the slope of the line between the two classes lies between the two moduli.
# Near the origin the bars can hardly be told apart, and there the probability stays away from 0 and 1.
#
# *Where it fails.* A line separates the plastic points of the two bars without error. Then there is no best answer:
# the loss keeps falling as the weights grow. `logistic.fit` stops and says so; a penalty (Unit 7) helps.

# %% [markdown]
# ## What to keep
#
# 1. A model that is linear in its weights is a design matrix. The weights follow from one linear system or from
#    gradient descent.
# 2. The curvature of the risk limits the learning rate, $\eta < 2 / L$, and sets the speed. Scale your features.
# 3. Choose a basis that bends where your curve bends, in coordinates that do not lose digits.
# 4. Passing through all points is no virtue. With equispaced points and a high degree it is a disaster.
#
# **Now you**: [exercises/unit03.py](../exercises/unit03.py), then `nox -s grade -- 3`. To read on: Bishop (2006),
# chapter 3 and section 4.3; Murphy (2012), chapter 7 and sections 8.1 to 8.3; McClarren (2021), chapter 2; Neuer
# (2024), chapter 3.

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert 100 < line.coef[0] < 210
assert np.allclose(np.sum(weight_of_own), 2, rtol=1e-4)
assert all(abs(predicted[name] - observed[name]) < 0.02 for name in choices)
assert predicted["fastest"] < predicted["0.1 of the limit"] < 1 < predicted["1.01 of the limit"]
assert distances["1.01 of the limit"][-1] > distances["1.01 of the limit"][20]
assert steps_needed["strain as a number"] > 1000 * steps_needed["strain in per mille"]
assert steps_needed["centered and scaled"] == 1
assert histories["single samples"][3] < histories["all 20 samples"][3]
assert histories["single, falling rate"][-1] < histories["single samples"][-20:].mean()
assert np.ptp([error[name] for name in ("monomials", "Chebyshev", "Legendre")]) < 0.2
assert min(error, key=error.get) == "B-splines, own knots"
assert max(error, key=error.get) == "Fourier"
assert numbers["Chebyshev"][-1] < limits["normal equations end here"] < numbers["monomials"][-1]
assert numbers["monomials"][-1] < limits["QR ends here"]
assert worst["equispaced nodes"][-1] > 1000 > 1 > worst["Chebyshev nodes"][0]
assert worst["Chebyshev nodes"][-1] < 1e-3
assert classifier.converged
assert 0.6 < right < 1
assert without_doubt.separated
assert not without_doubt.converged
assert with_penalty.converged
