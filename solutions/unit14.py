"""Unit 14, explainability, limits, scientific trust: the reference answers and their specification."""

from collections.abc import Callable
from itertools import product
from math import comb

import jax
import jax.numpy as jnp
import numpy as np

from exercises.given import Array, Float, Int, banana, creep, creep_rates, mountain, waves
from mfml.grading.key.specification import exercise


def _creep_points(key, n):
    """Return rows of temperature in K and stress in MPa."""
    shares = jax.random.uniform(key, (n, 2))
    return jnp.array([650.0, 50.0]) + shares * jnp.array([300.0, 120.0])


def _correlated(key, n, d):
    """Return rows whose features go along with the first one."""
    x = jax.random.normal(key, (n, d))
    return x.at[:, 1:].add(0.8 * x[:, :1]) + 0.5


# ---------------------------------------------------------------- 14.1


@exercise(
    points=6,
    hints=(
        "Which single column changes, and where does its new entry i stand in the old one?",
        'The lesson\'s section "E3. Feature: what matters in general?". `x[order, feature]` is the column in its new '
        "order, and `x.at[:, feature].set(...)` is a copy of x with it. Then take two mean squared errors.",
        "changed = x.at[:, feature].set(x[order, feature]); return the mean of (predict(changed) - y) ** 2, minus the "
        "mean of (predict(x) - y) ** 2.",
    ),
    why="It asks any model what it relies on, and needs nothing but its predictions.",
)
def permutation_importance(
    predict: Callable[[Array], Array],
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    feature: int,
    order: Int[Array, " n"],
) -> Float[Array, ""]:
    """Permutation importance."""
    changed = x.at[:, feature].set(x[order, feature])
    return jnp.mean((predict(changed) - y) ** 2) - jnp.mean((predict(x) - y) ** 2)


@permutation_importance.inputs("four rows, three features", points=1)
def _(key):
    x = jnp.array([[0.2, 1.0, -0.7], [1.5, -0.4, 0.3], [-0.8, 0.6, 1.9], [2.4, 1.7, -1.2]])
    return dict(predict=waves, x=x, y=jnp.array([1.0, 2.5, -0.5, 3.0]), feature=2, order=jnp.array([1, 2, 3, 0]))


@permutation_importance.inputs("random rows, the middle feature", points=2, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    x = _correlated(a, 7, 3)
    y = waves(x) + 0.7 * jax.random.normal(b, (7,))
    return dict(predict=waves, x=x, y=y, feature=1, order=jnp.array([3, 0, 1, 5, 6, 2, 4]))


@permutation_importance.inputs("creep rates in 1/s", points=2, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    x = _creep_points(a, 6)
    y = creep_rates(x) * jax.random.uniform(b, (6,), minval=0.6, maxval=1.4)
    return dict(predict=creep_rates, x=x, y=y, feature=0, order=jnp.array([2, 4, 1, 0, 5, 3]))


def _changed(x, feature, order):
    return x.at[:, feature].set(x[order, feature])


def _error(predict, x, y):
    return jnp.mean((predict(x) - y) ** 2)


@permutation_importance.mistake("You put whole rows into another order: change one column alone.")
def _(predict, x, y, feature, order):
    return _error(predict, x[order], y) - _error(predict, x, y)


@permutation_importance.mistake("You changed all columns but this one: change column `feature`, and keep the others.")
def _(predict, x, y, feature, order):
    return _error(predict, x[order].at[:, feature].set(x[:, feature]), y) - _error(predict, x, y)


@permutation_importance.mistake("You put y into another order, too: the targets stay where they are.")
def _(predict, x, y, feature, order):
    return _error(predict, _changed(x, feature, order), y[order]) - _error(predict, x, y)


@permutation_importance.mistake("Your sign is reversed: subtract the error before from the error after.")
def _(predict, x, y, feature, order):
    return _error(predict, x, y) - _error(predict, _changed(x, feature, order), y)


@permutation_importance.mistake("You returned the error with the changed column: subtract the error with x as it is.")
def _(predict, x, y, feature, order):
    return _error(predict, _changed(x, feature, order), y)


@permutation_importance.mistake("You divided both errors: subtract them.")
def _(predict, x, y, feature, order):
    return _error(predict, _changed(x, feature, order), y) / _error(predict, x, y)


@permutation_importance.mistake("You added up the squared errors: take their means.")
def _(predict, x, y, feature, order):
    return len(y) * permutation_importance(predict, x, y, feature, order)


@permutation_importance.mistake("You took roots of the mean squared errors: subtract them as they are.")
def _(predict, x, y, feature, order):
    return jnp.sqrt(_error(predict, _changed(x, feature, order), y)) - jnp.sqrt(_error(predict, x, y))


@permutation_importance.mistake("You took absolute errors: square them.")
def _(predict, x, y, feature, order):
    after = jnp.mean(jnp.abs(predict(_changed(x, feature, order)) - y))
    return after - jnp.mean(jnp.abs(predict(x) - y))


@permutation_importance.mistake("You compared the predictions with each other: compare both with y.")
def _(predict, x, y, feature, order):
    return _error(predict, _changed(x, feature, order), predict(x))


@permutation_importance.mistake("You sent the value of row i to row order[i]: row i gets the value of row order[i].")
def _(predict, x, y, feature, order):
    return _error(predict, x.at[order, feature].set(x[:, feature]), y) - _error(predict, x, y)


@permutation_importance.mistake("You put the mean into the column: put its own values there, in the given order.")
def _(predict, x, y, feature, order):
    return _error(predict, x.at[:, feature].set(x[:, feature].mean()), y) - _error(predict, x, y)


# ---------------------------------------------------------------- 14.2


@exercise(
    points=7,
    hints=(
        "With d features there are 2^d sets. What is v of one of them, and which two do you compare?",
        'The lesson\'s section "E4. Model: what has it learned?". `jnp.where(known, point, background)` has the '
        "known features in every row, for an array of d True and False. Compute v once for each set, then add up.",
        "sets = itertools.product([0, 1], repeat=d); v[s] = jnp.mean(predict(jnp.where(jnp.array(s) == 1, point, "
        "background))); where s[j] = 0, add v[s with a 1 at j] - v[s], divided by d * math.comb(d - 1, sum(s)).",
    ),
    why="No other shares add up to the prediction, treat equal features equally, and give nothing to a useless one.",
)
def shapley_values(
    predict: Callable[[Array], Array], point: Float[Array, " d"], background: Float[Array, "m d"]
) -> Float[Array, " d"]:
    """Shapley values."""
    d = len(point)
    value = {}
    for known in product((False, True), repeat=d):
        value[known] = jnp.mean(predict(jnp.where(jnp.array(known), point, background)))
    shares = [0.0] * d
    for known in value:
        for j in range(d):
            if not known[j]:
                more = (*known[:j], True, *known[j + 1 :])
                shares[j] += (value[more] - value[known]) / (d * comb(d - 1, sum(known)))
    return jnp.stack(shares)


@shapley_values.inputs("three features, two rows of background", points=1)
def _(key):
    background = jnp.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.4]])
    return dict(predict=waves, point=jnp.array([1.2, 2.1, -0.6]), background=background)


@shapley_values.inputs("four features that are correlated", points=2, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(predict=waves, point=1.5 * jax.random.normal(a, (4,)), background=_correlated(b, 5, 4))


@shapley_values.inputs("creep rates in 1/s", points=2, hidden=True)
def _(key):
    points = _creep_points(key, 4)
    return dict(predict=creep_rates, point=points[0], background=points[1:])


@shapley_values.inputs("one row of background", points=1, hidden=True)
def _(key):
    points = 1.5 * jax.random.normal(key, (2, 3))
    return dict(predict=waves, point=points[0], background=points[1:] + 1)


def _game(predict, point, background, reduce=jnp.mean):
    """Return v for every set: entry (0, 1, ...) of the array has feature 1 known, feature 0 not."""
    d = len(point)
    known = np.indices((2,) * d).reshape(d, -1).T == 1
    return jnp.stack([reduce(predict(jnp.where(one, point, background))) for one in known]).reshape((2,) * d)


def _shared(v, weight=lambda d, s: 1 / (d * comb(d - 1, s))):
    """Return the weighted sum of what each feature adds to every set of others."""
    shares = []
    for j in range(v.ndim):
        gain = jnp.diff(v, axis=j).ravel()
        sizes = np.indices((2,) * (v.ndim - 1)).sum(axis=0).ravel()
        shares.append(sum(weight(v.ndim, int(s)) * g for s, g in zip(sizes, gain, strict=True)))
    return jnp.stack(shares)


@shapley_values.mistake("You set unknown features to 0: take them from the rows of `background`.")
def _(predict, point, background):
    return _shared(_game(predict, point, 0 * background))


@shapley_values.mistake("You predicted for the mean of the background: predict for each row, then take the mean.")
def _(predict, point, background):
    return _shared(_game(predict, point, background.mean(axis=0, keepdims=True)))


@shapley_values.mistake("You took the first row of the background alone: average over all of them.")
def _(predict, point, background):
    return _shared(_game(predict, point, background[:1]))


@shapley_values.mistake("You added up the predictions for the background: take their mean.")
def _(predict, point, background):
    return _shared(_game(predict, point, background, jnp.sum))


@shapley_values.mistake("You gave all sets the same weight: it depends on the number of features in the set.")
def _(predict, point, background):
    return _shared(_game(predict, point, background), lambda d, s: 1 / 2 ** (d - 1))


@shapley_values.mistake("You removed each feature from the full set alone: sum over all sets without it.")
def _(predict, point, background):
    return _shared(_game(predict, point, background), lambda d, s: float(s == d - 1))


@shapley_values.mistake("You added each feature to the empty set alone: sum over all sets without it.")
def _(predict, point, background):
    return _shared(_game(predict, point, background), lambda d, s: float(s == 0))


@shapley_values.mistake("You divided by (d - 1)!: divide by d!, so that the shares add up to the prediction.")
def _(predict, point, background):
    return len(point) * shapley_values(predict, point, background)


@shapley_values.mistake("You left out d!: divide the two factorials by it.")
def _(predict, point, background):
    d = len(point)
    return np.prod(np.arange(1, d + 1)) * shapley_values(predict, point, background)


@shapley_values.mistake("You exchanged known and unknown features: those in S are taken from `point`.")
def _(predict, point, background):
    return -shapley_values(predict, point, background)


@shapley_values.mistake("You added the features in the order of their columns alone: average over all orders.")
def _(predict, point, background):
    v = _game(predict, point, background)
    d = len(point)
    path = jnp.stack([v[(1,) * j + (0,) * (d - j)] for j in range(d + 1)])
    return jnp.diff(path)


# ---------------------------------------------------------------- 14.3


@exercise(
    points=7,
    rtol=2e-4,  # a right answer may solve the normal equations, which take the square of the condition number
    hints=(
        "It is a linear regression of unit 1, but samples count differently. How do you give a row a weight?",
        'The lesson\'s section "E5. Prediction: why this alloy, and what would change it?". Multiply each row of the '
        "design matrix (1, u_i1, ..., u_id) and each prediction by the root of its weight; then it is least squares.",
        "u = (samples - point) / scale; root = jnp.exp(-jnp.sum(u**2, axis=1) / width**2 / 2); design = a column of "
        "ones beside u; jnp.linalg.lstsq(root[:, None] * design, root * predict(samples))[0][1:].",
    ),
    why="A straight model of the neighborhood explains one prediction, and `width` says how far it may be believed.",
)
def lime_weights(
    predict: Callable[[Array], Array],
    point: Float[Array, " d"],
    samples: Float[Array, "n d"],
    scale: Float[Array, " d"],
    width: float,
) -> Float[Array, " d"]:
    """Weights of LIME."""
    u = (samples - point) / scale
    root = jnp.sqrt(jnp.exp(-jnp.sum(u**2, axis=1) / width**2))
    design = jnp.column_stack([jnp.ones(len(u)), u])
    return jnp.linalg.lstsq(root[:, None] * design, root * predict(samples))[0][1:]


@lime_weights.inputs("two features, six samples", points=1)
def _(key):
    samples = jnp.array([[0.4, 1.0], [1.6, 0.2], [1.1, 2.3], [0.1, -0.5], [2.2, 1.4], [0.9, 0.7]])
    point, scale = jnp.array([1.0, 0.8]), jnp.array([0.5, 1.3])
    return dict(predict=waves, point=point, samples=samples, scale=scale, width=1.6)


@lime_weights.inputs("random samples, three features that are correlated", points=2, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    point, scale = jax.random.normal(a, (3,)) + 0.5, jnp.array([0.8, 1.7, 1.2])
    return dict(predict=waves, point=point, samples=point + _correlated(b, 12, 3) - 0.3, scale=scale, width=2.1)


@lime_weights.inputs("creep rates in 1/s", points=3, hidden=True)
def _(key):
    point, scale = jnp.array([800.0, 90.0]), jnp.array([120.0, 30.0])
    return dict(predict=creep_rates, point=point, samples=_creep_points(key, 9), scale=scale, width=1.4)


def _unit(point, samples, scale):
    return (samples - point) / scale


def _near(u, width):
    return jnp.exp(-jnp.sum(u**2, axis=1) / width**2)


def _regression(weights, design, values):
    root = jnp.sqrt(weights)
    return jnp.linalg.lstsq(root[:, None] * design, root * values)[0]


def _with_ones(u):
    return jnp.column_stack([jnp.ones(len(u)), u])


@lime_weights.mistake("You left out the weights: samples far from the point count less.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(jnp.ones(len(u)), _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("You multiplied the rows by the weights, which squares them: multiply by their roots.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(_near(u, width) ** 2, _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("The intercept is missing: add a column of ones to the design matrix.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(_near(u, width), u, predict(samples))


@lime_weights.mistake("You returned the intercept, too: return the d coefficients of the features.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(_near(u, width), _with_ones(u), predict(samples))


@lime_weights.mistake("You divided by `width`: divide the squared distance by its square.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(_near(u, jnp.sqrt(width)), _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("You divided by 2 width^2, as for a normal density: divide by width^2.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(_near(u, jnp.sqrt(2) * width), _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("Your weights fall with the distance itself: square it.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(jnp.exp(-jnp.sqrt(jnp.sum(u**2, axis=1)) / width), _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("You averaged over the features in the distance: add up their squares.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(_near(u, width * jnp.sqrt(len(point))), _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("Your coefficients are per unit of each feature: measure the features in units of `scale`.")
def _(predict, point, samples, scale, width):
    return lime_weights(predict, point, samples, scale, width) / scale


@lime_weights.mistake("You measured distances without `scale`: divide by it before you take the weights, too.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    return _regression(_near(samples - point, width), _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("Your distances begin at the mean of the samples: they begin at `point`.")
def _(predict, point, samples, scale, width):
    u = _unit(samples.mean(axis=0), samples, scale)
    return _regression(_near(u, width), _with_ones(u), predict(samples))[1:]


@lime_weights.mistake("You fitted one feature after the other: fit all of them together, since they are correlated.")
def _(predict, point, samples, scale, width):
    u = _unit(point, samples, scale)
    columns = [u[:, j : j + 1] for j in range(len(point))]
    return jnp.stack([_regression(_near(u, width), _with_ones(one), predict(samples))[1] for one in columns])


# ---------------------------------------------------------------- 14.4


@exercise(
    points=7,
    hints=(
        "Which points does the walk pass, halfway through each of its steps?",
        'The lesson\'s section "E5. Prediction: why this alloy, and what would change it?". `jax.grad(f)` is the '
        "gradient at one point; `jax.vmap` takes it at all points of the walk. Their mean is multiplied by the way.",
        "a = (jnp.arange(n_steps) + 0.5) / n_steps; way = point - baseline; return way * "
        "jax.vmap(jax.grad(f))(baseline + a[:, None] * way).mean(axis=0).",
    ),
    why="The shares add up to f(x) - f(b), where the gradient at x alone may be 0 although the feature matters.",
)
def integrated_gradients(
    f: Callable[[Array], Array], point: Float[Array, " d"], baseline: Float[Array, " d"], n_steps: int
) -> Float[Array, " d"]:
    """Integrated gradients."""
    along = (jnp.arange(n_steps) + 0.5) / n_steps
    way = point - baseline
    return way * jax.vmap(jax.grad(f))(baseline + along[:, None] * way).mean(axis=0)


@integrated_gradients.inputs("a valley, three steps", points=1)
def _(key):
    return dict(f=banana, point=jnp.array([1.3, -0.4, 0.8]), baseline=jnp.array([0.2, 0.9, -0.5]), n_steps=3)


@integrated_gradients.inputs("hills, five steps", points=2, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    point, baseline = 1.5 * jax.random.normal(a, (3,)), jax.random.normal(b, (3,)) + 0.5
    return dict(f=mountain, point=point, baseline=baseline, n_steps=5)


@integrated_gradients.inputs("creep in 1/s", points=2, hidden=True)
def _(key):
    b, x = _creep_points(key, 2)
    return dict(f=creep, point=x + jnp.array([200.0, 100.0]), baseline=b, n_steps=4)


@integrated_gradients.inputs("one step", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(f=mountain, point=jax.random.normal(a, (3,)), baseline=jax.random.normal(b, (3,)) + 1, n_steps=1)


def _walk(f, point, baseline, along):
    """Return the gradients at these shares of the way."""
    return jax.vmap(jax.grad(f))(baseline + along[:, None] * (point - baseline))


def _middles(n_steps):
    return (jnp.arange(n_steps) + 0.5) / n_steps


@integrated_gradients.mistake("You took the gradient at the start of each step: take it in the middle.")
def _(f, point, baseline, n_steps):
    return (point - baseline) * _walk(f, point, baseline, jnp.arange(n_steps) / n_steps).mean(axis=0)


@integrated_gradients.mistake("You took the gradient at the end of each step: take it in the middle.")
def _(f, point, baseline, n_steps):
    return (point - baseline) * _walk(f, point, baseline, jnp.arange(1, n_steps + 1) / n_steps).mean(axis=0)


@integrated_gradients.mistake("You averaged over both ends of the steps, n + 1 points: take the n points in between.")
def _(f, point, baseline, n_steps):
    return (point - baseline) * _walk(f, point, baseline, jnp.linspace(0, 1, n_steps + 1)).mean(axis=0)


@integrated_gradients.mistake("You averaged the gradients only: multiply by point - baseline.")
def _(f, point, baseline, n_steps):
    return _walk(f, point, baseline, _middles(n_steps)).mean(axis=0)


@integrated_gradients.mistake("You multiplied by the point: multiply by point - baseline.")
def _(f, point, baseline, n_steps):
    return point * _walk(f, point, baseline, _middles(n_steps)).mean(axis=0)


@integrated_gradients.mistake("You ignored the baseline, as if it were 0: the walk starts there.")
def _(f, point, baseline, n_steps):
    return integrated_gradients(f, point, 0 * baseline, n_steps)


@integrated_gradients.mistake("Your walk starts at 0: it starts at the baseline.")
def _(f, point, baseline, n_steps):
    return (point - baseline) * _walk(f, point, 0 * baseline, _middles(n_steps)).mean(axis=0)


@integrated_gradients.mistake("Your walk passes a (x - b) without b: add the baseline.")
def _(f, point, baseline, n_steps):
    return (point - baseline) * _walk(f, point - baseline, 0 * baseline, _middles(n_steps)).mean(axis=0)


@integrated_gradients.mistake("You added up the gradients: take their mean.")
def _(f, point, baseline, n_steps):
    return n_steps * integrated_gradients(f, point, baseline, n_steps)


@integrated_gradients.mistake("You took the gradient at the point alone: average it over the whole walk.")
def _(f, point, baseline, n_steps):
    return (point - baseline) * jax.grad(f)(point)


@integrated_gradients.mistake("Your sign is reversed: the way is point - baseline.")
def _(f, point, baseline, n_steps):
    return integrated_gradients(f, baseline, point, n_steps)


@integrated_gradients.mistake("You added up the features: return one number for each.")
def _(f, point, baseline, n_steps):
    return jnp.sum(integrated_gradients(f, point, baseline, n_steps))


# ---------------------------------------------------------------- 14.5


@exercise(
    points=7,
    hints=(
        "What is left of the output's change if all features but one stay as they were?",
        'The lesson\'s section "E3. Feature: what matters in general?". `a.at[:, j].set(b[:, j])` is AB_j. Predict for '
        "a, for b, and once for each j; `jnp.var` of both first ones together is V.",
        "y_a, y_b = predict(a), predict(b); V = jnp.var(jnp.concatenate([y_a, y_b])); for each j: y = predict(AB_j), "
        "first = jnp.mean(y_b * (y - y_a)) / V, total = jnp.mean((y_a - y) ** 2) / (2 * V).",
    ),
    why="Where the total index is larger than the first, the feature acts together with others.",
)
def sobol_indices(
    predict: Callable[[Array], Array], a: Float[Array, "n d"], b: Float[Array, "n d"]
) -> tuple[Float[Array, " d"], Float[Array, " d"]]:
    """Sobol indices."""
    y_a, y_b = predict(a), predict(b)
    mixed = jnp.stack([predict(a.at[:, j].set(b[:, j])) for j in range(a.shape[1])])
    variance = jnp.var(jnp.concatenate([y_a, y_b]))
    return jnp.mean(y_b * (mixed - y_a), axis=1) / variance, jnp.mean((y_a - mixed) ** 2, axis=1) / (2 * variance)


@sobol_indices.inputs("two features, three rows", points=1)
def _(key):
    a = jnp.array([[0.3, 1.2], [1.9, -0.6], [-1.1, 0.5]])
    return dict(predict=waves, a=a, b=jnp.array([[1.4, 0.1], [-0.2, 2.3], [0.8, -0.9]]))


@sobol_indices.inputs("random rows, four features", points=3, hidden=True)
def _(key):
    a, b = jax.random.normal(key, (2, 9, 4))
    return dict(predict=waves, a=a, b=b + 0.4)


@sobol_indices.inputs("creep rates in 1/s", points=2, hidden=True)
def _(key):
    rows = _creep_points(key, 10)
    return dict(predict=creep_rates, a=rows[:5], b=rows[5:])


def _outputs(predict, a, b):
    """Return y_A, y_B, all y_ABj, and V."""
    y_a, y_b = predict(a), predict(b)
    mixed = jnp.stack([predict(a.at[:, j].set(b[:, j])) for j in range(a.shape[1])])
    return y_a, y_b, mixed, jnp.var(jnp.concatenate([y_a, y_b]))


def _indices(y_a, y_b, mixed, variance):
    return jnp.mean(y_b * (mixed - y_a), axis=1) / variance, jnp.mean((y_a - mixed) ** 2, axis=1) / (2 * variance)


@sobol_indices.mistake("You took b with a column of a: AB_j is a with column j of b.")
def _(predict, a, b):
    y_a, y_b, _, variance = _outputs(predict, a, b)
    return _indices(y_a, y_b, _outputs(predict, b, a)[2], variance)


@sobol_indices.mistake("You multiplied the difference by y_A in the first order: multiply it by y_B.")
def _(predict, a, b):
    y_a, _, mixed, variance = _outputs(predict, a, b)
    return _indices(y_a, y_a, mixed, variance)


@sobol_indices.mistake("You did not subtract y_A in the first order: take the mean of y_B (y_ABj - y_A).")
def _(predict, a, b):
    _, y_b, mixed, variance = _outputs(predict, a, b)
    return jnp.mean(y_b * mixed, axis=1) / variance, sobol_indices(predict, a, b)[1]


@sobol_indices.mistake("You took the variance of y_A alone: take that of y_A and y_B together.")
def _(predict, a, b):
    y_a, y_b, mixed, _ = _outputs(predict, a, b)
    return _indices(y_a, y_b, mixed, jnp.var(y_a))


@sobol_indices.mistake("You divided the variance by 2n - 1: divide it by 2n.")
def _(predict, a, b):
    y_a, y_b, mixed, variance = _outputs(predict, a, b)
    return _indices(y_a, y_b, mixed, variance * 2 * len(y_a) / (2 * len(y_a) - 1))


@sobol_indices.mistake("You left out the 2 below the total indices: divide the mean square by 2 V.")
def _(predict, a, b):
    first, total = sobol_indices(predict, a, b)
    return first, 2 * total


@sobol_indices.mistake("You compared y_ABj with y_B in the total indices: compare it with y_A.")
def _(predict, a, b):
    _, y_b, mixed, variance = _outputs(predict, a, b)
    return sobol_indices(predict, a, b)[0], jnp.mean((y_b - mixed) ** 2, axis=1) / (2 * variance)


@sobol_indices.mistake("You took 1 minus the first order for the total: it has an estimator of its own.")
def _(predict, a, b):
    first = sobol_indices(predict, a, b)[0]
    return first, 1 - first


@sobol_indices.mistake("You exchanged both: the first-order indices come first.")
def _(predict, a, b):
    return sobol_indices(predict, a, b)[::-1]


@sobol_indices.mistake("You divided by the standard deviation: divide by the variance.")
def _(predict, a, b):
    y_a, y_b, mixed, variance = _outputs(predict, a, b)
    return _indices(y_a, y_b, mixed, jnp.sqrt(variance))


@sobol_indices.mistake("You did not divide by the variance: the indices are shares of it.")
def _(predict, a, b):
    y_a, y_b, mixed, _ = _outputs(predict, a, b)
    return _indices(y_a, y_b, mixed, 1.0)


@sobol_indices.mistake("You added up over the rows: take the mean.")
def _(predict, a, b):
    first, total = sobol_indices(predict, a, b)
    return len(a) * first, len(a) * total


# ---------------------------------------------------------------- 14.6


@exercise(
    points=7,
    hints=(
        "Write the loss as a function of the candidate alone. What does `jax.grad` of it say?",
        'The lesson\'s section "E5. Prediction: why this alloy, and what would change it?". Go against the gradient '
        "first, then bring what is out of bounds back: `jnp.clip`.",
        "loss = lambda z: weight * (f(z) - target) ** 2 + jnp.sum(((z - origin) / scale) ** 2); return "
        "jnp.clip(candidate - learning_rate * scale**2 * jax.grad(loss)(candidate), lower, upper).",
    ),
    why="Who was refused wants to know what to change, and the smallest change within the possible is the best answer.",
)
def counterfactual_step(
    f: Callable[[Array], Array],
    candidate: Float[Array, " d"],
    origin: Float[Array, " d"],
    scale: Float[Array, " d"],
    target: float,
    weight: float,
    learning_rate: float,
    lower: Float[Array, " d"],
    upper: Float[Array, " d"],
) -> Float[Array, " d"]:
    """Step to a counterfactual."""

    def loss(z):
        return weight * (f(z) - target) ** 2 + jnp.sum(((z - origin) / scale) ** 2)

    return jnp.clip(candidate - learning_rate * scale**2 * jax.grad(loss)(candidate), lower, upper)


def _request(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    numbers = dict(target=target, weight=weight, learning_rate=learning_rate)
    arrays = dict(candidate=candidate, origin=origin, scale=scale, lower=lower, upper=upper)
    return dict(f=f, **{name: jnp.array(one) for name, one in arrays.items()}, **numbers)


@counterfactual_step.inputs("hills, one feature at its bound", points=1)
def _(key):
    place, bounds = ([0.6, 1.4, -0.9], [0.2, 0.5, -0.3], [0.7, 1.6, 1.3]), ([0.0, -1.0, -2.0], [3.0, 3.0, -0.4])
    return _request(mountain, *place, 4.0, 0.7, 0.15, *bounds)


@counterfactual_step.inputs("random hills with wide bounds", points=2, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    origin = jax.random.normal(a, (3,))
    place = (origin + 0.5 * jax.random.normal(b, (3,)) + 0.2, origin, [0.5, 0.8, 1.7])
    return _request(mountain, *place, 6.0, 0.4, 0.08, [-9.0] * 3, [9.0] * 3)


@counterfactual_step.inputs("creep in 1/s, in K and MPa", points=2, hidden=True)
def _(key):
    x = _creep_points(key, 1)[0]
    lower, upper = x - jnp.array([300.0, 30.0]), x + jnp.array([500.0, 90.0])
    start = x + jnp.array([-40.0, -25.0])
    return _request(creep, start, x, [130.0, 40.0], 2e-8, 3e13, 0.3, lower, upper)


@counterfactual_step.inputs("a candidate out of bounds", points=1, hidden=True)
def _(key):
    origin = jax.random.normal(key, (3,))
    place = (origin + jnp.array([0.9, -1.1, 0.3]), origin, [0.6, 1.4, 0.9])
    return _request(mountain, *place, 5.0, 0.3, 0.1, origin - 0.2, origin + 0.2)


def _parts(f, candidate, origin, scale, target):
    """Return the gradients of (f - target)^2 and of the squared distance."""
    return jax.grad(lambda z: (f(z) - target) ** 2)(candidate), 2 * (candidate - origin) / scale**2


@counterfactual_step.mistake("You went up: subtract the gradient of the loss.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    return counterfactual_step(f, candidate, origin, scale, target, weight, -learning_rate, lower, upper)


@counterfactual_step.mistake("You forgot the bounds: bring each feature back to its nearest allowed value.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    return counterfactual_step(f, candidate, origin, scale, target, weight, learning_rate, -jnp.inf, jnp.inf)


@counterfactual_step.mistake("You applied the bounds before the step: apply them to its result.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    inside = jnp.clip(candidate, lower, upper)
    return counterfactual_step(f, inside, origin, scale, target, weight, learning_rate, -jnp.inf, jnp.inf)


@counterfactual_step.mistake("You left out the distance: a counterfactual stays close to its origin.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    return counterfactual_step(f, candidate, candidate, scale, target, weight, learning_rate, lower, upper)


@counterfactual_step.mistake("You left out the target: the step has to bring the prediction closer to it, too.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    return counterfactual_step(f, candidate, origin, scale, target, 0.0, learning_rate, lower, upper)


@counterfactual_step.mistake("You halved the gradient: the derivative of a square has a factor 2.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    return counterfactual_step(f, candidate, origin, scale, target, weight, learning_rate / 2, lower, upper)


@counterfactual_step.mistake("You gave the weight to the distance: it belongs to the distance from the target.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    goal, close = _parts(f, candidate, origin, scale, target)
    return jnp.clip(candidate - learning_rate * scale**2 * (goal + weight * close), lower, upper)


@counterfactual_step.mistake("You took f - target without its square: it would become ever smaller.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    gradient = weight * jax.grad(f)(candidate) + _parts(f, candidate, origin, scale, target)[1]
    return jnp.clip(candidate - learning_rate * scale**2 * gradient, lower, upper)


@counterfactual_step.mistake("You measured the distance without `scale`: divide each change by it.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    goal, close = _parts(f, candidate, origin, scale, target)
    return jnp.clip(candidate - learning_rate * scale**2 * (weight * goal + close * scale**2), lower, upper)


@counterfactual_step.mistake("Your step lacks s_j^2: without it, a feature of large units does not move.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    goal, close = _parts(f, candidate, origin, scale, target)
    return jnp.clip(candidate - learning_rate * (weight * goal + close), lower, upper)


@counterfactual_step.mistake("You multiplied the step by s_j: multiply it by the square.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    goal, close = _parts(f, candidate, origin, scale, target)
    return jnp.clip(candidate - learning_rate * scale * (weight * goal + close), lower, upper)


@counterfactual_step.mistake("Your step begins at the origin: it begins at the candidate.")
def _(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    goal, close = _parts(f, candidate, origin, scale, target)
    return jnp.clip(origin - learning_rate * scale**2 * (weight * goal + close), lower, upper)


# ---------------------------------------------------------------- 14.7


@exercise(
    points=6,
    rtol=2e-4,  # a right answer may invert the covariance matrix
    hints=(
        "Which numbers describe the cloud of the training data, and which of them does a new sample not change?",
        'The lesson\'s section "Is an alloy of the measured kinds?". `jnp.cov(train, rowvar=False)` divides by n - 1. '
        "For a row r of x - mu, `jnp.linalg.solve(C, r)` is C^-1 r.",
        "r = x - train.mean(axis=0); return jnp.sqrt(jnp.sum(r * jnp.linalg.solve(C, r.T).T, axis=1)).",
    ),
    why="A model answers every question. This score says that nobody has asked one like this before.",
)
def mahalanobis_scores(train: Float[Array, "n d"], x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Mahalanobis scores."""
    centered = train - train.mean(axis=0)
    covariance = centered.T @ centered / (len(train) - 1)
    off = x - train.mean(axis=0)
    return jnp.sqrt(jnp.sum(off * jnp.linalg.solve(covariance, off.T).T, axis=1))


@mahalanobis_scores.inputs("six training rows, three new ones", points=1)
def _(key):
    train = jnp.array([[1.0, 2.0], [2.5, 2.9], [3.1, 4.2], [0.4, 1.9], [2.2, 3.9], [1.7, 1.8]])
    return dict(train=train, x=jnp.array([[2.0, 0.5], [4.0, 6.5], [-1.0, 3.0]]))


@mahalanobis_scores.inputs("random rows, three features that are correlated", points=2, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(train=_correlated(a, 9, 3), x=2 * jax.random.normal(b, (5, 3)) - 1)


@mahalanobis_scores.inputs("strengths in MPa and shares in percent", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    unit, start = jnp.array([40.0, 2.0]), jnp.array([300.0, 10.0])
    return dict(train=start + unit * _correlated(a, 7, 2), x=start + 3 * unit * jax.random.normal(b, (4, 2)))


@mahalanobis_scores.inputs("one new row", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(train=_correlated(a, 8, 3), x=3 * jax.random.normal(b, (1, 3)))


def _form(off, matrix):
    return jnp.sum(off @ matrix * off, axis=1)


def _inverse(rows):
    return jnp.linalg.inv(jnp.cov(rows, rowvar=False))


@mahalanobis_scores.mistake("You returned the squares: take the root.")
def _(train, x):
    return mahalanobis_scores(train, x) ** 2


@mahalanobis_scores.mistake("You divided the covariance by n: divide it by n - 1.")
def _(train, x):
    return mahalanobis_scores(train, x) * jnp.sqrt(len(train) / (len(train) - 1))


@mahalanobis_scores.mistake("You fitted mean and covariance to x: fit both to the training rows.")
def _(train, x):
    return jnp.sqrt(_form(x - x.mean(axis=0), _inverse(x)))


@mahalanobis_scores.mistake("You took the mean of x: take that of the training rows.")
def _(train, x):
    return jnp.sqrt(_form(x - x.mean(axis=0), _inverse(train)))


@mahalanobis_scores.mistake("You fitted to both sets together: new rows must not change mean and covariance.")
def _(train, x):
    both = jnp.concatenate([train, x])
    return mahalanobis_scores(both, x)


@mahalanobis_scores.mistake("You took the distance from the mean as it is: measure it with the inverse covariance.")
def _(train, x):
    return jnp.linalg.norm(x - train.mean(axis=0), axis=1)


@mahalanobis_scores.mistake("You divided by the standard deviations: correlated features need the whole matrix.")
def _(train, x):
    return jnp.linalg.norm((x - train.mean(axis=0)) / jnp.std(train, axis=0, ddof=1), axis=1)


@mahalanobis_scores.mistake("You multiplied by the covariance matrix: multiply by its inverse.")
def _(train, x):
    return jnp.sqrt(_form(x - train.mean(axis=0), jnp.cov(train, rowvar=False)))


@mahalanobis_scores.mistake("You did not subtract the mean from x: scores are distances from it.")
def _(train, x):
    return jnp.sqrt(_form(x, _inverse(train)))


@mahalanobis_scores.mistake("You did not subtract the mean in the covariance: it is about the scatter around it.")
def _(train, x):
    return jnp.sqrt(_form(x - train.mean(axis=0), jnp.linalg.inv(train.T @ train / (len(train) - 1))))


@mahalanobis_scores.mistake("You took the correlation matrix: the covariance matrix has the units of the features.")
def _(train, x):
    return jnp.sqrt(_form(x - train.mean(axis=0), jnp.linalg.inv(jnp.corrcoef(train, rowvar=False))))


# ---------------------------------------------------------------- 14.8


@exercise(
    points=8,
    hints=(
        "Compare only samples of the same stratum. Which strata count how much, if all samples were treated?",
        'The lesson\'s section "E2. Process: what causes what?". For stratum z, `stratum == z` marks its samples, and '
        "with `treated == 1` those treated: sums and counts of such marks give means.",
        "For each z: m = stratum == z, t = m & (treated == 1), c = m & (treated == 0); the gain is the mean outcome in "
        "t minus that in c; add jnp.where(m.any(), m.mean() * gain, 0.0).",
    ),
    why="Seen together, a better treatment may look worse, as that of kidney stones did: the hard cases got it.",
)
def backdoor_effect(
    treated: Int[Array, " n"], outcome: Float[Array, " n"], stratum: Int[Array, " n"], n_strata: int
) -> Float[Array, ""]:
    """Back-door adjustment."""
    members = stratum == jnp.arange(n_strata)[:, None]
    taken, spared = members & (treated == 1), members & (treated == 0)
    gains = taken @ outcome / taken.sum(axis=1) - spared @ outcome / spared.sum(axis=1)
    return jnp.sum(jnp.where(members.any(axis=1), members.mean(axis=1) * gains, 0.0))


@backdoor_effect.inputs("two strata, eleven samples", points=1)
def _(key):
    treated, stratum = [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    outcome = [2.0, 5.0, 6.5, 3.0, 4.0, 9.0, 14.0, 8.0, 11.0, 12.0, 10.0]
    return dict(treated=jnp.array(treated), outcome=jnp.array(outcome), stratum=jnp.array(stratum), n_strata=2)


def _study(key, strata):
    """Return samples in which a stratum decides about treatment and outcome: (untreated, treated) counts for each."""
    rows = [(z, t) for z, counts in enumerate(strata) for t, count in enumerate(counts) for _ in range(count)]
    stratum, treated = jax.random.permutation(key, jnp.array(rows)).T
    noise = jax.random.normal(jax.random.fold_in(key, 1), (len(rows),))
    outcome = 4.0 + 3 * stratum - 2.5 * treated + 2 * treated * stratum**2 + noise
    return dict(treated=treated, outcome=outcome, stratum=stratum, n_strata=len(strata))


@backdoor_effect.inputs("three strata of random outcomes", points=2, hidden=True)
def _(key):
    return _study(key, [(7, 2), (1, 3), (2, 6)])


@backdoor_effect.inputs("strengths in Pa", points=2, hidden=True)
def _(key):
    study = _study(key, [(1, 4), (5, 2)])
    return dict(study, outcome=1e8 * study["outcome"])


@backdoor_effect.inputs("a stratum without samples", points=1, hidden=True)
def _(key):
    return _study(key, [(5, 1), (0, 0), (2, 4)])


@backdoor_effect.inputs("a stratum in which all were treated", points=1, hidden=True)
def _(key):
    return _study(key, [(4, 2), (0, 3), (2, 5)])


def _strata(treated, outcome, stratum, n_strata):
    """Return the numbers of treated and of untreated samples in each stratum, and both sums of outcomes."""
    members = stratum == jnp.arange(n_strata)[:, None]
    taken, spared = members & (treated == 1), members & (treated == 0)
    return taken.sum(axis=1), spared.sum(axis=1), taken @ outcome, spared @ outcome


def _weighted(weight, treated, outcome, stratum, n_strata):
    """Return the mean gain over the strata, weighted by a function of the numbers of treated and untreated samples."""
    n_1, n_0, sum_1, sum_0 = _strata(treated, outcome, stratum, n_strata)
    w = weight(n_1, n_0)
    return jnp.sum(jnp.where(n_1 + n_0 > 0, w * (sum_1 / n_1 - sum_0 / n_0), 0.0)) / jnp.sum(w)


@backdoor_effect.mistake("You compared all treated with all untreated: compare within each stratum.")
def _(treated, outcome, stratum, n_strata):
    return outcome[treated == 1].mean() - outcome[treated == 0].mean()


@backdoor_effect.mistake("You gave all strata the same weight: weight them with their share of the samples.")
def _(treated, outcome, stratum, n_strata):
    return _weighted(lambda a, b: (a + b > 0) * 1.0, treated, outcome, stratum, n_strata)


@backdoor_effect.mistake("You weighted with the share among the treated: take the share among all samples.")
def _(treated, outcome, stratum, n_strata):
    return _weighted(lambda a, b: a, treated, outcome, stratum, n_strata)


@backdoor_effect.mistake("You weighted with the share among the untreated: take the share among all samples.")
def _(treated, outcome, stratum, n_strata):
    return _weighted(lambda a, b: b, treated, outcome, stratum, n_strata)


@backdoor_effect.mistake("Your sign is reversed: subtract the mean of the untreated.")
def _(treated, outcome, stratum, n_strata):
    return -backdoor_effect(treated, outcome, stratum, n_strata)


@backdoor_effect.mistake("You returned the mean outcome if all were treated: subtract that of the untreated.")
def _(treated, outcome, stratum, n_strata):
    n_1, n_0, sum_1, _ = _strata(treated, outcome, stratum, n_strata)
    return jnp.sum(jnp.where(n_1 + n_0 > 0, (n_1 + n_0) * sum_1 / n_1, 0.0)) / len(outcome)


@backdoor_effect.mistake("You weighted with the numbers of samples: divide them by n.")
def _(treated, outcome, stratum, n_strata):
    return len(outcome) * backdoor_effect(treated, outcome, stratum, n_strata)


@backdoor_effect.mistake("You took sums of outcomes: take the mean of the treated, and that of the untreated.")
def _(treated, outcome, stratum, n_strata):
    n_1, n_0, sum_1, sum_0 = _strata(treated, outcome, stratum, n_strata)
    return jnp.sum((n_1 + n_0) * (sum_1 - sum_0)) / len(outcome)


@backdoor_effect.mistake("You returned the effect in each stratum: return their mean, weighted with P(z).")
def _(treated, outcome, stratum, n_strata):
    n_1, n_0, sum_1, sum_0 = _strata(treated, outcome, stratum, n_strata)
    return sum_1 / n_1 - sum_0 / n_0


@backdoor_effect.mistake("A stratum without samples made your result NaN: it counts nothing.")
def _(treated, outcome, stratum, n_strata):
    n_1, n_0, sum_1, sum_0 = _strata(treated, outcome, stratum, n_strata)
    return jnp.sum((n_1 + n_0) * (sum_1 / n_1 - sum_0 / n_0)) / len(outcome)


@backdoor_effect.mistake("You left out a stratum where all were treated: its effect is unknown, so return NaN.")
def _(treated, outcome, stratum, n_strata):
    n_1, n_0, sum_1, sum_0 = _strata(treated, outcome, stratum, n_strata)
    return jnp.nansum((n_1 + n_0) * (sum_1 / n_1 - sum_0 / n_0)) / len(outcome)
