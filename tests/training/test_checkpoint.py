"""Saving and loading: same bits, no code, whole files, clear errors."""

import os
import zipfile
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml import files
from mfml.training import checkpoint


class Node(NamedTuple):
    value: object
    nothing: object


def tree(seed=0):
    key = jax.random.key(seed)
    draws = jax.random.normal(key, (2, 3))
    return {
        "floats": draws,
        "half": draws.astype(jnp.bfloat16),
        "tiny": draws.astype(jnp.float8_e4m3fn),
        "node": Node(jnp.arange(seed, seed + 4), None),
        "keys": jax.random.split(key, 2),
        "other": jax.random.key(seed, impl="rbg"),
        "flag": jnp.array(seed == 0),
        "empty": jnp.zeros((0, 2)),
    }


def plain(leaf):
    key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if key else leaf)


def test_round_trip_to_the_bit(tmp_path):
    checkpoint.save(tmp_path / "a" / "tree.npz", tree(0))
    found = checkpoint.load(tmp_path / "a" / "tree.npz", tree(7))
    assert jax.tree.structure(found) == jax.tree.structure(tree(0))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(tree(0)), strict=True):
        assert a.dtype == b.dtype
        assert plain(a).tobytes() == plain(b).tobytes()


def test_infinities_and_payloads_survive(tmp_path):
    odd = np.array([np.inf, -0.0, np.nan, 1e-45], np.float32)
    checkpoint.save(tmp_path / "x.npz", odd)
    assert np.asarray(checkpoint.load(tmp_path / "x.npz", odd)).tobytes() == odd.tobytes()


def test_holds_arrays_and_json_only(tmp_path):
    checkpoint.save(tmp_path / "x.npz", tree())
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        names = archive.namelist()
        assert {name.rsplit(".")[-1] for name in names} == {"npy", "json"}
        for name in names:
            assert not archive.read(name).startswith(b"\x80"), "no pickle"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t | {"floats": jnp.zeros((3, 2))}, r"does not fit: it has \['floats'\].*\[2, 3\].*\[3, 2\]"),
        (lambda t: t | {"floats": jnp.zeros((2, 3), int)}, "float32.*int32"),
        (lambda t: t | {"other": jax.random.key(0)}, "rbg.*fry"),
        (lambda t: t | {"another": jnp.zeros(1)}, "has 8 arrays, but 9 are needed"),
        (lambda t: {"f" + name: leaf for name, leaf in t.items()}, r"\['empty'\].*\['fempty'\]"),
    ],
)
def test_another_structure_is_refused(tmp_path, change, message):
    checkpoint.save(tmp_path / "x.npz", tree())
    with pytest.raises(ValueError, match=message):
        checkpoint.load(tmp_path / "x.npz", change(tree()))


def test_damaged_files(tmp_path):
    file = tmp_path / "x.npz"
    checkpoint.save(file, tree())
    whole = file.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2], whole.replace(b"structure", b"strukture")):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"x\.npz is damaged or no checkpoint"):
            checkpoint.load(file, tree())
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "y.npz", tree())


def test_a_pickle_is_not_run(tmp_path):
    file = tmp_path / "x.npz"
    np.savez(file, **{"0": np.array([print], dtype=object)})
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("structure.json", '{"leaves": [{"path": "", "dtype": "object", "shape": [1], "key": null}]}')
    with pytest.raises(ValueError, match=r"damaged or no checkpoint.*pickle"):
        checkpoint.load(file, jnp.zeros(1))


def test_a_crash_leaves_the_older_file(tmp_path, monkeypatch):
    file = tmp_path / "x.npz"
    checkpoint.save(file, jnp.zeros(3))

    def crash(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", crash)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(file, jnp.ones(3))
    assert checkpoint.load(file, jnp.ones(3)).tolist() == [0.0, 0.0, 0.0]
    assert os.listdir(tmp_path) == ["x.npz"]
