"""Unit 12: an ensemble in one compiled program against a loop over its members, of ours and in PyTorch.

All networks have the same layers, see the same full batch, and use Adam with the same rates. A call trains all members
for `STEPS` steps; the loss is the negative log-likelihood of the last step in standard deviations, mean over members.
"""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from benchmarks.unit11 import RATE, STEPS, train_torch
from mfml.uncertainty import ensemble, evidence, perceptron

MEMBERS, SAMPLES, FEATURES, HIDDEN = 10, 512, 8, (32, 32)
OPTIONS = {"hidden": HIDDEN, "n_steps": STEPS, "learning_rate": RATE}


def regression() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, FEATURES)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=SAMPLES)
    return x, y.astype(np.float32)


def together() -> jax.Array:
    model = ensemble.fit(*regression(), key=jax.random.key(0), n_members=MEMBERS, **OPTIONS)
    return model.history


def against_a_loop() -> Pair:
    x, y = (jnp.asarray(part) for part in regression())

    def theirs():
        keys = jax.random.split(jax.random.key(0), MEMBERS)
        return np.mean([ensemble.fit(x, y, key=key, n_members=1, **OPTIONS).history for key in keys], axis=0)

    return Pair(together, theirs, lambda history: float(history[-1]), lambda history: float(history[-1]), slack=0.1)


def against_torch() -> Pair:
    import torch

    nn = torch.nn
    x, y = regression()
    x, y = (torch.tensor((part - part.mean(axis=0)) / part.std(axis=0)) for part in (x, y))

    def member() -> float:
        layers = [nn.Linear(FEATURES, HIDDEN[0]), nn.SiLU(), nn.Linear(*HIDDEN), nn.SiLU(), nn.Linear(HIDDEN[1], 2)]
        for layer in layers[::2]:
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(layers[-1].weight[1])
        nn.init.constant_(layers[-1].bias[1], perceptron.AS_LARGE_AS_Y)
        network = nn.Sequential(*layers)

        def loss():
            mean, width = network(x).T
            std = perceptron.SMALLEST_STD + nn.functional.softplus(width)
            return torch.mean(0.5 * ((y - mean) / std) ** 2 + torch.log(std)) + 0.5 * np.log(2 * np.pi)

        return train_torch(network.parameters(), loss)

    def theirs():
        torch.manual_seed(0)
        return float(np.mean([member() for _ in range(MEMBERS)]))

    return Pair(together, theirs, lambda history: float(history[-1]), float, slack=0.1)


def against_bayesian_ridge(n: int = 10_000, d: int = 50) -> Pair:
    from sklearn.linear_model import BayesianRidge

    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d)).astype(np.float32)
    y = (x @ rng.normal(size=d) + rng.normal(size=n)).astype(np.float32)
    on_device = jnp.asarray(x), jnp.asarray(y)
    flat = {"alpha_1": 0.0, "alpha_2": 0.0, "lambda_1": 0.0, "lambda_2": 0.0}

    def misfit(coef) -> float:
        return float(np.mean((y - y.mean() - (x - x.mean(axis=0)) @ np.asarray(coef)) ** 2))

    return Pair(
        lambda: evidence.fit(*on_device).coef,
        lambda: BayesianRidge(**flat, tol=1e-5).fit(x, y).coef_,
        misfit,
        misfit,
    )


NAME = f"12.ensemble of {MEMBERS} networks {FEATURES}-32-32-2, {SAMPLES} samples, {STEPS} steps"
ROWS = [
    Row(f"{NAME}, and a loop", f"a loop over {MEMBERS} fits of one member", against_a_loop, note="keys differ"),
    Row(NAME, "torch.nn, Adam, one after the other", against_torch, note="weights differ"),
    Row("12.evidence 10000x50", "sklearn BayesianRidge", against_bayesian_ridge),
]
