"""First factors for non-negative matrix factorization, from singular vectors or at random.

Shapes: X is n x d, with k parts. `nmf` improves these factors.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.decomposition import svd
from mfml.entrance import public

STARTS = ("nndsvd", "nndsvda", "random")


class Factors(NamedTuple):
    """Two non-negative matrices whose product approximates X."""

    w: Float[Array, "n k"]  # amounts
    h: Float[Array, "k d"]  # parts


@public
@partial(jax.jit, static_argnames=("n_components", "init"))
def init(
    x: Float[Array, "n d"], *, key: Key[Array, ""] | None = None, n_components: int, init: str = "nndsvda"
) -> Factors:
    r"""Choose the first factors.

    - "nndsvd" takes the larger of the positive and the negative part of each pair of singular vectors of X:
      $\sqrt{\sigma_i \|u^\pm\| \|v^\pm\|}$ times their directions. About half the entries are zero, and they stay zero
      under multiplicative updates.
    - "nndsvda" does the same and replaces zeros by the mean of X over the root of its largest entry (the mean
      itself, if that is 1).
    - "random" needs a `key` and draws $\sqrt{\bar x / k}\,|\epsilon|$ with normal $\epsilon$.

    Given a key, the first two use the randomized decomposition, which is faster for large X.

    Raises:
        ValueError: unless `x` is a matrix, the rule is known, 1 <= n_components, n_components <= min(n, d) except for
            "random", and "random" has a key.

    Source: Boutsidis and Gallopoulos (2008).

    >>> start = init(jnp.array([[1.0, 2.0], [2.0, 4.0]]), n_components=1)
    >>> print((start.w @ start.h).round(3))
    [[1. 2.]
     [2. 4.]]
    """
    require.rank("x", x, 2)
    require.that(min(x.shape) > 0, f"x must not be empty; found shape {x.shape}")
    require.one_of("init", init, STARTS)
    if init == "random":
        require.that(n_components >= 1, f"n_components must be at least 1; found {n_components}")
        if key is None:
            raise ValueError('init "random" needs a key; found none')
        of_w, of_h = jax.random.split(key)
        scale = jnp.sqrt(x.mean() / n_components)
        w = jax.random.normal(of_w, (x.shape[0] * n_components,), x.dtype)  # in one row: quicker to compile
        h = jax.random.normal(of_h, (n_components * x.shape[1],), x.dtype)
        return Factors(scale * jnp.abs(w).reshape(-1, n_components), scale * jnp.abs(h).reshape(n_components, -1))
    require.between("n_components", n_components, 1, min(x.shape))
    factors = _nndsvd(x, n_components, key)
    fill = x.mean() / jnp.sqrt(_largest(x))
    return factors if init == "nndsvd" else Factors(*(jnp.where(f == 0, fill, f) for f in factors))


def _largest(x: Float[Array, "n d"]) -> Float[Array, ""]:
    """The largest entry; 1 for zeros."""
    largest = jnp.max(x)
    return jnp.where(largest == 0, 1.0, largest)


def _nndsvd(x: Float[Array, "n d"], n_components: int, key: Key[Array, ""] | None) -> Factors:
    parts = (
        svd.truncated(x, n_components=n_components)
        if key is None
        else svd.randomized(x, key=key, n_components=n_components)
    )
    u, v = parts.u.T, parts.vt
    # The entries of the leading pair of a non-negative matrix have one sign, except for rounding errors.
    u, v = u.at[0].set(jnp.abs(u[0])), v.at[0].set(jnp.abs(v[0]))
    pieces = []
    for sign in (1, -1):
        p, q = jnp.maximum(sign * u, 0), jnp.maximum(sign * v, 0)
        pieces.append((p, q, jnp.linalg.norm(p, axis=1), jnp.linalg.norm(q, axis=1)))
    (p, q, p_length, q_length), (m, r, m_length, r_length) = pieces
    positive = p_length * q_length >= m_length * r_length
    a, b = jnp.where(positive[:, None], p, m), jnp.where(positive[:, None], q, r)
    a_length, b_length = jnp.where(positive, p_length, m_length), jnp.where(positive, q_length, r_length)
    weight = jnp.sqrt(parts.s * a_length * b_length)
    a = a * (weight / jnp.where(a_length > 0, a_length, 1.0))[:, None]
    b = b * (weight / jnp.where(b_length > 0, b_length, 1.0))[:, None]
    tiny = 1e-6 * jnp.sqrt(_largest(x))
    return Factors(jnp.where(a < tiny, 0.0, a).T, jnp.where(b < tiny, 0.0, b))
