"""Pretrained models against transformers: small random ones, written by `save_pretrained` and read here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from mfml.attention import pretrained  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
MLP = {"intermediate_size": 24}
SIZES = [(12, 12), (12, 16), (17, 23), (7, 30), (4, 4)]  # of images; models know 12 x 12, with patches of 4


def saved(model, path, seed=0):
    """Draw all weights again, so that none is 0 or 1, write the model, and read it."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.05 if parameter.ndim == 1 else 0.0, 0.4)
    model.eval().save_pretrained(path)
    return pretrained.load(path)


def images(size, channels=3):
    drawn = np.random.default_rng(0).normal(size=(2, *size, channels)).astype(np.float32)
    return jnp.asarray(drawn), torch.tensor(drawn).permute(0, 3, 1, 2)


def ids(n_tokens, shape=(3, 7)):
    drawn = np.random.default_rng(0).integers(0, n_tokens, shape)
    return jnp.asarray(drawn, jnp.int32), torch.tensor(drawn)


def same(found, needed):
    np.testing.assert_allclose(found, needed.detach().numpy(), atol=1e-4, rtol=1e-4)


def has_the_modules_tree(model, *inputs):
    """The parameters are those that the module draws, beside those of heads that it does not use."""
    drawn = jax.eval_shape(model.module.init, jax.random.key(0), *inputs)["params"]
    read = dict(jax.tree.leaves_with_path(model.params["params"]))
    for path, leaf in jax.tree.leaves_with_path(drawn):
        assert read.pop(path).shape == leaf.shape
    assert all("pooler" in str(path) for path in read), read.keys()


@pytest.fixture
def vit_config():
    return transformers.ViTConfig(**SMALL, **MLP, image_size=12, patch_size=4)


@pytest.mark.parametrize("size", SIZES)
def test_vit(vit_config, tmp_path, size):
    peer = transformers.ViTModel(vit_config)
    model = saved(peer, tmp_path)
    x, theirs = images(size)
    needed = peer(theirs, interpolate_pos_encoding=True)
    has_the_modules_tree(model, x)
    same(model.module.apply(model.params, x), needed.last_hidden_state)
    same(model.module.clone(pool="tanh").apply(model.params, x), needed.pooler_output)
    mean = needed.last_hidden_state[:, 1:].mean(dim=1)
    same(pretrained.embed(model.module, model.params, x), mean / mean.norm(dim=1, keepdim=True))


def test_vit_with_a_classifier_other_channels_and_without_biases(tmp_path):
    config = transformers.ViTConfig(
        **SMALL, **MLP, image_size=[12, 12], patch_size=4, num_channels=1, qkv_bias=False, hidden_act="gelu_new"
    )
    config.num_labels = 5
    peer = transformers.ViTForImageClassification(config)
    model = saved(peer, tmp_path)
    x, theirs = images((12, 12), channels=1)
    has_the_modules_tree(model, x)
    same(model.module.apply(model.params, x), peer(theirs).logits)


def test_vit_with_a_mask_token(vit_config, tmp_path):
    model = saved(transformers.ViTModel(vit_config, use_mask_token=True, add_pooling_layer=False), tmp_path)
    assert list(model.unused) == ["embeddings.mask_token"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("swiglu", [False, True])
@pytest.mark.parametrize("registers", [False, True])
def test_dino(tmp_path, size, swiglu, registers):
    kind = "Dinov2WithRegisters" if registers else "Dinov2"
    config = getattr(transformers, f"{kind}Config")(
        **SMALL, image_size=12, patch_size=4, use_swiglu_ffn=swiglu, layerscale_value=0.3, mlp_ratio=3
    )
    peer = getattr(transformers, f"{kind}Model")(config)
    model = saved(peer, tmp_path)
    x, theirs = images(size)
    has_the_modules_tree(model, x)
    needed = peer(theirs).last_hidden_state
    same(model.module.apply(model.params, x), needed)
    mean = needed[:, 5 if registers else 1 :].mean(dim=1)
    same(pretrained.embed(model.module, model.params, x), mean / mean.norm(dim=1, keepdim=True))


@pytest.mark.parametrize("kind", ["Dinov2", "Dinov2WithRegisters"])
def test_dino_with_a_classifier(tmp_path, kind):
    config = getattr(transformers, f"{kind}Config")(**SMALL, image_size=12, patch_size=4)
    config.num_labels = 5
    peer = getattr(transformers, f"{kind}ForImageClassification")(config)
    model = saved(peer, tmp_path)
    x, theirs = images((17, 23))
    has_the_modules_tree(model, x)
    same(model.module.apply(model.params, x), peer(theirs).logits)


def clip_configs(end=19, **more):
    text = {**SMALL, **MLP, "vocab_size": 20, "max_position_embeddings": 9, "eos_token_id": end, **more}
    image = {**SMALL, **MLP, "hidden_size": 20, "image_size": 12, "patch_size": 4}
    return text, image


def sentences():
    """Rows that end somewhere, and hold the end twice."""
    _, drawn = ids(18, (3, 8))
    drawn[0, 3:] = 19
    drawn[1, 7] = 19
    drawn[2, 5], drawn[2, 6:] = 19, 0
    return jnp.asarray(drawn.numpy(), jnp.int32), drawn


@pytest.mark.parametrize("size", [(12, 12), (17, 23)])
@pytest.mark.parametrize("end", [19, 2])
def test_clip(tmp_path, size, end):
    text, image = clip_configs(end)
    peer = transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=image, projection_dim=6))
    model = saved(peer, tmp_path)
    (x, x_theirs), (words, words_theirs) = images(size), sentences()
    has_the_modules_tree(model, x, words)
    needed = peer(words_theirs, x_theirs, interpolate_pos_encoding=True)
    found = model.module.apply(model.params, x, words)
    same(found.images, needed.image_embeds)
    same(found.texts, needed.text_embeds)
    same(found.scale * found.images @ found.texts.T, needed.logits_per_image)
    same(pretrained.embed(model.module, model.params, x), needed.image_embeds)
    same(pretrained.embed(model.module, model.params, words), needed.text_embeds)


def test_the_loss_of_clip(tmp_path):
    from mfml.attention import clip

    text, image = clip_configs()
    peer = transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=image, projection_dim=6))
    model = saved(peer, tmp_path)
    (x, x_theirs), (words, words_theirs) = images((12, 12)), sentences()
    needed = peer(words_theirs[:2], x_theirs, return_loss=True).loss
    same(clip.loss(model.module, model.params, x, words[:2]), needed)


@pytest.mark.parametrize("projection", [False, True])
def test_the_towers_of_clip(tmp_path, projection):
    text, image = clip_configs()
    suffix = "WithProjection" if projection else ""
    peer = getattr(transformers, f"CLIPTextModel{suffix}")(transformers.CLIPTextConfig(**text, projection_dim=6))
    model = saved(peer, tmp_path / "text")
    words, theirs = sentences()
    has_the_modules_tree(model, words)
    tower = peer.text_model if projection else peer
    same(model.module.apply(model.params, words), tower(theirs).pooler_output)
    assert list(model.unused) == (["text_projection.weight"] if projection else [])
    peer = getattr(transformers, f"CLIPVisionModel{suffix}")(transformers.CLIPVisionConfig(**image, projection_dim=6))
    model = saved(peer, tmp_path / "image")
    x, theirs = images((12, 12))
    has_the_modules_tree(model, x)
    tower = peer.vision_model if projection else peer
    same(model.module.apply(model.params, x), tower(theirs).pooler_output)
    tokens = model.module.clone(pool=None).apply(model.params, x)
    same(tokens, tower.post_layernorm(tower(theirs).last_hidden_state))


@pytest.mark.parametrize("inner", [None, 20])
@pytest.mark.parametrize("tied", [True, False])
def test_gpt2(tmp_path, inner, tied):
    config = transformers.GPT2Config(
        vocab_size=20, n_positions=9, n_embd=16, n_layer=2, n_head=4, n_inner=inner, tie_word_embeddings=tied
    )
    peer = transformers.GPT2LMHeadModel(config)
    model = saved(peer, tmp_path)
    assert model.module.tied == tied
    words, theirs = ids(20)
    has_the_modules_tree(model, words)
    same(model.module.apply(model.params, words), peer(theirs).logits)
    hidden = peer.transformer(theirs).last_hidden_state
    same(model.module.clone(head=None).apply(model.params, words), hidden)


def test_gpt2_continues_a_text_as_transformers_does(tmp_path):
    from mfml.attention import gpt

    config = transformers.GPT2Config(vocab_size=20, n_positions=30, n_embd=16, n_layer=2, n_head=4)
    peer = transformers.GPT2LMHeadModel(config)
    model = saved(peer, tmp_path)
    words, theirs = ids(20, (2, 5))
    mask = torch.ones_like(theirs)
    needed = peer.generate(
        theirs, attention_mask=mask, max_new_tokens=20, do_sample=False, pad_token_id=0, eos_token_id=None
    )
    found = gpt.generate(model.module, model.params, words, key=jax.random.key(0), n_tokens=20, temperature=0.0)
    np.testing.assert_array_equal(found, needed)


@pytest.mark.parametrize("pooler", [True, False])
def test_bert(tmp_path, pooler):
    config = transformers.BertConfig(**SMALL, **MLP, vocab_size=20, max_position_embeddings=9)
    peer = transformers.BertModel(config, add_pooling_layer=pooler)
    model = saved(peer, tmp_path)
    words, theirs = ids(20)
    mask = np.arange(7) < np.array([7, 4, 1])[:, None]
    kinds = (np.arange(7) > 2).astype(int)[None].repeat(3, 0)
    has_the_modules_tree(model, words)
    needed = peer(theirs, attention_mask=torch.tensor(mask.astype(int)), token_type_ids=torch.tensor(kinds))
    found = model.module.apply(model.params, words, jnp.asarray(mask), jnp.asarray(kinds))
    same(np.asarray(found)[mask], needed.last_hidden_state[torch.tensor(mask)])
    if pooler:
        pooled = model.module.clone(head="pooler").apply(model.params, words, jnp.asarray(mask), jnp.asarray(kinds))
        same(pooled, needed.pooler_output)


@pytest.mark.parametrize("kind", ["MaskedLM", "PreTraining"])
def test_bert_with_the_head_of_words(tmp_path, kind):
    config = transformers.BertConfig(**SMALL, **MLP, vocab_size=20, max_position_embeddings=9)
    peer = getattr(transformers, f"BertFor{kind}")(config)
    model = saved(peer, tmp_path)
    words, theirs = ids(20)
    has_the_modules_tree(model, words)
    output = peer(theirs)
    same(model.module.apply(model.params, words), output.logits if kind == "MaskedLM" else output.prediction_logits)
    heads = [] if kind == "MaskedLM" else ["cls.seq_relationship.bias", "cls.seq_relationship.weight"]
    assert sorted(model.unused) == heads
