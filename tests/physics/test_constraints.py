from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from mfml.decomposition import norms
from mfml.iteration import Status
from mfml.physics import augmented_lagrangian, balance, monotone, penalty, projected_gradient, sets

RNG = np.random.default_rng(13)


def quadratic(x, data):
    return x @ data["hessian"] @ x / 2 - data["linear"] @ x


def equalities(x, data):
    return data["rows"] @ x - data["total"]


def inequalities(x, data):
    return data["sides"] @ x - data["bound"]


@pytest.fixture
def task():
    root = RNG.normal(size=(3, 3))
    made = {
        "hessian": root @ root.T + np.eye(3),
        "linear": RNG.normal(size=3),
        "rows": RNG.normal(size=(1, 3)),
        "total": np.array([2.0]),
        "sides": RNG.normal(size=(2, 3)),
        "bound": np.zeros(2),
    }
    without = closed_form(made, [False, False])[0]
    return {**made, "bound": made["sides"] @ without + [-1.0, 5.0]}  # the first is in the way, the second is not


def closed_form(task, active):
    """Optimum and multipliers of the quadratic task, where these inequalities are equalities."""
    rows = np.vstack([task["rows"], task["sides"][active]])
    right = np.concatenate([task["linear"], task["total"], task["bound"][active]])
    solved = np.linalg.solve(np.block([[task["hessian"], rows.T], [rows, np.zeros((len(rows),) * 2)]]), right)
    return solved[:3], solved[3:]


exact = partial(
    augmented_lagrangian.minimize, quadratic, jnp.zeros(3), equality=equalities, inequality=inequalities, tol=1e-9
)


def test_multipliers_of_a_quadratic_task_equal_closed_form_and_slsqp(x64, task):
    found = exact(data=task)
    assert found.converged and found.weight <= 1e4
    peer = scipy.optimize.minimize(
        quadratic,
        np.zeros(3),
        args=(task,),
        method="SLSQP",
        tol=1e-12,
        constraints=[
            {"type": "eq", "fun": lambda x: equalities(x, task)},
            {"type": "ineq", "fun": lambda x: -inequalities(x, task)},
        ],
    )
    np.testing.assert_allclose(found.params, peer.x, atol=1e-5)
    active = np.asarray(found.inequality_multipliers) > 0
    assert active.tolist() == [True, False]
    point, prices = closed_form(task, active)
    np.testing.assert_allclose(found.params, point, atol=1e-7)
    np.testing.assert_allclose(found.equality_multipliers, prices[:1], rtol=1e-6)
    np.testing.assert_allclose(np.asarray(found.inequality_multipliers)[active], prices[1:], rtol=1e-6)
    slack = np.asarray(inequalities(np.asarray(found.params), task))
    assert (slack[~active] < 0).all()


def test_multipliers_are_prices_of_the_bounds(x64, task):
    """The optimum changes by minus a multiplier per unit of its bound: central differences, in one compiled call."""
    moves = 1e-3 * np.array([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    axes = {name: 0 if name in ("total", "bound") else None for name in task}
    many = {**task, "total": task["total"] + moves[:, :1], "bound": task["bound"] + moves[:, 1:]}
    found = jax.jit(jax.vmap(lambda data: exact(data=data), in_axes=(axes,)))(many)
    assert found.converged.all()
    value = np.asarray(found.objective)
    slopes = (value[1::2] - value[2::2]) / 2e-3
    prices = np.concatenate([found.equality_multipliers[0], found.inequality_multipliers[0]])
    np.testing.assert_allclose(slopes, -prices, atol=1e-5)
    assert (np.abs(prices) > 1e-2).sum() >= 2


def test_a_penalty_is_off_by_the_inverse_of_its_weight(x64, task):
    """A multiplier is the weight times what a constraint is broken by; ten times the weight breaks it a tenth."""
    weights = jnp.array([1e3, 1e4, 1e5])
    one = partial(penalty.minimize, quadratic, jnp.zeros(3), equality=equalities, data=task, max_iter=1, tol=1e-12)
    found = jax.jit(jax.vmap(lambda weight: one(penalty=weight)))(weights)
    point, prices = closed_form(task, np.zeros(2, bool))
    off = np.linalg.norm(np.asarray(found.params) - point, axis=1)
    np.testing.assert_allclose(off[:-1] / off[1:], 10, rtol=0.02)
    np.testing.assert_allclose(found.equality_multipliers[:, 0], prices[0], rtol=1e-2)
    assert not found.converged.any()


def hock_71(x):
    return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


def on_sphere(x):
    return x @ x - 40


def product_and_box(x):
    return jnp.concatenate([25 - jnp.prod(x)[None], 1 - x, x - 5])


def test_what_has_no_minimum_has_not_converged_at_the_largest_number():
    found = projected_gradient.minimize(lambda x: -x[0], jnp.zeros(2), project=lambda x: x, max_iter=200)
    assert not found.converged and found.params[0] > 1e38


def test_laws_of_outputs_with_tiny_scales_are_kept():
    matrix, total = jnp.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]), jnp.array([10.0, 1.5])
    found = balance.conserve(jnp.array([[1.0, 2.0, 3.0]]), matrix, total, scale=jnp.array([1e-6, 1.0, 1e3]))
    np.testing.assert_allclose(found @ matrix.T, total[None], rtol=1e-6)


def test_problem_71_of_hock_and_schittkowski():
    """Optimum and multipliers as published: the product of all four, and the lower bound of the first, are active."""
    start = jnp.array([1.0, 5.0, 5.0, 1.0])
    found = augmented_lagrangian.minimize(hock_71, start, equality=on_sphere, inequality=product_and_box)
    assert found.converged
    np.testing.assert_allclose(found.params, [1, 4.7429994, 3.8211503, 1.3794082], rtol=1e-3)
    np.testing.assert_allclose(found.objective, 17.0140173, rtol=1e-3)
    np.testing.assert_allclose(found.equality_multipliers, 0.1614686, rtol=1e-2)
    expected = np.zeros(9)
    expected[:2] = 0.5522937, 1.0878713
    np.testing.assert_allclose(found.inequality_multipliers, expected, atol=1e-2)
    assert found.history[0] == 16 and np.isnan(found.history[int(found.n_iter) + 1 :]).all()


def rosenbrock(x, size):
    return size * ((1 - x["a"]) ** 2 + 100 * (x["b"] - x["a"] ** 2) ** 2)


def in_disk(x, size):
    return 1e9 * (x["a"] ** 2 + x["b"] ** 2 - 1.5)


@pytest.mark.parametrize("solver", [augmented_lagrangian, penalty])
def test_rosenbrock_on_a_disk_in_any_units(solver):
    boundary = np.linspace(0, np.pi / 2, 200_001)
    a, b = np.sqrt(1.5) * np.cos(boundary), np.sqrt(1.5) * np.sin(boundary)
    best = np.argmin((1 - a) ** 2 + 100 * (b - a**2) ** 2)
    for size in (1e-19, 1.0, 1e18):
        found = solver.minimize(
            rosenbrock, {"a": -1.2, "b": 1.0}, inequality=in_disk, data=jnp.float32(size), penalty=100.0
        )
        assert found.converged
        np.testing.assert_allclose([found.params["a"], found.params["b"]], [a[best], b[best]], atol=2e-3)
        # slopes of f are of the order of 100 around there, and of this tol is a share
        np.testing.assert_allclose(found.inequality_multipliers[0] * (1e9 / size), 0.03865, atol=5e-3)


def linear(x):
    return -x[0] - 2 * x[1]


def polygon(x):
    return jnp.array([x[0] + x[1] - 4, x[0] - 3, -x[0], -x[1], x[1] - 2])


def test_a_linear_program_ends_in_a_corner():
    found = augmented_lagrangian.minimize(linear, jnp.zeros(2), inequality=polygon)
    assert found.converged
    np.testing.assert_allclose(found.params, [2, 2], atol=1e-3)
    np.testing.assert_allclose(found.inequality_multipliers, [1, 0, 0, 0, 1], atol=1e-3)


def bowl(x, data):
    return jnp.sum((x - data[0]) ** 2)


def two_lines(x, data):
    return jnp.stack([x[0] - data[0], x[0] - data[1]])


def test_what_has_no_answer_has_not_converged():
    solve = partial(augmented_lagrangian.minimize, bowl, jnp.zeros(2), equality=two_lines)
    assert solve(data=jnp.array([1.0, 1.0])).converged  # one line, twice
    apart = solve(data=jnp.array([1.0, 2.0]))
    assert not apart.converged and apart.violation > 0.1
    broken = solve(data=jnp.array([jnp.nan, 1.0]))
    assert not broken.converged and broken.status == Status.NON_FINITE
    downhill = augmented_lagrangian.minimize(lambda x: x[0], jnp.zeros(2), inequality=lambda x: x[1] - 1)
    assert not downhill.converged


def test_penalty_loss_by_hand():
    found = penalty.loss(
        lambda x: x[0], jnp.array([3.0, -1.0]), equality=lambda x: x + 1, inequality=lambda x: x - 1, penalty=0.5
    )
    np.testing.assert_allclose(found, 3 + 0.25 * (16 + 0 + 4 + 0))


LOW, HIGH = np.array([-0.5, 0.0, -np.inf]), np.array([0.5, 0.3, np.inf])
NORMAL, MATRIX, TOTAL = np.array([1.0, -2.0, 0.5]), np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 2.0]]), np.array([1.0, 0.5])
SETS = {
    "box": (partial(sets.box, low=LOW, high=HIGH), lambda w: np.clip(w, LOW, HIGH)),
    "halfspace": (
        lambda v: sets.halfspace(v, NORMAL, bound=-1.0),
        lambda w: w - max(NORMAL @ w + 1, 0) * NORMAL / (NORMAL @ NORMAL),
    ),
    "affine": (
        lambda v: sets.affine(v, MATRIX, TOTAL),
        lambda w: w + np.linalg.lstsq(MATRIX, TOTAL - MATRIX @ w, rcond=None)[0],
    ),
    "simplex": (norms.project_simplex, lambda w: np.abs(w) / np.abs(w).sum()),
}


@pytest.mark.parametrize("name", SETS)
def test_no_point_of_a_set_is_nearer_than_the_projection(x64, name):
    """The angle between v - P and any w - P in the set is at least 90 degrees; and what is inside stays."""
    project, member = SETS[name]
    for _ in range(5):
        v = 2 * RNG.normal(size=3)
        found = np.asarray(project(v))
        np.testing.assert_allclose(project(found), found, atol=1e-12)
        inside = np.array([member(2 * RNG.normal(size=3)) for _ in range(50)])
        np.testing.assert_allclose(np.array([project(w) for w in inside[:3]]), inside[:3], atol=1e-12)
        assert ((inside - found) @ (v - found)).max() <= 1e-9


def test_simplex_by_enumeration_of_supports(x64):
    """The brute force: for each support the affine projection; the nearest feasible one is the answer."""
    for _ in range(5):
        v, candidates = RNG.normal(size=3), []
        for code in range(1, 8):
            support = np.array([bool(code & 1 << j) for j in range(3)])
            w = np.where(support, v - (v[support].sum() - 1) / support.sum(), 0.0)
            if (w >= 0).all():
                candidates.append(w)
        best = min(candidates, key=lambda w: np.sum((w - v) ** 2))
        np.testing.assert_allclose(norms.project_simplex(v), best, atol=1e-12)


def test_nearest_matrix_without_negative_eigenvalues(x64):
    """The rest of the symmetric part is negative and perpendicular, which makes the distance least (Moreau)."""
    for _ in range(3):
        m = RNG.normal(size=(4, 4))
        found = np.asarray(sets.psd(m))
        rest = (m + m.T) / 2 - found
        assert np.linalg.eigvalsh(found).min() >= -1e-12 and np.linalg.eigvalsh(rest).max() <= 1e-12
        assert abs(np.sum(found * rest)) < 1e-12
        np.testing.assert_allclose(sets.psd(1e-25 * m), 1e-25 * found, rtol=1e-9)


def residuals(x, data):
    return jnp.sum((data["a"] @ x - data["b"]) ** 2)


def test_projected_gradient_equals_scipy_and_the_augmented_lagrangian(x64):
    data = {"a": RNG.normal(size=(8, 4)), "b": 3 * RNG.normal(size=8)}
    project = partial(sets.box, low=0.0, high=0.3)
    found = projected_gradient.minimize(residuals, np.zeros(4), project=project, data=data, tol=1e-12)
    assert found.converged
    np.testing.assert_allclose(found.params, scipy.optimize.lsq_linear(data["a"], data["b"], (0, 0.3)).x, atol=1e-7)
    parts = projected_gradient.minimize(residuals, np.zeros(4), project=norms.project_simplex, data=data, tol=1e-12)
    other = augmented_lagrangian.minimize(
        residuals,
        np.full(4, 0.3),
        equality=lambda x, _: jnp.sum(x) - 1,
        inequality=lambda x, _: -x,
        data=data,
        tol=1e-8,
    )
    assert parts.converged and other.converged and (np.asarray(parts.params) == 0).any()
    np.testing.assert_allclose(parts.params, other.params, atol=1e-6)


def test_projected_gradient_in_any_units_and_where_it_cannot_end():
    data = {"a": RNG.normal(size=(8, 4)).astype(np.float32), "b": RNG.normal(size=8).astype(np.float32)}
    project = partial(sets.box, low=0.0, high=np.float32(np.inf))
    solve = partial(projected_gradient.minimize, residuals, project=project)
    plain = solve(np.zeros(4, np.float32), data=data)
    small = solve(np.zeros(4, np.float32), data={"a": 1e-9 * data["a"] / 1e-8, "b": 1e-9 * data["b"]})
    assert plain.converged and small.converged
    np.testing.assert_allclose(np.asarray(small.params) / 1e-8, plain.params, atol=1e-4)
    assert solve(np.zeros(4, np.float32), data={**data, "b": data["b"] * np.nan}).status == Status.NON_FINITE
    falls = projected_gradient.minimize(lambda x: -jnp.sum(x), np.ones(4, np.float32), project=project)
    assert not falls.converged


def test_conserved_totals_hold_to_rounding_and_bring_predictions_nearer():
    truth = RNG.dirichlet(np.ones(5), size=20)
    guess = (truth + 0.1 * RNG.normal(size=truth.shape)).astype(np.float32)
    found = np.asarray(balance.conserve(guess, np.ones((1, 5)), [1.0]))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=2e-7)
    off, before = (np.linalg.norm(a - truth, axis=1) for a in (found, guess))
    assert (off <= before + 1e-6).all() and off.sum() < 0.95 * before.sum()
    np.testing.assert_allclose(balance.conserve(found, np.ones((1, 5)), [1.0]), found, atol=2e-7)


def test_corrections_are_weighted_least_squares_and_laws_may_repeat(x64):
    y, matrix, scale = RNG.normal(size=(6, 4)), RNG.normal(size=(2, 4)), np.array([1e-9, 2e-9, 5e-10, 3e-9])
    total = RNG.normal(size=(6, 2))
    found = balance.conserve(y, matrix, total, scale=scale)
    np.testing.assert_allclose(found @ matrix.T, total, atol=1e-12)
    gram = matrix @ np.diag(scale**2) @ matrix.T
    for row, b, expected in zip(y, total, found, strict=True):
        by_hand = row - scale**2 * (matrix.T @ np.linalg.solve(gram, matrix @ row - b))
        np.testing.assert_allclose(expected, by_hand, atol=1e-10)
    thrice = np.vstack([matrix, 1e-20 * matrix[0]]), np.hstack([total, 1e-20 * total[:, :1]])
    np.testing.assert_allclose(balance.conserve(y, *thrice, scale=scale), found, atol=1e-10)


@pytest.fixture(scope="module")
def noisy():
    x = RNG.uniform(-1, 1, size=(40, 3)).astype(np.float32)
    y = np.tanh(3 * x[:, 0]) - x[:, 1] ** 3 + np.sin(4 * x[:, 2]) + 0.1 * RNG.normal(size=40)
    return x, (1e-19 * y).astype(np.float32)


@pytest.fixture(scope="module")
def grown(noisy):
    return monotone.fit(*noisy, key=jax.random.key(0), directions=(1, -1, 0), hidden=(12, 12), n_steps=400)


def test_monotone_network_fits_and_keeps_its_directions_far_from_the_data(noisy, grown):
    assert monotone.score(grown, *noisy) > 0.9
    far = 3 * RNG.normal(size=(50, 3))
    for column, way in ((0, 1), (1, -1)):
        path = np.repeat(far[:, None], 20, axis=1)
        path[:, :, column] = np.linspace(-20, 20, 20)
        steps = np.diff(monotone.predict(grown, path.reshape(-1, 3)).reshape(50, 20), axis=1)
        assert (way * steps >= -1e-25).all() and (way * steps > 0).any()
    free = monotone.predict(grown, np.stack([np.zeros(50), np.zeros(50), np.linspace(-1, 1, 50)], axis=1))
    assert (np.diff(free) > 0).any() and (np.diff(free) < 0).any()


def test_convex_network_lies_below_its_chords(noisy):
    x, _ = noisy
    y = np.abs(x[:, 0]) + x[:, 1] ** 2 + x[:, 2]
    bent = monotone.fit(x, y, key=jax.random.key(1), directions=(0, 0, 1), convex=True, hidden=(12, 12), n_steps=400)
    assert monotone.score(bent, x, y) > 0.95
    a, b = (3 * RNG.normal(size=(2, 100, 3))).astype(np.float32)
    ends = monotone.predict(bent, a) / 2 + monotone.predict(bent, b) / 2
    assert (monotone.predict(bent, (a + b) / 2) <= ends + 1e-5).all()
    assert (monotone.predict(bent, a + np.float32([0, 0, 1])) > monotone.predict(bent, a)).all()


def test_a_direction_helps_where_data_are_few():
    """Five noisy points of an increasing curve: free networks go through the noise."""
    x, dense = np.linspace(-1, 1, 5)[:, None], np.linspace(-1, 1, 50)[:, None]
    y = x[:, 0] + np.array([0.6, -0.6, 0.6, -0.6, 0.6])
    errors = []
    for way in (1, 0):
        fitted = monotone.fit(x, y, key=jax.random.key(0), directions=(way,), hidden=(12, 12), n_steps=1000)
        errors.append(np.mean((monotone.predict(fitted, dense) - dense[:, 0]) ** 2))
    assert errors[0] < 0.7 * errors[1]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: augmented_lagrangian.minimize(lambda x: x, jnp.zeros(2)), "objective must return a number"),
        (lambda: augmented_lagrangian.minimize(jnp.sum, jnp.zeros(2), penalty=0.0), "penalty must be positive"),
        (lambda: augmented_lagrangian.minimize(jnp.sum, jnp.zeros(2), max_iter=0), "max_iter"),
        (lambda: penalty.loss(lambda x: x, jnp.zeros(2)), "objective must return a number"),
        (lambda: projected_gradient.minimize(jnp.sum, jnp.zeros(2), project=jnp.sum), "same shape"),
        (lambda: balance.conserve([[1.0, 1.0]], [[1.0, 1.0]], [1.0], scale=[1.0, 0.0]), "scale must be positive"),
        (lambda: monotone.fit([[1.0]], [1.0], key=jax.random.key(0), directions=(2,)), "directions must have"),
        (lambda: monotone.fit([[1.0]], [1.0], key=jax.random.key(0), directions=(1, 0)), "directions must have"),
    ],
)
def test_what_cannot_be_done_is_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()
