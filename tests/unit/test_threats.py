"""Threats hold a letter; anger, testimony and quotations do not: `tests/threats.csv`."""

import csv
from pathlib import Path

import pytest

from shared.domain.threat_phrases import PHRASES
from shared.domain.threats import find_threat
from tests.hostile import cpu_seconds

_FILE = Path(__file__).parent.parent / "threats.csv"
ROWS = [tuple(row) for row in csv.reader(_FILE.read_text(encoding="utf-8").splitlines())][1:]
FAIR = [words for about, words in ROWS if about != "threat"]
THREATS = [words for about, words in ROWS if about == "threat"]
ENGLISH = PHRASES["en"]


@pytest.mark.parametrize("words", FAIR)
def test_strong_words_hold_nothing(words: str) -> None:
    assert find_threat(words, ENGLISH) == ""


@pytest.mark.parametrize("words", THREATS)
def test_a_threat_holds_the_letter(words: str) -> None:
    assert find_threat(words, ENGLISH)
    assert find_threat(f"Dear Senator,\n\nI am a nurse, and I vote. {words}\n\nA neighbor", ENGLISH)


def test_there_are_enough_fair_letters_of_many_kinds() -> None:
    assert len(set(FAIR)) >= 200
    assert len({about for about, _ in ROWS}) >= 15


def test_all_fair_letters_together_hold_nothing() -> None:
    assert find_threat("\n\n".join(FAIR), ENGLISH) == ""


def test_what_was_found_is_named_as_it_was_read() -> None:
    assert find_threat("Well, I'm gonna kill you!", ENGLISH) == "i will kill you"
    assert find_threat("I will kill you", ()) == ""


def test_organizers_write_phrases_with_alternatives_and_exceptions() -> None:
    mine = ("Burn it/them Down ! to the ground", "!", "", "/", "a//b")
    assert find_threat("Just burn them down.", mine) == "burn them down"
    assert find_threat("Burn it down to the ground", mine) == ""
    assert find_threat("burn it. Down", mine) == ""


@pytest.mark.parametrize(
    "piece", ["i will ", "you ", '"', "i will kill ", "said ", "you deserve to be ", ", ", "a\n", "'"]
)
def test_no_text_takes_long(piece: str) -> None:
    """A letter has 11,000 characters of a supporter's; ten times that takes ten times as long."""
    find_threat("", ENGLISH)
    text = (piece * 110_000)[:110_000]
    _, spent = cpu_seconds(lambda: find_threat(text, ENGLISH), 1.5)
    assert spent < 1.5


def test_every_phrase_is_found_in_itself() -> None:
    for line in ENGLISH:
        main = line.partition("!")[0]
        assert find_threat(" ".join(word.split("/")[0] for word in main.split()), ENGLISH), line
