r"""Positions: attention by itself does not know the order of its inputs. Shapes: n positions, d features (even).

Features come in d / 2 pairs, and pair i turns by the angle $p\, \omega_i$ with $\omega_i = \text{base}^{-2i/d}$ at
position p. In single precision the angle is off by some $10^{-7} p\, \omega_i$.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public

LAYOUTS = ("interleaved", "half")


@public
@partial(jax.jit, static_argnames=("width", "base"))
def sinusoidal(positions: Num[Array, "*n"], *, width: int, base: float = 10_000.0) -> Float[Array, "*n width"]:
    r"""Fixed positions: $\sin(p\, \omega_i)$ in feature 2i and $\cos(p\, \omega_i)$ in feature 2i + 1.

    The vector of position p + k is that of p turned by the angles of -k: `rotate(sinusoidal(p, ...), -k)`.

    Args:
        positions: p, mostly 0, 1, ...; they need not be whole.
        width: d; static.
        base: static.

    Raises:
        ValueError: unless the width is even and positive, and the base positive.

    Source: Vaswani et al. (2017), section 3.5.

    >>> sinusoidal(jnp.arange(1.0), width=4).tolist()
    [[0.0, 1.0, 0.0, 1.0]]
    """
    require.that(width > 0 and width % 2 == 0, f"width must be even and positive; found {width}")
    angles = _angles(positions, width, base, jnp.result_type(positions, float))
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1).reshape(*positions.shape, width)


@public
@partial(jax.jit, static_argnames=("base", "layout"))
def rotate(
    x: Float[Array, "*b n d"], positions: Num[Array, "*p n"], *, base: float = 10_000.0, layout: str = "interleaved"
) -> Float[Array, "*b n d"]:
    r"""Rotary positions (RoPE): turn each pair of features by its angle $p\, \omega_i$.

    The product of two turned vectors depends on the distance of their positions only. Lengths stay, and position 0
    changes nothing. Which features form a pair is the layout; a model works with the one it was trained with:

    - "interleaved": 2i and 2i + 1 (the paper);
    - "half": i and i + d / 2 (Llama as Hugging Face stores it). `x[..., to_halves(d)]` is in this layout if x is in
      the other.

    Args:
        x: queries or keys.
        positions: p, one per vector, mostly 0, 1, ...; leading axes broadcast to those of x. They need not be whole.
        base: static.
        layout: static.

    Raises:
        ValueError: unless d is even, there is a position per vector, the base is positive and the layout known.

    Source: Su et al. (2024), section 3.2.2.

    >>> rotate(jnp.array([[1.0, 0.0]]), jnp.array([jnp.pi / 2])).round(3).tolist()
    [[-0.0, 1.0]]
    """
    require.one_of("layout", layout, LAYOUTS)
    fits = x.ndim >= 2 and x.shape[-1] % 2 == 0
    require.that(fits, f"x must have axes of positions and of an even number of features; found shape {x.shape}")
    require.that(positions.ndim > 0, "positions must be one per vector; found shape ()")
    require.same_length(x=(x, -2), positions=(positions, -1))
    require.broadcasts("positions", positions, x.shape[:-1])
    angles = _angles(positions, x.shape[-1], base, jnp.promote_types(x.dtype, jnp.float32))
    cosine, sine = jnp.cos(angles).astype(x.dtype), jnp.sin(angles).astype(x.dtype)
    first, second = jnp.split(x, 2, axis=-1) if layout == "half" else (x[..., ::2], x[..., 1::2])
    turned = first * cosine - second * sine, first * sine + second * cosine
    return jnp.concatenate(turned, axis=-1) if layout == "half" else jnp.stack(turned, axis=-1).reshape(x.shape)


@public
def to_halves(d: int) -> Int[Array, " d"]:
    """Order of features that turns the layout "interleaved" of `rotate` into "half": 0, 2, ..., 1, 3, ...

    `rotate(x, p)[..., to_halves(d)]` equals `rotate(x[..., to_halves(d)], p, layout="half")`. The inverse order is
    `jnp.argsort(to_halves(d))`.

    Raises:
        ValueError: unless d is even.

    >>> to_halves(6).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    require.that(d >= 0 and d % 2 == 0, f"d must be even; found {d}")
    return jnp.arange(d).reshape(-1, 2).T.reshape(-1)


@public
@partial(jax.jit, static_argnames=("n_positions", "width", "std"))
def init(*, key: Key[Array, ""], n_positions: int, width: int, std: float = 0.02) -> Float[Array, "n d"]:
    """Draw a table of learned positions, to be added to what stands there: normal numbers of mean 0. All is static.

    Raises:
        ValueError: for sizes below 1 or a negative standard deviation.

    Source: Dosovitskiy et al. (2021), section 3.1.

    >>> init(key=jax.random.key(0), n_positions=10, width=4).shape
    (10, 4)
    """
    require.positive("n_positions", n_positions)
    require.positive("width", width)
    require.that(std >= 0, f"std must not be negative; found {std}")
    return std * jax.random.normal(key, (n_positions, width))


def _angles(positions: Num[Array, "*p n"], d: int, base: float, dtype: DTypeLike) -> Float[Array, "*p n half"]:
    """Angles of all positions and pairs."""
    require.positive("base", base)
    frequencies = float(base) ** (-np.arange(0, d, 2) / max(d, 1))
    return positions[..., None].astype(dtype) * jnp.asarray(frequencies, dtype)
