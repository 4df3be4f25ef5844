"""What the figures of unit 10 draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import attention


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


TABLE = np.array([[1.0, 0.0], [0.25, 0.75]])


def test_weights_of_all_heads_share_one_scale():
    figure = attention.weights({"one": TABLE, "two": TABLE / 2}, queries=["Fe", "C"])
    images = [ax.images[0] for ax in figure.axes[:2]]
    assert [ax.get_title() for ax in figure.axes[:2]] == ["one", "two"]
    assert [image.get_clim() for image in images] == [(0.0, 1.0)] * 2
    assert images[1].get_array().tolist() == (TABLE / 2).tolist()
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["Fe", "C"]


def test_tokens_may_listen_to_other_tokens():
    figure = attention.weights({"cross": TABLE[:, :1]}, queries=["a", "b"], keys=["image"])
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["image"]


def test_positions_have_a_scale_symmetric_about_zero_beside_all_products():
    figure = attention.positions([[1.0, -2.0], [0.0, 0.5]], [[5.0, -2.0], [-2.0, 0.25]])
    table, products = (ax.images[0] for ax in figure.axes[:2])
    assert table.get_clim() == (-2.0, 2.0)
    assert products.get_array().tolist() == [[5.0, -2.0], [-2.0, 0.25]]


def test_fading_is_logarithmic():
    ax = attention.fading([0, 1], {"RNN": [1.0, 0.1], "LSTM": [1.0, 0.9]})
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_ydata().tolist() == [1.0, 0.1]


def test_accuracy_is_drawn_at_the_numbers_of_images():
    ax = attention.accuracy_over_images([1000, 20000], {"ViT": [0.8, 0.9]})
    assert ax.lines[0].get_xydata().tolist() == [[1000, 0.8], [20000, 0.9]]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1000", "20000"]


def test_maps_stand_below_their_images():
    figure = attention.maps_on_images(np.zeros((2, 4, 4)), np.stack([TABLE, 2 * TABLE]), titles=["3", "8"])
    assert [ax.get_title() for ax in figure.axes[:4]] == ["3", "8", "", ""]
    assert [ax.images[0].get_clim() for ax in figure.axes[2:4]] == [(0.0, (2 * TABLE).max())] * 2  # one scale
    assert figure.axes[3].images[0].get_array().tolist() == (2 * TABLE).tolist()


def test_similarities_name_the_rows_and_number_the_columns():
    ax = attention.similarities(np.eye(2), ["steel", "brass"])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["steel  1", "brass  2"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2"]
