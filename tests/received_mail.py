"""Finished emails with every header that they may have, and what a receiver's program makes of such bytes."""

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

from shared.rendering.emails import render_email
from shared.rendering.mime import Mail, build_mail
from tests.email_samples import awkward, sample

ZOE = "Zoë Nguyễn-O'Brien"
UNSUBSCRIBE = (
    "<https://letters.example/unsubscribe/f12-u2k7m5x3w6n4p1r8>,"
    " <mailto:unsubscribe+f12-u2k7m5x3w6n4p1r8@letters.example>"
)
EXTRA = (
    ("Auto-Submitted", "auto-generated"),
    ("List-Id", "Keep our shops local <co-ops.letters.example>"),
    ("List-Unsubscribe", UNSUBSCRIBE),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)


def message_of(name: str, *, hard: bool, reply_to_name: str = ZOE) -> tuple[bytes, Mail]:
    """The bytes of a sample email with all headers that a follow-up may have, and what they were made from."""
    kind, values = awkward(name) if hard else sample(name)
    words = render_email(kind, values)
    mail = Mail(
        from_name=values["sender_name"],
        from_address="co-ops@letters.example",
        to_name="",
        to_address="jamie@example.org",
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id="<f12-u2k7m5x3w6n4p1r8u2k7m5x3w6@letters.example>",
        date=datetime(2026, 11, 22, 9, 5, tzinfo=UTC),
        reply_to_name=reply_to_name,
        reply_to="zoe@example.org",
        extra=EXTRA,
    )
    return build_mail(mail), mail


def parse(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)


def unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def person(raw: bytes, header: str) -> tuple[str, str]:
    """Name and address, without the space that Python's newer parser puts between encoded words (RFC 2047 6.2)."""
    name, address = parseaddr(str(email.message_from_bytes(raw)[header]).replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


def assert_reads_as(raw: bytes, mail: Mail) -> None:
    """What a receiver's program shows is what was meant."""
    message = parse(raw)
    assert not message.defects
    assert person(raw, "From") == (mail.from_name, mail.from_address)
    assert person(raw, "Reply-To") == (mail.reply_to_name, mail.reply_to)
    assert [one.addr_spec for one in message["To"].addresses] == [mail.to_address]
    assert (message["Subject"], message["Message-ID"]) == (mail.subject, mail.message_id)
    assert message["Date"].datetime == mail.date
    assert all(message.get_all(name) == [value] for name, value in mail.extra)
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [unix(part.get_content()).rstrip("\n") for part in parts] == [mail.text.rstrip("\n"), mail.html.rstrip("\n")]
