r"""Bayesian multinomial logistic regression by Laplace's approximation. Shapes: n and m samples, d features, c classes.

$P(y = j | x) = \mathrm{softmax}(\phi W)_j$ with the standardized features and a 1, $\phi = (z, 1)$, p = d + 1, and the
prior $W \sim \mathcal N(0, \alpha^{-1})$. The posterior is approximated by the normal distribution that has the same
peak and the same curvature there. So probabilities of samples far from the data move toward 1 / c, where those of the
best weights alone would be near 0 or 1.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.generative import standard
from mfml.numerics import sums
from mfml.numerics.domain import POSITIVE, checked
from mfml.risk import metrics

NEWTON, HALVINGS = 30, 10  # largest number of Newton steps for each prior, and of halvings of a step


class Logistic(NamedTuple):
    """A fitted model."""

    params: Float[Array, "p c"]  # the most probable W, nats; the last row belongs to the 1
    factor: Float[Array, "q q"]  # symmetric root of the covariance of the entries of W, row after row; q = p c
    center: Float[Array, " d"]  # mean of the features
    scale: Float[Array, " d"]  # their standard deviation, 1 where it is 0
    prior_std: Float[Array, ""]  # alpha^(-1/2), nats
    n_effective: Float[Array, ""]  # entries of W that the data determine
    log_evidence: Float[Array, ""]  # nats, by Laplace's approximation
    history: Float[Array, " steps"]  # log evidence at the start and after each step, then NaN
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the prior fits the weights within tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER or NON_FINITE, see `mfml.iteration`


@public
@checked(tol=POSITIVE)
def fit(
    x: Float[Array, "n d"],
    y: Int[Array, " n"],
    *,
    n_classes: int | None = None,
    max_iter: int = 100,
    tol: ArrayLike = 1e-4,
) -> Logistic:
    r"""Find the most probable weights by Newton's method, and the prior by MacKay's steps.

    For each prior W maximizes the posterior. With the eigenvalues $\lambda_i$ of the Hessian of the negative
    log-likelihood, the next precision is $\alpha = \gamma / \lVert W \rVert^2$,
    $\gamma = \sum_i \lambda_i / (\lambda_i + \alpha)$.

    Args:
        x: features.
        y: classes from 0 to n_classes - 1.
        n_classes: c, static. By default one more than the largest label; required within `jit`.
        max_iter: largest number of steps of the prior; static.
        tol: converged when $|\gamma - \alpha \lVert W \rVert^2| \le$ tol $(1 + \gamma)$.

    Raises:
        ValueError: if shapes do not fit, n_classes < 2, or max_iter < 1; as `require.n_classes`.

    Source: Bishop (2006), sections 4.5 and 5.7; MacKay (1992), Neural Computation 4.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> model = fit(x, y)
    >>> predict(model, x).tolist(), model.converged.item()
    ([0, 0, 1, 1], True)
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    n_classes = require.n_classes(y, n_classes)
    require.that(n_classes >= 2, f"n_classes must be at least 2; found {n_classes}")
    return _fit(x, y, n_classes, max_iter, tol)


@public
@jax.jit
def predict_proba(model: Logistic, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    r"""Probability of each class, averaged over the posterior by the probit approximation.

    With the means $f_j$ of the logits and the variances $v_{jk}$ of $f_j - f_k$,

    $$p_j \propto \Bigl[\sum_k \exp\bigl(-(f_j - f_k) / \sqrt{1 + \pi v_{jk} / 8}\bigr)\Bigr]^{-1}$$

    For two classes it is that of Bishop; the mean of `probabilities` is exact instead, up to its random draws.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Bishop (2006), equations 4.153 and 4.154; Lu, Ie and Sha (2020), "mean-field 1".

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> predict_proba(fit(x, y), jnp.array([[2.5]])).round(2).tolist()
    [[0.5, 0.5]]
    """
    design = _design(model, x)
    mean = design @ model.params
    spread = jnp.einsum("mp,pcq->mcq", design, model.factor.reshape(*model.params.shape, -1))
    variance = jnp.sum((spread[:, :, None] - spread[:, None]) ** 2, axis=3)
    apart = (mean[:, :, None] - mean[:, None]) / jnp.sqrt(1 + math.pi / 8 * variance)
    return jax.nn.softmax(-jax.nn.logsumexp(-apart, axis=2), axis=1)


@public
@partial(jax.jit, static_argnames="n_samples")
def probabilities(
    model: Logistic, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 100
) -> Float[Array, "s m c"]:
    """Probability of each class by weights drawn from the posterior; the same weights serve all samples.

    `decompose.entropies` splits their uncertainty. The number of draws s is static.

    Raises:
        ValueError: unless x has as many columns as in the fit, and n_samples >= 1.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> probabilities(fit(x, y), x, key=jax.random.key(0), n_samples=3).shape
    (3, 4, 2)
    """
    require.positive("n_samples", n_samples)
    design = _design(model, x)
    drawn = jax.random.normal(key, (n_samples, model.params.size), model.params.dtype)
    params = model.params + (drawn @ model.factor.T).reshape(n_samples, *model.params.shape)
    return jax.nn.softmax(design @ params, axis=2)


@public
def predict(model: Logistic, x: Float[Array, "m d"]) -> Int[Array, " m"]:
    """The most probable class; ties go to the first.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> predict(fit(x, y), jnp.array([[-9.0], [9.0]])).tolist()
    [0, 1]
    """
    return jnp.argmax(predict_proba(model, x), axis=1)


@public
@jax.jit
def score(model: Logistic, x: Float[Array, "m d"], y: Int[Array, " m"]) -> Float[Array, ""]:
    """Accuracy of `predict`, see `mfml.risk.metrics.accuracy`; NaN if a probability is.

    Raises:
        ValueError: unless x has as many columns as in the fit, and there is one class per row of x.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> score(fit(x, y), x, y).item()
    1.0
    """
    require.samples(x, y)
    found = predict_proba(model, x)
    right = metrics.accuracy(jnp.argmax(found, axis=1), y).astype(found.dtype)
    return jnp.where(jnp.isnan(found).any(), jnp.nan, right)


class _State(NamedTuple):
    params: Array  # (p, c), most probable for this prior
    prior: Array  # standard deviation
    evidence: Array
    n_effective: Array
    vectors: Array  # eigenvectors of the Hessian of the negative log-likelihood
    values: Array


class _Problem(NamedTuple):
    design: Array  # (n, p)
    target: Array  # (n, c), 1 for the class of the sample


@partial(jax.jit, static_argnames=("n_classes", "max_iter"))
def _fit(x: Array, y: Array, n_classes: int, max_iter: int, tol: ArrayLike) -> Logistic:
    shift, scale = standard.measured(x)
    known = (y >= 0) & (y < n_classes)
    target = jnp.where(known[:, None], jax.nn.one_hot(y, n_classes, dtype=x.dtype), jnp.nan)
    problem = _Problem(_with_one((x - shift) / scale), target)
    params = jnp.zeros((x.shape[1] + 1, n_classes), x.dtype)
    state, report = iteration.run(
        lambda state, _: _step(state, problem),
        _at(params, jnp.ones((), x.dtype), problem),
        max_iter=max_iter,
        objective=lambda state: state.evidence,
        converged=lambda state: jnp.abs(state.n_effective - _squares(state)) <= tol * (1 + state.n_effective),
    )
    spread = state.prior / jnp.sqrt(1 + state.values * state.prior**2)
    factor = (state.vectors * spread) @ state.vectors.T
    return Logistic(state.params, factor, shift, scale, state.prior, state.n_effective, state.evidence, *report)


def _with_one(z: Array) -> Array:
    return jnp.concatenate([z, jnp.ones_like(z[:, :1])], axis=1)


def _design(model: Logistic, x: Array) -> Array:
    require.rank("x", x, 2)
    require.columns("x", x, len(model.center))
    return _with_one((x - model.center) / model.scale)


def _squares(state: _State) -> Array:
    return jnp.sum((state.params / state.prior) ** 2)


def _step(state: _State, problem: _Problem) -> _State:
    ratio = jnp.where(state.n_effective > 0, _squares(state) / state.n_effective, 0.0)
    least = jnp.finfo(ratio.dtype).eps  # a prior of nothing would make 0 / 0
    return _at(state.params, jnp.maximum(state.prior * jnp.sqrt(ratio), least), problem)


def _at(params: Array, prior: Array, problem: _Problem) -> _State:
    """The peak for this prior, and the curvature there."""
    params = _peak(params, prior, problem)
    values, vectors = jnp.linalg.eigh(_hessian(params, problem))
    # a number added to the weights of all classes changes nothing: the p smallest are 0, and what they show is rounding
    values = jnp.maximum(values, 0.0).at[: len(params)].set(0.0) + 0 * jnp.sum(values)  # NaN stays
    ratio = values * prior**2
    value = -_objective(params, prior, problem) - 0.5 * jnp.sum(jnp.log1p(ratio))
    return _State(params, prior, value, jnp.sum(ratio / (1 + ratio)), vectors, values)


def _objective(params: Array, prior: Array, problem: _Problem) -> Array:
    logits = problem.design @ params
    losses = jax.nn.logsumexp(logits, axis=1) - jnp.sum(logits * problem.target, axis=1)
    return jnp.sum(losses) + 0.5 * jnp.sum((params / prior) ** 2)


def _hessian(params: Array, problem: _Problem) -> Array:
    """Second derivatives of the negative log-likelihood in the entries of W, row after row."""
    p, (d, c) = jax.nn.softmax(problem.design @ params), params.shape

    def block(pair: Array) -> Array:
        first, second = p[:, pair[0]], p[:, pair[1]]
        return sums.gram(problem.design, weights=jnp.where(pair[0] == pair[1], first, 0.0) - first * second)

    pairs = jnp.stack(jnp.meshgrid(jnp.arange(c), jnp.arange(c), indexing="ij"), axis=-1).reshape(-1, 2)
    return lax.map(block, pairs).reshape(c, c, d, d).transpose(2, 0, 3, 1).reshape(d * c, d * c)


def _peak(params: Array, prior: Array, problem: _Problem) -> Array:
    """Newton's method; a step is halved until the objective falls."""
    eps = jnp.finfo(prior.dtype).eps

    def advance(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        params, _, count = carry
        p = jax.nn.softmax(problem.design @ params)
        slope = sums.cross(problem.design, p - problem.target).T + params / prior / prior
        system = _hessian(params, problem) * prior**2 + jnp.eye(params.size, dtype=params.dtype)
        factor = jnp.linalg.cholesky(system)
        direction = cho_solve((factor, True), slope.ravel() * prior**2).reshape(params.shape)
        fractions = 0.5 ** jnp.arange(HALVINGS, dtype=params.dtype)
        values = lax.map(lambda t: _objective(params - t * direction, prior, problem), fractions)
        fine = values <= _objective(params, prior, problem) * (1 + 4 * eps)
        length = jnp.where(fine.any(), fractions[jnp.argmax(fine)], jnp.where(jnp.isnan(values[0]), jnp.nan, 0.0))
        small = jnp.sum(slope * direction) <= eps * len(problem.design)  # in nats
        return params - length * direction, small | ~fine.any(), count + 1

    start = params, jnp.zeros((), bool), jnp.zeros((), int)
    return lax.while_loop(lambda carry: ~carry[1] & (carry[2] < NEWTON), advance, start)[0]
