r"""Effects of one feature on the output of a model, as curves. Shapes: n samples, d features, m places, k outputs.

Individual conditional expectation (ICE) moves the feature of each sample; partial dependence (PDP) is the mean of these
curves. Both ask the model about samples that may not exist, such as a light piece of great volume. Accumulated local
effects (ALE) move each sample within a bin only, and add up the mean changes.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.explain.asking import Function, outputs
from mfml.numerics import sums


@public
@partial(jax.jit, static_argnames=("f", "feature", "centered"))
def ice(
    f: Function, x: Float[Array, "n d"], at: Float[Array, " m"], *, feature: int, centered: bool = False
) -> Float[Array, "n m *k"]:
    """Return the output of each sample with its feature set to each place in turn.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        x: samples.
        at: values of the feature, in its unit.
        feature: column that moves; static.
        centered: take the output at the first place from each curve, so that shapes can be compared; static.

    Raises:
        ValueError: unless x has two axes and such a column, and there is a place.

    Source: Goldstein et al. (2015), Journal of Computational and Graphical Statistics 24, 44-65.

    >>> x = jnp.array([[9.0, 1.0], [9.0, 3.0]])
    >>> ice(lambda rows: rows[:, 0] * rows[:, 1], x, jnp.arange(2.0), feature=0).tolist()
    [[0.0, 1.0], [0.0, 3.0]]
    """
    _check(x, feature)
    require.rank("at", at, 1)
    require.that(len(at) > 0, "at must have at least one entry")
    found = jnp.moveaxis(lax.map(lambda place: outputs(f, x.at[:, feature].set(place)), at), 0, 1)
    return found - found[:, :1] if centered else found


@public
@partial(jax.jit, static_argnames=("f", "feature"))
def partial_dependence(
    f: Function, x: Float[Array, "n d"], at: Float[Array, " m"], *, feature: int
) -> Float[Array, "m *k"]:
    """Return the mean output over the samples with their feature set to each place. Arguments and errors as in `ice`.

    Source: Friedman (2001), Annals of Statistics 29, 1189-1232.

    >>> x = jnp.array([[9.0, 1.0], [9.0, 3.0]])
    >>> partial_dependence(lambda rows: rows[:, 0] * rows[:, 1], x, jnp.arange(2.0), feature=0).tolist()
    [0.0, 2.0]
    """
    _check(x, feature)
    require.rank("at", at, 1)
    return lax.map(lambda place: sums.mean(outputs(f, x.at[:, feature].set(place))), at)


class ALE(NamedTuple):
    """Accumulated local effects; linear in between. The mean effect over the samples is 0."""

    edges: Float[Array, " m"]  # of the bins, units of the feature
    effect: Float[Array, "m *k"]  # at the edges, units of the output
    counts: Int[Array, " bins"]  # samples in each bin


@public
@partial(jax.jit, static_argnames=("f", "feature", "n_bins"))
def ale(f: Function, x: Float[Array, "n d"], *, feature: int, n_bins: int = 10) -> ALE:
    r"""Add up the mean changes of the output over bins of the feature.

    $$\mathrm{ALE}(z_m) = \sum_{l \le m} \frac{1}{n_l} \sum_{x_{ij} \in (z_{l-1}, z_l]}
    \left[f(z_l, x_{i, -j}) - f(z_{l-1}, x_{i, -j})\right] - c,$$

    where edges z are order statistics, so that bins hold about equally many samples. The smallest sample belongs to the
    first bin. Repeated values make bins of width 0, which add nothing. Each sample has the mean of the effects at both
    edges of its bin; c makes these 0 on average.

    Args:
        f: JAX function from rows of features to one output a row, or to a row of k outputs; static.
        x: samples.
        feature: column that moves; static.
        n_bins: number of bins; static.

    Raises:
        ValueError: unless x has two axes, a sample and such a column, and there is a bin.

    Source: Apley and Zhu (2020), Journal of the Royal Statistical Society B 82, 1059-1086.

    >>> x = jnp.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> found = ale(lambda rows: rows[:, 0] * rows[:, 1], x, feature=0, n_bins=2)
    >>> found.edges.tolist(), (found.effect - found.effect[0]).tolist()
    ([0.0, 1.0, 2.0], [0.0, 0.5, 2.5])
    """
    _check(x, feature)
    require.positive("n_bins", n_bins)
    n = len(x)
    values = x[:, feature]
    ranks = jnp.array([0] + [-(-n * k // n_bins) - 1 for k in range(1, n_bins + 1)])
    edges = jnp.sort(values)[ranks]
    bins = jnp.clip(jnp.searchsorted(edges[1:], values), 0, n_bins - 1)
    above, below = (outputs(f, x.at[:, feature].set(edges[bins + side])) for side in (1, 0))
    moved = (above - below).reshape(n, -1)
    count = jnp.zeros(n_bins, int).at[bins].add(1)
    mean = sums.by_label(moved, bins, n_labels=n_bins) / jnp.maximum(count, 1).astype(x.dtype)[:, None]
    effect = jnp.concatenate([jnp.zeros_like(mean[:1]), jnp.cumsum(mean, axis=0)])
    middle = (effect[1:] + effect[:-1]) / 2
    effect = effect - sums.mean(middle, weights=count.astype(x.dtype))
    return ALE(edges, effect.reshape(n_bins + 1, *above.shape[1:]), count)


def _check(x: Array, feature: int) -> None:
    require.rank("x", x, 2)
    require.that(len(x) > 0, "x must have at least one sample")
    require.between("feature", feature, 0, x.shape[1] - 1)
