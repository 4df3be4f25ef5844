r"""Scores of the unknown: how little a new sample looks like the known ones. All grow with the distance.

Shapes: n known samples, m new ones, d features, c classes. See `mahalanobis` for a score by mean and covariance, and
`drift` for tests of whole sets of samples. `clustering.anomaly` judges scores: its `auc` is the AUROC.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import POSITIVE, checked
from mfml.representation import neighbors


@public
@partial(jax.jit, static_argnames="n_neighbors")
def neighbor_distance(
    x: Float[Array, "m d"], known: Float[Array, "n d"], *, n_neighbors: int = 5
) -> Float[Array, " m"]:
    """Distance to the k-th nearest known sample, in units of the features: bring them to one scale before.

    It needs no shape of the distribution, and sees gaps. Features that do not matter hide those that do: with many of
    them all distances are alike. n_neighbors is static.

    Raises:
        ValueError: unless both have the same features, and 1 <= n_neighbors <= n.

    Source: Sun et al. (2022), Out-of-Distribution Detection with Deep Nearest Neighbors.

    >>> neighbor_distance(jnp.array([[1.0], [9.0]]), jnp.array([[0.0], [2.0], [4.0]]), n_neighbors=2).tolist()
    [1.0, 7.0]
    """
    return neighbors.search(known, x, n_neighbors=n_neighbors).distances[:, -1]


@public
@checked(temperature=POSITIVE)
@jax.jit
def energy(logits: Float[Array, "m c"], *, temperature: ArrayLike = 1.0) -> Float[Array, " m"]:
    r"""Energy $-T \ln \sum_j e^{z_j / T}$ of the logits, in their unit: low where a classifier is sure of a class.

    Probabilities do not show it, since they do not change if a number is added to all logits.

    Raises:
        ValueError: unless logits have two axes and a class, and the temperature is positive (NaN for a traced one).

    Source: Liu et al. (2020), Energy-based Out-of-distribution Detection.

    >>> energy(jnp.array([[0.0, 0.0], [9.0, 0.0]])).round(3).tolist()
    [-0.6930000185966492, -9.0]
    """
    require.rank("logits", logits, 2)
    require.positive("number of classes", logits.shape[1])
    t = jnp.asarray(temperature, logits.dtype)
    return -t * jax.nn.logsumexp(logits / t, axis=1)
