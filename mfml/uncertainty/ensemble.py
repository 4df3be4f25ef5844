r"""Deep ensembles: networks that differ in their start only. Shapes: s members, n and m samples, d features.

Each member fits the data, and between and beyond the data they do what they like. So their spread says where data are
missing. All members are trained at once by `vmap`, in one compiled program. Together they predict an equal mixture.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.networks import mlp
from mfml.numerics import sums
from mfml.numerics.domain import SHARE, checked
from mfml.risk import metrics
from mfml.uncertainty import decompose, perceptron
from mfml.uncertainty.prediction import Members, Prediction


class Ensemble(NamedTuple):
    """Trained networks."""

    network: mlp.Network  # every array has the members along its first axis
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    y_shift: Float[Array, ""] | None  # None for classes
    y_scale: Float[Array, ""] | None
    noise_std: Float[Array, " s"] | None  # of each member's residuals, units of y; None unless kind is `mean`
    history: Float[Array, " steps"]  # loss of each step's batch before its update, mean over members
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # FINISHED, or NON_FINITE where one member is, see `mfml.iteration`


@public
@checked(beta=SHARE)
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    key: Key[Array, ""],
    kind: str = "normal",
    n_members: int = 5,
    n_classes: int | None = None,
    hidden: tuple[int, ...] = (32, 32),
    bootstrap: bool = False,
    beta: ArrayLike = 0.0,
    n_steps: int = 1000,
    batch_size: int | None = None,
    learning_rate: ArrayLike = 1e-2,
) -> Ensemble:
    """Train all members at once. Member i depends on the key and on i, and not on how many members there are.

    Args:
        x: features.
        y: targets, or classes from 0 to n_classes - 1.
        key: for starts, orders of the samples, and bootstrap samples.
        kind: what a network predicts; static. `mean`: the mean, by least squares, with the same noise everywhere.
            `normal`: mean and noise of each sample, by the Gaussian likelihood. `classes`: probabilities.
        n_members: s; static.
        n_classes: static; by default one more than the largest label; required within `jit`.
        hidden: neurons of each hidden layer; static.
        bootstrap: whether each member has its own random sample of the data, drawn with replacement; static.
        beta: exponent of the noise in the loss of `normal`, from 0 to 1, see `perceptron.loss`.
        n_steps: number of updates; static.
        batch_size: samples per step; None takes all of them; static.
        learning_rate: at the start; it falls to 0 along a cosine.

    The loss in `history` is in standard deviations of y.

    Raises:
        ValueError: unless shapes fit, sizes are positive, and options are known; as `require.n_classes`.

    Source: Lakshminarayanan, Pritzel and Blundell (2017); Seitzer et al. (2022).

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0] ** 2, key=jax.random.key(0), n_members=3, hidden=(8,), n_steps=100)
    >>> predictions(fitted, x).means.shape
    (3, 20)
    """
    require.positive("n_members", n_members)
    count = require.n_classes(y, n_classes) if kind == "classes" else 0
    plan = perceptron.Plan(kind, count, tuple(hidden), n_steps, batch_size)
    return _fit(x, y, key, beta, learning_rate, plan, n_members, bootstrap)


@partial(jax.jit, static_argnames=("plan", "n_members", "bootstrap"))
def _fit(
    x: Array,
    y: Array,
    key: Array,
    beta: ArrayLike,
    learning_rate: ArrayLike,
    plan: perceptron.Plan,
    n_members: int,
    bootstrap: bool,
) -> Ensemble:
    data = perceptron.standardized(x, y, kind=plan.kind)

    def objective(network: mlp.Network, batch: tuple[Array, Array], _: Array) -> Array:
        return perceptron.loss(perceptron.outputs(network, batch[0]), batch[1], kind=plan.kind, beta=beta)

    def member(i: Array) -> tuple[mlp.Network, Array, Array, Array]:
        for_start, for_order, for_data = jax.random.split(jax.random.fold_in(key, i), 3)
        rows = jax.random.randint(for_data, (len(x),), 0, len(x)) if bootstrap else slice(None)
        start = perceptron.init(key=for_start, n_features=x.shape[1], plan=plan, dtype=x.dtype.type)
        own = data.z[rows], data.target[rows]
        done = perceptron.train(own, key=for_order, init=start, loss=objective, plan=plan, learning_rate=learning_rate)
        return done.params, done.history, done.n_iter, done.status

    network, history, n_iter, status = jax.vmap(member)(jnp.arange(n_members))
    noise = None
    if plan.kind == "mean" and data.y_scale is not None:
        of_member = partial(perceptron.residual_std, y=data.target, y_scale=data.y_scale)
        noise = jax.vmap(lambda network: of_member(perceptron.outputs(network, data.z)))(network)
    ending = jnp.where((status == Status.FINISHED).all(), int(Status.FINISHED), int(Status.NON_FINITE))
    return Ensemble(
        network,
        data.x_shift,
        data.x_scale,
        data.y_shift,
        data.y_scale,
        noise,
        sums.mean(history),
        n_iter[0],
        jnp.zeros((), bool),
        ending,
    )


@public
@jax.jit
def predictions(model: Ensemble, x: Float[Array, "m d"]) -> Members:
    """Mean and noise that each member of a regression predicts, in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit, and for an ensemble of classifiers.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0], key=jax.random.key(0), n_members=3, hidden=(8,), n_steps=9)
    >>> predictions(fitted, x[:4]).stds.shape
    (3, 4)
    """
    return Members(*perceptron.moments(_outputs(model, x), model.y_shift, model.y_scale, noise_std=model.noise_std))


@public
@jax.jit
def probabilities(model: Ensemble, x: Float[Array, "m d"]) -> Float[Array, "s m c"]:
    """Probability of each class by each member. `decompose.entropies` splits their uncertainty.

    Raises:
        ValueError: unless x has as many columns as in the fit, and for an ensemble that predicts numbers.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> fitted = fit(x, y, key=jax.random.key(0), kind="classes", n_members=3, hidden=(8,), n_steps=9)
    >>> probabilities(fitted, x).shape
    (3, 4, 2)
    """
    require.that(model.y_shift is None, "model must predict classes; this one predicts numbers: see predictions")
    return jax.nn.softmax(_outputs(model, x), axis=-1)


@public
@jax.jit
def predictive(model: Ensemble, x: Float[Array, "m d"]) -> Prediction:
    """Moments of the mixture of all members, split into noise and disagreement; see `decompose.total_variance`.

    Raises:
        ValueError: as `predictions`.

    Source: Lakshminarayanan, Pritzel and Blundell (2017), section 2.4.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0], key=jax.random.key(0), n_members=3, hidden=(8,), n_steps=9)
    >>> predictive(fitted, x[:4]).mean.shape
    (4,)
    """
    return decompose.total_variance(*predictions(model, x))


@public
@jax.jit
def predict_proba(model: Ensemble, x: Float[Array, "m d"]) -> Float[Array, "m c"]:
    """Probability of each class, mean over the members.

    Raises:
        ValueError: as `probabilities`.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> fitted = fit(x, y, key=jax.random.key(0), kind="classes", n_members=3, hidden=(8,), n_steps=9)
    >>> predict_proba(fitted, x).shape
    (4, 2)
    """
    return sums.mean(probabilities(model, x))


@public
@jax.jit
def predict(model: Ensemble, x: Float[Array, "m d"]) -> Num[Array, " m"]:
    """Mean over the members in units of y, or the most probable class; ties go to the first.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> predict(fit(x, y, key=jax.random.key(0), kind="classes", n_members=3, hidden=(8,), n_steps=50), x).tolist()
    [0, 0, 1, 1]
    """
    if model.y_shift is None:
        return jnp.argmax(predict_proba(model, x), axis=1)
    return sums.mean(predictions(model, x).means)


@public
@jax.jit
def score(model: Ensemble, x: Float[Array, "n d"], y: Num[Array, " n"]) -> Float[Array, ""]:
    """Return $R^2$ of `predict`, or its accuracy for classes; see `mfml.risk.metrics`.

    Raises:
        ValueError: unless x has as many columns as in the fit, and there is one target per sample.

    >>> x, y = jnp.array([[0.0], [1.0], [4.0], [5.0]]), jnp.array([0, 0, 1, 1])
    >>> score(fit(x, y, key=jax.random.key(0), kind="classes", n_members=3, hidden=(8,), n_steps=50), x, y).item()
    1.0
    """
    require.samples(x, y)
    if model.y_shift is not None:
        return metrics.r2(predict(model, x), y.astype(x.dtype))
    found = predict_proba(model, x)
    right = metrics.accuracy(jnp.argmax(found, axis=1), y).astype(found.dtype)
    return jnp.where(jnp.isnan(found).any(), jnp.nan, right)


def _outputs(model: Ensemble, x: Array) -> Array:
    require.rank("x", x, 2)
    require.columns("x", x, len(model.x_shift))
    z = (x - model.x_shift) / model.x_scale
    return jax.vmap(lambda network: perceptron.outputs(network, z))(model.network)
