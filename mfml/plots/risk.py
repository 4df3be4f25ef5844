"""Figures of unit 1: models, losses, splits, leaks, limits, and learning from rewards."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from mfml.plots import style

ARROWS = ((0, -1), (1, 0), (0, 1), (-1, 0))  # x and y on an image: up, right, down, left


@style.styled
def models(
    strain: ArrayLike,
    stress: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    learned_up_to: float,
    ax: Axes | None = None,
) -> Axes:
    """Draw measured points, in MPa over strain, and the predictions of models, also outside the range of the data."""
    ax = style.axes(ax, x="true strain", y="true stress (MPa)")
    measured = np.asarray(stress)
    ax.plot(strain, measured, ".", color=style.GRAY, markersize=3, label="measured")
    for color, (label, values) in zip(style.PALETTE, curves.items(), strict=False):
        ax.plot(strain, values, color=color, label=label)
    ax.axvspan(learned_up_to, float(np.max(np.asarray(strain))), color=style.GRAY, alpha=0.15, linewidth=0)
    ax.text(learned_up_to, 1.17 * measured.max(), "  not learned from", color="0.35", fontsize=9)
    ax.set_ylim(-0.04 * measured.max(), 1.25 * measured.max())
    ax.locator_params(axis="x", nbins=6)
    ax.legend(loc="lower center", ncols=2)
    return ax


@style.styled
def descent(histories: Mapping[str, ArrayLike], *, unit: str, ax: Axes | None = None) -> Axes:
    """Draw the empirical risk, in `unit`, over the steps of gradient descent, both logarithmic."""
    ax = style.axes(ax, x="step of gradient descent", y=f"empirical risk ({unit})")
    for label, values in histories.items():
        ax.loglog(np.arange(1, len(np.asarray(values)) + 1), values, label=label)
    ax.legend()
    return ax


@style.styled
def loss_zoo(
    error: ArrayLike, of_error: Mapping[str, ArrayLike], margin: ArrayLike, of_margin: Mapping[str, ArrayLike]
) -> Figure:
    """Draw losses of regression over the error, and losses of classification over the margin."""
    figure, grid = style.panels(1, 2, size=(3.9, 3.2))
    left = style.axes(grid[0, 0], x="error (prediction minus truth)", y="loss", title="regression")
    right = style.axes(grid[0, 1], x="margin (label times score)", y="loss", title="classification")
    for ax, x, losses in ((left, error, of_error), (right, margin, of_margin)):
        for label, values in losses.items():
            ax.plot(x, values, label=label)
        ax.set_ylim(-0.15, 4)
        ax.legend(loc="upper center" if ax is left else "upper right")
    return figure


@style.styled
def constants(
    readings: ArrayLike,
    candidates: ArrayLike,
    risks: Mapping[str, ArrayLike],
    *,
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw the risk of each constant prediction, scaled to its minimum, over a rug of the readings."""
    ax = style.axes(ax, x=quantity, y="risk / smallest risk")
    for color, (label, values) in zip(style.PALETTE, risks.items(), strict=False):
        values = np.asarray(values) / np.min(np.asarray(values))
        best = int(np.argmin(values))
        ax.plot(candidates, values, color=color, label=label)
        ax.plot(np.asarray(candidates)[best], 1.0, "o", color=color, markersize=7)
    ax.plot(readings, np.full(np.shape(readings), 0.9), "|", color=style.BLACK, markersize=9, alpha=0.5)
    ax.set_ylim(0.8, 3)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(risks))
    return ax


@style.styled
def surrogates(threshold: ArrayLike, risks: Mapping[str, ArrayLike], *, quantity: str, ax: Axes | None = None) -> Axes:
    """Draw the risk of a one-threshold classifier under several losses over its threshold."""
    ax = style.axes(ax, x=quantity, y="empirical risk")
    for label, values in risks.items():
        ax.plot(threshold, values, label=label)
    ax.legend()
    return ax


@style.styled
def folds(kinds: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """Draw (train, test) masks of several kinds of splits: one row per fold, one column per sample."""
    figure, grid = style.panels(len(kinds), 1, size=(6.6, 1.25), share_x=True)
    colors = ListedColormap(["0.93", style.SKY, style.VERMILION])
    for ax, (title, (train, test)) in zip(grid.flat, kinds.items(), strict=True):
        roles = np.asarray(train).astype(int) + 2 * np.asarray(test).astype(int)
        ax.pcolormesh(roles, cmap=colors, vmin=0, vmax=2, edgecolors="white", linewidth=0.6)
        ax.grid(False)
        ax.set(yticks=np.arange(len(roles)) + 0.5, yticklabels=range(len(roles)))
        ax.invert_yaxis()
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_ylabel("fold")
    grid[-1, 0].set_xlabel("sample (blue: learned from, red: tested on, gray: left out)")
    return figure


@style.styled
def complexity(
    degree: ArrayLike,
    train: ArrayLike,
    test: ArrayLike,
    error: ArrayLike,
    *,
    chosen: int,
    unit: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw training risk and cross-validated risk, with its standard error, over the degree of a model."""
    ax = style.axes(ax, x="degree of the polynomial", y=f"mean squared error ({unit})")
    ax.semilogy(degree, train, "o-", color=style.BLUE, label="on the samples learned from")
    values, error = np.asarray(test), np.asarray(error)
    ax.semilogy(degree, values, "o-", color=style.VERMILION, label="on the samples left out")
    low = np.maximum(values - error, 0.3 * values)  # a logarithmic axis ends above zero
    ax.fill_between(np.asarray(degree), low, values + error, color=style.VERMILION, alpha=0.2, linewidth=0)
    ax.axvline(chosen, color=style.GRAY, linestyle=":", label=f"smallest there: degree {chosen}")
    ax.legend()
    return ax


@style.styled
def refits(x: ArrayLike, truth: ArrayLike, fits: Mapping[str, ArrayLike], *, x_label: str, y_label: str) -> Figure:
    """Draw many fits of the same model to fresh data, (n_fits, n_points) per title, and their mean."""
    figure, grid = style.panels(1, len(fits), size=(2.9, 2.9), share_y=True)
    for ax, (title, curves) in zip(grid.flat, fits.items(), strict=True):
        style.axes(ax, x=x_label, y=y_label if ax is grid[0, 0] else "", title=title)
        ax.plot(x, np.asarray(curves).T, color=style.SKY, linewidth=0.6, alpha=0.6)
        ax.plot(x, np.mean(np.asarray(curves), axis=0), color=style.VERMILION, label="mean of all fits")
        ax.plot(x, truth, color=style.BLACK, linestyle="--", label="truth")
        span = np.ptp(np.asarray(truth))
        ax.set_ylim(np.min(np.asarray(truth)) - 0.3 * span, np.max(np.asarray(truth)) + 0.3 * span)
        ax.locator_params(axis="x", nbins=4)
    grid[0, -1].legend(loc="lower right")
    return figure


@style.styled
def leaks(
    kinds: Sequence[str], leaky: ArrayLike, honest: ArrayLike, *, chance: Sequence[float], ax: Axes | None = None
) -> Axes:
    """Draw the leaky and the honest score of each kind of leak, and the score of guessing."""
    ax = style.axes(ax, x="score (accuracy or $Q^2$)", y="", size=(6.4, 3.4))
    place = np.arange(len(kinds))
    ax.barh(place - 0.19, leaky, height=0.36, color=style.VERMILION, label="with the leak")
    ax.barh(place + 0.19, honest, height=0.36, color=style.BLUE, label="honest")
    ax.plot(chance, place, "D", color=style.BLACK, markersize=5, label="a guess")
    ax.set(yticks=place, yticklabels=kinds, xlim=(min(-0.05, float(np.min(np.asarray(honest))) - 0.05), 1.02))
    ax.axvline(0, color="0.4", linewidth=0.8)
    ax.invert_yaxis()
    ax.legend(loc="upper center", bbox_to_anchor=(0.42, -0.17), ncols=3)
    return ax


@style.styled
def lunches(errors: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw how many target functions give each error off the training set, a group of bars for each error."""
    ax = style.axes(ax, x="error on the points not learned from", y="number of target functions")
    values = [np.round(np.asarray(one), 6) for one in errors.values()]
    levels = np.unique(np.concatenate(values))
    width = 0.8 * (np.diff(levels).min() if len(levels) > 1 else 1.0) / len(values)
    for index, (label, one) in enumerate(zip(errors, values, strict=True)):
        heights = [(one == level).sum() for level in levels]
        shift = (index - (len(values) - 1) / 2) * width
        name = f"{label}: mean {one.mean():.2f}"
        ax.bar(levels + shift, heights, width, color=style.PALETTE[index], label=name)
    ax.set_ylim(0, 1.45 * max((one == level).sum() for one in values for level in levels))
    ax.set_xticks(levels)
    ax.legend(loc="upper left")
    return ax


@style.styled
def dimensions(
    dimension: ArrayLike, nearest: ArrayLike, farthest: ArrayLike, shell: ArrayLike, edge: ArrayLike
) -> Figure:
    """Draw three aspects of high dimension: distances, the outer shell of a ball, the edge of a neighborhood."""
    figure, grid = style.panels(1, 3, size=(2.9, 2.9))
    d = np.asarray(dimension)
    left = style.axes(grid[0, 0], x="dimension", y="distance / farthest", title="nearest and farthest point")
    left.semilogx(d, np.asarray(nearest) / np.asarray(farthest), color=style.BLUE, label="nearest")
    left.semilogx(d, np.ones(len(d)), color=style.VERMILION, label="farthest")
    left.legend(loc="lower right")
    middle = style.axes(grid[0, 1], x="dimension", y="share of the volume", title="outermost 10 % of a ball")
    middle.semilogx(d, shell, color=style.GREEN)
    right = style.axes(grid[0, 2], x="dimension", y="edge of the cube", title="cube with 1 % of the data")
    right.semilogx(d, edge, color=style.PURPLE)
    for ax in grid.flat:
        ax.set_ylim(0, 1.05)
    return figure


@style.styled
def policy(layout: ArrayLike, value: ArrayLike, action: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw a gridworld: the value of each free cell, an arrow for its action, walls black, final cells marked."""
    ax = style.bare(style.axes(ax, x="", y="", size=(4.8, 3.4)))
    cells = np.asarray(layout)
    values = np.where(cells == 0, np.asarray(value).reshape(cells.shape), np.nan)
    image = ax.imshow(values, cmap=style.SEQUENTIAL)
    ax.figure.colorbar(image, ax=ax, label="expected discounted return", shrink=0.85)
    marks = {1: ("", "0.15"), 2: ("goal", style.GREEN), 3: ("pit", style.VERMILION)}
    for (row, column), kind in np.ndenumerate(cells):
        if kind:
            text, color = marks[int(kind)]
            ax.fill(
                [column - 0.5, column + 0.5, column + 0.5, column - 0.5],
                [row - 0.5, row - 0.5, row + 0.5, row + 0.5],
                color=color,
            )
            ax.text(column, row, text, ha="center", va="center", color="white", weight="bold")
        else:
            right, down = ARROWS[int(np.asarray(action).reshape(cells.shape)[row, column])]
            start, end = (column - 0.28 * right, row - 0.28 * down), (column + 0.3 * right, row + 0.3 * down)
            arrow = {"arrowstyle": "fancy", "facecolor": "white", "edgecolor": "black", "mutation_scale": 17}
            ax.annotate("", end, start, arrowprops=arrow)
    return ax


@style.styled
def episodes(length: ArrayLike, *, shortest: int, window: int = 20, ax: Axes | None = None) -> Axes:
    """Draw the number of steps of each episode, their moving mean, and the shortest path."""
    ax = style.axes(ax, x="episode", y="steps until the end")
    steps = np.asarray(length)
    mean = np.convolve(steps, np.ones(window) / window, mode="valid")
    ax.plot(steps, ".", color=style.SKY, markersize=3, label="one episode")
    ax.plot(np.arange(window - 1, len(steps)), mean, color=style.BLUE, label=f"mean of {window}")
    ax.axhline(shortest, color=style.BLACK, linestyle="--", label=f"shortest path: {shortest}")
    ax.set_yscale("log")
    ax.set_yticks([10, 20, 50, 100], ["10", "20", "50", "100"])
    ax.minorticks_off()
    ax.legend()
    return ax
