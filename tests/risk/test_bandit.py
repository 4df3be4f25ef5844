import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.risk import bandit

MEANS = jnp.array([0.2, 1.0, -0.5])


@pytest.fixture
def many(key):
    """Four hundred runs at once."""
    return jax.vmap(lambda k: bandit.run(MEANS, key=k, epsilon=0.2, n_steps=300))(jax.random.split(key, 400))


def test_values_are_the_means_of_the_rewards_seen(many):
    for arm in range(3):
        chosen = np.asarray(many.action) == arm
        np.testing.assert_array_equal(many.pulls[:, arm], chosen.sum(axis=1))
        seen = np.where(chosen, many.reward, 0).sum(axis=1) / np.maximum(chosen.sum(axis=1), 1)
        np.testing.assert_allclose(many.value[:, arm], seen, atol=1e-4)


def test_rewards_are_gaussian_around_the_means(many):
    noise = np.asarray(many.reward - MEANS[many.action])
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02


def test_the_best_arm_is_chosen_as_often_as_theory_says(many):
    """Once the best arm is known, it is chosen with probability 1 - epsilon + epsilon / arms."""
    share = (many.action[:, -100:] == 1).mean()
    np.testing.assert_allclose(share, 1 - 0.2 + 0.2 / 3, atol=0.05)


def test_regret_is_the_gap_of_the_chosen_arm(many):
    np.testing.assert_allclose(many.regret, 1.0 - MEANS[many.action], atol=1e-6)


def test_pure_exploration_is_uniform(key):
    played = bandit.run(MEANS, key=key, epsilon=1.0, n_steps=6000)
    np.testing.assert_allclose(played.pulls / 6000, 1 / 3, atol=0.03)


def test_pure_exploitation_gets_stuck(key):
    """Without exploration some runs never find the best arm; with it nearly all do."""
    keys = jax.random.split(key, 400)
    greedy = jax.vmap(lambda k: bandit.run(MEANS, key=k, epsilon=0.0, n_steps=300))(keys)
    curious = jax.vmap(lambda k: bandit.run(MEANS, key=k, epsilon=0.2, n_steps=300))(keys)
    assert (greedy.pulls.argmax(axis=1) == 1).mean() < 0.8
    assert (curious.pulls.argmax(axis=1) == 1).mean() > 0.95


def test_run_repeats_step(key):
    state = bandit.init(MEANS)
    played = bandit.run(MEANS, key=key, epsilon=0.5, n_steps=5)
    for i, k in enumerate(jax.random.split(key, 5)):
        state, action, reward = bandit.step(state, MEANS, key=k, epsilon=0.5)
        assert action == played.action[i]
        np.testing.assert_allclose(reward, played.reward[i], rtol=1e-6)
    np.testing.assert_allclose(state.value, played.value, rtol=1e-5)


def test_one_arm(key):
    assert bandit.run(jnp.array([2.0]), key=key, epsilon=0.3, n_steps=4).regret.tolist() == [0, 0, 0, 0]


def test_errors(key, unchecked):
    with pytest.raises(ValueError, match="at least one arm"):
        bandit.run(jnp.ones(0), key=key, epsilon=0.1)
    with pytest.raises(ValueError, match="means must have 1 axes"):
        bandit.init(jnp.ones((2, 2)))
    with pytest.raises(ValueError, match="n_steps must be positive; found 0"):
        bandit.run(MEANS, key=key, epsilon=0.1, n_steps=0)
    with pytest.raises(ValueError, match="value and means must have the same shape"):
        bandit.step(bandit.init(MEANS), jnp.ones(2), key=key, epsilon=0.1)
