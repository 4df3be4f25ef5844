"""Unit 3: regression as loss minimization.

- `ols`: ordinary and weighted least squares in closed form; their errors and leverages.
- `descent`: gradient descent with all samples, with mini-batches, or with single samples (stochastic).
- `rates`: the largest stable learning rate; predicted and observed rates of convergence.
- `bases`: design matrices of polynomials, splines, waves and bumps of one variable.
- `runge`: polynomial interpolation, its nodes, and where it fails.
- `logistic`: logistic regression by Newton's method.
- `scaling`: the scaled design matrix on which the solvers work.
"""

from mfml.regression import bases, descent, logistic, ols, rates, runge, scaling

__all__ = ["bases", "descent", "logistic", "ols", "rates", "runge", "scaling"]
