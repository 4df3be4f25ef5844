"""Known mistakes of sheet 9, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "joint_probabilities": {
        "Your entries add up to n": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return 0.5 * (p + p.T)
""",
            """
def joint_probabilities(conditional):
    n = len(conditional)
    return jnp.array([[(conditional[i, j] + conditional[j, i]) / 2 for j in range(n)] for i in range(n)])
""",
        ],
        "Your entries add up to 2": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return (p + np.transpose(p)) / p.shape[0]
""",
            """
def joint_probabilities(conditional):
    n = len(conditional)
    return jnp.stack([(conditional[i] + conditional[:, i]) / n for i in range(n)])
""",
        ],
        "Your table is not symmetric": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return (p + p) / (2 * len(p))
""",
            """
def joint_probabilities(conditional):
    return conditional / conditional.sum()
""",
        ],
        "You divided by the number of entries": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return (p + p.T) / (2 * len(p) ** 2)
""",
            """
def joint_probabilities(conditional):
    n, m = conditional.shape
    return (conditional / 2 + conditional.T / 2) / (n * m)
""",
        ],
        "You multiplied the two probabilities": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return p * p.T / (2 * len(p))
""",
            """
def joint_probabilities(conditional):
    n = len(conditional)
    return jnp.array([[conditional[i, j] * conditional[j, i] / (2 * n) for j in range(n)] for i in range(n)])
""",
        ],
        "You took the matrix product": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return np.dot(p, p.T) / (2 * len(p))
""",
            """
def joint_probabilities(conditional):
    return jnp.einsum("ik,jk->ij", conditional, conditional) / (2 * conditional.shape[0])
""",
        ],
        "You divided only one of the two tables": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return p + p.T / (2 * len(p))
""",
            """
def joint_probabilities(conditional):
    n = conditional.shape[0]
    return conditional + jnp.swapaxes(conditional, 0, 1) / 2 / n
""",
        ],
        "You divided by 2 n - 2": [
            """
def joint_probabilities(conditional):
    p = np.asarray(conditional)
    return (p + p.T) / (2 * (len(p) - 1))
""",
            """
def joint_probabilities(conditional):
    n = conditional.shape[0] - 1
    return (conditional / 2 + conditional.T / 2) / n
""",
        ],
        "You divided each row by its sum": [
            """
def joint_probabilities(conditional):
    s = np.asarray(conditional) + np.transpose(conditional)
    return s / s.sum(axis=1)[:, None]
""",
            """
def joint_probabilities(conditional):
    s = conditional + conditional.T
    return jnp.stack([row / sum(row) for row in s])
""",
        ],
        "You united the two probabilities as UMAP does, a + b - a b": [
            """
def joint_probabilities(conditional):
    c = np.asarray(conditional)
    return c + c.T - c * c.T
""",
            """
def joint_probabilities(conditional):
    return 1 - (1 - conditional) * (1 - conditional.T)
""",
        ],
        "You divided by 2 and then multiplied by n": [
            """
def joint_probabilities(conditional):
    c = np.asarray(conditional)
    return (c + c.T) / 2 * len(c)
""",
            """
def joint_probabilities(conditional):
    n = len(conditional)
    return jnp.array([[(conditional[i, j] + conditional[j, i]) / 2 * n for j in range(n)] for i in range(n)])
""",
        ],
        "You subtracted the transpose": [
            """
def joint_probabilities(conditional):
    c = np.asarray(conditional)
    return (c - c.T) / (2 * len(c))
""",
            """
def joint_probabilities(conditional):
    n = len(conditional)
    return jnp.array([[(conditional[i, j] - conditional[j, i]) / (2 * n) for j in range(n)] for i in range(n)])
""",
        ],
        "You took the larger of the two probabilities": [
            """
def joint_probabilities(conditional):
    c = np.asarray(conditional)
    return np.maximum(c, c.T) / len(c)
""",
            """
def joint_probabilities(conditional):
    n = len(conditional)
    return jnp.array([[max(conditional[i, j], conditional[j, i]) / n for j in range(n)] for i in range(n)])
""",
        ],
        "You left out the divisor": [
            """
def joint_probabilities(conditional):
    return np.asarray(conditional) + np.transpose(conditional)
""",
            """
def joint_probabilities(conditional):
    n = len(conditional)
    return jnp.array([[conditional[i, j] + conditional[j, i] for j in range(n)] for i in range(n)])
""",
        ],
    },
    "perplexity_row": {
        "You compared an entropy in bits": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log2(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    def step(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        h = -jnp.sum(jnp.where(p > 0, p * jnp.log2(p), 0.0))
        return jax.lax.cond(h > jnp.log(perplexity), lambda: (middle, high), lambda: (low, middle))

    low, high = jax.lax.fori_loop(0, 50, step, (-20.0, 20.0))
    return jax.nn.softmax(-jnp.exp(low) * squared)
""",
        ],
        "You mixed nats and bits": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log2(perplexity):
            low = middle
        else:
            high = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        logp = jax.nn.log_softmax(-jnp.exp(middle) * squared)
        flat = 2 ** -jnp.sum(jnp.exp(logp) * logp) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return jnp.exp(logp)
""",
        ],
        "Your search ends at the smallest beta": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > perplexity:
            low = middle
        else:
            high = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(60):
        middle = (low + high) / 2
        logp = jax.nn.log_softmax(-jnp.exp(middle) * squared)
        sharp = -jnp.sum(jnp.exp(logp) * logp) < perplexity
        low, high = jnp.where(sharp, low, middle), jnp.where(sharp, middle, high)
    return jnp.exp(logp)
""",
        ],
        "You kept the wrong half": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            high = middle
        else:
            low = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, low, middle), jnp.where(flat, middle, high)
    return p
""",
        ],
        "You used the perplexity as beta": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    p = np.exp(-perplexity * (s - s.min()))
    return p / p.sum()
""",
            """
def perplexity_row(squared, perplexity):
    return jax.nn.softmax(-squared * perplexity)
""",
        ],
        "You put distances into the exponent": [
            """
def perplexity_row(squared, perplexity):
    s = np.sqrt(np.asarray(squared))
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared**0.5)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return p
""",
        ],
        "You squared the input": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared) ** 2
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * jnp.square(squared))
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return p
""",
        ],
        "Your exponentials are not normalized": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        e = np.exp(-np.exp(middle) * s)
        p = e / e.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return e
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return jnp.exp(-jnp.exp(middle) * (squared - jnp.min(squared)))
""",
        ],
        "You returned the exponentials as they are": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * (s - s.min()))
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return np.exp(-np.exp(middle) * s)
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return jnp.exp(-squared * jnp.exp(low))
""",
        ],
        "You returned beta": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * (s - s.min()))
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return np.exp(middle)
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return jnp.exp(low)
""",
        ],
        "Your exponentials all became 0": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    low, high = -20.0, 20.0
    with np.errstate(all="ignore"):
        for _ in range(50):
            middle = (low + high) / 2
            p = np.exp(-np.float32(np.exp(middle)) * s)
            p = p / p.sum()
            h = -np.sum(np.where(p == 0, 0, p * np.log(p)))
            if h > np.log(perplexity):
                low = middle
            else:
                high = middle
        p = np.exp(-np.float32(np.exp(low)) * s)
        return p / p.sum()
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(60):
        middle = (low + high) / 2
        e = jnp.exp(-jnp.exp(middle) * squared)
        p = e / e.sum()
        flat = -jnp.sum(jax.scipy.special.xlogy(p, p)) > jnp.log(perplexity)
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    e = jnp.exp(-jnp.exp((low + high) / 2) * squared)
    return e / e.sum()
""",
        ],
        "For a large beta your exponentials all": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    low, high = -20.0, 20.0
    with np.errstate(all="ignore"):
        for _ in range(50):
            middle = (low + high) / 2
            p = np.exp(-np.exp(middle) * s)
            p = p / p.sum()
            h = -np.sum(p * np.log(p))
            if h < np.log(perplexity):
                high = middle
            else:
                low = middle
        return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        e = jnp.exp(-jnp.exp(middle) * squared)
        p = e / e.sum()
        sharp = -jnp.sum(jax.scipy.special.xlogy(p, p)) < jnp.log(perplexity)
        low, high = jnp.where(sharp, low, middle), jnp.where(sharp, middle, high)
    e = jnp.exp(-jnp.exp((low + high) / 2) * squared)
    return e / e.sum()
""",
        ],
        "Exponentials became 0 in two places": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    low, high = -20.0, 20.0
    with np.errstate(all="ignore"):
        for _ in range(50):
            middle = (low + high) / 2
            p = np.exp(-np.float32(np.exp(middle)) * s)
            p = p / p.sum()
            h = -np.sum(p * np.log(p))
            if h > np.log(perplexity):
                low = middle
            else:
                high = middle
        p = np.exp(-np.float32(np.exp(low)) * s)
        return p / p.sum()
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        e = jnp.exp(-jnp.exp(middle) * squared)
        p = e / e.sum()
        flat = jnp.exp(-jnp.sum(p * jnp.log(p))) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    e = jnp.exp(-jnp.exp((low + high) / 2) * squared)
    return e / e.sum()
""",
        ],
        "Your entropy is NaN where an entry of p is 0": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    low, high = -20.0, 20.0
    with np.errstate(all="ignore"):
        for _ in range(50):
            middle = (low + high) / 2
            p = np.exp(-np.exp(middle) * (s - s.min()))
            p = p / p.sum()
            h = -np.sum(p * np.log(p))
            if h > np.log(perplexity):
                low = middle
            else:
                high = middle
        return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(p @ jnp.log(1 / p)) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return jax.nn.softmax(-jnp.exp(low) * squared)
""",
        ],
        "For a large beta entries of p are 0": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    low, high = -20.0, 20.0
    with np.errstate(all="ignore"):
        for _ in range(50):
            middle = (low + high) / 2
            p = np.exp(-np.exp(middle) * (s - s.min()))
            p = p / p.sum()
            h = -np.sum(p * np.log(p))
            if h < np.log(perplexity):
                high = middle
            else:
                low = middle
        return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(50):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        sharp = jnp.exp(-jnp.sum(p * jnp.log(p))) < perplexity
        low, high = jnp.where(sharp, low, middle), jnp.where(sharp, middle, high)
    return p
""",
        ],
        "Your bracket ends before the solution": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -10.0, 10.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-10.0), jnp.array(10.0)
    for _ in range(40):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return p
""",
        ],
        "Your bracket is far too narrow": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -5.0, 5.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    return p
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-5.0), jnp.array(5.0)
    for _ in range(40):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return p
""",
        ],
        "You stopped too early": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(15):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        h = -sum(q * np.log(q) for q in p if q > 0)
        if h > np.log(perplexity):
            low = middle
        else:
            high = middle
    p = np.exp(-np.exp((low + high) / 2) * s)
    return p / p.sum()
""",
            """
def perplexity_row(squared, perplexity):
    low, high = jnp.array(-20.0), jnp.array(20.0)
    for _ in range(15):
        middle = (low + high) / 2
        p = jax.nn.softmax(-jnp.exp(middle) * squared)
        flat = jnp.exp(jax.scipy.special.entr(p).sum()) > perplexity
        low, high = jnp.where(flat, middle, low), jnp.where(flat, high, middle)
    return jax.nn.softmax(-jnp.exp((low + high) / 2) * squared)
""",
        ],
        "You searched for the perplexity + 1": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared, float)
    s = s - s.min()
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        p = np.exp(-np.exp(middle) * s)
        p = p / p.sum()
        flat = np.exp(-sum(a * np.log(a) for a in p if a > 0)) > perplexity + 1
        low, high = (middle, high) if flat else (low, middle)
    return p
""",
            """
def perplexity_row(squared, perplexity):
    def row(b):
        return jax.nn.softmax(-jnp.exp(b) * squared)

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        flat = jax.scipy.special.entr(row(middle)).sum() > jnp.log(perplexity + 1)
        return jnp.where(flat, middle, low), jnp.where(flat, high, middle)

    return row(jax.lax.fori_loop(0, 50, halve, (-20.0, 20.0))[0])
""",
        ],
        "You did not search": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    p = np.exp(s.min() - s)
    return p / p.sum()
""",
            """
def perplexity_row(squared, perplexity):
    low = min(squared)
    p = [jnp.exp(low - s) for s in squared]
    return jnp.stack(p) / sum(p)
""",
        ],
        "You divided by twice the perplexity": [
            """
def perplexity_row(squared, perplexity):
    s = np.asarray(squared)
    p = np.exp((s.min() - s) / (2 * perplexity))
    return p / p.sum()
""",
            """
def perplexity_row(squared, perplexity):
    low = min(squared)
    p = [jnp.exp((low - s) / (2 * perplexity)) for s in squared]
    return jnp.stack(p) / sum(p)
""",
        ],
    },
    "embedding_probabilities": {
        "A point is not its own neighbor": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(axis=-1))
    return near / near.sum()
""",
            """
def embedding_probabilities(y):
    near = jnp.array([[1 / (1 + jnp.sum((a - b) ** 2)) for b in y] for a in y])
    return near / jnp.sum(near)
""",
        ],
        "You set the diagonal to 0 after dividing": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(axis=-1))
    q = near / near.sum()
    np.fill_diagonal(q, 0.0)
    return q
""",
            """
def embedding_probabilities(y):
    near = 1 / (1 + jnp.linalg.norm(y[:, None] - y, axis=-1) ** 2)
    q = near / near.sum()
    return q - jnp.diag(jnp.diagonal(q))
""",
        ],
        "Your rows add up to 1": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(axis=-1))
    np.fill_diagonal(near, 0.0)
    return near / near.sum(axis=1)[:, None]
""",
            """
def embedding_probabilities(y):
    squared = jnp.sum((y[:, None] - y) ** 2, axis=-1)
    return jax.nn.softmax(-jnp.log1p(squared) - jnp.where(jnp.eye(len(y)) == 1, jnp.inf, 0.0), axis=1)
""",
        ],
        "You took a Gaussian": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = np.exp(-((y[:, None] - y[None]) ** 2).sum(axis=-1))
    np.fill_diagonal(near, 0.0)
    return near / near.sum()
""",
            """
def embedding_probabilities(y):
    squared = jnp.sum((y[:, None] - y) ** 2, axis=-1)
    near = jnp.where(jnp.eye(len(y), dtype=bool), 0.0, jnp.exp(-squared))
    return near / near.sum()
""",
        ],
        "You took the distance, not its square": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = 1 / (1 + np.linalg.norm(y[:, None] - y[None], axis=-1))
    np.fill_diagonal(near, 0.0)
    return near / near.sum()
""",
            """
def embedding_probabilities(y):
    near = jnp.array([[1 / (1 + jnp.linalg.norm(a - b)) for b in y] for a in y])
    near = near.at[jnp.diag_indices(len(y))].set(0.0)
    return near / near.sum()
""",
        ],
        "Your table is not normalized": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(axis=-1))
    np.fill_diagonal(near, 0.0)
    return near
""",
            """
def embedding_probabilities(y):
    squared = jnp.sum((y[:, None] - y) ** 2, axis=-1)
    return jnp.where(jnp.eye(len(y), dtype=bool), 0.0, 1 / (1 + squared))
""",
        ],
        "You left out the 1 below the fraction": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    squared = ((y[:, None] - y[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(squared, np.inf)
    with np.errstate(all="ignore"):
        near = 1 / squared
        return near / near.sum()
""",
            """
def embedding_probabilities(y):
    squared = jnp.sum((y[:, None] - y) ** 2, axis=-1)
    near = jnp.where(jnp.eye(len(y), dtype=bool), 0.0, 1 / squared)
    return near / near.sum()
""",
        ],
        "You divided by the number of pairs": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(axis=-1))
    np.fill_diagonal(near, 0.0)
    return near / (len(y) ** 2 - len(y))
""",
            """
def embedding_probabilities(y):
    n = y.shape[0]
    squared = jnp.sum((y[:, None] - y) ** 2, axis=-1)
    return jnp.where(jnp.eye(n, dtype=bool), 0.0, 1 / (1 + squared)) / n / (n - 1)
""",
        ],
        "You squared 1 / (1 + squared distance)": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    d = ((y[:, None] - y) ** 2).sum(-1)
    near = (1 - np.eye(len(y))) / (1 + d) ** 2
    return near / near.sum()
""",
            """
def embedding_probabilities(y):
    n = len(y)
    d = jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y])
    near = jnp.where(jnp.eye(n, dtype=bool), 0, (1 + d) ** -2.0)
    return near / near.sum()
""",
        ],
        "You divided the columns by their sums": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    d = ((y[:, None] - y) ** 2).sum(-1)
    near = (1 - np.eye(len(y))) / (1 + d)
    return near / near.sum(axis=0)
""",
            """
def embedding_probabilities(y):
    n = len(y)
    d = jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y])
    near = jnp.where(jnp.eye(n, dtype=bool), 0, 1 / (1 + d))
    return near / sum(near)
""",
        ],
        "You took 1 + squared distance itself": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    d = ((y[:, None] - y) ** 2).sum(-1)
    far = (1 + d) * (1 - np.eye(len(y)))
    return far / far.sum()
""",
            """
def embedding_probabilities(y):
    n = len(y)
    d = jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y])
    far = jnp.where(jnp.eye(n, dtype=bool), 0, 1 + d)
    return far / far.sum()
""",
        ],
        "You added up the differences before you squared": [
            """
def embedding_probabilities(y):
    y = np.asarray(y)
    near = (1 - np.eye(len(y))) / (1 + (y[:, None] - y).sum(axis=-1) ** 2)
    return near / near.sum()
""",
            """
def embedding_probabilities(y):
    n, s = len(y), jnp.array([sum(a) for a in y])
    near = jnp.array([[0.0 if i == j else 1 / (1 + (s[i] - s[j]) ** 2) for j in range(n)] for i in range(n)])
    return near / near.sum()
""",
        ],
    },
    "tsne_gradient": {
        "You left out the factor 4": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    q = near * (1 - np.eye(len(y)))
    q = q / q.sum()
    return (((p - q) * near)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    q = embedding_probabilities(y)
    spring = (p - q) / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1))
    return spring.sum(axis=1)[:, None] * y - spring @ y
""",
        ],
        "Your sign is wrong: take p - q": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    q = near * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * (((p - q) * near)[:, :, None] * apart).sum(axis=0)
""",
            """
def tsne_gradient(p, y):
    q = embedding_probabilities(y)
    spring = (q - p) / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1))
    return 4 * (spring.sum(axis=1)[:, None] * y - spring @ y)
""",
        ],
        "You left out the factor 1 / (1 + squared": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    q = (1 - np.eye(len(y))) / (1 + (apart**2).sum(axis=-1))
    q = q / q.sum()
    return 4 * ((p - q)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    spring = p - embedding_probabilities(y)
    return jnp.stack([4 * jnp.sum(spring[i][:, None] * (y[i] - y), axis=0) for i in range(len(y))])
""",
        ],
        "You summed the positions": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    near = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(axis=-1))
    q = near * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * ((p - q) * near) @ y
""",
            """
def tsne_gradient(p, y):
    spring = (p - embedding_probabilities(y)) / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1))
    return 4 * jnp.einsum("ij,jk->ik", spring, y)
""",
        ],
        "You summed only the attraction": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    return 4 * ((p * near)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    spring = p / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1))
    return 4 * (spring.sum(axis=1)[:, None] * y - spring @ y)
""",
        ],
        "Your factor is 2 instead of 4": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    q = near * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 2 * (((p - q) * near)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    spring = (p - embedding_probabilities(y)) / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1))
    return 2 * (spring.sum(axis=1)[:, None] * y - spring @ y)
""",
        ],
        "Your sign is wrong, and the factor 4": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    q = near * (1 - np.eye(len(y)))
    q = q / q.sum()
    return (((q - p) * near)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    spring = (p - embedding_probabilities(y)) / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1))
    return spring @ y - spring.sum(axis=1)[:, None] * y
""",
        ],
        "You differentiated KL(P || Q)": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    q = near * (1 - np.eye(len(y)))
    q = q / q.sum() * p.sum()
    return 4 * (((p - q) * near)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    def divergence(y):
        q = embedding_probabilities(y)
        ratio = jnp.where(p > 0, p, 1.0) / jnp.where(p > 0, q, 1.0)
        return jnp.sum(p * jnp.log(ratio))

    return jax.grad(divergence)(y)
""",
        ],
        "You divided by (1 + squared distance) twice": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    q = near * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * (((p - q) * near**2)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    spring = (p - embedding_probabilities(y)) / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1)) ** 2
    return 4 * (spring.sum(axis=1)[:, None] * y - spring @ y)
""",
        ],
        "Your Q is not normalized": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    apart = y[:, None] - y[None]
    near = 1 / (1 + (apart**2).sum(axis=-1))
    return 4 * (((p - near) * near)[:, :, None] * apart).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    near = 1 / (1 + jnp.sum((y[:, None] - y) ** 2, axis=-1))
    spring = (p - near) * near
    return 4 * (spring.sum(axis=1)[:, None] * y - spring @ y)
""",
        ],
        "Your Z counts each point with itself": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    gap = y[:, None] - y
    w = 1 / (1 + (gap**2).sum(-1))
    q = w * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * (((p - w / w.sum()) * w)[:, :, None] * gap).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    n = len(y)
    w = 1 / (1 + jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y]))
    q = jnp.where(jnp.eye(n, dtype=bool), 0, w)
    q = q / q.sum()
    m = (p - w / jnp.sum(w)) * w
    return 4 * (m.sum(axis=1)[:, None] * y - m @ y)
""",
        ],
        "You multiplied by q instead of 1 / (1 + squared distance)": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    gap = y[:, None] - y
    w = 1 / (1 + (gap**2).sum(-1))
    q = w * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * (((p - q) * q)[:, :, None] * gap).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    n = len(y)
    w = 1 / (1 + jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y]))
    q = jnp.where(jnp.eye(n, dtype=bool), 0, w)
    q = q / q.sum()
    m = p * q - q**2
    return 4 * (m.sum(axis=1)[:, None] * y - m @ y)
""",
        ],
        "The rows of your Q add up to 1": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    gap = y[:, None] - y
    w = 1 / (1 + (gap**2).sum(-1))
    q = w * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * (((p - q / q.sum(axis=1)[:, None]) * w)[:, :, None] * gap).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    n = len(y)
    w = 1 / (1 + jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y]))
    q = jnp.where(jnp.eye(n, dtype=bool), 0, w)
    q = q / q.sum()
    m = (p - jnp.stack([row / sum(row) for row in q])) * w
    return 4 * (m.sum(axis=1)[:, None] * y - m @ y)
""",
        ],
        "You multiplied by 1 + squared distance": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    gap = y[:, None] - y
    w = 1 / (1 + (gap**2).sum(-1))
    q = w * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * (((p - q) / w)[:, :, None] * gap).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    n = len(y)
    w = 1 / (1 + jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y]))
    q = jnp.where(jnp.eye(n, dtype=bool), 0, w)
    q = q / q.sum()
    m = (p - q) * (1 / w)
    return 4 * (m.sum(axis=1)[:, None] * y - m @ y)
""",
        ],
        "You scaled P to the sum 1": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    gap = y[:, None] - y
    w = 1 / (1 + (gap**2).sum(-1))
    q = w * (1 - np.eye(len(y)))
    q = q / q.sum()
    return 4 * (((p / p.sum() - q) * w)[:, :, None] * gap).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    n = len(y)
    w = 1 / (1 + jnp.stack([jnp.stack([sum((a - b) ** 2) for b in y]) for a in y]))
    q = jnp.where(jnp.eye(n, dtype=bool), 0, w)
    q = q / q.sum()
    m = (p / sum(sum(p)) - q) * w
    return 4 * (m.sum(axis=1)[:, None] * y - m @ y)
""",
        ],
        "You took the distance, not its square": [
            """
def tsne_gradient(p, y):
    p, y = np.asarray(p), np.asarray(y)
    gap = y[:, None] - y
    w = 1 / (1 + np.linalg.norm(gap, axis=-1))
    q = w * (1 - np.eye(len(y)))
    return 4 * (((p - q / q.sum()) * w)[:, :, None] * gap).sum(axis=1)
""",
            """
def tsne_gradient(p, y):
    n = len(y)
    w = 1 / (1 + jnp.stack([jnp.stack([jnp.sqrt(sum((a - b) ** 2)) for b in y]) for a in y]))
    q = jnp.where(jnp.eye(n, dtype=bool), 0, w)
    m = (p - q / q.sum()) * w
    return 4 * (m.sum(axis=1)[:, None] * y - m @ y)
""",
        ],
    },
    "umap_memberships": {
        "You left out rho": [
            """
def umap_memberships(distances, sigma):
    return np.exp(-np.asarray(distances) / np.asarray(sigma)[:, None])
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-row / s) for row, s in zip(distances, sigma)])
""",
        ],
        "You squared the distance": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    return np.exp(-np.maximum(0, d - d[:, :1]) ** 2 / s)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-jnp.square(row - row[0]) / s) for row, s in zip(distances, sigma)])
""",
        ],
        "You subtracted the smallest distance of the whole": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    return np.exp(-(d - np.min(d)) / s)
""",
            """
def umap_memberships(distances, sigma):
    rho = min(float(d) for row in distances for d in row)
    return jnp.exp((rho - distances) / sigma.reshape(-1, 1))
""",
        ],
        "You multiplied by sigma": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    return np.exp(-np.maximum(0, d - d[:, :1]) * s)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(s * (row[0] - row)) for row, s in zip(distances, sigma)])
""",
        ],
        "You divided along the wrong axis": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)
    return np.exp(-np.maximum(0, d - d[:, :1]) / s)
""",
            """
def umap_memberships(distances, sigma):
    rho = jnp.min(distances, axis=1, keepdims=True)
    return jnp.exp((rho - distances) / sigma)
""",
        ],
        "You divided two exponentials": [
            """
def umap_memberships(distances, sigma):
    e = np.exp(-np.asarray(distances) / np.asarray(sigma)[:, None])
    with np.errstate(all="ignore"):
        return e / e.max(axis=1, keepdims=True)
""",
            """
def umap_memberships(distances, sigma):
    e = jnp.stack([jnp.exp(-row / s) for row, s in zip(distances, sigma)])
    return e / e[:, :1]
""",
        ],
        "You subtracted the first row": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    return np.exp(-np.maximum(0, d - d[0]) / s)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.exp(-jax.nn.relu(distances - distances[:1]) / sigma.reshape(-1, 1))
""",
        ],
        "Your memberships grow": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    return np.exp(np.maximum(0, d - d[:, :1]) / s)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([1 / jnp.exp((row[0] - row) / s) for row, s in zip(distances, sigma)])
""",
        ],
        "You forgot sigma": [
            """
def umap_memberships(distances, sigma):
    d = np.asarray(distances)
    return np.exp(-np.maximum(0, d - d[:, :1]))
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(row[0] - row) for row in distances])
""",
        ],
        "You normalized each row": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    w = np.exp(-np.maximum(0, d - d[:, :1]) / s)
    return w / np.sum(w, axis=1)[:, None]
""",
            """
def umap_memberships(distances, sigma):
    return jax.nn.softmax(-distances / sigma[:, None], axis=1)
""",
        ],
        "You took a Gaussian": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.exp(-((d - rho) / s) ** 2 / 2)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-0.5 * (d - d[0]) ** 2 / s**2) for d, s in zip(distances, sigma)])
""",
        ],
        "You squared sigma": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.exp(-(d - rho) / s**2)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-(d - d[0]) / s / s) for d, s in zip(distances, sigma)])
""",
        ],
        "You divided by 2 sigma": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.exp(-(d - rho) / (2 * s))
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-(d - d[0]) / s / 2) for d, s in zip(distances, sigma)])
""",
        ],
        "All your memberships are 1": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.exp(-np.maximum(0, d - d[:, -1:]) / s)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-jnp.minimum(0, d - d[0]) / s) for d, s in zip(distances, sigma)])
""",
        ],
        "You subtracted the largest distance": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.exp(-(d - d.max(axis=1, keepdims=True)) / s)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-(d - d[-1]) / s) for d, s in zip(distances, sigma)])
""",
        ],
        "You took the second neighbor for rho": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.exp(-np.maximum(0, d - d[:, 1:2]) / s)
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([jnp.exp(-jax.nn.relu(d - d[1]) / s) for d, s in zip(distances, sigma)])
""",
        ],
        "You subtracted the smallest distance of each column": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.exp(-np.maximum(0, d - d.min(axis=0)) / s)
""",
            """
def umap_memberships(distances, sigma):
    low = jnp.array([min(column) for column in distances.T])
    return jnp.stack([jnp.exp(-jax.nn.relu(d - low) / s) for d, s in zip(distances, sigma)])
""",
        ],
        "You returned the exponent": [
            """
def umap_memberships(distances, sigma):
    d, s = np.asarray(distances), np.asarray(sigma)[:, None]
    rho = d[:, :1]
    return np.maximum(0, d - rho) / s
""",
            """
def umap_memberships(distances, sigma):
    return jnp.stack([(d - d[0]) / s for d, s in zip(distances, sigma)])
""",
        ],
    },
    "info_nce": {
        "You forgot to scale the rows": [
            """
def info_nce(queries, keys, temperature):
    z = np.asarray(queries) @ np.asarray(keys).T / temperature
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    logits = queries @ keys.T / temperature
    return -jnp.trace(jax.nn.log_softmax(logits)) / len(queries)
""",
        ],
        "You multiplied by the temperature": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T * temperature
    return np.mean(np.log(np.exp(z).sum(axis=1)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    return -jnp.diag(jax.nn.log_softmax(temperature * q @ k.T)).mean()
""",
        ],
        "You summed over the pairs": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T / temperature
    z = z - z.max(axis=1, keepdims=True)
    return np.sum(np.log(np.exp(z).sum(axis=1)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    return -jnp.trace(jax.nn.log_softmax(q @ k.T / temperature))
""",
        ],
        "Each query must choose among the keys": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T / temperature
    z = z - z.max(axis=0)
    return np.mean(np.log(np.exp(z).sum(axis=0)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    return -jnp.diag(jax.nn.log_softmax(k @ q.T / temperature)).mean()
""",
        ],
        "Your sum leaves the partner out": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T / temperature
    with np.errstate(all="ignore"):
        e = np.exp(z)
        return np.mean(np.log(e.sum(axis=1) - np.diag(e)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    z = q @ k.T / temperature
    e = jnp.exp(z) * (1 - jnp.eye(len(z)))
    return jnp.mean(jnp.log(e.sum(axis=1)) - jnp.diag(z))
""",
        ],
        "Your sign is wrong": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T / temperature
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.diag(z) - np.log(np.exp(z).sum(axis=1)))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    return jnp.diag(jax.nn.log_softmax(q @ k.T / temperature)).mean()
""",
        ],
        "Your loss is infinite": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T / temperature
    with np.errstate(all="ignore"):
        return np.mean(np.log(np.exp(z).sum(axis=1)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    e = jnp.exp(q @ k.T / temperature)
    return jnp.mean(-jnp.log(jnp.diag(e) / e.sum(axis=1)))
""",
        ],
        "You averaged over both directions": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]

    def one_way(z):
        z = z - z.max(axis=1, keepdims=True)
        return np.mean(np.log(np.exp(z).sum(axis=1)) - np.diag(z))

    z = q @ k.T / temperature
    return (one_way(z) + one_way(z.T)) / 2
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    z = q @ k.T / temperature
    return -0.5 * jnp.mean(jnp.diag(jax.nn.log_softmax(z)) + jnp.diag(jax.nn.log_softmax(z.T)))
""",
        ],
        "You summed the exponentials of the whole table": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T / temperature
    z = z - z.max()
    return np.mean(np.log(np.exp(z).sum()) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    logs = jax.nn.log_softmax((q @ k.T / temperature).ravel()).reshape(len(q), -1)
    return -jnp.diag(logs).mean()
""",
        ],
        "You took the logarithm of the mean": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T / temperature
    e = np.exp(z - z.max(axis=1, keepdims=True))
    with np.errstate(all="ignore"):
        return -np.log(np.mean(np.diag(e) / e.sum(axis=1)))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    return -jnp.log(jnp.trace(jax.nn.softmax(q @ k.T / temperature)) / len(q))
""",
        ],
        "You scaled only the queries": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q = q / np.linalg.norm(q, axis=1)[:, None]
    z = q @ k.T / temperature
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q = queries / jnp.sqrt(jnp.sum(queries**2, axis=1, keepdims=True))
    return -jnp.diag(jax.nn.log_softmax(q @ keys.T / temperature)).mean()
""",
        ],
        "You left out the temperature": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q, axis=1)[:, None], k / np.linalg.norm(k, axis=1)[:, None]
    z = q @ k.T
    return np.mean(np.log(np.exp(z).sum(axis=1)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2, axis=1, keepdims=True)) for v in (queries, keys))
    return -jnp.diag(jax.nn.log_softmax(q @ k.T)).mean()
""",
        ],
        "You scaled the whole tables": [
            """
def info_nce(queries, keys, temperature):
    q, k = np.asarray(queries), np.asarray(keys)
    q, k = q / np.linalg.norm(q), k / np.linalg.norm(k)
    z = q @ k.T / temperature
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - np.diag(z))
""",
            """
def info_nce(queries, keys, temperature):
    q, k = (v / jnp.sqrt(jnp.sum(v**2)) for v in (queries, keys))
    return -jnp.diag(jax.nn.log_softmax(q @ k.T / temperature)).mean()
""",
        ],
        "You scaled only the keys to length 1": [
            """
def info_nce(queries, keys, temperature):
    q = np.asarray(queries) / np.linalg.norm(queries, axis=1, keepdims=True)
    k = np.asarray(keys) / np.linalg.norm(keys, axis=1, keepdims=True)
    s = np.asarray(queries) @ k.T / temperature
    m = s.max(axis=1)
    return np.mean(m + np.log(np.exp(s - m[:, None]).sum(axis=1)) - np.diag(s))
""",
            """
def info_nce(queries, keys, temperature):
    q = jnp.stack([v / jnp.sqrt(v @ v) for v in queries])
    k = jnp.stack([v / jnp.sqrt(v @ v) for v in keys])
    s = jnp.stack([jnp.stack([a @ b for b in k]) for a in queries]) / temperature
    return -jnp.mean(jnp.diag(jax.nn.log_softmax(s, axis=1)))
""",
        ],
        "You scaled the columns to length 1": [
            """
def info_nce(queries, keys, temperature):
    q = np.asarray(queries) / np.linalg.norm(queries, axis=0)
    k = np.asarray(keys) / np.linalg.norm(keys, axis=0)
    s = q @ k.T / temperature
    m = s.max(axis=1)
    return np.mean(m + np.log(np.exp(s - m[:, None]).sum(axis=1)) - np.diag(s))
""",
            """
def info_nce(queries, keys, temperature):
    q = jnp.stack([v / jnp.sqrt(v @ v) for v in queries.T]).T
    k = jnp.stack([v / jnp.sqrt(v @ v) for v in keys.T]).T
    s = jnp.stack([jnp.stack([a @ b for b in k]) for a in q]) / temperature
    return -jnp.mean(jnp.diag(jax.nn.log_softmax(s, axis=1)))
""",
        ],
        "You averaged the exponentials in the denominator": [
            """
def info_nce(queries, keys, temperature):
    q = np.asarray(queries) / np.linalg.norm(queries, axis=1, keepdims=True)
    k = np.asarray(keys) / np.linalg.norm(keys, axis=1, keepdims=True)
    s = q @ k.T / temperature
    m = s.max(axis=1)
    return np.mean(m + np.log(np.exp(s - m[:, None]).mean(axis=1)) - np.diag(s))
""",
            """
def info_nce(queries, keys, temperature):
    q = jnp.stack([v / jnp.sqrt(v @ v) for v in queries])
    k = jnp.stack([v / jnp.sqrt(v @ v) for v in keys])
    s = jnp.stack([jnp.stack([a @ b for b in k]) for a in q]) / temperature
    return -jnp.mean(jnp.diag(jax.nn.log_softmax(s, axis=1))) - jnp.log(len(q))
""",
        ],
        "You left out the logarithm": [
            """
def info_nce(queries, keys, temperature):
    q = np.asarray(queries) / np.linalg.norm(queries, axis=1, keepdims=True)
    k = np.asarray(keys) / np.linalg.norm(keys, axis=1, keepdims=True)
    s = q @ k.T / temperature
    m = s.max(axis=1)
    e = np.exp(s - m[:, None])
    return -np.mean(np.diag(e) / e.sum(axis=1))
""",
            """
def info_nce(queries, keys, temperature):
    q = jnp.stack([v / jnp.sqrt(v @ v) for v in queries])
    k = jnp.stack([v / jnp.sqrt(v @ v) for v in keys])
    s = jnp.stack([jnp.stack([a @ b for b in k]) for a in q]) / temperature
    return -sum(jax.nn.softmax(row)[i] for i, row in enumerate(s)) / len(q)
""",
        ],
        "You averaged over the whole table": [
            """
def info_nce(queries, keys, temperature):
    q = np.asarray(queries) / np.linalg.norm(queries, axis=1, keepdims=True)
    k = np.asarray(keys) / np.linalg.norm(keys, axis=1, keepdims=True)
    s = q @ k.T / temperature
    m = s.max(axis=1)
    return np.mean(m + np.log(np.exp(s - m[:, None]).sum(axis=1)) - s.mean(axis=1))
""",
            """
def info_nce(queries, keys, temperature):
    q = jnp.stack([v / jnp.sqrt(v @ v) for v in queries])
    k = jnp.stack([v / jnp.sqrt(v @ v) for v in keys])
    s = jnp.stack([jnp.stack([a @ b for b in k]) for a in q]) / temperature
    return jnp.mean(jnp.stack([jax.nn.logsumexp(row) - a for row in s for a in row]))
""",
        ],
        "Your denominator compares queries with queries": [
            """
def info_nce(queries, keys, temperature):
    q = np.asarray(queries) / np.linalg.norm(queries, axis=1, keepdims=True)
    k = np.asarray(keys) / np.linalg.norm(keys, axis=1, keepdims=True)
    s = q @ q.T / temperature
    m = s.max(axis=1)
    return np.mean(m + np.log(np.exp(s - m[:, None]).sum(axis=1)) - (q * k).sum(axis=1) / temperature)
""",
            """
def info_nce(queries, keys, temperature):
    q = jnp.stack([v / jnp.sqrt(v @ v) for v in queries])
    k = jnp.stack([v / jnp.sqrt(v @ v) for v in keys])
    s = jnp.stack([jnp.stack([a @ b for b in k]) for a in q]) / temperature
    return sum(jax.nn.logsumexp(q @ a / temperature) - a @ b / temperature for a, b in zip(q, k)) / len(q)
""",
        ],
        "You left the temperature out of the denominator": [
            """
def info_nce(queries, keys, temperature):
    q = np.asarray(queries) / np.linalg.norm(queries, axis=1, keepdims=True)
    k = np.asarray(keys) / np.linalg.norm(keys, axis=1, keepdims=True)
    s = q @ k.T / temperature
    m = s.max(axis=1)
    return np.mean(np.log(np.exp(s * temperature).sum(axis=1)) - np.diag(s))
""",
            """
def info_nce(queries, keys, temperature):
    q = jnp.stack([v / jnp.sqrt(v @ v) for v in queries])
    k = jnp.stack([v / jnp.sqrt(v @ v) for v in keys])
    s = jnp.stack([jnp.stack([a @ b for b in k]) for a in q]) / temperature
    return sum(jnp.log(sum(jnp.exp(k @ a))) - a @ b / temperature for a, b in zip(q, k)) / len(q)
""",
        ],
    },
    "probe_step": {
        "You went uphill:": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    z = x @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - learning_rate * x.T @ (y - p) / len(x)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    def loss(w):
        return -jnp.mean(jax.nn.log_softmax(features @ w)[jnp.arange(len(labels)), labels])

    return weights + learning_rate * jax.grad(loss)(weights)
""",
        ],
        "You took the sum over the samples": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    z = x @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - learning_rate * x.T @ (p - y)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    def loss(w):
        return -jnp.sum(jax.nn.log_softmax(features @ w)[jnp.arange(len(labels)), labels])

    return weights - learning_rate * jax.grad(loss)(weights)
""",
        ],
        "You took the softmax along the samples": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    z = x @ w
    p = np.exp(z - z.max(axis=0))
    p = p / p.sum(axis=0)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - learning_rate * x.T @ (p - y) / len(x)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    p = jax.nn.softmax((features @ weights).T).T
    y = labels[:, None] == jnp.arange(weights.shape[1])
    return weights + learning_rate * features.T @ (y - p) / len(labels)
""",
        ],
        "Your exponentials overflowed": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    with np.errstate(all="ignore"):
        p = np.exp(x @ w)
        p = p / p.sum(axis=1, keepdims=True)
        y = np.eye(w.shape[1])[np.asarray(labels)]
        return w - learning_rate * x.T @ (p - y) / len(x)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    e = jnp.exp(features @ weights)
    y = labels[:, None] == jnp.arange(weights.shape[1])
    return weights + learning_rate * features.T @ (y - e / e.sum(1)[:, None]) / len(labels)
""",
        ],
        "You returned the gradient": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    z = x @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return x.T @ (p - y) / len(x)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    def loss(w):
        return -jnp.mean(jax.nn.log_softmax(features @ w)[jnp.arange(len(labels)), labels])

    return jax.grad(loss)(weights)
""",
        ],
        "You left out the learning rate": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    z = x @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - x.T @ (p - y) / len(x)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    def loss(w):
        return -jnp.mean(jax.nn.log_softmax(features @ w)[jnp.arange(len(labels)), labels])

    return weights - jax.grad(loss)(weights)
""",
        ],
        "You took the sigmoid": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-x @ w))
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - learning_rate * x.T @ (p - y) / len(x)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    p = 0.5 + 0.5 * jnp.tanh(features @ weights / 2)
    y = labels[:, None] == jnp.arange(weights.shape[1])
    return weights + learning_rate * features.T @ (y - p) / len(labels)
""",
        ],
        "You averaged over the classes, too": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    z = x @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - learning_rate * x.T @ (p - y) / y.size
""",
            """
def probe_step(features, labels, weights, learning_rate):
    def loss(w):
        y = jax.nn.one_hot(labels, w.shape[1])
        return -jnp.mean(y * jax.nn.log_softmax(features @ w))

    return weights - learning_rate * jax.grad(loss)(weights)
""",
        ],
        "You went uphill with a sum": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    z = x @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - learning_rate * x.T @ (y - p)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    def likelihood(w):
        return jnp.sum(jax.nn.log_softmax(features @ w)[jnp.arange(len(labels)), labels])

    return weights - learning_rate * jax.grad(likelihood)(weights)
""",
        ],
        "You left out the softmax": [
            """
def probe_step(features, labels, weights, learning_rate):
    x, w = np.asarray(features), np.asarray(weights)
    y = np.eye(w.shape[1])[np.asarray(labels)]
    return w - learning_rate * x.T @ (x @ w - y) / len(x)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    def loss(w):
        y = jax.nn.one_hot(labels, w.shape[1])
        return 0.5 * jnp.sum((features @ w - y) ** 2) / len(labels)

    return weights - learning_rate * jax.grad(loss)(weights)
""",
        ],
        "You returned the change alone": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    return -learning_rate * f.T @ (p - t) / n
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) == one, 1.0, 0.0) for one in labels])
    return learning_rate / n * sum(jnp.outer(f, a - b) for f, a, b in zip(features, t, p))
""",
        ],
        "You left out the labels": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    return w - learning_rate * f.T @ p / n
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) == one, 1.0, 0.0) for one in labels])
    return weights - learning_rate / n * sum(jnp.outer(f, a) for f, a in zip(features, p))
""",
        ],
        "You subtracted the label from every class": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    return w - learning_rate * f.T @ (p - np.asarray(labels)[:, None]) / n
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) == one, 1.0, 0.0) for one in labels])
    return weights - learning_rate / n * sum(jnp.outer(f, a - b) for f, a, b in zip(features, p, labels))
""",
        ],
        "You subtracted 1 from the labels": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    t = (np.asarray(labels)[:, None] == 1 + np.arange(w.shape[1])).astype(float)
    return w - learning_rate * f.T @ (p - t) / n
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) + 1 == one, 1.0, 0.0) for one in labels])
    return weights - learning_rate * features.T @ (p - t) / n
""",
        ],
        "You multiplied by p (1 - p)": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    return w - learning_rate * f.T @ ((p - t) * p * (1 - p)) / n
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) == one, 1.0, 0.0) for one in labels])
    return weights - learning_rate / n * sum(jnp.outer(f, (a - b) * (a - a**2)) for f, a, b in zip(features, p, t))
""",
        ],
        "Your step is twice as long as it should be": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    return w - 2 * learning_rate * f.T @ (p - t) / n
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) == one, 1.0, 0.0) for one in labels])
    return weights - learning_rate / n * sum(2 * jnp.outer(f, a - b) for f, a, b in zip(features, p, t))
""",
        ],
        "You divided by the number of features": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    return w - learning_rate * f.T @ (p - t) / len(w)
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) == one, 1.0, 0.0) for one in labels])
    return weights - learning_rate / len(weights) * sum(jnp.outer(f, a - b) for f, a, b in zip(features, p, t))
""",
        ],
        "You took the most likely class": [
            """
def probe_step(features, labels, weights, learning_rate):
    f, w = np.asarray(features), np.asarray(weights)
    z = f @ w
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    t = np.eye(w.shape[1])[np.asarray(labels)]
    n = len(f)
    p = np.eye(w.shape[1])[z.argmax(axis=1)]
    return w - learning_rate * f.T @ (p - t) / n
""",
            """
def probe_step(features, labels, weights, learning_rate):
    n, c = len(labels), weights.shape[1]
    p = jnp.stack([jax.nn.softmax(f @ weights) for f in features])
    t = jnp.stack([jnp.where(jnp.arange(c) == one, 1.0, 0.0) for one in labels])
    p = jnp.stack([jax.nn.one_hot(jnp.argmax(row), c) for row in p])
    return weights - learning_rate * features.T @ (p - t) / n
""",
        ],
    },
    "trustworthiness": {
        "You exchanged data and map": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_map.index(j) + 1 - k) for j in in_data[:k])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    excess = jnp.maximum(0, ranks(y) - k) * (ranks(x) <= k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()
""",
        ],
        "You counted each sample as its own": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = np.argsort(((y - y[i]) ** 2).sum(1)).tolist()
        in_data = np.argsort(((x - x[i]) ** 2).sum(1)).tolist()
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[:k])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.linalg.norm(z[:, None] - z, axis=-1)
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) <= k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()
""",
        ],
        "Your ranks start at 0": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) - k) for j in in_map[:k])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1)

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) < k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()
""",
        ],
        "You returned the penalty": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[:k])
    return 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) <= k)
    return 2 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()
""",
        ],
        "You counted the intruders": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        total += len(set(in_map[:k]) - set(in_data[:k]))
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def near(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return d <= jnp.sort(d, axis=1)[:, k - 1 : k]

    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.sum(near(y) & ~near(x))
""",
        ],
        "One `argsort` gives the order": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors

    def ranks(z):
        d = ((z[:, None] - z[None]) ** 2).sum(axis=-1)
        np.fill_diagonal(d, np.inf)
        return np.argsort(d, axis=1) + 1

    rx, ry = ranks(x), ranks(y)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * np.maximum(0, rx - k)[ry <= k].sum()
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return 1 + d.argsort(axis=-1)

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) <= k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()
""",
        ],
        "In the data you took the order": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors

    def order(z):
        d = ((z[:, None] - z[None]) ** 2).sum(axis=-1)
        np.fill_diagonal(d, np.inf)
        return np.argsort(d, axis=1)

    total = 0
    for i in range(n):
        for j in order(y)[i, :k]:
            total += max(0, order(x)[i, j] + 1 - k)
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def order(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.argsort(d, axis=1)

    r = jnp.take_along_axis(order(x) + 1, order(y)[:, :k], axis=1)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.maximum(0, r - k).sum()
""",
        ],
        "Your factor multiplies where it should": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[:k])
    return 1 - 2 / n * k * (2 * n - 3 * k - 1) * total
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) <= k)
    return 1 - excess.sum() * 2 / n * k * (2 * n - 3 * k - 1)
""",
        ],
        "You added up whole ranks": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        ranks = [in_data.index(j) + 1 for j in in_map[:k]]
        total += sum(r for r in ranks if r > k)
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    r = ranks(x)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.sum(r * (ranks(y) <= k) * (r > k))
""",
        ],
        "You took one neighbor less than K": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = np.argsort(((y - y[i]) ** 2).sum(1))[1:k]
        in_data = np.argsort(((x - x[i]) ** 2).sum(1)).tolist()
        total += sum(max(0, in_data.index(j) - k) for j in in_map)
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) < k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()
""",
        ],
        "You divided by n K only": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        total += np.mean([max(0, in_data.index(j) + 1 - k) for j in in_map[:k]])
    return 1 - total / n
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) <= k)
    return 1 - excess.sum() / (n * k)
""",
        ],
        "You left out the factor 2": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[:k])
    return 1 - total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    excess = jnp.maximum(0, ranks(x) - k) * (ranks(y) <= k)
    return 1 - 1 / (n * k * (2 * n - 3 * k - 1)) * excess.sum()
""",
        ],
        "In the map you counted each sample": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[: k - 1])
        total += n - k
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    b = jnp.where(jnp.eye(n, dtype=bool), 1, b + 1)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.sum(jnp.maximum(0, a - k) * (b <= k))
""",
        ],
        "Your ranks in the data count the sample itself": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 2 - k) for j in in_map[:k])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.sum(jax.nn.relu(a + 1 - k) * (b <= k))
""",
        ],
        "Your sign before the 1 in the factor is wrong": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[:k])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k + 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return 1 - 2 / (n * k * (2 * n - 3 * k + 1)) * jnp.sum(jnp.maximum(0, a - k) * (b <= k))
""",
        ],
        "Your factor lacks K": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[:k])
    return 1 - 2 * total / (n * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return 1 - 2 / n / (2 * n - 3 * k - 1) * jnp.sum(jnp.maximum(0, a - k) * (b <= k))
""",
        ],
        "Your factor lacks n": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[:k])
    return 1 - 2 * total / (k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return 1 - 2 / k / (2 * n - 3 * k - 1) * jnp.sum(jnp.maximum(0, a - k) * (b <= k))
""",
        ],
        "You left out the maximum with 0": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(in_data.index(j) + 1 - k for j in in_map[:k])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.sum((a - k) * (b <= k))
""",
        ],
        "You returned the share of neighbors that are kept, the recall": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += len(set(in_data[:k]) & set(in_map[:k]))
    return total / (n * k)
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return jnp.sum((a <= k) * (b <= k)) / n / k
""",
        ],
        "You took the rank of i among the neighbors of j": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        near = ((x[:, None] - x) ** 2).sum(-1)
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, int((near[j] <= near[j, i]).sum()) - 1 - k) for j in in_map[:k])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.sum(jnp.maximum(0, a.T - k) * (b <= k))
""",
        ],
        "You took one neighbor more than K": [
            """
def trustworthiness(x, y, n_neighbors):
    x, y, n, k = np.asarray(x), np.asarray(y), len(x), n_neighbors
    total = 0
    for i in range(n):
        in_data = [j for j in np.argsort(((x - x[i]) ** 2).sum(1)) if j != i]
        in_map = [j for j in np.argsort(((y - y[i]) ** 2).sum(1)) if j != i]
        total += sum(max(0, in_data.index(j) + 1 - k) for j in in_map[: k + 1])
    return 1 - 2 * total / (n * k * (2 * n - 3 * k - 1))
""",
            """
def trustworthiness(x, y, n_neighbors):
    n, k = len(x), n_neighbors

    def ranks(z):
        d = jnp.sum((z[:, None] - z) ** 2, axis=-1) + jnp.diag(jnp.full(n, jnp.inf))
        return jnp.sum(d[:, None, :] < d[:, :, None], axis=-1) + 1

    a, b = ranks(x), ranks(y)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * jnp.sum(jnp.maximum(0, a - k) * (b <= k + 1))
""",
        ],
    },
}
