"""Figures of unit 6, compared by the data that they hold."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import landscapes


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


X, Y = np.linspace(-1, 1, 7), np.linspace(0, 2, 5)
HEIGHT = X[:, None] ** 2 + Y + 0.1


def test_paths_and_goals():
    way = np.array([[0.0, 0.5], [0.3, 1.0]])
    ax = landscapes.paths(X, Y, HEIGHT, {"way": way}, goals=[[0.5, 1.5], [-0.5, 1.0]])
    np.testing.assert_allclose(ax.lines[0].get_xydata(), way)
    assert [tuple(line.get_xydata()[0]) for line in ax.lines[1:]] == [(0.5, 1.5), (-0.5, 1.0)]
    assert ax.get_ylim() == (0, 2)


def test_histories_are_logarithmic_and_may_have_steps_of_their_own():
    ax = landscapes.histories({"a": [1.0, 0.1]}, quantity="loss (nats)", at=[0, 10])
    assert ax.get_yscale() == "log"
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [0, 10])
    assert ax.get_ylabel() == "loss (nats)"


def test_cliff_is_cut_at_its_limits():
    ax = landscapes.cliff([0.5, 1.5], {"k": [1e-30, np.inf]}, n_steps=3, limits=(1e-6, 1e2))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1e-6, 1e2])


def test_spectrum_shows_both_sets_of_eigenvalues():
    figure = landscapes.spectrum([0.0, 1.0], {"d": [0.0, 1.0]}, [3.0, 2.0], [3.0, 2.0, 1.0])
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [1e-5, 1.0])
    assert [len(line.get_xdata()) for line in right.lines] == [2, 2]


def test_slices_share_one_scale():
    figure = landscapes.slices(X, {"one": np.ones((7, 7)) + X**2, "two": 5 + X[:, None] ** 2 + X**2}, quantity="loss")
    assert [ax.get_title() for ax in figure.axes[:2]] == ["one", "two"]
    assert len(figure.axes) == 3


def test_traveled_marks_start_and_end():
    way = np.array([[1.0, 2.0], [0.5, 1.0], [0.0, 0.0]])
    ax = landscapes.traveled(X, Y, HEIGHT, way, [0.75, 0.2], quantity="loss")
    np.testing.assert_allclose(ax.lines[1].get_xydata()[0], way[0])
    np.testing.assert_allclose(ax.lines[2].get_xydata()[0], way[-1])
    assert "75 %" in ax.get_xlabel()


def test_lazy_and_rich_has_a_line_for_each_in_both_panels():
    figure = landscapes.lazy_and_rich([0, 1], {"a": [0, 0.1], "b": [0, 0.2]}, {"a": [1, 0.1], "b": [1, 0.2]}, unit="1")
    assert [len(ax.lines) for ax in figure.axes] == [2, 2]


def test_trainability_colors_by_outcome():
    converged = np.array([[True, False], [True, True]])
    ax = landscapes.trainability([1.0, 10.0], [1.0, 10.0], converged, np.where(converged, 2.0, -3.0))
    colors = np.asarray(ax.collections[0].get_array())
    assert colors[1, 0, 0] > colors[1, 0, 2]  # first rate 0, second rate 1: diverged, orange
    assert colors[0, 0, 2] > colors[0, 0, 0]
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_particles_are_drawn_at_their_output_times_hidden_weights():
    output, hidden = np.array([[2.0, -1.0], [3.0, -1.0]]), np.ones((2, 2, 2))
    figure = landscapes.particles({"rich": (output, hidden)}, np.array([[1.0, 0.0]]), limit=4.0)
    ends = [line.get_xydata()[-1].tolist() for line in figure.axes[0].lines if line.get_marker() == "."]
    assert ends == [[3.0, 3.0], [1.0, 1.0]]
