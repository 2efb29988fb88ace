r"""Formulas that somebody wrote in LaTeX, put into a document of ours.

A formula that pdfLaTeX would stop at is not typeset: one with a command that neither it nor our
frame defines, with brackets that nothing closes, or with what belongs around a formula.
"""

from __future__ import annotations

import re

from derive.writers.latex_text import MATHEMATICS, escape

_KNOWN = frozenset(
    r"""alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi
    pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda
    Xi Pi Sigma Upsilon Phi Psi Omega ell imath jmath hbar partial nabla infty top bot intercal
    dagger ddagger star ast circ bullet odot oslash otimes oplus ominus times div cdot pm mp prime
    aleph emptyset varnothing forall exists nexists neg lnot land lor wedge vee cap cup setminus in
    notin ni subset subseteq supset supseteq le leq leqslant ge geq geqslant lt gt ne neq approx
    equiv sim simeq cong propto mid nmid parallel perp ll gg to mapsto gets rightarrow leftarrow
    Rightarrow Leftarrow Leftrightarrow leftrightarrow longrightarrow Longrightarrow uparrow
    downarrow implies iff therefore because coloneqq triangleq dots ldots cdots vdots ddots dotsc
    dotsb exp log ln lg sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan max min sup
    inf lim limsup liminf arg det dim ker deg gcd Pr sum prod int iint oint bigcup bigcap bigoplus
    bigotimes frac tfrac dfrac cfrac binom sqrt left right middle big Big bigg Bigg bigl bigr Bigl
    Bigr biggl biggr Biggl Biggr lfloor rfloor lceil rceil langle rangle lvert rvert lVert rVert
    vert Vert lbrace rbrace lbrack rbrack llbracket rrbracket tilde hat bar vec dot ddot check breve
    acute grave widetilde widehat overline underline overbrace underbrace overset underset stackrel
    mathbf mathbb mathcal mathsf mathit mathfrak mathscr mathtt mathrm mathbbm mathds boldsymbol bm
    pmb operatorname text textrm textit textbf textsf texttt boxed smash phantom hphantom
    vphantom substack limits nolimits displaystyle textstyle scriptstyle scriptscriptstyle quad
    qquad hspace thinspace medspace thickspace negthinspace bmod pmod mod begin end color
    textcolor mathbin mathrel mathop mathord not""".split()
)
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_ALLOWED = frozenset("\\,;:!> {}|%&#_\n")
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([A-Za-z]+\*?)\}")
_ENVIRONMENTS = frozenset(
    """cases dcases rcases matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array aligned
    alignedat gathered split""".split()
)
_OUTSIDE = re.compile(r"(?<!\\)[$#%]|\n[ \t]*\n")
_OPENING = {"{": "}", r"\left": r"\right", r"\begin": r"\end"}
_BRACKET = re.compile(r"\\(?:left|right|begin|end)(?![A-Za-z])|\\.|[{}]", re.DOTALL)
_DOUBLE = re.compile(r"\^(?:\{[^{}]*\}|\S)(?:\s*'|\s*\^)|_(?:\{[^{}]*\}|[^\s\\])\s*_")


def is_typeset(formula: str) -> bool:
    """Whether LaTeX with our frame would typeset a formula."""
    commands = (found[1] for found in _COMMAND.finditer(formula))
    environments = (found[2] for found in _ENVIRONMENT.finditer(formula))
    return (
        all(name in (_KNOWN if name[0].isalpha() else _ALLOWED) for name in commands)
        and all(name in _ENVIRONMENTS for name in environments)
        and not _OUTSIDE.search(formula)
        and not _DOUBLE.search(formula)
        and is_balanced(formula)
    )


def is_balanced(formula: str) -> bool:
    r"""Whether every brace, \left and \begin is closed by what closes it."""
    open_: list[str] = []
    for found in _BRACKET.finditer(formula):
        if found[0] in _OPENING:
            open_.append(_OPENING[found[0]])
        elif found[0] in _OPENING.values() and (not open_ or open_.pop() != found[0]):
            return False
    return not open_


def mathematics(formula: str) -> str:
    """A formula with signs that pdfLaTeX does not set in mathematics written as commands."""
    flat = " ".join(formula.split())
    return "".join(c if c.isascii() else _sign(c) for c in flat)


def _sign(c: str) -> str:
    return f"\\{MATHEMATICS[c]} " if c in MATHEMATICS else rf"\text{{{escape(c)}}}"
