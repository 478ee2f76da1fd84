"""Finished messages as receivers read them, by Python's own parser: one of every kind, and headers of every length."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.typed_text import clean_line
from shared.rendering.mime import build_mail
from tests.email_samples import NAMES
from tests.received_mail import ZOE, assert_reads_as, message_of, parse, person

LONG = "Representative " + "Wolfeschlegelsteinhausenbergerdorff " * 6


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_email_reads_as_it_was_meant(name: str, hard: bool) -> None:
    raw, mail = message_of(name, hard=hard)
    assert_reads_as(raw, mail)
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "name", ["Jo", ZOE, LONG.strip(), 'Jo "J" Doe', "Doe, Jo (Co-op)", ("Nguyễn Thị Minh Khai " * 6).strip()]
)
def test_names_of_every_kind_fold_and_come_back(name: str) -> None:
    raw, mail = message_of("answer", hard=False, reply_to_name=name)
    assert_reads_as(raw, mail)
    assert max(map(len, raw.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "subject", [LONG.strip(), ("Läden " * 40).strip(), "=?utf-8?q?plain?=", "x" * 2000, "a  b" * 40, ""]
)
def test_subjects_of_every_kind_come_back(subject: str) -> None:
    _raw, mail = message_of("answer", hard=False)
    raw = build_mail(replace(mail, subject=subject))
    assert parse(raw)["Subject"] == subject
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_a_link_in_a_header_is_never_cut() -> None:
    link = f"<https://letters.example/unsubscribe/{'k7m2q5x3' * 20}>"
    _raw, mail = message_of("answer", hard=False)
    raw = build_mail(replace(mail, extra=(("List-Unsubscribe", f"{link}, <mailto:u@letters.example>"),)))
    assert f"List-Unsubscribe: {link},\r\n <mailto:u@letters.example>\r\n".encode() in raw


@given(typed=st.text(max_size=120))
def test_any_name_comes_back(typed: str) -> None:
    name = clean_line(typed) or "x"
    raw, _mail = message_of("victory", hard=False, reply_to_name=name)
    assert person(raw, "Reply-To") == (name, "zoe@example.org")
