"""Unit 8: probability, noise and likelihood.

- `gaussian`: the multivariate normal: density, sampling, parts, parts given other parts.
- `maximum_entropy`: the least committed distribution with given moments.
- `central_limit`: how fast means of anything become normal.
- `information`: entropy, cross-entropy, KL divergence, mutual information.
- `likelihood`: negative log-likelihoods of noise models: normal, Laplace, Student-t, labels, counts.
- `mle`: maximum likelihood and maximum a posteriori, closed and by Newton's method.
- `fisher`: Fisher information and standard errors.
- `bayes`: conjugate priors, posteriors and predictions.
- `bayesian_regression`: Bayesian linear regression, which is ridge regression with a meaning.
- `robust`: regression with Student-t noise by EM.
- `intervals`: credible, confidence and bootstrap intervals, and their coverage.
- `sampling`, `diagnostics`: Metropolis, Hamiltonian Monte Carlo; effective sample size, R-hat.
- `warmup`: how a sampler finds its step size and scales.
- `hierarchical`: groups that share what they know (eight schools), with and without a funnel.
- `mixture_density`: a network that predicts a mixture of normal distributions.
- `enrichment`: noise on the inputs, and the penalty that it stands for.
- `calibration`: whether predicted probabilities mean what they say.

`mixture_density` brings networks and the training loop with it, and is loaded when first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.probability import (
    bayes,
    bayesian_regression,
    calibration,
    central_limit,
    diagnostics,
    enrichment,
    fisher,
    gaussian,
    hierarchical,
    information,
    intervals,
    likelihood,
    maximum_entropy,
    mle,
    robust,
    sampling,
    warmup,
)

__all__ = [
    "bayes",
    "bayesian_regression",
    "calibration",
    "central_limit",
    "diagnostics",
    "enrichment",
    "fisher",
    "gaussian",
    "hierarchical",
    "information",
    "intervals",
    "likelihood",
    "maximum_entropy",
    "mixture_density",
    "mle",
    "robust",
    "sampling",
    "warmup",
]


def __getattr__(name: str) -> ModuleType:
    """Load `mixture_density` on first use."""
    if name == "mixture_density":
        return import_module("mfml.probability.mixture_density")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
