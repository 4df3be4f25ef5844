"""Unit 11 against PyTorch: training the U-Net of a diffusion model, and sampling from it.

Both sides have the same layers and the same weights.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.harness import Pair, Row
from benchmarks.unit04 import put
from mfml.generative import diffusion, noise_models, schedules
from mfml.training import loop

STEPS, RATE, TIMES, VISITED = 10, 1e-3, 1000, 20
IMAGES, PIXELS, CHANNELS = 64, 28, (16, 32, 32)
MODULE = noise_models.UNet(channels=CHANNELS, span=TIMES - 1.0)


def network(params):
    """The U-Net of ours in PyTorch, channels last, with these weights."""
    import torch

    nn, F = torch.nn, torch.nn.functional

    def norm(channels):
        return nn.GroupNorm(min(8, channels // 4), channels, eps=1e-6)

    class Residual(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.norms = nn.ModuleList([norm(inputs), norm(outputs)])
            self.first, self.second = (
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.Conv2d(outputs, outputs, 3, padding=1),
            )
            self.add = nn.Linear(4 * CHANNELS[0], outputs)
            self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

        def forward(self, x, known):
            y = self.first(F.silu(self.norms[0](x))) + self.add(known)[:, :, None, None]
            return self.shortcut(x) + self.second(F.silu(self.norms[1](y)))

        def load(self, tree):
            names = [name for name in ("first", "second", "add", "shortcut") if name in tree]
            for name in names:
                put(torch, getattr(self, name), tree[name])

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            a, b, c = CHANNELS
            self.time, self.start, self.end = (
                nn.Linear(32, 4 * a),
                nn.Conv2d(1, a, 3, padding=1),
                nn.Conv2d(a, 1, 3, padding=1),
            )
            self.down = nn.ModuleList([Residual(a, a), Residual(a, b), Residual(b, c)])
            self.up = nn.ModuleList([Residual(a + b, a), Residual(b + c, b)])
            self.norm = norm(a)
            self.frequencies = torch.tensor(np.pi / (TIMES - 1) * np.geomspace(1, 2000, 16), dtype=torch.float32)

        def forward(self, x, t):
            angles = t[:, None].float() * self.frequencies
            known = F.silu(self.time(torch.cat([angles.sin(), angles.cos()], 1)))
            fine = self.down[0](self.start(x), known)
            middle = self.down[1](F.avg_pool2d(fine, 2), known)
            y = self.down[2](F.avg_pool2d(middle, 2), known)
            y = self.up[1](torch.cat([F.interpolate(y, scale_factor=2), middle], 1), known)
            y = self.up[0](torch.cat([F.interpolate(y, scale_factor=2), fine], 1), known)
            return self.end(F.silu(self.norm(y)))

        def load(self, tree):
            put(torch, self.time, tree["known"]["time"])
            put(torch, self.start, tree["in"])
            put(torch, self.end, tree["out"])
            for kind in ("down", "up"):
                for level, residual in enumerate(getattr(self, kind)):
                    residual.load(tree[f"{kind}_{level}"])

    made = UNet()
    made.load(params["params"])
    return made.to(memory_format=torch.channels_last)


def start():
    return noise_models.init(MODULE, jnp.zeros((1, PIXELS, PIXELS, 1)), key=jax.random.key(0))


def training() -> Pair:
    import torch

    images = np.random.default_rng(0).normal(size=(IMAGES, PIXELS, PIXELS, 1)).astype(np.float32)
    x, schedule, params = jnp.asarray(images), schedules.cosine(n_steps=TIMES), start()
    their_x = torch.tensor(images).movedim(-1, 1)
    signal, noise = (torch.tensor(np.asarray(part)).sqrt() for part in (schedule.signal, schedule.noise))
    optimizer = optax.adam(RATE)

    def loss(params, batch, key):
        for_times, for_noise = jax.random.split(key)
        t = jax.random.randint(for_times, (len(batch),), 0, TIMES)
        drawn = jax.random.normal(for_noise, batch.shape)
        return diffusion.loss(lambda x, t: MODULE.apply(params, x, t), schedule, batch, t, drawn)

    def ours():
        options = loop.Options(loss, optimizer, n_steps=STEPS)
        return loop.fit(x, key=jax.random.key(1), options=options, init=params).history

    def theirs():
        torch.manual_seed(0)
        unet = network(params)
        adam = torch.optim.Adam(unet.parameters(), lr=RATE)
        for _ in range(STEPS):
            adam.zero_grad()
            t, drawn = torch.randint(0, TIMES, (IMAGES,)), torch.randn_like(their_x)
            noisy = signal[t][:, None, None, None] * their_x + noise[t][:, None, None, None] * drawn
            value = torch.mean((unet(noisy.contiguous(memory_format=torch.channels_last), t) - drawn) ** 2)
            value.backward()
            adam.step()
        return value.item()

    return Pair(ours, theirs, lambda history: float(history[-1]), float, slack=0.1)


def sampling() -> Pair:
    import torch

    schedule, params, key = schedules.cosine(n_steps=TIMES), start(), jax.random.key(0)
    shape = (IMAGES, PIXELS, PIXELS, 1)

    @jax.jit
    def ours(params, key):
        def predict(x, t):
            return MODULE.apply(params, x, t)

        return diffusion.sample(predict, schedule, key=key, shape=shape, n_times=VISITED, eta=0.0)

    unet = network(params).eval()
    noise = torch.tensor(np.asarray(jax.random.normal(jax.random.split(key)[0], shape))).movedim(-1, 1)
    visited = np.asarray(diffusion.times(VISITED, n_steps=TIMES))
    signal = np.append(1.0, np.asarray(schedule.signal)[visited])
    rest = np.append(0.0, np.asarray(schedule.noise)[visited])

    @torch.inference_mode()
    def theirs():
        x = noise.contiguous(memory_format=torch.channels_last)
        for place in range(VISITED, 0, -1):
            guess = unet(x, torch.full((IMAGES,), int(visited[place - 1])))
            clean = (x - float(rest[place] ** 0.5) * guess) / float(signal[place] ** 0.5)
            x = float(signal[place - 1] ** 0.5) * clean + float(rest[place - 1] ** 0.5) * guess
        return x.movedim(1, -1).numpy()

    usual = theirs()
    return Pair(
        ours=lambda: ours(params, key),
        theirs=theirs,
        loss_of_ours=lambda found: float(np.abs(np.asarray(found) / usual - 1).mean()),
        loss_of_theirs=lambda found: 0.0,
        floor=1e-3,
    )


NETWORK = "torch.nn, channels last"
ROWS = [
    Row(
        f"11.ddpm u-net 64x28x28, {STEPS} steps",
        f"{NETWORK}, Adam",
        training,
        note="loss: mean square of the last step's error; the same weights at the start, draws differ",
    ),
    Row(
        f"11.ddim samples 64x28x28, {VISITED} steps",
        NETWORK,
        sampling,
        note="loss: mean relative distance from the peer's samples, from the same noise and weights",
    ),
]
