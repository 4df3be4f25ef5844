"""Unit 9 against openTSNE and umap-learn."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from mfml.data import digits
from mfml.representation import fuzzy, neighbors, tsne, umap


@pytest.fixture(scope="module")
def x():
    return digits.simulate(key=jax.random.key(0), n_samples=600).images.reshape(600, -1)


@pytest.fixture(autouse=True)
def _allow_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_t_sne_is_as_trustworthy_as_open_tsne(x):
    open_tsne = pytest.importorskip("openTSNE")
    peer = np.asarray(open_tsne.TSNE(perplexity=20, random_state=0).fit(np.asarray(x)))
    for method in ("exact", "fft"):
        found = np.asarray(tsne.fit(x, key=jax.random.key(1), perplexity=20.0, max_iter=750, solver=method).embedding)
        assert trustworthiness(x, found, n_neighbors=10) > trustworthiness(x, peer, n_neighbors=10) - 0.01


def test_umap_has_the_same_curve_memberships_and_graph(x):
    peer = pytest.importorskip("umap.umap_")
    np.testing.assert_allclose(umap.curve(min_dist=0.1), peer.find_ab_params(1.0, 0.1), rtol=1e-3)
    near = neighbors.exact(x, n_neighbors=14)
    indices = np.concatenate([np.arange(600)[:, None], near.indices], axis=1)
    distances = np.concatenate([np.zeros((600, 1), np.float32), near.distances], axis=1)
    sigma, rho = peer.smooth_knn_dist(distances, 15.0)
    found = fuzzy.memberships(near.distances)
    np.testing.assert_allclose(found.rho, rho, rtol=1e-5)
    np.testing.assert_allclose(found.sigma, sigma, rtol=1e-3)
    graph, _, _ = peer.fuzzy_simplicial_set(
        np.asarray(x), 15, np.random.RandomState(0), "euclidean", knn_indices=indices, knn_dists=distances
    )
    linked, dense = fuzzy.graph(near), np.zeros((600, 600))
    for part in (linked.out, linked.back):
        np.add.at(dense, (np.asarray(part.heads)[:, None], np.asarray(part.tails)), np.asarray(part.weights))
    np.testing.assert_allclose(dense, graph.toarray(), atol=2e-3)


def test_umap_is_as_trustworthy_as_umap_learn(x):
    peer = pytest.importorskip("umap")
    theirs = trustworthiness(x, peer.UMAP(random_state=0).fit_transform(np.asarray(x)), n_neighbors=15)
    found = umap.fit(jnp.asarray(x), key=jax.random.key(1)).embedding
    assert trustworthiness(x, np.asarray(found), n_neighbors=15) > theirs - 0.01
