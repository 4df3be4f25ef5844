import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from mfml.generalization import forest, tree, tree_arrays

RNG = np.random.default_rng(3)
N = 240
X = RNG.normal(size=(N, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] ** 2 + 0.1 * RNG.normal(size=N)).astype(np.float32)
BOUNDED = (np.sin(2 * X[:, 0]) + np.tanh(2 * X[:, 1]) + 0.1 * RNG.normal(size=N)).astype(np.float32)
LABEL = (Y > 0.5).astype(int) + (Y > 1.5)


@pytest.fixture(scope="module")
def grown():
    return forest.fit(
        jnp.asarray(X), jnp.asarray(BOUNDED), key=jax.random.key(0), n_estimators=60, max_depth=6, max_features=2
    )


def test_out_of_bag_error_tracks_the_test_error(grown):
    new = RNG.normal(size=(2000, 4)).astype(np.float32)
    truth = np.sin(2 * new[:, 0]) + np.tanh(2 * new[:, 1]) + 0.1 * RNG.normal(size=2000)
    test_error = np.mean((np.asarray(forest.predict(grown, jnp.asarray(new))) - truth) ** 2)
    out_of_bag = np.mean((np.asarray(grown.oob_prediction[:, 0]) - BOUNDED) ** 2)
    train_error = np.mean((np.asarray(forest.predict(grown, jnp.asarray(X))) - BOUNDED) ** 2)
    assert 0.75 * test_error < out_of_bag < 1.33 * test_error
    assert train_error < 0.6 * out_of_bag


def test_out_of_bag_prediction_is_that_of_the_trees_that_did_not_see_it(grown):
    keys = jax.random.split(jax.random.key(0), 60)
    counts = np.stack([forest.bootstrap_counts(N, key=jax.random.split(key)[0]) for key in keys])
    unseen = counts == 0
    np.testing.assert_array_equal(grown.oob_count, unseen.sum(axis=0))
    each = np.asarray(tree_arrays.outputs(grown.trees, jnp.asarray(X)))[:, :, 0]
    np.testing.assert_allclose(grown.oob_prediction[:, 0], (each * unseen).sum(0) / unseen.sum(0), atol=1e-4)
    assert unseen.mean() == pytest.approx(np.exp(-1), abs=0.02)


def test_forest_is_the_mean_of_its_trees_and_finds_what_matters(grown):
    each = np.asarray(tree_arrays.outputs(grown.trees, jnp.asarray(X)))[:, :, 0]
    np.testing.assert_allclose(forest.predict(grown, jnp.asarray(X)), each.mean(axis=0), atol=1e-5)
    share = np.asarray(forest.importance(grown))
    assert share.sum() == pytest.approx(1, abs=1e-5)
    assert share[:2].min() > 2 * share[2:].max()


def test_without_chance_all_trees_are_the_same():
    ours = forest.fit(
        jnp.asarray(X),
        jnp.asarray(Y),
        key=jax.random.key(0),
        n_estimators=2,
        max_depth=3,
        bootstrap=False,
        max_bins=255,
    )
    one = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=3)
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1:], ours.trees), one, rtol=1e-5)
    assert np.isnan(np.asarray(ours.oob_prediction)).all()
    assert not ours.oob_count.any()


def test_classifying_forest_is_as_good_as_scikit_learns():
    new = RNG.normal(size=(1000, 4)).astype(np.float32)
    value = new[:, 0] + new[:, 1] ** 2
    truth = (value > 0.5).astype(int) + (value > 1.5)
    options = {"criterion": "gini", "n_estimators": 60, "max_depth": 6, "max_features": 2}
    ours = forest.fit(jnp.asarray(X), jnp.asarray(LABEL), key=jax.random.key(1), n_classes=3, **options)
    chance = np.asarray(forest.predict_proba(ours, jnp.asarray(new)))
    np.testing.assert_allclose(chance.sum(axis=1), 1, atol=1e-5)
    theirs = RandomForestClassifier(**options, random_state=0).fit(X, LABEL).score(new, truth)
    np.testing.assert_array_equal(forest.predict(ours, jnp.asarray(new)), chance.argmax(axis=1))
    assert forest.score(ours, jnp.asarray(new), jnp.asarray(truth)) > theirs - 0.03


def test_random_features_are_drawn_evenly():
    mask = np.asarray(forest.random_features(9, key=jax.random.key(2), d=6, n_chosen=2))
    assert (mask.sum(axis=1) == 2).all()
    np.testing.assert_allclose(mask.mean(axis=0), 1 / 3, atol=0.09)


def test_numbers_have_no_probabilities(grown):
    with pytest.raises(ValueError, match="predicts numbers, not classes: fit it with criterion='gini'"):
        forest.predict_proba(grown, jnp.asarray(X))


@pytest.mark.parametrize("width", [3, 5])
def test_data_of_another_width_are_refused(grown, width):
    with pytest.raises(ValueError, match=rf"x must have 4 columns, .* found shape \(2, {width}\)"):
        forest.predict(grown, jnp.ones((2, width)))


def test_errors(unchecked, key):
    for options, message in [({"max_features": 3}, "max_features"), ({"n_estimators": 0}, "n_estimators")]:
        with pytest.raises(ValueError, match=message):
            forest.fit(jnp.ones((3, 2)), jnp.ones(3), key=key, **options)
