"""The console's delivery settings: the relay, the sender domain before a campaign goes live, pace, what comes back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, RowMapping, text

from shared.db.mail_setup import read_relay
from shared.domain.publish_list import Point
from shared.domain.relays import Relay, Security
from shared.queue.ring import Ring
from shared.services import relay as relays
from shared.services.delivery.domains import set_rate
from shared.services.doctor import check_sender
from shared.services.editor.drafts import read_editing
from shared.services.editor.publishing import list_points
from shared.services.relay import save_relay, with_relay
from shared.services.sender_domain import read_check
from shared.settings import Settings
from tests.factories import make_draft, write_letters
from tests.name_server import LoopbackNameServer
from tests.smtp_server import ScriptedSmtpServer
from tests.web.test_editor import save
from tests.web.test_organizer import press, sign_in
from web.app import create_app

PASSWORD = "four quiet green ducks"
DOMAIN = "letters.coop-ma.org"
CHANGE = "/admin/delivery/relay/change"
SECRET = "mail service secret"
TYPED = {"host": "127.0.0.1", "security": "none", "username": "", "current": PASSWORD}
RECORDS = {
    (DOMAIN, "TXT"): ['"v=spf1 ip4:93.184.216.34 -all"'],
    (f"dkim._domainkey.{DOMAIN}", "TXT"): [f'"v=DKIM1; k=ed25519; p={"A" * 44}"'],
    (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=reject"'],
    (DOMAIN, "MX"): ["10 mail.coop-ma.org."],
    ("mail.coop-ma.org", "A"): ["93.184.216.34"],
}


@pytest.fixture
def server() -> Iterator[LoopbackNameServer]:
    with LoopbackNameServer(dict(RECORDS)) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, server: LoopbackNameServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with a domain of its own, whose pages see a change of the relay at once."""
    monkeypatch.setattr(relays, "KEPT_S", 0.0)
    return replace(settings, mail_domain=DOMAIN, dns_servers=server.setting)


def enter(client: FlaskClient, engine: Engine) -> FlaskClient:
    make_draft(engine)
    return sign_in(client, engine)


@pytest.fixture
def signed_in(client: FlaskClient, engine: Engine) -> FlaskClient:
    return enter(client, engine)


@pytest.fixture
def confirmed(signed_in: FlaskClient) -> FlaskClient:
    """Somebody who has a password to confirm with."""
    press(signed_in, "/admin/password", password=PASSWORD)
    return signed_in


def stored(engine: Engine) -> RowMapping | None:
    with engine.connect() as connection:
        return read_relay(connection)


def said(client: FlaskClient, page: str) -> str:
    """What the page says after a press."""
    return client.get(page).text


def test_a_relay_is_saved_when_it_answers_and_a_test_goes_through_it(
    confirmed: FlaskClient, engine: Engine, settings: Settings
) -> None:
    with ScriptedSmtpServer() as mail:
        typed = {**TYPED, "port": str(mail.port)}
        refused = press(confirmed, CHANGE, **{**typed, "current": "wrong"})
        assert (refused.status_code, stored(engine), mail.connections) == (422, None, 0)
        assert "This is not your password" in refused.text
        assert press(confirmed, CHANGE, **typed).location == "/admin/delivery/relay"
        assert mail.connections == 1
        page = said(confirmed, "/admin/delivery/relay")
        assert "127.0.0.1 answers: the connection is not secret, without sign-in. Nothing was sent." in page
        press(confirmed, "/admin/delivery/relay", "/admin/delivery/relay/test")
        assert "answered: 250 2.0.0 queued as 7" in said(confirmed, "/admin/delivery/relay")
        (message,) = mail.accepted
        assert message[:2] == (f"dearrep@{DOMAIN}", "organizer@example.org")
        mail.replies["RCPT"] = "550 5.1.1 nobody here"
        press(confirmed, "/admin/delivery/relay", "/admin/delivery/relay/test")
        assert "does not exist. It said: 550 5.1.1 nobody here" in said(confirmed, "/admin/delivery/relay")
    save_relay(engine, settings, Relay("127.0.0.1", 9, Security.NONE), actor="test")
    press(confirmed, "/admin/delivery/relay", "/admin/delivery/relay/check")
    assert "127.0.0.1: The mail server could not be reached. Nobody listens" in said(confirmed, "/admin/delivery/relay")
    log = said(confirmed, "/admin/audit")
    for words in ("changed the mail relay", f"127.0.0.1:{mail.port}", "sent a test through the mail relay"):
        assert words in log, words


def test_a_relay_that_does_not_answer_is_saved_only_when_somebody_insists(
    confirmed: FlaskClient, engine: Engine
) -> None:
    with ScriptedSmtpServer() as mail:
        typed = {**TYPED, "port": str(mail.port), "security": "starttls", "username": "me", "password": SECRET}
        refused = press(confirmed, CHANGE, **typed)
        assert refused.status_code == 422
        assert "It offers no STARTTLS, or no sign-in, at this port." in refused.text
        assert SECRET not in refused.text
        assert stored(engine) is None
        assert press(confirmed, CHANGE, action="anyway", **typed).status_code == 303
    assert stored(engine) is not None
    for page in ("/admin/delivery/relay", CHANGE, "/admin/delivery"):
        assert SECRET not in said(confirmed, page)
    wrong = press(confirmed, CHANGE, **{**typed, "port": "x", "host": ""})
    assert "Type the port" in wrong.text
    assert "There is a problem" in wrong.text


def test_removing_says_what_becomes_of_letters(confirmed: FlaskClient, engine: Engine, settings: Settings) -> None:
    save_relay(engine, settings, Relay("127.0.0.1", 9, Security.NONE), actor="test")
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET state = 'live'"))
    page = "/admin/delivery/relay/remove"
    asked = said(confirmed, page)
    assert "1 campaign is live or paused: “Keep our shops local”." in asked
    assert "are test letters" in asked
    assert press(confirmed, page, current="wrong").status_code == 422
    assert stored(engine) is not None
    assert press(confirmed, page, current=PASSWORD).status_code == 303
    assert stored(engine) is None
    assert "What people send from then on is real" in said(confirmed, CHANGE)


def test_the_environments_relay_is_shown_and_can_not_be_changed(engine: Engine, settings: Settings, ring: Ring) -> None:
    named = replace(settings, mail_relay_url="smtp://me:hidden-secret@smtp.mail.org:587")
    client = enter(create_app(named, engine, ring).test_client(), engine)
    page = said(client, "/admin/delivery/relay")
    for words in ("smtp.mail.org", "587", "STARTTLS", ">me<", "DEARREP_MAIL_RELAY_URL"):
        assert words in page, words
    assert "hidden-secret" not in page
    assert CHANGE not in page
    assert client.get(CHANGE).location == "/admin/delivery"
    assert press(client, "/admin/delivery/domain", CHANGE, **TYPED, port="25").status_code == 303
    assert stored(engine) is None


def sender_point(engine: Engine, settings: Settings) -> Point:
    points = list_points(engine, with_relay(engine, settings), read_editing(engine, "co-ops"))
    return next(one for one in points if one.name == "Receivers can trust your sender domain")


def test_the_sender_domain_is_green_or_taken_upon_somebody(
    signed_in: FlaskClient, engine: Engine, settings: Settings, server: LoopbackNameServer
) -> None:
    page, check = "/admin/delivery/domain", "/admin/delivery/domain/check"
    assert "Nobody has looked yet" in said(signed_in, page)
    point = sender_point(engine, settings)
    assert (point.is_ok, point.is_must) == (False, False)
    save_relay(engine, settings, Relay("93.184.216.34", 25, Security.NONE), actor="test")
    assert sender_point(engine, settings).is_must
    press(signed_in, page, check)
    assert sender_point(engine, settings).is_ok, said(signed_in, page)
    assert check_sender(with_relay(engine, settings), ()).is_ok

    server.records = {name: values for name, values in RECORDS.items() if name != (DOMAIN, "MX")}
    assert sender_point(engine, settings).is_ok, "nobody is asked before the button is pressed"
    press(signed_in, page, check)
    shown = said(signed_in, page)
    assert "No MX record" in shown
    assert "less than a minute ago" in shown
    point = sender_point(engine, settings)
    assert (point.is_ok, point.is_must) == (False, True)
    assert "/admin/delivery/domain" in said(signed_in, "/admin/campaigns/co-ops/edit/publish")
    finding = check_sender(with_relay(engine, settings), ())
    assert "No MX record" in finding.words
    assert not finding.is_ok

    accept = "/admin/delivery/domain/accept"
    mark = said(signed_in, accept).partition('name="mark" value="')[2].partition('"')[0]
    press(signed_in, accept, mark=mark)
    assert "organizer@example.org decided to go on all the same" in sender_point(engine, settings).words
    accepted = check_sender(with_relay(engine, settings), (), read_check(engine, settings))
    assert accepted.is_ok
    assert "organizer@example.org decided to go on all the same" in accepted.words
    server.failing.add(f"_dmarc.{DOMAIN}")
    assert not check_sender(with_relay(engine, settings), (), read_check(engine, settings)).is_ok
    press(signed_in, page, check)
    assert "DNS did not answer in time" in said(signed_in, page)
    assert not sender_point(engine, settings).is_ok, "another fault asks again"
    assert press(signed_in, accept, mark=mark).status_code == 303
    assert not sender_point(engine, settings).is_ok, "the page was of other faults"


def test_keys_are_named_and_looked_for(signed_in: FlaskClient) -> None:
    page, name = "/admin/delivery/domain", "/admin/delivery/domain/selectors"
    wrong = press(signed_in, page, name, selectors="s1 bad_")
    assert wrong.status_code == 422
    assert "“bad_” is not a selector." in wrong.text
    press(signed_in, page, name, selectors=" S1, dkim ")
    shown = said(signed_in, page)
    assert "DKIM, selector s1: " in shown
    assert "There is no key at this name." in shown
    assert 'value="s1 dkim"' in shown


def rate_of(engine: Engine) -> int | None:
    query = "SELECT rate_per_hour FROM domain_pace WHERE transport = 'relay' AND receiving_domain = 'mahouse.gov'"
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one_or_none()


def test_a_pace_is_foretold_set_and_undone(signed_in: FlaskClient, engine: Engine) -> None:
    page = "/admin/delivery/pace"
    set_rate(engine, "mahouse.gov", 500, actor="test")
    ahead = signed_in.get(f"{page}?domain=MAHouse.gov&rate=200").text
    assert "10,000 letters at 200 an hour take 50 hours, about 3 days." in ahead
    assert "Until now: 500 an hour." in ahead
    assert rate_of(engine) == 500
    moved = press(signed_in, page, domain="mahouse.gov", rate="200")
    assert moved.location == "/admin/delivery?changed=mahouse.gov&was=500#domains"
    assert rate_of(engine) == 200
    assert "Undo: back to 500 an hour" in said(signed_in, moved.location)
    press(signed_in, page, domain="mahouse.gov", rate="500")
    assert rate_of(engine) == 500
    press(signed_in, page, domain="mahouse.gov", rate="none")
    assert rate_of(engine) is None
    for wrong in ({"domain": "mahouse.gov", "rate": "0"}, {"domain": "no domain", "rate": "5"}):
        assert press(signed_in, page, **wrong).status_code == 422
    assert "mahouse.gov: no limit" in said(signed_in, "/admin/audit")


def test_a_server_that_rests_is_tried_at_once(signed_in: FlaskClient, engine: Engine) -> None:
    set_rate(engine, "mahouse.gov", 500, actor="test")
    with engine.begin() as connection:
        connection.execute(text("UPDATE domain_pace SET open_until = now() + interval '1 hour', open_cause = 'tls'"))
    assert "Try now" in said(signed_in, "/admin/delivery")
    press(signed_in, "/admin/delivery", "/admin/delivery/try", domain="mahouse.gov")
    page = said(signed_in, "/admin/delivery")
    assert "mahouse.gov is tried now." in page
    assert "Left alone until" not in page
    press(signed_in, "/admin/delivery", "/admin/delivery/try", domain="mahouse.gov")
    assert "mahouse.gov is served already." in said(signed_in, "/admin/delivery")


def limits_of(engine: Engine) -> tuple[int, int | None]:
    query = "SELECT max_connections, rate_per_hour FROM relay_state WHERE server = 'relay'"
    with engine.connect() as connection:
        most, rate = connection.execute(text(query)).one()
    return most, rate


def test_limits_of_the_relay_are_foretold_set_and_undone(signed_in: FlaskClient, engine: Engine) -> None:
    page = "/admin/delivery/limits"
    ahead = said(signed_in, f"{page}?max_connections=10&rate=200")
    assert "10,000 letters at 200 an hour take 50 hours, about 3 days." in ahead
    assert "Until now: 16 connections, no rate limit." in ahead
    moved = press(signed_in, page, max_connections="10", rate="200")
    assert moved.location == "/admin/delivery?limits_were=16-none#servers"
    assert limits_of(engine) == (10, 200)
    assert "Undo: back to 16 connections and no rate limit" in said(signed_in, moved.location)
    press(signed_in, page, max_connections="16", rate="none")
    assert limits_of(engine) == (16, None)
    for wrong in (
        {"max_connections": "0", "rate": ""},
        {"max_connections": "ten"},
        {"max_connections": "5", "rate": "-1"},
    ):
        assert press(signed_in, page, **wrong).status_code == 422
    assert "10 connections, at most 200 emails an hour" in said(signed_in, "/admin/audit")
    assert signed_in.get("/admin/delivery?limits_were=nonsense").status_code == 200


def test_a_paused_relay_is_told_everywhere_alike_and_tried_now(settings: Settings, engine: Engine, ring: Ring) -> None:
    known = replace(settings, mail_relay_url="smtp://127.0.0.1:9")
    client = enter(create_app(known, engine, ring).test_client(), engine)
    write_letters(engine, ring, settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET transport = 'relay', is_test = false"))
        connection.execute(text("UPDATE domain_pace SET transport = 'relay', seconds_per_letter = 0.01"))
        connection.execute(
            text(
                "INSERT INTO relay_state (server, failures, epoch, open_until, open_cause)"
                " VALUES ('relay', 1, 1, now() + interval '1 hour', 'connection')"
            )
        )
    page = said(client, "/admin/delivery")
    assert "The mail relay is paused until" in page
    assert "when they are due" not in page
    assert "less than a minute" not in page
    assert page.count("Try now") == 1
    campaign = said(client, "/admin/campaigns/co-ops")
    assert campaign.count("the mail relay is paused until") == 2, "the forecast and the line about mail servers"
    assert "2 letters wait: our mail relay can’t be reached" in said(client, "/admin/campaigns/co-ops/attention")
    press(client, "/admin/delivery", "/admin/delivery/try-server", server="relay")
    page = said(client, "/admin/delivery")
    assert "The next email probes the mail relay." in page
    assert "The mail relay is paused until the next email probes it." in page
    press(client, "/admin/delivery", "/admin/delivery/try-server", server="relay")
    assert "There is no pause to end." in said(client, "/admin/delivery")


def test_what_comes_back_says_when_it_last_did(engine: Engine, settings: Settings, ring: Ring) -> None:
    known = replace(settings, webhooks="mailgun=key", inbound_url="lmtp://127.0.0.1:8024")
    client = enter(create_app(known, engine, ring).test_client(), engine)
    page = said(client, "/admin/delivery/receiving")
    assert "virtual_transport = lmtp:127.0.0.1:8024" in page
    assert "http://127.0.0.1:8000/webhooks/mailgun" in page
    assert page.count("Set up, nothing has come yet") == 2
    assert page.count("Not set up") == 3
    with engine.begin() as connection:
        insert = (
            "INSERT INTO receipt (source, event_id, raw, received_at) VALUES ('mailgun', 'x', '', '2031-05-01 12:00Z')"
        )
        connection.execute(text(insert))
    assert "Last heard of May 1, 8:00" in said(client, "/admin/delivery/receiving")


def test_office_hours_are_set_in_the_editor_and_shown_here(signed_in: FlaskClient) -> None:
    edit = "/admin/campaigns/co-ops/edit"
    typed = {"edit": edit, "chambers": "lower", "action": "save"}
    bad = save(signed_in, "targets", **typed, office_opens="18:00", office_closes="08:00")
    assert "must end later on the same day than it begins" in bad.text
    assert save(signed_in, "targets", **typed, office_opens="08:00", office_closes="18:00:00").status_code == 303
    assert 'value="18:00"' in said(signed_in, f"{edit}/targets")
    assert "08:00 to 18:00 on weekdays" in said(signed_in, "/admin/delivery")
