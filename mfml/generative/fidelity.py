r"""Fidelity and diversity of generated samples by nearest neighbors, and the diagnosis of collapse.

Around each sample lies the ball that reaches to its k-th nearest neighbor among samples of the same kind. All balls
together outline where the samples live. Shapes: m generated and n real samples (target), d features.

- precision: share of generated samples within a ball of a real one: are they like data?
- recall: share of real samples within a ball of a generated one: could the model make them? A single outlier among the
  generated samples has a large ball, so recall is too kind;
- coverage: share of real samples whose own ball holds a generated one: is each kind of data made?

A generator has collapsed where it makes few kinds of samples, however good each of them is: precision stays high, and
coverage falls.

Source: Kynkäänniemi et al. (2019); coverage: Naeem et al. (2020).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances, scaling, sums
from mfml.representation import neighbors

ROWS = 256  # samples whose distances to all others are computed together


class Fidelity(NamedTuple):
    """Shares from 0 to 1."""

    precision: Float[Array, ""]
    recall: Float[Array, ""]
    coverage: Float[Array, ""]


class Diagnosis(NamedTuple):
    """Whether a generator has collapsed."""

    coverage: Float[Array, ""]  # share of real samples whose ball holds a generated one
    expected_coverage: Float[Array, ""]  # on average, if the generated samples had the distribution of the data
    diversity: Float[Array, ""]  # root mean square distance of pairs of generated samples over that of real ones
    precision: Float[Array, ""]  # if it is low, too, the generator makes something else than data
    collapsed: Bool[Array, ""]  # less than half of the expected coverage; False where it is not known


@public
@partial(jax.jit, static_argnames="n_neighbors")
def measure(generated: Float[Array, "m d"], target: Float[Array, "n d"], *, n_neighbors: int = 5) -> Fidelity:
    """Precision, recall and coverage, see the module. The balls are closed. NaN where a sample has NaN or infinity.

    Scale features to comparable units first. Distances below 1e-19 of the largest value count as 0 in single precision.
    n_neighbors is static.

    Raises:
        ValueError: unless both have the same features, and more samples than n_neighbors >= 1.

    Source: Kynkäänniemi et al. (2019), equations 1 and 2; Naeem et al. (2020), equation 7.

    >>> target = jnp.array([[0.0], [1.0], [5.0], [6.0]])
    >>> [share.item() for share in measure(jnp.array([[0.2], [0.9], [1.1]]), target, n_neighbors=1)]
    [1.0, 0.5, 0.5]
    """
    _check(generated, target, n_neighbors)
    real, made = (neighbors.exact(x, n_neighbors=n_neighbors).distances[:, -1] for x in (target, generated))
    nearest = neighbors.search(generated, target, n_neighbors=1).distances[:, 0]
    known = jnp.isfinite(generated).all() & jnp.isfinite(target).all()
    shares = (
        jnp.mean(_within_a_ball(generated, target, real)),
        jnp.mean(_within_a_ball(target, generated, made)),
        jnp.mean((nearest <= real).astype(target.dtype)),
    )
    return Fidelity(*(jnp.where(known, share, jnp.nan) for share in shares))


@public
def expected_coverage(*, n_generated: int, n_target: int, n_neighbors: int = 5) -> float:
    r"""Coverage if both have one distribution, on average: $1 - \prod_{i<k} \frac{n - 1 - i}{n - 1 + m - i}$.

    A ball is empty if the k nearest of the n - 1 real and m generated samples around its center are all real. It holds
    for every density, in any number of dimensions. All arguments are static.

    Raises:
        ValueError: unless n_generated >= 1 and 1 <= n_neighbors <= n_target - 1.

    Source: Naeem et al. (2020), lemma 2.

    >>> round(expected_coverage(n_generated=1000, n_target=1000, n_neighbors=5), 3)
    0.969
    """
    require.positive("n_generated", n_generated)
    require.between("n_neighbors", n_neighbors, 1, n_target - 1)
    i = np.arange(n_neighbors)
    return float(1 - np.prod((n_target - 1 - i) / (n_target - 1 + n_generated - i)))


@public
@partial(jax.jit, static_argnames="n_neighbors")
def diagnose(generated: Float[Array, "m d"], target: Float[Array, "n d"], *, n_neighbors: int = 5) -> Diagnosis:
    """Tell whether a generator has collapsed: whether it covers less than half of what samples of the data would.

    Give a few hundred samples of each. A low diversity says that all samples are alike. A diversity near 1 with a low
    coverage says that a few kinds, far apart, are left. Healthy generators may fail, too, where they miss the data
    altogether: then the precision is low.

    Raises:
        ValueError: as `measure`.

    Source: Naeem et al. (2020).

    >>> target = jax.random.normal(jax.random.key(0), (100, 2))
    >>> bool(diagnose(target[:50] + 0.01, target).collapsed), bool(diagnose(0.1 * target + 1, target).collapsed)
    (False, True)
    """
    precision, _, coverage = measure(generated, target, n_neighbors=n_neighbors)
    expected = expected_coverage(n_generated=len(generated), n_target=len(target), n_neighbors=n_neighbors)
    diversity = scaling.ratio(_spread(generated), _spread(target))
    return Diagnosis(coverage, jnp.asarray(expected, target.dtype), diversity, precision, coverage < expected / 2)


def _within_a_ball(x: Array, centers: Array, radii: Array) -> Array:
    """1 for each row that lies within the ball of some center, else 0."""
    unit = distances.unit(x, centers)
    n, rows = len(x), min(ROWS, len(x))
    count = -(-n // rows)
    blocks = jnp.pad(x / unit, ((0, count * rows - n), (0, 0)), mode="edge").reshape(count, rows, -1)

    def one(block: Array) -> Array:
        return jnp.any(distances.root(distances.squared(block, centers / unit)) <= radii / unit, axis=1)

    found = lax.map(one, blocks)
    return found.reshape(-1)[:n].astype(x.dtype)


def _spread(x: Array) -> Array:
    """Root mean square distance of the samples from their mean, in proportion to that of pairs."""
    return scaling.length(sums.centered(x)[0]) / (len(x) - 1) ** 0.5


def _check(generated: Array, target: Array, n_neighbors: int) -> None:
    for name, x in (("generated", generated), ("target", target)):
        require.rank(name, x, 2)
        few = f"{name} must hold more samples than n_neighbors = {n_neighbors}; found shape {x.shape}"
        require.that(len(x) > n_neighbors and x.shape[1] > 0, few)
    require.positive("n_neighbors", n_neighbors)
    require.same_length(generated=(generated, 1), target=(target, 1))
