"""Opens text files as people save them: gzipped, zipped, in UTF-8, UTF-16 or an old Windows code page."""

import codecs
import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from shared.errors import ImportRefused

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
# For `errors=`: decodes what is not UTF-8 as Windows' western code page, byte by byte, so that no file is read twice.
OLD_WINDOWS = "dearrep.cp1252"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_START_BYTES = 4


def _decode_old(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start : error.start + 1]
    try:
        return byte.decode("cp1252"), error.start + 1
    except UnicodeDecodeError:
        return byte.decode("latin-1"), error.start + 1


codecs.register_error(OLD_WINDOWS, _decode_old)


@dataclass(frozen=True)
class TextFile:
    """An open file; `raw` is the file on the disk, whose position tells how far reading has come."""

    text: IO[str]
    raw: IO[bytes]
    size: int

    def share(self) -> float:
        """How much of the file is read, 0 to 1."""
        return min(self.raw.tell() / max(self.size, 1), 1.0)


@contextmanager
def open_text(path: Path, endings: Sequence[str]) -> Iterator[TextFile]:
    """A plain or gzipped file, or the first of a ZIP file that has one of these endings. Raises ImportRefused."""
    with ExitStack() as stack:
        raw: IO[bytes] = stack.enter_context(path.open("rb"))
        start = read_start(raw)
        data: IO[bytes] = raw
        if start.startswith(GZIP):
            data = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=raw)))
        elif start == ZIP:
            archive = stack.enter_context(zipfile.ZipFile(raw))
            data = stack.enter_context(archive.open(_member(archive, path, endings)))
        buffered = io.BufferedReader(cast(io.RawIOBase, data))
        encoding = "utf-16" if buffered.peek(_START_BYTES).startswith(_UTF_16) else "utf-8-sig"
        yield TextFile(
            io.TextIOWrapper(buffered, encoding=encoding, errors=OLD_WINDOWS, newline=""), raw, path.stat().st_size
        )


def read_start(raw: IO[bytes]) -> bytes:
    """The first bytes of a file, which tell its kind."""
    start = raw.read(_START_BYTES)
    raw.seek(0)
    return start


def _member(archive: zipfile.ZipFile, path: Path, endings: Sequence[str]) -> str:
    # Macs add a folder of their own with a shadow of each file.
    names = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
    found = next((name for name in names if name.lower().endswith(tuple(endings))), None)
    if found is None:
        raise ImportRefused(f"{path.name} is a ZIP file without a file that ends in {' or '.join(endings)}.")
    return found
