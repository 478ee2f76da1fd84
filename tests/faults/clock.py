"""Lets time pass for what waits for hours: the tests move the rows' times instead."""

from sqlalchemy import Connection, text

_BY = "CAST(:by AS interval)"
# In the order in which workers lock these rows: letters, domains, mail servers.
_MOVED = {
    "letter": ("due_at",),
    "letter_event": ("at",),
    "receipt": ("due_at",),
    "domain_answer": ("answered_at", "claimed_at"),
    "domain_pace": ("open_until", "held_at", "allowed_at", "trial_at", "refilled_at"),
    "mailbox_pace": ("hour_began_at", "held_at"),
    "relay_state": ("open_until",),
}
_WHICH = {
    "letter": "state IN ('queued', 'deferred') AND due_at > now()",
    "letter_event": "to_state = 'sending'",
    "receipt": "outcome = 'waiting'",
}
_PASS_TIME = [
    text(
        f"UPDATE {table} SET {', '.join(f'{column} = {column} - {_BY}' for column in columns)}"
        f" WHERE {_WHICH.get(table, 'true')}"
    )
    for table, columns in _MOVED.items()
]


def pass_time(connection: Connection, minutes: int) -> None:
    """So much time passes for receiving domains, their mailboxes, mail servers, and what waits for them."""
    for statement in _PASS_TIME:
        connection.execute(statement, {"by": f"{minutes} minutes"})
