"""Figures of unit 1 hold the data that they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import risk


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_models_draw_data_and_every_curve():
    strain, stress = np.linspace(0, 0.02, 5), np.arange(5.0)
    ax = risk.models(strain, stress, {"white box": stress, "gray box": 2 * stress}, learned_up_to=0.01)
    assert labels(ax) == ["measured", "white box", "gray box"]
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), 2 * stress)
    assert ax.get_ylabel() == "true stress (MPa)"


def test_descent_counts_steps_from_one():
    ax = risk.descent({"gray": [4.0, 2.0, np.nan]}, unit="MPa²")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3])
    assert "MPa²" in ax.get_ylabel()
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_loss_zoo_has_a_panel_for_each_kind():
    r = np.linspace(-1, 1, 3)
    left, right = risk.loss_zoo(r, {"squared": r**2}, r, {"hinge": 1 - r, "zero-one": r < 0}).axes
    assert (labels(left), labels(right)) == (["squared"], ["hinge", "zero-one"])
    np.testing.assert_array_equal(right.lines[0].get_ydata(), [2, 1, 0])


def test_constants_are_scaled_to_their_minimum_and_mark_it():
    ax = risk.constants([1.0, 2.0], [0.0, 1.0, 2.0], {"squared": [4.0, 2.0, 8.0]}, quantity="stress (MPa)")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2, 1, 4])
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[1.0, 1.0]])


def test_surrogates_draw_every_loss():
    ax = risk.surrogates([0.0, 1.0], {"zero-one": [0.5, 0.1], "hinge": [1.0, 0.4]}, quantity="threshold (MPa)")
    assert labels(ax) == ["zero-one", "hinge"]
    assert ax.get_xlabel() == "threshold (MPa)"


def test_folds_color_the_roles():
    train, test = np.array([[True, False, False]]), np.array([[False, True, False]])
    (ax,) = risk.folds({"one": (train, test)}).axes
    np.testing.assert_array_equal(np.ravel(ax.collections[0].get_array()), [1, 2, 0])


def test_complexity_marks_the_chosen_degree():
    ax = risk.complexity([0, 1, 2], [3.0, 2.0, 1.0], [4.0, 2.0, 9.0], [1.0, 1.0, 5.0], chosen=1, unit="MPa²")
    assert labels(ax)[-1] == "smallest there: degree 1"
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [4, 2, 9])
    np.testing.assert_array_equal(ax.lines[2].get_xdata(), [1, 1])


def test_refits_draw_each_fit_their_mean_and_the_truth():
    curves = np.array([[0.0, 1.0], [2.0, 3.0]])
    figure = risk.refits([0.0, 1.0], [1.0, 2.0], {"stiff": curves, "nervous": curves}, x_label="x", y_label="y")
    for ax in figure.axes:
        assert len(ax.lines) == 4
        np.testing.assert_array_equal(ax.lines[2].get_ydata(), [1, 2])
    assert [ax.get_title() for ax in figure.axes] == ["stiff", "nervous"]


def test_leaks_draw_two_bars_a_kind():
    ax = risk.leaks(["selection", "target"], [0.9, 0.8], [0.5, 0.1], chance=[0.5, 0.0])
    assert [bar.get_width() for bar in ax.patches] == [0.9, 0.8, 0.5, 0.1]
    assert set(labels(ax)) == {"a guess", "with the leak", "honest"}


def test_lunches_count_functions():
    ax = risk.lunches({"a": [0.0, 0.5, 0.5, 1.0], "b": [0.5, 0.5, 0.5, 0.5]})
    assert [bar.get_height() for bar in ax.patches] == [1, 2, 1, 0, 4, 0]
    assert labels(ax) == ["a: mean 0.50", "b: mean 0.50"]


def test_dimensions_have_three_panels():
    d = np.arange(1.0, 4.0)
    figure = risk.dimensions(d, d, 2 * d, d / 4, d / 8)
    assert len(figure.axes) == 3
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), [0.5, 0.5, 0.5])
    np.testing.assert_array_equal(figure.axes[2].lines[0].get_ydata(), d / 8)


def test_policy_points_an_arrow_in_each_free_cell():
    ax = risk.policy([[0, 0, 2], [1, 0, 3]], np.arange(6.0), np.array([1, 2, 0, 0, 0, 0]))
    texts = [text.get_text() for text in ax.texts]
    assert (texts.count("goal"), texts.count("pit")) == (1, 1)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 3
    right, down, up = (np.subtract(a.xy, a.xyann) for a in arrows)
    assert right[0] > 0 == right[1]
    assert down[1] > 0 == down[0]
    assert up[1] < 0


def test_episodes_have_a_moving_mean():
    ax = risk.episodes([10, 20, 30], shortest=8, window=2)
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[1, 15], [2, 25]])
    assert "8" in labels(ax)[-1]
