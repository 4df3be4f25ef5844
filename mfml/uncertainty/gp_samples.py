r"""Functions drawn from Gaussian processes, before and after data are seen. Shapes: n data, m samples, s draws."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.uncertainty import jitter, kernels
from mfml.uncertainty.kernels import Kernel
from mfml.uncertainty.processes import Fitted, Process


@public
def sample_prior(
    kernel: Kernel, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 1
) -> Float[Array, "s m"]:
    r"""Draw functions with this covariance and mean 0: their values at x, one draw a row.

    Where rounding makes K singular, draws have a white noise on top, the jitter of `jitter.cholesky(K)`.

    Raises:
        ValueError: as `kernels.ready`; unless n_samples >= 1.

    Source: Rasmussen and Williams (2006), section 2.2 and appendix A.2.

    >>> sample_prior(kernels.RBF(), [[0.0], [1.0]], key=jax.random.key(0), n_samples=3).shape
    (3, 2)
    """
    require.sizes(n_samples=n_samples)
    return _sample_prior(kernels.ready(kernel, x), x, key, n_samples)


@public
def sample(
    model: Process | Fitted, x: Float[Array, "m d"], *, key: Key[Array, ""], n_samples: int = 1
) -> Float[Array, "s m"]:
    r"""Draw functions from the posterior, without noise: their values at x in units of y, one draw a row.

    Matheron's rule corrects a draw of the prior by what the data say of it,

    $$f(x) + k(x)^\top A^{-1} (r - f - \varepsilon),$$

    with its values f at the data and a draw of the noise. For the jitter of the first draw see `sample_prior`.

    Raises:
        ValueError: unless x has the columns of the data and n_samples >= 1.

    Source: Wilson et al. (2020).

    >>> from mfml.uncertainty import gp
    >>> model = gp.condition([[0.0], [1.0]], [1.0, 3.0], kernel=kernels.RBF(), noise_variance=1e-4)
    >>> sample(model, [[1.0]], key=jax.random.key(0)).round(1).tolist()
    [[3.0]]
    """
    require.rank("x", x, 2)
    require.columns("x", x, model.x.shape[1])
    require.sizes(n_samples=n_samples)
    return _sample(model, x, key, n_samples)


@partial(jax.jit, static_argnames="n_samples")
def _sample_prior(kernel: Kernel, x: Array, key: Array, n_samples: int) -> Array:
    lower = jitter.cholesky(kernels.matrix(kernel, x, x)).lower
    draws = jax.random.normal(key, (n_samples, len(x)), x.dtype)
    return jnp.matmul(draws, lower.T, precision=lax.Precision.HIGHEST)


@partial(jax.jit, static_argnames="n_samples")
def _sample(model: Process | Fitted, x: Array, key: Array, n_samples: int) -> Array:
    for_function, for_noise = jax.random.split(key)
    n = len(model.x)
    drawn = _sample_prior(model.kernel, jnp.concatenate([model.x, x]), for_function, n_samples)
    at_data, at_x = drawn[:, :n], drawn[:, n:]
    noise = jnp.sqrt(model.noise_variance + model.jitter) * jax.random.normal(for_noise, (n_samples, n), x.dtype)
    coef = model.coef - cho_solve((model.lower, True), (at_data + noise).T).T
    moved = jnp.matmul(coef, kernels.matrix(model.kernel, model.x, x), precision=lax.Precision.HIGHEST)
    return model.mean + model.scale * (at_x + moved)
