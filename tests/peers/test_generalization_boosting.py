"""Unit 7 against XGBoost: the quality of our boosting beside theirs."""

import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generalization import boosting

RNG = np.random.default_rng(0)
N, TRAIN = 900, 600
X = RNG.normal(size=(N, 5)).astype(np.float32)
SIGNAL = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + X[:, 2] * X[:, 3]
X[RNG.uniform(size=X.shape) < 0.1] = np.nan
Y = (SIGNAL + 0.3 * RNG.normal(size=N)).astype(np.float32)


def test_quality_is_that_of_xgboost():
    xgboost = pytest.importorskip("xgboost")
    options = {"objective": "reg:squarederror", "max_depth": 4, "eta": 0.2, "nthread": 1, "lambda": 1.0}
    theirs = xgboost.train(options, xgboost.DMatrix(X[:TRAIN], Y[:TRAIN]), 40)
    ours = boosting.fit(jnp.asarray(X[:TRAIN]), jnp.asarray(Y[:TRAIN]), max_iter=40, max_depth=4, learning_rate=0.2)
    error = np.mean((np.asarray(boosting.predict(ours, jnp.asarray(X[TRAIN:]))) - Y[TRAIN:]) ** 2)
    assert error < 1.05 * np.mean((theirs.predict(xgboost.DMatrix(X[TRAIN:])) - Y[TRAIN:]) ** 2)
