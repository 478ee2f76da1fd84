"""What strangers can make us keep or look up has an end."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared.domain.places import HomeAddress
from shared.errors import InputError
from shared.queue.ring import Ring
from shared.services.receipts import apply_receipts, keep_mail, read_maildir
from shared.services.submissions import MOST_CORRECTIONS, begin_submission, correct_address
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter
from tests.hostile import MOST_CPU_S, cpu_seconds
from tests.services.came_back import Post

LARGE = 2_000_000


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    make_campaign(engine)
    return Post(engine, settings, ring)


def kept(post: Post) -> list[int]:
    return [size for (size,) in post.ask("SELECT length(raw) FROM receipt ORDER BY id")]


def test_of_a_strangers_mail_the_beginning_is_kept(settings: Settings, post: Post) -> None:
    ours = f"co-ops@{settings.mail_domain}"
    for turn in range(2):
        head = f"From: x@spam.example\r\nSubject: Hi\r\nMessage-ID: <{turn}@x>\r\n\r\n".encode()
        post.comes(head + b"x" * LARGE, to=ours, sender="x@spam.example")
    assert kept(post) == [20_000, 20_000]
    assert post.ask("SELECT DISTINCT outcome FROM receipt") == [("unmatched",)]


def test_no_more_of_a_mail_is_kept_than_is_read(
    engine: Engine, settings: Settings, ring: Ring, post: Post, tmp_path: Path
) -> None:
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    head = f"Return-Path: <>\r\nDelivered-To: co-ops@{settings.mail_domain}\r\n".encode()
    (tmp_path / "new" / "1").write_bytes(head + b"a: b\r\n" * 50_000 + b"\r\n" + b"x" * LARGE)
    assert read_maildir(engine, ring, tmp_path) == 1
    raw = b"From: a@b.example\r\n\r\n" + b"x" * LARGE
    keep_mail(engine, ring, sender="a@b.example", recipient="x" * 100_000, raw=raw)
    assert kept(post) == [300_000, 300_000]
    _, spent = cpu_seconds(lambda: apply_receipts(engine, ring, settings))
    assert spent < 2 * MOST_CPU_S


def test_a_drafts_address_is_looked_up_so_often_and_no_more(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
    address = HomeAddress("13 Maple Street", "Worcester", "MA", "01603")
    for _ in range(MOST_CORRECTIONS):
        correct_address(engine, ring, token, address)
    with pytest.raises(InputError) as refused:
        correct_address(engine, ring, token, address)
    assert "too many times" in refused.value.fields["street"]
    correct_address(engine, ring, token, address, by_organizer=True)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT lookup_attempt FROM submission")) == MOST_CORRECTIONS + 1
