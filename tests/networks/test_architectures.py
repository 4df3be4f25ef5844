import subprocess
import sys

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mfml.networks
from mfml.networks import activations, architectures, convolution, geometry, layers, mlp, pooling, symmetry
from mfml.networks.architectures import VGG, DenseNet, LeNet, NiN, UNet

SMALL = {
    "LeNet": (LeNet(3, features=(2, 3), hidden=(4,), kernel=3), (2, 8, 8, 1)),
    "VGG": (VGG(3, stages=((1, 2), (2, 3)), hidden=(4,)), (2, 8, 4, 2)),
    "NiN": (NiN(3, features=(4,), kernels=(3, 3)), (2, 6, 8, 1)),
    "DenseNet": (DenseNet(3, blocks=(1, 2), growth=3), (2, 4, 6, 1)),
    "UNet": (UNet(3, features=(2, 4, 3)), (2, 8, 4, 1)),
}


@pytest.fixture(params=SMALL)
def network(request, key):
    module, shape = SMALL[request.param]
    x = jax.random.normal(key, shape)
    return module, architectures.init(module, x, key=key), x


def test_logits_are_finite_and_every_parameter_learns(network):
    module, params, x = network

    def total(params):
        y = module.apply(params, x)
        return jnp.sum(jnp.sin(y + jnp.arange(3.0))), y

    (_, y), gradient = jax.jit(jax.value_and_grad(total, has_aux=True))(params)
    assert y.shape == ((*x.shape[:3], 3) if isinstance(module, UNet) else (2, 3))
    assert np.isfinite(y).all()
    for path, leaf in jax.tree.flatten_with_path(gradient)[0]:
        assert np.isfinite(leaf).all()
        if path[-1].key == "bias" and not isinstance(module, DenseNet):
            continue  # of a rectifier that is silent on these few pixels
        assert leaf.any(), jax.tree_util.keystr(path)


def test_init_has_the_structure_of_flax(network, key):
    module, params, x = network
    native = jax.eval_shape(module.init, key, x)
    assert jax.tree.map(lambda a: (a.shape, a.dtype), params) == jax.tree.map(lambda a: (a.shape, a.dtype), native)


def test_he_variance(key):
    params = architectures.init(LeNet(2, features=(50,), hidden=()), jnp.zeros((1, 4, 4, 20)), key=key)["params"]
    assert np.var(params["Conv_0"]["kernel"]) == pytest.approx(2 / 500, rel=0.05)
    assert not params["Conv_0"]["bias"].any()
    native = LeNet(2, features=(50,), hidden=()).init(key, jnp.zeros((1, 4, 4, 20)))["params"]
    assert np.var(native["Conv_0"]["kernel"]) == pytest.approx(2 / 500, rel=0.05)


def test_lenet_equals_the_library_layer_by_layer(key):
    module, shape = SMALL["LeNet"]
    x = jax.random.normal(key, shape)
    p = architectures.init(module, x, key=key)["params"]
    a = x
    for name in ("Conv_0", "Conv_1"):
        a = jnp.tanh(convolution.cross_correlation(a, p[name]["kernel"], padding="same") + p[name]["bias"])
        a = pooling.average_pool(a)
    dense = tuple(layers.Dense(p[name]["kernel"], p[name]["bias"]) for name in ("Dense_0", "Dense_1"))
    needed = mlp.apply(dense, a.reshape(2, -1), activation="tanh")
    np.testing.assert_allclose(module.apply({"params": p}, x), needed, atol=1e-5)


def count(module, shape):
    return mlp.n_parameters(jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(shape)))


def square(kernel, inputs, outputs):
    return geometry.convolution_parameters((kernel, kernel), inputs=inputs, outputs=outputs)


@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_an_activation_is_pooled_as_if_afterwards(key, activation):
    """Values and gradients, of rising activations and others: also of blocks in which the rectifier makes all 0."""
    x = jax.random.normal(key, (2, 4, 4, 3)) - 1

    def after(x):
        return pooling.max_pool(activations.apply(x, activation=activation))

    def found(x):
        return architectures._largest_activated(x, activation)

    np.testing.assert_allclose(found(x), after(x), atol=1e-6)
    slopes = [jax.grad(lambda x, f=f: jnp.sum(jnp.sin(f(x))))(x) for f in (found, after)]
    np.testing.assert_allclose(*slopes, atol=1e-6)


def test_parameters_of_the_papers_networks():
    convolutions = square(5, 1, 6) + square(5, 6, 16)
    assert count(LeNet(10), (1, 32, 32, 1)) == convolutions + geometry.dense_parameters((8 * 8 * 16, 120, 84, 10))
    assert count(VGG(1000), (1, 224, 224, 3)) == 132_863_336  # VGG-11, as published
    widths = (64, 128, 256, 512, 1024)
    down = sum(square(3, a, b) + square(3, b, b) for a, b in zip((1, *widths[:-1]), widths, strict=True))
    up = sum(square(2, 2 * b, b) + square(3, 2 * b, b) + square(3, b, b) for b in widths[:-1])
    assert count(UNet(2), (1, 32, 32, 1)) == down + up + square(1, 64, 2)


def test_parameters_of_nin_do_not_depend_on_the_image():
    module, _ = SMALL["NiN"]
    assert count(module, (1, 8, 8, 1)) == count(module, (1, 32, 16, 1))
    convolutions = geometry.convolution_parameters((3, 3), inputs=1, outputs=4) + 2 * 20
    last = geometry.convolution_parameters((3, 3), inputs=4, outputs=3) + 2 * 12
    assert count(module, (1, 8, 8, 1)) == convolutions + last


def test_dense_layer_hands_its_input_on(key):
    x = jax.random.normal(key, (1, 4, 4, 2))
    layer = architectures.DenseLayer(growth=3)
    y = layer.apply(architectures.init(layer, x, key=key), x)
    assert y.shape == (1, 4, 4, 5)
    np.testing.assert_array_equal(y[..., :2], x)


def test_unet_sees_far_through_the_coarse_levels_and_near_through_the_bridges(key):
    module = UNet(1, features=(3, 4, 5))
    x = jax.random.normal(key, (32, 32, 1))
    params = architectures.init(module, x[None], key=key)
    seen = np.argwhere(geometry.influence(lambda x: module.apply(params, x), x, row=16, column=16) > 0)
    reach = np.abs(seen - 16).max()
    assert 12 <= reach <= 24  # 44 pixels by hand: 2 * (2 + 2 * 2 + 4 * 2 + 2 * 2 + 2) and the poolings


def test_unet_is_equivariant_under_shifts_of_its_coarsest_pixel(key):
    module = UNet(2, features=(2, 3))
    x = jnp.pad(jax.random.normal(key, (1, 4, 4, 1)), ((0, 0), (14, 14), (14, 14), (0, 0)))
    params = architectures.init(module, x, key=key)

    def apply(x):
        return module.apply(params, x)

    def by(n):
        return lambda x: symmetry.translate(x, rows=n)

    assert symmetry.equivariance_error(apply, x, before=by(2), after=by(2)) < 1e-5
    assert symmetry.equivariance_error(apply, x, before=by(1), after=by(1)) > 1e-3


def test_what_does_not_fit(key):
    with pytest.raises(ValueError, match="height and width must be multiples of 4"):
        UNet(2, features=(2, 2, 2)).init(key, jnp.zeros((1, 6, 8, 1)))
    with pytest.raises(ValueError, match="kernels must name one kernel per block, 2"):
        NiN(2, features=(3,), kernels=(3,)).init(key, jnp.zeros((1, 4, 4, 1)))
    with pytest.raises(ValueError, match="pool must be one of"):
        LeNet(2, pool="median").init(key, jnp.zeros((1, 8, 8, 1)))
    with pytest.raises(ValueError, match="compression must be in"):
        DenseNet(2, compression=0.0).init(key, jnp.zeros((1, 8, 8, 1)))
    with pytest.raises(ValueError, match="cannot draw parameters of these kinds: negative_slope"):
        architectures.init(nn.PReLU(), jnp.zeros((1, 2, 2, 1)), key=key)


NORMS = (nn.BatchNorm, nn.GroupNorm, nn.InstanceNorm, nn.LayerNorm, nn.RMSNorm)


def test_a_large_constant_in_its_input_does_not_change_a_norm(network):
    module, params, x = network
    seen = []

    def record(call, arguments, options, context):
        if isinstance(context.module, NORMS) and context.method_name == "__call__":
            seen.append((*context.module.unbind(), *arguments))
        return call(*arguments, **options)

    with nn.intercept_methods(record):
        module.apply(params, x)
    assert bool(seen) == isinstance(module, DenseNet)
    for norm, variables, given in seen:
        given = jnp.round(64 * given) / 64  # so that adding the constant rounds nothing
        expected = norm.apply(variables, given)
        np.testing.assert_allclose(norm.apply(variables, given + 1000), expected, atol=1e-3)


def test_flax_is_imported_when_architectures_are_first_used():
    code = (
        "import sys, mfml.networks as n; assert 'flax' not in sys.modules; "
        "n.architectures; assert 'flax' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'resnet'"):
        mfml.networks.resnet  # noqa: B018
