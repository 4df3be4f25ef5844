r"""Permutation importance: how much worse a model predicts when a feature is shuffled.

Shapes: n samples, d features, r repeats. The features of other samples are as they are, so that only what the feature
says about the target is lost. Correlated features stand in for each other, and all of them may look unimportant.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.explain.asking import Function, outputs
from mfml.numerics import sums
from mfml.risk import losses

Loss = Callable[[Array, Array], Array]


class Importance(NamedTuple):
    """What shuffling adds to the mean loss, in units of the loss."""

    mean: Float[Array, " d"]
    std: Float[Array, " d"]  # over the repeats, divisor r
    each: Float[Array, "d r"]
    base: Float[Array, ""]  # mean loss without shuffling


@public
@partial(jax.jit, static_argnames=("f", "loss", "n_repeats"))
def permutation(
    f: Function,
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    key: Key[Array, ""],
    loss: Loss = losses.squared_error,
    n_repeats: int = 5,
) -> Importance:
    r"""Return $\frac1n \sum_i [\ell(f(x_i^\pi), y_i) - \ell(f(x_i), y_i)]$ for each feature and several shuffles $\pi$.

    Take data that the model was not fitted on: on its own data a model that has learned noise finds noise important.
    A feature that the model does not use has exactly the value 0.

    Args:
        f: JAX function from rows of features to what the loss takes as a prediction; static.
        x: samples.
        y: targets.
        key: draws the shuffles; features have the same ones.
        loss: function of prediction and target, a number for each sample, as in `mfml.risk.losses`; static.
        n_repeats: number of shuffles; static.

    Raises:
        ValueError: unless x and y have as many samples, at least one, there is a repeat, and the loss is a number for
            each sample.

    Source: Breiman (2001), Machine Learning 45, 5-32; Fisher, Rudin and Dominici (2019).

    >>> x = jnp.array([[0.0, 5.0], [1.0, 6.0], [2.0, 7.0], [3.0, 8.0]])
    >>> found = permutation(lambda rows: rows[:, 0], x, x[:, 0], key=jax.random.key(0))
    >>> found.mean[0].item() > 0, found.mean[1].item(), found.base.item()
    (True, 0.0, 0.0)
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    require.positive("n_repeats", n_repeats)

    def cost(rows: Array) -> Array:
        found = loss(outputs(f, rows), y)
        require.that(found.shape == y.shape, f"loss must give one number for each sample; found shape {found.shape}")
        return found

    before = cost(x)
    columns = jnp.arange(x.shape[1])

    def of_feature(i: Array, order: Array) -> Array:
        return sums.mean(cost(jnp.where(columns == i, x[order], x)) - before)

    orders = jax.vmap(lambda k: jax.random.permutation(k, len(x)))(jax.random.split(key, n_repeats))
    each = lax.map(lambda i: lax.map(partial(of_feature, i), orders), columns)
    return Importance(sums.mean(each.T), sums.std(each.T), each, sums.mean(before))
