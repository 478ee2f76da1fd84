"""What a real mail server (Exim) makes of our mail: everything that leaves arrives as it was meant."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.domain.identities import envelope_sender, message_id
from shared.providers.smtp import SmtpSession, Verdict
from shared.rendering.mime import Mail
from shared.services.delivery.deliver import letter_bytes
from shared.timing import USUAL
from tests.email_samples import BODY, NAMES
from tests.exim import Exim, find_exim
from tests.received_mail import ZOE, assert_reads_as, message_of, parse, person

_PROGRAM = find_exim()
_SECRET = "secret"
_DOMAIN = "letters.example"
_RECIPIENT = "zoe.office@lower.example"
_LETTER = {
    "from_name": ZOE,
    "recipient_title": "Representative",
    "recipient_name": "Nguyễn Thị Minh Khai",
    "recipient_email": _RECIPIENT,
    "subject": "Please back the co-op bill, " + "für unsere Läden " * 6 + "in the Third Worcester district",
    "body": f"{BODY}\n.\n..\nFrom here on\n" + "A line that nobody broke. " * 60,
    "message_id": message_id(_SECRET, "letter", 1, _DOMAIN),
    "created_at": datetime(2026, 11, 22, 9, 5, tzinfo=UTC),
    "reply_to": "zoe@example.org",
}
# What it puts before what we sent.
_ADDED = {b"Return-path", b"Envelope-to", b"Received"}

pytestmark = [
    pytest.mark.skipif(
        _PROGRAM is None, reason="NOT TESTED: THERE IS NO MAIL SERVER: install the package 'exim4-daemon-light'"
    ),
]


@pytest.fixture(scope="module")
def arrived(engine_room: Path) -> Iterator[dict[str, tuple[bytes, str, bytes]]]:
    """By Message-ID: the bytes we sent, the envelope sender, and the bytes that arrived."""
    assert _PROGRAM is not None
    messages = {name: message_of(name, hard=True)[0] for name in NAMES}
    messages["letter"] = letter_bytes(_LETTER, "Cooperative MA", "cooperative-ma@letters.example")  # type: ignore[arg-type]
    server = Exim(engine_room / "exim", _PROGRAM)
    server.start()
    try:
        with SmtpSession(f"smtp://127.0.0.1:{server.port}", "letters.example", USUAL) as session:
            senders = {}
            for number, (name, message) in enumerate(messages.items(), 1):
                senders[name] = envelope_sender(_SECRET, "letter", number, _DOMAIN)
                outcome = session.send(senders[name], _RECIPIENT, message, may_send=lambda: True)
                assert outcome.verdict is Verdict.ACCEPTED, outcome
        received = {return_path(raw): raw for raw in server.received(len(messages), seconds=30)}
        yield {name: (message, senders[name], received[senders[name]]) for name, message in messages.items()}
    finally:
        server.stop()


def return_path(raw: bytes) -> str:
    return str(parse(raw)["Return-Path"]).strip("<>")


def as_sent(raw: bytes) -> bytes:
    """What arrived without what the server put before it, with line ends as we write them."""
    lines = raw.split(b"\n")
    first = next(
        place
        for place, line in enumerate(lines)
        if not line.startswith((b" ", b"\t")) and line.split(b":")[0] not in _ADDED
    )
    return b"\r\n".join(lines[first:])


@pytest.mark.parametrize("name", [*NAMES, "letter"])
def test_every_byte_arrives(arrived: dict[str, tuple[bytes, str, bytes]], name: str) -> None:
    sent, sender, raw = arrived[name]
    assert as_sent(raw) == sent
    assert return_path(raw) == sender
    assert max(map(len, raw.split(b"\n"))) <= 998


@pytest.mark.parametrize("name", NAMES)
def test_every_email_reads_as_it_was_meant(arrived: dict[str, tuple[bytes, str, bytes]], name: str) -> None:
    mail: Mail = message_of(name, hard=True)[1]
    assert_reads_as(arrived[name][2], mail)


def test_a_letter_reads_as_it_was_meant(arrived: dict[str, tuple[bytes, str, bytes]]) -> None:
    raw = arrived["letter"][2]
    message = parse(raw)
    assert not message.defects
    assert person(raw, "From") == (f"{ZOE} via Cooperative MA", "cooperative-ma@letters.example")
    assert person(raw, "To") == ("Representative Nguyễn Thị Minh Khai", _RECIPIENT)
    assert person(raw, "Reply-To") == (ZOE, "zoe@example.org")
    assert (message["Subject"], message["Message-ID"]) == (_LETTER["subject"], _LETTER["message_id"])
    assert message["Date"].datetime == _LETTER["created_at"]
    assert not [name for name in message if name.startswith(("List-", "Precedence", "Auto-Submitted"))]
    plain, html = message.iter_parts()
    assert plain.get_content().splitlines() == str(_LETTER["body"]).splitlines()
    assert html.get_content_type() == "text/html"
    assert "A line that nobody broke." in html.get_content()
