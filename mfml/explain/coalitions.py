r"""What a model predicts if only some features are known: the game that Shapley values divide.

Shapes: d features, b background samples, c coalitions, k outputs.

The value of a coalition S of features is the mean over the background of the model's output, where the features of S
come from the sample that is explained and all others from the background sample:
$v(S) = \frac1b \sum_z f(x_S, z_{\bar S})$.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.entrance import public
from mfml.explain.asking import ROWS, Function, outputs
from mfml.numerics import sums


@public
@partial(jax.jit, static_argnames="f")
def values(
    f: Function, x: Float[Array, "n d"], background: Float[Array, "b d"], members: Bool[Array, "c d"]
) -> Float[Array, "n c *k"]:
    """Return the value of each coalition, given as the mask of its members, for each sample.

    `f` is a JAX function from rows of features to one output a row, or to a row of outputs; static.

    Raises:
        ValueError: unless x, the background and the masks have one number of features, at least one, and the background
            has a sample.

    >>> values(lambda rows: rows.sum(axis=1), jnp.ones((1, 2)), jnp.zeros((3, 2)), jnp.array([[True, False]])).tolist()
    [[1.0]]
    """
    for name, table in {"x": x, "background": background, "members": members}.items():
        require.rank(name, table, 2)
    require.same_length(x=(x, 1), background=(background, 1), members=(members, 1))
    require.that(x.shape[1] > 0, f"x must have at least one column; found shape {x.shape}")
    require.that(len(background) > 0, "background must have at least one sample")
    coalitions_at_once = min(max(ROWS // len(background), 1), max(len(members), 1))
    samples_at_once = min(max(ROWS // (len(background) * coalitions_at_once), 1), max(len(x), 1))

    def one(row: Array, member: Array) -> Array:
        return sums.mean(outputs(f, jnp.where(member, row, background)))

    def of_sample(row: Array) -> Array:
        return lax.map(partial(one, row), members, batch_size=coalitions_at_once)

    return lax.map(of_sample, x, batch_size=samples_at_once)


@public
@partial(jax.jit, static_argnames="f")
def base(f: Function, background: Float[Array, "b d"]) -> Float[Array, "*k"]:
    """Return the value of the empty coalition: the mean output over the background. Arguments and errors as above.

    >>> base(lambda rows: rows.sum(axis=1), jnp.array([[1.0, 2.0], [3.0, 4.0]])).item()
    5.0
    """
    nobody = jnp.zeros((1, background.shape[-1]), bool)
    return values(f, background[:1], background, nobody)[0, 0]
