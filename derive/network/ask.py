"""The schema of questions: what `ask` holds.

A question is a table with the key `question`; a text such as "output_size" is the table with that
key alone.  Arrays are named as in the Given; where `of` is left out, the last definition is meant.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from derive.network.options import exact, nested


def _sequence(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else _sequence(value)


def _position(value: object) -> object:
    fits = isinstance(value, (list, tuple)) and all(type(k) is int for k in value)
    if not fits:
        raise ValueError("a position: a list of whole numbers, one for each axis")
    return tuple(value)  # type: ignore[arg-type]


def _positions(value: object) -> object:
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list of positions, such as [[1, 1], [1, 2]]")
    return tuple(map(_position, value))


def _upstream(value: object) -> object:
    """A symbol, as it is; a number or nested lists of numbers."""
    return value if isinstance(value, str) else nested(value)


def _entries(value: object) -> tuple[Fraction, ...]:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("a list of numbers")
    return tuple(map(exact, value))


def _points(value: object) -> Fraction:
    number = exact(value)
    if number < 0:
        raise ValueError("a number that is not negative")
    return number


def _whole_numbers(value: object) -> tuple[int, ...]:
    several = value if isinstance(value, (list, tuple)) else (value,)
    if not several or any(type(k) is not int or k < 0 for k in several):
        raise ValueError("a whole number that is not negative, or a list of such")
    return tuple(several)


Names = Annotated[
    tuple[str, ...], BeforeValidator(_one_or_several, json_schema_input_type=str | list[str])
]
Position = Annotated[tuple[int, ...], PlainValidator(_position, json_schema_input_type=list[int])]
Positions = Annotated[
    tuple[tuple[int, ...], ...],
    PlainValidator(_positions, json_schema_input_type=list[list[int]]),
]
Upstream = Annotated[Any, PlainValidator(_upstream, json_schema_input_type=float | list[Any] | str)]
Entries = Annotated[
    tuple[Fraction, ...], PlainValidator(_entries, json_schema_input_type=list[float])
]
Points = Annotated[Fraction, PlainValidator(_points, json_schema_input_type=float)]
Choices = Annotated[
    tuple[int, ...], PlainValidator(_whole_numbers, json_schema_input_type=int | list[int])
]


class Question(BaseModel):
    """What every question may have."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
    question: str
    """The kind of question."""
    points: Points | None = None
    """The points for it, printed beside the question."""
    decimals: Annotated[int, Field(ge=0, le=12)] = 4
    """To how many decimals numbers are rounded that are no short decimals."""
    text: str = ""
    """The wording of the question; where it is left out, it is made from the other fields."""


class OutputSize(Question):
    """How large is the output of a layer: the general formula, and this case."""

    question: Literal["output_size"] = "output_size"
    of: str | None = None
    """The array that the layer computes; the last definition where it is left out."""


class Forward(Question):
    """The values of an array: one entry written out, and the whole table."""

    question: Literal["forward"] = "forward"
    of: str | None = None
    """The array; the last definition where it is left out."""
    at: Position | None = None
    """The position of the entry that is written out, such as [1, 1]; else the first one."""


class Jacobian(Question):
    """How every entry of one array depends on every entry of another, with its steps.

    Two vectors make one matrix; else entries of `of` have a table each.
    """

    question: Literal["jacobian"] = "jacobian"
    of: str | None = None
    """What is differentiated; the last definition where it is left out."""
    wrt: str
    """By what; `of` may depend on it along several paths, which are all counted."""
    at: Positions | None = None
    """The positions in `of` that have a table, such as [[1, 1], [1, 2]]; else all, or the first
    one where there are many."""


class Gradient(Question):
    """The gradient of an error, entry by entry: the chain rule over what sees the entry."""

    question: Literal["gradient"] = "gradient"
    of: str | None = None
    """The array on which the error depends, or the error itself where it is a number; the last
    definition where it is left out."""
    wrt: str
    """The array with respect to which the gradient is taken."""
    upstream: Upstream | None = None
    """The gradient with respect to `of`: a number for all entries, a table of numbers, or a symbol
    for it such as "G"; where it is left out, its entries stay derivatives."""
    error: str = "E"
    """The symbol of the error."""
    terms: Literal["nonzero", "all"] = "nonzero"
    """Which terms of the chain rule are written out: all, or those that are not 0."""
    at: Positions | None = None
    """The positions in `wrt` that are written out, such as [[1, 1], [1, 2]]; else all."""


class Pooling(Question):
    """Pooling layers over their windows S_{i,j}: formula, `torch.nn` module, gradient, numbers."""

    question: Literal["pooling"] = "pooling"
    of: Names = ()
    """One array that a pooling layer computes, or a list; the last definition where left out."""


class Limit(Question):
    """What LP pooling becomes for p = 1 and for p → ∞: sum, mean and maximum, with the proofs."""

    question: Literal["limit"] = "limit"
    of: str | None = None
    """The array that LP pooling computes; the last definition where it is left out."""
    to: Literal["1", "infinity", "both"] = "both"
    """Which of the two cases."""
    variants: Annotated[tuple[Literal["sum", "mean"], ...], BeforeValidator(_one_or_several)] = (
        "sum",
        "mean",
    )
    """Whether the powers are added, as in `torch`, or averaged; one of them, or a list."""
    signs: Literal["nonnegative", "any", "both"] = "both"
    """Whether entries may be negative; then the exponents are even."""
    numbers: Entries | None = None
    """The entries of one window with which the limit is looked at along growing p; where they are
    left out and the input has values, those of the first window."""


class SolveFor(Question):
    """The weights, bias or sizes for which a layer computes a target for every input."""

    question: Literal["solve_for"] = "solve_for"
    of: str
    """The array that the layer computes."""
    equals: str
    """The array that it shall be equal to, borders included."""
    unknown: Names = ()
    """The array of weights that is sought, or a list of such; none where only sizes are."""
    choose: dict[str, Choices] = Field(default_factory=dict)
    """Sizes, each with the list of values that are tried, such as {K = [2, 3], P = [0, 1]}."""


class ShowEqual(Question):
    """That two arrays are equal, step by step; or the smallest counterexample."""

    question: Literal["show_equal"] = "show_equal"
    left: str
    """One array."""
    right: str | None = None
    """The other; where it is left out, `left` is written as a matrix times its input."""


class Commute(Question):
    """Whether a function that is applied to every entry commutes with a pooling."""

    question: Literal["commute"] = "commute"
    of: str
    """The array that the pooling computes."""
    function: str = r"\sigma"
    """The name of the function in `define`, or a symbol for any function that is `monotone`."""
    monotone: Literal["nondecreasing", "nonincreasing"] = "nondecreasing"
    """What is known of a function that is not defined."""


class Parameters(Question):
    """How many learnable numbers the layers have."""

    question: Literal["parameters"] = "parameters"
    of: Names = ()
    """The layers, by what they compute; all where it is left out."""


class Flops(Question):
    """How many multiplications and additions the layers need, counted from their formulas."""

    question: Literal["flops"] = "flops"
    of: Names = ()
    """The layers, by what they compute; all where it is left out."""


class ReceptiveField(Question):
    """Which entries of an input one entry of an output depends on."""

    question: Literal["receptive_field"] = "receptive_field"
    of: str | None = None
    """The output; the last definition where it is left out."""
    wrt: str
    """The input."""


class Compare(Question):
    """Whether a formula that somebody wrote holds."""

    question: Literal["compare"] = "compare"
    latex: str
    """The formula, such as 'C_{11} = A_{11} B_{11}'."""


KINDS: dict[str, type[Question]] = {
    kind.model_fields["question"].default: kind
    for kind in (
        *(OutputSize, Forward, Jacobian, Gradient, Pooling, Limit, SolveFor, ShowEqual, Commute),
        *(Parameters, Flops, ReceptiveField, Compare),
    )
}

COMMON = tuple(name for name in Question.model_fields if name != "question")
"""The fields that every question may have."""


def fields(kind: type[Question]) -> dict[str, str]:
    """What each field of a kind of question means, by its name, or its name and default."""
    told: dict[str, str] = {}
    for name, field in kind.model_fields.items():
        if name == "question" or (kind is not Question and name in COMMON):
            continue
        default = field.get_default(call_default_factory=True)
        shown = name if field.is_required() or not default else f"{name} = {_toml(default)}"
        if get_origin(field.annotation) is Literal:
            others = (_toml(c) for c in get_args(field.annotation) if c != default)
            shown = " or ".join((shown, *others))
        need = "Required. " if field.is_required() else ""
        told[shown] = need + (field.description or "").replace("\n", " ")
    return told


def _toml(default: object) -> str:
    """A default as it is written in a file."""
    return json.dumps(default, ensure_ascii=False)


Ask: TypeAlias = (
    OutputSize
    | Forward
    | Jacobian
    | Gradient
    | Pooling
    | Limit
    | SolveFor
    | ShowEqual
    | Commute
    | Parameters
    | Flops
    | ReceptiveField
    | Compare
)
