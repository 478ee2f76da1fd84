"""CSV for spreadsheet programs: no cell of it is ever taken for a formula, and each says what it means by itself."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

# Programs that open CSV guess the encoding unless it stands in front.
BYTE_ORDER_MARK = "\ufeff"
# What begins a formula for one program or another; those of East Asian keyboards are as good as the others.
_BEGINS_A_FORMULA = frozenset("=+-@\t\r\n|%＝＋－＠｜％﹢﹣﹦﹫−")
# Blanks and what nobody sees: some programs drop them first.
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
# A number stays one. A telephone number with a plus sign is none: it would lose the sign, or become a sum.
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_ENDS_OF_LINES = re.compile(r"\r\n?")

Value = str | int | bool | datetime | None


def csv_lines(rows: Iterable[Sequence[Value]]) -> bytes:
    """The rows as RFC 4180 has them, in UTF-8."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    return file.getvalue().encode()


def cell(value: Value) -> str:
    """One value as text: `yes` and `no`, times as `2026-11-22T15:42:18+00:00`, nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return str(value) if isinstance(value, int) else _safe(value)


def _safe(text: str) -> str:
    """An apostrophe before what a program might calculate, which is how they write it themselves."""
    text = _ENDS_OF_LINES.sub("\n", text)
    if _NUMBER.fullmatch(text):
        return text
    seen = next((sign for sign in text if unicodedata.category(sign) not in _UNSEEN), "")
    return f"'{text}" if seen in _BEGINS_A_FORMULA or text[:1] in _BEGINS_A_FORMULA else text
