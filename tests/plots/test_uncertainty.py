"""What the figures of unit 12 draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import style, uncertainty

X = np.array([0.0, 1.0, 2.0])
LABELS = {"x_label": "T (°C)", "y_label": "hardness (HV)"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def edges(band):
    """Lowest and highest value of a filled band."""
    heights = band.get_paths()[0].vertices[:, 1]
    return heights.min(), heights.max()


def test_draws_have_a_panel_for_each_kernel_and_a_line_for_each_function():
    figure = uncertainty.draws(X, {"RBF": np.zeros((2, 3)), "linear": [X, 2 * X], "sum": [X]}, columns=2, **LABELS)
    assert [ax.get_title() for ax in figure.axes[:3]] == ["RBF", "linear", "sum"]
    assert figure.axes[1].lines[1].get_ydata().tolist() == [0, 2, 4]
    assert not figure.axes[3].get_visible()
    assert [ax.get_xlabel() for ax in figure.axes[:3]] == ["", "T (°C)", "T (°C)"]


def test_processes_show_two_standard_deviations_and_the_data_known_by_then():
    states = {"prior": (0 * X, 1 + 0 * X, [X]), "posterior": (X, 0.5 + 0 * X, [X])}
    figure = uncertainty.processes(X, states, {"posterior": ([1.0], [1.0])}, y_limits=(-3, 3), **LABELS)
    prior, posterior = figure.axes
    assert edges(prior.collections[0]) == (-2, 2)
    assert edges(posterior.collections[0]) == (-1, 3)
    assert [len(ax.lines) for ax in figure.axes] == [2, 3]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(names) == ["drawn functions", "mean", "measured", "± 2 std"]


def test_members_are_lines_with_one_entry_in_the_legend():
    ax = uncertainty.members(X, [X, X + 1], (X, X), curve_label="networks", **LABELS)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["networks", "measured"]
    assert ax.lines[1].get_ydata().tolist() == [1, 2, 3]


def test_bands_are_those_of_the_mean_and_of_a_new_value():
    panels = {"GP": (X, 0.5 + 0 * X, 1 + 0 * X), "ensemble": (X, 0 * X, 1 + 0 * X)}
    figure = uncertainty.bands(X, panels, data=(X, X), truth=X, y_limits=(-5, 5), **LABELS)
    outer, inner = figure.axes[0].collections
    assert (edges(outer), edges(inner)) == ((-2, 4), (-1, 3))
    assert [text.get_text() for text in figure.legends[0].get_texts()][-2:] == ["truth", "measured"]


def test_parts_of_doubt_are_lines_over_spans_without_data():
    figure = uncertainty.parts_of_doubt(
        X, {"GP": (X, 2 * X)}, noise=X, spans=[(0.0, 0.5)], x_label="T (°C)", unit="HV", top=9
    )
    (ax,) = figure.axes
    assert ax.get_ylabel() == "standard deviation (HV)"
    assert [line.get_label() for line in ax.lines] == ["true noise", "aleatoric", "epistemic"]
    assert ax.lines[2].get_ydata().tolist() == [0, 2, 4]
    assert len(ax.patches) == 1


def test_parts_of_doubt_of_three_methods_stand_in_two_rows():
    methods = {name: (X, 2 * X) for name in ("GP", "ensemble", "Laplace")}
    figure = uncertainty.parts_of_doubt(X, methods, noise=X, spans=[], x_label="T (°C)", unit="HV", top=9)
    assert [ax.get_title() for ax in figure.axes] == ["GP", "ensemble", "Laplace", ""]
    assert [ax.get_ylabel() != "" for ax in figure.axes[:3]] == [True, False, True]
    assert not figure.axes[3].get_visible()


def test_two_panels_have_a_mark_at_the_chosen_number():
    panels = [([1, 2], {"a": [5.0, 6.0]}, "degree", "nats"), ([1, 2], {"b": [3.0, 1.0]}, "degree", "error")]
    figure = uncertainty.two_panels(*panels, mark=2)
    assert [ax.get_ylabel() for ax in figure.axes] == ["nats", "error"]
    for ax, values in zip(figure.axes, ([5, 6], [3, 1]), strict=True):
        assert list(ax.lines[0].get_xdata()) == [2, 2]
        assert ax.lines[1].get_ydata().tolist() == values


def test_an_inverse_shows_data_and_draws_on_one_scale():
    figure = uncertainty.inverse(X, X, (X, 2 * X), {"mean": (X, 0 * X)}, drawn_label="drawn", **LABELS)
    left, right = figure.axes
    assert left.lines[0].get_ydata().tolist() == [0, 1, 2]
    assert right.lines[0].get_ydata().tolist() == [0, 2, 4]
    assert left.get_ylim() == right.get_ylim()


def test_reliability_leaves_empty_bins_out():
    curve = ([0.1, np.nan, 0.9], [0.2, np.nan, 0.8])
    figure = uncertainty.reliability({"classes": {"network": curve}}, labels={"classes": ("confidence", "right")})
    (ax,) = figure.axes
    assert ax.lines[1].get_xydata().tolist() == [[0.1, 0.2], [0.9, 0.8]]
    assert ax.get_xlabel() == "confidence"


def test_maps_share_one_scale_of_colors():
    figure = uncertainty.maps(
        X, X[:2], {"a": np.ones((2, 3)), "b": 3 * np.ones((2, 3))}, np.ones((4, 2)), value_label="nats", **LABELS
    )
    for ax in figure.axes[:2]:
        assert ax.collections[0].get_clim() == (0, 3)
    assert figure.axes[2].get_ylabel() == "nats"


def test_coverages_stand_in_rows_beside_the_promise():
    rates = {"same": {"plain": 0.9}, "shifted": {"plain": 0.7, "weighted": 0.91}}
    ax = uncertainty.coverages(rates, level=0.9)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["same", "shifted"]
    plain, weighted, promise = ax.lines
    assert (list(plain.get_xdata()), list(plain.get_ydata())) == ([0.9, 0.7], [0, 1])
    assert (list(weighted.get_xdata()), list(weighted.get_ydata())) == ([0.91], [1])
    assert promise.get_xdata()[0] == 0.9


def test_the_next_experiment_is_marked_where_the_promise_is_largest():
    figure = uncertainty.next_experiment(X, (X, 1 + 0 * X), ([0.0], [0.0]), {"UCB": [10.0, 30.0, 20.0]}, **LABELS)
    below = figure.axes[1]
    assert below.lines[0].get_ydata().tolist() == [0, 1, 0.5]
    assert list(below.lines[1].get_xdata()) == [1.0]
    names = [[text.get_text() for text in ax.get_legend().get_texts()] for ax in figure.axes]
    assert names == [["± 2 std", "mean", "measured"], ["UCB"]]


def test_campaigns_are_medians_and_eighty_percent():
    runs = np.arange(11.0)[:, None] * np.ones((11, 4))
    ax = uncertainty.campaigns({"UCB": runs}, goal=10.0, goal_label="best", y_label="strength (MPa)")
    assert ax.lines[0].get_xydata().tolist() == [[1, 5], [2, 5], [3, 5], [4, 5]]
    assert edges(ax.collections[0]) == (1, 9)
    assert ax.get_xscale() == "log"
    assert ax.lines[1].get_color() == style.GRAY


def test_campaigns_start_at_the_experiment_that_is_asked_for():
    runs = np.arange(8.0) * np.ones((3, 8))
    ax = uncertainty.campaigns({"UCB": runs}, goal=7.0, goal_label="best", y_label="strength (MPa)", first=5)
    assert ax.lines[0].get_xydata().tolist() == [[5, 4], [6, 5], [7, 6], [8, 7]]
    assert ax.get_xticks().tolist() == [5]
