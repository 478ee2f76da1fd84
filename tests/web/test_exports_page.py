"""The page of exports: asked for, watched, taken by whoever may, and told when it is over."""

import csv
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, text, update

from shared.db.tables import export, membership, organizer
from shared.queue.ring import Ring
from shared.services.exports import make_exports
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.web.test_organizer import press, signed_in
from tests.web.test_results_page import text_of

# Pytest finds fixtures by their name in this module.
__all__ = ["signed_in"]

PAGE = "/admin/campaigns/co-ops/exports"
OK, NOT_THERE, GONE, REFUSED, WRONG = 200, 404, 410, 403, 422


@pytest.fixture
def made(signed_in: FlaskClient, engine: Engine, ring: Ring, settings: Settings) -> str:
    """The link of a file with two letters of Jamie's."""
    write_letters(engine, ring, settings)
    assert press(signed_in, PAGE, kind="letters").location == f"{PAGE}#files"
    assert make_exports(engine, ring, settings) == 1
    return link_on(signed_in)


def link_on(client: FlaskClient) -> str:
    found = re.search(r'href="([^"]+/file\?[^"]+)"', client.get(PAGE).text)
    assert found
    return found[1].replace("&amp;", "&")


def audit(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT action, about FROM audit_entry WHERE action LIKE '%export%' ORDER BY id")
        )
        return [(row.action, row.about) for row in rows]


def test_the_page_says_what_there_is_before_anything_was_asked_for(signed_in: FlaskClient) -> None:
    page = text_of(signed_in, PAGE)
    for words in ("Supporters with consent (CSV)", "Letters to hand over (PDF)", "Nobody has asked for a file yet."):
        assert words in page
    assert f'href="{PAGE}"' in signed_in.get("/admin/campaigns/co-ops").text


def test_a_file_is_asked_for_watched_taken_and_written_down(
    signed_in: FlaskClient, engine: Engine, ring: Ring, settings: Settings
) -> None:
    write_letters(engine, ring, settings)
    press(signed_in, PAGE, kind="letters", state="queued")
    assert "Waiting for a worker" in text_of(signed_in, PAGE)
    assert "data-stop" not in signed_in.get(f"{PAGE}/live").text
    make_exports(engine, ring, settings)
    assert "data-stop" in signed_in.get(f"{PAGE}/live").text
    assert "State: Waiting to leave" in text_of(signed_in, PAGE)
    answer = signed_in.get(link_on(signed_in))
    assert answer.status_code == OK
    assert re.search(
        r'attachment; filename="co-ops-\d{4}-\d\d-\d\d-letters.csv"', answer.headers["Content-Disposition"]
    )
    assert (answer.headers["Cache-Control"], answer.content_length) == ("no-store", len(answer.data))
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["email"] for row in rows] == ["jamie@example.org"] * 2
    assert audit(engine) == [
        ("asked for an export", "export 1: Letters (CSV)"),
        ("downloaded an export", "export 1: Letters (CSV), State: Waiting to leave"),
    ]


def test_a_bundle_is_a_zip_of_one_pdf_for_each_office(
    signed_in: FlaskClient, engine: Engine, ring: Ring, settings: Settings
) -> None:
    write_letters(engine, ring, settings)
    press(signed_in, PAGE, kind="bundle")
    make_exports(engine, ring, settings)
    with zipfile.ZipFile(io.BytesIO(signed_in.get(link_on(signed_in)).data)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2
        assert all(archive.read(name).startswith(b"%PDF-") for name in archive.namelist())


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Choose what you need."),
        ({"kind": "letters", "first_day": "yesterday"}, "such as 2026-11-22"),
        ({"kind": "letters", "first_day": "2026-11-22", "last_day": "2026-11-21"}, "before the first one"),
        ({"kind": "letters", "last_day": "9999-12-31"}, "such as 2026-11-22"),
        ({"kind": "letters", "office_id": "99"}, "no letters to that office"),
        ({"kind": "letters", "office_id": "9" * 5000}, "Choose an office from the list."),
        ({"kind": "letters", "state": "lost"}, "Choose a state from the list."),
        ({"kind": "supporters", "state": "sent"}, "by date only"),
        ({"kind": "bundle", "state": "cancelled"}, "not handed over"),
    ],
)
def test_what_can_not_be_made_is_explained(signed_in: FlaskClient, typed: dict[str, str], words: str) -> None:
    answer = press(signed_in, PAGE, **typed)
    assert answer.status_code == WRONG
    assert words in answer.text
    assert "Nobody has asked for a file yet." in answer.text


def test_a_link_ends_with_its_time_and_with_a_press(
    signed_in: FlaskClient, engine: Engine, ring: Ring, settings: Settings, made: str
) -> None:
    press(signed_in, PAGE, f"{PAGE}/1/delete")
    over = signed_in.get(made)
    assert over.status_code == GONE
    assert "This link is over" in over.text
    press(signed_in, PAGE, kind="letters")
    make_exports(engine, ring, settings)
    link = link_on(signed_in)
    with engine.begin() as connection:
        connection.execute(update(export).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert signed_in.get(link).status_code == GONE
    make_exports(engine, ring, settings)
    assert signed_in.get(link).status_code == GONE
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM export_piece")).scalar_one() == 0


def test_a_link_alone_opens_nothing(client: FlaskClient, signed_in: FlaskClient, engine: Engine, made: str) -> None:
    assert signed_in.get(made[:-1] + ("a" if made[-1] != "a" else "b")).status_code == NOT_THERE
    assert signed_in.get(made.partition("?")[0]).status_code == NOT_THERE
    assert signed_in.get(re.sub(r"until=\d+", "until=" + "9" * 5000, made)).status_code == NOT_THERE
    # Later than we allowed.
    assert signed_in.get(re.sub(r"until=\d+", "until=9999999999", made)).status_code == NOT_THERE
    # Of another campaign, by somebody who may see both.
    make_campaign(engine, CAMPAIGN.replace('slug = "co-ops"', 'slug = "others"'))
    assert signed_in.get(made.replace("/co-ops/", "/others/")).status_code == NOT_THERE
    with engine.begin() as connection:
        connection.execute(update(organizer).values(runs_installation=False))
        connection.execute(insert(membership).values(organizer_id=1, campaign_id=1, role="viewer"))
    assert signed_in.get(made).status_code == REFUSED
    with engine.begin() as connection:
        connection.execute(update(membership).values(campaign_id=2, role="owner"))
    assert signed_in.get(made).status_code == NOT_THERE
    signed_in.delete_cookie("dearrep")
    assert "/admin/sign-in" in signed_in.get(made).location


def test_there_are_only_so_many_files(signed_in: FlaskClient) -> None:
    for _ in range(10):
        press(signed_in, PAGE, kind="legislators")
    assert "There are 10 files already. Delete one" in press(signed_in, PAGE, kind="legislators").text
    press(signed_in, PAGE, f"{PAGE}/1/delete")
    assert press(signed_in, PAGE, kind="legislators").location == f"{PAGE}#files"
