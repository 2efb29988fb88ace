r"""Plain text as LaTeX: every character that means something to TeX is escaped.

What pdfLaTeX sets with the T1 fonts is written as it is, Greek letters and signs of mathematics
through `\ensuremath`, and any other character as `\otherchar{c}{CODE}`, which shows the character
where the engine has Unicode fonts and its code where it has not.
"""

from __future__ import annotations

import re
import unicodedata

from pylatex.utils import NoEscape, escape_latex

# Beside ASCII, what the LaTeX kernel sets in the encodings T1 and TS1 (t1enc.dfu, ts1enc.dfu).
_SET_BY_T1 = frozenset(
    [chr(c) for c in range(0xA1, 0x17F) if c not in (0xAD, 0x126, 0x127, 0x138, 0x13F, 0x140)]
    + list("ȘșȚț‐‑‒–—―‘’‚“”„†‡•‰‹›※€№™←↑→↓")
) - frozenset("ŉŦŧ")

_GREEK = (
    "αalpha βbeta γgamma δdelta εvarepsilon ζzeta ηeta θtheta ιiota κkappa λlambda μmu νnu ξxi "
    "πpi ρrho ςvarsigma σsigma τtau υupsilon φvarphi χchi ψpsi ωomega ϑvartheta ϕphi ϵepsilon "
    "ΓGamma ΔDelta ΘTheta ΛLambda ΞXi ΠPi ΣSigma ΥUpsilon ΦPhi ΨPsi ΩOmega"
)
_SIGNS = (
    "∂partial ∇nabla ∑sum ∏prod √surd ∞infty ∈in ∉notin ⊂subset ⊆subseteq ∪cup ∩cap ∅emptyset "
    "∀forall ∃exists ≤le ≥ge ≠ne ≈approx ≡equiv ∼sim ∝propto ⊙odot ⊗otimes ⊕oplus ⋆star ∗ast "
    "⋅cdot ∘circ ⇒Rightarrow ⇔Leftrightarrow ↦mapsto ↔leftrightarrow ⊤top ⊥perp ∥parallel ∫int "
    "ℓell ∧wedge ∨vee ⌊lfloor ⌋rfloor ⌈lceil ⌉rceil ⟨langle ⟩rangle ✓checkmark ′prime …ldots"
)
MATHEMATICS = {w[0]: w[1:] for w in (_GREEK + " " + _SIGNS).split()} | {
    "ℝ": "mathbb{R}",
    "ℤ": "mathbb{Z}",
    "ℕ": "mathbb{N}",
    "ℚ": "mathbb{Q}",
    "−": "mathbin{-}",
}
# `--`, `<<`, `?`` and their like are ligatures in T1 fonts; quotes are curly unless asked.
_LIGATURES = {"<": "{<}", ">": "{>}", "`": r"{\textasciigrave}", ",": "{,}", "'": "{'}"}


def escape(text: object) -> NoEscape:
    """`text` as LaTeX; what is LaTeX already (a NoEscape) stays as it is.

    >>> print(escape(r"50% of \\write18 & δ"))
    50\\% of \\textbackslash{}write18 \\& \\ensuremath{\\delta}
    """
    if isinstance(text, NoEscape):
        return text
    line = re.sub(r"[^\S\u00a0]+", " ", unicodedata.normalize("NFC", str(text)))
    return NoEscape("".join(_piece(m.group()) for m in re.finditer(r"(.)\1*", line)))


def _piece(same: str) -> str:
    """A run of one character, escaped; repeated ones are kept apart from becoming ligatures."""
    c = same[0]
    if c in _LIGATURES and (len(same) > 1 or c == "`"):
        return _LIGATURES[c] * len(same)
    if c == "-" and len(same) == 1:
        return c
    return "".join(_character(x) for x in same)


def _character(c: str) -> str:
    if c.isascii():
        return str(escape_latex(c)) if c.isprintable() else ""
    if c == "\u00a0":
        return "~"
    if c in _SET_BY_T1:
        return c
    if c in MATHEMATICS:
        return f"\\ensuremath{{\\{MATHEMATICS[c]}}}"
    if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return ""
    return f"\\otherchar{{{c}}}{{{ord(c):04X}}}"
