"""Figures of unit 14: what each feature adds to a prediction, for one sample and for many."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes

from mfml.plots import style


@style.styled
def waterfall(
    phi: ArrayLike,
    base: float,
    names: Sequence[str],
    *,
    x_label: str,
    values: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how the features lead from the base to one prediction, the largest step on top.

    `phi` has one value for each feature; `values` are texts beside the names, such as "0.64 at.%".
    """
    steps = np.asarray(phi)
    order = np.argsort(np.abs(steps))
    ends = float(base) + np.cumsum(steps[order])
    ax = style.axes(ax, x=x_label, y="", size=(style.WIDTH, 0.36 * len(steps) + 1.5))
    for place, (j, end) in enumerate(zip(order, ends, strict=True)):
        color = style.VERMILION if steps[j] > 0 else style.BLUE
        ax.barh(place, steps[j], left=end - steps[j], color=color, height=0.65)
        ax.annotate(
            f"{steps[j]:+.3g}".replace("-", "\N{MINUS SIGN}"),
            (max(end, end - steps[j]), place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
        if place < len(order) - 1:
            ax.plot([end, end], [place - 0.33, place + 1.33], color=style.GRAY, linewidth=0.8)
    ax.axvline(float(base), color=style.GRAY, linestyle="--", linewidth=1, label=f"base {float(base):.4g}")
    ax.axvline(ends[-1], color=style.BLACK, linestyle="--", linewidth=1, label=f"prediction {ends[-1]:.4g}")
    ax.set_yticks(range(len(order)), [names[j] if values is None else f"{names[j]} = {values[j]}" for j in order])
    ax.use_sticky_edges = False
    ax.margins(x=0.12)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


@style.styled
def force(
    phi: ArrayLike, base: float, names: Sequence[str], *, x_label: str, n_names: int = 4, ax: Axes | None = None
) -> Axes:
    """Draw one prediction as two rows of bars that push against each other: what raises it, and what lowers it.

    The `n_names` largest bars are named, as far as they are wide enough for a name.
    """
    steps = np.asarray(phi)
    end = float(base) + float(steps.sum())
    ax = style.axes(ax, x=x_label, y="", size=(7.5, 1.9))
    ends = end - np.maximum(steps, 0).sum(), end - np.minimum(steps, 0).sum()
    wide = np.abs(steps) > 0.06 * (max(*ends, float(base)) - min(*ends, float(base)))
    named = {j for j in np.argsort(-np.abs(steps))[:n_names].tolist() if wide[j]}
    for sign, color in ((1, style.VERMILION), (-1, style.BLUE)):
        place = end
        for j in np.argsort(-sign * steps):
            if sign * steps[j] <= 0:
                continue
            start = place - steps[j]
            ax.barh(0, place - start, left=start, color=color, height=0.5, edgecolor="white")
            if int(j) in named:
                ax.text((start + place) / 2, 0.33 if sign > 0 else -0.33, names[j], ha="center", fontsize=8,
                        va="bottom" if sign > 0 else "top")  # fmt: skip
            place = start
    ax.axvline(float(base), color=style.GRAY, linestyle="--", linewidth=1, label=f"base {float(base):.4g}")
    ax.axvline(end, color=style.BLACK, linewidth=1.6, label=f"prediction {end:.4g}")
    ax.use_sticky_edges = False
    ax.margins(x=0.04)
    ax.set(yticks=[], ylim=(-0.75, 0.75))
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


@style.styled
def beeswarm(phi: ArrayLike, x: ArrayLike, names: Sequence[str], *, x_label: str, ax: Axes | None = None) -> Axes:
    """Draw the values of all samples, a row for each feature; the color is the rank of the feature's own value.

    Samples with about equal values are piled up. The most important feature, by mean size, is on top.
    """
    effects, own = np.asarray(phi), np.asarray(x)
    order = np.argsort(np.abs(effects).mean(axis=0))
    ax = style.axes(ax, x=x_label, y="", size=(6.4, 0.45 * len(order) + 1.3))
    width = np.ptp(effects) / 120 or 1.0
    for place, j in enumerate(order):
        below, up_to = (np.searchsorted(np.sort(own[:, j]), own[:, j], side) for side in ("left", "right"))
        rank = (below + up_to - 1) / max(2, 2 * len(own) - 2)  # equal values share one color
        drawn = ax.scatter(
            effects[:, j], place + _piled(effects[:, j], width), c=rank, s=7, cmap=style.SEQUENTIAL, vmin=0, vmax=1
        )
    ax.axvline(0, color=style.BLACK, linewidth=0.8)
    ax.set_yticks(range(len(order)), [names[j] for j in order])
    bar = plt.colorbar(drawn, ax=ax, ticks=[0, 1], pad=0.02)
    bar.ax.set_yticklabels(["small", "large"])
    bar.set_label("value of the feature", labelpad=-16)
    return ax


def _piled(values: np.ndarray, width: float) -> np.ndarray:
    """Heights of points, so that those in one bin lie above and below each other, within a row."""
    bins = np.round(values / width).astype(int)
    heights = np.zeros(len(values))
    for one in np.unique(bins):
        members = np.flatnonzero(bins == one)
        heights[members] = (np.arange(len(members)) + 1) // 2 * np.where(np.arange(len(members)) % 2, 1, -1)
    return 0.4 * heights / max(6.0, np.abs(heights).max())


@style.styled
def dependence(
    at: ArrayLike,
    phi: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    color: ArrayLike | None = None,
    color_label: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the values of one feature over its own values; the color may show another one, with which it interacts."""
    ax = style.axes(ax, x=x_label, y=y_label)
    shade = style.BLUE if color is None else np.asarray(color)
    drawn = ax.scatter(np.asarray(at), np.asarray(phi), c=shade, s=9, cmap=None if color is None else style.SEQUENTIAL)
    ax.axhline(0, color=style.BLACK, linewidth=0.8)
    if color is not None:
        plt.colorbar(drawn, ax=ax, label=color_label)
    return ax
