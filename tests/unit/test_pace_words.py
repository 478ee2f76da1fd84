import pytest

from shared.domain.pace import Pace, seconds_to_empty
from shared.domain.pace_words import (
    empty_words,
    forecast_words,
    new_domain_words,
    rate_words,
    said_words,
    time_words,
    trial_words,
)


@pytest.mark.parametrize(
    ("pace", "letters", "seconds"),
    [
        (Pace(rate_per_hour=200), 600, 10_800),
        # The slower one of rate and server decides.
        (Pace(rate_per_hour=3_600, connections=1, seconds_per_letter=5), 100, 500),
        (Pace(rate_per_hour=36, connections=10, seconds_per_letter=5), 100, 10_000),
        (Pace(connections=4, seconds_per_letter=2), 100, 50),
        (Pace(), 100, None),
        # A new domain gets the letters beyond its allowance half an hour later.
        (Pace(rate_per_hour=200, allowance=300), 300, 5_400),
        (Pace(rate_per_hour=200, allowance=300), 600, 10_800 + 1_800),
        (Pace(rate_per_hour=200, allowance=0), 1, 18 + 1_800),
        (Pace(allowance=300), 600, None),
        # How many trials there will be, nobody knows.
        (Pace(rate_per_hour=200, allowance=4, trial=4), 3, None),
    ],
)
def test_the_time_until_a_queue_is_empty(pace: Pace, letters: int, seconds: float | None) -> None:
    assert seconds_to_empty(pace, letters) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "less than a minute"),
        (60, "about 1 minute"),
        (61, "about 2 minutes"),
        (3_600, "about 1 hour"),
        (5_000, "about 2 hours"),
        (90_000, "about 2 days"),
        (86_400 * 2_000, "about 2,000 days"),
    ],
)
def test_times_are_rounded_up(seconds: float, words: str) -> None:
    assert time_words(seconds) == words


@pytest.mark.parametrize(
    ("rate", "letters", "words"),
    [
        (200, 10_000, "10,000 letters at 200 an hour take 50 hours, about 3 days."),
        (200, 50, "50 letters at 200 an hour take 15 minutes."),
        (3_600, 7_201, "7,201 letters at 3,600 an hour take 3 hours."),
        (None, 10_000, "10,000 letters leave as quickly as the server takes them."),
    ],
)
def test_a_pace_is_foretold_in_words(rate: int | None, letters: int, words: str) -> None:
    assert forecast_words(rate, letters) == words


def test_words_promise_nothing_that_is_not_known() -> None:
    assert empty_words(Pace(), 5) == "not known yet"
    assert empty_words(Pace(), 0) == "nothing waits"
    assert empty_words(Pace(rate_per_hour=200), 600) == "in about 3 hours"
    assert rate_words(Pace(rate_per_hour=1_200)) == "1,200 an hour"
    assert empty_words(Pace(rate_per_hour=200), 600, "20:57 UTC") == "in about 3 hours, counted from 20:57 UTC"
    assert empty_words(Pace(rate_per_hour=3_600), 5, "20:57 UTC") == "soon after 20:57 UTC"
    assert empty_words(Pace(), 5, "20:57 UTC") == "not known yet, not before 20:57 UTC"
    assert empty_words(Pace(rate_per_hour=200, allowance=4, trial=4), 600) == "not known yet"
    assert empty_words(Pace(rate_per_hour=3_600, allowance=300), 600) == "in about 40 minutes"


def test_what_a_domain_gets_that_refused_everything_or_is_new_is_said() -> None:
    assert trial_words(Pace(allowance=1, trial=1)) == "trial of 1 letter"
    assert trial_words(Pace(allowance=2, trial=4)) == "trial of 4 letters"
    assert trial_words(Pace(allowance=300)) == trial_words(Pace()) == ""
    assert "It gets 300 letters until it has refused none for half an hour." in new_domain_words(Pace(allowance=7))
    assert new_domain_words(Pace(allowance=1, trial=1)) == new_domain_words(Pace()) == ""
    assert said_words("550 5.7.1 no") == "Its mail server said: “550 5.7.1 no”."
    assert said_words("") == ""
