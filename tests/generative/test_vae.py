"""Variational autoencoders: losses equal NumPy, the linear one is probabilistic PCA, bounds are bounds."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, gammaln

from mfml.generative import decoders, vae, variational
from mfml.iteration import Status


@pytest.fixture
def x(key):
    a, b = jax.random.split(key)
    turn = jnp.linalg.qr(jax.random.normal(b, (5, 5)))[0]
    return 7 + jax.random.normal(a, (60, 5)) * jnp.array([3.0, 2.0, 0.5, 0.5, 0.5]) @ turn


def double(tree):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), tree)


def apply(layers, x):
    """Dense layers with GELU (in its tanh form) between them."""
    for layer in layers[:-1]:
        a = x @ layer.weight + layer.bias
        x = 0.5 * a * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))
    return x @ layers[-1].weight + layers[-1].bias


def log_likelihood(model, x, output):
    if isinstance(model.noise, decoders.Bernoulli):
        p = expit(output)
        return np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=-1)
    if isinstance(model.noise, decoders.Poisson):
        rate = model.x_scale * np.log1p(np.exp(output))
        return np.sum(x * np.log(rate) - rate - gammaln(x + 1), axis=-1)
    spread = model.x_scale * np.exp(model.noise.log_scale)
    mean = model.x_shift + model.x_scale * output
    return np.sum(-0.5 * ((x - mean) / spread) ** 2 - np.log(spread) - 0.5 * np.log(2 * np.pi), axis=-1)


def by_hand(model, x, epsilon, condition):
    """Reconstruction, KL and log-weights in NumPy, from the definitions."""
    model, x, epsilon = double(model), np.asarray(x, np.float64), np.asarray(epsilon, np.float64)
    read, given = (x - model.x_shift) / model.x_scale, None
    if condition is not None:
        given = (np.asarray(condition, np.float64) - model.condition_shift) / model.condition_scale
        read = np.concatenate([read, given], axis=1)
    mean, log_variance = np.split(apply(model.encoder, read), 2, axis=1)
    reconstructions, weights = [], []
    for one in epsilon:
        z = mean + np.exp(log_variance / 2) * one
        output = apply(model.decoder, z if given is None else np.concatenate([z, given], axis=1))
        reconstructions.append(log_likelihood(model, x, output))
        prior = np.sum(-0.5 * z**2 - 0.5 * np.log(2 * np.pi), axis=1)
        q = np.sum(-0.5 * one**2 - 0.5 * log_variance - 0.5 * np.log(2 * np.pi), axis=1)
        weights.append(reconstructions[-1] + prior - q)
    kl = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1)
    return np.mean(reconstructions, axis=0), kl, np.asarray(weights)


def made(kind, x, key, condition):
    values = {"gaussian": x, "bernoulli": (x > 7).astype(float), "poisson": jnp.round(jnp.abs(x))}[kind]
    model = vae.init_dense(values, key=key, n_components=2, hidden=(6,), kind=kind, condition=condition)
    if kind == "gaussian":
        model = model._replace(noise=decoders.Gaussian(jnp.array(-0.7)))
    return values, model


@pytest.mark.parametrize("kind", decoders.KINDS)
@pytest.mark.parametrize("conditioned", [False, True])
def test_losses_on_fixed_noise_equal_numpy(x, key, kind, conditioned):
    condition = 400 + 50 * jax.random.normal(key, (60, 2)) if conditioned else None
    values, model = made(kind, x, key, condition)
    epsilon = jax.random.normal(jax.random.fold_in(key, 5), (3, 60, 2))
    reconstruction, kl, weights = by_hand(model, values, epsilon, condition)
    found = vae.terms(model, values, epsilon, condition=condition)
    np.testing.assert_allclose(found.reconstruction, reconstruction, rtol=1e-5)
    np.testing.assert_allclose(found.kl, kl, rtol=1e-4, atol=1e-5)
    loss = vae.loss(model, values, epsilon, beta=4.0, condition=condition)
    np.testing.assert_allclose(loss, np.mean(4 * kl - reconstruction), rtol=1e-5)
    key = jax.random.key(8)
    epsilon = jax.random.normal(key, (3, 60, 2))
    reconstruction, kl, weights = by_hand(model, values, epsilon, condition)
    elbo = vae.elbo(model, values, key=key, n_samples=3, condition=condition)
    np.testing.assert_allclose(elbo, reconstruction - kl, rtol=1e-4)
    expected = np.log(np.mean(np.exp(weights - weights.max(axis=0)), axis=0)) + weights.max(axis=0)
    bound = vae.importance_bound(model, values, key=key, n_samples=3, condition=condition)
    np.testing.assert_allclose(bound, expected, rtol=1e-4)
    np.testing.assert_allclose(
        vae.score(model, values, key=key, n_samples=3, condition=condition), expected.mean(), rtol=1e-4
    )


def probabilistic_pca(x, k):
    """Weights, noise and mean log-likelihood of the best model, from the eigenvalues of the covariance."""
    x = np.asarray(x, np.float64)
    centered = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(centered.T @ centered / len(x))
    values, vectors = values[::-1], vectors[:, ::-1]
    variance = values[k:].mean()
    weights = vectors[:, :k] * np.sqrt(values[:k] - variance)
    covariance = weights @ weights.T + variance * np.eye(x.shape[1])
    mahalanobis = np.einsum("ij,jk,ik->i", centered, np.linalg.inv(covariance), centered)
    log_p = -0.5 * (mahalanobis + np.linalg.slogdet(covariance)[1] + x.shape[1] * np.log(2 * np.pi))
    return weights, variance, log_p


def as_network(x, key, weights, variance):
    """The linear model whose ELBO is exact: its q is the posterior of probabilistic PCA."""
    start = vae.init_dense(x, key=key, n_components=weights.shape[1], hidden=())
    scale = float(start.x_scale)
    of_unit, noise = weights / scale, variance / scale**2
    posterior = np.diag(of_unit.T @ of_unit) + noise  # diagonal, since the columns are orthogonal
    to_mean = of_unit / posterior
    encoder = np.concatenate([to_mean, np.zeros_like(to_mean)], axis=1)
    bias = np.concatenate([np.zeros(len(posterior)), np.log(noise / posterior)])
    layer = start.encoder[0]._replace(weight=jnp.asarray(encoder, float), bias=jnp.asarray(bias, float))
    back = start.decoder[0]._replace(weight=jnp.asarray(of_unit.T, float), bias=jnp.zeros(x.shape[1]))
    log_scale = jnp.asarray(0.5 * np.log(noise), float)
    return start._replace(encoder=(layer,), decoder=(back,), noise=decoders.Gaussian(log_scale))


def test_the_best_linear_model_has_the_likelihood_of_probabilistic_pca(x, key):
    weights, variance, log_p = probabilistic_pca(x, 2)
    model = as_network(x, key, weights, variance)
    corners = math.sqrt(2) * jnp.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])  # exact for parabolas
    epsilon = jnp.broadcast_to(corners[:, None], (4, 60, 2))
    found = vae.terms(model, x, epsilon)
    np.testing.assert_allclose(found.reconstruction - found.kl, log_p, rtol=1e-4)
    # every weight of an exact posterior is p(x): one draw is enough
    np.testing.assert_allclose(vae.importance_bound(model, x, key=key, n_samples=1), log_p, rtol=1e-4)
    worse = model._replace(decoder=jax.tree.map(lambda leaf: 1.1 * leaf, model.decoder))
    found = vae.terms(worse, x, epsilon)
    assert np.mean(found.reconstruction - found.kl) < log_p.mean() - 0.01


def test_training_finds_probabilistic_pca(x, key):
    _, _, log_p = probabilistic_pca(x, 2)
    start = vae.init_dense(x, key=key, n_components=2, hidden=())
    model = vae.fit(x, key=key, init=start, learning_rate=0.03, n_steps=1500)
    assert model.status == Status.FINISHED and model.history.shape == (1500,)
    more = vae.fit(x, key=key, init=model, learning_rate=1e-4, n_steps=3)  # goes on where the fit ended
    np.testing.assert_allclose(more.history[0], -log_p.mean(), atol=0.5)
    elbo = float(vae.elbo(model, x, key=key, n_samples=500).mean())
    assert log_p.mean() - 0.1 < elbo < log_p.mean() + 0.02


def test_the_importance_bound_rises_from_the_elbo_to_the_likelihood(key):
    """With one latent coordinate the likelihood is an integral by quadrature."""
    x = jax.random.bernoulli(key, 0.4, (30, 6)).astype(float)
    model = vae.init_dense(x, key=key, n_components=1, hidden=(5,), kind="bernoulli")
    model = model._replace(decoder=jax.tree.map(lambda leaf: 2 * leaf, model.decoder))
    z = jnp.linspace(-9.0, 9.0, 2001)[:, None]
    output = double(apply(double(model.decoder), np.asarray(z, np.float64)))
    p = expit(output)
    assert p.min() > 0 and p.max() < 1
    joint = np.asarray(x) @ np.log(p).T + (1 - np.asarray(x)) @ np.log(1 - p).T - 0.5 * np.asarray(z[:, 0]) ** 2
    exact = np.log(np.exp(joint).sum(axis=1) * 0.009 / np.sqrt(2 * np.pi)).mean()
    estimates = [
        float(np.mean([vae.score(model, x, key=one, n_samples=k) for one in jax.random.split(key, 300 // k + 1)]))
        for k in (1, 8, 300)
    ]
    elbo = float(vae.elbo(model, x, key=key, n_samples=300).mean())
    assert abs(estimates[0] - elbo) < 0.05  # one weight is the ELBO on average
    assert elbo < estimates[1] - 0.01 < estimates[2] < exact + 0.02
    np.testing.assert_allclose(estimates[2], exact, atol=0.02)


def test_the_bound_of_the_same_weights_is_above_their_mean(key):
    log_weights = 50 * jax.random.normal(key, (7, 20))
    assert (variational.importance_bound(log_weights) >= log_weights.mean(axis=0)).all()
    np.testing.assert_allclose(variational.importance_bound(jnp.full((5, 2), -1e4)), -1e4)


def test_kl_is_a_sum_over_coordinates_and_keeps_small_digits():
    mean, log_variance = jnp.array([[1e-3, 0.0, 2.0]]), jnp.array([[0.0, 1e-2, 1.0]])
    expected = 0.5 * (1e-6 + (math.expm1(1e-2) - 1e-2) + 4 + math.e - 2)
    np.testing.assert_allclose(variational.kl_to_prior(mean, log_variance), expected, rtol=1e-6)
    np.testing.assert_allclose(variational.kl_to_prior(mean[:, :1], log_variance[:, :1]), 5e-7, rtol=1e-4)


def test_beta_trades_reconstruction_for_divergence(x, key):
    start = vae.init_dense(x, key=key, n_components=2, hidden=(16,))
    epsilon = jax.random.normal(key, (20, 60, 2))
    little, much = (
        vae.terms(vae.fit(x, key=key, init=start, beta=beta, learning_rate=0.01, n_steps=500), x, epsilon)
        for beta in (0.3, 5.0)
    )
    assert much.kl.mean() < little.kl.mean() - 0.5
    assert much.reconstruction.mean() < little.reconstruction.mean() - 0.5


def test_samples_follow_the_data(x, key):
    start = vae.init_dense(x, key=key, n_components=3, hidden=())
    model = vae.fit(x, key=key, init=start, learning_rate=0.03, n_steps=800)
    drawn = vae.sample(model, key=key, n_samples=20_000)
    np.testing.assert_allclose(drawn.mean(axis=0), x.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(x.T), atol=0.5)
    means = vae.decode(model, jax.random.normal(key, (20_000, 3)))
    assert np.trace(np.cov(means.T)) < np.trace(np.cov(drawn.T))  # noise left out
    again = vae.sample(model, key=key, n_samples=20_000)
    np.testing.assert_array_equal(drawn, again)


def test_images_are_learned_and_conditions_choose_among_them(key):
    up = jnp.zeros((8, 8, 1)).at[:4].set(1.0)
    label = jnp.arange(64) % 2
    noise = jax.random.bernoulli(key, 0.05, (64, 8, 8, 1))
    images = jnp.abs(jnp.where(label[:, None, None, None] == 0, up, 1 - up) - noise)
    condition = label[:, None].astype(float)
    start = vae.init_convolutional(images, key=key, n_components=2, channels=(4,), condition=condition)
    model = vae.fit(images, key=key, init=start, condition=condition, learning_rate=0.02, n_steps=200)
    assert model.history[-1] < 0.6 * model.history[0]
    for value, expected in ((0.0, up), (1.0, 1 - up)):
        drawn = vae.sample(model, key=key, n_samples=10, condition=jnp.array([[value]]))
        assert drawn.shape == (10, 8, 8, 1) and set(np.unique(drawn)) <= {0.0, 1.0}
        assert np.mean(drawn == expected) > 0.85
    assert vae.reconstruct(model, images, condition=condition).shape == images.shape


@pytest.mark.parametrize(("shift", "unit"), [(0.0, 1e-18), (0.0, 1e18), (65536.0, 1.0)])
def test_models_know_no_unit_and_no_origin(key, shift, unit):
    half = jnp.round(64 * jax.random.normal(key, (20, 3))) / 64
    x = jnp.concatenate([half, -half])
    epsilon = jax.random.normal(key, (2, 40, 2))
    plain, far = (vae.init_dense(data, key=key, n_components=2) for data in (x, x * unit + shift))
    expected, found = vae.terms(plain, x, epsilon), vae.terms(far, x * unit + shift, epsilon)
    np.testing.assert_allclose(found.kl, expected.kl, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.reconstruction + 3 * np.log(unit), expected.reconstruction, rtol=1e-3, atol=1e-3)


def test_counts_cannot_be_negative_however_large_the_output():
    output = jnp.array([[-1e4, -50.0, 0.0, 50.0, 1e4]])
    noise, shift, scale = decoders.Poisson(), jnp.zeros(5), jnp.array(30.0)
    rate = decoders.mean(output, noise, shift, scale)
    assert (rate >= 0).all() and np.isfinite(rate).all()
    log_p = [decoders.log_prob(jnp.full((1, 1), 2.0), output[:, i : i + 1], noise, shift[:1], scale) for i in range(5)]
    assert np.isfinite(log_p).all()
    np.testing.assert_allclose(log_p[2], 2 * np.log(30 * np.log(2)) - 30 * np.log(2) - np.log(2), rtol=1e-5)
    gradient = jax.grad(lambda o: decoders.log_prob(jnp.full((1, 5), 2.0), o, noise, shift, scale).sum())(output)
    assert np.isfinite(gradient).all()
    drawn = decoders.sample(jnp.tile(output, (1000, 1)), noise, shift, scale, key=jax.random.key(0))
    assert (drawn >= 0).all()
    np.testing.assert_allclose(drawn.mean(axis=0), rate[0], rtol=0.05, atol=1e-9)
    huge = decoders.sample(jnp.full((1000, 1), 1e9), noise, shift[:1], scale, key=jax.random.key(0))
    np.testing.assert_allclose(huge.mean(), 3e10, rtol=1e-5)


def test_values_that_cannot_have_the_noise_are_refused(x, key):
    for kind, wrong in (("bernoulli", "x must be between 0 and 1"), ("poisson", "x must not be negative")):
        model = vae.init_dense(jnp.ones((4, 5)), key=key, n_components=2, kind=kind)
        bad = jnp.full((4, 5), -1.0)
        with pytest.raises(ValueError, match=wrong):
            vae.init_dense(bad, key=key, n_components=2, kind=kind)
        for call in (
            lambda model=model, bad=bad: vae.elbo(model, bad, key=key),
            lambda model=model, bad=bad: vae.fit(bad, key=key, init=model, n_steps=1),
            lambda model=model, bad=bad: vae.importance_bound(model, bad, key=key),
        ):
            with pytest.raises(ValueError, match=wrong):
                call()
        assert np.isnan(jax.jit(lambda bad, model=model: vae.elbo(model, bad, key=key))(bad)).all()


def test_bad_shapes_are_refused(x, key, unchecked):
    model = vae.init_dense(x, key=key, n_components=2)
    with pytest.raises(ValueError, match=r"x must have shape \('n', 5\), as in the fit; found \(4, 3\)"):
        vae.elbo(model, jnp.ones((4, 3)), key=key)
    with pytest.raises(ValueError, match="z must have 2 columns"):
        vae.decode(model, jnp.ones((4, 3)))
    with pytest.raises(ValueError, match="n_samples must be positive"):
        vae.importance_bound(model, x, key=key, n_samples=0)
    with pytest.raises(ValueError, match="condition must be None"):
        vae.elbo(model, x, key=key, condition=jnp.ones((60, 1)))
    with pytest.raises(ValueError, match="kind must be one of"):
        vae.init_dense(x, key=key, n_components=2, kind="normal")
    with pytest.raises(ValueError, match="noise must have a shape that ends in"):
        vae.loss(model, x, jnp.zeros((1, 60, 3)))
    with pytest.raises(ValueError, match="x must hold at least one sample"):
        vae.init_dense(jnp.zeros((0, 5)), key=key, n_components=2)
    with pytest.raises(ValueError, match="n_components must be positive"):
        vae.init_dense(x, key=key, n_components=0)
    assert vae.elbo(model, x[:0], key=key).shape == (0,)
