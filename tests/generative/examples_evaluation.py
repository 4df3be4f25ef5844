"""One example of every public function of GANs and of what compares samples with data."""

import jax
import jax.numpy as jnp

from mfml.generative import adversarial, evaluation, fidelity, frechet, gan
from mfml.networks import mlp
from mfml.probability.gaussian import Gaussian
from tests.contract import Example

N, D = 12, 2


def cloud(key, n=N, d=D):
    return jax.random.normal(key, (n, d))


def pair(key):
    return {"x": cloud(key), "y": cloud(jax.random.fold_in(key, 1)) + 0.5}


def bell(key, d=D):
    a = cloud(key, d, d)
    return Gaussian(cloud(key)[0], a @ a.T + jnp.eye(d))


def bells(key):
    return {"p": bell(key), "q": bell(jax.random.fold_in(key, 1))}


def compared(key):
    return {"generated": cloud(key), "target": cloud(jax.random.fold_in(key, 1))}


def networks(key):
    return gan.init(cloud(key), key=key, hidden=(4,))


def judged(key):
    return {"discriminator": mlp.init(key=key, sizes=(D, 4, 1)), "x": cloud(key)}


def marks(key):
    return {"real": cloud(key)[:, 0], "generated": cloud(key)[:, 1]}


OF_BELLS = ({"p.mean": 1, "p.covariance": 2, "q.mean": 1, "q.covariance": 2},)
TOGETHER = {"units": ({"x": 1, "y": 1},), "origins": (("x", "y"),)}
SQUARES = {"far": "a difference of covariances has the digits of the largest variance"}
SHARES = {"units": ({"generated": 1, "target": 1},), "origins": (("generated", "target"),)}

EXAMPLES = [
    Example(
        evaluation.mmd2,
        lambda key: pair(key) | {"length_scale": jnp.array(0.8)},
        gradient=("x", "y", "length_scale"),
        units=({"x": 1, "y": 1, "length_scale": 1},),
        origins=(("x", "y"),),
    ),
    Example(
        evaluation.kernel_log_prob,
        lambda key: {"x": cloud(key), "samples": cloud(key)[:5] + 0.3, "bandwidth": jnp.array(0.8)},
        gradient=("x", "samples", "bandwidth"),
        origins=(("x", "samples"),),
    ),
    Example(evaluation.held_out, lambda key: {"log_prob": cloud(key)[:, 0]}, gradient=("log_prob",)),
    Example(frechet.squared_distance, bells, gradient=("p", "q"), units=OF_BELLS),
    Example(frechet.of_samples, pair, gradient=("x", "y"), tolerance=1e-3, exempt=SQUARES, **TOGETHER),
    Example(fidelity.measure, compared, {"n_neighbors": 3}, **SHARES),
    Example(fidelity.expected_coverage, lambda key: {}, {"n_generated": 5, "n_target": 9}, batched=()),
    Example(fidelity.diagnose, compared, {"n_neighbors": 3}, **SHARES),
    Example(adversarial.discriminator_loss, marks, {"kind": "hinge"}, gradient=("real", "generated")),
    Example(adversarial.generator_loss, lambda key: {"generated": cloud(key)[:, 0]}, gradient=("generated",)),
    Example(adversarial.scores, judged, gradient=("discriminator", "x")),
    Example(adversarial.gradient_penalty, judged, gradient=("discriminator",)),
    Example(gan.init, lambda key: {"x": cloud(key), "key": key}, {"hidden": (4,)}, x64=False),
    Example(gan.start, lambda key: {"model": networks(key)}),
    Example(gan.generate, lambda key: {"model": networks(key), "z": cloud(key)}, gradient=("model", "z")),
    Example(gan.sample, lambda key: {"model": networks(key), "key": key}, {"n_samples": 5}, x64=False),
    Example(
        gan.step,
        lambda key: {"state": gan.start(networks(key)), "x": cloud(key), "key": key, "penalty": jnp.array(0.1)},
        tolerance=1e-3,
        x64=False,
    ),
    Example(
        gan.fit,
        lambda key: {"x": cloud(key), "key": key, "init": networks(key)},
        {"n_steps": 2},
        tolerance=1e-3,
        x64=False,
    ),
]
