r"""Flow matching: a network learns the velocity that carries noise along straight lines to data.

A sample x and noise $\epsilon$ are joined by the line $x_s = (1 - s)\, \epsilon + s\, x$, $0 \le s \le 1$. Its velocity
is $x - \epsilon$. The network learns the mean velocity at each place and time, and samples follow it from s = 0 to 1 by
an ordinary differential equation (rectified flow). The equation also has a likelihood: the logarithm of the density
changes along the path by the divergence of the velocity.

A network is any function `predict(x, s)` of samples (n, ...) and times (n,) between 0 and 1. Shapes: n samples.

Source: Lipman et al. (2023); Liu, Gong and Liu (2023), rectified flow.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import SHARE, checked
from mfml.xla.rewrite import with_fast_convolutions

Predict = Callable[[Float[Array, "n *shape"], Float[Array, " n"]], Float[Array, "n *shape"]]
SOLVERS = ("euler", "heun")


@public
@checked(s=SHARE)
def loss(
    predict: Predict, x: Float[Array, "n *shape"], s: Float[Array, " n"], noise: Float[Array, "n *shape"]
) -> Float[Array, ""]:
    r"""Mean square of the velocity's error, $\mathrm{mean}\,(\hat v(x_s, s) - (x - \epsilon))^2$.

    Raises:
        ValueError: unless x and noise have one shape, there is a sample, and each has a time from 0 to 1 (NaN where it
            is traced and outside).

    Source: Lipman et al. (2023), equation 23, with $\sigma_{\min} = 0$.

    >>> loss(lambda x, s: 0 * x, jnp.ones((2, 1)), jnp.array([0.0, 0.5]), jnp.array([[3.0], [1.0]])).item()
    2.0
    """
    require.same_shape(x=x, noise=noise)
    require.rank("s", s, 1)
    require.same_length(x=x, s=s)
    require.that(x.size > 0, f"x must hold at least one sample; found shape {x.shape}")
    along = s.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    guess = predict((1 - along) * noise + along * x, s)
    require.same_shape(x=x, guess=guess)
    return jnp.mean((guess - (x - noise)) ** 2)


@public
def sample(
    predict: Predict, noise: Float[Array, "n *shape"], *, n_steps: int = 50, solver: str = "heun"
) -> Float[Array, "n *shape"]:
    """Carry noise from N(0, 1) to data, in equal steps. The same noise gives the same samples.

    "euler" calls the network once a step, "heun" twice; its error falls with the square of the step. Both options are
    static.

    Raises:
        ValueError: for n_steps < 1, an unknown solver, or a guess that has not the shape of the noise.

    >>> sample(lambda x, s: jnp.ones_like(x), jnp.zeros((1, 1)), n_steps=4).tolist()
    [[1.0]]
    """
    require.positive("n_steps", n_steps)
    require.one_of("solver", solver, SOLVERS)
    return _walk(_at_all(with_fast_convolutions(predict), len(noise)), noise, 0.0, 1.0, n_steps, solver)


@public
def log_prob(
    predict: Predict,
    x: Float[Array, "n *shape"],
    *,
    n_steps: int = 50,
    key: Key[Array, ""] | None = None,
    n_probes: int = 1,
) -> Float[Array, " n"]:
    r"""Log-density of samples under the flow, in nats.

    $$\ln p(x) = \ln N(x_0;\, 0, I) - \int_0^1 \nabla \cdot \hat v(x_s, s)\, ds$$

    where $x_s$ follows the equation back from x, in `n_steps` of Heun. Without a key the divergence is exact, which
    takes as many derivatives as a sample has entries. With a key it is estimated with random signs (Hutchinson), the
    same along the whole path; the estimate has no bias apart from the steps. The network must treat each sample by
    itself. n_steps and n_probes are static.

    Raises:
        ValueError: for n_steps or n_probes < 1, without a sample, or for a guess that has not the shape of x.

    Source: Chen et al. (2018), section 4; Grathwohl et al. (2019), the estimate.

    >>> still = lambda x, s: 0 * x
    >>> round(log_prob(still, jnp.zeros((1, 2))).item(), 4)
    -1.8379
    """
    require.positive("n_steps", n_steps)
    require.positive("n_probes", n_probes)
    require.that(x.size > 0, f"x must hold at least one sample; found shape {x.shape}")
    field, size = _at_all(predict, len(x)), math.prod(x.shape[1:])
    if key is None:
        probes = jnp.repeat(jnp.eye(size, dtype=x.dtype)[:, None], len(x), axis=1)
    else:
        probes = jax.random.rademacher(key, (n_probes, len(x), size), x.dtype)
    probes = probes.reshape(-1, *x.shape)

    def both(state: tuple[Array, Array], s: Array) -> tuple[Array, Array]:
        velocity, forward = jax.linearize(lambda x: field(x, s), state[0])
        traces = jnp.sum((jax.vmap(forward)(probes) * probes).reshape(len(probes), len(x), size), axis=2)
        return velocity, jnp.sum(traces, axis=0) / (1 if key is None else n_probes)

    start, gained = _walk(both, (x, jnp.zeros(len(x), x.dtype)), 1.0, 0.0, n_steps, "heun")
    normal = -0.5 * jnp.sum(start.reshape(len(x), -1) ** 2, axis=1) - 0.5 * size * math.log(2 * math.pi)
    return normal + gained  # the walk goes back, so what it gains is minus the integral


def _at_all(predict: Predict, n: int) -> Callable[[Array, Array], Array]:
    """The velocity of all samples at one time."""

    def velocity(x: Array, s: Array) -> Array:
        guess = predict(x, jnp.full(n, s))
        require.same_shape(x=x, guess=guess)
        return guess.astype(x.dtype)

    return velocity


def _walk(field: Callable, state: Any, begin: float, end: float, n_steps: int, solver: str) -> Any:
    """Follow a field from one time to another in equal steps."""
    width = (end - begin) / n_steps

    def moved(state: Any, slope: Any) -> Any:
        return jax.tree.map(lambda x, v: x + width * v, state, slope)

    def advance(state: Any, number: Array) -> tuple[Any, None]:
        s = begin + width * number
        first = field(state, s)
        if solver == "euler":
            return moved(state, first), None
        second = field(moved(state, first), s + width)
        return moved(state, jax.tree.map(lambda a, b: (a + b) / 2, first, second)), None

    dtype = jax.tree.leaves(state)[0].dtype
    return lax.scan(advance, state, jnp.arange(n_steps, dtype=dtype))[0]
