r"""Guidance without a classifier: a network that knows labels, and sometimes does without them.

In training a label is now and then replaced by "unknown", so that one network learns both the noise of a class and that
of all data. In sampling the difference of both guesses is exaggerated. Samples become more typical of their class, and
less diverse. Shapes: n samples of any shape.

Source: Ho and Salimans (2022), Classifier-free diffusion guidance.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import SHARE, checked


@public
@jax.jit
def mix(
    known: Float[Array, "n *shape"], unknown: Float[Array, "n *shape"], *, strength: ArrayLike
) -> Float[Array, "n *shape"]:
    r"""Mix the guesses with and without labels, $(1 + w)\, \hat\epsilon_c - w\, \hat\epsilon_\varnothing$.

    The strength w = 0 is no guidance, and w = -1 ignores the labels. Some authors call 1 + w the strength.

    Raises:
        ValueError: unless both guesses have one shape.

    Source: Ho and Salimans (2022), equation 6.

    >>> mix(jnp.array([[2.0]]), jnp.array([[1.0]]), strength=0.5).tolist()
    [[2.5]]
    """
    require.same_shape(known=known, unknown=unknown)
    w = jnp.asarray(strength, known.dtype)
    near = w > -0.5  # the guess from which to start: then both ends are exact
    return jnp.where(near, known, unknown) + jnp.where(near, w, 1 + w) * (known - unknown)


@public
def guess(
    predict: Callable[[Array, Array, Array], Array],
    x: Float[Array, "n *shape"],
    t: Num[Array, " n"],
    labels: Int[Array, " n"],
    *,
    strength: ArrayLike,
    unknown: int,
) -> Float[Array, "n *shape"]:
    """Guess with guidance. `predict(x, t, labels)` is called once, with 2 n samples: with their labels, and unknown.

    Raises:
        ValueError: unless there is a time and a label for each sample.

    >>> toy = lambda x, t, labels: labels[:, None] * jnp.ones_like(x)
    >>> guess(toy, jnp.zeros((1, 1)), jnp.array([0]), jnp.array([3]), strength=1.0, unknown=10).tolist()
    [[-4.0]]
    """
    require.rank("labels", labels, 1)
    require.same_length(x=x, t=t, labels=labels)
    twice = [jnp.concatenate(pair) for pair in ((x, x), (t, t), (labels, jnp.full_like(labels, unknown)))]
    return mix(*jnp.split(predict(*twice), 2), strength=strength)


@public
@checked(rate=SHARE)
@jax.jit
def dropped(labels: Int[Array, " n"], *, key: Key[Array, ""], rate: ArrayLike, unknown: ArrayLike) -> Int[Array, " n"]:
    """Replace each label by `unknown` with this probability.

    Raises:
        ValueError: for a rate outside of 0 to 1 (all unknown where traced).

    >>> dropped(jnp.array([1, 2]), key=jax.random.key(0), rate=1.0, unknown=10).tolist()
    [10, 10]
    """
    return jnp.where(jax.random.uniform(key, labels.shape, jnp.float32) >= rate, labels, unknown)
