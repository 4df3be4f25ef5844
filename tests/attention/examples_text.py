"""Examples of what reads text and weights, chooses tokens, and remembers sequences."""

from pathlib import Path

import jax
import jax.numpy as jnp

from mfml.attention import fading, perplexity, recurrent, safetensors, sampling, wordpiece
from tests.contract import Example

FILES = Path(__file__).parent / "files"


VOCABULARY = (FILES / "vocab.txt").read_text(encoding="utf-8").split()
TOKENIZER = wordpiece.Tokenizer(tuple(VOCABULARY), {token: number for number, token in enumerate(VOCABULARY)}, True)


def nothing(key):
    return {}


OUTSIDE = {"jit": False, "x64": False}  # files and text are read outside of compiled code


def network(key, kind="lstm"):
    return recurrent.init(key=key, n_inputs=3, n_units=4, kind=kind)


def sequence(key):
    return {"network": network(key), "x": jax.random.normal(key, (5, 3))}


def at_a_step(key, kind):
    state = recurrent.apply(network(key, kind), sequence(key)["x"])[1]
    return {"state": state, "x": sequence(key)["x"][0], "network": network(key, kind)}


def logits(key):
    return {"logits": 3 * jax.random.normal(key, (3, 6))}


def predicted(key):
    return logits(key) | {"target": jnp.array([0, 5, 2]), "mask": jnp.array([True, True, False])}


EXAMPLES = [
    Example(
        sampling.at_temperature,
        lambda key: logits(key) | {"temperature": 0.7},
        gradient=("logits", "temperature"),
        units=({"logits": 1, "temperature": 1},),
    ),
    Example(sampling.keep_top_k, logits, {"top_k": 3}),
    Example(
        sampling.keep_top_p,
        lambda key: logits(key) | {"top_p": 0.8},
        exempt={"unit": "logits are in nats: another unit is another temperature"},
    ),
    Example(
        sampling.draw,
        lambda key: logits(key) | {"key": key, "temperature": 0.9, "top_p": 0.9},
        {"top_k": 4},
        x64=False,
        units=({"logits": 1, "temperature": 1},),
    ),
    Example(perplexity.mean_cross_entropy, predicted, gradient=("logits",)),
    Example(perplexity.perplexity, predicted, gradient=("logits",)),
    Example(recurrent.init, lambda key: {"key": key}, {"n_inputs": 3, "n_units": 2, "kind": "gru"}, x64=False),
    Example(recurrent.at_rest, lambda key: {"network": network(key)}),
    *(
        Example(recurrent.step, lambda key, kind=kind: at_a_step(key, kind), gradient=("state", "x", "network"))
        for kind in recurrent.KINDS
    ),
    Example(recurrent.apply, sequence, gradient=("network", "x")),
    Example(fading.jacobians, sequence, gradient=("network", "x")),
    Example(fading.measure, sequence),
    Example(fading.largest_factor, lambda key: {"network": network(key, "rnn")}),
    Example(safetensors.read, nothing, {"path": FILES / "tiny.safetensors"}, **OUTSIDE),
    Example(wordpiece.read, nothing, {"path": FILES / "vocab.txt"}, **OUTSIDE),
    Example(wordpiece.words, nothing, {"text": "The α-Fe phase."}, **OUTSIDE),
    Example(wordpiece.tokenize, nothing, {"tokenizer": TOKENIZER, "text": "The α-Fe phase."}, **OUTSIDE),
    Example(wordpiece.encode, nothing, {"tokenizer": TOKENIZER, "texts": ["Hello world!", "α"]}, **OUTSIDE),
    Example(wordpiece.decode, nothing, {"tokenizer": TOKENIZER, "ids": [2, 5, 6, 3]}, **OUTSIDE),
]
