import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import blockwise, dot_product, masks
from tests.attention import oracles

FORMS = {
    "plain": dot_product.attention,
    "blocked": lambda *heads, **options: blockwise.attention(*heads, block_size=4, **options),
}


@pytest.fixture(params=FORMS)
def attention(request):
    return FORMS[request.param]


@pytest.fixture
def heads(key):
    """Two sequences, four heads of queries, two of keys; lengths that are no multiple of the blocks."""
    keys = jax.random.split(key, 3)
    shapes = (2, 4, 5, 6), (2, 2, 7, 6), (2, 2, 7, 3)
    return [jax.random.normal(k, shape) for k, shape in zip(keys, shapes, strict=True)]


@pytest.fixture
def mask(key):
    return jax.random.bernoulli(key, 0.6, (2, 4, 5, 7)).at[..., 0].set(True)


def gradients(attention, heads, **options):
    """Of a sum with different factors, so that no row's gradient vanishes by symmetry."""

    def total(heads):
        out = attention(*heads, **options)
        return jnp.sum(out * jnp.cos(jnp.arange(out.size)).reshape(out.shape))

    return jax.jit(jax.grad(total))(heads)


def test_equals_the_oracle(attention, heads, mask):
    for options in ({}, {"mask": mask}, {"mask": mask, "scale": 0.3}):
        needed, _ = oracles.attention(*heads, **options)
        np.testing.assert_allclose(attention(*heads, **options), needed, atol=2e-6)


def test_weights_equal_the_oracle_and_add_up_to_one(heads, mask):
    for options in ({}, {"mask": mask}):
        found = dot_product.weights(*heads[:2], **options)
        np.testing.assert_allclose(found, oracles.attention(*heads, **options)[1], atol=1e-6)
        np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)


def test_gradient_is_the_difference_quotient(attention, heads, mask, x64):
    heads = [x.astype(float) for x in heads]
    factors = np.cos(np.arange(2 * 4 * 5 * 3)).reshape(2, 4, 5, 3)
    for place, slope in enumerate(gradients(attention, heads, mask=mask)):
        way = np.random.default_rng(place).normal(size=slope.shape)
        moved = [[x + by * way if number == place else x for number, x in enumerate(heads)] for by in (1e-5, -1e-5)]
        ends = [(oracles.attention(*m, mask=mask)[0] * factors).sum() for m in moved]
        assert np.sum(slope * way) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_zero_queries_and_keys_give_the_mean(attention, heads):
    queries, keys, values = heads
    mean = np.repeat(np.mean(values, axis=-2, keepdims=True), 2, axis=1)
    np.testing.assert_allclose(attention(0 * queries, 0 * keys, values), np.broadcast_to(mean, (2, 4, 5, 3)), atol=1e-6)


def test_a_vector_added_to_all_keys_changes_nothing(attention, heads):
    """It adds a constant to each row of logits."""
    queries, keys, values = heads
    found = attention(queries, keys + jnp.arange(6.0), values)
    np.testing.assert_allclose(found, attention(queries, keys, values), atol=2e-5)


def test_permuted_keys_change_nothing(attention, heads):
    queries, keys, values = heads
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    found = attention(queries, keys[:, :, order], values[:, :, order])
    np.testing.assert_allclose(found, attention(queries, keys, values), atol=1e-6)


def test_huge_logits_choose_the_largest(attention, heads):
    queries, keys, values = heads
    for size in (1e4, 1e30):
        found = attention(queries, keys, values, scale=size)
        best = np.argmax(oracles.attention(*heads)[1], axis=-1)
        needed = np.take_along_axis(np.repeat(np.asarray(values), 2, axis=1), best[..., None], axis=2)
        np.testing.assert_allclose(found, needed, atol=1e-5)
        for slope in gradients(attention, heads, scale=size):
            assert np.isfinite(slope).all()


def test_a_row_without_keys_is_zero_and_has_a_finite_gradient(attention, heads, mask):
    mask = mask.at[:, :, 2].set(False).at[0, :, 4].set(False)
    found = attention(*heads, mask=mask)
    assert not found[:, :, 2].any() and not found[0, :, 4].any() and found[1, :, 4].any()
    np.testing.assert_allclose(found, oracles.attention(*heads, mask=mask)[0], atol=2e-6)
    slopes = gradients(attention, heads, mask=mask)
    assert all(np.isfinite(slope).all() for slope in slopes)
    assert not slopes[0][:, :, 2].any()
    assert not dot_product.weights(*heads[:2], mask=mask)[:, :, 2].any()


def test_nothing_is_allowed_at_all(attention, heads):
    mask = jnp.zeros((1, 1), bool)
    assert not attention(*heads, mask=mask).any()
    assert not any(slope.any() for slope in gradients(attention, heads, mask=mask))


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e38])
def test_what_is_masked_does_not_leak(attention, heads, mask, broken):
    queries, keys, values = heads
    mask = mask.at[:, :, :, 5].set(False).at[:, :, 1].set(False).at[:, :, 3:, 6].set(False)
    needed = attention(*heads, mask=mask)
    slopes = gradients(attention, heads, mask=mask)
    bad = [queries.at[:, :, 1].set(broken), keys.at[:, :, 5, 2].set(broken), values.at[:, 1, 5].set(broken)]
    np.testing.assert_allclose(attention(*bad, mask=mask), needed, atol=2e-6)
    for found, slope in zip(gradients(attention, bad, mask=mask), slopes, strict=True):
        np.testing.assert_allclose(found, slope, atol=1e-5)
    weights = dot_product.weights(*bad[:2], mask=mask)
    np.testing.assert_allclose(weights, dot_product.weights(queries, keys, mask=mask), atol=2e-6)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_query_that_meets_nan_is_nan_and_others_are_not(attention, heads, mask, place):
    mask = mask.at[:, :, 3:, 5].set(False).at[:, :, :3, 5].set(True)
    bad = list(heads)
    bad[place] = bad[place].at[0, 1, 2 if place == 0 else 5, 0].set(jnp.nan)
    found, usual = np.asarray(attention(*bad, mask=mask)), np.asarray(attention(*heads, mask=mask))
    meets = np.zeros((2, 4, 5), bool)
    meets[(0, 1, 2) if place == 0 else np.s_[0, 2:, :3]] = True  # heads 2 and 3 share the keys of head 1
    assert np.isnan(found[meets]).all()
    np.testing.assert_allclose(found[~meets], usual[~meets], atol=2e-6)
    assert np.isnan(attention(*bad)).any()


def test_a_derivative_does_not_pass_through_a_query_that_is_nan(attention, heads):
    """Rows of padding, which the loss leaves out, may be NaN."""
    mask = masks.padding(jnp.array([4, 7]), 7)
    bad = [x.at[0, :, 4:].set(jnp.nan) for x in heads]

    def total(heads):
        out = attention(*heads, mask=mask)
        return jnp.sum(jnp.where(jnp.arange(5)[:, None] < 4, out, 0.0) ** 2)

    for found, needed in zip(jax.jit(jax.grad(total))(bad), jax.jit(jax.grad(total))(heads), strict=True):
        np.testing.assert_allclose(found[0, :, :4], needed[0, :, :4], atol=2e-5)
        assert np.isfinite(found).all()


def test_grouped_queries_are_repeated_keys(attention, heads):
    queries, keys, values = heads
    repeated = attention(queries, jnp.repeat(keys, 2, axis=1), jnp.repeat(values, 2, axis=1))
    np.testing.assert_allclose(attention(queries, keys, values), repeated, atol=2e-6)


def test_masks_broadcast(attention, heads, key):
    for shape in ((7,), (5, 7), (5, 1), (4, 1, 7), (2, 1, 1, 7), (1, 4, 5, 1)):
        mask = jax.random.bernoulli(key, 0.6, shape)
        needed = oracles.attention(*heads, mask=mask)[0]
        np.testing.assert_allclose(attention(*heads, mask=mask), needed, atol=2e-6)


def test_empty_arrays(attention):
    assert attention(jnp.ones((2, 0, 4)), jnp.ones((1, 3, 4)), jnp.ones((1, 3, 5))).shape == (2, 0, 5)
    assert not attention(jnp.ones((2, 3, 4)), jnp.ones((1, 0, 4)), jnp.ones((1, 0, 5))).any()
    assert attention(jnp.ones((0, 2, 3, 4)), jnp.ones((0, 1, 2, 4)), jnp.ones((0, 1, 2, 5))).shape == (0, 2, 3, 5)


def test_softmax(x64):
    logits = np.array([[1.0, 2.0, -1.0], [1e4, 1e4, -1e4]])
    needed = np.exp(logits - logits.max(1, keepdims=True))
    needed /= needed.sum(1, keepdims=True)
    np.testing.assert_allclose(dot_product.softmax(logits), needed, atol=1e-15)
    np.testing.assert_allclose(dot_product.softmax(logits + 7), needed, atol=1e-12)
    mask = np.array([[True, False, True], [False, False, False]])
    found = dot_product.softmax(logits, mask=mask)
    np.testing.assert_allclose(found, [[1 / (1 + np.exp(-2)), 0, 1 / (1 + np.exp(2))], [0, 0, 0]], atol=1e-15)
    assert np.isnan(dot_product.softmax(np.array([1.0, np.nan]))).all()


def test_messages_name_the_argument(attention, heads, unchecked):
    queries, keys, values = heads
    for bad, words in (
        ((queries, keys[..., :5], values), "queries and keys must have the same features"),
        ((queries, keys, values[:, :, :3]), "one value per key; found keys"),
        ((queries[:, :3], keys, values), "multiple of those of keys; found queries"),
        ((queries[0, 0], keys, values), "queries must have axes of heads"),
    ):
        with pytest.raises(ValueError, match=words):
            attention(*bad)
    with pytest.raises(ValueError, match=r"mask must be boolean.* found dtype float32"):
        attention(*heads, mask=jnp.ones((5, 7)))
    with pytest.raises(ValueError, match=r"mask must broadcast to \(2, 4, 5, 7\); found shape \(5, 6\)"):
        attention(*heads, mask=jnp.ones((5, 6), bool))


def test_causal_masks():
    for q, k in ((1, 1), (3, 3), (2, 5)):
        needed = np.tril(np.ones((q, k), bool), k - q)
        np.testing.assert_array_equal(masks.causal(q, k), needed)
    np.testing.assert_array_equal(
        masks.causal(4, 4, window=2), np.tril(np.ones((4, 4), bool)) & ~np.tril(np.ones((4, 4), bool), -2)
    )
    np.testing.assert_array_equal(masks.causal(2, 6, offset=3), masks.causal(6, 6)[3:5])
    assert masks.causal(3, 0, offset=0).shape == (3, 0)
    with pytest.raises(ValueError, match="more queries than keys need an offset; found n_queries = 3, n_keys = 2"):
        masks.causal(3, 2)
    with pytest.raises(ValueError, match="window must be positive"):
        masks.causal(2, 2, window=0)


def test_padding_masks():
    found = masks.padding(jnp.array([[0, 2], [3, 5]]), 3)
    assert found.shape == (2, 2, 1, 1, 3)
    np.testing.assert_array_equal(found.sum((-1, -2, -3)), [[0, 2], [3, 3]])
    assert found[0, 1, 0, 0].tolist() == [True, True, False]
