"""Days are a campaign's or a state's: only `shared/domain/days.py` makes a day of a moment."""

import ast
import re

import pytest

from shared.paths import ROOT

SOURCES = sorted(path for folder in ("shared", "web", "worker") for path in (ROOT / folder).rglob("*.py"))
SOURCES = [path for path in SOURCES if "migrations" not in path.parts]
_IN_SQL = re.compile(r"\bcurrent_date\b|::date\b|\bas date\)|\bto_char\(|\bto_date\(", re.IGNORECASE)
# A column of a moment, formatted with a day as it is: that is UTC's day.
_DAY = re.compile(r"%[YmdBbjAax]")


def days_of_moments(code: str) -> list[int]:
    """The lines where a moment becomes a day without a time zone."""
    lines = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, of = node.func.attr, ast.unparse(node.func.value)
            is_day = (name == "date" and not node.args) or (name == "today" and of in {"date", "datetime"})
            lines += [node.lineno] if is_day or (name == "strftime" and of.endswith("_at")) else []
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = ast.unparse(node.format_spec)
            is_moment = ast.unparse(node.value).endswith(("_at", "now()"))
            lines += [node.lineno] if is_moment and _DAY.search(spec) and "%Z" not in spec else []
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _IN_SQL.search(node.value):
            lines.append(node.lineno)
    return lines


def test_a_moment_becomes_a_day_in_one_place() -> None:
    for path in SOURCES:
        if path != ROOT / "shared/domain/days.py":
            code = path.read_text(encoding="utf-8")
            lines = code.splitlines()
            # A command that says UTC beside it means UTC.
            assert not [line for line in days_of_moments(code) if "UTC" not in lines[line - 1]], path


@pytest.mark.parametrize(
    ("code", "is_wrong"),
    [
        ("now().date()", True),
        ("date.today()", True),
        ("f'{row.asked_at:%Y-%m-%d}'", True),
        ("row.asked_at.strftime('%Y')", True),
        ("text('SELECT created_at::date')", True),
        ("text('SELECT CURRENT_DATE')", True),
        ("f'{row.asked_at:%H:%M %Z}'", False),
        ("day_in(zone, at)", False),
        ("date.fromisoformat(typed)", False),
    ],
)
def test_the_rule_finds_what_it_is_for(code: str, *, is_wrong: bool) -> None:
    assert bool(days_of_moments(code)) == is_wrong
