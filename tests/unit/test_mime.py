import email
import email.policy
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.typed_text import clean_line
from shared.rendering.letters import text_to_html
from shared.rendering.mime import Mail, build_mail

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=300)


def build(**changes: object) -> bytes:
    values = {
        "from_name": "Jo Doe via Co-op",
        "from_address": "co-op@letters.example",
        "to_name": "Senator Ana Ruiz",
        "to_address": "ana@upper.example",
        "subject": "Please vote yes",
        "text": "Dear Ana,\n\nyes.",
        "html": "<p>yes</p>",
        "message_id": "<abc@letters.example>",
        "date": datetime(2026, 11, 22, tzinfo=UTC),
        "reply_to_name": "Jo Doe",
        "reply_to": "jo@example.org",
    }
    return build_mail(Mail(**(values | changes)))  # type: ignore[arg-type]


def parse(raw: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(raw, _class=email.message.EmailMessage, policy=email.policy.default)


def test_the_same_mail_has_the_same_bytes() -> None:
    assert build() == build()


def test_receivers_read_what_was_meant() -> None:
    message = parse(
        build(subject=("Für unsere Läden " * 8).strip(), reply_to_name="Zoë Ångström", text="Grüße\n.\nFrom here")
    )
    assert message["Subject"] == ("Für unsere Läden " * 8).strip()
    assert message["Reply-To"].addresses[0].addr_spec == "jo@example.org"
    assert message["Reply-To"].addresses[0].display_name == "Zoë Ångström"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content().splitlines() == ["Grüße", ".", "From here"]
    assert not message.defects


@pytest.mark.parametrize("field", ["subject", "reply_to_name", "from_name", "to_name"])
@given(typed=st.text(max_size=200))
def test_nothing_typed_can_add_a_header_or_a_long_line(field: str, typed: str) -> None:
    raw = build(**{field: clean_line(typed) or "x"})
    head = raw.split(b"\r\n\r\n")[0]
    assert {line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")} == {
        *(b"From", b"To", b"Reply-To", b"Subject", b"Date", b"Message-ID", b"MIME-Version", b"Content-Type")
    }
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


@given(TEXT)
def test_text_survives_the_trip(text: str) -> None:
    content = parse(build(text=text)).get_body(("plain",)).get_content()
    assert content.replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


def test_html_keeps_paragraphs_and_escapes() -> None:
    assert text_to_html("a <b>\nc\n\nd") == "<p>a &lt;b&gt;<br>\nc</p>\n<p>d</p>"
