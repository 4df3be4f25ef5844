"""Limits of learning: no free lunch by enumeration; distance and volume in high dimension."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, SHARE, checked
from mfml.numerics.scaling import largest, unit

Learner = Callable[[Array, Array, Array], Array]  # learner(x_train, y_train, x) -> a label 0 or 1 for each x
LARGEST_DOMAIN = 20  # 2^20 target functions


class NoFreeLunch(NamedTuple):
    """Error of one learner under every target function that exists on a finite domain."""

    targets: Int[Array, "functions m"]  # label 0 or 1 of each point; row t is the number t in binary
    seen_error: Float[Array, " functions"]  # share of the training points with a wrong label
    unseen_error: Float[Array, " functions"]  # share of the other points with a wrong label
    mean_unseen_error: Float[Array, ""]  # over all target functions: 1/2 for every learner


class Concentration(NamedTuple):
    """Distances from a query to a cloud of points, as coordinates are added one by one."""

    nearest: Float[Array, " d"]  # with the first 1, 2, ..., d coordinates; in units of x
    farthest: Float[Array, " d"]
    contrast: Float[Array, " d"]  # (farthest - nearest) / nearest; inf if a point equals the query


@public
def truth_tables(n_points: int) -> Int[Array, "functions m"]:
    """All binary functions on a domain of m points: row t holds the binary digits of t, leading digit first.

    Raises:
        ValueError: unless 1 <= n_points <= 20; `n_points` is static.

    Source: elementary enumeration; used in Wolpert (1996).

    >>> truth_tables(2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    require.between("n_points", n_points, 1, LARGEST_DOMAIN)
    digits = jnp.arange(n_points - 1, -1, -1)
    return (jnp.arange(2**n_points)[:, None] >> digits) & 1


@public
@partial(jax.jit, static_argnames="learner")
def no_free_lunch(points: Float[Array, "m d"], train: Int[Array, " n_train"], *, learner: Learner) -> NoFreeLunch:
    r"""Train a learner on every target function $f: \{x_1 \dots x_m\} \to \{0, 1\}$, test it on all other points.

    $$\frac{1}{2^m} \sum_f \frac{1}{|U|} \sum_{x \in U} [\hat f(x) \ne f(x)] = \frac12$$

    U are the points not in `train`. `learner(x_train, y_train, x)` returns labels 0 or 1. It is static, is called
    once under vmap over all $2^m$ targets, and must not draw random numbers that depend on the target.

    Raises:
        ValueError: if there are more than 20 points, or unless 1 <= n_train < m.

    Source: Wolpert (1996); Murphy (2012), section 1.4.9.

    >>> always_one = lambda x_train, y_train, x: jnp.ones(len(x), int)
    >>> result = no_free_lunch(jnp.arange(4.0)[:, None], jnp.array([0, 1]), learner=always_one)
    >>> len(result.targets), result.mean_unseen_error.item()
    (16, 0.5)
    """
    require.rank("points", points, 2)
    m = len(points)
    require.that(1 <= len(train) < m, f"train must hold 1 to {m - 1} of the {m} points; found {len(train)} indices")
    targets = truth_tables(m)
    labels = jax.vmap(lambda target: learner(points[train], target[train], points))(targets)
    wrong = (labels != targets).astype(points.dtype)
    seen = jnp.zeros(m, points.dtype).at[train].set(1)
    unseen_error = wrong @ (1 - seen) / (1 - seen).sum()
    return NoFreeLunch(targets, wrong @ seen / seen.sum(), unseen_error, unseen_error.mean())


@public
@jax.jit
def concentration(points: Float[Array, "n d"], query: Float[Array, " d"]) -> Concentration:
    r"""Nearest and farthest Euclidean distance from a query with the first 1, 2, ..., d coordinates.

    $$\text{contrast}_j = \frac{D^{\max}_j - D^{\min}_j}{D^{\min}_j}, \qquad
    D_j(x)^2 = \sum_{i \le j} (x_i - q_i)^2$$

    For independent coordinates the contrast falls towards 0: all points become equally far away, and "nearest"
    loses its meaning.

    Raises:
        ValueError: unless the query has as many coordinates as the points.

    Source: Beyer et al. (1999); Bishop (2006), section 1.4.

    >>> concentration(jnp.array([[3.0, 4.0], [1.0, 0.0]]), jnp.zeros(2)).contrast.tolist()
    [2.0, 4.0]
    """
    require.rank("points", points, 2)
    require.that(query.shape == points.shape[1:], f"query must have shape {points.shape[1:]}; found {jnp.shape(query)}")
    apart = points - query
    size = unit(apart)
    distance = size * jnp.sqrt(jnp.cumsum((apart / size) ** 2, axis=1))
    nearest, farthest = -largest(-distance, axis=0), largest(distance, axis=0)
    return Concentration(nearest, farthest, (farthest - nearest) / nearest)


@public
@checked(thickness=SHARE)
def shell_fraction(dimension: Float[Array, "*shape"], *, thickness: ArrayLike) -> Float[Array, "*shape"]:
    r"""Share of a ball's volume in its outer shell: $1 - (1 - \epsilon)^d$.

    `thickness` $\epsilon$ is in units of the radius, between 0 and 1.

    Raises:
        ValueError: if `thickness` is outside [0, 1] (NaN where it is traced).

    Source: Bishop (2006), section 1.4, equation 1.76.

    >>> [round(v, 2) for v in shell_fraction(jnp.array([1.0, 2.0, 100.0]), thickness=0.1).tolist()]
    [0.1, 0.19, 1.0]
    """
    return -jnp.expm1(dimension * jnp.log1p(-jnp.asarray(thickness, dimension.dtype)))


@public
@checked(radius=NON_NEGATIVE)
def ball_volume(dimension: Float[Array, "*shape"], *, radius: ArrayLike = 1.0) -> Float[Array, "*shape"]:
    r"""Volume of a ball in d dimensions: $V_d = \pi^{d/2} r^d / \Gamma(d/2 + 1)$.

    In units of the radius to the power d. The unit ball is largest at d = 5; then its volume falls to zero
    faster than exponentially.

    Raises:
        ValueError: if `radius` is negative (NaN where it is traced).

    Source: Bishop (2006), exercise 1.18.

    >>> [round(v, 3) for v in ball_volume(jnp.array([1.0, 2.0, 3.0])).tolist()]
    [2.0, 3.142, 4.189]
    """
    half = dimension / 2
    log_volume = half * jnp.log(jnp.pi) - gammaln(half + 1) + dimension * jnp.log(radius)
    return jnp.exp(log_volume)


@public
@checked(fraction=SHARE)
def neighborhood_edge(dimension: Float[Array, "*shape"], *, fraction: ArrayLike) -> Float[Array, "*shape"]:
    r"""Edge of a cube that holds this share of the volume of a unit cube: $r^{1/d}$.

    A neighborhood with 1 % of uniform data has edge 0.01 in one dimension and 0.63 in ten: it is not local.

    Raises:
        ValueError: if `fraction` is outside [0, 1] (NaN where it is traced).

    Source: Hastie, Tibshirani and Friedman (2009), section 2.5.

    >>> [round(v, 2) for v in neighborhood_edge(jnp.array([1.0, 10.0]), fraction=0.01).tolist()]
    [0.01, 0.63]
    """
    return jnp.asarray(fraction, dimension.dtype) ** (1.0 / dimension)
