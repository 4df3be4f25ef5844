r"""Normalizing flows: exact densities by invertible maps. Shapes: n samples, d features, c conditions.

A flow f takes data to a standard normal distribution, layer by layer (see `couplings`). The density of a sample is that
of its image times how much the map stretches space there:

$$\log p(x) = \log \mathcal N(f(x); 0, I) + \log |\det \partial f / \partial x|$$

It is exact, in nats, per volume of x. Samples are images of normal ones under the inverse. Given a condition y the
same network is the density $p(x | y)$. The model keeps mean and standard deviation of each feature and works in these
units, so that the unit of the data does not matter. A feature that is constant, or that others determine, has no
density: the likelihood then grows without end.

Source: Rezende and Mohamed (2015); Papamakarios et al. (2021).
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.generative import couplings, standard
from mfml.generative.couplings import Coupling, Moved
from mfml.training import loop


class Network(NamedTuple):
    """Layers, and the units in which they work."""

    layers: tuple[Coupling, ...]
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    condition_shift: Float[Array, " c"] | None  # None where there is no condition
    condition_scale: Float[Array, " c"] | None


class Flow(NamedTuple):
    """A trained flow, and how training went."""

    layers: tuple[Coupling, ...]  # these five as in `Network`
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    condition_shift: Float[Array, " c"] | None
    condition_scale: Float[Array, " c"] | None
    history: Float[Array, " steps"]  # mean negative log-likelihood of each step's batch BEFORE its update, nats
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


Model = Network | Flow


@public
@partial(jax.jit, static_argnames=("kind", "n_layers", "hidden", "n_bins"))
def init(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    condition: Float[Array, "n c"] | None = None,
    kind: str = "spline",
    n_layers: int = 6,
    hidden: tuple[int, ...] = (64, 64),
    n_bins: int = 8,
) -> Network:
    """Measure the units of the data and draw the layers; the start is the normal distribution of independent features.

    Args:
        x: samples.
        key: for the weights.
        condition: of each sample, if there is one.
        kind: "spline" or "affine", see `couplings`; static.
        n_layers: at least 2 for 2 features, more for more of them; static.
        hidden: neurons of each hidden layer of each network; static.
        n_bins: of the splines; static.

    Raises:
        ValueError: unless there are samples, at least two features, one condition per sample, and positive sizes.

    >>> model = init(jnp.ones((4, 2)), key=jax.random.key(0), n_layers=3)
    >>> len(model.layers), model.x_shift.tolist()
    (3, [1.0, 1.0])
    """
    require.rank("x", x, 2)
    require.positive("n_layers", n_layers)
    require.same_length(x=x, condition=condition)
    n_conditions = 0 if condition is None else condition.shape[1]
    sizes = {"n_features": x.shape[1], "n_conditions": n_conditions}
    one = partial(couplings.init, **sizes, kind=kind, hidden=hidden, n_bins=n_bins, dtype=x.dtype.type)
    layers = tuple(one(key=each) for each in jax.random.split(key, n_layers))
    return Network(
        layers, *standard.measured(x), *((None, None) if condition is None else standard.measured(condition))
    )


@public
@jax.jit
def transform(model: Model, x: Float[Array, "n d"], *, condition: Float[Array, "m c"] | None = None) -> Moved:
    """Images of samples, normal if the model is good, and the log-determinant in units of x.

    A condition has one row per sample, or a single row for all.

    Raises:
        ValueError: unless x has the features, and `condition` the columns, of the fit.

    >>> model = init(jnp.array([[1.0, 1.0], [3.0, 5.0]]), key=jax.random.key(0), n_layers=2)
    >>> z, log_det = transform(model, jnp.array([[3.0, 5.0]]))
    >>> z.tolist(), round(log_det.item(), 4)  # -log 2
    ([[1.0, 1.0]], -0.6931)
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.x_shift))
    given = standard.conditions(condition, model.condition_shift, model.condition_scale, n_samples=len(x))
    z, log_det = _forward(model.layers, (x - model.x_shift) / model.x_scale, given)
    return Moved(z, log_det - _log_unit(model))


@public
@jax.jit
def inverse_transform(model: Model, z: Float[Array, "n d"], *, condition: Float[Array, "m c"] | None = None) -> Moved:
    """Samples with these images, in units of x, and the log-determinant of the inverse.

    Raises:
        ValueError: as `transform`.

    >>> model = init(jnp.array([[1.0, 1.0], [3.0, 5.0]]), key=jax.random.key(0), n_layers=2)
    >>> inverse_transform(model, jnp.array([[1.0, 1.0]])).x.tolist()
    [[3.0, 5.0]]
    """
    require.rank("z", z, 2)
    require.columns("z", z, len(model.x_shift))
    given = standard.conditions(condition, model.condition_shift, model.condition_scale, n_samples=len(z))
    x, log_det = z, jnp.zeros(len(z), z.dtype)
    for layer in reversed(model.layers):
        x, change = couplings.inverse(layer, couplings.unshuffled(x), condition=given)
        log_det = log_det + change
    return Moved(model.x_shift + model.x_scale * x, log_det + _log_unit(model))


@public
@jax.jit
def log_prob(
    model: Model, x: Float[Array, "n d"], *, condition: Float[Array, "m c"] | None = None
) -> Float[Array, " n"]:
    """Exact log-density of each sample, in nats, for a density per volume of x.

    Raises:
        ValueError: as `transform`.

    Source: Papamakarios et al. (2021), equation 1.

    >>> model = init(jnp.array([[-1.0, -1.0], [1.0, 1.0]]), key=jax.random.key(0), n_layers=2)
    >>> round(log_prob(model, jnp.zeros((1, 2))).item(), 4)  # -log 2 pi
    -1.8379
    """
    z, log_det = transform(model, x, condition=condition)
    return _log_normal(z) + log_det


@public
@jax.jit
def score(model: Model, x: Float[Array, "n d"], *, condition: Float[Array, "m c"] | None = None) -> Float[Array, ""]:
    """Log-density, mean over samples, in nats. Over many new samples it is at most minus the entropy of the data.

    Raises:
        ValueError: as `transform`; without a sample.

    >>> model = init(jnp.array([[-1.0, -1.0], [1.0, 1.0]]), key=jax.random.key(0), n_layers=2)
    >>> round(score(model, jnp.zeros((3, 2))).item(), 4)
    -1.8379
    """
    require.that(len(x) > 0, f"x must hold at least one sample; found shape {x.shape}")
    return jnp.mean(log_prob(model, x, condition=condition))


@public
@partial(jax.jit, static_argnames="n_samples")
def sample(
    model: Model, *, key: Key[Array, ""], n_samples: int, condition: Float[Array, "m c"] | None = None
) -> Float[Array, "n d"]:
    """Draw samples: images of normal ones under the inverse.

    The number is static. A condition has one row for each sample, or a single row for all.

    Raises:
        ValueError: unless n_samples >= 1 and the condition fits.

    >>> model = init(jnp.array([[1.0, 1.0], [3.0, 5.0]]), key=jax.random.key(0), n_layers=2)
    >>> sample(model, key=jax.random.key(1), n_samples=5).shape
    (5, 2)
    """
    require.positive("n_samples", n_samples)
    z = jax.random.normal(key, (n_samples, len(model.x_shift)), model.x_shift.dtype)
    return inverse_transform(model, z, condition=condition).x


@public
@partial(jax.jit, static_argnames=("batch_size", "n_steps"))
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    init: Model,
    condition: Float[Array, "n c"] | None = None,
    learning_rate: ArrayLike = 3e-3,
    batch_size: int | None = None,
    n_steps: int = 1000,
) -> Flow:
    """Maximize the likelihood by Adam. The learning rate falls to 0 along a cosine.

    Args:
        x: samples.
        key: for the order of the samples.
        init: flow to start from: by the function `init`, or from an earlier fit.
        condition: of each sample, where the flow has one.
        learning_rate: of the first step.
        batch_size: samples per step; all by default; static.
        n_steps: number of steps; static.

    Raises:
        ValueError: unless shapes fit the flow, there is a sample, and sizes are in range.

    Source: Papamakarios et al. (2021), section 2.3.1; Kingma and Ba (2015), Adam.

    >>> x = jnp.exp(jax.random.normal(jax.random.key(0), (200, 2)))
    >>> start = init(x, key=jax.random.key(1), kind="affine", n_layers=2, hidden=(8,))
    >>> fitted = fit(x, key=jax.random.key(2), init=start, n_steps=100)
    >>> bool(score(fitted, x) > score(start, x) + 0.3)
    True
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(init.x_shift))
    require.that(len(x) > 0, f"x must hold at least one sample; found shape {x.shape}")
    require.positive("n_steps", n_steps)
    require.same_length(x=x, condition=condition)
    given = standard.conditions(condition, init.condition_shift, init.condition_scale, n_samples=len(x))

    def objective(layers: tuple[Coupling, ...], batch: tuple[Array, Array | None], _: Array) -> Array:
        z, log_det = _forward(layers, *batch)
        return -jnp.mean(_log_normal(z) + log_det)

    fraction = optax.cosine_decay_schedule(1.0, n_steps)
    rate = jnp.asarray(learning_rate, x.dtype)
    options = loop.Options(
        objective, optax.adam(lambda count: rate * fraction(count)), n_steps=n_steps, batch_size=batch_size
    )
    data = (x - init.x_shift) / init.x_scale, given
    done = loop.fit(data, key=key, options=options, init=init.layers)
    history = done.history + _log_unit(init)  # the loss is per volume in the flow's units
    units = init.x_shift, init.x_scale, init.condition_shift, init.condition_scale
    return Flow(done.params, *units, history, done.n_iter, done.converged, done.status)


def _forward(layers: tuple[Coupling, ...], x: Array, condition: Array | None) -> Moved:
    """All layers, in the units in which they work; the features end in another order."""
    log_det = jnp.zeros(len(x), x.dtype)
    for layer in layers:
        x, change = couplings.transform(layer, x, condition=condition)
        x, log_det = couplings.shuffled(x), log_det + change
    return Moved(x, log_det)


def _log_unit(model: Model) -> Array:
    """Logarithm of the volume of a cell of the flow's units in units of x."""
    return jnp.sum(jnp.log(model.x_scale))


def _log_normal(z: Array) -> Array:
    return -0.5 * jnp.sum(z * z, axis=1) - 0.5 * z.shape[1] * math.log(2 * math.pi)
