"""Flags for quick compilation: they are kept, never doubled, and never given to a jaxlib that may not know them."""

import os
import subprocess
import sys

import pytest

from mfml.xla import flags

OWN = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1 --xla_backend_optimization_level=1"


@pytest.fixture
def jaxlib(monkeypatch):
    def pretend(number):
        monkeypatch.setattr(flags, "version", lambda _: number)

    return pretend


@pytest.mark.parametrize("number", ["0.7.0", "0.10.2", "0.9.0.1"])
def test_known_versions_get_the_flags_beside_the_flags_that_are_there(jaxlib, number):
    jaxlib(number)
    assert flags.quick({}) == {"XLA_FLAGS": OWN}
    assert flags.quick({"XLA_FLAGS": "--a=1"}) == {"XLA_FLAGS": f"--a=1 {OWN}"}


@pytest.mark.parametrize("number", ["0.6.2", "0.11.0", "1.0.0"])
def test_other_versions_get_none(jaxlib, number):
    jaxlib(number)
    assert flags.quick({"XLA_FLAGS": "--a=1"}) == {}


def test_a_choice_made_before_stands(jaxlib):
    jaxlib("0.10.2")
    assert flags.quick({"XLA_FLAGS": OWN}) == {}


def test_a_process_gets_what_is_missing(jaxlib):
    jaxlib("0.10.2")
    first = OWN.split()[0]
    assert flags.quick({"XLA_FLAGS": first}) == {"XLA_FLAGS": OWN}


def test_the_installed_jaxlib_accepts_them():
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    environment |= flags.quick(environment)
    code = "import jax; print(jax.numpy.arange(4).sum())"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "6\n"), done.stderr
