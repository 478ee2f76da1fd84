"""Reads rows from CSV files, plain, gzipped or zipped, whatever the order and case of their columns."""

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from shared.errors import ImportRefused
from shared.services.imports.reports import Progress

# A cell longer than this is not an address or a name, but a file of another kind.
csv.field_size_limit(1_000_000)
_ROWS_BETWEEN_REPORTS = 2_000


@contextmanager
def open_text(path: Path) -> Iterator[tuple[IO[str], IO[bytes], int]]:
    """The file's text, the raw file below it (its position tells the progress), and its size in bytes."""
    with ExitStack() as stack:
        raw: IO[bytes] = stack.enter_context(path.open("rb"))
        start = raw.read(4)
        raw.seek(0)
        data: IO[bytes] = raw
        if start[:2] == b"\x1f\x8b":
            data = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=raw)))
        elif start == b"PK\x03\x04":
            archive = stack.enter_context(zipfile.ZipFile(raw))
            names = [name for name in archive.namelist() if name.lower().endswith((".csv", ".txt"))]
            if not names:
                raise ImportRefused(f"{path.name} is a ZIP file without a CSV file in it.")
            data = stack.enter_context(archive.open(names[0]))
        yield io.TextIOWrapper(data, encoding="utf-8-sig", newline=""), raw, path.stat().st_size


class Table:
    """A CSV file's rows, with columns found by any of several names."""

    def __init__(self, path: Path, text: IO[str], raw: IO[bytes], size: int, progress: Progress) -> None:
        self._reader = csv.reader(text)
        self._raw, self._size, self._progress = raw, max(size, 1), progress
        self._path = path
        header = next(self._reader, [])
        self._columns = {name.strip().casefold(): index for index, name in reversed(list(enumerate(header)))}

    def column(self, *names: str, required: bool = False) -> int:
        """The position of the first of these columns that the file has; -1 when it has none and needs none."""
        for name in names:
            if name in self._columns:
                return self._columns[name]
        if required:
            raise ImportRefused(
                f"{self._path.name} has no column “{names[0]}” (or {', '.join(names[1:]) or 'other name'})."
            )
        return -1

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line numbers and rows; a blank cell for what a short row lacks is the caller's `cell`."""
        for count, row in enumerate(self._reader):
            if count % _ROWS_BETWEEN_REPORTS == 0:
                self._progress(min(self._raw.tell() / self._size, 1.0))
            if row:
                yield self._reader.line_num, row
        self._progress(1.0)


def cell(row: list[str], column: int) -> str:
    """A cell's text; empty when the file has no such column or the row is short."""
    return row[column].strip() if 0 <= column < len(row) else ""


@contextmanager
def open_table(path: Path, progress: Progress) -> Iterator[Table]:
    """A CSV file's table; refuses files that can't be read as one."""
    try:
        with open_text(path) as (text, raw, size):
            yield Table(path, text, raw, size, progress)
    except (UnicodeDecodeError, csv.Error, EOFError, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise ImportRefused(f"{path.name} can't be read as a CSV file: {error}.") from error
    except FileNotFoundError as error:
        raise ImportRefused(f"There is no file {path}.") from error
