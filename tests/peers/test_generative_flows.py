"""Splines and coupling flows against nflows, with the same numbers in their networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("nflows")

from nflows.distributions.normal import StandardNormal  # noqa: E402
from nflows.flows.base import Flow  # noqa: E402
from nflows.transforms import (  # noqa: E402
    AffineCouplingTransform,
    CompositeTransform,
    Permutation,
    PiecewiseRationalQuadraticCouplingTransform,
)
from nflows.transforms.splines.rational_quadratic import unconstrained_rational_quadratic_spline  # noqa: E402

from mfml.generative import couplings, flow, splines  # noqa: E402

D, MASK = 4, torch.tensor([0, 0, 1, 1])


def to_torch(x):
    return torch.tensor(np.array(x))


@pytest.mark.parametrize("inverse", [False, True])
def test_splines_with_linear_tails(key, inverse):
    raw, x = jax.random.normal(key, (500, 23)), 3 * jax.random.normal(jax.random.fold_in(key, 1), (500,))
    knots = splines.knots(raw, bound=3.0)
    found = splines.inverse(knots, x) if inverse else splines.transform(knots, x)
    parts = [to_torch(raw[:, :8]), to_torch(raw[:, 8:16]), to_torch(raw[:, 16:] + splines.AT_ONE)]
    values, log_slope = unconstrained_rational_quadratic_spline(
        to_torch(x), *parts, inverse=inverse, tails="linear", tail_bound=3.0
    )
    np.testing.assert_allclose(found.values, values, atol=1e-4)
    np.testing.assert_allclose(found.log_slope, log_slope, atol=2e-3)


def moved(tree, key):
    """Parameters away from their start, where everything is the identity."""
    leaves, structure = jax.tree.flatten(tree)
    return jax.tree.unflatten(structure, [leaf + 0.1 * jax.random.normal(key, leaf.shape) for leaf in leaves])


def network_of(layer, change):
    """The network of a layer in torch; `change` turns its outputs into what the peer takes."""
    modules = []
    for part in layer.network:
        linear = torch.nn.Linear(*part.weight.shape)
        linear.weight.data, linear.bias.data = to_torch(part.weight.T), to_torch(part.bias)
        modules += [linear, torch.nn.SiLU()]
    inner = torch.nn.Sequential(*modules[:-1])

    class Read(torch.nn.Module):
        def forward(self, x, context=None):
            return change(inner(x).reshape(len(x), D // 2, -1)).reshape(len(x), -1)

    return Read()


def with_their_slopes(raw):
    """A raw slope of 0 gives another slope there than here."""
    return torch.cat([raw[..., :16], raw[..., 16:] + splines.AT_ONE], dim=-1)


def with_their_scales(raw):
    """Shifts first, then numbers from whose sigmoid the factor is made."""
    limit = couplings.LARGEST_LOG_SCALE
    factor = torch.exp(limit * torch.tanh(raw[..., 0] / limit))
    return torch.stack([raw[..., 1], torch.logit(factor - 1e-3) - 2], dim=1)


@pytest.mark.filterwarnings("ignore:Inputs to the softmax")
@pytest.mark.parametrize("kind", couplings.KINDS)
def test_the_density_of_a_flow(key, kind):
    x = jax.random.normal(key, (200, D))
    model = flow.init(x, key=key, kind=kind, n_layers=3, hidden=(16,))
    layers = moved(model.layers, key)
    if kind == "affine":  # their factors are at most 1
        down = jnp.array([-1.5, 0.0, -1.5, 0.0])
        layers = tuple(
            layer._replace(network=(*layer.network[:-1], layer.network[-1]._replace(bias=down))) for layer in layers
        )
    parts = []
    for layer in layers:
        if kind == "affine":
            net = network_of(layer, with_their_scales)
            parts.append(AffineCouplingTransform(MASK, lambda *_, net=net: net))
        else:
            net = network_of(layer, with_their_slopes)
            options = {"num_bins": 8, "tails": "linear", "tail_bound": couplings.BOUND}
            parts.append(PiecewiseRationalQuadraticCouplingTransform(MASK, lambda *_, net=net: net, **options))
        parts.append(Permutation(torch.tensor([2, 0, 3, 1])))
    theirs = Flow(CompositeTransform(parts), StandardNormal([D]))
    standard = (x - model.x_shift) / model.x_scale
    with torch.no_grad():
        needed = theirs.log_prob(to_torch(standard)).numpy() - np.log(model.x_scale).sum()
    found = flow.log_prob(model._replace(layers=layers), x)
    assert np.ptp(needed - np.asarray(flow.log_prob(model, x))) > 1
    np.testing.assert_allclose(found, needed, rtol=1e-4, atol=2e-3)
