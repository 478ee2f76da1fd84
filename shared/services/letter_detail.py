"""One letter as organizers read it: its history, its cause in plain words, its text, and what stands beside it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, select

from shared.clock import now
from shared.db import campaigns, expiry, letter_choice, letters, office_addresses, targets
from shared.db.letter_pages import read_page
from shared.db.letter_roads import Wanted
from shared.db.tables import letter, letter_event, submission
from shared.domain.bulk import MAY_HAVE_ARRIVED, RETRYABLE
from shared.domain.campaigns import StoredCampaign
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.letter_filter import Choice, LetterFilter
from shared.domain.letter_words import STATE_WORDS, office_label, state_words
from shared.domain.office_hours import opening_for
from shared.domain.places import HomeAddress
from shared.domain.problem_words import Trouble
from shared.domain.problems import problem_of
from shared.domain.search_words import searched_words
from shared.domain.states import LETTER_ARROWS, HoldReason, LetterState
from shared.domain.table_keys import TableKey
from shared.domain.transport import Transport
from shared.errors import NotFound
from shared.rendering.speech import say_weekday
from shared.services.letters import can_cancel, can_retry
from shared.services.letters_table import states_of
from shared.services.threats import threat_in

# What a step is called that leaves the letter in its state.
_STAYS = {
    Cause.ATTENDED: "Dealt with",
    Cause.REWRITTEN: "Written anew",
    Cause.READDRESSED: "Goes to another address",
}
# Letters in the same trouble are counted up to this many.
_MOST_ALIKE = 1_000


@dataclass(frozen=True)
class EventLine:
    """One step in a letter's history."""

    at: datetime
    words: str
    detail: str
    actor: str
    state: LetterState
    remote_reply: str


@dataclass(frozen=True)
class OtherLetter:
    """Another letter of the same Send."""

    id: int
    recipient: str
    state: LetterState
    words: str


@dataclass(frozen=True)
class Alike:
    """All letters in the same trouble as one, itself included; `is_more` when there are more than `count`."""

    wanted: LetterFilter
    count: int
    is_more: bool


@dataclass(frozen=True)
class LetterDetail:
    """One letter with everything an organizer may see. `opens` when it waits for its office to open: day and time.

    `is_checked` while it waits for an organizer to read it; `office_mended` while a
    corrected address of its office would help. `parts` is its text: before the supporter's own words, those, and after.
    """

    id: int
    submission_id: int
    campaign: StoredCampaign
    supporter: str
    email: str
    address: str
    recipient: str
    recipient_email: str
    district: str
    state: LetterState
    words: str
    cause_words: str
    mend_words: str
    subject: str
    parts: tuple[str, str, str]
    is_test: bool
    transport: Transport
    message_id: str
    remote_reply: str
    due_at: datetime
    # When it is given up, or withdrawn from its hold; None unless it waits.
    expires_at: datetime | None
    opens: str
    can_retry: bool
    can_cancel: bool
    may_have_arrived: bool
    is_checked: bool
    # What holds it for a look, as it was read.
    threat: str
    second_address: str
    office_id: int
    office_mended: bool
    key: TableKey
    events: tuple[EventLine, ...]
    others: tuple[OtherLetter, ...]
    alike: Alike | None

    @property
    def can_correct_home(self) -> bool:
        """True while the supporter's data are there and the letters were not all taken back."""
        return bool(self.address and self.email)


def read_letter(engine: Engine, letter_id: int) -> LetterDetail:
    """One letter with its history; raises NotFound."""
    with engine.connect() as connection:
        row = connection.execute(select(letter).where(letter.c.id == letter_id)).mappings().one_or_none()
        if row is None:
            raise NotFound("There is no such letter.")
        person = connection.execute(select(submission).where(submission.c.id == row["submission_id"])).mappings().one()
        return _detail(connection, row, person)


def neighbours(engine: Engine, campaign_id: int, chosen: LetterFilter, key: TableKey) -> tuple[int | None, int | None]:
    """The letters that stand before and after this one in the table with these filters."""
    words = searched_words(campaign_id, chosen.search)
    with engine.connect() as connection:
        above, below = (
            read_page(
                connection,
                Wanted(campaign_id, states_of(chosen), words, key, 1, is_upward=is_upward, chosen=chosen),
            )
            for is_upward in (True, False)
        )
    return (above[0]["id"] if above else None), (below[0]["id"] if below else None)


def _detail(connection: Connection, row: RowMapping, person: RowMapping) -> LetterDetail:
    stored = campaigns.read_campaign(connection, row["campaign_id"])
    state, transport = LetterState(row["state"]), Transport(row["transport"])
    opening = opening_for(stored.hours, state, transport, row["due_at"], now())
    cause = CAUSE_WORDS[Cause(row["cause"])]
    home = HomeAddress(person["street"], person["city"], person["us_state"], person["zip"], person["unit"])
    office = targets.offices_today(connection, [row["office_id"]])[row["office_id"]]
    addresses = office_addresses.working_addresses(connection, [row["office_holder_id"] or office.holder_id or 0])
    _, second = next(iter(addresses.values()), ("", ""))
    return LetterDetail(
        id=row["id"],
        submission_id=row["submission_id"],
        campaign=stored,
        supporter=row["from_name"],
        email=person["email"],
        address=home.one_line() if person["street"] else "",
        recipient=office_label(row["recipient_title"], row["recipient_name"], row["district"]),
        recipient_email=row["recipient_email"],
        district=row["district"],
        state=state,
        words=state_words(state, transport, row["receiving_domain"]),
        cause_words=cause.what,
        mend_words=cause.mend,
        subject=row["subject"],
        parts=_parts(row["body"], person["own_words"]),
        is_test=row["is_test"],
        transport=transport,
        message_id=row["message_id"],
        remote_reply=row["remote_reply"],
        due_at=row["due_at"],
        expires_at=expiry.expires_at(connection, row["id"]),
        opens=say_weekday(opening) if opening else "",
        can_retry=can_retry(state, row["cause"]) and bool(row["reply_to"]),
        can_cancel=can_cancel(state),
        may_have_arrived=state in MAY_HAVE_ARRIVED,
        is_checked=row["hold_reason"] == HoldReason.ABUSE_CHECK.value,
        threat=threat_in(stored.campaign, person) if row["cause"] == Cause.THREAT.value else "",
        second_address=second if second != row["recipient_email"] and state in RETRYABLE else "",
        office_id=row["office_id"],
        office_mended=office.holder_id is not None and not office.email,
        key=TableKey(row["state_changed_at"], row["id"]),
        events=_events(connection, row["id"], person),
        others=_others(connection, row),
        alike=_alike(connection, row),
    )


def _parts(body: str, own_words: str) -> tuple[str, str, str]:
    own = own_words.strip()
    before, found, after = body.partition(own) if own else (body, "", "")
    return before, found, after


def _events(connection: Connection, letter_id: int, person: RowMapping) -> tuple[EventLine, ...]:
    query = select(letter_event).where(letter_event.c.letter_id == letter_id).order_by(letter_event.c.id)
    pressed = EventLine(person["accepted_at"], "Send pressed", "By the supporter.", "system", LetterState.SENT, "")
    return (pressed, *(_event(event) for event in connection.execute(query).mappings()))


def _event(row: RowMapping) -> EventLine:
    created, stays = row["from_state"] is None, row["from_state"] == row["to_state"]
    state, cause = LetterState(row["to_state"]), Cause(row["cause"])
    words = "Letter written" if created else STATE_WORDS[state]
    # The page says by whom.
    detail = "" if cause is Cause.ORGANIZER else CAUSE_WORDS[cause].what
    if stays:
        words = _STAYS.get(cause, f"{words}: news")
    elif not created and state not in LETTER_ARROWS[LetterState(row["from_state"])]:
        words, detail = f"Taken back: {words.lower()} as before", ""
    return EventLine(row["at"], words, detail, row["actor"], state, row["remote_reply"])


def _others(connection: Connection, row: RowMapping) -> tuple[OtherLetter, ...]:
    return tuple(
        OtherLetter(
            one["id"],
            office_label(one["recipient_title"], one["recipient_name"], one["district"]),
            LetterState(one["state"]),
            state_words(LetterState(one["state"]), Transport(one["transport"]), one["receiving_domain"]),
        )
        for one in letters.letters_of_submission(connection, row["submission_id"])
        if one["id"] != row["id"]
    )


def _alike(connection: Connection, row: RowMapping) -> Alike | None:
    """None for a letter that needs nobody, or that is alone in its trouble."""
    problem = problem_of(LetterState(row["state"]), Cause(row["cause"]))
    if problem is None:
        return None
    wanted = Trouble(problem, 1, office_id=row["office_id"], domain=row["receiving_domain"]).wanted
    count = letter_choice.count_chosen(connection, Choice(row["campaign_id"], wanted), _MOST_ALIKE + 1)
    return Alike(wanted, min(count, _MOST_ALIKE), count > _MOST_ALIKE) if count > 1 else None
