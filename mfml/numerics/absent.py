"""Samples of weight zero are absent, whatever they hold: NaN, infinity, or a number that spoils every scale."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Float, Shaped


def present(weights: Float[Array, " n"] | None, array: Shaped[Array, "n *rest"]) -> Shaped[Array, "n *rest"]:
    """Put a row of positive weight in the place of each row of weight zero.

    So 0 times infinity cannot arise, and no scale or shift is taken from what is absent. The weights stay as they are.
    Without weights every row is present. If all weights are zero there are no data, and numbers become NaN.

    >>> present(jnp.array([1.0, 0.0]), jnp.array([[3.0], [jnp.nan]])).tolist()
    [[3.0], [3.0]]
    """
    if weights is None:
        return array
    absent = (weights == 0).reshape(-1, *[1] * (array.ndim - 1))
    # behind the barrier XLA does not look through weights that are all 1: it would fold millions of them for seconds
    first = jnp.argmax(lax.optimization_barrier(weights > 0))
    row = array[first]
    if jnp.issubdtype(array.dtype, jnp.inexact):
        row = jnp.where(weights[first] == 0, jnp.nan, row)
    return jnp.where(absent, row, array)


def present_columns(weights: Float[Array, " n"] | None, table: Shaped[Array, "m n"]) -> Shaped[Array, "m n"]:
    """Do what `present` does for columns.

    >>> present_columns(jnp.array([1.0, 0.0]), jnp.array([[3.0, jnp.nan]])).tolist()
    [[3.0, 3.0]]
    """
    return present(weights, table.T).T


def rows_in_use(
    weights: Float[Array, " n"] | None, x: Shaped[Array, "n *rest"]
) -> tuple[Shaped[Array, "n *rest"], Bool[Array, ""]]:
    """Do for a large table what `present` does, but once for all weights under `vmap`: folds share one table.

    A row that is absent everywhere, or not finite, becomes another row. Also says whether no row that counts was lost
    in this way: where it is False, the result has to be NaN.

    >>> [part.tolist() for part in rows_in_use(jnp.array([1.0, 0.0]), jnp.array([[3.0], [jnp.nan]]))]
    [[[3.0], [3.0]], True]
    """
    if weights is None:
        return x, jnp.array(True)
    # 0 times what is not finite is NaN: a product with zeros that the compiler does not know is the quickest test
    rows = x.reshape(len(x), -1)
    sound = jnp.isfinite(rows @ lax.optimization_barrier(jnp.zeros(rows.shape[1], rows.dtype)))
    kept = sound & (largest_of_batch((weights != 0).astype(weights.dtype)) > 0)

    def filled() -> Array:
        return jnp.where(kept.reshape(-1, *[1] * (x.ndim - 1)), x, x[jnp.argmax(kept)])

    return lax.cond(kept.all(), lambda: x, filled), jnp.all(sound | (weights == 0))


def may_miss(x: Float[Array, "n d"]) -> bool:
    """Whether a value may be missing (NaN): True within compiled code, which knows no values.

    >>> may_miss(jnp.array([[1.0]])), may_miss(jnp.array([[jnp.nan]]))
    (False, True)
    """
    missing = jnp.isnan(x).any()  # a maximum loses NaN among thousands of entries, see `scaling.largest`
    return isinstance(missing, jax.core.Tracer) or bool(missing)


def largest_of_batch(value: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The value itself; under `vmap` the largest in the batch, one for all. It has no derivative.

    What need not be exact, such as a scale, is then computed once.
    """
    return _largest(lax.stop_gradient(value))


@custom_vmap
def _largest(value: Array) -> Array:
    return value


@_largest.def_vmap
def _over_the_batch(_: int, batched: list[bool], value: Array) -> tuple[Array, bool]:
    return (_largest(jnp.nanmax(value, axis=0)) if batched[0] else value), False
