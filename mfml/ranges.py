"""Numbers outside of the range in which a model means something.

What is known raises ValueError that names it. What is traced, within `jit`, `vmap` and `grad`, becomes NaN, which the
results inherit.
"""

from math import inf
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfml import require
from mfml.entrance import public


@public
def within(name: str, value: Any, low: float = -inf, high: float = inf, *, above: bool = False) -> Any:
    """Return numbers as they are, traced ones with NaN where they are not finite and from `low` to `high`.

    `above` leaves out `low` itself.

    Raises:
        ValueError: if the numbers are known and one is outside.

    >>> within("noise", 0.1, 0.0), jax.jit(lambda x: within("noise", x, 0.0))(-1.0).item()
    (0.1, nan)
    """
    if isinstance(value, jax.core.Tracer):
        sound = jnp.isfinite(value) & (value > low if above else value >= low) & (value <= high)
        return jnp.where(sound, value, jnp.nan)
    numbers = np.asarray(value, float)
    sound = np.isfinite(numbers) & (numbers > low if above else numbers >= low) & (numbers <= high)
    lower = "" if low == -inf else f" and above {low}" if above else f" and at least {low}"
    needed = f"finite{lower}{'' if high == inf else f' and at most {high}'}"
    require.that(bool(sound.all()), f"{name} must be {needed}; found {numbers[~sound][:1]}")
    return value
