"""Checks of arguments: what they say, and that they say it at trace time."""

import jax
import jax.numpy as jnp
import pytest

from mfml import require

X = jnp.ones((5, 2))


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: require.rank("x", X, 1), r"x must have 1 axes; found shape \(5, 2\)"),
        (
            lambda: require.boolean("mask", X, where="it counts"),
            "mask must be boolean, True where it counts; found dtype f",
        ),
        (lambda: require.broadcasts("mask", X, (3, 2)), r"mask must broadcast to \(3, 2\); found shape \(5, 2\)"),
        (lambda: require.known(X > 1, "x must exceed 1"), "x must exceed 1"),
        (lambda: require.same_shape(x=X, y=X[0]), r"x \(5, 2\), y \(2,\)"),
        (lambda: require.same_length(x=X, y=X[0]), r"same length; found x \(5, 2\), y \(2,\)"),
        (
            lambda: require.same_length(x=(X, 1), mean=jnp.ones(3)),
            r"same length along axis 1 of x, axis 0 of mean; found x \(5, 2\), mean \(3,\)",
        ),
        (
            lambda: require.columns("x", X, 3),
            r"x must have 3 columns, as in the fit of the model; found shape \(5, 2\)",
        ),
        (lambda: require.columns("x", jnp.ones(()), 3), r"found shape \(\)"),
        (lambda: require.n_classes(jnp.array([0, 4]), 3), "below n_classes = 3; found 4"),
        (lambda: require.n_classes(jnp.array([0, -1]), None), "must be the integers 0, 1, ...; found -1"),
        (lambda: require.n_classes(jnp.array([], int), None), "at least one label"),
        (lambda: require.n_classes(jnp.array([0.0, 1.5]), None), r"must be the integers 0, 1, ...; found \[1.5\]"),
        (lambda: require.n_classes(jnp.array([0.0, jnp.inf]), None), r"must be the integers 0, 1, ...; found \[inf\]"),
        (lambda: require.rule_or_values("init", "c", ("a", "b"), (5, 2)), "init must be one of 'a', 'b'; found 'c'"),
        (
            lambda: require.rule_or_values("init", X.T, ("a",), (5, 2)),
            r"'a', or values of shape \(5, 2\); found \(2, 5\)",
        ),
        (lambda: require.rule_or_values("init", 3, ("a",), (5, 2)), r"values of shape \(5, 2\); found int"),
        (lambda: require.samples(X, jnp.ones(5), jnp.ones((5, 1))), r"weights must have 1 axes; found shape \(5, 1\)"),
        (lambda: require.samples(X, jnp.ones(5), jnp.ones(4)), r"same length; found x \(5, 2\), .* weights \(4,\)"),
        (lambda: require.n_classes(["Al", "Cu"], None), "must be the integers 0, 1, ...; found dtype <U2"),
        (lambda: require.n_classes(jnp.array([0, 1]), 0), "n_classes must be positive; found 0"),
        (lambda: jax.jit(lambda y: require.n_classes(y, None))(jnp.array([0])), "give n_classes within jit"),
    ],
)
def test_bad_arguments_are_named(check, message):
    with pytest.raises(ValueError, match=message):
        check()


def test_good_arguments_pass():
    require.same_length(x=(X, 1), mean=jnp.ones(2))
    require.same_length(x=(X, -1), y=(X, 1))
    require.same_length(x=X, weights=None)
    require.same_shape(x=X, weights=None)
    require.samples(X, jnp.ones(len(X)), None)
    require.columns("x", X, 2)
    assert not require.rule_or_values("init", "a", ("a", "b"), (5, 2))
    assert require.rule_or_values("init", X, ("a", "b"), (5, 2))
    assert require.n_classes(jnp.array([0, 2, 1]), None) == 3
    assert require.n_classes(jnp.array([0, 0]), None) == 2
    assert require.n_classes(jnp.array([0, 1]), 4) == 4
    assert jax.jit(lambda y: y + require.n_classes(y, 3))(jnp.array([0])).tolist() == [3]
