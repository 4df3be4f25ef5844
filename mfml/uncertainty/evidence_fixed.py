r"""Evidence of Bayesian linear regression, and what it learns, for a prior and a noise that are known.

Shapes: n samples, d features.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.generalization import ridge
from mfml.numerics import scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.uncertainty.evidence_steps import centered


@public
@checked(weights=NON_NEGATIVE, alpha=NON_NEGATIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def effective_parameters(
    x: Float[Array, "n d"],
    *,
    alpha: ArrayLike,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Float[Array, ""]:
    r"""Coefficients that the data determine: $\gamma = \sum_j s_j^2 / (s_j^2 + \alpha)$, from 0 to the rank of x.

    $s_j$ are the singular values of the centered x, and $\alpha$ is the penalty of ridge regression, $\alpha / \beta$
    in terms of the two precisions. The degrees of freedom of `generalization.ridge` also count the intercept.

    Raises:
        ValueError: if shapes do not fit, x is empty, or alpha or a weight is negative.

    Source: Bishop (2006), equation 3.91; MacKay (1992), Neural Computation 4.

    >>> round(effective_parameters(jnp.array([[-1.0, 0.0], [1.0, 0.0]]), alpha=2.0).item(), 4)
    0.5
    """
    require.rank("x", x, 2)
    a = centered(x, weights=weights, fit_intercept=fit_intercept)[0]
    penalty = jnp.asarray(alpha, a.dtype)[None]
    known = ridge.path(a, jnp.zeros_like(a[:, 0]), penalty, fit_intercept=False).degrees_of_freedom[0]
    return known + 0 * scaling.length(a)  # NaN with it


@public
@checked(weights=NON_NEGATIVE, prior_std=NON_NEGATIVE, noise_std=POSITIVE)
@partial(jax.jit, static_argnames="fit_intercept")
def log_evidence(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    prior_std: Float[Array, "*q"],
    noise_std: ArrayLike,
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Float[Array, ""]:
    r"""Log-density of the data, averaged over the prior, in nats.

    $$\log \int p(y | w, b, \beta)\, p(w | \alpha)\, dw\, db =
      -\tfrac12 \Bigl[N \log \frac{2 \pi}{\beta} + \log |I + \tfrac{\beta}{\alpha} X^\top X| +
      \beta \lVert y - b - X m \rVert^2 + \alpha m^\top m + \log n \Bigr]$$

    with N = n - 1 and a prior of b that is 1 everywhere. Without an intercept N = n, and $\log n$ is left out. It may
    be differentiated: its gradient is 0 at the result of `fit`.

    Args:
        x: features.
        y: targets.
        prior_std: $\alpha^{-1/2}$, one number, or one for each feature.
        noise_std: $\beta^{-1/2}$, in units of y.
        weights: how often each sample counts, non-negative; once if left out.
        fit_intercept: whether there is a b; static.

    Raises:
        ValueError: if shapes do not fit, x is empty, noise_std is not positive, or prior_std or a weight is negative.

    Source: Bishop (2006), equation 3.86.

    >>> x = jnp.array([[1.0], [-1.0]])
    >>> round(log_evidence(x, jnp.zeros(2), prior_std=0.0, noise_std=1.0).item(), 4)  # -log(4 pi) / 2
    -1.2655
    """
    require.samples(x, y, weights)
    require.broadcasts("prior_std", prior_std, x.shape[1:])
    a, _, total = centered(x, weights=weights, fit_intercept=fit_intercept)
    b = centered(y, weights=weights, fit_intercept=fit_intercept)[0]
    n = total - fit_intercept
    noise = jnp.asarray(noise_std, a.dtype)
    z, r = a * scaling.ratio(prior_std, noise), b * (1 / noise)
    q, factor = jnp.linalg.qr(jnp.concatenate([z, jnp.eye(z.shape[1], dtype=z.dtype)]))
    shift = solve_triangular(factor, sums.cross(q[: len(z)], r))
    misfit = sums.over_rows((r - z @ shift) ** 2) + jnp.sum(shift**2)
    log_det = 2 * jnp.sum(jnp.log(jnp.abs(jnp.diagonal(factor))))
    constant = jnp.log(total) if fit_intercept else 0.0
    return -0.5 * (n * math.log(2 * math.pi) + 2 * n * jnp.log(noise) + log_det + misfit + constant)
