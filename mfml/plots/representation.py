"""Figures of unit 9: maps of samples, what views look like, accuracy over the number of labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style

MARKERS = "ox+^"  # the next one when all colors are used


@style.styled
def maps(
    panels: Mapping[str, ArrayLike],
    labels: ArrayLike,
    *,
    names: Sequence[str] = (),
    color_label: str = "class",
    size: float = 2.9,
) -> Figure:
    """Draw maps (n, 2) of the same samples side by side, colored by label.

    With `names` the labels are classes from 0 on, and there is a legend; otherwise they are values, and there is
    a color bar. The axes of a map have no unit, so they have no label.
    """
    figure, grid = style.panels(1, len(panels), size=(size, size + 0.2))
    value = np.asarray(labels)
    width = np.clip(60 / np.sqrt(len(value)), 2.4, 4.0)  # of a marker, in points: the fewer samples, the larger
    for ax, (name, points) in zip(grid[0], panels.items(), strict=True):
        at = np.asarray(points)
        if names:
            for number, label in enumerate(names):
                own = at[value == number]
                color = style.PALETTE[number % len(style.PALETTE)]
                marker = MARKERS[number // len(style.PALETTE)]
                ax.plot(own[:, 0], own[:, 1], marker, markersize=width, color=color, label=label)
        else:
            shown = ax.scatter(at[:, 0], at[:, 1], c=value, s=width**2, cmap=style.SEQUENTIAL, linewidths=0)
        ax.set(title=name, aspect="equal", adjustable="datalim", xticks=[], yticks=[])
        ax.spines[["top", "right"]].set_visible(True)
    if names:
        handles, found = grid[0, -1].get_legend_handles_labels()
        figure.legend(handles, found, loc="outside right center", title=color_label, markerscale=6 / width)
    else:
        figure.colorbar(shown, ax=grid[0], label=color_label)
    return figure


@style.styled
def accuracies(counts: ArrayLike, curves: Mapping[str, ArrayLike], *, chance: float, ax: Axes | None = None) -> Axes:
    """Draw the accuracy of probes over the number of labels of each class: mean and range of (counts, draws)."""
    ax = style.axes(ax, x="labeled images of each class", y="accuracy on new images")
    number = np.asarray(counts)
    for (name, values), color in zip(curves.items(), style.PALETTE, strict=False):
        drawn = np.asarray(values)
        ax.plot(number, drawn.mean(axis=1), "o-", color=color, label=name)
        ax.fill_between(number, drawn.min(axis=1), drawn.max(axis=1), color=color, alpha=0.18, linewidth=0)
    ax.axhline(chance, color=style.GRAY, linestyle="--", linewidth=1.2, label="guessing")
    ax.set_xscale("log")
    ax.set_xticks(number, [f"{one:g}" for one in number])
    ax.minorticks_off()
    ax.set_ylim(0, 1.03)
    ax.legend()
    return ax


@style.styled
def words(
    points: ArrayLike, texts: Sequence[str], labels: ArrayLike, *, names: Sequence[str], title: str = ""
) -> Figure:
    """Draw a map (n, 2) of samples that have short names, such as elements: each name stands at its place.

    The labels are classes from 0 on, which `names` names. The axes of a map have no unit, so they have no label.
    """
    figure, ((ax,),) = style.panels(1, 1, size=(style.WIDTH, style.WIDTH))
    at, value = np.asarray(points), np.asarray(labels)
    for number, label in enumerate(names):
        own, color = at[value == number], style.PALETTE[number % len(style.PALETTE)]
        ax.plot(own[:, 0], own[:, 1], "o", markersize=0, color=color, label=label)
        for (x, y), text in zip(own, np.asarray(texts)[value == number], strict=True):
            ax.text(x, y, text, color=color, ha="center", va="center", fontsize=9)
    ax.set(title=title, xticks=[], yticks=[])
    ax.margins(0.06)
    ax.spines[["top", "right"]].set_visible(True)
    handles, found = ax.get_legend_handles_labels()
    figure.legend(handles, found, loc="outside right center", markerscale=0, labelcolor="linecolor", handlelength=0)
    return figure
