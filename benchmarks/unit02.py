"""Unit 2 against scikit-learn."""

import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.decomposition import kernel_pca, nmf, pca, svd


def low_rank_data(n: int, d: int, *, rank: int, noise: float = 0.05) -> np.ndarray:
    """A matrix whose spectrum falls like 1/i for `rank` directions and is flat after that."""
    rng = np.random.default_rng(0)
    strength = 1 / np.arange(1, rank + 1)
    x = (rng.normal(size=(n, rank)) * strength) @ rng.normal(size=(rank, d)) + noise * rng.normal(size=(n, d))
    return x.astype(np.float32)


def share_missed(x: np.ndarray, rows: np.ndarray) -> float:
    """Share of the squares of x outside the span of these orthonormal rows."""
    x, rows = x.astype(np.float64), np.asarray(rows, np.float64)
    return 1 - float(np.sum((x @ rows.T) ** 2) / np.sum(x**2))


def principal_components() -> Pair:
    from sklearn.decomposition import PCA

    x = low_rank_data(20_000, 200, rank=40)
    on_device = jnp.asarray(x)
    centered = x - x.mean(axis=0)
    return Pair(
        ours=lambda: pca.fit(on_device, n_components=10),
        theirs=lambda: PCA(n_components=10).fit(x),
        loss_of_ours=lambda model: share_missed(centered, model.components),
        loss_of_theirs=lambda model: share_missed(centered, model.components_),
        slack=1e-4,
    )


def randomized_svd() -> Pair:
    from sklearn.utils.extmath import randomized_svd as peer

    x = low_rank_data(4_000, 2_000, rank=60)
    on_device, key = jnp.asarray(x), jax.random.key(0)
    return Pair(
        ours=lambda: svd.randomized(on_device, key=key, n_components=20, n_oversamples=10, iterated_power=4),
        theirs=lambda: peer(x, 20, n_oversamples=10, n_iter=4, random_state=0),
        loss_of_ours=lambda parts: share_missed(x, parts.vt),
        loss_of_theirs=lambda parts: share_missed(x, parts[2]),
        slack=1e-3,
    )


def factorization(solver: str) -> Pair:
    from sklearn.decomposition import NMF

    rng = np.random.default_rng(0)
    x = rng.exponential(size=(5_000, 15)) @ rng.exponential(size=(15, 400)) ** 3
    x = (x * rng.uniform(0.9, 1.1, size=x.shape)).astype(np.float32)
    on_device, key = jnp.asarray(x), jax.random.key(0)

    def ours():
        return nmf.fit(on_device, n_components=15, init="nndsvda", solver=solver, max_iter=200, tol=0.0, key=key)

    def theirs():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 200 iterations are meant, converged or not
            model = NMF(15, init="nndsvda", solver=solver, max_iter=200, tol=0.0, random_state=0)
            return model.fit_transform(x), model.components_

    def misfit(factors):
        w, h = (np.asarray(factor, np.float64) for factor in factors[:2])
        return np.linalg.norm(x - w @ h) / np.linalg.norm(x)

    return Pair(ours, theirs, misfit, misfit)


def kernel_components(solver: str, eigen_solver: str) -> Pair:
    from sklearn.decomposition import KernelPCA

    rng = np.random.default_rng(0)
    center = 3 * rng.normal(size=(8, 10))
    x = (center[rng.integers(8, size=2_000)] + rng.normal(size=(2_000, 10))).astype(np.float32)
    on_device, key = jnp.asarray(x), jax.random.key(0)

    def ours():
        model = kernel_pca.fit(on_device, n_components=10, kernel="rbf", gamma=0.02, solver=solver, key=key)
        return kernel_pca.embedding(model)

    def theirs():
        model = KernelPCA(10, kernel="rbf", gamma=0.02, eigen_solver=eigen_solver, random_state=0)
        return model.fit_transform(x)

    squares = ((x[:, None].astype(np.float64) - x) ** 2).sum(axis=-1)
    gram = np.exp(-0.02 * squares)
    gram -= gram.mean(axis=0)
    gram -= gram.mean(axis=1, keepdims=True)

    def misfit(embedding):
        z = np.asarray(embedding, np.float64)
        return np.linalg.norm(gram - z @ z.T) / np.linalg.norm(gram)

    return Pair(ours, theirs, misfit, misfit, slack=1e-4)


ROWS = [
    Row(
        "2.pca 20000x200, k=10",
        "PCA(10)",
        principal_components,
        note="loss: share of variance missed; both take the eigenvectors of the covariance",
    ),
    Row(
        "2.randomized svd 4000x2000, k=20",
        "randomized_svd(n_iter=4)",
        randomized_svd,
        note="loss: share of squares missed; both with 10 oversamples and 4 power iterations",
    ),
    Row(
        "2.nmf cd 5000x400, k=15, 200 iterations",
        "NMF(solver='cd')",
        partial(factorization, "cd"),
        note="loss: relative misfit; both start from nndsvda and compute it",
    ),
    Row(
        "2.nmf mu 5000x400, k=15, 200 iterations",
        "NMF(solver='mu')",
        partial(factorization, "mu"),
        note="loss: relative misfit; both start from nndsvda and compute it",
    ),
    Row(
        "2.kernel pca rbf n=2000, k=10",
        "KernelPCA(10)",
        partial(kernel_components, "krylov", "auto"),
        note="loss: relative misfit of the centered kernel matrix; the peer's default, dense at this size",
    ),
    Row(
        "2.kernel pca rbf n=2000, k=10, both iterative",
        "KernelPCA(10, eigen_solver='arpack')",
        partial(kernel_components, "krylov", "arpack"),
        note="loss: relative misfit of the centered kernel matrix; the peer's fastest exact solver",
    ),
    Row(
        "2.kernel pca rbf n=2000, k=10, both dense",
        "KernelPCA(10, eigen_solver='dense')",
        partial(kernel_components, "dense", "dense"),
        note="loss: relative misfit of the centered kernel matrix; ours computes all 2000 eigenvectors, since "
        "XLA's decomposition on a CPU cannot stop at the 10 that the peer asks LAPACK for",
    ),
]
