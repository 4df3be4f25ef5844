r"""The bound of Titsias, from m by m matrices. Shapes: n samples, d features, m inducing inputs.

With $K_{mm} = L L^\top$, $A = L^{-1} K_{mn} / s$ and $B = I + A A^\top$ the bound is

$$\log \mathcal N(y; 0, s^2 (I + A^\top A)) - \tfrac1{2 s^2} \operatorname{tr}(K_{nn} - s^2 A^\top A).$$

B is never formed: its smallest eigenvalue is near 1 and its largest of the order of n, and in single precision a sum of
products would lose the small ones. Instead the rows of $[A^\top; I]$ are factorized by QR, block after block, so that
$B = R^\top R$. Memory is that of a block and of some m by m matrices, time grows as n m^2.
"""

from functools import partial
from math import log, pi
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, checked
from mfml.uncertainty import jitter, kernels
from mfml.uncertainty.kernels import Kernel

BLOCK = 16  # rows of a block, per inducing input
LEAST = 256  # rows of a block
STEADY = 4  # units of rounding that are always added where the bound is to be smooth


class Collapsed(NamedTuple):
    """What the data say about the values at the inducing inputs."""

    root: Float[Array, "m m"]  # L, lower; units of the root of the kernel
    factor: Float[Array, "m m"]  # R, upper, up to signs of its rows
    shift: Float[Array, " m"]  # posterior mean of $L^{-1} u$, without units
    jitter: Float[Array, ""]  # added to the diagonal of K_mm, in units of the kernel
    bound: Float[Array, ""]  # nats


@public
@checked(noise_variance=POSITIVE)
def collapse(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: ArrayLike,
    inducing: Float[Array, "m d"],
) -> Collapsed:
    r"""Go over the data once: what they say about the values at the inducing inputs, and the bound.

    The function has the mean 0. A jitter of some units of rounding keeps $K_{mm}$ positive definite; with it, too, the
    bound does not exceed the log evidence. To differentiate the bound, see `bound`.

    Raises:
        ValueError: where shapes do not fit; for a known noise variance that is not positive (NaN where it is traced).

    Source: Titsias (2009), equation 9; Foster et al. (2009), section 3 (QR instead of products).

    >>> x = jnp.array([[0.0], [1.0]])
    >>> round(collapse(x, jnp.zeros(2), kernel=kernels.RBF(), noise_variance=1.0, inducing=x).bound.item(), 3)
    -2.483
    """
    _check(x, y, inducing)
    return _collapse(x, y, kernels.ready(kernel, x), jnp.asarray(noise_variance, x.dtype), inducing)


@public
@checked(noise_variance=POSITIVE)
def bound(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: ArrayLike,
    inducing: Float[Array, "m d"],
) -> Float[Array, ""]:
    r"""Titsias' bound on the log evidence of y, whose mean is 0, in nats; to be differentiated.

    With $r = y / s - A^\top B^{-1} A y / s$ and $u = A r$ the slope in A is $A - B^{-1} A + u r^\top$. So derivatives
    take a second pass over the data and none through QR. The jitter is larger than that of `collapse`, and always the
    same, since the bound would jump with it.

    Raises:
        ValueError: as `collapse`.

    Source: Titsias (2009), equation 9.

    >>> x = jnp.array([[0.0], [1.0]])
    >>> round(bound(x, jnp.zeros(2), kernel=kernels.RBF(), noise_variance=1.0, inducing=x).item(), 3)
    -2.483
    """
    _check(x, y, inducing)
    return _bound(x, y, kernels.ready(kernel, x), jnp.asarray(noise_variance, x.dtype), inducing)


def _check(x: Array, y: Array, inducing: Array) -> None:
    require.rank("x", x, 2)
    require.rank("inducing", inducing, 2)
    require.samples(x, y)
    require.same_length(x=(x, 1), inducing=(inducing, 1))
    require.that(len(inducing) > 0, f"there must be at least one inducing input; found shape {inducing.shape}")


@partial(jax.jit, static_argnames="steady")
def _collapse(
    x: Array, y: Array, kernel: Kernel, noise_variance: Array, inducing: Array, steady: bool = False
) -> Collapsed:
    m, n = len(inducing), len(x)
    units = half, noise, root, added = _units(kernel, noise_variance, inducing, steady)

    def add(state: Any, part: tuple[Array, Array, Array]) -> tuple[Any, None]:
        triangle, lack = state
        a, target, variance = _whitened(part, kernel, units, inducing)
        rows = jnp.concatenate([triangle, jnp.concatenate([a, target[None]]).T])
        left = jnp.sum(scaling.at_least(0.0, variance - jnp.sum(a * a, axis=0)))
        return (jnp.linalg.qr(rows, mode="r"), lack + left), None

    # y is one more column, so Q is not needed: the last entry of the triangle is the length of what is left of y
    start = jnp.diag(jnp.ones(m + 1, x.dtype).at[m].set(0.0)), jnp.zeros((), x.dtype)
    (triangle, lack), _ = lax.scan(add, start, _blocks(x, y, m))
    factor, shift, misfit = triangle[:m, :m], triangle[:m, m], triangle[m, m] ** 2
    log_det = n * (log(2 * pi) + 2 * jnp.log(noise) + 2 * jnp.log(half))
    log_det = log_det + 2 * jnp.sum(jnp.log(jnp.abs(jnp.diagonal(factor))))
    value = -0.5 * (log_det + misfit + lack)
    return Collapsed(root * half, factor, solve_triangular(factor, shift), added * half * half, value)


@jax.custom_jvp
def _bound(x: Array, y: Array, kernel: Kernel, noise_variance: Array, inducing: Array) -> Array:
    return _collapse(x, y, kernel, noise_variance, inducing, steady=True).bound


@_bound.defjvp
def _(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
    """The change of what is linear in A, y / s and k(x, x) / s^2 with the slopes in them."""
    found = _collapse(*primals, steady=True)
    first_x, first_y, first_kernel, first_noise, first_inducing = primals
    fixed = _blocks(first_x, first_y, len(first_inducing))
    fixed_units = _units(first_kernel, first_noise, first_inducing, steady=True)

    def linear(x: Array, y: Array, kernel: Kernel, noise_variance: Array, inducing: Array) -> Array:
        units = _units(kernel, noise_variance, inducing, steady=True)

        @jax.checkpoint
        def add(total: Array, parts: tuple[Any, Any]) -> tuple[Array, None]:
            a, target, variance = _whitened(parts[0], kernel, units, inducing)
            seen, values, _ = _whitened(parts[1], first_kernel, fixed_units, first_inducing)  # merged by the compiler
            residual = values - found.shift @ seen
            inverse = solve_triangular(found.factor, solve_triangular(found.factor, seen, trans="T"))
            slope = seen - inverse + found.shift[:, None] * residual
            return total + jnp.sum(slope * a) - jnp.sum(residual * target) - 0.5 * jnp.sum(variance), None

        total, _ = lax.scan(add, jnp.zeros((), x.dtype), (_blocks(x, y, len(inducing)), fixed))
        return total - 0.5 * len(x) * jnp.log(noise_variance)

    return found.bound, jax.jvp(linear, primals, tangents)[1]


def _units(kernel: Kernel, noise_variance: Array, inducing: Array, steady: bool) -> tuple[Array, Array, Array, Array]:
    """A unit of the function, the noise in it, the Cholesky factor of K_mm in it, and the jitter in its square."""
    half = scaling.power_of_two(jnp.sqrt(jnp.max(kernels.diagonal(kernel, inducing))))
    noise = jnp.sqrt(noise_variance) / half
    covariance = kernels.matrix(kernel, inducing, inducing) * (1 / half) * (1 / half)
    always = jnp.zeros((), covariance.dtype)
    if steady:
        rounding = len(inducing) ** 0.5 * float(jnp.finfo(covariance.dtype).eps)
        always = STEADY * rounding * lax.stop_gradient(jnp.mean(jnp.diagonal(covariance)))
    root, added = jitter.cholesky(covariance + always * jnp.eye(len(inducing), dtype=covariance.dtype))
    return half, noise, root, always + added


def _blocks(x: Array, y: Array, m: int) -> tuple[Array, Array, Array]:
    """Rows of x and y in blocks, and 1 for those that are not there to fill the last one."""
    n = len(x)
    size = min(n, max(LEAST, BLOCK * m))
    count = -(-n // size)
    fill = count * size - n
    present = jnp.pad(jnp.ones(n, x.dtype), (0, fill))
    padded = jnp.pad(x, ((0, fill), (0, 0)), mode="edge"), jnp.pad(y, (0, fill)), present
    return jax.tree.map(lambda a: a.reshape(count, size, *a.shape[1:]), padded)


def _whitened(
    part: tuple[Array, Array, Array], kernel: Kernel, units: tuple[Array, Array, Array, Array], inducing: Array
) -> tuple[Array, Array, Array]:
    """A, y / s and k(x, x) / s^2 of a block."""
    (x, y, here), (half, noise, root, _) = part, units
    cross = kernels.matrix(kernel, inducing, x) * (1 / half) * (1 / half)
    a = solve_triangular(root, cross, lower=True) * (here / noise)
    variance = kernels.diagonal(kernel, x) * (1 / half) * (1 / half) / noise / noise
    return a, y * (1 / half) / noise, variance * here
