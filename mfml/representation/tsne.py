r"""t-SNE: neighbors stay neighbors in the plane. Shapes: n samples, d features, k coordinates of the embedding.

P says who is near whom among the samples (`affinities`). In the embedding y it is

$$q_{ij} = \frac{(1 + \|y_i - y_j\|^2)^{-1}}{Z}, \qquad Z = \sum_{k \ne l} (1 + \|y_k - y_l\|^2)^{-1}$$

and y is moved until Q resembles P: until $\mathrm{KL}(P \| Q) = \sum_{i \ne j} p_{ij} \ln (p_{ij} / q_{ij})$, in nats,
is small. For few samples all pairs are computed. For many, P holds neighbors only, and the repulsion of all pairs
comes from a grid (`repulsion`): the cost of a step is then linear in n.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.decomposition import pca
from mfml.representation import affinities, neighbors, nn_descent, repulsion
from mfml.representation.affinities import Links
from mfml.representation.neighbors import Neighbors
from mfml.representation.repulsion import Kernel

FEW = 2000  # samples up to which all pairs are faster than the grid
RECORD = 50  # steps between two entries of the history


class State(NamedTuple):
    """Where the optimizer is."""

    embedding: Float[Array, "n k"]
    velocity: Float[Array, "n k"]  # the last step
    gains: Float[Array, "n k"]  # factors of the learning rate, one for each coordinate


class Sparse(NamedTuple):
    """P between neighbors."""

    out: Links  # half of each p_ij, seen from i
    back: Links  # the other half, seen from j
    entropy: Float[Array, ""]  # -sum p ln p, in nats


class TSNE(NamedTuple):
    """An embedding, and how it came about."""

    embedding: Float[Array, "n k"]
    kl_divergence: Float[Array, ""]  # at the end, in nats
    history: Float[Array, " records"]  # KL after every 50 steps and after the last; without exaggeration
    n_iter: Int[Array, ""]  # steps
    converged: Bool[Array, ""]  # the KL fell by less than tol, relative, between the last two records


@partial(
    jax.jit,
    static_argnames=(
        "n_components",
        "perplexity",
        "max_iter",
        "early_exaggeration_iter",
        "solver",
        "neighbor_solver",
        "init",
    ),
)
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
    init: str = "pca",
    tol: ArrayLike = 1e-2,
) -> TSNE:
    r"""Minimize $\mathrm{KL}(P \| Q)$ by gradient descent with momentum and gains; always `max_iter` steps.

    For the first `early_exaggeration_iter` steps P is multiplied by `early_exaggeration` and the momentum is 0.5; then
    it is 0.8. The same key gives the same embedding; on a GPU sums may be added in another order each time, and
    t-SNE makes small differences large.

    Args:
        x: samples; bring the features to one scale, and many features down to about 50 by PCA first. Their common
            scale does not matter. An entry that is not finite makes the embedding NaN.
        key: for a random start and the search for neighbors; all else is fixed.
        n_components: coordinates of the embedding; "fft" needs 2.
        perplexity: how many neighbors a sample sees; less than n. Sparse P keeps 3 times as many.
        early_exaggeration: factor of P at first.
        learning_rate: if left out, n / (4 early_exaggeration) at first, n / 12 then, but at least 50.
        max_iter: steps.
        early_exaggeration_iter: of which with exaggeration.
        solver: "exact": all pairs; "fft": neighbors and grid; "auto": "exact" up to 2000 samples.
        neighbor_solver: of neighbors, "exact" or "descent"; "auto": "exact" up to 100000 samples.
        init: "pca": scaled so that the first coordinate has a standard deviation of 1e-4; "random": normal,
            with that deviation.
        tol: for `converged`.

    Raises:
        ValueError: where shapes or options do not fit.

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
    require.one_of("method", solver, ("auto", "exact", "fft"))
    require.one_of("search", neighbor_solver, nn_descent.SEARCHES)
    require.that(1 < perplexity < n, f"perplexity must be above 1 and below the {n} samples; found {perplexity}")
    require.positive("max_iter", max_iter)
    dense = solver == "exact" or (solver == "auto" and (n <= FEW or n_components != 2))
    require.that(dense or n_components == 2, f"method 'fft' needs n_components = 2; found {n_components}")
    for_start, for_search = jax.random.split(key)
    x = neighbors.at_unit_scale(x)
    state = _start(x, key=for_start, n_components=n_components, init=init)
    if dense:
        p = probabilities(x, perplexity=perplexity)
        slope: Callable[[Array, Array], Array] = partial(gradient, p)
        loss: Callable[[Array], Array] = partial(kl_divergence, p)
    else:
        near = nn_descent.nearest(
            x, key=for_search, n_neighbors=min(n - 1, int(3 * perplexity)), solver=neighbor_solver
        )
        sparse, made = sparse_probabilities(near, perplexity=perplexity), repulsion.kernels(x[:, :2])
        slope = partial(sparse_gradient, sparse, made)
        loss = partial(sparse_kl_divergence, sparse, made)

    def advance(i: Array, state: State) -> State:
        early = i < early_exaggeration_iter
        exaggeration = jnp.where(early, early_exaggeration, 1).astype(x.dtype)
        rate = jnp.maximum(n / jnp.where(early, 4 * exaggeration, 12), 50) if learning_rate is None else learning_rate
        g = slope(state.embedding, exaggeration)
        return step(state, g, learning_rate=rate, momentum=jnp.where(early, 0.5, 0.8))

    def record(state: State, first: Array) -> tuple[State, Array]:
        state = lax.fori_loop(first, jnp.minimum(first + RECORD, max_iter), advance, state)
        return state, loss(state.embedding)

    state, history = lax.scan(record, state, jnp.arange(0, max_iter, RECORD))
    fell = history[max(0, len(history) - 2)] - history[-1]
    converged = (fell <= tol * history[-1]) & (len(history) > 1)
    return TSNE(state.embedding, history[-1], history, jnp.asarray(max_iter), converged)


def init(x: Float[Array, "n d"], *, key: Key[Array, ""], n_components: int = 2, init: str = "pca") -> State:
    """The state before the first step; arguments as for `fit`.

    >>> state = init(jnp.array([[0.0, 0.0], [4.0, 0.0], [2.0, 1.0]]), key=jax.random.key(0))
    >>> [round(1e4 * entry, 3) for entry in state.embedding[:, 0].tolist()], state.gains[0].tolist()
    ([-1.225, 1.225, 0.0], [1.0, 1.0])
    """
    require.one_of("start", init, ("pca", "random"))
    if init == "pca":
        y = pca.transform(pca.fit(x, n_components=n_components), x)
        deviation = jnp.std(y[:, 0])
        y = 1e-4 * y / jnp.where(deviation > 0, deviation, 1)
    else:
        y = 1e-4 * jax.random.normal(key, (len(x), n_components), x.dtype)
    return State(y, jnp.zeros_like(y), jnp.ones_like(y))


_start = init  # `fit` has an option of that name


def step(state: State, gradient: Float[Array, "n k"], *, learning_rate: ArrayLike, momentum: ArrayLike = 0.8) -> State:
    r"""One step: $v \leftarrow \mu v - \eta\, g \odot \nabla$, $y \leftarrow y + v$, with gains g.

    A coordinate's gain grows by 0.2 while velocity and gradient have opposite signs (it goes downhill), else
    shrinks by a factor 0.8, to no less than 0.01.

    Source: Jacobs (1988), Neural Networks 1, 295 (delta-bar-delta).

    >>> start = State(jnp.ones((1, 1)), jnp.zeros((1, 1)), jnp.ones((1, 1)))
    >>> round(step(start, jnp.ones((1, 1)), learning_rate=0.1).embedding.item(), 3)
    0.92
    """
    downhill = state.velocity * gradient < 0
    gains = jnp.maximum(jnp.where(downhill, state.gains + 0.2, state.gains * 0.8), 0.01)
    velocity = jnp.multiply(momentum, state.velocity) - jnp.multiply(learning_rate, gains) * gradient
    return State(state.embedding + velocity, velocity, gains)


def probabilities(x: Float[Array, "n d"], *, perplexity: ArrayLike = 30.0) -> Float[Array, "n n"]:
    """Dense P of all pairs: `affinities.joint` of `affinities.conditional`; the diagonal is 0.

    Raises:
        ValueError: unless x has two axes and at least two samples.

    >>> p = probabilities(jnp.array([[0.0], [1.0], [5.0]]), perplexity=1.5)
    >>> round(float(p.sum()), 4), bool(p[0, 1] > p[0, 2])
    (1.0, True)
    """
    require.rank("x", x, 2)
    require.that(len(x) >= 2, f"x must have at least two samples; found {len(x)}")
    others = jnp.where(jnp.eye(len(x), dtype=bool), jnp.inf, _squared_distances(x))
    return affinities.joint(affinities.conditional(others, perplexity=perplexity).p)


def kl_divergence(p: Float[Array, "n n"], y: Float[Array, "n k"]) -> Float[Array, ""]:
    r"""$\mathrm{KL}(P \| Q) = \sum_{i \ne j} p_{ij} \ln (p_{ij} / q_{ij})$ in nats; $0 \ln 0 = 0$.

    Raises:
        ValueError: unless p is square, with a row for each row of y.

    Source: van der Maaten and Hinton (2008), JMLR 9, section 3.

    >>> p = jnp.array([[0.0, 0.5], [0.5, 0.0]])
    >>> abs(round(float(kl_divergence(p, jnp.array([[0.0, 0.0], [3.0, 0.0]]))), 4))
    0.0
    """
    _check(p, y)
    squared = _squared_distances(y)
    z = jnp.sum(jnp.where(jnp.eye(len(y), dtype=bool), 0, 1 / (1 + squared)))
    held = p > 0
    log_p = jnp.log(jnp.where(held, p, 1))
    return jnp.sum(jnp.where(held, p * (log_p + jnp.log1p(squared)), 0)) + jnp.log(z) * jnp.sum(p)


def gradient(p: Float[Array, "n n"], y: Float[Array, "n k"], exaggeration: ArrayLike = 1.0) -> Float[Array, "n k"]:
    r"""$4 \sum_j (a\, p_{ij} - q_{ij}) (1 + \|y_i - y_j\|^2)^{-1} (y_i - y_j)$ with exaggeration a.

    Without exaggeration, the gradient of `kl_divergence`.

    Raises:
        ValueError: unless p is square, with a row for each row of y.

    Source: van der Maaten and Hinton (2008), JMLR 9, equation 5.

    >>> p = jnp.array([[0.0, 0.5], [0.5, 0.0]])
    >>> gradient(p, jnp.array([[0.0], [1.0]]), 2.0).tolist()
    [[-1.0], [1.0]]
    """
    _check(p, y)
    near = jnp.where(jnp.eye(len(y), dtype=bool), 0, 1 / (1 + _squared_distances(y)))
    pull = (exaggeration * p - near / near.sum()) * near
    return 4 * (pull.sum(axis=1, keepdims=True) * y - pull @ y)


def sparse_probabilities(found: Neighbors, *, perplexity: ArrayLike = 30.0) -> Sparse:
    """P between neighbors; 0 for all other pairs.

    >>> x = jnp.array([[0.0], [1.0], [5.0]])
    >>> made = sparse_probabilities(neighbors.exact(x, n_neighbors=2), perplexity=1.5)
    >>> bool(abs(made.out.weights.sum() + made.back.weights.sum() - 1) < 1e-5)
    True
    """
    out, back = affinities.sparse_joint(found, perplexity=perplexity)
    other = affinities.reverse(found.indices, out.weights)
    p = out.weights + other
    counted = jnp.where(other > 0, 1, 2)  # a pair without a way back stands for both of its orders
    terms = jnp.where(p > 0, p * jnp.log(jnp.where(p > 0, p, 1)), 0)
    return Sparse(out, back, -jnp.sum(counted * terms))


def sparse_kl_divergence(sparse: Sparse, made: tuple[Kernel, ...], y: Float[Array, "n 2"]) -> Float[Array, ""]:
    """`kl_divergence` of a sparse P, with Z from the grid; `made` is `repulsion.kernels(y)`.

    >>> x = jax.random.normal(jax.random.key(0), (20, 3))
    >>> sparse = sparse_probabilities(neighbors.exact(x, n_neighbors=19), perplexity=5.0)
    >>> needed = kl_divergence(probabilities(x, perplexity=5.0), x[:, :2])
    >>> bool(abs(sparse_kl_divergence(sparse, repulsion.kernels(x[:, :2]), x[:, :2]) - needed) < 1e-3)
    True
    """
    z = repulsion.interpolated(y, made).normalizer
    difference = _links_apart(sparse.out, y)
    apart = jnp.log1p(difference.real**2 + difference.imag**2)
    return 2 * jnp.sum(sparse.out.weights * apart) + jnp.log(z) - sparse.entropy


def sparse_gradient(
    sparse: Sparse, made: tuple[Kernel, ...], y: Float[Array, "n 2"], exaggeration: ArrayLike = 1.0
) -> Float[Array, "n 2"]:
    """`gradient` of a sparse P, with the repulsion from the grid; `made` is `repulsion.kernels(y)`.

    >>> x = jax.random.normal(jax.random.key(0), (20, 3))
    >>> sparse = sparse_probabilities(neighbors.exact(x, n_neighbors=19), perplexity=5.0)
    >>> needed = gradient(probabilities(x, perplexity=5.0), x[:, :2])
    >>> found = sparse_gradient(sparse, repulsion.kernels(x[:, :2]), x[:, :2])
    >>> bool(jnp.linalg.norm(found - needed) < 1e-2 * jnp.linalg.norm(needed))
    True
    """
    pull = sum(_attraction(links, y) for links in (sparse.out, sparse.back))
    push = repulsion.interpolated(y, made)
    return 4 * (exaggeration * pull - push.force / push.normalizer)


def _attraction(links: Links, y: Float[Array, "n 2"]) -> Float[Array, "n 2"]:
    difference = _links_apart(links, y)
    force = links.weights / (1 + difference.real**2 + difference.imag**2) * difference
    row = force.sum(axis=1)
    total = jnp.zeros(len(y), row.dtype).at[links.heads].add(row, indices_are_sorted=True)
    return jnp.stack([total.real, total.imag], axis=1)


def _links_apart(links: Links, y: Float[Array, "n 2"]) -> Array:
    """Differences along links, as complex numbers: one look-up instead of two."""
    z = lax.complex(y[:, 0], y[:, 1])
    return z[links.heads][:, None] - z[links.tails]


def _check(p: Array, y: Array) -> None:
    require.square("p", p)
    require.rank("y", y, 2)
    require.same_length(p=p, y=y)


def _squared_distances(x: Array) -> Array:
    centered = x - x.mean(axis=0)
    norms = jnp.sum(centered**2, axis=1)
    return jnp.maximum(norms[:, None] - 2 * centered @ centered.T + norms, 0)
