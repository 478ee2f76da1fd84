"""The last answers of receiving domains that refuse letters. Rules are in `shared.domain.refusal_runs`.

A transaction locks the domain's row after those of letters, as when it writes the pace.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, text

from shared.db.engine import allow_bitmaps
from shared.db.expiry import LONGEST
from shared.db.tables import domain_answer
from shared.domain.causes import Cause
from shared.domain.refusal_runs import (
    HOLD_S,
    LAST_ANSWERS,
    LAST_TRIAL,
    NEW_DOMAIN,
    PROVED_AFTER_S,
    Answer,
    settles_s,
)
from shared.domain.transport import Transport

_KEY = "transport = :transport AND receiving_domain = :receiving_domain"
# Of one mailbox, or of all.
_OF = f"{_KEY} AND (CAST(:mailbox AS text) IS NULL OR mailbox = :mailbox)"
_MOST_REPORTS = 1_000
# What was refused in a run, and nothing older.
_MAY_GO_BACK = "is_refusal AND has_no_copy AND answered_at > now() - interval '1 day'"
_LOCK = text(
    f"""
    SELECT trial, held_at, is_watched, coalesce(open_until > now() AND trial > 0, false) AS is_held,
        extract(epoch FROM now() - held_at)::float8 AS held_for_s
    FROM domain_pace
    WHERE {_KEY}
    FOR NO KEY UPDATE
    """
)
_REPLIES = text(
    f"""
    SELECT mailbox, is_refusal
    FROM domain_answer
    WHERE {_OF} AND claimed_at IS NULL AND (is_counted OR NOT is_refusal)
    ORDER BY id DESC
    LIMIT {LAST_ANSWERS}
    """
)
_REPORTS = text(
    f"""
    SELECT mailbox, claimed_at, letter_id
    FROM domain_answer
    WHERE {_OF} AND is_counted AND claimed_at > greatest(now() - interval '1 day', CAST(:since AS timestamptz))
    ORDER BY id DESC
    LIMIT {_MOST_REPORTS}
    """
)
# Claims of a time are found by their events' index; their letters are few where it is short. The letters of a batch are
# claimed at one moment, and leave in about the order of their numbers.
_TAKEN = text(
    """
    SELECT count(*)
    FROM (
        SELECT 1
        FROM letter_event
        JOIN letter ON letter.id = letter_event.letter_id AND letter.attempt = letter_event.attempt
        WHERE letter_event.to_state = 'sending'
            AND letter_event.at >= :since AND letter_event.at <= coalesce(CAST(:until AS timestamptz), 'infinity')
            AND (letter_event.at, letter.id) >= (:since, :first)
            AND (letter_event.at, letter.id) <= (coalesce(CAST(:until AS timestamptz), 'infinity'), :last)
            AND letter.transport = :transport AND letter.receiving_domain = :receiving_domain
            AND letter.state IN ('sent', 'delivered')
        LIMIT :most
    ) AS taken
    """
)
# The same for one mailbox, along the index of its office's letters.
_TAKEN_BY_MAILBOX = text(
    """
    SELECT count(*)
    FROM (
        SELECT 1
        FROM campaign
        JOIN letter ON letter.campaign_id = campaign.id
        JOIN letter_event ON letter_event.letter_id = letter.id AND letter_event.attempt = letter.attempt
        WHERE letter.state IN ('sent', 'delivered') AND letter.transport = :transport
            AND letter.office_id = (SELECT office_id FROM letter WHERE id = :last)
            AND lower(letter.recipient_email) = :mailbox
            AND letter_event.to_state = 'sending' AND letter_event.at BETWEEN :since AND :until
        LIMIT :most
    ) AS taken
    """
)
_CLAIMED_AT = text(
    "SELECT max(at) FROM letter_event WHERE letter_id = :id AND attempt = :attempt AND to_state = 'sending'"
)
_HOLD = text(
    f"""
    UPDATE domain_pace
    SET open_until = greatest(open_until, now() + {HOLD_S} * interval '1 second'), open_cause = :cause,
        open_reply = :reply, held_at = now(), trial = 1, trial_at = now(), allowance = 1, allowed_at = NULL,
        rate_per_hour = CASE WHEN CAST(:rate AS int) IS NULL THEN rate_per_hour
            ELSE least(own_rate_per_hour, CAST(:rate AS int)) END
    WHERE {_KEY}
    """
)
_SEND_BACK = text(f"UPDATE domain_answer SET goes_back = true WHERE {_OF} AND {_MAY_GO_BACK}")
_PRUNE = text(
    f"""
    DELETE FROM domain_answer
    WHERE {_KEY} AND NOT goes_back AND NOT ({_MAY_GO_BACK}) AND id NOT IN (
        SELECT id
        FROM (
            SELECT id, bool_or(is_refusal) OVER (PARTITION BY mailbox) AS has_refused,
                row_number() OVER (PARTITION BY claimed_at IS NULL ORDER BY id DESC) AS place,
                row_number() OVER (PARTITION BY mailbox, claimed_at IS NULL ORDER BY id DESC) AS place_of_mailbox
            FROM domain_answer
            WHERE {_KEY}
        ) AS ranked
        WHERE place <= {LAST_ANSWERS} OR (has_refused AND place_of_mailbox <= {LAST_ANSWERS})
    )
    """
)
_WATCH = text(
    f"""
    UPDATE domain_pace
    SET is_watched = NOT is_watched
    WHERE {_KEY} AND is_watched <> EXISTS (SELECT 1 FROM domain_answer WHERE {_KEY} AND is_refusal)
    """
)
_REFUSING = text(f"SELECT DISTINCT mailbox FROM domain_answer WHERE {_KEY} AND is_refusal")
_RETURNING = text(
    """
    SELECT letter.*, letter.answered_at IS NULL
        AND (letter.attended_at IS NULL OR letter.attended_at < letter.state_changed_at)
        AND EXISTS (
            SELECT 1
            FROM domain_answer
            WHERE domain_answer.letter_id = letter.id AND goes_back AND domain_answer.attempt = letter.attempt
        ) AS may_return
    FROM letter
    WHERE letter.id IN (SELECT letter_id FROM domain_answer WHERE goes_back) AND NOT letter.id = ANY(:but)
    ORDER BY letter.id
    LIMIT :limit
    FOR NO KEY UPDATE OF letter SKIP LOCKED
    """
)
# However often a letter is refused and waits again, it has no more than its longest time.
_BOUND = text(
    f"""
    UPDATE letter
    SET deliver_by = least(deliver_by, created_at + {LONGEST})
    WHERE id = :letter_id
    """
)
_FORGET_LETTER = text("DELETE FROM domain_answer WHERE letter_id = :letter_id")
_SETTLES = " ".join(f"WHEN '{transport}' THEN {settles_s(transport)}" for transport in Transport)
_IS_SETTLED = f"allowed_at < now() - CASE transport {_SETTLES} END * interval '1 second'"
_NEXT_TRIAL = text(
    f"""
    UPDATE domain_pace
    SET trial = CASE WHEN NOT took THEN trial WHEN trial < {LAST_TRIAL} THEN trial * 2 ELSE 0 END,
        allowance = CASE WHEN NOT took THEN trial WHEN trial < {LAST_TRIAL} THEN trial * 2 END,
        trial_at = now(), allowed_at = NULL
    FROM (
        SELECT p.transport, p.receiving_domain, EXISTS (
            SELECT 1
            FROM letter_event
            JOIN letter ON letter.id = letter_event.letter_id AND letter.attempt = letter_event.attempt
            WHERE letter_event.at >= coalesce(p.trial_at, p.allowed_at) AND letter_event.to_state = 'sending'
                AND letter.transport = p.transport AND letter.receiving_domain = p.receiving_domain
                AND letter.state IN ('sent', 'delivered')
        ) AS took
        FROM domain_pace p
        WHERE trial > 0 AND allowance <= 0 AND {_IS_SETTLED} AND (open_until IS NULL OR open_until <= now())
        FOR NO KEY UPDATE OF p SKIP LOCKED
    ) AS tried
    WHERE tried.transport = domain_pace.transport AND tried.receiving_domain = domain_pace.receiving_domain
    RETURNING domain_pace.receiving_domain, domain_pace.trial
    """
)
_PROVE = text(
    f"""
    UPDATE domain_pace
    SET allowance = CASE WHEN refused THEN {NEW_DOMAIN} END, allowed_at = NULL
    FROM (
        SELECT p.transport, p.receiving_domain, EXISTS (
            SELECT 1
            FROM domain_answer
            WHERE domain_answer.transport = p.transport AND domain_answer.receiving_domain = p.receiving_domain
                AND is_counted AND answered_at >= p.allowed_at
        ) AS refused
        FROM domain_pace p
        WHERE trial = 0 AND allowance IS NOT NULL
            AND allowed_at < now() - {PROVED_AFTER_S} * interval '1 second'
        FOR NO KEY UPDATE OF p SKIP LOCKED
    ) AS new
    WHERE new.transport = domain_pace.transport AND new.receiving_domain = domain_pace.receiving_domain
    """
)
_EDITED = text(
    """
    SELECT letter.id
    FROM letter
    JOIN submission ON submission.id = letter.submission_id
    WHERE letter.id = ANY(:ids)
        AND (edited_subject IS NOT NULL OR edited_body IS NOT NULL OR own_words <> '')
    """
)
_FORGET = text("DELETE FROM domain_answer WHERE answered_at < now() - interval '7 days' AND NOT goes_back")


@dataclass(frozen=True)
class Receiver:
    """A receiving domain as one transport reaches it, or one `mailbox` of it."""

    transport: Transport
    domain: str
    mailbox: str | None = None

    @property
    def values(self) -> dict[str, str | None]:
        """For the statements of this module."""
        return {"transport": self.transport.value, "receiving_domain": self.domain, "mailbox": self.mailbox}


@dataclass(frozen=True)
class HoldState:
    """How a domain stands after runs of refusals. `held_for_s` since the last one, 0 when there was none."""

    trial: int
    held_at: datetime | None
    is_held: bool
    is_watched: bool
    held_for_s: float


@dataclass(frozen=True, order=True)
class SentLetter:
    """When a letter was claimed, and which: the order in which letters leave."""

    claimed_at: datetime
    letter_id: int


@dataclass(frozen=True)
class NewAnswer:
    """One answer about a letter. `claimed_at` for a refusal that was reported after the letter had left."""

    mailbox: str
    letter_id: int
    attempt: int
    is_refusal: bool = False
    is_counted: bool = False
    has_no_copy: bool = False
    goes_back: bool = False
    claimed_at: datetime | None = None


def lock_hold(connection: Connection, of: Receiver) -> HoldState | None:
    """How the domain stands, locked until COMMIT."""
    row = connection.execute(_LOCK, of.values).one_or_none()
    if row is None:
        return None
    return HoldState(row.trial, row.held_at, row.is_held, row.is_watched, row.held_for_s or 0.0)


def add_answers(connection: Connection, of: Receiver, answers: Sequence[NewAnswer]) -> None:
    """Keeps the last answers of a locked domain, which is watched while a refusal is among them."""
    values = [{"transport": of.transport, "receiving_domain": of.domain, **asdict(one)} for one in answers]
    connection.execute(insert(domain_answer), values)
    connection.execute(_PRUNE, of.values)
    connection.execute(_WATCH, of.values)


def refusing_mailboxes(connection: Connection, of: Receiver) -> set[str]:
    """Mailboxes of the domain whose refusals are among the answers that are kept."""
    return set(connection.execute(_REFUSING, of.values).scalars())


def last_replies(connection: Connection, of: Receiver) -> list[Answer]:
    """What mail servers replied last about letters to the domain, or to a mailbox of it, the oldest first."""
    rows = connection.execute(_REPLIES, of.values).all()
    return [Answer(row.mailbox, row.is_refusal) for row in reversed(rows)]


def last_reports(connection: Connection, of: Receiver, since: datetime | None) -> list[tuple[Answer, SentLetter]]:
    """The last refusals that were reported of letters claimed after `since`, within a day; with when these left."""
    rows = connection.execute(_REPORTS, {**of.values, "since": since})
    return [(Answer(row.mailbox, is_refusal=True), SentLetter(row.claimed_at, row.letter_id)) for row in rows]


def count_taken(connection: Connection, of: Receiver, first: SentLetter, last: SentLetter | None, *, most: int) -> int:
    """How many letters from `first` to `last`, or till now, the domain took as far as we know; `most` at most."""
    values = {"since": first.claimed_at, "first": first.letter_id, "until": last and last.claimed_at}
    values |= {"last": last.letter_id if last else 0, "most": most}
    statement = _TAKEN_BY_MAILBOX if of.mailbox else _TAKEN
    allow_bitmaps(connection)
    return int(connection.execute(statement, {**of.values, **values}).scalar_one())


def hold(connection: Connection, of: Receiver, *, cause: Cause, reply: str, rate: int | None) -> None:
    """The domain rests, then gets a trial of one letter, at most `rate` letters an hour."""
    values = {**of.values, "cause": cause.value, "reply": reply, "rate": rate}
    connection.execute(_HOLD, values)


def send_back(connection: Connection, of: Receiver) -> None:
    """The letters whose refusals are kept are queued again by the next sweep, where the domain has no copy of them."""
    connection.execute(_SEND_BACK, of.values)


def lock_returning(connection: Connection, limit: int, but: Collection[int]) -> list[RowMapping]:
    """Letters that are queued again, locked."""
    return list(connection.execute(_RETURNING, {"limit": limit, "but": list(but)}).mappings())


def bound_wait(connection: Connection, letter_id: int) -> None:
    """A letter that was queued again expires no later than if it had only waited."""
    connection.execute(_BOUND, {"letter_id": letter_id})


def claimed_at(connection: Connection, letter_id: int, attempt: int) -> datetime | None:
    """When this attempt of the letter began."""
    found: datetime | None = connection.execute(_CLAIMED_AT, {"id": letter_id, "attempt": attempt}).scalar_one()
    return found


def forget_letter(connection: Connection, letter_id: int) -> None:
    """Removes the answers about a letter that is queued again, or has arrived after all."""
    connection.execute(_FORGET_LETTER, {"letter_id": letter_id})


def next_trials(connection: Connection) -> list[RowMapping]:
    """Domains whose trial succeeded get twice as many letters; those that took the last trial get any number."""
    allow_bitmaps(connection)
    return list(connection.execute(_NEXT_TRIAL).mappings())


def prove_domains(connection: Connection) -> None:
    """New domains that refused nothing for long enough get any number of letters; others as many as before."""
    connection.execute(_PROVE)


def edited_letters(connection: Connection, letter_ids: Collection[int]) -> set[int]:
    """Those of these letters that have words of their supporters."""
    return set(connection.execute(_EDITED, {"ids": list(letter_ids)}).scalars())


def forget_old_answers(connection: Connection) -> None:
    """Answers of more than a week ago."""
    connection.execute(_FORGET)
