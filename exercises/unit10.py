"""Exercises of unit 10: attention and transformers.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 10

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.
Python integers, such as `n_heads`, stay Python integers under `jax.jit`.

Stuck? `nox -s hint -- 10.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit10.py`.

Masks are True where a query may attend to a key.
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Bool, Float, Int


def causal_mask(n_queries: int, n_keys: int) -> Bool[Array, "q k"]:
    """Exercise 10.1. Causal mask.

    The keys belong to the tokens 0, 1, ..., n_keys - 1 of a text, the queries to its LAST n_queries tokens, so that
    query i is token i + n_keys - n_queries. There are at most as many queries as keys. Return the mask of booleans in
    which each token may attend to itself and to all before it:

        mask[i, j] is True where j <= i + n_keys - n_queries

    Example: causal_mask(2, 3) is [[True, True, False], [True, True, True]].
    """
    raise NotImplementedError


def attention(
    queries: Float[Array, "q d"], keys: Float[Array, "k d"], values: Float[Array, "k v"], mask: Bool[Array, "q k"]
) -> Float[Array, "q v"]:
    """Exercise 10.2. Scaled dot-product attention.

    Query i has a logit for each key j, with d the number of features of a key:

        logit[i, j] = queries_i . keys_j / sqrt(d)

    Its weights are the softmax of its logits over those j for which mask[i, j] is True; all other weights are 0. Return
    for each query the sum of weights[i, j] values_j over j, shape (q, v). A query that may attend to nothing, with a
    row of False only, gets zeros. The result is right to five digits, for logits of 10000
    and of -10000, too, masked or not.

    Example: attention(jnp.array([[2.0]]), jnp.array([[0.0], [1.0]]), jnp.array([[0.0], [10.0]]),
    jnp.array([[True, True]])) is about [[8.808]]: the weights are 0.119 and 0.881.
    """
    raise NotImplementedError


def multi_head_attention(
    x: Float[Array, "n w"],
    w_query: Float[Array, "w a"],
    w_key: Float[Array, "w a"],
    w_value: Float[Array, "w a"],
    w_out: Float[Array, "a w"],
    n_heads: int,
    mask: Bool[Array, "n n"],
) -> Float[Array, "n w"]:
    """Exercise 10.3. Multi-head attention.

    The n tokens x attend to each other: queries are x @ w_query, keys x @ w_key, values x @ w_value. Each head owns
    d = a / n_heads consecutive columns of all three: head 0 the first d columns, head 1 the next d, and so on. Each
    head attends by itself, as in 10.2 and with the same mask. Set the outputs of the heads side by side in their
    order, shape (n, a), and return that times w_out. Every row of the mask has a True.

    Example: with one head, and jnp.eye(w) for all four weights, it is attention(x, x, x, mask).
    """
    raise NotImplementedError


def sinusoidal_positions(n: int, d: int) -> Float[Array, "n d"]:
    """Exercise 10.4. Sinusoidal positions.

    Return the table of the positions p = 0, 1, ..., n - 1. Pair i = 0, 1, ..., d/2 - 1 of its columns has

        table[p, 2 i]     = sin(p / 10000^(2 i / d))
        table[p, 2 i + 1] = cos(p / 10000^(2 i / d))

    so that sines and cosines alternate; d is even.

    Example: sinusoidal_positions(2, 4) is about [[0.0, 1.0, 0.0, 1.0], [0.841, 0.540, 0.010, 1.0]].
    """
    raise NotImplementedError


def rotary_positions(x: Float[Array, "n d"], positions: Int[Array, " n"]) -> Float[Array, "n d"]:
    """Exercise 10.5. Rotary positions.

    Turn each pair of NEIGHBORING features of vector x[m], that is 2 i and 2 i + 1 (the interleaved layout), by the
    angle a = positions[m] / 10000^(2 i / d):

        out[m, 2 i]     = x[m, 2 i] cos(a) - x[m, 2 i + 1] sin(a)
        out[m, 2 i + 1] = x[m, 2 i] sin(a) + x[m, 2 i + 1] cos(a)

    d is even. Positions are whole numbers in any order, also far from 0 and negative.

    Example: rotary_positions(jnp.array([[1.0, 0.0]]), jnp.array([2])) is [[cos(2), sin(2)]], about [[-0.416, 0.909]].
    """
    raise NotImplementedError


def patchify(image: Float[Array, "h w c"], size: int) -> Float[Array, "p f"]:
    """Exercise 10.6. Patches of an image.

    Cut an image of h rows, w columns and c channels into squares of size x size pixels that do not overlap; `size`
    divides h and w. Return one row per patch, of f = size * size * c numbers. Patches are in reading order: from left
    to right, then from top to bottom. So are the pixels within a patch, and the channels of a pixel stand side by side.

    Example: for image = jnp.arange(8.0).reshape(2, 4, 1), patchify(image, 2) is [[0, 1, 4, 5], [2, 3, 6, 7]].
    """
    raise NotImplementedError


def layer_norm(x: Float[Array, "n d"], scale: Float[Array, " d"], bias: Float[Array, " d"]) -> Float[Array, "n d"]:
    """Exercise 10.7. Layer normalization.

    Let mean_i and variance_i be those of row i of x, over its d features; the variance has the divisor d. Return

        out[i, j] = (x[i, j] - mean_i) / sqrt(variance_i + 1e-5) * scale[j] + bias[j]

    The result is right for rows with a mean of 4000 and a variance of 0.1, too.

    Example: layer_norm(jnp.array([[1.0, 3.0]]), jnp.ones(2), jnp.zeros(2)) is about [[-1.0, 1.0]].
    """
    raise NotImplementedError


def transformer_block(x: Float[Array, "n w"], params: dict[str, Array], n_heads: int) -> Float[Array, "n w"]:
    """Exercise 10.8. A transformer's block.

    One pre-norm block of a language model. With `norm_1` and `norm_2` the layer normalization of 10.7, each with its
    own parameters, and `mha` the attention of 10.3, with n_heads heads and the causal mask of 10.1,

        y = x + mha(norm_1(x))
        return y + gelu(norm_2(y) @ w_up + b_up) @ w_down + b_down

    gelu(z) = z Phi(z) is the exact one, with the normal distribution function Phi; `jax.nn.gelu` is an approximation
    by default. `params` is a dictionary. With a columns of all heads and u of the layer between,

        norm_1_scale, norm_1_bias, norm_2_scale, norm_2_bias, b_down    have the shape (w,),
        w_query, w_key, w_value    (w, a),    w_out    (a, w),
        w_up    (w, u),    b_up    (u,),    w_down    (u, w).

    Example: if w_out, w_down and b_down hold zeros only, the block returns x.
    """
    raise NotImplementedError
