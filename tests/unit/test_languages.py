"""Which language a reader gets, and how the catalogs and the calendar speak it."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from scripts.words import sentences
from shared.domain.languages import LANGUAGES, PSEUDO, SOURCE, best_language, known_language
from shared.domain.phrases import phrase
from shared.paths import TRANSLATIONS
from shared.rendering.pseudo import CLOSES, OPENS
from shared.rendering.speech import (
    say,
    say_clock,
    say_day,
    say_moment,
    say_number,
    say_weekday,
    speak,
    speaking,
    spoken,
)

OTHERS = [code for code in LANGUAGES if code != SOURCE]
AT = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
PLACE = re.compile(r"%\(\w+\)s|#")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("en-US,en;q=0.9", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("pt-PT", "pt_BR"),
        ("fr-FR,fr;q=0.9,ht;q=0.5,en;q=0.1", "ht"),
        ("zh-CN,zh;q=0.9", "zh_Hans"),
        ("zh-TW", "zh_Hant"),
        ("zh-Hant-HK", "zh_Hant"),
        ("zh-Hans-HK", "zh_Hans"),
        ("vi", "vi"),
        ("en;q=0.1, vi;q=0.7", "vi"),
        ("es;q=0, en", "en"),
        ("de, fr", "en"),
        ("en-XA", "en"),
        ("*", "en"),
        (";;;q=x,,", "en"),
        ("es;q=abc,vi", "vi"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_first_language_that_we_know(accept: str, language: str) -> None:
    assert best_language(accept) == language


def test_codes_and_tags_in_any_spelling() -> None:
    assert [known_language(one) for one in ("PT_br", "zh-hant", "zh_MO", "es", "xx", "", None)] == [
        "pt_BR",
        "zh_Hant",
        "zh_Hant",
        "es",
        None,
        None,
        None,
    ]


def catalog(language: str) -> Catalog:
    with (TRANSLATIONS / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="module")
def template() -> Catalog:
    return sentences()


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str, template: Catalog) -> None:
    """`make words` adds what is new; somebody has to translate it."""
    there = {message.id: message for message in catalog(language) if message.id}
    wanted = {message.id for message in template if message.id}
    assert wanted - there.keys() == set(), "run make words"
    assert there.keys() - wanted == set(), "run make words"
    assert [number for number, message in there.items() if not message.string] == []
    assert [number for number, message in there.items() if message.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_the_places_for_values(language: str) -> None:
    for message in catalog(language):
        if message.id and message.string:
            assert sorted(PLACE.findall(message.string)) == sorted(PLACE.findall(message.id)), message.id
            assert "<" not in message.string
            assert message.string == message.string.strip()


def test_a_phrase_is_english_until_another_language_is_spoken() -> None:
    words = phrase("Accepted by %(domain)s", domain="mahouse.gov")
    assert words == "Accepted by mahouse.gov"
    assert say(words) == "Accepted by mahouse.gov"
    with speaking("es"):
        assert say(words) != "Accepted by mahouse.gov"
        assert "mahouse.gov" in say(words)
        assert say(phrase("%(promise)s", promise=phrase("Sent"))) == say(phrase("Sent"))
        assert say("a line from a mail server") == "a line from a mail server"
    assert spoken() == SOURCE


def test_the_language_of_tests_marks_what_it_says() -> None:
    with speaking(PSEUDO):
        said = say(phrase("Accepted by %(domain)s", domain="mahouse.gov"))
    assert said.startswith(OPENS)
    assert said.endswith(CLOSES)
    assert "mahouse.gov" in said
    assert len(said) > len("Accepted by mahouse.gov") * 1.2


def test_a_thread_speaks_one_language_at_a_time() -> None:
    speak("vi")
    with speaking("es"):
        assert spoken() == "es"
    assert spoken() == "vi"
    speak(SOURCE)


def test_numbers_and_times_as_the_language_writes_them() -> None:
    assert (say_number(1284), say_clock(AT, ZONE)) == ("1,284", "10:04:05 am")
    assert say_moment(AT, ZONE) == "Nov 23, 10:04 am EST"
    assert say_day(AT, ZONE) == "November 23, 2026"
    assert say_weekday(AT.astimezone(ZONE)) == "Monday 10:04 am"
    with speaking("es"):
        assert say_day(AT, ZONE) == "23 de noviembre de 2026"
        assert say_weekday(AT.astimezone(ZONE)).startswith("lunes 10:04")
    with speaking("pt_BR"):
        assert "23 de nov" in say_moment(AT, ZONE)
    with speaking("zh_Hans"):
        assert say_day(AT, ZONE) == "2026年11月23日"
    for language in OTHERS:
        with speaking(language):
            assert "10:04" in say_moment(AT, ZONE)
            assert ":04" in say_clock(AT, ZONE)
