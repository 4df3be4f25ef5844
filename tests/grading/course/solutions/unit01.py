"""A small sheet for the grader's own tests."""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, squared_error
from mfml.grading.key.specification import exercise


@exercise(points=3, hints=("a", "b", "c"), why="Doubling matters.", seconds=4.0)
def double(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Twice a vector."""
    return 2 * x


@double.inputs("three numbers", points=1)
def _(key):
    return dict(x=jnp.array([1.0, -2.0, 3.5]))


@double.inputs("a random vector", points=1, hidden=True)
def _(key):
    return dict(x=jax.random.normal(key, (5,)))


@double.mistake("You squared x: multiply it by 2.")
def _(x):
    return x**2


@double.mistake("You halved x: multiply it by 2 instead of dividing.")
def _(x):
    return x / 2


@exercise(points=5, hints=("a", "b", "c"), why="Losses matter.", seconds=4.0)
def total_loss(
    weights: dict[str, Array], x: Float[Array, "n d"], loss: object, scale: float = 1.0, kind: str = "sum"
) -> Float[Array, ""]:
    """Total loss of a linear model."""
    losses = loss(x @ weights["w"] + weights["b"], jnp.zeros(x.shape[0]))
    return scale * (jnp.sum(losses) if kind == "sum" else jnp.mean(losses))


def _weights(key):
    return {"w": jax.random.normal(key, (2,)), "b": jnp.array(0.5)}


@total_loss.inputs("a sum", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(weights=_weights(a), x=jax.random.normal(b, (4, 2)), loss=squared_error, scale=2.0)


@total_loss.inputs("a mean", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(weights=_weights(a), x=jax.random.normal(b, (4, 2)), loss=squared_error, kind="mean")


@total_loss.inputs("the gradient", points=1, call="grad", over="weights")
def _(key):
    a, b = jax.random.split(key)
    return dict(weights=_weights(a), x=jax.random.normal(b, (4, 2)), loss=squared_error)


@total_loss.inputs("a batch", points=1, call="vmap", over="x", hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(weights=_weights(a), x=jax.random.normal(b, (3, 4, 2)), loss=squared_error)


@total_loss.mistake("You forgot the bias.")
def _(weights, x, loss, scale=1.0, kind="sum"):
    return total_loss({**weights, "b": 0.0 * weights["b"]}, x, loss, scale, kind)


@total_loss.mistake("You forgot the scale.")
def _(weights, x, loss, scale=1.0, kind="sum"):
    return total_loss(weights, x, loss, 1.0, kind) * jnp.where(scale == 1.0, -1.0, 1.0)


@exercise(points=3, hints=("a", "b", "c"), why="Draws matter.", compare=("close", "up to sign"), seconds=4.0)
def draw(key: Array, n: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Noise, and a direction."""
    noise = jax.random.normal(key, (n,), dtype=jnp.float32)
    return noise, noise / jnp.linalg.norm(noise)


@draw.inputs("four numbers", points=2)
def _(key):
    return dict(key=key, n=4)


@draw.mistake("You drew uniform numbers: the noise is normal.")
def _(key, n):
    noise = jax.random.uniform(key, (n,), dtype=jnp.float32)
    return noise, noise / jnp.linalg.norm(noise)


@draw.mistake("You did not normalize the direction.")
def _(key, n):
    noise = jax.random.normal(key, (n,), dtype=jnp.float32)
    return noise, noise
