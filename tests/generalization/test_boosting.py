import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score

from mfml.generalization import binning, boosting, objectives, tree_arrays
from mfml.iteration import Status, explain

RNG = np.random.default_rng(5)
N = 300
X = RNG.normal(size=(N, 3)).astype(np.float32)
X[RNG.uniform(size=X.shape) < 0.15] = np.nan
SIGNAL = np.nan_to_num(X[:, 0], nan=1.0) + np.nan_to_num(X[:, 1], nan=-1.0) ** 2
Y = (SIGNAL + 0.1 * RNG.normal(size=N)).astype(np.float32)
TARGET = {"squared_error": Y, "logistic": (Y > 1).astype(int), "softmax": (Y > 0.5).astype(int) + (Y > 1.5)}
BRUTE = {"max_iter": 3, "max_depth": 3, "max_bins": 7}
RATES = {"learning_rate": 0.6, "l2_regularization": 0.7, "gamma": 0.05, "min_child_weight": 1.5}
SETTINGS = {"max_iter": 6, "max_depth": 2, "max_bins": 15}
FREE = {
    "learning_rate": 0.1,
    "l2_regularization": 1.0,
    "gamma": 0.0,
    "min_child_weight": 1.0,
}  # all, so that jit keeps one program


class Reference:
    """The same algorithm, as one would write it in NumPy: double precision, loops, one recursion per tree."""

    def __init__(self, x, y, loss, k, *, max_iter, max_depth, max_bins, **rates):
        edges = np.asarray(binning.edges(jnp.asarray(x), max_bins=max_bins), float)
        self.edges = np.concatenate([edges, np.full((len(edges), 1), np.inf)], axis=1)
        self.x, self.y, self.loss, self.depth, self.rates = x.astype(float), y, loss, max_depth, rates
        self.scores = np.zeros((k, len(y))) + self.start(k)[:, None]
        for _ in range(max_iter):
            g, h = self.derivatives()
            self.scores = self.scores + np.stack(
                [self.grow(np.arange(len(y)), a, b, 0) for a, b in zip(g, h, strict=True)]
            )

    def start(self, k):
        if self.loss == "squared_error":
            return np.array([self.y.mean()])
        if self.loss == "logistic":
            return np.array([np.log(self.y.mean() / (1 - self.y.mean()))])
        return np.log(np.bincount(self.y, minlength=k) / len(self.y))

    def derivatives(self):
        if self.loss == "squared_error":
            return self.scores - self.y, np.ones_like(self.scores)
        if self.loss == "logistic":
            p, target = expit(self.scores), self.y
        else:
            p, target = softmax(self.scores, axis=0), np.eye(len(self.scores))[self.y].T
        return p - target, p * (1 - p)

    def grow(self, rows, g, h, level):
        """Change of the scores of all samples due to the subtree over these rows."""
        l2, change = self.rates["l2_regularization"], np.zeros(len(self.y))
        split = self.best(rows, g, h) if level < self.depth else None
        if split is None:
            change[rows] = -self.rates["learning_rate"] * g[rows].sum() / (h[rows].sum() + l2)
            return change
        left = split[rows]
        return self.grow(rows[left], g, h, level + 1) + self.grow(rows[~left], g, h, level + 1)

    def best(self, rows, g, h):
        l2, best, chosen = self.rates["l2_regularization"], self.rates["gamma"] + 1e-9, None

        def score(part):
            return g[part].sum() ** 2 / (h[part].sum() + l2)

        for j, ends in enumerate(self.edges):
            missing = np.isnan(self.x[:, j])
            for end in ends:
                for missing_left in (True, False):
                    goes_left = np.where(missing, missing_left, self.x[:, j] <= end)
                    left, right = rows[goes_left[rows]], rows[~goes_left[rows]]
                    if min(h[left].sum(), h[right].sum()) < self.rates["min_child_weight"] or not len(left):
                        continue
                    gain = 0.5 * (score(left) + score(right) - score(rows))
                    if len(right) and gain > best + 1e-9:
                        best, chosen = gain, goes_left
        return chosen


@pytest.mark.parametrize("loss", objectives.LOSSES)
def test_equals_a_brute_force_implementation(loss):
    k = 3 if loss == "softmax" else 1
    needed = Reference(X, TARGET[loss], loss, k, **BRUTE, **RATES).scores
    with jax.enable_x64(True):  # so that near ties fall alike
        model = boosting.fit(jnp.asarray(X, float), jnp.asarray(TARGET[loss]), loss=loss, n_classes=3, **BRUTE, **RATES)
        found = boosting.decision_function(model, jnp.asarray(X, float))
        np.testing.assert_allclose(found.T, needed, atol=1e-6)
        reported = float(model.history[-1])
        assert reported == pytest.approx(mean_loss(needed, TARGET[loss], loss), rel=1e-5)
        assert reported < 0.6 * mean_loss(np.zeros_like(needed) + np.asarray(model.offset)[:, None], TARGET[loss], loss)


def mean_loss(scores, y, loss):
    if loss == "squared_error":
        return np.mean((y - scores[0]) ** 2) / 2
    if loss == "logistic":
        return np.mean(np.logaddexp(0, np.where(y > 0, -scores[0], scores[0])))
    return -np.mean(log_softmax(scores, axis=0)[y, np.arange(len(y))])


@pytest.mark.parametrize("loss", objectives.LOSSES)
def test_derivatives_are_those_of_the_loss(loss):
    scores = jnp.asarray(RNG.normal(size=(3 if loss == "softmax" else 1, 5)), jnp.float32)
    y = jnp.array([0, 1, 1, 0, 1])

    def total(scores):
        return jnp.sum(objectives.sample_losses(scores, y, loss=loss))

    g, h = objectives.derivatives(scores, y, loss=loss)
    first, full = jax.jit(lambda at: (jax.grad(total)(at), jax.hessian(total)(at)))(scores)
    np.testing.assert_allclose(g, first, atol=1e-5)
    np.testing.assert_allclose(h, jnp.einsum("kiki->ki", full), atol=1e-5)


@pytest.mark.parametrize("loss", objectives.LOSSES)
def test_derivatives_of_extreme_scores_are_finite(loss):
    scores = jnp.array([[1e4, -1e4]] + ([[0.0, 0.0]] if loss == "softmax" else []))
    g, h = objectives.derivatives(scores, jnp.array([0, 1]), loss=loss)
    assert np.isfinite(g).all()
    assert (np.asarray(h) > 0).all()
    assert np.isfinite(objectives.sample_losses(scores, jnp.array([0, 1]), loss=loss)).all()


def new_data(n=1500):
    x = RNG.normal(size=(n, 3)).astype(np.float32)
    return x, x[:, 0] + x[:, 1] ** 2


def test_regression_is_as_good_as_scikit_learns():
    x, y = new_data()
    ours = boosting.fit(jnp.asarray(X), jnp.asarray(Y), max_iter=60, max_depth=2, l2_regularization=0.0)
    theirs = HistGradientBoostingRegressor(
        max_iter=60, max_depth=2, max_leaf_nodes=None, min_samples_leaf=1, early_stopping=False
    ).fit(X, Y)
    error = np.mean((np.asarray(boosting.predict(ours, jnp.asarray(x))) - y) ** 2)
    assert error < 1.1 * np.mean((theirs.predict(x) - y) ** 2)


def test_classification_is_as_good_as_scikit_learns():
    x, signal = new_data()
    y = (signal > 0.5).astype(int) + (signal > 1.5)
    ours = boosting.fit(
        jnp.asarray(X), jnp.asarray(TARGET["softmax"]), loss="softmax", n_classes=3, max_iter=20, max_depth=2
    )
    theirs = HistGradientBoostingClassifier(
        max_iter=20, max_depth=2, max_leaf_nodes=None, min_samples_leaf=5, early_stopping=False
    ).fit(X, TARGET["softmax"])
    chance = np.asarray(boosting.predict_proba(ours, jnp.asarray(x)))
    np.testing.assert_allclose(chance.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(boosting.predict(ours, jnp.asarray(x)), chance.argmax(axis=1))
    assert boosting.score(ours, jnp.asarray(x), jnp.asarray(y)) > theirs.score(x, y) - 0.03


def test_early_stopping_keeps_the_best_rounds():
    options = {"max_iter": 60, "max_depth": 2, "max_bins": 31, "learning_rate": 1.0}  # soon learns the noise
    part = (jnp.asarray(X[:200]), jnp.asarray(Y[:200]))
    kept = (jnp.asarray(X[200:]), jnp.asarray(Y[200:]))
    full = boosting.fit(*part, validation=kept, **options)
    stopped = boosting.fit(*part, validation=kept, n_iter_no_change=5, **options)
    best = int(stopped.n_rounds)
    history = np.asarray(full.validation_history)
    assert best == np.argmin(history[: best + 6])
    assert 0 < best < 55
    assert stopped.n_iter == best + 5
    assert stopped.status == Status.STOPPED_EARLY
    assert not stopped.converged
    for ours, needed in [(stopped.history, full.history), (stopped.validation_history, history)]:
        assert len(ours) == 61
        assert np.isnan(np.asarray(ours[best + 6 :])).all()
        np.testing.assert_allclose(ours[: best + 6], needed[: best + 6], rtol=1e-5)
    prediction = np.asarray(boosting.predict(stopped, kept[0]))
    assert np.mean((prediction - Y[200:]) ** 2) / 2 == pytest.approx(history[best], rel=1e-4)
    assert np.asarray(tree_arrays.n_leaves(stopped.trees))[best:].max() == 1


def test_validation_data_change_nothing_else():
    alone = boosting.fit(jnp.asarray(X), jnp.asarray(Y), **SETTINGS, **FREE)
    watched = boosting.fit(
        jnp.asarray(X), jnp.asarray(Y), validation=(jnp.asarray(X[:7]) + 1, jnp.zeros(7)), **SETTINGS
    )
    np.testing.assert_allclose(watched.trees.value, alone.trees.value, atol=1e-5)
    assert alone.validation_history.shape == (0,)
    assert watched.validation_history.shape == (7,)


def test_unknown_targets_of_validation_samples_spoil_no_tree():
    held_out = jnp.asarray(X[:7]), jnp.full(7, jnp.nan)
    alone = boosting.fit(jnp.asarray(X), jnp.asarray(Y), **SETTINGS, **FREE)
    watched = boosting.fit(jnp.asarray(X), jnp.asarray(Y), validation=held_out, **SETTINGS)
    np.testing.assert_allclose(watched.trees.value, alone.trees.value, atol=1e-5)
    assert np.isnan(watched.validation_history).all()


def test_weights_count_like_repeated_samples():
    count = RNG.permutation(np.arange(N) % 3)  # N in all
    repeated = np.repeat(np.arange(N), count)
    ours = boosting.fit(jnp.asarray(X), jnp.asarray(Y), weights=jnp.asarray(count, jnp.float32), **SETTINGS)
    needed = boosting.fit(jnp.asarray(X[repeated]), jnp.asarray(Y[repeated]), **SETTINGS, **FREE)
    assert float(ours.offset[0]) == pytest.approx(float(needed.offset[0]), rel=1e-5)
    assert float(ours.history[-1]) == pytest.approx(float(needed.history[-1]), rel=0.1)  # bins differ a little


def test_sampling(key):
    ours = boosting.fit(
        jnp.asarray(X), jnp.asarray(Y), key=key, subsample=0.5, max_features=0.4, max_iter=40, max_depth=2
    )
    cover = np.asarray(ours.trees.cover[:, 0])
    assert cover.mean() == pytest.approx(N / 2, abs=8)
    assert cover.std() > 2
    asked = [
        set(np.asarray(f)[~np.asarray(leaf)].tolist())
        for f, leaf in zip(ours.trees.feature, tree_arrays.is_leaf(ours.trees), strict=True)
    ]
    assert max(map(len, asked)) == 1  # 0.4 of three features is one
    assert len(set.union(*asked)) == 3
    again = boosting.fit(
        jnp.asarray(X), jnp.asarray(Y), key=key, subsample=0.5, max_features=0.4, max_iter=40, max_depth=2
    )
    np.testing.assert_array_equal(again.trees.value, ours.trees.value)


def test_regularizers_make_trees_smaller():
    def fit(**options):
        return boosting.fit(jnp.asarray(X), jnp.asarray(Y), **SETTINGS, **(FREE | options)).trees

    def size(**options):
        return np.asarray(tree_arrays.n_leaves(fit(**options))).mean()

    free = size()
    assert 1 < size(gamma=30.0) < free
    assert size(min_child_weight=80.0) < free  # four such leaves would need 320 samples
    assert size(gamma=1e9) == 1
    assert np.abs(fit(l2_regularization=1e9).value).max() < 1e-5


def test_one_class_alone_stays_finite():
    x = jnp.asarray(X)
    one = boosting.fit(x, jnp.zeros(N, int), loss="logistic", **SETTINGS)
    chance = np.asarray(boosting.predict_proba(one, x))
    assert np.isfinite(chance).all()
    assert chance[:, 0].min() > 0.99


def test_binary_labels_are_the_likelier_class():
    x, y = jnp.asarray(X), jnp.asarray(TARGET["logistic"])
    model = boosting.fit(x, y, loss="logistic", **SETTINGS, **FREE)
    odds = np.asarray(boosting.decision_function(model, x))[:, 0]
    chance = boosting.predict_proba(model, x)
    np.testing.assert_allclose(chance, np.stack([expit(-odds), expit(odds)], axis=1), rtol=1e-5)
    np.testing.assert_array_equal(boosting.predict(model, x), odds > 0)
    assert model.classes.tolist() == [0, 1]
    assert float(boosting.score(model, x, y)) == pytest.approx(np.mean((odds > 0) == TARGET["logistic"]), abs=1e-6)
    with pytest.raises(ValueError, match="x must have 3 columns"):
        boosting.predict(model, x[:, :2])


def test_numbers_have_a_score_but_no_probabilities():
    x, y = jnp.asarray(X), jnp.asarray(Y)
    model = boosting.fit(x, y, **SETTINGS, **FREE)
    assert float(boosting.score(model, x, y)) == pytest.approx(r2_score(Y, boosting.predict(model, x)), abs=1e-5)
    with pytest.raises(ValueError, match="predicts numbers, not classes: fit it with loss='logistic'"):
        boosting.predict_proba(model, x)


def test_history_starts_with_the_best_constant_and_its_end_is_reported():
    x, y = jnp.asarray(X), jnp.asarray(Y)
    model = boosting.fit(x, y, **SETTINGS, **FREE)
    assert model.history.shape == (7,)
    assert float(model.history[0]) == pytest.approx(Y.var() / 2, rel=1e-5)
    last = np.mean((np.asarray(boosting.predict(model, x)) - Y) ** 2) / 2
    assert float(model.history[-1]) == pytest.approx(last, rel=1e-4)
    assert np.all(np.diff(model.history) < 0)
    assert model.status == Status.FINISHED
    assert explain(model).startswith("ran all 6 steps.")
    broken = boosting.fit(x, y.at[3].set(jnp.nan), **SETTINGS, **FREE)
    assert broken.status == Status.NON_FINITE


def test_errors(unchecked, key):
    x, y = jnp.ones((4, 2)), jnp.ones(4)
    for options, message in [
        ({"loss": "huber"}, "loss must be one of"),
        ({"loss": "softmax", "n_classes": 1}, "needs n_classes"),
        ({"loss": "softmax", "n_classes": 2, "validation": (x, 2 * y)}, "labels must be below n_classes = 2"),
        ({"loss": "logistic", "y": 2 * y}, "labels must be below n_classes = 2"),
        ({"max_iter": 0}, "max_iter must be positive"),
        ({"max_depth": 15}, "max_depth must be between"),
        ({"n_iter_no_change": 3}, "needs validation data"),
        ({"subsample": 0.5}, "need a key"),
        ({"subsample": 0.0, "key": key}, "subsample must be above 0"),
        ({"max_features": 1.5, "key": key}, "max_features must be above 0"),
        ({"validation": (x, y[:3])}, "same length"),
        ({"weights": y[:3]}, "same length"),
    ]:
        with pytest.raises(ValueError, match=message):
            boosting.fit(**({"x": x, "y": y} | options))
