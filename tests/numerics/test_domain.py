"""Values outside of a domain: refused by name where they are known, NaN where they are traced."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, SHARE, checked


@checked(weights=NON_NEGATIVE, C=POSITIVE, share=SHARE)
def total(x, *, weights=None, C=1.0, share=0.5):
    return jnp.sum(x if weights is None else weights * x) / C * share


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"weights": jnp.array([1.0, -2.0])}, r"^weights must not be negative; found -2\.0$"),
        ({"C": 0}, "^C must be positive; found 0$"),
        ({"share": np.float32(1.5)}, r"^share must be between 0 and 1; found 1\.5$"),
    ],
)
def test_known_values_outside_are_refused_by_name(broken, told):
    with pytest.raises(ValueError, match=told):
        total(jnp.ones(2), **broken)


def test_traced_values_outside_become_nan_and_those_inside_stay():
    value = jax.jit(lambda c: total(jnp.ones(2), C=c))
    assert jnp.isnan(value(-1.0))
    assert value(2.0) == 0.5


def test_missing_values_and_arguments_left_out_pass():
    assert jnp.isnan(total(jnp.ones(2), weights=jnp.array([jnp.nan, 1.0])))
    assert total(jnp.ones(2), weights=None, C=jnp.inf) == 0


def test_arguments_given_by_place_are_read_too():
    with pytest.raises(ValueError, match=r"^x must be positive; found -1"):
        checked(x=POSITIVE)(lambda x: x)(-1)
