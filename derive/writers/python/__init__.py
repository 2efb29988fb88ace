"""The Python writer: forward and backward passes as code, printed from the derived formulas."""

from derive.writers.python.module import Function, functions_of, listings, module

__all__ = ["Function", "functions_of", "listings", "module"]
