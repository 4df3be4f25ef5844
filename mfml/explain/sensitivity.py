r"""Sobol indices: which share of the output's variance is due to which input.

Shapes: n samples, d features, k outputs. Inputs are independent and uniform between `low` and `high`; a model of other
inputs takes their quantile functions first. With $V_i = \mathrm{Var}[E(y \mid x_i)]$ and all features but i in
$x_{-i}$,

$$S_i = \frac{V_i}{\mathrm{Var}(y)}, \qquad T_i = \frac{E[\mathrm{Var}(y \mid x_{-i})]}{\mathrm{Var}(y)}, \qquad
S_{ij} = \frac{\mathrm{Var}[E(y \mid x_i, x_j)]}{\mathrm{Var}(y)} - S_i - S_j.$$

The first order adds up to at most 1; what is missing are interactions, which the total order counts for each feature
that takes part. Two samples A and B are enough: AB_i is A with column i of B.
"""

from functools import partial
from statistics import NormalDist
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.explain.asking import Function, outputs
from mfml.numerics import scaling, sobol, sums


class Estimate(NamedTuple):
    """Indices from outputs."""

    first: Float[Array, "d *k"]
    total: Float[Array, "d *k"]
    variance: Float[Array, "*k"]  # of the outputs at A and B, squared units of the output


class Indices(NamedTuple):
    """Indices of first and total order, NaN for a constant output."""

    first: Float[Array, "d *k"]
    total: Float[Array, "d *k"]
    variance: Float[Array, "*k"]  # squared units of the output
    first_interval: Float[Array, "2 d *k"]  # lower and upper end
    total_interval: Float[Array, "2 d *k"]


class Pairs(NamedTuple):
    """Indices of second order: what two features add together beyond what each adds; NaN on the diagonal."""

    second: Float[Array, "d d *k"]
    interval: Float[Array, "2 d d *k"]


@public
@jax.jit
def estimate(a: Float[Array, "n *k"], b: Float[Array, "n *k"], mixed: Float[Array, "n d *k"]) -> Estimate:
    r"""Return the indices from the outputs a at A, b at B, and mixed at every AB_i.

    $$V_i = \frac1n \sum b \, (y_{AB_i} - a), \qquad E_i = \frac{1}{2n} \sum (a - y_{AB_i})^2,$$

    with outputs centered by the mean of a and b, which takes much of the noise. Small indices may come out negative.

    Raises:
        ValueError: unless all have as many samples, at least one, and as many outputs.

    Source: Saltelli et al. (2010), Computer Physics Communications 181, 259-270 (first order); Jansen (1999), Computer
    Physics Communications 117, 35-43 (total order).

    >>> a, b = jnp.array([0.0, 0.0, 1.0, 1.0]), jnp.array([0.0, 1.0, 0.0, 1.0])
    >>> found = estimate(a, b, jnp.stack([b, a], axis=1))
    >>> found.first.tolist(), found.total.tolist()
    ([1.0, 0.0], [1.0, 0.0])
    """
    require.same_shape(a=a, b=b)
    require.rank("mixed", mixed, a.ndim + 1)
    require.same_length(a=a, mixed=mixed)
    require.that(len(a) > 0, "a must have at least one sample")
    terms, unit = _terms(a, b, mixed)
    first, total, variance = _of_terms(terms)
    return Estimate(first, total, variance * unit * unit)


@public
@partial(jax.jit, static_argnames=("f", "n_samples", "n_bootstrap", "level"))
def fit(
    f: Function,
    low: Float[Array, " d"],
    high: Float[Array, " d"],
    *,
    key: Key[Array, ""],
    n_samples: int = 1024,
    n_bootstrap: int = 100,
    level: float = 0.95,
) -> Indices:
    r"""Return indices of first and total order with bootstrap intervals. The model is asked about n (d + 2) rows.

    A and B are scrambled points of Sobol's sequence. Intervals are the estimate and as many bootstrap standard errors
    on both sides as a normal distribution needs. The bootstrap takes rows as independent; such points are more even, so
    that intervals are rather too wide.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        low: one end of the range of each feature.
        high: the other end.
        key: scrambles the points and draws the bootstrap samples.
        n_samples: number n, at its best a power of 2; static.
        n_bootstrap: bootstrap samples, at least 2; static.
        level: coverage of the intervals, between 0 and 1; static.

    Raises:
        ValueError: unless low and high have one length, from 1 to 20 (half the axes of the sequence), numbers are as
            above, and the level lies between 0 and 1.

    Source: Sobol (2001), Mathematics and Computers in Simulation 55, 271-280; Saltelli et al. (2010).

    >>> found = fit(lambda rows: rows[:, 0] + 2 * rows[:, 1], jnp.zeros(2), jnp.ones(2), key=jax.random.key(0))
    >>> abs(found.first - jnp.array([0.2, 0.8])).max() < 1e-3, abs(found.total - found.first).max() < 1e-3
    (Array(True, dtype=bool), Array(True, dtype=bool))
    """
    for_points, for_bootstrap = jax.random.split(key)
    a, b = _points(low, high, for_points, n_samples, n_bootstrap, level)
    terms, unit = _terms(outputs(f, a), outputs(f, b), _mixed(f, a, b))
    first, total, variance = _of_terms(terms)
    rows = _drawn(for_bootstrap, n_bootstrap, n_samples)
    again = lax.map(lambda chosen: _of_terms(jax.tree.map(lambda term: term[chosen], terms))[:2], rows)
    intervals = [_interval(now, then, level) for now, then in zip((first, total), again, strict=True)]
    return Indices(first, total, variance * unit * unit, *intervals)


@public
@partial(jax.jit, static_argnames=("f", "n_samples", "n_bootstrap", "level"))
def pairs(
    f: Function,
    low: Float[Array, " d"],
    high: Float[Array, " d"],
    *,
    key: Key[Array, ""],
    n_samples: int = 1024,
    n_bootstrap: int = 100,
    level: float = 0.95,
) -> Pairs:
    r"""Return indices of second order with bootstrap intervals. The model is asked about n (2 d + 2) rows.

    With BA_i, B with column i of A, the variance due to both features is the mean of
    $y_{BA_i} y_{AB_j} - y_A y_B$, here averaged with that of the pair in the other order. They are noisier than indices
    of first order: take more samples. Arguments and errors as in `fit`.

    Source: Saltelli (2002), Computer Physics Communications 145, 280-297.

    >>> found = pairs(lambda r: (r[:, 0] - 0.5) * r[:, 1], jnp.zeros(2), jnp.ones(2), key=jax.random.key(0))
    >>> abs(found.second[0, 1] - 0.25).item() < 0.02
    True
    """
    for_points, for_bootstrap = jax.random.split(key)
    a, b = _points(low, high, for_points, n_samples, n_bootstrap, level)
    y, _ = _centered(outputs(f, a), outputs(f, b), _mixed(f, a, b), _mixed(f, b, a))
    second = _of_pairs(*y)
    rows = _drawn(for_bootstrap, n_bootstrap, n_samples)
    again = lax.map(lambda chosen: _of_pairs(*(part[chosen] for part in y)), rows)
    return Pairs(second, _interval(second, again, level))


def _points(low: Array, high: Array, key: Array, n_samples: int, n_bootstrap: int, level: float) -> tuple[Array, Array]:
    """Two independent samples of the box."""
    for name, value in {"low": low, "high": high}.items():
        require.rank(name, value, 1)
    require.same_length(low=low, high=high)
    d, most = len(low), sobol.MOST_AXES // 2
    require.that(0 < d <= most, f"low must have from 1 to {most} features; found {d}")
    require.positive("n_samples", n_samples)
    require.that(n_bootstrap > 1, f"n_bootstrap must be at least 2; found {n_bootstrap}")
    require.that(0 < level < 1, f"level must lie between 0 and 1; found {level}")
    share = sobol.scrambled(n_samples, 2 * d, key=key, dtype=low.dtype)
    return low + share[:, :d] * (high - low), low + share[:, d:] * (high - low)


def _mixed(f: Function, a: Array, b: Array) -> Array:
    """Outputs where each column in turn is taken from the other sample."""
    columns = jnp.arange(a.shape[1])
    found = lax.map(lambda i: outputs(f, jnp.where(columns == i, b, a)), columns)
    return jnp.moveaxis(found, 0, 1)


def _centered(a: Array, b: Array, *mixed: Array) -> tuple[tuple[Array, ...], Array]:
    """Outputs minus their mean over A and B, in a unit near their size, and the unit of each output."""
    middle = sums.mean(jnp.concatenate([a, b]))
    size = jnp.maximum(jnp.max(jnp.abs(a - middle), axis=0), jnp.max(jnp.abs(b - middle), axis=0))
    unit = scaling.power_of_two(size)
    return tuple((part - middle) / unit for part in (a, b, *mixed)), unit


def _terms(a: Array, b: Array, mixed: Array) -> tuple[tuple[Array, Array, Array, Array], Array]:
    """Terms of sums, a row per sample, in squared units of the second result."""
    (a, b, mixed), unit = _centered(a, b, mixed)
    moved = mixed - a[:, None]
    return (b[:, None] * moved, moved**2 / 2, (a**2 + b**2) / 2, (a + b) / 2), unit


def _of_terms(terms: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array]:
    alone, with_others, square, middle = (sums.mean(term) for term in terms)
    variance = square - middle**2
    return alone / variance, with_others / variance, variance


def _of_pairs(a: Array, b: Array, mixed: Array, back: Array) -> Array:
    first, _, variance = _of_terms(_terms(a, b, mixed)[0])
    n, d = mixed.shape[:2]
    flat = [part.reshape(n, d, -1) for part in (mixed, back)]
    both = jax.vmap(lambda p, q: sums.cross(p, q), in_axes=2, out_axes=2)(*flat).reshape(d, d, *a.shape[1:]) / n
    both = (both + both.swapaxes(0, 1)) / 2 - sums.mean(a * b)
    own = jnp.eye(d, dtype=bool).reshape(d, d, *[1] * (a.ndim - 1))
    return jnp.where(own, jnp.nan, both / variance - first[:, None] - first)


def _drawn(key: Array, n_bootstrap: int, n: int) -> Array:
    return jax.random.randint(key, (n_bootstrap, n), 0, n, jnp.int32)


def _interval(estimate: Array, again: Array, level: float) -> Array:
    reach = NormalDist().inv_cdf((1 + level) / 2) * sums.std(again, ddof=1)
    return jnp.stack([estimate - reach, estimate + reach])
