"""Says which letters may have left, and what can be done about them."""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.db.uncertain import UncertainLine
from shared.domain.attention import noun
from shared.domain.letter_filter import LetterFilter
from shared.domain.states import LetterState

_MOST_LINES = 5
_WANTED = urlencode(LetterFilter(state=LetterState.UNCERTAIN, needs=True).in_address())
_ADVICE = (
    "Wait: a bounce, a receipt, or a lost worker that comes back with its journal settles most of them within 72 hours."
    " Or mark them as dealt with, or send them again, at the risk of a second copy:"
)


def uncertain_words(lines: Sequence[UncertainLine]) -> str:
    """How many there are since when, where they were going, and which hosts were lost with them."""
    total, since = sum(line.letters for line in lines), min(line.since for line in lines)
    parts = [_line(line) for line in lines[:_MOST_LINES]]
    if rest := sum(line.letters for line in lines[_MOST_LINES:]):
        parts.append(f"{rest:,} more")
    return f"{noun(total)} may have left, the first at {since:%Y-%m-%d %H:%M} UTC: {'; '.join(parts)}"


def uncertain_advice(lines: Sequence[UncertainLine], public_url: str) -> str:
    """What can be done, with the page of each campaign's uncertain letters."""
    slugs = list(dict.fromkeys(line.slug for line in lines))
    return " ".join([_ADVICE, *(f"{public_url}/admin/campaigns/{slug}?{_WANTED}#letters" for slug in slugs)])


def _line(line: UncertainLine) -> str:
    lost = f" (a worker on host {line.host} stopped answering)" if line.host else ""
    return f"{line.letters:,} of {line.slug} to {line.receiving_domain}{lost}"
