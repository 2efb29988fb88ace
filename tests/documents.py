"""A document like those that are printed, made by hand: the pages of one convolution."""

from derive.document import layout
from derive.document.math import Math
from derive.document.model import (
    BulletList,
    Code,
    CodeListing,
    Display,
    Document,
    Emphasis,
    Equation,
    Mark,
    Note,
    Paragraph,
    Reference,
    Section,
    Strong,
    Subsection,
    Summary,
    Table,
    line,
)
from derive.document.notation import Names
from derive.ir import Component, Delta, Derivative, Formula, Index, Range, Sum, Tensor, fresh

N, C, H, K = 64, 20, 24, 5
x = Tensor("x", "x", (N, 1, 28, 28))
w = Tensor("conv.weight", "w^{(conv)}", (C, 1, K, K))
b = Tensor("conv.bias", "b^{(conv)}", (C,))
z = Tensor("conv", "z^{(conv)}", (N, C, H, H))
loss = Tensor("L", "L", ())
n, o, i, j, a, c, q, r = (Index(name) for name in "noijabqr")
o2 = fresh(o)

WINDOW = (Range(a, 1, K), Range(c, 1, K))
PLACES = (Range(n, 1, N), Range(o, 1, C), Range(i, 1, H), Range(j, 1, H))
PIXEL, ENTRY, WEIGHT = x[n, 1, i + a - 1, j + c - 1], z[n, o, i, j], w[o2, 1, q, r]
DELTAS = Delta(o, o2) * Delta(a, q) * Delta(c, r)
FORWARD = Sum(PIXEL * w[o, 1, a, c], *WINDOW) + b[o]
JACOBIAN = (
    Derivative(ENTRY, WEIGHT),
    Sum(PIXEL * Derivative(w[o, 1, a, c], WEIGHT), *WINDOW),
    Sum(PIXEL * DELTAS, *WINDOW),
    Delta(o, o2) * x[n, 1, i + q - 1, j + r - 1],
)
ERROR = Derivative(Component(loss), ENTRY)
GRADIENT = (
    Derivative(Component(loss), WEIGHT),
    Sum(ERROR * Derivative(ENTRY, WEIGHT), *PLACES),
    Sum(Sum(ERROR * PIXEL * w[o, 1, a, c] * DELTAS, *WINDOW), *PLACES)
    + Sum(Sum(PIXEL * DELTAS * b[o], *WINDOW), *PLACES),
    Sum(ERROR * x[n, 1, i + q - 1, j + r - 1], PLACES[0], *PLACES[2:]),
)
NAMES = Names.of([ENTRY, FORWARD, *JACOBIAN, *GRADIENT])


def m(f: Formula) -> Math:
    return layout.formula(f, NAMES)


def steps() -> tuple[Equation, ...]:
    left, first, second, last = map(m, JACOBIAN)
    weights = line(Reference("forward"), "; ", m(Component(loss)), " is not ", m(b[o]))
    return (
        Equation(left, first, reason=weights),
        Equation(None, second, reason=line("distinct weights are independent")),
        Equation(
            None,
            last,
            reason=line("each ", m(Delta(o, o2)), " picks ", Emphasis("one"), " term of its sum"),
            mark=Mark.EXACT,
        ),
    )


def gradient() -> tuple[Equation, ...]:
    left, first, second, last = map(m, GRADIENT)
    return (
        Equation(left, first, reason=line("chain rule: the sum is over every output that uses it")),
        Equation(None, second, reason=line("the derivative above, put in for every position")),
        Equation(None, last, mark=Mark.NUMERIC, label="gradient"),
    )


def sample(title: str = "A small convolutional network", copies: int = 1) -> Document:
    """A document with every kind of block; `copies` of a display make it longer than a page."""
    weights = (line(Code("conv.weight")), line("500"), line("20 × 1 × 5 × 5"))
    biases = (line(Code("conv.bias")), line("20"), line("20"))
    blocks = (
        Paragraph(line("Indices count from 1; convolution is as in ", Code("torch.nn"), ".")),
        Section("Convolution", line(Code("conv"))),
        Paragraph(line("520 in total:"), line("Parameters.")),
        BulletList((line("weights ", m(w[o, 1, a, c])), line("biases ", m(b[o])))),
        Paragraph(line("At every position ", *layout.ranges(PLACES, NAMES), ","), line("Forward.")),
        Display((Equation(m(ENTRY), m(FORWARD), label="forward"),), name="conv"),
        Subsection(line("How ", m(ENTRY), " depends on one weight")),
        Paragraph(line("By the definition ", Reference("forward"), ",")),
        *[Display(steps())] * copies,
        Note(line("correlate the input with the error signal.")),
        Subsection(line("Gradient of the weights")),
        Paragraph(line("The chain rule gives")),
        Display(gradient(), name="conv.weight"),
        Paragraph(line("and ", Reference("gradient"), " is all that learning needs.")),
        CodeListing("derive solve lenet.toml \\\n    --detail full  # 100%"),
        Table(
            (line("Parameter"), line("Entries"), line("Shape")),
            (weights, biases, (line(Strong("total")), line("520"), ())),
            numeric=frozenset({1}),
        ),
        Summary(
            (
                (Mark.EXACT, 112, line("equations hold at every draw, in exact arithmetic; ") * 3),
                (Mark.NUMERIC, 3, line("agree to 60 digits")),
                (Mark.UNCHECKED, 1, line("could not be checked")),
                (Mark.REFUTED, 0, line("are false")),
            )
        ),
    )
    return Document(title, blocks, subtitle=line("Forward formulas, Jacobians, gradients"))
