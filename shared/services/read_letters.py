"""Whether the letter that a supporter read is still the one that the campaign sends, and what changed if not."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from sqlalchemy import Connection, Engine

from shared.db import editions, submissions, targets
from shared.db.acceptance import Press
from shared.db.driver import Row
from shared.db.engine import at_once
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.editions import reads_the_same
from shared.domain.letter_changes import Change, changed_anywhere, changed_consents
from shared.domain.letter_words import LETTER_GONE
from shared.domain.phrases import phrase
from shared.domain.places import Office
from shared.domain.states import SubmissionState
from shared.errors import NotAllowed, NotFound
from shared.rendering.letters import Author, author_to, preview_letter
from shared.services.editions import edition_of
from shared.services.make_letters import author_of
from shared.services.submission_view import SubmissionView


class LetterChanged(NotAllowed):
    """Another letter was published after the supporter's page was made: they have to see it first."""

    def __init__(self) -> None:
        super().__init__(
            phrase(
                "The organizers changed the letter while you were reading."
                " Nothing was sent, and what you typed is still here."
            )
        )


def read_by(connection: Connection, stored: StoredCampaign, draft: Row, press: Press) -> tuple[int | None, Campaign]:
    """The texts that the page of this press showed, with their number: its letter is made from these.

    Raises LetterChanged when the campaign's letter to this supporter is another now.
    """
    number = press.edition if press.edition is not None else edition_of(connection, draft)
    if number is None or number == stored.edition_id:
        return stored.edition_id, stored.campaign
    read = editions.read_texts(connection, stored.id, [number]).get(number)
    row = submissions.find_submission(connection, press.token)
    if row is None:
        raise NotFound(LETTER_GONE)
    if read is None or _changes_for(connection, read, stored.campaign, row, press):
        raise LetterChanged
    return number, read


def changes_since(engine: Engine, view: SubmissionView, number: int | None) -> tuple[Change, ...] | None:
    """What the letter of this page says otherwise than the texts of this number; None when it says the same.

    Without a number it is compared with those of the draft's beginning. Nothing in particular is said of a number
    whose texts supporters never read.
    """
    if number == view.stored.edition_id or view.accepted_at is not None:
        return None
    with at_once(engine) as connection:
        if number is None and (row := submissions.find_submission(connection, view.token)) is not None:
            number = edition_of(connection, row)
        if number is None or number == view.stored.edition_id:
            return None
        read = editions.read_texts(connection, view.stored.id, [number]).get(number)
    if read is None:
        return ()
    offices = [target.office for target in view.targets] if view.state is SubmissionState.READY else []
    chosen = {target.office.office_id for target in view.targets if target.is_chosen}
    return _changes(read, view.stored.campaign, view.author, offices, chosen) or None


def _changes_for(
    connection: Connection, read: Campaign, current: Campaign, row: Row, press: Press
) -> tuple[Change, ...]:
    """The same for a press of Send."""
    author = author_of(row)
    if press.own_words is not None:
        author = replace(author, own_words=press.own_words)
    if not press.keep_edit:
        author = replace(author, edited_subject=press.edited_subject, edited_body=press.edited_body)
    found = targets.read_targets(connection, row["id"]) if row["state"] == SubmissionState.READY.value else []
    ticked = {office.office_id for office, _, is_chosen in found if is_chosen} if press.chosen is None else press.chosen
    return _changes(read, current, author, [office for office, _, _ in found], frozenset(ticked))


def _changes(
    read: Campaign, current: Campaign, author: Author, offices: Sequence[Office], chosen: AbstractSet[int]
) -> tuple[Change, ...]:
    """While the offices are not known, every version counts."""
    if reads_the_same(read, current):
        return ()
    found = changed_consents(read, current)
    found |= _changed_to(read, current, author, offices, chosen) if offices else changed_anywhere(read, current)
    return tuple(change for change in Change if change in found)


def _changed_to(
    read: Campaign, current: Campaign, author: Author, offices: Sequence[Office], chosen: AbstractSet[int]
) -> set[Change]:
    found: set[Change] = set()
    if [read.why_left_out(one) is None for one in offices] != [current.why_left_out(one) is None for one in offices]:
        found.add(Change.OFFICES)
    asked = [one for one in offices if current.why_left_out(one) is None]
    written = [one for one in asked if one.office_id in chosen] or asked
    for office in written:
        before, after = (
            preview_letter(campaign, author_to(campaign, author, office, written), office)
            for campaign in (read, current)
        )
        if before.subject != after.subject:
            found.add(Change.SUBJECT)
        if before.html != after.html:
            found.add(Change.TEXT)
    return found
