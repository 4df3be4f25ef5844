"""Unit 14's attributions and sensitivities against captum, lime and SALib, on the same models."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.explain import integrated_gradients, lime, saliency, screening, sensitivity

torch = pytest.importorskip("torch")
attr = pytest.importorskip("captum.attr")
lime_tabular = pytest.importorskip("lime.lime_tabular")
morris_sample = pytest.importorskip("SALib.sample.morris")
sobol_sample = pytest.importorskip("SALib.sample.sobol")
salib_morris = pytest.importorskip("SALib.analyze.morris")
salib_sobol = pytest.importorskip("SALib.analyze.sobol")

pytestmark = pytest.mark.filterwarnings("ignore")
RNG = np.random.default_rng(0)
D = 5
FIRST, SECOND = RNG.normal(size=(D, 16)).astype(np.float32), RNG.normal(size=(16, 2)).astype(np.float32)
X = RNG.normal(size=(4, D)).astype(np.float32)
KEY = jax.random.key(0)
PROBLEM = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
LOW, HIGH = -np.pi * np.ones(3), np.pi * np.ones(3)


def ours(rows):
    return jnp.tanh(jax.nn.relu(rows @ FIRST + 0.2) @ SECOND / 4)


def theirs(rows):
    return torch.tanh(torch.relu(rows @ torch.tensor(FIRST) + 0.2) @ torch.tensor(SECOND) / 4)


def ishigami(rows, of=jnp):
    return of.sin(rows[:, 0]) + 7 * of.sin(rows[:, 1]) ** 2 + 0.1 * rows[:, 2] ** 4 * of.sin(rows[:, 0])


def test_integrated_gradients():
    """With 20000 nodes of the trapezoidal rule, for a baseline that is not 0."""
    baseline = np.full((1, D), 0.5, np.float32)
    found = integrated_gradients.fit(ours, X, baseline)
    assert found.converged.all()
    for k in range(2):
        needed = attr.IntegratedGradients(theirs).attribute(
            torch.tensor(X), torch.tensor(baseline), target=k, n_steps=20_000, method="riemann_trapezoid"
        )
        np.testing.assert_allclose(found.phi[..., k], needed, atol=3e-4)


def test_saliency():
    inputs = torch.tensor(X)
    for k in range(2):
        needed = attr.Saliency(theirs).attribute(inputs, target=k, abs=False)
        np.testing.assert_allclose(saliency.gradient(ours, X)[..., k], needed, atol=1e-5)
        needed = attr.InputXGradient(theirs).attribute(inputs, target=k)
        np.testing.assert_allclose(saliency.gradient_input(ours, X)[..., k], needed.detach(), atol=1e-5)
        tunnel = attr.NoiseTunnel(attr.Saliency(theirs))
        needed = tunnel.attribute(inputs, target=k, abs=False, nt_samples=4000, stdevs=0.3)
        found = saliency.smooth(ours, X, key=KEY, noise=0.3, n_samples=4000)[..., k]
        np.testing.assert_allclose(found, needed.detach(), atol=0.03)


def test_grad_cam():
    images = RNG.normal(size=(3, 1, 6, 6)).astype(np.float32)
    torch.manual_seed(0)
    layer, head = torch.nn.Conv2d(1, 4, 3), torch.nn.Linear(4, 2)
    model = torch.nn.Sequential(layer, torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), head)
    maps = layer(torch.tensor(images)).detach().numpy().transpose(0, 2, 3, 1)
    weight, bias = head.weight.detach().numpy(), head.bias.detach().numpy()

    def after(a):
        return jax.nn.relu(a).mean(axis=(1, 2)) @ weight.T + bias

    for k in range(2):
        needed = attr.LayerGradCam(model, layer).attribute(torch.tensor(images), target=k, relu_attributions=True)
        np.testing.assert_allclose(saliency.grad_cam(after, maps)[..., k], needed.detach()[:, 0], atol=1e-5)


def test_lime():
    """Other neighbors, so that coefficients agree up to chance."""
    data = (np.array([1.0, 2.0, 0.5, 1.0, 3.0]) * RNG.normal(size=(500, D))).astype(np.float32)
    explainer = lime_tabular.LimeTabularExplainer(
        data, mode="regression", discretize_continuous=False, sample_around_instance=True, random_state=0
    )
    scale = data.std(axis=0)
    found = lime.fit(lambda rows: ours(rows)[:, 0], X[:1], scale, key=KEY, n_samples=20_000)
    told = explainer.explain_instance(
        X[0], lambda rows: np.asarray(ours(rows.astype(np.float32)))[:, 0], num_samples=20_000, num_features=D
    )
    needed = np.zeros(D)
    for feature, weight in told.local_exp[1]:
        needed[feature] = weight
    np.testing.assert_allclose(found.coef[0], needed, atol=0.03 * np.abs(needed).max())
    np.testing.assert_allclose(found.score[0], told.score, atol=0.02)
    np.testing.assert_allclose(found.intercept[0], told.local_pred[0], atol=0.02)  # at the sample


def test_sobol_indices():
    """SALib's estimators on the outputs that SALib's points have, and its indices of second order."""
    n = 2048
    points = sobol_sample.sample(PROBLEM, n, calc_second_order=True, seed=0)
    y = ishigami(points, np)
    peer = salib_sobol.analyze(PROBLEM, y, calc_second_order=True, seed=0)
    table = y.reshape(n, 8)
    found = sensitivity.estimate(table[:, 0], table[:, 7], table[:, 1:4])
    np.testing.assert_allclose(found.first, peer["S1"], atol=1e-5)
    np.testing.assert_allclose(found.total, peer["ST"], atol=1e-5)
    own = sensitivity.fit(ishigami, LOW, HIGH, key=KEY, n_samples=n)
    for ours_, theirs_, half in (
        (own.first_interval, peer["S1"], peer["S1_conf"]),
        (own.total_interval, peer["ST"], peer["ST_conf"]),
    ):
        np.testing.assert_allclose(ours_.mean(axis=0), theirs_, atol=0.02)
        np.testing.assert_allclose(np.diff(ours_, axis=0)[0] / 2, half, rtol=0.4)
    pairs = sensitivity.pairs(ishigami, LOW, HIGH, key=KEY, n_samples=n)
    upper = np.triu_indices(3, 1)
    np.testing.assert_allclose(pairs.second[upper], peer["S2"][upper], atol=0.02)


def test_morris():
    """Means over many trajectories of a smooth function."""
    points = morris_sample.sample(PROBLEM, 3000, num_levels=4, seed=0)
    peer = salib_morris.analyze(PROBLEM, points, ishigami(points, np), num_levels=4, scaled=False, seed=0)
    found = screening.morris(ishigami, LOW, HIGH, key=KEY, n_trajectories=3000)
    error = 4 * 2**0.5 * np.asarray(peer["sigma"]) / 3000**0.5 + 1e-3
    assert (np.abs(found.mu - np.asarray(peer["mu"])) < error).all()
    assert (np.abs(found.mu_star - np.asarray(peer["mu_star"])) < error).all()
    np.testing.assert_allclose(found.sigma, np.asarray(peer["sigma"]), rtol=0.05)
