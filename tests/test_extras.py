"""What a document has where its Given asks for it: second derivatives, and code that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from code_runs import executed
from test_hessian import LOGISTIC, SOFTMAX, SQUARES

import derive
from derive.document.model import CodeListing, Display, Document, Section, Subsection, plain
from derive.errors import InputError
from derive.network.build import build
from derive.network.given import Given
from derive.pipeline import solution
from derive.writers.latex import latex

EXAMPLES = Path(__file__).parent.parent / "examples"


def document(tables: dict[str, Any]) -> Document:
    made = solution(build(Given.from_dict(tables)))
    assert not made.refuted
    return made.document


def displayed(d: Document) -> list[str]:
    """The names of the displays about second derivatives."""
    return [b.name for b in d.blocks if isinstance(b, Display) and b.name.startswith("second")]


def test_a_document_shows_second_derivatives() -> None:
    asked = ["z", {"wrt": ["z", "t"]}, {"wrt": "z", "vector": "v"}]
    d = document({**SOFTMAX, "second": asked, "form": "matrix"})
    titles = [plain(b.title) for b in d.blocks if isinstance(b, Subsection)]
    assert titles[-3:] == [
        "The Hessian of … by …",
        "The derivative of … by … and …",
        "The Hessian of … by … times …",
    ]
    assert {"second:0", "second arrays:0", "second:1", "second:2"} <= set(displayed(d))
    source = latex(d)
    assert r"\frac{\partial^{2}L}{\partial z\,\partial z^{\top}}" in source
    assert r"\operatorname{diag}(y) - y y^{\top}" in source


def test_every_line_of_it_has_a_verdict() -> None:
    d = document({**LOGISTIC, "second": ["w"]})
    chain = next(b for b in d.blocks if isinstance(b, Display) and b.name == "second:0")
    assert chain.equations[-1].mark is not None
    assert chain.equations[-1].mark.value == "exact"


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (["u"], "there is no “u”"),
        ([{"wrt": "W", "of": "X"}], "X is given"),
        ([{"wrt": ["W", "X"], "vector": "v"}], "one array in `wrt`"),
        ([{"wrt": "W", "vector": "T"}], "expected that of W"),
        ([{"wrt": []}], "wrt"),
        ([{"wrt": "W", "by": "X"}], "“by” is not known here"),
    ],
)
def test_what_cannot_be_derived_twice_is_refused(second: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(Given.from_dict({**SQUARES, "second": second}))


@pytest.mark.parametrize("style", ["arrays", "loops"])
def test_listings_run(style: str) -> None:
    d = document({**SQUARES, "listings": style})
    assert any(isinstance(b, Section) and b.title == "As Python" for b in d.blocks)
    texts = [b.code for b in d.blocks if isinstance(b, CodeListing)]
    assert [t.partition("(")[0] for t in texts] == ["def forward", "def backward"]
    assert max(len(line) for t in texts for line in t.splitlines()) <= 100
    made = executed("import numpy as np\n\n" + "\n".join(texts))
    rng = np.random.default_rng(0)
    x, w, t = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    found = made["backward"](x, w, t, made["forward"](x, w, t))
    np.testing.assert_allclose(found["W"], x.T @ (x @ w - t), rtol=1e-12)
    assert ("for " in texts[0]) == (style == "loops")


def test_without_asking_there_is_neither() -> None:
    d = document(SQUARES)
    assert not displayed(d)
    assert not [b for b in d.blocks if isinstance(b, CodeListing)]


def test_stacks_in_python(tmp_path: Path) -> None:
    stack = derive.load_stack(EXAMPLES / "mlp.toml")
    assert {"product", "step"} <= stack.results.keys()
    assert stack.verify("step").status == "exact"
    assert stack.layers(2).model.program.definitions[-1].tensor.name == "y_2"
    with pytest.raises(InputError, match="there is no result “u”"):
        stack.verify("u")
    other = tmp_path / "other.toml"
    other.write_text("define = ['y_i = x_i^2']\n[tensors]\nx = [3]\n", encoding="utf-8")
    with pytest.raises(InputError, match="reads the level before"):
        derive.load_stack(other)
