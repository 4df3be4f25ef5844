r"""Positions: attention by itself does not know the order of its inputs. Shapes: n positions, d features.

Features come in d / 2 pairs; pair i turns by $p\, \omega_i$ with $\omega_i = \text{base}^{-2i/d}$ at position p.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.entrance import public

LAYOUTS = ("interleaved", "half")


@public
@partial(jax.jit, static_argnames=("base", "layout"))
def rotate(
    x: Float[Array, "*b n d"], positions: Num[Array, "*p n"], *, base: float = 10_000.0, layout: str = "interleaved"
) -> Float[Array, "*b n d"]:
    r"""Rotary positions (RoPE): turn each pair of features by its angle $p\, \omega_i$.

    The product of two turned vectors depends on the distance of their positions only. Lengths stay, and position 0
    changes nothing. Which features form a pair is the layout; a model works with the one it was trained with:

    - "interleaved": 2i and 2i + 1 (the paper, GPT-J);
    - "half": i and i + d/2 (GPT-NeoX, Llama). `x[..., pairs_to_halves(d)]` brings "interleaved" into this layout.

    Args:
        x: queries or keys.
        positions: of the vectors, mostly 0, 1, ...; leading axes broadcast to those of x. They need not be whole.
        base: static.
        layout: static.

    Raises:
        ValueError: unless d is even, there is a position per vector, and the layout is known.

    Source: Su et al. (2024), section 3.2.2.

    >>> rotate(jnp.array([[1.0, 0.0]]), jnp.array([jnp.pi / 2])).round(3).tolist()
    [[0.0, 1.0]]
    """
    require.one_of("layout", layout, LAYOUTS)
    require.that(x.ndim >= 2 and x.shape[-1] % 2 == 0, f"x must have an even number of features; found {x.shape}")
    require.same_length(x=(x, -2), positions=(positions, -1))
    angles = _angles(positions, x.shape[-1], base, x.dtype)
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    if layout == "half":
        first, second = jnp.split(x, 2, axis=-1)
        return jnp.concatenate([first * cosine - second * sine, first * sine + second * cosine], axis=-1)
    first, second = x[..., ::2], x[..., 1::2]
    turned = jnp.stack([first * cosine - second * sine, first * sine + second * cosine], axis=-1)
    return turned.reshape(x.shape)


def _angles(positions: Num[Array, "*p n"], d: int, base: float, dtype: jnp.dtype) -> Float[Array, "*p n d/2"]:
    """Angles of all positions and pairs."""
    frequencies = base ** (-jnp.arange(0, d, 2) / d)
    return (positions[..., None] * frequencies).astype(dtype)
