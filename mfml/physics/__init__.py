"""Unit 13: physics-informed and constrained learning.

- `fourier`, `differences`: spectra and derivatives of signals and measured curves; `sobolev`: regression on values and
  slopes; `dimensions`: dimensionless groups; `orientations`: averages over the symmetries of a square
- `tableaus`, `integrators`: Euler, Heun and Runge-Kutta steps; `symplectic`: steps that keep the energy
- `adaptive`, `control`, `marching`, `replaying`: Dormand-Prince and Tsitouras, error control, events
- `adjoint`: the end alone, and its gradient in little memory
- `neural_ode`, `neural_integrator`: networks that learn a field, or a step

`neural_integrator` and `neural_ode` load optax: they are imported when first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.physics import (
    adaptive,
    adjoint,
    control,
    differences,
    dimensions,
    fourier,
    integrators,
    marching,
    orientations,
    replaying,
    sobolev,
    symplectic,
    tableaus,
)

__all__ = [
    "adaptive",
    "adjoint",
    "control",
    "differences",
    "dimensions",
    "fourier",
    "integrators",
    "marching",
    "neural_integrator",
    "neural_ode",
    "orientations",
    "replaying",
    "sobolev",
    "symplectic",
    "tableaus",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module that needs optax when it is first asked for."""
    if name in __all__:
        return import_module(f"mfml.physics.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
