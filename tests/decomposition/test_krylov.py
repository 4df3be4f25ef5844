import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml import iteration
from mfml.decomposition import krylov
from mfml.iteration import Status


def with_spectrum(key, values):
    q = jnp.linalg.qr(jax.random.normal(key, (len(values), len(values))))[0]
    return (q * values) @ q.T


SPECTRA = {
    "fast decay": 0.5 ** jnp.arange(60.0),
    "slow decay": 1 / (1 + jnp.arange(60.0)),
    "both signs": jnp.concatenate([jnp.array([2.0, 1.9]), jnp.linspace(1, -3, 58)]),
    "repeated": jnp.concatenate([jnp.ones(3), 0.5 * jnp.ones(57)]),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_leading_pairs_are_those_of_the_whole_decomposition(key, name):
    a = with_spectrum(key, SPECTRA[name])
    found = krylov.top(a, key=key, n_components=3, n_oversamples=2, depth=3, tol=1e-5)
    assert bool(found.converged) and float(found.residual) <= 1e-5
    rounding = len(a) * float(jnp.finfo(a.dtype).eps * jnp.abs(SPECTRA[name]).max())  # n eps |a|, about 2e-5 at most
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(a)[::-1][:3], atol=rounding)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(a @ found.vectors, found.vectors * found.values, atol=5e-5)


def test_answer_does_not_depend_on_the_key(key):
    a = with_spectrum(key, SPECTRA["slow decay"])
    one, two = (krylov.top(a, key=k, n_components=2, n_oversamples=3, depth=3) for k in jax.random.split(key))
    np.testing.assert_allclose(one.vectors, two.vectors, atol=2e-4)


def test_small_matrices_are_decomposed_directly(key):
    found = krylov.top(jnp.diag(jnp.array([1.0, -7.0, 3.0])), key=key, n_components=3)
    np.testing.assert_allclose(found.values, [3, 1, -7], atol=1e-5)
    assert (int(found.n_iter), bool(found.converged)) == (1, True)
    a = with_spectrum(key, jnp.array([1.0, 0.7, 0.2]))
    found = krylov.top(a, key=key, n_components=3, tol=1e-20)
    assert (int(found.n_iter), int(found.status)) == (1, Status.STALLED)
    assert "double precision" in iteration.explain(found)


def test_zeros(key):
    found = krylov.top(jnp.zeros((30, 30)), key=key, n_components=1, n_oversamples=1, depth=2)
    assert float(found.values[0]) == 0 and bool(found.converged)


def test_running_out_of_restarts_is_said(key):
    a = with_spectrum(key, SPECTRA["slow decay"])
    found = krylov.top(a, key=key, n_components=3, n_oversamples=0, depth=2, max_iter=1)
    assert not bool(found.converged) and int(found.n_iter) == 1
    assert float(found.residual) > 1e-4
    assert found.status == Status.MAX_ITER


def test_history_ends_at_the_residual(key):
    found = krylov.top(with_spectrum(key, SPECTRA["slow decay"]), key=key, n_components=3, n_oversamples=0, depth=2)
    last = int(found.n_iter)
    assert last > 2
    assert found.history[0] == np.inf
    assert found.history[last] == found.residual < found.history[1]


def test_missing_entries_are_told(key):
    a = jnp.eye(60).at[3, 4].set(jnp.nan)
    assert krylov.top(a, key=key, n_components=2, n_oversamples=2, depth=3).status == Status.NON_FINITE


def test_double_precision(x64, key):
    a = with_spectrum(key, 1 / (1 + jnp.arange(60.0)))
    found = krylov.top(a, key=key, n_components=3, n_oversamples=3, depth=3)
    assert found.values.dtype == jnp.float64 and bool(found.converged)
    np.testing.assert_allclose(found.values, [1, 1 / 2, 1 / 3], rtol=1e-13)


def test_wrong_arguments_are_named(unchecked, key):
    with pytest.raises(ValueError, match="square"):
        krylov.top(jnp.ones((2, 3)), key=key, n_components=1)
    with pytest.raises(ValueError, match="n_components must be between 1 and 3; found 4"):
        krylov.top(jnp.eye(3), key=key, n_components=4)
    with pytest.raises(ValueError, match="n_oversamples"):
        krylov.top(jnp.eye(3), key=key, n_components=1, n_oversamples=-1)
    with pytest.raises(ValueError, match="depth"):
        krylov.top(jnp.eye(3), key=key, n_components=1, depth=1)
    with pytest.raises(ValueError, match="max_iter"):
        krylov.top(jnp.eye(3), key=key, n_components=1, max_iter=0)


def test_there_is_no_reverse_mode_and_the_docstring_says_so(key):
    assert "may not be differentiated in reverse mode" in " ".join(krylov.top.__doc__.split())
    with pytest.raises(ValueError, match=r"[Rr]everse-mode"):
        jax.grad(lambda a: krylov.top(a, key=key, n_components=1).values.sum())(jnp.eye(60))


@pytest.mark.parametrize("values", [[2.0] * 200, [5.0, 5.0, 5.0, 1.0] + [0.0] * 196])
def test_repeated_eigenvalues_give_orthonormal_vectors_and_no_ghosts(values):
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(200, 200)))[0]
    a = jnp.asarray((basis * values) @ basis.T, jnp.float32)
    found = krylov.top(a, key=jax.random.key(0), n_components=5, n_oversamples=2)
    assert found.converged
    np.testing.assert_allclose(found.values, values[:5], atol=1e-4)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(5), atol=1e-5)
