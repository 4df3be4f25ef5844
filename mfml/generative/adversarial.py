r"""Losses of generative adversarial networks (GANs). Shapes: n scores of the discriminator.

The discriminator gives each sample a score: high if it looks real. It is trained to tell real samples from generated
ones, the generator to raise the scores of what it makes. With scores r of real and g of generated samples:

| kind | discriminator | generator |
| --- | --- | --- |
| non_saturating | mean softplus(-r) + mean softplus(g) | mean softplus(-g) |
| least_squares | mean (r - 1)^2 / 2 + mean g^2 / 2 | mean (g - 1)^2 / 2 |
| hinge | mean max(0, 1 - r) + mean max(0, 1 + g) | -mean g |

Source: Goodfellow et al. (2014); Mao et al. (2017); Lim and Ye (2017).
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.networks import activations, mlp

KINDS = ("non_saturating", "least_squares", "hinge")
SLOPE = 0.2  # of the discriminator's leaky rectifiers


@public
@partial(jax.jit, static_argnames="kind")
def discriminator_loss(
    real: Float[Array, " n"], generated: Float[Array, " m"], *, kind: str = "non_saturating"
) -> Float[Array, ""]:
    r"""Loss of the discriminator from its scores, see the module. Scores are logits for "non_saturating".

    Without knowledge (all scores 0) it is 2 log 2, or 1/2, or 2.

    Raises:
        ValueError: for an unknown kind, and unless both have one axis with an entry.

    >>> round(discriminator_loss(jnp.zeros(3), jnp.zeros(2)).item(), 4)  # 2 log 2
    1.3863
    """
    require.one_of("kind", kind, KINDS)
    _check(real=real, generated=generated)
    if kind == "least_squares":
        return 0.5 * jnp.mean((real - 1) ** 2) + 0.5 * jnp.mean(generated**2)
    if kind == "hinge":
        return jnp.mean(activations.relu(1 - real)) + jnp.mean(activations.relu(1 + generated))
    return jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(generated))


@public
@partial(jax.jit, static_argnames="kind")
def generator_loss(generated: Float[Array, " m"], *, kind: str = "non_saturating") -> Float[Array, ""]:
    """Loss of the generator from the scores of what it made, see the module.

    Non-saturating: where the discriminator is sure, its gradient does not vanish, unlike that of mean -softplus(g).

    Raises:
        ValueError: for an unknown kind, and unless there is one axis with an entry.

    >>> round(generator_loss(jnp.zeros(2)).item(), 4)  # log 2
    0.6931
    """
    require.one_of("kind", kind, KINDS)
    _check(generated=generated)
    if kind == "least_squares":
        return 0.5 * jnp.mean((generated - 1) ** 2)
    return -jnp.mean(generated) if kind == "hinge" else jnp.mean(jax.nn.softplus(-generated))


@public
@jax.jit
def scores(discriminator: mlp.Network, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Scores of samples: a network with leaky rectifiers and one output.

    Raises:
        ValueError: unless x has the network's inputs, and the network has one output.

    >>> network = mlp.init(key=jax.random.key(0), sizes=(2, 4, 1))
    >>> scores(network, jnp.ones((3, 2))).shape
    (3,)
    """
    outputs = len(discriminator[-1].bias)
    require.that(outputs == 1, f"discriminator must have one output; found {outputs}")
    for layer in discriminator[:-1]:
        x = activations.leaky_relu(mlp.dense(layer, x), slope=SLOPE)
    return mlp.dense(discriminator[-1], x)[:, 0]


@public
@jax.jit
def gradient_penalty(discriminator: mlp.Network, x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""R1 penalty $\tfrac12 \mathrm{mean}\, \|\nabla_x D(x)\|^2$ at real samples.

    It keeps the discriminator smooth there: training converges near an optimum that it would otherwise circle around.

    Raises:
        ValueError: as `scores`; without a sample.

    Source: Mescheder, Geiger and Nowozin (2018), equation 9.

    >>> network = (mlp.Dense(jnp.array([[3.0], [4.0]]), jnp.zeros(1)),)
    >>> gradient_penalty(network, jnp.ones((5, 2))).item()
    12.5
    """
    require.that(x.size > 0, f"x must hold at least one sample; found shape {x.shape}")
    slopes = jax.grad(lambda x: jnp.sum(scores(discriminator, x)))(x)
    slopes = jnp.where(jnp.isnan(x), x, slopes)  # a rectifier has a slope even there
    return 0.5 * jnp.mean(jnp.sum(slopes**2, axis=1))


def _check(**named: Array) -> None:
    for name, value in named.items():
        require.rank(name, value, 1)
        require.that(len(value) > 0, f"{name} must hold at least one score; found shape {value.shape}")
