"""When answers are a run of refusals, and what is learned from it."""

import pytest

from shared.domain.causes import Cause
from shared.domain.receipts import are_of_one_organization
from shared.domain.refusal_runs import Answer, counts, is_run, learned_rate, needed_of, refuses_most


def answers(words: str, mailboxes: int) -> list[Answer]:
    """A letter each: `r` for a refusal, `t` for one that was taken; the mailboxes in turn."""
    return [Answer(f"m{number % mailboxes}", word == "r") for number, word in enumerate(words)]


@pytest.mark.parametrize(
    ("words", "mailboxes", "is_one"),
    [
        ("ttttt" + "r" * 5, 5, True),
        ("r" * 5, 3, True),
        ("r" * 20, 2, False),
        ("r" * 4, 4, False),
        ("rrrrt", 5, False),
        ("rt" * 10, 5, True),
        ("tr" * 9 + "tt", 5, False),
        ("rt" * 10 + "t" * 5, 5, False),
        ("", 1, False),
    ],
)
def test_five_in_a_row_or_ten_of_twenty_of_three_mailboxes(words: str, mailboxes: int, *, is_one: bool) -> None:
    assert is_run(answers(words, mailboxes)) is is_one


def test_one_mailbox_is_judged_by_itself() -> None:
    assert is_run(answers("r" * 5, 1), mailboxes=1)
    assert not is_run(answers("r" * 4, 1), mailboxes=1)


@pytest.mark.parametrize(("trial", "needed"), [(0, 5), (1, 1), (2, 1), (4, 2), (8, 4), (16, 5), (256, 5)])
def test_a_trial_of_few_letters_needs_fewer_refusals(trial: int, needed: int) -> None:
    assert needed_of(trial) == needed
    assert is_run(answers("r" * needed, 5), trial)
    assert not is_run(answers("r" * (needed - 1), 5), trial)


@pytest.mark.parametrize(
    ("cause", "counted", "counted_if_edited"),
    [
        (Cause.REFUSED, True, True),
        (Cause.CONTENT, True, False),
        (Cause.GAVE_UP, True, True),
        (Cause.NO_SUCH_ADDRESS, False, False),
        (Cause.MAILBOX_FULL, False, False),
        (Cause.TOO_LARGE, False, False),
        (Cause.OUR_RATE, False, False),
    ],
)
def test_what_is_about_one_letter_or_about_us_does_not_count(
    cause: Cause, *, counted: bool, counted_if_edited: bool
) -> None:
    assert counts(cause, is_edited=False) is counted
    assert counts(cause, is_edited=True) is counted_if_edited


@pytest.mark.parametrize(("refused", "taken", "is_most"), [(5, 5, True), (5, 6, False), (4, 0, False), (50, 10, True)])
def test_reports_are_a_run_when_most_of_what_left_came_back(refused: int, taken: int, *, is_most: bool) -> None:
    assert refuses_most(answers("r" * refused, 5), taken) is is_most


@pytest.mark.parametrize(
    ("taken", "seconds", "rate"), [(100, 3_600, 100), (100, 600, 100), (100, 7_200, 50), (19, 3_600, None)]
)
def test_a_rate_is_learned_from_enough_letters(taken: int, seconds: float, rate: int | None) -> None:
    assert learned_rate(taken, seconds) == rate


@pytest.mark.parametrize(
    ("host", "other", "is_one"),
    [
        ("mail.letters.example", "letters.example", True),
        ("mx1.house.gov", "mx2.house.gov", True),
        ("mx.house.gov", "mx.senate.gov", False),
        ("one.co.uk", "two.co.uk", False),
        ("a.one.co.uk", "b.one.co.uk", True),
        ("localhost", "localhost", True),
        ("", "letters.example", False),
    ],
)
def test_servers_of_one_organization_share_its_domain(host: str, other: str, *, is_one: bool) -> None:
    assert are_of_one_organization(host, other) is is_one
