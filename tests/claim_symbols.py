"""The symbols of the tests about reading claims, and claims in a short exact form."""

from derive.ir import Index, Int, Names, Size, Tensor, from_text, same, substitute, to_text
from derive.latex import Symbols
from derive.latex.claims import Claim, read_claims
from derive.latex.symbols import Ones, Operator

SIZES = {s: Size(s) for s in ("m", "n", "N", "K", "H", "T")}
m, n, N, K, H, T = SIZES.values()
SHAPES = {
    "W": (m, n),
    "A": (n, n),
    "B": (3, 3),
    "X": (N, n),
    "Z": (N, m),
    "V": (K, H, H),
    "w": (K, n),
    "x": (n,),
    "v": (n,),
    "y": (m,),
    "z": (m,),
    "b": (m,),
    "h_1": (m,),
    "y_{\\ell-1}": (m,),
    "\\hat y": (m,),
    "\\sigma^2": (m,),
    "z^{(1)}": (m,),
    "W^{(2)}": (m, m),
    "L": (),
    "s": (),
    "\\lambda": (),
}
TENSORS = {name: Tensor(name, name, shape) for name, shape in SHAPES.items()}
CLASS = Tensor("t", "t_i", (), classes=Int.of(K))
NAMES = Names(TENSORS | {"t": CLASS}, SIZES)
SYMBOLS = Symbols(
    tensors=TENSORS | {"t_i": CLASS},
    sizes=SIZES,
    loss=TENSORS["L"],
    cotangents={
        name: TENSORS[of]
        for name, of in {
            "\\delta^{(1)}": "z^{(1)}",
            "dW": "W",
            "d\\hat y": "\\hat y",
            "dc_{t-1}": "h_1",
            "g": "V",
        }.items()
    },
    zero_outside=frozenset(("B", "g")),
    functions={"\\sigma": "sigmoid", "\\phi": "\\phi"},
    ones={"\\mathbf 1_N": Ones(Int.of(N))},
    operators={
        "\\star": Operator("valid cross-correlation"),
        "\\mathrm{rot}_{180}": Operator("rotation by 180 degrees"),
        "\\mathbb I": Operator("indicator"),
    },
    results=("L", "s"),
)


def claims(source, symbols=SYMBOLS):
    """The claims in a source, without what it defines."""
    return [c for c in read_claims(source, symbols) if isinstance(c, Claim)]


def side(source, symbols=SYMBOLS):
    """The one side of `source = 0`, with its axes named i, j, k, l."""
    (claim,) = claims(f"{source} = 0", symbols)
    first = claim.sides[0]
    axes = [Index(x) for x in "ijkl"[: len(first.axes)]]
    formula = substitute(first.formula, dict(zip(first.axes, axes, strict=True)))
    shape = " ".join(to_text(e) for e in first.shape)
    return formula, ("row " if first.row else "") + shape


def says(source, text, shape="", symbols=SYMBOLS):
    """Whether a source is read as the formula with that text, an array of that shape."""
    formula, found = side(source, symbols)
    wanted = from_text(text, NAMES)
    assert same(formula, wanted), f"{source}\n  {to_text(formula)}\n  {text}"
    assert found == shape, f"{source}: {found}"
    return True
