r"""t-SNE: neighbors stay neighbors in the plane. Shapes: n samples, d features, k coordinates of the embedding.

Gradient descent on $\mathrm{KL}(P \| Q)$ moves the points of the embedding until the probabilities Q of their pairs
resemble those of the samples, P (see `divergence`). For few samples, all pairs are computed. For many samples, P holds
only neighbors, and the repulsion comes from a grid (`repulsion`). The cost of a step is then linear in n.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.decomposition import pca
from mfml.entrance import public
from mfml.representation import divergence, neighbors, nn_descent, repulsion

SOLVERS = ("auto", "exact", "fft")
STARTS = ("pca", "random")
STATIC = ("n_components", "perplexity", "max_iter", "early_exaggeration_iter", "dense", "neighbor_solver")
FEW = 2000  # samples up to which all pairs are faster than the grid

Evaluate = Callable[[Array, Array], tuple[Array, Array]]  # embedding and exaggeration to KL and gradient


class State(NamedTuple):
    """State of the optimizer."""

    embedding: Float[Array, "n k"]
    velocity: Float[Array, "n k"]  # the last step
    gains: Float[Array, "n k"]  # factors of the learning rate, one per coordinate


class TSNE(NamedTuple):
    """An embedding and the report of its iteration."""

    embedding: Float[Array, "n k"]
    kl_divergence: Float[Array, ""]  # at the end, in nats
    history: Float[Array, " steps"]  # KL of the true P at the start and after each step, in nats
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: there is no test of convergence
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_components: int = 2,
    perplexity: float = 30.0,
    early_exaggeration: ArrayLike = 12.0,
    learning_rate: ArrayLike | None = None,
    max_iter: int = 1000,
    early_exaggeration_iter: int = 250,
    solver: str = "auto",
    neighbor_solver: str = "auto",
    init: str | Float[Array, "n k"] = "pca",
) -> TSNE:
    r"""Minimize $\mathrm{KL}(P \| Q)$ by gradient descent with momentum and gains; always `max_iter` steps.

    In the first `early_exaggeration_iter` steps, P is multiplied by `early_exaggeration` and the momentum is 0.5;
    afterwards the momentum is 0.8. The history always holds the KL of P without exaggeration. The first steps do not
    minimize it, so it may rise, and it drops steeply when they end. The same key gives the same embedding. On a GPU,
    however, the order of summation may vary between runs, and t-SNE amplifies small differences.

    Args:
        x: samples. Bring the features to one scale, and reduce many features to about 50 by PCA first. Their common
            scale does not matter. A non-finite entry makes the embedding NaN.
        key: for a random start and for the approximate search for neighbors; all else is deterministic.
        n_components: coordinates of the embedding; "fft" needs 2.
        perplexity: effective number of neighbors; less than n. A sparse P keeps 3 times as many.
        early_exaggeration: factor of P in the first steps.
        learning_rate: by default n / (4 early_exaggeration) at first and n / 12 later, for every n. The attraction of
            a sample is of order 1/n, so these make steps of the same length for few and for many samples. A floor
            of 50, as in scikit-learn, is too large below some hundred samples: there the divergence stays up to 10
            times as large.
        max_iter: number of steps.
        early_exaggeration_iter: number of first steps with exaggeration.
        solver: "exact": all pairs; "fft": neighbors and grid; "auto": "exact" up to 2000 samples.
        neighbor_solver: how "fft" finds neighbors: "exact" or "descent"; "auto": "exact" up to 100000 samples.
        init: "pca": scaled so that the first coordinate has a standard deviation of 1e-4; "random": normal,
            with that deviation; or the values themselves, of shape (n, n_components), which are taken as they are.

    Raises:
        ValueError: if shapes or options are invalid.

    Source: van der Maaten and Hinton (2008), JMLR 9, 2579; Belkina et al. (2019), Nature Communications 10
    (learning rate); Linderman et al. (2019), Nature Methods 16, 243; Kobak and Berens (2019), Nature
    Communications 10 (start).

    >>> x = jax.random.normal(jax.random.key(0), (40, 3)) + 9 * (jnp.arange(40)[:, None] < 20)
    >>> found = fit(x, key=jax.random.key(1), perplexity=8.0, max_iter=400, learning_rate=10.0)
    >>> first, second = found.embedding[:20, 0], found.embedding[20:, 0]
    >>> bool(first.min() > second.max() or first.max() < second.min())
    True
    """
    require.rank("x", x, 2)
    n = len(x)
    require.one_of("solver", solver, SOLVERS)
    require.one_of("neighbor_solver", neighbor_solver, nn_descent.SOLVERS)
    require.that(1 < perplexity < n, f"perplexity must be above 1 and below the {n} samples; found {perplexity}")
    require.positive("max_iter", max_iter)
    given = require.rule_or_values("init", init, STARTS, (n, n_components))
    dense = solver == "exact" or (solver == "auto" and (n <= FEW or n_components != 2))
    require.that(dense or n_components == 2, f"solver 'fft' needs n_components = 2; found {n_components}")
    return _fit(
        x,
        None if given else init,
        jnp.asarray(init) if given else None,
        early_exaggeration,
        learning_rate,
        key=key,
        n_components=n_components,
        perplexity=perplexity,
        max_iter=max_iter,
        early_exaggeration_iter=early_exaggeration_iter,
        dense=dense,
        neighbor_solver=neighbor_solver,
    )


@partial(jax.jit, static_argnums=1, static_argnames=STATIC)
def _fit(
    x: Array,
    rule: str | None,
    start: Any,
    early_exaggeration: ArrayLike,
    learning_rate: ArrayLike | None,
    *,
    key: Array,
    n_components: int,
    perplexity: float,
    max_iter: int,
    early_exaggeration_iter: int,
    dense: bool,
    neighbor_solver: str,
) -> TSNE:
    """All steps, compiled. The name of a rule, or values where it is None, say where they begin."""
    n = len(x)
    for_init, for_neighbors = jax.random.split(key)
    x = neighbors.at_unit_scale(x)
    if dense:
        evaluate = _all_pairs(x, perplexity)
    else:
        evaluate = _neighbors_and_grid(x, for_neighbors, perplexity, neighbor_solver)

    def advance(state: State, i: Array) -> tuple[State, Array]:
        early, going = i < early_exaggeration_iter, i < max_iter  # no step follows the last evaluation
        exaggeration = jnp.where(early, early_exaggeration, 1).astype(x.dtype)
        rate = n / jnp.where(early, 4 * exaggeration, 12) if learning_rate is None else learning_rate
        value, slope = evaluate(state.embedding, exaggeration)
        momentum = jnp.where(early, 0.5, 0.8)
        moved = step(state, slope, learning_rate=jnp.where(going, rate, 0), momentum=jnp.where(going, momentum, 0))
        return moved, value

    first = init(x, key=for_init, n_components=n_components, init=rule or start)
    state, history = lax.scan(advance, first, jnp.arange(max_iter + 1))
    return TSNE(state.embedding, history[-1], *iteration.finished(history))


def _all_pairs(x: Float[Array, "n d"], perplexity: float) -> Evaluate:
    p = divergence.probabilities(x, perplexity=perplexity)
    entropy = -jnp.sum(p * jnp.log(jnp.where(p > 0, p, 1)))

    def evaluate(y: Array, exaggeration: Array) -> tuple[Array, Array]:
        value, slope = divergence.cross_entropy_and_gradient(p, y, exaggeration=exaggeration)
        return value - entropy, slope

    return evaluate


def _neighbors_and_grid(x: Float[Array, "n d"], key: Array, perplexity: float, neighbor_solver: str) -> Evaluate:
    k = min(len(x) - 1, int(3 * perplexity))
    near = nn_descent.nearest(x, key=key, n_neighbors=k, solver=neighbor_solver)
    sparse, made = divergence.sparse_probabilities(near, perplexity=perplexity), repulsion.kernels(x[:, :2])

    def evaluate(y: Array, exaggeration: Array) -> tuple[Array, Array]:
        value, slope = divergence.sparse_cross_entropy_and_gradient(sparse, made, y, exaggeration=exaggeration)
        return value - sparse.entropy, slope

    return evaluate


@public
def init(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_components: int = 2,
    init: str | Float[Array, "n k"] = "pca",
) -> State:
    """Return the state before the first step; arguments as for `fit`.

    Raises:
        ValueError: unless x has two axes, and `init` is a known rule or holds values of shape (n, n_components).

    >>> state = init(jnp.array([[0.0, 0.0], [4.0, 0.0], [2.0, 1.0]]), key=jax.random.key(0))
    >>> [round(1e4 * entry, 3) for entry in state.embedding[:, 0].tolist()], state.gains[0].tolist()
    ([-1.225, 1.225, 0.0], [1.0, 1.0])
    """
    require.rank("x", x, 2)
    if require.rule_or_values("init", init, STARTS, (len(x), n_components)):
        y = jnp.asarray(init, x.dtype)
    elif init == "pca":
        y = _narrow(pca.transform(pca.fit(x, n_components=n_components), x))
    else:
        y = 1e-4 * jax.random.normal(key, (len(x), n_components), x.dtype)
    return State(y, jnp.zeros_like(y), jnp.ones_like(y))


@jax.jit
def _narrow(y: Array) -> Array:
    deviation = jnp.std(y[:, 0])
    return 1e-4 * y / jnp.where(deviation > 0, deviation, 1)


@public
def step(state: State, gradient: Float[Array, "n k"], *, learning_rate: ArrayLike, momentum: ArrayLike = 0.8) -> State:
    r"""Take one step: $v \leftarrow \mu v - \eta\, g \odot \nabla$, $y \leftarrow y + v$, with gains g.

    If velocity and gradient have opposite signs, the coordinate moves downhill and its gain grows by 0.2. Otherwise the
    gain shrinks by a factor of 0.8. It is never less than 0.01.

    Source: Jacobs (1988), Neural Networks 1, 295 (delta-bar-delta).

    >>> start = State(jnp.ones((1, 1)), jnp.zeros((1, 1)), jnp.ones((1, 1)))
    >>> round(step(start, jnp.ones((1, 1)), learning_rate=0.1).embedding.item(), 3)
    0.92
    """
    downhill = state.velocity * gradient < 0
    gains = jnp.maximum(jnp.where(downhill, state.gains + 0.2, state.gains * 0.8), 0.01)
    velocity = jnp.multiply(momentum, state.velocity) - jnp.multiply(learning_rate, gains) * gradient
    return State(state.embedding + velocity, velocity, gains)
