"""What the figures of unit 2 draw: data, labels, scales."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import decomposition, style


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_projection_draws_the_residual_below():
    figure = decomposition.projection([1.0, 2.0], np.array([3.0, 5.0]), np.array([3.5, 4.0]))
    upper, lower = figure.axes
    assert upper.lines[0].get_ydata().tolist() == [3.0, 5.0]
    assert upper.lines[1].get_ydata().tolist() == [3.5, 4.0]
    assert lower.lines[0].get_ydata().tolist() == [-0.5, 1.0]
    assert lower.get_xlabel() == "diffraction angle 2θ (degrees)"


def test_conditioning_is_logarithmic_with_a_label_a_point():
    ax = decomposition.conditioning([1.0, 100.0], [0.1, 1.0], [0.2, 3.0], labels=["wide", "narrow"])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.texts] == ["wide", "narrow"]
    observed = next(line for line in ax.lines if line.get_label() == "observed")
    assert observed.get_ydata().tolist() == [0.1, 1.0]


def test_ellipses_have_equal_axes_and_an_arrow_for_each_half_axis():
    outline = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    center = np.array([1.0, 2.0])
    half_axes = np.array([[2.0, 0.0], [0.0, 1.0]])
    ax = decomposition.ellipses(np.eye(2), {"one": outline}, center, half_axes, x_label="a", y_label="b")
    assert ax.get_aspect() == 1
    assert ax.lines[1].get_xydata().tolist() == outline.tolist()
    assert [tuple(text.xy) for text in ax.texts] == [(3.0, 2.0), (1.0, 3.0)]


def test_clouds_name_their_units():
    units = {"raw": "counts", "white": "std. dev."}
    figure = decomposition.clouds(
        {"raw": np.eye(2), "white": 2 * np.eye(2)}, units=units, color=np.arange(2.0), color_label="share"
    )
    raw, white, bar = figure.axes
    assert raw.get_xlabel() == "feature 1 (counts)"
    assert white.get_xlabel() == "feature 1 (std. dev.)"
    assert white.collections[0].get_offsets().tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert bar.get_ylabel() == "share"


def test_scree_marks_the_components_before_the_elbow():
    ax = decomposition.scree(np.array([0.6, 0.3, 0.06, 0.04]), 2)
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    assert ax.lines[1].get_ydata().tolist() == [0.6, 0.3]


def test_parts_name_every_pattern():
    patterns = np.array([[1.0, 0.0], [-1.0, 2.0]])
    names = {"NMF": ["Al", "Fe"], "PCA": ["mean", "first"]}
    figure = decomposition.parts([1.0, 2.0], {"NMF": np.abs(patterns), "PCA": patterns}, names=names)
    shown = [[ax.texts[0].get_text(), ax.lines[1].get_ydata().tolist()] for ax in figure.axes]
    assert shown == [["Al", [1, 0]], ["mean", [1, 0]], ["Fe", [1, 2]], ["first", [-1, 2]]]
    assert [ax.get_title() for ax in figure.axes[:2]] == ["NMF", "PCA"]


def test_low_rank_error_starts_at_zero():
    ax = decomposition.low_rank_error({"best": ([1, 2], [0.5, 0.2]), "random": ([2], [0.3])})
    assert ax.get_ylim()[0] == 0
    assert [line.get_label() for line in ax.lines] == ["best", "random"]
    assert ax.lines[0].get_linestyle() == "-"


def test_histories_count_sweeps_and_leave_out_nan():
    ax = decomposition.histories({"cd": [4.0, 2.0, np.nan]})
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_xydata().tolist() == [[0, 4.0], [1, 2.0]]


def test_balls_color_points_on_an_axis():
    outline = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    points = np.array([[2.0, 0.1], [1.0, 1.0]])
    figure = decomposition.balls({"L1": outline}, points, {"L1": np.array([[1.0, 0.0], [0.5, 0.5]])})
    ends = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [line.get_color() for line in ends] == [style.VERMILION, style.BLUE]


def test_embeddings_draw_a_line_for_each_class():
    points = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    figure = decomposition.embeddings({"data": (points, np.array([0, 1, 0]))})
    first, second = figure.axes[0].lines
    assert first.get_xydata().tolist() == [[0.0, 1.0], [4.0, 5.0]]
    assert second.get_xydata().tolist() == [[2.0, 3.0]]
