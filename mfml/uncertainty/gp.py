r"""Gaussian processes: regression with functions, and how far to trust it. Shapes: n samples, m others, d features.

Model $y_i = \mu + s (f(x_i) + \varepsilon_i)$ with a function f whose values are jointly normal, $\mathrm{Cov}(f(x),
f(x')) = k(x, x')$, and noise $\varepsilon_i \sim \mathcal N(0, \sigma_i^2)$. The mean $\mu$ and the scale s are in
units of y. With $s = 1$ the kernel and the noise variance are in squared units of y. In single precision squares of
1e-19 J have no digits left, so y of such a size needs a scale of its size. With $A = K + \mathrm{diag}(\sigma^2) +
\delta I$ the posterior is

$$\mathrm E[f(x)] = k(x)^\top A^{-1} r, \quad \mathrm{Cov}(f(x), f(x')) = k(x, x') - k(x)^\top A^{-1} k(x'),$$

$r = (y - \mu) / s$. The jitter $\delta$ is 0 unless rounding needs it, see `jitter`. Time grows with $n^3$, memory
with $n^2$. `gp_hyperparameters` finds kernel and noise. What stands in `gp_evidence`, `gp_predictions` and `gp_samples`
has its name here, too.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.risk import metrics
from mfml.uncertainty import gp_evidence, gp_hyperparameters, jitter, kernels
from mfml.uncertainty.gp_evidence import leave_one_out, log_evidence
from mfml.uncertainty.gp_predictions import Posterior, posterior, predict, predictive
from mfml.uncertainty.gp_samples import sample, sample_prior
from mfml.uncertainty.kernels import Kernel
from mfml.uncertainty.processes import Fitted, Process

__all__ = [
    "Fitted",
    "Posterior",
    "Process",
    "condition",
    "fit",
    "leave_one_out",
    "log_evidence",
    "posterior",
    "predict",
    "predictive",
    "sample",
    "sample_prior",
    "score",
]

Noise = ArrayLike | Float[Array, " n"]


@public
@checked(noise_variance=NON_NEGATIVE, scale=POSITIVE)
def condition(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: Noise,
    mean: ArrayLike = 0.0,
    scale: ArrayLike = 1.0,
) -> Process:
    r"""Posterior for given hyperparameters.

    Args:
        x: samples; equal ones are allowed.
        y: targets.
        kernel: see `kernels`; squared units of `scale`.
        noise_variance: one number, or one known variance per sample, squared units of `scale`; 0 is allowed.
        mean: prior mean $\mu$ of y.
        scale: s; kernel and noise are those of (y - mean) / scale.

    Raises:
        ValueError: if shapes do not fit, a hyperparameter is not positive, or a noise variance is negative.

    Source: Rasmussen and Williams (2006), algorithm 2.1.

    >>> model = condition([[0.0], [1.0]], [1.0, 3.0], kernel=kernels.RBF(), noise_variance=0.0)
    >>> predict(model, [[1.0]]).round(3).tolist()
    [3.0...]
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    return _condition(x, y, kernels.ready(kernel, x), noise_variance, mean, scale)


@public
@checked(noise_variance=NON_NEGATIVE, scale=POSITIVE, tol=NON_NEGATIVE)
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: Noise = 0.0,
    learn_noise: bool = True,
    mean: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    init: str = "data",
    n_restarts: int = 0,
    key: Key[Array, ""] | None = None,
    max_iter: int = 100,
    tol: ArrayLike = 1e-3,
) -> Fitted:
    r"""Find the hyperparameters of the largest evidence, and the posterior with them.

    See `gp_hyperparameters.maximize`, which does the first part and has the same options.

    Args:
        x: samples.
        y: targets.
        kernel: what it is made of, and whether a length is one number or one per feature; see `init`.
        noise_variance: what is known, one number or one per sample, squared units of `scale`.
        learn_noise: whether a common noise variance is found and added to what is known.
        mean: prior mean of y; by default the mean of y.
        scale: unit of y in which kernel and noise variance are given and returned; 1 by default. Where the squares of y
            would leave the range of the type it is a power of two near the standard deviation of y.
        init: "data" starts where lengths are as large as the spread of x, and variances as large as that of y;
            "kernel" starts at the given kernel.
        n_restarts: further random starts, all in one compiled loop; the largest evidence wins.
        key: needed for restarts.
        max_iter: largest number of steps per start, each of which evaluates the evidence once; static.
        tol: converged when the next step would raise the log evidence by at most this, in nats.

    Raises:
        ValueError: as `condition`; if `init` is unknown, max_iter < 1, n_restarts < 0, or a key is lacking.

    Source: Rasmussen and Williams (2006), section 5.4.1.

    >>> x = jnp.linspace(0.0, 6.0, 20)[:, None]
    >>> model = fit(x, jnp.sin(x[:, 0]) + 0.1 * jax.random.normal(jax.random.key(0), (20,)), kernel=kernels.RBF())
    >>> bool(model.converged), abs(predict(model, [[1.5]]).item() - 1) < 0.1
    (True, True)
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    found = gp_hyperparameters.maximize(
        x,
        y,
        kernel=kernel,
        noise_variance=noise_variance,
        learn_noise=learn_noise,
        mean=mean,
        scale=scale,
        init=init,
        n_restarts=n_restarts,
        key=key,
        max_iter=max_iter,
        tol=tol,
    )
    model = _condition(x, y, found.kernel, found.noise_variance, found.mean, found.scale)
    report = {name: getattr(found, name) for name in iteration.Report._fields}
    return Fitted(**model._asdict(), **report)


@public
@jax.jit
def score(model: Process | Fitted, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Coefficient of determination $R^2$ of the predicted means, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: if shapes do not fit.

    >>> model = condition([[0.0], [1.0]], [1.0, 3.0], kernel=kernels.RBF(), noise_variance=0.0)
    >>> round(score(model, [[0.0], [1.0]], [1.0, 3.0]).item(), 3)
    1.0
    """
    require.samples(x, y)
    return metrics.r2(predict(model, x), y)


@jax.jit
def _condition(
    x: Array, y: Array, kernel: Kernel, noise_variance: ArrayLike, mean: ArrayLike, scale: ArrayLike
) -> Process:
    noise, mean, scale = (jnp.asarray(value, y.dtype) for value in (noise_variance, mean, scale))
    residual = (y - mean) / scale
    covariance = kernels.matrix(kernel, x, x)
    found = jitter.cholesky(covariance, noise_variance=noise)
    coef = jitter.solve(found, covariance, residual, noise_variance=noise)
    value = gp_evidence.normal(residual, found.lower, coef) - len(y) * jnp.log(scale)
    return Process(x, kernel, noise, mean, scale, found.lower, coef, found.jitter, value)
