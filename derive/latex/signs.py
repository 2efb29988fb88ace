"""Signs of Unicode for which LaTeX has commands: `α`, `∑`, `≤`, `x²` are read as those."""

from __future__ import annotations

from unicodedata import normalize

_GREEK = (
    "αalpha βbeta γgamma δdelta εvarepsilon ζzeta ηeta θtheta ιiota κkappa λlambda μmu νnu ξxi "
    "πpi ρrho ςvarsigma σsigma τtau υupsilon φvarphi χchi ψpsi ωomega ϑvartheta ϕphi ϵepsilon "
    "ΓGamma ΔDelta ΘTheta ΛLambda ΞXi ΠPi ΣSigma ΥUpsilon ΦPhi ΨPsi ΩOmega µmu"
)
_COMMANDS = (
    "∂partial ∇nabla ∑sum ∏prod ∞infty ∈in ≤le ≥ge ≠ne ≈approx ≡equiv ⊙odot ⊗otimes ⋆star ∗ast "
    "·cdot ⋅cdot ×times ÷div ∘circ ⊤top ∧wedge ∨vee ¬neg ⌊lfloor ⌋rfloor ⌈lceil ⌉rceil ℓell …dots "
    "⋯cdots ∣mid ↦mapsto →to ⇒Rightarrow ⟦llbracket ⟧rrbracket ‖| ∥|"
)
SIGNS = {w[0]: f"\\{w[1:]}" for w in f"{_GREEK} {_COMMANDS}".split()} | {
    "−": "-",
    "′": "'",
    "∕": "/",
    "≔": ":=",
}
"""What each sign is in LaTeX."""

_RAISED, _LOWERED = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"
SCRIPTS = (
    {c: ("^", str(n)) for n, c in enumerate(_RAISED)}
    | {c: ("_", str(n)) for n, c in enumerate(_LOWERED)}
    | {"ᵀ": ("^", r"\top"), "ᵢ": ("_", "i"), "ⱼ": ("_", "j")}
)
"""Small raised and lowered signs: the mark for the script, and what stands in it."""


def ordinary(letter: str) -> str:
    """A letter of a mathematical alphabet (`𝑥`, `𝛼`) as the ordinary one."""
    return normalize("NFKC", letter) if letter >= "\U0001d400" else letter
