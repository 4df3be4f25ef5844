r"""Compositions as free coordinates, so that whatever a model makes is a composition. Shapes: n samples, k parts.

Parts are not negative and add up to 1. Additive log-ratios $z_i = \log(p_i / p_k)$ map positive parts to all of
$R^{k - 1}$; softmax of (z, 0) maps them back. So a model of z never leaves the simplex.

A part that is absent has no logarithm. What is below a detection limit counts as present in an amount that no one can
tell from 0: `present` draws it. Coming back, `absent` sets it to 0.

Source: Aitchison (1982), Journal of the Royal Statistical Society B 44.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, checked, within

DECADE = 0.1  # amounts that count as absent are drawn from a tenth of the limit to the limit


@public
@checked(parts=NON_NEGATIVE)
@jax.jit
def log_ratios(parts: Float[Array, "n k"]) -> Float[Array, "n k_1"]:
    r"""Additive log-ratios $\log(p_i / p_k)$ to the last part; the total of the parts does not matter.

    Infinite where a part is 0: see `present`.

    Raises:
        ValueError: unless there are two axes and at least two parts, none of them known and negative (NaN for traced
            ones).

    Source: Aitchison (1982), section 2.

    >>> log_ratios(jnp.array([[0.25, 0.25, 0.5]])).round(3).tolist()
    [[-0.69..., -0.69...]]
    """
    require.rank("parts", parts, 2)
    require.that(parts.shape[1] >= 2, f"parts must have at least 2 columns; found shape {parts.shape}")
    return jnp.log(parts[:, :-1]) - jnp.log(parts[:, -1:])


@public
@jax.jit
def composition(z: Float[Array, "n k_1"]) -> Float[Array, "n k"]:
    r"""Parts with these log-ratios, $p_i = e^{z_i} / (1 + \sum_j e^{z_j})$: not negative, with the sum 1, for any z.

    Raises:
        ValueError: unless z has two axes.

    Source: Aitchison (1982), section 2.

    >>> composition(jnp.array([[0.0, 0.0], [1e4, -1e4]])).round(3).tolist()
    [[0.33..., 0.33..., 0.33...], [1.0, 0.0, 0.0]]
    """
    require.rank("z", z, 2)
    return jax.nn.softmax(jnp.concatenate([z, jnp.zeros_like(z[:, :1])], axis=1), axis=1)


@public
@checked(parts=NON_NEGATIVE)
def present(parts: Float[Array, "n k"], *, key: Key[Array, ""], limit: ArrayLike) -> Float[Array, "n k"]:
    """Replace each part below the limit by a random amount between a tenth of the limit and the limit.

    The logarithm of the amount is uniform: a fixed amount would be a spike, which no density has. Parts are shares of
    1, and what is added is taken from the largest part.

    Raises:
        ValueError: unless there are two axes, no part is known and negative, and the limit is positive and at most
            1 / (k (k - 1)), so that the largest part stays positive (NaN for traced ones).

    Source: Martín-Fernández, Barceló-Vidal and Pawlowsky-Glahn (2003) (a fixed amount).

    >>> made = present(jnp.array([[0.0, 1.0]]), key=jax.random.key(0), limit=1e-3)
    >>> bool(1e-4 <= made[0, 0] <= 1e-3), round(made.sum().item(), 6)
    (True, 1.0)
    """
    require.rank("parts", parts, 2)
    require.that(parts.shape[1] > 0, f"parts must have at least 1 column; found shape {parts.shape}")
    k = parts.shape[1]
    return _present(parts, within("limit", limit, 0.0, 1 / max(1, k * (k - 1)), above=True), key)


@jax.jit
def _present(parts: Array, limit: Array, key: Array) -> Array:
    low = jnp.log(jnp.asarray(DECADE, parts.dtype))
    share = jnp.exp(jax.random.uniform(key, parts.shape, parts.dtype, minval=low, maxval=0.0))
    drawn = jnp.asarray(limit, parts.dtype) * share
    return _from_largest(parts, jnp.where(parts < limit, drawn, parts))


@public
@checked(parts=NON_NEGATIVE, limit=NON_NEGATIVE)
@jax.jit
def absent(parts: Float[Array, "n k"], *, limit: ArrayLike) -> Float[Array, "n k"]:
    """Set each part below the limit to 0, and give its amount to the largest part.

    Raises:
        ValueError: unless there are two axes, and neither a part nor the limit is known and negative (NaN for traced
            ones).

    >>> absent(jnp.array([[0.25, 0.0625, 0.6875]]), limit=0.1).tolist()
    [[0.25, 0.0, 0.75]]
    """
    require.rank("parts", parts, 2)
    return _from_largest(parts, jnp.where(parts < limit, 0.0, parts))


def _from_largest(parts: Array, changed: Array) -> Array:
    """Let the largest part of each row make up for what the others have gained or lost; NaN where it cannot."""
    require.that(parts.shape[1] > 0, f"parts must have at least 1 column; found shape {parts.shape}")
    largest = jnp.arange(parts.shape[1]) == jnp.argmax(parts, axis=1, keepdims=True)
    gained = jnp.sum(jnp.where(largest, 0.0, changed - parts), axis=1, keepdims=True)
    rest = parts - gained
    return jnp.where(largest, jnp.where(rest < 0, jnp.nan, rest), changed)
