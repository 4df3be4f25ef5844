"""Known mistakes of sheet 14, as students write them: with NumPy, and with loops or other algebra."""


def _importance(
    change="z[:, j] = x[o, j]",
    step="new[i][j] = rows[order[i]][j]",
    end=("np.mean((p - y) ** 2) - np.mean((q - y) ** 2)", "after - before"),
    each="(one - y) ** 2",
    targets="pass",
):
    """14.1 with NumPy, and entry by entry; q are the predictions before, p those after."""
    return [
        f"""
def permutation_importance(predict, x, y, feature, order):
    x, y, o, j = np.asarray(x), np.asarray(y), np.asarray(order), feature
    z = x.copy()
    {change}
    q, p = np.asarray(predict(x)), np.asarray(predict(z))
    return {end[0]}
""",
        f"""
def permutation_importance(predict, x, y, feature, order):
    j, n, rows = feature, len(y), np.asarray(x).tolist()
    new = [list(row) for row in rows]
    for i in range(n):
        {step}
    q, p, values = predict(x), predict(jnp.array(new)), y
    error = lambda predictions, values: sum({each} for one, y in zip(predictions, values)) / n
    before, after = error(q, values), error(p, values)
    {targets}
    return {end[1]}
""",
    ]


_SIZES = "math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)"


def _shares(
    weight=_SIZES,
    other="1 / (d * math.comb(d - 1, size))",
    rows="background",
    v=("np.mean(predict(rows))", "predict(rows).mean()"),
    gain=("v((*s, j)) - v(s)", "v(mask | 1 << j) - v(mask)"),
):
    """14.2 with combinations of features, and with the bits of numbers for sets."""
    return [
        f"""
def shapley_values(predict, point, background):
    from itertools import combinations

    d = len(point)

    def v(known):
        rows = np.array({rows})
        for j in known:
            rows[:, j] = point[j]
        return {v[0]}

    phi = np.zeros(d)
    for j in range(d):
        for size in range(d):
            for s in combinations([k for k in range(d) if k != j], size):
                phi[j] += {weight} * ({gain[0]})
    return phi
""",
        f"""
def shapley_values(predict, point, background):
    d = len(point)

    def value(mask):
        known = jnp.array([mask >> j & 1 for j in range(d)]) == 1
        rows = jnp.where(known, point, {rows})
        return {v[1]}

    values = [value(mask) for mask in range(2**d)]
    v = values.__getitem__
    phi = []
    for j in range(d):
        total = 0.0
        for mask in range(2**d):
            if not mask >> j & 1:
                size = bin(mask).count("1")
                total += {other} * ({gain[1]})
        phi.append(total)
    return jnp.stack(phi)
""",
    ]


def _lime(
    weight="np.exp(-r2 / width**2)",
    r2=("np.sum(u**2, axis=1)", "sum(one**2 for one in row)"),
    ones=("np.column_stack([np.ones(len(u)), u])", "[1.0, *row]"),
    end="c[1:]",
    square="w",
    u="(z - x) / s",
):
    """14.3 by the normal equations, and by least squares of rows; r2 are squared distances, w the weights."""
    return [
        f"""
def lime_weights(predict, point, samples, scale, width):
    z, x, s = (np.asarray(one, float) for one in (samples, point, scale))
    u = {u}
    r2 = {r2[0]}
    w = {weight}
    w = {square}
    design, y = {ones[0]}, np.asarray(predict(samples), float)
    c = np.linalg.solve(design.T @ (w[:, None] * design), design.T @ (w * y))
    return {end}
""",
        f"""
def lime_weights(predict, point, samples, scale, width):
    x, s, design, distances = np.asarray(point, float), np.asarray(scale, float), [], []
    for z in np.asarray(samples, float):
        row = {u}
        design.append({ones[1]})
        distances.append({r2[1]})
    r2 = np.array(distances)
    w = {weight}
    root = np.sqrt({square})
    c = np.linalg.lstsq(root[:, None] * np.array(design), root * np.asarray(predict(samples)), rcond=None)[0]
    return {end}
""",
    ]


def _gradients(along="(k + 0.5) / n_steps", count="n_steps", at="b + {a} * (x - b)", end=("(x - b) * mean", "")):
    """14.4 step by step, and by `jax.vmap`; mean is that of the gradients."""
    return [
        f"""
def integrated_gradients(f, point, baseline, n_steps):
    x, b, total = np.asarray(point), np.asarray(baseline), 0.0
    for k in range({count}):
        total = total + np.asarray(jax.grad(f)(jnp.array({at.format(a=f"({along})")})))
    mean = total / ({count})
    return {end[0]}
""",
        f"""
def integrated_gradients(f, point, baseline, n_steps):
    x, b = point, baseline
    slope = jax.vmap(lambda k: jax.jacfwd(f)({at.format(a=f"({along})")}))(jnp.arange({count}) * 1.0)
    mean = jnp.sum(slope, axis=0) / len(slope)
    return {end[1] or end[0]}
""",
    ]


def _sobol(
    first="np.mean(yb * (yj - ya)) / V",
    total="np.mean((ya - yj) ** 2) / (2 * V)",
    variance=("np.var(np.concatenate([ya, yb]))", "sum((one - mean) ** 2 for one in both) / len(both)"),
    mixed="a, b",
    end="S, T",
    other=(None, None),
):
    """14.5 with NumPy, and with sums over the rows."""
    other_first = other[0] or "sum(r * (p - q) for q, r, p in zip(ya, yb, yj)) / n / V"
    other_total = other[1] or "sum((q - p) ** 2 for q, r, p in zip(ya, yb, yj)) / n / V / 2"
    return [
        f"""
def sobol_indices(predict, a, b):
    ya, yb, S, T = np.asarray(predict(a)), np.asarray(predict(b)), [], []
    V, n = {variance[0]}, len(a)
    for j in range(a.shape[1]):
        one, two = np.array(({mixed})[0]), np.asarray(({mixed})[1])
        one[:, j] = two[:, j]
        yj = np.asarray(predict(one))
        S.append({first})
        T.append({total})
    S, T = np.array(S), np.array(T)
    return {end}
""",
        f"""
def sobol_indices(predict, a, b):
    n, d = a.shape
    ya, yb = np.asarray(predict(a), float).tolist(), np.asarray(predict(b), float).tolist()
    both = [*ya, *yb]
    mean = sum(both) / len(both)
    V, S, T = {variance[1]}, [], []
    for j in range(d):
        one, two = {mixed}
        yj = np.asarray(predict(jnp.where(jnp.arange(d) == j, two, one)), float).tolist()
        S.append({other_first})
        T.append({other_total})
    S, T = jnp.array(S), jnp.array(T)
    return {end}
""",
    ]


def _step(
    goal="weight * (f(z) - target) ** 2",
    close="jnp.sum(((z - origin) / scale) ** 2)",
    end="jnp.clip(candidate - learning_rate * scale**2 * g, lower, upper)",
    slopes=("weight * 2 * miss * df", "2 * (candidate - origin) / scale**2"),
    last="np.minimum(np.maximum(z - learning_rate * s**2 * g, lower), upper)",
    start="candidate",
):
    """14.6 by `jax.grad` of the loss, and with the derivatives of the squares by hand; g is the gradient."""
    return [
        f"""
def counterfactual_step(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    candidate = {start}
    g = jax.grad(lambda z: {goal} + {close})(candidate)
    return {end}
""",
        f"""
def counterfactual_step(f, candidate, origin, scale, target, weight, learning_rate, lower, upper):
    candidate = {start}
    z, s, miss, df = np.asarray(candidate), np.asarray(scale), f(candidate) - target, jax.grad(f)(candidate)
    g = np.asarray({slopes[0]} + {slopes[1]})
    return {last}
""",
    ]


def _scores(
    mean="t.mean(axis=0)",
    cov="np.cov(t, rowvar=False)",
    end="np.sqrt(np.einsum('ij,jk,ik->i', r, np.linalg.inv(C), r))",
    other=(None, None, None),
    each="math.sqrt(row @ np.linalg.solve(C, row))",
):
    """14.7 with `np.cov`, and row by row; r is x less the mean, C the covariance matrix."""
    mu, center, divisor = (
        one or own for one, own in zip(other, ("sum(t) / len(t)", "mu", "(len(t) - 1)"), strict=True)
    )
    return [
        f"""
def mahalanobis_scores(train, x):
    t, x = np.asarray(train, float), np.asarray(x, float)
    r, C = x - {mean}, {cov}
    return {end}
""",
        f"""
def mahalanobis_scores(train, x):
    t, x = np.asarray(train, float), np.asarray(x, float)
    mu = {mu}
    C = sum(np.outer(row - {center}, row - {center}) for row in t) / {divisor}
    return np.array([{each} for row in x - mu])
""",
    ]


def _effect(
    total="total += share * (y1.mean() - y0.mean())",
    share="here.sum() / n",
    skip="not here.any()",
    end="total",
    other="np.sum(np.where(c1 + c0 > 0, p * (s1 / c1 - s0 / c0), 0.0))",
    p="(c1 + c0) / len(y)",
):
    """14.8 stratum by stratum, and with `np.bincount`; y1 and y0 are outcomes, c1 and c0 numbers, s1 and s0 sums."""
    return [
        f"""
def backdoor_effect(treated, outcome, stratum, n_strata):
    t, y, z = np.asarray(treated), np.asarray(outcome), np.asarray(stratum)
    n, total, weights, gains = len(y), 0.0, 0.0, []
    for k in range(n_strata):
        here = z == k
        y1, y0 = y[here & (t == 1)], y[here & (t == 0)]
        if {skip}:
            continue
        share = {share}
        weights += share
        {total}
    return {end}
""",
        f"""
def backdoor_effect(treated, outcome, stratum, n_strata):
    t, y, z = np.asarray(treated), np.asarray(outcome, float), np.asarray(stratum)
    c1, c0 = (np.bincount(z[t == k], minlength=n_strata) for k in (1, 0))
    s1, s0 = (np.bincount(z[t == k], y[t == k], minlength=n_strata) for k in (1, 0))
    p = {p}
    return {other}
""",
    ]


def _body(head, *bodies):
    """Another way to write it, in a few lines each."""
    return [f"def {head}:\n    {body}\n" for body in bodies]


_SOBOL_OTHER = "sum(r * (p - q) for q, r, p in zip(ya, yb, yj))", "sum((q - p) ** 2 for q, r, p in zip(ya, yb, yj))"
_EFFECT = "backdoor_effect(treated, outcome, stratum, n_strata)"
_RATIO = "np.sum(np.where(c1 + c0 > 0, p * (s1 / c1 - s0 / c0), 0.0)) / np.sum(p)"

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "permutation_importance": {
        "You put whole rows": _importance("z = x[o]", "new[i] = rows[order[i]]"),
        "You changed all columns": _importance(
            "z = x[o]; z[:, j] = x[:, j]",
            "new[i] = [b if k == j else a for k, (a, b) in enumerate(zip(rows[order[i]], rows[i]))]",
        ),
        "You put y into": _importance(
            end=("np.mean((p - y[o]) ** 2) - np.mean((q - y) ** 2)", "after - before"),
            targets="after = error(p, [y[i] for i in order])",
        ),
        "Your sign": _importance(end=("np.mean((q - y) ** 2) - np.mean((p - y) ** 2)", "before - after")),
        "You returned the error": _importance(end=("np.mean((p - y) ** 2)", "after")),
        "You divided both": _importance(end=("np.mean((p - y) ** 2) / np.mean((q - y) ** 2)", "after / before")),
        "You added up": _importance(end=("np.sum((p - y) ** 2) - np.sum((q - y) ** 2)", "n * after - n * before")),
        "You took roots": _importance(
            end=("np.sqrt(np.mean((p - y) ** 2)) - np.mean((q - y) ** 2) ** 0.5", "after**0.5 - before**0.5")
        ),
        "You took absolute": _importance(
            end=("np.abs(p - y).mean() - np.abs(q - y).mean()", "after - before"), each="abs(one - y)"
        ),
        "You compared the predictions": _importance(end=("np.mean((p - q) ** 2)", "error(p, q)")),
        "You sent the value": _importance("z[o, j] = x[:, j]", "new[order[i]][j] = rows[i][j]"),
        "You put the mean": _importance("z[:, j] = x[:, j].mean()", "new[i][j] = sum(row[j] for row in rows) / n"),
    },
    "shapley_values": {
        "You set unknown": _shares(rows="0 * background"),
        "You predicted for the mean": _shares(rows="background.mean(axis=0, keepdims=True)"),
        "You took the first row": _shares(v=("predict(rows)[0]", "predict(rows[:1])[0]")),
        "You added up the predictions": _shares(v=("np.sum(predict(rows))", "predict(rows).sum()")),
        "You gave all sets": _shares("1 / 2 ** (d - 1)", "0.5 ** (d - 1)"),
        "You removed each": _shares("(size == d - 1)", "(size == d - 1)"),
        "You added each": _shares("(size == 0)", "(mask == 0)"),
        "You divided by (d - 1)!": _shares(
            "math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d - 1)", "1 / math.comb(d - 1, size)"
        ),
        "You left out d!": _shares(
            "math.factorial(size) * math.factorial(d - size - 1)",
            "math.factorial(d) / (d * math.comb(d - 1, size))",
        ),
        "You exchanged known": _shares(gain=("v(s) - v((*s, j))", "v(mask) - v(mask | 1 << j)")),
        "You added the features": _shares("(s == tuple(range(j)))", "(mask == 2**j - 1)"),
    },
    "lime_weights": {
        "You left out the weights": _lime("np.ones(len(r2))"),
        "You multiplied the rows": _lime(square="w**2"),
        "The intercept": _lime(ones=("u", "row"), end="c"),
        "You returned the intercept": _lime(end="c"),
        "You divided by `width`": _lime("np.exp(-r2 / width)"),
        "You divided by 2": _lime("np.exp(-r2 / (2 * width**2))"),
        "Your weights fall": _lime("np.exp(-np.sqrt(r2) / width)"),
        "You averaged": _lime(r2=("np.mean(u**2, axis=1)", "np.mean(row**2)")),
        "Your coefficients": _lime(end="c[1:] / s"),
        "You measured distances": _lime(r2=("np.sum((z - x) ** 2, axis=1)", "sum((z - x) ** 2)")),
        "Your distances": _lime(
            r2=(
                "np.sum(((z - z.mean(axis=0)) / s) ** 2, axis=1)",
                "np.sum(((z - np.mean(samples, axis=0)) / s) ** 2)",
            )
        ),
        "You fitted one": [
            """
def lime_weights(predict, point, samples, scale, width):
    u, y = np.asarray((samples - point) / scale, float), np.asarray(predict(samples), float)
    w = np.exp(-np.sum(u**2, axis=1) / width**2)
    w, c = w / w.sum(), []
    for column in u.T:
        off = column - w @ column
        c.append(w @ (off * y) / (w @ off**2))
    return np.array(c)
""",
            """
def lime_weights(predict, point, samples, scale, width):
    u, y = np.asarray((samples - point) / scale, float), np.asarray(predict(samples), float)
    root = np.exp(-np.sum(u**2, axis=1) / width**2 / 2)
    return np.array([np.polyfit(u[:, j], y, 1, w=root)[0] for j in range(len(point))])
""",
        ],
    },
    "integrated_gradients": {
        "You took the gradient at the start": _gradients("k / n_steps"),
        "You took the gradient at the end": _gradients("(k + 1) / n_steps"),
        "You averaged over both": _gradients("k / n_steps", "n_steps + 1"),
        "You averaged the gradients": _gradients(end=("mean", "")),
        "You multiplied by the point": _gradients(end=("x * mean", "")),
        "You ignored": _gradients(at="{a} * x", end=("x * mean", "")),
        "Your walk starts": _gradients(at="{a} * x"),
        "Your walk passes": _gradients(at="{a} * (x - b)"),
        "You added up the gradients": _gradients(end=("(x - b) * total", "(x - b) * jnp.sum(slope, axis=0)")),
        "You took the gradient at the point": _gradients(at="x + 0 * {a}"),
        "Your sign": _gradients(end=("(b - x) * mean", "")),
        "You added up the features": _gradients(end=("np.sum((x - b) * mean)", "mean @ (x - b)")),
    },
    "sobol_indices": {
        "You took b with": _sobol(mixed="b, a"),
        "You multiplied": _sobol(
            "np.mean(ya * (yj - ya)) / V", other=("sum(q * (p - q) for q, p in zip(ya, yj)) / n / V", None)
        ),
        "You did not subtract": _sobol(
            "np.mean(yb * yj) / V", other=("sum(r * p for r, p in zip(yb, yj)) / n / V", None)
        ),
        "You took the variance of y_A": _sobol(variance=("np.var(ya)", "np.mean((np.array(ya) - sum(ya) / n) ** 2)")),
        "You divided the variance": _sobol(
            variance=("np.var(np.append(ya, yb), ddof=1)", "sum((one - mean) ** 2 for one in both) / (2 * n - 1)")
        ),
        "You left out the 2": _sobol(total="np.mean((ya - yj) ** 2) / V", other=(None, _SOBOL_OTHER[1] + " / n / V")),
        "You compared": _sobol(
            total="np.mean((yb - yj) ** 2) / (2 * V)",
            other=(None, "sum((r - p) ** 2 for r, p in zip(yb, yj)) / (2 * n * V)"),
        ),
        "You took 1 minus": _sobol(end="S, 1 - S"),
        "You exchanged": _sobol(end="T, S"),
        "You divided by the standard": _sobol(
            variance=("np.std(np.concatenate([ya, yb]))", "(sum((one - mean) ** 2 for one in both) / len(both)) ** 0.5")
        ),
        "You did not divide": _sobol(variance=("1.0", "1.0")),
        "You added up": _sobol(
            "np.sum(yb * (yj - ya)) / V",
            "np.sum((ya - yj) ** 2) / (2 * V)",
            other=(_SOBOL_OTHER[0] + " / V", _SOBOL_OTHER[1] + " / (2 * V)"),
        ),
    },
    "counterfactual_step": {
        "You went up": _step(
            end="jnp.clip(candidate + learning_rate * scale**2 * g, lower, upper)",
            last="np.minimum(np.maximum(z + learning_rate * s**2 * g, lower), upper)",
        ),
        "You forgot the bounds": _step(
            end="candidate - learning_rate * scale**2 * g", last="z - learning_rate * s**2 * g"
        ),
        "You applied": _step(
            end="candidate - learning_rate * scale**2 * g",
            last="z - learning_rate * s**2 * g",
            start="jnp.clip(candidate, lower, upper)",
        ),
        "You left out the distance": _step(close="0.0", slopes=("2 * weight * miss * df", "0.0")),
        "You left out the target": _step(goal="0.0", slopes=("0.0", "2 * (candidate - origin) / scale**2")),
        "You halved": _step(
            goal="weight / 2 * (f(z) - target) ** 2",
            close="jnp.sum(((z - origin) / scale) ** 2) / 2",
            slopes=("weight * miss * df", "(candidate - origin) / scale**2"),
        ),
        "You gave the weight": _step(
            goal="(f(z) - target) ** 2",
            close="weight * jnp.sum(((z - origin) / scale) ** 2)",
            slopes=("2 * miss * df", "2 * weight * (candidate - origin) / scale**2"),
        ),
        "You took f - target": _step(
            goal="weight * (f(z) - target)", slopes=("weight * df", "2 * (candidate - origin) / scale**2")
        ),
        "You measured": _step(
            close="jnp.sum((z - origin) ** 2)", slopes=("weight * 2 * miss * df", "2 * (candidate - origin)")
        ),
        "Your step lacks": _step(
            end="jnp.clip(candidate - learning_rate * g, lower, upper)",
            last="np.minimum(np.maximum(z - learning_rate * g, lower), upper)",
        ),
        "You multiplied": _step(
            end="jnp.clip(candidate - learning_rate * scale * g, lower, upper)",
            last="np.minimum(np.maximum(z - learning_rate * s * g, lower), upper)",
        ),
        "Your step begins": _step(
            end="jnp.clip(origin - learning_rate * scale**2 * g, lower, upper)",
            last="np.minimum(np.maximum(origin - learning_rate * s**2 * g, lower), upper)",
        ),
    },
    "mahalanobis_scores": {
        "You returned the squares": _scores(
            end="np.sum(r @ np.linalg.inv(C) * r, axis=1)", each="row @ np.linalg.solve(C, row)"
        ),
        "You divided the covariance": _scores(cov="np.cov(t.T, ddof=0)", other=(None, None, "len(t)")),
        "You fitted mean": _scores(
            "x.mean(axis=0)", "np.cov(x, rowvar=False)", other=("(t := x).mean(axis=0)", None, None)
        ),
        "You took the mean of x": _scores("x.mean(axis=0)", other=("sum(x) / len(x)", "t.mean(axis=0)", None)),
        "You fitted to both": _scores(
            "np.vstack([t, x]).mean(axis=0)",
            "np.cov(np.vstack([t, x]), rowvar=False)",
            other=("(t := np.array([*t, *x])).mean(axis=0)", None, None),
        ),
        "You took the distance": _scores(end="np.sqrt(np.sum(r**2, axis=1))", each="np.linalg.norm(row)"),
        "You divided by the standard": _scores(
            end="np.linalg.norm(r / t.std(axis=0, ddof=1), axis=1)", each="math.sqrt(sum(row**2 / np.diag(C)))"
        ),
        "You multiplied": _scores(end="np.sqrt(np.sum(r @ C * r, axis=1))", each="math.sqrt(row @ C @ row)"),
        "You did not subtract the mean from x": _scores(
            "0", each="math.sqrt((row + mu) @ np.linalg.inv(C) @ (row + mu))"
        ),
        "You did not subtract the mean in": _scores(cov="t.T @ t / (len(t) - 1)", other=(None, "0", None)),
        "You took the correlation": _scores(
            cov="np.corrcoef(t, rowvar=False)",
            each="math.sqrt(row @ np.linalg.solve(C / np.sqrt(np.outer(np.diag(C), np.diag(C))), row))",
        ),
    },
    "backdoor_effect": {
        "You compared": _body(
            _EFFECT,
            "y, t = np.asarray(outcome), np.asarray(treated)\n    return y[t == 1].mean() - y[t == 0].mean()",
            "t = treated * 1.0\n    return t @ outcome / t.sum() - (1 - t) @ outcome / (1 - t).sum()",
        ),
        "You gave all strata": _effect(share="1.0", end="total / weights", other=_RATIO, p="(c1 + c0 > 0) * 1.0"),
        "You weighted with the share among the treated": _effect(
            share="len(y1) / n", end="total / weights", other=_RATIO, p="c1"
        ),
        "You weighted with the share among the untreated": _effect(
            share="len(y0) / n", end="total / weights", other=_RATIO, p="c0"
        ),
        "Your sign": _effect(
            "total += share * (y0.mean() - y1.mean())",
            other="np.sum(np.where(c1 + c0 > 0, p * (s0 / c0 - s1 / c1), 0.0))",
        ),
        "You returned the mean": _effect(
            "total += share * y1.mean()", other="np.sum(np.where(c1 + c0 > 0, p * s1 / c1, 0.0))"
        ),
        "You weighted with the numbers": _effect(share="here.sum()", p="c1 + c0"),
        "You took sums": _effect("total += share * (y1.sum() - y0.sum())", other="np.sum(p * (s1 - s0))"),
        "You returned the effect": _effect(
            "gains.append(y1.mean() - y0.mean())", skip="False", end="np.array(gains)", other="s1 / c1 - s0 / c0"
        ),
        "A stratum without": _effect(skip="False", other="np.sum(p * (s1 / c1 - s0 / c0))"),
        "You left out a stratum": _effect(
            skip="len(y1) == 0 or len(y0) == 0", other="np.nansum(p * (s1 / c1 - s0 / c0))"
        ),
    },
}
