"""Unit 6 against the decomposition of the whole Hessian, and its optimizers against optax."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.landscapes import curvature, lanczos, optimizers, trajectories

N_EIGENVALUES = 10


def risk(params, x, labels):
    """Cross-entropy of a network with one hidden layer."""
    hidden = jnp.tanh(x @ params["in"] + params["shift"])
    scores = jax.nn.log_softmax(hidden @ params["out"])
    return -jnp.mean(jnp.take_along_axis(scores, labels[:, None], axis=1))


def network(n_hidden: int):
    """Draw data of 4 classes in 40 features, and train a network on them: untrained ones have another spectrum."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(256, 40)), jnp.float32)
    labels = jnp.argmax(x[:, :4] + 0.5 * jnp.asarray(rng.normal(size=(256, 4)), jnp.float32), axis=1)
    params = {
        "in": jnp.asarray(rng.normal(size=(40, n_hidden)) / 40**0.5, jnp.float32),
        "shift": jnp.zeros(n_hidden),
        "out": jnp.asarray(rng.normal(size=(n_hidden, 4)) / n_hidden**0.5, jnp.float32),
    }
    way = trajectories.run(risk, params, optimizer=optimizers.adam(0.01), n_steps=100, data=(x, labels))
    return jax.tree.map(lambda leaf: leaf[-1], way.params), (x, labels)


def hessian_eigenvalues(n_hidden: int = 66) -> Pair:
    """Each of p = 45 n_hidden parameters costs the peer a product; ours takes 120 products whatever p is."""
    params, data = network(n_hidden)
    key = jax.random.key(0)

    @jax.jit
    def dense(params, data):
        matrix = curvature.hessian(risk, params, data=data)
        return jnp.linalg.eigvalsh(matrix)[: -N_EIGENVALUES - 1 : -1]

    @cache  # asked for when all is measured
    def truth():
        return np.asarray(dense(params, data), np.float64)

    def error(values):
        return float(np.abs(np.asarray(values, np.float64) - truth()).max() / truth()[0])

    return Pair(
        ours=lambda: lanczos.top_eigenvalues(risk, params, key=key, n_eigenvalues=N_EIGENVALUES, data=data),
        theirs=lambda: dense(params, data),
        loss_of_ours=lambda found: error(found.values),
        loss_of_theirs=error,
        floor=1e-4,
    )


def adam_steps() -> Pair:
    import optax

    params, data = network(66)
    ours, theirs = optimizers.adam(1e-3), optax.adam(1e-3)

    def after(optimizer):
        return trajectories.run(risk, params, optimizer=optimizer, n_steps=200, data=data)

    return Pair(
        ours=lambda: after(ours),
        theirs=lambda: after(theirs),
        loss_of_ours=lambda way: float(way.history[-1]),
        loss_of_theirs=lambda way: float(way.history[-1]),
        slack=1e-3,
    )


ROWS = [
    Row(
        "6.hessian top 10 of 2970 parameters",
        "jnp.linalg.eigvalsh(jax.hessian(...))",
        hessian_eigenvalues,
        note="loss: largest error of the ten, relative to the largest eigenvalue",
    ),
    Row(
        "6.adam 200 steps",
        "optax.adam, in the same scan",
        adam_steps,
        note="loss: cross-entropy in nats after 200 steps",
    ),
]
