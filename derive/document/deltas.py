r"""The layout of Kronecker deltas: \delta_{ij}, \delta_{cd,f}, and [t_n = j] for class indices."""

from __future__ import annotations

from derive.document.integers import integer
from derive.document.math import Fenced, Math, Name, Numeral, Relation, Scripts, listed, row
from derive.document.notation import Names
from derive.document.positions import side
from derive.document.strength import Laid, Strength
from derive.ir import Delta, Entry, Int


def delta(f: Delta, names: Names) -> Laid:
    """A delta of index expressions; positions by their index tuples, unless they are spelled."""

    def lay(e: Int) -> Math:
        return integer(e, names)

    if any(isinstance(a, Entry) for e in f.sides for a in e.atoms_within()):
        left, right = map(lay, f.sides)
        return Laid(Fenced("bracket", row(left, Relation("="), right)), Strength.ATOM)
    spelled = names.notation.positions == "spelled"
    sides = [lay(e) if spelled else side(e, lay) or lay(e) for e in f.sides]
    if all(isinstance(s, Name) and not (s.mark or s.tag) for s in sides):
        below = row(*sides)
    else:
        below = listed(sides, spaced=any(not isinstance(s, Name | Numeral) for s in sides))
    return Laid(Scripts(Name(r"\delta"), below=below), Strength.OPERAND)
