r"""Saliency: where the output reacts to a small change of the input. Shapes: n samples, k outputs.

The input of a sample may be a row of features or an image; every result has its shape, and an axis of outputs behind it
if the model has several. Gradients say how the output would change, and not how it came about: where a model saturates
they are 0. `integrated_gradients` divides the output itself.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.explain.asking import Function, outputs
from mfml.numerics.domain import NON_NEGATIVE, checked


@public
@partial(jax.jit, static_argnames="f")
def gradient(f: Function, x: Float[Array, "n *shape"]) -> Float[Array, "n ..."]:
    r"""Return the gradient of each output in the input, $\partial f_k / \partial x_j$, in units of f over those of x.

    Args:
        f: JAX function from rows or images to one output, or to a row of k outputs, for each; static. What it gives
            for one sample must not depend on the others.
        x: samples to explain.

    Raises:
        ValueError: unless x has at least two axes, and f gives one output, or one row of outputs, for each sample.

    Source: Simonyan, Vedaldi and Zisserman (2014).

    >>> gradient(lambda rows: rows[:, 0] * rows[:, 1], jnp.array([[2.0, 3.0]])).tolist()
    [[3.0, 2.0]]
    """
    found, pull = jax.vjp(lambda rows: outputs(f, rows), x)
    if found.ndim == 1:
        return pull(jnp.ones_like(found))[0]
    each = jnp.eye(found.shape[1], dtype=found.dtype)
    return jnp.moveaxis(lax.map(lambda one: pull(jnp.broadcast_to(one, found.shape))[0], each), 0, -1)


@public
@partial(jax.jit, static_argnames="f")
def gradient_input(f: Function, x: Float[Array, "n *shape"]) -> Float[Array, "n ..."]:
    r"""Return gradient times input, $x_j \, \partial f_k / \partial x_j$, in units of the output.

    For a linear model without an intercept it is what each feature adds. The origin of x counts: shift it to where a
    feature says nothing. Arguments and errors as in `gradient`.

    Source: Shrikumar, Greenside and Kundaje (2017).

    >>> gradient_input(lambda rows: rows[:, 0] * rows[:, 1], jnp.array([[2.0, 3.0]])).tolist()
    [[6.0, 6.0]]
    """
    slope = gradient(f, x)
    return slope * x.reshape(*x.shape, *[1] * (slope.ndim - x.ndim))


@public
@checked(noise=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("f", "n_samples"))
def smooth(
    f: Function, x: Float[Array, "n *shape"], *, key: Key[Array, ""], noise: ArrayLike, n_samples: int = 50
) -> Float[Array, "n ..."]:
    r"""SmoothGrad: the mean gradient at randomly moved inputs, $E[\nabla f(x + \sigma z)]$ with z from N(0, I).

    It is the gradient of the model after smoothing with a Gaussian of width $\sigma$. All features of x have one unit;
    standardize those that do not.

    Args:
        f: as in `gradient`.
        x: as in `gradient`.
        key: draws the noise, for each sample its own.
        noise: its standard deviation $\sigma$, in units of x; 0.1 to 0.2 of the range of an image is usual.
        n_samples: number of draws; static.

    Raises:
        ValueError: as in `gradient`, and for a negative noise or no draws.

    Source: Smilkov et al. (2017).

    >>> smooth(lambda rows: 2 * rows[:, 0], jnp.array([[1.0]]), key=jax.random.key(0), noise=0.1).tolist()
    [[2.0]]
    """
    require.positive("n_samples", n_samples)
    start = gradient(f, x)

    def add(mean: Array, drawn: tuple[Array, Array]) -> tuple[Array, None]:
        number, draw = drawn
        moved = x + jnp.asarray(noise, x.dtype) * jax.random.normal(draw, x.shape, x.dtype)
        return mean + (gradient(f, moved) - mean) / number, None

    numbers = jnp.arange(1, n_samples + 1).astype(x.dtype)
    return lax.scan(add, jnp.zeros_like(start), (numbers, jax.random.split(key, n_samples)))[0]


@public
@partial(jax.jit, static_argnames="f")
def grad_cam(f: Function, maps: Float[Array, "n h w c"]) -> Float[Array, "n h w *k"]:
    r"""Grad-CAM: where in the image the channels are active that raise an output.

    $$L = \max\left(0, \sum_c \alpha_c A_c\right), \qquad
    \alpha_c = \frac{1}{h w} \sum_{u, v} \frac{\partial f}{\partial A_{uvc}}.$$

    The map is as coarse as the layer that it looks at; `jax.image.resize` brings it to the size of the image.

    Args:
        f: JAX function from the maps to the outputs: what the network does after the layer; static. Take logits, since
            the gradient of a probability vanishes where the model is sure.
        maps: what the layer gives for each image, with its c channels last.

    Raises:
        ValueError: unless maps has four axes, and f gives one output, or one row of outputs, for each image.

    Source: Selvaraju et al. (2017).

    >>> maps = jnp.array([[[[1.0, 0.0], [0.0, 5.0]]]])
    >>> grad_cam(lambda a: 4 * a[..., 0].mean(axis=(1, 2)) - a[..., 1].mean(axis=(1, 2)), maps).tolist()
    [[[2.0, 0.0]]]
    """
    require.rank("maps", maps, 4)
    weights = jnp.mean(gradient(f, maps), axis=(1, 2))  # (n, c, *k)
    letters = "nhwc,nck->nhwk" if weights.ndim == 3 else "nhwc,nc->nhw"
    active = jnp.einsum(letters, maps, weights, precision=lax.Precision.HIGHEST)
    return jnp.where(active < 0, 0.0, active)
