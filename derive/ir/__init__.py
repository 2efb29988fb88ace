"""The formula language and that of whole arrays: their nodes, and how to walk them."""

from derive.ir.binder import Binder, Binding, Chosen, Max, Range, Sum
from derive.ir.formula import (
    FUNCTIONS,
    Apply,
    Component,
    Count,
    Derivative,
    Entry,
    Formula,
    Function,
    Greatest,
    Least,
    Number,
    Plus,
    Power,
    Tensor,
    Times,
)
from derive.ir.guard import (
    FALSE,
    TRUE,
    And,
    Divides,
    Equal,
    Guard,
    NonNegative,
    Not,
    Or,
    at_least,
    at_most,
    conjunction,
    conjuncts,
)
from derive.ir.index import Index, Size, fresh
from derive.ir.integer import ONE, ZERO, Atom, Floor, Int, IntLike, ceiling, floor, mod
from derive.ir.linear import (
    Added,
    Compared,
    Diagonal,
    DiagonalOf,
    Hadamard,
    Kronecker,
    Mapped,
    Outer,
    Product,
    Raised,
    Scaled,
    Softmax,
    SquaredNorm,
    Trace,
    Transposed,
)
from derive.ir.match import match
from derive.ir.read import from_text
from derive.ir.rearranged import (
    Broadcast,
    Correlated,
    Dilated,
    Folded,
    Largest,
    OverAxes,
    Padded,
    Permuted,
    Picked,
    Reshaped,
    Rotated,
    Sliced,
    Stacked,
    Summed,
    Unfolded,
    Vec,
)
from derive.ir.reshape import Ravel, Unravel, groups, position_read, ravel, unravel
from derive.ir.selector import Bracket, Branch, Cases, Compare, Delta
from derive.ir.series import Series, StackedOver
from derive.ir.statement import Definition, Relation, axis_ranges
from derive.ir.sympy_form import to_sympy
from derive.ir.text import Names, to_text
from derive.ir.walk import (
    alike,
    free_indices,
    instantiate,
    map_integers,
    rebuild,
    refresh,
    replace_components,
    same,
    subformulas,
    substitute,
    tensors,
)
from derive.ir.whole import (
    Array,
    Commutation,
    Element,
    Identity,
    Ints,
    Ones,
    Slope,
    Whole,
    Word,
    Zeros,
)

__all__ = [name for name in dir() if not name.startswith("_")]
