"""Noise schedules: published values, closed forms, and what strides do."""

import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generative import schedules

LINEAR, COSINE = schedules.linear(n_steps=1000), schedules.cosine(n_steps=1000)


def test_linear_schedule_has_its_published_values():
    np.testing.assert_allclose(LINEAR.signal[jnp.array([0, 499, 999])], [0.9999, 0.0785872429, 4.0358298e-5], rtol=3e-7)
    np.testing.assert_allclose(LINEAR.beta[jnp.array([0, 999])], [1e-4, 0.02], rtol=1e-6)


def test_posterior_variance_is_zero_at_first():
    variance = schedules.posterior_variance(LINEAR)
    assert variance[0] == 0
    np.testing.assert_allclose(variance[1], 5.45319e-5, rtol=1e-6)


def test_cosine_schedule_has_its_published_values_and_clips_the_last_step_only():
    found = COSINE.beta[jnp.array([0, 499, 998, 999])]
    np.testing.assert_allclose(found, [4.12842e-5, 3.145886e-3, 0.75, 0.999], rtol=1e-5)
    assert int((COSINE.beta >= np.float32(0.999)).sum()) == 1
    np.testing.assert_allclose(COSINE.signal[jnp.array([499, 998])], [0.49384359, 2.42877e-6], rtol=1e-5)


def test_signal_is_the_product_of_what_the_steps_keep():
    for schedule in (LINEAR, COSINE):
        kept = np.cumprod(1 - np.asarray(schedule.beta, float))
        np.testing.assert_allclose(schedule.signal, kept, rtol=1e-3)  # the steps are rounded
        np.testing.assert_allclose(schedule.noise, 1 - kept, rtol=1e-3)
        signal, noise = schedules.before(schedule)
        assert (signal[0], noise[0]) == (1, 0)
        np.testing.assert_array_equal(signal[1:], schedule.signal[:-1])


def test_strides_keep_the_signal_and_not_the_steps():
    times = jnp.array([0, 499, 999])
    short = schedules.strided(LINEAR, times)
    np.testing.assert_array_equal(short.signal, LINEAR.signal[times])
    np.testing.assert_allclose(np.cumprod(1 - np.asarray(short.beta)), short.signal, rtol=1e-4)
    assert short.beta[1] > 50 * LINEAR.beta[499]


def test_log_snr_is_the_logit_of_the_signal():
    signal = np.asarray(COSINE.signal, float)
    np.testing.assert_allclose(schedules.log_snr(COSINE), np.log(signal / (1 - signal)), rtol=1e-4, atol=1e-4)


def test_errors():
    with pytest.raises(ValueError, match="n_steps must be positive"):
        schedules.linear(n_steps=0)
    with pytest.raises(ValueError, match=r"low = 0.3, high = 0.2"):
        schedules.linear(n_steps=3, low=0.3, high=0.2)
    with pytest.raises(ValueError, match=r"largest must be between 0 and 1; found 1.0"):
        schedules.cosine(n_steps=3, largest=1.0)
    with pytest.raises(ValueError, match="offset must be non-negative and finite"):
        schedules.cosine(n_steps=3, offset=-0.1)
