"""Four relay services' posts: taken when proven, refused when forged or stale, and read as the news that they are."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.receipts import News, Receipt, ReceiptSource
from shared.errors import Retryable, SettingsError, WebhookRefused
from shared.providers.webhooks import Webhook, make_webhook, read
from tests.providers import signed_posts as posts
from tests.providers.signed_posts import Amazon, Post

DAY_S = 86_400.0
SES, SENDGRID, MAILGUN, POSTMARK = (
    ReceiptSource.SES,
    ReceiptSource.SENDGRID,
    ReceiptSource.MAILGUN,
    ReceiptSource.POSTMARK,
)
SENDGRID_EVENT = {"event": "delivered", "sg_event_id": "event-1", "email": "ana@house.example"}
MAILGUN_EVENT = {"event": "delivered", "id": "event-1", "timestamp": 1790000000.25, "recipient": "ana@house.example"}
POSTMARK_EVENT = {"RecordType": "Delivery", "MessageID": "mail-1", "DeliveredAt": "2026-11-01T10:00:00Z"}


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.fixture
def webhooks(amazon: Amazon) -> dict[ReceiptSource, Webhook]:
    return {
        SES: make_webhook(SES, posts.TOPIC, amazon.fetch),
        SENDGRID: make_webhook(SENDGRID, posts.sendgrid_proof()),
        MAILGUN: make_webhook(MAILGUN, posts.MAILGUN_KEY),
        POSTMARK: make_webhook(POSTMARK, posts.POSTMARK_SECRET),
    }


GOOD: dict[ReceiptSource, Callable[[], Post]] = {
    SES: lambda: posts.sns({"eventType": "Delivery"}),
    SENDGRID: lambda: posts.sendgrid([SENDGRID_EVENT]),
    MAILGUN: lambda: posts.mailgun(MAILGUN_EVENT),
    POSTMARK: lambda: posts.postmark(POSTMARK_EVENT),
}
NAMES = {
    SES: "message-1",
    SENDGRID: "event-1",
    MAILGUN: "event-1@1790000000.25",
    POSTMARK: "Delivery:mail-1:2026-11-01T10:00:00Z",
}


@pytest.mark.parametrize("source", GOOD)
def test_a_proven_post_gives_its_event_under_the_same_name_each_time(
    webhooks: dict[ReceiptSource, Webhook], source: ReceiptSource
) -> None:
    posted = GOOD[source]()
    first, again = (webhooks[source].events(*posted) for _ in range(2))
    assert first == again
    assert [event.id for event in first] == [NAMES[source]]
    assert read(source, first[0].raw).news is News.DELIVERED


FORGED: dict[str, tuple[ReceiptSource, Callable[[], Post], str]] = {
    "ses other key": (SES, lambda: posts.sns({}, key="stranger"), "signature"),
    "ses tampered": (SES, lambda: posts.with_body(posts.sns("{}"), b'"{}"', b'"{ }"'), "signature"),
    "ses id": (SES, lambda: posts.with_body(posts.sns("{}"), b"message-1", b"message-2"), "signature"),
    "ses signature no base64": (
        SES,
        lambda: posts.with_body(posts.sns("{}"), b'"Signature": "', b'"Signature": "!'),
        "signature",
    ),
    "ses topic": (SES, lambda: posts.sns("{}", TopicArn=posts.TOPIC + "2"), "topic"),
    "ses type": (SES, lambda: posts.sns("{}", Type="Other"), "type"),
    "ses version": (SES, lambda: posts.sns("{}", SignatureVersion="3"), "version"),
    "ses no time": (SES, lambda: posts.sns("{}", Timestamp="noon"), "when it was signed"),
    "ses stale": (SES, lambda: posts.sns("{}", age_s=DAY_S + 7200), "too long ago"),
    "ses no such certificate": (SES, lambda: posts.sns("{}", SigningCertURL=f"{posts.HOST}/9.pem"), "does not exist"),
    "sendgrid other key": (SENDGRID, lambda: posts.sendgrid([SENDGRID_EVENT], key="stranger"), "SendGrid key"),
    "sendgrid tampered": (SENDGRID, lambda: posts.with_body(GOOD[SENDGRID](), b"ana@", b"eva@"), "SendGrid key"),
    "sendgrid unsigned": (SENDGRID, lambda: ({}, b"[]"), "SendGrid key"),
    "sendgrid odd signature": (
        SENDGRID,
        lambda: posts.with_header(GOOD[SENDGRID](), "x-twilio-email-event-webhook-signature", "é\ud800"),
        "SendGrid key",
    ),
    "sendgrid moved in time": (
        SENDGRID,
        lambda: posts.with_header(GOOD[SENDGRID](), "X-TWILIO-EMAIL-EVENT-WEBHOOK-TIMESTAMP", "1790000000"),
        "SendGrid key",
    ),
    "sendgrid stale": (SENDGRID, lambda: posts.sendgrid([], age_s=DAY_S + 7200), "too long ago"),
    "sendgrid no list": (SENDGRID, lambda: posts.sendgrid(SENDGRID_EVENT), "not a list"),
    "mailgun other key": (MAILGUN, lambda: posts.mailgun(MAILGUN_EVENT, key="stranger"), "Mailgun key"),
    "mailgun tampered": (
        MAILGUN,
        lambda: posts.with_body(posts.mailgun({}, token="aaa"), b"aaa", b"aab"),
        "Mailgun key",
    ),
    "mailgun unsigned": (MAILGUN, lambda: ({}, b"{}"), "Mailgun key"),
    "mailgun stale": (MAILGUN, lambda: posts.mailgun(MAILGUN_EVENT, age_s=DAY_S + 7200), "too long ago"),
    "mailgun no event": (MAILGUN, lambda: posts.mailgun("delivered"), "without an event"),
    "postmark wrong password": (POSTMARK, lambda: posts.postmark(POSTMARK_EVENT, secret="relay:other"), "password"),
    "postmark none": (POSTMARK, lambda: ({}, b"{}"), "password"),
    "postmark bearer": (
        POSTMARK,
        lambda: posts.with_header(GOOD[POSTMARK](), "authorization", "Bearer eA=="),
        "password",
    ),
    "postmark no base64": (
        POSTMARK,
        lambda: posts.with_header(GOOD[POSTMARK](), "authorization", "Basic é"),
        "password",
    ),
    "postmark list": (POSTMARK, lambda: posts.postmark([POSTMARK_EVENT]), "not an event"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_forged_stale_or_unreadable_is_refused(webhooks: dict[ReceiptSource, Webhook], case: str) -> None:
    source, post, words = FORGED[case]
    with pytest.raises(WebhookRefused, match=words):
        webhooks[source].events(*post())


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[" * 100_000])
def test_what_is_no_json_is_refused(webhooks: dict[ReceiptSource, Webhook], body: bytes) -> None:
    for source in (SES, MAILGUN):
        with pytest.raises(WebhookRefused, match="not JSON"):
            webhooks[source].events({}, body)
    headers, _ = GOOD[POSTMARK]()
    with pytest.raises(WebhookRefused, match="not JSON"):
        webhooks[POSTMARK].events(headers, body)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/1.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/1.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com/1.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/1.pem",
        "https://sns.us-east-1.amazonaws.com:8443/1.pem",
        # A bucket that anybody could own.
        "https://sns.s3-us-west-2.amazonaws.com/1.pem",
        "https://sns.eu-west-1.amazonaws.com/1.pem",
        "https://sns.us-east-1.amazonaws.com/1.txt",
        # What it answers to a question may be anybody's words.
        "https://sns.us-east-1.amazonaws.com/1.pem?Action=GetTopicAttributes",
        "https://sns.us-east-1.amazonaws.com/?Action=GetTopicAttributes&x=1.pem",
        "https://sns.us-east-1.amazonaws.com/1#.pem",
        "https://[",
        "",
    ],
)
def test_certificates_come_from_the_topics_own_server_only(
    webhooks: dict[ReceiptSource, Webhook], amazon: Amazon, url: str
) -> None:
    amazon.pages[url] = posts.certificate("stranger")
    with pytest.raises(WebhookRefused, match="not its topic's server"):
        webhooks[SES].events(*posts.sns({}, key="stranger", SigningCertURL=url))
    assert amazon.visits == []


def test_topics_in_china_have_servers_of_their_own(amazon: Amazon) -> None:
    topic = "arn:aws-cn:sns:cn-north-1:123456789012:bounces"
    url = "https://sns.cn-north-1.amazonaws.com.cn/1.pem"
    amazon.pages[url] = posts.certificate()
    webhook = make_webhook(SES, topic, amazon.fetch)
    assert len(webhook.events(*posts.sns({}, TopicArn=topic, SigningCertURL=url))) == 1


@pytest.mark.parametrize(
    ("page", "words"), [(posts.certificate(days=-1), "not valid now"), (b"x", "not a certificate")]
)
def test_only_a_valid_certificate_signs(
    webhooks: dict[ReceiptSource, Webhook], amazon: Amazon, page: bytes, words: str
) -> None:
    amazon.pages[posts.CERTIFICATE_URL] = page
    with pytest.raises(WebhookRefused, match=words):
        webhooks[SES].events(*GOOD[SES]())


def test_a_certificate_is_fetched_once_and_both_signatures_count(
    webhooks: dict[ReceiptSource, Webhook], amazon: Amazon
) -> None:
    for version in ("1", "2"):
        for subject in ({}, {"Subject": "Amazon SES"}):
            assert webhooks[SES].events(*posts.sns({}, SignatureVersion=version, **subject))
    assert amazon.visits == [posts.CERTIFICATE_URL]
    assert make_webhook(SES, posts.TOPIC, amazon.fetch) is webhooks[SES]


def test_a_certificate_that_cannot_be_fetched_now_asks_for_another_post() -> None:
    def fails(_url: str) -> bytes:
        raise Retryable("sns.us-east-1.amazonaws.com did not answer in time.")

    with pytest.raises(Retryable):
        make_webhook(SES, posts.TOPIC, fails).events(*GOOD[SES]())


def confirmation(**changes: str) -> Post:
    url = f"{posts.HOST}/?Action=ConfirmSubscription&Token=t"
    return posts.sns(
        "You chose to subscribe.", **{"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": url, **changes}
    )


def test_our_topics_subscription_is_confirmed(webhooks: dict[ReceiptSource, Webhook], amazon: Amazon) -> None:
    url = f"{posts.HOST}/?Action=ConfirmSubscription&Token=t"
    amazon.pages[url] = b"<ConfirmSubscriptionResponse/>"
    assert webhooks[SES].events(*confirmation()) == ()
    assert amazon.visits == [posts.CERTIFICATE_URL, url]


@pytest.mark.parametrize(
    "changes",
    [
        {"SubscribeURL": "https://evil.example/?Action=ConfirmSubscription"},
        {"TopicArn": posts.TOPIC + "2"},
        {"key": "stranger"},
    ],
)
def test_no_other_subscription_is_confirmed(
    webhooks: dict[ReceiptSource, Webhook], amazon: Amazon, changes: dict[str, str]
) -> None:
    with pytest.raises(WebhookRefused):
        webhooks[SES].events(*confirmation(**changes))
    assert set(amazon.visits) <= {posts.CERTIFICATE_URL}


def test_a_cancelled_subscription_and_a_trial_are_no_events(
    webhooks: dict[ReceiptSource, Webhook], amazon: Amazon
) -> None:
    assert webhooks[SES].events(*confirmation(Type="UnsubscribeConfirmation")) == ()
    assert webhooks[SES].events(*posts.sns("Successfully validated.")) == ()
    assert amazon.visits == [posts.CERTIFICATE_URL]


def test_one_sendgrid_post_holds_many_events(webhooks: dict[ReceiptSource, Webhook]) -> None:
    nameless = {"event": "open", "email": "ana@house.example"}
    events = webhooks[SENDGRID].events(
        *posts.sendgrid([SENDGRID_EVENT, nameless, {"event": "bounce", "sg_event_id": "3"}])
    )
    assert [event.id for event in events][::2] == ["event-1", "3"]
    # The same event has the same name when it comes alone.
    assert webhooks[SENDGRID].events(*posts.sendgrid([nameless])) == (events[1],)
    assert [read(SENDGRID, event.raw).news for event in events] == [News.DELIVERED, News.OTHER, News.BOUNCED]


def test_postmark_names_bounces_by_number_and_deliveries_by_time(webhooks: dict[ReceiptSource, Webhook]) -> None:
    bounce = {"RecordType": "Bounce", "ID": 42, "MessageID": "mail-1", "BouncedAt": "2026-11-01T10:00:00Z"}
    named = [webhooks[POSTMARK].events(*posts.postmark(event))[0].id for event in (bounce, {"RecordType": "Bounce"})]
    assert named[0] == "Bounce:mail-1:42"
    assert len(named[1]) == 64


def test_proofs_that_are_none(amazon: Amazon) -> None:
    for key in ("!", base64.b64encode(b"x" * 91).decode()):
        with pytest.raises(SettingsError, match="sendgrid needs the verification key"):
            make_webhook(SENDGRID, key)
    with pytest.raises(ValueError, match="no webhook"):
        make_webhook(ReceiptSource.MAIL, "x")


def ses(kind: str, details: dict[str, Any], **mail: Any) -> dict[str, Any]:
    where = {"DeliveryDelay": "deliveryDelay"}.get(kind, kind.lower())
    return {"eventType": kind, where: details, "mail": posts.ses_mail(**mail)}


def bounced(kind: str, subtype: str, **person: str) -> dict[str, Any]:
    person = {"emailAddress": "Ana.Ruiz@House.example", **person}
    return {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [person]}


UNKNOWN = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 <ana> unknown"}


@pytest.mark.parametrize(
    ("event", "news", "status", "reply"),
    [
        (ses("Bounce", bounced("Permanent", "General", **UNKNOWN)), News.BOUNCED, "5.1.1", "550 5.1.1 <ana> unknown"),
        (ses("Bounce", bounced("Permanent", "NoEmail")), News.BOUNCED, "5.1.1", ""),
        (ses("Bounce", bounced("Permanent", "OnAccountSuppressionList")), News.BOUNCED, "5.1.1", ""),
        (ses("Bounce", bounced("Transient", "MailboxFull")), News.BOUNCED, "5.2.2", ""),
        (ses("Bounce", bounced("Transient", "MailboxFull", status="4.2.2")), News.BOUNCED, "4.2.2", ""),
        (ses("Bounce", bounced("Transient", "MessageTooLarge", status="5.0.0")), News.BOUNCED, "5.3.4", ""),
        (ses("Bounce", bounced("Transient", "General", action="failed")), News.BOUNCED, "4.0.0", ""),
        (ses("Bounce", bounced("Transient", "General")), News.AUTO_REPLIED, "", ""),
        (ses("Bounce", bounced("Undetermined", "Undetermined")), News.BOUNCED, "", ""),
        (
            ses(
                "Bounce",
                bounced("Permanent", "General", status="5.0.0", diagnosticCode="550-5.7.26 no DMARC at 10.4.1.1"),
            ),
            News.BOUNCED,
            "5.7.26",
            "550-5.7.26 no DMARC at 10.4.1.1",
        ),
        (
            ses("Complaint", {"complainedRecipients": [{"emailAddress": "ana.ruiz@house.example"}]}),
            News.COMPLAINED,
            "",
            "",
        ),
        (ses("Complaint", {"complaintFeedbackType": "not-spam"}), News.OTHER, "", ""),
        (
            ses("Delivery", {"recipients": ["ana.ruiz@house.example"], "smtpResponse": "250 ok"}),
            News.DELIVERED,
            "",
            "250 ok",
        ),
        (
            ses(
                "DeliveryDelay", {"delayedRecipients": [{"emailAddress": "ana.ruiz@house.example", "status": "4.4.1"}]}
            ),
            News.DELAYED,
            "4.4.1",
            "",
        ),
        (ses("Reject", {"reason": "Bad content"}), News.BOUNCED, "", "Bad content"),
        (ses("Open", {}), News.OTHER, "", ""),
        (ses("Rendering Failure", {}), News.OTHER, "", ""),
    ],
)
def test_ses_events_in_both_spellings(event: dict[str, Any], news: News, status: str, reply: str) -> None:
    classic = dict(event)
    classic["notificationType"] = classic.pop("eventType")
    receipt = read(SES, json.dumps(event))
    assert receipt == read(SES, json.dumps(classic))
    assert (receipt.news, receipt.status, receipt.reply) == (news, status, reply)
    if news is not News.OTHER:
        assert receipt.recipient == "ana.ruiz@house.example"
        assert receipt.marks == (
            "bounce+l12-abcdefghijklmnop@letters.example",
            "<l12-common@letters.example>",
            "<l12-x@letters.example>",
            "0100-relay-id",
        )


@pytest.mark.parametrize(
    ("event", "news", "status", "reply"),
    [
        ({"event": "delivered", "response": "250 2.0.0 OK"}, News.DELIVERED, "", "250 2.0.0 OK"),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 no"}, News.BOUNCED, "5.1.1", "550 no"),
        ({"event": "bounce", "type": "blocked", "reason": "554 5.7.1 spam"}, News.BOUNCED, "5.7.1", "554 5.7.1 spam"),
        ({"event": "bounce", "type": "blocked", "reason": "no MX"}, News.BOUNCED, "", "no MX"),
        ({"event": "dropped", "reason": "Bounced Address"}, News.BOUNCED, "5.1.1", "Bounced Address"),
        ({"event": "deferred", "response": "450 4.2.2 full"}, News.DELAYED, "4.2.2", "450 4.2.2 full"),
        ({"event": "spamreport"}, News.COMPLAINED, "", ""),
        ({"event": "unsubscribe"}, News.UNSUBSCRIBED, "", ""),
        ({"event": "group_unsubscribe"}, News.UNSUBSCRIBED, "", ""),
        ({"event": "processed"}, News.OTHER, "", ""),
        ({"event": "open"}, News.OTHER, "", ""),
        ({"event": "click"}, News.OTHER, "", ""),
    ],
)
def test_sendgrid_events(event: dict[str, str], news: News, status: str, reply: str) -> None:
    about = {"email": "Ana@House.example", "smtp-id": "<l12-x@letters.example>", "sg_message_id": "Qx7.recv-1.0"}
    receipt = read(SENDGRID, json.dumps({**about, **event}))
    assert (receipt.news, receipt.status, receipt.reply) == (news, status, reply)
    if news is not News.OTHER:
        assert receipt.recipient == "ana@house.example"
        assert receipt.marks == ("<l12-x@letters.example>", "Qx7.recv-1.0", "Qx7")


@pytest.mark.parametrize(
    ("event", "news", "status", "reply"),
    [
        ({"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}}, News.DELIVERED, "", "OK"),
        (
            {"event": "failed", "severity": "permanent", "delivery-status": {"code": 550, "enhanced-code": "5.1.1"}},
            News.BOUNCED,
            "5.1.1",
            "",
        ),
        (
            {"event": "failed", "severity": "temporary", "delivery-status": {"message": "452 4.2.2 full"}},
            News.DELAYED,
            "4.2.2",
            "452 4.2.2 full",
        ),
        (
            {"event": "failed", "severity": "permanent", "delivery-status": {"description": "Too old"}},
            News.BOUNCED,
            "",
            "Too old",
        ),
        (
            {"event": "failed", "reason": "suppress-bounce", "delivery-status": {"description": "Bounced before"}},
            News.BOUNCED,
            "5.1.1",
            "Bounced before",
        ),
        ({"event": "rejected", "reject": {"reason": "Sandbox"}}, News.BOUNCED, "", "Sandbox"),
        ({"event": "complained"}, News.COMPLAINED, "", ""),
        ({"event": "unsubscribed"}, News.UNSUBSCRIBED, "", ""),
        ({"event": "accepted"}, News.OTHER, "", ""),
        ({"event": "opened"}, News.OTHER, "", ""),
    ],
)
def test_mailgun_events(event: dict[str, Any], news: News, status: str, reply: str) -> None:
    about = {
        "recipient": "Ana@House.example",
        "envelope": {"sender": "bounce+l12-x@letters.example"},
        "message": {"headers": {"message-id": "l12-x@letters.example"}},
    }
    receipt = read(MAILGUN, json.dumps({**about, **event}))
    assert (receipt.news, receipt.status, receipt.reply) == (news, status, reply)
    if news is not News.OTHER:
        assert receipt.recipient == "ana@house.example"
        assert receipt.marks == ("bounce+l12-x@letters.example", "l12-x@letters.example")


LEFT = {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "ManualSuppression"}


@pytest.mark.parametrize(
    ("event", "news", "status"),
    [
        ({"RecordType": "Delivery", "Details": "250 ok"}, News.DELIVERED, ""),
        ({"RecordType": "Bounce", "Type": "HardBounce", "Details": "smtp;550 5.1.1 none"}, News.BOUNCED, "5.1.1"),
        ({"RecordType": "Bounce", "Type": "HardBounce"}, News.BOUNCED, "5.1.1"),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "Details": "552 5.2.2 full"}, News.BOUNCED, "5.2.2"),
        ({"RecordType": "Bounce", "Type": "SoftBounce"}, News.BOUNCED, "4.0.0"),
        ({"RecordType": "Bounce", "Type": "BadEmailAddress"}, News.BOUNCED, "5.1.3"),
        ({"RecordType": "Bounce", "Type": "SpamNotification"}, News.BOUNCED, "5.7.1"),
        ({"RecordType": "Bounce", "Type": "Transient"}, News.DELAYED, "4.0.0"),
        ({"RecordType": "Bounce", "Type": "AutoResponder", "Details": "away, 5.1.1"}, News.AUTO_REPLIED, ""),
        ({"RecordType": "Bounce", "Type": "AddressChange"}, News.OTHER, ""),
        ({"RecordType": "SpamComplaint"}, News.COMPLAINED, ""),
        ({**LEFT, "Origin": "Recipient"}, News.UNSUBSCRIBED, ""),
        ({**LEFT, "Origin": "Admin"}, News.OTHER, ""),
        ({**LEFT, "Origin": "Recipient", "SuppressionReason": "HardBounce"}, News.OTHER, ""),
        ({**LEFT, "Origin": "Recipient", "SuppressSending": False}, News.OTHER, ""),
        ({"RecordType": "Open"}, News.OTHER, ""),
    ],
)
def test_postmark_events(event: dict[str, Any], news: News, status: str) -> None:
    who = "Email" if event["RecordType"] in {"Bounce", "SpamComplaint"} else "Recipient"
    about = {who: "Ana@House.example", "MessageID": "mail-1", "Metadata": {"mark": "l12-x", "odd": {}}}
    receipt = read(POSTMARK, json.dumps({**about, **event}))
    assert (receipt.news, receipt.status) == (news, status)
    if news is not News.OTHER:
        assert receipt.recipient == "ana@house.example"
        assert receipt.marks == ("mail-1", "l12-x")


def test_receipts_can_be_stored() -> None:
    event = {"event": "bounce", "email": "ana\u0000\ud800@x.example", "reason": "550\r\n" + "é\u202e\ud800 " * 400}
    receipt = read(SENDGRID, json.dumps(event))
    assert receipt.recipient == "ana?@x.example"
    assert len(receipt.reply) == 500
    assert receipt.reply.startswith("550 é? é?")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = {"eventType": "Bounce", "event": "failed", "RecordType": "Bounce", "Type": "HardBounce"}
KEYS = (
    *("bounce", "bouncedRecipients", "mail", "headers", "commonHeaders", "destination", "eventType"),
    *("delivery-status", "envelope", "message", "reject", "event", "email", "reason", "sg_message_id"),
    *("RecordType", "Type", "Metadata", "ID"),
)


@given(st.sampled_from(list(ReceiptSource)), JSON, st.dictionaries(st.sampled_from(KEYS), JSON))
def test_odd_json_never_stumbles(source: ReceiptSource, anything: Any, odd: dict[str, Any]) -> None:
    for value in (anything, odd, {**odd, **WORDS}):
        assert isinstance(read(source, json.dumps(value)), Receipt)


@given(st.sampled_from(list(ReceiptSource)), st.text())
def test_odd_text_is_other(source: ReceiptSource, text: str) -> None:
    assert read(source, text) == Receipt(News.OTHER)
    assert read(source, "[" * 100_000) == Receipt(News.OTHER)
