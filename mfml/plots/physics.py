"""Figures of unit 13: derivatives, integrators, networks that know an equation, and constraints."""

from collections.abc import Mapping

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from mfml.plots import style

Curve = tuple[ArrayLike, ArrayLike]  # x, y


@style.styled
def against_truth(
    x: ArrayLike,
    panels: Mapping[str, ArrayLike],
    *,
    truth: ArrayLike,
    x_label: str,
    y_label: str,
    data: Curve | None = None,
    y_limits: tuple[float, float] | None = None,
    columns: int = 4,
) -> Figure:
    """Draw in each panel one estimate of the same curve, the true curve, and the data if there are any."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = style.panels(rows, columns, size=(9.0 / columns, 2.8), share_x=True, share_y=True)
    at = np.asarray(x)
    for place, (name, values) in enumerate(panels.items()):
        row, column = divmod(place, columns)
        low = place + columns >= len(panels)
        ax = style.axes(grid[row, column], x=x_label if low else "", y="" if column else y_label, title=name)
        ax.plot(at, np.asarray(values), color=style.BLUE, label="estimate")
        ax.plot(at, np.asarray(truth), "--", color=style.VERMILION, linewidth=1.3, label="truth")
        if data is not None:
            ax.plot(*(np.asarray(part) for part in data), "o", color=style.BLACK, label="measured")
        if y_limits is not None:
            ax.set_ylim(*y_limits)
    for ax in grid.flat[len(panels) :]:
        ax.set_visible(False)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@style.styled
def curves(panels: Mapping[str, Mapping[str, Curve]], *, labels: Mapping[str, tuple[str, str]]) -> Figure:
    """Draw curves (x, y) by name, each panel with its own labels (x, y)."""
    figure, grid = style.panels(1, len(panels), size=(3.9, 3.1))
    for ax, (title, lines) in zip(grid[0], panels.items(), strict=True):
        style.axes(ax, x=labels[title][0], y=labels[title][1], title=title)
        for (name, (x, y)), color, dashes in zip(
            lines.items(), style.PALETTE, ("-", "--", "-.", ":") * 2, strict=False
        ):
            ax.plot(np.asarray(x), np.asarray(y), dashes, color=color, label=name)
    grid[0, 0].legend(loc="best")
    return figure


@style.styled
def errors(
    x: ArrayLike,
    sizes: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw sizes of errors over x on logarithmic axes, where a power is a straight line, or with x as it is."""
    ax = style.axes(ax, x=x_label, y=y_label)
    for (name, values), color, mark in zip(sizes.items(), style.PALETTE, "os^D", strict=False):
        ax.semilogy(np.asarray(x), np.asarray(values), f"{mark}-", color=color, label=name)
    if log_x:
        ax.set_xscale("log")
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # such x are counts
    ax.legend(loc="best")
    return ax


@style.styled
def steps(times: ArrayLike, values: ArrayLike, path: Curve, *, x_label: str, y_label: str) -> Figure:
    """Draw a path and the ends of the steps (times, values) that were taken on it; below, the size of each step."""
    figure, grid = style.panels(2, 1, size=(6.4, 2.2), share_x=True)
    at = np.asarray(times)
    top = style.axes(grid[0, 0], x="", y=y_label)
    top.plot(*(np.asarray(part) for part in path), color=style.BLUE, label="between the steps")
    top.plot(at, np.asarray(values), "o", color=style.VERMILION, markersize=3, label="steps")
    top.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    below = style.axes(grid[1, 0], x=x_label, y="size of step")
    below.semilogy(at[1:], np.diff(at), ".-", color=style.VERMILION, linewidth=0.8)
    return figure


@style.styled
def field(
    x: ArrayLike,
    t: ArrayLike,
    values: ArrayLike,
    cuts: Mapping[float, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str,
    t_label: str,
    value_label: str,
) -> Figure:
    """Draw values (rows x, columns t) as colors, and cuts (prediction, truth) over x at some times."""
    figure, grid = style.panels(1, 2, size=(4.2, 3.3))
    left = style.axes(grid[0, 0], x=t_label, y=x_label)
    left.grid(False)
    at, top = np.asarray(x), float(np.max(np.abs(np.asarray(values))))
    shown = left.pcolormesh(np.asarray(t), at, np.asarray(values), vmin=-top, vmax=top, cmap=style.DIVERGING)
    figure.colorbar(shown, ax=left).ax.set_title(value_label)  # beside the bar it would meet the label of the cuts
    right = style.axes(grid[0, 1], x=x_label, y=value_label)
    for (time, (found, truth)), color in zip(cuts.items(), style.PALETTE, strict=False):
        left.axvline(time, color=style.BLACK, linewidth=0.8, linestyle=":")
        right.plot(at, np.asarray(found), color=color, label=f"{time:g}")
        right.plot(at, np.asarray(truth), "--", color=style.BLACK, linewidth=1.0)
    right.plot([], [], "--", color=style.BLACK, linewidth=1.0, label="exact")
    right.legend(loc="best", title=t_label)
    return figure


@style.styled
def profiles(
    data: Mapping[str, Curve],
    lines: Mapping[str, Curve],
    *,
    x_label: str,
    y_label: str,
    truth: Curve | None = None,
    log_x: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw measured points by name, a line in the same color for each name that has one, and the true curve dashed."""
    ax = style.axes(ax, x=x_label, y=y_label)
    colors = dict(zip(dict.fromkeys([*data, *lines]), style.PALETTE, strict=False))
    for name, (x, y) in lines.items():
        ax.plot(np.asarray(x), np.asarray(y), color=colors[name], label=name)
    if truth is not None:
        ax.plot(*(np.asarray(part) for part in truth), "--", color=style.BLACK, linewidth=1.3, label="truth")
    for name, (x, y) in data.items():
        ax.plot(np.asarray(x), np.asarray(y), "o", color=colors[name], label="" if name in lines else name)
    if log_x:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="best")
    return ax
