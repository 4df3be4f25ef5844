"""Unit 12: uncertainty in predictions.

- `prediction`: mean, noise and doubt of a prediction, in the form that all models of this unit share
- `decompose`: aleatoric and epistemic parts, by variances and by entropies
- `kernels`: covariance functions of Gaussian processes, their sums and products; `jitter`: their Cholesky factors
- `gp`: Gaussian processes: posterior, prediction and fit; `processes`: what it returns
- `gp_predictions`, `gp_evidence`, `gp_samples`: what `gp` names, too: predictions, evidence and leave-one-out, draws
- `gp_hyperparameters`, `hyperparameter_ranges`: the largest evidence, and where hyperparameters may lie
- `evidence`: Bayesian linear regression whose prior and noise come from the data; `bayesian_logistic`: for classes
- `perceptron`: what the networks of this unit share
- `ensemble`, `dropout`, `laplace`: networks that know what they do not know

`perceptron`, `ensemble`, `dropout` and `laplace` load optax: they are imported when first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.uncertainty import (
    bayesian_logistic,
    decompose,
    evidence,
    gp,
    gp_evidence,
    gp_hyperparameters,
    gp_predictions,
    gp_samples,
    hyperparameter_ranges,
    jitter,
    kernels,
    prediction,
    processes,
)

__all__ = [
    "bayesian_logistic",
    "decompose",
    "dropout",
    "ensemble",
    "evidence",
    "gp",
    "gp_evidence",
    "gp_hyperparameters",
    "gp_predictions",
    "gp_samples",
    "hyperparameter_ranges",
    "jitter",
    "kernels",
    "laplace",
    "perceptron",
    "prediction",
    "processes",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module that needs optax when it is first asked for."""
    if name in __all__:
        return import_module(f"mfml.uncertainty.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
