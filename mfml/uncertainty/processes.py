"""Gaussian processes with data, as `gp` makes them. Shapes: n samples, d features."""

from typing import NamedTuple

from jaxtyping import Array, Bool, Float, Int

from mfml.uncertainty.kernels import Kernel


class Process(NamedTuple):
    """A Gaussian process, given data."""

    x: Float[Array, "n d"]
    kernel: Kernel
    noise_variance: Float[Array, "*n"]  # squared units of scale; one number or one per sample
    mean: Float[Array, ""]  # units of y
    scale: Float[Array, ""]  # units of y
    lower: Float[Array, "n n"]  # Cholesky factor of A, units of scale
    coef: Float[Array, " n"]  # A^-1 (y - mean) / scale, inverse units of scale
    jitter: Float[Array, ""]  # squared units of scale; 0 in most cases
    log_evidence: Float[Array, ""]  # nats, of y in its units


class Fitted(NamedTuple):
    """A Gaussian process with the hyperparameters of the largest evidence."""

    x: Float[Array, "n d"]
    kernel: Kernel
    noise_variance: Float[Array, "*n"]  # known and learned together; all fields as in `Process`
    mean: Float[Array, ""]
    scale: Float[Array, ""]
    lower: Float[Array, "n n"]
    coef: Float[Array, " n"]
    jitter: Float[Array, ""]
    log_evidence: Float[Array, ""]
    history: Float[Array, " steps"]  # negative log evidence at the start and after each step, nats, then NaN
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the next step would raise the evidence by at most tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, NON_FINITE or STALLED, see `mfml.iteration`
