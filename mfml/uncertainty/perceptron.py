r"""What the networks of this unit share: units, losses, outputs and training. Shapes: n and m samples, d features.

A network is trained on standardized features, and on standardized targets for regression. Hidden layers have the
activation $z\,\sigma(z)$ (SiLU): it is smooth, and grows without bound, so what a network does not know may grow too.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key, Num, PyTree

from mfml import require
from mfml.entrance import public
from mfml.generative import standard
from mfml.networks import activations, mlp
from mfml.networks.layers import Dense, dense
from mfml.numerics import scaling
from mfml.probability import likelihood
from mfml.training import loop

ACTIVATION = "silu"
KINDS = ("mean", "normal", "classes")
AS_LARGE_AS_Y = math.log(math.e - 1)  # softplus makes 1 of it
SMALLEST_STD = 1e-3  # of predicted noise, in standard deviations of y: it keeps the noise from shrinking onto a sample


class Plan(NamedTuple):
    """What compiled code depends on beside the shapes of the data; static."""

    kind: str
    n_classes: int  # 0 unless kind is `classes`
    hidden: tuple[int, ...]
    n_steps: int
    batch_size: int | None


class Standardized(NamedTuple):
    """Data in the units in which a network works, and these units."""

    z: Float[Array, "n d"]
    target: Num[Array, " n"]  # labels as they are
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    y_shift: Float[Array, ""] | None  # None for classes
    y_scale: Float[Array, ""] | None


@public
@partial(jax.jit, static_argnames="kind")
def standardized(x: Float[Array, "n d"], y: Num[Array, " n"], *, kind: str) -> Standardized:
    """Bring features to mean 0 and standard deviation 1, and targets unless they are classes.

    Raises:
        ValueError: unless shapes fit, there is a sample, and the kind is known.

    >>> found = standardized(jnp.array([[1.0], [3.0]]), jnp.array([0, 4]), kind="mean")
    >>> found.target.tolist(), found.y_scale.item()
    ([-1.0, 1.0], 2.0)
    """
    require.one_of("kind", kind, KINDS)
    require.rank("x", x, 2)
    require.samples(x, y)
    shift, scale = standard.measured(x)
    z = (x - shift) / scale
    if kind == "classes":
        return Standardized(z, y, shift, scale, None, None)
    y = y.astype(x.dtype)
    y_shift, y_scale = standard.measured(y)
    return Standardized(z, (y - y_shift) / y_scale, shift, scale, y_shift, y_scale)


@public
def init(*, key: Key[Array, ""], n_features: int, plan: Plan, dtype: type = float) -> mlp.Network:
    """Draw a network: one output for the mean, two for a mean and noise, or one for each class.

    Noise starts as that of y everywhere: where it started small, a few errors would decide the first steps.

    Raises:
        ValueError: for an unknown kind, or a size below 1.

    >>> init(key=jax.random.key(0), n_features=3, plan=Plan("normal", 0, (4,), 1, None))[-1].weight.shape
    (4, 2)
    """
    require.one_of("kind", plan.kind, KINDS)
    n_outputs = {"mean": 1, "normal": 2, "classes": plan.n_classes}[plan.kind]
    network = mlp.init(key=key, sizes=(n_features, *plan.hidden, n_outputs), scheme="he", dtype=dtype)
    if plan.kind != "normal":
        return network
    weight, bias = network[-1]
    return (*network[:-1], Dense(weight.at[:, 1].set(0.0), bias.at[1].set(AS_LARGE_AS_Y)))


@public
def features(network: mlp.Network, z: Float[Array, "n d"]) -> Float[Array, "n h"]:
    """Activations of the last hidden layer for standardized samples; without hidden layers the samples themselves.

    Raises:
        ValueError: unless z has a column for each input.

    >>> network = init(key=jax.random.key(0), n_features=3, plan=Plan("mean", 0, (4,), 1, None))
    >>> features(network, jnp.ones((2, 3))).shape
    (2, 4)
    """
    for layer in network[:-1]:
        z = activations.apply(dense(layer, z), activation=ACTIVATION)
    return z


@public
def outputs(network: mlp.Network, z: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """Outputs of a network for standardized samples.

    Raises:
        ValueError: unless z has a column for each input.

    >>> network = init(key=jax.random.key(0), n_features=3, plan=Plan("mean", 0, (4,), 1, None))
    >>> outputs(network, jnp.ones((2, 3))).shape
    (2, 1)
    """
    return mlp.apply(network, z, activation=ACTIVATION)


@public
def loss(output: Float[Array, "n k"], y: Num[Array, " n"], *, kind: str, beta: ArrayLike = 0.0) -> Float[Array, ""]:
    r"""Mean loss: the squared error, the Gaussian negative log-likelihood, or the cross-entropy of classes, in nats.

    For `normal` each sample's loss is multiplied by $\sigma^{2 \beta}$, which counts as a constant for derivatives. For
    $\beta = 0$ it is the likelihood itself. It neglects samples that the network calls noisy, since errors of the mean
    are divided by $\sigma^2$. For $\beta = 1$ the mean learns as from squared errors; 0.5 is a good choice.

    The noise is never below `SMALLEST_STD`, or it would shrink onto single samples and the likelihood grow without end.

    Raises:
        ValueError: unless shapes fit and the kind is known.

    Source: Seitzer et al. (2022); Nix and Weigend (1994).

    >>> loss(jnp.array([[1.0], [3.0]]), jnp.array([0.0, 1.0]), kind="mean").item()
    2.5
    """
    require.one_of("kind", kind, KINDS)
    require.same_length(output=output, y=y)
    if kind == "classes":
        known = (y >= 0) & (y < output.shape[1])
        target = jnp.where(known[:, None], jax.nn.one_hot(y, output.shape[1], dtype=output.dtype), jnp.nan)
        return -jnp.mean(jnp.sum(target * jax.nn.log_softmax(output), axis=1))
    if kind == "mean":
        return jnp.mean((output[:, 0] - y) ** 2)
    std = _noise(output)
    factor = jax.lax.stop_gradient(std) ** (2 * jnp.asarray(beta, std.dtype))
    return jnp.mean(factor * likelihood.gaussian_nll(y.astype(std.dtype), output[:, 0], std))


@public
def moments(
    output: Float[Array, "*n k"],
    y_shift: Float[Array, ""] | None,
    y_scale: Float[Array, ""] | None,
    *,
    noise_std: Float[Array, "*s"] | None = None,
) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    """Mean and standard deviation of the noise, in units of y, from one output or two.

    `noise_std` is that of a network without a second output; it broadcasts over samples.

    Raises:
        ValueError: for the outputs of a classifier, which have no units.

    >>> one = jnp.ones(())
    >>> [part.tolist() for part in moments(jnp.array([[2.0]]), one, 3 * one, noise_std=one)]
    [[7.0], [1.0]]
    """
    if y_shift is None or y_scale is None:
        raise ValueError("model must predict numbers; this one predicts classes: see probabilities")
    mean = y_shift + y_scale * output[..., 0]
    std = y_scale * _noise(output) if noise_std is None else jnp.broadcast_to(noise_std[..., None], mean.shape)
    return mean, std


def _noise(output: Array) -> Array:
    return SMALLEST_STD + jax.nn.softplus(output[..., 1])


@public
def train(
    data: PyTree,
    *,
    key: Key[Array, ""],
    init: PyTree,
    loss: Callable[[PyTree, PyTree, Array], Array],
    plan: Plan,
    learning_rate: ArrayLike = 1e-2,
) -> loop.Trained:
    """Train by Adam, whose rate falls to 0 along a cosine; see `mfml.training.loop.fit`.

    Call it within compiled code only: outside it would compile again for each call.

    Raises:
        ValueError: unless there is a step, and the batch is not larger than the data.

    >>> error = lambda w, batch, key: jnp.mean((w - batch) ** 2)
    >>> steps = {"learning_rate": 0.1, "plan": Plan("mean", 0, (), n_steps=300, batch_size=None)}
    >>> found = train(jnp.ones(4), key=jax.random.key(0), init=jnp.array(0.0), loss=error, **steps)
    >>> round(found.params.item(), 2)
    1.0
    """
    require.positive("n_steps", plan.n_steps)
    rate = jnp.asarray(learning_rate, jax.tree.leaves(init)[0].dtype)
    fraction = optax.cosine_decay_schedule(1.0, plan.n_steps)
    optimizer = optax.adam(lambda count: rate * fraction(count))
    options = loop.Options(loss, optimizer, n_steps=plan.n_steps, batch_size=plan.batch_size)
    return loop.fit(data, key=key, options=options, init=init)


@public
@jax.jit
def residual_std(output: Float[Array, "n k"], y: Float[Array, " n"], *, y_scale: Float[Array, ""]) -> Float[Array, ""]:
    """Root mean square of the errors on standardized targets, in units of y.

    On the samples of the training it is too small where a network fits their noise, too.

    >>> round(residual_std(jnp.array([[1.0], [-1.0]]), jnp.zeros(2), y_scale=jnp.array(3.0)).item(), 4)
    3.0
    """
    return y_scale * scaling.length(output[:, 0] - y) / len(y) ** 0.5
