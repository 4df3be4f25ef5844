"""Known mistakes of sheet 10, as students write them: right answers first, then what goes wrong in them."""


def changed(source: str, *changes: tuple[str, str]) -> str:
    """The source with other text at some places."""
    for old, new in changes:
        assert old in source, f"{old!r} is not in {source}"
        source = source.replace(old, new)
    return source


MASK = """
def causal_mask(n_queries, n_keys):
    return np.tril(np.ones((n_queries, n_keys), dtype=bool), n_keys - n_queries)
"""
MASK_BY_LOOPS = """
def causal_mask(n_queries, n_keys):
    offset = n_keys - n_queries
    return jnp.array([[j <= i + offset for j in range(n_keys)] for i in range(n_queries)])
"""

ATTENTION = """
def attention(queries, keys, values, mask):
    q, k, v, m = (np.asarray(one) for one in (queries, keys, values, mask))
    s = q @ k.T / np.sqrt(q.shape[1])
    s = np.where(m, s, -np.inf)
    top = s.max(axis=1, keepdims=True)
    e = np.exp(s - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=1, keepdims=True)
    p = e / np.where(total > 0, total, 1)
    return p @ v
"""
ATTENTION_BY_EINSUM = """
def attention(queries, keys, values, mask):
    logits = jnp.einsum("id,jd->ij", queries, keys) * queries.shape[-1] ** -0.5
    logits = jnp.where(mask, logits, -1e30)
    weights = jax.nn.softmax(logits, axis=-1)
    weights = jnp.where(mask, weights, 0.0)
    return jnp.einsum("ij,jv->iv", weights, values)
"""
EXPONENTIALS = """
def attention(queries, keys, values, mask):
    q, k, v, m = (np.asarray(one) for one in (queries, keys, values, mask))
    e = np.exp(q @ k.T / np.sqrt(q.shape[1]))
    e[~m] = 0
    return e / e.sum(axis=1, keepdims=True) @ v
"""
EXPONENTIALS_BY_ROWS = """
def attention(queries, keys, values, mask):
    rows = []
    for query, allowed in zip(queries, mask):
        e = jnp.where(allowed, jnp.exp(keys @ query / len(query) ** 0.5), 0.0)
        rows.append(e @ values / e.sum())
    return jnp.stack(rows)
"""

HEADS = """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    x, wq, wk, wv, wo, mask = (np.asarray(one) for one in (x, w_query, w_key, w_value, w_out, mask))
    q, k, v = x @ wq, x @ wk, x @ wv
    d = q.shape[1] // n_heads
    outputs = []
    for h in range(n_heads):
        part = slice(h * d, (h + 1) * d)
        s = q[:, part] @ k[:, part].T / np.sqrt(d)
        e = np.exp(s - s.max(axis=1, keepdims=True))
        e = np.where(mask, e, 0)
        outputs.append(e / e.sum(axis=1, keepdims=True) @ v[:, part])
    return np.concatenate(outputs, axis=1) @ wo
"""
HEADS_BY_EINSUM = """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    n = len(x)
    q = (x @ w_query).reshape(n, n_heads, -1)
    k = (x @ w_key).reshape(n, n_heads, -1)
    v = (x @ w_value).reshape(n, n_heads, -1)
    s = jnp.einsum("ihd,jhd->hij", q, k) / math.sqrt(q.shape[2])
    s = jnp.where(mask, s, -jnp.inf)
    p = jax.nn.softmax(s, axis=-1)
    z = jnp.einsum("hij,jhd->ihd", p, v).reshape(n, -1)
    return z @ w_out
"""
HEADS_IN_FRONT = """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    n, d = len(x), w_query.shape[1] // n_heads
    split = lambda y: jnp.transpose(y.reshape(n, n_heads, d), (1, 0, 2))
    q, k, v = split(x @ w_query), split(x @ w_key), split(x @ w_value)
    p = jax.nn.softmax(jnp.where(mask, q @ jnp.transpose(k, (0, 2, 1)) / d**0.5, -jnp.inf))
    return jnp.transpose(p @ v, (1, 0, 2)).reshape(n, n_heads * d) @ w_out
"""
HEADS_IN_FRONT_BY_NUMPY = """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    x, wq, wk, wv, wo, mask = (np.asarray(one) for one in (x, w_query, w_key, w_value, w_out, mask))
    n = len(x)
    q, k, v = ((x @ w).reshape(n, n_heads, -1).swapaxes(0, 1) for w in (wq, wk, wv))
    s = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[2])
    s = np.where(mask, s, -np.inf)
    e = np.exp(s - s.max(axis=2, keepdims=True))
    z = e / e.sum(axis=2, keepdims=True) @ v
    return z.swapaxes(0, 1).reshape(n, -1) @ wo
"""

POSITIONS = """
def sinusoidal_positions(n, d):
    table = np.zeros((n, d))
    angles = np.arange(n)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table
"""
POSITIONS_BY_LOOPS = """
def sinusoidal_positions(n, d):
    rows = []
    for p in range(n):
        row = []
        for i in range(d // 2):
            angle = p / 10000 ** (2 * i / d)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return jnp.array(rows)
"""
POSITIONS_BY_EXP = """
def sinusoidal_positions(n, d):
    frequencies = jnp.exp(-math.log(10000.0) * jnp.arange(0, d, 2) / d)
    angles = jnp.outer(jnp.arange(n), frequencies)
    table = jnp.zeros((n, d)).at[:, ::2].set(jnp.sin(angles))
    return table.at[:, 1::2].set(jnp.cos(angles))
"""

ROTARY = """
def rotary_positions(x, positions):
    x, positions = np.asarray(x), np.asarray(positions)
    d = x.shape[1]
    angles = positions[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    c, s = np.cos(angles), np.sin(angles)
    a, b = x[:, 0::2], x[:, 1::2]
    out = np.empty_like(x)
    out[:, 0::2] = a * c - b * s
    out[:, 1::2] = a * s + b * c
    return out
"""
ROTARY_BY_COMPLEX = """
def rotary_positions(x, positions):
    n, d = x.shape
    z = x[:, 0::2] + 1j * x[:, 1::2]
    angles = jnp.outer(positions, jnp.exp(-jnp.log(10000.0) * jnp.arange(0, d, 2) / d))
    z = z * jnp.exp(1j * angles)
    return jnp.stack([z.real, z.imag], axis=-1).reshape(n, d)
"""
ROTARY_BY_COLUMNS = """
def rotary_positions(x, positions):
    n, d = x.shape
    angles = positions[:, None] * 10000.0 ** (-jnp.arange(0, d, 2) / d)
    angles = jnp.repeat(angles, 2, axis=1)
    other = jnp.zeros_like(x).at[:, ::2].set(-x[:, 1::2]).at[:, 1::2].set(x[:, ::2])
    return x * jnp.cos(angles) + other * jnp.sin(angles)
"""

PATCHES = """
def patchify(image, size):
    image = np.asarray(image)
    h, w, c = image.shape
    rows = []
    for r in range(0, h, size):
        for s in range(0, w, size):
            rows.append(image[r : r + size, s : s + size].ravel())
    return np.stack(rows)
"""
PATCHES_BY_EINSUM = """
def patchify(image, size):
    h, w, c = image.shape
    grid = image.reshape(h // size, size, w // size, size, c)
    return jnp.einsum("apbqc->abpqc", grid).reshape(-1, size * size * c)
"""

NORM = """
def layer_norm(x, scale, bias):
    x, scale, bias = (np.asarray(one) for one in (x, scale, bias))
    mean = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    return (x - mean) / np.sqrt(var + 1e-5) * scale + bias
"""
NORM_BY_ROWS = """
def layer_norm(x, scale, bias):
    rows = []
    for row in x:
        c = row - row.sum() / len(row)
        v = jnp.dot(c, c) / len(row)
        rows.append(c * (v + 1e-5) ** -0.5 * scale + bias)
    return jnp.stack(rows)
"""

BLOCK = """
def transformer_block(x, params, n_heads):
    p = params
    mask = jnp.tril(jnp.ones((len(x), len(x)), dtype=bool))
    z = layer_norm(x, p["norm_1_scale"], p["norm_1_bias"])
    y = x + multi_head_attention(z, p["w_query"], p["w_key"], p["w_value"], p["w_out"], n_heads, mask)
    z = layer_norm(y, p["norm_2_scale"], p["norm_2_bias"])
    u = z @ p["w_up"] + p["b_up"]
    g = jax.nn.gelu(u, approximate=False)
    return y + g @ p["w_down"] + p["b_down"]
"""
BLOCK_BY_NUMPY = """
def transformer_block(x, params, n_heads):
    p = {name: np.asarray(one) for name, one in params.items()}
    x = np.asarray(x)

    def norm(x, i):
        c = x - x.mean(axis=1, keepdims=True)
        c = c / np.sqrt((c**2).mean(axis=1, keepdims=True) + 1e-5)
        return c * p[f"norm_{i}_scale"] + p[f"norm_{i}_bias"]

    def mha(z):
        heads = []
        q, k, v = z @ p["w_query"], z @ p["w_key"], z @ p["w_value"]
        for q, k, v in zip(*(np.split(one, n_heads, axis=1) for one in (q, k, v))):
            s = q @ k.T / np.sqrt(q.shape[1])
            s[np.triu(np.ones(s.shape), 1) > 0] = -np.inf
            e = np.exp(s - s.max(axis=1, keepdims=True))
            heads.append(e / e.sum(axis=1, keepdims=True) @ v)
        return np.concatenate(heads, axis=1) @ p["w_out"]

    def gelu(u):
        return u * (1 + np.vectorize(math.erf)(u / 2**0.5)) / 2

    def mlp(z):
        return gelu(z @ p["w_up"] + p["b_up"]) @ p["w_down"] + p["b_down"]

    y = x + mha(norm(x, 1))
    return y + mlp(norm(y, 2))
"""


SPELLINGS: dict[str, dict[str, list[str]]] = {
    "causal_mask": {
        "You numbered the queries from 0: they": [
            changed(MASK, (", n_keys - n_queries)", ")")),
            changed(MASK_BY_LOOPS, ("i + offset", "i")),
            """
def causal_mask(n_queries, n_keys):
    return jnp.tril(jnp.ones((n_keys, n_keys), dtype=bool))[:n_queries]
""",
        ],
        "No token may attend to itself": [
            changed(MASK, ("n_keys - n_queries)", "n_keys - n_queries - 1)")),
            changed(MASK_BY_LOOPS, ("j <= i", "j < i")),
        ],
        "Your mask is True where attention is forbidden: here": [
            changed(MASK, ("np.tril", "np.triu"), ("- n_queries)", "- n_queries + 1)")),
            changed(MASK_BY_LOOPS, ("j <= i", "j > i")),
            changed(MASK, ("return np", "return ~np")),
        ],
        "Your mask is True where attention is forbidden, and": [
            changed(MASK, ("np.tril", "np.triu"), ("n_keys - n_queries)", "k=1)")),
            changed(MASK_BY_LOOPS, ("j <= i + offset", "i < j")),
        ],
        "Each token of your mask attends to the later ones: turn": [
            changed(MASK, ("np.tril", "np.triu")),
            changed(MASK_BY_LOOPS, ("j <= i", "j >= i")),
        ],
        "Each token of your mask attends to the later ones, and": [
            changed(MASK, ("np.tril", "np.triu"), (", n_keys - n_queries)", ")")),
            changed(MASK_BY_LOOPS, ("j <= i + offset", "j >= i")),
        ],
        "You returned what is added to logits, 0 and minus infinity": [
            changed(
                MASK, ("return ", "mask = "), ("n_queries)\n", "n_queries)\n    return np.where(mask, 0, -np.inf)\n")
            ),
            changed(MASK_BY_LOOPS, ("[j <= i + offset for", "[0.0 if j <= i + offset else -math.inf for")),
        ],
        "You returned what is added to logits, 0 and a large": [
            changed(MASK, ("return ", "mask = "), ("n_queries)\n", "n_queries)\n    return -1e9 * (1 - mask)\n")),
            changed(MASK_BY_LOOPS, ("[j <= i + offset for", "[0.0 if j <= i + offset else -1e9 for")),
        ],
        "You shifted the diagonal the wrong way": [
            changed(MASK, ("n_keys - n_queries)", "n_queries - n_keys)")),
            changed(MASK_BY_LOOPS, ("i + offset", "i - offset")),
        ],
        "Each token of your mask sees one token too many": [
            changed(MASK, ("n_keys - n_queries)", "n_keys - n_queries + 1)")),
            changed(MASK_BY_LOOPS, ("j <= i + offset", "j < i + 2 + offset")),
        ],
        "Rows and columns are exchanged": [
            changed(MASK, ("n_queries)\n", "n_queries).T\n")),
            """
def causal_mask(n_queries, n_keys):
    offset = n_keys - n_queries
    return jnp.array([[j <= i + offset for i in range(n_queries)] for j in range(n_keys)])
""",
        ],
        "Your mask forbids nothing: a": [
            changed(MASK, ("n_keys - n_queries)", "n_keys)")),
            changed(MASK_BY_LOOPS, ("j <= i + offset", "j <= i + n_keys")),
            changed(MASK_BY_LOOPS, ("j <= i + offset", "True")),
        ],
        "Each token of your mask attends to itself only": [
            """
def causal_mask(n_queries, n_keys):
    return np.eye(n_queries, n_keys, n_keys - n_queries, dtype=bool)
""",
            changed(MASK_BY_LOOPS, ("j <= i", "j == i")),
        ],
        "Your mask has a row for every token": [
            changed(MASK, ("n_queries, n_keys), dtype=bool), n_keys - n_queries)", "n_keys, n_keys), dtype=bool))")),
            changed(MASK_BY_LOOPS, ("i + offset", "i"), ("i in range(n_queries)", "i in range(n_keys)")),
        ],
        "Your mask lacks the keys of earlier tokens": [
            changed(
                MASK, ("((n_queries, n_keys), dtype=bool), n_keys - n_queries)", "((n_queries, n_queries), bool))")
            ),
            changed(MASK_BY_LOOPS, ("i + offset", "i"), ("j in range(n_keys)", "j in range(n_queries)")),
        ],
        "You numbered the queries from 0, and": [
            changed(MASK, ("n_keys - n_queries)", "-1)")),
            changed(MASK_BY_LOOPS, ("j <= i + offset", "j < i")),
        ],
        "Your mask forbids nothing where there are fewer": [
            """
def causal_mask(n_queries, n_keys):
    if n_queries < n_keys:
        return np.full((n_queries, n_keys), True)
    return np.tril(np.ones((n_queries, n_keys), dtype=bool))
""",
            changed(MASK_BY_LOOPS, ("j <= i", "n_queries < n_keys or j <= i")),
        ],
        "Your columns run backwards": [
            changed(MASK, ("n_queries)\n", "n_queries)[:, ::-1]\n")),
            changed(MASK_BY_LOOPS, ("j in range(n_keys)", "j in reversed(range(n_keys))")),
        ],
    },
    "attention": {
        "You left out the scale": [
            changed(ATTENTION, (" / np.sqrt(q.shape[1])", "")),
            changed(ATTENTION_BY_EINSUM, (" * queries.shape[-1] ** -0.5", "")),
        ],
        "You divided the products by d": [
            changed(ATTENTION, ("np.sqrt(q.shape[1])", "q.shape[1]")),
            """
def attention(queries, keys, values, mask):
    root = math.sqrt(queries.shape[1])
    return jax.nn.softmax((queries / root) @ (keys / root).T, where=mask) @ values
""",
        ],
        "You divided by the root of the number of keys": [
            changed(ATTENTION, ("np.sqrt(q.shape[1])", "np.sqrt(len(k))")),
            changed(ATTENTION_BY_EINSUM, ("queries.shape[-1]", "keys.shape[0]")),
        ],
        "You divided by the root of the number of features of a value": [
            changed(ATTENTION, ("np.sqrt(q.shape[1])", "np.sqrt(v.shape[1])")),
            changed(ATTENTION_BY_EINSUM, ("queries.shape[-1]", "values.shape[-1]")),
        ],
        "You multiplied the products by the root of d": [
            changed(ATTENTION, ("/ np.sqrt", "* np.sqrt")),
            changed(ATTENTION_BY_EINSUM, ("** -0.5", "** 0.5")),
        ],
        "You divided by the root of d after the softmax": [
            changed(ATTENTION, (" / np.sqrt(q.shape[1])", ""), ("p @ v", "p @ v / np.sqrt(q.shape[1])")),
            changed(
                ATTENTION_BY_EINSUM,
                (" * queries.shape[-1] ** -0.5", ""),
                ("axis=-1)", "axis=-1) * queries.shape[-1] ** -0.5"),
            ),
        ],
        "Your softmax runs over the queries": [
            changed(ATTENTION, ("axis=1", "axis=0")),
            changed(ATTENTION_BY_EINSUM, ("axis=-1", "axis=0")),
        ],
        "Your softmax runs over all entries": [
            changed(
                ATTENTION, ("s.max(axis=1, keepdims=True)", "s.max()"), ("e.sum(axis=1, keepdims=True)", "e.sum()")
            ),
            changed(ATTENTION_BY_EINSUM, ("axis=-1", "axis=(0, 1)")),
        ],
        "You set weights to 0 after the softmax": [
            changed(
                ATTENTION, ("    s = np.where(m, s, -np.inf)\n", ""), ("    return p @ v", "    return (p * m) @ v")
            ),
            changed(ATTENTION_BY_EINSUM, ("    logits = jnp.where(mask, logits, -1e30)\n", "")),
        ],
        "Your queries attend to what is masked": [
            changed(ATTENTION, ("np.where(m, s, -np.inf)", "np.where(m, -np.inf, s)")),
            changed(ATTENTION_BY_EINSUM, ("jnp.where(mask,", "jnp.where(mask == 0,")),
        ],
        "You ignored the mask": [
            changed(ATTENTION, ("    s = np.where(m, s, -np.inf)\n", "")),
            changed(
                ATTENTION_BY_EINSUM,
                ("    logits = jnp.where(mask, logits, -1e30)\n", ""),
                ("    weights = jnp.where(mask, weights, 0.0)\n", ""),
            ),
        ],
        "A query that may attend to nothing got NaN": [
            changed(
                ATTENTION, ("np.where(np.isfinite(top), top, 0)", "top"), ("np.where(total > 0, total, 1)", "total")
            ),
            changed(ATTENTION_BY_EINSUM, ("-1e30", "-jnp.inf"), ("    weights = jnp.where(mask, weights, 0.0)\n", "")),
            changed(ATTENTION, ("np.where(total > 0, total, 1)", "total")),
        ],
        "A query that may attend to nothing got the mean": [
            changed(ATTENTION, ("-np.inf", "-1e9")),
            changed(ATTENTION_BY_EINSUM, ("    weights = jnp.where(mask, weights, 0.0)\n", "")),
            changed(ATTENTION, ("np.where(m, s, -np.inf)", "s - 1e12 * (1 - m)")),
        ],
        "You put -10000 in place": [
            changed(ATTENTION, ("-np.inf", "-10000.0")),
            changed(ATTENTION_BY_EINSUM, ("-1e30", "-1e4"), ("    weights = jnp.where(mask, weights, 0.0)\n", "")),
        ],
        "You subtracted 10000": [
            changed(ATTENTION, ("np.where(m, s, -np.inf)", "s - 10000.0 * (1 - m)")),
            changed(
                ATTENTION_BY_EINSUM,
                ("jnp.where(mask, logits, -1e30)", "logits + jnp.where(mask, 0.0, -1e4)"),
                ("    weights = jnp.where(mask, weights, 0.0)\n", ""),
            ),
        ],
        "You set masked logits to 0": [
            changed(ATTENTION, ("np.where(m, s, -np.inf)", "s * m")),
            changed(ATTENTION_BY_EINSUM, ("-1e30", "0.0"), ("    weights = jnp.where(mask, weights, 0.0)\n", "")),
        ],
        "You added the mask to the logits": [
            changed(ATTENTION, ("np.where(m, s, -np.inf)", "s + m")),
            """
def attention(queries, keys, values, mask):
    logits = queries @ keys.T / queries.shape[1] ** 0.5 + mask.astype(float)
    return jax.nn.softmax(logits) @ values
""",
        ],
        "Your exponentials overflowed, or all became 0, and": [EXPONENTIALS, EXPONENTIALS_BY_ROWS],
        "Your exponentials overflowed, or all became 0: subtract": [
            changed(EXPONENTIALS, ("e / e.sum(axis=1, keepdims=True)", "e / (e.sum(axis=1, keepdims=True) + 1e-9)")),
            changed(EXPONENTIALS_BY_ROWS, ("/ e.sum()", "/ jnp.maximum(e.sum(), 1e-20)")),
        ],
        "All allowed weights became 0 where": [
            changed(ATTENTION, ("    s = np.where(m, s, -np.inf)\n", ""), ("    total", "    e = e * m\n    total")),
            """
def attention(queries, keys, values, mask):
    p = jax.nn.softmax(queries @ keys.T / queries.shape[1] ** 0.5) * mask
    return p / jnp.maximum(p.sum(axis=1, keepdims=True), 1e-20) @ values
""",
        ],
        "You divided weights that were all 0": [
            """
def attention(queries, keys, values, mask):
    q, k, v, m = (np.asarray(one) for one in (queries, keys, values, mask))
    s = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(s - s.max(axis=1, keepdims=True)) * m
    return e / e.sum(axis=1, keepdims=True) @ v
""",
            """
def attention(queries, keys, values, mask):
    p = jax.nn.softmax(queries @ keys.T / queries.shape[1] ** 0.5) * mask
    return p / p.sum(axis=1, keepdims=True) @ values
""",
        ],
        "You returned the exponentials' sum": [
            changed(EXPONENTIALS, ("e / e.sum(axis=1, keepdims=True)", "e")),
            changed(EXPONENTIALS_BY_ROWS, (" / e.sum()", "")),
        ],
        "Your weights do not add up to 1": [
            changed(ATTENTION, ("e / np.where(total > 0, total, 1)", "e")),
            """
def attention(queries, keys, values, mask):
    logits = jnp.where(mask, queries @ keys.T / queries.shape[1] ** 0.5, -1e30)
    weights = jnp.exp(logits - logits.max(axis=1, keepdims=True))
    return jnp.where(mask, weights, 0.0) @ values
""",
        ],
        "You left out the softmax": [
            """
def attention(queries, keys, values, mask):
    q, k, v, m = (np.asarray(one) for one in (queries, keys, values, mask))
    return (q @ k.T / np.sqrt(q.shape[1]) * m) @ v
""",
            changed(ATTENTION_BY_EINSUM, ("jax.nn.softmax(logits, axis=-1)", "logits")),
        ],
        "You took the value of the best key": [
            """
def attention(queries, keys, values, mask):
    q, k, v, m = (np.asarray(one) for one in (queries, keys, values, mask))
    return v[np.where(m, q @ k.T, -np.inf).argmax(axis=1)]
""",
            changed(
                ATTENTION_BY_EINSUM,
                ("jax.nn.softmax(logits, axis=-1)", "jax.nn.one_hot(jnp.argmax(logits, axis=-1), len(keys))"),
            ),
        ],
        "You returned the weights": [
            changed(ATTENTION, ("return p @ v", "return p")),
            changed(ATTENTION_BY_EINSUM, ('jnp.einsum("ij,jv->iv", weights, values)', "weights")),
        ],
        "You averaged the keys": [
            changed(ATTENTION, ("return p @ v", "return p @ k")),
            changed(ATTENTION_BY_EINSUM, ("weights, values)", "weights, keys)")),
        ],
        "Your logits have the wrong sign": [
            changed(ATTENTION, ("q @ k.T", "-q @ k.T")),
            changed(ATTENTION_BY_EINSUM, ('"id,jd->ij", queries', '"id,jd->ij", -queries')),
        ],
        "You took the sigmoid": [
            """
def attention(queries, keys, values, mask):
    q, k, v, m = (np.asarray(one) for one in (queries, keys, values, mask))
    return np.where(m, 1 / (1 + np.exp(-q @ k.T / np.sqrt(q.shape[1]))), 0) @ v
""",
            changed(ATTENTION_BY_EINSUM, ("jax.nn.softmax(logits, axis=-1)", "jax.nn.sigmoid(logits)")),
        ],
        "You scaled queries and keys to length 1": [
            changed(
                ATTENTION,
                ("    s = q", "    q = q / np.linalg.norm(q, axis=1, keepdims=True)\n    s = q"),
                ("k.T", "(k / np.linalg.norm(k, axis=1, keepdims=True)).T"),
            ),
            changed(
                ATTENTION_BY_EINSUM,
                (
                    "    logits = jnp.e",
                    "    queries = queries / jnp.sqrt(jnp.sum(queries**2, axis=1))[:, None]\n    logits = jnp.e",
                ),
                ("queries, keys) *", "queries, keys / jnp.sqrt(jnp.sum(keys**2, axis=1))[:, None]) *"),
            ),
        ],
        "You left out both the scale and the mask": [
            changed(ATTENTION, (" / np.sqrt(q.shape[1])", ""), ("    s = np.where(m, s, -np.inf)\n", "")),
            """
def attention(queries, keys, values, mask):
    return jax.nn.softmax(queries @ keys.T, axis=1) @ values
""",
        ],
        "You divided by the root of the number of queries": [
            changed(ATTENTION, ("np.sqrt(q.shape[1])", "np.sqrt(len(q))")),
            changed(ATTENTION_BY_EINSUM, ("queries.shape[-1]", "queries.shape[0]")),
        ],
        "You clipped the logits": [
            changed(ATTENTION, ("np.where(m, s, -np.inf)", "np.where(m, np.clip(s, -100, 100), -np.inf)")),
            changed(
                ATTENTION_BY_EINSUM,
                ("jnp.where(mask, logits, -1e30)", "jnp.where(mask, jnp.clip(logits, -20, 20), -1e30)"),
            ),
        ],
        "The number that you put in place": [
            changed(ATTENTION, ("-np.inf", "-999.0")),
            changed(ATTENTION_BY_EINSUM, ("-1e30", "-100.0"), ("    weights = jnp.where(mask, weights, 0.0)\n", "")),
        ],
        "You subtracted the largest logit of all queries": [
            changed(ATTENTION, ("s.max(axis=1, keepdims=True)", "s.max()")),
            """
def attention(queries, keys, values, mask):
    logits = jnp.where(mask, queries @ keys.T / queries.shape[1] ** 0.5, -1e30)
    e = jnp.exp(logits - jnp.max(logits)) * mask
    return e @ values / jnp.maximum(e.sum(axis=1), 1e-30)[:, None]
""",
        ],
        "Your -10000 in place": [
            changed(ATTENTION, ("-np.inf", "-10000.0"), ("p @ v", "(p * m) @ v")),
            changed(ATTENTION_BY_EINSUM, ("-1e30", "-1e4")),
        ],
        "Your masked logits are 0": [
            changed(ATTENTION, ("np.where(m, s, -np.inf)", "s * m"), ("p @ v", "(p * m) @ v")),
            changed(ATTENTION_BY_EINSUM, ("-1e30", "0.0")),
        ],
    },
    "multi_head_attention": {
        "You reshaped (n, a) to (n_heads, n, d), which": [
            changed(HEADS_IN_FRONT_BY_NUMPY, ("reshape(n, n_heads, -1).swapaxes(0, 1)", "reshape(n_heads, n, -1)")),
            changed(HEADS_IN_FRONT, ("jnp.transpose(y.reshape(n, n_heads, d), (1, 0, 2))", "y.reshape(n_heads, n, d)")),
        ],
        "You reshaped (n, a) to (n_heads, n, d), and": [
            changed(
                HEADS_IN_FRONT_BY_NUMPY,
                ("reshape(n, n_heads, -1).swapaxes(0, 1)", "reshape(n_heads, n, -1)"),
                ("z.swapaxes(0, 1).reshape", "z.reshape"),
            ),
            changed(
                HEADS_IN_FRONT,
                ("jnp.transpose(y.reshape(n, n_heads, d), (1, 0, 2))", "y.reshape(n_heads, n, d)"),
                ("jnp.transpose(p @ v, (1, 0, 2))", "(p @ v)"),
            ),
        ],
        "You gave each head every n_heads-th column: a": [
            changed(HEADS, ("slice(h * d, (h + 1) * d)", "slice(h, None, n_heads)")),
            changed(
                HEADS_IN_FRONT,
                ("jnp.transpose(y.reshape(n, n_heads, d), (1, 0, 2))", "y.reshape(n, d, n_heads).transpose(2, 0, 1)"),
            ),
        ],
        "You gave each head every n_heads-th column, there and back": [
            changed(
                HEADS,
                ("slice(h * d, (h + 1) * d)", "slice(h, None, n_heads)"),
                ("np.concatenate(outputs, axis=1)", "np.stack(outputs, axis=2).reshape(len(x), -1)"),
            ),
            changed(
                HEADS_BY_EINSUM,
                ("reshape(n, n_heads, -1)", "reshape(n, -1, n_heads)"),
                ('"ihd,jhd->hij"', '"idh,jdh->hij"'),
                ("q.shape[2]", "q.shape[1]"),
                ('"hij,jhd->ihd"', '"hij,jdh->idh"'),
            ),
        ],
        "You reshaped the outputs": [
            changed(HEADS_IN_FRONT_BY_NUMPY, ("z.swapaxes(0, 1).reshape", "z.reshape")),
            changed(HEADS_IN_FRONT, ("jnp.transpose(p @ v, (1, 0, 2))", "(p @ v)")),
        ],
        "You took one head of all columns: cut": [
            """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return attention(x @ w_query, x @ w_key, x @ w_value, mask) @ w_out
""",
            changed(HEADS, ("    q, k, v =", "    n_heads = 1\n    q, k, v =")),
        ],
        "You divided by the root of a, all columns": [
            changed(HEADS, ("np.sqrt(d)", "np.sqrt(q.shape[1])")),
            changed(HEADS_BY_EINSUM, ("q.shape[2]", "w_query.shape[1]")),
        ],
        "You divided by the root of the width of x": [
            changed(HEADS, ("np.sqrt(d)", "np.sqrt(x.shape[1])")),
            changed(HEADS_BY_EINSUM, ("q.shape[2]", "x.shape[-1]")),
        ],
        "You divided by the root of n_heads": [
            changed(HEADS, ("np.sqrt(d)", "np.sqrt(n_heads)")),
            changed(HEADS_BY_EINSUM, ("q.shape[2]", "q.shape[1]")),
        ],
        "You left out the scale": [
            changed(HEADS, (" / np.sqrt(d)", "")),
            changed(HEADS_BY_EINSUM, (" / math.sqrt(q.shape[2])", "")),
        ],
        "You divided by d": [
            changed(HEADS, ("np.sqrt(d)", "d")),
            changed(HEADS_BY_EINSUM, ("math.sqrt(q.shape[2])", "q.shape[2]")),
        ],
        "You left out w_out": [
            changed(HEADS, (" @ wo", "")),
            changed(HEADS_BY_EINSUM, ("z @ w_out", "z")),
        ],
        "You multiplied by the transposes": [
            changed(HEADS, ("x @ wq, x @ wk, x @ wv", "x @ wq.T, x @ wk.T, x @ wv.T"), ("@ wo", "@ wo.T")),
            changed(
                HEADS_BY_EINSUM,
                ("w_query)", "w_query.T)"),
                ("w_key)", "w_key.T)"),
                ("w_value)", "w_value.T)"),
                ("w_out\n", "w_out.T\n"),
            ),
        ],
        "You multiplied by the transpose of w_out": [
            changed(HEADS, ("@ wo", "@ wo.T")),
            changed(HEADS_BY_EINSUM, ("z @ w_out", 'jnp.einsum("ia,wa->iw", z, w_out)')),
        ],
        "You ignored the mask": [
            changed(HEADS, ("        e = np.where(mask, e, 0)\n", "")),
            changed(HEADS_BY_EINSUM, ("    s = jnp.where(mask, s, -jnp.inf)\n", "")),
        ],
        "Your tokens attend to what is masked": [
            changed(HEADS, ("np.where(mask, e, 0)", "np.where(mask, 0, e)")),
            changed(HEADS_BY_EINSUM, ("jnp.where(mask,", "jnp.where(~mask,")),
        ],
        "You exchanged queries and keys": [
            changed(HEADS, ("q, k, v =", "k, q, v =")),
            changed(HEADS_BY_EINSUM, ("ihd,jhd->hij", "jhd,ihd->hij")),
        ],
        "You took the keys for the values": [
            changed(HEADS, ("x @ wv", "x @ wk")),
            changed(HEADS_BY_EINSUM, ("v = (x @ w_value)", "v = (x @ w_key)")),
        ],
        "You took the queries for the keys": [
            changed(HEADS, ("x @ wk", "x @ wq")),
            changed(HEADS_BY_EINSUM, ("k = (x @ w_key)", "k = (x @ w_query)")),
        ],
        "Your softmax runs over the queries": [
            changed(HEADS_IN_FRONT_BY_NUMPY, ("axis=2", "axis=1")),
            changed(HEADS_BY_EINSUM, ("axis=-1", "axis=1")),
        ],
        "Your softmax runs over the heads": [
            changed(HEADS_BY_EINSUM, ("    s = jnp.where(mask, s, -jnp.inf)\n", ""), ("axis=-1)", "axis=0) * mask")),
            changed(
                HEADS_IN_FRONT_BY_NUMPY,
                ("    s = np.where(mask, s, -np.inf)\n", ""),
                ("axis=2", "axis=0"),
                ("    z = e /", "    z = mask * e /"),
            ),
        ],
        "You added x to the result": [
            changed(HEADS, ("return ", "return x + ")),
            changed(HEADS_BY_EINSUM, ("z @ w_out", "z @ w_out + x")),
        ],
        "You put the heads together in reverse order": [
            changed(HEADS, ("np.concatenate(outputs", "np.concatenate(outputs[::-1]")),
            changed(
                HEADS,
                (
                    "outputs.append(e / e.sum(axis=1, keepdims=True) @ v[:, part])",
                    "outputs.insert(0, e / e.sum(axis=1, keepdims=True) @ v[:, part])",
                ),
            ),
            changed(HEADS_BY_EINSUM, ("v).reshape", "v)[:, ::-1].reshape")),
        ],
        "You set weights to 0 after the softmax": [
            changed(
                HEADS,
                ("        e = np.where(mask, e, 0)\n", ""),
                ("e / e.sum(axis=1, keepdims=True) @", "(e / e.sum(axis=1, keepdims=True) * mask) @"),
            ),
            changed(HEADS_BY_EINSUM, ("    s = jnp.where(mask, s, -jnp.inf)\n", ""), ("axis=-1)", "axis=-1) * mask")),
        ],
        "You took one head of all columns, and left out": [
            """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    return attention(x @ w_query, x @ w_key, x @ w_value, mask)
""",
            changed(HEADS, ("    q, k, v =", "    n_heads = 1\n    q, k, v ="), (" @ wo", "")),
        ],
        "You exchanged keys and values": [
            changed(HEADS, ("q, k, v =", "q, v, k =")),
            changed(
                HEADS_BY_EINSUM, ("k = (x @ w_key)", "k = (x @ w_value)"), ("v = (x @ w_value)", "v = (x @ w_key)")
            ),
        ],
        "Your parts overlap": [
            changed(HEADS, ("slice(h * d, (h + 1) * d)", "slice(h, h + d)")),
            """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    d = w_query.shape[1] // n_heads
    q, k, v = x @ w_query, x @ w_key, x @ w_value
    heads = [attention(q[:, h : h + d], k[:, h : h + d], v[:, h : h + d], mask) for h in range(n_heads)]
    return jnp.hstack(heads) @ w_out
""",
        ],
        "You set masked logits to 0": [
            changed(HEADS_BY_EINSUM, ("jnp.where(mask, s, -jnp.inf)", "s * mask")),
            changed(HEADS_IN_FRONT_BY_NUMPY, ("np.where(mask, s, -np.inf)", "np.where(mask, s, 0)")),
        ],
        "You divided by the root of d after the softmax": [
            changed(HEADS, (" / np.sqrt(d)", ""), ("@ wo", "@ wo / np.sqrt(d)")),
            changed(
                HEADS_BY_EINSUM, (" / math.sqrt(q.shape[2])", ""), ("axis=-1)", "axis=-1) / math.sqrt(q.shape[2])")
            ),
        ],
        "You divided by the root of the number of tokens": [
            changed(HEADS, ("np.sqrt(d)", "np.sqrt(len(x))")),
            changed(HEADS_BY_EINSUM, ("q.shape[2]", "q.shape[0]")),
        ],
        "You took the width of x over n_heads": [
            changed(HEADS, ("np.sqrt(d)", "np.sqrt(x.shape[1] / n_heads)")),
            changed(HEADS_BY_EINSUM, ("q.shape[2]", "x.shape[1] / n_heads")),
        ],
        "You used the causal mask": [
            changed(HEADS, ("np.where(mask, e, 0)", "np.tril(e)")),
            changed(HEADS_BY_EINSUM, ("jnp.where(mask,", "jnp.where(causal_mask(n, n),")),
        ],
        "You did not multiply x": [
            changed(HEADS, ("x @ wq, x @ wk, x @ wv", "x, x, x")),
            changed(HEADS_BY_EINSUM, ("(x @ w_query)", "x"), ("(x @ w_key)", "x"), ("(x @ w_value)", "x")),
        ],
        "Rows and columns of your mask": [
            changed(HEADS_IN_FRONT, ("jnp.where(mask,", "jnp.where(mask.T,")),
            changed(HEADS_BY_EINSUM, ("jnp.where(mask,", "jnp.where(mask.T[None],")),
        ],
        "You averaged the weights over": [
            changed(HEADS_BY_EINSUM, ("hij,jhd", "ij,jhd"), ("axis=-1)", "axis=-1).mean(0)")),
            changed(
                HEADS_IN_FRONT_BY_NUMPY,
                ("e / e.sum(axis=2, keepdims=True) @ v", "(e / e.sum(axis=2, keepdims=True)).mean(axis=0) @ v"),
            ),
        ],
        "Your softmax runs over axis 0": [
            changed(HEADS_BY_EINSUM, ("-jnp.inf", "-1e30"), ("axis=-1)", "axis=0)")),
            changed(HEADS_IN_FRONT, ("-jnp.inf)", "-1e12), axis=0")),
        ],
        "You cut x.shape[1] // n_heads": [
            changed(HEADS, ("d = q.shape[1]", "d = x.shape[1]")),
            """
def multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads, mask):
    d = x.shape[-1] // n_heads
    q, k, v = x @ w_query, x @ w_key, x @ w_value
    parts = [slice(h * d, h * d + d) for h in range(n_heads)]
    return jnp.hstack([attention(q[:, one], k[:, one], v[:, one], mask) for one in parts]) @ w_out
""",
        ],
    },
    "sinusoidal_positions": {
        "All your sines come first": [
            changed(POSITIONS, ("table[:, 0::2]", "table[:, : d // 2]"), ("table[:, 1::2]", "table[:, d // 2 :]")),
            """
def sinusoidal_positions(n, d):
    angles = [[p / 10000 ** (2 * i / d) for i in range(d // 2)] for p in range(n)]
    return jnp.array([[*map(math.sin, row), *map(math.cos, row)] for row in angles])
""",
        ],
        "You exchanged sine and cosine": [
            changed(POSITIONS, ("0::2", "1::2 "), ("1::2]", "0::2]"), ("1::2 ", "1::2")),
            changed(POSITIONS_BY_LOOPS, ("[math.sin(angle), math.cos(angle)]", "[math.cos(angle), math.sin(angle)]")),
        ],
        "Your positions start at 1": [
            changed(POSITIONS, ("np.arange(n)", "np.arange(1, n + 1)")),
            changed(POSITIONS_BY_LOOPS, ("range(n)", "range(1, n + 1)")),
        ],
        "Your exponent lacks the factor 2": [
            changed(POSITIONS, ("np.arange(0, d, 2)", "np.arange(d // 2)")),
            changed(POSITIONS_BY_LOOPS, ("2 * i / d", "i / d")),
        ],
        "Your exponent is twice too large": [
            changed(POSITIONS, ("np.arange(0, d, 2) /", "2 * np.arange(0, d, 2) /")),
            changed(POSITIONS_BY_LOOPS, ("2 * i / d", "2 * i / (d // 2)")),
        ],
        "Each of your columns has its own frequency": [
            """
def sinusoidal_positions(n, d):
    table = np.arange(n)[:, None] / 10000 ** (np.arange(d) / d)
    table[:, 0::2] = np.sin(table[:, 0::2])
    table[:, 1::2] = np.cos(table[:, 1::2])
    return table
""",
            """
def sinusoidal_positions(n, d):
    f = lambda p, j: (math.cos if j % 2 else math.sin)(p / 10000 ** (j / d))
    return jnp.array([[f(p, j) for j in range(d)] for p in range(n)])
""",
        ],
        "Your exponent is 2 j / d": [
            """
def sinusoidal_positions(n, d):
    table = np.arange(n)[:, None] / 10000 ** (2 * np.arange(d) / d)
    table[:, 0::2] = np.sin(table[:, 0::2])
    table[:, 1::2] = np.cos(table[:, 1::2])
    return table
""",
            """
def sinusoidal_positions(n, d):
    f = lambda p, j: (math.cos if j % 2 else math.sin)(p / 10000 ** (2 * j / d))
    return jnp.array([[f(p, j) for j in range(d)] for p in range(n)])
""",
        ],
        "You multiplied by 10000^(2 i / d)": [
            changed(POSITIONS_BY_EXP, ("-math.log", "math.log")),
            changed(POSITIONS, ("/ 10000 **", "* np.float32(10000) **")),
        ],
        "Your frequencies end at 1/10000": [
            changed(POSITIONS, ("(np.arange(0, d, 2) / d)", "np.linspace(0, 1, d // 2)")),
            changed(POSITIONS_BY_LOOPS, ("(2 * i / d)", "(i / max(d // 2 - 1, 1))")),
        ],
        "Your base is e": [
            changed(POSITIONS, ("/ 10000 **", "/ np.e **")),
            changed(POSITIONS_BY_EXP, ("-math.log(10000.0) * jnp", "-jnp")),
        ],
        "You took log10": [
            changed(
                POSITIONS,
                ("/ 10000 ** (np.arange(0, d, 2) / d)", "* np.exp(-np.log10(10000) * np.arange(0, d, 2) / d)"),
            ),
            changed(POSITIONS_BY_EXP, ("math.log(", "math.log10(")),
        ],
        "Your base is 1000": [
            changed(POSITIONS, ("10000", "1000")),
            changed(POSITIONS_BY_LOOPS, ("10000", "1e3")),
        ],
        "Your angles have a factor 2 pi": [
            changed(
                POSITIONS,
                ("np.sin(angles)", "np.sin(2 * np.pi * angles)"),
                ("np.cos(angles)", "np.cos(2 * np.pi * angles)"),
            ),
            changed(POSITIONS_BY_LOOPS, ("angle = p", "angle = 2 * math.pi * p")),
        ],
        "Your pairs all turn at the same speed": [
            changed(POSITIONS, (" / 10000 ** (np.arange(0, d, 2) / d)", "")),
            changed(POSITIONS_BY_LOOPS, (" / 10000 ** (2 * i / d)", "")),
        ],
        "Your columns are all sines": [
            changed(POSITIONS, ("np.cos", "np.sin")),
            changed(POSITIONS_BY_LOOPS, ("math.cos", "math.sin")),
        ],
        "Rows and columns are exchanged": [
            changed(POSITIONS, ("return table", "return table.T")),
            changed(
                POSITIONS_BY_LOOPS,
                ("return jnp.array(rows)", "return jnp.stack([jnp.array(row) for row in rows], axis=1)"),
            ),
        ],
        "You divided the positions by n": [
            changed(POSITIONS, ("np.arange(n)", "(np.arange(n) / n)")),
            changed(POSITIONS_BY_LOOPS, ("angle = p /", "angle = (p / n) /")),
        ],
        "Your division by d stands behind the power": [
            changed(POSITIONS, ("(np.arange(0, d, 2) / d)", "np.arange(0.0, d, 2) / d")),
            changed(POSITIONS_BY_LOOPS, ("(2 * i / d)", "(2 * i) / d")),
        ],
        "Your power ends after the 2": [
            changed(POSITIONS, ("(np.arange(0, d, 2) / d)", "2 * np.arange(d // 2) / d")),
            changed(POSITIONS_BY_LOOPS, ("(2 * i / d)", "2 * i / d")),
        ],
        "You returned the angles": [
            changed(POSITIONS, ("np.sin(angles)", "angles"), ("np.cos(angles)", "angles")),
            changed(POSITIONS_BY_LOOPS, ("[math.sin(angle), math.cos(angle)]", "[angle, angle]")),
        ],
        "Your angles are in degrees": [
            changed(
                POSITIONS,
                ("np.sin(angles)", "np.sin(np.radians(angles))"),
                ("np.cos(angles)", "np.cos(np.radians(angles))"),
            ),
            changed(POSITIONS_BY_LOOPS, ("angle = p", "angle = math.pi / 180 * p")),
        ],
        "Your columns are all cosines": [
            changed(POSITIONS, ("np.sin", "np.cos")),
            changed(POSITIONS_BY_LOOPS, ("math.sin", "math.cos")),
        ],
        "You numbered the pairs from 1": [
            changed(POSITIONS, ("np.arange(0, d, 2)", "np.arange(2, d + 1, 2)")),
            changed(POSITIONS_BY_LOOPS, ("range(d // 2)", "range(1, d // 2 + 1)")),
        ],
        "Your exponent is not divided by d": [
            changed(POSITIONS, ("(np.arange(0, d, 2) / d)", "np.arange(0.0, d, 2)")),
            changed(POSITIONS_BY_EXP, ("jnp.arange(0, d, 2) / d", "jnp.arange(0, d, 2)")),
        ],
        "Columns 2 i and 2 i + 1 of your table": [
            """
def sinusoidal_positions(n, d):
    angles = np.arange(n)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    table = np.concatenate([angles, angles], axis=1)
    table[:, 0::2] = np.sin(table[:, 0::2])
    table[:, 1::2] = np.cos(table[:, 1::2])
    return table
""",
            """
def sinusoidal_positions(n, d):
    f = lambda p, j: (math.cos if j % 2 else math.sin)(p / 10000 ** (2 * (j % (d // 2)) / d))
    return jnp.array([[f(p, j) for j in range(d)] for p in range(n)])
""",
        ],
        "You stacked sines and cosines along axis 0": [
            """
def sinusoidal_positions(n, d):
    angles = np.arange(n)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    return np.stack([np.sin(angles), np.cos(angles)], axis=0).reshape(n, d)
""",
            """
def sinusoidal_positions(n, d):
    angles = jnp.outer(jnp.arange(n), jnp.exp(-math.log(10000.0) * jnp.arange(0, d, 2) / d))
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=0).reshape(n, d)
""",
        ],
    },
    "rotary_positions": {
        "You paired feature i with i + d/2, the half layout: here": [
            changed(
                ROTARY,
                ("x[:, 0::2], x[:, 1::2]", "x[:, : d // 2], x[:, d // 2 :]"),
                ("out[:, 0::2]", "out[:, : d // 2]"),
                ("out[:, 1::2]", "out[:, d // 2 :]"),
            ),
            """
def rotary_positions(x, positions):
    d = x.shape[1]
    angles = positions[:, None] / 10000.0 ** (jnp.arange(0, d, 2) / d)
    angles = jnp.concatenate([angles, angles], axis=1)
    other = jnp.concatenate([-x[:, d // 2 :], x[:, : d // 2]], axis=1)
    return x * jnp.cos(angles) + other * jnp.sin(angles)
""",
        ],
        "You turned the wrong way": [
            changed(ROTARY, ("a * c - b * s", "a * c + b * s"), ("a * s + b * c", "b * c - a * s")),
            changed(ROTARY_BY_COMPLEX, ("exp(1j", "exp(-1j")),
        ],
        "You took the row numbers for the positions": [
            changed(ROTARY, ("positions[:, None]", "np.arange(len(x))[:, None]")),
            changed(ROTARY_BY_COMPLEX, ("outer(positions", "outer(jnp.arange(n)")),
        ],
        "Your positions are larger by 1": [
            changed(ROTARY, ("positions[:, None]", "(1 + positions[:, None])")),
            changed(ROTARY_BY_COMPLEX, ("outer(positions", "outer(positions + 1")),
        ],
        "Your exponent lacks the factor 2": [
            changed(ROTARY, ("np.arange(0, d, 2)", "np.arange(d // 2)")),
            changed(ROTARY_BY_COMPLEX, ("jnp.arange(0, d, 2)", "jnp.arange(d // 2)")),
        ],
        "Your exponent is twice too large": [
            changed(ROTARY, ("np.arange(0, d, 2) / d", "np.arange(0, d, 2) / (d / 2)")),
            changed(ROTARY_BY_COMPLEX, ("jnp.arange(0, d, 2)", "2 * jnp.arange(0, d, 2)")),
        ],
        "You multiplied by 10000^(2 i / d)": [
            changed(ROTARY, ("/ 10000 **", "* np.float32(10000) **")),
            changed(ROTARY_BY_COMPLEX, ("-jnp.log", "jnp.log")),
        ],
        "Your pairs all turn at the same speed": [
            changed(ROTARY, (" / 10000 ** (np.arange(0, d, 2) / d)", "")),
            changed(
                ROTARY_BY_COMPLEX,
                ("jnp.outer(positions, jnp.exp(-jnp.log(10000.0) * jnp.arange(0, d, 2) / d))", "positions[:, None]"),
            ),
        ],
        "You joined the two features of all pairs as halves": [
            changed(ROTARY, ("out[:, 0::2]", "out[:, : d // 2]"), ("out[:, 1::2]", "out[:, d // 2 :]")),
            changed(
                ROTARY_BY_COMPLEX,
                ("jnp.stack([z.real, z.imag], axis=-1).reshape(n, d)", "jnp.concatenate([z.real, z.imag], axis=1)"),
            ),
        ],
        "Your angles lie in the order of the half layout": [
            changed(ROTARY_BY_COLUMNS, ("jnp.repeat(angles, 2, axis=1)", "jnp.concatenate([angles, angles], axis=-1)")),
            """
def rotary_positions(x, positions):
    x = np.asarray(x)
    n, d = x.shape
    angles = np.tile(np.asarray(positions)[:, None] / 10000 ** (np.arange(0, d, 2) / d), (1, 2))
    out = np.zeros((n, d))
    for j in range(0, d, 2):
        out[:, j] = x[:, j] * np.cos(angles[:, j]) - x[:, j + 1] * np.sin(angles[:, j])
        out[:, j + 1] = x[:, j] * np.sin(angles[:, j + 1]) + x[:, j + 1] * np.cos(angles[:, j + 1])
    return out
""",
        ],
        "Each of your columns has its own angle": [
            changed(
                ROTARY_BY_COLUMNS,
                ("jnp.arange(0, d, 2)", "jnp.arange(d)"),
                ("    angles = jnp.repeat(angles, 2, axis=1)\n", ""),
            ),
            """
def rotary_positions(x, positions):
    x = np.asarray(x)
    n, d = x.shape
    out = np.zeros((n, d))
    for j in range(d):
        angle = np.asarray(positions) / 10000 ** (j / d)
        other = x[:, j - 1] if j % 2 else -x[:, j + 1]
        out[:, j] = x[:, j] * np.cos(angle) + other * np.sin(angle)
    return out
""",
        ],
        "Your exponent is 2 j / d": [
            changed(
                ROTARY_BY_COLUMNS,
                ("-jnp.arange(0, d, 2)", "-2 * jnp.arange(d)"),
                ("    angles = jnp.repeat(angles, 2, axis=1)\n", ""),
            ),
            """
def rotary_positions(x, positions):
    x = np.asarray(x)
    n, d = x.shape
    out = np.zeros((n, d))
    for j in range(d):
        angle = np.asarray(positions) / 10000 ** (2 * j / d)
        other = x[:, j - 1] if j % 2 else -x[:, j + 1]
        out[:, j] = x[:, j] * np.cos(angle) + other * np.sin(angle)
    return out
""",
        ],
        "You exchanged sine and cosine": [
            changed(ROTARY, ("c, s =", "s, c =")),
            changed(
                ROTARY_BY_COLUMNS,
                ("x * jnp.cos(angles) + other * jnp.sin(angles)", "x * jnp.sin(angles) + other * jnp.cos(angles)"),
            ),
        ],
        "Both of your outputs have a plus": [
            changed(ROTARY, ("a * c - b * s", "a * c + b * s")),
            changed(ROTARY_BY_COLUMNS, ("set(-x", "set(x")),
        ],
        "You used the turned first feature": [
            """
def rotary_positions(x, positions):
    out = np.array(x)
    d = out.shape[1]
    angles = np.asarray(positions)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    out[:, ::2] = out[:, ::2] * np.cos(angles) - out[:, 1::2] * np.sin(angles)
    out[:, 1::2] = out[:, ::2] * np.sin(angles) + out[:, 1::2] * np.cos(angles)
    return out
""",
            """
def rotary_positions(x, positions):
    d = x.shape[1]
    for i in range(d // 2):
        a = positions * 10000.0 ** (-2 * i / d)
        x = x.at[:, 2 * i].set(x[:, 2 * i] * jnp.cos(a) - x[:, 2 * i + 1] * jnp.sin(a))
        x = x.at[:, 2 * i + 1].set(x[:, 2 * i] * jnp.sin(a) + x[:, 2 * i + 1] * jnp.cos(a))
    return x
""",
        ],
        "You added the table of 10.4": [
            changed(ROTARY, ("= a * c - b * s", "= a + s"), ("= a * s + b * c", "= b + c")),
            """
def rotary_positions(x, positions):
    return x + sinusoidal_positions(201, x.shape[1])[positions]
""",
        ],
        "You multiplied x by the table of 10.4": [
            changed(ROTARY, ("= a * c - b * s", "= a * s"), ("= a * s + b * c", "= b * c")),
            """
def rotary_positions(x, positions):
    return x * sinusoidal_positions(201, x.shape[1])[positions]
""",
        ],
        "You kept only the cosines": [
            changed(ROTARY, (" - b * s", ""), ("a * s + ", "")),
            changed(ROTARY_BY_COMPLEX, ("jnp.exp(1j * angles)", "jnp.cos(angles)")),
        ],
        "Your frequencies end at 1/10000": [
            changed(ROTARY, ("(np.arange(0, d, 2) / d)", "np.linspace(0, 1, d // 2)")),
            changed(ROTARY_BY_COMPLEX, ("jnp.arange(0, d, 2) / d", "jnp.arange(d // 2) / max(d // 2 - 1, 1)")),
        ],
        "You exchanged the two features of each pair": [
            changed(ROTARY, ("a, b = x[:, 0::2], x[:, 1::2]", "b, a = x[:, 0::2], x[:, 1::2]")),
            changed(ROTARY_BY_COMPLEX, ("x[:, 0::2] + 1j * x[:, 1::2]", "x[:, 1::2] + 1j * x[:, 0::2]")),
        ],
        "You paired feature i with i + d/2, the half layout, and": [
            """
def rotary_positions(x, positions):
    x, d = np.asarray(x), x.shape[1]
    angles = np.asarray(positions)[:, None] / 10000 ** (np.arange(0, d, 2) / d)
    a, b, c, s = x[:, : d // 2], x[:, d // 2 :], np.cos(angles), np.sin(angles)
    return np.concatenate([a * c + b * s, b * c - a * s], axis=1)
""",
            """
def rotary_positions(x, positions):
    d = x.shape[1]
    angles = jnp.tile(positions[:, None] / 10000.0 ** (jnp.arange(0, d, 2) / d), (1, 2))
    other = jnp.concatenate([x[:, d // 2 :], -x[:, : d // 2]], axis=1)
    return x * jnp.cos(angles) + other * jnp.sin(angles)
""",
        ],
        "You mixed two layouts": [
            changed(
                ROTARY_BY_COLUMNS,
                (
                    "jnp.zeros_like(x).at[:, ::2].set(-x[:, 1::2]).at[:, 1::2].set(x[:, ::2])",
                    "jnp.concatenate([-x[:, d // 2 :], x[:, : d // 2]], axis=1)",
                ),
            ),
            """
def rotary_positions(x, positions):
    x = np.asarray(x)
    n, d = x.shape
    out = np.zeros((n, d))
    for j in range(d):
        angle = np.asarray(positions) / 10000 ** (2 * (j // 2) / d)
        other = -x[:, j + d // 2] if j < d // 2 else x[:, j - d // 2]
        out[:, j] = x[:, j] * np.cos(angle) + other * np.sin(angle)
    return out
""",
        ],
        "Your second output has a minus": [
            changed(ROTARY, ("a * s + b * c", "a * s - b * c")),
            """
def rotary_positions(x, positions):
    n, d = x.shape
    angles = positions[:, None] / 10000.0 ** (jnp.arange(0, d, 2) / d)
    turn = jnp.array([[jnp.cos(angles), -jnp.sin(angles)], [jnp.sin(angles), -jnp.cos(angles)]])
    return jnp.einsum("pqni,niq->nip", turn, x.reshape(n, d // 2, 2)).reshape(n, d)
""",
        ],
        "Your exponent is not divided by d": [
            changed(ROTARY, ("(np.arange(0, d, 2) / d)", "np.arange(0.0, d, 2)")),
            changed(ROTARY_BY_COMPLEX, ("jnp.arange(0, d, 2) / d", "jnp.arange(0, d, 2)")),
        ],
    },
    "patchify": {
        "You only reshaped": [
            changed(PATCHES, ("    rows = []", "    return image.reshape(h * w // size**2, -1)\n    rows = []")),
            changed(PATCHES_BY_EINSUM, ('jnp.einsum("apbqc->abpqc", grid)', "grid")),
        ],
        "Your patches run from top to bottom first": [
            """
def patchify(image, size):
    image = np.asarray(image)
    h, w, c = image.shape
    rows = []
    for s in range(0, w, size):
        for r in range(0, h, size):
            rows.append(image[r : r + size, s : s + size].ravel())
    return np.stack(rows)
""",
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->bapqc")),
        ],
        "The pixels of each patch run from top to bottom first": [
            changed(PATCHES, (".ravel()", ".transpose(1, 0, 2).ravel()")),
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->abqpc")),
        ],
        "You exchanged rows and columns of the image": [
            """
def patchify(image, size):
    image = np.asarray(image).swapaxes(0, 1)
    w, h, c = image.shape
    return np.stack([image[s : s + size, r : r + size].ravel() for s in range(0, w, size) for r in range(0, h, size)])
""",
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->baqpc")),
        ],
        "Your channels come first in each patch": [
            changed(PATCHES, (".ravel()", ".transpose(2, 0, 1).ravel()")),
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->abcpq")),
        ],
        "Your patches still lie on a grid": [
            changed(PATCHES, ("np.stack(rows)", "np.stack(rows).reshape(h // size, w // size, -1)")),
            changed(PATCHES_BY_EINSUM, (".reshape(-1,", ".reshape(h // size, w // size,")),
        ],
        "Your patches are still images": [
            changed(PATCHES, (".ravel()", "")),
            changed(PATCHES_BY_EINSUM, ("reshape(-1, size * size * c)", "reshape(-1, size, size, c)")),
        ],
        "Your patches overlap": [
            changed(
                PATCHES, ("range(0, h, size)", "range(h - size + 1)"), ("range(0, w, size)", "range(w - size + 1)")
            ),
            """
def patchify(image, size):
    h, w, c = image.shape
    starts = [(r, s) for r in range(h - size + 1) for s in range(w - size + 1)]
    return jnp.stack([jax.lax.dynamic_slice(image, (r, s, 0), (size, size, c)).reshape(-1) for r, s in starts])
""",
        ],
        "You put pixels into a patch that lie far apart": [
            changed(
                PATCHES_BY_EINSUM,
                ("(h // size, size, w // size, size, c)", "(size, h // size, size, w // size, c)"),
                ("apbqc->", "paqbc->"),
            ),
            """
def patchify(image, size):
    image = np.asarray(image)
    a, b = image.shape[0] // size, image.shape[1] // size
    return np.stack([image[r::a, s::b].ravel() for r in range(a) for s in range(b)])
""",
        ],
        "Your rows hold the pixels at one place": [
            """
def patchify(image, size):
    image = np.asarray(image)
    return np.stack([image[r::size, s::size].ravel() for r in range(size) for s in range(size)])
""",
            changed(
                PATCHES_BY_EINSUM, ("->abpqc", "->pqabc"), ("reshape(-1, size * size * c)", "reshape(size * size, -1)")
            ),
        ],
        "Your columns are the patches": [
            changed(PATCHES, ("np.stack(rows)", "np.stack(rows, axis=1)")),
            changed(PATCHES_BY_EINSUM, ("size * c)", "size * c).T")),
        ],
        "You made a patch per channel": [
            changed(
                PATCHES,
                (
                    "rows.append(image[r : r + size, s : s + size].ravel())",
                    "rows += [image[r : r + size, s : s + size, k].ravel() for k in range(c)]",
                ),
            ),
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->abcpq"), ("size * size * c", "size * size")),
        ],
        "You averaged the pixels": [
            changed(PATCHES, (".ravel()", ".mean(axis=(0, 1))")),
            """
def patchify(image, size):
    h, w, c = image.shape
    return jnp.einsum("apbqc->abc", image.reshape(h // size, size, w // size, size, c)).reshape(-1, c) / size**2
""",
        ],
        "You took `size` for the number of patches": [
            changed(
                PATCHES,
                ("    rows = []", "    p, q = h // size, w // size\n    rows = []"),
                ("range(0, h, size)", "range(0, h, p)"),
                ("range(0, w, size)", "range(0, w, q)"),
                ("r + size, s : s + size", "r + p, s : s + q"),
            ),
            """
def patchify(image, size):
    strips = jnp.split(image, size, axis=0)
    return jnp.stack([patch.reshape(-1) for strip in strips for patch in jnp.split(strip, size, axis=1)])
""",
        ],
        "You cut the rows only": [
            changed(
                PATCHES,
                ("        for s in range(0, w, size):\n    ", ""),
                ("[r : r + size, s : s + size]", "[r : r + size]"),
            ),
            """
def patchify(image, size):
    return jnp.stack([strip.reshape(-1) for strip in jnp.split(image, len(image) // size)])
""",
        ],
        "Your channels come before the patches": [
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->cabpq")),
            """
def patchify(image, size):
    image = np.asarray(image).transpose(2, 0, 1)
    c, h, w = image.shape
    places = [(r, s) for r in range(0, h, size) for s in range(0, w, size)]
    patches = [image[k, r : r + size, s : s + size] for k in range(c) for r, s in places]
    return np.stack(patches).reshape(-1, size * size * c)
""",
        ],
        "You swapped the wrong two axes": [
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->apqbc")),
            """
def patchify(image, size):
    h, w, c = image.shape
    grid = np.asarray(image).reshape(h // size, size, w // size, size, c)
    return grid.swapaxes(2, 3).reshape(h * w // size**2, -1)
""",
        ],
        "You exchanged h and w": [
            changed(PATCHES_BY_EINSUM, ("h, w, c =", "w, h, c =")),
            """
def patchify(image, size):
    w, h, c = image.shape
    grid = np.asarray(image).reshape(h // size, size, w // size, size, c)
    return np.stack([grid[r, :, s].ravel() for r in range(h // size) for s in range(w // size)])
""",
        ],
        "You flattened each patch in Fortran's order": [
            changed(PATCHES, (".ravel()", '.ravel(order="F")')),
            changed(PATCHES_BY_EINSUM, ("->abpqc", "->abcqp")),
        ],
        "You flattened in Fortran's order, `order": [
            changed(PATCHES_BY_EINSUM, ("* c)", '* c, order="F")')),
            """
def patchify(image, size):
    image = np.asarray(image)
    h, w, c = image.shape
    grid = image.reshape(h // size, size, w // size, size, c).transpose(0, 2, 1, 3, 4)
    return grid.reshape((-1, size * size * c), order="F")
""",
        ],
        "You took the image for a square": [
            """
def patchify(image, size):
    h, _, c = image.shape
    n = h // size
    grid = image.reshape(n, size, n, size, image.shape[2])
    return grid.transpose(0, 2, 1, 3, 4).reshape(-1, size * size * c)
""",
            """
def patchify(image, size):
    side = image.shape[0] // size
    grid = jnp.reshape(image, (side, size, side, size, image.shape[-1]))
    return jnp.einsum("apbqc->abpqc", grid).reshape(side * side, -1)
""",
        ],
        "Your image is upside down": [
            changed(PATCHES, ("np.asarray(image)", "np.asarray(image)[::-1]")),
            changed(PATCHES_BY_EINSUM, ("image.reshape", "jnp.flipud(image).reshape")),
        ],
        "Your patches run from bottom to top": [
            changed(PATCHES, ("range(0, h, size)", "range(h - size, -1, -size)")),
            changed(PATCHES_BY_EINSUM, ("grid).reshape", "grid[::-1]).reshape")),
        ],
    },
    "layer_norm": {
        "You normalized the columns": [
            changed(NORM, ("axis=1", "axis=0")),
            """
def layer_norm(x, scale, bias):
    c = x - x.mean(axis=0)
    return c * jax.lax.rsqrt((c * c).mean(axis=0) + 1e-5) * scale + bias
""",
        ],
        "You took one mean and one variance": [
            changed(NORM, ("axis=1, keepdims=True", "")),
            """
def layer_norm(x, scale, bias):
    c = x - jnp.mean(x)
    return c / jnp.sqrt(jnp.mean(c**2) + 1e-5) * scale + bias
""",
        ],
        "Your variance has the divisor d - 1: here": [
            changed(NORM, ("x.var(axis=1,", "x.var(axis=1, ddof=1,")),
            changed(NORM_BY_ROWS, ("jnp.dot(c, c) / len(row)", "jnp.dot(c, c) / (len(row) - 1)")),
        ],
        "You added 1e-5 to the standard deviation": [
            changed(NORM, ("np.sqrt(var + 1e-5)", "(np.sqrt(var) + 1e-5)")),
            changed(NORM_BY_ROWS, ("(v + 1e-5) ** -0.5", "1 / (v**0.5 + 1e-5)")),
        ],
        "You left out the 1e-5": [
            changed(NORM, (" + 1e-5", "")),
            changed(NORM_BY_ROWS, ("(v + 1e-5)", "v")),
        ],
        "Your variance is mean(x^2) - mean(x)^2": [
            changed(NORM, ("x.var(axis=1, keepdims=True)", "(x**2).mean(axis=1, keepdims=True) - mean**2")),
            """
def layer_norm(x, scale, bias):
    return jax.nn.standardize(x, axis=1, epsilon=1e-5) * scale + bias
""",
            changed(NORM_BY_ROWS, ("jnp.dot(c, c) / len(row)", "jnp.dot(row, row) / len(row) - jnp.mean(row) ** 2")),
        ],
        "You did not subtract the mean, as in RMS": [
            changed(
                NORM, ("(x - mean)", "x"), ("x.var(axis=1, keepdims=True)", "np.mean(x**2, axis=1, keepdims=True)")
            ),
            changed(NORM_BY_ROWS, ("row - row.sum() / len(row)", "row")),
        ],
        "You did not subtract the mean above": [
            changed(NORM, ("(x - mean)", "x")),
            changed(NORM_BY_ROWS, ("append(c *", "append(row *")),
        ],
        "You took the mean of x^2 for the variance": [
            changed(NORM, ("x.var(axis=1, keepdims=True)", "np.mean(x**2, axis=1, keepdims=True)")),
            changed(NORM_BY_ROWS, ("jnp.dot(c, c)", "jnp.dot(row, row)")),
        ],
        "You divided by the variance": [
            changed(NORM, ("np.sqrt(var + 1e-5)", "(var + 1e-5)")),
            changed(NORM_BY_ROWS, ("** -0.5", "** -1.0")),
        ],
        "You only subtracted the mean": [
            changed(NORM, (" / np.sqrt(var + 1e-5)", "")),
            changed(NORM_BY_ROWS, (" * (v + 1e-5) ** -0.5", "")),
        ],
        "You divided by the length of each row": [
            changed(NORM, ("x.var(axis=1, keepdims=True)", "np.sum((x - mean) ** 2, axis=1, keepdims=True)")),
            changed(NORM_BY_ROWS, ("jnp.dot(c, c) / len(row)", "jnp.dot(c, c)")),
        ],
        "You exchanged scale and bias": [
            changed(NORM, ("* scale + bias", "* bias + scale")),
            changed(NORM_BY_ROWS, ("* scale + bias", "* bias + scale")),
        ],
        "You added the bias before": [
            changed(
                NORM,
                (
                    "return (x - mean) / np.sqrt(var + 1e-5) * scale + bias",
                    "return ((x - mean) / np.sqrt(var + 1e-5) + bias) * scale",
                ),
            ),
            changed(NORM_BY_ROWS, ("c * (v + 1e-5) ** -0.5 * scale + bias", "scale * (bias + c * (v + 1e-5) ** -0.5)")),
        ],
        "You left out the scale": [
            changed(NORM, (" * scale", "")),
            changed(NORM_BY_ROWS, (" * scale", "")),
        ],
        "You left out the bias": [
            changed(NORM, (" + bias", "")),
            changed(NORM_BY_ROWS, (" + bias", "")),
        ],
        "You left out scale and bias": [
            changed(NORM, (" * scale + bias", "")),
            changed(NORM_BY_ROWS, (" * scale + bias", "")),
        ],
        "You multiplied by 1 + scale": [
            changed(NORM, ("* scale", "* (1 + scale)")),
            changed(NORM_BY_ROWS, ("* scale", "* (scale + 1.0)")),
        ],
        "You divided by the scale": [
            changed(NORM, ("* scale", "/ scale")),
            changed(NORM_BY_ROWS, ("* scale", "/ scale")),
        ],
        "You added 1e-6": [
            changed(NORM, ("1e-5", "1e-6")),
            changed(NORM_BY_ROWS, ("1e-5", "1e-6")),
        ],
        "You added 1e-3": [
            changed(NORM, ("1e-5", "1e-3")),
            changed(NORM_BY_ROWS, ("1e-5", "1e-3")),
        ],
        "You added far too little": [
            changed(NORM, ("1e-5", "1e-10")),
            changed(NORM_BY_ROWS, ("1e-5", "1e-5**2")),
        ],
        "You divided by the mean distance": [
            changed(NORM, ("np.sqrt(var + 1e-5)", "(np.abs(x - mean).mean(axis=1, keepdims=True) + 1e-5)")),
            changed(
                NORM_BY_ROWS,
                ("jnp.dot(c, c) / len(row)", "jnp.abs(c).mean()"),
                ("(v + 1e-5) ** -0.5", "1 / (v + 1e-5)"),
            ),
        ],
        "You multiplied by the standard deviation": [
            changed(NORM, ("/ np.sqrt", "* np.sqrt")),
            changed(NORM_BY_ROWS, ("** -0.5", "** 0.5")),
        ],
        "You added 1e-8": [
            changed(NORM, ("1e-5", "1e-8")),
            changed(NORM_BY_ROWS, ("1e-5", "1e-8")),
        ],
        "Your standard deviation has the divisor d - 1": [
            changed(NORM, ("x.var(axis=1,", "x.std(axis=1, ddof=1,"), ("np.sqrt(var + 1e-5)", "(var + 1e-5)")),
            changed(
                NORM_BY_ROWS, ("c) / len(row)", "c) / (len(row) - 1)"), ("(v + 1e-5) ** -0.5", "1 / (v**0.5 + 1e-5)")
            ),
        ],
        "Your variance has the divisor d - 1, and": [
            changed(NORM, ("x.var(axis=1,", "x.var(axis=1, ddof=1,"), (" + 1e-5", "")),
            changed(NORM_BY_ROWS, ("c) / len(row)", "c) / (len(row) - 1)"), (" + 1e-5", "")),
        ],
        "You divided each row by its length": [
            changed(NORM, ("(x - mean) / np.sqrt(var + 1e-5)", "x / np.linalg.norm(x, axis=1, keepdims=True)")),
            changed(NORM_BY_ROWS, ("c * (v + 1e-5) ** -0.5", "row / jnp.sqrt(jnp.sum(row**2))")),
        ],
        "You subtracted the mean of the whole table": [
            changed(NORM, ("x.mean(axis=1, keepdims=True)", "x.mean()")),
            """
def layer_norm(x, scale, bias):
    return (x - jnp.sum(x) / x.size) * jax.lax.rsqrt(jnp.var(x, axis=1) + 1e-5)[:, None] * scale + bias
""",
        ],
        "You took the larger one": [
            changed(NORM, ("var + 1e-5", "np.maximum(var, 1e-5)")),
            changed(NORM_BY_ROWS, ("(v + 1e-5)", "jnp.clip(v, 1e-5)")),
        ],
    },
    "transformer_block": {
        "You normalized after each sum": [
            changed(
                BLOCK_BY_NUMPY,
                ("x + mha(norm(x, 1))", "norm(x + mha(x), 1)"),
                ("y + mlp(norm(y, 2))", "norm(y + mlp(y), 2)"),
            ),
            """
def transformer_block(x, params, n_heads):
    p = params
    mask = causal_mask(len(x), len(x))
    y = x + multi_head_attention(x, p["w_query"], p["w_key"], p["w_value"], p["w_out"], n_heads, mask)
    y = layer_norm(y, p["norm_1_scale"], p["norm_1_bias"])
    z = y + jax.nn.gelu(y @ p["w_up"] + p["b_up"], approximate=False) @ p["w_down"] + p["b_down"]
    return layer_norm(z, p["norm_2_scale"], p["norm_2_bias"])
""",
        ],
        "You did not add x to the attention": [
            changed(BLOCK_BY_NUMPY, ("x + mha", "mha")),
            changed(BLOCK, ("x + multi", "multi")),
        ],
        "You did not add y at the end": [
            changed(BLOCK_BY_NUMPY, ("return y + mlp", "return mlp")),
            changed(BLOCK, ("y + g", "g")),
        ],
        "You added nothing": [
            changed(BLOCK_BY_NUMPY, ("x + mha", "mha"), ("return y + mlp", "return mlp")),
            changed(BLOCK, ("x + multi", "multi"), ("y + g", "g")),
        ],
        "You added the normalized input": [
            changed(
                BLOCK_BY_NUMPY,
                ("y = x + mha(norm(x, 1))", "x = norm(x, 1)\n    y = x + mha(x)"),
                ("return y + mlp(norm(y, 2))", "y = norm(y, 2)\n    return y + mlp(y)"),
            ),
            changed(BLOCK, ("x + multi", "z + multi"), ("y + g", "z + g")),
        ],
        "Your second half starts from x": [
            changed(BLOCK_BY_NUMPY, ("norm(y, 2)", "norm(x, 2)")),
            changed(BLOCK, ("layer_norm(y,", "layer_norm(x,")),
        ],
        "You added x again": [
            changed(BLOCK_BY_NUMPY, ("y + mlp", "x + mlp")),
            changed(BLOCK, ("y + g", "x + g")),
        ],
        "You left out the first normalization": [
            changed(BLOCK_BY_NUMPY, ("norm(x, 1)", "x")),
            changed(BLOCK, ('layer_norm(x, p["norm_1_scale"], p["norm_1_bias"])', "x")),
        ],
        "You left out the second normalization": [
            changed(BLOCK_BY_NUMPY, ("norm(y, 2)", "y")),
            changed(BLOCK, ('layer_norm(y, p["norm_2_scale"], p["norm_2_bias"])', "y")),
        ],
        "You left out both normalizations": [
            changed(BLOCK_BY_NUMPY, ("norm(x, 1)", "x"), ("norm(y, 2)", "y")),
            changed(
                BLOCK,
                ('layer_norm(x, p["norm_1_scale"], p["norm_1_bias"])', "x"),
                ('layer_norm(y, p["norm_2_scale"], p["norm_2_bias"])', "y"),
            ),
        ],
        "You used the parameters of norm_1 twice": [
            changed(BLOCK_BY_NUMPY, ("norm(y, 2)", "norm(y, 1)")),
            changed(BLOCK, ("norm_2", "norm_1")),
        ],
        "You exchanged the two normalizations": [
            changed(BLOCK_BY_NUMPY, ("norm(y, 2)", "norm(y, 1)"), ("norm(x, 1)", "norm(x, 2)")),
            changed(BLOCK, ("norm_2", "norm_3"), ("norm_1", "norm_2"), ("norm_3", "norm_1")),
        ],
        "`jax.nn.gelu` is an approximation": [
            changed(
                BLOCK_BY_NUMPY,
                (
                    "u * (1 + np.vectorize(math.erf)(u / 2**0.5)) / 2",
                    "u * (1 + np.tanh((2 / np.pi) ** 0.5 * (u + 0.044715 * u**3))) / 2",
                ),
            ),
            changed(BLOCK, (", approximate=False", "")),
        ],
        "You took z sigmoid(1.702 z)": [
            changed(
                BLOCK_BY_NUMPY, ("u * (1 + np.vectorize(math.erf)(u / 2**0.5)) / 2", "u / (1 + np.exp(-1.702 * u))")
            ),
            changed(BLOCK, ("jax.nn.gelu(u, approximate=False)", "u * jax.nn.sigmoid(1.702 * u)")),
        ],
        "You took the rectifier": [
            changed(BLOCK_BY_NUMPY, ("u * (1 + np.vectorize(math.erf)(u / 2**0.5)) / 2", "np.maximum(u, 0)")),
            changed(BLOCK, ("jax.nn.gelu(u, approximate=False)", "jax.nn.relu(u)")),
        ],
        "You took silu": [
            changed(BLOCK_BY_NUMPY, ("u * (1 + np.vectorize(math.erf)(u / 2**0.5)) / 2", "u / (1 + np.exp(-u))")),
            changed(BLOCK, ("jax.nn.gelu(u, approximate=False)", "jax.nn.silu(u)")),
        ],
        "Your gelu lacks the factor z": [
            changed(BLOCK_BY_NUMPY, ("u * (1 +", "(1 +")),
            changed(BLOCK, ("jax.nn.gelu(u, approximate=False)", "jax.scipy.special.ndtr(u)")),
        ],
        "You left out the activation": [
            changed(BLOCK_BY_NUMPY, ("gelu(z @", "(z @")),
            changed(BLOCK, ("jax.nn.gelu(u, approximate=False)", "u")),
        ],
        "You put gelu behind both layers": [
            changed(BLOCK_BY_NUMPY, ("y + mlp(norm(y, 2))", "y + gelu(mlp(norm(y, 2)))")),
            changed(
                BLOCK,
                (
                    'y + g @ p["w_down"] + p["b_down"]',
                    'y + jax.nn.gelu(g @ p["w_down"] + p["b_down"], approximate=False)',
                ),
            ),
        ],
        "You put gelu behind the layer down": [
            changed(BLOCK_BY_NUMPY, ("gelu(z @", "(z @"), ("y + mlp(norm(y, 2))", "y + gelu(mlp(norm(y, 2)))")),
            changed(
                BLOCK,
                ("    g = jax.nn.gelu(u, approximate=False)\n", ""),
                (
                    'y + g @ p["w_down"] + p["b_down"]',
                    'y + jax.nn.gelu(u @ p["w_down"] + p["b_down"], approximate=False)',
                ),
            ),
        ],
        "Your tokens see those after them: attention": [
            changed(BLOCK_BY_NUMPY, ("            s[np.triu(np.ones(s.shape), 1) > 0] = -np.inf\n", "")),
            changed(
                BLOCK, ("jnp.tril(jnp.ones((len(x), len(x)), dtype=bool))", "jnp.ones((len(x), len(x)), dtype=bool)")
            ),
        ],
        "Your mask is upside down": [
            changed(BLOCK_BY_NUMPY, ("np.triu(np.ones(s.shape), 1)", "np.tril(np.ones(s.shape), -1)")),
            changed(BLOCK, ("jnp.tril", "jnp.triu")),
        ],
        "You left out b_up": [
            changed(BLOCK_BY_NUMPY, (' + p["b_up"]', "")),
            changed(BLOCK, (' + p["b_up"]', "")),
        ],
        "You left out b_down": [
            changed(BLOCK_BY_NUMPY, (' + p["b_down"]', "")),
            changed(BLOCK, (' + p["b_down"]', "")),
        ],
        "You left out both biases": [
            changed(BLOCK_BY_NUMPY, (' + p["b_up"]', ""), (' + p["b_down"]', "")),
            changed(BLOCK, (' + p["b_up"]', ""), (' + p["b_down"]', "")),
        ],
        "You added b_up after gelu": [
            changed(BLOCK_BY_NUMPY, ('gelu(z @ p["w_up"] + p["b_up"])', '(gelu(z @ p["w_up"]) + p["b_up"])')),
            changed(BLOCK, (' + p["b_up"]', ""), ("approximate=False)", 'approximate=False) + p["b_up"]')),
        ],
        "You took one head of all columns": [
            changed(BLOCK_BY_NUMPY, ("np.split(one, n_heads, axis=1)", "np.split(one, 1, axis=1)")),
            changed(BLOCK, (", n_heads, mask)", ", 1, mask)")),
        ],
        "The layers up and down came first": [
            changed(
                BLOCK_BY_NUMPY,
                ("x + mha(norm(x, 1))", "x + mlp(norm(x, 2))"),
                ("y + mlp(norm(y, 2))", "y + mha(norm(y, 1))"),
            ),
            """
def transformer_block(x, params, n_heads):
    p = params
    z = layer_norm(x, p["norm_2_scale"], p["norm_2_bias"])
    x = x + jax.nn.gelu(z @ p["w_up"] + p["b_up"], approximate=False) @ p["w_down"] + p["b_down"]
    z, mask = layer_norm(x, p["norm_1_scale"], p["norm_1_bias"]), causal_mask(len(x), len(x))
    return x + multi_head_attention(z, p["w_query"], p["w_key"], p["w_value"], p["w_out"], n_heads, mask)
""",
        ],
        "You normalized the queries only": [
            changed(
                BLOCK_BY_NUMPY,
                (
                    'z @ p["w_query"], z @ p["w_key"], z @ p["w_value"]',
                    'z @ p["w_query"], x @ p["w_key"], x @ p["w_value"]',
                ),
            ),
            """
def transformer_block(x, params, n_heads):
    p, n = params, len(x)
    z = layer_norm(x, p["norm_1_scale"], p["norm_1_bias"])
    q, k, v = (jnp.split(one, n_heads, axis=1) for one in (z @ p["w_query"], x @ p["w_key"], x @ p["w_value"]))
    heads = [attention(*one, causal_mask(n, n)) for one in zip(q, k, v)]
    y = x + jnp.concatenate(heads, axis=1) @ p["w_out"]
    z = layer_norm(y, p["norm_2_scale"], p["norm_2_bias"])
    return y + jax.nn.gelu(z @ p["w_up"] + p["b_up"], approximate=False) @ p["w_down"] + p["b_down"]
""",
        ],
        "You added x twice": [
            changed(BLOCK_BY_NUMPY, ("y = x + mha", "y = x + x + mha")),
            changed(BLOCK, ("y = x + multi", "y = 2 * x + multi")),
        ],
        "You normalized what each layer returns": [
            changed(BLOCK_BY_NUMPY, ("mha(norm(x, 1))", "norm(mha(x), 1)"), ("mlp(norm(y, 2))", "norm(mlp(y), 2)")),
            """
def transformer_block(x, params, n_heads):
    p = params
    mask = causal_mask(len(x), len(x))
    z = multi_head_attention(x, p["w_query"], p["w_key"], p["w_value"], p["w_out"], n_heads, mask)
    y = x + layer_norm(z, p["norm_1_scale"], p["norm_1_bias"])
    z = jax.nn.gelu(y @ p["w_up"] + p["b_up"], approximate=False) @ p["w_down"] + p["b_down"]
    return y + layer_norm(z, p["norm_2_scale"], p["norm_2_bias"])
""",
        ],
        "You returned y": [
            changed(BLOCK_BY_NUMPY, ("return y + mlp(norm(y, 2))", "return y")),
            changed(BLOCK, ("    z = layer_norm(y", "    return y\n    z = layer_norm(y")),
        ],
        "You left out attention": [
            changed(BLOCK_BY_NUMPY, ("x + mha(norm(x, 1))", "x")),
            """
def transformer_block(x, params, n_heads):
    p = params
    z = layer_norm(x, p["norm_2_scale"], p["norm_2_bias"])
    return x + jax.nn.gelu(z @ p["w_up"] + p["b_up"], approximate=False) @ p["w_down"] + p["b_down"]
""",
        ],
        "You added norm_1(x) to the attention": [
            changed(BLOCK_BY_NUMPY, ("y = x + mha(norm(x, 1))", "x = norm(x, 1)\n    y = x + mha(x)")),
            changed(BLOCK, ("x + multi", "z + multi")),
        ],
        "You added norm_2(y) at the end": [
            changed(BLOCK_BY_NUMPY, ("return y + mlp(norm(y, 2))", "y = norm(y, 2)\n    return y + mlp(y)")),
            changed(BLOCK, ("y + g", "z + g")),
        ],
        "Your mask lets no token attend to itself": [
            changed(BLOCK, ("dtype=bool))", "dtype=bool), -1)")),
            changed(
                BLOCK_BY_NUMPY,
                ("np.triu(np.ones(s.shape), 1) > 0] = -np.inf", "np.triu(np.ones(s.shape)) > 0] = -1e30"),
                (
                    "e = np.exp(s - s.max(axis=1, keepdims=True))",
                    "e = np.tril(np.exp(s - s.max(axis=1, keepdims=True)), -1)",
                ),
                ("e / e.sum(axis=1, keepdims=True)", "e / np.maximum(e.sum(axis=1, keepdims=True), 1e-30)"),
            ),
        ],
        "Your tokens see those after them, and": [
            changed(
                BLOCK_BY_NUMPY,
                ("            s[np.triu(np.ones(s.shape), 1) > 0] = -np.inf\n", ""),
                (
                    "u * (1 + np.vectorize(math.erf)(u / 2**0.5)) / 2",
                    "u * (1 + np.tanh((2 / np.pi) ** 0.5 * (u + 0.044715 * u**3))) / 2",
                ),
            ),
            changed(
                BLOCK,
                ("jnp.tril(jnp.ones((len(x), len(x)), dtype=bool))", "jnp.ones((len(x), len(x)), dtype=bool)"),
                (", approximate=False", ""),
            ),
        ],
        "You left out scale and bias": [
            changed(BLOCK_BY_NUMPY, ('c * p[f"norm_{i}_scale"] + p[f"norm_{i}_bias"]', "c")),
            changed(
                BLOCK,
                ('layer_norm(x, p["norm_1_scale"], p["norm_1_bias"])', "layer_norm(x, 1.0, 0.0)"),
                ('layer_norm(y, p["norm_2_scale"], p["norm_2_bias"])', "layer_norm(y, 1.0, 0.0)"),
            ),
        ],
        "You exchanged w_query and w_key": [
            changed(BLOCK_BY_NUMPY, ('z @ p["w_query"], z @ p["w_key"]', 'z @ p["w_key"], z @ p["w_query"]')),
            changed(BLOCK, ('p["w_query"], p["w_key"]', 'p["w_key"], p["w_query"]')),
        ],
        "You exchanged scale and bias of both": [
            changed(
                BLOCK_BY_NUMPY,
                ('c * p[f"norm_{i}_scale"] + p[f"norm_{i}_bias"]', 'c * p[f"norm_{i}_bias"] + p[f"norm_{i}_scale"]'),
            ),
            changed(BLOCK, ("_scale", "_other"), ("_bias", "_scale"), ("_other", "_bias")),
        ],
        "You exchanged scale and bias of norm_1": [
            changed(
                BLOCK_BY_NUMPY,
                ("def norm(x, i):", 'def norm(x, i):\n        s, b = ("bias", "scale")[:: 3 - 2 * i], 0'),
                ("_scale", "_{s[0]}"),
                ("_bias", "_{s[1]}"),
            ),
            changed(BLOCK, ('p["norm_1_scale"], p["norm_1_bias"]', 'p["norm_1_bias"], p["norm_1_scale"]')),
        ],
        "You normalized the result once more": [
            changed(BLOCK_BY_NUMPY, ("return y + mlp(norm(y, 2))", "return norm(y + mlp(norm(y, 2)), 2)")),
            changed(
                BLOCK,
                ("return y", "y = y"),
                ('p["b_down"]', 'p["b_down"]\n    return layer_norm(y, p["norm_2_scale"], p["norm_2_bias"])'),
            ),
        ],
        "Your erf lacks the root of 2": [
            changed(BLOCK_BY_NUMPY, ("(u / 2**0.5)", "(u)")),
            changed(BLOCK, ("jax.nn.gelu(u, approximate=False)", "u * (1 - jax.scipy.special.erfc(u) / 2)")),
        ],
        "You left out norm_2_scale": [
            changed(BLOCK_BY_NUMPY, ('c * p[f"norm_{i}_scale"]', 'c * (p["norm_1_scale"] if i == 1 else 1.0)')),
            changed(BLOCK, ('layer_norm(y, p["norm_2_scale"]', "layer_norm(y, jnp.ones(x.shape[1])")),
        ],
        "You added b_down twice": [
            changed(BLOCK_BY_NUMPY, ('+ p["b_down"]', '+ 2 * p["b_down"]')),
            changed(BLOCK, ('+ p["b_down"]', '+ p["b_down"] + p["b_down"]')),
        ],
    },
}
