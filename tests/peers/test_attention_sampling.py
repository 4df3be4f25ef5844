"""Filters of logits against those of `transformers`."""

import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")
generation = pytest.importorskip("transformers.generation.logits_process")

from mfml.attention import sampling  # noqa: E402


@pytest.fixture(params=[5, 200, 5000])
def logits(request):
    rng = np.random.default_rng(request.param)
    drawn = (4 * rng.normal(size=(6, request.param))).astype(np.float32)
    drawn[2] = np.round(drawn[2])  # with ties
    drawn[3, 1:4] = -np.inf
    drawn[4] *= 50
    return drawn


def theirs(warper, logits):
    return warper(None, torch.tensor(logits)).numpy()


@pytest.mark.parametrize("top_k", [1, 2, 5, 50, 10_000])
def test_top_k(logits, top_k):
    needed = theirs(generation.TopKLogitsWarper(top_k), logits)
    np.testing.assert_array_equal(sampling.keep_top_k(logits, top_k=top_k), needed)


@pytest.mark.parametrize("top_p", [0.0, 0.3, 0.9, 0.99])
def test_top_p(logits, top_p):
    needed = theirs(generation.TopPLogitsWarper(top_p), logits)
    found = np.asarray(sampling.keep_top_p(logits, top_p=top_p))
    for row, other in zip(found, needed, strict=True):
        np.testing.assert_array_equal(np.sort(row), np.sort(other))  # which of equal ones stays is not said there
    np.testing.assert_array_equal(found[[0, 1, 3, 4, 5]], needed[[0, 1, 3, 4, 5]])


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
def test_temperature(logits, temperature):
    needed = theirs(generation.TemperatureLogitsWarper(temperature), logits)
    found = sampling.at_temperature(logits, temperature=temperature)
    np.testing.assert_allclose(found, needed - needed.max(axis=1, keepdims=True), rtol=1e-5, atol=1e-3)


def test_all_three_in_the_order_of_transformers(logits):
    needed = theirs(generation.TemperatureLogitsWarper(0.7), logits)
    needed = theirs(generation.TopPLogitsWarper(0.9), theirs(generation.TopKLogitsWarper(4), needed))
    found = sampling.at_temperature(jnp.asarray(logits), temperature=0.7)
    found = sampling.keep_top_p(sampling.keep_top_k(found, top_k=4), top_p=0.9)
    rows = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(np.isfinite(found)[rows], np.isfinite(needed)[rows])
