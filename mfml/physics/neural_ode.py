r"""Neural ordinary differential equations: a network learns the field $\dot x = f(x)$ from trajectories.

The trajectories are cut into windows of a few intervals. From the first point of each the field is integrated by RK4,
and the network is trained until the path meets the points that follow; derivatives pass through the steps. Short
windows learn fast, long ones see small errors grow. Inside, states have mean 0 and standard deviation 1, and time is
measured by how fast they change, so that units do not matter. Shapes: n trajectories, t times, d features.

Source: Chen et al. (2018).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.generative import standard
from mfml.networks import mlp
from mfml.physics import integrators
from mfml.risk import metrics
from mfml.training import loop


class Network(NamedTuple):
    """Layers, and the units in which they work."""

    layers: mlp.Network
    shift: Float[Array, " d"]
    scale: Float[Array, " d"]
    period: Float[Array, ""]  # in which a state changes by about one standard deviation


class NeuralODE(NamedTuple):
    """A trained field, and how training went."""

    layers: mlp.Network  # these four as in `Network`
    shift: Float[Array, " d"]
    scale: Float[Array, " d"]
    period: Float[Array, ""]
    history: Float[Array, " steps"]  # loss of each step's batch BEFORE its update, in standard deviations squared
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


Model = Network | NeuralODE


@public
@partial(jax.jit, static_argnames="hidden")
def init(
    x: Float[Array, "n t d"], *, times: Float[Array, " t"], key: Key[Array, ""], hidden: tuple[int, ...] = (32, 32)
) -> Network:
    """Measure the units of trajectories and draw the layers. The sizes of hidden layers are static.

    Raises:
        ValueError: unless there are a trajectory, at least two times, and a point for each.

    >>> x = jnp.array([[[1.0], [3.0]]])
    >>> network = init(x, times=jnp.array([0.0, 4.0]), key=jax.random.key(0))
    >>> network.shift.item(), network.scale.item(), network.period.item()
    (2.0, 1.0, 2.0)
    """
    _check(x, times)
    shift, scale = standard.measured(x.reshape(-1, x.shape[2]))
    widths = jnp.diff(times)
    changes = jnp.diff((x - shift) / scale, axis=1) / (widths / jnp.mean(jnp.abs(widths)))[:, None]
    speed = jnp.sqrt(jnp.mean(changes**2))  # per mean interval
    period = jnp.mean(jnp.abs(widths)) / jnp.where(speed == 0, 1.0, speed)
    sizes = (x.shape[2], *hidden, x.shape[2])
    return Network(mlp.init(key=key, sizes=sizes, scheme="glorot", dtype=x.dtype.type), shift, scale, period)


@public
@partial(jax.jit, static_argnames=("hidden", "window", "n_substeps", "n_steps", "batch_size"))
def fit(
    x: Float[Array, "n t d"],
    *,
    times: Float[Array, " t"],
    key: Key[Array, ""],
    hidden: tuple[int, ...] = (32, 32),
    window: int = 5,
    n_substeps: int = 1,
    n_steps: int = 1000,
    batch_size: int | None = None,
    learning_rate: ArrayLike = 1e-2,
) -> NeuralODE:
    """Train a field on trajectories whose points all have the same times.

    Args:
        x: trajectories.
        times: when their points are; they rise or fall.
        key: for the weights and the order of the windows.
        hidden: sizes of the hidden layers; static.
        window: intervals that are predicted from each point, at most t - 1; static.
        n_substeps: steps of RK4 in each interval; static.
        n_steps: steps of training with Adam, whose rate falls to 0 along a cosine; static.
        batch_size: windows per step; None takes all of them; static.
        learning_rate: at first.

    Raises:
        ValueError: unless there are a trajectory, at least two times, and a point for each; for sizes below 1.

    >>> times = jnp.linspace(0.0, 2.0, 9)
    >>> x = jnp.exp(-times)[None, :, None] * jnp.array([1.0, 2.0])[:, None, None]
    >>> model = fit(x, times=times, key=jax.random.key(0), hidden=(8,), n_steps=300)
    >>> score(model, x, times=times).item() > 0.99
    True
    """
    _check(x, times)
    require.sizes(window=window, n_substeps=n_substeps)
    first, last = jax.random.split(key)
    network = init(x, times=times, key=first, hidden=hidden)
    window = min(window, x.shape[1] - 1)
    data = _windows((x - network.shift) / network.scale, jnp.diff(times) / network.period, window)
    rate = optax.cosine_decay_schedule(1.0, n_steps)
    options = loop.Options(
        partial(_loss, n_substeps),
        optax.chain(optax.clip_by_global_norm(1.0), optax.adam(lambda count: learning_rate * rate(count))),
        n_steps=n_steps,
        batch_size=None if batch_size is None else min(batch_size, len(data[0])),
    )
    trained = loop.fit(data, key=last, options=options, init=network.layers)
    report = trained.history, trained.n_iter, trained.converged, trained.status
    return NeuralODE(trained.params, network.shift, network.scale, network.period, *report)


@public
@jax.jit
def field(model: Model, x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Velocity of states, in units of x per unit of time.

    Raises:
        ValueError: unless x has the columns of the fit.

    >>> x = jnp.array([[[1.0], [3.0]]])
    >>> field(init(x, times=jnp.array([0.0, 4.0]), key=jax.random.key(0)), x[0]).shape
    (2, 1)
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.shift))
    return _velocity(model.layers, (x - model.shift) / model.scale) * (model.scale / model.period)


@public
@partial(jax.jit, static_argnames="n_substeps")
def predict(
    model: Model, x: Float[Array, "n d"], *, times: Float[Array, " t"], n_substeps: int = 1
) -> Float[Array, "n t d"]:
    """Trajectories from states x at the first of the times, by RK4 with `n_substeps` in each interval (static).

    Raises:
        ValueError: unless x has the columns of the fit; without a time; for n_substeps < 1.

    >>> x = jnp.array([[[1.0], [3.0]]])
    >>> model = init(x, times=jnp.array([0.0, 4.0]), key=jax.random.key(0))
    >>> predict(model, x[:, 0], times=jnp.linspace(0.0, 1.0, 5)).shape
    (1, 5, 1)
    """
    require.rank("x", x, 2)
    require.rank("times", times, 1)
    require.columns("x", x, len(model.shift))
    require.that(len(times) > 0, f"times must hold at least one time; found shape {times.shape}")
    require.sizes(n_substeps=n_substeps)
    widths = (jnp.diff(times) / model.period).astype(x.dtype)
    z = (x - model.shift) / model.scale
    path = jax.vmap(partial(_path, model.layers, n_substeps), in_axes=(0, None))(z, widths)
    return jnp.concatenate([x[:, None], model.shift + model.scale * path], axis=1)


@public
@partial(jax.jit, static_argnames="n_substeps")
def score(
    model: Model, x: Float[Array, "n t d"], *, times: Float[Array, " t"], n_substeps: int = 1
) -> Float[Array, ""]:
    """R2 of the trajectories that `predict` finds from the first point of each, over all later points.

    Features are compared in units of their standard deviation in the fit.

    Raises:
        ValueError: as `fit` and `predict`.

    >>> x = jnp.array([[[1.0], [3.0]], [[1.0], [2.0]]])
    >>> model = init(x, times=jnp.array([0.0, 4.0]), key=jax.random.key(0))
    >>> bool(score(model, x, times=jnp.array([0.0, 4.0])) <= 1)
    True
    """
    require.columns("x", x, len(model.shift))
    _check(x, times)
    found = predict(model, x[:, 0], times=times, n_substeps=n_substeps)[:, 1:]
    compared = [((part - model.shift) / model.scale).ravel() for part in (found, x[:, 1:])]
    return metrics.r2(*compared)


def _check(x: Array, times: Array) -> None:
    require.rank("x", x, 3)
    require.rank("times", times, 1)
    require.same_length(x=(x, 1), times=times)
    require.that(len(x) > 0 and x.shape[1] > 1, f"x must hold a trajectory of at least two points; found {x.shape}")


def _velocity(layers: mlp.Network, z: Array) -> Array:
    return mlp.apply(layers, z, activation="tanh")


def _path(layers: mlp.Network, n_substeps: int, z: Array, widths: Array) -> Array:
    """States of one trajectory after each interval, in the units of the network."""

    def one(t: Array, z: Array, layers: PyTree) -> Array:
        return _velocity(layers, z[None])[0]

    def interval(z: Array, width: Array) -> tuple[Array, Array]:
        for _ in range(n_substeps):
            z = integrators.step(z, one, h=width / n_substeps, args=layers)
        return z, z

    return lax.scan(interval, z, widths)[1]


def _windows(z: Array, widths: Array, window: int) -> tuple[Array, Array]:
    """All windows of all trajectories, (windows, window + 1, d), and their intervals (windows, window)."""
    n, t, d = z.shape
    starts = jnp.arange(t - window)
    points = z[:, starts[:, None] + jnp.arange(window + 1)].reshape(-1, window + 1, d)
    intervals = widths[starts[:, None] + jnp.arange(window)]
    return points, jnp.tile(intervals, (n, 1)).astype(z.dtype)


def _loss(n_substeps: int, layers: mlp.Network, batch: tuple[Array, Array], key: Array) -> Array:
    points, widths = batch
    found = jax.vmap(partial(_path, layers, n_substeps))(points[:, 0], widths)
    return jnp.mean((found - points[:, 1:]) ** 2)
