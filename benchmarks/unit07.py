"""Unit 7 against scikit-learn, and against XGBoost and LightGBM where they are installed."""

from functools import partial
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.generalization import boosting, elastic_net, forest, lasso, ridge


def sparse_data(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlated features, one in twenty of which matters."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d)) + 0.5 * rng.normal(size=(n, 1))
    weights = np.where(np.arange(d) % 20 == 0, rng.normal(size=d), 0.0)
    y = x @ weights + rng.normal(size=n)
    return (x - x.mean(0)).astype(np.float32), (y - y.mean()).astype(np.float32)


def objective(x, y, coef, alpha):
    coef = np.asarray(coef, np.float64)
    residual = y.astype(np.float64) - x.astype(np.float64) @ coef
    return float(0.5 * np.mean(residual**2) + alpha * np.abs(coef).sum())


def one_lasso() -> Pair:
    from sklearn.linear_model import Lasso

    x, y = sparse_data(2000, 1000)
    ours_x, ours_y, alpha = jnp.asarray(x), jnp.asarray(y), 0.05
    return Pair(
        ours=lambda: lasso.fit(ours_x, ours_y, alpha=alpha),
        theirs=lambda: Lasso(alpha=alpha).fit(x, y),
        loss_of_ours=lambda model: objective(x, y, model.coef, alpha),
        loss_of_theirs=lambda model: objective(x, y, model.coef_, alpha),
        slack=1e-3,
    )


def lasso_path() -> Pair:
    from sklearn.linear_model import lasso_path

    x, y = sparse_data(2000, 1000)
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)
    alphas = elastic_net.grid(elastic_net.problem(ours_x, ours_y), n_alphas=100)
    listed = np.asarray(alphas)

    def mean_objective(coefs):
        return float(np.mean([objective(x, y, coef, alpha) for coef, alpha in zip(coefs, listed, strict=True)]))

    return Pair(
        ours=lambda: lasso.path(ours_x, ours_y, alphas),
        theirs=lambda: lasso_path(x, y, alphas=listed),
        loss_of_ours=lambda path: mean_objective(np.asarray(path.coef)),
        loss_of_theirs=lambda path: mean_objective(path[1].T),
        slack=1e-3,
    )


def ridge_path() -> Pair:
    from sklearn.linear_model import Ridge

    x, y = sparse_data(2000, 500)
    alphas = np.geomspace(1e-1, 1e4, 100).astype(np.float32)
    ours_x, ours_y, ours_alphas = jnp.asarray(x), jnp.asarray(y), jnp.asarray(alphas)
    columns = np.repeat(y[:, None], len(alphas), axis=1)  # one decomposition for all penalties

    def mean_objective(coefs):
        coefs = np.asarray(coefs, np.float64)
        residual = y - coefs @ x.astype(np.float64).T
        return float(np.mean((residual**2).sum(axis=1) + alphas * (coefs**2).sum(axis=1)))

    return Pair(
        ours=lambda: ridge.path(ours_x, ours_y, ours_alphas),
        theirs=lambda: Ridge(alpha=alphas, solver="svd").fit(x, columns),
        loss_of_ours=lambda path: mean_objective(path.coef),
        loss_of_theirs=lambda model: mean_objective(model.coef_),
        slack=1e-4,
    )


def curved_data(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """A smooth function of five of the features, with noise."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, d)).astype(np.float32)
    signal = 2 * x[:, 0] + np.sin(3 * x[:, 1]) + x[:, 2] * x[:, 3] + np.abs(x[:, 4])
    return x, (signal + 0.3 * rng.normal(size=n)).astype(np.float32)


def split_data(n: int, d: int):
    x, y = curved_data(n + 5000, d)
    return x[:n], y[:n], x[n:], y[n:]


def random_forest() -> Pair:
    from sklearn.ensemble import RandomForestRegressor

    x, y, x_test, y_test = split_data(10_000, 20)
    ours_x, ours_y, key = jnp.asarray(x), jnp.asarray(y), jax.random.key(0)
    peer = partial(RandomForestRegressor, n_estimators=100, max_depth=10, n_jobs=2, random_state=0)

    def error(predicted):
        return float(np.mean((np.asarray(predicted) - y_test) ** 2))

    return Pair(
        ours=lambda: forest.fit(key, ours_x, ours_y, n_estimators=100, max_depth=10),
        theirs=lambda: peer().fit(x, y),
        loss_of_ours=lambda model: error(forest.predict(model, jnp.asarray(x_test))),
        loss_of_theirs=lambda model: error(model.predict(x_test)),
        slack=0.02,
    )


def boosted(peer: str, n: int = 100_000) -> Pair:
    x, y, x_test, y_test = split_data(n, 20)
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)

    def error(predicted):
        return float(np.mean((np.asarray(predicted) - y_test) ** 2))

    return Pair(
        ours=lambda: boosting.fit(ours_x, ours_y, max_iter=100, max_depth=6, l2_regularization=0.0),
        theirs=lambda: PEERS[peer](x, y),
        loss_of_ours=lambda model: error(boosting.predict(model, jnp.asarray(x_test))),
        loss_of_theirs=lambda model: error(model.predict(x_test)),
        slack=0.02,
    )


def hist_gradient_boosting(x, y):
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=100, max_depth=6, max_leaf_nodes=None, early_stopping=False).fit(x, y)


def xgboost_trees(x, y):
    import xgboost

    return xgboost.XGBRegressor(
        n_estimators=100, max_depth=6, learning_rate=0.1, max_bin=256, n_jobs=2, tree_method="hist"
    ).fit(x, y)


def lightgbm_trees(x, y):
    import lightgbm

    return lightgbm.LGBMRegressor(
        n_estimators=100, max_depth=6, num_leaves=64, learning_rate=0.1, n_jobs=2, verbose=-1
    ).fit(x, y)


PEERS = {"scikit-learn": hist_gradient_boosting, "xgboost": xgboost_trees, "lightgbm": lightgbm_trees}

ROWS = [
    Row("7.lasso 2000x1000", "Lasso()", one_lasso, note="loss: the objective"),
    Row("7.lasso path 2000x1000, 100 penalties", "lasso_path()", lasso_path, note="loss: mean objective"),
    Row("7.ridge path 2000x500, 100 penalties", "Ridge(solver='svd')", ridge_path, note="loss: mean objective"),
    Row(
        "7.forest 10000x20, 100 trees, depth 10",
        "RandomForestRegressor(n_jobs=2)",
        random_forest,
        note="loss: test error; ours with 63 bins, and the out-of-bag predictions",
    ),
    Row(
        "7.boosting 100000x20, against scikit-learn",
        "HistGradientBoostingRegressor()",
        partial(boosted, "scikit-learn"),
        note="100 rounds, depth 6, 255 bins; loss: test error",
    ),
    *(
        Row(
            f"7.boosting 100000x20, against {peer}",
            f"{peer}, 2 threads",
            partial(boosted, peer),
            note="100 rounds, depth 6, 255 bins; loss: test error",
        )
        for peer in ("xgboost", "lightgbm")
        if find_spec(peer)
    ),
    *(
        Row(f"7.boosting growth, {n}x20", "HistGradientBoostingRegressor()", partial(boosted, "scikit-learn", n))
        for n in (12_500, 25_000, 50_000)
    ),
]
