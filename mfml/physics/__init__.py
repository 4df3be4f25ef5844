"""Unit 13: physics-informed and constrained learning.

- `operators`: derivatives of functions of coordinates
- `problems`: equations on boxes, with `vibrations` (oscillator, wave), `transport` (heat, Burgers), `equilibrium`
  (Poisson, bar, plane strain) and `phase_field` (Allen-Cahn); `fields`: what they share
- `pinn`: physics-informed networks; `pinn_networks`, `pinn_terms`, `pinn_losses`, `pinn_training`, `collocation`: their
  parts; `levenberg_marquardt`: sums of squares
- `inverse`: parameters from data, with their uncertainty
- `fourier`, `differences`: spectra and derivatives of signals and measured curves; `sobolev`: regression on values and
  slopes; `dimensions`: dimensionless groups; `orientations`: averages over the symmetries of a square
- `tableaus`, `integrators`: Euler, Heun and Runge-Kutta steps; `symplectic`: steps that keep the energy
- `adaptive`, `control`, `marching`, `replaying`: Dormand-Prince and Tsitouras, error control, events
- `adjoint`: the end alone, and its gradient in little memory
- `neural_ode`, `neural_integrator`: networks that learn a field, or a step
- `penalty`, `augmented_lagrangian`: minima under constraints; `constrained`: the solver of both
- `projected_gradient`: minima over sets; `sets`: projections onto them
- `balance`: predictions that fulfill conservation laws; `monotone`: networks that are monotone or convex

`inverse`, `monotone`, `neural_integrator`, `neural_ode`, `pinn` and `pinn_training` load optax: they are imported when
first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.physics import (
    adaptive,
    adjoint,
    augmented_lagrangian,
    balance,
    collocation,
    constrained,
    control,
    differences,
    dimensions,
    equilibrium,
    fields,
    fourier,
    integrators,
    levenberg_marquardt,
    marching,
    operators,
    orientations,
    penalty,
    phase_field,
    pinn_losses,
    pinn_networks,
    pinn_terms,
    problems,
    projected_gradient,
    replaying,
    sets,
    sobolev,
    symplectic,
    tableaus,
    transport,
    vibrations,
)

__all__ = [
    "adaptive",
    "adjoint",
    "augmented_lagrangian",
    "balance",
    "collocation",
    "constrained",
    "control",
    "differences",
    "dimensions",
    "equilibrium",
    "fields",
    "fourier",
    "integrators",
    "inverse",
    "levenberg_marquardt",
    "marching",
    "monotone",
    "neural_integrator",
    "neural_ode",
    "operators",
    "orientations",
    "penalty",
    "phase_field",
    "pinn",
    "pinn_losses",
    "pinn_networks",
    "pinn_terms",
    "pinn_training",
    "problems",
    "projected_gradient",
    "replaying",
    "sets",
    "sobolev",
    "symplectic",
    "tableaus",
    "transport",
    "vibrations",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module that needs optax when it is first asked for."""
    if name in __all__:
        return import_module(f"mfml.physics.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
