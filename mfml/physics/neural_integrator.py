r"""Neural integrators: a network learns the step from a state to the next.

Without a coarse step the network learns a velocity, and the step is Euler's, $x_1 = x + h f(x)$ (a neural Euler step).
The velocity is the mean over the step, so that the step is as good for a large h as for a small one. With a coarse step
c of a known equation it learns what is left, $x_1 = c(x) + h f(x)$. Either way it is trained on pairs of consecutive
points, one step each, for one h: no integration is needed. Inside, states and what is learned have mean 0 and standard
deviation 1, so that units do not matter. Shapes: n trajectories, t points, d features.

A coarse step is any function `c(x)` of one state (d,). It is no part of the fitted model: give the same to each call.

Source: Raissi, Perdikaris and Karniadakis (2018); Poli et al. (2020), corrections of coarse steps.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.generative import standard
from mfml.networks import mlp
from mfml.numerics.domain import POSITIVE, checked
from mfml.risk import metrics
from mfml.training import loop

Coarse = Callable[[Any], Any]


class NeuralStep(NamedTuple):
    """A trained step, and how training went."""

    layers: mlp.Network
    shift: Float[Array, " d"]  # of states
    scale: Float[Array, " d"]
    rate_shift: Float[Array, " d"]  # of what is learned, in units of x per unit of time
    rate_scale: Float[Array, " d"]
    h: Float[Array, ""]  # the size of the step
    history: Float[Array, " steps"]  # loss of each step's batch BEFORE its update, in standard deviations squared
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
@checked(h=POSITIVE)
@partial(jax.jit, static_argnames=("coarse", "hidden", "n_steps", "batch_size"))
def fit(
    x: Float[Array, "n t d"],
    *,
    h: ArrayLike,
    key: Key[Array, ""],
    coarse: Coarse | None = None,
    hidden: tuple[int, ...] = (32, 32),
    n_steps: int = 1000,
    batch_size: int | None = None,
    learning_rate: ArrayLike = 1e-2,
) -> NeuralStep:
    """Train a step on trajectories whose points are h apart.

    Args:
        x: trajectories.
        h: time between two points.
        key: for the weights and the order of the samples.
        coarse: a step of size h that the network corrects; None: the state stays; static.
        hidden: sizes of the hidden layers; static.
        n_steps: steps of training with Adam, whose rate falls to 0 along a cosine; static.
        batch_size: pairs per step; None takes all of them; static.
        learning_rate: at first.

    Raises:
        ValueError: unless there are a trajectory of at least two points, h > 0 (NaN where it is traced), and a coarse
            step that keeps the shape.

    >>> x = (0.5 ** jnp.arange(6.0))[None, :, None]
    >>> model = fit(x, h=1.0, key=jax.random.key(0), hidden=(8,), n_steps=300)
    >>> score(model, x).item() > 0.99
    True
    """
    require.rank("x", x, 3)
    require.that(len(x) > 0 and x.shape[1] > 1, f"x must hold a trajectory of at least two points; found {x.shape}")
    h = jnp.asarray(h, x.dtype)
    before, after = (part.reshape(-1, x.shape[2]) for part in (x[:, :-1], x[:, 1:]))
    rates = (after - _coarse(coarse, before)) / h
    (shift, scale), (rate_shift, rate_scale) = standard.measured(before), standard.measured(rates)
    data = (before - shift) / scale, (rates - rate_shift) / rate_scale
    first, last = jax.random.split(key)
    sizes = (x.shape[2], *hidden, x.shape[2])
    layers = mlp.init(key=first, sizes=sizes, scheme="glorot", dtype=x.dtype.type)
    rate = optax.cosine_decay_schedule(1.0, n_steps)
    options = loop.Options(
        _loss,
        optax.adam(lambda count: learning_rate * rate(count)),
        n_steps=n_steps,
        batch_size=None if batch_size is None else min(batch_size, len(before)),
    )
    trained = loop.fit(data, key=last, options=options, init=layers)
    report = trained.history, trained.n_iter, trained.converged, trained.status
    return NeuralStep(trained.params, shift, scale, rate_shift, rate_scale, h, *report)


@public
@partial(jax.jit, static_argnames="coarse")
def step(state: Float[Array, "n d"], model: NeuralStep, *, coarse: Coarse | None = None) -> Float[Array, "n d"]:
    """Return states a step of the model later. The coarse step is that of the fit; static.

    Raises:
        ValueError: unless the states have the columns of the fit, and the coarse step keeps the shape.

    >>> x = (0.5 ** jnp.arange(6.0))[None, :, None]
    >>> model = fit(x, h=1.0, key=jax.random.key(0), hidden=(8,), n_steps=300)
    >>> step(jnp.array([[0.5]]), model).round(1).tolist()
    [[0.2...]]
    """
    require.rank("state", state, 2)
    require.columns("state", state, len(model.shift))
    z = mlp.apply(model.layers, (state - model.shift) / model.scale, activation="tanh")
    return _coarse(coarse, state) + model.h * (model.rate_shift + model.rate_scale * z)


@public
@partial(jax.jit, static_argnames=("n_steps", "coarse"))
def predict(
    model: NeuralStep, x: Float[Array, "n d"], *, n_steps: int, coarse: Coarse | None = None
) -> Float[Array, "n points d"]:
    """Trajectories of n_steps steps from states x, which come first. The number and the coarse step are static.

    Raises:
        ValueError: unless x has the columns of the fit, and n_steps >= 1.

    >>> x = (0.5 ** jnp.arange(6.0))[None, :, None]
    >>> model = fit(x, h=1.0, key=jax.random.key(0), hidden=(8,), n_steps=300)
    >>> predict(model, x[:, 0], n_steps=5).shape
    (1, 6, 1)
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.shift))
    require.sizes(n_steps=n_steps)

    def advance(state: Array, _: None) -> tuple[Array, Array]:
        later = step(state, model, coarse=coarse)
        return later, later

    path = lax.scan(advance, x, None, length=n_steps)[1]
    return jnp.concatenate([x[:, None], jnp.moveaxis(path, 0, 1)], axis=1)


@public
@partial(jax.jit, static_argnames="coarse")
def score(model: NeuralStep, x: Float[Array, "n t d"], *, coarse: Coarse | None = None) -> Float[Array, ""]:
    """R2 of the trajectories that `predict` finds from the first point of each, over all later points.

    Features are compared in units of their standard deviation in the fit.

    Raises:
        ValueError: unless x holds a trajectory of at least two points with the columns of the fit.

    >>> x = (0.5 ** jnp.arange(6.0))[None, :, None]
    >>> model = fit(x, h=1.0, key=jax.random.key(0), hidden=(8,), n_steps=300)
    >>> score(model, x).item() > 0.99
    True
    """
    require.rank("x", x, 3)
    require.columns("x", x, len(model.shift))
    require.that(len(x) > 0 and x.shape[1] > 1, f"x must hold a trajectory of at least two points; found {x.shape}")
    found = predict(model, x[:, 0], n_steps=x.shape[1] - 1, coarse=coarse)[:, 1:]
    return metrics.r2(*(((part - model.shift) / model.scale).ravel() for part in (found, x[:, 1:])))


def _coarse(coarse: Coarse | None, states: Array) -> Array:
    """States after the coarse step, or as they are."""
    if coarse is None:
        return states
    found = jax.vmap(coarse)(states)
    shape, needed = jnp.shape(found)[1:], states.shape[1:]
    require.that(shape == needed, f"coarse(x) must return the shape {needed} of a state; found {shape}")
    return jnp.asarray(found, states.dtype)


def _loss(layers: mlp.Network, batch: tuple[Array, Array], key: Array) -> Array:
    z, rates = batch
    return jnp.mean((mlp.apply(layers, z, activation="tanh") - rates) ** 2)
