"""What every model of this unit says about a new sample. Shapes: m samples, s members or draws.

Standard deviations are kept, and not variances: of targets such as 1e-19 J single precision can hold no square.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class Prediction(NamedTuple):
    """Mean of the next measurement at each sample, and two independent reasons why it may differ.

    More data make the epistemic part smaller, but not the aleatoric one.
    """

    mean: Float[Array, " m"]  # units of y
    aleatoric_std: Float[Array, " m"]  # of the noise, units of y
    epistemic_std: Float[Array, " m"]  # of the mean itself, units of y

    @property
    def std(self) -> Float[Array, " m"]:
        """Standard deviation of the next measurement, units of y."""
        return jnp.hypot(self.aleatoric_std, self.epistemic_std)

    @property
    def aleatoric(self) -> Float[Array, " m"]:
        """Variance of the noise, squared units of y."""
        return self.aleatoric_std**2

    @property
    def epistemic(self) -> Float[Array, " m"]:
        """Variance of the mean, squared units of y."""
        return self.epistemic_std**2

    @property
    def variance(self) -> Float[Array, " m"]:
        """Variance of the next measurement: the sum of both, squared units of y."""
        return self.aleatoric + self.epistemic


class Members(NamedTuple):
    """A normal distribution for each member and each sample."""

    means: Float[Array, "s m"]  # units of y
    stds: Float[Array, "s m"]  # of the noise, units of y
