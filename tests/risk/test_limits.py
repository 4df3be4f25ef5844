import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.spatial.distance
from sklearn.neighbors import KNeighborsClassifier

from mfml.risk import limits


def nearest(x_train, y_train, x):
    distance = jnp.sum((x[:, None] - x_train) ** 2, axis=-1)
    return y_train[distance.argmin(axis=1)]


def majority(x_train, y_train, x):
    return jnp.full(len(x), (2 * y_train.sum() > len(y_train)).astype(int))


def minority(x_train, y_train, x):
    return 1 - majority(x_train, y_train, x)


def test_truth_tables_are_all_functions():
    for m in (1, 3, 5):
        expected = list(itertools.product((0, 1), repeat=m))
        np.testing.assert_array_equal(limits.truth_tables(m), expected)


@pytest.mark.parametrize("learner", [nearest, majority, minority])
@pytest.mark.parametrize("train", [(0,), (4, 1, 2), (0, 1, 2, 3, 4)])
def test_no_learner_beats_a_coin_over_all_targets(learner, train):
    points = jax.random.normal(jax.random.key(0), (6, 2))
    result = limits.no_free_lunch(points, jnp.array(train), learner=learner)
    np.testing.assert_allclose(result.mean_unseen_error, 0.5, atol=1e-6)


def test_errors_agree_with_enumeration_in_python():
    points = np.asarray(jax.random.normal(jax.random.key(0), (5, 2)))
    train, unseen = [3, 0], [1, 2, 4]
    result = limits.no_free_lunch(jnp.asarray(points), jnp.array(train), learner=nearest)
    for t, target in enumerate(itertools.product((0, 1), repeat=5)):
        target = np.array(target)
        guess = KNeighborsClassifier(1).fit(points[train], target[train]).predict(points)
        np.testing.assert_allclose(result.unseen_error[t], (guess != target)[unseen].mean(), atol=1e-6)
        np.testing.assert_allclose(result.seen_error[t], 0, atol=1e-6)


def test_on_structured_targets_learners_do_differ():
    """The theorem is about all targets: on thresholds alone, the neighbor wins and the minority loses."""
    points = jnp.arange(8.0)[:, None]
    targets = limits.truth_tables(8)
    smooth = jnp.abs(jnp.diff(targets, axis=1)).sum(axis=1) <= 1
    error = [
        limits.no_free_lunch(points, jnp.array([0, 3, 5, 7]), learner=learner).unseen_error[smooth].mean()
        for learner in (nearest, majority, minority)
    ]
    assert error[0] < 0.2 < error[1] < error[2]


def test_concentration_agrees_with_scipy(key):
    points, query = jax.random.uniform(key, (40, 12)), jnp.full(12, 0.3)
    found = limits.concentration(points, query)
    for d in (1, 5, 12):
        distance = scipy.spatial.distance.cdist(query[None, :d], points[:, :d])
        np.testing.assert_allclose(found.nearest[d - 1], distance.min(), rtol=1e-5)
        np.testing.assert_allclose(found.farthest[d - 1], distance.max(), rtol=1e-5)
        np.testing.assert_allclose(found.contrast[d - 1], np.ptp(distance) / distance.min(), rtol=1e-4)


def test_distances_concentrate_at_the_known_value(key):
    """Squared distance of uniform points has mean d/6 and variance 7d/180: its spread falls as d^-1/2."""
    a, b = jax.random.split(key)
    d = 2000
    points, query = jax.random.uniform(a, (300, d)), jax.random.uniform(b, (d,))
    center = jnp.sum(1 / 3 - query + query**2)  # mean squared distance given the query
    found = limits.concentration(points, query)
    assert (jnp.array([found.nearest[-1], found.farthest[-1]]) ** 2 / center).round(1).tolist() == pytest.approx(
        [0.9, 1.1], abs=0.05
    )
    assert (jnp.diff(found.contrast[jnp.array([0, 9, 99, 999, 1999])]) < 0).all()
    assert found.contrast[-1] < 0.2


def test_a_point_at_the_query_has_infinite_contrast():
    assert limits.concentration(jnp.array([[0.0], [1.0]]), jnp.zeros(1)).contrast[0] == jnp.inf


@pytest.mark.parametrize("d", [1, 2, 3, 7])
def test_ball_volume_agrees_with_slicing(d):
    """Cut a ball into balls of one dimension less: an oracle by quadrature."""
    thinner = float(limits.ball_volume(jnp.array(d - 1.0))) if d > 1 else 1.0
    slices, _ = scipy.integrate.quad(lambda h: thinner * (1 - h * h) ** ((d - 1) / 2), -1, 1)
    np.testing.assert_allclose(limits.ball_volume(jnp.array(float(d))), slices, rtol=1e-5)


def test_volume_laws(x64):
    d = jnp.arange(1.0, 60.0)
    unit = limits.ball_volume(d)
    assert d[unit.argmax()] == 5
    np.testing.assert_allclose(limits.ball_volume(d, radius=2.0), unit * 2**d, rtol=1e-12)
    inner = limits.ball_volume(d, radius=0.9)
    np.testing.assert_allclose(limits.shell_fraction(d, thickness=0.1), 1 - inner / unit, rtol=1e-10)
    np.testing.assert_allclose(limits.neighborhood_edge(d, fraction=0.2) ** d, 0.2, rtol=1e-12)


def test_shell_of_nothing_everything_and_almost_nothing():
    d = jnp.array([1.0, 50.0])
    assert limits.shell_fraction(d, thickness=0.0).tolist() == [0, 0]
    assert limits.shell_fraction(d, thickness=1.0).tolist() == [1, 1]
    np.testing.assert_allclose(limits.shell_fraction(d, thickness=1e-10), 1e-10 * d, rtol=1e-5)


def test_errors(unchecked):
    for bad in (0, 21):
        with pytest.raises(ValueError, match=f"n_points must be between 1 and 20; found {bad}"):
            limits.truth_tables(bad)
    points = jnp.ones((4, 2))
    for train in ([], [0, 1, 2, 3]):
        with pytest.raises(ValueError, match=f"1 to 3 of the 4 points; found {len(train)}"):
            limits.no_free_lunch(points, jnp.array(train, int), learner=majority)
    with pytest.raises(ValueError, match="points must have 2 axes"):
        limits.no_free_lunch(jnp.ones(4), jnp.array([0]), learner=majority)
    with pytest.raises(ValueError, match=r"query must have shape \(2,\); found \(3,\)"):
        limits.concentration(points, jnp.ones(3))
    with pytest.raises(ValueError, match="thickness must be between 0 and 1; found 2"):
        limits.shell_fraction(jnp.ones(1), thickness=2)
    with pytest.raises(ValueError, match="fraction must be between 0 and 1; found -1"):
        limits.neighborhood_edge(jnp.ones(1), fraction=-1)


def test_distances_in_small_units_and_options_out_of_their_domain(key):
    points = jax.random.normal(key, (20, 6))
    expected, found = (limits.concentration(points * s, jnp.zeros(6)) for s in (1.0, 1e-25))
    np.testing.assert_allclose(found.contrast, expected.contrast, rtol=1e-5)
    d = jnp.array([1.0, 3.0])
    for function, option in ((limits.shell_fraction, "thickness"), (limits.neighborhood_edge, "fraction")):
        with pytest.raises(ValueError, match=option):
            function(d, **{option: jnp.array(1.5)})
        assert jnp.isnan(jax.jit(lambda v, f=function, o=option: f(d, **{o: v}))(1.5)).all()
    with pytest.raises(ValueError, match="radius"):
        limits.ball_volume(d, radius=-1.0)
