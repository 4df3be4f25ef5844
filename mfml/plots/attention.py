"""Figures of unit 10: who attends to whom, positions, and accuracy over the number of images."""

from collections.abc import Mapping, Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfml.plots import style


@style.styled
def weights(
    heads: Mapping[str, ArrayLike],
    *,
    queries: Sequence[str],
    keys: Sequence[str] = (),
    size: float = 2.9,
) -> Figure:
    """Draw the attention weights (queries, keys) of each head: a row tells to whom one token listens.

    Colors reach from 0 to the largest weight of all heads. Without `keys` the tokens attend to themselves.
    """
    figure, grid = style.panels(1, len(heads), size=(size, size))
    largest = max(float(np.max(np.asarray(table))) for table in heads.values())
    across = keys or queries
    for ax, (name, table) in zip(grid[0], heads.items(), strict=True):
        shown = ax.imshow(np.asarray(table), vmin=0.0, vmax=largest, cmap=style.SEQUENTIAL)
        ax.grid(False)
        ax.set_title(name)
        ax.set_xticks(range(len(across)), across, rotation=90 if max(map(len, across)) > 3 else 0)
        ax.set_yticks(range(len(queries)), queries)
        ax.set_xlabel("listens to")
    grid[0, 0].set_ylabel("token")
    figure.colorbar(shown, ax=grid[0], label="attention weight")
    return figure


@style.styled
def positions(table: ArrayLike, similarity: ArrayLike) -> Figure:
    """Draw a table of positions (positions, features), and the products of all pairs of its rows."""
    figure, grid = style.panels(1, 2, size=(4.2, 3.2))
    values, products = np.asarray(table), np.asarray(similarity)
    limit = float(np.abs(values).max())
    shown = grid[0, 0].imshow(values, vmin=-limit, vmax=limit, cmap=style.DIVERGING, aspect="auto")
    figure.colorbar(shown, ax=grid[0, 0], label="encoding")
    figure.colorbar(grid[0, 1].imshow(products, cmap=style.SEQUENTIAL), ax=grid[0, 1], label="scalar product")
    for ax, x_label in zip(grid[0], ("feature", "position"), strict=True):
        ax.grid(False)
        ax.set(xlabel=x_label, ylabel="position")
    return figure


@style.styled
def fading(distance: ArrayLike, norms: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw, on a logarithmic scale, how strongly the last output depends on an input so many steps before."""
    ax = style.axes(ax, x="steps between input and output", y="norm of the derivative")
    for (name, values), color in zip(norms.items(), style.PALETTE, strict=False):
        ax.plot(np.asarray(distance), np.asarray(values), color=color, label=name)
    ax.set_yscale("log")
    ax.legend()
    return ax


@style.styled
def accuracy_over_images(counts: ArrayLike, accuracy: Mapping[str, ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw the accuracy on new images over the number of images for training, one line for each network."""
    ax = style.axes(ax, x="images for training", y="accuracy on new images")
    number = np.asarray(counts)
    for (name, values), color in zip(accuracy.items(), style.PALETTE, strict=False):
        ax.plot(number, np.asarray(values), "o-", color=color, label=name)
    ax.set_xscale("log")
    ax.set_xticks(number, [f"{one:g}" for one in number])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return ax


@style.styled
def maps_on_images(images: ArrayLike, maps: ArrayLike, *, titles: Sequence[str] = (), size: float = 1.2) -> Figure:
    """Draw images (n, height, width) in the upper row, and below each one how much each of its patches counts.

    `maps` has the shape (n, rows, columns) of the patches; all maps have one scale.
    """
    stack, counted = np.asarray(images), np.asarray(maps)
    figure, grid = style.panels(2, len(stack), size=(size, size + 0.15))
    for number, (image, share) in enumerate(zip(stack, counted, strict=True)):
        style.bare(grid[0, number]).imshow(image, cmap=style.INK)
        shown = style.bare(grid[1, number]).imshow(share, cmap=style.SEQUENTIAL, vmin=0.0, vmax=float(counted.max()))
        if titles:
            grid[0, number].set_title(titles[number], fontsize=9)
    figure.colorbar(shown, ax=grid[1], label="weight")
    return figure


@style.styled
def similarities(table: ArrayLike, names: Sequence[str], *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the cosines of all pairs of vectors; names stand beside the rows, numbers below the columns.

    What is not known (NaN) stays white.
    """
    ax = style.axes(ax, x="", y="", title=title, size=(8.2, 3.6))
    values = np.asarray(table)
    shown = ax.imshow(values, vmin=min(0.0, np.nanmin(values, initial=0.0)), vmax=1.0, cmap=style.SEQUENTIAL)
    ax.grid(False)
    ax.set_xticks(range(len(names)), [str(number) for number in range(1, len(names) + 1)])
    ax.set_yticks(range(len(names)), [f"{name}  {number}" for number, name in enumerate(names, 1)])
    ax.figure.colorbar(shown, ax=ax, label="cosine")
    return ax
