"""The schema of questions: what `ask` holds.

A question is a table with the key `question`; a text such as "output_size" is the table with that
key alone.  Arrays are named as in the Given; where `of` is left out, the last definition is meant.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from derive.network.options import exact


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


def _numbers(value: object) -> object:
    return tuple(map(_numbers, value)) if isinstance(value, (list, tuple)) else exact(value)


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
Numbers = Annotated[Any, PlainValidator(_numbers, json_schema_input_type=float | list[Any])]
Entries = Annotated[
    tuple[Fraction, ...], PlainValidator(_entries, json_schema_input_type=list[float])
]
Points = Annotated[Fraction, PlainValidator(_points, json_schema_input_type=float)]
Choices = Annotated[
    tuple[int, ...], PlainValidator(_whole_numbers, json_schema_input_type=int | list[int])
]


class Question(BaseModel):
    """What every question may have.

    `points` are printed beside it; `decimals` says to how many decimals numbers are rounded that
    are not short; `text` is the wording, which is made from the other fields where it is left out.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    question: str
    points: Points | None = None
    decimals: Annotated[int, Field(ge=0, le=12)] = 4
    text: str = ""


class OutputSize(Question):
    """How large is the output of the layer that computes `of`: the formula, and this case."""

    question: Literal["output_size"] = "output_size"
    of: str | None = None


class Forward(Question):
    """The values of `of`: one entry, at the position `at`, written out, and the whole table."""

    question: Literal["forward"] = "forward"
    of: str | None = None
    at: Position | None = None


class Gradient(Question):
    """The gradient with respect to `wrt` of an error that depends on `of`, entry by entry.

    `upstream` is the gradient with respect to `of`: a number for all entries, a table, or symbols
    where it is left out.  `error` is the symbol of the error.  If `of` is itself a scalar, it is
    the error.  `terms`: "all", or only those that are "nonzero".  With `at`, only these entries.
    """

    question: Literal["gradient"] = "gradient"
    of: str | None = None
    wrt: str
    upstream: Numbers | None = None
    error: str = "E"
    terms: Literal["nonzero", "all"] = "nonzero"
    at: Positions | None = None


class Pooling(Question):
    """The formulas of pooling layers over their windows S_{i,j}, with the modules of `torch.nn`."""

    question: Literal["pooling"] = "pooling"
    of: Names = ()


class Limit(Question):
    """What LP pooling `of` becomes for p = 1 and for p → ∞: the sum, the mean, the maximum.

    `numbers` are entries of one window with which the limit is looked at along growing p; where
    they are left out and the input has values, those of the first window.
    """

    question: Literal["limit"] = "limit"
    of: str | None = None
    to: Literal["1", "infinity", "both"] = "both"
    variants: Annotated[tuple[Literal["sum", "mean"], ...], BeforeValidator(_one_or_several)] = (
        "sum",
        "mean",
    )
    signs: Literal["nonnegative", "any", "both"] = "both"
    numbers: Entries | None = None


class SolveFor(Question):
    """The `unknown` arrays for which `of` equals `equals` for every input, borders included.

    Names in `choose` are sizes of which the listed values are tried.
    """

    question: Literal["solve_for"] = "solve_for"
    of: str
    equals: str
    unknown: Names
    choose: dict[str, Choices] = Field(default_factory=dict)


class ShowEqual(Question):
    """That `left` and `right` are equal, step by step; or the smallest counterexample.

    Without `right`, `left` is written as a matrix times its input, and the matrix is printed.
    """

    question: Literal["show_equal"] = "show_equal"
    left: str
    right: str | None = None


class Commute(Question):
    """Whether a function that is applied to every entry commutes with the pooling `of`.

    `function` is its name in `define`, or a symbol for any function that is `monotone`.
    """

    question: Literal["commute"] = "commute"
    of: str
    function: str = r"\sigma"
    monotone: Literal["nondecreasing", "nonincreasing"] = "nondecreasing"


class Parameters(Question):
    """How many learnable numbers the layers have; all layers where `of` is left out."""

    question: Literal["parameters"] = "parameters"
    of: Names = ()


class Flops(Question):
    """How many multiplications and additions the layers need, counted from their formulas."""

    question: Literal["flops"] = "flops"
    of: Names = ()


class ReceptiveField(Question):
    """Which entries of `wrt` one entry of `of` depends on."""

    question: Literal["receptive_field"] = "receptive_field"
    of: str | None = None
    wrt: str


class Compare(Question):
    """Whether a formula that somebody wrote holds."""

    question: Literal["compare"] = "compare"
    latex: str


KINDS: dict[str, type[Question]] = {
    kind.model_fields["question"].default: kind
    for kind in (
        *(OutputSize, Forward, Gradient, Pooling, Limit, SolveFor, ShowEqual, Commute),
        *(Parameters, Flops, ReceptiveField, Compare),
    )
}

Ask: TypeAlias = (
    OutputSize
    | Forward
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
