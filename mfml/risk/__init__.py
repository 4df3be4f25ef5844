"""Unit 1. Learning as optimization: losses, empirical risk, splits, leakage, limits, reinforcement.

- `losses`: the cost of an error: squared, absolute, Huber, pinball, zero-one, hinge, logistic, cross-entropy.
- `metrics`: scores of predictions: R2 and accuracy.
- `empirical`: the mean loss over data as a function of the parameters, and its minimum by gradient descent.
- `splits`: train, validation and test sets; folds of every kind; cross-validation as one vmapped call.
- `leakage`: five ways to fool oneself, each with the leaky score next to the honest one.
- `limits`: no free lunch by enumeration; the curse of dimensionality in numbers.
- `bandit`, `reinforcement`: the third kind of learning, from rewards instead of answers.
"""

from mfml.risk import bandit, empirical, leakage, limits, losses, metrics, reinforcement, splits

__all__ = ["bandit", "empirical", "leakage", "limits", "losses", "metrics", "reinforcement", "splits"]
