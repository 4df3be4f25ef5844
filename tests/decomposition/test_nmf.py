import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import sklearn.decomposition

from mfml import iteration
from mfml.decomposition import nmf, nmf_start
from mfml.iteration import Status

KL = "kullback-leibler"
WAYS = [("cd", "frobenius"), ("mu", "frobenius"), ("mu", KL)]


@pytest.fixture
def x(key):
    """12 x 9, nearly of rank 3."""
    of_w, of_h, of_noise = jax.random.split(key, 3)
    w, h = jax.random.uniform(of_w, (12, 3)) ** 3, jax.random.uniform(of_h, (3, 9)) ** 3
    return w @ h + 0.02 * jax.random.uniform(of_noise, (12, 9))


@pytest.fixture
def start(key):
    of_w, of_h = jax.random.split(jax.random.fold_in(key, 1))
    return nmf.Factors(jax.random.uniform(of_w, (12, 3)) + 0.1, jax.random.uniform(of_h, (3, 9)) + 0.1)


def scikit_learn(x, start, solver, loss, n_iter):
    peer = sklearn.decomposition.NMF(3, init="custom", solver=solver, beta_loss=loss, tol=0, max_iter=n_iter)
    w = peer.fit_transform(np.array(x), W=np.array(start.w), H=np.array(start.h))
    return w, peer.components_, peer.reconstruction_err_**2 / 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("solver", "loss"), WAYS)
def test_every_sweep_is_that_of_scikit_learn(x, start, solver, loss):
    w, h, _ = scikit_learn(x, start, solver, loss, 1)
    ours = nmf.step(start, x, solver=solver, loss=loss)
    np.testing.assert_allclose(ours.w, w, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.h, h, rtol=1e-4, atol=1e-5)

    w, h, objective = scikit_learn(x, start, solver, loss, 25)
    model = nmf.fit(x, n_components=3, init=start, solver=solver, loss=loss, max_iter=25, tol=0.0)
    np.testing.assert_allclose(model.w, w, rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(model.h, h, rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(model.history[-1], objective, rtol=1e-3)


@pytest.mark.parametrize(("solver", "loss"), WAYS)
def test_sweeps_keep_the_sign_and_never_raise_the_objective(x, start, solver, loss):
    def advance(factors, _):
        factors = nmf.step(factors, x, solver=solver, loss=loss)
        return factors, (nmf.objective(factors, x, loss=loss), jnp.minimum(factors.w.min(), factors.h.min()))

    _, (objective, smallest) = jax.lax.scan(advance, start, length=60)
    objective = jnp.append(nmf.objective(start, x, loss=loss), objective)
    assert (jnp.diff(objective) <= 1e-6 * objective[0]).all()
    assert (smallest >= 0).all()


@pytest.mark.parametrize(("solver", "loss"), WAYS)
def test_a_fixed_point_meets_the_optimality_conditions(x64, x, start, solver, loss):
    """Karush-Kuhn-Tucker: where an entry is positive its gradient is zero, elsewhere not negative."""
    factors = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), start)
    data = jnp.asarray(x, jnp.float64)
    model = nmf.fit(data, n_components=3, init=factors, solver=solver, loss=loss, max_iter=20000, tol=0.0)
    found = nmf.Factors(model.w, model.h)
    gradient = jax.grad(lambda f: nmf.objective(f, data, loss=loss))(found)
    for value, slope in zip(found, gradient, strict=True):
        assert jnp.abs(jnp.where(value > 1e-3, slope, 0.0)).max() < 2e-3
        assert slope.min() > -2e-3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("method", ["nndsvd", "nndsvda"])
def test_start_is_that_of_scikit_learn(x, key, method):
    """As far as a peer shows it: after one sweep. The largest entry is 1: there both fill zeros with the mean."""
    x = x / x.max()
    peer = sklearn.decomposition.NMF(3, init=method, tol=0, max_iter=1, random_state=0)
    w = peer.fit_transform(np.array(x))
    for k in (None, key):
        ours = nmf.step(nmf_start.init(x, n_components=3, init=method, key=k), x)
        np.testing.assert_allclose(ours.w, w, atol=1e-4)
        np.testing.assert_allclose(ours.h, peer.components_, atol=1e-4)


def test_random_start_has_the_scale_of_the_data(key):
    x = 100 * jax.random.uniform(key, (200, 100))
    w, h = nmf_start.init(x, n_components=4, init="random", key=key)
    assert min(w.min(), h.min()) >= 0
    # E|e|^2 = 2/pi for the mean of a product of two half-normal variables.
    np.testing.assert_allclose((w @ h).mean(), x.mean() * 2 / np.pi, rtol=0.1)


def test_svd_start_is_close_to_start_with(x, key):
    good = nmf.objective(nmf_start.init(x, n_components=3, init="nndsvd"), x)
    poor = nmf.objective(nmf_start.init(x, n_components=3, init="random", key=key), x)
    assert good < poor


def test_exact_factorization_of_separable_data():
    """Pure samples of each part are among the data: the factorization is unique up to order and scale."""
    parts = jnp.array([[1.0, 0.0, 0.0, 2.0], [0.0, 3.0, 0.0, 1.0]])
    amounts = jnp.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [2.0, 1.0]])
    model = nmf.fit(amounts @ parts, n_components=2, max_iter=500, tol=0.0)
    found = nmf.canonical(nmf.Factors(model.w, model.h))
    expected = nmf.canonical(nmf.Factors(amounts, parts))
    np.testing.assert_allclose(found.h, expected.h, atol=1e-3)
    np.testing.assert_allclose(found.w, expected.w, atol=1e-2)


def test_stopping_and_history(x, start):
    model = nmf.fit(x, n_components=3, init=start, max_iter=1000, tol=1e-3)
    done = int(model.n_iter)
    assert model.status == Status.CONVERGED and nmf.PATIENCE <= done < 1000
    history = np.asarray(model.history)
    assert history.shape == (1001,)
    assert np.isfinite(history[: done + 1]).all() and np.isnan(history[done + 1 :]).all()
    drops = (history[: done + 1 - nmf.PATIENCE] - history[nmf.PATIENCE : done + 1]) / history[0]
    assert drops[-1] < 1e-3
    halfway = nmf.fit(x, n_components=3, init=start, max_iter=done // 2, tol=0.0)
    assert slope(model, x) <= 1e-3 < slope(halfway, x)


def slope(model, x, loss="frobenius"):
    """Entries times their derivatives, relative to the data."""
    factors = nmf.Factors(model.w, model.h)
    by_w, by_h = jax.grad(lambda factors: nmf.objective(factors, x, loss=loss))(factors)
    size = x.sum() if loss == KL else (x**2).sum()
    return float((jnp.sum(jnp.abs(by_w) * model.w) + jnp.sum(jnp.abs(by_h) * model.h)) / size)


@pytest.mark.parametrize(("solver", "loss"), WAYS)
def test_what_has_converged_is_nearly_stationary(key, solver, loss):
    """Slow progress is not the end: ten sweeps of little use were enough, at twice the smallest objective."""
    mixed = jax.random.uniform(key, (60, 5)) @ jax.random.uniform(jax.random.key(1), (5, 40))
    x = mixed + 0.1 * jax.random.uniform(jax.random.key(2), (60, 40))
    model = nmf.fit(x, n_components=5, solver=solver, loss=loss, max_iter=5000)
    assert model.converged and slope(model, x, loss) <= 1.1e-4
    further = nmf.fit(x, n_components=5, solver=solver, loss=loss, max_iter=10000, tol=0.0)
    assert model.history[model.n_iter] < 1.2 * further.history[-1]


def test_divergence_of_a_close_fit():
    """In double precision as a reference: in single precision the three terms cancel."""
    ours = jax.random.uniform(jax.random.key(0), (30, 1)) + 0.5, jax.random.uniform(jax.random.key(1), (1, 20)) + 0.5
    fitted = np.asarray(ours[0] @ ours[1])
    for error in (1e-5, 1e-3, 0.05, 0.3):
        x = fitted * np.float32(1 + error * np.random.default_rng(0).uniform(-2, 2, fitted.shape))
        data, model = np.asarray(x, float), np.asarray(ours[0], float) @ np.asarray(ours[1], float)
        expected = (data * np.log(data / model) - data + model).sum()
        found = nmf.objective(nmf.Factors(*ours), jnp.asarray(x), loss=KL)
        np.testing.assert_allclose(found, expected, rtol=max(1e-5, 1e-6 / error))


@pytest.mark.parametrize(("solver", "loss"), WAYS)
def test_history_is_the_objective_after_each_sweep(x, start, solver, loss):
    """Also where the objective becomes small, though it is computed by subtracting what each sweep takes off."""
    model = nmf.fit(x, n_components=3, init=start, solver=solver, loss=loss, max_iter=13, tol=0.0)
    assert (int(model.n_iter), int(model.status), model.history.shape) == (13, Status.MAX_ITER, (14,))
    assert "Raise max_iter" in iteration.explain(model)
    factors, expected = start, [nmf.objective(start, x, loss=loss)]
    for _ in range(13):
        factors = nmf.step(factors, x, solver=solver, loss=loss)
        expected.append(nmf.objective(factors, x, loss=loss))
    np.testing.assert_allclose(model.w, factors.w, atol=1e-5)
    np.testing.assert_allclose(model.history, expected, rtol=1e-4)


def test_history_keeps_its_digits_on_the_way_to_an_exact_fit(start):
    exact = start.w @ start.h
    model = nmf.fit(exact, n_components=3, init=nmf.Factors(start.w * 1.5, start.h), max_iter=60, tol=0.0)
    known = np.asarray(model.history)
    assert known[-1] < 1e-4 * known[0]
    np.testing.assert_allclose(known[-1], nmf.objective(model, exact), rtol=0.02)


def test_objective_against_its_definition(x, start):
    fitted = np.asarray(start.w @ start.h, float)
    data = np.asarray(x, float)
    np.testing.assert_allclose(nmf.objective(start, x), 0.5 * ((data - fitted) ** 2).sum(), rtol=1e-5)
    expected = (data * np.log(data / fitted) - data + fitted).sum()
    np.testing.assert_allclose(nmf.objective(start, x, loss=KL), expected, rtol=1e-4)


def test_kullback_leibler_at_zeros():
    zero, one = jnp.zeros((1, 1)), jnp.ones((1, 1))
    assert float(nmf.objective(nmf.Factors(one, one), zero, loss=KL)) == 1
    assert float(nmf.objective(nmf.Factors(zero, one), zero, loss=KL)) == 0
    assert float(nmf.objective(nmf.Factors(zero, one), one, loss=KL)) == np.inf


@pytest.mark.parametrize(("solver", "loss"), WAYS)
def test_zero_rows_columns_and_parts_stay_finite(start, solver, loss, x):
    gaps = x.at[2].set(0.0).at[:, 4].set(0.0)
    dead = nmf.Factors(start.w.at[:, 1].set(0.0), start.h.at[1].set(0.0))
    for factors in (start, dead):
        model = nmf.fit(gaps, n_components=3, init=factors, solver=solver, loss=loss, max_iter=50)
        assert np.isfinite(model.w).all() and np.isfinite(model.h).all()
        assert model.w.min() >= 0 and model.h.min() >= 0
        np.testing.assert_allclose((model.w @ model.h)[2], 0, atol=1e-4)


def test_negative_data_are_refused_by_name_and_are_nan_where_they_are_traced(x):
    negative = x.at[0, 0].set(-1.0)
    with pytest.raises(ValueError, match=r"^x must not be negative; found -1\.0$"):
        nmf.fit(negative, n_components=2)
    model = jax.jit(lambda x: nmf.fit(x, n_components=2))(negative)
    assert np.isnan(model.w).all() and not bool(model.converged)


@pytest.mark.parametrize("size", [1e-14, 1e-20, 1e16])
@pytest.mark.parametrize(("solver", "loss"), WAYS)
def test_the_unit_of_the_data_changes_nothing(x, size, solver, loss):
    model = nmf.fit(x, n_components=3, solver=solver, loss=loss)
    other = nmf.fit(x * size, n_components=3, solver=solver, loss=loss)
    assert other.converged == model.converged and abs(int(other.n_iter) - int(model.n_iter)) <= 5
    np.testing.assert_allclose(other.w @ other.h / size, model.w @ model.h, atol=2e-2)


def test_zeros_are_factorized_at_once():
    model = nmf.fit(jnp.zeros((5, 4)), n_components=2)
    assert model.converged and model.n_iter <= nmf.PATIENCE
    np.testing.assert_array_equal(model.w @ model.h, 0)


def test_amounts_in_small_units_and_of_whole_numbers():
    parts = jnp.array([[1.0, 0.0, 2.0], [0.0, 2.0, 1.0]])
    counts = np.array([[3, 4, 8], [1, 0, 2]], np.uint8)
    expected = [[3.0, 2.0], [1.0, 0.0]]
    np.testing.assert_allclose(nmf.transform(nmf.Factors(jnp.ones((1, 2)), parts), counts), expected, atol=1e-3)
    tiny = nmf.Factors(jnp.ones((1, 2)), parts * 1e-20)
    np.testing.assert_allclose(nmf.transform(tiny, counts * np.float32(1e-20)), expected, atol=1e-3)


def test_there_is_no_reverse_mode_and_the_docstring_says_so(x):
    for function in (nmf.fit, nmf.transform):
        assert "may not be differentiated in reverse" in " ".join(function.__doc__.split())
    with pytest.raises(ValueError, match=r"[Rr]everse-mode"):
        jax.grad(lambda x: nmf.fit(x, n_components=2).w.sum())(x)


def test_amounts_of_known_parts_are_non_negative_least_squares(x64, x, start):
    h, data = jnp.asarray(start.h, jnp.float64), jnp.asarray(x, jnp.float64)
    ours = nmf.transform(nmf.Factors(jnp.ones((12, 3)), h), data, max_iter=5000, tol=1e-12)
    theirs = [scipy.optimize.nnls(h.T, row)[0] for row in np.asarray(data)]
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_amounts_by_kullback_leibler_beat_random_ones(x, start, key):
    best = nmf.objective(nmf.Factors(nmf.transform(start, x, loss=KL, max_iter=2000, tol=1e-6), start.h), x, loss=KL)
    for k in jax.random.split(key, 20):
        w = nmf.transform(start, x, loss=KL, max_iter=2000, tol=1e-6)
        other = nmf.Factors(w * (1 + 0.05 * jax.random.normal(k, w.shape)), start.h)
        assert nmf.objective(other, x, loss=KL) > best * (1 - 1e-5)


def test_canonical_form_ignores_scale_and_order(start):
    scale = jnp.array([3.0, 0.2, 7.0])
    shuffled = nmf.Factors((start.w * scale)[:, ::-1], (start.h / scale[:, None])[::-1])
    chex.assert_trees_all_close(nmf.canonical(shuffled), nmf.canonical(start), atol=1e-5)
    pinned = nmf.canonical(start)
    np.testing.assert_allclose(pinned.w @ pinned.h, start.w @ start.h, rtol=1e-5)
    np.testing.assert_allclose(jnp.linalg.norm(pinned.h, axis=1), 1, rtol=1e-6)


def test_fit_inside_jit_and_vmap(x, start):
    """Two data sets at once, each stopping on its own."""
    both = jnp.stack([x, x**2])

    def error(data):
        model = nmf.fit(data, n_components=3, init=start, max_iter=100, tol=1e-2)
        return model.n_iter, nmf.objective(nmf.Factors(model.w, model.h), data)

    together = jax.jit(jax.vmap(error))(both)
    for i in (0, 1):
        n_iter, misfit = error(both[i])
        assert int(together[0][i]) == int(n_iter)
        np.testing.assert_allclose(together[1][i], misfit, rtol=1e-3)


def test_wrong_arguments_are_named(unchecked, x, start):
    with pytest.raises(ValueError, match="solver must be one of"):
        nmf.fit(x, n_components=2, solver="newton")
    with pytest.raises(ValueError, match="needs solver \"mu\"; found solver 'cd'"):
        nmf.fit(x, n_components=2, loss=KL)
    with pytest.raises(ValueError, match="loss must be one of"):
        nmf.objective(start, x, loss="itakura-saito")
    with pytest.raises(ValueError, match="max_iter"):
        nmf.fit(x, n_components=2, max_iter=0)
    with pytest.raises(ValueError, match="init must be one of"):
        nmf.fit(x, n_components=2, init="zeros")
    with pytest.raises(ValueError, match="needs a key"):
        nmf_start.init(x, n_components=2, init="random")
    with pytest.raises(ValueError, match="between 1 and 9; found 10"):
        nmf_start.init(x, n_components=10)
    with pytest.raises(ValueError, match="n_components=2 parts; found 3"):
        nmf.fit(x, n_components=2, init=start)
    with pytest.raises(ValueError, match="n x k and k x d"):
        nmf.step(nmf.Factors(start.h, start.w), x)
    with pytest.raises(ValueError, match="empty"):
        nmf_start.init(jnp.ones((0, 3)), n_components=1)
    with pytest.raises(ValueError, match=r"x must have \d+ columns, as in the fit of the model; found shape \(2, 4\)"):
        nmf.transform(start, jnp.ones((2, 4)))
