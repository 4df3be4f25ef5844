"""What the figures of unit 7 draw: data, labels, scales."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import generalization

STEPS = np.arange(1.0, 5.0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_overfitting_has_a_panel_a_model_on_one_scale():
    x, y = np.array([0.0, 1.0]), np.array([1.0, 3.0])
    figure = generalization.overfitting(x, y, x, y + 1, {"a": 0 * x, "b": 100 * x}, x_label="t", y_label="T (K)")
    first, second = figure.axes
    assert [ax.get_title() for ax in figure.axes] == ["a", "b"]
    assert [line.get_ydata().tolist() for line in second.lines] == [[2.0, 4.0], [0.0, 100.0], [1.0, 3.0]]
    np.testing.assert_allclose(second.get_ylim(), (0.4, 3.6))  # the wild curve does not set the scale
    assert (first.get_ylabel(), second.get_xlabel()) == ("T (K)", "t")


def test_parts_of_error_add_up():
    ax = generalization.parts_of_error(
        STEPS, 1 / STEPS, STEPS, np.ones(4), 1 / STEPS + STEPS + 1, x_label="degree", y_label="error"
    )
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(drawn["their sum"], drawn["bias²"] + drawn["variance"] + drawn["noise"])
    np.testing.assert_allclose(drawn["their sum"], drawn["measured error"])
    assert ax.get_yscale() == "log"


def test_training_and_validation_share_a_color_and_marks_stand_where_told():
    histories = {"a": (STEPS, 2 * STEPS), "b": (3 * STEPS, 4 * STEPS)}
    ax = generalization.train_and_validation(STEPS, histories, x_label="round", y_label="loss", marks={"b": 3.0})
    train_a, valid_a, train_b, valid_b, mark = ax.lines[:5]
    assert train_a.get_color() == valid_a.get_color() != train_b.get_color()
    assert (train_b.get_linestyle(), valid_b.get_linestyle()) == ("--", "-")
    assert valid_b.get_ydata().tolist() == (4 * STEPS).tolist()
    assert mark.get_xdata()[0] == 3.0
    assert names(ax) == ["a", "b", "training"]


def test_double_descent_keeps_a_training_error_of_zero_on_the_axis():
    ax = generalization.double_descent(STEPS, np.array([1.0, 0.5, 0.0, 0.0]), STEPS, n_samples=3, y_label="error")
    test, train, line = ax.lines
    assert test.get_ydata().tolist() == STEPS.tolist()
    assert np.all(np.asarray(train.get_ydata()) > 0)
    assert line.get_xdata()[0] == 3
    assert ax.get_ylim()[0] == pytest.approx(4e-4)


def test_coefficient_paths_name_the_largest():
    path = np.array([[0.0, 0.0, 0.1], [-3.0, 0.2, 2.0]])
    figure = generalization.coefficient_paths(
        [1.0, 0.1], {"lasso": path}, ["a", "b", "c"], chosen={"lasso": 0.5}, y_label="w", n_named=2
    )
    (ax,) = figure.axes
    assert names(ax) == ["a", "c"]
    named = {line.get_label(): line for line in ax.lines}
    assert named["a"].get_ydata().tolist() == [0.0, -3.0]
    assert ax.lines[-1].get_xdata()[0] == 0.5
    assert ax.xaxis_inverted()
    assert ax.get_xscale() == "log"


def test_errors_and_importances_have_a_bar_each():
    ax = generalization.errors({"tree": 4.0, "forest": 2.0}, x_label="error (K)", noise=1.0)
    assert [bar.get_width() for bar in ax.patches] == [4.0, 2.0]
    assert [text.get_text() for text in ax.texts] == ["4.0", "2.0"]
    assert ax.lines[0].get_xdata()[0] == 1.0
    ax = generalization.importances(["x", "y"], {"tree": [0.9, 0.1], "forest": [0.6, 0.4]})
    assert [bar.get_width() for bar in ax.patches] == [0.9, 0.1, 0.6, 0.4]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y"]
    centers = [bar.get_y() + bar.get_height() / 2 for bar in ax.patches]
    np.testing.assert_allclose([(centers[0] + centers[2]) / 2, (centers[1] + centers[3]) / 2], [0.0, 1.0], atol=1e-12)


def test_predictions_lie_on_the_line_where_they_equal_the_measurements():
    ax = generalization.predicted_against_measured({"test": (np.array([1.0, 4.0]), np.array([0.5, 5.0]))}, unit="MPa")
    line, points = ax.lines
    assert line.get_xydata().tolist() == [[0.5, 0.5], [5.0, 5.0]]
    assert points.get_xydata().tolist() == [[1.0, 0.5], [4.0, 5.0]]
    assert ax.get_aspect() == 1.0
    assert ax.get_xlabel() == "measured (MPa)"
