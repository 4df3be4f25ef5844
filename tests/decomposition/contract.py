"""One example of each public function of unit 2."""

import jax
import jax.numpy as jnp

from mfml.decomposition import (
    conditioning,
    kernel_pca,
    kernels,
    krylov,
    nmf,
    nmf_start,
    norms,
    pca,
    projection,
    signs,
    spectral,
    subspaces,
    svd,
    whitening,
)
from tests.contract import Example


def normal(key, *shape):
    return jax.random.normal(key, shape)


def matrix(m, n):
    return lambda key: {"a": normal(key, m, n)}


def system(m, n):
    def make(key):
        of_a, of_y = jax.random.split(key)
        return {"a": normal(of_a, m, n), "y": normal(of_y, m)}

    return make


def samples(n, d):
    return lambda key: {"x": normal(key, n, d) * jnp.linspace(2.0, 1.0, d)}


def vector(**more):
    return lambda key: {"v": normal(key, 4), **more}


def at_zero(**more):
    return lambda key: {"v": jnp.zeros(4), **more}


def symmetric(key):
    a = normal(key, 4, 4)
    return {"a": a + a.T + jnp.diag(jnp.arange(4.0) * 5)}


def psd(key):
    a = normal(key, 5, 3)
    return {"s": a.T @ a + jnp.diag(jnp.arange(3.0))}


def separated(key):
    q = jnp.linalg.qr(normal(key, 40, 40))[0]
    return {"a": (q * 2.0 ** -jnp.arange(40.0)) @ q.T, "key": key}


def square_system(key):
    keys = jax.random.split(key, 4)
    a, delta_a = normal(keys[0], 3, 3) + 4 * jnp.eye(3), 0.01 * normal(keys[1], 3, 3)
    return {"a": a, "b": normal(keys[2], 3), "delta_a": delta_a, "delta_b": 0.01 * normal(keys[3], 3)}


def with_distances(key):
    of_x, of_mean, of_s = jax.random.split(key, 3)
    mean = normal(of_mean, 3)
    return {"x": jnp.vstack([normal(of_x, 4, 3), mean]), "mean": mean, **psd(of_s)}


def fitted(fit, **options):
    """A model and the data that it was fitted on."""

    def make(key):
        x = samples(8, 3)(key)["x"]
        return {"model": fit(x, **options), "x": x}

    return make


def without(make, name):
    return lambda key: {k: v for k, v in make(key).items() if k != name}


def coordinates(fit, k, **options):
    return lambda key: {"model": fitted(fit, **options)(key)["model"], "z": normal(key, 5, k)}


def singular(key):
    return {"model": svd.truncated(normal(key, 5, 4), n_components=2)}


def positive(key):
    of_x, of_w, of_h = jax.random.split(key, 3)
    x = jax.random.uniform(of_x, (6, 5)) + 0.1
    w, h = jax.random.uniform(of_w, (6, 2)) + 0.1, jax.random.uniform(of_h, (2, 5)) + 0.1
    return {"x": x, "factors": nmf.Factors(w, h)}


def started(key):
    made = positive(key)
    return {"x": made["x"], "init": made["factors"]}


def midway(key):
    made = positive(key)
    return {"x": made["x"], "state": made["factors"]}


OF_PAIRS = "the kernel matrix has an entry for each pair of samples"
KL = {"loss": "kullback-leibler"}

EXAMPLES = [
    Example(signs.of_rows, lambda key: {"vectors": normal(key, 3, 4)}),
    Example(subspaces.numerical_rank, matrix(4, 3), units=({"a": 1},)),
    Example(subspaces.column_space, matrix(4, 3)),
    Example(subspaces.row_space, matrix(3, 4)),
    Example(subspaces.null_space, matrix(3, 4)),
    Example(subspaces.null_space, matrix(3, 4), {"rank": 3}),
    Example(subspaces.left_null_space, matrix(4, 3)),
    Example(subspaces.identifiability, matrix(3, 4)),
    Example(projection.projector, matrix(4, 2), gradient=("a",)),
    Example(projection.project, system(4, 2), gradient=("y",)),
    Example(projection.pseudo_inverse, matrix(4, 2), gradient=("a",)),
    Example(projection.least_squares, system(4, 2), gradient=("a", "y")),
    Example(projection.minimum_norm, system(2, 4), gradient=("a", "y")),
    Example(projection.solvability, system(4, 2)),
    Example(conditioning.condition_number, matrix(4, 3), gradient=("a",)),
    Example(conditioning.condition_number, symmetric, gradient=("a",), tolerance=1e-3),
    Example(
        conditioning.perturbation_bound,
        lambda key: {**matrix(3, 3)(key), "matrix_error": 1e-3, "rhs_error": 0.0},
        gradient=("a", "matrix_error", "rhs_error"),
        batched=("a",),
        tolerance=1e-3,  # relative to a bound that grows with the square of the condition number
    ),
    Example(
        conditioning.solution_error,
        square_system,
        gradient=("a", "b", "delta_a", "delta_b"),
        units=({"a": 1, "delta_a": 1}, {"b": 1, "delta_b": 1}),
    ),
    Example(conditioning.least_squares_condition, system(5, 2), gradient=("a", "y"), tolerance=1e-3),
    Example(conditioning.variance_inflation, samples(9, 3), gradient=("x",)),
    Example(spectral.decompose, symmetric, gradient=("a",)),
    Example(
        spectral.reconstruct,
        lambda key: {"spectrum": spectral.decompose(**symmetric(key))},
        gradient=("spectrum",),
        units=({"spectrum.values": 1},),
    ),
    Example(spectral.is_psd, symmetric, units=({"a": 1},)),
    Example(spectral.covariance, samples(6, 3), gradient=("x",)),
    Example(spectral.correlation, samples(6, 3), gradient=("x",)),
    Example(spectral.radius_of_mass, lambda key: {}, {"mass": 0.5}, batched=()),
    Example(spectral.ellipse_axes, psd, {"radius": 2.0}, gradient=("s",)),
    Example(
        spectral.ellipse_outline,
        lambda key: {"mean": normal(key, 2), "s": psd(key)["s"][:2, :2]},
        {"n_points": 7},
        gradient=("mean", "s"),
        units=({"mean": 1, "s": 2},),
        origins=(("mean",),),
    ),
    Example(
        spectral.mahalanobis,
        with_distances,
        gradient=("x", "mean", "s"),
        tolerance=1e-3,
        units=({"x": 1, "mean": 1, "s": 2},),
        origins=(("x", "mean"),),
    ),
    *(Example(whitening.fit, samples(8, 3), {"kind": m}, gradient=("x",)) for m in whitening.KINDS),
    Example(
        whitening.transform,
        fitted(whitening.fit),
        gradient=("model", "x"),
        units=({"x": 1, "model.mean": 1, "model.matrix": -1},),
    ),
    Example(
        whitening.inverse_transform,
        coordinates(whitening.fit, 3),
        gradient=("model", "z"),
        units=({"model.mean": 1, "model.inverse": 1},),
    ),
    Example(norms.l1, vector(), gradient=("v",)),
    Example(norms.l2, vector(), gradient=("v",)),
    Example(norms.l1, at_zero(), gradient=("v",)),
    Example(norms.l2, at_zero(), gradient=("v",)),
    *(
        Example(norms.ball_outline, lambda key: {}, {"p": p, "n_points": 9}, batched=())
        for p in (0.5, 1.0, float("inf"))
    ),
    Example(norms.project_l2_ball, vector(), {"radius": 0.5}, gradient=("v",), units=({"v": 1, "radius": 1},)),
    Example(norms.project_l2_ball, at_zero(), gradient=("v",)),
    Example(
        norms.project_simplex,
        vector(),
        {"total": 2.0},
        gradient=("v",),
        units=({"v": 1, "total": 1},),
        origins=(("v",),),
    ),
    Example(norms.project_l1_ball, vector(), {"radius": 0.5}, gradient=("v",), units=({"v": 1, "radius": 1},)),
    Example(norms.project_l1_ball, at_zero(), gradient=("v",)),
    *(
        Example(
            prox,
            vector(threshold=0.5),
            gradient=("v", "threshold"),
            batched=("v",),
            units=({"v": 1, "threshold": 1},),
        )
        for prox in (norms.prox_l1, norms.prox_l2)
    ),
    Example(norms.prox_l2, at_zero(threshold=0.5), gradient=("v", "threshold"), batched=("v",)),
    Example(norms.prox_squared_l2, vector(strength=0.5), gradient=("v", "strength"), batched=("v",)),
    Example(svd.pinned, lambda key: svd.truncated(normal(key, 5, 4), n_components=2)._asdict()),
    Example(svd.truncated, matrix(5, 4), {"n_components": 2}, gradient=("a",)),
    Example(
        svd.randomized,
        lambda key: {**matrix(5, 4)(key), "key": key},
        {"n_components": 2, "iterated_power": 1},
        gradient=("a",),
    ),
    Example(svd.transform, lambda key: {**singular(key), "a": normal(key, 3, 4)}, gradient=("model", "a")),
    Example(svd.reconstruct, singular, gradient=("model",)),
    Example(svd.low_rank, matrix(5, 4), {"n_components": 2}, gradient=("a",)),
    Example(
        svd.eckart_young_error,
        lambda key: {"s": jnp.sort(jnp.abs(normal(key, 4)))[::-1]},
        {"n_components": 2},
        gradient=("s",),
        exempt={"missing": "only the singular values that are left out count"},
    ),
    Example(
        pca.fit,
        samples(40, 3),
        {"n_components": 2},
        gradient=("x",),
        exempt={"far": "a variance below rounding of the largest counts as 0 in the products of the covariance"},
    ),
    Example(pca.fit, samples(6, 3), {"n_components": 2, "solver": "svd"}, gradient=("x",)),
    Example(
        pca.fit,
        lambda key: {**samples(6, 3)(key), "key": key},
        {"n_components": 2, "solver": "randomized", "iterated_power": 1},
        gradient=("x",),
    ),
    Example(
        pca.transform,
        fitted(pca.fit, n_components=2),
        {"whiten": True},
        gradient=("model", "x"),
        units=({"x": 1, "model.mean": 1, "model.variance": 2},),
    ),
    Example(
        pca.inverse_transform,
        coordinates(pca.fit, 2, n_components=2),
        gradient=("model", "z"),
        units=({"z": 1, "model.mean": 1},),
    ),
    *(
        Example(
            function,
            fitted(pca.fit, n_components=2),
            gradient=("model", "x"),
            units=({"x": 1, "model.mean": 1, "model.variance": 2},),
        )
        for function in (pca.reconstruct, pca.reconstruction_error)
    ),
    Example(pca.components_for, lambda key: {"variance_ratio": jax.nn.softmax(normal(key, 5))}, {"share": 0.8}),
    Example(
        pca.elbow,
        lambda key: {"variance": jnp.sort(jnp.exp(2 * normal(key, 6)))[::-1]},
        units=({"variance": 1},),
        origins=(("variance",),),
    ),
    Example(
        krylov.top,
        separated,
        {"n_components": 2, "n_oversamples": 2, "depth": 3, "max_iter": 4, "tol": 1e-20},
        x64=False,  # the first block is drawn, and draws differ by dtype
    ),
    Example(krylov.top, separated, {"n_components": 8, "depth": 5, "tol": 1e-2}),  # decomposed directly
    *(Example(kernels.make_kernel, lambda key: {}, {"kernel": name, "d": 3}, batched=()) for name in kernels.KERNELS),
    Example(
        kernels.gram,
        lambda key: {"kernel": kernels.RBF(jnp.array(0.5)), "x": normal(key, 4, 2), "y": normal(key, 3, 2) + 0.5},
        gradient=("kernel", "x", "y"),
        units=({"x": 1, "y": 1, "kernel.gamma": -2},),
        origins=(("x", "y"),),
    ),
    Example(
        kernels.gram,
        lambda key: {"kernel": kernels.Cosine(), "x": normal(key, 4, 2), "y": normal(key, 3, 2) + 0.5},
        gradient=("x", "y"),
        units=({"x": 1}, {"y": 1}),
    ),
    Example(
        kernel_pca.fit,
        samples(8, 3),
        {"n_components": 2, "gamma": 0.5},
        gradient=("x",),
        units=({"x": 1, "gamma": -2},),
        origins=(("x",),),
        exempt={"memory": OF_PAIRS},
    ),
    Example(
        kernel_pca.fit,
        lambda key: {**samples(8, 3)(key), "key": key},
        {"n_components": 2, "solver": "krylov", "kernel": "poly", "gamma": 0.5},
        tolerance=1e-3,  # unit eigenvectors of large eigenvalues
        units=({"x": 1, "gamma": -2},),
        exempt={"memory": OF_PAIRS},
    ),
    Example(kernel_pca.transform, fitted(kernel_pca.fit, n_components=2), gradient=("x",)),
    Example(
        kernel_pca.transform,
        fitted(kernel_pca.fit, n_components=2, kernel="linear"),
        gradient=("x",),
        units=({"x": 1, "model.x": 1, "model.values": 2},),
    ),
    Example(kernel_pca.embedding, without(fitted(kernel_pca.fit, n_components=2), "x"), units=({"model.values": 2},)),
    Example(nmf.objective, positive, gradient=("x", "factors"), units=({"x": 1, "factors": 0.5},)),
    Example(nmf.objective, positive, KL, gradient=("x", "factors"), units=({"x": 1, "factors": 0.5},)),
    *(
        Example(
            nmf_start.init,
            lambda key: {"x": positive(key)["x"], "key": key},
            {"n_components": 2, "init": m},
            units=({"x": 1},),
        )
        for m in ("nndsvd", "nndsvda")
    ),
    Example(
        nmf_start.init,
        lambda key: {"x": positive(key)["x"], "key": key},
        {"n_components": 2, "init": "random"},
        gradient=("x",),
        x64=False,
    ),
    *(
        Example(nmf.step, midway, options, gradient=("x", "state"), units=({"x": 1, "state": 0.5},))
        for options in ({}, {"solver": "mu"}, {"solver": "mu", **KL})
    ),
    *(
        Example(
            nmf.fit,
            started,
            {"n_components": 2, "max_iter": 13, "tol": 0.0, **options},
            units=({"x": 1, "init": 0.5},),
        )
        for options in ({}, {"solver": "mu", **KL})
    ),
    Example(nmf.fit, without(positive, "factors"), {"n_components": 2, "max_iter": 50}, units=({"x": 1},)),
    Example(
        nmf.transform,
        lambda key: {"model": positive(key)["factors"], "x": positive(key)["x"]},
        {"tol": 1e-6},
        units=({"x": 1}, {"x": 1, "model": 1}),
    ),
    Example(
        nmf.canonical,
        without(positive, "x"),
        gradient=("factors",),
        units=({"factors.w": 1}, {"factors.h": 1}),
    ),
]
