r"""The model of a campaign: a Gaussian process of what has been measured so far, in arrays of fixed size.

Arrays have a place for every experiment to come, so that nothing is compiled again. A place without a measurement gets
a noise so large that it says nothing. Values are standardized. Hyperparameters are the most probable ones: their
logarithms have a normal prior around those of the start, which few measurements cannot leave far behind. Shapes: t
places, d features.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, PyTree

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, checked
from mfml.uncertainty import gp, kernels, processes
from mfml.uncertainty.kernels import Kernel

NOTHING = 1e10  # noise variance of a place without a measurement, in variances of y
SPREAD = 1.0  # standard deviation of the prior of the logarithm of a hyperparameter
LENGTH, NOISE = 2.0, 1e-2  # where hyperparameters start: standard deviations of x, variances of y


class Hyper(NamedTuple):
    """Hyperparameters: those of the start, and how far they have moved on a logarithmic axis."""

    kernel: Kernel  # in variances of y
    noise_variance: Float[Array, ""]  # in variances of y
    logs: PyTree  # of both


@public
@checked(noise_variance=POSITIVE)
def init(x: Float[Array, "t d"], *, kernel: Kernel | None = None, noise_variance: ArrayLike = NOISE) -> Hyper:
    """Start from a kernel and a noise; by default Matern with nu = 2.5, whose lengths are 2, one for each feature.

    Raises:
        ValueError: unless hyperparameters are positive and fit x.

    >>> init(jnp.zeros((3, 2))).kernel.length.tolist()
    [2.0, 2.0]
    """
    require.rank("x", x, 2)
    kernel = kernels.Matern(length=jnp.full(x.shape[1], LENGTH, x.dtype)) if kernel is None else kernel
    first = kernels.ready(kernel, x), jnp.asarray(noise_variance, x.dtype)
    return Hyper(*first, jax.tree.map(jnp.zeros_like, first))


@public
@partial(jax.jit, static_argnames="n_steps")
def update(
    hyper: Hyper,
    x: Float[Array, "t d"],
    y: Float[Array, " t"],
    measured: Bool[Array, " t"],
    *,
    n_steps: int,
    learning_rate: ArrayLike = 0.1,
) -> Hyper:
    r"""Move hyperparameters towards the most probable ones, by steps of Adam.

    What is raised is the log evidence plus the log-prior $-\tfrac12 \sum_j t_j^2$ of the logarithms t.

    Raises:
        ValueError: where shapes do not fit; unless n_steps >= 0.

    Source: Rasmussen and Williams (2006), section 5.4.1.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0.0, 1.0, 0.0])
    >>> update(init(x), x, y, jnp.array([True, True, False]), n_steps=1).logs[1].shape
    ()
    """
    _check(x, y, measured, n_steps)
    target, _, _ = _standardized(y, measured)
    adam = optax.adam(learning_rate)

    def loss(logs: PyTree) -> Array:
        kernel, noise = _at(hyper, logs)
        noises = jnp.where(measured, noise, NOTHING)
        prior = sum(jnp.sum((leaf / SPREAD) ** 2) for leaf in jax.tree.leaves(logs))
        return 0.5 * prior - gp.log_evidence(x, target, kernel=kernel, noise_variance=noises)

    def step(state: tuple[PyTree, PyTree], _: None) -> tuple[tuple[PyTree, PyTree], None]:
        logs, moments = state
        updates, moments = adam.update(jax.grad(loss)(logs), moments)
        return (optax.apply_updates(logs, updates), moments), None

    logs = hyper.logs
    if n_steps:
        logs = lax.scan(step, (logs, adam.init(logs)), length=n_steps)[0][0]
    return hyper._replace(logs=logs)


@public
@jax.jit
def condition(
    hyper: Hyper, x: Float[Array, "t d"], y: Float[Array, " t"], measured: Bool[Array, " t"]
) -> processes.Process:
    """Posterior given the places that are measured; what the others hold does not matter.

    Raises:
        ValueError: where shapes do not fit.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 3.0, 99.0])
    >>> condition(init(x), x, y, jnp.array([True, True, False])).mean.item()
    2.0
    """
    _check(x, y, measured, 0)
    target, mean, scale = _standardized(y, measured)
    kernel, noise = _at(hyper, hyper.logs)
    noises = jnp.where(measured, noise, NOTHING)
    return gp.condition(x, mean + scale * target, kernel=kernel, noise_variance=noises, mean=mean, scale=scale)


def _check(x: Array, y: Array, measured: Array, n_steps: int) -> None:
    require.rank("x", x, 2)
    require.samples(x, y)
    require.same_length(y=y, measured=measured)
    require.that(n_steps >= 0, f"n_steps must not be negative; found {n_steps}")


def _at(hyper: Hyper, logs: PyTree) -> tuple[Kernel, Array]:
    return jax.tree.map(lambda start, log: start * jnp.exp(log), (hyper.kernel, hyper.noise_variance), logs)


def _standardized(y: Array, measured: Array) -> tuple[Array, Array, Array]:
    """Measured values in standard deviations from their mean, 0 elsewhere; the mean and the standard deviation.

    Equal values have none; their size, or 1, stands for it.
    """
    first = y[jnp.argmax(measured)]
    moved = jnp.where(measured, y - first, 0.0)
    count = jnp.sum(measured)
    center = jnp.sum(moved) / count
    moved = jnp.where(measured, moved - center, 0.0)
    unit = scaling.unit(moved)
    std = unit * jnp.sqrt(jnp.sum((moved / unit) ** 2) / count)
    mean = first + center
    scale = jnp.where(std == 0, jnp.where(mean == 0, 1.0, jnp.abs(mean)), std)
    return moved / scale, mean, scale
