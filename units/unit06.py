# %% [markdown]
# # Unit 6. Loss landscapes and optimization
#
# A small network looks at a diffraction pattern and says which phase dominates the powder. With one learning rate it
# learns in seconds, with a tenth of it in minutes, with ten times as much perhaps never. **What does its loss landscape
# look like, and what decides how fast it gets down?**
#
# We begin with a bowl in two dimensions, where everything can be computed by hand. We end with a landscape of several
# hundred dimensions, and still see its curvature in every direction.

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

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

rng = np.random.default_rng(6)
powder = jax.device_get(spectra.simulate(key=jax.random.key(6), n_samples=60, n_channels=128, counts=100.0))
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
# eigenvector of $A$ with eigenvalue $\lambda$ by $1 - \eta\lambda$. All errors shrink if and only if
#
# $$|1 - \eta \lambda_i| < 1 \text{ for all } i \quad\Longleftrightarrow\quad 0 < \eta < \frac{2}{L}, \qquad
# L = \lambda_{\max} \tag{6.2}$$
#
# The largest eigenvalue sets the limit, and the direction of the smallest one is then slow. The **condition number**
# says how slow,
#
# $$\kappa = \frac{\lambda_{\max}}{\lambda_{\min}}, \qquad \text{steps to gain a digit} \sim \kappa \tag{6.3}$$

# %% tags=["fig-bowl"]
KAPPA = 20.0


def bowl(point, kappa=KAPPA):
    return 0.5 * (point[0] ** 2 + kappa * point[1] ** 2)


def descend(rate, kappa=KAPPA, n_steps=40):
    start = jnp.array([-9.0, 1.2])
    return trajectories.run(
        lambda p: bowl(p, kappa), start, optimizer=optimizers.gradient_descent(rate), n_steps=n_steps
    )


def heights(surface, x, y):
    return jax.vmap(lambda a: jax.vmap(lambda b: surface(jnp.stack([a, b])))(y))(x)


@jax.jit
def three_ways(shares, x, y):
    return jax.vmap(lambda share: descend(share * 2 / KAPPA))(shares), heights(bowl, x, y)


shares = np.array([0.1, 0.95, 1.01])
x, y = np.linspace(-10, 3, 60), np.linspace(-2.2, 2.2, 60)
ways, height = jax.device_get(three_ways(shares, x, y))
names = [f"{share:.2f} · 2/L" for share in shares.tolist()]
plots.paths(x, y, height, dict(zip(names, ways.params, strict=True)), goals=[[0.0, 0.0]])
# %% [markdown]
# *What to see.* A small rate creeps along the valley. A rate near the limit jumps from wall to wall and arrives. One
# percent above the limit, the jumps grow. Now all rates, for three bowls, in one vmapped call:

# %% tags=["fig-cliff"]
N_STEPS = 200
share = np.linspace(0.02, 1.1, 109)


def remaining(kappa):
    way = jax.vmap(lambda s: descend(s * 2 / kappa, kappa, N_STEPS).history)(share)
    return way[:, -1] / way[:, 0]


left_over = np.asarray(jax.jit(jax.vmap(remaining))(np.array([2.0, 20.0, 200.0])))
plots.cliff(
    share,
    dict(zip(["κ = 2", "κ = 20", "κ = 200"], left_over, strict=True)),
    n_steps=N_STEPS,
    limits=(1e-16, 1e4),
)
# %% [markdown]
# *What to see.* The cliff is at $2/L$ for every bowl. Left of it, a condition number of 2 gains all digits, and one of
# 200 hardly three. The best rate is close to the cliff. This is why people raise the learning rate until training
# breaks, and then take a little less.
#
# > **Materials view.** Strain as a fraction and stress in pascal make $\kappa \sim 10^{20}$. Standardize your columns:
# > no optimizer is cheaper.
#
# *Exercises 6.1, 6.2 and 6.4* (`exercises/unit06.py`): gradient and Hessian of a quadratic, condition number.

# %% [markdown]
# ## Memory
#
# In a valley, the gradient across it changes sign in every step, and the gradient along it does not. An average over
# steps cancels the first and keeps the second. The heavy ball takes such an average,
#
# $$v \leftarrow \mu v + \nabla f, \qquad x \leftarrow x - \eta v, \qquad \text{steps} \sim \sqrt\kappa \tag{6.4}$$
#
# and Adam, which divides an average of $g$ by the root of an average of $g^2$, gives every parameter its own rate. Here
# they race through Rosenbrock's curved valley ($\kappa = 2508$ at the star).

# %% tags=["fig-race"]
racers = {
    "Newton": optimizers.newton(surfaces.rosenbrock),
    "momentum": optimizers.momentum(1e-3, 0.9),
    "Adam": optimizers.adam(0.1),
    "gradient descent": optimizers.gradient_descent(1e-3),
}


@jax.jit
def raced(start, x, y):
    ways = [trajectories.run(surfaces.rosenbrock, start, optimizer=one, n_steps=300) for one in racers.values()]
    return ways, heights(surfaces.rosenbrock, x, y)


x, y = np.linspace(-1.8, 1.6, 60), np.linspace(-0.6, 2.0, 60)
ways_down, height = jax.device_get(raced(np.array([-1.2, 1.0]), x, y))
race = dict(zip(racers, ways_down, strict=True))
shown = {name: way.params for name, way in race.items()}
plots.paths(x, y, height, shown, goals=surfaces.MINIMA["rosenbrock"])
# %% tags=["fig-race-loss"]
plots.histories({name: np.maximum(way.history, 1e-8) for name, way in race.items()}, quantity="objective")
# %% [markdown]
# *What to see.* Gradient descent falls into the valley at once and then creeps. Momentum swings from wall to wall and
# gets nearly through. Newton's method divides by the curvature and needs six steps, each with a Hessian. The next
# section shows where else it goes. (Try `optimizers.nesterov`, `adagrad` and `rmsprop` as well.)
#
# *Exercises 6.5, 6.6 and 6.8*: a step of momentum, a step of Adam, a trajectory.

# %% [markdown]
# ## Saddles
#
# Where the gradient vanishes, the signs of the Hessian's eigenvalues decide. If each sign were a coin toss, $n$
# positive ones, a minimum, would have probability $2^{-n}$: in high dimension nearly every stationary point is a
# **saddle**.

# %% tags=["fig-saddle"]


def pass_between_hills(point):
    return point[0] ** 2 - point[1] ** 2 + 0.25 * point[1] ** 4


escapes = {
    "gradient descent": optimizers.gradient_descent(0.1),
    "momentum": optimizers.momentum(0.1, 0.7),
    "Newton": optimizers.newton(pass_between_hills),
    "Newton with |H|": optimizers.newton(pass_between_hills, saddle_free=True),
}


@jax.jit
def fled(start, x, y):
    """The ways, the kinds of points where they end, the kind of the monkey saddle, and the landscape."""
    ways = [trajectories.run(pass_between_hills, start, optimizer=one, n_steps=40) for one in escapes.values()]
    ends = jnp.stack([way.params[-1] for way in ways])
    kinds = jax.vmap(lambda end: curvature.classify(curvature.hessian(pass_between_hills, end)).kind)(ends)
    monkey = curvature.classify(curvature.hessian(surfaces.monkey_saddle, jnp.zeros(2))).kind
    return ways, kinds, monkey, heights(pass_between_hills, x, y)


x, y = np.linspace(-1.5, 1.5, 60), np.linspace(-0.6, 2.2, 60)
ways_out, numbers, monkey, height = jax.device_get(fled(np.array([1.2, 0.02]), x, y))
kinds = {name: curvature.KINDS[number] for name, number in zip(escapes, numbers, strict=True)}
print(kinds)
shown = {name: way.params for name, way in zip(escapes, ways_out, strict=True)}
plots.paths(x, y, height, shown, goals=[[0.0, 2**0.5]])
# %% [markdown]
# *What to see.* Newton's method goes to the saddle: it looks for a vanishing gradient and finds one. Gradient descent
# is slow there but leaves, since its distance along the descent direction *grows* in every step. With $|H|$ instead of
# $H$, Newton's method leaves at once. On the monkey saddle $x^3 - 3xy^2$ the Hessian vanishes and says nothing:

# %%
print("the monkey saddle is", curvature.KINDS[monkey])

# %% [markdown]
# *Exercise 6.7*: classify a stationary point.
#
# ## The landscape of a network
#
# Now the patterns. A convolution with six filters of nine channels looks for peaks, and a dense layer reads the phase
# from their positions. The loss is the cross-entropy over all patterns, so the landscape does not change.

# %% tags=["fig-training"]
STRIDE, WIDTH, FILTERS = 5, 9, 6
windows = powder.intensity[:, np.arange(0, 128 - WIDTH + 1, STRIDE)[:, None] + np.arange(WIDTH)]


def network(params, windows):
    """Logits of three phases: convolution, tanh, dense layer."""
    seen = jnp.tanh(windows @ params["filters"] + params["bias"])
    return seen.reshape(len(windows), -1) @ params["dense"]


def cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))


def risk(params, windows, labels):
    return cross_entropy(network(params, windows), labels)


n_seen = windows.shape[1] * FILTERS
newborn = {
    "filters": rng.normal(size=(WIDTH, FILTERS)) / WIDTH**0.5,
    "bias": np.zeros(FILTERS),
    "dense": rng.normal(size=(n_seen, 3)) / n_seen**0.5,
}
newborn = jax.tree.map(np.float32, newborn)
data = (windows, labels)


@jax.jit
@jax.vmap
def trained(rate):
    return trajectories.run(risk, newborn, optimizer=optimizers.momentum(rate, 0.9), n_steps=150, data=data)


rates = np.array([0.01, 0.1, 1.0])
runs = jax.device_get(trained(rates))
histories = {f"η = {rate:g}": history for rate, history in zip(rates, runs.history, strict=True)}
plots.histories(histories, quantity="cross-entropy (nats)")
# %%
path = jax.tree.map(lambda leaf: leaf[1], runs.params)  # that with the rate 0.1
grown = jax.tree.map(lambda leaf: leaf[-1], path)
n_parameters = sum(leaf.size for leaf in jax.tree.leaves(grown))
right = float((np.argmax(jax.jit(network)(grown, windows), axis=1) == labels).mean())
print(f"{n_parameters} parameters; {100 * right:.0f} % of the patterns named right")

# %% [markdown]
# *What to see.* A tenth of the rate learns ten times more slowly. Ten times the rate learns even faster, but at step 40
# it jumps up a wall: it is at the limit (6.2), and the limit moves during training. Which curvature sets the limit? We
# look at the calm run in the middle.
#
# ## Curvature without the Hessian
#
# A Hessian of $p$ parameters has $p^2$ entries. Its product with a vector costs two gradients:
#
# $$H v = \frac{d}{d\epsilon}\, \nabla f(\theta + \epsilon v)\Big|_{\epsilon = 0} \tag{6.5}$$
#
# From such products alone **Lanczos' method** finds the extreme eigenvalues, and from a few random starts the
# distribution of all of them. Sagun and others looked at networks this way in 2016.

# %% tags=["fig-spectrum"]


@jax.jit
def curvatures(params):
    """The ten largest eigenvalues from products, all from the whole matrix, and their density from products."""
    keys = jax.random.split(jax.random.key(8))
    top = lanczos.top_eigenvalues(risk, params, key=keys[0], n_eigenvalues=10, data=data)
    whole = jnp.linalg.eigvalsh(curvature.hessian(risk, params, data=data))
    masses = lanczos.spectral_density(risk, params, key=keys[1], n_steps=40, n_probes=3, data=data)
    spread = jnp.linspace(-0.15 * whole[-1], 1.15 * whole[-1], 300)
    return top, whole, spread, lanczos.density(masses, spread, width=0.012 * whole[-1])


top, whole, spread, density = jax.device_get(curvatures(grown))
plots.spectrum(spread, {"after training": density}, top.values, whole[::-1])
# %% [markdown]
# *What to see.* Most directions are near zero, where nothing happens, and a handful are steep and well separated. These
# few set the limit $2/L$ for all. The crosses (from 120 products) lie in the circles (from the whole matrix).

# %%
limit = 2 / float(top.values[0])
print(f"largest eigenvalue {float(top.values[0]):.3f}: at this minimum gradient descent is stable below {limit:.2f}")

# %% [markdown]
# ## Pictures of five hundred dimensions
#
# Choose two random directions and draw the loss over the plane that they span. But how long should a direction be? A
# change that hardly matters to a weight of 10 destroys a weight of 0.1. **Filter normalization** (Li and others, 2018)
# gives each filter of the direction the norm of the same filter of the network. The second picture is the plane of the
# training path.

# %% tags=["fig-slices"]
N_POINTS = 25


@jax.jit
def pictures(path):
    """Three planes through the end of a path: two of random directions, that of the path; values and coordinates."""
    end = jax.tree.map(lambda leaf: leaf[-1], path)
    raw = [slices.random_direction(end, key=key) for key in jax.random.split(jax.random.key(6))]
    walked = slices.path_plane(path)
    pairs = [raw, [slices.filter_normalized(one, end) for one in raw], [walked.first, walked.second]]
    first, second = (jax.tree.map(lambda *leaves: jnp.stack(leaves), *some) for some in zip(*pairs, strict=True))
    low, high = walked.coordinates.min(axis=0), walked.coordinates.max(axis=0)
    around = jnp.linspace(low - 0.2 * (high - low), high + 0.2 * (high - low), N_POINTS)
    along = jnp.linspace(-jnp.ones(2), jnp.ones(2), N_POINTS)
    along = jnp.stack([along, along, around])
    drawn = partial(slices.plane, risk, end, data=data, batch_size=N_POINTS**2)
    return walked, along, jax.vmap(drawn)(first, second, along[..., 0], along[..., 1])


walked, along, planes = jax.device_get(pictures(path))
random_planes = dict(zip(("raw directions", "filter-normalized"), planes, strict=False))
plots.slices(along[0, :, 0], random_planes, quantity="cross-entropy (nats)")
# %% tags=["fig-path"]
share_seen = walked.share.tolist()
plots.traveled(*along[2].T, planes[2], walked.coordinates, share_seen, quantity="cross-entropy (nats)")
# %% [markdown]
# *What to see.* The same minimum, drawn with two rulers. With raw directions the loss rises to 11 within the frame,
# with normalized ones not even to 2: without its ruler, a picture says nothing about width. Two of several hundred
# directions contain nearly the whole training path. *Where it fails:* a plane shows two directions, and the walls may
# be in the others. The spectrum above has seen them all.

# %% [markdown]
# ## Flat and sharp
#
# Two minima of equal depth: which one generalizes? In the flat one, a small shift of the landscape (new data) costs
# little. **Sharpness-aware minimization** takes the gradient at a distance $\rho$ uphill: $\theta
# \leftarrow \theta - \eta\, \nabla f(\theta + \rho\, g / \|g\|)$ with $g = \nabla f(\theta)$. The smallest example is
# a network of two linear layers, $f(x, y) = \frac12 (x y - 1)^2$: a whole curve of minima with the sharpness $x^2 +
# y^2$.

# %% tags=["fig-sharp"]
plain = optimizers.gradient_descent(0.05)
walkers = {
    "gradient descent": plain,
    "sharpness-aware": sharpness.sam(sharpness.two_factors, plain, rho=0.3),
}


@jax.jit
def in_the_valley(start, x, y):
    ways = [trajectories.run(sharpness.two_factors, start, optimizer=one, n_steps=600) for one in walkers.values()]
    return ways, heights(sharpness.two_factors, x, y)


x, y = np.linspace(0.2, 3.4, 60), np.linspace(0.0, 2.0, 60)
walks, height = jax.device_get(in_the_valley(np.array([3.0, 0.8]), x, y))
valley = dict(zip(walkers, walks, strict=True))
shown = {name: way.params[::5] for name, way in reversed(valley.items())}
plots.paths(x, y, height, shown, goals=[[1.0, 1.0]])
# %%
for name, way in valley.items():
    print(f"{name}: sharpness {np.sum(way.params[-1] ** 2):.2f}, objective {way.history[-1]:.1e}")

# %% [markdown]
# *What to see.* Gradient descent stops where it first meets the valley. The sharpness-aware run bounces between the
# walls, and each bounce moves it to where they are less steep, to the flattest minimum (the star). *Where it fails:*
# rescaling the layers of a network of rectifiers makes the same function as sharp as you like (Dinh and others, 2017).
# Compare only within one parametrization.

# %% [markdown]
# ## Lazy or rich
#
# The **neural tangent kernel** says how a step on sample $x'$ moves the prediction at $x$,
#
# $$\Theta(x, x') = \nabla_\theta f(x) \cdot \nabla_\theta f(x') \tag{6.6}$$
#
# If it stays constant, the network is a kernel machine: lazy. If it changes, the network learns features: rich. A
# factor $\alpha$ on the output (and $1/\alpha^2$ on the loss) chooses between the two.

# %% tags=["fig-ntk"]
strain = np.linspace(0.0, 0.01, 20)
stress = np.asarray(jax.jit(tensile.stress)(strain, 20.0))  # MPa, at 20 °C
strain, curve = (2 * a / a.max() - 1 for a in (strain, stress))
strain = strain[:, None]
wide = {"in": 3 * rng.normal(size=(1, 60)), "shift": 3 * rng.normal(size=60), "out": rng.normal(size=60)}
wide = jax.tree.map(np.float32, wide)


def two_layers(params, x):
    return jnp.tanh(x @ params["in"] + params["shift"]) @ params["out"] / 60**0.5


def kernel_story(alpha):
    done = ntk.fit(strain, curve, predict=two_layers, init=wide, alpha=alpha, learning_rate=0.5, n_steps=800)
    moments = jax.tree.map(lambda leaf: leaf[::80], done.path)
    return ntk.evolution(two_layers, moments, strain).from_start, done.history[::80]


alphas = np.array([0.1, 1.0, 30.0])
stories = jax.device_get(jax.jit(jax.vmap(kernel_story))(alphas))
names = [f"α = {alpha:g}" for alpha in alphas]
plots.lazy_and_rich(
    np.arange(0, 801, 80), *(dict(zip(names, values, strict=True)) for values in stories), unit="half ranges squared"
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
# not depend on their number, and find the directions of the truth (Chizat and Bach, 2018). With $1/\sqrt m$ they move
# much less.

# %% tags=["fig-particles"]
turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
circle = np.column_stack([np.cos(turn), np.sin(turn)])
teacher = np.array([[1.0, 0.0], [-0.6, 0.8], [-0.3, -1.0]])
truth = np.maximum(circle @ teacher.T, 0.0) @ np.array([1.0, 1.0, -1.5])


@jax.jit
def flown(circle, truth):
    cloud = jax.tree.map(
        lambda leaf: 0.3 * leaf, mean_field.init(key=jax.random.key(10), n_particles=200, n_features=2)
    )
    both = [
        mean_field.fit(circle, truth, init=cloud, learning_rate=0.3, n_steps=1000, scaling=scaling)
        for scaling in mean_field.SCALINGS
    ]
    return [(flow, mean_field.displacement(flow.path)) for flow in both]


found = dict(zip(mean_field.SCALINGS, jax.device_get(flown(circle, truth)), strict=True))
titles = {"mean": "1/m: rich", "sqrt": "1/√m: lazy"}
plots.particles(
    {titles[scaling]: (flow.path.output[::5], flow.path.hidden[::5]) for scaling, (flow, _) in found.items()},
    teacher,
    limit=9.0,
)
# %% [markdown]
# *What to see.* Left, the cloud turns to the three rays of the teacher and spreads along them. Right, it has
# moved much less, by about the radius of the starting cloud, and yet the risk has fallen to below a thousandth.

# %%
for scaling, (flow, moved) in found.items():
    print(f"{scaling}: risk {flow.history[-1]:.5f}, moved by {moved:.2f} of the start")

# %% [markdown]
# ## The edge of trainability
#
# At the beginning, a cliff at $2/L$ separated good rates from bad ones: a point. With two rates, one for each layer of
# a tiny network, the boundary is a curve. We train 65536 networks, one for each pair of rates, in one call
# (Sohl-Dickstein, 2024).

# %% tags=["fig-fractal"]
tiny = trainability.init(key=jax.random.key(11), n_features=4, n_hidden=4)
task = (np.float32(rng.normal(size=(6, 4))), np.float32(rng.normal(size=6)))
hidden_rates, output_rates = (np.float32(np.logspace(*ends, 256)) for ends in ((0.5, 3.0), (-0.5, 1.0)))
outcome = trainability.convergence_map(trainability.loss, tiny, hidden_rates, output_rates, n_steps=80, data=task)
plots.trainability(hidden_rates, output_rates, *outcome)
# %%
dimension = float(jax.jit(lambda inside: trainability.box_dimension(trainability.boundary(inside)))(outcome.converged))
print(f"box dimension of the edge: {dimension:.2f}")

# %% [markdown]
# *What to see.* The edge is not a smooth curve. Enlarge any piece of it (change the ranges above) to find new islands.
# Its dimension is between that of a line, 1, and that of a square, 2. *Where it fails:* one picture has few scales, so
# the number is an estimate.
#
# ## What to take home
#
# 1. The largest curvature limits the learning rate, the smallest sets the pace: $2/L$ and $\kappa$.
# 2. Memory (momentum) and one rate per parameter (Adam) help against ill conditioning. Newton's method helps most and
#    costs most.
# 3. In high dimension, stationary points are saddles; gradient descent leaves them.
# 4. Hessian-vector products show the curvature of networks of any size.
# 5. Pictures of landscapes depend on scales: normalize, and do not trust two dimensions.
#
# **Now you**: [the exercises](../exercises/unit06.py), then `nox -s grade -- 6`. To read on: Murphy (2012), section
# 8.3; Bishop (2006), sections 5.2 and 5.4; the papers named above.

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert ways.history[1, -1] < ways.history[1, 0] < ways.history[2, -1]
assert np.all(left_over[:, share < 0.999] < 1)
assert np.all(left_over[:, share > 1.02] > 1)
assert left_over[0].min() < 1e-12 < 1e-4 < left_over[2].min()
assert race["Newton"].history[6] < 1e-8
assert race["momentum"].history[-1] < 0.1 * race["gradient descent"].history[-1]
assert kinds == {name: "saddle" if name == "Newton" else "minimum" for name in escapes}
assert curvature.KINDS[monkey] == "degenerate"
assert right > 0.9
assert top.converged
assert np.allclose(top.values, whole[:-11:-1], atol=1e-3 * whole[-1])
assert np.sum(np.abs(whole) < 0.05 * whole[-1]) > 0.8 * n_parameters
assert planes[0].max() > 10 and planes[1].max() < 2
assert walked.share.sum() > 0.8
assert np.linalg.norm(valley["sharpness-aware"].params[-1] - 1) < 0.2
assert valley["gradient descent"].params[-1, 0] > 2.8
assert stories[0][0, -1] > 10 * stories[0][2, -1]
assert np.all(stories[1][:, -1] < 0.5 * stories[1][:, 0])
assert found["mean"][1] > 3 * found["sqrt"][1]
assert 0.8 < found["sqrt"][1] < 1.3
assert found["sqrt"][0].history[-1] < 1e-3
assert found["mean"][0].history[-1] < 1e-2 * found["mean"][0].history[0]
assert outcome.converged.shape == (256, 256)
assert 1.05 < dimension < 2
