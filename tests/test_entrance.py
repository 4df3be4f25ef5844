"""Arguments come through one entrance: what they mean, what is refused, and by which name."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key, Num

from mfml.arrays import as_array, as_float, as_int
from mfml.clustering import kmeans
from mfml.entrance import public
from mfml.generalization import boosting, lasso, ridge
from mfml.regression import ols


@public
def everything(
    x: Float[Array, "n d"],
    labels: Int[Array, " n"] | None = None,
    *,
    values: Num[Array, " n"] | None = None,
    key: Key[Array, ""] | None = None,
    alpha: ArrayLike = 1.0,
    n_steps: int | None = None,
    tol: float = 0.5,
    init: str | Float[Array, " n"] = "zeros",
    sizes: tuple[int, ...] = (1,),
    deep: bool = False,
    validation: tuple[Float[Array, "m d"], Num[Array, " m"]] | None = None,
) -> dict:
    return dict(locals())


FRAME = pd.DataFrame({"hardness": [1, 2], "strength": [3.5, 4.0]})


@pytest.mark.parametrize(
    "x",
    [
        [[1, 3.5], [2, 4]],
        ((1, 3.5), (2, 4)),
        FRAME,
        FRAME.to_numpy(),
        np.array([[1, 3.5], [2, 4]], np.float16).astype(object),
        [jnp.array([1, 3.5]), jnp.array([2, 4.0])],
    ],
)
def test_numbers_of_any_kind_become_floats(x):
    found = everything(x)["x"]
    assert isinstance(found, jax.Array) and found.dtype == jnp.float32
    assert found.tolist() == [[1, 3.5], [2, 4]]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int32, np.int64, np.uint64])
def test_integers_become_floats(dtype):
    assert everything(np.ones((1, 2), dtype))["x"].dtype == jnp.float32
    assert (
        everything(jnp.ones((1, 2), jnp.dtype(dtype) if np.dtype(dtype).itemsize < 8 else int))["x"].dtype
        == jnp.float32
    )


def test_floats_keep_their_precision(x64):
    for dtype in (jnp.float16, jnp.bfloat16, jnp.float32, jnp.float64):
        x = jnp.ones((1, 2), dtype)
        assert everything(x)["x"] is x
    assert everything([[1, 2]])["x"].dtype == jnp.float64


def test_gaps_become_nan():
    with_gaps = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [np.nan, 2.0]})
    assert np.array_equal(everything(with_gaps)["x"], [[1, np.nan], [np.nan, 2]], equal_nan=True)
    assert np.array_equal(everything([[1, None]])["x"], [[1, np.nan]], equal_nan=True)
    masked = np.ma.masked_array([[1, 2]], mask=[[False, True]])
    assert np.array_equal(everything(masked)["x"], [[1, np.nan]], equal_nan=True)


def test_large_integers_do_not_wrap_around():
    density = np.array([10**18, 3 * 10**9])
    assert as_float("x", density).tolist() == pytest.approx(density.tolist())
    assert as_array("x", density).tolist() == pytest.approx(density.tolist())
    difference = as_array("y", np.array([1], np.uint8)) - as_array("y", np.array([2], np.uint8))
    assert difference.tolist() == [-1]


@pytest.mark.parametrize("large", [2**32 + 1, -(2**32) + 1, 2**31, 2**63, 4e9])
def test_whole_numbers_that_do_not_fit_are_refused_by_name(large):
    with pytest.raises(ValueError, match=r"labels must be whole numbers that fit into 32 bits; found -?[0-9.e+]+"):
        as_int("labels", [1, large])
    if 0 < large < 2**32:
        with pytest.raises(ValueError, match="labels must be whole numbers that fit into 32 bits"):
            as_int("labels", jnp.array([1, large], jnp.uint32))
    assert as_int("labels", np.array([2**31 - 1])).tolist() == [2**31 - 1]


def test_labels():
    for labels in ([0, 2], np.array([0.0, 2.0]), jnp.array([0, 2], jnp.uint8), pd.Series([0, 2])):
        assert everything(FRAME, labels)["labels"].tolist() == [0, 2]
    assert as_int("labels", np.array([False, True])).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"labels must be whole numbers; found .*0\.5"):
        everything(FRAME, [0.5, 1])


def test_hyperparameters_stay_python_numbers():
    assert everything(FRAME, alpha=2)["alpha"] == 2
    assert type(everything(FRAME, alpha=np.float64(0.1))["alpha"]) is float
    assert type(everything(FRAME, n_steps=np.int64(3))["n_steps"]) is int
    assert everything(FRAME, tol=1)["tol"] == 1
    assert everything(FRAME, sizes=[np.int32(3), 4])["sizes"] == (3, 4)
    assert everything(FRAME, deep=np.True_)["deep"] is True


def test_pairs_of_arrays():
    x, y = everything(FRAME, validation=(FRAME, np.array([1, 2], np.uint8)))["validation"]
    assert x.dtype == jnp.float32 and y.dtype == jnp.int32
    assert everything(FRAME)["validation"] is None


def test_a_rule_or_values():
    assert everything(FRAME, init="ones")["init"] == "ones"
    assert everything(FRAME, init=[1, 2])["init"].dtype == jnp.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "abc"}, r"x must be an array of numbers; found 'abc' \(str\)"),
        ({"x": None}, "x must be an array of numbers; found None"),
        ({"x": [[1, 2], [3]]}, r"x must be an array of numbers; found \[\[1, 2\], \[3\]\]"),
        ({"x": np.ones((1, 1), complex)}, "x must be an array of real numbers; found dtype complex128"),
        ({"x": pd.DataFrame({"grade": ["S235"]})}, "x must be an array of numbers"),
        ({"n_steps": 2.0}, r"n_steps must be an integer; found 2\.0 \(float\)"),
        ({"n_steps": True}, "n_steps must be an integer; found True"),
        ({"n_steps": "3"}, "n_steps must be an integer; found '3'"),
        ({"tol": None}, "tol must be a number; found None"),
        ({"tol": float("nan")}, "tol must be a number; found nan"),
        ({"tol": jnp.ones(2)}, r"tol must be one number; found shape \(2,\)"),
        ({"alpha": None}, "alpha must be an array of numbers; found None"),
        ({"alpha": lambda step: 0.1}, "alpha must be an array of numbers; found <function"),
        ({"key": 0}, r"key must be a key such as jax\.random\.key\(0\); found 0"),
        ({"sizes": (1, 2.5)}, r"sizes must be an integer; found 2\.5"),
        ({"deep": "no"}, "deep must be True or False; found 'no'"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        everything(**{"x": FRAME, **options})


def test_within_compiled_code():
    found = jax.jit(lambda x: everything(x)["x"])(jnp.arange(2).reshape(1, 2))
    assert found.dtype == jnp.float32
    with pytest.raises(ValueError, match="labels must be whole numbers; found float32"):
        jax.jit(lambda y: everything(FRAME, y)["labels"])(jnp.ones(2))


def test_a_fit_takes_a_frame_and_a_column():
    model = ols.fit(FRAME[["hardness"]], FRAME["strength"])
    np.testing.assert_allclose(model.coef, [0.5], rtol=1e-5)


@pytest.mark.parametrize("alpha", [[1.0, 2.0], np.ones(3), jnp.ones((1, 1))])
def test_a_hyperparameter_is_one_number(alpha):
    with pytest.raises(ValueError, match=r"alpha must be one number; found shape"):
        ridge.fit(FRAME[["hardness"]], FRAME["strength"], alpha=alpha)


@pytest.mark.parametrize("name", ["tol", "l1_ratio"])
def test_a_hyperparameter_is_a_number(name):
    with pytest.raises(ValueError, match=f"{name} must be a number; found nan"):
        lasso.fit(FRAME[["hardness"]], FRAME["strength"], **{name: float("nan")})


def test_companions_take_the_precision_of_the_data(x64):
    x, y = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32), np.arange(8)
    for weights in (np.ones(8, int), [1] * 8, [1.0] * 8, None):
        assert ridge.fit(x, y, weights=weights).coef.dtype == jnp.float32
        assert boosting.fit(x, y, weights=weights, max_iter=2).history.dtype == jnp.float32
        assert kmeans.fit(x, n_clusters=2, weights=weights, key=jax.random.key(0)).inertia.dtype == jnp.float32
    wide = boosting.fit(x, y.astype(float), max_iter=2)  # nothing is lost
    assert wide.history.dtype == jnp.float64
    assert kmeans.fit(x, n_clusters=2, weights=np.ones(8), key=jax.random.key(0)).inertia.dtype == jnp.float64
