r"""Monte Carlo dropout: random units are switched off while a network predicts, too. Shapes: s draws, n and m samples.

A draw of masks makes a thinned network, and thinned networks are to a network with dropout what members are to an
ensemble: they agree where there were data. One network is trained, and one number, the rate, decides how far they
spread. So the spread is as good as the rate: it does not shrink with more data.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.generalization import dropout as masks
from mfml.networks import activations, mlp
from mfml.networks.layers import Dense, dense
from mfml.numerics import scaling
from mfml.numerics.domain import SHARE, checked
from mfml.risk import metrics
from mfml.uncertainty import decompose, perceptron
from mfml.uncertainty.prediction import Members, Prediction


class Dropout(NamedTuple):
    """A network that was trained with dropout."""

    network: mlp.Network
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    y_shift: Float[Array, ""] | None  # None for classes
    y_scale: Float[Array, ""] | None
    noise_std: Float[Array, ""] | None  # of the residuals with all units on, units of y; None unless kind is `mean`
    rate: Float[Array, ""]  # share of the hidden units that is switched off
    history: Float[Array, " steps"]  # loss of each step's batch and masks before its update
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # a `mfml.iteration.Status`


@public
@checked(rate=SHARE, beta=SHARE)
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    key: Key[Array, ""],
    rate: ArrayLike = 0.1,
    kind: str = "mean",
    n_classes: int | None = None,
    hidden: tuple[int, ...] = (64, 64),
    beta: ArrayLike = 0.0,
    n_steps: int = 1000,
    batch_size: int | None = None,
    learning_rate: ArrayLike = 1e-2,
) -> Dropout:
    """Train a network with inverted dropout after each hidden layer, with masks of its own for each sample and step.

    Args:
        x: features.
        y: targets, or classes from 0 to n_classes - 1.
        key: for the start, the order of the samples and the masks.
        rate: probability that a hidden unit is off, from 0 to 1; it may be traced.
        kind: `mean`, `normal` or `classes`, as for `ensemble.fit`; static.
        n_classes: static; by default one more than the largest label; required within `jit`.
        hidden: neurons of each hidden layer, at least one; static.
        beta: exponent of the noise in the loss of `normal`, from 0 to 1, see `perceptron.loss`.
        n_steps: number of updates; static.
        batch_size: samples per step; None takes all of them; static.
        learning_rate: at the start; it falls to 0 along a cosine.

    The loss in `history` is in standard deviations of y.

    Raises:
        ValueError: unless shapes fit, sizes are positive, and options are known; as `require.n_classes`.

    Source: Gal and Ghahramani (2016); Srivastava et al. (2014).

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0] ** 2, key=jax.random.key(0), hidden=(8,), n_steps=9)
    >>> predictions(fitted, x, key=jax.random.key(1), n_samples=3).means.shape
    (3, 20)
    """
    require.that(len(hidden) > 0, "hidden must name at least one layer: its units are what is switched off")
    count = require.n_classes(y, n_classes) if kind == "classes" else 0
    plan = perceptron.Plan(kind, count, tuple(hidden), n_steps, batch_size)
    return _fit(x, y, key, rate, beta, learning_rate, plan)


@partial(jax.jit, static_argnames="plan")
def _fit(
    x: Array, y: Array, key: Array, rate: ArrayLike, beta: ArrayLike, learning_rate: ArrayLike, plan: perceptron.Plan
) -> Dropout:
    share = jnp.asarray(rate, x.dtype)
    data = perceptron.standardized(x, y, kind=plan.kind)

    def objective(network: mlp.Network, batch: tuple[Array, Array], key: Array) -> Array:
        output = _thinned(network, batch[0], _masks(network, key, len(batch[0]), share))
        return perceptron.loss(output, batch[1], kind=plan.kind, beta=beta)

    for_start, for_training = jax.random.split(key)
    start = perceptron.init(key=for_start, n_features=x.shape[1], plan=plan, dtype=x.dtype.type)
    both = data.z, data.target
    done = perceptron.train(both, key=for_training, init=start, loss=objective, plan=plan, learning_rate=learning_rate)
    noise = None
    if plan.kind == "mean" and data.y_scale is not None:
        noise = perceptron.residual_std(perceptron.outputs(done.params, data.z), data.target, y_scale=data.y_scale)
    return Dropout(
        done.params,
        data.x_shift,
        data.x_scale,
        data.y_shift,
        data.y_scale,
        noise,
        share,
        done.history,
        done.n_iter,
        done.converged,
        done.status,
    )


@public
@partial(jax.jit, static_argnames="n_samples")
def predictions(model: Dropout, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 100) -> Members:
    """Mean and noise that thinned networks predict, in units of y. A draw has the same masks for all samples.

    So each draw is a curve. The number of draws s is static.

    Raises:
        ValueError: unless x has as many columns as in the fit, n_samples >= 1, and the model is no classifier.

    Source: Gal and Ghahramani (2016).

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0], key=jax.random.key(0), hidden=(8,), n_steps=9)
    >>> predictions(fitted, x[:4], key=jax.random.key(1), n_samples=3).stds.shape
    (3, 4)
    """
    noise = None if model.noise_std is None else jnp.broadcast_to(model.noise_std, (n_samples,))
    output = _draws(model, x, key, n_samples)
    return Members(*perceptron.moments(output, model.y_shift, model.y_scale, noise_std=noise))


@public
@partial(jax.jit, static_argnames="n_samples")
def probabilities(
    model: Dropout, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 100
) -> Float[Array, "s m c"]:
    """Probability of each class by thinned networks. `decompose.entropies` splits their uncertainty.

    Raises:
        ValueError: unless x has as many columns as in the fit, n_samples >= 1, and the model is a classifier.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> fitted = fit(x, y, key=jax.random.key(0), kind="classes", hidden=(8,), n_steps=9)
    >>> probabilities(fitted, x, key=jax.random.key(1), n_samples=3).shape
    (3, 4, 2)
    """
    require.that(model.y_shift is None, "model must predict classes; this one predicts numbers: see predictions")
    return jax.nn.softmax(_draws(model, x, key, n_samples), axis=-1)


@public
@partial(jax.jit, static_argnames="n_samples")
def predictive(model: Dropout, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 100) -> Prediction:
    """Moments over thinned networks, split into noise and their disagreement; see `decompose.total_variance`.

    Raises:
        ValueError: as `predictions`.

    Source: Gal and Ghahramani (2016); Kendall and Gal (2017).

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0], key=jax.random.key(0), hidden=(8,), n_steps=9)
    >>> predictive(fitted, x[:4], key=jax.random.key(1), n_samples=3).mean.shape
    (4,)
    """
    return decompose.total_variance(*predictions(model, x, key=key, n_samples=n_samples))


@public
@jax.jit
def predict_proba(model: Dropout, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Probability of each class with all units on, as usual where dropout only regularizes.

    The Monte Carlo estimate is the mean of `probabilities`.

    Raises:
        ValueError: as `probabilities`.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> fitted = fit(x, y, key=jax.random.key(0), kind="classes", hidden=(8,), n_steps=9)
    >>> predict_proba(fitted, x).shape
    (4, 2)
    """
    require.that(model.y_shift is None, "model must predict classes; this one predicts numbers: see predictions")
    return jax.nn.softmax(perceptron.outputs(model.network, _standardized(model, x)))


@public
@jax.jit
def predict(model: Dropout, x: Float[Array, "m d"]) -> Num[Array, " m"]:
    """Mean in units of y, or the most probable class, with all units on.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> predict(fit(x, y, key=jax.random.key(0), kind="classes", hidden=(8,), n_steps=99), x).tolist()
    [0, 0, 1, 1]
    """
    if model.y_shift is None or model.y_scale is None:
        return jnp.argmax(predict_proba(model, x), axis=1)
    return model.y_shift + model.y_scale * perceptron.outputs(model.network, _standardized(model, x))[:, 0]


@public
@jax.jit
def score(model: Dropout, x: Float[Array, "n d"], y: Num[Array, " n"]) -> Float[Array, ""]:
    """Return $R^2$ of `predict`, or its accuracy for classes; see `mfml.risk.metrics`.

    Raises:
        ValueError: unless x has as many columns as in the fit, and there is one target per sample.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> score(fit(x, y, key=jax.random.key(0), kind="classes", hidden=(8,), n_steps=99), x, y).item()
    1.0
    """
    require.samples(x, y)
    if model.y_shift is not None:
        return metrics.r2(predict(model, x), y.astype(x.dtype))
    found = predict_proba(model, x)
    right = metrics.accuracy(jnp.argmax(found, axis=1), y).astype(found.dtype)
    return jnp.where(jnp.isnan(found).any(), jnp.nan, right)


@public
@checked(rate=SHARE)
@jax.jit
def linear_moments(
    layer: Dense, x: Float[Array, "n d"], *, rate: ArrayLike
) -> tuple[Float[Array, "n k"], Float[Array, "n k"]]:
    r"""Mean and standard deviation of a linear layer over random masks of its inputs, in closed form.

    With inverted dropout an input is 0 with probability p = `rate`, and $x_i / (1 - p)$ otherwise:

    $$\mathbb{E} = w \cdot x + b, \qquad \mathrm{Var} = \frac{p}{1 - p} \sum_i (w_i x_i)^2$$

    The deviation is infinite for p = 1, the limit, unless all products are 0. There `generalization.dropout` sets all
    inputs to 0.

    Raises:
        ValueError: unless x has as many columns as the layer has inputs; for a rate outside [0, 1].

    Source: Srivastava et al. (2014), section 9.1; Gal and Ghahramani (2016).

    >>> layer = Dense(jnp.array([[3.0], [4.0]]), jnp.array([1.0]))
    >>> [part.item() for part in linear_moments(layer, jnp.ones((1, 2)), rate=0.5)]
    [8.0, 5.0]
    """
    mean, rate = dense(layer, x), jnp.asarray(rate, x.dtype)
    x_unit, unit = scaling.unit(x), scaling.unit(layer.weight)
    square = (x / x_unit) ** 2 @ (layer.weight / unit) ** 2
    root = jnp.where(square == 0, 0.0, jnp.sqrt(jnp.where(square == 0, 1.0, square)))
    odds = jnp.where(rate == 0, 0.0, jnp.sqrt(jnp.where(rate == 0, 1.0, rate) / (1 - rate)))
    return mean, jnp.where(root == 0, 0.0, odds) * root * x_unit * unit


def _standardized(model: Dropout, x: Array) -> Array:
    require.rank("x", x, 2)
    require.columns("x", x, len(model.x_shift))
    return (x - model.x_shift) / model.x_scale


def _draws(model: Dropout, x: Array, key: Array, n_samples: int) -> Array:
    require.positive("n_samples", n_samples)
    factors = _masks(model.network, key, n_samples, model.rate)
    return jax.vmap(partial(_thinned, model.network, _standardized(model, x)))(factors)


def _masks(network: mlp.Network, key: Array, n: int, rate: Array) -> list[Array]:
    """Factors of the units of each hidden layer, n of each."""
    hidden = network[:-1]
    return [
        masks.mask((n, len(layer.bias)), key=one, rate=rate).astype(rate.dtype)
        for one, layer in zip(jax.random.split(key, len(hidden)), hidden, strict=True)
    ]


def _thinned(network: mlp.Network, z: Array, factors: list[Array]) -> Array:
    """Outputs where the units of each hidden layer are multiplied by factors."""
    for layer, factor in zip(network[:-1], factors, strict=True):
        z = activations.apply(dense(layer, z), activation=perceptron.ACTIVATION) * factor
    return dense(network[-1], z)
