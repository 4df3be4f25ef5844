r"""Gaussian mixtures by expectation maximization. Shapes: n samples, d features, k components.

$p(x) = \sum_k \pi_k \mathcal N(x; \mu_k, \Sigma_k)$. EM by turns computes the responsibilities, that is the
probability of each component given the sample, and fits each component to the samples weighted by them. Each
turn raises the likelihood, to a local maximum that depends on the start. Kinds of covariances and their
shapes: see `covariances`. Logarithms are natural: likelihoods are in nats.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.clustering import blocks, covariances, kmeans, seeding
from mfml.clustering.blocks import Blocks

BLOCK = 1024  # samples a block: the whitened samples of all components stay in the cache
INITS = ("kmeans", "k-means++", "random")


class GMM(NamedTuple):
    """A mixture."""

    weights: Float[Array, " k"]  # non-negative, they add up to 1
    means: Float[Array, "k d"]
    covariances: Float[Array, "c a b"]  # squared units of x; the shape says the kind, see `covariances`


class Fitted(NamedTuple):
    """A mixture fitted to data; components ordered by their means, first coordinate first."""

    mixture: GMM
    log_likelihood: Float[Array, ""]  # of the mixture, mean over samples, nats
    history: Float[Array, " steps"]  # log-likelihood at the start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]  # steps taken
    converged: Bool[Array, ""]  # the last step but one raised the log-likelihood by less than tol


def component_log_prob(model: GMM, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    r"""Logarithm of $\pi_k \mathcal N(x_i; \mu_k, \Sigma_k)$, in nats for densities per volume of x.

    NaN where a covariance is not positive definite.

    Raises:
        ValueError: unless x has the mixture's features.

    Source: Bishop (2006), equation 2.43.

    >>> standard = GMM(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(component_log_prob(standard, jnp.zeros((1, 1))).item(), 4)
    -0.9189
    """
    _check(model, x)
    made = covariances.whitener(model.covariances, model.means)
    return _log_prob(made, model, x.T).T


def log_prob(model: GMM, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Log-density of each sample, $\log \sum_k \pi_k \mathcal N(x_i; \mu_k, \Sigma_k)$, in nats.

    Raises:
        ValueError: unless x has the mixture's features.

    >>> standard = GMM(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(log_prob(standard, jnp.zeros((1, 1))).item(), 4)
    -0.9189
    """
    return logsumexp(component_log_prob(model, x), axis=1)


def responsibilities(model: GMM, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    r"""Probability of each component given the sample, $\gamma_{ik} = p(k | x_i)$; rows add up to 1.

    Raises:
        ValueError: unless x has the mixture's features.

    Source: Bishop (2006), equation 9.23.

    >>> pair = GMM(jnp.array([0.5, 0.5]), jnp.array([[-1.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> responsibilities(pair, jnp.array([[0.0]])).tolist()
    [[0.5, 0.5]]
    """
    return jax.nn.softmax(component_log_prob(model, x), axis=1)


def predict(model: GMM, x: Float[Array, "n d"]) -> Int[Array, " n"]:
    """Most probable component of each sample; the first of equals.

    >>> pair = GMM(jnp.array([0.5, 0.5]), jnp.array([[-1.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> predict(pair, jnp.array([[0.3], [-4.0]])).tolist()
    [1, 0]
    """
    return jnp.argmax(component_log_prob(model, x), axis=1)


def score(model: GMM, x: Float[Array, "n d"]) -> Float[Array, ""]:
    """Log-likelihood, mean over samples, in nats.

    >>> standard = GMM(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(score(standard, jnp.array([[1.0], [-1.0]])).item(), 4)
    -1.4189
    """
    return log_prob(model, x).mean()


def n_parameters(model: GMM) -> int:
    """Count the free parameters: weights (one less than there are), means and covariances.

    >>> n_parameters(GMM(jnp.ones(3) / 3, jnp.zeros((3, 2)), jnp.ones((3, 2, 2))))
    17
    """
    return len(model.weights) - 1 + model.means.size + covariances.n_parameters(model.covariances)


def bic(model: GMM, x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""Bayesian information criterion $-2 \sum_i \log p(x_i) + p \log n$ with p parameters; small is good.

    Source: Schwarz (1978); Bishop (2006), section 4.4.1 (there with the opposite sign and half as large).

    >>> standard = GMM(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(bic(standard, jnp.array([[1.0], [-1.0]])).item(), 3)
    7.062
    """
    return -2 * len(x) * score(model, x) + n_parameters(model) * jnp.log(len(x))


def aic(model: GMM, x: Float[Array, "n d"]) -> Float[Array, ""]:
    r"""Akaike's information criterion $-2 \sum_i \log p(x_i) + 2 p$ with p parameters; small is good.

    Source: Akaike (1974); Bishop (2006), section 1.3 (there with the opposite sign and half as large).

    >>> standard = GMM(jnp.ones(1), jnp.zeros((1, 1)), jnp.ones((1, 1, 1)))
    >>> round(aic(standard, jnp.array([[1.0], [-1.0]])).item(), 3)
    9.676
    """
    return -2 * len(x) * score(model, x) + 2 * n_parameters(model)


def sample(model: GMM, *, key: Key[Array, ""], n_samples: int) -> tuple[Float[Array, "n d"], Int[Array, " n"]]:
    """Draw samples, and the component that each came from. n_samples is static.

    >>> standard = GMM(jnp.ones(1), jnp.zeros((1, 2)), jnp.ones((1, 1, 1)))
    >>> sample(standard, key=jax.random.key(0), n_samples=3)[0].shape
    (3, 2)
    """
    require.positive("n_samples", n_samples)
    k, d = model.means.shape
    for_component, for_noise = jax.random.split(key)
    component = jax.random.categorical(for_component, jnp.log(model.weights), shape=(n_samples,))
    noise = jax.random.normal(for_noise, (n_samples, d), model.means.dtype)
    factor = jnp.linalg.cholesky(covariances.dense(model.covariances, n_components=k, n_features=d))
    return model.means[component] + jnp.einsum("nij,nj->ni", factor[component], noise), component


def m_step(
    x: Float[Array, "n d"],
    gamma: Float[Array, "n k"],
    *,
    covariance_type: str = "full",
    reg_covar: ArrayLike = 1e-6,
) -> GMM:
    r"""Fit each component to samples weighted by its responsibilities.

    $N_k = \sum_i \gamma_{ik}$, $\pi_k = N_k / n$, $\mu_k = \sum_i \gamma_{ik} x_i / N_k$ and
    $\Sigma_k = \sum_i \gamma_{ik} (x_i - \mu_k)(x_i - \mu_k)^\top / N_k$ plus reg_covar on the diagonal:
    divisor N, not N - 1. Tied: their mean, weighted by $\pi_k$. Diag and spherical: the diagonal, its mean. A
    component without responsibility gets the mean of all samples and covariance reg_covar.

    Raises:
        ValueError: where shapes do not fit, or the type is not known.

    Source: Bishop (2006), equations 9.24 to 9.26.

    >>> made = m_step(jnp.array([[0.0], [2.0], [7.0]]), jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    >>> made.means.tolist(), round(made.covariances[0].item(), 3)
    ([[1.0], [7.0]], 1.0)
    """
    require.rank("x", x, 2)
    require.rank("gamma", gamma, 2)
    require.same_length(x=x, gamma=gamma)
    k, d = gamma.shape[1], x.shape[1]
    unit = covariances.start(covariance_type, n_components=k, n_features=d, dtype=x.dtype)
    counts = gamma.sum(axis=0)
    mean = x.mean(axis=0)
    shift = gamma.T @ (x - mean) / jnp.maximum(counts, jnp.finfo(x.dtype).tiny)[:, None]
    means = mean + shift
    y = (x - mean).T - shift[:, :, None]
    second = covariances.second_moment(unit.shape, gamma.T, y)
    made = covariances.whitener(unit, means)
    _, covariance = covariances.updated(made, counts, jnp.zeros_like(means), second, reg_covar)
    return GMM(counts / len(x), means, covariance)


def step(mixture: GMM, x: Float[Array, "n d"], *, reg_covar: ArrayLike = 1e-6) -> tuple[GMM, Float[Array, ""]]:
    """One step of EM, both turns in one pass: the new mixture, and the log-likelihood (nats) of the OLD one.

    Equal to `m_step` on `responsibilities`, but block by block and without cancellation.

    Raises:
        ValueError: unless x has the mixture's features.

    Source: Bishop (2006), section 9.2.2.

    >>> pair = GMM(jnp.array([0.5, 0.5]), jnp.array([[0.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> new, before = step(pair, jnp.array([[-3.0], [4.0]]))
    >>> before.round(3).item() < score(new, jnp.array([[-3.0], [4.0]])).item()
    True
    """
    _check(mixture, x)
    return _step(mixture, blocks.split(x, size=BLOCK), reg_covar)


@partial(jax.jit, static_argnames=("n_components", "covariance_type", "n_init", "init", "max_iter"))
def fit(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_components: int,
    covariance_type: str = "full",
    n_init: int = 1,
    init: str = "kmeans",
    max_iter: int = 100,
    tol: ArrayLike = 1e-3,
    reg_covar: ArrayLike = 1e-6,
) -> Fitted:
    r"""Maximize the mean log-likelihood $\frac1n \sum_i \log \sum_k \pi_k \mathcal N(x_i; \mu_k, \Sigma_k)$.

    Of `n_init` starts, which run side by side, the most likely mixture is returned. `reg_covar`, added to the
    diagonal of covariances in each step, keeps a component from collapsing onto a sample, where the likelihood
    has no bound; with it, a step may lower the likelihood by a little where a component is about as thin as
    that. Where a covariance turns out singular all the same, the result is NaN and not converged.

    Args:
        x: samples.
        key: for the starts.
        n_components: k; static.
        covariance_type: "full", "tied", "diag" or "spherical"; static.
        n_init: number of starts; static.
        init: "kmeans", or samples as centers, chosen by "k-means++" or at "random"; each sample then
            counts for the nearest; static.
        max_iter: largest number of steps; static.
        tol: rise of the mean log-likelihood in a step, in nats, that counts as none.
        reg_covar: in squared units of x.

    Raises:
        ValueError: unless x has two axes, 1 <= n_components <= n, n_init >= 1, max_iter >= 1, and the names
            are known.

    Source: Bishop (2006), section 9.2.2; Murphy (2012), section 11.4.2.

    >>> x = jnp.array([[0.0], [1.0], [9.0], [10.0]])
    >>> fit(x, key=jax.random.key(0), n_components=2).mixture.means.round(2).tolist()
    [[0.5], [9.5]]
    """
    require.rank("x", x, 2)
    require.one_of("init_params", init, INITS)
    require.positive("n_init", n_init)

    def start(key: Array) -> GMM:
        if init == "kmeans":
            labels = kmeans.fit(x, key=key, n_clusters=n_components).labels
        else:
            centers = seeding.choose(x, key=key, n_clusters=n_components, init=init)
            labels = kmeans.assign(x, centers)
        gamma = jax.nn.one_hot(labels, n_components, dtype=x.dtype)
        return m_step(x, gamma, covariance_type=covariance_type, reg_covar=reg_covar)

    return _best(x, jax.vmap(start)(jax.random.split(key, n_init)), max_iter, tol, reg_covar)


@partial(jax.jit, static_argnames="max_iter")
def fit_from(
    x: Float[Array, "n d"],
    mixture: GMM,
    *,
    max_iter: int = 100,
    tol: ArrayLike = 1e-3,
    reg_covar: ArrayLike = 1e-6,
) -> Fitted:
    """Run EM from a given mixture, whose covariances say the type. Everything else is as for `fit`.

    Raises:
        ValueError: unless x has the mixture's features and max_iter >= 1.

    >>> pair = GMM(jnp.array([0.5, 0.5]), jnp.array([[0.0], [1.0]]), jnp.ones((2, 1, 1)))
    >>> fit_from(jnp.array([[0.0], [1.0], [9.0], [10.0]]), pair).mixture.means.round(2).tolist()
    [[0.5], [9.5]]
    """
    _check(mixture, x)
    return _best(x, jax.tree.map(lambda leaf: leaf[None], mixture), max_iter, tol, reg_covar)


def _check(mixture: GMM, x: Array) -> None:
    require.rank("x", x, 2)
    require.same_length(features_of_x=x.T, features_of_means=mixture.means.T)


def _log_prob(made: covariances.Whitener, mixture: GMM, x: Array) -> Array:
    """Log of weight times density (k, s) of samples (d, s)."""
    return _log_prob_of(covariances.whiten(made, mixture.means, x), made, mixture)


def _log_prob_of(y: Array, made: covariances.Whitener, mixture: GMM) -> Array:
    constant = jnp.log(mixture.weights) + made.log_det - y.shape[1] / 2 * jnp.log(2 * jnp.pi)
    return constant[:, None] - jnp.sum(y**2, axis=1) / 2


def _step(mixture: GMM, data: Blocks, reg_covar: ArrayLike) -> tuple[GMM, Array]:
    made = covariances.whitener(mixture.covariances, mixture.means)
    shape = mixture.covariances.shape

    def one_block(total: tuple[Array, ...], block: Blocks) -> tuple[tuple[Array, ...], None]:
        y = covariances.whiten(made, mixture.means, block.x)
        log_joint = _log_prob_of(y, made, mixture)
        largest = log_joint.max(axis=0)
        joint = jnp.exp(log_joint - largest)
        norm = joint.sum(axis=0)
        r = joint * (block.valid / norm)
        moments = r.sum(axis=1), jnp.sum(r[:, None] * y, axis=2), covariances.second_moment(shape, r, y)
        value = jnp.sum(block.valid * (largest + jnp.log(norm)))
        return jax.tree.map(jnp.add, total, (*moments, value)), None

    zero = jax.tree.map(jnp.zeros_like, (mixture.weights, mixture.means, mixture.covariances, mixture.weights[0]))
    (counts, first, second, value), _ = lax.scan(one_block, zero, data)
    shift, covariance = covariances.updated(made, counts, first, second, reg_covar)
    n = data.valid.sum()
    return GMM(counts / n, mixture.means + shift, covariance), value / n


def _run(start: GMM, data: Blocks, max_iter: int, tol: ArrayLike, reg_covar: ArrayLike) -> Fitted:
    """EM from one start."""
    endless = jnp.full((), jnp.inf, start.means.dtype)

    def goes_on(fitted: tuple[GMM, Array, Array, Array, Array]) -> Array:
        _, _, change, n_iter, _ = fitted
        return (n_iter < max_iter) & (change >= tol)

    def advance(carry: tuple[GMM, Array, Array, Array, Array]) -> tuple[GMM, Array, Array, Array, Array]:
        mixture, before, _, n_iter, history = carry
        mixture, value = _step(mixture, data, reg_covar)
        return mixture, value, jnp.abs(value - before), n_iter + 1, history.at[n_iter].set(value)

    history = jnp.full(max_iter + 1, jnp.nan, start.means.dtype)
    carry = (start, -endless, endless, jnp.zeros((), int), history)
    mixture, _, change, n_iter, history = lax.while_loop(goes_on, advance, carry)
    _, value = _step(mixture, data, reg_covar)
    return Fitted(mixture, value, history.at[n_iter].set(value), n_iter, change < tol)


def _best(x: Array, starts: GMM, max_iter: int, tol: ArrayLike, reg_covar: ArrayLike) -> Fitted:
    """EM from all starts side by side, on centered data; the most likely result, its components in order."""
    require.positive("max_iter", max_iter)
    mean = x.mean(axis=0)
    data = blocks.split(x - mean, size=BLOCK)
    starts = starts._replace(means=starts.means - mean)
    runs = jax.vmap(lambda start: _run(start, data, max_iter, tol, reg_covar))(starts)
    value = jnp.where(jnp.isnan(runs.log_likelihood), -jnp.inf, runs.log_likelihood)
    best = jax.tree.map(lambda leaf: leaf[jnp.argmax(value)], runs)
    order = kmeans.ordered(best.mixture.means)
    covariance = best.mixture.covariances
    mixture = GMM(
        best.mixture.weights[order],
        best.mixture.means[order] + mean,
        covariance[order] if len(covariance) > 1 else covariance,
    )
    return best._replace(mixture=mixture)
