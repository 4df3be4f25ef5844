"""Reinforcement learning on a finite task: value iteration knows the task, Q-learning tries it out.

Shapes: s states, a actions. In a gridworld the states are the cells, row by row, and the actions are 0 up,
1 right, 2 down, 3 left.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics.scaling import largest

FREE, WALL, GOAL, PIT = 0, 1, 2, 3
Carry = tuple[Array, Array, Array]  # action values, state of the task, whether the episode has ended
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # row and column: up, right, down, left


class Task(NamedTuple):
    """A finite Markov decision process."""

    transition: Float[Array, "s a s"]  # probability of the next state; rows sum to 1
    reward: Float[Array, " s"]  # for entering a state
    terminal: Bool[Array, " s"]  # an episode ends on entering one, and nothing more is earned


class Values(NamedTuple):
    """Solution of a task by value iteration."""

    value: Float[Array, " s"]  # expected discounted return from each state; 0 in terminal states
    q: Float[Array, "s a"]  # the same, if this action is taken first
    policy: Int[Array, " s"]  # best action, the first among equals
    history: Float[Array, " steps"]  # largest |max_a Q(s, a) - V(s)| at the start and after each sweep, then NaN
    n_iter: Int[Array, ""]  # sweeps done
    converged: Bool[Array, ""]  # whether the last entry of the history is at most tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, STALLED or NON_FINITE, see `mfml.iteration`


class QLearning(NamedTuple):
    """What Q-learning knows after its episodes, and how each of them went."""

    q: Float[Array, "s a"]  # estimated discounted return of each action
    policy: Int[Array, " s"]  # greedy action, the first among equals
    total_reward: Float[Array, " episodes"]  # undiscounted sum of each episode
    length: Int[Array, " episodes"]  # moves of each episode; max_length if it did not end
    history: Float[Array, " steps"]  # expected return from the start, as estimated before and after each episode
    n_iter: Int[Array, ""]  # episodes
    converged: Bool[Array, ""]  # always False: no measure here says how near the optimum is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
@jax.jit
def gridworld(layout: Int[Array, "height width"], *, step_reward: ArrayLike = -0.04, slip: ArrayLike = 0.0) -> Task:
    r"""Make a task from a map: 0 free, 1 wall, 2 goal (reward +1, ends), 3 pit (reward -1, ends).

    Entering a free cell earns `step_reward`. A move into a wall or off the map leaves the agent where it is.
    With probability `slip` the move goes sideways, to both sides equally often.

    Raises:
        ValueError: unless the layout has two axes.

    Source: Russell and Norvig (2021), section 17.1; Sutton and Barto (2018),
    example 3.5.

    >>> corridor = gridworld(jnp.array([[0, 0, 2]]))
    >>> corridor.transition[0, 1].tolist(), corridor.terminal.tolist()
    ([0.0, 1.0, 0.0], [False, False, True])
    """
    require.rank("layout", layout, 2)
    height, width = layout.shape
    row, column = jnp.indices(layout.shape)
    cell = layout.ravel()

    def landing(move: Array) -> Array:
        to_row, to_column = row + move[0], column + move[1]
        inside = (to_row >= 0) & (to_row < height) & (to_column >= 0) & (to_column < width)
        target = jnp.where(inside, to_row * width + to_column, row * width + column).ravel()
        return jnp.where(cell[target] == WALL, jnp.arange(cell.size), target)

    dtype = jnp.result_type(1.0 * step_reward, 1.0 * slip)
    straight = jax.nn.one_hot(jax.vmap(landing, out_axes=1)(jnp.array(MOVES)), cell.size, dtype=dtype)
    sideways = (jnp.roll(straight, 1, axis=1) + jnp.roll(straight, -1, axis=1)) / 2
    transition = jnp.asarray((1 - slip) * straight + slip * sideways)
    reward = jnp.where(cell == GOAL, 1.0, jnp.where(cell == PIT, -1.0, step_reward)).astype(straight.dtype)
    return Task(transition, reward, (cell == GOAL) | (cell == PIT))


@public
def action_values(value: Float[Array, " s"], task: Task, *, discount: ArrayLike) -> Float[Array, "s a"]:
    r"""Bellman backup: $Q(s, a) = \sum_{s'} P(s' \mid s, a)\,\bigl(r(s') + \gamma V(s')\bigr)$.

    Zero in terminal states: nothing is earned from there.

    Source: Sutton and Barto (2018), equation 4.10.

    >>> task = gridworld(jnp.array([[0, 2]]), step_reward=0.0)
    >>> action_values(jnp.zeros(2), task, discount=0.9)[0].tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    after = task.transition @ (task.reward + discount * jnp.where(task.terminal, 0.0, value))
    return jnp.where(task.terminal[:, None], 0.0, after)


@public
@partial(jax.jit, static_argnames="max_iter")
def value_iteration(task: Task, *, discount: ArrayLike = 0.95, tol: ArrayLike = 1e-6, max_iter: int = 1000) -> Values:
    r"""Solve a known task: repeat $V(s) \leftarrow \max_a Q(s, a)$ until no value would change by more than `tol`.

    Each sweep brings the values closer to the solution by the factor `discount` $\gamma$: a change of at most
    `tol` leaves an error of at most `tol` $/ (1 - \gamma)$. STALLED means that the change is down to rounding
    but still above `tol`. `max_iter` is static. The number of sweeps depends on the values, so the result may not be
    differentiated in reverse mode; `action_values` may.

    Raises:
        ValueError: if max_iter < 1.

    Source: Sutton and Barto (2018), section 4.4.

    >>> task = gridworld(jnp.array([[0, 0, 2]]), step_reward=0.0)
    >>> value_iteration(task, discount=0.5).value.tolist()
    [0.5, 1.0, 0.0]
    """

    def look_ahead(value: Array) -> tuple[Array, Array]:
        return value, action_values(value, task, discount=discount)

    def change(state: tuple[Array, Array]) -> Array:
        value, q = state
        return largest(jnp.abs(largest(q, axis=1) - value))

    (value, q), report = iteration.run(
        lambda state, _: look_ahead(largest(state[1], axis=1)),
        look_ahead(jnp.zeros_like(task.reward)),
        max_iter=max_iter,
        objective=change,
        converged=lambda state: change(state) <= tol,
        failed={
            Status.STALLED: lambda state: change(state) <= jnp.finfo(task.reward.dtype).eps * jnp.abs(state[0]).max()
        },
    )
    return Values(value, q, jnp.argmax(q, axis=1), *report)


@public
def init(task: Task) -> Float[Array, "s a"]:
    """Start with all action values at zero.

    Source: Sutton and Barto (2018), section 6.5.

    >>> init(gridworld(jnp.array([[0, 2]]))).shape
    (2, 4)
    """
    return jnp.zeros_like(task.transition[:, :, 0])


@public
@jax.jit
def step(
    q: Float[Array, "s a"],
    state: Int[Array, ""],
    action: Int[Array, ""],
    next_state: Int[Array, ""],
    task: Task,
    *,
    learning_rate: ArrayLike,
    discount: ArrayLike,
) -> Float[Array, "s a"]:
    r"""Learn from one move from `state` to `next_state`, without knowing the transition probabilities.

    $$Q(s, a) \leftarrow Q(s, a) + \eta\,\bigl(r + \gamma \max_{a'} Q(s', a') - Q(s, a)\bigr)$$

    The maximum is 0 if the next state is terminal.

    Source: Watkins and Dayan (1992); Sutton and Barto (2018), equation
    6.8.

    >>> task = gridworld(jnp.array([[0, 2]]))
    >>> move = jnp.array(0), jnp.array(1), jnp.array(1)
    >>> step(init(task), *move, task, learning_rate=0.5, discount=0.9)[0].tolist()
    [0.0, 0.5, 0.0, 0.0]
    """
    future = jnp.where(task.terminal[next_state], 0.0, q[next_state].max())
    surprise = task.reward[next_state] + discount * future - q[state, action]
    return q.at[state, action].add(learning_rate * surprise)


@public
@partial(jax.jit, static_argnames=("n_episodes", "max_length"))
def fit(
    task: Task,
    *,
    key: Key[Array, ""],
    start_state: ArrayLike = 0,
    n_episodes: int = 500,
    max_length: int = 100,
    learning_rate: ArrayLike = 0.5,
    discount: ArrayLike = 0.95,
    epsilon: ArrayLike = 0.2,
) -> QLearning:
    r"""Tabular Q-learning with epsilon-greedy behavior: all episodes in one scan, each a scan of steps.

    Every episode begins in `start_state` and ends in a terminal state or after `max_length` moves. The agent
    sees states and rewards only, never the transition probabilities. Among equally good actions it takes one
    at random. With a constant learning rate the values of a deterministic task become exact, whereas those of
    a slippery one keep fluctuating. `n_episodes` and `max_length` are static.

    Raises:
        ValueError: if n_episodes or max_length is below 1.

    Source: Sutton and Barto (2018), section 6.5.

    >>> task = gridworld(jnp.array([[0, 0, 2]]))
    >>> fit(task, key=jax.random.key(0), n_episodes=50, max_length=20).policy[:2].tolist()
    [1, 1]
    """
    require.positive("n_episodes", n_episodes)
    require.positive("max_length", max_length)

    def move(carry: Carry, chance: Array) -> tuple[Carry, tuple[Array, Array]]:
        q, state, done = carry
        allowed = (chance[0] < epsilon) | (q[state] == q[state].max())
        action = _draw(chance[1], allowed.astype(q.dtype))
        next_state = _draw(chance[2], task.transition[state, action])
        learned = step(q, state, action, next_state, task, learning_rate=learning_rate, discount=discount)
        reward = jnp.where(done, 0.0, task.reward[next_state])
        state = jnp.where(done, state, next_state)
        return (jnp.where(done, q, learned), state, done | task.terminal[next_state]), (reward, ~done)

    def episode(q: Array, key: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        begin = (q, jnp.asarray(start_state, int), task.terminal[start_state])
        chance = jax.random.uniform(key, (max_length, 3), q.dtype)
        (q, _, _), (reward, alive) = lax.scan(move, begin, chance)
        return q, (reward.sum(), alive.sum(), q[start_state].max())

    q = init(task)
    first = q[start_state].max()
    q, (total_reward, length, expected) = lax.scan(episode, q, jax.random.split(key, n_episodes))
    report = iteration.finished(jnp.concatenate([first[None], expected]))
    return QLearning(q, jnp.argmax(q, axis=1), total_reward, length, *report)


def _draw(chance: Array, weights: Array) -> Array:
    """Turn a uniform number in [0, 1) into an index that is drawn in proportion to the weights."""
    total = jnp.cumsum(weights)
    return jnp.argmax(total > chance * total[-1])  # one always is: the product is below the last total
