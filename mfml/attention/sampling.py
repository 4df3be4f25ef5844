r"""How a language model chooses its next token. Shapes: k tokens in the last axis; other axes are a batch.

The model gives logits z, and $p = \mathrm{softmax}(z)$. Drawing from p itself often picks one of the many improbable
tokens, which together are not improbable. A temperature sharpens p; top-k and top-p cut its tail. Each is a function
from logits to logits, in which a token that is left out has -inf. Logits may have -inf before, too.

A row that has no softmax (NaN, +inf, or nothing but -inf) becomes NaN, and the token drawn from it is -1.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, SHARE, checked
from mfml.numerics.precision import single
from mfml.risk import losses


@public
@checked(temperature=NON_NEGATIVE)
@jax.jit
def at_temperature(logits: Float[Array, "*n k"], *, temperature: ArrayLike) -> Float[Array, "*n k"]:
    r"""Logits divided by the temperature, relative to the largest: $(z - \max z) / T$.

    Below 1 the probable tokens gain; above 1 all become more alike, and at infinity equal. At 0 only the token with the
    largest logit is left, the first of several equal ones. The temperature has the unit of the logits. Nothing
    overflows.

    Raises:
        ValueError: if the temperature is negative (NaN where it is traced), or there are no tokens.

    Source: Ackley, Hinton and Sejnowski (1985).

    >>> at_temperature(jnp.array([1.0, 3.0, 2.0]), temperature=0.5).tolist()
    [-4.0, 0.0, -2.0]
    >>> at_temperature(jnp.array([1.0, 3.0, 2.0]), temperature=0.0).tolist()
    [-inf, 0.0, -inf]
    """
    size = _n_tokens(logits)
    first = jnp.argmax(logits, axis=-1, keepdims=True)
    left_out = logits == -jnp.inf
    below = jnp.where(left_out, 0.0, logits) - jnp.take_along_axis(logits, first, axis=-1)
    below = jnp.maximum(below, jnp.finfo(logits.dtype).min)  # the difference of the largest numbers; rows of NaN: below
    cold = temperature == 0
    others = jnp.where(cold, -jnp.inf, below / jnp.where(cold, 1.0, temperature))
    found = jnp.where(jnp.arange(size) == first, below, jnp.where(left_out, -jnp.inf, others))
    return jnp.where(jnp.isnan(temperature), jnp.nan, _or_nan(logits, found))


@public
@partial(jax.jit, static_argnames="top_k")
def keep_top_k(logits: Float[Array, "*n k"], *, top_k: int) -> Float[Array, "*n k"]:
    """Keep the `top_k` largest logits, and all that equal the last of them; the others become -inf.

    A `top_k` of the number of tokens or more keeps all. It is static.

    Raises:
        ValueError: unless top_k is at least 1 and there are tokens.

    Source: Fan, Lewis and Dauphin (2018), section 5.

    >>> keep_top_k(jnp.array([1.0, 3.0, 2.0, 2.0]), top_k=2).tolist()
    [-inf, 3.0, 2.0, 2.0]
    """
    size = _n_tokens(logits)
    require.positive("top_k", top_k)
    last = lax.top_k(logits, min(top_k, size))[0][..., -1:]
    return _or_nan(logits, jnp.where(logits < last, -jnp.inf, logits))


@public
@checked(top_p=SHARE)
@jax.jit
def keep_top_p(logits: Float[Array, "*n k"], *, top_p: ArrayLike) -> Float[Array, "*n k"]:
    """Keep the fewest tokens whose probabilities add up to at least `top_p`; the others become -inf (the nucleus).

    The most probable token always stays. Of equally probable ones, those with lower numbers come first. A `top_p` of 1
    keeps all.

    Raises:
        ValueError: unless 0 <= top_p <= 1 (NaN where it is traced), or there are no tokens.

    Source: Holtzman et al. (2020), section 3.1.

    >>> jnp.exp(keep_top_p(jnp.log(jnp.array([0.25, 0.5, 0.25])), top_p=0.75)).tolist()
    [0.25, 0.5, 0.0]
    """
    size = _n_tokens(logits)
    order = jnp.argsort(logits, axis=-1, descending=True, stable=True)
    probability = jnp.take_along_axis(losses.softmax(single(logits)), order, axis=-1)
    before = jnp.roll(jnp.cumsum(probability, axis=-1), 1, axis=-1)  # the sum over more probable tokens
    kept = (before < top_p) | (jnp.arange(size) == 0) | (top_p == 1)
    kept = jnp.put_along_axis(jnp.zeros_like(kept), order, kept, axis=-1, inplace=False)
    return _or_nan(logits, jnp.where(kept, logits, -jnp.inf)) + 0 * jnp.asarray(top_p, logits.dtype)


@public
@checked(temperature=NON_NEGATIVE, top_p=SHARE)
@partial(jax.jit, static_argnames="top_k")
def draw(
    logits: Float[Array, "*n k"],
    *,
    key: Key[Array, ""],
    temperature: ArrayLike = 1.0,
    top_k: int | None = None,
    top_p: ArrayLike | None = None,
) -> Int[Array, "*n"]:
    """Draw the number of the next token of each row: first the temperature acts, then `top_k`, then `top_p`.

    Args:
        logits: the model's logits.
        key: for the random draws; rows are drawn independently.
        temperature: see `at_temperature`; 0 takes the most probable token.
        top_k: see `keep_top_k`; static. None keeps all.
        top_p: see `keep_top_p`. None keeps all.

    Raises:
        ValueError: as the three functions.

    Source: Holtzman et al. (2020), section 3.

    >>> draw(jnp.array([[1.0, 3.0, 2.0], [5.0, 4.0, 0.0]]), key=jax.random.key(0), temperature=0.0).tolist()
    [1, 0]
    """
    logits = at_temperature(logits, temperature=temperature)
    if top_k is not None:
        logits = keep_top_k(logits, top_k=top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p=top_p)
    chosen = jax.random.categorical(key, single(logits), axis=-1)
    return jnp.where(jnp.isnan(logits).any(axis=-1), -1, chosen)


def _n_tokens(logits: Array) -> int:
    shape = jnp.shape(logits)
    require.that(len(shape) > 0 and shape[-1] > 0, f"logits need a last axis of tokens; found shape {shape}")
    return shape[-1]


def _or_nan(logits: Array, found: Array) -> Array:
    """Return what was found, but NaN for rows without a softmax."""
    first = jnp.argmax(logits, axis=-1, keepdims=True)  # that of a NaN where there is one
    return jnp.where(jnp.isfinite(jnp.take_along_axis(logits, first, axis=-1)), found, jnp.nan)
