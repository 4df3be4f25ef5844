import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.networks import approximation, mlp


def largest_error(network, activation, function, low, high):
    x = jnp.linspace(low, high, 2001)
    return np.abs(mlp.apply(network, x[:, None], activation=activation)[:, 0] - function(x)).max()


def wiggle(x):
    return jnp.sin(3 * x) + 0.3 * x


@pytest.mark.parametrize("width", [1, 2, 7, 40])
def test_bumps_keep_their_bound(width):
    network = approximation.bumps(wiggle, -1.0, 2.0, width=width)
    bound = approximation.bumps_bound(3.3, -1.0, 2.0, width=width)
    assert largest_error(network, "heaviside", wiggle, -1.0, 2.0) <= bound * 1.0001
    assert network[0].weight.shape == (1, width - 1)


@pytest.mark.parametrize("width", [1, 2, 7, 40])
def test_hats_keep_their_bound_and_meet_the_nodes(width):
    network = approximation.hats(wiggle, -1.0, 2.0, width=width)
    bound = approximation.hats_bound(9.0, -1.0, 2.0, width=width)
    assert largest_error(network, "relu", wiggle, -1.0, 2.0) <= bound + 1e-5
    nodes = jnp.linspace(-1.0, 2.0, width + 1)
    found = mlp.apply(network, nodes[:, None])[:, 0]
    np.testing.assert_allclose(found, np.interp(nodes, nodes, wiggle(nodes)), atol=1e-5)


def test_bounds_are_attained():
    """A straight line for bumps, a parabola for hats: no smaller bound holds."""
    network = approximation.bumps(lambda x: 2 * x, 0.0, 1.0, width=5)
    assert largest_error(network, "heaviside", lambda x: 2 * x, 0.0, 1.0) == pytest.approx(
        float(approximation.bumps_bound(2.0, 0.0, 1.0, width=5)), rel=0.01
    )
    network = approximation.hats(jnp.square, 0.0, 1.0, width=5)
    assert largest_error(network, "relu", jnp.square, 0.0, 1.0) == pytest.approx(
        float(approximation.hats_bound(2.0, 0.0, 1.0, width=5)), rel=0.01
    )


def test_orders_of_convergence():
    errors = {
        m: (
            largest_error(approximation.bumps(wiggle, 0.0, 2.0, width=m), "heaviside", wiggle, 0.0, 2.0),
            largest_error(approximation.hats(wiggle, 0.0, 2.0, width=m), "relu", wiggle, 0.0, 2.0),
        )
        for m in (16, 64)
    }
    orders = np.log2(np.array(errors[16]) / np.array(errors[64])) / 2
    np.testing.assert_allclose(orders, [1, 2], atol=0.15)


def test_steep_bumps_add_up_to_the_network_of_thresholds():
    edges = jnp.linspace(0.0, 2.0, 5)
    middles = (edges[:-1] + edges[1:]) / 2
    x = middles + 0.1
    total = sum(
        approximation.bump(x, low=a, high=b, steepness=1e4, height=wiggle(c))
        for a, b, c in zip(edges[:-1], edges[1:], middles, strict=True)
    )
    network = approximation.bumps(wiggle, 0.0, 2.0, width=4)
    np.testing.assert_allclose(total, mlp.apply(network, x[:, None], activation="heaviside")[:, 0], atol=1e-5)


def random_waves(key, d):
    frequency = jax.random.normal(key, (3, d))
    return jnp.array([1.0, -0.7, 0.4]), frequency / jnp.linalg.norm(frequency, axis=1)[:, None], jnp.arange(3.0)


def ball(key, n, d, radius=1.0):
    x = jax.random.normal(key, (n, d))
    return radius * x / jnp.linalg.norm(x, axis=1, keepdims=True) * jax.random.uniform(key, (n, 1))


@pytest.mark.parametrize("d", [1, 20])
def test_ridges_keep_their_bound_in_any_dimension(key, d):
    waves, x = random_waves(key, d), ball(key, 100, d)

    def error(key):
        network = approximation.ridges(*waves, key=key, width=50)
        return mlp.apply(network, x, activation="heaviside")[:, 0] - approximation.waves(x, *waves)

    errors = jax.jit(jax.vmap(error))(jax.random.split(key, 400))
    bound = approximation.ridges_bound(*waves, width=50)
    assert np.mean(errors**2, axis=0).max() < bound
    spread = np.sqrt(np.mean(errors**2, axis=0) / 400)
    assert (np.abs(errors.mean(axis=0)) < 4.5 * spread).all(), "the mean over networks is the function"


def test_mean_square_of_ridges_falls_like_one_over_width(key):
    waves, x = random_waves(key, 5), ball(key, 60, 5)
    squares = []
    for width in (25, 400):
        networks = jax.vmap(lambda k, m=width: approximation.ridges(*waves, key=k, width=m))(jax.random.split(key, 200))
        outputs = jax.vmap(lambda network: mlp.apply(network, x, activation="heaviside")[:, 0])(networks)
        squares.append(np.mean((outputs - approximation.waves(x, *waves)) ** 2))
    assert squares[0] / squares[1] == pytest.approx(16, rel=0.25)


def test_waves_are_a_sum_of_cosines(key):
    x = np.asarray(jax.random.normal(key, (4, 2)))
    a, w, p = np.array([2.0, -1.0]), np.array([[1.0, 0.5], [0.0, 3.0]]), np.array([0.1, 0.2])
    needed = [sum(a[j] * np.cos(w[j] @ row + p[j]) for j in range(2)) for row in x]
    arrays = (jnp.asarray(one, jnp.float32) for one in (x, a, w, p))
    np.testing.assert_allclose(approximation.waves(*arrays), needed, rtol=1e-4)


@pytest.mark.parametrize("build", [approximation.bumps, approximation.hats])
def test_width_must_be_positive(build):
    with pytest.raises(ValueError, match="width must be positive"):
        build(jnp.sin, 0.0, 1.0, width=0)
    with pytest.raises(ValueError, match="width must be positive"):
        getattr(approximation, f"{build.__name__}_bound")(1.0, 0.0, 1.0, width=0)


def test_waves_that_do_not_fit(key, unchecked):
    a, w, p = random_waves(key, 2)
    with pytest.raises(ValueError, match="must have the same length"):
        approximation.ridges(a[:2], w, p, key=key, width=3)
    with pytest.raises(ValueError, match="differ in d"):
        approximation.waves(jnp.ones((2, 3)), a, w, p)
    with pytest.raises(ValueError, match="width must be positive"):
        approximation.ridges(a, w, p, key=key, width=0)


@pytest.mark.parametrize("build", [approximation.bumps, approximation.hats])
def test_an_interval_without_length_is_refused(build):
    for low, high in ((1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(ValueError, match="low must be below high"):
            build(jnp.sin, low, high, width=3)


def test_bounds_of_tiny_and_huge_units():
    assert approximation.hats_bound(1e-25, 0.0, 1e25, width=1).item() * 8 == pytest.approx(1e25)
    wave = jnp.ones(1) * 1e-15, jnp.array([[3e25, 4e25]]), jnp.zeros(1)
    assert approximation.ridges_bound(*wave, width=4, radius=1.0).item() == pytest.approx(25e20)
