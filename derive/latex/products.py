"""Products: what stands side by side, and what belongs together in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derive.ir import Formula
from derive.latex.applications import Applications
from derive.latex.array import (
    Array,
    Mismatch,
    Value,
    chained_through,
    fits_rows,
    multiplied,
    product,
    same_shape,
    show,
    transpose,
    zipped,
)
from derive.latex.error import Misfit, ReadError, UndefinedName
from derive.latex.indices import is_letter, is_mark
from derive.latex.integers import refuse
from derive.latex.numbers import inverse
from derive.latex.operations import CUSTOMARY, OPERATIONS, dot, flat_kronecker
from derive.latex.operations import FUNCTIONS as OF_ARRAYS
from derive.latex.slopes import NABLA, PARTIAL, partial_axis, spell_all
from derive.latex.tokens import PRODUCT
from derive.latex.tree import (
    Fraction,
    Group,
    Node,
    Numeral,
    Scripted,
    Styled,
    Symbol,
    Word,
    spell,
)

HESSIAN = Scripted(NABLA, None, Numeral("2", position=0), position=0)
EXPECTATIONS = tuple(
    Styled(font, Symbol("E", position=0), position=0)
    for font in ("\\mathbb", "\\mathbf", "\\mathrm")
) + (Word("E", position=0),)
MOST_FACTORS, MOST_ARRAYS = 1000, 100


class Products(Applications):
    """Reads products."""

    def product(self, factors: list[tuple[str, Node]]) -> Value:
        if len(factors) > MOST_FACTORS:
            refuse(factors[0][1], f"at most {MOST_FACTORS} factors", f"{len(factors)}")
        units: list[tuple[str, Value, Node]] = []
        k = 0
        while k < len(factors):
            operator, node = factors[k]
            if operator == "mod":
                refuse(node, "integers on both sides of mod", f"“{spell(node)}”")
            value, k = self.factor(factors, k)
            units.append((operator, value, node))
        return self.combined(units)

    # -- combining --------------------------------------------------------------------------------

    def combined(self, units: list[tuple[str, Value, Node]]) -> Value:
        """Factors side by side first, then what stands on both sides of ⊙, ⊗, ⋆.

        Where the shapes allow it only the other way, from left to right.
        """
        if all(not isinstance(v, Array) for _, v, _ in units):
            return self.numbers(units)
        segments: list[list[tuple[str, Value, Node]]] = []
        for unit in units:
            if unit[0] in PRODUCT + ("/",) and segments:
                segments[-1].append(unit)
            else:
                segments.append([unit])
        if len(segments) == 1:
            return self.chained(units)
        try:
            inner = [self.chained([("", *s[0][1:]), *s[1:]]) for s in segments]
            marks = [(s[0][0], s[0][2]) for s in segments]
            made = [(m, v, n) for (m, n), v in zip(marks, inner, strict=True)]
            spread = len({v.rank for v in inner if isinstance(v, Array)}) > 1
            turned = self.from_left_to_right(units) if spread and len(units) > len(made) else None
            return self.chained(made) if turned is None else turned
        except Misfit as problem:
            turned = self.from_left_to_right(units)
            if turned is None:
                raise problem from None
            return turned

    def from_left_to_right(self, units: list[tuple[str, Value, Node]]) -> Value | None:
        """The product with all marks of one rank, None where the shapes forbid that."""
        try:
            value = self.chained(units)
        except ReadError:
            return None
        self.note("a product with ⊙ is read from left to right, as the shapes demand")
        return value

    def numbers(self, units: list[tuple[str, Value, Node]]) -> Formula:
        parts = []
        for operator, value, node in units:
            assert isinstance(value, Formula)
            if operator == "//":
                refuse(node, "integers on both sides of //", f"“{spell(node)}”")
            parts.append(inverse(value) if operator in ("/", "\\oslash") else value)
        return multiplied(parts)

    def chained(self, units: list[tuple[str, Value, Node]]) -> Value:
        """From left to right; numbers are gathered in front."""
        if sum(isinstance(v, Array) for _, v, _ in units) > MOST_ARRAYS:
            refuse(units[0][2], f"at most {MOST_ARRAYS} arrays in a product", f"{len(units)}")
        numbers: list[Formula] = []
        result: Array | None = None
        for operator, value, node in units:
            if operator in ("/", "\\oslash"):
                value = zipped([value], lambda f: inverse(f[0]))
                operator = "\\odot" if isinstance(value, Array) else ""
            if not isinstance(value, Array):
                numbers.append(value)
            elif result is None:
                result = value
            else:
                with self.fitting(node):
                    both = self.operation(operator, node)(result, value)
                if isinstance(both, Array):
                    result = both
                else:
                    numbers.append(both)
                    result = None
        if result is None:
            return multiplied(numbers)
        return result.map(lambda f: multiplied([*numbers, f])) if numbers else result

    def operation(self, operator: str, node: Node) -> Callable[[Array, Array], Value]:
        """What a mark between two arrays means."""
        meaning = self.symbols.marks.get(operator, CUSTOMARY.get(operator))
        if meaning == "transpose" or (meaning is not None and meaning not in OPERATIONS):
            refuse(node, "an operation between arrays", f"“{operator}”")
        if meaning == "Kronecker product":
            return self.kronecker
        if meaning is not None:
            return OPERATIONS[meaning]
        if operator == "":
            return self.side_by_side
        if operator == "*":
            return self.starred
        if operator == "\\cdot":
            return self.dotted
        if operator == "\\times":
            return self.crossed
        raise UndefinedName(node.position, "a declared operation before this", f"“{operator}”")

    def kronecker(self, a: Array, b: Array) -> Value:
        """`a ⊗ b`: of two columns a matrix, or the column of its entries."""
        column = a.rank == b.rank == 1 and self.chooses("⊗ of two columns is a column")
        return flat_kronecker(a, b) if column else OPERATIONS["Kronecker product"](a, b)

    def side_by_side(self, a: Array, b: Array) -> Value:
        """A product; of two columns of one length, as in σ(z)(1 - σ(z)), entry by entry."""
        columns = a.rank == b.rank == 1 and a.row == b.row and not (a.loose or b.loose)
        if columns and None not in (*a.shape, *b.shape) and same_shape(a.shape, b.shape):
            self.note("a product of two columns is taken entry by entry")
            return zipped([a, b], multiplied)
        self.notice_chain(a, b)
        return product(a, b)

    def dotted(self, a: Array, b: Array) -> Value:
        """`a · b`."""
        self.notice_chain(a, b)
        alike = a.rank == b.rank == 1 and a.row == b.row and same_shape(a.shape, b.shape)
        if alike and self.chooses("\\cdot between columns is entry by entry"):
            return zipped([a, b], multiplied)
        return dot(a, b)

    def crossed(self, a: Array, b: Array) -> Value:
        """`A \\times B`: the product of matrices, as long as these are no two vectors."""
        if a.rank == b.rank == 1:
            raise Mismatch("a declared × of vectors", show(b), definite=False)
        return self.side_by_side(a, b)

    def starred(self, a: Array, b: Array) -> Value:
        """`a * b`: entry by entry, as in programs, where the shapes allow it."""
        if fits_rows(a, b) and a.rank == b.rank:
            self.note("a * between arrays is entry by entry")
            return zipped([a, b], multiplied)
        return self.dotted(a, b)

    def notice_chain(self, a: Array, b: Array) -> None:
        """Remember that the chain rule through a matrix sums over all of its entries."""
        y = chained_through(a, b)
        if y is not None:
            self.note(f"a product of derivatives through {y} is the sum over all entries of {y}")

    # -- what belongs together --------------------------------------------------------------------

    def factor(self, factors: list[tuple[str, Node]], k: int) -> tuple[Value, int]:
        """The factor that begins at `k`, and where the next one begins."""
        node = factors[k][1]
        follows = factors[k + 1][1] if k + 1 < len(factors) and factors[k + 1][0] == "" else None
        if isinstance(node, Fraction) and k + 1 < len(factors):
            mark = self.operator(node)
            if mark is not None:
                return self.differentiated(node, mark, factors, k)
        if follows is not None and node in (NABLA, HESSIAN):
            return self.nabla_by_argument(node, factors, k)
        if isinstance(node, Scripted) and node.base == NABLA and follows is not None:
            return self.nabla(node, factors, k)
        if isinstance(node, Scripted) and self.is_partial_by(node) and follows is not None:
            return self.nabla(node, factors, k)
        if follows is not None and isinstance(follows, Group) and self.is_indicator(node, follows):
            return self.iverson(follows.body), k + 2
        if isinstance(follows, Group) and is_expectation(node):
            assert isinstance(node, Scripted)
            assert node.below is not None
            return self.mean_over(node.below, follows), k + 2
        if isinstance(node, Word) and node.text in OF_ARRAYS and k + 1 < len(factors):
            with self.fitting(node):
                return OF_ARRAYS[node.text](self.product(after(factors, k))), len(factors)
        start, orders = k, []
        while k < len(factors) and (axis := partial_axis(factors[k][1])) is not None:
            orders.append(axis)
            k += 1
        if k + 1 < len(factors) and factors[k + 1][0] == "":
            behind = factors[k + 1][1]
            applied = self.apply_scripted(factors[k][1], behind, orders)
            if applied is not None:
                return applied, k + 2
        return self.value(factors[start][1]), start + 1

    @staticmethod
    def is_partial_by(node: Scripted) -> bool:
        """`\\partial_x` for a name x, not the `\\partial_1` of a first argument."""
        by = node.base == PARTIAL and node.below is not None
        return by and partial_axis(node) is None

    def differentiated(
        self, node: Fraction, mark: Node, factors: list[tuple[str, Node]], k: int
    ) -> tuple[Value, int]:
        """`\\frac{\\partial}{\\partial x}` before brackets, or before the rest of the product."""
        order = self.order(node.above)
        follows = factors[k + 1][1]
        if isinstance(follows, Group):
            return self.derivatives(self.value(follows), node, [follows], mark, order), k + 2
        rest = after(factors, k)
        names = [f for _, f in rest]
        return self.derivatives(self.product(rest), node, names, mark, order), len(factors)

    def nabla(self, node: Scripted, factors: list[tuple[str, Node]], k: int) -> tuple[Value, int]:
        """`\\nabla_x` before what it differentiates: one result, or the rest of the product."""
        assert node.below is not None
        order = 2 if node.above == Numeral("2", position=0) else 1
        if (node.above is not None and order == 1) or node.primes:
            refuse(node, "∇ or ∇^2 with a variable below", f"“{spell(node)}”")
        inner = factors[k + 1][1]
        if isinstance(inner, Scripted) and inner.base == NABLA and k + 2 < len(factors):
            of, end = self.nabla(inner, factors, k + 1)
            return self.gradient(of, node.below, order, spell(inner)), end
        end = self.reach(node.below, factors, k + 1)
        rest = [("", factors[k + 1][1]), *factors[k + 2 : end]]
        bare = without_mark(rest[-1][1])
        if bare is not None and self.find(bare) is not None:  # ∇_x L^⊤ is (∇_x L)^⊤
            of = self.product([*rest[:-1], (rest[-1][0], bare)])
            return transpose(self.gradient(of, node.below, order, spell(bare))), end
        of = self.product(rest)
        return self.gradient(of, node.below, order, spell_all([f for _, f in rest])), end

    def nabla_by_argument(
        self, node: Node, factors: list[tuple[str, Node]], k: int
    ) -> tuple[Value, int]:
        """`\\nabla J(\\theta)`: by what the brackets name."""
        name = factors[k + 1][1]
        brackets = factors[k + 2][1] if k + 2 < len(factors) and not factors[k + 2][0] else None
        by = brackets.body if isinstance(brackets, Group) and brackets.open == "(" else None
        if by is None or self.find(by) is None:
            raise UndefinedName(node.position, "a variable below ∇", "none")
        of = self.product([("", name), ("", brackets)])  # type: ignore[list-item]
        order = 2 if node == HESSIAN else 1
        return self.gradient(of, by, order, spell(name)), k + 3

    def reach(self, variable: Node, factors: list[tuple[str, Node]], k: int) -> int:
        """Where the operand of a ∇ ends: after one factor that varies, else after the last one."""
        end = k
        while end < len(factors) and factors[end][0] in PRODUCT:
            node = factors[end][1]
            end += 1
            called = end < len(factors) and isinstance(factors[end][1], Group)
            if called and is_letter(node) and factors[end][0] == "":
                return end + 1
            if not self.is_constant(node, variable):
                return end
        return k + 1 if end == k else end

    def is_constant(self, node: Node, variable: Node) -> bool:
        """Whether a factor is a number or a given scalar, so that a ∇ before it reaches further."""
        if isinstance(node, Numeral):
            return True
        if isinstance(node, Fraction):
            return self.mark_of(node.above, []) is None and all(
                self.is_constant(f, variable)
                for part in (node.above, node.below)
                for f in self.factors_of(part)
            )
        found = self.find(node) if isinstance(node, (Symbol, Scripted)) else None
        if found is None or node == variable:
            return False
        known = spell(found.name)
        return known not in self.symbols.results and found.meaning != self.symbols.loss


def is_expectation(node: Node) -> bool:
    """`\\mathbb E_i`, the mean over an index."""
    return (
        isinstance(node, Scripted)
        and node.below is not None
        and is_letter(node.below)
        and node.base in EXPECTATIONS
    )


def without_mark(node: Node) -> Node | None:
    """The L of `L^\\top`."""
    if not isinstance(node, Scripted) or node.above is None or not is_mark(node.above):
        return None
    bare = node.below is None and not node.primes
    return node.base if bare else replace(node, above=None)


def after(factors: list[tuple[str, Node]], k: int) -> list[tuple[str, Node]]:
    """The factors behind the one at `k`."""
    return [("", factors[k + 1][1]), *factors[k + 2 :]]
