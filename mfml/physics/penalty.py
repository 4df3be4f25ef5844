r"""Penalties: constraints as terms of the loss. They are simple, approximate, and stiff.

$$\min_x f(x) + \frac{w}{2} \left( \sum_i h_i(x)^2 + \sum_i \max(g_i(x), 0)^2 \right)$$

For a finite weight the minimum breaks active constraints a little, $h \approx \lambda / w$: the constraint has to be
broken to push. The error falls like 1/w, while the condition of the Hessian grows like w. Physics-informed losses are
of this kind. `augmented_lagrangian` is exact at a finite weight.
"""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import POSITIVE, checked
from mfml.physics import constrained
from mfml.physics.constrained import Function, Solution


@public
@checked(penalty=POSITIVE)
def loss(
    objective: Function,
    params: PyTree,
    *,
    equality: Function | None = None,
    inequality: Function | None = None,
    data: PyTree | None = None,
    penalty: ArrayLike = 1.0,
) -> Float[Array, ""]:
    """Return f with the penalty, for any optimizer.

    Arguments are as in `constrained.solve`, but the weight has units of the caller: those of f over those of h squared.

    Raises:
        ValueError: unless f returns a number, or for a weight that is not positive (NaN where it is traced).

    Source: Nocedal and Wright (2006), Numerical Optimization, section 17.1.

    >>> loss(jnp.sum, jnp.array([1.0, 2.0]), equality=lambda x: x[0] - 3, penalty=0.5).item()
    4.0
    """
    more = () if data is None else (data,)
    found = jnp.asarray(objective(params, *more))
    require.that(found.shape == (), f"objective must return a number; found shape {found.shape}")
    broken = [] if equality is None else [jnp.asarray(equality(params, *more))]
    broken += [] if inequality is None else [jnp.maximum(jnp.asarray(inequality(params, *more)), 0.0)]
    return found + penalty / 2 * sum(jnp.sum(c**2) for c in broken)


@public
def minimize(
    objective: Function,
    init: PyTree,
    *,
    equality: Function | None = None,
    inequality: Function | None = None,
    data: PyTree | None = None,
    penalty: ArrayLike = 1.0,
    growth: ArrayLike = 10.0,
    max_iter: int = 6,
    tol: ArrayLike = 1e-3,
) -> Solution:
    r"""Minimize for weights w, w times `growth`, ..., each from the last minimum, until both measures are small.

    A large weight from the start would make a narrow curved valley of the feasible set. With one step (`max_iter=1`)
    the result is the minimum for a single weight. Multipliers are estimated as $w h$ and $w \max(g, 0)$. In single
    precision, rounding of h times w reaches 1e-3 at a weight of about 1e4: a smaller `tol` needs double precision.

    Args:
        objective: f, twice differentiable, of the parameters (and of the data); returns one number; static.
        init: parameters at the start: a pytree of numbers.
        equality: h; returns a number or an array; static. None: there are none.
        inequality: g, as h.
        data: second argument of all functions, a pytree of arrays. None: they take the parameters alone.
        penalty: weight w at the start, in the problem's own units: slopes of f and of each constraint are near 1 there.
        growth: factor of the weight, at least 1.
        max_iter: number of weights; static.
        tol: relative; see the fields of `constrained.Solution`.

    Raises:
        ValueError: unless f returns a number, for options out of range, and unless max_iter >= 1.

    Source: Nocedal and Wright (2006), Numerical Optimization, framework 17.1.

    >>> found = minimize(lambda x: jnp.sum(x**2), jnp.zeros(2), equality=lambda x: x[0] + x[1] - 2)
    >>> found.params.round(2).tolist()
    [1.0, 1.0]
    """
    return constrained.solve(
        objective,
        init,
        equality=equality,
        inequality=inequality,
        data=data,
        updates=False,
        penalty=penalty,
        growth=growth,
        max_iter=max_iter,
        tol=tol,
    )
