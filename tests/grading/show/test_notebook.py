"""One function in a notebook."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from mfml.grading.show.notebook import check

pytestmark = pytest.mark.xdist_group("grading")


def interrupts(where):
    """A function that waits in the call `where` until it is interrupted, as the user would do it."""
    calls = []

    def double(x):
        calls.append(len(calls))
        if calls[-1] == where:
            threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            time.sleep(30)
        if where:
            float(x[0])  # cannot be traced, so that the checks are called one by one
        return 2 * x

    return double, calls


@pytest.mark.parametrize("where", [0, 2, 4])
def test_one_interrupt_is_enough(course, answers, where):
    function, calls = interrupts(where)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        check("1.1", function, course=course)
    assert calls[-1] == where
    assert signal.getsignal(signal.SIGINT) is before


def test_a_function_that_raises_keyboard_interrupt_is_an_error(course, answers):
    def double(x):
        raise KeyboardInterrupt

    assert check("1.1", double, course=course).result.state == "error"


def test_an_object_that_fails_as_an_array_is_an_error_of_the_function(course, answers):
    class Pretender:
        __class__ = np.ndarray

        def __array__(self, *arguments, **options):
            raise RuntimeError("no array")

    found = check("1.1", lambda x: Pretender(), course=course)
    assert found.result.state == "error"
    assert "RuntimeError: no array" in found.result.message


def test_a_stub_of_another_name_is_not_attempted(course, answers):
    def mine(x):
        raise NotImplementedError

    def helper(x):
        return mine(x)

    assert check("1.1", mine, course=course).result.state == "not attempted"
    assert "calls `mine`" in check("1.1", helper, course=course).result.message
