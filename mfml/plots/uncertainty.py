"""Figures of unit 12: functions drawn from a process, bands, evidence, calibration, campaigns.

Bands are two standard deviations wide on both sides.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style


@style.styled
def draws(x: ArrayLike, panels: Mapping[str, ArrayLike], *, x_label: str, y_label: str, columns: int = 4) -> Figure:
    """Draw functions (s, m) over x, a panel for each kernel."""
    rows = -(-len(panels) // columns)
    figure, grid = style.panels(rows, columns, size=(2.1, 2.0), share_x=True, share_y=True)
    at = np.asarray(x)
    for place, (name, functions) in enumerate(panels.items()):
        row, column = divmod(place, columns)
        low = place + columns >= len(panels)
        ax = style.axes(grid[row, column], x=x_label if low else "", y=y_label if column == 0 else "", title=name)
        for values, color in zip(np.asarray(functions), style.PALETTE, strict=False):
            ax.plot(at, values, color=color, linewidth=1.2)
    for ax in grid.flat[len(panels) :]:
        ax.set_visible(False)
    return figure


@style.styled
def processes(
    x: ArrayLike,
    panels: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    data: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str,
    y_label: str,
    y_limits: tuple[float, float],
) -> Figure:
    """Draw mean, band and functions (mean, std, draws) for each state of knowledge, and the data known by then."""
    figure, grid = style.panels(1, len(panels), size=(2.9, 3.0), share_y=True)
    at = np.asarray(x)
    for ax, (name, (mean, std, functions)) in zip(grid[0], panels.items(), strict=True):
        style.axes(ax, x=x_label, y=y_label if ax is grid[0, 0] else "", title=name)
        center, half = np.asarray(mean), 2 * np.asarray(std)
        ax.fill_between(at, center - half, center + half, color=style.BLUE, alpha=0.2, linewidth=0, label="± 2 std")
        drawn = ax.plot(at, np.asarray(functions).T, color=style.GRAY, linewidth=0.9)
        drawn[0].set_label("drawn functions")
        ax.plot(at, center, color=style.BLUE, label="mean")
        if name in data:
            ax.plot(*(np.asarray(part) for part in data[name]), "o", color=style.BLACK, markersize=3, label="measured")
        ax.set_ylim(*y_limits)
    names = {name: mark for ax in grid[0] for mark, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(names.values(), names, loc="outside lower center", ncols=len(names))
    return figure


@style.styled
def members(
    x: ArrayLike,
    curves: ArrayLike,
    data: tuple[ArrayLike, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    curve_label: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each member (s, m) predicts, and the data that all of them have seen."""
    ax = style.axes(ax, x=x_label, y=y_label)
    for number, values in enumerate(np.asarray(curves)):
        ax.plot(np.asarray(x), values, color=style.BLUE, linewidth=0.9, alpha=0.8, label="" if number else curve_label)
    ax.plot(*(np.asarray(part) for part in data), "o", color=style.BLACK, markersize=3.5, label="measured")
    ax.legend(loc="best")
    return ax


@style.styled
def bands(
    x: ArrayLike,
    panels: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    data: tuple[ArrayLike, ArrayLike],
    truth: ArrayLike,
    x_label: str,
    y_label: str,
    y_limits: tuple[float, float],
) -> Figure:
    """Draw for each method (mean, epistemic std, std) two bands: doubt about the mean, and with the noise."""
    columns = 2
    rows = -(-len(panels) // columns)
    figure, grid = style.panels(rows, columns, size=(4.0, 2.7), share_x=True, share_y=True)
    at = np.asarray(x)
    for place, (name, (mean, doubt, std)) in enumerate(panels.items()):
        row, column = divmod(place, columns)
        ax = style.axes(
            grid[row, column], x=x_label if row == rows - 1 else "", y="" if column else y_label, title=name
        )
        center, inner, outer = np.asarray(mean), 2 * np.asarray(doubt), 2 * np.asarray(std)
        ax.fill_between(
            at, center - outer, center + outer, color=style.SKY, alpha=0.35, linewidth=0, label="± 2 std of a new value"
        )
        ax.fill_between(
            at, center - inner, center + inner, color=style.BLUE, alpha=0.45, linewidth=0, label="± 2 std of the mean"
        )
        ax.plot(at, center, color=style.BLUE)
        ax.plot(at, np.asarray(truth), "--", color=style.VERMILION, linewidth=1.3, label="truth")
        ax.plot(*(np.asarray(part) for part in data), "o", color=style.BLACK, markersize=2.5, label="measured")
        ax.set_ylim(*y_limits)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


@style.styled
def parts_of_doubt(
    x: ArrayLike,
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    noise: ArrayLike,
    spans: Sequence[tuple[float, float]],
    x_label: str,
    unit: str,
    top: float,
) -> Figure:
    """Draw aleatoric and epistemic standard deviation (a pair per method) over x; gray spans hold no data."""
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = style.panels(rows, columns, size=(4.0, 2.5), share_x=True, share_y=True)
    at = np.asarray(x)
    for place, (name, (aleatoric, epistemic)) in enumerate(panels.items()):
        row, column = divmod(place, columns)
        y_label = "" if column else f"standard deviation ({unit})"
        ax = style.axes(grid[row, column], x=x_label if row == rows - 1 else "", y=y_label, title=name)
        for low, high in spans:
            ax.axvspan(low, high, color=style.GRAY, alpha=0.15, linewidth=0)
        ax.plot(at, np.asarray(noise), "--", color=style.BLACK, linewidth=1.2, label="true noise")
        ax.plot(at, np.asarray(aleatoric), color=style.VERMILION, label="aleatoric")
        ax.plot(at, np.asarray(epistemic), color=style.BLUE, label="epistemic")
        ax.set_ylim(0, top)
    for ax in grid.flat[len(panels) :]:
        ax.set_visible(False)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@style.styled
def two_panels(*panels: tuple[ArrayLike, Mapping[str, ArrayLike], str, str], mark: float) -> Figure:
    """Draw curves over a number in panels (x, curves, x label, y label), and a line at the number that was chosen."""
    figure, grid = style.panels(1, len(panels), size=(3.7, 3.0))
    for ax, (x, curves, x_label, y_label), color in zip(grid[0], panels, style.PALETTE, strict=False):
        style.axes(ax, x=x_label, y=y_label)
        ax.axvline(mark, color=style.GRAY, linestyle="--", linewidth=1.2)
        for values in curves.values():
            ax.plot(np.asarray(x), np.asarray(values), "o-", color=color)
    return figure


@style.styled
def inverse(
    x: ArrayLike,
    y: ArrayLike,
    drawn: tuple[ArrayLike, ArrayLike],
    lines: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    drawn_label: str,
    x_label: str,
    y_label: str,
) -> Figure:
    """Draw data on the left; on the right what a model draws for the same x, and lines (x, y)."""
    figure, grid = style.panels(1, 2, size=(3.9, 3.2), share_y=True)
    left = style.axes(grid[0, 0], x=x_label, y=y_label, title="measured")
    left.plot(np.asarray(x), np.asarray(y), ".", color=style.BLACK, alpha=0.5)
    right = style.axes(grid[0, 1], x=x_label, y="", title=drawn_label)
    right.plot(*(np.asarray(part) for part in drawn), ".", color=style.BLUE, alpha=0.5)
    for (name, (at, values)), color in zip(lines.items(), (style.VERMILION, style.GREEN), strict=False):
        right.plot(np.asarray(at), np.asarray(values), color=color, label=name)
    right.legend(loc="upper left")
    return figure


@style.styled
def reliability(
    panels: Mapping[str, Mapping[str, tuple[ArrayLike, ArrayLike]]], *, labels: Mapping[str, tuple[str, str]]
) -> Figure:
    """Draw what came true over what was promised, a curve (promised, came true) for each model of a panel."""
    figure, grid = style.panels(1, len(panels), size=(3.9, 3.4))
    for ax, (title, curves) in zip(grid[0], panels.items(), strict=True):
        style.axes(ax, x=labels[title][0], y=labels[title][1], title=title)
        ax.plot([0, 1], [0, 1], "--", color=style.GRAY, linewidth=1.2, label="kept promise")
        for (name, (promised, observed)), color, mark in zip(curves.items(), style.PALETTE, "os^D", strict=False):
            at, values = np.asarray(promised), np.asarray(observed)
            there = ~np.isnan(at)
            ax.plot(at[there], values[there], f"{mark}-", color=color, label=name)
        ax.legend(loc="upper left")
    return figure


@style.styled
def maps(
    x: ArrayLike,
    y: ArrayLike,
    panels: Mapping[str, ArrayLike],
    data: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    value_label: str,
) -> Figure:
    """Draw values (rows y, columns x) of two features as colors, all panels on one scale, with the data (n, 2)."""
    figure, grid = style.panels(1, len(panels), size=(3.7, 3.3), share_y=True)
    top = max(float(np.max(np.asarray(values))) for values in panels.values())
    points = np.asarray(data)
    for ax, (name, values) in zip(grid[0], panels.items(), strict=True):
        style.axes(ax, x=x_label, y=y_label if ax is grid[0, 0] else "", title=name)
        ax.grid(False)
        shown = ax.pcolormesh(np.asarray(x), np.asarray(y), np.asarray(values), vmin=0, vmax=top, cmap=style.SEQUENTIAL)
        ax.plot(points[:, 0], points[:, 1], "o", color="white", markersize=2.5, markeredgewidth=0)
    figure.colorbar(shown, ax=grid[0].tolist(), label=value_label)
    return figure


@style.styled
def coverages(
    rates: Mapping[str, Mapping[str, float]], *, level: float, x_label: str = "share of new values inside the interval"
) -> Axes:
    """Draw the coverage of each method (a mark) in each situation (a row), and the level that was promised."""
    ax = style.axes(x=x_label, y="", size=(6.2, 0.55 * len(rates) + 1.4))
    names = list(dict.fromkeys(name for row in rates.values() for name in row))
    for name, color, mark in zip(names, style.PALETTE, "os^D", strict=False):
        rows = [(place, row[name]) for place, row in enumerate(rates.values()) if name in row]
        ax.plot([rate for _, rate in rows], [place for place, _ in rows], mark, color=color, markersize=7, label=name)
    ax.axvline(level, color=style.GRAY, linestyle="--", linewidth=1.2, label=f"promised: {100 * level:g} %")
    ax.set_yticks(range(len(rates)), list(rates))
    ax.set(ylim=(len(rates) - 0.5, -0.5), xlim=(-0.02, 1.02))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


@style.styled
def next_experiment(
    x: ArrayLike,
    prediction: tuple[ArrayLike, ArrayLike],
    data: tuple[ArrayLike, ArrayLike],
    promise: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
) -> Figure:
    """Draw a prediction (mean, std) with its data, and below what each acquisition promises, as a share of its range.

    A mark shows what each would measure next.
    """
    figure, grid = style.panels(2, 1, size=(style.WIDTH, 2.7), share_x=True)
    at, center, half = np.asarray(x), np.asarray(prediction[0]), 2 * np.asarray(prediction[1])
    top = style.axes(grid[0, 0], x="", y=y_label)
    top.fill_between(at, center - half, center + half, color=style.BLUE, alpha=0.2, linewidth=0, label="± 2 std")
    top.plot(at, center, color=style.BLUE, label="mean")
    top.plot(*(np.asarray(part) for part in data), "o", color=style.BLACK, markersize=4, label="measured")
    below = style.axes(grid[1, 0], x=x_label, y="acquisition, from 0 to 1")
    for (name, values), color in zip(promise.items(), (style.VERMILION, style.GREEN, style.PURPLE), strict=False):
        worth = np.asarray(values)
        share = (worth - worth.min()) / np.ptp(worth)
        best = int(np.argmax(share))
        below.plot(at, share, color=color, label=name)
        below.plot(at[best], 1, "v", color=color, markersize=8)
    below.set_ylim(0, 1.12)
    for ax in (top, below):
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


@style.styled
def campaigns(
    best: Mapping[str, ArrayLike],
    *,
    goal: float,
    goal_label: str,
    y_label: str,
    x_label: str = "experiments",
    first: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Draw the best value so far of many campaigns (s, t): their median, and where 80 % of them are.

    The axis of the experiments is logarithmic, since some campaigns need many times what others need. It starts at the
    experiment `first`, such as the last one before the methods differ.
    """
    ax = style.axes(ax, x=x_label, y=y_label)
    for (name, runs), color in zip(best.items(), style.PALETTE, strict=False):
        low, middle, high = np.quantile(np.asarray(runs, dtype=float), [0.1, 0.5, 0.9], axis=0)
        number = np.arange(1, len(middle) + 1)[first - 1 :]
        low, middle, high = low[first - 1 :], middle[first - 1 :], high[first - 1 :]
        inside, edge = (color, 0.15), (color, 0.6)
        ax.fill_between(number, low, high, step="post", facecolor=inside, edgecolor=edge, linewidth=0.8)
        ax.step(number, middle, where="post", color=color, label=name)
    ax.axhline(goal, color=style.GRAY, linestyle="--", linewidth=1.2, label=goal_label)
    ax.set_xscale("log")
    left, right = ax.get_xlim()
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if left <= tick <= right]
    ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.legend(loc="lower right")
    return ax
