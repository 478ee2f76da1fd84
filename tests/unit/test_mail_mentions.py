"""An address is named by a message only when it stands there as a whole."""

import base64

import pytest

from shared.domain.mail_mentions import names_address

ADDRESS = "ana@example.org"


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("From: Ana <ana@example.org>\r\n\r\nHi", True),
        ("Reply-To: ANA@Example.org\r\n\r\nHi", True),
        ("Subject: x\r\n\r\nWrite to ana@example.org.", True),
        ("Subject: x\r\n\r\n“ana@example.org”, she said", True),
        ("Subject: x\r\n\r\nmailto:ana@example.org?subject=y", True),
        ("From: diana@example.org\r\n\r\nHi", False),
        ("From: x.ana@example.org\r\n\r\nHi", False),
        ("From: x+ana@example.org\r\n\r\nHi", False),
        ("From: x-ana@example.org\r\n\r\nHi", False),
        ("From: ñana@example.org\r\n\r\nHi", False),
        ("From: ana@example.org.uk\r\n\r\nHi", False),
        ("From: ana@example.organic\r\n\r\nHi", False),
        ("From: ana@example.org-x.de\r\n\r\nHi", False),
        ("From: anaXexample.org\r\n\r\nHi", False),
    ],
)
def test_the_whole_address(text: str, *, is_named: bool) -> None:
    assert names_address(text.encode(), ADDRESS) == is_named


def test_encoded_words_and_bodies() -> None:
    body = base64.encodebytes(b"Write to ana@example.org").decode()
    assert names_address(f"Content-Transfer-Encoding: base64\n\n{body}".encode(), ADDRESS)
    assert names_address(b"Content-Transfer-Encoding: quoted-printable\n\n=E2=80=9Cana@example.org=E2=80=9D", ADDRESS)
    assert names_address(b"From: =?utf-8?q?=C3=81na_ana=40example=2Eorg?= <x@y.example>\n\nHi", ADDRESS)
    assert not names_address(b"\xff\xfe broken", ADDRESS)
