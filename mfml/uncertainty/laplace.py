r"""Laplace's approximation of the last layer of a network. Shapes: n and m samples, d features, h hidden units.

A trained network is a linear model of its last hidden units $\phi(x)$. The posterior of these last weights is that of
`evidence` for regression, where it is exact, and that of `bayesian_logistic` for classes. The hidden layers count as
known. So training comes first, and uncertainty costs little afterwards: no second network, and for regression no draws.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.networks import mlp
from mfml.risk import metrics
from mfml.uncertainty import bayesian_logistic, evidence, perceptron
from mfml.uncertainty.prediction import Members, Prediction

KINDS = ("mean", "classes")


class Regressor(NamedTuple):
    """A network for numbers. The fields from `coef` on are those of `evidence.Evidence` for the hidden units."""

    network: mlp.Network  # its last layer, where training ended, is not used
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    training_history: Float[Array, " n_steps"]  # loss of each step of training, before its update
    coef: Float[Array, " h"]  # units of y
    intercept: Float[Array, ""]
    center: Float[Array, " h"]
    level: Float[Array, ""]
    factor: Float[Array, "h h"]
    level_std: Float[Array, ""]
    prior_std: Float[Array, ""]
    noise_std: Float[Array, ""]
    n_effective: Float[Array, ""]
    log_evidence: Float[Array, ""]
    history: Float[Array, " steps"]
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]
    status: Int[Array, ""]


class Classifier(NamedTuple):
    """A network for classes. The fields from `params` on are those of `bayesian_logistic.Logistic`."""

    network: mlp.Network  # its last layer, where training ended, is not used
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    training_history: Float[Array, " n_steps"]  # loss of each step of training, before its update
    params: Float[Array, "p c"]
    factor: Float[Array, "q q"]
    center: Float[Array, " h"]
    scale: Float[Array, " h"]
    prior_std: Float[Array, ""]
    n_effective: Float[Array, ""]
    log_evidence: Float[Array, ""]
    history: Float[Array, " steps"]
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]
    status: Int[Array, ""]


Model = Regressor | Classifier


@public
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    key: Key[Array, ""],
    kind: str = "mean",
    init: mlp.Network | None = None,
    n_classes: int | None = None,
    hidden: tuple[int, ...] = (32, 32),
    n_steps: int = 1000,
    batch_size: int | None = None,
    learning_rate: ArrayLike = 1e-2,
    max_iter: int = 300,
    tol: ArrayLike = 1e-4,
) -> Model:
    """Train a network, then find the posterior of its last weights; prior and noise come from the evidence.

    The mean of the posterior takes the place of the last layer that was trained: it is the optimum for this prior.
    Noise is measured on the samples of the training, so it is too small where the network fits their noise, too.

    Args:
        x: features.
        y: targets, or classes from 0 to n_classes - 1.
        key: for the start and the order of the samples.
        kind: `mean` for numbers, `classes` for classes; static.
        init: network to start from instead of a random one, such as a member of an ensemble. Its inputs are
            standardized features. It is taken as it is for n_steps = 0.
        n_classes: static; by default one more than the largest label; required within `jit`.
        hidden: neurons of each hidden layer, without `init`; static.
        n_steps: number of updates of the network; static.
        batch_size: samples per step; None takes all of them; static.
        learning_rate: at the start; it falls to 0 along a cosine.
        max_iter: largest number of steps for the prior; static.
        tol: of the prior, see `evidence.fit`.

    Raises:
        ValueError: unless shapes fit, sizes are positive, and options are known; as `require.n_classes`.

    Source: MacKay (1992), Neural Computation 4; Daxberger et al. (2021); Bishop (2006), section 5.7.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0] ** 2 + 0.1 * jnp.sin(40 * x[:, 0]), key=jax.random.key(0), hidden=(4,), n_steps=99)
    >>> found = predictive(fitted, jnp.array([[0.0], [9.0]]))
    >>> (found.epistemic_std[1] > found.epistemic_std[0]).item()
    True
    """
    require.one_of("kind", kind, KINDS)
    require.that(n_steps >= 0, f"n_steps must not be negative; found {n_steps}")
    require.that(n_steps > 0 or init is not None, "n_steps must be positive without init: a network has to be trained")
    count = require.n_classes(y, n_classes) if kind == "classes" else 0
    plan = perceptron.Plan(kind, count, tuple(hidden), n_steps, batch_size)
    return _fit(x, y, key, init, learning_rate, tol, plan, max_iter)


@partial(jax.jit, static_argnames=("plan", "max_iter"))
def _fit(
    x: Array,
    y: Array,
    key: Array,
    init: mlp.Network | None,
    learning_rate: ArrayLike,
    tol: ArrayLike,
    plan: perceptron.Plan,
    max_iter: int,
) -> Model:
    data = perceptron.standardized(x, y, kind=plan.kind)

    def objective(network: mlp.Network, batch: tuple[Array, Array], _: Array) -> Array:
        return perceptron.loss(perceptron.outputs(network, batch[0]), batch[1], kind=plan.kind)

    for_start, for_order = jax.random.split(key)
    network = init or perceptron.init(key=for_start, n_features=x.shape[1], plan=plan, dtype=x.dtype.type)
    history = jnp.zeros(0, x.dtype)
    if plan.n_steps:
        both, rate = (data.z, data.target), learning_rate
        done = perceptron.train(both, key=for_order, init=network, loss=objective, plan=plan, learning_rate=rate)
        network, history = done.params, done.history
    units = perceptron.features(network, data.z)
    shared = network, data.x_shift, data.x_scale, history
    if plan.kind == "classes":
        found = bayesian_logistic.fit(units, y, n_classes=plan.n_classes, max_iter=max_iter, tol=tol)
        return Classifier(*shared, *found)
    return Regressor(*shared, *evidence.fit(units, y.astype(x.dtype), max_iter=max_iter, tol=tol))


@public
@jax.jit
def features(model: Model, x: Float[Array, "m d"]) -> Float[Array, "m h"]:
    """Activations of the last hidden layer, in which the model is linear.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> features(fit(x, jnp.sin(3 * x[:, 0]), key=jax.random.key(0), hidden=(4,), n_steps=9), x[:3]).shape
    (3, 4)
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.x_shift))
    return perceptron.features(model.network, (x - model.x_shift) / model.x_scale)


@public
@jax.jit
def predictive(model: Model, x: Float[Array, "m d"]) -> Prediction:
    """Distribution of a measurement at each sample, see `evidence.predictive`.

    Raises:
        ValueError: unless x has as many columns as in the fit, and for a classifier.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> predictive(fit(x, jnp.sin(3 * x[:, 0]), key=jax.random.key(0), hidden=(4,), n_steps=9), x[:3]).std.shape
    (3,)
    """
    return evidence.predictive(_linear(model), features(model, x))


@public
@partial(jax.jit, static_argnames="n_samples")
def predictions(model: Model, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 100) -> Members:
    """Curves drawn from the posterior, in units of y, see `evidence.predictions`.

    Raises:
        ValueError: unless x has as many columns as in the fit, n_samples >= 1, and for a classifier.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, jnp.sin(3 * x[:, 0]), key=jax.random.key(0), hidden=(4,), n_steps=9)
    >>> predictions(fitted, x[:3], key=jax.random.key(1), n_samples=2).means.shape
    (2, 3)
    """
    return evidence.predictions(_linear(model), features(model, x), key=key, n_samples=n_samples)


@public
@jax.jit
def predict_proba(model: Model, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Probability of each class by the probit approximation, see `bayesian_logistic.predict_proba`.

    Raises:
        ValueError: unless x has as many columns as in the fit, and for a regressor.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> predict_proba(fit(x, y, key=jax.random.key(0), kind="classes", hidden=(4,), n_steps=9), x).shape
    (4, 2)
    """
    return bayesian_logistic.predict_proba(_logistic(model), features(model, x))


@public
@partial(jax.jit, static_argnames="n_samples")
def probabilities(
    model: Model, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 100
) -> Float[Array, "s m c"]:
    """Probability of each class by weights drawn from the posterior, see `bayesian_logistic.probabilities`.

    Raises:
        ValueError: unless x has as many columns as in the fit, n_samples >= 1, and for a regressor.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> fitted = fit(x, y, key=jax.random.key(0), kind="classes", hidden=(4,), n_steps=9)
    >>> probabilities(fitted, x, key=jax.random.key(1), n_samples=3).shape
    (3, 4, 2)
    """
    return bayesian_logistic.probabilities(_logistic(model), features(model, x), key=key, n_samples=n_samples)


@public
@jax.jit
def predict(model: Model, x: Float[Array, "m d"]) -> Num[Array, " m"]:
    """Mean of the posterior in units of y, or the most probable class.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> predict(fit(x, y, key=jax.random.key(0), kind="classes", hidden=(4,), n_steps=99), x).tolist()
    [0, 0, 1, 1]
    """
    if isinstance(model, Classifier):
        return bayesian_logistic.predict(_logistic(model), features(model, x))
    return evidence.predict(_linear(model), features(model, x))


@public
@jax.jit
def score(model: Model, x: Float[Array, "n d"], y: Num[Array, " n"]) -> Float[Array, ""]:
    """Return $R^2$ of `predict`, or its accuracy for classes; see `mfml.risk.metrics`.

    Raises:
        ValueError: unless x has as many columns as in the fit, and there is one target per sample.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> score(fit(x, y, key=jax.random.key(0), kind="classes", hidden=(4,), n_steps=99), x, y).item()
    1.0
    """
    require.samples(x, y)
    if isinstance(model, Classifier):
        return bayesian_logistic.score(_logistic(model), features(model, x), y)
    return metrics.r2(predict(model, x), y.astype(x.dtype))


def _linear(model: Model) -> evidence.Evidence:
    if not isinstance(model, Regressor):
        raise ValueError("model must predict numbers; this one predicts classes")
    return evidence.Evidence(*model[4:])


def _logistic(model: Model) -> bayesian_logistic.Logistic:
    if not isinstance(model, Classifier):
        raise ValueError("model must predict classes; this one predicts numbers")
    return bayesian_logistic.Logistic(*model[4:])
