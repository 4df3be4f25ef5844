"""What the figures of unit 13 draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import physics, style

X = np.array([0.0, 1.0, 2.0])
LABELS = {"x_label": "time (s)", "y_label": "displacement (mm)"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_each_estimate_has_a_panel_with_the_truth_and_the_data():
    figure = physics.against_truth(
        X, {"a": X, "b": 2 * X, "c": 3 * X}, truth=X, data=([1.0], [2.0]), columns=2, **LABELS
    )
    assert [ax.get_title() for ax in figure.axes[:3]] == ["a", "b", "c"]
    assert not figure.axes[3].get_visible()
    estimate, truth, data = figure.axes[1].lines
    assert estimate.get_ydata().tolist() == [0, 2, 4]
    assert truth.get_ydata().tolist() == [0, 1, 2]
    assert data.get_xydata().tolist() == [[1, 2]]
    assert [ax.get_xlabel() for ax in figure.axes[:3]] == ["", "time (s)", "time (s)"]


def test_limits_hold_in_all_panels():
    figure = physics.against_truth(X, {"a": X, "b": X}, truth=X, y_limits=(-3, 3), **LABELS)
    assert [ax.get_ylim() for ax in figure.axes] == [(-3, 3)] * 2
    assert len(figure.axes[0].lines) == 2


def test_curves_have_their_own_x_and_labels():
    panels = {"raw": {"1 mm": (X, 2 * X)}, "groups": {"1 mm": (3 * X, X)}}
    figure = physics.curves(panels, labels={"raw": ("t (h)", "c"), "groups": ("D t / L²", "c / c₀")})
    assert [ax.get_xlabel() for ax in figure.axes] == ["t (h)", "D t / L²"]
    assert figure.axes[1].lines[0].get_xydata().tolist() == [[0, 0], [3, 1], [6, 2]]
    assert names(figure.axes[0]) == ["1 mm"]


@pytest.mark.parametrize(("log_x", "scale"), [(True, "log"), (False, "linear")])
def test_errors_are_on_a_logarithmic_axis(log_x, scale):
    ax = physics.errors([1, 2], {"Euler": [0.1, 0.05], "Heun": [0.1, 0.025]}, x_label="steps", y_label="e", log_x=log_x)
    assert (ax.get_xscale(), ax.get_yscale()) == (scale, "log")
    assert ax.lines[1].get_xydata().tolist() == [[1, 0.1], [2, 0.025]]
    assert names(ax) == ["Euler", "Heun"]


def test_counts_that_are_no_powers_have_whole_ticks():
    ax = physics.errors([1, 2, 3, 4], {"a": [1.0, 0.1, 0.01, 0.001]}, x_label="rounds", y_label="e", log_x=False)
    assert np.all(ax.get_xticks() % 1 == 0)


def test_the_size_of_a_step_stands_at_its_end():
    figure = physics.steps([0.0, 1.0, 1.5], [0.0, 1.0, 0.5], (X, X), **LABELS)
    assert figure.axes[0].lines[1].get_xydata().tolist() == [[0, 0], [1, 1], [1.5, 0.5]]
    assert figure.axes[1].lines[0].get_xydata().tolist() == [[1, 1], [1.5, 0.5]]


def test_a_field_has_symmetric_colors_and_its_cuts():
    values = np.outer(X, [1.0, -2.0])
    figure = physics.field(X, [0.0, 1.0], values, {0.5: (X, 2 * X)}, x_label="x", t_label="t", value_label="u")
    assert figure.axes[0].collections[0].get_clim() == (-4, 4)
    found, truth = figure.axes[1].lines[:2]
    assert found.get_ydata().tolist() == [0, 1, 2]
    assert truth.get_ydata().tolist() == [0, 2, 4]
    assert names(figure.axes[1]) == ["0.5", "exact"]
    assert figure.axes[2].get_title() == "u"


def test_a_line_has_the_color_of_its_points():
    ax = physics.profiles({"1 h": (X, X), "2 h": (X, 2 * X)}, {"2 h": (X, X), "fit": (X, X)}, **LABELS)
    colors = [line.get_color() for line in ax.lines]
    assert colors == [style.VERMILION, style.GREEN, style.BLUE, style.VERMILION]
    assert [line.get_marker() for line in ax.lines] == ["None", "None", "o", "o"]
    assert names(ax) == ["2 h", "fit", "1 h"]


def test_a_true_curve_is_dashed_and_sizes_keep_their_units_on_a_logarithmic_axis():
    sizes = np.array([3.0, 30.0, 120.0])
    ax = physics.profiles({}, {"fit": (sizes, X)}, truth=(sizes, 2 * X), log_x=True, **LABELS)
    fit, truth = ax.lines
    assert (fit.get_linestyle(), truth.get_linestyle()) == ("-", "--")
    assert truth.get_xydata().tolist() == [[3, 0], [30, 2], [120, 4]]
    assert names(ax) == ["fit", "truth"]
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    shown = [text.get_text() for text in ax.get_xticklabels() if low <= text.get_position()[0] <= high]
    assert shown == ["3", "10", "30", "100"]
