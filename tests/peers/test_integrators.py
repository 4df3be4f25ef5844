"""Adaptive integrators and their gradients against diffrax and torchdiffeq."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

diffrax = pytest.importorskip("diffrax")

from mfml.physics import adaptive, adjoint, integrators, symplectic  # noqa: E402

SOLVERS = {"dopri5": diffrax.Dopri5, "tsit5": diffrax.Tsit5}


def lotka(t, y, args):
    return jnp.stack([y[0] * (1.5 - args * y[1]), y[1] * (y[0] - 3.0)])


def lorenz(t, y, args):
    return jnp.stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], args * y[0] * y[1] - 8 / 3 * y[2]])


def robertson(t, y, args):
    one, two, three = 0.04 * y[0], 1e2 * y[1] * y[2], args * 3e3 * y[1] ** 2
    return jnp.stack([two - one, one - two - three, three])


PROBLEMS = {
    "lotka": (lotka, jnp.array([10.0, 5.0]), 10.0),
    "lorenz": (lorenz, jnp.array([1.0, 1.0, 1.0]), 2.0),
    "robertson": (robertson, jnp.array([1.0, 0.0, 0.0]), 10.0),
}


def theirs(f, init, end, solver, args=1.0, rtol=1e-6, atol=1e-8, h=None, **options):
    if h is None:
        options["stepsize_controller"] = diffrax.PIDController(rtol=rtol, atol=atol)
    return diffrax.diffeqsolve(
        diffrax.ODETerm(f), SOLVERS.get(solver, solver)(), 0.0, end, h, init, args, max_steps=2000, **options
    )


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_as_accurate_as_diffrax(name, solver, x64):
    f, init, end = PROBLEMS[name]
    init = init.astype(float)
    exact = theirs(f, init, end, "tsit5", rtol=1e-11, atol=1e-13).ys[-1]
    peer = theirs(f, init, end, solver)
    ours = adaptive.solve(f, init, t1=end, args=1.0, rtol=1e-6, atol=1e-8, solver=solver)
    assert ours.converged
    limit = 1.5 * np.abs(peer.ys[-1] - exact).max() + 2e-8
    assert np.abs(ours.value - exact).max() < limit
    assert ours.n_iter <= 1.15 * peer.stats["num_steps"] + 5
    np.testing.assert_allclose(adjoint.solve(f, init, t1=end, args=1.0, rtol=1e-6, atol=1e-8).value, exact, atol=1e-3)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_same_steps_give_the_same_values_and_polynomials(solver, x64):
    """With steps of one size nothing is left to the control."""
    f, init, _ = PROBLEMS["lotka"]
    init, h = init.astype(float), 0.05
    peer = theirs(f, init, 1.0, solver, h=h, saveat=diffrax.SaveAt(t1=True, dense=True))
    ours = adaptive.solve(
        f, init, t1=1.0, args=1.0, rtol=1e3, atol=1e3, first_step=h, max_step=h, solver=solver, max_iter=40
    )
    np.testing.assert_allclose(ours.value, peer.ys[-1], rtol=1e-12)
    t = jnp.linspace(0.0, 1.0, 33)
    atol = 1e-12 if solver == "tsit5" else 1e-4  # diffrax interpolates Dormand-Prince by another polynomial
    np.testing.assert_allclose(adaptive.evaluate(ours, t), jax.vmap(peer.evaluate)(t), atol=atol)


@pytest.mark.parametrize("solver", ["euler", "heun"])
def test_fixed_steps(solver, x64):
    f, init, _ = PROBLEMS["lotka"]
    kind = {"euler": diffrax.Euler, "heun": diffrax.Heun}[solver]
    peer = theirs(f, init.astype(float), 1.0, kind, h=0.1)
    ours = integrators.solve(f, init.astype(float), t1=1.0, n_steps=10, args=1.0, solver=solver)
    np.testing.assert_allclose(ours.values[-1], peer.ys[-1], rtol=1e-10)


def test_semi_implicit_euler(x64):
    """The peer moves the position first: with both exchanged it takes the steps of ours."""
    terms = diffrax.ODETerm(lambda t, q, args: -jnp.sin(q)), diffrax.ODETerm(lambda t, v, args: v)
    v, q = diffrax.diffeqsolve(terms, diffrax.SemiImplicitEuler(), 0.0, 2.0, 0.1, (jnp.array(0.3), jnp.array(1.0))).ys
    start = symplectic.Motion(jnp.array(1.0), jnp.array(0.3))
    ours = symplectic.solve(lambda q, args: -jnp.sin(q), start, h=0.1, n_steps=20, solver="euler")
    np.testing.assert_allclose([q[-1], v[-1]], [ours.position[-1], ours.velocity[-1]], rtol=1e-12)


@pytest.mark.parametrize("kind", adjoint.KINDS)
def test_gradients_equal_those_of_diffrax(kind, x64):
    f, init, _ = PROBLEMS["lotka"]
    how = {"discrete": diffrax.RecursiveCheckpointAdjoint, "continuous": diffrax.BacksolveAdjoint}[kind]()

    def peer(init, args):
        return theirs(f, init, 2.0, "dopri5", args, rtol=1e-9, atol=1e-9, adjoint=how).ys[-1].sum()

    def ours(init, args):
        return adjoint.solve(f, init, t1=2.0, args=args, kind=kind, rtol=1e-9, atol=1e-9, max_iter=500).value.sum()

    place = init.astype(float), jnp.array(0.9)
    found, expected = (jax.jit(jax.grad(function, argnums=(0, 1)))(*place) for function in (ours, peer))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6)


def test_the_event_of_diffrax(x64):
    def fall(t, y, args):
        return jnp.stack([y[1], -9.81 - 0.1 * y[1]])

    init = jnp.array([2.0, 0.0])
    find = pytest.importorskip("optimistix").Newton(1e-12, 1e-12)
    event = diffrax.Event(lambda t, y, args, **_: y[0], find)
    peer = theirs(fall, init, 9.0, "dopri5", rtol=1e-9, atol=1e-9, event=event)
    ours = adaptive.solve(fall, init, t1=9.0, rtol=1e-9, atol=1e-9, event=lambda t, y, args: y[0])
    np.testing.assert_allclose(ours.end, peer.ts[-1], rtol=1e-7)


def test_torchdiffeq(x64):
    torch, torchdiffeq = pytest.importorskip("torch"), pytest.importorskip("torchdiffeq")
    f, init, _ = PROBLEMS["lotka"]

    def theirs(t, y):
        return torch.stack([y[0] * (1.5 - y[1]), y[1] * (y[0] - 3.0)])

    start = torch.tensor(np.asarray(init, float), requires_grad=True)
    times = torch.tensor([0.0, 2.0], dtype=torch.float64)
    value = torchdiffeq.odeint(theirs, start, times, rtol=1e-9, atol=1e-9, method="dopri5")[-1]
    value.sum().backward()
    options = {"t1": 2.0, "args": 1.0, "rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(
        adaptive.solve(f, init.astype(float), **options).value, value.detach().numpy(), rtol=1e-6
    )
    gradient = jax.grad(lambda y: adjoint.solve(f, y, **options).value.sum())(init.astype(float))
    np.testing.assert_allclose(gradient, start.grad.numpy(), rtol=1e-6)
