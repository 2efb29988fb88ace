"""Reading LaTeX: tokens, a syntax tree, and its meaning by a table of declared symbols."""

from derive.latex.definitions import read_definition
from derive.latex.error import ReadError
from derive.latex.read import read_facts, read_formula, read_ranges, read_relation
from derive.latex.symbols import Symbols

__all__ = [
    "ReadError",
    "Symbols",
    "read_definition",
    "read_facts",
    "read_formula",
    "read_ranges",
    "read_relation",
]
