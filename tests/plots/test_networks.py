"""What the figures of unit 4 draw: data, labels, frames."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import networks, style


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_activations_and_derivatives_stand_side_by_side():
    figure = networks.activations([0.0, 1.0], {"a": [0.0, 2.0], "b": [1.0, 1.0]}, {"a": [2.0, 2.0], "b": [0.0, 0.0]})
    left, right = figure.axes
    assert [line.get_label() for line in left.lines] == ["a", "b"]
    assert [line.get_ydata().tolist() for line in left.lines] == [[0.0, 2.0], [1.0, 1.0]]
    assert [line.get_ydata().tolist() for line in right.lines] == [[2.0, 2.0], [0.0, 0.0]]
    assert (left.get_ylabel(), right.get_ylabel()) == ("activation", "derivative")


def test_approximations_draw_the_function_first():
    ax = networks.approximations([0.0, 1.0], [1.0, 2.0], {"net": [0.5, 2.5]}, y_label="stress (MPa)")
    assert [line.get_label() for line in ax.lines] == ["function", "net"]
    assert ax.lines[1].get_ydata().tolist() == [0.5, 2.5]
    assert ax.get_ylabel() == "stress (MPa)"


def test_bounds_have_the_color_of_their_errors():
    ax = networks.bounds([4, 8], {"bumps": [0.5, 0.25]}, {"bumps": [0.6, 0.3]})
    dots, line = ax.lines[:2]
    assert dots.get_color() == line.get_color()
    assert line.get_ydata().tolist() == [0.6, 0.3]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["4", "8"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_columns_leave_a_shorter_row_open():
    image = np.arange(6.0).reshape(2, 3)
    figure = networks.columns([{"one": image, "two": 2 * image}, {"three": image}])
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == ["one", "two", "three"]
    np.testing.assert_array_equal(shown[1].images[0].get_array(), 2 * image)
    assert len(figure.axes) == 4


def test_receptive_fields_are_framed_around_their_centers():
    figure = networks.receptive_fields({"stack": np.diag([1.0, 4.0, 2.0])}, [3], [1.0])
    (ax,) = figure.axes
    (frame,) = ax.patches
    assert (*frame.get_xy(), frame.get_width(), frame.get_height()) == (-0.5, -0.5, 3, 3)
    assert ax.images[0].get_array().max() == 1
    assert ax.get_title() == "stack\n3 x 3 pixels"


def test_learning_draws_running_means_at_the_last_step_of_each_window():
    ax = networks.learning({"net": [4.0, 2.0, 6.0]}, smooth=2)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[2, 3.0], [3, 4.0]])
    assert ax.get_yscale() == "log"


def test_accuracy_over_marks_a_place():
    ax = networks.accuracy_over([1.0, 2.0], {"net": [0.9, 0.6]}, x_label="temperature (J / k_B)", mark=1.5)
    curve, mark = ax.lines
    assert curve.get_ydata().tolist() == [0.9, 0.6]
    assert (mark.get_xdata()[0], mark.get_color()) == (1.5, style.GRAY)
    assert ax.get_xlabel() == "temperature (J / k_B)"
