"""One example of every public function of sensitivity analysis."""

import jax
import jax.numpy as jnp

from mfml.explain import screening, sensitivity
from tests.contract import Example

N, D = 8, 2


def product(rows):
    return rows[:, 0] * rows[:, 1] + rows[:, 0]


def linear(rows):
    return rows[:, 0] - 2 * rows[:, 1]


def box(key):
    low = jax.random.normal(key, (D,))
    return {"low": low, "high": low + jnp.array([1.0, 2.0])}


def drawn(key):
    return box(key) | {"key": key}


def outputs(key):
    for_ab, for_mixed = jax.random.split(key)
    a, b = jax.random.normal(for_ab, (2, N))
    return {"a": a, "b": b, "mixed": jax.random.normal(for_mixed, (N, D))}


SIDES = ("low", "high")
BOX = ({"low": 1, "high": 1},)
MOVED = (SIDES,)

EXAMPLES = [
    Example(
        screening.one_at_a_time,
        lambda key: box(key) | {"x": jax.random.normal(key, (D,))},
        {"f": linear, "n_points": 3},
        gradient=("x", *SIDES),
        units=({"x": 1, "low": 1, "high": 1},),
        origins=(("x", "low", "high"),),
    ),
    Example(
        screening.morris,
        drawn,
        {"f": linear, "n_trajectories": 3},
        gradient=SIDES,
        units=BOX,
        tolerance=1e-3,
    ),
    Example(
        sensitivity.estimate,
        outputs,
        gradient=("a", "b", "mixed"),
        units=({"a": 1, "b": 1, "mixed": 1},),
        origins=(("a", "b", "mixed"),),
    ),
    Example(
        sensitivity.fit,
        drawn,
        {"f": linear, "n_samples": N, "n_bootstrap": 2},
        gradient=SIDES,
        units=BOX,
        origins=MOVED,
        tolerance=1e-3,
    ),
    Example(
        sensitivity.pairs,
        drawn,
        {"f": linear, "n_samples": N, "n_bootstrap": 2},
        units=BOX,
        origins=MOVED,
        tolerance=1e-3,
    ),
]
