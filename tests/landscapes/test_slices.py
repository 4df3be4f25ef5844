import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.landscapes import optimizers, slices, surfaces, trajectories


def rectifier(params, x):
    return jnp.maximum(x @ params["in"], 0) @ params["out"]


def risk(params, x):
    return jnp.mean((rectifier(params, x) - jnp.sin(x[:, :1])) ** 2)


@pytest.fixture
def network(key):
    a, b = jax.random.split(key)
    return {"in": jax.random.normal(a, (3, 5)), "out": jax.random.normal(b, (5, 2))}


def test_line_and_plane_repeat_the_objective_written_out(key):
    center, first, second = jax.random.normal(key, (3, 2))
    a, b = jnp.array([-1.0, 0.0, 0.5]), jnp.array([0.0, 2.0])
    found = slices.plane(surfaces.beale, center, first, second, a, b, batch_size=4)
    for i in range(3):
        for j in range(2):
            expected = surfaces.beale(center + a[i] * first + b[j] * second)
            np.testing.assert_allclose(found[i, j], expected, rtol=1e-4)
    np.testing.assert_allclose(slices.line(surfaces.beale, center, first, a), found[:, 0], rtol=1e-4)


def test_line_between_two_minima_starts_and_ends_at_zero_with_a_barrier():
    one, other = (jnp.array(point) for point in surfaces.MINIMA["himmelblau"][:2])
    values = slices.line(surfaces.himmelblau, one, other - one, jnp.linspace(0, 1, 11))
    np.testing.assert_allclose(values[jnp.array([0, -1])], 0.0, atol=1e-8)
    assert values.max() > 10


def test_filters_take_the_norm_of_the_parameters_filters(network, key):
    tree = network | {"bias": jnp.arange(5.0), "scale": jnp.array(2.0), "kernel": jax.random.normal(key, (3, 3, 2, 4))}
    direction = slices.filter_normalized(slices.random_direction(tree, key=key), tree)
    for name in ("in", "out", "kernel"):
        axes = tuple(range(tree[name].ndim - 1))
        np.testing.assert_allclose(
            jnp.linalg.norm(direction[name].reshape(-1, tree[name].shape[-1]), axis=0),
            jnp.sqrt(jnp.sum(tree[name] ** 2, axis=axes)),
            rtol=1e-5,
        )
    assert np.all(direction["bias"] == 0)
    assert direction["scale"] == 0


def test_zero_filters_stay_zero_and_finite_also_in_their_derivative():
    params = jnp.array([[0.0, 1.0], [0.0, 2.0]])
    assert np.all(slices.filter_normalized(jnp.ones((2, 2)), params)[:, 0] == 0)
    still = slices.filter_normalized(jnp.zeros((2, 2)), params)
    assert np.all(still == 0)
    slope = jax.grad(lambda d: slices.filter_normalized(d, params).sum())(jnp.zeros((2, 2)))
    assert np.all(np.isfinite(slope))


def test_a_filter_normalized_slice_does_not_see_the_rescaling_of_rectifiers(network, key):
    """in * c and out / c make the same function; only the normalized slice is the same, too."""
    x = jax.random.normal(key, (8, 3))
    rescaled = {"in": 10 * network["in"], "out": network["out"] / 10}
    raw = slices.random_direction(network, key=key)
    steps = jnp.linspace(-1, 1, 5)

    def cut(params, direction):
        return np.asarray(slices.line(risk, params, direction, steps, data=(x,)))

    np.testing.assert_allclose(rectifier(network, x), rectifier(rescaled, x), atol=1e-4)
    normalized = [cut(p, slices.filter_normalized(raw, p)) for p in (network, rescaled)]
    np.testing.assert_allclose(normalized[0], normalized[1], rtol=1e-3)
    assert np.abs(cut(network, raw) - cut(rescaled, raw)).max() > 0.1 * cut(network, raw).max()


def test_path_plane_recovers_a_plane_and_equals_the_svd(key):
    basis = np.linalg.qr(jax.random.normal(key, (6, 2)))[0].T
    along = jnp.array([[5.0, 1.0], [3.0, -2.0], [1.0, 0.5], [0.0, 0.0]])
    path = {"a": (along @ basis)[:, :4].reshape(4, 2, 2) + 7.0, "b": (along @ basis)[:, 4:]}
    plane = slices.path_plane(path)
    np.testing.assert_allclose(plane.share.sum(), 1.0, rtol=1e-5)
    rows = np.concatenate([path["a"].reshape(4, 4), path["b"]], axis=1)
    directions = np.stack([np.concatenate([d["a"].ravel(), d["b"]]) for d in (plane.first, plane.second)])
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-5)
    np.testing.assert_allclose(plane.coordinates @ directions + rows[-1], rows, atol=1e-4)
    assert plane.share[0] >= plane.share[1]
    assert all(row[np.abs(row).argmax()] > 0 for row in directions)
    np.testing.assert_allclose(plane.center["a"], path["a"][-1])


def test_the_plane_of_a_path_shows_the_objective_along_it():
    way = trajectories.run(surfaces.beale, jnp.array([0.5, 0.5]), optimizer=optimizers.adam(0.1), n_steps=12)
    seen = slices.path_plane(way.params)
    for (a, b), value in zip(seen.coordinates, way.history, strict=True):
        shown = slices.plane(surfaces.beale, seen.center, seen.first, seen.second, a[None], b[None])
        np.testing.assert_allclose(shown[0, 0], value, rtol=1e-3, atol=1e-4)


def test_a_straight_path_and_one_that_stands_still():
    straight = slices.path_plane(jnp.outer(jnp.arange(4.0), jnp.array([3.0, 4.0, 0.0])))
    np.testing.assert_allclose(straight.share, [1.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(jnp.abs(straight.first), [0.6, 0.8, 0.0], atol=1e-6)
    assert abs(straight.first @ straight.second) < 1e-5
    np.testing.assert_allclose(slices.path_plane(jnp.ones((4, 3))).share, 0.0)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="shapes of the parameters"):
        slices.line(surfaces.beale, jnp.ones(2), jnp.ones(3), jnp.ones(1))
    with pytest.raises(ValueError, match="shapes of the parameters"):
        slices.filter_normalized(jnp.ones((2, 2)), jnp.ones((2, 3)))
    with pytest.raises(ValueError, match="batch_size"):
        slices.plane(surfaces.beale, jnp.ones(2), jnp.ones(2), jnp.ones(2), jnp.ones(1), jnp.ones(1), batch_size=0)
    with pytest.raises(ValueError, match="3 points, 2 parameters"):
        slices.path_plane(jnp.ones((2, 5)))


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_directions_and_paths_in_any_unit(scale):
    direction, params = jnp.array([[3.0, 1.0], [4.0, 0.0]]), jnp.array([[0.0, 2.0], [10.0, 0.0]])
    np.testing.assert_allclose(slices.filter_normalized(direction * scale, params), [[6, 2], [8, 0]], rtol=1e-5)
    found = slices.filter_normalized(direction, params * scale)
    np.testing.assert_allclose(np.asarray(found, float) / scale, [[6, 2], [8, 0]], rtol=1e-5)
    path = jnp.array([[3.0, 4.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(slices.path_plane(path * scale).share, slices.path_plane(path).share, rtol=1e-4)
