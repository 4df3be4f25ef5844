"""The law of the interface, read from signatures: what every public function of a unit must look like.

`python -m tests.interface` prints the table of the whole library, `python -m tests.interface gmm` a part of it;
`python -m tests.interface --breaches clustering` prints what breaks the law.
`breaches` names what breaks the law; `EXEMPT` holds the exceptions, each with its reason.
"""

import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NamedTuple

from mfml.entrance import public
from mfml.syllabus import UNITS

BUILT = [unit.package for unit in UNITS if find_spec(f"mfml.{unit.package}")]

# A notion has one name. These are taken names of other libraries and of our own past.
ONE_NAME = {
    "parameters": "params",
    "weight": "weights",
    "sample_weight": "weights",
    "start": "init",
    "x0": "init",
    "init_params": "init",
    "init_method": "init",
    "fit_from": "init",
    "method": "solver (which algorithm), or kind (which of several definitions)",
    "algorithm": "solver",
    "splitter": "solver",
    "search": "solver",
    "optimizer_steps": "n_steps",
    "n_iter": "max_iter (a limit) or n_steps (exactly so many)",
    "n_epochs": "max_iter",
    "max_steps": "max_iter",
    "num_steps": "n_steps",
    "random_state": "key",
    "rng": "key",
    "seed": "key",
    "truth": "target",
    "forest": "model",
    "tree": "model",
    "gaussian": "model",
    "mixture": "model",
    "probe": "model",
    "latent": "model",
}
FIELDS = {"parameters": "params", "model": "the fields of the model itself: results are flat", "mixture": "as `model`"}
REPORT = {
    "history": 'Float[Array, " steps"]',
    "n_iter": 'Int[Array, ""]',
    "converged": 'Bool[Array, ""]',
    "status": 'Int[Array, ""]',
}
OF_A_MODEL = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "inverse_transform",
    "score",
    "sample",
    "log_prob",
    "responsibilities",
)
PAIRS = (("y", "prediction"), ("y", "probability"), ("target", "prediction"), ("y", "predictions"))

# "module.function: rule" -> the reason why the rule does not hold there.
OPTAX = "arguments in optax's order, so that either library can replace the other"
EXEMPT: dict[str, str] = {
    "training.checkpoint.save: one name for each notion": "a pytree is no decision tree",
    **{f"landscapes.optimizers.{name}: options are keywords": OPTAX for name in ("momentum", "nesterov", "rmsprop")},
    **{f"landscapes.optimizers.{name}: options are keywords": OPTAX for name in ("adam", "adamw")},
    "risk.reinforcement.step: step takes the state first": "`state` is a state of the task; what is learned is `q`",
}


ENTERED = public(lambda: None).__code__


class Breach(NamedTuple):
    """A public function or result that breaks a rule."""

    where: str
    rule: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.found}"


def modules() -> Iterator[ModuleType]:
    """All modules of all units that are built, of the data sets and of training."""
    for package in (*BUILT, "data", "training"):
        for info in pkgutil.iter_modules(import_module(f"mfml.{package}").__path__, f"mfml.{package}."):
            yield import_module(info.name)


def own(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Public names that a module defines itself."""
    for name, value in vars(module).items():
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__:
            yield name, value


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All public functions, each with its name below `mfml`."""
    for module in modules():
        for name, value in own(module):
            if callable(value) and not inspect.isclass(value):
                yield f"{module.__name__.removeprefix('mfml.')}.{name}", value


def results() -> Iterator[tuple[str, type]]:
    """All public NamedTuples, each with its name below `mfml`."""
    for module in modules():
        for name, value in own(module):
            if inspect.isclass(value) and issubclass(value, tuple) and hasattr(value, "_fields"):
                yield f"{module.__name__.removeprefix('mfml.')}.{name}", value


def signature(function: Callable[..., Any]) -> inspect.Signature:
    """The signature as it is written, below any `jit`."""
    return inspect.signature(inspect.unwrap(function))


def text(annotation: Any) -> str:
    """An annotation as it is written, without the names of modules."""
    if annotation is inspect.Parameter.empty:
        return ""
    shown = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    shown = re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z])", "", shown)
    return re.sub(r"(\w+)\[Array, '([^']*)'\]", r'\1[Array, "\2"]', shown)


def breaches_of_function(where: str, function: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """The rules that one function breaks, each with what was found."""
    shown = signature(function)
    parameters, name = shown.parameters, where.rsplit(".", 1)[1]
    names = list(parameters)
    positional = [n for n, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    takes_arrays = "jax" in vars(sys.modules[function.__module__])  # the others read files, and must not load JAX
    if takes_arrays and getattr(function, "__code__", None) is not ENTERED:
        yield "arguments come through the entrance", "not marked @public"
    for n, p in parameters.items():
        yield from _breaches_of_parameter(n, p, in_fit=name == "fit")
    if name in OF_A_MODEL and "model" in _first_of_peers(where) and names[:1] != ["model"]:
        yield "the fitted tuple comes first, as `model`", str(names)
    for later, first in PAIRS:
        if later in positional and first in positional and positional.index(later) < positional.index(first):
            yield "what was computed comes before what it is compared with", f"{later}, {first}"
    if name == "step":
        yield from _breaches_of_step(shown)
    if name == "predict_proba" and not re.search(r'"m \w+"\]$', text(shown.return_annotation)):
        yield "predict_proba has a column for each class", text(shown.return_annotation)


def _breaches_of_parameter(n: str, p: inspect.Parameter, *, in_fit: bool) -> Iterator[tuple[str, str]]:
    keyword, optional = p.kind is p.KEYWORD_ONLY, p.default is not p.empty
    if n == "key" and not keyword:
        yield "the key is a keyword", str(p)
    if n in ONE_NAME and not (n == "weight" and _is_matrix(p)):  # a layer has a weight, a sample has weights
        yield "one name for each notion", f"{n} is called {ONE_NAME[n]}"
    if optional and not keyword:
        yield "options are keywords", n
    if re.search(r"float \| Float\[Array, .*\]|Scalar", text(p.annotation)):
        yield "traced numbers are ArrayLike", f"{n}: {text(p.annotation)}"
    if in_fit and n == "n_classes" and not optional:
        yield "n_classes is inferred where it is not given", n


def _is_matrix(p: inspect.Parameter) -> bool:
    return bool(re.search(r'Array, " ?\S+ \S', text(p.annotation)))


def _first_of_peers(where: str) -> list[str]:
    """What the function's module fits: only where there is a `fit` do its peers take a model."""
    module = import_module(f"mfml.{where.rsplit('.', 1)[0]}")
    return ["model"] if hasattr(module, "fit") else []


def _breaches_of_step(shown: inspect.Signature) -> Iterator[tuple[str, str]]:
    first = next(iter(shown.parameters.values()))
    if first.name not in ("state", "model"):
        yield "step takes the state first", first.name
    state, returned = text(first.annotation), text(shown.return_annotation)
    if returned != state and not returned.startswith(f"tuple[{state},"):
        yield "step returns the next state", f"{state} -> {returned}"


def breaches_of_result(where: str, kind: type) -> Iterator[tuple[str, str]]:
    """The rules that one NamedTuple breaks, each with what was found."""
    annotations = {n: text(a) for n, a in inspect.get_annotations(kind, eval_str=True).items()}
    for field, better in FIELDS.items():
        if field in annotations:
            yield "one name for each notion", f"{field}: {better}"
    told = [field for field in REPORT if field in annotations]
    if told and told not in (list(REPORT), ["converged"]):  # a direct method may say whether its answer holds
        yield "an iterative result ends with history, n_iter, converged, status", f"has only {', '.join(told)}"
    if told == list(REPORT) and list(annotations)[-4:] != list(REPORT):
        yield "an iterative result ends with history, n_iter, converged, status", ", ".join(annotations)


def breaches_of_module(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """What a module lacks."""
    name = module.__name__.removeprefix("mfml.")
    has = {n for n, _ in own(module)} | {n for n in ("fit", "predict", "score") if hasattr(module, n)}
    takes_y = "fit" in has and "y" in signature(module.fit).parameters
    if takes_y and "predict" in has and "score" not in has:
        yield name, "what predicts has a score", "no score"
    if "step" in has and "fit" in has and (kind := _returned(module)) and not set(REPORT) <= set(kind._fields):
        yield name, "an iterative result ends with history, n_iter, converged, status", kind.__name__
    if "fit_from" in has:
        yield name, "one name for each notion", "fit_from: fit takes `init`"


def _returned(module: ModuleType) -> Any:
    """The NamedTuple that a module's `fit` returns, if it is one."""
    kind = vars(module).get(text(signature(module.fit).return_annotation))
    return kind if hasattr(kind, "_fields") else None


def breaches() -> list[Breach]:
    """All breaches of the law that are not exempt."""
    found = [Breach(w, *b) for w, function in functions() for b in breaches_of_function(w, function)]
    found += [Breach(w, *b) for w, kind in results() for b in breaches_of_result(w, kind)]
    found += [Breach(*b) for module in modules() for b in breaches_of_module(module)]
    return [one for one in found if f"{one.where}: {one.rule}" not in EXEMPT]


def unused() -> list[str]:
    """Exemptions that nothing needs any more."""
    every = {f"{w}: {rule}" for w, function in functions() for rule, _ in breaches_of_function(w, function)}
    every |= {f"{w}: {rule}" for w, kind in results() for rule, _ in breaches_of_result(w, kind)}
    every |= {f"{w}: {rule}" for module in modules() for w, rule, _ in breaches_of_module(module)}
    return sorted(set(EXEMPT) - every)


def table(part: str = "") -> Iterator[str]:
    """The interface, a line per function and result; `part` must occur in its name."""
    for module in modules():
        lines = []
        for name, value in own(module):
            if part in f"{module.__name__}.{name}":
                if inspect.isclass(value) and hasattr(value, "_fields"):
                    lines.append(f"  {name}({', '.join(value._fields)})")
                elif callable(value) and not inspect.isclass(value):
                    lines.append(f"  {name}{_short(signature(value))}")
        if lines:
            yield from [module.__name__.removeprefix("mfml."), *lines]


def _short(shown: inspect.Signature) -> str:
    parts, star = [], False
    for n, p in shown.parameters.items():
        if p.kind is p.KEYWORD_ONLY and not star:
            star = True
            parts.append("*")
        parts.append(n if p.default is p.empty else f"{n}={p.default!r}")
    return f"({', '.join(parts)}) -> {text(shown.return_annotation)}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--breaches"]:
        print(*(b for b in breaches() if b.where.startswith(tuple(sys.argv[2:]) or "")), sep="\n")
        sys.exit()
    print(*table(*sys.argv[1:2]), sep="\n")
    print("\nExceptions:", *(f"  {what} - {why}" for what, why in sorted(EXEMPT.items())), sep="\n")
