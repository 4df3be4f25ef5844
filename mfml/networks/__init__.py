"""Unit 4: neural networks, from neurons to CNNs.

- `activations`: the nonlinearities and their derivatives.
- `layers`: dense and convolutional layers as plain pytrees, and how their weights are drawn.
- `mlp`: a neuron, networks as tuples of layers, He's and Glorot's initialization.
- `backprop`: the forward pass with a cache, and the backward pass by hand.
- `approximation`: networks constructed without learning (bumps, hats and ridges), and their error bounds.
- `wavelets`: Fourier, Haar and Daubechies bases, the fixed relatives of learned features.
- `convolution`: cross-correlation by hand and by XLA, transposed convolution, 1x1 mixing.
- `pooling`: largest and mean values of windows.
- `geometry`: output sizes, receptive fields, numbers of parameters.
- `symmetry`: how far a function is from being equivariant or invariant.
- `segmentation`: Dice's coefficient and losses for images labeled pixel by pixel.
- `architectures`: LeNet, VGG, NiN, DenseNet, U-Net as flax modules; imports flax when first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.networks import (
    activations,
    approximation,
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

__all__ = [
    "activations",
    "approximation",
    "architectures",
    "backprop",
    "convolution",
    "geometry",
    "layers",
    "mlp",
    "pooling",
    "segmentation",
    "symmetry",
    "wavelets",
]


def __getattr__(name: str) -> ModuleType:
    """Import `architectures`, and flax with it, when it is first asked for."""
    if name == "architectures":
        return import_module("mfml.networks.architectures")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
