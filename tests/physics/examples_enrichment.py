"""One example of every public function of data enrichment."""

import jax
import jax.numpy as jnp

from mfml.physics import differences, dimensions, fourier, orientations, sobolev
from tests.contract import Example

N, D = 6, 2


def signal(key, n=8):
    return jax.random.normal(key, (n,))


def signals(key):
    return {"y": jax.random.normal(key, (2, 7))}


def curve(key):
    return {"y": signal(key), "x": jnp.cumsum(0.2 + jax.random.uniform(key, (8,)))}


def with_slopes(key):
    x, y, slopes = (
        jax.random.normal(k, s) for k, s in zip(jax.random.split(key, 3), [(N, D), (N,), (N, D)], strict=True)
    )
    return {"x": x, "y": y, "slopes": slopes, "scale": jnp.array([0.5, 2.0])}


def quadratic(x):
    return jnp.concatenate([jnp.ones(1, x.dtype), x, x**2])


def bowl(x):
    return jnp.sum(x**2) + x[0]


def images(key):
    return {"images": jax.random.uniform(key, (3, 4, 4))}


def rows(pictures):
    return pictures[:, :, 0]


EXAMPLES = [
    Example(
        fourier.spectrum,
        lambda key: {"y": signal(key), "spacing": jnp.array(0.5)},
        gradient=("y",),
        units=({"y": 1}, {"spacing": 1}),
    ),
    Example(fourier.spectrum, signals, {"window": "hann"}, gradient=("y",)),
    Example(fourier.features, signals, {"n_modes": 2}, gradient=("y",)),
    Example(
        fourier.derivative,
        lambda key: {"y": signal(key), "length": jnp.array(0.5)},
        gradient=("y", "length"),
        units=({"y": 1}, {"length": 1}),
    ),
    Example(fourier.derivative, signals, {"order": 2, "length": 1.0}, gradient=("y",)),
    Example(
        differences.gradient,
        curve,
        gradient=("y", "x"),
        units=({"y": 1}, {"x": 1}),
        origins=(("y",), ("x",)),
    ),
    Example(
        differences.savitzky_golay,
        lambda key: {"y": signal(key), "spacing": jnp.array(0.5)},
        {"window": 5, "degree": 2, "order": 1},
        gradient=("y", "spacing"),
        units=({"y": 1}, {"spacing": 1}),
    ),
    Example(differences.savitzky_golay, lambda key: {"y": signal(key)}, {"window": 3, "degree": 1}, gradient=("y",)),
    Example(
        sobolev.enrich,
        with_slopes,
        {"basis": quadratic},
        gradient=("x", "y", "slopes", "scale"),
    ),
    Example(
        sobolev.risk,
        with_slopes,
        {"function": bowl},
        gradient=("x", "y", "slopes", "scale"),
    ),
    # How many groups there are depends on the values: not for compiled code.
    Example(dimensions.groups, lambda key: {"exponents": jnp.array([[1, 0, 0, 1], [-3, 1, 1, -1]])}, jit=False),
    Example(
        dimensions.dimensionless,
        lambda key: {"values": jnp.exp(jax.random.normal(key, (3, 4))), "exponents": jnp.array([[1, 1, 0, -2.0]])},
        gradient=("values",),
        batched=("values",),
        units=({"values": 1},),
    ),
    Example(orientations.all_of, images, gradient=("images",)),
    Example(orientations.average, images, {"function": rows}, gradient=("images",)),
]
