"""One example of every public function of the models with a likelihood: flows and variational autoencoders."""

import jax
import jax.numpy as jnp

from mfml.generative import couplings, decoders, flow, splines, standard, two_moons, vae, vae_networks, variational
from tests.contract import Example

N, D, K = 8, 3, 2


def cloud(key, n=N, d=D):
    return jax.random.normal(key, (n, d))


def data(key):
    return {"x": cloud(key)}


def perturbed(tree, key):
    """The same tree, not at its start: zeros would hide what depends on them."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves))
    moved = [leaf + 0.3 * jax.random.normal(one, leaf.shape) for leaf, one in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(structure, moved)


def knots(key):
    return splines.knots(cloud(key, d=8), bound=2.0)


def layer(key, kind="spline"):
    made = couplings.init(key=key, n_features=D, n_conditions=1, kind=kind, hidden=(4,), n_bins=3)
    return perturbed(made, key)


def conditioned(key):
    return {"condition": cloud(jax.random.fold_in(key, 3), d=1)}


def through(key, kind="spline"):
    return {"layer": layer(key, kind)} | conditioned(key)


def network(key):
    made = flow.init(cloud(key), key=key, condition=cloud(key, d=1), n_layers=2, hidden=(4,), n_bins=3)
    return made._replace(layers=perturbed(made.layers, key))


def flowing(key):
    return {"model": network(key), "x": cloud(key) + 0.1} | conditioned(key)


def coder(key):
    return vae.init_dense(jnp.abs(cloud(key)), key=key, n_components=K, hidden=(4,), condition=cloud(key, d=1))


def coded(key):
    return {"model": coder(key), "x": cloud(key)} | conditioned(key)


def codes(key):
    return {"model": coder(key), "z": cloud(key, d=K)} | conditioned(key)


def posterior(key):
    return {"mean": cloud(key, d=K), "log_variance": cloud(jax.random.fold_in(key, 1), d=K)}


def drawn(key):
    return jax.random.normal(jax.random.fold_in(key, 2), (4, N, K))


def outputs(key, noise=None):
    noise = decoders.Gaussian(jnp.array(-0.5)) if noise is None else noise
    return {"output": cloud(jax.random.fold_in(key, 1)), "noise": noise} | {
        "shift": cloud(key)[0],
        "scale": 9 + jax.random.uniform(key, ()),
    }


def images(key):
    return {"x": jax.random.uniform(key, (4, 4, 4, 1)), "key": key, "condition": cloud(key, n=4, d=1)}


NOISES = (None, decoders.Bernoulli(), decoders.Poisson())
NO_SHIFT = {"missing": "pixels and counts have no shift"}
START = {"n_components": K, "hidden": (4,)}

EXAMPLES = [
    Example(splines.knots, lambda key: {"raw": cloud(key, d=8)}, {"bound": 2.0}, gradient=("raw",)),
    Example(splines.transform, lambda key: {"knots": knots(key), "x": 2 * cloud(key)[:, 0]}, gradient=("knots", "x")),
    Example(splines.inverse, lambda key: {"knots": knots(key), "y": 2 * cloud(key)[:, 0]}, gradient=("knots", "y")),
    Example(
        couplings.init,
        lambda key: {"key": key},
        {"n_features": D, "hidden": (4,), "n_bins": 3},
        x64=False,
    ),
    Example(couplings.transform, lambda key: through(key) | data(key), gradient=("layer", "x", "condition")),
    Example(couplings.inverse, lambda key: through(key) | {"y": cloud(key)}, gradient=("layer", "y", "condition")),
    Example(couplings.transform, lambda key: through(key, "affine") | data(key), gradient=("layer", "x", "condition")),
    Example(couplings.inverse, lambda key: through(key, "affine") | {"y": cloud(key)}, gradient=("layer", "y")),
    Example(couplings.shuffled, data, gradient=("x",)),
    Example(couplings.unshuffled, data, gradient=("x",)),
    Example(standard.measured, data, gradient=("x",)),
    Example(
        standard.conditions,
        lambda key: conditioned(key) | {"shift": jnp.ones(1), "scale": 2 * jnp.ones(1)},
        {"n_samples": N},
        gradient=("condition",),
    ),
    Example(
        flow.init,
        lambda key: {"x": cloud(key), "key": key},
        {"n_layers": 2, "hidden": (4,), "n_bins": 3},
        x64=False,
    ),
    Example(flow.transform, flowing, gradient=("model", "x", "condition")),
    Example(
        flow.inverse_transform,
        lambda key: {"model": network(key), "z": cloud(key)} | conditioned(key),
        gradient=("model", "z", "condition"),
    ),
    Example(flow.log_prob, flowing, gradient=("model", "x", "condition")),
    Example(flow.score, flowing, gradient=("model", "x", "condition")),
    Example(
        flow.sample,
        lambda key: {"model": network(key), "key": key} | conditioned(key),
        {"n_samples": N},
        x64=False,
    ),
    Example(
        flow.fit,
        lambda key: {"x": cloud(key), "key": key, "init": network(key)} | conditioned(key),
        {"n_steps": 2},
        tolerance=1e-3,
    ),
    Example(two_moons.sample, lambda key: {"key": key, "noise": 0.2}, {"n_samples": N}, batched=("key",), x64=False),
    Example(two_moons.log_prob, lambda key: {"x": cloud(key, d=2), "noise": jnp.array(0.2)}, gradient=("x", "noise")),
    Example(
        variational.reparameterize,
        lambda key: posterior(key) | {"noise": drawn(key)},
        gradient=("mean", "log_variance"),
    ),
    Example(variational.kl_to_prior, posterior, gradient=("mean", "log_variance")),
    Example(
        variational.log_weights,
        lambda key: {"log_likelihood": cloud(key, 4, N)} | posterior(key) | {"noise": drawn(key)},
        gradient=("mean", "log_variance", "noise", "log_likelihood"),
    ),
    Example(variational.importance_bound, lambda key: {"log_weights": cloud(key, 4, N)}, gradient=("log_weights",)),
    Example(decoders.init, data, {"kind": "gaussian"}),
    Example(decoders.init, lambda key: {"x": jnp.abs(cloud(key))}, {"kind": "poisson"}),
    Example(decoders.possible, lambda key: {"x": jnp.abs(cloud(key)), "noise": decoders.Poisson()}),
    *(
        Example(
            decoders.log_prob,
            lambda key, noise=noise: outputs(key, noise) | {"x": jnp.abs(cloud(key)) / 5},
            gradient=("x", "output"),
            exempt=NO_SHIFT if noise is not None else {},
        )
        for noise in NOISES
    ),
    *(
        Example(
            decoders.mean,
            lambda key, noise=noise: outputs(key, noise),
            gradient=("output",),
            exempt=NO_SHIFT if noise is not None else {},
        )
        for noise in NOISES
    ),
    *(
        Example(
            decoders.sample,
            lambda key, noise=noise: outputs(key, noise) | {"key": key},
            x64=False,
            exempt=NO_SHIFT if noise is not None else {},
        )
        for noise in NOISES
    ),
    Example(
        vae_networks.init_dense,
        lambda key: {"x": cloud(key), "key": key} | conditioned(key),
        START,
        x64=False,
    ),
    Example(
        vae_networks.init_convolutional,
        images,
        {"n_components": K, "channels": (2,), "kind": "gaussian"},
        x64=False,
    ),
    Example(vae_networks.encode, coded, gradient=("model", "x", "condition")),
    Example(vae_networks.decode, codes, gradient=("model", "z", "condition")),
    Example(vae_networks.output, codes, gradient=("model", "z", "condition")),
    Example(vae_networks.reconstruct, coded, gradient=("model", "x", "condition")),
    Example(vae_networks.n_coordinates, lambda key: {"model": coder(key)}, batched=()),
    Example(
        vae.sample,
        lambda key: {"model": coder(key), "key": key} | conditioned(key),
        {"n_samples": N},
        x64=False,
    ),
    Example(vae.terms, lambda key: coded(key) | {"epsilon": drawn(key)}, gradient=("model", "x", "epsilon")),
    Example(
        vae.loss, lambda key: coded(key) | {"epsilon": drawn(key), "beta": jnp.array(2.0)}, gradient=("model", "x")
    ),
    Example(vae.elbo, lambda key: coded(key) | {"key": key}, {"n_samples": 2}, gradient=("model", "x"), x64=False),
    Example(
        vae.importance_bound,
        lambda key: coded(key) | {"key": key},
        {"n_samples": 3},
        gradient=("model", "x"),
        x64=False,
    ),
    Example(vae.score, lambda key: coded(key) | {"key": key}, {"n_samples": 3}, gradient=("model", "x"), x64=False),
    Example(
        vae.fit,
        lambda key: {"x": cloud(key), "key": key, "init": coder(key)} | conditioned(key),
        {"n_steps": 2},
        tolerance=1e-3,
        x64=False,
    ),
]
