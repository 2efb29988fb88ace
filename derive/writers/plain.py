"""Plain text that is safe to print: what is no visible character is left out."""

from __future__ import annotations

import unicodedata

# Control characters, those that turn the direction of writing, and what is no character at all.
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Cn")


def printable(text: str) -> str:
    """`text` on one line, without characters that cannot be seen.

    >>> printable("a\\tb\\u202e")
    'a b'
    """
    spaced = "".join(" " if c.isspace() and c != "\u00a0" else c for c in text)
    return "".join(c for c in spaced if unicodedata.category(c) not in _UNPRINTABLE)
