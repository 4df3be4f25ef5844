"""The reader of safetensors: a file that the reference library wrote, and files that are wrong in one way each."""

import json

import numpy as np
import pytest

from mfml.attention import safetensors
from tests.attention.examples_text import FILES

GOLDEN = FILES / "tiny.safetensors"  # written by safetensors 0.8 from tensors of PyTorch


def write(path, header, data=b""):
    """Write a file with a header, given as text or as what JSON makes of it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(start, end, shape, dtype="U8"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_reads_what_the_reference_library_wrote():
    found = safetensors.read(GOLDEN)
    needed = {
        "half": np.float32([[1.0, -2.5], [65504.0, 2.0**-24]]),
        "brain": np.float32([1.0, -3.0, 255 * 2.0**120, np.inf]),
        "single": np.float32([0.1, -7.25]),
        "scalar": np.float64(3.0),
        "count": np.int64([-1, 2**40]),
        "flags": np.array([True, False, True]),
        "empty": np.zeros((0, 3), np.float32),
    }
    assert found.keys() == needed.keys()
    for name, array in needed.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        np.testing.assert_array_equal(found[name], array)


def test_the_order_is_that_of_the_file(tmp_path):
    path = write(
        tmp_path / "x", {"b": entry(1, 2, [1]), "a": entry(0, 1, [1]), "__metadata__": {"c": "d"}}, b"\x07\x09"
    )
    assert {name: array.tolist() for name, array in safetensors.read(path).items()} == {"a": [7], "b": [9]}
    assert list(safetensors.read(str(path))) == ["a", "b"]


@pytest.mark.parametrize(("kind", "dtype"), [(k, d) for k, d in safetensors.TYPES.items() if k not in ("BF16", "BOOL")])
def test_each_type_keeps_its_numbers(tmp_path, kind, dtype):
    values = np.array([0, 1, 3, 100], dtype).reshape(2, 2)
    found = safetensors.read(write(tmp_path / "x", {"w": entry(0, values.nbytes, [2, 2], kind)}, values.tobytes()))
    np.testing.assert_array_equal(found["w"], values)
    assert found["w"].dtype == (np.float32 if kind == "F16" else np.dtype(dtype).newbyteorder("="))
    found["w"][0, 0] = 1  # the array is the caller's


def test_every_half_precision_number_is_kept(tmp_path):
    bits = np.arange(2**16, dtype=np.uint16)
    header = {"f": entry(0, 2**17, [2**16], "F16"), "b": entry(2**17, 2**18, [2**16], "BF16")}
    found = safetensors.read(write(tmp_path / "x", header, bits.tobytes() * 2))
    np.testing.assert_array_equal(found["f"], bits.view(np.float16).astype(np.float32))
    sign, exponent, fraction = bits >> 15, (bits >> 7) & 255, bits & 127
    finite = exponent < 255
    size = np.where(exponent > 0, (128 + fraction) * 2.0 ** (exponent - 134.0), fraction * 2.0**-133)
    np.testing.assert_array_equal(found["b"][finite], np.where(sign == 1, -size, size)[finite])
    np.testing.assert_array_equal(np.isnan(found["b"]), ~finite & (fraction > 0))


def test_a_file_without_tensors(tmp_path):
    assert safetensors.read(write(tmp_path / "x", {})) == {}
    assert safetensors.read(write(tmp_path / "x", b"{}   ")) == {}  # the header may be filled up with spaces


def test_every_cut_is_noticed(tmp_path):
    whole = GOLDEN.read_bytes()
    path = tmp_path / "cut.safetensors"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.safetensors"):
            safetensors.read(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(ValueError, match=r"take 51 bytes; found 52"):
        safetensors.read(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"[1, 2]", "header is no table"),
        (b"{", "header cannot be read"),
        (b"\xff\xfe", "header cannot be read"),
        (b"[" * 100_000, "header cannot be read"),
        (b'{"w": {"dtype": "U8", "shape": [1], "shape": [2], "data_offsets": [0, 2]}}', "a name occurs twice"),
        ({"w": 3}, "w needs dtype, shape and data_offsets; found 3"),
        ({"w": {"dtype": "U8", "shape": [2]}}, "w needs dtype"),
        ({"w": entry(0, 2, [1])}, r"w has 2 bytes, but U8 \[1\] needs 1"),
        ({"w": entry(0, 2, [-1, -2])}, r"w has the shape \[-1, -2\]"),
        ({"w": entry(0, 2, [2.0])}, r"w has the shape \[2\.0\]"),
        ({"w": entry(0, 2, [True, 2])}, r"w has the shape \[True, 2\]"),
        ({"w": entry(0, 2, 2)}, "w has the shape 2"),
        ({"w": {"dtype": "U8", "shape": [2], "data_offsets": [2]}}, r"data_offsets \[2\]"),
        ({"w": entry(2, 0, [2])}, "w has -2 bytes"),
        ({"w": entry(0, 2, [2], "F8_E4M3")}, "w must have one of the types F64, .*; found F8_E4M3"),
        ({"w": entry(0, 2, [2], ["U8"])}, r"found \['U8'\]"),
        ({"v": entry(0, 1, [1])}, "take 1 bytes; found 2"),
        ({"v": entry(0, 2, [2]), "w": entry(1, 2, [1])}, "w begins at byte 1, and not at 2"),
        ({"v": entry(1, 2, [1])}, "v begins at byte 1, and not at 0"),
    ],
)
def test_damaged_files_are_refused(tmp_path, header, message):
    path = write(tmp_path / "bad.safetensors", header, b"\1\2")
    with pytest.raises(ValueError, match=rf"(?s)bad\.safetensors.*{message}"):
        safetensors.read(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + b"\0" * 60, b"version https://git-lfs.github.com/spec/v1\n"])
def test_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(ValueError, match=r"pytorch_model\.bin is no safetensors file"):
        safetensors.read(tmp_path / "pytorch_model.bin")


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no_such\.safetensors"):
        safetensors.read(tmp_path / "no_such.safetensors")
    with pytest.raises(ValueError, match="path must be a file; found the folder"):
        safetensors.read(tmp_path)
