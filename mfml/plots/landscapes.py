"""Figures of unit 6: bowls, valleys, saddles, spectra, slices, kernels, fractals and particles."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from mfml.plots import style


@style.styled
def paths(
    x: ArrayLike,
    y: ArrayLike,
    values: ArrayLike,
    ways: Mapping[str, ArrayLike],
    *,
    goals: ArrayLike = (),
    n_levels: int = 14,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw lines of equal height, spaced more closely below, `values[i, j]` at (x[i], y[j]), and paths (t, 2).

    Paths are cut at the frame; `goals` are minima, marked by stars.
    """
    ax = style.axes(ax, x="first parameter", y="second parameter", title=title)
    x, y, values = np.asarray(x), np.asarray(y), np.asarray(values)
    levels = values.min() + (values.max() - values.min()) * np.linspace(0, 1, n_levels) ** 3
    ax.contourf(x, y, values.T, levels=levels, cmap="Greys", alpha=0.3)
    ax.contour(x, y, values.T, levels=levels, colors="0.55", linewidths=0.5)
    for color, (label, way) in zip(style.PALETTE, ways.items(), strict=False):
        way = np.asarray(way)
        ax.plot(way[:, 0], way[:, 1], ".-", color=color, linewidth=1.1, markersize=3.5, label=label)
    for goal in np.atleast_2d(np.asarray(goals)) if np.size(np.asarray(goals)) else ():
        ax.plot(*goal, "*", color=style.BLACK, markersize=10)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    ax.grid(False)
    ax.legend(loc="upper left", frameon=True, framealpha=0.85, fontsize=8)
    return ax


@style.styled
def histories(
    curves: Mapping[str, ArrayLike],
    *,
    quantity: str,
    at: ArrayLike | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw positive values, on a logarithmic scale, over steps 0, 1, 2, ... or those given."""
    ax = style.axes(ax, x="step", y=quantity, title=title)
    for color, (label, values) in zip(style.PALETTE, curves.items(), strict=False):
        values = np.asarray(values)
        ax.semilogy(np.arange(len(values)) if at is None else at, values, color=color, label=label)
    ax.legend()
    return ax


@style.styled
def cliff(
    share: ArrayLike,
    ratios: Mapping[str, ArrayLike],
    *,
    n_steps: int,
    limits: tuple[float, float],
    ax: Axes | None = None,
) -> Axes:
    """Draw the remaining loss after some steps over the learning rate as a share of 2/L."""
    ax = style.axes(ax, x="learning rate / (2 / L)", y=f"loss after {n_steps} steps / first loss")
    for color, (label, values) in zip(style.PALETTE, ratios.items(), strict=False):
        ax.semilogy(share, np.clip(np.asarray(values), *limits), color=color, label=label)
    ax.axvline(1.0, color=style.BLACK, linestyle=":", linewidth=1)
    ax.set_ylim(*limits)
    ax.legend(loc="lower left")
    return ax


@style.styled
def spectrum(
    grid: ArrayLike, densities: Mapping[str, ArrayLike], top: ArrayLike, dense: ArrayLike, *, floor: float = 1e-5
) -> Figure:
    """Draw spectral densities, and the largest eigenvalues found by products against those of the whole matrix."""
    figure, grid_of_axes = style.panels(1, 2, size=(4.0, 3.2))
    left = style.axes(grid_of_axes[0, 0], x="eigenvalue of the Hessian", y="density", title="all eigenvalues")
    for color, (label, values) in zip(style.PALETTE, densities.items(), strict=False):
        left.semilogy(grid, np.maximum(np.asarray(values), floor), color=color, label=label)
    left.set_ylim(bottom=floor)
    left.legend()
    right = style.axes(grid_of_axes[0, 1], x="rank", y="eigenvalue of the Hessian", title="the largest")
    rank = np.arange(1, len(np.asarray(top)) + 1)
    right.semilogy(
        rank, np.asarray(dense)[: len(rank)], "o", markersize=9, fillstyle="none", color=style.GRAY, label="dense"
    )
    right.semilogy(rank, top, "x", markersize=6, color=style.VERMILION, label="Lanczos")
    right.set_xticks(rank)
    right.legend()
    return figure


@style.styled
def slices(
    along: ArrayLike,
    surfaces: Mapping[str, ArrayLike],
    *,
    quantity: str,
    unit: str = "multiples of a direction",
) -> Figure:
    """Draw square slices through a landscape, entry [i, j] at (along[i], along[j]), all on one scale."""
    figure, grid = style.panels(1, len(surfaces), size=(3.6, 3.1))
    along, values = np.asarray(along), [np.asarray(v) for v in surfaces.values()]
    lowest, highest = min(v.min() for v in values), max(v.max() for v in values)
    levels = np.geomspace(lowest, highest, 15)
    for ax, title, surface in zip(grid[0], surfaces, values, strict=True):
        style.axes(ax, x=f"first ({unit})", y="second", title=title)
        drawn = ax.contourf(
            along, along, surface.T, levels=levels, norm=LogNorm(lowest, highest), cmap=style.SEQUENTIAL
        )
        ax.plot(0, 0, "*", color=style.BLACK, markersize=10, markeredgecolor="white")
        ax.grid(False)
    bar = figure.colorbar(drawn, ax=list(grid[0]), label=quantity, format="%.2g")
    bar.ax.minorticks_off()
    return figure


@style.styled
def traveled(
    first: ArrayLike,
    second: ArrayLike,
    values: ArrayLike,
    coordinates: ArrayLike,
    share: Sequence[float],
    *,
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw the path of a training run in the plane that holds most of it; `values[i, j]` at (first[i], second[j])."""
    labels = [
        f"{name} direction of the path ({100 * float(s):.0f} %)" for name, s in zip(("1st", "2nd"), share, strict=True)
    ]
    ax = style.axes(ax, x=labels[0], y=labels[1])
    first, second, values, way = (np.asarray(a) for a in (first, second, values, coordinates))
    levels = np.geomspace(values.min(), values.max(), 16)
    drawn = ax.contourf(first, second, values.T, levels=levels, norm=LogNorm(), cmap=style.SEQUENTIAL)
    ax.plot(way[:, 0], way[:, 1], ".-", color=style.VERMILION, linewidth=1, markersize=3)
    ax.plot(*way[0], "o", color=style.VERMILION, markersize=7, markeredgecolor="white")
    ax.plot(*way[-1], "*", color=style.BLACK, markersize=11, markeredgecolor="white")
    ax.grid(False)
    bar = ax.figure.colorbar(drawn, ax=ax, label=quantity, format="%.2g")
    bar.ax.minorticks_off()
    return ax


@style.styled
def lazy_and_rich(
    steps: ArrayLike, distances: Mapping[str, ArrayLike], risks: Mapping[str, ArrayLike], *, unit: str
) -> Figure:
    """Draw the distance of the tangent kernel to the first one, and the risk in `unit`, over the steps of training."""
    figure, grid = style.panels(1, 2, size=(3.9, 3.1))
    left = style.axes(grid[0, 0], x="step", y="kernel distance to the start", title="what changes inside")
    right = style.axes(grid[0, 1], x="step", y=f"risk ({unit})", title="what is learned")
    for color, label in zip(style.PALETTE, distances, strict=False):
        left.plot(steps, distances[label], color=color, label=label)
        right.semilogy(steps, risks[label], color=color, label=label)
    left.legend()
    return figure


@style.styled
def trainability(
    first_rates: ArrayLike, second_rates: ArrayLike, converged: ArrayLike, measure: ArrayLike, *, ax: Axes | None = None
) -> Axes:
    """Draw which pairs of learning rates converge (blue) or diverge (orange); the paler, the later this shows."""
    ax = style.axes(ax, x="learning rate of the hidden layer", y="learning rate of the output layer", size=(5.6, 5.0))
    converged, size = np.asarray(converged), np.abs(np.asarray(measure))
    shade = np.empty(size.shape)
    for side in (converged, ~converged):
        rank = np.argsort(np.argsort(size[side])) / max(1, side.sum() - 1)
        shade[side] = 1 - 0.85 * rank
    blue, orange = (0.0, 0.30, 0.50), (0.72, 0.30, 0.0)
    colors = np.where(converged[..., None], blue, orange)
    picture = shade[..., None] * colors + (1 - shade[..., None])  # mixed with white
    first_rates, second_rates = np.asarray(first_rates), np.asarray(second_rates)
    ax.pcolormesh(first_rates, second_rates, picture.transpose(1, 0, 2), rasterized=True)
    ax.set(xscale="log", yscale="log")
    ax.grid(False)
    keys = [Line2D([], [], marker="s", linestyle="", markersize=8, color=c) for c in (blue, orange)]
    ax.legend(keys, ["converges", "diverges"], loc="lower left", frameon=True)
    return ax


@style.styled
def particles(flows: Mapping[str, tuple[ArrayLike, ArrayLike]], teacher: ArrayLike, *, limit: float) -> Figure:
    """Draw the paths of hidden units in the plane of |a| w, positive and negative a in two colors.

    A flow is the output weights (t, m) and the hidden weights (t, m, 2) over time; `teacher` are directions (k, 2).
    """
    figure, grid = style.panels(1, len(flows), size=(3.7, 3.7))
    for ax, (title, (output, hidden)) in zip(grid[0], flows.items(), strict=True):
        style.axes(ax, x="|a| w, first coordinate", y="second coordinate", title=title)
        for direction in np.asarray(teacher):
            ends = np.stack([np.zeros(2), 2 * limit * direction / np.linalg.norm(direction)])
            ax.plot(*ends.T, color=style.BLACK, linestyle=":", linewidth=1.2)
        output, hidden = np.asarray(output), np.asarray(hidden)
        place = np.abs(output)[..., None] * hidden
        for sign, color in ((1, style.VERMILION), (-1, style.BLUE)):
            chosen = np.sign(output[-1]) == sign
            ax.plot(place[:, chosen, 0], place[:, chosen, 1], color=color, linewidth=0.6, alpha=0.6)
            ax.plot(*place[-1, chosen].T, ".", color=color, markersize=4, label=f"a {'>' if sign > 0 else '<'} 0")
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    grid[0, 0].legend(loc="lower left")
    return figure
