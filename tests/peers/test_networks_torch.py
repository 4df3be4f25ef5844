"""Unit 4 against PyTorch, layer by layer; its layout is (n, c, h, w), its kernels are (k, c, p, q)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mfml.networks import activations, architectures, backprop, convolution, mlp, pooling  # noqa: E402

TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def to_torch(x):
    return torch.tensor(np.asarray(x)).movedim(-1, 1)


def from_torch(y):
    return y.detach().movedim(1, -1).numpy()


def kernel_to_torch(kernel):
    return torch.tensor(np.asarray(kernel).transpose(3, 2, 0, 1).copy())


@pytest.fixture
def layer(key):
    return jax.random.normal(key, (2, 9, 8, 3)), jax.random.normal(jax.random.fold_in(key, 1), (3, 2, 3, 4))


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"stride": 3, "padding": 2, "dilation": 2}],
    ids=str,
)
def test_convolution(layer, options):
    x, kernel = layer
    needed = torch.nn.functional.conv2d(to_torch(x), kernel_to_torch(kernel), **options)
    np.testing.assert_allclose(convolution.cross_correlation(x, kernel, **options), from_torch(needed), **TOLERANCE)


@pytest.mark.parametrize(
    ("options", "extra"),
    [({}, 0), ({"stride": 2}, 0), ({"stride": 2, "padding": 1}, 1), ({"stride": 3, "padding": 1, "dilation": 2}, 2)],
    ids=str,
)
def test_transposed_convolution(layer, options, extra):
    x, kernel = layer
    kernel = kernel.swapaxes(2, 3)  # 4 channels out, 3 in
    weight = kernel_to_torch(kernel)
    needed = torch.nn.functional.conv_transpose2d(to_torch(x), weight, output_padding=extra, **options)
    found = convolution.transposed(x, kernel, extra=extra, **options)
    np.testing.assert_allclose(found, from_torch(needed), **TOLERANCE)


@pytest.mark.parametrize(("window", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 0)])
def test_pooling(layer, window, stride, padding):
    x, _ = layer
    functional = torch.nn.functional
    needed = functional.max_pool2d(to_torch(x), window, stride, padding)
    found = pooling.max_pool(x, window=window, stride=stride, padding=padding)
    np.testing.assert_allclose(found, from_torch(needed), **TOLERANCE)
    for counted in (True, False):
        needed = functional.avg_pool2d(to_torch(x), window, stride, padding, count_include_pad=counted)
        found = pooling.average_pool(x, window=window, stride=stride, padding=padding, count_padding=counted)
        np.testing.assert_allclose(found, from_torch(needed), **TOLERANCE)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu"])
def test_activations_and_their_derivatives_at_the_kink_too(name):
    z = np.array([-3.0, -0.5, 0.0, 0.5, 3.0], np.float32)
    theirs = torch.tensor(z, requires_grad=True)
    function = getattr(torch.nn.functional, name)
    y = function(theirs)
    y.sum().backward()
    np.testing.assert_allclose(activations.apply(jnp.asarray(z), activation=name), y.detach(), **TOLERANCE)
    np.testing.assert_allclose(activations.derivative(jnp.asarray(z), activation=name), theirs.grad, **TOLERANCE)


@pytest.mark.parametrize("loss", backprop.LOSSES)
def test_backward_pass(key, loss):
    network = mlp.init(key=key, sizes=(3, 5, 2))
    x, y = jax.random.normal(key, (6, 3)), jax.nn.softmax(jax.random.normal(key, (6, 2)))
    first, second = torch.nn.Linear(3, 5), torch.nn.Linear(5, 2)
    for theirs, ours in ((first, network[0]), (second, network[1])):
        theirs.weight.data = torch.tensor(np.asarray(ours.weight).T.copy())
        theirs.bias.data = torch.tensor(np.asarray(ours.bias))
    output = second(torch.tanh(first(torch.tensor(np.asarray(x)))))
    target = torch.tensor(np.asarray(y))
    functional = torch.nn.functional
    risk = functional.mse_loss(output, target) if loss == "mse" else functional.cross_entropy(output, target)
    risk.backward()
    value, gradients = backprop.loss_and_gradient(network, x, y, activation="tanh", loss=loss)
    np.testing.assert_allclose(value, risk.item(), rtol=1e-5)
    for theirs, ours in ((first, gradients.network[0]), (second, gradients.network[1])):
        np.testing.assert_allclose(ours.weight, theirs.weight.grad.T, **TOLERANCE)
        np.testing.assert_allclose(ours.bias, theirs.bias.grad, **TOLERANCE)


def conv_of(params, padding):
    kernel = params["kernel"]
    module = torch.nn.Conv2d(kernel.shape[2], kernel.shape[3], kernel.shape[:2], padding=padding)
    module.weight.data = kernel_to_torch(kernel)
    module.bias.data = torch.tensor(np.asarray(params.get("bias", np.zeros(kernel.shape[3], np.float32))))
    return module


def double_conv(params, x):
    for name in ("Conv_0", "Conv_1"):
        x = torch.relu(conv_of(params[name], 1)(x))
    return x


def test_unet(key):
    module = architectures.UNet(2, features=(4, 6))
    x = jax.random.normal(key, (2, 8, 8, 1))
    p = architectures.init(module, x, key=key)["params"]
    fine = double_conv(p["DoubleConv_0"], to_torch(x))
    coarse = double_conv(p["DoubleConv_1"], torch.nn.functional.max_pool2d(fine, 2))
    kernel = np.asarray(p["Doubling_0"]["kernel"])  # (p, q, in, out)
    up = torch.nn.functional.conv_transpose2d(coarse, torch.tensor(kernel.transpose(2, 3, 0, 1).copy()), stride=2)
    both = double_conv(p["DoubleConv_2"], torch.cat([fine, up], dim=1))
    needed = conv_of(p["Conv_0"], 0)(both)
    np.testing.assert_allclose(module.apply({"params": p}, x), from_torch(needed), **TOLERANCE)


def test_layer_of_densenet(key):
    layer = architectures.DenseLayer(growth=4, bottleneck=False)
    x = jax.random.normal(key, (2, 6, 6, 8))
    p = architectures.init(layer, x, key=key)["params"]
    image = to_torch(x)
    normed = torch.nn.functional.group_norm(image, 8, eps=1e-6)
    new = conv_of(p["Conv_0"], 1)(torch.relu(normed))
    needed = torch.cat([image, new], dim=1)
    np.testing.assert_allclose(layer.apply({"params": p}, x), from_torch(needed), **TOLERANCE)
