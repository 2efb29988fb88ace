"""Questions of a homework and their answers: one small file for each, and what they share.

An answer says in formulas and words what is so; how these look is settled in `derive.document`.
"""
