"""Vectors of sentences: those of each sentence alone, whatever stands beside it, and in the order of the texts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import pretrained, sentences, wordpiece
from tests.attention.examples_models import GPT, reader

TEXTS = ["The phase is unaffable.", "hello", "hello world, hello phase", "Al2O3", "", "world " * 30]


@pytest.fixture(scope="module")
def given():
    return reader(jax.random.key(1))


def alone(given, text, max_length=12):
    ids = wordpiece.encode(given["tokenizer"], [text], max_length=max_length).ids
    model = given["model"]
    tokens = model.module.apply(model.params, jnp.asarray(ids))[0]
    mean = np.mean(np.asarray(tokens, float), axis=0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_each_vector_is_that_of_its_sentence_alone(given, batch_size):
    found = sentences.embed(**given, texts=TEXTS, batch_size=batch_size, max_length=12)
    assert found.shape == (6, 4)
    np.testing.assert_allclose(found, [alone(given, text) for text in TEXTS], atol=1e-5)


def test_what_is_too_long_is_cut(given):
    short = sentences.embed(**given, texts=TEXTS[-1:], max_length=5)
    np.testing.assert_allclose(short[0], alone(given, TEXTS[-1], max_length=5), atol=1e-5)


def test_no_text_has_no_vector(given):
    assert sentences.embed(**given, texts=[], max_length=12).shape == (0, 4)


def test_many_lengths_compile_one_program(given):
    before = pretrained._embed._cache_size()
    sentences.embed(**given, texts=["hello " * length for length in range(1, 11)] * 3, batch_size=8, max_length=12)
    assert pretrained._embed._cache_size() <= before + 1


def test_what_does_not_fit_is_refused(given, unchecked):
    with pytest.raises(ValueError, match=r"texts must be a list of texts; found one text: write \[text\]"):
        sentences.embed(**given, texts="hello", max_length=12)
    with pytest.raises(ValueError, match="texts must be a list of texts; found None"):
        sentences.embed(**given, texts=None, max_length=12)
    with pytest.raises(ValueError, match="max_length must be between 2 and 12; found 256"):
        sentences.embed(**given, texts=["hello"])
    with pytest.raises(ValueError, match="batch_size must be positive; found 0"):
        sentences.embed(**given, texts=["hello"], batch_size=0, max_length=12)
    small = wordpiece.Tokenizer(*given["tokenizer"])._replace(vocabulary=given["tokenizer"].vocabulary[:9])
    with pytest.raises(ValueError, match="tokenizer must have the model's 34 tokens; found 9"):
        sentences.embed(given["model"], small, ["hello"], max_length=12)
    other = given["model"]._replace(module=GPT)
    with pytest.raises(ValueError, match="model must be a BERT; found GPT"):
        sentences.embed(other, given["tokenizer"], ["hello"], max_length=12)


def test_weights_of_nan_give_nan(given):
    spoilt = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), given["model"].params)
    assert np.isnan(
        sentences.embed(given["model"]._replace(params=spoilt), given["tokenizer"], ["hello"], max_length=9)
    ).all()
