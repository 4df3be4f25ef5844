"""What the figures of unit 11 draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import generative


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_schedules_draw_the_signal_and_the_logarithm_of_signal_over_noise():
    figure = generative.schedules([1, 2], {"linear": [0.5, 0.1]})
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0.5, 0.1]
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), [0.0, -np.log(9.0)])


def test_strips_have_names_and_titles_and_one_scale():
    figure = generative.strips(
        {"a": np.zeros((2, 3, 3)), "b": np.ones((1, 3, 3))}, titles=["t=0", "t=1"], limits=(-1, 1)
    )
    assert [ax.get_title() for ax in figure.axes[:2]] == ["t=0", "t=1"]
    assert figure.axes[2].get_ylabel() == "b"
    assert figure.axes[2].images[0].get_clim() == (-1, 1)
    assert not figure.axes[3].images


def test_both_sides_of_a_trade_off_have_their_own_panel():
    figure = generative.trade_off([0, 1], [0.7, 0.9], [0.5, 0.2], fidelity_label="right", diversity_label="spread")
    assert [ax.get_ylabel() for ax in figure.axes] == ["right", "spread"]
    assert figure.axes[1].lines[0].get_xydata().tolist() == [[0, 0.5], [1, 0.2]]


def test_clouds_share_one_scale_and_have_a_line_below():
    figure = generative.clouds({"VAE": np.zeros((3, 2))}, below={"VAE": "-1.0 nats"}, limits=((-2.0, 2.0), (-1.0, 1.0)))
    assert figure.axes[0].get_xlabel() == "-1.0 nats"
    assert figure.axes[0].get_xlim() == (-2.0, 2.0)


def test_likelihoods_are_ranges_beside_the_best():
    ax = generative.likelihoods({"VAE": (-2.0, -1.5), "flow": (-1.2, -1.2)}, best=-1.0, best_label="the data")
    assert ax.lines[0].get_xdata().tolist() == [-2.0, -1.5]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["VAE", "flow"]
    assert ax.lines[2].get_xdata()[0] == -1.0


def test_two_point_curves_have_a_unit():
    ax = generative.two_point([0, 1], {"data": [1.0, 0.5]}, unit="pixels")
    assert ax.get_xlabel() == "distance (pixels)"
    assert ax.lines[0].get_ydata().tolist() == [1.0, 0.5]


def test_designs_stand_beside_the_line_of_equality():
    ax = generative.on_target([1.0, 3.0], {"flow": [1.5, 2.5]}, quantity="hardness (HV)")
    assert ax.get_ylabel() == "reached hardness (HV)"
    assert ax.lines[0].get_xydata().tolist() == [[1.0, 1.0], [3.0, 3.0]]
    assert ax.lines[1].get_ydata().tolist() == [1.5, 2.5]
    assert ax.lines[1].get_xdata().tolist() == [1.0, 3.0]


def test_counts_below_zero_are_filled():
    rows = {"measured": np.ones((2, 3)), "drawn": np.array([[1.0, -1.0, 1.0]])}
    figure = generative.spectra([10.0, 20.0, 30.0], rows)
    first, second = figure.axes
    assert first.get_xlabel() == r"$2\theta$ (degrees)"
    assert len(first.lines) == 3  # and a bar of 100 counts
    assert second.collections[0].get_paths()[0].vertices[:, 1].min() == -1.0
    assert first.collections[0].get_paths()[0].vertices[:, 1].min() == 0.0
