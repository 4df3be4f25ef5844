"""Asking a model about many rows without holding more than some thousands of them at once.

Shapes: n rows, k outputs; outputs of a model with one output have no axis for it.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

ROWS = 4096  # that a model is asked about at once
Function = Callable[[Array], Array]


@public
@partial(jax.jit, static_argnames="f")
def outputs(f: Function, x: Float[Array, "n *shape"]) -> Float[Array, "n *k"]:
    """Return the outputs of a model, `ROWS` rows at once.

    `f` is a JAX function from rows of features, or from images, to one output a row, or to a row of k outputs; static.
    Labels become floats.

    Raises:
        ValueError: unless x has at least two axes, and f gives one output, or one row of outputs, for each row.

    >>> outputs(lambda rows: rows.sum(axis=1), jnp.ones((2, 3))).tolist()
    [3.0, 3.0]
    """
    require.that(x.ndim > 1, f"x must have an axis of rows and at least one more; found shape {x.shape}")
    whole = len(x) // ROWS * ROWS
    if whole == 0:
        return _asked(f, x)
    found = lax.map(partial(_asked, f), x[:whole].reshape(-1, ROWS, *x.shape[1:]))
    found = found.reshape(whole, *found.shape[2:])
    return found if whole == len(x) else jnp.concatenate([found, _asked(f, x[whole:])])


def _asked(f: Function, rows: Array) -> Array:
    found = f(rows)
    fits = found.ndim in (1, 2) and len(found) == len(rows)
    message = "f must give one output, or one row of outputs, for each row"
    require.that(fits, f"{message}; found shape {found.shape} for {len(rows)} rows")
    return found if jnp.issubdtype(found.dtype, jnp.floating) else found.astype(rows.dtype)
