"""The training loop: against a hand-written one, cut and resumed, stopped early, over seeds, on bad input."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mfml.iteration import Status
from mfml.training import batches, loop
from mfml.xla import flags

ADAM = optax.adam(0.02)
N = 30


def data_of(number=0, n=N):
    x = jax.random.normal(jax.random.key(number), (n, 3))
    return {"x": x, "y": jnp.sin(x[:, 0]) + 0.5 * x[:, 1]}


DATA, HELD_OUT = data_of(0), data_of(1)


def start(key):
    return {"w": 0.3 * jax.random.normal(key, (3, 4)), "v": jnp.zeros(4), "none": None}


def predict(params, x):
    return jnp.tanh(x @ params["w"]) @ params["v"]


def loss(params, batch, key):
    noise = 0.1 * jax.random.normal(key, batch["y"].shape)
    return jnp.mean((predict(params, batch["x"]) - batch["y"] + noise) ** 2)


def exact(params, batch, key):
    return jnp.mean((predict(params, batch["x"]) - batch["y"]) ** 2)


@pytest.fixture(scope="module")
def params():
    return start(jax.random.key(5))


def split(options):
    """What belongs to `loop.Options`, with defaults, and the rest."""
    own = {name: value for name, value in options.items() if name in loop.Options._fields}
    rest = {name: value for name, value in options.items() if name not in own}
    return loop.Options(**{"loss": loss, "optimizer": ADAM, "n_steps": 50, **own}), rest


def fit(params, key, data=DATA, **options):
    options, rest = split(options)
    return loop.fit(data, key=key, options=options, init=params, **rest)


def train(params, key, data=DATA, **options):
    options, rest = split(options)
    return loop.train(data, key=key, options=options, init=params, **rest)


def by_hand(params, key, n_steps, batch_size, optimizer=ADAM):
    """The same loop, one step at a time, with NumPy's view of the order of the samples."""
    for_order, for_loss, _ = jax.random.split(key, 3)
    orders = [jax.random.permutation(jax.random.fold_in(for_order, e), N) for e in range(n_steps * batch_size // N + 2)]
    stream = np.concatenate([np.asarray(order) for order in orders])
    state, losses = optimizer.init(params), []
    for step in range(n_steps):
        rows = stream[step * batch_size : (step + 1) * batch_size]
        batch = jax.tree.map(lambda leaf: leaf[rows], DATA)
        value, gradient = jax.value_and_grad(loss)(params, batch, jax.random.fold_in(for_loss, step))
        updates, state = optimizer.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        losses.append(value)
    return params, jnp.stack(losses)


def assert_same_bits(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("batch_size", [7, N])
def test_equals_a_loop_by_hand(params, key, batch_size):
    expected, losses = by_hand(params, key, 20, batch_size)
    for run in (fit, train):
        done = run(params, key, n_steps=20, batch_size=batch_size, chunk=6)
        chex.assert_trees_all_close(done.params, expected, atol=1e-6)
        np.testing.assert_allclose(done.history, losses, atol=1e-6)


def test_all_data_at_once_equals_gradient_descent(params, key):
    optimizer, moving = optax.sgd(0.1), params
    for _ in range(5):
        moving = jax.tree.map(lambda p, g: p - 0.1 * g, moving, jax.grad(exact)(moving, DATA, key))
    done = fit(params, key, loss=exact, optimizer=optimizer, n_steps=5)
    chex.assert_trees_all_close(done.params, moving, atol=1e-6)
    assert int(done.state.epoch) == 5


def test_learns(params, key):
    done = fit(params, key, n_steps=500, batch_size=10)
    assert float(exact(done.params, HELD_OUT, key)) < 0.2 * float(exact(params, HELD_OUT, key))
    assert done.history.shape == (500,)
    assert bool(done.state.finite)
    assert int(done.state.step) == 500


def test_fit_and_train_agree_to_the_bit(params, key):
    options = {"batch_size": 7, "chunk": 15, "validation": HELD_OUT, "validation_loss": exact, "n_steps": 50}
    assert_same_bits(train(params, key, **options), fit(params, key, **options))


@pytest.mark.parametrize("chunk", [1, 2, 17, 50])
def test_the_length_of_a_chunk_changes_no_bit(params, key, chunk):
    whole = train(params, key, batch_size=7, chunk=25)
    cut = train(params, key, batch_size=7, chunk=chunk)
    assert_same_bits((cut.params, cut.history, cut.state), (whole.params, whole.history, whole.state))


def test_resumed_equals_uninterrupted_to_the_bit(params, key, tmp_path):
    from mfml.training import checkpoint

    options = {"batch_size": 7, "chunk": 10, "validation": HELD_OUT, "validation_loss": exact}
    whole = train(params, key, n_steps=45, **options)
    file = tmp_path / "state.npz"
    before = train(params, key, n_steps=20, on_chunk=partial(checkpoint.save, file), **options)
    # another process would begin like this: other parameters, another key, which the file replaces
    blank = loop.init(start(jax.random.key(99)), key=jax.random.key(98), optimizer=ADAM, validated=True)
    state = checkpoint.load(file, blank)
    assert_same_bits(state, before.state)
    after = train(params, key, n_steps=45, state=state, **options)
    assert_same_bits((after.params, after.state), (whole.params, whole.state))
    assert_same_bits(jnp.concatenate([before.history, after.history]), whole.history)
    assert_same_bits(jnp.concatenate([before.validation_history, after.validation_history]), whole.validation_history)


def test_a_finished_state_trains_no_further(params, key):
    done = train(params, key, n_steps=20)
    again = train(params, key, n_steps=20, state=done.state)
    assert again.history.shape == (0,)
    assert_same_bits(again.params, done.params)


@pytest.fixture(scope="module")
def overfitted(params):
    """Data and validation that contradict each other: the validation loss falls, then rises."""
    other = {"x": HELD_OUT["x"], "y": 0.3 * HELD_OUT["y"]}
    return {"validation": other, "validation_loss": exact, "chunk": 5, "n_steps": 200, "patience": 3}


@pytest.mark.parametrize("run", [fit, train])
def test_early_stopping_restores_the_best(params, key, overfitted, run):
    done = run(params, key, **overfitted)
    history = np.asarray(done.validation_history)
    history = history[~np.isnan(history)]
    taken = int(done.state.step)
    assert bool(done.state.stopped)
    assert taken == 5 * len(history) < 200
    assert history.argmin() == len(history) - 1 - 3
    assert int(done.state.best.step) == 5 * (history.argmin() + 1)
    assert float(done.state.best.loss) == history.min()
    assert float(exact(done.params, overfitted["validation"], key)) == pytest.approx(history.min(), rel=1e-5)
    shorter = run(params, key, n_steps=int(done.state.best.step))
    chex.assert_trees_all_close(done.params, shorter.params, atol=1e-6)
    assert np.isfinite(done.history[:taken]).all()
    assert len(done.history) == (taken if run is train else 200)
    assert np.isnan(done.history[taken:]).all()


def test_patience_is_needed_to_stop(params, key, overfitted):
    done = fit(params, key, **(overfitted | {"patience": None}))
    assert int(done.state.step) == 200
    assert int(done.state.best.step) < 200


def test_vmap_over_seeds_equals_a_loop(params, overfitted):
    keys = jax.random.split(jax.random.key(3), 3)

    def run(key):
        return fit(start(key), key, batch_size=7, **(overfitted | {"chunk": 2, "n_steps": 60}))

    together = jax.jit(jax.vmap(run))(keys)
    assert len(set(together.state.step.tolist())) > 1, "the seeds must stop at different steps"
    for number, key in enumerate(keys):
        one, mine = run(key), jax.tree.map(lambda leaf: leaf[number], together)
        chex.assert_trees_all_close(mine.params, one.params, atol=1e-5)
        np.testing.assert_allclose(mine.history, one.history, atol=1e-5)
        assert int(mine.state.step) == int(one.state.step)


def test_vmap_over_learning_rates(params, key):
    def last(rate):
        return fit(params, key, optimizer=optax.sgd(rate), n_steps=10, batch_size=5).params["v"]

    rates = jnp.array([0.01, 0.1])
    np.testing.assert_allclose(jax.vmap(last)(rates), jnp.stack([last(0.01), last(0.1)]), atol=1e-6)


def test_a_gradient_through_training(params, key):
    def final(rate):
        done = fit(params, key, optimizer=optax.sgd(rate), n_steps=5, batch_size=5)
        return exact(done.params, HELD_OUT, key)

    slope = (final(0.11) - final(0.09)) / 0.02
    assert float(jax.grad(final)(0.1)) == pytest.approx(float(slope), rel=0.02)


@pytest.mark.parametrize("batch_size", [1, 4, 9, 10])
def test_every_sample_is_seen_equally_often(batch_size):
    n, key = 10, jax.random.key(0)
    found = batches.rows(
        jnp.array(3), jnp.array(0), key=key, n=n, batch_size=batch_size, n_batches=n
    )  # batch_size epochs in full
    assert found.shape == (n, batch_size)
    epochs = np.asarray(found).reshape(-1, n)
    assert (np.sort(epochs, axis=1) == np.arange(n)).all()
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_counts_epochs_and_samples(params, key):
    state = train(params, key, n_steps=10, batch_size=7).state
    assert (int(state.epoch), int(state.offset)) == (2, 10)


def test_chunks_are_compiled_once(params, key):
    traced = chex.assert_max_traces(lambda p, batch, key: loss(p, batch, key), n=1)
    train(params, key, loss=traced, n_steps=50, batch_size=7, chunk=8)
    options = {"validation": HELD_OUT, "patience": 50}
    twice = chex.assert_max_traces(lambda p, batch, key: loss(p, batch, key), n=2)  # training and validation
    train(params, key, loss=twice, n_steps=50, batch_size=7, chunk=8, **options)
    train(params, key, loss=twice, n_steps=70, batch_size=7, chunk=8, **options)


def breaks_at(step):
    def broken(params, batch, key):
        return jnp.where(params >= step, jnp.nan, 1.0) * (1.0 + 0.0 * params)

    return broken


def test_a_loss_that_is_not_a_number_is_reported(key):
    rising = optax.GradientTransformation(lambda params: (), lambda g, s, p=None: (jax.tree.map(jnp.ones_like, g), s))
    zero = jnp.zeros(())
    done = fit(zero, key, data=None, loss=breaks_at(4.0), optimizer=rising, n_steps=8)
    assert np.isnan(done.history).tolist() == [False] * 4 + [True] * 4
    assert not bool(done.state.finite)
    assert bool(fit(zero, key, data=None, loss=breaks_at(9.0), optimizer=rising, n_steps=8).state.finite)


def test_parameters_that_are_not_finite_are_reported(key):
    done = fit(jnp.zeros(()), key, data=None, loss=lambda p, _, key: jnp.sqrt(p), optimizer=optax.sgd(1.0), n_steps=1)
    assert np.isfinite(done.history).all()
    assert not bool(done.state.finite)


def test_validation_that_is_not_a_number_is_no_best(key):
    falling = optax.GradientTransformation(lambda params: (), lambda g, s, p=None: (-jnp.ones_like(g), s))
    odd = jnp.array([1.0])

    def validation_loss(p, batch, key):
        return jnp.where((p < -1.5) & (p > -3.5), jnp.nan, p)

    done = fit(
        jnp.zeros(()),
        key,
        data=odd,
        loss=lambda p, batch, key: jnp.sum(p * batch),
        optimizer=falling,
        n_steps=5,
        chunk=1,
        validation=odd,
        validation_loss=validation_loss,
    )
    np.testing.assert_array_equal(done.validation_history, [-1.0, np.nan, np.nan, -4.0, -5.0])
    assert float(done.params) == -5.0
    assert int(done.state.best.stale) == 0
    at_two = fit(
        jnp.zeros(()),
        key,
        data=odd,
        loss=lambda p, batch, key: jnp.sum(p * batch),
        optimizer=falling,
        n_steps=3,
        chunk=1,
        validation=odd,
        validation_loss=validation_loss,
    )
    assert (float(at_two.params), int(at_two.state.best.step), int(at_two.state.best.stale)) == (-1.0, 1, 2)


def test_optimizers_that_need_the_loss(params, key):
    for optimizer in (
        optax.lbfgs(),
        optax.polyak_sgd(),
        optax.chain(optax.adam(0.1), optax.contrib.reduce_on_plateau()),
    ):
        done = fit(params, key, loss=exact, optimizer=optimizer, n_steps=30)
        assert float(done.history[-1]) < 0.5 * float(done.history[0])


class Net(nn.Module):
    """A flax module with dropout and a convolution."""

    @nn.compact
    def __call__(self, image, *, train):
        h = nn.relu(nn.Conv(4, (3, 3), padding="VALID")(image))
        h = nn.Dropout(0.2, deterministic=not train)(h.mean((1, 2)))
        return nn.Dense(1)(h)[:, 0]


class Images(NamedTuple):
    image: object
    label: object


def test_a_flax_module(key):
    # vertical or horizontal stripes
    stripes = jnp.tile(jnp.array([1.0, -1.0]), 3)[None, :] * jnp.ones((6, 1))
    label = jnp.arange(40) % 2
    image = jnp.where(label[:, None, None] == 1, stripes, stripes.T)[..., None]
    data = Images(image + 0.3 * jax.random.normal(key, image.shape), label)
    net = Net()

    def classify(params, batch, key, train=True):
        logits = net.apply(params, batch.image, train=train, rngs={"dropout": key})
        return optax.sigmoid_binary_cross_entropy(logits, batch.label).mean()

    done = train(
        net.init(key, data.image[:1], train=False),
        key,
        data=data,
        loss=classify,
        optimizer=optax.adam(0.05),
        n_steps=100,
        batch_size=16,
        validation=data,
        validation_loss=partial(classify, train=False),
        chunk=20,
    )
    assert float(done.state.best.loss) < 0.1
    logits = net.apply(done.params, data.image, train=False)
    assert ((logits > 0) == data.label).mean() == 1.0


def test_double_precision(x64):
    data = {"x": jnp.ones((4, 3)), "y": jnp.ones(4)}
    done = train(start(jax.random.key(0)), jax.random.key(1), data=data, loss=exact, n_steps=3, validation=data)
    floats = [leaf for leaf in jax.tree.leaves(done) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    assert {leaf.dtype for leaf in floats} == {jnp.dtype("float64")}


def test_integer_parameters_and_numpy_data(key):
    done = train(
        np.float32(0.0),
        key,
        data=np.arange(4.0),
        loss=lambda p, x, key: jnp.mean((p - x) ** 2),
        optimizer=optax.sgd(0.5),
        n_steps=2,
    )
    assert float(done.params) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({}, {}, "must hold at least one array"),
        ({"x": jnp.zeros((0, 3))}, {}, "at least one sample"),
        ({"x": jnp.zeros((4, 3)), "y": jnp.zeros(5)}, {}, r"same number of samples.*\['x'\] \(4, 3\), \['y'\] \(5,\)"),
        ({"x": jnp.zeros(())}, {}, "same number of samples"),
        (DATA, {"batch_size": N + 1}, f"batch_size must be between 1 and {N}; found {N + 1}"),
        (DATA, {"batch_size": 0}, "batch_size must be between"),
        (None, {"batch_size": 3}, "batch_size needs data"),
        (DATA, {"n_steps": 0}, "n_steps must be positive"),
        (DATA, {"chunk": 0}, "chunk must be positive"),
        (DATA, {"patience": 2}, "need validation"),
        (DATA, {"validation_loss": exact}, "need validation"),
        (DATA, {"validation": HELD_OUT, "patience": 0}, "patience must be positive"),
        (DATA, {"validation": {"x": jnp.zeros((0, 3))}}, "validation must hold at least one sample"),
    ],
)
@pytest.mark.parametrize("run", [fit, train])
def test_bad_input(params, key, data, options, message, run):
    with pytest.raises(ValueError, match=message):
        run(params, key, data=data, **{"n_steps": 5, **options})


def test_bad_loss_and_bad_state(params, key):
    with pytest.raises(ValueError, match=r"loss must return a scalar; found shape \(30,\)"):
        fit(params, key, loss=lambda p, b, k: predict(p, b["x"]), n_steps=1)
    state = train(params, key, n_steps=1, batch_size=20).state
    with pytest.raises(ValueError, match="has used 20 samples of its epoch, but data has only 5"):
        train(params, key, data=data_of(n=5), n_steps=5, batch_size=2, state=state)
    with pytest.raises(ValueError, match="state and validation must fit"):
        train(params, key, state=state, validation=HELD_OUT)


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (optax.sgd(0.1), "state.opt_state does not fit options.optimizer: found .*Adam.*; needed "),
        (optax.rmsprop(0.1), "found .*Adam.*; needed .*Rms"),
        (
            optax.adam(0.1, mu_dtype=jnp.bfloat16),
            r"state.opt_state\[0\].mu\['v'\] does not fit options.optimizer: found float32\[4\]; needed bf",
        ),
    ],
)
def test_the_state_of_another_optimizer_is_refused(params, key, optimizer, message):
    state = loop.init(params, key=key, optimizer=ADAM)
    with pytest.raises(ValueError, match=message):
        train(params, key, state=state, optimizer=optimizer)


def test_the_state_of_other_parameters_is_refused(params, key):
    state = loop.init(params, key=key, optimizer=ADAM)
    with pytest.raises(
        ValueError, match=r"state.params\['v'\] does not fit init: found float32\[4\]; needed float32\[5\]"
    ):
        train(params | {"v": jnp.zeros(5)}, key, state=state)
    with pytest.raises(ValueError, match=r"state\.params does not fit init"):
        train({"w": params["w"]}, key, state=state)
    with pytest.raises(ValueError, match="state must be a State; found Trained, whose field `state` is one"):
        train(params, key, state=train(params, key, n_steps=5))


@pytest.mark.parametrize("patience", [4, None])
def test_more_patience_resumes_a_stopped_run_to_the_same_bits(params, key, overfitted, patience):
    whole = train(params, key, **(overfitted | {"patience": patience}))
    stopped = train(params, key, **overfitted)
    same = train(params, key, state=stopped.state, **overfitted)
    assert len(same.history) == 0
    assert_same_bits((same.params, same.state, same.status), (stopped.params, stopped.state, stopped.status))
    after = train(params, key, state=stopped.state, **(overfitted | {"patience": patience}))
    assert len(after.history) > 0
    assert_same_bits((after.params, after.state, after.status), (whole.params, whole.state, whole.status))


def constant(number):
    return lambda params, batch, key: number + 0.0 * sum(map(jnp.sum, jax.tree.leaves(params)))


@pytest.mark.parametrize("run", [fit, train])
def test_patience_runs_out_where_validation_is_not_a_number(params, key, run):
    options = {"validation": HELD_OUT, "validation_loss": constant(jnp.nan), "chunk": 2, "n_steps": 50, "patience": 3}
    done = run(params, key, **options)
    assert int(done.n_iter) == 6
    assert np.isnan(done.state.best.loss)
    assert_same_bits(done.params, params)
    assert (int(done.status), bool(done.converged)) == (Status.NON_FINITE, False)


@pytest.mark.parametrize("run", [fit, train])
@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda p, batch, key: (exact(p, batch, key), {}), "loss must return a scalar, alone; found tuple"),
        (lambda p, batch, key: None, "loss must return a scalar, alone; found NoneType"),
        (lambda p, batch, key: predict(p, batch["x"]), r"loss must return a scalar; found shape \(30,\)"),
    ],
)
def test_a_loss_that_is_no_number_is_refused(params, key, broken, message, run):
    with pytest.raises(ValueError, match="^" + message):
        run(params, key, loss=broken)
    with pytest.raises(ValueError, match="^validation_" + message):
        run(params, key, validation=HELD_OUT, validation_loss=broken)


def test_a_loss_without_a_gradient_is_refused(params, key):
    with pytest.raises(ValueError, match="loss must return a float, which has a gradient; found int32"):
        fit(params, key, loss=lambda p, batch, key: 3)
    assert (
        fit(params, key, n_steps=2, validation=HELD_OUT, validation_loss=lambda p, batch, key: 3).state.best.loss == 3
    )


def test_batches_of_no_samples_are_refused(key):
    counts = {"n": 5, "batch_size": 2, "n_batches": 3}
    for name in counts:
        with pytest.raises(ValueError, match=f"^{name} must be positive; found 0"):
            batches.rows(jnp.array(0), jnp.array(0), key=key, **(counts | {name: 0}))


def test_bar(params, key, capsys, monkeypatch):
    train(params, key)
    assert capsys.readouterr().err == ""
    train(params, key, progress=True, chunk=10)
    shown = capsys.readouterr()
    assert "50/50" in shown.err
    assert "loss" in shown.err
    assert shown.out == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    train(params, key, chunk=10)
    assert "50/50" not in capsys.readouterr().err, "a short run shows no bar"
    monkeypatch.setattr("mfml.training.progress_bar.LONG", 0.0)
    train(params, key, chunk=10)
    assert "50/50" in capsys.readouterr().err


SHARDED = """
import jax, jax.numpy as jnp, numpy as np, optax
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from mfml.training import loop

key = jax.random.key(0)
data = (jax.random.normal(key, (24, 4)), jnp.arange(24.0) / 24)
seen = []
adam = optax.adam(0.1)

def loss(w, batch, key):
    jax.debug.inspect_array_sharding(batch[0], callback=seen.append)
    return jnp.mean((jnp.tanh(batch[0]) @ w - batch[1]) ** 2)

def run(data, w, batch_size, how):
    options = loop.Options(loss, adam, n_steps=12, batch_size=batch_size, chunk=5)
    return how(data, key=key, options=options, init=w)

assert jax.device_count() == 2
for kind in (AxisType.Auto, AxisType.Explicit):
    mesh = jax.make_mesh((2,), ("samples",), axis_types=(kind,))
    spread = jax.tree.map(lambda a: jax.device_put(a, NamedSharding(mesh, PartitionSpec("samples"))), data)
    w = jax.device_put(jnp.zeros(4), NamedSharding(mesh, PartitionSpec()))
    for batch_size in (8, 7, None) if kind == AxisType.Auto else (8,):
        expected = run(data, jnp.zeros(4), batch_size, loop.fit)
        seen.clear()
        for how in (loop.fit, loop.train) if batch_size == 8 else (loop.train,):
            done = run(spread, w, batch_size, how)
            np.testing.assert_allclose(done.params, expected.params, atol=1e-5)
            np.testing.assert_allclose(done.history, expected.history, atol=1e-5)
        if batch_size == 8:
            assert seen and all(s.shard_shape((8, 4)) == (4, 4) for s in seen), (kind, seen)
"""


@pytest.mark.slow
def test_follows_the_sharding_of_its_data():
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu", "PATH": ""}
    environment |= {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", **flags.quick(environment)}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", SHARDED], env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_importing_is_cheap():
    code = "import sys, mfml.training.loop; assert not {'optax', 'flax', 'rich', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])
