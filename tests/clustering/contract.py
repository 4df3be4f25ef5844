"""One example of every public function of unit 5."""

import jax
import jax.numpy as jnp

from mfml.clustering import (
    anomaly,
    autoencoder,
    blocks,
    covariances,
    distances,
    gmm,
    kmeans,
    kmedoids,
    lloyd,
    minibatch,
    mixture,
    scores,
    seeding,
)
from tests.contract import Example


def clouds(key, n=12, d=2):
    """Three clouds far apart, where rounding does not matter."""
    centers = jnp.array([[-6.0, 0.0], [0.0, 6.0], [6.0, -3.0]])[:, :d]
    return jnp.repeat(centers, n // 3, axis=0) + 0.5 * jax.random.normal(key, (n, d))


def data(key):
    return {"x": clouds(key)}


def starts(key):
    return clouds(key)[jnp.array([1, 5, 9])]


def started(key):
    return {"x": clouds(key), "centroids": starts(key)}


def labels(key):
    return jnp.arange(12) // 4


def fitted(key):
    return {"model": kmeans.fit(clouds(key), init=starts(key)), "x": clouds(key) + 0.1}


def table(key):
    x = clouds(key)
    return jnp.abs(x[:, None] - x).sum(axis=-1)


def medoids(key):
    return kmedoids.init(table(key), jnp.array([0, 1, 2]))


def gamma(key):
    return jax.nn.softmax(jax.random.normal(key, (12, 3)), axis=1)


def bells(key):
    return gmm.m_step(clouds(key), gamma(key))


def mixed(key):
    return {"model": bells(key), "x": clouds(key)}


def whitener(key):
    return covariances.whitener(bells(key).covariances, bells(key).means)


def dense(key):
    return autoencoder.init_dense(key=key, n_features=2, n_components=1, hidden=(3,))


def coded(key):
    return {"model": dense(key), "x": clouds(key) / 6}


def latent(key):
    return {"model": anomaly.fit_latent(clouds(key)), "z": clouds(key) + 1}


def pair(key):
    return {"first": jax.random.randint(key, (12,), 0, 3), "second": labels(key)}


CLUSTERS = {"n_clusters": 3}
TABLE = {"memory": "a silhouette needs the table of all distances, as its docstring says"}
WITH_CENTROIDS = {"units": ({"x": 1, "centroids": 1},), "origins": (("x", "centroids"),)}

EXAMPLES = [
    Example(blocks.split, data, {"size": 5}, gradient=("x",)),
    Example(blocks.join, lambda key: {"values": jax.random.normal(key, (3, 4))}, {"n": 10}, gradient=("values",)),
    Example(
        distances.squared_euclidean,
        lambda key: {"x": clouds(key), "y": starts(key)},
        gradient=("x", "y"),
        tolerance=1e-3,
    ),
    Example(
        distances.from_products,
        lambda key: {
            "products": clouds(key) @ starts(key).T,
            "x_squared": 40 + jnp.arange(12.0),
            "y_squared": 50.0 * jnp.ones(3),
        },
        gradient=("products", "x_squared", "y_squared"),
        tolerance=1e-3,
    ),
    Example(
        distances.euclidean,
        lambda key: {"x": clouds(key), "y": starts(key)},
        gradient=("x", "y"),
        tolerance=1e-3,
        units=({"x": 1, "y": 1},),
        origins=(("x", "y"),),
    ),
    Example(seeding.weights, started, gradient=("x", "centroids"), tolerance=1e-3, **WITH_CENTROIDS),
    Example(seeding.plus_plus, lambda key: data(key) | {"key": key}, CLUSTERS, x64=False),  # draws differ by dtype
    Example(seeding.choose, lambda key: data(key) | {"key": key}, CLUSTERS, x64=False),
    Example(
        seeding.choose,
        lambda key: data(key) | {"key": key},
        CLUSTERS | {"init": "random"},
        x64=False,
        exempt={
            "missing": "rows are drawn by their numbers, whatever they hold",
            "twice": "each row is drawn at most once, whatever its weight",
        },
    ),
    Example(seeding.starts, lambda key: data(key) | {"key": key}, CLUSTERS | {"n_init": 2}, x64=False),
    Example(
        seeding.starts,
        lambda key: data(key) | {"init": starts(key)},
        exempt=dict.fromkeys(
            ("missing", "nothing"), "given centroids are returned as they are, and only their shape is compared"
        ),
    ),
    Example(kmeans.assign, started, **WITH_CENTROIDS),
    Example(
        kmeans.update,
        lambda key: started(key) | {"labels": labels(key)},
        gradient=("x",),
        exempt={"missing": "a cluster with samples forgets its centroid"},
    ),
    Example(
        lloyd.prepared,
        data,
        exempt={"twice": "the data are returned as they are, and each row is one of them"},
        tolerance=1e-3,
    ),
    Example(
        lloyd.one_pass,
        lambda key: {"data": lloyd.prepared(clouds(key)), "centroids": starts(key)},
        tolerance=1e-3,
    ),
    Example(
        lloyd.labels,
        lambda key: {
            "data": lloyd.prepared(clouds(key)),
            "centroids": starts(key),
            "unclear": jnp.array(False),
        },
    ),
    Example(kmeans.init, started, tolerance=1e-3),
    Example(
        kmeans.step, lambda key: {"state": kmeans.init(clouds(key), starts(key)), "x": clouds(key)}, tolerance=1e-3
    ),
    Example(
        kmeans.relocate,
        lambda key: started(key) | {"counts": jnp.array([4.0, 0.0, 4.0])},
        origins=(("x", "centroids"),),
    ),
    Example(kmeans.fit, lambda key: data(key) | {"key": key}, CLUSTERS | {"n_init": 2, "max_iter": 9}, x64=False),
    Example(
        kmeans.fit,
        lambda key: data(key) | {"init": starts(key)},
        {"max_iter": 9},
        tolerance=1e-3,
        units=({"x": 1, "init": 1},),
        origins=(("x", "init"),),
        exempt={"far": "a centroid of far samples is rounded as they are, and the inertia is that of this centroid"},
    ),
    Example(kmeans.predict, fitted),
    Example(kmeans.transform, fitted, gradient=("x",), tolerance=1e-3),
    Example(kmeans.ordered, lambda key: {"centroids": starts(key)}),
    Example(minibatch.init, lambda key: {"centroids": starts(key)}, gradient=("centroids",)),
    Example(
        minibatch.step,
        lambda key: {"state": minibatch.init(starts(key)), "batch": clouds(key)},
        exempt={
            **dict.fromkeys(("unit", "origin"), "the state has the unit and the origin of the batch as well"),
            "nothing": "a batch without samples leaves the state as it is",
        },
    ),
    Example(
        minibatch.fit, lambda key: data(key) | {"key": key}, CLUSTERS | {"batch_size": 6, "n_steps": 20}, x64=False
    ),
    Example(kmedoids.init, lambda key: {"dissimilarity": table(key), "medoids": jnp.array([0, 4])}),
    Example(kmedoids.plus_plus, lambda key: {"dissimilarity": table(key), "key": key}, CLUSTERS, x64=False),
    Example(kmedoids.swap_changes, lambda key: {"state": medoids(key), "rows": table(key)[:5]}, gradient=("rows",)),
    Example(
        kmedoids.swap,
        lambda key: {"state": medoids(key), "dissimilarity": table(key), "candidates": jnp.arange(12)},
        exempt={"origin": "the state holds dissimilarities as well, from the same origin"},
    ),
    Example(
        kmedoids.swap_rows,
        lambda key: {"state": medoids(key), "rows": table(key)[:7], "candidates": jnp.arange(7)},
        exempt={"origin": "the state holds dissimilarities as well, from the same origin"},
    ),
    Example(kmedoids.alternate, lambda key: {"state": medoids(key), "dissimilarity": table(key)}),
    Example(kmedoids.fit, lambda key: {"dissimilarity": table(key), "key": key}, CLUSTERS, x64=False),
    Example(
        kmedoids.fit, lambda key: {"dissimilarity": table(key), "init": jnp.array([0, 1, 2])}, {"solver": "alternate"}
    ),
    Example(
        kmedoids.predict,
        lambda key: {"model": kmedoids.fit(table(key), key=key, n_clusters=3), "dissimilarity": table(key)[:5]},
    ),
    # sizes, read from shapes: a Python number comes back
    Example(covariances.n_parameters, lambda key: {"covariance": bells(key).covariances}, batched=()),
    Example(
        covariances.dense,
        lambda key: {"covariance": jnp.exp(jax.random.normal(key, (3, 1, 2)))},
        {"n_components": 3, "n_features": 2},
        gradient=("covariance",),
    ),
    Example(
        covariances.whitener,
        lambda key: {"covariance": bells(key).covariances, "means": bells(key).means},
        gradient=("covariance",),
        tolerance=1e-3,
        exempt={"missing": "only the shape of the means matters"},
    ),
    Example(
        covariances.whiten,
        lambda key: {"made": whitener(key), "means": bells(key).means, "x": clouds(key).T},
        gradient=("means", "x"),
    ),
    Example(
        covariances.log_density,
        lambda key: {"made": whitener(key), "y": jax.random.normal(key, (3, 2, 12))},
        gradient=("y",),
    ),
    Example(
        covariances.second_moment,
        lambda key: {"r": gamma(key).T, "y": jax.random.normal(key, (3, 2, 12))},
        {"shape": (3, 2, 2)},
        gradient=("r", "y"),
    ),
    Example(
        covariances.updated,
        lambda key: {
            "made": whitener(key),
            "counts": gamma(key).sum(axis=0),
            "first": jnp.ones((3, 2)),
            "second": 5 * jnp.broadcast_to(jnp.eye(2), (3, 2, 2)),
            "reg_covar": 0.1,
        },
        gradient=("first", "second"),
        batched=("made", "counts", "first", "second"),
        tolerance=1e-3,
    ),
    Example(
        covariances.rescaled,
        lambda key: {"covariance": bells(key).covariances, "scale": jnp.array([2.0, 0.5])},
        gradient=("covariance", "scale"),
    ),
    # no arrays go in, and the dtype is an argument
    Example(
        covariances.unit,
        lambda key: {},
        {"kind": "diag", "n_components": 3, "n_features": 2, "dtype": jnp.float32},
        batched=(),
        x64=False,
    ),
    Example(mixture.component_log_prob, mixed, gradient=("model", "x"), tolerance=1e-3),
    Example(mixture.log_prob, mixed, gradient=("model", "x"), tolerance=1e-3),
    Example(mixture.responsibilities, mixed, gradient=("model", "x"), tolerance=1e-3),
    Example(mixture.predict, mixed),
    Example(mixture.score, mixed, gradient=("model", "x"), tolerance=1e-3),
    Example(mixture.n_parameters, lambda key: {"model": bells(key)}, batched=()),  # read from shapes
    Example(mixture.bic, mixed, gradient=("x",), tolerance=1e-3),
    Example(mixture.aic, mixed, gradient=("x",), tolerance=1e-3),
    Example(mixture.sample, lambda key: {"model": bells(key), "key": key}, {"n_samples": 4}, x64=False),
    Example(gmm.m_step, lambda key: data(key) | {"gamma": gamma(key)}, gradient=("x", "gamma"), tolerance=1e-3),
    Example(gmm.step, lambda key: {"state": bells(key), "x": clouds(key)}, tolerance=1e-3),
    Example(
        gmm.fit,
        lambda key: data(key) | {"key": key},
        {"n_components": 3, "covariance_type": "diag", "max_iter": 5},
        tolerance=1e-3,
        x64=False,
    ),
    Example(gmm.fit, lambda key: data(key) | {"init": bells(key)}, {"max_iter": 3}, tolerance=1e-3),
    Example(autoencoder.init_dense, lambda key: {"key": key}, {"n_features": 3, "n_components": 2}, x64=False),
    Example(
        autoencoder.init_convolutional,
        lambda key: {"key": key},
        {"shape": (4, 4, 1), "n_components": 2, "channels": (2,)},
        x64=False,
    ),
    Example(autoencoder.encode, coded, gradient=("model", "x")),
    Example(
        autoencoder.decode,
        lambda key: {"model": dense(key), "z": jax.random.normal(key, (5, 1))},
        gradient=("model", "z"),
    ),
    Example(autoencoder.reconstruct, coded, gradient=("model", "x")),
    Example(autoencoder.loss, coded, gradient=("model", "x")),
    Example(
        autoencoder.fit,
        lambda key: {"x": clouds(key) / 6, "init": dense(key), "key": key},
        {"n_steps": 3, "batch_size": 6},
        x64=False,
        tolerance=1e-3,
    ),
    Example(
        anomaly.reconstruction_error,
        lambda key: {"x": clouds(key), "reconstruction": clouds(key) + 1},
        gradient=("x", "reconstruction"),
        units=({"x": 1, "reconstruction": 1},),
        origins=(("x", "reconstruction"),),
    ),
    Example(anomaly.fit_latent, lambda key: {"z": clouds(key)}, gradient=("z",)),
    Example(
        anomaly.fit_latent,
        lambda key: {"z": clouds(key), "regularization": jnp.array(0.1)},
        gradient=("z",),
        batched=("z",),
        units=({"z": 1, "regularization": 2},),
    ),
    Example(anomaly.latent_distance, latent, gradient=("z",)),
    Example(anomaly.threshold, lambda key: {"scores": clouds(key)[:, 0]}, gradient=("scores",)),
    Example(anomaly.flag, lambda key: {"scores": clouds(key)[:, 0], "limit": 0.5}, batched=("scores",)),
    Example(anomaly.auc, lambda key: {"scores": clouds(key)[:, 0], "unusual": labels(key) == 1}),
    Example(
        scores.inertia,
        lambda key: started(key) | {"labels": labels(key)},
        gradient=("x", "centroids"),
        **WITH_CENTROIDS,
    ),
    Example(
        scores.silhouette_samples,
        lambda key: data(key) | {"labels": labels(key)},
        CLUSTERS,
        gradient=("x",),
        tolerance=1e-3,
        exempt=TABLE,
    ),
    Example(
        scores.silhouette,
        lambda key: data(key) | {"labels": labels(key)},
        CLUSTERS,
        gradient=("x",),
        tolerance=1e-3,
        exempt=TABLE,
    ),
    Example(scores.contingency, pair, CLUSTERS),
    Example(scores.adjusted_rand, pair, CLUSTERS),
    Example(scores.normalized_mutual_information, pair, CLUSTERS),
]
