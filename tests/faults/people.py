"""What supporters and relay services do while letters leave, and what must hold of it afterwards."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests
from sqlalchemy import text

from shared.domain.identities import unsubscribe_key
from shared.errors import NotFound
from shared.services.erasure import erase_person
from tests.providers.signed_posts import Post, mailgun

if TYPE_CHECKING:
    from tests.faults.conftest import Stack

MAILGUN_KEY = "signing-key-of-the-fault-tests"
# The last look is right before the dot; from there on a slow server may take this long.
_ON_ITS_WAY_S = 4.0
_PEOPLE = text(
    "SELECT submission.email, min(follow_up.id) AS follow_up_id FROM submission JOIN follow_up"
    " ON follow_up.submission_id = submission.id WHERE email <> '' GROUP BY submission.id ORDER BY submission.id"
)
# A relay reports of its own letters what became of them (`filtered.py`).
_LETTERS = text("SELECT id, message_id, recipient_email FROM letter WHERE transport = 'mailbox' ORDER BY id")
_LEFT = text(
    "SELECT (SELECT count(*) FROM submission WHERE email = :email)"
    " + (SELECT count(*) FROM letter WHERE reply_to = :email)"
    " + (SELECT count(*) FROM follow_up WHERE recipient_email = :email)"
)


@dataclass
class Ledger:
    """Who asked for what and when (monotonic seconds), and which genuine news of letters were posted."""

    unsubscribed: dict[str, float] = field(default_factory=dict)
    erased: dict[str, float] = field(default_factory=dict)
    news: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))


def unsubscribe_somebody(stack: "Stack", rng: random.Random) -> None:
    """By the one click of a mail reader, pressed again until the answer is there."""
    for email, number in rng.sample(people := _rows(stack, _PEOPLE), min(1, len(people))):
        url = f"{stack.fleet.url}/unsubscribe/{unsubscribe_key(stack.settings.secret_key, number)}"
        if post(url, ({}, b"List-Unsubscribe=One-Click"), form=True) == requests.codes.ok:
            stack.ledger.unsubscribed[email] = time.monotonic()


def erase_somebody(stack: "Stack", rng: random.Random) -> None:
    """While their letters may be leaving."""
    for email, _ in rng.sample(people := _rows(stack, _PEOPLE), min(1, len(people))):
        try:
            erase_person(stack.engine, stack.settings, email)
        except NotFound:
            continue
        stack.ledger.erased[email] = time.monotonic()


def post_news(stack: "Stack", rng: random.Random) -> None:
    """Early, doubled, forged and in any order: whatever the state of the letters is."""
    posts = []
    for number, mark, recipient in _rows(stack, _LETTERS):
        for kind in rng.sample(["delivered", "bounced"], rng.randint(0, 2)):
            posts += [(number, kind, _news(mark, recipient, kind))] * rng.randint(1, 3)
        posts.append((number, "", _news(mark, recipient, "bounced", key="somebody else's key")))
    rng.shuffle(posts)
    for number, kind, made in posts:
        status = post(f"{stack.fleet.url}/webhooks/mailgun", made)
        if kind and status == requests.codes.no_content:
            stack.ledger.news[number].add(kind)


def wrong_with_people(stack: "Stack") -> Iterator[str]:
    """I7 for who unsubscribed, I5 for who was erased."""
    asked = {**stack.ledger.unsubscribed, **stack.ledger.erased}
    for email, at in asked.items():
        late = [moment - at for to, moment in stack.sink.taken if to == email and moment > at + _ON_ITS_WAY_S]
        if late:
            yield f"I7: {email} got an email {late[0]:.1f} s after asking for no more"
    for email in stack.ledger.erased:
        with stack.engine.connect() as connection:
            left = connection.scalar(_LEFT, {"email": email})
        if left:
            yield f"I5: {left} rows still know {email}"


def _news(mark: str, recipient: str, kind: str, key: str = MAILGUN_KEY) -> Post:
    event = {
        "id": f"{mark}{kind}",
        "event": "failed" if kind == "bounced" else "delivered",
        "severity": "permanent",
        "timestamp": 1_793_613_600.5,
        "recipient": recipient,
        "delivery-status": {"code": 554, "enhanced-code": "5.7.1", "message": "no"},
        "message": {"headers": {"message-id": mark.strip("<>")}},
    }
    return mailgun(event, key=key)


def _rows(stack: "Stack", query: object) -> list[tuple[object, ...]]:
    with stack.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]  # type: ignore[call-overload]


def post(url: str, made: Post, *, form: bool = False) -> int:
    """The status that answers, after some tries; 0 for none."""
    headers, body = made
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    for _ in range(5):
        try:
            return requests.post(url, data=body, headers={**headers, **kind}, timeout=5).status_code
        except requests.RequestException:
            time.sleep(0.3)
    return 0
