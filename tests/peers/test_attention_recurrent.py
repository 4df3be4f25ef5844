"""Recurrent networks against PyTorch: outputs, last states and gradients, for a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mfml.attention import recurrent  # noqa: E402

N, T, D, K = 5, 11, 3, 6


def ours(layer):
    """Our weights of a layer of PyTorch."""
    inputs, back, bias, other = (np.asarray(part.detach()) for part in layer.parameters())
    weights = [jnp.asarray(part) for part in (inputs.T, back.T, bias + other)]
    if isinstance(layer, torch.nn.RNN):
        return recurrent.RNN(*weights)
    if isinstance(layer, torch.nn.LSTM):
        return recurrent.LSTM(*weights)
    both = np.concatenate([(bias + other)[: 2 * K], bias[2 * K :]])
    return recurrent.GRU(*weights[:2], jnp.asarray(both), jnp.asarray(other[2 * K :]))


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_outputs_states_and_gradients(name):
    torch.manual_seed(0)
    layer = getattr(torch.nn, name)(D, K, batch_first=True)
    x = torch.randn(N, T, D, requires_grad=True)
    start = [torch.randn(1, N, K) for _ in range(1 + (name == "LSTM"))]
    output, last = layer(x, tuple(start) if name == "LSTM" else start[0])
    (output**2).sum().backward()
    network = ours(layer)
    init = recurrent.State(*(jnp.asarray(part[0].numpy()) for part in start), *([] if name == "LSTM" else [None]))
    read = jax.vmap(lambda x, init: recurrent.apply(network, x, init=init))
    found, end = read(jnp.asarray(x.detach().numpy()), init)
    np.testing.assert_allclose(found, output.detach(), atol=1e-5)
    hidden, cell = last if name == "LSTM" else (last, None)
    np.testing.assert_allclose(end.hidden, hidden[0].detach(), atol=1e-5)
    if cell is not None:
        np.testing.assert_allclose(end.cell, cell[0].detach(), atol=1e-5)

    def loss(network, x):
        return jnp.sum(jax.vmap(lambda x, init: recurrent.apply(network, x, init=init)[0])(x, init) ** 2)

    by_network, by_x = jax.grad(loss, argnums=(0, 1))(network, jnp.asarray(x.detach().numpy()))
    np.testing.assert_allclose(by_x, x.grad, rtol=1e-4, atol=1e-5)
    inputs, back, bias, other = (part.grad.numpy() for part in layer.parameters())
    np.testing.assert_allclose(by_network.inputs.T, inputs, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(by_network.recurrent.T, back, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(by_network.bias, bias, rtol=1e-4, atol=1e-4)
    if name == "GRU":
        np.testing.assert_allclose(by_network.candidate_bias, other[2 * K :], rtol=1e-4, atol=1e-4)
