"""Recurrent networks: each gate against NumPy, reading in parts, and closed forms of how derivatives fade."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import fading, recurrent

T, D, K = 7, 3, 4
KINDS = pytest.mark.parametrize("kind", recurrent.KINDS)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def by_hand(network, x, hidden, cell=None):
    """One step in NumPy, gate by gate."""
    w, u, b = (np.asarray(part, float) for part in network[:3])
    k = len(hidden)

    def gate(number):
        columns = slice(number * k, (number + 1) * k)
        return x @ w[:, columns] + b[columns], hidden @ u[:, columns]

    if isinstance(network, recurrent.RNN):
        return np.tanh(sum(gate(0))), None
    if isinstance(network, recurrent.LSTM):
        into, forget, candidate, out = (sum(gate(number)) for number in range(4))
        cell = sigmoid(forget) * cell + sigmoid(into) * np.tanh(candidate)
        return sigmoid(out) * np.tanh(cell), cell
    reset, update = sigmoid(sum(gate(0))), sigmoid(sum(gate(1)))
    given, returned = gate(2)
    candidate = np.tanh(given + reset * (returned + np.asarray(network.candidate_bias, float)))
    return (1 - update) * candidate + update * hidden, None


@pytest.fixture
def x(key):
    return jax.random.normal(key, (T, D))


def draw(key, kind):
    return recurrent.init(key=key, n_inputs=D, n_units=K, kind=kind)


@KINDS
def test_each_step_is_the_formula(key, x, kind):
    network = draw(key, kind)
    hidden, last = recurrent.apply(network, x)
    state, cell = np.zeros(K), np.zeros(K)
    one = recurrent.at_rest(network)
    for row, found in zip(np.asarray(x, float), hidden, strict=True):
        state, cell = by_hand(network, row, state, cell)
        one = recurrent.step(one, jnp.asarray(row, jnp.float32), network=network)
        np.testing.assert_allclose(found, state, atol=1e-6)
        np.testing.assert_allclose(one.hidden, state, atol=1e-6)
    np.testing.assert_allclose(last.hidden, state, atol=1e-6)
    if kind == "lstm":
        np.testing.assert_allclose(last.cell, cell, atol=1e-6)
    else:
        assert last.cell is None


@KINDS
def test_a_sequence_can_be_read_in_parts(key, x, kind):
    network = draw(key, kind)
    whole, last = recurrent.apply(network, x)
    first, between = recurrent.apply(network, x[:3])
    second, end = recurrent.apply(network, x[3:], init=between)
    np.testing.assert_allclose(jnp.concatenate([first, second]), whole, atol=1e-6)
    np.testing.assert_allclose(end.hidden, last.hidden, atol=1e-6)
    nothing, same = recurrent.apply(network, x[:0], init=between)
    assert nothing.shape == (0, K)
    np.testing.assert_array_equal(same.hidden, between.hidden)


@KINDS
def test_the_past_is_known_and_the_future_is_not(key, x, kind):
    network = draw(key, kind)
    before, after = (recurrent.apply(network, rows)[0] for rows in (x, x.at[3].add(1.0)))
    changed = np.any(np.asarray(before != after), axis=1)
    assert changed.tolist() == [False] * 3 + [True] * 4


@KINDS
def test_weights_are_drawn_evenly_within_their_limit(key, kind):
    network = recurrent.init(key=key, n_inputs=50, n_units=64, kind=kind)
    if kind == "lstm":
        assert network.bias[64:128].tolist() == [1.0] * 64
        network = network._replace(bias=jnp.delete(network.bias, slice(64, 128)))
    for part in network:
        assert float(jnp.abs(part).max()) <= 1 / 8
        assert float(part.std()) == pytest.approx(1 / 8 / 3**0.5, rel=0.25)
    assert len({float(part.ravel()[0]) for part in network}) == len(network)


@KINDS
def test_extreme_inputs_saturate_and_stay_finite(key, kind):
    network = draw(key, kind)
    x = jnp.array([[1e30, -1e30, 1e30], [-1e30, 1e30, 1e30]])
    hidden, gradient = jax.value_and_grad(lambda x: jnp.sum(recurrent.apply(network, x)[0]))(x)
    assert jnp.isfinite(hidden)
    assert jnp.isfinite(gradient).all()
    broken = recurrent.apply(network, jnp.zeros((3, D)).at[1, 0].set(jnp.nan))[0]
    assert jnp.isnan(broken).any(axis=1).tolist() == [False, True, True]


def test_what_does_not_fit_is_named(key, x):
    lstm, rnn = draw(key, "lstm"), draw(key, "rnn")
    with pytest.raises(ValueError, match=r"x must have 3 columns, one for each input; found shape \(7, 2\)"):
        recurrent.apply(lstm, x[:, :2])
    with pytest.raises(ValueError, match=r"init must have the shapes hidden, cell = .*None.*; found"):
        recurrent.apply(rnn, x, init=recurrent.at_rest(lstm))
    with pytest.raises(ValueError, match=r"state must have the shapes hidden, cell = \(\(4,\), \(4,\)\); found"):
        recurrent.step(recurrent.at_rest(rnn), x[0], network=lstm)
    with pytest.raises(ValueError, match="kind must be one of 'rnn', 'lstm', 'gru'; found 'elman'"):
        recurrent.init(key=key, n_inputs=1, n_units=1, kind="elman")
    with pytest.raises(ValueError, match="n_units must be positive; found 0"):
        recurrent.init(key=key, n_inputs=1, n_units=0)


# Fading


@KINDS
def test_jacobians_are_finite_differences(key, x, kind, x64):
    network = jax.tree.map(lambda part: jnp.asarray(part, jnp.float64), draw(key, kind))
    x = np.asarray(x, float)
    found = fading.jacobians(network, jnp.asarray(x))
    assert found.shape == (T, K * (1 + (kind == "lstm")), K * (1 + (kind == "lstm")))
    state = (np.zeros(K), np.zeros(K) if kind == "lstm" else None)
    for t in range(T):

        def after(flat, t=t):
            return np.concatenate([p for p in by_hand(network, x[t], flat[:K], flat[K:]) if p is not None])

        flat = np.concatenate([part for part in state if part is not None])
        shifts = 1e-6 * np.eye(len(flat))
        needed = np.stack([(after(flat + shift) - after(flat - shift)) / 2e-6 for shift in shifts], axis=1)
        np.testing.assert_allclose(found[t], needed, atol=1e-8)
        state = by_hand(network, x[t], *state)


@KINDS
def test_norms_are_those_of_the_whole_derivative(key, x, kind):
    network = draw(key, kind)
    measured = fading.measure(network, x)
    for distance in (0, 1, 4, T):
        before = recurrent.apply(network, x[: T - distance])[1]
        rest = x[T - distance :]
        whole = jax.jacrev(lambda state, rest=rest: recurrent.apply(network, rest, init=state)[1])(before)
        parts = [[np.asarray(p) for p in row if p is not None] for row in whole if row is not None]
        norm = np.linalg.norm(np.block(parts), 2)
        assert float(measured.log_norm[distance]) == pytest.approx(np.log(norm), abs=1e-5)


@KINDS
def test_no_norm_exceeds_its_bound(key, kind):
    for scale in (0.5, 1.0, 3.0):
        network = jax.tree.map(lambda part, scale=scale: scale * part, draw(key, kind))
        measured = fading.measure(network, jax.random.normal(key, (T, D)))
        assert (measured.log_norm <= measured.log_bound + 1e-5).all()
        assert measured.log_norm[0] == measured.log_bound[0] == 0
        if kind == "rnn":
            steepest = jnp.arange(T + 1) * jnp.log(fading.largest_factor(network))
            assert (measured.log_bound <= steepest + 1e-5).all()


@pytest.mark.parametrize("factor", [0.25, 1.0, 2.0])
def test_at_rest_an_orthogonal_network_fades_by_its_factor(key, factor):
    orthogonal = jnp.linalg.qr(jax.random.normal(key, (K, K)))[0]
    network = recurrent.RNN(jnp.zeros((D, K)), factor * orthogonal, jnp.zeros(K))
    measured = fading.measure(network, jnp.zeros((1000, D)))  # 4 ** -1000 is far below what float32 can hold
    needed = np.log(factor) * np.arange(1001)
    np.testing.assert_allclose(measured.log_norm, needed, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(measured.log_bound, needed, rtol=1e-5, atol=1e-3)
    assert float(fading.largest_factor(network)) == pytest.approx(factor, rel=1e-5)


def test_a_forget_gate_holds_the_memory():
    bias = jnp.repeat(jnp.array([0.0, 3.0, 0.0, 0.0]), K)
    network = recurrent.LSTM(jnp.zeros((D, 4 * K)), jnp.zeros((K, 4 * K)), bias)
    measured = fading.measure(network, jnp.zeros((50, D)))
    held = np.arange(1, 51) * np.log(sigmoid(3.0))  # the cell, and the output gate passes half of it on
    np.testing.assert_allclose(measured.log_norm[1:], held + np.log(1.25) / 2, atol=1e-4)


def test_a_saturated_network_knows_nothing_of_its_past():
    network = recurrent.RNN(jnp.full((D, K), 100.0), jnp.eye(K), jnp.zeros(K))
    measured = fading.measure(network, jnp.ones((3, D)))
    assert measured.log_norm.tolist() == [0, -np.inf, -np.inf, -np.inf]
    assert not np.isnan(measured.log_bound).any()


def test_fading_needs_what_the_network_needs(key, x):
    with pytest.raises(ValueError, match="x must have 3 columns"):
        fading.measure(draw(key, "gru"), x[:, :1])
    measured = fading.measure(draw(key, "gru"), x[:0])
    assert measured.log_norm.tolist() == [0.0]
