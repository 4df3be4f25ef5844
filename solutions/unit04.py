"""Unit 4, neural networks: the reference answers and their specification."""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int
from mfml.grading.key.specification import exercise


def _normal(key, *shape):
    """Draws with many axes compile slowly: draw flat."""
    size = 1
    for length in shape:
        size *= length
    return jax.random.normal(key, (size,)).reshape(shape)


# ---------------------------------------------------------------- 4.1


@exercise(
    points=4,
    hints=(
        "A neuron weighs its inputs, adds a bias, and squashes the sum, in this order.",
        'The lesson\'s section "One neuron", equation (4.1): the bias is added before the activation. Samples are the '
        "rows of x here, so `x @ weights` weighs all of them at once, one number per sample.",
        "Let z be `x @ weights + bias`; return `jax.nn.sigmoid(z)`, or 1 / (1 + exp(-z)).",
    ),
    why="A network consists of many of these, and logistic regression is exactly one.",
)
def neuron(weights: Float[Array, " d"], bias: float, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Answer of a neuron."""
    return jax.nn.sigmoid(x @ weights + bias)


@neuron.inputs("three samples", points=1)
def _(key):
    return dict(weights=jnp.array([1.0, -2.0]), bias=0.5, x=jnp.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.5]]))


@neuron.inputs("random samples", points=1)
def _(key):
    return dict(weights=_normal(key, 4), bias=-0.3, x=_normal(jax.random.fold_in(key, 1), 6, 4))


@neuron.inputs("large inputs, where the neuron saturates", points=1, hidden=True)
def _(key):
    return dict(weights=jnp.array([50.0, 30.0]), bias=1.0, x=jnp.array([[5.0, 1.0], [-5.0, -1.0], [0.0, 0.0]]))


@neuron.mistake("Your neuron has no bias: add it to the weighted sum before the sigmoid.")
def _(weights, bias, x):
    return jax.nn.sigmoid(x @ weights)


@neuron.mistake("You added the bias after the sigmoid: it belongs to the weighted sum, inside the sigmoid.")
def _(weights, bias, x):
    return jax.nn.sigmoid(x @ weights) + bias


@neuron.mistake("You returned the weighted sum: the neuron still has to apply the sigmoid to it.")
def _(weights, bias, x):
    return x @ weights + bias


@neuron.mistake("You returned the sigmoid of minus the sum: it is 1 / (1 + exp(-z)), with a minus in the exponent.")
def _(weights, bias, x):
    return jax.nn.sigmoid(-(x @ weights + bias))


@neuron.mistake("You used tanh: this neuron's activation is the sigmoid, with values between 0 and 1.")
def _(weights, bias, x):
    return jnp.tanh(x @ weights + bias)


@neuron.mistake(
    "You subtracted the bias, maybe by a minus in the exponent that covers the weighted sum alone: the exponent is "
    "-(x @ weights + bias)."
)
def _(weights, bias, x):
    return jax.nn.sigmoid(x @ weights - bias)


@neuron.mistake("You used a rectifier: this neuron's activation is the sigmoid, with values between 0 and 1.")
def _(weights, bias, x):
    return jax.nn.relu(x @ weights + bias)


@neuron.mistake("You multiplied inputs and weights but did not sum: `x @ weights` gives one number for each sample.")
def _(weights, bias, x):
    return jax.nn.sigmoid(x * weights + bias)


@neuron.mistake(
    "For large sums your exponential overflows, and infinity by infinity is NaN: write 1 / (1 + exp(-z)), or use "
    "`jax.nn.sigmoid`."
)
def _(weights, bias, x):
    e = jnp.exp(x @ weights + bias)
    return e / (1 + e)


@neuron.mistake(
    "You used softmax, which makes all samples add up to 1: each neuron answers each sample by itself, sigmoid(z)."
)
def _(weights, bias, x):
    return jax.nn.softmax(x @ weights + bias)


@neuron.mistake("You used a threshold, which answers 0 or 1: this neuron's activation is the sigmoid.")
def _(weights, bias, x):
    return jnp.where(x @ weights + bias > 0, 1.0, 0.0)


@neuron.mistake("Your denominator lacks its parentheses, so that you add exp(-z) to 1 / 1: write 1 / (1 + exp(-z)).")
def _(weights, bias, x):
    return 1 + jnp.exp(-(x @ weights + bias))


@neuron.mistake("You added the bias to each product before the sum: add it once, to the weighted sum.")
def _(weights, bias, x):
    return jax.nn.sigmoid(jnp.sum(x * weights + bias, axis=1))


@neuron.mistake(
    "You applied the sigmoid to each product and added up afterwards: add up first, and apply it to the sum."
)
def _(weights, bias, x):
    return jnp.sum(jax.nn.sigmoid(x * weights + bias), axis=1)


@neuron.mistake("You averaged the products: a neuron adds them up, without a divisor.")
def _(weights, bias, x):
    return jax.nn.sigmoid(jnp.mean(x * weights, axis=1) + bias)


@neuron.mistake("You multiplied the weighted sum by the bias: add it.")
def _(weights, bias, x):
    return jax.nn.sigmoid(x @ weights * bias)


# ---------------------------------------------------------------- 4.2


@exercise(
    points=6,
    hints=(
        "Try to write each derivative in terms of the activation's own value, without z.",
        "The lesson's section \"One neuron\" shows the slopes, and takes 0 at the rectifier's kink. By the chain rule "
        "they are s (1 - s) for the sigmoid s, 1 - t^2 for the tanh t, and 0 or 1 for the rectifier.",
        "With s = `jax.nn.sigmoid(z)` return the tuple of `s * (1 - s)`, `1 - jnp.tanh(z) ** 2` and "
        "`jnp.where(z > 0, 1.0, 0.0)`.",
    ),
    why="These slopes are multiplied layer by layer: where they are small, a deep network stops learning.",
)
def activation_derivatives(z: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, " n"], Float[Array, " n"]]:
    """Derivatives of three activations."""
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.inputs("four numbers", points=2)
def _(key):
    return dict(z=jnp.array([-2.0, -0.5, 0.5, 2.0]))


@activation_derivatives.inputs("at the kink", points=1, hidden=True)
def _(key):
    return dict(z=jnp.array([0.0, 1.0, -1.0]))


@activation_derivatives.inputs("far out, at 200 and -200", points=2, hidden=True)
def _(key):
    return dict(z=jnp.array([-200.0, 200.0, 3.0]))


@activation_derivatives.mistake("You returned the activations themselves: return their derivatives.")
def _(z):
    return jax.nn.sigmoid(z), jnp.tanh(z), jax.nn.relu(z)


@activation_derivatives.mistake("Your sigmoid's derivative is z (1 - z): replace z by the sigmoid s of z, s (1 - s).")
def _(z):
    return z * (1 - z), 1 - jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake("Your tanh's derivative is 1 - z^2: replace z by the tanh of z, 1 - tanh(z)^2.")
def _(z):
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - z**2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake("The square is missing in your tanh's derivative: it is 1 - tanh(z)^2.")
def _(z):
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - jnp.tanh(z), jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake("At the kink z = 0 your rectifier's derivative is 1: take the slope from the left, 0.")
def _(z):
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - jnp.tanh(z) ** 2, jnp.where(z >= 0, 1.0, 0.0)


@activation_derivatives.mistake(
    "At the kink z = 0 your rectifier's derivative is 1/2, as from jax.grad of jnp.maximum: take 0."
)
def _(z):
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - jnp.tanh(z) ** 2, jnp.heaviside(z, 0.5)


@activation_derivatives.mistake(
    "Your exponential overflows for very negative z and gives NaN: use s (1 - s) with the sigmoid s."
)
def _(z):
    e = jnp.exp(-z)
    return e / (1 + e) ** 2, 1 - jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake(
    "Your exponential overflows for large z and gives NaN: use s (1 - s) with the sigmoid s."
)
def _(z):
    e = jnp.exp(z)
    return e / (1 + e) ** 2, 1 - jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake(
    "Far out your tanh is a quotient of two exponentials that overflow, which is NaN: use `jnp.tanh`."
)
def _(z):
    tanh = (jnp.exp(z) - jnp.exp(-z)) / (jnp.exp(z) + jnp.exp(-z))
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - tanh**2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake(
    "Your sigmoid's derivative is 1 - s: it is s (1 - s), or exp(-z) / (1 + exp(-z))^2 with the square."
)
def _(z):
    return jax.nn.sigmoid(-z), 1 - jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake("Your rectifier's derivative is the sign of z: for negative z its slope is 0, not -1.")
def _(z):
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - jnp.tanh(z) ** 2, jnp.sign(z)


@activation_derivatives.mistake("Your third output is the rectifier itself: its derivative is 1 where z > 0, else 0.")
def _(z):
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 - jnp.tanh(z) ** 2, jax.nn.relu(z)


@activation_derivatives.mistake("You returned the derivative of tanh first: the order is sigmoid, tanh, rectifier.")
def _(z):
    return 1 - jnp.tanh(z) ** 2, jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake("The sign in your tanh's derivative is wrong: it is 1 MINUS tanh(z)^2.")
def _(z):
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), 1 + jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake(
    "You put z where the activations belong, z (1 - z) and 1 - z^2: they are s (1 - s) and 1 - t^2 with s = "
    "sigmoid(z) and t = tanh(z)."
)
def _(z):
    return z * (1 - z), 1 - z**2, jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake(
    "Your derivative of tanh is t (1 - t), the formula of the sigmoid: it is 1 - t^2 with t = tanh(z)."
)
def _(z):
    t = jnp.tanh(z)
    return jax.nn.sigmoid(z) * jax.nn.sigmoid(-z), t * (1 - t), jnp.where(z > 0, 1.0, 0.0)


@activation_derivatives.mistake("Your derivative of the sigmoid is 1 - s^2, the formula of tanh: it is s (1 - s).")
def _(z):
    s = jax.nn.sigmoid(z)
    return 1 - s**2, 1 - jnp.tanh(z) ** 2, jnp.where(z > 0, 1.0, 0.0)


# ---------------------------------------------------------------- 4.3


@exercise(
    points=5,
    hints=(
        "Many neurons at once: which axis of the weight belongs to the inputs, and which to the neurons?",
        'The lesson\'s section "Layers, and the way back": samples are rows, so the sums are x W + b, with W of shape '
        "(inputs, neurons). The activation, here the rectifier, comes last.",
        "Return `jax.nn.relu(x @ weight + bias)`.",
    ),
    why="This one line is most of the arithmetic in any network, up to the largest language models.",
)
def dense_forward(x: Float[Array, "n d"], weight: Float[Array, "d k"], bias: Float[Array, " k"]) -> Float[Array, "n k"]:
    """Dense layer with rectifiers."""
    return jax.nn.relu(x @ weight + bias)


@dense_forward.inputs("two inputs, three neurons", points=1)
def _(key):
    return dict(
        x=jnp.array([[1.0, 2.0], [-1.0, 0.5]]),
        weight=jnp.array([[1.0, 0.0, -1.0], [0.5, 1.0, 2.0]]),
        bias=jnp.array([0.0, -1.0, 0.5]),
    )


@dense_forward.inputs("as many neurons as inputs", points=2)
def _(key):
    keys = jax.random.split(key, 3)
    return dict(x=_normal(keys[0], 5, 4), weight=_normal(keys[1], 4, 4), bias=_normal(keys[2], 4))


@dense_forward.inputs("one sample, one neuron", points=1, hidden=True)
def _(key):
    return dict(x=jnp.array([[2.0, -1.0, 0.5]]), weight=jnp.array([[1.0], [1.0], [-1.0]]), bias=jnp.array([0.3]))


@dense_forward.mistake(
    "You used the weight transposed: here its rows belong to inputs and its columns to neurons, so x @ weight."
)
def _(x, weight, bias):
    return jax.nn.relu(x @ weight.T + bias)


@dense_forward.mistake("The bias is missing: add one number for each neuron, that is, to each column.")
def _(x, weight, bias):
    return jax.nn.relu(x @ weight)


@dense_forward.mistake("You forgot the rectifier: negative sums must become 0.")
def _(x, weight, bias):
    return x @ weight + bias


@dense_forward.mistake("You added the bias after the rectifier: it decides when a neuron fires, so add it before.")
def _(x, weight, bias):
    return jax.nn.relu(x @ weight) + bias


@dense_forward.mistake("You subtracted the bias: in this course's convention it is added.")
def _(x, weight, bias):
    return jax.nn.relu(x @ weight - bias)


@dense_forward.mistake("You used the sigmoid: the neurons of this layer are rectifiers, max(z, 0).")
def _(x, weight, bias):
    return jax.nn.sigmoid(x @ weight + bias)


@dense_forward.mistake("You used tanh: the neurons of this layer are rectifiers, max(z, 0).")
def _(x, weight, bias):
    return jnp.tanh(x @ weight + bias)


@dense_forward.mistake("You kept the negative sums and cut the positive ones: take the maximum of sum and 0.")
def _(x, weight, bias):
    return jnp.minimum(x @ weight + bias, 0)


@dense_forward.mistake("You took the magnitude of the sums: negative ones become 0.")
def _(x, weight, bias):
    return jnp.abs(x @ weight + bias)


@dense_forward.mistake("You returned the rectifier's slope, 0 or 1: return the sum itself where it is positive.")
def _(x, weight, bias):
    return jnp.where(x @ weight + bias > 0, 1.0, 0.0)


@dense_forward.mistake("You used a leaky rectifier, which lets 1 % of negative sums through: here they become 0.")
def _(x, weight, bias):
    return jax.nn.leaky_relu(x @ weight + bias)


@dense_forward.mistake("You used softplus, a smooth curve near the rectifier: here it is max(z, 0), with its kink.")
def _(x, weight, bias):
    return jax.nn.softplus(x @ weight + bias)


@dense_forward.mistake("You rectified the inputs: the rectifier acts on the sums, after weights and bias.")
def _(x, weight, bias):
    return jax.nn.relu(x) @ weight + bias


# ---------------------------------------------------------------- 4.4


@exercise(
    points=9,
    hints=(
        "Go forward once and keep what you need, then ask of each quantity in turn, from the loss backwards: how "
        "does the loss change with it?",
        'The lesson\'s section "Layers, and the way back", equation (4.2): delta is the gradient with respect to a '
        "layer's sum. A weight's gradient is (inputs of the layer)^T delta. Going back one layer, delta becomes "
        "delta W^T times the slope of the activation. A bias counts in every sample, so sum its delta over them.",
        "`a = jnp.tanh(x @ w1 + b1)`; `d2 = 2 * (a @ w2 + b2 - y) / y.size`; `d1 = (d2 @ w2.T) * (1 - a ** 2)`; "
        "then `x.T @ d1`, `d1.sum(axis=0)`, `a.T @ d2`, `d2.sum(axis=0)`.",
    ),
    why="Every deep learning framework is this calculation, written once for all functions.",
)
def two_layer_gradient(
    w1: Float[Array, "d h"],
    b1: Float[Array, " h"],
    w2: Float[Array, "h k"],
    b2: Float[Array, " k"],
    x: Float[Array, "n d"],
    y: Float[Array, "n k"],
) -> tuple[Float[Array, "d h"], Float[Array, " h"], Float[Array, "h k"], Float[Array, " k"]]:
    """Gradient of a two-layer network."""
    a = jnp.tanh(x @ w1 + b1)
    d2 = 2 / y.size * (a @ w2 + b2 - y)
    d1 = d2 @ w2.T * (1 - a**2)
    return x.T @ d1, d1.sum(axis=0), a.T @ d2, d2.sum(axis=0)


def _wrong_backward(w1, b1, w2, b2, x, y, *, scale=None, slope=lambda z, a: 1 - a**2, back=jnp.transpose, bias=jnp.sum):
    """Return the gradient with one step of its calculation replaced."""
    z = x @ w1 + b1
    a = jnp.tanh(z)
    d2 = (2 / y.size if scale is None else scale) * (a @ w2 + b2 - y)
    d1 = d2 @ back(w2) * slope(z, a)
    return x.T @ d1, bias(d1, axis=0), a.T @ d2, bias(d2, axis=0)


def _gradient(hidden, output, w1, b1, w2, b2, x, y):
    """Return the gradient for other activations of the two layers."""

    def loss(w1, b1, w2, b2):
        return jnp.mean((output(hidden(x @ w1 + b1) @ w2 + b2) - y) ** 2)

    return jax.grad(loss, argnums=(0, 1, 2, 3))(w1, b1, w2, b2)


def _network(key, n, d, h, k):
    keys = jax.random.split(key, 6)
    shapes = ((d, h), (h,), (h, k), (k,), (n, d), (n, k))
    names = ("w1", "b1", "w2", "b2", "x", "y")
    return {name: _normal(one, *shape) for name, one, shape in zip(names, keys, shapes, strict=True)}


@two_layer_gradient.inputs("four samples, one output", points=2)
def _(key):
    return _network(key, 4, 2, 3, 1)


@two_layer_gradient.inputs("five samples, two outputs", points=3)
def _(key):
    return _network(key, 5, 3, 4, 2)


@two_layer_gradient.inputs("as many outputs as hidden neurons", points=2, hidden=True)
def _(key):
    return _network(key, 3, 3, 3, 3)


@two_layer_gradient.inputs("one sample", points=1, hidden=True)
def _(key):
    return _network(key, 1, 2, 3, 2)


@two_layer_gradient.mistake(
    "You summed instead of averaging: divide the gradient by the number of entries of y, n times k."
)
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, scale=2.0)


@two_layer_gradient.mistake(
    "You divided by the number of samples only: the mean runs over all entries of y, n times k of them."
)
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, scale=2 / len(x))


@two_layer_gradient.mistake("The factor 2 is missing: the derivative of a square is twice the error.")
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, scale=1 / y.size)


@two_layer_gradient.mistake("All your signs are reversed: the error is the prediction minus y.")
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, scale=-2 / y.size)


@two_layer_gradient.mistake(
    "On the way back you forgot the activation: multiply by the slope of tanh, 1 - a^2, in the hidden layer."
)
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, slope=lambda z, a: 1.0)


@two_layer_gradient.mistake("Your slope of tanh is 1 - z^2: it is 1 - a^2 with a = tanh(z), the layer's output.")
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, slope=lambda z, a: 1 - z**2)


@two_layer_gradient.mistake(
    "Going back through the second layer you used w2 as it is: the way back takes its transpose, delta @ w2.T."
)
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, back=lambda w: w)


@two_layer_gradient.mistake(
    "Your bias gradients are means over the samples: sum delta over the samples, as it already contains the 1/n."
)
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, bias=jnp.mean)


@two_layer_gradient.mistake(
    "Your bias gradients still have a row for each sample: a bias counts in all of them, so sum delta over the samples."
)
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, bias=lambda delta, axis: delta)


@two_layer_gradient.mistake(
    "Your slope of tanh is 1 - tanh(a)^2: a is tanh(z) already, so the slope is 1 - a^2, or 1 - tanh(z)^2."
)
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, slope=lambda z, a: 1 - jnp.tanh(a) ** 2)


@two_layer_gradient.mistake("Your slope is a (1 - a), that of a sigmoid: the activation here is tanh, with 1 - a^2.")
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, b2, x, y, slope=lambda z, a: a * (1 - a))


@two_layer_gradient.mistake("You returned the second layer's gradients first: the order is w1, b1, w2, b2.")
def _(w1, b1, w2, b2, x, y):
    g1, c1, g2, c2 = _wrong_backward(w1, b1, w2, b2, x, y)
    return g2, c2, g1, c1


@two_layer_gradient.mistake("Your prediction lacks the bias b2: going forward, the output layer is a w2 + b2.")
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, b1, w2, 0 * b2, x, y)


@two_layer_gradient.mistake("Your hidden layer lacks the bias b1: going forward, it is tanh(x w1 + b1).")
def _(w1, b1, w2, b2, x, y):
    return _wrong_backward(w1, 0 * b1, w2, b2, x, y)


@two_layer_gradient.mistake(
    "Your gradient of w2 takes the sums z of the hidden layer: its inputs are the activations, so a.T @ delta."
)
def _(w1, b1, w2, b2, x, y):
    g1, c1, _, c2 = _wrong_backward(w1, b1, w2, b2, x, y)
    z = x @ w1 + b1
    return g1, c1, z.T @ (2 / y.size * (jnp.tanh(z) @ w2 + b2 - y)), c2


@two_layer_gradient.mistake(
    "Your network has no activation at all: the hidden layer is tanh(x w1 + b1), forward and backward."
)
def _(w1, b1, w2, b2, x, y):
    return _gradient(lambda z: z, lambda z: z, w1, b1, w2, b2, x, y)


@two_layer_gradient.mistake("Your output layer has a tanh as well: the prediction is a w2 + b2, without an activation.")
def _(w1, b1, w2, b2, x, y):
    return _gradient(jnp.tanh, jnp.tanh, w1, b1, w2, b2, x, y)


@two_layer_gradient.mistake("Your hidden layer has rectifiers: its activation is tanh, with the slope 1 - a^2.")
def _(w1, b1, w2, b2, x, y):
    return _gradient(jax.nn.relu, lambda z: z, w1, b1, w2, b2, x, y)


@two_layer_gradient.mistake("You returned both weights first and then both biases: the order is w1, b1, w2, b2.")
def _(w1, b1, w2, b2, x, y):
    g1, c1, g2, c2 = _wrong_backward(w1, b1, w2, b2, x, y)
    return g1, g2, c1, c2


# ---------------------------------------------------------------- 4.5


@exercise(
    points=9,
    hints=(
        "Fix one tap (i, j) of the kernel. Which part of the padded image does it ever touch, and what does it do "
        "to the channels there?",
        'The lesson\'s section "Convolution: the same small neuron everywhere", equation (4.4): the kernel is not '
        "flipped. Pad both axes on both sides, then add one term for each tap (i, j): the image, shifted by (i, j) "
        "and taken with the stride, times that tap's matrix of shape (c, k).",
        "With the sizes `rows` and `columns` of the output: for each i and j add `padded[i : i + stride * (rows - "
        "1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride] @ kernel[i, j]`.",
    ),
    why="One small kernel, used everywhere: 80 parameters do what would take millions in a dense layer.",
)
def cross_correlation(
    x: Float[Array, "h w c"], kernel: Float[Array, "p q c k"], stride: int, padding: int
) -> Float[Array, "r s k"]:
    """Convolutional layer without bias."""
    return _correlate(x, kernel, stride, ((padding, padding), (padding, padding)))


def _correlate(x, kernel, stride, around):
    padded = jnp.pad(x, (*around, (0, 0)))
    p, q = kernel.shape[:2]
    rows, columns = (padded.shape[0] - p) // stride + 1, (padded.shape[1] - q) // stride + 1
    total = jnp.zeros((rows, columns, kernel.shape[3]), x.dtype)
    for i in range(p):
        for j in range(q):
            read = padded[i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            total = total + read @ kernel[i, j]
    return total


@cross_correlation.inputs("one channel, a kernel of two taps", points=1)
def _(key):
    return dict(
        x=jnp.arange(9.0).reshape(3, 3, 1), kernel=jnp.array([1.0, 2.0]).reshape(1, 2, 1, 1), stride=1, padding=0
    )


@cross_correlation.inputs("two channels in and two out, with padding", points=2)
def _(key):
    return dict(x=_normal(key, 5, 4, 2), kernel=_normal(jax.random.fold_in(key, 1), 3, 3, 2, 2), stride=1, padding=1)


@cross_correlation.inputs("stride 2, more channels out than in", points=2)
def _(key):
    return dict(x=_normal(key, 6, 8, 2), kernel=_normal(jax.random.fold_in(key, 1), 2, 3, 2, 3), stride=2, padding=1)


@cross_correlation.inputs("a 1x1 kernel", points=1, hidden=True)
def _(key):
    return dict(x=_normal(key, 3, 4, 3), kernel=_normal(jax.random.fold_in(key, 1), 1, 1, 3, 2), stride=1, padding=0)


@cross_correlation.inputs("a kernel as large as the image", points=2, hidden=True)
def _(key):
    return dict(x=_normal(key, 3, 3, 2), kernel=_normal(jax.random.fold_in(key, 1), 3, 3, 2, 1), stride=1, padding=0)


@cross_correlation.mistake(
    "You flipped the kernel: that is the convolution of mathematics; a convolutional layer does not flip it."
)
def _(x, kernel, stride, padding):
    return _correlate(x, kernel[::-1, ::-1], stride, ((padding, padding),) * 2)


@cross_correlation.mistake(
    "Your channels are in the wrong order: the kernel is (rows, columns, channels in, channels out), and the sum "
    "runs over the third axis."
)
def _(x, kernel, stride, padding):
    return _correlate(x, kernel.swapaxes(2, 3), stride, ((padding, padding),) * 2)


@cross_correlation.mistake("You padded the top and the left only: pad all four sides of the image.")
def _(x, kernel, stride, padding):
    return _correlate(x, kernel, stride, ((padding, 0),) * 2)


@cross_correlation.mistake("You did not pad: surround the image with `padding` rows and columns of zeros first.")
def _(x, kernel, stride, padding):
    return _correlate(x, kernel, stride, ((0, 0),) * 2)


@cross_correlation.mistake("Your output is one row and one column short: there are (padded - kernel) // stride + 1.")
def _(x, kernel, stride, padding):
    return _correlate(x, kernel, stride, ((padding, padding),) * 2)[:-1, :-1]


@cross_correlation.mistake("You forgot the stride: neighboring outputs read windows that are `stride` pixels apart.")
def _(x, kernel, stride, padding):
    return _correlate(x, kernel, 1, ((padding, padding),) * 2)


@cross_correlation.mistake("You took the mean over the input channels: their contributions are summed.")
def _(x, kernel, stride, padding):
    return _correlate(x, kernel, stride, ((padding, padding),) * 2) / x.shape[2]


@cross_correlation.mistake("You swapped the kernel's rows and columns: its first axis runs down the image.")
def _(x, kernel, stride, padding):
    return _correlate(x, kernel.swapaxes(0, 1), stride, ((padding, padding),) * 2)


@cross_correlation.mistake("You padded with copies of the border: the rows and columns around the image are zeros.")
def _(x, kernel, stride, padding):
    around = jnp.pad(x, ((padding, padding), (padding, padding), (0, 0)), mode="edge")
    return _correlate(around, kernel, stride, ((0, 0),) * 2)


@cross_correlation.mistake("You padded twice as much as asked: `padding` rows and columns on each of the four sides.")
def _(x, kernel, stride, padding):
    return _correlate(x, kernel, stride, ((2 * padding, 2 * padding),) * 2)


@cross_correlation.mistake("Your output has its channels first: its axes are rows, columns, channels.")
def _(x, kernel, stride, padding):
    return jnp.moveaxis(_correlate(x, kernel, stride, ((padding, padding),) * 2), -1, 0)


@cross_correlation.mistake(
    "Your windows are one pixel apart though the output has the size of the stride: window (r, s) starts at "
    "stride * r, stride * s."
)
def _(x, kernel, stride, padding):
    rows, columns = _correlate(x, kernel, stride, ((padding, padding),) * 2).shape[:2]
    return _correlate(x, kernel, 1, ((padding, padding),) * 2)[:rows, :columns]


@cross_correlation.mistake("You used the first input channel alone: sum over all of them.")
def _(x, kernel, stride, padding):
    return _correlate(x[:, :, :1], kernel[:, :, :1], stride, ((padding, padding),) * 2)


@cross_correlation.mistake(
    'You padded to the size of "SAME", which does not look at `padding`: add `padding` rows and columns on each side.'
)
def _(x, kernel, stride, padding):
    sizes = zip(x.shape, kernel.shape[:2], strict=False)
    missing = [max((-(-size // stride) - 1) * stride + taps - size, 0) for size, taps in sizes]
    return _correlate(x, kernel, stride, tuple((one // 2, one - one // 2) for one in missing))


@cross_correlation.mistake(
    "You turned the kernel upside down: the first of its rows belongs to the first row of the window."
)
def _(x, kernel, stride, padding):
    return _correlate(x, kernel[::-1], stride, ((padding, padding),) * 2)


@cross_correlation.mistake("You applied a rectifier to the output: this layer has no activation.")
def _(x, kernel, stride, padding):
    return jax.nn.relu(_correlate(x, kernel, stride, ((padding, padding),) * 2))


@cross_correlation.mistake("You padded with the opposite side of the image: the rows and columns around it are zeros.")
def _(x, kernel, stride, padding):
    around = jnp.pad(x, ((padding, padding), (padding, padding), (0, 0)), mode="wrap")
    return _correlate(around, kernel, stride, ((0, 0),) * 2)


# ---------------------------------------------------------------- 4.6


@exercise(
    points=6,
    hints=(
        "The window moves as the kernel did in 4.5, but there is nothing to multiply, and channels stay separate.",
        'The lesson\'s section "Convolution: the same small neuron everywhere" pools the magnitude of the edges. Take '
        "the shifted images for all places (i, j) in the window, with the stride, and then the largest of them at "
        "each pixel.",
        "Stack `x[i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]` for all "
        "i, j below `window`, and take `jnp.max(..., axis=0)`.",
    ),
    why="Pooling keeps the fact that something is there but forgets exactly where.",
)
def max_pool(x: Float[Array, "h w c"], window: int, stride: int) -> Float[Array, "r s c"]:
    """Max pooling."""
    return jnp.max(_windows(x, window, stride), axis=0)


def _windows(x, window, stride):
    rows, columns = (x.shape[0] - window) // stride + 1, (x.shape[1] - window) // stride + 1
    return jnp.stack(
        [
            x[i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            for i in range(window)
            for j in range(window)
        ]
    )


@max_pool.inputs("a 4x4 image, windows of 2x2", points=1)
def _(key):
    return dict(x=jnp.arange(16.0).reshape(4, 4, 1), window=2, stride=2)


@max_pool.inputs("two channels, overlapping windows", points=2)
def _(key):
    return dict(x=_normal(key, 6, 5, 2), window=3, stride=1)


@max_pool.inputs("negative values, and a row that no window reaches", points=1, hidden=True)
def _(key):
    return dict(x=-1 - jnp.abs(_normal(key, 5, 7, 2)), window=2, stride=2)


@max_pool.inputs("windows of one pixel, stride 2", points=1, hidden=True)
def _(key):
    return dict(x=_normal(key, 4, 5, 2), window=1, stride=2)


@max_pool.mistake("You averaged over the windows: take the largest value of each.")
def _(x, window, stride):
    return jnp.mean(_windows(x, window, stride), axis=0)


@max_pool.mistake("Your windows do not overlap: they are `stride` pixels apart, which may be less than the window.")
def _(x, window, stride):
    return jnp.max(_windows(x, window, window), axis=0)


@max_pool.mistake("You forgot the stride: neighboring windows are `stride` pixels apart.")
def _(x, window, stride):
    return jnp.max(_windows(x, window, 1), axis=0)


@max_pool.mistake("You took the maximum over the channels as well: each channel is pooled by itself.")
def _(x, window, stride):
    return jnp.max(_windows(x, window, stride), axis=(0, 3))[..., None]


@max_pool.mistake(
    "You padded with zeros to fit the last windows in: leave out rows and columns that no whole window reaches."
)
def _(x, window, stride):
    more = [(0, -(size - window) % stride) for size in x.shape[:2]]
    return jnp.max(_windows(jnp.pad(x, (*more, (0, 0))), window, stride), axis=0)


@max_pool.mistake("You took the largest magnitude: take the largest value, with its sign.")
def _(x, window, stride):
    return jnp.max(jnp.abs(_windows(x, window, stride)), axis=0)


@max_pool.mistake("You took the smallest value of each window: take the largest.")
def _(x, window, stride):
    return jnp.min(_windows(x, window, stride), axis=0)


@max_pool.mistake("You summed over the windows: take the largest value of each.")
def _(x, window, stride):
    return jnp.sum(_windows(x, window, stride), axis=0)


@max_pool.mistake(
    "Your maximum starts from 0, so a window of negative values gives 0: start from minus infinity or a pixel."
)
def _(x, window, stride):
    return jnp.maximum(jnp.max(_windows(x, window, stride), axis=0), 0)


@max_pool.mistake("Your output is one row and one column short: there are (size - window) // stride + 1.")
def _(x, window, stride):
    return jnp.max(_windows(x, window, stride), axis=0)[:-1, :-1]


@max_pool.mistake("You swapped `window` and `stride`: windows of `window` x `window` pixels are `stride` pixels apart.")
def _(x, window, stride):
    return jnp.max(_windows(x, stride, window), axis=0)


@max_pool.mistake("Your last windows reach beyond the image: leave out rows and columns that no whole window reaches.")
def _(x, window, stride):
    more = jnp.pad(x, ((0, window - 1), (0, window - 1), (0, 0)), constant_values=-jnp.inf)
    return jnp.max(_windows(more, window, stride), axis=0)


@max_pool.mistake(
    'You padded as "SAME" does, so that windows reach beyond the image: there is no padding here, which is "VALID".'
)
def _(x, window, stride):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (window, window, 1), (stride, stride, 1), "SAME")


@max_pool.mistake(
    "Your output has no axis of channels, as one maximum of a whole window gives: pool each channel by itself, "
    "axis=(0, 1)."
)
def _(x, window, stride):
    return jnp.max(_windows(x, window, stride), axis=(0, 3))


@max_pool.mistake("You pooled along the rows alone: a window has `window` columns, too.")
def _(x, window, stride):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (window, 1, 1), (stride, stride, 1), "VALID")


@max_pool.mistake("You took the upper left pixel of each window: take the largest of all its pixels.")
def _(x, window, stride):
    return _windows(x, window, stride)[0]


@max_pool.mistake(
    "Your windows are one row and one column too small: a slice stops before its end, so it is r : r + window."
)
def _(x, window, stride):
    rows, columns = (x.shape[0] - window) // stride + 1, (x.shape[1] - window) // stride + 1
    return jnp.max(_windows(x, window - 1, stride)[:, :rows, :columns], axis=0)


# ---------------------------------------------------------------- 4.7


@exercise(
    points=5,
    hints=(
        "Lay the kernel on the left end of the padded row. How many strides can it still move?",
        'The lesson\'s section "What can one unit see?", equation (4.5): one layer sees 1 + d (k - 1) pixels, so that '
        "much must fit into the padded row for the first position. Padding counts on both sides.",
        "Return `(size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1`.",
    ),
    why="Many error messages of your first CNN will be about this number.",
)
def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Output size of a convolution."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@output_size.inputs("stride 2 with padding", points=1)
def _(key):
    return dict(size=28, kernel=5, stride=2, padding=2, dilation=1)


@output_size.inputs("a plain 5x5 kernel", points=1)
def _(key):
    return dict(size=32, kernel=5, stride=1, padding=0, dilation=1)


@output_size.inputs("dilation, and a remainder", points=1, hidden=True)
def _(key):
    return dict(size=21, kernel=3, stride=3, padding=2, dilation=4)


@output_size.inputs("a kernel as large as the image", points=1, hidden=True)
def _(key):
    return dict(size=7, kernel=7, stride=4, padding=0, dilation=1)


@output_size.mistake("You are one short: the kernel's first position counts, so add 1 after dividing by the stride.")
def _(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@output_size.mistake("You counted the padding once: it is added on both sides, so 2 * padding.")
def _(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@output_size.mistake("You rounded up: a window that no longer fits does not count, so divide with // (floor).")
def _(size, kernel, stride, padding, dilation):
    return -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1


@output_size.mistake("You forgot the dilation: the kernel spans dilation * (kernel - 1) + 1 pixels.")
def _(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - kernel) // stride + 1


@output_size.mistake(
    "Your dilated kernel spans dilation * kernel pixels: there are kernel - 1 gaps, so dilation * (kernel - 1) + 1."
)
def _(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * kernel) // stride + 1


@output_size.mistake("You returned a float: use // to keep the size a whole number.")
def _(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


@output_size.mistake(
    "You are one too many: the kernel spans dilation * (kernel - 1) + 1 pixels, and your + 1 is missing there."
)
def _(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride + 1


@output_size.mistake(
    "You added the 1 before dividing by the stride: the first position counts once, so add it after the division."
)
def _(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


@output_size.mistake("You rounded to the nearest: a window that no longer fits does not count, so divide with //.")
def _(size, kernel, stride, padding, dilation):
    return round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


@output_size.mistake("You left out the padding: it adds `padding` pixels on both sides.")
def _(size, kernel, stride, padding, dilation):
    return (size - dilation * (kernel - 1) - 1) // stride + 1


@output_size.mistake("You forgot the stride: divide the pixels that the kernel can still move by it.")
def _(size, kernel, stride, padding, dilation):
    return size + 2 * padding - dilation * (kernel - 1)


@output_size.mistake("You divided the last term alone by the stride: put the whole numerator into parentheses.")
def _(size, kernel, stride, padding, dilation):
    return size + 2 * padding - dilation * (kernel - 1) - 1 // stride + 1


@output_size.mistake(
    "You took the dilation for the number of pixels between two taps: they are `dilation` pixels apart, and 1 is "
    "side by side."
)
def _(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - kernel - (kernel - 1) * dilation) // stride + 1


@output_size.mistake(
    'You rounded size / stride up, as padding "SAME" does: use the padding and the kernel that you are given.'
)
def _(size, kernel, stride, padding, dilation):
    return -(-size // stride)


@output_size.mistake("You subtracted the padding: it makes the image larger, size + 2 * padding.")
def _(size, kernel, stride, padding, dilation):
    return (size - 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


# ---------------------------------------------------------------- 4.8


@exercise(
    points=6,
    hints=(
        "Start from one unit at the top. How many units below does it see, and how far apart are these in pixels?",
        'The lesson\'s section "What can one unit see?", equation (4.5): a layer adds d (k - 1) steps, and a step is '
        "as long as the product j of the strides of the layers before it. Without any layer a unit sees 1 pixel.",
        "With `jump = jnp.cumprod(strides) // strides`, the strides before each layer, return "
        "`1 + jnp.sum(dilations * (kernels - 1) * jump)`.",
    ),
    why="A network cannot know what it cannot see: a grain larger than the receptive field has no shape to it.",
)
def receptive_field(
    kernels: Int[Array, " layers"], strides: Int[Array, " layers"], dilations: Int[Array, " layers"]
) -> Int[Array, ""]:
    """Receptive field of a stack of layers."""
    jump = jnp.cumprod(strides) // strides
    return 1 + jnp.sum(dilations * (kernels - 1) * jump)


def _layers(kernels, strides, dilations):
    return dict(kernels=jnp.array(kernels), strides=jnp.array(strides), dilations=jnp.array(dilations))


@receptive_field.inputs("two 3x3 layers with a pooling between them", points=1)
def _(key):
    return _layers([3, 2, 3], [1, 2, 1], [1, 1, 1])


@receptive_field.inputs("LeNet: two 5x5 layers, each with a pooling", points=2)
def _(key):
    return _layers([5, 2, 5, 2], [1, 2, 1, 2], [1, 1, 1, 1])


@receptive_field.inputs("dilated layers after a stride", points=1, hidden=True)
def _(key):
    return _layers([7, 3, 3, 5], [3, 1, 2, 1], [1, 2, 4, 1])


@receptive_field.inputs("a single 1x1 layer", points=1, hidden=True)
def _(key):
    return _layers([1], [2], [1])


@receptive_field.mistake(
    "You counted a layer's own stride in its step: only the strides of the layers before it matter."
)
def _(kernels, strides, dilations):
    return 1 + jnp.sum(dilations * (kernels - 1) * jnp.cumprod(strides))


@receptive_field.mistake("You forgot the strides: after a stride of 2 a step in the layer above is 2 pixels long.")
def _(kernels, strides, dilations):
    return 1 + jnp.sum(dilations * (kernels - 1))


@receptive_field.mistake("You are one pixel short: even without any layer a unit sees one pixel, so start from 1.")
def _(kernels, strides, dilations):
    return jnp.sum(dilations * (kernels - 1) * (jnp.cumprod(strides) // strides))


@receptive_field.mistake("You added whole kernels: a kernel adds kernel - 1 steps to what one unit sees already.")
def _(kernels, strides, dilations):
    return 1 + jnp.sum(dilations * kernels * (jnp.cumprod(strides) // strides))


@receptive_field.mistake("You forgot the dilation: neighboring taps are `dilation` units apart.")
def _(kernels, strides, dilations):
    return 1 + jnp.sum((kernels - 1) * (jnp.cumprod(strides) // strides))


@receptive_field.mistake(
    "You used only the stride of the layer just before: the strides of all layers before multiply."
)
def _(kernels, strides, dilations):
    before = jnp.concatenate([jnp.ones(1, strides.dtype), strides[:-1]])
    return 1 + jnp.sum(dilations * (kernels - 1) * before)


@receptive_field.mistake(
    "You multiplied each step by the strides of the layers after it: those before it count (a recursion "
    "r -> (r - 1) s + k starts at the last layer)."
)
def _(kernels, strides, dilations):
    after = jnp.prod(strides) // jnp.cumprod(strides)
    return 1 + jnp.sum(dilations * (kernels - 1) * after)


@receptive_field.mistake("You multiplied every step by all strides: only those of the layers before it count.")
def _(kernels, strides, dilations):
    return 1 + jnp.sum(dilations * (kernels - 1) * jnp.prod(strides))


@receptive_field.mistake(
    "Your dilated kernel adds dilation * kernel - 1 steps: it has kernel - 1 gaps, so dilation * (kernel - 1)."
)
def _(kernels, strides, dilations):
    return 1 + jnp.sum((dilations * kernels - 1) * (jnp.cumprod(strides) // strides))


@receptive_field.mistake("You added the strides of the layers before: their product is the step.")
def _(kernels, strides, dilations):
    before = jnp.concatenate([jnp.ones(1, strides.dtype), jnp.cumsum(strides)[:-1]])
    return 1 + jnp.sum(dilations * (kernels - 1) * before)


@receptive_field.mistake(
    "You multiplied the dilations of the layers before into the step: only their strides make it longer."
)
def _(kernels, strides, dilations):
    step = strides * dilations
    return 1 + jnp.sum(dilations * (kernels - 1) * (jnp.cumprod(step) // step))


@receptive_field.mistake("You left out the last layer: the sum runs over all layers.")
def _(kernels, strides, dilations):
    return 1 + jnp.sum((dilations * (kernels - 1) * (jnp.cumprod(strides) // strides))[:-1])
