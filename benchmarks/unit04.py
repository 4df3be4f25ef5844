"""Unit 4 against PyTorch: steps of training a convolutional network and a U-Net.

Both sides start from the same weights, see the same batches in the same order and use Adam with the same numbers.
A call is a whole run of `STEPS` steps; the loss is that of the last batch.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.harness import Pair, Row
from mfml.networks import architectures
from mfml.risk import losses
from mfml.training import loop

STEPS, RATE = 20, 1e-3


def loss_of(module, params, batch, key):
    images, labels = batch
    return jnp.mean(losses.cross_entropy(module.apply(params, images), labels))


def pair(module, network, load, images, labels) -> Pair:
    """Train `module` and the PyTorch `network`, into which `load` puts the parameters of ours."""
    import torch

    x, y = jnp.asarray(images), jnp.asarray(labels)
    start = jax.jit(partial(architectures.init, module))(x[:1], key=jax.random.key(0))
    optimizer = optax.adam(RATE)
    loss = partial(loss_of, module)
    their_x, their_y = torch.tensor(images).movedim(-1, 1), torch.tensor(labels, dtype=torch.long)
    their_x = their_x.contiguous(memory_format=torch.channels_last)

    def ours():
        options = loop.Options(loss, optimizer, n_steps=STEPS)
        return loop.fit((x, y), key=jax.random.key(1), options=options, init=start).history

    def theirs():
        load(torch, network, start["params"])
        adam = torch.optim.Adam(network.parameters(), lr=RATE)
        for _ in range(STEPS):
            adam.zero_grad()
            value = torch.nn.functional.cross_entropy(network(their_x), their_y)
            value.backward()
            adam.step()
        return value.item()

    return Pair(
        ours=ours,
        theirs=theirs,
        loss_of_ours=lambda history: float(history[-1]),
        loss_of_theirs=float,
        slack=0.02,
    )


def put(torch, layer, params, *, transposed=False):
    """Copy a layer's weights: kernels (p, q, in, out) into (out, in, p, q); dense ones are transposed."""
    kernel = np.asarray(params["kernel"])
    if transposed:
        kernel = kernel.transpose(2, 3, 0, 1)
    elif kernel.ndim == 4:
        kernel = kernel.transpose(3, 2, 0, 1)
    else:
        kernel = kernel.T
    layer.weight.data = torch.tensor(kernel.copy())
    layer.bias.data = torch.tensor(np.asarray(params["bias"]))


def cnn() -> Pair:
    import torch

    nn = torch.nn
    rng = np.random.default_rng(0)
    images = rng.normal(size=(128, 32, 32, 1)).astype(np.float32)
    labels = rng.integers(0, 10, 128).astype(np.int32)
    module = architectures.LeNet(10, features=(16, 32), hidden=(64,), kernel=3, activation="relu", pool="max")

    class ChannelsLast(nn.Flatten):
        def forward(self, x):
            return super().forward(x.movedim(1, -1))

    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        ChannelsLast(), nn.Linear(8 * 8 * 32, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip

    def load(torch, network, params):
        names = ("Conv_0", "Conv_1", "Dense_0", "Dense_1")
        for place, name in zip((0, 3, 7, 9), names, strict=True):
            put(torch, network[place], params[name])

    return pair(module, network.to(memory_format=torch.channels_last), load, images, labels)


def unet() -> Pair:
    import torch

    nn = torch.nn
    rng = np.random.default_rng(0)
    images = rng.normal(size=(8, 64, 64, 1)).astype(np.float32)
    labels = (rng.normal(size=(8, 64, 64)) > 0).astype(np.int32)
    widths = (16, 32, 64)
    module = architectures.UNet(2, features=widths)

    def double(inputs, outputs):
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU()
        )

    class TheirUNet(nn.Module):
        def __init__(self):
            super().__init__()
            a, b, c = widths
            self.doubles = nn.ModuleList([double(1, a), double(a, b), double(b, c), double(2 * b, b), double(2 * a, a)])
            self.ups = nn.ModuleList([nn.ConvTranspose2d(c, b, 2, stride=2), nn.ConvTranspose2d(b, a, 2, stride=2)])
            self.head = nn.Conv2d(a, 2, 1)

        def forward(self, x):
            pool = nn.functional.max_pool2d
            fine = self.doubles[0](x)
            middle = self.doubles[1](pool(fine, 2))
            x = self.doubles[2](pool(middle, 2))
            x = self.doubles[3](torch.cat([middle, self.ups[0](x)], dim=1))
            return self.head(self.doubles[4](torch.cat([fine, self.ups[1](x)], dim=1)))

    def load(torch, network, params):
        for place, both in enumerate(network.doubles):
            put(torch, both[0], params[f"DoubleConv_{place}"]["Conv_0"])
            put(torch, both[2], params[f"DoubleConv_{place}"]["Conv_1"])
        for place, up in enumerate(network.ups):
            put(torch, up, params[f"Doubling_{place}"], transposed=True)
        put(torch, network.head, params["Conv_0"])

    return pair(module, TheirUNet().to(memory_format=torch.channels_last), load, images, labels)


ROWS = [
    Row(
        f"4.cnn 128x32x32, {STEPS} steps",
        "torch.nn, Adam, channels last",
        cnn,
        note="loss: cross-entropy of the last step; the same weights at the start and the same full batches",
    ),
    Row(
        f"4.u-net 8x64x64, {STEPS} steps",
        "torch.nn, Adam, channels last",
        unet,
        note="loss: cross-entropy per pixel of the last step; the same weights at the start, the same full batches",
    ),
]
