"""The processes of the suite are kept small."""

import jax
import jax.numpy as jnp
import pytest

from tests import memory


@pytest.mark.skipif(not memory.STATM.exists(), reason="sizes are read from /proc")
def test_a_process_beyond_the_limit_is_too_large(monkeypatch):
    monkeypatch.setattr(memory, "LIMIT", 1e6)
    assert memory.too_large()
    monkeypatch.setattr(memory, "LIMIT", 1e15)
    assert not memory.too_large()


def test_where_sizes_cannot_be_read_every_hundredth_test_releases(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATM", tmp_path / "absent")
    assert sum(memory.too_large() for _ in range(300)) == 3


def test_release_forgets_compiled_programs():
    traces = []
    double = jax.jit(lambda x: (traces.append(x), 2 * x)[1])
    for _ in range(2):
        double(jnp.ones(3))
    memory.release()
    double(jnp.ones(3))
    assert len(traces) == 2
