"""Exercises of unit 4: neural networks, from neurons to CNNs.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 4

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 4.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit04.py`.

Images have their channels last here: (rows, columns, channels).
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int


def neuron(weights: Float[Array, " d"], bias: float, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Exercise 4.1. Answer of a neuron.

    One neuron, n samples (the rows of x). Return for each sample

        sigmoid(sum_j x[i, j] weights[j] + bias),    sigmoid(z) = 1 / (1 + exp(-z))

    The answer must be right for sums as large as 300 or -300, too.

    Example: neuron(jnp.array([1.0, -2.0]), 0.5, jnp.array([[1.0, 0.0]])) is about [0.8176]: sigmoid(1.5).
    """
    raise NotImplementedError


def activation_derivatives(z: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, " n"], Float[Array, " n"]]:
    """Exercise 4.2. Derivatives of three activations.

    Return the tuple of the derivatives, at every entry of z, of

        the sigmoid 1 / (1 + exp(-z)),    tanh(z),    the rectifier max(z, 0)

    in this order. At its kink z = 0 the rectifier's derivative counts as 0. All numbers must be finite, even
    for z = -200 and z = 200. Any way counts; the formulas are short, and `jax.grad` checks them.

    Example: activation_derivatives(jnp.array([0.0, 1.0])) is about ([0.25, 0.1966], [1.0, 0.42], [0.0, 1.0]).
    """
    raise NotImplementedError


def dense_forward(x: Float[Array, "n d"], weight: Float[Array, "d k"], bias: Float[Array, " k"]) -> Float[Array, "n k"]:
    """Exercise 4.3. Dense layer with rectifiers.

    A layer of k neurons, each with d inputs; column j of `weight` holds the weights of neuron j:

        out[i, j] = max(sum_l x[i, l] weight[l, j] + bias[j], 0)

    Example: dense_forward(jnp.array([[1.0, 2.0]]), jnp.array([[1.0, 0.0], [0.5, -1.0]]), jnp.array([0.0, 1.0]))
    is [[2.0, 0.0]].
    """
    raise NotImplementedError


def two_layer_gradient(
    w1: Float[Array, "d h"],
    b1: Float[Array, " h"],
    w2: Float[Array, "h k"],
    b2: Float[Array, " k"],
    x: Float[Array, "n d"],
    y: Float[Array, "n k"],
) -> tuple[Float[Array, "d h"], Float[Array, " h"], Float[Array, "h k"], Float[Array, " k"]]:
    """Exercise 4.4. Gradient of a two-layer network.

    The network is a = tanh(x w1 + b1), prediction = a w2 + b2. The loss is the mean over all n * k entries:

        J = 1 / (n k) sum_ij (prediction[i, j] - y[i, j])^2

    Return the tuple of its gradients with respect to w1, b1, w2 and b2, each with the shape of its parameter. Go
    forward, then backward by the chain rule. Any way counts, but you learn most if `jax.grad` only checks yours.

    Example: for w1 = [[1.0]], b1 = [0.0], w2 = [[2.0]], b2 = [1.0], x = [[0.5]], y = [[0.0]] the result is about
    ([[3.0266]], [6.0532], [[1.7784]], [3.8485]): a is 0.4621 and the prediction 1.9242.
    """
    raise NotImplementedError


def cross_correlation(
    x: Float[Array, "h w c"], kernel: Float[Array, "p q c k"], stride: int, padding: int
) -> Float[Array, "r s k"]:
    """Exercise 4.5. Convolutional layer without bias.

    Surround the image with `padding` rows and columns of zeros on each of its four sides. Then

        out[r, s, k] = sum_ijc padded[stride * r + i, stride * s + j, c] kernel[i, j, c, k]

    for all r and s for which the kernel lies within the padded image. There are
    (h + 2 padding - p) // stride + 1 rows, and likewise for columns. The kernel's axes are rows, columns,
    channels in, channels out; it is not flipped. Any way counts: slices and products, or a function of `jax.lax`.
    `stride` and `padding` are Python integers, even under `jax.jit`.

    Example: for x = jnp.arange(9.0).reshape(3, 3, 1), a kernel of the two taps 1 and 2 side by side
    (jnp.array([1.0, 2.0]).reshape(1, 2, 1, 1)), stride 1 and padding 0, the output has shape (3, 2, 1) and its
    first row is [2.0, 5.0]: 0 * 1 + 1 * 2 and 1 * 1 + 2 * 2.
    """
    raise NotImplementedError


def max_pool(x: Float[Array, "h w c"], window: int, stride: int) -> Float[Array, "r s c"]:
    """Exercise 4.6. Max pooling.

    Windows of `window` x `window` pixels, `stride` pixels apart, the first one in the upper left corner:

        out[r, s, c] = largest x[stride * r + i, stride * s + j, c] over 0 <= i, j < window

    There is no padding: rows and columns that no whole window reaches are left out. There are
    (h - window) // stride + 1 rows, and likewise for columns.

    Example: for x = jnp.arange(16.0).reshape(4, 4, 1), window 2 and stride 2, the only channel of the output is
    [[5.0, 7.0], [13.0, 15.0]].
    """
    raise NotImplementedError


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Exercise 4.7. Output size of a convolution.

    An image with `size` pixels along an axis is padded by `padding` pixels on both sides. Neighboring taps of
    the kernel are `dilation` pixels apart (1: side by side), neighboring windows are `stride` pixels apart.
    Return how many windows lie within the padded image, a whole number. All arguments are Python integers.

    Example: output_size(28, 3, 2, 1, 1) is 14.
    """
    raise NotImplementedError


def receptive_field(
    kernels: Int[Array, " layers"], strides: Int[Array, " layers"], dilations: Int[Array, " layers"]
) -> Int[Array, ""]:
    """Exercise 4.8. Receptive field of a stack of layers.

    Layer l has a window of `kernels[l]` taps, `dilations[l]` apart, that moves by `strides[l]`; layer 0 looks at
    the image. Pooling counts as a layer. Return how many pixels (along one axis, from the first to the last) a
    unit of the last layer depends on, as a whole number in an array without axes:

        1 + sum over l of dilations[l] * (kernels[l] - 1) * (product of the strides of the layers before l)

    Example: for kernels [3, 2, 3], strides [1, 2, 1] and dilations [1, 1, 1] it is 8 = 1 + 2 * 1 + 1 * 1 + 2 * 2.
    """
    raise NotImplementedError
