"""Unit 6: loss landscapes and optimization.

- `surfaces`: test functions with known minima: quadratics of any condition number, valleys, saddles, egg boxes.
- `curvature`: Hessian, Gauss-Newton matrix, their products with vectors; kinds of stationary points.
- `lanczos`: extreme eigenvalues and spectral density of a Hessian that is never formed.
- `optimizers`: gradient descent to AdamW and Newton, as pairs of init and update.
- `trajectories`: the path of an optimizer, point by point.
- `slices`: what a landscape looks like along a line, in a random plane, in the plane of a trajectory.
- `sharpness`: flat and sharp minima; sharpness-aware minimization.
- `ntk`: the empirical tangent kernel, its change over training; lazy and rich training.
- `trainability`: for which learning rates training converges; the dimension of the boundary.
- `mean_field`: two-layer networks as clouds of particles.
"""

from mfml.landscapes import (
    curvature,
    lanczos,
    mean_field,
    ntk,
    optimizers,
    sharpness,
    slices,
    surfaces,
    trainability,
    trajectories,
)

__all__ = [
    "curvature",
    "lanczos",
    "mean_field",
    "ntk",
    "optimizers",
    "sharpness",
    "slices",
    "surfaces",
    "trainability",
    "trajectories",
]
