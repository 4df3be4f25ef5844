"""Unit 13, physics-informed and constrained learning: the reference answers and their specification.

The first check of each exercise is visible and counts one point of twenty, as does the one under `jax.jit`: who knows
its answer by heart has a tenth. Inputs of all others are hidden, and depend on the seed.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from exercises.given import (
    Array,
    Float,
    cooling,
    driven_pendulum,
    fading_wave,
    plate_network,
    reaction,
    ringing,
    tanh_network,
    velocity_network,
)
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 13.1


@exercise(
    points=20,
    hints=(
        "`jax.grad` turns a function into its derivative, which is a function again. What is the derivative of that?",
        'The lesson\'s section "Physics-informed networks: eight points and a law". '
        "Time is argument 1 of u, so take `jax.grad(u, argnums=1)`, "
        "and the same of the result; then let `jax.vmap` call it once for each time.",
        "second = jax.grad(jax.grad(u, argnums=1), argnums=1); return jax.vmap(second, in_axes=(None, 0))(params, t).",
    ),
    why="A differential equation can be asked of a network anywhere: no grid, and no error of differences.",
)
def second_derivative(
    u: Callable[[Array, Array], Array], params: Float[Array, "..."], t: Float[Array, " n"]
) -> Float[Array, " n"]:
    """Second derivative of a network."""
    second = jax.grad(jax.grad(u, argnums=1), argnums=1)
    return jax.vmap(lambda time: second(params, time))(t)


@second_derivative.inputs("a network with two hidden units, four times", points=1)
def _(key):
    params = jnp.array([[1.2, -0.7], [0.3, 0.5], [1.5, 2.0]])
    return dict(u=tanh_network, params=params, t=jnp.array([-0.5, 0.4, 1.7, 2.3]))


@second_derivative.inputs("another network, four times", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    t = 0.8 * (jnp.arange(4) + jax.random.uniform(b, (4,), maxval=0.5))
    return dict(u=tanh_network, params=jax.random.normal(a, (3, 2)), t=t)


@second_derivative.inputs("a beam that rings 4000 times a second", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params = jnp.array([3e-3, 2e3, 2.5e4, 0.4]) * jax.random.uniform(a, (4,), minval=0.7, maxval=1.3)
    return dict(u=ringing, params=params, t=5e-5 * (jnp.arange(4) + jax.random.uniform(b, (4,), maxval=0.5)))


@second_derivative.inputs("one time", points=6, hidden=True)
def _(key):
    params = jnp.array([[1.4, 0.8], [0.2, 0.3], [-2.5, -1.0]]) * jax.random.uniform(key, (3, 2), minval=0.7)
    return dict(u=tanh_network, params=params, t=jnp.array([0.6]))


def _slopes(u, params, t, order):
    for _ in range(order):
        u = jax.grad(u, argnums=1)
    return jax.vmap(u, in_axes=(None, 0))(params, t)


@second_derivative.mistake("You returned the first derivative: take `jax.grad` of it again.")
def _(u, params, t):
    return _slopes(u, params, t, 1)


@second_derivative.mistake("You squared the first derivative: the second derivative is the derivative of the first.")
def _(u, params, t):
    return _slopes(u, params, t, 1) ** 2


@second_derivative.mistake("You took three derivatives: two are needed.")
def _(u, params, t):
    return _slopes(u, params, t, 3)


@second_derivative.mistake("You returned the predictions themselves: differentiate them twice.")
def _(u, params, t):
    return _slopes(u, params, t, 0)


@second_derivative.mistake("You added the derivatives at all times: return one for each time.")
def _(u, params, t):
    return jnp.sum(_slopes(u, params, t, 2))


@second_derivative.mistake("You halved the second derivative, as in a Taylor series: return it as it is.")
def _(u, params, t):
    return _slopes(u, params, t, 2) / 2


@second_derivative.mistake("Your result is a matrix, of derivatives of all by all times: keep its diagonal, by vmap.")
def _(u, params, t):
    return jnp.diag(_slopes(u, params, t, 2))


@second_derivative.mistake("You took differences of neighbors in t, which are far apart: use `jax.grad` twice.")
def _(u, params, t):
    return jnp.gradient(jnp.gradient(_slopes(u, params, t, 0), t), t)


@second_derivative.mistake("You took the derivative at the first time alone: `jax.vmap` calls a function at each time.")
def _(u, params, t):
    return jax.grad(jax.grad(u, argnums=1), argnums=1)(params, t[0])


@second_derivative.mistake("Your second `jax.grad` lacks `argnums=1`: without it, it differentiates by the parameters.")
def _(u, params, t):
    return jax.vmap(jax.grad(jax.grad(u, argnums=1)), in_axes=(None, 0))(params, t)


@second_derivative.mistake("You took the derivative with respect to the parameters: the time is argument 1 of u.")
def _(u, params, t):
    return jax.vmap(jax.grad(u), in_axes=(None, 0))(params, t)


# ---------------------------------------------------------------- 13.2


@exercise(
    points=20,
    hints=(
        "Which of the arguments of u is x, and which is t? You need one derivative with respect to t, two to x.",
        'The lesson\'s section "Physics-informed networks: eight points and a law". '
        "Write the residual at one point with `jax.grad(u, "
        "argnums=2)` for du/dt, and `jax.grad` twice with `argnums=1` for the curvature; then `jax.vmap` it over x "
        "and t.",
        "At one point: jax.grad(u, 2)(params, x, t) - diffusivity * jax.grad(jax.grad(u, 1), 1)(params, x, t). "
        "Then return jax.vmap(at_one_point)(x, t).",
    ),
    why="The residual says how wrong a prediction is where nobody has measured.",
)
def diffusion_residual(
    u: Callable[[Array, Array, Array], Array],
    params: Float[Array, "..."],
    x: Float[Array, " n"],
    t: Float[Array, " n"],
    diffusivity: float,
) -> Float[Array, " n"]:
    """Residual of diffusion."""
    rate = jax.grad(u, argnums=2)
    curvature = jax.grad(jax.grad(u, argnums=1), argnums=1)
    return jax.vmap(lambda x, t: rate(params, x, t) - diffusivity * curvature(params, x, t))(x, t)


@diffusion_residual.inputs("a network with two hidden units, three points", points=1)
def _(key):
    return dict(
        u=plate_network,
        params=jnp.array([[1.2, -0.7], [0.6, 0.9], [0.3, -0.4], [1.5, 2.0]]),
        x=jnp.array([0.3, 1.1, 0.7]),
        t=jnp.array([0.5, 0.2, 1.4]),
        diffusivity=0.6,
    )


def _points(key, n, x, t):
    a, b = jax.random.split(key)
    return dict(x=x * jax.random.uniform(a, (n,), minval=0.1), t=t * jax.random.uniform(b, (n,), minval=0.1))


@diffusion_residual.inputs("another network, three points", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(_points(b, 3, 1.5, 2.0), u=plate_network, params=jax.random.normal(a, (4, 2)), diffusivity=0.7)


@diffusion_residual.inputs("a plate of 3 mm, over hours", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params = jnp.array([5.0, 2.5e-4, 1.8e3, 0.3]) * jax.random.uniform(a, (4,), minval=0.85, maxval=1.15)
    made = _points(b, 3, 3e-4, 7e3)
    made["x"] = made["x"] + 1e-3 * jnp.array([0.4, 1.4, 2.4])  # where the wave has both signs, so has the residual
    return dict(made, u=fading_wave, params=params, diffusivity=3e-10)


@diffusion_residual.inputs("one point", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    made = jnp.array([[1.4], [-0.8], [-0.9], [2.5]]) * jnp.array([1.0, 1.1])
    params = made * jax.random.uniform(a, (4, 2), minval=0.7, maxval=1.3)
    return dict(_points(b, 1, 0.3, 0.7), u=plate_network, params=params, diffusivity=1.8)


def _partial(u, params, x, t, over):
    """Differentiate with respect to x (1) and t (2), in this order, at each point."""
    for place in over:
        u = jax.grad(u, argnums=place)
    return jax.vmap(u, in_axes=(None, 0, 0))(params, x, t)


@diffusion_residual.mistake("You added D d^2 u / dx^2: it stands on the other side of Fick's law, so subtract it.")
def _(u, params, x, t, diffusivity):
    return _partial(u, params, x, t, (2,)) + diffusivity * _partial(u, params, x, t, (1, 1))


@diffusion_residual.mistake("Your sign is reversed: subtract D d^2 u / dx^2 from du/dt.")
def _(u, params, x, t, diffusivity):
    return -diffusion_residual(u, params, x, t, diffusivity)


@diffusion_residual.mistake("You exchanged x and t: x is argument 1 of u, and t is argument 2.")
def _(u, params, x, t, diffusivity):
    return _partial(u, params, x, t, (1,)) - diffusivity * _partial(u, params, x, t, (2, 2))


@diffusion_residual.mistake("You called u with t in the place of x: it takes the parameters, then x, then t.")
def _(u, params, x, t, diffusivity):
    return diffusion_residual(u, params, t, x, diffusivity)


@diffusion_residual.mistake("You took one derivative with respect to x: take two.")
def _(u, params, x, t, diffusivity):
    return _partial(u, params, x, t, (2,)) - diffusivity * _partial(u, params, x, t, (1,))


@diffusion_residual.mistake("You took two derivatives with respect to t, as for waves: diffusion has one.")
def _(u, params, x, t, diffusivity):
    return _partial(u, params, x, t, (2, 2)) - diffusivity * _partial(u, params, x, t, (1, 1))


@diffusion_residual.mistake("The diffusivity is missing: multiply d^2 u / dx^2 by it.")
def _(u, params, x, t, diffusivity):
    return diffusion_residual(u, params, x, t, 1.0)


@diffusion_residual.mistake("You left out du/dt: the residual is du/dt - D d^2 u / dx^2.")
def _(u, params, x, t, diffusivity):
    return -diffusivity * _partial(u, params, x, t, (1, 1))


@diffusion_residual.mistake("You returned du/dt alone: subtract D d^2 u / dx^2.")
def _(u, params, x, t, diffusivity):
    return _partial(u, params, x, t, (2,))


@diffusion_residual.mistake("You squared the residual: return it with its sign, and the loss in 13.3 squares it.")
def _(u, params, x, t, diffusivity):
    return diffusion_residual(u, params, x, t, diffusivity) ** 2


@diffusion_residual.mistake("You returned the magnitude: the residual has a sign.")
def _(u, params, x, t, diffusivity):
    return jnp.abs(diffusion_residual(u, params, x, t, diffusivity))


@diffusion_residual.mistake("You averaged the squared residuals: return each residual, the loss follows in 13.3.")
def _(u, params, x, t, diffusivity):
    return jnp.mean(diffusion_residual(u, params, x, t, diffusivity) ** 2)


@diffusion_residual.mistake("You combined every x with every t: point i is (x_i, t_i), so vmap over both at once.")
def _(u, params, x, t, diffusivity):
    return jax.vmap(lambda x: diffusion_residual(u, params, jnp.full_like(t, x), t, diffusivity))(x)


# ---------------------------------------------------------------- 13.3


@exercise(
    points=20,
    hints=(
        "Each term is a mean of squares. At which x, at which t is the network asked in each of them?",
        'The lesson\'s section "Physics-informed networks: eight points and a law". '
        "The columns of `interior` are what 13.2 takes; x = 0 or "
        "x = thickness goes with all times, t = 0 with all x of `initial`. `jax.vmap(lambda x: u(params, x, 0.0))` "
        "calls the network at many x and t = 0.",
        "r = diffusion_residual(u, params, interior[:, 0], interior[:, 1], diffusivity); start = jax.vmap(lambda x: "
        "u(params, x, 0.0))(initial[:, 0]) - initial[:, 1]; front = jax.vmap(lambda t: u(params, 0.0, t))(times), and "
        "back the same at thickness. The last mean is (jnp.mean(front**2) + jnp.mean(back**2)) / 2.",
    ),
    why="The loss is all that the network hears of physics: what has no term in it, it need not obey.",
)
def pinn_loss(
    u: Callable[[Array, Array, Array], Array],
    params: Float[Array, "..."],
    interior: Float[Array, "n 2"],
    initial: Float[Array, "m 2"],
    times: Float[Array, " k"],
    thickness: float,
    diffusivity: float,
    weights: Float[Array, " 3"],
) -> Float[Array, ""]:
    """Loss of a PINN."""
    residual = diffusion_residual(u, params, *interior.T, diffusivity)
    places, known = initial.T
    start = jax.vmap(lambda x: u(params, x, 0.0))(places) - known
    surfaces = jax.vmap(lambda t: jnp.stack([u(params, 0.0, t), u(params, thickness, t)]))(times)
    return weights @ jnp.stack([jnp.mean(residual**2), jnp.mean(start**2), jnp.mean(surfaces**2)])


@pinn_loss.inputs("a network with two hidden units", points=1)
def _(key):
    return dict(
        u=plate_network,
        params=jnp.array([[1.2, -0.7], [0.6, 0.9], [0.3, -0.4], [1.5, 2.0]]),
        interior=jnp.array([[0.3, 0.5], [1.1, 0.2], [0.7, 1.4], [0.5, 0.9]]),
        initial=jnp.array([[0.2, 1.5], [0.6, 2.5], [1.0, 0.7]]),
        times=jnp.array([0.4, 1.3]),
        thickness=1.3,
        diffusivity=0.6,
        weights=jnp.array([0.7, 3.0, 2.5]),
    )


def _plate(key, sizes, thickness, duration, level):
    """Draw points for a plate, and concentrations of this level."""
    a, b, c, d, e = jax.random.split(key, 5)
    n, m, k = sizes
    first = jnp.array([thickness, level]) * jax.random.uniform(b, (m, 2), minval=0.2)
    return dict(
        interior=jnp.array([thickness, duration]) * jax.random.uniform(a, (n, 2), minval=0.1),
        initial=first,
        times=duration * jax.random.uniform(c, (k,), minval=0.1),
        thickness=thickness * jax.random.uniform(d, (), minval=1.0, maxval=1.2),
        weights=jax.random.uniform(e, (3,), minval=0.5, maxval=4.0),
    )


@pinn_loss.inputs("a random network", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params = jax.random.normal(a, (4, 5))
    return dict(_plate(b, (6, 5, 3), 1.5, 2.0, 2.0), u=plate_network, params=params, diffusivity=0.7)


@pinn_loss.inputs("a plate of 3 mm, over hours", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params = jnp.array([5.0, 2e-4, 1e3, 0.3]) * jax.random.uniform(a, (4,), minval=0.7, maxval=1.3)
    made = _plate(b, (5, 3, 4), 3e-3, 7e3, 5.0)
    made["weights"] = jnp.array([1e7, 1.0, 1.0]) * made["weights"]
    return dict(made, u=fading_wave, params=params, diffusivity=3e-10)


@pinn_loss.inputs("one point of each kind", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params = jnp.array([3.0, 1.2, 2.0, 0.5]) * jax.random.uniform(a, (4,), minval=0.7, maxval=1.3)
    return dict(_plate(b, (1, 1, 1), 0.8, 1.5, 3.0), u=fading_wave, params=params, diffusivity=0.4)


def _errors(u, params, interior, initial, times, thickness, diffusivity):
    """Return all errors: of the equation, of the start, and at both surfaces."""
    at = jax.vmap(u, in_axes=(None, 0, 0))
    return (
        diffusion_residual(u, params, interior[:, 0], interior[:, 1], diffusivity),
        at(params, initial[:, 0], jnp.zeros(len(initial))) - initial[:, 1],
        jnp.stack([at(params, jnp.full(len(times), place), times) for place in (0.0, thickness)]),
    )


def _means(errors):
    return jnp.stack([jnp.mean(one**2) for one in errors])


@pinn_loss.mistake("You added up the squares in each term: take their mean, so that more points do not weigh more.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    errors = _errors(u, params, interior, initial, times, thickness, diffusivity)
    return weights @ jnp.stack([jnp.sum(one**2) for one in errors])


@pinn_loss.mistake("You added up both surfaces: the last term is the mean over all 2k predictions.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    errors = _errors(u, params, interior, initial, times, thickness, diffusivity)
    return weights @ (_means(errors) * jnp.array([1.0, 1.0, 2.0]))


@pinn_loss.mistake("You took the mean over all points together: each term has its own mean.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    errors = _errors(u, params, interior, initial, times, thickness, diffusivity)
    total = sum(w * jnp.sum(one**2) for w, one in zip(weights, errors, strict=True))
    return total / sum(one.size for one in errors)


@pinn_loss.mistake("You squared the means: take the mean of the squares, in which errors cannot cancel.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    errors = _errors(u, params, interior, initial, times, thickness, diffusivity)
    return weights @ jnp.stack([jnp.mean(one) ** 2 for one in errors])


@pinn_loss.mistake("You took absolute errors: square them.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    errors = _errors(u, params, interior, initial, times, thickness, diffusivity)
    return weights @ jnp.stack([jnp.mean(jnp.abs(one)) for one in errors])


@pinn_loss.mistake("You left out the weights: multiply each term by its own.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return jnp.sum(_means(_errors(u, params, interior, initial, times, thickness, diffusivity)))


@pinn_loss.mistake("You squared the weights with the errors: multiply each mean of squares by its weight.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return weights**2 @ _means(_errors(u, params, interior, initial, times, thickness, diffusivity))


@pinn_loss.mistake("You divided by 3, the number of terms: return the sum of weight * term.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return weights @ _means(_errors(u, params, interior, initial, times, thickness, diffusivity)) / 3


@pinn_loss.mistake("You exchanged the weights of start and surfaces: they are for equation, start, surfaces.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    errors = _errors(u, params, interior, initial, times, thickness, diffusivity)
    return weights[jnp.array([0, 2, 1])] @ _means(errors)


@pinn_loss.mistake("You returned the three terms: return their weighted sum, one number.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return weights * _means(_errors(u, params, interior, initial, times, thickness, diffusivity))


@pinn_loss.mistake("You left out the equation: without it the network knows no physics.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return weights[1:] @ _means(_errors(u, params, interior, initial, times, thickness, diffusivity))[1:]


@pinn_loss.mistake("You left out the start: add the term of the rows of `initial`.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return weights[::2] @ _means(_errors(u, params, interior, initial, times, thickness, diffusivity))[::2]


@pinn_loss.mistake("You left out the surfaces: add the term of both ends at all times.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return weights[:2] @ _means(_errors(u, params, interior, initial, times, thickness, diffusivity))[:2]


def _at_surface(place, *args, weights):
    residual, start, surfaces = _errors(*args)
    return weights @ _means((residual, start, surfaces[place]))


@pinn_loss.mistake("You asked at the surface x = 0 alone: the other one, x = thickness, counts as much.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return _at_surface(0, u, params, interior, initial, times, thickness, diffusivity, weights=weights)


@pinn_loss.mistake("You asked at the surface x = thickness alone: the other one, x = 0, counts as much.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return _at_surface(1, u, params, interior, initial, times, thickness, diffusivity, weights=weights)


@pinn_loss.mistake("You compared the start with 0: subtract the concentrations c in the second column of `initial`.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    known = jnp.stack([initial[:, 0], jnp.zeros(len(initial))], axis=1)
    return weights @ _means(_errors(u, params, interior, known, times, thickness, diffusivity))


@pinn_loss.mistake("You took the second column of `initial` for times: it holds c, and the time is 0 in all rows.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    residual, _, surfaces = _errors(u, params, interior, initial, times, thickness, diffusivity)
    start = jax.vmap(u, in_axes=(None, 0, 0))(params, initial[:, 0], initial[:, 1])
    return weights @ _means((residual, start, surfaces))


@pinn_loss.mistake("You compared each prediction of the start with all c: make it one for one, both of shape (m,).")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    residual, start, surfaces = _errors(u, params, interior, initial, times, thickness, diffusivity)
    predicted = (start + initial[:, 1])[:, None]
    return weights @ _means((residual, predicted - initial[:, 1], surfaces))


@pinn_loss.mistake("You exchanged the columns of `interior`: x comes first, then t.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    return weights @ _means(_errors(u, params, interior[:, ::-1], initial, times, thickness, diffusivity))


@pinn_loss.mistake("You exchanged x and t at the surfaces: u takes the parameters, then x, then t.")
def _(u, params, interior, initial, times, thickness, diffusivity, weights):
    residual, start, _ = _errors(u, params, interior, initial, times, thickness, diffusivity)
    at = jax.vmap(u, in_axes=(None, 0, None))
    return weights @ _means((residual, start, jnp.stack([at(params, times, place) for place in (0.0, thickness)])))


# ---------------------------------------------------------------- 13.4


@exercise(
    points=20,
    hints=(
        "What is w(x) at x = 0 and at x = L? What remains there of a network that is multiplied by it?",
        'The lesson\'s section "Hard and soft constraints". line(x) is left + (right - left) x / L, and w(x) is a '
        "factor of the parabola and of the network, so the temperature is line(x) + w(x) (rise + t / duration * "
        "network).",
        "w = 4 * x * (length - x) / length**2; line = ends[0] + (ends[1] - ends[0]) * x / length; z = "
        "jax.vmap(network, in_axes=(None, 0, 0))(params, x, t); return line + w * (rise + t / duration * z).",
    ),
    why="What holds by construction needs no term in the loss, no weight, and no luck.",
)
def hard_constraint(
    network: Callable[[Array, Array, Array], Array],
    params: Float[Array, "..."],
    x: Float[Array, " n"],
    t: Float[Array, " n"],
    length: float,
    duration: float,
    ends: Float[Array, " 2"],
    rise: float,
) -> Float[Array, " n"]:
    """Hard constraint."""
    window = 4 * x * (length - x) / length**2
    left, right = ends
    line = left + (right - left) * x / length
    free = jax.vmap(lambda x, t: network(params, x, t))(x, t)
    return line + window * (rise + t / duration * free)


@hard_constraint.inputs("a network with two hidden units, four points", points=1)
def _(key):
    return dict(
        network=plate_network,
        params=jnp.array([[1.2, -0.7], [0.6, 0.9], [0.3, -0.4], [1.5, 2.0]]),
        x=jnp.array([0.3, 1.1, 0.7, 2.5]),
        t=jnp.array([0.5, 0.2, 1.4, 2.0]),
        length=3.0,
        duration=2.5,
        ends=jnp.array([2.0, 5.0]),
        rise=1.5,
    )


@hard_constraint.inputs("a random network, six points", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    made = _points(b, 6, 1.6, 0.7)
    return dict(
        made,
        network=plate_network,
        params=jax.random.normal(a, (4, 5)),
        length=1.7,
        duration=0.8,
        ends=jnp.array([3.0, -2.0]),
        rise=-1.2,
    )


@hard_constraint.inputs("a rod of 8 mm, over an hour", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params = jnp.array([150.0, 2e-4, 300.0, 0.3]) * jax.random.uniform(a, (4,), minval=0.7, maxval=1.3)
    return dict(
        _points(b, 5, 8e-3, 3.6e3),
        network=fading_wave,
        params=params,
        length=8e-3,
        duration=3.6e3,
        ends=jnp.array([300.0, 420.0]),
        rise=80.0,
    )


@hard_constraint.inputs("one point after the duration, which is no limit", points=4, hidden=True)
def _(key):
    params = jnp.array([2.0, 0.1, 1.3, 0.5]) * jax.random.uniform(key, (4,), minval=0.7, maxval=1.3)
    ends = jnp.array([1.0, 4.0])
    x, t = jnp.array([0.9]), jnp.array([3.1])
    return dict(network=fading_wave, params=params, x=x, t=t, length=2.3, duration=1.4, ends=ends, rise=0.7)


@hard_constraint.inputs("both ends and the start", points=2, hidden=True)
def _(key):
    x, t = jnp.array([0.0, 1.7, 0.5, 1.2]), jnp.array([0.3, 0.6, 0.0, 0.0])
    ends = jnp.array([3.0, -2.0]) * jax.random.uniform(key, (2,), minval=0.7, maxval=1.3)
    params = jax.random.normal(key, (4, 3))
    return dict(network=plate_network, params=params, x=x, t=t, length=1.7, duration=0.8, ends=ends, rise=2.2)


def _rod(network, params, x, t, length, duration, ends):
    """Return line, window, share of the duration, and the network's output."""
    window = 4 * x / length * (1 - x / length)
    line = ends[0] + (ends[1] - ends[0]) * x / length
    return line, window, t / duration, jax.vmap(network, in_axes=(None, 0, 0))(params, x, t)


@hard_constraint.mistake("The factor t / duration is missing: without it, the network changes the start.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, _, free = _rod(network, params, x, t, length, duration, ends)
    return line + window * (rise + free)


@hard_constraint.mistake("You multiplied the network by t: divide it by the duration, so that the factor has no unit.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, _, free = _rod(network, params, x, t, length, duration, ends)
    return line + window * (rise + t * free)


@hard_constraint.mistake("You multiplied by 1 - t / duration: the factor has to be 0 at t = 0, so t / duration.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + window * (rise + (1 - share) * free)


@hard_constraint.mistake("You let the start fade: add start(x) as it is, and w(x) t / duration times the network.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + window * ((1 - share) * rise + share * free)


@hard_constraint.mistake("The network is not multiplied by w(x): at both ends it changes the temperature.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + window * rise + share * free


@hard_constraint.mistake("You left out the 4: w(x) is 1 in the middle of the rod.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + window / 4 * (rise + share * free)


@hard_constraint.mistake("You divided by L: w(x) is 4 x (L - x) / L^2, which has no unit.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + length * window * (rise + share * free)


@hard_constraint.mistake("You did not divide by L^2: w(x) is 4 x (L - x) / L^2, which has no unit.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + length**2 * window * (rise + share * free)


@hard_constraint.mistake("You left out the parabola rise * w(x), which belongs to the start.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + window * share * free


@hard_constraint.mistake("You added the rise everywhere: multiply it by w(x), which is 0 at both ends.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line + rise + window * share * free


@hard_constraint.mistake("You left out the line: the temperature at the ends is left and right.")
def _(network, params, x, t, length, duration, ends, rise):
    _, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return window * (rise + share * free)


@hard_constraint.mistake("You exchanged left and right: the line begins with ends[0] at x = 0.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends[::-1])
    return line + window * (rise + share * free)


@hard_constraint.mistake("Your line starts at 0: add the temperature on the left, ends[0].")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, free = _rod(network, params, x, t, length, duration, ends)
    return line - ends[0] + window * (rise + share * free)


@hard_constraint.mistake("You left out the network: nothing would be left to learn.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, _, _ = _rod(network, params, x, t, length, duration, ends)
    return line + window * rise


@hard_constraint.mistake("You called the network with t in the place of x: it takes the parameters, then x, then t.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, _ = _rod(network, params, x, t, length, duration, ends)
    free = jax.vmap(network, in_axes=(None, 0, 0))(params, t, x)
    return line + window * (rise + share * free)


@hard_constraint.mistake("You gave the network x / L and t / duration: it takes x and t as they are.")
def _(network, params, x, t, length, duration, ends, rise):
    line, window, share, _ = _rod(network, params, x, t, length, duration, ends)
    free = jax.vmap(network, in_axes=(None, 0, 0))(params, x / length, share)
    return line + window * (rise + share * free)


# ---------------------------------------------------------------- 13.5


@exercise(
    points=20,
    hints=(
        "What is the derivative of exp(i k x)? And what are the wave numbers of waves that fit into the length L?",
        'The lesson\'s section "Enrichment: better features instead of more data". '
        "`jnp.fft.fftfreq(n, L / n)` returns m / L, and 2 pi times it "
        "is k. The imaginary part that is left at the end comes from rounding and from the fastest wave: take `.real`.",
        "k = 2 * jnp.pi * jnp.fft.fftfreq(n, length / n); return jnp.fft.ifft((1j * k) ** order * "
        "jnp.fft.fft(values)).real, with n = len(values).",
    ),
    why="For smooth periodic fields it is exact to the last digits, with a few points per wave.",
)
def fft_derivative(values: Float[Array, " n"], length: float, order: int) -> Float[Array, " n"]:
    """Derivative by FFT."""
    k = 2 * jnp.pi * jnp.fft.fftfreq(len(values), length / len(values))
    return jnp.fft.ifft((1j * k) ** order * jnp.fft.fft(values)).real


@fft_derivative.inputs("six points, first derivative", points=1)
def _(key):
    return dict(values=jnp.array([1.0, 3.0, -2.0, 0.5, 4.0, 2.0]), length=2.4, order=1)


@fft_derivative.inputs("second derivative, even number of points", points=7, hidden=True)
def _(key):
    return dict(values=jax.random.normal(key, (8,)), length=5.0, order=2)


@fft_derivative.inputs("first derivative, odd number of points", points=4, hidden=True)
def _(key):
    return dict(values=jax.random.normal(key, (7,)), length=3.7, order=1)


@fft_derivative.inputs("third derivative, lamellae of micrometers", points=3, hidden=True)
def _(key):
    return dict(values=0.02 * jax.random.normal(key, (10,)), length=6e-6, order=3)


@fft_derivative.inputs("temperatures around 1200 K, first derivative", points=4, hidden=True)
def _(key):
    return dict(values=1200 + 40 * jax.random.normal(key, (11,)), length=0.09, order=1)


def _numbers(n, length):
    return 2 * jnp.pi * jnp.fft.fftfreq(n, length / n)


def _by(factors, values):
    return jnp.fft.ifft(factors * jnp.fft.fft(values)).real


@fft_derivative.mistake("The factor 2 pi is missing: `fftfreq` counts waves, and k is 2 pi times that.")
def _(values, length, order):
    return fft_derivative(values, 2 * jnp.pi * length, order)


@fft_derivative.mistake("You left the length at 2 pi: divide m by the length.")
def _(values, length, order):
    return fft_derivative(values, 2 * jnp.pi, order)


@fft_derivative.mistake("You took the length for the distance of two points: this is length / n.")
def _(values, length, order):
    return fft_derivative(values, length * len(values), order)


@fft_derivative.mistake("You left out the distance of points in `fftfreq`, which then is 1: it is length / n.")
def _(values, length, order):
    return fft_derivative(values, len(values), order)


@fft_derivative.mistake("Your points are length / (n - 1) apart: of n points in a period, each is length / n apart.")
def _(values, length, order):
    return fft_derivative(values, length * len(values) / (len(values) - 1), order)


@fft_derivative.mistake("You counted all waves as positive, m = 0 to n - 1: the second half has negative m.")
def _(values, length, order):
    return _by((2j * jnp.pi * jnp.arange(len(values)) / length) ** order, values)


@fft_derivative.mistake("You took the magnitude of the wave numbers: those in the second half are negative.")
def _(values, length, order):
    return _by((1j * jnp.abs(_numbers(len(values), length))) ** order, values)


@fft_derivative.mistake("You shifted the wave numbers but not the coefficients: leave the order of `fftfreq`.")
def _(values, length, order):
    return _by((1j * jnp.fft.fftshift(_numbers(len(values), length))) ** order, values)


@fft_derivative.mistake("The i is missing: the derivative of exp(i k x) is i k exp(i k x).")
def _(values, length, order):
    return _by(_numbers(len(values), length) ** order, values)


@fft_derivative.mistake("You did not raise i to the power of the order: the factor is (i k)^order.")
def _(values, length, order):
    return _by(1j * _numbers(len(values), length) ** order, values)


@fft_derivative.mistake("You took the first derivative for every order: raise i k to the power of the order.")
def _(values, length, order):
    return fft_derivative(values, length, 1)


@fft_derivative.mistake("You multiplied i k by the order: raise it to that power.")
def _(values, length, order):
    return order * fft_derivative(values, length, 1)


@fft_derivative.mistake("Your sign is wrong: multiply by i k, not by -i k.")
def _(values, length, order):
    return _by((-1j * _numbers(len(values), length)) ** order, values)


@fft_derivative.mistake("You returned complex numbers: take `.real`, since the values are real.")
def _(values, length, order):
    return jnp.fft.ifft((1j * _numbers(len(values), length)) ** order * jnp.fft.fft(values))


@fft_derivative.mistake("You returned magnitudes: take `.real`, which keeps the sign.")
def _(values, length, order):
    return jnp.abs(jnp.fft.ifft((1j * _numbers(len(values), length)) ** order * jnp.fft.fft(values)))


@fft_derivative.mistake("You took the imaginary part: the derivative is the real part.")
def _(values, length, order):
    return jnp.fft.ifft((1j * _numbers(len(values), length)) ** order * jnp.fft.fft(values)).imag


@fft_derivative.mistake("You returned the coefficients: transform them back by `jnp.fft.ifft`.")
def _(values, length, order):
    return (1j * _numbers(len(values), length)) ** order * jnp.fft.fft(values)


@fft_derivative.mistake("You set the fastest wave to 0 for every order: for even orders it is kept.")
def _(values, length, order):
    n = len(values)
    fast = (jnp.arange(n) == n // 2) & (n % 2 == 0)
    return _by(jnp.where(fast, 0, (1j * _numbers(n, length)) ** order), values)


@fft_derivative.mistake("You set a wave of an odd number of points to 0: only for even n there is a wave m = n/2.")
def _(values, length, order):
    n = len(values)
    return _by(jnp.where((jnp.arange(n) == n // 2) & (order % 2 == 1), 0, (1j * _numbers(n, length)) ** order), values)


@fft_derivative.mistake(
    "You set the wave n // 2 to 0 for every n and every order: only for even n and odd orders it is 0."
)
def _(values, length, order):
    n = len(values)
    return _by(jnp.where(jnp.arange(n) == n // 2, 0, (1j * _numbers(n, length)) ** order), values)


@fft_derivative.mistake("You took differences of neighbors: multiply the coefficients of waves by (i k)^order.")
def _(values, length, order):
    for _ in range(order):
        values = (jnp.roll(values, -1) - jnp.roll(values, 1)) / (2 * length / len(values))
    return values


@fft_derivative.mistake("Your waves have n - 1 or n + 1 points: after `rfft`, tell `irfft` the number n.")
def _(values, length, order):
    n = len(values)
    factors = (2j * jnp.pi * jnp.arange(n // 2 + 1) / length) ** order
    return jnp.fft.irfft(factors * jnp.fft.rfft(values))


# ---------------------------------------------------------------- 13.6


@exercise(
    points=20,
    hints=(
        "Four slopes, one after the other: at which time and from which state is each of them asked?",
        'The lesson\'s section "Integrators: from a law to a path". '
        "Every slope starts from y itself: k2 goes half a step along k1, k3 "
        "half a step along k2, k4 a whole step along k3.",
        "k1 = f(t, y); k2 = f(t + h / 2, y + h / 2 * k1); k3 = f(t + h / 2, y + h / 2 * k2); k4 = f(t + h, y + h * "
        "k3); return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4).",
    ),
    why="Half the step, a sixteenth of the error: four calls of f buy four orders.",
)
def rk4_step(f: Callable[[Array, Array], Array], t: float, y: Float[Array, " d"], h: float) -> Float[Array, " d"]:
    """Step of Runge and Kutta."""
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@rk4_step.inputs("a pendulum", points=1)
def _(key):
    return dict(f=driven_pendulum, t=0.7, y=jnp.array([1.2, -0.5]), h=0.6)


@rk4_step.inputs("a pendulum, another state", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(f=driven_pendulum, t=jax.random.uniform(a, (), maxval=3.0), y=2 * jax.random.normal(b, (2,)), h=0.8)


@rk4_step.inputs("four temperatures", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    y = jax.random.uniform(b, (4,), minval=0.4, maxval=1.5)
    return dict(f=cooling, t=jax.random.uniform(a, (), minval=1.0, maxval=3.0), y=y, h=0.9)


@rk4_step.inputs("a step back in time, one temperature", points=6, hidden=True)
def _(key):
    y = jax.random.uniform(key, (1,), minval=0.4, maxval=0.9)
    return dict(f=cooling, t=2.3, y=y, h=-0.7)


def _stages(f, t, y, h, a=(0.5, 0.5, 1.0), c=(0.5, 0.5, 1.0)):
    """Return the slopes k1 to k4; a and c are how far each goes along the one before, and in time."""
    slopes = [f(t, y)]
    for along, later in zip(a, c, strict=True):
        slopes.append(f(t + later * h, y + along * h * slopes[-1]))
    return slopes


def _sum(y, h, slopes, b=(1 / 6, 1 / 3, 1 / 3, 1 / 6)):
    return y + h * sum(weight * one for weight, one in zip(b, slopes, strict=True))


@rk4_step.mistake("You took a step of Euler: use all four slopes.")
def _(f, t, y, h):
    return y + h * f(t, y)


@rk4_step.mistake("You took the midpoint method, with k2 alone: it is of second order.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h), (0.0, 1.0, 0.0, 0.0))


@rk4_step.mistake("You took Heun's method, with two slopes: it is of second order.")
def _(f, t, y, h):
    return y + h / 2 * (f(t, y) + f(t + h, y + h * f(t, y)))


@rk4_step.mistake("You took the plain mean of the four slopes: k2 and k3 count twice, and the sum is divided by 6.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h), (0.25,) * 4)


@rk4_step.mistake("You divided the sum k1 + k2 + k3 + k4 by 6: k2 and k3 count twice.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h), (1 / 6,) * 4)


@rk4_step.mistake("You did not divide by 6: the weights of the slopes add up to 6.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h), (1.0, 2.0, 2.0, 1.0))


@rk4_step.mistake("You multiplied k1 alone by h/6: put parentheses around the sum of the slopes.")
def _(f, t, y, h):
    return _sum(y, 1.0, _stages(f, t, y, h), (h / 6, 2.0, 2.0, 1.0))


@rk4_step.mistake("You left the h out of the last line: add h/6 times the sum of the slopes.")
def _(f, t, y, h):
    return _sum(y, 1.0, _stages(f, t, y, h))


@rk4_step.mistake("You multiplied by h twice: the slopes k hold no h, or the last line has none.")
def _(f, t, y, h):
    return _sum(y, h * h, _stages(f, t, y, h))


@rk4_step.mistake("You left the time at t in all slopes: k2 and k3 are at t + h/2, and k4 is at t + h.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h, c=(0.0, 0.0, 0.0)))


@rk4_step.mistake("You left the time of k4 at t + h/2: it is at t + h.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h, c=(0.5, 0.5, 0.5)))


@rk4_step.mistake("You went half a step for k4: it goes a whole step along k3.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h, a=(0.5, 0.5, 0.5)))


@rk4_step.mistake("You went half a step for k4, in time as well: it is at t + h, from y + h k3.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)))


@rk4_step.mistake("You went a whole step for k2 and k3: they go half a step, h/2.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h, a=(1.0, 1.0, 1.0)))


@rk4_step.mistake("You went a whole step for k2 and k3, in time as well: they are in the middle.")
def _(f, t, y, h):
    return _sum(y, h, _stages(f, t, y, h, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)))


@rk4_step.mistake("Your k3 goes along k1, and so equals k2: it goes along k2.")
def _(f, t, y, h):
    k1, k2, _, _ = _stages(f, t, y, h)
    return _sum(y, h, [k1, k2, k2, f(t + h, y + h * k2)])


@rk4_step.mistake("You left h out of the states at which you ask for k2, k3 and k4: they are y + h/2 k, and y + h k.")
def _(f, t, y, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + k1 / 2)
    k3 = f(t + h / 2, y + k2 / 2)
    return _sum(y, h, [k1, k2, k3, f(t + h, y + k3)])


@rk4_step.mistake("You went on from the state of the slope before: each slope is asked at y plus a part of one slope.")
def _(f, t, y, h):
    k1 = f(t, y)
    a = y + h / 2 * k1
    k2 = f(t + h / 2, a)
    b = a + h / 2 * k2
    k3 = f(t + h / 2, b)
    return _sum(y, h, [k1, k2, k3, f(t + h, b + h * k3)])


@rk4_step.mistake("You returned the change of the state: add it to y.")
def _(f, t, y, h):
    return rk4_step(f, t, y, h) - y


@rk4_step.mistake("You returned the mean slope: multiply it by h, and add it to y.")
def _(f, t, y, h):
    return _sum(0 * y, 1.0, _stages(f, t, y, h))


# ---------------------------------------------------------------- 13.7


@exercise(
    points=20,
    hints=(
        "When is a constraint broken, and by how much? What is the penalty of an alloy that breaks none?",
        'The lesson\'s section "Constraints: a penalty, or a price". Sums over the elements are `shares @ cost` and '
        "`jnp.sum(shares, axis=1)`; `jnp.maximum(0, ...)` keeps what is above 0; the equality is broken on both sides, "
        "so it needs no maximum.",
        "off = jnp.sum(shares, axis=1) - 1; weak = jnp.maximum(0, 1 - shares @ strength / needed); negative = "
        "jnp.maximum(0, -shares); return shares @ cost + weight * (off**2 + weak**2 + jnp.sum(negative**2, axis=1)).",
    ),
    why="A penalty bends any optimizer towards the possible: the heavier, the closer, and the harder to minimize.",
)
def alloy_loss(
    shares: Float[Array, "n d"], cost: Float[Array, " d"], strength: Float[Array, " d"], needed: float, weight: float
) -> Float[Array, " n"]:
    """Loss with penalties."""
    off = jnp.sum(shares, axis=1) - 1
    weak = jnp.maximum(0, 1 - shares @ strength / needed)
    negative = jnp.maximum(0, -shares)
    return shares @ cost + weight * (off**2 + weak**2 + jnp.sum(negative**2, axis=1))


@alloy_loss.inputs("three alloys of two elements", points=1)
def _(key):
    return dict(
        shares=jnp.array([[0.9, -0.4], [0.2, 0.5], [1.3, 0.6]]),
        cost=jnp.array([2.0, 7.0]),
        strength=jnp.array([100.0, 400.0]),
        needed=300.0,
        weight=20.0,
    )


@alloy_loss.inputs("random shares of three elements", points=8, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    cost = jax.random.uniform(b, (3,), minval=1.0, maxval=3.0)
    strength = jnp.array([200.0, 500.0, 900.0])
    return dict(shares=0.8 * jax.random.normal(a, (6, 3)), cost=cost, strength=strength, needed=600.0, weight=5.0)


@alloy_loss.inputs("strengths in Pa, too little of everything", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    strength = 1e8 * jax.random.uniform(b, (4,), minval=2.0, maxval=9.0)
    shares = jax.random.uniform(a, (5, 4), minval=-0.2, maxval=0.2)
    return dict(shares=shares, cost=jnp.array([1.0, 3.0, 2.0, 6.0]), strength=strength, needed=9e8, weight=12.0)


@alloy_loss.inputs("one alloy with too much of everything", points=2, hidden=True)
def _(key):
    shares = jax.random.uniform(key, (1, 3), minval=0.6, maxval=1.0)
    strength = jnp.array([200.0, 500.0, 900.0])
    return dict(shares=shares, cost=jnp.array([0.5, 0.2, 0.9]), strength=strength, needed=250.0, weight=3.0)


@alloy_loss.inputs("alloys that break no constraint", points=2, hidden=True)
def _(key):
    shares = jax.nn.softmax(jax.random.normal(key, (4, 3)), axis=1)
    strength = jnp.array([200.0, 500.0, 900.0])
    return dict(shares=shares, cost=jnp.array([1.5, 2.0, 4.0]), strength=strength, needed=150.0, weight=8.0)


def _broken(shares, strength, needed):
    """Return by how much each constraint is broken, with its sign where there is no maximum."""
    return jnp.sum(shares, axis=1) - 1, 1 - shares @ strength / needed, -shares


def _penalized(shares, cost, weight, off, weak, negative):
    return shares @ cost + weight * (off + weak + jnp.sum(negative, axis=1))


@alloy_loss.mistake("You squared without a maximum: an inequality costs nothing where it holds.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, weak**2, negative**2)


@alloy_loss.mistake("Too much strength is punished, too: take the maximum of 0 and 1 - strength / needed.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, weak**2, jnp.maximum(0, negative) ** 2)


@alloy_loss.mistake("You punish shares above 0, too: only negative ones break the constraint.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, weak) ** 2, negative**2)


@alloy_loss.mistake("You punish positive shares: take the maximum of 0 and -s_j.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, weak) ** 2, jnp.minimum(0, negative) ** 2)


@alloy_loss.mistake("You punish strength above what is needed: what is missing is 1 - strength / needed.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, -weak) ** 2, jnp.maximum(0, negative) ** 2)


@alloy_loss.mistake("A sum below 1 costs nothing: an equality is broken on both sides, so square it as it is.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(
        shares, cost, weight, jnp.maximum(0, off) ** 2, jnp.maximum(0, weak) ** 2, jnp.maximum(0, negative) ** 2
    )


@alloy_loss.mistake("A sum above 1 costs nothing: an equality is broken on both sides, so square it as it is.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    below = jnp.minimum(0, off)
    return _penalized(shares, cost, weight, below**2, jnp.maximum(0, weak) ** 2, jnp.maximum(0, negative) ** 2)


@alloy_loss.mistake("You took magnitudes: square each violation.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, jnp.abs(off), jnp.maximum(0, weak), jnp.maximum(0, negative))


@alloy_loss.mistake("You did not square the inequalities: square each violation.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, weak), jnp.maximum(0, negative))


@alloy_loss.mistake("You squared the sum of the negative shares: square each, then add.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    total = jnp.sum(jnp.maximum(0, negative), axis=1, keepdims=True)
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, weak) ** 2, total**2)


@alloy_loss.mistake("You averaged the squares of the negative shares: add them.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    mean = jnp.maximum(0, negative) ** 2 / shares.shape[1]
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, weak) ** 2, mean)


@alloy_loss.mistake("You added the negative shares of all alloys: sum over the elements, `axis=1`.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    total = jnp.sum(jnp.maximum(0, negative) ** 2)
    return shares @ cost + weight * (off**2 + jnp.maximum(0, weak) ** 2 + total)


@alloy_loss.mistake("You left out the negative shares: each of them breaks a constraint.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, weak) ** 2, 0 * negative)


@alloy_loss.mistake("You left out the strength: add the square of what is missing of it.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, 0 * weak, jnp.maximum(0, negative) ** 2)


@alloy_loss.mistake("You left out the equality: the shares have to add up to 1.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, 0 * off, jnp.maximum(0, weak) ** 2, jnp.maximum(0, negative) ** 2)


@alloy_loss.mistake("You subtracted the strength from what is needed: divide by `needed`, so that no unit is left.")
def _(shares, cost, strength, needed, weight):
    off, weak, negative = _broken(shares, strength, needed)
    return _penalized(shares, cost, weight, off**2, jnp.maximum(0, weak * needed) ** 2, jnp.maximum(0, negative) ** 2)


def _penalty(shares, strength, needed):
    return alloy_loss(shares, jnp.zeros(shares.shape[1]), strength, needed, 1.0)


@alloy_loss.mistake("The weight is missing: multiply the sum of the squares by it.")
def _(shares, cost, strength, needed, weight):
    return shares @ cost + _penalty(shares, strength, needed)


@alloy_loss.mistake("You multiplied the first square alone by the weight: put parentheses around the sum.")
def _(shares, cost, strength, needed, weight):
    off = jnp.sum(shares, axis=1) - 1
    return shares @ cost + (weight - 1) * off**2 + _penalty(shares, strength, needed)


@alloy_loss.mistake("You multiplied the cost by the weight, too: it belongs to the penalties alone.")
def _(shares, cost, strength, needed, weight):
    return weight * (shares @ cost + _penalty(shares, strength, needed))


@alloy_loss.mistake("You subtracted the penalty: add it, since the loss is to be made small.")
def _(shares, cost, strength, needed, weight):
    return shares @ cost - weight * _penalty(shares, strength, needed)


@alloy_loss.mistake("You left out the cost: add it to the penalties.")
def _(shares, cost, strength, needed, weight):
    return weight * _penalty(shares, strength, needed)


@alloy_loss.mistake("You returned the cost alone: add the penalties.")
def _(shares, cost, strength, needed, weight):
    return shares @ cost


@alloy_loss.mistake("You added up all alloys: return one number for each.")
def _(shares, cost, strength, needed, weight):
    return jnp.sum(alloy_loss(shares, cost, strength, needed, weight))


# ---------------------------------------------------------------- 13.8


@exercise(
    points=20,
    hints=(
        "A step needs the state before it, and nothing else. How often do you repeat it, and what do you keep?",
        'The lesson\'s section "Integrators: from a law to a path". '
        "Keep a list that begins with y; each step takes its "
        "last entry and appends the next. `jnp.stack` makes an array of it.",
        "path = [y]; for _ in range(n_steps): path.append(path[-1] + h * f(params, path[-1])); return jnp.stack(path).",
    ),
    why="Through all these steps flows a gradient: so a network learns a law of motion from measured paths.",
)
def neural_euler(
    f: Callable[[Array, Array], Array], params: Float[Array, "..."], y: Float[Array, " d"], h: float, n_steps: int
) -> Float[Array, "points d"]:
    """Steps of a neural ODE."""
    path = [y]
    for _ in range(n_steps):
        path.append(path[-1] + h * f(params, path[-1]))
    return jnp.stack(path)


@neural_euler.inputs("a network, two steps", points=1)
def _(key):
    params = jnp.array([[[1.2, -0.7], [0.3, 0.5]], [[-0.6, 1.5], [2.0, 0.4]]])
    return dict(f=velocity_network, params=params, y=jnp.array([0.8, -0.3]), h=0.4, n_steps=2)


@neural_euler.inputs("a random network, five steps", points=6, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params, y = jax.random.normal(a, (2, 3, 3)), jax.random.normal(b, (3,))
    return dict(f=velocity_network, params=params, y=y, h=0.3, n_steps=5)


@neural_euler.inputs("a fast reaction of three substances, in seconds", points=6, hidden=True)
def _(key):
    rates = jnp.array([[-3e4, 1e4, 0.0], [3e4, -4e4, 2e4], [0.0, 3e4, -2e4]])
    y = jnp.array([2.0, 0.5, 1.0]) * jax.random.uniform(key, (3,), minval=0.7, maxval=1.3)
    return dict(f=reaction, params=rates, y=y, h=8e-6, n_steps=6)


@neural_euler.inputs("three steps back in time", points=4, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    params, y = jax.random.normal(a, (2, 4, 4)), jax.random.normal(b, (4,))
    return dict(f=velocity_network, params=params, y=y, h=-0.25, n_steps=3)


@neural_euler.inputs("no steps", points=2, hidden=True)
def _(key):
    params, y = jax.random.normal(key, (2, 2, 2)), jax.random.normal(key, (2,))
    return dict(f=velocity_network, params=params, y=y, h=0.2, n_steps=0)


def _roll(step, y, n_steps):
    path = [y]
    for _ in range(n_steps):
        path.append(step(path[-1]))
    return jnp.stack(path)


@neural_euler.mistake("You returned the last state: return the whole path.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, h, n_steps)[-1]


@neural_euler.mistake("Row 0 is missing: the path begins with the given state.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, h, n_steps)[1:]


@neural_euler.mistake("The last state is missing: the path has n_steps + 1 rows, and the first one needs no step.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, h, n_steps - 1) if n_steps else jnp.zeros((0, len(y)))


@neural_euler.mistake("You took a step too many: the path has n_steps + 1 rows.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, h, n_steps + 1)


@neural_euler.mistake("Your path is transposed: one row for each state.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, h, n_steps).T


@neural_euler.mistake("You repeated the slope of the given state: ask the network at the end of each step.")
def _(f, params, y, h, n_steps):
    return y + h * jnp.arange(n_steps + 1)[:, None] * f(params, y)


@neural_euler.mistake("Each of your steps begins at the given state: begin where the previous one ended.")
def _(f, params, y, h, n_steps):
    return jnp.stack([y] + [y + h * f(params, y)] * n_steps)


@neural_euler.mistake("You added each change to the given state: add it to the state before the step.")
def _(f, params, y, h, n_steps):
    return _roll(lambda state: y + h * f(params, state), y, n_steps)


@neural_euler.mistake("You left out h: a step is h times the slope.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, 1.0, n_steps)


@neural_euler.mistake("You subtracted the slope, as a gradient: add h times the slope to the state.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, -h, n_steps)


@neural_euler.mistake("You divided h by the number of steps: h is the size of one step.")
def _(f, params, y, h, n_steps):
    return neural_euler(f, params, y, h / max(n_steps, 1), n_steps)


@neural_euler.mistake("You replaced the state by h times the slope: add this to the state.")
def _(f, params, y, h, n_steps):
    return _roll(lambda state: h * f(params, state), y, n_steps)


@neural_euler.mistake("You took the output of the network for the next state: it is the slope, so add h times it.")
def _(f, params, y, h, n_steps):
    return _roll(lambda state: f(params, state), y, n_steps)


@neural_euler.mistake("You kept the changes of the state: keep the states.")
def _(f, params, y, h, n_steps):
    path = neural_euler(f, params, y, h, n_steps)
    return jnp.concatenate([path[:1], jnp.diff(path, axis=0)])


@neural_euler.mistake("You took steps of Heun: take steps of Euler, with one call of f each.")
def _(f, params, y, h, n_steps):
    def step(state):
        slope = f(params, state)
        return state + h / 2 * (slope + f(params, state + h * slope))

    return _roll(step, y, n_steps)


@neural_euler.mistake("You repeated the given state: change it in each step.")
def _(f, params, y, h, n_steps):
    return jnp.stack([y] * (n_steps + 1))


@neural_euler.mistake("You took one step of the size n_steps * h: take n_steps of the size h.")
def _(f, params, y, h, n_steps):
    return jnp.stack([y, y + n_steps * h * f(params, y)])
