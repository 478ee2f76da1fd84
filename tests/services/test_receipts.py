"""Mail that comes back, from our listener or a maildir to what it changes: each in the right state, each once."""

import smtplib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text

from shared.db.figures import count_imbalance
from shared.db.tables import follow_up, letter, office_holder, receipt, suppression
from shared.domain.identities import envelope_sender, unsubscribe_key
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.services.erasure import erase_submissions
from shared.services.office_addresses import try_failing_addresses
from shared.services.offices.correct import correct_addresses, find_office
from shared.services.offices.wanted import By
from shared.services.receipts import apply_receipts, keep_mail, read_maildir
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import write_letters
from tests.listener import listening
from tests.services.came_back import Post
from tests.smtp_server import ScriptedSmtpServer

MAILS = Path(__file__).parent.parent / "providers" / "mails"
OFFICE = "representative@practice.example"
Come = Callable[..., str]


@pytest.fixture
def come(engine: Engine, settings: Settings, ring: Ring, sent: str) -> Come:
    """A mail of `tests/providers/mails` comes back, about a letter unless told otherwise; twice, as mail may do."""

    def run(name: str, *, kind: str = "letter", number: int = 1, sender: str = "") -> str:
        verp = envelope_sender(settings.secret_key, kind, number, settings.mail_domain)
        raw = (MAILS / f"{name}.eml").read_text(encoding="utf-8")
        raw = raw.replace("bounce+l12-aaaabbbbccccdddd@letters.example", verp)
        raw = raw.replace("ana@house.example", OFFICE).replace("Ana.Ruiz@house.example", OFFICE)
        raw = raw.replace("ana.ruiz@house.example", OFFICE).replace("tom.oak@senate.example", OFFICE)
        for _ in range(2):
            keep_mail(engine, ring, sender=sender, recipient=verp, raw=raw.replace("\n", "\r\n").encode())
            apply_receipts(engine, ring, settings)
        return state_of(engine, "letter" if kind == "letter" else "follow_up", number)

    return run


def state_of(engine: Engine, table: str = "letter", number: int = 1) -> str:
    with engine.connect() as connection:
        assert count_imbalance(connection) == 0
        return str(connection.scalar(text(f"SELECT state FROM {table} WHERE id = {number}")))


def rows(engine: Engine, query: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def events(engine: Engine) -> list[str]:
    query = text("SELECT to_state || ' ' || cause FROM letter_event WHERE letter_id = 1 ORDER BY id")
    return [row[0].strip() for row in rows(engine, query)]


@pytest.mark.parametrize(
    ("name", "state", "told"),
    [
        ("unknown_address", "bounced", ["bounced no_such_address"]),
        ("exim_bounce", "bounced", ["bounced no_such_address"]),
        ("mailbox_full", "deferred", ["deferred mailbox_full"]),
        ("delayed", "sent", ["sent temporary"]),
        ("delivered", "delivered", ["delivered"]),
        ("relayed", "sent", []),
        ("read_receipt", "sent", []),
        ("complaint", "sent", ["sent complained"]),
        ("answer", "sent", []),
        ("outlook_away", "sent", []),
        ("gmail_away", "sent", []),
    ],
)
def test_each_kind_of_mail_does_its_own_once(
    come: Come, engine: Engine, name: str, state: str, told: list[str]
) -> None:
    before = events(engine)
    assert come(name) == state
    assert events(engine)[len(before) :] == told
    assert state_of(engine, number=2) == "sent"
    assert len(rows(engine, select(receipt.c.id))) == 1


def test_rubbish_is_kept_and_changes_nothing(engine: Engine, settings: Settings, ring: Ring, sent: str) -> None:
    before = events(engine)
    verp = envelope_sender(settings.secret_key, "letter", 1, settings.mail_domain)
    for raw in (b"", b"\xff\xfe\x00\x01" * 50, b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n--x"):
        keep_mail(engine, ring, sender="", recipient=verp, raw=raw)
    apply_receipts(engine, ring, settings)
    assert events(engine) == before
    assert set(rows(engine, select(receipt.c.outcome))) <= {("ignored",), ("unmatched",)}
    assert rows(engine, select(func.count()).select_from(receipt)) == [(3,)]


@pytest.mark.parametrize(("name", "answered"), [("answer", True), ("outlook_away", False), ("gmail_away", False)])
def test_what_an_office_writes_back_goes_to_the_supporter(
    come: Come, engine: Engine, settings: Settings, ring: Ring, name: str, answered: bool
) -> None:
    come(name, sender="ana@office.example")
    assert (rows(engine, select(letter.c.answered_at).where(letter.c.id == 1)) != [(None,)]) == answered
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        while send_mail(engine, ring, here):
            pass
    passed_on = [raw for _, to, raw in server.accepted if b"Reply-To" in raw and to == "jamie@example.org"]
    assert len(passed_on) == 1
    assert b"List-Unsubscribe" not in passed_on[0]
    assert b"Auto-Submitted: auto-generated" in passed_on[0]


def test_an_answer_to_an_email_of_ours_goes_to_the_organizers(
    come: Come, engine: Engine, settings: Settings, ring: Ring
) -> None:
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    number = rows(engine, select(follow_up.c.id).where(follow_up.c.kind == "thank_you"))[0][0]
    come("answer", kind="follow_up", number=number, sender="jamie@example.org")
    query = select(follow_up.c.recipient_email, follow_up.c.state).where(follow_up.c.kind == "reply")
    assert rows(engine, query) == [(settings.organizer_email, "queued")]
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    assert [to for _, to, _ in server.accepted] == [settings.organizer_email]


def test_private_links_in_what_a_supporter_quotes_stay_private(
    engine: Engine, settings: Settings, ring: Ring, sent: str
) -> None:
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    number = rows(engine, select(follow_up.c.id).where(follow_up.c.kind == "thank_you"))[0][0]
    to = envelope_sender(settings.secret_key, "follow_up", number, settings.mail_domain)
    raw = f"From: jamie@example.org\r\nSubject: Re\r\n\r\nHelp!\r\n> {settings.public_url}/mine/{sent}/key-of-it more"
    keep_mail(engine, ring, sender="jamie@example.org", recipient=to, raw=raw.encode())
    apply_receipts(engine, ring, settings)
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    ((_, recipient, passed_on),) = server.accepted
    assert recipient == settings.organizer_email
    assert b"Help!" in passed_on
    assert b"(private link) more" in passed_on
    assert b"key-of-it" not in passed_on


def test_a_failing_address_holds_its_letters_until_it_is_corrected(
    come: Come, engine: Engine, settings: Settings, ring: Ring
) -> None:
    come("unknown_address")
    write_letters(engine, ring, settings, "another@example.org")
    query = select(letter.c.state, letter.c.hold_reason).where(letter.c.id == 3)
    assert rows(engine, query) == [("held", "address_failing")]
    with engine.connect() as connection:
        query = text("SELECT ocd_id FROM office JOIN letter ON office.id = office_id WHERE letter.id = 3")
        office_id = find_office(connection, str(connection.scalar(query)), 1)
    released = correct_addresses(engine, ring, office_id, {"email": "new@practice.example"}, By("command line"))
    assert released == 1
    query = select(letter.c.state, letter.c.recipient_email).where(letter.c.id == 3)
    assert rows(engine, query) == [("queued", "new@practice.example")]


def test_failing_addresses_can_be_tried_again(come: Come, engine: Engine, settings: Settings, ring: Ring) -> None:
    come("unknown_address")
    write_letters(engine, ring, settings, "another@example.org")
    assert try_failing_addresses(engine, ring) == 1
    query = select(letter.c.state, letter.c.recipient_email).where(letter.c.id == 3)
    assert rows(engine, query) == [("queued", OFFICE)]
    assert state_of(engine) == "bounced"


def test_the_second_address_is_tried_and_the_first_ones_late_news_change_nothing(
    come: Come, engine: Engine, settings: Settings, ring: Ring
) -> None:
    with engine.begin() as connection:
        connection.execute(office_holder.update().values(second_email="second@practice.example"))
    assert come("unknown_address") == "queued"
    query = select(letter.c.recipient_email, letter.c.receiving_domain).where(letter.c.id == 1)
    assert rows(engine, query) == [("second@practice.example", "practice.example")]
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert [to for _, to, _ in server.accepted] == ["second@practice.example"]
    assert come("delivered") == "sent"


def test_a_supporter_whose_address_is_gone_gets_no_more(
    come: Come, engine: Engine, settings: Settings, ring: Ring
) -> None:
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    number = rows(engine, select(follow_up.c.id).where(follow_up.c.kind == "thank_you"))[0][0]
    assert come("unknown_address", kind="follow_up", number=number) == "bounced"
    assert rows(engine, select(suppression.c.reason, suppression.c.campaign_id)) == [("bounced", None)]


def test_unsubscribing_by_mail(engine: Engine, settings: Settings, ring: Ring, sent: str) -> None:
    to = f"unsubscribe+{unsubscribe_key(settings.secret_key, 1)}@{settings.mail_domain}"
    keep_mail(engine, ring, sender="jamie@example.org", recipient=to.upper(), raw=b"Subject: unsubscribe\r\n\r\n")
    apply_receipts(engine, ring, settings)
    assert rows(engine, select(suppression.c.reason, suppression.c.source)) == [("unsubscribed", "mail")]


def test_one_receipt_that_fails_holds_up_no_other(
    engine: Engine, settings: Settings, ring: Ring, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.services.receipts import apply  # noqa: PLC0415 - the module, not the function of that name

    told = apply.tell_letter
    calls = []

    def stumbles(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise ValueError("personal words")
        return told(*arguments, **named)

    monkeypatch.setattr(apply, "tell_letter", stumbles)
    for number in (1, 2):
        verp = envelope_sender(settings.secret_key, "letter", number, settings.mail_domain)
        raw = (MAILS / "delivered.eml").read_bytes().replace(b"ana.ruiz@house.example", b"").replace(b"l12", b"l0")
        keep_mail(engine, ring, sender="", recipient=verp, raw=raw)
    apply_receipts(engine, ring, settings)
    assert len(calls) == 2
    assert sorted(rows(engine, select(receipt.c.outcome))) == [("applied",), ("waiting",)]


@pytest.mark.parametrize("scheme", ["lmtp", "smtp"])
def test_the_listener_takes_mail_for_our_own_addresses_only(
    engine: Engine, settings: Settings, ring: Ring, sent: str, scheme: str
) -> None:
    here = replace(settings, inbound_url=f"{scheme}://127.0.0.1:1")
    ours = envelope_sender(settings.secret_key, "letter", 1, settings.mail_domain)
    with listening(engine, ring, here) as port:
        client = smtplib.LMTP("127.0.0.1", port) if scheme == "lmtp" else smtplib.SMTP("127.0.0.1", port)
        with client:
            for wrong in (
                ours[:-1],
                ours.replace("+l1-", "+l2-"),
                f"nobody@{settings.mail_domain}",
                "x@office.example",
            ):
                with pytest.raises(smtplib.SMTPRecipientsRefused):
                    client.sendmail("", [wrong], b"Subject: x\r\n\r\nx")
            both = [ours, f"co-ops@{settings.mail_domain}"]
            answer = client.sendmail("ana@house.example", both, b"Subject: x\r\n\r\nx")
            assert [code for code, _ in answer.values()] == [452]
            assert (
                client.sendmail("ana@house.example", [f"complaints@{settings.mail_domain}"], b"Subject: x\r\n\r\nx")
                == {}
            )
    assert rows(engine, select(receipt.c.envelope_recipient).order_by(receipt.c.id)) == [
        (ours,),
        (f"complaints@{settings.mail_domain}",),
    ]


def test_the_listener_takes_what_is_not_as_it_should_be(
    engine: Engine, settings: Settings, ring: Ring, sent: str
) -> None:
    ours = envelope_sender(settings.secret_key, "letter", 1, settings.mail_domain)
    with listening(engine, ring, replace(settings, inbound_url="smtp://127.0.0.1:1")) as port:
        for sender in (b"\xff\xfe@x.example", b"a\0b@x.example", "jörg@x.example".encode()):
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.ehlo()
                client.send(b"MAIL FROM:<" + sender + b"> SMTPUTF8\r\n")
                assert client.getreply()[0] == 250
                assert client.rcpt(ours)[0] == 250
                assert client.data(b"Subject: " + sender + b"\r\n\r\n" + b"long " * 40_000)[0] == 250
    apply_receipts(engine, ring, settings)
    assert rows(engine, select(func.count()).select_from(receipt)) == [(3,)]
    assert state_of(engine) == "sent"


def test_a_maildir_is_read_once(engine: Engine, settings: Settings, ring: Ring, sent: str, tmp_path: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    ours = envelope_sender(settings.secret_key, "letter", 1, settings.mail_domain)
    raw = (MAILS / "unknown_address.eml").read_bytes().replace(b"ana@house.example", OFFICE.encode())
    (tmp_path / "new" / "1.a.host").write_bytes(f"Return-Path: <>\r\nDelivered-To: {ours}\r\n".encode() + raw)
    (tmp_path / "new" / "0.a.host").write_bytes(b"Delivered-To: a\0b@letters.example\r\nReturn-Path: <\0>\r\n\r\nx")
    assert read_maildir(engine, ring, tmp_path) == 2
    assert read_maildir(engine, ring, tmp_path) == 0
    assert sorted(path.name for path in (tmp_path / "cur").iterdir()) == ["0.a.host:2,S", "1.a.host:2,S"]
    apply_receipts(engine, ring, settings)
    assert state_of(engine) == "bounced"


def test_a_mail_in_a_maildir_without_return_path_is_its_authors(
    engine: Engine, settings: Settings, ring: Ring, sent: str, tmp_path: Path
) -> None:
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    raw = (MAILS / "b06_answer_without_return_path.eml").read_bytes()
    verp = envelope_sender(settings.secret_key, "letter", 1, settings.mail_domain).encode()
    raw = raw.replace(b"bounce+l12-aaaabbbbccccdddd@letters.example", verp).replace(b"l12-", b"l0-")
    (tmp_path / "new" / "1").write_bytes(raw.replace(b"house.example", b"practice.example"))
    assert read_maildir(engine, ring, tmp_path) == 1
    apply_receipts(engine, ring, settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT answered_at IS NOT NULL FROM letter WHERE id = 1"))


def test_organizers_are_told_of_failing_addresses_once_a_day_and_of_all_at_once(
    come: Come, engine: Engine, settings: Settings, ring: Ring
) -> None:
    post = Post(engine, settings, ring)

    def told(after: str) -> list[bytes]:
        """What the organizers get so long after the last time."""
        post.change(f"UPDATE follow_up SET created_at = created_at - interval '{after}', due_at = now()")
        post.change(f"UPDATE office_holder SET email_failed_at = email_failed_at - interval '{after}'")
        for _ in range(2):
            sweep(engine, ring, settings)
        post.change("UPDATE follow_up SET due_at = now() WHERE kind = 'address_fails' AND state = 'queued'")
        with ScriptedSmtpServer() as server:
            while send_mail(engine, ring, replace(settings, mailbox_url=server.url)):
                pass
        return [raw for _, to, raw in server.accepted if to == settings.organizer_email]

    assert told("0 s") == []
    come("unknown_address")
    (mail,) = told("0 s")
    assert b"Subject: [Test] The email address of an office fails" in mail
    assert OFFICE.encode() in mail
    assert b"/admin/campaigns/co-ops/results#addresses" in mail
    assert b"/mine/" not in mail
    assert b"List-Unsubscribe" not in mail
    # Once, though it goes on failing; another one is told of on the next day.
    assert told("2 days") == []
    come("unknown_address", number=2)
    post.change("UPDATE office_holder SET email_failed_at = now(), email_failure = 'no_such_address'")
    (mail,) = told("0 s")
    assert b"The email addresses of 2 offices fail" in mail
    # Nothing to tell any more when it would leave.
    post.change("UPDATE office_holder SET email_failed_at = now() + interval '3 days'")
    post.change("UPDATE follow_up SET created_at = created_at - interval '2 days'")
    sweep(engine, ring, settings)
    try_failing_addresses(engine, ring)
    assert told("0 s") == []
    assert post.ask("SELECT state FROM follow_up WHERE kind = 'address_fails' ORDER BY id") == [
        ("sent",),
        ("sent",),
        ("cancelled",),
    ]


def test_organizers_are_told_again_of_what_was_erased_with_the_supporter_whose_letter_carried_it(
    come: Come, engine: Engine, settings: Settings, ring: Ring, sent: str
) -> None:
    post = Post(engine, settings, ring)
    states = "SELECT state FROM follow_up WHERE kind = 'address_fails' ORDER BY id"
    come("unknown_address")
    sweep(engine, ring, settings)
    assert post.ask(states) == [("queued",)]
    erase_submissions(engine, [sent])
    for _ in range(2):
        sweep(engine, ring, settings)
    assert post.ask(states) == [("cancelled",), ("queued",)]
