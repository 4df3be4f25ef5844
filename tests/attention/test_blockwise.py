from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import blockwise, dot_product, masks
from tests.laws import equations


def heads(key, q, k, h=4, g=2):
    keys = jax.random.split(key, 3)
    shapes = (2, h, q, 6), (2, g, k, 6), (2, g, k, 3)
    return [jax.random.normal(one, shape) for one, shape in zip(keys, shapes, strict=True)]


def both(key, q, k, mask, *, causal, block_size, h=4, g=2):
    """Values and gradients of the plain and of the blocked form."""
    made = heads(key, q, k, h, g)
    plain = masks.causal(q, k) & (True if mask is None else mask) if causal else mask

    def with_gradient(attention):
        def total(made):
            out = attention(*made)
            return jnp.sum(out * jnp.cos(jnp.arange(out.size)).reshape(out.shape)), out

        return jax.jit(jax.grad(total, has_aux=True))(made)

    blocked = partial(blockwise.attention, mask=mask, causal=causal, block_size=block_size)
    return with_gradient(partial(dot_product.attention, mask=plain)), with_gradient(blocked)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("q", "k", "block_size"), [(7, 7, 3), (8, 8, 4), (3, 10, 4), (1, 5, 2), (5, 6, 100), (6, 6, 1)]
)
def test_equals_the_plain_form_with_gradients(key, q, k, block_size, causal):
    plain, blocked = both(key, q, k, None, causal=causal, block_size=block_size)
    for found, needed in zip(jax.tree.leaves(blocked), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(found, needed, atol=5e-6)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", ["lengths", "pairs", "heads"])
def test_equals_the_plain_form_with_masks(key, causal, kind):
    """The length 0, and pairs at random, leave queries without any key."""
    made = {
        "lengths": masks.padding(jnp.array([0, 5]), 7),
        "pairs": jax.random.bernoulli(key, 0.3, (2, 4, 5, 7)),
        "heads": jax.random.bernoulli(key, 0.5, (4, 1, 7)),
    }
    plain, blocked = both(key, 5, 7, made[kind], causal=causal, block_size=3)
    for found, needed in zip(jax.tree.leaves(blocked), jax.tree.leaves(plain), strict=True):
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, needed, atol=5e-6)


def test_large_logits_keep_their_digits(key):
    """They are whole numbers, so exact. A stored logarithm of the divisor would round at 4e6 to halves."""
    made = [jnp.round(x) for x in heads(key, 6, 6)]

    def slopes(attention, large):
        queries, keys, values = made
        moved = queries.at[..., 0].set(large), keys.at[..., 0].set(large), values
        return jax.grad(lambda made: jnp.sum(jnp.sin(attention(*made, scale=1.0))))(moved)

    found, needed = slopes(partial(blockwise.attention, block_size=2), 2.0**11), slopes(dot_product.attention, 0.0)
    np.testing.assert_allclose(found[2], needed[2], atol=2e-6)
    np.testing.assert_allclose(found[1][..., 1:], needed[1][..., 1:], atol=1e-5)


def largest(function, *arguments):
    program = jax.make_jaxpr(function)(*arguments)
    return max(v.aval.size for equation in equations(program.jaxpr) for v in equation.outvars)


@pytest.mark.parametrize("causal", [False, True])
def test_memory_grows_with_the_length_and_not_its_square(causal):
    """Read from the traced program, unrun; with its gradient, and with a mask of padding."""

    def slopes(queries, keys, values, mask):
        attention = partial(blockwise.attention, mask=mask, causal=causal, block_size=128)
        return jax.grad(lambda *made: jnp.sum(attention(*made)), argnums=(0, 1, 2))(queries, keys, values)

    def size(n):
        parts = [jax.ShapeDtypeStruct((1, h, n, 64), jnp.float32) for h in (4, 2, 2)]
        return largest(slopes, *parts, jax.ShapeDtypeStruct((1, 1, 1, n), bool))

    assert size(4096) <= 4 * 4096 * 64
    assert size(16384) == 4 * size(4096)
    whole = jax.ShapeDtypeStruct((1, 4, 4096, 64), jnp.float32)
    assert largest(dot_product.attention, whole, whole, whole) >= 4 * 4096**2  # the test can tell


def test_later_blocks_are_skipped(key):
    """Their keys are not even looked at: products with them would overflow."""
    plan = blockwise.Plan(q=8, k=11, rows=3, columns=2, causal=True)
    allowed = np.asarray(masks.causal(8, 11))
    for i in range(3):
        needs = [j for j in range(6) if allowed[3 * i : 3 * i + 3, 2 * j : 2 * j + 2].any()]
        assert list(range(int(plan.end(i, 6)))) == needs
    for j in range(6):
        needs = [i for i in range(3) if allowed[3 * i : 3 * i + 3, 2 * j : 2 * j + 2].any()]
        assert list(range(int(plan.begin(j)), 3)) == needs


def test_vmap_over_masks(key):
    made = heads(key, 5, 5)
    lengths = jnp.array([2, 5])
    several = jax.vmap(lambda n: blockwise.attention(*made, mask=masks.padding(n, 5), causal=True, block_size=2))
    for n, found in zip(lengths, several(lengths), strict=True):
        needed = dot_product.attention(*made, mask=masks.padding(n, 5) & masks.causal(5, 5))
        np.testing.assert_allclose(found, needed, atol=2e-6)


def test_messages(key):
    made = heads(key, 5, 4)
    with pytest.raises(ValueError, match="causal needs no more queries than keys; found 5 queries and 4 keys"):
        blockwise.attention(*made, causal=True)
    with pytest.raises(ValueError, match="block_size must be positive; found 0"):
        blockwise.attention(*made, block_size=0)


@pytest.mark.parametrize("causal", [False, True])
def test_hessian(key, causal):
    queries, keys, values = jax.random.normal(key, (3, 1, 3, 2))
    mask = masks.causal(3, 3) if causal else None

    def hessian(attention, place):
        def function(x):
            return jnp.sum(jnp.sin(attention(*(x if i == place else a for i, a in enumerate((queries, keys, values))))))

        return jax.hessian(function)((queries, keys, values)[place])

    for place in range(3):
        found = hessian(partial(blockwise.attention, causal=causal, block_size=2), place)
        needed = hessian(partial(dot_product.attention, mask=mask), place)
        np.testing.assert_allclose(found, needed, atol=1e-5)
