"""Receipts find their email whatever relay tells of it: headers for those that tell too little, ids from answers."""

from typing import Any

import pytest

from shared.domain.identities import Mark, read_mark
from shared.domain.receipts import relay_id
from shared.domain.transport import Transport
from shared.services.outbox import relay_headers
from shared.settings import Settings

ROW: Any = {"id": 12, "transport": Transport.RELAY.value, "resends": 2}


def settings(relay: str) -> Settings:
    return Settings(database_url="", redis_url="", secret_key="secret" * 8, mail_relay_url=relay)


@pytest.mark.parametrize("kind", ["letter", "follow_up"])
def test_postmark_gets_a_mark_that_its_events_bring_back(kind: str) -> None:
    here = settings("smtp://user:password@smtp.postmarkapp.com:587")
    ((name, value),) = relay_headers(here, ROW, kind)
    assert name == "X-PM-Metadata-mark"
    assert read_mark(here.secret_key, value) == Mark(kind, 12, 2)


@pytest.mark.parametrize("relay", ["smtp://mail.example:25", "smtp://postmarkapp.com.example:25", ""])
def test_nobody_else_gets_one(relay: str) -> None:
    assert relay_headers(settings(relay), ROW, "letter") == ()


def test_test_letters_never_carry_one() -> None:
    here = settings("smtp://smtp.postmarkapp.com:587")
    assert relay_headers(here, {**ROW, "transport": Transport.MAILBOX.value}, "letter") == ()


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        ("250 2.0.0 Ok: queued as 4bXyZ12abc", "4bXyZ12abc"),
        (
            "250 Ok 0100018f3b2c4d5e-aaaabbbb-cccc-dddd-000000",
            "0100018f3b2c4d5e-aaaabbbb-cccc-dddd-000000",
        ),
        ("250 Ok: queued as Vb3kQm0hT9yRzX1cLw8aFg", "Vb3kQm0hT9yRzX1cLw8aFg"),
        ("250 2.0.0 OK <20261123.ABCDEF@relay.example>", "20261123.ABCDEF@relay.example"),
        ("250 2.0.0 Stored", ""),
        ("250 ok", ""),
        ("", ""),
    ],
)
def test_a_relays_own_name_is_read_from_its_answer(reply: str, name: str) -> None:
    assert relay_id(reply) == name
