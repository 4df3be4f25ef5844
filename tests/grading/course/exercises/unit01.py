"""A small sheet for the grader's own tests."""

from exercises.given import Array, Float


def double(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Exercise 1.1. Twice a vector."""
    raise NotImplementedError


def total_loss(
    weights: dict[str, Array], x: Float[Array, "n d"], loss: object, scale: float = 1.0, kind: str = "sum"
) -> Float[Array, ""]:
    """Exercise 1.2. Total loss of a linear model."""
    raise NotImplementedError


def draw(key: Array, n: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Exercise 1.3. Noise, and a direction."""
    raise NotImplementedError
