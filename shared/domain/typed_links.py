"""Links in what people type: what a mail filter may take a whole letter for spam for."""

import re

# Endings that are hardly ever a word of their own after a full stop without a space; one that begins a sentence is.
_ENDINGS = "com|org|net|edu|gov|biz|info|io|ly|app|dev|xyz|online|shop|site|club|ru|cn|uk"
_LINK = re.compile(
    r"(?i:https?://)\S*|(?<![\w@.-])(?i:www\.)\S+"
    # A bare name: with one of those endings, or with any ending when a path follows.
    rf"|(?<![\w@.-])(?:[A-Za-z0-9-]+\.)+(?:{_ENDINGS}|{_ENDINGS.upper()})(?![\w@-]|\.\w)(?:/\S*)?"
    r"|(?<![\w@.-])(?:[A-Za-z0-9-]{2,}\.)+[a-z]{2,}/[\w?#%-]\S*",
)
_LAST = ".,;:!?)]}'\"’”"


def find_links(text: str) -> tuple[str, ...]:
    """Each link as it was typed, without the full stop of its sentence; none for `St.Louis` and `e.g.`."""
    return tuple(dict.fromkeys(found[0].rstrip(_LAST) for found in _LINK.finditer(text)))
