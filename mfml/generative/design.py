r"""Inverse design of alloys: recipes for a target property. Shapes: n recipes, 8 features as in `mfml.data.alloys`.

A model of p(recipe | property) is trained on alloys whose property is known. Asked with a target, it proposes recipes.
What they are worth is judged by the physical model that the data come from, which the generator has never seen.

Any number a model makes is a possible recipe, since it works in free coordinates:

- composition: half of an alloy is copper; the other half is a composition of its own, in additive log-ratios to copper
  (`simplex`). So shares are not negative, add up to 1, and hold at least half copper. Amounts below 0.01 at.% count as
  absent.
- grain size, aging time and cold work: the logit of the place between their bounds, the first two on a logarithmic
  axis.

Source: Sanchez-Lengeling and Aspuru-Guzik (2018), Science 361 (inverse design); Aitchison (1982).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.data import alloys
from mfml.entrance import public
from mfml.generative import flow, simplex
from mfml.numerics import scaling
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked

PROPERTIES = {"strength": alloys.strength, "conductivity": alloys.conductivity}
LIMIT = 1e-4  # atomic fraction below which a solute counts as absent
N_SOLUTES = 5
LOW, HIGH = alloys.LOW[N_SOLUTES:], alloys.HIGH[N_SOLUTES:]
EDGE = 1e-3  # share of the way between bounds that counts as the bound: its logit would be infinite


class Judgment(NamedTuple):
    """What proposals are worth by the physical model."""

    property: Float[Array, " n"]  # in its unit: MPa, or MS/m
    error: Float[Array, " n"]  # relative to the target: |property - target| / target
    hits: Float[Array, ""]  # share of proposals within the tolerance
    familiar: Float[Array, ""]  # share within the ranges of the data; beyond, the physical model extrapolates


@public
def coordinates(x: Float[Array, "n 8"], *, key: Key[Array, ""]) -> Float[Array, "n 8"]:
    """Free coordinates of recipes; the key draws amounts for solutes that are absent, see `simplex.present`.

    Processing outside of the bounds counts as on them, and so does copper at 50 at.%.

    Raises:
        ValueError: unless x has 8 columns, no amounts are known and negative, and at least half is copper (NaN for
            traced ones).

    Source: Aitchison (1982).

    >>> x = jnp.array([[12.5, 12.5, 0.0, 0.0, 0.0, 50.0, 1.0, 0.5]])
    >>> coordinates(x, key=jax.random.key(0)).shape
    (1, 8)
    """
    possible = ~jnp.isnan(alloys.strength(x))  # known recipes that are not possible are refused there
    return _coordinates(jnp.where(possible[:, None], x, jnp.nan), key)


@public
@jax.jit
def recipes(z: Float[Array, "n 8"]) -> Float[Array, "n 8"]:
    """Recipes with these coordinates, columns and units as in `mfml.data.alloys`; any finite z gives a possible one.

    Raises:
        ValueError: unless z has 8 columns.

    >>> made = recipes(jnp.array([[0.0, 0.0, -9.0, -9.0, -9.0, 0.0, 0.0, 0.0]]))
    >>> [round(value, 2) for value in made[0].tolist()]
    [16.66, 16.66, 0.0, 0.0, 0.0, 22.36, 1.0, 0.5]
    """
    require.rank("z", z, 2)
    require.that(z.shape[1] == len(alloys.FEATURES), f"z must have 8 columns; found shape {z.shape}")
    half = 0.5 - 4 * float(jnp.finfo(z.dtype).eps)  # so that the sum of the solutes is not rounded to more than 1/2
    parts = half * simplex.composition(z[:, :N_SOLUTES])
    solutes = simplex.absent(parts.at[:, -1].add(1 - half), limit=LIMIT)[:, :-1]
    share = jax.nn.sigmoid(z[:, N_SOLUTES:])
    low, high = (jnp.asarray(end, z.dtype) for end in (LOW, HIGH))
    on_log = low * jnp.exp(share * jnp.log(high / jnp.where(low > 0, low, 1.0)))
    processing = jnp.where(low > 0, on_log, low + share * (high - low))
    return jnp.concatenate([100 * solutes, processing], axis=1)


@public
def fit(
    x: Float[Array, "n 8"],
    y: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    n_layers: int = 6,
    hidden: tuple[int, ...] = (64, 64),
    learning_rate: ArrayLike = 3e-3,
    batch_size: int | None = 256,
    n_steps: int = 1500,
) -> flow.Flow:
    """Train a flow for the density of recipes given a property: `flow.fit` on `coordinates`.

    Args:
        x: recipes.
        y: property of each.
        key: for the coordinates of absent solutes, the weights and the order of the samples.
        n_layers: of the flow; static.
        hidden: neurons of each hidden layer of each network; static.
        learning_rate: of the first step.
        batch_size: samples per step, at most n; None takes all; static.
        n_steps: number of steps; static.

    Raises:
        ValueError: as `coordinates` and `flow.fit`; unless there is one y per recipe.

    >>> data = alloys.simulate(key=jax.random.key(0), n_samples=20)
    >>> model = fit(data.x, data.strength, key=jax.random.key(1), n_layers=1, hidden=(4,), batch_size=5, n_steps=2)
    >>> model.history.shape
    (2,)
    """
    require.samples(x, y)
    for_absent, for_weights, for_order = jax.random.split(key, 3)
    z, condition = coordinates(x, key=for_absent), y[:, None]
    start = flow.init(z, key=for_weights, condition=condition, n_layers=n_layers, hidden=hidden)
    return flow.fit(
        z,
        key=for_order,
        init=start,
        condition=condition,
        learning_rate=learning_rate,
        batch_size=batch_size,
        n_steps=n_steps,
    )


@public
@partial(jax.jit, static_argnames="n_samples")
def propose(model: flow.Model, target: ArrayLike, *, key: Key[Array, ""], n_samples: int) -> Float[Array, "n 8"]:
    """Draw recipes for a target property; the number is static. Outside of the data's range a target asks for too much.

    Raises:
        ValueError: unless n_samples >= 1.

    >>> data = alloys.simulate(key=jax.random.key(0), n_samples=20)
    >>> model = fit(data.x, data.strength, key=jax.random.key(1), n_layers=1, hidden=(4,), batch_size=5, n_steps=2)
    >>> propose(model, 300.0, key=jax.random.key(2), n_samples=3).shape
    (3, 8)
    """
    condition = jnp.reshape(jnp.asarray(target, model.x_shift.dtype), (1, 1))
    return recipes(flow.sample(model, key=key, n_samples=n_samples, condition=condition))


@public
@checked(target=POSITIVE, tolerance=NON_NEGATIVE)
def judge(x: Float[Array, "n 8"], target: ArrayLike, *, kind: str = "strength", tolerance: ArrayLike = 0.1) -> Judgment:
    """Compute the property of recipes by the physical model, without noise, and compare it with the target.

    Judge recipes of the data, too: hits by chance are the baseline.

    Args:
        x: recipes.
        target: wanted property, in its unit.
        kind: "strength" (MPa) or "conductivity" (MS/m); static.
        tolerance: relative error that counts as a hit.

    Raises:
        ValueError: for an unknown kind, without a recipe, for recipes that are not possible, a target that is not
            positive, or a negative tolerance (NaN for traced ones).

    >>> found = judge(jnp.array([[0.0, 0, 0, 0, 0, 25, 1, 0]]), 60.0)
    >>> round(found.property.item()), round(found.error.item(), 2), found.hits.item(), found.familiar.item()
    (58, 0.03, 1.0, 1.0)
    """
    require.one_of("kind", kind, PROPERTIES)
    require.that(len(x) > 0, f"x must hold at least one recipe; found shape {x.shape}")
    found = PROPERTIES[kind](x)
    error = jnp.abs(found - target) / target
    inside = (x >= jnp.asarray(alloys.LOW, x.dtype)) & (x <= jnp.asarray(alloys.HIGH, x.dtype))
    hits, familiar = error <= tolerance, inside.all(axis=1)
    return Judgment(
        found,
        error,
        *(jnp.mean(jnp.where(jnp.isnan(error), jnp.nan, one.astype(error.dtype))) for one in (hits, familiar)),
    )


@jax.jit
def _coordinates(x: Array, key: Array) -> Array:
    solutes = x[:, :N_SOLUTES] / 100
    parts = jnp.concatenate([solutes, 1 - jnp.sum(solutes, axis=1, keepdims=True)], axis=1)
    parts = simplex.present(parts, key=key, limit=LIMIT)
    surplus = scaling.at_least(LIMIT, 2 * parts[:, -1:] - 1)
    ratios = simplex.log_ratios(jnp.concatenate([2 * parts[:, :-1], surplus], axis=1))
    low, high = (jnp.asarray(end, x.dtype) for end in (LOW, HIGH))
    processing = x[:, N_SOLUTES:]
    on_log = jnp.log(processing / jnp.where(low > 0, low, 1.0)) / jnp.log(high / jnp.where(low > 0, low, 0.5))
    share = jnp.where(low > 0, on_log, (processing - low) / (high - low))
    share = jnp.where(jnp.isnan(share), share, jnp.clip(share, EDGE, 1 - EDGE))
    return jnp.concatenate([ratios, jnp.log(share) - jnp.log1p(-share)], axis=1)
