"""Typed text is bounded before any code looks into it, and what fits is kept as it was typed."""

import logging
import sys
import unicodedata
from itertools import product

import pytest

from shared.domain.integers import MAX_ID, parse_integer
from shared.domain.merge_fields import canonical, find_problems
from shared.domain.places import HomeAddress
from shared.domain.search_words import stored_words
from shared.domain.sender_domain.tag_lists import repeated_tag
from shared.domain.street_names import street_key
from shared.domain.supporter_input import SupporterDetails, checked_details, checked_words
from shared.domain.typed_text import MARKDOWN_MAX, MAX_MARKS, clean_line, clean_text, normalized
from shared.errors import InputError
from shared.rendering.markdown import page_html
from tests.hostile import MOST_CPU_S, PIECES, SIZES, cpu_seconds, hostile


@pytest.mark.parametrize("name", PIECES)
def test_no_text_takes_long(name: str) -> None:
    for size, read in product(
        SIZES, (canonical, find_problems, clean_line, clean_text, lambda text: stored_words(1, text), street_key)
    ):
        _, spent = cpu_seconds(lambda read=read, size=size: read(hostile(name, size)))
        assert spent < MOST_CPU_S, (name, size, read)


@pytest.mark.parametrize("name", PIECES)
def test_no_page_takes_long(name: str, caplog: pytest.LogCaptureFixture) -> None:
    # Another test may have switched on the log of every step.
    caplog.set_level(logging.INFO, logger="markdown_it")
    _, spent = cpu_seconds(lambda: page_html.__wrapped__(hostile(name, MARKDOWN_MAX)))
    assert spent < MOST_CPU_S


def test_texts_that_are_too_long_are_refused_unread() -> None:
    words = "a" + "\u0300\u0316" * 60_000
    for fields in ((words, None, None), ("", words, "x"), ("", "x", words), ("", "x", "[" + " " * 100_000 + "x")):
        with pytest.raises(InputError) as too_long:
            checked_words(*fields)
        assert all("characters or fewer" in problem for problem in too_long.value.fields.values())
    with pytest.raises(InputError) as refused:
        checked_details(SupporterDetails(words, words, f"{words}@example.org", HomeAddress(words, words, words, words)))
    assert {"first_name", "last_name", "email"} <= refused.value.fields.keys()


def test_blanks_and_marks_that_will_go_do_not_count() -> None:
    words = checked_words("x" + "\r\n" * 1_400, "s" + " " * 300 + "t", "b" + " " * 20_000)
    assert words == {"own_words": "x", "edited_subject": "s t", "edited_body": "b"}
    with pytest.raises(InputError) as too_long:
        checked_words("x" * 10_000, None, None)
    assert too_long.value.fields["own_words"].endswith("Shorten them by 9,000.")


def test_marks_that_people_write_stay() -> None:
    typed = "Việt Nam, Łódź, é, ñ, กำลัง, हिन्दी, שָׁלוֹם"
    for form in ("NFC", "NFKD"):
        assert normalized(unicodedata.normalize("NFD", typed), form) == unicodedata.normalize(form, typed)  # type: ignore[arg-type]
    assert len(normalized("a" + "\u0316" * 500)) == 1 + MAX_MARKS


def test_every_character_that_starts_with_a_mark_counts_as_one() -> None:
    """The rest of a run would be sorted in quadratic time."""
    every = map(chr, range(sys.maxunicode + 1))
    marks = [sign for sign in every if unicodedata.combining(unicodedata.normalize("NFKD", sign)[0])]
    assert len(marks) > 900
    assert [sign for sign in marks if len(normalized(sign * 500, "NFKD")) > 2 * MAX_MARKS] == []


@pytest.mark.parametrize(
    ("typed", "number"),
    [("0", 0), ("007", 7), (str(MAX_ID), MAX_ID)]
    + [(wrong, None) for wrong in ("", " 1", "1_0", "-1", "+1", "1.0", "²", "٣", "１", str(MAX_ID + 1), "9" * 5_000)],
)
def test_integers_are_ascii_digits_within_bounds(typed: str, number: int | None) -> None:
    assert parse_integer(typed) == number


def test_integers_have_the_bounds_that_are_asked_for() -> None:
    assert [parse_integer(one, least=1, most=20) for one in ("0", "1", "20", "21", "020")] == [None, 1, 20, None, None]


def test_a_repeated_tag_is_found_among_very_many() -> None:
    found, spent = cpu_seconds(lambda: repeated_tag(";".join(f"{n:x}=" for n in range(50_000)) + ";0="))
    assert (found, spent < MOST_CPU_S) == ("0", True)
