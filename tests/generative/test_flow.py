"""Flows: splines and couplings invert, determinants are those of autodiff, densities add up to 1."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generative import couplings, flow, splines, two_moons
from mfml.iteration import Status

ENTROPY = 1.0075848  # of two moons with noise 0.1, nats


def moved(tree, key, by=0.1):
    """Parameters away from their start, where everything is the identity."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves))
    return jax.tree.unflatten(
        structure,
        [leaf + by * jax.random.normal(k, leaf.shape, leaf.dtype) for leaf, k in zip(leaves, keys, strict=True)],
    )


def network(x, key, **options):
    made = flow.init(x, key=key, hidden=(8,), **options)
    return made._replace(layers=moved(made.layers, key))


@pytest.fixture(params=["spline", "affine"])
def kind(request):
    return request.param


def spline_by_hand(x, knots_x, knots_y, slopes):
    """One point, as equation 4 of Durkan et al. is printed."""
    if x <= knots_x[0]:
        return knots_y[0] + slopes[0] * (x - knots_x[0])
    if x >= knots_x[-1]:
        return knots_y[-1] + slopes[-1] * (x - knots_x[-1])
    k = np.searchsorted(knots_x, x, side="right") - 1
    s = (knots_y[k + 1] - knots_y[k]) / (knots_x[k + 1] - knots_x[k])
    xi = (x - knots_x[k]) / (knots_x[k + 1] - knots_x[k])
    above = (knots_y[k + 1] - knots_y[k]) * (s * xi**2 + slopes[k] * xi * (1 - xi))
    return knots_y[k] + above / (s + (slopes[k + 1] + slopes[k] - 2 * s) * xi * (1 - xi))


@pytest.fixture
def spline(key):
    """Fifty splines with 6 bins, of very different bends, and a point for each."""
    a, b = jax.random.split(key)
    return splines.knots(jax.random.normal(a, (50, 17)), bound=2.0), 1.5 * jax.random.normal(b, (50,))


def test_splines_are_the_printed_formula(spline):
    knots, x = spline
    by_hand = [
        spline_by_hand(*each) for each in zip(np.asarray(x, float), *(np.asarray(k, float) for k in knots), strict=True)
    ]
    assert np.abs(x).max() > 2 > np.abs(x).min()
    np.testing.assert_allclose(splines.transform(knots, x).values, by_hand, atol=3e-6)


def test_splines_pass_through_their_knots_with_their_slopes(spline):
    knots, _ = spline
    for j in range(7):
        found = splines.transform(knots, knots.x[:, j])
        np.testing.assert_allclose(found.values, knots.y[:, j], atol=1e-6)
        np.testing.assert_allclose(np.exp(found.log_slope), knots.slopes[:, j], rtol=1e-4)


def test_the_inverse_of_a_spline_is_exact_to_rounding(spline):
    knots, x = spline
    there = splines.transform(knots, x)
    back = splines.inverse(knots, there.values)
    slope = np.exp(np.minimum(there.log_slope, 0))  # a rounded value is a point further off where the spline is flat
    assert np.max(np.abs(back.values - x) * slope) < 2e-6
    np.testing.assert_allclose(back.log_slope, -there.log_slope, atol=1e-3)


def test_slopes_of_splines_are_those_of_autodiff(spline):
    knots, x = spline
    slope = jax.vmap(jax.grad(lambda x, k: splines.transform(k, x).values))(x, knots)
    np.testing.assert_allclose(np.log(slope), splines.transform(knots, x).log_slope, atol=1e-4)
    of_inverse = jax.vmap(jax.grad(lambda y, k: splines.inverse(k, y).values))(x, knots)
    np.testing.assert_allclose(np.log(of_inverse), splines.inverse(knots, x).log_slope, atol=1e-4)


def test_tails_are_straight_lines_of_the_last_slope():
    knots = splines.Knots(jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 3.0, 4.0]), jnp.array([2.0, 1.0, 0.5]))
    many = jax.tree.map(lambda part: jnp.tile(part, (3, 1)), knots)
    found = splines.transform(many, jnp.array([-3.0, 2.0, 1e6]))
    np.testing.assert_allclose(found.values, [-6.0, 4.0, 4.0 + 0.5 * (1e6 - 2)])
    np.testing.assert_allclose(np.exp(found.log_slope), [2.0, 0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-18, 1e18])
def test_splines_know_no_unit(spline, unit):
    knots, x = spline
    scaled = splines.Knots(knots.x * unit, knots.y * unit, knots.slopes)
    expected = splines.transform(knots, x)
    found = splines.transform(scaled, x * unit)
    np.testing.assert_allclose(found.values / unit, expected.values, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.log_slope, expected.log_slope, atol=1e-4)
    back = splines.inverse(scaled, expected.values * unit)
    np.testing.assert_allclose(back.values / unit, splines.inverse(knots, expected.values).values, rtol=1e-4, atol=1e-5)


def test_raw_numbers_of_any_size_make_a_spline_that_rises():
    raw = jnp.array([[1e4, -1e4, 0.0, 0.0, 1e4, -1e4, -1e4, 1e4], [0.0] * 8])
    knots = splines.knots(raw, bound=3.0)
    assert all((np.diff(part) > 0).all() for part in knots[:2]) and (np.asarray(knots.slopes) > 0).all()
    np.testing.assert_allclose(splines.transform(knots, jnp.full(2, 0.7)).values[1], 0.7, rtol=1e-6)  # the identity
    assert np.isnan(splines.transform(knots, jnp.array([jnp.nan, 1.0])).log_slope).tolist() == [True, False]


def test_bad_knots_are_refused(unchecked):
    with pytest.raises(ValueError, match="3 k - 1 columns"):
        splines.knots(jnp.zeros((2, 6)), bound=1.0)
    with pytest.raises(ValueError, match="bound must be positive"):
        splines.knots(jnp.zeros((2, 5)), bound=0.0)
    with pytest.raises(ValueError, match="one spline for each point"):
        splines.transform(splines.knots(jnp.zeros((2, 5)), bound=1.0), jnp.zeros(3))


@pytest.mark.parametrize("d", [2, 3, 5])
def test_couplings_leave_half_of_the_features_and_their_determinant_is_that_of_autodiff(key, kind, d):
    layer = moved(couplings.init(key=key, n_features=d, n_conditions=2, kind=kind, hidden=(8,)), key)
    x, y = jax.random.normal(key, (4, d)), jax.random.normal(jax.random.fold_in(key, 1), (4, 2))
    found = couplings.transform(layer, x, condition=y)
    still = d - d // 2
    assert (found.x[:, :still] == x[:, :still]).all() and not np.allclose(found.x[:, still:], x[:, still:])
    jacobian = jax.vmap(jax.jacobian(lambda a, b: couplings.transform(layer, a[None], condition=b[None]).x[0]))(x, y)
    np.testing.assert_allclose(found.log_det, np.linalg.slogdet(np.asarray(jacobian, float))[1], atol=1e-5)
    back = couplings.inverse(layer, found.x, condition=y)
    np.testing.assert_allclose(back.x, x, atol=1e-4)
    np.testing.assert_allclose(back.log_det, -found.log_det, atol=1e-4)


@pytest.mark.parametrize("d", [2, 3, 4, 5, 8])
def test_after_some_layers_each_feature_depends_on_each(key, d):
    x = jax.random.normal(key, (2, d))
    model = network(x, key, kind="affine", n_layers=d + 2)
    jacobian = jax.jacobian(lambda row: flow.transform(model, row[None]).x[0])(x[0])
    assert (np.abs(jacobian) > 0).all()
    np.testing.assert_array_equal(couplings.unshuffled(couplings.shuffled(x)), x)


def test_a_flow_inverts_and_its_density_is_that_of_autodiff(key, kind):
    x = 50 + 3 * jax.random.normal(key, (20, 4))
    model = network(x, key, kind=kind, n_layers=3)
    z, log_det = flow.transform(model, x)
    np.testing.assert_allclose(flow.inverse_transform(model, z).x, x, rtol=1e-5)
    np.testing.assert_allclose(flow.inverse_transform(model, z).log_det, -log_det, atol=1e-3)
    jacobian = jax.vmap(jax.jacobian(lambda row: flow.transform(model, row[None]).x[0]))(x)
    normal = -0.5 * np.sum(np.asarray(z) ** 2, axis=1) - 2 * np.log(2 * np.pi)
    expected = normal + np.linalg.slogdet(np.asarray(jacobian, float))[1]
    np.testing.assert_allclose(flow.log_prob(model, x), expected, atol=1e-4)
    np.testing.assert_allclose(flow.score(model, x), expected.mean(), atol=1e-4)


def grid(low, high, n=401):
    axis = jnp.linspace(low, high, n)
    return jnp.stack(jnp.meshgrid(axis, axis), axis=-1).reshape(-1, 2), float((high - low) / (n - 1)) ** 2


def test_the_density_adds_up_to_1_and_samples_follow_it(key, kind):
    model = network(jax.random.normal(key, (50, 2)), key, kind=kind, n_layers=3)
    points, area = grid(-15.0, 15.0)
    density = np.exp(np.asarray(flow.log_prob(model, points), float)) * area
    np.testing.assert_allclose(density.sum(), 1, atol=4e-3)
    drawn = flow.sample(model, key=key, n_samples=4000)
    mean = density @ np.asarray(points)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=4 * float(drawn.std()) / 4000**0.5)


def test_conditions_move_the_density_and_each_slice_adds_up_to_1(key):
    x, y = jax.random.normal(key, (50, 2)), jax.random.normal(jax.random.fold_in(key, 1), (50, 1))
    model = network(x, key, condition=y, n_layers=2)
    points, area = grid(-12.0, 12.0, 301)
    for value in (-1.0, 2.0):
        density = np.exp(flow.log_prob(model, points, condition=jnp.array([[value]])))
        np.testing.assert_allclose(density.sum() * area, 1, atol=3e-3)
    one = flow.log_prob(model, x[:3], condition=jnp.array([[2.0]]))
    np.testing.assert_allclose(one, flow.log_prob(model, x[:3], condition=jnp.full((3, 1), 2.0)), rtol=1e-5)
    assert not np.allclose(one, flow.log_prob(model, x[:3], condition=jnp.array([[-1.0]])), atol=0.1)
    with pytest.raises(ValueError, match="condition must be given"):
        flow.log_prob(model, x)
    with pytest.raises(ValueError, match="one row, or one for each of the 50 samples; found shape \\(3, 1\\)"):
        flow.log_prob(model, x, condition=y[:3])
    with pytest.raises(ValueError, match="condition must be None"):
        flow.sample(flow.init(x, key=key, n_layers=1), key=key, n_samples=2, condition=y)


@pytest.mark.parametrize(("shift", "unit"), [(0.0, 1e-18), (0.0, 1e18), (65536.0, 1.0)])
def test_flows_know_no_unit_and_no_origin(key, shift, unit):
    x = jnp.round(64 * jax.random.normal(key, (20, 2))) / 64
    x = jnp.concatenate([x, -x])  # with a mean that has no rounding
    plain, far = (flow.init(data, key=key, n_layers=2, hidden=(8,)) for data in (x, x * unit + shift))
    layers = moved(plain.layers, key)
    expected = flow.log_prob(plain._replace(layers=layers), x)
    found = flow.log_prob(far._replace(layers=layers), x * unit + shift)
    np.testing.assert_allclose(found + 2 * np.log(unit), expected, atol=2e-3)


def test_training_reaches_the_entropy_of_two_moons_and_no_less(key):
    a, b, c = jax.random.split(key, 3)
    x = two_moons.sample(key=a, n_samples=4000)
    start = flow.init(x, key=b, n_layers=4, hidden=(32, 32))
    model = flow.fit(x, key=c, init=start, batch_size=256, n_steps=400)
    assert model.status == Status.FINISHED and model.history.shape == (400,) and not model.converged
    np.testing.assert_allclose(model.history[0], -flow.score(start, x), atol=0.1)
    points, area = grid(-3.0, 4.0, 281)
    density = np.exp(np.asarray(two_moons.log_prob(points), float)) * area
    cross_entropy = -density @ np.asarray(flow.log_prob(model, points), float)  # no noise of sampling
    assert ENTROPY < cross_entropy < ENTROPY + 0.15
    assert cross_entropy < -flow.score(start, x) - 0.3


def test_two_moons_have_their_density(x64, key):
    points, area = grid(-2.5, 3.5, 301)
    log_p = np.asarray(two_moons.log_prob(points.astype(float)))
    np.testing.assert_allclose(np.exp(log_p).sum() * area, 1, rtol=1e-6)
    np.testing.assert_allclose(-np.exp(log_p) @ log_p * area, ENTROPY, atol=1e-6)
    angle = (np.arange(4000) + 0.5) * np.pi / 4000
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    places = np.concatenate([arc, [1.0, 0.5] - arc])
    for noise in (0.03, 0.1, 1.0):
        for x in (np.array([0.3, 0.4]), np.array([0.0, 0.0]), np.array([-1.0, -1.5]), np.array([2.0, 1.0])):
            exponents = -((x - places) ** 2).sum(axis=1) / (2 * noise**2)
            direct = np.log(np.mean(np.exp(exponents - exponents.max()))) + exponents.max()
            found = two_moons.log_prob(jnp.asarray(x[None]), noise=noise)[0]
            np.testing.assert_allclose(found, direct - np.log(2 * np.pi * noise**2), rtol=1e-4)
    drawn = two_moons.sample(key=key, n_samples=20_000)
    np.testing.assert_allclose(-two_moons.log_prob(drawn).mean(), ENTROPY, atol=0.03)


def test_bad_shapes_are_refused(key, unchecked):
    x = jnp.ones((4, 2))
    with pytest.raises(ValueError, match="n_features must be at least 2"):
        flow.init(jnp.ones((4, 1)), key=key)
    with pytest.raises(ValueError, match="kind must be one of 'affine', 'spline'; found 'nice'"):
        flow.init(x, key=key, kind="nice")
    model = flow.init(x, key=key, n_layers=1)
    with pytest.raises(ValueError, match="x must have 2 columns"):
        flow.log_prob(model, jnp.ones((4, 3)))
    with pytest.raises(ValueError, match="x must hold at least one sample"):
        flow.fit(jnp.ones((0, 2)), key=key, init=model)
    with pytest.raises(ValueError, match="the layer reads 1 columns"):
        couplings.transform(model.layers[0], jnp.ones((4, 4)))
    with pytest.raises(ValueError, match="n_samples must be positive"):
        flow.sample(model, key=key, n_samples=0)
    with pytest.raises(ValueError, match="x and condition must have the same length"):
        flow.init(x, key=key, condition=jnp.ones((3, 1)))
    assert flow.log_prob(model, jnp.ones((0, 2))).shape == (0,)
