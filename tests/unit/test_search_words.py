"""Words by which letters are found: folded the same when stored and asked, and never able to break a query."""

from datetime import UTC, datetime

import pytest

from shared.domain.search_words import search_query, stored_words
from shared.domain.table_keys import NEWEST, TableKey, parse_key


def test_words_are_stored_once_each_with_their_campaign() -> None:
    stored = stored_words(7, "José  O’Brien-Łuk", "Jose.B+x@Example.org", "North  Adams", "Ana O'BRIEN", "1st Essex")
    assert stored.split(" ") == [
        *("7/1st", "7/adams", "7/ana", "7/essex", "7/jose", "7/jose.b+x@example.org", "7/north", "7/obrien", "7/łuk"),
    ]


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("Jos\u00e9", "'7/jose':*"),
        ("Jose\u0301", "'7/jose':*"),
        ("  o’BRI  o'bri ", "'7/obri':*"),
        ("Ana-Lu", "'7/ana':* & '7/lu':*"),
        ("a'b\\@", "'7/ab\\\\@':*"),
        ("", ""),
        ("%_ :*()&|!<-> \\ \u0000 🙂", ""),
    ],
)
def test_every_word_typed_is_a_beginning(typed: str, query: str) -> None:
    assert search_query(7, typed) == query


def test_a_very_long_word_is_cut_the_same_way() -> None:
    long = "a" * 500
    assert search_query(7, long) == f"'{stored_words(7, long)}':*"


def test_a_key_is_read_as_it_was_written() -> None:
    key = TableKey(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), 12)
    assert str(key) == "1767323045678901-12"
    assert parse_key(str(key)) == key
    assert parse_key("0-0") == TableKey(datetime(1970, 1, 1, tzinfo=UTC), 0)


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "-1-1", "1-1 ", "1-x", "١-١", "9" * 17 + "-1", "1-" + "9" * 19, "1.5-1"]
)
def test_anything_else_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_the_longest_key_is_a_time_that_the_database_knows() -> None:
    longest = parse_key("9" * 16 + "-" + "9" * 18)
    assert longest
    assert longest.at < NEWEST.at
    assert longest.id < NEWEST.id
