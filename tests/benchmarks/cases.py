"""What is measured.  Each case prepares, does its work once, and says what that cost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import sympy

from derive.engine.differentiate import Differentiator
from derive.engine.matrix.form import array_forms
from derive.engine.matrix.passes import Vectors, vectors
from derive.engine.network import Derived, derive_all
from derive.network.build import Model
from derive.pipeline import verified
from derive.verify.verify import Verifier
from tests.benchmarks.checking import claims, homework, reading
from tests.benchmarks.cost import Cost, cost, cost_of_command
from tests.benchmarks.networks import LENET, SYMBOLIC, convolution, deep, example, lenet_for


def everything(model: Model) -> Derived:
    """All derivations about a network."""
    return derive_all(model.program, model.layers, model.targets, frozenset())


def parameter_gradients(model: Model, expanded: bool = False) -> None:
    """The gradient for every parameter."""
    d = Differentiator(model.program)
    for layer in model.layers:
        for parameter in layer.parameters:
            d.gradient(parameter, expanded)


def deriving(model: Model) -> Cost:
    return cost(lambda: everything(model))


def verifying(model: Model) -> Cost:
    derived, verifier = everything(model), Verifier(model.program)
    return cost(lambda: [verifier.derivation(d) for d in derived.all])


def with_arrays(model: Model) -> Cost:
    """Deriving and verifying everything, and everything again as whole arrays."""

    def work() -> None:
        derived = everything(model)
        results = (derived.jacobians, derived.recursive, derived.expanded)
        forms = array_forms([d for group in results for d in group.values()], lambda t: "shape")
        verified(derived, Vectors(model.program, forms))

    return cost(work)


def with_vectors(model: Model) -> Cost:
    """Deriving and verifying everything, and by way of matrices as well."""

    def work() -> None:
        derived = everything(model)
        verified(derived, vectors(derived))

    return cost(work)


def without_arrays(model: Model) -> Cost:
    """Deriving and verifying everything entry by entry."""

    def work() -> None:
        verified(everything(model), Vectors(model.program))

    return cost(work)


def gradients(model: Model, expanded: bool = False) -> Cost:
    return cost(lambda: parameter_gradients(model, expanded))


def solving(path: Path, *options: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        return cost_of_command(
            "-m", "derive", "solve", str(path), "-o", folder, "--detail", "full", *options
        )


def jacobians_of_convolution() -> Cost:
    """∂z/∂w and ∂z/∂x of a convolution, with their steps."""
    model = convolution()
    z = model.layers[0].output
    d = Differentiator(model.program)
    by = (*model.layers[0].parameters[:1], *model.inputs)
    return cost(lambda: [d.jacobian(z, t) for t in by])


def jacobians_by_sympy() -> Cost:
    """The same by `Sum(...).diff(...).doit()`."""
    n, o, c, i, j, a, b = sympy.symbols("n o c i j a b", integer=True)
    at = sympy.symbols("p q r s", integer=True)
    channels, kernel = sympy.symbols("C K", integer=True, positive=True)
    x, w = sympy.IndexedBase("x"), sympy.IndexedBase("w")
    term = x[n, c, i + a - 1, j + b - 1] * w[o, c, a, b]
    z = sympy.Sum(term, (c, 1, channels), (a, 1, kernel), (b, 1, kernel))
    return cost(lambda: [z.diff(t[at]).doit() for t in (w, x)])


CASES: dict[str, Callable[[], Cost]] = {
    "import derive": lambda: cost_of_command("-c", "import derive"),
    "derive --help": lambda: cost_of_command("-m", "derive", "--help"),
    "import everything": lambda: cost_of_command("-c", "import derive.pipeline"),
    "LeNet: derive": lambda: deriving(example(LENET)),
    "LeNet: verify": lambda: verifying(example(LENET)),
    "LeNet: derive and verify": lambda: without_arrays(example(LENET)),
    "LeNet: derive and verify, arrays": lambda: with_arrays(example(LENET)),
    "LeNet: derive and verify, vectors": lambda: with_vectors(example(LENET)),
    "LeNet: solve, .tex": lambda: solving(LENET, "-f", "tex"),
    "LeNet: solve, Typst PDF": lambda: solving(LENET, "--pdf-engine", "typst"),
    "symbolic LeNet: derive": lambda: deriving(example(SYMBOLIC)),
    "symbolic LeNet: verify": lambda: verifying(example(SYMBOLIC)),
    "symbolic LeNet: solve, .tex": lambda: solving(SYMBOLIC, "-f", "tex"),
    "symbolic LeNet: solve, Typst PDF": lambda: solving(SYMBOLIC, "--pdf-engine", "typst"),
    "28x28: derive": lambda: deriving(lenet_for(28)),
    "2800x2800: derive": lambda: deriving(lenet_for(2800)),
    "8 layers: gradients": lambda: gradients(deep(8)),
    "64 layers: gradients": lambda: gradients(deep(64)),
    "8 layers: expanded": lambda: gradients(deep(8), expanded=True),
    "16 layers: expanded": lambda: gradients(deep(16), expanded=True),
    "read 1000 formulas (median)": reading,
    "check: claims of ours": claims,
    "check: ten pages of homework": homework,
    "convolution: derive": jacobians_of_convolution,
    "convolution: SymPy": jacobians_by_sympy,
}

# (what the ratio shows, numerator, denominator)
RATIOS = (
    (
        "LeNet, with arrays to without",
        "LeNet: derive and verify, arrays",
        "LeNet: derive and verify",
    ),
    (
        "LeNet, with vectors to without",
        "LeNet: derive and verify, vectors",
        "LeNet: derive and verify",
    ),
    ("2800x2800 to 28x28", "2800x2800: derive", "28x28: derive"),
    ("64 layers to 8", "64 layers: gradients", "8 layers: gradients"),
    ("expanded, 16 layers to 8", "16 layers: expanded", "8 layers: expanded"),
    ("SymPy to derive, one convolution", "convolution: SymPy", "convolution: derive"),
    ("verify to derive, LeNet", "LeNet: verify", "LeNet: derive"),
)
