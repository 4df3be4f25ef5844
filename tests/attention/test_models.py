"""ViT, GPT, BERT, CLIP and their maps: against plain NumPy, and laws of what each token may see."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import bert, clip, drawing, gpt, maps, vit
from mfml.attention.transformer import Encoder

V, LENGTH = 7, 6
SIZES = {"n_tokens": V, "width": 8, "max_length": 12}
STACK = Encoder(n_layers=2, n_heads=2, causal=True)
GPT = gpt.GPT(encoder=STACK, **SIZES)
BERT = bert.BERT(encoder=Encoder(n_layers=2, n_heads=2, norm_first=False), head="words", **SIZES)
VIT = vit.ViT(encoder=Encoder(n_layers=2, n_heads=2), width=8, image_size=(4, 6), patch_size=2, n_registers=2)
IDS = jax.random.randint(jax.random.key(3), (3, LENGTH), 0, V)
IMAGES = jax.random.uniform(jax.random.key(4), (3, 4, 6, 2))


@pytest.fixture(scope="module")
def language():
    return drawing.init(GPT, IDS, key=jax.random.key(0), std=0.5)


@pytest.fixture(scope="module")
def masked():
    return drawing.init(BERT, IDS, key=jax.random.key(1), std=0.5)


@pytest.fixture(scope="module")
def seeing():
    return drawing.init(VIT, IMAGES, key=jax.random.key(2), std=0.5)


def log_softmax(logits):
    logits = np.asarray(logits, float)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(("size", "shape"), [(1, (2, 3, 5, 2)), (2, (2, 5, 7, 3)), (3, (1, 3, 9, 1))])
def test_patches_are_cut_row_by_row(key, size, shape):
    images = np.asarray(jax.random.uniform(key, shape))
    rows, columns = shape[1] // size, shape[2] // size
    expected = [
        [
            image[r * size : (r + 1) * size, c * size : (c + 1) * size].ravel()
            for r in range(rows)
            for c in range(columns)
        ]
        for image in images
    ]
    np.testing.assert_array_equal(vit.patchify(images, patch_size=size), expected)


def test_tokens_of_a_vit_are_class_registers_and_patches_with_positions(seeing):
    p = jax.tree.map(np.asarray, seeing["params"])
    patches = np.asarray(vit.patchify(IMAGES, patch_size=2)) @ p["patches"]["kernel"] + p["patches"]["bias"]
    patches += p["positions"].reshape(6, 8)
    x = np.concatenate([np.broadcast_to(p["tokens"], (3, 3, 8)), patches], axis=1)
    expected = VIT.encoder.apply({"params": seeing["params"]["encoder"]}, jnp.asarray(x))
    found = {pool: VIT.clone(pool=pool).apply(seeing, IMAGES) for pool in (None, "token", "mean", "both")}
    np.testing.assert_allclose(found[None], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["token"], expected[:, 0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["mean"], expected[:, 3:].mean(axis=1), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found["both"], np.concatenate([found["token"], found["mean"]], axis=1))


def test_pixels_beyond_the_last_patch_are_not_seen_and_other_sizes_have_other_positions(seeing):
    wide = jnp.pad(IMAGES, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=9.0)
    np.testing.assert_array_equal(VIT.apply(seeing, wide), VIT.apply(seeing, IMAGES))
    large = VIT.clone(pool=None).apply(seeing, jnp.tile(IMAGES, (1, 2, 1, 1)))
    assert large.shape == (3, 3 + 12, 8)
    assert np.isfinite(large).all()


def test_a_token_of_a_language_model_sees_nothing_that_comes_later(language):
    found = GPT.apply(language, IDS)
    for place in range(1, LENGTH):
        other = GPT.apply(language, IDS.at[:, place:].set((IDS[:, place:] + 1) % V))
        np.testing.assert_allclose(other[:, :place], found[:, :place], atol=1e-5)
        assert np.abs(other[:, place] - found[:, place]).max() > 1e-3


def test_the_loss_of_a_language_model_is_the_mean_over_tokens_that_count(language):
    mask = np.arange(LENGTH) < np.array([[6], [4], [2]])
    scores = log_softmax(GPT.apply(language, IDS))
    each = -np.take_along_axis(scores[:, :-1], np.asarray(IDS)[:, 1:, None], axis=2)[..., 0]
    np.testing.assert_allclose(gpt.loss(GPT, language, IDS), each.mean(), rtol=1e-5)
    np.testing.assert_allclose(gpt.loss(GPT, language, IDS, mask=mask), each[mask[:, 1:]].mean(), rtol=1e-5)


@pytest.mark.parametrize("rope", [None, "half"])
def test_generation_with_a_cache_takes_the_tokens_of_the_full_pass(rope):
    module = GPT.clone(encoder=STACK.clone(rope=rope))
    params = drawing.init(module, IDS, key=jax.random.key(0), std=0.5)
    ids = IDS[:, :2]
    for _ in range(5):
        ids = jnp.append(ids, module.apply(params, ids)[:, -1].argmax(axis=-1)[:, None], axis=1)
    found = gpt.generate(module, params, IDS[:, :2], key=jax.random.key(9), n_tokens=5, temperature=0.0)
    np.testing.assert_array_equal(found, ids)


def test_generated_tokens_have_the_probabilities_of_the_model(language):
    prompt = jnp.tile(IDS[:1, :3], (20_000, 1))
    drawn = gpt.generate(GPT, language, prompt, key=jax.random.key(5), n_tokens=1, temperature=0.5)[:, -1]
    expected = np.exp(log_softmax(GPT.apply(language, IDS[:1, :3])[0, -1] / 0.5))
    np.testing.assert_allclose(np.bincount(drawn, minlength=V) / len(drawn), expected, atol=0.015)


def test_the_same_key_continues_alike_and_an_ended_text_stays_ended(language):
    options = {"n_tokens": 6, "end": 0}
    found = gpt.generate(GPT, language, jnp.tile(IDS[:, :3], (20, 1)), key=jax.random.key(5), **options)
    again = gpt.generate(
        GPT, language, jnp.tile(IDS[:, :3], (20, 1)), key=jax.random.key(5), **options | {"n_tokens": 4}
    )
    np.testing.assert_array_equal(found[:, :7], again)
    rest = np.asarray(found[:, 3:])
    ended = np.cumsum(rest == 0, axis=1) > 0
    assert 0.1 < ended.mean() < 0.9
    assert (rest[ended] == 0).all()


def test_hidden_tokens_have_the_shares_of_bert(key):
    ids = jnp.full((200, 100), 5)
    allowed = jnp.arange(100) < 80
    found = bert.hide(ids, key=key, n_tokens=1000, mask_id=4, share=0.3, allowed=jnp.broadcast_to(allowed, ids.shape))
    assert not found.chosen[:, 80:].any()
    np.testing.assert_allclose(found.chosen[:, :80].mean(), 0.3, atol=0.02)
    seen = np.asarray(found.ids[found.chosen])
    shares = [np.mean(seen == 4), np.mean((seen != 4) & (seen != 5)), np.mean(seen == 5)]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.02)
    np.testing.assert_array_equal(found.ids[~found.chosen], 5)


def test_the_loss_of_bert_counts_chosen_tokens_alone(masked, key):
    mask = jnp.arange(LENGTH) < jnp.array([[6], [4], [2]])
    found = bert.loss(BERT, masked, IDS, key=key, mask_id=4, share=0.6, mask=mask)
    hidden = bert.hide(IDS, key=jax.random.split(key)[0], n_tokens=V, mask_id=4, share=0.6, allowed=mask)
    scores = log_softmax(BERT.apply(masked, hidden.ids, mask))
    each = -np.take_along_axis(scores, np.asarray(IDS)[..., None], axis=2)[..., 0]
    np.testing.assert_allclose(found, each[np.asarray(hidden.chosen)].mean(), rtol=1e-5)


def test_what_fills_a_text_up_does_not_change_the_rest(masked):
    mask = jnp.arange(LENGTH) < 4
    other = IDS.at[:, 4:].set(0)
    full, cut = (BERT.apply(masked, ids, jnp.broadcast_to(mask, ids.shape))[:, :4] for ids in (IDS, other))
    np.testing.assert_array_equal(full, cut)
    np.testing.assert_allclose(BERT.apply(masked, IDS[:, :4]), full, atol=1e-5)


def test_the_loss_of_clip_asks_in_both_directions():
    text = clip.Text(encoder=STACK, end=V - 1, **SIZES)
    module = clip.CLIP(image=VIT, text=text, n_components=5)
    ids = IDS.at[:, -1].set(V - 1)
    params = drawing.init(module, (IMAGES, ids), key=jax.random.key(0), std=0.5)
    found = module.apply(params, IMAGES, ids)
    np.testing.assert_allclose(np.linalg.norm(found.images, axis=1), 1, rtol=1e-5)
    logits = float(found.scale) * np.asarray(found.images) @ np.asarray(found.texts).T
    expected = -(np.diag(log_softmax(logits)).mean() + np.diag(log_softmax(logits.T)).mean()) / 2
    np.testing.assert_allclose(clip.loss(module, params, IMAGES, ids), expected, rtol=1e-4)


def test_a_text_of_clip_is_read_at_its_first_end(key):
    text = clip.Text(encoder=STACK, end=5, **SIZES)
    ids = jnp.array([[1, 2, 5, 0, 5, 3], [1, 5, 2, 2, 2, 2]])
    params = drawing.init(text, ids, key=key, std=0.5)
    found = text.apply(params, ids)
    np.testing.assert_allclose(found[0], text.apply(params, ids[:1, :3])[0], atol=1e-5)
    np.testing.assert_allclose(found[1], text.apply(params, ids[1:, :2])[0], atol=1e-5)


def test_a_text_of_clip_that_was_cut_is_read_at_its_last_token():
    text = clip.Text(encoder=STACK, end=V - 1, **SIZES)
    module, ids = clip.CLIP(image=VIT, text=text, n_components=5), jnp.array([[1, 2, 3], [1, V - 1, 0], [2, 3, V - 1]])
    params = drawing.init(module, (IMAGES, ids), key=jax.random.key(0), std=0.5)
    last = module.clone(text=text.clone(end=3)).apply(params, ids, method="of_texts")[0]
    np.testing.assert_allclose(module.apply(params, ids, method="of_texts")[0], last, atol=1e-6)
    assert jnp.isfinite(clip.loss(module, params, IMAGES, ids))


def test_maps_are_the_weights_of_every_layer_in_order(masked, language):
    deep = Encoder(n_layers=11, n_heads=2)
    x = jax.random.normal(jax.random.key(0), (2, 5, 4))
    params = drawing.init(deep, x, key=jax.random.key(1), std=0.5)
    found = maps.of_layers(deep, params, x)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    short = deep.clone(n_layers=3)  # block_10 comes after block_2
    np.testing.assert_allclose(found[:3], maps.of_layers(short, params, x), atol=1e-6)
    causal = maps.of_layers(GPT, language, IDS)
    assert (np.triu(np.asarray(causal), 1) == 0).all()
    mask = jnp.broadcast_to(jnp.arange(LENGTH) < 4, IDS.shape)
    assert (maps.of_layers(BERT, masked, (IDS, mask))[..., 4:] == 0).all()


def test_rollout_multiplies_the_layers(key):
    weights = np.asarray(jax.nn.softmax(jax.random.normal(key, (3, 2, 4, 5, 5))))
    expected = np.stack([np.eye(5)] * 2)
    for layer in weights.mean(axis=2):
        expected = (layer + np.eye(5)) / 2 @ expected
    found = maps.rollout(weights)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)


def test_what_does_not_fit_is_refused(language, masked, unchecked):
    with pytest.raises(ValueError, match="causal = True; found False"):
        GPT.clone(encoder=Encoder(n_layers=1, n_heads=2)).apply(language, IDS)
    with pytest.raises(ValueError, match=r"3 \+ 10 tokens must fit into the module's max_length = 12"):
        gpt.generate(GPT, language, IDS[:, :3], key=jax.random.key(0), n_tokens=10)
    with pytest.raises(ValueError, match="prompt must have at least one token"):
        gpt.generate(GPT, language, IDS[:, :0], key=jax.random.key(0), n_tokens=2)
    with pytest.raises(ValueError, match='module must have head = "words"; found None'):
        bert.loss(BERT.clone(head=None), masked, IDS, key=jax.random.key(0), mask_id=4)
    with pytest.raises(ValueError, match="this pool needs class_token = True"):
        VIT.clone(class_token=False).apply({}, IMAGES)
    with pytest.raises(ValueError, match="module must have layers of attention"):
        maps.of_layers(
            drawing.nn.Dense(3), {"params": {"kernel": jnp.ones((4, 3)), "bias": jnp.ones(3)}}, jnp.ones((1, 4))
        )
