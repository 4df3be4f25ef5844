"""The look that all figures share. It holds inside a `styled` function and changes no setting of matplotlib.

A figure function looks like this:

    @style.styled
    def residuals(x: ArrayLike, residual: ArrayLike, *, ax: Axes | None = None) -> Axes:
        ax = style.axes(ax, x="strain", y="residual (MPa)")
        ax.plot(x, residual, ".", color=style.BLUE)
        return ax
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

# the palette of Okabe and Ito (2008), distinguishable with every kind of color vision
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GRAY = "#E69F00", "#56B4E9", "#000000", "#8A8A8A"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
SEQUENTIAL = "cividis"  # values from small to large
DIVERGING = "PuOr_r"  # values on both sides of zero: set vmin = -vmax
INK = "Greys"  # gray images whose 1 is black

WIDTH, HEIGHT = 5.6, 3.6  # of one panel, in inches

SETTINGS: dict[Any, Any] = {
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "figure.max_open_warning": 0,
    "font.size": 10,
    "axes.titlesize": 11,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "image.cmap": SEQUENTIAL,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "savefig.dpi": 160,
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a figure function draw in the course's style."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(SETTINGS):
            return draw(*args, **kwargs)

    return inside


@styled
def axes(
    ax: Axes | None = None,
    *,
    x: str,
    y: str,
    title: str = "",
    size: tuple[float, float] = (WIDTH, HEIGHT),
) -> Axes:
    """Return `ax`, or the axes of a new figure, with labels that name the unit: "stress (MPa)"."""
    if ax is None:
        _, ax = plt.subplots(figsize=size)
    ax.set(xlabel=x, ylabel=y)
    if title:
        ax.set_title(title)
    return ax


@styled
def panels(
    rows: int,
    columns: int,
    *,
    size: tuple[float, float] = (3.4, 2.9),
    share_x: bool = False,
    share_y: bool = False,
) -> tuple[Figure, np.ndarray]:
    """Return a figure and its (rows, columns) array of axes; `size` is that of one panel, in inches."""
    return plt.subplots(
        rows,
        columns,
        figsize=(columns * size[0], rows * size[1]),
        squeeze=False,
        sharex=share_x,
        sharey=share_y,
    )


def bare(ax: Axes) -> Axes:
    """Take grid, ticks and frame from axes that show an image, and return them."""
    ax.grid(False)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax
