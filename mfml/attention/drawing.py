"""Draw the parameters of transformers: quickly, since all random numbers come from one draw."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from mfml import require
from mfml.entrance import public

TABLES = ("embedding", "positions", "tokens")  # learned vectors that are looked up, not multiplied
LOG_SCALE = 2.6592  # ln(1 / 0.07): where the scale of CLIP's cosines starts


@public
def init(
    module: nn.Module,
    inputs: Any,
    *,
    key: Key[Array, ""],
    std: float | None = None,
    constants: Mapping[str, float] | None = None,
) -> PyTree[Array]:
    r"""Draw the parameters of a module that is made of those of `transformer`.

    Kernels are normal with variance 1 / d, where each output has d inputs. Tables of vectors (the parameters
    `embedding`, `positions` and `tokens`) are normal with a standard deviation of 0.02. Biases are 0, scales 1, and the
    `log_scale` of CLIP is 2.6592. Only shapes and dtypes of the inputs matter. `module.init(key, inputs)` does the same
    with other numbers, but compiles far more slowly.

    Args:
        module: a transformer, or a module that contains some; static.
        inputs: what it can be called with: an array, or a tuple of several arguments.
        key: for all draws.
        std: standard deviation of all kernels and tables instead, such as 0.02 for GPT-2, BERT and ViT.
        constants: values of parameters that have other names, by name.

    Raises:
        ValueError: for a parameter whose name has no rule, a negative std, and constants that are no parameters.

    >>> from mfml.attention.layers import FeedForward
    >>> params = init(FeedForward(hidden=5), jnp.zeros((1, 2)), key=jax.random.key(0))
    >>> params["params"]["up"]["kernel"].shape
    (2, 5)
    """
    require.that(std is None or std >= 0, f"std must not be negative; found {std}")
    starts: dict[str, float] = {"bias": 0.0, "scale": 1.0, "log_scale": LOG_SCALE, **(constants or {})}
    scales: dict[tuple[str, ...], float] = {}

    def note(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        if hasattr(context.module, "start"):  # a LayerScale
            scales[(*context.module.path, "layer_scale")] = context.module.start
        return call(*args, **kwargs)

    with nn.intercept_methods(note):
        shapes = jax.eval_shape(module.init, key, *(inputs if isinstance(inputs, tuple) else (inputs,)))["params"]
    named, structure = jax.tree.flatten_with_path(shapes)
    unknown = sorted((constants or {}).keys() - {str(path[-1].key) for path, _ in named})
    require.that(not unknown, f"constants must name parameters of the module; found {', '.join(unknown)}")
    parts = []
    for path, leaf in named:
        names = tuple(str(entry.key) for entry in path)
        start = scales.get(names, starts.get(names[-1]))
        spread = None
        if start is None:
            require.that(
                names[-1] in ("kernel", *TABLES), f"cannot draw the parameter {'/'.join(names)}: see `constants`"
            )
            usual = 0.02 if names[-1] in TABLES else 1 / math.sqrt(math.prod(leaf.shape[:-1]))
            spread = usual if std is None else std
        parts.append((spread, start, leaf.shape, leaf.dtype))
    return {"params": jax.tree.unflatten(structure, _drawn(key, tuple(parts)))}


@partial(jax.jit, static_argnames="parts")
def _drawn(key: Array, parts: tuple[tuple[float | None, float | None, tuple[int, ...], np.dtype], ...]) -> list[Array]:
    """Normal numbers with these standard deviations, or constants, of these shapes and dtypes."""
    sizes = [0 if spread is None else math.prod(shape) for spread, _, shape, _ in parts]
    drawn = jax.random.normal(key, (sum(sizes),))
    leaves, begin = [], 0
    for (spread, start, shape, dtype), size in zip(parts, sizes, strict=True):
        if spread is None:
            leaves.append(jnp.full(shape, 0.0 if start is None else start, dtype))
        else:
            leaves.append((spread * drawn[begin : begin + size]).reshape(shape).astype(dtype))
        begin += size
    return leaves
