"""One example of every public function of unit 9."""

from functools import cache

import jax
import jax.numpy as jnp

from mfml.representation import (
    affinities,
    augment,
    contrastive,
    divergence,
    fuzzy,
    neighbors,
    nn_descent,
    probe,
    quality,
    repulsion,
    tsne,
    umap,
)
from tests.contract import Example

N = 12


def cloud(key, n=N, d=3):
    """Points whose distances differ by more than rounding."""
    return jax.random.normal(key, (n, d))


def data(key):
    return {"x": cloud(key)}


def plane(key):
    return {"y": 2 * cloud(key, d=2)}


def near(key):
    return neighbors.exact(cloud(key), n_neighbors=4)


def weighted(key):
    return {"indices": near(key).indices, "weights": jax.random.uniform(key, (N, 4))}


def table(key):
    return jnp.where(jnp.eye(N, dtype=bool), jnp.inf, jnp.sum((cloud(key)[:, None] - cloud(key)) ** 2, axis=-1))


def dense(key):
    return {"p": divergence.probabilities(cloud(key), perplexity=4.0)} | plane(key)


OF_COORDINATES = {"far": "coordinates enter by products, with digits relative to the largest"}
PAIRS = {"memory": "the exact form is a table of all pairs; the sparse form is for many samples"}


@cache
def made():
    """Kernels depend on the precision of the points alone, and the large ones take long."""
    return repulsion.kernels(jnp.ones((1, 2)))


def sparse(key):
    return {"sparse": divergence.sparse_probabilities(near(key), perplexity=2.0), "made": made()} | plane(key)


def start(key):
    y = cloud(key, d=2)
    return tsne.State(y, 0.1 * y[::-1], jnp.ones_like(y))


def fitted(key):
    return {"model": probe.fit(cloud(key), jnp.arange(N) % 3, n_classes=3, max_iter=20), "x": cloud(key)}


def labeled(key):
    return {"z": cloud(key), "labels": jnp.arange(N) % 3}


def images(key):
    return {"key": key, "images": jax.random.normal(key, (4, 8, 8))}


def encoder(key):
    return contrastive.init(key=key, channels=(2, 3), n_components=2)


def views(key):
    return {"first": cloud(key), "second": cloud(jax.random.fold_in(key, 1))}


def drawn(key):
    return {"model": encoder(key), "images": images(key)["images"]}


CLASSES = {"n_classes": 3}
CROP = {"missing": "the crop may leave the pixel out"}

EXAMPLES = [
    Example(neighbors.exact, data, {"n_neighbors": 3}),
    Example(
        neighbors.search,
        lambda key: data(key) | {"queries": cloud(key) + 0.1},
        {"n_neighbors": 3},
        exempt={"missing": "a sample with a missing value is nobody's neighbor"},
    ),
    Example(neighbors.smallest, lambda key: {"values": jax.random.normal(key, (3, 40))}, {"k": 2}),
    Example(
        neighbors.distances_to,
        lambda key: data(key) | {"queries": cloud(key)[:2], "indices": jnp.array([[0, 3], [2, 4]])},
        gradient=("x", "queries"),
    ),
    Example(
        neighbors.in_order,
        lambda key: data(key) | {"queries": cloud(key)[:2] + 0.1, "indices": jnp.array([[0, 3], [2, 4]])},
    ),
    Example(neighbors.at_unit_scale, data),
    Example(nn_descent.fit, lambda key: data(key) | {"key": key}, {"n_neighbors": 3, "max_iter": 2}, x64=False),
    Example(nn_descent.nearest, lambda key: data(key) | {"key": key}, {"n_neighbors": 3}),
    Example(nn_descent.init, lambda key: data(key) | {"key": key}, {"n_neighbors": 3}),
    Example(
        nn_descent.leaves, lambda key: data(key) | {"key": key}, {"n_levels": 1}, x64=False
    ),  # draws differ by dtype
    Example(
        nn_descent.step,
        lambda key: data(key) | {"key": key, "state": near(key)},
        x64=False,
        units=({"x": 1, "state.distances": 1},),
        exempt={"missing": "the state holds distances from before; a sample of NaN becomes nobody's neighbor"},
    ),
    Example(affinities.conditional, lambda key: {"squared": table(key), "perplexity": 4.0}, tolerance=1e-3),
    Example(affinities.joint, lambda key: {"conditional": jax.random.uniform(key, (N, N))}, gradient=("conditional",)),
    Example(affinities.links, weighted),
    Example(affinities.reverse, weighted, gradient=("weights",)),
    Example(affinities.sparse_joint, lambda key: {"found": near(key), "perplexity": 2.0}, tolerance=1e-3),
    Example(repulsion.exact, plane, gradient=("y",), exempt=PAIRS),
    Example(repulsion.kernel, lambda key: {"spacing": jax.random.uniform(key, ()) + 0.3}, {"side": 6}, tolerance=1e-3),
    Example(
        repulsion.kernels,
        lambda key: {"like": cloud(key, d=2)},
        batched=(),
        tolerance=1e-3,
        exempt={"missing": "only the precision is read from the array"},
    ),
    Example(
        repulsion.interpolated,
        lambda key: plane(key) | {"made": made()},
        batched=("y",),
        tolerance=1e-3,
    ),
    Example(
        tsne.fit,
        lambda key: data(key) | {"key": key},
        {"perplexity": 3.0, "max_iter": 3},
        tolerance=1e-3,
        x64=False,
    ),
    Example(tsne.init, lambda key: data(key) | {"key": key}),
    Example(
        tsne.step,
        lambda key: {"state": start(key), "gradient": cloud(key, d=2)[::-1], "learning_rate": 0.1},
        gradient=("gradient",),
    ),
    Example(divergence.probabilities, lambda key: data(key) | {"perplexity": 4.0}, tolerance=1e-3, exempt=PAIRS),
    Example(divergence.kl_divergence, dense, gradient=("p", "y")),
    Example(divergence.gradient, dense, gradient=("p", "y"), exempt=OF_COORDINATES),
    Example(divergence.sparse_probabilities, lambda key: {"found": near(key), "perplexity": 2.0}, tolerance=1e-3),
    Example(divergence.sparse_kl_divergence, sparse, batched=("sparse", "y"), tolerance=1e-3),
    Example(divergence.sparse_gradient, sparse, batched=("sparse", "y"), tolerance=1e-3),
    Example(divergence.cross_entropy_and_gradient, dense, gradient=("p", "y"), exempt=OF_COORDINATES),
    Example(divergence.sparse_cross_entropy_and_gradient, sparse, batched=("sparse", "y"), tolerance=1e-3),
    Example(
        fuzzy.memberships,
        lambda key: {"distances": near(key).distances},
        tolerance=1e-3,
        units=({"distances": 1},),
        exempt={"origin": "distances have an origin: as in umap-learn, widths are at least 0.001 of the mean distance"},
    ),
    Example(fuzzy.union, lambda key: {"forth": cloud(key), "back": cloud(key) ** 2}, gradient=("forth", "back")),
    Example(fuzzy.graph, lambda key: {"found": near(key)}, tolerance=1e-3),
    Example(umap.curve, lambda key: {"min_dist": jax.random.uniform(key, ()) / 2}, tolerance=1e-3),
    # the vectors of nearly equal eigenvalues depend on rounding
    Example(
        umap.spectral_start,
        lambda key: {"linked": fuzzy.graph(near(key)), "key": key},
        tolerance=1e-2,
        x64=False,
    ),
    Example(
        umap.fit,
        lambda key: data(key) | {"key": key},
        {"n_neighbors": 5, "max_iter": 2, "init": "pca"},
        tolerance=1e-2,
        x64=False,
    ),
    Example(umap.init, lambda key: data(key) | {"linked": fuzzy.graph(near(key)), "key": key}, {"init": "pca"}),
    Example(
        umap.step,
        lambda key: (
            {"state": 2 * cloud(key, d=2)}
            | {"linked": fuzzy.graph(near(key)), "curve": umap.Curve(jnp.array(1.6), jnp.array(0.9)), "key": key}
            | {"learning_rate": 0.1}
        ),
        x64=False,
        tolerance=1e-3,
    ),
    Example(augment.turned, images, gradient=("images",), x64=False),
    Example(augment.cropped, images, {"size": 5}, gradient=("images",), x64=False, exempt=CROP),
    Example(augment.relit, images, gradient=("images",), x64=False),
    Example(augment.noisy, images, gradient=("images",), x64=False),
    Example(augment.microstructure, images, {"size": 4}, gradient=("images",), x64=False, exempt=CROP),
    Example(
        contrastive.info_nce,
        lambda key: {"queries": cloud(key), "keys": cloud(jax.random.fold_in(key, 1))},
        gradient=("queries", "keys"),
    ),
    Example(contrastive.nt_xent, views, gradient=("first", "second")),
    Example(contrastive.init, lambda key: {"key": key}, {"channels": (2,), "n_components": 2}, x64=False),
    Example(contrastive.encode, drawn, gradient=("model", "images")),
    Example(
        contrastive.project,
        lambda key: {"model": encoder(key), "features": cloud(key)},
        gradient=("model", "features"),
    ),
    Example(
        contrastive.loss,
        lambda key: {"model": encoder(key), "first": images(key)["images"], "second": images(key)["images"][::-1]},
        gradient=("model", "first"),
    ),
    Example(
        contrastive.fit,
        lambda key: images(key) | {"init": encoder(key)},
        {"batch_size": 2, "n_steps": 2},
        tolerance=1e-3,
        x64=False,
        exempt={"unit": "biases have the unit of the images, and each step of Adam moves them by the learning rate"},
    ),
    Example(
        probe.fit,
        lambda key: (
            data(key)
            | {"y": jnp.arange(N) % 3, "weights": jax.random.uniform(key, (N,), minval=0.5), "C": jnp.array(0.5)}
        ),
        CLASSES | {"max_iter": 9},
        tolerance=1e-3,
        units=({"x": 1, "C": -2}, {"weights": 1, "C": -1}),
        origins=(("x",),),
    ),
    Example(probe.decision_function, fitted, gradient=("x",), tolerance=1e-3, units=({"model.coef": -1, "x": 1},)),
    Example(probe.predict_proba, fitted, gradient=("x",), tolerance=1e-3, units=({"model.coef": -1, "x": 1},)),
    Example(probe.predict, fitted, units=({"model.coef": -1, "x": 1},)),
    Example(
        probe.score,
        lambda key: fitted(key) | {"y": jnp.arange(N) % 3},
        units=({"model.coef": -1, "x": 1},),
    ),
    Example(
        quality.trustworthiness,
        lambda key: data(key) | plane(key),
        {"n_neighbors": 3},
        exempt={"far": "seen from a far sample, those of the other group are equally near to rounding"},
    ),
    Example(quality.continuity, lambda key: data(key) | plane(key), {"n_neighbors": 3}),
    Example(quality.neighbor_recall, lambda key: data(key) | plane(key), {"n_neighbors": 3}),
    Example(quality.ranks, lambda key: data(key) | {"indices": near(key).indices}),
    Example(
        quality.recall,
        lambda key: {"found": near(key).indices, "needed": near(jax.random.fold_in(key, 1)).indices},
    ),
    Example(quality.compactness, labeled, CLASSES, gradient=("z",)),
    Example(
        quality.separation,
        labeled,
        CLASSES,
        gradient=("z",),
    ),
    Example(
        quality.interpolation,
        lambda key: {"first": cloud(key)[0], "last": cloud(key)[1]},
        {"decode": jnp.tanh, "n_steps": 5},
        gradient=("first", "last"),
    ),
]
