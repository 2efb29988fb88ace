"""The schema of a Given: what a person writes, in TOML or as a dict.

Every table refuses keys that it does not know.  Meanings are settled in `build`, not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationError,
)

from derive.errors import InputError
from derive.network.ask import KINDS, Ask
from derive.network.names import nearest
from derive.network.options import nested
from derive.network.source import Source, read_toml


class Table(BaseModel):
    """A table of a Given."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _extent(value: object) -> int | str:
    if isinstance(value, str) or (type(value) is int and value >= 1):
        return value
    raise ValueError("a whole number of at least 1, or the name of a size")


def _size(value: object) -> int | str:
    if isinstance(value, str) or (type(value) is int and value >= 0):
        return value
    raise ValueError("a whole number that is not negative, a bound such as “>=1”, or an expression")


def _facts(value: object) -> object:
    """Facts in both spellings: strings, and tables with the key `latex`."""
    if isinstance(value, (list, tuple)):
        return tuple(_fact(v) for v in value)
    return value


def _fact(value: object) -> object:
    return value["latex"] if isinstance(value, dict) and list(value) == ["latex"] else value


def _span(value: object) -> tuple[int, int]:
    if isinstance(value, (list, tuple)) and len(value) == 2:
        low, high = value
        if type(low) is int and type(high) is int and low <= high:
            return (low, high)
    raise ValueError("two whole numbers, the smallest and the largest")


def _question(value: object) -> object:
    """A question in both spellings: a table, or its name alone."""
    return {"question": value} if isinstance(value, str) else value


Extent = Annotated[int | str, PlainValidator(_extent, json_schema_input_type=int | str)]
SizeValue = Annotated[int | str, PlainValidator(_size, json_schema_input_type=int | str)]
Span = Annotated[tuple[int, int], PlainValidator(_span, json_schema_input_type=list[int])]
Value = Annotated[Any, PlainValidator(nested, json_schema_input_type=float | str | list[Any])]


class Latex(Table):
    """A fact in its long spelling."""

    latex: str


class Conventions(Table):
    """How the document counts, lays out and sums."""

    index_base: Literal[0, 1] = 1
    layout: Literal["shape", "numerator", "denominator"] = "shape"
    matrix_layout: Literal["shape", "numerator", "denominator"] | None = None
    summation: Literal["explicit", "einstein"] = "explicit"
    index_position: Literal["lower", "upper"] = "lower"
    positions: Literal["tuples", "deltas", "spelled"] = "deltas"

    def layout_by(self, rank: int) -> str:
        """The layout of derivatives by an array with that many axes."""
        return (self.matrix_layout if rank > 1 else None) or self.layout


class LayerEntry(BaseModel):
    """A layer: its type, its name, what it reads, and the options of that type."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    type: str
    name: str | None = None
    input: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class LossEntry(LayerEntry):
    """The loss: its type, its target, and its options."""

    target: str


def _sequence(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_sequence)]
Facts = Annotated[
    tuple[str, ...], BeforeValidator(_facts, json_schema_input_type=list[str | Latex])
]
Layers = Annotated[tuple[LayerEntry, ...], BeforeValidator(_sequence)]
Extents = Annotated[tuple[Extent, ...], BeforeValidator(_sequence)]
Asked = Annotated[
    Annotated[Ask, Field(discriminator="question")],
    BeforeValidator(_question, json_schema_input_type=str | Ask),
]


def _seconds(value: object) -> object:
    """Second derivatives in both spellings: names, and tables."""
    if isinstance(value, (list, tuple)):
        return tuple({"wrt": v} if isinstance(v, str) else v for v in value)
    return value


class Second(Table):
    """A second derivative: of the loss, or `of` another number, twice by `wrt` or by two arrays.

    With `vector`, its product with an array of that name, which has the shape of `wrt`.
    """

    wrt: Annotated[
        tuple[str, ...],
        BeforeValidator(lambda v: (v,) if isinstance(v, str) else _sequence(v)),
        Field(min_length=1, max_length=2, json_schema_extra={}),
    ]
    of: str | None = None
    vector: str | None = None


Seconds = Annotated[
    tuple[Second, ...], BeforeValidator(_seconds, json_schema_input_type=list[str | Second])
]


class Given(Table):
    """A whole Given.  `from_dict` makes one with readable errors; `load` reads one from a file.

    A definition `for \\ell = 1..L-1` that reads the level before, with arrays declared as members
    of families ('A_\\ell' = ['n_\\ell', 'n_{\\ell-1}']), describes a stack of L layers.

    `compose` names definitions that the document also writes in terms of what is given.  `second`
    asks for second derivatives, `listings` for the passes as Python.

    `variants` says between which whole numbers a size, or the entries of an array, may be drawn
    afresh for a variant of a sheet.
    """

    derive: Literal[1] = 1
    title: str = ""
    conventions: Conventions = Conventions()
    sizes: dict[str, SizeValue] = Field(default_factory=dict)
    tensors: dict[str, Extents] = Field(default_factory=dict)
    layers: Layers = ()
    loss: LossEntry | None = None
    facts: Facts = ()
    define: Texts = ()
    form: Literal["index", "matrix", "vector"] = "index"
    compose: Texts = ()
    second: Seconds = ()
    listings: Literal["none", "arrays", "loops"] = "none"
    notation: dict[str, str] = Field(default_factory=dict)
    values: dict[str, Value] = Field(default_factory=dict)
    variants: dict[str, Span] = Field(default_factory=dict)
    problems: Annotated[tuple[Problem, ...], BeforeValidator(_sequence)] = ()
    _source: Source = PrivateAttr(default_factory=Source)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: Source | None = None) -> Given:
        """The Given that a dict of tables says, in the form of the TOML file."""
        source = source or Source()
        try:
            given = cls.model_validate(dict(data))
        except ValidationError as e:
            raise schema_error(cls, e, source) from e
        given._source = source
        return given

    @property
    def source(self) -> Source:
        """Where it was read from."""
        return self._source


class Problem(Given):
    """One problem of several: declarations of its own, questions, and the scope of both.

    What is declared above the problems holds in each; its own tables are added to it.
    """

    text: str = ""
    ask: Annotated[tuple[Asked, ...], BeforeValidator(_sequence)] = ()
    lines: Annotated[tuple[int, ...], BeforeValidator(_sequence)] = ()
    parts: Texts = ()


Given.model_rebuild()


def load(path: str | Path) -> Given:
    """The Given in a TOML file."""
    data, source = read_toml(Path(path))
    return Given.from_dict(data, source)


def schema_error(
    model: type[BaseModel],
    error: ValidationError,
    source: Source,
    *within: str | int,
    label: str = "",
) -> InputError:
    """One complaint of pydantic as a paragraph, with the place of the entry.

    `within` leads to the table that is validated, which messages call `label`.  A key that is not
    known comes first: where one is misspelt, another may be missing.
    """
    found = error.errors()
    first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
    path = [part for k, part in enumerate(first["loc"]) if not _is_tag(first["loc"], k)]
    if first["type"].startswith("union_tag"):
        return _unknown_question(first, path, source.place(*within, *path))
    *outer, key = path or ("",)
    what = str(key)
    if isinstance(key, int) and outer:
        what = f"entry {key + 1} of {outer.pop()}"
    table = label or _table((*within, *outer))
    if first["type"] == "extra_forbidden":
        near = nearest(what, _fields(model, first["loc"][:-1]))
        message = f"{table}: “{what}” is not known here. {near}"
    elif first["type"] == "missing":
        message = f"{table}: “{what}” is missing; add it."
    else:
        expected = _EXPECTED.get(first["type"], first["msg"].removeprefix("Input should be "))
        if first["type"] == "value_error":
            expected = str(first["ctx"]["error"])
        message = f"{table}: {what} = {_shown(first['input'])}, expected {expected}."
    return InputError(message, **source.place(*within, *path))


def _is_tag(loc: tuple[str | int, ...], k: int) -> bool:
    """Whether a part of the place of a complaint is the kind of a question, and no key."""
    return k >= 2 and loc[k - 2] == "ask" and loc[k] in KINDS


def _unknown_question(
    error: Mapping[str, Any], path: list[str | int], place: dict[str, Any]
) -> InputError:
    """The complaint about a table in `ask` that is no question of ours."""
    table = _table(path)
    if error["type"] == "union_tag_not_found":
        hint = 'add one, such as question = "output_size"'
        return InputError(f"{table}: “question” is missing; {hint}.", **place)
    asked = str(error["ctx"]["tag"])
    return InputError(
        f"{table}: there is no question “{asked}”. {nearest(asked, KINDS)} "
        "`derive questions` lists all, with their fields.",
        **place,
    )


_EXPECTED = {
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table or the name of a question",
    "tuple_type": "a list",
}


def _table(path: Iterable[str | int]) -> str:
    """What messages call a table: [sizes], or [layers], entry 2."""
    words = ""
    for part in path:
        between = ", " if words else ""
        words += f", entry {part + 1}" if isinstance(part, int) else f"{between}[{part}]"
    return words or "the Given"


def _shown(value: object) -> str:
    text = repr(_plain(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(value: object) -> object:
    """Fractions as decimals, as they were written."""
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return float(value) if isinstance(value, Fraction) else value


def _fields(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """The names of the fields of the table that a path from `model` leads to."""
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
        elif isinstance(part, str):
            model = KINDS.get(part, model)
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model_in(a)) is not None), None)
