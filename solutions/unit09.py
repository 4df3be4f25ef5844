"""Unit 9, representation: the reference answers and their specification."""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int
from mfml.grading.key.specification import exercise


def _squared_distances(x):
    return jnp.sum((x[:, None] - x) ** 2, axis=-1)


# ---------------------------------------------------------------- 9.1


@exercise(
    points=5,
    hints=(
        "Each pair (i, j) has a probability from each of its ends: average the two.",
        'The lesson\'s section "A shadow and two maps", equation 9.2. The transpose holds the probabilities from the '
        "other end; n is the number of rows.",
        "`(conditional + conditional.T) / (2 * len(conditional))`.",
    ),
    why="Without the average, an outlier that is nobody's neighbor could land anywhere in the map.",
)
def joint_probabilities(conditional: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Joint probabilities."""
    return (conditional + conditional.T) / (2 * len(conditional))


def _rows(key, n):
    p = jax.random.uniform(key, (n, n)) * (1 - jnp.eye(n))
    return p / p.sum(axis=1, keepdims=True)


@joint_probabilities.inputs("three samples", points=1)
def _(key):
    return dict(conditional=jnp.array([[0.0, 0.9, 0.1], [0.7, 0.0, 0.3], [0.4, 0.6, 0.0]]))


@joint_probabilities.inputs("random rows", points=2)
def _(key):
    return dict(conditional=_rows(key, 7))


@joint_probabilities.inputs("an outlier that nobody counts as a neighbor", points=1, hidden=True)
def _(key):
    p = _rows(key, 5).at[:, 4].set(0.0)
    return dict(conditional=p / p.sum(axis=1, keepdims=True))


@joint_probabilities.mistake("Your entries add up to n: there are n rows of sum 1, so divide by 2 n, not by 2.")
def _(conditional):
    return (conditional + conditional.T) / 2


@joint_probabilities.mistake("Your entries add up to 2: you added two tables, so divide by 2 n, not by n.")
def _(conditional):
    return (conditional + conditional.T) / len(conditional)


@joint_probabilities.mistake("Your table is not symmetric: add the transpose before you divide.")
def _(conditional):
    return conditional / len(conditional)


@joint_probabilities.mistake("You divided by the number of entries: divide by 2 n, twice the number of samples.")
def _(conditional):
    return (conditional + conditional.T) / (2 * conditional.size)


@joint_probabilities.mistake("You multiplied the two probabilities of each pair: add them.")
def _(conditional):
    return conditional * conditional.T / (2 * len(conditional))


@joint_probabilities.mistake("You took the matrix product with the transpose: add the two tables.")
def _(conditional):
    return conditional @ conditional.T / (2 * len(conditional))


@joint_probabilities.mistake("You divided only one of the two tables: set parentheses around their sum.")
def _(conditional):
    return conditional + conditional.T / (2 * len(conditional))


@joint_probabilities.mistake("You divided by 2 n - 2: n counts all samples, so divide by 2 n.")
def _(conditional):
    return (conditional + conditional.T) / (2 * len(conditional) - 2)


@joint_probabilities.mistake("You divided each row by its sum: there is one divisor for the whole table, 2 n.")
def _(conditional):
    both = conditional + conditional.T
    return both / both.sum(axis=1, keepdims=True)


@joint_probabilities.mistake("You united the two probabilities as UMAP does, a + b - a b: here it is (a + b) / (2 n).")
def _(conditional):
    return conditional + conditional.T - conditional * conditional.T


@joint_probabilities.mistake("You divided by 2 and then multiplied by n: set parentheses around 2 n.")
def _(conditional):
    return (conditional + conditional.T) / 2 * len(conditional)


@joint_probabilities.mistake("You subtracted the transpose: add it.")
def _(conditional):
    return (conditional - conditional.T) / (2 * len(conditional))


@joint_probabilities.mistake("You took the larger of the two probabilities: average them.")
def _(conditional):
    return jnp.maximum(conditional, conditional.T) / len(conditional)


@joint_probabilities.mistake("You left out the divisor: divide the sum of the two tables by 2 n.")
def _(conditional):
    return conditional + conditional.T


# ---------------------------------------------------------------- 9.2


def _bisection(flat, low, high, rounds):
    """Where `flat` turns from True to False, by so many rounds."""

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        return jnp.where(flat(middle), middle, low), jnp.where(flat(middle), high, middle)

    low, high = jax.lax.fori_loop(0, rounds, halve, (low, high))
    return (low + high) / 2


@exercise(
    points=9,
    rtol=2e-5,  # right answers may round beta times squared before they subtract
    atol=1e-5,
    hints=(
        "For one beta you can compute p and its perplexity. A larger beta means fewer neighbors: how would you find "
        "the right one by trying?",
        'The lesson\'s section "A shadow and two maps", equation 9.1. Find beta by bisection: keep a bracket for ln '
        "beta, test its middle, and keep the half that holds the answer; `jax.lax.fori_loop` repeats it. Entropy and "
        "ln(perplexity) are both in nats, and 0 ln 0 counts as 0.",
        "Start with low, high = -20.0, 20.0. With p = `jax.nn.softmax(-jnp.exp(middle) * squared)` and H = "
        "`jnp.sum(jax.scipy.special.entr(p))`: if H > ln(perplexity), set low to the middle, otherwise high. After 50 "
        "rounds return p of the middle.",
    ),
    why="With the same perplexity everywhere, t-SNE draws dense and sparse regions at the same size.",
)
def perplexity_row(squared: Float[Array, " k"], perplexity: float) -> Float[Array, " k"]:
    """Search for the perplexity."""

    def p(log_beta):
        return jax.nn.softmax(-jnp.exp(log_beta) * squared)

    def flat(log_beta):
        return jnp.sum(jax.scipy.special.entr(p(log_beta))) > jnp.log(perplexity)

    return p(_bisection(flat, -20.0, 20.0, 50))


@perplexity_row.inputs("five neighbors", points=2)
def _(key):
    return dict(squared=jnp.array([1.0, 2.0, 4.0, 9.0, 16.0]), perplexity=3.0)


@perplexity_row.inputs("random neighbors", points=2)
def _(key):
    return dict(squared=jnp.sort(4 * jax.random.uniform(key, (20,)) ** 2) + 0.5, perplexity=7.0)


@perplexity_row.inputs("neighbors that are all far away", points=1, hidden=True)
def _(key):
    """Without a shift, exponentials of distances so large are 0 for every beta of the bracket."""
    return dict(squared=1e10 * jnp.array([6.0, 6.01, 6.03, 6.07, 6.12, 6.25]), perplexity=3.0)


@perplexity_row.inputs("neighbors that are all very near", points=1, hidden=True)
def _(key):
    return dict(squared=1e-8 * jnp.array([1.0, 2.0, 4.0, 9.0, 16.0]), perplexity=3.0)


@perplexity_row.inputs("neighbors that are equally far", points=1, hidden=True)
def _(key):
    return dict(squared=jnp.array([2.0, 5.0, 2.0, 5.0, 2.0, 9.0]), perplexity=4.0)


@perplexity_row.inputs("one that is so far away that its p is 0", points=1, hidden=True)
def _(key):
    return dict(squared=jnp.array([1.0, 2.0, 3.0, 1e12]), perplexity=2.0)


def _p(squared, log_beta):
    return jax.nn.softmax(-jnp.exp(log_beta) * squared)


def _unshifted(squared, log_beta):
    e = jnp.exp(-jnp.exp(log_beta) * squared)
    return e / e.sum()


def _entropy(p):
    return jnp.sum(jax.scipy.special.entr(p))


def _naive_entropy(p):
    return -jnp.sum(p * jnp.log(p))


def _log_beta(squared, wanted, entropy=_entropy, p=_p):
    return _bisection(lambda log_beta: entropy(p(squared, log_beta)) > wanted, -20.0, 20.0, 50)


def _log_beta_up(squared, wanted, entropy=_entropy, p=_p):
    """The same with the comparison turned round, so that NaN raises beta."""
    return _bisection(lambda log_beta: ~(entropy(p(squared, log_beta)) < wanted), -20.0, 20.0, 50)


@perplexity_row.mistake(
    "You compared an entropy in bits with the natural logarithm of the perplexity: use the same logarithm for both."
)
def _(squared, perplexity):
    return _p(squared, _log_beta(squared, jnp.log(perplexity) * jnp.log(2.0)))


@perplexity_row.mistake("You mixed nats and bits: an entropy in nats belongs to exp and ln, not to 2 ** H and log2.")
def _(squared, perplexity):
    return _p(squared, _log_beta(squared, jnp.log2(perplexity)))


@perplexity_row.mistake(
    "Your search ends at the smallest beta, where p is uniform: compare the entropy, a sum, with ln(perplexity)."
)
def _(squared, perplexity):
    return _p(squared, _log_beta(squared, perplexity))


@perplexity_row.mistake(
    "You kept the wrong half: where the entropy is too large, beta is too small, so low moves to the middle."
)
def _(squared, perplexity):
    return _p(squared, _bisection(lambda b: _entropy(_p(squared, b)) <= jnp.log(perplexity), -20.0, 20.0, 50))


@perplexity_row.mistake("You used the perplexity as beta: search for the beta whose p has that perplexity.")
def _(squared, perplexity):
    return _p(squared, jnp.log(perplexity))


@perplexity_row.mistake("You put distances into the exponent: use their squares, which the input already holds.")
def _(squared, perplexity):
    return _p(jnp.sqrt(squared), _log_beta(jnp.sqrt(squared), jnp.log(perplexity)))


@perplexity_row.mistake("You squared the input: it already holds the squares of the distances.")
def _(squared, perplexity):
    return _p(squared**2, _log_beta(squared**2, jnp.log(perplexity)))


@perplexity_row.mistake("Your exponentials are not normalized: divide by their sum to make p add up to 1.")
def _(squared, perplexity):
    p = _p(squared, _log_beta(squared, jnp.log(perplexity)))
    return p / p.max()


@perplexity_row.mistake("You returned the exponentials as they are: divide them by their sum.")
def _(squared, perplexity):
    return jnp.exp(-jnp.exp(_log_beta(squared, jnp.log(perplexity))) * squared)


@perplexity_row.mistake("You returned beta: return the probabilities p that belong to it.")
def _(squared, perplexity):
    return jnp.exp(_log_beta(squared, jnp.log(perplexity)))


@perplexity_row.mistake("Your exponentials all became 0, and 0/0 is NaN: subtract the smallest squared distance first.")
def _(squared, perplexity):
    return _unshifted(squared, _log_beta(squared, jnp.log(perplexity), p=_unshifted))


@perplexity_row.mistake(
    "For a large beta your exponentials all became 0, and 0/0 is NaN: subtract the smallest squared distance first."
)
def _(squared, perplexity):
    return _unshifted(squared, _log_beta_up(squared, jnp.log(perplexity), p=_unshifted))


@perplexity_row.mistake(
    "Exponentials became 0 in two places: subtract the smallest squared distance first, and count 0 ln 0 as 0."
)
def _(squared, perplexity):
    return _unshifted(squared, _log_beta(squared, jnp.log(perplexity), _naive_entropy, _unshifted))


@perplexity_row.mistake("Your entropy is NaN where an entry of p is 0, and the search goes astray: count 0 ln 0 as 0.")
def _(squared, perplexity):
    return _p(squared, _log_beta(squared, jnp.log(perplexity), _naive_entropy))


@perplexity_row.mistake("For a large beta entries of p are 0, and your entropy is NaN: count 0 ln 0 as 0.")
def _(squared, perplexity):
    return _p(squared, _log_beta_up(squared, jnp.log(perplexity), _naive_entropy))


@perplexity_row.mistake("Your bracket ends before the solution: let ln beta lie between -20 and 20.")
def _(squared, perplexity):
    return _p(squared, _bisection(lambda b: _entropy(_p(squared, b)) > jnp.log(perplexity), -10.0, 10.0, 50))


@perplexity_row.mistake("Your bracket is far too narrow: let ln beta lie between -20 and 20.")
def _(squared, perplexity):
    return _p(squared, _bisection(lambda b: _entropy(_p(squared, b)) > jnp.log(perplexity), -5.0, 5.0, 50))


@perplexity_row.mistake("You stopped too early: p is close, but 50 rounds make it accurate.")
def _(squared, perplexity):
    return _p(squared, _bisection(lambda b: _entropy(_p(squared, b)) > jnp.log(perplexity), -20.0, 20.0, 15))


@perplexity_row.mistake("You searched for the perplexity + 1: the sample itself is not among the k others.")
def _(squared, perplexity):
    return _p(squared, _log_beta(squared, jnp.log(perplexity + 1)))


@perplexity_row.mistake("You did not search: beta = 1 has another perplexity.")
def _(squared, perplexity):
    return jax.nn.softmax(-squared)


@perplexity_row.mistake("You divided by twice the perplexity: search for the beta whose p has that perplexity.")
def _(squared, perplexity):
    return jax.nn.softmax(-squared / (2 * perplexity))


# ---------------------------------------------------------------- 9.3


@exercise(
    points=5,
    hints=(
        "Make the table of squared distances first. Which entries of the result must be 0?",
        'The lesson\'s section "A shadow and two maps", equation 9.3: a heavy tail in place of a Gaussian, and '
        "ONE sum over all pairs.",
        "near = 1 / (1 + squared) * (1 - jnp.eye(n)); return near / near.sum().",
    ),
    why="The heavy tail gives room to moderately distant samples and so ends the crowding in the middle of the map.",
)
def embedding_probabilities(y: Float[Array, "n k"]) -> Float[Array, "n n"]:
    """Probabilities in the embedding."""
    near = (1 - jnp.eye(len(y))) / (1 + _squared_distances(y))
    return near / near.sum()


@embedding_probabilities.inputs("four points", points=1)
def _(key):
    return dict(y=jnp.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [4.0, 4.0]]))


@embedding_probabilities.inputs("random points", points=2)
def _(key):
    return dict(y=3 * jax.random.normal(key, (9, 2)))


@embedding_probabilities.inputs("two points on top of each other, one coordinate", points=1, hidden=True)
def _(key):
    return dict(y=jnp.array([[1.0], [1.0], [-2.0]]))


def _near(y):
    return (1 - jnp.eye(len(y))) / (1 + _squared_distances(y))


@embedding_probabilities.mistake("A point is not its own neighbor: set the diagonal to 0 before you sum.")
def _(y):
    near = 1 / (1 + _squared_distances(y))
    return near / near.sum()


@embedding_probabilities.mistake("You set the diagonal to 0 after dividing: it must not count in the sum either.")
def _(y):
    near = 1 / (1 + _squared_distances(y))
    return near / near.sum() * (1 - jnp.eye(len(y)))


@embedding_probabilities.mistake("Your rows add up to 1: in the embedding there is one sum over ALL pairs.")
def _(y):
    return _near(y) / _near(y).sum(axis=1, keepdims=True)


@embedding_probabilities.mistake("You took a Gaussian: in the embedding the curve is 1 / (1 + squared distance).")
def _(y):
    near = jnp.exp(-_squared_distances(y)) * (1 - jnp.eye(len(y)))
    return near / near.sum()


@embedding_probabilities.mistake("You took the distance, not its square: sum the squared differences, without a root.")
def _(y):
    near = (1 - jnp.eye(len(y))) / (1 + jnp.sqrt(_squared_distances(y)))
    return near / near.sum()


@embedding_probabilities.mistake("Your table is not normalized: divide by Z, the sum of all its entries.")
def _(y):
    return _near(y)


@embedding_probabilities.mistake("You left out the 1 below the fraction: the curve is 1 / (1 + squared distance).")
def _(y):
    other = ~jnp.eye(len(y), dtype=bool)
    near = jnp.where(other, 1 / jnp.where(other, _squared_distances(y), 1.0), 0.0)
    return near / near.sum()


@embedding_probabilities.mistake("You divided by the number of pairs: divide by Z, the sum over all pairs.")
def _(y):
    return _near(y) / (len(y) * (len(y) - 1))


@embedding_probabilities.mistake("You squared 1 / (1 + squared distance): it stands there once.")
def _(y):
    return _near(y) ** 2 / jnp.sum(_near(y) ** 2)


@embedding_probabilities.mistake(
    "You divided the columns by their sums: in the embedding there is one sum over ALL pairs."
)
def _(y):
    return _near(y) / _near(y).sum(axis=0)


@embedding_probabilities.mistake(
    "You took 1 + squared distance itself: near points need a large probability, so take 1 over it."
)
def _(y):
    far = (1 + _squared_distances(y)) * (1 - jnp.eye(len(y)))
    return far / far.sum()


@embedding_probabilities.mistake(
    "You added up the differences before you squared: square the difference of each coordinate, then add."
)
def _(y):
    near = (1 - jnp.eye(len(y))) / (1 + jnp.sum(y[:, None] - y, axis=-1) ** 2)
    return near / near.sum()


# ---------------------------------------------------------------- 9.4


@exercise(
    points=7,
    hints=(
        "Every pair is a spring between y_i and y_j. How strong is it, and which way does it pull?",
        'The lesson\'s section "A shadow and two maps", equation 9.5. Three factors for each pair: p - q, '
        "1 / (1 + squared distance), and the difference y_i - y_j; sum over j, times 4. Exercise 9.3 gives Q.",
        "spring = (p - q) / (1 + squared); return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1).",
    ),
    why="t-SNE is this force, applied again and again: neighbors attract, and all points repel each other.",
)
def tsne_gradient(p: Float[Array, "n n"], y: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """Gradient of t-SNE."""
    spring = (p - embedding_probabilities(y)) / (1 + _squared_distances(y))
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.inputs("three points", points=2)
def _(key):
    p = jnp.array([[0.0, 0.3, 0.05], [0.3, 0.0, 0.15], [0.05, 0.15, 0.0]])
    return dict(p=p, y=jnp.array([[0.0, 0.0], [2.0, 1.0], [-1.0, 3.0]]))


@tsne_gradient.inputs("random points", points=2)
def _(key):
    a, b = jax.random.split(key)
    return dict(p=joint_probabilities(_rows(a, 8)), y=2 * jax.random.normal(b, (8, 2)))


@tsne_gradient.inputs("three coordinates, and early exaggeration: P times 12", points=1)
def _(key):
    a, b = jax.random.split(key)
    return dict(p=12 * joint_probabilities(_rows(a, 6)), y=jax.random.normal(b, (6, 3)))


@tsne_gradient.inputs("points on top of each other", points=1, hidden=True)
def _(key):
    y = jnp.array([[0.0, 0.0], [0.0, 0.0], [3.0, 1.0], [-1.0, 2.0]])
    return dict(p=joint_probabilities(_rows(key, 4)), y=y)


def _force(p, y, power=1):
    spring = (p - embedding_probabilities(y)) / (1 + _squared_distances(y)) ** power
    return jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("You left out the factor 4: each pair occurs twice, and the square gives another 2.")
def _(p, y):
    return _force(p, y)


@tsne_gradient.mistake("Your sign is wrong: take p - q, not q - p, and y_i - y_j, and sum over j, which is `axis=1`.")
def _(p, y):
    return -4 * _force(p, y)


@tsne_gradient.mistake("You left out the factor 1 / (1 + squared distance), which comes from the heavy tail.")
def _(p, y):
    return 4 * _force(p, y, power=0)


@tsne_gradient.mistake("You summed the positions of the partners: each force acts along the difference y_i - y_j.")
def _(p, y):
    spring = (p - embedding_probabilities(y)) / (1 + _squared_distances(y))
    return 4 * jnp.sum(spring[:, :, None] * y, axis=1)


@tsne_gradient.mistake("You summed only the attraction: subtract Q from P, or all points collapse into one.")
def _(p, y):
    spring = p / (1 + _squared_distances(y))
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("Your factor is 2 instead of 4: each pair occurs in the sum as (i, j) and as (j, i).")
def _(p, y):
    return 2 * _force(p, y)


@tsne_gradient.mistake(
    "Your sign is wrong, and the factor 4 is missing: take p - q and y_i - y_j, sum over j, times 4."
)
def _(p, y):
    return -_force(p, y)


@tsne_gradient.mistake(
    "You differentiated KL(P || Q) for a P that does not add up to 1: use the formula, in which Q is not rescaled."
)
def _(p, y):
    spring = (p - p.sum() * embedding_probabilities(y)) / (1 + _squared_distances(y))
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("You divided by (1 + squared distance) twice: besides that in q there is one factor.")
def _(p, y):
    return 4 * _force(p, y, power=2)


@tsne_gradient.mistake("Your Q is not normalized: q is 1 / (1 + squared distance) over the sum of all pairs.")
def _(p, y):
    near = _near(y)
    return 4 * jnp.sum(((p - near) * near)[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("Your Z counts each point with itself: set the diagonal to 0 before you sum.")
def _(p, y):
    w = 1 / (1 + _squared_distances(y))
    spring = (p - w / w.sum()) * w
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("You multiplied by q instead of 1 / (1 + squared distance): this factor is not normalized.")
def _(p, y):
    q = embedding_probabilities(y)
    spring = (p - q) * q
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("The rows of your Q add up to 1: there is one sum over ALL pairs.")
def _(p, y):
    near = _near(y)
    spring = (p - near / near.sum(axis=1, keepdims=True)) * near
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("You multiplied by 1 + squared distance: divide by it.")
def _(p, y):
    spring = (p - embedding_probabilities(y)) * (1 + _squared_distances(y))
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("You scaled P to the sum 1: early exaggeration multiplies P, and the formula takes P as it is.")
def _(p, y):
    spring = (p / p.sum() - embedding_probabilities(y)) / (1 + _squared_distances(y))
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


@tsne_gradient.mistake("You took the distance, not its square: sum the squared differences, without a root.")
def _(p, y):
    near = (1 - jnp.eye(len(y))) / (1 + jnp.sqrt(_squared_distances(y)))
    spring = (p - near / near.sum()) * near
    return 4 * jnp.sum(spring[:, :, None] * (y[:, None] - y), axis=1)


# ---------------------------------------------------------------- 9.5


@exercise(
    points=5,
    hints=(
        "How much farther than the nearest neighbor is each of them?",
        'The lesson\'s section "A shadow and two maps", equation 9.6. rho is the first column, as distances rise along '
        "each row; `sigma[:, None]` divides row by row.",
        "`jnp.exp(-jnp.maximum(0, distances - distances[:, :1]) / sigma[:, None])`.",
    ),
    why="Every sample has a neighbor at full strength, so no sample is isolated, however distant it is.",
)
def umap_memberships(distances: Float[Array, "n k"], sigma: Float[Array, " n"]) -> Float[Array, "n k"]:
    """Memberships of UMAP."""
    return jnp.exp(-(distances - distances[:, :1]) / sigma[:, None])  # never below 0, since distances rise


@umap_memberships.inputs("two samples", points=1)
def _(key):
    return dict(distances=jnp.array([[1.0, 2.0, 3.0], [0.5, 0.5, 4.0]]), sigma=jnp.array([1.0, 2.0]))


@umap_memberships.inputs("random distances", points=2)
def _(key):
    a, b = jax.random.split(key)
    distances = jnp.sort(3 * jax.random.uniform(a, (6, 5)) + 0.2, axis=1)
    return dict(distances=distances, sigma=jax.random.uniform(b, (6,)) + 0.5)


@umap_memberships.inputs("an outlier, and as many samples as neighbors", points=1, hidden=True)
def _(key):
    distances = jnp.array([[0.1, 0.2, 0.9], [90.0, 91.0, 95.0], [1.0, 1.0, 1.0]])
    return dict(distances=distances, sigma=jnp.array([0.3, 0.5, 1.0]))


@umap_memberships.mistake("You left out rho: subtract each row's smallest distance, and the nearest one has 1.")
def _(distances, sigma):
    return jnp.exp(-distances / sigma[:, None])


@umap_memberships.mistake("You squared the distance: UMAP's memberships fall like exp(-d), t-SNE's like exp(-d^2).")
def _(distances, sigma):
    return jnp.exp(-((distances - distances[:, :1]) ** 2) / sigma[:, None])


@umap_memberships.mistake("You subtracted the smallest distance of the whole table: each sample has its own rho.")
def _(distances, sigma):
    return jnp.exp(-jnp.maximum(0, distances - distances.min()) / sigma[:, None])


@umap_memberships.mistake("You multiplied by sigma: a larger width means a slower fall, so divide.")
def _(distances, sigma):
    return jnp.exp(-jnp.maximum(0, distances - distances[:, :1]) * sigma[:, None])


@umap_memberships.mistake("You divided along the wrong axis: each row has its own sigma, so write `sigma[:, None]`.")
def _(distances, sigma):
    return jnp.exp(-(distances - distances[:, :1]) / sigma)


@umap_memberships.mistake("You divided two exponentials that both became 0: subtract the distances first.")
def _(distances, sigma):
    return jnp.exp(-distances / sigma[:, None]) / jnp.exp(-distances[:, :1] / sigma[:, None])


@umap_memberships.mistake("You subtracted the first row: rho is the first column, `distances[:, :1]`.")
def _(distances, sigma):
    return jnp.exp(-jnp.maximum(0, distances - distances[0]) / sigma[:, None])


@umap_memberships.mistake("Your memberships grow with the distance: the exponent is negative.")
def _(distances, sigma):
    return jnp.exp((distances - distances[:, :1]) / sigma[:, None])


@umap_memberships.mistake("You forgot sigma: divide by each row's width.")
def _(distances, sigma):
    return jnp.exp(-(distances - distances[:, :1]))


@umap_memberships.mistake("You normalized each row: memberships are strengths, and need not add up to 1.")
def _(distances, sigma):
    w = jnp.exp(-jnp.maximum(0, distances - distances[:, :1]) / sigma[:, None])
    return w / w.sum(axis=1, keepdims=True)


@umap_memberships.mistake("You took a Gaussian: UMAP's memberships fall like exp(-d / sigma), without a square.")
def _(distances, sigma):
    return jnp.exp(-((distances - distances[:, :1]) ** 2) / (2 * sigma[:, None] ** 2))


@umap_memberships.mistake("You squared sigma: divide by sigma itself.")
def _(distances, sigma):
    return jnp.exp(-(distances - distances[:, :1]) / sigma[:, None] ** 2)


@umap_memberships.mistake("You divided by 2 sigma: divide by sigma.")
def _(distances, sigma):
    return jnp.exp(-(distances - distances[:, :1]) / (2 * sigma[:, None]))


@umap_memberships.mistake(
    "All your memberships are 1: rho is the smallest distance of a row, and `maximum` keeps what exceeds it."
)
def _(distances, sigma):
    return jnp.ones_like(distances)


@umap_memberships.mistake("You subtracted the largest distance: rho is the smallest distance of a row.")
def _(distances, sigma):
    return jnp.exp(-(distances - distances[:, -1:]) / sigma[:, None])


@umap_memberships.mistake("You took the second neighbor for rho: the nearest one is the first column.")
def _(distances, sigma):
    return jnp.exp(-jnp.maximum(0, distances - distances[:, 1:2]) / sigma[:, None])


@umap_memberships.mistake(
    "You subtracted the smallest distance of each column: rho belongs to a row, `distances[:, :1]`."
)
def _(distances, sigma):
    return jnp.exp(-jnp.maximum(0, distances - distances.min(axis=0)) / sigma[:, None])


@umap_memberships.mistake("You returned the exponent: take exp of minus it.")
def _(distances, sigma):
    return (distances - distances[:, :1]) / sigma[:, None]


# ---------------------------------------------------------------- 9.6


def _unit(v):
    return v / jnp.linalg.norm(v, axis=1, keepdims=True)


@exercise(
    points=6,
    hints=(
        "Which of the n keys belongs to query i? It is a classification with n classes.",
        'The lesson\'s section "Features that nobody labeled", equation 9.7. Scale the rows to length 1; the table of '
        "scalar products over the temperature holds the logits, and the right class of row i is i.",
        "logits = q @ k.T / temperature; return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits)).",
    ),
    why="CLIP and SimCLR are trained with this kind of loss: known pairs take the place of labels.",
)
def info_nce(queries: Float[Array, "n k"], keys: Float[Array, "n k"], temperature: float) -> Float[Array, ""]:
    """InfoNCE."""
    logits = _unit(queries) @ _unit(keys).T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.inputs("two pairs", points=1)
def _(key):
    return dict(queries=jnp.array([[3.0, 0.0], [0.0, 1.0]]), keys=jnp.array([[2.0, 1.0], [1.0, 2.0]]), temperature=0.5)


@info_nce.inputs("random pairs", points=2)
def _(key):
    a, b = jax.random.split(key)
    q = jax.random.normal(a, (7, 4))
    return dict(queries=2 * q, keys=q + 0.7 * jax.random.normal(b, (7, 4)), temperature=0.3)


@info_nce.inputs("a temperature of one hundredth", points=1, hidden=True)
def _(key):
    """Exponentials of the others overflow, and those of the partners do not."""
    queries, keys = jnp.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), jnp.array([[0.0, 1.0], [3.0, 0.0], [0.0, -1.0]])
    return dict(queries=queries, keys=keys, temperature=0.01)


@info_nce.inputs("a single pair", points=1, hidden=True)
def _(key):
    return dict(queries=jnp.array([[1.0, 2.0]]), keys=jnp.array([[2.0, -1.0]]), temperature=0.1)


@info_nce.mistake("You forgot to scale the rows to length 1: only the direction of a vector counts.")
def _(queries, keys, temperature):
    logits = queries @ keys.T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("You multiplied by the temperature: a small one sharpens the choice, so divide by it.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T * temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("You summed over the pairs: return their mean.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    return jnp.sum(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("Each query must choose among the keys, `axis=1`; you let each key choose among the queries.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=0) - jnp.diagonal(logits))


@info_nce.mistake("Your sum leaves the partner out: the denominator contains all keys, including the right one.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    others = jnp.where(jnp.eye(len(queries), dtype=bool), -jnp.inf, logits)
    return jnp.mean(jax.nn.logsumexp(others, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("Your sign is wrong: a loss is the logarithm of the sum minus the logit of the partner.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    return -jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake(
    "Your loss is infinite for a small temperature: take `jax.nn.logsumexp` or `jax.nn.log_softmax` of the logits."
)
def _(queries, keys, temperature):
    return -jnp.mean(jnp.log(jnp.diagonal(jax.nn.softmax(_unit(queries) @ _unit(keys).T / temperature))))


@info_nce.mistake("You averaged over both directions: here each query chooses among the keys, and no more.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    both = jax.nn.logsumexp(logits, axis=1) + jax.nn.logsumexp(logits, axis=0)
    return jnp.mean(both / 2 - jnp.diagonal(logits))


@info_nce.mistake("You summed the exponentials of the whole table: each query has a sum of its own, `axis=1`.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    return jnp.mean(jax.nn.logsumexp(logits) - jnp.diagonal(logits))


@info_nce.mistake("You took the logarithm of the mean probability: take the mean of the logarithms.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    own = jnp.diagonal(jax.nn.log_softmax(logits, axis=1))
    return jnp.log(len(queries)) - jax.nn.logsumexp(own)


@info_nce.mistake("You scaled only the queries to length 1: scale the keys, too.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ keys.T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("You left out the temperature: divide the scalar products by it.")
def _(queries, keys, temperature):
    return info_nce(queries, keys, 1.0)


@info_nce.mistake("You scaled the whole tables: each row has its own length, `axis=1` with `keepdims=True`.")
def _(queries, keys, temperature):
    logits = queries @ keys.T / (jnp.linalg.norm(queries) * jnp.linalg.norm(keys) * temperature)
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("You scaled only the keys to length 1: scale the queries, too.")
def _(queries, keys, temperature):
    logits = queries @ _unit(keys).T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("You scaled the columns to length 1: each row is a vector, `axis=1` with `keepdims=True`.")
def _(queries, keys, temperature):
    logits = (queries / jnp.linalg.norm(queries, axis=0)) @ (keys / jnp.linalg.norm(keys, axis=0)).T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@info_nce.mistake("You averaged the exponentials in the denominator: add them up.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits)) - jnp.log(len(queries))


@info_nce.mistake("You left out the logarithm: the loss is the mean of - ln of the probabilities.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    return -jnp.mean(jnp.diagonal(jax.nn.softmax(logits, axis=1)))


@info_nce.mistake("You averaged over the whole table: only key i belongs to query i, so take the diagonal.")
def _(queries, keys, temperature):
    logits = _unit(queries) @ _unit(keys).T / temperature
    return -jnp.mean(jax.nn.log_softmax(logits, axis=1))


@info_nce.mistake("Your denominator compares queries with queries: sum over the keys.")
def _(queries, keys, temperature):
    q = _unit(queries)
    own = jnp.sum(q * _unit(keys), axis=1) / temperature
    return jnp.mean(jax.nn.logsumexp(q @ q.T / temperature, axis=1) - own)


@info_nce.mistake("You left the temperature out of the denominator: every scalar product is divided by it.")
def _(queries, keys, temperature):
    products = _unit(queries) @ _unit(keys).T
    return jnp.mean(jax.nn.logsumexp(products, axis=1) - jnp.diagonal(products) / temperature)


# ---------------------------------------------------------------- 9.7


@exercise(
    points=6,
    hints=(
        "The encoder is frozen: its features are just numbers, and only the weights of one linear layer move.",
        'The lesson\'s section "The probe: what can be read along straight lines?", equation 9.8: the gradient of the '
        "mean cross-entropy is the features, transposed, times (probabilities - one-hot labels), over n.",
        "p = jax.nn.softmax(features @ weights); target = jax.nn.one_hot(labels, weights.shape[1]); return weights - "
        "learning_rate * features.T @ (p - target) / len(features).",
    ),
    why="A probe is weak on purpose: it can only read what the encoder has made explicit.",
)
def probe_step(
    features: Float[Array, "n d"], labels: Int[Array, " n"], weights: Float[Array, "d c"], learning_rate: float
) -> Float[Array, "d c"]:
    """One step of a linear probe."""
    p = jax.nn.softmax(features @ weights)
    target = jax.nn.one_hot(labels, weights.shape[1])
    return weights - learning_rate * features.T @ (p - target) / len(features)


@probe_step.inputs("four samples, three classes, weights zero", points=1)
def _(key):
    features = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, -1.0]])
    return dict(features=features, labels=jnp.array([0, 1, 2, 0]), weights=jnp.zeros((2, 3)), learning_rate=0.5)


@probe_step.inputs("random features", points=2)
def _(key):
    a, b, c = jax.random.split(key, 3)
    return dict(
        features=jax.random.normal(a, (12, 4)) + 0.5,
        labels=jax.random.randint(b, (12,), 0, 3),
        weights=jax.random.normal(c, (4, 3)),
        learning_rate=0.3,
    )


@probe_step.inputs("logits of some hundreds, and a class without samples", points=1, hidden=True)
def _(key):
    features = 200 * jax.random.normal(key, (5, 2))
    weights = jnp.array([[1.0, 0.2, -1.0], [0.5, -2.0, 1.0]])
    return dict(features=features, labels=jnp.array([0, 2, 2, 0, 2]), weights=weights, learning_rate=0.01)


@probe_step.inputs("one sample", points=1, hidden=True)
def _(key):
    return dict(
        features=jnp.array([[1.0, -2.0]]),
        labels=jnp.array([1]),
        weights=jnp.array([[0.5, 0.1], [0.0, 0.3]]),
        learning_rate=1.0,
    )


def _probe_slope(features, labels, weights):
    return features.T @ (jax.nn.softmax(features @ weights) - jax.nn.one_hot(labels, weights.shape[1]))


@probe_step.mistake("You went uphill: subtract the gradient times the learning rate.")
def _(features, labels, weights, learning_rate):
    return weights + learning_rate * _probe_slope(features, labels, weights) / len(features)


@probe_step.mistake("You took the sum over the samples: the loss is their mean, so divide by n.")
def _(features, labels, weights, learning_rate):
    return weights - learning_rate * _probe_slope(features, labels, weights)


@probe_step.mistake("You took the softmax along the samples: the class probabilities of ONE sample add up to 1.")
def _(features, labels, weights, learning_rate):
    p = jax.nn.softmax(features @ weights, axis=0)
    target = jax.nn.one_hot(labels, weights.shape[1])
    return weights - learning_rate * features.T @ (p - target) / len(features)


@probe_step.mistake(
    "Your exponentials overflowed, or became 0 in a whole row: `jax.nn.softmax` subtracts each row's largest first."
)
def _(features, labels, weights, learning_rate):
    p = jnp.exp(features @ weights)
    p = p / p.sum(axis=1, keepdims=True)
    target = jax.nn.one_hot(labels, weights.shape[1])
    return weights - learning_rate * features.T @ (p - target) / len(features)


@probe_step.mistake("You returned the gradient: return the weights after the step.")
def _(features, labels, weights, learning_rate):
    return _probe_slope(features, labels, weights) / len(features)


@probe_step.mistake("You left out the learning rate: multiply the gradient by it.")
def _(features, labels, weights, learning_rate):
    return weights - _probe_slope(features, labels, weights) / len(features)


@probe_step.mistake("You took the sigmoid of each logit: the softmax makes the classes of a sample add up to 1.")
def _(features, labels, weights, learning_rate):
    target = jax.nn.one_hot(labels, weights.shape[1])
    return weights - learning_rate * features.T @ (jax.nn.sigmoid(features @ weights) - target) / len(features)


@probe_step.mistake("You averaged over the classes, too: divide by the number of samples only.")
def _(features, labels, weights, learning_rate):
    return weights - learning_rate * _probe_slope(features, labels, weights) / (len(features) * weights.shape[1])


@probe_step.mistake("You went uphill with a sum: subtract the gradient of the mean over the n samples.")
def _(features, labels, weights, learning_rate):
    return weights + learning_rate * _probe_slope(features, labels, weights)


@probe_step.mistake("You left out the softmax: compare probabilities with the labels, not logits.")
def _(features, labels, weights, learning_rate):
    target = jax.nn.one_hot(labels, weights.shape[1])
    return weights - learning_rate * features.T @ (features @ weights - target) / len(features)


@probe_step.mistake("You returned the change alone: add it to the weights.")
def _(features, labels, weights, learning_rate):
    return -learning_rate * _probe_slope(features, labels, weights) / len(features)


@probe_step.mistake("You left out the labels: subtract their one-hot rows from the probabilities.")
def _(features, labels, weights, learning_rate):
    p = jax.nn.softmax(features @ weights)
    return weights - learning_rate * features.T @ p / len(features)


@probe_step.mistake("You subtracted the label from every class: turn labels into one-hot rows first.")
def _(features, labels, weights, learning_rate):
    p = jax.nn.softmax(features @ weights)
    return weights - learning_rate * features.T @ (p - labels[:, None]) / len(features)


@probe_step.mistake("You subtracted 1 from the labels: they already start at 0.")
def _(features, labels, weights, learning_rate):
    p = jax.nn.softmax(features @ weights)
    target = jax.nn.one_hot(labels, weights.shape[1])
    target = jax.nn.one_hot(labels - 1, weights.shape[1])
    return weights - learning_rate * features.T @ (p - target) / len(features)


@probe_step.mistake("You multiplied by p (1 - p): the cross-entropy's derivative in the logits is p - target alone.")
def _(features, labels, weights, learning_rate):
    p = jax.nn.softmax(features @ weights)
    target = jax.nn.one_hot(labels, weights.shape[1])
    return weights - learning_rate * features.T @ ((p - target) * p * (1 - p)) / len(features)


@probe_step.mistake("Your step is twice as long as it should be: the cross-entropy has no square, and so no factor 2.")
def _(features, labels, weights, learning_rate):
    return weights - 2 * learning_rate * _probe_slope(features, labels, weights) / len(features)


@probe_step.mistake("You divided by the number of features: divide by the number of samples.")
def _(features, labels, weights, learning_rate):
    return weights - learning_rate * _probe_slope(features, labels, weights) / features.shape[1]


@probe_step.mistake("You took the most likely class: compare the probabilities with the labels.")
def _(features, labels, weights, learning_rate):
    p = jax.nn.one_hot(jnp.argmax(features @ weights, axis=1), weights.shape[1])
    target = jax.nn.one_hot(labels, weights.shape[1])
    return weights - learning_rate * features.T @ (p - target) / len(features)


# ---------------------------------------------------------------- 9.8


def _ranks(x, start=1):
    """Rank of j by distance from i; the diagonal comes last."""
    table = jnp.where(jnp.eye(len(x), dtype=bool), jnp.inf, _squared_distances(x))
    return jnp.argsort(jnp.argsort(table)) + start


@exercise(
    points=6,
    hints=(
        "Take the neighbors in the MAP, and find their ranks in the list of neighbors in the DATA.",
        'The lesson\'s section "May we believe it?", equation 9.9. `argsort` of `argsort` along a row turns distances '
        "into ranks; give the diagonal an infinite distance, since no sample is its own neighbor.",
        "With rank_x and rank_y from 1: intruders = rank_y <= k; return 1 - 2 / (n k (2 n - 3 k - 1)) * sum of "
        "where(intruders, maximum(0, rank_x - k), 0).",
    ),
    why="A map is judged by what it invents: false neighbors lead to false conclusions.",
)
def trustworthiness(x: Float[Array, "n d"], y: Float[Array, "n k"], n_neighbors: int) -> Float[Array, ""]:
    """Trustworthiness."""
    n, k = len(x), n_neighbors
    excess = jnp.where(_ranks(y) <= k, jnp.maximum(0, _ranks(x) - k), 0)
    return 1 - jnp.sum(excess) * 2 / (n * k * (2 * n - 3 * k - 1))


@trustworthiness.inputs("eight points on a line, two exchanged", points=1)
def _(key):
    x = jnp.array([[0.0], [1.0], [2.1], [3.3], [4.6], [6.0], [7.5], [9.1]])
    return dict(x=x, y=x[jnp.array([6, 1, 2, 3, 4, 5, 0, 7])], n_neighbors=2)


@trustworthiness.inputs("a random projection", points=2)
def _(key):
    x = jax.random.normal(key, (25, 4))
    return dict(x=x, y=x[:, :2], n_neighbors=4)


@trustworthiness.inputs("a map that keeps all", points=1)
def _(key):
    x = jax.random.normal(key, (10, 2))
    return dict(x=x, y=3 * x, n_neighbors=3)


@trustworthiness.inputs("one neighbor, a shuffled map", points=1, hidden=True)
def _(key):
    a, b = jax.random.split(key)
    return dict(x=jax.random.normal(a, (15, 3)), y=jax.random.normal(b, (15, 2)), n_neighbors=1)


def _trust(x_ranks, y_ranks, k, factor=2.0):
    n = len(x_ranks)
    excess = jnp.where(y_ranks <= k, jnp.maximum(0, x_ranks - k), 0)
    return 1 - jnp.sum(excess) * factor / (n * k * (2 * n - 3 * k - 1))


@trustworthiness.mistake("You exchanged data and map: this is the continuity; take the neighbors in the map y.")
def _(x, y, n_neighbors):
    return _trust(_ranks(y), _ranks(x), n_neighbors)


@trustworthiness.mistake("You counted each sample as its own neighbor: give the diagonal an infinite distance.")
def _(x, y, n_neighbors):
    def ranks(z):
        return jnp.argsort(jnp.argsort(_squared_distances(z), axis=1), axis=1) + 1

    return _trust(ranks(x), ranks(y), n_neighbors)


@trustworthiness.mistake("Your ranks start at 0: the nearest neighbor has rank 1.")
def _(x, y, n_neighbors):
    return _trust(_ranks(x, 0), _ranks(y), n_neighbors)


@trustworthiness.mistake("You returned the penalty: subtract it from 1 to make 1 the best value.")
def _(x, y, n_neighbors):
    return 1 - _trust(_ranks(x), _ranks(y), n_neighbors)


@trustworthiness.mistake("You counted the intruders: sum by how much the rank of each one exceeds k.")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    intruders = (_ranks(y) <= k) & (_ranks(x) > k)
    return 1 - jnp.sum(intruders) * 2 / (n * k * (2 * n - 3 * k - 1))


def _order(x):
    table = jnp.where(jnp.eye(len(x), dtype=bool), jnp.inf, _squared_distances(x))
    return jnp.argsort(table) + 1


@trustworthiness.mistake("One `argsort` gives the order, not the ranks: apply `argsort` to its result once more.")
def _(x, y, n_neighbors):
    return _trust(_order(x), _order(y), n_neighbors)


@trustworthiness.mistake("In the data you took the order for the ranks: apply `argsort` to its result once more.")
def _(x, y, n_neighbors):
    return _trust(_order(x), _ranks(y), n_neighbors)


@trustworthiness.mistake("Your factor multiplies where it should divide: write 2 / (n * K * (2 * n - 3 * K - 1)).")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    excess = jnp.where(_ranks(y) <= k, jnp.maximum(0, _ranks(x) - k), 0)
    return 1 - 2 / n * k * (2 * n - 3 * k - 1) * jnp.sum(excess)


@trustworthiness.mistake("You added up whole ranks: an intruder counts by how much its rank exceeds K.")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    intruders = (_ranks(y) <= k) & (_ranks(x) > k)
    return 1 - jnp.sum(jnp.where(intruders, _ranks(x), 0)) * 2 / (n * k * (2 * n - 3 * k - 1))


@trustworthiness.mistake("You took one neighbor less than K: those of rank K belong to them.")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    excess = jnp.where(_ranks(y) < k, jnp.maximum(0, _ranks(x) - k), 0)
    return 1 - jnp.sum(excess) * 2 / (n * k * (2 * n - 3 * k - 1))


@trustworthiness.mistake("You divided by n K only: the factor is 2 / (n K (2 n - 3 K - 1)).")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    return 1 - jnp.sum(jnp.where(_ranks(y) <= k, jnp.maximum(0, _ranks(x) - k), 0)) / (n * k)


@trustworthiness.mistake("You left out the factor 2 before the sum.")
def _(x, y, n_neighbors):
    return _trust(_ranks(x), _ranks(y), n_neighbors, factor=1.0)


@trustworthiness.mistake("In the map you counted each sample as its own neighbor: its K nearest OTHERS count.")
def _(x, y, n_neighbors):
    return _trust(_ranks(x), jnp.argsort(jnp.argsort(_squared_distances(y), axis=1), axis=1) + 1, n_neighbors)


@trustworthiness.mistake("Your ranks in the data count the sample itself: the nearest OTHER sample has rank 1.")
def _(x, y, n_neighbors):
    return _trust(_ranks(x, 2), _ranks(y), n_neighbors)


@trustworthiness.mistake("Your sign before the 1 in the factor is wrong: it is 2 n - 3 K - 1.")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    return 1 - jnp.sum(jnp.where(_ranks(y) <= k, jnp.maximum(0, _ranks(x) - k), 0)) * 2 / (n * k * (2 * n - 3 * k + 1))


@trustworthiness.mistake("Your factor lacks K: it is 2 / (n K (2 n - 3 K - 1)).")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    return 1 - jnp.sum(jnp.where(_ranks(y) <= k, jnp.maximum(0, _ranks(x) - k), 0)) * 2 / (n * (2 * n - 3 * k - 1))


@trustworthiness.mistake("Your factor lacks n: it is 2 / (n K (2 n - 3 K - 1)).")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    return 1 - jnp.sum(jnp.where(_ranks(y) <= k, jnp.maximum(0, _ranks(x) - k), 0)) * 2 / (k * (2 * n - 3 * k - 1))


@trustworthiness.mistake("You left out the maximum with 0: a neighbor of rank K or less costs nothing.")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    excess = jnp.where(_ranks(y) <= k, _ranks(x) - k, 0)
    return 1 - jnp.sum(excess) * 2 / (n * k * (2 * n - 3 * k - 1))


@trustworthiness.mistake(
    "You returned the share of neighbors that are kept, the recall: sum by how much the ranks of the others exceed K."
)
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    return jnp.sum((_ranks(y) <= k) & (_ranks(x) <= k)) / (n * k)


@trustworthiness.mistake(
    "You took the rank of i among the neighbors of j: r(i, j) is the rank of j by distance from i."
)
def _(x, y, n_neighbors):
    return _trust(_ranks(x).T, _ranks(y), n_neighbors)


@trustworthiness.mistake("You took one neighbor more than K: those of rank K + 1 do not count.")
def _(x, y, n_neighbors):
    n, k = len(x), n_neighbors
    excess = jnp.where(_ranks(y) <= k + 1, jnp.maximum(0, _ranks(x) - k), 0)
    return 1 - jnp.sum(excess) * 2 / (n * k * (2 * n - 3 * k - 1))
