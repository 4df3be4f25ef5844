"""Unit 3: regression as loss minimization.

- `ols`: ordinary and weighted least squares, its fit, errors and leverages.
- `bases`: design matrices of polynomial, spline, Fourier and radial basis functions of one variable.
- `scaling`: the scaled design matrix on which the solvers work.
"""

from mfml.regression import bases, ols, scaling

__all__ = ["bases", "ols", "scaling"]
