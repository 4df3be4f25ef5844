# %% [markdown]
# # Unit 13. Physics: what does a model gain if it knows the law?
#
# A strip of steel hangs in a clamp. We pull it aside, let it go, and record how it swings. The decay tells how much
# energy the metal takes up inside: atoms of carbon jump, dislocations move, hydrogen diffuses. Such a measurement is
# short, it is noisy, and no network with thousands of weights can learn a law from eight points. But we know the law
# already: Newton wrote it down.
# **How do we give a model what we know, how much does it gain, and what can it then tell us about the material?**

# %%
import time
from itertools import combinations_with_replacement

import jax
import jax.numpy as jnp
import numpy as np

from mfml.decomposition.norms import project_simplex
from mfml.physics import (
    adaptive,
    augmented_lagrangian,
    differences,
    dimensions,
    fourier,
    integrators,
    inverse,
    monotone,
    neural_integrator,
    penalty,
    pinn,
    problems,
    symplectic,
    transport,
    vibrations,
)
from mfml.plots import physics as plots

jax.config.update("jax_enable_x64", True)  # double precision: second derivatives of networks need it
rng = np.random.default_rng(13)
key = jax.random.key(13)


def rms(error):
    return float(np.sqrt(np.mean(np.square(error))))


# %% [markdown]
# ## Enrichment: better features instead of more data
#
# The simplest way to give a model our knowledge is to compute better features. For a record in time these are often
# derivatives: a velocity, a rate of heating, a slope of a stress-strain curve. A derivative of noisy data is delicate.
# Here the strip is shaken, and its motion repeats every 2 s. We have 200 samples of one period, with noise of 1 % of
# the amplitude. The velocity is known exactly, so we can judge four ways to find it.

# %%
PERIOD, N = 2.0, 200
clock = np.arange(N) * PERIOD / N  # s; a sample at 2 s would repeat the first
phase = 2 * np.pi * clock / PERIOD
moved = np.sin(phase) + 0.3 * np.cos(3 * phase)  # mm
velocity = 2 * np.pi / PERIOD * (np.cos(phase) - 0.9 * np.sin(3 * phase))  # mm/s
recorded = moved + 0.01 * rng.normal(size=N)

waves = np.asarray(fourier.features(recorded, n_modes=6))
orders = np.arange(1, 7)[:, None] * phase
smoothed = waves[0] + waves[1::2] @ np.cos(orders) + waves[2::2] @ np.sin(orders)
velocities = {
    "differences": differences.gradient(recorded, clock),
    "FFT, all frequencies": fourier.derivative(recorded, length=PERIOD),
    "FFT, 6 frequencies": fourier.derivative(smoothed, length=PERIOD),
    "Savitzky-Golay": differences.savitzky_golay(recorded, window=21, degree=3, order=1, spacing=PERIOD / N),
}
off = {name: rms(found - velocity) for name, found in velocities.items()}
exact_off = rms(fourier.derivative(moved, length=PERIOD) - velocity)
print("error of the velocity in mm/s:", ", ".join(f"{name} {value:.2g}" for name, value in off.items()))
print(f"FFT without noise: {exact_off:.0e} mm/s")

# %% tags=["fig-derivatives"]
plots.against_truth(clock, velocities, truth=velocity, x_label="time (s)", y_label="velocity (mm/s)")

# %% [markdown]
# *What to see.* The FFT is exact for a smooth signal, and the worst of all for a noisy one. The derivative multiplies
# the wave of frequency f by $2 \pi f$, so the noise at high frequencies grows most. Two remedies work here:
# we keep the few frequencies that hold the signal, or we fit a polynomial to the 21 samples around each point.
# The second way needs no period. For a record with different ends the FFT sees a jump, and polynomials are the way.
#
# *Exercise 13.5* ([exercises/unit13.py](../exercises/unit13.py)).
#
# Physics offers a second kind of features. A law cannot depend on our choice of units. So it is a law between numbers
# without a unit, and these are fewer. Hydrogen leaves a steel plate of thickness L with the diffusivity D, and we
# measure the concentration c in the middle at the time t, with $c_0$ at the start. These are five quantities. Their
# units are products of mol, m and s.

# %%
EXPONENTS = [[1, 0, 0, 0, 1], [-3, 2, 1, 0, -3], [0, -1, 0, 1, 0]]  # rows mol, m, s; columns c0, D, L, t, c
groups = np.asarray(dimensions.groups(EXPONENTS))
print("exponents of c0, D, L, t, c in each group:", groups.tolist())
PLATES = {"1 mm, 20 °C": (2e-10, 1e-3), "2 mm, 20 °C": (2e-10, 2e-3), "2 mm, 80 °C": (5e-10, 2e-3)}  # D in m²/s, L in m
PER_HOUR = 3600.0
hours = np.linspace(0.01, 2, 100)
raw, grouped = {}, {}
for name, (diffusivity, thickness) in PLATES.items():
    plate = transport.heat(diffusivity=diffusivity, length=thickness, duration=2 * PER_HOUR, amplitudes=[3.0])
    middle = np.stack([np.full(100, thickness / 2), hours * PER_HOUR], axis=1)
    left = np.asarray(problems.exact(plate, middle))  # mol/m³
    quantities = np.stack(
        [np.full(100, 3.0), np.full(100, diffusivity), np.full(100, thickness), middle[:, 1], left], 1
    )
    first, second = np.asarray(dimensions.dimensionless(quantities, groups)).T
    raw[name], grouped[name] = (hours, left), (first, 1 / second)

# %% tags=["fig-groups"]
plots.curves(
    {"in our units": raw, "in groups": grouped},
    labels={"in our units": ("time (h)", "concentration (mol/m³)"), "in groups": ("D t / L²", "c / c₀")},
)

# %% [markdown]
# *What to see.* Three plates give three curves in hours. In the Fourier number $D t / L^2$ they are one curve. What
# does a regression gain? We measure 40 plates with noise of 1 %, and fit a cubic polynomial in the logarithms: once of
# $c_0$, D, L and t, once of the Fourier number alone. Both then predict 500 other plates.

# %%
plates = np.random.default_rng(1)


def measured_plates(n):
    """c0, D, L and t of n plates, and what is left in the middle."""
    d, size, at_first = 10 ** plates.uniform(-10, -9, n), plates.uniform(0.5e-3, 4e-3, n), plates.uniform(1, 5, n)
    t = plates.uniform(0.02, 0.4, n) * size**2 / d
    return np.stack([at_first, d, size, t], 1), at_first * np.exp(-(np.pi**2) * d * t / size**2)


def cubic(z):
    """All products of up to three columns."""
    picks = [list(pick) for k in range(4) for pick in combinations_with_replacement(range(z.shape[1]), k)]
    return np.stack([z[:, pick].prod(axis=1) for pick in picks], 1)


(known_plates, remaining), (new_plates, expected) = measured_plates(40), measured_plates(500)
remaining = remaining * (1 + 0.01 * plates.normal(size=40))
logs, new_logs = np.log(known_plates), np.log(new_plates)
center, width = logs.mean(0), logs.std(0)
four, new_four = cubic((logs - center) / width), cubic((new_logs - center) / width)
only, new_only = cubic(logs @ groups[0][:4, None]), cubic(new_logs @ groups[0][:4, None])
by_four = new_four @ np.linalg.lstsq(four, remaining)[0]
by_one = new_plates[:, 0] * (new_only @ np.linalg.lstsq(only, remaining / known_plates[:, 0])[0])
print(f"four inputs, {four.shape[1]} terms: {rms(by_four - expected):.3f} mol/m³ off")
print(f"one group, {only.shape[1]} terms: {rms(by_one - expected):.3f} mol/m³ off")

# %% [markdown]
# From the same 40 plates the polynomial with one input has the far smaller error: it spends its data on 4 coefficients
# instead of 35.
#
# ## Integrators: from a law to a path
#
# The law of the swinging strip is a differential equation. We write it for position u and velocity v:
#
# $$m \ddot u + c\, \dot u + k u = 0 \quad\Longleftrightarrow\quad \dot y = f(t, y), \quad y = (u, v) \tag{13.1}$$
#
# An integrator goes from t to t + h. **Euler** follows the slope at the start: $y + h f(t, y)$. **Heun** takes the mean
# of the slopes at both ends. The classical method of Runge and Kutta, **RK4**, combines four slopes. Our strip has
# m = 0.1 kg, k = 40 N/m and c = 0.4 kg/s. We compare the ends of the paths after 2 s with the exact solution.

# %%
MASS, DAMPING, STIFFNESS, END = 0.1, 0.4, 40.0, 2.0  # kg, kg/s, N/m, s
strip = vibrations.oscillator(mass=MASS, damping=DAMPING, stiffness=STIFFNESS, displacement=5.0, duration=END)  # mm


def swing(t, y, args):
    return jnp.stack([y[1], -(DAMPING * y[1] + STIFFNESS * y[0]) / MASS])


start = jnp.array([5.0, 0.0])  # mm, mm/s
end = float(problems.exact(strip, [[END]])[0])
COUNTS = np.array([50, 100, 200, 400, 800, 1600, 3200])
sizes = {}
for solver, label in {"euler": "Euler", "heun": "Heun", "rk4": "RK4"}.items():
    ends = [integrators.solve(swing, start, t1=END, n_steps=int(n), solver=solver).values[-1, 0] for n in COUNTS]
    sizes[label] = np.abs(np.array(ends) - end)
falls = {label: float(np.log2(size[-2] / size[-1])) for label, size in sizes.items()}
print("half the step divides the error by 2 to the power", ", ".join(f"{p:.2f} ({name})" for name, p in falls.items()))

# %% tags=["fig-orders"]
plots.errors(COUNTS, sizes, x_label="steps", y_label="error at 2 s (mm)")

# %% [markdown]
# *What to see.* On the right the slopes of the lines are the orders 1, 2 and 4. With few steps Euler's path does not
# decay but grows: with 50 steps it ends more than 10 m away. RK4 with 200 steps is better than Heun with 3200. It
# pays to look at the slope more than once per step.
#
# *Exercise 13.6.* Write a step of RK4.
#
# How many steps does a problem need? The method of **Dormand and Prince** finds out by itself. It computes each step
# with order 5 and order 4. The difference estimates the error, and the next step is as long as the tolerance allows.
# Van der Pol's equation shows why. It swings like a strip that sticks to a rough surface, and then slips.

# %%


def stick_slip(t, y, args):
    return jnp.stack([y[1], 8 * (1 - y[0] ** 2) * y[1] - y[0]])


slipped = adaptive.solve(stick_slip, jnp.array([2.0, 0.0]), t1=30.0, rtol=1e-5, atol=1e-5)
taken = int(slipped.n_accepted)
lengths = np.diff(np.asarray(slipped.times)[: taken + 1])
fine = np.linspace(0, 30, 1500)
ratio = lengths.max() / lengths.min()
print(f"{taken} steps, {slipped.n_rejected} rejected; the longest is {ratio:.0f} times the shortest")

# %% tags=["fig-adaptive"]
plots.steps(
    slipped.times[: taken + 1],
    slipped.values[: taken + 1, 0],
    (fine, adaptive.evaluate(slipped, fine)[:, 0]),
    x_label="time (no unit)",
    y_label="position",
)

# %% [markdown]
# *What to see.* Steps are long on the slow parts and short where it slips. Equal steps would have to be short
# everywhere.
#
# Some laws keep a quantity forever. A pendulum without friction keeps its energy. RK4 does not know this, and its small
# errors add up. A **symplectic** method moves position and velocity alternately, and its energy error stays bounded.
# Leapfrog looks at the force once per step, RK4 four times. So we give leapfrog steps of 0.125 and RK4 steps of 0.5:
# both cost the same.

# %%


def pull(q, args):
    return -jnp.sin(q)


def pendulum(t, y, args):
    return jnp.stack([y[1], -jnp.sin(y[0])])


def energy(q, v):
    return np.asarray(v) ** 2 / 2 - np.cos(np.asarray(q))


SPAN = 2000.0
frog = symplectic.solve(pull, symplectic.Motion(jnp.array(2.0), jnp.array(0.0)), h=0.125, n_steps=16000)
kutta = integrators.solve(pendulum, jnp.array([2.0, 0.0]), t1=SPAN, n_steps=4000)
lost = {
    "RK4": (kutta.times, energy(kutta.values[:, 0], kutta.values[:, 1]) - energy(2.0, 0.0)),
    "leapfrog": (frog.times[::7], (energy(frog.position, frog.velocity) - energy(2.0, 0.0))[::7]),
}
print("energy error at the end:", ", ".join(f"{name} {gap[-200:].mean():.1e}" for name, (_, gap) in lost.items()))

# %% tags=["fig-energy"]
plots.curves({"": lost}, labels={"": ("time", "change of energy")})

# %% [markdown]
# *What to see.* RK4 loses energy all the time: the pendulum swings less and less, although nothing brakes it. The
# error of leapfrog does not grow, and on this scale its line lies at 0.
#
# What if we do not know f? Our strip may rub against the clamp, with a friction that grows with the amplitude. No
# handbook has a formula for it. A network can take the place of f:
#
# $$y_{n+1} = y_n + h f_w(y_n) \tag{13.2}$$
#
# This is a **neural integrator**. It learns the velocity over a step of 10 ms from pairs of points that follow each
# other. We record one second, with noise of 0.01 mm and 0.2 mm/s. Then it continues the record, and it starts where
# nobody measured: at 4 mm, and at 8 mm.

# %%


def rubbing(t, y, args):
    return jnp.stack([y[1], -(DAMPING * (1 + (y[0] / 2) ** 2) * y[1] + STIFFNESS * y[0]) / MASS])


STEP = 0.01  # s
swings = {
    begin: np.asarray(integrators.solve(rubbing, jnp.array([begin, 0.0]), t1=END, n_steps=2000).values)[::10]
    for begin in (5.0, 4.0, 8.0)
}
record = swings[5.0][:101] + np.array([0.01, 0.2]) * np.random.default_rng(0).normal(size=(101, 2))
learned = neural_integrator.fit(record[None], h=STEP, key=key, hidden=(16,), n_steps=3000)
guesses = {
    begin: np.asarray(neural_integrator.predict(learned, path[:1], n_steps=200))[0, :, 0]
    for begin, path in swings.items()
}
strays = {begin: rms(guesses[begin] - path[:, 0]) for begin, path in swings.items()}
later = rms(guesses[5.0][101:] - swings[5.0][101:, 0])
print(f"the second that was not recorded: {later:.3f} mm off")
print("start at", ", ".join(f"{begin:g} mm: {stray:.2g} mm off" for begin, stray in strays.items()))

# %% tags=["fig-neural"]
plots.curves(
    {
        f"from {begin:g} mm": {
            "network": (STEP * np.arange(201), guesses[begin]),
            "truth": (STEP * np.arange(201), swings[begin][:, 0]),
        }
        for begin in (5.0, 8.0)
    },
    labels={f"from {begin:g} mm": ("time (s)", "displacement (mm)") for begin in (5.0, 8.0)},
)

# %% [markdown]
# *What to see.* From 5 mm the network continues its record: the second that it never saw lies on the truth. From 4 mm
# it is nearly as good (printed). From 8 mm its first swings are too large. The record was never so far out, so the
# network has not seen this friction. Once the swings are small it is right again. A neural integrator is good where its
# data were.
#
# Here both points of a step are measured. Where points are rare, the loss compares whole paths, and derivatives pass
# through many steps. This is a **neural ODE**: `mfml.physics.neural_ode` does it.
#
# *Exercise 13.8.* Take the steps of a neural ODE.
#
# ## Physics-informed networks: eight points and a law
#
# Now the record of the strip: eight points with noise of 0.15 mm, all from the first 0.55 s. A network u(t) shall
# continue it to 2 s. It has to fit the points. A **physics-informed neural network** (PINN) also has to obey (13.1) at
# **collocation points**, where nothing was measured. We need no labels there: automatic differentiation gives
# $\dot u$ and $\ddot u$, and the equation says what their sum should be.
#
# $$\text{loss} = \frac 1n \sum_i \big(u(t_i) - u_i\big)^2
# + \frac 1m \sum_j \big(m \ddot u + c\, \dot u + k u\big)^2_{t_j} \tag{13.3}$$
#
# The library computes in units in which all numbers are near 1, so both terms have similar sizes.

# %%
when = np.sort(rng.uniform(0, 0.8, 8))[:, None]
seen = np.asarray(problems.exact(strip, when)) + 0.15 * rng.normal(size=8)
free = strip._replace(initial=())  # nobody tells how the strip started
options = {"key": key, "x": when, "y": seen, "hidden": (16, 16), "max_iter": 80}
taught = {
    "without physics": pinn.fit(free, physics=False, **options),
    "with physics": pinn.fit(free, n_points=64, **options),
}
line = np.linspace(0, END, 401)[:, None]
truth = np.asarray(problems.exact(strip, line))
paths = {name: np.asarray(pinn.predict(model, line)) for name, model in taught.items()}
at_data = {name: rms(np.asarray(pinn.predict(model, when)) - seen) for name, model in taught.items()}
among = (line[:, 0] >= when.min()) & (line[:, 0] <= when.max())
after = line[:, 0] > when.max()
between = {name: rms((path - truth)[among]) for name, path in paths.items()}
beyond = {name: rms((path - truth)[after]) for name, path in paths.items()}
for name in taught:
    print(
        f"{name}: {at_data[name]:.2g} mm from the eight points; from the truth {between[name]:.2g} mm between them,"
        f" {beyond[name]:.2g} mm after them"
    )

# %% tags=["fig-pinn"]
plots.against_truth(
    line[:, 0],
    paths,
    truth=truth,
    data=(when[:, 0], seen),
    x_label="time (s)",
    y_label="displacement (mm)",
    y_limits=(-7, 7),
)

# %% [markdown]
# *What to see.* Both networks have seen the same points. Without physics the network goes exactly through them, noise
# included. Between two of them it dips too low, and after the last it wanders off: nothing tells it that a strip
# swings. With physics it does not hit the points exactly, it averages their noise. It continues the decay to 2 s. Near
# the start both are close to the truth, although nobody measured there.
#
# *Exercises 13.1 to 13.3.* Differentiate a network twice, compute a residual, and put the loss together.
#
# ## Hard and soft constraints
#
# Zinc leaves a foil of brass, 40 µm thick, at 800 °C in vacuum. At first it is distributed like a half wave of 3 at.%.
# At the surfaces it evaporates, so they stay at 0. Fick's law holds inside. This problem has a solution without any
# data, and a PINN finds it from the law, the start and the surfaces:
#
# $$\frac{\partial c}{\partial t} = D \frac{\partial^2 c}{\partial x^2}, \qquad
# c(0, t) = c(L, t) = 0, \qquad c(x, 0) = c_0 \sin(\pi x / L) \tag{13.4}$$
#
# Start and surfaces can be further terms of the loss: **soft** constraints, that the network keeps approximately. Or
# the form of the output keeps them exactly, whatever the network z says: **hard** constraints. Here with $\tau = t/T$,
# the share of the whole time that has passed:
#
# $$c = c_0 \sin(\pi x / L) + c_0\, \tau\, \frac xL \Big(1 - \frac xL\Big) z(x, t) \tag{13.5}$$

# %%
DIFFUSIVITY, THICK, HOURS, AT_FIRST = 2e-14, 40e-6, 4 * PER_HOUR, 3.0  # m²/s, m, s, at.%


def foil_of(diffusivity):
    return transport.heat(diffusivity=diffusivity, length=THICK, duration=HOURS, amplitudes=[AT_FIRST])


foil = foil_of(DIFFUSIVITY)
everywhere = np.asarray(problems.grid(foil, 41))
surface = (everywhere[:, 0] == 0) | (everywhere[:, 0] == everywhere[:, 0].max())
kept = {}
for name, hard in {"soft": False, "hard": True}.items():
    model = pinn.fit(foil, key=key, hidden=(20,), n_points=64, n_conditions=16, hard=hard, max_iter=40)
    there = np.asarray(pinn.predict(model, everywhere))
    kept[name] = float(pinn.error(model, everywhere)), np.abs(there[surface]).max()
    print(f"{name}: relative error {kept[name][0]:.1e}, at the surfaces up to {kept[name][1]:.1e} at.%")

# %% [markdown]
# With the same points and steps, the hard constraint gives the smaller error. Its surfaces are at 0 up to rounding. The
# soft one has to divide its effort between three terms, and their weights are one more thing to choose. But soft
# constraints work for every condition. Hard ones need a formula such as (13.5), and we must find it.
#
# *Exercise 13.4.* Build a hard constraint.
#
# ## A shock: where a PINN has to work
#
# Burgers' equation is the usual test. A wave carries itself, so it steepens until a little viscosity stops it:
#
# $$\frac{\partial u}{\partial t} + u \frac{\partial u}{\partial x} = \nu \frac{\partial^2 u}{\partial x^2}, \qquad
# u(x, 0) = -\sin \pi x, \qquad \nu = 0.01 / \pi \tag{13.6}$$
#
# It has an exact solution to compare with. Start and ends are hard constraints. Equal points everywhere would miss the
# shock. So the 800 collocation points are **adaptive**: every 16 steps they are drawn again, and more of them where
# the equation is broken most. Training uses the method of Levenberg and Marquardt. It knows that the loss is a sum of
# squares, and takes 160 steps where Adam would need tens of thousands.

# %%
shock = transport.burgers()
began = time.perf_counter()
wave = pinn.fit(
    shock,
    key=jax.random.key(0),
    hidden=(12, 12, 12),
    n_points=800,
    hard=True,
    max_iter=160,
    adaptive=True,
    refresh=16,
)
mesh = problems.grid(shock, 101)
burgers_error = float(pinn.error(wave, mesh))
found, known = (np.asarray(u).reshape(101, 101) for u in (pinn.predict(wave, mesh), problems.exact(shock, mesh)))
axis, moments = np.linspace(-1, 1, 101), np.linspace(0, 1, 101)
near_shock = np.abs(np.asarray(wave.points)[:, 0]) < 0.1
print(
    f"Burgers: relative L2 error {burgers_error:.1e} after {wave.n_iter} steps in {time.perf_counter() - began:.0f} s"
)
print(f"{near_shock.mean():.0%} of the last points lie within 0.1 of the shock, which is a tenth of the box")

# %% tags=["fig-burgers"]
plots.field(
    axis,
    moments,
    found,
    {moments[i]: (found[:, i], known[:, i]) for i in (0, 25, 50, 100)},
    x_label="x",
    t_label="time",
    value_label="u",
)

# %% [markdown]
# *What to see.* The wave steepens to a shock at x = 0. At all four times the network lies on the exact solution. The
# error that is left is printed above, and it is about 1 %: this lesson has to be short. With 1000 points, 16 neurons
# per layer and 150 steps we have reached 0.4 %, in about three times the time. For less than 0.1 % it takes 2048
# points, 20 neurons per layer, 1000 steps of Adam and 200 of these: `python -m benchmarks.unit13_pinn burgers`. The
# usual numerical methods for this equation are far cheaper. A PINN pays where data and a law must be combined, as we do
# next.
#
# ## The inverse problem: what is the diffusivity?
#
# So far we knew the numbers in the equation. In the laboratory they are what we look for. We take foils out after 1, 2
# and 4 h, cut them, and measure the zinc at 20 depths with a microprobe. The noise is 1 % of $c_0$. Least squares find
# D. With the slopes J of the predictions with respect to D and the noise $\sigma$, its standard deviation is about
# $\sigma / \sqrt{J^\top J}$.

# %%
depths, stops = np.linspace(1e-6, 39e-6, 20), (1, 2, 4)
cuts = np.stack([np.tile(depths, 3), np.repeat(stops, 20) * PER_HOUR], axis=1)  # m, s
clean = np.asarray(problems.exact(foil, cuts))
measured = clean + 0.01 * AT_FIRST * rng.normal(size=60)


def profile(diffusivity, x):
    return problems.exact(foil_of(diffusivity), x)


solved = inverse.fit(profile, cuts, measured, init=jnp.array(1e-13), positive=True)
joint = inverse.fit_pinn(
    foil_of, cuts, measured, key=key, init=jnp.array(1e-13), hard=True, hidden=(20,), n_points=64, max_iter=40
)
estimates = {"by the solution": solved, "by a PINN": joint}
for name, one in estimates.items():
    wrong = float(one.params) / DIFFUSIVITY - 1
    print(
        f"{name}: D = ({1e14 * float(one.params):.3f} ± {1e14 * float(one.scale):.3f}) 1e-14 m²/s, {wrong:+.2%} off;"
        f" noise {float(one.noise):.3f} at.%"
    )


@jax.jit
@jax.vmap
def again(noise):
    """Estimate and standard deviation from other noise."""
    one = inverse.fit(profile, cuts, clean + 0.01 * AT_FIRST * noise, init=jnp.array(1e-13), positive=True)
    return one.params, one.scale


repeated, told = again(rng.normal(size=(300, 60)))
covered = float(np.mean(np.abs(repeated - DIFFUSIVITY) < 1.96 * told))
print(f"300 other measurements: the estimates scatter by {np.std(repeated):.2e} m²/s; told {np.mean(told):.2e} m²/s")
print(f"{covered:.1%} of the intervals of 95 % hold the true D")

# %% tags=["fig-inverse"]
plots.profiles(
    {f"{stop} h": (1e6 * depths, measured[cuts[:, 1] == stop * PER_HOUR]) for stop in stops},
    {f"{stop} h": (1e6 * depths, profile(solved.params, cuts)[cuts[:, 1] == stop * PER_HOUR]) for stop in stops},
    x_label="depth (µm)",
    y_label="zinc (at.%)",
)

# %% [markdown]
# *What to see.* One number makes all three profiles. D comes out within 1 % of the truth, and the standard deviation
# tells honestly how far off it may be: we repeated the measurement 300 times, and about 95 % of the intervals held the
# true value. The PINN arrives at the same D, with nearly the same uncertainty. It needs no
# solution of the equation, so it also works where nobody knows one.
#
# ## Constraints: a penalty, or a price
#
# Not every law is a differential equation. Often it is a limit. A steel shall gain 100 MPa by silicon and manganese in
# solution, as cheaply as possible. One percent of Si gives 83 MPa, one percent of Mn 32 MPa. The cost has linear terms,
# and squares for what becomes harder to roll and weld.
#
# A **penalty** adds $\frac w2 g^2$ to the cost, where g is the missing strength. Then something is always missing:
# where g = 0 the penalty does not push. The **augmented Lagrangian** also adds $\mu g$, and it raises the multiplier
# $\mu$ by $w g$ after each minimization, until nothing is missing.

# %%


def cost(x, target):
    """Euros per ton for Si and Mn in percent; made up."""
    return 15 * x[0] + 10 * x[1] + 20 * x[0] ** 2 + 4 * x[1] ** 2


def missing(x, target):
    return target - 83 * x[0] - 32 * x[1]


problem = {"init": jnp.array([0.5, 0.5]), "inequality": missing, "data": jnp.array(100.0)}
ROUNDS = np.arange(1, 5)
lacking = {"penalty, 10 times the weight in each round": [], "augmented Lagrangian, one weight": []}
for n in ROUNDS:
    pushed = penalty.minimize(cost, penalty=10.0**n, max_iter=1, **problem)
    priced = augmented_lagrangian.minimize(cost, penalty=10.0, growth=1.0, max_iter=int(n), tol=1e-12, **problem)
    for kind, one in zip(lacking.values(), (pushed, priced), strict=True):
        kind.append(abs(float(missing(one.params, 100.0))))
price = float(priced.inequality_multipliers[0])
more = {**problem, "data": jnp.array(101.0)}
stronger = augmented_lagrangian.minimize(cost, penalty=10.0, growth=1.0, max_iter=int(n), tol=1e-12, **more)
rise = float(stronger.objective - priced.objective)
si, mn = np.asarray(priced.params)
print(f"{si:.2f} % Si and {mn:.2f} % Mn cost {float(priced.objective):.2f} euros per ton")
print(f"multiplier {price:.3f} euros per MPa; 1 MPa more costs {rise:.3f} euros")

# %% tags=["fig-penalty"]
plots.errors(ROUNDS, lacking, x_label="rounds", y_label="missing or surplus strength (MPa)", log_x=False)

# %% [markdown]
# *What to see.* Ten times the weight of the penalty leaves a tenth of the missing strength. High weights make the
# problem stiff, and gradient descent slow. The augmented Lagrangian keeps its weight and still gets closer in each
# round. Its multiplier is a price: what one more MPa costs.
#
# Soft constraints of PINNs are penalties, too. This is why their surfaces were not quite at 0.
#
# Some constraints are so simple that we know the nearest point that keeps them. A composition sums to 1, and no share
# is negative. A microprobe does not know this: its readings of six elements have noise of 0.01 each, and one element
# is not there at all. We look for the nearest composition by all three ways. The third is a **projection**, and it
# needs no iterations: it shifts all readings by the same amount, and cuts at 0.

# %%
SHARES = np.array([0.25, 0.25, 0.25, 0.24, 0.01, 0.0])  # Co, Cr, Fe, Ni, Mn, Mo
readings = SHARES + 0.01 * np.random.default_rng(3).normal(size=(1000, 6))
reading = readings[np.argmin(readings[:, 5])]  # the one that is most negative


def apart(x, y):
    return jnp.sum((x - y) ** 2)


def excess(x, y):
    return jnp.sum(x) - 1


def negative(x, y):
    return -x


nearest = {"init": jnp.asarray(reading), "equality": excess, "inequality": negative, "data": jnp.asarray(reading)}
compositions = {
    "reading": reading,
    "penalty": np.asarray(penalty.minimize(apart, penalty=10.0, max_iter=1, **nearest).params),
    "augmented Lagrangian": np.asarray(augmented_lagrangian.minimize(apart, tol=1e-10, **nearest).params),
    "projection": np.asarray(project_simplex(reading)),
}
for name, shares in compositions.items():
    print(f"{name}: sum 1 {shares.sum() - 1:+.0e}, smallest share {shares.min():+.0e}")
projected = np.asarray(jax.vmap(project_simplex)(readings))
nearer = np.linalg.norm(projected - SHARES, axis=1) < np.linalg.norm(readings - SHARES, axis=1)
gain = 1 - rms(projected - SHARES) / rms(readings - SHARES)
print(f"{nearer.mean():.0%} of 1000 readings come nearer to the truth; the error falls by {gain:.0%}")

# %% [markdown]
# The penalty leaves a sum that is not quite 1 and a share below 0. The augmented Lagrangian and the projection find the
# same composition. The projection can only help: the truth is a composition, and all readings came nearer to it.
#
# *Exercise 13.7.* Write a loss with penalties.
#
# ## A law that is only a direction
#
# Often we know even less: fine grains make a metal stronger. Hall and Petch found
# $\sigma = \sigma_0 + k / \sqrt d$ for grains of size d. Suppose we know only that strength falls with d. A **monotone
# network** has weights that cannot be negative, so it falls everywhere, whatever the data say.

# %%


def hall_petch(size):
    """Yield strength in MPa of a steel with grains of this size in µm."""
    return 70 + 0.6 / np.sqrt(1e-6 * size)


rough = np.random.default_rng(5)
grains = np.geomspace(4, 80, 12)  # µm
yields = hall_petch(grains) + 30 * rough.normal(size=12)
wide = np.geomspace(3, 120, 200)
fitted = {}
for name, direction in {"free network": 0, "monotone network": -1}.items():
    model = monotone.fit(
        np.log10(grains)[:, None], yields, key=key, directions=(direction,), hidden=(32,), n_steps=2000
    )
    fitted[name] = np.asarray(monotone.predict(model, np.log10(wide)[:, None]))
fitted["line in 1/√d"] = np.polyval(np.polyfit(1 / np.sqrt(grains), yields, 1), 1 / np.sqrt(wide))
rising = {name: float(np.mean(np.diff(curve) > 0)) for name, curve in fitted.items()}
misses = {name: rms(curve - hall_petch(wide)) for name, curve in fitted.items()}
for name in fitted:
    print(f"{name}: {misses[name]:.0f} MPa from the truth, rises on {rising[name]:.0%} of the way")

# %% tags=["fig-hall-petch"]
plots.profiles(
    {"measured": (grains, yields)},
    {name: (wide, curve) for name, curve in fitted.items()},
    truth=(wide, hall_petch(wide)),
    x_label="grain size (µm)",
    y_label="yield strength (MPa)",
    log_x=True,
)

# %% [markdown]
# *What to see.* The free network follows the noise. It even claims that coarser grains may be stronger. The monotone
# network cannot follow noise that goes up, and its error is half as large. With eight draws of the noise it was nearer
# in seven. Once it was farther, since beyond the data it may fall too steeply. Nearest is always the line in
# $1/\sqrt d$. It has two numbers only, since the right feature holds the law. This is where the unit began.
#
# ## What to take along
#
# - The cheapest knowledge is a better feature: a derivative with its noise under control, or a number without units.
# - Methods of high order need fewer steps, adaptive ones choose them, and symplectic ones keep the energy.
# - A network can learn an integrator's step from a record. It is good where its data were.
# - A PINN asks a network to obey an equation where nothing was measured. Hard constraints are better than soft ones
#   where a formula for them exists.
# - The parameters of a law can be found from data, with their uncertainty.
# - A penalty breaks a constraint a little. Multipliers keep it, and are prices. A projection keeps it at once.
#
# The exercises are in [exercises/unit13.py](../exercises/unit13.py).

# %%
assert exact_off < 1e-10
assert off["FFT, all frequencies"] > off["differences"] > 5 * off["Savitzky-Golay"] > 5 * off["FFT, 6 frequencies"]
assert groups.tolist() == [[0, 1, -2, 1, 0], [1, 0, 0, 0, -1]]
for fourier_number, share in grouped.values():
    assert np.allclose(share, np.exp(-(np.pi**2) * fourier_number))
assert four.shape[1] == 35
assert only.shape[1] == 4
assert rms(by_four - expected) > 3 * rms(by_one - expected)
assert np.allclose(list(falls.values()), [1, 2, 4], atol=0.25)
assert sizes["RK4"][2] < sizes["Heun"][-1]
assert sizes["Euler"][0] > 1e4
assert bool(slipped.converged)
assert lengths.max() > 10 * lengths.min()
assert abs(lost["RK4"][1][-200:].mean()) > 100 * np.abs(lost["leapfrog"][1]).max()
assert later < 0.05
assert max(strays[5.0], strays[4.0]) < 0.05
assert strays[8.0] > 3 * strays[4.0]
assert np.all(guesses[8.0][[20, 38]] / swings[8.0][[20, 38], 0] > 1.1)
assert np.abs(guesses[8.0][150:] - swings[8.0][150:, 0]).max() < 0.2
assert np.abs(record[:, 0]).max() < 5.1
assert when.max() < 0.55
assert at_data["without physics"] < 0.01 < at_data["with physics"]
assert between["without physics"] > 2 * between["with physics"]
assert beyond["without physics"] > 5 * beyond["with physics"]
assert all(abs(path[0] - 5.0) < 0.5 for path in paths.values())
assert kept["hard"][0] < kept["soft"][0] < 0.01
assert kept["hard"][1] < 1e-12 < kept["soft"][1]
assert burgers_error < 0.02
assert near_shock.mean() > 0.15
for one in estimates.values():
    assert abs(float(one.params) / DIFFUSIVITY - 1) < 0.01
    assert abs(float(one.params) - DIFFUSIVITY) < 2 * float(one.scale)
assert abs(float(joint.scale / solved.scale) - 1) < 0.1
assert 0.92 < covered < 0.98
assert abs(np.std(repeated) / np.mean(told) - 1) < 0.1
pushes, prices = lacking.values()
assert np.allclose(np.divide(pushes[:-1], pushes[1:]), 10, rtol=0.1)
assert prices[-1] < pushes[-1] / 10
assert abs(price / rise - 1) < 0.01
assert abs(compositions["penalty"].sum() - 1) > 1e-6
assert compositions["penalty"].min() < -1e-6
assert abs(compositions["projection"].sum() - 1) < 1e-12
assert compositions["projection"].min() == 0
assert np.allclose(compositions["projection"], compositions["augmented Lagrangian"], atol=1e-8)
assert nearer.all()
assert rising["free network"] > 0.05
assert rising["monotone network"] == 0
assert misses["free network"] > 1.5 * misses["monotone network"]
assert misses["monotone network"] > misses["line in 1/√d"]
