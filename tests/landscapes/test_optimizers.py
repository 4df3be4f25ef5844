import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfml.landscapes import optimizers, sharpness, surfaces, trajectories

PAIRS = {
    "gradient descent": (optimizers.gradient_descent(1e-3), optax.sgd(1e-3)),
    "momentum": (optimizers.momentum(1e-3, 0.8), optax.sgd(1e-3, momentum=0.8)),
    "nesterov": (optimizers.nesterov(1e-3, 0.8), optax.sgd(1e-3, momentum=0.8, nesterov=True)),
    "adagrad": (optimizers.adagrad(0.3), optax.adagrad(0.3)),
    "adagrad from zero": (
        optimizers.adagrad(0.3, initial_accumulator_value=0.0, eps=1e-3),
        optax.adagrad(0.3, initial_accumulator_value=0.0, eps=1e-3),
    ),
    "rmsprop": (optimizers.rmsprop(0.01, 0.95, eps=1e-4), optax.rmsprop(0.01, 0.95, eps=1e-4)),
    "adam": (optimizers.adam(0.1, 0.8, 0.95, eps=1e-3), optax.adam(0.1, 0.8, 0.95, eps=1e-3)),
    "adamw": (optimizers.adamw(0.1, weight_decay=0.3), optax.adamw(0.1, weight_decay=0.3)),
}


def objective(tree):
    """Rosenbrock's valley in a tree, with a leaf whose gradient is always zero."""
    return surfaces.rosenbrock(jnp.concatenate([tree["a"].ravel(), tree["b"][None]])) + 0.0 * jnp.sum(tree["still"])


def start(dtype=jnp.float32):
    return {"a": jnp.array([[-1.2], [1.0]], dtype), "b": jnp.array(0.4, dtype), "still": jnp.ones(2, dtype)}


@pytest.mark.parametrize("name", PAIRS)
def test_equals_optax_over_100_steps_in_double_precision(name, x64):
    """Rounding grows along a valley; in double precision what is left tells equal formulas from similar ones."""
    ours, theirs = (trajectories.run(objective, start(jnp.float64), optimizer=one, n_steps=100) for one in PAIRS[name])
    found, expected = ((way.params, way.gradient_norm, way.history) for way in (ours, theirs))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert a.dtype == jnp.float64
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    assert ours.history[-1] < ours.history[0]


@pytest.mark.parametrize("name", PAIRS)
def test_equals_optax_over_100_steps_in_single_precision(name):
    def bowl(tree):
        return jnp.sum(jnp.array([[3.0], [1.0]]) * tree["a"] ** 2) + (tree["b"] - 1) ** 2 + 0.0 * jnp.sum(tree["still"])

    ours, theirs = (trajectories.run(bowl, start(), optimizer=one, n_steps=100) for one in PAIRS[name])
    for a, b in zip(jax.tree.leaves(ours.params), jax.tree.leaves(theirs.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", PAIRS)
def test_states_carry_over_from_step_to_step_as_optaxs_do(name):
    """The interface by hand: init, update, apply_updates."""
    mine, other = PAIRS[name]
    params = theirs = start()
    state, their_state = mine.init(params), other.init(theirs)
    for _ in range(3):
        updates, state = mine.update(jax.grad(objective)(params), state, params)
        params = optimizers.apply_updates(params, updates)
        updates, their_state = other.update(jax.grad(objective)(theirs), their_state, theirs)
        theirs = optax.apply_updates(theirs, updates)
    for a, b in zip(jax.tree.leaves(params), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("condition_number", [2.0, 100.0])
def test_gradient_descent_converges_just_below_2_over_the_curvature_and_diverges_just_above(key, condition_number):
    matrix = surfaces.conditioned(key=key, n_dims=3, condition_number=condition_number)

    def bowl(point):
        return surfaces.quadratic(point, matrix)

    def values(share):
        optimizer = optimizers.gradient_descent(share * 2 / condition_number)
        return trajectories.run(bowl, jnp.ones(3), optimizer=optimizer, n_steps=2000).history

    below, above = jax.vmap(values)(jnp.array([0.99, 1.01]))
    assert below[-1] < 1e-6 * below[0]
    assert not above[-1] < 1e6 * above[0]


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(1.0, 50.0))
def test_gradient_descent_contracts_each_direction_by_its_own_factor(share, largest):
    rate = share * 2 / largest
    curvatures = jnp.array([1.0, largest], jnp.float32)
    updates, _ = optimizers.gradient_descent(rate).update(curvatures * 1.0, optimizers.Stateless())
    np.testing.assert_allclose(1 + updates, 1 - rate * curvatures, atol=1e-6)


def test_momentum_needs_fewer_steps_on_an_ill_conditioned_bowl():
    """Polyak's rates: about (k - 1)/(k + 1) for gradient descent, (sqrt k - 1)/(sqrt k + 1) with momentum."""
    kappa = 100.0

    def bowl(point):
        return 0.5 * (point[0] ** 2 + kappa * point[1] ** 2)

    rate, decay = (2 / (1 + kappa**0.5)) ** 2, ((kappa**0.5 - 1) / (kappa**0.5 + 1)) ** 2
    plain = trajectories.run(bowl, jnp.ones(2), optimizer=optimizers.gradient_descent(2 / (1 + kappa)), n_steps=100)
    heavy = trajectories.run(bowl, jnp.ones(2), optimizer=optimizers.momentum(rate, decay), n_steps=100)
    np.testing.assert_allclose(plain.history[-1] / plain.history[0], ((kappa - 1) / (kappa + 1)) ** 200, rtol=1e-2)
    assert heavy.history[-1] < 1e-10 * plain.history[-1]


def test_newton_solves_a_quadratic_in_one_step_whatever_its_condition(key, x64):
    matrix = surfaces.conditioned(key=key, n_dims=4, condition_number=jnp.array(1e6))
    slope = jnp.arange(4.0)

    def bowl(tree):
        return surfaces.quadratic(jnp.concatenate(tree), matrix, slope=slope)

    way = trajectories.run(bowl, (jnp.ones(1), jnp.ones(3)), optimizer=optimizers.newton(bowl), n_steps=1)
    reached = jnp.concatenate([leaf[-1] for leaf in way.params])
    np.testing.assert_allclose(reached, -jnp.linalg.solve(matrix, slope), rtol=1e-6)


def test_newton_goes_to_a_saddle_and_the_saddle_free_variant_away_from_it():
    def saddle(point):
        return point[0] ** 2 - point[1] ** 2 + 0.25 * point[1] ** 4  # minima at y = +- sqrt 2

    start = jnp.array([1.0, 0.1])
    to_saddle = trajectories.run(saddle, start, optimizer=optimizers.newton(saddle), n_steps=10)
    away = trajectories.run(saddle, start, optimizer=optimizers.newton(saddle, saddle_free=True), n_steps=30)
    np.testing.assert_allclose(to_saddle.params[-1], [0.0, 0.0], atol=1e-5)
    np.testing.assert_allclose(away.params[-1], [0.0, 2**0.5], atol=1e-4)


def test_newton_is_not_finite_where_the_hessian_is_singular_and_damping_helps():
    def valley(point):
        return point[0] ** 2 + 0.0 * point[1]

    def step(damping):
        optimizer = optimizers.newton(valley, damping=damping)
        return optimizer.update(jnp.array([2.0, 1.0]), optimizer.init(jnp.ones(2)), jnp.ones(2))[0]

    assert not np.all(np.isfinite(step(0.0)))
    np.testing.assert_allclose(step(0.5), [-0.8, -2.0])


def test_adam_takes_first_steps_of_the_learning_rate_whatever_the_gradient():
    for size in (1e-3, 1.0, 1e6):
        optimizer = optimizers.adam(0.5)
        step, _ = optimizer.update(size * jnp.array([1.0, -3.0]), optimizer.init(jnp.ones(2)))
        np.testing.assert_allclose(step, [-0.5, 0.5], rtol=1e-3)


def test_a_gradient_of_zero_moves_nothing_and_has_finite_derivatives():
    for name, (optimizer, _) in PAIRS.items():

        def step(gradient, optimizer=optimizer):
            return optimizer.update(gradient, optimizer.init(jnp.zeros(2)), jnp.zeros(2))[0].sum()

        assert step(jnp.zeros(2)) == 0, name
        assert np.all(np.isfinite(jax.grad(step)(jnp.zeros(2)))), name


def test_a_trajectory_may_be_differentiated_and_mapped_over_the_learning_rate():
    def final(rate):
        way = trajectories.run(surfaces.beale, jnp.array([1.0, 0.2]), optimizer=optimizers.adam(rate), n_steps=5)
        return way.history[-1]

    rates = jnp.array([0.01, 0.05])
    mapped = jax.vmap(final)(rates)
    np.testing.assert_allclose(mapped, [final(0.01), final(0.05)], rtol=1e-5)
    assert mapped[0] != mapped[1]
    np.testing.assert_allclose(jax.grad(final)(0.05), (final(0.0505) - final(0.0495)) / 0.001, rtol=2e-2)


def test_a_trajectory_holds_its_start_and_the_norms_of_gradients():
    begin = jnp.array([3.0, 4.0])
    way = trajectories.run(lambda x: 0.5 * x @ x, begin, optimizer=optimizers.gradient_descent(0.5), n_steps=2)
    np.testing.assert_allclose(way.params, [[3, 4], [1.5, 2], [0.75, 1]])
    np.testing.assert_allclose(way.gradient_norm, [5, 2.5, 1.25])
    none = trajectories.run(lambda x: 0.5 * x @ x, begin, optimizer=optimizers.gradient_descent(0.5), n_steps=0)
    np.testing.assert_allclose(none.params, [[3, 4]])


RULES = ("gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


@pytest.mark.parametrize("name", RULES)
def test_a_schedule_is_refused_by_name(name, unchecked):
    with pytest.raises(ValueError, match=r"^learning_rate must be .* found <function"):
        getattr(optimizers, name)(optax.linear_schedule(1.0, 0.0, 10))
    with pytest.raises(ValueError, match=r"^learning_rate must be .* found None"):
        getattr(optimizers, name)(None)


def test_other_numbers_are_named(unchecked):
    for call, name in (
        (lambda: optimizers.momentum(0.1, None), "decay"),
        (lambda: optimizers.adagrad(0.1, eps="small"), "eps"),
        (lambda: optimizers.rmsprop(0.1, None), "decay"),
        (lambda: optimizers.adam(0.1, b2=None), "b2"),
        (lambda: optimizers.adamw(0.1, weight_decay=None), "weight_decay"),
        (lambda: optimizers.newton(surfaces.beale, damping=None), "damping"),
        (lambda: sharpness.sam(surfaces.beale, optimizers.adam(0.1), rho=None), "rho"),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be .* found"):
            call()


def test_wrong_arguments():
    with pytest.raises(ValueError, match="n_steps must not be negative"):
        trajectories.run(surfaces.beale, jnp.ones(2), optimizer=optimizers.adam(0.1), n_steps=-1)
    for optimizer in (
        optimizers.adamw(0.1),
        optimizers.newton(surfaces.beale),
        sharpness.sam(surfaces.beale, optimizers.adam(0.1)),
    ):
        with pytest.raises(ValueError, match="needs the parameters"):
            optimizer.update(jnp.ones(2), optimizer.init(jnp.ones(2)))
