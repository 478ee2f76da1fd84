"""Where a page of the letters table begins: beside one letter as it was, so that changes above never move the page."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"([0-9]{1,16})-([0-9]{1,18})")


@dataclass(frozen=True)
class TableKey:
    """The last change of a letter, and its number, which tells letters of one moment apart."""

    at: datetime
    id: int

    def __str__(self) -> str:
        """As it stands in an address, to the microsecond."""
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.id}"


NEWEST = TableKey(datetime.max.replace(tzinfo=UTC), 2**63 - 1)


def parse_key(text: str) -> TableKey | None:
    """The key that was written like this; None for anything else."""
    written = _WRITTEN.fullmatch(text)
    return TableKey(_EPOCH + timedelta(microseconds=int(written[1])), int(written[2])) if written else None
