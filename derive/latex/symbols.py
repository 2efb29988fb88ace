"""The table of declared symbols: what each name in a formula stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from derive.ir import Formula, Index, Int, Size, Tensor
from derive.latex.error import ReadError
from derive.latex.parse import parse
from derive.latex.tree import Factors, Node, as_name, spell, without_font


@dataclass(frozen=True)
class Cotangent:
    """The name of ∂loss/∂(an entry of `tensor`)."""

    tensor: Tensor


@dataclass(frozen=True)
class ScalarFunction:
    """The name of a function of `ir.FUNCTIONS`, or of an unknown one."""

    name: str


@dataclass(frozen=True)
class Kronecker:
    """The name of the Kronecker delta."""


@dataclass(frozen=True)
class DefinedFunction:
    """A scalar function that the document defines: `body` at the scalars `parameters`."""

    parameters: tuple[Tensor, ...]
    body: Formula


@dataclass(frozen=True)
class ArrayFunction:
    """A function of whole arrays that the document defines: its value has `body` at `indices`.

    The body reads the arrays `parameters`, in whose place those stand that it is applied to.
    """

    parameters: tuple[Tensor, ...]
    indices: tuple[Index, ...]
    shape: tuple[Int, ...]
    body: Formula


@dataclass(frozen=True)
class Ones:
    """The name of an array of ones of a length; None where the context says which."""

    length: Int | None = None


@dataclass(frozen=True)
class Identity:
    """The name of an identity matrix of an order; None where the context says which."""

    order: Int | None = None


@dataclass(frozen=True)
class Operator:
    """The name of an operation on whole arrays: its `meaning` is one of `OPERATIONS`."""

    meaning: str


@dataclass(frozen=True)
class Abbreviation:
    """A name that a text defines for itself: `formula` is its entry at `indices`.

    A `called` one has them in brackets: `f(i,j)`.
    """

    formula: Formula
    indices: tuple[Index, ...]
    shape: tuple[Int, ...]
    called: bool = False


OPERATIONS = (
    "valid cross-correlation",
    "full cross-correlation",
    "valid convolution",
    "full convolution",
    "rotation by 180 degrees",
    "transpose",
    "elementwise product",
    "outer product",
    "Kronecker product",
    "integer division",
    "indicator",
    "flattening of all axes but the first",
)

Meaning: TypeAlias = (
    Tensor
    | Size
    | Index
    | Cotangent
    | ScalarFunction
    | Kronecker
    | DefinedFunction
    | ArrayFunction
    | Ones
    | Identity
    | Operator
    | Abbreviation
)


@dataclass(frozen=True)
class Symbols:
    """What names mean; every name is written exactly as in the LaTeX.

    `indices` are indices with names of more than a letter, or whose object matters; a single
    letter that nothing declares is an index where it stands in an index position.  `base` is where
    indices of new tensors begin.  `functions` gives the function of a name (`\\sigma`: "sigmoid");
    another name there is that of an unknown function, as f, g, h, φ, ψ are without being declared.
    `cotangents` names derivatives of `loss`, or of the scalar that `losses` has for that name.

    What a document declares beyond that: `defined` functions, `ones` and `identities`, `operators`
    (a key such as `/` or `\\star` need not be a letter), further names of the Kronecker delta,
    names of arrays and cotangents that are 0 outside their range, conventions, and names whose
    declaration was not understood (`unknown`, with the phrase).

    Products of matrices over an index begin with its first value, or the last one if `descending`.

    `results` are names of tensors that are computed, so that a ∇ before one differentiates just
    that.  `abbreviations` are names that the text has defined for itself.  A lone
    index of an array in `slices` is that of the axis given there, from 0.
    """

    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    sizes: Mapping[str, Size] = field(default_factory=dict)
    indices: Mapping[str, Index] = field(default_factory=dict)
    base: int = 1
    kronecker: str = "\\delta"
    functions: Mapping[str, str] = field(default_factory=lambda: {"\\sigma": "sigmoid"})
    cotangents: Mapping[str, Tensor] = field(default_factory=dict)
    loss: Tensor | None = None
    losses: Mapping[str, Tensor] = field(default_factory=dict)
    defined: Mapping[str, DefinedFunction | ArrayFunction] = field(default_factory=dict)
    ones: Mapping[str, Ones] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)
    operators: Mapping[str, Operator] = field(default_factory=dict)
    kroneckers: tuple[str, ...] = ()
    zero_outside: frozenset[str] = frozenset()
    layout: str = "shape"
    matrix_layout: str = "shape"
    einstein: bool = False
    upper: bool = False
    descending: bool = False
    unknown: Mapping[str, str] = field(default_factory=dict)
    results: tuple[str, ...] = ()
    abbreviations: Mapping[str, Abbreviation] = field(default_factory=dict)
    slices: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def sliced(self) -> dict[Node, int]:
        """The names in `slices`, as trees."""
        return {_name(name): axis for name, axis in self.slices.items()}

    @cached_property
    def table(self) -> dict[Node, Meaning]:
        """Each name, as a tree, with its meaning; what is declared hides what is so by custom."""
        table: dict[Node, Meaning] = {}
        if self.kronecker:
            table[_name(self.kronecker)] = Kronecker()
        for name in self.kroneckers:
            table[_name(name)] = Kronecker()
        for name, function in self.functions.items():
            table[_name(name)] = ScalarFunction(function)
        for name, tensor in self.cotangents.items():
            table[_name(name)] = Cotangent(tensor)
        for name, operator in self.operators.items():
            if not _MARK.fullmatch(name):
                table[_name(name)] = operator
        declared: dict[str, Meaning] = {**self.defined, **self.ones, **self.identities}
        declared |= {**self.abbreviations, **self.indices, **self.sizes, **self.tensors}
        for name, meaning in declared.items():
            table[_name(name)] = meaning
        return table

    @cached_property
    def bases(self) -> frozenset[Node]:
        """The letters of all names, without their scripts."""
        return frozenset(getattr(name, "base", name) for name in self.table)

    @cached_property
    def fonts(self) -> dict[Node, Node]:
        """Letters that are declared in one font only, and not without it, with that font."""
        found: dict[Node, list[Node]] = {}
        for base in sorted(self.bases, key=spell):
            plain = without_font(base)
            if plain is not None and plain not in self.bases:
                found.setdefault(plain, []).append(base)
        return {plain: some[0] for plain, some in found.items() if len(some) == 1}

    @cached_property
    def customary(self) -> dict[Node, Meaning]:
        """What a name may still mean where its declared meaning does not fit."""
        return {_name(self.kronecker): Kronecker()} if self.kronecker else {}

    @cached_property
    def compounds(self) -> dict[Node, tuple[Factors, ...]]:
        """The names of several letters (`dW`, `d\\hat x`) by the first of them, longest first."""
        found: dict[Node, list[Factors]] = {}
        for name in self.table:
            base = getattr(name, "base", name)
            if isinstance(base, Factors) and base not in found.get(base.factors[0][1], []):
                found.setdefault(base.factors[0][1], []).append(base)
        return {k: tuple(sorted(v, key=lambda f: -len(f.factors))) for k, v in found.items()}

    @cached_property
    def zeros(self) -> frozenset[Node]:
        """The names in `zero_outside`, as trees."""
        return frozenset(map(_name, sorted(self.zero_outside)))

    @cached_property
    def marks(self) -> dict[str, str]:
        """The meaning of marks between arrays (`\\star`) by the mark."""
        return {name: operator.meaning for name, operator in self.operators.items()}


_MARK = re.compile(
    r"[^A-Za-z\\]+|\\(?:star|ast|circ|odot|otimes|oslash|cdot|times|bullet|circledast|boxtimes|diamond|oplus)"
)
"""Names of operations that are marks between arrays and no symbols."""


def _name(name: str) -> Node:
    try:
        return as_name(parse(name))
    except ReadError as error:
        raise error.within(name) from None
