"""Unit 12: uncertainty in predictions.

- `prediction`: mean, noise and doubt of a prediction, in the form that all models of this unit share
- `decompose`: aleatoric and epistemic parts, by variances and by entropies
- `evidence`: Bayesian linear regression whose prior and noise come from the data; `bayesian_logistic`: for classes
- `perceptron`: what the networks of this unit share
- `ensemble`, `dropout`, `laplace`: networks that know what they do not know

`perceptron`, `ensemble`, `dropout` and `laplace` load optax: they are imported when first used.
"""

from importlib import import_module
from types import ModuleType

from mfml.uncertainty import bayesian_logistic, decompose, evidence, prediction

__all__ = [
    "bayesian_logistic",
    "decompose",
    "dropout",
    "ensemble",
    "evidence",
    "laplace",
    "perceptron",
    "prediction",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module that needs optax when it is first asked for."""
    if name in __all__:
        return import_module(f"mfml.uncertainty.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
