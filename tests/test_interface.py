"""The law of the interface: every public function and result keeps it, and the law itself sees what breaks it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml.entrance import public
from tests import interface


def test_everything_public_keeps_the_law():
    assert not (found := interface.breaches()), "\n".join(map(str, ["", *found]))


def test_no_exemption_is_left_over():
    assert not interface.unused()


class Fitted(NamedTuple):
    """A result that has only a part of the report."""

    coef: Float[Array, " d"]
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]


@public
def fit(key: Key[Array, ""], x: Float[Array, "n d"], *, n_iter: int = 3) -> Fitted:
    """Take the key first."""


@public
def predict_proba(model: Fitted, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Return the second class only."""


@public
def step(x: Float[Array, "n d"], state: Float[Array, " d"]) -> Float[Array, " d"]:
    """Take the state last."""


@public
def mean(values: Float[Array, " n"], *, weight: Float[Array, " n"]) -> Float[Array, ""]:
    """Call the weights of the samples by another name."""


@public
def loss(y: Float[Array, " n"], prediction: Float[Array, " n"], delta: float | Float[Array, ""] = 1.0) -> Array:
    """Compare the wrong way round."""


def spread(x: Float[Array, " n"]) -> Float[Array, ""]:
    """Take whatever comes."""


RULES = {
    fit: {"the key is a keyword", "one name for each notion"},
    predict_proba: {"predict_proba has a column for each class"},
    mean: {"one name for each notion"},
    spread: {"arguments come through the entrance"},
    step: {"step takes the state first", "step returns the next state"},
    loss: {
        "what was computed comes before what it is compared with",
        "options are keywords",
        "traced numbers are ArrayLike",
    },
}


@pytest.mark.parametrize("function", RULES, ids=lambda f: f.__name__)
def test_a_breach_is_seen(function):
    found = {rule for rule, _ in interface.breaches_of_function(f"risk.losses.{function.__name__}", function)}
    assert found == RULES[function]


def test_a_jitted_function_is_seen_through():
    assert "key" in interface.signature(jax.jit(fit)).parameters


def test_an_incomplete_report_is_seen():
    assert [rule for rule, _ in interface.breaches_of_result("Fitted", Fitted)] == [
        "an iterative result ends with history, n_iter, converged, status"
    ]


@public
def good(model: Fitted, x: Float[Array, "m d"], *, key: Key[Array, ""], scale: ArrayLike = 1.0) -> Float[Array, " m"]:
    """Break no rule."""
    return jnp.zeros(len(x))


@public
def pointwise(x: Float[Array, "n h w c"], weight: Float[Array, "c k"]) -> Float[Array, "n h w k"]:
    """Apply a layer, which has one weight."""


@pytest.mark.parametrize(("where", "function"), [("regression.ols.predict", good), ("networks.layers.mix", pointwise)])
def test_what_is_right_is_let_through(where, function):
    assert not list(interface.breaches_of_function(where, function))


def test_the_table_shows_every_function():
    lines = "\n".join(interface.table())
    for where, _ in interface.functions():
        assert f"  {where.rsplit('.', 1)[1]}(" in lines
