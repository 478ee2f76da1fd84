"""Returns the rows of every query without an ORDER BY in random order, as PostgreSQL may.

Active in the services' tests, so that code which relies on the order in which rows were written fails here. The seed
is in the header of a run; `make test-shuffled SEED=7` repeats one.
"""

import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import pytest

from shared.paths import ROOT

SEED = int(os.environ.get("SHUFFLE_SEED", "1"))
# Only rows that our own code reads: a test may rely on what it has just written.
_OURS = tuple(str(ROOT / folder) + os.sep for folder in ("shared", "web", "worker"))
_STRING = re.compile(r"'[^']*'")
_Row = Any


class Shuffler:
    """Wraps psycopg's cursor while a run lasts. A cursor's rows are read whole, shuffled once, and given out."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._queries: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._waiting: WeakKeyDictionary[Any, list[_Row]] = WeakKeyDictionary()
        self.shuffled: Counter[str] = Counter()

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Takes the place of the methods that run a query and give out its rows."""
        execute, fetchall = psycopg.Cursor.execute, psycopg.Cursor.fetchall

        def run(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
            self._waiting.pop(cursor, None)
            self._queries[cursor] = query.decode() if isinstance(query, bytes) else str(query)
            return execute(cursor, query, *args, **options)

        def rows_of(cursor: Any) -> list[_Row]:
            if cursor not in self._waiting:
                self._waiting[cursor] = self._shuffle(fetchall(cursor), self._queries.get(cursor, ""))
            return self._waiting[cursor]

        def one(cursor: Any) -> _Row:
            rows = rows_of(cursor)
            return rows.pop(0) if rows else None

        def many(cursor: Any, size: int = 0) -> list[_Row]:
            rows = rows_of(cursor)
            taken = rows[: size or cursor.arraysize]
            del rows[: len(taken)]
            return taken

        def everything(cursor: Any) -> list[_Row]:
            rows = rows_of(cursor)
            self._waiting[cursor] = []
            return rows

        def each(cursor: Any) -> Iterator[_Row]:
            while (row := one(cursor)) is not None:
                yield row

        methods = {"execute": run, "fetchone": one, "fetchmany": many, "fetchall": everything, "__iter__": each}
        for name, method in methods.items():
            patch.setattr(psycopg.Cursor, name, method)

    def _shuffle(self, rows: list[_Row], query: str) -> list[_Row]:
        if len(rows) > 1 and not _has_order(query) and (where := _reader()):
            self._random.shuffle(rows)
            self.shuffled[where] += 1
        return rows


@lru_cache(maxsize=4_000)
def _has_order(query: str) -> bool:
    """True for a query whose outermost part says in which order its rows come."""
    if "generate_series" in query:
        return True
    depth, outer = 0, []
    for sign in _STRING.sub("", query):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            outer.append(sign)
    return "ORDER BY" in "".join(outer).upper()


def _reader() -> str:
    """The place in our own code that reads the rows; empty when a test does."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OURS):
            return f"{Path(name).relative_to(ROOT)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
