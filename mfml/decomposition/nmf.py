"""Non-negative matrix factorization. Shapes: X is n x d, of k parts: X is about W H, all entries >= 0.

W (n x k) says how much of each part is in a sample, H (k x d) what the parts look like. The factors are not
unique: a part may be scaled up in W and down in H, parts may swap places (`canonical` pins both), and there
are local minima, so the start matters.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.decomposition import nmf_start
from mfml.decomposition.nmf_start import Factors

SOLVERS = ("cd", "mu")
LOSSES = ("frobenius", "kullback-leibler")
# The objective costs as much as half a sweep, so it is looked at only this often.
SWEEPS_PER_CHECK = 10


class NMF(NamedTuple):
    """Fitted model."""

    w: Float[Array, "n k"]  # amounts of the parts in the training samples
    h: Float[Array, "k d"]  # parts
    history: Float[Array, " c"]  # objective at the start and after every 10 sweeps; NaN after the last
    n_iter: Int[Array, ""]  # sweeps done
    converged: Bool[Array, ""]  # the objective fell by less than tol times its first value in 10 sweeps


def objective(factors: Factors, x: Float[Array, "n d"], *, loss: str = "frobenius") -> Float[Array, ""]:
    r"""Misfit of the factors, which `fit` minimizes: a sum over all entries, with $\hat X = W H$.

    - "frobenius": $\tfrac12 \|X - \hat X\|_F^2$;
    - "kullback-leibler": $\sum x_{ij} \ln (x_{ij} / \hat x_{ij}) - x_{ij} + \hat x_{ij}$, in nats; infinite where
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
        return 0.5 * jnp.sum((x - fitted) ** 2)
    present = x > 0
    ratio = jnp.where(present, x, 1.0) / jnp.where(present, fitted, 1.0)
    return jnp.sum(jnp.where(present, x * jnp.log(ratio), 0.0) - x + fitted)


def step(state: Factors, x: Float[Array, "n d"], *, solver: str = "cd", loss: str = "frobenius") -> Factors:
    r"""One sweep: improve W given H, then H given the new W. The objective never rises.

    - "cd", coordinate descent (Frobenius loss only), sets one column of W after the other to its minimizer,
      $w_t \leftarrow \max\left(0, w_t - \frac{W (H H^\top)_t - (X H^\top)_t}{(H H^\top)_{tt}}\right)$.
    - "mu", multiplicative updates: $W \leftarrow W \odot \frac{X H^\top}{W H H^\top}$ for the Frobenius loss,
      $w_{it} \leftarrow w_{it} \frac{\sum_j h_{tj} x_{ij} / \hat x_{ij}}{\sum_j h_{tj}}$ for Kullback-Leibler.
      What is zero stays zero.

    Raises:
        ValueError: unless the shapes agree, solver and loss are known, and "cd" goes with "frobenius".

    Source: Lee and Seung (2000) for "mu"; Cichocki and Phan (2009) for "cd" (HALS).

    >>> start = Factors(jnp.array([[1.0]]), jnp.array([[2.0]]))
    >>> print(step(start, jnp.array([[6.0]])).w)
    [[3.]]
    """
    _check(x, state)
    _check_options(solver, loss)
    wt, h = _sweep(x, state.w.T, state.h, solver, loss)
    return Factors(wt.T, h)


def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""] | None = None,
    n_components: int,
    init: str | Factors = "nndsvda",
    solver: str = "cd",
    loss: str = "frobenius",
    max_iter: int = 200,
    tol: float = 1e-4,
) -> NMF:
    r"""Minimize `objective` over $W \ge 0$, $H \ge 0$ by sweeps of `step`.

    Stops after `max_iter` sweeps, or when 10 sweeps lowered the objective by less than `tol` times its
    first value; `tol=0` does all sweeps. `init` is a method of `init` (which may need the `key`) or
    `Factors`. A negative entry in `x` makes the whole answer NaN.

    Raises:
        ValueError: unless the shapes agree, n_components suits the start, the options are known, and
            max_iter >= 1.

    Source: Lee and Seung (1999); see also `step` and `init`.

    >>> x = jnp.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    >>> model = fit(x, n_components=2)
    >>> print((model.w @ model.h).round(2) + 0.0)
    [[1. 0. 2.]
     [0. 3. 0.]]
    """
    _check_options(solver, loss)
    require.that(max_iter >= 1, f"max_iter must be at least 1; found {max_iter}")
    first = nmf_start.init(x, n_components=n_components, init=init, key=key) if isinstance(init, str) else init
    _check(x, first)
    found = first.h.shape[0]
    require.that(found == n_components, f"start must have n_components={n_components} parts; found {found}")
    return _descend(x, first, tol, solver=solver, loss=loss, max_iter=max_iter)


@partial(jax.jit, static_argnames=("solver", "loss", "max_iter"))
def _descend(
    x: Float[Array, "n d"],
    start: Factors,
    tol: float | Float[Array, ""],
    *,
    solver: str,
    loss: str,
    max_iter: int,
) -> NMF:
    """Sweep until the objective settles."""
    x = jnp.where(jnp.any(x < 0), jnp.nan, x)
    checks = -(-max_iter // SWEEPS_PER_CHECK)
    first = objective(start, x, loss=loss)
    history = jnp.full(checks + 1, jnp.nan, x.dtype).at[0].set(first)

    def going(state: tuple) -> Bool[Array, ""]:
        _, _, _, n_iter, converged = state
        return (n_iter < max_iter) & ~converged

    def advance(state: tuple) -> tuple:
        wt, h, history, n_iter, _ = state
        sweeps = jnp.minimum(SWEEPS_PER_CHECK, max_iter - n_iter)
        wt, h = jax.lax.fori_loop(0, sweeps, lambda _, f: _sweep(x, f[0], f[1], solver, loss), (wt, h))
        now = objective(Factors(wt.T, h), x, loss=loss)
        check = n_iter // SWEEPS_PER_CHECK
        scale = jnp.where(jnp.isfinite(first), first, now)
        converged = history[check] - now < tol * scale
        return wt, h, history.at[check + 1].set(now), n_iter + sweeps, converged

    state = (start.w.T, start.h, history, jnp.zeros((), int), jnp.array(False))
    wt, h, history, n_iter, converged = jax.lax.while_loop(going, advance, state)
    return NMF(wt.T, h, history, n_iter, converged)


def _sweep(
    x: Float[Array, "n d"], wt: Float[Array, "k n"], h: Float[Array, "k d"], solver: str, loss: str
) -> tuple[Float[Array, "k n"], Float[Array, "k d"]]:
    """`step` with W transposed, so that each part is contiguous in memory."""
    if solver == "cd":
        wt = _coordinates(wt, h @ h.T, h @ x.T)
        return wt, _coordinates(h, wt @ wt.T, wt @ x)
    if loss == "frobenius":
        wt = wt * _quotient(h @ x.T, (h @ h.T) @ wt)
        return wt, h * _quotient(wt @ x, (wt @ wt.T) @ h)
    wt = wt * _quotient(h @ _quotient(x, wt.T @ h).T, h.sum(axis=1, keepdims=True))
    return wt, h * _quotient(wt @ _quotient(x, wt.T @ h), wt.sum(axis=1, keepdims=True))


def _coordinates(f: Float[Array, "k m"], g: Float[Array, "k k"], b: Float[Array, "k m"]) -> Float[Array, "k m"]:
    r"""Minimize $\tfrac12 \mathrm{tr}(F^\top G F) - \mathrm{tr}(B^\top F)$, $F \ge 0$, over one row after the other."""

    def one(t: Int[Array, ""], f: Float[Array, "k m"]) -> Float[Array, "k m"]:
        curvature = g[t, t]
        lower = f[t] - (g[t] @ f - b[t]) / jnp.where(curvature > 0, curvature, 1.0)
        return f.at[t].set(jnp.where(curvature > 0, jnp.maximum(lower, 0.0), f[t]))

    return jax.lax.fori_loop(0, f.shape[0], one, f)


def _quotient(top: Float[Array, "a b"], bottom: Float[Array, "a c"]) -> Float[Array, "a b"]:
    """Divide, with epsilon in place of a divisor of zero, as is customary for multiplicative updates."""
    return top / jnp.where(bottom == 0, jnp.finfo(bottom.dtype).eps, bottom)


@partial(jax.jit, static_argnames=("loss", "max_iter"))
def transform(
    h: Float[Array, "k d"],
    x: Float[Array, "n d"],
    *,
    loss: str = "frobenius",
    max_iter: int = 200,
    tol: float | Float[Array, ""] = 1e-4,
) -> Float[Array, "n k"]:
    r"""Amounts of known parts in new samples: $\arg\min_{W \ge 0}$ of `objective` with H fixed.

    A convex problem, so the start does not matter. Coordinate descent for "frobenius" (non-negative least
    squares), multiplicative updates for "kullback-leibler". Stops when no amount changes in a sweep by more
    than `tol` times the largest, or after `max_iter` sweeps. `h` is `model.h`, or the measured spectra of pure
    substances.

    Raises:
        ValueError: unless `x` and `h` have the same number of columns and the loss is known.

    >>> print(transform(jnp.array([[1.0, 0.0], [0.0, 2.0]]), jnp.array([[3.0, 4.0]])))
    [[3. 2.]]
    """
    require.rank("x", x, 2)
    require.rank("h", h, 2)
    require.same_length(columns_of_h=h.T, columns_of_x=x.T)
    require.one_of("loss", loss, LOSSES)
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
    return jax.lax.while_loop(lambda s: ~s[1] & (s[2] < max_iter), advance, start)[0].T


@jax.jit
def canonical(factors: Factors) -> Factors:
    r"""Pin scale and order: rows of H get unit length, parts fall by their total contribution.

    W H stays the same: $W H = (W D)(D^{-1} H)$ with $D = \mathrm{diag}(\|h_t\|_2)$. A part of zeros stays so.

    >>> print(canonical(Factors(jnp.array([[1.0, 1.0]]), jnp.array([[3.0, 4.0], [6.0, 8.0]]))).w)
    [[10.  5.]]
    """
    length = jnp.linalg.norm(factors.h, axis=1)
    w, h = factors.w * length, factors.h / jnp.where(length > 0, length, 1.0)[:, None]
    order = jnp.argsort(-jnp.linalg.norm(w, axis=0), stable=True)
    return Factors(w[:, order], h[order])


def _check(x: Float[Array, "n d"], factors: Factors) -> None:
    require.rank("x", x, 2)
    w, h = jnp.shape(factors.w), jnp.shape(factors.h)
    fits = len(w) == len(h) == 2 and w[0] == x.shape[0] and h[1] == x.shape[1] and w[1] == h[0]
    require.that(fits, f"factors of x {x.shape} must be n x k and k x d; found {w} and {h}")


def _check_options(solver: str, loss: str) -> None:
    require.one_of("solver", solver, SOLVERS)
    require.one_of("loss", loss, LOSSES)
    require.that(solver == "mu" or loss == "frobenius", f'loss {loss!r} needs solver "mu"; found solver {solver!r}')
