"""Unit 2: linear algebra for learning. Each module is one concept, used as a namespace.

- `subspaces`: rank, bases of the four fundamental subspaces, which parameters data can identify.
- `projection`: projectors, least squares as a projection, pseudo-inverse, solvability.
- `conditioning`: condition numbers, what they bound, variance inflation.
- `spectral`: symmetric eigendecomposition, covariance and its ellipse, Mahalanobis distance.
- `whitening`: PCA, ZCA and Cholesky whitening.
- `norms`: L1 and L2 balls, projections onto them, proximal maps.
- `svd`: truncated and randomized singular value decomposition, the Eckart-Young error.
- `pca`: principal component analysis by three solvers, scree plots and their elbow.
- `nmf`: non-negative matrix factorization by multiplicative updates and coordinate descent.
- `nmf_start`: where it starts: from singular vectors or at random.
- `kernels`: inner products in feature spaces: linear, polynomial, RBF, sigmoid, cosine.
- `kernel_pca`: principal components in the feature space of a kernel.
- `krylov`: the leading eigenpairs of a large symmetric matrix.
- `signs`: one rule for the sign of a singular vector.
"""

from mfml.decomposition import (
    conditioning,
    kernel_pca,
    kernels,
    krylov,
    nmf,
    nmf_start,
    norms,
    pca,
    projection,
    signs,
    spectral,
    subspaces,
    svd,
    whitening,
)

__all__ = [
    "conditioning",
    "kernel_pca",
    "kernels",
    "krylov",
    "nmf",
    "nmf_start",
    "norms",
    "pca",
    "projection",
    "signs",
    "spectral",
    "subspaces",
    "svd",
    "whitening",
]
