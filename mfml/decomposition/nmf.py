"""Non-negative matrix factorization. Shapes: X is n x d and about W H, with k parts and all entries >= 0.

W (n x k) holds the amounts of the parts in each sample, and H (k x d) holds the parts. The factors are not unique:
a part may be scaled up in W and down in H, and parts may swap places. `canonical` fixes scale and order. There are
also local minima, so the result depends on the start.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.decomposition import nmf_start
from mfml.decomposition.nmf_start import Factors
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.scaling import power_of_two, unit

SOLVERS = ("cd", "mu")
LOSSES = ("frobenius", "kullback-leibler")
PATIENCE = 10  # number of sweeps over which the objective must fall
# The objective is computed again when it has fallen by this factor; until then its decreases are subtracted.
DIGITS = 16


class NMF(NamedTuple):
    """Fitted model."""

    w: Float[Array, "n k"]  # amounts of the parts in the training samples
    h: Float[Array, "k d"]  # parts
    history: Float[Array, " steps"]  # objective at the start and after each sweep, then NaN
    n_iter: Int[Array, ""]  # sweeps done
    converged: Bool[Array, ""]  # whether the objective has settled and the factors are nearly stationary, see `fit`
    status: Int[Array, ""]  # CONVERGED, MAX_ITER or NON_FINITE, see `mfml.iteration`


class _State(NamedTuple):
    """State of the iteration, with W transposed, so that each part is contiguous in memory."""

    wt: Float[Array, "k n"]
    h: Float[Array, "k d"]
    ratio: Float[Array, "n d"] | None  # X / W H, which the next sweep for Kullback-Leibler begins with
    objective: Float[Array, ""]
    anchor: Float[Array, ""]  # the last objective that was not computed by subtraction
    recent: Float[Array, " r"]  # the last objectives, this one included; infinite before the start
    slope: Float[Array, ""]  # of the objective where the last sweep began, see `_fall`; infinite before the first


@public
@partial(jax.jit, static_argnames="loss")
def objective(factors: Factors | NMF, x: Float[Array, "n d"], *, loss: str = "frobenius") -> Float[Array, ""]:
    r"""Misfit of the factors, a sum over all entries; `fit` minimizes it. $\hat X = W H$.

    - "frobenius": $\tfrac12 \|X - \hat X\|_F^2$;
    - "kullback-leibler": $\sum x_{ij} \ln (x_{ij} / \hat x_{ij}) - x_{ij} + \hat x_{ij}$, in nats; infinite if
      $\hat x$ is 0 and x is not.

    Raises:
        ValueError: unless the shapes agree and the loss is known.

    Source: Lee and Seung (2000).

    >>> print(objective(Factors(jnp.array([[1.0]]), jnp.array([[1.0]])), jnp.array([[2.0]])))
    0.5
    """
    _check(x, factors)
    require.one_of("loss", loss, LOSSES)
    fitted = factors.w @ factors.h
    if loss == "frobenius":
        size = unit(x)
        return 0.5 * jnp.sum(((x - fitted) / size) ** 2) * size * size
    present = x > 0
    return _divergence(x, fitted, jnp.where(present, x, 1.0) / jnp.where(present, fitted, 1.0))


@public
@partial(jax.jit, static_argnames=("solver", "loss"))
def step(state: Factors, x: Float[Array, "n d"], *, solver: str = "cd", loss: str = "frobenius") -> Factors:
    r"""Make one sweep: improve W for the given H, then H for the new W. The objective never increases.

    - "cd", coordinate descent (Frobenius loss only), sets the columns of W one by one to their minimizers,
      $w_t \leftarrow \max\left(0, w_t - \frac{W (H H^\top)_t - (X H^\top)_t}{(H H^\top)_{tt}}\right)$.
    - "mu", multiplicative updates: $W \leftarrow W \odot \frac{X H^\top}{W H H^\top}$ for the Frobenius loss,
      $w_{it} \leftarrow w_{it} \frac{\sum_j h_{tj} x_{ij} / \hat x_{ij}}{\sum_j h_{tj}}$ for Kullback-Leibler.
      An entry that is zero stays zero.

    Raises:
        ValueError: unless the shapes agree, solver and loss are known, and "cd" goes with "frobenius".

    Source: Lee and Seung (2000) for "mu"; Cichocki and Phan (2009) for "cd" (HALS).

    >>> start = Factors(jnp.array([[1.0]]), jnp.array([[2.0]]))
    >>> print(step(start, jnp.array([[6.0]])).w)
    [[3.]]
    """
    _check(x, state)
    _check_options(solver, loss)
    wt, h = state.w.T, state.h
    if loss == "frobenius":
        wt, h, *_ = _sweep(x, wt, h, solver, jnp.array(False))
    else:
        wt, h, _ = _kullback_leibler_sweep(x, wt, h, _quotient(x, wt.T @ h))
    return Factors(wt.T, h)


@public
@checked(x=NON_NEGATIVE)
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""] | None = None,
    n_components: int,
    init: str | Factors = "nndsvda",
    solver: str = "cd",
    loss: str = "frobenius",
    max_iter: int = 200,
    tol: ArrayLike = 1e-4,
) -> NMF:
    r"""Minimize `objective` over $W \ge 0$, $H \ge 0$ by sweeps of `step`.

    It stops when 10 sweeps have lowered the objective by at most `tol` times its first value and the factors are nearly
    stationary (CONVERGED), or after `max_iter` sweeps (MAX_ITER); `tol=0` does all sweeps. Stationary means that
    $\sum_{it} w_{it} |\partial F / \partial w_{it}|$ plus the same for H, which is 0 at an optimum, is at most `tol`
    times $\|X\|_F^2$ (Kullback-Leibler: $\sum x_{ij}$).

    `init` is a rule of `nmf_start.init`, which may need the `key`, or `Factors`. In the history an $\hat x$ of 0 counts
    as epsilon times the unit of x, as in the updates. The number of sweeps depends on the values, so the result may not
    be differentiated in reverse mode; differentiate through `step` instead.

    Raises:
        ValueError: unless the shapes agree, n_components fits `init`, the options are known, and max_iter >= 1; for a
            negative entry in `x` (where it is traced, both factors are NaN).

    Source: Lee and Seung (1999); see also `step` and `init`.

    >>> x = jnp.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    >>> model = fit(x, n_components=2)
    >>> print((model.w @ model.h).round(2) + 0.0)
    [[1. 0. 2.]
     [0. 3. 0.]]
    """
    _check_options(solver, loss)
    require.positive("max_iter", max_iter)
    first = nmf_start.init(x, n_components=n_components, init=init, key=key) if isinstance(init, str) else init
    require.that(hasattr(first, "w") and hasattr(first, "h"), f"init must be a rule or factors w and h; found {init!r}")
    _check(x, first)
    found = first.h.shape[0]
    require.that(found == n_components, f"init must have n_components={n_components} parts; found {found}")
    return _descend(x, first, tol, solver=solver, loss=loss, max_iter=max_iter)


@partial(jax.jit, static_argnames=("solver", "loss", "max_iter"))
def _descend(x: Float[Array, "n d"], first: Factors, tol: ArrayLike, *, solver: str, loss: str, max_iter: int) -> NMF:
    """Sweep until the objective settles, in units in which x is about 1."""
    root = power_of_two(jnp.sqrt(jnp.max(jnp.abs(x))))  # W and H share the unit of x
    x = x / root / root
    wt, h = first.w.T / root, first.h / root

    def advance(state: _State, _: Array) -> _State:
        ratio, anchor = None, state.anchor
        if loss == "frobenius":
            near = state.recent[1] - state.objective <= jnp.asarray(tol) * first_value
            wt, h, fall, slope = _sweep(x, state.wt, state.h, solver, near & (jnp.asarray(tol) > 0))
            now = state.objective - fall
            lost = now < anchor / DIGITS  # the difference has lost digits
            now = jax.lax.cond(lost, lambda: objective(Factors(wt.T, h), x), lambda: now)
            anchor = jnp.where(lost, now, anchor)
        else:
            wt, h, slope = _kullback_leibler_sweep(x, state.wt, state.h, jnp.asarray(state.ratio))
            ratio, now = _kullback_leibler(x, wt, h)
        return _State(wt, h, ratio, now, anchor, jnp.append(state.recent[1:], now), slope)

    def settled(state: _State) -> Array:
        flat = state.slope <= tol * size
        return (jnp.asarray(tol) > 0) & flat & (state.recent[0] - state.objective <= tol * now)

    if loss == "frobenius":
        ratio, now = None, objective(Factors(wt.T, h), x)
    else:
        ratio, now = _kullback_leibler(x, wt, h)
    size = jnp.sum(x**2 if loss == "frobenius" else x)
    recent, first_value = jnp.full(PATIENCE + 1, jnp.inf, now.dtype).at[-1].set(now), now
    state, report = iteration.run(
        advance,
        _State(wt, h, ratio, now, now, recent, jnp.full_like(now, jnp.inf)),
        max_iter=max_iter,
        objective=lambda state: state.objective,
        converged=settled,
    )
    history = report.history * root * root
    history = history * root * root if loss == "frobenius" else history
    return NMF(root * state.wt.T, root * state.h, *report._replace(history=history))


def _sweep(
    x: Float[Array, "n d"], wt: Float[Array, "k n"], h: Float[Array, "k d"], solver: str, watch: Array
) -> tuple[Float[Array, "k n"], Float[Array, "k d"], Float[Array, ""], Float[Array, ""]]:
    """`step` for the Frobenius loss, by how much it lowers the objective, and the slope where it began, if watched."""
    improve = _coordinates if solver == "cd" else _multiplied
    g, b = h @ h.T, h @ x.T
    new_wt = improve(wt, g, b)
    fall, slope = _fall(wt, new_wt, g, b, watch)
    g, b = new_wt @ new_wt.T, new_wt @ x
    new_h = improve(h, g, b)
    of_h = _fall(h, new_h, g, b, watch)
    return new_wt, new_h, fall + of_h[0], slope + of_h[1]


def _fall(
    old: Float[Array, "k m"], new: Float[Array, "k m"], g: Float[Array, "k k"], b: Float[Array, "k m"], watch: Array
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Decrease of $\tfrac12 \mathrm{tr}(F^\top G F) - \mathrm{tr}(B^\top F)$ from old to new F, to full precision.

    Also $\sum |f\, \partial|$ with its gradient at the old F, and f the larger of old and new: where an entry is 0 and
    stays so, the gradient does not count. It is infinite if it is not watched, which saves a pass.
    """
    gradient, step = g @ old - b, new - old
    fall = -jnp.sum(step * (gradient + 0.5 * (g @ step)))
    endless = jnp.full_like(fall, jnp.inf)
    slope = jax.lax.cond(watch, lambda: jnp.sum(jnp.abs(gradient) * jnp.maximum(old, new)), lambda: endless)
    return fall, slope


def _kullback_leibler_sweep(
    x: Float[Array, "n d"], wt: Float[Array, "k n"], h: Float[Array, "k d"], ratio: Float[Array, "n d"]
) -> tuple[Float[Array, "k n"], Float[Array, "k d"], Float[Array, ""]]:
    """`step` for the Kullback-Leibler loss, from the ratio X / W H, and the slope where it began, see `_fall`."""
    sums = h.sum(axis=1, keepdims=True)
    new_wt = wt * _quotient(h @ ratio.T, sums)
    slope = jnp.sum(sums * jnp.abs(new_wt - wt))
    sums = new_wt.sum(axis=1, keepdims=True)
    new_h = h * _quotient(new_wt @ _quotient(x, new_wt.T @ h), sums)
    return new_wt, new_h, slope + jnp.sum(sums * jnp.abs(new_h - h))


def _kullback_leibler(
    x: Float[Array, "n d"], wt: Float[Array, "k n"], h: Float[Array, "k d"]
) -> tuple[Float[Array, "n d"], Float[Array, ""]]:
    """The ratio X / W H and the objective."""
    fitted = wt.T @ h
    ratio = _quotient(x, fitted)
    return ratio, _divergence(x, fitted, jnp.where(x > 0, ratio, 1.0))


def _divergence(x: Float[Array, "n d"], fitted: Float[Array, "n d"], ratio: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""$\sum x \ln r - x + \hat x$ with the ratio r, to rounding of the result itself.

    Where x and its fit are close, most digits of the three terms cancel. With $d = \hat x - x$ and
    $s = d / (x + \hat x)$ a term is $s\,d - 2 x (s^3 / 3 + s^5 / 5 + \dots)$ there.

    Source: Abramowitz and Stegun (1964), equation 4.1.27.
    """
    apart = fitted - x
    near = jnp.abs(apart) < 0.1 * x
    s = apart / jnp.where(near, x + fitted, 1.0)
    square = s * s
    series = 1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9 + square / 11)))
    close = s * (apart - 2 * x * square * series)
    return jnp.sum(jnp.where(near, close, jnp.where(x > 0, x * jnp.log(ratio), 0.0) + apart))


def _multiplied(f: Float[Array, "k m"], g: Float[Array, "k k"], b: Float[Array, "k m"]) -> Float[Array, "k m"]:
    """One multiplicative update for the objective of `_fall`."""
    return f * _quotient(b, g @ f)


def _coordinates(f: Float[Array, "k m"], g: Float[Array, "k k"], b: Float[Array, "k m"]) -> Float[Array, "k m"]:
    """Minimize the objective of `_fall` over the rows of F >= 0, one by one."""

    def one(t: Int[Array, ""], f: Float[Array, "k m"]) -> Float[Array, "k m"]:
        curvature = g[t, t]
        lower = f[t] - (g[t] @ f - b[t]) / jnp.where(curvature > 0, curvature, 1.0)
        return f.at[t].set(jnp.where(curvature > 0, jnp.maximum(lower, 0.0), f[t]))

    return jax.lax.fori_loop(0, f.shape[0], one, f)


def _quotient(top: Float[Array, "a b"], bottom: Float[Array, "a c"]) -> Float[Array, "a b"]:
    """Divide, with epsilon in place of a divisor of zero, as is usual for multiplicative updates."""
    return top / jnp.where(bottom == 0, jnp.finfo(bottom.dtype).eps, bottom)


@public
@partial(jax.jit, static_argnames=("loss", "max_iter"))
def transform(
    model: NMF | Factors,
    x: Float[Array, "n d"],
    *,
    loss: str = "frobenius",
    max_iter: int = 200,
    tol: ArrayLike = 1e-4,
) -> Float[Array, "n k"]:
    r"""Amounts of known parts in new samples: $\arg\min_{W \ge 0}$ of `objective` with H fixed.

    The problem is convex, so the start does not matter. "frobenius" (non-negative least squares) uses
    coordinate descent, "kullback-leibler" multiplicative updates. It stops when no amount changes in a sweep by
    more than `tol` times the largest, or after `max_iter` sweeps, so it may not be differentiated in reverse mode. A
    negative entry in `x` is allowed for "frobenius", and gives NaN for "kullback-leibler". Only H is read: with
    `Factors` it may also hold the measured spectra of pure substances.

    Raises:
        ValueError: unless `x` has the features that the model was fitted on, and the loss is known.

    >>> pure = Factors(jnp.eye(2), jnp.array([[1.0, 0.0], [0.0, 2.0]]))
    >>> print(transform(pure, jnp.array([[3.0, 4.0]])))
    [[3. 2.]]
    """
    h = model.h
    require.rank("x", x, 2)
    require.rank("h", h, 2)
    require.columns("x", x, h.shape[1])
    require.one_of("loss", loss, LOSSES)
    if loss != "frobenius":
        x = jnp.where(x < 0, jnp.nan, x)
    size, part = unit(x), unit(h)
    x, h = x / size, h / part
    gram, hits = h @ h.T, h @ x.T
    even = jnp.sqrt(jnp.abs(x.mean()) / h.shape[0])
    wt = jnp.full((h.shape[0], x.shape[0]), 0.0 if loss == "frobenius" else even, x.dtype)

    def sweep(wt: Float[Array, "k n"]) -> Float[Array, "k n"]:
        if loss == "frobenius":
            return _coordinates(wt, gram, hits)
        return wt * _quotient(h @ _quotient(x, wt.T @ h).T, h.sum(axis=1, keepdims=True))

    def advance(state: tuple) -> tuple:
        wt, _, n_iter = state
        moved = sweep(wt)
        settled = jnp.max(jnp.abs(moved - wt)) <= tol * jnp.max(moved)
        return moved, settled, n_iter + 1

    start = (wt, jnp.array(False), jnp.zeros((), int))
    return jax.lax.while_loop(lambda s: ~s[1] & (s[2] < max_iter), advance, start)[0].T * (size / part)


@public
@jax.jit
def canonical(factors: Factors | NMF) -> Factors:
    r"""Fix scale and order: rows of H get unit length, and the parts with the largest contribution come first.

    W H stays the same: $W H = (W D)(D^{-1} H)$ with $D = \mathrm{diag}(\|h_t\|_2)$. A part of zeros stays zero.

    >>> print(canonical(Factors(jnp.array([[1.0, 1.0]]), jnp.array([[3.0, 4.0], [6.0, 8.0]]))).w)
    [[10.  5.]]
    """
    length = jnp.linalg.norm(factors.h, axis=1)
    w, h = factors.w * length, factors.h / jnp.where(length > 0, length, 1.0)[:, None]
    order = jnp.argsort(-jnp.linalg.norm(w, axis=0), stable=True)
    return Factors(w[:, order], h[order])


def _check(x: Float[Array, "n d"], factors: Factors | NMF) -> None:
    require.rank("x", x, 2)
    w, h = jnp.shape(factors.w), jnp.shape(factors.h)
    fits = len(w) == len(h) == 2 and w[0] == x.shape[0] and h[1] == x.shape[1] and w[1] == h[0]
    require.that(fits, f"factors of x {x.shape} must be n x k and k x d; found {w} and {h}")


def _check_options(solver: str, loss: str) -> None:
    require.one_of("solver", solver, SOLVERS)
    require.one_of("loss", loss, LOSSES)
    require.that(solver == "mu" or loss == "frobenius", f'loss {loss!r} needs solver "mu"; found solver {solver!r}')
