"""Exercises of unit 9: representation.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 9

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 9.2` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit09.py`.
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float, Int


def joint_probabilities(conditional: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Exercise 9.1. Joint probabilities.

    Row i of `conditional` holds the probability that sample i picks each other sample as its neighbor; each row adds
    up to 1. Return the symmetric table

        p[i, j] = (conditional[i, j] + conditional[j, i]) / (2 n)

    All entries of the table add up to 1.

    Example: joint_probabilities(jnp.array([[0.0, 1.0], [1.0, 0.0]])) is [[0.0, 0.5], [0.5, 0.0]].
    """
    raise NotImplementedError


def perplexity_row(squared: Float[Array, " k"], perplexity: float) -> Float[Array, " k"]:
    """Exercise 9.2. Search for the perplexity.

    `squared` holds the SQUARED distances of one sample to k others. Find the beta > 0 for which

        p_j = exp(-beta squared_j) / sum_l exp(-beta squared_l)

    has the given perplexity, exp(H) with the entropy H = -sum_j p_j ln p_j in nats, where 0 ln 0 counts as 0. Return
    p, shape (k,). The solution has ln beta between -20 and 20; 50 bisections are enough. p is finite for distances of
    any size.

    Example: perplexity_row(jnp.array([1.0, 1.0, 4.0]), 2.5) is about [0.447, 0.447, 0.105].
    """
    raise NotImplementedError


def embedding_probabilities(y: Float[Array, "n k"]) -> Float[Array, "n n"]:
    """Exercise 9.3. Probabilities in the embedding.

    Return the table Q of the points y. Its diagonal is zero, and all its entries add up to 1:

        q[i, j] = 1/(1 + |y_i - y_j|^2) / Z,    Z = the sum of 1/(1 + |y_k - y_l|^2) over all k != l

    Example: embedding_probabilities(jnp.array([[0.0], [3.0]])) is [[0.0, 0.5], [0.5, 0.0]].
    """
    raise NotImplementedError


def tsne_gradient(p: Float[Array, "n n"], y: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """Exercise 9.4. Gradient of t-SNE.

    Return, with Q as in 9.3, the formula in which Q is not rescaled, shape (n, k):

        4 sum_j (p[i, j] - q[i, j]) (y_i - y_j) / (1 + |y_i - y_j|^2)

    This is the gradient of KL(P || Q) with respect to the points y if P adds up to 1. P need not: early exaggeration
    multiplies it by 12, and the formula stays as it is.

    Example: tsne_gradient(jnp.array([[0.0, 1.0], [1.0, 0.0]]), jnp.array([[0.0], [1.0]])) is [[-1.0], [1.0]].
    """
    raise NotImplementedError


def umap_memberships(distances: Float[Array, "n k"], sigma: Float[Array, " n"]) -> Float[Array, "n k"]:
    """Exercise 9.5. Memberships of UMAP.

    Row i holds the distances (not squared) of sample i to its k nearest neighbors; they rise along the row and are
    positive. Let rho_i be the distance to the nearest one. Return, finite also where all distances are large,

        w[i, j] = exp(-max(0, distances[i, j] - rho_i) / sigma_i)

    Example: umap_memberships(jnp.array([[1.0, 3.0]]), jnp.array([2.0])) is [[1.0, 0.368]].
    """
    raise NotImplementedError


def info_nce(queries: Float[Array, "n k"], keys: Float[Array, "n k"], temperature: float) -> Float[Array, ""]:
    """Exercise 9.6. InfoNCE.

    Scale each row of `queries` and `keys` to length 1: q_i and k_i. Key i belongs to query i. Return the mean over the
    n queries of

        -ln( exp(q_i . k_i / temperature) / sum_j exp(q_i . k_j / temperature) )

    in nats. It is finite for small temperatures as well.

    Example: info_nce(jnp.eye(2), jnp.eye(2), 1.0) is ln(1 + exp(-1)), about 0.313.
    """
    raise NotImplementedError


def probe_step(
    features: Float[Array, "n d"], labels: Int[Array, " n"], weights: Float[Array, "d c"], learning_rate: float
) -> Float[Array, "d c"]:
    """Exercise 9.7. One step of a linear probe.

    A linear probe has the logits features @ weights (no intercept) and the mean cross-entropy over n samples as its
    loss; labels are 0 to c - 1. Return the weights after one step of gradient descent:

        weights - learning_rate * 1/n features^T (softmax(features @ weights) - one_hot(labels))

    The step is finite for logits of any size.

    Example: probe_step(jnp.array([[2.0]]), jnp.array([0]), jnp.zeros((1, 2)), 0.1) is [[0.1, -0.1]].
    """
    raise NotImplementedError


def trustworthiness(x: Float[Array, "n d"], y: Float[Array, "n k"], n_neighbors: int) -> Float[Array, ""]:
    """Exercise 9.8. Trustworthiness.

    y is a map of the samples x. For each sample i, take its K = n_neighbors nearest others j IN THE MAP. Let r(i, j)
    be the rank of j by distance from i IN THE DATA, 1 for the nearest other sample. Return

        1 - 2/(n K (2 n - 3 K - 1))  sum_i  sum over those j of  max(0, r(i, j) - K)

    No sample counts as its own neighbor.

    Example: for y = 2 * x it is 1.0, whatever x is.
    """
    raise NotImplementedError
