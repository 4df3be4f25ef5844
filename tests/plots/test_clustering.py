"""What the figures of unit 5 draw: data, labels, ellipses."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mfml.plots import clustering, style


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


POINTS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_clusters_draw_the_points_of_each_label_and_the_centers():
    centers = np.array([[1.0, 2.0], [4.0, 5.0]])
    ax = clustering.clusters(POINTS, [0, 0, 1], centers, x_label="a", y_label="b", names=["soft", "hard"])
    first, second, crosses = (line.get_xydata().tolist() for line in ax.lines)
    assert (first, second) == (POINTS[:2].tolist(), POINTS[2:].tolist())
    assert crosses == centers.tolist()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["soft", "hard"]


def test_mixture_has_ellipses_of_one_and_two_standard_deviations():
    covariance = np.array([[[1.0, 0.0], [0.0, 9.0]]])
    ax = clustering.mixture(POINTS, [0.5, 0.1, 0.3], [[1.0, 2.0]], covariance, x_label="a", y_label="b")
    inner, outer = ax.patches
    assert (inner.width, inner.height, inner.angle % 180) == (6.0, 2.0, 90.0)  # the long axis is the second feature
    assert (outer.width, outer.height) == (12.0, 4.0)
    assert ax.collections[0].get_array().tolist() == [0.1, 0.3, 0.5]  # the doubtful ones on top


def test_criteria_ring_the_smallest_value():
    ax = clustering.criteria([1, 2, 3], {"BIC": [5.0, 3.0, 4.0]}, x_label="k", y_label="BIC (nats)")
    curve, ring = ax.lines
    assert curve.get_ydata().tolist() == [5.0, 3.0, 4.0]
    assert ring.get_xydata().tolist() == [[2.0, 3.0]]


def test_elbow_draws_both_measures():
    inertia, silhouette = clustering.elbow([2, 3], [9.0, 4.0], [0.2, 0.6]).axes
    assert inertia.lines[0].get_ydata().tolist() == [9.0, 4.0]
    assert silhouette.lines[0].get_ydata().tolist() == [0.2, 0.6]
    assert (inertia.get_ylabel(), silhouette.get_ylabel()) == ("inertia", "mean silhouette")


def test_histories_count_from_zero():
    ax = clustering.histories({"run": [3.0, 2.0]}, y_label="inertia")
    assert ax.lines[0].get_xydata().tolist() == [[0.0, 3.0], [1.0, 2.0]]


def test_score_histogram_counts_all_and_marks_the_limit():
    ax = clustering.score_histogram({"usual": [1.0, 2.0, 2.0], "odd": [50.0, 100.0]}, 10.0)
    assert sum(patch.get_height() for patch in ax.patches) == 5
    (limit,) = ax.lines
    assert (limit.get_xdata()[0], limit.get_color(), ax.get_xscale()) == (10.0, style.BLACK, "log")
