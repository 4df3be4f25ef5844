"""Unit 1 against scikit-learn."""

import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.regression import ols
from mfml.risk import losses, splits


def linear_data(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlated features of different scales, a linear target with noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d)) @ (np.eye(d) + 0.2 * rng.normal(size=(d, d))) + rng.normal(size=d)
    y = x @ rng.normal(size=d) + 1.0 + rng.normal(size=n)
    return x.astype(np.float32), y.astype(np.float32)


def cross_validation() -> Pair:
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import cross_val_score

    x, y = linear_data(20_000, 50)
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)

    def ours():
        folds = splits.k_fold(len(x), n_splits=10)
        return splits.cross_validate(
            ours_x, ours_y, folds, fit=ols.fit, predict=ols.predict, loss=losses.squared_error
        ).mean

    def theirs():
        return cross_val_score(LinearRegression(), x, y, cv=10, scoring="neg_mean_squared_error")

    return Pair(ours, theirs, float, lambda scores: -scores.mean(), slack=1e-4)


ROWS = [
    Row(
        "1.cross-validation 20000x50, 10 folds",
        "cross_val_score(LinearRegression(), cv=10)",
        cross_validation,
        note="loss: mean squared error over the folds",
    )
]
