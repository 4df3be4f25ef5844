"""The style holds inside figure functions and nowhere else; figures are compared by the data they hold."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import datasets, style


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_importing_changes_no_setting():
    code = (
        "import matplotlib, matplotlib.pyplot; before = dict(matplotlib.rcParams)\n"
        "import mfml.plots.datasets\n"
        "assert dict(matplotlib.rcParams) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_library_imports_no_matplotlib():
    code = "import sys, mfml.data.tensile; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_styled_sets_and_restores():
    before = dict(mpl.rcParams)

    @style.styled
    def inside():
        """Tell the grid setting."""
        return mpl.rcParams["axes.grid"]

    assert inside() is True
    assert inside.__doc__ == "Tell the grid setting."
    assert dict(mpl.rcParams) == before


def test_axes_are_labeled_and_reused():
    ax = style.axes(x="strain", y="stress (MPa)", title="steel")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("strain", "stress (MPa)", "steel")
    assert style.axes(ax, x="time (s)", y="force (N)") is ax
    assert ax.get_xlabel() == "time (s)"


def test_panels_always_come_as_a_grid():
    figure, grid = style.panels(1, 1)
    assert grid.shape == (1, 1)
    assert grid[0, 0].figure is figure


def test_palette_has_no_repeats():
    assert len(set(style.PALETTE)) == len(style.PALETTE)


def test_tensile_draws_a_row_for_each_temperature():
    strain, stress = np.array([[0.0, 0.01], [0.0, 0.02]]), np.array([[0.0, 300.0], [0.0, 200.0]])
    ax = datasets.tensile(strain, stress, [20.0, 600.0])
    assert ax.get_ylabel() == "true stress (MPa)"
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[0.0, 0.0], [0.02, 200.0]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["20 °C", "600 °C"]


def test_spectra_are_offset_and_named():
    ax = datasets.spectra([30.0, 40.0], np.ones((2, 2)), labels=("Al", "Cu"), offset=2.0)
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1.0, 1.0], [3.0, 3.0]]
    assert "degrees" in ax.get_xlabel()
    assert datasets.spectra([30.0, 40.0], np.ones((1, 2))).get_legend() is None


def test_images_share_one_scale_and_fill_a_grid():
    stack = np.arange(12.0).reshape(3, 2, 2)
    figure = datasets.images(stack, columns=2, titles=("a", "b", "c"))
    shown = [ax.images[0] for ax in figure.axes if ax.images]
    assert len(figure.axes) == 4
    assert [image.get_array().tolist() for image in shown] == stack.tolist()
    assert {image.get_clim() for image in shown} == {(0.0, 11.0)}
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c", ""]
