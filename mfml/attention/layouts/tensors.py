"""How tensors on disk become the parameters of a module. Each model's names are in a file of its own beside this one.

A layout is a list of `Leaf`: for each parameter, which tensors it is made of, and how. What a file lacks, what it has
beyond the layout, and what has another shape is told in one message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from mfml import require

ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}  # names of Hugging Face, and ours
HEADS = {"num_attention_heads": "hidden_size", "n_head": "n_embd"}  # numbers of heads, and of what they share
SHOWN = 5  # names of each kind in a message
Shape = tuple[int, ...]


class Leaf(NamedTuple):
    """One parameter: where it belongs, the tensors that it is made of, with their shapes, and how."""

    path: str  # "encoder/block_0/attention/query/kernel"
    tensors: Mapping[str, Shape]
    make: Callable[..., np.ndarray] = np.asarray


class Read(NamedTuple):
    """What a layout made of a model's files."""

    module: Any
    leaves: list[Leaf]
    unused: str = "$^"  # pattern of names that may be there, of parts that the module lacks


def dense(path: str, name: str, n_in: int, n_out: int, *, bias: bool = True) -> Iterator[Leaf]:
    """A dense layer, whose weight is stored as (outputs, inputs).

    >>> [leaf.path for leaf in dense("head", "classifier", 2, 3)]
    ['head/kernel', 'head/bias']
    """
    yield Leaf(f"{path}/kernel", {f"{name}.weight": (n_out, n_in)}, np.transpose)
    if bias:
        yield Leaf(f"{path}/bias", {f"{name}.bias": (n_out,)})


def norm(path: str, name: str, width: int) -> Iterator[Leaf]:
    """A normalization with scale and bias.

    >>> [leaf.path for leaf in norm("norm", "ln_f", 2)]
    ['norm/scale', 'norm/bias']
    """
    yield Leaf(f"{path}/scale", {f"{name}.weight": (width,)})
    yield Leaf(f"{path}/bias", {f"{name}.bias": (width,)})


def options(config: Mapping[str, Any], *, defaults: Mapping[str, Any], known: Mapping[str, tuple]) -> dict[str, Any]:
    """Values of a config; what it leaves out has the default.

    `known` are the values of what else changes the model, the usual one first. Any other value is refused.

    Raises:
        ValueError: for a value that is not known, or of another type than the default, a number out of range, and for
            heads that do not divide the width.

    >>> options({"hidden_size": 8}, defaults={"hidden_size": 768, "eps": 1e-5}, known={"is_decoder": (False,)})
    {'hidden_size': 8, 'eps': 1e-05}
    """
    for name, choices in known.items():
        found = config.get(name, choices[0])
        require.that(found in choices, f"config: {name} must be one of {_listed(choices)}; found {found!r}")
    values = {name: config.get(name, default) for name, default in defaults.items()}
    for name, default in defaults.items():
        found, kind = values[name], type(default)
        fits = found == default or (isinstance(found, (int, float) if kind is float else kind))
        fits = fits and not (isinstance(found, bool) and kind is not bool)
        require.that(fits, f"config: {name} must be like {default!r}; found {found!r}")
        require.that(kind is not int or found > 0, f"config: {name} must be positive; found {found!r}")
        usual = kind is not float or 0 <= found < math.inf
        require.that(usual, f"config: {name} must be finite and not negative; found {found!r}")
    for heads, width in HEADS.items():
        fits = heads not in values or values[width] % values[heads] == 0
        require.that(fits, f"config: {heads} must divide {width} = {values.get(width)}; found {values.get(heads)}")
    return values


def fill(leaves: Iterable[Leaf], tensors: Mapping[str, np.ndarray], *, unused: str = "$^") -> dict[str, Any]:
    """Make all parameters of the tensors.

    Raises:
        ValueError: if a tensor is missing, has another shape, holds no floats, or is neither asked for nor matched by
            the pattern `unused`.

    >>> fill(norm("norm", "ln_f", 2), {"ln_f.weight": np.ones(2), "ln_f.bias": np.zeros(2)})
    {'norm': {'scale': array([1., 1.]), 'bias': array([0., 0.])}}
    """
    leaves = list(leaves)
    needed = {name: shape for leaf in leaves for name, shape in leaf.tensors.items()}
    there = needed.keys() & tensors.keys()
    wrong = sorted(name for name in there if tensors[name].shape != needed[name])
    whole = sorted(name for name in there if tensors[name].dtype.kind != "f")
    problems = {
        "missing": sorted(needed.keys() - tensors.keys()),
        "unexpected": sorted(name for name in tensors.keys() - needed.keys() if not re.fullmatch(unused, name)),
        "misshapen": [f"{name} {tensors[name].shape}, and not {needed[name]}" for name in wrong],
        "not of floats": [f"{name} ({tensors[name].dtype})" for name in whole],
    }
    found = "; ".join(f"{kind}: {_listed(names)}" for kind, names in problems.items() if names)
    require.that(not found, f"the tensors do not fit the config. {found}")
    tree: dict[str, Any] = {}
    for leaf in leaves:
        *parents, last = leaf.path.split("/")
        place = tree
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = leaf.make(*(tensors[name] for name in leaf.tensors))
    return tree


def _listed(names: Iterable[Any]) -> str:
    shown = [name if isinstance(name, str) else repr(name) for name in names]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more
