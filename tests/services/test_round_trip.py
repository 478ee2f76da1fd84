"""Letters through a real mail server (Exim) and back: its own reports and an office's answer reach our listener."""

import smtplib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters
from shared.services.receipts import apply_receipts
from shared.settings import Settings
from tests.exim import Exim, find_exim
from tests.factories import make_campaign, write_letters
from tests.listener import listening
from tests.services.came_back import OFFICE, Post
from tests.smtp_server import ScriptedSmtpServer

_PROGRAM = find_exim()


@pytest.mark.skipif(
    _PROGRAM is None, reason="NOT TESTED: THERE IS NO MAIL SERVER: install the package 'exim4-daemon-light'"
)
def test_what_a_real_server_reports_comes_back(
    engine: Engine, settings: Settings, ring: Ring, engine_room: Path
) -> None:
    assert _PROGRAM is not None
    post = Post(engine, settings, ring)
    make_campaign(engine)
    write_letters(engine, ring, settings)
    for table, number in (("letter", "id"), ("office_holder", "office_id")):
        post.change(
            f"UPDATE {table} SET {'recipient_' * (table == 'letter')}email = 'gone@practice.example'"
            f" WHERE {number} = (SELECT {number} FROM letter WHERE id = 2)"
        )
    with listening(engine, ring, replace(settings, inbound_url="lmtp://127.0.0.1:1")) as back:
        server = Exim(engine_room / "exim-back", _PROGRAM, back=back)
        server.start()
        try:
            here = replace(settings, mailbox_url=f"smtp://127.0.0.1:{server.port}")
            # A slow first mail ends its batch, and the other letter is claimed once more.
            assert deliver_letters(engine, ring, here, first_tries=True) >= 2
            answer(server.port, post, f"co-ops@{settings.mail_domain}")
            comes_true(lambda: post.ask("SELECT count(*) FROM receipt") == [(3,)], server)
        finally:
            server.stop()
    apply_receipts(engine, ring, settings)
    assert [post.state(number) for number in (1, 2)] == ["delivered", "bounced"]
    assert post.ask("SELECT cause FROM letter WHERE id = 2") == [("no_such_address",)]
    assert post.ask("SELECT answered_at IS NOT NULL FROM letter ORDER BY id") == [(True,), (False,)]
    # The reports carry no letter.
    assert post.ask("SELECT count(*) FROM receipt WHERE raw LIKE '%Please vote%'::bytea") == [(0,)]


def answer(port: int, post: Post, campaign: str) -> None:
    """Somebody of the office replies to the address that the letter is from."""
    ((message_id,),) = post.ask("SELECT message_id FROM letter WHERE id = 1")
    head = f"From: <{OFFICE}>\r\nTo: <{campaign}>\r\nSubject: Re\r\nMessage-ID: <1@house.example>\r\n"
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail(OFFICE, [campaign], f"{head}References: {message_id}\r\n\r\nI agree.\r\n".encode())


def comes_true(said: Callable[[], bool], server: Exim) -> None:
    ends = time.monotonic() + 30
    while not said():
        assert time.monotonic() < ends, server.said()
        time.sleep(0.1)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_a_server_that_cannot_read_what_it_offers_gets_plain_words(
    engine: Engine, settings: Settings, ring: Ring, verb: str
) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    server = ScriptedSmtpServer(replies={"EHLO": "250-here\r\n250 DSN", verb: "555 5.5.4 unknown parameter"})

    def understands(heard: str) -> None:
        if heard == verb and server.lines[-1].endswith(">"):
            server.replies.pop(verb, None)

    server.on_verb = understands
    with server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert len(server.accepted) == 2


@pytest.mark.parametrize(("notify", "asked"), [("", "SUCCESS,FAILURE,DELAY"), ("?notify=failure", "FAILURE,DELAY")])
@pytest.mark.parametrize("offer", ["250-here\r\n250 DSN", "250 here"])
def test_reports_are_asked_for_where_they_are_offered(
    engine: Engine, settings: Settings, ring: Ring, notify: str, asked: str, offer: str
) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    with ScriptedSmtpServer(replies={"EHLO": offer}) as server:
        here = replace(settings, mailbox_url=f"{server.url}{notify}")
        deliver_letters(engine, ring, here, first_tries=True)
    ending = (" RET=HDRS", f" NOTIFY={asked}") if "DSN" in offer else ("", "")
    for verb, end in zip(("MAIL", "RCPT"), ending, strict=True):
        assert {line.partition(">")[2] for line in server.lines if line.startswith(verb)} == {end}
    assert len(server.accepted) == 2
