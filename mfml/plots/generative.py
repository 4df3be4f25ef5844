"""Figures of unit 11: schedules, samples on the way from noise, densities, trade-offs of guidance, designs."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style


@style.styled
def schedules(step: ArrayLike, signal: Mapping[str, ArrayLike]) -> Figure:
    r"""Draw for each schedule the share of the signal in the variance, and the logarithm of signal over noise."""
    figure, grid = style.panels(1, 2, size=(3.9, 3.1))
    left = style.axes(grid[0, 0], x="step t", y=r"signal $\bar\alpha_t$")
    right = style.axes(grid[0, 1], x="step t", y=r"$\ln\, [\bar\alpha_t / (1 - \bar\alpha_t)]$")
    for (name, values), color in zip(signal.items(), style.PALETTE, strict=False):
        share = np.asarray(values, dtype=float)
        left.plot(step, share, color=color, label=name)
        right.plot(step, np.log(share) - np.log1p(-share), color=color)
    left.legend()
    return figure


@style.styled
def strips(
    rows: Mapping[str, ArrayLike], *, titles: Sequence[str] = (), limits: tuple[float, float], size: float = 0.8
) -> Figure:
    """Draw rows of images (n, height, width), named on the left; `titles` stand above the columns."""
    columns = max(len(np.asarray(stack)) for stack in rows.values())
    figure, grid = style.panels(len(rows), columns, size=(size, size + 0.1))
    for ax in grid.flat:
        style.bare(ax)
    for line, (name, stack) in zip(grid, rows.items(), strict=True):
        for ax, image in zip(line, np.asarray(stack), strict=False):
            ax.imshow(image, cmap=style.INK, vmin=limits[0], vmax=limits[1])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for ax, title in zip(grid[0], titles, strict=False):
        ax.set_title(title, fontsize=8)
    return figure


@style.styled
def trade_off(
    strength: ArrayLike,
    fidelity: ArrayLike,
    diversity: ArrayLike,
    *,
    fidelity_label: str,
    diversity_label: str,
) -> Figure:
    """Draw two measures over the strength of guidance, in panels of their own."""
    figure, grid = style.panels(1, 2, size=(3.7, 3.0))
    panels = (
        (grid[0, 0], fidelity, fidelity_label, style.BLUE),
        (grid[0, 1], diversity, diversity_label, style.VERMILION),
    )
    for ax, values, label, color in panels:
        style.axes(ax, x="guidance w", y=label)
        ax.plot(np.asarray(strength), np.asarray(values), "o-", color=color)
    return figure


@style.styled
def clouds(
    panels: Mapping[str, ArrayLike],
    *,
    below: Mapping[str, str] | None = None,
    limits: tuple[tuple[float, float], tuple[float, float]],
    size: float = 2.2,
) -> Figure:
    """Draw samples (n, 2) of each method side by side on one scale, with a line of text below each panel."""
    (left, right), (bottom, top) = limits
    figure, grid = style.panels(1, len(panels), size=(size, size * (top - bottom) / (right - left) + 0.5))
    for ax, (name, points) in zip(grid[0], panels.items(), strict=True):
        at = np.asarray(points)
        ax.plot(at[:, 0], at[:, 1], ".", markersize=2, alpha=0.5, color=style.BLUE)
        ax.set(title=name, aspect="equal", xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
        ax.set_xlabel((below or {}).get(name, ""), fontsize=9)
        ax.spines[["top", "right"]].set_visible(True)
    return figure


@style.styled
def likelihoods(
    values: Mapping[str, tuple[float, float]], *, best: float, best_label: str, ax: Axes | None = None
) -> Axes:
    """Draw a log-likelihood for each method as a range from a lower to an upper estimate, beside the best possible."""
    ax = style.axes(ax, x="log-likelihood of new samples (nats)", y="", size=(5.6, 0.5 * len(values) + 1.3))
    for number, (low, high) in enumerate(values.values()):
        ax.plot([low, high], [number, number], "o-", color=style.BLUE, markersize=6)
    ax.axvline(best, color=style.GRAY, linestyle="--", linewidth=1.2, label=best_label)
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.legend(loc="best")
    return ax


@style.styled
def two_point(distance: ArrayLike, curves: Mapping[str, ArrayLike], *, unit: str, ax: Axes | None = None) -> Axes:
    """Draw how often both of two points of a microstructure lie in phase 1, which is black, over their distance."""
    ax = style.axes(ax, x=f"distance ({unit})", y="probability that both are black")
    for (name, values), color in zip(curves.items(), style.PALETTE, strict=False):
        ax.plot(np.asarray(distance), np.asarray(values), "o-", markersize=3, color=color, label=name)
    ax.axhline(0, color=style.GRAY, linewidth=0.8)
    ax.legend()
    return ax


@style.styled
def spectra(angle: ArrayLike, panels: Mapping[str, ArrayLike]) -> Figure:
    """Draw a few spectra of counts (n, channels) of each kind above each other, on a square-root scale.

    There the noise of counts is as wide everywhere. What is below zero is orange. The bar reaches from 0 to 100.
    """
    figure, grid = style.panels(1, len(panels), size=(3.4, 3.0))
    at = np.asarray(angle)
    roots = {name: np.sign(rows) * np.sqrt(np.abs(rows)) for name, rows in panels.items()}
    step = 1.15 * max(float(rows.max()) for rows in roots.values())
    for ax, (name, rows) in zip(grid[0], roots.items(), strict=True):
        label = "counts (square-root scale)" if ax is grid[0, 0] else ""
        style.axes(ax, x=r"$2\theta$ (degrees)", y=label, title=name)
        for base, height in zip(step * np.arange(len(rows)), rows, strict=True):
            ax.plot(at, base + height, color=style.BLUE, linewidth=0.9)
            ax.fill_between(at, base + np.minimum(height, 0.0), base, color=style.VERMILION, linewidth=0)
        ax.set_ylim(-0.3 * step, len(rows) * step)
        ax.set_yticks(step * np.arange(len(rows)), ["0"] * len(rows))
    top = step * (len(rows) - 1)
    grid[0, 0].plot([at[0]] * 2, [top, top + 10], color=style.GRAY, linewidth=3)
    grid[0, 0].annotate("100", (at[0], top + 10), xytext=(4, 0), textcoords="offset points", fontsize=8)
    return figure


@style.styled
def on_target(target: ArrayLike, reached: Mapping[str, ArrayLike], *, quantity: str, ax: Axes | None = None) -> Axes:
    """Draw what designs reach over what was asked for; on the gray line both are equal. Kinds stand side by side."""
    wanted = np.asarray(target)
    ax = style.axes(ax, x=f"wanted {quantity}", y=f"reached {quantity}")
    ends = [float(wanted.min()), float(wanted.max())]
    ax.plot(ends, ends, "--", color=style.GRAY, linewidth=1.2, label="reached = wanted")
    for place, ((name, values), color) in enumerate(zip(reached.items(), style.PALETTE, strict=False)):
        aside = 0.02 * (ends[1] - ends[0]) * (place - (len(reached) - 1) / 2)
        ax.plot(wanted + aside, np.asarray(values), ".", color=color, markersize=4, alpha=0.6, label=name)
    ax.legend()
    return ax
