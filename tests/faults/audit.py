"""Compares the three ledgers: what the client was told, what the database says, what the mail server accepted."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Engine, text

from shared.db.figures import count_imbalance

_LETTERS = text("SELECT letter.id, letter.state, letter.message_id FROM letter")
_EVENTS = text(
    "SELECT letter_id, count(*) FILTER (WHERE to_state = 'sent') AS sent FROM letter_event GROUP BY letter_id"
)
_TOLD = text("SELECT token, accepted_at, expected_letters, state FROM submission WHERE token = ANY(:tokens)")
# The mail server may have taken it, or not: the state says that nobody knows.
_UNKNOWN = {"uncertain", "unconfirmed"}


def audit(engine: Engine, accepted: Mapping[str, int], told: Iterable[str]) -> list[str]:
    """What is wrong, in words; empty when every promise held. `told` are tokens whose Send ended on the status page."""
    wrong: list[str] = []
    tokens = list(told)
    with engine.connect() as connection:
        imbalance = count_imbalance(connection)
        letters = list(connection.execute(_LETTERS).mappings())
        submissions = {row["token"]: row for row in connection.execute(_TOLD, {"tokens": tokens}).mappings()}
        sent_events = {row.letter_id: row.sent for row in connection.execute(_EVENTS)}
    if imbalance:
        wrong.append(f"I4: {imbalance} letters are missing or too many")
    for token in tokens:
        row = submissions.get(token)
        if row is None or row["accepted_at"] is None:
            wrong.append(f"I1: {token} was told success, the database has no accepted submission")
        elif row["expected_letters"] is None:
            wrong.append(f"I1: {token} has no letters ({row['state']})")
    for letter in letters:
        copies, state = accepted.get(letter["message_id"], 0), letter["state"]
        name = f"letter {letter['id']} ({state})"
        if copies > 1:
            wrong.append(f"I2: {name} was accepted {copies} times")
        if copies == 0 and state in ("sent", "delivered"):
            wrong.append(f"I3: {name} says sent, the server has no copy")
        if copies and state not in {"sent", "delivered", *_UNKNOWN}:
            wrong.append(f"I3: {name}, and yet the server has a copy")
        if sent_events.get(letter["id"], 0) > 1:
            wrong.append(f"I2: {name} became sent twice")
    return wrong
