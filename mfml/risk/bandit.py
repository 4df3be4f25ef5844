"""The multi-armed bandit: learning from rewards alone, and only about the arms that were tried.

Each arm pays a Gaussian reward of unit variance around a mean that the learner does not know.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.entrance import public


class State(NamedTuple):
    """What the learner knows."""

    value: Float[Array, " arms"]  # mean of the rewards of each arm; 0 for an arm not tried yet
    pulls: Int[Array, " arms"]  # how often each arm was tried


class Run(NamedTuple):
    """One run of a bandit."""

    value: Float[Array, " arms"]  # final estimates, in units of reward
    pulls: Int[Array, " arms"]  # how often each arm was tried; sums to n_steps
    action: Int[Array, " steps"]  # arm at each step
    reward: Float[Array, " steps"]  # reward at each step
    regret: Float[Array, " steps"]  # mean of the best arm minus mean of the chosen one; at least 0


@public
def init(means: Float[Array, " arms"]) -> State:
    """Start with no knowledge of the arms, one for each mean.

    Source: Sutton and Barto (2018), section 2.4.

    >>> init(jnp.array([0.2, 0.8])).value.tolist()
    [0.0, 0.0]
    """
    require.rank("means", means, 1)
    require.that(len(means) > 0, "a bandit needs at least one arm; found none")
    return State(jnp.zeros_like(means), jnp.zeros(len(means), int))


@public
@jax.jit
def step(
    state: State, means: Float[Array, " arms"], *, key: Key[Array, ""], epsilon: ArrayLike
) -> tuple[State, Int[Array, ""], Float[Array, ""]]:
    r"""Make one epsilon-greedy choice and learn from its reward; returns the state, the action and the reward.

    With probability $\epsilon$ it tries any arm (exploration), otherwise the arm of highest value, the first among
    equals (exploitation). Then $V_a \leftarrow V_a + (r - V_a) / N_a$, the running mean.

    Source: Sutton and Barto (2018), section 2.4.

    >>> state, action, reward = step(init(jnp.zeros(3)), jnp.zeros(3), key=jax.random.key(0), epsilon=0.0)
    >>> action.item(), state.pulls.tolist()
    (0, [1, 0, 0])
    """
    require.same_shape(value=state.value, means=means)
    to_choose, to_reward = jax.random.split(key)
    explore, arm = jax.random.uniform(to_choose, (2,))  # below 1, so that the arm exists
    random_arm = (arm * len(means)).astype(int)
    action = jnp.where(explore < epsilon, random_arm, jnp.argmax(state.value))
    reward = means[action] + jax.random.normal(to_reward, dtype=means.dtype)
    pulls = state.pulls.at[action].add(1)
    value = state.value.at[action].add((reward - state.value[action]) / pulls[action])
    return State(value, pulls), action, reward


@public
@partial(jax.jit, static_argnames="n_steps")
def run(means: Float[Array, " arms"], *, key: Key[Array, ""], epsilon: ArrayLike, n_steps: int = 1000) -> Run:
    r"""Play `n_steps` (static) with the epsilon-greedy rule, in one scan.

    Many runs at once: `jax.vmap(lambda key: run(means, key=key, epsilon=0.1))(keys)`.

    Raises:
        ValueError: if there are no arms, or n_steps < 1.

    Source: Sutton and Barto (2018), section 2.3.

    >>> played = run(jnp.array([0.0, 3.0]), key=jax.random.key(0), epsilon=0.1, n_steps=200)
    >>> (played.pulls[1] > played.pulls[0]).item()
    True
    """
    require.positive("n_steps", n_steps)
    start = init(means)

    def play(state: State, key: Array) -> tuple[State, tuple[Array, Array]]:
        state, action, reward = step(state, means, key=key, epsilon=epsilon)
        return state, (action, reward)

    state, (action, reward) = lax.scan(play, start, jax.random.split(key, n_steps))
    return Run(*state, action, reward, means.max() - means[action])
