"""Unit 13 against diffrax and scipy: integration of ordinary differential equations at equal tolerances.

The loss is the largest error of the end, relative to its size, against a solution of tight tolerances. Both sides take
a pair of order 5 and 4 in double precision and leave the size of the steps to their control; errors within a factor of
two count as equal. Ours and those of diffrax are compiled within the caller's `jit`. Rows that keep the path keep
polynomials for every step on both sides.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.physics import adaptive, adjoint

RTOL, ATOL = 1e-6, 1e-8


def lotka(t, y, args):
    """Predators and prey."""
    return jnp.stack([y[0] * (1.5 - y[1]), y[1] * (y[0] - 3.0)])


def lorenz(t, y, args):
    return jnp.stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def robertson(t, y, args):
    """Three reactions, moderately stiff."""
    one, two, three = 0.04 * y[0], 1e2 * y[1] * y[2], 3e3 * y[1] ** 2
    return jnp.stack([two - one, one - two - three, three])


def network(t, y, args):
    """A field of 32 states with 64 entries each."""
    return jnp.tanh(y @ args) - 0.1 * y


def problem(name: str):
    """Field, start, end, and what the field takes as third argument."""
    rng = np.random.default_rng(0)
    weights = jnp.asarray(rng.normal(size=(64, 64)) / 8)
    return {
        "lotka": (lotka, jnp.array([10.0, 5.0], float), 20.0, None),
        "lorenz": (lorenz, jnp.array([1.0, 1.0, 1.0], float), 5.0, None),
        "robertson": (robertson, jnp.array([1.0, 0.0, 0.0], float), 40.0, None),
        "network": (network, jnp.asarray(rng.normal(size=(32, 64))), 10.0, weights),
    }[name]


def in_numpy(name: str):
    """The same field, as a user of scipy writes it."""
    weights = np.asarray(problem("network")[3])

    def of_network(t, y):
        y = y.reshape(32, 64)
        return (np.tanh(y @ weights) - 0.1 * y).ravel()

    def of_lotka(t, y):
        return [y[0] * (1.5 - y[1]), y[1] * (y[0] - 3.0)]

    def of_lorenz(t, y):
        return [10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]

    def of_robertson(t, y):
        one, two, three = 0.04 * y[0], 1e2 * y[1] * y[2], 3e3 * y[1] ** 2
        return [two - one, one - two - three, three]

    return {"lotka": of_lotka, "lorenz": of_lorenz, "robertson": of_robertson, "network": of_network}[name]


def against_diffrax(name: str, solver: str, *, path: bool, gradient: bool = False) -> Pair:
    import diffrax

    f, init, end, args = problem(name)
    method = {"dopri5": diffrax.Dopri5, "tsit5": diffrax.Tsit5}[solver]()
    save = diffrax.SaveAt(t1=True, dense=True) if path else diffrax.SaveAt(t1=True)

    def theirs(init):
        found = diffrax.diffeqsolve(
            diffrax.ODETerm(f), method, 0.0, end, None, init, args, saveat=save, max_steps=1000,
            stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=ATOL),
        )  # fmt: skip
        return (found.ys[-1], found.interpolation) if path else (found.ys[-1], None)

    def ours(init):
        options = {"t1": end, "args": args, "rtol": RTOL, "atol": ATOL, "solver": solver, "max_iter": 1000}
        if not path:
            return adjoint.solve(f, init, **options).value, None
        found = adaptive.solve(f, init, **options)
        return found.value, (found.times, found.coefficients)

    if gradient:
        ours, theirs = (partial(slope, function) for function in (ours, theirs))
    loss = error(f, init, end, args, gradient=gradient)
    ours, theirs = jax.jit(ours), jax.jit(theirs)
    return Pair(lambda: ours(init), lambda: theirs(init), loss, loss, slack=1.0, floor=1e-6)


def slope(function, init):
    """Gradient of the sum of the end by the start."""
    return jax.grad(lambda init: jnp.sum(function(init)[0]))(init), None


def error(f, init, end, args, *, gradient: bool = False):
    """Largest error of the first part of a result, relative to its size."""

    def exact(init):
        return adjoint.solve(f, init, t1=end, args=args, rtol=1e-12, atol=1e-13, max_iter=20_000).value, None

    def loss(result):
        known = np.asarray((slope(exact, init) if gradient else exact(init))[0])
        return float(np.abs(np.asarray(result[0]).reshape(known.shape) - known).max() / np.abs(known).max())

    return loss


def against_scipy(name: str) -> Pair:
    from scipy.integrate import solve_ivp

    f, init, end, args = problem(name)
    theirs, start = in_numpy(name), np.asarray(init).ravel()
    loss = error(f, init, end, args)
    options = {"t1": end, "args": args, "rtol": RTOL, "atol": ATOL, "max_iter": 500 if init.size < 9 else 60}

    def ours():
        found = adaptive.solve(f, init, **options)
        return found.value, found

    def peer():
        found = solve_ivp(theirs, (0.0, end), start, rtol=RTOL, atol=ATOL, dense_output=True)
        return found.y[:, -1], None

    return Pair(ours, peer, loss, loss, slack=1.0, floor=1e-6)


NOTE = "loss: largest relative error of the end"
ROWS = [
    *(
        Row(f"13.ODE {name}, RK45, path", "scipy solve_ivp", partial(against_scipy, name), "float64", NOTE)
        for name in ("lotka", "lorenz", "robertson", "network")
    ),
    *(
        Row(
            f"13.ODE {name}, {solver}, {'path' if path else 'end'}",
            "diffrax",
            partial(against_diffrax, name, solver, path=path),
            "float64",
            NOTE,
        )
        for name in ("lotka", "lorenz", "robertson", "network")
        for solver, path in (("dopri5", True), ("dopri5", False), ("tsit5", False))
    ),
    *(
        Row(
            f"13.ODE {name}, dopri5, gradient of the end",
            "diffrax",
            partial(against_diffrax, name, "dopri5", path=False, gradient=True),
            "float64",
            "loss: largest relative error of the gradient by the start",
        )
        for name in ("lotka", "network")
    ),
]
