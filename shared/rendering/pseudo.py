"""A language for tests: English, a third longer, with marks around, so that what was not translated shows itself."""

import re

from babel.support import NullTranslations

OPENS, CLOSES = "⟦", "⟧"
_KEPT = re.compile(r"%\(\w+\)[sd]|%%|<[^<>]*>|&\w+;|[{}#]")
_ACCENTS = str.maketrans("aeiouyAEIOUY", "áéîöúýÁÉÎÖÚÝ")
_LONGER = 0.4


class PseudoTranslations(NullTranslations):
    """Answers every message with its marked and longer self; values and tags stay."""

    def gettext(self, message: str) -> str:
        """The message, disguised."""
        return disguise(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The English form that goes with the number, disguised."""
        return disguise(msgid1 if n == 1 else msgid2)


def disguise(message: str) -> str:
    """`⟦Sénd it ~~~⟧` for `Send it`."""
    parts = _KEPT.split(message)
    kept = [*_KEPT.findall(message), ""]
    said = "".join(part.translate(_ACCENTS) + keep for part, keep in zip(parts, kept, strict=True))
    words = " ".join(["lorem"] * round(len(message) * _LONGER / 6))
    return f"{OPENS}{said}{' ' + words if words else ''}{CLOSES}"
