"""One example of every public function of unit 4."""

import jax
import jax.numpy as jnp

from mfml.networks import (
    activations,
    approximation,
    architectures,
    backprop,
    convolution,
    geometry,
    layers,
    mlp,
    pooling,
    segmentation,
    symmetry,
    wavelets,
)
from mfml.networks.geometry import Window
from tests.contract import Example

WAVES = ("amplitude", "frequency", "phase")


def numbers(key):
    return {"z": jax.random.normal(key, (3, 4))}


def network(key):
    first, second = mlp.init(key=key, sizes=(3, 4, 2))
    return (first._replace(bias=jax.random.normal(key, (4,))), second)


def samples(key):
    return {"network": network(key), "x": jax.random.normal(key, (5, 3))}


def targets(key):
    return samples(key) | {"y": jax.nn.softmax(jax.random.normal(key, (5, 2)))}


def cached(key):
    made = samples(key)
    output, cache = backprop.forward(**made, activation="tanh")
    return {"network": made["network"], "cache": cache, "slope": output}


def interval(key):
    return {"low": jnp.array(-1.0), "high": 2 + jax.random.uniform(key)}


def waves(key):
    return {
        "amplitude": jnp.array([1.0, -0.5]),
        "frequency": jax.random.normal(key, (2, 3)),
        "phase": jnp.array([0.3, 1.0]),
    }


def signals(key):
    return {"x": jax.random.normal(key, (2, 8))}


def coefficients(key):
    return {"coefficients": jax.random.normal(key, (8, 8))}


def images(key):
    return {"x": jax.random.normal(key, (2, 6, 5, 3))}


def layer(key):
    return images(key) | {"kernel": jax.random.normal(key, (3, 2, 3, 4))}


def labels(key):
    return jax.random.randint(key, (2, 4, 4), 0, 3)


def shift(x):
    return symmetry.translate(x, rows=1)


def layer_function(x):
    return jnp.tanh(x) + jnp.roll(x, 1, axis=1)


SMOOTH = (
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "silu",
    "gelu",
    "gelu_tanh",
    "quick_gelu",
)
OPTIONS = {"stride": 2, "padding": 1}

EXAMPLES = [
    *(Example(getattr(activations, name), numbers, gradient=("z",)) for name in SMOOTH),
    Example(activations.heaviside, numbers),
    Example(activations.apply, numbers, {"activation": "silu"}, gradient=("z",)),
    Example(activations.derivative, numbers, {"activation": "gelu"}, gradient=("z",)),
    Example(
        mlp.neuron,
        lambda key: {"weights": jnp.arange(3.0), "bias": jnp.array(0.5), "x": samples(key)["x"]},
        gradient=("weights", "bias", "x"),
    ),
    Example(mlp.init, lambda key: {"key": key}, {"sizes": (3, 4, 2)}, x64=False),
    Example(layers.init_weight, lambda key: {"key": key}, {"shape": (3, 2)}, x64=False),  # draws differ by dtype
    Example(layers.dense, lambda key: {"layer": network(key)[0], "x": samples(key)["x"]}, gradient=("layer", "x")),
    Example(
        layers.convolution,
        lambda key: images(key) | {"layer": layers.Convolution(layer(key)["kernel"], jnp.arange(4.0))},
        {"stride": 2, "mode": "periodic"},
        gradient=("layer", "x"),
    ),
    Example(mlp.apply, samples, {"activation": "tanh", "output": "sigmoid"}, gradient=("network", "x")),
    Example(mlp.signal_sizes, samples, gradient=("network", "x")),
    Example(mlp.n_parameters, lambda key: {"params": network(key)}, batched=()),
    Example(backprop.forward, samples, gradient=("network", "x")),
    Example(backprop.backward, cached, {"activation": "tanh"}, gradient=("network", "slope")),
    Example(backprop.loss_and_gradient, targets, {"activation": "tanh"}, gradient=("network", "x")),
    Example(backprop.loss_and_gradient, targets, {"loss": "cross_entropy"}, gradient=("network", "x")),
    Example(
        approximation.bump,
        lambda key: {"x": numbers(key)["z"], "low": 0.0, "high": 1.0, "steepness": 5.0, "height": 2.0},
        gradient=("x", "steepness"),
        batched=("x",),
    ),
    Example(approximation.bumps, interval, {"function": jnp.sin, "width": 4}, gradient=("high",)),
    Example(approximation.hats, interval, {"function": jnp.sin, "width": 4}, gradient=("high",)),
    Example(approximation.bumps_bound, lambda key: interval(key) | {"lipschitz": jnp.array(2.0)}, {"width": 4}),
    Example(approximation.hats_bound, lambda key: interval(key) | {"curvature": jnp.array(2.0)}, {"width": 4}),
    Example(approximation.waves, lambda key: waves(key) | {"x": jax.random.normal(key, (5, 3))}, gradient=WAVES),
    Example(approximation.ridges, lambda key: waves(key) | {"key": key}, {"width": 6}, gradient=WAVES, x64=False),
    Example(approximation.ridges_bound, waves, {"width": 6}, gradient=WAVES),
    Example(wavelets.fourier, signals, gradient=("x",)),
    Example(wavelets.inverse_fourier, coefficients, gradient=("coefficients",)),
    Example(wavelets.daubechies, lambda key: {}, {"order": 3}, batched=()),
    Example(wavelets.analyze, signals, {"order": 2, "levels": 2}, gradient=("x",)),
    Example(wavelets.synthesize, coefficients, {"order": 2, "levels": 2}, gradient=("coefficients",)),
    Example(
        wavelets.analyze_image,
        lambda key: {"x": jax.random.normal(key, (8, 8))},
        {"order": 2, "levels": 2},
        gradient=("x",),
    ),
    Example(wavelets.synthesize_image, coefficients, {"order": 2, "levels": 2}, gradient=("coefficients",)),
    Example(wavelets.keep_largest, coefficients, {"n_kept": 5}, gradient=("coefficients",)),
    Example(convolution.cross_correlation, layer, OPTIONS | {"mode": "periodic"}, gradient=("x", "kernel")),
    Example(convolution.by_hand, layer, OPTIONS, gradient=("x", "kernel")),
    Example(convolution.convolution, layer, {"padding": "full"}, gradient=("x", "kernel")),
    Example(
        convolution.transposed,
        lambda key: {"y": images(key)["x"], "kernel": jax.random.normal(key, (3, 2, 4, 3))},
        {"stride": 2},
        gradient=("y", "kernel"),
    ),
    Example(
        convolution.pointwise,
        lambda key: images(key) | {"weight": jax.random.normal(key, (3, 2))},
        gradient=("x", "weight"),
    ),
    Example(pooling.max_pool, images, {"window": 3, "stride": 2, "padding": 1}, gradient=("x",)),
    Example(pooling.average_pool, images, {"window": 3, "stride": 2, "padding": 1}, gradient=("x",)),
    Example(pooling.global_average, images, gradient=("x",)),
    # arithmetic of Python integers: nothing to compile
    Example(geometry.extent, lambda key: {"kernel": 3, "dilation": 2}, jit=False),
    Example(geometry.pads, lambda key: {"size": 5, "kernel": 4, "padding": "same"}, jit=False, x64=False),
    Example(geometry.output_size, lambda key: {"size": 28, "kernel": 5}, jit=False),
    Example(geometry.transposed_size, lambda key: {"size": 7, "kernel": 2, "stride": 2}, jit=False),
    Example(geometry.receptive_fields, lambda key: {"layers": [Window(3), Window(2, 2)]}, jit=False, x64=False),
    Example(geometry.dense_parameters, lambda key: {"sizes": (4, 3, 2)}, jit=False),
    Example(geometry.convolution_parameters, lambda key: {"kernel": (3, 3), "inputs": 2, "outputs": 4}, jit=False),
    Example(
        geometry.influence,
        lambda key: {"x": images(key)["x"][0]},
        {"function": layer_function, "row": 2, "column": 3},
        gradient=("x",),
    ),
    Example(symmetry.translate, images, {"rows": 2, "columns": -1}, gradient=("x",)),
    Example(symmetry.rotate, images, {"quarter_turns": 3}, gradient=("x",)),
    Example(
        symmetry.equivariance_error,
        images,
        {"function": lambda x: x * jnp.arange(6, dtype=x.dtype)[:, None, None], "before": shift, "after": shift},
        gradient=("x",),
    ),
    Example(symmetry.invariance_error, images, {"function": jnp.cumsum, "transform": shift}, gradient=("x",)),
    Example(
        architectures.init,
        lambda key: {"key": key, "x": jax.random.normal(key, (1, 4, 4, 1))},
        {"module": architectures.UNet(2, features=(2, 3))},
        x64=False,
        exempt={"missing": "only the shape of x matters"},
    ),
    Example(
        segmentation.dice,
        lambda key: {"prediction": labels(key), "target": labels(jax.random.fold_in(key, 1))},
        {"n_classes": 3},
    ),
    Example(
        segmentation.dice_loss,
        lambda key: {"logits": jax.random.normal(key, (2, 4, 4, 3)), "target": labels(key)},
        gradient=("logits",),
    ),
]
