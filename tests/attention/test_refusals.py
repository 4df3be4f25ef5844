"""Sizes, flags and shapes that make no sense are refused by their names. Empty batches are none of them."""

import json

import jax
import jax.numpy as jnp
import pytest

from mfml.attention import bert, clip, drawing, gpt, grids, maps, positions, pretrained, safetensors, vit, wordpiece
from mfml.attention.layers import FeedForward
from mfml.attention.layouts import tensors, text
from mfml.attention.transformer import Encoder

K = jax.random.key(0)
X = jax.random.normal(K, (2, 4, 8))
IMAGES = jax.random.uniform(K, (2, 4, 4, 1))
IDS = jnp.array([[0, 1, 2], [3, 4, 0]])
SIZES = {"n_tokens": 5, "width": 8, "max_length": 6}
STACK = Encoder(n_layers=1, n_heads=2)
CAUSAL = STACK.clone(causal=True)
VIT = vit.ViT(encoder=STACK, width=8, image_size=(4, 4), patch_size=2)
GPT = gpt.GPT(encoder=CAUSAL, **SIZES)
BERT = bert.BERT(encoder=STACK, **SIZES)
TEXT = clip.Text(encoder=CAUSAL, **SIZES, end=4)


@pytest.mark.parametrize(
    ("module", "inputs", "fields", "message"),
    [
        (STACK, X, {"n_layers": 0}, "n_layers must be a positive whole number; found 0"),
        (STACK, X, {"n_layers": -1}, "n_layers must be"),
        (STACK, X, {"n_heads": 0}, "n_heads must be a positive whole number; found 0"),
        (STACK, X, {"n_heads": 2.0}, "n_heads must be a positive whole number; found 2.0"),
        (STACK, X, {"n_kv_heads": 0}, "n_kv_heads must be"),
        (STACK, X, {"head_width": 0}, "head_width must be"),
        (STACK, X, {"hidden": 0}, "hidden must be"),
        (STACK, X, {"norm_first": "no"}, "norm_first must be True or False; found 'no'"),
        (STACK, X, {"causal": "no"}, "causal must be True or False"),
        (STACK, X, {"bias": None}, "bias must be True or False"),
        (STACK, X, {"final_norm": 2}, "final_norm must be True or False"),
        (STACK, X, {"block_size": 0}, "block_size must be"),
        (CAUSAL, X, {"cache_length": 0}, "cache_length must be"),
        (CAUSAL, X, {"cache_length": -1}, "cache_length must be"),
        (CAUSAL, X, {"cache_length": 3}, "x must have at most cache_length = 3 tokens; found 4"),
        (FeedForward(), X, {"bias": "no"}, "bias must be True or False"),
        (VIT, IMAGES, {"antialias": 1}, "antialias must be True or False"),
        (VIT, IMAGES, {"n_registers": -1}, "n_registers must not be negative; found -1"),
        (VIT, IMAGES, {"n_classes": 0}, "n_classes must be"),
        (VIT, IMAGES, {"width": 0}, "width must be"),
        (VIT, IMAGES, {"patch_size": 0}, "patch_size must be"),
        (VIT, IMAGES, {"image_size": (4, 4, 4)}, "image_size must be height and width"),
        (GPT, IDS, {"tied": "no"}, "tied must be True or False"),
        (GPT, IDS, {"max_length": 0}, "max_length must be"),
        (BERT, IDS, {"n_segments": 0}, "n_segments must be"),
        (TEXT, IDS, {"max_length": -1}, "max_length must be"),
    ],
)
def test_fields(module, inputs, fields, message, unchecked):
    with pytest.raises(ValueError, match=message):
        drawing.init(module.clone(**fields), inputs, key=K)


@pytest.mark.parametrize(
    ("module", "inputs", "fields", "message"),
    [
        (VIT, IMAGES, {"pool": "tanh"}, "params must have pooler, as the module's fields ask for"),
        (VIT, IMAGES, {"n_classes": 3}, "params must have head"),
        (
            VIT,
            jnp.ones((2, 4, 4, 3)),
            {},
            r"images must have 1 channels, as the parameters; found shape \(2, 4, 4, 3\)",
        ),
        (BERT, IDS, {"head": "pooler"}, "params must have pooler"),
        (BERT, IDS, {"head": "words"}, "params must have transform, bias"),
        (GPT, IDS, {"tied": False}, "params must have head"),
    ],
)
def test_parameters_of_other_fields(module, inputs, fields, message):
    params = drawing.init(module, IMAGES if inputs.ndim == 4 else inputs, key=K)
    with pytest.raises(ValueError, match=message):
        module.clone(**fields).apply(params, inputs)


def test_drawing():
    with pytest.raises(ValueError, match="std must not be negative; found -1"):
        drawing.init(STACK, X, key=K, std=-1.0)
    with pytest.raises(ValueError, match="constants must name parameters of the module; found slope"):
        drawing.init(FeedForward(), X, key=K, constants={"slope": 1.0})


def test_arguments(unchecked):
    numbers = {token: i for i, token in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]"))}
    tokenizer, table = wordpiece.Tokenizer(tuple(numbers), numbers, True), jnp.ones((2, 2, 1))
    for call, message in (
        (lambda: positions.rotate(X, jnp.array(1)), "positions must be one per vector"),
        (lambda: positions.rotate(X, jnp.ones((3, 4))), r"positions must broadcast to \(2, 4\); found shape \(3, 4\)"),
        (lambda: positions.rotate(X[0, 0], jnp.ones(8)), r"x must have axes of positions .*; found shape \(8,\)"),
        (lambda: grids.resize(table, 2), "size must be two whole numbers, of rows and columns; found 2"),
        (lambda: grids.resize(table, (2,)), r"size must be two whole numbers, .*; found \(2,\)"),
        (lambda: wordpiece.words(None), "text must be a string; found NoneType"),
        (lambda: wordpiece.encode(tokenizer, ["a"], max_length=2.5), "max_length must be a positive whole number"),
        (lambda: gpt.generate(GPT, {}, IDS, key=K, n_tokens=2, temperature=-1.0), "temperature must not be negative"),
        (lambda: gpt.generate(GPT, {}, IDS, key=K, n_tokens=2, top_p=2.0), "top_p must be between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_head": 3}, "config: n_head must divide n_embd = 8; found 3"),
        ({"eps": -1.0}, "config: eps must be finite and not negative; found -1.0"),
        ({"eps": float("nan")}, "config: eps must be finite"),
        ({"eps": float("inf")}, "config: eps must be finite"),
    ],
)
def test_configs(settings, message):
    with pytest.raises(ValueError, match=message):
        tensors.options(settings, defaults={"n_embd": 8, "n_head": 2, "eps": 1e-5}, known={})


def test_a_head_of_its_own_must_be_there():
    config = {"tie_word_embeddings": False, "n_layer": 1, "n_embd": 8, "n_head": 2, "vocab_size": 5}
    for tied in (False, True):
        read = text.gpt(config | {"tie_word_embeddings": tied}, {})
        assert read.module.tied == tied
        assert ("lm_head.weight" in {name for leaf in read.leaves for name in leaf.tensors}) != tied


def written(path, header, data=b""):
    header = json.dumps(header).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path


@pytest.mark.parametrize("shape", [[1] * 65, [2**40, 2**40, 0]])
def test_shapes_that_numpy_lacks_are_refused_with_the_file(tmp_path, shape):
    size = 4 if shape[-1] else 0
    path = written(tmp_path / "m", {"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}, b"\0" * size)
    with pytest.raises(ValueError, match=rf"{path}: w has the shape \[\d"):
        safetensors.read(path)


@pytest.mark.parametrize("notes", [[1], {"format": 5}, "pt", None])
def test_notes_of_another_type_are_refused(tmp_path, notes):
    with pytest.raises(ValueError, match="is damaged: __metadata__ must be a table of texts"):
        safetensors.read(written(tmp_path / "m", {"__metadata__": notes}))
    assert safetensors.read(written(tmp_path / "m", {"__metadata__": {"format": "pt"}})) == {}


def test_an_index_must_hold_names_of_files(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"wte.weight": 5}}')
    with pytest.raises(ValueError, match="must have a table weight_map, with the name of a file"):
        pretrained.load(tmp_path)


@pytest.mark.parametrize(
    ("module", "inputs"),
    [(STACK, X), (STACK.clone(block_size=2), X), (VIT, IMAGES), (GPT, IDS), (BERT, IDS), (TEXT, IDS)],
)
def test_no_inputs_give_no_outputs(module, inputs):
    params = drawing.init(module, inputs, key=K)
    assert module.apply(params, inputs[:0]).shape == (0, *module.apply(params, inputs).shape[1:])
    if not isinstance(module, clip.Text):
        found = maps.of_layers(module, params, inputs)
        assert maps.of_layers(module, params, inputs[:0]).shape == (1, 0, *found.shape[2:])


def test_texts_without_tokens_give_no_vectors():
    for module in (STACK, CAUSAL, STACK.clone(block_size=2, rope="half")):
        assert module.apply(drawing.init(module, X, key=K), X[:, :0]).shape == (2, 0, 8)
    for module in (GPT, BERT):
        params = drawing.init(module, IDS, key=K)
        assert module.apply(params, IDS[:, :0]).shape == (2, 0, module.apply(params, IDS).shape[2])
        assert pretrained.embed(module, params, IDS[:0]).shape == (0, 8)
    params = drawing.init(GPT, IDS, key=K)
    assert gpt.generate(GPT, params, IDS[:0], key=K, n_tokens=2).shape == (0, 5)
