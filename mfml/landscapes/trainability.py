r"""For which learning rates does training converge? The boundary between yes and no is a fractal.

Two groups of parameters, such as two layers, have one learning rate each. Every pair of rates is a separate training
run, and all runs are one call. Shapes: r, s learning rates; n samples; d features; h hidden units.
"""

from functools import partial
from math import sqrt
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.landscapes.curvature import Objective

LARGE = 1e6  # largest loss relative to the first; larger, infinite and NaN losses are cut to it
TAIL = 20  # the last steps decide whether training converged


class Network(NamedTuple):
    """Weights of two layers without biases."""

    hidden: Float[Array, "d h"]
    output: Float[Array, " h"]


class Outcome(NamedTuple):
    """How a training run ended; a map has one entry per pair of rates."""

    converged: Bool[Array, "*pairs"]  # the mean loss of the last steps is below the first loss
    measure: Float[
        Array, "*pairs"
    ]  # > 0 converged, < 0 diverged; larger in magnitude where it took longer; see `outcome`


@public
def init(*, key: Key[Array, ""], n_features: int, n_hidden: int) -> Network:
    """Draw a network with independent standard Gaussian weights.

    Raises:
        ValueError: unless both sizes are at least 1.

    Source: Sohl-Dickstein (2024), arXiv:2402.06184, section 2.

    >>> init(key=jax.random.key(0), n_features=3, n_hidden=4).hidden.shape
    (3, 4)
    """
    require.that(n_features >= 1 and n_hidden >= 1, f"sizes must be at least 1; found {n_features} and {n_hidden}")
    for_hidden, for_output = jax.random.split(key)
    hidden = jax.random.normal(for_hidden, (n_features * n_hidden,)).reshape(n_features, n_hidden)
    return Network(hidden, jax.random.normal(for_output, (n_hidden,)))


@public
def predict(model: Network, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""$f(x) = \frac{1}{\sqrt h} \sum_j a_j \tanh(w_j \cdot x / \sqrt d)$.

    Raises:
        ValueError: if x has another number of features.

    Source: Sohl-Dickstein (2024), arXiv:2402.06184, section 2.

    >>> predict(Network(jnp.zeros((2, 3)), jnp.ones(3)), jnp.ones((1, 2))).tolist()
    [0.0]
    """
    d, h = model.hidden.shape
    require.columns("x", x, d)
    return jnp.tanh(x @ model.hidden / sqrt(d)) @ model.output / sqrt(h)


@public
def loss(model: Network, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Mean squared error of `predict`, without a factor 1/2.

    Raises:
        ValueError: if x and y differ in length.

    Source: Sohl-Dickstein (2024), arXiv:2402.06184, section 2.

    >>> loss(Network(jnp.zeros((2, 3)), jnp.ones(3)), jnp.ones((1, 2)), jnp.array([2.0])).item()
    4.0
    """
    require.samples(x, y)
    return jnp.mean((predict(model, x) - y) ** 2)


@public
def outcome(
    objective: Objective,
    init: PyTree,
    rates: tuple[ArrayLike, ArrayLike],
    *,
    n_steps: int = 100,
    data: tuple[Any, ...] = (),
) -> Outcome:
    r"""Train by gradient descent with one learning rate for each of the two parts of `init`.

    `init` is a tuple (or NamedTuple) of two pytrees. With losses $\ell_t$, cut at 1e6 times the first, the
    measure is $\sum_t \ell_t / \ell_0$ for a run that converged and $-\sum_t \ell_0 / \ell_t$ for one that did not.
    It changes smoothly with the rates, and is large where the outcome is decided late. Converged means
    that the mean of the last 20 losses (of all, if fewer) is below the first. The measure is NaN where a rate is NaN
    or the first loss is not a positive number.

    Raises:
        ValueError: unless `init` and rates have two parts, and n_steps >= 1.

    Source: Sohl-Dickstein (2024), arXiv:2402.06184, section 3.

    >>> bowl = lambda parts: parts[0] ** 2 + parts[1] ** 2
    >>> [outcome(bowl, (jnp.ones(()), jnp.ones(())), (0.1, rate)).converged.item() for rate in (0.9, 1.1)]
    [True, False]
    """
    require.that(len(init) == 2, f"init must have two parts; found {len(init)}")
    require.that(len(rates) == 2, f"rates must be a pair; found {len(rates)}")
    require.that(n_steps >= 1, f"n_steps must be at least 1; found {n_steps}")
    parts, structure = jax.tree.flatten(init, is_leaf=lambda node: node is not init)
    first_loss = objective(init, *data)
    tail = min(TAIL, n_steps)

    def descend(parts: list[PyTree]) -> tuple[list[PyTree], Array]:
        value, slopes = jax.value_and_grad(lambda p: objective(jax.tree.unflatten(structure, p), *data))(parts)
        moved = [
            jax.tree.map(lambda theta, g, rate=rate: theta - jnp.asarray(rate, g.dtype) * g, part, slope)
            for part, slope, rate in zip(parts, slopes, rates, strict=True)
        ]
        ratio = value / first_loss
        return moved, jnp.where(ratio < LARGE, ratio, LARGE)  # False for NaN too

    def step(carry: tuple[Any, ...], t: Array) -> tuple[Any, None]:
        parts, total, inverse, late = carry
        parts, ratio = descend(parts)
        late = late + jnp.where(t >= n_steps - tail, ratio, 0.0)
        return (parts, total + ratio, inverse + 1 / jnp.maximum(ratio, 1 / LARGE), late), None

    zero = jnp.zeros_like(first_loss)
    (_, total, inverse, late), _ = lax.scan(step, (parts, zero, zero, zero), jnp.arange(n_steps))
    known = (first_loss > 0) & jnp.isfinite(first_loss) & ~jnp.isnan(rates[0]) & ~jnp.isnan(rates[1])
    converged = known & (late / tail < 1)
    return Outcome(converged, jnp.where(known, jnp.where(converged, total, -inverse), jnp.nan))


@public
@partial(jax.jit, static_argnames=("objective", "n_steps"))
def convergence_map(
    objective: Objective,
    init: PyTree,
    first_rates: Float[Array, " r"],
    second_rates: Float[Array, " s"],
    *,
    n_steps: int = 100,
    data: tuple[Any, ...] = (),
) -> Outcome:
    """Train once for every pair of learning rates, all in one vmapped call; see `outcome`.

    Entry [i, j] has `first_rates[i]` for the first part of the parameters, `second_rates[j]` for the second.

    Raises:
        ValueError: as `outcome`.

    Source: Sohl-Dickstein (2024), arXiv:2402.06184.

    >>> bowl = lambda parts: parts[0] ** 2 + parts[1] ** 2
    >>> rates = jnp.array([0.5, 1.5])
    >>> convergence_map(bowl, (jnp.ones(()), jnp.ones(())), rates, rates).converged.tolist()
    [[True, False], [False, False]]
    """

    def one(first: Array, second: Array) -> Outcome:
        return outcome(objective, init, (first, second), n_steps=n_steps, data=data)

    pairs = jnp.meshgrid(first_rates, second_rates, indexing="ij")
    flat = jax.vmap(one)(*(rates.ravel() for rates in pairs))
    return jax.tree.map(lambda leaf: leaf.reshape(pairs[0].shape), flat)


@public
@jax.jit
def boundary(converged: Bool[Array, "r s"]) -> Bool[Array, "r s"]:
    """Mark the cells that differ from their neighbor below or to the right.

    Raises:
        ValueError: unless the map has two axes.

    Source: Sohl-Dickstein (2024), arXiv:2402.06184.

    >>> boundary(jnp.array([[True, False], [True, False]])).tolist()
    [[True, False], [True, False]]
    """
    require.rank("converged", converged, 2)
    below = jnp.zeros_like(converged).at[:-1].set(converged[:-1] != converged[1:])
    right = jnp.zeros_like(converged).at[:, :-1].set(converged[:, :-1] != converged[:, 1:])
    return below | right


@public
@jax.jit
def box_dimension(marked: Bool[Array, "r r"]) -> Float[Array, ""]:
    r"""Box-counting dimension of the marked cells: minus the slope of $\ln N(b)$ over $\ln b$.

    N(b) is the number of boxes of b x b cells with a marked cell, for b = 1, 2, 4, ... down to 4 x 4 boxes. A smooth
    curve has dimension 1, a filled square 2. It is an estimate, biased because one picture has few scales. NaN where
    nothing is marked.

    Raises:
        ValueError: unless the picture is square, with a side that is a power of 2 and at least 8.

    Source: Falconer (2003), Fractal Geometry, chapter 3.

    >>> round(box_dimension(jnp.eye(64, dtype=bool)).item(), 4)
    1.0
    """
    require.square("marked", marked)
    side = len(marked)
    require.that(side >= 8 and side & (side - 1) == 0, f"the side must be a power of 2, at least 8; found {side}")
    sizes = [2**i for i in range(side.bit_length() - 2)]
    blocks = [marked.reshape(side // b, b, side // b, b).any(axis=(1, 3)) for b in sizes]
    count = jnp.stack([jnp.sum(block) for block in blocks]).astype(float)
    log_size = jnp.asarray(np.log(sizes) - np.mean(np.log(sizes)), count.dtype)
    slope = log_size @ jnp.log(count) / jnp.sum(log_size**2)
    return jnp.where(count[0] > 0, -slope, jnp.nan)
