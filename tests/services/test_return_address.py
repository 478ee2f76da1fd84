"""Bounces can come back, or doctor and the publish list say why not: with real DNS, SMTP and PostgreSQL on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared.domain.publish_list import Point
from shared.providers import mail_exchangers
from shared.queue.ring import Ring
from shared.services import sender_domain
from shared.services.doctor import check_sender
from shared.services.editor.drafts import read_editing
from shared.services.editor.publishing import list_points
from shared.services.receipts import is_our_address, read_maildir
from shared.services.sender_domain import check_now, read_check
from shared.settings import Settings
from tests.factories import make_campaign
from tests.listener import listening
from tests.name_server import LoopbackNameServer
from tests.smtp_server import ScriptedSmtpServer

DOMAIN = "letters.coop-ma.org"
RECORDS = {
    (DOMAIN, "TXT"): ['"v=spf1 ip4:93.184.216.34 -all"'],
    (f"dkim._domainkey.{DOMAIN}", "TXT"): [f'"v=DKIM1; k=ed25519; p={"A" * 44}"'],
    ("_dmarc.coop-ma.org", "TXT"): ['"v=DMARC1; p=reject; np=reject; psd=n"'],
    (DOMAIN, "MX"): ["10 mail.coop-ma.org."],
    ("mail.coop-ma.org", "A"): ["127.0.0.1"],
}


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedSmtpServer]:
    """The mail server of the sender domain."""
    with ScriptedSmtpServer() as running:
        monkeypatch.setattr(mail_exchangers, "PORT", running.port)
        yield running


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    """An installation with a relay and a listener, about whose domain DNS says what receivers want to know."""
    with LoopbackNameServer(dict(RECORDS)) as names:
        yield replace(
            settings,
            mail_domain=DOMAIN,
            dns_servers=names.setting,
            mail_relay_url="smtp://93.184.216.34:25",
            inbound_url="lmtp://127.0.0.1:8024",
        )


def sender_point(engine: Engine, settings: Settings) -> Point:
    points = list_points(engine, settings, read_editing(engine, "co-ops"))
    return next(one for one in points if one.name == "Receivers can trust your sender domain")


def test_a_server_that_takes_bounces_is_good(engine: Engine, settings: Settings, mail: ScriptedSmtpServer) -> None:
    finding = check_sender(settings, ())
    assert finding.is_ok, finding
    assert "mail.coop-ma.org, which takes mail to the return addresses of our letters" in finding.words
    (recipient,) = (line for line in mail.lines if line.startswith("RCPT"))
    assert is_our_address(engine, settings, recipient.partition("<")[2].removesuffix(">"))
    assert "MAIL FROM:<>" in mail.lines
    assert mail.accepted == []


def test_a_server_that_refuses_bounces_is_told_by_doctor_and_the_publish_list(
    engine: Engine, settings: Settings, mail: ScriptedSmtpServer
) -> None:
    make_campaign(engine)
    mail.replies["RCPT"] = f"454 4.7.1 <bounce+l12-aaaabbbbccccdddd@{DOMAIN}>: Relay access denied"
    finding = check_sender(settings, (), read_check(engine, settings))
    assert not finding.is_ok
    assert f"It said: {mail.replies['RCPT']}" in finding.words
    assert "relay_domains" in finding.advice
    check_now(engine, settings, actor="test")
    point = sender_point(engine, settings)
    assert (point.is_ok, point.is_must, point.deed) == (False, True, "sender")
    assert "Return address for bounces" in point.words
    mail.replies.clear()
    check_now(engine, settings, actor="test")
    assert sender_point(engine, settings).is_ok


def test_our_own_listener_takes_what_is_offered(
    engine: Engine, ring: Ring, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = replace(settings, inbound_url="smtp://127.0.0.1:8024")
    with listening(engine, ring, ours) as port:
        monkeypatch.setattr(mail_exchangers, "PORT", port)
        assert check_sender(ours, ()).is_ok
        other = replace(ours, secret_key="another" * 8)
        finding = check_sender(other, ())
    assert "It said: 550 5.1.1 There is no such address here" in finding.words
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM receipt")) == 0


def test_a_server_that_says_what_can_not_be_stored(
    engine: Engine, settings: Settings, mail: ScriptedSmtpServer
) -> None:
    mail.replies["RCPT"] = "550 5.1.1 no\x00 such user"
    zone = {**RECORDS, (f"_dmarc.{DOMAIN}", "TXT"): [r'"v=DMARC1; p=none; x=\000"']}
    with LoopbackNameServer(zone) as names:
        check_now(engine, replace(settings, dns_servers=names.setting), actor="test")
    words = " ".join(one.words for one in read_check(engine, settings).findings)
    assert "It said: 550 5.1.1 no such user" in words


def test_a_domain_with_letters_beyond_ascii_is_asked_for_in_ascii(settings: Settings, mail: ScriptedSmtpServer) -> None:
    with LoopbackNameServer({**RECORDS, ("xn--bcher-kva.org", "MX"): ["10 mail.coop-ma.org."]}) as names:
        check_sender(replace(settings, mail_domain="bücher.org", dns_servers=names.setting), ())
    assert mail.lines[0] == "ehlo xn--bcher-kva.org"
    assert mail.lines[2].startswith("RCPT TO:<bounce+")
    assert mail.lines[2].endswith("@xn--bcher-kva.org>")


def test_nobody_is_asked_where_no_mail_is_expected(
    engine: Engine, ring: Ring, settings: Settings, mail: ScriptedSmtpServer, tmp_path: Path
) -> None:
    deaf = replace(settings, inbound_url="")
    mail.replies["RCPT"] = "550 5.1.1 User unknown"
    finding = check_sender(deaf, (), read_check(engine, deaf))
    assert finding.is_ok
    assert "Dear Rep isn't set up to receive mail" in finding.words
    assert mail.connections == 0
    for folder in ("new", "cur"):
        (tmp_path / folder).mkdir()
    read_maildir(engine, ring, tmp_path)
    assert "550 5.1.1 User unknown" in check_sender(deaf, (), read_check(engine, deaf)).words
    with engine.begin() as connection:
        connection.execute(text("UPDATE receipt_source SET read_at = now() - interval '8 days'"))
    assert check_sender(deaf, (), read_check(engine, deaf)).is_ok


def test_a_port_that_does_not_answer_is_no_fault(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, mail: ScriptedSmtpServer
) -> None:
    monkeypatch.setattr(sender_domain, "_OFFER_S", 0.0)
    finding = check_sender(settings, (), read_check(engine, settings))
    assert finding.is_ok
    assert "Many hosting providers block that port." in finding.words
    assert mail.connections == 0
