"""Figures of unit 7: overfitting, bias and variance, coefficient paths, trees and their errors."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style


@style.styled
def overfitting(
    x: ArrayLike,
    y: ArrayLike,
    grid: ArrayLike,
    truth: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
) -> Figure:
    """Draw one panel per model: samples, the curve without noise, and the model's curve on the same grid."""
    figure, panels = style.panels(1, len(curves), size=(2.7, 2.5), share_x=True, share_y=True)
    spread = np.ptp(np.asarray(y))
    for ax, (name, curve) in zip(panels.flat, curves.items(), strict=True):
        ax.plot(grid, truth, "--", color=style.GRAY, label="truth")
        ax.plot(grid, curve, color=style.VERMILION, label="model")
        ax.plot(x, y, ".", color=style.BLUE, markersize=6, label="samples")
        ax.set(title=name, xlabel=x_label, ylim=(np.min(y) - 0.3 * spread, np.max(y) + 0.3 * spread))
    panels.flat[0].set_ylabel(y_label)
    panels.flat[0].legend(loc="upper left")
    return figure


@style.styled
def parts_of_error(
    complexity: ArrayLike,
    bias_squared: ArrayLike,
    variance: ArrayLike,
    noise: ArrayLike,
    measured: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw bias², variance and noise over the complexity, their sum, and the error measured on new samples."""
    ax = style.axes(ax, x=x_label, y=y_label)
    total = np.asarray(bias_squared) + np.asarray(variance) + np.asarray(noise)
    ax.semilogy(complexity, bias_squared, "o-", color=style.BLUE, label="bias²")
    ax.semilogy(complexity, variance, "s-", color=style.VERMILION, label="variance")
    ax.semilogy(complexity, noise, ":", color=style.GRAY, label="noise")
    ax.semilogy(complexity, total, color=style.BLACK, label="their sum")
    ax.semilogy(complexity, measured, "D", color=style.GREEN, label="measured error")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


@style.styled
def train_and_validation(
    steps: ArrayLike,
    histories: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str,
    y_label: str,
    marks: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw for each name the training (dashed) and the validation loss (solid); `marks` are vertical lines."""
    ax = style.axes(ax, x=x_label, y=y_label)
    for color, (name, (train, validation)) in zip(style.PALETTE, histories.items(), strict=False):
        ax.semilogy(steps, train, "--", color=color)
        ax.semilogy(steps, validation, color=color, label=name)
        if marks and name in marks:
            ax.axvline(marks[name], color=color, linewidth=0.8, linestyle=":")
    ax.plot([], [], "--", color=style.GRAY, label="training")
    ax.legend(loc="upper right")
    return ax


@style.styled
def double_descent(
    n_features: ArrayLike, train: ArrayLike, test: ArrayLike, *, n_samples: int, y_label: str, ax: Axes | None = None
) -> Axes:
    """Draw training and test error over the number of features; a line where it equals the number of samples."""
    ax = style.axes(ax, x="number of features", y=y_label)
    ax.semilogy(n_features, test, "o-", color=style.VERMILION, label="test")
    ax.semilogy(
        n_features, np.maximum(np.asarray(train), 1e-6 * np.max(test)), "s--", color=style.BLUE, label="training"
    )
    ax.axvline(n_samples, color=style.GRAY, linestyle=":", label="number of samples")
    ax.set_ylim(bottom=1e-4 * np.max(test))
    ax.legend()
    return ax


@style.styled
def coefficient_paths(
    alphas: ArrayLike,
    paths: Mapping[str, ArrayLike],
    names: Sequence[str],
    *,
    chosen: Mapping[str, float] | None = None,
    y_label: str,
    n_named: int = 5,
) -> Figure:
    """Draw the coefficients, shape (penalties, features), over the penalty; the largest at the end have labels."""
    figure, panels = style.panels(1, len(paths), size=(4.1, 3.3), share_y=True)
    for ax, (title, path) in zip(panels.flat, paths.items(), strict=True):
        values = np.asarray(path)
        largest = np.argsort(-np.abs(values).max(axis=0))[:n_named]
        ax.semilogx(alphas, np.delete(values, largest, axis=1), color=style.GRAY, linewidth=0.7)
        for color, j in zip(style.PALETTE, largest, strict=False):
            ax.semilogx(alphas, values[:, j], color=color, label=names[j])
        if chosen and title in chosen:
            ax.axvline(chosen[title], color=style.BLACK, linestyle=":", linewidth=1)
        ax.set(title=title, xlabel="penalty α")
        ax.invert_xaxis()
        ax.legend(loc="upper left")
    panels.flat[0].set_ylabel(y_label)
    return figure


@style.styled
def errors(values: Mapping[str, float], *, x_label: str, noise: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw one bar per model, with its value; a dotted line marks the noise."""
    ax = style.axes(ax, x=x_label, y="", size=(style.WIDTH, 0.6 + 0.38 * len(values)))
    bars = ax.barh(list(values), list(values.values()), color=style.BLUE, height=0.6)
    ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.invert_yaxis()
    ax.grid(False)
    ax.margins(x=0.12)
    if noise is not None:
        ax.axvline(noise, color=style.BLACK, linestyle=":", label="noise")
        ax.legend(loc="lower right")
    return ax


@style.styled
def importances(names: Sequence[str], shares: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw the share of each feature, one bar per model."""
    ax = style.axes(ax, x="share of all gains", y="", size=(style.WIDTH, 0.8 + 0.36 * len(names)))
    height = 0.8 / len(shares)
    place = np.arange(len(names))
    for i, (color, (name, share)) in enumerate(zip(style.PALETTE, shares.items(), strict=False)):
        ax.barh(place + (i - (len(shares) - 1) / 2) * height, share, height=height, color=color, label=name)
    ax.set_yticks(place, names)
    ax.invert_yaxis()
    ax.grid(False)
    ax.legend(loc="best")  # the bars of some features are long, and which ones is not known
    return ax


@style.styled
def predicted_against_measured(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]], *, unit: str, ax: Axes | None = None
) -> Axes:
    """Draw predictions over measurements, one color per group, with the line of equality."""
    ax = style.axes(ax, x=f"measured ({unit})", y=f"predicted ({unit})", size=(4.4, 4.2))
    everything = np.concatenate([np.ravel(part) for group in groups.values() for part in group])
    ends = [everything.min(), everything.max()]
    ax.plot(ends, ends, color=style.BLACK, linewidth=1)
    for color, (name, (measured, predicted)) in zip(style.PALETTE, groups.items(), strict=False):
        ax.plot(measured, predicted, ".", color=color, alpha=0.6, label=name)
    ax.legend(loc="upper left")
    ax.set_aspect("equal")
    return ax
