r"""Kernel SHAP: Shapley values of any model as the coefficients of a weighted linear regression.

Shapes: n samples, b background samples, d features, k outputs, c coalitions.

Among all sums $v(\emptyset) + \sum_{j \in S} \phi_j$ that give the full output for the coalition of all features, the
Shapley values come closest to the values v(S), with the weights

$$\pi(S) = \frac{d - 1}{\binom{d}{s} \, s \, (d - s)}, \qquad s = |S|, \quad 0 < s < d.$$
"""

from functools import partial
from itertools import combinations
from math import comb
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.explain import coalitions
from mfml.explain.attribution import Attribution
from mfml.explain.coalitions import Function
from mfml.numerics import sums


@public
@partial(jax.jit, static_argnames=("f", "n_samples"))
def fit(
    f: Function,
    x: Float[Array, "n d"],
    background: Float[Array, "b d"],
    *,
    key: Key[Array, ""] | None = None,
    n_samples: int = 2048,
) -> Attribution:
    r"""Return the coefficients of the regression, which add up to prediction minus `base`.

    If `n_samples` is at least $2^d - 2$, all coalitions are used, and the values are exact. Otherwise whole sizes of
    coalitions are used, from the smallest and largest on, as far as `n_samples` (static) allows. The others are
    drawn, each with its complement. The model is asked about n b times as many rows.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        x: samples to explain.
        background: samples for what is not known; `base` is their mean output.
        key: draws coalitions; not needed if all are used.
        n_samples: number of coalitions, at least 2 d unless there are fewer.

    Raises:
        ValueError: unless x and the background have as many columns, the background has a sample, there are enough
            coalitions, and a key is given where it is needed.

    Source: Lundberg and Lee (2017), A Unified Approach; Covert and Lee (2021), Improving KernelSHAP (complements).

    >>> found = fit(lambda rows: rows[:, 0] * rows[:, 1], jnp.array([[2.0, 3.0, 1.0]]), jnp.zeros((1, 3)))
    >>> found.phi.round(5).tolist(), found.base.item()
    ([[3.0, 3.0, 0.0]], 0.0)
    """
    require.rank("x", x, 2)
    d = x.shape[1]
    require.that(d > 0, f"x must have at least one column; found shape {x.shape}")
    chosen = draw(d, key=key, n_samples=n_samples)
    ends = jnp.array([[False] * d, [True] * d])
    v = coalitions.values(f, x, background, jnp.concatenate([ends, chosen.members]))
    table = v.swapaxes(0, 1).reshape(v.shape[1], -1)  # a column for each sample and output
    nothing, everything, some = table[0], table[1], table[2:]
    # the coefficients add up to a known number: what is left to find are differences from its equal parts
    weights, z = chosen.weights.astype(v.dtype), chosen.members.astype(v.dtype)
    share = jnp.mean(z, axis=1, keepdims=True)
    z = z - share
    rest = (some - nothing) - share * (everything - nothing)
    normal = sums.gram(z, weights=weights) + 1 / d
    differences = jnp.linalg.solve(normal, sums.cross(weights[:, None] * rest, z))
    phi = (everything - nothing) / d + differences
    return Attribution(jnp.moveaxis(phi.reshape(d, len(x), *v.shape[2:]), 0, 1), coalitions.base(f, background))


class Coalitions(NamedTuple):
    """Coalitions of the regression."""

    members: Bool[Array, "c d"]
    weights: Float[Array, " c"]  # add up to 1


@public
def draw(n_features: int, *, key: Key[Array, ""] | None = None, n_samples: int = 2048) -> Coalitions:
    r"""Choose about `n_samples` coalitions: whole sizes first, then random ones of the other sizes with complements.

    Raises:
        ValueError: if n_samples is below 2 n_features and below the number of all coalitions, or a key is missing.

    >>> draw(3).members.sum(axis=1).tolist()
    [1, 2, 1, 2, 1, 2]
    """
    d = n_features
    require.positive("n_features", d)
    total = 2**d - 2
    enough = n_samples >= min(2 * d, total)
    require.that(enough, f"n_samples must be at least {min(2 * d, total)} for {d} features; found {n_samples}")
    require.that(key is not None or n_samples >= total, f"n_samples below 2^d - 2 = {total} needs a key")
    share = _shares_of_sizes(d)
    whole: list[int] = []
    left, rest = min(n_samples, total), 1.0
    while len(whole) < len(share) and _affordable(d, share[len(whole)] / rest, len(whole) + 1, left):
        left -= _count(d, len(whole) + 1)
        rest -= share[len(whole)]
        whole.append(len(whole) + 1)
    listed = [_all(d, s) for s in whole]
    members = np.concatenate([np.zeros((0, d), bool), *listed])
    equal = [np.full(len(masks), share[s - 1] / len(masks)) for s, masks in zip(whole, listed, strict=True)]
    weights = np.concatenate([np.zeros(0), *equal])
    if len(whole) == len(share) or key is None:
        return Coalitions(jnp.asarray(members), jnp.asarray(weights))
    drawn = _drawn(d, len(whole), share, left // 2, key)
    each = np.full(len(drawn), sum(share[len(whole) :]) / max(len(drawn), 1))
    return Coalitions(jnp.concatenate([jnp.asarray(members), drawn]), jnp.asarray(np.concatenate([weights, each])))


def _shares_of_sizes(d: int) -> list[float]:
    """The share of sizes s and d - s together in all weights, for s = 1, ..., d // 2."""
    weights = [(1 if 2 * s == d else 2) / (s * (d - s)) for s in range(1, d // 2 + 1)]
    return [w / sum(weights) for w in weights]


def _count(d: int, s: int) -> int:
    return comb(d, s) * (1 if 2 * s == d else 2)


def _affordable(d: int, share: float, s: int, left: int) -> bool:
    """Whether random draws would take as many of this size as there are; the smallest size always comes first."""
    count = _count(d, s)
    return count <= left and (s == 1 or left * share >= count * (1 - 1e-9) or left == count)


def _all(d: int, s: int) -> np.ndarray:
    """All coalitions of s members, each followed by its complement."""
    masks = np.zeros((comb(d, s), d), bool)
    for row, chosen in zip(masks, combinations(range(d), s), strict=True):
        row[list(chosen)] = True
    if 2 * s == d:
        return masks
    return np.stack([masks, ~masks], axis=1).reshape(-1, d)


def _drawn(d: int, n_whole: int, share: list[float], n_pairs: int, key: Array) -> Array:
    """Random coalitions of the other sizes, and their complements."""
    for_size, for_members = jax.random.split(key)
    sizes = jnp.arange(n_whole + 1, len(share) + 1)
    size = jax.random.choice(for_size, sizes, (n_pairs,), p=jnp.asarray(share[n_whole:]) / sum(share[n_whole:]))
    rank = jnp.argsort(jnp.argsort(jax.random.uniform(for_members, (n_pairs, d)), axis=1), axis=1)
    members = rank < size[:, None]
    return jnp.concatenate([members, ~members])
