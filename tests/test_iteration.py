"""The helper that runs all iterations: how it ends, what it keeps, what it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml import iteration
from mfml.iteration import Status


def newton(x, _):
    """Newton's step to the square root of 2."""
    return (x + 2 / x) / 2


def error(x):
    return jnp.abs(x * x - 2)


def descend(start, **options):
    options = {"max_iter": 10, "objective": error, "converged": lambda x: error(x) < 1e-5, **options}
    return iteration.run(newton, jnp.asarray(start, float), **options)


def test_stops_where_it_has_converged_and_pads_the_history():
    x, report = descend(3.0)
    assert abs(x - np.sqrt(2)) < 1e-5
    n = int(report.n_iter)
    assert report.history.shape == (11,)
    assert report.history[0] == 7.0
    assert np.isfinite(report.history[: n + 1]).all() and np.isnan(report.history[n + 1 :]).all()
    assert report.converged and report.status == Status.CONVERGED
    assert (np.asarray(report.history[:n]) >= 1e-5).all()


def test_a_start_that_has_converged_takes_no_step():
    x, report = descend(np.sqrt(2))
    assert report.n_iter == 0 and report.converged and x == np.float32(np.sqrt(2))


def test_too_few_steps_are_told():
    _, report = descend(100.0, max_iter=2)
    assert report.n_iter == 2 and not report.converged and report.status == Status.MAX_ITER
    assert "Raise max_iter" in iteration.explain(report)


def test_converging_in_the_last_step_counts():
    needed = int(descend(3.0)[1].n_iter)
    assert descend(3.0, max_iter=needed)[1].converged


@pytest.mark.parametrize("start", [0.0, np.nan])
def test_a_broken_objective_ends_it(start):
    _, report = descend(start)
    assert report.status == Status.NON_FINITE and not report.converged
    assert report.n_iter == (0 if np.isnan(start) else 1)
    assert "NaN or infinite" in iteration.explain(report)


def test_an_infinite_start_may_recover():
    _, report = iteration.run(
        lambda x, _: jnp.zeros(()), jnp.inf, max_iter=3, objective=lambda x: x, converged=lambda x: x == 0
    )
    assert report.converged and report.n_iter == 1


def test_nothing_has_converged_at_infinity():
    _, report = iteration.run(
        lambda x, _: x, jnp.inf, max_iter=3, objective=lambda x: x, converged=lambda x: x == jnp.inf
    )
    assert report.status == Status.NON_FINITE and not report.converged


def test_convergence_comes_before_failure_and_failures_in_their_order():
    failed = {Status.STALLED: lambda x: x > 1, Status.UNBOUNDED: lambda x: x > 0}
    assert descend(3.0, failed=failed)[1].status == Status.STALLED
    assert descend(0.5, failed=failed)[1].status == Status.UNBOUNDED
    assert descend(np.sqrt(2), failed=failed)[1].status == Status.CONVERGED


def test_under_jit_and_vmap():
    starts = jnp.array([3.0, 100.0, np.nan])
    together = jax.jit(jax.vmap(lambda x: descend(x, max_iter=5)[0]))(starts)
    for start, found in zip(starts, together, strict=True):
        np.testing.assert_allclose(found, descend(start, max_iter=5)[0], rtol=1e-6)
    _, reports = jax.vmap(lambda x: descend(x, max_iter=5))(starts)
    assert reports.status.tolist() == [Status.CONVERGED, Status.MAX_ITER, Status.NON_FINITE]
    assert iteration.explain(reports).startswith("1 of 3: converged after")


def test_a_fixed_number_of_steps_tells_when_it_broke():
    report = iteration.finished(jnp.array([jnp.inf, 2.0, jnp.nan, jnp.nan]))
    assert report.n_iter == 3 and report.status == Status.NON_FINITE
    assert "NaN or infinite after 2 steps" in iteration.explain(report)
    both = jax.vmap(iteration.finished)(jnp.array([[jnp.nan, jnp.nan], [2.0, 1.0]]))
    assert "1 of 2: the objective became NaN or infinite after 0 steps" in iteration.explain(both)


def test_steps_of_a_fixed_number_may_be_differentiated():
    def end(start):
        return iteration.run_steps(newton, start, n_steps=3, objective=error)[0]

    slope = jax.grad(end)(3.0).item()
    assert slope == pytest.approx((end(3.01) - end(2.99)).item() / 0.02, abs=1e-3)
    _, report = iteration.run_steps(newton, jnp.array(3.0), n_steps=0, objective=error)
    assert report.history.tolist() == [7.0] and report.n_iter == 0 and report.status == Status.FINISHED


def test_bad_input_is_told():
    with pytest.raises(ValueError, match="max_iter must be positive; found 0"):
        descend(3.0, max_iter=0)
    with pytest.raises(ValueError, match="n_steps must not be negative; found -1"):
        iteration.run_steps(newton, 3.0, n_steps=-1, objective=error)
    with pytest.raises(ValueError, match="not the result of an iteration"):
        iteration.explain(3)
    with pytest.raises(ValueError, match="outside of jit"):
        jax.jit(lambda x: iteration.explain(descend(x)[1]) and x)(3.0)


def test_every_status_has_its_words():
    assert set(iteration.MEANING) == set(Status)
    assert len(set(iteration.MEANING.values())) == len(Status)
