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
    "cooling",
    "creep",
    "creep_rates",
    "driven_pendulum",
    "exponential_model",
    "fading_wave",
    "labeled_noise_model",
    "linear_model",
    "linear_noise_model",
    "lopsided_error",
    "mountain",
    "noise_model",
    "plate_network",
    "reaction",
    "ringing",
    "squared_error",
    "tanh_network",
    "velocity_network",
    "waves",
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


def tanh_network(params: Float[Array, "3 h"], t: Float[Array, ""]) -> Float[Array, ""]:
    """Predict a displacement at one time, as a network with one hidden layer does."""
    return params[2] @ jnp.tanh(params[0] * t + params[1])


def ringing(params: Float[Array, " 4"], t: Float[Array, ""]) -> Float[Array, ""]:
    """Return the displacement of a beam that rings, with this amplitude, decay, frequency and phase."""
    return params[0] * jnp.exp(-params[1] * t) * jnp.cos(params[2] * t + params[3])


def plate_network(params: Float[Array, "4 h"], x: Float[Array, ""], t: Float[Array, ""]) -> Float[Array, ""]:
    """Predict a concentration at one place and time, as a network with one hidden layer does."""
    return params[3] @ jnp.tanh(params[0] * x + params[1] * t + params[2])


def fading_wave(params: Float[Array, " 4"], x: Float[Array, ""], t: Float[Array, ""]) -> Float[Array, ""]:
    """Return a wave in x that fades, with this amplitude, decay, wave number and phase."""
    return params[0] * jnp.exp(-params[1] * t) * jnp.sin(params[2] * x + params[3])


def driven_pendulum(t: Float[Array, ""], y: Float[Array, " 2"]) -> Float[Array, " 2"]:
    """Return how fast angle and speed of a pendulum change that is pushed to and fro."""
    return jnp.stack([y[1], jnp.cos(2 * t) - jnp.sin(y[0]) - 0.3 * y[1]])


def cooling(t: Float[Array, ""], y: Float[Array, " d"]) -> Float[Array, " d"]:
    """Return how fast temperatures change that fall, and are heated now and then."""
    return jnp.sin(3 * t) - 0.5 * y * jnp.abs(y)


def velocity_network(params: Float[Array, "2 d d"], y: Float[Array, " d"]) -> Float[Array, " d"]:
    """Predict how fast a state changes, as a network with one hidden layer does."""
    return params[1] @ jnp.tanh(params[0] @ y)


def reaction(params: Float[Array, "d d"], y: Float[Array, " d"]) -> Float[Array, " d"]:
    """Return how fast amounts of substances change that turn into each other at these rates."""
    return params @ y


def waves(x: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Predict a property of each row: a wave of each feature, and the product of all."""
    return jnp.sin(x) @ jnp.arange(1.0, x.shape[1] + 1) + jnp.prod(x, axis=1)


def creep(point: Float[Array, " 2"]) -> Float[Array, ""]:
    """Predict how fast steel creeps, in 1/s, from temperature in K and stress in MPa."""
    return 1e-6 * jnp.exp(-1500 / point[0]) * (point[1] / 100) ** 2


def creep_rates(x: Float[Array, "n 2"]) -> Float[Array, " n"]:
    """Predict how fast steel creeps, in 1/s, from rows of temperature in K and stress in MPa."""
    return creep(x.T)
