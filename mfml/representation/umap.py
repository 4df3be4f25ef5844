r"""UMAP: a weighted graph of neighbors, drawn in the plane. Shapes: n samples, d features, k neighbors.

The graph of the samples has links of weight $w_{ij}$ (`fuzzy`). In the embedding, a pair at distance r is linked with
probability $\phi(r) = 1 / (1 + a r^{2b})$. A link attracts its ends with the gradient of $-w \ln \phi$. All other
samples repel with the gradient of $-\ln(1 - \phi)$; each step takes only a few of them.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Complex, Float, Int, Key

from mfml import iteration, require
from mfml.decomposition import pca
from mfml.entrance import public
from mfml.landscapes import lanczos
from mfml.representation import fuzzy, neighbors, nn_descent
from mfml.representation.affinities import Links
from mfml.representation.fuzzy import Graph
from mfml.xla import rewrite

STARTS = ("spectral", "pca")
STATIC = ("n_neighbors", "max_iter", "negative_sample_rate", "n_negatives", "neighbor_solver")
KRYLOV = 48  # steps of Lanczos' method for the start


class Curve(NamedTuple):
    """The curve 1 / (1 + a r^(2b)): the probability that a pair at distance r is linked."""

    a: Float[Array, ""]
    b: Float[Array, ""]


class UMAP(NamedTuple):
    """An embedding and the report of its iteration."""

    embedding: Float[Array, "n 2"]
    curve: Curve
    spectral: Bool[Array, ""]  # whether the start was spectral, not PCA
    history: Float[Array, " steps"]  # cross-entropy at the start and after each step, estimated by `step`
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: there is no test of convergence
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
@partial(jax.jit, static_argnames="max_iter")
def curve(*, min_dist: ArrayLike = 0.1, spread: ArrayLike = 1.0, max_iter: int = 100) -> Curve:
    r"""Fit a and b by least squares: $\phi(r)$ to 1 up to r = m, and to $e^{-(r - m) / s}$ beyond.

    Here m is min_dist and s is spread. The fit uses 300 distances from 0 to 3 s, and `max_iter` damped Gauss-Newton
    steps in ln a and ln b; steps that do not improve the fit are rejected.

    Raises:
        ValueError: unless max_iter >= 1.

    Source: McInnes, Healy and Melville (2018), arXiv:1802.03426, section 4.2.

    >>> [round(value.item(), 2) for value in curve(min_dist=0.1)]
    [1.58, 0.9]
    """
    require.positive("max_iter", max_iter)
    dtype = jnp.result_type(float, min_dist, spread)
    min_dist, spread = jnp.asarray(min_dist, dtype), jnp.asarray(spread, dtype)
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
    return Curve(*jnp.where(jnp.isnan(wanted).any(), jnp.nan, jnp.exp(params)))


@public
@jax.jit
def spectral_start(linked: Graph, *, key: Key[Array, ""]) -> tuple[Float[Array, "n 2"], Bool[Array, ""]]:
    r"""Compute the two smoothest modes of the graph: eigenvectors of $D^{-1/2} W D^{-1/2}$ next to the trivial one.

    Lanczos' method starts from a random vector orthogonal to the trivial one, $D^{1/2} 1$. The second result is False
    if n is too small or the graph is not connected (another eigenvalue of 1). In the latter case the modes only
    distinguish its components, and another start is better. The largest coordinate is 10.

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


@public
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
    init: str | Float[Array, "n 2"] = "spectral",
) -> UMAP:
    """Find neighbors, build their graph, and take `max_iter` steps from a start with a rate that decays to 0.

    The same key gives the same embedding. On a GPU, however, the order of summation may vary between runs.

    Args:
        x: samples; bring the features to a common scale first. Their common scale does not matter. A non-finite entry
            makes the embedding NaN.
        key: for the search of neighbors, the start and the negative samples.
        n_neighbors: neighbors of each sample including itself, as usual for UMAP; static.
        min_dist: distance up to which the target of `curve` is 1; smaller values pack neighbors more tightly.
        spread: the scale of the embedding.
        learning_rate: of the first step, see `step`.
        max_iter: number of steps; static.
        negative_sample_rate: number of repelling samples per attracting one; static.
        n_negatives: number of samples that represent those in each step; static.
        neighbor_solver: "exact" or "descent"; "auto": "exact" up to 100000 samples; static.
        init: "spectral" or "pca" (static); "pca" also replaces a spectral start that is not usable. Or the values
            themselves, of shape (n, 2), which are taken as they are; those of the rules reach up to 10.

    Raises:
        ValueError: if shapes or options are invalid.

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
    require.one_of("neighbor_solver", neighbor_solver, nn_descent.SOLVERS)
    require.positive("max_iter", max_iter)
    given = require.rule_or_values("init", init, STARTS, (len(x), 2))
    return _fit(
        x,
        None if given else init,
        jnp.asarray(init) if given else None,
        (min_dist, spread, learning_rate),
        key=key,
        n_neighbors=n_neighbors,
        max_iter=max_iter,
        negative_sample_rate=negative_sample_rate,
        n_negatives=n_negatives,
        neighbor_solver=neighbor_solver,
    )


@partial(jax.jit, static_argnums=1, static_argnames=STATIC)
def _fit(
    x: Array,
    rule: str | None,
    start: Any,
    numbers: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    key: Array,
    n_neighbors: int,
    max_iter: int,
    negative_sample_rate: int,
    n_negatives: int,
    neighbor_solver: str,
) -> UMAP:
    """All steps, compiled. The name of a rule, or values where it is None, say where they begin."""
    min_dist, spread, learning_rate = numbers
    for_neighbors, for_init, for_layout = jax.random.split(key, 3)
    x = neighbors.at_unit_scale(x)
    near = nn_descent.nearest(x, key=for_neighbors, n_neighbors=n_neighbors - 1, solver=neighbor_solver)
    linked = fuzzy.graph(near)
    shape = curve(min_dist=jnp.asarray(min_dist, x.dtype), spread=jnp.asarray(spread, x.dtype))
    first, spectral = init(x, linked, key=for_init, init=rule or start)
    take = partial(step, linked=linked, curve=shape, negative_sample_rate=negative_sample_rate, n_negatives=n_negatives)

    def advance(y: Array, i: Array) -> tuple[Array, Array]:
        rate = jnp.asarray(learning_rate * (1 - i / max_iter), y.dtype)  # 0 in the last step, which only measures
        return take(y, key=jax.random.fold_in(for_layout, i), learning_rate=rate)

    y, history = lax.scan(advance, first, jnp.arange(max_iter + 1))
    return UMAP(y, shape, spectral, *iteration.finished(history))


@public
def init(
    x: Float[Array, "n d"], linked: Graph, *, key: Key[Array, ""], init: str | Float[Array, "n 2"] = "spectral"
) -> tuple[Float[Array, "n 2"], Bool[Array, ""]]:
    """Return the layout before the first step, and whether it is spectral; the largest coordinate of a rule is 10.

    Raises:
        ValueError: unless x has two axes, and `init` is a known rule or holds values of shape (n, 2).

    >>> x = jax.random.normal(jax.random.key(0), (40, 3))
    >>> linked = fuzzy.graph(neighbors.exact(x, n_neighbors=8))
    >>> [bool(init(x, linked, key=jax.random.key(1), init=rule)[1]) for rule in ("spectral", "pca")]
    [True, False]
    """
    require.rank("x", x, 2)
    if require.rule_or_values("init", init, STARTS, (len(x), 2)):
        return jnp.asarray(init, x.dtype), jnp.zeros((), bool)
    plane = pca.transform(pca.fit(x, n_components=2), x)
    largest = jnp.abs(plane).max()
    plane = 10 * plane / jnp.where(largest > 0, largest, 1)
    if init == "pca":
        return plane, jnp.zeros((), bool)
    modes, usable = spectral_start(linked, key=key)
    return jnp.where(usable, modes, plane), usable


@public
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
) -> tuple[Float[Array, "n 2"], Float[Array, ""]]:
    r"""Move all samples at once; also return the objective before the step, estimated from the same samples.

    Sample i moves by $\eta / D_i$ times the forces on it, with $D_i = \sum_j w_{ij}$; no coordinate by more than
    $4 \eta$. Links attract with $2 w_{ij} \frac{2 a b\, r^{2b - 2}}{1 + a r^{2b}} (y_j - y_i)$, since UMAP moves both
    ends of a link. Sample l repels with $\frac{2 b}{(0.001 + r^2) (1 + a r^{2b})} (y_i - y_l)$. The mean repulsion of
    `n_negatives` samples, multiplied by $m D_i$ with m = `negative_sample_rate`, represents that of all. The indices of
    these samples differ from i by random shifts, the same for all i, so memory access is contiguous. Shuffle the
    samples if their order has a meaning.

    These forces descend the following objective, in nats per link:

    $$\frac{1}{\sum_i D_i} \sum_i \Bigl( -\sum_j w_{ij} \ln \phi(r_{ij})
    - m D_i \operatorname{mean}_l \ln (1 - \phi(r_{il})) \Bigr)$$

    It is the cross-entropy of distinguishing one link from m random pairs. The fuzzy cross-entropy of all pairs would
    cost $n^2$, and UMAP does not minimize it: its negative samples repel much less.

    Raises:
        ValueError: unless `state` has one row per node, and the numbers are positive.

    Source: McInnes, Healy and Melville (2018), arXiv:1802.03426, section 3.2 and algorithm 5.

    >>> x = jax.random.normal(jax.random.key(0), (40, 3))
    >>> linked = fuzzy.graph(neighbors.exact(x, n_neighbors=8))
    >>> moved, value = step(x[:, :2], linked, Curve(1.6, 0.9), key=jax.random.key(1), learning_rate=0.1)
    >>> moved.shape, bool(value > 0)
    ((40, 2), True)
    """
    require.same_length(state=state, degree=linked.degree)
    require.positive("n_negatives", n_negatives)
    require.positive("negative_sample_rate", negative_sample_rate)
    z = lax.complex(state[:, 0], state[:, 1])
    pull, apart = _attraction(z, linked, curve)
    push, together = _repulsion(z, curve, key, n_negatives)
    degree = jnp.maximum(linked.degree, jnp.finfo(state.dtype).tiny)
    force = pull / degree + negative_sample_rate * push
    value = (apart + negative_sample_rate * jnp.vdot(degree, together)) / degree.sum()
    return state + learning_rate * jnp.clip(jnp.stack([force.real, force.imag], axis=1), -4, 4), value


def _attraction(z: Complex[Array, " n"], linked: Graph, curve: Curve) -> tuple[Complex[Array, " n"], Float[Array, ""]]:
    r"""Sum of the forces of the links on each sample, and the sum of $-w \ln \phi$ over all links."""
    total = jnp.zeros_like(z)
    (out, odds), (back, _) = (_pull(z, part, curve) for part in (linked.out, linked.back))
    total = total.at[linked.out.heads].add(out).at[linked.back.heads].add(back)
    return total, 2 * jnp.vdot(linked.out.weights, jnp.log1p(odds))  # this part holds half of each link


def _pull(z: Complex[Array, " n"], part: Links, curve: Curve) -> tuple[Complex[Array, " r"], Float[Array, "r w"]]:
    r"""The force of each row of links on its sample, and $a r^{2b}$ of each link."""
    a, b = curve
    offset = rewrite.stored(z[part.tails] - z[part.heads][:, None])
    squared = offset.real**2 + offset.imag**2
    apart = jnp.where(squared > 0, squared, 1)
    power = rewrite.stored(apart**b)
    pull = jnp.where(squared > 0, 4 * a * b * power / apart / (1 + a * power), 0)
    return jnp.sum(part.weights * pull * offset, axis=1), jnp.where(squared > 0, a * power, 0)


def _repulsion(
    z: Complex[Array, " n"], curve: Curve, key: Array, n_negatives: int
) -> tuple[Complex[Array, " n"], Float[Array, " n"]]:
    r"""Mean force of random samples on each sample, and the mean of $-\ln(1 - \phi)$."""
    a, b = curve
    places = jax.random.randint(key, (n_negatives,), 1, max(len(z), 2))
    around = jnp.concatenate([z, z])

    def add(sums: tuple[Array, Array], place: Array) -> tuple[tuple[Array, Array], None]:
        push, losses = sums
        offset = z - lax.dynamic_slice(around, (place,), z.shape)
        squared = offset.real**2 + offset.imag**2
        odds = a * squared**b
        push = push + 2 * b / ((0.001 + squared) * (1 + odds)) * offset
        return (push, losses + jnp.log1p(1 / (0.001 + odds))), None  # finite even for copies

    (push, losses), _ = lax.scan(add, (jnp.zeros_like(z), jnp.zeros_like(z.real)), places)
    return push / n_negatives, losses / n_negatives
