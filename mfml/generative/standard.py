"""Units in which models of this unit work: mean and standard deviation of the data, kept with the model."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import sums


@public
@jax.jit
def measured(x: Float[Array, "n *shape"]) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    r"""Mean and standard deviation over the samples, divisor n; the deviation of what is constant counts as 1.

    Raises:
        ValueError: without a sample.

    >>> [part.tolist() for part in measured(jnp.array([[1.0, 7.0], [3.0, 7.0]]))]
    [[2.0, 7.0], [1.0, 1.0]]
    """
    require.that(len(x) > 0, f"x must hold at least one sample; found shape {x.shape}")
    scale = sums.std(x)
    return sums.mean(x), jnp.where(scale == 0, 1.0, scale)


@public
@partial(jax.jit, static_argnames="n_samples")
def conditions(
    condition: Float[Array, "m c"] | None,
    shift: Float[Array, " c"] | None,
    scale: Float[Array, " c"] | None,
    *,
    n_samples: int,
) -> Float[Array, "n c"] | None:
    """Conditions in their own units, one row for each sample; a single row serves for all of them.

    None where the model has none: then shift and scale are None. The number of samples is static.

    Raises:
        ValueError: if a model that needs a condition is given none, or one that has none is given one, and unless
            there are as many columns as in the fit, and one row or one per sample.

    >>> one = jnp.ones(1)
    >>> conditions(jnp.array([[3.0]]), one, 2 * one, n_samples=2).tolist()
    [[1.0], [1.0]]
    """
    if condition is None or shift is None or scale is None:
        require.that(condition is None, "condition must be None: the model was made without one")
        require.that(shift is None, "condition must be given: the model was made with one")
        return None
    require.rank("condition", condition, 2)
    require.columns("condition", condition, len(shift))
    require.that(
        len(condition) in (1, n_samples),
        f"condition must have one row, or one for each of the {n_samples} samples; found shape {condition.shape}",
    )
    return jnp.broadcast_to((condition - shift) / scale, (n_samples, len(shift)))
