"""Mutants of a reference answer: the same code with one thing changed that a student may get wrong.

Every operator below looks at one node of the syntax tree and yields what may stand in its place: another axis, another
divisor, `<` for `<=`, max for min, a term or factor left out, a constant changed, a stabilization removed, fewer
iterations, operands swapped. Mutants of helper functions belong to the first exercise that uses the helper.

Source: DeMillo, Lipton and Sayward (1978), Computer 11 (mutation analysis of tests).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

# Pairs of functions that are taken for each other.
PAIRS = (
    *(("max", "min"), ("maximum", "minimum"), ("argmax", "argmin"), ("sum", "mean"), ("std", "var"), ("all", "any")),
    *(("floor", "ceil"), ("floor", "round"), ("ceil", "round"), ("sin", "cos"), ("log", "log2"), ("exp", "exp2")),
    *(("log", "log1p"), ("exp", "expm1"), ("square", "abs"), ("cumsum", "cumprod"), ("prod", "sum")),
    *(("solve", "lstsq"), ("rank", "argsort"), ("sqrt", "square"), ("sigmoid", "tanh"), ("mean", "median")),
    *(("logical_and", "logical_or"), ("diag", "diagonal"), ("roll", "flip"), ("less", "less_equal")),
    *(("greater", "greater_equal"), ("zeros_like", "ones_like"), ("zeros", "ones")),
)
SWAPS: dict[str, list[str]] = {}
for _one, _other in PAIRS:
    SWAPS.setdefault(_one, []).append(_other)
    SWAPS.setdefault(_other, []).append(_one)

OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    **{ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,), ast.Pow: (ast.Mult,)},
    **{ast.FloorDiv: (ast.Div,), ast.Mod: (ast.FloorDiv,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,)},
}
COMMUTATIVE = ("maximum", "minimum", "logical_and", "logical_or", "multiply", "add")
ORDERED = (
    ast.Sub,
    ast.Div,
    ast.Pow,
    ast.MatMult,
    ast.FloorDiv,
    ast.Mod,
)  # operands that may be taken the wrong way round
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    **{ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE)},
    **{ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,)},
}


class Mutant(NamedTuple):
    """A changed reference answer."""

    exercise: str  # name of its function
    change: str  # "function: before -> after", the same in every run and wherever the function stands
    source: str  # of the changed function, which replaces the one of its name


def mutants(source: str, exercises: list[str]) -> Iterator[Mutant]:
    r"""Yield all mutants of the answers in a file that holds no specification, each exercise's together.

    >>> found = [one.change for one in mutants("def f(x):\n    return x < 1", ["f"])]
    >>> found[:2]
    ['f: x < 1 -> x <= 1', 'f: x < 1 -> x > 1']
    """
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    done: set[str] = set()
    for exercise in exercises:
        for name in _reached(functions, exercise, set(exercises)):
            if name not in done:
                done.add(name)
                yield from (Mutant(exercise, *one) for one in _changed(functions[name]))


def _reached(functions: dict[str, ast.FunctionDef], start: str, others: set[str]) -> list[str]:
    """Return the functions of the file that a function needs, itself first, without the other exercises."""
    found = [start]
    for name in found:
        used = [node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)]
        found += [one for one in dict.fromkeys(used) if one in functions and one not in (*found, *others)]
    return found


def _changed(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield description and text of every mutant of one function."""
    seen: dict[str, int] = {}
    even = _under_even_functions(function)
    for node in _body(function):
        for new in _replacements(node, function):
            if node in even and isinstance(node, ast.BinOp) and new and _is_swapped(node, new):
                continue
            what = f"{function.name}: {_said(node)} -> {_said(new) if new else 'nothing'}"
            seen[what] = seen.get(what, 0) + 1
            if seen[what] > 1:
                what = f"{what} (place {seen[what]})"
            # a copy, all but the node that is replaced
            copied = copy.deepcopy(function, {id(node): node})
            _Replace(node, new).visit(copied)
            yield what, ast.unparse(ast.fix_missing_locations(copied))


def _body(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Walk through a function's statements, without its docstring and annotations."""
    skipped: set[ast.AST] = set()
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                skipped |= set(ast.walk(node))
            if isinstance(node, ast.FunctionDef):
                skipped |= {inner for argument in node.args.args for inner in ast.walk(argument)}
            if node not in skipped:
                yield node


def _under_even_functions(function: ast.FunctionDef) -> set[ast.AST]:
    """Return the nodes whose sign does not matter: they are squared, or their magnitude is taken."""
    found: set[ast.AST] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.right) in ("2", "4"):
            found.add(node.left)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("jnp.abs", "jnp.square", "abs"):
            found |= set(node.args)
    return found


def _is_swapped(old: ast.BinOp, new: ast.AST) -> bool:
    return isinstance(old.op, ast.Sub) and isinstance(new, ast.BinOp) and new.left is old.right


def _said(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST | None:
        return (self.new or ast.Pass()) if node is self.old else super().visit(node)


def _replacements(node: ast.AST, function: ast.FunctionDef) -> Iterator[ast.AST | None]:
    for operator in BY_TYPE.get(type(node), ()):
        for new in operator(node):
            if new is None or ast.dump(new) != ast.dump(node):
                yield new
    if isinstance(node, ast.Assign | ast.AugAssign):
        yield from _left_out(node, function)


def _left_out(node: ast.Assign | ast.AugAssign, function: ast.FunctionDef) -> Iterator[None]:
    """Leave a statement out where its name has a value already."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}
    known = {argument.arg for argument in function.args.args}
    for other in ast.walk(function):
        if isinstance(other, ast.Assign) and other.lineno < node.lineno:
            known |= {inner.id for target in other.targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}
    if names and names <= known:
        yield None


# The operators


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    for other in OPERATORS.get(type(node.op), ()):
        yield ast.BinOp(node.left, other(), node.right)
    if isinstance(node.op, ORDERED):
        yield ast.BinOp(node.right, node.op, node.left)
    yield from (node.left, node.right)


def _comparison(node: ast.Compare) -> Iterator[ast.AST]:
    for place, op in enumerate(node.ops):
        for other in COMPARISONS.get(type(op), ()):
            yield ast.Compare(node.left, [*node.ops[:place], other(), *node.ops[place + 1 :]], node.comparators)


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from map(ast.Constant, (value + 1, value - 1))
        if value >= 6:
            yield ast.Constant(value // 3)
    elif isinstance(value, float):
        changed = (0.0, 1e3 * value) if 0 < value < 1e-3 else (0.0, 2 * value, value / 2)
        yield from map(ast.Constant, changed if value else (1.0,))
    elif value in ("left", "right"):
        yield ast.Constant("right" if value == "left" else "left")


def _unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _call(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    for other in SWAPS.get(name, ()):
        assert isinstance(node.func, ast.Attribute)
        yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
    yield from _other_arguments(node)
    if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        yield node.func.value
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        last = node.args[-1] if len(node.args) < 3 else node.args[1]
        yield ast.Call(node.func, [*node.args[:-1], ast.BinOp(last, ast.Sub(), ast.Constant(1))], [])
    if isinstance(node.func, ast.Name) and node.func.id == "len":
        yield ast.BinOp(node, ast.Sub(), ast.Constant(1))


def _other_arguments(node: ast.Call) -> Iterator[ast.AST]:
    """Take one of the arguments for the whole, leave a keyword out, swap neighbors."""
    plain = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    is_function = not isinstance(node.func, ast.Name) or node.func.id not in ("range", "len")
    if is_function and len(plain) == len(node.args):
        yield from (argument for argument in plain if not isinstance(argument, ast.Constant | ast.Lambda))
        for place in range(0 if name in COMMUTATIVE else len(plain) - 1):
            swapped = [*plain[:place], plain[place + 1], plain[place], *plain[place + 2 :]]
            yield ast.Call(node.func, swapped, node.keywords)
    for place, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, "dtype", "precision"):
            yield ast.Call(node.func, node.args, [*node.keywords[:place], *node.keywords[place + 1 :]])


def _is_module(node: ast.AST) -> bool:
    return ast.unparse(node).split(".")[0] in ("jnp", "jax", "np", "lax", "math")


def _attribute(node: ast.Attribute) -> Iterator[ast.AST]:
    if node.attr in ("T", "mT"):
        yield node.value


def _subscript(node: ast.Subscript) -> Iterator[ast.AST]:
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        yield ast.BinOp(node, ast.Sub(), ast.Constant(1))
    elif isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Load):
        yield node.value


def _choice(node: ast.IfExp) -> Iterator[ast.AST]:
    yield from (node.body, node.orelse)


def _branch(node: ast.If) -> Iterator[ast.AST]:
    yield from (ast.If(ast.Constant(value), node.body, node.orelse) for value in (True, False))


def _logic(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _tuple(node: ast.Tuple) -> Iterator[ast.AST]:
    if len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        yield ast.Tuple(node.elts[::-1], ast.Load())


BY_TYPE: dict[type[ast.AST], tuple[Callable[..., Iterator[ast.AST]], ...]] = {
    ast.BinOp: (_arithmetic,),
    ast.Compare: (_comparison,),
    ast.Constant: (_constant,),
    ast.UnaryOp: (_unary,),
    ast.Call: (_call,),
    ast.Attribute: (_attribute,),
    ast.Subscript: (_subscript,),
    ast.IfExp: (_choice,),
    ast.If: (_branch,),
    ast.BoolOp: (_logic,),
    ast.Tuple: (_tuple,),
}
