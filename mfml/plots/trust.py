"""Figures of unit 14 on what an explanation is worth: sensitivities, profiles, scores of the unknown, a decision."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style


@style.styled
def shares(
    names: Sequence[str], bars: Mapping[str, ArrayLike], *, x_label: str, ax: Axes | None = None, columns: int = 3
) -> Axes:
    """Draw one group of horizontal bars for each feature, in the order of the first series, the largest on top.

    A series is an array (d,), or (d, 3) with each value and the ends of its interval.
    """
    ax = style.axes(ax, x=x_label, y="", size=(style.WIDTH, 0.42 * len(names) + 1.3))
    series = {name: np.asarray(values) for name, values in bars.items()}
    first = next(iter(series.values()))
    order = np.argsort(first if first.ndim == 1 else first[:, 0])
    height = 0.8 / len(series)
    for i, ((name, values), color) in enumerate(zip(series.items(), style.PALETTE, strict=False)):
        chosen = values[order]
        at = np.arange(len(order)) + 0.4 - height * (i + 0.5)
        middle = chosen if chosen.ndim == 1 else chosen[:, 0]
        ax.barh(at, middle, height=height, color=color, label=name)
        if chosen.ndim == 2:
            ends = np.abs(chosen[:, 1:].T - middle)
            ax.errorbar(middle, at, xerr=ends, fmt="none", ecolor=style.BLACK, elinewidth=1)
    ax.axvline(0, color=style.BLACK, linewidth=0.8)
    ax.set_yticks(range(len(order)), [names[j] for j in order])
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns)
    return ax


@style.styled
def profiles(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str,
    y_label: str,
    single: tuple[ArrayLike, ArrayLike] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw mean effects of one feature over its values (x, effect), and those of single samples (x, (s, m)) behind."""
    ax = style.axes(ax, x=x_label, y=y_label)
    if single is not None:
        lines = ax.plot(np.asarray(single[0]), np.asarray(single[1]).T, color=style.GRAY, linewidth=0.6, alpha=0.6)
        lines[0].set_label("single samples")
    for (name, (at, effect)), color in zip(curves.items(), style.PALETTE, strict=False):
        ax.plot(np.asarray(at), np.asarray(effect), color=color, label=name)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


@style.styled
def unknown(
    scores: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    names: tuple[str, str],
    limits: Mapping[str, float] | None = None,
) -> Figure:
    """Draw histograms of each score for (known, new) samples, a panel for each score, and its limit of trust."""
    figure, grid = style.panels(1, len(scores), size=(2.8, 2.8))
    for ax, (title, pair) in zip(grid[0], scores.items(), strict=True):
        style.axes(ax, x="score", y="share of samples" if ax is grid[0, 0] else "", title=title)
        old, new = (np.asarray(part) for part in pair)
        low, high = np.quantile(np.concatenate([old, new]), [0.0, 0.995])
        edges = np.linspace(low, high, 30)
        for values, color, name in zip((old, new), (style.BLUE, style.VERMILION), names, strict=True):
            weights = np.full(len(values), 1 / len(values))
            ax.hist(np.clip(values, low, high), edges, weights=weights, color=color, alpha=0.6, label=name)
        if limits and title in limits:
            ax.axvline(limits[title], color=style.BLACK, linestyle="--", linewidth=1.2, label="limit of trust")
    marks, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(marks, labels, loc="outside lower center", ncols=len(labels))
    return figure


@style.styled
def decision(
    x: ArrayLike,
    y: ArrayLike,
    groups: Mapping[str, ArrayLike],
    *,
    limits: tuple[float, float],
    margins: tuple[float, float],
    x_label: str,
    y_label: str,
    chosen: Mapping[str, tuple[float, float]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw candidates by two predictions; the lower right corner fulfills what is needed.

    `limits` are the least x and the largest y. `margins` move them to where the intervals fulfill them, too: there the
    corner is shaded. `groups` are masks of candidates; `chosen` are marked with their names.
    """
    ax = style.axes(ax, x=x_label, y=y_label)
    at, height = np.asarray(x), np.asarray(y)
    looks = ((style.GRAY, ".", 0.35), (style.BLUE, "o", 0.8), (style.VERMILION, "x", 1.0))
    for (name, mask), (color, mark, alpha) in zip(groups.items(), looks, strict=False):
        chosen_rows = np.asarray(mask)
        ax.plot(at[chosen_rows], height[chosen_rows], mark, color=color, alpha=alpha, markersize=3, label=name)
    right, bottom = ax.get_xlim()[1], ax.get_ylim()[0]
    ax.plot([limits[0], limits[0], right], [bottom, limits[1], limits[1]], color=style.BLACK, linewidth=1.2)
    safe = limits[0] + margins[0], limits[1] - margins[1]
    ax.fill_between([safe[0], right], bottom, safe[1], color=style.GREEN, alpha=0.15, linewidth=0)
    for name, place in (chosen or {}).items():
        ax.plot(*place, "*", color=style.BLACK, markersize=12, label=name)
    ax.set(xlim=(None, right), ylim=(bottom, None))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


@style.styled
def page(title: str, lines: Sequence[str]) -> tuple[Figure, np.ndarray]:
    """Give a page of four panels, of which the last one holds text; the other three are to be drawn on."""
    figure, grid = style.panels(2, 2, size=(6.6, 4.0))
    figure.suptitle(title, fontsize=13, fontweight="bold")
    text = grid[1, 1]
    text.set_axis_off()
    text.text(0.0, 0.98, "\n".join(lines), va="top", ha="left", fontsize=9.5, linespacing=1.6, transform=text.transAxes)
    return figure, grid
