"""From a Given to definitions: names, sizes and shapes, and what cannot be used."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest
from brute import size

from derive.derivation.program import Program
from derive.errors import DeriveError, InputError, Unsupported
from derive.ir import Size, at_least, ceiling, floor, tensors
from derive.ir.text import to_text
from derive.network.build import build
from derive.network.convolution import Conv2d
from derive.network.front import Network
from derive.network.given import Given, load
from derive.network.loss import CrossEntropyLoss
from derive.network.names import is_lone_symbol, is_symbol
from derive.network.pooling import MaxPool2d
from derive.network.reshape import Flatten
from derive.network.source import parse_toml

EXAMPLES = Path(__file__).parent.parent / "examples"
LENET = (EXAMPLES / "lenet.toml").read_text(encoding="utf-8")


def program(**tables: Any) -> Program:
    return build(Given.from_dict(tables)).program


def layer(kind: str, **options: Any) -> dict[str, Any]:
    return {"type": kind, **options}


def sizes(made: Program) -> dict[str, Size]:
    return {s.name: s for s in made.sizes}


# -- LeNet ---------------------------------------------------------------------------------------


def test_lenet_has_the_shapes_and_parameters_of_its_document() -> None:
    model = build(load(EXAMPLES / "lenet.toml"))
    shapes = {made.name: [size(d) for d in made.output.shape] for made in model.layers}
    assert shapes == {
        "conv": [64, 20, 24, 24],
        "pool": [64, 20, 12, 12],
        "flat": [64, 2880],
        "fc1": [64, 500],
        "relu": [64, 500],
        "fc2": [64, 10],
        "softmax": [64, 10],
        "L": [],
    }
    counts = {p.name: prod(size(d) for d in p.shape) for p in model.parameters}
    assert [counts[f"{name}.weight"] for name in ("conv", "fc1", "fc2")] == [500, 1440000, 5000]
    assert sum(counts.values()) == 1446030


def test_lenet_reads_as_people_write_it() -> None:
    made = build(load(EXAMPLES / "lenet.toml")).program
    text = {d.tensor.name: to_text(d) for d in made.definitions}
    assert text["conv"] == (
        "conv[n, o, i, j] := sum[c=1..1, a=1..5, b=1..5]"
        "(x[n, 1, a+i-1, b+j-1] * conv.weight[o, c, a, b]) + conv.bias[o]"
    )
    assert text["pool"] == ("pool[n, c, i, j] := max[a=1..2, b=1..2](conv[n, c, a+2*i-2, b+2*j-2])")
    assert text["fc2"] == (
        'fc2[n, j] := sum[i=1.."P^{(fc1)}"](fc2.weight[j, i] * relu[n, i]) + fc2.bias[j]'
    )
    symbols = {d.tensor.name: d.tensor.symbol for d in made.definitions}
    assert symbols["conv"] == "z^{(conv)}"
    assert (symbols["softmax"], symbols["L"]) == ("y", "L")
    assert made.loss is made.definitions[-1].tensor


def test_sizes_carry_values_and_definitions() -> None:
    found = sizes(build(load(EXAMPLES / "lenet.toml")).program)
    assert (found["N"].value, found["H"].value, found["W"].value) == (64, 28, 28)
    assert found["H"] != found["W"]
    assert found["H^{(conv)}"].definition == found["H"] - 4
    assert found["H^{(pool)}"].definition == floor(found["H^{(conv)}"], 2)
    assert (found["D^{(flat)}"].value, found["P^{(fc1)}"].definition) == (2880, None)


@pytest.mark.parametrize("name", ["lenet.toml", "lenet_symbolic.toml"])
def test_programs_are_well_ordered_and_names_unique(name: str) -> None:
    made = build(load(EXAMPLES / name)).program
    known = set(made.given)
    for definition in made.definitions:
        assert tensors(definition.body) <= known
        known.add(definition.tensor)
    symbols = [t.symbol for t in (*made.given, *made.defined)] + [s.name for s in made.sizes]
    assert len(set(symbols)) == len(symbols)
    before: set[Size] = set()
    for s in made.sizes:
        within = s.definition.atoms_within() if s.definition is not None else ()
        assert {a for a in within if isinstance(a, Size)} <= before
        before.add(s)


def test_symbolic_sizes_record_what_they_must_meet() -> None:
    made = build(load(EXAMPLES / "lenet_symbolic.toml")).program
    found = sizes(made)
    assert all(s.value is None for s in made.sizes)
    assert (found["P"].least, found["K"].least) == (0, 1)
    height = found["H^{(conv)}"]
    reach = found["H"] + found["P"] * 2
    assert height.definition == floor(reach - found["K"], found["S"]) + 1
    assert at_least(reach, found["K"]) in made.size_facts
    assert at_least(height, found["Q"]) in made.size_facts


# -- joining -------------------------------------------------------------------------------------


def test_a_dict_the_front_and_the_file_agree() -> None:
    built = build(load(EXAMPLES / "lenet.toml")).program
    told = build(Given.from_dict(tomllib.loads(LENET))).program
    assert (told.definitions, told.given, told.sizes) == (
        built.definitions,
        built.given,
        built.sizes,
    )
    layers = [
        ("conv", Conv2d(1, 20, 5)),
        MaxPool2d(2),
        Flatten(),
        {"type": "Linear", "out_features": 9},
    ]
    tables = {"tensors": {"x": ["N", 1, 28, 28], "t": ["N"]}, "target": "t"}
    made = build(Network(layers, loss=CrossEntropyLoss(reduction="sum"), **tables))
    assert [made_layer.name for made_layer in made.layers] == [
        *("conv", "maxpool2d", "flatten", "linear", "L")
    ]
    assert [size(d) for d in made.layers[-2].output.shape[1:]] == [9]


def test_names_are_numbered_where_a_type_repeats() -> None:
    chain = [layer("Linear", out_features=3), layer("ReLU"), layer("Linear", out_features=2)]
    made = program(tensors={"x": [2, 4]}, layers=chain)
    assert [d.tensor.name for d in made.definitions] == ["linear1", "relu", "linear2"]


def test_input_overrides_the_layer_before() -> None:
    chain = [layer("ReLU", name="a"), layer("Tanh", name="b"), layer("Sigmoid", input="a")]
    made = program(tensors={"x": [2, 4]}, layers=chain)
    a, b, last = made.definitions
    assert tensors(last.body) == {a.tensor}
    assert made.consumers[a.tensor] == (b, last)


def test_an_extent_that_stays_is_not_named_anew() -> None:
    chain = [
        layer("Conv2d", out_channels=4, kernel_size=3, padding=1),
        layer("Conv2d", out_channels=4, kernel_size=3, padding="same", dilation=2),
        layer("MaxPool2d", kernel_size=3, stride=1, padding=1),
    ]
    made = program(tensors={"x": ["N", "C", "H", "W"]}, layers=chain)
    assert [d.tensor.shape[2:] for d in made.definitions] == [made.given[0].shape[2:]] * 3


def test_a_number_is_the_declared_size_of_that_letter() -> None:
    tables = {"sizes": {"N": 8, "H": 5}, "layers": [layer("ReLU")]}
    made = program(**tables, tensors={"x": [8, 3, 5, 5]})
    assert [to_text(d) for d in made.given[0].shape] == ["N", "C", "H", "W"]


def test_depthwise_groups_are_the_channels() -> None:
    convolution = layer("Conv2d", out_channels=6, kernel_size=1, groups=3)
    made = program(tensors={"x": ["N", 3, 4, 4]}, layers=[convolution])
    assert made.given[1].shape[1].constant == 1
    assert to_text(made.definitions[0].body).startswith("sum[c=1..1, a=1..1, b=1..1](x[n, unravel")


def test_numbers_of_the_target_are_the_extents_of_the_prediction() -> None:
    model = build(load(EXAMPLES / "lenet.toml"))
    assert model.targets[0].shape == model.layers[-2].output.shape
    tables = {"tensors": {"x": ["N", 3], "t": ["N", "M"]}, "layers": [layer("ReLU")]}
    made = program(**tables, loss={"type": "MSELoss", "target": "t"})
    assert [to_text(f) for f in made.size_facts] == ["M = D"]


def test_values_are_exact() -> None:
    tables = {"tensors": {"x": [2]}, "layers": [layer("ReLU")]}
    model = build(Given.from_dict({**tables, "values": {"x": [0.1, 3]}}))
    assert model.values == {"x": (Fraction(1, 10), Fraction(3))}
    assert parse_toml("a = 0.1") == {"a": Fraction(1, 10)}


# -- what cannot be used -------------------------------------------------------------------------

CONV = 'type = "Conv2d"\n'
FLAT_CONV = 'type = "Conv2d"\nkernel_size = 1\nout_channels = 5\n[[layers]]\ntype = "Linear"\nout_f'
OUTPUT_OF_FLAT = "the output of “flat” (Flatten), of shape (64, 2880)"
BAD = [
    # what is wrong, where in LeNet, instead, the line, what the message says
    ("unknown layer", 'type = "Conv2d"', 'type = "Conv2D"', 27, "Did you mean “Conv2d”?"),
    ("unknown argument", "kernel_size = 5", "kernal_size = 5", 29, "Did you mean “kernel_size”?"),
    ("unknown size", "kernel_size = 5", 'kernel_size = "five"', 29, "“five” names no size"),
    ("fraction", "kernel_size = 5", "kernel_size = 5.0", 29, "a whole number of at least 1"),
    ("truth", "kernel_size = 5", "kernel_size = true", 29, "a whole number of at least 1"),
    ("zero kernel", "kernel_size = 5", "kernel_size = 0", 29, "a whole number of at least 1"),
    ("too many", "kernel_size = 5", "kernel_size = [5, 5, 5]", 29, "3 entries, expected 1 or 2"),
    ("number for truth", CONV, CONV + "bias = 1\n", 28, "expected true or false"),
    ("zero stride", CONV, CONV + "stride = 0\n", 28, "stride = 0, expected a whole number"),
    ("negative padding", CONV, CONV + "padding = -1\n", 28, "a whole number of at least 0"),
    ("same with stride", CONV, CONV + 'stride = 2\npadding = "same"\n', 29, "needs stride 1"),
    ("groups", CONV, CONV + "groups = 3\n", 28, "groups = 3 does not divide"),
    ("output groups", CONV, CONV + "groups = 1\nin_channels = 3\n", 29, "of shape (64, 1, 28, 28)"),
    ("big kernel", "kernel_size = 5", "kernel_size = 29", 29, "29 positions, but the"),
    ("big padding", "kernel_size = 2", "kernel_size = 2\npadding = 2", 35, "more than half"),
    ("features", "out_features = 500", "in_features = 9\nout_features = 5", 43, OUTPUT_OF_FLAT),
    ("axes", 'type = "Linear"\nout_f', FLAT_CONV, 40, OUTPUT_OF_FLAT + "; expected 3 or 4"),
    ("dim", "dim = 1", "dim = 2", 57, "dim = 2 is not an axis of the output of “fc2”"),
    ("class axis", "dim = 1", "dim = 0", 59, "expected dim = 1"),
    ("missing target", 'target = "t"\n', "", 59, "“target” is missing"),
    ("unknown target", 'target = "t"', 'target = "u"', 61, "“u”, which is not a tensor"),
    ("target shape", '"N", 10]', '"N", 9]', 61, "target t, of shape (N, 9), does not fit"),
    ("unknown loss", '"CrossEntropyLoss"', '"CrossEntropy"', 60, "you mean “CrossEntropyLoss”?"),
    ("reduction", '"mean"', '"avg"', 62, "'mean', 'sum' or 'none'"),
    ("repeated name", 'name = "pool"', 'name = "conv"', 32, "also that of another layer"),
    ("name of a tensor", 'name = "pool"', 'name = "x"', 32, "also that of a tensor"),
    ("layer name", 'name = "pool"', 'name = "$\\\\pool$"', 32, "Expected letters and digits"),
    ("unknown input", 'name = "fc2"', 'name = "fc2"\ninput = "rleu"', 51, "Did you mean “relu”?"),
    ("two inputs", 't = ["N"', 'z = [2]\nt = ["N"', 26, "not the target are x, z"),
    ("no such extent", "1, 28, 28", "1, 0, 28", 22, "entry 3 of x = 0"),
    ("zero size", "N = 64", "N = 0", 22, "extent of at least 1"),
    ("negative size", "N = 64", "N = -1", 19, "N = -1, expected a whole number"),
    ("size and tensor", 't = ["N"', 'N = [2]\nt = ["N"', 23, "“N” names a size and a tensor"),
    ("not a symbol", 't = ["N"', '"\\\\input{x}" = [2]\nt = ["N"', 23, "not the LaTeX of a symbol"),
    ("not an extent", 't = ["N"', 't = ["\\\\write18"', 23, "not the LaTeX of a symbol"),
    ("unknown table", "[tensors]", "[tensor]", 21, "Did you mean “tensors”?"),
    ("unknown key", "index_base = 1", "index_bas = 1", 16, "Did you mean “index_base”?"),
    ("base", "index_base = 1", "index_base = 2", 16, "index_base = 2, expected 0 or 1"),
    ("version", "[conventions]", "derive = 2\n[conventions]", 15, "derive = 2, expected 1"),
    ("fact", "t_{n,j} = 1", "q_{n,j} = 1", 13, "expected a declared symbol, found “q"),
    ("broken", "N = 64", "N = = 64", 19, "this is not TOML"),
    ("unclosed", '"N", 10]', '"N", 10', 25, "this is not TOML"),
    ("values", "[loss]", "[values]\nq = [1]\n[loss]", 60, "there is no tensor “q”"),
    ("ragged values", "[loss]", "[values]\nt = [[1], [2, 3]]\n[loss]", 60, "do not have its shape"),
]  # fmt: skip


def refused(text: str, tmp_path: Path, kind: type[DeriveError] = InputError) -> DeriveError:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(kind) as caught:
        build(load(path))
    assert caught.value.file == str(path)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "line", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_bad_input(old: str, new: str, line: int, message: str, tmp_path: Path) -> None:
    assert LENET.count(old) >= 1
    error = refused(LENET.replace(old, new, 1), tmp_path)
    assert message in str(error)
    assert error.line == line


UNSUPPORTED = [
    (CONV, CONV + 'padding_mode = "reflect"\n', "only “zeros”"),
    ("kernel_size = 2", "kernel_size = 2\nreturn_indices = true", "a second output"),
    ("index_base = 1", 'summation = "einstein"', "summation = “einstein” cannot be used yet"),
    ('reduction = "mean"', "label_smoothing = 0.1", "label_smoothing cannot be used yet"),
    ("[loss]", '[[problems]]\ntitle = "a"\n[loss]', "problems"),
]


@pytest.mark.parametrize(("old", "new", "message"), UNSUPPORTED)
def test_what_cannot_be_used_yet_says_so(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert message in str(refused(LENET.replace(old, new, 1), tmp_path, Unsupported))


def test_a_window_must_not_lie_in_the_padding() -> None:
    chain = [layer("MaxPool2d", kernel_size=2, dilation=3, padding=1)]
    with pytest.raises(InputError, match="dilation = 3 is more than the 2 positions"):
        program(tensors={"x": [1, 1, 2, 2]}, layers=chain)


def test_ceil_mode_must_know_which_bound_is_smaller() -> None:
    pool = layer("MaxPool2d", kernel_size="Q", ceil_mode=True)
    made = program(tensors={"x": ["N", "C", "H", "W"]}, layers=[pool])
    assert sizes(made)["H^{(maxpool2d)}"].definition == ceiling(sizes(made)["H"], sizes(made)["Q"])
    with pytest.raises(Unsupported, match="ceil_mode needs to know whether"):
        program(tensors={"x": ["N", "C", "H", "W"]}, layers=[pool | {"stride": "R"}])


def test_groups_must_divide_the_output_channels() -> None:
    chain = [layer("Conv2d", out_channels=3, kernel_size=1, groups=2)]
    with pytest.raises(InputError, match="number of channels of the output, 3"):
        program(tensors={"x": [1, 4, 2, 2]}, layers=chain)


def test_two_things_do_not_share_a_symbol() -> None:
    tables = {"x": [2, 3], "w^{(fc)}": [3]}
    chain = [layer("Linear", name="fc", input="x", out_features=2)]
    with pytest.raises(InputError, match="is also that of the tensor"):
        program(tensors=tables, layers=chain)


@pytest.mark.parametrize("data", [b"title = '\xe9'", "title = 'é'".encode("utf-16")])
def test_text_that_is_not_utf_8(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"latin.toml:1:\d+: the byte 0x.. is not UTF-8"):
        load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_symbols_let_no_other_commands_in() -> None:
    for name in ("x", "C_{out}", r"\hat y", r"w^{(conv)}", r"A_\ell", "h_{t-1}", r"\mathbf{W}_1"):
        assert is_symbol(name)
    for name in ("", "2", "x}", "{x", r"\input{a}", r"\write18", "a$b", "a%b", "a#b", "x\\"):
        assert not is_symbol(name)
    assert is_lone_symbol("C_{out}")
    assert is_lone_symbol(r"\hat K")
    assert not is_lone_symbol("same")


# -- LaTeX in a Given ----------------------------------------------------------------------------


def test_facts_are_read_in_both_spellings() -> None:
    made = build(load(EXAMPLES / "lenet.toml")).program
    (fact,) = made.facts
    assert to_text(fact.left) == 'sum[j=1.."P^{(fc2)}"](t[n, j])'
    assert made.facts == build(Given.from_dict(_with_facts([{"latex": _SUM}]))).program.facts


_SUM = r"\sum_{j} t_{n,j} = 1"


def _with_facts(facts: list[Any]) -> dict[str, Any]:
    return tomllib.loads(LENET) | {"facts": facts}


def test_facts_about_sizes_are_conditions() -> None:
    tables = {"tensors": {"x": ["H", "k"]}, "layers": [layer("ReLU")]}
    made = program(**tables, facts=[r"k \mid H", r"k \le H", r"x_{i,j} > 0"])
    assert [to_text(f) for f in made.size_facts] == ["k | H", "H-k >= 0"]
    assert [to_text(f.left) for f in made.facts] == ["0"]
    with pytest.raises(InputError, match="is false for the sizes given"):
        program(**tables, sizes={"H": 3, "k": 2}, facts=[r"k \mid H"])


def test_definitions_in_latex_follow_the_layers() -> None:
    made = program(
        tensors={"x": ["n"]},
        layers=[layer("Tanh", name="a")],
        define=[r"y_{i} = z^{(a)}_{i} x_i", r"L = \sum_{i} y_i^2"],
    )
    assert [to_text(d) for d in made.definitions[1:]] == [
        "y[i] := a[i] * x[i]",
        "L[] := sum[i=1..n](y[i]^2)",
    ]
    assert made.loss == made.definitions[-1].tensor


def test_sizes_may_be_computed() -> None:
    made = program(sizes={"H": 3, "W": 4, "p": "H W"}, tensors={"x": ["p"]}, layers=[layer("ReLU")])
    found = sizes(made)
    assert (found["p"].value, found["p"].definition) == (12, found["H"] * found["W"])


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"layers": [layer("ReLU")], "facts": ["q_i = 1"]},
            "the fact “q_i = 1”: expected a declared",
        ),
        ({"define": ["y_{i} = q_i"]}, "“y_{i} = q_i”: expected a declared symbol"),
        ({"define": ["n = 3"]}, "defines n, which names a size"),
        ({"define": ["y_{i} = x_i", "y_{i} = 2"]}, "defines y a second time"),
        ({"sizes": {"p": "n q"}}, "the size p = “n q”: expected a declared symbol"),
        ({"sizes": {"p": "n - n"}}, "the size p = “n - n” is 0, expected 1 or more"),
        ({}, "nothing to derive"),
    ],
)
def test_latex_that_cannot_be_used(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        program(tensors={"x": ["n"]}, **tables)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
