"""The table of a campaign's letters, page by page, whole or searched."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import letter_choice, targets
from shared.db.letter_pages import read_page
from shared.db.letter_roads import Wanted
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.letter_filter import EVERY_LETTER, Choice, LetterFilter
from shared.domain.letter_words import office_label, state_words
from shared.domain.problems import PLACES
from shared.domain.search_words import searched_words
from shared.domain.states import NEEDS_ATTENTION, LetterState
from shared.domain.table_keys import NEWEST, TableKey
from shared.domain.transport import Transport

PAGE_SIZE = 50
_MOST_COUNTED, _MOST_LOOKED_AT = 10_001, 1_001


@dataclass(frozen=True)
class LetterRow:
    """One letter in the table."""

    id: int
    supporter: str
    town: str
    recipient: str
    district: str
    state: LetterState
    words: str
    cause_words: str
    changed_at: datetime

    @property
    def key(self) -> TableKey:
        """Where the page before or after it begins."""
        return TableKey(self.changed_at, self.id)


@dataclass(frozen=True)
class LetterPage:
    """One page of the table. `newer` and `older` begin the pages beside it, None where there is none."""

    rows: tuple[LetterRow, ...]
    newer: TableKey | None = None
    older: TableKey | None = None


def list_letters(
    engine: Engine,
    campaign_id: int,
    chosen: LetterFilter = EVERY_LETTER,
    *,
    before: TableKey | None = None,
    after: TableKey | None = None,
) -> LetterPage:
    """A page of the campaign's letters, last changed first; a search looks for beginnings of words.

    It starts `before` a letter, or ends `after` one; the newest page when nothing is there.
    """
    words = searched_words(campaign_id, chosen.search)
    if chosen.search.strip() and not words:
        return LetterPage(())
    wanted = Wanted(campaign_id, states_of(chosen), words, NEWEST, PAGE_SIZE + 1, chosen=chosen)
    if not wanted.states:
        return LetterPage(())
    with engine.connect() as connection:
        page = _upward(connection, wanted, after) if after else None
        page = _downward(connection, wanted, before) if before and not page else page
        return page or _downward(connection, wanted, NEWEST) or LetterPage(())


def count_fitting(engine: Engine, campaign_id: int, chosen: LetterFilter) -> int | None:
    """How many letters fit, `most_counted` at most; None for what would take too long, such as words."""
    if chosen.search.strip() or chosen.test is not None:
        return None
    with engine.connect() as connection:
        return letter_choice.count_chosen(connection, Choice(campaign_id, chosen), most_counted(chosen))


def most_counted(chosen: LetterFilter) -> int:
    """So many are counted: fewer where no index alone tells whether a letter fits, and each is looked at."""
    is_told = chosen.needs or chosen.problem or not (chosen.domain and (chosen.office or chosen.state))
    return _MOST_COUNTED if is_told else _MOST_LOOKED_AT


def states_of(chosen: LetterFilter) -> tuple[LetterState, ...]:
    """The states that its letters can be in."""
    possible = set(PLACES[chosen.problem]) if chosen.problem else set(LetterState)
    if chosen.needs:
        possible &= NEEDS_ATTENTION | {LetterState.DEFERRED}
    return tuple(state for state in LetterState if state in possible and chosen.state in (None, state))


def _downward(connection: Connection, wanted: Wanted, key: TableKey) -> LetterPage | None:
    rows = [_row(row) for row in read_page(connection, replace(wanted, key=key))]
    if not rows:
        return None
    shown = rows[:PAGE_SIZE]
    return LetterPage(
        tuple(shown),
        newer=None if key is NEWEST else shown[0].key,
        older=shown[-1].key if len(rows) > PAGE_SIZE else None,
    )


def _upward(connection: Connection, wanted: Wanted, key: TableKey) -> LetterPage | None:
    """None when no more than a page is above: that is the newest page."""
    rows = [_row(row) for row in read_page(connection, replace(wanted, key=key, is_upward=True))]
    if len(rows) <= PAGE_SIZE:
        return None
    shown = rows[PAGE_SIZE - 1 :: -1]
    return LetterPage(tuple(shown), newer=shown[0].key, older=shown[-1].key)


def _row(row: RowMapping) -> LetterRow:
    state = LetterState(row["state"])
    return LetterRow(
        id=row["id"],
        supporter=row["from_name"],
        town=row["city"],
        recipient=office_label(row["recipient_title"], row["recipient_name"], row["district"]),
        district=row["district"],
        state=state,
        words=state_words(state, Transport(row["transport"]), row["receiving_domain"]),
        cause_words=CAUSE_WORDS[Cause(row["cause"])].what,
        changed_at=row["state_changed_at"],
    )


def office_words(engine: Engine, office_id: int) -> str:
    """The name of an office that a page is filtered by; empty for one that is not there."""
    with engine.connect() as connection:
        office = targets.offices_today(connection, [office_id]).get(office_id)
    return office_label(office.title, office.holder, office.district) if office else ""
