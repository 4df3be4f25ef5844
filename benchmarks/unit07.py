"""Unit 7 against scikit-learn, and against XGBoost and LightGBM if they are installed."""

from functools import partial

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


DRAWS = 3  # data sets that an error is the mean of


def friedman(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Friedman's first function of five of the features: n noisy samples, then 20 000 points and their true values.

    Every term has a gain of its own. (A product of centered features has none: trees find it by chance, and
    which library comes out best changes with the seed.)
    """
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=(n + 20_000, d)).astype(np.float32)
    signal = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = (signal + rng.normal(size=len(x))).astype(np.float32)
    return x[:n], y[:n], x[n:], signal[n:]


def against(fit_ours, predict_ours, fit_theirs, n: int) -> Pair:
    """Fits of one draw are timed; their error is averaged with that of fits to more draws."""
    draws = [friedman(n, 20, seed) for seed in range(DRAWS)]
    x, y = draws[0][:2]
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)

    def error(first, fit, predict, convert) -> float:
        models = [first, *(fit(convert(x), convert(y)) for x, y, *_ in draws[1:])]
        return float(
            np.mean(
                [
                    np.mean((np.asarray(predict(model, convert(points))) - signal) ** 2)
                    for model, (*_, points, signal) in zip(models, draws, strict=True)
                ]
            )
        )

    return Pair(
        ours=lambda: fit_ours(ours_x, ours_y),
        theirs=lambda: fit_theirs(x, y),
        loss_of_ours=lambda model: error(model, fit_ours, predict_ours, jnp.asarray),
        loss_of_theirs=lambda model: error(model, fit_theirs, lambda model, x: model.predict(x), np.asarray),
        slack=0.03,
    )


def random_forest() -> Pair:
    from sklearn.ensemble import RandomForestRegressor

    peer = partial(RandomForestRegressor, n_estimators=100, max_depth=10, n_jobs=2, random_state=0)
    ours = partial(forest.fit, key=jax.random.key(0), n_estimators=100, max_depth=10)
    return against(ours, forest.predict, lambda x, y: peer().fit(x, y), 10_000)


def boosted(peer: str, n: int = 100_000) -> Pair:
    ours = partial(boosting.fit, max_iter=100, max_depth=6, l2_regularization=0.0, min_child_weight=20.0)
    return against(ours, boosting.predict, PEERS[peer], n)


def hist_gradient_boosting(x, y):
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=100, max_depth=6, max_leaf_nodes=None, early_stopping=False).fit(x, y)


def xgboost_trees(x, y):
    import xgboost

    return xgboost.XGBRegressor(
        n_estimators=100,
        max_depth=6,
        learning_rate=0.1,
        max_bin=256,
        reg_lambda=0.0,
        min_child_weight=20.0,
        n_jobs=2,
        tree_method="hist",
    ).fit(x, y)


def lightgbm_trees(x, y):
    import lightgbm

    return lightgbm.LGBMRegressor(
        n_estimators=100, max_depth=6, num_leaves=64, learning_rate=0.1, n_jobs=2, verbose=-1
    ).fit(x, y)


PEERS = {"scikit-learn": hist_gradient_boosting, "xgboost": xgboost_trees, "lightgbm": lightgbm_trees}

BOOSTING = "100 rounds, depth 6, 255 bins, 20 samples per leaf; loss: mean error against the truth over three draws"
ROWS = [
    Row("7.lasso 2000x1000", "Lasso()", one_lasso, note="loss: the objective"),
    Row("7.lasso path 2000x1000, 100 penalties", "lasso_path()", lasso_path, note="loss: mean objective"),
    Row("7.ridge path 2000x500, 100 penalties", "Ridge(solver='svd')", ridge_path, note="loss: mean objective"),
    Row(
        "7.forest 10000x20, 100 trees, depth 10",
        "RandomForestRegressor(n_jobs=2)",
        random_forest,
        note="loss: mean error against the truth over three draws; ours with 63 bins, and the out-of-bag predictions",
    ),
    Row(
        "7.boosting 100000x20, against scikit-learn",
        "HistGradientBoostingRegressor()",
        partial(boosted, "scikit-learn"),
        note=BOOSTING,
    ),
    *(
        Row(
            f"7.boosting 100000x20, against {peer}",
            f"{peer}, 2 threads",
            partial(boosted, peer),
            note=BOOSTING,
        )
        for peer in ("xgboost", "lightgbm")
    ),
    *(
        Row(
            f"7.boosting growth, {n}x20",
            "HistGradientBoostingRegressor()",
            partial(boosted, "scikit-learn", n),
            note=BOOSTING,
        )
        for n in (12_500, 25_000, 50_000)
    ),
]
