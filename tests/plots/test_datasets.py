"""What the figures of the data sets draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import datasets


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_tensile_names_each_temperature():
    ax = datasets.tensile(np.array([[0.0, 0.1], [0.0, 0.2]]), np.array([[1.0, 2.0], [3.0, 4.0]]), [20.0, 400.0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["20 °C", "400 °C"]
    assert ax.lines[1].get_xydata().tolist() == [[0.0, 3.0], [0.2, 4.0]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("true strain", "true stress (MPa)")


def test_spectra_stand_above_one_another():
    ax = datasets.spectra([30.0, 40.0], np.array([[1.0, 2.0], [3.0, 4.0]]), offset=0.5, labels=["a", "b"])
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1.0, 2.0], [3.5, 4.5]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_images_share_one_scale_and_fill_rows():
    figure = datasets.images(np.arange(12.0).reshape(3, 2, 2), columns=2, titles=["a", "b", "c"])
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == ["a", "b", "c"]
    assert len(figure.axes) == 4
    assert {ax.images[0].get_clim() for ax in shown} == {(0.0, 11.0)}
