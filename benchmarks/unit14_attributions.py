"""Attributions and sensitivities of unit 14 against captum and SALib."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.explain import integrated_gradients, sensitivity

N, D, WIDTH, STEPS = 100, 16, 64, 2000
FIRST, TOTAL = [0.3139051911, 0.4424111448, 0.0], [0.5575888552, 0.4424111448, 0.2436836641]
POINTS = 8192


def gradients_along_a_way() -> Pair:
    import torch
    from captum import attr

    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, D)).astype(np.float32)
    shapes = [(D, WIDTH), (WIDTH, WIDTH), (WIDTH, 1)]
    layers = [(rng.normal(size=shape) * (2 / shape[0]) ** 0.5).astype(np.float32) for shape in shapes]
    tensors, given = [torch.tensor(layer) for layer in layers], torch.tensor(x)

    def ours(rows):
        return (jax.nn.relu(jax.nn.relu(rows @ layers[0] + 0.1) @ layers[1]) @ layers[2])[:, 0]

    def theirs(rows):
        return (torch.relu(torch.relu(rows @ tensors[0] + 0.1) @ tensors[1]) @ tensors[2])[:, 0]

    way, placed, zero = attr.IntegratedGradients(theirs), jnp.asarray(x), jnp.zeros((1, D))
    precise = way.attribute(given, n_steps=40_000, method="riemann_middle", internal_batch_size=20_000).numpy()

    def error(phi):
        return float(np.abs(np.asarray(phi) - precise).max())

    return Pair(
        ours=lambda: integrated_gradients.fit(ours, placed, zero),
        theirs=lambda: way.attribute(given, n_steps=STEPS, method="riemann_middle", internal_batch_size=20_000),
        loss_of_ours=lambda found: error(found.phi),
        loss_of_theirs=error,
        floor=1e-3,
    )


def sobol_indices() -> Pair:
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
    low, high = -np.pi * jnp.ones(3), np.pi * jnp.ones(3)

    def ishigami(rows, of=jnp):
        return of.sin(rows[:, 0]) + 7 * of.sin(rows[:, 1]) ** 2 + 0.1 * rows[:, 2] ** 4 * of.sin(rows[:, 0])

    def theirs():
        points = sample.sample(problem, POINTS, calc_second_order=False, seed=0)
        return analyze.analyze(problem, ishigami(points, np), calc_second_order=False, seed=0)

    def error(first, total):
        return float(max(np.abs(np.asarray(first) - FIRST).max(), np.abs(np.asarray(total) - TOTAL).max()))

    return Pair(
        ours=lambda: sensitivity.fit(ishigami, low, high, key=jax.random.key(0), n_samples=POINTS),
        theirs=theirs,
        loss_of_ours=lambda found: error(found.first, found.total),
        loss_of_theirs=lambda found: error(found["S1"], found["ST"]),
        floor=5e-3,
    )


ROWS = [
    Row(
        "14.integrated gradients 100x16",
        f"captum IntegratedGradients(n_steps={STEPS})",
        gradients_along_a_way,
        note="loss: largest error against 40000 steps; values up to 1 (intervals adapt to 1e-4 of the output)",
        min_pairs=3,
    ),
    Row(
        "14.sobol 3 features 8192 points",
        "SALib sample.sobol and analyze.sobol",
        sobol_indices,
        note="loss: largest error of indices; 100 bootstrap samples each; the peer computes in float64",
        min_pairs=3,
    ),
]
