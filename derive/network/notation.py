"""What the `notation` table of a Given says of symbols: phrases and their meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from derive.ir import FUNCTIONS
from derive.latex.symbols import OPERATIONS
from derive.network.given import Given

_NONDECREASING = re.compile(
    r"(?:an? )?(?:unknown )?(?:nondecreasing|non-decreasing|monotone) function"
)
_FUNCTION = re.compile(r"(?:an? )?(?:unknown |smooth |scalar |activation )*function")
_COTANGENT = re.compile(r"(?:the )?cotangent of (?P<name>.+)")
_EXTENT = re.compile(r"extent (?P<axis>[1-9]\d?) of (?P<name>.+)")
_CLASS = re.compile(r"(?:an? )?index into (?P<first>.+?)\s*\.\.\s*(?P<last>.+)")
_SLICED = re.compile(r"sliced along axis (?P<axis>[1-9]\d?)")
_ALIAS = re.compile(r"(?:the )?same as (?P<name>.+)")
_ONES = re.compile(r"(?:vector of )?ones(?: of length (?P<length>.+))?")
_IDENTITY = re.compile(r"(?:the )?identity(?: matrix)?(?: of (?:order|size) (?P<order>.+))?")

_OPERATORS = {
    "cross-correlation": "valid cross-correlation",
    "convolution": "valid convolution",
    "rotation": "rotation by 180 degrees",
    "rotation by 180°": "rotation by 180 degrees",
    "rotate by 180 degrees": "rotation by 180 degrees",
    "180 degree rotation": "rotation by 180 degrees",
    "flip": "rotation by 180 degrees",
    "hadamard product": "elementwise product",
    "elementwise multiplication": "elementwise product",
    "floor division": "integer division",
    "indicator function": "indicator",
    **{phrase.lower(): phrase for phrase in OPERATIONS},
}
_KNOWN = {"logistic": "sigmoid", "logistic function": "sigmoid"} | {f: f for f in sorted(FUNCTIONS)}


@dataclass
class Notation:
    """The meanings that `notation` gives to symbols, each by the symbol's name.

    `cotangents` and `aliases` lead to the name of an array, `extents` to an axis, from 1, of one;
    `classes` to the first and last value of a class index, as LaTeX; `slices` to the axis, from 0,
    that a lone index is of.  `unknown` are the phrases that say nothing to us.
    """

    kroneckers: list[str] = field(default_factory=list)
    cotangents: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    nondecreasing: list[str] = field(default_factory=list)
    extents: dict[str, tuple[int, str]] = field(default_factory=dict)
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    ones: dict[str, str | None] = field(default_factory=dict)
    identities: dict[str, str | None] = field(default_factory=dict)
    indices: list[str] = field(default_factory=list)
    operators: dict[str, str] = field(default_factory=dict)
    zero_outside: list[str] = field(default_factory=list)
    slices: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each phrase that was not understood."""
        return tuple(
            f"[notation]: “{phrase}” says nothing known of {name}, which stays undefined. Expected "
            "a phrase such as “kronecker”, “cotangent of Y”, “extent 2 of Y” or “function”."
            for name, phrase in self.unknown.items()
        )

    def enter(self, name: str, phrase: str) -> bool:
        """Enter one phrase; False where it is not understood."""
        words = " ".join(phrase.split())
        plain = words.lower()
        if plain in ("kronecker", "kronecker delta", "the kronecker delta"):
            self.kroneckers.append(name)
        elif plain in ("zero outside its range", "zero outside", "0 outside its range"):
            self.zero_outside.append(name)
        elif plain in ("index", "an index", "index name"):
            self.indices.append(name)
        elif plain in _OPERATORS:
            self.operators[name] = _OPERATORS[plain]
        elif plain in _KNOWN:
            self.functions[name] = _KNOWN[plain]
        elif _NONDECREASING.fullmatch(plain):
            self.nondecreasing.append(name)
        elif _FUNCTION.fullmatch(plain):
            self.functions[name] = name
        else:
            return self._enter_about_another(name, words)
        return True

    def _enter_about_another(self, name: str, words: str) -> bool:
        """Enter a phrase that speaks of another name or of a size."""
        if found := _COTANGENT.fullmatch(words):
            self.cotangents[name] = found["name"]
        elif found := _EXTENT.fullmatch(words):
            self.extents[name] = int(found["axis"]), found["name"]
        elif found := _SLICED.fullmatch(words):
            self.slices[name] = int(found["axis"]) - 1
        elif found := _CLASS.fullmatch(words):
            self.classes[name] = found["first"], found["last"]
        elif found := _ALIAS.fullmatch(words):
            self.aliases[name] = found["name"]
        elif found := _ONES.fullmatch(words):
            self.ones[name] = found["length"]
        elif found := _IDENTITY.fullmatch(words):
            self.identities[name] = found["order"]
        else:
            return False
        return True


def notation_of(given: Given) -> Notation:
    """The notation of a Given; several phrases about one symbol stand with semicolons between."""
    made = Notation()
    for name, text in given.notation.items():
        for phrase in filter(None, map(str.strip, text.split(";"))):
            if not made.enter(name, phrase):
                made.unknown[name] = phrase
    return made
