"""Letters that wait for an office, found by its number; and which offices' letters have to follow a change.

The index of campaign, state and office answers all of it: a letter is asked for once for each campaign.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, or_, select, text, update

from shared.db.tables import campaign, letter, membership, office, office_holder
from shared.domain.causes import Cause
from shared.domain.holds import OF_THE_OFFICE, why_held
from shared.domain.places import Office
from shared.domain.states import CLAIMABLE, HoldReason, LetterState

_CLAIMABLE = tuple(state.value for state in CLAIMABLE)
_HELD = LetterState.HELD.value
_OF_THE_OFFICE = tuple(reason.value for reason in OF_THE_OFFICE)
# A condition on `letter`: it is written for the office's holder of today, or for nobody while the seat is vacant.
IS_FOR_TODAY = (
    "letter.office_holder_id IS NOT DISTINCT FROM (SELECT holder.id FROM office_holder holder"
    " WHERE holder.office_id = letter.office_id AND holder.valid_to IS NULL)"
)
_STALE = or_(text(f"NOT ({IS_FOR_TODAY})"), letter.c.body == "")
_GOES_TO = func.lower(letter.c.recipient_email)
# It goes to none of its holder's addresses that work. What goes to the office's own address names no holder.
_NO_ADDRESS = and_(
    letter.c.office_holder_id.is_not(None),
    ~select(office_holder.c.id)
    .where(
        office_holder.c.id == letter.c.office_holder_id,
        or_(
            and_(func.lower(office_holder.c.email) == _GOES_TO, office_holder.c.email_failed_at.is_(None)),
            and_(func.lower(office_holder.c.second_email) == _GOES_TO, office_holder.c.second_failed_at.is_(None)),
        ),
    )
    .exists(),
)


def unsettled_offices(connection: Connection) -> list[int]:
    """Offices that were changed lately and that any letter waits for."""
    marked = select(office.c.id).where(office.c.settle_until.is_not(None))
    waiting = and_(
        letter.c.campaign_id.in_(select(campaign.c.id)),
        letter.c.state.in_((*_CLAIMABLE, _HELD)),
        letter.c.office_id.in_(marked),
    )
    # Most of the time no office is marked, and no letter is looked at.
    if connection.execute(marked.limit(1)).first() is None:
        return []
    return list(connection.scalars(select(letter.c.office_id).where(waiting).distinct().order_by(letter.c.office_id)))


def settle(connection: Connection, but: Collection[int]) -> None:
    """Nothing can turn up any more that the last changes of these offices concern; `but` those still worked on."""
    late = and_(office.c.settle_until < func.now(), office.c.id.not_in(but))
    connection.execute(update(office).where(late).values(settle_until=None))


def lock_to_follow(connection: Connection, now: Office, after: int, limit: int) -> list[RowMapping]:
    """Waiting letters that do not fit the office as it is `now`, locked; those with numbers beyond `after`."""
    return _lock(connection, and_(_waits_for(now.office_id), _differs(now)), after, limit)


def is_stale(connection: Connection, row: RowMapping) -> bool:
    """True when the letter is written for a former office holder, or has not been written for anyone yet."""
    query = select(_STALE).where(letter.c.id == row["id"])
    return bool(connection.scalar(query))


def lock_unfit(connection: Connection, letter_ids: Collection[int], *, holder_only: bool) -> list[RowMapping]:
    """Those of these letters that may leave but do not fit their office today, locked.

    With `holder_only` any address will do, also one that a person chose.
    """
    unfit = _STALE if holder_only else or_(_STALE, _NO_ADDRESS)
    query = select(letter).where(letter.c.id.in_(letter_ids), letter.c.state.in_(_CLAIMABLE), unfit)
    return list(connection.execute(query.order_by(letter.c.id).with_for_update(key_share=True)).mappings())


def lock_held(connection: Connection, office_id: int, after: int, limit: int) -> list[RowMapping]:
    """Letters that are held because nobody holds the seat, locked; those with numbers beyond `after`."""
    vacant = letter.c.hold_reason == HoldReason.VACANT_SEAT.value
    return _lock(connection, and_(_in(office_id, (_HELD,)), vacant), after, limit)


def lock_released(connection: Connection, office_id: int, after: int, limit: int) -> list[RowMapping]:
    """Letters that were released to the office's own address and have not left, locked."""
    nobodys = letter.c.office_holder_id.is_(None)
    return _lock(connection, and_(_in(office_id, _CLAIMABLE), nobodys), after, limit)


def lock_withdrawn(connection: Connection, office_id: int, since: datetime, after: int, limit: int) -> list[RowMapping]:
    """Letters that were withdrawn since then, locked."""
    withdrawn = and_(letter.c.cause == Cause.WITHDRAWN.value, letter.c.state_changed_at >= since)
    return _lock(connection, and_(_in(office_id, (LetterState.CANCELLED.value,)), withdrawn), after, limit)


def hold_otherwise(connection: Connection, row: RowMapping, values: Mapping[str, Any]) -> None:
    """A locked letter goes on being held, for another reason or with other words; its state does not change."""
    connection.execute(update(letter).where(letter.c.id == row["id"]).values(dict(values)))


def count_waiting(
    connection: Connection, office_id: int, organizer_id: int | None = None
) -> dict[tuple[str, str | None], int]:
    """Letters that wait, by state and by why they are held; of campaigns that this organizer may see."""
    query = select(letter.c.state, letter.c.hold_reason, func.count()).where(
        _waits_for(office_id), letter.c.campaign_id.in_(_seen_by(organizer_id))
    )
    return {
        (row[0], row[1]): row[2] for row in connection.execute(query.group_by(letter.c.state, letter.c.hold_reason))
    }


def count_by_campaign(connection: Connection, office_id: int, organizer_id: int | None) -> Sequence[RowMapping]:
    """Letters to the office by campaign and state, of campaigns that this organizer may see."""
    states = [state.value for state in LetterState]
    query = (
        select(campaign.c.slug, campaign.c.title, letter.c.state, func.count().label("letters"))
        .join(campaign, campaign.c.id == letter.c.campaign_id)
        .where(
            letter.c.office_id == office_id,
            letter.c.campaign_id.in_(_seen_by(organizer_id)),
            letter.c.state.in_(states),
        )
        .group_by(campaign.c.id, letter.c.state)
        .order_by(campaign.c.title, campaign.c.id)
    )
    return connection.execute(query).mappings().all()


def _seen_by(organizer_id: int | None) -> Select[tuple[int]]:
    """All campaigns for None."""
    if organizer_id is None:
        return select(campaign.c.id)
    return select(membership.c.campaign_id).where(membership.c.organizer_id == organizer_id)


def _lock(connection: Connection, which: ColumnElement[bool], after: int, limit: int) -> list[RowMapping]:
    query = select(letter).where(which, letter.c.id > after).order_by(letter.c.id).limit(limit)
    return list(connection.execute(query.with_for_update(key_share=True)).mappings())


def _in(office_id: int, states: Collection[str]) -> ColumnElement[bool]:
    return and_(
        letter.c.campaign_id.in_(select(campaign.c.id)), letter.c.state.in_(states), letter.c.office_id == office_id
    )


def _waits_for(office_id: int) -> ColumnElement[bool]:
    return _in(office_id, (*_CLAIMABLE, _HELD))


def _differs(now: Office) -> ColumnElement[bool]:
    leaving, held = letter.c.state.in_(_CLAIMABLE), letter.c.state == _HELD
    of_the_office = and_(held, letter.c.hold_reason.in_(_OF_THE_OFFICE))
    otherwise_held = and_(held, letter.c.hold_reason.not_in(_OF_THE_OFFICE), letter.c.body != "")
    another = letter.c.office_holder_id.is_distinct_from(now.holder_id)
    if now.holder_id is not None and now.email:
        unwritten = and_(held, letter.c.hold_reason != HoldReason.ORGANIZER.value, letter.c.body == "")
        return or_(of_the_office, and_(leaving, or_(another, _NO_ADDRESS)), and_(otherwise_held, another), unwritten)
    # What was released to the office's own address names no holder, and goes on.
    gone = and_(leaving, letter.c.office_holder_id.is_not(None))
    return or_(gone, and_(of_the_office, letter.c.hold_reason != why_held(now)[0].value), and_(otherwise_held, another))
