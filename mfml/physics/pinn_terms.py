"""What a network is asked for: the equation, the conditions, the data. Each is a function of parameters and one row."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.physics import collocation, pinn_networks, problems
from mfml.physics.pinn_networks import Network
from mfml.physics.problems import Equation, Problem

Assemble = Callable[[PyTree], tuple[Network, Problem]]


class Asked(NamedTuple):
    """Terms of a loss, see `pinn_training.train`."""

    terms: tuple[Callable[[PyTree, PyTree], Array], ...]
    rows: tuple[PyTree, ...]
    kinds: tuple[str, ...]  # of each term: "equation", "condition" or "data"


@public
def solution(network: Network, problem: Problem) -> Callable[[Float[Array, " d"]], Float[Array, "*k"]]:
    """Return u as a function of one point, in working units: the network, or what `problem.hard` makes of it.

    >>> from mfml.physics import vibrations
    >>> problem = vibrations.oscillator()
    >>> network = pinn_networks.init(key=jax.random.key(0), low=problem.low, high=problem.high)
    >>> solution(network, problem)(jnp.zeros(1)).item()  # its initial displacement
    1.0
    """

    def u(x: Array) -> Array:
        z = pinn_networks.apply(network, x[None])[0].reshape(problem.size.shape)
        return z if problem.hard is None else problem.hard(z, x, problem.params)

    return u


@public
def asked(
    assemble: Assemble,
    problem: Problem,
    *,
    key: Key[Array, ""],
    x: Float[Array, "n d"] | None = None,
    y: Float[Array, "n *k"] | None = None,
    physics: bool = True,
    n_points: int = 512,
    n_conditions: int = 64,
    sampling: str = "sobol",
) -> Asked:
    """List the terms for a problem, and draw their points, in the unit cube.

    Args:
        assemble: returns the network and the problem for parameters; the problem may depend on them.
        problem: as it is at the start; with `hard` its conditions hold, and are left out.
        key: for the points.
        x: of data, in the caller's units; None without.
        y: of data.
        physics: False leaves out all but the data; static.
        n_points: static.
        n_conditions: static.
        sampling: see `collocation.draw`; static.

    Raises:
        ValueError: as `collocation.draw`.

    >>> from mfml.physics import vibrations
    >>> problem = vibrations.oscillator()._replace(hard=None)
    >>> network = pinn_networks.init(key=jax.random.key(0), low=problem.low, high=problem.high)
    >>> asked(lambda layers: (network._replace(layers=layers), problem), problem, key=jax.random.key(0)).kinds
    ('equation', 'condition')
    """
    check_data(problem, x, y)
    terms: list[Callable[[PyTree, PyTree], Array]] = []
    rows: list[PyTree] = []
    kinds: list[str] = []
    n_axes, dtype = len(problem.low), problem.low.dtype.type
    draw = partial(collocation.draw, n_axes=n_axes, kind=sampling, dtype=dtype)
    if physics:
        conditions = 0 if problem.hard is not None else len(_equations(problem)) - 1
        for i, one in enumerate(jax.random.split(key, conditions + 1)):
            n = n_points if i == 0 else n_conditions if n_axes > 1 else 1  # the face of an interval is a point
            terms.append(partial(_of_equation, assemble, i))
            rows.append(draw(key=one, n_points=n))
            kinds.append("condition" if i else "equation")
    if x is not None:
        terms.append(partial(_of_data, assemble, problem.size))
        rows.append((x.astype(dtype), jnp.asarray(y, dtype)))
        kinds.append("data")
    return Asked(tuple(terms), tuple(rows), tuple(kinds))


def _equations(problem: Problem) -> tuple[Equation, ...]:
    inside = Equation(problem.low, problem.high, problem.residual)
    return (inside, *problem.initial, *problem.boundary)


def _of_equation(assemble: Assemble, i: int, params: PyTree, share: Array) -> Array:
    network, problem = assemble(params)
    equation = _equations(problem)[i]
    x = equation.low + (equation.high - equation.low) * share
    return equation.residual(solution(network, problem), x, problem.params).reshape(-1)


def _of_data(assemble: Assemble, size: Array, params: PyTree, row: tuple[Array, Array]) -> Array:
    """Errors in units of the solution's size at the start, so that the scale of noise stays."""
    network, problem = assemble(params)
    x, y = row
    found = solution(network, problem)(x / problem.units) * (problem.size / size)
    return (found - y / size).reshape(-1)


@public
def check_data(problem: Problem, x: Float[Array, "n d"] | None, y: Float[Array, "n *k"] | None) -> None:
    """Require that data fit a problem.

    Raises:
        ValueError: for x without y, or shapes that do not fit.

    >>> from mfml.physics import vibrations
    >>> check_data(vibrations.oscillator(), jnp.zeros((3, 1)), jnp.zeros(3))
    """
    require.that((x is None) == (y is None), "x and y belong together; one of them is missing")
    if x is None or y is None:
        return
    problems.to_working(problem, x)
    if problem.size.ndim == 0:
        require.samples(x, y)
    else:
        require.same_length(x=x, y=y)
        require.that(
            y.shape[1:] == problem.size.shape, f"y must have {problem.size.shape} entries; found {y.shape[1:]}"
        )
