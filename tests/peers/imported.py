"""What the tests of imported models share: data with gaps and awkward numbers, and questions at every threshold."""

import jax.numpy as jnp
import numpy as np

from mfml.generalization import boosting

N = 300
TINY = np.finfo(np.float32).tiny


def _data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 5))
    x[:, 1] = rng.integers(-2, 3, size=N)  # split at 0
    x[:, 2] *= 1e-19  # joules
    x[:, 3] = 1e6 + 4 * x[:, 3]
    signal = x[:, 0] + np.sin(2 * x[:, 1]) + x[:, 2] * 1e19 * (x[:, 3] > 1e6)
    x[:, [0, 2, 4]] = np.where(rng.uniform(size=(N, 3)) < 0.15, np.nan, x[:, [0, 2, 4]])
    return x.astype(np.float32), signal + 0.3 * rng.normal(size=N)


X, Y = _data()
BINARY = (Y > 0).astype(int)
CLASSES = BINARY + (Y > 1.2)
GROUPS = [100, 100, 100]  # of samples that are ranked together


def questions(model):
    """The data, and 300 rows of thresholds, the next numbers above them, zeros and gaps."""
    rng = np.random.default_rng(1)
    feature, threshold = np.asarray(model.trees.feature), np.asarray(model.trees.threshold)
    asked = X.copy()
    for j in range(X.shape[1]):
        at = np.unique(threshold[(feature == j) & (np.abs(threshold) < 1e30)])
        answers = np.concatenate([at, np.nextafter(at, np.float32(np.inf)), [0.0, np.nan], X[:9, j]]).astype(np.float32)
        asked[:, j] = rng.choice(np.where(np.abs(answers) < TINY, 0, answers), N)  # XLA knows no subnormal numbers
    return np.concatenate([X, asked])


def assert_rounded(found, needed):
    """Equal up to the rounding of single precision, which adds up over the trees."""
    scale = max(1.0, np.max(np.abs(needed)))
    np.testing.assert_allclose(found, needed, rtol=0, atol=2e-6 * scale)


def assert_same(model, x, *, scores, probability=None, predicted=None):
    """Compare scores of shape (n,) or (n, k), probabilities of the same shape, and predictions."""
    ours = np.asarray(boosting.decision_function(model, jnp.asarray(x)))
    assert_rounded(ours, np.reshape(scores, ours.shape))
    if probability is not None:
        of_classes = np.asarray(boosting.predict_proba(model, jnp.asarray(x)))
        assert_rounded(of_classes[:, 1] if np.ndim(probability) == 1 else of_classes, probability)
    if predicted is not None:
        clear = np.ones(len(x), bool)
        if len(model.classes):
            ordered = np.sort(np.concatenate([ours, 0 * ours], axis=1) if ours.shape[1] == 1 else ours, axis=1)
            clear = ordered[:, -1] - ordered[:, -2] > 1e-5  # or rounding decides
        assert_rounded(np.asarray(boosting.predict(model, jnp.asarray(x)))[clear], np.asarray(predicted)[clear])
