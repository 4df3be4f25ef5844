"""What every exercise may import: names of array types, and functions that exercises receive as arguments.

`from exercises.given import Array, Float` works in every exercise file. This file is not part of an answer:
grading uses its own copy.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

__all__ = [
    "Array",
    "Bool",
    "Float",
    "Int",
    "Key",
    "banana",
    "exponential_model",
    "labeled_noise_model",
    "linear_model",
    "linear_noise_model",
    "lopsided_error",
    "mountain",
    "noise_model",
    "squared_error",
]


def linear_model(weights: Float[Array, " d"], x: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Predict `x @ weights`."""
    return x @ weights


def squared_error(prediction: Float[Array, " n"], target: Float[Array, " n"]) -> Float[Array, " n"]:
    """Return the squared error of each sample."""
    return (prediction - target) ** 2


def exponential_model(weights: Float[Array, " d"], x: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Predict `exp(x @ weights)`."""
    return jnp.exp(x @ weights)


def lopsided_error(prediction: Float[Array, " n"], target: Float[Array, " n"]) -> Float[Array, " n"]:
    """Return the absolute error of each sample, tripled where the prediction is too low."""
    return jnp.maximum(prediction - target, 3 * (target - prediction))


def banana(point: Float[Array, " d"]) -> Float[Array, ""]:
    """Return the height of Rosenbrock's curved valley, made less steep; its minimum is at (1, ..., 1)."""
    return jnp.sum(5 * (point[1:] - point[:-1] ** 2) ** 2 + (1 - point[:-1]) ** 2)


def mountain(point: Float[Array, " d"]) -> Float[Array, ""]:
    """Return the height of a landscape of waves with hills, valleys and saddles."""
    return jnp.sum(jnp.sin(point) * jnp.arange(1.0, len(point) + 1)) + jnp.prod(jnp.cos(point))


def noise_model(noisy: Float[Array, "n d"], t: Int[Array, " n"]) -> Float[Array, "n d"]:
    """Guess the noise in samples at times t, as an untrained network does."""
    return jnp.tanh(noisy + 0.1 * t[:, None])


def labeled_noise_model(
    noisy: Float[Array, "n d"], t: Int[Array, " n"], labels: Int[Array, " n"]
) -> Float[Array, "n d"]:
    """Guess the noise in samples of these classes at times t, as an untrained network does."""
    return jnp.sin(noisy + (0.1 * t + labels)[:, None])


def linear_noise_model(
    noisy: Float[Array, "n d"], t: Int[Array, " n"], labels: Int[Array, " n"] | int = 0
) -> Float[Array, "n d"]:
    """Guess the noise, with or without classes, as a fraction of the samples that depends on time and class."""
    return noisy / (2.0 + t + labels)[:, None]
