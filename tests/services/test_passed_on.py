"""Answers on their way to whom they are for: from any address, once, and never in a circle."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import send_mail
from shared.settings import Settings
from tests.received_mail import parse
from tests.services.came_back import OFFICE, Post
from tests.smtp_server import ScriptedSmtpServer


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    return Post(engine, settings, ring)


def sends(engine: Engine, settings: Settings, ring: Ring, post: Post) -> list[tuple[str, str, bytes]]:
    """What leaves: sender, recipient, mail."""
    post.change("UPDATE follow_up SET due_at = now() - interval '1 minute' WHERE kind IN ('answer', 'reply')")
    with ScriptedSmtpServer() as server:
        while send_mail(engine, ring, replace(settings, mailbox_url=server.url)):
            pass
    return server.accepted


@pytest.mark.parametrize(
    ("author", "reply_to"),
    [
        ("Ana <ana@bürgerbüro.practice.example>", b"Reply-To: ana@xn--brgerbro-65af.practice.example"),
        ("Jörg <jörg@practice.example>", b""),
    ],
)
def test_an_answer_from_an_address_that_few_servers_take_is_passed_on(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post, author: str, reply_to: bytes
) -> None:
    raw = f"From: {author}\r\nSubject: Re: hi\r\nMessage-ID: <a@x>\r\n\r\nThank you for writing.\r\n".encode()
    post.comes(raw, sender="ana@practice.example")
    answers = [raw for _, to, raw in sends(engine, settings, ring, post) if b"Thank you for writing" in raw]
    assert len(answers) == 1
    found = [line for line in answers[0].splitlines() if line.startswith(b"Reply-To")]
    assert found == ([reply_to] if reply_to else [])


def test_a_supporters_own_mail_with_a_copy_to_us_is_no_answer(settings: Settings, sent: str, post: Post) -> None:
    ((message_id,),) = post.ask("SELECT message_id FROM letter WHERE id = 1")
    head = f"From: Jamie <Jamie@example.org>\r\nTo: {OFFICE}\r\nReferences: {message_id} <x@y>\r\n"
    raw = f"{head}In-Reply-To: <x@y>\r\nSubject: Re\r\nMessage-ID: <s@x>\r\n\r\nThanks\r\n".encode()
    post.comes(raw, to=f"co-ops@{settings.mail_domain}", sender="jamie@example.org")
    assert post.ask("SELECT answered_at FROM letter WHERE id = 1") == [(None,)]
    assert post.ask("SELECT count(*) FROM follow_up WHERE kind = 'answer'") == [(0,)]


def test_a_machine_at_the_organizers_that_answers_everything_is_not_fed(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post
) -> None:
    def answer(author: str, turn: int) -> bytes:
        return f"From: {author}\r\nSubject: Re\r\nMessage-ID: <{turn}@x>\r\n\r\nTicket {turn}\r\n".encode()

    sends(engine, settings, ring, post)
    ((number,),) = post.ask("SELECT id FROM follow_up WHERE kind = 'thank_you'")
    post.comes(answer("jamie@example.org", 0), to=post.verp("follow_up", number), sender="jamie@example.org")
    for turn in range(1, 4):
        for sender, to, _ in sends(engine, settings, ring, post):
            if to == settings.organizer_email:
                post.comes(answer(to, turn), to=sender, sender=to)
    assert post.ask("SELECT count(*) FROM follow_up WHERE kind = 'reply'") == [(1,)]


def stray(author: str, subject: str = "A question", *lines: str) -> bytes:
    return "\r\n".join([f"From: {author}", f"Subject: {subject}", *lines, "", "Hello."]).encode()


@pytest.mark.parametrize(
    ("author", "kept"),
    [("jamie@example.org", [("reply", "jamie@example.org")]), (OFFICE, [("reply", OFFICE)]), ("x@spam.example", [])],
)
def test_mail_that_names_nothing_goes_to_the_organizers_unless_a_stranger_wrote_it(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post, author: str, kept: list[tuple[str, str]]
) -> None:
    for _ in range(2):
        post.comes(stray(author), to=f"Co-ops@{settings.mail_domain}", sender=author)
    query = "SELECT kind, reply_to FROM follow_up WHERE kind IN ('answer', 'reply')"
    assert post.ask(query) == kept
    left = [to for _, to, raw in sends(engine, settings, ring, post) if b"Hello." in raw]
    assert left == [settings.organizer_email] * len(kept)


def test_mail_of_our_own_that_comes_round_goes_no_further(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post
) -> None:
    """As when somebody gives one of our own addresses as theirs, or an office sends our mail back to us."""
    ((message_id,),) = post.ask("SELECT message_id FROM letter WHERE id = 1")
    ours = f"co-ops@{settings.mail_domain}"
    back = stray(f"Us <{ours}>", "Re", f"In-Reply-To: {message_id}")
    post.comes(back, sender=ours)
    post.comes(stray("a@b.example", "Re", f"References: {message_id}"), sender=post.verp("follow_up", 1))
    post.comes(stray(ours, "Automatic reply: x"), sender=ours)
    assert post.ask("SELECT DISTINCT outcome FROM receipt") == [("ignored",)]
    assert post.ask("SELECT count(*) FROM follow_up WHERE kind IN ('answer', 'reply')") == [(0,)]
    assert post.ask("SELECT answered_at FROM letter WHERE id = 1") == [(None,)]


def test_a_machine_at_an_office_that_never_stops_is_not_passed_on_for_ever(sent: str, post: Post) -> None:
    for turn in range(25):
        post.comes(stray(OFFICE, f"Ticket {turn}", f"Message-ID: <{turn}@x>"), sender=OFFICE)
    assert post.ask("SELECT count(*) FROM follow_up WHERE kind = 'answer'") == [(20,)]


def test_files_of_an_answer_are_named(engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post) -> None:
    parts = [
        "Content-Type: text/plain\r\n\r\n",
        "Content-Type: image/png\r\nContent-ID: <logo>\r\n\r\nx",
        'Content-Type: application/pdf; name="=?utf-8?q?Antwort_gr=C3=BCn.pdf?="\r\n\r\nx',
        "Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nx",
    ]
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    head = f"From: {OFFICE}\r\nSubject: Re\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    post.comes(f"{head}{body}".encode(), sender=OFFICE)
    (passed_on,) = [raw for _, _, raw in sends(engine, settings, ring, post) if b"answered: Re" in raw]
    text = parse(passed_on).get_body(("plain",)).get_content()
    assert "These files came with it: Antwort grün.pdf. We pass no files on" in " ".join(text.split())
    assert OFFICE in text
