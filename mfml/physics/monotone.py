r"""Networks that are monotone, or convex, in chosen features. Shapes: n samples, d features.

Strength falls with grain size, creep rate rises with temperature: a model that knows it needs fewer data, and does not
fold where there are none. With increasing activations, a network increases in a feature if all weights on the way from
it are not negative. So these weights are $\mathrm{softplus}(v)$, positive for every v that training finds:

$$z_{l+1} = a_l(\mathrm{softplus}(V_l)\, z_l + D_l x + b_l), \qquad
D_l = \pm\,\mathrm{softplus}(U_l) \text{ in features with a direction, otherwise } U_l.$$

Convex activations alone would make everything convex. So every second neuron has the concave mirror image
$-\mathrm{softplus}(-z)$, except where the model is to be convex in all features. Features without a direction also pass
through a layer of tanh neurons, which bend as they like.
"""

from functools import cache, partial
from itertools import pairwise
from math import expm1, log
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.networks.layers import Dense
from mfml.numerics import sums
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.risk import metrics
from mfml.training import loop


class Layer(NamedTuple):
    """One layer, before the signs are set."""

    within: Float[Array, "h k"]  # V, from the layer before; h = 0 in the first
    across: Float[Array, "e k"]  # U, from the features, then from the neurons of free ones
    bias: Float[Array, " k"]


Params = tuple[Dense, tuple[Layer, ...]]


class Monotone(NamedTuple):
    """A trained network, and how training went."""

    free: Dense  # tanh neurons that see the free features only, as further free features; none where it is convex
    layers: tuple[Layer, ...]
    directions: Int[Array, " d"]  # 1: increasing, -1: decreasing, 0: free
    convex: Bool[Array, ""]
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    y_shift: Float[Array, ""]
    y_scale: Float[Array, ""]
    history: Float[Array, " steps"]  # mean squared error of each step's batch before its update, over the variance of y
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # a `mfml.iteration.Status`


@public
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    directions: tuple[int, ...],
    convex: bool = False,
    hidden: tuple[int, ...] = (16, 16),
    n_steps: int = 1000,
    batch_size: int | None = None,
    learning_rate: float = 3e-2,
) -> Monotone:
    """Minimize the mean squared error by Adam. The learning rate falls to 0 along a cosine.

    The directions hold for every x, also far from the data, and at every step of training. A concave function is the
    negative of a convex one of -y.

    Args:
        x: features; standardized inside.
        y: targets.
        key: for the network at the start and the order of the samples.
        directions: of each feature: 1 increasing, -1 decreasing, 0 free; static.
        convex: whether the function is convex in all features together; static.
        hidden: neurons of each hidden layer; static.
        n_steps: number of updates; static.
        batch_size: samples per step; None takes all of them; static.
        learning_rate: at the start; static.

    Raises:
        ValueError: unless shapes fit, there is a direction of 1, -1 or 0 for each feature, counts and the learning
            rate are positive, and the batch is not larger than the data.

    Source: Runje and Shankaranarayana (2023), ICML (convex and concave activations); Amos, Xu and Kolter (2017), ICML
    (convex in the inputs).

    >>> x = jnp.linspace(0.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0] ** 2, key=jax.random.key(0), directions=(1,), hidden=(4,), n_steps=100)
    >>> (jnp.diff(predict(fitted, x)) > 0).all().item()
    True
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    known = len(directions) == x.shape[1] and all(way in (-1, 0, 1) for way in directions)
    require.that(known, f"directions must have 1, -1 or 0 for each of {x.shape[1]} features; found {directions}")
    require.positive("n_steps", n_steps)
    require.flags(convex=convex)
    require.that(learning_rate > 0, f"learning_rate must be positive; found {learning_rate}")
    require.sizes(**{f"hidden[{i}]": size for i, size in enumerate(hidden)})
    for_network, for_order = jax.random.split(key)
    first = _init(x, y, for_network, directions=directions, convex=convex, hidden=hidden)
    data = (x - first.x_shift) / first.x_scale, (y - first.y_shift) / first.y_scale
    options = loop.Options(
        _loss_of(directions, convex), _adam(learning_rate, n_steps), n_steps=n_steps, batch_size=batch_size
    )
    done = loop.fit(data, key=for_order, options=options, init=(first.free, first.layers))
    free, layers = done.params
    report = {name: getattr(done, name) for name in ("history", "n_iter", "converged", "status")}
    return first._replace(free=free, layers=layers, **report)


@public
@jax.jit
def predict(model: Monotone, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Predict in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x = jnp.linspace(0.0, 1.0, 5)[:, None]
    >>> predict(fit(x, x[:, 0], key=jax.random.key(0), directions=(0,), hidden=(4,), n_steps=2), x).shape
    (5,)
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.x_shift))
    z = (x - model.x_shift) / model.x_scale
    return model.y_shift + model.y_scale * _apply((model.free, model.layers), z, model.directions, model.convex)


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def score(
    model: Monotone, x: Float[Array, "n d"], y: Float[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    """Return $R^2$ of the predictions, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: if shapes do not fit.

    >>> x = jnp.linspace(0.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0], key=jax.random.key(0), directions=(1,), hidden=(4,), n_steps=200)
    >>> (score(fitted, x, x[:, 0]) > 0.9).item()
    True
    """
    require.samples(x, y, weights)
    return metrics.r2(predict(model, x), y, weights=weights)


@partial(jax.jit, static_argnames=("directions", "convex", "hidden"))
def _init(
    x: Array, y: Array, key: Array, *, directions: tuple[int, ...], convex: bool, hidden: tuple[int, ...]
) -> Monotone:
    for_free, key = jax.random.split(key)
    width = 0 if convex or all(directions) or not hidden else hidden[0]
    free, layers = _dense(for_free, x, width), []
    sizes, ways = (0, *hidden, 1), (*directions, *[0] * width)
    d = len(ways)
    for one, (inputs, outputs) in zip(jax.random.split(key, len(sizes) - 1), pairwise(sizes), strict=True):
        draws = jax.random.normal(one, ((inputs + d + 1) * outputs,), x.dtype).reshape(inputs + d + 1, outputs)
        directed = jnp.asarray([way != 0 for way in ways])[:, None]
        across = jnp.where(directed, _before_softplus(1 / d**0.5) + draws[inputs:-1], draws[inputs:-1] / d**0.5)
        within = _before_softplus(1 / max(inputs, 1)) + draws[:inputs]  # positive weights add up: no root
        layers.append(Layer(within, across, draws[-1]))  # kinks at different places
    x_scale, y_scale = (jnp.where(scale == 0, 1.0, scale) for scale in (sums.std(x), sums.std(y)))
    none = jnp.zeros(0, x.dtype)
    shifts = sums.mean(x), x_scale, sums.mean(y), y_scale
    unused = none, jnp.zeros((), int), jnp.zeros((), bool), jnp.zeros((), int)
    return Monotone(free, tuple(layers), jnp.asarray(directions), jnp.asarray(convex), *shifts, *unused)


def _dense(key: Array, x: Array, width: int) -> Dense:
    shape = x.shape[1] + 1, width
    draws = jax.random.normal(key, (shape[0] * width,), x.dtype).reshape(shape)
    return Dense(draws[:-1], draws[-1])


def _before_softplus(weight: float) -> float:
    return log(expm1(weight))


def _apply(params: Params, z: Array, directions: Array, convex: Array) -> Array:
    free, layers = params
    bent = jnp.tanh(z @ jnp.where(directions[:, None] == 0, free.weight, 0.0) + free.bias)
    z = jnp.concatenate([z, bent], axis=1)
    ways = jnp.concatenate([directions, jnp.zeros(bent.shape[1], directions.dtype)])[:, None]
    state = z[:, :0]
    for number, layer in enumerate(layers):
        across = jnp.where(ways == 0, layer.across, ways * jax.nn.softplus(layer.across))
        total = state @ jax.nn.softplus(layer.within) + z @ across + layer.bias
        if number == len(layers) - 1:
            return total[:, 0]
        concave = (jnp.arange(total.shape[1]) % 2 == 1) & ~convex
        sign = jnp.where(concave, -1.0, 1.0).astype(total.dtype)
        state = sign * (jax.nn.softplus(sign * total) - log(2.0))  # 0 at 0, so that layers do not add up
    raise AssertionError("a network has a layer")


@cache
def _loss_of(directions: tuple[int, ...], convex: bool) -> loop.Loss:
    """The same object for the same options, so that `loop.fit` compiles once."""

    def loss(params: Params, batch: tuple[Array, Array], _: Array) -> Array:
        z, y = batch
        return jnp.mean((_apply(params, z, jnp.asarray(directions), jnp.asarray(convex)) - y) ** 2)

    return loss


@cache
def _adam(learning_rate: float, n_steps: int) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_decay_schedule(learning_rate, n_steps))
