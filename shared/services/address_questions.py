"""People whose address leads to no office, or to a wrong one: the link by email, and correcting it for them."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import asked_people, follow_ups, letters, submissions
from shared.domain.causes import Cause
from shared.domain.identities import new_token
from shared.domain.places import HomeAddress, LookupStatus
from shared.domain.states import CANCELLABLE, SUBMISSION_ARROWS, LetterState, SubmissionState
from shared.domain.supporter_input import checked_address
from shared.errors import NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.submissions import correct_address

_LOG = structlog.get_logger()
PAGE_SIZE = 50


@dataclass(frozen=True)
class AskedPerson:
    """Somebody who is asked about their address. `suggestions` are close spellings."""

    id: int
    name: str
    email: str
    address: str
    status: LookupStatus | None
    suggestions: tuple[str, ...]
    accepted_at: datetime
    emailed_at: datetime | None


@dataclass(frozen=True)
class AskedPage:
    """A page of them. `older` begins the next one; `verdicts` say how many may get the link now, or why not.

    `settled` counts those that an organizer marked as dealt with.
    """

    people: tuple[AskedPerson, ...]
    older: int | None
    verdicts: dict[str, int]
    settled: int


@dataclass(frozen=True)
class PersonLetters:
    """Whose address is to be corrected, and what that means for letters that are there already."""

    id: int
    name: str
    email: str
    address: HomeAddress
    suggestions: tuple[str, ...]
    waiting: int
    left: int


def list_asked(engine: Engine, campaign_id: int, *, after: int = 0) -> AskedPage:
    """People of the campaign who are asked, in the order in which they came."""
    with engine.connect() as connection:
        rows = asked_people.read_asked(connection, campaign_id, after, PAGE_SIZE + 1)
        verdicts = asked_people.judge(connection, campaign_id)
        settled = asked_people.count_settled(connection, campaign_id)
    shown = rows[:PAGE_SIZE]
    older = shown[-1]["id"] if len(rows) > PAGE_SIZE else None
    return AskedPage(tuple(_person(row) for row in shown), older, verdicts, settled)


def settle_questions(engine: Engine, campaign_id: int, *, attended: bool, actor: str) -> int:
    """The open questions need no attention any more, or need it again; how many. Nothing else about them changes."""
    with engine.begin() as connection:
        count = asked_people.settle(connection, campaign_id, attended=attended)
    _LOG.info("questions.settled", campaign_id=campaign_id, people=count, attended=attended, actor=actor)
    return count


def email_links(engine: Engine, ring: Ring, campaign_id: int) -> int:
    """The link to their own question to everybody who may get it now; to how many."""
    with engine.begin() as connection:
        planned = asked_people.plan_links(connection, campaign_id)
    ring.ring(TaskName.SEND_MAIL)
    return planned


def read_person(engine: Engine, campaign_id: int, submission_id: int) -> PersonLetters:
    """Raises NotFound for a submission of another campaign, NotAllowed for one that nothing can be done about."""
    with engine.connect() as connection:
        row = _require(connection, campaign_id, submission_id)
        written = letters.letters_of_submission(connection, submission_id)
    waiting = sum(LetterState(one["state"]) in CANCELLABLE for one in written)
    ended = sum(one["state"] == LetterState.CANCELLED.value for one in written)
    return PersonLetters(
        row["id"],
        f"{row['first_name']} {row['last_name']}".strip(),
        row["email"],
        _address(row),
        tuple(row["suggestions"]),
        waiting,
        len(written) - waiting - ended,
    )


def correct_person(
    engine: Engine, ring: Ring, campaign_id: int, submission_id: int, address: HomeAddress, *, actor: str
) -> int:
    """Another home address for somebody, which is looked up; how many letters of the wrong one were cancelled.

    Without letters the question is asked anew. Letters that have not left are cancelled, and the same words go to the
    offices of the right address; what has left stays. Raises NotFound, NotAllowed, InputError.
    """
    values = checked_address(address)
    with engine.begin() as connection:
        row = _require(connection, campaign_id, submission_id, lock=True)
        has_letters = row["expected_letters"] is not None
        cancelled = _write_anew(connection, row, values, actor) if has_letters else 0
    if not has_letters:
        correct_address(engine, ring, row["token"], address, by_organizer=True)
    ring.ring(TaskName.PREPARE_SUBMISSIONS)
    return cancelled


def _write_anew(connection: Connection, row: RowMapping, address: dict[str, str], actor: str) -> int:
    written = letters.lock_letters_of_submission(connection, row["id"])
    waiting = [one for one in written if LetterState(one["state"]) in CANCELLABLE]
    for letter in waiting:
        letters.change_letter(connection, letter, LetterState.CANCELLED, actor=actor, cause=Cause.ORGANIZER)
    asked_people.copy_with_address(connection, row["id"], new_token(), address)
    has_left = any(one not in waiting and one["state"] != LetterState.CANCELLED.value for one in written)
    if not has_left and SubmissionState.WITHDRAWN in SUBMISSION_ARROWS[SubmissionState(row["state"])]:
        # Nothing is left to tell about: the new letters have emails of their own.
        for mail in follow_ups.lock_waiting(connection, row["id"]):
            follow_ups.change_follow_up(connection, mail, LetterState.CANCELLED)
        submissions.change_submission(connection, row, SubmissionState.WITHDRAWN)
    return len(waiting)


def _require(connection: Connection, campaign_id: int, submission_id: int, *, lock: bool = False) -> RowMapping:
    row = submissions.find_of_campaign(connection, campaign_id, submission_id, lock=lock)
    if row is None:
        raise NotFound("There is nobody of this number in this campaign.")
    if not row["street"] or row["erase_requested_at"] is not None:
        raise NotAllowed("This supporter’s data were deleted. Nothing can be corrected any more.")
    if row["accepted_at"] is None or row["state"] in (SubmissionState.WITHDRAWN, SubmissionState.EXPIRED):
        raise NotAllowed("These letters were taken back, or nobody answered in time. Nothing is sent any more.")
    return row


def _person(row: RowMapping) -> AskedPerson:
    return AskedPerson(
        row["id"],
        f"{row['first_name']} {row['last_name']}".strip(),
        row["email"],
        _address(row).one_line(),
        LookupStatus(row["lookup_status"]) if row["lookup_status"] else None,
        tuple(row["suggestions"]),
        row["accepted_at"],
        row["emailed_at"],
    )


def _address(row: RowMapping) -> HomeAddress:
    return HomeAddress(row["street"], row["city"], row["us_state"], row["zip"], row["unit"])
