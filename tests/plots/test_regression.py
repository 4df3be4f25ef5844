"""What the figures of unit 3 draw: data, labels, scales."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import regression


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_line_is_drawn_in_order_and_points_carry_their_leverage():
    x, y = np.array([2.0, 0.0, 1.0]), np.array([4.0, 0.0, 2.5])
    ax = regression.line(x, y, 2 * x, np.array([0.8, 0.8, 0.3]))
    assert ax.lines[0].get_xdata().tolist() == [0.0, 1.0, 2.0]
    assert ax.lines[0].get_ydata().tolist() == [0.0, 2.0, 4.0]
    assert ax.collections[0].get_array().tolist() == [0.8, 0.8, 0.3]
    assert ax.get_xlabel() == "true strain (‰)"
    assert ax.get_ylabel() == "true stress (MPa)"


def test_landscape_marks_the_lowest_point_and_draws_every_path():
    first, second = np.linspace(-1, 1, 21), np.linspace(-2, 2, 41)
    risk = (first - 0.5) ** 2 + (second[:, None] + 1.0) ** 2
    path = np.array([[0.0, 0.0], [0.2, -0.5]])
    ax = regression.landscape(first, second, risk, {"way": path}, x_label="a", y_label="b")
    assert ax.lines[0].get_xydata().tolist() == path.tolist()
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[0.5, -1.0]], atol=1e-12)
    assert ax.get_xlim() == (-1, 1)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["way"]


def test_convergence_draws_the_prediction_from_the_middle_on():
    distances = 2.0 * 0.5 ** np.arange(9)
    ax = regression.convergence({"half": distances}, {"half": 0.5})
    assert ax.get_yscale() == "log"
    assert ax.lines[1].get_xdata().tolist() == [4, 5, 6, 7, 8]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), distances[4:])


def test_epochs_and_errors_have_a_logarithmic_scale_and_a_line_each():
    histories = {"a": np.array([1.0, 0.1]), "b": np.array([1.0, 0.5])}
    ax = regression.epochs(histories, y_label="risk")
    assert ax.get_yscale() == "log"
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    ax = regression.interpolation_errors((3, 5), histories)
    assert ax.get_yscale() == "log"
    assert ax.lines[1].get_xydata().tolist() == [[3, 1.0], [5, 0.5]]


def test_a_panel_for_each_basis_and_each_fit():
    x = np.array([1.0, 0.0, 2.0])
    tables = {name: np.column_stack([np.ones(3), x]) for name in "abcde"}
    figure = regression.basis_functions(x, tables, columns=3)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == list("abcde")
    assert shown[0].lines[1].get_ydata().tolist() == [0.0, 1.0, 2.0]
    assert shown[2].get_xlabel() == shown[4].get_xlabel() == "true strain (‰)"
    figure = regression.fits(x, x, {"a": 2 * x, "b": 3 * x}, notes=["one", "two"])
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.texts[0].get_text() for ax in shown] == ["one", "two"]
    assert shown[1].lines[1].get_ydata().tolist() == [0.0, 3.0, 6.0]


def test_condition_numbers_show_their_limits():
    ax = regression.condition_numbers([2, 3], {"powers": [10.0, 100.0]}, limits={"end": 1e3})
    assert ax.get_yscale() == "log"
    assert ax.texts[0].get_text() == "end"
    assert ax.lines[1].get_ydata() == [1e3, 1e3]


def test_interpolants_draw_function_polynomial_and_nodes():
    x, nodes = np.linspace(-1, 1, 5), np.array([-1.0, 1.0])
    figure = regression.interpolants(x, x**2, {"two": (nodes, nodes**2, np.ones(5))})
    truth, curve, points = figure.axes[0].lines
    assert truth.get_ydata().tolist() == (x**2).tolist()
    assert curve.get_ydata().tolist() == [1.0] * 5
    assert points.get_xydata().tolist() == [[-1.0, 1.0], [1.0, 1.0]]


def test_probability_separates_the_classes_by_color_and_marker():
    x, label = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]), np.array([0, 1, 1])
    first, second = np.linspace(0, 1, 3), np.linspace(0, 1, 4)
    values = np.broadcast_to(first, (4, 3))
    ax = regression.probability(x, label, first, second, values, names=("cold", "hot"))
    cold, hot = ax.lines
    assert cold.get_xydata().tolist() == [[0.0, 0.0]]
    assert hot.get_xydata().tolist() == [[1.0, 1.0], [1.0, 0.0]]
    assert (cold.get_marker(), cold.get_color()) != (hot.get_marker(), hot.get_color())
