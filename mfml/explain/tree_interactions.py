r"""Shapley interaction values of trees. Shapes: n samples, b background samples, d features, k outputs.

The effect of a feature is divided into what it adds alone and what it adds together with each other feature.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml.entrance import public
from mfml.explain import tree_sums
from mfml.explain.tree_sums import Model


class Interactions(NamedTuple):
    """Row i adds up to the Shapley value of feature i, and all entries to prediction minus `base`."""

    phi: Float[Array, "n d d *k"]  # symmetric; the diagonal holds main effects; in units of the output
    base: Float[Array, "*k"]


@public
def path_dependent(model: Model, x: Float[Array, "n d"], *, max_depth: int | None = None) -> Interactions:
    r"""Return the interactions of all pairs of features, see `tree_shap.path_dependent`.

    The interaction of two features is what both change together beyond the sum of what each changes. Entries (i, j) and
    (j, i) are one half of it each, and the diagonal is $\phi_i - \sum_{j \ne i} \phi_{ij}$. The time grows with the
    depth of the trees, too.

    Raises:
        ValueError: unless x has as many columns as in the fit of the model, or if `max_depth` is too small.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67.

    >>> from mfml.generalization import tree_arrays
    >>> stump = tree_arrays.stump(1, 0.5, jnp.array([[0.0], [1.0], [3.0]]), n_features=2)
    >>> path_dependent(stump, jnp.array([[0.0, 1.0]])).phi.tolist()
    [[[0.0, 0.0], [0.0, 1.0]]]
    """
    return _interactions(model, x, None, max_depth)


@public
def interventional(
    model: Model, x: Float[Array, "n d"], background: Float[Array, "b d"], *, max_depth: int | None = None
) -> Interactions:
    """Return the interactions where unknown features come from background samples, see `tree_shap.interventional`.

    Raises:
        ValueError: unless x and the background have as many columns as in the fit of the model, the background is
            empty, or `max_depth` is too small.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67.

    >>> from mfml.generalization import tree_arrays
    >>> stump = tree_arrays.stump(1, 0.5, jnp.array([[0.0], [1.0], [3.0]]), n_features=2)
    >>> interventional(stump, jnp.array([[0.0, 1.0]]), jnp.zeros((1, 2))).phi.tolist()
    [[[0.0, 0.0], [0.0, 2.0]]]
    """
    return _interactions(model, x, background, max_depth)


def _interactions(model: Model, x: Array, background: Array | None, max_depth: int | None) -> Interactions:
    main = tree_sums.effects(model, x, background=background, max_depth=max_depth)
    pairs = tree_sums.effects(model, x, background=background, max_depth=max_depth, pairs=True)
    return _assembled(main, pairs.values)


@jax.jit
def _assembled(main: tree_sums.Effects, pairs: Array) -> Interactions:
    d = pairs.shape[-1]
    off = jnp.where(jnp.eye(d, dtype=bool), 0.0, pairs + pairs.swapaxes(-1, -2)) / 2
    phi = off + (main.values - jnp.sum(off, axis=-1))[..., None] * jnp.eye(d, dtype=off.dtype)
    return Interactions(phi[0], main.base[0]) if len(phi) == 1 else Interactions(jnp.moveaxis(phi, 0, -1), main.base)
