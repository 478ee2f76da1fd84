"""When letters that have not left are given up, in SQL. The rule is in `shared.domain.expiry`."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, text

from shared.domain.campaigns import DELIVER_AFTER_DEADLINE
from shared.domain.expiry import GIVE_UP_AFTER, HOLD_FOR, LONGEST_WAIT, NOTICE


def _interval(length: timedelta) -> str:
    return f"interval '{length.total_seconds():.0f} seconds'"


_AHEAD = "CAST(:ahead AS interval)"
GIVE_UP, LONGEST, _NOTICE = _interval(GIVE_UP_AFTER), _interval(LONGEST_WAIT), _interval(NOTICE)
# The last moment at which everything was kept from leaving.
BLOCKED_ALL_AT = "(SELECT max(installation.blocked_at) FROM installation)"
# A campaign's own last moment; NULL when it has none.
LAST_DELIVERY = f"coalesce(campaign.deliver_by, campaign.deadline + {_interval(DELIVER_AFTER_DEADLINE)})"
# The campaign's letters may still leave.
NOT_OVER = f"coalesce({LAST_DELIVERY} > now(), true)"
# A letter of `campaign` for the domain `p` expires when its `deliver_by` is not later than this.
FLOOR = (
    f"CASE WHEN greatest(campaign.blocked_at, p.blocked_at, {BLOCKED_ALL_AT}) > now() - {GIVE_UP}"
    f" THEN now() - ({LONGEST} - {GIVE_UP}) ELSE now() END"
)
# Of a letter of `campaign` for the domain `p`, when it expires.
EXPIRES_AT = f"""least({LAST_DELIVERY}, letter.deliver_by + ({LONGEST} - {GIVE_UP}),
    greatest(letter.deliver_by, greatest(campaign.blocked_at, p.blocked_at, {BLOCKED_ALL_AT}) + {GIVE_UP}))"""
# Of a held letter of `campaign`, when it is withdrawn.
HOLD_ENDS_AT = f"""coalesce({LAST_DELIVERY}, least(letter.state_changed_at + {LONGEST},
    greatest(letter.state_changed_at + {_interval(HOLD_FOR)}, {BLOCKED_ALL_AT} + {_NOTICE})))"""
# A held letter of `campaign` is near its end, or past it, when it was held at this moment or before.
HELD_SINCE = f"""CASE WHEN {LAST_DELIVERY} <= now() + {_AHEAD} THEN 'infinity'::timestamptz
    WHEN {LAST_DELIVERY} IS NOT NULL THEN '-infinity'::timestamptz
    WHEN {BLOCKED_ALL_AT} + {_NOTICE} > now() + {_AHEAD} THEN now() + {_AHEAD} - {LONGEST}
    ELSE now() + {_AHEAD} - {_interval(HOLD_FOR)} END"""
_ENDS_OF = text(f"""
    SELECT CASE WHEN letter.state = 'held' THEN {HOLD_ENDS_AT} ELSE {EXPIRES_AT} END AS at
    FROM letter
    JOIN campaign ON campaign.id = letter.campaign_id
    LEFT JOIN domain_pace p USING (transport, receiving_domain)
    WHERE letter.id = :id AND letter.state IN ('held', 'queued', 'deferred')
""")  # noqa: S608 - constants only


def new_deliver_by(due_at: object) -> ColumnElement[object]:
    """The `deliver_by` of a letter that is queued now and due at that moment."""
    return func.greatest(func.now(), due_at) + GIVE_UP_AFTER


def expires_at(connection: Connection, letter_id: int) -> datetime | None:
    """When this letter is given up, or withdrawn from its hold; None for one that does not wait."""
    end: datetime | None = connection.execute(_ENDS_OF, {"id": letter_id}).scalar_one_or_none()
    return end
