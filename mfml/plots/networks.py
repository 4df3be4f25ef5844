"""Figures of unit 4: activations, approximation, kernels, receptive fields, learning curves, segmentation."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from mfml.plots import style


@style.styled
def activations(z: ArrayLike, values: Mapping[str, ArrayLike], slopes: Mapping[str, ArrayLike]) -> Figure:
    """Draw activations and, beside them, their derivatives over the weighted sum z."""
    figure, grid = style.panels(1, 2, size=(3.7, 3.0))
    left = style.axes(grid[0, 0], x="weighted sum z", y="activation")
    right = style.axes(grid[0, 1], x="weighted sum z", y="derivative")
    for ax, curves in ((left, values), (right, slopes)):
        for label, curve in curves.items():
            ax.plot(z, curve, label=label)
    left.set_ylim(-1.3, 3)
    left.legend()
    return figure


@style.styled
def approximations(
    x: ArrayLike, truth: ArrayLike, curves: Mapping[str, ArrayLike], *, y_label: str, ax: Axes | None = None
) -> Axes:
    """Draw a function and networks that approximate it."""
    ax = style.axes(ax, x="x", y=y_label)
    ax.plot(x, truth, color=style.GRAY, linewidth=3, alpha=0.6, label="function")
    for label, curve in curves.items():
        ax.plot(x, curve, linewidth=1.2, label=label)
    ax.legend()
    return ax


@style.styled
def bounds(
    width: ArrayLike, errors: Mapping[str, ArrayLike], limits: Mapping[str, ArrayLike], *, ax: Axes | None = None
) -> Axes:
    """Draw errors (dots) and their bounds (lines of the same color) over the number of neurons."""
    ax = style.axes(ax, x="neurons in the hidden layer", y="error")
    for color, (label, values) in zip(style.PALETTE, errors.items(), strict=False):
        ax.loglog(width, values, "o", color=color, markersize=5, label=label)
        ax.loglog(width, limits[label], "-", color=color, linewidth=1.0)
    ax.plot([], [], "-", color=style.GRAY, linewidth=1.0, label="bound")
    ax.set_xticks(np.asarray(width), [str(m) for m in np.asarray(width)])
    ax.minorticks_off()
    ax.legend()
    return ax


@style.styled
def columns(rows: Sequence[Mapping[str, ArrayLike]], *, cmap: str = style.SEQUENTIAL, size: float = 1.5) -> Figure:
    """Draw images in rows; the keys are titles. Each image has its own scale."""
    figure, grid = style.panels(len(rows), max(len(row) for row in rows), size=(size, size + 0.25))
    for axes, row in zip(grid, rows, strict=True):
        for ax in axes:
            style.bare(ax)
        for ax, (title, image) in zip(axes, row.items(), strict=False):
            ax.imshow(image, cmap=cmap)
            ax.set_title(title, fontsize=9)
    return figure


@style.styled
def receptive_fields(
    influences: Mapping[str, ArrayLike], sizes: Sequence[int], centers: Sequence[float], *, size: float = 1.9
) -> Figure:
    """Draw how much each pixel moves one unit, relative to the largest, and the receptive field as a frame."""
    figure, grid = style.panels(1, len(influences), size=(size, size + 0.3))
    for ax, (title, image), side, center in zip(grid[0], influences.items(), sizes, centers, strict=True):
        style.bare(ax)
        values = np.asarray(image)
        ax.imshow(values / values.max(), cmap=style.SEQUENTIAL, vmin=0, vmax=1)
        corner = (center - side / 2, center - side / 2)
        ax.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=style.VERMILION, linewidth=1.4))
        ax.set_title(f"{title}\n{side} x {side} pixels", fontsize=9)
    return figure


@style.styled
def learning(losses: Mapping[str, ArrayLike], *, smooth: int = 20, ax: Axes | None = None) -> Axes:
    """Draw training losses in nats over the steps, as running means over `smooth` steps."""
    ax = style.axes(ax, x="training step", y="training loss (nats)")
    for label, values in losses.items():
        mean = np.convolve(np.asarray(values), np.ones(smooth) / smooth, mode="valid")
        ax.semilogy(np.arange(smooth, smooth + len(mean)), mean, label=label)
    ax.legend()
    return ax


@style.styled
def accuracy_over(
    quantity: ArrayLike, shares: Mapping[str, ArrayLike], *, x_label: str, mark: float, ax: Axes | None = None
) -> Axes:
    """Draw the share of correct answers over a quantity, with a line at `mark`."""
    ax = style.axes(ax, x=x_label, y="share of right answers")
    for label, values in shares.items():
        ax.plot(quantity, values, "o-", label=label)
    ax.axvline(mark, color=style.GRAY, linestyle="--", linewidth=1)
    ax.legend(loc="lower right")
    return ax
