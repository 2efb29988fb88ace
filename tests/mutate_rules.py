"""Mutation of the laws: break each rule in every small way, and see that some test notices.

    python tests/mutate_rules.py                      all modules of laws
    python tests/mutate_rules.py deltas proof         some of them
    python tests/mutate_rules.py deltas:unit_delta    one function

A mutant is one change of one function's syntax tree: a sign or an operator, a bound moved by one,
two arguments swapped, a term, factor, condition or statement dropped, first for last, upper for
lower, a bound index that is not renamed.  Each runs in a process of its own, where the changed code
is put into the imported module, against the tests below, quickest first.  Mutants that no test
notices are printed; those that are known to change no result are in `EQUIVALENT`, with the reason.
It takes an hour or two.
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from unittest import mock

import pytest

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

import conftest  # noqa: E402, F401  first, as it sets what hypothesis does
import networks  # noqa: E402, F401  what every mutant needs is imported once, before the forks
import test_array_laws  # noqa: E402
import test_laws  # noqa: E402
import test_proof  # noqa: E402
import test_values  # noqa: E402
from assignments import scope_of  # noqa: E402
from laws import NAMES  # noqa: E402

from derive.ir import Guard, from_text, same  # noqa: E402
from derive.rules import proof  # noqa: E402
from derive.rules.proof import proves  # noqa: E402
from derive.rules.values import has_value  # noqa: E402

MODULES = {
    name: f"derive.rules.{name}"
    for name in (
        *(
            "derivative",
            "functions",
            "deltas",
            "positions",
            "sums",
            "guards",
            "definitions",
            "algebra",
        ),
        *("proof", "sampling", "values", "terms", "stacks"),
        *("array_transposes", "array_products", "array_sums", "array_moves"),
    )
} | {
    "affine": "derive.ir.affine",
    **{x: f"derive.engine.matrix.{x}" for x in ("kronecker", "folding", "correlation")},
}
QUICK = (
    *("test_laws.py", "test_values.py", "test_proof.py", "test_sampling.py", "test_affine.py"),
    *("test_rules.py", "test_normal_form.py", "test_stack.py", "test_array_laws.py"),
    *("test_array_moves.py", "test_matrix_guessing.py", "test_matrix_folding.py"),
    "test_correlations.py",
)
SLOW = (
    *("test_identities.py", "test_matrix_forms.py", "test_golden.py", "test_forms.py"),
    "test_engine.py",
    "test_oracle.py",
)
LEFT_OUT = "not noticed and not bytes and not linear"
EVERY = 16
"""Of the grid of options every sixteenth case is tried."""
SECONDS = 900
BROKEN = 99

Alternatives = Iterator[tuple[str, ast.AST]]
Way = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutant:
    """A change of a module: where, what it is, and the new node with the way to its place."""

    module: str
    function: str
    line: int
    change: str
    way: Way
    new: ast.AST

    @property
    def place(self) -> str:
        return f"{self.module}:{self.function}"

    def __str__(self) -> str:
        return f"{self.place}:{self.line}  {self.change}"


# -- making mutants ------------------------------------------------------------------------------

SWAPPED = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult},
    **{ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And},
}
RENAMED = {
    **{"any": "all", "all": "any", "min": "max", "max": "min", "True": "False", "False": "True"},
    **{"at_least": "at_most", "at_most": "at_least", "floor": "ceiling", "ceiling": "floor"},
    **{"lowers": "uppers", "uppers": "lowers", "left": "right", "right": "left"},
    **{"proves": "refutes", "refutes": "proves"},
}
TRANSPARENT = ("refresh", "fresh", "substitute", "reversed", "sorted")
"""Functions that may be left out; without the first two a bound index captures another."""
ALIKE = ("at_least", "at_most", "floor", "ceiling", "mod", "match")
"""Functions whose first two arguments are of one kind and matter; so are those of most nodes."""
JOIN = ("Times", "Plus", "product", "total", "conjunction")
"""Functions of terms, factors or conditions, any of which may be dropped."""
BOUNDED = {"at_least": 1, "at_most": 1, "Range": 2}
"""Functions with a bound, and which argument it is."""
COMMUTE = ("Times", "Plus", "Delta", "Equal", "And", "Or", "Compare", "Apply", "Index")


def alternatives(node: ast.AST) -> Alternatives:
    """The small changes of one node."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPPED:
        yield "operator", _with(node, op=SWAPPED[type(node.op)]())
    if isinstance(node, ast.Compare):
        yield "comparison", _with(node, ops=[SWAPPED[type(o)]() for o in node.ops])
    if isinstance(node, ast.UnaryOp):
        yield "sign", node.operand
    if isinstance(node, ast.Call) and _name(node) in BOUNDED:
        *before, bound = node.args[: BOUNDED[_name(node)] + 1]
        moved = ast.BinOp(bound, ast.Add(), ast.Constant(1))
        yield "off by one", _with(node, args=[*before, moved, *node.args[len(before) + 1 :]])
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "number", ast.Constant(node.value + 1)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield "truth", ast.Constant(not node.value)
    if isinstance(node, ast.Name) and node.id in RENAMED and isinstance(node.ctx, ast.Load):
        yield "name", _with(node, id=RENAMED[node.id])
    if isinstance(node, ast.Attribute) and node.attr in RENAMED:
        yield "name", _with(node, attr=RENAMED[node.attr])
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        if not isinstance(node.test, ast.Constant):
            yield "always", _with(node, test=ast.Constant(True))
        yield "never", _with(node, test=ast.Constant(False))
    if isinstance(node, ast.Return) and ast.unparse(node) not in ("return None", "return False"):
        yield "returns None", ast.Return(ast.Constant(None))
    if isinstance(node, ast.Break | ast.Continue | ast.AugAssign | ast.Expr):
        yield "deleted", ast.Pass()
    yield from _parts_dropped(node)
    yield from _order_changed(node)


def _parts_dropped(node: ast.AST) -> Alternatives:
    if isinstance(node, ast.BoolOp):
        for k in range(len(node.values)):
            rest = [v for at, v in enumerate(node.values) if at != k]
            yield f"without part {k + 1}", rest[0] if len(rest) == 1 else _with(node, values=rest)
    if isinstance(node, ast.Tuple | ast.List | ast.Set) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        for k in range(len(node.elts) if len(node.elts) > 1 else 0):
            yield f"without part {k + 1}", _with(node, elts=node.elts[:k] + node.elts[k + 1 :])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield "without part 1", node.right
        yield "without part 2", node.left
    if isinstance(node, ast.Call):
        joined = any(isinstance(a, ast.Starred) for a in node.args) or _name(node) in JOIN
        for k in range(len(node.args) if joined else 0):
            yield f"without part {k + 1}", _with(node, args=node.args[:k] + node.args[k + 1 :])
        if _name(node) in TRANSPARENT and node.args:
            yield f"without {_name(node)}", node.args[0]
    if isinstance(node, ast.comprehension):
        for k in range(len(node.ifs)):
            yield "without a filter", _with(node, ifs=node.ifs[:k] + node.ifs[k + 1 :])
    if isinstance(node, ast.Slice):
        for side in ("lower", "upper", "step"):
            if getattr(node, side) is not None:
                yield f"without {side}", _with(node, **{side: None})


def _order_changed(node: ast.AST) -> Alternatives:
    if isinstance(node, ast.Call) and len(node.args) >= 2 and _alike(_name(node)):
        yield "arguments swapped", _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
    if isinstance(node, ast.For) and not isinstance(node.iter, ast.Call):
        iterated = ast.Call(ast.Name("reversed", ast.Load()), [_as_list(node.iter)], [])
        yield "backwards", _with(node, iter=iterated)


def _name(call: ast.Call) -> str:
    """The name of the function that is called; nothing where it is an expression."""
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _alike(name: str) -> bool:
    return name in ALIKE or (name[:1].isupper() and name not in COMMUTE)


def _as_list(node: ast.expr) -> ast.expr:
    return ast.List([ast.Starred(node, ast.Load())], ast.Load())


def _with(node: Any, **fields: Any) -> Any:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def mutants(name: str, only: str = "") -> Iterator[Mutant]:
    """Every mutant of the functions (and tables of functions) of a module."""
    whole = parsed(name)
    for at, top in enumerate(whole.body):
        label = getattr(top, "name", "table")
        if only and only != label:
            continue
        for start in _mutable(top):
            for way, node in _walk(whole, ("body", at, *start)):
                for what, new in alternatives(node):
                    change = f"{what}: {_short(node)}  →  {_short(new)}"
                    yield Mutant(name, label, node.lineno, change, way, new)  # type: ignore[attr-defined]


def parsed(name: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(Path(importlib.import_module(MODULES[name]).__file__ or "").read_text("utf-8"))


def _mutable(top: ast.stmt) -> list[tuple[str | int, ...]]:
    """The paths to what may change in a statement: bodies of functions, values of tables."""
    if isinstance(top, ast.FunctionDef):
        first = 1 if ast.get_docstring(top) else 0
        return [("body", k) for k in range(first, len(top.body))]
    if isinstance(top, ast.AnnAssign) and isinstance(top.value, ast.Dict):
        return [("value", "values", k) for k in range(len(top.value.values))]
    return []


def _walk(top: ast.AST, start: Way) -> Iterator[tuple[Way, ast.AST]]:
    node = _at(top, start)
    if isinstance(node, ast.Assert) or getattr(node, "arg", "") == "strict":
        return
    if hasattr(node, "lineno"):
        yield start, node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        if isinstance(value, list):
            for k, part in enumerate(value):
                if isinstance(part, ast.AST):
                    yield from _walk(top, (*start, field, k))
        elif isinstance(value, ast.AST):
            yield from _walk(top, (*start, field))


def _at(node: Any, way: Way) -> Any:
    for step in way:
        node = getattr(node, step) if isinstance(step, str) else node[step]
    return node


def changed(mutant: Mutant) -> ast.Module:
    """The syntax tree of the module with the change."""
    whole = parsed(mutant.module)
    owner, last = _at(whole, mutant.way[:-1]), mutant.way[-1]
    if isinstance(last, str):
        setattr(owner, last, mutant.new)
    else:
        owner[last] = mutant.new
    return ast.fix_missing_locations(whole)


def _short(node: ast.AST) -> str:
    flat = " ".join(ast.unparse(node).split())
    return flat if len(flat) < 90 else flat[:86] + " ..."


# -- running them --------------------------------------------------------------------------------


def install(mutant: Mutant) -> None:
    """Put the mutant's code into the functions of the imported module."""
    live = importlib.import_module(MODULES[mutant.module])
    code = compile(changed(mutant), str(live.__file__), "exec")
    fresh = ModuleType(live.__name__)
    sys.modules[live.__name__] = fresh  # for dataclasses, which look their module up
    try:
        exec(code, vars(fresh))
    finally:
        sys.modules[live.__name__] = live
    old, new = vars(live)[_target(live, mutant)], vars(fresh)[_target(live, mutant)]
    if isinstance(old, dict):
        old.update(new)
    else:
        _function(old).__code__ = _function(new).__code__


def _target(live: ModuleType, mutant: Mutant) -> str:
    if mutant.function != "table":
        return mutant.function
    return next(k for k, v in vars(live).items() if isinstance(v, dict) and k.isupper())


def _function(f: Any) -> FunctionType:
    f = getattr(f, "apply", f)
    return getattr(f, "__wrapped__", f)  # type: ignore[no-any-return]


def noticed(mutant: Mutant) -> bool:
    """Whether some test fails (or never ends) with the mutant in place."""
    child = os.fork()
    if child == 0:
        os._exit(_tried(mutant))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == BROKEN:
        raise RuntimeError(f"cannot put in place: {mutant}")
    return status != 0


def _tried(mutant: Mutant) -> int:
    """The status of the tests, in a process of its own."""
    signal.alarm(SECONDS)
    try:
        install(mutant)
    except Exception:
        traceback.print_exc()
        return BROKEN
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        first_look()
        return run(QUICK) or run(SLOW)
    except BaseException:
        return 1


def first_look() -> None:
    """The tables of the tests without any verification, and without starting the test runner."""
    for array_law, left, right in test_array_laws.TABLE:
        assert array_law.apply(left) == right
    for law in test_laws.TABLE:
        new = law.rule.apply(law.before, law.scope)
        assert (new is None) == (law.after is None)
        assert new is None or same(new, law.after)
    for table, wanted in ((test_values.WITH_VALUE, True), (test_values.PERHAPS_WITHOUT, False)):
        for where, text in table:
            assert has_value(scope_of(where), from_text(text, NAMES)) is wanted
    for samples in (proof.samples_of, lambda scope: test_proof.NONE):
        with mock.patch.object(proof, "samples_of", samples):
            for table, wanted in ((test_proof.PROVABLE, True), (test_proof.UNPROVABLE, False)):
                for where, text in table:
                    assert proves(scope_of(where), from_text(text, NAMES, Guard)) is wanted


class Sample:
    """A plugin that leaves out most of the grid of options."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        grid = [item for item in items if item.path.name == "test_oracle.py"]
        kept = {id(item) for item in grid[::EVERY]}
        items[:] = [i for i in items if i.path.name != "test_oracle.py" or id(i) in kept]


def run(files: tuple[str, ...]) -> int:
    """0 where all tests in these files pass."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", LEFT_OUT]
    paths = [str(TESTS / f) for f in files if (TESTS / f).exists()]
    return int(pytest.main([*options, *paths], plugins=[Sample()]))


_NOT_READ = "bounds do not read the indices of their own and of later ranges"
_SLOWER = "`same` says so, too, but takes longer"
_NEW_NAME = "a new name for a bound index changes nothing"
_LIMIT = "the search ends long before its limit, which is there for the worst"
EQUIVALENT = (
    ("sums:one_point", "without upper: :at", _NOT_READ),
    ("sums:merge_sums", "always: if any", _NEW_NAME),
    ("derivative:linearity", "always: if any", _NEW_NAME),
    ("proof:proves", "without part 1: not e.terms", "0 ≥ 0 is proved, too, but later"),
    ("guards:narrow", "without upper: :at", _NOT_READ),
    ("guards:redundant_bound", "number: 1", "2e ≥ 0 says the same as e ≥ 0"),
    ("definitions:_patterns", "name: min", "each array that a pattern reads will do"),
    ("definitions:use_opposite_fact", "never: if not", "a sum of one term is no Plus in a fact"),
    ("terms:_renamed", "without part 1: type(f)", _SLOWER),
    ("terms:_renamed", "without part 2: type(f)", _SLOWER),
    ("proof:_prove", "operator: depth - 1", _LIMIT),
    ("proof:_prove", "without part 1: depth - 1", _LIMIT),
    ("proof:_prove", "without part 2: depth - 1", _LIMIT),
    ("proof:_prove", "number: 1", _LIMIT),
    ("proof:_prove", "comparison: c > 0", "no term has the number 0"),
    ("proof:_without_floor", "always: _remainder", "it is looked at only where facts are told"),
    ("proof:_without_floor", "comparison: s > 0", "the sign is known there"),
    ("proof:_worst", "backwards", "any of the bounds will do"),
    ("proof:_last_computed", "without reversed", "a size that comes back is put in again"),
    ("sampling:samples_of", "always: if not isinstance", "it only draws again"),
    ("sampling:_of_sizes", "number: 4", "four tries for a draw are a choice"),
    ("sampling:_sizes", "arguments swapped: Numbers", "both are empty"),
    ("sampling:_sizes", "without part 1: value is None", "definitions have values"),
    ("sampling:_extend", "never: if scope.parent", "it only draws the outer indices again"),
    ("sampling:_extend", "without lower", "it only draws the outer indices again"),
    ("algebra:factor_out", "backwards: for rest in left", "each list is on its own"),
    ("algebra:factor_out", "comparison: term[0] < 0", "no term has the number 0"),
)
"""Mutants that change no result: the function, how the change begins, and the reason."""


def equivalent(m: Mutant) -> bool:
    """Whether a mutant is known to change no result."""
    return any(m.place == place and m.change.startswith(how) for place, how, _ in EQUIVALENT)


def main(names: list[str]) -> int:
    wanted = [name.partition(":")[::2] for name in names or MODULES]
    every = [m for name, function in wanted for m in mutants(name, function)]
    nothing = Mutant(
        every[0].module, every[0].function, 0, "nothing", ("body",), parsed(every[0].module).body
    )
    if noticed(nothing):
        raise RuntimeError("the tests fail without any change")
    survivors = []
    with ThreadPoolExecutor(2) as workers:
        for k, (m, seen) in enumerate(zip(every, workers.map(noticed, every), strict=True)):
            if not seen and not equivalent(m):
                survivors.append(m)
                print(f"survives: {m}", flush=True)
            if k % 100 == 99:
                print(f"{k + 1} of {len(every)} tried", flush=True)
    print(f"{len(every)} mutants, {len(every) - len(survivors)} noticed or equivalent")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
