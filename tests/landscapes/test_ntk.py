import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from mfml.landscapes import ntk


def network(params, x):
    return jnp.tanh(x @ params["in"]) @ params["out"] / params["out"].shape[0] ** 0.5


def linear(w, x):
    return x @ w


@pytest.fixture
def task(key):
    keys = jax.random.split(key, 4)
    params = {"in": jax.random.normal(keys[0], (2, 30)), "out": jax.random.normal(keys[1], (30,))}
    x = jax.random.normal(keys[2], (6, 2))
    return params, x, jnp.sin(2 * x[:, 0]) + x[:, 1]


def test_kernel_equals_the_gram_matrix_of_gradients_one_by_one(task):
    params, x, _ = task
    rows = [ravel_pytree(jax.grad(lambda p, s=s: network(p, s[None])[0])(params))[0] for s in x]
    expected = [[a @ b for b in rows[:4]] for a in rows]
    found = ntk.kernel(network, params, x, x[:4])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_kernel_of_two_outputs_is_the_mean_of_their_kernels(task):
    params, x, _ = task

    def two(params, x):
        hidden = jnp.tanh(x @ params["in"])
        return jnp.stack([hidden @ params["out"], hidden.sum(axis=1)], axis=1)

    each = [ntk.kernel(lambda p, x, k=k: two(p, x)[:, k], params, x, x) for k in (0, 1)]
    np.testing.assert_allclose(ntk.kernel(two, params, x, x), (each[0] + each[1]) / 2, rtol=1e-4)


def test_kernel_is_symmetric_positive_and_that_of_a_linear_model_is_its_gram_matrix(task):
    params, x, _ = task
    gram = ntk.kernel(network, params, x, x)
    np.testing.assert_allclose(gram, gram.T, rtol=1e-5)
    assert np.linalg.eigvalsh(gram).min() > -1e-4
    np.testing.assert_allclose(ntk.kernel(linear, jnp.ones(2), x, x), x @ x.T, rtol=1e-4, atol=1e-6)


def test_kernel_of_a_wide_network_hardly_depends_on_the_draw():
    """Jacot: at infinite width the kernel is a constant. At width w the spread falls like 1/sqrt w."""
    x, rng = jnp.array([[1.0, 0.0], [0.6, 0.8]]), np.random.default_rng(0)
    kernels = jax.jit(jax.vmap(lambda drawn: ntk.kernel(network, drawn, x, x)[0, 1]))
    shapes = [{"in": (64, 2, width), "out": (64, width)} for width in (8, 128)]
    spread = [kernels({name: np.float32(rng.normal(size=size)) for name, size in s.items()}).std() for s in shapes]
    np.testing.assert_allclose(spread[0] / spread[1], 4.0, rtol=0.35)


def test_one_small_step_moves_predictions_by_the_kernel(task):
    params, x, y = task
    done = ntk.fit(x, y, predict=network, init=params, alpha=1.0, learning_rate=1e-3, n_steps=1)
    before, after = network(params, x), network(done.params, x)
    predicted = -1e-3 / len(y) * ntk.kernel(network, params, x, x) @ (0 - y)
    np.testing.assert_allclose(after - before, predicted, rtol=2e-2, atol=1e-6)


def test_distance():
    a = jnp.array([[2.0, 1.0], [1.0, 2.0]])
    np.testing.assert_allclose(ntk.distance(a, 5 * a), 0.0, atol=1e-6)
    np.testing.assert_allclose(ntk.distance(a, 1e30 * a), 0.0, atol=1e-6)
    np.testing.assert_allclose(ntk.distance(jnp.diag(jnp.array([1.0, 0.0])), jnp.diag(jnp.array([0.0, 1.0]))), 1.0)
    b = jnp.eye(2)
    expected = 1 - np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)
    np.testing.assert_allclose(ntk.distance(a, b), expected, rtol=1e-5)
    assert np.isnan(ntk.distance(a, jnp.zeros((2, 2))))


def test_alignment_is_one_for_the_ideal_kernel_and_less_for_others(task):
    _, _, y = task
    np.testing.assert_allclose(ntk.alignment(jnp.outer(y, y), y), 1.0, rtol=1e-5)
    np.testing.assert_allclose(ntk.alignment(jnp.eye(6), y), 1 / 6**0.5, rtol=1e-5)


def test_flow_is_exact_for_a_linear_model(task):
    """Gradient descent in many small steps on mean((f - y)^2)/2."""
    _, x, y = task
    done = ntk.fit(x, y, predict=linear, init=jnp.zeros(2), alpha=1.0, learning_rate=1e-3, n_steps=1500)
    expected = ntk.flow(x @ x.T, jnp.zeros(6), y, 1.5)
    np.testing.assert_allclose(x @ done.params, expected, atol=2e-3)
    np.testing.assert_allclose(ntk.flow(x @ x.T, jnp.ones(6), y, 0.0), 1.0, atol=1e-5)


def test_linearized_is_the_tangent(task):
    params, x, _ = task
    moved = jax.tree.map(lambda leaf: leaf + 1e-3, params)
    np.testing.assert_allclose(ntk.linearized(network, params, moved, x), network(moved, x), atol=1e-4)
    far = jax.tree.map(lambda leaf: leaf + 1.0, params)
    start, once, twice = (
        ntk.linearized(network, params, jax.tree.map(lambda p, f, t=t: p + t * (f - p), params, far), x)
        for t in (0.0, 1.0, 2.0)
    )
    np.testing.assert_allclose(start, network(params, x), rtol=1e-5)
    np.testing.assert_allclose(twice - once, once - start, rtol=1e-3, atol=1e-4)


def test_large_alpha_is_lazy_and_small_alpha_is_rich(task):
    params, x, y = task

    def run(alpha):
        done = ntk.fit(x, y, predict=network, init=params, alpha=alpha, learning_rate=0.1, n_steps=400)
        every = jax.tree.map(lambda leaf: leaf[::100], done.path)
        followed = ntk.evolution(network, every, x)
        return followed.from_start[-1], done

    lazy, done = run(50.0)
    rich, _ = run(0.5)
    assert lazy < 1e-3 < 1e-2 < rich
    tangent = ntk.linearized(network, params, done.params, x)
    scaled = 50 * (network(done.params, x) - network(params, x))
    np.testing.assert_allclose(50 * (tangent - network(params, x)), scaled, atol=0.05)
    predicted = ntk.flow(ntk.kernel(network, params, x, x), jnp.zeros(6), y, 40.0)
    np.testing.assert_allclose(scaled, predicted, atol=0.05)


def test_evolution_begins_at_distance_zero_and_adds_up(task):
    params, x, y = task
    done = ntk.fit(x, y, predict=network, init=params, alpha=1.0, learning_rate=0.2, n_steps=30)
    every = jax.tree.map(lambda leaf: leaf[::10], done.path)
    found = ntk.evolution(network, every, x)
    assert abs(found.from_start[0]) < 1e-6
    np.testing.assert_allclose(found.from_start[1], found.velocity[0], rtol=1e-5)
    last = jax.tree.map(lambda leaf: leaf[-1], every)
    np.testing.assert_allclose(found.kernels[-1], ntk.kernel(network, last, x, x), rtol=1e-4)
    assert done.history[-1] < done.history[0]


def test_wrong_arguments(unchecked):
    with pytest.raises(ValueError, match="samples of one shape"):
        ntk.kernel(linear, jnp.ones(2), jnp.ones((3, 2)), jnp.ones((3, 4)))
    with pytest.raises(ValueError, match="at least one sample"):
        ntk.kernel(linear, jnp.ones(2), jnp.ones((3, 2)), jnp.ones((0, 2)))
    with pytest.raises(ValueError, match="same shape"):
        ntk.distance(jnp.eye(2), jnp.eye(3))
    with pytest.raises(ValueError, match="same length"):
        ntk.flow(jnp.eye(2), jnp.ones(3), jnp.ones(3), 1.0)
    with pytest.raises(ValueError, match="square"):
        ntk.alignment(jnp.ones((2, 3)), jnp.ones(2))
    with pytest.raises(ValueError, match=r"y must have the shape of predictions, \(3,\); found \(4,\)"):
        ntk.fit(
            jnp.ones((3, 2)), jnp.ones(4), predict=linear, init=jnp.ones(2), alpha=1.0, learning_rate=0.1, n_steps=1
        )
    with pytest.raises(ValueError, match="n_steps"):
        ntk.fit(
            jnp.ones((3, 2)), jnp.ones(3), predict=linear, init=jnp.ones(2), alpha=1.0, learning_rate=0.1, n_steps=-1
        )


def test_alignment_and_distance_do_not_depend_on_the_unit():
    y, gram = jnp.array([1.0, -2.0]), jnp.array([[2.0, -1.0], [-1.0, 3.0]])
    for scale in (1e-25, 1e25):
        found = ntk.alignment(gram * scale, y / scale), ntk.distance(gram * scale, jnp.eye(2) / scale)
        np.testing.assert_allclose(found, [ntk.alignment(gram, y), ntk.distance(gram, jnp.eye(2))], rtol=1e-5)


def test_small_distances_of_kernels_keep_their_digits():
    near = jnp.array([[1.0, 1e-4], [1e-4, 1.0]])
    assert ntk.distance(jnp.eye(2), near).item() == pytest.approx(5e-9, rel=1e-2)
    assert ntk.distance(near, near).item() == 0


def test_flow_of_a_singular_kernel_does_not_grow():
    x = jnp.linspace(0.0, 1.0, 30)[:, None]
    late = ntk.flow(x @ x.T, jnp.ones(30), jnp.zeros(30), 1e12)
    assert np.abs(late).max() < 2


def test_alpha_must_be_positive():
    x, y = jnp.array([[1.0]]), jnp.array([1.0])
    with pytest.raises(ValueError, match="alpha must be positive"):
        ntk.fit(x, y, predict=lambda w, x: x @ w, init=jnp.zeros(1), alpha=0.0, learning_rate=0.5, n_steps=2)
