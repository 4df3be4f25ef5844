"""What the figures of unit 8 draw: data, labels, scales."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import probability

X = np.array([0.0, 1.0, 2.0])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_noise_models_draw_losses_and_beside_them_pulls():
    figure = probability.noise_models(X, {"a": X, "b": 2 * X}, {"a": 0 * X, "b": -X})
    losses, pulls = figure.axes
    assert losses.lines[1].get_ydata().tolist() == [0.0, 2.0, 4.0]
    assert pulls.lines[1].get_ydata().tolist() == [0.0, -1.0, -2.0]
    assert losses.get_ylabel() == "loss (nats)"
    assert labels(losses) == ["a", "b"]


def test_weighted_line_is_drawn_in_order_and_points_carry_their_weight():
    ax = probability.weighted_line(X[::-1], X, X / 2, {"line": 3 * X}, x_label="strain", y_label="stress")
    assert ax.lines[0].get_xdata().tolist() == [0.0, 1.0, 2.0]
    assert ax.lines[0].get_ydata().tolist() == [6.0, 3.0, 0.0]
    assert ax.collections[0].get_array().tolist() == [0.0, 0.5, 1.0]


def test_curves_with_theory_points_ticks_and_scales():
    ax = probability.curves(
        X + 1,
        {"found": X + 1},
        dashed={"theory": X + 2},
        points={"some": ([1.0], [3.0])},
        x_label="a",
        y_label="b",
        log_x=True,
        log_y=True,
        x_ticks=[1, 3],
    )
    assert labels(ax) == ["found", "theory", "some"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "3"]
    assert ax.lines[1].get_linestyle() == "--"
    assert ax.lines[2].get_xydata().tolist() == [[1.0, 3.0]]


def test_densities_fill_one_and_mark_values():
    ax = probability.densities(
        X, {"data": X, "model": 2 * X}, x_label="a", y_label="b", filled="data", marks=[1.5], marks_label="truth"
    )
    assert labels(ax) == ["data", "model", "truth"]
    assert len(ax.collections) == 1
    assert ax.lines[1].get_xdata().tolist() == [1.5]
    assert ax.get_ylim()[0] == 0


def test_shrinkage_draws_both_estimates_of_each_group():
    ax = probability.shrinkage("ABC", X, X + 1, X / 2, X / 4, overall=1.0, exact=X / 2, y_label="effect")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["A", "B", "C"]
    assert set(labels(ax)) == {"mean of all groups", "each alone", "together", "without sampling"}
    assert ax.get_ylabel() == "effect"


def test_pit_histograms_show_the_range_of_chance():
    figure = probability.pit_histograms([0.0, 0.5, 1.0], {"a": [1.5, 0.5], "b": [1.0, 1.0]}, n_samples=200)
    first, second = figure.axes
    assert first.patches[0].get_data().values.tolist() == [1.5, 0.5]
    assert second.get_title() == "b"
    assert first.lines[0].get_ydata() == [1.0, 1.0]
