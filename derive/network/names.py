"""Names: what may be one, which is nearest to a misspelt one, and how a layer tags a symbol."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

LAYER_NAME = re.compile(r"[A-Za-z0-9]+(?:[._][A-Za-z0-9]+)*")

_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi "
    "pi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma "
    "Upsilon Phi Psi Omega ell hbar star ast prime top infty partial nabla langle rangle"
)
_ACCENTS = (
    "hat tilde bar dot ddot vec check breve widehat widetilde overline underline mathbf mathrm "
    "mathit mathcal mathbb mathsf mathfrak mathscr boldsymbol bm text textbf textit operatorname"
)
GREEK = frozenset(_GREEK.split()) - frozenset(
    "ast prime top infty partial nabla langle rangle".split()
)
COMMANDS = frozenset(_GREEK.split()) | frozenset(_ACCENTS.split())

_TOKEN = re.compile(r"\\([A-Za-z]+)|\\([_ ,])|([A-Za-z0-9])|([-+*/',.()\[\]<> ])|([_^{}])")
_LONE = re.compile(r"(?:\\[A-Za-z]+\s*\{?)*\s*[A-Za-z]?\}*(?:\s*[_^].*)?", re.DOTALL)


def is_symbol(name: str) -> bool:
    """Whether `name` is the LaTeX of a symbol: letters, known commands, scripts, balanced braces.

    What a document prints between dollar signs comes from here, so nothing else is let in.
    """
    position = depth = 0
    if not re.match(r"[A-Za-z\\]", name):
        return False
    while position < len(name):
        token = _TOKEN.match(name, position)
        if token is None or (token[1] and token[1] not in COMMANDS):
            return False
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth < 0:
            return False
        position = token.end()
    return depth == 0


def is_lone_symbol(name: str) -> bool:
    r"""Whether `name` reads as one symbol, as `K` and `C_{out}` do and `kernel` does not."""
    return is_symbol(name) and _LONE.fullmatch(name) is not None


def tagged(letter: str, name: str) -> str:
    r"""The symbol of something that belongs to a layer: `w` and `conv` give `w^{(conv)}`."""
    return f"{letter}^{{({name.replace('_', chr(92) + '_')})}}"


def nearest(name: str, known: Iterable[str]) -> str:
    """ " Did you mean ...?" where a known name is near, else a list of the known names."""
    names = list(known)
    close = get_close_matches(name, names, 1, 0.5) or get_close_matches(
        name.lower(), [n.lower() for n in names], 1, 0.5
    )
    if close:
        found = next(n for n in names if n in close or n.lower() in close)
        return f"Did you mean “{found}”?"
    return f"Known are: {', '.join(names)}." if names else "None is known here."
