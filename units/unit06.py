# %% [markdown]
# # Unit 6. Loss landscapes and optimization
#
# A small network looks at a diffraction pattern and says which phase dominates the powder. With one learning rate it
# learns in seconds, with half of it in minutes, with twice of it never. **What does the landscape look like in which
# it walks, and what decides about the way?**
#
# We begin where everything can be computed by hand, a bowl in two dimensions, and end in a landscape of several
# hundred dimensions, of which we shall still see the curvature in every direction.

# %%
import jax
import jax.numpy as jnp

from mfml.data import spectra, tensile
from mfml.landscapes import (
    curvature,
    lanczos,
    mean_field,
    ntk,
    optimizers,
    sharpness,
    slices,
    surfaces,
    trainability,
    trajectories,
)
from mfml.plots import landscapes as plots

key = jax.random.key(6)
powder = spectra.simulate(key, n_samples=60, n_channels=128, counts=100.0, concentration=0.5)
labels = powder.abundances.argmax(axis=1)
print(f"{powder.intensity.shape[0]} patterns of {powder.intensity.shape[1]} channels, three phases")

# %% [markdown]
# ## The bowl
#
# Near a minimum every smooth loss is a quadratic function,
#
# $$f(x) = \tfrac12\, x^\top A\, x - b^\top x, \qquad \nabla f = A x - b, \qquad \nabla^2 f = A \tag{6.1}$$
#
# for a symmetric $A$. One step of gradient descent, $x \leftarrow x - \eta \nabla f$, multiplies the error along an
# eigenvector of $A$ with eigenvalue $\lambda$ by $1 - \eta\lambda$. All of them shrink if and only if
#
# $$|1 - \eta \lambda_i| < 1 \text{ for all } i \quad\Longleftrightarrow\quad 0 < \eta < \frac{2}{L}, \qquad
# L = \lambda_{\max} \tag{6.2}$$
#
# The largest eigenvalue sets the limit; the smallest then has to wait. How long, the **condition number** tells,
#
# $$\kappa = \frac{\lambda_{\max}}{\lambda_{\min}}, \qquad \text{steps to gain a digit} \sim \kappa \tag{6.3}$$

# %% tags=["fig-bowl"]
KAPPA = 20.0


def bowl(point, kappa=KAPPA):
    return 0.5 * (point[0] ** 2 + kappa * point[1] ** 2)


def descend(rate, kappa=KAPPA, n_steps=40):
    start = jnp.array([-9.0, 1.2])
    return trajectories.run(lambda p: bowl(p, kappa), start, optimizers.gradient_descent(rate), n_steps=n_steps)


def heights(surface, x, y):
    return jax.jit(jax.vmap(lambda a: jax.vmap(lambda b: surface(jnp.stack([a, b])))(y)))(x)


shares = jnp.array([0.1, 0.95, 1.01])
ways = jax.jit(jax.vmap(lambda share: descend(share * 2 / KAPPA)))(shares)
x, y = jnp.linspace(-10, 3, 60), jnp.linspace(-2.2, 2.2, 60)
names = [f"{share:.2f} · 2/L" for share in shares.tolist()]
plots.paths(x, y, heights(bowl, x, y), dict(zip(names, ways.parameters, strict=True)), goals=[[0.0, 0.0]])
# %% [markdown]
# *What to see.* A small rate creeps along the valley. One near the limit jumps from wall to wall, and arrives. One per
# cent above the limit the jumps grow. Now all rates, for three bowls, in one vmapped call:

# %% tags=["fig-cliff"]
N_STEPS = 200
share = jnp.linspace(0.02, 1.1, 109)


def remaining(kappa):
    way = jax.vmap(lambda s: descend(s * 2 / kappa, kappa, N_STEPS).objective)(share)
    return way[:, -1] / way[:, 0]


left_over = jax.jit(jax.vmap(remaining))(jnp.array([2.0, 20.0, 200.0]))
plots.cliff(
    share,
    dict(zip(["κ = 2", "κ = 20", "κ = 200"], left_over, strict=True)),
    n_steps=N_STEPS,
    limits=(1e-16, 1e4),
)
# %% [markdown]
# *What to see.* The cliff stands at $2/L$ for every bowl. Left of it, a condition number of 2 gains all digits, and
# one of 200 hardly three. The best rate lies close to the cliff: this is why one tries learning rates until training
# breaks, and then takes a little less.
#
# > **Materials view.** Strain in parts and stress in pascal make $\kappa \sim 10^{20}$. Standardize your columns: it
# > is the cheapest optimizer there is.
#
# *Exercises 6.1, 6.2 and 6.4* (`exercises/unit06.py`): gradient and Hessian of a quadratic, condition number.

# %% [markdown]
# ## Memory
#
# In a valley, gradients across it change their sign in every step, gradients along it do not. An average over steps
# keeps the one and cancels the other. The heavy ball does that,
#
# $$v \leftarrow \mu v + \nabla f, \qquad x \leftarrow x - \eta v, \qquad \text{steps} \sim \sqrt\kappa \tag{6.4}$$
#
# and Adam, which averages $g$ and $g^2$ and divides, gives every parameter a rate of its own. Here they race through
# Rosenbrock's curved valley ($\kappa = 2508$ at the star).

# %% tags=["fig-race"]
start = jnp.array([-1.2, 1.0])
racers = {
    "gradient descent": optimizers.gradient_descent(1e-3),
    "momentum": optimizers.momentum(1e-3, 0.9),
    "Nesterov": optimizers.nesterov(1e-3, 0.9),
    "AdaGrad": optimizers.adagrad(0.5),
    "RMSProp": optimizers.rmsprop(0.01),
    "Adam": optimizers.adam(0.1),
    "Newton": optimizers.newton(surfaces.rosenbrock),
}
race = {name: trajectories.run(surfaces.rosenbrock, start, one, n_steps=300) for name, one in racers.items()}
x, y = jnp.linspace(-1.8, 1.6, 80), jnp.linspace(-0.6, 2.0, 80)
shown = {name: race[name].parameters for name in ("Newton", "momentum", "Adam", "gradient descent")}
plots.paths(x, y, heights(surfaces.rosenbrock, x, y), shown, goals=surfaces.MINIMA["rosenbrock"])
# %% tags=["fig-race-loss"]
plots.histories({name: jnp.maximum(way.objective, 1e-8) for name, way in race.items()}, quantity="objective")
# %% [markdown]
# *What to see.* Gradient descent falls into the valley at once and then creeps. Momentum swings from wall to wall and
# gets nearly through. Newton's method, which divides by the curvature, needs six steps: each costs a Hessian, and in
# a moment we see where else it goes.
#
# *Exercises 6.5, 6.6 and 6.8*: a step of momentum, a step of Adam, a trajectory.

# %% [markdown]
# ## Saddles
#
# Where the gradient vanishes, the signs of the Hessian's eigenvalues decide. If each were a coin, $n$ heads in a row,
# a minimum, would have the probability $2^{-n}$: in high dimension nearly every stationary point is a **saddle**.

# %% tags=["fig-saddle"]


def pass_between_hills(point):
    return point[0] ** 2 - point[1] ** 2 + 0.25 * point[1] ** 4


near = jnp.array([1.2, 0.02])
escapes = {
    "gradient descent": optimizers.gradient_descent(0.1),
    "momentum": optimizers.momentum(0.1, 0.7),
    "Newton": optimizers.newton(pass_between_hills),
    "Newton with |H|": optimizers.newton(pass_between_hills, saddle_free=True),
}
escaped = {name: trajectories.run(pass_between_hills, near, one, n_steps=40) for name, one in escapes.items()}


@jax.jit
def kind_of(point):
    return curvature.classify(curvature.hessian(pass_between_hills, point)).kind


kinds = {name: curvature.KINDS[kind_of(way.parameters[-1])] for name, way in escaped.items()}
print(kinds)
x, y = jnp.linspace(-1.5, 1.5, 60), jnp.linspace(-0.6, 2.2, 60)
shown = {name: way.parameters for name, way in escaped.items()}
plots.paths(x, y, heights(pass_between_hills, x, y), shown, goals=[[0.0, 2**0.5]])
# %% [markdown]
# *What to see.* Newton's method is drawn to the saddle: it seeks a vanishing gradient and finds one. Gradient descent
# lingers and leaves, since its error along the way down *grows* in every step. With $|H|$ instead of $H$ Newton
# leaves at once. Where the Hessian vanishes, as on the monkey saddle $x^3 - 3xy^2$, it says nothing at all:

# %%
monkey = curvature.classify(jax.jit(lambda at: curvature.hessian(surfaces.monkey_saddle, at))(jnp.zeros(2)))
print("the monkey saddle is", curvature.KINDS[monkey.kind])

# %% [markdown]
# *Exercise 6.7*: classify a stationary point.
#
# ## The landscape of a network
#
# Now the patterns. A convolution with six filters of nine channels looks for peaks, a dense layer reads the phase
# from where they are. Loss: cross-entropy over all patterns, so that the landscape holds still.

# %% tags=["fig-training"]
STRIDE, WIDTH, FILTERS = 5, 9, 6
windows = powder.intensity[:, jnp.arange(0, 128 - WIDTH + 1, STRIDE)[:, None] + jnp.arange(WIDTH)]


def network(parameters, windows):
    """Logits of three phases: convolution, tanh, dense layer."""
    seen = jnp.tanh(windows @ parameters["filters"] + parameters["bias"])
    return seen.reshape(len(windows), -1) @ parameters["dense"]


def cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))


def risk(parameters, windows, labels):
    return cross_entropy(network(parameters, windows), labels)


for_filters, for_dense = jax.random.split(jax.random.key(7))
n_seen = windows.shape[1] * FILTERS
newborn = {
    "filters": jax.random.normal(for_filters, (WIDTH, FILTERS)) / WIDTH**0.5,
    "bias": jnp.zeros(FILTERS),
    "dense": jax.random.normal(for_dense, (n_seen, 3)) / n_seen**0.5,
}
data = (windows, labels)
runs = {
    "gradient descent": optimizers.gradient_descent(0.3),
    "momentum": optimizers.momentum(0.1, 0.9),
    "Adam": optimizers.adam(0.01),
}
trained = {name: trajectories.run(risk, newborn, one, n_steps=150, data=data) for name, one in runs.items()}
plots.histories({name: way.objective for name, way in trained.items()}, quantity="cross-entropy (nats)")
# %%
grown = jax.tree.map(lambda leaf: leaf[-1], trained["momentum"].parameters)
n_parameters = sum(leaf.size for leaf in jax.tree.leaves(grown))
right = float((network(grown, windows).argmax(axis=1) == labels).mean())
print(f"{n_parameters} parameters; {100 * right:.0f} % of the patterns named right")

# %% [markdown]
# ## Curvature without the Hessian
#
# A Hessian of $p$ parameters has $p^2$ entries. Its product with a vector costs two gradients:
#
# $$H v = \frac{d}{d\epsilon}\, \nabla f(\theta + \epsilon v)\Big|_{\epsilon = 0} \tag{6.5}$$
#
# From such products alone **Lanczos' method** finds the extreme eigenvalues, and from a few random starts the
# distribution of all of them. Sagun and others looked at networks this way in 2016.

# %% tags=["fig-spectrum"]
for_top, for_density = jax.random.split(jax.random.key(8))
top = lanczos.top_eigenvalues(for_top, risk, grown, n_eigenvalues=10, data=data)
whole = jax.jit(lambda at: jnp.linalg.eigvalsh(curvature.hessian(risk, at, data=data)))(grown)
spread = jnp.linspace(-0.15 * whole[-1], 1.15 * whole[-1], 300)
density = {
    name: lanczos.density(
        lanczos.spectral_density(for_density, risk, at, n_steps=40, n_probes=3, data=data),
        spread,
        width=0.012 * whole[-1],
    )
    for name, at in (("before training", newborn), ("after training", grown))
}
plots.spectrum(spread, density, top.values, whole[::-1])
# %% [markdown]
# *What to see.* A crowd of directions at zero in which nothing happens, and a handful of steep ones that stand apart:
# these few set the limit $2/L$ for all. The crosses, from 120 products, sit in the circles, from the whole matrix.

# %%
limit = 2 / float(top.values[0])
print(f"largest eigenvalue {float(top.values[0]):.3f}: at this minimum gradient descent is stable below {limit:.2f}")

# %% [markdown]
# ## Pictures of five hundred dimensions
#
# Choose two random directions and draw the loss over the plane that they span. But how long should a direction be? A
# weight of 10 does not notice a change that destroys a weight of 0.1. **Filter normalization** (Li and others, 2018)
# gives each filter of the direction the norm that the same filter of the network has. The second picture is the plane
# in which the training went.

# %% tags=["fig-slices"]
along = jnp.linspace(-1.0, 1.0, 25)
raw = [slices.random_direction(k, grown) for k in jax.random.split(key)]
directions = {"raw directions": raw, "filter-normalized": [slices.filter_normalized(d, grown) for d in raw]}
planes = {name: slices.plane(risk, grown, *pair, along, along, data=data) for name, pair in directions.items()}
plots.slices(along, planes, quantity="cross-entropy (nats)")
# %% tags=["fig-path"]
walked = slices.path_plane(trained["momentum"].parameters)
low, high = walked.coordinates.min(axis=0), walked.coordinates.max(axis=0)
first, second = (jnp.linspace(low[i] - 0.2 * (high - low)[i], high[i] + 0.2 * (high - low)[i], 25) for i in (0, 1))
ground = slices.plane(risk, walked.center, walked.first, walked.second, first, second, data=data)
plots.travelled(first, second, ground, walked.coordinates, walked.share.tolist(), quantity="cross-entropy (nats)")
# %% [markdown]
# *What to see.* The same minimum, drawn with two rulers: with raw directions the loss rises to 13 within the frame,
# with normalized ones to 3. A picture whose ruler is not told says nothing of width. Two directions of several
# hundred hold nearly the whole way of the training. *Where it fails:* a plane shows two directions; the walls may
# stand in the others. The spectrum above has seen them all.

# %% [markdown]
# ## Flat and sharp
#
# Two minima of equal depth: which one generalizes? In the flat one, a small shift of the landscape (new data) costs
# little. **Sharpness-aware minimization** takes the gradient not here but a distance $\rho$ uphill: $\theta
# \leftarrow \theta - \eta\, \nabla f(\theta + \rho\, g / \|g\|)$ with $g = \nabla f(\theta)$. The smallest example is
# a network of two linear layers, $f(x, y) = \frac12 (x y - 1)^2$: a whole curve of minima with the sharpness $x^2 +
# y^2$.

# %% tags=["fig-sharp"]
plain = optimizers.gradient_descent(0.05)
walkers = {
    "gradient descent": plain,
    "sharpness-aware": sharpness.sam(sharpness.two_factors, plain, rho=0.3),
}
valley = {
    name: trajectories.run(sharpness.two_factors, jnp.array([3.0, 0.8]), one, n_steps=600)
    for name, one in walkers.items()
}
x, y = jnp.linspace(0.2, 3.4, 60), jnp.linspace(0.0, 2.0, 60)
shown = {name: way.parameters[::5] for name, way in reversed(valley.items())}
plots.paths(x, y, heights(sharpness.two_factors, x, y), shown, goals=[[1.0, 1.0]])
# %%
for name, way in valley.items():
    print(f"{name}: sharpness {float(jnp.sum(way.parameters[-1] ** 2)):.2f}, objective {float(way.objective[-1]):.1e}")

# %% [markdown]
# *What to see.* Gradient descent stops where it first meets the valley. The wary walker bounces between its walls,
# and each bounce drives it to where they are less steep, to the flattest minimum (the star). *Where it fails:*
# rescale the layers of a network of rectifiers, and the same function becomes as sharp as you like (Dinh and others,
# 2017). Compare within one parametrization only.

# %% [markdown]
# ## Lazy or rich
#
# How a step on sample $x'$ moves the prediction at $x$ is told by the **neural tangent kernel**,
#
# $$\Theta(x, x') = \nabla_\theta f(x) \cdot \nabla_\theta f(x') \tag{6.6}$$
#
# If it stays what it was, the network is a kernel machine: lazy. If it changes, the network learns features: rich.
# Multiply the output by $\alpha$ (and divide the loss by $\alpha^2$), and you can choose.

# %% tags=["fig-ntk"]
strain = jnp.linspace(0.0, 0.01, 20)
stress = jax.jit(tensile.stress)(strain, 20.0)  # MPa, at 20 °C
strain, curve = (2 * a / a.max() - 1 for a in (strain, stress))
strain = strain[:, None]
a, b, c = jax.random.split(jax.random.key(9), 3)
wide = {
    "in": 3 * jax.random.normal(a, (1, 60)),
    "shift": 3 * jax.random.normal(b, (60,)),
    "out": jax.random.normal(c, (60,)),
}


def two_layers(parameters, x):
    return jnp.tanh(x @ parameters["in"] + parameters["shift"]) @ parameters["out"] / 60**0.5


def kernel_story(alpha):
    done = ntk.train(two_layers, wide, strain, curve, alpha=alpha, learning_rate=0.5, n_steps=800)
    moments = jax.tree.map(lambda leaf: leaf[::80], done.parameters)
    return ntk.evolution(two_layers, moments, strain).from_start, done.risk[::80]


alphas = jnp.array([0.1, 1.0, 30.0])
stories = jax.jit(jax.vmap(kernel_story))(alphas)
names = [f"α = {alpha:g}" for alpha in alphas.tolist()]
plots.lazy_and_rich(
    jnp.arange(0, 801, 80), *(dict(zip(names, values, strict=True)) for values in stories), unit="half ranges squared"
)
# %% [markdown]
# *What to see.* The tensile curve of a steel, learned three times. Only the small $\alpha$ changes its kernel, and it
# learns the knee at the yield point best. In real networks the kernel changes fastest in the first epochs (Fort and
# others, 2020).
#
# ## A cloud of particles
#
# The same question from another side. A hidden unit is a particle with position $(a_j, w_j)$, the network the mean
# over the cloud, $f(x) = \frac1m \sum_j a_j \max(w_j \cdot x, 0)$. With $1/m$, particles move at a speed that does
# not depend on their number, and find the directions of the truth (Chizat and Bach, 2018). With $1/\sqrt m$ nobody
# has to move far.

# %% tags=["fig-particles"]
turn = jnp.arange(40) / 40 * 2 * jnp.pi
circle = jnp.stack([jnp.cos(turn), jnp.sin(turn)], axis=1)
teacher = jnp.array([[1.0, 0.0], [-0.6, 0.8], [-0.3, -1.0]])
truth = jnp.maximum(circle @ teacher.T, 0.0) @ jnp.array([1.0, 1.0, -1.5])
cloud = jax.tree.map(lambda leaf: 0.3 * leaf, mean_field.init(jax.random.key(10), n_particles=200, n_features=2))
flows = {
    scaling: mean_field.fit(cloud, circle, truth, learning_rate=0.3, n_steps=1000, scaling=scaling)
    for scaling in mean_field.SCALINGS
}
titles = {"mean": "1/m: rich", "sqrt": "1/√m: lazy"}
plots.particles(
    {titles[scaling]: (flow.particles.output[::5], flow.particles.hidden[::5]) for scaling, flow in flows.items()},
    teacher,
    limit=9.0,
)
# %% [markdown]
# *What to see.* Left, the cloud turns to the three rays of the teacher and spreads along them. Right, it has hardly
# moved, and yet the risk has fallen nearly as far.

# %%
for scaling, flow in flows.items():
    print(
        f"{scaling}: risk {float(flow.risk[-1]):.5f}, moved by {float(mean_field.displacement(flow)):.2f} of the start"
    )

# %% [markdown]
# ## The edge of trainability
#
# At the beginning a cliff at $2/L$ parted good rates from bad ones: a point. With two rates, one for each layer of a
# tiny network, it is a curve. We train 65536 networks, one for each pair of rates, in one call (Sohl-Dickstein,
# 2024).

# %% tags=["fig-fractal"]
for_network, for_x, for_y = jax.random.split(jax.random.key(11), 3)
tiny = trainability.init(for_network, n_features=4, n_hidden=4)
task = (jax.random.normal(for_x, (6, 4)), jax.random.normal(for_y, (6,)))
hidden_rates, output_rates = jnp.logspace(0.5, 3.0, 256), jnp.logspace(-0.5, 1.0, 256)
outcome = trainability.convergence_map(trainability.loss, tiny, hidden_rates, output_rates, n_steps=80, data=task)
plots.trainability(hidden_rates, output_rates, *outcome)
# %%
edge = trainability.boundary(outcome.converged)
dimension = float(trainability.box_dimension(edge))
print(f"box dimension of the edge: {dimension:.2f}")

# %% [markdown]
# *What to see.* The edge is no smooth curve. Enlarge any piece of it (change the ranges above), and there are new
# islands. Its dimension lies between that of a line, 1, and that of a square, 2. *Where it fails:* one picture holds
# few scales; the number is an estimate.
#
# ## What to take home
#
# 1. The largest curvature limits the learning rate, the smallest sets the pace: $2/L$ and $\kappa$.
# 2. Memory (momentum) and rates of their own (Adam) cure ill conditioning. Newton's cure is the best, and dear.
# 3. In high dimension, stationary points are saddles; gradient descent leaves them.
# 4. Hessian-vector products show the curvature of networks of any size.
# 5. Pictures of landscapes depend on scales: normalize, and do not trust two dimensions.
#
# **Now you**: [the exercises](../exercises/unit06.py), then `nox -s grade -- 6`. To read on: Murphy (2012), section
# 8.3; Bishop (2006), sections 5.2 and 5.4; the papers named above.

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert ways.objective[1, -1] < ways.objective[1, 0] < ways.objective[2, -1]
assert jnp.all(left_over[:, share < 0.999] < 1)
assert jnp.all(left_over[:, share > 1.02] > 1)
assert left_over[0].min() < 1e-12 < 1e-4 < left_over[2].min()
assert race["Newton"].objective[6] < 1e-8
assert race["momentum"].objective[-1] < 0.1 * race["gradient descent"].objective[-1]
assert kinds == {name: "saddle" if name == "Newton" else "minimum" for name in escapes}
assert curvature.KINDS[monkey.kind] == "degenerate"
assert right > 0.9
assert top.converged
assert jnp.allclose(top.values, whole[:-11:-1], atol=1e-3 * whole[-1])
assert jnp.sum(jnp.abs(whole) < 0.05 * whole[-1]) > 0.8 * n_parameters
assert walked.share.sum() > 0.8
assert jnp.linalg.norm(valley["sharpness-aware"].parameters[-1] - 1) < 0.2
assert valley["gradient descent"].parameters[-1, 0] > 2.8
assert stories[0][0, -1] > 10 * stories[0][2, -1]
assert jnp.all(stories[1][:, -1] < 0.5 * stories[1][:, 0])
assert mean_field.displacement(flows["mean"]) > 3 * mean_field.displacement(flows["sqrt"])
assert flows["mean"].risk[-1] < 1e-2 * flows["mean"].risk[0]
assert outcome.converged.shape == (256, 256)
assert 1.05 < dimension < 2
