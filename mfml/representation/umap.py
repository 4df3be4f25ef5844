r"""UMAP: a weighted graph of neighbors, drawn in the plane. Shapes: n samples, d features, k neighbors.

The samples' graph has links of weight $w_{ij}$ (`fuzzy`). In the embedding, a pair at distance r is linked with
probability $\phi(r) = 1 / (1 + a r^{2b})$. Links pull with the slope of $-w \ln \phi$; everybody pushes everybody
else with the slope of $-\ln(1 - \phi)$, of which each step takes a few samples.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.decomposition import pca
from mfml.landscapes import lanczos
from mfml.representation import fuzzy, neighbors, nn_descent
from mfml.representation.fuzzy import Graph

KRYLOV = 48  # steps of Lanczos' method for the start


class Curve(NamedTuple):
    """The curve 1 / (1 + a r^(2b)): how likely a pair at distance r is linked."""

    a: Float[Array, ""]
    b: Float[Array, ""]


class UMAP(NamedTuple):
    """An embedding, and how it came about."""

    embedding: Float[Array, "n 2"]
    curve: Curve
    spectral: Bool[Array, ""]  # the start was spectral, not that of PCA
    history: Float[Array, " epochs"]  # root mean square length of each step, in units of the embedding
    n_iter: Int[Array, ""]  # epochs
    converged: Bool[Array, ""]  # the last step was at most tol times the cloud's standard deviation


@partial(jax.jit, static_argnames="max_iter")
def curve(min_dist: ArrayLike = 0.1, spread: ArrayLike = 1.0, *, max_iter: int = 100) -> Curve:
    r"""Least-squares fit of a and b: $\phi(r)$ to 1 up to r = min_dist, then $e^{-(r - m) / s}$.

    With m = min_dist and s = spread, at 300 distances from 0 to 3 s; damped Gauss-Newton steps in ln a and ln b.

    Raises:
        ValueError: unless max_iter >= 1.

    Source: McInnes, Healy and Melville (2018), arXiv:1802.03426, section 4.2.

    >>> [round(value.item(), 2) for value in curve(0.1)]
    [1.58, 0.9]
    """
    require.positive("max_iter", max_iter)
    min_dist, spread = jnp.asarray(min_dist, float), jnp.asarray(spread, float)
    r = spread * jnp.linspace(0, 3, 300, dtype=spread.dtype)
    wanted = jnp.where(r < min_dist, 1, jnp.exp(-(r - min_dist) / spread))
    log_r = jnp.log(jnp.where(r > 0, r, 1))

    def misfit(params: Array) -> Array:
        exponent = params[0] + 2 * jnp.exp(params[1]) * log_r
        return jnp.where(r > 0, jax.nn.sigmoid(-exponent), 1) - wanted

    def better(_: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        params, damping = carry
        rest, slope = misfit(params), jax.jacfwd(misfit)(params)
        normal = slope.T @ slope
        shift = jnp.linalg.solve(normal + damping * jnp.diag(jnp.diagonal(normal) + 1e-9), slope.T @ rest)
        lower = jnp.sum(misfit(params - shift) ** 2) < jnp.sum(rest**2)
        return jnp.where(lower, params - shift, params), damping * jnp.where(lower, 0.3, 4.0)

    start = jnp.stack([-2 * jnp.log(spread), jnp.zeros_like(spread)])
    params, _ = lax.fori_loop(0, max_iter, better, (start, jnp.full((), 1e-2, spread.dtype)))
    return Curve(*jnp.exp(params))


@jax.jit
def spectral_start(linked: Graph, *, key: Key[Array, ""]) -> tuple[Float[Array, "n 2"], Bool[Array, ""]]:
    r"""The two smoothest modes of the graph: eigenvectors of $D^{-1/2} W D^{-1/2}$ next to the trivial one.

    By Lanczos' method from the part of a random vector that is orthogonal to the trivial one, $D^{1/2} 1$. The
    second result is False where the graph falls apart (an eigenvalue of 1 again) or n is too small: the modes
    then only name the parts, and another start is better. The largest coordinate is 10.

    Source: Belkin and Niyogi (2003), Neural Computation 15, 1373; Golub and Van Loan (2013), section 10.1.

    >>> x = jax.random.normal(jax.random.key(0), (40, 3))
    >>> y, usable = spectral_start(fuzzy.graph(neighbors.exact(x, n_neighbors=8)), key=jax.random.key(1))
    >>> y.shape, bool(usable), round(float(abs(y).max()), 3)
    ((40, 2), True, 10.0)
    """
    n, dtype = len(linked.degree), linked.degree.dtype
    root = jnp.sqrt(jnp.maximum(linked.degree, jnp.finfo(dtype).tiny))
    trivial = root / jnp.linalg.norm(root)

    def product(v: Array) -> Array:
        v = v - trivial * (trivial @ v)
        u, total = v / root, jnp.zeros_like(v)
        for part in (linked.out, linked.back):
            total = total.at[part.heads].add(jnp.sum(part.weights * u[part.tails], axis=1))
        image = total / root
        return (image + v) / 2 - trivial * (trivial @ image) / 2  # eigenvalues from 0 to 1: the smoothest are largest

    first, restart = jax.random.split(key)
    start = jax.random.normal(first, (n,), dtype)
    n_steps = min(KRYLOV, n)
    t = lanczos.tridiagonalize(product, start - trivial * (trivial @ start), key=restart, n_steps=n_steps)
    dense = jnp.diag(t.diagonal) + jnp.diag(t.off_diagonal, 1) + jnp.diag(t.off_diagonal, -1)
    values, vectors = jnp.linalg.eigh(dense)
    modes = (vectors[:, :-3:-1].T @ t.basis) / root
    sign = jnp.sign(modes[jnp.arange(2), jnp.abs(modes).argmax(axis=1)])
    modes = modes * sign[:, None]
    largest = jnp.abs(modes).max()
    usable = (values[-1] < 1 - 1e-5) & (n > 3) & jnp.isfinite(largest) & (largest > 0)
    return 10 * modes.T / jnp.where(largest > 0, largest, 1), usable


@partial(
    jax.jit,
    static_argnames=("n_neighbors", "max_iter", "negative_sample_rate", "n_negatives", "neighbor_solver", "init"),
)
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_neighbors: int = 15,
    min_dist: ArrayLike = 0.1,
    spread: ArrayLike = 1.0,
    learning_rate: ArrayLike = 0.5,
    max_iter: int = 500,
    negative_sample_rate: int = 5,
    n_negatives: int = 8,
    neighbor_solver: str = "auto",
    init: str = "spectral",
    tol: ArrayLike = 0.01,
) -> UMAP:
    """Graph of neighbors, start, then `max_iter` of `step` with a rate that falls to 0.

    The same key gives the same embedding; on a GPU sums may be added in another order each time.

    Args:
        x: samples; bring the features to one scale first. Their common scale does not matter. An entry that is not
            finite makes the embedding NaN.
        key: for the search for neighbors, the start and the negative samples.
        n_neighbors: of each sample, itself included, as is UMAP's custom; static.
        min_dist: how close neighbors may lie in the embedding.
        spread: the scale of the embedding.
        learning_rate: share of a balanced step at the start, see `step`.
        max_iter: steps; static.
        negative_sample_rate: how many samples push for each that pulls; static.
        n_negatives: samples that stand for those in each step; static.
        neighbor_solver: of neighbors, "exact" or "descent"; "auto": "exact" up to 100000 samples.
        init: "spectral", with that of PCA where the graph falls apart, or "pca"; static.
        tol: for `converged`.

    Raises:
        ValueError: where shapes or options do not fit.

    Source: McInnes, Healy and Melville (2018), arXiv:1802.03426; Böhm, Berens and Kobak (2022), JMLR 23
    (the effect of negative samples).

    >>> x = jnp.concatenate([jnp.zeros((9, 3)), jnp.full((9, 3), 9.0)]) + jax.random.normal(jax.random.key(0), (18, 3))
    >>> y = fit(x, key=jax.random.key(1), n_neighbors=4, max_iter=50).embedding
    >>> y.shape
    (18, 2)
    """
    require.rank("x", x, 2)
    require.that(len(x) >= 2, f"x must have at least two samples; found {len(x)}")
    require.between("n_neighbors", n_neighbors, 2, len(x))
    require.one_of("start", init, ("spectral", "pca"))
    for name, value in (("n_epochs", max_iter), ("negative_sample_rate", negative_sample_rate)):
        require.positive(name, value)
    for_search, for_start, for_layout = jax.random.split(key, 3)
    x = neighbors.at_unit_scale(x)
    near = nn_descent.nearest(x, key=for_search, n_neighbors=n_neighbors - 1, solver=neighbor_solver)
    linked, shape = fuzzy.graph(near), curve(jnp.asarray(min_dist, x.dtype), jnp.asarray(spread, x.dtype))
    y, spectral = _start(x, linked, key=for_start, init=init)
    take = partial(step, linked=linked, curve=shape, negative_sample_rate=negative_sample_rate, n_negatives=n_negatives)

    def advance(y: Array, epoch: Array) -> tuple[Array, Array]:
        rate = jnp.asarray(learning_rate * (1 - epoch / max_iter), y.dtype)
        moved = take(y, key=jax.random.fold_in(for_layout, epoch), learning_rate=rate)
        return moved, jnp.sqrt(jnp.mean(jnp.sum((moved - y) ** 2, axis=1)))

    y, history = lax.scan(advance, y, jnp.arange(max_iter))
    converged = history[-1] <= tol * jnp.std(y)
    return UMAP(y, shape, spectral, history, jnp.asarray(max_iter), converged)


def init(
    x: Float[Array, "n d"], linked: Graph, *, key: Key[Array, ""], init: str = "spectral"
) -> tuple[Float[Array, "n 2"], Bool[Array, ""]]:
    """The layout before the first epoch, largest coordinate 10, and whether it is spectral.

    Raises:
        ValueError: unless x has two axes and the start is known.

    >>> x = jax.random.normal(jax.random.key(0), (40, 3))
    >>> linked = fuzzy.graph(neighbors.exact(x, n_neighbors=8))
    >>> [bool(init(x, linked, key=jax.random.key(1), init=start)[1]) for start in ("spectral", "pca")]
    [True, False]
    """
    require.rank("x", x, 2)
    require.one_of("start", init, ("spectral", "pca"))
    plane = pca.transform(pca.fit(x, n_components=2), x)
    largest = jnp.abs(plane).max()
    plane = 10 * plane / jnp.where(largest > 0, largest, 1)
    if init == "pca":
        return plane, jnp.zeros((), bool)
    modes, usable = spectral_start(linked, key=key)
    return jnp.where(usable, modes, plane), usable


_start = init  # `fit` has an option of that name


@partial(jax.jit, static_argnames=("negative_sample_rate", "n_negatives"))
def step(
    state: Float[Array, "n 2"],
    linked: Graph,
    curve: Curve,
    *,
    key: Key[Array, ""],
    learning_rate: ArrayLike,
    negative_sample_rate: int = 5,
    n_negatives: int = 8,
) -> Float[Array, "n 2"]:
    r"""Move all samples at once by $\eta / \sum_j w_{ij}$ times the forces on them; no coordinate by more than 4.

    Links pull $2 w_{ij} \frac{2 a b\, r^{2b - 2}}{1 + a r^{2b}} (y_j - y_i)$, since UMAP moves both ends of a link in
    turn; sample l pushes $\frac{2 b}{(0.001 + r^2) (1 + a r^{2b})} (y_i - y_l)$. The pushing samples are those a
    random number of places away from i, the same for all i, so that they are read in one go; their mean is
    multiplied by `negative_sample_rate` $\cdot \sum_j w_{ij}$. Put samples in a random order where it has a meaning.

    Raises:
        ValueError: unless y has a row for each node, and the numbers are positive.

    Source: McInnes, Healy and Melville (2018), arXiv:1802.03426, section 3.2 and algorithm 5.

    >>> x = jax.random.normal(jax.random.key(0), (40, 3))
    >>> linked = fuzzy.graph(neighbors.exact(x, n_neighbors=8))
    >>> step(x[:, :2], linked, Curve(1.6, 0.9), key=jax.random.key(1), learning_rate=0.1).shape
    (40, 2)
    """
    require.same_length(y=state, degree=linked.degree)
    require.positive("n_negatives", n_negatives)
    require.positive("rate_of_negatives", negative_sample_rate)
    a, b = curve
    z = lax.complex(state[:, 0], state[:, 1])
    total = jnp.zeros_like(z)
    for part in (linked.out, linked.back):
        offset = z[part.tails] - z[part.heads][:, None]
        squared = offset.real**2 + offset.imag**2
        apart = jnp.where(squared > 0, squared, 1)
        power = apart**b
        pull = jnp.where(squared > 0, 4 * a * b * power / apart / (1 + a * power), 0)
        total = total.at[part.heads].add(jnp.sum(part.weights * pull * offset, axis=1))
    degree = jnp.maximum(linked.degree, jnp.finfo(state.dtype).tiny)
    places = jax.random.randint(key, (n_negatives,), 1, max(len(state), 2))
    around = jnp.concatenate([z, z])

    def add(push: Array, place: Array) -> tuple[Array, None]:
        offset = z - lax.dynamic_slice(around, (place,), z.shape)
        squared = offset.real**2 + offset.imag**2
        return push + 2 * b / ((0.001 + squared) * (1 + a * squared**b)) * offset, None

    push, _ = lax.scan(add, jnp.zeros_like(z), places)
    force = total / degree + negative_sample_rate / n_negatives * push
    return state + learning_rate * jnp.clip(jnp.stack([force.real, force.imag], axis=1), -4, 4)
