"""Values between processes: what goes in comes out, and what breaks the caps is refused."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mfml.grading.run import values
from mfml.grading.run.values import Given, Key, Other, Refused, pack, unpack

ARRAYS = st.sampled_from(sorted(values.DTYPES)).flatmap(
    lambda name: hnp.arrays(values.DTYPES[name], hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(a, b):
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in b)
    if isinstance(b, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


@given(VALUES)
@settings(deadline=None)
def test_round_trip(value):
    assert same(unpack(pack(value)), value)


def test_round_trip_of_keys_and_names():
    key = Key("fry", np.arange(2, dtype=np.uint32))
    back = unpack(pack({"key": key, "function": Given("linear_model"), "other": Other("module")}))
    assert back["key"].impl == "fry"
    assert same(back["key"].data, key.data)
    assert back["function"] == Given("linear_model")
    assert back["other"] == Other("module")


@pytest.mark.parametrize("value", [object(), len, {1, 2}, np.array(["text"]), np.array([None], dtype=object), 2j])
def test_other_kinds_travel_as_their_name(value):
    assert isinstance(unpack(pack(value)), Other)


def test_too_large_is_refused_before_it_is_sent():
    with pytest.raises(Refused, match=r"shape \(5000, 5000\)"):
        pack(np.broadcast_to(np.float32(1), (5000, 5000)))


def test_too_deep_is_refused():
    value = []
    for _ in range(50):
        value = [value]
    with pytest.raises(Refused, match="deep"):
        pack(value)


def forged(tree, rest=b""):
    text = json.dumps(tree).encode()
    return len(text).to_bytes(8, "little") + text + rest


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 40,
        forged({"array": ["float32", [10**9, 10**9]]}),
        forged({"array": ["float32", [-1]]}),
        forged({"array": ["float32", [True]]}),
        forged({"array": ["object", [1]]}, b"12345678"),
        forged({"array": ["float32", [1] * 40]}, b"1234"),
        forged({"array": ["float32", [2]]}, b"1234"),
        forged({"array": "x"}),
        forged({"unknown": 1}),
        forged({"list": [], "tuple": []}),
        forged({"dict": [["a"]]}),
        forged({"key": ["fry", 1]}),
        forged(10**400),
        forged([1, 2]),
        (10**12).to_bytes(8, "little") + b"{}",
    ],
)
def test_forged_bytes_are_refused(data):
    with pytest.raises(Refused):
        unpack(data)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_give_a_value_or_a_refusal(data):
    with contextlib.suppress(Refused):
        unpack(data)
