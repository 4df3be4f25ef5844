"""Hyperparameters and labels that mean nothing are refused, and give NaN where they are traced."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generalization import (
    bias_variance,
    boosting,
    boosting_rounds,
    dropout,
    elastic_net,
    forest,
    lasso,
    objectives,
    ridge,
    tree,
    validation,
)
from mfml.risk import losses, splits

RNG = np.random.default_rng(8)
X = RNG.normal(size=(30, 2)).astype(np.float32)
Y = (X[:, 0] + 0.1 * RNG.normal(size=30)).astype(np.float32)
KEY = jax.random.key(0)
FOREST = {"key": KEY, "n_estimators": 2, "max_depth": 2}
CASES = {
    "tree": ("min_samples_leaf", lambda v: tree.fit(X, Y, max_depth=1, min_samples_leaf=v).value),
    "forest": ("min_samples_leaf", lambda v: forest.fit(X, Y, min_samples_leaf=v, **FOREST).trees.value),
    **{
        name: (name, lambda v, name=name: boosting.fit(X, Y, max_iter=1, max_depth=1, **{name: v}).offset)
        for name in ("learning_rate", "gamma", "min_child_weight", "l2_regularization")
    },
    "ridge": ("alphas", lambda v: ridge.path(X, Y, jnp.stack([jnp.asarray(1.0), v])).coef[1]),
    "lasso": ("alphas", lambda v: lasso.path(X, Y, jnp.stack([jnp.asarray(1.0), v])).coef[1]),
    "mask": ("rate", lambda v: dropout.mask((3,), key=KEY, rate=v)),
    "penalty": ("rate", lambda v: dropout.ridge_penalty(X, rate=v)),
    "noise": ("noise_variance", lambda v: bias_variance.decompose(X, Y[:2], noise_variance=v).error),
    "grid": ("l1_ratio", lambda v: elastic_net.grid(elastic_net.problem(X, Y), n_alphas=2, l1_ratio=v)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_negative_hyperparameter_is_refused_or_gives_nan(case):
    name, call = CASES[case]
    with pytest.raises(ValueError, match=name):
        call(jnp.asarray(-1.0))
    assert np.isnan(jax.jit(call)(-1.0)).all()
    assert np.isnan(jax.jit(call)(jnp.nan)).all()


def test_traced_labels_of_two_classes_are_0_and_1_or_nan():
    wrong = (Y > 0) + 1
    assert np.isnan(jax.jit(lambda y: boosting.fit(X, y, loss="logistic", max_iter=1, max_depth=1).offset)(wrong)).all()
    assert np.isnan(objectives.sample_losses(jnp.zeros((1, 2)), jnp.array([1, 2]), loss="logistic")[1])


def test_rounds_refuse_negative_weights():
    task = boosting_rounds.problem(X, Y, max_bins=3)
    start, rates = boosting_rounds.init(task), boosting_rounds.Rates(*map(jnp.asarray, (0.5, 1.0, 0.0, 1.0, 1.0, 1.0)))
    for part in ("weights", "validation"):
        broken = task._replace(**{part: task.weights.at[3].set(-1.0)})
        with pytest.raises(ValueError, match="weights must not be negative; found -1"):
            boosting_rounds.init(broken)
        with pytest.raises(ValueError, match="weights must not be negative; found -1"):
            boosting_rounds.step(start, broken, rates, key=None, max_depth=1)
    with pytest.raises(ValueError, match="weights must not be negative; found -1"):
        objectives.best_constant(Y, broken.validation, loss="squared_error")


def test_dropout_of_infinity_is_zero_or_infinity():
    found = dropout.apply(jnp.full(40, jnp.inf), key=KEY, rate=0.5)
    assert set(found.tolist()) == {0.0, np.inf}


def test_a_grid_may_be_a_list():
    options = {"fit": lambda x, y, setting, weights: setting, "predict": lambda fitted, x: jnp.full(len(x), fitted)}
    options["loss"] = losses.squared_error
    folds = splits.k_fold(30, n_splits=3)
    listed, array = (validation.grid_search(X, Y, folds, grid, **options) for grid in ([5, 0.0], jnp.array([5, 0.0])))
    assert listed.best == array.best == 1
