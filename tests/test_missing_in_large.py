"""A missing value shows in the result of every reduction, also among the thousands where a maximum by XLA loses it.

The laws of `tests/laws.py` see small arrays only: a CPU loses NaN in arrays of 4096 and more entries.
"""

import jax
import jax.numpy as jnp
import pytest

from mfml.clustering import anomaly, kmeans, kmedoids, kmedoids_steps, minibatch, scores, seeding
from mfml.data import nanoindentation
from mfml.decomposition import norms, pca, signs, spectral
from mfml.generalization import tree
from mfml.iteration import Status
from mfml.networks import activations, pooling
from mfml.numerics import scaling
from mfml.probability import calibration, central_limit, intervals, mle, robust
from mfml.regression import logistic, ols, runge
from mfml.representation import affinities, neighbors, quality
from mfml.risk import limits, losses, metrics, reinforcement
from mfml.uncertainty import gp, jitter, kernels

N = 10_000
LINE = jnp.linspace(0.0, 1.0, N).at[N // 2].set(jnp.nan)
TABLE = LINE.reshape(100, 100)
CROSSED = jnp.ones((N, 4)).at[N // 2, 1].set(jnp.nan)
COLUMN, CLEAN = LINE[:, None], jnp.linspace(-1.0, 1.0, N)
MISSING = jnp.arange(9.0)[:, None].at[4].set(jnp.nan)
CLASS = (jnp.arange(N) % 2).astype(int)
KEY = jax.random.key(0)
GRID = reinforcement.gridworld(jnp.zeros((40, 40), int).at[-1, -1].set(2))

CASES = {
    "largest": lambda: scaling.largest(LINE),
    "signs.of_rows": lambda: signs.of_rows(TABLE)[50],
    "spectral.is_psd": lambda: jnp.where(spectral.is_psd(TABLE), 1.0, jnp.nan),
    "norms.l2": lambda: norms.l2(LINE),
    "norms.project_simplex": lambda: norms.project_simplex(LINE),
    "pca.fit": lambda: pca.fit(TABLE, n_components=2).variance,
    "r2": lambda: metrics.r2(LINE, CLEAN),
    "softmax": lambda: losses.softmax(TABLE)[50],
    "concentration": lambda: limits.concentration(COLUMN, jnp.zeros(1)),
    "value_iteration": lambda: reinforcement.value_iteration(
        GRID._replace(reward=GRID.reward.at[800].set(jnp.nan)), max_iter=5
    ),
    "interpolation_error": lambda: runge.interpolation_error(runge.runge_function, runge.chebyshev_nodes(5), LINE),
    "logistic.fit": lambda: logistic.fit(COLUMN, CLASS),
    "normal_distance": lambda: central_limit.normal_distance(LINE),
    "pit_distance": lambda: calibration.pit_distance(LINE),
    "expected_error": lambda: calibration.expected_error(LINE, CLASS),
    "highest_density": lambda: intervals.highest_density(LINE),
    "credible": lambda: intervals.credible(LINE),
    "fit_gaussian": lambda: mle.fit_gaussian(LINE).scale,
    "fit_laplace": lambda: mle.fit_laplace(LINE),
    "leverage": lambda: ols.leverage(COLUMN),
    "hinge, compiled": lambda: jax.jit(lambda a: jnp.mean(losses.hinge(a @ jnp.ones(4), CLEAN)))(CROSSED),
    "relu, compiled": lambda: jax.jit(lambda a: jnp.mean(activations.relu(a @ jnp.ones(4))))(CROSSED),
    "at_least, compiled": lambda: jax.jit(lambda a: scaling.at_least(0.0, jnp.sum(a**2, axis=1)))(CROSSED),
    "at_most, compiled": lambda: jax.jit(lambda a: scaling.at_most(1.0, jnp.sum(a**2, axis=1)))(CROSSED),
    "robust.fit": lambda: robust.fit(CLEAN[:, None], LINE, df=3.0),
    "kmeans.fit": lambda: kmeans.fit(COLUMN, init=jnp.array([[0.0], [1.0]])),
    "kmeans.fit, init": lambda: kmeans.fit(CLEAN[:, None], init=MISSING),
    "kmeans.init": lambda: kmeans.init(CLEAN[:, None], MISSING).inertia,
    "kmeans.assign": lambda: jnp.where(kmeans.assign(CLEAN[:, None], MISSING) < 0, jnp.nan, 0.0),
    "minibatch.fit, init": lambda: minibatch.fit(CLEAN[:, None], init=MISSING, key=KEY),
    "kmedoids_steps.init": lambda: kmedoids_steps.init(TABLE, jnp.arange(60)).loss,
    "kmedoids.fit": lambda: kmedoids.fit(TABLE, init=jnp.arange(60)),
    "kmedoids.alternate": lambda: kmedoids.fit(TABLE, init=jnp.arange(60), solver="alternate"),
    "silhouette": lambda: scores.silhouette(TABLE, CLASS[:100], n_clusters=2),
    "anomaly.threshold": lambda: anomaly.threshold(LINE, contamination=0.1),
    "seeding.weights": lambda: seeding.weights(COLUMN, jnp.array([[0.0], [1.0]])),
    "tree.fit, y": lambda: tree.fit(CLEAN[:, None], LINE, max_depth=2).value,
    "at_unit_scale": lambda: neighbors.at_unit_scale(COLUMN),
    "conditional": lambda: affinities.conditional(TABLE, perplexity=5.0).p[50],
    "separation": lambda: quality.separation(TABLE, jnp.arange(100), n_classes=100),
    "max_pool": lambda: pooling.max_pool(TABLE[None, :, :, None], window=2),
    "kernels.matrix": lambda: kernels.matrix(kernels.Constant(), TABLE, TABLE)[50],
    "jitter.cholesky": lambda: jitter.cholesky(TABLE),
    "gp.fit": lambda: gp.fit(TABLE, CLEAN[:100], kernel=kernels.RBF(), max_iter=2),
    "oliver_pharr": lambda: nanoindentation.oliver_pharr(TABLE, TABLE).hardness[50],
}


@pytest.mark.parametrize("name", CASES)
def test_a_missing_value_shows(name):
    result = CASES[name]()
    assert any(jnp.isnan(leaf).any() for leaf in jax.tree.leaves(result) if jnp.issubdtype(leaf.dtype, jnp.floating))
    assert not jnp.isinf(jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(result)])).all()
    if hasattr(result, "status"):
        assert not result.converged and result.status == Status.NON_FINITE
