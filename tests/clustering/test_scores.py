"""Scores of clusterings and of anomalies against scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from mfml.clustering import anomaly, scores


@pytest.fixture
def x(key):
    return jax.random.normal(key, (40, 3))


def labelings(key):
    return jax.random.randint(key, (2, 40), 0, 4)


def test_silhouette_equals_sklearn(x, key):
    labels, _ = labelings(key)
    found = scores.silhouette_samples(x, labels, n_clusters=6)  # two more than there are
    np.testing.assert_allclose(found, metrics.silhouette_samples(np.asarray(x), labels), atol=1e-5)
    alone = labels.at[0].set(5)
    expected = metrics.silhouette_score(np.asarray(x), alone)
    np.testing.assert_allclose(scores.silhouette(x, alone, n_clusters=6), expected, atol=1e-5)
    assert jnp.isnan(scores.silhouette(x, jnp.zeros(40, int), n_clusters=2))


def test_agreement_equals_sklearn(key):
    a, b = labelings(key)
    pairs = [(a, b), (a, 3 - a), (a, a // 2), (jnp.zeros(40, int), jnp.zeros(40, int)), (a, jnp.zeros(40, int))]
    for one, two in pairs:
        np.testing.assert_array_equal(
            scores.contingency(one, two, n_clusters=4)[: int(one.max()) + 1, : int(two.max()) + 1].sum(),
            metrics.cluster.contingency_matrix(one, two).sum(),
        )
        np.testing.assert_allclose(
            scores.adjusted_rand(one, two, n_clusters=4), metrics.adjusted_rand_score(one, two), atol=1e-5
        )
        np.testing.assert_allclose(
            scores.normalized_mutual_information(one, two, n_clusters=4),
            metrics.normalized_mutual_info_score(one, two),
            atol=1e-5,
        )


def test_contingency_equals_sklearn(key):
    a, b = labelings(key)
    np.testing.assert_array_equal(scores.contingency(a, b, n_clusters=4), metrics.cluster.contingency_matrix(a, b))


def test_agreement_does_not_care_for_names_or_sides(key):
    a, b = labelings(key)
    renamed = jnp.array([2, 0, 3, 1])[a]
    for score in (scores.adjusted_rand, scores.normalized_mutual_information):
        np.testing.assert_allclose(score(renamed, b, n_clusters=4), score(a, b, n_clusters=4), atol=1e-6)
        np.testing.assert_allclose(score(b, a, n_clusters=4), score(a, b, n_clusters=4), atol=1e-6)
        assert jnp.isnan(score(a.at[0].set(4), b, n_clusters=4)), "a label outside"


def test_inertia_counts_every_sample(x):
    labels = jnp.arange(40) % 2
    expected = sum(((x[j::2] - x[j]) ** 2).sum() for j in (0, 1))
    np.testing.assert_allclose(scores.inertia(x, x[:2], labels), expected, rtol=1e-5)
    assert jnp.isnan(scores.inertia(x, x[:2], labels + 1))


def test_auc_equals_sklearn_with_ties(key):
    values = jax.random.randint(key, (60,), 0, 8).astype(float)
    unusual = jax.random.bernoulli(jax.random.fold_in(key, 1), 0.3, (60,))
    np.testing.assert_allclose(anomaly.auc(values, unusual), metrics.roc_auc_score(unusual, values), rtol=1e-5)
    assert jnp.isnan(anomaly.auc(values, jnp.zeros(60, bool)))
    np.testing.assert_allclose(anomaly.auc(jnp.ones(60), unusual), 0.5)


def test_latent_distance_is_mahalanobis(x):
    latent = anomaly.fit_latent(x)
    inverse = np.linalg.inv(np.cov(np.asarray(x, np.float64).T))
    centered = np.asarray(x - x.mean(axis=0))
    found = anomaly.latent_distance(latent, x)
    np.testing.assert_allclose(found, np.einsum("ni,ij,nj->n", centered, inverse, centered), rtol=1e-4)
    np.testing.assert_allclose(found.mean(), 3 * 39 / 40, rtol=1e-4)
    turned = x @ jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.3, 0.0, 5.0]]) + 7
    np.testing.assert_allclose(anomaly.latent_distance(anomaly.fit_latent(turned), turned), found, rtol=1e-3, atol=1e-3)
    flat = x.at[:, 2].set(0.0)
    assert jnp.isnan(anomaly.latent_distance(anomaly.fit_latent(flat), flat)).any()
    assert jnp.isfinite(anomaly.latent_distance(anomaly.fit_latent(flat, regularization=0.1), flat)).all()


def test_threshold_leaves_the_stated_share_above(key):
    values = jax.random.normal(key, (1000,))
    limit = anomaly.threshold(values, contamination=0.05)
    assert anomaly.flag(values, limit).sum() == 50
    assert not anomaly.flag(limit[None], limit).any()


def test_reconstruction_error_of_images(key):
    a, b = jax.random.normal(key, (2, 3, 4, 5))
    np.testing.assert_allclose(
        anomaly.reconstruction_error(b, a), ((np.asarray(a) - b) ** 2).reshape(3, -1).mean(axis=1), rtol=1e-5
    )


@pytest.mark.usefixtures("unchecked")
def test_errors(x, key):
    a, b = labelings(key)
    with pytest.raises(ValueError, match="at least 2 clusters"):
        scores.silhouette(x, a, n_clusters=1)
    with pytest.raises(ValueError, match="same shape"):
        scores.adjusted_rand(a, b[:3], n_clusters=4)
    with pytest.raises(ValueError, match="same shape"):
        anomaly.reconstruction_error(x[:3], x)
    with pytest.raises(ValueError, match="at least 2 samples"):
        anomaly.fit_latent(x[:1])
    with pytest.raises(ValueError, match="at least one score"):
        anomaly.threshold(x[:0, 0])


def test_agreement_of_nothing_is_perfect_as_in_sklearn():
    nothing = jnp.zeros(0, int)
    for measure in (scores.adjusted_rand, scores.normalized_mutual_information):
        assert measure(nothing, nothing, n_clusters=2) == 1
    assert metrics.adjusted_rand_score([], []) == 1


def test_labels_of_no_cluster_are_not_used():
    x, labels = jnp.array([[0.0], [1.0], [9.0]]), jnp.array([0, 0, -1])
    assert np.isnan(scores.inertia(x, jnp.array([[0.5], [9.0]]), labels))
    assert np.isnan(scores.silhouette(x, labels, n_clusters=2))
    assert np.isnan(scores.adjusted_rand(labels, labels + 1, n_clusters=2))
    with pytest.raises(ValueError, match="unusual must hold True and False, or 1 and 0; found \\[-1\\]"):
        anomaly.auc(x[:, 0], labels)


def test_scores_of_nan():
    values = jnp.array([0.1, jnp.nan, 0.9])
    assert np.isnan(anomaly.auc(values, jnp.array([False, True, True])))
    assert anomaly.flag(values, 0.5).tolist() == [False, True, True]


@pytest.mark.parametrize("scale", [2.0**-80, 2.0**80])
def test_latent_distance_in_any_unit(x, scale):
    near, far = anomaly.fit_latent(x), anomaly.fit_latent(x * scale)
    np.testing.assert_allclose(far.factor, near.factor * scale, rtol=1e-4)
    np.testing.assert_allclose(anomaly.latent_distance(far, x * scale), anomaly.latent_distance(near, x), rtol=1e-3)
    with pytest.raises(ValueError, match="contamination must be between 0 and 1"):
        anomaly.threshold(x[:, 0], contamination=1.5)
