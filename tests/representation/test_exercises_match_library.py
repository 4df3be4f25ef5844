"""Each reference answer of unit 9 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np

from mfml.representation import affinities, contrastive, divergence, fuzzy, neighbors, probe, quality, repulsion
from solutions import unit09


def points(key):
    a, b = jax.random.split(key)
    return jax.random.normal(a, (14, 4)), 2 * jax.random.normal(b, (14, 2))


def test_probabilities_and_gradient(key):
    x, y = points(key)
    p = divergence.probabilities(x, perplexity=5.0)
    table = jnp.where(jnp.eye(14, dtype=bool), jnp.inf, jnp.sum((x[:, None] - x) ** 2, axis=-1))
    conditional = affinities.conditional(table, perplexity=5.0).p
    np.testing.assert_allclose(unit09.joint_probabilities(conditional), p, atol=1e-5)
    row = jnp.delete(table[3], 3, assume_unique_indices=True)
    np.testing.assert_allclose(unit09.perplexity_row(row, 5.0), np.delete(conditional[3], 3), atol=1e-3)
    pushed = repulsion.exact(y)
    q = unit09.embedding_probabilities(y)
    np.testing.assert_allclose(q[0, 1], 1 / (1 + jnp.sum((y[0] - y[1]) ** 2)) / pushed.normalizer, rtol=1e-5)
    np.testing.assert_allclose(unit09.tsne_gradient(p, y), divergence.gradient(p, y), atol=1e-6)


def test_umap_memberships(key):
    x, _ = points(key)
    distances = neighbors.exact(x, n_neighbors=5).distances
    needed = fuzzy.memberships(distances)
    np.testing.assert_allclose(unit09.umap_memberships(distances, needed.sigma), needed.weights, atol=1e-6)


def test_info_nce(key):
    x, _ = points(key)
    needed = contrastive.info_nce(x, x[::-1] + x, temperature=0.2)
    np.testing.assert_allclose(unit09.info_nce(x, x[::-1] + x, 0.2), needed, rtol=1e-5)


def test_probe_step(key):
    x, _ = points(key)
    labels, weights = jnp.arange(14) % 3, 0.3 * jnp.ones((4, 3)).at[0, 1].set(2.0)
    model = probe.fit(x, labels, n_classes=3, max_iter=1)._replace(coef=weights, intercept=jnp.zeros(3))

    def loss(weights):
        p = probe.predict_proba(model._replace(coef=weights), x)
        return -jnp.mean(jnp.log(p[jnp.arange(14), labels]))

    needed = weights - 0.5 * jax.grad(loss)(weights)
    np.testing.assert_allclose(unit09.probe_step(x, labels, weights, 0.5), needed, atol=1e-5)


def test_trustworthiness(key):
    x, y = points(key)
    for k in (1, 4):
        needed = quality.trustworthiness(x, y, n_neighbors=k)
        np.testing.assert_allclose(unit09.trustworthiness(x, y, k), needed, rtol=1e-5)
