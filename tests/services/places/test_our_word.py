"""What organizers say about a seat survives imports, is named in them, and gives way when somebody says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from shared.db import office_changes, office_pages
from shared.db.tables import import_change, office_holder
from shared.domain.office_changes import ChangeKind, ImportChangeKind
from shared.domain.office_words import find_differences
from shared.queue.ring import Ring
from shared.services.imports.legislators import import_legislators
from shared.services.imports.reports import ImportReport
from shared.services.offices.changes import make_change, read_seat
from shared.services.offices.import_reports import list_imports, read_import
from shared.services.offices.wanted import By, read_wanted
from shared.settings import Settings
from tests.factories import make_ring
from tests.services.places import files

Import = Callable[..., ImportReport]
ADA, BO = (1, "Ada North", "1st Essex"), (2, "Bo South", "2nd Essex")


@pytest.fixture
def bring(engine: Engine, tmp_path: Path) -> Import:
    """Imports a roster of these people: number, name, district, and an email if it is not the usual one."""

    def run(*people: tuple[Any, ...]) -> ImportReport:
        rows = [files.person(number, name, district, email="".join(email)) for number, name, district, *email in people]
        roster = files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, rows)
        return import_legislators(engine, roster, "ma", who="command line (anna)")

    return run


class Seat:
    """The first seat, as a person changes it."""

    def __init__(self, engine: Engine, ring: Ring) -> None:
        self._engine, self._ring = engine, ring

    def change(self, kind: ChangeKind, **typed: str) -> None:
        with self._engine.begin() as connection:
            seat = read_seat(connection, 1)
            wanted = read_wanted(kind, {"reason": "Known", "on": str(seat.today), **typed}, seat)
        make_change(self._engine, self._ring, 1, wanted, By("anna@example.org"))

    def now(self) -> tuple[str | None, str | None]:
        with self._engine.connect() as connection:
            row = office_pages.read_office(connection, 1)
        assert row is not None
        return row["name"], row["email"]

    def differences(self) -> list[tuple[str, str, str]]:
        with self._engine.connect() as connection:
            row = office_pages.read_office(connection, 1)
        assert row is not None
        return [(one.what, one.ours, one.theirs) for one in find_differences(row)]


@pytest.fixture
def seat(engine: Engine, settings: Settings, bring: Import) -> Seat:
    bring(ADA, BO)
    return Seat(engine, make_ring(settings))


def kept(engine: Engine) -> list[tuple[str, str, str]]:
    query = select(import_change.c.field, import_change.c.old, import_change.c.new)
    with engine.connect() as connection:
        rows = connection.execute(query.where(import_change.c.kind == ImportChangeKind.KEPT.value)).all()
    return [(row[0], row[1], row[2]) for row in rows]


def test_a_corrected_address_survives_until_the_roster_has_it_too(engine: Engine, seat: Seat, bring: Import) -> None:
    seat.change(ChangeKind.ADDRESS, email="ada@better.example")
    assert seat.differences() == [("Email", "ada@better.example", "north@house.example")]
    report = bring((*ADA, "other@house.example"), BO)
    assert seat.now() == ("Ada North", "ada@better.example")
    assert kept(engine) == [("email", "other@house.example", "ada@better.example")]
    assert any("kept our correction of House 1st Essex, email" in line for line in report.lines)
    bring((*ADA, "ada@better.example"), BO)
    assert seat.differences() == []
    bring((*ADA, "third@house.example"), BO)
    assert seat.now() == ("Ada North", "third@house.example")


def test_the_rosters_version_is_taken_when_somebody_says_so(seat: Seat, bring: Import) -> None:
    seat.change(ChangeKind.ADDRESS, email="ada@better.example")
    bring((*ADA, "other@house.example"), BO)
    seat.change(ChangeKind.ROSTER)
    assert (seat.now(), seat.differences()) == (("Ada North", "other@house.example"), [])
    bring((*ADA, "third@house.example"), BO)
    assert seat.now() == ("Ada North", "third@house.example")


def test_a_vacancy_stands_until_the_roster_names_somebody_new(engine: Engine, seat: Seat, bring: Import) -> None:
    seat.change(ChangeKind.VACANT)
    bring(ADA, BO)
    assert seat.now() == (None, None)
    assert seat.differences() == [("Holder", "vacant", "Ada North")]
    assert kept(engine) == [("holder", "Ada North", "nobody")]
    bring((7, "New Member", "1st Essex"), BO)
    assert (seat.now(), seat.differences()) == (("New Member", "member@house.example"), [])


def test_the_roster_agrees_with_a_vacancy_and_may_bring_the_same_person_back_later(seat: Seat, bring: Import) -> None:
    seat.change(ChangeKind.VACANT)
    bring(BO)
    assert seat.differences() == []
    bring(ADA, BO)
    assert seat.now() == ("Ada North", "north@house.example")


def test_a_successor_stands_against_the_old_roster_and_is_recognised_in_the_new_one(seat: Seat, bring: Import) -> None:
    seat.change(ChangeKind.SEATED, name="Noor Lane", email="noor@lane.example")
    for roster in ((ADA, BO), (BO,), ((8, "Third Person", "1st Essex"), BO)):
        bring(*roster)
        assert seat.now() == ("Noor Lane", "noor@lane.example")
    assert seat.differences() == [("Holder", "Noor Lane", "Third Person")]
    bring((9, "Noor A. Lane", "1st Essex", "lane@house.example"), BO)
    # Their name and address are our word still.
    assert seat.differences() == [
        ("Name", "Noor Lane", "Noor A. Lane"),
        ("Email", "noor@lane.example", "lane@house.example"),
    ]
    bring((10, "Next One", "1st Essex"), BO)
    assert seat.now() == ("Next One", "one@house.example")


def test_whom_an_import_lost_can_be_put_back_and_stays(seat: Seat, bring: Import) -> None:
    bring(BO)
    assert seat.now() == (None, None)
    seat.change(ChangeKind.RETURNED)
    bring(BO)
    assert (seat.now()[0], seat.differences()) == ("Ada North", [("Holder", "Ada North", "nobody yet")])
    bring(ADA, BO)
    assert (seat.now()[0], seat.differences()) == ("Ada North", [])


def test_our_word_holds_where_a_district_has_several_seats(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    both = ((1, "Ann One", "20"), (2, "Ben Two", "20"))
    roster = [files.person(*one) for one in both]
    path = files.write_csv(tmp_path / "wa.csv", files.ROSTER_COLUMNS, roster)
    import_legislators(engine, path, "wa")
    with engine.begin() as connection:
        number = connection.scalar(text("SELECT office_id FROM office_holder WHERE name = 'Ann One'"))
        now = read_seat(connection, number)
        wanted = read_wanted(ChangeKind.SEATED, {"name": "Sue Now", "on": str(now.today), "reason": "Known"}, now)
    make_change(engine, make_ring(settings), number, wanted, By("anna@example.org"))
    import_legislators(engine, path, "wa")
    with engine.connect() as connection:
        names = connection.scalars(
            select(office_holder.c.name).where(office_holder.c.valid_to.is_(None)).order_by(office_holder.c.name)
        )
        assert list(names) == ["Ben Two", "Sue Now"]
        assert len(office_changes.organizers_word(connection, "wa")) == 2


def test_a_namesake_in_the_seat_beside_it_is_not_taken_for_whom_we_seated(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    roster = [files.person(1, "Ann One", "20"), files.person(2, "Zoe Lane", "20")]
    path = files.write_csv(tmp_path / "wa.csv", files.ROSTER_COLUMNS, roster)
    import_legislators(engine, path, "wa")
    with engine.begin() as connection:
        number = connection.scalar(text("SELECT office_id FROM office_holder WHERE name = 'Ann One'"))
        now = read_seat(connection, number)
        wanted = read_wanted(ChangeKind.SEATED, {"name": "Noor Lane", "on": str(now.today), "reason": "Known"}, now)
    make_change(engine, make_ring(settings), number, wanted, By("anna@example.org"))
    for _ in range(2):
        import_legislators(engine, path, "wa")
        with engine.connect() as connection:
            names = connection.scalars(select(office_holder.c.name).where(office_holder.c.valid_to.is_(None)))
            assert sorted(names) == ["Noor Lane", "Zoe Lane"]


def test_an_import_is_kept_with_its_changes_and_names_what_looks_wrong(engine: Engine, bring: Import) -> None:
    names = [f"{number}th Essex" for number in range(11, 21)]
    people = [(number, f"Member No{number}", name) for number, name in enumerate(names)]
    assert bring(*people).warnings == []
    changed = bring((99, "New Face", names[0]), (*people[1], "new@house.example"), *people[2:])
    assert changed.warnings == []
    lost = bring(*people[3:])
    assert lost.warnings == ["3 of 10 seats that had a holder have none any more. Is the file whole?"]
    runs, older = list_imports(engine)
    assert ([run.counts["gone"] for run in runs], older) == ([3, 1, 0], None)
    assert (runs[0].who, runs[0].kind, runs[0].state) == ("command line (anna)", "Legislators", "Massachusetts")
    view = read_import(engine, runs[1].id)
    assert [(one.district, one.what, one.old, one.new) for one in view.changes] == [
        (names[0], "holder", "Member No0", "New Face"),
        (names[1], "email", "no1@house.example", "new@house.example"),
    ]
    assert [one.old for one in read_import(engine, runs[0].id).changes] == ["New Face", "Member No1", "Member No2"]
