"""Programs share a context, some hundred at a time, and no thread uses that of another."""

import threading

import jax
import jax.numpy as jnp
import pytest
from jax._src.interpreters import mlir

from tests.contexts import SHARED_BY, share

pytestmark = pytest.mark.reaches("tests/contexts.py")


def test_some_hundred_programs_share_a_context():
    context = share(object)
    made = [context() for _ in range(2 * SHARED_BY + 1)]
    assert len(set(map(id, made))) == 3
    assert made[0] is made[SHARED_BY - 1] and made[SHARED_BY] is not made[0]


def test_each_thread_has_its_own():
    context, found = share(object), []
    threads = [threading.Thread(target=lambda: found.append(context())) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    assert found[0] is not found[1]


def test_the_compiler_uses_it():
    def unchanged(number):
        before = mlir.make_ir_context()
        jax.jit(lambda x: jnp.cos(x) + number)(jnp.ones(3))
        return mlir.make_ir_context() is before

    assert unchanged(4321.0) or unchanged(4322.0)  # the next hundreds may have begun in between, but not twice
