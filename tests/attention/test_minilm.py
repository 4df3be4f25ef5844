"""The real model, where it is installed: golden values of MiniLM."""

import numpy as np
import pytest

from mfml.attention import pretrained, wordpiece
from mfml.data import minilm

pytestmark = pytest.mark.skipif(not minilm.is_installed(), reason="MiniLM is not installed")
TEXTS = ["hello world", "Al2O3 is a ceramic.", "Alumina is a ceramic.", "The steel was quenched in water."]


@pytest.fixture(scope="module")
def vectors():
    files, _ = minilm.load()
    model = pretrained.load(files.weights, config=files.config)
    encoded = wordpiece.encode(wordpiece.read(files.vocabulary), TEXTS)
    return np.asarray(pretrained.embed(model.module, model.params, encoded.ids, mask=encoded.mask))


def test_a_sentence_has_the_published_vector(vectors):
    np.testing.assert_allclose(vectors[0, :4], [-0.03448, 0.03102, 0.00673, 0.02611], atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


def test_one_meaning_in_two_ways_is_alike(vectors):
    assert float(vectors[1] @ vectors[2]) == pytest.approx(0.8437, abs=2e-4)
    assert vectors[1] @ vectors[2] > vectors[1] @ vectors[3] + 0.3
