"""Choosing tokens: each filter against a loop in NumPy, ties and extremes, and the frequencies of draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import perplexity, sampling

FILTERS = {
    "temperature": lambda z: sampling.at_temperature(z, temperature=0.5),
    "greedy": lambda z: sampling.at_temperature(z, temperature=0.0),
    "top_k": lambda z: sampling.keep_top_k(z, top_k=2),
    "top_p": lambda z: sampling.keep_top_p(z, top_p=0.8),
}


def softmax(z):
    weight = np.exp(np.asarray(z, float) - np.max(z, axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def nucleus(row, top_p):
    """The tokens that are kept, by adding one after the other."""
    probability, kept, total = softmax(row), [], 0.0
    for token in sorted(range(len(row)), key=lambda token: (-row[token], token)):
        if kept and total >= top_p:
            break
        kept.append(token)
        total += probability[token]
    return sorted(kept)


def kept(logits):
    return np.flatnonzero(np.asarray(logits) > -np.inf).tolist()


@pytest.fixture
def z(key):
    return 3 * jax.random.normal(key, (4, 3, 9))


@pytest.mark.parametrize("top_p", [0.0, 0.1, 0.5, 0.9, 0.999, 1.0])
def test_the_nucleus_is_the_smallest_set_of_enough_probability(z, top_p):
    found = np.asarray(sampling.keep_top_p(z, top_p=top_p)).reshape(-1, 9)
    for row, original in zip(found, np.asarray(z).reshape(-1, 9), strict=True):
        assert kept(row) == (nucleus(original, top_p) if top_p < 1 else list(range(9)))
        np.testing.assert_array_equal(row[kept(row)], original[kept(row)])


@pytest.mark.parametrize("top_k", [1, 4, 9, 100])
def test_the_largest_logits_are_kept(z, top_k):
    found = np.asarray(sampling.keep_top_k(z, top_k=top_k)).reshape(-1, 9)
    for row, original in zip(found, np.asarray(z).reshape(-1, 9), strict=True):
        assert kept(row) == sorted(np.argsort(-original)[:top_k])
        np.testing.assert_array_equal(row[kept(row)], original[kept(row)])


@pytest.mark.parametrize("temperature", [0.1, 1.0, 7.0])
def test_a_temperature_is_a_power_of_the_probabilities(z, temperature):
    found = softmax(sampling.at_temperature(z, temperature=temperature))
    needed = softmax(z) ** (1 / temperature)
    np.testing.assert_allclose(found, needed / needed.sum(axis=-1, keepdims=True), rtol=1e-4, atol=1e-9)


def test_ties():
    equal = jnp.zeros(4)
    assert kept(sampling.keep_top_p(equal, top_p=0.5)) == [0, 1]
    assert kept(sampling.keep_top_p(equal, top_p=0.51)) == [0, 1, 2]
    assert kept(sampling.keep_top_k(equal, top_k=2)) == [0, 1, 2, 3]
    assert kept(sampling.keep_top_k(jnp.array([1.0, 0.0, 2.0, 0.0]), top_k=3)) == [0, 1, 2, 3]
    assert kept(sampling.at_temperature(jnp.array([1.0, 2.0, 2.0]), temperature=0.0)) == [1]


@pytest.mark.parametrize("name", FILTERS)
def test_what_was_left_out_stays_out(name):
    z = jnp.array([-jnp.inf, 1.0, 2.0, -jnp.inf, 0.5])
    found = FILTERS[name](z)
    assert found[0] == found[3] == -jnp.inf
    assert jnp.isfinite(found[2])
    alone = FILTERS[name](jnp.array([-jnp.inf, 3.0, -jnp.inf]))
    assert kept(alone) == [1]


def test_a_probability_of_one_keeps_what_rounding_loses():
    z = jnp.array([0.0, -30.0, -200.0])
    assert kept(sampling.keep_top_p(z, top_p=1.0)) == [0, 1, 2]
    assert kept(sampling.keep_top_p(z, top_p=0.99999)) == [0]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("offset", [-1e4, 1e4])
def test_large_logits_are_no_trouble(name, offset):
    z = jnp.array([3.0, 1.0, 2.0])
    found, needed = FILTERS[name](z + offset), FILTERS[name](z)
    assert kept(found) == kept(needed)
    np.testing.assert_allclose(softmax(found), softmax(needed), atol=1e-3)
    spread = FILTERS[name](jnp.array([1e38, -1e38, 1e4]))
    assert kept(spread)[0] == 0
    assert not jnp.isnan(spread).any()


def test_an_infinite_temperature_makes_all_equal(key):
    for row in ([1.0, 3.0, -jnp.inf, 2.0], [3e38, -3e38, -jnp.inf, 0.0]):
        found = sampling.at_temperature(jnp.array(row), temperature=jnp.inf)
        assert found.tolist() == [0.0, 0.0, -jnp.inf, 0.0]
    drawn = sampling.draw(jnp.tile(jnp.array([1.0, 3.0, 2.0]), (300, 1)), key=key, temperature=jnp.inf)
    assert min(np.bincount(drawn, minlength=3)) > 60


def test_a_tiny_temperature_is_greedy():
    found = sampling.at_temperature(jnp.array([1e4, 9e3, -1e4]), temperature=1e-37)
    assert found.tolist() == [0.0, -jnp.inf, -jnp.inf]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("row", [[1.0, jnp.nan, 2.0], [jnp.inf, 1.0, 0.0], [-jnp.inf] * 3])
def test_a_row_without_softmax_is_nan_and_spoils_no_other(name, row):
    found = FILTERS[name](jnp.array([row, [1.0, 3.0, 2.0]]))
    assert jnp.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], FILTERS[name](jnp.array([1.0, 3.0, 2.0])))


def test_nan_shows_in_a_large_vocabulary():
    z = jnp.zeros((2, 30_000)).at[1, 17_003].set(jnp.nan)
    for name in FILTERS:
        assert jnp.isnan(FILTERS[name](z)).all(axis=1).tolist() == [False, True], name


def test_draws_have_the_frequencies_of_the_filtered_softmax(key):
    z = jnp.array([0.0, 1.0, 2.0, 2.5, -jnp.inf, -1.0])
    found = sampling.draw(jnp.tile(z, (20_000, 1)), key=key, temperature=1.5, top_k=4, top_p=0.9)
    counts = np.bincount(found, minlength=6) / 20_000
    left = sampling.keep_top_p(sampling.keep_top_k(z / 1.5, top_k=4), top_p=0.9)
    assert kept(left) == [1, 2, 3]
    np.testing.assert_allclose(counts, softmax(left), atol=4 * 0.5 / 20_000**0.5)
    assert counts[[0, 4, 5]].tolist() == [0, 0, 0]


def test_the_same_key_draws_the_same_tokens_and_rows_differ(key):
    z = jnp.zeros((50, 30))
    first, again = (sampling.draw(z, key=key) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(set(first.tolist())) > 10


def test_greedy_draws_are_the_largest_logit(z, key):
    np.testing.assert_array_equal(sampling.draw(z, key=key, temperature=0.0), z.argmax(axis=-1))
    np.testing.assert_array_equal(sampling.draw(z, key=key, top_k=1), z.argmax(axis=-1))
    np.testing.assert_array_equal(sampling.draw(z, key=key, top_p=0.0), z.argmax(axis=-1))
    assert sampling.draw(z[0, 0], key=key).shape == ()
    assert sampling.draw(jnp.ones((4, 1)), key=key).tolist() == [0] * 4
    assert sampling.draw(jnp.ones((0, 3)), key=key).shape == (0,)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_adds_up_as_single_does(key, dtype):
    z = jnp.zeros(20_000, dtype)
    assert len(kept(sampling.keep_top_p(z, top_p=0.25))) == pytest.approx(5000, abs=2)
    assert sampling.keep_top_p(z, top_p=0.25).dtype == sampling.at_temperature(z, temperature=2.0).dtype == dtype
    drawn = sampling.draw(jnp.tile(z[:500], (1000, 1)), key=key)
    assert len(set(drawn.tolist())) > 380  # of 432 expected
    assert float(perplexity.perplexity(z.reshape(2500, 8), jnp.zeros(2500, int))) == pytest.approx(8, rel=1e-4)


def test_no_token_is_drawn_where_there_is_none(key):
    z = jnp.array([[jnp.nan, 1.0], [-jnp.inf, -jnp.inf], [0.0, 50.0]])
    assert sampling.draw(z, key=key, top_p=0.9).tolist() == [-1, -1, 1]


def test_a_traced_number_outside_becomes_nan(key):
    drawn = jax.jit(lambda t, p: sampling.draw(jnp.zeros(3), key=key, temperature=t, top_p=p))
    assert drawn(-1.0, 0.5) == drawn(1.0, 1.5) == drawn(jnp.nan, 0.5) == -1
    assert drawn(1.0, 0.5) >= 0


def test_gradients_pass_to_what_is_kept():
    z = jnp.array([1.0, 3.0, -jnp.inf, 2.0])

    def loss(z, temperature):
        return -jax.nn.log_softmax(sampling.keep_top_k(sampling.at_temperature(z, temperature=temperature), top_k=2))[3]

    for temperature in (0.0, 0.5):
        gradient, by_temperature = jax.grad(loss, argnums=(0, 1))(z, temperature)
        assert jnp.isfinite(by_temperature)
        assert not jnp.isnan(gradient).any()
    p = softmax([3.0 / 0.5, 2.0 / 0.5])
    np.testing.assert_allclose(gradient, [0, p[0] / 0.5, 0, (p[1] - 1) / 0.5], atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sampling.at_temperature(jnp.zeros(2), temperature=-1.0), "temperature must not be negative; found -1"),
        (lambda: sampling.keep_top_k(jnp.zeros(2), top_k=0), "top_k must be positive; found 0"),
        (lambda: sampling.keep_top_k(jnp.zeros(2), top_k=1.5), "top_k must be an integer"),
        (lambda: sampling.keep_top_p(jnp.zeros(2), top_p=1.1), "top_p must be between 0 and 1; found 1.1"),
        (lambda: sampling.draw(jnp.zeros((2, 0)), key=jax.random.key(0)), r"last axis of tokens; found shape \(2, 0\)"),
        (lambda: sampling.keep_top_p(jnp.array(1.0), top_p=0.5), r"last axis of tokens; found shape \(\)"),
        (
            lambda: perplexity.perplexity(jnp.zeros((2, 3)), jnp.zeros(3, int)),
            r"target must have shape \(2,\) for logits",
        ),
        (
            lambda: perplexity.perplexity(jnp.zeros((2, 3)), jnp.zeros(2, int), mask=jnp.ones(3, bool)),
            r"mask must have shape \(2,\) for logits \(2, 3\); found \(3,\)",
        ),
    ],
)
def test_wrong_arguments_are_named(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()


# Perplexity


def test_cross_entropy_counts_each_unmasked_token_once(key):
    z, target = jax.random.normal(key, (2, 4, 5)), jnp.array([[0, 1, 2, 3], [4, 0, 0, 0]])
    mask = jnp.array([[True] * 4, [True, True, False, False]])
    logs = np.log(softmax(z))
    needed = -np.mean([logs[i, j, target[i, j]] for i, j in zip(*np.nonzero(mask), strict=True)])
    assert float(perplexity.mean_cross_entropy(z, target, mask=mask)) == pytest.approx(needed, rel=1e-5)
    assert float(perplexity.perplexity(z, target, mask=mask)) == pytest.approx(np.exp(needed), rel=1e-5)
    flat = perplexity.mean_cross_entropy(z[mask], target[mask])
    assert float(flat) == pytest.approx(needed, rel=1e-5)


def test_what_is_masked_does_not_count_whatever_it_holds(key):
    z, target = jax.random.normal(key, (3, 5)), jnp.array([0, 1, 2])
    mask = jnp.array([True, False, True])
    needed = perplexity.mean_cross_entropy(z[::2], target[::2])
    for junk in (jnp.nan, jnp.inf, -jnp.inf):
        spoiled = z.at[1].set(junk)
        for wrong in (-100, 5):
            found, gradient = jax.value_and_grad(perplexity.mean_cross_entropy)(
                spoiled, target.at[1].set(wrong), mask=mask
            )
            assert float(found) == pytest.approx(float(needed), rel=1e-6)
            assert jnp.isfinite(gradient).all()
            assert not gradient[1].any()


def test_limits_of_the_perplexity():
    assert float(perplexity.perplexity(jnp.zeros((3, 7)), jnp.array([0, 6, 2]))) == pytest.approx(7, rel=1e-6)
    certain = 1e4 * jnp.eye(3)
    assert perplexity.perplexity(certain, jnp.arange(3)) == 1
    assert perplexity.perplexity(certain, jnp.array([1, 2, 0])) == jnp.inf
    assert perplexity.mean_cross_entropy(certain, jnp.array([1, 2, 0])) == 1e4
    assert jnp.isnan(perplexity.perplexity(certain, jnp.arange(3), mask=jnp.zeros(3, bool)))
    assert jnp.isnan(perplexity.perplexity(certain, jnp.array([0, 1, 3])))
    assert jnp.isnan(perplexity.perplexity(jnp.zeros((0, 3)), jnp.zeros(0, int)))
