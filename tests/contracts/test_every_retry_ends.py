"""Whatever is tried again ends, and docs/reliability.md says when."""

import importlib
import re
from datetime import timedelta

import pytest

from shared.db.tables import METADATA
from shared.paths import ROOT

_TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
_SECTION = _TEXT.partition("\n## When waiting ends\n")[2].partition("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in _SECTION.splitlines()
    if line.startswith("| ") and not line.startswith("| What")
]
# Columns by which rows are taken up again.
_AGAIN = {"due_at", "lease_until", "tries"}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_end_of_each_retry_is_what_the_docs_say(row: list[str]) -> None:
    module, _, name = row[3].strip("`").rpartition(".")
    end = getattr(importlib.import_module(module), name)
    number, unit = row[2].split()
    assert end == (int(number) if unit == "tries" else timedelta(**{unit: int(number)}))


def test_no_table_of_retries_is_without_an_end() -> None:
    told = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[1])}
    retried = {table.name for table in METADATA.sorted_tables if _AGAIN & {column.name for column in table.columns}}
    assert retried == told
