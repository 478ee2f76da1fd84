"""Mail of any making is read within a quarter of a second, and never more of it than is read is kept."""

from itertools import product

import pytest

from shared.domain.receipts import News
from shared.providers.inbound_mail import read_mail
from tests.hostile import MOST_CPU_S, PIECES, cpu_seconds, hostile

SIZE = 250_000
HEADERS = (
    "From",
    "Subject",
    "References",
    "In-Reply-To",
    "Content-Type",
    "Content-Disposition",
    "Return-Path",
    "X-Failed-Recipients",
)
PLAIN = "From: a@b.example\nSubject: Re: x\nMessage-ID: <x@b.example>\n"


def many(piece: str, *, head: str = PLAIN, ends: str = "") -> bytes:
    return f"{head}\n{piece * (SIZE // len(piece))}{ends}".encode()


def headed(name: str, piece: str, begins: str = "") -> bytes:
    return f"{PLAIN}{name}: {begins}{piece * (SIZE // len(piece))}\n\nHello\n".encode()


def parted(head: str) -> bytes:
    """Many parts with this head."""
    part = f"--b\n{head}\n\nx\n"
    return f"{PLAIN}Content-Type: multipart/mixed; boundary=b\n\n{part * (SIZE // len(part))}--b--\n".encode()


MAILS: dict[str, bytes] = {
    **{f"body {name}": f"{PLAIN}\n{hostile(name, SIZE)}".encode() for name in PIECES},
    **{f"html {name}": f"{PLAIN}Content-Type: text/html\n\n{hostile(name, SIZE)}".encode() for name in PIECES},
    **{
        f"header {name} {piece!r}": headed(name, piece)
        for name, piece in product(HEADERS, (" ", ";", '"', "(", "<", "=?a?q?", ",a", "a@b,"))
    },
    "header words": headed("Subject", "=?utf-8?q?a?= "),
    "header of a part": headed("Content-Type", ";a*0*=x", "text/plain"),
    "quotes of a part": parted('Content-Type: text/plain; a="' + '";' * 2_000),
    "many headers": f"{PLAIN}{'a: b' + chr(10)}".encode() + b"a:b\n" * 60_000 + b"\nHello\n",
    "many references": headed("References", "<l1-aaaaaaaaaaaaaaaa@b.example> "),
    "many recipients": headed("To", "a@b.example, "),
    "nested messages": PLAIN.encode() + b"Content-Type: message/rfc822\n\n" * 8_000 + b"\nx",
    "nested parts": PLAIN.encode()
    + b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(4_000)),
    "charsets": parted("Content-Type: text/plain; charset=" + "x" * 900),
    "odd charset": many("\x1b$B!!", head=PLAIN + "Content-Type: text/plain; charset=iso-2022-jp-2\n"),
    "base64": many("=", head=PLAIN + "Content-Transfer-Encoding: base64\n"),
    "quoted": many("=\n", head=PLAIN + "Content-Transfer-Encoding: quoted-printable\n"),
    "tags": many("<table><tr><td>", head=PLAIN + "Content-Type: text/html\n"),
    "bold": many("<b><p>", head=PLAIN + "Content-Type: text/html\n"),
    "entities": many("&a", head=PLAIN + "Content-Type: text/html\n"),
    "comment": many("<!--", head=PLAIN + "Content-Type: text/html\n"),
    "replies": many("said: 550 5.1.1 x\n"),
    "names": many("Message-ID: <l1-aaaaaaaaaaaaaaaa>\n"),
    "report": many(
        "Final-Recipient: rfc822; a@b\nAction: failed\n\n", head=PLAIN + "Content-Type: message/delivery-status\n"
    ),
    "no line ends": PLAIN.encode() + b"x" * SIZE,
    "nothing but ends": b"\r\n" * (SIZE // 2),
    "carriage returns": PLAIN.encode() + b"\n" + b"x\r" * (SIZE // 2),
    "nul": PLAIN.encode() + b"\n" + b"\0" * SIZE,
}


def test_every_mail_is_read_in_time() -> None:
    """Without a sender it may be a server's: then every reader looks at it."""
    slow = {}
    for name, raw in MAILS.items():
        _, spent = cpu_seconds(lambda raw=raw: read_mail(raw, sender="", recipient="co-ops@mail.example"))
        if spent > MOST_CPU_S:
            slow[name] = round(spent, 2)
    assert slow == {}


@pytest.mark.parametrize("copy", ["", "x\n" * 100_000, "y" * 200_000])
def test_a_bounce_is_read_however_long_the_returned_mail_is(copy: str) -> None:
    words = "Hi. This is the qmail-send program at mail.example.\n\n<clerk@house.example>:\n550 5.1.1 no such user\n\n"
    copied = f"--- Below this line is a copy of the message.\n\n{copy}"
    raw = f"From: MAILER-DAEMON@mail.example\nSubject: failure notice\n\n{words}{copied}".encode()
    receipt = read_mail(raw, sender="", recipient="co-ops@mail.example")
    assert (receipt.news, receipt.recipient) == (News.BOUNCED, "clerk@house.example")
