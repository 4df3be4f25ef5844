r"""Quality of representations. Shapes: n samples, d features, k coordinates, c classes, s steps.

No embedding in a plane preserves everything. Trustworthiness asks whether neighbors in the plane are neighbors in the
data. Continuity asks the reverse, and recall is the fraction of shared neighbors. Labels show how compact and how
separate the classes are. A decoder shows how smoothly samples change along a path in latent space.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances
from mfml.representation import neighbors


class Walk(NamedTuple):
    """A straight path in latent space, measured in the space of the samples."""

    stretch: Float[Array, ""]  # length of the decoded path over the distance between its ends; 1 is straight
    roughness: Float[Array, ""]  # longest decoded step over the mean step; 1 is even


@public
@partial(jax.jit, static_argnames="n_neighbors")
def trustworthiness(x: Float[Array, "n d"], y: Float[Array, "n k"], *, n_neighbors: int = 5) -> Float[Array, ""]:
    r"""Penalize neighbors in the embedding y that are not neighbors in the data x, by their excess rank.

    $$T = 1 - \frac{2}{n k (2 n - 3 k - 1)} \sum_i \sum_{j \in N_k^y(i)} \max(0, r_x(i, j) - k)$$

    Here k is n_neighbors, and $r_x(i, j)$ is the rank of j by distance from i in x. The nearest sample has rank 1, and
    ties go to the lower index. 1 is best; a random embedding has about 0.5. NaN if an entry is NaN or infinite.

    Raises:
        ValueError: unless both have two axes and the same number of rows, and 1 <= n_neighbors < n / 2.

    Source: Venna and Kaski (2001), ICANN.

    >>> x = jnp.array([[0.0], [1.0], [3.0], [7.0], [15.0]])
    >>> trustworthiness(x, 2 * x, n_neighbors=2).item()
    1.0
    """
    _check(x, y, n_neighbors)
    n, k = len(x), n_neighbors
    excess = jnp.maximum(0, ranks(x, neighbors.exact(y, n_neighbors=k).indices) - k)
    found = 1 - jnp.sum(excess, dtype=x.dtype) * (2 / (n * k * (2 * n - 3 * k - 1)))
    return _where_finite(found, x, y)


@public
def continuity(x: Float[Array, "n d"], y: Float[Array, "n k"], *, n_neighbors: int = 5) -> Float[Array, ""]:
    """Penalize neighbors in the data x that are not neighbors in the embedding y: `trustworthiness` of x given y.

    Raises:
        ValueError: as `trustworthiness`.

    Source: Venna and Kaski (2001), ICANN.

    >>> x = jnp.array([[0.0], [1.0], [3.0], [7.0], [15.0]])
    >>> continuity(x, -x, n_neighbors=2).item()
    1.0
    """
    _check(x, y, n_neighbors)
    return trustworthiness(y, x, n_neighbors=n_neighbors)


@public
def ranks(x: Float[Array, "n d"], indices: Int[Array, "n k"]) -> Int[Array, "n k"]:
    """Ranks of given samples by distance from each sample: 1 for the nearest other one.

    Raises:
        ValueError: unless both have two axes and the same number of rows.

    >>> ranks(jnp.array([[0.0], [1.0], [5.0]]), jnp.array([[2], [2], [0]])).tolist()
    [[2], [2], [2]]
    """
    require.rank("x", x, 2)
    require.rank("indices", indices, 2)
    require.same_length(x=x, indices=indices)
    return _ranks(x, indices)


@jax.jit
def _ranks(x: Array, indices: Array) -> Array:
    n = len(x)
    numbers, scaled = jnp.arange(n), x / distances.unit(x)
    parts = distances.columns(scaled)

    def block(at: tuple[Array, Array, Array]) -> Array:
        own, i, chosen = at
        squared = distances.to_columns(own, parts).at[jnp.arange(len(own)), i].set(jnp.inf)
        theirs = jnp.take_along_axis(squared, chosen, axis=1)[:, :, None]
        earlier = numbers < chosen[:, :, None]
        return 1 + jnp.sum((squared[:, None] < theirs) | ((squared[:, None] == theirs) & earlier), axis=2)

    rows = min(128, n)
    whole = jnp.arange(-(-n // rows) * rows).reshape(-1, rows) % n
    found = lax.map(lambda i: block((scaled[i], i, indices[i])), whole)
    return found.reshape(-1, indices.shape[1])[:n]


@public
def recall(found: Int[Array, "n k"], needed: Int[Array, "n k"]) -> Float[Array, ""]:
    """Fraction of the needed neighbors that were found, in any order.

    Raises:
        ValueError: unless both have two axes and the same shape.

    >>> recall(jnp.array([[1, 2]]), jnp.array([[2, 5]])).item()
    0.5
    """
    require.rank("found", found, 2)
    require.same_shape(found=found, needed=needed)
    return jnp.mean((needed[:, :, None] == found[:, None]).any(axis=-1), dtype=float)


@public
@partial(jax.jit, static_argnames="n_neighbors")
def neighbor_recall(x: Float[Array, "n d"], y: Float[Array, "n k"], *, n_neighbors: int = 5) -> Float[Array, ""]:
    """Fraction of the nearest neighbors in the data x that are among the nearest in the embedding y.

    NaN if an entry is NaN or infinite.

    Raises:
        ValueError: as `trustworthiness`.

    Source: Lee and Verleysen (2009), Neurocomputing 72, 1431.

    >>> x = jnp.array([[0.0], [1.0], [3.0], [7.0], [15.0]])
    >>> neighbor_recall(x, x**2, n_neighbors=2).item()
    1.0
    """
    _check(x, y, n_neighbors)
    in_x, in_y = (neighbors.exact(space, n_neighbors=n_neighbors).indices for space in (x, y))
    return _where_finite(recall(in_y, in_x).astype(x.dtype), x, y)


@public
def compactness(z: Float[Array, "n k"], labels: Int[Array, " n"], *, n_classes: int | None = None) -> Float[Array, ""]:
    r"""Mean distance of the samples to the means of their classes, in units of z; small is compact.

    Raises:
        ValueError: unless z has two axes, with one label per row; as `require.n_classes`.

    >>> compactness(jnp.array([[0.0], [2.0], [9.0]]), jnp.array([0, 0, 1])).item()
    0.6666666865348816
    """
    return _compactness(z, labels, _check_labels(z, labels, n_classes))


@public
def separation(z: Float[Array, "n k"], labels: Int[Array, " n"], *, n_classes: int | None = None) -> Float[Array, ""]:
    """Smallest distance between the means of two classes, in units of z; compare it with `compactness`.

    Classes without samples do not count. NaN if fewer than two classes have samples.

    Raises:
        ValueError: as `compactness`.

    >>> separation(jnp.array([[0.0], [2.0], [9.0]]), jnp.array([0, 0, 1])).item()
    8.0
    """
    return _separation(z, labels, _check_labels(z, labels, n_classes))


@partial(jax.jit, static_argnums=2)
def _compactness(z: Array, labels: Array, n_classes: int) -> Array:
    return jnp.mean(_norm(z - _means(z, labels, n_classes)[0][labels]))


@partial(jax.jit, static_argnums=2)
def _separation(z: Array, labels: Array, n_classes: int) -> Array:
    means, counts = _means(z, labels, n_classes)
    there = counts > 0
    pairs = there[:, None] & there & ~jnp.eye(len(counts), dtype=bool)
    apart = jnp.where(pairs, _norm(means[:, None] - means), jnp.inf).min()
    return jnp.where(jnp.isfinite(apart), apart, jnp.nan)


@public
def interpolation(
    decode: Callable[[Array], Array], first: Float[Array, " k"], last: Float[Array, " k"], *, n_steps: int = 32
) -> Walk:
    r"""Smoothness of the change of samples along the straight line between two codes.

    With $x_t = \mathrm{decode}(z_t)$ at s + 1 evenly spaced codes and steps $l_t = \|x_{t+1} - x_t\|$, the stretch is
    $\sum_t l_t / \|x_s - x_0\|$, and the roughness is $\max_t l_t \cdot s / \sum_t l_t$. A linear decoder has 1 and 1;
    a jump makes the roughness as large as s. NaN if nothing changes.

    Args:
        decode: from codes (s + 1, k) to samples with any axes after the first.
        first: code at the start of the path.
        last: code at its end.
        n_steps: s, static.

    Raises:
        ValueError: unless first and last have one axis and the same shape, and n_steps >= 1.

    >>> [value.item() for value in interpolation(lambda z: 2 * z, jnp.zeros(2), jnp.ones(2), n_steps=4)]
    [1.0, 1.0]
    """
    require.rank("first", first, 1)
    require.same_shape(first=first, last=last)
    require.positive("n_steps", n_steps)
    return _measured(decode(_between(first, last, n_steps)))


@partial(jax.jit, static_argnums=2)
def _between(first: Array, last: Array, n_steps: int) -> Array:
    share = jnp.linspace(0, 1, n_steps + 1, dtype=first.dtype)[:, None]
    return (1 - share) * first + share * last


@jax.jit
def _measured(path: Array) -> Walk:
    path = path.reshape(len(path), -1)
    steps = _norm(jnp.diff(path, axis=0))
    return Walk(steps.sum() / _norm(path[-1] - path[0]), steps.max() / steps.mean())


def _check_labels(z: Array, labels: Array, n_classes: int | None) -> int:
    require.rank("z", z, 2)
    require.rank("labels", labels, 1)
    require.same_length(z=z, labels=labels)
    return require.n_classes(labels, n_classes)


def _means(z: Array, labels: Array, n_classes: int) -> tuple[Array, Array]:
    member = jax.nn.one_hot(labels, n_classes, dtype=z.dtype)
    counts = member.sum(axis=0)
    return member.T @ z / jnp.maximum(counts, 1)[:, None], counts


def _norm(vectors: Array) -> Array:
    """Length along the last axis; zero gradient at 0."""
    unit = distances.unit(vectors)
    return distances.root(jnp.sum((vectors / unit) ** 2, axis=-1)) * unit


def _where_finite(value: Array, *arrays: Array) -> Array:
    """NaN if an entry of the arrays is not finite: ranks alone would not show it."""
    sound = jnp.stack([jnp.isfinite(array).all() for array in arrays]).all()
    return jnp.where(sound, value, jnp.nan)


def _check(x: Array, y: Array, n_neighbors: int) -> None:
    require.rank("x", x, 2)
    require.rank("y", y, 2)
    require.same_length(x=x, y=y)
    require.that(
        1 <= n_neighbors < len(x) / 2,
        f"n_neighbors must be at least 1 and less than half of {len(x)} samples; found {n_neighbors}",
    )
