r"""Shapley values of trees, forests and boosted trees (TreeSHAP), of our own ones and of imported ones.

Shapes: n samples, b background samples, d features, k outputs; results of one output have no axis for it.

What a tree predicts where only some features are known can mean two things. `path_dependent` goes both ways at a
question about an unknown feature, and weighs them by the training samples that went there. `interventional` takes
unknown features from background samples. With dependent features the two differ, and so do the answers.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml.entrance import public
from mfml.explain import tree_sums
from mfml.explain.attribution import Attribution
from mfml.explain.tree_sums import Model


@public
def path_dependent(model: Model, x: Float[Array, "n d"], *, max_depth: int | None = None) -> Attribution:
    r"""Attribute predictions to features, where unknown features are answered as by the training samples.

    A forest predicts the mean of its trees, and of classes their shares. A boosted model predicts its scores
    (`boosting.decision_function`): units of y, log-odds, or unnormalized log-probabilities. A missing value (NaN) of a
    feature takes the side that it takes in a prediction. The values are exact, see `tree_rules`, and take a time in
    proportion to n times the number of nodes. They are constant between thresholds, so their derivatives are 0.

    Args:
        model: `Trees`, a `Forest`, or a `Boosting`, which may come from `interop`.
        x: samples.
        max_depth: a bound of the depth of the trees; static. It is read from the trees if left out. Within `jit` it is
            not known: then give it, or the bound of the worst case is used, which is slow.

    Raises:
        ValueError: unless x has as many columns as in the fit of the model, or if `max_depth` is too small.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67; Yu et al. (2022), Linear TreeShap.

    >>> from mfml.generalization import tree_arrays
    >>> stump = tree_arrays.stump(1, 0.5, jnp.array([[0.0], [1.0], [3.0]]), n_features=2)
    >>> found = path_dependent(stump, jnp.array([[0.0, 0.0], [0.0, 1.0]]))
    >>> found.phi.tolist(), found.base.item()
    ([[0.0, -1.0], [0.0, 1.0]], 2.0)
    """
    return _attribution(tree_sums.effects(model, x, max_depth=max_depth))


@public
def interventional(
    model: Model, x: Float[Array, "n d"], background: Float[Array, "b d"], *, max_depth: int | None = None
) -> Attribution:
    r"""Attribute predictions to features, where unknown features come from background samples.

    These are the values of `shapley.exact` for the model's output, but they take a time in proportion to n b times the
    number of nodes. `base` is the mean output of the background. See `path_dependent`.

    Raises:
        ValueError: unless x and the background have as many columns as in the fit of the model, the background is
            empty, or `max_depth` is too small.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67.

    >>> from mfml.generalization import tree_arrays
    >>> stump = tree_arrays.stump(0, 0.5, jnp.array([[0.0], [1.0], [3.0]]))
    >>> found = interventional(stump, jnp.array([[1.0]]), jnp.array([[0.0], [1.0], [0.0], [0.0]]))
    >>> found.phi.tolist(), found.base.item()
    ([[1.5]], 1.5)
    """
    return _attribution(tree_sums.effects(model, x, background=background, max_depth=max_depth))


def _attribution(found: tree_sums.Effects) -> Attribution:
    one = len(found.base) == 1
    return (
        Attribution(found.values[0], found.base[0])
        if one
        else Attribution(jnp.moveaxis(found.values, 0, -1), found.base)
    )
