"""Figures of the data sets of `mfml.data`."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from mfml.plots import style


@style.styled
def tensile(strain: ArrayLike, stress: ArrayLike, temperature: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw measured points, stress in MPa over strain: one row and one color for each temperature in °C."""
    ax = style.axes(ax, x="true strain", y="true stress (MPa)")
    for row, (one_strain, one_stress) in enumerate(zip(np.asarray(strain), np.asarray(stress), strict=True)):
        label = f"{float(np.asarray(temperature)[row]):g} °C"
        color = style.PALETTE[row % len(style.PALETTE)]
        ax.plot(one_strain, one_stress, ".", markersize=3, color=color, label=label)
    ax.locator_params(axis="x", nbins=5)
    ax.legend(title="temperature", markerscale=2.5)
    return ax


@style.styled
def spectra(
    angle: ArrayLike,
    intensity: ArrayLike,
    *,
    labels: Sequence[str] = (),
    title: str = "",
    offset: float = 0.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw patterns over the diffraction angle in degrees, one row each, shifted by `offset`."""
    ax = style.axes(ax, x="diffraction angle 2θ (degrees)", y="intensity", title=title)
    for row, values in enumerate(np.asarray(intensity)):
        color = style.PALETTE[row % len(style.PALETTE)]
        label = labels[row] if labels else None
        ax.plot(angle, values + row * offset, color=color, linewidth=1.1, label=label)
    if labels:
        ax.legend()
    return ax


@style.styled
def images(
    values: ArrayLike,
    *,
    titles: Sequence[str] = (),
    columns: int = 10,
    cmap: str = style.INK,
    limits: tuple[float, float] | None = None,
    size: float = 0.75,
) -> Figure:
    """Draw a stack of images (n, height, width) as a grid, on one scale; `size` is that of an image, in inches."""
    stack = np.asarray(values)
    low, high = limits or (float(stack.min()), float(stack.max()))
    columns = min(columns, len(stack))
    figure, grid = style.panels(-(-len(stack) // columns), columns, size=(size, size + (0.2 if titles else 0.0)))
    norm = mpl.colors.Normalize(low, high)
    for ax in grid.flat:
        style.bare(ax)
    for index, (ax, image) in enumerate(zip(grid.flat, stack, strict=False)):
        ax.imshow(image, cmap=cmap, norm=norm)
        if titles:
            ax.set_title(titles[index], fontsize=8)
    return figure
