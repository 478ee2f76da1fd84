"""How many letters each mailbox of an office gets within an hour: a limit for all, a lower one for one that refuses.

A claim counts in its own transaction. The hour of a mailbox begins with the first letter after the last one's end.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from shared.domain.refusal_runs import LAST_TRIAL

UNLIMITED = 2_147_483_647
_HOUR = "interval '1 hour'"
_IN_THE_HOUR = f"mailbox_pace.hour_began_at > now() - {_HOUR}"
# After an hour in which a mailbox that had refused everything took its letters, it gets twice as many.
_NEXT_MOST = f"CASE WHEN mailbox_pace.most < {LAST_TRIAL} THEN greatest(1, mailbox_pace.most * 2) END"
# NULL for mailboxes that are not counted.
_MOST = "CAST(:most AS int)"
IS_COUNTED = f"{_MOST} IS NOT NULL"
# Of a mailbox that may have no row: how many letters it may get now, and when the next ones.
ROOM = f"""
    CASE WHEN {_IN_THE_HOUR} THEN coalesce(least(mailbox_pace.most, {_MOST}) - mailbox_pace.taken, {UNLIMITED})
    ELSE coalesce(least({_NEXT_MOST}, {_MOST}), {UNLIMITED}) END
"""
FREE_AT = f"CASE WHEN {_IN_THE_HOUR} THEN mailbox_pace.hour_began_at ELSE now() END + {_HOUR}"
# Of the letters in `batch`.
COUNT_TAKEN = f"""
    INSERT INTO mailbox_pace (mailbox, taken)
    SELECT mailbox, count(*)
    FROM batch
    WHERE has_room AND {IS_COUNTED}
    GROUP BY mailbox
    ORDER BY mailbox
    ON CONFLICT (mailbox) DO UPDATE
    SET hour_began_at = CASE WHEN {_IN_THE_HOUR} THEN mailbox_pace.hour_began_at ELSE now() END,
        taken = excluded.taken + CASE WHEN {_IN_THE_HOUR} THEN mailbox_pace.taken ELSE 0 END,
        most = CASE WHEN {_IN_THE_HOUR} THEN mailbox_pace.most ELSE {_NEXT_MOST} END
"""
# Nothing more within this hour, one letter in the next.
_HOLD = text(
    """
    INSERT INTO mailbox_pace (mailbox, taken, most, held_at) VALUES (:mailbox, 0, 0, now())
    ON CONFLICT (mailbox) DO UPDATE SET hour_began_at = now(), taken = 0, most = 0, held_at = now()
    """
)
# In the order in which claims lock them.
_GIVE_BACK = text(
    """
    WITH unsent AS (
        SELECT mailbox, count(*) AS letters FROM unnest(CAST(:mailboxes AS text[])) AS mailbox GROUP BY mailbox
    ),
    locked AS (
        SELECT mailbox, letters FROM mailbox_pace JOIN unsent USING (mailbox)
        ORDER BY mailbox
        FOR NO KEY UPDATE OF mailbox_pace
    )
    UPDATE mailbox_pace
    SET taken = greatest(0, taken - locked.letters)
    FROM locked
    WHERE locked.mailbox = mailbox_pace.mailbox
    """
)
_HELD_AT = text("SELECT held_at FROM mailbox_pace WHERE mailbox = :mailbox AND most IS NOT NULL")
_FORGET = text("DELETE FROM mailbox_pace WHERE hour_began_at < now() - interval '7 days'")


def hold_mailbox(connection: Connection, mailbox: str) -> None:
    """The mailbox gets one letter in an hour, then twice as many each hour in which it takes them."""
    connection.execute(_HOLD, {"mailbox": mailbox})


def give_back(connection: Connection, mailboxes: Sequence[str]) -> None:
    """Letters that were claimed for these mailboxes were not tried; one for each letter."""
    connection.execute(_GIVE_BACK, {"mailboxes": list(mailboxes)})


def held_at(connection: Connection, mailbox: str) -> datetime | None:
    """When workers held the mailbox because it refused everything; None for one that takes as much as others."""
    found: datetime | None = connection.execute(_HELD_AT, {"mailbox": mailbox}).scalar_one_or_none()
    return found


def forget_quiet_mailboxes(connection: Connection) -> None:
    """Mailboxes that got no letter for a week."""
    connection.execute(_FORGET)
