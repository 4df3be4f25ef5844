r"""Problems of equilibrium: Poisson's equation on a plate, an elastic bar under its weight, and plane strain."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import POSITIVE, between, checked
from mfml.numerics.precision import common
from mfml.physics import operators
from mfml.physics.fields import held, series_size
from mfml.physics.problems import Problem, define, on_face

BELOW_HALF = between(0.0, 0.499)


@public
@checked(conductivity=POSITIVE, length=POSITIVE, width=POSITIVE)
@jax.jit
def poisson(
    *,
    conductivity: ArrayLike = 1.0,
    length: ArrayLike = 1.0,
    width: ArrayLike = 1.0,
    source: Float[Array, "p q"] | None = None,
) -> Problem:
    r"""Steady heat in a plate whose edges are held at 0: $-\kappa (u_{xx} + u_{yy}) = q$; coordinates (x, y).

    The source is $q = \sum_{ij} q_{ij} \sin(i \pi x / L) \sin(j \pi y / W)$, with the single $q_{11} = 1$ by default.
    So is the solution, with $u_{ij} = q_{ij} / (\kappa \pi^2 (i^2 / L^2 + j^2 / W^2))$. Conductivity in W/(m K), length
    and width in m, source in W/m3, u in K.

    Raises:
        ValueError: unless conductivity, length and width are positive, and source has two axes.

    Source: Evans (2010), section 2.2.

    >>> from mfml.physics import problems
    >>> print(problems.exact(poisson(), jnp.array([[0.5, 0.5]])).round(4))  # 1 / (2 pi^2)
    [0.0507]
    """
    conductivity, length, width, source = common(conductivity, length, width, [[1.0]] if source is None else source)
    require.rank("source", source, 2)
    strength, aspect = series_size(source), length / width
    low, high = jnp.zeros(2, length.dtype), jnp.ones(2, length.dtype)
    stretch = 1 / (1 + aspect**2)
    return define(
        _poisson,
        low=low,
        high=high,
        params={"source": source / strength, "along": stretch, "across": aspect**2 * stretch},
        boundary=held(low=low, high=high, axes=(0, 1)),
        exact=_poisson_exact,
        hard=_held_hard,
        units=jnp.stack([length, width]),
        size=strength * length / conductivity * length * stretch,
    )


def _waves(x, source):
    """Sine series in two coordinates: the factors of its terms, and the squares of their wave numbers."""
    p, q = source.shape
    i, j = jnp.arange(1, p + 1), jnp.arange(1, q + 1)
    return jnp.sin(jnp.pi * i * x[0])[:, None] * jnp.sin(jnp.pi * j * x[1]), i[:, None] ** 2, j**2


def _poisson(u, x, params):
    bent = [operators.partial_derivative(u, x, axis=axis, order=2) for axis in (0, 1)]
    terms = _waves(x, params["source"])[0]
    return params["along"] * bent[0] + params["across"] * bent[1] + jnp.sum(params["source"] * terms)


def _poisson_exact(x, params):
    terms, i2, j2 = _waves(x, params["source"])
    return jnp.sum(params["source"] * terms / (jnp.pi**2 * (params["along"] * i2 + params["across"] * j2)))


def _held_hard(z, x, params):
    return 16 * x[0] * (1 - x[0]) * x[1] * (1 - x[1]) * z


@public
@checked(modulus=POSITIVE, length=POSITIVE)
@jax.jit
def bar(
    *, modulus: ArrayLike = 1.0, length: ArrayLike = 1.0, force: ArrayLike = 1.0, traction: ArrayLike = 0.0
) -> Problem:
    r"""Elastic bar $E u'' + b = 0$, held at x = 0 and pulled by the traction p at x = L; one coordinate, x.

    The exact displacement is $u = (p x + b (L x - x^2 / 2)) / E$. Modulus E in Pa, body force b in N/m3
    (density times 9.81 m/s2 for a hanging bar), traction in Pa, length and u in m.

    Raises:
        ValueError: unless modulus and length are positive.

    Source: Timoshenko and Goodier (1970), section 92.

    >>> from mfml.physics import problems
    >>> hanging = bar(modulus=210e9, force=7850 * 9.81, length=10.0)
    >>> print((problems.exact(hanging, jnp.array([[10.0]])) * 1e6).round(2))  # micrometers
    [18.34]
    """
    modulus, length, force, traction = common(modulus, length, force, traction)
    weight = force * length
    stress = jnp.abs(weight) + jnp.abs(traction)
    stress = jnp.where(stress == 0, 1.0, stress)
    low, high = jnp.zeros(1, length.dtype), jnp.ones(1, length.dtype)
    return define(
        _bar,
        low=low,
        high=high,
        params={"weight": weight / stress, "traction": traction / stress},
        boundary=(*held(low=low, high=high, axes=(0,))[:1], on_face(_pulled, low=low, high=high, axis=0, upper=True)),
        exact=_bar_exact,
        units=length[None],
        size=stress / modulus * length,
    )


def _bar(u, x, params):
    return operators.partial_derivative(u, x, axis=0, order=2) + params["weight"]


def _pulled(u, x, params):
    return operators.partial_derivative(u, x, axis=0) - params["traction"]


def _bar_exact(x, params):
    return params["traction"] * x[0] + params["weight"] * (x[0] - x[0] ** 2 / 2)


@public
@checked(modulus=POSITIVE, ratio=BELOW_HALF, length=POSITIVE)
@jax.jit
def plane_strain(
    *,
    modulus: ArrayLike = 1.0,
    ratio: ArrayLike = 0.3,
    length: ArrayLike = 1.0,
    displacement: ArrayLike = 1.0,
) -> Problem:
    r"""Elastic square in plane strain whose edges are held: $\nabla \cdot \sigma + b = 0$; coordinates (x, y).

    With $\epsilon = (\nabla u + \nabla u^\top) / 2$ the stress is $\sigma = \lambda \,\mathrm{tr}(\epsilon) I + 2 \mu
    \epsilon$, where $\lambda = E \nu / ((1 + \nu)(1 - 2 \nu))$ and $\mu = E / (2 (1 + \nu))$. The solution has two
    entries and is chosen,
    $u = A (\sin \pi x \sin \pi y,\; \sin \pi x \sin 2 \pi y)$ in units of the length L, and the body force b follows
    from it. Modulus E in Pa, Poisson's ratio from 0 to 0.499, length and displacement A in m. The modulus changes the
    forces alone, so no other number depends on it.

    Raises:
        ValueError: unless modulus and length are positive, and the ratio is in its range.

    Source: Timoshenko and Goodier (1970), section 84; Haghighat et al. (2021).

    >>> from mfml.physics import problems
    >>> problems.exact(plane_strain(displacement=1e-3), jnp.array([[0.5, 0.5]])).shape
    (1, 2)
    """
    modulus, ratio, length, displacement = common(modulus, ratio, length, displacement)
    low, high = jnp.zeros(2, length.dtype), jnp.ones(2, length.dtype)
    size = jnp.where(displacement == 0, 1.0, displacement)
    shear = 1 / (2 * (1 + ratio))
    return define(
        _balance,
        low=low,
        high=high,
        params={"shear": shear, "lame": 2 * shear * ratio / (1 - 2 * ratio), "scale": displacement / size},
        boundary=held(low=low, high=high, axes=(0, 1)),
        exact=_strain_exact,
        hard=_held_hard,
        units=jnp.stack([length, length]),
        size=jnp.stack([size, size]),
    )


def _stress(u, x, params):
    slopes = operators.jacobian(u, x)
    strain = (slopes + slopes.T) / 2
    return params["lame"] * jnp.trace(strain) * jnp.eye(2, dtype=x.dtype) + 2 * params["shear"] * strain


def _balance(u, x, params):
    """Both forces, the load being that of the chosen solution."""

    def difference(point):
        return u(point) - _strain_exact(point, params)

    return operators.divergence(lambda point: _stress(difference, point, params), x)


def _strain_exact(x, params):
    across = jnp.sin(jnp.pi * x[0])
    return params["scale"] * across * jnp.stack([jnp.sin(jnp.pi * x[1]), jnp.sin(2 * jnp.pi * x[1])])
