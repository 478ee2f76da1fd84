"""Compares the three ledgers: what the client was told, what the database says, what the mail server accepted."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import Engine, text

from shared.db.figures import count_imbalance

_LETTERS = text(
    "SELECT letter.id, letter.message_id, letter.body, letter.recipient_name, token,"
    " CASE WHEN letter.state = 'held' AND letter.cause = 'restored' THEN 'restored' ELSE letter.state END AS state"
    " FROM letter JOIN submission ON submission.id = letter.submission_id"
)
_EVENTS = text(
    "SELECT letter_id, count(*) FILTER (WHERE to_state = 'sent') AS sent FROM letter_event GROUP BY letter_id"
)
_TOLD = text("SELECT token, accepted_at, expected_letters, state FROM submission WHERE token = ANY(:tokens)")
# The mail server may have taken it, or not: the state, or the cause of a hold, says that nobody knows.
_UNKNOWN = {"uncertain", "unconfirmed", "restored"}


def audit(
    engine: Engine,
    accepted: Mapping[str, int],
    told: Iterable[str],
    news: Mapping[int, Collection[str]],
    read: Mapping[str, Collection[str]],
    refused: Collection[int],
    returned: Mapping[int, int],
) -> list[str]:
    """What is wrong, in words; empty when every promise held.

    `told` are tokens whose Send ended on the status page, `news` the genuine receipts that were posted, by letter,
    `read` what each supporter's letter asked for on the pages from which they sent it, `refused` the letters that a
    server has refused, and `returned` how often each was refused behind the relay that had taken it.
    """
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
        elif row["expected_letters"] is None and row["state"] != "withdrawn":
            wrong.append(f"I1: {token} has no letters ({row['state']})")
    for letter in letters:
        number = letter["id"]
        copies = accepted.get(letter["message_id"], 0)
        # What the relay returned left again.
        departures = sent_events.get(number, 0) - returned.get(number, 0)
        wrong += _wrong_with(number, letter["state"], copies, departures, news.get(number, ()))
        if letter["state"] == "rejected" and number not in refused:
            wrong.append(f"I3: letter {number} is rejected, and no server refused it")
        if letter["body"]:
            wrong += _wrong_words(number, letter["body"], letter["recipient_name"], read.get(letter["token"], ()))
    return wrong


def _wrong_with(number: int, state: str, copies: int, departures: int, posted: Collection[str]) -> Iterator[str]:
    name, told = f"letter {number} ({state})", state in ("delivered", "bounced")
    if copies > 1:
        yield f"I2: {name} was accepted {copies} times"
    if state == "expired":
        yield f"I1: {name}, and it could not leave before"
    if copies == 0 and state == "sent":
        yield f"I3: {name} says sent, the server has no copy"
    if told and state not in posted:
        yield f"I3: {name}, and nobody said so"
    if copies and state not in {"sent", *_UNKNOWN} and not told:
        yield f"I3: {name}, and yet the server has a copy"
    if departures > 1:
        yield f"I2: {name} became sent twice"


def _wrong_words(number: int, body: str, recipient: str, read: Collection[str]) -> Iterator[str]:
    if read and not any(asked in body for asked in read):
        yield f"I3: letter {number} asks for what its supporter has not read"
    if recipient not in body.partition(",")[0]:
        yield f"I3: letter {number} greets somebody other than {recipient}"
