"""Exports: what stands in the files, workers that come and go, people who are erased, and memory that stays small."""

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, insert, text, update

from shared.db import export_pieces, export_rows, exports
from shared.db.tables import consent, letter, submission, suppression
from shared.domain.exports import ExportFilter, ExportKind, ExportReason, ExportState
from shared.domain.places import HomeAddress
from shared.domain.states import LetterState
from shared.domain.supporter_input import SupporterDetails
from shared.errors import NotAllowed
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.campaigns import read_campaign
from shared.services.erasure import erase_person, erase_requested
from shared.services.exports import (
    ask_export,
    exports_are_due,
    file_link,
    make_exports,
    making,
    open_export,
    read_exports,
)
from shared.services.exports.requests import Ended, File
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_campaign, write_letters

EVIL = '=HYPERLINK("https://evil.example")'
Ask = Callable[..., int]


class Killed(BaseException):
    """A worker process is gone at once."""


@pytest.fixture
def people(engine: Engine, settings: Settings, ring: Ring) -> list[str]:
    """Five supporters' ten letters to two offices; all but the last agreed to hear more."""
    make_campaign(engine)
    tokens = []
    for number in range(5):
        address = HomeAddress("12 Maple Street", "Worcester", "MA", "01603")
        details = SupporterDetails(f"Ana{number}", "Đặng", f"p{number}@example.org", address)
        token = begin_submission(engine, ring, settings, "co-ops", details)
        agreed = ("Neighbors United",) if number != 4 else ()
        accept_submission(engine, ring, settings, token, own_words="One.\n\nTwo, “three”.", consents=agreed)
        tokens.append(token)
    prepare_submissions(engine, ring, settings)
    with engine.begin() as connection:
        connection.execute(update(submission).where(submission.c.id == 1).values(street=EVIL))
    return tokens


@pytest.fixture
def ask(engine: Engine) -> Ask:
    def run(kind: ExportKind = ExportKind.LETTERS, **wanted: object) -> int:
        return ask_export(engine, None, "co-ops", kind, ExportFilter(**wanted), asked_by="ana@example.org")  # type: ignore[arg-type]

    return run


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of two rows, files of two letters."""
    monkeypatch.setattr(export_pieces, "ROWS_A_PIECE", 2)
    monkeypatch.setattr(export_pieces, "LETTERS_A_FILE", 2)


def state_of(engine: Engine, number: int) -> tuple[ExportState, ExportReason]:
    row = next(one for one in read_exports(engine, 1).exports if one.id == number)
    return row.state, row.reason


def opened(engine: Engine, settings: Settings, number: int) -> File:
    row = next(one for one in read_exports(engine, 1).exports if one.id == number)
    until, key = file_link(settings, row) or (0, "")
    return open_export(engine, settings, read_campaign(engine, "co-ops"), number, until=str(until), key=key)


def table(engine: Engine, settings: Settings, number: int) -> list[dict[str, str]]:
    data = b"".join(opened(engine, settings, number).content)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def archive(engine: Engine, settings: Settings, number: int) -> zipfile.ZipFile:
    file = opened(engine, settings, number)
    data = b"".join(file.content)
    assert file.size == len(data)
    return zipfile.ZipFile(io.BytesIO(data))


def end_lease(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE export SET lease_until = now() - interval '1 second'"))


@pytest.mark.usefixtures("people", "small")
def test_each_letter_is_a_row_that_no_program_calculates(engine: Engine, settings: Settings, ask: Ask) -> None:
    number = ask()
    assert make_exports(engine, None, settings) == 1
    rows = table(engine, settings, number)
    assert [row["letter"] for row in rows] == [str(one) for one in range(1, 11)]
    first = rows[0]
    assert {row["street"] for row in rows} == {f"'{EVIL}", "12 Maple Street"}
    assert (first["last_name"], first["zip"], first["state"], first["state_words"]) == (
        "Đặng",
        "01603",
        "queued",
        "Waiting to leave",
    )
    assert (first["own_words"], first["is_test"]) == ("One.\n\nTwo, “three”.", "yes")
    assert datetime.fromisoformat(first["accepted_at"]).tzinfo is not None
    assert (first["sent_at"], first["answered_at"]) == ("", "")


@pytest.mark.usefixtures("people")
def test_only_who_agreed_and_still_does_is_on_the_list(engine: Engine, settings: Settings, ask: Ask) -> None:
    with engine.begin() as connection:
        connection.execute(update(consent).where(consent.c.submission_id == 1).values(withdrawn_at=datetime.now(UTC)))
        hashed = connection.execute(text("SELECT email_hash FROM submission WHERE id = 2")).scalar_one()
        connection.execute(insert(suppression).values(email_hash=hashed, campaign_id=1, reason="unsubscribed"))
        connection.execute(update(submission).where(submission.c.id == 3).values(erase_requested_at=datetime.now(UTC)))
    number = ask(ExportKind.SUPPORTERS)
    make_exports(engine, None, settings)
    (row,) = table(engine, settings, number)
    assert (row["email"], row["organization"]) == ("p3@example.org", "Neighbors United")
    assert row["wording"]
    assert row["language"] == "en"
    assert datetime.fromisoformat(row["given_at"]).tzinfo is not None


@pytest.mark.usefixtures("people")
def test_the_summary_counts_letters_and_names_nobody(engine: Engine, settings: Settings, ask: Ask) -> None:
    with engine.begin() as connection:
        sent = {"state": LetterState.SENT.value, "answered_at": datetime.now(UTC)}
        connection.execute(update(letter).where(letter.c.id == 1).values(sent))
    number = ask(ExportKind.LEGISLATORS)
    make_exports(engine, None, settings)
    rows = table(engine, settings, number)
    assert [row["chamber"] for row in rows] == ["lower", "upper"]
    assert sum(int(row["letters"]) for row in rows) == 10
    assert [sum(int(row[name]) for row in rows) for name in ("queued", "sent", "left", "answered")] == [9, 1, 1, 1]
    assert "example.org" not in str(rows)


@pytest.mark.usefixtures("people", "small")
def test_a_bundle_has_files_of_each_office_that_are_bounded(engine: Engine, settings: Settings, ask: Ask) -> None:
    with engine.begin() as connection:
        connection.execute(update(letter).where(letter.c.submission_id == 5).values(state="cancelled"))
    number = ask(ExportKind.BUNDLE)
    make_exports(engine, None, settings)
    names = archive(engine, settings, number).namelist()
    assert len(names) == 4
    assert len(set(names)) == 4
    assert [name.rpartition("-part-")[2] for name in names] == ["1-of-2.pdf", "2-of-2.pdf"] * 2
    assert [name.split("-")[0] for name in names] == ["house", "house", "senate", "senate"]
    assert read_exports(engine, 1).exports[0].rows == 8


@pytest.mark.usefixtures("people")
def test_only_what_was_asked_for(engine: Engine, settings: Settings, ask: Ask) -> None:
    # Midnight of Boston, not of Greenwich.
    with engine.begin() as connection:
        at = {1: "2027-05-02T03:59:00+00:00", 2: "2027-05-02T04:00:00+00:00", 3: "2027-05-03T04:00:00+00:00"}
        for number, moment in at.items():
            values = {"accepted_at": datetime.fromisoformat(moment)}
            connection.execute(update(submission).where(submission.c.id == number).values(values))
        connection.execute(update(letter).where(letter.c.id == 1).values(state="bounced"))
    office = read_exports(engine, 1).offices[0]["id"]
    day = date(2027, 5, 2)
    asked = [ask(first_day=day, last_day=day), ask(office_id=office), ask(letter_state=LetterState.BOUNCED)]
    counted = ask(ExportKind.LEGISLATORS, first_day=day, last_day=day)
    nothing = ask(letter_state=LetterState.HELD)
    assert make_exports(engine, None, settings) == 5
    on_day, to_office, bounced = (table(engine, settings, number) for number in asked)
    assert {row["email"] for row in on_day} == {"p1@example.org"}
    assert len(to_office) == 5
    assert [row["letter"] for row in bounced] == ["1"]
    assert sum(int(row["letters"]) for row in table(engine, settings, counted)) == 2
    assert state_of(engine, nothing) == (ExportState.FAILED, ExportReason.NOTHING)


@pytest.mark.usefixtures("people", "small")
def test_a_worker_that_dies_is_taken_over_where_it_was(
    engine: Engine, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, made = ask(), []
    write = making._write

    def dies(*given: object) -> tuple[str, int, bytes]:
        made.append(given[-1].number)  # type: ignore[attr-defined]
        if len(made) == 3:
            raise Killed
        return write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "_write", dies)
    with pytest.raises(Killed):
        make_exports(engine, None, settings)
    assert make_exports(engine, None, settings) == 0
    with engine.connect() as connection:
        # Only planning takes longer.
        assert connection.scalar(text("SELECT lease_until <= now() + interval '2 minutes' FROM export"))
    end_lease(engine)
    assert make_exports(engine, None, settings) == 1
    assert made == [1, 2, 3, 3, 4, 5]
    assert [row["letter"] for row in table(engine, settings, number)] == [str(one) for one in range(1, 11)]


@pytest.mark.usefixtures("people")
def test_what_kills_workers_is_given_up(
    engine: Engine, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ask()

    def dies(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(making, "_write", dies)
    for _ in range(3):
        with pytest.raises(Killed):
            make_exports(engine, None, settings)
        end_lease(engine)
    assert make_exports(engine, None, settings) == 0
    assert state_of(engine, number) == (ExportState.FAILED, ExportReason.BROKE_OFF)
    with engine.connect() as connection:
        assert exports_are_due(connection)
    make_exports(engine, None, settings)
    with engine.connect() as connection:
        assert not exports_are_due(connection)


@pytest.mark.usefixtures("people", "small")
def test_what_takes_longer_than_a_task_is_handed_on(engine: Engine, settings: Settings, ring: Ring, ask: Ask) -> None:
    number = ask()
    hurried = replace(settings, timing=replace(settings.timing, task=0.0))
    assert make_exports(engine, ring, hurried) == 0
    assert state_of(engine, number) == (ExportState.MAKING, ExportReason.NONE)
    with engine.connect() as connection:
        assert exports_are_due(connection)
    assert make_exports(engine, ring, settings) == 1
    assert len(table(engine, settings, number)) == 10


@pytest.mark.usefixtures("people", "small")
def test_memory_holds_a_piece_and_no_more(
    engine: Engine, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, asked = ask(), []
    read = export_rows.letter_rows

    def counted(*given: object) -> object:
        asked.append(len(given[1]))  # type: ignore[arg-type]
        return read(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(export_rows, "letter_rows", counted)
    make_exports(engine, None, settings)
    assert asked == [2] * 5
    file = opened(engine, settings, number)
    pieces = list(file.content)
    assert len(pieces) == 6
    assert file.size == sum(len(piece) for piece in pieces)


@pytest.mark.usefixtures("people", "small")
@pytest.mark.parametrize("kind", [ExportKind.LETTERS, ExportKind.SUPPORTERS, ExportKind.BUNDLE])
def test_who_is_erased_takes_the_files_along(
    engine: Engine, settings: Settings, ring: Ring, ask: Ask, kind: ExportKind
) -> None:
    number, summary = ask(kind), ask(ExportKind.LEGISLATORS)
    make_exports(engine, None, settings)
    content = opened(engine, settings, number).content
    next(content)
    erase_person(engine, settings, "p1@example.org")
    assert state_of(engine, number) == (ExportState.EXPIRED, ExportReason.ERASURE)
    assert state_of(engine, summary)[0] is ExportState.READY
    # Whoever was downloading gets no half of a file that looks whole, and nobody else gets any.
    with pytest.raises(Ended):
        list(content)
    with pytest.raises(NotAllowed, match="This link is over"):
        link_of_ended(engine, settings, number)
    make_exports(engine, None, settings)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM export_piece WHERE export_id = :id"), {"id": number})
        assert left.scalar_one() == 0
    again = ask(kind)
    make_exports(engine, None, settings)
    erase_requested(engine)
    assert state_of(engine, again)[0] is ExportState.READY
    if kind is not ExportKind.BUNDLE:
        rows = table(engine, settings, again)
        assert "p1@example.org" not in {row["email"] for row in rows}
        assert len(rows) == (10 if kind is ExportKind.LETTERS else 3)


def link_of_ended(engine: Engine, settings: Settings, number: int) -> None:
    row = next(one for one in read_exports(engine, 1).exports if one.id == number)
    until, key = file_link(settings, replace(row, state=ExportState.READY)) or (0, "")
    open_export(engine, settings, read_campaign(engine, "co-ops"), number, until=str(until), key=key)


@pytest.mark.usefixtures("people", "small")
def test_who_is_erased_while_a_file_is_made_is_not_in_it(
    engine: Engine, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, made = ask(), []
    write = making._write

    def erasing(*given: object) -> tuple[str, int, bytes]:
        """Those of a piece that is kept already, and of the one that was just read."""
        written = write(*given)  # type: ignore[arg-type]
        made.append(given[-1].number)  # type: ignore[attr-defined]
        if len(made) == 3:
            erase_person(engine, settings, "p0@example.org")
            erase_person(engine, settings, "p2@example.org")
        return written

    monkeypatch.setattr(making, "_write", erasing)
    assert make_exports(engine, None, settings) == 1
    assert made == [1, 2, 3, 1, 3, 4, 5]
    rows = table(engine, settings, number)
    assert [row["letter"] for row in rows] == [str(one) for one in range(1, 11)]
    assert {row["email"] for row in rows} == {"", "p1@example.org", "p3@example.org", "p4@example.org"}
    erased = next(row for row in rows if row["email"] == "")
    assert [erased[name] for name in ("first_name", "street", "zip", "own_words", "subject")] == [""] * 5
    assert erased["state"] == "cancelled"


@pytest.mark.usefixtures("people")
def test_an_error_is_told_and_does_not_stop_the_others(
    engine: Engine, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = ask(ExportKind.BUNDLE), ask()
    monkeypatch.setattr(making, "write_bundle", lambda *_: 1 / 0)
    assert make_exports(engine, None, settings) == 2
    assert state_of(engine, broken) == (ExportState.FAILED, ExportReason.BROKE_OFF)
    assert state_of(engine, whole)[0] is ExportState.READY


@pytest.mark.usefixtures("people")
def test_a_file_that_would_fill_the_disk_is_given_up(
    engine: Engine, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_pieces, "LARGEST_BYTES", 100)
    number = ask()
    make_exports(engine, None, settings)
    assert state_of(engine, number) == (ExportState.FAILED, ExportReason.TOO_LARGE)


def test_a_file_is_named_after_the_campaign_s_day(engine: Engine, settings: Settings, ring: Ring) -> None:
    """On the evening of November 30 in Boston it is December 1 in UTC."""
    make_campaign(engine)
    write_letters(engine, ring, settings)
    number = ask_export(engine, None, "co-ops", ExportKind.LETTERS, ExportFilter(), asked_by="ana@example.org")
    make_exports(engine, ring, settings)
    with engine.begin() as connection:
        asked = "UPDATE export SET asked_at = '2026-12-01 02:30+00', expires_at = now() + interval '1 day'"
        connection.execute(text(asked))
    stored = read_campaign(engine, "co-ops")
    with engine.connect() as connection:
        row = exports.find(connection, stored.id, number)
    assert row
    link = file_link(settings, row)
    assert link
    found = open_export(engine, settings, stored, number, until=str(link[0]), key=link[1])
    assert found.name.startswith("co-ops-2026-11-30-")
