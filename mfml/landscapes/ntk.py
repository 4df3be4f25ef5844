r"""The empirical neural tangent kernel: how a step on one sample moves the prediction of another.

A model is a function `predict(params, x)` with one row per sample: `(n,)`, or `(n, k)` with k outputs. Sums of
squares have no factors but those that are written. Shapes: n, m samples; k outputs; t points of a path.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree, Shaped

from mfml import iteration, require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, checked

Predictor = Callable[[PyTree, Array], Array]


class Evolution(NamedTuple):
    """How the kernel changes along a path."""

    kernels: Float[Array, "t n n"]
    from_start: Float[Array, " t"]  # distance to the first kernel, 0 to 1; the first entry is 0
    velocity: Float[Array, " t-1"]  # distance between successive kernels


class Training(NamedTuple):
    """Parameters after gradient descent on a scaled model, and their path."""

    params: PyTree
    path: PyTree  # every point, the start first: leading axis of n_steps + 1
    history: Float[Array, " steps"]  # mean squared error of the scaled model, in squared units of y
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing here measures how near the optimum is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
def kernel(
    predict: Predictor, params: PyTree, x1: Shaped[Array, "n *features"], x2: Shaped[Array, "m *features"]
) -> Float[Array, "n m"]:
    r"""$\Theta(x, x') = \frac1k \sum_{a=1}^k \nabla_\theta f_a(x) \cdot \nabla_\theta f_a(x')$: a mean over outputs.

    A gradient step of size $\eta$ on the sample x' with loss slope r moves the prediction at x by
    $-\eta\, r\, \Theta(x, x')$ to first order. Symmetric and positive semidefinite for x1 = x2.

    Raises:
        ValueError: if x1 and x2 differ in the shape of a sample, or either is empty.

    Source: Jacot, Gabriel and Hongler (2018), Advances in Neural Information Processing 31.

    >>> x = jnp.array([[1.0, 2.0], [3.0, -1.0]])
    >>> kernel(lambda w, x: x @ w, jnp.zeros(2), x, x).tolist()
    [[5.0, 1.0], [1.0, 10.0]]
    """
    alike = jnp.shape(x1)[1:] == jnp.shape(x2)[1:]
    require.that(alike, f"x1 and x2 must have samples of one shape; found {jnp.shape(x1)} and {jnp.shape(x2)}")
    require.that(len(x1) > 0 and len(x2) > 0, f"needs at least one sample; found {len(x1)} and {len(x2)}")
    flat, rebuild = ravel_pytree(params)

    def outputs(theta: Array, sample: Array) -> Array:
        return predict(rebuild(theta), sample[None]).reshape(-1)

    rows = [jax.vmap(jax.jacrev(outputs), in_axes=(None, 0))(flat, x) for x in (x1, x2)]
    return jnp.einsum("iap,jap->ij", *rows) / rows[0].shape[1]


@public
@jax.jit
def distance(first: Float[Array, "n m"], second: Float[Array, "n m"]) -> Float[Array, ""]:
    r"""Kernel distance $1 - \langle A, B \rangle / (\|A\| \|B\|)$, Frobenius; between 0 and 1 for Gram matrices.

    It ignores the scale: 0 for A = 2 B. NaN where a kernel is zero. Computed as half the squared distance of the
    kernels of length 1, which keeps the digits of small distances.

    Raises:
        ValueError: if the shapes differ.

    Source: Fort et al. (2020), Advances in Neural Information Processing 33, section 3.

    >>> round(distance(jnp.eye(2), jnp.ones((2, 2))).item(), 4)
    0.2929
    """
    require.same_shape(first=first, second=second)
    return jnp.sum((_of_length_one(first) - _of_length_one(second)) ** 2) / 2


@public
@jax.jit
def alignment(gram: Float[Array, "n n"], y: Float[Array, " n"]) -> Float[Array, ""]:
    r"""How well a kernel fits its task: $y^\top \Theta\, y / (\|\Theta\|_F \|y\|^2)$, at most 1; NaN where either is 0.

    Raises:
        ValueError: if the kernel is not square or does not fit y.

    Source: Cristianini et al. (2001), Advances in Neural Information Processing 14.

    >>> y = jnp.array([1.0, -1.0])
    >>> round(alignment(jnp.outer(y, y), y).item(), 4)
    1.0
    """
    require.square("gram", gram)
    require.same_length(gram=gram, y=y)
    direction = _of_length_one(y)
    return direction @ _of_length_one(gram) @ direction


@public
@partial(jax.jit, static_argnames=("predict",))
def evolution(predict: Predictor, path: PyTree, x: Shaped[Array, "n *features"]) -> Evolution:
    """Follow the kernel on samples x along a path of parameters (a leading axis of t points).

    Take every tenth or hundredth point of a path: each costs a Jacobian.

    Raises:
        ValueError: if x is empty.

    Source: Fort et al. (2020), Advances in Neural Information Processing 33.

    >>> still = evolution(lambda w, x: x @ w, jnp.zeros((3, 2)), jnp.eye(2))
    >>> still.from_start.tolist(), still.velocity.tolist()
    ([0.0, 0.0, 0.0], [0.0, 0.0])
    """
    kernels = lax.map(lambda params: kernel(predict, params, x, x), path)
    from_start = jax.vmap(lambda one: distance(kernels[0], one))(kernels)
    return Evolution(kernels, from_start, jax.vmap(distance)(kernels[:-1], kernels[1:]))


@public
def linearized(
    predict: Predictor, init: PyTree, params: PyTree, x: Shaped[Array, "n *features"]
) -> Float[Array, "n *targets"]:
    r"""The model's tangent at the start: $f(x; \theta_0) + \nabla_\theta f(x; \theta_0) \cdot (\theta - \theta_0)$.

    It is linear in the parameters, so least squares and kernel theory apply. Lazy training stays near it.

    Source: Lee et al. (2019), Advances in Neural Information Processing 32.

    >>> linearized(lambda w, x: w**2 * x, jnp.array(1.0), jnp.array(3.0), jnp.array([1.0])).tolist()
    [5.0]
    """
    move = jax.tree.map(jnp.subtract, params, init)
    value, slope = jax.jvp(lambda theta: predict(theta, x), (init,), (move,))
    return value + slope


@public
@jax.jit
def flow(
    gram: Float[Array, "n n"], init: Float[Array, " n"], y: Float[Array, " n"], time: ArrayLike
) -> Float[Array, " n"]:
    r"""Predictions on the training samples after a time under a constant kernel: $y + e^{-\Theta t / n} (f_0 - y)$.

    Gradient flow on $\frac{1}{2n} \|f - y\|^2$: the time is the sum of the learning rates of that loss (the factor 1/2
    counts). Directions of large eigenvalue are learned first.

    Raises:
        ValueError: if the kernel is not square, or gram, init and y differ in length.

    Source: Jacot, Gabriel and Hongler (2018), section 5; Lee et al. (2019), equation 8.

    >>> [round(value, 4) for value in flow(jnp.eye(2) * 2.0, jnp.zeros(2), jnp.ones(2), 1.0).tolist()]
    [0.6321, 0.6321]
    """
    require.square("gram", gram)
    require.same_length(gram=gram, init=init, y=y)
    values, vectors = jnp.linalg.eigh(gram)
    rounding = scaling.rank_rtol(gram.shape, gram.dtype) * jnp.abs(values).max()
    values = jnp.where(jnp.abs(values) <= rounding, 0.0, values)  # below 0 by rounding, a term would grow without end
    return y + vectors @ (jnp.exp(-values * time / len(y)) * (vectors.T @ (init - y)))


@public
@checked(alpha=POSITIVE)
@partial(jax.jit, static_argnames=("predict", "n_steps"))
def fit(
    x: Shaped[Array, "n *features"],
    y: Float[Array, "n *targets"],
    *,
    predict: Predictor,
    init: PyTree,
    alpha: ArrayLike,
    learning_rate: ArrayLike,
    n_steps: int,
) -> Training:
    r"""Gradient descent on a scaled model: lazy for large $\alpha$, rich for small.

    The model is $\alpha\,(f(x; \theta) - f(x; \theta_0))$, zero at the start; its loss
    $\frac{1}{2 n} \sum (\cdot - y)^2$ is divided by $\alpha^2$, so that predictions change at the same pace for
    every $\alpha$. The larger $\alpha$, the less the parameters have to move; in the limit the kernel stays constant.

    Raises:
        ValueError: if x and y differ in length, alpha is not positive, or n_steps < 0.

    Source: Chizat, Oyallon and Bach (2019), Advances in Neural Information Processing 32.

    >>> x, y = jnp.array([[1.0]]), jnp.array([1.0])
    >>> done = fit(x, y, predict=lambda w, x: x @ w, init=jnp.zeros(1), alpha=2.0, learning_rate=0.5, n_steps=2)
    >>> done.path.tolist(), done.history.tolist()
    ([[0.0], [0.25], [0.375]], [1.0, 0.25, 0.0625])
    """
    start = jax.tree.map(jnp.asarray, init)
    zero = predict(start, x)
    require.that(zero.shape == y.shape, f"y must have the shape of predictions, {zero.shape}; found {y.shape}")

    def error(params: PyTree) -> Array:
        return jnp.asarray(alpha * (predict(params, x) - zero) - y)

    def step(params: PyTree, _: Array) -> PyTree:
        slope = jax.grad(lambda params: jnp.sum(error(params) ** 2) / (2 * len(y) * jnp.square(alpha)))(params)
        return jax.tree.map(lambda theta, g: theta - jnp.asarray(learning_rate, g.dtype) * g, params, slope)

    path, report = iteration.run_path(
        step, start, n_steps=n_steps, objective=lambda params: jnp.mean(error(params) ** 2)
    )
    return Training(jax.tree.map(lambda leaf: leaf[-1], path), path, *report)


def _of_length_one(a: Array) -> Array:
    """Divide by the Euclidean length over all entries; NaN where it is 0."""
    scaled = a / scaling.unit(a)
    return scaled / scaling.length(scaled)
