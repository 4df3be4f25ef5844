"""Exercises of unit 13: physics-informed and constrained learning.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 13

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Many functions get another function as an argument, such as a network. Call it, whatever it is: those used here are in
`exercises/given.py`. Quantities have SI units or none, so a time may be 1e-5 and a diffusivity 1e-9.

Most points are for hidden inputs: others than those that you see, some of them at the edge of what a docstring allows.

Stuck? `nox -s hint -- 13.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit13.py`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from exercises.given import Array, Float


def second_derivative(
    u: Callable[[Array, Array], Array], params: Float[Array, "..."], t: Float[Array, " n"]
) -> Float[Array, " n"]:
    """Exercise 13.1. Second derivative of a network.

    `u(params, t)` is a network: from its parameters and one time, a number, it predicts a displacement, a number.
    Return its second derivative with respect to time at each of the n times,

        d^2 u / dt^2  at t_i

    by automatic differentiation: `jax.grad` takes the derivative of a function that returns a number, and `argnums`
    says with respect to which argument. `jax.vmap` calls a function once for each time.

    Example: with `tanh_network` from exercises/given.py, params = jnp.array([[1.0], [0.0], [2.0]]) and
    t = jnp.array([0.0, 0.5]) the network is 2 tanh(t), and the result is about [0.0, -1.454].
    """
    raise NotImplementedError


def diffusion_residual(
    u: Callable[[Array, Array, Array], Array],
    params: Float[Array, "..."],
    x: Float[Array, " n"],
    t: Float[Array, " n"],
    diffusivity: float,
) -> Float[Array, " n"]:
    """Exercise 13.2. Residual of diffusion.

    `u(params, x, t)` is a network that predicts the concentration of hydrogen in steel at one place x (a number) and
    one time t (a number). By Fick's second law the concentration changes where its profile is curved. Return by how
    much the network breaks this law at each of the n points (x_i, t_i):

        r_i = du/dt - D d^2 u / dx^2,    D = diffusivity

    Example: with `fading_wave` from exercises/given.py, params = jnp.array([5.0, 2.0, 3.0, 0.0]),
    x = jnp.array([0.5]), t = jnp.array([0.0]) and diffusivity = 0.1 it is about [-5.486]: (-2 + 0.9) * 5 sin(1.5).
    """
    raise NotImplementedError


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
    """Exercise 13.3. Loss of a PINN.

    The hydrogen of 13.2 leaves a steel plate with the surfaces x = 0 and x = `thickness`. Three things are known, each
    at its own points, and each gives a term of the loss, a mean of squares:

        equation:  mean over the n rows (x, t) of `interior` of the squared residual r of 13.2
        start:     mean over the m rows (x, c) of `initial` of (u(x, 0) - c)^2
        surfaces:  mean over the 2k predictions u(0, t) and u(thickness, t), for the k `times`, of their squares

    At the surfaces the concentration is 0. Return the sum of weight * term, with the weights in this order. Here
    u(x, t) stands for u(params, x, t) with two numbers x and t.

    Example: with `fading_wave` from exercises/given.py, params = jnp.array([5.0, 2.0, 3.0, 0.0]),
    interior = jnp.array([[0.5, 0.0]]), initial = jnp.array([[0.5, 4.0]]), times = jnp.array([0.0]), thickness = 0.5,
    diffusivity = 0.1, weights = jnp.array([1.0, 10.0, 2.0]) it is about 64.7: 30.1 + 10 * 0.975 + 2 * 12.4.
    """
    raise NotImplementedError


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
    """Exercise 13.4. Hard constraint.

    A rod of the length L lies between two furnaces, so that its ends x = 0 and x = L always have the temperatures
    `ends`, left and right. At t = 0 the temperature is a straight line from end to end, plus a parabola which is 0 at
    both ends and `rise` in the middle:

        start(x) = line(x) + rise * w(x),    w(x) = 4 x (L - x) / L^2

    Let `network(params, x, t)`, which returns any number for one x and one t, decide about the rest, in such a way that
    it can change neither ends nor start: multiply its output by w(x) and by t / duration, and add start(x). Return this
    temperature at each of the n points (x_i, t_i).

    Example: with `fading_wave` from exercises/given.py, params = jnp.array([5.0, 2.0, 3.0, 0.0]),
    x = jnp.array([0.5, 2.0]), t = jnp.array([1.0, 1.0]), length = 2.0, duration = 4.0, ends = jnp.array([300.0, 400.0])
    and rise = 20.0 it is about [340.13, 400.0]: 325 + 0.75 * (20 + 0.25 * 0.675), and the right end.
    """
    raise NotImplementedError


def fft_derivative(values: Float[Array, " n"], length: float, order: int) -> Float[Array, " n"]:
    """Exercise 13.5. Derivative by FFT.

    A periodic function repeats after `length`, L. Given are its n values at x_j = j L / n, j = 0, ..., n - 1. Return
    its derivative of this order at the same points, real numbers: transform, multiply the coefficient of each wave
    exp(i k x) by (i k)^order, transform back. The wave numbers are

        k = 2 pi m / L,    m = 0, 1, 2, ..., -2, -1   as `jnp.fft.fftfreq` orders them

    For even n the fastest wave, m = n/2, goes up and down from point to point. It counts as a cosine, so that for odd
    orders its derivative at the points is 0; for even orders it is kept. `order` is a Python integer from 1 on, even
    under `jax.jit`.

    Example: fft_derivative(jnp.array([5.0, 6.0, 5.0, 4.0]), 8.0, 1) is about [0.785, 0.0, -0.785, 0.0], the derivative
    of 5 + sin(pi x / 4).
    """
    raise NotImplementedError


def rk4_step(f: Callable[[Array, Array], Array], t: float, y: Float[Array, " d"], h: float) -> Float[Array, " d"]:
    """Exercise 13.6. Step of Runge and Kutta.

    The state y of a system changes by dy/dt = f(t, y). Return the state at t + h, by the classical method of fourth
    order:

        k1 = f(t, y)
        k2 = f(t + h/2, y + h/2 k1)
        k3 = f(t + h/2, y + h/2 k2)
        k4 = f(t + h, y + h k3)
        y_new = y + h/6 (k1 + 2 k2 + 2 k3 + k4)

    h may be negative: then time runs backward.

    Example: with `cooling` from exercises/given.py, rk4_step(cooling, 0.0, jnp.array([1.0]), 2.0) is about [0.490].
    """
    raise NotImplementedError


def alloy_loss(
    shares: Float[Array, "n d"], cost: Float[Array, " d"], strength: Float[Array, " d"], needed: float, weight: float
) -> Float[Array, " n"]:
    """Exercise 13.7. Loss with penalties.

    Row i holds the shares s_j of d elements in an alloy, whose cost is sum_j cost_j s_j and whose strength is
    sum_j strength_j s_j. The cheapest alloy is wanted under three constraints. By how much does an alloy break each?

        equality:    the shares add up to 1                    v_1 = sum_j s_j - 1
        inequality:  the strength is at least `needed`         v_2 = max(0, 1 - strength of the alloy / needed)
        inequality:  no share is negative, one for each j      v_3j = max(0, -s_j)

    Return for each of the n alloys

        cost + weight * (v_1^2 + v_2^2 + sum_j v_3j^2)

    Example: alloy_loss(jnp.array([[0.8, -0.2]]), jnp.array([2.0, 10.0]), jnp.array([100.0, 50.0]), 140.0, 50.0) is
    about [22.1]: -0.4 + 50 * (0.16 + 0.25 + 0.04).
    """
    raise NotImplementedError


def neural_euler(
    f: Callable[[Array, Array], Array], params: Float[Array, "..."], y: Float[Array, " d"], h: float, n_steps: int
) -> Float[Array, "points d"]:
    """Exercise 13.8. Steps of a neural ODE.

    `f(params, y)` is a network that says how fast a state changes: dy/dt = f(params, y). Follow it by `n_steps` steps
    of Euler, each from where the previous one ended:

        y_new = y + h f(params, y)

    Return the whole path, shape (n_steps + 1, d): row 0 is the given state, row i the state after i steps. With
    n_steps = 0 it is row 0 alone. h may be negative. `n_steps` is a Python integer, even under `jax.jit`.

    Example: with `reaction` from exercises/given.py, params = jnp.array([[-1.0, 0.0], [1.0, 0.0]]),
    y = jnp.array([4.0, 0.0]), h = 0.5 and n_steps = 2 it is [[4.0, 0.0], [2.0, 2.0], [1.0, 3.0]].
    """
    raise NotImplementedError
