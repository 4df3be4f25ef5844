r"""Structural causal models: what happens, what would happen after an intervention, and what would have happened.

A model is a tuple of variables, causes before effects. Each is a function of its parents plus noise of its own,

$$X_j = f_j(\mathrm{pa}(X_j)) + \epsilon_j.$$

An intervention do(X = x) replaces the mechanism of X by a value, and leaves all others as they are. The noise of a
variable depends on the key and on its place only: with the same key the same samples are seen with and without an
intervention. Shapes: n samples.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.arrays import as_float
from mfml.entrance import public
from mfml.explain import chains


class Variable(NamedTuple):
    """One variable of a model."""

    name: str
    parents: tuple[str, ...]
    mechanism: Callable[..., Array]  # of the parents, in their order: arrays (n,); without parents a constant
    noise_std: float = 1.0  # of the noise that is added, units of the variable
    draw: Callable[..., Array] = jax.random.normal  # of a key and a shape: noise of unit size


Model = tuple[Variable, ...]


@public
def simulate(
    model: Model, *, key: Key[Array, ""], n_samples: int, do: Mapping[str, ArrayLike] | None = None
) -> dict[str, Float[Array, " n"]]:
    """Draw samples, after an intervention if there is one.

    Args:
        model: variables, causes before effects; static.
        key: for the noise.
        n_samples: n; static.
        do: values of the variables that are set, one for all samples or one for each.

    Raises:
        ValueError: for an unknown variable, one that comes before its parent, two of one name, or n_samples < 1.

    Source: Pearl (2009), Causality, definition 7.1.1; Peters, Janzing and Schölkopf (2017), section 6.

    >>> model = (Variable("a", (), lambda: 1.0, 0.0), Variable("b", ("a",), lambda a: 2 * a, 0.0))
    >>> simulate(model, key=jax.random.key(0), n_samples=1, do={"a": 3.0})["b"].tolist()
    [6.0]
    """
    chains.check(model, do or ())
    require.positive("n_samples", n_samples)
    noise = {
        one.name: one.noise_std * one.draw(jax.random.fold_in(key, place), (n_samples,))
        for place, one in enumerate(model)
    }
    return _follow(model, noise, do or {}, n_samples)


@public
def counterfactual(
    model: Model, observed: Mapping[str, ArrayLike], *, do: Mapping[str, ArrayLike]
) -> dict[str, Float[Array, " n"]]:
    """What these samples would have been after an intervention: their own noise is kept (abduction).

    Args:
        model: variables, causes before effects; static.
        observed: values (n,) of all variables.
        do: values of the variables that are set.

    Raises:
        ValueError: for an unknown variable, one that was not observed, or one that comes before its parent.

    Source: Pearl (2009), Causality, theorem 7.1.7: abduction, action, prediction.

    >>> model = (Variable("a", (), lambda: 0.0), Variable("b", ("a",), lambda a: 2 * a))
    >>> counterfactual(model, {"a": jnp.array([1.0]), "b": jnp.array([2.5])}, do={"a": 2.0})[
    ...     "b"
    ... ].tolist()  # its noise is 0.5
    [4.5]
    """
    chains.check(model, do or ())
    missing = [one.name for one in model if one.name not in observed]
    require.that(not missing, f"observed lacks {', '.join(missing)}")
    values = {one.name: as_float(one.name, observed[one.name]) for one in model}
    n_samples = len(values[model[0].name])
    require.same_length(**values)
    noise = {one.name: values[one.name] - _mechanism(one, values, n_samples) for one in model}
    return _follow(model, noise, do, n_samples)


@public
def effect(
    model: Model,
    cause: str,
    outcome: str,
    *,
    key: Key[Array, ""],
    values: tuple[ArrayLike, ArrayLike] = (0.0, 1.0),
    n_samples: int = 1000,
) -> Float[Array, ""]:
    """Mean change of the outcome if the cause is set to the second value instead of the first, for the same samples.

    Raises:
        ValueError: for an unknown variable, one that comes before its parent, or n_samples < 1.

    Source: Pearl (2009), Causality, definition 3.2.1.

    >>> model = (Variable("a", (), lambda: 0.0), Variable("b", ("a",), lambda a: 2 * a))
    >>> effect(model, "a", "b", key=jax.random.key(0)).round(4).item()
    2.0
    """
    require.one_of("outcome", outcome, [one.name for one in model])
    first, second = (simulate(model, key=key, n_samples=n_samples, do={cause: value})[outcome] for value in values)
    return jnp.mean(second - first)


def _mechanism(one: Variable, values: Mapping[str, Array], n_samples: int) -> Array:
    return jnp.broadcast_to(jnp.asarray(one.mechanism(*(values[name] for name in one.parents))), (n_samples,))


def _follow(model: Model, noise: Mapping[str, Array], do: Mapping[str, ArrayLike], n: int) -> dict[str, Array]:
    values: dict[str, Array] = {}
    for one in model:
        if one.name in do:
            set_to = as_float(one.name, do[one.name])
            require.broadcasts(one.name, set_to, (n,))
            values[one.name] = jnp.broadcast_to(set_to, (n,))
        else:
            values[one.name] = _mechanism(one, values, n) + noise[one.name]
    return values
