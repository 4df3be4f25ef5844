"""Examples of diffusion, guidance, flow matching and EDM."""

import jax
import jax.numpy as jnp

from mfml.generative import diffusion, edm, flow_matching, guidance, noise_models, noising, schedules
from tests.contract import Example

T, N = 6, 4
SCHEDULE = schedules.linear(n_steps=T, low=0.05, high=0.5)


def samples(key, *names):
    """Arrays like samples, one for each name, and times."""
    keys = jax.random.split(key, len(names) + 1)
    found = {name: jax.random.normal(own, (N, 3)) for name, own in zip(names, keys[1:], strict=True)}
    return {**found, "t": jax.random.randint(keys[0], (N,), 0, T)}


def noisy(key, *names):
    return {"schedule": SCHEDULE, **samples(key, *names)}


def walk(key):
    return {"schedule": SCHEDULE, "key": key}


def lines(key):
    found = samples(key, "x", "noise")
    return {"x": found["x"], "noise": found["noise"], "s": found["t"] / T}


def levels(key):
    return {**{k: v for k, v in lines(key).items() if k != "s"}, "sigma": jnp.array([0.1, 0.5, 2.0, 30.0])}


def guess(x, t):
    return jnp.tanh(x) + 0.1 * t[:, None]


def labeled(x, t, labels):
    return guess(x, t) * labels[:, None]


def restored(x, sigma):
    return x / (1 + sigma[:, None] ** 2)


READ_AGAIN = {"warm": "the caller's function is read at every call"}


EXAMPLES = [
    Example(schedules.linear, lambda key: {}, {"n_steps": 5}, batched=()),
    Example(schedules.cosine, lambda key: {}, {"n_steps": 5}, batched=()),
    Example(schedules.before, lambda key: {"schedule": SCHEDULE}),
    Example(schedules.strided, lambda key: {"schedule": SCHEDULE, "times": jnp.array([0, 2, 5])}),
    Example(schedules.kept, lambda key: {"schedule": SCHEDULE}),
    Example(schedules.posterior_variance, lambda key: {"schedule": SCHEDULE}),
    Example(schedules.log_snr, lambda key: {"schedule": SCHEDULE}),
    Example(noising.add, lambda key: noisy(key, "x", "noise"), gradient=("x", "noise")),
    Example(noising.target, lambda key: noisy(key, "x", "noise"), gradient=("x", "noise")),
    *(
        Example(noising.parts, lambda key: noisy(key, "noisy", "guess"), {"kind": kind}, gradient=("noisy", "guess"))
        for kind in noising.KINDS
    ),
    Example(
        diffusion.loss, lambda key: noisy(key, "x", "noise"), {"predict": guess, "kind": "velocity"}, gradient=("x",)
    ),
    Example(
        diffusion.step_back,
        lambda key: {**noisy(key, "noisy", "guess", "noise"), "t": jnp.array(3)},
        gradient=("noisy", "guess", "noise"),
    ),
    Example(diffusion.times, lambda key: {}, {"n_times": 3, "n_steps": 9}, batched=()),
    Example(diffusion.sample, walk, {"predict": guess, "shape": (N, 3)}, x64=False, exempt=READ_AGAIN),
    Example(
        diffusion.sample,
        walk,
        {"predict": guess, "shape": (N, 3), "n_times": 3, "eta": 0.0, "kind": "clean", "limit": 2.0},
        x64=False,
        exempt=READ_AGAIN,
    ),
    Example(
        guidance.mix,
        lambda key: {"known": jnp.ones((2, 3)), "unknown": jax.random.normal(key, (2, 3)), "strength": 2.0},
    ),
    Example(
        guidance.guess,
        lambda key: {**samples(key, "x"), "labels": jnp.arange(N) % 3},
        {"predict": labeled, "strength": 1.5, "unknown": 3},
        gradient=("x",),
    ),
    Example(guidance.dropped, lambda key: {"labels": jnp.arange(N), "key": key, "rate": 0.5, "unknown": 9}),
    Example(
        flow_matching.loss,
        lines,
        {"predict": guess},
        gradient=("x", "noise"),
        exempt=dict.fromkeys(("unit", "integers"), "times lie between 0 and 1"),
    ),
    Example(
        flow_matching.sample,
        lambda key: {"noise": lines(key)["noise"]},
        {"predict": guess, "n_steps": 4},
        exempt=READ_AGAIN,
    ),
    Example(
        flow_matching.sample,
        lambda key: {"noise": lines(key)["noise"]},
        {"predict": guess, "n_steps": 4, "solver": "euler"},
        exempt=READ_AGAIN,
    ),
    Example(
        flow_matching.log_prob,
        lambda key: {"x": lines(key)["x"]},
        {"predict": guess, "n_steps": 4},
        gradient=("x",),
        exempt=READ_AGAIN,
    ),
    Example(
        flow_matching.log_prob,
        lambda key: {"x": lines(key)["x"], "key": key},
        {"predict": guess, "n_steps": 4, "n_probes": 2},
        x64=False,
        exempt=READ_AGAIN,
    ),
    Example(
        edm.denoise,
        lambda key: {k: v for k, v in levels(key).items() if k != "noise"},
        {"network": guess},
        gradient=("x",),
    ),
    Example(
        edm.loss,
        levels,
        {"network": guess},
        gradient=("x",),
        exempt={"integers": "noise levels are positive, and may be rounded to 0"},
    ),
    Example(edm.draw_sigma, lambda key: {"key": key}, {"n_samples": 3}, x64=False),
    Example(edm.levels, lambda key: {}, {"n_steps": 5}, batched=()),
    Example(
        edm.sample,
        lambda key: {"noise": lines(key)["noise"], "sigmas": edm.levels(5)},
        {"denoiser": restored},
        gradient=("noise",),
        exempt={**READ_AGAIN, "integers": "noise levels fall, and may be rounded to the same number"},
    ),
    Example(
        noise_models.init,
        lambda key: {"key": key, "x": jnp.ones((1, 2))},
        {"module": noise_models.MLP(hidden=(4,))},
        x64=False,
        exempt={"missing": "only the shape of x counts"},
    ),
    Example(noise_models.waves, lambda key: {"t": jnp.linspace(0, 1, 5)}, gradient=("t",), tolerance=1e-3),
]
