r"""A wide network with one hidden layer as a cloud of particles.

Each hidden unit is a particle with a position: its output weight $a_j$ and its input weights $w_j$. The network's
prediction is a sum over particles of $a_j\, \max(w_j \cdot x, 0)$, times 1/m or $1/\sqrt m$. Give x a column of ones
for a bias. Shapes: m particles, n samples, d features.
"""

from functools import partial
from math import sqrt
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.risk import metrics

SCALINGS = ("mean", "sqrt")


class Particles(NamedTuple):
    """Positions of all particles."""

    output: Float[Array, "*steps m"]
    hidden: Float[Array, "*steps m d"]


class MeanField(NamedTuple):
    """Particles after training, and their path."""

    output: Float[Array, " m"]
    hidden: Float[Array, "m d"]
    path: Particles  # every position, the start first: leading axis of n_steps + 1
    history: Float[Array, " steps"]  # mean squared error at each point, in squared units of y
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing here measures how near the optimum is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
def init(*, key: Key[Array, ""], n_particles: int, n_features: int) -> Particles:
    r"""Draw particles: $w_j$ uniform on the unit sphere, $a_j = \pm 1$ alternately.

    With an even number of them, a is balanced. Every particle has $|a_j| = \|w_j\|$, which the gradient flow keeps.

    Raises:
        ValueError: unless both numbers are at least 1.

    Source: Chizat and Bach (2018), Advances in Neural Information Processing 31, section 4.

    >>> init(key=jax.random.key(0), n_particles=4, n_features=2).output.tolist()
    [1.0, -1.0, 1.0, -1.0]
    """
    require.that(n_particles >= 1, f"n_particles must be at least 1; found {n_particles}")
    require.that(n_features >= 1, f"n_features must be at least 1; found {n_features}")
    hidden = jax.random.normal(key, (n_particles * n_features,)).reshape(n_particles, n_features)
    hidden = hidden / jnp.linalg.norm(hidden, axis=1, keepdims=True)
    return Particles(jnp.where(jnp.arange(n_particles) % 2 == 0, 1.0, -1.0), hidden)


@public
def predict(model: Particles | MeanField, x: Float[Array, "n d"], *, scaling: str = "mean") -> Float[Array, " n"]:
    r"""$f(x) = s \sum_j a_j \max(w_j \cdot x, 0)$ with $s = 1/m$ ("mean") or $1/\sqrt m$ ("sqrt").

    Raises:
        ValueError: for another scaling.

    Source: Chizat and Bach (2018), section 2; for the square root Jacot, Gabriel and Hongler (2018).

    >>> pair = Particles(jnp.array([1.0, 1.0]), jnp.array([[1.0], [-1.0]]))
    >>> predict(pair, jnp.array([[3.0]])).tolist()
    [1.5]
    """
    require.one_of("scaling", scaling, SCALINGS)
    require.columns("x", x, model.hidden.shape[1])
    m = len(model.output)
    return jnp.maximum(x @ model.hidden.T, 0.0) @ model.output / (m if scaling == "mean" else sqrt(m))


@public
def risk(
    model: Particles | MeanField, x: Float[Array, "n d"], y: Float[Array, " n"], *, scaling: str = "mean"
) -> Float[Array, ""]:
    """Mean squared error of `predict`, without a factor 1/2.

    Raises:
        ValueError: for another scaling; if x and y differ in length.

    Source: Chizat and Bach (2018), section 2.

    >>> pair = Particles(jnp.array([1.0, 1.0]), jnp.array([[1.0], [-1.0]]))
    >>> risk(pair, jnp.array([[3.0]]), jnp.array([1.0])).item()
    0.25
    """
    require.samples(x, y)
    return jnp.mean((predict(model, x, scaling=scaling) - y) ** 2)


@public
@partial(jax.jit, static_argnames="scaling")
def step(
    state: Particles,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    learning_rate: ArrayLike,
    scaling: str = "mean",
) -> Particles:
    r"""Move all particles down the risk R: $\theta_j \leftarrow \theta_j - \eta\, c\, \nabla_{\theta_j} R$.

    With "mean" the gradient of one particle has the factor 1/m, and c = m removes it. Particles then move at a speed
    that does not depend on their number, and the cloud has a limit (a gradient flow of measures). With "sqrt" c = 1:
    predictions change at the same pace, but each particle moves by $1/\sqrt m$ only.

    Raises:
        ValueError: as `risk`.

    Source: Chizat and Bach (2018), equation 3; Chizat, Oyallon and Bach (2019).

    >>> one = Particles(jnp.array([1.0]), jnp.array([[1.0]]))
    >>> step(one, jnp.array([[1.0]]), jnp.array([2.0]), learning_rate=0.25).hidden.tolist()
    [[1.5]]
    """
    slope = jax.grad(risk)(state, x, y, scaling=scaling)
    pace = len(state.output) if scaling == "mean" else 1
    return jax.tree.map(lambda theta, g: theta - jnp.asarray(learning_rate * pace, g.dtype) * g, state, slope)


@public
@partial(jax.jit, static_argnames=("n_steps", "scaling"))
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    init: Particles | MeanField,
    learning_rate: ArrayLike,
    n_steps: int,
    scaling: str = "mean",
) -> MeanField:
    """Take `n_steps` steps from the particles `init` and keep every position. It never stops early.

    Raises:
        ValueError: as `step`; for n_steps < 0.

    Source: Chizat and Bach (2018), Advances in Neural Information Processing 31.

    >>> one = Particles(jnp.array([1.0]), jnp.array([[1.0]]))
    >>> x, y = jnp.array([[1.0]]), jnp.array([4.0])
    >>> model = fit(x, y, init=one, learning_rate=0.1, n_steps=20)
    >>> model.path.hidden.shape, predict(model, x).round(2).tolist(), model.history[-1].item() < 1e-6
    ((21, 1, 1), [4.0], True)
    """
    path, report = iteration.run_path(
        lambda particles, _: step(particles, x, y, learning_rate=learning_rate, scaling=scaling),
        Particles(init.output, init.hidden),
        n_steps=n_steps,
        objective=lambda particles: risk(particles, x, y, scaling=scaling),
    )
    return MeanField(path.output[-1], path.hidden[-1], path, *report)


@public
@partial(jax.jit, static_argnames="scaling")
def score(
    model: Particles | MeanField, x: Float[Array, "n d"], y: Float[Array, " n"], *, scaling: str = "mean"
) -> Float[Array, ""]:
    """$R^2$ of `predict`, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: as `risk`.

    >>> pair = Particles(jnp.array([1.0, 1.0]), jnp.array([[1.0], [-1.0]]))
    >>> score(pair, jnp.array([[2.0], [4.0]]), jnp.array([1.0, 2.0])).item()
    1.0
    """
    require.samples(x, y)
    return metrics.r2(predict(model, x, scaling=scaling), y)


@public
@jax.jit
def displacement(path: Particles) -> Float[Array, ""]:
    r"""Root mean square over particles of the distance from first to last position on a path, relative to the first.

    $\sqrt{\sum_j \|\theta_j(T) - \theta_j(0)\|^2 / \sum_j \|\theta_j(0)\|^2}$: near 0 for lazy training, about 1 for
    rich. NaN where all first positions are zero.

    Source: Chizat, Oyallon and Bach (2019), Advances in Neural Information Processing 32.

    >>> displacement(Particles(jnp.ones((2, 3)), jnp.ones((2, 3, 1)))).item()
    0.0
    """
    first, last = (jnp.concatenate([leaf[place].ravel() for leaf in path]) for place in (0, -1))
    return scaling.length(last - first) / scaling.length(first)
