"""Webhooks of relay services, from the post to the letter's state: valid, forged, doubled, early, out of order."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text

from shared.db.figures import count_imbalance
from shared.db.tables import follow_up, letter, letter_event, receipt, suppression
from shared.domain.identities import envelope_sender, message_id
from shared.domain.receipts import ReceiptSource
from shared.providers.webhooks import make_webhook
from shared.queue.ring import Ring
from shared.services.delivery import send_mail
from shared.services.doctor import check_webhooks, examine
from shared.services.receipts import apply_receipts, store
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.providers.signed_posts import (
    MAILGUN_KEY,
    POSTMARK_SECRET,
    TOPIC,
    Amazon,
    Post,
    mailgun,
    postmark,
    sendgrid,
    sendgrid_proof,
    sns,
    with_body,
)
from tests.smtp_server import ScriptedSmtpServer
from web.app import create_app

SOURCES = [source for source in ReceiptSource if source is not ReceiptSource.MAIL]
EVERY = pytest.mark.parametrize("source", SOURCES)
OFFICE = "representative@practice.example"
SENT = "state = 'sent', sent_at = now(), relay_id = 'relay-' || id"
SENT_THANK_YOU = """
INSERT INTO follow_up (submission_id, campaign_id, kind, email_hash, is_test, transport, recipient_email, state,
    relay_id)
SELECT id, campaign_id, 'thank_you', email_hash, true, 'mailbox', email, 'sent', 'relay-f1' FROM submission RETURNING id
"""


@pytest.fixture
def here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an installation that hears of all four; Amazon's certificate comes from the tests."""
    monkeypatch.setattr(store, "make_webhook", partial(make_webhook, fetch=Amazon().fetch))
    words = f"ses={TOPIC},sendgrid={sendgrid_proof()},mailgun={MAILGUN_KEY},postmark={POSTMARK_SECRET}"
    return Settings(**{**settings.__dict__, "webhooks": words})


@pytest.fixture
def app(here: Settings, engine: Engine, ring: Ring) -> Flask:
    return create_app(here, engine, ring)


@pytest.fixture
def sent(here: Settings, engine: Engine, ring: Ring, deliver: Callable[[], int]) -> dict[str, Any]:
    """One supporter's two letters are out; the first of them."""
    make_campaign(engine)
    write_letters(engine, ring, here)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE letter SET state = 'sent', sent_at = now(), attempt = 1, relay_id = 'relay-' || id")
        )
        return dict(connection.execute(select(letter).where(letter.c.id == 1)).mappings().one())


def about(source: ReceiptSource, news: str, row: dict[str, Any], name: str = "one") -> Post:
    """What the service would post of this letter: `delivered` or `bounced` (5.1.1) or `complained`."""
    mark, when = row["message_id"], datetime(2026, 11, 2, 10, tzinfo=UTC)
    match source:
        case ReceiptSource.SES:
            kinds = {"delivered": "Delivery", "bounced": "Bounce", "complained": "Complaint"}
            mail = {"source": envelope_sender("test" * 8, "letter", row["id"], "x"), "messageId": row["relay_id"]}
            people = [{"emailAddress": OFFICE, "status": "5.1.1", "action": "failed"}]
            details = {
                "Delivery": {"delivery": {"recipients": [OFFICE], "smtpResponse": "250 ok"}},
                "Bounce": {
                    "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": people}
                },
                "Complaint": {"complaint": {"complainedRecipients": [{"emailAddress": OFFICE}]}},
            }[kinds[news]]
            return sns({"notificationType": kinds[news], "mail": mail, **details}, MessageId=name)
        case ReceiptSource.SENDGRID:
            kind = {"delivered": "delivered", "bounced": "bounce", "complained": "spamreport"}[news]
            event = {"event": kind, "email": OFFICE, "smtp-id": mark, "sg_event_id": name, "timestamp": 1_793_613_600}
            return sendgrid([event | ({"status": "5.1.1", "type": "bounce"} if news == "bounced" else {})])
        case ReceiptSource.MAILGUN:
            status = {"code": 550, "enhanced-code": "5.1.1", "message": "no such user"}
            event = {
                "id": name,
                "event": {"delivered": "delivered", "bounced": "failed", "complained": "complained"}[news],
                "timestamp": when.timestamp(),
                "recipient": OFFICE,
                "message": {"headers": {"message-id": mark.strip("<>")}},
            }
            return mailgun(event | ({"severity": "permanent", "delivery-status": status} if news == "bounced" else {}))
        case _:
            kinds = {"delivered": "Delivery", "bounced": "Bounce", "complained": "SpamComplaint"}
            event = {
                "RecordType": kinds[news],
                "MessageID": row["relay_id"],
                "DeliveredAt": f"{when:%FT%TZ}",
                "ID": name,
            }
            address = {"Recipient" if news == "delivered" else "Email": OFFICE}
            return postmark(event | address | ({"Type": "BadEmailAddress"} if news == "bounced" else {}))


def post(client: FlaskClient, source: ReceiptSource, made: Post) -> int:
    headers, body = made
    return client.post(f"/webhooks/{source}", data=body, headers=dict(headers)).status_code


def state_of(engine: Engine, number: int = 1) -> str:
    with engine.connect() as connection:
        assert count_imbalance(connection) == 0
        return str(connection.scalar(select(letter.c.state).where(letter.c.id == number)))


def count(engine: Engine, what: Any) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(what)) or 0)


@EVERY
@pytest.mark.parametrize(("news", "state"), [("delivered", "delivered"), ("bounced", "bounced")])
def test_genuine_news_is_told_to_its_letter_once(
    client: FlaskClient,
    engine: Engine,
    here: Settings,
    ring: Ring,
    sent: dict[str, Any],
    source: ReceiptSource,
    news: str,
    state: str,
) -> None:
    for _ in range(2):
        assert post(client, source, about(source, news, sent)) == 204
        apply_receipts(engine, ring, here)
    assert state_of(engine) == state
    assert count(engine, receipt) == 1
    with engine.connect() as connection:
        told = select(func.count()).where(letter_event.c.letter_id == 1, letter_event.c.to_state == state)
        assert connection.scalar(told) == 1
        assert state_of(engine, 2) == "sent"


@EVERY
def test_forged_news_is_neither_kept_nor_told(
    client: FlaskClient, engine: Engine, here: Settings, ring: Ring, sent: dict[str, Any], source: ReceiptSource
) -> None:
    genuine = about(source, "bounced", sent)
    forged = {
        ReceiptSource.SES: lambda: with_body(genuine, b"5.1.1", b"5.1.2"),
        ReceiptSource.SENDGRID: lambda: with_body(genuine, b"5.1.1", b"5.1.2"),
        ReceiptSource.MAILGUN: lambda: mailgun({"id": "x", "event": "failed"}, key="another key"),
        ReceiptSource.POSTMARK: lambda: postmark({"RecordType": "Bounce"}, secret="relay:guess"),
    }[source]()
    status = post(client, source, forged)
    assert status == (406 if source is ReceiptSource.MAILGUN else 403)
    assert apply_receipts(engine, ring, here) == 0
    assert count(engine, receipt) == 0
    assert state_of(engine) == "sent"


def test_a_signature_of_mailgun_is_good_for_one_event(
    client: FlaskClient, engine: Engine, here: Settings, ring: Ring, sent: dict[str, Any]
) -> None:
    headers, body = about(ReceiptSource.MAILGUN, "delivered", sent)
    told = json.loads(body)
    forged = json.loads(about(ReceiptSource.MAILGUN, "bounced", sent, name="another")[1])
    # As it came, twice; then with another event under the signature.
    for event, status in ((told, 204), (told, 204), (told | {"event-data": forged["event-data"]}, 406)):
        assert post(client, ReceiptSource.MAILGUN, (headers, json.dumps(event).encode())) == status
    apply_receipts(engine, ring, here)
    assert state_of(engine) == "delivered"
    assert count(engine, receipt) == 1


def test_one_bad_event_of_many_takes_no_other_with_it(
    client: FlaskClient, engine: Engine, here: Settings, ring: Ring, sent: dict[str, Any]
) -> None:
    good = {"event": "delivered", "email": OFFICE, "smtp-id": sent["message_id"], "sg_event_id": "good"}
    bad = [None, 7, [[]], {}, {"sg_event_id": "a\0b"}, {"sg_event_id": "\ud800"}, {"sg_event_id": "x" * 90_000}]
    for _ in range(2):
        assert post(client, ReceiptSource.SENDGRID, sendgrid([*bad, good, good])) == 204
        apply_receipts(engine, ring, here)
    assert state_of(engine) == "delivered"
    assert count(engine, receipt) == len(bad) + 1
    with engine.connect() as connection:
        assert set(connection.scalars(select(receipt.c.outcome))) == {"ignored", "applied"}


@EVERY
def test_news_that_comes_before_the_letter_is_recorded_waits_for_it(
    client: FlaskClient, engine: Engine, here: Settings, ring: Ring, sent: dict[str, Any], source: ReceiptSource
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'sending', relay_id = '', sent_at = NULL"))
    post(client, source, about(source, "delivered", sent))
    apply_receipts(engine, ring, here)
    assert state_of(engine) == "sending"
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE letter SET {SENT}"))
        connection.execute(text("UPDATE receipt SET due_at = now()"))
    apply_receipts(engine, ring, here)
    assert state_of(engine) == "delivered"
    with engine.connect() as connection:
        assert connection.scalar(select(receipt.c.outcome)) == "applied"


@EVERY
@pytest.mark.parametrize("order", [("bounced", "delivered"), ("delivered", "bounced")])
def test_a_bounce_stands_whatever_order_the_news_come_in(
    client: FlaskClient,
    engine: Engine,
    here: Settings,
    ring: Ring,
    sent: dict[str, Any],
    source: ReceiptSource,
    order: tuple[str, str],
) -> None:
    for number, news in enumerate(order):
        post(client, source, about(source, news, sent, name=f"event-{number}"))
        apply_receipts(engine, ring, here)
    assert state_of(engine) == "bounced"
    assert count(engine, receipt) == 2


@EVERY
def test_whoever_calls_our_mail_spam_gets_no_more(
    client: FlaskClient, engine: Engine, here: Settings, ring: Ring, sent: dict[str, Any], source: ReceiptSource
) -> None:
    with engine.begin() as connection:
        number = connection.execute(text(SENT_THANK_YOU)).scalar_one()
    row = {
        "id": number,
        "relay_id": "relay-f1",
        "message_id": message_id(here.secret_key, "follow_up", number, here.mail_domain),
        "verp": envelope_sender(here.secret_key, "follow_up", number, here.mail_domain),
    }
    made = about(source, "complained", row)
    assert post(client, source, made) == 204
    apply_receipts(engine, ring, here)
    with engine.begin() as connection:
        row = dict(connection.execute(select(suppression)).mappings().one())
        connection.execute(text("UPDATE follow_up SET due_at = now() WHERE state = 'queued'"))
    assert (row["reason"], row["campaign_id"]) == ("complained", None)
    with ScriptedSmtpServer() as server:
        assert send_mail(engine, ring, Settings(**{**here.__dict__, "mailbox_url": server.url})) == 0
    assert server.accepted == []
    with engine.connect() as connection:
        left = select(follow_up.c.cause).where(follow_up.c.state == "cancelled")
        assert set(connection.scalars(left)) == {"suppressed"}


AHEAD_S = 600


def signed_ahead(source: ReceiptSource, *, is_genuine: bool = True) -> Post:
    """A post that was signed ten minutes from now; one that is not genuine was signed with another key."""
    match source:
        case ReceiptSource.SES:
            return sns("{}", age_s=-AHEAD_S, key="amazon" if is_genuine else "another")
        case ReceiptSource.SENDGRID:
            return sendgrid([], age_s=-AHEAD_S, key="ours" if is_genuine else "another")
        case _:
            return mailgun({}, age_s=-AHEAD_S, key=MAILGUN_KEY if is_genuine else "another")


SIGNING = pytest.mark.parametrize("source", [ReceiptSource.SES, ReceiptSource.SENDGRID, ReceiptSource.MAILGUN])


@SIGNING
def test_a_clock_that_is_ahead_gets_a_try_again_and_a_line_in_doctor(
    client: FlaskClient, engine: Engine, here: Settings, source: ReceiptSource
) -> None:
    assert post(client, source, signed_ahead(source)) == 503
    (finding,) = [one for one in examine(engine, here, "webhooks") if one.name == "webhooks"]
    assert not finding.is_ok
    assert f"Events from {source.value} have timestamps about 10 minutes ahead of this server's clock" in finding.words
    assert "NTP" in finding.advice
    assert count(engine, receipt) == 0
    with engine.begin() as connection:
        connection.execute(text("UPDATE receipt_source SET clock_wrong_at = now() - interval '25 hours'"))
        assert check_webhooks(connection).is_ok, "it has passed"


@SIGNING
def test_strangers_can_not_say_that_a_clock_is_wrong(
    client: FlaskClient, engine: Engine, source: ReceiptSource
) -> None:
    assert post(client, source, signed_ahead(source, is_genuine=False)) in (403, 406)
    with engine.connect() as connection:
        assert check_webhooks(connection).is_ok


@pytest.mark.parametrize("source", [ReceiptSource.MAILGUN, ReceiptSource.SENDGRID])
def test_a_clock_that_makes_no_sense_is_kept_too(client: FlaskClient, engine: Engine, source: ReceiptSource) -> None:
    made = mailgun({}, age_s=-1e15) if source is ReceiptSource.MAILGUN else sendgrid([], age_s=-1e15)
    assert post(client, source, made) == 503
    with engine.connect() as connection:
        assert not check_webhooks(connection).is_ok


def test_each_source_is_named_with_its_last_time(client: FlaskClient, engine: Engine) -> None:
    for source in (ReceiptSource.MAILGUN, ReceiptSource.SENDGRID, ReceiptSource.MAILGUN):
        assert post(client, source, signed_ahead(source)) == 503
    with engine.begin() as connection:
        connection.execute(text("UPDATE receipt_source SET clock_wrong_at = date_trunc('day', now())"))
        words = check_webhooks(connection).words
    assert words.index("from mailgun have") < words.index("from sendgrid have")
    assert words.count("last at") == 2


@EVERY
def test_a_service_that_is_not_set_up_is_not_there(
    settings: Settings, engine: Engine, ring: Ring, source: ReceiptSource
) -> None:
    client = create_app(settings, engine, ring).test_client()
    assert client.post(f"/webhooks/{source}", data=b"{}").status_code == 404
    assert client.post("/webhooks/mail", data=b"{}").status_code == 404
    assert client.get(f"/webhooks/{source}").status_code == 405


def test_a_post_without_end_is_refused(client: FlaskClient, engine: Engine) -> None:
    assert client.post("/webhooks/mailgun", data=b"x" * (3 * 1024 * 1024)).status_code == 413
    assert count(engine, receipt) == 0
