r"""Errors of groups: a model that is right on average may be wrong for one group of samples.

Shapes: n samples, g groups. Groups may be families of alloys, laboratories, or instruments. A sample whose group is
negative or too large belongs to none.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.scaling import ratio


class Rates(NamedTuple):
    """How a classifier treats each group; a share of no samples is NaN, and not 0."""

    number: Float[Array, " g"]  # samples, or the sum of their weights
    selection: Float[Array, " g"]  # share predicted positive
    true_positive: Float[Array, " g"]  # share of the positives that is predicted positive (recall)
    false_positive: Float[Array, " g"]  # share of the negatives that is predicted positive
    precision: Float[Array, " g"]  # share of positives among those predicted positive
    accuracy: Float[Array, " g"]


class Errors(NamedTuple):
    """How a regression treats each group, in units of y; NaN for a group without samples."""

    number: Float[Array, " g"]  # samples, or the sum of their weights
    bias: Float[Array, " g"]  # mean of prediction minus y
    mae: Float[Array, " g"]  # mean absolute error
    rmse: Float[Array, " g"]  # root mean squared error


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="n_groups")
def rates(
    prediction: Int[Array, " n"],
    y: Int[Array, " n"],
    groups: Int[Array, " n"],
    *,
    n_groups: int,
    weights: Float[Array, " n"] | None = None,
) -> Rates:
    """Rates of each group from labels, of which 1 is positive and every other negative. n_groups is static.

    Raises:
        ValueError: unless all have the same length, n_groups >= 1, and no weight is negative (NaN for a traced one).

    Source: Hardt, Price and Srebro (2016), Equality of Opportunity in Supervised Learning.

    >>> found = rates([1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1], n_groups=2)
    >>> found.true_positive.tolist(), found.false_positive.tolist()
    ([0.5, nan], [1.0, 1.0])
    """
    require.same_length(prediction=prediction, y=y, groups=groups, weights=weights)
    chosen, positive = prediction == 1, y == 1
    columns = (chosen, positive, chosen & positive, chosen & ~positive, chosen == positive)
    table = jnp.stack([jnp.ones_like(chosen), *columns], axis=1).astype(jnp.result_type(float))
    found, unit = _of_groups(table, groups, n_groups, weights)
    total, selected, positives, hits, alarms, right = found.T
    return Rates(
        total * unit,
        _share(selected, total),
        _share(hits, positives),
        _share(alarms, total - positives),
        _share(hits, selected),
        _share(right, total),
    )


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="n_groups")
def errors(
    prediction: Float[Array, " n"],
    y: Float[Array, " n"],
    groups: Int[Array, " n"],
    *,
    n_groups: int,
    weights: Float[Array, " n"] | None = None,
) -> Errors:
    """Errors of each group from numbers. n_groups is static.

    Raises:
        ValueError: unless all have the same length, n_groups >= 1, and no weight is negative (NaN for a traced one).

    Source: Agarwal, Dudík and Wu (2019), Fair Regression.

    >>> found = errors([1.0, 3.0, 5.0], [0.0, 4.0, 2.0], [0, 0, 1], n_groups=3)
    >>> found.bias.tolist(), found.mae.tolist()
    ([0.0, 3.0, nan], [1.0, 3.0, nan])
    """
    require.same_length(prediction=prediction, y=y, groups=groups, weights=weights)
    rest = prediction - y
    size = jnp.abs(rest)
    counted = present(weights, size)
    unit = scaling.unit(jnp.where(jnp.isfinite(counted), counted, 0.0))  # so that squares stay in range
    table = jnp.stack([jnp.ones_like(rest), rest / unit, size / unit, (rest / unit) ** 2], axis=1)
    found, weight = _of_groups(table, groups, n_groups, weights)
    total, bias, mae, square = found.T
    root = jnp.sqrt(jnp.where(square > 0, _share(square, total), 0.0))
    rmse = jnp.where(total > 0, jnp.where(jnp.isnan(square), jnp.nan, root), jnp.nan)
    return Errors(total * weight, unit * _share(bias, total), unit * _share(mae, total), unit * rmse)


@public
@jax.jit
def difference(values: Float[Array, " g"]) -> Float[Array, ""]:
    """Largest difference between two groups: of `selection`, the demographic parity difference; NaN if a value is.

    Raises:
        ValueError: unless values have one axis and an entry.

    Source: Agarwal et al. (2018), A Reductions Approach to Fair Classification.

    >>> difference([0.5, 0.75, 0.25]).item()
    0.5
    """
    require.rank("values", values, 1)
    require.positive("number of groups", len(values))
    return jnp.max(values) - jnp.min(values)


@public
@jax.jit
def equalized_odds_difference(found: Rates) -> Float[Array, ""]:
    """Larger one of the differences of both rates, of hits among positives and of alarms among negatives.

    NaN where a group has no positives or no negatives: then it is not known, and it is not 0.

    Raises:
        ValueError: never.

    Source: Hardt, Price and Srebro (2016), Equality of Opportunity in Supervised Learning.

    >>> found = rates([1, 0, 0, 1, 1, 0], [1, 1, 0, 1, 0, 0], [0, 0, 0, 1, 1, 1], n_groups=2)
    >>> equalized_odds_difference(found).item()
    0.5
    """
    return jnp.maximum(difference(found.true_positive), difference(found.false_positive))


def _of_groups(table: Array, groups: Array, n_groups: int, weights: Array | None) -> tuple[Array, Array]:
    """Sums over each group, and the unit of the weights that they are in."""
    require.positive("n_groups", n_groups)
    unit = jnp.ones((), table.dtype)
    if weights is not None:
        share = weights[:, None].astype(table.dtype)
        unit = scaling.unit(share)
        table = jnp.where(share > 0, table, 0.0) * (share / unit)
    # a missing value makes the numbers of its own group NaN, and not those of all
    known = jnp.isfinite(table)
    missing = sums.by_label((~known).astype(table.dtype), groups, n_labels=n_groups)
    found = jnp.where(missing > 0, jnp.nan, sums.by_label(jnp.where(known, table, 0.0), groups, n_labels=n_groups))
    return found, unit


def _share(part: Array, whole: Array) -> Array:
    return jnp.where(whole > 0, ratio(part, jnp.where(whole > 0, whole, 1.0)), jnp.nan)
