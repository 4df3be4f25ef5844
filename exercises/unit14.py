"""Exercises of unit 14: explainability, limits, scientific trust.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 14

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Many functions get a model as an argument. Call it, whatever it is: those used here are in `exercises/given.py`. A
model `predict` takes rows and returns a number for each; a model `f` takes one point and returns one number. Features
have units, and so have predictions: a temperature may be 800 (K) where a rate is 1e-6 (1/s).

Stuck? `nox -s hint -- 14.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit14.py`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int


def permutation_importance(
    predict: Callable[[Array], Array],
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    feature: int,
    order: Int[Array, " n"],
) -> Float[Array, ""]:
    """Exercise 14.1. Permutation importance.

    How much worse is a model without the information of one feature? Column `feature` of x is put into another order:
    row i gets the value that row order[i] had. All other columns stay. Return

        mean squared error of the predictions with the changed column  -  mean squared error with x as it is

    where both are compared with y. `feature` is a Python integer, even under `jax.jit`.

    Example: with `waves` from exercises/given.py, x = jnp.array([[0.0, 1.0], [2.0, 3.0]]), y = waves(x), feature = 0
    and order = jnp.array([1, 0]) it is about 28.1: the mean of 2.909^2 and 6.909^2, since there was no error
    before.
    """
    raise NotImplementedError


def shapley_values(
    predict: Callable[[Array], Array], point: Float[Array, " d"], background: Float[Array, "m d"]
) -> Float[Array, " d"]:
    """Exercise 14.2. Shapley values.

    What does each feature contribute to the prediction at `point`? If the features of a set S are known, we predict

        v(S) = mean over the m rows of `background` of predict(row, with the features in S taken from `point`)

    so v of the empty set is the mean prediction. Return for each of the d features (at most 4)

        phi_j = sum over all sets S without j of  |S|! (d - |S| - 1)! / d! * (v(S and j) - v(S))

    where |S| is the number of features in S.

    Example: with `waves` from exercises/given.py, point = jnp.array([1.0, 2.0]) and background = jnp.zeros((1, 2)) it
    is about [1.841, 2.819]: sin 1 + 1 and 2 sin 2 + 1, since the product 2 is shared.
    """
    raise NotImplementedError


def lime_weights(
    predict: Callable[[Array], Array],
    point: Float[Array, " d"],
    samples: Float[Array, "n d"],
    scale: Float[Array, " d"],
    width: float,
) -> Float[Array, " d"]:
    """Exercise 14.3. Weights of LIME.

    Around `point`, x, a model is almost linear. Measure each feature of the n `samples` z_i from there, in units of
    `scale`, s, and give each sample a weight that falls with its distance:

        u_ij = (z_ij - x_j) / s_j,    w_i = exp(-sum_j u_ij^2 / width^2)

    Return the d coefficients c of the linear model with intercept b that minimizes

        sum_i w_i (predict(z_i) - b - sum_j c_j u_ij)^2

    There are more samples than coefficients.

    Example: with `waves` from exercises/given.py, point = jnp.array([0.0, 0.0]), samples = jnp.array([[0.0, 0.0],
    [1.0, 0.0], [0.0, 1.0]]), scale = jnp.array([1.0, 2.0]) and width = 1.0 it is about [0.841, 3.366]: sin 1 per 1,
    and 2 sin 1 per half a unit.
    """
    raise NotImplementedError


def integrated_gradients(
    f: Callable[[Array], Array], point: Float[Array, " d"], baseline: Float[Array, " d"], n_steps: int
) -> Float[Array, " d"]:
    """Exercise 14.4. Integrated gradients.

    Walk straight from `baseline`, b, to `point`, x, in n = `n_steps` steps of equal length, and look at the gradient of
    f in the middle of each step. Return for each feature j

        (x_j - b_j) * 1/n sum_k df/dx_j at b + a_k (x - b),    a_k = (k + 1/2) / n,  k = 0, ..., n - 1

    `n_steps` is a Python integer, even under `jax.jit`.

    Example: with `banana` from exercises/given.py, point = jnp.array([1.0, 3.0]), baseline = jnp.array([0.0, 1.0]) and
    n_steps = 1 it is [-18.5, 35.0]: 1 and 2 times the gradient at [0.5, 2].
    """
    raise NotImplementedError


def sobol_indices(
    predict: Callable[[Array], Array], a: Float[Array, "n d"], b: Float[Array, "n d"]
) -> tuple[Float[Array, " d"], Float[Array, " d"]]:
    """Exercise 14.5. Sobol indices.

    Which share of the variance of a model's output is due to each feature? The rows of `a` and `b` were drawn
    independently. Let AB_j be `a` with column j taken from `b`, and y_A, y_B, y_ABj the n predictions of each. With

        V = variance of the 2n predictions in y_A and y_B together, divided by 2n

    return two arrays of shape (d,), a tuple of the first-order indices (Saltelli) and the total indices (Jansen):

        S_j = mean( y_B (y_ABj - y_A) ) / V
        T_j = mean( (y_A - y_ABj)^2 ) / (2 V)

    Example: with `waves` from exercises/given.py, a = jnp.array([[0.0, 0.0], [1.0, 1.0]]) and b = jnp.array([[2.0,
    1.0], [0.0, 2.0]]) it is about ([0.136, 1.613], [0.347, 0.340]).
    """
    raise NotImplementedError


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
    """Exercise 14.6. Step to a counterfactual.

    Which small change of a sample x (`origin`) would give the prediction `target`? From a candidate z go one step
    down the loss

        L(z) = weight * (f(z) - target)^2 + sum_j ((z_j - x_j) / s_j)^2,    s = scale

    where each feature is measured in units of its scale, which makes the step

        z_j - learning_rate * s_j^2 * dL/dz_j

    and return the result after each feature was brought to the nearest value from lower_j to upper_j.

    Example: with `banana` from exercises/given.py, candidate = jnp.array([1.0, 2.0]), origin = jnp.array([1.0, 1.0]),
    scale = jnp.array([1.0, 2.0]), target = 4.0, weight = 0.5, learning_rate = 0.01, lower = jnp.array([0.0, 0.0]) and
    upper = jnp.array([2.0, 2.5]) it is about [1.2, 1.58].
    """
    raise NotImplementedError


def mahalanobis_scores(train: Float[Array, "n d"], x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Exercise 14.7. Mahalanobis scores.

    How unlike the training data is a new sample? Return for each row of x its distance from the mean mu of `train`, in
    units of the scatter of `train`, where correlated features count together:

        sqrt( (x_i - mu)^T C^-1 (x_i - mu) )

    C is the covariance matrix of the n rows of `train`, divided by n - 1.

    Example: mahalanobis_scores(jnp.array([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0], [2.0, 4.0]]), jnp.array([[3.0, 2.0]])) is
    about [1.732]: two off the mean, with a variance of 4/3.
    """
    raise NotImplementedError


def backdoor_effect(
    treated: Int[Array, " n"], outcome: Float[Array, " n"], stratum: Int[Array, " n"], n_strata: int
) -> Float[Array, ""]:
    """Exercise 14.8. Back-door adjustment.

    Sample i was treated (1) or not (0), had this outcome, and belongs to stratum z_i, an integer from 0 to
    n_strata - 1, which influences both. Return the effect of the treatment on the mean outcome,

        sum_z P(z) * (mean outcome of the treated in z  -  mean outcome of the untreated in z)

    where P(z) is the share of stratum z among all n samples. A stratum without samples counts nothing. A stratum that
    has samples, but no treated or no untreated ones, leaves the effect unknown: return NaN. `n_strata` is a Python
    integer, even under `jax.jit`.

    Example: backdoor_effect(jnp.array([1, 0, 1, 0, 0]), jnp.array([5.0, 1.0, 8.0, 6.0, 8.0]), jnp.array([0, 0, 1, 1,
    1]), 2) is 2.2: 0.4 * (5 - 1) + 0.6 * (8 - 7).
    """
    raise NotImplementedError
