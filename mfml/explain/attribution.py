"""What each feature adds to a prediction, the common result of all Shapley values.

Shapes: n samples, d features, k outputs; results of one output have no axis for it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import sums


class Attribution(NamedTuple):
    """The prediction is `base` plus the sum of `phi` over the features."""

    phi: Float[Array, "n d *k"]  # in units of the output
    base: Float[Array, "*k"]  # the output where no feature is known


@public
@jax.jit
def importance(phi: Float[Array, "n d *k"]) -> Float[Array, "d *k"]:
    r"""Return the mean size of the effect of each feature, $\frac1n \sum_n |\phi_{nj}|$, in units of the output.

    It says how much the model uses a feature, and not whether the feature is a cause.

    Raises:
        ValueError: unless phi has an axis for samples and one for features, and at least one sample.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67.

    >>> importance(jnp.array([[1.0, 0.0], [-3.0, 1.0]])).tolist()
    [2.0, 0.5]
    """
    require.rank("phi", phi, 2, 3)
    require.that(len(phi) > 0, "phi must have at least one sample")
    return sums.mean(jnp.abs(phi))
