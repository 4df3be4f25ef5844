r"""Coupling layers: invertible maps whose derivative is triangular. Shapes: n samples, d features, c conditions.

The first $\lceil d/2 \rceil$ features stay as they are. A network reads them, and the condition if there is one, and
says how each of the others moves: by a shift and a factor (affine), or along a monotone spline. Whoever has the output
has the network's input, too, and can move them back. The logarithm of the determinant of the derivative is a sum over
the features that move.

A layer leaves half of the features alone, so layers alternate with a permutation. `shuffled` puts the features that
moved first and the others between them. After a few layers each feature has met all others.

Source: Dinh, Krueger and Bengio (2015); Dinh, Sohl-Dickstein and Bengio (2017); Durkan et al. (2019).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.generative import splines
from mfml.networks import mlp

KINDS = ("affine", "spline")
LARGEST_LOG_SCALE = 3.0  # of an affine layer: factors between 1/20 and 20, approached like tanh
BOUND = 4.0  # of the splines; data have unit variance


class Affine(NamedTuple):
    """Moves features by $y = x e^s + t$."""

    network: mlp.Network  # two outputs per feature that moves: s before its bound, then t


class Spline(NamedTuple):
    """Moves features along splines."""

    network: mlp.Network  # 3 k - 1 outputs per feature that moves, see `splines.knots`


class Moved(NamedTuple):
    """Samples after an invertible map."""

    x: Float[Array, "n d"]
    log_det: Float[Array, " n"]  # of the absolute determinant of the derivative, nats


Coupling = Affine | Spline


@public
@partial(jax.jit, static_argnames=("n_features", "n_conditions", "kind", "hidden", "n_bins", "dtype"))
def init(
    *,
    key: Key[Array, ""],
    n_features: int,
    n_conditions: int = 0,
    kind: str = "spline",
    hidden: tuple[int, ...] = (64, 64),
    n_bins: int = 8,
    dtype: type = float,
) -> Coupling:
    """Draw a layer that is the identity at the start: the last weights of its network are 0.

    All arguments but the key are static; `n_bins` counts for splines only.

    Raises:
        ValueError: unless there are at least two features, sizes are positive, and the kind is known.

    >>> layer = init(key=jax.random.key(0), n_features=3, hidden=(5,), n_bins=4)
    >>> [part.weight.shape for part in layer.network]
    [(2, 5), (5, 11)]
    """
    require.one_of("kind", kind, KINDS)
    require.that(n_features >= 2, f"n_features must be at least 2, one to read and one to move; found {n_features}")
    require.that(n_conditions >= 0, f"n_conditions must not be negative; found {n_conditions}")
    require.between("n_bins", n_bins, 1, round(1 / splines.SMALLEST_SHARE) - 1)
    outputs = (n_features // 2) * (2 if kind == "affine" else 3 * n_bins - 1)
    sizes = (n_features - n_features // 2 + n_conditions, *hidden, outputs)
    network = mlp.init(key=key, sizes=sizes, dtype=dtype)
    network = (*network[:-1], jax.tree.map(jnp.zeros_like, network[-1]))
    return Affine(network) if kind == "affine" else Spline(network)


@public
@jax.jit
def transform(layer: Coupling, x: Float[Array, "n d"], *, condition: Float[Array, "n c"] | None = None) -> Moved:
    """Move the second half of the features.

    Raises:
        ValueError: unless the layer is one for as many features and conditions.

    Source: Dinh, Sohl-Dickstein and Bengio (2017), equations 4 to 6.

    >>> layer = init(key=jax.random.key(0), n_features=2, kind="affine")
    >>> layer = Affine((*layer.network[:-1], layer.network[-1]._replace(bias=jnp.array([0.0, 10.0]))))
    >>> transform(layer, jnp.array([[1.0, 2.0]])).x.tolist()
    [[1.0, 12.0]]
    """
    still, moving, raw = _read(layer, x, condition)
    if isinstance(layer, Affine):
        log_scale, shift = _scale_and_shift(raw)
        return _joined(still, moving * jnp.exp(log_scale) + shift, log_scale)
    return _joined(still, *splines.transform(splines.knots(raw, bound=BOUND), moving))


@public
@jax.jit
def inverse(layer: Coupling, y: Float[Array, "n d"], *, condition: Float[Array, "n c"] | None = None) -> Moved:
    """Undo `transform`; the determinant is that of the inverse.

    Raises:
        ValueError: unless the layer is one for as many features and conditions.

    Source: Dinh, Sohl-Dickstein and Bengio (2017), equation 8.

    >>> layer = init(key=jax.random.key(0), n_features=2, kind="affine")
    >>> layer = Affine((*layer.network[:-1], layer.network[-1]._replace(bias=jnp.array([0.0, 10.0]))))
    >>> inverse(layer, jnp.array([[1.0, 12.0]])).x.tolist()
    [[1.0, 2.0]]
    """
    still, moving, raw = _read(layer, y, condition)
    if isinstance(layer, Affine):
        log_scale, shift = _scale_and_shift(raw)
        return _joined(still, (moving - shift) * jnp.exp(-log_scale), -log_scale)
    return _joined(still, *splines.inverse(splines.knots(raw, bound=BOUND), moving))


@public
@jax.jit
def shuffled(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Deal the features like cards: the first of the second half, the first of the first half, and so on.

    >>> shuffled(jnp.array([[1.0, 2.0, 3.0, 4.0, 5.0]])).tolist()
    [[4.0, 1.0, 5.0, 2.0, 3.0]]
    """
    require.rank("x", x, 2)
    return x[:, _order(x.shape[1])]


@public
@jax.jit
def unshuffled(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Undo `shuffled`.

    >>> unshuffled(jnp.array([[4.0, 1.0, 5.0, 2.0, 3.0]])).tolist()
    [[1.0, 2.0, 3.0, 4.0, 5.0]]
    """
    require.rank("x", x, 2)
    return x[:, np.argsort(_order(x.shape[1]))]


def _order(d: int) -> np.ndarray:
    """Places from which `shuffled` takes its features."""
    half = d - d // 2
    pairs = np.stack([np.arange(half, d), np.arange(d - half)], axis=1).ravel()
    return np.concatenate([pairs, np.arange(d - half, half)])


def _read(layer: Coupling, x: Array, condition: Array | None) -> tuple[Array, Array, Array]:
    """Features that stay, those that move, and what the network says about each of them."""
    require.rank("x", x, 2)
    require.same_length(x=x, condition=condition)
    n, d = x.shape
    still, moving = x[:, : d - d // 2], x[:, d - d // 2 :]
    read = still if condition is None else jnp.concatenate([still, condition], axis=1)
    needed, outputs = layer.network[0].weight.shape[0], len(layer.network[-1].bias)
    require.that(
        read.shape[1] == needed and d >= 2 and outputs % (d // 2) == 0,
        f"the layer reads {needed} columns and has {outputs} outputs, which does not fit x of shape {x.shape}"
        + ("" if condition is None else f" with a condition of shape {condition.shape}"),
    )
    raw = mlp.apply(layer.network, read, activation="silu")
    return still, moving, raw.reshape(n, d // 2, outputs // (d // 2))


def _scale_and_shift(raw: Array) -> tuple[Array, Array]:
    return LARGEST_LOG_SCALE * jnp.tanh(raw[..., 0] / LARGEST_LOG_SCALE), raw[..., 1]


def _joined(still: Array, moved: Array, log_slope: Array) -> Moved:
    return Moved(jnp.concatenate([still, moved], axis=1), jnp.sum(log_slope, axis=1))
