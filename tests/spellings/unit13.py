"""Known mistakes of sheet 13, as students write them: with NumPy, and with loops or other algebra."""


def _second(row, end=("np.array(rows)", "rows")):
    """13.1 time by time with `jax.grad`, and by `jax.vmap` of `jax.jacfwd`; d(k, s) is derivative k at the time s."""
    return [
        f"""
def second_derivative(u, params, t):
    def d(k, s):
        g = lambda one: u(params, one)
        for _ in range(k):
            g = jax.grad(g)
        return g(s)
    rows = [{row} for s in t]
    return {end[0]}
""",
        f"""
def second_derivative(u, params, t):
    def d(k, s):
        g = u
        for _ in range(k):
            g = jax.jacfwd(g, argnums=1)
        return g(params, s)
    rows = jax.vmap(lambda s: {row})(t)
    return {end[1]}
""",
    ]


def _times(*bodies):
    """13.1 in one line each."""
    return [f"def second_derivative(u, params, t):\n    return {body}\n" for body in bodies]


_EVERY = """
def diffusion_residual(u, params, x, t, diffusivity):
    def at(a, b):
        curvature = jax.grad(jax.grad(u, argnums=1), argnums=1)
        return jax.grad(u, argnums=2)(params, a, b) - diffusivity * curvature(params, a, b)
"""


def _residual(row, end=("np.array(rows)", "rows"), points=("zip(x, t)", "x, t")):
    """13.2 point by point, and by `jax.vmap`; p(1, 1) is d^2 u / dx^2, p(2) is du/dt."""
    return [
        f"""
def diffusion_residual(u, params, x, t, diffusivity):
    def at(a, b):
        def p(*over):
            g = u
            for place in over:
                g = jax.grad(g, argnums=place)
            return g(params, a, b)
        return {row}
    rows = [at(a, b) for a, b in {points[0]}]
    return {end[0]}
""",
        f"""
def diffusion_residual(u, params, x, t, diffusivity):
    def at(a, b):
        def p(*over):
            g = lambda *z: u(params, *z)
            for place in over:
                g = jax.jacfwd(g, argnums=place - 1)
            return g(a, b)
        return {row}
    rows = jax.vmap(at)({points[1]})
    return {end[1]}
""",
    ]


_TERMS = ("w[0] * np.mean(r**2)", "w[1] * np.mean(s**2)", "w[2] * np.mean(e**2)")
_PARTS = ("w[0] * m(r)", "w[1] * m(s)", "w[2] * m(e)")
_WHOLE, _OTHER = " + ".join(_TERMS), " + ".join(_PARTS)


def _loss(
    whole=_WHOLE,
    other=_OTHER,
    equation="diffusion_residual(u, params, x, t, diffusivity)",
    start="u(params, a, 0.0) - c",
    surfaces=("u(params, 0.0, b)", "u(params, thickness, b)"),
):
    """13.3 with NumPy, and with lists; r, s, e are the errors of equation, start and surfaces, f and b of one each."""
    head = f"""
def pinn_loss(u, params, interior, initial, times, thickness, diffusivity, weights):
    x, t, w = interior[:, 0], interior[:, 1], weights
    r = {equation}
    front = jax.vmap(lambda b: {surfaces[0]})(times)
    back = jax.vmap(lambda b: {surfaces[1]})(times)
"""
    return [
        head
        + f"""
    s = jax.vmap(lambda a, c: {start})(initial[:, 0], initial[:, 1])
    r, s, f, b, w = (np.asarray(one) for one in (r, s, front, back, w))
    e = np.concatenate([f, b])
    return {whole}
""",
        head
        + f"""
    s = jnp.stack([{start} for a, c in initial])
    r, s, f, b, w = (np.asarray(one).tolist() for one in (r, s, front, back, w))
    e = f + b
    m = lambda errors: sum(one**2 for one in errors) / len(errors)
    return {other}
""",
    ]


def _rod(value, window="4 * x * (L - x) / L**2", line="left + (right - left) * x / L", z="network(params, x, t)"):
    """13.4 for all points with NumPy (w, line, share and z are arrays), and point by point."""
    return [
        f"""
def hard_constraint(network, params, x, t, length, duration, ends, rise):
    L, share = length, np.asarray(t / duration)
    z = np.asarray(jax.vmap(lambda x, t: {z})(x, t))
    left, right = np.asarray(ends)
    x, t = np.asarray(x), np.asarray(t)
    w, line = {window}, {line}
    return {value}
""",
        f"""
def hard_constraint(network, params, x, t, length, duration, ends, rise):
    L, result = length, []
    left, right = ends[0], ends[1]
    for x, t in zip(x, t):
        share = t / duration
        z, w, line = {z}, {window}, {line}
        result.append({value})
    return jnp.array(result)
""",
    ]


def _fourier(
    k="2 * np.pi * np.fft.fftfreq(n, d)",
    factor="(1j * k) ** order",
    end="np.real",
    d="length / n",
    mode="2 * np.pi * m / length",
    modes="[m if 2 * m < n else m - n for m in range(n)]",
    last=None,
):
    """13.5 with `np.fft`, and with sums of waves."""
    return [
        f"""
def fft_derivative(values, length, order):
    values = np.asarray(values)
    n = len(values)
    d = {d}
    k = {k}
    return {end}(np.fft.ifft({factor} * np.fft.fft(values)))
""",
        f"""
def fft_derivative(values, length, order):
    n = len(values)
    v, d = np.asarray(values).astype(float), {d}
    k = np.array([{mode} for m in {modes}])
    j = np.arange(n)
    waves = np.exp(-2j * np.pi * np.outer(j, j) / n)
    coefficients = {factor} * (waves @ v)
    return {last or end}((waves.conj() @ coefficients) / n)
""",
    ]


def _step(
    k2="f(t + h / 2, y + h / 2 * k1)",
    k3="f(t + h / 2, y + h / 2 * k2)",
    k4="f(t + h, y + h * k3)",
    end="y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)",
    a=(0.5, 0.5, 1.0),
    c=(0.5, 0.5, 1.0),
    b=(1, 2, 2, 1),
    last="y + h * total / 6",
):
    """13.6 line by line with NumPy, and as a loop over the table of the method."""
    return [
        f"""
def rk4_step(f, t, y, h):
    y = np.asarray(y)
    k1 = np.asarray(f(t, y))
    k2 = np.asarray({k2})
    k3 = np.asarray({k3})
    k4 = np.asarray({k4})
    return {end}
""",
        f"""
def rk4_step(f, t, y, h):
    k = f(t, y)
    total = {b[0]} * k
    for along, later, weight in zip({a}, {c}, {b[1:]}):
        k = f(t + later * h, y + along * h * k)
        total = total + weight * k
    return {last}
""",
    ]


def _slopes(*bodies):
    """13.6 in other words."""
    return [f"def rk4_step(f, t, y, h):\n    {body}\n" for body in bodies]


def _alloys(
    first="o**2",
    second="np.maximum(0, q) ** 2",
    third="np.maximum(0, -m) ** 2",
    whole="c + weight * ({first} + {second} + {third})",
    end=("{}", "np.array(result)"),
    weak="1 - p / needed",
    total="np.sum({}, axis=1)",
    each="sum({} for m in row)",
):
    """13.7 with NumPy, and alloy by alloy; o, q, m are the sum less 1, what is missing of the strength, a share."""
    inner = {"first": first, "second": second}
    one = whole.format(**inner, third=total.format(third))
    other = whole.format(**inner, third=each.format(third))
    return [
        f"""
def alloy_loss(shares, cost, strength, needed, weight):
    m = np.asarray(shares)
    d = m.shape[1]
    c, p, o = m @ np.asarray(cost), m @ np.asarray(strength), m.sum(axis=1) - 1
    q = {weak}
    return {end[0].format(one)}
""",
        f"""
def alloy_loss(shares, cost, strength, needed, weight):
    result = []
    for row in np.asarray(shares):
        c = sum(a * b for a, b in zip(row, np.asarray(cost)))
        p = sum(a * b for a, b in zip(row, np.asarray(strength)))
        d, o, q = len(row), sum(row) - 1, {weak}
        result.append({other})
    return {end[1]}
""",
    ]


def _path(step="s + h * f(params, s)", count="n_steps", end=("np.array(path)", "path"), start="y"):
    """13.8 with a list, and with an array that is filled; s is a state, i counts the steps."""
    return [
        f"""
def neural_euler(f, params, y, h, n_steps):
    s, path = {start}, [y]
    for i in range({count}):
        s = {step}
        path.append(s)
    return {end[0]}
""",
        f"""
def neural_euler(f, params, y, h, n_steps):
    path = jnp.zeros(({count} + 1, len(y))).at[0].set(y)
    for i in range({count}):
        s = path[i]
        path = path.at[i + 1].set({step})
    return {end[1]}
""",
    ]


_RISE = "line + w * (rise + share * z)"

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "second_derivative": {
        "You returned the first": _second("d(1, s)"),
        "You squared the first": _second("d(1, s) * d(1, s)"),
        "You took three": _second("d(3, s)"),
        "You returned the predictions": _second("d(0, s)"),
        "You added the derivatives": _second("d(2, s)", ("sum(rows)", "rows.sum()")),
        "You halved": _second("0.5 * d(2, s)"),
        "Your result is a matrix": _times(
            "jax.jacfwd(jax.vmap(jax.grad(u, 1), (None, 0)), 1)(params, t)",
            "jax.jacrev(jax.vmap(lambda s: jax.grad(u, argnums=1)(params, s)))(t)",
        ),
        "You took differences": [
            "def second_derivative(u, params, t):\n"
            "    values, t = np.array([u(params, s) for s in t]), np.asarray(t)\n"
            "    return np.gradient(np.gradient(values, t), t)\n",
            "def second_derivative(u, params, t):\n"
            "    slope = jnp.gradient(jax.vmap(u, in_axes=(None, 0))(params, t), t)\n"
            "    return jnp.gradient(slope, t)\n",
        ],
        "You took the derivative at the first": _times(
            "jax.grad(jax.grad(lambda s: u(params, s)))(t[0])", "jax.hessian(u, argnums=1)(params, t[0])"
        ),
        "Your second `jax.grad`": _times(
            "jax.vmap(lambda s: jax.grad(jax.grad(u, 1), 0)(params, s))(t)",
            "jnp.stack([jax.grad(lambda p: jax.grad(u, 1)(p, s))(params) for s in t])",
        ),
        "You took the derivative with respect": _times(
            "jax.vmap(jax.jacfwd(u), (None, 0))(params, t)", "jnp.stack([jax.grad(u)(params, s) for s in t])"
        ),
    },
    "diffusion_residual": {
        "You added D": _residual("p(2) + diffusivity * p(1, 1)"),
        "Your sign is reversed": _residual("diffusivity * p(1, 1) - p(2)"),
        "You exchanged x and t": _residual("p(1) - diffusivity * p(2, 2)"),
        "You called u with t": _residual("p(2) - diffusivity * p(1, 1)", points=("zip(t, x)", "t, x")),
        "You took one derivative": _residual("p(2) - diffusivity * p(1)"),
        "You took two derivatives": _residual("p(2, 2) - diffusivity * p(1, 1)"),
        "The diffusivity is missing": _residual("p(2) - p(1, 1)"),
        "You left out du/dt": _residual("-diffusivity * p(1, 1)"),
        "You returned du/dt": _residual("p(2)"),
        "You squared the residual": _residual("(p(2) - diffusivity * p(1, 1)) ** 2"),
        "You returned the magnitude": _residual("jnp.abs(p(2) - diffusivity * p(1, 1))"),
        "You averaged the squared": _residual(
            "(p(2) - diffusivity * p(1, 1)) ** 2", end=("np.mean(rows)", "rows.sum() / len(x)")
        ),
        "You combined every x": [
            _EVERY + "    return jax.vmap(lambda a: jax.vmap(lambda b: at(a, b))(t))(x)\n",
            _EVERY + "    a, b = np.repeat(x, len(t)), np.tile(t, len(x))\n"
            "    return np.asarray(jax.vmap(at)(a, b)).reshape(len(x), len(t))\n",
        ],
    },
    "pinn_loss": {
        "You added up the squares": _loss(
            "w[0] * np.sum(r**2) + w[1] * np.sum(s**2) + w[2] * np.sum(e**2)",
            "w[0] * m(r) * len(r) + w[1] * m(s) * len(s) + w[2] * m(e) * len(e)",
        ),
        "You added up both": _loss(
            f"{_TERMS[0]} + {_TERMS[1]} + w[2] * (np.mean(f**2) + np.mean(b**2))",
            f"{_PARTS[0]} + {_PARTS[1]} + w[2] * m(f) + w[2] * m(b)",
        ),
        "You took the mean over all points": _loss(
            "np.mean(np.concatenate([w[0] * r**2, w[1] * s**2, w[2] * e**2]))",
            "(w[0] * m(r) * len(r) + w[1] * m(s) * len(s) + w[2] * m(e) * len(e)) / (len(r) + len(s) + len(e))",
        ),
        "You squared the means": _loss(
            "w[0] * r.mean() ** 2 + w[1] * s.mean() ** 2 + w[2] * e.mean() ** 2",
            "sum(a * (sum(v) / len(v)) ** 2 for a, v in zip(w, (r, s, e)))",
        ),
        "You took absolute": _loss(
            "w[0] * np.abs(r).mean() + w[1] * np.abs(s).mean() + w[2] * np.abs(e).mean()",
            "sum(a * sum(abs(one) for one in v) / len(v) for a, v in zip(w, (r, s, e)))",
        ),
        "You left out the weights": _loss("np.mean(r**2) + np.mean(s**2) + np.mean(e**2)", "m(r) + m(s) + m(e)"),
        "You squared the weights": _loss(
            "np.mean((w[0] * r) ** 2) + np.mean((w[1] * s) ** 2) + np.mean((w[2] * e) ** 2)",
            "sum(a * a * m(v) for a, v in zip(w, (r, s, e)))",
        ),
        "You divided by 3": _loss(f"np.mean([{', '.join(_TERMS)}])", f"({' + '.join(_PARTS)}) / len(w)"),
        "You exchanged the weights": _loss(
            f"{_TERMS[0]} + w[2] * np.mean(s**2) + w[1] * np.mean(e**2)", "w[0] * m(r) + w[1] * m(e) + w[2] * m(s)"
        ),
        "You returned the three": _loss(f"np.array([{', '.join(_TERMS)}])", f"[{', '.join(_PARTS)}]"),
        "You left out the equation": _loss(f"{_TERMS[1]} + {_TERMS[2]}", f"{_PARTS[1]} + {_PARTS[2]}"),
        "You left out the start": _loss(f"{_TERMS[0]} + {_TERMS[2]}", f"{_PARTS[0]} + {_PARTS[2]}"),
        "You left out the surfaces": _loss(f"{_TERMS[0]} + {_TERMS[1]}", f"{_PARTS[0]} + {_PARTS[1]}"),
        "You asked at the surface x = 0": _loss(
            f"{_TERMS[0]} + {_TERMS[1]} + w[2] * np.mean(f**2)", f"{_PARTS[0]} + {_PARTS[1]} + w[2] * m(f)"
        ),
        "You asked at the surface x = thickness": _loss(
            f"{_TERMS[0]} + {_TERMS[1]} + w[2] * np.mean(b**2)", f"{_PARTS[0]} + {_PARTS[1]} + w[2] * m(b)"
        ),
        "You compared the start": _loss(start="u(params, a, 0.0)"),
        "You took the second column": _loss(start="u(params, a, c)"),
        "You compared each prediction": _loss(
            f"{_TERMS[0]} + w[1] * np.mean((s[:, None] - np.asarray(initial)[:, 1]) ** 2) + {_TERMS[2]}",
            f"{_PARTS[0]} + {_PARTS[2]} + w[1] * np.mean([(one - c) ** 2 for one in s for c in initial[:, 1]])",
            start="u(params, a, 0.0)",
        ),
        "You exchanged the columns": _loss(equation="diffusion_residual(u, params, t, x, diffusivity)"),
        "You exchanged x and t": _loss(surfaces=("u(params, b, 0.0)", "u(params, b, thickness)")),
    },
    "hard_constraint": {
        "The factor t / duration": _rod("line + w * (rise + z)"),
        "You multiplied the network by t": _rod("line + w * rise + w * t * z"),
        "You multiplied by 1 - t": _rod("line + w * (rise + (1 - share) * z)"),
        "You let the start fade": _rod("line + w * (rise + share * (z - rise))"),
        "The network is not": _rod("line + w * rise + share * z"),
        "You left out the 4": _rod(_RISE, window="x * (L - x) / L**2"),
        "You divided by L:": _rod(_RISE, window="4 * x * (1 - x / L)"),
        "You did not divide": _rod(_RISE, window="4 * x * (L - x)"),
        "You left out the parabola": _rod("line + w * share * z"),
        "You added the rise": _rod("line + rise + w * share * z"),
        "You left out the line": _rod("w * (rise + share * z)"),
        "You exchanged left": _rod(_RISE, line="right + (left - right) * x / L"),
        "Your line starts": _rod(_RISE, line="(right - left) / L * x"),
        "You left out the network": _rod("line + w * rise"),
        "You called the network": _rod(_RISE, z="network(params, t, x)"),
        "You gave the network": _rod(_RISE, z="network(params, x / length, t / duration)"),
    },
    "fft_derivative": {
        "The factor 2 pi": _fourier(k="np.fft.fftfreq(n, d)", mode="m / length"),
        "You left the length": _fourier(k="np.fft.fftfreq(n) * n", mode="m"),
        "You took the length": _fourier(d="length", mode="2 * np.pi * m / (n * length)"),
        "You left out the distance": _fourier(d="1", mode="2 * np.pi * m / n"),
        "Your points are": _fourier(d="length / (n - 1)", mode="2 * np.pi * m / (n * d)"),
        "You counted all": _fourier(k="2 * np.pi * np.arange(n) / length", modes="range(n)"),
        "You took the magnitude": _fourier(
            k="np.abs(2 * np.pi * np.fft.fftfreq(n, d))", mode="2 * np.pi * abs(m) / length"
        ),
        "You shifted": _fourier(
            k="2 * np.pi * np.fft.fftshift(np.fft.fftfreq(n, d))", modes="[m - n // 2 for m in range(n)]"
        ),
        "The i is missing": _fourier(factor="k**order"),
        "You did not raise": _fourier(factor="1j * k**order"),
        "You took the first": _fourier(factor="1j * k"),
        "You multiplied i k": _fourier(factor="order * 1j * k"),
        "Your sign": _fourier(factor="(-1j * k) ** order"),
        "You returned complex": _fourier(end="np.asarray"),
        "You returned magnitudes": _fourier(end="np.abs"),
        "You took the imaginary": _fourier(end="np.imag"),
        "You returned the coefficients": _fourier(end="np.fft.fft", last="np.fft.fft"),
        "You set the fastest": _fourier(factor="np.where((n % 2 == 0) & (np.arange(n) == n // 2), 0, 1j * k) ** order"),
        "You set a wave": _fourier(
            factor="np.where((order % 2 == 1) & (np.arange(n) == n // 2), 0, 1) * (1j * k) ** order"
        ),
        "You set the wave n // 2": _fourier(factor="(1j * np.where(np.arange(n) == n // 2, 0, k)) ** order"),
        "You took differences": [
            """
def fft_derivative(values, length, order):
    values = np.asarray(values, float)
    for _ in range(order):
        values = (np.roll(values, -1) - np.roll(values, 1)) * len(values) / (2 * length)
    return values
""",
            """
def fft_derivative(values, length, order):
    n = len(values)
    for _ in range(order):
        values = [(values[(j + 1) % n] - values[j - 1]) / (2 * length / n) for j in range(n)]
    return jnp.array(values)
""",
        ],
        "Your waves have": [
            """
def fft_derivative(values, length, order):
    k = 2 * np.pi * np.fft.rfftfreq(len(values), length / len(values))
    return np.fft.irfft((1j * k) ** order * np.fft.rfft(values))
""",
            """
def fft_derivative(values, length, order):
    c = jnp.fft.rfft(values)
    m = jnp.arange(len(c))
    return jnp.fft.irfft(c * (2j * jnp.pi / length * m) ** order)
""",
        ],
    },
    "rk4_step": {
        "You took a step of Euler": _step(end="y + h * k1", b=(6, 0, 0, 0)),
        "You took the midpoint": _step(end="y + h * k2", b=(0, 6, 0, 0)),
        "You took Heun": _slopes(
            "k1 = f(t, y)\n    k2 = f(t + h, y + h * k1)\n    return y + 0.5 * h * (k1 + k2)",
            "e = np.asarray(y + h * f(t, y))\n    return (np.asarray(y) + e + h * np.asarray(f(t + h, e))) / 2",
        ),
        "You took the plain mean": _step(end="y + h * (k1 + k2 + k3 + k4) / 4", b=(1.5, 1.5, 1.5, 1.5)),
        "You divided the sum": _step(end="y + h / 6 * (k1 + k2 + k3 + k4)", b=(1, 1, 1, 1)),
        "You did not divide": _step(end="y + h * (k1 + 2 * k2 + 2 * k3 + k4)", last="y + h * total"),
        "You multiplied k1 alone": _step(
            end="y + h / 6 * k1 + 2 * k2 + 2 * k3 + k4", last="y + total - (1 - h / 6) * f(t, y)"
        ),
        "You left the h out of the last": _step(end="y + (k1 + 2 * k2 + 2 * k3 + k4) / 6", last="y + total / 6"),
        "You multiplied by h twice": _step(
            end="y + h / 6 * (h * k1 + 2 * h * k2 + 2 * h * k3 + h * k4)", last="y + h**2 * total / 6"
        ),
        "You left the time at t": _step(
            "f(t, y + h / 2 * k1)", "f(t, y + h / 2 * k2)", "f(t, y + h * k3)", c=(0, 0, 0)
        ),
        "You left the time of k4": _step(k4="f(t + h / 2, y + h * k3)", c=(0.5, 0.5, 0.5)),
        "You went half a step for k4: ": _step(k4="f(t + h, y + h / 2 * k3)", a=(0.5, 0.5, 0.5)),
        "You went half a step for k4, ": _step(k4="f(t + h / 2, y + h / 2 * k3)", a=(0.5, 0.5, 0.5), c=(0.5, 0.5, 0.5)),
        "You went a whole step for k2 and k3: ": _step(
            "f(t + h / 2, y + h * k1)", "f(t + h / 2, y + h * k2)", a=(1, 1, 1)
        ),
        "You went a whole step for k2 and k3, ": _step(
            "f(t + h, y + h * k1)", "f(t + h, y + h * k2)", a=(1, 1, 1), c=(1, 1, 1)
        ),
        "Your k3 goes along k1": [
            _step(k3="f(t + h / 2, y + h / 2 * k1)")[0],
            *_slopes(
                "k1 = f(t, y)\n    k2 = f(t + h / 2, y + h / 2 * k1)\n    "
                "return y + h / 6 * (k1 + 4 * k2 + f(t + h, y + h * k2))"
            ),
        ],
        "You left h out of the states": [
            _step("f(t + h / 2, y + k1 / 2)", "f(t + h / 2, y + k2 / 2)", "f(t + h, y + k3)")[0],
            _step()[1].replace("along * h * k", "along * k"),
        ],
        "You went on from": [
            """
def rk4_step(f, t, y, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * (k1 + k2))
    k4 = f(t + h, y + h / 2 * (k1 + k2) + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
""",
            """
def rk4_step(f, t, y, h):
    y = np.asarray(y)
    start, total = y, 0
    for along, later, weight in [(0.5, 0, 1), (0.5, 0.5, 2), (1, 0.5, 2), (0, 1, 1)]:
        k = np.asarray(f(t + later * h, y))
        y = y + along * h * k
        total = total + weight * k
    return start + h / 6 * total
""",
        ],
        "You returned the change": _step(end="h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)", last="h * total / 6"),
        "You returned the mean slope": _step(end="(k1 + 2 * k2 + 2 * k3 + k4) / 6", last="total / 6"),
    },
    "alloy_loss": {
        "You squared without": _alloys(second="q**2", third="m**2"),
        "Too much strength": _alloys(second="q**2"),
        "You punish shares above": _alloys(third="m**2"),
        "You punish positive": _alloys(third="np.maximum(0, m) ** 2"),
        "You punish strength": _alloys(second="np.minimum(0, q) ** 2"),
        "A sum below 1": _alloys(first="np.maximum(o, 0) ** 2"),
        "A sum above 1": _alloys(first="np.maximum(-o, 0) ** 2"),
        "You took magnitudes": _alloys("np.abs(o)", "np.maximum(0, q)", "np.maximum(0, -m)"),
        "You did not square": _alloys(second="np.maximum(0, q)", third="np.maximum(0, -m)"),
        "You squared the sum of the negative": _alloys(
            third="np.minimum(0, m)", total="np.sum({}, axis=1) ** 2", each="sum({} for m in row) ** 2"
        ),
        "You averaged": _alloys(total="np.mean({}, axis=1)", each="np.mean([{} for m in row])"),
        "You added the negative": _alloys(total="np.sum({})", each="sum({} for m in np.ravel(shares))"),
        "You left out the negative": _alloys(third="0 * m"),
        "You left out the strength": _alloys(second="0"),
        "You left out the equality": _alloys(first="0"),
        "You subtracted the strength": _alloys(weak="needed - p"),
        "The weight is missing": _alloys(whole="c + {first} + {second} + {third}"),
        "You multiplied the first": _alloys(whole="c + weight * {first} + {second} + {third}"),
        "You multiplied the cost": _alloys(whole="weight * (c + {first} + {second} + {third})"),
        "You subtracted the penalty": _alloys(whole="c - weight * ({first} + {second} + {third})"),
        "You left out the cost": _alloys(whole="weight * ({first} + {second} + {third})"),
        "You returned the cost": _alloys(whole="c"),
        "You added up all": _alloys(end=("np.sum({})", "sum(result)")),
    },
    "neural_euler": {
        "You returned the last": _path(end=("s", "path[-1]")),
        "Row 0": _path(end=("np.array(path)[1:]", "path[1:]")),
        "The last state": _path(end=("np.array(path)[:-1]", "path[:-1]")),
        "You took a step too many": _path(count="n_steps + 1"),
        "Your path is transposed": _path(end=("np.array(path).T", "path.T")),
        "You repeated the slope": _path(step="s + h * f(params, y)"),
        "Each of your steps": _path(step="y + h * f(params, y)"),
        "You added each change": _path(step="y + h * f(params, s)"),
        "You left out h": _path(step="s + f(params, s)"),
        "You subtracted": _path(step="s - h * f(params, s)"),
        "You divided h": _path(step="s + h / n_steps * f(params, s)"),
        "You replaced": _path(step="h * f(params, s)"),
        "You took the output": _path(step="f(params, s)"),
        "You kept the changes": _path(end=("np.diff(path, axis=0, prepend=0)", "jnp.diff(path, axis=0, prepend=0)")),
        "You took steps of Heun": _path(step="s + h / 2 * (f(params, s) + f(params, s + h * f(params, s)))"),
        "You repeated the given": _path(step="y"),
        "You took one step": [
            "def neural_euler(f, params, y, h, n_steps):\n    return np.array([y, y + h * n_steps * f(params, y)])\n",
            "def neural_euler(f, params, y, h, n_steps):\n"
            "    total = h * n_steps\n"
            "    return jnp.stack([y, y + total * f(params, y)])\n",
        ],
    },
}
