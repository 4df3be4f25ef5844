r"""Effects of a treatment from observed data: back-door adjustment, and what an unobserved confounder would change.

Shapes: n samples, s strata, p confounders. A confounder Z influences both the treatment T and the outcome Y. Where all
of them are known, and each kind of sample got both treatments, the effect of an intervention is

$$E[Y \mid do(T = t)] = \sum_z P(z)\, E[Y \mid T = t, Z = z].$$
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, between, checked
from mfml.numerics.scaling import power_of_two, ratio
from mfml.regression import ols


class Adjusted(NamedTuple):
    """Effect of a treatment, before and after adjustment, in units of y."""

    effect: Float[Array, ""]  # adjusted; NaN if a stratum has samples of one kind only
    crude: Float[Array, ""]  # difference of the means of treated and untreated samples
    of_strata: Float[Array, " s"]  # the difference within each stratum
    share: Float[Array, " s"]  # P(z)


class Linear(NamedTuple):
    """Coefficient of a treatment in a linear regression."""

    effect: Float[Array, ""]  # units of y over those of the treatment
    standard_error: Float[Array, ""]  # the same units
    df: Float[Array, ""]  # degrees of freedom, n - p - 2


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="n_strata")
def back_door(
    y: Float[Array, " n"],
    treatment: Int[Array, " n"],
    strata: Int[Array, " n"],
    *,
    n_strata: int,
    weights: Float[Array, " n"] | None = None,
) -> Adjusted:
    r"""Average the difference between treated and untreated samples over the strata of a discrete confounder.

    Args:
        y: outcomes.
        treatment: 1 for treated samples, 0 for others.
        strata: value of the confounder, or of a combination of several, from 0 to n_strata - 1. Another one belongs to
            none.
        n_strata: s; static.
        weights: how often each row was observed.

    Raises:
        ValueError: unless all have the same length, n_strata >= 1, and no weight is negative (NaN for a traced one).

    Source: Pearl (2009), Causality, section 3.3; the example of kidney stones: Charig et al. (1986).

    >>> number = [81, 6, 192, 71, 234, 36, 55, 25]  # healed or not: small and large stones, by two treatments
    >>> treatment, large = [1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 1, 1] * 2
    >>> found = back_door([1, 0] * 4, treatment, large, n_strata=2, weights=number)
    >>> round(found.crude.item(), 4), round(found.effect.item(), 4)
    (-0.0457, 0.0537)
    """
    require.rank("y", y, 1)
    require.positive("n_strata", n_strata)
    require.same_length(y=y, treatment=treatment, strata=strata, weights=weights)
    count = jnp.ones_like(y) if weights is None else weights.astype(y.dtype)
    count = count / power_of_two(jnp.max(count, initial=0.0))  # only their ratios count
    known = (strata >= 0) & (strata < n_strata) & ((treatment == 0) | (treatment == 1)) & ~(count == 0)
    y = jnp.where(known, y, 0.0)  # whoever does not count may hold anything
    cell = jnp.where(known, 2 * strata + treatment, -1)
    near = sums.mean(y)
    table = jnp.stack([count, count * (y - near)], axis=1)
    number, total = sums.by_label(table, cell, n_labels=2 * n_strata).reshape(n_strata, 2, 2).transpose(2, 0, 1)
    of_strata = _difference(total, number)
    share = number.sum(axis=1) / number.sum()
    effect = jnp.sum(jnp.where(share == 0, 0.0, share * of_strata))  # NaN where nobody belongs to a stratum
    return Adjusted(effect, _difference(total.sum(axis=0), number.sum(axis=0)), of_strata, share)


def _difference(total: Array, number: Array) -> Array:
    """Mean of the treated minus that of the others; the last axis has the others first."""
    mean = jnp.where(number > 0, ratio(total, jnp.where(number > 0, number, 1.0)), jnp.nan)
    return mean[..., 1] - mean[..., 0]


@public
@jax.jit
def linear(y: Float[Array, " n"], treatment: Float[Array, " n"], confounders: Float[Array, "n p"]) -> Linear:
    r"""Coefficient of the treatment in a least-squares fit of y on treatment, confounders and a constant.

    It is the effect if y is linear in all of them, and no confounder is missing. It is computed from what the
    confounders do not explain of both: $\tilde y = \tau \tilde t$ (Frisch, Waugh and Lovell). NaN where the confounders
    determine the treatment: then the data do not say what it does.

    Raises:
        ValueError: unless all have the same length n, and n > p + 2.

    Source: Angrist and Pischke (2009), section 3.1.2; Cinelli and Hazlett (2020).

    >>> t, z = jnp.array([0.0, 1.0, 0.0, 1.0, 2.0]), jnp.array([[0.0], [1.0], [2.0], [3.0], [1.0]])
    >>> round(linear(2 * t + 3 * z[:, 0], t, z).effect.item(), 4)
    2.0
    """
    require.rank("confounders", confounders, 2)
    require.same_length(y=y, treatment=treatment, confounders=confounders)
    n, p = confounders.shape
    require.that(n > p + 2, f"{n} samples are too few for {p} confounders: more than {p + 2} are needed")

    def rest(of: Array) -> Array:
        of = of - sums.mean(of)
        if p == 0:
            return of
        return of - ols.predict(ols.fit(confounders, of, solver="svd"), confounders)  # repeated columns do no harm

    t, outcome = rest(treatment), rest(y)
    left = jnp.max(jnp.abs(t)) > 100 * jnp.finfo(y.dtype).eps * jnp.max(jnp.abs(treatment - sums.mean(treatment)))
    t = jnp.where(left, t, jnp.nan)
    t_unit, y_unit = (power_of_two(jnp.max(jnp.abs(part))) for part in (t, outcome))
    t, outcome = t / t_unit, outcome / y_unit
    square = jnp.sum(t**2)
    slope = jnp.sum(t * outcome) / square
    df = jnp.asarray(n - p - 2, y.dtype)
    error = jnp.sqrt(jnp.sum((outcome - slope * t) ** 2) / df / square)
    scale = ratio(y_unit, t_unit)
    return Linear(slope * scale, error * scale, df)


@public
@checked(r2_treatment=between(0.0, 1.0), r2_outcome=between(0.0, 1.0))
@jax.jit
def bias(found: Linear, *, r2_treatment: ArrayLike, r2_outcome: ArrayLike) -> Float[Array, ""]:
    r"""How far an unobserved confounder moves the effect at most, in its units.

    $$|\mathrm{bias}| = \mathrm{se} \sqrt{\mathrm{df}} \sqrt{\frac{R^2_{Y \sim Z} R^2_{T \sim Z}}{1 - R^2_{T \sim Z}}}$$

    Args:
        found: the adjusted effect.
        r2_treatment: share of the treatment's variance, left over by the confounders, that the unobserved one explains.
        r2_outcome: the same of the outcome's variance that treatment and confounders leave over.

    Raises:
        ValueError: unless both shares are between 0 and 1 (NaN for traced ones).

    Source: Cinelli and Hazlett (2020), Journal of the Royal Statistical Society B 82, 39, equation 11.

    >>> found = Linear(jnp.array(2.0), jnp.array(0.5), jnp.array(100.0))
    >>> bias(found, r2_treatment=0.5, r2_outcome=0.25).item()
    2.5
    """
    treated, outcome = jnp.asarray(r2_treatment, found.effect.dtype), jnp.asarray(r2_outcome, found.effect.dtype)
    return found.standard_error * jnp.sqrt(found.df) * jnp.sqrt(outcome * treated / (1 - treated))


@public
@checked(share=between(0.0, 1.0))
@jax.jit
def robustness(found: Linear, *, share: ArrayLike = 1.0) -> Float[Array, ""]:
    r"""How strong an unobserved confounder must be to take away a share q of the effect: the robustness value.

    $$\mathrm{RV} = \tfrac12 \left(\sqrt{f^4 + 4 f^2} - f^2\right), \qquad
    f = q\, |\tau| / (\mathrm{se} \sqrt{\mathrm{df}})$$

    One that explains this share of the variance left over of both, treatment and outcome, is strong enough.

    Raises:
        ValueError: unless the share is between 0 and 1 (NaN for a traced one).

    Source: Cinelli and Hazlett (2020), section 4.2.

    >>> found = Linear(jnp.array(2.0), jnp.array(0.5), jnp.array(16.0))
    >>> round(robustness(found).item(), 4)
    0.618
    """
    f = jnp.asarray(share, found.effect.dtype) * jnp.abs(found.effect) / (found.standard_error * jnp.sqrt(found.df))
    return 2 / (1 + jnp.sqrt(1 + 4 / f**2))


@public
@checked(risk_ratio=POSITIVE)
@jax.jit
def e_value(risk_ratio: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""How large both risk ratios of an unobserved confounder must be to explain away one that was observed.

    $E = r + \sqrt{r (r - 1)}$, with 1 / r in place of r below 1. Without an effect, r = 1, it is 1.

    Raises:
        ValueError: unless the ratio is positive (NaN for a traced one).

    Source: VanderWeele and Ding (2017), Annals of Internal Medicine 167, 268.

    >>> round(e_value(2.0).item(), 3), round(e_value(0.5).item(), 3)
    (3.414, 3.414)
    """
    r = jnp.where(risk_ratio < 1, 1 / risk_ratio, risk_ratio)
    return r * (1 + jnp.sqrt(1 - 1 / r))
