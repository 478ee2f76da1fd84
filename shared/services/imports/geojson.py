"""Reads the features of a GeoJSON file one after the other, however long it is; also one feature a line."""

import json
import re
from collections.abc import Iterator
from typing import IO, Any

_CHUNK = 1 << 20
_BETWEEN = " \t\r\n,\x1e"
_LIST, _FEATURE = '"features"', "Feature"
_KIND = re.compile(r'"(features|FeatureCollection|Feature)"')
# Nothing longer stands in front of the first feature.
_HEAD = 1 << 20


class _Reader:
    """A text of which only as much is kept as the value in hand needs."""

    def __init__(self, text: IO[str]) -> None:
        self._text, self._buffer, self._at = text, "", 0
        self._decoder = json.JSONDecoder()

    def kind(self) -> str:
        """The first word that tells what the text is; empty when none stands near its beginning."""
        while (found := _KIND.search(self._buffer)) is None:
            if len(self._buffer) > _HEAD or not self._more(_CHUNK):
                return ""
        return found[1]

    def enter_list(self) -> bool:
        """Goes to the first element of the list of features; False when there is no such list."""
        while (found := self._buffer.find(_LIST)) < 0:
            if not self._more(_CHUNK):
                return False
        self._at = found + len(_LIST)
        if self._skip(" \t\r\n:") != "[":
            return False
        self._at += 1
        return True

    def values(self) -> Iterator[Any]:
        """All values up to the end of the list or of the text; ValueError when the text breaks off."""
        while self._skip(_BETWEEN) not in ("]", ""):
            yield self._value()

    def at_end(self) -> bool:
        """True behind the last value of a whole list."""
        return self._skip(_BETWEEN) == "]"

    def _value(self) -> Any:
        size = _CHUNK
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._buffer, self._at)
            except ValueError:
                # Either half a value, or none at all. Twice as much each time, so that long ones cost no more.
                if not self._more(size):
                    raise
                size *= 2
            else:
                return value

    def _skip(self, characters: str) -> str:
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in characters:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more(_CHUNK):
                return ""

    def _more(self, size: int) -> bool:
        chunk = self._text.read(size)
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        return bool(chunk)


def iterate_features(text: IO[str]) -> Iterator[Any]:
    """The features of a collection, or of a file of one feature a line. ValueError for any other text."""
    reader = _Reader(text)
    kind = reader.kind()
    if not kind:
        raise ValueError("it holds no features")
    if kind != _FEATURE and not reader.enter_list():
        raise ValueError("it has no list of features")
    yield from reader.values()
    if kind != _FEATURE and not reader.at_end():
        raise ValueError("it breaks off")
