import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from mfml import iteration
from mfml.iteration import Status
from mfml.risk import reinforcement

LAYOUT = jnp.array([[0, 0, 0, 2], [0, 1, 0, 3], [0, 0, 0, 0]])
DISCOUNT = 0.9


@pytest.fixture
def task():
    return reinforcement.gridworld(LAYOUT)


@pytest.fixture
def slippery():
    return reinforcement.gridworld(LAYOUT, slip=0.3)


def walk(layout, state, action):
    """One move by hand."""
    height, width = layout.shape
    row, column = divmod(state, width)
    down, right = reinforcement.MOVES[action]
    to = (row + down, column + right)
    if not (0 <= to[0] < height and 0 <= to[1] < width) or layout[to] == reinforcement.WALL:
        return state
    return to[0] * width + to[1]


@pytest.mark.parametrize("slip", [0.0, 0.3])
def test_transitions_agree_with_walking_by_hand(slip):
    layout = np.asarray(LAYOUT)
    expected = np.zeros((12, 4, 12))
    for state in range(12):
        for action in range(4):
            for turn, share in ((0, 1 - slip), (1, slip / 2), (-1, slip / 2)):
                expected[state, action, walk(layout, state, (action + turn) % 4)] += share
    np.testing.assert_allclose(reinforcement.gridworld(LAYOUT, slip=slip).transition, expected, atol=1e-6)


def test_rewards_and_ends(task):
    assert task.reward[3] == 1
    assert task.reward[7] == -1
    np.testing.assert_allclose(jnp.delete(task.reward, jnp.array([3, 7])), -0.04, rtol=1e-6)
    np.testing.assert_array_equal(jnp.flatnonzero(task.terminal), [3, 7])


def test_values_of_a_corridor_in_closed_form():
    """n steps before the goal the value is a geometric sum of step rewards and one discounted +1."""
    found = reinforcement.value_iteration(reinforcement.gridworld(jnp.array([[0] * 6 + [2]])), discount=DISCOUNT)
    steps = np.arange(5, -1, -1)
    expected = DISCOUNT**steps - 0.04 * (1 - DISCOUNT**steps) / (1 - DISCOUNT)
    np.testing.assert_allclose(found.value[:6], expected, atol=1e-5)
    assert found.policy[:6].tolist() == [1] * 6
    assert found.converged


def test_value_iteration_agrees_with_linear_programming(slippery):
    """The optimal values are the smallest that satisfy V >= Q for every action: a linear program."""
    found = reinforcement.value_iteration(slippery, discount=DISCOUNT)
    transition = np.asarray(slippery.transition, np.float64)
    alive = ~np.asarray(slippery.terminal)
    future = DISCOUNT * transition * alive
    matrix = (future - np.eye(12)[:, None])[alive].reshape(-1, 12)
    bound = -(transition @ np.asarray(slippery.reward, np.float64))[alive].ravel()
    solved = scipy.optimize.linprog(np.ones(12), matrix, bound, bounds=[(None, None) if a else (0, 0) for a in alive])
    np.testing.assert_allclose(found.value, solved.x, atol=1e-5)


def test_solution_is_a_fixed_point(slippery):
    found = reinforcement.value_iteration(slippery, discount=DISCOUNT)
    q = reinforcement.action_values(found.value, slippery, discount=DISCOUNT)
    np.testing.assert_allclose(q.max(axis=1), found.value, atol=1e-5)
    np.testing.assert_allclose(q, found.q, atol=1e-6)


def test_backups_contract(slippery, key):
    """Two value functions come closer by at least the discount in every sweep."""
    one, other = jax.random.normal(key, (2, 12))
    after = [reinforcement.action_values(v, slippery, discount=DISCOUNT).max(axis=1) for v in (one, other)]
    assert jnp.abs(after[0] - after[1]).max() <= DISCOUNT * jnp.abs(one - other).max() + 1e-6


def test_too_few_sweeps_are_told(task):
    found = reinforcement.value_iteration(task, max_iter=2)
    assert not found.converged
    assert found.n_iter == 2
    assert found.status == Status.MAX_ITER


def test_history_of_value_iteration_is_the_error_of_the_bellman_equation(slippery):
    found = reinforcement.value_iteration(slippery, discount=DISCOUNT)
    value, expected = jnp.zeros(12), []
    for _ in range(int(found.n_iter) + 1):
        backed = reinforcement.action_values(value, slippery, discount=DISCOUNT).max(axis=1)
        expected.append(float(jnp.abs(backed - value).max()))
        value = backed
    np.testing.assert_allclose(found.history[: len(expected)], expected, rtol=1e-4, atol=1e-7)
    assert expected[-2] > 1e-6 >= expected[-1]


def test_value_iteration_says_when_rounding_decides(slippery):
    found = reinforcement.value_iteration(slippery, discount=DISCOUNT, tol=-1.0)
    assert found.status == Status.STALLED
    assert "rounding decides" in iteration.explain(found)
    broken = reinforcement.value_iteration(slippery._replace(reward=slippery.reward.at[0].set(jnp.nan)))
    assert broken.status == Status.NON_FINITE


def test_q_learning_becomes_exact_where_nothing_is_random(task, key):
    solved = reinforcement.value_iteration(task, discount=DISCOUNT)
    learned = reinforcement.fit(
        task, key=key, start_state=8, n_episodes=500, max_length=50, epsilon=1.0, discount=DISCOUNT
    )
    visited = ~np.asarray(task.terminal) & (np.asarray(LAYOUT).ravel() != reinforcement.WALL)
    np.testing.assert_allclose(learned.q[visited], solved.q[visited], atol=1e-4)


def test_q_learning_comes_close_where_moves_slip(slippery, key):
    solved = reinforcement.value_iteration(slippery, discount=DISCOUNT)
    keys = jax.random.split(key, 16)
    options = {"start_state": 8, "n_episodes": 500, "max_length": 50, "epsilon": 1.0}
    learned = jax.vmap(lambda k: reinforcement.fit(slippery, key=k, learning_rate=0.05, discount=DISCOUNT, **options))(
        keys
    )
    visited = ~np.asarray(slippery.terminal) & (np.asarray(LAYOUT).ravel() != reinforcement.WALL)
    np.testing.assert_allclose(learned.q.mean(axis=0)[visited], solved.q[visited], atol=0.1)


def test_learning_shortens_the_way(task, key):
    """With a little exploration the agent ends up on a shortest way of five steps, most of the time."""
    learned = reinforcement.fit(
        task, key=key, start_state=8, n_episodes=400, max_length=50, epsilon=0.1, discount=DISCOUNT
    )
    assert learned.length[-100:].mean() < 7 < learned.length[:5].mean()
    assert learned.total_reward[-100:].mean() > 0.6
    state, steps = 8, 0
    while state != 3 and steps < 10:
        state, steps = walk(np.asarray(LAYOUT), state, int(learned.policy[state])), steps + 1
    assert steps == 5


def test_history_of_q_learning_approaches_the_value_of_the_start(task, key):
    solved = reinforcement.value_iteration(task, discount=DISCOUNT)
    options = {"start_state": 8, "n_episodes": 300, "max_length": 50, "epsilon": 0.3, "discount": DISCOUNT}
    learned = reinforcement.fit(task, key=key, **options)
    assert learned.history.shape == (301,)
    assert learned.history[0] == 0
    np.testing.assert_allclose(learned.history[-1], learned.q[8].max())
    np.testing.assert_allclose(learned.history[-1], solved.value[8], atol=0.02)
    assert learned.n_iter == 300
    assert learned.status == Status.FINISHED
    assert reinforcement.fit(task, key=key, learning_rate=50.0, **options).status == Status.NON_FINITE


def test_an_episode_that_begins_at_the_end_has_no_steps(task, key):
    learned = reinforcement.fit(task, key=key, start_state=3, n_episodes=2, max_length=4)
    assert learned.length.tolist() == [0, 0]
    assert (learned.q == 0).all()


def test_step_by_hand(task):
    q = jnp.arange(48.0).reshape(12, 4)
    moved = reinforcement.step(q, jnp.array(2), jnp.array(3), jnp.array(1), task, learning_rate=0.5, discount=0.9)
    np.testing.assert_allclose(moved[2, 3], 11 + 0.5 * (-0.04 + 0.9 * 7 - 11), rtol=1e-6)
    np.testing.assert_array_equal(np.delete(moved, 11), np.delete(q, 11))


def test_errors(task, key, unchecked):
    with pytest.raises(ValueError, match=r"layout must have 2 axes; found shape \(3,\)"):
        reinforcement.gridworld(jnp.zeros(3, int))
    with pytest.raises(ValueError, match="max_iter must be positive; found 0"):
        reinforcement.value_iteration(task, max_iter=0)
    for name in ("n_episodes", "max_length"):
        with pytest.raises(ValueError, match=f"{name} must be positive; found 0"):
            reinforcement.fit(task, key=key, **{name: 0})
