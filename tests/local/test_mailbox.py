"""The mailbox's SMTP listener: what it keeps, what it refuses, and where it may listen."""

import asyncio
import email.policy
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.errors import SettingsError
from shared.local.broker import free_port
from shared.local.listening import MESSAGE_LIMIT_BYTES, listen, read_address
from shared.local.mailbox import make_listener
from shared.services.mailbox import list_messages, read_message
from shared.settings import Settings

MAILBOX = ("mailbox_url", "smtp://127.0.0.1:8025")


def serve(engine: Engine) -> Iterator[int]:
    """Runs the listener in a thread for as long as the test lasts."""
    port, ready = free_port(), threading.Event()
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        stopping = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stopping))
        asyncio.get_running_loop().call_later(0.05, ready.set)
        await listen(lambda: make_listener(engine), "127.0.0.1", port, stopping)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    yield port
    loop, stopping = stops[0]
    loop.call_soon_threadsafe(stopping.set)
    thread.join(10)


@pytest.fixture
def mailbox_port(engine: Engine) -> Iterator[int]:
    yield from serve(engine)


def a_message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "letters@letters.example"
    message["To"] = "rep@house.example"
    message["Subject"] = "Grüße"
    message.set_content("Guten Tag.\n.\nA line with one dot above.\n", cte="8bit")
    return message


def test_a_message_is_stored_as_it_came(engine: Engine, mailbox_port: int) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox_port, timeout=10) as client:
        client.ehlo()
        assert {"8bitmime", "smtputf8", "size"} <= set(client.esmtp_features)
        client.sendmail(
            "bounces@letters.example",
            ["rep@house.example"],
            a_message().as_bytes(policy=email.policy.SMTP),
            ["BODY=8BITMIME"],
        )
    rows = list_messages(engine, search="", page=1).rows
    assert [row.recipient for row in rows] == ["rep@house.example"]
    stored = read_message(engine, rows[0].id)
    assert stored.envelope_sender == "bounces@letters.example"
    assert "Guten Tag.\n.\nA line with one dot above." in stored.text.replace("\r\n", "\n")


def test_each_recipient_gets_a_copy(engine: Engine, mailbox_port: int) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox_port, timeout=10) as client:
        client.sendmail("a@letters.example", ["one@house.example", "two@house.example"], b"Subject: x\r\n\r\ny\r\n")
    assert {row.recipient for row in list_messages(engine, search="", page=1).rows} == {
        "one@house.example",
        "two@house.example",
    }


def test_a_message_over_ten_megabytes_is_refused(engine: Engine, mailbox_port: int) -> None:
    line = b"x" * 76 + b"\r\n"
    big = b"Subject: big\r\n\r\n" + line * (MESSAGE_LIMIT_BYTES // len(line) + 1)
    with smtplib.SMTP("127.0.0.1", mailbox_port, timeout=30) as client, pytest.raises(smtplib.SMTPException) as refused:
        client.sendmail("a@letters.example", ["one@house.example"], big)
    assert isinstance(refused.value, smtplib.SMTPResponseException)
    assert refused.value.smtp_code == 552
    assert list_messages(engine, search="", page=1).total == 0


def test_nothing_is_accepted_without_the_database() -> None:
    engine = make_engine("postgresql://nobody:x@127.0.0.1:9/none")
    for port in serve(engine):
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client, pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("a@letters.example", ["one@house.example"], b"Subject: x\r\n\r\ny\r\n")
        assert refused.value.smtp_code == 451
    engine.dispose()


@pytest.mark.parametrize("url", ["smtp://192.0.2.1:25", "smtp://mail.example:25", "smtp://127.0.0.1"])
def test_other_machines_can_not_write(settings: Settings, url: str) -> None:
    with pytest.raises(SettingsError, match="DEARREP_MAILBOX_URL"):
        read_address(replace(settings, mailbox_url=url), *MAILBOX)
    assert read_address(replace(settings, mailbox_url="smtp://localhost:8025"), *MAILBOX) == ("localhost", 8025)
