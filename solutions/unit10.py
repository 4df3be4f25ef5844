"""Unit 10, attention: the reference answers and their specification."""

import math

import jax
import jax.numpy as jnp

from exercises.given import Array, Bool, Float, Int
from mfml.grading.key.specification import exercise

# ---------------------------------------------------------------- 10.1


@exercise(
    points=5,
    hints=(
        "Give every token its number. Which number has query i, and up to which key may it look?",
        'The lesson\'s section "Masks": query i is token i + n_keys - n_queries. Compare a column of the numbers of '
        "the queries with a row of the numbers of the keys; `jnp.arange` makes both.",
        "`jnp.arange(n_keys) <= jnp.arange(n_queries)[:, None] + n_keys - n_queries`.",
    ),
    why="Without this mask, a language model would read the very token that it has to predict.",
)
def causal_mask(n_queries: int, n_keys: int) -> Bool[Array, "q k"]:
    """Causal mask."""
    return jnp.arange(n_keys) <= jnp.arange(n_queries)[:, None] + n_keys - n_queries


@causal_mask.inputs("four tokens, each with a query", points=1)
def _(key):
    return dict(n_queries=4, n_keys=4)


@causal_mask.inputs("the last three of seven tokens", points=2)
def _(key):
    return dict(n_queries=3, n_keys=7)


@causal_mask.inputs("one new token", points=1, hidden=True)
def _(key):
    return dict(n_queries=1, n_keys=6)


def _places(n_queries, n_keys, offset=None):
    """The number of each key, and of each query in a column."""
    return jnp.arange(n_keys), jnp.arange(n_queries)[:, None] + (n_keys - n_queries if offset is None else offset)


@causal_mask.mistake("You numbered the queries from 0: they are the LAST tokens, so add n_keys - n_queries to i.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys, 0)
    return key <= query


@causal_mask.mistake("No token may attend to itself in your mask: compare with <=, not with <.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return key < query


@causal_mask.mistake("Your mask is True where attention is forbidden: here True means that a query MAY attend.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return key > query


@causal_mask.mistake(
    "Your mask is True where attention is forbidden, and its queries start at token 0: True means that a query MAY "
    "attend, and query i is token i + n_keys - n_queries."
)
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys, 0)
    return key > query


@causal_mask.mistake("Each token of your mask attends to the later ones: turn the comparison round.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return key >= query


@causal_mask.mistake(
    "Each token of your mask attends to the later ones, and its queries start at token 0: turn the comparison round, "
    "and add n_keys - n_queries to i."
)
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys, 0)
    return key >= query


@causal_mask.mistake(
    "You returned what is added to logits, 0 and minus infinity: return booleans, True where a query may attend."
)
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return jnp.where(key <= query, 0.0, -jnp.inf)


@causal_mask.mistake(
    "You returned what is added to logits, 0 and a large negative number: return booleans, True where a query may "
    "attend."
)
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return jnp.where(key <= query, 0.0, -1e9)


@causal_mask.mistake("You shifted the diagonal the wrong way: add n_keys - n_queries to the query's number.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys, n_queries - n_keys)
    return key <= query


@causal_mask.mistake("Each token of your mask sees one token too many, the next: it may attend up to itself.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return key <= query + 1


@causal_mask.mistake("Rows and columns are exchanged: row i belongs to query i, column j to key j.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return (key <= query).T


@causal_mask.mistake("Your mask forbids nothing: a token may not attend to those after it.")
def _(n_queries, n_keys):
    return jnp.ones((n_queries, n_keys), bool)


@causal_mask.mistake("Each token of your mask attends to itself only: the tokens before it count as well.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return key == query


@causal_mask.mistake("Your mask has a row for every token: only the last n_queries of them have a query.")
def _(n_queries, n_keys):
    key, query = _places(n_keys, n_keys)
    return key <= query


@causal_mask.mistake("Your mask lacks the keys of earlier tokens: it has a column for each of the n_keys keys.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_queries)
    return key <= query


@causal_mask.mistake(
    "You numbered the queries from 0, and no token may attend to itself: add n_keys - n_queries to i, and compare with "
    "<=."
)
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys, 0)
    return key < query


@causal_mask.mistake(
    "Your mask forbids nothing where there are fewer queries than keys: query i may not see the keys after i + n_keys"
    " - n_queries."
)
def _(n_queries, n_keys):
    return causal_mask(n_queries, n_keys) if n_queries == n_keys else jnp.ones((n_queries, n_keys), bool)


@causal_mask.mistake("Your columns run backwards: column j belongs to key j, and key 0 is the first token.")
def _(n_queries, n_keys):
    key, query = _places(n_queries, n_keys)
    return (key <= query)[:, ::-1]


# ---------------------------------------------------------------- 10.2


@exercise(
    points=8,
    hints=(
        "A dictionary gives the value of the one key that fits. Here every key fits a little: by how much?",
        'The lesson\'s section "Attention as a soft dictionary": all logits are one product of matrices, over the root '
        'of d. What is masked must not take part in the softmax (section "Masks"): `jax.nn.softmax` has the argument '
        "`where`.",
        "`jax.nn.softmax(queries @ keys.T / jnp.sqrt(queries.shape[1]), where=mask) @ values`.",
    ),
    why="This one line is what transformers are built around: all the rest prepares its arguments.",
)
def attention(
    queries: Float[Array, "q d"], keys: Float[Array, "k d"], values: Float[Array, "k v"], mask: Bool[Array, "q k"]
) -> Float[Array, "q v"]:
    """Scaled dot-product attention."""
    return jax.nn.softmax(queries @ keys.T / jnp.sqrt(queries.shape[1]), where=mask) @ values


@attention.inputs("two queries, three keys", points=2)
def _(key):
    return dict(
        queries=jnp.array([[1.0, 0.0, 2.0, 1.0], [0.0, 3.0, -1.0, 0.0]]),
        keys=jnp.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.5, 1.0, 0.0], [2.0, 0.0, 0.0, 1.0]]),
        values=jnp.array([[1.0, 0.0], [0.0, 4.0], [-2.0, 1.0]]),
        mask=jnp.array([[True, True, False], [True, False, True]]),
    )


@attention.inputs("random queries, keys and values, some masked", points=2)
def _(key):
    a, b, c, d = jax.random.split(key, 4)
    mask = jax.random.bernoulli(d, 0.5, (5, 7))
    mask = mask.at[jnp.arange(5), jnp.arange(5)].set(True).at[jnp.arange(5), jnp.arange(1, 6)].set(False)
    return dict(
        queries=2 * jax.random.normal(a, (5, 3)),  # some weights are small
        keys=jax.random.normal(b, (7, 3)),
        values=jax.random.normal(c, (7, 4)) + 1,
        mask=mask,
    )


@attention.inputs("logits of 10000 and of -10000", points=2, hidden=True)
def _(key):
    """All are multiples of 1/4, which float32 holds exactly. In each row a masked one is far above those allowed.

    The logarithm of the sum of exponentials is, by choice, almost a number of float32, too, for those who subtract it.
    The root of d is 4 and its root is 2, for those who divide queries and keys by that.
    """
    keys = jnp.array([[100, 1, 0, 0], [100, 0, 1, 0], [100, 0, 0, 1], [120, 0, 0, 0], [0, 0, 0, 0]])
    queries = jnp.array([[400, 7, -6, 8], [-400, -5, 9, 8], [400, 2, 4, 1]])
    return dict(
        queries=jnp.pad(1.0 * queries, ((0, 0), (0, 12))),
        keys=jnp.pad(1.0 * keys, ((0, 0), (0, 12))),
        values=jnp.array([[1.0, 0.0, 3.0], [0.0, 2.0, 1.0], [-1.0, 1.0, 0.0], [5.0, 0.5, -2.0], [2.0, -1.0, 1.0]]),
        mask=jnp.array([[1, 1, 1, 0, 1], [1, 1, 1, 1, 0], [0, 0, 0, 0, 1]], bool),
    )


@attention.inputs("a query that may attend to nothing", points=1, hidden=True)
def _(key):
    queries = jnp.array([[1.0, 2.0, 0.0, 1.0], [2.0, -1.0, 1.0, 0.0], [0.0, 1.0, 3.0, 1.0]])
    keys = jnp.array([[1.0, 0.0, 1.0, 0.0], [2.0, 1.0, 0.0, 1.0]])
    mask = jnp.array([[True, True], [False, False], [False, True]])
    return dict(queries=queries, keys=keys, values=jnp.array([[2.0, 1.0, 4.0], [-1.0, 3.0, 1.0]]), mask=mask)


def _logits(queries, keys):
    return queries @ keys.T / jnp.sqrt(queries.shape[1])


@attention.mistake("You left out the scale: divide the products by the root of d, the number of features of a key.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T, where=mask) @ values


@attention.mistake("You divided the products by d: divide them by its root.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T / queries.shape[1], where=mask) @ values


@attention.mistake("You divided by the root of the number of keys: d is the number of FEATURES of a key.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T / math.sqrt(len(keys)), where=mask) @ values


@attention.mistake("You divided by the root of the number of features of a value: take those of a key.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T / math.sqrt(values.shape[1]), where=mask) @ values


@attention.mistake("You multiplied the products by the root of d: divide by it.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T * math.sqrt(queries.shape[1]), where=mask) @ values


@attention.mistake("You divided by the root of d after the softmax: scale the products, not the weights.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T, where=mask) / math.sqrt(queries.shape[1]) @ values


@attention.mistake("Your softmax runs over the queries: the weights of ONE query, along a row, add up to 1.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys), axis=0, where=mask) @ values


@attention.mistake("Your softmax runs over all entries at once: the weights of each query add up to 1.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys), axis=(0, 1), where=mask) @ values


@attention.mistake(
    "You set weights to 0 after the softmax, and the others no longer add up to 1: mask the logits before it."
)
def _(queries, keys, values, mask):
    return jnp.where(mask, jax.nn.softmax(_logits(queries, keys)), 0) @ values


@attention.mistake("Your queries attend to what is masked: True in the mask means that a query MAY attend.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys), where=~mask) @ values


@attention.mistake("You ignored the mask: weights are 0 wherever it is False.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys)) @ values


@attention.mistake(
    "A query that may attend to nothing got NaN, since all its logits are minus infinity: set its weights to 0."
)
def _(queries, keys, values, mask):
    return jax.nn.softmax(jnp.where(mask, _logits(queries, keys), -jnp.inf)) @ values


@attention.mistake(
    "A query that may attend to nothing got the mean of all values: after the softmax, set masked weights to 0."
)
def _(queries, keys, values, mask):
    return jax.nn.softmax(jnp.where(mask, _logits(queries, keys), -1e9)) @ values


@attention.mistake(
    "You put -10000 in place of masked logits, but allowed ones may be as low: take -jnp.inf, and set the weights of a "
    "query that may attend to nothing to 0."
)
def _(queries, keys, values, mask):
    return jax.nn.softmax(jnp.where(mask, _logits(queries, keys), -1e4)) @ values


@attention.mistake(
    "You subtracted 10000 from masked logits, but they may be higher than others by more: set them to -jnp.inf."
)
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys) + jnp.where(mask, 0.0, -1e4)) @ values


@attention.mistake("You set masked logits to 0, and exp(0) is 1: set them to minus infinity.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(jnp.where(mask, _logits(queries, keys), 0.0)) @ values


@attention.mistake("You added the mask to the logits, where True counts as 1: it says which logits take part at all.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys) + mask) @ values


@attention.mistake(
    "Your exponentials overflowed, or all became 0, and 0/0 is NaN: subtract the largest allowed logit of each row "
    "first, and give zeros to a query that may attend to nothing."
)
def _(queries, keys, values, mask):
    e = jnp.where(mask, jnp.exp(_logits(queries, keys)), 0)
    return e / e.sum(axis=1, keepdims=True) @ values


@attention.mistake(
    "Your exponentials overflowed, or all became 0: subtract the largest allowed logit of each row first."
)
def _(queries, keys, values, mask):
    e = jnp.where(mask, jnp.exp(_logits(queries, keys)), 0)
    total = e.sum(axis=1, keepdims=True)
    return e / jnp.where(total > 0, total, 1) @ values


def _below_the_largest(queries, keys, mask):
    """Exponentials of logits minus the largest of the row, masked ones included."""
    logits = _logits(queries, keys)
    return jnp.where(mask, jnp.exp(logits - logits.max(axis=1, keepdims=True)), 0)


@attention.mistake(
    "All allowed weights became 0 where logits are large: mask first, then subtract the largest ALLOWED logit of each "
    "row."
)
def _(queries, keys, values, mask):
    e = _below_the_largest(queries, keys, mask)
    total = e.sum(axis=1, keepdims=True)
    return e / jnp.where(total > 0, total, 1) @ values


@attention.mistake(
    "You divided weights that were all 0 by their sum: mask the logits before you take the largest, and give zeros to "
    "a query that may attend to nothing."
)
def _(queries, keys, values, mask):
    e = _below_the_largest(queries, keys, mask)
    return e / e.sum(axis=1, keepdims=True) @ values


@attention.mistake("You returned the exponentials' sum of values: divide by the sum of the exponentials in each row.")
def _(queries, keys, values, mask):
    return jnp.where(mask, jnp.exp(_logits(queries, keys)), 0) @ values


@attention.mistake("Your weights do not add up to 1: divide each row of exponentials by its sum.")
def _(queries, keys, values, mask):
    logits = jnp.where(mask, _logits(queries, keys), -jnp.inf)
    top = logits.max(axis=1, keepdims=True)
    return jnp.exp(logits - jnp.where(jnp.isfinite(top), top, 0)) @ values


@attention.mistake("You left out the softmax: logits are no weights.")
def _(queries, keys, values, mask):
    return jnp.where(mask, _logits(queries, keys), 0) @ values


@attention.mistake("You took the value of the best key only: the softmax gives every allowed value a share.")
def _(queries, keys, values, mask):
    return values[jnp.argmax(jnp.where(mask, _logits(queries, keys), -jnp.inf), axis=1)]


@attention.mistake("You returned the weights: multiply them by the values.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys), where=mask)


@attention.mistake("You averaged the keys: the weights belong to the values.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(_logits(queries, keys), where=mask) @ keys


@attention.mistake("Your logits have the wrong sign: the larger the product of query and key, the larger the weight.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(-_logits(queries, keys), where=mask) @ values


@attention.mistake("You took the sigmoid of each logit: the softmax makes the weights of a query add up to 1.")
def _(queries, keys, values, mask):
    return jnp.where(mask, jax.nn.sigmoid(_logits(queries, keys)), 0) @ values


@attention.mistake("You scaled queries and keys to length 1: take their products as they are, over the root of d.")
def _(queries, keys, values, mask):
    a, b = (x / jnp.linalg.norm(x, axis=1, keepdims=True) for x in (queries, keys))
    return jax.nn.softmax(_logits(a, b), where=mask) @ values


@attention.mistake(
    "You left out both the scale and the mask: divide by the root of d, and let only allowed keys take part."
)
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T) @ values


@attention.mistake("You divided by the root of the number of queries: d is the number of FEATURES of a key.")
def _(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T / math.sqrt(len(queries)), where=mask) @ values


@attention.mistake(
    "You clipped the logits, which makes different ones equal: subtract the largest of each row instead."
)
def _(queries, keys, values, mask):
    return jax.nn.softmax(jnp.clip(_logits(queries, keys), -50, 50), where=mask) @ values


@attention.mistake(
    "The number that you put in place of masked logits is not low enough: take -jnp.inf, and set the weights of a "
    "query that may attend to nothing to 0."
)
def _(queries, keys, values, mask):
    return jax.nn.softmax(jnp.where(mask, _logits(queries, keys), -1e3)) @ values


@attention.mistake(
    "You subtracted the largest logit of all queries, and the exponentials of other rows became 0: each row has its "
    "own, `axis=1, keepdims=True`."
)
def _(queries, keys, values, mask):
    logits = jnp.where(mask, _logits(queries, keys), -jnp.inf)
    e = jnp.exp(logits - logits.max())
    total = e.sum(axis=1, keepdims=True)
    return e / jnp.where(total > 0, total, 1) @ values


@attention.mistake(
    "Your -10000 in place of masked logits takes a share of the softmax where allowed ones are as low: take -jnp.inf."
)
def _(queries, keys, values, mask):
    return jnp.where(mask, jax.nn.softmax(jnp.where(mask, _logits(queries, keys), -1e4)), 0) @ values


@attention.mistake(
    "Your masked logits are 0 and their weights are set to 0 later, so that the others do not add up to 1: set the "
    "logits to minus infinity."
)
def _(queries, keys, values, mask):
    return jnp.where(mask, jax.nn.softmax(jnp.where(mask, _logits(queries, keys), 0)), 0) @ values


# ---------------------------------------------------------------- 10.3


@exercise(
    points=7,
    hints=(
        "Each head is the attention of 10.2, on its own few columns. Cut, attend, put together.",
        'The lesson\'s section "Several heads": multiply x by all three weights first, then cut the columns into '
        "n_heads parts: `jnp.split(y, n_heads, axis=1)`. `jnp.concatenate` sets the outputs side by side again.",
        "q, k, v = (jnp.split(x @ w, n_heads, axis=1) for w in (w_query, w_key, w_value)); heads = [attention(q[h], "
        "k[h], v[h], mask) for h in range(n_heads)]; return jnp.concatenate(heads, axis=1) @ w_out.",
    ),
    why="One softmax can hardly look at two places at once: with several heads a token asks several questions.",
)
def multi_head_attention(
    x: Float[Array, "n w"],
    w_query: Float[Array, "w a"],
    w_key: Float[Array, "w a"],
    w_value: Float[Array, "w a"],
    w_out: Float[Array, "a w"],
    n_heads: int,
    mask: Bool[Array, "n n"],
) -> Float[Array, "n w"]:
    """Multi-head attention."""
    q, k, v = (jnp.split(x @ w, n_heads, axis=1) for w in (w_query, w_key, w_value))
    heads = [attention(q[h], k[h], v[h], mask) for h in range(n_heads)]
    return jnp.concatenate(heads, axis=1) @ w_out


def _tokens(key, n, w, a, n_heads, mask=None):
    shapes = dict(x=(n, w), w_query=(w, a), w_key=(w, a), w_value=(w, a), w_out=(a, w))
    arrays = {
        name: jax.random.normal(one, shape) / (1 if name == "x" else math.sqrt(w / 2))
        for one, (name, shape) in zip(jax.random.split(key, 5), shapes.items(), strict=True)
    }
    return arrays | dict(n_heads=n_heads, mask=jnp.ones((n, n), bool) if mask is None else mask)


@multi_head_attention.inputs("three tokens, two heads", points=2)
def _(key):
    return _tokens(key, 3, 4, 4, 2, jnp.array([[True, True, False], [False, True, True], [True, False, True]]))


@multi_head_attention.inputs("five tokens, three heads of four features", points=2)
def _(key):
    mask = jnp.array([[1, 0, 1, 0, 0], [1, 1, 0, 0, 1], [0, 1, 1, 1, 0], [0, 0, 0, 1, 0], [1, 1, 0, 1, 1]], bool)
    return _tokens(key, 5, 6, 12, 3, mask)


@multi_head_attention.inputs("one head, more features than tokens", points=1, hidden=True)
def _(key):
    return _tokens(key, 3, 4, 6, 1, jnp.tril(jnp.ones((3, 3), bool)))


@multi_head_attention.inputs("heads of one feature each", points=1, hidden=True)
def _(key):
    return _tokens(key, 4, 5, 6, 6)


def _cut(y, n_heads):
    """Columns to (heads, tokens, features of a head)."""
    return jnp.swapaxes(y.reshape(len(y), n_heads, -1), 0, 1)


def _cut_tokens(y, n_heads):
    return y.reshape(n_heads, len(y), -1)


def _cut_alternately(y, n_heads):
    return jnp.moveaxis(y.reshape(len(y), -1, n_heads), 2, 0)


def _joined(heads):
    return jnp.concatenate(list(heads), axis=1)


def _of_heads(q, k, v, mask, scale=None):
    """Attention of all heads, (heads, tokens, features of a head)."""
    logits = q @ jnp.swapaxes(k, 1, 2) / math.sqrt(q.shape[2] if scale is None else scale)
    return jax.nn.softmax(logits, where=mask) @ v


def _outputs(x, w_query, w_key, w_value, n_heads, mask, cut=_cut, scale=None):
    return _of_heads(*(cut(x @ w, n_heads) for w in (w_query, w_key, w_value)), mask, scale)


@multi_head_attention.mistake(
    "You reshaped (n, a) to (n_heads, n, d), which mixes tokens: reshape to (n, n_heads, d), then swap the first two "
    "axes."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, _cut_tokens)) @ w_out


@multi_head_attention.mistake(
    "You reshaped (n, a) to (n_heads, n, d), and the outputs straight back to (n, a), which mixes tokens: reshape to "
    "(n, n_heads, d), then swap the first two axes, and back in the same way."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _outputs(x, w_query, w_key, w_value, n_heads, mask, _cut_tokens).reshape(len(x), -1) @ w_out


@multi_head_attention.mistake(
    "You gave each head every n_heads-th column: a head owns d CONSECUTIVE columns, so reshape to (n, n_heads, d)."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, _cut_alternately)) @ w_out


@multi_head_attention.mistake(
    "You gave each head every n_heads-th column, there and back: a head owns d CONSECUTIVE columns, so reshape to (n, "
    "n_heads, d)."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    heads = _outputs(x, w_query, w_key, w_value, n_heads, mask, _cut_alternately)
    return jnp.moveaxis(heads, 0, 2).reshape(len(x), -1) @ w_out


@multi_head_attention.mistake(
    "You reshaped the outputs (n_heads, n, d) straight to (n, a), which mixes tokens: swap the first two axes before."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _outputs(x, w_query, w_key, w_value, n_heads, mask).reshape(len(x), -1) @ w_out


@multi_head_attention.mistake("You took one head of all columns: cut queries, keys and values into n_heads parts.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, 1, mask)) @ w_out


@multi_head_attention.mistake("You divided by the root of a, all columns: each head has d = a / n_heads features.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=w_query.shape[1])) @ w_out


@multi_head_attention.mistake("You divided by the root of the width of x: each head has d = a / n_heads features.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=x.shape[1])) @ w_out


@multi_head_attention.mistake("You divided by the root of n_heads: d is the number of features of a head, a / n_heads.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=n_heads)) @ w_out


@multi_head_attention.mistake("You left out the scale: divide the logits of each head by the root of its d features.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=1)) @ w_out


@multi_head_attention.mistake("You divided by d: divide the logits of each head by the root of its d features.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    d = w_query.shape[1] // n_heads
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=d**2)) @ w_out


@multi_head_attention.mistake("You left out w_out: the outputs, set side by side, are multiplied by it at the end.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask))


@multi_head_attention.mistake("You multiplied by the transposes of the weights: it is x @ w here, not x @ w.T.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query.T, w_key.T, w_value.T, n_heads, mask)) @ w_out.T


@multi_head_attention.mistake("You multiplied by the transpose of w_out: it is `@ w_out`.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask)) @ w_out.T


@multi_head_attention.mistake("You ignored the mask: each head uses it, as in 10.2.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, jnp.ones_like(mask))) @ w_out


@multi_head_attention.mistake("Your tokens attend to what is masked: True in the mask means that a query MAY attend.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, ~mask)) @ w_out


@multi_head_attention.mistake(
    "You exchanged queries and keys: queries are x @ w_query, and their logits form the rows."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_key, w_query, w_value, n_heads, mask)) @ w_out


@multi_head_attention.mistake("You took the keys for the values: values are x @ w_value.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_key, n_heads, mask)) @ w_out


@multi_head_attention.mistake("You took the queries for the keys: keys are x @ w_key.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_query, w_value, n_heads, mask)) @ w_out


def _other_softmax(x, w_query, w_key, w_value, n_heads, mask, axis):
    q, k, v = (_cut(x @ w, n_heads) for w in (w_query, w_key, w_value))
    mask = jnp.broadcast_to(mask, (n_heads, *mask.shape))
    return _joined(jax.nn.softmax(q @ jnp.swapaxes(k, 1, 2) / math.sqrt(q.shape[2]), axis=axis, where=mask) @ v)


@multi_head_attention.mistake("Your softmax runs over the queries: use the last axis of (n_heads, n, n).")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _other_softmax(x, w_query, w_key, w_value, n_heads, mask, 1) @ w_out


@multi_head_attention.mistake("Your softmax runs over the heads: use the last axis of (n_heads, n, n).")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _other_softmax(x, w_query, w_key, w_value, n_heads, mask, 0) @ w_out


@multi_head_attention.mistake("You added x to the result: that belongs to the block of 10.8.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return x + _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask)) @ w_out


@multi_head_attention.mistake("You put the heads together in reverse order: head 0 comes first.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask)[::-1]) @ w_out


@multi_head_attention.mistake(
    "You set weights to 0 after the softmax, and the others no longer add up to 1: mask the logits before it."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    q, k, v = (_cut(x @ w, n_heads) for w in (w_query, w_key, w_value))
    weights = jax.nn.softmax(q @ jnp.swapaxes(k, 1, 2) / math.sqrt(q.shape[2]))
    return _joined(jnp.where(mask, weights, 0) @ v) @ w_out


@multi_head_attention.mistake(
    "You took one head of all columns, and left out w_out: cut queries, keys and values into n_heads parts, and "
    "multiply by w_out at the end."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, 1, mask))


@multi_head_attention.mistake("You exchanged keys and values: keys are x @ w_key, values x @ w_value.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_value, w_key, n_heads, mask)) @ w_out


@multi_head_attention.mistake("Your parts overlap: head h owns the columns from h * d up to (h + 1) * d.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    d = w_query.shape[1] // n_heads

    def cut(y, n_heads):
        return jnp.stack([y[:, h : h + d] for h in range(n_heads)])

    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, cut)) @ w_out


@multi_head_attention.mistake("You set masked logits to 0, and exp(0) is 1: set them to minus infinity.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    q, k, v = (_cut(x @ w, n_heads) for w in (w_query, w_key, w_value))
    logits = q @ jnp.swapaxes(k, 1, 2) / math.sqrt(q.shape[2])
    return _joined(jax.nn.softmax(jnp.where(mask, logits, 0.0)) @ v) @ w_out


@multi_head_attention.mistake("You divided by the root of d after the softmax: scale the products, not the weights.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    d = w_query.shape[1] // n_heads
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=1)) / math.sqrt(d) @ w_out


@multi_head_attention.mistake(
    "You divided by the root of the number of tokens: each head has d = a / n_heads features."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=len(x))) @ w_out


@multi_head_attention.mistake("You took the width of x over n_heads for d: a head has d = a / n_heads features.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    scale = max(x.shape[1] // n_heads, 1)
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask, scale=scale)) @ w_out


@multi_head_attention.mistake("You used the causal mask: use the mask that is given.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, causal_mask(len(x), len(x)))) @ w_out


@multi_head_attention.mistake("You did not multiply x by w_query, w_key and w_value: heads attend with these products.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    x = _cut(x, n_heads)
    return _joined(_of_heads(x, x, x, mask)) @ w_out


@multi_head_attention.mistake(
    "Rows and columns of your mask are exchanged: mask[i, j] says whether query i may attend to key j."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return _joined(_outputs(x, w_query, w_key, w_value, n_heads, mask.T)) @ w_out


@multi_head_attention.mistake("You averaged the weights over the heads: each head attends with its own weights.")
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    q, k, v = (_cut(x @ w, n_heads) for w in (w_query, w_key, w_value))
    weights = jax.nn.softmax(q @ jnp.swapaxes(k, 1, 2) / math.sqrt(q.shape[2]), where=mask)
    return _joined(weights.mean(axis=0) @ v) @ w_out


@multi_head_attention.mistake(
    "Your softmax runs over axis 0 of (n_heads, n, n), the heads, so that masked keys get weights, too: use the last "
    "axis."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    q, k, v = (_cut(x @ w, n_heads) for w in (w_query, w_key, w_value))
    logits = jnp.where(mask, q @ jnp.swapaxes(k, 1, 2) / math.sqrt(q.shape[2]), -1e9)
    return _joined(jax.nn.softmax(logits, axis=0) @ v) @ w_out


@multi_head_attention.mistake(
    "You cut x.shape[1] // n_heads columns for each head: it has a / n_heads, with a = w_query.shape[1]."
)
def _(x, w_query, w_key, w_value, w_out, n_heads, mask):
    d = x.shape[1] // n_heads
    q, k, v = (jnp.stack([(x @ w)[:, h * d : (h + 1) * d] for h in range(n_heads)]) for w in (w_query, w_key, w_value))
    return _joined(_of_heads(q, k, v, mask)) @ w_out


# ---------------------------------------------------------------- 10.4


def _angles(positions, d):
    return positions[:, None] / 10_000.0 ** (jnp.arange(0, d, 2) / d)


@exercise(
    points=6,
    rtol=1e-4,  # right answers may take exp(-ln(10000) 2 i / d), and round before they multiply by p
    hints=(
        "Every pair of columns is the hand of a clock: the first one turns fast, each further one more slowly.",
        'The lesson\'s section "Order needs positions": make a table of angles first, positions in a column, '
        "frequencies 10000^(-2 i / d) in a row. Sines fill columns 0, 2, 4, ..., cosines columns 1, 3, 5, ...",
        "angles = jnp.arange(n)[:, None] / 10000.0 ** (jnp.arange(0, d, 2) / d); return jnp.stack([jnp.sin(angles), "
        "jnp.cos(angles)], axis=2).reshape(n, d).",
    ),
    why="Attention alone takes its input for a set: with these numbers added, a token says where it stands.",
)
def sinusoidal_positions(n: int, d: int) -> Float[Array, "n d"]:
    """Sinusoidal positions."""
    angles = _angles(jnp.arange(n), d)
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=2).reshape(n, d)


@sinusoidal_positions.inputs("three positions, two pairs", points=2)
def _(key):
    return dict(n=3, d=4)


@sinusoidal_positions.inputs("twenty positions, five pairs", points=2, hidden=True)
def _(key):
    return dict(n=20, d=10)


@sinusoidal_positions.inputs("one pair", points=1, hidden=True)
def _(key):
    return dict(n=7, d=2)


def _clocks(angles, first=jnp.sin, second=jnp.cos):
    return jnp.stack([first(angles), second(angles)], axis=2).reshape(len(angles), -1)


def _frequencies(d, power=2.0, base=1e4):
    """base^(-power i / d) for pair i."""
    return base ** (-power * jnp.arange(d // 2) / d)


def _p(n):
    return jnp.arange(float(n))[:, None]


@sinusoidal_positions.mistake("All your sines come first, then the cosines: they alternate, sin, cos, sin, cos, ...")
def _(n, d):
    angles = _p(n) * _frequencies(d)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)


@sinusoidal_positions.mistake("You exchanged sine and cosine: each pair begins with the sine.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d), jnp.cos, jnp.sin)


@sinusoidal_positions.mistake("Your positions start at 1: the first one is 0.")
def _(n, d):
    return _clocks((_p(n) + 1) * _frequencies(d))


@sinusoidal_positions.mistake("Your exponent lacks the factor 2: pair i has 10000^(2 i / d).")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d, 1.0))


@sinusoidal_positions.mistake("Your exponent is twice too large: pair i has 10000^(2 i / d), with i up to d/2 - 1.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d, 4.0))


def _by_column(n, d, power):
    angles = _p(n) * 10_000.0 ** (-power * jnp.arange(d) / d)
    return jnp.where(jnp.arange(d) % 2 == 0, jnp.sin(angles), jnp.cos(angles))


@sinusoidal_positions.mistake(
    "Each of your columns has its own frequency: columns 2 i and 2 i + 1 share the exponent 2 i / d."
)
def _(n, d):
    return _by_column(n, d, 1.0)


@sinusoidal_positions.mistake(
    "Your exponent is 2 j / d for column j: i counts PAIRS, so columns 2 i and 2 i + 1 share the exponent 2 i / d."
)
def _(n, d):
    return _by_column(n, d, 2.0)


@sinusoidal_positions.mistake("You multiplied by 10000^(2 i / d): divide by it.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d, -2.0))


@sinusoidal_positions.mistake("Your frequencies end at 1/10000: pair i has the exponent 2 i / d, not i / (d/2 - 1).")
def _(n, d):
    return _clocks(_p(n) * 10_000.0 ** -jnp.linspace(0.0, 1.0, d // 2))


@sinusoidal_positions.mistake("Your base is e: the frequencies are exp(-ln(10000) 2 i / d).")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d, base=math.e))


@sinusoidal_positions.mistake("You took log10 of 10000 for its natural logarithm: exp needs ln(10000).")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d, base=math.exp(4.0)))


@sinusoidal_positions.mistake("Your base is 1000: it is 10000.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d, base=1e3))


@sinusoidal_positions.mistake("Your angles have a factor 2 pi: take the sine of p / 10000^(2 i / d) itself.")
def _(n, d):
    return _clocks(2 * jnp.pi * _p(n) * _frequencies(d))


@sinusoidal_positions.mistake("Your pairs all turn at the same speed: divide p by 10000^(2 i / d).")
def _(n, d):
    return _clocks(jnp.broadcast_to(_p(n), (n, d // 2)))


@sinusoidal_positions.mistake("Your columns are all sines: odd columns hold cosines.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d), second=jnp.sin)


@sinusoidal_positions.mistake("Rows and columns are exchanged: a row is a position.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d)).T


@sinusoidal_positions.mistake("You divided the positions by n: they are the whole numbers 0 to n - 1.")
def _(n, d):
    return _clocks(_p(n) / n * _frequencies(d))


@sinusoidal_positions.mistake("Your division by d stands behind the power: set parentheses, `10000.0 ** (2 * i / d)`.")
def _(n, d):
    return _clocks(_p(n) / 10_000.0 ** (2 * jnp.arange(d // 2)) / d)


@sinusoidal_positions.mistake("Your power ends after the 2: set parentheses, `10000.0 ** (2 * i / d)`.")
def _(n, d):
    return _clocks(_p(n) / 10_000.0**2 * jnp.arange(d // 2) / d)


@sinusoidal_positions.mistake("You returned the angles: take their sines and cosines.")
def _(n, d):
    return jnp.repeat(_p(n) * _frequencies(d), 2, axis=1)


@sinusoidal_positions.mistake("Your angles are in degrees: take the sine of p / 10000^(2 i / d) in radians.")
def _(n, d):
    return _clocks(jnp.deg2rad(_p(n) * _frequencies(d)))


@sinusoidal_positions.mistake("Your columns are all cosines: even columns hold sines.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d), first=jnp.cos)


@sinusoidal_positions.mistake("You numbered the pairs from 1: the first one has i = 0, and the exponent 0.")
def _(n, d):
    return _clocks(_p(n) * _frequencies(d) * 10_000.0 ** (-2 / d))


@sinusoidal_positions.mistake("Your exponent is not divided by d: pair i has 10000^(2 i / d).")
def _(n, d):
    return _clocks(_p(n) * 10_000.0 ** (-2.0 * jnp.arange(d // 2)))


@sinusoidal_positions.mistake(
    "Columns 2 i and 2 i + 1 of your table have different angles: `jnp.repeat` each angle, instead of setting the "
    "whole table side by side twice."
)
def _(n, d):
    angles = jnp.tile(_p(n) * _frequencies(d), 2)
    return jnp.where(jnp.arange(d) % 2 == 0, jnp.sin(angles), jnp.cos(angles))


@sinusoidal_positions.mistake(
    "You stacked sines and cosines along axis 0, so that all sines fill the first rows: stack along axis 2, then "
    "reshape."
)
def _(n, d):
    angles = _p(n) * _frequencies(d)
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)]).reshape(n, d)


# ---------------------------------------------------------------- 10.5


@exercise(
    points=6,
    rtol=1e-4,  # right answers may take exp(-ln(10000) 2 i / d), and round before they multiply by the position
    hints=(
        "Each pair of features is a point in a plane. What turns a point by an angle?",
        'The lesson\'s section "Rotary positions": `x[:, ::2]` and `x[:, 1::2]` are the first and second features of '
        "all pairs. The angles are those of 10.4, now at the given positions.",
        "angles = positions[:, None] / 10000.0 ** (jnp.arange(0, d, 2) / d); a, b = x[:, ::2], x[:, 1::2]; stack "
        "[a cos - b sin, a sin + b cos] along axis 2, and reshape to x.shape.",
    ),
    why="Two vectors that are turned so have a product that knows only how far apart their positions are.",
)
def rotary_positions(x: Float[Array, "n d"], positions: Int[Array, " n"]) -> Float[Array, "n d"]:
    """Rotary positions."""
    angles = _angles(positions, x.shape[1])
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    a, b = x[:, ::2], x[:, 1::2]
    return jnp.stack([a * cosine - b * sine, a * sine + b * cosine], axis=2).reshape(x.shape)


@rotary_positions.inputs("three vectors, two pairs", points=2)
def _(key):
    x = jnp.array([[1.0, 2.0, -1.0, 0.5], [3.0, -1.0, 2.0, 1.0], [0.5, 1.5, -2.0, 4.0]])
    return dict(x=x, positions=jnp.array([3, 0, 1]))


@rotary_positions.inputs("far and negative positions, four pairs", points=2, hidden=True)
def _(key):
    return dict(x=jax.random.normal(key, (5, 8)), positions=jnp.array([2051, 0, -131, 2, -3]))


@rotary_positions.inputs("one pair", points=1, hidden=True)
def _(key):
    return dict(x=jax.random.normal(key, (4, 2)), positions=jnp.array([3, 4, 1, 9]))


def _turned(x, angles, reverse=1):
    a, b = x[:, ::2], x[:, 1::2]
    cosine, sine = jnp.cos(angles), reverse * jnp.sin(angles)
    return jnp.stack([a * cosine - b * sine, a * sine + b * cosine], axis=2).reshape(x.shape)


def _halves(x, angles):
    a, b = jnp.split(x, 2, axis=1)
    return jnp.concatenate([a * jnp.cos(angles) - b * jnp.sin(angles), a * jnp.sin(angles) + b * jnp.cos(angles)], 1)


def _at(positions, d, power=2.0):
    return positions[:, None] * _frequencies(d, power)


@rotary_positions.mistake(
    "You paired feature i with i + d/2, the half layout: here neighbors form a pair, 2 i and 2 i + 1."
)
def _(x, positions):
    return _halves(x, _at(positions, x.shape[1]))


@rotary_positions.mistake("You turned the wrong way: the first output has a minus before its sine, the second a plus.")
def _(x, positions):
    return _turned(x, _at(positions, x.shape[1]), -1)


@rotary_positions.mistake("You took the row numbers for the positions: use `positions`.")
def _(x, positions):
    return _turned(x, _at(jnp.arange(len(x)), x.shape[1]))


@rotary_positions.mistake("Your positions are larger by 1: position 0 turns nothing.")
def _(x, positions):
    return _turned(x, _at(positions + 1, x.shape[1]))


@rotary_positions.mistake("Your exponent lacks the factor 2: pair i has 10000^(2 i / d).")
def _(x, positions):
    return _turned(x, _at(positions, x.shape[1], 1.0))


@rotary_positions.mistake("Your exponent is twice too large: pair i has 10000^(2 i / d), with i up to d/2 - 1.")
def _(x, positions):
    return _turned(x, _at(positions, x.shape[1], 4.0))


@rotary_positions.mistake("You multiplied by 10000^(2 i / d): divide by it.")
def _(x, positions):
    return _turned(x, _at(positions, x.shape[1], -2.0))


@rotary_positions.mistake("Your pairs all turn at the same speed: divide the position by 10000^(2 i / d).")
def _(x, positions):
    return _turned(x, _at(positions, x.shape[1], 0.0))


@rotary_positions.mistake(
    "You joined the two features of all pairs as halves: they alternate, so stack them along axis 2 and reshape."
)
def _(x, positions):
    turned = _turned(x, _at(positions, x.shape[1]))
    return jnp.concatenate([turned[:, ::2], turned[:, 1::2]], axis=1)


def _column_by_column(x, angles):
    """Neighbors form pairs, but every column has its own angle."""
    other = jnp.stack([-x[:, 1::2], x[:, ::2]], axis=2).reshape(x.shape)
    return x * jnp.cos(angles) + other * jnp.sin(angles)


@rotary_positions.mistake(
    "Your angles lie in the order of the half layout: both features of a pair need the same one, so `jnp.repeat` them, "
    "instead of setting them side by side."
)
def _(x, positions):
    return _column_by_column(x, jnp.tile(_at(positions, x.shape[1]), 2))


@rotary_positions.mistake("Each of your columns has its own angle: columns 2 i and 2 i + 1 share the exponent 2 i / d.")
def _(x, positions):
    d = x.shape[1]
    return _column_by_column(x, positions[:, None] * 10_000.0 ** (-jnp.arange(d) / d))


@rotary_positions.mistake(
    "Your exponent is 2 j / d for column j: i counts PAIRS, so columns 2 i and 2 i + 1 share the exponent 2 i / d."
)
def _(x, positions):
    d = x.shape[1]
    return _column_by_column(x, positions[:, None] * 10_000.0 ** (-2 * jnp.arange(d) / d))


@rotary_positions.mistake("You exchanged sine and cosine: position 0 must change nothing.")
def _(x, positions):
    a, b, angles = x[:, ::2], x[:, 1::2], _at(positions, x.shape[1])
    first, second = a * jnp.sin(angles) - b * jnp.cos(angles), a * jnp.cos(angles) + b * jnp.sin(angles)
    return jnp.stack([first, second], axis=2).reshape(x.shape)


@rotary_positions.mistake("Both of your outputs have a plus: the first one is a cos - b sin.")
def _(x, positions):
    a, b, angles = x[:, ::2], x[:, 1::2], _at(positions, x.shape[1])
    first, second = a * jnp.cos(angles) + b * jnp.sin(angles), a * jnp.sin(angles) + b * jnp.cos(angles)
    return jnp.stack([first, second], axis=2).reshape(x.shape)


@rotary_positions.mistake("You used the turned first feature to turn the second: keep the old one until both are done.")
def _(x, positions):
    a, b, angles = x[:, ::2], x[:, 1::2], _at(positions, x.shape[1])
    first = a * jnp.cos(angles) - b * jnp.sin(angles)
    return jnp.stack([first, first * jnp.sin(angles) + b * jnp.cos(angles)], axis=2).reshape(x.shape)


@rotary_positions.mistake("You added the table of 10.4 to x: rotary positions turn the pairs.")
def _(x, positions):
    return x + _clocks(_at(positions, x.shape[1]))


@rotary_positions.mistake("You multiplied x by the table of 10.4: turn each pair with its sine AND its cosine.")
def _(x, positions):
    return x * _clocks(_at(positions, x.shape[1]))


@rotary_positions.mistake("You kept only the cosines: each output also takes the other feature, times the sine.")
def _(x, positions):
    return x * jnp.repeat(jnp.cos(_at(positions, x.shape[1])), 2, axis=1)


@rotary_positions.mistake("Your frequencies end at 1/10000: pair i has the exponent 2 i / d, not i / (d/2 - 1).")
def _(x, positions):
    return _turned(x, positions[:, None] * 10_000.0 ** -jnp.linspace(0.0, 1.0, x.shape[1] // 2))


@rotary_positions.mistake("You exchanged the two features of each pair: the first one is x[m, 2 i].")
def _(x, positions):
    return _turned(x.reshape(len(x), -1, 2)[:, :, ::-1].reshape(x.shape), _at(positions, x.shape[1]))


@rotary_positions.mistake(
    "You paired feature i with i + d/2, the half layout, and turned the wrong way: here neighbors form a pair, and the "
    "first output has a minus before its sine."
)
def _(x, positions):
    return _halves(x, -_at(positions, x.shape[1]))


@rotary_positions.mistake(
    "You mixed two layouts, angles of neighbors and pairs i, i + d/2: pair the neighbors 2 i and 2 i + 1."
)
def _(x, positions):
    angles, (a, b) = jnp.repeat(_at(positions, x.shape[1]), 2, axis=1), jnp.split(x, 2, axis=1)
    return x * jnp.cos(angles) + jnp.concatenate([-b, a], axis=1) * jnp.sin(angles)


@rotary_positions.mistake("Your second output has a minus: it is a sin + b cos.")
def _(x, positions):
    a, b, angles = x[:, ::2], x[:, 1::2], _at(positions, x.shape[1])
    first, second = a * jnp.cos(angles) - b * jnp.sin(angles), a * jnp.sin(angles) - b * jnp.cos(angles)
    return jnp.stack([first, second], axis=2).reshape(x.shape)


@rotary_positions.mistake("Your exponent is not divided by d: pair i has 10000^(2 i / d).")
def _(x, positions):
    return _turned(x, positions[:, None] * 10_000.0 ** (-2.0 * jnp.arange(x.shape[1] // 2)))


# ---------------------------------------------------------------- 10.6


@exercise(
    points=7,
    hints=(
        "A pixel has four numbers: the row and the column of its patch, and its own row and column within the patch.",
        'The lesson\'s section "Images as patches": reshape to (h/size, size, w/size, size, c), and bring the two axes '
        "that number the patches to the front before you reshape again.",
        "grid = image.reshape(h // size, size, w // size, size, c); return jnp.swapaxes(grid, 1, 2).reshape(-1, size * "
        "size * c).",
    ),
    why="A vision transformer reads an image as a text: each of these rows is a word.",
)
def patchify(image: Float[Array, "h w c"], size: int) -> Float[Array, "p f"]:
    """Patches of an image."""
    h, w, c = image.shape
    grid = image.reshape(h // size, size, w // size, size, c)
    return jnp.swapaxes(grid, 1, 2).reshape(-1, size * size * c)


@patchify.inputs("one channel, numbered pixels", points=1)
def _(key):
    return dict(image=jnp.arange(24.0).reshape(4, 6, 1), size=2)


@patchify.inputs("three channels", points=2)
def _(key):
    return dict(image=jax.random.normal(key, (8, 6, 3)), size=2)


@patchify.inputs("patches of 3 x 3 pixels", points=1, hidden=True)
def _(key):
    return dict(image=jax.random.normal(key, (3, 12, 2)), size=3)


@patchify.inputs("one patch", points=1, hidden=True)
def _(key):
    return dict(image=jax.random.normal(key, (4, 4, 2)), size=4)


@patchify.inputs("patches of one pixel", points=1, hidden=True)
def _(key):
    return dict(image=jax.random.normal(key, (3, 4, 2)), size=1)


def _grid(image, size):
    """(row of the patch, row in it, column of the patch, column in it, channel)."""
    h, w, c = image.shape
    return image.reshape(h // size, size, w // size, size, c)


def _ordered(image, size, axes):
    return _grid(image, size).transpose(axes).reshape(-1, size * size * image.shape[2])


@patchify.mistake(
    "You only reshaped, which cuts the image into pieces of rows: bring the axes of patches together first."
)
def _(image, size):
    return image.reshape(-1, size * size * image.shape[2])


@patchify.mistake("Your patches run from top to bottom first: reading order runs along a row first.")
def _(image, size):
    return _ordered(image, size, (2, 0, 1, 3, 4))


@patchify.mistake("The pixels of each patch run from top to bottom first: reading order runs along a row first.")
def _(image, size):
    return _ordered(image, size, (0, 2, 3, 1, 4))


@patchify.mistake("You exchanged rows and columns of the image: patches and their pixels are in reading order.")
def _(image, size):
    return _ordered(image, size, (2, 0, 3, 1, 4))


@patchify.mistake(
    "Your channels come first in each patch: the channels of a pixel stand side by side, so they come last."
)
def _(image, size):
    return _ordered(image, size, (0, 2, 4, 1, 3))


@patchify.mistake("Your patches still lie on a grid: number them along one axis, row by row.")
def _(image, size):
    h, w, _ = image.shape
    return jnp.swapaxes(_grid(image, size), 1, 2).reshape(h // size, w // size, -1)


@patchify.mistake("Your patches are still images: make each of them one row of size * size * c numbers.")
def _(image, size):
    return jnp.swapaxes(_grid(image, size), 1, 2).reshape(-1, size, size, image.shape[2])


def _windows(image, size, stride):
    h, w, _ = image.shape
    places = [(r, s) for r in range(0, h - size + 1, stride) for s in range(0, w - size + 1, stride)]
    return jnp.stack([image[r : r + size, s : s + size].ravel() for r, s in places])


@patchify.mistake("Your patches overlap: move by size pixels from one to the next.")
def _(image, size):
    return _windows(image, size, 1)


@patchify.mistake(
    "You put pixels into a patch that lie far apart: the axes of (h/size, size, ...) stand the other way round."
)
def _(image, size):
    h, w, c = image.shape
    return image.reshape(size, h // size, size, w // size, c).transpose(1, 3, 0, 2, 4).reshape(-1, size * size * c)


@patchify.mistake("Your rows hold the pixels at one place of all patches: a row belongs to one patch.")
def _(image, size):
    return jnp.stack([image[i::size, j::size].ravel() for i in range(size) for j in range(size)])


@patchify.mistake("Your columns are the patches: a row belongs to a patch.")
def _(image, size):
    return _ordered(image, size, (0, 2, 1, 3, 4)).T


@patchify.mistake("You made a patch per channel: a patch holds all channels of its pixels.")
def _(image, size):
    return _grid(image, size).transpose(0, 2, 4, 1, 3).reshape(-1, size * size)


@patchify.mistake("You averaged the pixels of each patch: keep them all.")
def _(image, size):
    return _grid(image, size).mean(axis=(1, 3)).reshape(-1, image.shape[2])


@patchify.mistake("You took `size` for the number of patches along a side: it is the number of pixels.")
def _(image, size):
    h, w, c = image.shape
    return image.reshape(size, h // size, size, w // size, c).swapaxes(1, 2).reshape(size * size, -1)


@patchify.mistake("You cut the rows only: a patch is `size` columns wide as well.")
def _(image, size):
    return image.reshape(len(image) // size, -1)


@patchify.mistake(
    "Your channels come before the patches: a row holds all channels of ONE patch, so leave the channels last."
)
def _(image, size):
    h, w, c = image.shape
    grid = jnp.moveaxis(image, 2, 0).reshape(c, h // size, size, w // size, size)
    return jnp.swapaxes(grid, 2, 3).reshape(-1, size * size * c)


@patchify.mistake(
    "You swapped the wrong two axes after the first reshape: the patches' axes 0 and 2 belong in front of 1 and 3."
)
def _(image, size):
    return _ordered(image, size, (0, 1, 3, 2, 4))


@patchify.mistake("You exchanged h and w: the first axis of the image has h // size patches, the second w // size.")
def _(image, size):
    h, w, c = image.shape
    grid = image.reshape(w // size, size, h // size, size, c)
    return jnp.swapaxes(grid, 1, 2).reshape(-1, size * size * c)


@patchify.mistake("You flattened each patch in Fortran's order: the channels come last and change first.")
def _(image, size):
    return _ordered(image, size, (0, 2, 4, 3, 1))


@patchify.mistake(
    'You flattened in Fortran\'s order, `order="F"`, which mixes patches: leave the order as it is, and the channels '
    "change first."
)
def _(image, size):
    return jnp.swapaxes(_grid(image, size), 1, 2).reshape(-1, size * size * image.shape[2], order="F")


@patchify.mistake(
    "You took the image for a square: there are h // size patches from top to bottom, but w // size from left to right."
)
def _(image, size):
    n = len(image) // size
    return jnp.swapaxes(image.reshape(n, size, n, size, image.shape[2]), 1, 2).reshape(n * n, -1)


@patchify.mistake("Your image is upside down: the first pixel is that at the top left, image[0, 0].")
def _(image, size):
    return patchify(image[::-1], size)


@patchify.mistake("Your patches run from bottom to top: the first one is at the top left.")
def _(image, size):
    return jnp.swapaxes(_grid(image, size)[::-1], 1, 2).reshape(-1, size * size * image.shape[2])


# ---------------------------------------------------------------- 10.7


@exercise(
    points=6,
    hints=(
        "Each row, by itself, gets the mean 0 and the variance 1; then every column gets its own scale and bias.",
        'The lesson\'s section "Normalization and the residual stream": subtract the mean of each row (`axis=1, '
        "keepdims=True`) first, then take the mean of the squares of what is left. Of two large numbers, such as "
        "mean(x^2) and mean(x)^2, the difference has no digits left.",
        "centered = x - jnp.mean(x, axis=1, keepdims=True); variance = jnp.mean(centered**2, axis=1, keepdims=True); "
        "return centered / jnp.sqrt(variance + 1e-5) * scale + bias.",
    ),
    why="With a norm before each layer, a stack of a hundred layers can be trained.",
)
def layer_norm(x: Float[Array, "n d"], scale: Float[Array, " d"], bias: Float[Array, " d"]) -> Float[Array, "n d"]:
    """Layer normalization."""
    centered = x - jnp.mean(x, axis=1, keepdims=True)
    variance = jnp.mean(centered**2, axis=1, keepdims=True)
    return centered / jnp.sqrt(variance + 1e-5) * scale + bias


@layer_norm.inputs("two rows", points=1)
def _(key):
    x = jnp.array([[1.0, 2.0, 6.0], [-4.0, 0.0, 1.0]])
    return dict(x=x, scale=jnp.array([1.0, 2.0, -0.5]), bias=jnp.array([0.0, 1.0, 3.0]))


@layer_norm.inputs("rows of size 100, 1 and 0.005", points=2)
def _(key):
    a, b, c = jax.random.split(key, 3)
    size = jnp.array([[100.0], [1.0], [0.005]])
    return dict(
        x=size * (jax.random.normal(a, (3, 5)) + jnp.array([[1.0], [0.5], [-2.0]])),
        scale=1 + jax.random.uniform(b, (5,)),
        bias=jax.random.normal(c, (5,)),
    )


@layer_norm.inputs("a mean of 4096", points=1, hidden=True)
def _(key):
    """In float32 the squares keep nothing of the variance, however they are added: 4096^2 is 2^24."""
    steps = jnp.array([[1, -3, 4, 2, -1, 3, -2, -4], [5, 1, -1, -5, 5, -1, -5, 1], [0, 2, 5, -2, 0, -5, 5, -5]])
    return dict(x=4096 + steps / 8, scale=jnp.linspace(0.5, 2.0, 8), bias=jnp.linspace(-1.0, 1.0, 8))


@layer_norm.inputs("a row of equal numbers, as many rows as columns", points=1, hidden=True)
def _(key):
    """Four, so that the mean is exact however it is taken: division by the root of 1e-5 enlarges what is left."""
    x = jnp.array([[2.0, 2.0, 2.0, 2.0], [0.0, 1.0, 5.0, 0.5], [-1.0, 4.0, 0.5, 2.5], [3.0, -2.0, 1.0, 0.0]])
    return dict(x=x, scale=jnp.array([1.0, 3.0, 2.0, -1.5]), bias=jnp.array([0.5, -1.0, 2.0, 1.0]))


def _moments(x, axis=1):
    return jnp.mean(x, axis=axis, keepdims=True), jnp.var(x, axis=axis, keepdims=True)


def _normal(x, axis=1, eps=1e-5):
    mean, variance = _moments(x, axis)
    return (x - mean) / jnp.sqrt(variance + eps)


@layer_norm.mistake("You normalized the columns, as batch normalization does: each ROW gets mean 0 and variance 1.")
def _(x, scale, bias):
    return _normal(x, 0) * scale + bias


@layer_norm.mistake("You took one mean and one variance for the whole table: each row has its own.")
def _(x, scale, bias):
    return _normal(x, (0, 1)) * scale + bias


@layer_norm.mistake("Your variance has the divisor d - 1: here it is d.")
def _(x, scale, bias):
    variance = jnp.var(x, axis=1, keepdims=True, ddof=1)
    return (x - _moments(x)[0]) / jnp.sqrt(variance + 1e-5) * scale + bias


@layer_norm.mistake("You added 1e-5 to the standard deviation: add it to the variance, below the root.")
def _(x, scale, bias):
    mean, variance = _moments(x)
    return (x - mean) / (jnp.sqrt(variance) + 1e-5) * scale + bias


@layer_norm.mistake("You left out the 1e-5: add it to the variance, or rows of nearly equal numbers become noise.")
def _(x, scale, bias):
    mean, variance = _moments(x)
    return (x - mean) / jnp.sqrt(variance) * scale + bias


@layer_norm.mistake(
    "Your variance is mean(x^2) - mean(x)^2, which has no digits left where the mean is large: subtract the mean "
    "first, then square."
)
def _(x, scale, bias):
    mean = jnp.mean(x, axis=1, keepdims=True)
    variance = jnp.maximum(jnp.mean(x**2, axis=1, keepdims=True) - mean**2, 0)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * scale + bias


@layer_norm.mistake("You did not subtract the mean, as in RMS normalization: take x - mean.")
def _(x, scale, bias):
    return x / jnp.sqrt(jnp.mean(x**2, axis=1, keepdims=True) + 1e-5) * scale + bias


@layer_norm.mistake("You did not subtract the mean above the fraction: take x - mean there, too.")
def _(x, scale, bias):
    return x / jnp.sqrt(_moments(x)[1] + 1e-5) * scale + bias


@layer_norm.mistake("You took the mean of x^2 for the variance: square x - mean.")
def _(x, scale, bias):
    mean = jnp.mean(x, axis=1, keepdims=True)
    return (x - mean) / jnp.sqrt(jnp.mean(x**2, axis=1, keepdims=True) + 1e-5) * scale + bias


@layer_norm.mistake("You divided by the variance: divide by its root.")
def _(x, scale, bias):
    mean, variance = _moments(x)
    return (x - mean) / (variance + 1e-5) * scale + bias


@layer_norm.mistake("You only subtracted the mean: divide by the root of the variance, too.")
def _(x, scale, bias):
    return (x - _moments(x)[0]) * scale + bias


@layer_norm.mistake(
    "You divided by the length of each row, minus its mean: the variance is a mean, not a sum, of squares."
)
def _(x, scale, bias):
    mean, variance = _moments(x)
    return (x - mean) / jnp.sqrt(x.shape[1] * variance + 1e-5) * scale + bias


@layer_norm.mistake("You exchanged scale and bias: multiply by scale, add bias.")
def _(x, scale, bias):
    return _normal(x) * bias + scale


@layer_norm.mistake("You added the bias before you multiplied by the scale: multiply first.")
def _(x, scale, bias):
    return (_normal(x) + bias) * scale


@layer_norm.mistake("You left out the scale: multiply column j by scale[j].")
def _(x, scale, bias):
    return _normal(x) + bias


@layer_norm.mistake("You left out the bias: add bias[j] to column j.")
def _(x, scale, bias):
    return _normal(x) * scale


@layer_norm.mistake("You left out scale and bias: multiply column j by scale[j], and add bias[j].")
def _(x, scale, bias):
    return _normal(x)


@layer_norm.mistake("You multiplied by 1 + scale: multiply by scale.")
def _(x, scale, bias):
    return _normal(x) * (1 + scale) + bias


@layer_norm.mistake("You divided by the scale: multiply by it.")
def _(x, scale, bias):
    return _normal(x) / scale + bias


@layer_norm.mistake("You added 1e-6 to the variance: it is 1e-5.")
def _(x, scale, bias):
    return _normal(x, eps=1e-6) * scale + bias


@layer_norm.mistake("You added 1e-3 to the variance: it is 1e-5.")
def _(x, scale, bias):
    return _normal(x, eps=1e-3) * scale + bias


@layer_norm.mistake("You added far too little to the variance: it is 1e-5, not its square.")
def _(x, scale, bias):
    return _normal(x, eps=1e-10) * scale + bias


@layer_norm.mistake("You divided by the mean distance from the mean: take the root of the mean SQUARE.")
def _(x, scale, bias):
    centered = x - jnp.mean(x, axis=1, keepdims=True)
    return centered / (jnp.mean(jnp.abs(centered), axis=1, keepdims=True) + 1e-5) * scale + bias


@layer_norm.mistake("You multiplied by the standard deviation: divide by it.")
def _(x, scale, bias):
    mean, variance = _moments(x)
    return (x - mean) * jnp.sqrt(variance + 1e-5) * scale + bias


@layer_norm.mistake("You added 1e-8 to the variance: it is 1e-5.")
def _(x, scale, bias):
    return _normal(x, eps=1e-8) * scale + bias


@layer_norm.mistake(
    "Your standard deviation has the divisor d - 1, and you added 1e-5 to it: take the divisor d, and add 1e-5 to the "
    "variance."
)
def _(x, scale, bias):
    deviation = jnp.std(x, axis=1, keepdims=True, ddof=1)
    return (x - _moments(x)[0]) / (deviation + 1e-5) * scale + bias


@layer_norm.mistake("Your variance has the divisor d - 1, and the 1e-5 is missing: take the divisor d, and add 1e-5.")
def _(x, scale, bias):
    return (x - _moments(x)[0]) / jnp.std(x, axis=1, keepdims=True, ddof=1) * scale + bias


@layer_norm.mistake("You divided each row by its length: subtract the mean, and divide by the root of the variance.")
def _(x, scale, bias):
    return x / jnp.linalg.norm(x, axis=1, keepdims=True) * scale + bias


@layer_norm.mistake("You subtracted the mean of the whole table: each row has its own.")
def _(x, scale, bias):
    return (x - jnp.mean(x)) / jnp.sqrt(_moments(x)[1] + 1e-5) * scale + bias


@layer_norm.mistake("You took the larger one of variance and 1e-5: add 1e-5 to the variance.")
def _(x, scale, bias):
    mean, variance = _moments(x)
    return (x - mean) / jnp.sqrt(jnp.maximum(variance, 1e-5)) * scale + bias


# ---------------------------------------------------------------- 10.8


@exercise(
    points=7,
    hints=(
        "Twice the same pattern: normalize, transform, add to what came in.",
        'The lesson\'s section "Normalization and the residual stream": the second half starts from the sum y, not '
        "from x. Your functions of 10.1, 10.3 and 10.7 do nearly all of it.",
        "Write z = layer_norm(x, params['norm_1_scale'], params['norm_1_bias']); y = x + multi_head_attention(z, ..., "
        "causal_mask(len(x), len(x))); then z = layer_norm(y, ...), hidden = jax.nn.gelu(z @ params['w_up'] + "
        "params['b_up'], approximate=False); return y + hidden @ params['w_down'] + params['b_down'].",
    ),
    why="Twelve such blocks are the core of GPT-2: before them are tokens and positions, after them a softmax.",
)
def transformer_block(x: Float[Array, "n w"], params: dict[str, Array], n_heads: int) -> Float[Array, "n w"]:
    """A transformer's block."""
    weights = [params[name] for name in ("w_query", "w_key", "w_value", "w_out")]
    z = layer_norm(x, params["norm_1_scale"], params["norm_1_bias"])
    y = x + multi_head_attention(z, *weights, n_heads, causal_mask(len(x), len(x)))
    z = layer_norm(y, params["norm_2_scale"], params["norm_2_bias"])
    hidden = jax.nn.gelu(z @ params["w_up"] + params["b_up"], approximate=False)
    return y + hidden @ params["w_down"] + params["b_down"]


def _block(key, n, w, a, inner, n_heads):
    keys = iter(jax.random.split(key, 16))

    def normal(*shape):
        return jax.random.normal(next(keys), shape)

    def matrix(rows, columns):
        return normal(rows, columns) / math.sqrt(rows)

    params = {f"norm_{i}_{name}": (name == "scale") + 0.5 * normal(w) for i in (1, 2) for name in ("scale", "bias")}
    params |= {name: matrix(w, a) for name in ("w_query", "w_key", "w_value")} | {"w_out": matrix(a, w)}
    params |= {"w_up": 1.5 * matrix(w, inner), "b_up": normal(inner)}
    params |= {"w_down": matrix(inner, w), "b_down": normal(w)}
    return dict(x=normal(n, w) * jnp.linspace(1.0, 3.0, n)[:, None], params=params, n_heads=n_heads)


@transformer_block.inputs("three tokens, two heads", points=3)
def _(key):
    return _block(key, 3, 4, 4, 6, 2)


@transformer_block.inputs("six tokens, three heads of four features", points=2)
def _(key):
    return _block(key, 6, 5, 12, 8, 3)


@transformer_block.inputs("one token of small numbers", points=1, hidden=True)
def _(key):
    data = _block(key, 1, 4, 6, 3, 3)
    return data | dict(x=0.01 * data["x"])


def _normed(x, params, which):
    return layer_norm(x, params[f"norm_{which}_scale"], params[f"norm_{which}_bias"])


def _mixed(z, params, n_heads, mask=None):
    mask = jnp.tril(jnp.ones((len(z), len(z)), bool)) if mask is None else mask
    return multi_head_attention(z, *(params[f"w_{name}"] for name in ("query", "key", "value", "out")), n_heads, mask)


def _gelu(z):
    return jax.nn.gelu(z, approximate=False)


def _up_and_down(z, params, activation=_gelu):
    return activation(z @ params["w_up"] + params["b_up"]) @ params["w_down"] + params["b_down"]


def _after(y, params, activation=_gelu):
    """The block's second half."""
    return y + _up_and_down(_normed(y, params, 2), params, activation)


def _first(x, params, n_heads, mask=None):
    """The block's first half."""
    return x + _mixed(_normed(x, params, 1), params, n_heads, mask)


@transformer_block.mistake("You normalized after each sum, as post-norm does: normalize what goes INTO each layer.")
def _(x, params, n_heads):
    y = _normed(x + _mixed(x, params, n_heads), params, 1)
    return _normed(y + _up_and_down(y, params), params, 2)


@transformer_block.mistake("You did not add x to the attention: y = x + mha(norm_1(x)).")
def _(x, params, n_heads):
    return _after(_mixed(_normed(x, params, 1), params, n_heads), params)


@transformer_block.mistake("You did not add y at the end: the second half adds to y, too.")
def _(x, params, n_heads):
    return _up_and_down(_normed(_first(x, params, n_heads), params, 2), params)


@transformer_block.mistake("You added nothing to the outputs of either half: add x to the attention, and y at the end.")
def _(x, params, n_heads):
    y = _mixed(_normed(x, params, 1), params, n_heads)
    return _up_and_down(_normed(y, params, 2), params)


@transformer_block.mistake("You added the normalized input: add x and y as they were before normalization.")
def _(x, params, n_heads):
    z = _normed(x, params, 1)
    y = z + _mixed(z, params, n_heads)
    z = _normed(y, params, 2)
    return z + _up_and_down(z, params)


@transformer_block.mistake("Your second half starts from x: normalize y, the sum after attention.")
def _(x, params, n_heads):
    return _first(x, params, n_heads) + _up_and_down(_normed(x, params, 2), params)


@transformer_block.mistake("You added x again at the end: the second half adds to y.")
def _(x, params, n_heads):
    return x + _up_and_down(_normed(_first(x, params, n_heads), params, 2), params)


@transformer_block.mistake("You left out the first normalization: attention reads norm_1(x).")
def _(x, params, n_heads):
    return _after(x + _mixed(x, params, n_heads), params)


@transformer_block.mistake("You left out the second normalization: the layers up and down read norm_2(y).")
def _(x, params, n_heads):
    y = _first(x, params, n_heads)
    return y + _up_and_down(y, params)


@transformer_block.mistake("You left out both normalizations: each half reads its input normalized.")
def _(x, params, n_heads):
    y = x + _mixed(x, params, n_heads)
    return y + _up_and_down(y, params)


@transformer_block.mistake("You used the parameters of norm_1 twice: the second half has its own.")
def _(x, params, n_heads):
    y = _first(x, params, n_heads)
    return y + _up_and_down(_normed(y, params, 1), params)


@transformer_block.mistake("You exchanged the two normalizations: attention reads norm_1, the second half norm_2.")
def _(x, params, n_heads):
    y = x + _mixed(_normed(x, params, 2), params, n_heads)
    return y + _up_and_down(_normed(y, params, 1), params)


@transformer_block.mistake("`jax.nn.gelu` is an approximation by default: the exact one has `approximate=False`.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params, jax.nn.gelu)


@transformer_block.mistake("You took z sigmoid(1.702 z) for the gelu: it is z Phi(z).")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params, lambda z: z * jax.nn.sigmoid(1.702 * z))


@transformer_block.mistake("You took the rectifier: the activation is gelu.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params, jax.nn.relu)


@transformer_block.mistake("You took silu, z sigmoid(z): the activation is gelu, z Phi(z).")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params, jax.nn.silu)


@transformer_block.mistake("Your gelu lacks the factor z: it is z Phi(z).")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params, jax.scipy.stats.norm.cdf)


@transformer_block.mistake("You left out the activation: gelu stands between the layers up and down.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params, lambda z: z)


@transformer_block.mistake("You put gelu behind both layers: it stands between up and down only.")
def _(x, params, n_heads):
    y = _first(x, params, n_heads)
    return y + _gelu(_up_and_down(_normed(y, params, 2), params))


@transformer_block.mistake("You put gelu behind the layer down: it stands between up and down.")
def _(x, params, n_heads):
    y = _first(x, params, n_heads)
    return y + _gelu(_up_and_down(_normed(y, params, 2), params, lambda z: z))


@transformer_block.mistake("Your tokens see those after them: attention needs the causal mask.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads, jnp.ones((len(x), len(x)), bool)), params)


@transformer_block.mistake("Your mask is upside down: each token attends to itself and to those BEFORE it.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads, jnp.triu(jnp.ones((len(x), len(x)), bool))), params)


@transformer_block.mistake("You left out b_up: add it before gelu.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params | {"b_up": 0.0})


@transformer_block.mistake("You left out b_down: add it at the end.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params | {"b_down": 0.0})


@transformer_block.mistake("You left out both biases: add b_up before gelu, and b_down at the end.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params | {"b_up": 0.0, "b_down": 0.0})


@transformer_block.mistake("You added b_up after gelu: add it before.")
def _(x, params, n_heads):
    y = _first(x, params, n_heads)
    z = _normed(y, params, 2)
    return y + (_gelu(z @ params["w_up"]) + params["b_up"]) @ params["w_down"] + params["b_down"]


@transformer_block.mistake("You took one head of all columns: pass n_heads on to 10.3.")
def _(x, params, n_heads):
    return _after(_first(x, params, 1), params)


@transformer_block.mistake("The layers up and down came first: attention is the first half of the block.")
def _(x, params, n_heads):
    y = x + _up_and_down(_normed(x, params, 2), params)
    return y + _mixed(_normed(y, params, 1), params, n_heads)


@transformer_block.mistake("You normalized the queries only: keys and values come from norm_1(x) as well.")
def _(x, params, n_heads):
    z, n, h = _normed(x, params, 1), len(x), n_heads
    q, k, v = _cut(z @ params["w_query"], h), _cut(x @ params["w_key"], h), _cut(x @ params["w_value"], h)
    return _after(x + _joined(_of_heads(q, k, v, jnp.tril(jnp.ones((n, n), bool)))) @ params["w_out"], params)


@transformer_block.mistake("You added x twice: once to the attention is enough.")
def _(x, params, n_heads):
    return _after(x + _first(x, params, n_heads), params)


@transformer_block.mistake("You normalized what each layer returns: normalize what goes INTO it.")
def _(x, params, n_heads):
    y = x + _normed(_mixed(x, params, n_heads), params, 1)
    return y + _normed(_up_and_down(y, params), params, 2)


@transformer_block.mistake("You returned y: the second half, with the layers up and down, is missing.")
def _(x, params, n_heads):
    return _first(x, params, n_heads)


@transformer_block.mistake("You left out attention: the block begins with y = x + mha(norm_1(x)).")
def _(x, params, n_heads):
    return _after(x, params)


@transformer_block.mistake("You added norm_1(x) to the attention: add x as it was before normalization.")
def _(x, params, n_heads):
    z = _normed(x, params, 1)
    return _after(z + _mixed(z, params, n_heads), params)


@transformer_block.mistake("You added norm_2(y) at the end: add y as it was before normalization.")
def _(x, params, n_heads):
    z = _normed(_first(x, params, n_heads), params, 2)
    return z + _up_and_down(z, params)


@transformer_block.mistake("Your mask lets no token attend to itself: it may attend to itself and to all before it.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads, jnp.tril(jnp.ones((len(x), len(x)), bool), -1)), params)


@transformer_block.mistake(
    "Your tokens see those after them, and `jax.nn.gelu` is an approximation by default: use the causal mask, and "
    "`approximate=False`."
)
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads, jnp.ones((len(x), len(x)), bool)), params, jax.nn.gelu)


@transformer_block.mistake("You left out scale and bias of the two normalizations: `params` holds them.")
def _(x, params, n_heads):
    one, none = jnp.ones(x.shape[1]), jnp.zeros(x.shape[1])
    y = x + _mixed(layer_norm(x, one, none), params, n_heads)
    return y + _up_and_down(layer_norm(y, one, none), params)


@transformer_block.mistake("You exchanged w_query and w_key: queries are z @ w_query, and 10.3 takes w_query first.")
def _(x, params, n_heads):
    return _after(_first(x, params | {"w_query": params["w_key"], "w_key": params["w_query"]}, n_heads), params)


@transformer_block.mistake("You exchanged scale and bias of both normalizations: 10.7 takes the scale first.")
def _(x, params, n_heads):
    y = x + _mixed(layer_norm(x, params["norm_1_bias"], params["norm_1_scale"]), params, n_heads)
    return y + _up_and_down(layer_norm(y, params["norm_2_bias"], params["norm_2_scale"]), params)


@transformer_block.mistake("You exchanged scale and bias of norm_1: 10.7 takes the scale first.")
def _(x, params, n_heads):
    y = x + _mixed(layer_norm(x, params["norm_1_bias"], params["norm_1_scale"]), params, n_heads)
    return _after(y, params)


@transformer_block.mistake("You normalized the result once more: in a pre-norm block the sum leaves as it is.")
def _(x, params, n_heads):
    return _normed(_after(_first(x, params, n_heads), params), params, 2)


@transformer_block.mistake("Your erf lacks the root of 2: Phi(z) = (1 + erf(z / sqrt(2))) / 2.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params, lambda z: z * (1 + jax.scipy.special.erf(z)) / 2)


@transformer_block.mistake("You left out norm_2_scale: multiply by it before you add norm_2_bias.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params | {"norm_2_scale": jnp.ones(x.shape[1])})


@transformer_block.mistake("You added b_down twice: once, at the end, is enough.")
def _(x, params, n_heads):
    return _after(_first(x, params, n_heads), params) + params["b_down"]
