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


def test_python_numbers_and_text_read_back_as_what_they_were(tmp_path):
    odd = {"text": "µ \x00 \ud800", "empty": "", "int": 10**40, "float": 0.1, "zero": -0.0, "flag": True, "none": None}
    checkpoint.save(tmp_path / "x.npz", odd)
    found = checkpoint.load(tmp_path / "x.npz", jax.tree.map(lambda leaf: type(leaf)(1), odd))
    assert {name: (type(leaf), repr(leaf)) for name, leaf in found.items()} == {
        name: (type(leaf), repr(leaf)) for name, leaf in odd.items()
    }
    with pytest.raises(ValueError, match=r"\['flag'\] \{'python': 'bool'\}, but \['flag'\] \{'python': 'int'\}"):
        checkpoint.load(tmp_path / "x.npz", odd | {"flag": 1})
    checkpoint.save(tmp_path / "x.npz", {})
    assert checkpoint.load(tmp_path / "x.npz", {}) == {}


KEPT = (np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.float16, np.float32, np.complex64, bool)


@pytest.mark.parametrize("dtype", [*KEPT, jnp.bfloat16, jnp.int4])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_every_kept_dtype_round_trips(tmp_path, dtype, shape):
    values = np.array(np.arange(np.prod(shape)).reshape(shape), dtype, order="F")
    checkpoint.save(tmp_path / "x.npz", {"numpy": values, "jax": jnp.asarray(values)})
    like = {"numpy": jnp.ones(shape, dtype), "jax": np.ones(shape, dtype)}
    for found in checkpoint.load(tmp_path / "x.npz", like).values():
        assert (found.dtype, found.shape) == (values.dtype, shape)
        assert np.asarray(found).tobytes() == np.ascontiguousarray(values).tobytes()


DOUBLES = (np.ones(2), np.arange(2), np.float64(1.0), np.ones(2, complex), np.ones(2, np.uint64))


ODD = (np.array(["a"]), np.array([None]), np.zeros(2, "M8[s]"), np.zeros(2, [("a", np.float32)]), np.zeros(2, ">f4"))
MASKED = np.ma.masked_array([np.float32(1.0)], [True])


@pytest.mark.parametrize("leaf", [*DOUBLES, *ODD, MASKED, b"bytes", 1j, print])
def test_what_would_change_is_refused_before_anything_is_written(tmp_path, leaf):
    with pytest.raises(ValueError, match=r"^\['odd'\] (has the dtype|must be)"):
        checkpoint.save(tmp_path / "new" / "x.npz", {"even": jnp.zeros(2), "odd": leaf})
    assert os.listdir(tmp_path) == []


def test_double_precision_is_kept_where_jax_keeps_it_and_refused_elsewhere(tmp_path):
    with jax.enable_x64(True):
        for leaf in DOUBLES:
            checkpoint.save(tmp_path / "x.npz", leaf)
            found = checkpoint.load(tmp_path / "x.npz", leaf)
            assert (found.dtype, np.asarray(found).tobytes()) == (leaf.dtype, leaf.tobytes())
    with pytest.raises(ValueError, match=r"uint64.*jax_enable_x64"):
        checkpoint.load(tmp_path / "x.npz", DOUBLES[-1])
    with pytest.raises(ValueError, match=r"does not fit.*uint64.*uint32"):
        checkpoint.load(tmp_path / "x.npz", jnp.ones(2, np.uint32))


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
        (lambda t: t | {"another": jnp.zeros(1)}, "has 8 leaves, but 9 are needed"),
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


def test_every_flipped_bit_and_every_cut_is_found(tmp_path):
    file, like = tmp_path / "x.npz", {"w": np.zeros((3, 2), np.float32), "name": "a"}
    checkpoint.save(file, like)
    whole = file.read_bytes()
    damaged = [whole[:place] for place in range(len(whole))] + [whole + b"\0"]
    for place, byte in enumerate(whole):
        damaged.append(whole[:place] + bytes([byte ^ 1 << place % 8]) + whole[place + 1 :])
    for content in damaged:
        file.write_bytes(content)
        with pytest.raises(ValueError, match="damaged"):
            checkpoint.load(file, like)


def test_a_file_of_the_first_release_is_read(tmp_path):
    file = tmp_path / "x.npz"
    np.savez(file, **{"0": np.array([1.5], np.float32)})
    leaf = '{"path": "", "dtype": "float32", "shape": [1], "key": null}'
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("structure.json", '{"version": 1, "leaves": [' + leaf + "]}")
    assert checkpoint.load(file, jnp.zeros(1)).tolist() == [1.5]


def test_a_file_of_a_later_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", 9)
    checkpoint.save(tmp_path / "x.npz", jnp.zeros(1))
    monkeypatch.undo()
    with pytest.raises(ValueError, match="a later version of mfml"):
        checkpoint.load(tmp_path / "x.npz", jnp.zeros(1))


def test_numpy_reads_the_arrays(tmp_path):
    checkpoint.save(tmp_path / "x.npz", jnp.array([1.0, 2.0]))
    assert np.load(tmp_path / "x.npz")["0"].tolist() == [1.0, 2.0]


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
