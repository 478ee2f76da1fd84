"""The words by which organizers find a letter, folded the same way when they are stored and when they are asked for.

A word carries its campaign's number: a search never reads what is another campaign's.
"""

import re
import unicodedata

from shared.domain.typed_text import normalized

_WORD = re.compile(r"[^\W_]+")
# O'Brien is found as obrien. The rest can't be stored.
_LEFT_OUT = re.compile("[\u0000'\u2018\u2019\u02bc\ud800-\udfff]")
_LONGEST = 60
# More than any name, address or search has.
_MOST = 1_000


def stored_words(campaign_id: int, *texts: str) -> str:
    """What is kept of these texts: each word once, separated by blanks."""
    return " ".join(sorted({f"{campaign_id}/{word}" for text in texts for word in _words(text)}))


def searched_words(campaign_id: int, typed: str) -> list[str]:
    """Each word that was typed, as a tsquery: the beginning of a word that must be there."""
    return [f"'{campaign_id}/{_quoted(word)}':*" for word in dict.fromkeys(_words(typed))]


def search_query(campaign_id: int, typed: str) -> str:
    """All of them as one tsquery. Empty without any word."""
    return " & ".join(searched_words(campaign_id, typed))


def _words(text: str) -> list[str]:
    """Without case and accents."""
    marked = normalized(_LEFT_OUT.sub("", text[:_MOST]), "NFKD")
    plain = "".join(character for character in marked if not unicodedata.combining(character)).casefold()
    # An email is one word, everything else is letters and digits.
    found = ([part] if "@" in part else _WORD.findall(part) for part in plain.split())
    return [word[:_LONGEST] for words in found for word in words]


def _quoted(word: str) -> str:
    return word.replace("\\", "\\\\").replace("'", "''")
