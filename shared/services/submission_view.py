"""One submission as its own supporter sees it: address, offices, letters and true words about each."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from shared.clock import now
from shared.db import campaigns, expiry, letters, submissions, targets
from shared.db.driver import Row
from shared.db.engine import at_once
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.holds import waits_for_writer
from shared.domain.identities import reference
from shared.domain.letter_words import LETTER_GONE, RailStep, own_cause_words, rail, state_words
from shared.domain.office_hours import OfficeHours, opening_for
from shared.domain.places import Chamber, HomeAddress, LookupStatus, Match, MatchType, Office
from shared.domain.states import CANCELLABLE, LOOKUP_WAITING, LetterState, SubmissionState
from shared.domain.transport import Transport, speaks_of_a_test
from shared.errors import NotFound
from shared.rendering.letters import (
    Author,
    EditableLetter,
    LetterPreview,
    author_to,
    editable_letter,
    preview_letter,
)
from shared.rendering.speech import say_weekday
from shared.services.editions import texts_of
from shared.services.lookup import has_real_directory
from shared.services.outbox import configured_relay
from shared.settings import Settings


@dataclass(frozen=True)
class Target:
    """An office of this submission; a candidate waits for the supporter's answer."""

    office: Office
    is_candidate: bool
    is_chosen: bool
    # Why the campaign does not write to it, in its own words; None when it does.
    left_out: str | None = None


@dataclass(frozen=True)
class LetterLine:
    """One letter on the status page. `opens` when it waits for its office to open: the day and time of that.

    `subject` and `body` are empty until its words are fixed.
    """

    letter_id: int
    office_title: str
    recipient_name: str
    district: str
    state: LetterState
    words: str
    detail: str
    rail: tuple[RailStep, ...]
    sent_at: datetime | None
    due_at: datetime
    opens: str
    # When it is withdrawn, while it is held.
    hold_ends_at: datetime | None
    subject: str
    body: str
    # Its writer decides whether it goes to the office's new holder.
    is_asked: bool

    @property
    def can_cancel(self) -> bool:
        """True while it has not left."""
        return self.state in CANCELLABLE


@dataclass(frozen=True)
class SubmissionView:
    """Everything the letter and status pages show. `undo_until` is None once it can't be undone.

    `is_erased` when nothing is left, or nothing is to be left, of whose it is and what was written.
    """

    token: str
    reference: str
    stored: StoredCampaign
    # The campaign with the letters that are sent, or would be: from Send on those that the supporter read.
    texts: Campaign
    state: SubmissionState
    first_name: str
    last_name: str
    email: str
    address: HomeAddress
    own_words: str
    edited_subject: str | None
    edited_body: str | None
    ticked_consents: tuple[str, ...]
    language: str
    # The code of the link that its writer came by.
    source: str
    lookup_status: LookupStatus | None
    suggestions: tuple[str, ...]
    lookup_reason: str
    match: Match | None
    targets: tuple[Target, ...]
    accepted_at: datetime | None
    # None until the letters are made; 0 when this email had already written to all these offices.
    expected_letters: int | None
    undo_until: datetime | None
    is_test: bool
    is_practice: bool
    is_erased: bool
    letters: tuple[LetterLine, ...]

    @property
    def chosen(self) -> tuple[Office, ...]:
        """The offices that get a letter, as far as they are known."""
        return tuple(target.office for target in self.targets if target.is_chosen and target.left_out is None)

    @property
    def opens(self) -> str:
        """The day and time of the office's opening while letters wait for it, else empty."""
        return next((line.opens for line in self.letters if line.opens), "")

    @property
    def asked(self) -> tuple[Chamber, ...]:
        """The chambers in which the supporter must say which office is theirs."""
        return tuple(dict.fromkeys(target.office.chamber for target in self.targets if target.is_candidate))

    @property
    def author(self) -> Author:
        """The supporter as letters show them."""
        return Author(
            f"{self.first_name} {self.last_name}".strip(),
            self.email,
            self.address.one_line(),
            self.own_words,
            self.edited_subject,
            self.edited_body,
        )


def read_submission(engine: Engine, settings: Settings, token: str) -> SubmissionView:
    """The submission behind a token; raises NotFound."""
    with at_once(engine) as connection:
        row = submissions.find_submission(connection, token)
        if row is None:
            raise NotFound(LETTER_GONE)
        return _view(connection, settings, row)


def poll_submission(engine: Engine, settings: Settings, token: str) -> SubmissionView | None:
    """The same, None while the lookup goes on: for a page that asks again and again."""
    with at_once(engine) as connection:
        row = submissions.find_submission(connection, token)
        if row is None:
            raise NotFound(LETTER_GONE)
        return None if row["state"] in LOOKUP_WAITING else _view(connection, settings, row)


def preview_letters(view: SubmissionView) -> tuple[LetterPreview, ...]:
    """One preview per chosen office; one for all while the offices are not known."""
    offices: tuple[Office | None, ...] = _known_offices(view) or (None,)
    campaign, author = view.texts, view.author
    known = [office for office in offices if office]
    return tuple(
        preview_letter(campaign, author_to(campaign, author, office, known) if office else author, office)
        for office in offices
    )


def editable_letter_of(view: SubmissionView) -> EditableLetter | None:
    """The letter for the edit form; None while its wording depends on offices that are not known yet."""
    office = next(iter(_known_offices(view)), None)
    if office is None and view.texts.version_for_everybody is None:
        return None
    return editable_letter(view.texts, view.author, office)


def _known_offices(view: SubmissionView) -> tuple[Office, ...]:
    """The chosen offices, or all that are certain; none while an address is looked up or a question is open."""
    if view.state in LOOKUP_WAITING:
        return ()
    return view.chosen or tuple(target.office for target in view.targets if not target.is_candidate)


def _view(connection: Connection, settings: Settings, row: Row) -> SubmissionView:
    stored = campaigns.campaign_of(connection, row)
    texts = stored.campaign if row["accepted_at"] is None else texts_of(connection, stored, row)
    found = tuple(Target(*one, texts.why_left_out(one[0])) for one in targets.read_targets(connection, row["id"]))
    lines: tuple[LetterLine, ...] = ()
    if row["expected_letters"] is not None:
        rows = letters.letters_of_submission(connection, row["id"])
        lines = tuple(_line(connection, letter, row, stored.hours) for letter in rows)
    practice = any(target.office.is_practice for target in found)
    if not found:
        practice = not has_real_directory(connection, stored.campaign.jurisdiction)
    return SubmissionView(
        token=row["token"],
        reference=reference(row["token"]),
        stored=stored,
        texts=texts,
        state=SubmissionState(row["state"]),
        first_name=row["first_name"],
        last_name=row["last_name"],
        email=row["email"],
        address=HomeAddress(row["street"], row["city"], row["us_state"], row["zip"], row["unit"]),
        own_words=row["own_words"],
        edited_subject=row["edited_subject"],
        edited_body=row["edited_body"],
        ticked_consents=tuple(row["ticked_consents"]),
        language=row["language"],
        source=row["source"],
        lookup_status=LookupStatus(row["lookup_status"]) if row["lookup_status"] else None,
        suggestions=tuple(row["suggestions"]),
        lookup_reason=row["lookup_reason"],
        match=_match(row),
        targets=found,
        accepted_at=row["accepted_at"],
        expected_letters=row["expected_letters"],
        undo_until=_undo_until(row, lines),
        is_test=_is_test(row, stored, settings, practice=practice),
        is_practice=practice,
        is_erased=any(row[name] is not None for name in ("erase_requested_at", "trimmed_at", "scrubbed_at")),
        letters=lines,
    )


def _is_test(row: Row, stored: StoredCampaign, settings: Settings, *, practice: bool) -> bool:
    """What was fixed at acceptance; before it, what would be."""
    if row["is_test"] is not None:
        return bool(row["is_test"])
    return speaks_of_a_test(stored.state, configured_relay(settings), is_practice=practice)


def _undo_until(row: Row, lines: tuple[LetterLine, ...]) -> datetime | None:
    withdrawn = row["state"] in (SubmissionState.WITHDRAWN, SubmissionState.EXPIRED)
    leaves_at: datetime | None = row["leaves_at"]
    if leaves_at is None or withdrawn or row["expected_letters"] == 0:
        return None
    if row["expected_letters"] is None:
        # It begins anew with the letters.
        anew: datetime = now() + (leaves_at - row["accepted_at"])
        return max(leaves_at, anew) if anew > now() else None
    if leaves_at <= now():
        return None
    waiting = (LetterState.QUEUED, LetterState.HELD, LetterState.CANCELLED)
    return leaves_at if all(line.state in waiting for line in lines) else None


def _match(row: Row) -> Match | None:
    if row["match_type"] is None:
        return None
    return Match(
        MatchType(row["match_type"]), row["match_source"], row["precision_m"], row["edge_m"], row["lat"], row["lon"]
    )


def _line(connection: Connection, letter: Row, submission: Row, hours: OfficeHours | None) -> LetterLine:
    state, transport = LetterState(letter["state"]), Transport(letter["transport"])
    words = state_words(state, transport, letter["receiving_domain"])
    opening = opening_for(hours, state, transport, letter["due_at"], now())
    return LetterLine(
        letter_id=letter["id"],
        office_title=letter["recipient_title"],
        recipient_name=letter["recipient_name"],
        district=letter["district"],
        state=state,
        words=words,
        detail=own_cause_words(letter["cause"]),
        rail=rail(
            state,
            words,
            accepted_at=submission["accepted_at"],
            changed_at=letter["state_changed_at"],
            sent_at=letter["sent_at"],
        ),
        sent_at=letter["sent_at"],
        due_at=letter["due_at"],
        opens=say_weekday(opening) if opening else "",
        hold_ends_at=expiry.expires_at(connection, letter["id"]) if state is LetterState.HELD else None,
        subject=letter["subject"],
        body=letter["body"],
        is_asked=waits_for_writer(state, letter["hold_reason"]) and bool(letter["body"]),
    )
