r"""Fisher information: how sharply data determine parameters. Shapes: n samples, p parameters, k outcomes.

$I(\theta) = \mathrm E[s s^\top] = -\mathrm E[\nabla^2 \log p(y | \theta)]$ with the score
$s = \nabla \log p(y | \theta)$. No unbiased estimate from n samples has a covariance below $I^{-1} / n$
(Cramér and Rao). For large n maximum likelihood attains this bound. The parameters of a pytree are counted in the
order of `jax.flatten_util.ravel_pytree`.
"""

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.entrance import public
from mfml.numerics.scaling import power_of_two
from mfml.probability.mle import NLL


@public
def scores(nll: NLL, params: PyTree, data: PyTree) -> Float[Array, "n p"]:
    """Gradient of each sample's log-likelihood, in nats per unit of the parameters.

    At the maximum of the likelihood the scores add up to zero.

    Raises:
        ValueError: unless `nll` returns one number per sample.

    Source: Murphy (2012), section 6.2.2.

    >>> scores(lambda m, y: 0.5 * (y - m) ** 2, jnp.array(1.0), jnp.array([0.0, 3.0])).tolist()
    [[-1.0], [2.0]]
    """
    vector, unravel = ravel_pytree(params)

    def losses(vector: Array) -> Array:
        values = nll(unravel(vector), data)
        require.that(jnp.ndim(values) == 1, f"nll must return one number per sample; found shape {jnp.shape(values)}")
        return values

    return -jax.jacfwd(losses)(vector)


@public
def observed(nll: NLL, params: PyTree, data: PyTree) -> Float[Array, "p p"]:
    r"""Hessian of the summed negative log-likelihood, $J = \sum_i \nabla^2 \mathrm{nll}_i(\theta)$.

    Source: Murphy (2012), equation 6.34; Efron and Hinkley (1978), Biometrika 65.

    >>> observed(lambda m, y: 0.5 * (y - m) ** 2 / 4, jnp.array(1.0), jnp.array([0.0, 3.0])).tolist()
    [[0.5]]
    """
    vector, unravel = ravel_pytree(params)
    return jax.hessian(lambda v: jnp.sum(nll(unravel(v), data)))(vector)


@public
def empirical(nll: NLL, params: PyTree, data: PyTree) -> Float[Array, "p p"]:
    r"""Outer products of the scores, $\sum_i s_i s_i^\top$. Near `observed` where the model is right and n is large.

    Raises:
        ValueError: unless `nll` returns one number per sample.

    Source: White (1982), Econometrica 50.

    >>> empirical(lambda m, y: 0.5 * (y - m) ** 2, jnp.array(1.0), jnp.array([0.0, 3.0])).tolist()
    [[5.0]]
    """
    s = scores(nll, params, data)
    return s.T @ s


@public
def expected(
    nll: NLL, params: PyTree, outcomes: PyTree, *, weights: Float[Array, " k"] | None = None
) -> Float[Array, "p p"]:
    r"""Information of a single sample, $I(\theta) = \sum_k w_k\, p(y_k | \theta)\, s_k s_k^\top$.

    It is exact for labels, and for counts if there are enough outcomes; then all weights are 1. For a density, give
    a grid as outcomes and the widths of its cells as weights. The result does not depend on data.

    Raises:
        ValueError: unless there is one weight per outcome.

    Source: Bishop (2006), equation 6.34; Murphy (2012), equation 6.33.

    >>> from mfml.probability import likelihood
    >>> round(expected(lambda s, y: likelihood.bernoulli_nll(y, s), jnp.array(0.0), jnp.array([0, 1])).item(), 4)
    0.25
    """
    s = scores(nll, params, outcomes)
    w = jnp.ones_like(s[:, 0]) if weights is None else weights
    require.same_length(weights=w, outcomes=s)
    return _averaged(s, w, nll(params, outcomes))


@jax.jit
def _averaged(scores: Array, weights: Array, nll: Array) -> Array:
    return (scores * (weights * jnp.exp(-nll))[:, None]).T @ scores


@public
@jax.jit
def standard_errors(information: Float[Array, "p p"]) -> Float[Array, " p"]:
    r"""Standard deviations $\sqrt{(I^{-1})_{jj}}$ of maximum-likelihood estimates. I is that of all samples together.

    They are NaN where the information is not positive definite: then the data do not determine the parameters.

    Raises:
        ValueError: unless the information is a square matrix.

    Source: Murphy (2012), section 6.2.2.

    >>> standard_errors(jnp.array([[4.0, 0.0], [0.0, 16.0]])).tolist()
    [0.5, 0.25]
    """
    require.square("information", information)
    per_unit = 1 / power_of_two(jnp.sqrt(jnp.abs(jnp.diag(information))))  # of the parameters
    factor = jnp.linalg.cholesky(information * per_unit * per_unit[:, None])
    inverse = jax.scipy.linalg.solve_triangular(factor, jnp.eye(len(factor), dtype=factor.dtype), lower=True)
    return jnp.linalg.norm(inverse, axis=0) * per_unit
