r"""Derivatives of measured curves: finite differences, and local polynomials against noise. Shapes: n samples.

A difference of neighbors turns noise of size s into noise of size $s / h$, h the spacing. A polynomial that is fitted
to the samples around each one averages the noise, and has its derivative. Both do without periodicity.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, checked


@public
@jax.jit
def gradient(y: Float[Array, " n"], x: Float[Array, " n"]) -> Float[Array, " n"]:
    r"""Slope of the parabola through each sample and its neighbors: error $O(h^2)$, at both ends, too.

    With slopes $s_i = (y_{i+1} - y_i) / h_i$ between samples, $h_i = x_{i+1} - x_i$, the slope at sample i is
    $(h_{i-1} s_i + h_i s_{i-1}) / (h_{i-1} + h_i)$, and at the first $s_0 + h_0 (s_0 - s_1) / (h_0 + h_1)$. The spacing
    need not be constant. Units of y over those of x. It is NumPy's `gradient` with `edge_order=2`.

    Args:
        y: values.
        x: where they were taken; increasing or decreasing. Infinite or NaN where two are equal.

    Raises:
        ValueError: unless there are at least 3 samples, as many in x as in y.

    Source: Fornberg (1988), Mathematics of Computation 51, 699.

    >>> gradient(jnp.array([0.0, 1.0, 9.0]), jnp.array([0.0, 1.0, 3.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    require.rank("y", y, 1)
    require.same_shape(y=y, x=x)
    require.that(len(y) >= 3, f"y must have at least 3 samples; found {len(y)}")
    steps = jnp.diff(x)
    slopes = scaling.ratio(jnp.diff(y), steps)
    share = scaling.ratio(steps[:-1], steps[:-1] + steps[1:])  # of the step before in both
    bend = jnp.diff(slopes)
    inner = slopes[:-1] + share * bend
    first, last = slopes[0] - share[0] * bend[0], slopes[-1] + (1 - share[-1]) * bend[-1]
    return jnp.concatenate([first[None], inner, last[None]])


@public
@checked(spacing=POSITIVE)
@partial(jax.jit, static_argnames=("window", "degree", "order"))
def savitzky_golay(
    y: Float[Array, " n"], *, window: int, degree: int, order: int = 0, spacing: ArrayLike = 1.0
) -> Float[Array, " n"]:
    r"""Smoothed values, or derivatives: of the polynomial that fits the `window` samples around each best.

    Polynomials up to `degree` pass unchanged. White noise is reduced: for values, the variance of the result is the
    middle entry of the fit's hat matrix. A wide window smooths more and flattens peaks that are narrower than it. Near
    both ends the polynomial of the first or last window is evaluated where the sample is, with more noise. It is
    SciPy's `savgol_filter` with `mode="interp"`. Units of y over `spacing` to the order.

    Args:
        y: values at equidistant places.
        window: number of samples of a fit, odd and at most n; static.
        degree: of the polynomials, below the window; static.
        order: of the derivative; 0 smooths; static.
        spacing: between samples.

    Raises:
        ValueError: unless the window is odd and at most n, 0 <= degree < window and order >= 0, or for a spacing that
            is not positive (NaN where it is traced).

    Source: Savitzky and Golay (1964), Analytical Chemistry 36, 1627.

    >>> savitzky_golay(jnp.arange(5.0) ** 2, window=5, degree=2, order=1).round().astype(int).tolist()
    [0, 2, 4, 6, 8]
    """
    require.rank("y", y, 1)
    require.that(window % 2 == 1 and 1 <= window <= len(y), f"window must be odd and at most n; found {window}")
    require.that(0 <= degree < window, f"degree must be from 0 to below window; found {degree}")
    require.that(order >= 0, f"order must not be negative; found {order}")
    rows = jnp.asarray(_coefficients(window, degree, order), y.dtype)
    half, n_windows = window // 2, len(y) - window + 1
    samples = y[jnp.arange(n_windows)[:, None] + jnp.arange(window)]
    middle = samples[:, half]
    around = samples - middle[:, None]  # so that an origin far away costs no digits
    unit = scaling.power_of_two(jnp.max(jnp.abs(around), axis=1, keepdims=True))
    around = around / unit
    parts = (
        unit[0] * (rows[:half] @ around[0]),
        unit[:, 0] * (around @ rows[half]),
        unit[-1] * (rows[half + 1 :] @ around[-1]),
    )
    if order == 0:
        parts = (middle[0] + parts[0], middle + parts[1], middle[-1] + parts[2])
    found = jnp.concatenate(parts)
    for _ in range(order):  # the power of a spacing far from 1 would leave the range of the type
        found = scaling.ratio(found, jnp.asarray(spacing, y.dtype))
    return found


def _coefficients(window: int, degree: int, order: int) -> np.ndarray:
    """Row i times the samples of a window gives the derivative at sample i, for a spacing of 1."""
    half = window // 2
    place = (np.arange(window) - half) / max(half, 1)  # from -1 to 1, where Legendre's polynomials are orthogonal
    basis = np.polynomial.legendre.legvander(place, degree)
    to_coefficients = np.linalg.pinv(basis)
    if order > degree:
        return np.zeros((window, window))
    slopes = np.polynomial.legendre.legder(np.eye(degree + 1), order, axis=0)
    return np.polynomial.legendre.legvander(place, degree - order) @ slopes @ to_coefficients / max(half, 1) ** order
