"""Starting centroids for k-means. Shapes: n samples, d features, k clusters, m centroids so far."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances, scaling
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked

INITS = ("k-means++", "random")


@public
@jax.jit
def weights(x: Float[Array, "n d"], centroids: Float[Array, "m d"]) -> Float[Array, " n"]:
    r"""Probability that each sample becomes the next centroid: $D_i^2 / \sum_j D_j^2$.

    $D_i$ is the distance to the nearest centroid so far. If all samples lie on centroids, all have the same
    probability.

    Raises:
        ValueError: unless both have two axes and the same number of features, and there is a centroid.

    Source: Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding, section 2.2.

    >>> [round(p, 3) for p in weights(jnp.array([[0.0], [1.0], [3.0]]), jnp.array([[0.0]])).tolist()]
    [0.0, 0.1, 0.9]
    """
    require.rank("x", x, 2)
    require.rank("centroids", centroids, 2)
    require.same_length(x=(x, 1), centroids=(centroids, 1))
    require.that(len(centroids) > 0, f"there must be at least one centroid; found shape {jnp.shape(centroids)}")
    unit = distances.unit(x, centroids)
    nearest = -scaling.largest(-distances.squared(x / unit, centroids / unit), axis=1)
    total = nearest.sum()
    return jnp.where(total == 0, 1 / len(x), nearest / jnp.where(total == 0, 1, total))


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("n_clusters", "n_trials"))
def plus_plus(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_clusters: int,
    n_trials: int | None = None,
    weights: Float[Array, " n"] | None = None,
) -> Float[Array, "k d"]:
    r"""Choose k samples that lie far apart: draw the next with probability proportional to $D_i^2$, see `weights`.

    The choice is greedy, as in scikit-learn: each time, `n_trials` samples are drawn (by default 2 + log k, rounded
    down), and the one that lowers the inertia most is taken. One trial gives the method of the paper. Both
    n_clusters and n_trials are static. With weights $w_i$ of samples, $w_i D_i^2$ stands for $D_i^2$.

    Raises:
        ValueError: unless x has two axes, 1 <= n_clusters <= n and n_trials >= 1; for negative weights.

    Source: Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding.

    >>> x = jnp.array([[0.0], [0.0], [5.0]])
    >>> sorted(plus_plus(x, key=jax.random.key(1), n_clusters=2)[:, 0].tolist())
    [0.0, 5.0]
    """
    _check(x, n_clusters, weights)
    x = present(weights, x)
    trials = 2 + int(math.log(n_clusters)) if n_trials is None else n_trials
    require.positive("n_trials", trials)
    uniform = jax.random.uniform(key, (n_clusters * 2 * trials,), x.dtype).reshape(n_clusters, 2, trials)
    shares = jnp.ones_like(x[:, 0]) if weights is None else weights / scaling.unit(weights)
    first = x[_draw(uniform[0, :, :1], shares)[0]]
    unit = distances.unit(x)
    scaled = x / unit
    parts = distances.columns(scaled)

    def choose_next(nearest: Array, uniform: Array) -> tuple[Array, Array]:
        candidates = _draw(uniform, nearest if weights is None else shares * nearest)
        closer = jnp.minimum(nearest, distances.to_columns(scaled[candidates], parts))
        best = jnp.argmin(jnp.sum(closer if weights is None else shares * closer, axis=1))
        return closer[best], x[candidates[best]]

    _, others = lax.scan(choose_next, distances.to_columns(first[None] / unit, parts)[0], uniform[1:])
    return jnp.concatenate([first[None], others])


@public
@checked(weights=NON_NEGATIVE)
def choose(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_clusters: int,
    init: str = "k-means++",
    weights: Float[Array, " n"] | None = None,
) -> Float[Array, "k d"]:
    """Choose k samples to start from: "k-means++", see `plus_plus`, or "random", with all sets equally likely.

    With weights, "random" draws one sample after the other in proportion to them, without replacement.

    Raises:
        ValueError: unless x has two axes, 1 <= n_clusters <= n, and the rule is known; for negative weights.

    >>> sorted(choose(jnp.array([[0.0], [5.0]]), key=jax.random.key(0), n_clusters=2, init="random")[:, 0].tolist())
    [0.0, 5.0]
    """
    require.one_of("init", init, INITS)
    _check(x, n_clusters, weights)
    if init == "k-means++":
        return plus_plus(x, key=key, n_clusters=n_clusters, weights=weights)
    if weights is not None:
        time = jax.random.exponential(key, (len(x),), x.dtype) * (scaling.unit(weights) / weights)
        first = lax.top_k(jnp.where(weights > 0, -time, -jnp.inf), n_clusters)[1]  # heavy samples come early
        return present(weights, x)[first]
    return x[jax.random.permutation(key, len(x))[:n_clusters]]


@public
def starts(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""] | None = None,
    n_clusters: int | None = None,
    n_init: int = 1,
    init: str | Float[Array, "k d"] = "k-means++",
    weights: Float[Array, " n"] | None = None,
) -> Float[Array, "r k d"]:
    """One or more sets of k centroids: those of `init`, or r = n_init sets that `choose` draws by the rule `init`.

    Raises:
        ValueError: as `choose`; if a rule lacks the key or n_clusters; if given centroids do not match the features
            of x or n_clusters, or n_init is not 1.

    >>> starts(jnp.zeros((9, 2)), init=jnp.ones((3, 2))).shape
    (1, 3, 2)
    """
    require.positive("n_init", n_init)
    if isinstance(init, str):
        if key is None or n_clusters is None:
            raise ValueError(f"init={init!r} needs key and n_clusters")
        return _several(x, jax.random.split(key, n_init), weights, n_clusters=n_clusters, init=init)
    require.rank("x", x, 2)
    require.rank("init", init, 2)
    require.same_length(x=(x, 1), init=(init, 1))
    k = len(init)
    shape = jnp.shape(init)
    require.that(n_clusters in (None, k), f"init must have n_clusters = {n_clusters} rows; found shape {shape}")
    require.that(0 < k <= len(x), f"init must have from 1 to {len(x)} rows, as many as x; found shape {shape}")
    require.that(n_init == 1, f"n_init must be 1 if init holds the centroids; found {n_init}")
    _check(x, 1)
    return jnp.asarray(init, x.dtype)[None]


@partial(jax.jit, static_argnames=("n_clusters", "init"))
def _several(x: Array, keys: Array, weights: Array | None, *, n_clusters: int, init: str) -> Array:
    return jax.vmap(lambda key: choose(x, key=key, n_clusters=n_clusters, init=init, weights=weights))(keys)


def _check(x: Array, n_clusters: int, weights: Array | None = None) -> None:
    require.rank("x", x, 2)
    require.same_length(x=x, weights=weights)
    require.that(x.size > 0, f"x must have samples and features; found shape {x.shape}")
    require.between("n_clusters", n_clusters, 1, len(x))


def _draw(uniform: Array, weight: Array) -> Array:
    """Turn uniform numbers (2, t) into t indices, drawn with probability proportional to the weights.

    If every weight is 0, all indices are equally likely. The weights are arranged in a square
    table. The first draw picks a row, the second an entry of it: two short sums instead of a long one.
    """
    n = len(weight)
    side = math.isqrt(n - 1) + 1
    weight = jnp.where(jnp.any(weight > 0), weight, 1)
    table = jnp.pad(weight, (0, side * side - n)).reshape(side, side)
    row = jax.vmap(_pick, in_axes=(None, 0))(table.sum(axis=1), uniform[0])
    return row * side + jax.vmap(_pick)(table[row], uniform[1])


def _pick(weight: Array, uniform: Array) -> Array:
    """Index of the interval of cumulative weights that contains the uniform number."""
    place = jnp.arange(len(weight))
    cumulated = jnp.sum(jnp.where(place <= place[:, None], weight, 0), axis=1)
    # the product may round up to the total, which stands for the last positive weight
    return jnp.minimum(jnp.sum(cumulated <= uniform * cumulated[-1]), jnp.sum(cumulated < cumulated[-1]))
