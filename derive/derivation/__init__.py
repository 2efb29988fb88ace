"""Derivations as data: the program that is derived from, rules, and steps whose ends meet."""
