"""From a Given to definitions: layers are joined, sizes are named, the loss is put at the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from derive.derivation.program import Layer, Program
from derive.errors import InputError, Unsupported
from derive.ir import Relation, Tensor
from derive.latex import Symbols
from derive.network.chain import Chain
from derive.network.cotangents import Cotangents, cotangents, roots_of
from derive.network.declare import Declarations
from derive.network.defining import Defining
from derive.network.facts import facts
from derive.network.functions import Functions, applied_by_entry
from derive.network.given import Conventions, Given, Second
from derive.network.names import is_symbol, nearest
from derive.network.notation import notation_of
from derive.network.read_stack import stack_of
from derive.network.site import show_shape
from derive.network.sizes import value_of
from derive.verify.world import Given as Entries


@dataclass(frozen=True)
class SecondAsked:
    """A second derivative to derive, or its product with a vector."""

    of: Tensor
    by: Tensor
    and_by: Tensor
    vector: Tensor | None = None


@dataclass(frozen=True)
class Model:
    """A network as definitions, with what a document says of it layer by layer.

    `layers` ends with the loss, where there is one.  `values` are the numbers that the Given has
    for tensors, by name, as nested tuples of fractions.  `table` says what the names in a formula
    about this model mean; `hidden` are given arrays without a meaning of their own, the
    coefficients of unknown functions.  `warnings` are sentences for the user; `form` is
    that in which results are shown: index, matrix or vector; `compose` are the
    definitions to be written in terms of what is given, `second` the second derivatives that are
    asked for, and `listings` the style of the code to be shown.
    """

    title: str
    conventions: Conventions
    program: Program
    layers: tuple[Layer, ...]
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    values: dict[str, Any] = field(default_factory=dict)
    table: Symbols = field(default_factory=Symbols)
    hidden: tuple[Tensor, ...] = ()
    warnings: tuple[str, ...] = ()
    form: str = "index"
    compose: tuple[Tensor, ...] = ()
    second: tuple[SecondAsked, ...] = ()
    listings: str = "none"

    def layout_of(self, by: Tensor) -> str:
        """The layout of derivatives by an array."""
        return self.conventions.layout_by(len(by.shape))

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The learnable arrays, layer by layer."""
        return tuple(p for layer in self.layers for p in layer.parameters)


def build(given: Given, checking: bool = False, literal: bool | None = None) -> Model:
    """The definitions that a Given stands for.

    For `checking` what somebody wrote, sizes that have a number keep it, where a derivation keeps
    them free (`literal` says otherwise); nothing needs to be defined, and there is a loss for every
    cotangent.
    """
    if not checking:
        given = _with_number_of_layers(given)
        _refuse_unused(given)
    literal = checking if literal is None else literal
    taken: set[str] = set()
    entrywise = applied_by_entry(given)
    if entrywise:
        try:
            return _built(given, checking, literal, entrywise, set())
        except InputError:
            pass  # where that does not fit, they give one number
    try:
        return _warned(_built(given, checking, literal, frozenset(), taken), taken)
    except InputError as error:
        if not taken:
            raise
        try:
            return _built(given, checking, literal, frozenset(taken), set())
        except InputError:
            raise error from None


def _warned(model: Model, numbers: set[str]) -> Model:
    """A model with a warning for each unknown function taken to give one number for an array."""
    warnings = tuple(
        f"nothing declares {name}: it is taken to give one number for a whole array. If it has an "
        f"array for a value, declare the left side in [tensors]; if it is applied entry by entry, "
        f"say {name} = “function” in [notation]."
        for name in sorted(numbers)
    )
    return replace(model, warnings=(*model.warnings, *warnings))


def _built(
    given: Given, checking: bool, literal: bool, by_entry: frozenset[str], taken: set[str]
) -> Model:
    """The model with the unknown functions `by_entry` applied entry by entry.

    `taken` collects the names of those that were taken to give one number for a whole array.
    """
    notation = notation_of(given)
    declared = Declarations(given, notation, literal)
    chain = Chain(given, declared)
    layers: tuple[Layer, ...] = ()
    for k, entry in enumerate(given.layers):
        layers = (*layers, chain.layer(k, entry))
        for t in (*layers[-1].parameters, layers[-1].output):
            declared.known.add(t)
        declared.settle()
    functions = Functions(given, notation, declared, checking, by_entry, taken)
    layers = (*layers, *Defining(given, declared, chain, functions).layers())
    declared.finish()
    if given.loss is not None:
        layers = (*layers, chain.loss(given.loss))
        for t in (*chain.targets, *(d.tensor for d in layers[-1].definitions)):
            declared.known.add(t)
    if not layers and not checking:
        expected = "Expected [[layers]], or `define`."
        raise InputError(f"there is nothing to derive. {expected}", **given.source.place())
    relations = facts(
        given, functions.table, declared.known, tuple(declared.inputs), declared.sizes
    )
    return _model(given, declared, chain, functions, layers, relations, checking)


def _model(
    given: Given,
    declared: Declarations,
    chain: Chain,
    functions: Functions,
    layers: tuple[Layer, ...],
    relations: tuple[Relation, ...],
    checking: bool,
) -> Model:
    made = tuple(d for layer in layers for d in layer.definitions)
    inputs = tuple(t for t in declared.inputs if t not in {d.tensor for d in made})
    parameters = tuple(p for layer in layers for p in layer.parameters)
    loss = _loss_of(layers, given)
    hidden, named = (*functions.hidden, *functions.arguments), Cotangents({}, {})
    if checking:
        taken = (*declared.known.names, *(s.name for s in declared.sizes.declared))
        named = cotangents(given, functions.notation, made, declared.known, taken)
        if (unknown := named.unknown) is not None:
            hidden, made = (*hidden, *unknown.coefficients), (*made, *unknown.definitions)
        loss = next((t for t in reversed(roots_of(made)) if not t.shape), None)
    program = Program(
        given=(*inputs, *chain.targets, *parameters, *dict.fromkeys(hidden)),
        definitions=made,
        facts=relations,
        loss=loss,
        size_facts=declared.sizes.facts,
        sizes=declared.sizes.all,
    )
    _check_values(given, program)
    model = Model(
        *(given.title, given.conventions, program, layers, inputs, chain.targets, given.values),
        table=_table(functions, named, program),
        hidden=hidden,
        warnings=functions.notation.warnings,
        form=given.form,
        compose=tuple(_composed(name, k, given, program) for k, name in enumerate(given.compose)),
        listings=given.listings,
    )
    places = (given.source.place("second", k) for k in range(len(given.second)))
    return reduce(_with_second, zip(given.second, places, strict=True), model)


def _loss_of(layers: tuple[Layer, ...], given: Given) -> Tensor | None:
    """The last output, where the Given says that it is a loss or defines it as a scalar."""
    output = layers[-1].output if layers else None
    if output is None or given.loss is not None:
        return output
    return output if given.define and not output.shape else None


def _composed(name: str, k: int, given: Given, program: Program) -> Tensor:
    """The definition that an entry of `compose` names."""
    known = {t.name: t for t in program.defined} | {t.symbol: t for t in program.defined}
    if name not in known:
        raise InputError(
            f"compose: there is no definition “{name}”. {nearest(name, known)}",
            **given.source.place("compose", k),
        )
    return known[name]


def _with_second(model: Model, entry: tuple[Second, dict[str, Any]]) -> Model:
    """The model with one more second derivative to derive, and where it is asked for."""
    asked, place = entry
    program = model.program
    known = {t.name: t for t in (*program.given, *program.defined)}
    for name in (*asked.wrt, *([asked.of] if asked.of else [])):
        if name not in known:
            raise InputError(f"second: there is no “{name}”. {nearest(name, known)}", **place)
    of = known[asked.of] if asked.of else program.loss
    if of is None or of not in program.defined:
        told = f"{asked.of} is given" if asked.of else "there is no loss"
        raise InputError(f"second: {told}; say with `of` what to differentiate.", **place)
    by, and_by = known[asked.wrt[0]], known[asked.wrt[-1]]
    for t in (by, and_by):
        if t not in program.ancestors(of):
            raise InputError(f"second: {of.name} does not depend on {t.name}.", **place)
    vector = None
    if asked.vector is not None:
        if by != and_by:
            raise InputError("second: a `vector` goes with one array in `wrt`.", **place)
        try:
            model, vector = with_vector(model, by, asked.vector)
        except InputError as e:
            raise InputError(f"second: {e.message}", **place) from e
    hidden = model.hidden if vector is None else tuple(dict.fromkeys((*model.hidden, vector)))
    wanted = SecondAsked(of, by, and_by, vector)
    return replace(model, second=(*model.second, wanted), hidden=hidden)


def _table(functions: Functions, named: Cotangents, program: Program) -> Symbols:
    """The symbol table with what is only known at the end: the loss, and cotangents by name."""
    table = functions.table
    tensors = dict(table.tensors)
    if named.unknown is not None:
        last = named.unknown.definitions[-1].tensor
        tensors[last.symbol] = last
    return replace(
        table,
        tensors=tensors,
        cotangents=named.tensors,
        losses=named.losses,
        loss=program.loss,
        results=tuple(t.symbol for t in program.defined if t.symbol in tensors),
    )


def _check_values(given: Given, program: Program) -> None:
    """Refuse numbers for a tensor that is not there, or that do not have its shape."""
    shapes = {t.name: t.shape for t in program.given}
    for name, value in given.values.items():
        place = given.source.place("values", name)
        if name not in shapes:
            raise InputError(
                f"[values]: there is no tensor “{name}”. {nearest(name, shapes)}", **place
            )
        found = _extents(value)
        ragged = " The lists in it differ in length." if found is None else ""
        told = tuple(value_of(d) for d in shapes[name])
        if (
            found is None
            or len(found) != len(told)
            or any(t is not None and f != t for f, t in zip(found, told, strict=True))
        ):
            raise InputError(
                f"[values]: the numbers of {name} do not have its shape, "
                f"{show_shape(shapes[name])}.{ragged} Expected nested lists, one level for each "
                "axis.",
                **place,
            )
        try:
            Entries.of(value)
        except Unsupported as error:
            raise InputError(f"[values]: {name}: {error.message}.", **place) from error


def _extents(value: Any) -> tuple[int, ...] | None:
    """The shape of nested tuples of numbers; None where they are ragged or empty."""
    if not isinstance(value, tuple):
        return ()
    inner = {_extents(v) for v in value}
    part = inner.pop() if len(inner) == 1 else None
    return None if part is None else (len(value), *part)


def _with_number_of_layers(given: Given) -> Given:
    """The Given of a stack with as many layers as it says; any other as it is."""
    stack = stack_of(given)
    if stack is None:
        return given
    if stack.number is None:
        raise Unsupported(
            f"this is a stack of {stack.count} layers, and {stack.count} is no number: `derive "
            f"solve` writes its solution. For one network write {stack.count} = 3, say, in "
            "[sizes].",
            **given.source.place("define"),
        )
    return stack.instance(stack.number)


def _refuse_unused(given: Given) -> None:
    """Say which declarations a derivation cannot use, rather than ignore them."""
    if given.problems:
        raise Unsupported(
            "this file holds [[problems]]: `derive solve` writes their solutions; a derivation "
            "needs one network.",
            **given.source.place("problems"),
        )
    defaults = Conventions()
    for key in ("summation", "index_position"):
        value = getattr(given.conventions, key)
        if value != getattr(defaults, key):
            raise Unsupported(
                f"{key} = “{value}” cannot be used yet; leave it out.",
                **given.source.place("conventions", key),
            )


def with_vector(model: Model, like: Tensor, name: str) -> tuple[Model, Tensor]:
    """The model with an input of that name and of the shape of `like`, unless it has one."""
    program = model.program
    known = {t.name: t for t in (*program.given, *program.defined)}
    found = known.get(name)
    if found is not None:
        if found.shape != like.shape:
            raise InputError(
                f"{name} has the shape {show_shape(found.shape)}, expected that of {like.name}, "
                f"{show_shape(like.shape)}; choose a name that nothing has"
            )
        return model, found
    if not is_symbol(name):
        raise InputError(f"“{name}” is not the LaTeX of a symbol; expected one such as v")
    vector = Tensor(name, name, like.shape, like.base)
    program = replace(program, given=(*program.given, vector))
    return replace(model, program=program, inputs=(*model.inputs, vector)), vector
