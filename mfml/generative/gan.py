r"""Generative adversarial networks (GANs). Shapes: n samples, d features, k latent coordinates.

A generator turns normal noise into samples; a discriminator learns to tell them from data, and the generator learns to
deceive it (`adversarial` has the losses). Each step improves the discriminator first, then the generator, with a new
draw for each. Both losses go up and down with the other network, so neither tells how good the samples are: look at
`fidelity.diagnose`, which finds the usual failure, a generator that makes few kinds of samples. There is no density;
for an estimate from samples see `evaluation.kernel_log_prob`.

Source: Goodfellow et al. (2014).
"""

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
from mfml.generative import adversarial, standard
from mfml.iteration import Status
from mfml.networks import mlp
from mfml.numerics.domain import SHARE, checked
from mfml.training import averaging, batches

MOMENTUM = 0.5  # of Adam; the usual 0.9 follows the other network too slowly


class Network(NamedTuple):
    """Both networks, and the units in which they work."""

    generator: mlp.Network  # from noise to samples; rectifiers between its layers
    discriminator: mlp.Network  # from samples to scores, see `adversarial.scores`
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]


class GAN(NamedTuple):
    """A trained generator and its opponent, and how training went."""

    generator: mlp.Network  # these four as in `Network`
    discriminator: mlp.Network
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    generator_history: Float[Array, " steps"]  # loss of the generator BEFORE its update, after the discriminator's
    history: Float[Array, " steps"]  # loss of the discriminator on each step's batch BEFORE its update
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near an equilibrium is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


class State(NamedTuple):
    """What a step changes."""

    generator: mlp.Network
    discriminator: mlp.Network
    of_generator: Any  # moments of Adam
    of_discriminator: Any


Model = Network | GAN


@public
@partial(jax.jit, static_argnames=("n_components", "hidden"))
def init(
    x: Float[Array, "n d"], *, key: Key[Array, ""], n_components: int = 2, hidden: tuple[int, ...] = (64, 64)
) -> Network:
    """Measure the units of the data, and draw a generator and a discriminator with the same hidden layers.

    Args:
        x: samples.
        key: for the weights.
        n_components: k, coordinates of the noise; static.
        hidden: neurons of each hidden layer; static.

    Raises:
        ValueError: unless there is a sample and sizes are positive.

    >>> model = init(jnp.ones((4, 3)), key=jax.random.key(0), hidden=(5,))
    >>> [layer.weight.shape for layer in model.generator + model.discriminator]
    [(2, 5), (5, 3), (3, 5), (5, 1)]
    """
    require.rank("x", x, 2)
    d, dtype = x.shape[1], x.dtype.type
    first, second = jax.random.split(key)
    generator = mlp.init(key=first, sizes=(n_components, *hidden, d), dtype=dtype)
    discriminator = mlp.init(key=second, sizes=(d, *hidden, 1), dtype=dtype)
    return Network(generator, discriminator, *standard.measured(x))


@public
@jax.jit
def generate(model: Model, z: Float[Array, "n k"]) -> Float[Array, "n d"]:
    """Samples that the generator makes of noise, in units of x.

    Raises:
        ValueError: unless z has the coordinates of the noise.

    >>> generate(init(jnp.ones((4, 3)), key=jax.random.key(0)), jnp.zeros((5, 2))).shape
    (5, 3)
    """
    require.rank("z", z, 2)
    require.columns("z", z, len(model.generator[0].weight))
    return model.x_shift + model.x_scale * mlp.apply(model.generator, z)


@public
@partial(jax.jit, static_argnames="n_samples")
def sample(model: Model, *, key: Key[Array, ""], n_samples: int) -> Float[Array, "n d"]:
    """Draw standard normal noise, and let the generator turn it into samples; the number is static.

    Raises:
        ValueError: unless n_samples >= 1.

    >>> sample(init(jnp.ones((4, 3)), key=jax.random.key(0)), key=jax.random.key(1), n_samples=5).shape
    (5, 3)
    """
    require.positive("n_samples", n_samples)
    return generate(model, _noise(model.generator, key, n_samples))


@public
@partial(jax.jit, static_argnames="kind")
def step(
    state: State,
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    kind: str = "non_saturating",
    penalty: ArrayLike = 0.0,
    learning_rate: ArrayLike = 1e-3,
) -> tuple[State, Float[Array, ""], Float[Array, ""]]:
    """Improve the discriminator on a batch of real and as many generated samples, then the generator on new ones.

    Returns the state, and the losses of the discriminator and of the generator before their updates. Samples are in the
    units of the networks, with mean 0 and variance 1. Options as in `fit`.

    Raises:
        ValueError: for an unknown kind, or if shapes do not fit.

    Source: Goodfellow et al. (2014), algorithm 1.

    >>> model = init(jnp.ones((4, 3)), key=jax.random.key(0))
    >>> _, first, second = step(start(model), jnp.zeros((4, 3)), key=jax.random.key(1))
    >>> first.shape, second.shape
    ((), ())
    """
    adam = optax.adam(learning_rate, b1=MOMENTUM)
    for_discriminator, for_generator = jax.random.split(key)
    generated = mlp.apply(state.generator, _noise(state.generator, for_discriminator, len(x)))

    def to_tell_apart(discriminator: mlp.Network) -> Array:
        real, made = (adversarial.scores(discriminator, samples) for samples in (x, generated))
        smooth = adversarial.gradient_penalty(discriminator, x)
        return adversarial.discriminator_loss(real, made, kind=kind) + penalty * smooth

    def to_deceive(generator: mlp.Network) -> Array:
        made = mlp.apply(generator, _noise(generator, for_generator, len(x)))
        return adversarial.generator_loss(adversarial.scores(discriminator, made), kind=kind)

    loss, slope = jax.value_and_grad(to_tell_apart)(state.discriminator)
    updates, of_discriminator = adam.update(slope, state.of_discriminator)
    discriminator = optax.apply_updates(state.discriminator, updates)
    of_deceiving, slope = jax.value_and_grad(to_deceive)(state.generator)
    updates, of_generator = adam.update(slope, state.of_generator)
    generator = optax.apply_updates(state.generator, updates)
    return State(generator, discriminator, of_generator, of_discriminator), loss, of_deceiving


@public
@jax.jit
def start(model: Model) -> State:
    """State before the first step.

    >>> start(init(jnp.ones((4, 3)), key=jax.random.key(0))).generator[0].weight.shape
    (2, 64)
    """
    adam = optax.adam(1.0)  # its state does not depend on the rate
    return State(model.generator, model.discriminator, adam.init(model.generator), adam.init(model.discriminator))


@public
@checked(decay=SHARE)
@partial(jax.jit, static_argnames=("kind", "batch_size", "n_steps"))
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    init: Model,
    kind: str = "non_saturating",
    penalty: ArrayLike = 0.3,
    learning_rate: ArrayLike = 1e-3,
    batch_size: int | None = None,
    n_steps: int = 2000,
    decay: ArrayLike = 0.99,
) -> GAN:
    """Train both networks, one after the other in each step, by Adam; all steps are one compiled loop.

    The two never come to rest: they circle around an equilibrium. So the generator that comes out is the average over
    the last steps, see `training.averaging`.

    Args:
        x: samples.
        key: for the order of the samples and the noise.
        init: networks to start from: by the function `init`, or from an earlier fit.
        kind: of the loss, one of `adversarial.KINDS`; static.
        penalty: factor of `adversarial.gradient_penalty`; 0 for none.
        learning_rate: of both networks.
        batch_size: real samples per step, and as many generated ones; all by default; static.
        n_steps: number of steps; static.
        decay: of the average, from 0 to 1: about 1 / (1 - decay) steps count; 0 takes the last step, 1 the mean of all.

    Raises:
        ValueError: unless shapes fit the networks, there is a sample, sizes are in range, the kind is known, and the
            decay is between 0 and 1 (NaN where traced).

    Source: Goodfellow et al. (2014); Kingma and Ba (2015), Adam; the average: Yazıcı et al. (2019).

    >>> x = jax.random.normal(jax.random.key(0), (100, 2))
    >>> model = fit(x, key=jax.random.key(1), init=init(x, key=jax.random.key(2), hidden=(8,)), n_steps=3)
    >>> model.history.shape, model.generator_history.shape
    ((3,), (3,))
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(init.x_shift))
    n = len(x)
    require.that(n > 0, f"x must hold at least one sample; found shape {x.shape}")
    require.positive("n_steps", n_steps)
    size = n if batch_size is None else batch_size
    require.between("batch_size", size, 1, n)
    for_order, for_noise = jax.random.split(key)
    zero = jnp.zeros((), int)
    rows = batches.rows(zero, zero, key=for_order, n=n, batch_size=size, n_batches=n_steps)
    x = (x - init.x_shift) / init.x_scale
    one = partial(step, kind=kind, penalty=penalty, learning_rate=jnp.asarray(learning_rate, x.dtype))

    def body(carry: tuple, given: tuple[Array, Array, Array]) -> tuple[tuple, tuple[Array, Array]]:
        state, average = carry
        state, *losses = one(state, x[given[0]], key=given[1])
        share = averaging.share(decay, given[2]).astype(x.dtype)
        average = jax.tree.map(lambda old, new: old + (new - old) * share, average, state.generator)
        return (state, average), tuple(losses)

    steps = rows, jax.random.split(for_noise, n_steps), jnp.arange(1, n_steps + 1)
    (done, average), (history, other) = lax.scan(body, (start(init), init.generator), steps)
    sound = jnp.isfinite(history).all() & jnp.isfinite(other).all()
    status = jnp.where(sound, int(Status.FINISHED), int(Status.NON_FINITE))
    units, never = (init.x_shift, init.x_scale), jnp.zeros((), bool)
    return GAN(average, done.discriminator, *units, other, history, jnp.asarray(n_steps), never, status)


def _noise(generator: mlp.Network, key: Array, n: int) -> Array:
    weight = generator[0].weight
    return jax.random.normal(key, (n, len(weight)), weight.dtype)
