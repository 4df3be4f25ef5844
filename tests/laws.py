"""Laws that every public function keeps, each stated once and run on every `Example`.

`python -m tests.laws` prints how many functions keep each law, and the exemptions with their reasons.
`python -m tests.laws --broken clustering` prints what breaks them in a package, `--law=unit` one law alone.
A law returns whether it applies to an example, and raises `Broken` where it does not hold. Scaling by powers of two is
exact, and so are shifts of numbers on a coarse grid: what differs afterwards is the function's own rounding.
"""

import dataclasses
import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from mfml.iteration import Status
from tests.contract import Example

FACTOR = 2.0**60  # about 1e18
OFFSET = 4096.0
FAR = 2.0**24  # where float32 knows even numbers only
ROWS = 100_003
Arguments = Mapping[str, Any]


class Broken(AssertionError):
    """A law does not hold."""


def call(example: Example, arguments: Arguments) -> Any:
    return example.function(**{**example.static, **arguments})


def numeric(example: Example, arguments: Arguments) -> list[str]:
    """Names of the arguments that are floating arrays and are annotated as such."""
    parameters = inspect.signature(example.function).parameters
    return [name for name, value in arguments.items() if is_float(value) and asks_for_numbers(parameters.get(name))]


def is_float(value: Any) -> bool:
    return isinstance(value, (jax.Array, np.ndarray)) and jnp.issubdtype(value.dtype, jnp.floating)


def asks_for_numbers(parameter: inspect.Parameter | None) -> bool:
    text = str(getattr(parameter, "annotation", ""))
    return any(word in text for word in ("Float[", "Num[", "Real[", "Shaped[")) or text == str(ArrayLike)


# How arguments are changed: in NumPy, since JAX would compile every operation for every shape


def edited(value: Any, change: Callable[[np.ndarray], Any]) -> Any:
    """An array of the same kind in which NumPy changed something."""
    array = np.array(value, jnp.result_type(value))
    with np.errstate(all="ignore"):
        return jnp.asarray(change(array).astype(array.dtype))


def assigned(value: Any, place: Any, entry: Any) -> Any:
    def change(array: np.ndarray) -> np.ndarray:
        array[place] = entry
        return array

    return edited(value, change)


# What the laws compare


def leaves(tree: Any) -> list[tuple[str, np.ndarray]]:
    """Arrays of a result, each with its place; keys and functions are left out."""
    found = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        is_key = isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        if isinstance(leaf, (jax.Array, np.ndarray, float, int)) and not is_key:
            found.append((jax.tree_util.keystr(path), np.asarray(leaf)))
    return found


def same(found: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    """Whether two arrays agree up to `tolerance` times the largest entry; NaN equals NaN."""
    if found.shape != expected.shape:
        return False
    if expected.dtype.kind != "f" or found.dtype.kind != "f":
        return bool((found == expected).all())
    finite = np.isfinite(expected)
    if not (np.isfinite(found) == finite).all() or not np.array_equal(
        found[~finite], expected[~finite], equal_nan=True
    ):
        return False
    scale = np.abs(expected[finite], dtype=float).max(initial=0.0)
    return bool((np.abs(found[finite].astype(float) - expected[finite]) <= tolerance * scale).all())


def compare(found: Any, expected: Any, tolerance: float, law: str) -> None:
    for (place, a), (_, b) in zip(leaves(found), leaves(expected), strict=True):
        if not same(a, b, tolerance):
            raise Broken(f"{law}: result{place} is {np.ravel(a)[:4]}, and should be {np.ravel(b)[:4]}")


# The laws


def integers(example: Example, arguments: Arguments) -> bool:
    """Numbers given as uint8 or as lists mean what they mean as floats."""
    names = numeric(example, arguments)
    if not names:
        return False
    whole = {name: np.clip(np.abs(np.round(3 * np.asarray(arguments[name]))), 0, 200) for name in names}
    whole = {name: value if value.any() else value + 1 for name, value in whole.items()}
    expected = call(example, {**arguments, **{name: jnp.asarray(value) for name, value in whole.items()}})
    small = {name: value.astype(np.uint8) for name, value in whole.items()}
    compare(call(example, {**arguments, **small}), expected, 1e-5, "given as uint8")
    lists = {name: value.astype(int).tolist() for name, value in whole.items()}
    compare(call(example, {**arguments, **lists}), expected, 1e-5, "given as lists")
    return True


def precision(example: Example, arguments: Arguments) -> bool:
    """float32 in gives float32 out, in double precision, too."""
    if not example.jit or not any(is_float(leaf) for leaf in jax.tree.leaves(dict(arguments))):
        return False
    with jax.enable_x64(True):
        strong = jax.tree.map(lambda leaf: jnp.asarray(leaf, leaf.dtype) if is_float(leaf) else leaf, dict(arguments))
        result = jax.eval_shape(partial(call, example), strong)  # a weak type would take the precision of Python
    for path, leaf in jax.tree_util.tree_flatten_with_path(result)[0]:
        if getattr(leaf, "dtype", None) == jnp.float64:
            raise Broken(f"result{jax.tree_util.keystr(path)} is float64 for float32 arguments in double precision")
    return True


def missing(example: Example, arguments: Arguments) -> bool:
    """A NaN in shows in the result, and nothing claims to have converged."""
    names = [name for name in numeric(example, arguments) if jnp.size(arguments[name])]
    for name in names:
        value = np.array(arguments[name])
        value[(0,) * value.ndim] = np.nan
        try:
            result = call(example, {**arguments, name: jnp.asarray(value)})
        except ValueError as error:
            if name not in str(error):
                raise Broken(f"a NaN in {name}: the error does not name it: {error}") from error
            continue
        if getattr(result, "status", None) is not None and np.any(result.status == Status.CONVERGED):
            raise Broken(f"a NaN in {name}: converged is True")
        floats = [leaf for _, leaf in leaves(result) if leaf.dtype.kind == "f"]
        if floats and all(np.isfinite(leaf).all() for leaf in floats):
            raise Broken(f"a NaN in {name}: every number of the result is finite")
    return bool(names)


def infinite(example: Example, arguments: Arguments) -> bool:
    """An infinity in ends in a result or an error, and nothing claims to have converged."""
    names = [name for name in numeric(example, arguments) if jnp.ndim(arguments[name])]
    for name in names:
        for huge in (np.inf, 1e20):
            value = np.array(arguments[name])
            value[(0,) * value.ndim] = huge
            try:
                result = call(example, {**arguments, name: jnp.asarray(value)})
            except ValueError:
                continue
            if huge == np.inf and np.any(getattr(result, "status", -1) == Status.CONVERGED):
                raise Broken(f"infinity in {name}: converged is True")
    return bool(names)


def unit(example: Example, arguments: Arguments) -> bool:
    """Another unit of an input scales the result as its unit says, for factors of 1e18 and 1e-18, too.

    Which power of the factor scales a field is read from a factor of 2. If no power does, the input has no unit of its
    own (the argument of an exponential), and the law does not apply. `Example.units` says which arguments change
    together. Fields that scale with a square or a higher power are held at 1e9 and 1e-9: float32 ends at 1e38.
    """
    base = leaves(call(example, arguments))
    applies = False
    for group in groups_of(example.units, [{name: 1} for name in numeric(example, arguments)], base):
        powers = powers_of(base, leaves(call(example, scaled(example, arguments, group, 2.0))))
        if powers is None and example.units:
            raise Broken(f"no power of a factor 2 in {dict(group)} scales the result, but the example says so")
        if powers is None:
            continue
        applies = True
        high = max(map(abs, powers), default=0) > 1
        for factor in (FACTOR, 1 / FACTOR, *((FACTOR**0.5, FACTOR**-0.5) if high else ())):
            found = leaves(call(example, scaled(example, arguments, group, factor)))
            for (place, a), (_, b), power in zip(found, base, powers, strict=True):
                expected = b.astype(float) * factor**power if b.dtype.kind == "f" else b
                if abs(np.log2(factor) * power) <= 60 and not same(a, expected, 1e-3):
                    raise Broken(
                        f"{dict(group)} times {factor:.0e}: result{place} is {np.ravel(a)[:4]}, "
                        f"and should be {np.ravel(expected)[:4]}"
                    )
    return applies


def groups_of(stated: tuple, single: list, base: list[tuple[str, np.ndarray]]) -> tuple | list:
    """The groups that an example states, or each argument alone where the result is not integers only.

    Integers may stay as they are by chance.
    """
    return stated or (single if any(leaf.dtype.kind == "f" for _, leaf in base) else [])


def scaled(example: Example, arguments: Arguments, group: Mapping[str, float], factor: float) -> dict[str, Any]:
    """Arguments in other units. A name such as "prior.mean" is a field of an argument."""
    changed = dict(arguments)
    for name, power in group.items():
        owner, _, field = name.partition(".")
        value = changed.get(owner, example.static.get(owner))
        if field:
            replace = getattr(value, "_replace", partial(dataclasses.replace, value))
            changed[owner] = replace(**{field: times(getattr(value, field), factor**power)})
        else:
            changed[owner] = times(value, factor**power)
    return changed


def times(value: Any, factor: float) -> Any:
    """A number, an array, or all arrays of a pytree, times a factor."""
    return jax.tree.map(lambda leaf: edited(leaf, lambda a: a * factor) if is_float(leaf) else leaf * factor, value)


def powers_of(base: list, doubled: list) -> list[float] | None:
    """The power of 2 by which each leaf changed; None where there is none."""
    powers = []
    for (_, a), (_, b) in zip(base, doubled, strict=True):
        power = 0.0
        if a.dtype.kind == "f" and a.shape == b.shape:
            finite = np.isfinite(a) & (a != 0)
            if finite.any():
                largest = np.argmax(np.where(finite, np.abs(np.where(finite, a, 0)), 0))
                ratio = b.ravel()[largest] / a.ravel()[largest]
                power = round(2 * np.log2(ratio)) / 2 if ratio > 0 and np.isfinite(ratio) else 0.0
        if not same(b, a * 2.0**power if a.dtype.kind == "f" else a, 1e-4):
            return None
        powers.append(power)
    return powers


def origin(example: Example, arguments: Arguments) -> bool:
    """A result that another origin leaves as it is, or moves in proportion, does so for an origin far away, too.

    How far a field moves is read from shifts by 1 and 2. `Example.origins` says which arguments move together.
    """
    applies = False
    for group, grid, base, once in movable(example, arguments):
        applies = True
        try:
            moved = leaves(call(example, shifted(grid, group, OFFSET)))
        except ValueError:  # outside of the domain
            if example.origins:
                raise
            continue
        for (place, a), (_, b), (_, c) in zip(base, once, moved, strict=True):
            check_moved(a, b, c, f"{group} moved by {OFFSET}: result{place}")
    return applies


def movable(example: Example, arguments: Arguments) -> Iterator[tuple[tuple[str, ...], dict[str, Any], list, list]]:
    """Groups of arguments along which the result moves: names, arguments on a grid, and results at 0 and at 1."""
    singles = [(name,) for name in numeric(example, arguments) if name != "weights"]  # whose origin is 0
    for group in groups_of(example.origins, singles, leaves(call(example, arguments))):
        grid = {**arguments, **{name: edited(arguments[name], lambda a: np.round(a * 64) / 64) for name in group}}
        try:
            base, once, twice = (leaves(call(example, shifted(grid, group, by))) for by in (0.0, 1.0, 2.0))
        except ValueError:  # outside of the domain
            if example.origins:
                raise
            continue
        moves = [moves_along(a, b, c) for (_, a), (_, b), (_, c) in zip(base, once, twice, strict=True)]
        if all(moves):
            yield group, grid, base, once
        elif example.origins:
            raise Broken(f"the result does not move along with the origin of {group}, but the example says so")


def shifted(arguments: Arguments, group: Collection[str], by: Any) -> dict[str, Any]:
    return {**arguments, **{name: edited(arguments[name], lambda a: a + by) for name in group}}


@np.errstate(invalid="ignore")  # infinite entries stay where they are
def moves_along(base: np.ndarray, once: np.ndarray, twice: np.ndarray) -> bool:
    """Whether a field moves in proportion to the shift, by 0 perhaps."""
    if base.dtype.kind != "f" or base.shape != once.shape:
        return same(once, base, 0) and same(twice, base, 0)
    if not base.size:
        return True
    finite = np.isfinite(base)
    if not (np.isfinite(once[finite]).all() and np.isfinite(twice[finite]).all()):
        return False
    return finite.any() and same(once, np.where(finite, (base + twice) / 2, base), 1e-4)


@np.errstate(invalid="ignore")
def check_moved(base: np.ndarray, once: np.ndarray, far: np.ndarray, where: str) -> None:
    if base.dtype.kind != "f":
        if not np.array_equal(far, base):
            raise Broken(f"{where} is {np.ravel(far)[:4]}, and should be {np.ravel(base)[:4]}")
        return
    if not base.size:
        return
    finite = np.isfinite(base)
    by = np.where(finite, once - base, 0).astype(float)
    by[np.abs(by) < 1e-5 * np.abs(base[finite]).max()] = 0
    expected = np.where(finite, base + by * OFFSET, base)
    allowed = 2e-3 * np.abs(base[finite]).max() + 1e-3 * np.abs(by * OFFSET).max()
    if not (np.isfinite(far) == finite).all() or (np.abs(far - expected)[finite] > allowed).any():
        raise Broken(f"{where} is {np.ravel(far)[:4]}, and should be {np.ravel(expected)[:4]}")


def far(example: Example, arguments: Arguments) -> bool:
    """With a third of the samples far away in one feature, float32 finds what double precision finds.

    The law applies where the result moves along with the origin of an argument. The way of an iteration may differ.
    One feature only: features that move together are the same feature to float32.
    """
    applies = False
    if not example.x64:
        return False
    for group, grid, base, _ in movable(example, arguments):
        group = tuple(name for name in group if jnp.ndim(grid[name]) and len(grid[name]) >= 6)
        if not group:
            continue
        applies = True
        away = dict(grid)
        for name in group:
            third = slice(-(len(grid[name]) // 3), None)
            place = (third, ..., 0) if grid[name].ndim > 1 else third
            away[name] = assigned(grid[name], place, np.asarray(grid[name])[place] + np.float32(FAR))
        single = call(example, away)
        with jax.enable_x64(True):
            double = call(example, jax.tree.map(to_double, away))
        if not np.array_equal(*(np.asarray(getattr(result, "status", 0)) for result in (single, double))):
            continue  # it says that it cannot
        for (place, a), (_, b), (_, near) in zip(leaves(single), leaves(double), base, strict=True):
            if not place.endswith((".n_iter", ".history")):
                check_far(a, b, near, f"a third of {group} moved by {FAR:.0e}: result{place}")
    return applies


def to_double(leaf: Any) -> Any:
    return jnp.asarray(np.asarray(leaf, np.float64)) if is_float(leaf) else leaf


def check_far(single: np.ndarray, double: np.ndarray, near: np.ndarray, where: str) -> None:
    """Both agree to 1 % of an entry, or of the largest entry without the far samples."""
    if single.dtype.kind == "f":
        size = np.abs(near[np.isfinite(near)], dtype=float).max(initial=0.0) if near.dtype.kind == "f" else 0.0
        agree = np.isclose(single, double, rtol=1e-2, atol=1e-2 * size, equal_nan=True)
    else:
        agree = single == double
    if not agree.all():
        raise Broken(f"{where} is {single[~agree][:4]}, and should be {double[~agree][:4]}")


def absent(example: Example, arguments: Arguments) -> bool:
    """A sample of weight zero is absent: whatever it holds, the result is that without it."""
    with_weights = weighted(example, arguments)
    if with_weights is None:
        return False
    arguments, n = with_weights
    far = {name: far_sample(value) for name, value in per_sample(arguments, n).items()}
    far["weights"] = assigned(arguments["weights"], -1, 0)
    without = {name: first_rows(value, n - 1) for name, value in per_sample(arguments, n).items()}
    compare_samples(
        call(example, {**arguments, **far}), call(example, {**arguments, **without}), n - 1, "weight zero", example
    )
    return True


def nothing(example: Example, arguments: Arguments) -> bool:
    """Where all weights are zero there are no samples: some number is NaN, or nothing is said to have converged."""
    with_weights = weighted(example, arguments)
    if with_weights is None:
        return False
    arguments, n = with_weights
    found = leaves(call(example, {**arguments, "weights": jnp.zeros(n, arguments["weights"].dtype)}))
    unknown = any(leaf.dtype.kind == "f" and np.isnan(leaf).any() for _, leaf in found)
    if not unknown and not any(place.endswith(".converged") and not leaf.any() for place, leaf in found):
        raise Broken("all weights are zero, and the result is made of numbers")
    return True


def twice(example: Example, arguments: Arguments) -> bool:
    """Two equal samples are one of twice the weight. The other one has weight zero, so that no shape changes."""
    with_weights = weighted(example, arguments)
    if with_weights is None:
        return False
    arguments, n = with_weights
    repeated = {name: assigned(value, -1, np.asarray(value)[-2]) for name, value in per_sample(arguments, n).items()}
    weights = np.array(repeated["weights"])
    weights[-2:] = 2 * weights[-2], 0
    heavy = {**repeated, "weights": jnp.asarray(weights)}
    found, expected = (call(example, {**arguments, **changed}) for changed in (heavy, repeated))
    compare_samples(found, expected, n - 1, "twice the weight", example)
    return True


def weighted(example: Example, arguments: Arguments) -> tuple[dict[str, Any], int] | None:
    """Arguments with weights, and the number of samples; None where a function takes no weights of samples."""
    parameter = inspect.signature(example.function).parameters.get("weights")
    text = str(getattr(parameter, "annotation", "")).replace('"', "'")
    if "None" not in text and "'n'" not in text:  # weights of a network have another axis, and are always needed
        return None
    data = next((arguments[name] for name in ("x", "y", "target", "values", "batch") if name in arguments), None)
    if data is None:
        return None
    n = len(data)
    weights = arguments.get("weights")
    return {
        **arguments,
        "weights": jnp.asarray(np.linspace(1.0, 2.0, n, dtype=np.float32)) if weights is None else weights,
    }, n


def per_sample(arguments: Arguments, n: int) -> dict[str, Any]:
    """Arguments that hold one entry per sample."""
    arrays = {name: value for name, value in arguments.items() if isinstance(value, (jax.Array, np.ndarray))}
    return {name: value for name, value in arrays.items() if value.shape[:1] == (n,)}


def far_sample(value: Any) -> Any:
    return assigned(value, -1, 1e6) if is_float(value) else value


def first_rows(value: Any, n: int) -> Any:
    """As many rows of an array; keys are no numbers that NumPy knows."""
    return value[:n] if jnp.issubdtype(value.dtype, jax.dtypes.prng_key) else jnp.asarray(np.asarray(value)[:n])


def compare_samples(found: Any, expected: Any, n: int, law: str, example: Example) -> None:
    """As `compare`, but entries per sample are compared for the first n samples only."""
    for (place, a), (_, b) in zip(leaves(found), leaves(expected), strict=True):
        if a.shape != b.shape and a.ndim == b.ndim:  # n is the length of an axis
            cut = tuple(slice(n if p != q else None) for p, q in zip(a.shape, b.shape, strict=True))
            a, b = a[cut], b[cut]
        if not same(a, b, max(1e-3, example.tolerance)):
            raise Broken(f"{law}: result{place} is {np.ravel(a)[:4]}, and should be {np.ravel(b)[:4]}")


def memory(example: Example, arguments: Arguments) -> bool:
    """Memory grows with the number of samples, and not with its square: read from the traced program, unrun."""
    names = ("x", "z", "y", "design", "points", "target", "values", "labels", "scores", "prediction")
    n = next((len(arguments[name]) for name in names if jnp.ndim(arguments.get(name, 0))), 0)
    if n < 2 or not example.jit:
        return False
    tall = {k: jax.ShapeDtypeStruct((ROWS, *v.shape[1:]), v.dtype) for k, v in per_sample(arguments, n).items()}
    try:
        program = jax.make_jaxpr(partial(call, example))({**arguments, **tall})
    except (TypeError, ValueError):  # a fixed number of rows stands in the options
        return False
    largest = max((v.aval.size for equation in equations(program.jaxpr) for v in equation.outvars), default=0)
    if largest >= ROWS**2 // 2:
        raise Broken(f"an array of {largest:.1e} numbers for {ROWS} samples")
    return True


def equations(jaxpr: Any) -> Iterator[Any]:
    """All equations of a program, also of those within loops and calls."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda leaf: hasattr(leaf, "eqns")):
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                yield from equations(inner)


def warm(example: Example, arguments: Arguments) -> bool:
    """A second call with arguments of the same form compiles nothing: a loop in uncompiled code would each time."""
    if not example.jit:
        return False
    call(example, arguments)
    COMPILED.clear()
    call(example, arguments)
    if COMPILED:
        raise Broken(f"a second call compiles {len(COMPILED)} programs")
    return True


COMPILED: list[str] = []


def _note(event: str, _: float, **__: Any) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        COMPILED.append(event)


jax.monitoring.register_event_duration_secs_listener(_note)

ALL = (integers, precision, missing, infinite, unit, origin, far, absent, nothing, twice, memory, warm)
LAWS: dict[str, Callable[[Example, Arguments], bool]] = {law.__name__: law for law in ALL}


def judge(example: Example, arguments: Arguments, names: Collection[str] = LAWS) -> Iterator[tuple[str, str, str]]:
    """For each law: its name, "kept", "does not apply", "exempt" or "broken", and the reason."""
    for name in names:
        try:
            applies = LAWS[name](example, arguments)
        except Exception as error:
            told = str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {str(error)[:200]}"
            known = example.exempt.get(name)
            yield name, "exempt" if known else "broken", known or told
        else:
            stale = name in example.exempt
            yield name, "broken" if stale else "kept" if applies else "does not apply", "exempt for nothing" * stale


def table(package: str | None = None, names: Collection[str] = LAWS) -> dict[str, list[tuple[str, str, str]]]:
    """Verdicts of all laws on all examples of a package: name of the function, law, verdict and reason."""
    from tests.test_contract import EXAMPLES, name_of

    verdicts: dict[str, list[tuple[str, str, str]]] = {}
    for example in EXAMPLES:
        if package is None or name_of(example.function).startswith(package):
            arguments = example.arguments(jax.random.split(jax.random.key(20260413))[0])  # as the test does
            verdicts.setdefault(name_of(example.function), []).extend(judge(example, arguments, names))
    return verdicts


def main(arguments: list[str]) -> None:
    import_module("tests.conftest")  # compile as the suite does
    broken_only = "--broken" in arguments
    package = next((a for a in arguments if not a.startswith("--")), None)
    names = [a.removeprefix("--law=") for a in arguments if a.startswith("--law=")] or list(LAWS)
    verdicts = table(package, names)
    for function, found in verdicts.items():
        for law, verdict, reason in found:
            if verdict == "broken" or (verdict == "exempt" and not broken_only):
                print(f"{function}: {law}: {verdict}: {reason}")
    if not broken_only:
        print("\n| law | kept | exempt | broken | does not apply |\n| --- | ---: | ---: | ---: | ---: |")
        for law in names:
            counts = [v for found in verdicts.values() for name, v, _ in found if name == law]
            print(f"| {law} | " + " | ".join(str(counts.count(v)) for v in KINDS) + " |")


KINDS = ("kept", "exempt", "broken", "does not apply")

if __name__ == "__main__":
    main(sys.argv[1:])
