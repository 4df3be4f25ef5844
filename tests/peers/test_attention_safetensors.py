"""The reader of safetensors against the reference library, on files that it writes from PyTorch's tensors."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
reference = pytest.importorskip("safetensors.torch")

from mfml.attention import safetensors  # noqa: E402

TYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool,
]  # fmt: skip


def test_random_tensors_of_every_type(tmp_path):
    made = torch.Generator().manual_seed(0)
    shapes = [(), (0,), (3,), (2, 0, 3), (4, 5), (2, 3, 4)]
    tensors = {
        f"{kind}{shape}": (100 * torch.randn(shape, generator=made)).to(kind) for kind in TYPES for shape in shapes
    }
    reference.save_file(tensors, tmp_path / "x.safetensors")
    found = safetensors.read(tmp_path / "x.safetensors")
    needed = reference.load_file(tmp_path / "x.safetensors")
    assert found.keys() == needed.keys() == tensors.keys()
    for name, tensor in needed.items():
        half = tensor.dtype in (torch.float16, torch.bfloat16)
        expected = (tensor.float() if half else tensor).numpy()
        assert found[name].dtype == expected.dtype
        assert found[name].shape == expected.shape
        np.testing.assert_array_equal(found[name], expected)


def test_what_the_library_refuses_is_refused(tmp_path):
    reference.save_file({"w": torch.arange(3.0), "v": torch.arange(5)}, tmp_path / "x")
    whole = (tmp_path / "x").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        place, value = rng.integers(len(whole) - 52), rng.integers(256)  # in the header or its length
        (tmp_path / "y").write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        try:
            reference.load_file(tmp_path / "y")
        except Exception:
            refused += 1
            with pytest.raises(ValueError, match=r"y"):
                safetensors.read(tmp_path / "y")
    assert refused > 100
