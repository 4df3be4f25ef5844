"""Figures of unit 5: clusters, mixtures, criteria over the number of clusters, anomaly scores."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from mfml.plots import style

MARKERS = "osD^vP*"


@style.styled
def clusters(
    x: ArrayLike,
    labels: ArrayLike,
    centers: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    names: Sequence[str] = (),
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw points in the plane, with a color and a marker for each label, and the centers (k, 2) as crosses."""
    ax = style.axes(ax, x=x_label, y=y_label, title=title)
    points, found, middle = np.asarray(x), np.asarray(labels), np.asarray(centers)
    for index in range(len(middle)):
        own = points[found == index]
        name = names[index] if names else f"cluster {index}"
        color, marker = style.PALETTE[index % len(style.PALETTE)], MARKERS[index % len(MARKERS)]
        ax.plot(own[:, 0], own[:, 1], marker, color=color, markersize=3, alpha=0.55, markeredgewidth=0, label=name)
    ax.plot(middle[:, 0], middle[:, 1], "X", color=style.BLACK, markersize=9, markeredgecolor="white")
    ax.legend(markerscale=2)
    return ax


@style.styled
def mixture(
    x: ArrayLike,
    doubt: ArrayLike,
    means: ArrayLike,
    covariances: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    doubt_label: str = "doubt: 1 - largest responsibility",
    ax: Axes | None = None,
) -> Axes:
    """Draw points colored by uncertainty, and each component's ellipses of one and two standard deviations."""
    ax = style.axes(ax, x=x_label, y=y_label)
    order = np.argsort(np.asarray(doubt))
    points = np.asarray(x)[order]
    shown = ax.scatter(points[:, 0], points[:, 1], c=np.asarray(doubt)[order], s=9, cmap=style.SEQUENTIAL)
    ax.figure.colorbar(shown, ax=ax, label=doubt_label)
    for mean, covariance in zip(np.asarray(means), np.asarray(covariances), strict=True):
        values, vectors = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
        for deviations in (1, 2):
            height, width = 2 * deviations * np.sqrt(values)
            ellipse = Ellipse(
                mean, width, height, angle=angle, fill=False, color=style.VERMILION, linewidth=1.6 / deviations
            )
            ax.add_patch(ellipse)
    return ax


@style.styled
def criteria(
    counts: ArrayLike, curves: Mapping[str, ArrayLike], *, x_label: str, y_label: str, ax: Axes | None = None
) -> Axes:
    """Draw curves over the number of clusters, the smallest value of each marked with a ring."""
    ax = style.axes(ax, x=x_label, y=y_label)
    number = np.asarray(counts)
    for index, (name, values) in enumerate(curves.items()):
        found, color = np.asarray(values), style.PALETTE[index % len(style.PALETTE)]
        ax.plot(number, found, MARKERS[index % len(MARKERS)] + "-", color=color, label=name)
        lowest = np.nanargmin(found)
        ax.plot(number[lowest], found[lowest], "o", markersize=12, fillstyle="none", color=color)
    ax.set_xticks(number)
    ax.legend()
    return ax


@style.styled
def elbow(counts: ArrayLike, inertia: ArrayLike, silhouette: ArrayLike) -> Figure:
    """Draw inertia and silhouette over the number of clusters, side by side."""
    figure, grid = style.panels(1, 2)
    for ax, values, name in zip(grid[0], (inertia, silhouette), ("inertia", "mean silhouette"), strict=True):
        style.axes(ax, x="number of clusters k", y=name)
        ax.plot(counts, values, "o-", color=style.BLUE)
        ax.set_xticks(np.asarray(counts))
    return figure


@style.styled
def histories(curves: Mapping[str, ArrayLike], *, y_label: str, x_label: str = "step", ax: Axes | None = None) -> Axes:
    """Draw an objective over the steps of each run."""
    ax = style.axes(ax, x=x_label, y=y_label)
    for index, (name, values) in enumerate(curves.items()):
        found = np.asarray(values)
        ax.plot(np.arange(len(found)), found, color=style.PALETTE[index % len(style.PALETTE)], label=name)
    ax.legend()
    return ax


@style.styled
def score_histogram(
    groups: Mapping[str, ArrayLike], limit: float, *, x_label: str = "anomaly score", ax: Axes | None = None
) -> Axes:
    """Draw how the scores of each group are distributed, on a logarithmic scale, and the limit."""
    ax = style.axes(ax, x=x_label, y="number of images")
    together = np.concatenate([np.asarray(values) for values in groups.values()])
    bins = np.geomspace(together.min(), together.max(), 40).tolist()
    for index, (name, values) in enumerate(groups.items()):
        ax.hist(np.asarray(values), bins=bins, color=style.PALETTE[index % len(style.PALETTE)], alpha=0.6, label=name)
    ax.axvline(limit, color=style.BLACK, linestyle="--", linewidth=1.2, label="limit")
    ax.set_xscale("log")
    ax.legend()
    return ax
