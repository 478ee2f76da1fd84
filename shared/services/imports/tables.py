"""Reads rows from CSV files, plain, gzipped or zipped, whatever the order and case of their columns."""

import csv
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ImportRefused
from shared.services.imports.reports import Progress
from shared.services.imports.text_files import TextFile, open_text

# A cell longer than this is not an address or a name, but a file of another kind.
csv.field_size_limit(1_000_000)
_LONGEST_HEADER = 100_000
_ROWS_BETWEEN_REPORTS = 2_000
_ENDINGS = (".csv", ".txt", ".tsv")
# The first that occurs most often in the header; spreadsheets of other countries write semicolons.
_DELIMITERS = (",", ";", "\t", "|")


class Table:
    """A CSV file's rows, with columns found by any of several names; `header` as the file has it."""

    def __init__(self, path: Path, file: TextFile, progress: Progress) -> None:
        first = file.text.readline(_LONGEST_HEADER)
        delimiter = max(_DELIMITERS, key=first.count)
        self._reader = csv.reader(file.text, delimiter=delimiter)
        self._file, self._progress, self._path = file, progress, path
        self.header = next(csv.reader([first], delimiter=delimiter), [])
        self._columns = {name.strip().casefold(): index for index, name in reversed(list(enumerate(self.header)))}

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
                self._progress(self._file.share())
            if row:
                yield self._reader.line_num + 1, row
        self._progress(1.0)


def cell(row: list[str], column: int) -> str:
    """A cell's text; empty when the file has no such column or the row is short."""
    # PostgreSQL takes no zero bytes.
    return row[column].replace("\0", "").strip() if 0 <= column < len(row) else ""


@contextmanager
def open_table(path: Path, progress: Progress) -> Iterator[Table]:
    """A CSV file's table; refuses files that can't be read as one."""
    try:
        with open_text(path, _ENDINGS) as file:
            yield Table(path, file, progress)
    except (UnicodeError, csv.Error, EOFError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error) as error:
        raise ImportRefused(f"{path.name} can't be read as a CSV file: {error}.") from error
    except FileNotFoundError as error:
        raise ImportRefused(f"There is no file {path}.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror}.") from error
