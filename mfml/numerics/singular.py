"""Singular values and vectors, for every input."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def svd(a: Float[Array, "m n"], *, full_matrices: bool = False) -> tuple[Array, Array, Array]:
    """Singular value decomposition; NaN where an entry is NaN or infinite (LAPACK never returns from an infinity).

    >>> [part.shape for part in svd(jnp.full((3, 2), jnp.inf))]
    [(3, 2), (2,), (2, 2)]
    """
    u, s, vt = jnp.linalg.svd(_finite_or_nan(a), full_matrices=full_matrices)
    return u, s, vt


def values(a: Float[Array, "m n"]) -> Float[Array, " q"]:
    """Singular values, non-increasing; NaN as in `svd`.

    >>> values(jnp.array([[jnp.inf]])).tolist()
    [nan]
    """
    return jnp.linalg.svd(_finite_or_nan(a), full_matrices=False, compute_uv=False)


def _finite_or_nan(a: Array) -> Array:
    return jnp.where(jnp.all(jnp.isfinite(a)), a, jnp.nan)
