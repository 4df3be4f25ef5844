"""Unit 12 against scikit-learn: Gaussian processes for many samples, with hyperparameters as they are.

The peer of the sparse process is the Nystroem method, and ridge regression on its features. It draws its points, and
ours are chosen, so 185 of them do as well as 200. The loss is the error of the mean against the function that the data
were made from, as a root of the mean square.
"""

from functools import partial

import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.uncertainty import conjugate_gradients, sparse_gp
from mfml.uncertainty.kernels import RBF

LENGTH, NOISE, D, TESTS = 0.5, 0.01, 3, 2000


def surface(x: np.ndarray) -> np.ndarray:
    return np.sin(4 * x[:, 0]) + x[:, 1] ** 2 * x[:, 2]


def data(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (n, D)).astype(np.float32)
    y = surface(x) + np.sqrt(NOISE) * rng.normal(size=n)
    return x, y.astype(np.float32), rng.uniform(-1, 1, (TESTS, D)).astype(np.float32)


def error(new: np.ndarray, prediction) -> float:
    return float(np.sqrt(np.mean((np.asarray(prediction) - surface(new)) ** 2)))


def sparse(n: int, m: int) -> Pair:
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    x, y, new = data(n)
    on_device = jnp.asarray(x), jnp.asarray(y)

    def ours():
        model = sparse_gp.fit(
            *on_device, kernel=RBF(LENGTH), noise_variance=NOISE, n_inducing=m - 15, n_candidates=20 * m, max_iter=0
        )
        return sparse_gp.predict(model, new)

    def theirs():
        features = Nystroem(gamma=0.5 / LENGTH**2, n_components=m, random_state=0)
        return make_pipeline(features, Ridge(alpha=NOISE)).fit(x, y).predict(new)

    return Pair(ours, theirs, partial(error, new), partial(error, new), slack=0.05)


def exact(n: int) -> Pair:
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels

    x, y, new = data(n)
    on_device = jnp.asarray(x), jnp.asarray(y)

    def ours():
        model = conjugate_gradients.fit(*on_device, kernel=RBF(LENGTH), noise_variance=NOISE, tol=1e-3)
        return conjugate_gradients.predict(model, new)

    def theirs():
        return GaussianProcessRegressor(kernels.RBF(LENGTH, "fixed"), alpha=NOISE).fit(x, y).predict(new)

    return Pair(ours, theirs, partial(error, new), partial(error, new), slack=0.05)


ROWS = [
    Row(
        "12.sparse_gp 50000x3",
        "Nystroem of 200 points, Ridge",
        partial(sparse, 50_000, 200),
        note="ours has 185 inducing inputs, which do as well; it also has variances and the bound",
        min_pairs=3,
    ),
    Row(
        "12.conjugate gradients 3000x3",
        "GaussianProcessRegressor, no search",
        partial(exact, 3_000),
        note="ours needs no n by n matrix; theirs works in double precision",
        min_pairs=3,
    ),
]
