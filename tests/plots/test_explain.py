"""What the figures of unit 14 draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import explain, style, trust

PHI, NAMES = np.array([1.0, -4.0, 2.0]), ("Zn", "Sn", "Cr")
LABEL = {"x_label": "strength (MPa)"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def ends(bar):
    return sorted((bar.get_x(), bar.get_x() + bar.get_width()))


def test_a_waterfall_leads_from_the_base_to_the_prediction_by_growing_steps():
    ax = explain.waterfall(PHI, 10.0, NAMES, values=("1", "2", "3"), **LABEL)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Zn = 1", "Cr = 3", "Sn = 2"]
    assert [ends(bar) for bar in ax.patches] == [[10, 11], [11, 13], [9, 13]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["base 10", "prediction 9"]


def test_forces_meet_at_the_prediction():
    ax = explain.force(PHI, 10.0, NAMES, n_names=2, **LABEL)
    assert [ends(bar) for bar in ax.patches] == [[7, 9], [6, 7], [9, 13]]
    assert sorted(text.get_text() for text in ax.texts) == ["Cr", "Sn"]
    assert ax.get_legend().get_texts()[1].get_text() == "prediction 9"


def test_a_narrow_bar_has_no_name():
    ax = explain.force([100.0, -1.0], 10.0, NAMES[:2], **LABEL)
    assert [text.get_text() for text in ax.texts] == ["Zn"]
    assert len(ax.patches) == 2
    low, high = ax.get_xlim()
    assert low < 10 and high > 110  # neither the base nor the end of a bar is cut off


def test_a_feature_that_never_varies_is_neither_small_nor_large():
    ax = explain.beeswarm(np.zeros((3, 1)), np.ones((3, 1)), NAMES[:1], **LABEL)
    assert ax.collections[0].get_array().tolist() == [0.5] * 3


def test_a_beeswarm_has_a_row_for_each_feature_and_equal_colors_for_equal_values():
    phi = np.array([[0.0, 3.0], [0.0, -3.0], [1.0, 3.0]])
    x = np.array([[0.0, 5.0], [0.0, 1.0], [7.0, 5.0]])
    ax = explain.beeswarm(phi, x, NAMES[:2], **LABEL)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Zn", "Sn"]  # the larger effects are on top
    low, high = ax.collections[:2]
    assert low.get_array().tolist() == [0.25, 0.25, 1.0]
    assert high.get_array().tolist() == [0.75, 0.0, 0.75]
    heights = high.get_offsets()[:, 1]
    assert heights[0] != heights[2]  # equal values are piled up
    np.testing.assert_allclose(heights, 1, atol=0.45)


def test_a_dependence_shows_another_feature_as_color():
    ax = explain.dependence([1.0, 2.0], [0.5, -0.5], color=[3.0, 4.0], color_label="tin", y_label="effect", **LABEL)
    assert ax.collections[0].get_offsets().tolist() == [[1, 0.5], [2, -0.5]]
    assert ax.collections[0].get_array().tolist() == [3, 4]
    assert ax.figure.axes[1].get_ylabel() == "tin"


def test_shares_are_bars_in_the_order_of_the_first_series_with_its_intervals():
    series = {"first": np.array([[0.1, 0.0, 0.3], [0.6, 0.5, 0.7]]), "other": [0.3, 0.2]}
    ax = trust.shares(("a", "b"), series, **LABEL)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert [bar.get_width() for bar in ax.patches] == [0.1, 0.6, 0.3, 0.2]
    np.testing.assert_allclose(ax.collections[0].get_segments()[1][:, 0], [0.5, 0.7])


def test_profiles_lie_above_single_samples():
    ax = trust.profiles({"PDP": ([0, 1], [0, 2])}, single=([0, 1], [[0, 1], [0, 3]]), y_label="effect", **LABEL)
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0, 1], [0, 3], [0, 2]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["single samples", "PDP"]


def test_histograms_of_unknown_samples_are_shares_with_a_limit():
    figure = trust.unknown(
        {"score": (np.arange(10.0), np.arange(5.0) + 5)}, names=("old", "new"), limits={"score": 4.0}
    )
    ax = figure.axes[0]
    heights = np.array([bar.get_height() for bar in ax.patches]).reshape(2, -1).sum(axis=1)
    np.testing.assert_allclose(heights, 1)
    assert ax.lines[0].get_xdata()[0] == 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["old", "new", "limit of trust"]


def test_a_decision_has_its_corner_its_groups_and_its_choice():
    groups = {"other": [True, False, False], "known": [False, True, True]}
    ax = trust.decision(
        [1.0, 5.0, 6.0],
        [9.0, 2.0, 3.0],
        groups,
        limits=(4.0, 5.0),
        margins=(1.0, 0.5),
        y_label="resistivity",
        chosen={"choice": (6.0, 3.0)},
        **LABEL,
    )
    assert [len(line.get_xdata()) for line in ax.lines] == [1, 2, 3, 1]
    assert ax.lines[2].get_xdata()[0] == 4 and ax.lines[2].get_ydata()[1] == 5
    corner = ax.collections[0].get_paths()[0].vertices
    assert corner[:, 0].min() == 5 and corner[:, 1].max() == 4.5
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["other", "known", "choice"]
    assert ax.lines[3].get_color() == style.BLACK


def test_a_page_has_three_free_panels_and_a_text():
    figure, grid = trust.page("Which alloy?", ["cast it", "measure it"])
    assert grid.shape == (2, 2)
    assert grid[1, 1].texts[0].get_text() == "cast it\nmeasure it"
    assert figure.get_suptitle() == "Which alloy?"
