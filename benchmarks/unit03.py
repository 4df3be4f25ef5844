"""Unit 3 against scikit-learn."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from benchmarks.unit01 import linear_data
from mfml.regression import logistic, ols


def least_squares() -> Pair:
    from sklearn.linear_model import LinearRegression

    x, y = linear_data(100_000, 50)
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)

    def misfit(coef, intercept):
        residual = y.astype(np.float64) - x.astype(np.float64) @ np.asarray(coef, np.float64) - float(intercept)
        return float(np.mean(residual**2))

    return Pair(
        ours=lambda: ols.fit(ours_x, ours_y),
        theirs=lambda: LinearRegression().fit(x, y),
        loss_of_ours=lambda model: misfit(model.coef, model.intercept),
        loss_of_theirs=lambda model: misfit(model.coef_, model.intercept_),
        slack=1e-5,
    )


def logistic_regression(solver: str) -> Pair:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x, signal = linear_data(50_000, 50)
    y = (signal - signal.mean() + 5 * rng.logistic(size=len(x)) > 0).astype(np.int32)
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)

    def objective(coef, intercept):
        coef = np.asarray(coef, np.float64).ravel()
        logits = x.astype(np.float64) @ coef + np.asarray(intercept, np.float64).item()
        loss = np.logaddexp(0, np.where(y > 0, -logits, logits)).sum()
        return float(loss + 0.5 * coef @ coef) / len(x)

    return Pair(
        ours=lambda: logistic.fit(ours_x, ours_y, C=1.0),
        theirs=lambda: LogisticRegression(C=1.0, solver=solver).fit(x, y),
        loss_of_ours=lambda model: objective(model.coef, model.intercept),
        loss_of_theirs=lambda model: objective(model.coef_, model.intercept_),
        slack=1e-6,
    )


ROWS = [
    Row("3.ols 100000x50", "LinearRegression()", least_squares, note="loss: mean squared residual"),
    Row(
        "3.logistic 50000x50, against newton",
        "LogisticRegression(solver='newton-cholesky')",
        partial(logistic_regression, "newton-cholesky"),
        note="loss: penalized objective in nats per sample; the same method on both sides",
    ),
    Row(
        "3.logistic 50000x50, against lbfgs",
        "LogisticRegression()",
        partial(logistic_regression, "lbfgs"),
        note="loss: penalized objective in nats per sample; the peer's default method",
    ),
]
