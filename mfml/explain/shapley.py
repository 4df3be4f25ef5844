r"""Shapley values of any model: exact, and by sampling permutations.

Shapes: n samples, b background samples, d features, k outputs. Features that are not known come from background samples
(see `coalitions`). The Shapley value of a feature is what it adds to the output when it becomes known, averaged over
all orders in which the features may become known:

$$\phi_i = \sum_{S \not\ni i} \frac{|S|! \, (d - |S| - 1)!}{d!} \left[v(S \cup \{i\}) - v(S)\right].$$

They are the only values that add up to the output (efficiency), are equal for features that add the same to every
coalition (symmetry), 0 for features that add nothing (dummy), and add up if models do (linearity).
"""

from functools import partial
from math import comb
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.explain import coalitions
from mfml.explain.attribution import Attribution
from mfml.explain.coalitions import Function

LARGEST = 16  # features, whose 65536 coalitions are all tried


@public
@partial(jax.jit, static_argnames="f")
def exact(f: Function, x: Float[Array, "n d"], background: Float[Array, "b d"]) -> Attribution:
    r"""Return the Shapley values from all $2^d$ coalitions. The model is asked about $n b 2^d$ rows.

    A feature that the model does not use has exactly the value 0.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        x: samples to explain.
        background: samples for what is not known; `base` is their mean output.

    Raises:
        ValueError: unless x and the background have as many columns, at most 16, and the background has a sample.

    Source: Shapley (1953), A Value for n-Person Games; Lundberg and Lee (2017), A Unified Approach.

    >>> found = exact(lambda rows: rows[:, 0] * rows[:, 1], jnp.array([[2.0, 3.0, 1.0]]), jnp.zeros((1, 3)))
    >>> found.phi.tolist(), found.base.item()
    ([[3.0, 3.0, 0.0]], 0.0)
    """
    members, values = _game(f, x, background)
    return Attribution(jax.vmap(lambda v: _main(members, v))(values), coalitions.base(f, background))


@public
@partial(jax.jit, static_argnames="f")
def interactions(f: Function, x: Float[Array, "n d"], background: Float[Array, "b d"]) -> Float[Array, "n d d *k"]:
    r"""Return the Shapley interaction values from all coalitions. Row i adds up to the Shapley value of feature i.

    For two features it is half of what both add beyond what each adds,

    $$\phi_{ij} = \sum_{S \not\ni i, j} \frac{|S|! \, (d - |S| - 2)!}{2 (d - 1)!}
    \left[v(S \cup \{i, j\}) - v(S \cup \{i\}) - v(S \cup \{j\}) + v(S)\right],$$

    and $\phi_{ii} = \phi_i - \sum_{j \ne i} \phi_{ij}$ is the main effect. Arguments and errors as in `exact`.

    Source: Grabisch and Roubens (1999), International Journal of Game Theory 28, 547-565; Lundberg et al. (2020),
    Nature Machine Intelligence 2, 56-67.

    >>> product = lambda rows: rows[:, 0] * rows[:, 1] + rows[:, 0]
    >>> interactions(product, jnp.array([[2.0, 3.0]]), jnp.zeros((1, 2))).tolist()
    [[[2.0, 3.0], [3.0, 0.0]]]
    """
    members, values = _game(f, x, background)
    d = x.shape[1]

    def one(v: Array) -> Array:
        pairs = _pairs(members, v)
        own = jnp.eye(d, dtype=v.dtype).reshape(d, d, *[1] * (v.ndim - 1))
        return pairs + own * (_main(members, v) - jnp.sum(pairs, axis=1))[:, None]

    return jax.vmap(one)(values)


def _game(f: Function, x: Array, background: Array) -> tuple[np.ndarray, Array]:
    """All coalitions, where bit i of a number says whether feature i is a member, and their values for each sample."""
    require.rank("x", x, 2)
    d = x.shape[1]
    require.that(d <= LARGEST, f"x may have at most {LARGEST} columns; found {d}: use kernel_shap or permutation")
    members = (np.arange(2**d)[:, None] >> np.arange(d)) % 2 == 1
    return members, coalitions.values(f, x, background, jnp.asarray(members))


def _main(members: np.ndarray, v: Array) -> Array:
    """Weighted differences that each feature makes; a difference of equal numbers is exactly 0."""
    d = members.shape[1]
    size, number = members.sum(axis=1), np.arange(2**d)
    weights = jnp.asarray([1 / (d * comb(d - 1, int(s))) if s < d else 0.0 for s in size], v.dtype)

    def of_feature(i: Array) -> Array:
        bit = 1 << i
        adds = v[number | bit] - v[number]  # 0 for coalitions with the feature
        return jnp.tensordot(weights, adds, axes=1, precision=lax.Precision.HIGHEST)

    return lax.map(of_feature, jnp.arange(d))


def _pairs(members: np.ndarray, v: Array) -> Array:
    d = members.shape[1]
    size, number = members.sum(axis=1), np.arange(2**d)
    weights = jnp.asarray([1 / (2 * (d - 1) * comb(d - 2, int(s))) if s < d - 1 else 0.0 for s in size], v.dtype)

    def of_pair(pair: Array) -> Array:
        i, j = 1 << pair // d, 1 << pair % d
        adds = (v[number | i | j] - v[number | i]) - (v[number | j] - v[number])  # 0 unless both are missing
        return jnp.tensordot(weights, jnp.where(i == j, 0.0, adds), axes=1, precision=lax.Precision.HIGHEST)

    return lax.map(of_pair, jnp.arange(d * d)).reshape(d, d, *v.shape[1:])


class Sampled(NamedTuple):
    """Shapley values from some orders of the features. They add up to prediction minus `base` all the same."""

    phi: Float[Array, "n d *k"]  # in units of the output
    base: Float[Array, "*k"]
    standard_error: Float[Array, "n d *k"]  # of phi, from the spread over pairs of orders; NaN for a single pair


@public
@partial(jax.jit, static_argnames=("f", "n_permutations"))
def permutation(
    f: Function,
    x: Float[Array, "n d"],
    background: Float[Array, "b d"],
    *,
    key: Key[Array, ""],
    n_permutations: int = 32,
) -> Sampled:
    r"""Estimate the Shapley values from random orders in which the features become known.

    Each order is used forward and backward, so models with interactions of at most two features get exact values. The
    same orders serve all samples. The model is asked about $2 n b d$ rows for each of the `n_permutations` (static).
    A feature that the model does not use has exactly the value 0. Standard errors have no derivatives. Other arguments
    and errors as in `exact`, for any number of features.

    Source: Castro, Gómez and Tejada (2009), Computers and Operations Research 36, 1726-1730; Mitchell et al. (2022),
    Journal of Machine Learning Research 23 (both directions).

    >>> product = lambda rows: rows[:, 0] * rows[:, 1]
    >>> found = permutation(product, jnp.array([[2.0, 3.0]]), jnp.zeros((1, 2)), key=jax.random.key(0))
    >>> found.phi.tolist(), found.standard_error.tolist()
    ([[3.0, 3.0]], [[0.0, 0.0]])
    """
    require.rank("x", x, 2)
    require.positive("n_permutations", n_permutations)
    d = x.shape[1]
    start = coalitions.base(f, background)
    zero = jnp.zeros((*x.shape, *start.shape), start.dtype)

    def add(state: tuple[Array, Array], drawn: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
        mean, spread = state
        number, order = drawn
        found = _both_ways(f, x, background, order)
        new = mean + (found - mean) / number
        moved = lax.stop_gradient(found - mean) * jnp.sqrt((number - 1) / number)
        return (new, jnp.hypot(spread, moved)), None

    orders = jax.vmap(lambda k: jax.random.permutation(k, d))(jax.random.split(key, n_permutations))
    numbers = jnp.arange(1, n_permutations + 1).astype(zero.dtype)
    phi, spread = lax.scan(add, (zero, zero), (numbers, orders))[0]
    freedom = n_permutations - 1
    error = spread / (freedom * n_permutations) ** 0.5 if freedom else jnp.full_like(phi, jnp.nan)
    return Sampled(phi, start, error)


def _both_ways(f: Function, x: Array, background: Array, order: Array) -> Array:
    """What each feature adds when it becomes known in one order, and in the reverse one: the mean of both."""
    d = x.shape[1]
    place = jnp.argsort(order)
    known = jnp.arange(d + 1)[:, None]
    members = jnp.concatenate([place < known, d - 1 - place < known[1:-1]])  # both begin and end alike
    v = coalitions.values(f, x, background, members)
    backward = jnp.concatenate([v[:, :1], v[:, d + 1 :], v[:, d : d + 1]], axis=1)
    forward = jnp.diff(v[:, : d + 1], axis=1)[:, place]
    return (forward + jnp.diff(backward, axis=1)[:, d - 1 - place]) / 2
