"""One example of every public function on what lies outside of the data, and on groups."""

import jax
import jax.numpy as jnp

from mfml.explain import drift, fairness, mahalanobis, shift
from tests.contract import Example

N, M, D = 8, 6, 2


def samples(key):
    x, y = jax.random.normal(key, (2, N, D))
    return {"x": x, "y": y[:M] + 1}


def known(key):
    return {"x": jax.random.normal(key, (N, D))}


def fitted(key):
    return {"model": mahalanobis.fit(**known(key)), "x": samples(key)["y"]}


def labels(key):
    prediction, y, groups = jax.random.randint(key, (3, N), 0, 2)
    return {"prediction": prediction, "y": y, "groups": groups}


def numbers(key):
    prediction, y = jax.random.normal(key, (2, N))
    return {"prediction": prediction, "y": y, "groups": jnp.arange(N) % 2}


def rates(key):
    return {"found": fairness.rates(**labels(key), n_groups=2)}


EXAMPLES = [
    Example(mahalanobis.fit, known, gradient=("x",), units=({"x": 1},), origins=(("x",),)),
    Example(
        mahalanobis.distance,
        fitted,
        gradient=("x",),
        batched=("x",),
        units=({"x": 1, "model.origin": 1, "model.mean": 1, "model.unit": 1},),
    ),
    Example(
        shift.neighbor_distance,
        lambda key: {"x": samples(key)["y"], "known": samples(key)["x"]},
        {"n_neighbors": 2},
        units=({"x": 1, "known": 1},),
        origins=(("x", "known"),),
        exempt={"missing": "a known sample with a missing value is nobody's neighbor"},
    ),
    Example(shift.energy, lambda key: {"logits": jax.random.normal(key, (M, 3))}, gradient=("logits",)),
    Example(drift.kolmogorov_smirnov, samples, units=({"x": 1, "y": 1},), origins=(("x", "y"),)),
    Example(drift.stability_index, samples, {"n_bins": 3}, units=({"x": 1, "y": 1},), origins=(("x", "y"),)),
    Example(
        drift.mmd_test,
        lambda key: {**samples(key), "key": key, "length_scale": jnp.array(1.0)},
        {"n_permutations": 9},
        units=({"x": 1, "y": 1, "length_scale": 1},),
        origins=(("x", "y"),),
    ),
    Example(fairness.rates, labels, {"n_groups": 2}),
    Example(
        fairness.errors, numbers, {"n_groups": 2}, gradient=("prediction", "y"), units=({"prediction": 1, "y": 1},)
    ),
    Example(fairness.difference, lambda key: {"values": jax.random.normal(key, (3,))}, units=({"values": 1},)),
    Example(fairness.equalized_odds_difference, rates),
]
