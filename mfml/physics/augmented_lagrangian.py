r"""Augmented Lagrangian: constraints held exactly, at a finite weight.

$$\min_x f(x) + \lambda \cdot h(x) + \frac{w}{2} |h(x)|^2
  + \frac{1}{2w} \sum_i \left( \max(\mu_i + w g_i(x), 0)^2 - \mu_i^2 \right)$$

After each minimization $\lambda \leftarrow \lambda + w h$ and $\mu \leftarrow \max(\mu + w g, 0)$. The multipliers take
over the push that a penalty gets from a broken constraint, so the weight need not grow without end.
"""

from jax.typing import ArrayLike
from jaxtyping import PyTree

from mfml.entrance import public
from mfml.physics import constrained
from mfml.physics.constrained import Function, Solution


@public
def minimize(
    objective: Function,
    init: PyTree,
    *,
    equality: Function | None = None,
    inequality: Function | None = None,
    data: PyTree | None = None,
    penalty: ArrayLike = 10.0,
    growth: ArrayLike = 10.0,
    max_iter: int = 50,
    tol: ArrayLike = 1e-4,
) -> Solution:
    r"""Minimize f under h = 0 and g <= 0 by updates of multipliers.

    Each step minimizes the function above by Newton's method. It forms the Hessian, so use it for tens of parameters.
    The weight grows where the violation does not fall to a quarter. It finds a local point of Karush, Kuhn and Tucker
    near the start, which need not be the global minimum. Where constraints contradict each other, the violation stays,
    and so `converged` is False. The result has no reverse-mode derivative. That of the optimum is in the multipliers:
    it changes by $-\lambda_i$ per unit of $b_i$ where $h_i = a_i(x) - b_i$, and by $-\mu_i$ for $g_i = a_i(x) - b_i$.

    Args:
        objective: f, twice differentiable, of the parameters (and of the data); returns one number; static. Define
            it once, outside of loops: another function object compiles again.
        init: parameters at the start: a pytree of numbers. They need not fulfill the constraints.
        equality: h; returns a number or an array; static. None: there are none.
        inequality: g, as h.
        data: second argument of all functions, a pytree of arrays, such as bounds. None: they take the parameters
            alone.
        penalty: weight w at the start, in the problem's own units: slopes of f and of each constraint are near 1 there.
        growth: factor of the weight, at least 1.
        max_iter: number of minimizations; static.
        tol: relative; see the fields of `constrained.Solution`.

    Raises:
        ValueError: unless f returns a number, for options out of range, and unless max_iter >= 1.

    Source: Bertsekas (1982), Constrained Optimization and Lagrange Multiplier Methods, chapters 2 and 3; Nocedal and
    Wright (2006), Numerical Optimization, framework 17.3.

    >>> import jax.numpy as jnp
    >>> found = minimize(lambda x: jnp.sum((x - 2) ** 2), jnp.zeros(2), inequality=lambda x: x[0] - 1)
    >>> found.params.round(3).tolist(), found.inequality_multipliers.round(2).tolist()
    ([1.0, 2.0], [2.0])
    """
    return constrained.solve(
        objective,
        init,
        equality=equality,
        inequality=inequality,
        data=data,
        updates=True,
        penalty=penalty,
        growth=growth,
        max_iter=max_iter,
        tol=tol,
    )
