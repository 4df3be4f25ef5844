r"""Sets of classes that contain the right one with a promised probability. Shapes: n samples, c classes.

Every class has a score that says how little it fits the sample. The score of the right class is taken on calibration
samples; `conformal.quantile` turns these into a threshold, and a set holds the classes up to it. With
`conformal.group_quantiles(scores, y, n_groups=c)` every class has its own threshold and its own coverage.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, checked

KINDS = ("threshold", "adaptive")


@public
@checked(penalty=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("kind", "n_free"))
def class_scores(
    probabilities: Float[Array, "n c"],
    *,
    kind: str = "threshold",
    key: Key[Array, ""] | None = None,
    penalty: ArrayLike = 0.0,
    n_free: int = 1,
) -> Float[Array, "n c"]:
    r"""How little each class fits each sample.

    - `threshold`: $1 - p_j$. These sets are the smallest on average, and empty for samples that fit no class.
    - `adaptive`: the probability of all classes that are likelier, and a share u of the class's own,
      $\sum_{p_l > p_j} p_l + u\,p_j$. Sets grow where the model is unsure. With a `key`, u is uniform on [0, 1], one
      for each sample, and the coverage exact; without, u is 1 and the coverage somewhat larger. A `penalty` for
      each class beyond the first `n_free` keeps tails of unlikely classes out.

    Of equal probabilities the first class counts as the likelier one. Calibration and new samples need the same
    options, but different keys.

    Args:
        probabilities: of each class, as predicted.
        kind: "threshold" or "adaptive"; static.
        key: for u.
        penalty: at least 0; of `adaptive`.
        n_free: static.

    Raises:
        ValueError: unless there are two axes and a class, for an unknown kind, a negative penalty (NaN where it is
            traced) or n_free.

    Source: Sadinle, Lei and Wasserman (2019), section 2 (threshold); Romano, Sesia and Candès (2020), section 2
    (adaptive); Angelopoulos et al. (2021), section 2 (penalty).

    >>> class_scores(jnp.array([[0.25, 0.5, 0.25]]), kind="adaptive").tolist()
    [[0.75, 0.5, 1.0]]
    """
    require.one_of("kind", kind, KINDS)
    require.rank("probabilities", probabilities, 2)
    require.that(probabilities.shape[1] > 0, f"probabilities need a class; found shape {probabilities.shape}")
    require.that(n_free >= 0, f"n_free must not be negative; found {n_free}")
    if kind == "threshold":
        return 1 - probabilities
    from_top = jnp.argsort(-probabilities, axis=1, stable=True)
    place = jnp.argsort(from_top, axis=1)
    up_to = jnp.cumsum(jnp.take_along_axis(probabilities, from_top, axis=1), axis=1)
    score = jnp.take_along_axis(up_to, place, axis=1)
    if key is not None:
        u = jax.random.uniform(key, (len(probabilities), 1), probabilities.dtype)
        score = score - (1 - u) * probabilities
    return score + penalty * jnp.maximum(place + 1 - n_free, 0)


@public
@jax.jit
def of_label(scores: Float[Array, "n c"], y: Int[Array, " n"]) -> Float[Array, " n"]:
    """Score of the right class of each sample, NaN where the label is no class.

    Raises:
        ValueError: unless there is a row of scores per label.

    Source: Sadinle, Lei and Wasserman (2019), section 2.

    >>> of_label(jnp.array([[0.25, 0.75], [0.5, 0.5]]), jnp.array([1, 0])).tolist()
    [0.75, 0.5]
    """
    require.rank("scores", scores, 2)
    require.rank("y", y, 1)
    require.same_length(scores=scores, y=y)
    known = (y >= 0) & (y < scores.shape[1])
    chosen = jnp.take_along_axis(scores, jnp.where(known, y, 0)[:, None], axis=1)[:, 0]
    return jnp.where(known, chosen, jnp.nan)


@public
@jax.jit
def sets(scores: Float[Array, "m c"], quantile: Float[Array, "*c"]) -> Bool[Array, "m c"]:
    """Which classes are in the set of each sample: those whose score is at most the quantile.

    The quantile is one number, one per class (a row), or one per sample (a column). A score or quantile that is NaN
    says nothing about a class, which then stays in: a set that holds too much breaks no promise.

    Raises:
        ValueError: unless there are two axes, and the quantile broadcasts to them.

    Source: Sadinle, Lei and Wasserman (2019), section 2.

    >>> sets(jnp.array([[0.25, 0.75, 0.9]]), jnp.array(0.75)).tolist()
    [[True, True, False]]
    """
    require.rank("scores", scores, 2)
    require.broadcasts("quantile", quantile, scores.shape)
    return ~(scores > quantile)
