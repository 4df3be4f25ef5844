r"""All methods in one table: how good their predictions are within the data and outside of them, and what they cost.

Each method predicts a normal distribution for each sample. Within the data all may look alike; outside of them a method
that does not know what it does not know has a low coverage and a huge negative log-likelihood. Shapes: k methods,
n samples within the data, m outside of them.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import order
from mfml.numerics.scaling import length
from mfml.probability import likelihood
from mfml.uncertainty import scores


class Table(NamedTuple):
    """A column per method. The first row is within the data, the second outside of them."""

    nll: Float[Array, "two k"]  # mean negative log-likelihood, nats; its density is per unit of y
    crps: Float[Array, "two k"]  # mean, units of y
    rmse: Float[Array, "two k"]  # root of the mean squared error of the means, units of y
    coverage: Float[Array, "two k"]  # share of samples in the central intervals of the level
    sharpness: Float[Array, "two k"]  # mean width of these intervals, units of y
    seconds: Float[Array, " k"]  # what the methods cost, as given
    level: Float[Array, ""]


@public
@partial(jax.jit, static_argnames="level")
def table(
    y: Float[Array, " n"],
    means: Float[Array, "k n"],
    stds: Float[Array, "k n"],
    new_y: Float[Array, " m"],
    new_means: Float[Array, "k m"],
    new_stds: Float[Array, "k m"],
    *,
    seconds: Float[Array, " k"],
    level: float = 0.9,
) -> Table:
    """Score the predictions of all methods on two sets: within the data, and outside of them.

    Args:
        y: within the data, of samples that were not used for fitting.
        means: predictions of y, a row per method.
        stds: their standard deviations, with the noise of y.
        new_y: outside of the data.
        new_means: predictions of new_y.
        new_stds: their standard deviations.
        seconds: what each method cost: fit and prediction, say.
        level: of the intervals; static.

    Raises:
        ValueError: for shapes that do not fit, a set without samples, and unless 0 < level < 1.

    Source: Gneiting, Balabdaoui and Raftery (2007); Gneiting and Raftery (2007).

    >>> y, ones = jnp.array([0.0, 1.0]), jnp.ones((1, 2))
    >>> made = table(y, 0 * ones, ones, y + 9, 0 * ones, ones, seconds=jnp.ones(1))
    >>> made.coverage.tolist(), [round(value, 4) for value in made.crps[:, 0].tolist()]
    ([[1.0], [0.0]], [0.4181, 8.9358])
    """
    require.rank("seconds", seconds, 1)
    sets = {"": (y, means, stds), "new_": (new_y, new_means, new_stds)}
    for before, (target, mean, std) in sets.items():
        require.rank(f"{before}y", target, 1)
        require.that(len(target) > 0, f"{before}y must have at least one entry; found shape {target.shape}")
        require.rank(f"{before}means", mean, 2)
        require.same_shape(**{f"{before}means": mean, f"{before}stds": std})
        shape = (len(seconds), len(target))
        require.that(
            mean.shape == shape,
            f"{before}means must have a row for each of seconds and a column for each of {before}y, {shape}; found "
            f"shape {mean.shape}",
        )
    width = ndtri(jnp.asarray((1 + float(order.fraction(level))) / 2, y.dtype))
    rows = [jax.vmap(partial(_row, target, width))(mean, std) for target, mean, std in sets.values()]
    nll, crps, rmse, coverage, sharpness = (jnp.stack(pair) for pair in zip(*rows, strict=True))
    return Table(nll, crps, rmse, coverage, sharpness, seconds, jnp.asarray(level, y.dtype))


@public
def describe(table: Table, names: tuple[str, ...]) -> str:
    """Text of a table for print: two lines per method, within the data and outside of them.

    Args:
        table: what `table` returned.
        names: of the methods.

    Raises:
        ValueError: unless there is a name per method.

    Source: Gneiting, Balabdaoui and Raftery (2007).

    >>> two = jnp.ones((2, 1))
    >>> print(describe(Table(two, two, two, two, two, jnp.ones(1), jnp.array(0.9)), ("GP",)))
    method        data       NLL      CRPS      RMSE   90 % in     width   seconds
    GP            in           1         1         1     100 %         1         1
                  out          1         1         1     100 %         1
    """
    require.that(
        len(names) == len(table.seconds), f"names must have {len(table.seconds)} entries, one per method; found {names}"
    )
    longest = max(12, *map(len, names)) if names else 12
    heads = ("NLL", "CRPS", "RMSE", f"{100 * float(table.level):.3g} % in", "width", "seconds")
    lines = [f"{'method':<{longest}}  data" + "".join(f"{head:>10}" for head in heads)]
    for j, name in enumerate(names):
        for i, place in enumerate(("in", "out")):
            nll, crps, rmse, inside, width = (float(np.asarray(field)[i, j]) for field in table[:5])
            numbers = [f"{nll:.4g}", f"{crps:.4g}", f"{rmse:.4g}", f"{100 * inside:.3g} %", f"{width:.4g}"]
            numbers += [f"{float(table.seconds[j]):.3g}"] if i == 0 else []
            start = f"{name if i == 0 else '':<{longest}}  {place:<4}"
            lines.append((start + "".join(f"{number:>10}" for number in numbers)).rstrip())
    return "\n".join(lines)


def _row(y: Array, width: Array, mean: Array, std: Array) -> tuple[Array, ...]:
    std = jnp.where(std > 0, std, jnp.nan)
    low, high = mean - width * std, mean + width * std
    return (
        jnp.mean(likelihood.gaussian_nll(y, mean, std)),
        jnp.mean(scores.crps_gaussian(y, mean, std)),
        _root_mean_square(y - mean),
        scores.coverage(y, low, high),
        scores.sharpness(low, high),
    )


def _root_mean_square(error: Array) -> Array:
    return length(error) / math.sqrt(len(error))
