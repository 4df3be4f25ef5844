"""What the figures of unit 9 draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import representation


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


POINTS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize("count", [2, 10])
def test_maps_draw_each_class_in_each_panel(count):
    names = [str(number) for number in range(count)]
    figure = representation.maps({"PCA": POINTS, "t-SNE": -POINTS}, [1, 0, 1], names=names)
    assert [ax.get_title() for ax in figure.axes] == ["PCA", "t-SNE"]
    assert figure.axes[1].lines[1].get_xydata().tolist() == (-POINTS[[0, 2]]).tolist()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names


def test_maps_color_by_value():
    figure = representation.maps({"PCA": POINTS}, [0.1, 0.5, 0.3], color_label="time")
    assert figure.axes[0].collections[0].get_array().tolist() == [0.1, 0.5, 0.3]
    assert figure.axes[1].get_ylabel() == "time"


def test_accuracies_draw_the_mean_of_the_draws():
    ax = representation.accuracies([1, 10], {"pixels": [[0.2, 0.4], [0.5, 0.7]]}, chance=0.25)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.3, 0.6])
    assert ax.lines[1].get_ydata()[0] == 0.25
    assert ax.get_xscale() == "log"


def test_words_stand_at_their_places():
    figure = representation.words(POINTS, ["Al", "Si", "Fe"], [1, 0, 1], names=["p", "d"], title="map")
    ax = figure.axes[0]
    assert {text.get_text(): text.get_position() for text in ax.texts} == {
        "Si": (2.0, 3.0),
        "Al": (0.0, 1.0),
        "Fe": (4.0, 5.0),
    }
    assert ax.texts[0].get_color() != ax.texts[1].get_color() == ax.texts[2].get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["p", "d"]
    assert ax.get_title() == "map"
