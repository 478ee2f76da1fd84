"""Offices in the console: found, corrected after a look at what will happen, undone; imports; for whom it is open."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, select, update

from shared.db.tables import audit_entry, import_run, letter, membership, office_holder, organizer
from shared.domain.permissions import Role
from shared.queue.ring import Ring
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.services.places import files
from tests.web.test_organizer import press, sign_in

OFFICES = "/admin/offices"
WEST_ID = 2
WEST = f"{OFFICES}/{WEST_ID}"


@pytest.fixture
def state(engine: Engine, tmp_path: Path) -> None:
    people = [files.person(1, "Wes West", "2nd Essex"), files.person(2, "Eve East", "10th Essex")]
    people.append(files.person(3, "Sue Senate", "First Essex", "upper"))
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    import_districts(
        engine, files.write_districts(tmp_path / "h.geojson", ["2nd Essex", "10th Essex", "3rd Essex"]), "ma"
    )
    import_districts(engine, files.write_districts(tmp_path / "s.geojson", ["First Essex"], "upper"), "ma")
    points = [
        ("12", "Maple Street", "Worcester", "01603", 42.1, -71.59),
        ("1", "Elm St", "Stow", "01775", 42.1, -71.42),
    ]
    import_addresses(engine, files.write_points(tmp_path / "points.csv", points), "ma")


@pytest.fixture
def signed_in(client: FlaskClient, engine: Engine) -> FlaskClient:
    make_campaign(engine)
    return sign_in(client, engine)


@pytest.fixture
def letters(engine: Engine, settings: Settings, ring: Ring, state: None, signed_in: FlaskClient) -> None:
    """One supporter's letters, to the House and to the Senate."""
    write_letters(engine, ring, settings)


def text_of(client: FlaskClient, path: str) -> str:
    """The page's words in one line."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text.replace("<wbr>", "")).split())


def names(client: FlaskClient, query: str = "") -> list[str]:
    """The offices that are listed."""
    html = client.get(f"{OFFICES}{query}").text
    return re.findall(r'<td><a href="/admin/offices/\d+">([^<]+)</a>', html)


def test_the_page_says_how_to_load_legislators(signed_in: FlaskClient) -> None:
    assert "dearrep setup ma" in text_of(signed_in, OFFICES)
    assert "Nothing was imported yet." in text_of(signed_in, "/admin/imports")


@pytest.mark.usefixtures("state")
def test_offices_are_found_by_whatever_is_known_of_them(signed_in: FlaskClient) -> None:
    everybody = [
        "Representative Wes West",
        "Representative, vacant seat",
        "Representative Eve East",
        "Senator Sue Senate",
    ]
    assert names(signed_in) == everybody
    for query, found in {
        "?q=wes": everybody[:1],
        "?q=10th": everybody[2:3],
        "?q=east@house": everybody[2:3],
        "?q=stow": [everybody[1], everybody[3]],
        "?chamber=upper": everybody[3:],
        "?mark=vacant": everybody[1:2],
        "?q=nobody": [],
    }.items():
        assert names(signed_in, query) == found, query
    assert "These offices have addresses in Stow in their district." in text_of(signed_in, f"{OFFICES}?q=stow")
    page = text_of(signed_in, OFFICES)
    assert "from ma.csv, 3 rows" in page
    assert "more than 30 days ago" not in page


@pytest.mark.usefixtures("state")
def test_long_lists_have_pages_that_begin_behind_an_office(
    signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.offices.listing.PAGE_SIZE", 2)
    first = signed_in.get(OFFICES).text
    assert names(signed_in)[-1] == "Representative, vacant seat"
    following = re.search(r'href="/admin/offices(\?after=\d+)">Next', first)
    assert following
    assert names(signed_in, following[1]) == ["Representative Eve East", "Senator Sue Senate"]
    assert 'href="/admin/offices">Previous' in signed_in.get(OFFICES + following[1]).text


@pytest.mark.usefixtures("state")
def test_old_and_broken_data_are_named(signed_in: FlaskClient, engine: Engine, tmp_path: Path) -> None:
    roster = files.write_csv(tmp_path / "new.csv", files.ROSTER_COLUMNS, [files.person(1, "Wes West", "2nd Essex")])
    import_legislators(engine, roster, "ma")
    assert "The last import of legislators looks wrong: 1 of 2 seats" in text_of(signed_in, OFFICES)
    assert "1 gone, 1 unchanged Looks wrong" in text_of(signed_in, "/admin/imports")
    with engine.begin() as connection:
        newest = connection.scalars(select(import_run.c.id).order_by(import_run.c.id.desc())).first()
    run = f"/admin/imports/{newest}"
    press(signed_in, run, f"{run}/settle")
    assert "looks wrong" not in text_of(signed_in, OFFICES)
    assert "Looks wrong" not in text_of(signed_in, "/admin/imports")
    assert "Marked as dealt with." in text_of(signed_in, run)
    press(signed_in, run, f"{run}/settle", undo="yes")
    assert "The last import of legislators looks wrong: 1 of 2 seats" in text_of(signed_in, OFFICES)
    with engine.begin() as connection:
        connection.execute(update(import_run).values(finished_at="2026-01-01"))
    assert "last imported more than 30 days ago" in text_of(signed_in, OFFICES)
    assert "10th Essex House Gone holder Eve East –" in text_of(signed_in, f"/admin/imports/{newest}")


@pytest.mark.usefixtures("letters")
def test_an_address_is_corrected_after_a_look_and_undone(signed_in: FlaskClient, engine: Engine) -> None:
    page = text_of(signed_in, WEST)
    for words in (
        "First address west@house.example Works, as far as we know",
        "Keep our shops local 1 0 1",
        "2nd Essex",
    ):
        assert words in page, words
    path = f"{WEST}/address"
    typed = {"email": "new@house.example", "second_email": "", "general_email": "", "reason": "They wrote to us"}
    refused = press(signed_in, path, **{**typed, "email": "nonsense", "reason": ""}, action="preview")
    assert refused.status_code == 422
    assert "Say why" in refused.text
    look = press(signed_in, path, **typed, action="preview").text
    assert "1 letter that waits goes to new@" in look
    assert address_of(engine) == "west@house.example"
    assert 'value="new@house.example"' in press(signed_in, path, **typed, action="back").text
    assert press(signed_in, path, **typed, action="do").location == WEST
    assert address_of(engine) == "new@house.example"
    page = text_of(signed_in, WEST)
    for words in (
        "Done: Correct the addresses. 1 letter leaves when due.",
        "The roster says something else than we do.",
        "Email: we say new@house.example , the roster says west@house.example",
        "Addresses corrected (first: west@house.example → new@house.example)",
        "“They wrote to us” organizer@example.org",
    ):
        assert words in page, words
    assert names(signed_in, "?mark=corrected") == ["Representative Wes West"]
    with engine.connect() as connection:
        entries = connection.execute(select(audit_entry.c.action, audit_entry.c.about)).all()
    assert [row for row in entries if "office" in row[0]] == [
        ("changed an office", "Representative Wes West: correct the addresses")
    ]
    undo = f"{WEST}/changes/1/undo"
    assert "The seat is as it was before" in text_of(signed_in, undo)
    assert press(signed_in, undo).location == WEST
    assert address_of(engine) == "west@house.example"
    assert signed_in.get(undo).location == WEST


@pytest.mark.usefixtures("letters")
def test_from_a_vacancy_to_a_successor(signed_in: FlaskClient, engine: Engine) -> None:
    assert press(signed_in, f"{WEST}/vacant", on="2026-11-01", reason="Resigned", action="do").location == WEST
    page = text_of(signed_in, WEST)
    assert "1 letter is held for the next holder" in page
    assert "Holder: we say vacant , the roster says Wes West" in page
    person = {"name": "Noor Lane", "party": "", "email": "noor@house.example", "reason": "Special election"}
    assert signed_in.get(f"{WEST}/released").location == WEST
    later = press(signed_in, f"{WEST}/seated", **person, on="2027-12-01", action="preview").text
    assert "Until that day nothing changes" in later
    press(signed_in, f"{WEST}/seated", **person, on="2027-12-01", action="do")
    assert "Planned for December 1, 2027: Successor seated: Noor Lane" in text_of(signed_in, WEST)
    press(signed_in, f"{WEST}/changes/2/undo")
    press(signed_in, f"{WEST}/seated", **person, on="2026-11-20", action="do")
    page = text_of(signed_in, WEST)
    assert "Noor Lane our word since November 20, 2026" in page
    with engine.connect() as connection:
        row = connection.execute(
            select(letter.c.recipient_name, letter.c.state).where(letter.c.office_id == WEST_ID)
        ).one()
    assert tuple(row) == ("Noor Lane", "queued")


@pytest.mark.usefixtures("letters")
def test_a_successor_by_import_gets_the_held_letters(
    signed_in: FlaskClient, engine: Engine, ring: Ring, settings: Settings, tmp_path: Path
) -> None:
    press(signed_in, f"{WEST}/vacant", on="2026-11-01", reason="Resigned", action="do")
    people = [files.person(9, "Noor Lane", "2nd Essex"), files.person(2, "Eve East", "10th Essex")]
    import_legislators(engine, files.write_csv(tmp_path / "new.csv", files.ROSTER_COLUMNS, people), "ma")
    sweep(engine, ring, settings)
    with engine.connect() as connection:
        row = connection.execute(
            select(letter.c.recipient_email, letter.c.state, letter.c.body).where(letter.c.office_id == WEST_ID)
        ).one()
    assert (row[0], row[1]) == ("lane@house.example", "queued")
    assert row[2].startswith("Dear Representative Noor Lane,")


@pytest.mark.usefixtures("letters")
def test_who_may_not_change_offices_sees_them_and_only_letters_of_their_own(
    signed_in: FlaskClient, engine: Engine
) -> None:
    others = make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"').replace("Keep our shops local", "Trees"))
    with engine.begin() as connection:
        connection.execute(update(organizer).values(runs_installation=False))
        connection.execute(insert(membership).values(organizer_id=1, campaign_id=others.id, role=Role.OWNER))
    html = signed_in.get(WEST).text
    assert "Wes West" in html
    assert "Keep our shops local" not in html
    assert "No letter was written to this office yet." in html
    assert f"{WEST}/" not in html
    for path in (f"{WEST}/address", f"{WEST}/vacant", f"{WEST}/changes/1/undo"):
        assert signed_in.get(path).status_code == 403


def address_of(engine: Engine) -> str:
    """Where the waiting letter goes."""
    with engine.connect() as connection:
        row = connection.execute(
            select(letter.c.recipient_email, office_holder.c.email)
            .join(office_holder, office_holder.c.id == letter.c.office_holder_id)
            .where(letter.c.office_id == WEST_ID)
        ).one()
    assert row[0] == row[1]
    return str(row[0])
