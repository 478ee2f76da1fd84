"""No cell of a CSV file is ever taken for a formula, and whatever was typed can be read back."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.domain.csv_cells import cell, csv_lines

FORMULAS = [
    '=HYPERLINK("https://evil.example","prize")',
    "+1 413 555 0100",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff@cmd",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "−1+1",
    "|calc",
    "--",
    "-1e5",
    "+1",
]
PLAIN = [
    "12 Maple Street",
    "O'Brien",
    "01603",
    "-71.05",
    "-5",
    "0",
    "a=b",
    "me@example.org",
    "王小明",
    "No. 5, “the shop”",
    "",
]


@pytest.mark.parametrize("typed", FORMULAS)
def test_what_a_program_might_calculate_is_text(typed: str) -> None:
    assert cell(typed).startswith("'")
    assert cell(typed).removeprefix("'").split() == typed.split()


@pytest.mark.parametrize("typed", PLAIN)
def test_everything_else_stays_as_it_was_typed(typed: str) -> None:
    assert cell(typed) == typed


def test_values_say_what_they_are() -> None:
    boston = timezone(timedelta(hours=-5))
    assert [cell(value) for value in (None, True, False, 0, -7, 1_000_000)] == ["", "yes", "no", "0", "-7", "1000000"]
    assert cell(datetime(2026, 11, 22, 10, 42, 18, 5, tzinfo=boston)) == "2026-11-22T15:42:18+00:00"
    assert cell(datetime(2026, 11, 22, tzinfo=UTC)) == "2026-11-22T00:00:00+00:00"


def test_rows_are_quoted_as_rfc_4180_has_it() -> None:
    rows = [["a,b", 'he said "yes"', "two\r\nlines", "Đặng"], [*FORMULAS[:1], "x", "y", "z"]]
    written = csv_lines(rows)
    assert written.startswith(b'"a,b","he said ""yes""","two\nlines",')
    assert written.endswith(b"\r\n")
    assert list(csv.reader(io.StringIO(written.decode(), newline=""))) == [
        ["a,b", 'he said "yes"', "two\nlines", "Đặng"],
        [f"'{FORMULAS[0]}", "x", "y", "z"],
    ]
