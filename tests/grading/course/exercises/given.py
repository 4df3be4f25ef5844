"""What every exercise may import: names of array types, and the functions that exercises receive as arguments.

`from exercises.given import Array, Float` works in every exercise file. This file is not part of an answer:
grading uses its own copy.
"""

from jaxtyping import Array, Bool, Float, Int, Key

__all__ = ["Array", "Bool", "Float", "Int", "Key", "linear_model", "squared_error"]


def linear_model(weights: Float[Array, " d"], x: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Predict `x @ weights`."""
    return x @ weights


def squared_error(prediction: Float[Array, " n"], target: Float[Array, " n"]) -> Float[Array, " n"]:
    """Return the squared error of each sample."""
    return (prediction - target) ** 2
