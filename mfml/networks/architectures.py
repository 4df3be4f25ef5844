"""Convolutional networks of any width as flax modules: LeNet, VGG, NiN, DenseNet, U-Net.

All take images (n, h, w, c) of any size that their pooling allows, and return logits. `init(module, x, key=key)`
draws the parameters by He's scheme, and `module.apply(params, x)` evaluates the network. It has no other state:
group normalization replaces the batch normalization of the papers. It needs no running statistics, treats each image
by itself, and does the same in training and in use.
"""

import math
from collections.abc import Sequence
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.networks import activations, pooling
from mfml.networks.layers import init_weight


@public
def init(module: nn.Module, x: Float[Array, "n h w c"], *, key: Key[Array, ""]) -> PyTree[Array]:
    r"""Draw the parameters of a module of this file by He's scheme.

    Kernels are normal with variance 2 / d, where each output has d inputs; biases are 0 and scales 1. Only the shape
    of x matters. `module.init(key, x)` draws other numbers from the same distribution, but compiles far more slowly.

    Raises:
        ValueError: for a module with parameters other than kernels, biases and scales.

    Source: He et al. (2015), ICCV, equation 10.

    >>> params = init(LeNet(n_classes=2), jnp.zeros((1, 8, 8, 1)), key=jax.random.key(0))
    >>> params["params"]["Conv_0"]["kernel"].shape
    (5, 5, 1, 6)
    """
    shapes = jax.eval_shape(module.init, key, x)
    named, structure = jax.tree.flatten_with_path(shapes)
    kinds = [str(path[-1].key) for path, _ in named]
    unknown = sorted(set(kinds) - {"kernel", "bias", "scale"})
    require.that(not unknown, f"cannot draw parameters of these kinds: {', '.join(unknown)}")
    parts = tuple((kind, leaf.shape, leaf.dtype) for kind, (_, leaf) in zip(kinds, named, strict=True))
    return jax.tree.unflatten(structure, _drawn(key, parts))


@partial(jax.jit, static_argnames="parts")
def _drawn(key: Array, parts: tuple[tuple[str, tuple[int, ...], np.dtype], ...]) -> list[Array]:
    """Parameters of these kinds, shapes and dtypes."""
    sizes = [math.prod(shape) if kind == "kernel" else 0 for kind, shape, _ in parts]
    drawn = jax.random.normal(key, (sum(sizes),))  # in one draw, since this compiles fastest
    leaves = []
    for place, (kind, shape, dtype) in enumerate(parts):
        if kind == "kernel":
            begin = sum(sizes[:place])
            flat = math.sqrt(2 / math.prod(shape[:-1])) * drawn[begin : begin + sizes[place]]
            leaves.append(flat.reshape(shape).astype(dtype))
        else:
            leaves.append(jnp.full(shape, float(kind == "scale"), dtype))
    return leaves


class LeNet(nn.Module):
    """Convolutions alternate with pooling, then come dense layers: the first network that read digits.

    Source: LeCun et al. (1998), Proceedings of the IEEE 86, with plain sub-sampling and a linear output.
    """

    n_classes: int
    features: Sequence[int] = (6, 16)  # of each convolution
    hidden: Sequence[int] = (120, 84)  # of each hidden dense layer
    kernel: int = 5
    activation: str = "tanh"
    pool: str = "average"  # or max

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n k"]:
        """Logits of the classes."""
        require.one_of("pool", self.pool, ("average", "max"))
        for features in self.features:
            x = _conv(features, self.kernel)(x)
            if self.pool == "max":
                x = _largest_activated(x, self.activation)
            else:
                x = pooling.average_pool(activations.apply(x, activation=self.activation))
        x = x.reshape(len(x), -1)
        for size in self.hidden:
            x = activations.apply(nn.Dense(size, kernel_init=_he_normal)(x), activation=self.activation)
        return nn.Dense(self.n_classes, kernel_init=_he_normal)(x)


class VGG(nn.Module):
    """Stages of 3x3 convolutions that each end with pooling, then dense layers. The default is VGG-11.

    Source: Simonyan and Zisserman (2015), ICLR, without dropout.
    """

    n_classes: int
    stages: Sequence[tuple[int, int]] = ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))  # (layers, features)
    hidden: Sequence[int] = (4096, 4096)

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n k"]:
        """Logits of the classes."""
        for layers, features in self.stages:
            require.positive("layers of a stage", layers)
            for _ in range(layers - 1):
                x = nn.relu(_conv(features, 3)(x))
            x = _largest_activated(_conv(features, 3)(x), "relu")
        x = x.reshape(len(x), -1)
        for size in self.hidden:
            x = nn.relu(nn.Dense(size, kernel_init=_he_normal)(x))
        return nn.Dense(self.n_classes, kernel_init=_he_normal)(x)


class NiN(nn.Module):
    """Network in network: two 1x1 layers follow each convolution, and the mean over all pixels is the answer.

    Without dense layers the number of parameters does not depend on the size of the image.

    Source: Lin, Chen and Yan (2014), ICLR, without dropout.
    """

    n_classes: int
    features: Sequence[int] = (192, 160, 192)  # of each block; one more block computes the classes
    kernels: Sequence[int] = (5, 5, 3, 3)  # of each block, including the last one

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n k"]:
        """Logits of the classes."""
        blocks = (*self.features, self.n_classes)
        fits = len(self.kernels) == len(blocks)
        require.that(fits, f"kernels must name one kernel per block, {len(blocks)}; found {tuple(self.kernels)}")
        for place, (features, kernel) in enumerate(zip(blocks, self.kernels, strict=True)):
            x = nn.relu(_conv(features, kernel)(x))
            x = nn.relu(_conv(features, 1)(x))
            x = _conv(features, 1)(x)
            if place < len(blocks) - 1:
                x = _largest_activated(x, "relu")
        return pooling.global_average(x)


class DenseNet(nn.Module):
    """Each layer sees the outputs of all earlier layers of its block, side by side as channels.

    Between blocks a 1x1 layer keeps the share `compression` of the channels, and pooling halves the image.

    Source: Huang et al. (2017), CVPR; the variant BC where `bottleneck` is True and compression below 1.
    """

    n_classes: int
    blocks: Sequence[int] = (6, 12, 24, 16)  # layers of each block
    growth: int = 32  # channels that each layer adds
    compression: float = 0.5
    bottleneck: bool = True  # a 1x1 layer of 4 growth channels before each 3x3 layer

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n k"]:
        """Logits of the classes."""
        require.that(0 < self.compression <= 1, f"compression must be in (0, 1]; found {self.compression}")
        x = _conv(2 * self.growth, 3, bias=False)(x)
        for place, layers in enumerate(self.blocks):
            for _ in range(layers):
                x = DenseLayer(self.growth, bottleneck=self.bottleneck)(x)
            if place < len(self.blocks) - 1:
                kept = max(int(self.compression * x.shape[-1]), 1)
                x = pooling.average_pool(_conv(kept, 1, bias=False)(nn.relu(_norm(x))))
        return nn.Dense(self.n_classes, kernel_init=_he_normal)(pooling.global_average(nn.relu(_norm(x))))


class DenseLayer(nn.Module):
    """A layer of `DenseNet`: it adds `growth` channels to its input."""

    growth: int
    bottleneck: bool = True

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n h w k"]:
        """Return the channels of the input, then the new ones."""
        y = nn.relu(_norm(x))
        if self.bottleneck:
            y = nn.relu(_norm(_conv(4 * self.growth, 1, bias=False)(y)))
        return jnp.concatenate([x, _conv(self.growth, 3, bias=False)(y)], axis=-1)


class UNet(nn.Module):
    """Down to a coarse view and up again, with copies of the finer views: one prediction for every pixel.

    Images keep their size, since convolutions are padded, unlike those of the paper. Height and width must be
    multiples of 2 ** (len(features) - 1).

    Source: Ronneberger, Fischer and Brox (2015), MICCAI.
    """

    n_classes: int
    features: Sequence[int] = (64, 128, 256, 512, 1024)  # of each level, the finest first

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n h w k"]:
        """Logits of the classes of each pixel."""
        factor = 2 ** (len(self.features) - 1)
        fits = x.shape[1] % factor == 0 and x.shape[2] % factor == 0
        require.that(fits, f"height and width must be multiples of {factor}; found images of shape {x.shape}")
        *finer, coarsest = self.features
        across = []
        for features in finer:
            across.append(DoubleConv(features)(x))
            x = pooling.max_pool(across[-1])
        x = DoubleConv(coarsest)(x)
        for features, fine in zip(reversed(finer), reversed(across), strict=True):
            x = Doubling(features)(x)
            x = DoubleConv(features)(jnp.concatenate([fine, x], axis=-1))
        return _conv(self.n_classes, 1)(x)


class DoubleConv(nn.Module):
    """One level of `UNet`: two 3x3 convolutions with rectifiers."""

    features: int

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n h w k"]:
        """Return `features` channels of the same size."""
        x = nn.relu(_conv(self.features, 3)(x))
        return nn.relu(_conv(self.features, 3)(x))


class Doubling(nn.Module):
    """Transposed 2x2 convolution of stride 2: each pixel becomes a block of four.

    The blocks do not overlap, so one matrix product does it. The gradient of a convolution would take ten times as
    long.
    """

    features: int

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n h2 w2 k"]:
        """Return `features` channels of twice the height and width."""
        n, h, w, c = x.shape
        kernel = self.param("kernel", _he_normal, (2, 2, c, self.features), jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (self.features,), jnp.float32)
        blocks = x.reshape(-1, c) @ kernel.transpose(2, 0, 1, 3).reshape(c, -1)
        return blocks.reshape(n, h, w, 2, -1).swapaxes(2, 3).reshape(n, 2 * h, 2 * w, -1) + bias


def _he_normal(key: Key[Array, ""], shape: Sequence[int], dtype: type = float) -> Array:
    """He's scheme with the arguments that flax gives to an initializer."""
    return init_weight(key=key, shape=shape, dtype=dtype)


def _conv(features: int, kernel: int, *, bias: bool = True) -> nn.Conv:
    return nn.Conv(features, (kernel, kernel), padding="SAME", use_bias=bias, kernel_init=_he_normal)


def _largest_activated(x: Array, activation: str) -> Array:
    """Max pooling of the activation. A rising activation comes last, where it acts on only a quarter of the entries."""
    require.one_of("activation", activation, activations.ACTIVATIONS)
    if activations.ACTIVATIONS[activation].rising:
        return activations.apply(pooling.max_pool(x), activation=activation)
    return pooling.max_pool(activations.apply(x, activation=activation))


def _norm(x: Array) -> Array:
    """Group normalization with a learned scale and shift; the number of groups divides 8 and the channels.

    The variance takes a second pass over the data: the fast form, mean of squares minus square of the mean, cancels
    where the mean is large.
    """
    return nn.GroupNorm(num_groups=math.gcd(8, x.shape[-1]), use_fast_variance=False)(x)
