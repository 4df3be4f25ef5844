import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from mfml.decomposition import norms

vectors = st.lists(st.floats(-10, 10, width=32), min_size=4, max_size=4).map(lambda v: jnp.array(v, jnp.float32))
radii = st.sampled_from([0.1, 1.0, 5.0])
PROJECTIONS = {
    norms.project_l1_ball: lambda v, r: np.abs(v).sum() <= r + 1e-5,  # entries of v are rounded by 1e-6
    norms.project_l2_ball: lambda v, r: np.sqrt((np.asarray(v, float) ** 2).sum()) <= r + 1e-5,
}


def test_norms_are_those_of_numpy(key):
    v = jax.random.normal(key, (7,))
    np.testing.assert_allclose(norms.l1(v), np.linalg.norm(v, 1), rtol=1e-6)
    np.testing.assert_allclose(norms.l2(v), np.linalg.norm(v), rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_l2_neither_overflows_nor_underflows(scale):
    np.testing.assert_allclose(norms.l2(jnp.array([3.0, 4.0]) * scale), 5 * scale, rtol=1e-6)


def test_l2_shows_nan_and_infinity():
    assert np.isnan(norms.l2(jnp.array([np.nan, 1.0])))
    assert np.isinf(norms.l2(jnp.array([np.inf, 1.0])))


def test_gradients_away_from_and_at_zero():
    v = jnp.array([3.0, -4.0])
    np.testing.assert_allclose(jax.grad(norms.l2)(v), [0.6, -0.8], rtol=1e-6)
    np.testing.assert_allclose(jax.grad(norms.l1)(v), [1, -1])
    np.testing.assert_array_equal(jax.grad(norms.l2)(jnp.zeros(2)), 0)
    np.testing.assert_array_equal(jax.grad(norms.l1)(jnp.zeros(2)), 0)


@settings(max_examples=40, deadline=None)
@given(vectors, radii)
def test_projections_are_those_of_optax(v, radius):
    ours = norms.project_l1_ball(v, radius=radius), norms.project_l2_ball(v, radius=radius)
    theirs = optax.projections.projection_l1_ball(v, radius), optax.projections.projection_l2_ball(v, radius)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    simplex = norms.project_simplex(v, total=radius)
    np.testing.assert_allclose(simplex, optax.projections.projection_simplex(v, radius), atol=1e-5)


@pytest.mark.parametrize("project", PROJECTIONS)
@settings(max_examples=40, deadline=None)
@given(v=vectors, w=vectors, radius=radii)
def test_projection_laws(project, v, w, radius):
    """Inside the ball; a second projection changes nothing; no point of the ball is nearer; distances shrink."""
    inside = PROJECTIONS[project]
    p, q = project(v, radius=radius), project(w, radius=radius)
    assert inside(p, radius)
    np.testing.assert_allclose(project(p, radius=radius), p, atol=1e-5)
    # The obtuse angle criterion, with the other projection as the point of the ball.
    assert float((v - p) @ (q - p)) <= 1e-3
    assert float(jnp.linalg.norm(p - q)) <= float(jnp.linalg.norm(v - w)) + 1e-4
    if inside(v, radius * (1 - 1e-4)):
        np.testing.assert_array_equal(p, v)


def test_l1_projection_makes_exact_zeros():
    p = norms.project_l1_ball(jnp.array([3.0, 0.5, -0.1]))
    assert p.tolist() == [1.0, 0.0, 0.0]


def test_projection_of_ties_and_of_one_entry():
    np.testing.assert_allclose(norms.project_l1_ball(jnp.array([2.0, -2.0])), [0.5, -0.5])
    np.testing.assert_allclose(norms.project_simplex(jnp.array([-3.0])), [1.0])
    np.testing.assert_allclose(norms.project_l1_ball(jnp.array([-3.0])), [-1.0])


@pytest.mark.parametrize(
    ("prox", "penalty"),
    [
        (norms.prox_l1, lambda w: np.abs(w).sum()),
        (norms.prox_l2, lambda w: np.sqrt((w**2).sum())),
        (norms.prox_squared_l2, lambda w: 0.5 * (w**2).sum()),
    ],
)
@pytest.mark.parametrize("v", [[1.5, -0.2], [0.1, 0.1], [-3.0, 2.0]])
def test_proximal_maps_minimize_their_definition(prox, penalty, v):
    v, t = np.array(v), 0.7
    found = np.asarray(prox(jnp.array(v), t), float)

    def definition(w):
        return 0.5 * ((w - v) ** 2).sum() + t * penalty(w)

    searched = scipy.optimize.minimize(definition, v / 2, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12})
    np.testing.assert_allclose(found, searched.x, atol=1e-4)
    assert definition(found) <= searched.fun + 1e-6


@settings(max_examples=30, deadline=None)
@given(vectors, radii)
def test_moreau_decomposition(v, t):
    """A norm's proximal map and the projection onto the ball of its dual norm add up to the vector."""
    np.testing.assert_allclose(norms.prox_l1(v, t) + jnp.clip(v, -t, t), v, atol=1e-5)
    np.testing.assert_allclose(norms.prox_l2(v, t) + norms.project_l2_ball(v, radius=t), v, atol=1e-4)


def test_soft_threshold_at_the_threshold_and_block_threshold_at_zero():
    assert norms.prox_l1(jnp.array([0.5, -0.5, 0.6]), 0.5).tolist()[:2] == [0.0, 0.0]
    np.testing.assert_array_equal(norms.prox_l2(jnp.zeros(3), 0.5), 0)
    np.testing.assert_array_equal(norms.prox_l2(jnp.array([0.3, 0.4]), 0.5), 0)


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 4.0, float("inf")])
def test_ball_outline_has_the_radius(p):
    points = np.asarray(norms.ball_outline(p, radius=2.0, n_points=33), float)
    size = np.abs(points).max(axis=1) if p == float("inf") else (np.abs(points) ** p).sum(axis=1) ** (1 / p)
    np.testing.assert_allclose(size, 2.0, rtol=1e-3)
    np.testing.assert_allclose(points[0], points[-1], atol=1e-5)


@pytest.mark.parametrize("project", [norms.project_l1_ball, norms.project_l2_ball])
def test_wrong_arguments_are_named(unchecked, project):
    with pytest.raises(ValueError, match="radius must be positive"):
        project(jnp.ones(2), radius=0.0)
    with pytest.raises(ValueError, match="v must not be empty"):
        project(jnp.ones(0))
    with pytest.raises(ValueError, match="v must have 1 axes"):
        project(jnp.ones((2, 2)))


def test_wrong_outline_and_simplex_arguments_are_named():
    with pytest.raises(ValueError, match="p must be positive"):
        norms.ball_outline(0.0)
    with pytest.raises(ValueError, match="n_points"):
        norms.ball_outline(1.0, n_points=1)
    with pytest.raises(ValueError, match="total must be positive"):
        norms.project_simplex(jnp.ones(2), total=-1.0)


def test_length_at_the_end_of_the_range():
    """The reciprocal of the largest power of two is subnormal, and a processor takes it for 0."""
    assert norms.l2(jnp.array([1e38, 1e38])) == pytest.approx(2**0.5 * 1e38)
    assert jax.jit(norms.l2)(jnp.array([2e38, 2e38])) == pytest.approx(2**0.5 * 2e38)
    np.testing.assert_allclose(norms.project_l2_ball(jnp.array([2e38, 2e38])), [0.5**0.5] * 2, rtol=1e-6)


@pytest.mark.parametrize("offset", [1e7, -1e7])
def test_projections_far_from_the_origin(offset):
    v = offset + jnp.array([0.0, 1.0, 2.0, -3.0, 2.0])
    np.testing.assert_allclose(norms.project_simplex(v, total=3.0), [0, 1 / 3, 4 / 3, 0, 4 / 3], rtol=1e-5)
    signs = jnp.array([1.0, -1.0, 1.0, 1.0, -1.0])
    if offset > 0:
        np.testing.assert_allclose(
            norms.project_l1_ball(signs * v, radius=3.0), signs * jnp.array([0, 1 / 3, 4 / 3, 0, 4 / 3]), rtol=1e-5
        )
