"""Unit 11: generative models.

- `vae`: variational autoencoders; `vae_networks`, `decoders`, `variational`: their networks, noise models and bounds
- `schedules`, `noising`, `diffusion`: noise schedules, noisy data, and DDPM and DDIM; `guidance`: without a classifier
- `flow_matching`: rectified flow and its likelihood; `edm`: preconditioning and Heun's sampler
- `noise_models`: networks for vectors and images
- `flow`: normalizing flows with exact likelihood; `couplings`, `splines`: what they are made of
- `gan`, `adversarial`: generative adversarial networks, and their losses
- `evaluation`, `frechet`, `fidelity`: how far samples are from data, and the diagnosis of collapse
- `two_moons`: a density on which models are compared; `standard`: units in which models work
- `design`, `simplex`: recipes of alloys for a target; `two_point`: statistics of microstructures

`noise_models` needs flax, and `vae`, `vae_networks`, `flow`, `gan` and `design` load optax: they are imported
when first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.generative import (
    adversarial,
    couplings,
    decoders,
    diffusion,
    edm,
    evaluation,
    fidelity,
    flow_matching,
    frechet,
    guidance,
    noising,
    schedules,
    simplex,
    splines,
    standard,
    two_moons,
    two_point,
    variational,
)

__all__ = [
    "adversarial",
    "couplings",
    "decoders",
    "design",
    "diffusion",
    "edm",
    "evaluation",
    "fidelity",
    "flow",
    "flow_matching",
    "frechet",
    "gan",
    "guidance",
    "noise_models",
    "noising",
    "schedules",
    "simplex",
    "splines",
    "standard",
    "two_moons",
    "two_point",
    "vae",
    "vae_networks",
    "variational",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module that needs flax or optax when it is first asked for."""
    if name in __all__:
        return import_module(f"mfml.generative.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
