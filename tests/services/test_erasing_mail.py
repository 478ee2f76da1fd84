"""Erasing a person deletes their mail, and nobody else's whose address ends in the same letters."""

from dataclasses import replace

from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters
from shared.services.erasure import erase_person
from shared.services.mailbox import list_messages, store_message
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.smtp_server import ScriptedSmtpServer


def test_ana_goes_and_diana_stays(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    for name in ("ana", "diana"):
        write_letters(engine, ring, settings, f"{name}@example.org")
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    for sender, recipient, raw in server.accepted:
        store_message(engine, sender=sender, recipient=recipient, raw=raw)
    assert len(list_messages(engine).rows) == 4
    erase_person(engine, settings, "ana@example.org")
    assert len(list_messages(engine).rows) == 2
