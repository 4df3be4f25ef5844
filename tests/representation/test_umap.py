import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import curve_fit
from sklearn.manifold import trustworthiness

from mfml import iteration
from mfml.data import digits
from mfml.representation import fuzzy, neighbors, umap
from mfml.representation.neighbors import Neighbors


@pytest.fixture
def x(key):
    return jax.random.normal(key, (80, 4)) * jnp.linspace(0.5, 4, 80)[:, None]


@pytest.fixture
def linked(x):
    return fuzzy.graph(neighbors.exact(x, n_neighbors=9))


def dense(linked):
    found = np.zeros((80, 80))
    for part in (linked.out, linked.back):
        np.add.at(found, (np.asarray(part.heads)[:, None], np.asarray(part.tails)), np.asarray(part.weights))
    return found


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_memberships_follow_their_definition(x, scale):
    distances = neighbors.exact(scale * x, n_neighbors=9).distances
    found = fuzzy.memberships(distances)
    np.testing.assert_allclose(found.weights.sum(axis=1), np.log2(10), rtol=1e-4)
    np.testing.assert_allclose(found.rho, distances[:, 0], rtol=1e-6)
    beyond = np.asarray(distances) - np.asarray(found.rho)[:, None]
    np.testing.assert_allclose(found.weights, np.exp(-beyond / np.asarray(found.sigma)[:, None]), atol=1e-5)


def test_copies_and_ties_keep_memberships_finite():
    found = fuzzy.memberships(jnp.array([[0.0, 0.0, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]))
    assert found.rho.tolist() == [1, 0, 1]
    assert found.weights[0, :3].tolist() == [1, 1, 1]
    assert np.isfinite(found.weights).all()
    assert (found.weights[1:] == 1).all()


def test_the_graph_is_the_fuzzy_union(x, linked):
    found = neighbors.exact(x, n_neighbors=9)
    directed = np.zeros((80, 80))
    np.put_along_axis(directed, np.asarray(found.indices), np.asarray(fuzzy.memberships(found.distances).weights), 1)
    needed = directed + directed.T - directed * directed.T
    np.testing.assert_allclose(dense(linked), needed, atol=1e-6)
    np.testing.assert_allclose(linked.degree, needed.sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(fuzzy.union(directed, directed.T), needed, atol=1e-6)


@pytest.mark.parametrize(("min_dist", "spread"), [(0.1, 1.0), (0.5, 1.0), (0.01, 2.0)])
def test_the_curve_is_the_least_squares_fit(min_dist, spread):
    r = np.linspace(0, 3 * spread, 300)
    wanted = np.where(r < min_dist, 1, np.exp(-(r - min_dist) / spread))
    needed, _ = curve_fit(lambda r, a, b: 1 / (1 + a * r ** (2 * b)), r, wanted)
    np.testing.assert_allclose(umap.curve(min_dist=min_dist, spread=spread), needed, rtol=2e-3)


def test_the_start_is_spectral(linked, key):
    y, usable = umap.spectral_start(linked, key=key)
    w = dense(linked)
    root = np.sqrt(w.sum(axis=1))
    values, vectors = np.linalg.eigh(w / root / root[:, None])
    assert usable
    for found, needed in zip(np.asarray(y).T, vectors[:, [-2, -3]].T / root, strict=True):
        cosine = found @ needed / np.linalg.norm(found) / np.linalg.norm(needed)
        assert abs(cosine) > 0.99, values[-4:]


def test_a_graph_in_parts_starts_with_pca(key):
    x = jnp.concatenate([jax.random.normal(key, (40, 4)), 100 + jax.random.normal(key, (40, 4))])
    linked = fuzzy.graph(neighbors.exact(x, n_neighbors=9))
    y, spectral = umap.init(x, linked, key=key)
    assert not spectral
    np.testing.assert_allclose(y, umap.init(x, linked, key=key, init="pca")[0], atol=1e-4)


def test_forces_are_slopes_of_the_two_logarithms(linked, key):
    y = jax.random.normal(key, (80, 2))
    a, b = umap.curve(min_dist=0.1)
    weights, n_negatives = jnp.asarray(dense(linked)), 3
    places = jax.random.randint(key, (n_negatives,), 1, 80)

    def pulled(y):
        squared = jnp.sum((y[:, None] - y) ** 2, axis=-1)
        return jnp.sum(weights * jnp.log1p(a * jnp.where(weights > 0, squared, 1) ** b))

    def pushed(y):
        total = 0
        for place in places:
            squared = jnp.sum((y - jax.lax.stop_gradient(jnp.roll(y, -place, axis=0))) ** 2, axis=1)
            total -= jnp.sum(jnp.log(1 - 1 / (1 + a * squared**b)))
        return total * 5 / n_negatives

    needed = -jax.grad(pulled)(y) / linked.degree[:, None] - jax.grad(pushed)(y)
    moved, value = umap.step(y, linked, umap.Curve(a, b), key=key, learning_rate=0.25, n_negatives=n_negatives)
    # 0.001 keeps UMAP's repulsion of close points finite
    np.testing.assert_allclose((moved - y) / 0.25, np.clip(needed, -4, 4), atol=0.15)
    assert np.median(np.abs((moved - y) / 0.25 - np.clip(needed, -4, 4))) < 0.01
    table = a * np.sum((np.asarray(y)[:, None] - np.asarray(y)) ** 2, axis=-1) ** b
    apart = np.stack([table[i, (i + np.asarray(places)) % 80] for i in range(80)])
    losses = np.sum(weights * np.log1p(table), axis=1) + 5 * linked.degree * np.log1p(1 / apart).mean(axis=1)
    np.testing.assert_allclose(value, losses.sum() / linked.degree.sum(), rtol=1e-2)  # apart from the 0.001


def test_digits_are_drawn_as_trustworthily_as_they_can_be(key):
    data = digits.simulate(key=key, n_samples=500)
    x = data.images.reshape(500, -1)
    found = umap.fit(x, key=key, max_iter=300)
    assert found.history[-20:].mean() < found.history[10:30].mean() < found.history[0]
    assert iteration.explain(found).startswith("ran all 300 steps")
    assert trustworthiness(x, np.asarray(found.embedding), n_neighbors=10) > 0.95
    nearest = neighbors.exact(found.embedding, n_neighbors=1).indices[:, 0]
    assert np.mean(data.labels[nearest] == data.labels) > 0.9
    again = umap.fit(x, key=key, max_iter=300)
    np.testing.assert_array_equal(found.embedding, again.embedding)
    assert not np.array_equal(found.embedding, umap.fit(x, key=jax.random.key(1), max_iter=300).embedding)


def test_it_starts_from_given_values(x, linked, key):
    y, _ = umap.init(x, linked, key=key, init="pca")
    options = {"key": key, "n_neighbors": 8, "max_iter": 5}
    found, needed = umap.fit(x, init=y, **options), umap.fit(x, init="pca", **options)
    np.testing.assert_allclose(found.embedding, needed.embedding, atol=0.05)
    assert not found.spectral
    assert not np.allclose(umap.fit(x, init=y[::-1], **options).embedding, needed.embedding, atol=1)


def test_the_unit_of_the_features_does_not_matter(x, key):
    def embedding(x):
        return umap.fit(x, key=key, n_neighbors=6, max_iter=20).embedding

    for power in (-70, 70):  # squares of such entries are 0 or infinite in single precision
        np.testing.assert_array_equal(embedding(x * 2.0**power), embedding(x))
    assert jnp.isnan(embedding(x.at[3, 0].set(jnp.inf))).all()


def test_what_does_not_fit_is_refused(unchecked, key):
    x = jnp.ones((6, 3))
    for options, message in (
        ({"n_neighbors": 7}, "n_neighbors must be between 2 and 6"),
        ({"neighbor_solver": "annoy"}, "neighbor_solver must be one of"),
        ({"init": "random"}, "init must be one of"),
        (
            {"init": jnp.zeros((6, 3))},
            r"init must be one of 'spectral', 'pca', or values of shape \(\d+, 2\); found \(6, 3\)",
        ),
        ({"max_iter": 0}, "max_iter must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            umap.fit(x, key=key, **{"n_neighbors": 3} | options)
    with pytest.raises(ValueError, match="at least two samples; found 1"):
        umap.fit(x[:1], key=key)
    near = Neighbors(jnp.array([[1], [0]]), jnp.ones((2, 1)))
    for call, message in (
        (lambda: fuzzy.memberships(jnp.ones(3)), "distances must have 2 axes"),
        (lambda: fuzzy.memberships(jnp.ones((3, 0))), "must not be empty"),
        (lambda: umap.curve(min_dist=0.1, max_iter=0), "max_iter must be positive"),
        (
            lambda: umap.step(x, fuzzy.graph(near), umap.Curve(jnp.ones(()), jnp.ones(())), key=key, learning_rate=0.1),
            "same length",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()
