"""Many calls in one compiled function give what separate calls give that are not compiled."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.grading.run import bridge

X = np.array([3.0, -110.0, 100.0, 1e-30, 1e30, 0.0, -1.0, np.inf], np.float32)

# What XLA would otherwise simplify, so that compiled code overflows or rounds less than the same code by hand.
WRITTEN = {
    "log(exp(x))": lambda x: jnp.log(jnp.exp(x)),
    "log(exp(x) / 3)": lambda x: jnp.log(jnp.exp(x) / 3),
    "exp(x) ** 0.5": lambda x: jnp.exp(x) ** 0.5,
    "exp(x) exp(-x)": lambda x: jnp.exp(x) * jnp.exp(-x),
    "exp(x) / exp(x - 1)": lambda x: jnp.exp(x) / jnp.exp(x - 1),
    "log(x ** 20)": lambda x: jnp.log(x**20.0),
    "log(softmax(x))": lambda x: jnp.log(jax.nn.softmax(x)),
    "log(pdf(x))": lambda x: jnp.log(jax.scipy.stats.norm.pdf(x)),
    "sqrt(x ** 2)": lambda x: jnp.sqrt(x**2),
    "sqrt(x) ** 2": lambda x: jnp.sqrt(x) ** 2,
    "x / a * a": lambda x: x / 1e-30 * 1e-30,
    "x / a / b": lambda x: x / 1e-30 / 1e30,
    "x + a - a": lambda x: x + 1e8 - 1e8,
    "x * 0": lambda x: x * 0,
    "x - x": lambda x: x - x,
    "x / x": lambda x: x / x,
    "x * x + c": lambda x: x * x - 9.000001,  # in one rounding, if it were fused
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_compiled_is_not_made_more_stable(name):
    ((value, _),) = bridge.together([bridge.Call(WRITTEN[name], {"x": jnp.asarray(X)})])
    by_hand = WRITTEN[name](jnp.asarray(X))
    np.testing.assert_allclose(value, by_hand, rtol=3e-7, atol=0)  # x / a is x * (1 / a), one rounding off
