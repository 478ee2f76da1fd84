"""What DNS says about a name: records, "there is none", or nothing at all. Three different things to a person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

RecordKind = Literal["TXT", "MX", "A", "AAAA"]


@dataclass(frozen=True)
class Answer:
    """`values` as text, MX as `10 mail.example.org`. `is_silent`: nobody answered, so nothing is known."""

    values: tuple[str, ...] = ()
    is_silent: bool = False


Ask = Callable[[str, RecordKind], Answer]
SILENT = Answer(is_silent=True)
