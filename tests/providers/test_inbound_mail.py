"""What reaches our listener: bounces, complaints, notes of absence, answers and rubbish, none taken for another."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.receipts import Answer, News, Receipt
from shared.providers.inbound_mail import read_mail
from tests.hostile import cpu_seconds

MAILS = Path(__file__).parent / "mails"
VERP = "bounce+l12-aaaabbbbccccdddd@letters.example"
MESSAGE_ID = "<l12-eeeeffffgggghhhh@letters.example>"


def mail(name: str) -> bytes:
    """Mail travels with both characters at the end of a line."""
    return (MAILS / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")


def written(subject: str, *lines: str, text: str = "Text.", author: str = "Ana <ana@house.example>") -> bytes:
    return "\r\n".join([f"From: {author}", f"Subject: {subject}", *lines, "", text]).encode()


def received(raw: bytes, sender: str = "ana@house.example", recipient: str = VERP) -> Receipt:
    return read_mail(raw, sender=sender, recipient=recipient)


@pytest.mark.parametrize(
    ("name", "news", "recipient", "status", "reply"),
    [
        (
            "unknown_address",
            News.BOUNCED,
            "ana@house.example",
            "5.1.1",
            "550-5.1.1 The address <ana.ruiz@house.example> does not exist",
        ),
        ("mailbox_full", News.BOUNCED, "ana.ruiz@house.example", "5.2.2", "552 Mailbox full"),
        ("delayed", News.DELAYED, "ana.ruiz@house.example", "4.4.1", "connect: timed out"),
        ("delivered", News.DELIVERED, "ana.ruiz@house.example", "", "250 2.1.5 Ok"),
        ("relayed", News.OTHER, "", "", ""),
        ("failed_successfully", News.OTHER, "", "", ""),
    ],
)
def test_delivery_reports(name: str, news: News, recipient: str, status: str, reply: str) -> None:
    for sender in ("", "<>", "mailer-daemon@mx.house.example", "someone@mx.house.example"):
        receipt = received(mail(name), sender)
        assert (receipt.news, receipt.recipient, receipt.status) == (news, recipient, status)
        assert receipt.reply == reply
        assert receipt.marks == (VERP, MESSAGE_ID, f"<{VERP}>", "envelope-l12")
        assert receipt.answer is None


def status_report(*blocks: str) -> bytes:
    told = "\r\n\r\n".join(["Reporting-MTA: dns; mx.example", *blocks])
    return written(
        "Report",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        text=f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{told}\r\n\r\n--b--\r\n",
    )


@pytest.mark.parametrize(
    ("blocks", "news"),
    [
        (["Final-Recipient: rfc822; a@x.example\r\nStatus: 5.1.1"], News.BOUNCED),
        (["Final-Recipient: rfc822; a@x.example\r\nStatus: 4.1.1"], News.OTHER),
        (["Final-Recipient: rfc822; a@x.example\r\nAction: expanded\r\nStatus: 2.0.0"], News.OTHER),
        (["Final-Recipient: rfc822; a@x.example\r\nAction: error\r\nStatus: 5.4.1"], News.BOUNCED),
        (["Final-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 4.4.7"], News.BOUNCED),
        (["Action: delivered\r\nStatus: 2.0.0", "Action: failed\r\nStatus: 5.1.1"], News.BOUNCED),
        ([], News.OTHER),
    ],
)
def test_unusual_delivery_reports(blocks: list[str], news: News) -> None:
    assert received(status_report(*blocks), "").news is news


@pytest.mark.parametrize(
    ("name", "status", "reply"),
    [
        ("exim_bounce", "5.1.1", "550 5.1.1 no such person here"),
        ("qmail_bounce", "5.2.1", "The mailbox is closed. (#5.2.1)"),
    ],
)
def test_bounces_of_no_standard_form(name: str, status: str, reply: str) -> None:
    receipt = received(mail(name), "")
    assert (receipt.news, receipt.recipient, receipt.status) == (News.BOUNCED, "tom.oak@senate.example", status)
    assert receipt.reply == reply
    # What the copy below the bounce is called counts too.
    assert receipt.marks == ((VERP, MESSAGE_ID) if name == "qmail_bounce" else (VERP,))


def test_a_warning_of_no_standard_form_is_a_delay() -> None:
    lines = ("The address to which the message has not yet been delivered is:", "", " tom@senate.example", "")
    text = "\r\n".join([*lines, "No action is required on your part."])
    receipt = received(written("Warning", text=text, author="Mailer-Daemon@mx.example"), "")
    assert (receipt.news, receipt.recipient) == (News.DELAYED, "tom@senate.example")


def test_the_last_word_on_a_delayed_letter_is_a_bounce() -> None:
    text = "Your mail was delayed, and now we give up.\r\n\r\n<tom@senate.example>: 550 5.1.1 user unknown\r\n"
    receipt = received(written("Undeliverable", text=text, author="Mailer-Daemon@mx.example"), "")
    assert receipt.news is News.BOUNCED


def test_a_complaint() -> None:
    receipt = received(mail("complaint"), "complaints@provider.example")
    assert (receipt.news, receipt.recipient) == (News.COMPLAINED, "rosa@mail.example")
    assert receipt.marks[:2] == (VERP, "<f7-eeeeffffgggghhhh@letters.example>")
    assert "<bounce+f7-aaaabbbbccccdddd@letters.example>" in receipt.marks


def test_praise_is_no_complaint() -> None:
    assert received(mail("complaint").replace(b"abuse", b"not-spam")).news is News.OTHER


def test_that_somebody_read_a_mail_is_nothing_to_us() -> None:
    assert received(mail("read_receipt")).news is News.OTHER


def test_a_mail_to_an_unsubscribe_address() -> None:
    to = "Unsubscribe+f7-aaaabbbbccccdddd@letters.example"
    assert received(written("unsubscribe"), recipient=to) == Receipt(News.UNSUBSCRIBED, marks=(to,))


def test_an_answer_that_quotes_a_bounce_is_an_answer() -> None:
    receipt = received(mail("answer"), "ana.ruiz@house.example")
    assert receipt.news is News.ANSWERED
    assert receipt.marks == (VERP, MESSAGE_ID, "<older@letters.example>")
    assert receipt.answer == Answer(
        sender_name="Representative Ana Ruíz",
        sender_address="office@house.example",
        subject="Re: The trees of Stow – grün",
        text="Dear Rosa,\n\nI agree: grün is good.\n\n"
        "> Undelivered Mail Returned to Sender\n> <ana.ruiz@house.example>: 550 5.1.1 unknown",
        attachments=("law.txt",),
        writer="ana.ruiz@house.example",
    )


def test_an_answer_in_html_becomes_text() -> None:
    answer = received(mail("html_answer")).answer
    assert answer is not None
    assert (answer.sender_name, answer.sender_address) == ("", "tom.oak@senate.example")
    assert answer.text == "Dear Rosa,\nfive < six trees.\nYours,\nTom"


@pytest.mark.parametrize(
    ("said", "written_in"),
    [
        ("gb2312", "gb18030"),
        ("big5", "big5"),
        ("utf-8", "cp1252"),
        ("", "cp1252"),
        ("us-ascii", "utf-8"),
        ("koi8-r", "koi8-r"),
        ("x-unknown", "utf-8"),
    ],
)
def test_other_charsets_and_wrong_ones(said: str, written_in: str) -> None:
    words = {"gb18030": "尊敬的镕基", "big5": "親愛的朋友", "koi8-r": "Привет"}.get(written_in, "Très grün")
    head = written("Re", f"Content-Type: text/plain; charset={said}", text="")
    answer = received(head + words.encode(written_in)).answer
    assert answer is not None
    assert answer.text == words


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "zlib", "undefined"])
def test_a_charset_that_is_none_takes_no_time(charset: str) -> None:
    raw = written(f"=?{charset}?q?{'zz9a' * 2_000}?=", f"Content-Type: text/plain; charset={charset}")
    _, spent = cpu_seconds(lambda: received(raw + b"zz9a" * 100_000), 0.5)
    assert spent < 0.5


def test_an_answer_holds_nothing_that_deceives_or_floods() -> None:
    raw = written("A\u202eB\u0007", "Content-Type: text/plain; charset=utf-8", text="left\u202eright\u0000 " * 20_000)
    answer = received(raw).answer
    assert answer is not None
    assert answer.subject == "AB"
    assert len(answer.text) == 20_000
    assert answer.text.startswith("leftright leftright")


def test_an_encoded_name_makes_no_second_address() -> None:
    answer = received(written("Hi", author="=?utf-8?q?eve=40evil.example=2C?= <ana@house.example>")).answer
    assert answer is not None
    assert answer.sender_address == "ana@house.example"


@pytest.mark.parametrize("name", ["outlook_away", "gmail_away"])
@pytest.mark.parametrize("sender", ["", "ana.ruiz@house.example"])
def test_notes_of_absence(name: str, sender: str) -> None:
    receipt = received(mail(name), sender)
    assert receipt.news is News.AUTO_REPLIED
    assert receipt.marks == (VERP, MESSAGE_ID)
    assert receipt.answer
    assert receipt.answer.text


AWAY = [
    "Out of office: The trees of Stow",
    "Ana Ruiz is out of the office: The trees of Stow",
    "OOO Re: The trees of Stow",
    "Re: Fuera de la oficina",
    "Estou de férias",
    "Ausência",
    "Absence du bureau",
    "休假中",
    "Vắng mặt: Cây cối",
    "Abwesenheitsnotiz",
    "Thank you for contacting Representative Ruiz",
    "Your message has been received",
    "Gracias por su mensaje",
    "Merci pour votre courriel",
]
BY_PROGRAM = [
    "Automatic reply: The trees of Stow",
    "Out of Office AutoReply: The trees of Stow",
    "Respuesta automática: Los árboles",
    "Resposta automática: As árvores",
    "Réponse automatique : Les arbres",
    "自动回复: 树",
    "自動回覆：樹",
    "Trả lời tự động: Cây cối",
    "Repons otomatik: Pyebwa",
    "Automatische Antwort: Die Bäume",
]
CAMPAIGN = "trees@letters.example"


@pytest.mark.parametrize("subject", AWAY)
def test_a_telling_subject_needs_another_sign(subject: str) -> None:
    assert received(written(subject), recipient=CAMPAIGN).news is News.ANSWERED
    assert received(written(subject), "", CAMPAIGN).news is News.AUTO_REPLIED
    assert received(written(subject, "X-Auto-Response-Suppress: All"), recipient=CAMPAIGN).news is News.AUTO_REPLIED
    assert received(written(subject, "Precedence: bulk"), recipient=CAMPAIGN).news is News.AUTO_REPLIED
    # Only programs write to the envelope's sender.
    assert received(written(subject)).news is News.AUTO_REPLIED


@pytest.mark.parametrize("subject", BY_PROGRAM)
def test_a_subject_that_only_programs_write_is_enough(subject: str) -> None:
    assert received(written(subject), recipient=CAMPAIGN).news is News.AUTO_REPLIED
    assert received(written(f"Re: {subject}"), recipient=CAMPAIGN).news is News.ANSWERED


def test_what_answers_without_a_sender_was_not_written_by_a_person() -> None:
    assert received(written("Gone fishing", f"In-Reply-To: {MESSAGE_ID}"), "").news is News.AUTO_REPLIED


@pytest.mark.parametrize(
    "subject", ["Absentee ballots", "Re: The trees of Stow", "Your vote, out of reach", "Auto insurance", ""]
)
def test_other_subjects_tell_nothing(subject: str) -> None:
    assert received(written(subject, "X-Auto-Response-Suppress: All")).news is News.ANSWERED
    assert received(written(subject), "").news is News.OTHER


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Generated (vacation)",
        "Auto-Submitted: auto-replied; owner-email=ana@house.example",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: The trees of Stow",
    ],
)
def test_each_header_of_an_automatic_reply(line: str) -> None:
    assert received(written("Re: The trees", line)).news is News.AUTO_REPLIED


@pytest.mark.parametrize("line", ["Auto-Submitted: no", "X-Autoreply: no", "Precedence: list", "X-Other: yes"])
def test_headers_that_leave_an_answer_an_answer(line: str) -> None:
    assert received(written("Re: The trees", line)).news is News.ANSWERED


def test_a_note_without_an_author_is_still_a_note() -> None:
    note = b"Subject: Re: The trees\r\nAuto-Submitted: auto-replied\r\n\r\nAway."
    assert received(note, "") == Receipt(News.AUTO_REPLIED, marks=(VERP,))


def test_a_servers_own_words_are_no_ones_answer() -> None:
    note = written("Notice", "Auto-Submitted: auto-generated", author="MAILER-DAEMON@mx.example")
    assert received(note, "").news is News.OTHER
    assert received(note, "someone@mx.example").news is News.OTHER


GARBAGE = {
    "nothing": b"",
    "bytes": bytes(range(256)) * 40,
    "no parts": written("Hi", 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'),
    "no boundary": written("Hi", "Content-Type: multipart/mixed"),
    "report of text": status_report().replace(b"Reporting-MTA", b"\xff\xfe"),
    "wrong base64": written("Hi", "Content-Transfer-Encoding: base64", text="%%% not base64 é"),
    "unknown charset": written("=?x-unknown?b?%%%?=", "Content-Type: text/plain; charset=x-unknown", text="Grüße"),
    "charset of another kind": written("Hi", "Content-Type: text/html; charset=zlib", text="<p>Grüße"),
    "halves of characters": written(
        "=?unicode_escape?q?=5Cud800?=", "Content-Type: text/plain; charset=unicode_escape", text="\\ud800"
    ),
    "huge headers": written("x" * 500_000, *(f"References: <{number}@x.example>" for number in range(3_000))),
    "long subject": written("! re" * 5_000, "Precedence: bulk", "X-Auto-Response-Suppress: All"),
    "deep": b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3_000)),
    "deep mails": b"Content-Type: message/rfc822\r\n\r\n" * 3_000,
    "no colon": b"From ana\r\n: \r\n\r\nText",
    "empty type": written("Hi", "Content-Type:"),
    "odd type": written("Hi", "Content-Type: text/plain; charset*=utf-8''%ff; name*0=\"a\"; name*2"),
}


@pytest.mark.parametrize("case", GARBAGE)
@pytest.mark.parametrize("sender", ["", "ana@house.example"])
def test_garbage_never_stumbles(case: str, sender: str) -> None:
    begun = time.monotonic()
    receipt = received(GARBAGE[case], sender)
    assert receipt.news in {News.OTHER, News.ANSWERED}
    assert receipt.marks[0] == VERP
    assert len(receipt.marks) <= 50
    str(receipt).encode()
    assert time.monotonic() - begun < 5.0


LINES = st.sampled_from(
    [
        *(
            b"From: a@x.example",
            b"Subject: =?utf-8?b?w7w?=",
            b"Content-Type: multipart/report; boundary=b",
            b"--b",
            b"--b--",
        ),
        *(b"Content-Type: message/delivery-status", b"Content-Type: message/rfc822", b"Content-Type: text/html", b""),
        *(b"Content-Transfer-Encoding: base64", b"Action: failed", b"Status: 5.1.1", b"Final-Recipient: rfc822; a"),
        *(
            b"Auto-Submitted: auto-replied",
            b"Content-Type: message/feedback-report",
            b"=?x?q?=ff?=",
            b"X-Failed-Recipients: a",
        ),
    ]
)


@settings(max_examples=150)
@given(st.lists(LINES | st.binary(max_size=40), max_size=30), st.sampled_from(["", "a@x.example", "postmaster@x"]))
def test_no_mail_stumbles(lines: list[bytes], sender: str) -> None:
    receipt = received(b"\r\n".join(lines), sender)
    assert receipt.marks[0] == VERP
    str(receipt).encode()


def test_a_mail_of_thousands_of_parts_takes_no_time() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(250))
    flat = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 500_000
    for bomb in (nested + b"-\n" * 2_000_000, flat, b"\n" * 5_000_000):
        mail = b"From: a@x.example\r\nSubject: s\r\n" + bomb
        _, spent = cpu_seconds(lambda mail=mail: received(mail), 3.0)
        assert spent < 3
