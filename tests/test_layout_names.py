"""Letters never clash, follow their hints, and are the same for one index everywhere."""

import pytest

from derive.derivation.program import Program
from derive.document.math import Name
from derive.document.notation import Names, Notation, parse_name
from derive.ir import (
    Component,
    Definition,
    Delta,
    Derivative,
    Formula,
    Index,
    Max,
    Number,
    Range,
    Size,
    Sum,
    Tensor,
    fresh,
)
from derive.writers.latex_math import latex

N = Size("N", 64)
v = Tensor("v", "v", (N,))
A = Tensor("A", "A", (N, N))
i, j, k, o = (Index(h) for h in "ijko")


def total(body: Formula, index: Index) -> Sum:
    return Sum(body, Range(index, 1, N))


def test_free_indices_choose_first_and_copies_get_a_prime() -> None:
    inner, other = fresh(o), fresh(o)
    f = total(v[inner] * Delta(inner, other), inner)
    assert latex(f, Names.of([f], (Range(other, 1, N),))) == (
        r"\sum_{o'=1}^{N} v_{o'} \delta_{o'o}"
    )


def test_letters_are_shared_by_scopes_side_by_side_but_not_nested() -> None:
    one, two, three = fresh(i), fresh(i), fresh(i)
    beside = total(v[one], one) + total(v[two], two)
    assert latex(beside) == r"\sum_{i=1}^{N} v_{i} + \sum_{i=1}^{N} v_{i}"
    nested = total(v[one] * total(A[one, two] * total(A[two, three], three), two), one)
    assert latex(nested) == (
        r"\sum_{i=1}^{N} v_{i} \sum_{i'=1}^{N} A_{i,i'} \,\sum_{k=1}^{N} A_{i',k}".replace(
            r" \,", " "
        )
    )


def test_an_index_has_one_letter_in_all_lines() -> None:
    bound = fresh(j)
    lines = [v[j], total(A[j, bound], bound), total(v[bound], bound)]
    names = Names.of(lines, (Range(j, 1, N),))
    assert [latex(f, names) for f in lines] == [
        "v_{j}",
        r"\sum_{j'=1}^{N} A_{j,j'}",
        r"\sum_{j'=1}^{N} v_{j'}",
    ]


def test_no_index_takes_the_symbol_of_a_tensor_or_a_size() -> None:
    clash = Index("v")
    assert latex(v[clash]) == "v_{k}"
    assert latex(total(v[Index("N")], Index("N"))) == r"\sum_{k=1}^{N} v_{k}"
    assert latex(v[Index("b")]) == r"v_{\beta}"


def test_an_index_without_a_letter_is_an_error_not_a_guess() -> None:
    with pytest.raises(LookupError, match="no letter"):
        latex(v[i], Names.of([v[j]]))


def test_an_offset_of_a_maximum_gets_a_letter_that_is_free() -> None:
    u = Index("u")
    f = Max(A[u, i], Range(i, 1, 2)) * v[u]
    assert latex(f).count("u") == 2


@pytest.mark.parametrize(
    ("latex_name", "name"),
    [
        ("x", Name("x")),
        ("z^{(conv)}", Name("z", tag="(conv)")),
        (r"\hat{y}", Name("y", ("hat",))),
        (r"\mathbf x", Name("x", ("mathbf",))),
        (r"\hat{\mathbf{x}}", Name("x", ("hat", "mathbf"))),
        ("c_{out}", Name("c", mark="out")),
        ("W_1", Name("W", mark="1")),
        ("h'", Name("h", primes=1)),
        (r"\lambda", Name(r"\lambda")),
        (r"\mu^{(bn)}_{\mathrm{run}}", Name(r"\mu", tag="(bn)", mark=r"\mathrm{run}")),
    ],
)
def test_names_are_parsed_once(latex_name: str, name: Name) -> None:
    assert parse_name(latex_name) == name


def program() -> Program:
    z = Tensor("conv", "z^{(conv)}", (N,))
    mean = Tensor("conv.mean", r"\mu^{(conv)}", (N,))
    y = Tensor("y", "y", (N,))
    loss = Tensor("loss", "L", ())
    made = [mean, z, y]
    definitions = [Definition(t, (i,), v[i]) for t in made]
    return Program((N,), (v,), (*definitions, Definition(loss, (), Number(0))), loss=loss)


def test_cotangents_are_written_delta_where_asked_with_one_tensor_for_each_tag() -> None:
    p = program()
    mean, z, y = (d.tensor for d in p.definitions[:3])
    f = sum((Derivative(Component(p.loss), t[i]) for t in (mean, z, y, v)), Number(1))
    assert latex(f, Names.of([f], (), Notation.of(p, delta=True))) == (
        r"1 + \frac{\partial L}{\partial\mu^{(conv)}_{i}} + \delta^{(conv)}_{i} + \delta^{(y)}_{i}"
        r" + \frac{\partial L}{\partial v_{i}}"
    )
    assert "delta" not in latex(f, Names.of([f], (), Notation.of(p)))
