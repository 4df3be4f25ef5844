"""Figures of unit 3: lines, descents, basis functions, interpolation, decision boundaries."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style

STRAIN, STRESS = "true strain (‰)", "true stress (MPa)"


@style.styled
def line(
    x: ArrayLike,
    y: ArrayLike,
    fitted: ArrayLike,
    leverage: ArrayLike,
    *,
    x_label: str = STRAIN,
    y_label: str = STRESS,
    ax: Axes | None = None,
) -> Axes:
    """Draw points colored by their leverage, and the line that was fitted to them."""
    ax = style.axes(ax, x=x_label, y=y_label)
    order = np.argsort(np.asarray(x))
    ax.plot(np.asarray(x)[order], np.asarray(fitted)[order], color=style.BLACK, label="least squares", zorder=1)
    points = ax.scatter(x, y, c=np.asarray(leverage), s=34, edgecolors=style.BLACK, linewidths=0.5, zorder=2)
    ax.figure.colorbar(points, ax=ax, label="leverage")
    ax.legend(loc="upper left")
    return ax


@style.styled
def landscape(
    first: ArrayLike,
    second: ArrayLike,
    risk: ArrayLike,
    paths: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    risk_label: str = "risk",
    ax: Axes | None = None,
) -> Axes:
    """Draw a risk over two weights, shape (second, first), with paths of shape (t, 2) through it."""
    ax = style.axes(ax, x=x_label, y=y_label)
    values = np.asarray(risk)
    levels = np.geomspace(values.min() + 1e-3 * np.ptp(values), values.max(), 14)
    ax.contour(first, second, values, levels=levels, colors=style.GRAY, linewidths=0.7)
    for color, (name, path) in zip(style.PALETTE, paths.items(), strict=False):
        points = np.asarray(path)
        ax.plot(*points.T, ".-", color=color, linewidth=1.1, markersize=4, label=name)
    lowest = np.unravel_index(np.argmin(values), values.shape)
    ax.plot(np.asarray(first)[lowest[1]], np.asarray(second)[lowest[0]], "*", color=style.BLACK, markersize=11)
    ax.set(xlim=(np.min(first), np.max(first)), ylim=(np.min(second), np.max(second)))
    ax.grid(False)
    ax.legend(title=f"contours: {risk_label}", loc="upper right", frameon=True, framealpha=0.9)
    return ax


@style.styled
def convergence(
    distances: Mapping[str, ArrayLike],
    predicted: Mapping[str, float],
    *,
    y_label: str = "distance to the minimum",
    ax: Axes | None = None,
) -> Axes:
    """Draw how distances change from step to step, and, dashed, the rate predicted for each."""
    ax = style.axes(ax, x="step", y=y_label)
    for color, (name, values) in zip(style.PALETTE, distances.items(), strict=False):
        found = np.asarray(values)
        steps = np.arange(len(found))
        half = len(found) // 2
        ax.semilogy(steps, found, color=color, label=name)
        line = found[half] * predicted[name] ** (steps - half)
        ax.semilogy(steps[half:], line[half:], "--", color=style.BLACK, linewidth=1)
    ax.plot([], [], "--", color=style.BLACK, linewidth=1, label="predicted")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


@style.styled
def epochs(histories: Mapping[str, ArrayLike], *, y_label: str, ax: Axes | None = None) -> Axes:
    """Draw risks above their minimum over the number of passes through the data."""
    ax = style.axes(ax, x="passes through the data", y=y_label)
    for color, (name, values) in zip(style.PALETTE, histories.items(), strict=False):
        ax.semilogy(np.asarray(values), color=color, linewidth=1.3, label=name)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


@style.styled
def basis_functions(
    x: ArrayLike, tables: Mapping[str, ArrayLike], *, x_label: str = STRAIN, columns: int = 4
) -> Figure:
    """Draw the columns of each design matrix over x, one panel per matrix."""
    figure, grid = style.panels(-(-len(tables) // columns), columns, size=(2.5, 1.9), share_x=True)
    order = np.argsort(np.asarray(x))
    shades = style.PALETTE[:6]
    for ax, (name, table) in zip(grid.flat, tables.items(), strict=False):
        for j, column in enumerate(np.asarray(table).T):
            ax.plot(np.asarray(x)[order], column[order], color=shades[j % len(shades)], linewidth=1)
        ax.set_title(name)
    _finish(grid, len(tables), x_label, "value")
    return figure


@style.styled
def fits(
    x: ArrayLike,
    y: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    notes: Sequence[str] = (),
    x_label: str = STRAIN,
    y_label: str = STRESS,
    columns: int = 4,
) -> Figure:
    """Draw the same points in each panel with a different fitted curve, and a note in its corner."""
    figure, grid = style.panels(-(-len(curves) // columns), columns, size=(2.5, 2.0), share_x=True, share_y=True)
    order = np.argsort(np.asarray(x))
    for index, (ax, (name, curve)) in enumerate(zip(grid.flat, curves.items(), strict=False)):
        ax.plot(x, y, ".", color=style.SKY, markersize=2.5)
        ax.plot(np.asarray(x)[order], np.asarray(curve)[order], color=style.VERMILION, linewidth=1.3)
        ax.set_title(name)
        if notes:
            ax.text(0.96, 0.06, notes[index], transform=ax.transAxes, ha="right", va="bottom", fontsize=8)
    _finish(grid, len(curves), x_label, y_label)
    return figure


@style.styled
def condition_numbers(
    n_functions: ArrayLike,
    numbers: Mapping[str, ArrayLike],
    *,
    limits: Mapping[str, float],
    ax: Axes | None = None,
) -> Axes:
    """Draw condition numbers over the number of basis functions, with horizontal limits of the solvers."""
    ax = style.axes(ax, x="number of basis functions", y="condition number")
    for color, (name, values) in zip(style.PALETTE, numbers.items(), strict=False):
        ax.semilogy(n_functions, np.asarray(values), "o-", markersize=3, color=color, label=name)
    for name, limit in limits.items():
        ax.axhline(limit, color=style.GRAY, linestyle=":", linewidth=1.2)
        ax.annotate(name, (np.min(n_functions), limit), ha="left", va="bottom", fontsize=8)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


@style.styled
def interpolants(
    x: ArrayLike,
    truth: ArrayLike,
    polynomials: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    limits: tuple[float, float] = (-0.6, 1.4),
) -> Figure:
    """Draw a function and, in each panel, a polynomial through it: (nodes, values at nodes, values at x)."""
    figure, grid = style.panels(1, len(polynomials), size=(3.5, 2.7), share_y=True)
    for ax, (name, (nodes, values, curve)) in zip(grid[0], polynomials.items(), strict=True):
        style.axes(ax, x="x", y="", title=name)
        ax.plot(x, truth, color=style.BLACK, label="function")
        ax.plot(x, curve, color=style.VERMILION, label="polynomial")
        ax.plot(nodes, values, "o", color=style.BLUE, label="nodes")
        ax.set_ylim(*limits)
    grid[0, 0].set_ylabel("value")
    grid[0, -1].legend(loc="upper right")
    return figure


@style.styled
def interpolation_errors(
    n_nodes: ArrayLike, errors: Mapping[str, ArrayLike], *, x_label: str = "number of nodes", ax: Axes | None = None
) -> Axes:
    """Draw the largest error of interpolation over the number of nodes."""
    ax = style.axes(ax, x=x_label, y="largest error")
    for color, (name, values) in zip(style.PALETTE, errors.items(), strict=False):
        ax.semilogy(n_nodes, np.asarray(values), "o-", color=color, label=name)
    ax.legend()
    return ax


@style.styled
def probability(
    x: ArrayLike,
    label: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    values: ArrayLike,
    *,
    names: tuple[str, str],
    x_label: str = STRAIN,
    y_label: str = STRESS,
    ax: Axes | None = None,
) -> Axes:
    """Draw points (n, 2) of two classes over the probability of class 1, shape (second, first)."""
    ax = style.axes(ax, x=x_label, y=y_label)
    extent = (float(np.min(first)), float(np.max(first)), float(np.min(second)), float(np.max(second)))
    shades = ax.imshow(
        values,
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        cmap=style.DIVERGING,
        vmin=0,
        vmax=1,
        alpha=0.6,
    )
    ax.contour(first, second, values, levels=[0.5], colors=style.BLACK, linewidths=1.2)
    for number, (name, color, marker) in enumerate(zip(names, (style.BLUE, style.VERMILION), "o^", strict=True)):
        mine = np.asarray(label) == number
        ax.plot(*np.asarray(x)[mine].T, marker, color=color, markersize=5.5, markeredgecolor="white", label=name)
    ax.figure.colorbar(shades, ax=ax, label=f"probability of {names[1]}")
    ax.grid(False)
    ax.legend(loc="lower right", frameon=True, framealpha=0.9)
    return ax


def _finish(grid: np.ndarray, used: int, x_label: str, y_label: str) -> None:
    """Label the outer axes of a grid of panels and remove those that are not used."""
    for ax in grid.flat[used:]:
        ax.set_visible(False)
    for ax in grid[:, 0]:
        ax.set_ylabel(y_label)
    for column in grid.T:
        for lowest in [ax for ax in column if ax.get_visible()][-1:]:
            lowest.set_xlabel(x_label)
            lowest.tick_params(labelbottom=True)
