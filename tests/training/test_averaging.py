"""Averaged weights: against the sum of the definition, within a run that is cut, and on bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mfml.training import averaging, checkpoint, loop

X = jax.random.normal(jax.random.key(0), (40, 3))


def loss(params, batch, key):
    return jnp.mean((batch @ params["w"] - batch[:, 0]) ** 2) + 0.1 * jax.random.normal(key) * params["w"][1]


START = {"w": jnp.array([1.0, -2.0, 0.5])}


def walk(optimizer, n_steps):
    """Parameters after each step."""
    params, state, seen = START, optimizer.init(START), []
    for number in range(n_steps):
        gradient = jax.grad(loss)(params, X, jax.random.key(number))
        updates, state = optimizer.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        seen.append(np.asarray(params["w"], float))
    return np.array(seen), state


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.99999])
def test_the_average_is_the_weighted_mean_of_all_steps(decay):
    seen, state = walk(averaging.averaged(optax.adam(0.1), decay=decay), 12)
    factors = decay ** np.arange(11, -1, -1.0)
    np.testing.assert_allclose(averaging.average(state)["w"], factors @ seen / factors.sum(), rtol=2e-6)


def test_the_steps_are_those_of_the_optimizer_within():
    plain, _ = walk(optax.adam(0.1), 5)
    np.testing.assert_array_equal(walk(averaging.averaged(optax.adam(0.1)), 5)[0], plain)


def test_the_average_of_a_noisy_walk_is_nearer_to_its_target():
    options = loop.Options(loss, averaging.averaged(optax.sgd(0.1), decay=0.98), n_steps=400, batch_size=2)
    runs = jax.vmap(lambda key: loop.fit(X, key=key, options=options, init=START))(
        jax.random.split(jax.random.key(1), 20)
    )
    far = [jnp.mean(jnp.abs(w - jnp.array([1.0, 0.0, 0.0]))) for w in (averaging.average(runs)["w"], runs.params["w"])]
    assert far[0] < 0.5 * far[1]


def test_a_run_that_is_cut_saved_and_resumed_has_the_same_average_to_the_last_bit(tmp_path, key):
    optimizer = averaging.averaged(optax.adam(0.05), decay=0.9)
    whole = loop.train(X, key=key, options=loop.Options(loss, optimizer, 60, 8, chunk=20), init=START)
    part = loop.train(X, key=key, options=loop.Options(loss, optimizer, 40, 8, chunk=20), init=START)
    checkpoint.save(tmp_path / "run.npz", part.state)
    kept = checkpoint.load(tmp_path / "run.npz", loop.init(START, key=key, optimizer=optimizer))
    rest = loop.train(X, key=key, options=loop.Options(loss, optimizer, 60, 8, chunk=20), init=START, state=kept)
    np.testing.assert_array_equal(averaging.average(rest)["w"], averaging.average(whole)["w"])


def test_what_is_not_a_float_is_the_newest_and_precision_stays():
    optimizer = averaging.averaged(optax.identity(), decay=0.5)
    params = {"count": jnp.array(3), "half": jnp.ones(2, jnp.bfloat16)}
    state = optimizer.update(jax.tree.map(jnp.ones_like, params), optimizer.init(params), params)[1]
    found = averaging.average(state)
    assert found["count"] == 4
    assert found["half"].dtype == jnp.bfloat16
    assert found["half"].tolist() == [2.0, 2.0]


def test_bad_input_is_refused_by_name():
    for decay in (1.0, -0.1):
        with pytest.raises(ValueError, match="decay must be at least 0 and below 1; found"):
            averaging.averaged(optax.sgd(0.1), decay=decay)
    with pytest.raises(ValueError, match="decay must be a number; found nan"):
        averaging.averaged(optax.sgd(0.1), decay=float("nan"))
    with pytest.raises(ValueError, match="optimizer must be one of optax, with init and update; found NoneType"):
        averaging.averaged(None)
    with pytest.raises(ValueError, match="one of `averaged`; found a state tuple"):
        averaging.average(optax.chain(optax.sgd(0.1)).init(START))
    optimizer = averaging.averaged(optax.sgd(0.1))
    with pytest.raises(ValueError, match="needs the parameters"):
        optimizer.update(START, optimizer.init(START))
