"""Exercises of unit 2: linear algebra for learning.

Complete the functions below: replace each `raise NotImplementedError` with your own code. Each docstring says what
its function must return. Then grade the sheet, which shows what is right and helps with what is not:

    nox -s grade -- 2

Every function must also work under `jax.jit`, for one point each: compiled code is what makes JAX fast. So use `jnp`
instead of NumPy, and `jnp.where` instead of an `if` on the values of arrays. A result may be a list of numbers.

Stuck? `nox -s hint -- 2.4` gives a nudge, and more if you ask again. Later functions may call your earlier ones.
The whole sheet takes about 90 minutes; the lesson is `units/unit02.py`.

Throughout, x holds n samples (rows) of d features (columns).
"""

import jax
import jax.numpy as jnp

from exercises.given import Array, Float


def center(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Exercise 2.1. Center the features.

    Subtract from each feature its mean over the samples:

        x_c[i, j] = x[i, j] - 1/n sum_k x[k, j],    shape (n, d)

    Example: center(jnp.array([[1.0, 10.0], [3.0, 30.0]])) is [[-1, -10], [1, 10]].
    """
    raise NotImplementedError


def covariance(x: Float[Array, "n d"]) -> Float[Array, "d d"]:
    """Exercise 2.2. Covariance matrix.

    Return the covariance of each pair of features, with the divisor n - 1:

        S[j, l] = 1/(n - 1) sum_i x_c[i, j] x_c[i, l],    shape (d, d)

    where x_c are the centered data of 2.1, and n is at least 2. The data may lie far from the origin. A matrix product
    does it; `jnp.cov(x, rowvar=False)` gives the same, so use it to check yourself.

    Example: covariance(jnp.array([[1.0, 2.0], [3.0, 6.0]])) is [[2, 4], [4, 8]].
    """
    raise NotImplementedError


def project(a: Float[Array, "m n"], y: Float[Array, " m"]) -> Float[Array, " m"]:
    """Exercise 2.3. Projection onto the column space.

    Return the point nearest to y among all A w, the combinations of the columns of A:

        P y = A (A^T A)^-1 A^T y,    shape (m,)

    The columns are linearly independent here, but they need be neither orthogonal nor of unit length.

    Example: project(jnp.array([[1.0], [1.0]]), jnp.array([1.0, 3.0])) is [2, 2].
    """
    raise NotImplementedError


def principal_directions(x: Float[Array, "n d"], n_components: int) -> Float[Array, "k d"]:
    """Exercise 2.4. Principal directions.

    Return the unit vectors along which the data vary most, one per row, in order of decreasing variance. They
    are the eigenvectors of the covariance matrix with the `n_components` largest eigenvalues. The shape is
    (n_components, d), and the sign of each row is arbitrary. You may use `jnp.linalg`. `n_components` is a
    Python integer, even under `jax.jit`.

    Example: principal_directions(jnp.array([[1.0, 1.0], [3.0, 3.0], [5.0, 5.0]]), 1) is [[0.7071, 0.7071]] or
    its negative.
    """
    raise NotImplementedError


def explained_variance_ratio(x: Float[Array, "n d"]) -> Float[Array, " d"]:
    """Exercise 2.5. Explained variance ratio.

    Return the share of the total variance along each of the d principal directions, the largest first:

        r_i = lambda_i / (lambda_1 + ... + lambda_d)

    where lambda_i are the eigenvalues of the covariance matrix. The shares add up to 1. Here n > d, and the
    total variance is not zero.

    Example: explained_variance_ratio(jnp.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])) is
    [0.8, 0.2].
    """
    raise NotImplementedError


def low_rank(a: Float[Array, "m n"], k: int) -> Float[Array, "m n"]:
    """Exercise 2.6. Low-rank approximation.

    Return the matrix of rank k nearest to A, using the singular value decomposition A = U diag(s) V^T:

        A_k = sum of s_i u_i v_i^T over the k largest singular values s_i,    shape (m, n)

    Do not center A. `k` is a Python integer with 1 <= k <= min(m, n).

    Example: low_rank(jnp.array([[3.0, 0.0], [0.0, 5.0]]), 1) is [[0, 0], [0, 5]].
    """
    raise NotImplementedError


def nmf_update(
    x: Float[Array, "n d"], w: Float[Array, "n k"], h: Float[Array, "k d"]
) -> tuple[Float[Array, "n k"], Float[Array, "k d"]]:
    """Exercise 2.7. One NMF update.

    Improve the factorization W H of non-negative data X by one multiplicative update of each factor for the
    squared error. Here * and / act entry by entry on matrices of the same shape:

        W_new = W * (X H^T) / (W H H^T)
        H_new = H * (W_new^T X) / (W_new^T W_new H)

    Return the pair (W_new, H_new). No denominator is zero here, but all the numbers may be very small.

    Example: for X = [[2.0]], W = [[1.0]], H = [[1.0]] it is ([[2.0]], [[1.0]]).
    """
    raise NotImplementedError


def whiten(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Exercise 2.8. Whitening.

    Return the centered data after the symmetric (ZCA) whitening: each sample is multiplied by the inverse square
    root of the covariance matrix S of 2.2:

        z_i = S^(-1/2) (x_i - mean),    S^(-1/2) = Q diag(1 / sqrt(lambda)) Q^T    for S = Q diag(lambda) Q^T

    The covariance of z is then the identity matrix. The shape is (n, d), and S is not singular here,
    but its entries may be very small.

    Example: whiten(jnp.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])) is about
    [[1.2247, 0], [-1.2247, 0], [0, 1.2247], [0, -1.2247]].
    """
    raise NotImplementedError
