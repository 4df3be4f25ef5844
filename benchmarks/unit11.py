"""Unit 11 against PyTorch: steps of training a variational autoencoder and a coupling flow (nflows).

Both sides have the same layers, see the same full batches, and use Adam with the same rates. A call is a whole run of
`STEPS` steps; the loss is that of the last batch, in nats per sample.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.generative import flow, splines, vae

STEPS, RATE = 20, 1e-3
IMAGES, PIXELS, CODE = 128, 28, 20


def images() -> np.ndarray:
    """Smooth random images from 0 to 1, as gray as digits are."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft2(rng.normal(size=(IMAGES, PIXELS, PIXELS)))
    down, across = np.fft.fftfreq(PIXELS), np.fft.rfftfreq(PIXELS)
    spectrum *= np.exp(-60 * (down[:, None] ** 2 + across**2))
    smooth = np.fft.irfft2(spectrum, s=(PIXELS, PIXELS))
    return (smooth > 0.5 * smooth.std()).astype(np.float32)


def train_torch(parameters, loss) -> float:
    """Adam whose rate falls to 0 along a cosine."""
    import torch

    adam = torch.optim.Adam(parameters, lr=RATE)
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        adam.zero_grad()
        value = loss()
        value.backward()
        adam.step()
    return value.item()


def autoencoder(kind: str) -> Pair:
    import torch

    nn = torch.nn
    pixels, gelu = images(), partial(nn.GELU, approximate="tanh")
    if kind == "dense":
        x = jnp.asarray(pixels.reshape(IMAGES, -1))
        start = vae.init_dense(x, key=jax.random.key(0), n_components=CODE, hidden=(400,), kind="bernoulli")
        their_x = torch.tensor(pixels).flatten(1)
        d = PIXELS**2
        layers = [nn.Linear(d, 400), gelu(), nn.Linear(400, 2 * CODE)]
        back = [nn.Linear(CODE, 400), gelu(), nn.Linear(400, d)]
    else:
        x = jnp.asarray(pixels[..., None])
        start = vae.init_convolutional(x, key=jax.random.key(0), n_components=CODE, channels=(16, 32))
        their_x = torch.tensor(pixels)[:, None]
        small, twice = PIXELS // 4, partial(nn.Upsample, scale_factor=2)
        layers = [
            nn.Conv2d(1, 16, 3, 2, 1), gelu(), nn.Conv2d(16, 32, 3, 2, 1), gelu(),
            nn.Flatten(), nn.Linear(32 * small**2, 2 * CODE),
        ]  # fmt: skip
        back = [
            nn.Linear(CODE, 32 * small**2), gelu(), nn.Unflatten(1, (32, small, small)),
            twice(), nn.Conv2d(32, 16, 3, 1, 1), gelu(), twice(), nn.Conv2d(16, 1, 3, 1, 1),
        ]  # fmt: skip

    def theirs():
        torch.manual_seed(0)
        encoder, decoder = nn.Sequential(*layers), nn.Sequential(*back)
        for module in (*encoder, *decoder):
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()

        def loss():
            mean, log_variance = encoder(their_x).chunk(2, dim=1)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            nll = nn.functional.binary_cross_entropy_with_logits(decoder(z), their_x, reduction="sum")
            kl = 0.5 * torch.sum(mean**2 + log_variance.exp() - 1 - log_variance)
            return (nll + kl) / IMAGES

        return train_torch([*encoder.parameters(), *decoder.parameters()], loss)

    def ours():
        return vae.fit(x, key=jax.random.key(1), init=start, learning_rate=RATE, n_steps=STEPS).history

    return Pair(ours, theirs, lambda history: float(history[-1]), float, slack=0.05)


def coupling_flow(kind: str, n: int = 512, d: int = 8, n_layers: int = 6) -> Pair:
    import torch
    from nflows.distributions.normal import StandardNormal
    from nflows.flows.base import Flow
    from nflows.transforms import (
        AffineCouplingTransform,
        CompositeTransform,
        Permutation,
        PiecewiseRationalQuadraticCouplingTransform,
    )

    nn = torch.nn
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + np.abs(rng.normal(size=(n, d)))).astype(np.float32)
    on_device = jnp.asarray(x)
    start = flow.init(on_device, key=jax.random.key(0), kind=kind, n_layers=n_layers)
    their_x = torch.tensor((x - x.mean(axis=0)) / x.std(axis=0))
    unit = float(np.log(x.std(axis=0)).sum())
    mask = torch.arange(d) >= d - d // 2

    class Conditioner(nn.Module):
        """The network of ours; it starts as the identity, too."""

        def __init__(self, inputs, outputs):
            super().__init__()
            last = nn.Linear(64, outputs)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            if kind == "spline":
                last.bias.data.reshape(d // 2, -1)[:, 16:] = splines.AT_ONE
            self.inner = nn.Sequential(nn.Linear(inputs, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), last)

        def forward(self, x, context=None):
            return self.inner(x)

    def theirs():
        import warnings

        torch.manual_seed(0)
        order = torch.tensor([d // 2 + i // 2 if i % 2 == 0 else i // 2 for i in range(d)])
        parts = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nflows asks for a scale of its own networks
            for _ in range(n_layers):
                if kind == "affine":
                    parts.append(AffineCouplingTransform(mask, Conditioner))
                else:
                    options = {"num_bins": 8, "tails": "linear", "tail_bound": 4.0}
                    parts.append(PiecewiseRationalQuadraticCouplingTransform(mask, Conditioner, **options))
                parts.append(Permutation(order))
            model = Flow(CompositeTransform(parts), StandardNormal([d]))
            return train_torch(model.parameters(), lambda: unit - model.log_prob(their_x).mean())

    def ours():
        return flow.fit(on_device, key=jax.random.key(1), init=start, learning_rate=RATE, n_steps=STEPS).history

    return Pair(ours, theirs, lambda history: float(history[-1]), float, slack=0.05)


VAE = "loss: minus the ELBO of the last step; weights and draws differ"
FLOW = "loss: negative log-likelihood of the last step; weights differ, both start as the identity"
ROWS = [
    Row(
        f"11.vae dense 784-400-20, batch 128, {STEPS} steps", "torch.nn, Adam", partial(autoencoder, "dense"), note=VAE
    ),
    Row(
        f"11.vae convolutional 28x28, batch 128, {STEPS} steps",
        "torch.nn, Adam",
        partial(autoencoder, "convolutional"),
        note=VAE,
    ),
    Row(
        f"11.flow of 6 spline couplings 512x8, {STEPS} steps",
        "nflows, Adam",
        partial(coupling_flow, "spline"),
        note=FLOW,
    ),
    Row(
        f"11.flow of 6 affine couplings 512x8, {STEPS} steps",
        "nflows, Adam",
        partial(coupling_flow, "affine"),
        note=FLOW + "; the factors of nflows start at 0.88",
    ),
]
