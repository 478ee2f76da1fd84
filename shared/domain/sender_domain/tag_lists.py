"""Tag lists such as `v=DMARC1; p=none`, which DKIM keys (RFC 6376) and DMARC records (RFC 9989) are."""

from collections import Counter
from collections.abc import Iterator

# Receivers skip these around names and values, and no other white space.
BLANKS = " \t"


def read_tags(record: str) -> dict[str, str]:
    """The values by the names of their tags, which are lower case. Nothing is refused: unknown tags are allowed."""
    return dict(_tags(record))


def repeated_tag(record: str) -> str:
    """The first tag that occurs more than once, which makes the whole list invalid; empty when there is none."""
    counts = Counter(name for name, _ in _tags(record))
    return next((name for name, count in counts.items() if count > 1), "")


def _tags(record: str) -> Iterator[tuple[str, str]]:
    for part in record.split(";"):
        name, _, value = part.partition("=")
        if name := name.strip(BLANKS).lower():
            yield name, value.strip(BLANKS)
