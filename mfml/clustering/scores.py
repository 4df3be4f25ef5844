r"""Scores of clusterings. Shapes: n samples, d features, k clusters.

Labels run from 0 to n_clusters - 1; this static number may be larger than needed. `inertia` and `silhouette` judge one
labeling by the data. `adjusted_rand` and `normalized_mutual_information` compare two labelings, however each numbers
its clusters. Labels out of range give NaN.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.clustering import distances
from mfml.entrance import public
from mfml.numerics import distances as numerics
from mfml.numerics import scaling


@public
@jax.jit
def inertia(x: Float[Array, "n d"], centroids: Float[Array, "k d"], labels: Int[Array, " n"]) -> Float[Array, ""]:
    r"""Sum of squared distances of samples to the centroids of their clusters, $\sum_i \|x_i - \mu_{l_i}\|^2$.

    In squared units of x.

    Raises:
        ValueError: if shapes do not match.

    Source: Bishop (2006), equation 9.1.

    >>> inertia(jnp.array([[0.0], [2.0]]), jnp.array([[1.0]]), jnp.array([0, 0])).item()
    2.0
    """
    require.rank("x", x, 2)
    require.rank("centroids", centroids, 2)
    require.same_length(x=(x, 1), centroids=(centroids, 1))
    require.same_length(x=x, labels=labels)
    outside = (labels < 0) | (labels >= len(centroids))
    apart = x - jnp.where(outside[:, None], jnp.nan, centroids[labels])
    unit = numerics.unit(apart)
    return jnp.sum((apart / unit) ** 2) * unit * unit


@public
@partial(jax.jit, static_argnames="n_clusters")
def silhouette_samples(x: Float[Array, "n d"], labels: Int[Array, " n"], *, n_clusters: int) -> Float[Array, " n"]:
    r"""Silhouette of each sample, $(b_i - a_i) / \max(a_i, b_i)$, from -1 to 1.

    $a_i$ is the mean distance to the other samples of its cluster, $b_i$ the smallest mean distance to the samples of
    another cluster. Above 0, the sample is closer to its own cluster. The value is 0 for a sample alone in its cluster
    and if all distances are 0. It is NaN if there is only one cluster. The function builds the n x n table of
    distances, so n should not exceed a few thousand.

    Raises:
        ValueError: if shapes do not match or n_clusters < 2.

    Source: Rousseeuw (1987), Journal of Computational and Applied Mathematics 20.

    >>> x = jnp.array([[0.0], [1.0], [9.0]])
    >>> [round(value, 3) for value in silhouette_samples(x, jnp.array([0, 0, 1]), n_clusters=2).tolist()]
    [0.889, 0.875, 0.0]
    """
    require.that(n_clusters >= 2, f"a silhouette needs at least 2 clusters; found {n_clusters}")
    require.rank("x", x, 2)
    require.same_length(x=x, labels=labels)
    member = jax.nn.one_hot(labels, n_clusters, dtype=x.dtype)
    counts = member.sum(axis=0)
    table = distances.euclidean(x, x)
    sums = table @ member
    own_count = member @ counts
    a = jnp.sum(sums * member, axis=1) / jnp.maximum(own_count - 1, 1)
    other = jnp.where((member > 0) | (counts == 0), jnp.inf, sums / jnp.maximum(counts, 1))
    b = -scaling.largest(-other, axis=1)
    larger = jnp.maximum(a, b)
    value = jnp.where((own_count > 1) & (larger > 0), (b - a) / jnp.where(larger > 0, larger, 1), 0)
    return jnp.where(jnp.isfinite(b) & (own_count > 0), value, jnp.nan)


@public
@partial(jax.jit, static_argnames="n_clusters")
def silhouette(x: Float[Array, "n d"], labels: Int[Array, " n"], *, n_clusters: int) -> Float[Array, ""]:
    """Mean of `silhouette_samples`.

    >>> silhouette(jnp.array([[0.0], [0.0], [9.0], [9.0]]), jnp.array([0, 0, 1, 1]), n_clusters=2).item()
    1.0
    """
    return silhouette_samples(x, labels, n_clusters=n_clusters).mean()


@public
@partial(jax.jit, static_argnames="n_clusters")
def contingency(first: Int[Array, " n"], second: Int[Array, " n"], *, n_clusters: int) -> Float[Array, "k k"]:
    """Count the samples of each pair of labels: one row per first label, one column per second label.

    Raises:
        ValueError: unless both have one axis and the same length.

    >>> contingency(jnp.array([0, 0, 1]), jnp.array([1, 1, 1]), n_clusters=2).tolist()
    [[0.0, 2.0], [0.0, 1.0]]
    """
    require.rank("first", first, 1)
    require.same_shape(first=first, second=second)
    require.positive("n_clusters", n_clusters)
    known = jnp.all((first >= 0) & (first < n_clusters) & (second >= 0) & (second < n_clusters))
    table = jnp.zeros(n_clusters**2, int).at[first * n_clusters + second].add(1).reshape(n_clusters, n_clusters)
    return jnp.where(known, table.astype(float), jnp.nan)  # counted as integers: floats stop at 16 million


@public
@partial(jax.jit, static_argnames="n_clusters")
def adjusted_rand(first: Int[Array, " n"], second: Int[Array, " n"], *, n_clusters: int) -> Float[Array, ""]:
    r"""Adjusted Rand index: agreement of two labelings on pairs of samples; 1 for equal clusters, 0 for chance.

    With $t_{ij}$ from `contingency`, and row and column sums a and b,
    $$\frac{\sum \binom{t_{ij}}{2} - E}{\frac12 (\sum \binom{a_i}{2} + \sum \binom{b_j}{2}) - E}, \qquad
      E = \sum \binom{a_i}{2} \sum \binom{b_j}{2} \Big/ \binom n2.$$
    It is 1 if both put all samples into one cluster, or both put each sample into its own; also without samples.

    Raises:
        ValueError: unless both have one axis and the same length.

    Source: Hubert and Arabie (1985), Journal of Classification 2.

    >>> labels = jnp.array([0, 0, 1, 1])
    >>> adjusted_rand(labels, 1 - labels, n_clusters=2).item()
    1.0
    """
    table = contingency(first, second, n_clusters=n_clusters)
    n = table.sum()

    def pairs(counts: Array) -> Array:
        return jnp.sum(counts / jnp.maximum(n, 1) * ((counts - 1) / jnp.maximum(n - 1, 1)))

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance, most = rows * columns, (rows + columns) / 2
    trivial = (rows == columns) & ((rows == 0) | (rows == 1))
    return jnp.where(trivial, 1, (both - chance) / jnp.where(trivial, 1, most - chance))


@public
@partial(jax.jit, static_argnames="n_clusters")
def normalized_mutual_information(
    first: Int[Array, " n"], second: Int[Array, " n"], *, n_clusters: int
) -> Float[Array, ""]:
    r"""Mutual information of two labelings, divided by the mean of their entropies, from 0 to 1.

    $\mathrm{NMI} = 2 I(A; B) / (H(A) + H(B))$. Unlike `adjusted_rand` it is not corrected for chance, so many small
    clusters raise it. It is 1 if both put all samples into one cluster, and without samples.

    Raises:
        ValueError: unless both have one axis and the same length.

    Source: Murphy (2012), section 25.1.2.2.

    >>> labels = jnp.array([0, 0, 1, 1])
    >>> normalized_mutual_information(labels, 1 - labels, n_clusters=2).item()
    1.0
    """
    joint = contingency(first, second, n_clusters=n_clusters)
    joint = joint / jnp.maximum(joint.sum(), 1)

    def entropy(p: Array) -> Array:
        return -jnp.sum(jnp.where(p > 0, p * jnp.log(jnp.where(p > 0, p, 1)), 0))

    of_first, of_second = entropy(joint.sum(axis=1)), entropy(joint.sum(axis=0))
    total = of_first + of_second
    mutual = jnp.maximum(total - entropy(joint.ravel()), 0)
    value = jnp.where(total > 0, 2 * mutual / jnp.where(total > 0, total, 1), 1)
    return jnp.where(jnp.isnan(joint[0, 0]), jnp.nan, value)
