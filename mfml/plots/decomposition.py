"""Figures of unit 2: projections, conditioning, covariance ellipses, spectra of variances, parts."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style

ANGLE = "diffraction angle 2θ (degrees)"


@style.styled
def projection(angle: ArrayLike, measured: ArrayLike, fitted: ArrayLike, *, x_label: str = ANGLE) -> Figure:
    """Draw a measured pattern, its projection onto a subspace, and below them the residual."""
    figure, grid = style.panels(2, 1, size=(style.WIDTH, 1.9), share_x=True)
    upper, lower = grid[:, 0]
    style.axes(upper, x="", y="intensity")
    upper.plot(angle, measured, ".", color=style.BLACK, markersize=3.5, label="measured")
    upper.plot(angle, fitted, color=style.VERMILION, linewidth=1.1, label="projection")
    upper.legend(loc="upper right")
    style.axes(lower, x=x_label, y="residual")
    lower.plot(angle, np.asarray(measured) - np.asarray(fitted), color=style.BLUE, linewidth=0.9)
    return figure


@style.styled
def conditioning(
    condition: ArrayLike, observed: ArrayLike, bound: ArrayLike, *, labels: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw relative errors of an answer, and their bound, over the condition number; one label per point."""
    ax = style.axes(ax, x="condition number κ", y="relative error of the shares")
    ax.loglog(condition, bound, "o--", color=style.GRAY, label="bound")
    ax.loglog(condition, observed, "o-", color=style.BLUE, label="observed")
    for x, y, label in zip(np.asarray(condition), np.asarray(observed), labels, strict=True):
        ax.annotate(label, (x, y), xytext=(6, -11), textcoords="offset points", fontsize=8)
    ax.set(xlim=(None, 4 * np.max(condition)), ylim=(0.5 * np.min(observed), None))
    ax.legend(loc="upper left")
    return ax


@style.styled
def ellipses(
    x: ArrayLike,
    outlines: Mapping[str, ArrayLike],
    center: ArrayLike,
    half_axes: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw points (n, 2), outlines (p, 2) around them, and the half-axes (2, 2) from the center as arrows."""
    ax = style.axes(ax, x=x_label, y=y_label, size=(4.8, 4.2))
    ax.plot(*np.asarray(x).T, ".", color=style.GRAY, markersize=4)
    for color, (name, outline) in zip((style.BLUE, style.SKY), outlines.items(), strict=False):
        ax.plot(*np.asarray(outline).T, color=color, label=name)
    start = np.asarray(center)
    for tip in np.asarray(half_axes):
        arrow = {"arrowstyle": "-|>", "color": style.VERMILION, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", tuple(start + tip), tuple(start), arrowprops=arrow)
    ax.set_aspect("equal")
    ax.legend(loc="upper right")
    return ax


@style.styled
def clouds(clouds: Mapping[str, ArrayLike], *, units: Mapping[str, str], color: ArrayLike, color_label: str) -> Figure:
    """Draw clouds of points (n, 2) side by side, each in its own units; the color follows the points."""
    figure, grid = style.panels(1, len(clouds), size=(2.5, 2.6))
    for ax, (name, points) in zip(grid[0], clouds.items(), strict=True):
        style.axes(ax, x=f"feature 1 ({units[name]})", y="", title=name)
        marks = ax.scatter(*np.asarray(points).T, c=np.asarray(color), s=7, linewidths=0)
        ax.set_aspect("equal", adjustable="datalim")
        ax.locator_params(nbins=5)
    grid[0, 0].set_ylabel("feature 2 (same units)")
    figure.colorbar(marks, ax=grid[0, -1], label=color_label)
    return figure


@style.styled
def scree(variance_ratio: ArrayLike, elbow: int, *, ax: Axes | None = None) -> Axes:
    """Draw the share of variance of each component, and mark those before the elbow."""
    ax = style.axes(ax, x="component", y="share of the variance")
    shares = np.asarray(variance_ratio)
    number = np.arange(1, len(shares) + 1)
    ax.semilogy(number, shares, "o-", color=style.GRAY, label="after it")
    ax.semilogy(number[:elbow], shares[:elbow], "o", color=style.VERMILION, markersize=7, label="before the elbow")
    ax.set_xticks(number)
    ax.legend()
    return ax


@style.styled
def parts(
    angle: ArrayLike, columns: Mapping[str, ArrayLike], *, names: Mapping[str, Sequence[str]], x_label: str = ANGLE
) -> Figure:
    """Draw patterns (k, c) in columns of k panels, one column per method, with its name and a zero line."""
    rows = max(len(np.asarray(values)) for values in columns.values())
    figure, grid = style.panels(rows, len(columns), size=(2.9, 1.4), share_x=True)
    for column, (title, values) in zip(grid.T, columns.items(), strict=True):
        for ax, color, name, pattern in zip(column, style.PALETTE, names[title], np.asarray(values), strict=False):
            ax.axhline(0, color=style.BLACK, linewidth=0.6)
            ax.plot(angle, pattern, color=color, linewidth=1.1)
            ax.text(0.97, 0.95, name, transform=ax.transAxes, ha="right", va="top")
            ax.set_yticks([])
        column[0].set_title(title)
        column[-1].set_xlabel(x_label, fontsize=9)
    for ax in grid[:, 0]:
        ax.set_ylabel("intensity")
    return figure


@style.styled
def low_rank_error(
    errors: Mapping[str, tuple[ArrayLike, ArrayLike]], *, y_label: str = "relative error", ax: Axes | None = None
) -> Axes:
    """Draw the error of approximations over their rank: the first as a line, the others as points."""
    ax = style.axes(ax, x="rank k", y=y_label)
    marks = ["-", "o", "s", "^"]
    for mark, color, (name, (rank, error)) in zip(marks, style.PALETTE, errors.items(), strict=False):
        ax.plot(rank, error, mark, color=color, label=name)
    ax.set_ylim(bottom=0)
    ax.legend()
    return ax


@style.styled
def histories(values: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw objectives over iterations; NaN is left out."""
    ax = style.axes(ax, x="sweeps", y="objective, half the squared error")
    for color, (name, history) in zip(style.PALETTE, values.items(), strict=False):
        shown = np.asarray(history)
        shown = shown[np.isfinite(shown)]
        ax.semilogy(shown, color=color, label=name)
    ax.legend()
    return ax


@style.styled
def balls(outlines: Mapping[str, ArrayLike], points: ArrayLike, nearest: Mapping[str, ArrayLike]) -> Figure:
    """Draw balls (p, 2) and the path from each point (n, 2) to the nearest point in the ball, one panel each."""
    figure, grid = style.panels(1, len(outlines), size=(3.2, 3.2), share_y=True)
    for ax, (name, outline) in zip(grid[0], outlines.items(), strict=True):
        style.axes(ax, x="weight 1", y="", title=name)
        ax.fill(*np.asarray(outline).T, color=style.SKY, alpha=0.35)
        for start, end in zip(np.asarray(points), np.asarray(nearest[name]), strict=True):
            on_axis = np.min(np.abs(end)) < 1e-6
            ax.plot(*np.stack([start, end]).T, color=style.GRAY, linewidth=0.8)
            ax.plot(*start, ".", color=style.GRAY)
            ax.plot(*end, "o", color=style.VERMILION if on_axis else style.BLUE)
        ax.set_aspect("equal")
    grid[0, 0].set_ylabel("weight 2")
    return figure


@style.styled
def embeddings(panels: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """Draw points (n, 2) by class, a panel for each pair of points and classes."""
    figure, grid = style.panels(1, len(panels), size=(3.1, 2.9))
    for ax, (name, (points, label)) in zip(grid[0], panels.items(), strict=True):
        style.axes(ax, x="first coordinate", y="second coordinate", title=name)
        for number in np.unique(np.asarray(label)):
            mine = np.asarray(points)[np.asarray(label) == number]
            ax.plot(*mine.T, ".", color=style.PALETTE[int(number) % len(style.PALETTE)])
    return figure
