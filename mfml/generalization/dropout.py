r"""Dropout: random units are switched off while a network learns, and all are on when it predicts.

Shapes: any, `*shape`; n samples, d features.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml.entrance import public
from mfml.numerics.domain import SHARE, checked


@public
@checked(rate=SHARE)
def mask(shape: tuple[int, ...], *, key: Key[Array, ""], rate: ArrayLike) -> Float[Array, "..."]:
    r"""Draw factors that are 0 with probability p = `rate` and 1 / (1 - p) otherwise, so their mean is 1.

    For p = 1 all are 0. `shape` is static.

    Raises:
        ValueError: for a rate outside [0, 1]; where it is traced, the result is NaN.

    Source: Srivastava et al. (2014), Journal of Machine Learning Research 15, 1929; "inverted" as in all libraries.

    >>> sorted(set(mask((50,), key=jax.random.key(0), rate=0.5).tolist()))
    [0.0, 2.0]
    """
    kept = 1 - jnp.asarray(rate, float)
    on = jax.random.uniform(key, shape) < kept
    return jnp.where(on | jnp.isnan(kept), 1 / jnp.where(kept <= 0, 1.0, kept), 0.0)


@public
@checked(rate=SHARE)
def apply(
    x: Float[Array, "*shape"], *, key: Key[Array, ""], rate: ArrayLike, training: bool = True
) -> Float[Array, "*shape"]:
    """Set random entries of x to 0 and multiply the others by 1 / (1 - rate). Without training, return x itself.

    An infinite entry that is switched off is 0, too; NaN stays NaN.

    `training` is static.

    >>> apply(jnp.ones(3), key=jax.random.key(0), rate=0.5, training=False).tolist()
    [1.0, 1.0, 1.0]
    """
    if not training:
        return x
    return _dropped(x, key, rate)


@jax.jit
def _dropped(x: Array, key: Array, rate: ArrayLike) -> Array:
    factor = mask(x.shape, key=key, rate=rate).astype(x.dtype)
    return jnp.where((factor == 0) & jnp.isinf(x), 0, x * factor)


@public
@checked(rate=SHARE)
def ridge_penalty(x: Float[Array, "n d"], *, rate: ArrayLike) -> Float[Array, " d"]:
    r"""Return the ridge penalty of each feature to which dropout on the inputs of a linear model is equivalent.

    $$\mathbb{E}_m \lVert y - (m \odot X) w \rVert^2 = \lVert y - X w \rVert^2 +
      \frac{p}{1 - p} \sum_j w_j^2 \sum_i x_{ij}^2$$

    The penalty is $\frac{p}{1-p} \sum_i x_{ij}^2$, in squared units of x. It is infinite for p = 1.

    Source: Srivastava et al. (2014), section 9.1; Wager, Wang and Liang (2013), NeurIPS.

    >>> ridge_penalty(jnp.array([[1.0], [2.0]]), rate=0.5).tolist()
    [5.0]
    """
    rate = jnp.asarray(rate, x.dtype)
    return rate / (1 - rate) * jnp.sum(x**2, axis=0)
