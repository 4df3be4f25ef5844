"""Figures of unit 8: noise models, robust lines, densities, penalties, shrunken effects, calibration."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style

LINES = ("-", "--", "-.", ":")


@style.styled
def noise_models(
    residual: ArrayLike, losses: Mapping[str, ArrayLike], pulls: Mapping[str, ArrayLike], *, unit: str = "scales"
) -> Figure:
    """Draw the loss of a residual under each noise model, and next to it the slope of that loss."""
    figure, grid = style.panels(1, 2)
    x = np.asarray(residual)
    for ax, curves, name in zip(grid[0], (losses, pulls), ("loss (nats)", "pull: slope of the loss"), strict=True):
        style.axes(ax, x=f"residual ({unit})", y=name)
        for index, (label, values) in enumerate(curves.items()):
            ax.plot(x, np.asarray(values), LINES[index % 4], color=style.PALETTE[index], label=label)
    grid[0, 0].legend()
    return figure


@style.styled
def weighted_line(
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw points colored by their weight, and lines fitted to them, all over the same x."""
    ax = style.axes(ax, x=x_label, y=y_label)
    places = np.asarray(x)
    order = np.argsort(places)
    for index, (label, values) in enumerate(lines.items()):
        ax.plot(places[order], np.asarray(values)[order], LINES[index % 4], color=style.PALETTE[index], label=label)
    points = ax.scatter(places, y, c=np.asarray(weights), s=30, edgecolors=style.BLACK, linewidths=0.5, zorder=3)
    ax.figure.colorbar(points, ax=ax, label="weight")
    ax.legend(loc="upper left")
    return ax


@style.styled
def curves(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    dashed: Mapping[str, ArrayLike] | None = None,
    points: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    x_ticks: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw lines over x, theory as thin dashed lines, and sets of points (x, y) on top."""
    ax = style.axes(ax, x=x_label, y=y_label)
    for index, (label, values) in enumerate(lines.items()):
        ax.plot(x, np.asarray(values), color=style.PALETTE[index], label=label)
    for label, values in (dashed or {}).items():
        ax.plot(x, np.asarray(values), "--", color=style.BLACK, linewidth=1.1, label=label)
    for marker, (label, (places, values)) in zip("os^D", (points or {}).items(), strict=False):
        ax.plot(places, values, marker, color=style.BLACK, markersize=5, fillstyle="none", label=label)
    ax.set_xscale("log" if log_x else "linear")
    ax.set_yscale("log" if log_y else "linear")
    if x_ticks is not None:
        places = np.asarray(x_ticks)
        ax.set_xticks(places, [f"{place:g}" for place in places])
        ax.set_xticks([], minor=True)
    ax.legend()
    return ax


@style.styled
def densities(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    filled: str = "",
    marks: ArrayLike | Sequence[float] = (),
    marks_label: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw densities over x, one of them filled in gray, and single values as ticks on the axis."""
    ax = style.axes(ax, x=x_label, y=y_label)
    colors = iter(style.PALETTE)
    for index, (label, values) in enumerate(lines.items()):
        if label == filled:
            ax.fill_between(np.asarray(x), np.asarray(values), color=style.GRAY, alpha=0.35, linewidth=0, label=label)
        else:
            ax.plot(x, np.asarray(values), LINES[index % 4], color=next(colors), label=label)
    places = np.asarray(marks)
    if places.size:
        ax.plot(places, np.zeros_like(places), "|", color=style.BLACK, markersize=14, label=marks_label)
    ax.set_ylim(bottom=0)
    ax.legend()
    return ax


@style.styled
def shrinkage(
    names: Sequence[str],
    measured: ArrayLike,
    error: ArrayLike,
    mean: ArrayLike,
    deviation: ArrayLike,
    *,
    overall: float,
    exact: ArrayLike | Sequence[float] = (),
    y_label: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates of several groups with their errors, and next to them the joint estimates."""
    ax = style.axes(ax, x="", y=y_label)
    place = np.arange(len(names))
    ax.axhline(overall, color=style.GRAY, linestyle="--", linewidth=1.1, label="mean of all groups")
    ax.errorbar(place - 0.13, measured, error, fmt="o", color=style.BLUE, capsize=2, label="each alone")
    ax.errorbar(place + 0.13, mean, deviation, fmt="s", color=style.VERMILION, capsize=2, label="together")
    values = np.asarray(exact)
    if values.size:
        ax.plot(place + 0.13, values, "x", color=style.BLACK, markersize=7, zorder=4, label="without sampling")
    ax.set_xticks(place, list(names))
    ax.legend(ncols=2)
    return ax


@style.styled
def pit_histograms(edges: ArrayLike, histograms: Mapping[str, ArrayLike], *, n_samples: int) -> Figure:
    """Draw PIT histograms side by side, the flat line of a calibrated model, and its range by chance (95 %)."""
    figure, grid = style.panels(1, len(histograms), share_y=True)
    ends = np.asarray(edges)
    chance = 1.96 * np.sqrt((len(ends) - 1) / n_samples)
    for ax, (label, density) in zip(grid[0], histograms.items(), strict=True):
        style.axes(ax, x="quantile that came true (PIT)", y="", title=label)
        ax.stairs(np.asarray(density), ends, fill=True, color=style.BLUE, alpha=0.6)
        ax.axhspan(1 - chance, 1 + chance, color=style.GRAY, alpha=0.3, linewidth=0)
        ax.axhline(1.0, color=style.BLACK, linewidth=1.1)
    grid[0, 0].set_ylabel("density")
    return figure
