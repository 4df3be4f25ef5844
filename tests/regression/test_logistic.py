import jax
import jax.numpy as jnp
import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

from mfml import iteration
from mfml.iteration import Status
from mfml.regression import logistic

N, D = 60, 3


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, D)) * [1.0, 10.0, 0.1] + [0.0, 300.0, 0.0]
    logits = (x - [0.0, 300.0, 0.0]) @ [1.0, -0.1, 5.0] + 0.5
    return x, (rng.uniform(size=N) < 1 / (1 + np.exp(-logits))).astype(int), rng.uniform(0.2, 3.0, size=N)


def fit(x, y, w=None, **options):
    weights = None if w is None else jnp.asarray(w, float)
    return logistic.fit(jnp.asarray(x, float), jnp.asarray(y), weights=weights, **options)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [0.03, 1.0, 100.0])
def test_equals_scikit_learn(data, C, fit_intercept):
    x, y, w = data
    peer = LogisticRegression(C=C, fit_intercept=fit_intercept, solver="newton-cholesky", tol=1e-10)
    peer.fit(x, y, sample_weight=w)
    model = fit(x, y, w, C=C, fit_intercept=fit_intercept)
    assert model.converged
    np.testing.assert_allclose(model.coef, peer.coef_[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.intercept, np.ravel(peer.intercept_)[0], rtol=2e-3, atol=1e-4)
    jx = jnp.asarray(x, float)
    np.testing.assert_allclose(logistic.predict_proba(model, jx), peer.predict_proba(x), atol=1e-3)
    np.testing.assert_allclose(logistic.decision_function(model, jx), peer.decision_function(x), rtol=1e-2, atol=5e-3)
    assert (logistic.predict(model, jx) == peer.predict(x)).all()


def test_without_penalty_equals_statsmodels(data):
    x, y, _ = data
    peer = sm.Logit(y, sm.add_constant(x)).fit(disp=False, tol=1e-12)
    model = fit(x, y, C=jnp.inf)
    np.testing.assert_allclose([model.intercept, *model.coef], peer.params, rtol=2e-3)
    np.testing.assert_allclose(model.history[model.n_iter], -peer.llf / N, rtol=1e-5)


def test_gradient_vanishes_at_the_optimum(data):
    x, y, w = data
    model = fit(x, y, w, C=0.5)

    def objective(coef, intercept):
        z = jnp.asarray(x, float) @ coef + intercept
        loss = jnp.logaddexp(0.0, jnp.where(jnp.asarray(y) > 0, -z, z))
        return (jnp.sum(jnp.asarray(w, float) * loss) + jnp.sum(coef**2)) / w.sum()

    slopes = jax.grad(objective, argnums=(0, 1))(model.coef, model.intercept)
    np.testing.assert_allclose(slopes[0], 0, atol=3e-3)  # of a feature around 300
    np.testing.assert_allclose(slopes[1], 0, atol=1e-5)
    np.testing.assert_allclose(model.history[model.n_iter], objective(model.coef, model.intercept), rtol=1e-4)


def test_objective_never_rises(data):
    x, y, w = data
    history = np.asarray(fit(x, y, w, C=10.0).history)
    history = history[np.isfinite(history)]
    assert len(history) > 3
    assert (np.diff(history) <= 1e-6).all()


def test_halving_saves_newton_where_the_full_step_overshoots():
    # far out the curvature is small, and Newton's step to the minimum at 0 far too long
    task = logistic.problem(jnp.ones((2, 1)), jnp.array([0, 1]), C=1e4, fit_intercept=False)
    theta = jnp.array([6.0])
    logits = task.scaled.matrix @ theta
    state = logistic.State(theta, logits, logistic._objective(task, theta, logits), jnp.array(jnp.inf))
    full = theta + logistic._direction(task, theta, logits)
    assert logistic._objective(task, full, task.scaled.matrix @ full) > state.objective
    after = logistic.step(state, task)
    assert after.objective < state.objective
    np.testing.assert_allclose(after.logits, task.scaled.matrix @ after.theta, rtol=1e-5)


def test_labels_of_any_kind(data):
    x, y, _ = data
    model = fit(x, y)
    for labels in (y.astype(bool), y.astype(np.uint8), y.astype(np.float32), list(y)):
        np.testing.assert_allclose(fit(x, labels).coef, model.coef, rtol=1e-6)


def test_weights_as_counts(data):
    x, y, _ = data
    counts = np.where(np.arange(N) < 10, 0, np.where(np.arange(N) < 20, 2, 1))
    expected = fit(np.repeat(x, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(fit(x, y, counts).coef, expected.coef, rtol=2e-3)


def test_swapped_classes_turn_the_signs(data):
    x, y, _ = data
    model, turned = fit(x, y), fit(x, 1 - y)
    np.testing.assert_allclose(turned.coef, -model.coef, rtol=1e-4)
    np.testing.assert_allclose(turned.intercept, -model.intercept, rtol=1e-4)


def test_separable_classes_are_flagged_and_have_an_optimum_with_penalty():
    x = np.array([[-2.0], [-1.0], [1.0], [3.0]])
    y = np.array([0, 0, 1, 1])
    model = fit(x, y, C=jnp.inf)
    assert model.separated
    assert model.status == Status.UNBOUNDED and not model.converged
    assert "Add a penalty" in iteration.explain(model)
    assert (logistic.predict(model, jnp.asarray(x, float)) == y).all()
    penalized = fit(x, y, C=1.0)
    assert penalized.converged
    assert penalized.separated
    peer = LogisticRegression(C=1.0, tol=1e-10).fit(x, y)
    np.testing.assert_allclose(penalized.coef, peer.coef_[0], rtol=1e-3)


@pytest.mark.parametrize("labels", [[1, 2, 1, 2], [-1, 1, -1, 1], [0.0, 0.5, 1.0, 0.0]])
def test_other_labels_are_refused_by_name(labels):
    x, y = jnp.arange(4.0)[:, None], jnp.array(labels)
    for function in (logistic.fit, logistic.problem):
        with pytest.raises(ValueError, match=r"^y must be labels 0 or 1; found"):
            function(x, y)
    with pytest.raises(ValueError, match=r"^y must be labels 0 or 1; found"):
        logistic.score(logistic.fit(x, jnp.array([0, 1, 0, 1])), x, y)
    assert jax.jit(logistic.fit)(x, y).status == Status.NON_FINITE


@pytest.mark.parametrize(("option", "told"), [({"C": 0.0}, "^C must"), ({"w": [1, 1, -1, 1]}, r"^weights must")])
def test_numbers_out_of_their_domain_are_refused_by_name(option, told):
    with pytest.raises(ValueError, match=told):
        fit(np.arange(4.0)[:, None], [0, 1, 0, 1], **option)


@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("size", [1e-20, 1e-30, 1e20])
def test_features_in_small_and_large_units(data, size, C):
    """scikit-learn, in double precision; with the penalty in the unit, too, nothing changes but the unit."""
    x, y, w = data
    peer = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10).fit(x, y, sample_weight=w)
    model = fit(x * size, y, w, C=C / size / size if 1e-38 < 1 / size**2 < 1e38 else np.inf)
    assert model.converged
    if np.isinf(C):
        np.testing.assert_allclose(model.coef * size, peer.coef_[0], rtol=2e-3)
        return
    small = fit(x * size, y, w, C=C)
    assert small.converged and jnp.isfinite(small.coef).all()
    if size < 1:  # C w (y - mean of y) x: the first step of a descent, for so strong a penalty
        y_mean = np.average(y, weights=w)
        np.testing.assert_allclose(small.coef, size * (w * (y - y_mean)) @ x, rtol=1e-3)


def test_a_weak_penalty_counts_even_if_c_times_n_leaves_the_range(data):
    x, y, _ = data
    unit, C = 1e-18, 1e38
    peer = LogisticRegression(C=C * unit**2, solver="newton-cholesky", tol=1e-10).fit(x, y)
    np.testing.assert_allclose(fit(x * unit, y, C=C).coef * unit, peer.coef_[0], rtol=2e-3)
    assert C * len(y) > 3.5e38


def test_one_class_has_no_optimum_but_without_an_intercept():
    x = np.array([[-2.0], [-1.0], [0.5], [3.0]])
    for label in (0, 1):
        for C in (1.0, jnp.inf):
            alone = fit(x, np.full(4, label), C=C)
            assert alone.status == Status.UNBOUNDED and not alone.converged
            assert (logistic.predict(alone, jnp.asarray(x)) == label).all()
    masked = fit(x, np.array([1, 1, 1, 0]), np.array([1.0, 1.0, 1.0, 0.0]))
    assert masked.status == Status.UNBOUNDED
    assert fit(x, np.ones(4, int), fit_intercept=False).converged


@pytest.mark.parametrize(
    ("y", "w"),
    [
        ([0, np.nan, 1, 1], None),
        ([0, 1, 0, 1], [1, np.nan, 1, 1]),
        ([0, 1, 0, 1], [0, 0, 0, 0]),
        ([1] * 4, [np.nan] * 4),
    ],
)
def test_missing_labels_and_weights_do_not_converge(y, w):
    model = fit(np.array([[-2.0], [-1.0], [0.5], [3.0]]), np.array(y), w)
    assert model.status == Status.NON_FINITE and not model.converged
    assert jnp.isnan(model.coef).all()


def test_what_a_sample_of_weight_zero_holds_does_not_matter(data):
    x, y, w = data
    expected = fit(x, y, w)
    for value in (np.nan, np.inf, 1e30):
        model = fit(np.vstack([np.full(D, value), x]), np.append(1, y), np.append(0.0, w))
        np.testing.assert_allclose(model.coef, expected.coef, rtol=1e-3)


def test_quasi_separated_classes_are_told_whatever_the_number_of_features():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    x[:, 1] = rng.uniform(size=60) < 0.3  # a category in which every label is 1
    model = fit(x, np.where(x[:, 1] > 0, 1, rng.uniform(size=60) < 0.5).astype(int), C=jnp.inf)
    assert model.status == Status.UNBOUNDED and not model.converged and not model.separated
    assert model.coef[1] > 5
    assert "steps were not enough" not in iteration.explain(model)


def test_quasi_separated_classes_and_dependent_features_do_not_converge():
    x = np.array([[-2.0], [-1.0], [0.0], [0.0], [1.0], [3.0]])
    quasi = fit(x, np.array([0, 0, 0, 1, 1, 1]), C=jnp.inf)
    assert not quasi.converged and quasi.status == Status.UNBOUNDED
    assert not quasi.separated
    twice = fit(np.concatenate([x, x], axis=1), np.array([0, 1, 0, 1, 0, 1]), C=jnp.inf)
    assert not twice.converged


def test_samples_of_weight_zero_neither_separate_nor_mix():
    x = np.array([[-2.0], [-1.0], [1.0], [3.0], [-9.0]])
    model = fit(x, np.array([0, 0, 1, 1, 1]), np.array([1.0, 1.0, 1.0, 1.0, 0.0]), C=jnp.inf)
    assert model.separated


def test_too_few_steps_are_told_and_one_step_is_newtons(data):
    x, y, _ = data
    model = fit(x, y, max_iter=1)
    assert model.status == Status.MAX_ITER and model.n_iter == 1 and model.history.shape == (2,)
    task = logistic.problem(jnp.asarray(x, float), jnp.asarray(y))
    np.testing.assert_allclose(model.history[1], logistic.step(logistic.init(task), task).objective, rtol=1e-5)
    assert fit(x, y, max_iter=2).n_iter == 2


def test_data_that_are_not_known_are_told():
    model = fit(np.array([[0.0], [np.nan], [2.0]]), np.array([0, 1, 1]))
    assert model.status == Status.NON_FINITE and not model.converged


def test_score_is_accuracy(data):
    x, y, _ = data
    peer = LogisticRegression(tol=1e-10).fit(x, y)
    assert logistic.score(fit(x, y), jnp.asarray(x, float), jnp.asarray(y)) == pytest.approx(peer.score(x, y))


def test_extreme_logits_stay_finite():
    model = fit(np.array([[-1e4], [1e4], [1.0], [2.0]]), np.array([0, 1, 1, 0]), C=1.0)
    assert model.converged
    assert jnp.isfinite(model.coef).all()
    assert logistic.predict_proba(model, jnp.array([[1e30], [-1e30]])).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_derivative_is_that_of_the_optimum(data, x64):
    x, y, w = (jnp.asarray(a) for a in data)

    def coefficient(logarithm, x, w):
        return logistic.fit(x, y, weights=w, C=jnp.exp(logarithm), tol=1e-8).coef[2]

    h = 1e-4
    numeric = (coefficient(h, x, w) - coefficient(-h, x, w)) / (2 * h)
    np.testing.assert_allclose(jax.grad(coefficient)(0.0, x, w), numeric, rtol=1e-5)
    for argument, moved in ((1, x.at[4, 2].add(h)), (2, w.at[4].add(h))):
        back = 2 * (x, w)[argument - 1] - moved
        ends = [coefficient(0.0, *((m, w) if argument == 1 else (x, m))) for m in (moved, back)]
        slope = jax.grad(coefficient, argument)(0.0, x, w)
        found = slope[4, 2] if argument == 1 else slope[4]
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * h), rtol=1e-4)


def test_max_iter_is_the_number_of_steps(data):
    x, y, _ = data
    model = fit(x, y, max_iter=2, tol=0.0)
    assert model.n_iter == 2
    assert model.history.shape == (3,)
    assert jnp.isfinite(model.history).all()
    assert not model.converged


def test_errors(unchecked):
    x, y = jnp.ones((4, 2)), jnp.ones(4)
    with pytest.raises(ValueError, match="x must have 2 axes"):
        logistic.fit(y, y)
    with pytest.raises(ValueError, match="x and y must have the same length"):
        logistic.fit(x, jnp.ones(3))
    with pytest.raises(ValueError, match="weights and y must have the same shape"):
        logistic.fit(x, y, weights=jnp.ones(3))
    with pytest.raises(ValueError, match="y must have 1 axes"):
        logistic.fit(x, x)
    with pytest.raises(ValueError, match="max_iter must be positive; found 0"):
        logistic.fit(x, y, max_iter=0)
