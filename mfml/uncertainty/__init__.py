"""Unit 12: uncertainty in predictions.

- `prediction`: mean, noise and doubt of a prediction, in the form that all models of this unit share
- `decompose`: aleatoric and epistemic parts, by variances and by entropies
- `kernels`: covariance functions of Gaussian processes, their sums and products; `jitter`: their Cholesky factors
- `gp`: Gaussian processes: posterior, prediction and fit; `processes`: what it returns
- `gp_predictions`, `gp_evidence`, `gp_samples`: what `gp` names, too: predictions, evidence and leave-one-out, draws
- `gp_hyperparameters`, `hyperparameter_ranges`: the largest evidence, and where hyperparameters may lie
- `sparse_gp`: Gaussian processes for many samples; `collapsed`, `inducing`: their bound and their inducing inputs
- `conjugate_gradients`: the exact mean for many samples; `products`: kernel matrices that are never stored
- `evidence`: Bayesian linear regression whose prior and noise come from the data; `bayesian_logistic`: for classes
- `evidence_fixed`: what `evidence` names, too: for a known prior; `evidence_steps`: the steps to the largest evidence
- `perceptron`: what the networks of this unit share
- `ensemble`, `dropout`, `laplace`: networks that know what they do not know
- `acquisition`: how much a measurement promises
- `active`: which experiment is next, and whole campaigns; `surrogate`: the model that they learn
- `conformal`, `conformal_regression`, `conformal_sets`: intervals and sets that hold the truth as often as they say;
  `conformal_shift`: under shift; `quantiles`: quantile regression
- `temperature`, `isotonic`, `recalibration`: honest probabilities, and honest quantiles
- `scores`: proper scores, coverage, sharpness; `compare`: one table of several methods

`active`, `dropout`, `ensemble`, `laplace`, `perceptron` and `surrogate` load optax: they are imported when first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.uncertainty import (
    acquisition,
    bayesian_logistic,
    collapsed,
    compare,
    conformal,
    conformal_regression,
    conformal_sets,
    conformal_shift,
    conjugate_gradients,
    decompose,
    evidence,
    evidence_fixed,
    evidence_steps,
    gp,
    gp_evidence,
    gp_hyperparameters,
    gp_predictions,
    gp_samples,
    hyperparameter_ranges,
    inducing,
    isotonic,
    jitter,
    kernels,
    prediction,
    processes,
    products,
    quantiles,
    recalibration,
    scores,
    sparse_gp,
    temperature,
)

__all__ = [
    "acquisition",
    "active",
    "bayesian_logistic",
    "collapsed",
    "compare",
    "conformal",
    "conformal_regression",
    "conformal_sets",
    "conformal_shift",
    "conjugate_gradients",
    "decompose",
    "dropout",
    "ensemble",
    "evidence",
    "evidence_fixed",
    "evidence_steps",
    "gp",
    "gp_evidence",
    "gp_hyperparameters",
    "gp_predictions",
    "gp_samples",
    "hyperparameter_ranges",
    "inducing",
    "isotonic",
    "jitter",
    "kernels",
    "laplace",
    "perceptron",
    "prediction",
    "processes",
    "products",
    "quantiles",
    "recalibration",
    "scores",
    "sparse_gp",
    "surrogate",
    "temperature",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module that needs optax when it is first asked for."""
    if name in __all__:
        return import_module(f"mfml.uncertainty.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
