"""The relay of the console: kept encrypted, used without a restart, and never before that of the environment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from shared import clock
from shared.db.engine import make_engine
from shared.domain.relays import Relay, Security
from shared.errors import InputError, NotAllowed
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services import relay as service
from shared.services.relay import RelayWatch, relay_in_use, remove_relay, save_relay, typed_relay, with_relay
from shared.services.sender_domain import check_now, read_check
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.name_server import LoopbackNameServer
from tests.smtp_server import ScriptedSmtpServer
from worker.tasks import make_work

RELAY = Relay("smtp.mail.org", 587, Security.STARTTLS, "me", "green ducks")
TYPED = {"host": "smtp.mail.org", "port": "587", "security": "starttls", "username": "me"}


def local(server: ScriptedSmtpServer) -> Relay:
    return Relay("127.0.0.1", server.port, Security.NONE)


def test_it_is_laid_over_the_settings_and_its_password_is_encrypted(engine: Engine, settings: Settings) -> None:
    assert with_relay(engine, settings) is settings
    save_relay(engine, settings, RELAY, actor="test")
    assert with_relay(engine, settings).mail_relay_url == RELAY.url
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM mail_relay")).one()
    assert "green ducks" not in str(row)
    remove_relay(engine, settings, actor="test")
    assert not with_relay(engine, settings).relay_configured
    with pytest.raises(NotAllowed, match="no mail relay to remove"):
        remove_relay(engine, settings, actor="test")


def test_the_environment_goes_first_and_can_not_be_changed(engine: Engine, settings: Settings) -> None:
    save_relay(engine, settings, RELAY, actor="test")
    named = replace(settings, mail_relay_url="smtp://of.the.environment:25")
    assert with_relay(engine, named) is named
    assert relay_in_use(engine, named).is_environments
    for change in (
        lambda: save_relay(engine, named, RELAY, actor="test"),
        lambda: remove_relay(engine, named, actor=""),
    ):
        with pytest.raises(NotAllowed, match="DEARREP_MAIL_RELAY_URL"):
            change()


def test_with_another_secret_key_letters_wait_and_do_not_become_tests(engine: Engine, settings: Settings) -> None:
    save_relay(engine, settings, RELAY, actor="test")
    elsewhere = replace(settings, secret_key="another" * 8)
    assert relay_in_use(engine, elsewhere).password_lost
    used = with_relay(engine, elsewhere)
    assert used.relay_configured
    assert "ducks" not in used.mail_relay_url


def test_a_known_password_goes_to_the_same_place_only(engine: Engine, settings: Settings) -> None:
    save_relay(engine, settings, RELAY, actor="test")
    assert typed_relay(engine, settings, TYPED) == RELAY
    elsewhere = ({"host": "evil.org"}, {"port": "2525"}, {"username": "you"}, {"security": "tls"})
    for change in elsewhere:
        with pytest.raises(InputError) as refused:
            typed_relay(engine, settings, {**TYPED, **change})
        assert list(refused.value.fields) == ["password"]
    assert typed_relay(engine, settings, {**TYPED, "username": "", "password": "x"}).password == ""


def test_pages_look_again_every_few_seconds(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = RelayWatch(engine)
    assert not watch.over(settings).relay_configured
    save_relay(engine, settings, RELAY, actor="test")
    assert not watch.over(settings).relay_configured
    monkeypatch.setattr(service, "KEPT_S", 0.0)
    assert watch.over(settings).relay_configured


def test_what_is_known_stays_while_the_database_is_away(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_relay(engine, settings, RELAY, actor="test")
    away = make_engine("postgresql://nobody:secret@127.0.0.1:9/none")
    with pytest.raises(Exception, match="connection"):
        RelayWatch(away).over(settings)
    watch = RelayWatch(engine)
    watch.over(settings)
    monkeypatch.setattr(watch, "_engine", away)
    watch.forget()
    assert watch.over(settings).relay_configured
    away.dispose()


@pytest.fixture
def real_letters(engine: Engine, ring: Ring, settings: Settings) -> Callable[[], int]:
    """Two real letters of a live campaign and two test letters, all due; returns how many real ones are sent."""
    make_campaign(engine)
    write_letters(engine, ring, settings, "real@example.org")
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET state = 'live'"))
        connection.execute(text("UPDATE letter SET transport = 'relay', is_test = false"))
        connection.execute(text("UPDATE domain_pace SET transport = 'relay'"))
    write_letters(engine, ring, settings, "test@example.org")

    def sent() -> int:
        query = "SELECT count(*) FROM letter WHERE state = 'sent' AND transport = 'relay'"
        with engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one())

    return sent


def test_workers_use_it_without_a_restart_and_test_letters_stay(
    engine: Engine, ring: Ring, settings: Settings, real_letters: Callable[[], int]
) -> None:
    with ScriptedSmtpServer() as relay, ScriptedSmtpServer() as mailbox:
        work = make_work(engine, ring, replace(settings, mailbox_url=mailbox.url))
        work[TaskName.DELIVER_LETTERS]()
        assert real_letters() == 0
        assert len(mailbox.accepted) == 2
        save_relay(engine, settings, local(relay), actor="test")
        work[TaskName.DELIVER_LETTERS]()
        assert real_letters() == len(relay.accepted) == 2
        assert all(b"real@example.org" in message for _, _, message in relay.accepted)


def test_workers_look_at_the_sender_domain_once_a_day(engine: Engine, ring: Ring, settings: Settings) -> None:
    with LoopbackNameServer({}) as server:
        ours = replace(settings, mail_domain="letters.coop-ma.org", dns_servers=server.setting)
        work = make_work(engine, ring, ours)
        work[TaskName.TIDY]()
        assert server.asked == [], "not before somebody has asked once"
        assert len(check_now(engine, ours, actor="test").faults) >= 4
        server.asked.clear()
        work[TaskName.TIDY]()
        assert server.asked == []
        with engine.begin() as connection:
            connection.execute(text("UPDATE sender_check SET checked_at = checked_at - interval '25 hours'"))
        work[TaskName.TIDY]()
        assert ("letters.coop-ma.org", "MX") in server.asked
        assert clock.now() - (read_check(engine, ours).checked_at or clock.now()) < timedelta(minutes=1)
