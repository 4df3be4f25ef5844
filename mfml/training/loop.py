"""The training loop of every neural model: minibatch steps of any optax optimizer, compiled into one scan.

`fit` is pure: it works inside a caller's `jit` and `vmap` (over keys: many seeds in one call). `train` takes the
same arguments, runs chunk after chunk from Python, shows a bar, stops early and goes on from a saved state.

Order of the samples: one random permutation after another. A batch that reaches past the end of
one epoch is filled from the next, so every batch is full and every sample is seen equally often. Permutation e
and the key of step s follow from the caller's key and e or s alone: where a run is cut does not change it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.training import batches, resuming
from mfml.training.progress_bar import Bar
from mfml.xla.rewrite import with_fast_convolutions

if TYPE_CHECKING:
    from optax import GradientTransformation

Loss = Callable[[PyTree, PyTree, Key[Array, ""]], Float[Array, ""]]


class Best(NamedTuple):
    """The parameters with the smallest validation loss so far."""

    params: PyTree
    loss: Float[Array, ""]  # NaN before the first validation that is not NaN: until then params are the start's
    step: Int[Array, ""]
    stale: Int[Array, ""]  # validations since then


class State(NamedTuple):
    """All that a run needs to go on; `mfml.training.checkpoint` saves and loads it."""

    params: PyTree
    opt_state: PyTree
    key: Key[Array, ""]  # the caller's; never changes
    step: Int[Array, ""]  # steps done
    epoch: Int[Array, ""]  # permutations used up
    offset: Int[Array, ""]  # samples used of the permutation now in use
    finite: Bool[Array, ""]  # no loss so far, validations' included, was NaN or infinite, nor a parameter after a chunk
    stopped: Bool[Array, ""]  # patience has run out
    best: Best | None  # None without validation data


class Options(NamedTuple):
    """What a run minimizes, by which optimizer, and for how long; static.

    Compiled code is found again only for the same `loss` and `optimizer` objects: define them once, outside of loops.
    """

    loss: Loss  # of parameters, a batch and a key: one number, mostly a mean over the samples of the batch
    optimizer: GradientTransformation  # of optax, or with its `init` and `update`
    n_steps: int  # updates
    batch_size: int | None = None  # samples per step; None takes all of them, in the order given
    chunk: int | None = None  # steps before each validation; None: one epoch, but at least 100 steps
    validation_loss: Loss | None = None  # None: `loss`; with dropout, give one without. Its key is always the same
    patience: int | None = None  # validations without a new best (a NaN is none) before the run stops; None: no end


class Trained(NamedTuple):
    """What training returns. In `fit` the histories are padded with NaN after an early stop."""

    params: PyTree  # the best of the validations; without validation data those after the last step
    state: State
    validation_history: Float[Array, " chunks"]  # after each chunk; empty without validation data
    history: Float[Array, " steps"]  # loss of each step's batch BEFORE its update: the first entry is the start's
    n_iter: Int[Array, ""]  # steps done
    converged: Bool[Array, ""]  # always False: no measure here says how near the optimum is
    status: Int[Array, ""]  # FINISHED, STOPPED_EARLY or NON_FINITE, see `mfml.iteration`


class _Plan(NamedTuple):
    """What compiled code depends on beside the arrays' shapes."""

    options: Options
    chunk: int
    placement: tuple[Any, ...]  # how the data's leaves lie on several devices, None where on one


@public
def init(params: PyTree, *, key: Key[Array, ""], optimizer: GradientTransformation, validated: bool = False) -> State:
    """Return the state before the first step. `validated`: whether validation data will be given.

    >>> import optax
    >>> int(init(jnp.zeros(2), key=jax.random.key(0), optimizer=optax.sgd(0.1)).step)
    0
    """
    params = jax.tree.map(jnp.asarray, params)
    zero, no = jnp.zeros((), jnp.int32), jnp.zeros((), bool)
    best = Best(params, jnp.full((), jnp.nan, _dtype(params)), zero, zero) if validated else None
    return State(params, optimizer.init(params), key, zero, zero, zero, finite=~no, stopped=no, best=best)


@public
def fit(
    data: PyTree, *, key: Key[Array, ""], options: Options, init: PyTree, validation: PyTree | None = None
) -> Trained:
    """Minimize `loss(params, batch, key)` over a pytree of parameters; pure, in one compiled call.

    Args:
        data: pytree of arrays that have the samples along their first axis. None: the loss gets the batch None
            and draws its own data.
        key: decides the order of the samples and the loss's draws (dropout, noise).
        options: the loss, the optimizer, the number of steps and the like, see `Options`; static. Optimizers that
            ask for the value or the loss itself (line searches) get them.
        init: parameters at the start: a pytree of float arrays, such as a flax module's variables.
        validation: data to validate on, all in one batch. The result's parameters are then the best ones.

    There is no place for weights that are not trained (batch statistics).

    Raises:
        ValueError: empty data, leaves of different lengths, a batch larger than the data, a loss that does not return
            one number, options that do not fit together.

    >>> import optax
    >>> x = jnp.arange(6.0)
    >>> def error(w, batch, key):
    ...     return jnp.mean((w * batch - 2 * batch) ** 2)
    >>> options = Options(error, optax.sgd(0.02), n_steps=100, batch_size=4)
    >>> done = fit(x, key=jax.random.key(0), options=options, init=jnp.zeros(()))
    >>> round(float(done.params), 3), done.history.shape
    (2.0, (100,))
    """
    plan = _plan(data, validation, options)
    state = _begin(init, key, options, validation)
    return _fit(plan, state, data, validation)


@public
def train(
    data: PyTree,
    *,
    key: Key[Array, ""],
    options: Options,
    init: PyTree,
    validation: PyTree | None = None,
    state: State | None = None,
    on_chunk: Callable[[State], object] | None = None,
    progress: bool | None = None,
) -> Trained:
    """Do what `fit` does, to the same bits, one chunk at a time from Python.

    Args, beside those of `fit`:
        state: go on from here instead of from `init` and `key`; `n_steps` counts its steps too. The histories
            begin at this state. A run that was cut where a chunk ended continues to the same bits. A run that
            patience stopped goes on where `patience` is larger now, or None, as if it had been so from the start.
        on_chunk: called with the state after each chunk: to save it (`checkpoint.save`), to look at it.
        progress: show a bar; None shows one on a terminal when the run takes more than three seconds.

    Raises:
        ValueError: as `fit`; a state of other parameters, of another optimizer, or that has used more samples of its
            epoch than there are.
    """
    data, validation = jax.tree.map(jnp.asarray, (data, validation))
    plan, n_steps = _plan(data, validation, options), options.n_steps
    plan = plan._replace(options=options._replace(n_steps=0))  # a longer run finds the same compiled chunk
    if state is None:
        state = _begin(init, key, options, validation)
    else:
        resuming.check(state, needed=jax.eval_shape(lambda: _begin(init, key, options, validation)))
        state = state._replace(stopped=_out_of_patience(options, state.best))
    used, n = int(state.offset), None if data is None else batches.length("data", data)
    require.that(n is None or used < n, f"state has used {used} samples of its epoch, but data has only {n}")
    losses, validations = [np.zeros(0, _dtype(state.params))], []
    done = int(state.step)
    with Bar(progress, n_steps, done) as bar:
        while done < n_steps and not bool(state.stopped):
            count = min(plan.chunk, n_steps - done)
            state, (found, validated) = _chunk(plan, state, data, validation, jnp.asarray(count))
            losses.append(np.asarray(found)[:count])
            validations += [] if validated is None else [np.asarray(validated)]
            done += count
            bar.show(done, losses[-1][-1])
            if on_chunk is not None:
                on_chunk(state)
    history = jnp.asarray(np.concatenate(losses))
    return _trained(state, history, jnp.asarray(np.array(validations, history.dtype)))


def _begin(params: PyTree, key: Array, options: Options, validation: PyTree) -> State:
    return init(params, key=key, optimizer=options.optimizer, validated=validation is not None)


def _plan(data: PyTree, validation: PyTree, options: Options) -> _Plan:
    """Check the options against the data and fill in the defaults."""
    n_steps, size, chunk = options.n_steps, options.batch_size, options.chunk
    require.positive("n_steps", n_steps)
    n = None if data is None else batches.length("data", data)
    if size is not None:
        require.that(n is not None, "batch_size needs data")
        require.between("batch_size", size, 1, n or 1)
    if chunk is None:
        chunk = min(n_steps, max(100, -(-(n or 1) // (size or n or 1))))
    require.positive("chunk", chunk)
    if validation is None:
        alone = options.validation_loss is None and options.patience is None
        require.that(alone, "validation_loss and patience need validation")
    else:
        batches.length("validation", validation)
    if options.patience is not None:
        require.positive("patience", options.patience)
    placement = () if size is None else batches.placements(data, size)
    return _Plan(options, chunk, placement)


def _step(plan: _Plan, data: PyTree, state: State, rows: Int[Array, " b"] | None) -> tuple[State, Float[Array, ""]]:
    """One update."""
    import optax

    epoch, offset, batch = state.epoch + 1, state.offset, data
    if rows is not None:
        n, used = len(jax.tree.leaves(data)[0]), state.offset + len(rows)
        epoch, offset = state.epoch + used // n, used % n
        batch = batches.take(data, rows, plan.placement)
    key = jax.random.fold_in(_keys(state)[1], state.step)

    def objective(params: PyTree) -> Float[Array, ""]:
        value = _number("loss", plan.options.loss(params, batch, key))
        floating = jnp.issubdtype(value.dtype, jnp.floating)
        require.that(floating, f"loss must return a float, which has a gradient; found {value.dtype}")
        return value

    value, gradient = jax.value_and_grad(objective)(state.params)
    updates, opt_state = optax.with_extra_args_support(plan.options.optimizer).update(
        gradient, state.opt_state, state.params, value=value, grad=gradient, value_fn=objective
    )
    params = optax.apply_updates(state.params, updates)
    finite = state.finite & jnp.isfinite(value)
    state = state._replace(params=params, opt_state=opt_state, finite=finite)
    return state._replace(step=state.step + 1, epoch=epoch, offset=offset), value.astype(_dtype(params))


def _number(name: str, value: Any) -> Array:
    known = isinstance(value, jax.Array | np.ndarray | np.generic | float | int)
    require.that(known, f"{name} must return a scalar, alone; found {type(value).__name__}")
    require.that(jnp.shape(value) == (), f"{name} must return a scalar; found shape {jnp.shape(value)}")
    return jnp.asarray(value)


def _keys(state: State) -> Key[Array, 3]:
    """For the order of the samples, the loss and the validation."""
    return jax.random.split(state.key, 3)


def _dtype(params: PyTree) -> Any:
    """The precision of the histories."""
    return jnp.result_type(float, *(leaf.dtype for leaf in jax.tree.leaves(params)))


def _steps(
    plan: _Plan, state: State, data: PyTree, validation: PyTree, count: Int[Array, ""]
) -> tuple[State, tuple[Float[Array, " chunk"], Float[Array, ""] | None]]:
    """The first `count` steps of a chunk, then the validation. Losses of the steps left out are NaN."""
    rows = None
    if plan.options.batch_size is not None:
        size, n = plan.options.batch_size, len(jax.tree.leaves(data)[0])
        rows = batches.rows(state.epoch, state.offset, key=_keys(state)[0], n=n, batch_size=size, n_batches=plan.chunk)
    update = with_fast_convolutions(partial(_step, plan, data))
    missing = jnp.full((), jnp.nan, _dtype(state.params))

    def body(state: State, at: tuple[Array, Array | None]) -> tuple[State, Float[Array, ""]]:
        number, row = at
        return lax.cond(number < count, update, lambda state, _: (state, missing), state, row)

    state, losses = lax.scan(body, state, (jnp.arange(plan.chunk), rows))
    finite = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(state.params)]
    state = state._replace(finite=state.finite & jnp.array(finite).all())
    if state.best is None:
        return state, (losses, None)
    state, value = _validate(plan, state, state.best, validation)
    return state, (losses, value)


def _validate(plan: _Plan, state: State, best: Best, validation: PyTree) -> tuple[State, Float[Array, ""]]:
    """Keep the parameters where they are the best so far; stop where patience has run out."""
    loss, name = plan.options.validation_loss, "validation_loss"
    if loss is None:
        loss, name = plan.options.loss, "loss"
    value = _number(name, loss(state.params, validation, _keys(state)[2])).astype(_dtype(state.params))
    better = (value < best.loss) | (jnp.isnan(best.loss) & ~jnp.isnan(value))
    found = Best(state.params, value, state.step, jnp.zeros_like(state.step))
    best = jax.tree.map(partial(jnp.where, better), found, best._replace(stale=best.stale + 1))
    finite = state.finite & jnp.isfinite(value)
    return state._replace(best=best, stopped=_out_of_patience(plan.options, best), finite=finite), value


def _out_of_patience(options: Options, best: Best | None) -> Bool[Array, ""]:
    if best is None or options.patience is None:
        return jnp.zeros((), bool)
    return best.stale >= options.patience


@partial(jax.jit, static_argnames="plan")
def _fit(plan: _Plan, state: State, data: PyTree, validation: PyTree) -> Trained:
    """All chunks, one after the other."""
    n_steps = plan.options.n_steps
    counts = np.full(-(-n_steps // plan.chunk), plan.chunk)
    counts[-1] -= counts.sum() - n_steps
    chunk = partial(_steps, plan, data=data, validation=validation)

    def body(state: State, count: Int[Array, ""]) -> tuple[State, tuple[Array, Array | None]]:
        if plan.options.patience is None:
            return chunk(state, count=count)
        missing = jnp.full(plan.chunk, jnp.nan, _dtype(state.params))
        return lax.cond(state.stopped, lambda: (state, (missing, missing[0])), lambda: chunk(state, count=count))

    state, (losses, validations) = lax.scan(body, state, jnp.asarray(counts))
    if validations is None:
        validations = jnp.zeros(0, losses.dtype)
    return _trained(state, losses.reshape(-1)[:n_steps], validations)


_chunk = jax.jit(_steps, static_argnames="plan")


def _trained(state: State, history: Array, validation_history: Array) -> Trained:
    """The result of a run that ended in this state."""
    params = state.params if state.best is None else state.best.params
    ended = jnp.where(state.stopped, Status.STOPPED_EARLY, Status.FINISHED)
    status = jnp.where(state.finite, ended, Status.NON_FINITE)
    never = jnp.zeros((), bool)
    return Trained(params, state, validation_history, history, state.step, never, status)
