import itertools

import pytest

from shared.domain.states import (
    END_STATES,
    LETTER_ARROWS,
    REOPENED_BY_ORGANIZER,
    SUBMISSION_ARROWS,
    LetterState,
    SubmissionState,
    check_letter_arrow,
    check_submission_arrow,
)
from shared.errors import IllegalTransition


def test_every_letter_state_has_its_row_and_can_be_reached() -> None:
    assert set(LETTER_ARROWS) == set(LetterState)
    reached = {LetterState.HELD, LetterState.QUEUED}
    for _ in LetterState:
        reached |= {to for state in reached for to in LETTER_ARROWS[state]}
    assert reached == set(LetterState)


def test_every_submission_state_has_its_row_and_can_be_reached() -> None:
    assert set(SUBMISSION_ARROWS) == set(SubmissionState)
    reached = {SubmissionState.DRAFT}
    for _ in SubmissionState:
        reached |= {to for state in reached for to in SUBMISSION_ARROWS[state]}
    assert reached == set(SubmissionState)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(LetterState, LetterState)))
def test_letters_move_along_the_table_only(old: LetterState, new: LetterState) -> None:
    if new in LETTER_ARROWS[old]:
        check_letter_arrow(old, new)
    else:
        with pytest.raises(IllegalTransition):
            check_letter_arrow(old, new)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(SubmissionState, SubmissionState)))
def test_submissions_move_along_the_table_only(old: SubmissionState, new: SubmissionState) -> None:
    if new in SUBMISSION_ARROWS[old]:
        check_submission_arrow(old, new)
    else:
        with pytest.raises(IllegalTransition):
            check_submission_arrow(old, new)


def test_a_letter_that_left_is_never_queued_again_by_itself() -> None:
    for state in (LetterState.SENT, LetterState.DELIVERED):
        assert LetterState.QUEUED not in LETTER_ARROWS[state]
        assert LetterState.SENDING not in LETTER_ARROWS[state]


def test_ends_are_reopened_by_organizers_only() -> None:
    for state in END_STATES:
        assert (LetterState.QUEUED in LETTER_ARROWS[state]) == (state in REOPENED_BY_ORGANIZER)
